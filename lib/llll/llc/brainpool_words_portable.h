/* SPDX-License-Identifier: MIT */
/**
 * Numbers of 8 words: addition, subtraction and multiplication, for any processor. See brainpool_words.h.
 * Owns:   nothing.    Uses: base. Private to llc; included by brainpool_words.h alone.
 */
#ifndef LX_BRAINPOOL_WORDS_PORTABLE_H
#define LX_BRAINPOOL_WORDS_PORTABLE_H

#include "llc.h"

__extension__ typedef unsigned __int128 u128;

/** a + b + carry; the new carry is 0 or 1. */
static inline uint64_t word_add(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t sum = a + b;
    uint64_t overflow = sum < a;
    sum += *carry;
    *carry = overflow + (sum < *carry);
    return sum;
}

/** a - b - borrow; the new borrow is 0 or 1. */
static inline uint64_t word_sub(uint64_t a, uint64_t b, uint64_t *borrow)
{
    uint64_t difference = a - b;
    uint64_t underflow = a < b;
    uint64_t result = difference - *borrow;
    *borrow = underflow + (difference < *borrow);
    return result;
}

static inline uint64_t words_add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t carry = 0;
    out->word[0] = word_add(a->word[0], b->word[0], &carry);
    out->word[1] = word_add(a->word[1], b->word[1], &carry);
    out->word[2] = word_add(a->word[2], b->word[2], &carry);
    out->word[3] = word_add(a->word[3], b->word[3], &carry);
    out->word[4] = word_add(a->word[4], b->word[4], &carry);
    out->word[5] = word_add(a->word[5], b->word[5], &carry);
    out->word[6] = word_add(a->word[6], b->word[6], &carry);
    out->word[7] = word_add(a->word[7], b->word[7], &carry);
    return carry;
}

static inline uint64_t words_sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t borrow = 0;
    out->word[0] = word_sub(a->word[0], b->word[0], &borrow);
    out->word[1] = word_sub(a->word[1], b->word[1], &borrow);
    out->word[2] = word_sub(a->word[2], b->word[2], &borrow);
    out->word[3] = word_sub(a->word[3], b->word[3], &borrow);
    out->word[4] = word_sub(a->word[4], b->word[4], &borrow);
    out->word[5] = word_sub(a->word[5], b->word[5], &borrow);
    out->word[6] = word_sub(a->word[6], b->word[6], &borrow);
    out->word[7] = word_sub(a->word[7], b->word[7], &borrow);
    return borrow;
}

/* Rows: t[0..N-1] += a[0..N-1] * b + carry, returning the carry, a word. */

/** The two halves added one after the other, which both GCC and clang make additions with carry of. */
static inline uint64_t row_add_1(uint64_t *t, const uint64_t *a, uint64_t b, uint64_t carry)
{
    u128 product = (u128)a[0] * b;
    uint64_t low = (uint64_t)product;
    uint64_t high = (uint64_t)(product >> 64);
    low += t[0];
    high += low < t[0];
    low += carry;
    high += low < carry;
    t[0] = low;
    return high;
}

static inline uint64_t row_add_2(uint64_t *t, const uint64_t *a, uint64_t b, uint64_t carry)
{
    carry = row_add_1(t, a, b, carry);
    return row_add_1(t + 1, a + 1, b, carry);
}

static inline uint64_t row_add_4(uint64_t *t, const uint64_t *a, uint64_t b, uint64_t carry)
{
    carry = row_add_2(t, a, b, carry);
    return row_add_2(t + 2, a + 2, b, carry);
}

static inline uint64_t row_add_8(uint64_t *t, const uint64_t *a, uint64_t b)
{
    uint64_t carry = row_add_4(t, a, b, 0);
    return row_add_4(t + 4, a + 4, b, carry);
}

/** One step of Montgomery's reduction: adds the multiple of m that clears t[0]; `carry` goes along above t[8]. */
static inline void reduce_step(uint64_t *t, const uint64_t m[8], uint64_t inverse_negated, uint64_t *carry)
{
    uint64_t above = row_add_8(t, m, t[0] * inverse_negated);
    u128 sum = (u128)t[8] + above + *carry;
    t[8] = (uint64_t)sum;
    *carry = (uint64_t)(sum >> 64);
}

/*
 * Steps and rows stand one by one, not in loops, so that the words stay in registers: verification spends its time
 * here.
 */

