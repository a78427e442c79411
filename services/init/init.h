/* SPDX-License-Identifier: MIT */
/**
 * Init: the root task. It checks what the kernel gave, makes its own image W^X, builds every component of the system description,
 * gives the rest of memory away, starts everybody, and then only serves: faults of last resort, and the requests of proto/system.h.
 *
 *   main.c      the order of all this            objects.c   slots and memory of the kernel's objects
 *   self.c      BootInfo, own image, seed        spaces.c    mapping; looking into the memory of others
 *   build.c     components, capabilities         restart.c   pristine again; code from the bundle
 *   serve.c     requests and faults              say.c       one line at a time, and the end
 *
 * Owns:   every object of the system that it did not give away, for good.    Uses: invoke, sysdesc, tree, fdt, fault, format.
 * Limits: those of abi/sysdesc/desc.h; 32 repaired pages before it needs a restart of the machine; no allocation, no recursion.
 * A mistake before the components run stops the machine with one sentence on the UART.
 * Source: docs/design/system.md
 */
#ifndef LX_INIT_H
#define LX_INIT_H

#include <boot/boot.h>
#include <sysdesc/slots.h>

#include "base.h"
#include "invoke.h"
#include "proto.h"
#include "proto/system.h"
#include "root.h"
#include "sysdesc.h"
#include "tree.h"

/* ---- what is filled when the image is packed ---------------------------------------------------------------------------- */

extern const struct lx_blob system_slot;
extern const struct lx_blob measurements;
extern const struct lx_store bundle;
extern const struct lx_device uart;

/* ---- say.c ------------------------------------------------------------------------------------------------------------------ */

/** Writes one line to the console, with the newline (root.h). */
void say(const char *text, ...) PRINTF_LIKE(1, 2);
/** Writes "LX-OS init: TEXT" and stops the machine: the root task waits for ever. */
NORETURN void stop(const char *text, ...) PRINTF_LIKE(1, 2);
/** Stops when `error` is not 0, naming what failed and the kernel's error. */
void must(uint64_t error, const char *what);

/* ---- objects.c ------------------------------------------------------------------------------------------------------------- */

void objects_start(const struct seL4_BootInfo *info);

/** `count` free slots of the root task's capability space, one after the other. */
uint64_t slots_take(uint64_t count);

/** Where slot `index` of the root task's space is. */
struct slot own_slot(uint64_t index);

/** Makes `count` objects in new slots. `size_bits` as untyped_retype wants it. @return the first slot. */
uint64_t objects_make(uint64_t type, uint64_t size_bits, uint64_t count);

/** The same with all objects in one piece of physical memory. */
uint64_t objects_make_contiguous(uint64_t type, uint64_t size_bits, uint64_t count);

/** The frame of a page of device registers; the same one each time it is asked for. */
uint64_t device_frame(uint64_t paddr);

/** Moves all memory that is left into slots from `first` on of a component's space, and lists it. */
void objects_give_away(uint64_t cnode, uint64_t depth, uint64_t first, uint64_t count_max, struct lx_untyped_list *list);

/* ---- self.c ------------------------------------------------------------------------------------------------------------------ */

/** Checks that the kernel is one we can run on. */
void self_check(const struct seL4_BootInfo *info);

/** Maps the root task's code executable and read-only, its data writable, and all else read-only. */
void self_protect(const struct seL4_BootInfo *info);

/** The frame of the root task's image that holds `addr`. */
uint64_t self_frame(uint64_t addr);

/** The first of `count` frames that the kernel shows: `id` LX_BOOTINFO_*. Stops when there are not as many: another kernel was measured. */
uint64_t self_kernel_frames(uint64_t id, uint64_t count);

/** Collects the seed from the firmware's device tree. */
void self_seed(const struct seL4_BootInfo *info);

/** A seed for a component's incarnation. @return false when it can be guessed: the firmware gave none. */
bool self_seed_for(uint32_t component, uint32_t incarnation, uint8_t out[32]);

/* ---- spaces.c -------------------------------------------------------------------------------------------------------------- */

/** Maps `page` of 2^page_bits bytes at `addr` in `vspace`, making page tables where they are missing. */
void space_map(uint64_t page, uint64_t vspace, uint64_t addr, uint32_t rights, bool cached);

/** Makes the page tables for small pages in [addr, addr + len). */
void space_prepare(uint64_t vspace, uint64_t addr, uint64_t len_bytes);

/** Makes a frame visible in the root task until scratch_close; one at a time. `page_bits` 12 or 21. */
void *scratch_open(uint64_t frame, uint32_t page_bits);
/** Also makes what was written visible to instruction fetch. */
void scratch_publish(void);
void scratch_close(void);

/* ---- build.c ------------------------------------------------------------------------------------------------------------------ */

/** The objects of a component, as slots of the root task. */
struct component {
    uint64_t tcb, cnode, vspace, endpoint, notification, sched, fault_endpoint;
    uint64_t directory; /**< of a capability space with two levels, or 0 */
    uint32_t incarnation;
    bool stopped;
};

/** Everything that was built. */
struct built {
    struct sysdesc desc;
    uint64_t sched_control;
    struct component components[DESC_COMPONENTS_MAX];
    uint64_t memory_frames[DESC_MEMORIES_MAX]; /**< first of the mapped frames of each memory */
    uint64_t share_frames[DESC_SHARES_MAX];
    uint64_t irq_handlers[DESC_IRQS_MAX];
    uint64_t cap_objects[DESC_CAPS_MAX]; /**< first reply object, where the capability is one */
};
extern struct built built;

void build_all(void);
/** Starts every component; nothing may fail after this. */
void start_all(void);

/** Mints and copies all capabilities of a component into its empty space. */
void fill_cspace(uint32_t index, const struct desc_component *c);
/** Gives a component's thread its spaces, message buffer, priority, budget and fault handler. */
void configure_thread(uint32_t index, const struct desc_component *c);
/** Writes a component's information page. */
void fill_info(uint32_t index, const struct desc_component *c);
/** Frame `page` (of the memory's page size) of a memory. */
uint64_t memory_frame(uint32_t memory, uint64_t page);

/* ---- restart.c ----------------------------------------------------------------------------------------------------------- */

/** Copies initial bytes into the data of a component whose frames are zero. */
void load_data(uint32_t memory, const struct desc_memory *m);
/** Fills fresh code frames from the bundle. */
void load_code(uint32_t memory, const struct desc_memory *m);

enum proto_status component_restart(uint32_t index);
enum proto_status component_stop(uint32_t index);
enum proto_status component_inspect(uint32_t index, struct system_state *out);
/** @param differed_out did the resident page differ from the bundle's? */
enum proto_status component_repair(uint32_t index, uint64_t page, bool *differed_out);
/** Takes the budget of a passive component that waits. */
void component_ready(uint32_t index);
/** Sets aside what serving and repairs need later; call before memory is given away. */
void serve_prepare(void);
/** The reply object of serve(). */
uint64_t reply_for_serve(void);

/* ---- serve.c --------------------------------------------------------------------------------------------------------------- */

NORETURN void serve(void);

#endif
