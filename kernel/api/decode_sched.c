/* SPDX-License-Identifier: MIT */
/** Operations on scheduling contexts, their control and domains. Source: seL4 manual chapter 6, SchedContext_* in chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/ipc.h"
#include "sched/refill.h"
#include "sched/sched.h"

static struct sched_context *target(const struct invocation *inv)
{
    return kptr(cap_address(inv->cap));
}

/* ---- scheduling contexts ------------------------------------------------------------------------------------------------------ */

static enum outcome bind(struct invocation *inv)
{
    struct sched_context *sc = target(inv);
    if (!has_words(inv, 0, 1)) {
        return FAILED;
    }
    struct cap cap = inv->extra[0]->cap;
    if (cap_type(cap) == CAP_TCB) {
        struct tcb *t = kptr(cap_address(cap));
        if (sc->tcb != NULL || t->sc != NULL || !sched_context_may_bind(sc, t)) {
            return refuse(inv, seL4_IllegalOperation);
        }
        sched_context_bind_tcb(sc, t);
        return DONE;
    }
    if (cap_type(cap) == CAP_NOTIFICATION) {
        struct notification *n = kptr(cap_address(cap));
        if (sc->notification != NULL || n->sc != NULL) {
            return refuse(inv, seL4_IllegalOperation);
        }
        sched_context_bind_notification(sc, n);
        return DONE;
    }
    return refuse_capability(inv, 1);
}

static enum outcome unbind_object(struct invocation *inv)
{
    struct sched_context *sc = target(inv);
    if (!has_words(inv, 0, 1)) {
        return FAILED;
    }
    struct cap cap = inv->extra[0]->cap;
    if (cap_type(cap) == CAP_TCB) {
        if (sc->tcb != kptr(cap_address(cap)) || sc->tcb == kernel.current) {
            return refuse(inv, seL4_IllegalOperation);
        }
        sched_context_unbind_tcb(sc);
        return DONE;
    }
    if (cap_type(cap) == CAP_NOTIFICATION) {
        if (sc->notification != kptr(cap_address(cap))) {
            return refuse(inv, seL4_IllegalOperation);
        }
        sched_context_unbind_notification(sc);
        return DONE;
    }
    return refuse_capability(inv, 1);
}

static enum outcome unbind(struct invocation *inv)
{
    struct sched_context *sc = target(inv);
    if (sc->tcb == kernel.current) {
        return refuse(inv, seL4_IllegalOperation);
    }
    sched_context_unbind_tcb(sc);
    sched_context_unbind_notification(sc);
    if (sc->reply != NULL) {
        sc->reply->above = 0;
        sc->reply = NULL;
    }
    return DONE;
}

static enum outcome consumed(struct invocation *inv)
{
    uint64_t us = sched_context_take_consumed(target(inv));
    return_words(inv, &us, 1);
    return DONE;
}

