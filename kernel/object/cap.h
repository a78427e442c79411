/* SPDX-License-Identifier: MIT */
/**
 * Capabilities as two words, and the slots that hold them.
 *
 *   word 0:  63..16 physical address of the object   15..5 small fields   4..0 type
 *   word 1:  the field that needs most room: badge, guard, mapping, watermark, count
 *
 *   type            small fields of word 0                        word 1
 *   untyped         10..5 size bits, 11 device                    43..0 bytes used / 16, 63..44 cleared behind (64 KiB)
 *   endpoint        5 send, 6 receive, 7 grant, 8 grant reply     badge
 *   notification    5 send, 6 receive                             badge
 *   reply           7 grant
 *   cnode           10..5 radix                                   guard << 6 | guard size
 *   tcb
 *   sched context   10..5 size bits
 *   sched control                                                 core
 *   irq handler                                                   irq
 *   zombie          10..5 radix, 11 of a tcb                      slots not yet emptied
 *   frame           6..5 size, 7 may write, 8 may read, 9 device  63..16 user address, 15..0 asid (0: not mapped)
 *   page table                                                    63..16 user address, 15..0 asid (0: not mapped)
 *   vspace                                                        15..0 asid (0: none)
 *   asid pool                                                     15..0 first asid of the pool
 *   smc                                                           badge
 *   sgi                                                           15..8 target, 7..0 interrupt
 *   vcpu
 *
 * Owns:   the encoding; nobody else shifts or masks these words.    Uses: klib, arch/memory for object pointers.
 * Limits: physical addresses below 2^48, user addresses below 2^48.
 * Source: sizes and meanings from the seL4 manual chapters 2 to 7; the encoding is our own.
 */
#ifndef KERNEL_OBJECT_CAP_H
#define KERNEL_OBJECT_CAP_H

#include "klib/klib.h"

enum cap_type {
    CAP_NULL = 0,
    CAP_UNTYPED,
    CAP_ENDPOINT,
    CAP_NOTIFICATION,
    CAP_REPLY,
    CAP_CNODE,
    CAP_TCB,
    CAP_SCHED_CONTEXT,
    CAP_SCHED_CONTROL,
    CAP_IRQ_CONTROL,
    CAP_IRQ_HANDLER,
    CAP_ZOMBIE,
    CAP_DOMAIN,
    CAP_FRAME,
    CAP_PAGE_TABLE,
    CAP_VSPACE,
    CAP_ASID_CONTROL,
    CAP_ASID_POOL,
    CAP_SMC,
    CAP_SGI,
    CAP_VCPU,
};

enum { CAP_TYPE_MASK = 31 }; /**< of word 0 */

struct cap {
    uint64_t word[2];
};

/*
 * Fields are read and written with / % * + of powers of two instead of shifts and masks: the same instructions, and arithmetic that
 * `make proof` understands. The predicates below are what the two words mean; each constructor is proved to write what its
 * readers read.
 */
#define CAP_ADDRESS_UNIT 65536u /* word 0 / this: the address; the small fields lie below */
#define CAP_SMALL_UNIT 32u      /* word 0 / this: the first of the small fields, behind the type */
#define CAP_BITS_RANGE 64u      /* of size and radix bits, and of the length of a guard */
#define CAP_FLAG_11 2048u       /* device (untyped), of a tcb (zombie) */
#define CAP_ASID_UNIT 65536u    /* word 1 / this: the user address; below it the asid */

/*@ predicate cap_fits(integer type, integer address, integer small) =
      type < CAP_SMALL_UNIT && address < 0x1000000000000 && small % CAP_SMALL_UNIT == 0 && small < CAP_ADDRESS_UNIT;
    predicate cap_is(struct cap c, integer type, integer address, integer small, integer word1) =
      c.word[0] % CAP_SMALL_UNIT == type && c.word[0] / CAP_ADDRESS_UNIT == address &&
      c.word[0] % CAP_ADDRESS_UNIT == small + type && c.word[1] == word1;
    logic integer cap_bits_of(struct cap c) = c.word[0] / CAP_SMALL_UNIT % CAP_BITS_RANGE;
    logic integer cap_flag_11_of(struct cap c) = c.word[0] / CAP_FLAG_11 % 2; */

