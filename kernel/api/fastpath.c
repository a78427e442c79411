/* SPDX-License-Identifier: MIT */
/** Fast paths: see fastpath.h. In each function the checks come first; the first line that changes anything says so. */
#include "api/fastpath.h"

#include "api/fault.h"
#include "api/invocation.h"
#include "api/syscall.h"
#include "arch_switch.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "object/irq.h"
#include "object/trace.h"
#include "sched/sched.h"

static inline void fast_path_taken(void)
{
    arch_fast_path_taken();
    trace_current(TRACE_FAST, 0, 0);
}

/* ---- messages without capabilities ------------------------------------------------------------------------------------------ */

struct transfer {
    uint64_t info; /**< as the receiver gets it */
    uint64_t length;
    const struct seL4_IPCBuffer *from; /* of words that do not fit in registers; else not looked at */
    struct seL4_IPCBuffer *to;
};

static inline bool prove_transfer(const struct tcb *from, const struct tcb *to, struct transfer *out)
{
    uint64_t info = from->regs.x[REG_INFO];
    out->length = seL4_MessageInfo_length(info);
    out->from = NULL;
    out->to = NULL;
    out->info = seL4_MessageInfo_new(seL4_MessageInfo_label(info), 0, 0, out->length);
    if ((info & mask(9)) > seL4_MsgMaxLength) { /* the length, and above it how many capabilities */
        return false;
    }
    if (unlikely(out->length > seL4_FastMessageRegisters)) {
        out->from = message_buffer(from, false);
        out->to = message_buffer(to, true);
        return out->from != NULL && out->to != NULL;
    }
    return true;
}

static inline void do_transfer(const struct tcb *from, struct tcb *to, uint64_t badge, const struct transfer *m)
{
    to->regs.x[REG_CAP] = badge;
    to->regs.x[REG_INFO] = m->info;
    message_copy_words(from, m->from, to, m->to, m->length);
}

/* ---- who runs, and on whose time ------------------------------------------------------------------------------------------------ */

/*
 * True when `to`, which waits, may be switched to from `from`, which runs. On a scheduling context of its own it needs one that
 * is configured, and time is kept: there must be nothing to do about it.
 */
static ALWAYS_INLINE bool prove_switch(struct tcb *from, struct tcb *to, bool own_context)
{
    if (!sched_may_run_next(from, to) || to->yield_to != NULL) {
        return false;
    }
    if (!own_context) {
        return true;
    }
    sched_update_time(); /* no harm if the general path does it again */
    bool has_time = sched_has_time() || (from->state == THREAD_IDLE && !sched_domain_has_expired());
    return to->sc->refill_max != 0 && !to->in_release_queue && has_time && !sched_release_is_due();
}

/* What the running thread does next has been settled; `to` is in no queue of the scheduler. */
static ALWAYS_INLINE void do_switch(struct tcb *from, struct tcb *to)
{
    kernel.current = to;
    trace_switch(to);
    arch_switch_users(from, to);
    if (to->sc != kernel.current_sc) {
        sched_account();
    }
}

/* ---- meeting a receiver ----------------------------------------------------------------------------------------------------------- */

struct meeting {
    struct endpoint *ep;
    struct tcb *to;
    struct reply *reply;
};

/* The first thread that waits at the endpoint of `cap`, if `t` may wait for its reply. */
static inline bool prove_meeting(struct tcb *t, struct cap cap, struct meeting *out)
{
    if (cap_type(cap) != CAP_ENDPOINT || !cap_has(cap, RIGHT_GRANT | RIGHT_GRANT_REPLY)) {
        return false;
    }
    out->ep = kptr(cap_address(cap));
    if (endpoint_state(out->ep) != ENDPOINT_RECEIVERS) {
        return false;
    }
    out->to = out->ep->head;
    out->reply = out->to->reply;
    return out->reply != NULL && prove_switch(t, out->to, out->to->sc != NULL);
}

/* The receiver has its message and leaves the queue; the sender waits for the reply, and lends its context if none is there. */
static ALWAYS_INLINE void hand_over(struct tcb *t, const struct meeting *m)
{
    struct tcb *to = m->to;
    struct tcb *next = to->queue_next;
    m->ep->head = next;
    if (unlikely(next != NULL)) {
        to->queue_next = NULL;
        next->queue_prev = NULL;
    } else {
        m->ep->tail_and_state = ENDPOINT_IDLE;
    }
    struct reply *reply = m->reply;
    to->reply = NULL;
    to->state = THREAD_RUNNING;
    reply->tcb = t;
    t->reply = reply;
    t->state = THREAD_BLOCKED_REPLY;
    struct sched_context *sc = t->sc;
    if (likely(to->sc == NULL)) {
        struct reply *below = sc->reply;
        reply->below = below;
        if (below != NULL) {
            below->above = (uintptr_t)reply;
        }
        reply->above = (uintptr_t)sc | REPLY_ABOVE_IS_SC;
        sc->reply = reply;
        sc->tcb = to;
        to->sc = sc;
        t->sc = NULL;
    } else {
        sched_context_unblocked(to->sc);
    }
    do_switch(t, to);
}

