/* SPDX-License-Identifier: MIT */
/**
 * Abi: a plain static program that tests what the Linux ABI promises beyond what busybox reaches. It runs on any AArch64 Linux.
 *
 *   abi [GROUP...]     groups of tests by name; all without. "ok GROUP: NAME" or "not ok GROUP: NAME" a test
 *
 * Each test runs in a child of its own, which ends when the test does; after TEST_SECONDS it is killed.
 * Source: Linux man-pages 6.1, sections 2 and 7.
 */
#ifndef LX_ABI_H
#define LX_ABI_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEST_SECONDS = 8, PAGE = 4096 };

struct test {
    const char *name;
    void (*run)(void);
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

extern const struct test thread_tests[], signal_tests[], memory_tests[], file_tests[], process_tests[], time_tests[], call_tests[];
extern const size_t thread_test_count, signal_test_count, memory_test_count, file_test_count, process_test_count, time_test_count,
    call_test_count;

/** Notes a failure of the running test when `good` is false. */
void check(bool good, const char *what, const char *file, int line);
void check_same(long long actual, long long expected, const char *what, const char *file, int line);
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define SAME(actual, expected) check_same((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)
/** The call fails with this errno. */
#define FAILS(call, error) check_same((call) == -1 ? errno : 0, (error), #call, __FILE__, __LINE__)

/** The status of a child that was made by the running test, as waitpid() gives it. */
int status_of(pid_t child);
void sleep_ms(long ms);
int64_t now_ns(clockid_t clock);

#endif
