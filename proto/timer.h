/* SPDX-License-Identifier: MIT */
/**
 * The timer: one alarm for each caller, and the time of day. Version 1. Times are ticks of the physical counter (rt_ticks),
 * which every component reads by itself. When an alarm is due, the signal of the caller's slot arrives; at most one for each
 * TIMER_SET. A timer that was restarted has forgotten its alarms: who waits for one watches it and sets it again.
 */
#ifndef LX_PROTO_TIMER_H
#define LX_PROTO_TIMER_H

#include "proto.h"

enum timer_request {
    /** word 0: the tick at which the signal is wanted; one in the past is due at once. Replaces an earlier alarm. */
    TIMER_SET = 1,
    /** Takes the alarm back. Its signal may already be on its way. */
    TIMER_CANCEL,
    /** Reply: word 0: nanoseconds since 1970 of the battery clock, whole seconds; word 1: the tick when that was read. */
    TIMER_WALL_CLOCK,
};

#endif
