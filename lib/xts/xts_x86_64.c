/* SPDX-License-Identifier: MIT */
/** AES-XTS on the host: the AES instructions where the CPU has them, plain C where it has not. */
#include <cpuid.h>
#include <immintrin.h>

#include "xts_blocks.h"

#define WITH_AES __attribute__((target("aes,sse4.1")))
enum { LAST = XTS_ROUND_KEYS - 1 };

static bool cpu_has_aes(void)
{
    static int known; /* 1: no, 2: yes; asking takes long */
    if (known == 0) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        known = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0 ? 2 : 1;
    }
    return known == 2;
}

static inline __m128i load(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p); /* the type is only a vehicle: this load has no alignment */
}

static inline void store(void *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)p, v);
}

WITH_AES static inline __m128i encrypt_one(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], __m128i s)
{
    s = _mm_xor_si128(s, load(keys[0]));
    for (unsigned i = 1; i < LAST; i++) {
        s = _mm_aesenc_si128(s, load(keys[i]));
    }
    return _mm_aesenclast_si128(s, load(keys[LAST]));
}

WITH_AES static inline __m128i decrypt_one(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], __m128i s)
{
    s = _mm_xor_si128(s, load(keys[0]));
    for (unsigned i = 1; i < LAST; i++) {
        s = _mm_aesdec_si128(s, load(keys[i]));
    }
    return _mm_aesdeclast_si128(s, load(keys[LAST]));
}

static inline __m128i next_mask(__m128i mask)
{
    __m128i signs = _mm_shuffle_epi32(_mm_srai_epi32(mask, 31), 0x5f); /* of the halves, each in the place of the other */
    __m128i carry = _mm_and_si128(signs, _mm_set_epi64x(1, 0x87));
    return _mm_xor_si128(_mm_slli_epi64(mask, 1), carry);
}

WITH_AES static void seal_with_instructions(const struct xts *x, uint8_t start[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    __m128i mask = load(start);
    for (; block_count > 0; block_count--, blocks += XTS_BLOCK_BYTES) {
        store(blocks, _mm_xor_si128(encrypt_one(x->seal, _mm_xor_si128(load(blocks), mask)), mask));
        mask = next_mask(mask);
    }
    store(start, mask);
}

WITH_AES static void unseal_with_instructions(const struct xts *x, uint8_t start[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    __m128i mask = load(start);
    for (; block_count > 0; block_count--, blocks += XTS_BLOCK_BYTES) {
        store(blocks, _mm_xor_si128(decrypt_one(x->unseal, _mm_xor_si128(load(blocks), mask)), mask));
        mask = next_mask(mask);
    }
    store(start, mask);
}

WITH_AES static void encrypt_with_instructions(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t block[XTS_BLOCK_BYTES])
{
    store(block, encrypt_one(keys, load(block)));
}

void aes_encrypt(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t block[XTS_BLOCK_BYTES])
{
    if (cpu_has_aes()) {
        encrypt_with_instructions(keys, block);
    } else {
        aes_encrypt_portable(keys, block);
    }
}

void xts_seal_blocks(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    if (cpu_has_aes()) {
        seal_with_instructions(x, mask, blocks, block_count);
    } else {
        xts_seal_blocks_portable(x, mask, blocks, block_count);
    }
}

void xts_unseal_blocks(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    if (cpu_has_aes()) {
        unseal_with_instructions(x, mask, blocks, block_count);
    } else {
        xts_unseal_blocks_portable(x, mask, blocks, block_count);
    }
}
