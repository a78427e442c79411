/* SPDX-License-Identifier: MIT */
/**
 * Shows that a million random steps keep every invariant, and that both paths do the same wherever there are two. Processes share
 * the seeds; who fails prints its seed. KERNEL_TEST_SEEDS says how many there are (0: without end), KERNEL_TEST_FIRST the first one.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/world.h"
#include "unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { STEPS_WANTED = 1000000, SEEDS = 2520, PROCESSES_MAX = 16, SEEDS_A_REPORT = 50 };

/* What a process did since its last report; a pipe takes it in one piece. */
struct report {
    uint64_t steps;
    struct world_compared compared;
};

static unsigned number_from(const char *name, unsigned otherwise)
{
    const char *wanted = getenv(name);
    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : otherwise;
}

static void send_report(int pipe)
{
    struct report r = {world_steps, world_compared};
    world_steps = 0;
    world_compared = (struct world_compared){0};
    if (write(pipe, &r, sizeof r) != (ssize_t)sizeof r) {
        exit(1);
    }
}

/* Every `stride`-th seed from `first` on, below `end` if that is not 0. */
static void run_seeds(unsigned first, unsigned stride, unsigned end, int pipe)
{
    static uint8_t input[4096];
    unsigned done = 0;
    for (unsigned seed = first; end == 0 || seed < end; seed += stride) {
        srand(seed);
        for (size_t i = 0; i < sizeof input; i++) {
            input[i] = (uint8_t)(rand() >> 7);
        }
        world_seed = seed;
        (void)LLVMFuzzerTestOneInput(input, sizeof input);
        if (++done % SEEDS_A_REPORT == 0) {
            send_report(pipe);
        }
    }
    send_report(pipe);
}

static void add_report(struct report *sum, const struct report *r)
{
    sum->steps += r->steps;
    sum->compared.calls += r->compared.calls;
    sum->compared.replies += r->compared.replies;
    sum->compared.faults += r->compared.faults;
    sum->compared.signals += r->compared.signals;
    sum->compared.yields += r->compared.yields;
    sum->compared.mappings += r->compared.mappings;
    sum->compared.interrupts += r->compared.interrupts;
}

static void print_report(const struct report *sum)
{
    const struct world_compared *c = &sum->compared;
    printf("# %llu steps; on both paths: %llu calls, %llu replies, %llu faults, %llu signals, %llu yields, %llu mappings, "
           "%llu interrupts\n",
           (unsigned long long)sum->steps, (unsigned long long)c->calls, (unsigned long long)c->replies, (unsigned long long)c->faults,
           (unsigned long long)c->signals, (unsigned long long)c->yields, (unsigned long long)c->mappings,
           (unsigned long long)c->interrupts);
    fflush(stdout);
}

struct workers {
    pid_t process[PROCESSES_MAX];
    unsigned count;
    unsigned failed;
};

/* Waits for one that has ended; with WNOHANG only looks. @return false when there is none. */
static bool reap(struct workers *w, int options)
{
    int status = 0;
    pid_t ended = waitpid(-1, &status, options);
    for (unsigned i = 0; i < w->count && ended > 0; i++) {
        w->process[i] = w->process[i] == ended ? 0 : w->process[i];
    }
    w->failed += ended > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0);
    return ended > 0;
}

/* Adds up what the processes say, until all have ended. Without an end, the first one that ends has found something. */
static void collect(struct workers *w, int pipe, bool without_end, struct report *sum)
{
    struct report r;
    uint64_t printed = 0;
    while (read(pipe, &r, sizeof r) == (ssize_t)sizeof r) {
        add_report(sum, &r);
        if (without_end && sum->steps / STEPS_WANTED != printed) {
            printed = sum->steps / STEPS_WANTED;
            print_report(sum);
        }
        if (without_end && reap(w, WNOHANG)) {
            break;
        }
    }
    for (unsigned i = 0; i < w->count; i++) {
        if (without_end && w->process[i] != 0) {
            (void)kill(w->process[i], SIGTERM);
        }
    }
    while (reap(w, 0)) {
    }
}

static void random_steps_keep_the_invariants(void)
{
    unsigned seeds = number_from("KERNEL_TEST_SEEDS", SEEDS);
    unsigned first = number_from("KERNEL_TEST_FIRST", 1);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct workers w = {.count = cores < 1 ? 1 : cores > PROCESSES_MAX ? PROCESSES_MAX : (unsigned)cores};
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    fflush(stdout);
    for (unsigned i = 0; i < w.count; i++) {
        w.process[i] = fork();
        if (w.process[i] == 0) {
            (void)close(ends[0]);
            run_seeds(first + i, w.count, seeds == 0 ? 0 : first + seeds, ends[1]);
            exit(0);
        }
        CHECK(w.process[i] > 0);
    }
    (void)close(ends[1]);
    struct report sum = {0};
    collect(&w, ends[0], seeds == 0, &sum);
    (void)close(ends[0]);
    CHECK_EQ(w.failed, 0);
    print_report(&sum);
    const struct world_compared *c = &sum.compared;
    CHECK(c->calls > seeds && c->replies > seeds && c->faults > seeds && c->signals > seeds && c->yields > seeds / 2 &&
          c->mappings > seeds / 2 && c->interrupts > seeds / 8);
    CHECK(seeds != SEEDS || sum.steps >= STEPS_WANTED);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"kernel: random steps keep the invariants", random_steps_keep_the_invariants},
    };
    return UNIT_MAIN(cases);
}
