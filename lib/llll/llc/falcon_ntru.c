/* SPDX-License-Identifier: MIT */
/** The equation of NTRU. See falcon_ntru.h. */
#include "falcon_ntru.h"
#include "falcon_ring.h"
#include "falcon_sample.h"


#define MAGNITUDE_MAX  127
#define PRODUCT_WORDS  (NTRU_WORDS_LAST + 27u)
#define GCD_STEPS      6840u /* both integers are below 2^3420; a step takes at least a bit off one of them */
#define REDUCTION_BITS 25    /* what a pass is to take off a quotient */
#define QUOTIENT_MAX   2147483647.0 /* 2^31 - 1; a quotient that reaches it is not known well enough to go on */

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

/*
 * The largest coefficient of the norms at each depth has 4, 11, 24, 50, 101, 200, 397, 786, 1563, 3126 bits on average
 * (400 samples), and 0.3, 0.2, 0.5, 0.8, 1.6, 2.8, 4.7, 8.1, 14.3, 28.6 as standard deviation; the short F and G have
 * up to five bits more than f and g. The words leave ten deviations. Should that ever not do, then the solution does
 * not fit at the end and the pair is dropped.
 */
static const uint8_t word_count[NTRU_DEPTH + 1] = {1, 1, 1, 1, 2, 4, 7, 14, 27, NTRU_WORDS_LAST};
static const uint16_t bit_count[NTRU_DEPTH] = {4, 11, 24, 50, 101, 200, 397, 786, 1563};

/*
 * By how many bits the first pass at each depth shifts. From depth 2 on it is the node's: about one pair in a hundred is
 * so uneven (one root much smaller than another) that the passes do not converge in 53 bits, and those pairs must be
 * dropped by the same arithmetic, or another key comes out.
 */
static const uint16_t first_shift[NTRU_DEPTH] = {4, 16, 137, 173, 276, 461, 863, 1654, 3338};

/** The words of F and G at a depth before they are short. */
static unsigned long_word_count(unsigned depth)
{
    return depth < 2 ? 1 : (unsigned)word_count[depth] + word_count[depth + 1];
}

/** Where the norm at a depth begins among all norms. */
static size_t norm_offset(unsigned depth)
{
    size_t at = 0;
    for (unsigned d = 0; d < depth; d++) {
        at += (size_t)(NTRU_DEGREE >> d) * word_count[d];
    }
    return at;
}

/* ---- integers --------------------------------------------------------------------------------------------------- */

/** All ones for a negative number, else zero. */
static inline uint64_t sign_mask(uint64_t top_word)
{
    return 0 - (top_word >> 63);
}

