/* SPDX-License-Identifier: MIT */
/**
 * Unit: what a test program needs. A program names its cases in a table and ends with `return unit_main(cases, count)`.
 * Each case prints one line, "ok NAME" or "not ok NAME"; the checks that failed stand above it.
 * Owns:   two counters.    Uses: stdio. Header only: every test is one program.
 */
#ifndef LX_UNIT_H
#define LX_UNIT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct unit_case {
    const char *name; /**< what it shows, as a short sentence */
    void (*run)(void);
};

static unsigned long unit_failed_checks;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            unit_failed_checks++;                                                                                      \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
        }                                                                                                              \
    } while (0)

#define CHECK_EQ(actual, expected)                                                                                     \
    do {                                                                                                               \
        uint64_t unit_a = (uint64_t)(actual);                                                                          \
        uint64_t unit_e = (uint64_t)(expected);                                                                        \
        if (unit_a != unit_e) {                                                                                        \
            unit_failed_checks++;                                                                                      \
            printf("# %s:%d: %s is %#llx, not %#llx\n", __FILE__, __LINE__, #actual, (unsigned long long)unit_a,      \
                   (unsigned long long)unit_e);                                                                        \
        }                                                                                                              \
    } while (0)

#define CHECK_BYTES(actual, expected, len) CHECK(memcmp((actual), (expected), (len)) == 0)

static inline int unit_main(const struct unit_case *cases, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned long before = unit_failed_checks;
        cases[i].run();
        int bad = unit_failed_checks != before;
        failed += bad;
        printf("%s %s\n", bad ? "not ok" : "ok", cases[i].name);
        fflush(stdout);
    }
    return failed != 0;
}

#define UNIT_MAIN(cases) unit_main((cases), sizeof(cases) / sizeof((cases)[0]))

#endif
