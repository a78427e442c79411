/* SPDX-License-Identifier: MIT */
/** SHA-256 on the host: the SHA extension where the CPU has it, plain C where it has not. */
#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>

#include "sha256_blocks.h"

static bool cpu_has_sha(void)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

static inline __m128i load_unaligned(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p); /* the type is only a vehicle: this load has no alignment */
}

/* The instructions keep the state as two vectors (a b e f) and (c d g h), first named in the highest lane. */
__attribute__((target("sha,sse4.1"))) static void blocks_with_instructions(uint32_t state[8], const uint8_t *blocks,
                                                                            size_t block_count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
    for (; block_count != 0; block_count--, blocks += 64) {
        __m128i abef_before = abef;
        __m128i cdgh_before = cdgh;
        __m128i w[4];
        for (unsigned i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(load_unaligned(blocks + i * 16), swap);
        }
        for (unsigned i = 0; i < 16; i++) {
            __m128i sum = _mm_add_epi32(w[i % 4], load_unaligned(&sha256_round_constants[i * 4]));
            if (i < 12) {
                __m128i next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
                next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
                w[i % 4] = _mm_sha256msg2_epu32(next, w[(i + 3) % 4]);
            }
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    state[0] = (uint32_t)_mm_extract_epi32(abef, 3);
    state[1] = (uint32_t)_mm_extract_epi32(abef, 2);
    state[4] = (uint32_t)_mm_extract_epi32(abef, 1);
    state[5] = (uint32_t)_mm_extract_epi32(abef, 0);
    state[2] = (uint32_t)_mm_extract_epi32(cdgh, 3);
    state[3] = (uint32_t)_mm_extract_epi32(cdgh, 2);
    state[6] = (uint32_t)_mm_extract_epi32(cdgh, 1);
    state[7] = (uint32_t)_mm_extract_epi32(cdgh, 0);
}

void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count)
{
    static int has_sha = -1;
    if (has_sha < 0) {
        has_sha = cpu_has_sha();
    }
    if (has_sha != 0) {
        blocks_with_instructions(state, blocks, block_count);
    } else {
        sha256_blocks_portable(state, blocks, block_count);
    }
}
