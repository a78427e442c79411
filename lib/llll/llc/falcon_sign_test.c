/* SPDX-License-Identifier: MIT */
/**
 * Shows that keys and signatures are those of the node, bit by bit; that they are what the mathematics demands; that a
 * key which does not fit its parts signs nothing; and what the parts below compute.
 */
#include "falcon_ntru.h"
#include "falcon_ring.h"
#include "falcon_sample.h"
#include "unit.h"
#include "vectors.h"

static struct falcon_key key;
static struct falcon_secret_work room;
static struct falcon_work verify_work;
static uint8_t signature[FALCON_SIGNATURE_BYTES];

static enum lx_err verify(const void *message, size_t len_bytes)
{
    return falcon_verify_vartime(key.public_key, FALCON_PUBLIC_BYTES, message, len_bytes, signature,
                                 FALCON_SIGNATURE_BYTES, &verify_work);
}

static void keys_and_signatures_are_the_nodes(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/sign_vectors.json");
    uint8_t secret[FALCON_SECRET_BYTES], message[64], drawn[160], wanted[FALCON_PRIVATE_BYTES];
    static uint8_t private_key[FALCON_PRIVATE_BYTES];
    unsigned count = 0;
    while (vectors_field_hex(&v, "secret", secret, sizeof secret)) {
        CHECK(vectors_field_hex(&v, "msg", message, sizeof message));
        CHECK(vectors_field_hex(&v, "prng_first160", wanted, sizeof drawn));
        struct keccak random;
        keccak_init(&random, SHAKE256_RATE_BYTES);
        keccak_absorb(&random, secret, sizeof secret);
        keccak_squeeze(&random, drawn, sizeof drawn);
        CHECK_BYTES(drawn, wanted, sizeof drawn);

        CHECK_EQ(falcon_key_of_secret(secret, &key, &room), LX_OK);
        falcon_private_encode(&key, private_key);
        CHECK(vectors_field_hex(&v, "falcon_priv", wanted, FALCON_PRIVATE_BYTES));
        CHECK_BYTES(private_key, wanted, FALCON_PRIVATE_BYTES);
        CHECK(vectors_field_hex(&v, "falcon_pub", wanted, FALCON_PUBLIC_BYTES));
        CHECK_BYTES(key.public_key, wanted, FALCON_PUBLIC_BYTES);
        CHECK(vectors_field_hex(&v, "falcon_sig", wanted, FALCON_SIGNATURE_BYTES));
        for (unsigned again = 0; again < 2; again++) { /* the same key signs the same message the same way */
            CHECK_EQ(falcon_sign(&key, message, sizeof message, signature, &room), LX_OK);
            CHECK_BYTES(signature, wanted, FALCON_SIGNATURE_BYTES);
        }
        count++;
    }
    CHECK(count >= 2);
}

static void check_keys_of(const char *path)
{
    struct vectors v = vectors_open(path);
    uint8_t secret[FALCON_SECRET_BYTES], wanted[FALCON_PUBLIC_BYTES], hash[U256_BYTES];
    struct u256 found;
    for (unsigned i = 0; i < 4; i++) {
        CHECK(vectors_field_hex(&v, "secret", secret, sizeof secret));
        CHECK(vectors_field_hex(&v, "falcon_pub", wanted, sizeof wanted));
        CHECK_EQ(falcon_key_of_secret(secret, &key, &room), LX_OK);
        CHECK_BYTES(key.public_key, wanted, FALCON_PUBLIC_BYTES);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct vectors piece = {NULL, 0};
        CHECK(vectors_field_hex(&v, "secret", secret, sizeof secret));
        CHECK(vectors_field(&v, "keyhash_falcon", &piece));
        CHECK(piece.left_chars == sizeof hash * 2 && hex_to_mem(piece.at, piece.left_chars, hash, sizeof hash));
        CHECK_EQ(falcon_key_of_secret(secret, &key, &room), LX_OK);
        sk256_of(key.public_key, FALCON_PUBLIC_BYTES, &found);
        u256_set_type(&found, SIGNATURE_FALCON);
        CHECK_BYTES(found.bytes, hash, U256_BYTES);
    }
}

static void keys_of_every_user_are_the_nodes(void)
{
    check_keys_of("tests/vectors/nexus/keys_alice_private.json");
    check_keys_of("tests/vectors/nexus/keys_alice_private_newcreds.json");
    check_keys_of("tests/vectors/nexus/keys_device_mainnet.json");
    check_keys_of("tests/vectors/nexus/keys_generator_private.json");
    check_keys_of("tests/vectors/nexus/keys_shortname_testnet.json");
}

