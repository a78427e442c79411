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
 *   arch_fast_path_taken(void)        one was: for tests
 *   arch_table_written(void)          makes a change of a translation table visible to the walker
 *   ARCH_USER_SPSR, arch_user_spsr(v, guest)  the state of a user thread; v made harmless, a guest's EL1 allowed
 *   ARCH_GUEST_TIMER_IRQ, ARCH_GUEST_MAINTENANCE_IRQ   interrupts of the virtual timer and the virtual interrupt controller
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

/**
 * Takes the most urgent pending interrupt; arch_irq_number(taken) says which it is: it may come from another core, which its end must
 * name as well. @return false when there is none.
 */
MUST_USE bool arch_interrupt_take(unsigned *taken);

/** Ends the handling of an interrupt that was taken. */
void arch_irq_acknowledge(unsigned taken);
void arch_irq_mask(unsigned irq, bool masked);
void arch_irq_set_edge_triggered(unsigned irq, bool edge);

/** Raises the software generated interrupt `irq` on core `target`; the limits are those of the interrupt controller. */
enum { ARCH_SGI_COUNT = 16, ARCH_SGI_TARGETS = 8 };
void arch_send_sgi(unsigned irq, unsigned target);

/* ---- threads */

/* arch_switch() and arch_switch_users(), which are inline and know struct tcb, are in arch_switch.h. */

/** Loads the address space of `t` again, after a change, if the machine uses it. */
void arch_activate_vspace(const struct tcb *t);

/** tpidr_el0 and tpidrro_el0 live in the machine while a thread is current. */
void arch_load_thread_registers(const struct tcb *t);
void arch_store_thread_registers(struct tcb *t);

/** `t` goes away: the machine holds nothing of it any more. */
void arch_forget_thread(struct tcb *t);

/** tcb.flags or tcb.vcpu of `t` have changed, or it is new. */
void arch_mode_changed(struct tcb *t);

/* ---- guests: object/vcpu.h says when which of these is called */

/** The values that a new VCPU starts with, in zeroed memory. */
void arch_vcpu_init(struct vcpu *v);

/** Lazy registers and virtual interrupts: from the object into the machine, and back. */
void arch_vcpu_load(const struct vcpu *v);
void arch_vcpu_store(struct vcpu *v);

/** `v`, which is loaded, takes EL1 over, and gives it back: traps, the other registers, virtual timer and virtual interrupts. */
void arch_vcpu_enter(const struct vcpu *v);
void arch_vcpu_leave(struct vcpu *v);

/** A lazy register of the VCPU that is loaded. `reg` is a seL4_VCPUReg_* from TTBR0 to SPSR_EL1. */
uint64_t arch_vcpu_read(unsigned reg);
void arch_vcpu_write(unsigned reg, uint64_t value);

/** How many virtual interrupts the machine holds at a time: at least 1, at most VCPU_LIST_REGISTERS_MAX. */
unsigned arch_virq_count(void);

/** A virtual interrupt that is pending and whose end is told, as a list register holds it; and whether the guest is handling it. */
uint32_t arch_virq(unsigned number, unsigned priority, unsigned group);
bool arch_virq_is_active(uint32_t virq);

/** A list register of the VCPU that is loaded. */
uint32_t arch_virq_get(unsigned index);
void arch_virq_set(unsigned index, uint32_t virq);

/** Takes the lowest list register whose interrupt the guest has ended since it was told. @return false when there is none. */
MUST_USE bool arch_virq_take_ended(unsigned *index);

/* ---- memory */

void arch_tlb_flush_page(uint8_t vmid, uaddr_t address);
void arch_tlb_flush_vmid(uint8_t vmid);

/** Forgets what the TLB knows of a guest's own tables: another guest, or none, comes into the same address space. */
void arch_tlb_flush_guest(uint8_t vmid);

/** Zeroes memory and cleans it to the point of coherency, so that uncached views see zeros too. 64-byte aligned ends, or small. */
void arch_clear_memory(void *start, uint64_t len);
void arch_cache_clean(void *start, uint64_t len);
void arch_cache_clean_invalidate(void *start, uint64_t len);

/** Makes instructions that were written as data visible to instruction fetch. */
void arch_cache_unify(void *start, uint64_t len);

/* ---- the UART, when nobody else can speak: reports and debug system calls */

void arch_debug_put(const char *text);

/** `text`, then a number in hexadecimal. */
void arch_debug_put_number(const char *text, uint64_t value);

/* ---- firmware */

void arch_smc(uint64_t words[8]);

#endif
