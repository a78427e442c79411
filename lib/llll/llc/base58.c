/* SPDX-License-Identifier: MIT */
/**
 * Base58: a number in the 58 characters that people do not mistake for one another; leading zero bytes are kept as '1'.
 * Owns:   nothing.    Uses: base.
 * Limits: 64 bytes, 88 characters; quadratic in them. Not constant time: addresses are public.
 * Source: the encoding of Bitcoin, https://datatracker.ietf.org/doc/html/draft-msporny-base58-03
 */
#include "llc.h"

static const char alphabet[58] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

enum lx_err base58_of_bytes(const uint8_t *bytes, size_t len_bytes, char *out, size_t cap_chars)
{
    assert(len_bytes <= BASE58_BYTES_MAX);
    uint8_t digits[BASE58_CHARS_MAX]; /* least significant first */
    size_t digit_count = 0;
    size_t zero_count = 0;
    while (zero_count < len_bytes && bytes[zero_count] == 0) {
        zero_count++;
    }
    for (size_t i = zero_count; i < len_bytes; i++) {
        unsigned carry = bytes[i];
        for (size_t d = 0; d < digit_count; d++) {
            carry += (unsigned)digits[d] << 8;
            digits[d] = (uint8_t)(carry % 58);
            carry /= 58;
        }
        for (; carry != 0; carry /= 58) {
            digits[digit_count++] = (uint8_t)(carry % 58);
        }
    }
    if (zero_count + digit_count + 1 > cap_chars) {
        return LX_ENOSPC;
    }
    memset(out, alphabet[0], zero_count);
    for (size_t i = 0; i < digit_count; i++) {
        out[zero_count + i] = alphabet[digits[digit_count - 1 - i]];
    }
    out[zero_count + digit_count] = '\0';
    return LX_OK;
}

static bool character_value(char c, unsigned *out)
{
    for (unsigned i = 0; i < sizeof alphabet; i++) {
        if (alphabet[i] == c) {
            *out = i;
            return true;
        }
    }
    return false;
}

enum lx_err base58_to_bytes(const char *text, size_t text_chars, uint8_t *out, size_t cap_bytes, size_t *len_out)
{
    if (text_chars > BASE58_CHARS_MAX) {
        return LX_ENOSPC;
    }
    uint8_t number[BASE58_CHARS_MAX]; /* least significant byte first; a character adds less than a byte */
    size_t number_bytes = 0;
    size_t zero_count = 0;
    while (zero_count < text_chars && text[zero_count] == alphabet[0]) {
        zero_count++;
    }
    for (size_t i = zero_count; i < text_chars; i++) {
        unsigned carry;
        if (!character_value(text[i], &carry)) {
            return LX_EINVAL;
        }
        for (size_t b = 0; b < number_bytes; b++) {
            carry += number[b] * 58u;
            number[b] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) {
            number[number_bytes++] = (uint8_t)carry;
        }
    }
    if (zero_count + number_bytes > cap_bytes) {
        return LX_ENOSPC;
    }
    memset(out, 0, zero_count);
    for (size_t i = 0; i < number_bytes; i++) {
        out[zero_count + i] = number[number_bytes - 1 - i];
    }
    *len_out = zero_count + number_bytes;
    return LX_OK;
}
