/* SPDX-License-Identifier: MIT */
/*
 * What guests do, at EL1 and without a stack. Code and data lie where the component has them: the guest runs in its address space,
 * which is the guest's physical memory. The end of each is a system call that no kernel knows: a fault with the registers as its words.
 */
    .arch armv8-a
    .arch_extension fp

    .macro  guest name
    .balign 4
    .global \name
    .type   \name, %function
\name:
    .endm

    .macro  report
    mov     x7, #100
    hvc     #0
    .endm

    .text

    /* A system call without a message: x0 the capability, x1 the number */
    guest   guest_calls
    mov     x7, x1
    mov     x1, #0
    hvc     #77                         /* the number in the instruction is not looked at */
    report

    guest   guest_traps
    .inst   0xd4000003                  /* smc #0 */
    wfi
    svc     #7                          /* its own affair: see guest_vectors */
    report

    /* x0 = *x1 */
    guest   guest_reads
    ldr     x0, [x1]
    report

    /* The same behind its own translation: x2 TTBR0, x3 TCR, x4 MAIR */
    guest   guest_translates
    msr     ttbr0_el1, x2
    msr     tcr_el1, x3
    msr     mair_el1, x4
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    mrs     x5, sctlr_el1
    orr     x5, x5, #1
    msr     sctlr_el1, x5
    isb
    b       guest_reads

    guest   guest_spins
    add     x0, x0, #1
    b       guest_spins

    /* Takes virtual interrupts (x19: the registers of its interrupt controller) until two have come; x22 is the last one's number. */
    guest   guest_is_interrupted
    mov     w0, #0xf8
    str     w0, [x19, #4]               /* every priority */
    mov     w0, #1
    str     w0, [x19]
    mov     x23, #0
    msr     daifclr, #2
1:  cmp     x23, #2
    b.ne    1b
    report

    /* Takes one interrupt by reading and, after the report, ends it. */
    guest   guest_polls
    mov     w0, #0xf8
    str     w0, [x19, #4]
    mov     w0, #1
    str     w0, [x19]
    ldr     w0, [x19, #0xc]
    mov     w22, w0
    report
    str     w22, [x19, #0x10]
    report

    /* Sets its timer x0 ticks ahead and counts */
    guest   guest_sleeps
    mrs     x1, cntvct_el0
    add     x1, x1, x0
    msr     cntv_cval_el0, x1
    mov     x1, #1
    msr     cntv_ctl_el0, x1
    mov     x0, #0
    b       guest_spins

    /* Puts x0 into registers of all kinds, reports, and reports what they hold then */
    guest   guest_keeps
    msr     tpidr_el1, x0
    msr     ttbr1_el1, x0
    msr     sp_el0, x0
    mov     x1, #(3 << 20)
    msr     cpacr_el1, x1
    isb
    fmov    d8, x0
    report
    mrs     x0, tpidr_el1
    mrs     x1, ttbr1_el1
    mrs     x2, sp_el0
    fmov    x3, d8
    report

    .balign 2048
    .global guest_vectors
guest_vectors:
    .rept   4                           /* with SP_EL0: never */
    .balign 128
    b       .
    .endr
    .balign 128                         /* synchronous */
    mrs     x20, esr_el1
    eret
    .balign 128                         /* interrupt */
    ldr     w22, [x19, #0xc]
    str     w22, [x19, #0x10]
    add     x23, x23, #1
    eret
    .rept   10
    .balign 128
    b       .
    .endr

    .section .note.GNU-stack, "", %progbits
