/* SPDX-License-Identifier: MIT */
/**
 * Scheduling: who runs, on whose time. Fixed priorities with first-in-first-out among equals; every thread spends the budget
 * of a scheduling context; a thread out of budget waits in the release queue.
 *
 * Life of a kernel entry:  sched_enter() reads the clock and checks the budget;  the entry does its work, naming threads that
 * could run next;  sched_leave() picks one, charges time when the context changes and sets the timer.
 *
 * Owns:   kernel.{current, switch_to, choose_anew, ready*, release_head, now, consumed, domain*}, tcb.sched_*.
 * Uses:   refill, objects.h, arch (clock, timer, context switch), api/fault for timeout faults.
 * Limits: picking is O(1); the release queue is O(threads out of budget) to insert.
 * Source: seL4 manual chapter 6.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "sched/refill.h"

/* ---- the life of a kernel entry */

/** Reads the clock; the time since it was read last has been consumed by the running context. */
static inline void sched_update_time(void)
{
    ticks_t now = arch_time();
    kernel.consumed += now - kernel.now;
    kernel.now = now;
}

/** True when the domain has no time left for a kernel entry. */
static inline bool sched_domain_has_expired(void)
{
    return DOMAIN_COUNT > 1 && kernel.domain_end < kernel.now + refill_min_budget();
}

/** True when the running context and the domain have time left for a kernel entry. */
static inline bool sched_has_time(void)
{
    struct sched_context *sc = kernel.current_sc;
    return sc->refill_max != 0 && refill_is_sufficient(sc, kernel.consumed, refill_min_budget()) && !sched_domain_has_expired();
}

/** What sched_enter() does when the running thread has no time left. */
void sched_give_way(void);

/**
 * Begins a kernel entry: reads the clock and checks that there is time left for it. If not, the budget is charged, the thread
 * gives way (it will execute its instruction again) and false is returned: the entry must do nothing more for it.
 */
MUST_USE static inline bool sched_enter(void)
{
    sched_update_time();
    if (likely(sched_has_time())) {
        return true;
    }
    if (kernel.current->state == THREAD_IDLE) { /* nobody's time */
        kernel.consumed = 0;
        return true;
    }
    sched_give_way();
    return false;
}

/** What sched_leave() does when there may be something to decide. */
void sched_decide(void);

/** True when a thread out of budget can run again. */
static inline bool sched_release_is_due(void)
{
    return kernel.release_head != NULL && refill_is_ready(kernel.release_head->sc, kernel.now);
}

/** Picks the next thread and switches to it. Afterwards kernel.current is what the entry code resumes. */
static inline void sched_leave(void)
{
    const struct tcb *t = kernel.current;
    bool undecided = kernel.choose_anew || kernel.recheck_current || kernel.reprogram_timer || kernel.switch_to != NULL ||
                     sched_release_is_due() || sched_domain_has_expired();
    if (undecided || t->state != THREAD_RUNNING || t->yield_to != NULL) {
        sched_decide();
    }
}

/** Ends the accounts of the context that ran, begins those of the running thread's, and sets the timer. */
void sched_account(void);

/** The head of the highest ready queue of the current domain that is not empty; NULL: all are. */
static inline struct tcb *sched_highest_ready(void)
{
    uint64_t words = kernel.ready_words[kernel.domain];
    if (words == 0) {
        return NULL;
    }
    unsigned word = 63 - (unsigned)__builtin_clzll(words);
    unsigned priority = word * 64 + 63 - (unsigned)__builtin_clzll(kernel.ready_bits[kernel.domain][word]);
    return kernel.ready[kernel.domain][priority].head;
}

/** True when `to` may run next if `from`, which runs, blocks: nobody that is ready comes before it. */
static inline bool sched_may_run_next(const struct tcb *from, const struct tcb *to)
{
    if (to->domain != kernel.domain) {
        return false;
    }
    if (likely(to->priority >= from->priority)) {
        return true;
    }
    const struct tcb *highest = sched_highest_ready();
    return highest == NULL || to->priority >= highest->priority;
}

/* ---- what entries do to threads */

static inline void thread_set_state(struct tcb *t, enum thread_state state)
{
    t->state = (uint8_t)state;
    if (t == kernel.current) {
        kernel.recheck_current = true;
    }
}

static inline bool thread_is_runnable(const struct tcb *t)
{
    return t->state == THREAD_RUNNING || t->state == THREAD_RESTART;
}

/** Runnable, and has a configured context with budget. */
static inline bool thread_is_schedulable(const struct tcb *t)
{
    return thread_is_runnable(t) && t->sc != NULL && t->sc->refill_max != 0 && !t->in_release_queue;
}

/** `t` became runnable: it runs next if it is important enough, else it is queued. Harmless if it has no budget. */
void sched_possible_switch_to(struct tcb *t);

/** The running thread may not be the right one any more. */
void sched_choose_anew(void);

/** Puts `t`, which can run, into its ready queue, if it is not there. */
void sched_set_ready(struct tcb *t, bool at_head);

/** Removes `t` from the ready or release queue, if it is in one. */
void sched_forget(struct tcb *t);

/** Puts the thread of `sc`, whose budget is used up, into the release queue. */
void sched_postpone(struct sched_context *sc);

/** A context got a thread or a budget: the thread waits for its refill or becomes ready. */
void sched_resume_context(struct sched_context *sc);

/** Charges all that has been consumed to the running context without ending its slice. */
void sched_commit_time(void);

/** Ends the slice of the running thread, as Yield does. (A function of the host is called sched_yield.) */
void sched_end_slice(void);

/** Lets `t` run before the running thread, which stays ready. */
void sched_yield_to(struct tcb *t);

void sched_set_priority(struct tcb *t, uint8_t priority);
void sched_set_domain(struct tcb *t, uint8_t domain);

/** Ends the domain schedule and starts it at entry `index`, which is no end marker. */
void sched_start_domain(uint32_t index);

/** Appends to or removes from a queue that is ordered by priority, first in first out among equals. */
void queue_insert(struct tcb_queue *queue, struct tcb *t);
void queue_remove(struct tcb_queue *queue, struct tcb *t);

/**
 * A place to give way inside a long operation. Every 100 calls it looks at interrupts and the budget.
 * @return true when the operation must stop in a state from which it can be started again.
 */
MUST_USE bool preemption_point(void);

/** The same, but looks at once: for steps that are long themselves. */
MUST_USE bool preemption_now(void);

#endif
