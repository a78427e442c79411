/* SPDX-License-Identifier: MIT */
/** Notifications: see ipc.h. */
#include "object/ipc.h"
#include "sched/sched.h"

static void deliver(struct notification *n, struct tcb *t, uint64_t badge)
{
    thread_set_state(t, THREAD_RUNNING);
    t->regs.x[0] = badge;
    sched_context_lend(n, t);
    if (t->sc != NULL) {
        sched_context_unblocked(t->sc);
    }
    sched_possible_switch_to(t);
}

static void remove_waiter(struct notification *n, struct tcb *t)
{
    queue_remove(&n->waiters, t);
    if (n->waiters.head == NULL) {
        n->state = NOTIFICATION_IDLE;
    }
}

void notification_signal(struct notification *n, uint64_t badge)
{
    struct tcb *bound = n->bound_tcb;
    switch (n->state) {
    case NOTIFICATION_IDLE:
        if (bound != NULL && bound->state == THREAD_BLOCKED_RECEIVE) {
            ipc_cancel(bound);
            deliver(n, bound, badge);
        } else {
            n->badge = badge;
            n->state = NOTIFICATION_ACTIVE;
        }
        break;
    case NOTIFICATION_WAITERS: {
        struct tcb *t = n->waiters.head;
        remove_waiter(n, t);
        deliver(n, t, badge);
        break;
    }
    case NOTIFICATION_ACTIVE:
        n->badge |= badge;
        break;
    }
}

void notification_complete(struct notification *n, struct tcb *t)
{
    t->regs.x[0] = n->badge;
    n->state = NOTIFICATION_IDLE;
    sched_context_lend(n, t);
    if (t->sc != NULL) {
        sched_context_unblocked(t->sc);
    }
}

void notification_wait(struct notification *n, struct tcb *t, bool blocking)
{
    if (n->state == NOTIFICATION_ACTIVE) {
        notification_complete(n, t);
    } else if (blocking) {
        thread_set_state(t, THREAD_BLOCKED_NOTIFICATION);
        t->waits_for = n;
        sched_context_return(n, t);
        queue_insert(&n->waiters, t);
        n->state = NOTIFICATION_WAITERS;
    } else {
        t->regs.x[0] = 0;
    }
}

void notification_cancel(struct notification *n, struct tcb *t)
{
    remove_waiter(n, t);
    thread_set_state(t, THREAD_INACTIVE);
}

void notification_cancel_all(struct notification *n)
{
    struct tcb *t;
    while ((t = n->waiters.head) != NULL) {
        remove_waiter(n, t);
        thread_set_state(t, THREAD_RESTART);
        if (t->sc != NULL) {
            sched_context_unblocked(t->sc);
        }
        sched_possible_switch_to(t);
    }
    sched_choose_anew();
}

void notification_reorder(struct notification *n, struct tcb *t)
{
    queue_remove(&n->waiters, t);
    queue_insert(&n->waiters, t);
}

void notification_bind(struct notification *n, struct tcb *t)
{
    n->bound_tcb = t;
    t->bound_notification = n;
}

void notification_unbind(struct notification *n)
{
    if (n->bound_tcb != NULL) {
        n->bound_tcb->bound_notification = NULL;
        n->bound_tcb = NULL;
    }
}
