/* SPDX-License-Identifier: MIT */
/**
 * The system description in binary: what the image tool writes and the root task and the supervisor read. Numbers are
 * little-endian; reserved fields are zero; tables follow the header in the order of its counts, without gaps.
 * Component 0 is the root task itself. Memories and capabilities of a component lie together, memories by rising address.
 * Source: docs/spec/sysdesc.md section 2; lib/sysdesc checks every rule
 */
#ifndef LX_ABI_DESC_H
#define LX_ABI_DESC_H

#include <stdint.h>

#define DESC_MAGIC "LXSYSTM1"

enum {
    DESC_VERSION = 2,
    DESC_NAME_BYTES = 24, /**< letters, digits, "_", "-" and "."; ended and filled with NUL */
    DESC_COMPONENTS_MAX = 64,
    DESC_MEMORIES_MAX = 1024,
    DESC_SHARES_MAX = 128,
    DESC_IRQS_MAX = 64,
    DESC_CAPS_MAX = 2048,
    DESC_WATCHES_MAX = 128,
    DESC_RESTARTS_MAX = 16, /**< per period */
    DESC_CSPACE_BITS_MAX = 16,
    DESC_CODE_PAGES_MAX = 4096,
    DESC_PUBLISHED_MAX = 64, /**< physical addresses in one info page */
};

struct desc_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t total_bytes;
    uint16_t component_count;
    uint16_t memory_count;
    uint16_t share_count;
    uint16_t irq_count;
    uint16_t cap_count;
    uint16_t watch_count;
    uint32_t kernel_pages;      /**< of the kernel's code and constants, which it shows; 0: the kernel shows none */
    char name[DESC_NAME_BYTES]; /**< of the system */
    uint64_t bundle_bytes;      /**< of what `store` shows: all parts of the root image after the root task and the log */
    uint8_t kernel_root[32];    /**< tree root over these pages, as they lie in memory; zero without any */
};
_Static_assert(sizeof(struct desc_header) == 96, "desc_header");

enum desc_component_flags {
    DESC_TRUSTED = 1, /**< part of the trusted core */
    DESC_PASSIVE = 2, /**< after its init() it runs on the budget of whoever calls it */
};

struct desc_component {
    char name[DESC_NAME_BYTES];
    uint32_t flags;
    uint8_t priority;
    uint8_t cspace_bits;   /**< log2 of the slots of its capability space */
    uint8_t fault_handler; /**< component that gets its faults; 0 is the root task */
    uint8_t restart_max;   /**< restarts within restart_period_s before it is stopped; 0: never restarted */
    uint32_t restart_period_s;
    uint32_t code_pages; /**< of its code and constants together: the leaves under code_root */
    uint64_t budget_us;
    uint64_t period_us;
    uint64_t entry;
    uint64_t stack_top;
    uint64_t ipc_buffer;
    uint64_t info;
    uint16_t first_memory;
    uint16_t memory_count;
    uint16_t first_cap;
    uint16_t cap_count;
    uint8_t code_root[32]; /**< tree root over the pages of its DESC_CODE and DESC_CONSTANT memories, in order */
};
_Static_assert(sizeof(struct desc_component) == 128, "desc_component");

enum desc_memory_kind {
    DESC_CODE = 1,    /**< from the bundle, read and execute */
    DESC_CONSTANT,    /**< from the bundle, read */
    DESC_DATA,        /**< init_bytes from the bundle, then zero; read and write; made pristine by a restart */
    DESC_STACK,       /**< zero; made pristine */
    DESC_IPC_BUFFER,  /**< one page, zero; made pristine */
    DESC_INFO_PAGE,   /**< one page that the root task fills; read */
    DESC_OWN,         /**< zero; made pristine */
    DESC_SHARED,      /**< share number `source` */
    DESC_DEVICE,      /**< registers at physical address `source` */
    DESC_BUNDLE,      /**< bundle bytes from `source` on; read */
    DESC_MEASUREMENTS, /**< the loader's log; read */
    DESC_VIEWED,      /**< memory number `source`, DESC_CODE or DESC_CONSTANT of any component; read */
    DESC_UNTYPED_LIST, /**< one page with a struct lx_untyped_list; read */
    DESC_WINDOW,      /**< page tables only */
    DESC_KERNEL,      /**< the kernel's code and constants, all kernel_pages of them; read */
    DESC_TRACE,       /**< the kernel's trace, all of it; read */
    DESC_MEMORY_KIND_END,
};

enum desc_rights { DESC_READ = 1, DESC_WRITE = 2, DESC_EXECUTE = 4 };
enum desc_memory_flags { DESC_CONTIGUOUS = 1 /**< physically; its address is published in the info page */ };

