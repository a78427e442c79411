/* SPDX-License-Identifier: MIT */
/**
 * Xts: key schedule, and everything in plain C without tables, so that no address depends on a secret. Eight bytes are worked on at once, as
 * elements of GF(2^8) in the bytes of a word.
 */
#include "xts_blocks.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
enum { KEY_WORDS = 8 };

/* ---- GF(2^8), modulo x^8 + x^4 + x^3 + x + 1 -------------------------------------------------------------------------- */

static uint64_t times_x(uint64_t a)
{
    uint64_t high = a & EACH(0x80u);
    return ((a ^ high) << 1) ^ ((high >> 7) * 0x1b);
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (unsigned i = 0; i < 8; i++) {
        product ^= a & ((b >> i & EACH(1u)) * 0xff);
        a = times_x(a);
    }
    return product;
}

/** a^254, which is the inverse, and 0 for 0. */
static uint64_t invert(uint64_t a)
{
    uint64_t a2 = multiply(a, a), a3 = multiply(a2, a), a6 = multiply(a3, a3), a12 = multiply(a6, a6);
    uint64_t power = multiply(a12, a3); /* 15 */
    for (unsigned i = 0; i < 4; i++) {
        power = multiply(power, power);
    }
    return multiply(multiply(power, a12), a2); /* 240 + 12 + 2 */
}

static uint64_t rotate(uint64_t a, unsigned bits)
{
    return (a & EACH(0xffu >> bits)) << bits | (a >> (8 - bits) & EACH((1u << bits) - 1));
}

static uint64_t substitute(uint64_t a)
{
    uint64_t b = invert(a);
    return b ^ rotate(b, 1) ^ rotate(b, 2) ^ rotate(b, 3) ^ rotate(b, 4) ^ EACH(0x63u);
}

static uint64_t substitute_back(uint64_t a)
{
    return invert(rotate(a, 1) ^ rotate(a, 3) ^ rotate(a, 6) ^ EACH(0x05u));
}

/* ---- rounds -------------------------------------------------------------------------------------------------------------- */

static void on_words(uint8_t s[XTS_BLOCK_BYTES], uint64_t (*what)(uint64_t))
{
    le64_store(s, what(le64_load(s)));
    le64_store(s + 8, what(le64_load(s + 8)));
}

/** Row r of the state (byte r of each column) moves by `step` times r columns. */
static void shift_rows(uint8_t s[XTS_BLOCK_BYTES], unsigned step)
{
    uint8_t before[XTS_BLOCK_BYTES];
    memcpy(before, s, sizeof before);
    for (unsigned i = 0; i < XTS_BLOCK_BYTES; i++) {
        s[i] = before[(i + 4 * step * (i % 4)) % XTS_BLOCK_BYTES];
    }
}

/** Two columns, each in four bytes: byte i of the result is byte i + n of the column. */
static uint64_t turn(uint64_t columns, unsigned n)
{
    uint64_t low = (uint32_t)columns, high = columns >> 32;
    low = (low >> 8 * n | low << (32 - 8 * n)) & UINT32_MAX;
    high = (high >> 8 * n | high << (32 - 8 * n)) & UINT32_MAX;
    return high << 32 | low;
}

static uint64_t mix(uint64_t c)
{
    return times_x(c ^ turn(c, 1)) ^ turn(c, 1) ^ turn(c, 2) ^ turn(c, 3);
}

static uint64_t mix_back(uint64_t c)
{
    return mix(c ^ times_x(times_x(c ^ turn(c, 2))));
}

static void add(uint8_t s[XTS_BLOCK_BYTES], const uint8_t other[XTS_BLOCK_BYTES])
{
    le64_store(s, le64_load(s) ^ le64_load(other));
    le64_store(s + 8, le64_load(s + 8) ^ le64_load(other + 8));
}

void aes_encrypt_portable(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t s[XTS_BLOCK_BYTES])
{
    add(s, keys[0]);
    for (unsigned round = 1; round < XTS_ROUND_KEYS; round++) {
        on_words(s, substitute);
        shift_rows(s, 1);
        if (round < XTS_ROUND_KEYS - 1) {
            on_words(s, mix);
        }
        add(s, keys[round]);
    }
}

