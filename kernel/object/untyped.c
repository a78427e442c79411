/* SPDX-License-Identifier: MIT */
/** Untyped: see untyped.h. */
#include "object/untyped.h"

#include "arch.h"
#include "object/cspace.h"
#include "object/thread.h"
#include "object/vcpu.h"
#include "sched/sched.h"

unsigned untyped_object_bits(unsigned type, uint64_t user_bits)
{
    switch (type) {
    case seL4_UntypedObject:
    case seL4_SchedContextObject:
        return user_bits < 64 ? (unsigned)user_bits : 64;
    case seL4_CapTableObject:
        return user_bits < 64 ? (unsigned)user_bits + seL4_SlotBits : 64;
    case seL4_TCBObject:
        return seL4_TCBBits;
    case seL4_EndpointObject:
        return seL4_EndpointBits;
    case seL4_NotificationObject:
        return seL4_NotificationBits;
    case seL4_ReplyObject:
        return seL4_ReplyBits;
    case seL4_ARM_SmallPageObject:
        return seL4_PageBits;
    case seL4_ARM_LargePageObject:
        return seL4_LargePageBits;
    case seL4_ARM_HugePageObject:
        return seL4_HugePageBits;
    case seL4_ARM_VSpaceObject:
        return seL4_VSpaceBits;
    case seL4_ARM_PageTableObject:
        return seL4_PageTableBits;
    default:
        return seL4_VCPUBits;
    }
}

static struct cap make_object(const struct retype *r, paddr_t at, bool device)
{
    uint64_t frame_flags = FRAME_CAN_READ | FRAME_CAN_WRITE | (device ? FRAME_IS_DEVICE : 0);
    uint64_t both = RIGHT_SEND | RIGHT_RECEIVE;
    switch (r->type) {
    case seL4_UntypedObject:
        return cap_untyped(at, r->object_bits, device, 0);
    case seL4_TCBObject:
        thread_init(kptr(at));
        return cap_make(CAP_TCB, at, 0, 0);
    case seL4_EndpointObject:
        return cap_make(CAP_ENDPOINT, at, both | RIGHT_GRANT | RIGHT_GRANT_REPLY, 0);
    case seL4_NotificationObject:
        return cap_make(CAP_NOTIFICATION, at, both, 0);
    case seL4_CapTableObject:
        return cap_cnode(at, r->user_bits, 0, 0);
    case seL4_SchedContextObject:
        return cap_make(CAP_SCHED_CONTEXT, at, (uint64_t)r->object_bits << 5, 0);
    case seL4_ReplyObject:
        return cap_make(CAP_REPLY, at, RIGHT_GRANT, 0);
    case seL4_ARM_SmallPageObject:
        return cap_frame(at, FRAME_SMALL, frame_flags);
    case seL4_ARM_LargePageObject:
        return cap_frame(at, FRAME_LARGE, frame_flags);
    case seL4_ARM_HugePageObject:
        return cap_frame(at, FRAME_HUGE, frame_flags);
    case seL4_ARM_VSpaceObject:
        return cap_make(CAP_VSPACE, at, 0, 0);
    case seL4_ARM_PageTableObject:
        return cap_make(CAP_PAGE_TABLE, at, 0, 0);
    default:
        break;
    }
    kassert(r->type == seL4_ARM_VCPUObject);
    arch_vcpu_init(kptr(at));
    return cap_make(CAP_VCPU, at, 0, 0);
}

/* Clears what the objects will take. Child untypeds are cleared when they are used themselves. */
static bool clear_memory(const struct retype *r, struct cap untyped)
{
    if (r->type == seL4_UntypedObject || cap_untyped_is_device(untyped)) {
        return false;
    }
    uint64_t len = r->count << r->object_bits;
    uint64_t unit = bit(UNTYPED_CLEAR_BITS);
    for (uint64_t done = cap_untyped_cleared(untyped) * unit; done < len; done += unit) {
        arch_clear_memory(kptr(r->start + done), len - done < unit ? len - done : unit);
        if (len - done > unit) {
            r->untyped->cap = cap_untyped_with_cleared(untyped, done / unit + 1);
            if (preemption_now()) {
                return true;
            }
        }
    }
    return false;
}

bool untyped_retype(const struct retype *r)
{
    struct cap untyped = r->untyped->cap;
    bool device = cap_untyped_is_device(untyped);
    if (clear_memory(r, untyped)) {
        return true;
    }
    uint64_t used = r->start + (r->count << r->object_bits) - cap_address(untyped);
    r->untyped->cap = cap_untyped_with_used(untyped, used);
    for (uint64_t i = 0; i < r->count; i++) {
        struct cap made = make_object(r, r->start + (i << r->object_bits), device);
        slot_insert_child(made, r->untyped, &r->destination[i]);
    }
    return false;
}
