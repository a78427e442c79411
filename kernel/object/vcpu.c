/* SPDX-License-Identifier: MIT */
/** Virtual CPUs: see vcpu.h. */
#include "object/vcpu.h"

#include "api/fault.h"
#include "arch.h"

static bool is_lazy(unsigned reg)
{
    return reg >= seL4_VCPUReg_TTBR0 && reg <= seL4_VCPUReg_SPSR_EL1;
}

/* ---- who has the machine -------------------------------------------------------------------------------------------------- */

static void leave(void)
{
    arch_vcpu_leave(kernel.vcpu_entered);
    kernel.vcpu_entered = NULL;
}

void vcpu_switch(const struct tcb *to)
{
    struct vcpu *v = to->vcpu;
    if (v == kernel.vcpu_entered) {
        return;
    }
    if (kernel.vcpu_entered != NULL) {
        leave();
    }
    if (v == NULL) {
        return;
    }
    if (v != kernel.vcpu_loaded) {
        if (kernel.vcpu_loaded != NULL) {
            arch_vcpu_store(kernel.vcpu_loaded);
        }
        arch_vcpu_load(v);
        kernel.vcpu_loaded = v;
    }
    arch_vcpu_enter(v);
    kernel.vcpu_entered = v;
}

/* The running thread may have become a guest, or none, or was left for a moment. */
static void resettle(void)
{
    arch_activate_vspace(kernel.current);
    arch_mode_changed(kernel.current);
}

/* ---- thread and VCPU -------------------------------------------------------------------------------------------------------- */

void vcpu_unbind(struct vcpu *v)
{
    if (v == NULL || v->tcb == NULL) {
        return;
    }
    struct tcb *t = v->tcb;
    if (v == kernel.vcpu_entered) {
        leave();
    }
    t->vcpu = NULL;
    arch_mode_changed(t);
    t->regs.spsr = arch_user_spsr(t->regs.spsr, false);
    v->tcb = NULL;
    resettle();
}

void vcpu_bind(struct vcpu *v, struct tcb *t)
{
    if (v->tcb == t) {
        return;
    }
    vcpu_unbind(v);
    vcpu_unbind(t->vcpu);
    v->tcb = t;
    t->vcpu = v;
    arch_mode_changed(t);
    resettle();
}

void vcpu_end(struct vcpu *v)
{
    vcpu_unbind(v);
    if (v == kernel.vcpu_loaded) {
        kernel.vcpu_loaded = NULL; /* what the machine holds is nobody's; it is overwritten before anybody enters */
    }
}

/* ---- registers and virtual interrupts ----------------------------------------------------------------------------------------- */

uint64_t vcpu_read(struct vcpu *v, unsigned reg)
{
    if (v == kernel.vcpu_loaded && is_lazy(reg)) {
        return arch_vcpu_read(reg);
    }
    if (v != kernel.vcpu_entered) {
        return v->regs[reg];
    }
    leave(); /* a guest asks about itself: now the object holds the register */
    uint64_t value = v->regs[reg];
    resettle();
    return value;
}

void vcpu_write(struct vcpu *v, unsigned reg, uint64_t value)
{
    if (v == kernel.vcpu_loaded && is_lazy(reg)) {
        arch_vcpu_write(reg, value);
        return;
    }
    if (v != kernel.vcpu_entered) {
        v->regs[reg] = value;
        return;
    }
    leave();
    v->regs[reg] = value;
    resettle();
}

uint32_t vcpu_virq(const struct vcpu *v, unsigned index)
{
    return v == kernel.vcpu_loaded ? arch_virq_get(index) : v->list_register[index];
}

void vcpu_inject(struct vcpu *v, unsigned index, uint32_t virq)
{
    if (v == kernel.vcpu_loaded) {
        arch_virq_set(index, virq);
    } else {
        v->list_register[index] = virq;
    }
}

void vcpu_acknowledge_timer(struct vcpu *v)
{
    v->timer_masked = false;
    if (v == kernel.vcpu_entered) {
        arch_irq_mask(ARCH_GUEST_TIMER_IRQ, false);
    }
}

/* ---- interrupts --------------------------------------------------------------------------------------------------------------- */

void vcpu_interrupt(unsigned irq)
{
    struct vcpu *v = kernel.vcpu_entered;
    if (v == NULL) {
        return; /* a guest was left in the moment that its line rose */
    }
    struct fault fault = {.type = seL4_Fault_VPPIEvent, .word = {irq}};
    if (irq == ARCH_GUEST_TIMER_IRQ) {
        v->timer_masked = true; /* it is due until the guest sets it anew */
        arch_irq_mask(irq, true);
    } else {
        unsigned index;
        if (!arch_virq_take_ended(&index)) {
            return;
        }
        fault = (struct fault){.type = seL4_Fault_VGICMaintenance, .word = {index}};
    }
    fault_raise(v->tcb, &fault);
}
