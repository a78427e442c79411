/* SPDX-License-Identifier: MIT */
/**
 * Slots: what a component needs from its system, declared in its source and filled when the image is packed.
 *
 * A slot is a constant of 96 bytes in the section "lx_slots" of the component's ELF. The source gives kind and name; the image
 * tool matches it with the line of the .sys file that names it, and writes the values: addresses, capability pointers,
 * signal masks. So neither C nor .sys files hold such numbers. A slot is declared at file level, and then read like any
 * constant:
 *
 *     LX_MEMORY(heap);            in the .sys file:  memory heap 64K
 *     LX_CALL(timer);                                call time timer.server <- hello.timer
 *
 * The variables are weak so that no compiler folds the unfilled values; each name is global in its component.
 * Source: docs/spec/sysdesc.md section 1
 */
#ifndef LX_ABI_SLOTS_H
#define LX_ABI_SLOTS_H

#include <stdint.h>

enum { SLOT_NAME_BYTES = 24 };

enum slot_kind {
    SLOT_INFO = 1, /**< the component's own page of facts, stack and message buffer; the runtime declares it */
    SLOT_INBOX,    /**< the component's endpoint and bound notification; the runtime declares it */
    SLOT_REPLIES,  /**< reply objects; the runtime declares one, a server that answers late more */
    SLOT_LOG,      /**< ring to the console for log lines; the runtime declares it, optional */
    SLOT_MEMORY,   /**< zeroed memory of its own */
    SLOT_SHARED,   /**< memory that several components see */
    SLOT_WINDOW,   /**< addresses with page tables and nothing mapped */
    SLOT_DEVICE,   /**< registers of a device */
    SLOT_IRQ,      /**< an interrupt */
    SLOT_SERVER,   /**< an interface that others call */
    SLOT_CALL,     /**< an interface of somebody else */
    SLOT_SIGNAL,   /**< a signal that arrives */
    SLOT_NOTIFY,   /**< a signal that is sent */
    SLOT_CHANNEL,  /**< two queues, data memory, and signals both ways */
    SLOT_WATCH,    /**< a signal that arrives when another component was restarted or stopped */
    SLOT_FAULTS,   /**< faults of other components arrive */
    SLOT_LOGS,     /**< the log rings of others, for the console */
    SLOT_BLOB,     /**< bytes of the image, read-only */
    SLOT_FRAMES,   /**< capabilities to the frames of a blob */
    SLOT_STORE,    /**< the whole bundle of the image, read-only */
    SLOT_VIEW,     /**< resident code and constants of every component, read-only */
    SLOT_CAP,      /**< one special capability; which one is in its record */
    SLOT_FREE,     /**< empty slots of the component's capability space */
    SLOT_UNTYPED,  /**< all memory that is left */
    SLOT_TRACE,    /**< the kernel's trace, read-only */
    SLOT_KIND_END,
};

enum slot_flags {
    SLOT_OPTIONAL = 1 << 0, /**< declared: may be absent from the .sys file */
    SLOT_SIGNALS = 1 << 1,  /**< declared, of SLOT_SERVER: the server signals its callers */
    SLOT_GIVEN = 1 << 16,   /**< filled: the .sys file has it */
};

/** What a SLOT_CAP asks for. The *_OF kinds name a component in the .sys file. All but the first three need `trusted`. */
enum slot_authority {
    AUTHORITY_OWN_TCB = 1,
    AUTHORITY_OWN_CSPACE,
    AUTHORITY_OWN_SCHED,
    AUTHORITY_OWN_VSPACE,
    AUTHORITY_ASID_CONTROL,
    AUTHORITY_ASID_POOL,
    AUTHORITY_SCHED_CONTROL,
    AUTHORITY_SMC,
    AUTHORITY_OWN_DIRECTORY, /**< the component's capability space grows: see DIRECTORY_BITS */
    AUTHORITY_TCB_OF,
    AUTHORITY_CSPACE_OF,
    AUTHORITY_VSPACE_OF,
    AUTHORITY_INBOX_OF,
    AUTHORITY_END,
};

/**
 * A component that is granted own_directory has a capability space of two levels: a CNode of 2^DIRECTORY_BITS entries, each of which
 * can hold a CNode of 2^DIRECTORY_LEAF_BITS slots without a guard. Slot j of entry i is capability i << DIRECTORY_LEAF_BITS | j;
 * entry 0 holds the slots that the image tool fills. With the granted capability as root, a slot of the space has a depth of 64
 * bits, and entry i itself has index i and a depth of 64 - DIRECTORY_LEAF_BITS bits.
 */
