/* SPDX-License-Identifier: MIT */
/**
 * The machine under user threads: control registers, switching, exceptions, TLB, caches.
 * Source: Arm ARM DDI 0487 (register fields by name); docs/spec/kernel-abi.md for what user level may see.
 */
#include "arch/aarch64/machine.h"

#include "api/syscall.h"
#include "arch.h"
#include "arch/aarch64/offsets.h"
#include "arch_switch.h"
#include "object/trace.h"
#include "object/vcpu.h"
#include "object/vspace.h"

_Static_assert(offsetof(struct tcb, regs) == 0, "entry.S saves to the start of a TCB");
_Static_assert(offsetof(struct registers, sp) == 248, "entry.S");
_Static_assert(offsetof(struct registers, pc) == 256, "entry.S");
_Static_assert(offsetof(struct registers, fault_pc) == 272, "entry.S");

/* ---- registers that are set once ------------------------------------------------------------------------------------------- */

/* 40-bit input in three levels from level 1, 4 KiB granule, write-back walks, 40-bit output. */
#define VTCR (bit(31) | 2ull << 16 | 1ull << 10 | 1ull << 8 | 1ull << 6 | 24)

#define CPTR_BASE 0x33ffull
#define CPTR_TRAP_FPU bit(10)

/* The root of threads without an address space: everything faults. */
static uint64_t empty_vspace[1 << seL4_VSpaceIndexBits] __attribute__((aligned(1 << seL4_VSpaceBits)));

void machine_init(void)
{
    WRITE_SYSREG(vbar_el2, arch_vectors);
    WRITE_SYSREG(hcr_el2, HCR_NATIVE);
    WRITE_SYSREG(vtcr_el2, VTCR);
    WRITE_SYSREG(sctlr_el1, SCTLR_EL1_NATIVE);
    WRITE_SYSREG(cpacr_el1, CPACR_NATIVE);
    WRITE_SYSREG(hstr_el2, 0);
    WRITE_SYSREG(mdcr_el2, READ_SYSREG(mdcr_el2) & mask(5)); /* HPMN stays; nothing is left to EL1 or EL0 */
    WRITE_SYSREG(pmuserenr_el0, 0);
    WRITE_SYSREG(mdscr_el1, 0);
    WRITE_SYSREG(cnthctl_el2, 3); /* physical counter and timer below EL2, as cntkctl_el1 allows */
    WRITE_SYSREG(cntvoff_el2, 0);
    WRITE_SYSREG(cntv_ctl_el0, 0);
    WRITE_SYSREG(cntp_ctl_el0, 0);
    WRITE_SYSREG(cnthp_cval_el2, UINT64_MAX);
    WRITE_SYSREG(cnthp_ctl_el2, 1);
    WRITE_SYSREG(tpidr_el0, 0);
    WRITE_SYSREG(tpidrro_el0, 0);
    WRITE_SYSREG(cptr_el2, CPTR_BASE | CPTR_TRAP_FPU);
    kernel.loaded_mode = ARCH_MODE_NATIVE;
    WRITE_SYSREG(cntkctl_el1, kernel.loaded_mode);
    kernel.loaded_vspace = kptr_address(empty_vspace);
    WRITE_SYSREG(vttbr_el2, kernel.loaded_vspace);
    __asm__ volatile("tlbi alle1\n\tdsb nsh\n\tisb" : : : "memory");
}

/* ---- switching ----------------------------------------------------------------------------------------------------------------- */

uint64_t arch_rare_vttbr(const struct tcb *t)
{
    struct active_vspace space = vspace_activate(t);
    return space.root != 0 ? space.root | (uint64_t)space.vmid << 48 : kptr_address(empty_vspace);
}

void arch_load_mode(const struct tcb *t)
{
    WRITE_SYSREG(cptr_el2, (t->mode & ARCH_MODE_FPU) != 0 ? CPTR_BASE : CPTR_BASE | CPTR_TRAP_FPU);
    if (unlikely(((t->mode | kernel.loaded_mode) & ARCH_MODE_GUEST) != 0)) {
        if (t->vcpu != NULL) {
            (void)vspace_activate(t); /* a guest runs in it now */
        }
        vcpu_switch(t);
    }
    kernel.loaded_mode = ARCH_MODE_GUEST_RUNS;
    if (t->vcpu == NULL) {
        kernel.loaded_mode = t->mode;
        WRITE_SYSREG(cntkctl_el1, t->mode & ARCH_MODE_TIMERS);
    }
}

