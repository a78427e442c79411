/* SPDX-License-Identifier: MIT */
/**
 * Shows that every hash gives what the node gives (tests/vectors/nexus/hash_vectors.json) however its message is cut,
 * that the sponge is the standard one (FIPS 202 values, and OpenSSL for other lengths), and that the forms of numbers
 * and addresses read back as they were written.
 */
#include "llc.h"
#include "unit.h"
#include "vectors.h"
#include <openssl/evp.h>

#define VECTORS "tests/vectors/nexus/"

static uint8_t message[4096];
static uint8_t expected[128];
static uint8_t actual[128];

static void check_skein(struct vectors *v, const char *field, uint32_t state_bytes, uint32_t out_bytes, size_t len)
{
    CHECK(vectors_field_hex(v, field, expected, out_bytes));
    struct skein s;
    skein_init(&s, state_bytes, out_bytes);
    skein_update(&s, message, len);
    skein_final(&s, actual);
    CHECK_BYTES(actual, expected, out_bytes);
}

static void check_sk(struct vectors *v, const char *field, enum sk_kind kind, size_t len)
{
    CHECK(vectors_field_hex(v, field, expected, sk_bytes(kind)));
    sk_of(kind, message, len, actual);
    CHECK_BYTES(actual, expected, sk_bytes(kind));
}

static void hashes_are_those_of_the_node(void)
{
    struct vectors v = vectors_open(VECTORS "hash_vectors.json");
    struct vectors piece;
    unsigned count = 0;
    while (vectors_field(&v, "msg", &piece)) {
        uint64_t len = 0, number = 0;
        CHECK(vectors_number(&v, "len", &len));
        CHECK_EQ(vectors_hex(piece, message, sizeof message), len);
        check_skein(&v, "skein256_256", 32, 32, len);
        check_skein(&v, "skein512_512", 64, 64, len);
        check_skein(&v, "skein1024_1024", 128, 128, len);
        check_skein(&v, "skein256_64", 32, 8, len);
        check_skein(&v, "skein256_32", 32, 4, len);
        check_sk(&v, "sk32_mem", SK32, len);
        CHECK(vectors_number(&v, "sk64_int", &number));
        CHECK_EQ(sk64_of(message, len), number);
        check_sk(&v, "sk64_mem", SK64, len);
        check_sk(&v, "sk256_mem", SK256, len);
        char hex[257];
        hex_of_mem(actual, 32, hex);
        CHECK(vectors_field(&v, "sk256_hex", &piece) && memcmp(piece.at, hex, 64) == 0);
        uint8_t gb[32];
        gb_of_mem(actual, 32, gb);
        CHECK(vectors_field_hex(&v, "sk256_getbytes", expected, 32));
        CHECK_BYTES(gb, expected, 32);
        check_sk(&v, "sk512_mem", SK512, len);
        check_sk(&v, "sk1024_mem", SK1024, len);
        hex_of_mem(actual, 128, hex);
        CHECK(vectors_field(&v, "sk1024_hex", &piece) && memcmp(piece.at, hex, 256) == 0);
        count++;
    }
    CHECK(count >= 18);
}

static void a_message_may_come_in_pieces(void)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 7 + 3);
    }
    for (enum sk_kind kind = SK32; kind <= SK1024; kind++) {
        for (size_t len = 0; len < 270; len += 13) {
            sk_of(kind, message, len, expected);
            for (size_t cut = 0; cut <= len; cut++) {
                struct sk s;
                sk_init(&s, kind);
                sk_update(&s, message, cut);
                sk_update(&s, message + cut, (len - cut) / 2);
                sk_update(&s, message + cut + (len - cut) / 2, len - cut - (len - cut) / 2);
                sk_final(&s, actual);
                CHECK_BYTES(actual, expected, sk_bytes(kind));
            }
        }
    }
}

/* Nothing else tests SK576: no vector of the node has it. It must be the Keccak of its Skein as the table says. */
static void sk576_is_keccak_of_skein(void)
{
    uint8_t inner[72];
    struct skein s;
    skein_init(&s, 128, 72);
    skein_update(&s, message, 1000);
    skein_final(&s, inner);
    struct keccak k;
    keccak_init(&k, 128);
    keccak_absorb(&k, inner, sizeof inner);
    keccak_pad(&k, 0x06);
    keccak_squeeze(&k, expected, 72);
    CHECK_EQ(sk_bytes(SK576), 72);
    sk_of(SK576, message, 1000, actual);
    CHECK_BYTES(actual, expected, 72);
}

