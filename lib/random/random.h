/* SPDX-License-Identifier: MIT */
/**
 * Random: a generator in the manner of Hash_DRBG (NIST SP 800-90A section 10.1.1): blocks are SHA-256 of a secret state and a counter, and
 * the state is replaced by a hash of itself after every request, so that what was given out cannot be computed from what is in memory later.
 *
 * Owns:   nothing; the state is the caller's, secret until wiped.    Uses: base, tree (SHA-256).
 * Limits: as unpredictable as what it was given: a caller without a good seed must not begin.
 */
#ifndef LX_RANDOM_H
#define LX_RANDOM_H

#include "tree.h"

struct random {
    struct hash256 state;
};

/** Begins with a seed of 32 bytes that nobody can guess, and anything that differs from start to start. */
void random_start(struct random *r, const uint8_t seed[32], uint64_t differs);

/** Mixes bytes in; they can only add. */
void random_add(struct random *r, const void *bytes, size_t len_bytes);

/** Fills `out`. `now` is any clock. */
void random_bytes(struct random *r, uint64_t now, void *out, size_t len_bytes);

#endif
