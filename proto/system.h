/* SPDX-License-Identifier: MIT */
/**
 * What the root task does for others after it built the system. `call NAME init <- supervisor.system` gives a component the
 * right to ask; what it may ask depends on who it is:
 *   - the fault handler of a component outside the trusted core may inspect, restart and stop it;
 *   - a component of the trusted core may have a page of code repaired, of any component;
 *   - everybody who has the call may switch the machine off.
 * Everything else is PROTO_FORBIDDEN.
 */
#ifndef LX_PROTO_SYSTEM_H
#define LX_PROTO_SYSTEM_H

#include "proto.h"

enum system_request {
    /** word 0: component. Reply: struct system_state, in message words. */
    SYSTEM_INSPECT = 1,
    /** word 0: component. Its memory and capability space become as at the start, its code is verified, its callers repeat. */
    SYSTEM_RESTART,
    /** word 0: component. It runs no more; who waits for its answer gets PROTO_STOPPED. */
    SYSTEM_STOP,
    /**
     * word 0: component, word 1: page of its code and constants. The page is made anew from the bundle and replaces the resident
     * one, if the bundle still verifies against the tree root. Reply: word 0: 1 when the resident page differed.
     */
    SYSTEM_REPAIR,
    /** word 0: enum system_power. From anybody who has the call. Answered only when the firmware does not do it. */
    SYSTEM_POWER,
    /** From a passive component's runtime, without reply: its init() is done, take the budget away. */
    SYSTEM_READY,
};

enum system_power { SYSTEM_POWER_OFF, SYSTEM_POWER_RESTART };

enum { SYSTEM_BACKTRACE_MAX = 16 };

/** Registers in the order of the kernel's UserContext, then return addresses by the chain of frame pointers. */
struct system_state {
    uint64_t registers[36];
    uint64_t incarnation;
    uint64_t frame_count;
    uint64_t frames[SYSTEM_BACKTRACE_MAX];
};
enum { SYSTEM_STATE_WORDS = sizeof(struct system_state) / sizeof(uint64_t) };
_Static_assert(SYSTEM_STATE_WORDS <= 120, "fits a message");

#endif
