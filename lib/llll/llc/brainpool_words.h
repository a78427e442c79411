/* SPDX-License-Identifier: MIT */
/**
 * Numbers of 8 words, least significant first, as one of two headers computes with them:
 *
 *   words_add(out, a, b)    out = a + b modulo 2^512; returns the carry, 0 or 1.
 *   words_sub(out, a, b)    out = a - b modulo 2^512; returns the borrow, 0 or 1.
 *   montgomery_multiply     out = a * b / 2^512 modulo m
 *   montgomery_square       out = a * a / 2^512 modulo m
 *
 * Owns:   nothing.    Uses: base. Private to llc. Constant time. In place is allowed everywhere.
 */
#ifndef LX_BRAINPOOL_WORDS_H
#define LX_BRAINPOOL_WORDS_H

#include "llc.h"

static inline uint64_t word_select(uint64_t a, uint64_t b, uint64_t mask)
{
    return a ^ (mask & (a ^ b));
}

/** out = choice ? b : a, for a choice of 0 or 1. */
static inline void words_select(struct llc_number *out, const struct llc_number *a, const struct llc_number *b,
                                uint64_t choice)
{
    uint64_t mask = 0 - choice;
    out->word[0] = word_select(a->word[0], b->word[0], mask);
    out->word[1] = word_select(a->word[1], b->word[1], mask);
    out->word[2] = word_select(a->word[2], b->word[2], mask);
    out->word[3] = word_select(a->word[3], b->word[3], mask);
    out->word[4] = word_select(a->word[4], b->word[4], mask);
    out->word[5] = word_select(a->word[5], b->word[5], mask);
    out->word[6] = word_select(a->word[6], b->word[6], mask);
    out->word[7] = word_select(a->word[7], b->word[7], mask);
}

#if defined(__aarch64__)
#include "brainpool_words_aarch64.h"
#else
#include "brainpool_words_portable.h"
#endif

#endif
