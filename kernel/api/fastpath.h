/* SPDX-License-Identifier: MIT */
/**
 * Fast paths: the message exchanges that systems make all the time, from one running thread to one that waits, without queues,
 * schedulers and general structures in between.
 *
 * Each proves all that it relies on and changes nothing until it has; at any doubt the general path (syscall.h) does the work
 * from the start. What it does is what the general path would do: kernel_test compares the two on every step of the
 * random tests. Two things are left to the timer, which interrupts at the first of them: when the receiver runs on the
 * sender's scheduling context, or nobody else runs, nothing changes whose time is spent, so that the clock is not read, and neither
 * the budget nor the release queue nor the end of the domain's turn is looked at.
 *
 * Owns:   nothing.    Uses: the fields of endpoints, replies, threads and scheduling contexts (objects.h), message, sched.
 * Limits: O(words of the message) + O(refills merged); no loops otherwise.
 * Source: docs/design/kernel.md
 */
#ifndef KERNEL_API_FASTPATH_H
#define KERNEL_API_FASTPATH_H

#include "object/objects.h"

/*
 * Each of these but the interrupt's is a whole kernel entry: it ends with kernel.current as the thread to resume, on whichever path,
 * and returns what enter_syscall() does.
 */

/** Call: fast on an endpoint where a receiver waits, and for mapping and unmapping a frame. */
MUST_USE bool fastpath_call(struct tcb *t);

/** ReplyRecv: fast when it answers a caller that then runs, and finds no sender waiting. */
MUST_USE bool fastpath_reply_recv(struct tcb *t);

/** Send and NBSend: fast on a notification that keeps the signal, or wakes a thread of higher priority. */
MUST_USE bool fastpath_send(struct tcb *t);

/** An interrupt that was taken: fast when it wakes a thread of higher priority. @return false when it must be delivered still. */
MUST_USE bool fastpath_interrupt(unsigned taken);

/** Yield: fast for a thread with time slices. */
MUST_USE bool fastpath_yield(struct tcb *t);

/** A fault `type` (seL4_Fault_*) with the words of struct fault: fast when its handler waits for it. */
bool fastpath_fault(struct tcb *t, uint8_t type, uint64_t word0, uint64_t word1, uint64_t word2);

#endif
