/* SPDX-License-Identifier: MIT */
/** Switching between threads: the simulated machine holds nothing of a thread but EL1 of a guest, and an address space gets its VMID. */
#ifndef KERNEL_ARCH_SWITCH_H
#define KERNEL_ARCH_SWITCH_H

#include "arch.h"
#include "object/vcpu.h"

static inline void arch_switch(struct tcb *from, struct tcb *to)
{
    (void)from;
    arch_activate_vspace(to);
    vcpu_switch(to);
}

static inline void arch_switch_users(struct tcb *from, struct tcb *to)
{
    arch_switch(from, to);
}

#endif
