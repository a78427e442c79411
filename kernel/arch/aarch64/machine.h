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

/** Whether guests' interrupts may interrupt, with the list registers that are loaded. */
void gic_guest_enable(bool enabled);
void gic_guest_load(const struct vcpu *v);
void gic_guest_store(struct vcpu *v);

/** What HCR_EL2, SCTLR_EL1 and CPACR_EL1 hold while no guest runs. */
#define HCR_COMMON                                                                                                     \
    (bit(0) /* VM: stage 2 */ | bit(1) /* SWIO */ | bit(3) /* FMO */ | bit(4) /* IMO */ | bit(5) /* AMO */ |            \
     bit(19) /* TSC: smc traps */ | bit(31) /* RW */)
#define HCR_NATIVE                                                                                                     \
    (HCR_COMMON | bit(12) /* DC: cacheable without stage 1 */ | bit(21) /* TACR */ | bit(25) /* TTLB */ |              \
     bit(26) /* TVM */ | bit(27) /* TGE */)
#define HCR_GUEST (HCR_COMMON | bit(13) /* TWI: wfi traps */ | bit(14) /* TWE: wfe traps */)

/* EL0: cache maintenance by address, CTR, DC ZVA, WFI and WFE allowed. Reserved-one bits as the architecture says. */
#define SCTLR_EL1_NATIVE                                                                                               \
    (0x30d00800ull | bit(26) /* UCI */ | bit(18) /* nTWE */ | bit(16) /* nTWI */ | bit(15) /* UCT */ | bit(14) /* DZE */)
#define CPACR_NATIVE (3ull << 20)

/** The guest-physical address of an abort at `address` of the running guest. */
uint64_t guest_fault_address(uint64_t syndrome, uint64_t address);

/** Builds the kernel's own translation table and switches to it. */
void mmu_init(void);

/** Sets the registers of EL2 and EL1 that do not change afterwards. */
void machine_init(void);

void arch_fpu_store(struct fpu_state *to);
void arch_fpu_load(const struct fpu_state *from);

extern char arch_vectors[];

#endif
