/* SPDX-License-Identifier: MIT */
/** Retype: proves a request for new objects. Source: seL4 manual section 2.4.1 and Untyped_Retype in chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/untyped.h"

enum { ARG_TYPE = 0, ARG_SIZE, ARG_INDEX, ARG_DEPTH, ARG_OFFSET, ARG_COUNT, ARGS };

static enum outcome check_type(struct invocation *inv, struct retype *r)
{
    uint64_t type = arg(inv, ARG_TYPE);
    uint64_t user_bits = arg(inv, ARG_SIZE);
    if (type >= seL4_ObjectTypeCount) {
        return refuse_argument(inv, ARG_TYPE);
    }
    r->type = (unsigned)type;
    r->object_bits = untyped_object_bits(r->type, user_bits);
    if (user_bits >= 64 || r->object_bits > seL4_MaxUntypedBits) {
        return refuse_range(inv, 0, seL4_MaxUntypedBits);
    }
    r->user_bits = (unsigned)user_bits;
    if ((type == seL4_CapTableObject && user_bits == 0) ||
        (type == seL4_UntypedObject && user_bits < seL4_MinUntypedBits) ||
        (type == seL4_SchedContextObject && user_bits < seL4_MinSchedContextBits)) {
        return refuse_argument(inv, ARG_SIZE);
    }
    return DONE;
}

/* The slots for the new capabilities: a window of a CNode, all of them empty. */
static enum outcome check_destination(struct invocation *inv, struct retype *r)
{
    uint64_t depth = arg(inv, ARG_DEPTH);
    uint64_t offset = arg(inv, ARG_OFFSET);
    struct cap node = inv->extra[0]->cap;
    if (depth != 0) {
        struct slot *s = find_slot(inv, node, arg(inv, ARG_INDEX), depth, false);
        if (s == NULL) {
            return FAILED;
        }
        node = s->cap;
    }
    if (cap_type(node) != CAP_CNODE) {
        return refuse_lookup(inv, false, lookup_missing((unsigned)depth));
    }
    uint64_t slot_count = bit(cap_bits(node));
    if (offset >= slot_count) {
        return refuse_range(inv, 0, slot_count - 1);
    }
    r->count = arg(inv, ARG_COUNT);
    if (r->count < 1 || r->count > seL4_UntypedRetypeMaxObjects) {
        return refuse_range(inv, 1, seL4_UntypedRetypeMaxObjects);
    }
    if (r->count > slot_count - offset) {
        return refuse_range(inv, 1, slot_count - offset);
    }
    r->destination = (struct slot *)kptr(cap_address(node)) + offset;
    for (uint64_t i = 0; i < r->count; i++) {
        if (!is_empty(inv, &r->destination[i])) {
            return FAILED;
        }
    }
    return DONE;
}

static bool is_frame_type(unsigned type)
{
    return type == seL4_ARM_SmallPageObject || type == seL4_ARM_LargePageObject || type == seL4_ARM_HugePageObject;
}

static enum outcome check_memory(struct invocation *inv, struct retype *r)
{
    uint64_t used = cap_untyped_used(inv->cap);
    uint64_t size = bit(cap_bits(inv->cap));
    if (used != 0 && !slot_has_children(inv->slot)) {
        used = 0; /* all that was made of it is gone */
    }
    uint64_t start = 0;
    if (r->object_bits > cap_bits(inv->cap) || !untyped_find_room(size, used, bit(r->object_bits), r->count, &start)) {
        inv->error = (struct syscall_error){.code = seL4_NotEnoughMemory, .word = {size - used}};
        return FAILED;
    }
    if (cap_untyped_is_device(inv->cap) && !is_frame_type(r->type) && r->type != seL4_UntypedObject) {
        return refuse_argument(inv, ARG_SIZE);
    }
    r->start = cap_address(inv->cap) + start;
    return DONE;
}

enum outcome decode_untyped(struct invocation *inv)
{
    if (inv->label != seL4_UntypedRetype) {
        return refuse(inv, seL4_IllegalOperation);
    }
    struct retype r = {.untyped = inv->slot};
    if (!has_words(inv, ARGS, 1) || check_type(inv, &r) != DONE || check_destination(inv, &r) != DONE ||
        check_memory(inv, &r) != DONE) {
        return FAILED;
    }
    if (cap_untyped_used(inv->cap) != 0 && !slot_has_children(inv->slot)) {
        inv->slot->cap = cap_untyped_with_used(inv->cap, 0);
    }
    return untyped_retype(&r) ? PREEMPTED : DONE;
}
