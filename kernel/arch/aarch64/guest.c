/* SPDX-License-Identifier: MIT */
/**
 * What of a guest the machine holds: EL1's registers, its timer, its mode.
 * Source: Arm ARM DDI 0487 (register fields by name; D13 for HPFAR_EL2 and PAR_EL1); docs/spec/kernel-abi.md section 8.
 */
#include "arch.h"
#include "arch/aarch64/machine.h"

/* SCTLR_EL1 of a new VCPU: MMU and caches off, the reserved bits as Cortex-A53 and A57 have them, EL0 may use no cache operation. */
#define SCTLR_EL1_RESET 0x34d58820ull

/* The lazy registers: what EL0 of a thread that is no guest does not depend on. Two are said to have 32 bits. */
#define LAZY_REGISTERS(X)                                                                                              \
    X(TTBR0, ttbr0_el1, uint64_t)                                                                                      \
    X(TTBR1, ttbr1_el1, uint64_t)                                                                                      \
    X(TCR, tcr_el1, uint64_t)                                                                                          \
    X(MAIR, mair_el1, uint64_t)                                                                                        \
    X(AMAIR, amair_el1, uint64_t)                                                                                      \
    X(CIDR, contextidr_el1, uint32_t)                                                                                  \
    X(ACTLR, actlr_el1, uint64_t)                                                                                      \
    X(AFSR0, afsr0_el1, uint64_t)                                                                                      \
    X(AFSR1, afsr1_el1, uint64_t)                                                                                      \
    X(ESR, esr_el1, uint32_t)                                                                                          \
    X(FAR, far_el1, uint64_t)                                                                                          \
    X(PAR, par_el1, uint64_t)                                                                                          \
    X(VBAR, vbar_el1, uint64_t)                                                                                        \
    X(TPIDR_EL1, tpidr_el1, uint64_t)                                                                                  \
    X(VMPIDR_EL2, vmpidr_el2, uint64_t)                                                                                \
    X(SP_EL1, sp_el1, uint64_t)                                                                                        \
    X(ELR_EL1, elr_el1, uint64_t)                                                                                      \
    X(SPSR_EL1, spsr_el1, uint64_t)

#define LOAD(name, reg, type) WRITE_SYSREG(reg, v->regs[seL4_VCPUReg_##name]);
#define STORE(name, reg, type) v->regs[seL4_VCPUReg_##name] = (type)READ_SYSREG(reg);
#define READ(name, reg, type)                                                                                          \
    case seL4_VCPUReg_##name:                                                                                          \
        return (type)READ_SYSREG(reg);
#define WRITE(name, reg, type)                                                                                         \
    case seL4_VCPUReg_##name:                                                                                          \
        WRITE_SYSREG(reg, value);                                                                                      \
        break;

void arch_vcpu_init(struct vcpu *v)
{
    v->regs[seL4_VCPUReg_SCTLR] = SCTLR_EL1_RESET;
}

void arch_vcpu_load(const struct vcpu *v)
{
    LAZY_REGISTERS(LOAD)
    WRITE_SYSREG(csselr_el1, v->csselr);
    gic_guest_load(v);
}

void arch_vcpu_store(struct vcpu *v)
{
    LAZY_REGISTERS(STORE)
    v->csselr = READ_SYSREG(csselr_el1);
    gic_guest_store(v);
}

uint64_t arch_vcpu_read(unsigned reg)
{
    switch (reg) {
        LAZY_REGISTERS(READ)
    default:
        kernel_panic("a register that is not lazy", __FILE__, __LINE__);
    }
}

void arch_vcpu_write(unsigned reg, uint64_t value)
{
    switch (reg) {
        LAZY_REGISTERS(WRITE)
    default:
        kernel_panic("a register that is not lazy", __FILE__, __LINE__);
    }
}

