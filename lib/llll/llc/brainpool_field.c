/* SPDX-License-Identifier: MIT */
/** Arithmetic modulo the primes of brainpoolP512t1. See brainpool_field.h. */
#include "brainpool_field.h"

const struct modulus field = {
    .m = {{0x28aa6056583a48f3, 0x2881ff2f2d82c685, 0xaecda12ae6a380e6, 0x7d4d9b009bc66842,
           0xd6639cca70330871, 0xcb308db3b3c9d20e, 0x3fd4e6ae33c9fc07, 0xaadd9db8dbe9c48b}},
    .inverse_negated = 0x839b32207d89efc5,
    .one = {{0xd7559fa9a7c5b70d, 0xd77e00d0d27d397a, 0x51325ed5195c7f19, 0x82b264ff643997bd,
             0x299c63358fccf78e, 0x34cf724c4c362df1, 0xc02b1951cc3603f8, 0x5522624724163b74}},
    .square = {{0x49ad144a6158f205, 0x793fb13027157905, 0x53b7f9bc905affd3, 0xe0c19a7783514a25,
                0x19486fd8d5898057, 0xa16daa5fd42bff83, 0x202e19402056eecc, 0x3c4c9d05a9ff6450}},
};

const struct modulus group_order = {
    .m = {{0xb58796829ca90069, 0x1db1d381085ddadd, 0x418661197fac1047, 0x553e5c414ca92619,
           0xd6639cca70330870, 0xcb308db3b3c9d20e, 0x3fd4e6ae33c9fc07, 0xaadd9db8dbe9c48b}},
    .inverse_negated = 0xad49541f0f1b7027,
    .one = {{0x4a78697d6356ff97, 0xe24e2c7ef7a22522, 0xbe799ee68053efb8, 0xaac1a3beb356d9e6,
             0x299c63358fccf78f, 0x34cf724c4c362df1, 0xc02b1951cc3603f8, 0x5522624724163b74}},
    .square = {{0xd2a3681ecda81671, 0x0886b75895283ddd, 0x3ec64bd033b7627f, 0xa6f230c72f0207e8,
                0xd7f9cc263b790de3, 0x723c37a22f16bbdf, 0x95df1b4c194b2e56, 0xa794586a718407b0}},
};

void number_load(struct llc_number *out, const uint8_t bytes[FIELD_BYTES])
{
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        out->word[i] = be64_load(bytes + FIELD_BYTES - 8 - 8 * i);
    }
}

void number_store(uint8_t out[FIELD_BYTES], const struct llc_number *a)
{
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        be64_store(out + FIELD_BYTES - 8 - 8 * i, a->word[i]);
    }
}

bool number_equal_vartime(const struct llc_number *a, const struct llc_number *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

bool number_is_zero_vartime(const struct llc_number *a)
{
    return number_is_zero(a) != 0;
}

uint64_t number_is_zero(const struct llc_number *a)
{
    uint64_t any = 0;
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        any |= a->word[i];
    }
    return ((any | (0 - any)) >> 63) ^ 1;
}

void number_select(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, uint64_t choice)
{
    uint64_t mask = 0 - choice;
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        out->word[i] = a->word[i] ^ (mask & (a->word[i] ^ b->word[i]));
    }
}

/* Each of these is written so that GCC and clang, for both architectures, make an addition with carry of it. */

/** a + b + carry; the new carry is 0 or 1. */
static inline uint64_t add_carry(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t sum = a + b;
    uint64_t overflow = sum < a;
    sum += *carry;
    *carry = overflow + (sum < *carry);
    return sum;
}

/** a - b - borrow; the new borrow is 0 or 1. */
static inline uint64_t sub_borrow(uint64_t a, uint64_t b, uint64_t *borrow)
{
    uint64_t difference = a - b;
    uint64_t underflow = a < b;
    uint64_t result = difference - *borrow;
    *borrow = underflow + (difference < *borrow);
    return result;
}

/* Whole numbers word by word, written out, because additions are many and loops would cost as much as they do. */

static inline uint64_t words_add_4(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t carry)
{
    out[0] = add_carry(a[0], b[0], &carry);
    out[1] = add_carry(a[1], b[1], &carry);
    out[2] = add_carry(a[2], b[2], &carry);
    out[3] = add_carry(a[3], b[3], &carry);
    return carry;
}

static inline uint64_t words_sub_4(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t borrow)
{
    out[0] = sub_borrow(a[0], b[0], &borrow);
    out[1] = sub_borrow(a[1], b[1], &borrow);
    out[2] = sub_borrow(a[2], b[2], &borrow);
    out[3] = sub_borrow(a[3], b[3], &borrow);
    return borrow;
}

/** a + b modulo 2^512; returns the carry. */
static inline uint64_t words_add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t carry = words_add_4(out->word, a->word, b->word, 0);
    return words_add_4(out->word + 4, a->word + 4, b->word + 4, carry);
}

/** a - b modulo 2^512; returns the borrow. */
static inline uint64_t words_sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t borrow = words_sub_4(out->word, a->word, b->word, 0);
    return words_sub_4(out->word + 4, a->word + 4, b->word + 4, borrow);
}

uint64_t number_is_below(const struct llc_number *a, const struct llc_number *b)
{
    struct llc_number ignored;
    return words_sub(&ignored, a, b);
}

bool number_is_below_vartime(const struct llc_number *a, const struct llc_number *b)
{
    return number_is_below(a, b) != 0;
}

