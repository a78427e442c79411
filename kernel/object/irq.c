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

void irq_deliver(unsigned irq, bool may_fault)
{
    if (irq >= IRQ_COUNT || kernel.irq_state[irq] == IRQ_INACTIVE) {
        arch_irq_mask(irq, true); /* nobody asked for it */
        arch_irq_acknowledge(irq);
        return;
    }
    if (kernel.irq_state[irq] == IRQ_TIMER) {
        kernel.reprogram_timer = true; /* the scheduler does the rest on the way out */
        arch_timer_acknowledge();
        arch_irq_acknowledge(irq);
        return;
    }
    if (kernel.irq_state[irq] == IRQ_GUEST) {
        if (may_fault) {
            vcpu_interrupt(irq); /* else it comes again when the guest runs again */
        }
        arch_irq_acknowledge(irq);
        return;
    }
    struct cap cap = kernel.irq_slots[irq].cap;
    if (cap_type(cap) == CAP_NOTIFICATION && cap_has(cap, RIGHT_SEND)) {
        notification_signal(kptr(cap_address(cap)), cap_badge(cap));
    }
    arch_irq_mask(irq, true); /* until user level acknowledges it */
    arch_irq_acknowledge(irq);
}
