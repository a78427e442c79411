/* SPDX-License-Identifier: MIT */
/** The table of deadline.h. */
#include "deadline.h"

void deadlines_init(struct deadlines *d)
{
    for (uint32_t i = 0; i < DEADLINE_CLIENTS_MAX; i++) {
        d->at[i] = DEADLINE_NONE;
    }
}

void deadlines_set(struct deadlines *d, uint32_t client, uint64_t at)
{
    assert(client < DEADLINE_CLIENTS_MAX);
    d->at[client] = at;
}

bool deadlines_expire(struct deadlines *d, uint64_t now, uint32_t *client_out)
{
    for (uint32_t i = 0; i < DEADLINE_CLIENTS_MAX; i++) {
        if (d->at[i] != DEADLINE_NONE && d->at[i] <= now) {
            d->at[i] = DEADLINE_NONE;
            *client_out = i;
            return true;
        }
    }
    return false;
}

uint64_t deadlines_next(const struct deadlines *d)
{
    uint64_t next = DEADLINE_NONE;
    for (uint32_t i = 0; i < DEADLINE_CLIENTS_MAX; i++) {
        next = d->at[i] < next ? d->at[i] : next;
    }
    return next;
}
