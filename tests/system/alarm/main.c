/* SPDX-License-Identifier: MIT */
/** Alarm: sets alarms of 1, 2, ... ms and measures how late they arrive; asks for the time of day. */
#include "proto/timer.h"
#include "rt.h"

LX_CALL(timer);

enum { ALARMS = 5, LATE_MAX_NS = 1000000 };

static uint64_t wanted;
static uint32_t count;

static void set_next(void)
{
    struct message m;
    wanted = rt_ticks() + rt_ns_to_ticks((count + 1) * 1000000ull);
    rt_message(&m, TIMER_SET, wanted);
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_panic("the timer refuses an alarm");
    }
}

void init(void)
{
    struct message m;
    rt_message(&m, TIMER_WALL_CLOCK, 0);
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_panic("the timer knows no time of day");
    }
    rt_log("seconds since 1970: %llu", (unsigned long long)(m.word[0] / 1000000000));
    set_next();
    rt_message(&m, TIMER_CANCEL, 0);
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_panic("the timer does not cancel");
    }
    set_next();
}

void notified(uint64_t signals)
{
    uint64_t now = rt_ticks();
    if ((signals & timer.signal) == 0 || now < wanted) {
        rt_panic("an alarm came early, or not from the timer");
    }
    uint64_t late_ns = rt_ticks_to_ns(now - wanted);
    if (late_ns > LATE_MAX_NS) {
        rt_panic("alarm %u was %llu ns late", count, (unsigned long long)late_ns);
    }
    rt_log("alarm %u: %llu ns late", count, (unsigned long long)late_ns);
    count++;
    if (count < ALARMS) {
        set_next();
    } else {
        rt_log("done");
    }
}
