/* SPDX-License-Identifier: MIT */
/** The compression function of SHA-256, private to lib/tree: one portable form and one for each CPU that has instructions. */
#ifndef LX_SHA256_BLOCKS_H
#define LX_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t sha256_round_constants[64];

/** Folds `block_count` blocks of 64 bytes, at any alignment, into `state`. */
void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count);

/**
 * Folds `block_count` blocks of each of two messages into their states: the instructions of one wait for nothing of the other, so that a CPU
 * with SHA instructions does both in little more than the time of one.
 */
void sha256_blocks_pair(uint32_t state_a[8], const uint8_t *blocks_a, uint32_t state_b[8], const uint8_t *blocks_b, size_t block_count);

/** sha256_blocks in plain C. */
void sha256_blocks_portable(uint32_t state[8], const uint8_t *blocks, size_t block_count);

#endif
