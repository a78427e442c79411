/* SPDX-License-Identifier: MIT */
/** Fscipher: it is the cipher of the page: the keys are those hashes, and a block's number is its address and its generation. */
#include "fscipher.h"

#include "tree.h"
#include "unit.h"

static void is_that_of_the_page(void)
{
    struct fscipher cipher;
    struct lxfs_crypt crypt;
    struct xts expected;
    uint8_t key[FSCIPHER_KEY_BYTES], text[1 + FSCIPHER_KEY_BYTES], both[XTS_KEY_BYTES], number[XTS_NUMBER_BYTES];
    static uint8_t block[LXFS_BLOCK_BYTES], plain[LXFS_BLOCK_BYTES];
    struct hash256 hash;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = text[1 + i] = (uint8_t)(3 * i + 1);
    }
    for (uint8_t i = 1; i <= 2; i++) {
        text[0] = i;
        sha256_of(text, sizeof text, &hash);
        memcpy(both + 32 * (i - 1), hash.bytes, 32);
    }
    memset(plain, 0x5a, sizeof plain);
    memcpy(block, plain, sizeof block);
    le64_store(number, 0x123456789a);
    le64_store(number + 8, 77);
    xts_init(&expected, both);
    xts_seal(&expected, number, block, sizeof block);

    fscipher_open(&cipher, key, &crypt);
    CHECK_EQ(crypt.id, 1);
    crypt.unseal(crypt.context, 0x123456789a, 77, block);
    CHECK(memcmp(block, plain, sizeof block) == 0);
    crypt.seal(crypt.context, 0x123456789a, 77, block);
    CHECK(memcmp(block, plain, sizeof block) != 0);
    crypt.unseal(crypt.context, 0x123456789a, 78, block);
    CHECK(memcmp(block, plain, sizeof block) != 0); /* another generation is another number */
}

static const struct unit_case cases[] = {
    {"is that of the page", is_that_of_the_page},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
