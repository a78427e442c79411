/* SPDX-License-Identifier: MIT */
/**
 * Does everything that llc does with secrets on memory that nobody wrote to. Run under Valgrind's memcheck, which
 * follows such memory bit by bit, this shows each branch and each address that depends on a secret: `make check-ct`.
 * Run alone it shows nothing. `llc_ct leak` branches on a secret on purpose, to show that the checker would see it.
 */
#include "llc.h"
#include <stdio.h>
#include <stdlib.h>

/** Bytes that are undefined to the checker, and in truth 1, 2, 3, ... */
static uint8_t *undefined(size_t len_bytes)
{
    uint8_t *p = (uint8_t *)malloc(len_bytes);
    if (p == NULL) {
        exit(2);
    }
    for (size_t i = 0; i < len_bytes; i++) {
        uint8_t a = p[i];
        uint8_t b = a;
        __asm__ volatile(
            ""
            : "+r"(b)); /* so that the compiler does not see that a ^ b is zero; the checker does not either */
        p[i] = (uint8_t)((i + 1) ^ a ^ b);
    }
    return p;
}

static volatile uint8_t sink;

/* Large, so static: but what is written here is as undefined as the secret that it is made of. */
static struct falcon_key falcon_key;
static struct falcon_secret_work falcon_work;

static bool falcon_once(const uint8_t secret[FALCON_SECRET_BYTES])
{
    static const uint8_t message[64] = {4, 5, 6};
    uint8_t signature[FALCON_SIGNATURE_BYTES], private_key[FALCON_PRIVATE_BYTES];
    bool ok = falcon_key_of_secret(secret, &falcon_key, &falcon_work) == LX_OK &&
              falcon_sign(&falcon_key, message, sizeof message, signature, &falcon_work) == LX_OK;
    falcon_private_encode(&falcon_key, private_key);
    sink = (uint8_t)(falcon_key.public_key[9] ^ private_key[9] ^ signature[99]);
    return ok;
}

int main(int argc, char **argv)
{
    uint8_t *secret = undefined(BRAINPOOL_SECRET_BYTES);
    uint8_t *random = undefined(BRAINPOOL_RANDOM_BYTES);
    static const uint8_t digest[BRAINPOOL_DIGEST_BYTES] = {1, 2, 3};
    uint8_t key[BRAINPOOL_PUBLIC_BYTES], signature[BRAINPOOL_SIGNATURE_BYTES], hash[64];
    if (argc > 1 && strcmp(argv[1], "leak") == 0) {
        if (secret[1] == 7) {
            puts("seven");
        }
    }
    bool ok = brainpool_public_of(secret, key) == LX_OK && brainpool_sign(secret, digest, random, signature) == LX_OK;
    ok = falcon_once(secret) && ok;
    sk_of(SK512, secret, BRAINPOOL_SECRET_BYTES, hash);
    sk_of(SK256, secret, BRAINPOOL_SECRET_BYTES, hash);
    struct keccak k;
    keccak_init(&k, SHAKE256_RATE_BYTES);
    keccak_absorb(&k, secret, BRAINPOOL_SECRET_BYTES);
    keccak_pad(&k, SHAKE_SUFFIX);
    keccak_squeeze(&k, hash, sizeof hash);
    sink = (uint8_t)(key[1] ^ signature[9] ^ hash[0]);
    free(secret);
    free(random);
    puts(ok ? "llc_ct: done" : "llc_ct: failed");
    return ok ? 0 : 1;
}
