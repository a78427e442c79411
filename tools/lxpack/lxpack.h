/* SPDX-License-Identifier: MIT */
/**
 * Lxpack: makes a signed boot image from a kernel, a loader, component ELFs and one .sys file. Stages, one file each:
 *
 *   sysfile.c   the text of the .sys file becomes struct system        kernel.c   is this a kernel that fits?
 *   board.c     device-tree nodes by name                              main.c     the command line
 *   match.c     slots of the components meet lines of the .sys file    place.c    addresses, capabilities, values
 *   describe.c  the binary description                                 image.c    root image, manifest, signature
 *   report.c    report.txt and graph.dot                               stack.c    stack bound from the machine code
 *
 * Owns:   everything it allocates until it exits.    Uses: base, tree, sysdesc, shmq, hosttool; libfdt, libsodium.
 * Limits: those of abi/sysdesc/desc.h and abi/boot/boot.h. A mistake ends the program with one sentence and status 1.
 * Source: docs/spec/sysdesc.md, docs/spec/boot-image.md
 */
#ifndef LX_LXPACK_H
#define LX_LXPACK_H

#include <boot/boot.h>
#include <sysdesc/desc.h>
#include <sysdesc/slots.h>

#include "base.h"
#include "hosttool.h"
#include "tree.h"

enum {
    ITEMS_MAX = 64,        /* lines of one component, or connections that end at it */
    CONNECTIONS_MAX = 128,
    ENDS_MAX = 48,         /* of one connection */
    BLOBS_MAX = 64,
    SEGMENTS_MAX = 4,
    SLOTS_MAX = 64,
    LOG_RING_BYTES = 8192, /* one ring, its header included */
};

/* ---- board.c ------------------------------------------------------------------------------------------------------------ */

struct board_node {
    uint32_t reg_count; /* 0: it has no registers */
    struct {
        uint64_t addr, len_bytes;
    } regs[8];
    uint32_t irq_count;
    struct {
        uint32_t number;
        bool edge;
    } irqs[8];
};
void board_open(const char *path);
/** The name of the node that /chosen/stdout-path points to; "" when there is none. */
const char *board_console(void);
/** false when there is no such node. */
bool board_find(const char *name, struct board_node *out);

/* ---- the system ---------------------------------------------------------------------------------------------------------- */

/** One line of a component, or its end of a connection: what one slot will get. */
struct item {
    enum slot_kind kind;
    char slot[SLOT_NAME_BYTES];
    int line;
    bool matched;
    uint64_t len_bytes;
    bool dma;
    bool writable;
    char target[64]; /* node, device slot, blob or component */
    uint32_t index;  /* of an interrupt, or of a region of registers */
    uint32_t count;
    enum slot_authority authority;
    int connection;  /* -1: none */
    int end;         /* which end of it */
};

struct segment {
    enum desc_memory_kind kind;
    uint64_t virt, len_bytes;
    struct bytes init;      /* padded to pages */
    uint64_t bundle_offset;
    int memory; /* index in the component's memories */
};

struct memory {
    struct desc_memory desc;
    int viewed_component; /* of DESC_VIEWED: whose memory, as its number is not known yet */
    int viewed_memory;
};

struct component {
    char name[SLOT_NAME_BYTES];
    char program[64];
    int line;
    bool trusted, passive;
    bool priority_set;
    uint8_t priority;
    uint64_t budget_us, period_us, stack_bytes;
    uint32_t restart_max, restart_period_s;
    int fault_handler; /* component */
    int log_share;     /* -1: no log; -2: wanted */
    int item_count;
    struct item items[ITEMS_MAX];

    struct elf elf;
    int segment_count;
    struct segment segments[SEGMENTS_MAX];
    int slot_count;
    struct slot_record *slots[SLOTS_MAX]; /* inside segments[].init */
    uint32_t signal_count; /* bits of its notification in use */
    uint32_t caller_count; /* badge numbers in use */
    uint32_t published_count;
    uint32_t next_slot;
    uint64_t next_virt;
    int memory_count;
    struct memory memories[DESC_MEMORIES_MAX / 4];
    int cap_count;
    struct desc_cap caps[DESC_CAPS_MAX / 4];
    struct desc_component desc;
    uint64_t stack_bound; /* 0: not bounded */
    char stack_why[128];
};

