/* SPDX-License-Identifier: MIT */
/**
 * Falcon-512 as of 2019, verification: a signature is a short s2, and with it s1 = c - s2 h, where c is the message
 * hashed to a polynomial and h the public key; both together must be short. Polynomials are modulo x^512 + 1 and
 * q = 12289.
 * Owns:   a table of 1 KiB.    Uses: base, SHAKE256.
 * Limits: one set of parameters and one format of each thing. Integers only. Not constant time: everything here is
 *         public.
 * Source: "Falcon", version 1.1 (2019), sections 3.7, 3.9 and 3.11; the formats and the bound as in docs/spec/llc.md
 */
#include "llc.h"

#define DEGREE              512u
#define Q                   12289
#define Q_INVERSE           150982657u /* 1 / q modulo 2^32 */
#define SCALE_AFTER_INVERSE 11532      /* 2^64 / 512 modulo q: undoes the transform's factor and the product's */
#define HASH_LIMIT          61445u /* 5 q: 16-bit samples from here on are drawn again: no residue is favoured */
#define NORM_LIMIT          43533782u /* 7085 * 12289 / 2 */
#define NONCE_BYTES         40u
#define PUBLIC_HEADER       0x09u
#define SIGNATURE_HEADER    0x59u

_Static_assert(FALCON_PUBLIC_BYTES == 1 + DEGREE * 14 / 8, "a key is its header and 14 bits a coefficient");
_Static_assert(FALCON_SIGNATURE_BYTES == 1 + NONCE_BYTES + DEGREE * 12 / 8, "a signature has 12 bits a coefficient");

