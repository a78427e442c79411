/* SPDX-License-Identifier: MIT */
/**
 * Wait: how a thread blocks and wakes. A handler that cannot go on puts its thread on queues and perhaps the timer heap,
 * and returns RESULT_BLOCK. Whatever wakes the thread puts it on the ready list; before the entry point returns, its call
 * is decided again from the saved arguments. So no wake-up can be lost, and every condition is checked in one place.
 * Owns:   wait queues, the ready list, the timer heap.    Uses: core.h.
 * Limits: O(1), the heap O(log timers). The first queue of a thread needs no memory.
 */
#include "core.h"

void wait_queue_init(struct wait_queue *q)
{
    link_init(&q->waiters);
}

bool wait_on(struct thread *t, struct wait_queue *q, uint64_t key)
{
    struct waiter *w = &t->wait;
    if (w->thread != NULL) {
        w = mem_alloc(&t->sys->memory, sizeof(*w), MEM_CORE);
        if (w == NULL) {
            return false;
        }
        w->next = t->more;
        t->more = w;
    }
    w->thread = t;
    w->key = key;
    link_add_before(&q->waiters, &w->link);
    return true;
}

void wait_end(struct thread *t)
{
    if (t->wait.thread != NULL) {
        link_remove(&t->wait.link);
        t->wait.thread = NULL;
    }
    while (t->more != NULL) {
        struct waiter *w = t->more;
        t->more = w->next;
        link_remove(&w->link);
        mem_free(&t->sys->memory, w);
    }
    timer_clear(t->sys, &t->timer);
}

void thread_halt(struct thread *t)
{
    struct linux_system *sys = t->sys;
    bool is_answered = t == sys->current && (sys->outcome == LINUX_REPLY_X0 || sys->outcome == LINUX_REPLY_FRAME);
    if (is_answered) { /* the entry point has not returned yet: the answer can still be taken back */
        t->trap = TRAP_CALL;
        t->reply = sys->outcome;
        sys->outcome = LINUX_KEEP;
    } else {
        sys->ops->thread_stop(sys->env, t->id);
        t->trap = TRAP_NONE;
    }
    t->undecided = false;
    t->restart = 0;
}

void thread_ready(struct thread *t)
{
    struct linux_system *sys = t->sys;
    switch (t->state) {
    case THREAD_USER:
        thread_halt(t);
        break;
    case THREAD_BLOCKED:
        wait_end(t);
        break;
    case THREAD_PARKED:
        break;
    case THREAD_CALL:
    case THREAD_READY:
        return;
    }
    t->state = THREAD_READY;
    link_add_before(&sys->ready, &t->ready);
}

void wake_all(struct wait_queue *q)
{
    while (!link_empty(&q->waiters)) {
        thread_ready(CONTAINER_OF(q->waiters.next, struct waiter, link)->thread); /* takes it off the queue */
    }
}

/* ---- timers: a binary heap, the earliest first ------------------------------------------------------------------- */

void timer_init(struct timer *timer, enum timer_kind kind)
{
    timer->heap_index = TIMER_IDLE;
    timer->kind = kind;
}

static void place(struct linux_system *sys, uint32_t index, struct timer *timer)
{
    sys->heap[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct linux_system *sys, uint32_t index, struct timer *timer)
{
    while (index > 0 && sys->heap[(index - 1) / 2]->deadline_ns > timer->deadline_ns) {
        place(sys, index, sys->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(sys, index, timer);
}

static void sift_down(struct linux_system *sys, uint32_t index, struct timer *timer)
{
    for (uint32_t child = 2 * index + 1; child < sys->timer_count; child = 2 * index + 1) {
        if (child + 1 < sys->timer_count && sys->heap[child + 1]->deadline_ns < sys->heap[child]->deadline_ns) {
            child++;
        }
        if (sys->heap[child]->deadline_ns >= timer->deadline_ns) {
            break;
        }
        place(sys, index, sys->heap[child]);
        index = child;
    }
    place(sys, index, timer);
}

void timer_clear(struct linux_system *sys, struct timer *timer)
{
    uint32_t index = timer->heap_index;
    if (index == TIMER_IDLE) {
        return;
    }
    timer->heap_index = TIMER_IDLE;
    struct timer *last = sys->heap[--sys->timer_count];
    if (last == timer) {
        return;
    }
    if (index > 0 && sys->heap[(index - 1) / 2]->deadline_ns > last->deadline_ns) {
        sift_up(sys, index, last);
    } else {
        sift_down(sys, index, last);
    }
}

void timer_set(struct linux_system *sys, struct timer *timer, uint64_t deadline_ns)
{
    timer_clear(sys, timer);
    if (deadline_ns == NEVER_NS) {
        return;
    }
    assert(sys->timer_count < TIMERS_MAX);
    timer->deadline_ns = deadline_ns;
    sift_up(sys, sys->timer_count++, timer);
}

void wait_until(struct thread *t, uint64_t deadline_ns)
{
    timer_set(t->sys, &t->timer, deadline_ns);
}

struct timer *timer_take_due(struct linux_system *sys, uint64_t now_ns)
{
    if (sys->timer_count == 0 || sys->heap[0]->deadline_ns > now_ns) {
        return NULL;
    }
    struct timer *timer = sys->heap[0];
    timer_clear(sys, timer);
    return timer;
}

/** Asks for the earliest deadline, unless an earlier one is already asked for: an early call of linux_timer is harmless. */
void timers_program(struct linux_system *sys)
{
    if (sys->timer_count > 0 && sys->heap[0]->deadline_ns < sys->programmed_ns) {
        sys->programmed_ns = sys->heap[0]->deadline_ns;
        sys->ops->set_timer(sys->env, sys->programmed_ns);
    }
}
