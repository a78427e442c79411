/* SPDX-License-Identifier: MIT */
/** The policy of restart.h: what is older than the period is forgotten, then there is room or not. */
#include "restart.h"

uint32_t restart_decide(struct restart_history *h, uint32_t max, uint64_t period_ns, uint64_t now_ns)
{
    assert(max <= RESTART_MAX && h->count <= RESTART_MAX);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        if (now_ns - h->at_ns[i] < period_ns) {
            h->at_ns[kept++] = h->at_ns[i];
        }
    }
    h->count = kept;
    if (kept >= max) {
        return 0;
    }
    h->at_ns[h->count++] = now_ns;
    return h->count;
}
