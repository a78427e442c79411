/* SPDX-License-Identifier: MIT */
/**
 * Check: the invariants of the kernel's data (kernel/README.md), verified from outside over the simulated machine. Runs after
 * every step of the host tests; not part of the kernel.
 * Owns:   scratch tables.    Uses: every object, arch/host.
 * Limits: CHECK_SLOTS_MAX capabilities; O(capabilities x (untypeds + threads)).
 */
#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

#include "object/objects.h"

enum { CHECK_SLOTS_MAX = 16384 };

/**
 * @param root_slots the slots of the first CNode, which lies in memory that no untyped covers
 * @return NULL, or the rule that is broken, as a sentence
 */
const char *kernel_check(struct slot *root_slots, size_t root_slot_count);

/** The thread that kernel_check found fault with, and the slot; for messages. */
extern const void *kernel_check_culprit;

#endif
