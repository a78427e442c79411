/* SPDX-License-Identifier: MIT */
/** Scheduling: see sched.h. */
#include "sched/sched.h"

#include "api/fault.h"
#include "arch_switch.h"
#include "object/ipc.h"
#include "object/trace.h"
#include "sched/refill.h"

enum { WORK_UNITS_PER_LOOK = 100 };

/* ---- queues of waiting threads ------------------------------------------------------------------------------------- */

void queue_insert(struct tcb_queue *queue, struct tcb *t)
{
    struct tcb *before = queue->tail;
    while (before != NULL && before->priority < t->priority) {
        before = before->queue_prev;
    }
    struct tcb *after = before != NULL ? before->queue_next : queue->head;
    t->queue_prev = before;
    t->queue_next = after;
    *(before != NULL ? &before->queue_next : &queue->head) = t;
    *(after != NULL ? &after->queue_prev : &queue->tail) = t;
}

/*@ requires \valid(queue) && \valid(t) && \separated(queue, t);
    requires t->queue_prev != \null ==> \valid(t->queue_prev) && t->queue_prev->queue_next == t && \separated(queue, t, t->queue_prev);
    requires t->queue_next != \null ==> \valid(t->queue_next) && t->queue_next->queue_prev == t && \separated(queue, t, t->queue_next);
    requires t->queue_prev != \null && t->queue_next != \null ==> \separated(t->queue_prev, t->queue_next);
    assigns queue->head, queue->tail, t->queue_next, t->queue_prev, t->queue_prev->queue_next, t->queue_next->queue_prev;
    ensures gone: t->queue_next == \null && t->queue_prev == \null;
    ensures before: \old(t->queue_prev) != \null ==> \old(t->queue_prev)->queue_next == \old(t->queue_next) && queue->head == \old(queue->head);
    ensures after: \old(t->queue_next) != \null ==> \old(t->queue_next)->queue_prev == \old(t->queue_prev) && queue->tail == \old(queue->tail);
    ensures first: \old(t->queue_prev) == \null ==> queue->head == \old(t->queue_next);
    ensures last: \old(t->queue_next) == \null ==> queue->tail == \old(t->queue_prev); */
void queue_remove(struct tcb_queue *queue, struct tcb *t)
{
    *(t->queue_prev != NULL ? &t->queue_prev->queue_next : &queue->head) = t->queue_next;
    *(t->queue_next != NULL ? &t->queue_next->queue_prev : &queue->tail) = t->queue_prev;
    t->queue_next = NULL;
    t->queue_prev = NULL;
}

/* ---- ready queues: a bitmap of two levels finds the highest priority ------------------------------------------------ */

/*@ requires domain < DOMAIN_COUNT;
    assigns kernel.ready_words[domain], kernel.ready_bits[domain][priority / 64];
    ensures marked: (kernel.ready_bits[domain][priority / 64] & (1 << (priority % 64))) != 0;
    ensures word: (kernel.ready_words[domain] & (1 << (priority / 64))) != 0;
    ensures others: \forall integer q; 0 <= q < 64 && q != priority % 64 ==>
      ((kernel.ready_bits[domain][priority / 64] & (1 << q)) != 0 <==>
       (\old(kernel.ready_bits[domain][priority / 64]) & (1 << q)) != 0);
    ensures other_words: \forall integer w; 0 <= w < 64 && w != priority / 64 ==>
      ((kernel.ready_words[domain] & (1 << w)) != 0 <==> (\old(kernel.ready_words[domain]) & (1 << w)) != 0); */
static void ready_mark(uint8_t domain, uint8_t priority)
{
    kernel.ready_words[domain] |= bit(priority / 64u);
    kernel.ready_bits[domain][priority / 64] |= bit(priority % 64u);
}

