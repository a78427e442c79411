/* SPDX-License-Identifier: MIT */
/**
 * Base: what every library of LX-OS stands on: errors, checked arithmetic, byte order, cursors over untrusted bytes.
 * Owns:   nothing.    Uses: the freestanding C headers, assert, memcpy and memset. No allocation, no input or output.
 * Limits: none of its own; every function is O(bytes it is given).
 */
#ifndef LX_BASE_H
#define LX_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define PAGE_BITS 12u
#define PAGE_BYTES 4096u

/** What can go wrong, for libraries that need no finer list. Nothing has changed when one of these is returned. */
enum lx_err {
    LX_OK = 0,
    LX_EINVAL,  /**< the input breaks a rule of its format, or an argument has no meaning */
    LX_ERANGE,  /**< a number or position lies outside what it may be */
    LX_ENOSPC,  /**< a table, buffer or pool is full */
    LX_ENOENT,  /**< no such thing */
    LX_EEXIST,  /**< there already is such a thing */
    LX_EACCES,  /**< the caller may not do this */
    LX_EBADMSG, /**< a checksum, hash or signature does not fit */
    LX_ENOTSUP, /**< understood, and not supported here */
    LX_EIO,     /**< a device or peer failed */
    LX_EAGAIN,  /**< not now; the same request may succeed later */
};

/** One or two words for an error, for messages; never NULL. */
const char *lx_err_name(enum lx_err err);

/* ---- arithmetic on numbers that somebody else chose: true means that the result is exact and stored ---------------- */

static inline MUST_USE bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline MUST_USE bool checked_sub(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_sub_overflow(a, b, out);
}

static inline MUST_USE bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline MUST_USE bool u32_from(uint64_t n, uint32_t *out)
{
    if (n > UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

static inline MUST_USE bool u16_from(uint64_t n, uint16_t *out)
{
    if (n > UINT16_MAX) {
        return false;
    }
    *out = (uint16_t)n;
    return true;
}

static inline bool is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/** Rounds down to a multiple of `alignment`, a power of two. */
static inline uint64_t align_down(uint64_t n, uint64_t alignment)
{
    return n & ~(alignment - 1);
}

/** Rounds up to a multiple of `alignment`, a power of two. `n` must not be within `alignment` of 2^64. */
static inline uint64_t align_up(uint64_t n, uint64_t alignment)
{
    return align_down(n + alignment - 1, alignment);
}

static inline bool is_aligned(uint64_t n, uint64_t alignment)
{
    return (n & (alignment - 1)) == 0;
}

/* ---- byte order: loads and stores at any alignment ------------------------------------------------------------------ */

static inline uint16_t le16_load(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_load(const uint8_t *p)
{
    return (uint32_t)le16_load(p) | (uint32_t)le16_load(p + 2) << 16;
}

static inline uint64_t le64_load(const uint8_t *p)
{
    return (uint64_t)le32_load(p) | (uint64_t)le32_load(p + 4) << 32;
}

static inline uint32_t be32_load(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t be64_load(const uint8_t *p)
{
    return (uint64_t)be32_load(p) << 32 | be32_load(p + 4);
}

static inline void le16_store(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void le32_store(uint8_t *p, uint32_t v)
{
    le16_store(p, (uint16_t)v);
    le16_store(p + 2, (uint16_t)(v >> 16));
}

static inline void le64_store(uint8_t *p, uint64_t v)
{
    le32_store(p, (uint32_t)v);
    le32_store(p + 4, (uint32_t)(v >> 32));
}

static inline void be32_store(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void be64_store(uint8_t *p, uint64_t v)
{
    be32_store(p, (uint32_t)(v >> 32));
    be32_store(p + 4, (uint32_t)v);
}

/* ---- a cursor: untrusted bytes that are read once, front to back ---------------------------------------------------- */

/**
 * The unread rest of some bytes, which the cursor borrows. Every getter returns false, and changes neither the cursor nor
 * its result, when the bytes do not suffice; so a parser may chain getters with && and check once.
 */
struct cursor {
    const uint8_t *at;
    size_t left_bytes;
};

static inline struct cursor cursor_of(const void *bytes, size_t len_bytes)
{
    return (struct cursor){(const uint8_t *)bytes, len_bytes};
}

static inline bool cursor_is_empty(const struct cursor *c)
{
    return c->left_bytes == 0;
}

/** Takes `len_bytes` as a cursor of its own, which borrows the same bytes. */
MUST_USE bool cursor_take(struct cursor *c, size_t len_bytes, struct cursor *out);

/** Copies `len_bytes` to `out`. */
MUST_USE bool cursor_copy(struct cursor *c, void *out, size_t len_bytes);

MUST_USE bool cursor_u8(struct cursor *c, uint8_t *out);
MUST_USE bool cursor_le16(struct cursor *c, uint16_t *out);
MUST_USE bool cursor_le32(struct cursor *c, uint32_t *out);
MUST_USE bool cursor_le64(struct cursor *c, uint64_t *out);

/* ---- a writer: bytes that are made front to back in a buffer of the caller ------------------------------------------ */

/** `overflow` stays set once something did not fit; then `used_bytes` counts only what did. Check it once, at the end. */
struct writer {
    uint8_t *bytes;
    size_t cap_bytes;
    size_t used_bytes;
    bool overflow;
};

static inline struct writer writer_of(void *bytes, size_t cap_bytes)
{
    return (struct writer){(uint8_t *)bytes, cap_bytes, 0, false};
}

void writer_put(struct writer *w, const void *bytes, size_t len_bytes);
void writer_u8(struct writer *w, uint8_t v);
void writer_le16(struct writer *w, uint16_t v);
void writer_le32(struct writer *w, uint32_t v);
void writer_le64(struct writer *w, uint64_t v);

/* ---- memory --------------------------------------------------------------------------------------------------------- */

/** Overwrites a secret with zeros, also where the compiler sees no further use of it. */
void wipe(void *bytes, size_t len_bytes);

/** Compares in time that depends on `len_bytes` alone. */
MUST_USE bool equal_constant_time(const void *a, const void *b, size_t len_bytes);

/** Copies a string into `out` of `cap_bytes` > 0, cut if it must be, always terminated. @return false when it was cut. */
bool copy_string(char *out, size_t cap_bytes, const char *string);

#endif
