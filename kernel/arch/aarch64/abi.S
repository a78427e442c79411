/* SPDX-License-Identifier: MIT */
/*
 * What this kernel says about itself, for the image tool; nothing of it is loaded. The words and their order are those of
 * abi/boot/boot.h, BOOT_KERNEL_ABI; docs/spec/kernel-abi.md says what they mean.
 */
#include "config.h"

#define TRACE_PAGES 17 /* asserted in object/trace.c */

#define TEXT_OF(x) #x
#define VALUE_OF(x) TEXT_OF(x)

    .section .lx_kernel_abi, "", %progbits
    .ascii "sel4=16.0.0 arch=aarch64 el=2 mcs=1 cores=1 root_cnode_bits=" VALUE_OF(KERNEL_ROOT_CNODE_BITS)

    /* Of the image, what never changes: boot.c gives the root task frames of it. */
    .section .lx_kernel_code, "", %progbits
    .quad image_start
    .quad rodata_end

#if KERNEL_TRACE
    /* How many pages the trace has, for whoever reads it. */
    .section .lx_kernel_trace, "", %progbits
    .quad TRACE_PAGES
#endif