/*@ requires domain < DOMAIN_COUNT;
    assigns kernel.ready_words[domain], kernel.ready_bits[domain][priority / 64];
    ensures clear: (kernel.ready_bits[domain][priority / 64] & (1 << (priority % 64))) == 0;
    ensures others: \forall integer q; 0 <= q < 64 && q != priority % 64 ==>
      ((kernel.ready_bits[domain][priority / 64] & (1 << q)) != 0 <==>
       (\old(kernel.ready_bits[domain][priority / 64]) & (1 << q)) != 0);
    ensures none_left: kernel.ready_bits[domain][priority / 64] == 0 ==> (kernel.ready_words[domain] & (1 << (priority / 64))) == 0;
    ensures some_left: kernel.ready_bits[domain][priority / 64] != 0 ==> kernel.ready_words[domain] == \old(kernel.ready_words[domain]);
    ensures other_words: \forall integer w; 0 <= w < 64 && w != priority / 64 ==>
      ((kernel.ready_words[domain] & (1 << w)) != 0 <==> (\old(kernel.ready_words[domain]) & (1 << w)) != 0); */
static void ready_unmark(uint8_t domain, uint8_t priority)
{
    uint64_t *bits = &kernel.ready_bits[domain][priority / 64];
    *bits &= ~bit(priority % 64u);
    if (*bits == 0) {
        kernel.ready_words[domain] &= ~bit(priority / 64u);
    }
}

/*@ predicate ready_can_change(struct tcb *t) =
      \valid(t) && t->domain < DOMAIN_COUNT && \separated(t, &kernel);
    predicate ready_ends(struct tcb_queue *queue, struct tcb *t) =
      queue->head != \null ==> \valid(queue->head) && \valid(queue->tail) && queue->head->sched_prev == \null &&
        queue->tail->sched_next == \null && \separated(t, queue->head, &kernel) && \separated(t, queue->tail, &kernel); */

/*@ requires ready_can_change(t) && ready_ends(&kernel.ready[t->domain][t->priority], t);
    requires t->sc != \null && !t->in_release_queue;
    assigns t->sched_next, t->sched_prev, t->in_ready_queue, kernel.ready[t->domain][t->priority],
            kernel.ready_words[t->domain], kernel.ready_bits[t->domain][t->priority / 64],
            kernel.ready[t->domain][t->priority].head->sched_prev, kernel.ready[t->domain][t->priority].tail->sched_next;
    ensures t->in_ready_queue;
    ensures untouched: \old(t->in_ready_queue) ==> kernel.ready[t->domain][t->priority] == \old(kernel.ready[t->domain][t->priority]);
    ensures alone: !\old(t->in_ready_queue) && \old(kernel.ready[t->domain][t->priority].head) == \null ==>
      kernel.ready[t->domain][t->priority].head == t && kernel.ready[t->domain][t->priority].tail == t &&
      t->sched_next == \null && t->sched_prev == \null &&
      (kernel.ready_bits[t->domain][t->priority / 64] & (1 << (t->priority % 64))) != 0;
    ensures first: !\old(t->in_ready_queue) && \old(kernel.ready[t->domain][t->priority].head) != \null && at_head ==>
      kernel.ready[t->domain][t->priority].head == t && t->sched_prev == \null &&
      t->sched_next == \old(kernel.ready[t->domain][t->priority].head) && t->sched_next->sched_prev == t;
    ensures last: !\old(t->in_ready_queue) && \old(kernel.ready[t->domain][t->priority].head) != \null && !at_head ==>
      kernel.ready[t->domain][t->priority].tail == t && t->sched_next == \null &&
      t->sched_prev == \old(kernel.ready[t->domain][t->priority].tail) && t->sched_prev->sched_next == t; */
void sched_set_ready(struct tcb *t, bool at_head)
{
    if (t->in_ready_queue) {
        return;
    }
    kassert(t->sc != NULL && !t->in_release_queue);
    struct tcb_queue *queue = &kernel.ready[t->domain][t->priority];
    if (queue->head == NULL) {
        ready_mark(t->domain, t->priority);
        queue->head = t;
        queue->tail = t;
        t->sched_prev = NULL;
        t->sched_next = NULL;
    } else if (at_head) {
        t->sched_prev = NULL;
        t->sched_next = queue->head;
        queue->head->sched_prev = t;
        queue->head = t;
    } else {
        t->sched_next = NULL;
        t->sched_prev = queue->tail;
        queue->tail->sched_next = t;
        queue->tail = t;
    }
    t->in_ready_queue = true;
}

