/* SPDX-License-Identifier: MIT */
/**
 * Restart: may a component that crashed run again? "N times per T, then stop".
 * Owns:   nothing; the history is the caller's.    Uses: base.
 * Limits: RESTART_MAX restarts are remembered; O(restarts).
 */
#ifndef LX_RESTART_H
#define LX_RESTART_H

#include "base.h"

enum { RESTART_MAX = 16 };

/** The moments of the last restarts of one component; all zero at first. */
struct restart_history {
    uint64_t at_ns[RESTART_MAX];
    uint32_t count; /**< how many of at_ns are filled, oldest first */
};

/**
 * Decides at `now_ns` and remembers a restart that is allowed. `now_ns` never runs backwards.
 * @param max restarts within `period_ns`; 0: never; at most RESTART_MAX.
 * @return how many restarts there were within the period, this one included; 0: stop it.
 */
uint32_t restart_decide(struct restart_history *h, uint32_t max, uint64_t period_ns, uint64_t now_ns);

#endif
