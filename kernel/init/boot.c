/* SPDX-License-Identifier: MIT */
/** Boot: see boot.h. */
#include "init/boot.h"

#include <sel4/bootinfo.h>

#include "arch.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "object/irq.h"
#include "object/thread.h"
#include "object/trace.h"
#include "object/vspace.h"
#include "sched/refill.h"
#include "sched/sched.h"

enum {
    ROOT_CNODE_BITS = KERNEL_ROOT_CNODE_BITS,
    ROOT_ASID = 1,
    TIME_SLICE_US = 5000,
    PAGE = 1 << seL4_PageBits,
    REGIONS_MAX = 4,
};

/** The kernel's memory while it boots: objects are cut from the top of the last free region. */
struct boot {
    const struct boot_input *in;
    struct region free[REGIONS_MAX];
    unsigned free_count;
    struct slot *cnode;
    uint64_t next_slot;
    struct seL4_BootInfo *info;
    paddr_t vspace;
    struct cap vspace_cap;
    uaddr_t image_start;
    uaddr_t image_end;
    uint64_t extra_bytes; /* of the extra boot information in memory; a power of two or 0 */
    uint8_t *shown; /* in it: the chunks about the kernel's pages; not aligned */
};

/* ---- memory ---------------------------------------------------------------------------------------------------------------------- */

/* Cuts `used` out of the free regions. */
static bool take_region(struct boot *b, struct region used)
{
    for (unsigned i = 0; i < b->free_count; i++) {
        struct region *r = &b->free[i];
        if (used.start >= r->end || used.end <= r->start) {
            continue;
        }
        struct region above = {used.end, r->end};
        r->end = used.start;
        if (above.start < above.end) {
            if (b->free_count == REGIONS_MAX) {
                return false;
            }
            for (unsigned j = b->free_count; j > i + 1; j--) {
                b->free[j] = b->free[j - 1];
            }
            b->free[i + 1] = above;
            b->free_count++;
        }
        return above.start >= used.start;
    }
    return used.start == used.end;
}

/* Cleared memory of 2^bits bytes, aligned to its size; 0 when there is none. */
static paddr_t cut_object(struct boot *b, unsigned bits)
{
    struct region *last = &b->free[b->free_count - 1];
    paddr_t at = round_down(last->end - bit(bits), bits);
    if (last->end - last->start < bit(bits) || at < last->start) {
        return 0;
    }
    last->end = at;
    arch_clear_memory(kptr(at), bit(bits));
    return at;
}

static struct slot *provide(struct boot *b, struct cap cap)
{
    struct slot *s = &b->cnode[b->next_slot++];
    slot_insert_root(cap, s);
    return s;
}

/* ---- the address space --------------------------------------------------------------------------------------------------------------- */

static bool map_tables(struct boot *b, unsigned bits)
{
    uaddr_t end = b->image_end + 2 * PAGE + b->extra_bytes;
    for (uaddr_t at = round_down(b->image_start, bits); at < end; at += bit(bits)) {
        paddr_t table = cut_object(b, seL4_PageTableBits);
        struct walked w = vspace_walk(b->vspace, at);
        if (table == 0 || w.bits != bits) {
            return false;
        }
        vspace_map_table(w.entry, table);
        (void)provide(b, cap_with_mapping(cap_make(CAP_PAGE_TABLE, table, 0, 0), ROOT_ASID, at));
    }
    return true;
}

static struct cap map_page(struct boot *b, paddr_t page, uaddr_t address, bool executable)
{
    uint64_t rights = FRAME_CAN_READ | FRAME_CAN_WRITE;
    uint64_t attributes = seL4_ARM_Default_VMAttributes | (executable ? 0u : (unsigned)seL4_ARM_ExecuteNever);
    struct walked w = vspace_walk(b->vspace, address);
    *w.entry = entry_for_frame(page, FRAME_SMALL, rights, attributes);
    return cap_with_mapping(cap_frame(page, FRAME_SMALL, rights), ROOT_ASID, address);
}

static struct seL4_SlotRegion map_pages(struct boot *b, paddr_t from, uint64_t len, uaddr_t address)
{
    struct seL4_SlotRegion slots = {.start = b->next_slot};
    for (uint64_t at = 0; at < len; at += PAGE) {
        (void)provide(b, map_page(b, from + at, address + at, true));
    }
    slots.end = b->next_slot;
    return slots;
}

