/* SPDX-License-Identifier: MIT */
/**
 * The data of the kernel on one page: every object that user level can make from untyped memory, and the kernel's own state.
 *
 * Links are symmetric, and kernel/check.c verifies all of them after every step of the host tests:
 *   tcb.sc <-> sched_context.tcb          tcb.bound_notification <-> notification.bound_tcb
 *   tcb.reply <-> reply.tcb               sched_context.notification <-> notification.sc
 *   tcb.vcpu <-> vcpu.tcb
 *   tcb.yield_to <-> sched_context.yield_from        sched_context.reply -> the top of its call stack (see struct reply)
 * A thread is in at most one of: a ready queue, the release queue, the queue of the endpoint or notification it waits for.
 *
 * Owns:   layouts.    Uses: cap.h.
 * Source: object sizes of the seL4 manual; meanings of its chapters 4 to 6.
 */
#ifndef KERNEL_OBJECT_OBJECTS_H
#define KERNEL_OBJECT_OBJECTS_H

#include <sel4/sel4.h>

#include "config.h"
#include "klib/klib.h"
#include "object/cap.h"

#define PRIORITY_COUNT 256u
#define DOMAIN_COUNT ((unsigned)KERNEL_DOMAINS)
#define DOMAIN_SCHEDULE_COUNT ((unsigned)KERNEL_DOMAIN_SCHEDULE_ENTRIES)
#define DOMAIN_DURATION_MAX (UINT64_MAX >> 8)
#define IRQ_COUNT 160u /**< interrupts that user level can name on this platform */

struct tcb;
struct endpoint;
struct notification;
struct reply;
struct sched_context;
struct vcpu;

/* ---- queues of threads: doubly linked through tcb.queue_next and tcb.queue_prev */

struct tcb_queue {
    struct tcb *head;
    struct tcb *tail;
};

/* ---- endpoint: 16 bytes; the tail of the queue shares its word with the state */

enum endpoint_state { ENDPOINT_IDLE = 0, ENDPOINT_SENDERS, ENDPOINT_RECEIVERS };

struct endpoint {
    struct tcb *head;
    uintptr_t tail_and_state; /**< low two bits: enum endpoint_state */
};
_Static_assert(sizeof(struct endpoint) == 1 << seL4_EndpointBits, "endpoint");

/* ---- notification */

enum notification_state { NOTIFICATION_IDLE = 0, NOTIFICATION_WAITERS, NOTIFICATION_ACTIVE };

struct notification {
    struct tcb_queue waiters;
    uint64_t badge; /**< of the signals since the last wait, when ACTIVE */
    struct tcb *bound_tcb;
    struct sched_context *sc; /**< lent to a thread without one that this notification wakes */
    enum notification_state state;
    uint32_t reserved;
    uint64_t reserved2[2];
};
_Static_assert(sizeof(struct notification) == 1 << seL4_NotificationBits, "notification");

/* ---- reply: who called, and its place in the stack of calls that a scheduling context is lent along */

/**
 * While a scheduling context is lent through nested calls A -> B -> C, the replies form a list: sc.reply is the reply of the
 * last call (C owes B); its `below` is the reply B owes A. `above` leads back up, and is the context itself, marked
 * with REPLY_ABOVE_IS_SC, on the topmost reply.
 */
struct reply {
    struct tcb *tcb; /**< the caller that waits, or the receiver that will use this reply */
    uintptr_t above;
    struct reply *below;
    uint64_t reserved;
};
_Static_assert(sizeof(struct reply) == 1 << seL4_ReplyBits, "reply");

enum { REPLY_ABOVE_IS_SC = 1 };

/* ---- scheduling context: a budget per period, as a queue of refills that lies behind the structure */

struct refill {
    ticks_t time;   /**< not usable before */
    ticks_t amount; /**< of execution */
};
_Static_assert(sizeof(struct refill) == seL4_RefillSizeBytes, "refill");

struct sched_context {
    ticks_t period;   /**< 0: round robin, the budget is a time slice */
    ticks_t budget;
    ticks_t consumed; /**< since the last time that user level was told */
    uint64_t badge;   /**< of timeout faults */
    struct tcb *tcb;
    struct reply *reply;
    struct notification *notification;
    struct tcb *yield_from; /**< the thread that waits in YieldTo for this context */
    uint32_t refill_max;    /**< 0: not configured */
    uint32_t refill_head;   /**< index of the refill in use; the queue is a ring of refill_max */
    uint32_t refill_count;  /**< at least 1 once configured */
    bool sporadic;
    uint8_t reserved[3];
    uint64_t reserved2[2];
    struct refill refills[2]; /**< and more, up to the size of the object */
};
_Static_assert(sizeof(struct sched_context) == 1 << seL4_MinSchedContextBits, "two refills fit in the smallest context");
_Static_assert(sizeof(struct sched_context) == seL4_CoreSchedContextBytes, "what user level computes extra refills with");

