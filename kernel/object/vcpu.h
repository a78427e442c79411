/* SPDX-License-Identifier: MIT */
/**
 * Virtual CPUs: a thread that is bound to one is a guest, which has EL1 to itself: its own exception vectors, translation, timer and
 * virtual interrupts. What it cannot do itself traps, and its handler is told.
 *
 * Where the state of a VCPU is:
 *   registers that EL0 of other threads depends on ("eager"): in the machine while its thread runs (kernel.vcpu_entered)
 *   all others ("lazy") and the virtual interrupts: in the machine until another guest runs (kernel.vcpu_loaded)
 * and in the object otherwise. So a switch between a guest and its handler moves few registers, and one between threads that are no
 * guests none. Memory of the object is not touched by anybody else: no capability maps it.
 *
 * Owns:   struct vcpu, tcb.vcpu, kernel.vcpu_*.    Uses: arch, api/fault.
 * Limits: every operation is O(list registers).
 * Source: seL4 manual, VCPU in chapter 11; Arm IHI 0048B chapter 5 (virtual interrupts); docs/spec/kernel-abi.md section 8.
 */
#ifndef KERNEL_OBJECT_VCPU_H
#define KERNEL_OBJECT_VCPU_H

#include "object/objects.h"

/** Makes the machine that of the guest `to`, or of no guest. Only arch calls this: when it switches, and in arch_mode_changed(). */
void vcpu_switch(const struct tcb *to);

/** Makes `t` the thread of `v`. Whatever either was bound to before is not any more. */
void vcpu_bind(struct vcpu *v, struct tcb *t);

/** The thread of `v` is no guest any more: it goes on at EL0. Nothing happens if it has none, or `v` is NULL. */
void vcpu_unbind(struct vcpu *v);

/** The last capability is gone. */
void vcpu_end(struct vcpu *v);

/** Register `reg`, which is below seL4_VCPUReg_Num. */
uint64_t vcpu_read(struct vcpu *v, unsigned reg);
void vcpu_write(struct vcpu *v, unsigned reg, uint64_t value);

/** What list register `index` holds, which exists. */
uint32_t vcpu_virq(const struct vcpu *v, unsigned index);
void vcpu_inject(struct vcpu *v, unsigned index, uint32_t virq);

/** The timer may tell of itself again. */
void vcpu_acknowledge_timer(struct vcpu *v);

/** One of the two interrupts for guests arrived while `kernel.current` ran, which may fault: if it is a guest, its handler is told. */
void vcpu_interrupt(unsigned irq);

#endif