void arch_activate_vspace(const struct tcb *t)
{
    arch_load_vspace(t);
}

void arch_load_thread_registers(const struct tcb *t)
{
    arch_put_thread_registers(t);
}

void arch_store_thread_registers(struct tcb *t)
{
    arch_get_thread_registers(t);
    t->regs.tpidrro_el0 = READ_SYSREG(tpidrro_el0);
}

void arch_forget_thread(struct tcb *t)
{
    if (kernel.fpu_owner == t) {
        kernel.fpu_owner = NULL;
        arch_mode_changed(t);
    }
}

void arch_mode_changed(struct tcb *t)
{
    bool foreign = (t->flags & seL4_TCBFlag_foreignSyscalls) != 0;
    t->mode = t->vcpu != NULL ? ARCH_MODE_GUEST : foreign ? ARCH_MODE_FOREIGN : ARCH_MODE_NATIVE;
    if (t == kernel.fpu_owner && (t->flags & seL4_TCBFlag_fpuDisabled) == 0) {
        t->mode |= ARCH_MODE_FPU;
    }
    if (t == kernel.current) {
        arch_load_controls(t);
    }
}

_Static_assert(offsetof(struct kernel_state, current) == 0, "entry.S");
_Static_assert(offsetof(struct tcb, state) == TCB_STATE_OFFSET && THREAD_IDLE == 7, "entry.S");

void arch_wait(void);

void arch_wait(void)
{
    while (kernel.current->state == THREAD_IDLE) { /* interrupts are masked: one that is pending ends the wait */
        __asm__ volatile("dsb sy\n\twfi" : : : "memory");
        enter_interrupt();
    }
}

/* ---- exceptions ------------------------------------------------------------------------------------------------------------------- */

enum {
    EC_UNKNOWN = 0x00,
    EC_FPU_ACCESS = 0x07,
    EC_HVC = 0x16,
    EC_INSTRUCTION_ABORT = 0x20,
    EC_DATA_ABORT = 0x24,
};

/* The first use of the FPU since another thread used it: its registers change hands. */
static void give_fpu(struct tcb *t)
{
    struct tcb *before = kernel.fpu_owner;
    kernel.fpu_owner = t;
    arch_mode_changed(t);
    arch_isb();
    if (before != NULL) {
        arch_mode_changed(before);
        arch_fpu_store(&before->fpu);
    }
    arch_fpu_load(&t->fpu);
}

void arch_user_exception(uint64_t class, uint64_t syndrome);

void arch_user_exception(uint64_t class, uint64_t syndrome)
{
    struct tcb *t = kernel.current;
    switch (class) {
    case EC_FPU_ACCESS:
        if ((t->flags & seL4_TCBFlag_fpuDisabled) == 0) {
            trace_current(TRACE_ENTRY, TRACE_ENTRY_FPU, 0);
            give_fpu(t);
            return;
        }
        break;
    case EC_INSTRUCTION_ABORT:
    case EC_DATA_ABORT: {
        bool fetch = class == EC_INSTRUCTION_ABORT;
        uint64_t address = fetch ? t->regs.fault_pc : READ_SYSREG(far_el2);
        if (unlikely(t->vcpu != NULL)) {
            address = guest_fault_address(syndrome, address);
        }
        enter_vm_fault(address, syndrome, fetch);
        return;
    }
    case EC_HVC: /* the system call of a guest, whose svc is its own affair */
        t->regs.fault_pc -= 4;
        (void)enter_syscall(t);
        return;
    case EC_UNKNOWN:
        enter_user_exception(syndrome, 0);
        return;
    default:
        break;
    }
    enter_trap(syndrome);
}

void arch_user_error(uint64_t syndrome);

/* An error that the memory system reports late, or a state that user level cannot have: the thread gets it as an exception. */
void arch_user_error(uint64_t syndrome)
{
    enter_trap(syndrome);
}