/** Rights that a capability carries, as bits of word 0; the same bits are used by endpoints, notifications and replies. */
enum {
    RIGHT_SEND = 1 << 5,
    RIGHT_RECEIVE = 1 << 6,
    RIGHT_GRANT = 1 << 7,
    RIGHT_GRANT_REPLY = 1 << 8,
};

/*@ assigns \nothing;
    ensures \result == c.word[0] % CAP_SMALL_UNIT; */
static inline enum cap_type cap_type(struct cap c)
{
    return (enum cap_type)(c.word[0] % CAP_SMALL_UNIT);
}

/*@ assigns \nothing;
    ensures \result == c.word[0] / CAP_ADDRESS_UNIT;
    ensures \result < 0x1000000000000; */
static inline paddr_t cap_address(struct cap c)
{
    return c.word[0] / CAP_ADDRESS_UNIT;
}

/*@ requires cap_fits(type, address, small);
    assigns \nothing;
    ensures cap_is(\result, type, address, small, word1); */
static inline struct cap cap_make(enum cap_type type, paddr_t address, uint64_t small, uint64_t word1)
{
    return (struct cap){{address * CAP_ADDRESS_UNIT + small + (uint64_t)type, word1}};
}

static inline struct cap cap_null(void)
{
    return cap_make(CAP_NULL, 0, 0, 0);
}

static inline bool cap_has(struct cap c, uint64_t right)
{
    return (c.word[0] & right) != 0;
}

static inline struct cap cap_without(struct cap c, uint64_t rights)
{
    c.word[0] &= ~rights;
    return c;
}

/** Size or radix bits of untyped, cnode, sched context and zombie capabilities. */
/*@ assigns \nothing;
    ensures \result == cap_bits_of(c);
    ensures \result < 64; */
static inline unsigned cap_bits(struct cap c)
{
    return (unsigned)(c.word[0] / CAP_SMALL_UNIT % CAP_BITS_RANGE);
}

/* ---- badges: endpoints, notifications, smc */

static inline uint64_t cap_badge(struct cap c)
{
    return c.word[1];
}

static inline struct cap cap_with_badge(struct cap c, uint64_t badge)
{
    c.word[1] = badge;
    return c;
}

/* ---- software generated interrupts */

#define CAP_SGI_UNIT 256u

/*@ requires irq < CAP_SGI_UNIT;
    assigns \nothing;
    ensures \result.word[1] % CAP_SGI_UNIT == irq && \result.word[1] / CAP_SGI_UNIT == target; */
static inline struct cap cap_sgi(unsigned irq, unsigned target)
{
    return cap_make(CAP_SGI, 0, 0, (uint64_t)target * CAP_SGI_UNIT + irq);
}

/*@ assigns \nothing;
    ensures \result == c.word[1] % CAP_SGI_UNIT; */
static inline unsigned cap_sgi_irq(struct cap c)
{
    return (unsigned)(c.word[1] % CAP_SGI_UNIT);
}

/*@ requires c.word[1] / CAP_SGI_UNIT <= UINT32_MAX;
    assigns \nothing;
    ensures \result == c.word[1] / CAP_SGI_UNIT; */
static inline unsigned cap_sgi_target(struct cap c)
{
    return (unsigned)(c.word[1] / CAP_SGI_UNIT);
}

/* ---- untyped */

/** How far the memory behind `used` has been cleared already by a retype that was preempted, in units of this size. */
#define UNTYPED_CLEAR_BITS 16u
#define UNTYPED_USED_UNIT 16u                /**< bytes; the smallest object has as many */
#define UNTYPED_USED_RANGE (1ull << 44)      /**< of word 1: bytes used / 16; the units that are cleared lie above */

