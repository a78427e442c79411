/* SPDX-License-Identifier: MIT */
/** Address spaces and their identifiers. Source: seL4 manual chapter 7 and section 11.3. */
#include "conf.h"

#define AT(index) (index), 64

enum {
    POOL_COUNT = 1 << seL4_NumASIDPoolsBits,
    POOL_ENTRIES = 1 << seL4_ASIDPoolIndexBits,
    MAKE_POOL = seL4_ARMASIDControlMakePool,
    ASSIGN = seL4_ARMASIDPoolAssign,
    ABOVE = ROOT_PRIORITY + 10,
};

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no untyped", seL4_CapASIDControl, MAKE_POOL, W(AT(FREE)), W(FRAME, OWN_CNODE), seL4_InvalidCapability, W(1)},
    {"untyped of another size", seL4_CapASIDControl, MAKE_POOL, W(AT(FREE)), W(UNTYPED, OWN_CNODE), seL4_InvalidCapability, W(1)},
    {"slot is not empty", seL4_CapASIDControl, MAKE_POOL, W(AT(FRAME)), W(UNTYPED_PAGE, OWN_CNODE), seL4_DeleteFirst, NONE},
    {"depth 0", seL4_CapASIDControl, MAKE_POOL, W(FREE, 0), W(UNTYPED_PAGE, OWN_CNODE), seL4_RangeError, W(1, 64)},
    {"root is no CNode", seL4_CapASIDControl, MAKE_POOL, W(AT(FREE)), W(UNTYPED_PAGE, FRAME), seL4_FailedLookup, W(0, seL4_InvalidRoot)},
    {"guard differs", seL4_CapASIDControl, MAKE_POOL, W(AT(1ull << 40)), W(UNTYPED_PAGE, OWN_CNODE), seL4_FailedLookup, W(0, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS)},
    {"no address space", OWN_POOL, ASSIGN, NONE, W(FRAME), seL4_InvalidCapability, W(1)},
    {"address space with an identifier", OWN_POOL, ASSIGN, NONE, W(VSPACE), seL4_InvalidCapability, W(1)},
};

/* ---- cache maintenance by address; the four labels have the same rules --------------------------------------------------------- */

static bool range_empty(uint64_t label)
{
    return refuses(call(OWN_VSPACE, label, WORDS(MAPPED, MAPPED), NO_CAPS), seL4_InvalidArgument, WORDS(1)) &&
           refuses(call(OWN_VSPACE, label, WORDS(MAPPED + 1, MAPPED), NO_CAPS), seL4_InvalidArgument, WORDS(1));
}

static bool range_above(uint64_t label)
{
    return refuses(call(OWN_VSPACE, label, WORDS(MAPPED, USER_TOP + 1), NO_CAPS), seL4_IllegalOperation, NO_WORDS);
}

static bool range_of_two_pages(uint64_t label)
{
    return refuses(call(OWN_VSPACE, label, WORDS(MAPPED + 64, MAPPED + 4097), NO_CAPS), seL4_RangeError, WORDS(MAPPED + 64, MAPPED + 4095));
}

static bool space_unnamed(uint64_t label)
{
    return refuses(call(VSPACE_NEW, label, WORDS(MAPPED, MAPPED + 64), NO_CAPS), seL4_InvalidCapability, WORDS(0));
}

static bool space_stale(uint64_t label)
{
    return works(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(UNTYPED_PAGE, OWN_CNODE))) &&
           works(call(FREE, ASSIGN, NO_WORDS, CAPS(VSPACE_NEW))) && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(FREE)), NO_CAPS)) &&
           refuses(call(VSPACE_NEW, label, WORDS(MAPPED, MAPPED + 64), NO_CAPS), seL4_FailedLookup, WORDS(0, seL4_InvalidRoot));
}

static bool space_works(uint64_t label)
{
    *(volatile uint64_t *)MAPPED = 0;
    return works(call(OWN_VSPACE, label, WORDS(MAPPED, MAPPED + 4096), NO_CAPS)) && works(call(OWN_VSPACE, label, WORDS(MAPPED + 9, MAPPED + 10), NO_CAPS)) &&
           same(*(volatile uint64_t *)MAPPED, 0, "contents");
}

static bool space_unmapped(uint64_t label)
{
    return works(call(OWN_VSPACE, label, WORDS(FREE_ADDR, FREE_ADDR + 64), NO_CAPS)) && works(call(OWN_VSPACE, label, WORDS(NO_DIRECTORY, NO_DIRECTORY + 64), NO_CAPS));
}

/* ---- pools --------------------------------------------------------------------------------------------------------------------------- */

static bool refuses_device_pool(void)
{
    return works(call(UNTYPED_DEVICE, seL4_UntypedRetype, WORDS(seL4_UntypedObject, 12, 0, 0, FREE_2, 1), CAPS(OWN_CNODE))) &&
           refuses(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(FREE_2, OWN_CNODE)), seL4_InvalidCapability, WORDS(1));
}

