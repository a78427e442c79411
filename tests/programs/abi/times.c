/* SPDX-License-Identifier: MIT */
/** Clocks, the vDSO's among them, sleeps and timers. See abi.h. */
#include <sys/time.h>
#include <sys/times.h>

#include "abi.h"

static int64_t by_call(clockid_t clock)
{
    struct timespec t = {0};
    CHECK(syscall(SYS_clock_gettime, clock, &t) == 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void clocks_agree(void)
{
    static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW};
    for (size_t i = 0; i < LENGTH(clocks); i++) {
        for (int round = 0; round < 20; round++) {
            int64_t a = by_call(clocks[i]);
            int64_t b = now_ns(clocks[i]);
            int64_t c = by_call(clocks[i]);
            CHECK(a <= b && b <= c);
        }
    }
    int64_t coarse = now_ns(CLOCK_MONOTONIC_COARSE);
    CHECK(coarse <= now_ns(CLOCK_MONOTONIC) && now_ns(CLOCK_MONOTONIC) - coarse < 100000000);
    struct timeval tv;
    SAME(gettimeofday(&tv, NULL), 0);
    CHECK(llabs((long long)tv.tv_sec - now_ns(CLOCK_REALTIME) / 1000000000) <= 1);
    CHECK(llabs((long long)time(NULL) - tv.tv_sec) <= 1);
    struct timespec t;
    SAME(clock_getres(CLOCK_MONOTONIC, &t), 0);
    CHECK(t.tv_sec == 0 && t.tv_nsec > 0);
    FAILS(clock_gettime(77, &t), EINVAL);
}

static void sleeps_take_their_time(void)
{
    int64_t start = now_ns(CLOCK_MONOTONIC);
    struct timespec t = {0, 50000000};
    SAME(nanosleep(&t, NULL), 0);
    int64_t took = now_ns(CLOCK_MONOTONIC) - start;
    CHECK(took >= 50000000 && took < 500000000);
    SAME(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    t.tv_sec++;
    SAME(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) >= (int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
    SAME(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){1, 0}, NULL), 0); /* long ago */
    t = (struct timespec){0, 1000000000};
    FAILS(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){-1, 0};
    FAILS(nanosleep(&t, NULL), EINVAL);
}

static volatile int ticks;

static void on_alarm(int signal)
{
    (void)signal;
    ticks++;
}

static void interval_timers(void)
{
    struct itimerval every = {{0, 10000}, {0, 10000}};
    struct itimerval rest;
    (void)signal(SIGALRM, on_alarm);
    SAME(setitimer(ITIMER_REAL, &every, NULL), 0);
    while (ticks < 5) {
        pause();
    }
    SAME(getitimer(ITIMER_REAL, &rest), 0);
    CHECK(rest.it_interval.tv_usec == 10000 && rest.it_value.tv_usec <= 10000);
    SAME(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
    int seen = ticks;
    sleep_ms(40);
    SAME(ticks, seen);
    SAME(alarm(100), 0);
    SAME(alarm(0), 100);
}

static void processor_time(void)
{
    int64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(100);
    int64_t slept = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    CHECK(slept < 50000000);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    while (now_ns(CLOCK_MONOTONIC) - start < 100000000) {
    }
    int64_t worked = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu - slept;
    CHECK(worked > 20000000);
    CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) > 0);
    struct tms tms;
    CHECK(times(&tms) != (clock_t)-1);
    CHECK(tms.tms_utime + tms.tms_stime > 0);
}

const struct test time_tests[] = {
    {"clocks agree with the vDSO", clocks_agree},
    {"sleeps take their time", sleeps_take_their_time},
    {"interval timers", interval_timers},
    {"processor time", processor_time},
};
const size_t time_test_count = LENGTH(time_tests);
