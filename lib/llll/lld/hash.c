/* SPDX-License-Identifier: MIT */
/**
 * Hash: SipHash-2-4. A key's place must not be predictable by who chooses keys, else one bucket could be filled on purpose.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012
 */
#include "private.h"

struct sip {
    uint64_t a;
    uint64_t b;
    uint64_t c;
    uint64_t d;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = rotate(s->b, 13) ^ s->a;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a = rotate(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = rotate(s->b, 17) ^ s->c;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c = rotate(s->c, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->d ^= word;
    sip_round(s);
    sip_round(s);
    s->a ^= word;
}

static struct sip sip_begin(const uint64_t key[2])
{
    return (struct sip){key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
                        key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
}

/* The rest of the message, fewer than 8 bytes, and in the top byte how long all of it was. */
static uint64_t sip_end(struct sip *s, const uint8_t *rest, size_t rest_bytes, size_t all_bytes)
{
    uint64_t last = (uint64_t)(all_bytes & 255) << 56;
    for (size_t i = 0; i < rest_bytes; i++) {
        last |= (uint64_t)rest[i] << (8 * i);
    }
    sip_word(s, last);
    s->c ^= 255;
    for (unsigned i = 0; i < 4; i++) {
        sip_round(s);
    }
    return s->a ^ s->b ^ s->c ^ s->d;
}

uint64_t siphash(const uint64_t key[2], const uint8_t *bytes, size_t len_bytes)
{
    struct sip s = sip_begin(key);
    size_t done = 0;
    for (; len_bytes - done >= 8; done += 8) {
        sip_word(&s, le64_load(bytes + done));
    }
    return sip_end(&s, bytes + done, len_bytes - done, len_bytes);
}

/* The store is a word of its own in front: a prefix that keeps stores apart. */
uint64_t key_hash(const struct lld *l, struct lld_key key)
{
    struct sip s = sip_begin(l->key);
    size_t done = 0;
    sip_word(&s, key.store);
    for (; key.len_bytes - done >= 8; done += 8) {
        sip_word(&s, le64_load(key.bytes + done));
    }
    return sip_end(&s, key.bytes + done, key.len_bytes - done, 8 + (size_t)key.len_bytes);
}
