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

/**
 * Where `count` objects of `object` bytes each fit behind the first `used` bytes of an untyped of `size` bytes.
 * @return false when they do not; *start_out: the offset of the first one, aligned to its size.
 */
/*@ requires object > 0 && used <= size && size % object == 0;
    requires \valid(start_out);
    assigns *start_out;
    ensures aligned: \result ==> *start_out % object == 0;
    ensures behind: \result ==> used <= *start_out < used + object;
    ensures fits: \result ==> *start_out + count * object <= size;
    ensures refused: !\result ==> size / object < used / object + (used % object != 0 ? 1 : 0) + count; */
static inline bool untyped_find_room(uint64_t size, uint64_t used, uint64_t object, uint64_t count, uint64_t *start_out)
{
    uint64_t taken = used / object + (used % object != 0 ? 1 : 0);
    if (size / object - taken < count) {
        return false;
    }
    *start_out = taken * object;
    return true;
}

/** @return true when preempted while it was clearing memory: do the same again. */
MUST_USE bool untyped_retype(const struct retype *r);

#endif