static bool make_vspace(struct boot *b)
{
    paddr_t pool = cut_object(b, seL4_ASIDPoolBits);
    b->vspace = cut_object(b, seL4_VSpaceBits);
    if (pool == 0 || b->vspace == 0) {
        return false;
    }
    kernel.asid_pools[0] = kptr(pool);
    asid_entry(ROOT_ASID)->word = b->vspace;
    b->vspace_cap = cap_make(CAP_VSPACE, b->vspace, 0, ROOT_ASID);
    slot_insert_root(cap_make(CAP_ASID_POOL, pool, 0, 0), &b->cnode[seL4_CapInitThreadASIDPool]);
    slot_insert_root(b->vspace_cap, &b->cnode[seL4_CapInitThreadVSpace]);
    b->info->userImagePaging.start = b->next_slot;
    if (!map_tables(b, seL4_HugePageBits) || !map_tables(b, seL4_LargePageBits)) {
        return false;
    }
    b->info->userImagePaging.end = b->next_slot;
    return true;
}

/* ---- untyped memory -------------------------------------------------------------------------------------------------------------------- */

/* Hands out a region in the largest aligned pieces. What BootInfo cannot list is lost, as the interface has it. */
static void provide_untyped(struct boot *b, struct region r, bool device)
{
    uint64_t count = b->info->untyped.end - b->info->untyped.start;
    while (r.start < r.end && count < seL4_MaxBootInfoUntypeds) {
        unsigned bits = 63 - (unsigned)__builtin_clzll(r.end - r.start);
        if (r.start != 0 && (unsigned)__builtin_ctzll(r.start) < bits) {
            bits = (unsigned)__builtin_ctzll(r.start);
        }
        if (bits > seL4_MaxUntypedBits) {
            bits = seL4_MaxUntypedBits;
        }
        if (bits >= seL4_MinUntypedBits) {
            (void)provide(b, cap_untyped(r.start, bits, device, 0));
            b->info->untypedList[count++] =
                (struct seL4_UntypedDesc){.paddr = r.start, .sizeBits = (uint8_t)bits, .isDevice = device};
        }
        r.start += bit(bits);
    }
    b->info->untyped.end = b->next_slot;
}

static void provide_all_memory(struct boot *b)
{
    const struct boot_input *in = b->in;
    b->info->untyped = (struct seL4_SlotRegion){b->next_slot, b->next_slot};
    paddr_t at = 0;
    for (unsigned i = 0; i <= in->kernel_device_count; i++) {
        bool is_ram = i == in->kernel_device_count;
        struct region next = is_ram ? in->ram : in->kernel_devices[i];
        provide_untyped(b, (struct region){at, next.start}, true);
        at = next.end;
    }
    provide_untyped(b, (struct region){at, bit((unsigned)in->physical_bits)}, true);
    for (unsigned i = 0; i < b->free_count; i++) {
        provide_untyped(b, b->free[i], false);
    }
}

/* ---- the root task ------------------------------------------------------------------------------------------------------------------------ */

static bool make_cnode(struct boot *b)
{
    paddr_t at = cut_object(b, ROOT_CNODE_BITS + seL4_SlotBits);
    if (at == 0) {
        return false;
    }
    b->cnode = kptr(at);
    b->next_slot = seL4_NumInitialCaps;
    slot_insert_root(cap_cnode(at, ROOT_CNODE_BITS, 0, 64 - ROOT_CNODE_BITS), &b->cnode[seL4_CapInitThreadCNode]);
    slot_insert_root(cap_make(CAP_IRQ_CONTROL, 0, 0, 0), &b->cnode[seL4_CapIRQControl]);
    slot_insert_root(cap_make(CAP_ASID_CONTROL, 0, 0, 0), &b->cnode[seL4_CapASIDControl]);
    slot_insert_root(cap_make(CAP_DOMAIN, 0, 0, 0), &b->cnode[seL4_CapDomain]);
    slot_insert_root(cap_make(CAP_SMC, 0, 0, 0), &b->cnode[seL4_CapSMC]);
    return true;
}

