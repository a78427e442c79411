/* SPDX-License-Identifier: MIT */
/** AES-XTS with the ARMv8 cryptographic extension, which every AArch64 variant of the build requires. Eight blocks are under way at once. */
#include <arm_neon.h>

#include "xts_blocks.h"

enum { WIDTH = 8, LAST = XTS_ROUND_KEYS - 1 };

/** Times x: the bit that leaves each half goes to the other one, that of the upper half as 0x87. */
static inline uint8x16_t next_mask(uint8x16_t mask)
{
    const uint64x2_t carries = {0x87, 1};
    int64x2_t halves = vreinterpretq_s64_u8(mask);
    uint64x2_t signs = vreinterpretq_u64_s64(vshrq_n_s64(halves, 63));
    uint64x2_t carry = vandq_u64(vextq_u64(signs, signs, 1), carries);
    return vreinterpretq_u8_u64(veorq_u64(vshlq_n_u64(vreinterpretq_u64_u8(mask), 1), carry));
}

static inline uint8x16_t encrypt_one(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8x16_t s)
{
    for (unsigned i = 0; i < LAST - 1; i++) {
        s = vaesmcq_u8(vaeseq_u8(s, vld1q_u8(keys[i])));
    }
    return veorq_u8(vaeseq_u8(s, vld1q_u8(keys[LAST - 1])), vld1q_u8(keys[LAST]));
}

static inline uint8x16_t decrypt_one(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8x16_t s)
{
    for (unsigned i = 0; i < LAST - 1; i++) {
        s = vaesimcq_u8(vaesdq_u8(s, vld1q_u8(keys[i])));
    }
    return veorq_u8(vaesdq_u8(s, vld1q_u8(keys[LAST - 1])), vld1q_u8(keys[LAST]));
}

static inline __attribute__((always_inline)) void encrypt_many(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES],
                                                               uint8x16_t s[WIDTH])
{
    for (unsigned i = 0; i < LAST - 1; i++) {
        uint8x16_t key = vld1q_u8(keys[i]);
#pragma GCC unroll 8
        for (unsigned n = 0; n < WIDTH; n++) {
            s[n] = vaesmcq_u8(vaeseq_u8(s[n], key));
        }
    }
    uint8x16_t key = vld1q_u8(keys[LAST - 1]), last = vld1q_u8(keys[LAST]);
#pragma GCC unroll 8
    for (unsigned n = 0; n < WIDTH; n++) {
        s[n] = veorq_u8(vaeseq_u8(s[n], key), last);
    }
}

static inline __attribute__((always_inline)) void decrypt_many(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES],
                                                               uint8x16_t s[WIDTH])
{
    for (unsigned i = 0; i < LAST - 1; i++) {
        uint8x16_t key = vld1q_u8(keys[i]);
#pragma GCC unroll 8
        for (unsigned n = 0; n < WIDTH; n++) {
            s[n] = vaesimcq_u8(vaesdq_u8(s[n], key));
        }
    }
    uint8x16_t key = vld1q_u8(keys[LAST - 1]), last = vld1q_u8(keys[LAST]);
#pragma GCC unroll 8
    for (unsigned n = 0; n < WIDTH; n++) {
        s[n] = veorq_u8(vaesdq_u8(s[n], key), last);
    }
}

/** The masks of the next blocks, and the blocks with them; @return the mask behind. */
static inline __attribute__((always_inline)) uint8x16_t take(uint8x16_t mask, uint8x16_t masks[WIDTH], const uint8_t *blocks,
                                                             uint8x16_t s[WIDTH])
{
#pragma GCC unroll 8
    for (unsigned n = 0; n < WIDTH; n++) {
        masks[n] = mask;
        s[n] = veorq_u8(vld1q_u8(blocks + 16 * n), mask);
        mask = next_mask(mask);
    }
    return mask;
}

static inline __attribute__((always_inline)) void put(const uint8x16_t masks[WIDTH], const uint8x16_t s[WIDTH], uint8_t *blocks)
{
#pragma GCC unroll 8
    for (unsigned n = 0; n < WIDTH; n++) {
        vst1q_u8(blocks + 16 * n, veorq_u8(s[n], masks[n]));
    }
}

void aes_encrypt(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t block[XTS_BLOCK_BYTES])
{
    vst1q_u8(block, encrypt_one(keys, vld1q_u8(block)));
}

void xts_seal_blocks(const struct xts *x, uint8_t start[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    uint8x16_t mask = vld1q_u8(start), masks[WIDTH], s[WIDTH];
    for (; block_count >= WIDTH; block_count -= WIDTH, blocks += 16 * WIDTH) {
        mask = take(mask, masks, blocks, s);
        encrypt_many(x->seal, s);
        put(masks, s, blocks);
    }
    for (; block_count > 0; block_count--, blocks += 16) {
        vst1q_u8(blocks, veorq_u8(encrypt_one(x->seal, veorq_u8(vld1q_u8(blocks), mask)), mask));
        mask = next_mask(mask);
    }
    vst1q_u8(start, mask);
}

void xts_unseal_blocks(const struct xts *x, uint8_t start[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    uint8x16_t mask = vld1q_u8(start), masks[WIDTH], s[WIDTH];
    for (; block_count >= WIDTH; block_count -= WIDTH, blocks += 16 * WIDTH) {
        mask = take(mask, masks, blocks, s);
        decrypt_many(x->unseal, s);
        put(masks, s, blocks);
    }
    for (; block_count > 0; block_count--, blocks += 16) {
        vst1q_u8(blocks, veorq_u8(decrypt_one(x->unseal, veorq_u8(vld1q_u8(blocks), mask)), mask));
        mask = next_mask(mask);
    }
    vst1q_u8(start, mask);
}
