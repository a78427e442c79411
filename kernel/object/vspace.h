/* SPDX-License-Identifier: MIT */
/**
 * Address spaces: stage-2 translation tables of three levels (10, 9 and 9 bits), address space identifiers and VMIDs.
 *
 *   vspace: 1024 entries of 1 GiB -> page table: 512 entries of 2 MiB -> page table: 512 pages of 4 KiB
 *
 * A capability to a frame or table remembers (asid, address) of its mapping; it is believed only as far as the tables agree.
 * The hardware has 256 VMIDs for 65,536 address spaces: an address space holds one while it is in use.
 *
 * Owns:   translation tables, asid pools, kernel.vmid_*.    Uses: arch for TLB, barriers and the register of the root.
 * Limits: every operation is O(1), but ending an asid pool (512 entries).
 * Source: seL4 manual chapter 7; Arm ARM DDI 0487 D8 (stage 2, 4 KiB granule).
 */
#ifndef KERNEL_OBJECT_VSPACE_H
#define KERNEL_OBJECT_VSPACE_H

#include "object/objects.h"

/** The entry that an address leads to, and how many address bits it covers: 30, 21 or 12. */
struct walked {
    uint64_t *entry;
    unsigned bits;
};

struct walked vspace_walk(paddr_t root, uaddr_t address);

#define VSPACE_ENTRIES (1u << seL4_VSpaceIndexBits)
#define PAGE_TABLE_ENTRIES (1u << seL4_PageTableIndexBits)

/** The entry of the first level for an address, and that of a table whose entries cover 2^bits bytes. */
/*@ assigns \nothing;
    ensures \result == address / 0x40000000 % 1024;
    ensures \result < VSPACE_ENTRIES; */
static inline unsigned vspace_index(uaddr_t address)
{
    return (unsigned)(address / (1u << seL4_HugePageBits) % VSPACE_ENTRIES);
}

/*@ requires bits == seL4_LargePageBits || bits == seL4_PageBits;
    assigns \nothing;
    ensures \result < PAGE_TABLE_ENTRIES; */
static inline unsigned page_table_index(uaddr_t address, unsigned bits)
{
    return (unsigned)(address >> bits & (PAGE_TABLE_ENTRIES - 1));
}

bool entry_is_table(uint64_t entry);
bool entry_is_page(uint64_t entry, unsigned bits);
paddr_t entry_address(uint64_t entry);

/** The entry for a frame with these rights (FRAME_CAN_*) and attributes (seL4_ARM_*). */
uint64_t entry_for_frame(paddr_t frame, enum frame_size size, uint64_t rights, uint64_t attributes);

static inline unsigned frame_size_bits(enum frame_size size)
{
    return size == FRAME_SMALL ? seL4_PageBits : size == FRAME_LARGE ? seL4_LargePageBits : seL4_HugePageBits;
}

/** Writes a page's entry and forgets what the TLB knew of it. */
void vspace_map_page(uint64_t asid, uaddr_t address, uint64_t *at, uint64_t entry);
void vspace_map_table(uint64_t *at, paddr_t table);

/** Unmaps the frame or table of `cap`, if it is (still) mapped where it remembers. */
void vspace_end_frame(struct cap cap);
void vspace_end_table(struct cap cap);

/** Ends the address space, or all of a pool. */
void vspace_end(struct cap cap);
void vspace_end_asid_pool(struct cap cap);

/** The address space that `t` uses and its VMID, given one if it has none. root 0: none that is valid. */
struct active_vspace {
    paddr_t root;
    uint8_t vmid;
};
struct active_vspace vspace_activate(const struct tcb *t);

static inline struct asid_entry *asid_entry(uint64_t asid)
{
    struct asid_pool *pool = kernel.asid_pools[asid >> seL4_ASIDPoolIndexBits];
    return pool != NULL ? &pool->entries[asid & mask(seL4_ASIDPoolIndexBits)] : NULL;
}

static inline paddr_t asid_entry_root(const struct asid_entry *entry)
{
    return entry->word & mask(ASID_ENTRY_VMID_SHIFT) & ~mask(seL4_VSpaceBits);
}

static inline bool asid_entry_has_vmid(const struct asid_entry *entry)
{
    return (entry->word & ASID_ENTRY_HAS_VMID) != 0;
}

static inline uint8_t asid_entry_vmid(const struct asid_entry *entry)
{
    return (uint8_t)(entry->word >> ASID_ENTRY_VMID_SHIFT);
}

/** The root of the address space `asid`, or 0. */
static inline paddr_t vspace_of_asid(uint64_t asid)
{
    const struct asid_entry *entry = asid_entry(asid);
    return entry != NULL ? asid_entry_root(entry) : 0;
}

/** The asid entry of `t` if its address space is valid, holds a VMID and no guest ran there last; else NULL. */
static inline const struct asid_entry *vspace_active_entry(const struct tcb *t)
{
    struct cap cap = t->slots[TCB_VSPACE].cap; /* or none: then address 0, where no address space is */
    const struct asid_entry *entry = asid_entry(cap_asid(cap));
    if (likely(entry != NULL) &&
        likely((entry->word & mask(ASID_ENTRY_VMID_SHIFT)) == (cap_address(cap) | ASID_ENTRY_HAS_VMID))) {
        return entry;
    }
    return NULL;
}

#endif
