/* SPDX-License-Identifier: MIT */
/**
 * Klib: what every file of the kernel may use: integer helpers, memory functions, assertions.
 * Owns:   nothing.    Uses: freestanding headers only; panic comes from arch.h's implementation.
 */
#ifndef KERNEL_KLIB_H
#define KERNEL_KLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define NOINLINE __attribute__((noinline))           /**< general paths beside fast ones, which they would slow down */
#define ALWAYS_INLINE inline __attribute__((always_inline)) /**< parts of fast paths that have several */
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

typedef uint64_t paddr_t; /**< physical address */
typedef uint64_t uaddr_t; /**< address in a user's address space; not to be dereferenced */
typedef uint64_t ticks_t; /**< time in ticks of the system counter */

/*@ requires n < 64;
    assigns \nothing;
    ensures \result == (1 << n); */
static inline uint64_t bit(unsigned n)
{
    return 1ull << n;
}

static inline uint64_t mask(unsigned n)
{
    return n >= 64 ? UINT64_MAX : bit(n) - 1;
}

static inline bool is_aligned(uint64_t n, unsigned bits)
{
    return (n & mask(bits)) == 0;
}

static inline uint64_t round_down(uint64_t n, unsigned bits)
{
    return n & ~mask(bits);
}

static inline uint64_t round_up(uint64_t n, unsigned bits)
{
    return (n + mask(bits)) & ~mask(bits);
}

/** The compiler calls these two by name. */
void *memset(void *to, int byte, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);

/** Stops the machine after one readable report. `what` says which rule of the kernel's own is broken. */
/*@ requires never: \false;
    assigns \nothing; */
NORETURN void kernel_panic(const char *what, const char *file, int line);

/** An assertion is about the kernel's own code, never about what user level passed in. Always on. */
#define kassert(condition)                                                                                             \
    do {                                                                                                               \
        if (unlikely(!(condition))) {                                                                                  \
            kernel_panic(#condition, __FILE__, __LINE__);                                                         \
        }                                                                                                              \
    } while (0)

#endif
