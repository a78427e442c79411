/* SPDX-License-Identifier: MIT */
/** Address spaces: see vspace.h. */
#include "object/vspace.h"

#include "arch.h"

/* ---- entries of stage-2 tables ------------------------------------------------------------------------------------------ */

#define ENTRY_VALID bit(0)
#define ENTRY_TABLE_OR_PAGE bit(1) /* a table at 1 GiB and 2 MiB, a page at 4 KiB; a block where it is clear */
#define ENTRY_NORMAL_MEMORY (15ull << 2) /* write-back; 0: device, no gathering, reordering or early acknowledgement */
#define ENTRY_READ bit(6)
#define ENTRY_WRITE bit(7)
#define ENTRY_ACCESSED bit(10)
#define ENTRY_EXECUTE_NEVER bit(54)
#define ENTRY_ADDRESS (mask(48) & ~mask(seL4_PageBits))

bool entry_is_table(uint64_t entry)
{
    return (entry & (ENTRY_VALID | ENTRY_TABLE_OR_PAGE)) == (ENTRY_VALID | ENTRY_TABLE_OR_PAGE);
}

bool entry_is_page(uint64_t entry, unsigned bits)
{
    uint64_t kind = entry & (ENTRY_VALID | ENTRY_TABLE_OR_PAGE);
    return kind == (bits == seL4_PageBits ? (ENTRY_VALID | ENTRY_TABLE_OR_PAGE) : ENTRY_VALID);
}

paddr_t entry_address(uint64_t entry)
{
    return entry & ENTRY_ADDRESS;
}

uint64_t entry_for_frame(paddr_t frame, enum frame_size size, uint64_t rights, uint64_t attributes)
{
    uint64_t entry = frame | ENTRY_VALID | ENTRY_ACCESSED | (size == FRAME_SMALL ? ENTRY_TABLE_OR_PAGE : 0);
    if ((rights & FRAME_CAN_READ) != 0) { /* nothing can be written that cannot be read */
        entry |= ENTRY_READ | ((rights & FRAME_CAN_WRITE) != 0 ? ENTRY_WRITE : 0);
    }
    if ((attributes & seL4_ARM_PageCacheable) != 0) {
        entry |= ENTRY_NORMAL_MEMORY;
    }
    if ((attributes & seL4_ARM_ExecuteNever) != 0) {
        entry |= ENTRY_EXECUTE_NEVER;
    }
    return entry;
}

struct walked vspace_walk(paddr_t root, uaddr_t address)
{
    struct walked w = {(uint64_t *)kptr(root) + vspace_index(address),
                       seL4_HugePageBits};
    while (w.bits > seL4_PageBits && entry_is_table(*w.entry)) {
        w.bits -= seL4_PageTableIndexBits;
        w.entry = (uint64_t *)kptr(entry_address(*w.entry)) + page_table_index(address, w.bits);
    }
    return w;
}

/* ---- address space identifiers -------------------------------------------------------------------------------------------- */

/* What the hardware remembers of an address space is forgotten, and its VMID free. */
static void release_vmid(struct asid_entry *entry)
{
    if (asid_entry_has_vmid(entry)) {
        uint8_t vmid = asid_entry_vmid(entry);
        arch_tlb_flush_vmid(vmid);
        kernel.vmid_owner[vmid] = 0;
        entry->word = asid_entry_root(entry);
    }
}

/* VMID 0 belongs to threads without an address space; the others are given out in turn and taken back when none is free. */
static uint8_t vmid_for(uint64_t asid, struct asid_entry *entry)
{
    if (asid_entry_has_vmid(entry)) {
        return asid_entry_vmid(entry);
    }
    uint8_t vmid = kernel.vmid_next != 0 ? kernel.vmid_next : 1;
    for (unsigned tried = 0; kernel.vmid_owner[vmid] != 0 && tried < 255; tried++) {
        vmid = vmid == 255 ? 1 : (uint8_t)(vmid + 1);
    }
    if (kernel.vmid_owner[vmid] != 0) {
        release_vmid(asid_entry(kernel.vmid_owner[vmid]));
    }
    kernel.vmid_next = vmid == 255 ? 1 : (uint8_t)(vmid + 1);
    kernel.vmid_owner[vmid] = (uint16_t)asid;
    entry->word |= ASID_ENTRY_HAS_VMID | (uint64_t)vmid << ASID_ENTRY_VMID_SHIFT;
    return vmid;
}

