/* SPDX-License-Identifier: MIT */
/** Capability spaces: resolution and derivation. See cspace.h. */
#include "object/cspace.h"

#include "arch.h"

/* ---- resolution ------------------------------------------------------------------------------------------------------- */

struct resolved cspace_resolve(struct cap root, uint64_t address, unsigned depth)
{
    if (cap_type(root) != CAP_CNODE) {
        return (struct resolved){.failure = {.type = seL4_InvalidRoot}};
    }
    struct cap node = root;
    unsigned bits_left = depth;
    for (;;) { /* every level resolves at least one bit: a CNode has a radix of at least 1 */
        unsigned radix = cap_bits(node);
        unsigned guard_bits = cap_cnode_guard_bits(node);
        uint64_t guard = cap_cnode_guard(node);
        if (guard_bits > bits_left ||
            (guard_bits != 0 && (address >> (bits_left - guard_bits) & mask(guard_bits)) != guard)) {
            return (struct resolved){.failure = {.type = seL4_GuardMismatch,
                                                 .bits_left = (uint8_t)bits_left,
                                                 .bits_found = (uint8_t)guard_bits,
                                                 .guard_found = guard}};
        }
        if (radix + guard_bits > bits_left) {
            return (struct resolved){.failure = {.type = seL4_DepthMismatch,
                                                 .bits_left = (uint8_t)bits_left,
                                                 .bits_found = (uint8_t)(radix + guard_bits)}};
        }
        bits_left -= radix + guard_bits;
        struct slot *slots = kptr(cap_address(node));
        struct slot *found = &slots[address >> bits_left & mask(radix)];
        if (bits_left == 0 || cap_type(found->cap) != CAP_CNODE) {
            return (struct resolved){.slot = found, .bits_left = bits_left};
        }
        node = found->cap;
    }
}

struct resolved cspace_lookup(const struct tcb *t, uint64_t address)
{
    return cspace_resolve(t->slots[TCB_CSPACE].cap, address, 64);
}

NOINLINE struct slot *cspace_find_any(const struct tcb *t, uint64_t address)
{
    return cspace_lookup(t, address).slot;
}

struct slot *cspace_receive_slot(const struct tcb *t, const struct seL4_IPCBuffer *buffer)
{
    if (buffer == NULL) {
        return NULL;
    }
    struct resolved root = cspace_lookup(t, buffer->receiveCNode);
    uint64_t depth = buffer->receiveDepth;
    if (root.slot == NULL || depth < 1 || depth > 64) {
        return NULL;
    }
    struct resolved to = cspace_resolve(root.slot->cap, buffer->receiveIndex, (unsigned)depth);
    return to.slot != NULL && to.bits_left == 0 && slot_is_empty(to.slot) ? to.slot : NULL;
}

/* ---- what capabilities refer to ---------------------------------------------------------------------------------------- */

static unsigned frame_bits(struct cap c)
{
    switch (cap_frame_size(c)) {
    case FRAME_SMALL:
        return seL4_PageBits;
    case FRAME_LARGE:
        return seL4_LargePageBits;
    case FRAME_HUGE:
        break;
    }
    return seL4_HugePageBits;
}

/* Size bits of the memory that an object takes; 0 for capabilities that refer to none. */
static unsigned object_bits(struct cap c)
{
    switch (cap_type(c)) {
    case CAP_UNTYPED:
    case CAP_SCHED_CONTEXT:
        return cap_bits(c);
    case CAP_ENDPOINT:
        return seL4_EndpointBits;
    case CAP_NOTIFICATION:
        return seL4_NotificationBits;
    case CAP_REPLY:
        return seL4_ReplyBits;
    case CAP_CNODE:
        return cap_bits(c) + seL4_SlotBits;
    case CAP_TCB:
        return seL4_TCBBits;
    case CAP_FRAME:
        return frame_bits(c);
    case CAP_PAGE_TABLE:
        return seL4_PageTableBits;
    case CAP_VSPACE:
        return seL4_VSpaceBits;
    case CAP_ASID_POOL:
        return seL4_ASIDPoolBits;
    case CAP_VCPU:
        return seL4_VCPUBits;
    case CAP_ZOMBIE:
        return cap_zombie_of_tcb(c) ? seL4_TCBBits : cap_bits(c) + seL4_SlotBits;
    case CAP_NULL:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_SMC:
    case CAP_SGI:
        break;
    }
    return 0;
}

static bool contains(struct cap a, struct cap b)
{
    unsigned a_bits = object_bits(a);
    unsigned b_bits = object_bits(b);
    return b_bits != 0 && b_bits <= a_bits && round_down(cap_address(b), a_bits) == cap_address(a);
}