/*@ requires ready_can_change(t);
    requires t->sched_prev != \null ==> \valid(t->sched_prev) && t->sched_prev->sched_next == t && \separated(&kernel, t, t->sched_prev);
    requires t->sched_next != \null ==> \valid(t->sched_next) && t->sched_next->sched_prev == t && \separated(&kernel, t, t->sched_next);
    requires t->sched_prev != \null && t->sched_next != \null ==> \separated(t->sched_prev, t->sched_next);
    assigns t->in_ready_queue, kernel.ready[t->domain][t->priority], kernel.ready_words[t->domain],
            kernel.ready_bits[t->domain][t->priority / 64], t->sched_prev->sched_next, t->sched_next->sched_prev;
    ensures !t->in_ready_queue;
    ensures before: \old(t->in_ready_queue) && t->sched_prev != \null ==> t->sched_prev->sched_next == t->sched_next;
    ensures after: \old(t->in_ready_queue) && t->sched_next != \null ==> t->sched_next->sched_prev == t->sched_prev;
    ensures first: \old(t->in_ready_queue) && t->sched_prev == \null ==> kernel.ready[t->domain][t->priority].head == t->sched_next;
    ensures last: \old(t->in_ready_queue) && t->sched_next == \null ==> kernel.ready[t->domain][t->priority].tail == t->sched_prev;
    ensures none_left: \old(t->in_ready_queue) && kernel.ready[t->domain][t->priority].head == \null ==>
      (kernel.ready_bits[t->domain][t->priority / 64] & (1 << (t->priority % 64))) == 0; */
static void ready_remove(struct tcb *t)
{
    if (!t->in_ready_queue) {
        return;
    }
    struct tcb_queue *queue = &kernel.ready[t->domain][t->priority];
    *(t->sched_prev != NULL ? &t->sched_prev->sched_next : &queue->head) = t->sched_next;
    *(t->sched_next != NULL ? &t->sched_next->sched_prev : &queue->tail) = t->sched_prev;
    if (queue->head == NULL) {
        ready_unmark(t->domain, t->priority);
    }
    t->in_ready_queue = false;
}

/* ---- release queue: threads without budget, soonest refill first ----------------------------------------------------- */

static void release_insert(struct tcb *t)
{
    kassert(!t->in_release_queue && !t->in_ready_queue);
    ticks_t time = refill_head(t->sc)->time;
    struct tcb *before = NULL;
    struct tcb *after = kernel.release_head;
    while (after != NULL && refill_head(after->sc)->time <= time) {
        before = after;
        after = after->sched_next;
    }
    t->sched_prev = before;
    t->sched_next = after;
    *(before != NULL ? &before->sched_next : &kernel.release_head) = t;
    if (after != NULL) {
        after->sched_prev = t;
    }
    if (before == NULL) {
        kernel.reprogram_timer = true;
    }
    t->in_release_queue = true;
}

static void release_remove(struct tcb *t)
{
    if (!t->in_release_queue) {
        return;
    }
    if (t->sched_prev == NULL) {
        kernel.reprogram_timer = true;
    }
    *(t->sched_prev != NULL ? &t->sched_prev->sched_next : &kernel.release_head) = t->sched_next;
    if (t->sched_next != NULL) {
        t->sched_next->sched_prev = t->sched_prev;
    }
    t->in_release_queue = false;
}

void sched_forget(struct tcb *t)
{
    ready_remove(t);
    release_remove(t);
}

void sched_postpone(struct sched_context *sc)
{
    ready_remove(sc->tcb);
    release_insert(sc->tcb);
}

void sched_resume_context(struct sched_context *sc)
{
    struct tcb *t = sc->tcb;
    if (t == NULL || !thread_is_schedulable(t)) {
        return;
    }
    if (!refill_is_ready(sc, kernel.now) || !refill_is_sufficient(sc, 0, refill_min_budget())) {
        sched_postpone(sc);
    }
}

/* ---- threads ---------------------------------------------------------------------------------------------------------- */

void sched_choose_anew(void)
{
    struct tcb *candidate = kernel.switch_to;
    if (candidate != NULL && !kernel.choose_anew && thread_is_schedulable(candidate)) {
        sched_set_ready(candidate, true);
    }
    kernel.switch_to = NULL;
    kernel.choose_anew = true;
}

void sched_possible_switch_to(struct tcb *t)
{
    if (t->sc == NULL || t->in_release_queue) {
        return;
    }
    if (t->domain != kernel.domain) {
        sched_set_ready(t, true);
    } else if (kernel.choose_anew || kernel.switch_to != NULL) {
        sched_choose_anew();
        sched_set_ready(t, true);
    } else {
        kernel.switch_to = t;
    }
}

