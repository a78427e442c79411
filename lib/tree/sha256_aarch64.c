/* SPDX-License-Identifier: MIT */
/** SHA-256 with the ARMv8 cryptographic extension, which every AArch64 variant of the build requires. */
#include <arm_neon.h>

#include "sha256_blocks.h"

void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count)
{
    uint32x4_t abcd = vld1q_u32(state);
    uint32x4_t efgh = vld1q_u32(state + 4);
    for (; block_count != 0; block_count--, blocks += 64) {
        uint32x4_t abcd_before = abcd;
        uint32x4_t efgh_before = efgh;
        uint32x4_t w[4];
        for (unsigned i = 0; i < 4; i++) {
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks + i * 16)));
        }
        /* Sixteen groups of four rounds; group i uses w[i % 4] and, except in the last four, replaces it. */
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            uint32x4_t sum = vaddq_u32(w[i % 4], vld1q_u32(&sha256_round_constants[i * 4]));
            if (i < 12) {
                w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
            }
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
