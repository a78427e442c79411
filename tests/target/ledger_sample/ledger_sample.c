/* SPDX-License-Identifier: MIT */
/**
 * Verifies chains of the vectors, signs one transaction, and makes the vectors' Falcon keys and signatures again, as an
 * ordinary static program for the target: the arithmetic that only AArch64 has, and its floating point, are shown to
 * agree with the node's. Usage: ledger_sample flat_tx.txt sign_vectors.json
 * The files are those of tests/vectors/nexus. The first is read once, line by line, and one chain kept at a time.
 */
#include "sigchain.h"
#include <stdio.h>

#define LINE_CHARS_MAX 8192u
#define REGISTERS_MAX  64u

static struct sigchain_verifier verifier;
static struct sigchain_register table[REGISTERS_MAX];
static struct transaction_builder builder;
static char line[LINE_CHARS_MAX];
static char chain_name[64];
static unsigned passed, failed, falcon_count;

static void report(bool ok, const char *what, const char *detail)
{
    printf("%s %s%s%s\n", ok ? "ok" : "not ok", what, detail[0] != '\0' ? ": " : "", detail);
    passed += ok;
    failed += !ok;
}

static void chain_end(void)
{
    if (chain_name[0] != '\0') {
        report(sigchain_finish(&verifier), chain_name, verifier.refusal.sentence);
    }
    chain_name[0] = '\0';
}

static void start(enum sigchain_network_kind kind)
{
    struct sigchain_setup setup = {.registers = table, .register_capacity = REGISTERS_MAX};
    sigchain_network_of(kind, "", &setup.network);
    sigchain_verifier_init(&verifier, &setup);
}

static void chain_begin(const char *network_name, const char *user)
{
    start(strcmp(network_name, "testnet") == 0 ? NETWORK_TEST : NETWORK_PRIVATE);
    snprintf(chain_name, sizeof chain_name, "%s %s", network_name, user);
}

/** Adds the transaction of a line: network user sequence keytype nexttype operations txid raw. */
static void line_add(void)
{
    static uint8_t bytes[LINE_CHARS_MAX / 2];
    char network[16], user[32], name[64], txid_text[130];
    static char raw[LINE_CHARS_MAX];
    struct u512 txid;
    if (sscanf(line, "%15s %31s %*s %*s %*s %*s %129s %8191s", network, user, txid_text, raw) != 4) {
        report(false, "a line", "malformed");
        return;
    }
    snprintf(name, sizeof name, "%s %s", network, user);
    if (strcmp(name, chain_name) != 0) {
        chain_end();
        chain_begin(network, user);
    }
    size_t len = strlen(raw) / 2;
    /* hex_to_mem reverses the bytes, which a line has in their order. */
    if (!hex_to_mem(raw, strlen(raw), bytes, len) ||
        !hex_to_mem(txid_text, strlen(txid_text), txid.bytes, U512_BYTES)) {
        report(false, name, "not hexadecimal");
        return;
    }
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t saved = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = saved;
    }
    if (!sigchain_add(&verifier, bytes + 1, len - 1) || !u512_equal(&txid, &verifier.txid)) {
        report(false, name, verifier.refusal.sentence);
    }
}

static void sign_one(void)
{
    static const struct u256 genesis = {{1, [31] = 0xb7}}, address = {{1, [31] = ADDRESS_RAW}};
    static const uint8_t secret[64] = {1, 2, 3}, random[BRAINPOOL_RANDOM_BYTES];
    static uint8_t buffer[1024];
    static struct register_state state;
    struct sigchain_network network;
    struct sigchain_link link;
    struct u512 txid;
    sigchain_network_of(NETWORK_PRIVATE, "", &network);
    sigchain_link_first(&network, &genesis, &link);
    transaction_begin(&builder, &genesis, 1800000000, buffer, sizeof buffer);
    bool ok = transaction_create(&builder, &address, REGISTER_RAW, "x", 1, &state) == REGISTER_OK &&
              transaction_sign(&builder, &link, &genesis, secret, random, &txid) == LX_OK;
    start(NETWORK_PRIVATE);
    report(ok && sigchain_add(&verifier, builder.out.bytes, builder.out.used_bytes), "a transaction signed here", "");
    buffer[builder.out.used_bytes - 1] ^= 1;
    start(NETWORK_PRIVATE);
    report(ok && !sigchain_add(&verifier, builder.out.bytes, builder.out.used_bytes),
           "its signature changed is refused", "");
}

/* ---- Falcon --------------------------------------------------------------------------------------------------------- */

static char text[65536];

/** Takes the hexadecimal string of the next field of this name, of this length. @return false when there is none. */
static bool field_take(const char **at, const char *name, uint8_t *out, size_t len_bytes)
{
    const char *found = strstr(*at, name);
    const char *digits = found == NULL ? NULL : strstr(found, ": \"");
    if (digits == NULL || strcspn(digits + 3, "\"") != 2 * len_bytes) {
        return false;
    }
    for (size_t i = 0; i < len_bytes; i++) {
        unsigned byte;
        if (sscanf(digits + 3 + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        out[i] = (uint8_t)byte;
    }
    *at = digits + 3 + 2 * len_bytes;
    return true;
}

/** Makes every key and signature of the vectors again. */
static void falcon_check(const char *path)
{
    static struct sigchain_falcon falcon;
    static uint8_t secret[64], message[64], wanted_private[FALCON_PRIVATE_BYTES], wanted_public[FALCON_PUBLIC_BYTES];
    static uint8_t wanted[FALCON_SIGNATURE_BYTES], private_key[FALCON_PRIVATE_BYTES], signature[FALCON_SIGNATURE_BYTES];
    FILE *file = fopen(path, "r");
    const char *at = text;
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    while (field_take(&at, "\"secret\"", secret, 64) && field_take(&at, "\"msg\"", message, 64) &&
           field_take(&at, "\"falcon_priv\"", wanted_private, sizeof wanted_private) &&
           field_take(&at, "\"falcon_pub\"", wanted_public, sizeof wanted_public) &&
           field_take(&at, "\"falcon_sig\"", wanted, sizeof wanted)) {
        bool made = falcon_key_of_secret(secret, &falcon.key, &falcon.work) == LX_OK;
        falcon_private_encode(&falcon.key, private_key);
        report(made && memcmp(private_key, wanted_private, sizeof wanted_private) == 0 &&
                   memcmp(falcon.key.public_key, wanted_public, sizeof wanted_public) == 0,
               "a Falcon key is the node's", "");
        report(falcon_sign(&falcon.key, message, sizeof message, signature, &falcon.work) == LX_OK &&
                   memcmp(signature, wanted, sizeof wanted) == 0,
               "a Falcon signature is the node's", "");
        falcon_count++;
    }
    if (file != NULL) {
        fclose(file);
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: ledger_sample flat_tx.txt sign_vectors.json\n");
        return 2;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#' && line[0] != '\n') {
            line_add();
        }
    }
    chain_end();
    fclose(file);
    sign_one();
    falcon_check(argv[2]);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed < 3 || falcon_count < 2;
}