/** The inverse with its steps in the order of encryption, for which the keys in between are mixed back (FIPS 197 section 5.3.5). */
static void aes_decrypt_portable(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t s[XTS_BLOCK_BYTES])
{
    add(s, keys[0]);
    for (unsigned round = 1; round < XTS_ROUND_KEYS; round++) {
        on_words(s, substitute_back);
        shift_rows(s, 3);
        if (round < XTS_ROUND_KEYS - 1) {
            on_words(s, mix_back);
        }
        add(s, keys[round]);
    }
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static void expand(const uint8_t key[32], uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES])
{
    uint8_t *bytes = keys[0];
    uint8_t constant = 1;
    memcpy(bytes, key, 32);
    for (unsigned i = KEY_WORDS; i < 4 * XTS_ROUND_KEYS; i++) {
        uint32_t word = le32_load(bytes + 4 * (i - 1));
        if (i % KEY_WORDS == 0) {
            word = (uint32_t)substitute(word >> 8 | word << 24) ^ constant;
            constant = (uint8_t)times_x(constant);
        } else if (i % KEY_WORDS == 4) {
            word = (uint32_t)substitute(word);
        }
        le32_store(bytes + 4 * i, word ^ le32_load(bytes + 4 * (i - KEY_WORDS)));
    }
}

void xts_init(struct xts *x, const uint8_t key[XTS_KEY_BYTES])
{
    expand(key, x->seal);
    expand(key + 32, x->number);
    for (unsigned i = 0; i < XTS_ROUND_KEYS; i++) {
        memcpy(x->unseal[i], x->seal[XTS_ROUND_KEYS - 1 - i], XTS_BLOCK_BYTES);
        if (i != 0 && i != XTS_ROUND_KEYS - 1) {
            on_words(x->unseal[i], mix_back);
        }
    }
}

/* ---- XTS ------------------------------------------------------------------------------------------------------------------- */

/** Times x in GF(2^128), modulo x^128 + x^7 + x^2 + x + 1; the first byte has the lowest powers. */
static void next_mask(uint8_t mask[XTS_BLOCK_BYTES])
{
    uint64_t low = le64_load(mask), high = le64_load(mask + 8);
    uint64_t carry = high >> 63;
    le64_store(mask + 8, high << 1 | low >> 63);
    le64_store(mask, low << 1 ^ carry * 0x87);
}

void xts_seal_blocks_portable(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    for (; block_count > 0; block_count--, blocks += XTS_BLOCK_BYTES) {
        add(blocks, mask);
        aes_encrypt_portable(x->seal, blocks);
        add(blocks, mask);
        next_mask(mask);
    }
}

void xts_unseal_blocks_portable(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count)
{
    for (; block_count > 0; block_count--, blocks += XTS_BLOCK_BYTES) {
        add(blocks, mask);
        aes_decrypt_portable(x->unseal, blocks);
        add(blocks, mask);
        next_mask(mask);
    }
}

void xts_seal(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes)
{
    uint8_t mask[XTS_BLOCK_BYTES];
    assert(len_bytes % XTS_BLOCK_BYTES == 0);
    memcpy(mask, number, sizeof mask);
    aes_encrypt(x->number, mask);
    xts_seal_blocks(x, mask, bytes, len_bytes / XTS_BLOCK_BYTES);
}

void xts_unseal(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes)
{
    uint8_t mask[XTS_BLOCK_BYTES];
    assert(len_bytes % XTS_BLOCK_BYTES == 0);
    memcpy(mask, number, sizeof mask);
    aes_encrypt(x->number, mask);
    xts_unseal_blocks(x, mask, bytes, len_bytes / XTS_BLOCK_BYTES);
}

void xts_seal_portable(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes)
{
    uint8_t mask[XTS_BLOCK_BYTES];
    assert(len_bytes % XTS_BLOCK_BYTES == 0);
    memcpy(mask, number, sizeof mask);
    aes_encrypt_portable(x->number, mask);
    xts_seal_blocks_portable(x, mask, bytes, len_bytes / XTS_BLOCK_BYTES);
}

void xts_unseal_portable(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes)
{
    uint8_t mask[XTS_BLOCK_BYTES];
    assert(len_bytes % XTS_BLOCK_BYTES == 0);
    memcpy(mask, number, sizeof mask);
    aes_encrypt_portable(x->number, mask);
    xts_unseal_blocks_portable(x, mask, bytes, len_bytes / XTS_BLOCK_BYTES);
}