struct desc_memory {
    char name[DESC_NAME_BYTES];
    uint64_t virt;
    uint64_t len_bytes;  /**< a multiple of its pages */
    uint64_t source;     /**< of CODE, CONSTANT, DATA, BUNDLE: offset in the bundle, a multiple of 4096; else see the kinds */
    uint64_t init_bytes; /**< of CODE, CONSTANT, DATA: bytes that come from the bundle, a multiple of 4096; else 0 */
    uint8_t kind;
    uint8_t rights;
    uint8_t page_bits; /**< 12 or 21 */
    uint8_t flags;
    uint32_t published; /**< of DESC_CONTIGUOUS: index in the info page */
};
_Static_assert(sizeof(struct desc_memory) == 64, "desc_memory");

struct desc_share {
    char name[DESC_NAME_BYTES];
    uint64_t len_bytes;
    uint8_t page_bits;
    uint8_t flags; /**< DESC_CONTIGUOUS */
    uint8_t reserved[6];
};
_Static_assert(sizeof(struct desc_share) == 40, "desc_share");

struct desc_irq {
    uint32_t number;
    uint8_t edge;      /**< 1: edge-triggered, 0: level */
    uint8_t component; /**< whose notification it signals */
    uint8_t bit;
    uint8_t reserved;
};
_Static_assert(sizeof(struct desc_irq) == 8, "desc_irq");

enum desc_cap_kind {
    DESC_CAP_INBOX = 1, /**< endpoint of component `target`, badge and rights as given */
    DESC_CAP_NOTIFY,    /**< notification of component `target`, to send; badge = the signal */
    DESC_CAP_REPLY,     /**< `count` reply objects in slots from `slot` on */
    DESC_CAP_IRQ,       /**< handler of irq number `target` */
    DESC_CAP_TCB,       /**< of component `target` */
    DESC_CAP_CSPACE,    /**< of component `target`, with the guard that makes a capability pointer a slot number */
    DESC_CAP_VSPACE,    /**< of component `target` */
    DESC_CAP_SCHED,     /**< of component `target` */
    DESC_CAP_ASID_CONTROL,
    DESC_CAP_ASID_POOL,
    DESC_CAP_SCHED_CONTROL,
    DESC_CAP_SMC,
    DESC_CAP_DIRECTORY, /**< of the component itself, whose capability space then has two levels (slots.h) */
    DESC_CAP_FRAMES,  /**< `count` frames of the bundle from offset `badge` on, read-only, in slots from `slot` on */
    DESC_CAP_UNTYPED, /**< up to `count` untypeds in slots from `slot` on */
    DESC_CAP_KIND_END,
};

struct desc_cap {
    char name[DESC_NAME_BYTES]; /**< of the slot in the component's source */
    uint64_t badge;
    uint32_t slot;
    uint32_t count; /**< of slots; 1 where the kind says nothing */
    uint16_t target;
    uint8_t kind;
    uint8_t rights; /**< of DESC_CAP_INBOX: seL4 rights */
    uint32_t reserved;
};
_Static_assert(sizeof(struct desc_cap) == 48, "desc_cap");

/** When `target` was restarted or stopped, its fault handler signals `watcher`. */
struct desc_watch {
    uint8_t target;
    uint8_t watcher;
    uint8_t bit;
    uint8_t reserved;
};
_Static_assert(sizeof(struct desc_watch) == 4, "desc_watch");

/* ---- pages that the root task fills at run time ---------------------------------------------------------------------- */

#define INFO_MAGIC 0x3150464e49584cull /* "LXINFP1" */

/** What a component can know only on the running machine. Read-only for the component. */
struct lx_info_page {
    uint64_t magic;
    uint32_t component;       /**< its number */
    uint32_t component_count;
    uint32_t incarnation;     /**< 0 at first, one more at each restart */
    uint32_t seeded;          /**< 1: stack_guard and seed come from the firmware's random seed; 0: they can be guessed */
    uint64_t ticks_hz;        /**< of CNTPCT */
    uint64_t stack_guard;
    uint8_t seed[32];         /**< differs for each component and incarnation */
    uint64_t paddr[DESC_PUBLISHED_MAX];
    char names[DESC_COMPONENTS_MAX][DESC_NAME_BYTES];
};
_Static_assert(sizeof(struct lx_info_page) <= 4096, "info page");

struct lx_untyped_entry {
    uint64_t paddr;
    uint8_t size_bits;
    uint8_t is_device;
    uint8_t reserved[6];
};

enum { UNTYPED_LIST_MAX = 255 };

struct lx_untyped_list {
    uint64_t count;
    uint64_t reserved;
    struct lx_untyped_entry entries[UNTYPED_LIST_MAX];
};
_Static_assert(sizeof(struct lx_untyped_list) == 4096, "untyped list");

#endif
