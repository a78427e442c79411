/* SPDX-License-Identifier: MIT */
/**
 * What the two halves of the kernel benchmark share. Two components run this program: `bench` makes threads in its own address
 * space and in that of `other`, which gives its address space and nothing else. Code lies at the same addresses in both.
 *
 * A sample starts in one thread and ends in another (or the same). Time is the physical counter, of which a tick is 16 ns and,
 * under -icount shift=0, 16 instructions; samples start at every phase of a tick equally often, so their mean is exact.
 */
#ifndef LX_TEST_BENCH_H
#define LX_TEST_BENCH_H

#include "invoke.h"

enum {
    SAMPLES = 2048,  /* per row, after as many again of warming up; a multiple of 16 */
    RUNS = 2 * SAMPLES,
    BOARD_ACTORS = 4,
};

/** What an actor does; all pointers are in its own address space. */
struct actor {
    struct board *board;
    struct seL4_IPCBuffer *buffer;
    uint64_t target;   /**< endpoint or notification that it sends to */
    uint64_t source;   /**< endpoint or notification that it receives from */
    uint64_t reply;    /**< its reply object */
    uint64_t ready;    /**< notification: a server waits */
    uint64_t done;     /**< notification: all samples are taken */
    uint64_t words;    /**< of a message */
    uint64_t reply_words;
};

/** Shared memory: the same frame in both address spaces. */
struct board {
    uint64_t window_in_other; /* where `other` has room for mappings; 0 until it runs */
    uint64_t board_in_other;
    uint64_t start;       /* of the sample in progress */
    uint64_t there_ticks; /* from the first thread to the second */
    uint64_t back_ticks;  /* and back */
    uint64_t count;       /* samples so far, warming up included */
    volatile uint64_t stop;
    struct actor actors[BOARD_ACTORS];
};

typedef void (*actor_function)(struct actor *a);

void calls(struct actor *a);
void answers(struct actor *a);
void signals(struct actor *a);
void waits(struct actor *a);
void yields(struct actor *a);
void yields_back(struct actor *a);
void raises_exceptions(struct actor *a);
void raises_vm_faults(struct actor *a);
void makes_unknown_calls(struct actor *a);
void makes_foreign_calls(struct actor *a);
void handles_exceptions(struct actor *a);
void handles_vm_faults(struct actor *a);
void handles_unknown_calls(struct actor *a);
void handles_foreign_calls(struct actor *a);
void polls(struct actor *a);
void sends_to_nobody(struct actor *a);
void sleeps(struct actor *a);
void spins(struct actor *a);
void does_nothing(struct actor *a);

/** Time now, in ticks of the counter. */
static inline uint64_t now(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

/** Uses 3 * n instructions and a few: 16 values of n make 16 phases of a tick. */
static inline void change_phase(uint64_t n)
{
    __asm__ volatile("1:\tcbz %0, 2f\n\tsub %0, %0, #1\n\tb 1b\n2:" : "+r"(n));
}

static inline void begin(struct board *b)
{
    change_phase(b->count % 16);
    b->start = now();
}

static inline void end_there(struct board *b)
{
    uint64_t t = now();
    b->there_ticks += b->count >= SAMPLES ? t - b->start : 0;
}

static inline void end_back(struct board *b)
{
    uint64_t t = now();
    b->back_ticks += b->count >= SAMPLES ? t - b->start : 0;
    b->count++;
}

#endif
