/* SPDX-License-Identifier: MIT */
/** Fscipher: see fscipher.h. */
#include "fscipher.h"

#include "tree.h"

static void number_of(uint64_t address, uint64_t generation, uint8_t out[XTS_NUMBER_BYTES])
{
    le64_store(out, address);
    le64_store(out + 8, generation);
}

static void seal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    const struct fscipher *c = context;
    uint8_t number[XTS_NUMBER_BYTES];
    number_of(address, generation, number);
    xts_seal(&c->xts, number, block, LXFS_BLOCK_BYTES);
}

static void unseal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    const struct fscipher *c = context;
    uint8_t number[XTS_NUMBER_BYTES];
    number_of(address, generation, number);
    xts_unseal(&c->xts, number, block, LXFS_BLOCK_BYTES);
}

void fscipher_open(struct fscipher *cipher, const uint8_t key[FSCIPHER_KEY_BYTES], struct lxfs_crypt *out)
{
    uint8_t text[1 + FSCIPHER_KEY_BYTES], both[XTS_KEY_BYTES];
    memcpy(text + 1, key, FSCIPHER_KEY_BYTES);
    for (size_t i = 0; i < 2; i++) {
        struct hash256 half;
        text[0] = (uint8_t)(i + 1);
        sha256_of(text, sizeof text, &half);
        memcpy(both + i * sizeof half, half.bytes, sizeof half);
        wipe(&half, sizeof half);
    }
    xts_init(&cipher->xts, both);
    wipe(text, sizeof text);
    wipe(both, sizeof both);
    *out = (struct lxfs_crypt){cipher, FSCIPHER_XTS_AES_256, seal, unseal};
}
