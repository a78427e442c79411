/* SPDX-License-Identifier: MIT */
/* The first instructions of a component. The root task has set pc and sp; all other registers are 0. */
    .section .text._start, "ax"
    .global _start
    .type _start, %function
_start:
    bti     c
    adrp    x0, tls_start
    add     x0, x0, :lo12:tls_start
    sub     x0, x0, #16
    msr     tpidr_el0, x0
    mov     x29, xzr
    mov     x30, xzr
    b       rt_main
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
