/* SPDX-License-Identifier: MIT */
/** Untyped_Retype. Source: seL4 manual sections 2.4 and 11.2. */
#include "conf.h"

enum { RETYPE = seL4_UntypedRetype, EP = seL4_EndpointObject, TYPE_END = seL4_ARM_VCPUObject + 1 };

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no such type", UNTYPED, RETYPE, W(TYPE_END, 0, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(0)},
    {"CNode of 0 bits", UNTYPED, RETYPE, W(seL4_CapTableObject, 0, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"untyped of 3 bits", UNTYPED, RETYPE, W(seL4_UntypedObject, 3, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"scheduling context of 6 bits", UNTYPED, RETYPE, W(seL4_SchedContextObject, 6, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"thread of device memory", UNTYPED_DEVICE, RETYPE, W(seL4_TCBObject, 0, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"page table of device memory", UNTYPED_DEVICE, RETYPE, W(seL4_ARM_PageTableObject, 0, 0, 0, FREE, 1), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"untyped of 48 bits", UNTYPED, RETYPE, W(seL4_UntypedObject, 48, 0, 0, FREE, 1), W(OWN_CNODE), seL4_RangeError, W(0, 47)},
    {"untyped of 64 bits", UNTYPED, RETYPE, W(seL4_UntypedObject, 64, 0, 0, FREE, 1), W(OWN_CNODE), seL4_RangeError, W(0, 47)},
    {"CNode of 43 bits", UNTYPED, RETYPE, W(seL4_CapTableObject, 43, 0, 0, FREE, 1), W(OWN_CNODE), seL4_RangeError, W(0, 47)},
    {"scheduling context of 48 bits", UNTYPED, RETYPE, W(seL4_SchedContextObject, 48, 0, 0, FREE, 1), W(OWN_CNODE), seL4_RangeError, W(0, 47)},
    {"depth of the node is 65", UNTYPED, RETYPE, W(EP, 0, CNODE, 65, 0, 1), W(OWN_CNODE), seL4_RangeError, W(1, 64)},
    {"first slot behind the node", UNTYPED, RETYPE, W(EP, 0, 0, 0, 16, 1), W(CNODE), seL4_RangeError, W(0, 15)},
    {"no objects", UNTYPED, RETYPE, W(EP, 0, 0, 0, FREE, 0), W(OWN_CNODE), seL4_RangeError, W(1, 256)},
    {"257 objects", UNTYPED, RETYPE, W(EP, 0, 0, 0, FREE, 257), W(OWN_CNODE), seL4_RangeError, W(1, 256)},
    {"last slot behind the node", UNTYPED, RETYPE, W(EP, 0, 0, 0, 10, 7), W(CNODE), seL4_RangeError, W(1, 6)},
    {"root is no CNode, depth 0", UNTYPED, RETYPE, W(EP, 0, 0, 0, 0, 1), W(FRAME), seL4_FailedLookup, W(0, seL4_MissingCapability, 0)},
    {"root is no CNode", UNTYPED, RETYPE, W(EP, 0, CNODE, 64, 0, 1), W(FRAME), seL4_FailedLookup, W(0, seL4_InvalidRoot)},
    {"node is no CNode", UNTYPED, RETYPE, W(EP, 0, FRAME, 64, 0, 1), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_MissingCapability, 64)},
    {"node is an empty slot", UNTYPED, RETYPE, W(EP, 0, EMPTY, 64, 0, 1), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_MissingCapability, 64)},
    {"guard of the root differs", UNTYPED, RETYPE, W(EP, 0, 1ull << 20 | CNODE, 64, 0, 1), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS)},
    {"depth is less than the root's bits", UNTYPED, RETYPE, W(EP, 0, 1, 3, 0, 1), W(CNODE), seL4_FailedLookup, W(0, seL4_DepthMismatch, 3, 4)},
    {"depth goes on behind what is no CNode", UNTYPED, RETYPE, W(EP, 0, 1 << 4, 8, 0, 1), W(CNODE), seL4_FailedLookup, W(0, seL4_DepthMismatch, 4, 0)},
    {"a slot is not empty", UNTYPED, RETYPE, W(EP, 0, 0, 0, ENDPOINT, 1), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"the last of many slots is not empty", UNTYPED, RETYPE, W(EP, 0, 0, 0, 0, 2), W(CNODE), seL4_DeleteFirst, NONE},
    {"an object too large", UNTYPED, RETYPE, W(seL4_ARM_LargePageObject, 0, 0, 0, FREE, 1), W(OWN_CNODE), seL4_NotEnoughMemory, W(1 << 16)},
    {"one object too many", UNTYPED, RETYPE, W(seL4_ARM_SmallPageObject, 0, 0, 0, ROW_SLOTS, 17), W(OWN_CNODE), seL4_NotEnoughMemory, W(1 << 16)},
    {"a part is used", UNTYPED_USED, RETYPE, W(seL4_UntypedObject, 14, 0, 0, FREE, 1), W(OWN_CNODE), seL4_NotEnoughMemory, W((1 << 14) - 16)},
};

static bool each_type(void)
{
    static const struct { uint8_t type, bits; } types[] = {
        {seL4_UntypedObject, 4},     {seL4_TCBObject, 0},           {seL4_EndpointObject, 0},      {seL4_NotificationObject, 0},
        {seL4_CapTableObject, 1},    {seL4_SchedContextObject, 7},  {seL4_ReplyObject, 0},         {seL4_ARM_VSpaceObject, 0},
        {seL4_ARM_SmallPageObject, 0}, {seL4_ARM_PageTableObject, 0}};
    bool good = true;
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        good = works(call(UNTYPED, RETYPE, WORDS(types[i].type, types[i].bits, 0, 0, new_slot(), 1), CAPS(OWN_CNODE))) && good;
    }
    uint64_t large = make(seL4_UntypedObject, seL4_LargePageBits);
    return works(call(large, RETYPE, WORDS(seL4_ARM_LargePageObject, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE))) && good;
}

