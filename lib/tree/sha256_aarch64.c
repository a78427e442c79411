/* SPDX-License-Identifier: MIT */
/** SHA-256 with the ARMv8 cryptographic extension, which every AArch64 variant of the build requires. */
#include <arm_neon.h>

#include "sha256_blocks.h"

static inline void words_load(uint32x4_t w[4], const uint8_t *block)
{
    for (unsigned i = 0; i < 4; i++) {
        w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + i * 16)));
    }
}

/* The sum that rounds 4 i to 4 i + 3 take; makes the words of sixteen rounds later in their place. */
static inline __attribute__((always_inline)) uint32x4_t words_next(uint32x4_t w[4], unsigned i)
{
    uint32x4_t sum = vaddq_u32(w[i % 4], vld1q_u32(&sha256_round_constants[i * 4]));
    if (i < 12) {
        w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
    }
    return sum;
}

void sha256_blocks_pair(uint32_t state_a[8], const uint8_t *blocks_a, uint32_t state_b[8], const uint8_t *blocks_b, size_t block_count)
{
    uint32x4_t abcd[2] = {vld1q_u32(state_a), vld1q_u32(state_b)};
    uint32x4_t efgh[2] = {vld1q_u32(state_a + 4), vld1q_u32(state_b + 4)};
    for (; block_count != 0; block_count--, blocks_a += 64, blocks_b += 64) {
        const uint32x4_t abcd_before[2] = {abcd[0], abcd[1]};
        const uint32x4_t efgh_before[2] = {efgh[0], efgh[1]};
        uint32x4_t w[2][4];
        words_load(w[0], blocks_a);
        words_load(w[1], blocks_b);
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            uint32x4_t sum_a = words_next(w[0], i);
            uint32x4_t sum_b = words_next(w[1], i);
            uint32x4_t abcd_old = abcd[0];
            abcd[0] = vsha256hq_u32(abcd[0], efgh[0], sum_a);
            efgh[0] = vsha256h2q_u32(efgh[0], abcd_old, sum_a);
            abcd_old = abcd[1];
            abcd[1] = vsha256hq_u32(abcd[1], efgh[1], sum_b);
            efgh[1] = vsha256h2q_u32(efgh[1], abcd_old, sum_b);
        }
        for (unsigned n = 0; n < 2; n++) {
            abcd[n] = vaddq_u32(abcd[n], abcd_before[n]);
            efgh[n] = vaddq_u32(efgh[n], efgh_before[n]);
        }
    }
    vst1q_u32(state_a, abcd[0]);
    vst1q_u32(state_a + 4, efgh[0]);
    vst1q_u32(state_b, abcd[1]);
    vst1q_u32(state_b + 4, efgh[1]);
}

void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count)
{
    uint32x4_t abcd = vld1q_u32(state);
    uint32x4_t efgh = vld1q_u32(state + 4);
    for (; block_count != 0; block_count--, blocks += 64) {
        uint32x4_t abcd_before = abcd;
        uint32x4_t efgh_before = efgh;
        uint32x4_t w[4];
        words_load(w, blocks);
        /* Sixteen groups of four rounds. */
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            uint32x4_t sum = words_next(w, i);
            uint32x4_t abcd_old = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, abcd_old, sum);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}
