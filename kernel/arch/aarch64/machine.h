/* SPDX-License-Identifier: MIT */
/** Private to arch/aarch64: how its files reach each other. */
#ifndef KERNEL_AARCH64_MACHINE_H
#define KERNEL_AARCH64_MACHINE_H

#include "klib/klib.h"
#include "object/objects.h"
#include "plat.h"

/** Device registers are mapped at the kernel's window, like memory. */
static inline volatile uint32_t *device_register(paddr_t address)
{
    return (volatile uint32_t *)(address + 0x8000000000ull);
}

void gic_init(void);

/** Builds the kernel's own translation table and switches to it. */
void mmu_init(void);

/** Sets the registers of EL2 and EL1 that do not change afterwards. */
void machine_init(void);

void arch_fpu_store(struct fpu_state *to);
void arch_fpu_load(const struct fpu_state *from);

extern char arch_vectors[];

#endif
