/* SPDX-License-Identifier: MIT */
/**
 * Slots and memory. RAM is taken from the smallest untyped that has room, so that the large ones stay whole for the pager;
 * `used` follows the kernel's watermark. Device memory is halved until the wanted page is alone, in any order of pages.
 */
#include "init.h"

enum {
    UNTYPEDS_MAX = 1024, /* those of BootInfo, and the halves that device pages leave */
    DEVICE_FRAMES_MAX = 64,
};

struct untyped {
    uint64_t slot;
    uint64_t paddr;
    uint64_t used; /* bytes from the start that are objects; RAM only */
    uint8_t size_bits;
    bool is_device;
    bool gone; /* halved, or given away */
};

static struct untyped untypeds[UNTYPEDS_MAX];
static uint32_t untyped_count;
static uint64_t next_slot;
static uint64_t end_slot;
static struct {
    uint64_t paddr, slot;
} device_frames[DEVICE_FRAMES_MAX];
static uint32_t device_frame_count;

struct slot own_slot(uint64_t index)
{
    return (struct slot){seL4_CapInitThreadCNode, index, 64};
}

void objects_start(const struct seL4_BootInfo *info)
{
    next_slot = info->empty.start;
    end_slot = info->empty.end;
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start && i < seL4_MaxBootInfoUntypeds; i++) {
        const struct seL4_UntypedDesc *d = &info->untypedList[i];
        untypeds[untyped_count++] = (struct untyped){
            .slot = info->untyped.start + i, .paddr = d->paddr, .size_bits = d->sizeBits, .is_device = d->isDevice != 0};
    }
}

uint64_t slots_take(uint64_t count)
{
    if (count > end_slot - next_slot) {
        stop("the root task has no more slots; the system has too many pages or components");
    }
    uint64_t first = next_slot;
    next_slot += count;
    return first;
}

static uint64_t object_bits(uint64_t type, uint64_t size_bits)
{
    switch (type) {
    case seL4_TCBObject:
        return seL4_TCBBits;
    case seL4_EndpointObject:
        return seL4_EndpointBits;
    case seL4_NotificationObject:
        return seL4_NotificationBits;
    case seL4_CapTableObject:
        return size_bits + seL4_SlotBits;
    case seL4_ReplyObject:
        return seL4_ReplyBits;
    case seL4_ARM_VSpaceObject:
        return seL4_VSpaceBits;
    case seL4_ARM_SmallPageObject:
    case seL4_ARM_PageTableObject:
        return seL4_PageBits;
    case seL4_ARM_LargePageObject:
        return seL4_LargePageBits;
    default:
        return size_bits; /* untyped memory and scheduling contexts say their own */
    }
}

/* How many objects of 2^bits bytes still fit. */
static uint64_t room(const struct untyped *u, uint64_t bits)
{
    uint64_t size = 1ull << u->size_bits;
    uint64_t start = align_up(u->used, 1ull << bits);
    return u->gone || u->is_device || start >= size ? 0 : (size - start) >> bits;
}

/* The smallest untyped with room for `count` objects, or for as many as possible when `count` is 1. */
static struct untyped *choose(uint64_t bits, uint64_t count)
{
    struct untyped *best = NULL;
    for (uint32_t i = 0; i < untyped_count; i++) {
        struct untyped *u = &untypeds[i];
        if (room(u, bits) >= count && (best == NULL || u->size_bits < best->size_bits)) {
            best = u;
        }
    }
    if (best == NULL) {
        stop("the machine has too little memory for this system (%llu pieces of 2^%llu bytes)", (unsigned long long)count,
             (unsigned long long)bits);
    }
    return best;
}

static void make_in(struct untyped *u, uint64_t type, uint64_t size_bits, uint64_t first, uint64_t count)
{
    uint64_t bits = object_bits(type, size_bits);
    while (count > 0) {
        uint64_t n = count < seL4_UntypedRetypeMaxObjects ? count : seL4_UntypedRetypeMaxObjects;
        must(untyped_retype(u->slot, type, size_bits, seL4_CapInitThreadCNode, first, n), "making objects");
        u->used = align_up(u->used, 1ull << bits) + (n << bits);
        first += n;
        count -= n;
    }
}