/* ---- mapping and unmapping of frames: no thread and no time is touched ---------------------------------------------------------- */

/* @return false when the general path must do it, or say why it refuses: then nothing has changed. */
static NOINLINE bool map_or_unmap(struct tcb *t, struct slot *slot)
{
    uint64_t info = t->regs.x[REG_INFO];
    struct invocation inv __attribute__((uninitialized)); /* style: as in invoke_object() */
    inv.extra_count = (unsigned)seL4_MessageInfo_extraCaps(info);
    inv.label = seL4_MessageInfo_label(info);
    if (inv.label == seL4_ARMPageMap && inv.extra_count == 1) {
        const struct seL4_IPCBuffer *buffer = message_buffer(t, false);
        inv.extra[0] = buffer != NULL ? cspace_find(t, buffer->caps_or_badges[0]) : NULL;
        if (inv.extra[0] == NULL) {
            return false;
        }
    } else if (inv.label != seL4_ARMPageUnmap || inv.extra_count != 0) {
        return false;
    }
    inv.caller = t;
    inv.slot = slot;
    inv.cap = slot->cap;
    inv.length = (unsigned)seL4_MessageInfo_length(info);
    inv.buffer = NULL; /* three words: all in registers */
    if (decode_frame(&inv) != DONE) {
        return false;
    }
    fast_path_taken();
    t->regs.x[REG_CAP] = 0;
    t->regs.x[REG_INFO] = seL4_MessageInfo_new(0, 0, 0, 0);
    return true;
}

