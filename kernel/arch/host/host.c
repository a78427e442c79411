/* SPDX-License-Identifier: MIT */
/** The simulated machine: see arch_inline.h of this directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "object/vspace.h"

struct kernel_state kernel;
struct sim sim;
uint8_t sim_ram[SIM_RAM_BYTES] __attribute__((aligned(1 << 21)));

void kernel_panic(const char *what, const char *file, int line)
{
    fprintf(stderr, "kernel: broken: %s (%s:%d)\n", what, file, line);
    abort();
}

void sim_advance(ticks_t ticks)
{
    sim.time += ticks;
    if (sim.time >= sim.deadline) {
        sim.irq_pending[SIM_TIMER_IRQ] = true;
    }
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

void arch_flags_changed(struct tcb *t)
{
    (void)t;
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

void arch_clear_memory(void *start, uint64_t len)
{
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
