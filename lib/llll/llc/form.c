/* SPDX-License-Identifier: MIT */
/**
 * The forms of a number, and addresses as text.
 * Owns:   nothing.    Uses: base, SK256.
 * Source: LLL-TAO 5.1.6, LLC/base_uint.cpp and Util/encoding.cpp, as described in docs/spec/llc.md
 */
#include "llc.h"

#define ADDRESS_RAW_BYTES 33u /* type byte and GB form */
#define CHECKSUM_BYTES    4u

bool u256_is_zero(const struct u256 *n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < U256_BYTES; i++) {
        any |= n->bytes[i];
    }
    return any == 0;
}

void hex_of_mem(const uint8_t *mem, size_t len_bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len_bytes; i++) {
        uint8_t byte = mem[len_bytes - 1 - i];
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    out[2 * len_bytes] = '\0';
}

static bool digit_value(char c, uint8_t *out)
{
    if (c >= '0' && c <= '9') {
        *out = (uint8_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *out = (uint8_t)(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
        *out = (uint8_t)(c - 'A' + 10);
    } else {
        return false;
    }
    return true;
}

bool hex_to_mem(const char *text, size_t text_chars, uint8_t *out, size_t len_bytes)
{
    if (text_chars % 2 != 0 || text_chars / 2 != len_bytes) {
        return false;
    }
    uint8_t high, low;
    for (size_t i = 0; i < text_chars; i++) {
        if (!digit_value(text[i], &high)) {
            return false;
        }
    }
    for (size_t i = 0; i < len_bytes; i++) {
        if (!digit_value(text[2 * i], &high) || !digit_value(text[2 * i + 1], &low)) {
            return false;
        }
        out[len_bytes - 1 - i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void gb_of_mem(const uint8_t *mem, size_t len_bytes, uint8_t *out)
{
    assert(len_bytes % 4 == 0);
    for (size_t i = 0; i < len_bytes; i += 4) {
        be32_store(out + i, le32_load(mem + i));
    }
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

static void address_checksum(const uint8_t raw[ADDRESS_RAW_BYTES], uint8_t out[CHECKSUM_BYTES])
{
    struct u256 hash;
    sk256_of(raw, ADDRESS_RAW_BYTES, &hash);
    memcpy(out, hash.bytes, CHECKSUM_BYTES);
}

void address_text_of(const struct u256 *address, char out[ADDRESS_TEXT_CHARS])
{
    uint8_t raw[ADDRESS_RAW_BYTES + CHECKSUM_BYTES];
    raw[0] = u256_type(address);
    gb_of_mem(address->bytes, U256_BYTES, raw + 1);
    address_checksum(raw, raw + ADDRESS_RAW_BYTES);
    enum lx_err err = base58_of_bytes(raw, sizeof raw, out, ADDRESS_TEXT_CHARS);
    assert(err == LX_OK);
}

enum lx_err address_of_text(const char *text, size_t text_chars, struct u256 *out)
{
    uint8_t raw[ADDRESS_RAW_BYTES + CHECKSUM_BYTES];
    uint8_t checksum[CHECKSUM_BYTES];
    size_t len;
    if (base58_to_bytes(text, text_chars, raw, sizeof raw, &len) != LX_OK || len != sizeof raw) {
        return LX_EINVAL;
    }
    struct u256 address;
    gb_of_mem(raw + 1, U256_BYTES, address.bytes); /* its own inverse */
    if (u256_type(&address) != raw[0]) {
        return LX_EINVAL;
    }
    address_checksum(raw, checksum);
    if (memcmp(checksum, raw + ADDRESS_RAW_BYTES, CHECKSUM_BYTES) != 0) {
        return LX_EBADMSG;
    }
    *out = address;
    return LX_OK;
}
