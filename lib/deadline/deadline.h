/* SPDX-License-Identifier: MIT */
/**
 * Deadline: one alarm for each client of a timer, in ticks of its counter.
 * Owns:   nothing; the table is the caller's.    Uses: base.
 * Limits: DEADLINE_CLIENTS_MAX clients; every operation looks at all of them.
 */
#ifndef LX_DEADLINE_H
#define LX_DEADLINE_H

#include "base.h"

enum { DEADLINE_CLIENTS_MAX = 40 };
#define DEADLINE_NONE UINT64_MAX

struct deadlines {
    uint64_t at[DEADLINE_CLIENTS_MAX]; /**< DEADLINE_NONE: no alarm */
};

void deadlines_init(struct deadlines *d);

/** Sets or replaces the alarm of `client`, below DEADLINE_CLIENTS_MAX; DEADLINE_NONE takes it back. */
void deadlines_set(struct deadlines *d, uint32_t client, uint64_t at);

/** Takes one client whose alarm is due at `now`, and its alarm with it. @return false when none is. */
MUST_USE bool deadlines_expire(struct deadlines *d, uint64_t now, uint32_t *client_out);

/** The next alarm; DEADLINE_NONE when there is none. */
uint64_t deadlines_next(const struct deadlines *d);

#endif
