/* SPDX-License-Identifier: MIT */
/**
 * ECDSA on brainpoolP512t1 as Nexus uses it: compressed keys, digests of 64 bytes, signatures of 135 bytes.
 * Owns:   nothing.    Uses: base, Keccak (nonces).
 * Limits: signing takes 1.35 attempts on average; more than ATTEMPTS_MAX happen once in 2^300 signatures.
 * Source: SEC 1 version 2.0 sections 4.1.3 and 4.1.4; docs/design/brainpool.md
 */
#include "brainpool_point.h"

#define ATTEMPTS_MAX 160u
#define WINDOW_BITS  5u /* of the scalar of the other point, in verification */
#define DIGIT_COUNT  513u

/**
 * Gives away a bit, 0 or 1, that was computed from a secret and that the caller means to publish. It goes through
 * memory so that the checker of constant time has one place to be told about: tests/ct names this function and no
 * other.
 */
static __attribute__((noinline)) bool publish_bit(uint64_t bit)
{
    static const volatile bool values[2] = {false, true};
    return values[bit & 1];
}

/* ---- DER -------------------------------------------------------------------------------------------------------- */

static const uint8_t der_before_r[5] = {0x30, 0x81, 0x84, 0x02, 0x40}; /* a sequence of 132 bytes; an integer of 64 */
static const uint8_t der_before_s[2] = {0x02, 0x40};

/** Whether a number takes exactly 64 bytes as a DER integer: positive, and no byte to spare. */
static bool fits_der(const uint8_t n[64])
{
    return n[0] < 0x80 && (n[0] != 0 || n[1] >= 0x80);
}

bool brainpool_der_parse(const uint8_t *der, size_t len_bytes, uint8_t r[64], uint8_t s[64])
{
    if (len_bytes != BRAINPOOL_SIGNATURE_BYTES || memcmp(der, der_before_r, sizeof der_before_r) != 0 ||
        memcmp(der + 69, der_before_s, sizeof der_before_s) != 0 || !fits_der(der + 5) || !fits_der(der + 71)) {
        return false;
    }
    memcpy(r, der + 5, 64);
    memcpy(s, der + 71, 64);
    return true;
}

/** Takes one positive integer of at most 64 bytes, in its one DER form. */
static bool der_integer(struct cursor *c, uint8_t out[64])
{
    uint8_t tag, len;
    struct cursor value;
    if (!cursor_u8(c, &tag) || tag != 0x02 || !cursor_u8(c, &len) || len == 0 || len > 65 ||
        !cursor_take(c, len, &value) || value.at[0] >= 0x80 || (len > 1 && value.at[0] == 0 && value.at[1] < 0x80) ||
        (len == 65 && value.at[0] != 0)) {
        return false;
    }
    size_t skipped = len == 65;
    memset(out, 0, 64);
    memcpy(out + 64 - (len - skipped), value.at + skipped, len - skipped);
    return true;
}

bool brainpool_der_parse_any_length(const uint8_t *der, size_t len_bytes, uint8_t r[64], uint8_t s[64])
{
    uint8_t tag, len, r_out[64], s_out[64];
    struct cursor c = cursor_of(der, len_bytes);
    if (!cursor_u8(&c, &tag) || tag != 0x30 || !cursor_u8(&c, &len)) {
        return false;
    }
    bool is_long = len == 0x81; /* the form for 128 to 255; 132 is the most that we take */
    if ((is_long && !cursor_u8(&c, &len)) || is_long != (len >= 0x80)) {
        return false;
    }
    if (c.left_bytes != len || !der_integer(&c, r_out) || !der_integer(&c, s_out) || !cursor_is_empty(&c)) {
        return false;
    }
    memcpy(r, r_out, 64);
    memcpy(s, s_out, 64);
    return true;
}

static void der_put(const uint8_t r[64], const uint8_t s[64], uint8_t der[BRAINPOOL_SIGNATURE_BYTES])
{
    memcpy(der, der_before_r, sizeof der_before_r);
    memcpy(der + 5, r, 64);
    memcpy(der + 69, der_before_s, sizeof der_before_s);
    memcpy(der + 71, s, 64);
}

