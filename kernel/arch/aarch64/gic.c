/* SPDX-License-Identifier: MIT */
/** Interrupt controller (GICv2) with its virtual interrupts, and timer (EL2 physical). Source: Arm IHI 0048B; Arm ARM D11. */
#include "arch/aarch64/machine.h"
#include "arch.h"

enum {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ICPENDR = 0x280,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GICD_ICFGR = 0xc00,
    GICD_SGIR = 0xf00,
    GICC_CTLR = 0x00,
    GICC_PMR = 0x04,
    GICC_IAR = 0x0c,
    GICC_EOIR = 0x10,
    GICH_HCR = 0x00,
    GICH_VTR = 0x04,
    GICH_VMCR = 0x08,
    GICH_EISR = 0x20,
    GICH_APR = 0xf0,
    GICH_LR = 0x100,
    FIRST_SHARED_IRQ = 32,
    SPURIOUS_IRQ = 1020, /* this number and above */
};

static volatile uint32_t *distributor(unsigned offset)
{
    return device_register(PLAT_GICD + offset);
}

static volatile uint32_t *cpu_interface(unsigned offset)
{
    return device_register(PLAT_GICC + offset);
}

static volatile uint32_t *guest_interface(unsigned offset)
{
    return device_register(PLAT_GICH + offset);
}

static unsigned virq_count;

void gic_init(void)
{
    *guest_interface(GICH_HCR) = 0;
    virq_count = (*guest_interface(GICH_VTR) & 63) + 1;
    *distributor(GICD_CTLR) = 0;
    unsigned lines = ((*distributor(GICD_TYPER) & 31) + 1) * 32;
    for (unsigned irq = 0; irq < lines; irq += 32) {
        *distributor(GICD_ICENABLER + irq / 8) = UINT32_MAX;
        *distributor(GICD_ICPENDR + irq / 8) = UINT32_MAX;
        *distributor(GICD_IGROUPR + irq / 8) = 0;
    }
    for (unsigned irq = 0; irq < lines; irq += 4) {
        *distributor(GICD_IPRIORITYR + irq) = 0x80808080;
        if (irq >= FIRST_SHARED_IRQ) {
            *distributor(GICD_ITARGETSR + irq) = 0x01010101; /* the one core */
        }
    }
    *distributor(GICD_CTLR) = 1;
    *cpu_interface(GICC_PMR) = 0xf0;
    *cpu_interface(GICC_CTLR) = 1;
}

bool arch_interrupt_take(unsigned *taken)
{
    *taken = *cpu_interface(GICC_IAR);
    return arch_irq_number(*taken) < SPURIOUS_IRQ;
}

void arch_irq_acknowledge(unsigned taken)
{
    *cpu_interface(GICC_EOIR) = taken;
}

void arch_send_sgi(unsigned irq, unsigned target)
{
    enum { TARGET_SHIFT = 16 };
    __asm__ volatile("dsb ish" : : : "memory"); /* whoever is interrupted sees what was written before */
    *distributor(GICD_SGIR) = (uint32_t)bit(TARGET_SHIFT + target) | irq;
}

void arch_irq_mask(unsigned irq, bool masked)
{
    *distributor((masked ? GICD_ICENABLER : GICD_ISENABLER) + irq / 32 * 4) = (uint32_t)bit(irq % 32);
}

void arch_irq_set_edge_triggered(unsigned irq, bool edge)
{
    volatile uint32_t *config = distributor(GICD_ICFGR + irq / 16 * 4);
    uint32_t edge_bit = (uint32_t)bit(irq % 16 * 2 + 1);
    *config = edge ? *config | edge_bit : *config & ~edge_bit;
}

void arch_timer_set(ticks_t deadline)
{
    WRITE_SYSREG(cnthp_cval_el2, deadline);
}

void arch_timer_acknowledge(void)
{
    WRITE_SYSREG(cnthp_cval_el2, UINT64_MAX); /* the line falls; the scheduler sets the next deadline */
}

/* ---- virtual interrupts -------------------------------------------------------------------------------------------------- */

#define VIRQ_END_IS_TOLD bit(19)
#define VIRQ_PENDING bit(28)
#define VIRQ_ACTIVE bit(29)
enum { VIRQ_PRIORITY_SHIFT = 23, VIRQ_GROUP_SHIFT = 30 };

unsigned arch_virq_count(void)
{
    return virq_count;
}

uint32_t arch_virq(unsigned number, unsigned priority, unsigned group)
{
    return (uint32_t)(number | VIRQ_END_IS_TOLD | priority << VIRQ_PRIORITY_SHIFT | VIRQ_PENDING | group << VIRQ_GROUP_SHIFT);
}

bool arch_virq_is_active(uint32_t virq)
{
    return (virq & VIRQ_ACTIVE) != 0;
}

uint32_t arch_virq_get(unsigned index)
{
    return *guest_interface(GICH_LR + index * 4);
}

void arch_virq_set(unsigned index, uint32_t virq)
{
    *guest_interface(GICH_LR + index * 4) = virq;
}

bool arch_virq_take_ended(unsigned *index)
{
    for (unsigned word = 0; word * 32 < virq_count; word++) {
        uint32_t ended = *guest_interface(GICH_EISR + word * 4);
        if (ended != 0) {
            *index = word * 32 + (unsigned)__builtin_ctz(ended);
            arch_virq_set(*index, 0);
            return true;
        }
    }
    return false;
}

void gic_guest_enable(bool enabled)
{
    *guest_interface(GICH_HCR) = enabled;
}

void gic_guest_load(const struct vcpu *v)
{
    *guest_interface(GICH_VMCR) = v->interrupt_control;
    *guest_interface(GICH_APR) = v->active_priorities;
    for (unsigned i = 0; i < virq_count; i++) {
        arch_virq_set(i, v->list_register[i]);
    }
}

void gic_guest_store(struct vcpu *v)
{
    v->interrupt_control = *guest_interface(GICH_VMCR);
    v->active_priorities = *guest_interface(GICH_APR);
    for (unsigned i = 0; i < virq_count; i++) {
        v->list_register[i] = arch_virq_get(i);
    }
}
