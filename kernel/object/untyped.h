/* SPDX-License-Identifier: MIT */
/**
 * Untyped: turns raw memory into kernel objects.
 * Owns:   the watermark in each untyped capability.    Uses: cspace, thread, arch (clearing memory).
 * Limits: clearing is preemptible every 64 KiB; making the capabilities is O(objects), at most 256. No allocation.
 * Source: seL4 manual section 2.4 and 3.1.
 */
#ifndef KERNEL_OBJECT_UNTYPED_H
#define KERNEL_OBJECT_UNTYPED_H

#include "object/objects.h"

/** What a retype does, all of it proved. */
struct retype {
    struct slot *untyped;
    struct slot *destination; /**< `count` empty slots that lie together */
    uint64_t count;
    unsigned type;        /**< seL4_*Object */
    unsigned object_bits; /**< size of one object */
    unsigned user_bits;   /**< size as the user gave it: a CNode's radix */
    paddr_t start;        /**< of the first object, aligned to its size */
};

/** Size bits of one object of a type that exists; 64 or more when the user's size is absurd. */
unsigned untyped_object_bits(unsigned type, uint64_t user_bits);

/** @return true when preempted while it was clearing memory: do the same again. */
MUST_USE bool untyped_retype(const struct retype *r);

#endif
