/* SPDX-License-Identifier: MIT */
/*
 * Exception vectors and the way back to user level. While a thread runs, SP_EL2 points to its struct tcb, whose first member
 * is struct registers: the entry code needs no other register to find where to save.
 *
 * struct registers: x0..x30 at 0..240, sp 248, pc 256, spsr 264, fault_pc 272 (asserted in machine.c).
 */
#include "config.h"
#include "arch/aarch64/offsets.h"

    .arch armv8-a

    .macro save_registers
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x1, sp_el0
    stp     x30, x1, [sp, #240]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [sp, #256]
    .endm

    .macro restore_first_registers      /* x0 to x19 */
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp, #0]
    .endm

    .macro kernel_stack
    adrp    x4, kernel_stack_top
    add     sp, x4, :lo12:kernel_stack_top
    mov     x29, xzr                    /* a backtrace ends here */
    .endm

    .macro vector handler
    .balign 128
    b       \handler
    .endm

#if KERNEL_TRACE
    .macro trace_leaving
    bl      trace_exit
    .endm
#else
    .macro trace_leaving
    .endm
#endif

    .section .text.vectors, "ax"
    .balign 2048
    .global arch_vectors
arch_vectors:
    .rept 4                             /* from EL2 with SP_EL0: never */
    vector  from_kernel
    .endr
    .rept 4                             /* from EL2: our own mistake, or memory that failed */
    vector  from_kernel
    .endr
    vector  user_synchronous
    vector  user_interrupt
    vector  user_interrupt              /* FIQ: not used by the platform; taken as an interrupt */
    vector  user_error
    .rept 4                             /* AArch32: user level never runs it */
    vector  user_error
    .endr

    .text
user_synchronous:
    save_registers
    mrs     x1, esr_el2
    lsr     x0, x1, #26
    cmp     x0, #0x15                   /* svc from AArch64 */
    b.ne    1f
    sub     x2, x2, #4
    str     x2, [sp, #272]
    mov     x19, sp                     /* the thread */
    mov     x0, sp
    kernel_stack
    bl      enter_syscall
    cbz     w0, arch_return_to_user
    trace_leaving
    mov     sp, x19                     /* it goes on, and still has x20 to x28, sp, pc and spsr in the processor */
    ldr     x30, [sp, #240]
    ldr     x29, [sp, #232]
    restore_first_registers
    eret
1:  str     x2, [sp, #272]
    kernel_stack
    bl      arch_user_exception         /* (exception class, syndrome) */
    b       arch_return_to_user

user_interrupt:
    save_registers
    str     x2, [sp, #272]
    kernel_stack
    bl      enter_interrupt
    b       arch_return_to_user

user_error:
    save_registers
    str     x2, [sp, #272]
    kernel_stack
    mrs     x0, esr_el2
    bl      arch_user_error
    b       arch_return_to_user

from_kernel:
    /* Nothing is lost by using the registers: the report shows what matters. */
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    mov     x3, sp
    mov     x5, x29
    adrp    x4, panic_stack_top
    add     sp, x4, :lo12:panic_stack_top
    mov     x4, x5
    b       arch_kernel_exception

    /* Resumes kernel.current, or waits for an interrupt when it is the idle thread. */
    .global arch_return_to_user
arch_return_to_user:
    trace_leaving
    adrp    x0, kernel
    ldr     x0, [x0, #:lo12:kernel]     /* kernel.current */
    ldrb    w1, [x0, #TCB_STATE_OFFSET]
    cmp     w1, #7                      /* THREAD_IDLE */
    b.eq    2f
    mov     sp, x0
    ldp     x0, x1, [sp, #256]
    msr     elr_el2, x0
    msr     spsr_el2, x1
    ldp     x30, x2, [sp, #240]
    msr     sp_el0, x2
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    restore_first_registers
    eret
2:  bl      arch_wait
    b       arch_return_to_user

    /* void arch_fpu_store(struct fpu_state *), void arch_fpu_load(const struct fpu_state *) */
    .arch_extension fp
    .arch_extension simd
    .global arch_fpu_store
arch_fpu_store:
    stp     q0, q1, [x0, #0]
    stp     q2, q3, [x0, #32]
    stp     q4, q5, [x0, #64]
    stp     q6, q7, [x0, #96]
    stp     q8, q9, [x0, #128]
    stp     q10, q11, [x0, #160]
    stp     q12, q13, [x0, #192]
    stp     q14, q15, [x0, #224]
    stp     q16, q17, [x0, #256]
    stp     q18, q19, [x0, #288]
    stp     q20, q21, [x0, #320]
    stp     q22, q23, [x0, #352]
    stp     q24, q25, [x0, #384]
    stp     q26, q27, [x0, #416]
    stp     q28, q29, [x0, #448]
    stp     q30, q31, [x0, #480]
    mrs     x1, fpcr
    mrs     x2, fpsr
    str     w1, [x0, #512]
    str     w2, [x0, #516]
    ret

    .global arch_fpu_load
arch_fpu_load:
    ldp     q0, q1, [x0, #0]
    ldp     q2, q3, [x0, #32]
    ldp     q4, q5, [x0, #64]
    ldp     q6, q7, [x0, #96]
    ldp     q8, q9, [x0, #128]
    ldp     q10, q11, [x0, #160]
    ldp     q12, q13, [x0, #192]
    ldp     q14, q15, [x0, #224]
    ldp     q16, q17, [x0, #256]
    ldp     q18, q19, [x0, #288]
    ldp     q20, q21, [x0, #320]
    ldp     q22, q23, [x0, #352]
    ldp     q24, q25, [x0, #384]
    ldp     q26, q27, [x0, #416]
    ldp     q28, q29, [x0, #448]
    ldp     q30, q31, [x0, #480]
    ldr     w1, [x0, #512]
    ldr     w2, [x0, #516]
    msr     fpcr, x1
    msr     fpsr, x2
    ret

    /*
     * Kernel entry (docs/spec/kernel-abi.md): x0 root image start, x1 its end, x2 physical minus virtual address of the image,
     * x3 its entry, x4 device tree or 0, x5 its length. The MMU is on with the loader's tables.
     */
    .section .boot, "ax"
    .global _start
_start:
    msr     daifset, #15
    msr     spsel, #1
    isb
    adrp    x9, kernel_stack_top
    add     sp, x9, :lo12:kernel_stack_top
    mov     x29, xzr
    mov     x30, xzr
    bl      arch_boot
    b       arch_return_to_user

    .section .bss.stack, "aw", %nobits
    .balign 4096
    .global kernel_stack_guard
kernel_stack_guard:
    .skip   4096
    .skip   4096
kernel_stack_top:
    .skip   2048
panic_stack_top:
