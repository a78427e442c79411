/* SPDX-License-Identifier: MIT */
/** Points of brainpoolP512t1. See brainpool_point.h. */
#include "brainpool_point.h"

static const struct llc_number curve_b = {{0xc7c0d84b03b6d155, 0x57827b891a251c87, 0xae3c6c59ae6c8ba5,
                                           0x8613cba9edf66553, 0xca8a2ab6a009cee9, 0xb42e6975ff16cc9f,
                                           0xb5b14d01a3a9d8a5, 0x355016b2e0549b5b}};

/* (p + 1) / 4: as p is 3 modulo 4, this power of a square is its root. */
static const struct llc_number root_exponent = {{0x4a2a9815960e923d, 0x8a207fcbcb60b1a1, 0xabb3684ab9a8e039,
                                                 0x5f5366c026f19a10, 0xb598e7329c0cc21c, 0xf2cc236cecf27483,
                                                 0xcff539ab8cf27f01, 0x2ab7676e36fa7122}};

/* Arithmetic of coordinates, short, because formulas are read as a whole. */

static inline void add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    mod_add(out, a, b, &brainpool_field);
}

static inline void sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    mod_sub(out, a, b, &brainpool_field);
}

static inline void mul(struct llc_number *out, const struct llc_number *a, const struct llc_number *b)
{
    mod_mul(out, a, b, &brainpool_field);
}

static inline void square(struct llc_number *out, const struct llc_number *a)
{
    mod_square(out, a, &brainpool_field);
}

static inline void triple(struct llc_number *out, const struct llc_number *a)
{
    struct llc_number twice;
    add(&twice, a, a);
    add(out, &twice, a);
}

/* ---- constant time ---------------------------------------------------------------------------------------------- */

/** a1 * b2 + a2 * b1, given a1 * a2 and b1 * b2. */
static void cross(struct llc_number *out, const struct llc_number *a1, const struct llc_number *b1,
                  const struct llc_number *a2, const struct llc_number *b2, const struct llc_number products[2])
{
    struct llc_number s1, s2;
    add(&s1, a1, b1);
    add(&s2, a2, b2);
    mul(&s1, &s1, &s2);
    sub(&s1, &s1, &products[0]);
    sub(out, &s1, &products[1]);
}

/*
 * With XX = X1 X2 (YY and ZZ likewise), XY = X1 Y2 + X2 Y1 (YZ and XZ likewise):
 *     P = 3 (XZ - b ZZ)     Q = 3 (b XZ - XX - 3 ZZ)     R = 3 (XX - ZZ)
 *     X3 = XY (YY + P) - YZ Q        Y3 = R Q + (YY + P) (YY - P)        Z3 = YZ (YY - P) + XY R
 */
void homogeneous_add(struct homogeneous *out, const struct homogeneous *a, const struct homogeneous *b)
{
    struct llc_number xx, yy, zz, xy, yz, xz, p, q, r, t;
    mul(&xx, &a->x, &b->x);
    mul(&yy, &a->y, &b->y);
    mul(&zz, &a->z, &b->z);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, (struct llc_number[2]){xx, yy});
    cross(&yz, &a->y, &a->z, &b->y, &b->z, (struct llc_number[2]){yy, zz});
    cross(&xz, &a->x, &a->z, &b->x, &b->z, (struct llc_number[2]){xx, zz});

    mul(&t, &curve_b, &zz);
    sub(&t, &xz, &t);
    triple(&p, &t);
    mul(&q, &curve_b, &xz);
    sub(&q, &q, &xx);
    triple(&t, &zz);
    sub(&t, &q, &t);
    triple(&q, &t);
    sub(&t, &xx, &zz);
    triple(&r, &t);

    struct llc_number plus, minus;
    add(&plus, &yy, &p);
    sub(&minus, &yy, &p);
    mul(&out->x, &xy, &plus);
    mul(&t, &yz, &q);
    sub(&out->x, &out->x, &t);
    mul(&out->y, &r, &q);
    mul(&t, &plus, &minus);
    add(&out->y, &out->y, &t);
    mul(&out->z, &yz, &minus);
    mul(&t, &xy, &r);
    add(&out->z, &out->z, &t);
}

