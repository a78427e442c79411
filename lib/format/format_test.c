/* SPDX-License-Identifier: MIT */
/** Shows that every conversion gives what printf gives, and that nothing is written past the buffer. */
#include "format.h"
#include "unit.h"

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours[128];                                                                                                \
        char theirs[128];                                                                                              \
        size_t len = format_text(ours, sizeof ours, __VA_ARGS__);                                                      \
        int expected = snprintf(theirs, sizeof theirs, __VA_ARGS__);                                                   \
        CHECK_EQ(len, expected);                                                                                       \
        CHECK(strcmp(ours, theirs) == 0);                                                                              \
    } while (0)

static void agrees_with_printf(void)
{
    SAME("plain");
    SAME("%d %i %u", -5, 7, 9u);
    SAME("%d %d %d", INT32_MIN, INT32_MAX, 0);
    SAME("%ld %lld %lu %llu", INT64_MIN, -1LL, UINT64_MAX, 1ULL << 63);
    SAME("%x %X %o", 0xbeefu, 0xBEEFu, 8u);
    SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
    SAME("[%5d] [%05d] [%-6d]", -42, -42, -42);
    SAME("[%016llx] [%4x] [%2x]", 0x1234ULL, 0xau, 0xabcdu);
    SAME("[%s] [%8s] [%-8s] [%.3s] [%.*s]", "abc", "abc", "abc", "abcdef", 2, "xyz");
    SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
    SAME("100%%");
    SAME("%zu", (size_t)12345);
    SAME("[%*d]", 6, 42);
    int here;
    SAME("%p", (void *)&here);
}

static void stops_at_the_end(void)
{
    char out[8];
    memset(out, 'x', sizeof out);
    CHECK_EQ(format_text(out, 5, "%s", "long text"), 4);
    CHECK(strcmp(out, "long") == 0);
    CHECK_EQ(out[5], 'x');
    CHECK_EQ(format_text(out, 1, "%d", 7), 0);
    CHECK_EQ(out[0], '\0');
    CHECK_EQ(format_text(out, sizeof out, "%1000d", 7), 7);
}

static void leaves_what_it_does_not_know(void)
{
    char out[32];
    const char *null = NULL;
    const char *volatile unknown = "%q %";
    CHECK_EQ(format_text(out, sizeof out, "%s", null), 6);
    CHECK(strcmp(out, "(null)") == 0);
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-security"
    format_text(out, sizeof out, unknown);
#pragma clang diagnostic pop
    CHECK(strcmp(out, "%q %") == 0);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"format: agrees with printf", agrees_with_printf},
        {"format: stops at the end of its buffer", stops_at_the_end},
        {"format: copies what it does not know", leaves_what_it_does_not_know},
    };
    return UNIT_MAIN(cases);
}
