/* SPDX-License-Identifier: MIT */
/**
 * Trace: what the kernel does, as records of 16 bytes in a ring that it shows (abi/trace/trace.h). Only in a kernel built with
 * KERNEL_TRACE=1; in any other all of this is empty.
 * Owns:   the ring.    Uses: the clock, the capability of a thread's fault handler.
 * Limits: the newest TRACE_RECORDS records; what it costs is on the account of the running thread.
 * Source: docs/spec/trace.md
 */
#ifndef KERNEL_OBJECT_TRACE_H
#define KERNEL_OBJECT_TRACE_H

#include <trace/trace.h>

#include "object/objects.h"

struct trace_pages {
    paddr_t start;
    paddr_t end; /**< exclusive */
};

#if KERNEL_TRACE

/** Something that the running thread does, or that happens to it. */
void trace_current(enum trace_what what, unsigned kind, uint64_t number);

/** `to` becomes the running thread. */
void trace_switch(const struct tcb *to);

/** A fault of `t` is about to be sent. */
void trace_fault(const struct tcb *t, unsigned type);

/** The kernel is about to be left; called by the way back to user level. */
void trace_exit(void);

/** The pages of the ring; none in a kernel without. */
struct trace_pages trace_pages(void);

#else

static inline void trace_current(enum trace_what what, unsigned kind, uint64_t number)
{
    (void)what;
    (void)kind;
    (void)number;
}

static inline void trace_switch(const struct tcb *to)
{
    (void)to;
}

static inline void trace_fault(const struct tcb *t, unsigned type)
{
    (void)t;
    (void)type;
}

static inline struct trace_pages trace_pages(void)
{
    return (struct trace_pages){0, 0};
}

#endif

#endif
