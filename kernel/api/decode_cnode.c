/* SPDX-License-Identifier: MIT */
/** Operations on CNodes: copying, moving, deleting and revoking capabilities. Source: seL4 manual section 3.1, chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/ipc.h"

/* The source of a copy or move: words 2 and 3 below the capability extra[0]. */
static struct slot *find_source(struct invocation *inv)
{
    struct slot *s = find_slot(inv, inv->extra[0]->cap, arg(inv, 2), arg(inv, 3), true);
    if (s != NULL && slot_is_empty(s)) {
        (void)refuse_lookup(inv, true, lookup_missing((unsigned)arg(inv, 3)));
        return NULL;
    }
    return s;
}

static enum outcome copy(struct invocation *inv, struct slot *to, bool with_data)
{
    if (!has_words(inv, 4, 1) || !is_empty(inv, to)) {
        return FAILED;
    }
    struct slot *from = find_source(inv);
    if (from == NULL || !has_words(inv, with_data ? 6 : 5, 1)) {
        return FAILED;
    }
    struct cap cap = cap_mask_rights(from->cap, arg(inv, 4));
    if (with_data) {
        cap = cap_update_data(cap, arg(inv, 5), false);
    }
    struct cap derived;
    int error = cap_derive(from, cap, &derived);
    if (error != seL4_NoError) {
        return refuse(inv, (uint8_t)error);
    }
    if (cap_type(derived) == CAP_NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    slot_insert(derived, from, to);
    return DONE;
}

static enum outcome move(struct invocation *inv, struct slot *to, bool with_data)
{
    if (!has_words(inv, 4, 1) || !is_empty(inv, to)) {
        return FAILED;
    }
    struct slot *from = find_source(inv);
    if (from == NULL || !has_words(inv, with_data ? 5 : 4, 1)) {
        return FAILED;
    }
    struct cap cap = with_data ? cap_update_data(from->cap, arg(inv, 4), true) : from->cap;
    if (cap_type(cap) == CAP_NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    slot_move(cap, from, to);
    return DONE;
}

static enum outcome rotate(struct invocation *inv, struct slot *to)
{
    if (!has_words(inv, 8, 2)) {
        return FAILED;
    }
    struct slot *from = find_slot(inv, inv->extra[1]->cap, arg(inv, 6), arg(inv, 7), true);
    if (from == NULL) {
        return FAILED;
    }
    struct slot *pivot = find_slot(inv, inv->extra[0]->cap, arg(inv, 3), arg(inv, 4), true);
    if (pivot == NULL) {
        return FAILED;
    }
    if (pivot == from || pivot == to) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (from != to && !is_empty(inv, to)) {
        return FAILED;
    }
    if (slot_is_empty(from)) {
        return refuse_lookup(inv, true, lookup_missing((unsigned)arg(inv, 7)));
    }
    if (slot_is_empty(pivot)) {
        return refuse_lookup(inv, false, lookup_missing((unsigned)arg(inv, 4)));
    }
    struct cap from_cap = cap_update_data(from->cap, arg(inv, 5), true);
    struct cap pivot_cap = cap_update_data(pivot->cap, arg(inv, 2), true);
    if (cap_type(from_cap) == CAP_NULL || cap_type(pivot_cap) == CAP_NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (from == to) {
        slot_swap(from_cap, from, pivot_cap, pivot);
    } else {
        slot_move(pivot_cap, pivot, to);
        slot_move(from_cap, from, pivot);
    }
    return DONE;
}

static enum outcome cancel_badged_sends(struct invocation *inv, const struct slot *s)
{
    uint64_t all = RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_GRANT_REPLY;
    if (cap_type(s->cap) != CAP_ENDPOINT || (s->cap.word[0] & all) != all) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (cap_badge(s->cap) != 0) {
        endpoint_cancel_badged(kptr(cap_address(s->cap)), cap_badge(s->cap));
    }
    return DONE;
}

enum outcome decode_cnode(struct invocation *inv)
{
    if (inv->label < seL4_CNodeRevoke || inv->label > seL4_CNodeRotate) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    struct slot *s = find_slot(inv, inv->cap, arg(inv, 0), arg(inv, 1), false);
    if (s == NULL) {
        return FAILED;
    }
    switch (inv->label) {
    case seL4_CNodeRevoke:
        return slot_revoke(s) ? PREEMPTED : DONE;
    case seL4_CNodeDelete:
        return slot_delete(s) ? PREEMPTED : DONE;
    case seL4_CNodeCancelBadgedSends:
        return cancel_badged_sends(inv, s);
    case seL4_CNodeCopy:
        return copy(inv, s, false);
    case seL4_CNodeMint:
        return copy(inv, s, true);
    case seL4_CNodeMove:
        return move(inv, s, false);
    case seL4_CNodeMutate:
        return move(inv, s, true);
    default:
        return rotate(inv, s);
    }
}
