/* SPDX-License-Identifier: MIT */
/**
 * Capability spaces: address resolution, the derivation list, and deletion (delete.c).
 *
 * Owns:   every struct slot: its capability and its links.    Uses: objects.h; delete.c knows what ends with a capability.
 * Limits: resolution is O(64); revocation and deletion of CNodes are long and preemptible, without recursion.
 * Source: seL4 manual chapter 3.
 */
#ifndef KERNEL_OBJECT_CSPACE_H
#define KERNEL_OBJECT_CSPACE_H

#include "arch.h"

/* ---- resolution */

/** The slot that an address names, or why there is none. */
struct resolved {
    struct slot *slot; /**< NULL: see failure */
    unsigned bits_left; /**< address bits behind a slot that holds no CNode */
    struct lookup_failure failure;
};

struct resolved cspace_resolve(struct cap root, uint64_t address, unsigned depth);

/** Resolves all 64 bits in the capability space of `t`, as an invocation does. */
struct resolved cspace_lookup(const struct tcb *t, uint64_t address);

/** The slot that cspace_lookup() finds, or NULL. */
struct slot *cspace_find_any(const struct tcb *t, uint64_t address);

/**
 * The same: for where a failure is rare, and then looked up again to learn why. Quick in the
 * usual space, of one CNode that resolves all 64 bits.
 */
static inline struct slot *cspace_find(const struct tcb *t, uint64_t address)
{
    struct cap root = t->slots[TCB_CSPACE].cap;
    unsigned radix = cap_bits(root);
    if (unlikely(cap_type(root) != CAP_CNODE || radix + cap_cnode_guard_bits(root) != 64)) {
        return cspace_find_any(t, address);
    }
    return address >> radix == cap_cnode_guard(root) ? (struct slot *)kptr(cap_address(root)) + (address & mask(radix)) : NULL;
}

static inline struct lookup_failure lookup_missing(unsigned bits_left)
{
    return (struct lookup_failure){.type = seL4_MissingCapability, .bits_left = (uint8_t)bits_left};
}

/** The empty slot that `t` offers for a capability that it receives, or NULL. */
struct slot *cspace_receive_slot(const struct tcb *t, const struct seL4_IPCBuffer *buffer);

/* ---- derivation */

/** Puts `cap`, derived from the one in `source`, into the empty slot `to`. */
void slot_insert(struct cap cap, struct slot *source, struct slot *to);

/** Puts `cap`, a new object, into the empty slot `to` as a child of `parent`. */
void slot_insert_child(struct cap cap, struct slot *parent, struct slot *to);

/** Puts `cap`, which has no parent, into the empty slot `to`. */
void slot_insert_root(struct cap cap, struct slot *to);

/** Moves; `cap` is what stands in `from` or a mutation of it. */
void slot_move(struct cap cap, struct slot *from, struct slot *to);

/** Exchanges two slots; `cap_a` goes to `b` and `cap_b` to `a`. */
void slot_swap(struct cap cap_a, struct slot *a, struct cap cap_b, struct slot *b);

/** True if `child`, which stands somewhere behind `parent` in the list, was derived from it. */
bool slot_is_parent_of(const struct slot *parent, const struct slot *child);
bool slot_has_children(const struct slot *s);

/** True if no other capability refers to the same object. */
bool slot_is_final(const struct slot *s);

/** True when `b` refers to the object of `a` or a part of it. */
bool cap_covers(struct cap a, struct cap b);

/* ---- what may become of a capability when it is copied */

struct cap cap_mask_rights(struct cap cap, uint64_t rights);

/** Sets badge or guard. Null if the data does not fit. `keep_badge`: mutate and rotate cannot change a badge. */
struct cap cap_update_data(struct cap cap, uint64_t data, bool keep_badge);

/** The copy of `cap` (which stands in `s`, possibly with fewer rights): *out is null where none may exist. 0 or an error. */
MUST_USE int cap_derive(const struct slot *s, struct cap cap, struct cap *out);

/* ---- deletion: true means preempted, and the same call must be made again */

MUST_USE bool slot_delete(struct slot *s);
MUST_USE bool slot_revoke(struct slot *s);

/** True if deleting may take long: the last capability to a CNode or thread, or a zombie. */
bool slot_delete_is_long(const struct slot *s);

/** Deletes a capability whose end is short: not a CNode's, TCB's or zombie's. */
void slot_delete_short(struct slot *s);

#endif
