/* SPDX-License-Identifier: MIT */
/** Replies and the stack of calls that a scheduling context is lent along: see ipc.h and struct reply. */
#include "api/fault.h"
#include "api/message.h"
#include "object/ipc.h"
#include "sched/refill.h"
#include "sched/sched.h"

static struct sched_context *above_context(const struct reply *reply)
{
    return (reply->above & REPLY_ABOVE_IS_SC) != 0
               ? (struct sched_context *)(reply->above & ~(uintptr_t)REPLY_ABOVE_IS_SC)
               : NULL;
}

static uintptr_t above_is(struct sched_context *sc)
{
    return (uintptr_t)sc | REPLY_ABOVE_IS_SC;
}

void reply_push(struct reply *reply, struct tcb *caller, struct tcb *callee, bool can_donate)
{
    struct sched_context *sc = caller->sc;
    reply->tcb = caller;
    caller->reply = reply;
    thread_set_state(caller, THREAD_BLOCKED_REPLY);
    if (sc != NULL && callee->sc == NULL && can_donate) {
        reply->below = sc->reply;
        if (reply->below != NULL) {
            reply->below->above = (uintptr_t)reply;
        }
        reply->above = above_is(sc);
        sc->reply = reply;
        sched_context_donate(sc, callee);
    }
}

/* Takes `reply` out of its stack. Below it, the stack of an unanswered caller ends in nothing. */
static void leave_stack(struct reply *reply)
{
    struct sched_context *sc = above_context(reply);
    if (sc != NULL) {
        sc->reply = NULL;
    } else if (reply->above != 0) {
        ((struct reply *)reply->above)->below = NULL;
    }
    if (reply->below != NULL) {
        reply->below->above = 0;
    }
    reply->above = 0;
    reply->below = NULL;
}

void reply_pop(struct reply *reply)
{
    struct tcb *caller = reply->tcb;
    struct sched_context *sc = above_context(reply);
    struct reply *below = reply->below;
    leave_stack(reply);
    reply_unlink(reply);
    if (sc == NULL) {
        return;
    }
    sc->reply = below;
    if (below != NULL) {
        below->above = above_is(sc);
    }
    if (caller->sc == NULL) {
        sched_context_donate(sc, caller);
    }
}

void reply_abandon(struct reply *reply)
{
    leave_stack(reply);
    reply_unlink(reply);
}

/*
 * The caller has its context back, or never lent it; it runs if there is budget left. If there is none, its timeout handler is told,
 * but not when just that was answered.
 */
static void continue_caller(struct tcb *caller, uint8_t answered_fault)
{
    struct sched_context *sc = caller->sc;
    if (sc == NULL || !thread_is_runnable(caller)) {
        return;
    }
    if (sc->refill_max == 0 || caller->in_release_queue) {
        return;
    }
    if (refill_is_ready(sc, kernel.now) && refill_is_sufficient(sc, 0, refill_min_budget())) {
        sched_possible_switch_to(caller);
    } else if (answered_fault == seL4_Fault_Timeout || !fault_timeout(caller)) {
        sched_postpone(sc);
    }
}

void reply_send(struct reply *reply, struct tcb *replier, bool can_grant)
{
    struct tcb *caller = reply->tcb;
    if (caller == NULL || caller->state != THREAD_BLOCKED_REPLY) {
        return;
    }
    reply_pop(reply);
    if (caller->sc != NULL) {
        sched_context_unblocked(caller->sc);
    }
    uint8_t fault = caller->fault.type;
    if (fault == seL4_Fault_NullFault) {
        message_transfer(replier, NULL, 0, can_grant, caller);
        thread_set_state(caller, THREAD_RUNNING);
    } else {
        bool restart = fault_handle_reply(caller, replier);
        caller->fault.type = seL4_Fault_NullFault;
        thread_set_state(caller, restart ? THREAD_RESTART : THREAD_INACTIVE);
    }
    continue_caller(caller, fault);
}
