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

#include "object/objects.h"

/* ---- the life of a kernel entry */

/** Reads the clock and accounts the time since the last entry to the running context. */
void sched_update_time(void);

/**
 * Checks that the running context has budget left for a kernel entry. If not, the budget is charged, the thread gives way
 * (it will execute its instruction again) and false is returned: the entry must do nothing more for it.
 */
MUST_USE bool sched_check_budget(void);

/** Picks the next thread and switches to it. Afterwards kernel.current is what the entry code resumes. */
void sched_leave(void);

/* ---- what entries do to threads */

void thread_set_state(struct tcb *t, enum thread_state state);

static inline bool thread_is_runnable(const struct tcb *t)
{
    return t->state == THREAD_RUNNING || t->state == THREAD_RESTART;
}

/** Runnable, and has a configured context with budget. */
bool thread_is_schedulable(const struct tcb *t);

/** `t` became runnable: it runs next if it is important enough, else it is queued. Harmless if it has no budget. */
void sched_possible_switch_to(struct tcb *t);

/** The running thread may not be the right one any more. */
void sched_choose_anew(void);

/** Removes `t` from the ready or release queue, if it is in one. */
void sched_forget(struct tcb *t);

/** Puts the thread of `sc`, whose budget is used up, into the release queue. */
void sched_postpone(struct sched_context *sc);

/** A context got a thread or a budget: the thread waits for its refill or becomes ready. */
void sched_resume_context(struct sched_context *sc);

/** Charges all that has been consumed to the running context without ending its slice. */
void sched_commit_time(void);

/** Ends the slice of the running thread, as Yield does. */
void sched_yield(void);

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