struct active_vspace vspace_activate(const struct tcb *t)
{
    struct cap cap = t->slots[TCB_VSPACE].cap;
    uint64_t asid = cap_asid(cap);
    if (cap_type(cap) != CAP_VSPACE || asid == 0 || vspace_of_asid(asid) != cap_address(cap)) {
        return (struct active_vspace){0, 0};
    }
    struct asid_entry *entry = asid_entry(asid);
    uint8_t vmid = vmid_for(asid, entry);
    /* The TLB holds translations of a guest's own tables, which are wrong for other guests and for threads that are none. */
    bool guest_was_here = (entry->word & ASID_ENTRY_GUEST) != 0;
    bool same_guest = guest_was_here && t->vcpu != NULL && t->vcpu == kernel.vcpu_loaded;
    if ((guest_was_here || t->vcpu != NULL) && !same_guest) {
        arch_tlb_flush_guest(vmid);
    }
    if (t->vcpu != NULL) {
        entry->word |= ASID_ENTRY_GUEST;
    } else {
        entry->word &= ~(uint64_t)ASID_ENTRY_GUEST;
    }
    return (struct active_vspace){cap_address(cap), vmid};
}

static void flush_page(uint64_t asid, uaddr_t address)
{
    const struct asid_entry *entry = asid_entry(asid);
    if (entry != NULL && asid_entry_has_vmid(entry)) {
        arch_tlb_flush_page(asid_entry_vmid(entry), address);
    }
}

/* ---- mapping ------------------------------------------------------------------------------------------------------------------ */

void vspace_map_page(uint64_t asid, uaddr_t address, uint64_t *at, uint64_t entry)
{
    bool was_valid = (*at & ENTRY_VALID) != 0;
    if (was_valid) { /* no two translations of one address at the same time */
        *at = 0;
        arch_table_written();
        flush_page(asid, address);
    }
    *at = entry;
    arch_table_written();
}

void vspace_map_table(uint64_t *at, paddr_t table)
{
    *at = table | ENTRY_VALID | ENTRY_TABLE_OR_PAGE;
    arch_table_written();
}

void vspace_end_frame(struct cap cap)
{
    uint64_t asid = cap_asid(cap);
    paddr_t root = asid != 0 ? vspace_of_asid(asid) : 0;
    if (root == 0) {
        return;
    }
    struct walked w = vspace_walk(root, cap_mapped_address(cap));
    if (w.bits == frame_size_bits(cap_frame_size(cap)) && entry_is_page(*w.entry, w.bits) &&
        entry_address(*w.entry) == cap_address(cap)) {
        *w.entry = 0;
        arch_table_written();
        flush_page(asid, cap_mapped_address(cap));
    }
}

void vspace_end_table(struct cap cap)
{
    uint64_t asid = cap_asid(cap);
    paddr_t root = asid != 0 ? vspace_of_asid(asid) : 0;
    if (root == 0) {
        return;
    }
    uaddr_t address = cap_mapped_address(cap);
    uint64_t *entry = (uint64_t *)kptr(root) + vspace_index(address);
    for (unsigned bits = seL4_HugePageBits; bits > seL4_PageBits && entry_is_table(*entry);) {
        if (entry_address(*entry) == cap_address(cap)) {
            *entry = 0;
            arch_table_written();
            const struct asid_entry *owner = asid_entry(asid);
            if (asid_entry_has_vmid(owner)) {
                arch_tlb_flush_vmid(asid_entry_vmid(owner));
            }
            return;
        }
        bits -= seL4_PageTableIndexBits;
        entry = (uint64_t *)kptr(entry_address(*entry)) + page_table_index(address, bits);
    }
}

void vspace_end(struct cap cap)
{
    uint64_t asid = cap_asid(cap);
    if (asid == 0 || vspace_of_asid(asid) != cap_address(cap)) {
        return;
    }
    struct asid_entry *entry = asid_entry(asid);
    release_vmid(entry);
    entry->word = 0;
    arch_activate_vspace(kernel.current);
}

void vspace_end_asid_pool(struct cap cap)
{
    uint64_t first = cap_asid(cap);
    struct asid_pool **place = &kernel.asid_pools[first >> seL4_ASIDPoolIndexBits];
    if (*place != kptr(cap_address(cap))) {
        return;
    }
    for (unsigned i = 0; i < ASID_POOL_ENTRIES; i++) {
        release_vmid(&(*place)->entries[i]);
    }
    *place = NULL;
    arch_activate_vspace(kernel.current);
}