enum connection_kind { CONNECT_CALL, CONNECT_NOTIFY, CONNECT_CHANNEL, CONNECT_SHARED };
struct connection {
    enum connection_kind kind;
    char name[SLOT_NAME_BYTES];
    int line;
    uint64_t data_bytes;
    uint64_t record_bytes, record_count;
    bool dma, with_caps, signals;
    bool data_read_only; /* a channel's client reads its data only */
    int end_count;
    struct {
        int component;
        int item;       /* -1: the root task */
        uint32_t first_caller;
        uint32_t signal; /* bit that this end receives */
    } ends[ENDS_MAX];   /* end 0 is the server or the sender */
    int share, queue_share;
};

struct blob {
    char name[SLOT_NAME_BYTES];
    char path[256];
    bool from_command; /* given as NAME=PATH, which wins over the .sys file */
    struct bytes data;
    uint64_t bundle_offset;
};

struct system {
    const char *path;
    char name[SLOT_NAME_BYTES];
    char board[SLOT_NAME_BYTES];
    int component_count; /* component 0 is the root task */
    struct component *components[DESC_COMPONENTS_MAX];
    int connection_count;
    struct connection connections[CONNECTIONS_MAX];
    int blob_count;
    struct blob blobs[BLOBS_MAX];
    int share_count;
    struct desc_share shares[DESC_SHARES_MAX];
    int irq_count;
    struct desc_irq irqs[DESC_IRQS_MAX];
    int watch_count;
    struct desc_watch watches[DESC_WATCHES_MAX];
    int console; /* component that reads the logs, -1: none */
    int console_item;
    uint32_t kernel_pages;  /* of its code and constants, which it shows; 0: none, or there is no kernel yet */
    struct hash256 kernel_root;
    uint64_t trace_pages; /* of the kernel's trace; 0: it has none */
    uint64_t bundle_bytes;  /* so far; at the end, of all */
    struct bytes description;
    uint64_t description_offset; /* in the bundle */
    uint64_t bundle_virt;        /* in the root task */
    uint64_t log_virt;
};

/* ---- stages, in order ------------------------------------------------------------------------------------------------------ */

/** Reads `path`; the root task becomes component 0, from program "init". */
void sysfile_read(const char *path, struct system *out);
int system_find(const struct system *s, const char *component);
struct item *component_item(struct component *c, const char *slot);
/** Words for a kind of slot: how the .sys file names it. */
const char *slot_kind_word(enum slot_kind kind);
const char *authority_word(enum slot_authority authority);

/** Reads the ELF of every component from `directory`, finds its slots, and pairs them with the lines of the .sys file. */
void match_all(struct system *s, const char *directory);

/** Gives every slot its value: addresses, capabilities, signals, badges. */
void place_all(struct system *s);

/** Builds the binary description and checks it with the parser that the root task uses. */
void describe(struct system *s);

/** Checks that a kernel fits, and says what differs where it does not. */
void kernel_read(const char *path, struct elf *out);
/** Finds the pages that the kernel will show, and hashes them as they will lie in memory; none where it is not one of ours. */
void kernel_measure(const struct elf *kernel, struct system *s);

struct image_inputs {
    const struct elf *kernel;
    struct bytes loader;
    const char *key_path;
};
/** Puts the root image together, writes the manifest and signs it. */
struct bytes image_make(struct system *s, const struct image_inputs *in);
/** Makes a key pair in `private_path` unless it is there (mode 600), and writes its public half to `public_path`. */
void image_key(const char *private_path, const char *public_path);
void image_inspect(const char *path);

void stack_bound(struct component *c);
void report_write(const struct system *s, const char *path);
void graph_write(const struct system *s, const char *path);

#endif
