/* SPDX-License-Identifier: MIT */
/**
 * Falcon-512 as of 2019, signing: a point of the key's lattice that is near the message's, drawn at random, so that what
 * lies between them is short and tells nothing of the basis. The lattice's basis is (g, -f), (G, -F); the message's
 * point is (c, 0), in the basis t = (-c F / q, c f / q). The point is drawn by Fourier sampling: the coordinates over
 * x^n + 1 are those of even and of odd coefficients over x^(n/2) + 1, down to numbers, which are drawn one after the
 * other, each around a centre that takes up what was drawn before.
 *
 * Owns:   nothing.    Uses: base, the ring, the samplers.
 * Limits: no recursion; the tree of nine levels is walked with a table of where each level is.
 * Source: "Falcon", version 1.1 (2019), section 3.9; docs/spec/llc.md section 5; docs/design/falcon.md
 */
#include "falcon_fft.h"
#include "falcon_ring.h"
#include "falcon_sample.h"

#define LEVELS            9u /* n = 512, 256, ... 2 */
#define ATTEMPTS_MAX      10u
#define COEFFICIENT_MAX   2047         /* of s2: it takes 12 bits, and not -2048 */
#define INVERSE_DEVIATION 0x1.7d687c06b01d6p-8 /* 1 / (1.55 sqrt(12289)) */

/** Which of its two halves a level waits for. */
enum stage {
    STAGE_START,
    STAGE_SECOND,
    STAGE_FIRST,
};

/** The sampling of two coordinates over x^n + 1; the pointers lead to n / 2 values each. */
struct level {
    enum stage stage;
    struct complex *t0, *t1; /**< centres, and then what was drawn */
    struct complex *factor;  /**< of the second coordinate's error in the first one's centre */
    double *d0, *d1;         /**< squared norms of the orthogonal basis */
};

struct sign_work {
    struct falcon_generator generator;
    struct level level[LEVELS];
    struct complex centers[2 * DEGREE], factors[DEGREE];
    double norms[2 * DEGREE];
    struct complex drawn[DEGREE / 2];
    double whole[DEGREE];
    union {
        struct {
            double coefficient[DEGREE];
            struct complex f[DEGREE / 2], g[DEGREE / 2], big[DEGREE / 2];
        };
        struct {
            int32_t z0[DEGREE], z1[DEGREE], factor_values[DEGREE];
        };
        struct falcon_work verify;
    };
    uint16_t c[DEGREE];
};

_Static_assert(sizeof(struct sign_work) <= sizeof(struct falcon_secret_work), "the caller's room holds everything");

/** Gives each level its room. */
static void levels_lay_out(struct sign_work *work)
{
    size_t at = 0;
    for (unsigned i = 0; i < LEVELS; i++) {
        size_t half = (DEGREE >> i) / 2;
        work->level[i] = (struct level){
            .t0 = work->centers + 2 * at,
            .t1 = work->centers + 2 * at + half,
            .factor = work->factors + at,
            .d0 = work->norms + 2 * at,
            .d1 = work->norms + 2 * at + half,
        };
        at += half;
    }
}

/** Centres, factor and norms of the whole, from the key and the message's point. */
static void top_level_fill(const struct falcon_key *key, struct sign_work *work)
{
    struct level *top = &work->level[0];
    falcon_fft_small(work->f, key->f, work->coefficient);
    falcon_fft_small(work->g, key->g, work->coefficient);
    falcon_fft_small(work->big, key->big_g, work->coefficient);
    for (unsigned i = 0; i < DEGREE / 2; i++) {
        top->d0[i] = complex_norm(work->f[i]) + complex_norm(work->g[i]);
        top->d1[i] = (double)Q * Q / top->d0[i]; /* as the determinant of the basis is q */
        top->factor[i] = complex_mul_conjugate(work->big[i], work->g[i]);
    }
    falcon_fft_small(work->big, key->big_f, work->coefficient);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->coefficient[i] = work->c[i];
    }
    falcon_fft(top->t0, work->coefficient, DEGREE);
    for (unsigned i = 0; i < DEGREE / 2; i++) {
        struct complex sum = complex_add(top->factor[i], complex_mul_conjugate(work->big[i], work->f[i]));
        top->factor[i] = complex_scale(sum, 1.0 / top->d0[i]);
        struct complex c = complex_scale(top->t0[i], 1.0 / Q);
        top->t1[i] = complex_mul(c, work->f[i]);
        struct complex minus_t0 = complex_mul(c, work->big[i]);
        top->t0[i] = (struct complex){-minus_t0.re, -minus_t0.im};
    }
}

