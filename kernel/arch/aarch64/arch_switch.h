/* SPDX-License-Identifier: MIT */
/**
 * Switching between threads, inline: what the machine holds of the running thread beside its registers, and what of it has to
 * change.
 * Owns:   kernel.loaded_vspace (VTTBR_EL2) and kernel.loaded_mode.    Uses: vspace (the asid entry of a thread), objects.h.
 * Source: Arm ARM DDI 0487 (register fields by name)
 */
#ifndef KERNEL_ARCH_SWITCH_H
#define KERNEL_ARCH_SWITCH_H

#include "object/vspace.h"

enum {
    CNTKCTL_PHYSICAL_COUNTER = 1 << 0,
    CNTKCTL_VIRTUAL_COUNTER = 1 << 1,
    CNTKCTL_PHYSICAL_TIMER = 1 << 9,
};

/**
 * The mode in which the machine runs a thread (tcb.mode): the value of CNTKCTL_EL1, or that it is a guest; and whether the FPU holds
 * its registers and it may use them. A guest that runs has another mode than one that does not, so that every switch from or to one is seen.
 */
#define ARCH_MODE_NATIVE ((uint32_t)CNTKCTL_PHYSICAL_COUNTER | CNTKCTL_PHYSICAL_TIMER)
#define ARCH_MODE_FOREIGN ((uint32_t)CNTKCTL_PHYSICAL_COUNTER | CNTKCTL_VIRTUAL_COUNTER)
#define ARCH_MODE_TIMERS 0xffffu /**< what of it is CNTKCTL_EL1 */
#define ARCH_MODE_FPU (1u << 30)
#define ARCH_MODE_GUEST (1u << 31)
#define ARCH_MODE_GUEST_RUNS UINT32_MAX

/** Changes the mode. */
NOINLINE void arch_load_mode(const struct tcb *t);

/** VTTBR_EL2 for a thread whose address space holds no VMID yet, or that has none. */
uint64_t arch_rare_vttbr(const struct tcb *t);

static inline void arch_load_vspace(const struct tcb *t)
{
    const struct asid_entry *entry = vspace_active_entry(t); /* VTTBR_EL2, but for one bit */
    uint64_t vttbr = likely(entry != NULL) ? entry->word ^ ASID_ENTRY_HAS_VMID : arch_rare_vttbr(t);
    if (vttbr != kernel.loaded_vspace) {
        kernel.loaded_vspace = vttbr;
        WRITE_SYSREG(vttbr_el2, vttbr);
    }
}

/** Access to FPU and timers; guests. */
static inline void arch_load_controls(const struct tcb *t)
{
    if (unlikely(t->mode != kernel.loaded_mode)) {
        arch_load_mode(t);
    }
}

static inline void arch_put_thread_registers(const struct tcb *t)
{
    WRITE_SYSREG(tpidr_el0, t->regs.tpidr_el0);
    WRITE_SYSREG(tpidrro_el0, t->regs.tpidrro_el0);
}

/* TPIDRRO_EL0 is not asked for: only a guest can change it, and arch_vcpu_leave() looks. */
static inline void arch_get_thread_registers(struct tcb *t)
{
    t->regs.tpidr_el0 = READ_SYSREG(tpidr_el0);
}

/** The machine now belongs to `to`; neither is the idle thread. */
static inline void arch_switch_users(struct tcb *from, struct tcb *to)
{
    arch_get_thread_registers(from);
    arch_load_vspace(to);
    arch_load_controls(to);
    arch_put_thread_registers(to);
}

/**
 * The machine now belongs to `to`: address space, thread registers, access to FPU and timers. The idle thread has none of these, but
 * no guest's timer runs while it waits.
 */
static inline void arch_switch(struct tcb *from, struct tcb *to)
{
    if (from->state != THREAD_IDLE) {
        arch_get_thread_registers(from);
    }
    if (to->state != THREAD_IDLE) {
        arch_load_vspace(to);
        arch_load_controls(to);
        arch_put_thread_registers(to);
    } else if (unlikely(kernel.loaded_mode == ARCH_MODE_GUEST_RUNS)) {
        arch_load_mode(to);
    }
}

#endif