/* The device tree, and room for what is said about the kernel's pages, as chunks of extra boot information: a header, then the bytes. */
static bool make_extra(struct boot *b, paddr_t *out)
{
    struct region tree = b->in->device_tree;
    uint64_t tree_len = tree.start == tree.end ? 0 : sizeof(struct seL4_BootInfoHeader) + tree.end - tree.start;
    struct trace_pages trace = trace_pages();
    bool has_trace = trace.start < trace.end;
    uint64_t shown_len = (b->in->kernel_code.start < b->in->kernel_code.end ? sizeof(struct lx_bootinfo_pages) : 0) +
                         (has_trace ? sizeof(struct lx_bootinfo_pages) : 0);
    uint64_t len = tree_len + shown_len;
    b->extra_bytes = 0;
    *out = 0;
    if (len == 0) {
        return true;
    }
    unsigned bits = seL4_PageBits;
    while (bit(bits) < len) {
        bits++;
    }
    *out = cut_object(b, bits);
    if (*out == 0) {
        return false;
    }
    b->extra_bytes = bit(bits);
    b->info->extraLen = len;
    if (tree_len != 0) {
        struct seL4_BootInfoHeader *header = kptr(*out);
        *header = (struct seL4_BootInfoHeader){.id = seL4_BootInfoHeaderFDT, .len = tree_len};
        memcpy(header + 1, kptr(tree.start), tree.end - tree.start);
    }
    b->shown = (uint8_t *)kptr(*out) + tree_len;
    return true;
}

/* Nothing derives from what could be written: no untyped covers the kernel's image, and the right to write is added nowhere. */
static void show_pages(struct boot *b, uint64_t id, paddr_t start, paddr_t end)
{
    struct lx_bootinfo_pages chunk = {.header = {.id = id, .len = sizeof chunk}, .frames = {.start = b->next_slot}};
    for (paddr_t at = start; at < end; at += PAGE) {
        (void)provide(b, cap_frame(at, FRAME_SMALL, FRAME_CAN_READ));
    }
    chunk.frames.end = b->next_slot;
    memcpy(b->shown, &chunk, sizeof chunk);
    b->shown += sizeof chunk;
}

static void show_kernel(struct boot *b)
{
    struct trace_pages trace = trace_pages();
    if (b->in->kernel_code.start < b->in->kernel_code.end) {
        show_pages(b, LX_BOOTINFO_KERNEL, b->in->kernel_code.start, b->in->kernel_code.end);
    }
    if (trace.start < trace.end) {
        show_pages(b, LX_BOOTINFO_TRACE, trace.start, trace.end);
    }
}

static bool make_thread(struct boot *b, struct cap buffer)
{
    paddr_t tcb_at = cut_object(b, seL4_TCBBits);
    paddr_t sc_at = cut_object(b, seL4_MinSchedContextBits);
    if (tcb_at == 0 || sc_at == 0) {
        return false;
    }
    struct tcb *t = kptr(tcb_at);
    struct sched_context *sc = kptr(sc_at);
    thread_init(t);
    struct slot *cnode = &b->cnode[seL4_CapInitThreadCNode];
    struct slot *vspace = &b->cnode[seL4_CapInitThreadVSpace];
    slot_insert(cnode->cap, cnode, &t->slots[TCB_CSPACE]);
    slot_insert(vspace->cap, vspace, &t->slots[TCB_VSPACE]);
    slot_insert(buffer, &b->cnode[seL4_CapInitThreadIPCBuffer], &t->slots[TCB_BUFFER]);
    t->ipc_buffer = b->image_end;
    t->priority = seL4_MaxPrio;
    t->max_controlled_priority = seL4_MaxPrio;
    t->regs.x[0] = b->image_end + PAGE;
    t->regs.pc = b->in->entry;
    t->regs.fault_pc = b->in->entry;
    refill_new(sc, REFILLS_MIN, arch_ticks_from_us(TIME_SLICE_US), 0, kernel.now);
    t->state = THREAD_RUNNING;
    t->sc = sc;
    sc->tcb = t;
    slot_insert_root(cap_make(CAP_TCB, tcb_at, 0, 0), &b->cnode[seL4_CapInitThreadTCB]);
    slot_insert_root(cap_make(CAP_SCHED_CONTEXT, sc_at, (uint64_t)seL4_MinSchedContextBits << 5, 0),
                     &b->cnode[seL4_CapInitThreadSC]);
    sched_possible_switch_to(t);
    return true;
}

