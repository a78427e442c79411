/* SPDX-License-Identifier: MIT */
/**
 * Killer: in the supervisor's place, has the driver of a disk and the one who shares it restarted at odd moments, as if they had crashed.
 */
#include "proto/system.h"
#include "proto/timer.h"
#include "rt.h"

LX_FAULTS(faults);
LX_CALL(system_calls);
LX_CALL(timer);

enum { KILLS = 120, FIRST_US = 3000, MOST_US = 9000 };

static uint32_t kills;
static uint64_t state = 1;

static uint64_t component_of(const char *name)
{
    uint64_t i = 0;
    while (i < rt_info_page()->component_count && strcmp(rt_name(i), name) != 0) {
        i++;
    }
    return i;
}

static void sleep_some(void)
{
    struct message m;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    uint64_t us = FIRST_US + (state >> 33) % MOST_US;
    rt_message(&m, TIMER_SET, rt_ticks() + rt_ns_to_ticks(us * 1000));
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_panic("no timer");
    }
}

void init(void)
{
    rt_log("%lu watches", (unsigned long)faults.watch_count);
    sleep_some();
}

void notified(uint64_t signals)
{
    struct message m;
    if ((signals & timer.signal) == 0 || kills == KILLS) {
        return;
    }
    rt_message(&m, SYSTEM_RESTART, component_of((state >> 40) % 3 == 0 ? "blk_share" : "blk_virtio"));
    if (rt_call(&system_calls, &m) != PROTO_OK) {
        rt_panic("not restarted");
    }
    if (++kills == KILLS) {
        rt_log("%u restarts", kills);
    }
    sleep_some();
}

bool protected(struct message *m)
{
    rt_panic("component %lu crashed: %lu", (unsigned long)(m->badge & BADGE_NUMBER), (unsigned long)rt_label(m));
}