NOINLINE bool fastpath_call(struct tcb *t)
{
    struct slot *slot = cspace_find(t, t->regs.x[REG_CAP]);
    struct meeting m = {0};
    struct transfer words = {0};
    if (unlikely(!arch_fast_paths() || slot == NULL || !prove_meeting(t, slot->cap, &m) || !cap_has(slot->cap, RIGHT_SEND) ||
                 !prove_transfer(t, m.to, &words))) {
        if (arch_fast_paths() && slot != NULL && cap_type(slot->cap) == CAP_FRAME && map_or_unmap(t, slot)) {
            return true;
        }
        return syscall_general_send(t, slot);
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    do_transfer(t, m.to, cap_badge(slot->cap), &words);
    hand_over(t, &m);
    return false;
}

NOINLINE bool fastpath_fault(struct tcb *t, uint8_t type, uint64_t word0, uint64_t word1, uint64_t word2)
{
    struct cap handler = t->slots[TCB_FAULT_HANDLER].cap;
    struct meeting m = {0};
    if (unlikely(!arch_fast_paths() || !prove_meeting(t, handler, &m))) {
        return syscall_general_fault(t, type, word0, word1, word2);
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    trace_fault(t, type);
    t->fault = (struct fault){.type = type, .word = {word0, word1, word2}};
    unsigned length = fault_write_message(t, m.to, message_buffer(m.to, true));
    m.to->regs.x[REG_CAP] = cap_badge(handler);
    m.to->regs.x[REG_INFO] = seL4_MessageInfo_new(type, 0, 0, length);
    hand_over(t, &m);
    return false;
}

/* ---- signals ------------------------------------------------------------------------------------------------------------------------ */

/* The thread that a signal wakes, if it comes before the running one and may be switched to on a context of its own; or NULL. */
static inline struct tcb *prove_wake(const struct notification *n)
{
    struct tcb *to = n->state == NOTIFICATION_WAITERS ? n->waiters.head : n->bound_tcb;
    struct tcb *from = kernel.current;
    return to->sc != NULL && to->priority > from->priority && prove_switch(from, to, true) ? to : NULL;
}

/* The woken thread runs, and the one that ran is the first of its priority to run again. */
static ALWAYS_INLINE void do_wake(struct tcb *to, struct notification *n, uint64_t badge)
{
    if (n->state == NOTIFICATION_WAITERS) {
        notification_cancel(n, to);
    } else {
        ipc_cancel(to);
    }
    to->state = THREAD_RUNNING;
    to->regs.x[REG_CAP] = badge;
    sched_context_unblocked(to->sc);
    struct tcb *from = kernel.current;
    if (from->state == THREAD_IDLE) {
        kernel.consumed = 0; /* nobody's time */
    } else {
        sched_set_ready(from, true);
    }
    kernel.current = to;
    trace_switch(to);
    arch_switch(from, to);
    sched_account(); /* each has a context of its own */
}

static inline bool keeps_signal(const struct notification *n)
{
    return n->state == NOTIFICATION_IDLE && (n->bound_tcb == NULL || n->bound_tcb->state != THREAD_BLOCKED_RECEIVE);
}

bool fastpath_interrupt(unsigned taken)
{
    unsigned irq = arch_irq_number(taken);
    if (!arch_fast_paths() || irq >= IRQ_COUNT || kernel.irq_state[irq] != IRQ_NOTIFY) {
        return false;
    }
    struct cap cap = kernel.irq_slots[irq].cap;
    if (cap_type(cap) != CAP_NOTIFICATION || !cap_has(cap, RIGHT_SEND)) {
        return false;
    }
    struct notification *n = kptr(cap_address(cap));
    struct tcb *to = n->state == NOTIFICATION_ACTIVE || keeps_signal(n) ? NULL : prove_wake(n);
    if (to == NULL) {
        return false;
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    do_wake(to, n, cap_badge(cap));
    irq_wait_for_ack(taken);
    return true;
}

NOINLINE bool fastpath_send(struct tcb *t)
{
    struct slot *slot = cspace_find(t, t->regs.x[REG_CAP]);
    struct notification *n = NULL;
    if (arch_fast_paths() && slot != NULL && cap_type(slot->cap) == CAP_NOTIFICATION && cap_has(slot->cap, RIGHT_SEND)) {
        n = kptr(cap_address(slot->cap));
    }
    struct tcb *to = NULL;
    if (n != NULL && n->state == NOTIFICATION_ACTIVE) {
        n->badge |= cap_badge(slot->cap);
    } else if (n != NULL && keeps_signal(n)) {
        n->badge = cap_badge(slot->cap);
        n->state = NOTIFICATION_ACTIVE;
    } else if (n != NULL && (to = prove_wake(n)) != NULL) {
        fast_path_taken();
        do_wake(to, n, cap_badge(slot->cap));
        return false;
    } else {
        return syscall_general_send(t, slot);
    }
    fast_path_taken();
    return true;
}

/* ---- yielding --------------------------------------------------------------------------------------------------------------------- */

NOINLINE bool fastpath_yield(struct tcb *t)
{
    struct sched_context *sc = t->sc;
    bool fast = arch_fast_paths() && refill_is_round_robin(sc) && t->yield_to == NULL;
    if (fast) {
        sched_update_time(); /* no harm if the general path does it again */
    }
    struct tcb *to = sched_highest_ready();
    if (unlikely(!fast || !sched_has_time() || sched_release_is_due() ||
                 (to != NULL && to->priority == t->priority && (to->state != THREAD_RUNNING || to->yield_to != NULL)))) {
        return syscall_general(t);
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    sc->consumed += kernel.consumed; /* the rest of the slice is given up, not consumed */
    kernel.consumed = 0;
    refill_end_slice(sc);
    sched_set_ready(t, false);
    to = sched_highest_ready();
    sched_forget(to);
    if (to != t) {
        do_switch(t, to);
        return false;
    }
    sched_account();
    return true;
}

/* ---- answering --------------------------------------------------------------------------------------------------------------------- */

/* What ReplyRecv names, if it is of the kinds that it should be. */
struct reply_recv {
    struct reply *reply;
    struct endpoint *ep;
    bool can_grant;
};

/* A fault is answered here if the thread shall go on; one about time wants its budget looked at. */
static inline bool prove_fault_answer(const struct tcb *t, const struct tcb *caller)
{
    return caller->fault.type != seL4_Fault_Timeout && seL4_MessageInfo_label(t->regs.x[REG_INFO]) == 0 &&
           seL4_MessageInfo_extraCaps(t->regs.x[REG_INFO]) == 0;
}

/*
 * True when the caller can run again: on the context of `t`, which it has lent through `reply` and gets back, or on its own, which
 * must have budget.
 */
static ALWAYS_INLINE bool prove_return(struct tcb *t, struct tcb *caller, const struct reply *reply)
{
    if (likely(caller->sc == NULL)) {
        return reply->above == ((uintptr_t)t->sc | REPLY_ABOVE_IS_SC) && prove_switch(t, caller, false);
    }
    return reply->above == 0 && reply->below == NULL && prove_switch(t, caller, true) &&
           refill_is_ready(caller->sc, kernel.now) && refill_is_sufficient(caller->sc, 0, refill_min_budget());
}

/* True when `t` can queue behind all who wait at the endpoint, and has no signals to take, nor a context of its notification to give back. */
static inline bool prove_wait(const struct tcb *t, const struct endpoint *ep)
{
    const struct notification *bound = t->bound_notification;
    if (bound != NULL && (bound->state == NOTIFICATION_ACTIVE || (bound->sc != NULL && bound->sc == t->sc))) {
        return false;
    }
    const struct tcb *tail = (const struct tcb *)(ep->tail_and_state & ~(uintptr_t)3);
    return endpoint_state(ep) != ENDPOINT_SENDERS && (tail == NULL || tail->priority >= t->priority);
}

/* The context that was lent goes back with the answer. */
static inline void give_back(struct tcb *t, struct tcb *caller, struct reply *reply)
{
    struct sched_context *sc = t->sc;
    struct reply *below = reply->below;
    sc->reply = below;
    if (below != NULL) {
        below->above = (uintptr_t)sc | REPLY_ABOVE_IS_SC;
    }
    reply->above = 0;
    reply->below = NULL;
    sc->tcb = caller;
    caller->sc = sc;
    t->sc = NULL;
}

static inline void do_wait(struct tcb *t, struct endpoint *ep, struct reply *reply, bool can_grant)
{
    struct tcb *tail = (struct tcb *)(ep->tail_and_state & ~(uintptr_t)3);
    t->queue_prev = tail;
    *(tail != NULL ? &tail->queue_next : &ep->head) = t;
    ep->tail_and_state = (uintptr_t)t | ENDPOINT_RECEIVERS;
    t->state = THREAD_BLOCKED_RECEIVE;
    t->waits_for = ep;
    t->sender_can_grant = can_grant;
    t->reply = reply;
    reply->tcb = t;
}

static inline bool prove_objects(const struct tcb *t, struct reply_recv *out)
{
    const struct slot *reply_slot = cspace_find(t, t->regs.x[REG_REPLY]);
    const struct slot *slot = cspace_find(t, t->regs.x[REG_CAP]);
    if (unlikely(reply_slot == NULL) || unlikely(cap_type(reply_slot->cap) != CAP_REPLY)) {
        return false;
    }
    out->reply = kptr(cap_address(reply_slot->cap));
    if (unlikely(slot == NULL) || unlikely(cap_type(slot->cap) != CAP_ENDPOINT) || unlikely(!cap_has(slot->cap, RIGHT_RECEIVE))) {
        return false;
    }
    out->ep = kptr(cap_address(slot->cap));
    out->can_grant = cap_has(slot->cap, RIGHT_GRANT);
    return true;
}

/* The caller has its answer and goes on; `t` waits for the next. */
static ALWAYS_INLINE void do_reply_recv(struct tcb *t, struct tcb *caller, struct reply *reply, struct endpoint *ep, bool can_grant)
{
    caller->reply = NULL;
    caller->state = THREAD_RUNNING;
    if (likely(caller->sc == NULL)) {
        give_back(t, caller, reply);
    } else {
        sched_context_unblocked(caller->sc);
    }
    do_wait(t, ep, reply, can_grant);
    do_switch(t, caller);
}

/* Not inlined: what it needs to keep would have to be saved by every answer. */
static NOINLINE bool answer_fault(struct tcb *t, struct tcb *caller, struct reply *reply, struct endpoint *ep, bool can_grant)
{
    if (!prove_fault_answer(t, caller) || !prove_return(t, caller, reply)) {
        return syscall_general(t);
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    (void)fault_handle_reply(caller, t); /* true, as the label is 0 */
    caller->fault.type = seL4_Fault_NullFault;
    caller->regs.pc = caller->regs.fault_pc;
    do_reply_recv(t, caller, reply, ep, can_grant);
    return false;
}

NOINLINE bool fastpath_reply_recv(struct tcb *t)
{
    struct reply_recv r = {0};
    if (unlikely(!arch_fast_paths()) || unlikely(!prove_objects(t, &r))) {
        return syscall_general(t);
    }
    struct tcb *caller = r.reply->tcb;
    if (unlikely(caller == NULL) || unlikely(caller->state != THREAD_BLOCKED_REPLY) || unlikely(!prove_wait(t, r.ep))) {
        return syscall_general(t);
    }
    if (caller->fault.type != seL4_Fault_NullFault) {
        return answer_fault(t, caller, r.reply, r.ep, r.can_grant);
    }
    struct transfer words = {0};
    if (unlikely(!prove_transfer(t, caller, &words)) || unlikely(!prove_return(t, caller, r.reply))) {
        return syscall_general(t);
    }
    /* From here on nothing can fail. */
    fast_path_taken();
    do_transfer(t, caller, 0, &words);
    do_reply_recv(t, caller, r.reply, r.ep, r.can_grant);
    return false;
}
