/* SPDX-License-Identifier: MIT */
/** Page tables and frames. Source: seL4 manual chapter 7 and section 11.3. */
#include "conf.h"

enum {
    MAP = seL4_ARMPageMap,
    MAP_TABLE = seL4_ARMPageTableMap,
    UNMAP_TABLE = seL4_ARMPageTableUnmap,
    ABOVE = ROOT_PRIORITY + 10,
    READ = seL4_CanRead,
    READ_WRITE = seL4_CanRead | seL4_CanWrite,
};

/* style: one rule a line */
static const struct refusal refused[] = {
    {"the table is mapped", TABLE_MAPPED, MAP_TABLE, W(NO_TABLE, 0), W(OWN_VSPACE), seL4_InvalidCapability, W(0)},
    {"no address space", TABLE, MAP_TABLE, W(NO_TABLE, 0), W(FRAME), seL4_InvalidCapability, W(1)},
    {"address space without identifier", TABLE, MAP_TABLE, W(NO_TABLE, 0), W(VSPACE_NEW), seL4_InvalidCapability, W(1)},
    {"above user level's addresses", TABLE, MAP_TABLE, W(USER_TOP, 0), W(OWN_VSPACE), seL4_InvalidArgument, W(0)},
    {"there are all tables", TABLE, MAP_TABLE, W(WINDOW, 0), W(OWN_VSPACE), seL4_DeleteFirst, NONE},

    {"no address space", FRAME, MAP, W(FREE_ADDR, READ, 0), W(FRAME), seL4_InvalidCapability, W(1)},
    {"address space without identifier", FRAME, MAP, W(FREE_ADDR, READ, 0), W(VSPACE_NEW), seL4_InvalidCapability, W(1)},
    {"mapped in another address space", FRAME_MAPPED, MAP, W(MAPPED, READ, 0), W(VSPACE), seL4_InvalidCapability, W(1)},
    {"mapped at another address", FRAME_MAPPED, MAP, W(FREE_ADDR, READ, 0), W(OWN_VSPACE), seL4_InvalidArgument, W(0)},
    {"above user level's addresses", FRAME, MAP, W(USER_TOP, READ, 0), W(OWN_VSPACE), seL4_InvalidArgument, W(0)},
    {"not aligned", FRAME, MAP, W(FREE_ADDR + 8, READ, 0), W(OWN_VSPACE), seL4_AlignmentError, NONE},
    {"a large frame not aligned", FRAME_LARGE, MAP, W(NO_TABLE + 4096, READ, 0), W(OWN_VSPACE), seL4_AlignmentError, NONE},
    {"no table for pages", FRAME, MAP, W(NO_TABLE, READ, 0), W(OWN_VSPACE), seL4_FailedLookup, W(0, seL4_MissingCapability, 21)},
    {"no table for large pages", FRAME, MAP, W(NO_DIRECTORY, READ, 0), W(OWN_VSPACE), seL4_FailedLookup, W(0, seL4_MissingCapability, 30)},
    {"a large frame, no table", FRAME_LARGE, MAP, W(NO_DIRECTORY, READ, 0), W(OWN_VSPACE), seL4_FailedLookup, W(0, seL4_MissingCapability, 30)},
    {"a large frame, but a table for pages", FRAME_LARGE, MAP, W(TABLE_ADDR, READ, 0), W(OWN_VSPACE), seL4_FailedLookup, W(0, seL4_MissingCapability, 12)},

    {"not mapped", FRAME, seL4_ARMPageClean_Data, W(0, 64), NONE, seL4_IllegalOperation, NONE},
    {"empty range", FRAME_MAPPED, seL4_ARMPageClean_Data, W(64, 64), NONE, seL4_InvalidArgument, W(1)},
    {"end behind the frame", FRAME_MAPPED, seL4_ARMPageClean_Data, W(0, 4097), NONE, seL4_InvalidArgument, W(0)},
    {"start behind the frame", FRAME_MAPPED, seL4_ARMPageClean_Data, W(4096, 4097), NONE, seL4_InvalidArgument, W(0)},
    {"not mapped", FRAME, seL4_ARMPageInvalidate_Data, W(0, 64), NONE, seL4_IllegalOperation, NONE},
    {"empty range", FRAME_MAPPED, seL4_ARMPageInvalidate_Data, W(64, 64), NONE, seL4_InvalidArgument, W(1)},
    {"end behind the frame", FRAME_MAPPED, seL4_ARMPageInvalidate_Data, W(0, 4097), NONE, seL4_InvalidArgument, W(0)},
    {"not mapped", FRAME, seL4_ARMPageCleanInvalidate_Data, W(0, 64), NONE, seL4_IllegalOperation, NONE},
    {"empty range", FRAME_MAPPED, seL4_ARMPageCleanInvalidate_Data, W(64, 64), NONE, seL4_InvalidArgument, W(1)},
    {"end behind the frame", FRAME_MAPPED, seL4_ARMPageCleanInvalidate_Data, W(0, 4097), NONE, seL4_InvalidArgument, W(0)},
    {"not mapped", FRAME, seL4_ARMPageUnify_Instruction, W(0, 64), NONE, seL4_IllegalOperation, NONE},
    {"empty range", FRAME_MAPPED, seL4_ARMPageUnify_Instruction, W(64, 64), NONE, seL4_InvalidArgument, W(1)},
    {"end behind the frame", FRAME_MAPPED, seL4_ARMPageUnify_Instruction, W(0, 4097), NONE, seL4_InvalidArgument, W(0)},
};