static void a_recovery_key_may_be_falcons(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/keys_device_mainnet.json"), piece = {NULL, 0};
    uint8_t secret[FALCON_SECRET_BYTES];
    struct u256 wanted, found;
    CHECK(vectors_skip(&v, "\"recovery\":") && vectors_field_hex(&v, "secret", secret, sizeof secret));
    CHECK(vectors_field(&v, "hash_falcon", &piece));
    CHECK(hex_to_mem(piece.at, piece.left_chars, wanted.bytes, U256_BYTES));
    CHECK_EQ(falcon_key_of_secret(secret, &key, &room), LX_OK);
    sk256_of(key.public_key, FALCON_PUBLIC_BYTES, &found);
    CHECK(u256_equal(&found, &wanted));
}

/** f G - g F, whose coefficients must be q, 0, 0, ... */
static bool equation_holds(const struct falcon_key *k)
{
    for (unsigned at = 0; at < DEGREE; at++) {
        int32_t sum = 0;
        for (unsigned i = 0; i < DEGREE; i++) {
            unsigned j = (at - i) % DEGREE;
            int32_t product = k->f[i] * k->big_g[j] - k->g[i] * k->big_f[j];
            sum += i <= at ? product : -product;
        }
        if (sum != (at == 0 ? Q : 0)) {
            return false;
        }
    }
    return true;
}

static void every_key_solves_its_equation_and_signs(void)
{
    uint8_t secret[FALCON_SECRET_BYTES] = {0};
    for (uint8_t i = 0; i < 12; i++) {
        secret[5] = i;
        CHECK_EQ(falcon_key_of_secret(secret, &key, &room), LX_OK);
        CHECK(equation_holds(&key));
        CHECK_EQ(falcon_sign(&key, secret, i, signature, &room), LX_OK);
        CHECK_EQ(verify(secret, i), LX_OK);
        CHECK_EQ(verify(secret, i + 1u), LX_EBADMSG);
        uint64_t left = 0;
        for (size_t word = 0; word < ARRAY_LEN(room.word); word++) {
            left |= room.word[word];
        }
        CHECK_EQ(left, 0); /* nothing secret stays behind */
    }
}

/* How many of the bytes are not 0. */
static unsigned bytes_set(const uint8_t *bytes, size_t len_bytes)
{
    unsigned n = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        n += bytes[i] != 0;
    }
    return n;
}

static void a_key_that_does_not_fit_itself_signs_nothing(void)
{
    struct falcon_key good = key;
    key.public_key[100] ^= 0x10;
    CHECK_EQ(falcon_sign(&key, "x", 1, signature, &room), LX_ERANGE);
    CHECK_EQ(bytes_set(signature, sizeof signature), 0);
    key = good;
    key.f[3] ^= 8; /* as a fault in memory would */
    CHECK_EQ(falcon_sign(&key, "x", 1, signature, &room), LX_ERANGE);
    CHECK_EQ(bytes_set(signature, sizeof signature), 0);
    key = good;
    key.big_g[3] ^= 8; /* it enters the centres alone: the signature is a worse one, and still valid or refused */
    enum lx_err err = falcon_sign(&key, "x", 1, signature, &room);
    CHECK(err == LX_ERANGE || verify("x", 1) == LX_OK);
    key = good;
    CHECK_EQ(falcon_sign(&key, "x", 1, signature, &room), LX_OK);
}

static void pairs_without_a_solution_are_dropped(void)
{
    static struct falcon_ntru work;
    int8_t f[DEGREE] = {0}, g[DEGREE] = {0}, big_f[DEGREE], big_g[DEGREE];
    f[0] = 3;
    g[0] = 3; /* 3^512 divides both norms */
    CHECK(!falcon_ntru_solve(f, g, big_f, big_g, &work));
    g[0] = 0;
    g[7] = 3; /* another polynomial of the same norm */
    CHECK(!falcon_ntru_solve(f, g, big_f, big_g, &work));
    g[7] = 1; /* there is a solution, but numbers that are this far from usual ones have no quotient */
    CHECK(!falcon_ntru_solve(f, g, big_f, big_g, &work));
}

