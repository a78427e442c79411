/* SPDX-License-Identifier: MIT */
/**
 * Skein v1.1: Threefish with 256, 512 or 1024 bits of state, in the chaining mode UBI, without tree hashing or key.
 * Owns:   nothing.    Uses: base. Constant time: no branch and no address depends on the bytes.
 * Limits: messages below 2^64 bytes; output no longer than the state.
 * Source: "The Skein Hash Function Family", version 1.1 (15 November 2008), sections 3.3 to 3.5. The final version 1.3
 *         differs in the rotation constants and in KEY_PARITY.
 */
#include "llc.h"

/* All numbers of words and rounds below are constants once everything is inlined; then the state stays in registers. */
#define INLINE inline __attribute__((always_inline))

#define KEY_PARITY        0x5555555555555555u
#define SCHEMA_IDENTIFIER 0x0000000133414853u /* "SHA3", version 1 */
#define CONFIG_BYTES      32u

/* The second word of the tweak: what kind of block, and whether it is its message's first or last. */
#define TWEAK_CONFIG  ((uint64_t)4 << 56)
#define TWEAK_MESSAGE ((uint64_t)48 << 56)
#define TWEAK_OUTPUT  ((uint64_t)63 << 56)
#define TWEAK_FIRST   ((uint64_t)1 << 62)
#define TWEAK_FINAL   ((uint64_t)1 << 63)