/** Adds `word` and a carry to `*to`. @return the new carry */
static inline uint64_t add_to(uint64_t *to, uint64_t word, uint64_t carry)
{
    u128 sum = (u128)*to + word + carry;
    *to = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

/** Subtracts b, where `mask` is all ones, from the upper words of a product. */
static void correct_sign(uint64_t *to, unsigned to_words, const uint64_t *b, unsigned words, uint64_t mask)
{
    uint64_t carry = mask & 1;
    for (unsigned i = 0; i < words && i < to_words; i++) {
        carry = add_to(&to[i], ~b[i] & mask, carry);
    }
}

/** An integer in some words. */
struct integer {
    const uint64_t *word;
    unsigned words;
};

/** to += a b, or to -= a b when `minus` is all ones and not zero. `to` has no more words than a and b together. */
static void add_product(uint64_t *to, unsigned to_words, struct integer a, struct integer b, uint64_t minus)
{
    uint64_t product[PRODUCT_WORDS] = {0};
    for (unsigned j = 0; j < b.words && j < to_words; j++) {
        uint64_t carry = 0;
        for (unsigned i = 0; i < a.words && i + j < to_words; i++) {
            u128 sum = (u128)a.word[i] * b.word[j] + product[i + j] + carry;
            product[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        if (a.words + j < to_words) {
            product[a.words + j] = carry;
        }
    }
    if (a.words < to_words) {
        correct_sign(product + a.words, to_words - a.words, b.word, b.words, sign_mask(a.word[a.words - 1]));
    }
    if (b.words < to_words) {
        correct_sign(product + b.words, to_words - b.words, a.word, a.words, sign_mask(b.word[b.words - 1]));
    }
    uint64_t carry = minus & 1;
    for (unsigned i = 0; i < to_words; i++) {
        carry = add_to(&to[i], product[i] ^ minus, carry);
    }
}

/** to -= a k, for a magnitude of k below 2^62; a's sign is extended. */
static void subtract_multiple(uint64_t *to, unsigned to_words, struct integer a, int64_t k)
{
    i128 carry = 0;
    unsigned common = a.words - 1 < to_words ? a.words - 1 : to_words;
    for (unsigned i = 0; i < common; i++) {
        carry += (i128)to[i] - (i128)k * a.word[i];
        to[i] = (uint64_t)carry;
        carry >>= 64;
    }
    carry -= (i128)k * (int64_t)a.word[a.words - 1];
    for (unsigned i = common; i < to_words; i++) {
        carry += to[i];
        to[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static double power_of_two(int exponent)
{
    uint64_t bits = exponent < -1022 ? 0 : (uint64_t)((exponent > 1023 ? 1023 : exponent) + 1023) << 52;
    double out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

/** The integer / 2^exponent. What it has above 2^1000 after that must be nothing but its sign. */
static double to_double(struct integer a, int exponent)
{
    uint64_t minus = sign_mask(a.word[a.words - 1]);
    uint64_t carry = minus & 1;
    double sum = 0;
    for (unsigned i = 0; i < a.words; i++) {
        uint64_t word = a.word[i] ^ minus;
        carry = add_to(&word, 0, carry);
        /* In halves, as a conversion of all 64 bits without a sign branches on some processors. */
        sum += (double)(int64_t)(word & UINT32_MAX) * power_of_two(64 * (int)i - exponent);
        sum += (double)(int64_t)(word >> 32) * power_of_two(64 * (int)i + 32 - exponent);
    }
    return sum * (1.0 - 2.0 * (double)(int64_t)(minus & 1));
}

/* ---- polynomials of integers ------------------------------------------------------------------------------------ */

/** A polynomial of integers: coefficient i begins at word i * stride. */
struct polynomial {
    const uint64_t *word;
    unsigned words, stride, count;
};

static struct integer coefficient(const struct polynomial *p, unsigned i)
{
    return (struct integer){p->word + (size_t)i * p->stride, p->words};
}

/** What is added to a polynomial: x^offset a(x^spread) b(x), or its negative. */
struct product {
    struct polynomial a, b;
    unsigned spread, offset;
    bool minus;
};

/** Adds a product to `to`, modulo x^n + 1. */
static void polynomial_add_product(uint64_t *to, unsigned to_words, unsigned n, const struct product *p)
{
    for (unsigned i = 0; i < p->a.count; i++) {
        for (unsigned j = 0; j < p->b.count; j++) {
            unsigned at = p->spread * i + p->offset + j; /* below 2 n */
            bool wrapped = at >= n;
            uint64_t minus = 0 - (uint64_t)(wrapped != p->minus);
            at -= wrapped ? n : 0;
            if (to_words == 1) {
                to[at] += ((p->a.word[i * p->a.stride] * p->b.word[j * p->b.stride]) ^ minus) - minus;
            } else {
                add_product(to + (size_t)at * to_words, to_words, coefficient(&p->a, i), coefficient(&p->b, j), minus);
            }
        }
    }
}

/** N(f) of f, of n coefficients: with f = e(x^2) + x o(x^2), it is e^2 - x o^2. */
static void norm_of(uint64_t *out, unsigned out_words, const uint64_t *f, unsigned words, unsigned n)
{
    struct polynomial even = {f, words, 2 * words, n / 2};
    struct polynomial odd = {f + words, words, 2 * words, n / 2};
    memset(out, 0, (size_t)n / 2 * out_words * 8);
    struct product squares[2] = {{even, even, 1, 0, false}, {odd, odd, 1, 1, true}};
    polynomial_add_product(out, out_words, n / 2, &squares[0]);
    polynomial_add_product(out, out_words, n / 2, &squares[1]);
}

/** f(-x) */
static void mirror(uint64_t *out, const uint64_t *f, unsigned words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t minus = 0 - (uint64_t)(i % 2);
        uint64_t carry = i % 2;
        for (unsigned w = 0; w < words; w++) {
            uint64_t word = f[i * words + w] ^ minus;
            carry = add_to(&word, 0, carry);
            out[i * words + w] = word;
        }
    }
}

/** F(x) = F'(x^2) g(-x): from the solution at depth + 1, a long one at a depth. */
static void lift(uint64_t *high, const uint64_t *low, const uint64_t *norms, unsigned depth, uint64_t *mirrored)
{
    unsigned n = NTRU_DEGREE >> depth, words = word_count[depth];
    mirror(mirrored, norms + norm_offset(depth), words, n);
    struct product p = {
        .a = {low, word_count[depth + 1], word_count[depth + 1], n / 2},
        .b = {mirrored, words, words, n},
        .spread = 2,
    };
    memset(high, 0, (size_t)n * long_word_count(depth) * 8);
    polynomial_add_product(high, long_word_count(depth), n, &p);
}

/* ---- reduction -------------------------------------------------------------------------------------------------- */

/** The values of a polynomial / 2^exponent. */
static void values_of(struct complex *out, const struct polynomial *p, int exponent, double *scratch)
{
    for (unsigned i = 0; i < p->count; i++) {
        scratch[i] = to_double(coefficient(p, i), exponent);
    }
    falcon_fft(out, scratch, p->count);
}

/**
 * Leaves the rounded quotient / 2^shift in work->quotient; the values of f and g are there already.
 * @return false when it is too large.
 */
static bool quotient_find(struct falcon_ntru *work, unsigned depth, int shift)
{
    unsigned n = NTRU_DEGREE >> depth, words = long_word_count(depth);
    struct polynomial high_f = {work->high_f, words, words, n}, high_g = {work->high_g, words, words, n};
    int exponent = bit_count[depth] + shift;
    values_of(work->quotient_values, &high_f, exponent, work->coefficient);
    values_of(work->values, &high_g, exponent, work->coefficient);
    for (unsigned i = 0; i < n / 2; i++) {
        struct complex f = work->f_values[i], g = work->g_values[i];
        struct complex sum = complex_add(complex_mul_conjugate(work->quotient_values[i], f),
                                         complex_mul_conjugate(work->values[i], g));
        work->quotient_values[i] = complex_scale(sum, 1.0 / (complex_norm(f) + complex_norm(g)));
    }
    falcon_fft_back(work->coefficient, work->quotient_values, n);
    uint64_t in_range = 1;
    for (unsigned i = 0; i < n; i++) { /* what is not a number is not in it either */
        in_range &= (uint64_t)(work->coefficient[i] < QUOTIENT_MAX);
        in_range &= (uint64_t)(work->coefficient[i] > -QUOTIENT_MAX);
    }
    if (!falcon_publish(in_range)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        work->quotient[i] = round_to_integer(work->coefficient[i]);
    }
    return true;
}

/** high -= quotient f 2^shift for polynomials of one word. */
static void subtract_narrow(uint64_t *high, const uint64_t *f, const int64_t *quotient, unsigned n, unsigned shift)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t k = (uint64_t)quotient[i] << shift;
        for (unsigned j = 0; j < n - i; j++) {
            high[i + j] -= k * f[j];
        }
        for (unsigned j = n - i; j < n; j++) {
            high[i + j - n] += k * f[j];
        }
    }
}

/** high -= quotient f 2^shift for polynomials of more words; `shifted` holds f, shifted by less than a word. */
static void subtract_wide(uint64_t *high, unsigned depth, const uint64_t *f, struct falcon_ntru *work, unsigned shift)
{
    unsigned n = NTRU_DEGREE >> depth, words = word_count[depth], bits = shift % 64, skipped = shift / 64;
    unsigned long_words = long_word_count(depth);
    for (unsigned i = 0; i < n; i++) {
        const uint64_t *from = f + (size_t)i * words;
        uint64_t *to = work->shifted + (size_t)i * (words + 1), below = 0;
        for (unsigned w = 0; w < words; w++) {
            to[w] = from[w] << bits | below;
            below = bits == 0 ? 0 : from[w] >> (64 - bits);
        }
        to[words] = bits == 0 ? sign_mask(from[words - 1]) : below | sign_mask(from[words - 1]) << bits;
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++) {
            struct integer a = {work->shifted + (size_t)j * (words + 1), words + 1};
            unsigned at = i + j < n ? i + j : i + j - n;
            int64_t k = i + j < n ? work->quotient[i] : -work->quotient[i];
            subtract_multiple(high + (size_t)at * long_words + skipped, long_words - skipped, a, k);
        }
    }
}

/** Makes F and G at a depth short. @return false when that does not succeed. */
static bool reduce(struct falcon_ntru *work, unsigned depth)
{
    unsigned n = NTRU_DEGREE >> depth, words = word_count[depth];
    const uint64_t *f = work->f + norm_offset(depth), *g = work->g + norm_offset(depth);
    struct polynomial pf = {f, words, words, n}, pg = {g, words, words, n};
    values_of(work->f_values, &pf, bit_count[depth], work->coefficient);
    values_of(work->g_values, &pg, bit_count[depth], work->coefficient);
    for (int shift = first_shift[depth];; shift = shift > REDUCTION_BITS ? shift - REDUCTION_BITS : 0) {
        if (!quotient_find(work, depth, shift)) {
            return false;
        }
        if (depth < 2) {
            subtract_narrow(work->high_f, f, work->quotient, n, (unsigned)shift);
            subtract_narrow(work->high_g, g, work->quotient, n, (unsigned)shift);
        } else {
            subtract_wide(work->high_f, depth, f, work, (unsigned)shift);
            subtract_wide(work->high_g, depth, g, work, (unsigned)shift);
        }
        if (shift == 0) {
            return true;
        }
    }
}

/** Keeps of each coefficient the words that a short one takes. */
static void keep_short(uint64_t *low, const uint64_t *high, unsigned depth)
{
    unsigned words = word_count[depth], long_words = long_word_count(depth);
    for (unsigned i = 0; i < NTRU_DEGREE >> depth; i++) {
        memcpy(low + (size_t)i * words, high + (size_t)i * long_words, words * sizeof *low);
    }
}

/* ---- the greatest common divisor --------------------------------------------------------------------------------- */

/** a += b where `mask` is all ones. */
static void add_masked(uint64_t *a, const uint64_t *b, unsigned words, uint64_t mask)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < words; i++) {
        carry = add_to(&a[i], b[i] & mask, carry);
    }
}

/** Exchanges a and b where `swap` is all ones; then a -= b where `subtract` is. */
static void swap_and_subtract(uint64_t *a, uint64_t *b, uint64_t swap, uint64_t subtract)
{
    uint64_t carry = subtract & 1;
    for (unsigned i = 0; i < NTRU_GCD_WORDS; i++) {
        uint64_t difference = (a[i] ^ b[i]) & swap;
        a[i] ^= difference;
        b[i] ^= difference;
        carry = add_to(&a[i], ~b[i] & subtract, carry);
    }
}

static void halve(uint64_t *a)
{
    for (unsigned i = 0; i + 1 < NTRU_GCD_WORDS; i++) {
        a[i] = a[i] >> 1 | a[i + 1] << 63;
    }
    uint64_t *top = &a[NTRU_GCD_WORDS - 1];
    *top = *top >> 1 | (*top & (uint64_t)1 << 63);
}

/** All ones when a < b. Both are positive. */
static uint64_t less(const uint64_t *a, const uint64_t *b)
{
    uint64_t carry = 1;
    for (unsigned i = 0; i < NTRU_GCD_WORDS; i++) {
        u128 sum = (u128)a[i] + ~b[i] + carry;
        carry = (uint64_t)(sum >> 64);
    }
    return carry - 1;
}

/**
 * One step of the binary algorithm, where row 1 is always odd: an odd row 0 becomes the difference of both, and then it
 * is halved. u stays from 0 to g; adding g to u and f to v changes no value, and makes both even together.
 */
static void gcd_step(struct ntru_gcd *gcd, const uint64_t *f, const uint64_t *g)
{
    uint64_t odd = 0 - (gcd->value[0][0] & 1);
    uint64_t swap = odd & less(gcd->value[0], gcd->value[1]);
    swap_and_subtract(gcd->value[0], gcd->value[1], swap, odd);
    swap_and_subtract(gcd->u[0], gcd->u[1], swap, odd);
    swap_and_subtract(gcd->v[0], gcd->v[1], swap, odd);
    halve(gcd->value[0]);
    uint64_t negative = sign_mask(gcd->u[0][NTRU_GCD_WORDS - 1]);
    add_masked(gcd->u[0], g, NTRU_GCD_WORDS, negative);
    add_masked(gcd->v[0], f, NTRU_GCD_WORDS, negative);
    uint64_t odd_factor = 0 - (gcd->u[0][0] & 1);
    add_masked(gcd->u[0], g, NTRU_GCD_WORDS, odd_factor);
    add_masked(gcd->v[0], f, NTRU_GCD_WORDS, odd_factor);
    halve(gcd->u[0]);
    halve(gcd->v[0]);
}

/** out = a q, as far as it fits. */
static void multiply_by_q(uint64_t *out, const uint64_t *a)
{
    static const uint64_t q = Q;
    memset(out, 0, NTRU_WORDS_LAST * sizeof *out);
    add_product(out, NTRU_WORDS_LAST, (struct integer){a, NTRU_GCD_WORDS}, (struct integer){&q, 1}, 0);
}

/** Solves f G - g F = q for the integers at the end. @return false when they have a common divisor. */
static bool solve_last(struct falcon_ntru *work)
{
    uint64_t f[NTRU_GCD_WORDS] = {0}, g[NTRU_GCD_WORDS] = {0};
    struct ntru_gcd *gcd = &work->gcd;
    memcpy(f, work->f + norm_offset(NTRU_DEPTH), NTRU_WORDS_LAST * sizeof *f);
    memcpy(g, work->g + norm_offset(NTRU_DEPTH), NTRU_WORDS_LAST * sizeof *g);
    memset(gcd, 0, sizeof *gcd);
    memcpy(gcd->value[0], f, sizeof f);
    memcpy(gcd->value[1], g, sizeof g);
    gcd->u[0][0] = 1;
    memset(gcd->v[1], 0xff, sizeof gcd->v[1]);
    for (unsigned step = 0; step < GCD_STEPS; step++) {
        gcd_step(gcd, f, g);
    }
    multiply_by_q(work->low_g, gcd->u[1]);
    multiply_by_q(work->low_f, gcd->v[1]);
    uint64_t rest = gcd->value[1][0] ^ 1;
    for (unsigned i = 1; i < NTRU_GCD_WORDS; i++) {
        rest |= gcd->value[1][i];
    }
    wipe(f, sizeof f);
    wipe(g, sizeof g);
    return falcon_publish(rest == 0);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void norms_of(uint64_t *out, const int8_t f[NTRU_DEGREE])
{
    for (unsigned i = 0; i < NTRU_DEGREE; i++) {
        out[i] = (uint64_t)(int64_t)f[i];
    }
    for (unsigned depth = 0; depth < NTRU_DEPTH; depth++) {
        norm_of(out + norm_offset(depth + 1), word_count[depth + 1], out + norm_offset(depth), word_count[depth],
                NTRU_DEGREE >> depth);
    }
}

/** @return nonzero when a coefficient has more than 7 bits */
static uint64_t narrow(int8_t *out, const uint64_t *high)
{
    uint64_t wrong = 0;
    for (unsigned i = 0; i < NTRU_DEGREE; i++) {
        wrong |= (high[i] + MAGNITUDE_MAX) >> 8;
        wrong |= high[i] + MAGNITUDE_MAX == 2 * MAGNITUDE_MAX + 1;
        out[i] = (int8_t)(uint8_t)high[i];
    }
    return wrong;
}

/** to += a b, or -=, modulo x^512 + 1; the sums stay far below 2^31. */
static void add_small_product(int32_t to[NTRU_DEGREE], const int8_t *a, const int8_t *b, int32_t factor)
{
    for (unsigned i = 0; i < NTRU_DEGREE; i++) {
        int32_t k = factor * a[i];
        for (unsigned j = 0; j < NTRU_DEGREE - i; j++) {
            to[i + j] += k * b[j];
        }
        for (unsigned j = NTRU_DEGREE - i; j < NTRU_DEGREE; j++) {
            to[i + j - NTRU_DEGREE] -= k * b[j];
        }
    }
}

bool falcon_ntru_solve(const int8_t f[NTRU_DEGREE], const int8_t g[NTRU_DEGREE], int8_t big_f[NTRU_DEGREE],
                       int8_t big_g[NTRU_DEGREE], struct falcon_ntru *work)
{
    norms_of(work->f, f);
    norms_of(work->g, g);
    if (!solve_last(work)) {
        return false;
    }
    for (unsigned depth = NTRU_DEPTH; depth-- > 0;) {
        lift(work->high_f, work->low_f, work->g, depth, work->mirrored);
        lift(work->high_g, work->low_g, work->f, depth, work->mirrored);
        if (!reduce(work, depth)) {
            return false;
        }
        if (depth > 0) {
            keep_short(work->low_f, work->high_f, depth);
            keep_short(work->low_g, work->high_g, depth);
        }
    }
    /* Nothing is taken for granted: whatever was lost on the way shows here. */
    uint64_t wrong = narrow(big_f, work->high_f) | narrow(big_g, work->high_g);
    int32_t *left = work->left;
    memset(left, 0, sizeof work->left);
    add_small_product(left, f, big_g, 1);
    add_small_product(left, g, big_f, -1);
    left[0] -= Q;
    for (unsigned i = 0; i < NTRU_DEGREE; i++) {
        wrong |= (uint32_t)left[i];
    }
    return falcon_publish(wrong == 0);
}
