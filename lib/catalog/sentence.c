/* SPDX-License-Identifier: MIT */
/** Sentences that fit: names in them are UTF-8, which is not to be cut in the middle of a character. */
#include "build.h"
#include "format.h"

#define WHOLE_CHARS 800u /* a sentence of a package with that of its chain in it */

void sentence_put(char *out, size_t cap_bytes, const char *text, ...)
{
    static const char dots[] = "...";
    char whole[WHOLE_CHARS];
    va_list args;
    assert(cap_bytes > sizeof dots);
    va_start(args, text);
    size_t len = format_list(whole, sizeof whole, text, args);
    va_end(args);
    if (len < cap_bytes) {
        memcpy(out, whole, len + 1);
        return;
    }
    len = cap_bytes - sizeof dots;
    while (len > 0 && ((uint8_t)whole[len] & 0xc0) == 0x80) {
        len--; /* a later byte of a character */
    }
    memcpy(out, whole, len);
    memcpy(out + len, dots, sizeof dots);
}