static void values_split_and_merge(void)
{
    static struct complex whole[256], even[128], odd[128], again[256];
    static double coefficient[512], part[256];
    for (unsigned i = 0; i < 512; i++) {
        coefficient[i] = (double)((int)(i * 37 % 101) - 50);
    }
    falcon_fft(whole, coefficient, 512);
    falcon_split(even, odd, whole, 512);
    falcon_merge(again, even, odd, 512);
    double worst = 0;
    for (unsigned i = 0; i < 256; i++) {
        double distance = complex_norm(complex_sub(whole[i], again[i]));
        worst = distance > worst ? distance : worst;
    }
    falcon_fft_back(part, odd, 256);
    for (unsigned i = 0; i < 256; i++) {
        double distance = part[i] - coefficient[2 * i + 1];
        worst = distance * distance > worst ? distance * distance : worst;
    }
    CHECK(worst < 1e-18);
    for (unsigned n = 4; n <= 512; n *= 2) { /* every root is at distance 1, its square the root of half the size */
        for (unsigned i = 0; i < n / 4; i++) {
            struct complex r = falcon_root(n, i);
            CHECK(complex_norm(r) > 1 - 1e-15);
            CHECK(complex_norm(r) < 1 + 1e-15);
            if (n > 4) {
                struct complex up = falcon_root(n / 2, i / 2), square = complex_mul(r, r);
                up = complex_scale(up, i % 2 == 0 ? 1 : -1);
                CHECK(complex_norm(complex_sub(square, up)) < 1e-30);
            }
        }
    }
}

static void rounding_is_to_the_nearest_and_to_even(void)
{
    CHECK_EQ(round_to_integer(2.5), 2);
    CHECK_EQ(round_to_integer(3.5), 4);
    CHECK_EQ(round_to_integer(-2.5), -2);
    CHECK_EQ(round_to_integer(-2.51), -3);
    CHECK_EQ(round_to_integer(0x1p50 + 0.75), (int64_t)1 << 50 | 1);
}

/* RFC 8439 section 2.3.2: a key of 0, 1, 2, ..., counter 1 and a nonce. Blocks are interleaved by words of eight. */
static void the_generator_is_chacha20(void)
{
    static const uint8_t wanted[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
        0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
        0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
        0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
    };
    uint8_t seed[FALCON_GENERATOR_SEED_BYTES] = {0};
    struct falcon_generator g;
    for (uint8_t i = 0; i < 32; i++) {
        seed[i] = i;
    }
    seed[32] = 1;
    seed[39] = 0x09;
    seed[43] = 0x4a;
    falcon_generator_init(&g, seed);
    for (size_t w = 0; w < 16; w++) {
        CHECK_BYTES(g.bytes + 32 * w, wanted + 4 * w, 4);
    }
}

/** Mean and variance of many draws around a centre, in thousandths, against what they must be. */
static void check_gaussian(double center, double deviation)
{
    enum { COUNT = 20000 };
    static const uint8_t seed[FALCON_GENERATOR_SEED_BYTES] = {7};
    struct falcon_generator g;
    falcon_generator_init(&g, seed);
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        double error = (double)falcon_gaussian(&g, center, 1 / deviation) - center;
        sum += error;
        squares += error * error;
    }
    double mean = sum / COUNT, variance = squares / COUNT;
    CHECK(mean < 0.06 && mean > -0.06); /* 4.6 of its deviations */
    CHECK(variance < 1.06 * deviation * deviation);
    CHECK(variance > 0.94 * deviation * deviation);
}

static void samples_are_gaussian(void)
{
    check_gaussian(0, 1.3248);
    check_gaussian(-0.5, 1.3248);
    check_gaussian(1000.99, 1.8135);
    check_gaussian(-1234.25, 1.5);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"falcon: keys and signatures are the node's", keys_and_signatures_are_the_nodes},
        {"falcon: keys of every user are the node's", keys_of_every_user_are_the_nodes},
        {"falcon: a recovery key may be Falcon's", a_recovery_key_may_be_falcons},
        {"falcon: every key solves its equation and signs", every_key_solves_its_equation_and_signs},
        {"falcon: a key that does not fit itself signs nothing", a_key_that_does_not_fit_itself_signs_nothing},
        {"falcon: pairs without a solution are dropped", pairs_without_a_solution_are_dropped},
        {"falcon: values split and merge", values_split_and_merge},
        {"falcon: rounding is to the nearest and to even", rounding_is_to_the_nearest_and_to_even},
        {"falcon: the generator is ChaCha20", the_generator_is_chacha20},
        {"falcon: samples are Gaussian", samples_are_gaussian},
    };
    return UNIT_MAIN(cases);
}
