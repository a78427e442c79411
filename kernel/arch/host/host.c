/* SPDX-License-Identifier: MIT */
/** The simulated machine: see arch_inline.h of this directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "object/vcpu.h"
#include "object/vspace.h"

struct kernel_state kernel;
struct sim sim;
uint8_t sim_ram[SIM_RAM_BYTES] __attribute__((aligned(1 << 21)));

void kernel_panic(const char *what, const char *file, int line)
{
    fprintf(stderr, "kernel: broken: %s (%s:%d)\n", what, file, line);
    abort();
}

uint8_t sim_kernel_code[SIM_KERNEL_CODE_BYTES];

/* ---- guests: a virtual interrupt is its number, with these flags */

enum { VIRQ_PENDING = 1 << 20, VIRQ_ACTIVE = 1 << 21, VIRQ_ENDED = 1 << 22 };

/* The lines of the virtual timer and the virtual interrupts are high as long as there is something to tell. */
static void update_guest_lines(void)
{
    const struct sim_guest *g = &sim.guest;
    bool ended = false;
    for (unsigned i = 0; i < SIM_VIRQS; i++) {
        ended = ended || g->virq[i] == VIRQ_ENDED;
    }
    bool due = (g->regs[seL4_VCPUReg_CNTV_CTL] & 3) == 1 &&
               sim.time - g->regs[seL4_VCPUReg_CNTVOFF] >= g->regs[seL4_VCPUReg_CNTV_CVAL];
    sim.irq_pending[ARCH_GUEST_MAINTENANCE_IRQ] = g->entered && ended;
    sim.irq_pending[ARCH_GUEST_TIMER_IRQ] = g->entered && due;
}

void sim_guest_takes(unsigned index)
{
    if (sim_virq_is_pending(sim.guest.virq[index])) {
        sim.guest.virq[index] ^= VIRQ_PENDING | VIRQ_ACTIVE;
    }
}

void sim_guest_ends(unsigned index)
{
    if (arch_virq_is_active(sim.guest.virq[index])) {
        sim.guest.virq[index] = VIRQ_ENDED;
        update_guest_lines();
    }
}

bool sim_virq_is_pending(uint32_t virq)
{
    return (virq & VIRQ_PENDING) != 0;
}

void arch_vcpu_init(struct vcpu *v)
{
    v->regs[seL4_VCPUReg_SCTLR] = 0x34d58820;
}

static void copy_lazy(uint64_t *to, const uint64_t *from)
{
    for (unsigned reg = seL4_VCPUReg_TTBR0; reg <= seL4_VCPUReg_SPSR_EL1; reg++) {
        to[reg] = from[reg];
    }
}

static void copy_eager(uint64_t *to, const uint64_t *from)
{
    to[seL4_VCPUReg_SCTLR] = from[seL4_VCPUReg_SCTLR];
    to[seL4_VCPUReg_CPACR] = from[seL4_VCPUReg_CPACR];
    for (unsigned reg = seL4_VCPUReg_CNTV_CTL; reg < seL4_VCPUReg_Num; reg++) {
        to[reg] = from[reg];
    }
}

void arch_vcpu_load(const struct vcpu *v)
{
    copy_lazy(sim.guest.regs, v->regs);
    memcpy(sim.guest.virq, v->list_register, sizeof sim.guest.virq);
}

void arch_vcpu_store(struct vcpu *v)
{
    copy_lazy(v->regs, sim.guest.regs);
    memcpy(v->list_register, sim.guest.virq, sizeof sim.guest.virq);
    sim.guest.stores++;
}

void arch_vcpu_enter(const struct vcpu *v)
{
    copy_eager(sim.guest.regs, v->regs);
    sim.guest.entered = true;
    arch_irq_mask(ARCH_GUEST_TIMER_IRQ, v->timer_masked);
    update_guest_lines();
}

void arch_vcpu_leave(struct vcpu *v)
{
    copy_eager(v->regs, sim.guest.regs);
    sim.guest.entered = false;
    update_guest_lines();
}

uint64_t arch_vcpu_read(unsigned reg)
{
    return sim.guest.regs[reg];
}

void arch_vcpu_write(unsigned reg, uint64_t value)
{
    sim.guest.regs[reg] = value;
}