bool cap_covers(struct cap a, struct cap b)
{
    enum cap_type type = cap_type(a);
    switch (type) {
    case CAP_UNTYPED:
        return contains(a, b);
    case CAP_FRAME:
        return cap_type(b) == CAP_FRAME && contains(a, b);
    case CAP_IRQ_CONTROL:
        return cap_type(b) == CAP_IRQ_CONTROL || cap_type(b) == CAP_IRQ_HANDLER || cap_type(b) == CAP_SGI;
    case CAP_IRQ_HANDLER:
    case CAP_SGI:
        return cap_type(b) == type && a.word[1] == b.word[1];
    case CAP_SCHED_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_SMC:
        return cap_type(b) == type;
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_TCB:
    case CAP_CNODE:
    case CAP_SCHED_CONTEXT:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_POOL:
    case CAP_VCPU:
        return cap_type(b) == type && cap_address(a) == cap_address(b);
    case CAP_NULL:
    case CAP_ZOMBIE:
        break;
    }
    return false;
}

/* Like cap_covers, but only of the very same object: a part of an untyped or an interrupt of the control is another one. */
static bool same_object(struct cap a, struct cap b)
{
    if (cap_type(a) == CAP_UNTYPED || cap_type(a) != cap_type(b)) {
        return false;
    }
    if (cap_type(a) == CAP_FRAME) {
        return cap_address(a) == cap_address(b) && cap_frame_size(a) == cap_frame_size(b);
    }
    return cap_covers(a, b);
}

/* ---- the derivation list ------------------------------------------------------------------------------------------------ */

static void set_next(struct slot *s, const struct slot *next)
{
    s->next_and_flags = (uintptr_t)next | (s->next_and_flags & SLOT_FLAGS);
}

static void link_behind(struct slot *s, struct slot *before, uintptr_t flags)
{
    struct slot *after = slot_next(before);
    s->prev = (uintptr_t)before;
    s->next_and_flags = (uintptr_t)after | flags;
    set_next(before, s);
    if (after != NULL) {
        after->prev = (uintptr_t)s;
    }
}

/* A capability starts a derivation of its own when it names something that its source did not: a badge, an interrupt. */
static bool starts_derivation(struct cap cap, struct cap source)
{
    switch (cap_type(cap)) {
    case CAP_UNTYPED:
        return true;
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_SMC:
        return cap_badge(cap) != cap_badge(source);
    case CAP_IRQ_HANDLER:
    case CAP_SGI:
        return cap_type(source) == CAP_IRQ_CONTROL;
    case CAP_NULL:
    case CAP_REPLY:
    case CAP_CNODE:
    case CAP_TCB:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_VCPU:
        break;
    }
    return false;
}

void slot_insert(struct cap cap, struct slot *source, struct slot *to)
{
    kassert(slot_is_empty(to));
    uintptr_t flags = starts_derivation(cap, source->cap) ? SLOT_FLAGS : 0;
    if (cap_type(cap) == CAP_UNTYPED && cap_type(source->cap) == CAP_UNTYPED) {
        /* The copy may hand out the memory now; the source must not do so as well. */
        source->cap = cap_untyped_with_used(source->cap, bit(cap_bits(source->cap)));
    }
    to->cap = cap;
    link_behind(to, source, flags);
}

void slot_insert_child(struct cap cap, struct slot *parent, struct slot *to)
{
    to->cap = cap;
    link_behind(to, parent, SLOT_FLAGS);
}

void slot_insert_root(struct cap cap, struct slot *to)
{
    to->cap = cap;
    to->prev = 0;
    to->next_and_flags = SLOT_FLAGS;
}

/* `to` takes over the links of `from`. */
static void take_links(struct slot *to, uintptr_t prev, uintptr_t next_and_flags)
{
    to->prev = prev;
    to->next_and_flags = next_and_flags;
    if (prev != 0) {
        set_next(slot_prev(to), to);
    }
    struct slot *next = slot_next(to);
    if (next != NULL) {
        next->prev = (uintptr_t)to;
    }
}

void slot_move(struct cap cap, struct slot *from, struct slot *to)
{
    kassert(slot_is_empty(to));
    to->cap = cap;
    take_links(to, from->prev, from->next_and_flags);
    from->cap = cap_null();
    from->prev = 0;
    from->next_and_flags = 0;
}

void slot_swap(struct cap cap_a, struct slot *a, struct cap cap_b, struct slot *b)
{
    a->cap = cap_b;
    b->cap = cap_a;
    uintptr_t a_prev = a->prev;
    uintptr_t a_next = a->next_and_flags;
    uintptr_t b_prev = b->prev;
    uintptr_t b_next = b->next_and_flags;
    /* Neighbours keep their order: a link that leads from one to the other turns round. */
    if (b_prev == (uintptr_t)a) {
        take_links(b, a_prev, (uintptr_t)a | (a_next & SLOT_FLAGS));
        take_links(a, (uintptr_t)b, b_next);
    } else if (a_prev == (uintptr_t)b) {
        take_links(a, b_prev, (uintptr_t)b | (b_next & SLOT_FLAGS));
        take_links(b, (uintptr_t)a, a_next);
    } else {
        take_links(a, b_prev, b_next);
        take_links(b, a_prev, a_next);
    }
}

