/* SPDX-License-Identifier: MIT */
/**
 * The first instructions: the header by which QEMU and boot loaders know an AArch64 image, checks of the machine's state,
 * a stack, zeroed memory, vectors. Entered with the MMU off, x0 = device tree. loader.c does the rest.
 * Source: Linux Documentation/arch/arm64/booting.rst (the header); Arm ARM DDI 0487 for the registers.
 */
    .section .head, "ax"
    .global loader_start
loader_start:
    b       1f
    .word   0
    .quad   0                   // text_offset: at the next multiple of 2 MiB
    .quad   0                   // image_size, filled by the image tool
    .quad   0x2                 // little-endian, 4 KiB pages
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

1:  msr     daifset, #15
    mrs     x20, cntpct_el0
    mov     x21, x0
    mrs     x1, CurrentEL
    lsr     x1, x1, #2
    cmp     x1, #2
    b.ne    2f
    mov     x2, #0x33ff         // no traps of FP and SIMD
    msr     cptr_el2, x2
    ldr     x2, =loader_vectors
    msr     vbar_el2, x2
    b       3f
2:  mov     x2, #3 << 20
    msr     cpacr_el1, x2
3:  isb
    ldr     x2, =loader_stack_top
    mov     sp, x2
    mov     x29, xzr
    mov     x30, xzr
    ldr     x2, =loader_bss
    ldr     x3, =loader_bss_end
4:  stp     xzr, xzr, [x2], #16
    cmp     x2, x3
    b.lo    4b
    mov     x0, x21             // device tree
    mov     x2, x20             // ticks at the first instruction
    adr     x3, loader_start    // where we are
    bl      loader_main         // (device tree, exception level, ticks, position); does not return
5:  wfi
    b       5b

/* ---- exceptions: all are fatal; the address and the reason go to loader_fault ----------------------------------------- */

    .balign 2048
loader_vectors:
    .rept   16
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    b       loader_exception
    .balign 128
    .endr
loader_exception:
    ldr     x3, =loader_stack_top
    mov     sp, x3
    bl      loader_fault
    b       5b

/* loader_enter(kernel entry, registers x0..x5): jumps, with the MMU on. */
    .text
    .global loader_enter
loader_enter:
    mov     x9, x0
    ldp     x4, x5, [x1, #32]
    ldp     x2, x3, [x1, #16]
    ldp     x0, x1, [x1]
    mov     x29, xzr
    mov     x30, xzr
    br      x9

    .bss
    .balign 16
    .space  32768
    .global loader_stack_top
loader_stack_top:

    .section .note.GNU-stack, "", %progbits