static bool many_at_once(void)
{
    for (unsigned i = 0; i < 256; i++) {
        (void)new_slot();
    }
    bool good = works(call(UNTYPED, RETYPE, WORDS(EP, 0, 0, 0, ROW_SLOTS, 256), CAPS(OWN_CNODE)));
    return good && refuses(call(UNTYPED, RETYPE, WORDS(EP, 0, 0, 0, ROW_SLOTS + 255, 1), CAPS(OWN_CNODE)), seL4_DeleteFirst, NO_WORDS);
}

static bool into_a_node(void)
{
    return works(call(UNTYPED, RETYPE, WORDS(EP, 0, CNODE, 64, 14, 2), CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeMove, WORDS(FREE, 64, 15, 4), CAPS(CNODE)));
}

static uint64_t address_of(uint64_t frame)
{
    struct answer a = call(frame, seL4_ARMPageGetAddress, NO_WORDS, NO_CAPS);
    return a.word[0];
}

/* Objects start at multiples of their size; what is skipped for that is not used later. */
static bool aligned(void)
{
    if (!works(call(UNTYPED, RETYPE, WORDS(EP, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE))) ||
        !works(call(UNTYPED, RETYPE, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, FREE_2, 1), CAPS(OWN_CNODE))) ||
        !works(call(UNTYPED, RETYPE, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, FREE_3, 1), CAPS(OWN_CNODE)))) {
        return false;
    }
    return same(address_of(FREE_2) % 65536, 4096, "the first frame") && same(address_of(FREE_3) % 65536, 8192, "the second frame") &&
           refuses(call(UNTYPED, RETYPE, WORDS(seL4_UntypedObject, 16, 0, 0, EMPTY, 1), CAPS(OWN_CNODE)), seL4_NotEnoughMemory,
                   WORDS(65536 - 3 * 4096));
}

/* Memory is zero again when it is used again. */
static bool used_again(void)
{
    const uint64_t rights = seL4_CanRead | seL4_CanWrite;
    volatile uint64_t *page = (volatile uint64_t *)FREE_ADDR;
    uint64_t first = 0;
    for (unsigned round = 0; round < 2; round++) {
        if (untyped_retype(UNTYPED_PAGE, seL4_ARM_SmallPageObject, 0, OWN_CNODE, FREE, 1) != seL4_NoError ||
            page_map(FREE, OWN_VSPACE, FREE_ADDR, rights, seL4_ARM_Default_VMAttributes) != seL4_NoError) {
            return check(false, "an untyped without children can be used again");
        }
        if (round == 1) {
            return same(address_of(FREE), first, "address") && same(page[0] | page[511], 0, "contents");
        }
        first = address_of(FREE);
        page[0] = 1;
        page[511] = 2;
        if (cnode_delete(at(FREE)) != seL4_NoError) {
            return false;
        }
    }
    return false;
}

static bool used_after_revoke(void)
{
    return cnode_revoke(at(UNTYPED_USED)) == seL4_NoError &&
           works(call(UNTYPED_USED, RETYPE, WORDS(seL4_UntypedObject, 14, 0, 0, FREE, 1), CAPS(OWN_CNODE))) &&
           refuses(call(UNTYPED_CHILD, seL4_TCBSuspend, NO_WORDS, NO_CAPS), seL4_InvalidCapability, WORDS(0));
}

static bool device_frames(void)
{
    return works(call(UNTYPED_DEVICE, RETYPE, WORDS(seL4_UntypedObject, 12, 0, 0, FREE, 1), CAPS(OWN_CNODE))) &&
           works(call(UNTYPED_DEVICE, RETYPE, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, FREE_2, 1), CAPS(OWN_CNODE))) &&
           works(call(FREE, RETYPE, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, FREE_3, 1), CAPS(OWN_CNODE))) &&
           same(address_of(FREE_2), address_of(FREE_3) + 4096, "address");
}

static bool huge_frame(void)
{
    uint64_t device = device_untyped(DEVICE_ADDR, seL4_HugePageBits + 1); /* the fixture uses a part of the least one */
    return works(call(device, RETYPE, WORDS(seL4_ARM_HugePageObject, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE)));
}

/* Without the invocation's answer nothing tells that it failed; with Send it works all the same. */
static bool by_send(void)
{
    struct message m = {.info = seL4_MessageInfo_new(RETYPE, 0, 1, 6), .word = {EP, 0, 0, 0}};
    ipc_buffer->msg[4] = FREE;
    ipc_buffer->msg[5] = 1;
    ipc_buffer->caps_or_badges[0] = OWN_CNODE;
    sys_send(UNTYPED, &m);
    return works(call(OWN_CNODE, seL4_CNodeMove, WORDS(FREE_2, 64, FREE, 64), CAPS(OWN_CNODE)));
}

static const struct row rows[] = {
    {"Untyped_Retype", "works", "each type of object at its least size", each_type},
    {"Untyped_Retype", "works", "256 objects at once", many_at_once},
    {"Untyped_Retype", "works", "into a CNode below the root", into_a_node},
    {"Untyped_Retype", "works", "objects are aligned to their size", aligned},
    {"Untyped_Retype", "works", "memory whose objects are gone is used again, and is zero", used_again},
    {"Untyped_Retype", "works", "memory is used again after a revocation", used_after_revoke},
    {"Untyped_Retype", "works", "frames and untypeds of device memory", device_frames},
    {"Untyped_Retype", "works", "a huge frame", huge_frame},
    {"Untyped_Retype", "works", "by Send, without an answer", by_send},
};

void untyped_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
