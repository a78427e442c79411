/* SPDX-License-Identifier: MIT */
/**
 * What the kernel needs of a machine. arch/aarch64 implements it for EL2; arch/host simulates it so that the same kernel runs in
 * tests. arch_inline.h of either holds what must be inline.
 *
 *   void *kptr(paddr_t)               where the kernel sees physical memory; objects only, no devices
 *   paddr_t kptr_address(const void *)
 *   ticks_t arch_time(void)           the system counter
 *   arch_ticks_from_us, arch_us_from_ticks, ARCH_MAX_US   conversions that cannot overflow up to ARCH_MAX_US
 *   arch_interrupt_is_pending(void)
 *   arch_fast_paths(void)     whether fast paths may be taken: a build option, and in tests a choice
 *   arch_table_written(void)          makes a change of a translation table visible to the walker
 *   ARCH_USER_SPSR, arch_user_spsr(v) the state of a user thread; v made harmless
 *   ARCH_WINDOW_START, ARCH_WINDOW_END   physical memory that kptr reaches
 *   ARCH_CACHE_END        frames that lie higher are refused cache maintenance; below, where kptr does not reach, nothing is cached
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include "object/objects.h"

#include "arch_inline.h"

/* ---- time and interrupts */

/** Interrupts at `deadline`; UINT64_MAX: never. A deadline that has passed interrupts at once. */
void arch_timer_set(ticks_t deadline);
void arch_timer_acknowledge(void);

/** Takes the most urgent pending interrupt. @return false when there is none. */
MUST_USE bool arch_interrupt_take(unsigned *irq);

/** Ends the handling of an interrupt that was taken. */
void arch_irq_acknowledge(unsigned irq);
void arch_irq_mask(unsigned irq, bool masked);
void arch_irq_set_edge_triggered(unsigned irq, bool edge);

/* ---- threads */

/* arch_switch() and arch_switch_users(), which are inline and know struct tcb, are in arch_switch.h. */

/** Loads the address space of `t` again, after a change, if the machine uses it. */
void arch_activate_vspace(const struct tcb *t);

/** tpidr_el0 and tpidrro_el0 live in the machine while a thread is current. */
void arch_load_thread_registers(const struct tcb *t);
void arch_store_thread_registers(struct tcb *t);

/** `t` goes away: the machine holds nothing of it any more. */
void arch_forget_thread(struct tcb *t);

/** seL4_TCBFlag_* of `t` have changed. */
void arch_flags_changed(struct tcb *t);

/* ---- memory */

void arch_tlb_flush_page(uint8_t vmid, uaddr_t address);
void arch_tlb_flush_vmid(uint8_t vmid);

/** Zeroes memory and cleans it to the point of coherency, so that uncached views see zeros too. 64-byte aligned ends, or small. */
void arch_clear_memory(void *start, uint64_t len);
void arch_cache_clean(void *start, uint64_t len);
void arch_cache_clean_invalidate(void *start, uint64_t len);

/** Makes instructions that were written as data visible to instruction fetch. */
void arch_cache_unify(void *start, uint64_t len);

/* ---- firmware */

void arch_smc(uint64_t words[8]);

#endif
