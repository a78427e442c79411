/* SPDX-License-Identifier: MIT */
/**
 * Numbers of 8 words for AArch64, with its additions that take and give a carry, which compilers do not chain by
 * themselves: verification takes about half the instructions that it takes with the portable form. See
 * brainpool_words.h.
 * Owns:   nothing.    Uses: base. Private to llc; included by brainpool_words.h alone.
 * Limits: no instruction here takes a time that depends on its operands (Arm ARM, the list at PSTATE.DIT).
 */
#ifndef LX_BRAINPOOL_WORDS_AARCH64_H
#define LX_BRAINPOOL_WORDS_AARCH64_H

#include "llc.h"

static inline uint64_t words_add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t o0 = a->word[0], o1 = a->word[1], o2 = a->word[2], o3 = a->word[3];
    uint64_t o4 = a->word[4], o5 = a->word[5], o6 = a->word[6], o7 = a->word[7];
    uint64_t x, y, carry;
    __asm__("ldp %[x], %[y], [%[b], #0]\n\t"
            "adds %[o0], %[o0], %[x]\n\t"
            "adcs %[o1], %[o1], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #16]\n\t"
            "adcs %[o2], %[o2], %[x]\n\t"
            "adcs %[o3], %[o3], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #32]\n\t"
            "adcs %[o4], %[o4], %[x]\n\t"
            "adcs %[o5], %[o5], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #48]\n\t"
            "adcs %[o6], %[o6], %[x]\n\t"
            "adcs %[o7], %[o7], %[y]\n\t"
            "cset %[c], cs"
            : [o0] "+&r"(o0), [o1] "+&r"(o1), [o2] "+&r"(o2), [o3] "+&r"(o3), [o4] "+&r"(o4), [o5] "+&r"(o5),
              [o6] "+&r"(o6), [o7] "+&r"(o7), [x] "=&r"(x), [y] "=&r"(y), [c] "=r"(carry)
            : [b] "r"(b), "m"(*b)
            : "cc");
    *out = (struct llc_number){{o0, o1, o2, o3, o4, o5, o6, o7}};
    return carry;
}

static inline uint64_t words_sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    uint64_t o0 = a->word[0], o1 = a->word[1], o2 = a->word[2], o3 = a->word[3];
    uint64_t o4 = a->word[4], o5 = a->word[5], o6 = a->word[6], o7 = a->word[7];
    uint64_t x, y, borrow;
    __asm__("ldp %[x], %[y], [%[b], #0]\n\t"
            "subs %[o0], %[o0], %[x]\n\t"
            "sbcs %[o1], %[o1], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #16]\n\t"
            "sbcs %[o2], %[o2], %[x]\n\t"
            "sbcs %[o3], %[o3], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #32]\n\t"
            "sbcs %[o4], %[o4], %[x]\n\t"
            "sbcs %[o5], %[o5], %[y]\n\t"
            "ldp %[x], %[y], [%[b], #48]\n\t"
            "sbcs %[o6], %[o6], %[x]\n\t"
            "sbcs %[o7], %[o7], %[y]\n\t"
            "cset %[c], cc"
            : [o0] "+&r"(o0), [o1] "+&r"(o1), [o2] "+&r"(o2), [o3] "+&r"(o3), [o4] "+&r"(o4), [o5] "+&r"(o5),
              [o6] "+&r"(o6), [o7] "+&r"(o7), [x] "=&r"(x), [y] "=&r"(y), [c] "=r"(borrow)
            : [b] "r"(b), "m"(*b)
            : "cc");
    *out = (struct llc_number){{o0, o1, o2, o3, o4, o5, o6, o7}};
    return borrow;
}

/**
 * out = a * b / 2^512 modulo m: one of a and b below m, the other any number. The product grows and is reduced by
 * turns, a word at a time (C. K. Koc, T. Acar, B. S. Kaliski, "Analyzing and comparing Montgomery multiplication
 * algorithms", 1996, CIOS).
 *   t: x5 to x13, and x14 for its carry     products: x15 to x17 and x19 to x25     q and b[i]: x26     counter: x27
 */
