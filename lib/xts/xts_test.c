/* SPDX-License-Identifier: MIT */
/* Shows: AES-256-XTS as the standards have it, in plain C and with instructions; OpenSSL is the oracle. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "unit.h"
#include "xts_blocks.h"

static uint64_t state = 1;

static void fill(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(state >> 40);
    }
}

static void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

/* FIPS 197, appendix C.3 */
static void a_block_is_that_of_the_standard(void)
{
    uint8_t key[64], block[16], wanted[16];
    struct xts x;
    for (unsigned i = 0; i < 64; i++) {
        key[i] = (uint8_t)i;
    }
    xts_init(&x, key);
    from_hex("00112233445566778899aabbccddeeff", block);
    from_hex("8ea2b7ca516745bfeafc49904b496089", wanted);
    aes_encrypt(x.seal, block);
    CHECK_BYTES(block, wanted, 16);
    from_hex("00112233445566778899aabbccddeeff", block);
    aes_encrypt_portable(x.seal, block);
    CHECK_BYTES(block, wanted, 16);
}

static void oracle(const uint8_t key[64], const uint8_t number[16], const uint8_t *in, uint8_t *out, int len)
{
    int done = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    CHECK(EVP_EncryptInit_ex(c, EVP_aes_256_xts(), NULL, key, number) == 1);
    CHECK(EVP_EncryptUpdate(c, out, &done, in, len) == 1);
    CHECK_EQ(done, len);
    EVP_CIPHER_CTX_free(c);
}

static void seals_as_openssl_does(void)
{
    enum { MOST = 4096 };
    static uint8_t plain[MOST], sealed[MOST], bytes[MOST];
    for (unsigned round = 0; round < 300; round++) {
        uint8_t key[64], number[16];
        struct xts x;
        size_t len = round % 8 == 0 ? MOST : 16 * (1 + round % 40);
        fill(key, sizeof key);
        fill(number, sizeof number);
        fill(plain, len);
        xts_init(&x, key);
        oracle(key, number, plain, sealed, (int)len);
        memcpy(bytes, plain, len);
        xts_seal(&x, number, bytes, len);
        CHECK_BYTES(bytes, sealed, len);
        xts_unseal(&x, number, bytes, len);
        CHECK_BYTES(bytes, plain, len);
    }
}

static void plain_c_is_the_same(void)
{
    uint8_t key[64], bytes[16 * 21], other[16 * 21];
    struct xts x;
    for (unsigned round = 0; round < 20; round++) {
        uint8_t mask[16], mask_other[16];
        fill(key, sizeof key);
        fill(mask, sizeof mask);
        fill(bytes, sizeof bytes);
        memcpy(mask_other, mask, sizeof mask);
        memcpy(other, bytes, sizeof bytes);
        xts_init(&x, key);
        xts_seal_blocks(&x, mask, bytes, 21);
        xts_seal_blocks_portable(&x, mask_other, other, 21);
        CHECK_BYTES(bytes, other, sizeof bytes);
        CHECK_BYTES(mask, mask_other, sizeof mask);
        xts_unseal_blocks(&x, mask, bytes, 21);
        xts_unseal_blocks_portable(&x, mask_other, other, 21);
        CHECK_BYTES(bytes, other, sizeof bytes);
    }
}

static const struct unit_case cases[] = {
    {"a block is that of the standard", a_block_is_that_of_the_standard},
    {"seals as OpenSSL does", seals_as_openssl_does},
    {"plain C is the same", plain_c_is_the_same},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
