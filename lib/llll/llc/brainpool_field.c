/* SPDX-License-Identifier: MIT */
/** Arithmetic modulo the primes of brainpoolP512t1. See brainpool_field.h. */
#include "brainpool_field.h"
#include "brainpool_words.h"

const struct modulus brainpool_field = {
    .m = {{0x28aa6056583a48f3, 0x2881ff2f2d82c685, 0xaecda12ae6a380e6, 0x7d4d9b009bc66842, 0xd6639cca70330871,
           0xcb308db3b3c9d20e, 0x3fd4e6ae33c9fc07, 0xaadd9db8dbe9c48b}},
    .inverse_negated = 0x839b32207d89efc5,
    .one = {{0xd7559fa9a7c5b70d, 0xd77e00d0d27d397a, 0x51325ed5195c7f19, 0x82b264ff643997bd, 0x299c63358fccf78e,
             0x34cf724c4c362df1, 0xc02b1951cc3603f8, 0x5522624724163b74}},
    .square = {{0x49ad144a6158f205, 0x793fb13027157905, 0x53b7f9bc905affd3, 0xe0c19a7783514a25, 0x19486fd8d5898057,
                0xa16daa5fd42bff83, 0x202e19402056eecc, 0x3c4c9d05a9ff6450}},
};

const struct modulus brainpool_order = {
    .m = {{0xb58796829ca90069, 0x1db1d381085ddadd, 0x418661197fac1047, 0x553e5c414ca92619, 0xd6639cca70330870,
           0xcb308db3b3c9d20e, 0x3fd4e6ae33c9fc07, 0xaadd9db8dbe9c48b}},
    .inverse_negated = 0xad49541f0f1b7027,
    .one = {{0x4a78697d6356ff97, 0xe24e2c7ef7a22522, 0xbe799ee68053efb8, 0xaac1a3beb356d9e6, 0x299c63358fccf78f,
             0x34cf724c4c362df1, 0xc02b1951cc3603f8, 0x5522624724163b74}},
    .square = {{0xd2a3681ecda81671, 0x0886b75895283ddd, 0x3ec64bd033b7627f, 0xa6f230c72f0207e8, 0xd7f9cc263b790de3,
                0x723c37a22f16bbdf, 0x95df1b4c194b2e56, 0xa794586a718407b0}},
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
    words_select(out, a, b, choice);
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

void mod_mul(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m)
{
    montgomery_multiply(out, a, b, &m->m, m->inverse_negated);
}

void mod_square(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    montgomery_square(out, a, &m->m, m->inverse_negated);
}

void mod_from_montgomery(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    static const struct llc_number one = {{1}};
    mod_mul(out, a, &one, m);
}

void mod_power(struct llc_number *out, const struct llc_number *a, const struct llc_number *exponent,
               const struct modulus *m)
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