bool slot_is_parent_of(const struct slot *parent, const struct slot *child)
{
    if ((parent->next_and_flags & SLOT_REVOCABLE) == 0 || !cap_covers(parent->cap, child->cap)) {
        return false;
    }
    switch (cap_type(parent->cap)) {
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_SMC:
        return cap_badge(parent->cap) == 0 || (cap_badge(parent->cap) == cap_badge(child->cap) &&
                                               (child->next_and_flags & SLOT_FIRST_BADGED) == 0);
    case CAP_SGI: /* may be issued again: that is no copy of this one */
        return (child->next_and_flags & SLOT_FIRST_BADGED) == 0;
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_REPLY:
    case CAP_CNODE:
    case CAP_TCB:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_VCPU:
        break;
    }
    return true;
}

bool slot_has_children(const struct slot *s)
{
    struct slot *next = slot_next(s);
    return next != NULL && slot_is_parent_of(s, next);
}

bool slot_is_final(const struct slot *s)
{
    struct slot *prev = slot_prev(s);
    struct slot *next = slot_next(s);
    return (prev == NULL || !same_object(prev->cap, s->cap)) && (next == NULL || !same_object(s->cap, next->cap));
}

/* ---- copies --------------------------------------------------------------------------------------------------------------- */

struct cap cap_mask_rights(struct cap cap, uint64_t rights)
{
    uint64_t lost = 0;
    switch (cap_type(cap)) {
    case CAP_ENDPOINT:
        lost |= (rights & seL4_CanGrant) == 0 ? (uint64_t)RIGHT_GRANT : 0;
        lost |= (rights & seL4_CanGrantReply) == 0 ? (uint64_t)RIGHT_GRANT_REPLY : 0;
        lost |= (rights & seL4_CanWrite) == 0 ? (uint64_t)RIGHT_SEND : 0;
        lost |= (rights & seL4_CanRead) == 0 ? (uint64_t)RIGHT_RECEIVE : 0;
        break;
    case CAP_NOTIFICATION:
        lost |= (rights & seL4_CanWrite) == 0 ? (uint64_t)RIGHT_SEND : 0;
        lost |= (rights & seL4_CanRead) == 0 ? (uint64_t)RIGHT_RECEIVE : 0;
        break;
    case CAP_REPLY:
        lost |= (rights & seL4_CanGrant) == 0 ? (uint64_t)RIGHT_GRANT : 0;
        break;
    case CAP_FRAME:
        lost |= (rights & seL4_CanWrite) == 0 ? (uint64_t)FRAME_CAN_WRITE : 0;
        lost |= (rights & seL4_CanRead) == 0 ? (uint64_t)FRAME_CAN_READ : 0;
        break;
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_CNODE:
    case CAP_TCB:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_SMC:
    case CAP_SGI:
    case CAP_VCPU:
        break;
    }
    return cap_without(cap, lost);
}

struct cap cap_update_data(struct cap cap, uint64_t data, bool keep_badge)
{
    switch (cap_type(cap)) {
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_SMC:
        return keep_badge || cap_badge(cap) != 0 ? cap_null() : cap_with_badge(cap, data);
    case CAP_CNODE: {
        unsigned guard_bits = (unsigned)(data & 63);
        if (guard_bits + cap_bits(cap) > 64) {
            return cap_null();
        }
        return cap_cnode(cap_address(cap), cap_bits(cap), data >> 6 & mask(guard_bits), guard_bits);
    }
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_REPLY:
    case CAP_TCB:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_SGI:
    case CAP_VCPU:
        break;
    }
    return cap;
}

int cap_derive(const struct slot *s, struct cap cap, struct cap *out)
{
    *out = cap_null();
    switch (cap_type(cap)) {
    case CAP_ZOMBIE:
    case CAP_IRQ_CONTROL:
        return seL4_NoError;
    case CAP_UNTYPED:
        if (slot_has_children(s)) {
            return seL4_RevokeFirst;
        }
        break;
    case CAP_FRAME: /* a copy is mapped nowhere */
        cap = cap_with_mapping(cap, 0, 0);
        break;
    case CAP_PAGE_TABLE:
    case CAP_VSPACE: /* there is only one place in which a table can stand: copies need it to be known */
        if (cap_asid(cap) == 0) {
            return seL4_IllegalOperation;
        }
        break;
    case CAP_NULL:
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_CNODE:
    case CAP_TCB:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_SMC:
    case CAP_SGI:
    case CAP_VCPU:
        break;
    }
    *out = cap;
    return seL4_NoError;
}
