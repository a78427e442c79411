/* SPDX-License-Identifier: MIT */
/** Endpoints: see ipc.h. */
#include "api/fault.h"
#include "api/message.h"
#include "object/ipc.h"
#include "sched/sched.h"

static struct tcb_queue endpoint_queue(const struct endpoint *ep)
{
    return (struct tcb_queue){ep->head, (struct tcb *)(ep->tail_and_state & ~(uintptr_t)3)};
}

static void endpoint_set_queue(struct endpoint *ep, struct tcb_queue queue, enum endpoint_state state)
{
    ep->head = queue.head;
    ep->tail_and_state = (uintptr_t)queue.tail | (queue.head != NULL ? (uintptr_t)state : ENDPOINT_IDLE);
}

static void endpoint_insert(struct endpoint *ep, struct tcb *t, enum endpoint_state state)
{
    struct tcb_queue queue = endpoint_queue(ep);
    queue_insert(&queue, t);
    t->waits_for = ep;
    endpoint_set_queue(ep, queue, state);
}

static void endpoint_remove(struct endpoint *ep, struct tcb *t)
{
    struct tcb_queue queue = endpoint_queue(ep);
    enum endpoint_state state = endpoint_state(ep);
    queue_remove(&queue, t);
    endpoint_set_queue(ep, queue, state);
}

void endpoint_reorder(struct endpoint *ep, struct tcb *t)
{
    enum endpoint_state state = endpoint_state(ep);
    endpoint_remove(ep, t);
    endpoint_insert(ep, t, state);
}

/* After the message: a caller waits for its reply, or stops if the receiver can hold none. */
static void caller_waits(struct tcb *caller, struct tcb *callee, struct reply *reply, bool may_reply, bool can_donate)
{
    if (reply != NULL && may_reply) {
        reply_push(reply, caller, callee, can_donate);
    } else {
        thread_set_state(caller, THREAD_INACTIVE);
    }
}

static bool has_fault(const struct tcb *t)
{
    return t->fault.type != seL4_Fault_NullFault;
}

void endpoint_send(struct endpoint *ep, struct tcb *sender, struct send_options how)
{
    if (endpoint_state(ep) != ENDPOINT_RECEIVERS) {
        if (how.blocking) {
            thread_set_state(sender, THREAD_BLOCKED_SEND);
            sender->sender_badge = how.badge;
            sender->sender_can_grant = how.can_grant;
            sender->sender_can_grant_reply = how.can_grant_reply;
            sender->sender_is_call = how.is_call;
            endpoint_insert(ep, sender, ENDPOINT_SENDERS);
        }
        return;
    }
    struct tcb *receiver = ep->head;
    struct reply *reply = receiver->reply;
    endpoint_remove(ep, receiver);
    message_transfer(sender, ep, how.badge, how.can_grant, receiver);
    if (reply != NULL) {
        reply_unlink(reply);
    }
    if (how.is_call || has_fault(sender)) {
        caller_waits(sender, receiver, reply, how.can_grant || how.can_grant_reply, how.can_donate);
    } else if (how.can_donate && receiver->sc == NULL) {
        sched_context_donate(sender->sc, receiver);
    }
    if (receiver->sc != NULL) {
        sched_context_unblocked(receiver->sc);
    }
    thread_set_state(receiver, THREAD_RUNNING);
    sched_possible_switch_to(receiver);
}

static void receive_nothing(struct tcb *receiver)
{
    receiver->regs.x[0] = 0;
}

