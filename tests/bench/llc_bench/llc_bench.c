/* SPDX-License-Identifier: MIT */
/**
 * Prints what the cryptography of the ledger costs on this machine, a line a figure: name,value,unit,how.
 * Each figure is the best of ROUNDS, because other work on the machine only ever adds time.
 */
#include "llc.h"
#include <stdio.h>
#include <time.h>

#define ROUNDS          5
#define FALCON_COUNT    2000
#define FALCON_KEY_COUNT 32 /* divides 256: every round draws the same keys */
#define FALCON_SIGN_COUNT 200
#define BRAINPOOL_COUNT 200
#define HASH_COUNT      2000

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- what is measured: each does its work once ------------------------------------------------------------------ */

static uint8_t block[4096];
static uint8_t secret[64] = {1, 2, 3};
static uint8_t key[BRAINPOOL_PUBLIC_BYTES];
static uint8_t digest[64] = {4, 5, 6};
static uint8_t signature[BRAINPOOL_SIGNATURE_BYTES];
static uint8_t falcon_key[FALCON_PUBLIC_BYTES] = {0x09, 1};
static uint8_t falcon_signature[FALCON_SIGNATURE_BYTES] = {0x59};
static struct brainpool_work brainpool_work;
static struct falcon_work falcon_work;
static uint64_t failures;

static void hash_once(void)
{
    struct u256 out;
    sk256_of(block, sizeof block, &out);
    block[0] ^= out.bytes[0];
}

static void hash_512_once(void)
{
    struct u512 out;
    sk512_of(block, sizeof block, &out);
    block[0] ^= out.bytes[0];
}

static void key_once(void)
{
    failures += brainpool_public_of(secret, key) != LX_OK;
}

static void sign_once(void)
{
    static const uint8_t random[BRAINPOOL_RANDOM_BYTES];
    digest[0]++; /* so that the number of attempts is the average one */
    failures += brainpool_sign(secret, digest, random, signature) != LX_OK;
}

static void verify_once(void)
{
    failures +=
        brainpool_verify_vartime(key, sizeof key, digest, signature, sizeof signature, &brainpool_work) != LX_OK;
}

/* A signature that does not fit takes as long as one that does: the norm is compared at the end. */
static void falcon_once(void)
{
    failures += falcon_verify_vartime(falcon_key, sizeof falcon_key, digest, sizeof digest, falcon_signature,
                                      sizeof falcon_signature, &falcon_work) != LX_EBADMSG;
}

static struct falcon_key falcon_pair;
static struct falcon_secret_work falcon_secret_work;

/* Another secret each time: how many candidates are dropped differs. */
static void falcon_key_once(void)
{
    secret[1]++;
    failures += falcon_key_of_secret(secret, &falcon_pair, &falcon_secret_work) != LX_OK;
}

static void falcon_sign_once(void)
{
    digest[0]++;
    failures +=
        falcon_sign(&falcon_pair, digest, sizeof digest, falcon_signature, &falcon_secret_work) != LX_OK;
}

/** The best time of one call, in ns. */
static double measure_ns(void (*once)(void), unsigned count)
{
    uint64_t best = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();
        for (unsigned i = 0; i < count; i++) {
            once();
        }
        uint64_t spent = now_ns() - start;
        best = spent < best ? spent : best;
    }
    return (double)best / count;
}

static void print(const char *name, double value, const char *unit)
{
    printf("%s,%.2f,%s,host best of %d\n", name, value, unit, ROUNDS);
}

int main(void)
{
    print("sk256_4k", 4096.0 * 1000 / measure_ns(hash_once, HASH_COUNT), "MB/s");
    print("sk512_4k", 4096.0 * 1000 / measure_ns(hash_512_once, HASH_COUNT), "MB/s");
    print("brainpool_public", measure_ns(key_once, BRAINPOOL_COUNT) / 1000, "us");
    print("brainpool_sign", measure_ns(sign_once, BRAINPOOL_COUNT) / 1000, "us");
    print("brainpool_verify", measure_ns(verify_once, BRAINPOOL_COUNT) / 1000, "us");
    print("falcon_key", measure_ns(falcon_key_once, FALCON_KEY_COUNT) / 1000, "us");
    print("falcon_sign", measure_ns(falcon_sign_once, FALCON_SIGN_COUNT) / 1000, "us");
    memset(falcon_signature + 1, 0, sizeof falcon_signature - 1);
    print("falcon_verify", measure_ns(falcon_once, FALCON_COUNT) / 1000, "us");
    if (failures != 0) {
        fprintf(stderr, "llc_bench: %llu operations failed\n", (unsigned long long)failures);
        return 1;
    }
    return 0;
}
