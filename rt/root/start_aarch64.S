/* SPDX-License-Identifier: MIT */
/* The first instructions of the root task: x0 = BootInfo, no stack. */
    .section .text._start, "ax"
    .global _start
    .type _start, %function
_start:
    bti     c
    adrp    x1, root_stack_top
    add     sp, x1, :lo12:root_stack_top
    adrp    x1, tls_start
    add     x1, x1, :lo12:tls_start
    sub     x1, x1, #16
    msr     tpidr_el0, x1
    mov     x29, xzr
    mov     x30, xzr
    b       root_main
    .size _start, . - _start

    /* As large as tools/lxpack believes (sysfile.c). A page below it that is never mapped would need a hole in the image; the
     * image tool bounds the use of this stack instead and refuses a root task that could need more. */
    .bss
    .balign 16
    .space  16384
root_stack_top:

    .section .note.GNU-stack, "", %progbits