static bool refuses_used_pool(void)
{
    return works(call(UNTYPED_PAGE, seL4_UntypedRetype, WORDS(seL4_EndpointObject, 0, 0, 0, FREE_2, 1), CAPS(OWN_CNODE))) &&
           refuses(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(UNTYPED_PAGE, OWN_CNODE)), seL4_RevokeFirst, NO_WORDS);
}

/* One pool exists from the start. */
static bool makes_all_pools(void)
{
    bool good = true;
    for (unsigned i = 1; i < POOL_COUNT; i++) {
        uint64_t untyped = make(seL4_UntypedObject, seL4_ASIDPoolBits);
        good = good && works(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(new_slot())), CAPS(untyped, OWN_CNODE)));
    }
    return good && refuses(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(UNTYPED_PAGE, OWN_CNODE)), seL4_DeleteFirst, NO_WORDS);
}

static bool fills_a_pool(void)
{
    bool good = works(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(UNTYPED_PAGE, OWN_CNODE)));
    for (unsigned i = 0; i < POOL_ENTRIES && good; i++) {
        good = works(call(FREE, ASSIGN, NO_WORDS, CAPS(make(seL4_ARM_VSpaceObject, 0))));
    }
    return good && refuses(call(FREE, ASSIGN, NO_WORDS, CAPS(VSPACE_NEW)), seL4_DeleteFirst, NO_WORDS) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(ROW_SLOTS)), NO_CAPS)) && works(call(FREE, ASSIGN, NO_WORDS, CAPS(VSPACE_NEW)));
}

/* An undefined instruction in a space of its own: the fault says that the thread ran there. */
static uint64_t runs_in(uint64_t space)
{
    enum { CODE = 0x1000000 };
    uint64_t table = make(seL4_ARM_PageTableObject, 0);
    uint64_t table2 = make(seL4_ARM_PageTableObject, 0);
    struct worker *w = worker_new(NULL, ABOVE);
    const struct seL4_UserContext c = {.pc = CODE};
    struct message m = {0};
    if (!works(call(table, seL4_ARMPageTableMap, WORDS(CODE, 0), CAPS(space))) || !works(call(table2, seL4_ARMPageTableMap, WORDS(CODE, 0), CAPS(space))) ||
        !works(call(FRAME, seL4_ARMPageMap, WORDS(CODE, seL4_CanRead, seL4_ARM_Default_VMAttributes), CAPS(space))) ||
        !works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(faults(), OWN_CNODE, space))) || tcb_write_registers(w->tcb, true, &c) != seL4_NoError ||
        !take_fault(seL4_Fault_UserException, &m)) {
        return 0;
    }
    return m.word[seL4_UserException_FaultIP] == CODE ? w->tcb : 0;
}

static bool runs(void)
{
    return works(call(OWN_POOL, ASSIGN, NO_WORDS, CAPS(VSPACE_NEW))) && check(runs_in(VSPACE_NEW) != 0, "a thread runs there");
}

/* A thread whose address space loses its identifier cannot run: its next instruction is a fault. */
static bool stops(void)
{
    if (!works(call(seL4_CapASIDControl, MAKE_POOL, WORDS(AT(FREE)), CAPS(UNTYPED_PAGE, OWN_CNODE))) || !works(call(FREE, ASSIGN, NO_WORDS, CAPS(VSPACE_NEW)))) {
        return false;
    }
    uint64_t tcb = runs_in(VSPACE_NEW);
    struct message m = {0};
    bool good = check(tcb != 0, "a thread runs there") && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(FREE)), NO_CAPS));
    sys_send(REPLY, &m);
    return good && take_fault(seL4_Fault_VMFault, &m) && same(m.word[seL4_VMFault_PrefetchFault], 1, "instruction fetch");
}

static const struct row rows[] = {
    {"ARM_ASIDControl_MakePool", "InvalidCapability", "device memory", refuses_device_pool},
    {"ARM_ASIDControl_MakePool", "RevokeFirst", "something was made of the untyped", refuses_used_pool},
    {"ARM_ASIDControl_MakePool", "DeleteFirst", "there are 128 pools", makes_all_pools},
    {"ARM_ASIDControl_MakePool", "works", "and when the pool is deleted, nothing runs there", stops},
    {"ARM_ASIDPool_Assign", "DeleteFirst", "there are 512 in the pool; one less, and it works", fills_a_pool},
    {"ARM_ASIDPool_Assign", "works", "a thread runs in the space", runs},
};

void space_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
    for (uint64_t label = seL4_ARMVSpaceClean_Data; label <= seL4_ARMVSpaceUnify_Instruction; label++) {
        run_row(conf_name(label), "InvalidArgument", "empty range", range_empty, label);
        run_row(conf_name(label), "IllegalOperation", "above user level's addresses", range_above, label);
        run_row(conf_name(label), "RangeError", "across pages: start, and the last byte of its page", range_of_two_pages, label);
        run_row(conf_name(label), "InvalidCapability", "address space without identifier", space_unnamed, label);
        run_row(conf_name(label), "FailedLookup", "the address space's pool is gone", space_stale, label);
        run_row(conf_name(label), "works", "a page, and a byte", space_works, label);
        run_row(conf_name(label), "works", "where nothing is mapped", space_unmapped, label);
    }
}
