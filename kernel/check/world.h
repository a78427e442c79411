/* SPDX-License-Identifier: MIT */
/**
 * World: a booted kernel in the simulated machine, with threads to act for. Tests and fuzzers say what the running thread does;
 * the kernel says who runs next.
 * Owns:   the simulated machine.    Uses: the kernel's entries, check.
 */
#ifndef KERNEL_WORLD_H
#define KERNEL_WORLD_H

#include <sel4/bootinfo.h>

#include "object/objects.h"

/** Slots of the root CNode that the world fills after boot. */
enum {
    WORLD_UNTYPED = 96,   /**< small untypeds, 16 KiB each */
    WORLD_TCB = 104,      /**< threads, all with the root's capability space */
    WORLD_SC = 112,
    WORLD_REPLY = 120,
    WORLD_ENDPOINT = 128, /**< originals, then badged copies */
    WORLD_ENDPOINT_NO_SEND = 135, /**< the first endpoint, without the right to send */
    WORLD_NOTIFICATION = 136,     /**< three, then the first without the right to send */
    WORLD_CNODE = 140,    /**< of 16 slots */
    WORLD_FRAME = 144,
    WORLD_TABLE = 152,
    WORLD_VSPACE = 156,
    WORLD_BUFFER = 160,   /**< the frames of the threads' IPC buffers */
    WORLD_FREE = 168,     /**< empty from here on */
    WORLD_HANDLER = 232,  /**< of interrupts 32 to 34, which signal the notifications */
    WORLD_NOTIFICATION_BADGED = 235, /**< the first notification with badges 8 and 16 */
    WORLD_NOTIFICATION_NO_RECEIVE = 237,  /**< the first notification without the right to receive */
    WORLD_VCPU = 240, /**< three, bound to nobody */
    WORLD_SLOTS = 256,
    WORLD_THREADS = 6,
};

/** Boots and populates. Everything before is forgotten. */
void world_start(void);

/** Makes the running thread do a system call with these registers. Words past the fourth go into its IPC buffer. */
struct world_call {
    int64_t number;
    uint64_t cap;
    uint64_t info;
    uint64_t word[8];
    uint64_t extra[3];
    uint64_t reply;
    uint64_t dest;
};
void world_call(const struct world_call *call);

/** Runs the root's invocation and returns the error code of the reply. The root must be running before and after. */
uint64_t world_invoke(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras,
                      const uint64_t *extra);

/* ---- what tests do again and again; the root must be running, and can be: it has the highest priority */

extern const uint64_t world_root_cnode[1]; /**< as the extra capability of an invocation */

/** An invocation of thread n, or of the root CNode; the error code. */
uint64_t world_resume(unsigned n);
uint64_t world_suspend(unsigned n);
uint64_t world_delete(uint64_t index);
uint64_t world_copy(uint64_t from, uint64_t to);

/** The root waits, so that others run: at an endpoint, or for interrupt 32, which world_wake_root() lets happen. */
void world_root_receives(unsigned endpoint);
void world_root_waits(void);
void world_wake_root(void);

/** A read (fetch: an instruction fetch) of the running thread faults. */
void world_fault(uaddr_t address, bool fetch);

/** How often the fast path was taken and compared with the general one, by kind. */
struct world_compared {
    uint64_t calls;
    uint64_t replies;
    uint64_t faults;
    uint64_t signals;
    uint64_t yields;
    uint64_t mappings;
    uint64_t interrupts;
};
extern struct world_compared world_compared;

/** The initial thread. */
struct tcb *world_root(void);

/** The thread in slot WORLD_TCB + n. */
struct tcb *world_thread(unsigned n);
struct slot *world_slot(unsigned index);

/** Takes an interrupt that is pending. */
void world_interrupt(void);

/** Lets time pass and delivers what became pending. */
void world_wait(ticks_t ticks);

/** Steps of the fuzzer so far, each followed by a check of all invariants. */
extern uint64_t world_steps;

/** What the message shall name, for tests that draw random numbers. */
extern unsigned world_seed;

/** Stops the test with a message when an invariant is broken. */
void world_check(const char *after);

#endif