/* ---- what a thread can do at an address ------------------------------------------------------------------------------------- */

static void touches(struct worker *w)
{
    volatile uint64_t *at_addr = (volatile uint64_t *)w->argument[0];
    uint64_t value = *at_addr;
    w->step = 1;
    *at_addr = value + 1;
    w->step = 2;
}

static void jumps(struct worker *w)
{
    ((void (*)(void))w->argument[0])();
    w->step = 3;
}

/* 0: nothing, 1: read, 2: write as well. */
static bool may(uint64_t addr, uint64_t wanted, const char *what)
{
    struct worker *w = worker_run(touches, ABOVE, addr);
    struct message m = {0};
    bool good = same(w->step, wanted, what);
    if (wanted < 2) {
        good = good && take_fault(seL4_Fault_VMFault, &m) && same(m.word[seL4_VMFault_Addr], addr, "address of the fault");
    }
    return good;
}

/* ---- page tables ---------------------------------------------------------------------------------------------------------------- */

/* Each map adds the highest table that is missing. */
static bool maps_by_level(void)
{
    uint64_t second = make(seL4_ARM_PageTableObject, 0);
    return works(call(TABLE, MAP_TABLE, WORDS(NO_DIRECTORY + 0x123456, 0), CAPS(OWN_VSPACE))) &&
           refuses(call(FRAME, MAP, WORDS(NO_DIRECTORY, READ, 0), CAPS(OWN_VSPACE)), seL4_FailedLookup, WORDS(0, seL4_MissingCapability, 21)) &&
           works(call(second, MAP_TABLE, WORDS(NO_DIRECTORY, 0), CAPS(OWN_VSPACE))) &&
           works(call(FRAME, MAP, WORDS(NO_DIRECTORY, READ, 0), CAPS(OWN_VSPACE))) && may(NO_DIRECTORY, 1, "access");
}

static bool refuses_at_a_large_page(void)
{
    return works(call(FRAME_LARGE, MAP, WORDS(NO_TABLE, READ, 0), CAPS(OWN_VSPACE))) &&
           refuses(call(TABLE, MAP_TABLE, WORDS(NO_TABLE, 0), CAPS(OWN_VSPACE)), seL4_DeleteFirst, NO_WORDS);
}

static bool unmaps_table(void)
{
    return works(call(FRAME, MAP, WORDS(TABLE_ADDR, READ, 0), CAPS(OWN_VSPACE))) && works(call(TABLE_MAPPED, UNMAP_TABLE, NO_WORDS, NO_CAPS)) &&
           may(TABLE_ADDR, 0, "access") && works(call(TABLE_MAPPED, UNMAP_TABLE, NO_WORDS, NO_CAPS)) &&
           works(call(TABLE_MAPPED, MAP_TABLE, WORDS(TABLE_ADDR, 0), CAPS(OWN_VSPACE))) && may(TABLE_ADDR, 0, "access to the empty table");
}

