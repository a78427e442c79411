/* SPDX-License-Identifier: MIT */
/**
 * Communication objects: endpoints (endpoint.c), notifications (notification.c), replies (reply.c) and the lending of
 * scheduling contexts along calls (sched_context.c).
 *
 * All functions here act; what they need has been proved by their callers in api/. They change thread states, move threads
 * between queues and name candidates to run (sched_possible_switch_to); none of them switches.
 *
 * Owns:   the queues and links described in objects.h.    Uses: sched, message.h (copying), cap.h.
 * Limits: O(1), but for insertion into a queue by priority, and cancel_all, which are O(threads in the queue).
 * Source: seL4 manual chapters 4, 5 and 6.
 */
#ifndef KERNEL_OBJECT_IPC_H
#define KERNEL_OBJECT_IPC_H

#include "object/objects.h"

/* ---- endpoint.c */

/** How a message is sent. */
struct send_options {
    bool blocking;
    bool is_call; /**< the sender waits for a reply */
    bool can_grant;
    bool can_grant_reply;
    bool can_donate; /**< a receiver without a scheduling context gets the sender's */
    uint64_t badge;
};

/** Sends the message of `sender` (its registers and buffer, or its fault) to `ep`, now or when a receiver comes. */
void endpoint_send(struct endpoint *ep, struct tcb *sender, struct send_options how);

/** Receives into `receiver`; `reply` (may be NULL) will hold a caller. Not blocking: badge 0 when nothing is there. */
void endpoint_receive(struct endpoint *ep, struct tcb *receiver, bool can_grant, struct reply *reply, bool blocking);

/** Takes `t` out of whatever it waits for; it stays without a state, for its caller to set. Clears its fault. */
void ipc_cancel(struct tcb *t);

/** Every thread in the queue starts its system call again, or stops if it had sent a fault. */
void endpoint_cancel_all(struct endpoint *ep);

/** The same for the senders with one badge. */
void endpoint_cancel_badged(struct endpoint *ep, uint64_t badge);

/** Puts `t`, whose priority has changed, in its new place of the queue. */
void endpoint_reorder(struct endpoint *ep, struct tcb *t);

static inline enum endpoint_state endpoint_state(const struct endpoint *ep)
{
    return (enum endpoint_state)(ep->tail_and_state & 3);
}

/* ---- notification.c */

void notification_signal(struct notification *n, uint64_t badge);
void notification_wait(struct notification *n, struct tcb *t, bool blocking);

/** Hands the signals that `n` holds to `t`, which was about to receive from an endpoint. */
void notification_complete(struct notification *n, struct tcb *t);
void notification_cancel_all(struct notification *n);
void notification_cancel(struct notification *n, struct tcb *t);
void notification_reorder(struct notification *n, struct tcb *t);
void notification_bind(struct notification *n, struct tcb *t);
void notification_unbind(struct notification *n);

/* ---- reply.c */

/** `caller` now waits for `reply`; its context goes to `callee` if that has none and `can_donate`. */
void reply_push(struct reply *reply, struct tcb *caller, struct tcb *callee, bool can_donate);

/** Ends the wait of reply->tcb; a context that was lent through this reply goes back to it. */
void reply_pop(struct reply *reply);

/** The caller of `reply` gives up waiting: the stack of calls breaks here, and the lent context stays where it is. */
void reply_abandon(struct reply *reply);

/** Answers the caller that `reply` holds, if it holds one that still waits. */
void reply_send(struct reply *reply, struct tcb *replier, bool can_grant);

static inline void reply_unlink(struct reply *reply)
{
    reply->tcb->reply = NULL;
    reply->tcb = NULL;
}

/* ---- sched_context.c */

/** A blocked thread can get a context only if it could run on it at once. */
bool sched_context_may_bind(struct sched_context *sc, const struct tcb *t);

void sched_context_bind_tcb(struct sched_context *sc, struct tcb *t);
void sched_context_unbind_tcb(struct sched_context *sc);
void sched_context_bind_notification(struct sched_context *sc, struct notification *n);
void sched_context_unbind_notification(struct sched_context *sc);

/** Moves `sc` from the thread that has it, if any, to `to`, which has none. */
void sched_context_donate(struct sched_context *sc, struct tcb *to);

/** Lends the context of a notification to a thread without one. */
void sched_context_lend(struct notification *n, struct tcb *t);

/** Returns a lent context to its notification before `t` waits again. */
void sched_context_return(struct notification *n, struct tcb *t);

/** Brings the refills of a sporadic context up to date before its thread runs again. */
void sched_context_unblocked(struct sched_context *sc);

/** Ends a YieldTo: tells the yielding thread what was consumed and makes it runnable. NULL does nothing. */
void sched_context_complete_yield(struct tcb *yielder);
void sched_context_cancel_yield(struct tcb *yielder);

/** Time consumed since the last call, in microseconds; starts anew. */
uint64_t sched_context_take_consumed(struct sched_context *sc);

#endif