/* ---- TLB ------------------------------------------------------------------------------------------------------------------------------ */

enum flush { FLUSH_PAGE, FLUSH_ALL, FLUSH_GUEST };

/* Invalidation works on the VMID that is loaded. */
static void with_vmid(uint8_t vmid, uint64_t page, enum flush what)
{
    uint64_t wanted = (uint64_t)vmid << 48 | kptr_address(empty_vspace);
    bool other = kernel.loaded_vspace >> 48 != vmid;
    __asm__ volatile("dsb ishst" : : : "memory");
    if (other) {
        WRITE_SYSREG(vttbr_el2, wanted);
        arch_isb();
    }
    switch (what) {
    case FLUSH_PAGE:
        __asm__ volatile("tlbi ipas2e1, %0\n\tdsb nsh\n\ttlbi vmalle1" : : "r"(page) : "memory");
        break;
    case FLUSH_ALL:
        __asm__ volatile("tlbi vmalls12e1" : : : "memory");
        break;
    case FLUSH_GUEST:
        __asm__ volatile("tlbi vmalle1" : : : "memory");
        break;
    }
    __asm__ volatile("dsb nsh\n\tisb" : : : "memory");
    if (other) {
        WRITE_SYSREG(vttbr_el2, kernel.loaded_vspace);
        arch_isb();
    }
}

void arch_tlb_flush_page(uint8_t vmid, uaddr_t address)
{
    with_vmid(vmid, address >> seL4_PageBits, FLUSH_PAGE);
}

void arch_tlb_flush_vmid(uint8_t vmid)
{
    with_vmid(vmid, 0, FLUSH_ALL);
}

void arch_tlb_flush_guest(uint8_t vmid)
{
    with_vmid(vmid, 0, FLUSH_GUEST);
}

/* ---- caches ------------------------------------------------------------------------------------------------------------------------------ */

enum { CACHE_LINE = 64 }; /* of Cortex-A53 and its successors; a smaller line would only cost time */

static void barrier(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

void arch_clear_memory(void *start, uint64_t len)
{
    uintptr_t at = (uintptr_t)start;
    uintptr_t end = at + len;
    if (!is_aligned(at | len, 6)) {
        memset(start, 0, len);
        return;
    }
    for (; at != end; at += CACHE_LINE) {
        __asm__ volatile("dc zva, %0\n\tdc cvac, %0" : : "r"(at) : "memory");
    }
    barrier();
}

void arch_cache_clean(void *start, uint64_t len)
{
    uintptr_t end = (uintptr_t)start + len;
    for (uintptr_t at = round_down((uintptr_t)start, 6); at < end; at += CACHE_LINE) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    barrier();
}

void arch_cache_clean_invalidate(void *start, uint64_t len)
{
    uintptr_t end = (uintptr_t)start + len;
    for (uintptr_t at = round_down((uintptr_t)start, 6); at < end; at += CACHE_LINE) {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
    barrier();
}

void arch_cache_unify(void *start, uint64_t len)
{
    uintptr_t end = (uintptr_t)start + len;
    for (uintptr_t at = round_down((uintptr_t)start, 6); at < end; at += CACHE_LINE) {
        __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    }
    barrier();
    /* All of the instruction cache: it is indexed by addresses that user level, not the kernel, fetches from. */
    __asm__ volatile("ic iallu" : : : "memory");
    barrier();
    arch_isb();
}

/* ---- firmware ------------------------------------------------------------------------------------------------------------------------------ */

void arch_smc(uint64_t words[8])
{
    register uint64_t x0 __asm__("x0") = words[0];
    register uint64_t x1 __asm__("x1") = words[1];
    register uint64_t x2 __asm__("x2") = words[2];
    register uint64_t x3 __asm__("x3") = words[3];
    register uint64_t x4 __asm__("x4") = words[4];
    register uint64_t x5 __asm__("x5") = words[5];
    register uint64_t x6 __asm__("x6") = words[6];
    register uint64_t x7 __asm__("x7") = words[7];
    __asm__ volatile(".inst 0xd4000003" /* smc #0: the assembler wants an EL3 that this CPU option lacks */
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
    words[4] = x4;
    words[5] = x5;
    words[6] = x6;
    words[7] = x7;
}
