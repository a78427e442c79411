/* SPDX-License-Identifier: MIT */
/* What a guest does in virtual.c: at EL1, without its MMU; copied to a page of its own, so it knows no addresses but devices'. */
    .section .rodata.guest, "a"
    .balign 8
    .global guest_calls, guest_traps, guest_sets_timer, guest_takes_interrupt, guest_end

guest_calls:
    mov     x7, #0x42
    hvc     #7

guest_traps:
    smc     #3
    smc     #3

guest_sets_timer:
    mov     x0, #100
    msr     cntv_tval_el0, x0
    mov     x0, #1
    msr     cntv_ctl_el0, x0
    isb
    b       .

/* Enables its interrupt controller, takes one interrupt, and ends it after a trap. */
guest_takes_interrupt:
    movz    x1, #0x0801, lsl #16
    mov     w0, #0xff
    str     w0, [x1, #4]
    mov     w0, #1
    str     w0, [x1]
1:  ldr     w0, [x1, #0xc]
    and     w2, w0, #0x3ff
    cmp     w2, #1020
    b.hs    1b
    smc     #3
    str     w0, [x1, #0x10]
    smc     #3
guest_end:

    .section .note.GNU-stack, "", %progbits
