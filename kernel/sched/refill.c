/* SPDX-License-Identifier: MIT */
/** Refills: see refill.h. */
#include "sched/refill.h"

uint64_t refill_capacity_of(unsigned size_bits)
{
    uint64_t extra_bytes = bit(size_bits) - seL4_CoreSchedContextBytes;
    uint64_t capacity = REFILLS_MIN + extra_bytes / sizeof(struct refill);
    return capacity < UINT32_MAX ? capacity : UINT32_MAX;
}

/*@ requires \valid_read(sc) && sc->refill_head < sc->refill_max && position < sc->refill_max && sc->refill_max < 0x80000000;
    assigns \nothing;
    ensures \result == (sc->refill_head + position) % sc->refill_max;
    ensures \result < sc->refill_max; */
static uint32_t ring_index(const struct sched_context *sc, uint32_t position)
{
    uint32_t index = sc->refill_head + position; /* both below refill_max, which is far below 2^31 */
    return index < sc->refill_max ? index : index - sc->refill_max;
}

/* The two as one, no part of which can be used before its time. */
/*@ requires last.amount <= REFILL_TICKS_MAX && used.amount <= REFILL_TICKS_MAX;
    requires last.time <= REFILL_TICKS_MAX && used.time <= REFILL_TICKS_MAX && last.time <= used.time;
    assigns \nothing;
    ensures sum: \result.amount == last.amount + used.amount;
    ensures not_early: \result.time >= last.time && \result.time + last.amount >= used.time;
    ensures not_late: \result.time == last.time || \result.time + last.amount == used.time; */
static struct refill refill_merged(struct refill last, struct refill used)
{
    if (used.time > last.time + last.amount) {
        last.time = used.time - last.amount;
    }
    last.amount += used.amount;
    return last;
}

/* Takes `usage` from the front: what is left starts later, and what was used comes back after a period. */
/*@ requires \valid(head) && usage <= head->amount && head->amount <= REFILL_TICKS_MAX;
    requires head->time <= REFILL_TICKS_MAX && period <= REFILL_TICKS_MAX;
    assigns *head;
    ensures sum: head->amount + \result.amount == \old(head->amount);
    ensures end: head->time + head->amount == \old(head->time + head->amount);
    ensures back: \result.time == \old(head->time) + period && \result.amount == usage; */
static struct refill refill_split(struct refill *head, ticks_t usage, ticks_t period)
{
    struct refill used = {head->time + period, usage};
    head->amount -= usage;
    head->time += usage;
    return used;
}

static struct refill *refill_nth(struct sched_context *sc, uint32_t position)
{
    return refill_at(sc, ring_index(sc, position));
}

static struct refill pop_head(struct sched_context *sc)
{
    kassert(sc->refill_count > 1);
    struct refill head = *refill_head(sc);
    sc->refill_head = ring_index(sc, 1);
    sc->refill_count--;
    return head;
}

/* Puts back what was used: behind the last refill, or merged with it where they touch or no room is left. */
static void schedule_used(struct sched_context *sc, struct refill used)
{
    struct refill *last = refill_nth(sc, sc->refill_count - 1);
    if (used.time > last->time + last->amount && sc->refill_count < sc->refill_max) {
        sc->refill_count++;
        *refill_nth(sc, sc->refill_count - 1) = used;
    } else {
        *last = refill_merged(*last, used);
    }
}

void refill_new(struct sched_context *sc, uint32_t refill_max, ticks_t budget, ticks_t period, ticks_t now)
{
    kassert(refill_max >= REFILLS_MIN && budget >= refill_min_budget());
    sc->period = period;
    sc->budget = budget;
    sc->refill_max = refill_max;
    sc->refill_head = 0;
    sc->refill_count = 1;
    *refill_head(sc) = (struct refill){now, budget};
}

void refill_update(struct sched_context *sc, uint32_t refill_max, ticks_t budget, ticks_t period, ticks_t now)
{
    struct refill head = *refill_head(sc);
    if (head.time <= now) {
        head.time = now;
    }
    if (head.amount > budget || period == 0) {
        head.amount = budget;
    }
    ticks_t rest = budget - head.amount;
    refill_new(sc, refill_max, budget, period, head.time);
    refill_head(sc)->amount = head.amount;
    if (rest != 0) {
        schedule_used(sc, (struct refill){head.time + period, rest});
    }
}

void refill_charge(struct sched_context *sc, ticks_t usage)
{
    kassert(!refill_is_round_robin(sc));
    if (usage >= sc->budget) { /* a whole budget used moves every refill by one period: done at once, however often */
        ticks_t times = usage / sc->budget;
        ticks_t times_max = (1ull << 60) / sc->period;
        usage -= times * sc->budget;
        times = times < times_max ? times : times_max;
        for (uint32_t i = 0; i < sc->refill_count; i++) {
            refill_nth(sc, i)->time += times * sc->period;
        }
    }
    while (usage >= refill_head(sc)->amount && sc->refill_count > 1) {
        struct refill head = pop_head(sc);
        usage -= head.amount;
        head.time += sc->period;
        schedule_used(sc, head);
    }
    struct refill *head = refill_head(sc);
    if (usage != 0) {
        schedule_used(sc, refill_split(head, usage, sc->period));
    }
    while (refill_head(sc)->amount < refill_min_budget()) {
        struct refill crumb = pop_head(sc);
        refill_head(sc)->amount += crumb.amount;
        refill_head(sc)->time -= crumb.amount;
    }
}

void refill_charge_round_robin(struct sched_context *sc, ticks_t usage)
{
    kassert(refill_is_round_robin(sc));
    struct refill *head = refill_head(sc);
    if (usage < head->amount && head->amount - usage >= refill_min_budget()) {
        head->amount -= usage;
    } else {
        head->amount = sc->budget;
    }
}

void refill_end_slice(struct sched_context *sc)
{
    kassert(refill_is_round_robin(sc));
    refill_head(sc)->amount = sc->budget;
}

void refill_unblock(struct sched_context *sc, ticks_t now)
{
    struct refill *head = refill_head(sc);
    if (refill_is_round_robin(sc) || head->time > now) {
        return;
    }
    head->time = now;
    while (sc->refill_count > 1) {
        head = refill_head(sc);
        struct refill *second = refill_nth(sc, 1);
        if (second->time > head->time + head->amount) {
            break;
        }
        second->time = head->time;
        second->amount += head->amount;
        (void)pop_head(sc);
    }
}