enum { DIRECTORY_BITS = 11, DIRECTORY_LEAF_BITS = 10 };

/** Badges. A word with BADGE_MESSAGE set came with a message to the inbox, else it is a set of signals. */
#define BADGE_MESSAGE (1ull << 63)
#define BADGE_FAULT   (1ull << 62) /**< with BADGE_MESSAGE: a fault; the low bits are the number of the component */
#define BADGE_NUMBER  0xffffffull
enum {
    SIGNALS_MAX = 61,      /**< different signals that one component can receive */
    SLOT_CALLERS_MAX = 40, /**< of one server slot */
    SLOT_LOGS_MAX = 32,
};

/* Every slot has this size and head; the image tool sees only struct slot_record. */
#define SLOT_HEAD                                                                                                      \
    uint32_t kind;                                                                                                     \
    uint32_t flags;                                                                                                    \
    char name[SLOT_NAME_BYTES]

struct slot_record {
    SLOT_HEAD;
    uint64_t value[8];
};
_Static_assert(sizeof(struct slot_record) == 96, "slot record");

#define SLOT_SECTION "lx_slots"
#define LX_SLOT(type, slot_kind, slot_flags, variable) LX_SLOT_WITH(type, slot_kind, variable, .flags = (slot_flags))
#define LX_SLOT_WITH(type, slot_kind, variable, ...)                                                                   \
    _Static_assert(sizeof(struct type) == sizeof(struct slot_record), "slot size");                                    \
    _Static_assert(sizeof(#variable) <= SLOT_NAME_BYTES, "slot names have at most 23 characters");                     \
    const struct type variable __attribute__((weak, used, section(SLOT_SECTION), aligned(8))) = {                      \
        .kind = (slot_kind), .name = #variable, __VA_ARGS__}

/** Addresses of what every component has. `info` is a struct lx_info_page. */
struct lx_info {
    SLOT_HEAD;
    uint64_t info_addr, ipc_buffer_addr, stack_bottom, stack_top, unused[4];
};
struct lx_inbox {
    SLOT_HEAD;
    uint64_t endpoint, unused[7];
};
/** `count` reply objects from capability `first` on. */
struct lx_replies {
    SLOT_HEAD;
    uint64_t first, count, unused[6];
};
/** A byte ring of lib/shmq in [addr, addr + len_bytes); `notify` signals the console. All 0 when nobody reads the log. */
struct lx_log {
    SLOT_HEAD;
    uint64_t addr, len_bytes, notify, unused[5];
};
/** `paddr_index` names the entry of the info page that holds the physical address; ~0 when not asked for (dma). */
struct lx_memory {
    SLOT_HEAD;
    uint64_t addr, len_bytes, paddr_index, unused[5];
};
struct lx_shared {
    SLOT_HEAD;
    uint64_t addr, len_bytes, paddr_index, writable, unused[4];
};
struct lx_window {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
struct lx_device {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
/** `handler` is acknowledged after each arrival of `signal`. */
struct lx_irq {
    SLOT_HEAD;
    uint64_t handler, signal, unused[6];
};
/**
 * Callers have the badges BADGE_MESSAGE | first_caller .. + caller_count - 1; caller i is component callers[i]. With
 * SLOT_SIGNALS, capability first_notify + i signals caller i.
 */
struct lx_server {
    SLOT_HEAD;
    uint64_t first_caller, caller_count, first_notify;
    uint8_t callers[SLOT_CALLERS_MAX];
};
/** `endpoint` is called; `signal` is what the server sends, 0 when it sends none. */
struct lx_call {
    SLOT_HEAD;
    uint64_t endpoint, signal, unused[6];
};
struct lx_signal {
    SLOT_HEAD;
    uint64_t signal, unused[7];
};
struct lx_notify {
    SLOT_HEAD;
    uint64_t notify, unused[7];
};
/** `send` and `receive` are queues of lib/shmq with `record_count` records of `record_bytes` (declared; 1 makes byte rings). */
struct lx_channel {
    SLOT_HEAD;
    uint64_t send_addr, receive_addr, data_addr, data_bytes, paddr_index, notify, signal;
    uint32_t record_bytes, record_count;
};
/** Component number `component` was restarted or stopped when `signal` arrives. */
struct lx_watch {
    SLOT_HEAD;
    uint64_t signal, component, unused[6];
};
/** `notify_first` and on: `watch_count` capabilities, in the order of the watches in the description. */
struct lx_faults {
    SLOT_HEAD;
    uint64_t first_notify, watch_count, unused[6];
};
/** Ring i lies at addr + i * stride_bytes and belongs to component sources[i]; `signal` says that one has new text. */
struct lx_logs {
    SLOT_HEAD;
    uint64_t addr, stride_bytes, count, signal;
    uint8_t sources[SLOT_LOGS_MAX];
};
struct lx_blob {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
struct lx_frames {
    SLOT_HEAD;
    uint64_t first, count, len_bytes, unused[5];
};
struct lx_store {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
struct lx_view {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
/** A struct trace (abi/trace/trace.h); len_bytes is 0 when the kernel has none. */
struct lx_trace {
    SLOT_HEAD;
    uint64_t addr, len_bytes, unused[6];
};
struct lx_cap {
    SLOT_HEAD;
    uint64_t cap, unused[6], authority;
};
struct lx_free {
    SLOT_HEAD;
    uint64_t first, count, cspace_bits, unused[5];
};
/** `list_addr` is a struct lx_untyped_list; its entry i belongs to capability first + i. */
struct lx_untyped {
    SLOT_HEAD;
    uint64_t first, count_max, list_addr, unused[5];
};

#define LX_MEMORY(variable)          LX_SLOT(lx_memory, SLOT_MEMORY, 0, variable)
#define LX_SHARED(variable)          LX_SLOT(lx_shared, SLOT_SHARED, 0, variable)
#define LX_WINDOW(variable)          LX_SLOT(lx_window, SLOT_WINDOW, 0, variable)
#define LX_DEVICE(variable)          LX_SLOT(lx_device, SLOT_DEVICE, 0, variable)
#define LX_IRQ(variable)             LX_SLOT(lx_irq, SLOT_IRQ, 0, variable)
#define LX_REPLIES(variable)         LX_SLOT(lx_replies, SLOT_REPLIES, 0, variable)
#define LX_SERVER(variable)          LX_SLOT(lx_server, SLOT_SERVER, 0, variable)
#define LX_SERVER_SIGNALS(variable)  LX_SLOT(lx_server, SLOT_SERVER, SLOT_SIGNALS, variable)
#define LX_CALL(variable)            LX_SLOT(lx_call, SLOT_CALL, 0, variable)
#define LX_SIGNAL(variable)          LX_SLOT(lx_signal, SLOT_SIGNAL, 0, variable)
#define LX_NOTIFY(variable)          LX_SLOT(lx_notify, SLOT_NOTIFY, 0, variable)
#define LX_CHANNEL(variable, record) LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, variable, .record_bytes = (record))
#define LX_WATCH(variable)           LX_SLOT(lx_watch, SLOT_WATCH, 0, variable)
#define LX_FAULTS(variable)          LX_SLOT(lx_faults, SLOT_FAULTS, 0, variable)
#define LX_LOGS(variable)            LX_SLOT(lx_logs, SLOT_LOGS, 0, variable)
#define LX_BLOB(variable)            LX_SLOT(lx_blob, SLOT_BLOB, 0, variable)
#define LX_FRAMES(variable)          LX_SLOT(lx_frames, SLOT_FRAMES, 0, variable)
#define LX_STORE(variable)           LX_SLOT(lx_store, SLOT_STORE, 0, variable)
#define LX_VIEW(variable)            LX_SLOT(lx_view, SLOT_VIEW, 0, variable)
#define LX_TRACE(variable)           LX_SLOT(lx_trace, SLOT_TRACE, SLOT_OPTIONAL, variable)
#define LX_CAP(variable, which)      LX_SLOT_WITH(lx_cap, SLOT_CAP, variable, .authority = (which))
#define LX_FREE(variable)            LX_SLOT(lx_free, SLOT_FREE, 0, variable)
#define LX_UNTYPED(variable)         LX_SLOT(lx_untyped, SLOT_UNTYPED, 0, variable)

/** Was this optional slot given? */
#define lx_given(variable) (((variable).flags & SLOT_GIVEN) != 0)

#endif
