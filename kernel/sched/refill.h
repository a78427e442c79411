/* SPDX-License-Identifier: MIT */
/**
 * Refills: the budget of a scheduling context as a queue of (time, amount), each usable from its time on.
 *
 * Between kernel steps, for every configured context:
 *   1 <= refill_count <= refill_max;   the amounts sum to the budget;   times do not decrease, and refill i ends
 *   (time + amount) no later than refill i+1 starts;   the head holds at least MIN_BUDGET.
 * A round-robin context (period 0) has one refill of its whole budget; what is used of a slice is kept in a second one.
 *
 * Owns:   the refill fields of struct sched_context.    Uses: klib, objects.h, arch (units). Knows no threads and no clock.
 * Limits: every function is O(refills merged), at most refill_max; no other loops.
 * Source: seL4 manual chapter 6; Stanovich et al., "Defects of the POSIX sporadic server", RTAS 2010.
 */
#ifndef KERNEL_SCHED_REFILL_H
#define KERNEL_SCHED_REFILL_H

#include "arch.h"

/** A refill smaller than two worst-case kernel entries would be spent on the kernel alone. */
#define KERNEL_WCET_US 10u
#define MIN_BUDGET_US (2 * KERNEL_WCET_US)

enum { REFILLS_MIN = 2 };

#define REFILL_TICKS_MAX (1ull << 62) /**< of every time and amount: two of them can be added */

static inline ticks_t refill_min_budget(void)
{
    return arch_ticks_from_us(MIN_BUDGET_US);
}

static inline struct refill *refill_at(struct sched_context *sc, uint32_t index)
{
    return (struct refill *)((uintptr_t)sc->refills + (uintptr_t)index * sizeof(struct refill));
}

static inline struct refill *refill_head(struct sched_context *sc)
{
    return refill_at(sc, sc->refill_head);
}

static inline bool refill_is_round_robin(const struct sched_context *sc)
{
    return sc->period == 0;
}

/** True when the head may be used at `now`. */
static inline bool refill_is_ready(struct sched_context *sc, ticks_t now)
{
    return refill_head(sc)->time <= now;
}

/*@ assigns \nothing;
    ensures \result <==> usage + min_budget <= amount; */
static inline bool refill_covers(ticks_t amount, ticks_t usage, ticks_t min_budget)
{
    return usage <= amount && amount - usage >= min_budget;
}

/** True when after `usage` the head still holds a usable amount. */
static inline bool refill_is_sufficient(struct sched_context *sc, ticks_t usage, ticks_t min_budget)
{
    return refill_covers(refill_head(sc)->amount, usage, min_budget);
}

/** Refills that an object of 2^size_bits bytes can hold. */
uint64_t refill_capacity_of(unsigned size_bits);

/** Gives an unconfigured context its budget, all of it usable from `now`. period 0: round robin. */
void refill_new(struct sched_context *sc, uint32_t refill_max, ticks_t budget, ticks_t period, ticks_t now);

/** Changes a context that may be in use: what is usable now stays usable, up to the new budget. */
void refill_update(struct sched_context *sc, uint32_t refill_max, ticks_t budget, ticks_t period, ticks_t now);

/** Charges `usage` to a context with a period: used amounts come back one period after they were usable. */
void refill_charge(struct sched_context *sc, ticks_t usage);

/** Charges `usage` to a round-robin context; a slice that is used up starts again. */
void refill_charge_round_robin(struct sched_context *sc, ticks_t usage);

/** Ends the slice of a round-robin context early: the next one is whole. */
void refill_end_slice(struct sched_context *sc);

/** A thread that was blocked runs again at `now`: past refills become one that starts now. */
void refill_unblock(struct sched_context *sc, ticks_t now);

#endif
