/* SPDX-License-Identifier: MIT */
/** Operations on address spaces, page tables, frames and identifiers. Source: seL4 manual chapter 7, ARM_* in chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/vspace.h"

/* An address space capability that can be used: it has an identifier, and that leads back to it. `number` is the argument's. */
static enum outcome prove_vspace(struct invocation *inv, struct cap cap, unsigned number)
{
    if (cap_type(cap) != CAP_VSPACE || cap_asid(cap) == 0) {
        return refuse_capability(inv, number);
    }
    paddr_t root = vspace_of_asid(cap_asid(cap));
    if (root == 0) {
        return refuse_lookup(inv, false, (struct lookup_failure){.type = seL4_InvalidRoot});
    }
    return root == cap_address(cap) ? DONE : refuse_capability(inv, number);
}

static bool is_in_window(paddr_t start, uint64_t len)
{
    return start >= ARCH_WINDOW_START && len <= ARCH_WINDOW_END - ARCH_WINDOW_START &&
           start <= ARCH_WINDOW_END - len;
}

/* Registers of devices are in no cache. */
static void maintain_cache(uint64_t label, paddr_t start, uint64_t len)
{
    if (!is_in_window(start, len)) {
        return;
    }
    switch (label) {
    case seL4_ARMVSpaceClean_Data:
    case seL4_ARMPageClean_Data:
        arch_cache_clean(kptr(start), len);
        break;
    case seL4_ARMVSpaceInvalidate_Data: /* discarding would show old memory: what is not ours is cleaned first */
    case seL4_ARMPageInvalidate_Data:
    case seL4_ARMVSpaceCleanInvalidate_Data:
    case seL4_ARMPageCleanInvalidate_Data:
        arch_cache_clean_invalidate(kptr(start), len);
        break;
    default:
        arch_cache_unify(kptr(start), len);
        break;
    }
}

/* ---- address spaces -------------------------------------------------------------------------------------------------------------- */

enum outcome decode_vspace(struct invocation *inv)
{
    if (inv->label < seL4_ARMVSpaceClean_Data || inv->label > seL4_ARMVSpaceUnify_Instruction) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    uaddr_t start = arg(inv, 0);
    uaddr_t end = arg(inv, 1);
    if (end <= start) {
        return refuse_argument(inv, 1);
    }
    if (end > bit(seL4_UserAddressBits)) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (prove_vspace(inv, inv->cap, 0) != DONE) {
        return FAILED;
    }
    struct walked w = vspace_walk(cap_address(inv->cap), start);
    if (!entry_is_page(*w.entry, w.bits)) {
        return DONE; /* what is not mapped needs no maintenance */
    }
    if (round_down(start, w.bits) != round_down(end - 1, w.bits)) {
        return refuse_range(inv, start, round_down(start, w.bits) + mask(w.bits));
    }
    paddr_t first = entry_address(*w.entry) + (start & mask(w.bits));
    maintain_cache(inv->label, first, end - start);
    return DONE;
}

/* ---- page tables ---------------------------------------------------------------------------------------------------------------------- */

static enum outcome unmap_table(struct invocation *inv)
{
    if (!slot_is_final(inv->slot)) {
        return refuse(inv, seL4_RevokeFirst);
    }
    if (cap_asid(inv->cap) != 0) {
        vspace_end_table(inv->cap);
        arch_clear_memory(kptr(cap_address(inv->cap)), bit(seL4_PageTableBits));
    }
    inv->slot->cap = cap_with_mapping(inv->cap, 0, 0);
    return DONE;
}

enum outcome decode_page_table(struct invocation *inv)
{
    if (inv->label == seL4_ARMPageTableUnmap) {
        return unmap_table(inv);
    }
    if (inv->label != seL4_ARMPageTableMap) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 2, 1)) {
        return FAILED;
    }
    if (cap_asid(inv->cap) != 0) {
        return refuse_capability(inv, 0);
    }
    struct cap space = inv->extra[0]->cap;
    if (cap_type(space) != CAP_VSPACE || cap_asid(space) == 0) {
        return refuse_capability(inv, 1);
    }
    uaddr_t address = arg(inv, 0);
    if (address >= bit(seL4_UserAddressBits)) {
        return refuse_argument(inv, 0);
    }
    if (prove_vspace(inv, space, 1) != DONE) {
        return FAILED;
    }
    struct walked w = vspace_walk(cap_address(space), address);
    if (w.bits == seL4_PageBits || entry_is_page(*w.entry, w.bits)) {
        return refuse(inv, seL4_DeleteFirst);
    }
    inv->slot->cap = cap_with_mapping(inv->cap, cap_asid(space), round_down(address, w.bits));
    vspace_map_table(w.entry, cap_address(inv->cap));
    return DONE;
}

/* ---- frames ----------------------------------------------------------------------------------------------------------------------------- */

static uint64_t rights_of_frame(struct cap frame, uint64_t rights)
{
    return cap_mask_rights(frame, rights).word[0] & (FRAME_CAN_READ | FRAME_CAN_WRITE);
}

