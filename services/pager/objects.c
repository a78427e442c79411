/* SPDX-License-Identifier: MIT */
/** Kernel objects of the pager: see pager.h. Nothing is ever given back: what is not used is kept for its next use. */
#include "pager.h"

LX_UNTYPED(untyped);
LX_CAP(directory, AUTHORITY_OWN_DIRECTORY);

enum {
    LEAF_SLOTS = 1 << DIRECTORY_LEAF_BITS,
    ENTRY_DEPTH = 64 - DIRECTORY_LEAF_BITS,
    FIRST_OBJECT_LEAF = (1 << DIRECTORY_BITS) - 1, /* leaves of objects are made from the top, those of chunks from the bottom */
    PIECE_BITS = 20, /* small objects come out of pieces of 1 MiB, and so do chunks of frames */
};

/* ---- untyped memory ----------------------------------------------------------------------------------------------------------- */

static uint64_t sources[UNTYPED_LIST_MAX]; /* capabilities */
static uint64_t source_count;
static uint64_t source_now;   /* pieces are cut from this one */
static uint64_t bytes_left;
static uint64_t small_piece;  /* untyped that small objects are made of; 0: none */
static uint64_t next_leaf = FIRST_OBJECT_LEAF;
static uint64_t leaf_used = LEAF_SLOTS; /* slots of the present leaf of objects */
static uint64_t leaf_now;

struct slot objects_slot(uint64_t cptr)
{
    return (struct slot){directory.cap, cptr, 64};
}

static struct slot leaf_slot(uint64_t index)
{
    return (struct slot){directory.cap, index, ENTRY_DEPTH};
}

uint64_t objects_bytes_left(void)
{
    return bytes_left;
}

void objects_init(void)
{
    const struct lx_untyped_list *list = (const struct lx_untyped_list *)untyped.list_addr;
    for (uint64_t i = 0; i < list->count; i++) {
        if (list->entries[i].is_device == 0 && list->entries[i].size_bits >= PIECE_BITS) {
            sources[source_count++] = untyped.first + i;
            bytes_left += 1ull << list->entries[i].size_bits;
        }
    }
}

/* Retypes from the untyped at hand, going on to the next one when it is used up. */
static bool retype_from_sources(uint64_t type, uint64_t size_bits, struct slot node, uint64_t first, uint64_t count, uint64_t bytes)
{
    while (source_now < source_count) {
        uint64_t error = untyped_retype_into(sources[source_now], type, size_bits, node, first, count);
        if (error == seL4_NoError) {
            bytes_left = bytes_left > bytes ? bytes_left - bytes : 0;
            return true;
        }
        if (error != seL4_NotEnoughMemory) {
            rt_panic("the kernel refuses to make objects (type %lu, error %lu)", (unsigned long)type, (unsigned long)error);
        }
        source_now++;
    }
    return false;
}

/* ---- small objects ------------------------------------------------------------------------------------------------------------- */

static bool retype_small(uint64_t type, uint64_t size_bits, struct slot node, uint64_t first, uint64_t count);

/* Leaves are themselves made of small memory, into the directory. */
bool objects_make_leaf(uint64_t index)
{
    struct slot whole_directory = {directory.cap, 0, 0};
    return retype_small(seL4_CapTableObject, DIRECTORY_LEAF_BITS, whole_directory, index, 1);
}

static uint64_t slots_take(uint64_t count)
{
    assert(count <= LEAF_SLOTS);
    if (leaf_used + count > LEAF_SLOTS) {
        if (!objects_make_leaf(next_leaf)) {
            return 0;
        }
        leaf_now = next_leaf--;
        leaf_used = 0;
    }
    uint64_t cptr = leaf_now << DIRECTORY_LEAF_BITS | leaf_used;
    leaf_used += count;
    return cptr;
}

/* The first piece stands in a slot of the description; later ones in slots of our own. */
LX_FREE(pieces);
static uint64_t pieces_used;

static bool next_piece(void)
{
    if (pieces_used == pieces.count) {
        return false;
    }
    uint64_t slot = pieces.first + pieces_used;
    struct slot first_leaf = leaf_slot(0);
    if (!retype_from_sources(seL4_UntypedObject, PIECE_BITS, first_leaf, slot, 1, 1ull << PIECE_BITS)) {
        return false;
    }
    pieces_used++;
    small_piece = slot;
    return true;
}

static bool retype_small(uint64_t type, uint64_t size_bits, struct slot node, uint64_t first, uint64_t count)
{
    for (;;) {
        uint64_t error =
            small_piece != 0 ? untyped_retype_into(small_piece, type, size_bits, node, first, count) : seL4_NotEnoughMemory;
        if (error == seL4_NoError) {
            return true;
        }
        if (error != seL4_NotEnoughMemory) {
            rt_panic("the kernel refuses to make small objects (type %lu, error %lu)", (unsigned long)type,
                     (unsigned long)error);
        }
        if (!next_piece()) {
            return false;
        }
    }
}

uint64_t objects_make(uint64_t type, uint64_t size_bits, uint64_t count)
{
    uint64_t cptr = slots_take(count);
    if (cptr == 0) {
        return 0;
    }
    struct slot leaf = leaf_slot(cptr >> DIRECTORY_LEAF_BITS);
    return retype_small(type, size_bits, leaf, cptr & (LEAF_SLOTS - 1), count) ? cptr : 0;
}

/* ---- pages --------------------------------------------------------------------------------------------------------------------- */

bool objects_make_pages(uint64_t index)
{
    return retype_from_sources(seL4_ARM_SmallPageObject, 0, leaf_slot(index), 0, VM_CHUNK_FRAMES,
                               (uint64_t)VM_CHUNK_FRAMES * PAGE_BYTES);
}

bool objects_map(uint64_t page, uint64_t vspace, uint64_t address, uint64_t rights, uint64_t attributes)
{
    enum { TABLE_LEVELS = 2 };
    for (unsigned tries = 0;; tries++) {
        uint64_t error = page_map(page, vspace, address, rights, attributes);
        if (error == seL4_NoError) {
            return true;
        }
        if (error != seL4_FailedLookup || tries == TABLE_LEVELS) {
            rt_panic("the kernel refuses to map a page at %lx (error %lu)", (unsigned long)address, (unsigned long)error);
        }
        uint64_t table = objects_make(seL4_ARM_PageTableObject, 0, 1);
        if (table == 0) {
            return false;
        }
        error = page_table_map(table, vspace, address, seL4_ARM_Default_VMAttributes);
        if (error != seL4_NoError) {
            rt_panic("the kernel refuses to map a table at %lx (error %lu)", (unsigned long)address, (unsigned long)error);
        }
    }
}
