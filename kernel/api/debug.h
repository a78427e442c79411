/* SPDX-License-Identifier: MIT */
/**
 * The debug system calls of the reference interface, for kernels built with KERNEL_DEBUG_CALLS=1: DebugPutChar, DebugDumpScheduler,
 * DebugHalt, DebugCapIdentify, DebugNameThread, and the BenchmarkNullSyscall that measures an empty entry. DebugSnapshot is not there.
 * Whoever may execute svc may make them: never in a kernel that is shipped.
 * Owns:   tcb.name.    Uses: arch (text to the UART), cspace, the ready queues.
 * Source: libsel4 of seL4 16.0.0 (numbers and registers); docs/spec/kernel-abi.md
 */
#ifndef KERNEL_API_DEBUG_H
#define KERNEL_API_DEBUG_H

#include "object/objects.h"

/** Does a debug system call of the running thread. @return false when `number` is none. */
bool debug_syscall(struct tcb *t, int64_t number);

#endif