/* ---- thread */

enum thread_state {
    THREAD_INACTIVE = 0,
    THREAD_RUNNING,
    THREAD_RESTART, /**< runnable; executes its trapped instruction again */
    THREAD_BLOCKED_RECEIVE,
    THREAD_BLOCKED_SEND,
    THREAD_BLOCKED_REPLY,
    THREAD_BLOCKED_NOTIFICATION,
    THREAD_IDLE,
};

/** What the entry code saves; assembly knows the offsets (arch/aarch64/machine.c asserts them). */
struct registers {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc; /**< where the thread goes on */
    uint64_t spsr;
    uint64_t fault_pc; /**< the instruction that trapped: the same, or the svc before it */
    uint64_t tpidr_el0;
    uint64_t tpidrro_el0;
    uint64_t reserved;
};

struct fpu_state {
    uint64_t v[64];
    uint32_t fpcr;
    uint32_t fpsr;
    uint64_t reserved;
} __attribute__((aligned(16)));

/** Why a capability could not be found; `words` are those of the CapFault message after the type. */
struct lookup_failure {
    uint8_t type; /**< seL4_InvalidRoot, ... */
    uint8_t bits_left;
    uint8_t bits_found;
    uint8_t reserved[5];
    uint64_t guard_found;
};

struct fault {
    uint8_t type; /**< seL4_Fault_*; NullFault: none */
    bool in_receive;
    uint8_t reserved[6];
    struct lookup_failure lookup;
    uint64_t word[3]; /**< CapFault: cptr. UnknownSyscall: number, 1 if foreign. UserException: number, code. VMFault: address,
                           FSR, instruction. Timeout: badge, consumed. Others: their one word */
};

enum tcb_slot { TCB_CSPACE = 0, TCB_VSPACE, TCB_BUFFER, TCB_FAULT_HANDLER, TCB_TIMEOUT_HANDLER, TCB_SLOT_COUNT };

struct tcb {
    struct registers regs; /* first: the stack pointer of EL2 stands here while the thread runs */
    struct slot slots[TCB_SLOT_COUNT];
    struct fpu_state fpu;

    /* Scheduling: */
    struct sched_context *sc;
    struct sched_context *yield_to;
    struct tcb *sched_next; /**< in a ready queue or the release queue */
    struct tcb *sched_prev;
    uint8_t priority;
    uint8_t max_controlled_priority;
    uint8_t domain;
    bool in_ready_queue;
    bool in_release_queue;

    /* Waiting: */
    uint8_t state;               /**< enum thread_state */
    bool sender_can_grant;       /**< BLOCKED_SEND: rights of the capability used; BLOCKED_RECEIVE: grant */
    bool sender_can_grant_reply; /**< BLOCKED_SEND */
    bool sender_is_call;         /**< BLOCKED_SEND */
    uint32_t flags;              /**< seL4_TCBFlag_* */
    uint64_t sender_badge;       /**< BLOCKED_SEND */
    void *waits_for;             /**< BLOCKED_SEND, RECEIVE: struct endpoint; BLOCKED_NOTIFICATION: struct notification */
    struct tcb *queue_next;
    struct tcb *queue_prev;
    struct reply *reply; /**< BLOCKED_RECEIVE: to be used for the next call; BLOCKED_REPLY: the call that waits */
    struct notification *bound_notification;
    struct fault fault;
    uaddr_t ipc_buffer; /**< user address; only its offset in the frame of slots[TCB_BUFFER] matters here */
    struct vcpu *vcpu;  /**< the thread is a guest: EL1 is its own */
    uint32_t mode;      /**< arch's own: follows from flags and vcpu, so that a switch looks at one word */
    uint32_t reserved;
#if KERNEL_DEBUG_CALLS
    char name[32];
#endif
};
_Static_assert(sizeof(struct tcb) <= 1 << seL4_TCBBits, "tcb");

/* ---- virtual CPU */

