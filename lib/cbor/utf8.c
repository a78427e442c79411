/* SPDX-License-Identifier: MIT */
/** UTF-8, checked. Source: RFC 3629 section 4. */
#include "cbor.h"

/** How many bytes follow `lead`, and the range of the first of them, which excludes long forms and surrogates. */
static bool lead_is_valid(uint8_t lead, uint32_t *follow_count, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        *follow_count = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        *follow_count = 2;
        *low = lead == 0xe0 ? 0xa0 : 0x80;
        *high = lead == 0xed ? 0x9f : 0xbf;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        *follow_count = 3;
        *low = lead == 0xf0 ? 0x90 : 0x80;
        *high = lead == 0xf4 ? 0x8f : 0xbf;
    } else {
        return false;
    }
    return true;
}

/** Skips what is ASCII, which nearly all is. */
static void skip_ascii(struct cursor *text)
{
    while (text->left_bytes > 0 && *text->at < 0x80) {
        text->at++;
        text->left_bytes--;
    }
}

bool utf8_is_valid(struct cursor text)
{
    uint8_t byte;
    for (;;) {
        uint8_t low, high;
        uint32_t follow_count;
        skip_ascii(&text);
        if (!cursor_u8(&text, &byte)) {
            return true;
        }
        if (!lead_is_valid(byte, &follow_count, &low, &high)) {
            return false;
        }
        for (uint32_t i = 0; i < follow_count; i++) {
            if (!cursor_u8(&text, &byte) || byte < low || byte > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
    }
}
