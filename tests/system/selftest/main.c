/* SPDX-License-Identifier: MIT */
/** Selftest: the runtime on the target, where host tests cannot see it: memory functions at every length and alignment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rt.h"

enum { BYTES = 700, OFFSETS = 17, GUARD = 0xa5 };

static uint8_t from[BYTES + OFFSETS];
static uint8_t to[BYTES + 2 * OFFSETS];

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + 1);
}

static void must_hold(bool condition, const char *what, size_t len, size_t offset)
{
    if (!condition) {
        rt_panic("%s is wrong for %zu bytes at offset %zu", what, len, offset);
    }
}

/* The functions under test must not be replaced by what the compiler knows of them. */
static void *(*volatile copy)(void *restrict, const void *restrict, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile fill)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;

static void fill_guards(void)
{
    for (size_t i = 0; i < sizeof to; i++) {
        to[i] = GUARD;
    }
}

static bool guards_hold(size_t start, size_t len)
{
    for (size_t i = 0; i < sizeof to; i++) {
        if ((i < start || i >= start + len) && to[i] != GUARD) {
            return false;
        }
    }
    return true;
}

static void check_copy_and_fill(size_t len, size_t offset)
{
    fill_guards();
    must_hold(copy(to + OFFSETS, from + offset, len) == to + OFFSETS, "memcpy's result", len, offset);
    for (size_t i = 0; i < len; i++) {
        must_hold(to[OFFSETS + i] == pattern(offset + i), "memcpy", len, offset);
    }
    must_hold(guards_hold(OFFSETS, len), "memcpy's reach", len, offset);
    fill_guards();
    int value = (len & 1) == 0 ? 0 : 0x17f;
    must_hold(fill(to + offset, value, len) == to + offset, "memset's result", len, offset);
    for (size_t i = 0; i < len; i++) {
        must_hold(to[offset + i] == (uint8_t)value, "memset", len, offset);
    }
    must_hold(guards_hold(offset, len), "memset's reach", len, offset);
}

static void check_move(size_t len, size_t shift)
{
    for (int backward = 0; backward < 2; backward++) {
        for (size_t i = 0; i < sizeof to; i++) {
            to[i] = pattern(i);
        }
        size_t source = backward ? 0 : shift;
        size_t target = backward ? shift : 0;
        (void)move(to + target, to + source, len);
        for (size_t i = 0; i < len; i++) {
            must_hold(to[target + i] == pattern(source + i), "memmove", len, shift);
        }
    }
}

static void check_compare(size_t len, size_t offset)
{
    (void)copy(to, from + offset, len);
    must_hold(compare(to, from + offset, len) == 0, "memcmp of equals", len, offset);
    if (len != 0) {
        size_t at = (len * 7 + offset) % len;
        to[at]++;
        bool greater = to[at] != 0;
        must_hold((compare(to, from + offset, len) > 0) == greater, "memcmp of greater", len, offset);
        must_hold((compare(from + offset, to, len) > 0) == !greater, "memcmp of smaller", len, offset);
    }
}

static _Thread_local uint64_t initialised = 77;
static _Thread_local uint64_t zeroed;

/* The C library keeps errno in thread-local memory, which the linker script lays out and start code points at. */
static void check_library(void)
{
    char *end;
    errno = 0;
    must_hold(strtoul("12345x", &end, 10) == 12345 && *end == 'x' && errno == 0, "strtoul", 0, 0);
    (void)strtoul("99999999999999999999999", &end, 10);
    must_hold(errno == ERANGE, "errno", 0, 0);
    must_hold(initialised == 77 && zeroed == 0, "thread-local memory", 0, 0);
    zeroed = ++initialised;
    must_hold(errno == ERANGE && zeroed == 78, "thread-local memory beside errno", 0, 0);
}

void init(void)
{
    check_library();
    for (size_t i = 0; i < sizeof from; i++) {
        from[i] = pattern(i);
    }
    for (size_t len = 0; len <= BYTES; len += len < 300 ? 1 : 50) {
        for (size_t offset = 0; offset < OFFSETS; offset += len < 150 ? 1 : 5) {
            check_copy_and_fill(len, offset);
            check_move(len, offset);
            check_compare(len, offset);
        }
    }
    const struct lx_info_page *info = rt_info_page();
    must_hold(info->magic == INFO_MAGIC && strcmp(rt_name(info->component), "selftest") == 0, "the information page", 0, 0);
    must_hold(info->seeded == 1 && info->stack_guard != 0, "the seed", 0, 0);
    rt_log("memory functions, C library and information page are right");
}