static void sponge(uint32_t rate, uint8_t suffix, const void *bytes, size_t len, size_t out_bytes)
{
    struct keccak k;
    keccak_init(&k, rate);
    keccak_absorb(&k, bytes, len / 3);
    keccak_absorb(&k, (const uint8_t *)bytes + len / 3, len - len / 3);
    keccak_pad(&k, suffix);
    keccak_squeeze(&k, actual, out_bytes / 2);
    keccak_squeeze(&k, actual + out_bytes / 2, out_bytes - out_bytes / 2);
}

static void sponge_gives_published_values(void)
{
    static const struct {
        const char *message, *digest;
        uint32_t rate;
        uint8_t suffix;
    } known[] = {
        {"", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", SHA3_256_RATE_BYTES, SHA3_SUFFIX},
        {"abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532", SHA3_256_RATE_BYTES, SHA3_SUFFIX},
        {"",
         "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
         "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
         SHA3_512_RATE_BYTES, SHA3_SUFFIX},
        {"", "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", SHAKE256_RATE_BYTES, SHAKE_SUFFIX},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        size_t len = strlen(known[i].digest) / 2;
        CHECK_EQ(vectors_hex((struct vectors){known[i].digest, 2 * len}, expected, sizeof expected), len);
        sponge(known[i].rate, known[i].suffix, known[i].message, strlen(known[i].message), len);
        CHECK_BYTES(actual, expected, len);
    }
}

static void sponge_agrees_with_openssl(void)
{
    for (size_t len = 0; len < 600; len++) {
        unsigned out_len = 0;
        CHECK(EVP_Digest(message, len, expected, &out_len, EVP_sha3_256(), NULL) == 1);
        sponge(SHA3_256_RATE_BYTES, SHA3_SUFFIX, message, len, 32);
        CHECK_BYTES(actual, expected, 32);
        CHECK(EVP_Digest(message, len, expected, &out_len, EVP_sha3_512(), NULL) == 1);
        sponge(SHA3_512_RATE_BYTES, SHA3_SUFFIX, message, len, 64);
        CHECK_BYTES(actual, expected, 64);
    }
    static uint8_t shake_expected[5000], shake_actual[5000];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CHECK(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL) == 1 && EVP_DigestUpdate(ctx, message, 333) == 1 &&
          EVP_DigestFinalXOF(ctx, shake_expected, sizeof shake_expected) == 1);
    EVP_MD_CTX_free(ctx);
    struct keccak k;
    keccak_init(&k, SHAKE256_RATE_BYTES);
    keccak_absorb(&k, message, 333);
    keccak_pad(&k, SHAKE_SUFFIX);
    for (size_t at = 0, step = 1; at < sizeof shake_actual; at += step, step = step % 211 + 1) {
        step = step < sizeof shake_actual - at ? step : sizeof shake_actual - at;
        keccak_squeeze(&k, shake_actual + at, step);
    }
    CHECK_BYTES(shake_actual, shake_expected, sizeof shake_actual);
}

static void hex_reads_back_and_refuses_what_is_none(void)
{
    struct u256 n, back;
    for (size_t i = 0; i < 32; i++) {
        n.bytes[i] = (uint8_t)(i * 9);
    }
    char hex[U256_HEX_CHARS];
    hex_of_mem(n.bytes, 32, hex);
    CHECK(hex[0] == '1' && hex[1] == '7' && strlen(hex) == 64); /* 31 * 9 = 0x117 */
    CHECK(hex_to_mem(hex, 64, back.bytes, 32) && u256_equal(&n, &back));
    CHECK_EQ(u256_type(&n), 0x17);
    CHECK(!hex_to_mem(hex, 63, back.bytes, 32) && !hex_to_mem(hex, 64, back.bytes, 31));
    hex[63] = 'g';
    memset(&back, 0, sizeof back);
    CHECK(!hex_to_mem(hex, 64, back.bytes, 32) && u256_is_zero(&back));
    CHECK(hex_to_mem("aBcDeF", 6, back.bytes, 3) && back.bytes[2] == 0xab && back.bytes[0] == 0xef);
    uint8_t gb[32], twice[32];
    gb_of_mem(n.bytes, 32, gb);
    gb_of_mem(gb, 32, twice);
    CHECK(memcmp(gb, n.bytes, 32) != 0);
    CHECK_BYTES(twice, n.bytes, 32);
}