static bool refuses_a_copied_table(void)
{
    return works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(FREE, 64, TABLE_MAPPED, 64, seL4_AllRights), CAPS(OWN_CNODE))) &&
           refuses(call(TABLE_MAPPED, UNMAP_TABLE, NO_WORDS, NO_CAPS), seL4_RevokeFirst, NO_WORDS) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(FREE, 64), NO_CAPS)) && works(call(TABLE_MAPPED, UNMAP_TABLE, NO_WORDS, NO_CAPS));
}

static bool deletes_table(void)
{
    return works(call(FRAME, MAP, WORDS(TABLE_ADDR, READ, 0), CAPS(OWN_VSPACE))) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(TABLE_MAPPED, 64), NO_CAPS)) && may(TABLE_ADDR, 0, "access") &&
           works(call(TABLE, MAP_TABLE, WORDS(TABLE_ADDR, 0), CAPS(OWN_VSPACE)));
}

/* ---- frames -------------------------------------------------------------------------------------------------------------------------- */

static bool maps_with(uint64_t rights, uint64_t wanted)
{
    return works(call(FRAME, MAP, WORDS(FREE_ADDR, rights, seL4_ARM_Default_VMAttributes), CAPS(OWN_VSPACE))) && may(FREE_ADDR, wanted, "access");
}

static bool maps_writable(void)
{
    return maps_with(READ_WRITE, 2);
}

static bool maps_readable(void)
{
    return maps_with(READ, 1);
}

static bool maps_without_rights(void)
{
    return maps_with(0, 0);
}

static bool maps_write_only(void)
{
    return maps_with(seL4_CanWrite, 0);
}

static bool changes_rights(void)
{
    return works(call(FRAME_MAPPED, MAP, WORDS(MAPPED, READ, 0), CAPS(OWN_VSPACE))) && may(MAPPED, 1, "access after the change") &&
           works(call(FRAME_MAPPED, MAP, WORDS(MAPPED, READ_WRITE, 0), CAPS(OWN_VSPACE))) && may(MAPPED, 2, "access after the change back");
}

/* A capability without the right to write maps nothing writable, whatever is asked for. */
static bool respects_the_capability(void)
{
    uint64_t copy = minted(FRAME, READ, 0);
    return works(call(copy, MAP, WORDS(FREE_ADDR, READ_WRITE, 0), CAPS(OWN_VSPACE))) && may(FREE_ADDR, 1, "access");
}