/**
 * Fills the level below from a coordinate with its squared norms: the even and the odd coefficients are the two
 * coordinates there, and both have the even part of the norm as their own, and the odd part as their product.
 */
static void level_below_fill(struct level *below, const struct complex *center, const double *norm, unsigned n)
{
    falcon_split(below->t0, below->t1, center, n);
    for (unsigned i = 0; i < n / 4; i++) {
        struct complex root = falcon_root(n, i);
        double even = 0.5 * (norm[2 * i] + norm[2 * i + 1]);
        double half_difference = 0.5 * (norm[2 * i] - norm[2 * i + 1]);
        /* The odd part is the half difference over the root; what is needed is its conjugate over the even part. */
        double over = half_difference / even;
        below->factor[i] = complex_scale(root, over);
        below->d0[i] = even;
        below->d1[i] = even - half_difference * over;
    }
    below->stage = STAGE_START;
}

/** 1 when a number is between two others; 0 also when it is none. */
static uint64_t is_between(double a, double low, double high)
{
    return (uint64_t)(a > low) & (uint64_t)(a < high);
}

/**
 * Draws a coordinate at the lowest level, where it is one complex number: two coefficients of one deviation.
 * @return false when centre or norm cannot be those of a key.
 */
static bool pair_draw(struct falcon_generator *generator, struct complex *coordinate, double norm)
{
    double inverse_deviation = __builtin_sqrt(norm) * INVERSE_DEVIATION;
    uint64_t sound = is_between(inverse_deviation, 1 / FALCON_DEVIATION_MAX, 1 / FALCON_DEVIATION_MIN) &
                     is_between(coordinate->re, -FALCON_CENTER_MAX, FALCON_CENTER_MAX) &
                     is_between(coordinate->im, -FALCON_CENTER_MAX, FALCON_CENTER_MAX);
    if (!falcon_publish(sound)) {
        return false;
    }
    coordinate->re = (double)falcon_gaussian(generator, coordinate->re, inverse_deviation);
    coordinate->im = (double)falcon_gaussian(generator, coordinate->im, inverse_deviation);
    return true;
}

/** The second coordinate was drawn: moves the first one's centre accordingly. */
static void first_center_move(struct level *at, const struct complex *drawn, unsigned n)
{
    for (unsigned i = 0; i < n / 2; i++) {
        struct complex error = complex_sub(at->t1[i], drawn[i]);
        at->t0[i] = complex_add(at->t0[i], complex_mul(error, at->factor[i]));
    }
}

/** Draws both coordinates of the lowest level. @return false as pair_draw. */
static bool lowest_level_draw(struct level *at, struct falcon_generator *generator)
{
    struct complex drawn = at->t1[0];
    if (!pair_draw(generator, &drawn, at->d1[0])) {
        return false;
    }
    first_center_move(at, &drawn, 2);
    at->t1[0] = drawn;
    return pair_draw(generator, &at->t0[0], at->d0[0]);
}

/**
 * Draws the point: level 0 then holds its coordinates. A level is met three times for each time that the one above is
 * split. @return false when the key is not sound.
 */
static bool point_draw(struct sign_work *work)
{
    unsigned depth = 0;
    work->level[0].stage = STAGE_START;
    for (;;) {
        struct level *at = &work->level[depth], *below = at + 1;
        unsigned n = DEGREE >> depth;
        bool done = depth == LEVELS - 1;
        if (done) {
            if (!lowest_level_draw(at, &work->generator)) {
                return false;
            }
        } else if (at->stage == STAGE_START) {
            level_below_fill(below, at->t1, at->d1, n);
            at->stage = STAGE_SECOND;
        } else if (at->stage == STAGE_SECOND) {
            struct complex *drawn = work->drawn;
            falcon_merge(drawn, below->t0, below->t1, n);
            first_center_move(at, drawn, n);
            memcpy(at->t1, drawn, n / 2 * sizeof *drawn);
            level_below_fill(below, at->t0, at->d0, n);
            at->stage = STAGE_FIRST;
        } else {
            falcon_merge(at->t0, below->t0, below->t1, n);
            done = true;
        }
        if (done && depth == 0) {
            return true;
        }
        depth = done ? depth - 1 : depth + 1;
    }
}

