/* SPDX-License-Identifier: MIT */
/** SHA-256: padding and the portable compression function. See tree.h; FIPS 180-4 sections 4.1.2, 5.1.1, 6.2. */
#include "sha256_blocks.h"
#include "tree.h"

const uint32_t sha256_round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

void sha256_blocks_portable(uint32_t state[8], const uint8_t *blocks, size_t block_count)
{
    for (; block_count != 0; block_count--, blocks += SHA256_BLOCK_BYTES) {
        uint32_t w[64];
        for (unsigned t = 0; t < 16; t++) {
            w[t] = be32_load(blocks + t * 4);
        }
        for (unsigned t = 16; t < 64; t++) {
            uint32_t s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
            uint32_t s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
        uint32_t v[8];
        memcpy(v, state, sizeof v);
        for (unsigned t = 0; t < 64; t++) {
            uint32_t s1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
            uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
            uint32_t t1 = v[7] + s1 + choose + sha256_round_constants[t] + w[t];
            uint32_t s0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
            uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            memmove(&v[1], &v[0], 7 * sizeof v[0]);
            v[4] += t1;
            v[0] = t1 + s0 + majority;
        }
        for (unsigned i = 0; i < 8; i++) {
            state[i] += v[i];
        }
    }
}

void sha256_init(struct sha256 *s)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, initial, sizeof initial);
    s->len_bytes = 0;
}

void sha256_update(struct sha256 *s, const void *bytes, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)bytes;
    size_t filled = s->len_bytes % SHA256_BLOCK_BYTES;
    s->len_bytes += len_bytes;
    if (filled != 0) {
        size_t room = SHA256_BLOCK_BYTES - filled;
        size_t take = len_bytes < room ? len_bytes : room;
        if (take != 0) {
            memcpy(s->pending + filled, p, take);
        }
        if (take < room) {
            return;
        }
        sha256_blocks(s->state, s->pending, 1);
        p += take;
        len_bytes -= take;
    }
    sha256_blocks(s->state, p, len_bytes / SHA256_BLOCK_BYTES);
    size_t rest = len_bytes % SHA256_BLOCK_BYTES;
    if (rest != 0) {
        memcpy(s->pending, p + len_bytes - rest, rest);
    }
}

void sha256_final(struct sha256 *s, struct hash256 *out)
{
    uint64_t len_bits = s->len_bytes * 8;
    size_t filled = s->len_bytes % SHA256_BLOCK_BYTES;
    s->pending[filled++] = 0x80;
    if (filled > SHA256_BLOCK_BYTES - 8) {
        memset(s->pending + filled, 0, SHA256_BLOCK_BYTES - filled);
        sha256_blocks(s->state, s->pending, 1);
        filled = 0;
    }
    memset(s->pending + filled, 0, SHA256_BLOCK_BYTES - 8 - filled);
    be64_store(s->pending + SHA256_BLOCK_BYTES - 8, len_bits);
    sha256_blocks(s->state, s->pending, 1);
    for (unsigned i = 0; i < 8; i++) {
        be32_store(out->bytes + i * 4, s->state[i]);
    }
}

void sha256_of(const void *bytes, size_t len_bytes, struct hash256 *out)
{
    struct sha256 s;
    sha256_init(&s);
    sha256_update(&s, bytes, len_bytes);
    sha256_final(&s, out);
}
