/* SPDX-License-Identifier: MIT */
/**
 * Order: every number below a count once, in an order that an outsider cannot foresee.
 * Owns:   nothing.    Uses: base, tree (SHA-256 as the source of what cannot be foreseen).
 * Limits: counts below 2^31. It is a walk with a secret start and step over the next power of two: good against somebody who
 *         waits for his page to have been passed, not a shuffle.
 */
#ifndef LX_ORDER_H
#define LX_ORDER_H

#include "base.h"
#include "tree.h"

struct order {
    uint8_t secret[32];
    uint64_t pass;
    uint32_t count;
    uint32_t mask;  /**< the power of two, less one */
    uint32_t step;  /**< odd */
    uint32_t at;
    uint32_t taken; /**< steps of this pass */
};

/** `secret` is 32 bytes that nobody else knows. */
void order_init(struct order *o, const uint8_t secret[32]);

/** Begins a pass over [0, count). */
void order_begin(struct order *o, uint32_t count);

/** The next number of the pass. @return false when every one has been given out. */
bool order_next(struct order *o, uint32_t *out);

#endif
