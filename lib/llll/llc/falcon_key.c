/* SPDX-License-Identifier: MIT */
/**
 * Falcon-512 as of 2019, keys: short f and g drawn from a generator until they suit, the public h = g / f modulo q, and
 * the F and G that belong to them.
 * Owns:   nothing.    Uses: base, the ring, the samplers, the equation of NTRU.
 * Source: "Falcon", version 1.1 (2019), section 3.8; docs/spec/llc.md section 5; docs/design/falcon.md
 */
#include "falcon_ntru.h"
#include "falcon_ring.h"
#include "falcon_sample.h"

#define CANDIDATES_MAX   1000u
#define COEFFICIENT_MAX  31    /* of f and g: they take 6 bits */
#define SQUARED_NORM_MAX 16822 /* of (f, g): at most 1.17^2 q */
#define ORTHOGONAL_MAX   16822.4121 /* of (q f* / (f f* + g g*), q g* / ...), 1.17^2 q */
#define PRIVATE_HEADER   0x59u
#define TO_MONTGOMERY    5664 /* 2^64 modulo q */
#define SCALE_WITHOUT_PRODUCT 7510 /* 2^32 / 512 modulo q: undoes the transform's factor alone */

/** What key generation needs besides the key. */
struct key_work {
    struct keccak random;
    union {
        struct falcon_ntru ntru;
        struct {
            double coefficient[DEGREE];
            struct complex f[DEGREE / 2], g[DEGREE / 2];
        };
        struct {
            int32_t f_values[DEGREE], h[DEGREE];
        };
    };
};

_Static_assert(sizeof(struct key_work) <= sizeof(struct falcon_secret_work), "the caller's room holds everything");

/** Draws f or g. Its sum is made odd, so that its norm is: the last coefficient is drawn until it fits. */
static void polynomial_draw(struct keccak *random, int8_t out[DEGREE])
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < DEGREE; i++) {
        int value = falcon_key_coefficient(random); /* of 54 at most */
        while (i == DEGREE - 1 && !falcon_publish(sum ^ (uint64_t)value)) {
            value = falcon_key_coefficient(random);
        }
        sum ^= (uint64_t)value;
        out[i] = (int8_t)value;
    }
}

/** Whether f and g fit their encoding and are short together. */
static bool is_short(const int8_t f[DEGREE], const int8_t g[DEGREE])
{
    uint32_t sum = 0, wide = 0;
    for (unsigned i = 0; i < DEGREE; i++) {
        sum += (uint32_t)(f[i] * f[i]) + (uint32_t)(g[i] * g[i]);
        wide |= (uint32_t)(COEFFICIENT_MAX - f[i]) | (uint32_t)(COEFFICIENT_MAX + f[i]);
        wide |= (uint32_t)(COEFFICIENT_MAX - g[i]) | (uint32_t)(COEFFICIENT_MAX + g[i]);
    }
    return falcon_publish(((wide | (SQUARED_NORM_MAX - sum)) >> 31) ^ 1);
}

/**
 * Whether the second vector of the orthogonal basis is short too. Its squared norm is the mean over the roots of
 * q^2 / (|f|^2 + |g|^2).
 */
static bool is_short_orthogonal(const struct falcon_key *key, struct key_work *work)
{
    falcon_fft_small(work->f, key->f, work->coefficient);
    falcon_fft_small(work->g, key->g, work->coefficient);
    double sum = 0;
    for (unsigned i = 0; i < DEGREE / 2; i++) {
        sum += (double)Q * Q / (complex_norm(work->f[i]) + complex_norm(work->g[i]));
    }
    return falcon_publish(sum / (DEGREE / 2.0) < ORTHOGONAL_MAX);
}

/** Brings a number above -q and below q to 0 to q - 1. */
static inline int32_t normal(int32_t a)
{
    return a + (Q & (a >> 31));
}