/* root[k]: 2^32 psi^r modulo q, where psi = 10302 has order 1024 and r is k with its 9 bits reversed. */
static const int16_t root[DEGREE] = {
    10952, 1106,  10620, 1638,  2892,  696,   6772,  253,   5562,  4857,  1704,  971,   589,   10901, 2739,  7900,
    7237,  12093, 918,   5932,  6332,  810,   10000, 6333,  11770, 6606,  9187,  8228,  5029,  3046,  6048,  10889,
    2845,  4917,  169,   4171,  657,   872,   10462, 1447,  7816,  8204,  7220,  11528, 3563,  9985,  9788,  10,
    6807,  2862,  6659,  5172,  10617, 9490,  946,   10477, 11215, 9124,  4165,  3246,  8702,  3675,  1221,  11665,
    7832,  7290,  3977,  7841,  8262,  4232,  10525, 8601,  8394,  2836,  5276,  11978, 8949,  318,   10298, 4671,
    5301,  12086, 73,    9655,  3047,  8739,  6846,  11387, 9557,  2453,  9954,  12033, 11792, 2277,  6264,  10839,
    9530,  11676, 8514,  8270,  10775, 9681,  1180,  182,   4584,  8497,  10989, 6673,  618,   4636,  8382,  9666,
    7489,  3842,  2069,  90,    3535,  5440,  102,   3390,  1521,  672,   7386,  11262, 8135,  734,   7848,  6376,
    1130,  12255, 2918,  2283,  1600,  6912,  7503,  12259, 10318, 9673,  5481,  7948,  11782, 12065, 9827,  8535,
    3222,  9495,  12083, 2551,  10761, 1264,  8626,  1872,  5016,  8397,  9451,  5436,  4601,  9062,  3703,  8132,
    1557,  4760,  9306,  12183, 9491,  3151,  6434,  4200,  5582,  9859,  6867,  5579,  9535,  6782,  588,   9422,
    3613,  10201, 4262,  11530, 5007,  7375,  8971,  8278,  10522, 4164,  4072,  878,   7177,  9376,  10007, 4397,
    10826, 11376, 3900,  4559,  10435, 10670, 11721, 7869,  4542,  7824,  8749,  11743, 11325, 12057, 1839,  4012,
    7726,  10273, 2420,  3081,  173,   10087, 1034,  5450,  1684,  8258,  11983, 2119,  6082,  12019, 763,   10178,
    8196,  4930,  7005,  768,   1491,  5458,  5786,  4350,  3148,  10650, 4040,  2706,  12070, 7902,  609,   3614,
    12081, 11882, 5292,  11064, 358,   1055,  2708,  11207, 10020, 11335, 5973,  10565, 8750,  933,   3781,  604,
    2195,  2109,  10562, 1879,  4848,  5705,  491,   1138,  8406,  8295,  5916,  12285, 9401,  5220,  1634,  8042,
    10500, 8493,  6995,  10556, 2252,  389,   1313,  265,   11266, 10819, 6885,  7623,  10623, 6075,  1266,  4486,
    12214, 11965, 8289,  7298,  9464,  85,    4994,  437,   2904,  6155,  7412,  560,   11072, 6540,  4731,  4708,
    4680,  3013,  3820,  9129,  4234,  6985,  515,   12056, 8041,  9176,  6931,  1923,  12038, 9730,  7095,  10988,
    7979,  3501,  11817, 2385,  1510,  8981,  2703,  3812,  9584,  5519,  11394, 3507,  520,   7162,  11348, 9207,
    10875, 10113, 2417,  10933, 4088,  12253, 921,   10369, 9035,  4622,  6692,  4823,  4419,  10242, 2189,  5524,
    1239,  1420,  4635,  10192, 9802,  8427,  2539,  7036,  10030, 1547,  2410,  580,   934,   5018,  8850,  1365,
    1336,  9704,  5712,  5505,  5263,  5040,  6239,  10731, 867,   4237,  9373,  675,   8079,  3933,  765,   847,
    3577,  6113,  2342,  10609, 3651,  4958,  10385, 10454, 8475,  12034, 9596,  10978, 12000, 2684,  972,   12064,
    455,   9339,  3785,  6520,  753,   7677,  3293,  3903,  11876, 3623,  10744, 699,   829,   9480,  3250,  1751,
    3069,  4410,  3923,  1709,  4998,  6353,  8491,  11120, 5533,  11122, 8350,  11494, 3593,  5199,  11388, 6922,
    10034, 7463,  10816, 8875,  5181,  6652,  5962,  6585,  8664,  8918,  7387,  452,   6830,  12,    11982, 640,
    6777,  7648,  5059,  10549, 9487,  9524,  10317, 8194,  7461,  11586, 4672,  3470,  10673, 6291,  8029,  3717,
    9688,  11867, 8748,  10264, 341,   490,   9994,  9748,  8789,  9458,  5861,  4674,  7442,  8063,  7755,  4008,
    9762,  10712, 4502,  10109, 11321, 6141,  5722,  8006,  25,    108,   9526,  5760,  5038,  4068,  6528,  8047,
    7759,  9924,  4180,  853,   1416,  5134,  1786,  11648, 10729, 3092,  2823,  9246,  2685,  1768,  8021,  4174,
};

/** a * b / 2^32 modulo q, between -q and q, for |a * b| < 2^31 q. */
static inline int32_t montgomery_mul(int32_t a, int32_t b)
{
    int64_t product = (int64_t)a * b;
    int32_t multiple = (int32_t)((uint32_t)product * Q_INVERSE);
    return (int32_t)((product - (int64_t)multiple * Q) >> 32);
}

/**
 * To the values at the odd powers of psi, in bit-reversed order. Sums are not reduced: 10 q at the end, from below q.
 */
static void transform(int32_t a[DEGREE])
{
    unsigned k = 1;
    for (unsigned half = DEGREE / 2; half > 0; half /= 2) {
        for (unsigned start = 0; start < DEGREE; start += 2 * half) {
            int32_t z = root[k++];
            for (unsigned i = start; i < start + half; i++) {
                int32_t t = montgomery_mul(z, a[i + half]);
                a[i + half] = a[i] - t;
                a[i] += t;
            }
        }
    }
}

/**
 * Back again, 512 times too large. 1 / root[k] is the negative of its mirror image in the same step. 512 q at the end.
 */
static void transform_back(int32_t a[DEGREE])
{
    unsigned k = DEGREE - 1;
    for (unsigned half = 1; half < DEGREE; half *= 2) {
        for (unsigned start = 0; start < DEGREE; start += 2 * half) {
            int32_t z = root[k--];
            for (unsigned i = start; i < start + half; i++) {
                int32_t t = a[i + half] - a[i];
                a[i] += a[i + half];
                a[i + half] = montgomery_mul(z, t);
            }
        }
    }
}

