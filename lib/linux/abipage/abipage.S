/* SPDX-License-Identifier: MIT */
/**
 * The ABI page: one page of code, the same in every process, verified like any program. It stores and loads the FP state of
 * threads, which no part of the system but the thread itself can reach, and it is what Linux programs know as the vDSO.
 * Owns:   nothing: it has no data.    Uses: abipage.h.
 * Limits: one page with its ELF headers; no relocations. Only the wall clock needs a system call.
 * Source: docs/design/linux-signals.md; AAPCS64; vdso(7)
 */
#include "abipage.h"

#define NR_RT_SIGRETURN 139
#define NR_CLOCK_GETTIME 113
#define NR_CLOCK_GETRES 114
#define NR_GETTIMEOFDAY 169
#define EINVAL 22

    /* A stub that starts at an offset of the page. */
    .macro at offset
    .org \offset - ABI_TEXT
    .Lstub\@:
    .set .Lstart, .Lstub\@
    .endm

    /* The svc that ends it, exactly where the server expects it. */
    .macro svc_at offset, stub
    .if (. - .Lstart) != (\offset - \stub)
    .error "the svc of a stub is not at its offset"
    .endif
    svc #0
    .endm

/* All of V0-V31, to or from a block at `base`: 8 bytes that are left alone, FPSR, FPCR, 32 registers of 16. */
#define PAIR(op, base, a, b) op q##a, q##b, [base, #(16 + 16 * a)];
#define EACH_PAIR(op, base)                                                                                            \
    PAIR(op, base, 0, 1) PAIR(op, base, 2, 3) PAIR(op, base, 4, 5) PAIR(op, base, 6, 7) PAIR(op, base, 8, 9)           \
    PAIR(op, base, 10, 11) PAIR(op, base, 12, 13) PAIR(op, base, 14, 15) PAIR(op, base, 16, 17)                        \
    PAIR(op, base, 18, 19) PAIR(op, base, 20, 21) PAIR(op, base, 22, 23) PAIR(op, base, 24, 25)                        \
    PAIR(op, base, 26, 27) PAIR(op, base, 28, 29) PAIR(op, base, 30, 31)

/* x8-x30, to or from [base]. */
    .macro callee_side op, one, base
    \op x8, x9, [\base]
    \op x10, x11, [\base, #16]
    \op x12, x13, [\base, #32]
    \op x14, x15, [\base, #48]
    \op x16, x17, [\base, #64]
    \op x18, x19, [\base, #80]
    \op x20, x21, [\base, #96]
    \op x22, x23, [\base, #112]
    \op x24, x25, [\base, #128]
    \op x26, x27, [\base, #144]
    \op x28, x29, [\base, #160]
    \one x30, [\base, #176]
    .endm

    .text
    .balign 16

    /* What unwinders recognise by these two instructions, so nothing may stand between them. */
    at ABI_SIGTRAMP
    .globl __kernel_rt_sigreturn
    .type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
    mov x8, #NR_RT_SIGRETURN
    svc #0
    .size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

    /* x2 = ucontext, x3 = handler, x4 = frame record, x5 = return address; x0 and x1 are the handler's. */
    at ABI_SIGENTRY
    add x6, x2, #ABI_UC_X8
    callee_side stp, str, x6
    stp x29, x30, [x4]
    add x6, x2, #ABI_UC_RECORDS
    EACH_PAIR(stp, x6)
    mrs x7, fpsr
    str w7, [x6, #8]
    mrs x7, fpcr
    str w7, [x6, #12]
    mov x29, x4
    mov x30, x5
    mov x17, x3
    br x17 /* x16 or x17: a target with a landing pad for calls accepts it */

    /* x0 = fpsimd record, sp = the frame. The svc's address says that all is back but what its answer sets: x0-x7, sp, pc. */
    at ABI_SIGLEAVE
    EACH_PAIR(ldp, x0)
    ldr w1, [x0, #8]
    msr fpsr, x1
    ldr w1, [x0, #12]
    msr fpcr, x1
    add x1, sp, #ABI_SIGFRAME_X8
    callee_side ldp, ldr, x1
    svc_at ABI_SIGLEAVE_SVC, ABI_SIGLEAVE

    at ABI_FORKSAVE
    EACH_PAIR(stp, x0)
    mrs x1, fpsr
    str w1, [x0, #8]
    mrs x1, fpcr
    str w1, [x0, #12]
    svc_at ABI_FORKSAVE_SVC, ABI_FORKSAVE

    at ABI_FORKENTRY
    EACH_PAIR(ldp, x0)
    ldr w1, [x0, #8]
    msr fpsr, x1
    ldr w1, [x0, #12]
    msr fpcr, x1
    svc_at ABI_FORKENTRY_SVC, ABI_FORKENTRY

    /* A program starts with clean FP state. */
    at ABI_EXECENTRY
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movi v\n\().2d, #0
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    movi v\n\().2d, #0
    .endr
    msr fpcr, xzr
    msr fpsr, xzr
    br x16

    /*
     * int clock_gettime(clock, struct timespec *): every clock that counts from the start of the system is the counter in
     * nanoseconds, by the same formula as the server's; the others are asked for.
     */
    at ABI_CLOCK_GETTIME
    .globl __kernel_clock_gettime
    .type __kernel_clock_gettime, %function
__kernel_clock_gettime:
    cmp w0, #7 /* BOOTTIME */
    ccmp w0, #1, #4, ne /* MONOTONIC */
    ccmp w0, #4, #4, ne /* MONOTONIC_RAW */
    ccmp w0, #6, #4, ne /* MONOTONIC_COARSE */
    b.ne 1f
    isb /* the counter is not read early */
    mrs x2, cntvct_el0
    mrs x3, cntfrq_el0
    udiv x4, x2, x3
    msub x2, x4, x3, x2
    mov w5, #0xca00
    movk w5, #0x3b9a, lsl #16 /* 10^9 */
    mul x2, x2, x5
    udiv x2, x2, x3
    stp x4, x2, [x1]
    mov w0, #0
    ret
1:  mov x8, #NR_CLOCK_GETTIME
    svc #0
    ret
    .size __kernel_clock_gettime, . - __kernel_clock_gettime

    .balign 16
    .globl __kernel_clock_getres
    .type __kernel_clock_getres, %function
__kernel_clock_getres:
    mov x8, #NR_CLOCK_GETRES
    svc #0
    ret
    .size __kernel_clock_getres, . - __kernel_clock_getres

    .balign 16
    .globl __kernel_gettimeofday
    .type __kernel_gettimeofday, %function
__kernel_gettimeofday:
    mov x8, #NR_GETTIMEOFDAY
    svc #0
    ret
    .size __kernel_gettimeofday, . - __kernel_gettimeofday

    .section .note.GNU-stack, "", %progbits
