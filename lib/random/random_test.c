/* SPDX-License-Identifier: MIT */
/** Shows that blocks are those of the construction, that seeds, clocks and additions matter, and that bits look even. */
#include "random.h"
#include "unit.h"

static void the_first_block_is_the_hash_of_the_state(void)
{
    struct random r;
    uint8_t seed[32] = {1}, numbers[16] = {0}, out[40];
    random_start(&r, seed, 7);
    struct sha256 s;
    struct hash256 expected;
    struct random before = r;
    numbers[0] = 1;
    sha256_init(&s);
    sha256_update(&s, before.state.bytes, 32);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_final(&s, &expected);
    random_bytes(&r, 0, out, sizeof out);
    CHECK_BYTES(out, expected.bytes, 32);
    CHECK(memcmp(&before, &r, sizeof r) != 0);
}

static void everything_that_enters_matters(void)
{
    uint8_t seed[32] = {1}, other[32] = {2}, a[32], b[32];
    struct random r, q;
    random_start(&r, seed, 7);
    random_start(&q, other, 7);
    random_bytes(&r, 0, a, 32);
    random_bytes(&q, 0, b, 32);
    CHECK(memcmp(a, b, 32) != 0);
    random_start(&r, seed, 7);
    random_start(&q, seed, 8);
    random_bytes(&r, 0, a, 32);
    random_bytes(&q, 0, b, 32);
    CHECK(memcmp(a, b, 32) != 0);
    random_start(&q, seed, 7);
    random_add(&q, "x", 1);
    random_bytes(&q, 0, b, 32);
    CHECK(memcmp(a, b, 32) != 0);
    random_start(&r, seed, 7);
    random_start(&q, seed, 7);
    random_bytes(&r, 5, a, 32);
    random_bytes(&q, 6, b, 32);
    CHECK_BYTES(a, b, 32); /* the clock enters behind what it gives out */
    random_bytes(&r, 5, a, 32);
    random_bytes(&q, 5, b, 32);
    CHECK(memcmp(a, b, 32) != 0);
}

static void bits_look_even(void)
{
    static uint8_t out[1 << 16];
    struct random r;
    uint8_t seed[32] = {9};
    uint32_t ones = 0;
    random_start(&r, seed, 1);
    random_bytes(&r, 1, out, sizeof out);
    for (size_t i = 0; i < sizeof out; i++) {
        ones += (uint32_t)__builtin_popcount(out[i]);
    }
    CHECK(ones > sizeof out * 4 - 2000 && ones < sizeof out * 4 + 2000); /* over five standard deviations */
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"random: the first block is the hash of the state", the_first_block_is_the_hash_of_the_state},
        {"random: seed, start and additions matter, the clock from the next request on", everything_that_enters_matters},
        {"random: bits look even", bits_look_even},
    };
    return UNIT_MAIN(cases);
}
