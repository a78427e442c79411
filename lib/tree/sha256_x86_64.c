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
struct lanes {
    __m128i abef;
    __m128i cdgh;
};

__attribute__((target("sha,sse4.1"), always_inline)) static inline struct lanes lanes_load(const uint32_t state[8])
{
    return (struct lanes){_mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]),
                          _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7])};
}

__attribute__((target("sha,sse4.1"), always_inline)) static inline void lanes_store(uint32_t state[8], struct lanes l)
{
    state[0] = (uint32_t)_mm_extract_epi32(l.abef, 3);
    state[1] = (uint32_t)_mm_extract_epi32(l.abef, 2);
    state[4] = (uint32_t)_mm_extract_epi32(l.abef, 1);
    state[5] = (uint32_t)_mm_extract_epi32(l.abef, 0);
    state[2] = (uint32_t)_mm_extract_epi32(l.cdgh, 3);
    state[3] = (uint32_t)_mm_extract_epi32(l.cdgh, 2);
    state[6] = (uint32_t)_mm_extract_epi32(l.cdgh, 1);
    state[7] = (uint32_t)_mm_extract_epi32(l.cdgh, 0);
}

__attribute__((target("sha,sse4.1"), always_inline)) static inline void words_load(__m128i w[4], const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    for (unsigned i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(load_unaligned(block + i * 16), swap);
    }
}

/* The sum that rounds 4 i to 4 i + 3 take; makes the words of sixteen rounds later in their place. */
__attribute__((target("sha,sse4.1"), always_inline)) static inline __m128i words_next(__m128i w[4], unsigned i)
{
    __m128i sum = _mm_add_epi32(w[i % 4], load_unaligned(&sha256_round_constants[i * 4]));
    if (i < 12) {
        __m128i next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
        w[i % 4] = _mm_sha256msg2_epu32(next, w[(i + 3) % 4]);
    }
    return sum;
}

__attribute__((target("sha,sse4.1"))) static void blocks_with_instructions(uint32_t state[8], const uint8_t *blocks,
                                                                            size_t block_count)
{
    struct lanes l = lanes_load(state);
    for (; block_count != 0; block_count--, blocks += 64) {
        const struct lanes before = l;
        __m128i w[4];
        words_load(w, blocks);
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            __m128i sum = words_next(w, i);
            l.cdgh = _mm_sha256rnds2_epu32(l.cdgh, l.abef, sum);
            l.abef = _mm_sha256rnds2_epu32(l.abef, l.cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        l.abef = _mm_add_epi32(l.abef, before.abef);
        l.cdgh = _mm_add_epi32(l.cdgh, before.cdgh);
    }
    lanes_store(state, l);
}

__attribute__((target("sha,sse4.1"))) static void pair_with_instructions(uint32_t state_a[8], const uint8_t *blocks_a, uint32_t state_b[8],
                                                                          const uint8_t *blocks_b, size_t block_count)
{
    struct lanes a = lanes_load(state_a);
    struct lanes b = lanes_load(state_b);
    for (; block_count != 0; block_count--, blocks_a += 64, blocks_b += 64) {
        const struct lanes a_before = a;
        const struct lanes b_before = b;
        __m128i w_a[4];
        __m128i w_b[4];
        words_load(w_a, blocks_a);
        words_load(w_b, blocks_b);
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            __m128i sum_a = words_next(w_a, i);
            __m128i sum_b = words_next(w_b, i);
            a.cdgh = _mm_sha256rnds2_epu32(a.cdgh, a.abef, sum_a);
            b.cdgh = _mm_sha256rnds2_epu32(b.cdgh, b.abef, sum_b);
            a.abef = _mm_sha256rnds2_epu32(a.abef, a.cdgh, _mm_shuffle_epi32(sum_a, 0x0e));
            b.abef = _mm_sha256rnds2_epu32(b.abef, b.cdgh, _mm_shuffle_epi32(sum_b, 0x0e));
        }
        a.abef = _mm_add_epi32(a.abef, a_before.abef);
        a.cdgh = _mm_add_epi32(a.cdgh, a_before.cdgh);
        b.abef = _mm_add_epi32(b.abef, b_before.abef);
        b.cdgh = _mm_add_epi32(b.cdgh, b_before.cdgh);
    }
    lanes_store(state_a, a);
    lanes_store(state_b, b);
}

static bool has_sha(void)
{
    static int has = -1;
    if (has < 0) {
        has = cpu_has_sha();
    }
    return has != 0;
}

void sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count)
{
    if (has_sha()) {
        blocks_with_instructions(state, blocks, block_count);
    } else {
        sha256_blocks_portable(state, blocks, block_count);
    }
}

void sha256_blocks_pair(uint32_t state_a[8], const uint8_t *blocks_a, uint32_t state_b[8], const uint8_t *blocks_b, size_t block_count)
{
    if (has_sha()) {
        pair_with_instructions(state_a, blocks_a, state_b, blocks_b, block_count);
    } else {
        sha256_blocks_portable(state_a, blocks_a, block_count);
        sha256_blocks_portable(state_b, blocks_b, block_count);
    }
}