/*@ logic integer untyped_used_of(struct cap c) = c.word[1] % 0x100000000000 * 16;
    logic integer untyped_cleared_of(struct cap c) = c.word[1] / 0x100000000000;
    predicate used_fits(integer bytes) = bytes % 16 == 0 && bytes / 16 < 0x100000000000; */

/*@ requires base < 0x1000000000000 && size_bits < 64 && used_fits(used_bytes);
    assigns \nothing;
    ensures \result.word[0] % CAP_SMALL_UNIT == CAP_UNTYPED && \result.word[0] / CAP_ADDRESS_UNIT == base;
    ensures cap_bits_of(\result) == size_bits && cap_flag_11_of(\result) == (device ? 1 : 0);
    ensures untyped_used_of(\result) == used_bytes && untyped_cleared_of(\result) == 0; */
static inline struct cap cap_untyped(paddr_t base, unsigned size_bits, bool device, uint64_t used_bytes)
{
    return cap_make(CAP_UNTYPED, base, (uint64_t)size_bits * CAP_SMALL_UNIT + (device ? CAP_FLAG_11 : 0), used_bytes / UNTYPED_USED_UNIT);
}

/*@ assigns \nothing;
    ensures \result <==> cap_flag_11_of(c) != 0; */
static inline bool cap_untyped_is_device(struct cap c)
{
    return c.word[0] / CAP_FLAG_11 % 2 != 0;
}

/*@ assigns \nothing;
    ensures \result == untyped_used_of(c); */
static inline uint64_t cap_untyped_used(struct cap c)
{
    return c.word[1] % UNTYPED_USED_RANGE * UNTYPED_USED_UNIT;
}

/*@ requires used_fits(used_bytes);
    assigns \nothing;
    ensures \result.word[0] == c.word[0];
    ensures untyped_used_of(\result) == used_bytes && untyped_cleared_of(\result) == 0; */
static inline struct cap cap_untyped_with_used(struct cap c, uint64_t used_bytes)
{
    c.word[1] = used_bytes / UNTYPED_USED_UNIT;
    return c;
}

/*@ assigns \nothing;
    ensures \result == untyped_cleared_of(c); */
static inline uint64_t cap_untyped_cleared(struct cap c)
{
    return c.word[1] / UNTYPED_USED_RANGE;
}

/*@ requires units < 0x100000;
    assigns \nothing;
    ensures \result.word[0] == c.word[0];
    ensures untyped_used_of(\result) == untyped_used_of(c) && untyped_cleared_of(\result) == units; */
static inline struct cap cap_untyped_with_cleared(struct cap c, uint64_t units)
{
    c.word[1] = c.word[1] % UNTYPED_USED_RANGE + units * UNTYPED_USED_RANGE;
    return c;
}

/* ---- cnode and zombie */

/*@ requires base < 0x1000000000000 && radix < 64 && guard_bits < 64 && guard < 0x400000000000000;
    assigns \nothing;
    ensures \result.word[0] % CAP_SMALL_UNIT == CAP_CNODE && \result.word[0] / CAP_ADDRESS_UNIT == base;
    ensures cap_bits_of(\result) == radix;
    ensures \result.word[1] / CAP_BITS_RANGE == guard && \result.word[1] % CAP_BITS_RANGE == guard_bits; */
static inline struct cap cap_cnode(paddr_t base, unsigned radix, uint64_t guard, unsigned guard_bits)
{
    return cap_make(CAP_CNODE, base, (uint64_t)radix * CAP_SMALL_UNIT, guard * CAP_BITS_RANGE + guard_bits);
}

/*@ assigns \nothing;
    ensures \result == c.word[1] / CAP_BITS_RANGE; */
static inline uint64_t cap_cnode_guard(struct cap c)
{
    return c.word[1] / CAP_BITS_RANGE;
}

/*@ assigns \nothing;
    ensures \result == c.word[1] % CAP_BITS_RANGE;
    ensures \result < 64; */