static INLINE uint64_t rotate_left(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static INLINE void mix(uint64_t *v, unsigned a, unsigned b, unsigned bits)
{
    v[a] += v[b];
    v[b] = rotate_left(v[b], bits) ^ v[a];
}

/*
 * The permutation of words between rounds is written into the word numbers below; after four rounds they stand in
 * order.
 */

/** Rounds 0 to 3 of every eight of Threefish-256. */
static INLINE void rounds_256_even(uint64_t *v)
{
    mix(v, 0, 1, 5);
    mix(v, 2, 3, 56);
    mix(v, 0, 3, 36);
    mix(v, 2, 1, 28);
    mix(v, 0, 1, 13);
    mix(v, 2, 3, 46);
    mix(v, 0, 3, 58);
    mix(v, 2, 1, 44);
}

/** Rounds 4 to 7 of every eight of Threefish-256. */
static INLINE void rounds_256_odd(uint64_t *v)
{
    mix(v, 0, 1, 26);
    mix(v, 2, 3, 20);
    mix(v, 0, 3, 53);
    mix(v, 2, 1, 35);
    mix(v, 0, 1, 11);
    mix(v, 2, 3, 42);
    mix(v, 0, 3, 59);
    mix(v, 2, 1, 50);
}

/** Rounds 0 to 3 of every eight of Threefish-512. */
static INLINE void rounds_512_even(uint64_t *v)
{
    mix(v, 0, 1, 38);
    mix(v, 2, 3, 30);
    mix(v, 4, 5, 50);
    mix(v, 6, 7, 53);
    mix(v, 2, 1, 48);
    mix(v, 4, 7, 20);
    mix(v, 6, 5, 43);
    mix(v, 0, 3, 31);
    mix(v, 4, 1, 34);
    mix(v, 6, 3, 14);
    mix(v, 0, 5, 15);
    mix(v, 2, 7, 27);
    mix(v, 6, 1, 26);
    mix(v, 0, 7, 12);
    mix(v, 2, 5, 58);
    mix(v, 4, 3, 7);
}

/** Rounds 4 to 7 of every eight of Threefish-512. */
static INLINE void rounds_512_odd(uint64_t *v)
{
    mix(v, 0, 1, 33);
    mix(v, 2, 3, 49);
    mix(v, 4, 5, 8);
    mix(v, 6, 7, 42);
    mix(v, 2, 1, 39);
    mix(v, 4, 7, 27);
    mix(v, 6, 5, 41);
    mix(v, 0, 3, 14);
    mix(v, 4, 1, 29);
    mix(v, 6, 3, 26);
    mix(v, 0, 5, 11);
    mix(v, 2, 7, 9);
    mix(v, 6, 1, 33);
    mix(v, 0, 7, 51);
    mix(v, 2, 5, 39);
    mix(v, 4, 3, 35);
}

/** Rounds 0 to 3 of every eight of Threefish-1024. */
static INLINE void rounds_1024_even(uint64_t *v)
{
    mix(v, 0, 1, 55);
    mix(v, 2, 3, 43);
    mix(v, 4, 5, 37);
    mix(v, 6, 7, 40);
    mix(v, 8, 9, 16);
    mix(v, 10, 11, 22);
    mix(v, 12, 13, 38);
    mix(v, 14, 15, 12);
    mix(v, 0, 9, 25);
    mix(v, 2, 13, 25);
    mix(v, 6, 11, 46);
    mix(v, 4, 15, 13);
    mix(v, 10, 7, 14);
    mix(v, 12, 3, 13);
    mix(v, 14, 5, 52);
    mix(v, 8, 1, 57);
    mix(v, 0, 7, 33);
    mix(v, 2, 5, 8);
    mix(v, 4, 3, 18);
    mix(v, 6, 1, 57);
    mix(v, 12, 15, 21);
    mix(v, 14, 13, 12);
    mix(v, 8, 11, 32);
    mix(v, 10, 9, 54);
    mix(v, 0, 15, 34);
    mix(v, 2, 11, 43);
    mix(v, 6, 13, 25);
    mix(v, 4, 9, 60);
    mix(v, 14, 1, 44);
    mix(v, 8, 5, 9);
    mix(v, 10, 3, 59);
    mix(v, 12, 7, 34);
}

/** Rounds 4 to 7 of every eight of Threefish-1024. */
static INLINE void rounds_1024_odd(uint64_t *v)
{
    mix(v, 0, 1, 28);
    mix(v, 2, 3, 7);
    mix(v, 4, 5, 47);
    mix(v, 6, 7, 48);
    mix(v, 8, 9, 51);
    mix(v, 10, 11, 9);
    mix(v, 12, 13, 35);
    mix(v, 14, 15, 41);
    mix(v, 0, 9, 17);
    mix(v, 2, 13, 6);
    mix(v, 6, 11, 18);
    mix(v, 4, 15, 25);
    mix(v, 10, 7, 43);
    mix(v, 12, 3, 42);
    mix(v, 14, 5, 40);
    mix(v, 8, 1, 15);
    mix(v, 0, 7, 58);
    mix(v, 2, 5, 7);
    mix(v, 4, 3, 32);
    mix(v, 6, 1, 45);
    mix(v, 12, 15, 19);
    mix(v, 14, 13, 18);
    mix(v, 8, 11, 2);
    mix(v, 10, 9, 56);
    mix(v, 0, 15, 47);
    mix(v, 2, 11, 49);
    mix(v, 6, 13, 27);
    mix(v, 4, 9, 58);
    mix(v, 14, 1, 37);
    mix(v, 8, 5, 48);
    mix(v, 10, 3, 53);
    mix(v, 12, 7, 56);
}

/** A key schedule: the words of the key and their parity, the words of the tweak and theirs. */
struct schedule {
    uint64_t key[17];
    uint64_t tweak[3];
};

static INLINE struct schedule schedule_make(const uint64_t *chain, unsigned words, uint64_t tweak0, uint64_t tweak1)
{
    struct schedule out;
    out.key[words] = KEY_PARITY;
    for (unsigned i = 0; i < words; i++) {
        out.key[i] = chain[i];
        out.key[words] ^= chain[i];
    }
    out.tweak[0] = tweak0;
    out.tweak[1] = tweak1;
    out.tweak[2] = tweak0 ^ tweak1;
    return out;
}

/** Adds subkey `number` to four words of the state from `first` on; the last three words of all take the tweak too. */
static INLINE void key_add_4(uint64_t *v, const struct schedule *k, unsigned words, unsigned first, unsigned number)
{
    unsigned at = number + first;
    bool last = first + 4 == words;
    v[first] += k->key[at % (words + 1)];
    v[first + 1] += k->key[(at + 1) % (words + 1)] + (last ? k->tweak[number % 3] : 0);
    v[first + 2] += k->key[(at + 2) % (words + 1)] + (last ? k->tweak[(number + 1) % 3] : 0);
    v[first + 3] += k->key[(at + 3) % (words + 1)] + (last ? number : 0);
}

static INLINE void key_add(uint64_t *v, const struct schedule *k, unsigned words, unsigned number)
{
    key_add_4(v, k, words, 0, number);
    if (words >= 8) {
        key_add_4(v, k, words, 4, number);
    }
    if (words >= 16) {
        key_add_4(v, k, words, 8, number);
        key_add_4(v, k, words, 12, number);
    }
}

/** Eight rounds, each four behind a subkey. */
static INLINE void rounds(uint64_t *v, const struct schedule *k, unsigned words, unsigned number)
{
    key_add(v, k, words, number);
    if (words == 4) {
        rounds_256_even(v);
    } else if (words == 8) {
        rounds_512_even(v);
    } else {
        rounds_1024_even(v);
    }
    key_add(v, k, words, number + 1);
    if (words == 4) {
        rounds_256_odd(v);
    } else if (words == 8) {
        rounds_512_odd(v);
    } else {
        rounds_1024_odd(v);
    }
}

/** Threefish: 72 rounds, or 80 of 16 words, and a last subkey. */
static INLINE void encrypt(uint64_t *v, const struct schedule *k, unsigned words)
{
    rounds(v, k, words, 0);
    rounds(v, k, words, 2);
    rounds(v, k, words, 4);
    rounds(v, k, words, 6);
    rounds(v, k, words, 8);
    rounds(v, k, words, 10);
    rounds(v, k, words, 12);
    rounds(v, k, words, 14);
    rounds(v, k, words, 16);
    if (words == 16) {
        rounds(v, k, words, 18);
    }
    key_add(v, k, words, words == 16 ? 20 : 18);
}

/** Mixes one block in: chain = Threefish(chain, tweak, block) xor block. */
static INLINE void words_mix(uint64_t *chain, unsigned words, const uint8_t *block, uint64_t tweak0, uint64_t tweak1)
{
    struct schedule k = schedule_make(chain, words, tweak0, tweak1);
    uint64_t v[16];
    for (unsigned i = 0; i < words; i++) {
        v[i] = le64_load(block + 8 * (size_t)i);
    }
    encrypt(v, &k, words);
    for (unsigned i = 0; i < words; i++) {
        chain[i] = v[i] ^ le64_load(block + 8 * (size_t)i);
    }
}

static void block_mix(struct skein *s, const uint8_t *block, uint64_t tweak0, uint64_t tweak1)
{
    if (s->state_bytes == 32) {
        words_mix(s->chain, 4, block, tweak0, tweak1);
    } else if (s->state_bytes == 64) {
        words_mix(s->chain, 8, block, tweak0, tweak1);
    } else {
        words_mix(s->chain, 16, block, tweak0, tweak1);
    }
}

static void message_mix(struct skein *s, const uint8_t *block, uint32_t len_bytes, uint64_t flags)
{
    s->position_bytes += len_bytes;
    block_mix(s, block, s->position_bytes, TWEAK_MESSAGE | flags | (s->started ? 0 : TWEAK_FIRST));
    s->started = true;
}

void skein_init(struct skein *s, uint32_t state_bytes, uint32_t out_bytes)
{
    assert(state_bytes == 32 || state_bytes == 64 || state_bytes == 128);
    assert(out_bytes > 0);
    assert(out_bytes <= state_bytes);
    *s = (struct skein){.state_bytes = state_bytes, .out_bytes = out_bytes};
    uint8_t config[SKEIN_STATE_BYTES_MAX] = {0};
    le64_store(config, SCHEMA_IDENTIFIER);
    le64_store(config + 8, 8 * (uint64_t)out_bytes);
    block_mix(s, config, CONFIG_BYTES, TWEAK_CONFIG | TWEAK_FIRST | TWEAK_FINAL);
}

void skein_update(struct skein *s, const void *bytes, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)bytes;
    while (len_bytes > 0) {
        /* A full block waits until more comes, because the last one is mixed in with another tweak. */
        if (s->pending_bytes == s->state_bytes) {
            message_mix(s, s->pending, s->state_bytes, 0);
            s->pending_bytes = 0;
        }
        while (s->pending_bytes == 0 && len_bytes > s->state_bytes) {
            message_mix(s, p, s->state_bytes, 0);
            p += s->state_bytes;
            len_bytes -= s->state_bytes;
        }
        size_t room = s->state_bytes - s->pending_bytes;
        size_t taken = len_bytes < room ? len_bytes : room;
        memcpy(s->pending + s->pending_bytes, p, taken);
        s->pending_bytes += (uint32_t)taken;
        p += taken;
        len_bytes -= taken;
    }
}

void skein_final(struct skein *s, uint8_t *out)
{
    memset(s->pending + s->pending_bytes, 0, s->state_bytes - s->pending_bytes);
    message_mix(s, s->pending, s->pending_bytes, TWEAK_FINAL);
    uint8_t counter[SKEIN_STATE_BYTES_MAX] = {0};
    block_mix(s, counter, 8, TWEAK_OUTPUT | TWEAK_FIRST | TWEAK_FINAL);
    for (uint32_t i = 0; i < s->out_bytes; i++) {
        out[i] = (uint8_t)(s->chain[i / 8] >> 8 * (i % 8));
    }
}
