/* SPDX-License-Identifier: MIT */
/** What libsodium's verification code wants from its own utils.c, which needs an operating system. See boot.h. */
#include <sodium/utils.h>

#include "base.h"

void sodium_memzero(void *const bytes, const size_t len_bytes)
{
    wipe(bytes, len_bytes);
}

int sodium_memcmp(const void *const a, const void *const b, size_t len_bytes)
{
    return equal_constant_time(a, b, len_bytes) ? 0 : -1;
}

int sodium_is_zero(const unsigned char *bytes, const size_t len_bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        any |= bytes[i];
    }
    return any == 0;
}