bool brainpool_der_write(const uint8_t r[64], const uint8_t s[64], uint8_t der[BRAINPOOL_SIGNATURE_BYTES])
{
    if (!fits_der(r) || !fits_der(s)) {
        return false;
    }
    der_put(r, s, der);
    return true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

enum lx_err brainpool_public_of(const uint8_t secret[BRAINPOOL_SECRET_BYTES], uint8_t out[BRAINPOOL_PUBLIC_BYTES])
{
    struct llc_number scalar, x, y;
    struct homogeneous point;
    number_load(&scalar, secret);
    number_reduce(&scalar, &scalar, &brainpool_order);
    base_multiply(&point, &scalar);
    homogeneous_coordinates(&point, &x, &y);
    bool at_infinity = publish_bit(number_is_zero(&point.z));
    wipe(&scalar, sizeof scalar);
    wipe(&point, sizeof point);
    if (at_infinity) {
        return LX_EINVAL;
    }
    out[0] = (uint8_t)(2 | (y.word[0] & 1));
    number_store(out + 1, &x);
    return LX_OK;
}

static bool key_load_vartime(struct affine *out, const uint8_t *key, size_t len_bytes)
{
    struct llc_number x;
    if (len_bytes != BRAINPOOL_PUBLIC_BYTES || (key[0] != 2 && key[0] != 3)) {
        return false;
    }
    number_load(&x, key + 1);
    return affine_decompress_vartime(out, &x, key[0] & 1);
}

bool brainpool_public_is_valid_vartime(const uint8_t *key, size_t len_bytes)
{
    struct affine point;
    return key_load_vartime(&point, key, len_bytes);
}

/* ---- signing ---------------------------------------------------------------------------------------------------- */

/** A nonce modulo the order, from 1024 bits of SHAKE256, so that its bias is below 2^-500. */
static void nonce_make(struct llc_number *out, const uint8_t secret[64], const uint8_t digest[64],
                       const uint8_t random[BRAINPOOL_RANDOM_BYTES], uint8_t attempt)
{
    static const char purpose[] = "LX-OS nonce for brainpoolP512t1";
    uint8_t wide[128];
    struct keccak shake;
    keccak_init(&shake, SHAKE256_RATE_BYTES);
    keccak_absorb(&shake, purpose, sizeof purpose);
    keccak_absorb(&shake, secret, 64);
    keccak_absorb(&shake, digest, 64);
    keccak_absorb(&shake, random, BRAINPOOL_RANDOM_BYTES);
    keccak_absorb(&shake, &attempt, 1);
    keccak_pad(&shake, SHAKE_SUFFIX);
    keccak_squeeze(&shake, wide, sizeof wide);
    struct llc_number high, low;
    number_load(&high, wide);
    number_load(&low, wide + 64);
    number_reduce(&low, &low, &brainpool_order);
    mod_to_montgomery(&high, &high, &brainpool_order); /* high * 2^512, which is what it is worth */
    mod_add(out, &high, &low, &brainpool_order);
    wipe(wide, sizeof wide);
    wipe(&shake, sizeof shake);
    wipe(&high, sizeof high);
    wipe(&low, sizeof low);
}

/** 1 when a number takes exactly 64 bytes in DER, as fits_der; also means that it is not zero. */
static uint64_t fits_der_number(const struct llc_number *n)
{
    uint64_t upper = n->word[7] >> 55; /* bits 503 to 511 */
    return ((0 - upper) >> 63) & ((n->word[7] >> 63) ^ 1);
}

/** R: the x coordinate of nonce * G, modulo the order. */
static void commit(struct llc_number *r, const struct llc_number *nonce)
{
    struct homogeneous point;
    struct llc_number y;
    base_multiply(&point, nonce);
    homogeneous_coordinates(&point, r, &y);
    number_reduce(r, r, &brainpool_order);
    wipe(&point, sizeof point);
    wipe(&y, sizeof y);
}

/** S: (digest + r * secret) / nonce, or its negative, which is as valid, if that is lower. */
static void respond(struct llc_number *s, const struct llc_number *r, const struct llc_number *nonce,
                    const struct llc_number *secret, const struct llc_number *digest)
{
    const struct modulus *n = &brainpool_order;
    struct llc_number sum, inverse, negative;
    mod_to_montgomery(&sum, r, n);
    mod_mul(&sum, &sum, secret, n);
    mod_add(&sum, &sum, digest, n);
    mod_to_montgomery(&inverse, nonce, n);
    mod_invert(&inverse, &inverse, n);
    mod_mul(s, &inverse, &sum, n);
    mod_sub(&negative, &n->m, s, n);
    number_select(s, s, &negative, number_is_below(&negative, s));
    wipe(&sum, sizeof sum);
    wipe(&inverse, sizeof inverse);
}

enum lx_err brainpool_sign(const uint8_t secret[BRAINPOOL_SECRET_BYTES], const uint8_t digest[BRAINPOOL_DIGEST_BYTES],
                           const uint8_t random[BRAINPOOL_RANDOM_BYTES], uint8_t out[BRAINPOOL_SIGNATURE_BYTES])
{
    struct llc_number scalar, number, nonce, r, s;
    uint8_t r_bytes[64], s_bytes[64];
    number_load(&scalar, secret);
    number_reduce(&scalar, &scalar, &brainpool_order);
    if (publish_bit(number_is_zero(&scalar))) {
        return LX_EINVAL;
    }
    number_load(&number, digest);
    number_reduce(&number, &number, &brainpool_order);
    bool done = false;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX && !done; attempt++) {
        nonce_make(&nonce, secret, digest, random, (uint8_t)attempt);
        commit(&r, &nonce);
        if (!publish_bit(fits_der_number(&r))) {
            continue;
        }
        respond(&s, &r, &nonce, &scalar, &number);
        done = publish_bit(fits_der_number(&s));
    }
    wipe(&scalar, sizeof scalar);
    wipe(&nonce, sizeof nonce);
    assert(done); /* or the arithmetic is broken: see Limits */
    number_store(r_bytes, &r);
    number_store(s_bytes, &s);
    der_put(r_bytes, s_bytes, out);
    return LX_OK;
}