unsigned arch_virq_count(void)
{
    return SIM_VIRQS;
}

uint32_t arch_virq(unsigned number, unsigned priority, unsigned group)
{
    return number | priority << 10 | group << 15 | VIRQ_PENDING;
}

bool arch_virq_is_active(uint32_t virq)
{
    return (virq & VIRQ_ACTIVE) != 0;
}

uint32_t arch_virq_get(unsigned index)
{
    return sim.guest.virq[index];
}

void arch_virq_set(unsigned index, uint32_t virq)
{
    sim.guest.virq[index] = virq;
}

bool arch_virq_take_ended(unsigned *index)
{
    for (unsigned i = 0; i < SIM_VIRQS; i++) {
        if (sim.guest.virq[i] == VIRQ_ENDED) {
            sim.guest.virq[i] = 0;
            *index = i;
            update_guest_lines();
            return true;
        }
    }
    return false;
}

/* ---- time and interrupts */

void sim_advance(ticks_t ticks)
{
    sim.time += ticks;
    if (sim.time >= sim.deadline) {
        sim.irq_pending[SIM_TIMER_IRQ] = true;
    }
    update_guest_lines();
}

bool arch_interrupt_is_pending(void)
{
    for (unsigned irq = 0; irq < IRQ_COUNT; irq++) {
        if (sim.irq_pending[irq] && !sim.irq_masked[irq]) {
            return true;
        }
    }
    return false;
}

bool arch_interrupt_take(unsigned *irq)
{
    for (unsigned i = 0; i < IRQ_COUNT; i++) {
        if (sim.irq_pending[i] && !sim.irq_masked[i]) {
            *irq = i;
            return true;
        }
    }
    return false;
}

void arch_irq_acknowledge(unsigned irq)
{
    if (irq < IRQ_COUNT) {
        sim.irq_pending[irq] = false;
        update_guest_lines();
    }
}

void arch_irq_mask(unsigned irq, bool masked)
{
    if (irq < IRQ_COUNT) {
        sim.irq_masked[irq] = masked;
    }
}

void arch_irq_set_edge_triggered(unsigned irq, bool edge)
{
    (void)irq;
    (void)edge;
}

void arch_send_sgi(unsigned irq, unsigned target)
{
    if (target == 0) { /* the only core there is */
        sim.irq_pending[irq] = true;
    }
}

void arch_timer_set(ticks_t deadline)
{
    sim.deadline = deadline;
    sim.irq_pending[SIM_TIMER_IRQ] = sim.time >= deadline;
}

void arch_timer_acknowledge(void)
{
    sim.deadline = UINT64_MAX;
}

/* Gives the address space its VMID, as the machine would. */
void arch_activate_vspace(const struct tcb *t)
{
    (void)vspace_activate(t);
}

void arch_load_thread_registers(const struct tcb *t)
{
    (void)t;
}

void arch_store_thread_registers(struct tcb *t)
{
    (void)t;
}

void arch_forget_thread(struct tcb *t)
{
    if (kernel.fpu_owner == t) {
        kernel.fpu_owner = NULL;
    }
}

void arch_mode_changed(struct tcb *t)
{
    if (t == kernel.current) {
        vcpu_switch(t);
    }
}

void arch_tlb_flush_page(uint8_t vmid, uaddr_t address)
{
    (void)vmid;
    (void)address;
}

void arch_tlb_flush_vmid(uint8_t vmid)
{
    (void)vmid;
}

void arch_tlb_flush_guest(uint8_t vmid)
{
    (void)vmid;
    sim.guest.flushes++;
}

void arch_clear_memory(void *start, uint64_t len)
{
    uint64_t first = kptr_address(start) - SIM_RAM_START;
    for (uint64_t page = first >> 12; page <= (first + len - 1) >> 12; page++) {
        sim.page_used[page] = true;
    }
    memset(start, 0, len);
}

void arch_cache_clean(void *start, uint64_t len)
{
    (void)start;
    (void)len;
}

void arch_cache_clean_invalidate(void *start, uint64_t len)
{
    (void)start;
    (void)len;
}

void arch_cache_unify(void *start, uint64_t len)
{
    (void)start;
    (void)len;
}

void arch_smc(uint64_t words[8])
{
    sim.smc_count++;
    words[0] = UINT64_MAX;
}
