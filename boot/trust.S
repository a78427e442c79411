/* SPDX-License-Identifier: MIT */
/* The public key whose signature over an image this loader believes; the build gives the file's name. */
    .section .rodata.loader_trust_key, "a"
    .global loader_trust_key
    .balign 8
loader_trust_key:
    .incbin TRUST_KEY_FILE
    .if . - loader_trust_key - 32
    .error "the key file must have 32 bytes"
    .endif

    .section .note.GNU-stack, "", %progbits
