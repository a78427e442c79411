/* SPDX-License-Identifier: MIT */
/**
 * Random integers of Falcon. See falcon_sample.h.
 * Source: RFC 8439 section 2.3 for ChaCha20's block; "Falcon" sections 3.8 and 3.9 and Howe, Prest, Ricosset, Rossi,
 *         "Isochronous Gaussian Sampling" (2020), for the samplers; docs/spec/llc.md section 5 for which bytes are
 *         drawn, and in which order, so that signatures are the node's.
 */
#include "falcon_sample.h"

#define BLOCK_COUNT  8u
#define WORD_COUNT   16u
#define FETCH_MARGIN 9u /* eight bytes together are only taken while more than these are left */

__extension__ typedef unsigned __int128 u128;

bool __attribute__((noinline)) falcon_publish(uint64_t bit)
{
    static const volatile bool values[2] = {false, true};
    return values[bit & 1];
}

/* ---- the generator ---------------------------------------------------------------------------------------------- */

static inline uint32_t rotate_left(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

static inline void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate_left(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate_left(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate_left(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate_left(s[b] ^ s[c], 7);
}

static void block_make(const uint32_t start[WORD_COUNT], uint32_t s[WORD_COUNT])
{
    memcpy(s, start, WORD_COUNT * sizeof *s);
    for (unsigned round = 0; round < 20; round += 2) {
        quarter_round(s, 0, 4, 8, 12);
        quarter_round(s, 1, 5, 9, 13);
        quarter_round(s, 2, 6, 10, 14);
        quarter_round(s, 3, 7, 11, 15);
        quarter_round(s, 0, 5, 10, 15);
        quarter_round(s, 1, 6, 11, 12);
        quarter_round(s, 2, 7, 8, 13);
        quarter_round(s, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        s[i] += start[i];
    }
}

/** Fills the buffer. Word w of block b stands at word 8 w + b: the blocks are interleaved. */
static void refill(struct falcon_generator *g)
{
    uint32_t start[WORD_COUNT] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, block[WORD_COUNT];
    for (unsigned b = 0; b < BLOCK_COUNT; b++) {
        memcpy(start + 4, g->key, sizeof g->key);
        start[14] ^= (uint32_t)g->counter;
        start[15] ^= (uint32_t)(g->counter >> 32);
        g->counter++;
        block_make(start, block);
        for (unsigned w = 0; w < WORD_COUNT; w++) {
            le32_store(g->bytes + 4 * (size_t)(BLOCK_COUNT * w + b), block[w]);
        }
    }
    g->at_byte = 0;
    wipe(start, sizeof start);
    wipe(block, sizeof block);
}

void falcon_generator_init(struct falcon_generator *g, const uint8_t seed[FALCON_GENERATOR_SEED_BYTES])
{
    for (unsigned i = 0; i < ARRAY_LEN(g->key); i++) {
        g->key[i] = le32_load(seed + 4 * (size_t)i);
    }
    g->counter = le64_load(seed + sizeof g->key);
    refill(g);
}

static uint64_t take_word(struct falcon_generator *g)
{
    if (g->at_byte >= FALCON_GENERATOR_BYTES - FETCH_MARGIN) {
        refill(g);
    }
    uint64_t out = le64_load(g->bytes + g->at_byte);
    g->at_byte += 8;
    return out;
}

static uint8_t take_byte(struct falcon_generator *g)
{
    uint8_t out = g->bytes[g->at_byte++];
    if (g->at_byte == FALCON_GENERATOR_BYTES) {
        refill(g);
    }
    return out;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

/*
 * The distribution of half a coefficient: P(x) in proportion to exp(-x^2 / 2 s^2) with s = 1.17 sqrt(12289 / 2048).
 * Number 0 is 2^63 P(0); number k is 2^63 P(x > k, given x > 0), to the nearest.
 */
static const uint64_t key_table[] = {
    1283868770400643928u, 6416574995475331444u, 4078260278032692663u, 2353523259288686585u, 1227179971273316331u,
    575931623374121527u, 242543240509105209u, 91437049221049666u, 30799446349977173u, 9255276791179340u,
    2478152334826140u, 590642893610164u, 125206034929641u, 23590435911403u, 3948334035941u,
    586753615614u, 77391054539u, 9056793210u, 940121950u, 86539696u,
    7062824u, 510971u, 32764u, 1862u, 94u,
    4u,
};

/** 1 when a < b, for numbers below 2^63. */
static inline uint64_t below(uint64_t a, uint64_t b)
{
    return (a - b) >> 63;
}

static uint64_t squeeze_word(struct keccak *random)
{
    uint8_t bytes[8];
    keccak_squeeze(random, bytes, sizeof bytes);
    return le64_load(bytes);
}

/** Draws half a coefficient: a sign and whether it is 0 from a first word, the magnitude from a second. */
static int half_coefficient(struct keccak *random)
{
    uint64_t first = squeeze_word(random), second = squeeze_word(random) & INT64_MAX;
    uint64_t not_zero = 1 - below(first & INT64_MAX, key_table[0]);
    uint64_t magnitude = 1;
    for (unsigned k = 1; k < ARRAY_LEN(key_table); k++) {
        magnitude += below(second, key_table[k]);
    }
    int value = (int)(magnitude & (0 - not_zero));
    int minus = -(int)(first >> 63);
    return (value ^ minus) - minus;
}

int falcon_key_coefficient(struct keccak *random)
{
    int first = half_coefficient(random);
    return first + half_coefficient(random);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

#define INVERSE_2_BASE_VARIANCE 0x1.34f8bc183bbc2p-3 /* 1 / (2 * 1.8205^2) */
#define LOG_2                   0x1.62e42fefa39efp-1
#define INVERSE_LOG_2           0x1.71547652b82fep+0
#define FACTORIAL_TERMS         21u

/* The half Gaussian of standard deviation 1.8205: entry k is 2^72 P(x > k), rounded down, upper 8 bits first. */
static const struct {
    uint8_t high;
    uint64_t low;
} base_table[] = {
    {0xa3, 0xf7f42ed3ac39180a}, {0x54, 0xd32b181f3f7ddb89}, {0x22, 0x7dcdd0934829c206},
    {0x0a, 0xd1754377c7994aea}, {0x02, 0x95846caef33f1f75}, {0x00, 0x774ac754ed74bd64},
    {0x00, 0x1024dd542b776ae9}, {0x00, 0x01a1ffdc65ad63de}, {0x00, 0x001f80d88a7b642c},
    {0x00, 0x0001c3fdb2040c6c}, {0x00, 0x000012cf24d031fe}, {0x00, 0x000000949f8b0921},
    {0x00, 0x00000003665da999}, {0x00, 0x000000000ebf6ebc}, {0x00, 0x00000000002f5d7e},
    {0x00, 0x0000000000007098}, {0x00, 0x00000000000000c6}, {0x00, 0x0000000000000001},
};

/* 2^63 / k!, to the nearest. */
static const uint64_t inverse_factorial[FACTORIAL_TERMS] = {
    0x8000000000000000, 0x8000000000000000, 0x4000000000000000, 0x1555555555555555, 0x0555555555555555,
    0x0111111111111111, 0x002d82d82d82d82e, 0x0006806806806807, 0x0000d00d00d00d01, 0x0000171de3a556c7,
    0x0000024fc9f6ef14, 0x00000035cc8acfeb, 0x000000047bb63bfe, 0x000000005849184f, 0x00000000064e5d2a,
    0x00000000006b9fd0, 0x000000000006b9fd, 0x000000000000654b, 0x00000000000005a1, 0x000000000000004c,
    0x0000000000000004,
};

/** Draws from the half Gaussian with 72 bits: the lower 64, then the upper 8. */
static int base_sample(struct falcon_generator *g)
{
    uint64_t low = take_word(g);
    uint64_t high = take_byte(g);
    int out = 0;
    for (unsigned k = 0; k < ARRAY_LEN(base_table); k++) {
        u128 difference = ((u128)high << 64 | low) - ((u128)base_table[k].high << 64 | base_table[k].low);
        out += (int)(uint32_t)((uint64_t)(difference >> 64) >> 63);
    }
    return out;
}

/** 2^63 scale exp(-x), for x from 0 to log 2 and a scale from 0 to 1, as the power series: terms and steps to 2^-63. */
static uint64_t exponential(double x, double scale)
{
    int64_t fixed = (int64_t)(x * 0x1p63);
    uint64_t z = (uint64_t)(fixed & ~(fixed >> 63)); /* rounding can take it below 0 */
    uint64_t sum = inverse_factorial[FACTORIAL_TERMS - 1];
    for (unsigned k = FACTORIAL_TERMS - 1; k-- > 0;) {
        sum = inverse_factorial[k] - (uint64_t)((u128)z * sum >> 63);
    }
    return (uint64_t)((u128)(uint64_t)(int64_t)(scale * 0x1p63) * sum >> 63);
}

/**
 * True with probability scale exp(-x), for x >= 0. It is compared with random bytes from the top, as many as it takes
 * to differ: nine times in eight one byte, whatever x is.
 */
static bool bernoulli(struct falcon_generator *g, double x, double scale)
{
    int64_t halvings = (int64_t)(x * INVERSE_LOG_2);
    double rest = x - (double)halvings * LOG_2;
    int64_t most = 63 - halvings;
    halvings += most & (most >> 63); /* at most 63; 2^-63 is never met */
    uint64_t probability = ((exponential(rest, scale) << 1) - 1) >> (unsigned)halvings;
    uint32_t difference = 0;
    for (int bit = 56; bit >= 0; bit -= 8) {
        difference = take_byte(g) - (uint32_t)(probability >> bit & 0xff);
        if (falcon_publish(difference != 0)) {
            break;
        }
    }
    return falcon_publish(difference >> 31);
}

/*
 * With center = floor + r, draws z of a half Gaussian that is mirrored to both sides of 0 and 1, wider than what is
 * wanted, and keeps it with the probability that makes the difference. The scale makes that probability the same for
 * every centre and deviation, on average.
 */
int64_t falcon_gaussian(struct falcon_generator *g, double center, double inverse_deviation)
{
    int64_t floor = (int64_t)center;
    floor -= (double)floor > center;
    double r = center - (double)floor;
    double half_precision = 0.5 * (inverse_deviation * inverse_deviation);
    double scale = FALCON_DEVIATION_MIN * inverse_deviation;
    for (;;) { /* ends after 1.5 rounds on average; 200 rounds have probability 2^-300 */
        int64_t magnitude = base_sample(g);
        int64_t side = take_byte(g) & 1;
        int64_t z = side + (2 * side - 1) * magnitude;
        double distance = (double)z - r;
        double x = distance * distance * half_precision -
                   (double)(magnitude * magnitude) * INVERSE_2_BASE_VARIANCE;
        if (bernoulli(g, x, scale)) {
            return floor + z;
        }
    }
}
