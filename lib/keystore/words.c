/* SPDX-License-Identifier: MIT */
/**
 * Words: recovery phrases, and what a transaction does.
 *
 * A recovery phrase has two bytes in each word: consonant, vowel, consonant, vowel, consonant of 4, 2, 4, 2, 4 bits. The ninth word is a
 * check. Source: docs/spec/keystore.md section 3
 */
#include "format.h"
#include "keystore.h"

static const char consonants[] = "bdfghjklmnprstvz";
static const char vowels[] = "aiou";
_Static_assert(sizeof consonants == 17 && sizeof vowels == 5, "four bits and two bits");

enum { WORD_LETTERS = 5 };

static uint16_t check_of(const uint8_t entropy[KEYSTORE_ENTROPY_BYTES])
{
    static const char domain[] = "lx-os recovery check/1";
    uint8_t in[sizeof domain - 1 + KEYSTORE_ENTROPY_BYTES];
    struct hash256 hash;
    memcpy(in, domain, sizeof domain - 1);
    memcpy(in + sizeof domain - 1, entropy, KEYSTORE_ENTROPY_BYTES);
    sha256_of(in, sizeof in, &hash);
    wipe(in, sizeof in);
    uint16_t check = le16_load(hash.bytes);
    wipe(&hash, sizeof hash);
    return check;
}

static void word_put(uint16_t n, char *out)
{
    out[0] = consonants[n >> 12];
    out[1] = vowels[n >> 10 & 3];
    out[2] = consonants[n >> 6 & 15];
    out[3] = vowels[n >> 4 & 3];
    out[4] = consonants[n & 15];
}

void keystore_words_of(const uint8_t entropy[KEYSTORE_ENTROPY_BYTES], char out[KEYSTORE_RECOVERY_BYTES])
{
    _Static_assert(KEYSTORE_PHRASE_WORDS * (WORD_LETTERS + 1) <= KEYSTORE_RECOVERY_BYTES, "room for the words");
    for (unsigned i = 0; i < KEYSTORE_PHRASE_WORDS; i++) {
        uint16_t n = i < KEYSTORE_ENTROPY_BYTES / 2 ? le16_load(entropy + (size_t)2 * i) : check_of(entropy);
        word_put(n, out + (size_t)i * (WORD_LETTERS + 1));
        out[(size_t)i * (WORD_LETTERS + 1) + WORD_LETTERS] = i + 1 < KEYSTORE_PHRASE_WORDS ? ' ' : '\0';
    }
}

/* @return which of the letters; the count of them when none. */
static unsigned place_of(const char *letters, uint8_t c)
{
    unsigned i = 0;
    while (letters[i] != '\0' && letters[i] != (char)(c | 0x20)) {
        i++;
    }
    return i;
}

static bool word_take(struct cursor *c, uint16_t *out)
{
    static const uint8_t bits[WORD_LETTERS] = {4, 2, 4, 2, 4};
    unsigned n = 0;
    uint8_t letter;
    for (unsigned i = 0; i < WORD_LETTERS; i++) {
        const char *letters = bits[i] == 4 ? consonants : vowels;
        unsigned place;
        if (!cursor_u8(c, &letter) || letter < 'A' || (place = place_of(letters, letter)) >> bits[i] != 0) {
            return false;
        }
        n = n << bits[i] | place;
    }
    *out = (uint16_t)n;
    return true;
}

static void skip_blanks(struct cursor *c)
{
    while (c->left_bytes != 0 && (c->at[0] == ' ' || c->at[0] == '-')) {
        c->at++;
        c->left_bytes--;
    }
}

bool keystore_words_read(struct cursor text, uint8_t entropy[KEYSTORE_ENTROPY_BYTES])
{
    uint16_t n = 0;
    skip_blanks(&text);
    for (unsigned i = 0; i < KEYSTORE_PHRASE_WORDS; i++) {
        if (!word_take(&text, &n)) {
            return false;
        }
        if (i < KEYSTORE_ENTROPY_BYTES / 2) {
            le16_store(entropy + (size_t)2 * i, n);
        }
        skip_blanks(&text);
    }
    return text.left_bytes == 0 && n == check_of(entropy);
}

/* ---- what a transaction does ------------------------------------------------------------------------------------------------------- */

static size_t add(char *out, size_t cap, size_t at, const char *text, ...) PRINTF_LIKE(4, 5);
static size_t add(char *out, size_t cap, size_t at, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    at += format_list(out + at, cap - at, text, args);
    va_end(args);
    return at;
}

/* CREATE of an object that is a record of ours; nothing else is made here, and nothing else is signed here. */
static bool describe_one(const struct contract *contract, char *out, size_t cap, size_t *at)
{
    static struct register_state state;
    struct operation op;
    struct record_device device;
    char hex[U256_HEX_CHARS];
    if (contract->conditions.left_bytes != 0 || operation_parse(contract->operation, &op) != REGISTER_OK ||
        op.code != OPERATION_CREATE || op.kind != REGISTER_OBJECT || op.data.left_bytes > sizeof state.data) {
        return false;
    }
    memset(&state, 0, sizeof state);
    state.type = REGISTER_OBJECT;
    state.data_bytes = (uint16_t)op.data.left_bytes;
    memcpy(state.data, op.data.at, op.data.left_bytes);
    if (record_device_read(&state, &device) != LX_OK) {
        return false;
    }
    hex_of_mem(device.genesis.bytes, U256_BYTES, hex);
    *at = add(out, cap, *at, "creates a record device/1: the device \"%s\" with the chain %s is yours%s; ", device.name, hex,
              device.revoked ? " no more" : "");
    return true;
}

bool keystore_describe(const uint8_t *bytes, size_t len_bytes, char *out, size_t cap_bytes)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct contract contract;
    uint8_t count;
    size_t at = 0;
    out[0] = '\0';
    if (!cursor_u8(&c, &count) || count == 0) {
        return false;
    }
    for (uint8_t i = 0; i < count; i++) {
        if (!contract_next(&c, &contract) || !describe_one(&contract, out, cap_bytes, &at)) {
            return false;
        }
    }
    return cursor_is_empty(&c);
}
