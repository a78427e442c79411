/* SPDX-License-Identifier: MIT */
/**
 * Shows that credentials give the node's genesis ids, keys and recovery key, and that the proof of work of a real first
 * transaction holds. A key takes most of a second, so of the keys only a few are derived: one of each kind.
 */
#include "llc_kdf.h"
#include "unit.h"
#include "vectors.h"

#define VECTORS "tests/vectors/nexus/"

static char username[64], password[64], pin[64];
static struct kdf_credentials user = {username, password, pin};

static struct vectors open_keys(const char *path)
{
    struct vectors v = vectors_open(path), piece;
    CHECK(vectors_field(&v, "username", &piece) && vectors_text(piece, username, sizeof username));
    CHECK(vectors_field(&v, "password", &piece) && vectors_text(piece, password, sizeof password));
    CHECK(vectors_field(&v, "pin", &piece) && vectors_text(piece, pin, sizeof pin));
    return v;
}

static void genesis_ids_are_those_of_the_node(void)
{
    static const struct {
        const char *path;
        uint8_t type;
    } files[] = {
        {VECTORS "keys_alice_private.json", 0xb7},
        {VECTORS "keys_device_mainnet.json", 0xa1},
        {VECTORS "keys_generator_private.json", 0xb7},
        {VECTORS "keys_shortname_testnet.json", 0xb1},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct vectors v = open_keys(files[i].path), piece;
        struct u256 genesis;
        char hex[U256_HEX_CHARS];
        CHECK_EQ(kdf_genesis(username, files[i].type, &genesis), LX_OK);
        hex_of_mem(genesis.bytes, U256_BYTES, hex);
        CHECK(vectors_field(&v, "genesis_hex", &piece) && piece.left_chars == 64 && memcmp(piece.at, hex, 64) == 0);
    }
}

static void check_keys(const char *path, uint32_t sequence)
{
    struct vectors v = open_keys(path);
    uint8_t expected[KDF_KEY_BYTES], key[KDF_KEY_BYTES];
    for (uint32_t i = 0; i <= sequence; i++) {
        CHECK(vectors_field_hex(&v, "secret", expected, sizeof expected));
    }
    CHECK_EQ(kdf_key(&user, sequence, key), LX_OK);
    CHECK_BYTES(key, expected, sizeof key);
}

static void keys_are_those_of_the_node(void)
{
    check_keys(VECTORS "keys_alice_private.json", 0);
    check_keys(VECTORS "keys_alice_private_newcreds.json", 3);
    check_keys(VECTORS "keys_shortname_testnet.json", 1); /* a name of two letters: the salt is padded */
}

static void typed_keys_are_those_of_the_node(void)
{
    struct vectors v = open_keys(VECTORS "keys_device_mainnet.json"), piece;
    uint8_t expected[KDF_KEY_BYTES], key[KDF_KEY_BYTES], public_key[BRAINPOOL_PUBLIC_BYTES];
    struct u256 hash;
    char hex[U256_HEX_CHARS];
    CHECK(vectors_skip(&v, "\"network\":") && vectors_field_hex(&v, "secret", expected, sizeof expected));
    CHECK_EQ(kdf_typed_key(&user, "network", key), LX_OK);
    CHECK_BYTES(key, expected, sizeof key);
    CHECK_EQ(brainpool_public_of(key, public_key), LX_OK);
    kdf_key_hash(public_key, sizeof public_key, SIGNATURE_BRAINPOOL, &hash);
    hex_of_mem(hash.bytes, U256_BYTES, hex);
    CHECK(vectors_field(&v, "keyhash_brainpool", &piece) && memcmp(piece.at, hex, 64) == 0);
}

