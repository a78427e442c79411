/* SPDX-License-Identifier: MIT */
/**
 * Random integers of Falcon: the generator behind signing, and the discrete Gaussians of keys and of signatures.
 * Owns:   tables of 1 KiB.    Uses: base, SHAKE256. Private to llc.
 * Limits: constant time, but for how often a draw is repeated, which is made independent of what is drawn.
 */
#ifndef LX_FALCON_SAMPLE_H
#define LX_FALCON_SAMPLE_H

#include "llc.h"

#define FALCON_GENERATOR_SEED_BYTES 56u
#define FALCON_GENERATOR_BYTES      512u

/** ChaCha20 in counter mode, eight blocks at a time. */
struct falcon_generator {
    uint32_t key[12]; /* words 4 to 15 of the block */
    uint64_t counter;
    uint32_t at_byte;
    uint8_t bytes[FALCON_GENERATOR_BYTES];
};

void falcon_generator_init(struct falcon_generator *g, const uint8_t seed[FALCON_GENERATOR_SEED_BYTES]);

/**
 * Gives away a bit, 0 or 1, that was computed from a secret and that may be known. It goes through memory so that the
 * checker of constant time has one place to be told about: tests/ct names it.
 */
bool falcon_publish(uint64_t bit);

/** Draws a coefficient of f or g: the sum of two of a Gaussian that is centred on 0, from SHAKE's output. */
int falcon_key_coefficient(struct keccak *random);

#define FALCON_DEVIATION_MIN 1.291500756233514568549480827642
#define FALCON_DEVIATION_MAX 1.8205
#define FALCON_CENTER_MAX    65536.0 /* of a key that fits itself they are below 5000 */

/**
 * Draws an integer of a Gaussian centred on `center`, of a standard deviation between the two above, of which
 * `inverse_deviation` is the inverse. The centre's magnitude is below FALCON_CENTER_MAX.
 */
int64_t falcon_gaussian(struct falcon_generator *g, double center, double inverse_deviation);

#endif