/* ---- verification ----------------------------------------------------------------------------------------------- */

/** Bits `at` to `at` + 4 of a number; zeros stand above it. */
static unsigned window_bits(const struct llc_number *n, unsigned at)
{
    unsigned value = 0;
    for (unsigned i = 0; i < WINDOW_BITS; i++) {
        unsigned bit = at + i;
        if (bit < 512) {
            value |= (unsigned)(n->word[bit / 64] >> bit % 64 & 1) << i;
        }
    }
    return value;
}

/**
 * Writes n as the sum of digits[i] * 2^i, each zero or odd from -15 to 15, and four zeros after each that is not zero.
 */
static void digits_make_vartime(const struct llc_number *n, int8_t digits[DIGIT_COUNT])
{
    memset(digits, 0, DIGIT_COUNT);
    unsigned carry = 0;
    unsigned at = 0;
    while (at < DIGIT_COUNT) {
        unsigned window = window_bits(n, at);
        if ((window & 1) == carry) {
            at++;
            continue;
        }
        window += carry;
        carry = window > 16;
        digits[at] = (int8_t)((int)window - (carry != 0 ? 32 : 0));
        at += WINDOW_BITS;
    }
}

/** P, 3 P, 5 P, ..., 15 P. */
static void odd_multiples_vartime(struct brainpool_work *work, const struct affine *point)
{
    struct jacobian twice, multiple = {point->x, point->y, brainpool_field.one};
    jacobian_double_vartime(&twice, &multiple);
    for (size_t i = 0; i < ARRAY_LEN(work->odd_multiple); i++) {
        work->odd_multiple[i].x = multiple.x;
        work->odd_multiple[i].y = multiple.y;
        work->odd_multiple[i].z = multiple.z;
        jacobian_add_vartime(&multiple, &multiple, &twice);
    }
}

/** sum += digit * P. */
static void multiple_add_vartime(struct jacobian *sum, const struct brainpool_work *work, int digit)
{
    size_t i = (size_t)(digit < 0 ? -digit : digit) / 2;
    struct jacobian term = {work->odd_multiple[i].x, work->odd_multiple[i].y, work->odd_multiple[i].z};
    if (digit < 0) {
        jacobian_negate(&term, &term);
    }
    jacobian_add_vartime(sum, sum, &term);
}