void sched_yield_to(struct tcb *t)
{
    ready_remove(t);
    if (t->priority >= kernel.current->priority) {
        sched_set_ready(kernel.current, true);
    }
    sched_set_ready(t, true);
    sched_choose_anew();
}

/* A waiting thread moves in its queue; one that is ready moves to the queue of its new priority. */
void sched_set_priority(struct tcb *t, uint8_t priority)
{
    if (t->state == THREAD_BLOCKED_SEND || t->state == THREAD_BLOCKED_RECEIVE) {
        t->priority = priority;
        endpoint_reorder((struct endpoint *)t->waits_for, t);
    } else if (t->state == THREAD_BLOCKED_NOTIFICATION) {
        t->priority = priority;
        notification_reorder((struct notification *)t->waits_for, t);
    } else if (t->in_ready_queue || t == kernel.current) {
        ready_remove(t);
        t->priority = priority;
        sched_set_ready(t, true);
        sched_choose_anew();
    } else {
        t->priority = priority;
    }
}

void sched_start_domain(uint32_t index)
{
    kernel.domain_start = index;
    kernel.domain_index = DOMAIN_SCHEDULE_COUNT - 2; /* the next entry is the end marker: the schedule starts again */
    kernel.domain_end = 0;
    sched_choose_anew();
}

void sched_set_domain(struct tcb *t, uint8_t domain)
{
    ready_remove(t);
    t->domain = domain;
    if (thread_is_schedulable(t)) {
        sched_set_ready(t, true);
    }
    if (t == kernel.current) {
        sched_choose_anew();
    }
}

/* ---- time --------------------------------------------------------------------------------------------------------------- */

void sched_commit_time(void)
{
    struct sched_context *sc = kernel.current_sc;
    ticks_t consumed = kernel.consumed;
    kernel.consumed = 0;
    if (sc->refill_max == 0 || consumed == 0) {
        return;
    }
    sc->consumed += consumed;
    if (refill_is_round_robin(sc)) {
        refill_charge_round_robin(sc, consumed);
    } else {
        refill_charge(sc, consumed);
    }
}

static void end_slice(bool may_fault)
{
    struct tcb *t = kernel.current;
    struct sched_context *sc = t->sc;
    if (may_fault && !refill_is_round_robin(sc) && fault_timeout(t)) {
        return;
    }
    if (refill_is_ready(sc, kernel.now) && refill_is_sufficient(sc, 0, refill_min_budget())) {
        sched_set_ready(t, false);
    } else {
        sched_postpone(sc);
    }
}

/* Charges `consumed` ticks, which use the budget up, and lets others run. */
static void charge_and_end_slice(ticks_t consumed, bool may_fault)
{
    struct sched_context *sc = kernel.current_sc;
    if (sc->refill_max != 0) {
        if (refill_is_round_robin(sc)) {
            refill_end_slice(sc);
        } else {
            refill_charge(sc, consumed);
        }
        sc->consumed += consumed;
    }
    kernel.consumed = 0;
    if (thread_is_schedulable(kernel.current)) {
        end_slice(may_fault);
        sched_choose_anew();
        kernel.reprogram_timer = true;
    }
}

void sched_give_way(void)
{
    struct sched_context *sc = kernel.current_sc;
    if (sc->refill_max != 0 && refill_is_sufficient(sc, kernel.consumed, refill_min_budget())) {
        sched_choose_anew(); /* the domain's turn ends */
    } else {
        charge_and_end_slice(kernel.consumed, true);
    }
    if (thread_is_runnable(kernel.current)) {
        kernel.current->state = THREAD_RESTART;
    }
}

void sched_end_slice(void)
{
    struct sched_context *sc = kernel.current_sc;
    ticks_t consumed = sc->consumed + kernel.consumed;
    charge_and_end_slice(refill_head(sc)->amount, false);
    sc->consumed = consumed; /* time that was given up was not consumed */
}

bool preemption_point(void)
{
    return ++kernel.work_units >= WORK_UNITS_PER_LOOK && preemption_now();
}

