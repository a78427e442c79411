/* SPDX-License-Identifier: MIT */
/**
 * Keccak: the permutation Keccak-f[1600] and the sponge on it.
 * Owns:   nothing.    Uses: base. Constant time: no branch and no address depends on the bytes.
 * Source: FIPS 202 sections 3 and 4.
 */
#include "llc.h"

#define ROUND_COUNT 24u

static const uint64_t round_constant[ROUND_COUNT] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline uint64_t rotate_left(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

/**
 * Steps theta, rho and pi: each lane takes up its neighbour columns, turns and moves. Written out for the compiler's
 * sake.
 */
static inline void mix_lanes(uint64_t b[25], const uint64_t a[25])
{
    uint64_t c[5], d[5];
    c[0] = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    c[1] = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    c[2] = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    c[3] = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    c[4] = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    d[0] = c[4] ^ rotate_left(c[1], 1);
    d[1] = c[0] ^ rotate_left(c[2], 1);
    d[2] = c[1] ^ rotate_left(c[3], 1);
    d[3] = c[2] ^ rotate_left(c[4], 1);
    d[4] = c[3] ^ rotate_left(c[0], 1);
    b[0] = a[0] ^ d[0];
    b[1] = rotate_left(a[6] ^ d[1], 44);
    b[2] = rotate_left(a[12] ^ d[2], 43);
    b[3] = rotate_left(a[18] ^ d[3], 21);
    b[4] = rotate_left(a[24] ^ d[4], 14);
    b[5] = rotate_left(a[3] ^ d[3], 28);
    b[6] = rotate_left(a[9] ^ d[4], 20);
    b[7] = rotate_left(a[10] ^ d[0], 3);
    b[8] = rotate_left(a[16] ^ d[1], 45);
    b[9] = rotate_left(a[22] ^ d[2], 61);
    b[10] = rotate_left(a[1] ^ d[1], 1);
    b[11] = rotate_left(a[7] ^ d[2], 6);
    b[12] = rotate_left(a[13] ^ d[3], 25);
    b[13] = rotate_left(a[19] ^ d[4], 8);
    b[14] = rotate_left(a[20] ^ d[0], 18);
    b[15] = rotate_left(a[4] ^ d[4], 27);
    b[16] = rotate_left(a[5] ^ d[0], 36);
    b[17] = rotate_left(a[11] ^ d[1], 10);
    b[18] = rotate_left(a[17] ^ d[2], 15);
    b[19] = rotate_left(a[23] ^ d[3], 56);
    b[20] = rotate_left(a[2] ^ d[2], 62);
    b[21] = rotate_left(a[8] ^ d[3], 55);
    b[22] = rotate_left(a[14] ^ d[4], 39);
    b[23] = rotate_left(a[15] ^ d[0], 41);
    b[24] = rotate_left(a[21] ^ d[1], 2);
}

/** Step chi on one row. */
static inline void mix_row(uint64_t a[5], const uint64_t b[5])
{
    a[0] = b[0] ^ (~b[1] & b[2]);
    a[1] = b[1] ^ (~b[2] & b[3]);
    a[2] = b[2] ^ (~b[3] & b[4]);
    a[3] = b[3] ^ (~b[4] & b[0]);
    a[4] = b[4] ^ (~b[0] & b[1]);
}

static void permute(uint64_t lane[25])
{
    for (unsigned round = 0; round < ROUND_COUNT; round++) {
        uint64_t moved[25];
        mix_lanes(moved, lane);
        mix_row(lane, moved);
        mix_row(lane + 5, moved + 5);
        mix_row(lane + 10, moved + 10);
        mix_row(lane + 15, moved + 15);
        mix_row(lane + 20, moved + 20);
        lane[0] ^= round_constant[round];
    }
}

void keccak_init(struct keccak *k, uint32_t rate_bytes)
{
    assert(rate_bytes > 0);
    assert(rate_bytes < 200);
    assert(rate_bytes % 8 == 0);
    *k = (struct keccak){.rate_bytes = rate_bytes};
}

static inline void xor_byte(struct keccak *k, uint32_t at_byte, uint8_t byte)
{
    k->lane[at_byte / 8] ^= (uint64_t)byte << 8 * (at_byte % 8);
}

void keccak_absorb(struct keccak *k, const void *bytes, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)bytes;
    while (len_bytes > 0) {
        if (k->at_byte % 8 == 0 && len_bytes >= 8) {
            k->lane[k->at_byte / 8] ^= le64_load(p);
            k->at_byte += 8;
            p += 8;
            len_bytes -= 8;
        } else {
            xor_byte(k, k->at_byte++, *p++);
            len_bytes--;
        }
        if (k->at_byte == k->rate_bytes) {
            permute(k->lane);
            k->at_byte = 0;
        }
    }
}

void keccak_pad(struct keccak *k, uint8_t suffix)
{
    xor_byte(k, k->at_byte, suffix);
    xor_byte(k, k->rate_bytes - 1, 0x80);
    permute(k->lane);
    k->at_byte = 0;
}

void keccak_squeeze(struct keccak *k, void *out, size_t len_bytes)
{
    uint8_t *p = (uint8_t *)out;
    for (size_t i = 0; i < len_bytes; i++) {
        if (k->at_byte == k->rate_bytes) {
            permute(k->lane);
            k->at_byte = 0;
        }
        p[i] = (uint8_t)(k->lane[k->at_byte / 8] >> 8 * (k->at_byte % 8));
        k->at_byte++;
    }
}
