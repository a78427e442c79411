/* SPDX-License-Identifier: MIT */
/**
 * Entries: what the exception vectors call. Each does its work for kernel.current and leaves through the scheduler, so that
 * afterwards kernel.current is the thread to resume.
 * Owns:   the life of a kernel entry.    Uses: everything below.
 * Source: seL4 manual section 2.2 (system calls); docs/spec/kernel-abi.md for the registers.
 */
#ifndef KERNEL_API_SYSCALL_H
#define KERNEL_API_SYSCALL_H

#include "object/objects.h"

/**
 * svc: x7 of `t`, the current thread, says which system call.
 * @return true when the thread goes on and nothing of it has changed but x0 to x18: what else the processor holds is still its own.
 */
bool enter_syscall(struct tcb *t);

/** A data (instruction: prefetch) abort at `address` with fault status `fsr`. */
void enter_vm_fault(uint64_t address, uint64_t fsr, bool instruction);

/** An instruction that does not exist; `number` is the syndrome. */
void enter_user_exception(uint64_t number, uint64_t code);

/** Any other trap to EL2; the interface reports it as a fault of a VCPU even where there is none. */
void enter_trap(uint64_t syndrome);

/* ---- general paths: what fast paths fall back on. They answer enter_syscall()'s question with false. */

/** Call, Send and NBSend; `slot` is what x0 names, or NULL. */
NOINLINE bool syscall_general_send(struct tcb *t, struct slot *slot);

/** All others. */
NOINLINE bool syscall_general(struct tcb *t);

/** A fault with the words of struct fault. */
NOINLINE bool syscall_general_fault(struct tcb *t, uint8_t type, uint64_t word0, uint64_t word1, uint64_t word2);

/* ---- interrupts */

/** An interrupt, while user level ran or nothing did. */
void enter_interrupt(void);

#endif