static enum outcome yield_to(struct invocation *inv)
{
    struct sched_context *sc = target(inv);
    struct tcb *t = sc->tcb;
    struct tcb *caller = inv->caller;
    if (t == NULL || t == caller || t->priority > caller->max_controlled_priority || caller->yield_to != NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    sched_context_complete_yield(sc->yield_from);
    sched_resume_context(sc);
    if (!thread_is_schedulable(t) || t->priority < caller->priority) {
        if (thread_is_schedulable(t)) {
            sched_yield_to(t);
        }
        return consumed(inv);
    }
    caller->yield_to = sc;
    sc->yield_from = caller;
    sched_yield_to(t);
    inv->has_result = true; /* written when the caller runs again */
    return DONE;
}

enum outcome decode_sched_context(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_SchedContextConsumed:
        return consumed(inv);
    case seL4_SchedContextBind:
        return bind(inv);
    case seL4_SchedContextUnbindObject:
        return unbind_object(inv);
    case seL4_SchedContextUnbind:
        return unbind(inv);
    case seL4_SchedContextYieldTo:
        return yield_to(inv);
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}

/* ---- control ---------------------------------------------------------------------------------------------------------------------- */

struct parameters {
    ticks_t budget;
    ticks_t period; /* 0: round robin */
    uint32_t refill_max;
    uint64_t badge;
    bool sporadic;
};

static enum outcome prove_parameters(struct invocation *inv, struct parameters *p)
{
    uint64_t budget_us = arg(inv, 0);
    uint64_t period_us = arg(inv, 1);
    uint64_t extra = arg(inv, 2);
    struct cap cap = inv->extra[0]->cap;
    if (cap_type(cap) != CAP_SCHED_CONTEXT) {
        return refuse_capability(inv, 1);
    }
    if (budget_us > ARCH_MAX_US || budget_us < MIN_BUDGET_US || period_us > ARCH_MAX_US || period_us < MIN_BUDGET_US) {
        return refuse_range(inv, MIN_BUDGET_US, ARCH_MAX_US);
    }
    if (budget_us > period_us) {
        return refuse_range(inv, MIN_BUDGET_US, period_us);
    }
    uint64_t extra_max = refill_capacity_of(cap_bits(cap)) - REFILLS_MIN;
    if (extra > extra_max) {
        return refuse_range(inv, 0, extra_max);
    }
    *p = (struct parameters){.budget = arch_ticks_from_us(budget_us),
                             .period = budget_us == period_us ? 0 : arch_ticks_from_us(period_us),
                             .refill_max = budget_us == period_us ? REFILLS_MIN : (uint32_t)(extra + REFILLS_MIN),
                             .badge = arg(inv, 3),
                             .sporadic = (arg(inv, 4) & seL4_SchedContext_Sporadic) != 0};
    return DONE;
}

static void configure(struct sched_context *sc, const struct parameters *p)
{
    struct tcb *t = sc->tcb;
    if (t != NULL) {
        sched_forget(t); /* queues are sorted by what is about to change */
        if (sc == kernel.current_sc) {
            sched_commit_time();
        }
    }
    sc->badge = p->badge;
    sc->sporadic = p->sporadic;
    if (sc->refill_max != 0 && t != NULL && thread_is_runnable(t)) {
        refill_update(sc, p->refill_max, p->budget, p->period, kernel.now);
    } else {
        refill_new(sc, p->refill_max, p->budget, p->period, kernel.now);
    }
    if (t != NULL) {
        sched_resume_context(sc);
        if (t == kernel.current) {
            kernel.reprogram_timer = true;
            kernel.recheck_current = true;
        } else if (thread_is_schedulable(t)) {
            sched_possible_switch_to(t);
        }
    }
}

enum outcome decode_sched_control(struct invocation *inv)
{
    struct parameters p = {0};
    if (inv->label != seL4_SchedControlConfigureFlags) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 5, 1) || prove_parameters(inv, &p) != DONE) {
        return FAILED;
    }
    configure(kptr(cap_address(inv->extra[0]->cap)), &p);
    return DONE;
}

/* ---- domains ----------------------------------------------------------------------------------------------------------------------- */

static enum outcome domain_set(struct invocation *inv)
{
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    if (arg(inv, 0) >= DOMAIN_COUNT) {
        return refuse_argument(inv, 0);
    }
    if (!has_words(inv, 1, 1)) {
        return FAILED;
    }
    if (cap_type(inv->extra[0]->cap) != CAP_TCB) {
        return refuse_argument(inv, 1);
    }
    sched_set_domain(kptr(cap_address(inv->extra[0]->cap)), (uint8_t)arg(inv, 0));
    return DONE;
}

static enum outcome schedule_configure(struct invocation *inv)
{
    if (!has_words(inv, 3, 0)) {
        return FAILED;
    }
    uint64_t index = arg(inv, 0);
    uint64_t domain = arg(inv, 1);
    ticks_t duration = arg(inv, 2);
    if (index >= DOMAIN_SCHEDULE_COUNT - 1) {
        return refuse_range(inv, 0, DOMAIN_SCHEDULE_COUNT - 2);
    }
    if (domain >= DOMAIN_COUNT) {
        return refuse_range(inv, 0, DOMAIN_COUNT - 1);
    }
    if (duration > DOMAIN_DURATION_MAX) {
        return refuse_argument(inv, 2);
    }
    if (duration == 0 && domain != 0) {
        return refuse_argument(inv, 1);
    }
    if (duration == 0 && index == kernel.domain_start) {
        return refuse_argument(inv, 2);
    }
    kernel.domain_schedule[index] = (struct domain_entry){domain, duration};
    return DONE;
}

static enum outcome schedule_set_start(struct invocation *inv)
{
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    uint64_t index = arg(inv, 0);
    if (index >= DOMAIN_SCHEDULE_COUNT) {
        return refuse_range(inv, 0, DOMAIN_SCHEDULE_COUNT - 1);
    }
    if (kernel.domain_schedule[index].duration == 0) {
        return refuse_argument(inv, 0);
    }
    sched_start_domain((uint32_t)index);
    return DONE;
}

enum outcome decode_domain(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_DomainSetSet:
        return domain_set(inv);
    case seL4_DomainScheduleConfigure:
        return schedule_configure(inv);
    case seL4_DomainScheduleSetStart:
        return schedule_set_start(inv);
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}
