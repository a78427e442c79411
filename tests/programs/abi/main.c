/* SPDX-License-Identifier: MIT */
/** Runs the groups. See abi.h. */
#include "abi.h"

static unsigned passed, failed;
static unsigned failures; /* of the running test */

void check(bool good, const char *what, const char *file, int line)
{
    if (!good) {
        failures++;
        printf("  %s:%d: %s (errno %d)\n", file, line, what, errno);
    }
}

void check_same(long long actual, long long expected, const char *what, const char *file, int line)
{
    if (actual != expected) {
        failures++;
        printf("  %s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
    }
}

int status_of(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

int64_t now_ns(clockid_t clock)
{
    struct timespec t = {0};
    CHECK(clock_gettime(clock, &t) == 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void run_test(const char *group, const struct test *test)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(TEST_SECONDS);
        test->run();
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = child < 0 ? -1 : status_of(child);
    bool good = status == 0;
    if (!good && child > 0 && WIFSIGNALED(status)) {
        printf("  ended by signal %d\n", WTERMSIG(status));
    }
    printf("%s %s: %s\n", good ? "ok" : "not ok", group, test->name);
    passed += good;
    failed += !good;
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        const struct test *tests;
        size_t count;
    } groups[] = {
        {"threads", thread_tests, thread_test_count},    {"signals", signal_tests, signal_test_count},
        {"memory", memory_tests, memory_test_count},     {"files", file_tests, file_test_count},
        {"processes", process_tests, process_test_count}, {"time", time_tests, time_test_count},
        {"calls", call_tests, call_test_count},
    };
    char directory[] = "/tmp/abi.XXXXXX";
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
        perror("abi");
        return 2;
    }
    for (size_t g = 0; g < LENGTH(groups); g++) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; i++) {
            wanted |= strcmp(argv[i], groups[g].name) == 0;
        }
        for (size_t i = 0; wanted && i < groups[g].count; i++) {
            run_test(groups[g].name, &groups[g].tests[i]);
        }
    }
    (void)rmdir(directory);
    printf("abi: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