static inline void montgomery_multiply(struct llc_number *out, const struct llc_number *a, const struct llc_number *b,
                                       const struct llc_number *m, uint64_t inverse_negated)
{
    const uint64_t *next = b->word;
    __asm__ volatile(
            /* t = 0 */
            "mov x5, xzr; mov x6, xzr; mov x7, xzr; mov x8, xzr; mov x9, xzr; mov x10, xzr; mov x11, xzr\n\t"
            "mov x12, xzr; mov x13, xzr; mov x27, #8\n\t"
            "1:\n\t"
            /* t += a * b[i]: lower halves, then upper halves one word further on */
            "ldr x26, [%[b]], #8\n\t"
            "ldp x15, x16, [%[a]]; ldp x17, x19, [%[a], #16]\n\t"
            "mul x20, x15, x26; mul x21, x16, x26; mul x22, x17, x26; mul x23, x19, x26\n\t"
            "adds x5, x5, x20; adcs x6, x6, x21; adcs x7, x7, x22; adcs x8, x8, x23\n\t"
            "umulh x15, x15, x26; umulh x16, x16, x26; umulh x17, x17, x26; umulh x19, x19, x26\n\t"
            "ldp x20, x21, [%[a], #32]; ldp x22, x23, [%[a], #48]\n\t"
            "mul x24, x20, x26; mul x25, x21, x26\n\t"
            "adcs x9, x9, x24; adcs x10, x10, x25\n\t"
            "mul x24, x22, x26; mul x25, x23, x26\n\t"
            "adcs x11, x11, x24; adcs x12, x12, x25; adcs x13, x13, xzr; cset x14, cs\n\t"
            "umulh x20, x20, x26; umulh x21, x21, x26; umulh x22, x22, x26; umulh x23, x23, x26\n\t"
            "adds x6, x6, x15; adcs x7, x7, x16; adcs x8, x8, x17; adcs x9, x9, x19; adcs x10, x10, x20\n\t"
            "adcs x11, x11, x21; adcs x12, x12, x22; adcs x13, x13, x23; adc x14, x14, xzr\n\t"
            /* t = (t + m * q) / 2^64, where q makes the lowest word zero */
            "mul x26, x5, %[inverse]\n\t"
            "ldp x15, x16, [%[m]]; ldp x17, x19, [%[m], #16]\n\t"
            "mul x21, x16, x26; mul x22, x17, x26; mul x23, x19, x26\n\t"
            /* t[0] + the low half of m[0] * q is 0, with a carry unless t[0] was */
            "cmp x5, #1; adcs x5, x6, x21; adcs x6, x7, x22; adcs x7, x8, x23\n\t"
            "umulh x15, x15, x26; umulh x16, x16, x26; umulh x17, x17, x26; umulh x19, x19, x26\n\t"
            "ldp x20, x21, [%[m], #32]; ldp x22, x23, [%[m], #48]\n\t"
            "mul x24, x20, x26; mul x25, x21, x26\n\t"
            "adcs x8, x9, x24; adcs x9, x10, x25\n\t"
            "mul x24, x22, x26; mul x25, x23, x26\n\t"
            "adcs x10, x11, x24; adcs x11, x12, x25; adcs x12, x13, xzr; adc x13, x14, xzr\n\t"
            "umulh x20, x20, x26; umulh x21, x21, x26; umulh x22, x22, x26; umulh x23, x23, x26\n\t"
            "adds x5, x5, x15; adcs x6, x6, x16; adcs x7, x7, x17; adcs x8, x8, x19; adcs x9, x9, x20\n\t"
            "adcs x10, x10, x21; adcs x11, x11, x22; adcs x12, x12, x23; adc x13, x13, xzr\n\t"
            "sub x27, x27, #1\n\t"
            "cbnz x27, 1b\n\t"
            /* t -= m, if t is not below m */
            "ldp x15, x16, [%[m], #0]; ldp x17, x19, [%[m], #16]; ldp x20, x21, [%[m], #32]\n\t"
            "ldp x22, x23, [%[m], #48]\n\t"
            "subs x15, x5, x15; sbcs x16, x6, x16; sbcs x17, x7, x17; sbcs x19, x8, x19; sbcs x20, x9, x20\n\t"
            "sbcs x21, x10, x21; sbcs x22, x11, x22; sbcs x23, x12, x23; sbcs xzr, x13, xzr\n\t"
            "csel x5, x15, x5, cs; csel x6, x16, x6, cs; csel x7, x17, x7, cs; csel x8, x19, x8, cs\n\t"
            "csel x9, x20, x9, cs; csel x10, x21, x10, cs; csel x11, x22, x11, cs; csel x12, x23, x12, cs\n\t"
            "stp x5, x6, [%[out], #0]; stp x7, x8, [%[out], #16]; stp x9, x10, [%[out], #32]\n\t"
            "stp x11, x12, [%[out], #48]\n\t"
            : [b] "+&r"(next) /* advances before the inputs are used up: never in the register of one, as when squaring */
            : [out] "r"(out), [a] "r"(a), [m] "r"(m), [inverse] "r"(inverse_negated)
            : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
              "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "cc", "memory");
}

/** out = a * a / 2^512 modulo m. */
static inline void montgomery_square(struct llc_number *out, const struct llc_number *a, const struct llc_number *m,
                                     uint64_t inverse_negated)
{
    montgomery_multiply(out, a, a, m, inverse_negated);
}

#endif
