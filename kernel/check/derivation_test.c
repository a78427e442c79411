/* SPDX-License-Identifier: MIT */
/**
 * Shows what the derivation rules say of every type of capability, each against a table written from the manual: what a copy may
 * do, what data it takes, what covers what, what stands for its own, and how an address is resolved.
 */
#include "arch.h"
#include "check/world.h"
#include "object/cspace.h"
#include "unit.h"

enum { TYPES = CAP_VCPU + 1 };
#define AT (SIM_RAM_START + 0x200000)
#define ALL_RIGHTS (RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_GRANT_REPLY)

/* One capability of each type. Those to memory are to the same place. */
static struct cap example(enum cap_type type)
{
    switch (type) {
    case CAP_UNTYPED:
        return cap_untyped(AT, 14, false, 0);
    case CAP_ENDPOINT:
        return cap_make(type, AT, ALL_RIGHTS, 0);
    case CAP_NOTIFICATION:
        return cap_make(type, AT, RIGHT_SEND | RIGHT_RECEIVE, 0);
    case CAP_REPLY:
        return cap_make(type, AT, RIGHT_GRANT, 0);
    case CAP_CNODE:
        return cap_cnode(AT, 8, 0, 0);
    case CAP_SCHED_CONTEXT:
        return cap_make(type, AT, 8u << 5, 0);
    case CAP_IRQ_HANDLER:
        return cap_make(type, 0, 0, 40);
    case CAP_ZOMBIE:
        return cap_zombie(AT, false, 8, 3);
    case CAP_FRAME:
        return cap_with_mapping(cap_frame(AT, FRAME_SMALL, FRAME_CAN_READ | FRAME_CAN_WRITE), 1, 0x400000);
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
        return cap_with_mapping(cap_make(type, AT, 0, 0), 1, 0);
    case CAP_SGI:
        return cap_sgi(3, 0);
    case CAP_NULL:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_SMC:
        return cap_make(type, 0, 0, 0);
    case CAP_TCB:
    case CAP_ASID_POOL:
    case CAP_VCPU:
        break;
    }
    return cap_make(type, AT, 0, 0);
}