static enum outcome map_frame(struct invocation *inv)
{
    if (!has_words(inv, 3, 1)) {
        return FAILED;
    }
    uaddr_t address = arg(inv, 0);
    struct cap space = inv->extra[0]->cap;
    if (prove_vspace(inv, space, 1) != DONE) {
        return FAILED;
    }
    unsigned bits = frame_size_bits(cap_frame_size(inv->cap));
    if (!is_aligned(address, bits)) {
        return refuse(inv, seL4_AlignmentError);
    }
    uint64_t asid = cap_asid(inv->cap);
    if (asid != 0) { /* mapped already: only its rights and attributes can be changed */
        if (asid != cap_asid(space)) {
            return refuse_capability(inv, 1);
        }
        if (cap_mapped_address(inv->cap) != address) {
            return refuse_argument(inv, 0);
        }
    } else if (address > bit(seL4_UserAddressBits) - bit(bits)) {
        return refuse_argument(inv, 0);
    }
    struct walked w = vspace_walk(cap_address(space), address);
    if (w.bits != bits || (bits != seL4_PageBits && entry_is_table(*w.entry))) {
        return refuse_lookup(inv, false, lookup_missing(w.bits));
    }
    uint64_t entry = entry_for_frame(cap_address(inv->cap), cap_frame_size(inv->cap),
                                     rights_of_frame(inv->cap, arg(inv, 1)), arg(inv, 2));
    inv->slot->cap = cap_with_mapping(inv->cap, cap_asid(space), address);
    vspace_map_page(cap_asid(space), address, w.entry, entry);
    return DONE;
}

static enum outcome maintain_frame(struct invocation *inv)
{
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    if (cap_asid(inv->cap) == 0) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (vspace_of_asid(cap_asid(inv->cap)) == 0) {
        return refuse_lookup(inv, false, (struct lookup_failure){.type = seL4_InvalidRoot});
    }
    uint64_t start = arg(inv, 0);
    uint64_t end = arg(inv, 1);
    uint64_t size = bit(frame_size_bits(cap_frame_size(inv->cap)));
    if (end <= start) {
        return refuse_argument(inv, 1);
    }
    if (start >= size || end > size) {
        return refuse_argument(inv, 0);
    }
    if (cap_address(inv->cap) + end > ARCH_CACHE_END) {
        return refuse(inv, seL4_IllegalOperation);
    }
    maintain_cache(inv->label, cap_address(inv->cap) + start, end - start);
    return DONE;
}

enum outcome decode_frame(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_ARMPageMap:
        return map_frame(inv);
    case seL4_ARMPageUnmap:
        vspace_end_frame(inv->cap);
        inv->slot->cap = cap_with_mapping(inv->cap, 0, 0);
        return DONE;
    case seL4_ARMPageClean_Data:
    case seL4_ARMPageInvalidate_Data:
    case seL4_ARMPageCleanInvalidate_Data:
    case seL4_ARMPageUnify_Instruction:
        return maintain_frame(inv);
    case seL4_ARMPageGetAddress: {
        uint64_t address = cap_address(inv->cap);
        return_words(inv, &address, 1);
        return DONE;
    }
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}

/* ---- identifiers --------------------------------------------------------------------------------------------------------------------------- */

enum outcome decode_asid_control(struct invocation *inv)
{
    if (inv->label != seL4_ARMASIDControlMakePool) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 2, 2)) {
        return FAILED;
    }
    unsigned pool = 0;
    while (pool < ASID_POOL_COUNT && kernel.asid_pools[pool] != NULL) {
        pool++;
    }
    if (pool == ASID_POOL_COUNT) {
        return refuse(inv, seL4_DeleteFirst);
    }
    struct slot *untyped = inv->extra[0];
    if (cap_type(untyped->cap) != CAP_UNTYPED || cap_bits(untyped->cap) != seL4_ASIDPoolBits ||
        cap_untyped_is_device(untyped->cap)) {
        return refuse_capability(inv, 1);
    }
    if (slot_has_children(untyped)) {
        return refuse(inv, seL4_RevokeFirst);
    }
    struct slot *to = find_slot(inv, inv->extra[1]->cap, arg(inv, 0), arg(inv, 1), false);
    if (to == NULL || !is_empty(inv, to)) {
        return FAILED;
    }
    paddr_t at = cap_address(untyped->cap);
    arch_clear_memory(kptr(at), bit(seL4_ASIDPoolBits));
    untyped->cap = cap_untyped_with_used(untyped->cap, bit(seL4_ASIDPoolBits));
    slot_insert_child(cap_make(CAP_ASID_POOL, at, 0, (uint64_t)pool << seL4_ASIDPoolIndexBits), untyped, to);
    kernel.asid_pools[pool] = kptr(at);
    return DONE;
}

enum outcome decode_asid_pool(struct invocation *inv)
{
    if (inv->label != seL4_ARMASIDPoolAssign) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, 0, 1)) {
        return FAILED;
    }
    struct slot *space = inv->extra[0];
    if (cap_type(space->cap) != CAP_VSPACE || cap_asid(space->cap) != 0) {
        return refuse_capability(inv, 1);
    }
    uint64_t first = cap_asid(inv->cap);
    struct asid_pool *pool = kernel.asid_pools[first >> seL4_ASIDPoolIndexBits];
    if (pool == NULL) {
        return refuse_lookup(inv, false, (struct lookup_failure){.type = seL4_InvalidRoot});
    }
    if (pool != kptr(cap_address(inv->cap))) {
        return refuse_capability(inv, 0);
    }
    unsigned i = first == 0 ? 1 : 0; /* identifier 0 means none */
    while (i < ASID_POOL_ENTRIES && pool->entries[i].word != 0) {
        i++;
    }
    if (i == ASID_POOL_ENTRIES) {
        return refuse(inv, seL4_DeleteFirst);
    }
    space->cap = cap_with_mapping(space->cap, first + i, 0);
    pool->entries[i].word = cap_address(space->cap);
    return DONE;
}
