/* SPDX-License-Identifier: MIT */
/** Interrupts: see irq.h. */
#include "object/irq.h"

#include "arch.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "object/vcpu.h"

void irq_set_state(unsigned irq, enum irq_state state)
{
    kernel.irq_state[irq] = (uint8_t)state;
    arch_irq_mask(irq, state == IRQ_INACTIVE);
}

void irq_end_handler(unsigned irq)
{
    slot_delete_short(&kernel.irq_slots[irq]);
    irq_set_state(irq, IRQ_INACTIVE);
}

void irq_wait_for_ack(unsigned taken)
{
    arch_irq_mask(arch_irq_number(taken), true);
    arch_irq_acknowledge(taken);
}

/* Interrupts that are the kernel's own, and those that nobody asked for. */
static void deliver_other(unsigned irq, bool may_fault)
{
    enum irq_state state = irq < IRQ_COUNT ? (enum irq_state)kernel.irq_state[irq] : IRQ_INACTIVE;
    if (state == IRQ_TIMER) {
        kernel.reprogram_timer = true; /* the scheduler does the rest on the way out */
        arch_timer_acknowledge();
    } else if (state != IRQ_GUEST) {
        arch_irq_mask(irq, true);
    } else if (may_fault) {
        vcpu_interrupt(irq); /* else it comes again when the guest runs again */
    }
}

void irq_deliver(unsigned taken, bool may_fault)
{
    unsigned irq = arch_irq_number(taken);
    if (likely(irq < IRQ_COUNT && kernel.irq_state[irq] == IRQ_NOTIFY)) {
        struct cap cap = kernel.irq_slots[irq].cap;
        if (cap_type(cap) == CAP_NOTIFICATION && cap_has(cap, RIGHT_SEND)) {
            notification_signal(kptr(cap_address(cap)), cap_badge(cap));
        }
        irq_wait_for_ack(taken);
    } else {
        deliver_other(irq, may_fault);
        arch_irq_acknowledge(taken);
    }
}