static void base58_reads_back_and_refuses_what_is_none(void)
{
    char text[BASE58_CHARS_MAX + 1];
    uint8_t bytes[BASE58_BYTES_MAX], back[BASE58_BYTES_MAX];
    size_t len = 99;
    for (size_t count = 0; count <= BASE58_BYTES_MAX; count++) {
        for (unsigned zeros = 0; zeros < 3; zeros++) {
            memset(bytes, 0xff, sizeof bytes);
            memset(bytes, 0, zeros < count ? zeros : count);
            CHECK_EQ(base58_of_bytes(bytes, count, text, sizeof text), LX_OK);
            CHECK_EQ(base58_to_bytes(text, strlen(text), back, sizeof back, &len), LX_OK);
            CHECK_EQ(len, count);
            CHECK_BYTES(back, bytes, count);
        }
    }
    CHECK_EQ(base58_of_bytes((const uint8_t *)"Hello World!", 12, text, sizeof text), LX_OK);
    CHECK(strcmp(text, "2NEpo7TZRRrLZSi2U") == 0); /* draft-msporny-base58, section 5 */
    memset(bytes, 0xff, sizeof bytes);
    CHECK_EQ(base58_of_bytes(bytes, 64, text, 88), LX_ENOSPC);
    CHECK_EQ(base58_to_bytes("2NEpo7TZRRrLZSi2U", 17, back, 11, &len), LX_ENOSPC);
    CHECK_EQ(base58_to_bytes("2NEpo7TZ0RrLZSi2U", 17, back, 12, &len), LX_EINVAL);
    CHECK_EQ(base58_to_bytes("2NEpo 7", 7, back, 12, &len), LX_EINVAL);
    memset(text, '1', sizeof text);
    CHECK_EQ(base58_to_bytes(text, 89, back, sizeof back, &len), LX_ENOSPC);
}

static unsigned check_addresses(const char *path)
{
    static const char *const names[] = {"crypto", "trust", "name:default", "namespace_lxos.test", "namespace_~GLOBAL~"};
    struct vectors v = vectors_open(path);
    unsigned count = 0;
    CHECK(vectors_skip(&v, "\"addresses\""));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct vectors hex, text;
        struct u256 address, back;
        char out[ADDRESS_TEXT_CHARS];
        CHECK(vectors_field(&v, names[i], &hex) && vectors_string(&v, &text));
        CHECK(hex_to_mem(hex.at, hex.left_chars, address.bytes, 32));
        address_text_of(&address, out);
        CHECK(strlen(out) == text.left_chars && memcmp(out, text.at, text.left_chars) == 0);
        CHECK_EQ(address_of_text(text.at, text.left_chars, &back), LX_OK);
        CHECK(u256_equal(&address, &back));
        count++;
    }
    return count;
}

static void addresses_are_written_as_the_node_writes_them(void)
{
    unsigned count = check_addresses(VECTORS "keys_device_mainnet.json");
    count += check_addresses(VECTORS "keys_alice_private.json");
    count += check_addresses(VECTORS "keys_shortname_testnet.json");
    CHECK_EQ(count, 15);
    char text[] = "8ANGxQ3UnKAhaEV7eLvx8ue1vCDXANjWKXLbxY2hyrVs7MFTBBq";
    struct u256 address;
    for (size_t i = 0; i < strlen(text); i++) {
        char saved = text[i];
        text[i] = saved == 'z' ? 'y' : 'z';
        CHECK(address_of_text(text, strlen(text), &address) != LX_OK);
        text[i] = saved;
    }
    CHECK_EQ(address_of_text(text, strlen(text) - 1, &address), LX_EINVAL);
    text[50] = 'r';
    CHECK_EQ(address_of_text(text, strlen(text), &address), LX_EBADMSG);
    text[50] = '0';
    CHECK_EQ(address_of_text(text, strlen(text), &address), LX_EINVAL);
    /* A type byte in front that is not the address's own, under a checksum that fits. */
    uint8_t raw[37] = {0xd4};
    struct u256 hash;
    char two_types[BASE58_CHARS_MAX + 1];
    sk256_of(raw, 33, &hash);
    memcpy(raw + 33, hash.bytes, 4);
    CHECK_EQ(base58_of_bytes(raw, 37, two_types, sizeof two_types), LX_OK);
    CHECK_EQ(address_of_text(two_types, strlen(two_types), &address), LX_EINVAL);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"llc: hashes are those of the node", hashes_are_those_of_the_node},
        {"llc: a message may come in pieces", a_message_may_come_in_pieces},
        {"llc: SK576 is Keccak of Skein", sk576_is_keccak_of_skein},
        {"llc: the sponge gives published values", sponge_gives_published_values},
        {"llc: the sponge agrees with OpenSSL", sponge_agrees_with_openssl},
        {"llc: hex and GB forms read back", hex_reads_back_and_refuses_what_is_none},
        {"llc: Base58 reads back and refuses what is none", base58_reads_back_and_refuses_what_is_none},
        {"llc: addresses are written as the node writes them", addresses_are_written_as_the_node_writes_them},
    };
    return UNIT_MAIN(cases);
}
