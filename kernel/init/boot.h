/* SPDX-License-Identifier: MIT */
/**
 * Boot: makes the root task and hands it all memory that the kernel does not keep.
 * Owns:   nothing after it is done.    Uses: every object.
 * Source: seL4 manual chapter 9; docs/spec/kernel-abi.md (order of slots, layout behind the image).
 */
#ifndef KERNEL_INIT_BOOT_H
#define KERNEL_INIT_BOOT_H

#include "klib/klib.h"

struct region {
    paddr_t start;
    paddr_t end; /**< exclusive */
};

/** What the loader said, and what the architecture knows. Addresses are page-aligned but for the device tree. */
struct boot_input {
    struct region root_image;
    uint64_t physical_minus_virtual; /**< of the root image; wraps */
    uaddr_t entry;
    struct region device_tree; /**< empty: none */
    struct region kernel_image;
    struct region kernel_code; /**< of the image: what never changes, and user level may read; empty: nothing */
    struct region ram;
    const struct region *kernel_devices; /**< device pages that user level must not have, in order */
    unsigned kernel_device_count;
    uint64_t physical_bits; /**< device memory ends at 2^physical_bits */
    unsigned timer_irq;
};

/** @return false when the memory or the image is not what a root task needs; nothing can be done then. */
MUST_USE bool boot_make_root_task(const struct boot_input *in);

#endif