static bool same(struct cap a, struct cap b)
{
    return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

static bool has_badge(enum cap_type type)
{
    return type == CAP_ENDPOINT || type == CAP_NOTIFICATION || type == CAP_SMC;
}

static bool has_memory(enum cap_type type)
{
    return cap_address(example(type)) != 0;
}

static void rights_are_masked(void)
{
    static const uint64_t rights_of[TYPES] = {[CAP_ENDPOINT] = ALL_RIGHTS,
                                              [CAP_NOTIFICATION] = RIGHT_SEND | RIGHT_RECEIVE,
                                              [CAP_REPLY] = RIGHT_GRANT,
                                              [CAP_FRAME] = FRAME_CAN_READ | FRAME_CAN_WRITE};
    for (enum cap_type type = CAP_NULL; type < TYPES; type++) {
        struct cap cap = example(type);
        CHECK(same(cap_mask_rights(cap, seL4_AllRights), cap));
        CHECK(same(cap_mask_rights(cap, 0), cap_without(cap, rights_of[type])));
        for (uint64_t rights = 0; rights <= seL4_AllRights; rights++) { /* each right takes its own bit away, and no other */
            struct cap masked = cap_mask_rights(cap, rights);
            bool read = (rights & seL4_CanRead) != 0;
            bool write = (rights & seL4_CanWrite) != 0;
            if (type == CAP_ENDPOINT || type == CAP_NOTIFICATION) {
                CHECK(cap_has(masked, RIGHT_SEND) == write && cap_has(masked, RIGHT_RECEIVE) == read);
            }
            if (type == CAP_ENDPOINT) {
                CHECK(cap_has(masked, RIGHT_GRANT_REPLY) == ((rights & seL4_CanGrantReply) != 0));
            }
            if (type == CAP_ENDPOINT || type == CAP_REPLY) {
                CHECK(cap_has(masked, RIGHT_GRANT) == ((rights & seL4_CanGrant) != 0));
            }
            if (type == CAP_FRAME) {
                CHECK(cap_has(masked, FRAME_CAN_READ) == read && cap_has(masked, FRAME_CAN_WRITE) == write);
            }
        }
    }
}

static void data_is_a_badge_or_a_guard(void)
{
    for (enum cap_type type = CAP_NULL; type < TYPES; type++) {
        struct cap cap = example(type);
        if (has_badge(type)) {
            CHECK(same(cap_update_data(cap, 77, false), cap_with_badge(cap, 77)));
            CHECK(cap_type(cap_update_data(cap, 77, true)) == CAP_NULL);
            CHECK(cap_type(cap_update_data(cap_with_badge(cap, 1), 77, false)) == CAP_NULL);
        } else if (type == CAP_CNODE) {
            CHECK(same(cap_update_data(cap, 0xfff << 6 | 5, true), cap_cnode(AT, 8, 31, 5)));
            CHECK(same(cap_update_data(cap, 56, false), cap_cnode(AT, 8, 0, 56)));
            CHECK(cap_type(cap_update_data(cap, 57, false)) == CAP_NULL); /* 8 and 57 bits */
        } else {
            CHECK(same(cap_update_data(cap, 77, false), cap));
        }
    }
}

static void copies_are_derived(void)
{
    for (enum cap_type type = CAP_NULL; type < TYPES; type++) {
        struct slot alone = {.cap = example(type), .next_and_flags = SLOT_FLAGS};
        struct cap out;
        CHECK_EQ(cap_derive(&alone, alone.cap, &out), seL4_NoError);
        if (type == CAP_ZOMBIE || type == CAP_IRQ_CONTROL) {
            CHECK(cap_type(out) == CAP_NULL);
        } else if (type == CAP_FRAME) {
            CHECK(same(out, cap_with_mapping(alone.cap, 0, 0)));
        } else {
            CHECK(same(out, alone.cap));
        }
    }
    for (enum cap_type type = CAP_PAGE_TABLE; type <= CAP_VSPACE; type++) {
        struct slot s = {.cap = cap_with_mapping(example(type), 0, 0), .next_and_flags = SLOT_FLAGS};
        struct cap out;
        CHECK_EQ(cap_derive(&s, s.cap, &out), seL4_IllegalOperation);
        CHECK(cap_type(out) == CAP_NULL);
    }
}

/* What the table above says of coverage, in words: an untyped covers what lies in it, the interrupt control every interrupt, all
   others the same thing under another capability. */
static bool should_cover(enum cap_type a, enum cap_type b)
{
    if (a == CAP_NULL || a == CAP_ZOMBIE) {
        return false;
    }
    if (a == CAP_UNTYPED) {
        return has_memory(b);
    }
    return a == b || (a == CAP_IRQ_CONTROL && (b == CAP_IRQ_HANDLER || b == CAP_SGI));
}

static void what_covers_what(void)
{
    for (enum cap_type a = CAP_NULL; a < TYPES; a++) {
        for (enum cap_type b = CAP_NULL; b < TYPES; b++) {
            CHECK(cap_covers(example(a), example(b)) == should_cover(a, b));
            struct slot parent = {.cap = example(a), .next_and_flags = SLOT_REVOCABLE};
            struct slot child = {.cap = example(b), .next_and_flags = SLOT_FIRST_BADGED};
            bool issued_anew = a == CAP_SGI;
            CHECK(slot_is_parent_of(&parent, &child) == (should_cover(a, b) && !issued_anew));
            parent.next_and_flags = 0;
            CHECK(!slot_is_parent_of(&parent, &child));
        }
    }
    struct cap zombie_tcb = cap_zombie(AT, true, 0, 5);
    CHECK(cap_covers(cap_untyped(AT, 11, false, 0), zombie_tcb) && !cap_covers(cap_untyped(AT, 10, false, 0), zombie_tcb));
    CHECK(!cap_covers(example(CAP_UNTYPED), cap_make(CAP_ENDPOINT, AT + bit(14), ALL_RIGHTS, 0)));
    CHECK(!cap_covers(example(CAP_TCB), cap_make(CAP_TCB, AT + bit(11), 0, 0)));
    CHECK(!cap_covers(example(CAP_IRQ_HANDLER), cap_make(CAP_IRQ_HANDLER, 0, 0, 41)));
    /* Frames of three sizes; none covers a larger one, and no frame an endpoint. */
    struct cap frames[] = {cap_frame(bit(30), FRAME_SMALL, 0), cap_frame(bit(30), FRAME_LARGE, 0), cap_frame(bit(30), FRAME_HUGE, 0)};
    for (unsigned i = 0; i < 9; i++) {
        CHECK(cap_covers(frames[i / 3], frames[i % 3]) == (i / 3 >= i % 3));
    }
    CHECK(!cap_covers(frames[0], cap_frame(bit(30) + 4096, FRAME_SMALL, 0)));
}

static void badges_stand_for_their_own(void)
{
    static const enum cap_type types[] = {CAP_ENDPOINT, CAP_NOTIFICATION, CAP_SMC};
    for (unsigned i = 0; i < 3; i++) {
        struct slot parent = {.cap = cap_with_badge(example(types[i]), 7), .next_and_flags = SLOT_REVOCABLE};
        struct slot child = {.cap = cap_with_badge(example(types[i]), 7)};
        CHECK(slot_is_parent_of(&parent, &child));
        child.next_and_flags = SLOT_FIRST_BADGED;
        CHECK(!slot_is_parent_of(&parent, &child));
        child = (struct slot){.cap = cap_with_badge(example(types[i]), 8)};
        CHECK(!slot_is_parent_of(&parent, &child));
        parent.cap = cap_with_badge(parent.cap, 0);
        CHECK(slot_is_parent_of(&parent, &child));
    }
    struct slot sgi = {.cap = example(CAP_SGI), .next_and_flags = SLOT_REVOCABLE};
    struct slot copy = {.cap = example(CAP_SGI)};
    CHECK(slot_is_parent_of(&sgi, &copy));
}

/* A copy of each type is put behind its source, and both are not the last; what starts a derivation is marked. */
static void every_type_is_inserted_and_counted(void)
{
    for (enum cap_type type = CAP_UNTYPED; type < TYPES; type++) {
        struct slot source = {.cap = example(type), .next_and_flags = SLOT_REVOCABLE};
        struct slot to = {0};
        struct slot last = {0};
        CHECK(slot_is_final(&source));
        slot_insert(example(type), &source, &to);
        CHECK(slot_next(&source) == &to && slot_prev(&to) == &source && slot_next(&to) == NULL);
        CHECK_EQ(to.next_and_flags & SLOT_FLAGS, type == CAP_UNTYPED ? SLOT_FLAGS : 0);
        bool never_shared = type == CAP_UNTYPED || type == CAP_ZOMBIE; /* other rules protect these */
        CHECK(slot_is_final(&source) == never_shared && slot_is_final(&to) == never_shared);
        slot_insert(example(type), &to, &last);
        CHECK(slot_is_final(&to) == never_shared);
        if (type == CAP_UNTYPED) { /* the source gave all of its memory away */
            CHECK_EQ(cap_untyped_used(source.cap), bit(14));
        }
    }
    struct slot control = {.cap = example(CAP_IRQ_CONTROL), .next_and_flags = SLOT_REVOCABLE};
    struct slot handler = {0};
    struct slot other = {0};
    slot_insert(example(CAP_IRQ_HANDLER), &control, &handler);
    CHECK_EQ(handler.next_and_flags & SLOT_FLAGS, SLOT_FLAGS);
    slot_insert(example(CAP_SGI), &control, &other); /* between the two */
    CHECK(slot_next(&control) == &other && slot_next(&other) == &handler && slot_prev(&handler) == &other);
    CHECK(slot_is_final(&handler) && slot_is_final(&other) && slot_has_children(&control));
    struct slot small = {.cap = cap_frame(bit(21), FRAME_SMALL, 0), .next_and_flags = SLOT_REVOCABLE};
    struct slot large = {0};
    slot_insert(cap_frame(bit(21), FRAME_LARGE, 0), &small, &large);
    CHECK(slot_is_final(&small) && slot_is_final(&large));
}

static void neighbours_are_exchanged(void)
{
    for (unsigned turn = 0; turn < 2; turn++) {
        struct slot first = {.cap = example(CAP_TCB), .next_and_flags = SLOT_REVOCABLE};
        struct slot a = {0};
        struct slot b = {0};
        slot_insert(example(CAP_ENDPOINT), &first, &b);
        slot_insert(example(CAP_REPLY), &first, &a); /* first, a, b */
        slot_swap(turn == 0 ? a.cap : b.cap, turn == 0 ? &a : &b, turn == 0 ? b.cap : a.cap, turn == 0 ? &b : &a);
        CHECK(slot_next(&first) == &b && slot_next(&b) == &a && slot_next(&a) == NULL);
        CHECK(slot_prev(&a) == &b && slot_prev(&b) == &first);
        CHECK(cap_type(b.cap) == CAP_REPLY && cap_type(a.cap) == CAP_ENDPOINT); /* the list holds them in the same order */
    }
}

/* ---- resolution --------------------------------------------------------------------------------------------------------------- */

static struct resolved find(struct cap root, uint64_t address, unsigned depth)
{
    struct resolved r = cspace_resolve(root, address, depth);
    if (depth == 64) { /* the short way to the same answer */
        struct tcb *t = world_thread(0);
        t->slots[TCB_CSPACE].cap = root;
        CHECK(cspace_find(t, address) == r.slot);
    }
    return r;
}

static void addresses_are_resolved(void)
{
    world_start();
    struct slot *outer = kptr(AT);
    struct slot *inner = outer + 16;
    memset(outer, 0, 64 * sizeof *outer);
    paddr_t inner_at = AT + 16 * sizeof *outer;
    struct cap saved = world_thread(0)->slots[TCB_CSPACE].cap;
    CHECK_EQ(find(cap_null(), 5, 64).failure.type, seL4_InvalidRoot);
    struct cap root = cap_cnode(AT, 4, 2, 4); /* guard 2 of 4 bits, 16 slots */
    CHECK(find(root, 0x2f, 8).slot == outer + 15);
    struct resolved r = find(root, 0x1f, 8);
    CHECK(r.slot == NULL && r.failure.type == seL4_GuardMismatch && r.failure.bits_left == 8);
    r = find(root, 0, 3);
    CHECK(r.slot == NULL && r.failure.type == seL4_GuardMismatch && r.failure.bits_found == 4);
    r = find(root, 2ull << 3, 7);
    CHECK(r.slot == NULL && r.failure.type == seL4_DepthMismatch && r.failure.bits_found == 8);
    r = find(root, 0x2full << 56, 64);
    CHECK(r.slot == outer + 15 && r.bits_left == 56);
    outer[3].cap = cap_cnode(inner_at, 5, 0, 51); /* the rest of 64 bits */
    CHECK(find(root, 0x23ull << 56 | 9ull, 64).slot == inner + 9);
    CHECK(find(cap_cnode(AT, 4, 0, 4), 3ull << 56 | 9, 64).slot == inner + 9);
    outer[3].cap = cap_cnode(inner_at, 5, 1, 51);
    CHECK(find(cap_cnode(AT, 4, 0, 4), 3ull << 56 | 1ull << 5 | 9, 64).slot == inner + 9);
    CHECK(find(cap_cnode(AT, 4, 0, 4), 3ull << 56 | 9, 64).slot == NULL);
    outer[3].cap = cap_cnode(inner_at, 5, 0, 52); /* one bit too many */
    CHECK_EQ(find(cap_cnode(AT, 4, 0, 4), 3ull << 56 | 9, 64).failure.type, seL4_DepthMismatch);
    outer[3].cap = cap_cnode(inner_at, 5, 0, 0); /* a level that is not the last */
    CHECK(find(cap_cnode(AT, 4, 0, 4), 3ull << 56 | 9ull << 51, 64).slot == inner + 9);
    world_thread(0)->slots[TCB_CSPACE].cap = saved;
}

static void a_place_is_offered(void)
{
    world_start();
    struct tcb *t = world_root();
    struct seL4_IPCBuffer buffer = {.receiveCNode = seL4_CapInitThreadCNode, .receiveIndex = WORLD_FREE, .receiveDepth = 64};
    CHECK(cspace_receive_slot(t, &buffer) == world_slot(WORLD_FREE));
    CHECK(cspace_receive_slot(t, NULL) == NULL);
    buffer.receiveDepth = 0;
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveDepth = 65;
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveDepth = 63;
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveDepth = 64;
    buffer.receiveIndex = WORLD_FRAME; /* filled */
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveIndex = WORLD_FREE;
    buffer.receiveCNode = 1ull << 40; /* no such slot */
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveCNode = WORLD_FRAME; /* no CNode */
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    struct slot *frame = world_slot(WORLD_FREE + 1); /* bits are left over behind the slot */
    CHECK_EQ(world_copy(WORLD_FRAME, WORLD_FREE + 1), seL4_NoError);
    frame->cap = cap_cnode(cap_address(world_slot(WORLD_CNODE)->cap), 4, 0, 0);
    buffer.receiveCNode = WORLD_FREE + 1;
    buffer.receiveIndex = 0;
    buffer.receiveDepth = 8;
    CHECK(cspace_receive_slot(t, &buffer) == NULL);
    buffer.receiveDepth = 4;
    CHECK(cspace_receive_slot(t, &buffer) == kptr(cap_address(world_slot(WORLD_CNODE)->cap)));
}

/* ---- ends that leave nothing behind ----------------------------------------------------------------------------------------------- */

static void capabilities_without_an_object_are_deleted(void)
{
    world_start();
    static const enum cap_type types[] = {CAP_SCHED_CONTROL, CAP_IRQ_CONTROL, CAP_DOMAIN, CAP_ASID_CONTROL, CAP_SMC};
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        unsigned slot = 0;
        for (unsigned s = 1; s < WORLD_UNTYPED; s++) {
            slot = cap_type(world_slot(s)->cap) == types[i] ? s : slot;
        }
        CHECK(slot != 0);
        if (types[i] != CAP_IRQ_CONTROL) {
            CHECK_EQ(world_copy(slot, WORLD_FREE), seL4_NoError); /* and it is still there afterwards */
        }
        CHECK_EQ(world_delete(slot), seL4_NoError);
        CHECK(slot_is_empty(world_slot(slot)));
        CHECK(slot_is_empty(world_slot(WORLD_FREE)) == (types[i] == CAP_IRQ_CONTROL));
        world_check("an end without an object");
        CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    }
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError); /* nothing is deleted as well */
    slot_delete_short(world_slot(WORLD_FREE));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"derivation: rights are masked", rights_are_masked},
        {"derivation: data is a badge or a guard", data_is_a_badge_or_a_guard},
        {"derivation: what a copy of each type is", copies_are_derived},
        {"derivation: what covers what", what_covers_what},
        {"derivation: badges stand for their own", badges_stand_for_their_own},
        {"derivation: every type is inserted and counted", every_type_is_inserted_and_counted},
        {"derivation: neighbours are exchanged", neighbours_are_exchanged},
        {"derivation: addresses are resolved", addresses_are_resolved},
        {"derivation: a place is offered for a capability", a_place_is_offered},
        {"derivation: capabilities without an object are deleted", capabilities_without_an_object_are_deleted},
    };
    return UNIT_MAIN(cases);
}