uint64_t objects_make(uint64_t type, uint64_t size_bits, uint64_t count)
{
    uint64_t bits = object_bits(type, size_bits);
    uint64_t first = slots_take(count);
    for (uint64_t done = 0; done < count;) {
        struct untyped *u = choose(bits, 1);
        uint64_t n = room(u, bits) < count - done ? room(u, bits) : count - done;
        make_in(u, type, size_bits, first + done, n);
        done += n;
    }
    return first;
}

uint64_t objects_make_contiguous(uint64_t type, uint64_t size_bits, uint64_t count)
{
    uint64_t first = slots_take(count);
    make_in(choose(object_bits(type, size_bits), count), type, size_bits, first, count);
    return first;
}

/* ---- devices ----------------------------------------------------------------------------------------------------------------- */

static struct untyped *device_untyped(uint64_t paddr)
{
    for (uint32_t i = 0; i < untyped_count; i++) {
        struct untyped *u = &untypeds[i];
        if (u->is_device && !u->gone && paddr >= u->paddr && paddr - u->paddr < 1ull << u->size_bits) {
            return u;
        }
    }
    stop("the kernel gives no device memory at 0x%llx; was the image made for another board?", (unsigned long long)paddr);
}

/* Replaces an untyped by its two halves. */
static void halve(struct untyped *u)
{
    uint8_t bits = (uint8_t)(u->size_bits - 1);
    uint64_t first = slots_take(2);
    if (untyped_count + 2 > UNTYPEDS_MAX) {
        stop("too many pieces of device memory");
    }
    must(untyped_retype(u->slot, seL4_UntypedObject, bits, seL4_CapInitThreadCNode, first, 2), "dividing device memory");
    u->gone = true;
    for (uint64_t i = 0; i < 2; i++) {
        untypeds[untyped_count++] =
            (struct untyped){.slot = first + i, .paddr = u->paddr + (i << bits), .size_bits = bits, .is_device = true};
    }
}

uint64_t device_frame(uint64_t paddr)
{
    for (uint32_t i = 0; i < device_frame_count; i++) {
        if (device_frames[i].paddr == paddr) {
            return device_frames[i].slot;
        }
    }
    struct untyped *u = device_untyped(paddr);
    while (u->size_bits > PAGE_BITS) {
        halve(u);
        u = device_untyped(paddr);
    }
    if (device_frame_count == DEVICE_FRAMES_MAX) {
        stop("more than %d pages of device registers", DEVICE_FRAMES_MAX);
    }
    uint64_t slot = slots_take(1);
    must(untyped_retype(u->slot, seL4_ARM_SmallPageObject, 0, seL4_CapInitThreadCNode, slot, 1), "making a device frame");
    u->gone = true;
    device_frames[device_frame_count].paddr = paddr;
    device_frames[device_frame_count++].slot = slot;
    return slot;
}

/* ---- the rest -------------------------------------------------------------------------------------------------------------- */

static void give(uint64_t from, uint64_t paddr, uint8_t size_bits, struct slot to, struct lx_untyped_list *list)
{
    must(cnode_move(to, own_slot(from)), "giving memory away");
    list->entries[list->count++] = (struct lx_untyped_entry){.paddr = paddr, .size_bits = size_bits};
}

void objects_give_away(uint64_t cnode, uint64_t depth, uint64_t first, uint64_t count_max, struct lx_untyped_list *list)
{
    for (uint32_t i = 0; i < untyped_count; i++) {
        struct untyped *u = &untypeds[i];
        uint64_t size = 1ull << u->size_bits;
        if (u->is_device || u->gone || u->size_bits < PAGE_BITS) { /* less than a page is of no use to anybody */
            continue;
        }
        if (u->used == 0 && list->count < count_max) {
            give(u->slot, u->paddr, u->size_bits, (struct slot){cnode, first + list->count, depth}, list);
            u->gone = true;
            continue;
        }
        /* What is left of one in use falls into aligned powers of two, small ones first. */
        for (u->used = align_up(u->used, PAGE_BYTES); u->used < size && list->count < count_max;) {
            uint8_t bits = (uint8_t)__builtin_ctzll(u->used);
            uint64_t paddr = u->paddr + u->used;
            uint64_t slot = slots_take(1);
            make_in(u, seL4_UntypedObject, bits, slot, 1);
            give(slot, paddr, bits, (struct slot){cnode, first + list->count, depth}, list);
        }
    }
}