bool preemption_now(void)
{
    kernel.work_units = 0;
    sched_update_time();
    struct sched_context *sc = kernel.current_sc;
    return sc->refill_max == 0 || !refill_is_sufficient(sc, kernel.consumed, refill_min_budget()) ||
           sched_domain_has_expired() || arch_interrupt_is_pending();
}

/* ---- leaving the kernel -------------------------------------------------------------------------------------------------- */

static void awaken(void)
{
    struct tcb *t;
    while ((t = kernel.release_head) != NULL && refill_is_ready(t->sc, kernel.now)) {
        release_remove(t);
        sched_possible_switch_to(t);
    }
}

static void switch_to(struct tcb *t)
{
    struct tcb *from = kernel.current;
    ready_remove(t);
    if (from != t) {
        kernel.current = t;
        trace_switch(t);
        arch_switch(from, t);
    }
}

static void switch_to_highest(void)
{
    struct tcb *t = sched_highest_ready();
    switch_to(t != NULL ? t : &kernel.idle_tcb);
}

static void next_domain(void)
{
    kernel.domain_index++;
    if (kernel.domain_schedule[kernel.domain_index].duration == 0) {
        kernel.domain_index = kernel.domain_start;
    }
    const struct domain_entry *entry = &kernel.domain_schedule[kernel.domain_index];
    kernel.domain = (uint32_t)entry->domain;
    kernel.domain_end = kernel.now + entry->duration;
    kernel.reprogram_timer = true;
}

/* The candidate may be switched to at once unless a thread that is ready comes before it. */
static void switch_to_candidate(struct tcb *candidate, bool current_was_schedulable)
{
    struct tcb *current = kernel.current;
    if (candidate->priority < current->priority || current->state == THREAD_IDLE) {
        struct tcb *highest = sched_highest_ready();
        if (highest != NULL && highest->priority > candidate->priority) {
            sched_set_ready(candidate, true);
            switch_to(highest);
            return;
        }
    } else if (current_was_schedulable && candidate->priority == current->priority) {
        sched_set_ready(candidate, false);
        switch_to_highest();
        return;
    }
    switch_to(candidate);
}

static void set_timer(void)
{
    ticks_t next = UINT64_MAX;
    struct sched_context *sc = kernel.current_sc;
    if (sc->refill_max != 0) {
        next = kernel.now + refill_head(sc)->amount;
    }
    if (DOMAIN_COUNT > 1 && kernel.domain_end < next) {
        next = kernel.domain_end;
    }
    if (kernel.release_head != NULL && refill_head(kernel.release_head->sc)->time < next) {
        next = refill_head(kernel.release_head->sc)->time;
    }
    arch_timer_set(next);
}

void sched_account(void)
{
    struct sched_context *sc = kernel.current->sc;
    sched_commit_time();
    if (sc != kernel.current_sc) {
        if (!sc->sporadic && sc->refill_max != 0) {
            refill_unblock(sc, kernel.now);
        }
        kernel.current_sc = sc;
    }
    set_timer();
    kernel.reprogram_timer = false;
}

void sched_decide(void)
{
    awaken();
    if (unlikely(sched_domain_has_expired())) {
        kernel.reprogram_timer = true;
        sched_choose_anew();
    }
    bool was_schedulable = !kernel.recheck_current || thread_is_schedulable(kernel.current);
    if (kernel.choose_anew || kernel.switch_to != NULL || !was_schedulable) {
        struct tcb *candidate = kernel.switch_to;
        if (was_schedulable && thread_is_schedulable(kernel.current)) {
            sched_set_ready(kernel.current, true);
        }
        if (kernel.choose_anew || candidate == NULL) {
            if (sched_domain_has_expired()) {
                sched_commit_time();
                next_domain();
            }
            switch_to_highest();
        } else {
            switch_to_candidate(candidate, was_schedulable);
        }
        kernel.switch_to = NULL;
        kernel.choose_anew = false;
    }
    kernel.recheck_current = false;
    struct tcb *t = kernel.current;
    if (kernel.reprogram_timer || t->sc != kernel.current_sc) {
        sched_account();
    }
    if (unlikely(t->yield_to != NULL)) {
        sched_context_complete_yield(t);
    }
    if (t->state == THREAD_RESTART) {
        t->regs.pc = t->regs.fault_pc;
        t->state = THREAD_RUNNING;
    }
}