static bool copies_are_not_mapped(void)
{
    uint64_t copy = minted(FRAME_MAPPED, READ_WRITE, 0);
    return works(call(copy, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && may(MAPPED, 2, "access to the original") &&
           works(call(copy, MAP, WORDS(FREE_ADDR, READ_WRITE, 0), CAPS(OWN_VSPACE))) && may(FREE_ADDR, 2, "access to the copy");
}

static bool maps_over_another(void)
{
    *(volatile uint64_t *)MAPPED = 77;
    return works(call(FRAME, MAP, WORDS(MAPPED, READ, 0), CAPS(OWN_VSPACE))) && same(*(volatile uint64_t *)MAPPED, 0, "contents") &&
           works(call(FRAME_MAPPED, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && may(MAPPED, 1, "access to the other frame");
}

static bool never_executes(void)
{
    uint32_t *code = (uint32_t *)FREE_ADDR;
    struct message m = {0};
    bool good = works(call(FRAME, MAP, WORDS(FREE_ADDR, READ_WRITE, seL4_ARM_Default_VMAttributes), CAPS(OWN_VSPACE)));
    *code = 0xd65f03c0; /* ret */
    good = good && works(call(FRAME, seL4_ARMPageUnify_Instruction, WORDS(0, 64), NO_CAPS));
    struct worker *w = worker_run(jumps, ABOVE, FREE_ADDR);
    good = good && same(w->step, 3, "steps with the right to execute") &&
           works(call(FRAME, MAP, WORDS(FREE_ADDR, READ, seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever), CAPS(OWN_VSPACE)));
    w = worker_run(jumps, ABOVE, FREE_ADDR);
    return good && same(w->step, 0, "steps without it") && take_fault(seL4_Fault_VMFault, &m) &&
           same(m.word[seL4_VMFault_Addr], FREE_ADDR, "address") && same(m.word[seL4_VMFault_PrefetchFault], 1, "instruction fetch");
}

static bool maps_large(void)
{
    return works(call(FRAME_LARGE, MAP, WORDS(NO_TABLE, READ_WRITE, 0), CAPS(OWN_VSPACE))) && may(NO_TABLE + (1 << 21) - 8, 2, "access") &&
           works(call(FRAME_LARGE, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && may(NO_TABLE, 0, "access after unmapping");
}

static bool maps_huge(void)
{
    uint64_t device = device_untyped(DEVICE_ADDR, seL4_HugePageBits + 1);
    return works(call(device, seL4_UntypedRetype, WORDS(seL4_ARM_HugePageObject, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE))) &&
           works(call(FREE, MAP, WORDS(NO_DIRECTORY, READ_WRITE, 0), CAPS(OWN_VSPACE))) &&
           refuses(call(TABLE, MAP_TABLE, WORDS(NO_DIRECTORY, 0), CAPS(OWN_VSPACE)), seL4_DeleteFirst, NO_WORDS) &&
           works(call(FREE, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && works(call(TABLE, MAP_TABLE, WORDS(NO_DIRECTORY, 0), CAPS(OWN_VSPACE)));
}

static bool unmaps(void)
{
    return works(call(FRAME_MAPPED, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && may(MAPPED, 0, "access") &&
           works(call(FRAME_MAPPED, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) &&
           works(call(FRAME_MAPPED, MAP, WORDS(FREE_ADDR, READ, 0), CAPS(OWN_VSPACE))) && may(FREE_ADDR, 1, "access elsewhere");
}

static bool unmaps_by_deleting(void)
{
    return works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(FRAME_MAPPED, 64), NO_CAPS)) && may(MAPPED, 0, "access");
}

static bool unmaps_by_revoking(void)
{
    uint64_t copy = minted(FRAME, READ_WRITE, 0);
    return works(call(copy, MAP, WORDS(FREE_ADDR, READ_WRITE, 0), CAPS(OWN_VSPACE))) &&
           works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(FRAME, 64), NO_CAPS)) && may(FREE_ADDR, 0, "access");
}

static bool says_addresses(void)
{
    struct answer a = call(FRAME, seL4_ARMPageGetAddress, NO_WORDS, NO_CAPS);
    uint64_t first = a.word[0];
    bool good = same(seL4_MessageInfo_length(a.info), 1, "words") && check(first % 4096 == 0 && first >= 0x60000000 && first < 0xc0000000, "in RAM");
    a = call(FRAME_MAPPED, seL4_ARMPageGetAddress, NO_WORDS, NO_CAPS);
    return good && same(a.word[0], first + 4096, "address of the next frame");
}

static bool maintains_device(void)
{
    return works(call(FRAME_DEVICE, MAP, WORDS(FREE_ADDR, READ, 0), CAPS(OWN_VSPACE))) &&
           works(call(FRAME_DEVICE, seL4_ARMPageClean_Data, WORDS(0, 64), NO_CAPS));
}

static bool maintains_beyond(uint64_t label)
{
    return works(call(device_untyped(512ull << 30, PAGE_BITS), seL4_UntypedRetype, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, FREE, 1),
                      CAPS(OWN_CNODE))) &&
           works(call(FREE, MAP, WORDS(FREE_ADDR, READ, 0), CAPS(OWN_VSPACE))) &&
           refuses(call(FREE, label, WORDS(0, 64), NO_CAPS), seL4_IllegalOperation, NO_WORDS);
}

/* ---- an address space whose identifier is gone ------------------------------------------------------------------------------------- */

/* FREE_3 is an address space with an identifier of a pool that is deleted; TABLE, FRAME_LARGE stay mapped there as far as they know. */
static bool stale(void)
{
    return works(call(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, WORDS(FREE, 64), CAPS(UNTYPED_PAGE, OWN_CNODE))) &&
           works(call(FREE, seL4_ARMASIDPoolAssign, NO_WORDS, CAPS(VSPACE_NEW))) &&
           works(call(TABLE, MAP_TABLE, WORDS(0, 0), CAPS(VSPACE_NEW))) &&
           works(call(FRAME_LARGE, MAP, WORDS(1 << 21, READ, 0), CAPS(VSPACE_NEW))) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(FREE, 64), NO_CAPS));
}

static bool stale_table_map(void)
{
    uint64_t table = make(seL4_ARM_PageTableObject, 0);
    return stale() && refuses(call(table, MAP_TABLE, WORDS(0, 0), CAPS(VSPACE_NEW)), seL4_FailedLookup, WORDS(0, seL4_InvalidRoot));
}

static bool stale_map(void)
{
    return stale() && refuses(call(FRAME, MAP, WORDS(0, READ, 0), CAPS(VSPACE_NEW)), seL4_FailedLookup, WORDS(0, seL4_InvalidRoot));
}

static bool stale_unmap(void)
{
    return stale() && works(call(FRAME_LARGE, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && works(call(TABLE, UNMAP_TABLE, NO_WORDS, NO_CAPS));
}

static bool stale_cache(uint64_t label)
{
    return stale() && refuses(call(FRAME_LARGE, label, WORDS(0, 64), NO_CAPS), seL4_FailedLookup, WORDS(0, seL4_InvalidRoot));
}

static bool cache_works(uint64_t label)
{
    return works(call(FRAME_MAPPED, label, WORDS(0, 4096), NO_CAPS)) && works(call(FRAME_MAPPED, label, WORDS(100, 101), NO_CAPS)) &&
           same(*(volatile uint64_t *)MAPPED, 0, "contents");
}

static const struct row rows[] = {
    {"ARM_PageTable_Map", "works", "the highest table that is missing", maps_by_level},
    {"ARM_PageTable_Map", "DeleteFirst", "a large page is mapped there", refuses_at_a_large_page},
    {"ARM_PageTable_Map", "FailedLookup", "the address space's pool is gone", stale_table_map},
    {"ARM_PageTable_Unmap", "works", "with the pages in it; twice; and is mapped again, empty", unmaps_table},
    {"ARM_PageTable_Unmap", "RevokeFirst", "there is a copy of the capability", refuses_a_copied_table},
    {"ARM_PageTable_Unmap", "works", "by deleting the table", deletes_table},
    {"ARM_Page_Map", "works", "read and write", maps_writable},
    {"ARM_Page_Map", "works", "read", maps_readable},
    {"ARM_Page_Map", "works", "no rights: nothing can be read", maps_without_rights},
    {"ARM_Page_Map", "works", "write only: nothing can be read", maps_write_only},
    {"ARM_Page_Map", "works", "again with other rights", changes_rights},
    {"ARM_Page_Map", "works", "never with more rights than the capability has", respects_the_capability},
    {"ARM_Page_Map", "works", "a copy somewhere else", copies_are_not_mapped},
    {"ARM_Page_Map", "works", "execute, and execute never", never_executes},
    {"ARM_Page_Map", "works", "a large frame", maps_large},
    {"ARM_Page_Map", "works", "a huge frame", maps_huge},
    {"ARM_Page_Map", "works", "over another frame, which cannot unmap it", maps_over_another},
    {"ARM_Page_Map", "FailedLookup", "the address space's pool is gone", stale_map},
    {"ARM_Page_Unmap", "works", "twice; and is mapped elsewhere", unmaps},
    {"ARM_Page_Unmap", "works", "by deleting the frame", unmaps_by_deleting},
    {"ARM_Page_Unmap", "works", "by revoking what it was copied from", unmaps_by_revoking},
    {"ARM_Page_Unmap", "works", "after the address space's pool is gone; ARM_PageTable_Unmap as well", stale_unmap},
    {"ARM_Page_GetAddress", "works", "the physical address", says_addresses},
    {"ARM_Page_Clean_Data", "works", "device memory", maintains_device},
};

void memory_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
    for (uint64_t label = seL4_ARMPageClean_Data; label <= seL4_ARMPageUnify_Instruction; label++) {
        run_row(conf_name(label), "works", "a page, and a byte", cache_works, label);
        run_row(conf_name(label), "FailedLookup", "the address space's pool is gone", stale_cache, label);
        run_row(conf_name(label), "IllegalOperation", "a frame beyond the kernel's window", maintains_beyond, label);
    }
}
