/* SPDX-License-Identifier: MIT */
/**
 * Switching between threads, inline: what the machine holds of the running thread beside its registers, and what of it has to
 * change.
 * Owns:   arch_loaded.    Uses: vspace (the asid entry of a thread), objects.h.
 * Source: Arm ARM DDI 0487 (register fields by name)
 */
#ifndef KERNEL_ARCH_SWITCH_H
#define KERNEL_ARCH_SWITCH_H

#include "object/vspace.h"

#define ARCH_CPTR_BASE 0x33ffull
#define ARCH_CPTR_TRAP_FPU bit(10)

enum {
    CNTKCTL_PHYSICAL_COUNTER = 1 << 0,
    CNTKCTL_VIRTUAL_COUNTER = 1 << 1,
    CNTKCTL_PHYSICAL_TIMER = 1 << 9,
};

/**
 * The mode in which the machine runs a thread (tcb.mode): the value of CNTKCTL_EL1, or that it is a guest. A guest that runs has
 * another mode than one that does not, so that every switch from or to one is seen.
 */
#define ARCH_MODE_NATIVE ((uint32_t)CNTKCTL_PHYSICAL_COUNTER | CNTKCTL_PHYSICAL_TIMER)
#define ARCH_MODE_FOREIGN ((uint32_t)CNTKCTL_PHYSICAL_COUNTER | CNTKCTL_VIRTUAL_COUNTER)
#define ARCH_MODE_GUEST (1u << 31)
#define ARCH_MODE_GUEST_RUNS UINT32_MAX

/** What the registers hold, to save writing them. */
struct arch_loaded {
    uint64_t vttbr;
    uint64_t cptr;
    uint32_t mode;
};
extern struct arch_loaded arch_loaded;

/** Changes the mode from or to that of a guest. */
NOINLINE void arch_load_mode(const struct tcb *t);

/** VTTBR_EL2 for a thread whose address space holds no VMID yet, or that has none. */
uint64_t arch_rare_vttbr(const struct tcb *t);

static inline void arch_load_vspace(const struct tcb *t)
{
    uint64_t entry = vspace_active_entry(t); /* VMID: bits 7..0 of the entry, 55..48 of the register */
    uint64_t vttbr = likely(entry != 0) ? round_down(entry, seL4_VSpaceBits) | entry << 56 >> 8 : arch_rare_vttbr(t);
    if (vttbr != arch_loaded.vttbr) {
        arch_loaded.vttbr = vttbr;
        WRITE_SYSREG(vttbr_el2, vttbr);
    }
}

/** Access to FPU and timers; guests. */
static inline void arch_load_controls(const struct tcb *t)
{
    bool may_use_fpu_now = t == kernel.fpu_owner && (t->flags & seL4_TCBFlag_fpuDisabled) == 0;
    uint64_t cptr = may_use_fpu_now ? ARCH_CPTR_BASE : ARCH_CPTR_BASE | ARCH_CPTR_TRAP_FPU;
    if (cptr != arch_loaded.cptr) {
        arch_loaded.cptr = cptr;
        WRITE_SYSREG(cptr_el2, cptr);
    }
    if (t->mode != arch_loaded.mode) {
        if (unlikely(((t->mode | arch_loaded.mode) & ARCH_MODE_GUEST) != 0)) {
            arch_load_mode(t);
        } else {
            arch_loaded.mode = t->mode;
            WRITE_SYSREG(cntkctl_el1, t->mode);
        }
    }
}

static inline void arch_put_thread_registers(const struct tcb *t)
{
    WRITE_SYSREG(tpidr_el0, t->regs.tpidr_el0);
    WRITE_SYSREG(tpidrro_el0, t->regs.tpidrro_el0);
}

static inline void arch_get_thread_registers(struct tcb *t)
{
    t->regs.tpidr_el0 = READ_SYSREG(tpidr_el0);
    t->regs.tpidrro_el0 = READ_SYSREG(tpidrro_el0);
}

/** The machine now belongs to `to`; neither is the idle thread. */
static inline void arch_switch_users(struct tcb *from, struct tcb *to)
{
    arch_get_thread_registers(from);
    arch_put_thread_registers(to);
    arch_load_vspace(to);
    arch_load_controls(to);
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
        arch_put_thread_registers(to);
        arch_load_vspace(to);
        arch_load_controls(to);
    } else if (unlikely(arch_loaded.mode == ARCH_MODE_GUEST_RUNS)) {
        arch_load_mode(to);
    }
}

#endif