/** x^(q - 2) modulo q, times 2^32 where x is times 2^32: the inverse, or 0 of 0. q - 2 is 10111111111111 in binary. */
static int32_t inverse(int32_t x)
{
    int32_t power = montgomery_mul(x, x);
    for (unsigned i = 0; i < 12; i++) {
        power = montgomery_mul(montgomery_mul(power, power), x);
    }
    return power;
}

/** Where bits are appended to bytes, most significant first. */
struct bits_out {
    uint8_t *at;
    uint32_t held;
    unsigned held_count;
};

/** Appends the lowest `count` bits of a value; 24 at most. */
static void bits_put(struct bits_out *b, int32_t value, unsigned count)
{
    b->held = b->held << count | ((uint32_t)value & ((1u << count) - 1u));
    b->held_count += count;
    while (b->held_count >= 8) {
        b->held_count -= 8;
        *b->at++ = (uint8_t)(b->held >> b->held_count);
    }
}

/** Computes h = g / f. @return false when f has no inverse. */
static bool public_make(struct falcon_key *key, struct key_work *work)
{
    int32_t *f = work->f_values, *h = work->h;
    for (unsigned i = 0; i < DEGREE; i++) {
        f[i] = key->f[i];
        h[i] = key->g[i];
    }
    falcon_transform(f);
    falcon_transform(h);
    uint64_t has_zero = 0;
    for (unsigned i = 0; i < DEGREE; i++) {
        int32_t value = normal(montgomery_mul(f[i], TO_MONTGOMERY));
        has_zero |= (uint32_t)(value - 1) >> 31;
        h[i] = montgomery_mul(h[i], inverse(value));
    }
    falcon_transform_back(h);
    for (unsigned i = 0; i < DEGREE; i++) {
        h[i] = normal(montgomery_mul(SCALE_WITHOUT_PRODUCT, h[i]));
    }
    key->public_key[0] = PUBLIC_HEADER;
    struct bits_out out = {.at = key->public_key + 1};
    for (unsigned i = 0; i < DEGREE; i++) {
        bits_put(&out, h[i], 14);
    }
    return !falcon_publish(has_zero);
}

/** Draws one candidate. @return false when it has to be dropped. */
static bool candidate_make(struct falcon_key *key, struct key_work *work)
{
    polynomial_draw(&work->random, key->f);
    polynomial_draw(&work->random, key->g);
    return is_short(key->f, key->g) && is_short_orthogonal(key, work) && public_make(key, work) &&
           falcon_ntru_solve(key->f, key->g, key->big_f, key->big_g, &work->ntru);
}

/*
 * The node's generator takes the secret into the sponge and squeezes at once, without padding: what is left of the
 * first block, 72 zeros, comes out first.
 */
enum lx_err falcon_key_of_secret(const uint8_t secret[FALCON_SECRET_BYTES], struct falcon_key *out,
                                 struct falcon_secret_work *room)
{
    struct key_work *work = (struct key_work *)(void *)room;
    enum lx_err err = LX_ERANGE;
    keccak_init(&work->random, SHAKE256_RATE_BYTES);
    keccak_absorb(&work->random, secret, FALCON_SECRET_BYTES);
    for (unsigned i = 0; i < CANDIDATES_MAX && err != LX_OK; i++) {
        err = candidate_make(out, work) ? LX_OK : LX_ERANGE;
    }
    out->random = work->random;
    wipe(room, sizeof *room);
    return err;
}

void falcon_private_encode(const struct falcon_key *key, uint8_t out[FALCON_PRIVATE_BYTES])
{
    static const unsigned bits[3] = {6, 6, 8};
    const int8_t *part[3] = {key->f, key->g, key->big_f};
    struct bits_out to = {.at = out + 1};
    out[0] = PRIVATE_HEADER;
    for (unsigned p = 0; p < ARRAY_LEN(part); p++) {
        for (unsigned i = 0; i < DEGREE; i++) {
            bits_put(&to, part[p][i], bits[p]);
        }
    }
    assert(to.at == out + FALCON_PRIVATE_BYTES);
}