/** a * G + b * P. */
static void multiply_both_vartime(struct jacobian *out, const struct llc_number *a, const struct llc_number *b,
                                  const struct affine *point, struct brainpool_work *work)
{
    odd_multiples_vartime(work, point);
    digits_make_vartime(b, work->digits);
    struct jacobian sum = {.x = brainpool_field.one, .y = brainpool_field.one};
    for (unsigned i = DIGIT_COUNT; i-- > 0;) {
        jacobian_double_vartime(&sum, &sum);
        if (work->digits[i] != 0) {
            multiple_add_vartime(&sum, work, work->digits[i]);
        }
        unsigned digit = i < COMB_COLUMNS ? comb_digit(a, i) : 0;
        if (digit != 0) {
            jacobian_add_affine_vartime(&sum, &sum, &comb_table[digit - 1]);
        }
    }
    *out = sum;
}

/** Whether the point's x coordinate is this number, which is below p. */
static bool has_x_vartime(const struct jacobian *point, const struct llc_number *x)
{
    struct llc_number zz, product;
    mod_square(&zz, &point->z, &brainpool_field);
    mod_to_montgomery(&product, x, &brainpool_field);
    mod_mul(&product, &product, &zz, &brainpool_field);
    return number_equal_vartime(&product, &point->x);
}

/** Whether the point's x coordinate is r modulo the order: r, or r + n where that is below p, a bit above n. */
static bool has_x_modulo_order_vartime(const struct jacobian *point, const struct llc_number *r)
{
    if (number_is_zero_vartime(&point->z)) {
        return false;
    }
    struct llc_number room, sum;
    if (has_x_vartime(point, r)) {
        return true;
    }
    mod_sub(&room, &brainpool_field.m, &brainpool_order.m, &brainpool_field); /* p - n: n is below p */
    if (!number_is_below_vartime(r, &room)) {
        return false;
    }
    mod_add(&sum, r, &brainpool_order.m, &brainpool_field); /* below p, hence not reduced */
    return has_x_vartime(point, &sum);
}

/** Verifies with R and S as numbers from 1 to the order minus 1. */
static enum lx_err verify_numbers_vartime(const struct llc_number *r, struct llc_number s,
                                          const struct affine *public_key,
                                          const uint8_t digest[BRAINPOOL_DIGEST_BYTES], struct brainpool_work *work)
{
    const struct modulus *n = &brainpool_order;
    struct llc_number number, a, b;
    number_load(&number, digest);
    number_reduce(&number, &number, n);
    mod_to_montgomery(&s, &s, n);
    mod_invert(&s, &s, n);
    mod_mul(&a, &number, &s, n);
    mod_mul(&b, r, &s, n);
    struct jacobian point;
    multiply_both_vartime(&point, &a, &b, public_key, work);
    return has_x_modulo_order_vartime(&point, r) ? LX_OK : LX_EBADMSG;
}

enum lx_err brainpool_verify_vartime(const uint8_t *key, size_t key_bytes, const uint8_t digest[BRAINPOOL_DIGEST_BYTES],
                                     const uint8_t *signature, size_t signature_bytes, struct brainpool_work *work)
{
    uint8_t r_bytes[64], s_bytes[64];
    struct llc_number r, s;
    struct affine public_key;
    if (!brainpool_der_parse(signature, signature_bytes, r_bytes, s_bytes) ||
        !key_load_vartime(&public_key, key, key_bytes)) {
        return LX_EINVAL;
    }
    number_load(&r, r_bytes); /* both fit 511 bits, hence are below the order, and are not zero */
    number_load(&s, s_bytes);
    return verify_numbers_vartime(&r, s, &public_key, digest, work);
}

static bool is_scalar_vartime(const struct llc_number *n)
{
    return !number_is_zero_vartime(n) && number_is_below_vartime(n, &brainpool_order.m);
}

enum lx_err brainpool_verify_any_length_vartime(const uint8_t *key, size_t key_bytes,
                                                const uint8_t digest[BRAINPOOL_DIGEST_BYTES], const uint8_t *signature,
                                                size_t signature_bytes, struct brainpool_work *work)
{
    uint8_t r_bytes[64], s_bytes[64];
    struct llc_number r, s;
    struct affine public_key;
    if (!brainpool_der_parse_any_length(signature, signature_bytes, r_bytes, s_bytes) ||
        !key_load_vartime(&public_key, key, key_bytes)) {
        return LX_EINVAL;
    }
    number_load(&r, r_bytes);
    number_load(&s, s_bytes);
    if (!is_scalar_vartime(&r) || !is_scalar_vartime(&s)) {
        return LX_EBADMSG;
    }
    return verify_numbers_vartime(&r, s, &public_key, digest, work);
}
