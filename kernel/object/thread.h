/* SPDX-License-Identifier: MIT */
/**
 * Threads: suspending, resuming, registers. Scheduling is in sched/, messages in api/.
 * Owns:   tcb.regs while a thread does not run.    Uses: ipc, sched, arch.
 * Source: seL4 manual section 6.1.
 */
#ifndef KERNEL_OBJECT_THREAD_H
#define KERNEL_OBJECT_THREAD_H

#include "object/objects.h"

/** A new TCB in zeroed memory. */
void thread_init(struct tcb *t);

void thread_suspend(struct tcb *t);

/** Resumes a thread that does not run: it starts its trapped instruction again. */
void thread_resume(struct tcb *t);

/** Register `index` in the order of struct seL4_UserContext; index < seL4_UserContextWords. */
uint64_t thread_read_register(const struct tcb *t, unsigned index);

/** The same for writing; values that would give the thread rights are made harmless. */
void thread_write_register(struct tcb *t, unsigned index, uint64_t value);

enum { THREAD_FRAME_REGISTERS = 17 }; /**< of UserContext: the frame registers; then 17 integer and 2 thread registers */

#endif