unsigned comb_digit(const struct llc_number *scalar, unsigned column)
{
    unsigned digit = 0;
    for (unsigned tooth = 0; tooth < COMB_TEETH; tooth++) {
        unsigned bit = column + COMB_COLUMNS * tooth;
        if (bit < 512) { /* a public number */
            digit |= (unsigned)(scalar->word[bit / 64] >> bit % 64 & 1) << tooth;
        }
    }
    return digit;
}

/** Reads the whole table, so that the digit does not show in what is read. */
static void comb_select(struct homogeneous *out, unsigned digit)
{
    *out = (struct homogeneous){.y = brainpool_field.one};
    for (unsigned i = 0; i < COMB_ENTRIES; i++) {
        uint64_t difference = digit ^ (i + 1);
        uint64_t same = (difference - 1) >> 63;
        number_select(&out->x, &out->x, &comb_table[i].x, same);
        number_select(&out->y, &out->y, &comb_table[i].y, same);
    }
    uint64_t finite = (0 - (uint64_t)digit) >> 63;
    number_select(&out->z, &out->z, &brainpool_field.one, finite);
}

void base_multiply(struct homogeneous *out, const struct llc_number *scalar)
{
    struct homogeneous sum = {.y = brainpool_field.one};
    struct homogeneous term;
    for (unsigned column = COMB_COLUMNS; column-- > 0;) {
        homogeneous_add(&sum, &sum, &sum);
        comb_select(&term, comb_digit(scalar, column));
        homogeneous_add(&sum, &sum, &term);
    }
    *out = sum;
    wipe(&sum, sizeof sum);
    wipe(&term, sizeof term);
}

void homogeneous_coordinates(const struct homogeneous *a, struct llc_number *x, struct llc_number *y)
{
    struct llc_number z_inverse;
    mod_invert(&z_inverse, &a->z, &brainpool_field);
    mul(x, &a->x, &z_inverse);
    mul(y, &a->y, &z_inverse);
    mod_from_montgomery(x, x, &brainpool_field);
    mod_from_montgomery(y, y, &brainpool_field);
    wipe(&z_inverse, sizeof z_inverse);
}

/* ---- variable time ---------------------------------------------------------------------------------------------- */

/*
 * M = 3 (X + Z^2) (X - Z^2)     S = 4 X Y^2     X3 = M^2 - 2 S     Y3 = M (S - X3) - 8 Y^4     Z3 = 2 Y Z
 * with 2 Y squared and squared again, halved, for the last term but one: multiplications matter most, then additions.
 */
void jacobian_double_vartime(struct jacobian *out, const struct jacobian *a)
{
    struct llc_number m, s, y2, zz, t;
    square(&zz, &a->z);
    sub(&t, &a->x, &zz);
    add(&m, &a->x, &zz);
    mul(&t, &m, &t);
    triple(&m, &t);

    add(&y2, &a->y, &a->y);
    mul(&out->z, &y2, &a->z); /* zero at infinity, as it was */
    square(&y2, &y2);
    mul(&s, &y2, &a->x);
    square(&y2, &y2);
    mod_half(&y2, &y2, &brainpool_field);

    square(&t, &m);
    sub(&t, &t, &s);
    sub(&out->x, &t, &s);
    sub(&t, &s, &out->x);
    mul(&t, &t, &m);
    sub(&out->y, &t, &y2);
}

/**
 * Ends an addition: u1 and s1 are X1 and Y1, u2 and s2 are X2 and Y2, all over the common denominator `z`.
 * @return false when the points are equal or opposite, with out->z zero in the latter case; then nothing else is
 *         written.
 */