/** Bits from the front of some bytes, most significant first. */
struct bits {
    const uint8_t *at;
    uint32_t held;
    unsigned held_count;
};

static uint32_t bits_take(struct bits *b, unsigned count)
{
    while (b->held_count < count) {
        b->held = b->held << 8 | *b->at++;
        b->held_count += 8;
    }
    b->held_count -= count;
    return b->held >> b->held_count & ((1u << count) - 1);
}

/** 512 coefficients of 14 bits. @return false when one is not below q. */
static bool key_decode(const uint8_t *key, int32_t h[DEGREE])
{
    struct bits b = {.at = key + 1};
    for (unsigned i = 0; i < DEGREE; i++) {
        h[i] = (int32_t)bits_take(&b, 14);
        if (h[i] >= Q) {
            return false;
        }
    }
    return true;
}

/**
 * 512 coefficients of 12 bits in two's complement.
 * @return false when one is -2048, which its negative could not be.
 */
static bool signature_decode(const uint8_t *signature, int16_t s2[DEGREE])
{
    struct bits b = {.at = signature + 1 + NONCE_BYTES};
    for (unsigned i = 0; i < DEGREE; i++) {
        uint32_t v = bits_take(&b, 12);
        if (v == 0x800) {
            return false;
        }
        s2[i] = (int16_t)(v < 0x800 ? (int)v : (int)v - 0x1000);
    }
    return true;
}

static void hash_to_polynomial(const uint8_t *nonce, const void *message, size_t message_bytes, uint16_t c[DEGREE])
{
    struct keccak shake;
    keccak_init(&shake, SHAKE256_RATE_BYTES);
    keccak_absorb(&shake, nonce, NONCE_BYTES);
    keccak_absorb(&shake, message, message_bytes);
    keccak_pad(&shake, SHAKE_SUFFIX);
    unsigned i = 0;
    while (i < DEGREE) { /* each draw succeeds in 15 of 16 cases */
        uint8_t pair[2];
        keccak_squeeze(&shake, pair, sizeof pair);
        uint32_t sample = (uint32_t)pair[0] << 8 | pair[1];
        if (sample < HASH_LIMIT) {
            c[i++] = (uint16_t)(sample % Q);
        }
    }
}

/** |s1|^2 + |s2|^2, where `product` is s2 h, 512 / 2^32 times too large. */
static uint64_t norm(const int32_t product[DEGREE], const int16_t s2[DEGREE], const uint16_t c[DEGREE])
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < DEGREE; i++) {
        int32_t s1 = c[i] - montgomery_mul(SCALE_AFTER_INVERSE, product[i]); /* above -q, below 2 q */
        if (s1 < 0) {
            s1 += Q;
        } else if (s1 >= Q) {
            s1 -= Q;
        }
        if (s1 > Q / 2) {
            s1 -= Q;
        }
        sum += (uint64_t)(s1 * s1) + (uint64_t)(s2[i] * s2[i]);
    }
    return sum;
}

/* style: seven parameters, but three of them are the lengths of others */
enum lx_err falcon_verify_vartime(const uint8_t *key, size_t key_bytes, const void *message, size_t message_bytes,
                                  const uint8_t *signature, size_t signature_bytes, struct falcon_work *work)
{
    if (key_bytes != FALCON_PUBLIC_BYTES || key[0] != PUBLIC_HEADER || signature_bytes != FALCON_SIGNATURE_BYTES ||
        signature[0] != SIGNATURE_HEADER || !key_decode(key, work->h) || !signature_decode(signature, work->s2)) {
        return LX_EINVAL;
    }
    hash_to_polynomial(signature + 1, message, message_bytes, work->c);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->product[i] = work->s2[i];
    }
    transform(work->h);
    transform(work->product);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->product[i] = montgomery_mul(work->product[i], work->h[i]);
    }
    transform_back(work->product);
    return norm(work->product, work->s2, work->c) < NORM_LIMIT ? LX_OK : LX_EBADMSG;
}
