/* SPDX-License-Identifier: MIT */
/**
 * The four memory functions. Up to 128 bytes are loaded whole before the first store, so overlap does not matter; longer
 * moves go forward or backward in steps of 64 bytes, and the piece at the far end is loaded before the loop runs over it.
 * Registers: x0 is kept as the result; v0..v7 and v16..v23 need not be saved (AAPCS64 section 6.1.2).
 */
    .text

.macro function name
    .section .text.\name, "ax"
    .balign 16
    .global \name
    .type \name, %function
\name:
    bti c
.endm
.macro end_function name
    .size \name, . - \name
.endm

function memcpy
    .global memmove
    .type memmove, %function
    .set memmove, memcpy
    add     x4, x1, x2          // ends
    add     x5, x0, x2
    cmp     x2, #16
    b.lo    .Lunder_16
    cmp     x2, #32
    b.hi    .Lover_32
    ldr     q0, [x1]
    ldr     q1, [x4, #-16]
    str     q0, [x0]
    str     q1, [x5, #-16]
    ret
.Lover_32:
    cmp     x2, #64
    b.hi    .Lover_64
    ldp     q0, q1, [x1]
    ldp     q2, q3, [x4, #-32]
    stp     q0, q1, [x0]
    stp     q2, q3, [x5, #-32]
    ret
.Lover_64:
    ldp     q16, q17, [x4, #-64]
    ldp     q18, q19, [x4, #-32]
    cmp     x2, #128
    b.hi    .Lover_128
    ldp     q0, q1, [x1]
    ldp     q2, q3, [x1, #32]
    stp     q0, q1, [x0]
    stp     q2, q3, [x0, #32]
    stp     q16, q17, [x5, #-64]
    stp     q18, q19, [x5, #-32]
    ret
.Lover_128:
    sub     x3, x0, x1
    cmp     x3, x2
    b.lo    .Lbackward          // the destination starts inside the source
    mov     x3, x0
    sub     x2, x2, #64         // the last 64 bytes, or fewer, are in q16..q19
1:  ldp     q0, q1, [x1]
    ldp     q2, q3, [x1, #32]
    add     x1, x1, #64
    stp     q0, q1, [x3]
    stp     q2, q3, [x3, #32]
    add     x3, x3, #64
    subs    x2, x2, #64
    b.hi    1b
    stp     q16, q17, [x5, #-64]
    stp     q18, q19, [x5, #-32]
    ret
.Lbackward:
    ldp     q20, q21, [x1]      // the first 64 bytes, stored last
    ldp     q22, q23, [x1, #32]
    sub     x2, x2, #64
2:  ldp     q0, q1, [x4, #-32]
    ldp     q2, q3, [x4, #-64]
    sub     x4, x4, #64
    stp     q0, q1, [x5, #-32]
    stp     q2, q3, [x5, #-64]
    sub     x5, x5, #64
    subs    x2, x2, #64
    b.hi    2b
    stp     q20, q21, [x0]
    stp     q22, q23, [x0, #32]
    ret
.Lunder_16:
    tbz     x2, #3, 3f
    ldr     x6, [x1]
    ldr     x7, [x4, #-8]
    str     x6, [x0]
    str     x7, [x5, #-8]
    ret
3:  tbz     x2, #2, 4f
    ldr     w6, [x1]
    ldr     w7, [x4, #-4]
    str     w6, [x0]
    str     w7, [x5, #-4]
    ret
4:  cbz     x2, 5f              // 1, 2 or 3 bytes: first, middle and last
    lsr     x3, x2, #1
    ldrb    w6, [x1]
    ldrb    w7, [x4, #-1]
    ldrb    w8, [x1, x3]
    strb    w6, [x0]
    strb    w8, [x0, x3]
    strb    w7, [x5, #-1]
5:  ret
end_function memcpy

function memset
    and     w1, w1, #255
    add     x5, x0, x2
    dup     v0.16b, w1
    cmp     x2, #16
    b.lo    .Lset_under_16
    str     q0, [x0]
    str     q0, [x5, #-16]
    cmp     x2, #32
    b.ls    9f
    sub     x4, x5, #64
    bic     x3, x0, #15
    add     x3, x3, #16         // aligned to 16 from here
    cbnz    w1, .Lset_loop
    cmp     x2, #512
    b.lo    .Lset_loop
    mrs     x6, dczid_el0
    cmp     x6, #4              // DC ZVA allowed, and 64 bytes a time
    b.ne    .Lset_loop
6:  tst     x3, #63
    b.eq    7f
    str     q0, [x3], #16
    b       6b
7:  dc      zva, x3
    add     x3, x3, #64
    cmp     x3, x4
    b.ls    7b
.Lset_loop:
    cmp     x3, x4
    b.hi    8f
    stp     q0, q0, [x3]
    stp     q0, q0, [x3, #32]
    add     x3, x3, #64
    b       .Lset_loop
8:  sub     x6, x5, x3          // fewer than 64 bytes are left, in steps of 16; the last 16 are already set
    cmp     x6, #16
    b.lt    9f
    str     q0, [x3], #16
    b       8b
9:  ret
.Lset_under_16:
    fmov    x6, d0
    tbz     x2, #3, 10f
    str     x6, [x0]
    str     x6, [x5, #-8]
    ret
10: tbz     x2, #2, 11f
    str     w6, [x0]
    str     w6, [x5, #-4]
    ret
11: cbz     x2, 12f
    lsr     x3, x2, #1
    strb    w6, [x0]
    strb    w6, [x0, x3]
    strb    w6, [x5, #-1]
12: ret
end_function memset

function memcmp
    subs    x2, x2, #8
    b.lo    14f
13: ldr     x3, [x0], #8
    ldr     x4, [x1], #8
    cmp     x3, x4
    b.ne    16f
    subs    x2, x2, #8
    b.hs    13b
14: adds    x2, x2, #8          // 0 to 7 bytes are left
    b.eq    17f
15: ldrb    w3, [x0], #1
    ldrb    w4, [x1], #1
    subs    w5, w3, w4
    b.ne    18f
    subs    x2, x2, #1
    b.ne    15b
17: mov     w0, #0
    ret
16: rev     x3, x3              // the first byte in memory decides, so it must be the highest
    rev     x4, x4
    cmp     x3, x4
    mov     w5, #1
    cneg    w5, w5, lo
18: mov     w0, w5
    ret
end_function memcmp

    .section .note.GNU-stack, "", %progbits