/** The coefficients of a coordinate, which are integers, modulo q and transformed. */
static void coordinate_take(int32_t out[DEGREE], struct complex *values, double *coefficient)
{
    falcon_fft_back(coefficient, values, DEGREE);
    for (unsigned i = 0; i < DEGREE; i++) {
        out[i] = (int32_t)round_to_integer(coefficient[i]);
    }
    falcon_transform(out);
}

static void multiply(int32_t a[DEGREE], int32_t b[DEGREE], const int8_t f[DEGREE])
{
    for (unsigned i = 0; i < DEGREE; i++) {
        b[i] = f[i];
    }
    falcon_transform(b);
    for (unsigned i = 0; i < DEGREE; i++) {
        a[i] = montgomery_mul(a[i], b[i]);
    }
}

/** s2 = z0 f + z1 F, which is short, so that it may be computed modulo q. Its magnitude then is at most q / 2. */
static void short_vector_take(const struct falcon_key *key, struct sign_work *work)
{
    coordinate_take(work->z0, work->level[0].t0, work->whole);
    coordinate_take(work->z1, work->level[0].t1, work->whole);
    multiply(work->z0, work->factor_values, key->f);
    multiply(work->z1, work->factor_values, key->big_f);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->z0[i] += work->z1[i];
    }
    falcon_transform_back(work->z0);
    for (unsigned i = 0; i < DEGREE; i++) {
        int32_t value = montgomery_mul(SCALE_AFTER_INVERSE, work->z0[i]);
        value += Q & ((value + Q / 2) >> 31);
        value -= Q & ((Q / 2 - value) >> 31);
        work->z0[i] = value;
    }
}

/** Writes s2 behind header and nonce. @return false when a coefficient does not fit. */
static bool signature_encode(const int32_t s2[DEGREE], uint8_t out[FALCON_SIGNATURE_BYTES])
{
    uint32_t wide = 0;
    uint8_t *at = out + 1 + NONCE_BYTES;
    for (unsigned i = 0; i < DEGREE; i += 2) {
        uint32_t a = (uint32_t)s2[i] & 0xfff, b = (uint32_t)s2[i + 1] & 0xfff;
        wide |= (uint32_t)(COEFFICIENT_MAX - s2[i]) | (uint32_t)(COEFFICIENT_MAX + s2[i]);
        wide |= (uint32_t)(COEFFICIENT_MAX - s2[i + 1]) | (uint32_t)(COEFFICIENT_MAX + s2[i + 1]);
        *at++ = (uint8_t)(a >> 4);
        *at++ = (uint8_t)(a << 4 | b >> 8);
        *at++ = (uint8_t)b;
    }
    return falcon_publish((wide >> 31) ^ 1);
}

enum lx_err falcon_sign(const struct falcon_key *key, const void *message, size_t message_bytes,
                        uint8_t out[FALCON_SIGNATURE_BYTES], struct falcon_secret_work *room)
{
    struct sign_work *work = (struct sign_work *)(void *)room;
    struct keccak random = key->random;
    uint8_t seed[FALCON_GENERATOR_SEED_BYTES];
    enum lx_err err = LX_ERANGE;
    out[0] = SIGNATURE_HEADER;
    keccak_squeeze(&random, out + 1, NONCE_BYTES);
    falcon_hash_vartime(out + 1, message, message_bytes, work->c);
    levels_lay_out(work);
    for (unsigned i = 0; i < ATTEMPTS_MAX && err != LX_OK; i++) {
        keccak_squeeze(&random, seed, sizeof seed);
        falcon_generator_init(&work->generator, seed);
        top_level_fill(key, work);
        if (!point_draw(work)) {
            break;
        }
        short_vector_take(key, work);
        if (signature_encode(work->z0, out)) {
            err = falcon_verify_vartime(key->public_key, FALCON_PUBLIC_BYTES, message, message_bytes, out,
                                        FALCON_SIGNATURE_BYTES, &work->verify);
            err = falcon_publish(err == LX_OK) ? LX_OK : LX_ERANGE;
        }
    }
    if (err != LX_OK) {
        wipe(out, FALCON_SIGNATURE_BYTES); /* a wrong one could give the key away */
    }
    wipe(seed, sizeof seed);
    wipe(&random, sizeof random);
    wipe(room, sizeof *room);
    return err;
}
