/* SPDX-License-Identifier: MIT */
/**
 * Poison, private: tells the address sanitizer, where there is one, what of the arena is free, so that tests and fuzzers
 * find every use of a piece after its end.
 * Owns:   nothing.    Uses: base.
 */
#ifndef LX_LINUX_POISON_H
#define LX_LINUX_POISON_H

#include "base.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LX_LINUX_POISONS 1
#endif
#endif

#ifdef LX_LINUX_POISONS
void __asan_poison_memory_region(void const volatile *at, size_t len_bytes);
void __asan_unpoison_memory_region(void const volatile *at, size_t len_bytes);

static inline void poison(void *at, size_t len_bytes)
{
    __asan_poison_memory_region(at, len_bytes);
}

static inline void unpoison(void *at, size_t len_bytes)
{
    __asan_unpoison_memory_region(at, len_bytes);
}
#else
static inline void poison(void *at, size_t len_bytes)
{
    (void)at;
    (void)len_bytes;
}

static inline void unpoison(void *at, size_t len_bytes)
{
    (void)at;
    (void)len_bytes;
}
#endif

#endif
