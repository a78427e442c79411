/* SPDX-License-Identifier: MIT */
/** Scheduling contexts and who has them: see ipc.h. Their refills are in sched/refill.c. */
#include "api/message.h"
#include "arch.h"
#include "object/ipc.h"
#include "sched/refill.h"
#include "sched/sched.h"

void sched_context_unblocked(struct sched_context *sc)
{
    if (sc->sporadic && sc->refill_max != 0 && sc != kernel.current_sc) {
        refill_unblock(sc, kernel.now);
    }
}

bool sched_context_may_bind(struct sched_context *sc, const struct tcb *t)
{
    bool blocked = t->state == THREAD_BLOCKED_RECEIVE || t->state == THREAD_BLOCKED_SEND ||
                   t->state == THREAD_BLOCKED_NOTIFICATION || t->state == THREAD_BLOCKED_REPLY;
    return !blocked || (sc->refill_max != 0 && refill_is_ready(sc, kernel.now));
}

void sched_context_bind_tcb(struct sched_context *sc, struct tcb *t)
{
    sc->tcb = t;
    t->sc = sc;
    sched_context_unblocked(sc);
    sched_resume_context(sc);
    if (thread_is_schedulable(t)) {
        sched_possible_switch_to(t);
    }
}

/* The thread of `sc` loses it, and with it every place in a queue of the scheduler. */
static void take_from_thread(struct sched_context *sc)
{
    struct tcb *t = sc->tcb;
    sched_forget(t);
    t->sc = NULL;
    sc->tcb = NULL;
    if (t == kernel.current) {
        kernel.recheck_current = true;
    } else if (t == kernel.switch_to) {
        sched_choose_anew();
    }
}

void sched_context_unbind_tcb(struct sched_context *sc)
{
    if (sc->tcb != NULL) {
        take_from_thread(sc);
    }
}

void sched_context_donate(struct sched_context *sc, struct tcb *to)
{
    kassert(to->sc == NULL);
    if (sc->tcb != NULL) {
        take_from_thread(sc);
    }
    sc->tcb = to;
    to->sc = sc;
}

void sched_context_bind_notification(struct sched_context *sc, struct notification *n)
{
    sc->notification = n;
    n->sc = sc;
}

void sched_context_unbind_notification(struct sched_context *sc)
{
    if (sc->notification != NULL) {
        sc->notification->sc = NULL;
        sc->notification = NULL;
    }
}

void sched_context_lend(struct notification *n, struct tcb *t)
{
    struct sched_context *sc = n->sc;
    if (t->sc == NULL && sc != NULL && sc->tcb == NULL) {
        sched_context_donate(sc, t);
        sched_context_unblocked(sc);
        sched_resume_context(sc);
    }
}

void sched_context_return(struct notification *n, struct tcb *t)
{
    struct sched_context *sc = n->sc;
    if (sc != NULL && sc == t->sc) {
        take_from_thread(sc);
    }
}

uint64_t sched_context_take_consumed(struct sched_context *sc)
{
    ticks_t consumed = sc->consumed;
    sc->consumed = 0;
    return arch_us_from_ticks(consumed);
}

void sched_context_cancel_yield(struct tcb *yielder)
{
    if (yielder != NULL && yielder->yield_to != NULL) {
        yielder->yield_to->yield_from = NULL;
        yielder->yield_to = NULL;
    }
}

void sched_context_complete_yield(struct tcb *yielder)
{
    if (yielder != NULL && yielder->yield_to != NULL) {
        message_return_word(yielder, sched_context_take_consumed(yielder->yield_to));
        sched_context_cancel_yield(yielder);
    }
}