static void init_kernel_state(const struct boot_input *in)
{
    kernel.idle_tcb.state = THREAD_IDLE;
    kernel.idle_tcb.sc = &kernel.idle_sc;
    kernel.idle_sc.tcb = &kernel.idle_tcb;
    kernel.current = &kernel.idle_tcb;
    kernel.current_sc = &kernel.idle_sc;
    kernel.now = arch_time();
    kernel.domain_schedule[0] = (struct domain_entry){0, DOMAIN_DURATION_MAX};
    kernel.domain_end = DOMAIN_DURATION_MAX;
    kernel.vmid_next = 1;
    irq_set_state(ARCH_GUEST_TIMER_IRQ, IRQ_GUEST);
    irq_set_state(ARCH_GUEST_MAINTENANCE_IRQ, IRQ_GUEST);
    irq_set_state(in->timer_irq, IRQ_TIMER);
}

static bool find_memory(struct boot *b)
{
    b->free[0] = b->in->ram;
    b->free_count = 1;
    return take_region(b, b->in->kernel_image) && take_region(b, b->in->device_tree) &&
           take_region(b, b->in->root_image);
}

static bool image_is_usable(const struct boot_input *in, uaddr_t start, uaddr_t end)
{
    return in->root_image.start < in->root_image.end && is_aligned(in->root_image.start | in->root_image.end, seL4_PageBits) &&
           is_aligned(start, seL4_PageBits) && start < end && end <= bit(seL4_UserAddressBits - 1);
}

bool boot_make_root_task(const struct boot_input *in)
{
    struct boot b = {.in = in,
                     .image_start = in->root_image.start - in->physical_minus_virtual,
                     .image_end = in->root_image.end - in->physical_minus_virtual};
    struct boot_input rounded = *in;
    rounded.device_tree.start = round_down(in->device_tree.start, seL4_PageBits);
    rounded.device_tree.end = round_up(in->device_tree.end, seL4_PageBits);
    init_kernel_state(in);
    b.in = &rounded;
    if (!image_is_usable(in, b.image_start, b.image_end) || !find_memory(&b)) {
        return false;
    }
    b.in = in;
    if (!make_cnode(&b)) {
        return false;
    }
    paddr_t info_at = cut_object(&b, seL4_PageBits);
    paddr_t buffer_at = cut_object(&b, seL4_PageBits);
    paddr_t extra_at;
    b.info = kptr(info_at);
    if (info_at == 0 || buffer_at == 0 || !make_extra(&b, &extra_at) || !make_vspace(&b)) {
        return false;
    }
    struct cap buffer = map_page(&b, buffer_at, b.image_end, false);
    slot_insert_root(buffer, &b.cnode[seL4_CapInitThreadIPCBuffer]);
    slot_insert_root(map_page(&b, info_at, b.image_end + PAGE, false), &b.cnode[seL4_CapBootInfoFrame]);
    b.info->extraBIPages = map_pages(&b, extra_at, b.extra_bytes, b.image_end + 2 * PAGE);
    b.info->schedcontrol = (struct seL4_SlotRegion){b.next_slot, b.next_slot + 1};
    (void)provide(&b, cap_make(CAP_SCHED_CONTROL, 0, 0, 0));
    b.info->userImageFrames =
        map_pages(&b, in->root_image.start, in->root_image.end - in->root_image.start, b.image_start);
    if (!make_thread(&b, cap_with_mapping(buffer, 0, 0))) {
        return false;
    }
    b.info->numNodes = 1;
    b.info->ipcBuffer = b.image_end;
    b.info->initThreadCNodeSizeBits = ROOT_CNODE_BITS;
    show_kernel(&b);
    provide_all_memory(&b);
    b.info->empty = (struct seL4_SlotRegion){b.next_slot, bit(ROOT_CNODE_BITS)};
    arch_table_written();
    sched_leave();
    return true;
}