/** Takes m away from the 513-bit number (high, a) if that is not below it. The result is below 2^512. */
static inline void subtract_once(struct llc_number *out, const struct llc_number *a, uint64_t high,
                                 const struct llc_number *m)
{
    struct llc_number less;
    uint64_t borrow = words_sub(&less, a, m);
    number_select(out, a, &less, high | (borrow ^ 1));
}

void number_reduce(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    subtract_once(out, a, 0, &m->m);
}

void mod_add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m)
{
    struct llc_number sum;
    uint64_t carry = words_add(&sum, a, b);
    subtract_once(out, &sum, carry, &m->m);
}

void mod_sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m)
{
    static const struct llc_number zero;
    struct llc_number difference, correction;
    uint64_t borrow = words_sub(&difference, a, b);
    number_select(&correction, &zero, &m->m, borrow);
    (void)words_add(out, &difference, &correction);
}

void mod_half(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    static const struct llc_number zero;
    struct llc_number even, correction;
    number_select(&correction, &zero, &m->m, a->word[0] & 1); /* m is odd */
    uint64_t above = words_add(&even, a, &correction);
    for (size_t i = FIELD_WORDS; i-- > 0;) {
        out->word[i] = even.word[i] >> 1 | above << 63;
        above = even.word[i];
    }
}

/** *t + a * b + carry; the new carry is a word. */
static inline uint64_t multiply_add(uint64_t *t, uint64_t a, uint64_t b, uint64_t carry)
{
    u128 product = (u128)a * b;
    uint64_t low = (uint64_t)product;
    uint64_t high = (uint64_t)(product >> 64);
    low += *t;
    high += low < *t;
    low += carry;
    high += low < carry;
    *t = low;
    return high;
}

/* t[] += a[] * b + carry for 2, 4 and 8 words, written out because verification spends its time here. */

static inline uint64_t row_add_2(uint64_t *t, const uint64_t *a, uint64_t b, uint64_t carry)
{
    carry = multiply_add(t, a[0], b, carry);
    return multiply_add(t + 1, a[1], b, carry);
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

/** Montgomery's reduction of a product: adds multiples of m that clear the low words, and drops those. */
static inline void reduce_product(struct llc_number *out, uint64_t t[16], const struct modulus *m)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        uint64_t row_carry = row_add_8(t + i, m->m.word, t[i] * m->inverse_negated);
        t[i + 8] = add_carry(t[i + 8], row_carry, &carry);
    }
    struct llc_number high;
    memcpy(high.word, t + 8, sizeof high.word);
    subtract_once(out, &high, carry, &m->m);
}

void mod_mul(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m)
{
    uint64_t t[16] = {0};
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        t[i + 8] = row_add_8(t + i, a->word, b->word[i]);
    }
    reduce_product(out, t, m);
}

/** The products of different words, a[i] * a[j] with i < j, each once. */
static inline void triangle(uint64_t t[16], const uint64_t a[8])
{
    uint64_t carry = row_add_4(t + 1, a + 1, a[0], 0);
    carry = row_add_2(t + 5, a + 5, a[0], carry);
    t[8] = multiply_add(t + 7, a[7], a[0], carry);
    carry = row_add_4(t + 3, a + 2, a[1], 0);
    t[9] = row_add_2(t + 7, a + 6, a[1], carry);
    carry = row_add_4(t + 5, a + 3, a[2], 0);
    t[10] = multiply_add(t + 9, a[7], a[2], carry);
    t[11] = row_add_4(t + 7, a + 4, a[3], 0);
    carry = row_add_2(t + 9, a + 5, a[4], 0);
    t[12] = multiply_add(t + 11, a[7], a[4], carry);
    t[13] = row_add_2(t + 11, a + 6, a[5], 0);
    t[14] = multiply_add(t + 13, a[7], a[6], 0);
}

void mod_square(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    uint64_t t[16] = {0};
    triangle(t, a->word);
    uint64_t carry = 0;
    uint64_t shifted = 0;
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        u128 square = (u128)a->word[i] * a->word[i];
        uint64_t low = t[2 * i] << 1 | shifted;
        uint64_t high = t[2 * i + 1] << 1 | t[2 * i] >> 63;
        shifted = t[2 * i + 1] >> 63;
        t[2 * i] = add_carry(low, (uint64_t)square, &carry);
        t[2 * i + 1] = add_carry(high, (uint64_t)(square >> 64), &carry);
    }
    reduce_product(out, t, m);
}

void mod_from_montgomery(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    uint64_t t[16] = {0};
    memcpy(t, a->word, sizeof a->word);
    reduce_product(out, t, m);
}

void mod_power(struct llc_number *out, const struct llc_number *a, const struct llc_number *exponent, const struct modulus *m)
{
    struct llc_number power[16]; /* of a: 0 to 15 */
    power[0] = m->one;
    for (size_t i = 1; i < ARRAY_LEN(power); i++) {
        mod_mul(&power[i], &power[i - 1], a, m);
    }
    struct llc_number result = m->one;
    for (size_t bit = 512; bit > 0; bit -= 4) {
        for (unsigned i = 0; i < 4; i++) {
            mod_square(&result, &result, m);
        }
        uint64_t digit = exponent->word[(bit - 4) / 64] >> (bit - 4) % 64 & 15;
        mod_mul(&result, &result, &power[digit], m);
    }
    *out = result;
    wipe(power, sizeof power);
    wipe(&result, sizeof result);
}

void mod_invert(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    struct llc_number exponent = m->m; /* Fermat: a^(m - 2); both moduli end in a word above 2 */
    exponent.word[0] -= 2;
    mod_power(out, a, &exponent, m);
}
