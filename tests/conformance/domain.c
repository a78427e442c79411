/* SPDX-License-Identifier: MIT */
/** Domains and their schedule: 16 domains, 100 entries. Source: seL4 manual sections 6.3 and 11.2. */
#include "conf.h"

enum { SET = seL4_DomainSetSet, CONFIGURE = seL4_DomainScheduleConfigure, START = seL4_DomainScheduleSetStart, BELOW = ROOT_PRIORITY - 10 };

#define DURATION_MAX ((1ull << 56) - 1)

/* style: one rule a line */
static const struct refusal refused[] = {
    {"domain 16", seL4_CapDomain, SET, W(16), W(THREAD), seL4_InvalidArgument, W(0)},
    {"no thread", seL4_CapDomain, SET, W(1), W(FRAME), seL4_InvalidArgument, W(1)},
    {"entry 99 is the end", seL4_CapDomain, CONFIGURE, W(99, 0, 1), NONE, seL4_RangeError, W(0, 98)},
    {"domain 16", seL4_CapDomain, CONFIGURE, W(1, 16, 1), NONE, seL4_RangeError, W(0, 15)},
    {"duration of more than 56 bits", seL4_CapDomain, CONFIGURE, W(1, 1, 1ull << 56), NONE, seL4_InvalidArgument, W(2)},
    {"an end mark with a domain", seL4_CapDomain, CONFIGURE, W(1, 1, 0), NONE, seL4_InvalidArgument, W(1)},
    {"an end mark at the start", seL4_CapDomain, CONFIGURE, W(0, 0, 0), NONE, seL4_InvalidArgument, W(2)},
    {"entry 100", seL4_CapDomain, START, W(100), NONE, seL4_RangeError, W(0, 99)},
    {"an end mark", seL4_CapDomain, START, W(5), NONE, seL4_InvalidArgument, W(0)},
};

/* As it was at the start: we run all the time. */
static bool only_us(void)
{
    return works(call(seL4_CapDomain, CONFIGURE, WORDS(0, 0, DURATION_MAX), NO_CAPS)) && works(call(seL4_CapDomain, START, WORDS(0), NO_CAPS)) &&
           works(call(seL4_CapDomain, CONFIGURE, WORDS(1, 0, 0), NO_CAPS)) && works(call(seL4_CapDomain, CONFIGURE, WORDS(2, 0, 0), NO_CAPS));
}

static bool others_wait(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    return check(still_counts(w), "it runs") && works(call(seL4_CapDomain, SET, WORDS(1), CAPS(w->tcb))) &&
           check(!still_counts(w), "it does not run in a domain without time") &&
           works(call(seL4_CapDomain, SET, WORDS(0), CAPS(w->tcb))) && check(still_counts(w), "it runs in ours");
}

/* How long the counter jumps at most while we look at it: others run then. */
static uint64_t longest_gap(uint64_t watch_ticks)
{
    uint64_t last = ticks();
    uint64_t longest = 0;
    for (uint64_t until = last + watch_ticks; last < until;) {
        uint64_t now = ticks();
        longest = now - last > longest ? now - last : longest;
        last = now;
        linger();
    }
    return longest;
}

/* 1 ms for us, 3 ms for the other domain, though its thread is less important than us. */
static bool takes_turns(void)
{
    uint64_t ms = ticks_of_us(1000);
    struct worker *w = worker_run(counts, BELOW, 0);
    bool good = works(call(seL4_CapDomain, SET, WORDS(1), CAPS(w->tcb))) &&
                works(call(seL4_CapDomain, CONFIGURE, WORDS(0, 0, ms), NO_CAPS)) &&
                works(call(seL4_CapDomain, CONFIGURE, WORDS(1, 1, 3 * ms), NO_CAPS)) &&
                works(call(seL4_CapDomain, START, WORDS(0), NO_CAPS));
    uint64_t gap = longest_gap(20 * ms);
    uint64_t steps = w->step;
    good = only_us() && good && check(steps != 0, "the other domain runs");
    return good && check(gap >= 3 * ms - ms / 10 && gap < 3 * ms + ms / 10, "the other domain runs for 3 ms") && check(!still_counts(w), "it stops");
}

/* Starting anew at entry 1: it is its turn at once. */
static bool starts_elsewhere(void)
{
    uint64_t ms = ticks_of_us(1000);
    struct worker *w = worker_run(counts, BELOW, 0);
    bool good = works(call(seL4_CapDomain, SET, WORDS(1), CAPS(w->tcb))) &&
                works(call(seL4_CapDomain, CONFIGURE, WORDS(1, 1, 2 * ms), NO_CAPS)) &&
                works(call(seL4_CapDomain, CONFIGURE, WORDS(2, 0, ms), NO_CAPS));
    uint64_t before = ticks();
    good = good && works(call(seL4_CapDomain, START, WORDS(1), NO_CAPS));
    uint64_t taken = ticks() - before;
    good = only_us() && good && check(w->step != 0, "the other domain runs");
    return good && check(taken >= 2 * ms - ms / 10 && taken < 2 * ms + ms / 10, "the other domain runs for 2 ms");
}

static const struct row rows[] = {
    {"DomainSet_Set", "works", "a thread runs only in a domain with time", others_wait},
    {"DomainSet_ScheduleConfigure", "works", "domains take turns, whatever the priorities", takes_turns},
    {"DomainSet_ScheduleSetStart", "works", "the schedule starts anew there", starts_elsewhere},
};

void domain_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
