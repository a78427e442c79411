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

/** Rights that a capability carries, as bits of word 0; the same bits are used by endpoints, notifications and replies. */
enum {
    RIGHT_SEND = 1 << 5,
    RIGHT_RECEIVE = 1 << 6,
    RIGHT_GRANT = 1 << 7,
    RIGHT_GRANT_REPLY = 1 << 8,
};

static inline enum cap_type cap_type(struct cap c)
{
    return (enum cap_type)(c.word[0] & CAP_TYPE_MASK);
}

static inline paddr_t cap_address(struct cap c)
{
    return c.word[0] >> 16;
}

static inline struct cap cap_make(enum cap_type type, paddr_t address, uint64_t small, uint64_t word1)
{
    return (struct cap){{address << 16 | small | (uint64_t)type, word1}};
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
static inline unsigned cap_bits(struct cap c)
{
    return (unsigned)(c.word[0] >> 5 & 63);
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

static inline struct cap cap_sgi(unsigned irq, unsigned target)
{
    return cap_make(CAP_SGI, 0, 0, (uint64_t)target << 8 | irq);
}

static inline unsigned cap_sgi_irq(struct cap c)
{
    return (unsigned)(c.word[1] & 0xff);
}

static inline unsigned cap_sgi_target(struct cap c)
{
    return (unsigned)(c.word[1] >> 8);
}

/* ---- untyped */

/** How far the memory behind `used` has been cleared already by a retype that was preempted, in units of this size. */
#define UNTYPED_CLEAR_BITS 16u
#define UNTYPED_USED_BITS 44u /**< of word 1: bytes used / 16 */

static inline struct cap cap_untyped(paddr_t base, unsigned size_bits, bool device, uint64_t used_bytes)
{
    return cap_make(CAP_UNTYPED, base, (uint64_t)size_bits << 5 | (uint64_t)device << 11, used_bytes >> 4);
}

static inline bool cap_untyped_is_device(struct cap c)
{
    return (c.word[0] >> 11 & 1) != 0;
}

static inline uint64_t cap_untyped_used(struct cap c)
{
    return (c.word[1] & mask(UNTYPED_USED_BITS)) << 4;
}

static inline struct cap cap_untyped_with_used(struct cap c, uint64_t used_bytes)
{
    c.word[1] = used_bytes >> 4;
    return c;
}

static inline uint64_t cap_untyped_cleared(struct cap c)
{
    return c.word[1] >> UNTYPED_USED_BITS;
}

static inline struct cap cap_untyped_with_cleared(struct cap c, uint64_t units)
{
    c.word[1] = (c.word[1] & mask(UNTYPED_USED_BITS)) | units << UNTYPED_USED_BITS;
    return c;
}

/* ---- cnode and zombie */

static inline struct cap cap_cnode(paddr_t base, unsigned radix, uint64_t guard, unsigned guard_bits)
{
    return cap_make(CAP_CNODE, base, (uint64_t)radix << 5, guard << 6 | guard_bits);
}

static inline uint64_t cap_cnode_guard(struct cap c)
{
    return c.word[1] >> 6;
}

static inline unsigned cap_cnode_guard_bits(struct cap c)
{
    return (unsigned)(c.word[1] & 63);
}

static inline struct cap cap_zombie(paddr_t object, bool of_tcb, unsigned radix, uint64_t slots_left)
{
    return cap_make(CAP_ZOMBIE, object, (uint64_t)radix << 5 | (uint64_t)of_tcb << 11, slots_left);
}

static inline bool cap_zombie_of_tcb(struct cap c)
{
    return (c.word[0] >> 11 & 1) != 0;
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

static inline uint64_t cap_asid(struct cap c)
{
    return c.word[1] & 0xffff;
}

static inline uaddr_t cap_mapped_address(struct cap c)
{
    return c.word[1] >> 16;
}

static inline struct cap cap_with_mapping(struct cap c, uint64_t asid, uaddr_t address)
{
    c.word[1] = address << 16 | asid;
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