/** out = t / 2^512 modulo m, for t below 2^512 m. */
static inline void reduce_product(struct llc_number *out, uint64_t t[16], const struct llc_number *m,
                                  uint64_t inverse_negated)
{
    uint64_t carry = 0;
    reduce_step(t, m->word, inverse_negated, &carry);
    reduce_step(t + 1, m->word, inverse_negated, &carry);
    reduce_step(t + 2, m->word, inverse_negated, &carry);
    reduce_step(t + 3, m->word, inverse_negated, &carry);
    reduce_step(t + 4, m->word, inverse_negated, &carry);
    reduce_step(t + 5, m->word, inverse_negated, &carry);
    reduce_step(t + 6, m->word, inverse_negated, &carry);
    reduce_step(t + 7, m->word, inverse_negated, &carry);
    struct llc_number high = {{t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15]}};
    struct llc_number less;
    uint64_t borrow = words_sub(&less, &high, m);
    words_select(out, &high, &less, carry | (borrow ^ 1));
}

/** out = a * b / 2^512 modulo m: one of a and b below m, the other any number. */
static inline void montgomery_multiply(struct llc_number *out, const struct llc_number *a, const struct llc_number *b,
                                       const struct llc_number *m, uint64_t inverse_negated)
{
    uint64_t t[16] = {0};
    t[8] = row_add_8(t, a->word, b->word[0]);
    t[9] = row_add_8(t + 1, a->word, b->word[1]);
    t[10] = row_add_8(t + 2, a->word, b->word[2]);
    t[11] = row_add_8(t + 3, a->word, b->word[3]);
    t[12] = row_add_8(t + 4, a->word, b->word[4]);
    t[13] = row_add_8(t + 5, a->word, b->word[5]);
    t[14] = row_add_8(t + 6, a->word, b->word[6]);
    t[15] = row_add_8(t + 7, a->word, b->word[7]);
    reduce_product(out, t, m, inverse_negated);
}

/** The products of different words, a[i] * a[j] with i < j, each once. */
static inline void triangle(uint64_t t[16], const uint64_t a[8])
{
    uint64_t carry = row_add_4(t + 1, a + 1, a[0], 0);
    carry = row_add_2(t + 5, a + 5, a[0], carry);
    t[8] = row_add_1(t + 7, a + 7, a[0], carry);
    carry = row_add_4(t + 3, a + 2, a[1], 0);
    t[9] = row_add_2(t + 7, a + 6, a[1], carry);
    carry = row_add_4(t + 5, a + 3, a[2], 0);
    t[10] = row_add_1(t + 9, a + 7, a[2], carry);
    t[11] = row_add_4(t + 7, a + 4, a[3], 0);
    carry = row_add_2(t + 9, a + 5, a[4], 0);
    t[12] = row_add_1(t + 11, a + 7, a[4], carry);
    t[13] = row_add_2(t + 11, a + 6, a[5], 0);
    t[14] = row_add_1(t + 13, a + 7, a[6], 0);
}

/**
 * Doubles two words and adds the square of a third: t[0..1] = 2 * t[0..1] + a^2, with what `above` and `carry` bring
 * along.
 */
static inline void square_add(uint64_t *t, uint64_t a, uint64_t *above, uint64_t *carry)
{
    u128 square = (u128)a * a;
    uint64_t low = t[0] << 1 | *above;
    uint64_t high = t[1] << 1 | t[0] >> 63;
    *above = t[1] >> 63;
    u128 sum = (u128)low + (uint64_t)square + *carry;
    t[0] = (uint64_t)sum;
    sum = (u128)high + (uint64_t)(square >> 64) + (uint64_t)(sum >> 64);
    t[1] = (uint64_t)sum;
    *carry = (uint64_t)(sum >> 64);
}

/** out = a * a / 2^512 modulo m. */
static inline void montgomery_square(struct llc_number *out, const struct llc_number *a, const struct llc_number *m,
                                     uint64_t inverse_negated)
{
    uint64_t t[16] = {0};
    uint64_t above = 0;
    uint64_t carry = 0;
    triangle(t, a->word);
    square_add(t, a->word[0], &above, &carry);
    square_add(t + 2, a->word[1], &above, &carry);
    square_add(t + 4, a->word[2], &above, &carry);
    square_add(t + 6, a->word[3], &above, &carry);
    square_add(t + 8, a->word[4], &above, &carry);
    square_add(t + 10, a->word[5], &above, &carry);
    square_add(t + 12, a->word[6], &above, &carry);
    square_add(t + 14, a->word[7], &above, &carry);
    reduce_product(out, t, m, inverse_negated);
}

#endif
