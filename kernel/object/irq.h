/* SPDX-License-Identifier: MIT */
/**
 * Interrupts: who is told.
 * Owns:   kernel.irq_state, kernel.irq_slots.    Uses: arch (mask, acknowledge), notifications.
 * Source: seL4 manual section 8.2.
 */
#ifndef KERNEL_OBJECT_IRQ_H
#define KERNEL_OBJECT_IRQ_H

#include "object/objects.h"

/** Delivers an interrupt that arch_interrupt_take() took, or runs the kernel's timer. `may_fault`: the thread that ran still may. */
void irq_deliver(unsigned taken, bool may_fault);

/** The interrupt was told to user level, and is masked until that acknowledges it. */
void irq_wait_for_ack(unsigned taken);

/** The last handler capability is gone. */
void irq_end_handler(unsigned irq);

void irq_set_state(unsigned irq, enum irq_state state);

#endif
