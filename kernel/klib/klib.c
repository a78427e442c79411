/* SPDX-License-Identifier: MIT */
/** Memory functions that the compiler calls. Word-wise where both ends are aligned: the kernel copies little. */
#include "klib/klib.h"

void *memset(void *to, int byte, size_t count)
{
    uint8_t *p = to;
    uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
    while (count != 0 && !is_aligned((uintptr_t)p, 3)) {
        *p++ = (uint8_t)byte;
        count--;
    }
    for (; count >= 8; count -= 8, p += 8) {
        *(uint64_t *)(uintptr_t)p = pattern;
    }
    while (count-- != 0) {
        *p++ = (uint8_t)byte;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if (is_aligned((uintptr_t)p | (uintptr_t)q, 3)) {
        for (; count >= 8; count -= 8, p += 8, q += 8) {
            *(uint64_t *)(uintptr_t)p = *(const uint64_t *)(uintptr_t)q;
        }
    }
    while (count-- != 0) {
        *p++ = *q++;
    }
    return to;
}