static void recovery_keys_are_those_of_the_node(void)
{
    struct vectors v = vectors_open(VECTORS "keys_device_mainnet.json"), piece;
    uint8_t expected[KDF_KEY_BYTES], key[KDF_KEY_BYTES], public_key[BRAINPOOL_PUBLIC_BYTES];
    char phrase[512], hex[U256_HEX_CHARS];
    struct u256 hash;
    CHECK(vectors_field(&v, "phrase", &piece) && vectors_text(piece, phrase, sizeof phrase));
    CHECK(vectors_field_hex(&v, "secret", expected, sizeof expected));
    CHECK_EQ(kdf_recovery_key(phrase, 0xa1, key), LX_OK);
    CHECK_BYTES(key, expected, sizeof key);
    CHECK_EQ(brainpool_public_of(key, public_key), LX_OK);
    sk256_of(public_key, sizeof public_key, &hash);
    hex_of_mem(hash.bytes, U256_BYTES, hex);
    CHECK(vectors_field(&v, "hash_brainpool", &piece) && memcmp(piece.at, hex, 64) == 0);
}

/** The line of a testnet user's first transaction; its genesis stands 98 bytes before the end of what is hashed. */
static void work_of_a_real_first_transaction_holds(void)
{
    static uint8_t raw[4096];
    struct vectors v = vectors_open(VECTORS "flat_tx.txt");
    CHECK(vectors_skip(&v, "\ntestnet miner 0 ") && vectors_skip(&v, " 01"));
    CHECK(vectors_skip(&v, " ")); /* behind the txid */
    const char *end = (const char *)memchr(v.at, '\n', v.left_chars);
    CHECK(end != NULL);
    size_t len = vectors_hex((struct vectors){v.at, (size_t)(end - v.at)}, raw, sizeof raw);
    /* After what is hashed: a key of 65 bytes and a signature of 135, each with its length. Before it: the byte 03. */
    CHECK(len > 1 + 98 + 66 + 136);
    size_t hashed = len - 1 - 66 - 136;
    struct u256 genesis;
    memcpy(genesis.bytes, raw + 1 + hashed - 98, U256_BYTES);
    CHECK_EQ(u256_type(&genesis), 0xb1);
    CHECK_EQ(kdf_check_work(&genesis, raw + 1, hashed), LX_OK);
    raw[1 + hashed - 66] ^= 1; /* another nonce */
    CHECK_EQ(kdf_check_work(&genesis, raw + 1, hashed), LX_EBADMSG);
}

static void text_that_is_too_long_is_refused(void)
{
    static char text[KDF_TEXT_BYTES_MAX + 2];
    struct u256 genesis;
    uint8_t key[KDF_KEY_BYTES];
    memset(text, 'x', KDF_TEXT_BYTES_MAX + 1);
    CHECK_EQ(kdf_genesis(text, 0xa1, &genesis), LX_ERANGE);
    CHECK_EQ(kdf_recovery_key(text, 0xa1, key), LX_ERANGE);
    CHECK_EQ(kdf_key(&(struct kdf_credentials){text, "p", "1"}, 0, key), LX_ERANGE);
    CHECK_EQ(kdf_key(&(struct kdf_credentials){"u", text, "1"}, 0, key), LX_ERANGE);
    CHECK_EQ(kdf_key(&(struct kdf_credentials){"u", "p", text}, 0, key), LX_ERANGE);
    CHECK_EQ(kdf_typed_key(&(struct kdf_credentials){"u", "p", "1"}, text, key), LX_ERANGE);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"kdf: genesis ids are those of the node", genesis_ids_are_those_of_the_node},
        {"kdf: keys are those of the node", keys_are_those_of_the_node},
        {"kdf: typed keys are those of the node", typed_keys_are_those_of_the_node},
        {"kdf: recovery keys are those of the node", recovery_keys_are_those_of_the_node},
        {"kdf: the work of a real first transaction holds", work_of_a_real_first_transaction_holds},
        {"kdf: text that is too long is refused", text_that_is_too_long_is_refused},
    };
    return UNIT_MAIN(cases);
}