enum { VCPU_LIST_REGISTERS_MAX = 64 };

/** What the machine has of a guest beside the registers of its thread; object/vcpu.h says when it is here and when in the machine. */
struct vcpu {
    struct tcb *tcb;
    uint64_t regs[seL4_VCPUReg_Num];
    uint64_t csselr, mdscr, pmuserenr; /**< which user level cannot name, but a guest can write */
    uint32_t list_register[VCPU_LIST_REGISTERS_MAX]; /**< virtual interrupts, in the machine's format */
    uint32_t interrupt_control; /**< the guest's priority mask, enables and so on */
    uint32_t active_priorities;
    bool timer_masked; /**< a VPPIEvent was sent and not yet acknowledged */
    uint8_t reserved[7];
};
_Static_assert(sizeof(struct vcpu) <= 1 << seL4_VCPUBits, "vcpu");

/* ---- address space identifiers */

enum { ASID_POOL_COUNT = 1 << seL4_NumASIDPoolsBits, ASID_POOL_ENTRIES = 1 << seL4_ASIDPoolIndexBits };

/**
 * One entry: the physical address of the vspace, aligned to 8 KiB (0: free), bit 9 "a guest ran here last", bit 8 "has a VMID",
 * bits 7..0 the VMID.
 */
struct asid_entry {
    uint64_t word;
};
_Static_assert(sizeof(struct asid_entry) == 8, "an asid pool has 512 entries");

/* Bits of an entry, beside root (bits 47..13) and VMID (55..48), which stand where VTTBR_EL2 has them. */
enum { ASID_ENTRY_HAS_VMID = 1 << 0, ASID_ENTRY_GUEST = 1 << 1, ASID_ENTRY_VMID_SHIFT = 48 };

struct asid_pool {
    struct asid_entry entries[ASID_POOL_ENTRIES];
};
_Static_assert(sizeof(struct asid_pool) == 1 << seL4_ASIDPoolBits, "asid pool");

/* ---- the kernel's own state */

enum irq_state { IRQ_INACTIVE = 0, IRQ_NOTIFY, IRQ_TIMER, IRQ_GUEST };

/** One turn of the domain schedule; domain 0 for no time marks the end, from where it starts again. */
struct domain_entry {
    uint64_t domain;
    ticks_t duration;
};

struct kernel_state {
    /* Scheduling (sched/): */
    struct tcb *current;
    struct tcb *switch_to; /**< the next thread if nothing better turns up; NULL: keep the current one */
    bool choose_anew;      /**< the ready queues decide; overrides switch_to */
    bool recheck_current;  /**< the current thread may no longer be able to run */
    bool reprogram_timer;
    struct sched_context *current_sc;
    ticks_t now;      /**< time of this kernel entry */
    ticks_t consumed; /**< by current_sc, not yet charged */
    /* Arch's own: what registers hold, to save writing them (arch_switch.h). */
    uint64_t loaded_vspace;
    uint32_t loaded_mode;
    struct tcb_queue ready[DOMAIN_COUNT][PRIORITY_COUNT];
    uint64_t ready_words[DOMAIN_COUNT]; /**< bit i: word i of ready_bits is not zero */
    uint64_t ready_bits[DOMAIN_COUNT][PRIORITY_COUNT / 64];
    struct tcb *release_head; /**< threads out of budget, soonest refill first */
    uint32_t domain;
    uint32_t domain_index;
    ticks_t domain_end; /**< when the turn of the domain ends */
    struct domain_entry domain_schedule[DOMAIN_SCHEDULE_COUNT];
    uint32_t domain_start;

    /* Preemption: */
    uint32_t work_units;

    /* Interrupts: */
    uint8_t irq_state[IRQ_COUNT]; /**< enum irq_state */
    struct slot irq_slots[IRQ_COUNT];

    /* Address spaces: */
    struct asid_pool *asid_pools[ASID_POOL_COUNT];
    uint16_t vmid_owner[256]; /**< asid; 0: free */
    uint8_t vmid_next;
    struct tcb *fpu_owner;

    /* Virtual CPUs: */
    struct vcpu *vcpu_loaded; /**< whose lazy registers the machine holds */
    struct vcpu *vcpu_entered; /**< the running thread's; NULL: it has none */

    /* Objects that exist from the start: */
    struct tcb idle_tcb __attribute__((aligned(1 << seL4_TCBBits)));
    struct sched_context idle_sc;
};

extern struct kernel_state kernel;

#endif