void endpoint_receive(struct endpoint *ep, struct tcb *receiver, bool can_grant, struct reply *reply, bool blocking)
{
    if (reply != NULL && reply->tcb != NULL && reply->tcb != receiver) {
        ipc_cancel(reply->tcb); /* an unanswered call: nobody can answer it through this reply now */
    }
    struct notification *bound = receiver->bound_notification;
    if (bound != NULL && bound->state == NOTIFICATION_ACTIVE) {
        notification_complete(bound, receiver);
        return;
    }
    if (bound != NULL && blocking) {
        sched_context_return(bound, receiver);
    }
    if (endpoint_state(ep) != ENDPOINT_SENDERS) {
        if (!blocking) {
            receive_nothing(receiver);
            return;
        }
        thread_set_state(receiver, THREAD_BLOCKED_RECEIVE);
        receiver->sender_can_grant = can_grant;
        receiver->reply = reply;
        if (reply != NULL) {
            reply->tcb = receiver;
        }
        endpoint_insert(ep, receiver, ENDPOINT_RECEIVERS);
        return;
    }
    struct tcb *sender = ep->head;
    endpoint_remove(ep, sender);
    message_transfer(sender, ep, sender->sender_badge, sender->sender_can_grant, receiver);
    if (sender->sc != NULL) {
        sched_context_unblocked(sender->sc);
    }
    if (sender->sender_is_call || has_fault(sender)) {
        bool can_donate = sender->sc != NULL && sender->fault.type != seL4_Fault_Timeout;
        caller_waits(sender, receiver, reply, sender->sender_can_grant || sender->sender_can_grant_reply, can_donate);
    } else {
        thread_set_state(sender, THREAD_RUNNING);
        sched_possible_switch_to(sender);
    }
}

void ipc_cancel(struct tcb *t)
{
    t->fault.type = seL4_Fault_NullFault;
    switch ((enum thread_state)t->state) {
    case THREAD_BLOCKED_SEND:
        endpoint_remove((struct endpoint *)t->waits_for, t);
        thread_set_state(t, THREAD_INACTIVE);
        break;
    case THREAD_BLOCKED_RECEIVE:
        endpoint_remove((struct endpoint *)t->waits_for, t);
        if (t->reply != NULL) {
            reply_unlink(t->reply);
        }
        thread_set_state(t, THREAD_INACTIVE);
        break;
    case THREAD_BLOCKED_NOTIFICATION:
        notification_cancel((struct notification *)t->waits_for, t);
        break;
    case THREAD_BLOCKED_REPLY:
        reply_abandon(t->reply);
        thread_set_state(t, THREAD_INACTIVE);
        break;
    case THREAD_INACTIVE:
    case THREAD_RUNNING:
    case THREAD_RESTART:
    case THREAD_IDLE:
        break;
    }
}

/* A thread that sent a fault has no system call to start again: it stays stopped until somebody resumes it. */
static void start_again(struct tcb *t)
{
    if (has_fault(t)) {
        thread_set_state(t, THREAD_INACTIVE);
        return;
    }
    thread_set_state(t, THREAD_RESTART);
    if (t->sc != NULL) {
        sched_context_unblocked(t->sc);
    }
    sched_possible_switch_to(t);
}

void endpoint_cancel_all(struct endpoint *ep)
{
    struct tcb *next;
    struct tcb *t = ep->head;
    endpoint_set_queue(ep, (struct tcb_queue){NULL, NULL}, ENDPOINT_IDLE);
    for (; t != NULL; t = next) {
        next = t->queue_next;
        t->queue_next = NULL;
        t->queue_prev = NULL;
        if (t->reply != NULL) {
            reply_unlink(t->reply);
        }
        start_again(t);
    }
    sched_choose_anew();
}

void endpoint_cancel_badged(struct endpoint *ep, uint64_t badge)
{
    if (endpoint_state(ep) != ENDPOINT_SENDERS) {
        return;
    }
    struct tcb_queue queue = endpoint_queue(ep);
    for (struct tcb *t = queue.head, *next; t != NULL; t = next) {
        next = t->queue_next;
        if (t->sender_badge == badge) {
            queue_remove(&queue, t);
            start_again(t);
        }
    }
    endpoint_set_queue(ep, queue, ENDPOINT_SENDERS);
    sched_choose_anew();
}
