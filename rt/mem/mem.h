/* SPDX-License-Identifier: MIT */
/**
 * Mem: memcpy, memmove, memset and memcmp for AArch64, in 64-byte steps, for components and the loader.
 * Owns:   nothing.    Uses: nothing. The declarations are those of <string.h>.
 * Limits: needs normal memory (the MMU on): accesses may be unaligned and large zero fills use DC ZVA. Not constant-time.
 */
#ifndef LX_MEM_H
#define LX_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len_bytes);
void *memmove(void *to, const void *from, size_t len_bytes);
void *memset(void *to, int byte, size_t len_bytes);
int memcmp(const void *a, const void *b, size_t len_bytes);

#endif