static inline unsigned cap_cnode_guard_bits(struct cap c)
{
    return (unsigned)(c.word[1] % CAP_BITS_RANGE);
}

/*@ requires object < 0x1000000000000 && radix < 64;
    assigns \nothing;
    ensures \result.word[0] % CAP_SMALL_UNIT == CAP_ZOMBIE && \result.word[0] / CAP_ADDRESS_UNIT == object;
    ensures cap_bits_of(\result) == radix && cap_flag_11_of(\result) == (of_tcb ? 1 : 0) && \result.word[1] == slots_left; */
static inline struct cap cap_zombie(paddr_t object, bool of_tcb, unsigned radix, uint64_t slots_left)
{
    return cap_make(CAP_ZOMBIE, object, (uint64_t)radix * CAP_SMALL_UNIT + (of_tcb ? CAP_FLAG_11 : 0), slots_left);
}

/*@ assigns \nothing;
    ensures \result <==> cap_flag_11_of(c) != 0; */
static inline bool cap_zombie_of_tcb(struct cap c)
{
    return c.word[0] / CAP_FLAG_11 % 2 != 0;
}

static inline uint64_t cap_zombie_slots_left(struct cap c)
{
    return c.word[1];
}

/* ---- frames, page tables, vspaces, asid pools */

enum frame_size { FRAME_SMALL = 0, FRAME_LARGE, FRAME_HUGE };

enum {
    FRAME_CAN_WRITE = 1 << 7,
    FRAME_CAN_READ = 1 << 8,
    FRAME_IS_DEVICE = 1 << 9,
};

static inline struct cap cap_frame(paddr_t base, enum frame_size size, uint64_t flags)
{
    return cap_make(CAP_FRAME, base, (uint64_t)size << 5 | flags, 0);
}

static inline enum frame_size cap_frame_size(struct cap c)
{
    return (enum frame_size)(c.word[0] >> 5 & 3);
}

/*@ assigns \nothing;
    ensures \result == c.word[1] % CAP_ASID_UNIT; */
static inline uint64_t cap_asid(struct cap c)
{
    return c.word[1] % CAP_ASID_UNIT;
}

/*@ assigns \nothing;
    ensures \result == c.word[1] / CAP_ASID_UNIT; */
static inline uaddr_t cap_mapped_address(struct cap c)
{
    return c.word[1] / CAP_ASID_UNIT;
}

/*@ requires asid < CAP_ASID_UNIT && address < 0x1000000000000;
    assigns \nothing;
    ensures \result.word[0] == c.word[0];
    ensures \result.word[1] % CAP_ASID_UNIT == asid && \result.word[1] / CAP_ASID_UNIT == address; */
static inline struct cap cap_with_mapping(struct cap c, uint64_t asid, uaddr_t address)
{
    c.word[1] = address * CAP_ASID_UNIT + asid;
    return c;
}

/* ---- slots: a capability and its place in the derivation list */

/**
 * The derivation list holds every capability of the system, each after its parent and before its parent's next sibling.
 * Two flags sit in the low bits of `next`: slots are aligned to their size.
 */
struct slot {
    struct cap cap;
    uintptr_t prev;
    uintptr_t next_and_flags;
};
_Static_assert(sizeof(struct slot) == 32, "seL4_SlotBits is 5");

enum {
    SLOT_REVOCABLE = 1,    /**< derivation starts here: descendants of the same object are children of this slot */
    SLOT_FIRST_BADGED = 2, /**< the first slot with its badge: an earlier one with the same badge is no parent */
    SLOT_FLAGS = SLOT_REVOCABLE | SLOT_FIRST_BADGED,
};

static inline struct slot *slot_next(const struct slot *s)
{
    return (struct slot *)(s->next_and_flags & ~(uintptr_t)SLOT_FLAGS);
}

static inline struct slot *slot_prev(const struct slot *s)
{
    return (struct slot *)s->prev;
}

static inline bool slot_is_empty(const struct slot *s)
{
    return cap_type(s->cap) == CAP_NULL;
}

#endif
