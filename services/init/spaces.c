/* SPDX-License-Identifier: MIT */
/** Mapping frames, in the address spaces of others and for a moment in our own. See init.h. */
#include "init.h"

/* Far above our image: a place for one small page and one for a large page, each in a 2 MiB of its own. */
#define SCRATCH_SMALL 0x4000000000ull
#define SCRATCH_LARGE 0x4000200000ull

enum { TABLE_LEVELS = 3 };

static uint64_t scratch_cap; /* a copy of the frame's capability; 0: none yet */
static bool scratch_in_use;

static void add_table(uint64_t vspace, uint64_t addr)
{
    uint64_t table = objects_make(seL4_ARM_PageTableObject, 0, 1);
    must(page_table_map(table, vspace, addr, seL4_ARM_Default_VMAttributes), "mapping a page table");
}

void space_map(uint64_t page, uint64_t vspace, uint64_t addr, uint32_t rights, bool cached)
{
    uint64_t sel4_rights = ((rights & DESC_READ) != 0 ? seL4_CanRead : 0u) | ((rights & DESC_WRITE) != 0 ? seL4_CanWrite : 0u);
    uint64_t attributes = (cached ? seL4_ARM_Default_VMAttributes : 0u) |
                          ((rights & DESC_EXECUTE) != 0 ? 0u : seL4_ARM_ExecuteNever);
    assert((rights & (DESC_WRITE | DESC_EXECUTE)) != (DESC_WRITE | DESC_EXECUTE));
    uint64_t error = page_map(page, vspace, addr, sel4_rights, attributes);
    for (unsigned level = 0; error == seL4_FailedLookup && level < TABLE_LEVELS; level++) {
        add_table(vspace, addr);
        error = page_map(page, vspace, addr, sel4_rights, attributes);
    }
    must(error, "mapping a page");
}

/* A table exists when mapping one more there is refused. */
void space_prepare(uint64_t vspace, uint64_t addr, uint64_t len_bytes)
{
    for (uint64_t at = align_down(addr, 1u << 21); at < addr + len_bytes; at += 1u << 21) {
        for (unsigned level = 0; level < TABLE_LEVELS; level++) {
            uint64_t table = objects_make(seL4_ARM_PageTableObject, 0, 1);
            if (page_table_map(table, vspace, at, seL4_ARM_Default_VMAttributes) != seL4_NoError) {
                break; /* this table stays unused: one page for each 2 MiB of a window at most */
            }
        }
    }
}

void *scratch_open(uint64_t frame, uint32_t page_bits)
{
    uint64_t addr = page_bits == PAGE_BITS ? SCRATCH_SMALL : SCRATCH_LARGE;
    assert(!scratch_in_use);
    if (scratch_cap == 0) {
        scratch_cap = slots_take(1);
    }
    must(cnode_copy(own_slot(scratch_cap), own_slot(frame), seL4_AllRights), "copying a frame's capability");
    space_map(scratch_cap, seL4_CapInitThreadVSpace, addr, DESC_READ | DESC_WRITE, true);
    scratch_in_use = true;
    return (void *)addr;
}

void scratch_publish(void)
{
    assert(scratch_in_use);
    must(page_unify(scratch_cap, 0, PAGE_BYTES), "publishing code");
}

void scratch_close(void)
{
    assert(scratch_in_use);
    must(cnode_delete(own_slot(scratch_cap)), "closing a frame");
    scratch_in_use = false;
}