static bool add_finish(struct jacobian *out, const struct llc_number *u1, const struct llc_number *s1,
                       const struct llc_number *u2, const struct llc_number *s2, const struct llc_number *z)
{
    struct llc_number h, r, hh, hhh, v, t;
    sub(&h, u2, u1);
    sub(&r, s2, s1);
    if (number_is_zero_vartime(&h)) {
        if (!number_is_zero_vartime(&r)) {
            *out = (struct jacobian){.x = brainpool_field.one, .y = brainpool_field.one};
        }
        return false;
    }
    square(&hh, &h);
    mul(&hhh, &hh, &h);
    mul(&v, u1, &hh);
    mul(&t, s1, &hhh);
    square(&out->x, &r); /* X3 = r^2 - h^3 - 2 v */
    sub(&out->x, &out->x, &hhh);
    sub(&out->x, &out->x, &v);
    sub(&out->x, &out->x, &v);
    sub(&v, &v, &out->x); /* Y3 = r (v - X3) - s1 h^3 */
    mul(&v, &v, &r);
    sub(&out->y, &v, &t);
    mul(&out->z, z, &h);
    return true;
}

void jacobian_add_vartime(struct jacobian *out, const struct jacobian *a, const struct jacobian *b)
{
    if (number_is_zero_vartime(&a->z) || number_is_zero_vartime(&b->z)) {
        *out = number_is_zero_vartime(&a->z) ? *b : *a;
        return;
    }
    struct llc_number z1z1, z2z2, u1, u2, s1, s2, z;
    square(&z1z1, &a->z);
    square(&z2z2, &b->z);
    mul(&u1, &a->x, &z2z2);
    mul(&u2, &b->x, &z1z1);
    mul(&s1, &a->y, &b->z);
    mul(&s1, &s1, &z2z2);
    mul(&s2, &b->y, &a->z);
    mul(&s2, &s2, &z1z1);
    mul(&z, &a->z, &b->z);
    struct jacobian saved = *a;
    if (!add_finish(out, &u1, &s1, &u2, &s2, &z) && number_equal_vartime(&s1, &s2)) {
        jacobian_double_vartime(out, &saved);
    }
}

void jacobian_add_affine_vartime(struct jacobian *out, const struct jacobian *a, const struct affine *b)
{
    if (number_is_zero_vartime(&a->z)) {
        *out = (struct jacobian){b->x, b->y, brainpool_field.one};
        return;
    }
    struct llc_number z1z1, u2, s2;
    square(&z1z1, &a->z);
    mul(&u2, &b->x, &z1z1);
    mul(&s2, &b->y, &a->z);
    mul(&s2, &s2, &z1z1);
    struct jacobian saved = *a;
    if (!add_finish(out, &saved.x, &saved.y, &u2, &s2, &saved.z) && number_equal_vartime(&saved.y, &s2)) {
        jacobian_double_vartime(out, &saved);
    }
}

void jacobian_negate(struct jacobian *out, const struct jacobian *a)
{
    static const struct llc_number zero;
    *out = *a;
    sub(&out->y, &zero, &a->y);
}

bool affine_decompress_vartime(struct affine *out, const struct llc_number *x, unsigned y_is_odd)
{
    if (!number_is_below_vartime(x, &brainpool_field.m)) {
        return false;
    }
    struct llc_number right, t;
    struct affine found;
    mod_to_montgomery(&found.x, x, &brainpool_field);
    square(&right, &found.x); /* (x^2 - 3) x + b */
    triple(&t, &brainpool_field.one);
    sub(&right, &right, &t);
    mul(&right, &right, &found.x);
    add(&right, &right, &curve_b);
    mod_power(&found.y, &right, &root_exponent, &brainpool_field);
    square(&t, &found.y);
    if (!number_equal_vartime(&t, &right)) {
        return false;
    }
    mod_from_montgomery(&t, &found.y, &brainpool_field);
    if ((t.word[0] & 1) != y_is_odd) {
        if (number_is_zero_vartime(&t)) {
            return false; /* zero has no odd root; the curve has no such point, as its order is an odd prime */
        }
        sub(&found.y, &brainpool_field.m, &found.y);
    }
    *out = found;
    return true;
}