void arch_vcpu_enter(const struct vcpu *v)
{
    WRITE_SYSREG(sctlr_el1, v->regs[seL4_VCPUReg_SCTLR]);
    WRITE_SYSREG(cpacr_el1, v->regs[seL4_VCPUReg_CPACR]);
    WRITE_SYSREG(cntkctl_el1, v->regs[seL4_VCPUReg_CNTKCTL_EL1]);
    WRITE_SYSREG(cntvoff_el2, v->regs[seL4_VCPUReg_CNTVOFF]);
    WRITE_SYSREG(cntv_cval_el0, v->regs[seL4_VCPUReg_CNTV_CVAL]);
    WRITE_SYSREG(cntv_ctl_el0, v->regs[seL4_VCPUReg_CNTV_CTL]);
    WRITE_SYSREG(mdscr_el1, v->mdscr);
    WRITE_SYSREG(pmuserenr_el0, v->pmuserenr);
    WRITE_SYSREG(hcr_el2, HCR_GUEST);
    arch_irq_mask(ARCH_GUEST_TIMER_IRQ, v->timer_masked);
    gic_guest_enable(true);
}

/* Without its timer and virtual interrupts a guest's lines are low: nobody else is interrupted by them. */
void arch_vcpu_leave(struct vcpu *v)
{
    gic_guest_enable(false);
    v->tcb->regs.tpidrro_el0 = READ_SYSREG(tpidrro_el0);
    v->regs[seL4_VCPUReg_SCTLR] = READ_SYSREG(sctlr_el1);
    v->regs[seL4_VCPUReg_CPACR] = READ_SYSREG(cpacr_el1);
    v->regs[seL4_VCPUReg_CNTKCTL_EL1] = READ_SYSREG(cntkctl_el1);
    v->regs[seL4_VCPUReg_CNTV_CVAL] = READ_SYSREG(cntv_cval_el0);
    v->regs[seL4_VCPUReg_CNTV_CTL] = READ_SYSREG(cntv_ctl_el0);
    v->mdscr = READ_SYSREG(mdscr_el1);
    v->pmuserenr = READ_SYSREG(pmuserenr_el0);
    WRITE_SYSREG(cntv_ctl_el0, 0);
    WRITE_SYSREG(cntvoff_el2, 0);
    WRITE_SYSREG(mdscr_el1, 0); /* no breakpoint or step that a guest set is one of another thread */
    WRITE_SYSREG(pmuserenr_el0, 0);
    WRITE_SYSREG(cpacr_el1, CPACR_NATIVE);
    WRITE_SYSREG(sctlr_el1, SCTLR_EL1_NATIVE);
    WRITE_SYSREG(hcr_el2, HCR_NATIVE);
}

/* ---- aborts ---------------------------------------------------------------------------------------------------------------- */

/* Where stage 1 leads; PAR_EL1 is the guest's. */
static uint64_t translated(uint64_t address)
{
    enum { PAR_FAILED = 1 };
    uint64_t kept = READ_SYSREG(par_el1);
    __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(address) : "memory");
    uint64_t par = READ_SYSREG(par_el1);
    WRITE_SYSREG(par_el1, kept);
    if ((par & PAR_FAILED) != 0) {
        return address;
    }
    return (par & mask(48) & ~mask(seL4_PageBits)) | (address & mask(seL4_PageBits));
}

uint64_t guest_fault_address(uint64_t syndrome, uint64_t address)
{
    enum { ADDRESS_SIZE = 0, TRANSLATION, ACCESS_FLAG, PERMISSION };
    bool on_walk = (syndrome >> 7 & 1) != 0;
    switch (syndrome >> 2 & 15) {
    case PERMISSION:
        if (!on_walk) {
            return translated(address); /* HPFAR_EL2 says nothing then */
        }
        break;
    case ADDRESS_SIZE:
    case TRANSLATION:
    case ACCESS_FLAG:
        break;
    default:
        return address;
    }
    return (READ_SYSREG(hpfar_el2) & mask(40)) >> 4 << seL4_PageBits | (address & mask(seL4_PageBits));
}
