/* SPDX-License-Identifier: MIT */
/** Builds the components: objects, memory, capabilities, in tables that restart.c uses later. See init.h. */
#include "init.h"

enum { SCHED_BITS = 8, EXTRA_REFILLS = 4 };

struct built built;

/* ---- objects -------------------------------------------------------------------------------------------------------------- */

/* The guard that makes a capability pointer of the component a slot number. */
static uint64_t guard_for(uint32_t index)
{
    struct desc_component c;
    sysdesc_component(&built.desc, index, &c);
    return seL4_CNode_CapData_new(0, 64u - c.cspace_bits);
}

static const uint64_t directory_guard = 64 - DIRECTORY_BITS - DIRECTORY_LEAF_BITS;

static bool has_directory(const struct desc_component *c)
{
    for (uint32_t i = 0; i < c->cap_count; i++) {
        struct desc_cap cap;
        sysdesc_cap(&built.desc, c->first_cap + i, &cap);
        if (cap.kind == DESC_CAP_DIRECTORY) {
            return true;
        }
    }
    return false;
}

/* The slots of the description become entry 0 of a directory. */
static uint64_t make_directory(uint64_t cnode, uint8_t cspace_bits)
{
    uint64_t directory = objects_make(seL4_CapTableObject, DIRECTORY_BITS, 1);
    must(cnode_mint((struct slot){directory, 0, DIRECTORY_BITS}, own_slot(cnode), seL4_AllRights,
                    seL4_CNode_CapData_new(0, DIRECTORY_LEAF_BITS - (uint64_t)cspace_bits)),
         "making the directory of a capability space");
    return directory;
}

static void make_objects(uint32_t index)
{
    struct component *to = &built.components[index];
    struct desc_component c;
    sysdesc_component(&built.desc, index, &c);
    to->endpoint = objects_make(seL4_EndpointObject, 0, 1);
    if (index == 0) {
        to->tcb = seL4_CapInitThreadTCB;
        to->cnode = seL4_CapInitThreadCNode;
        to->vspace = seL4_CapInitThreadVSpace;
        return;
    }
    to->notification = objects_make(seL4_NotificationObject, 0, 1);
    to->tcb = objects_make(seL4_TCBObject, 0, 1);
    to->cnode = objects_make(seL4_CapTableObject, c.cspace_bits, 1);
    to->directory = has_directory(&c) ? make_directory(to->cnode, c.cspace_bits) : 0;
    to->vspace = objects_make(seL4_ARM_VSpaceObject, 0, 1);
    to->sched = objects_make(seL4_SchedContextObject, SCHED_BITS, 1);
    must(asid_pool_assign(seL4_CapInitThreadASIDPool, to->vspace), "giving an address space its number");
    const struct sched_params params = {c.budget_us, c.period_us, c.budget_us == c.period_us ? 0 : EXTRA_REFILLS, index, 0};
    must(sched_control_configure(built.sched_control, to->sched, &params), "setting a budget");
}

static uint64_t make_frames(uint64_t len_bytes, uint8_t page_bits, bool contiguous)
{
    uint64_t type = page_bits == PAGE_BITS ? seL4_ARM_SmallPageObject : seL4_ARM_LargePageObject;
    uint64_t count = len_bytes >> page_bits;
    return contiguous ? objects_make_contiguous(type, 0, count) : objects_make(type, 0, count);
}

static void make_shares(void)
{
    for (uint32_t i = 0; i < built.desc.header.share_count; i++) {
        struct desc_share share;
        sysdesc_share(&built.desc, i, &share);
        built.share_frames[i] = make_frames(share.len_bytes, share.page_bits, (share.flags & DESC_CONTIGUOUS) != 0);
    }
}

static void make_irqs(void)
{
    for (uint32_t i = 0; i < built.desc.header.irq_count; i++) {
        struct desc_irq q;
        sysdesc_irq(&built.desc, i, &q);
        uint64_t first = slots_take(2); /* the handler, and the notification with the interrupt's bit */
        must(irq_control_get(seL4_CapIRQControl, q.number, q.edge != 0, own_slot(first)), "taking an interrupt");
        must(cnode_mint(own_slot(first + 1), own_slot(built.components[q.component].notification), seL4_CanWrite, 1ull << q.bit),
             "minting an interrupt's signal");
        must(irq_set_notification(first, first + 1), "connecting an interrupt");
        built.irq_handlers[i] = first;
    }
}

/* ---- memory ---------------------------------------------------------------------------------------------------------------- */

/* Capabilities to frames that already are somewhere else, as copies that can be mapped once more. */
static uint64_t copy_frames(uint64_t first, uint64_t count)
{
    uint64_t copies = slots_take(count);
    for (uint64_t i = 0; i < count; i++) {
        must(cnode_copy(own_slot(copies + i), own_slot(first + i), seL4_AllRights), "copying a frame's capability");
    }
    return copies;
}

static uint64_t device_frames(uint64_t paddr, uint64_t count)
{
    uint64_t copies = slots_take(count);
    for (uint64_t i = 0; i < count; i++) {
        must(cnode_copy(own_slot(copies + i), own_slot(device_frame(paddr + i * PAGE_BYTES)), seL4_AllRights),
             "copying a device frame's capability");
    }
    return copies;
}

static uint64_t frames_of(const struct desc_memory *m)
{
    uint64_t count = m->len_bytes >> m->page_bits;
    switch (m->kind) {
    case DESC_SHARED:
        return copy_frames(built.share_frames[m->source], count);
    case DESC_DEVICE:
        return device_frames(m->source, count);
    case DESC_BUNDLE:
        return copy_frames(self_frame(bundle.addr + m->source), count);
    case DESC_MEASUREMENTS:
        return copy_frames(self_frame(measurements.addr), count);
    case DESC_VIEWED:
        return copy_frames(built.memory_frames[m->source], count);
    case DESC_KERNEL:
        return copy_frames(self_kernel_frames(LX_BOOTINFO_KERNEL, count), count);
    case DESC_TRACE:
        return copy_frames(self_kernel_frames(LX_BOOTINFO_TRACE, count), count);
    case DESC_WINDOW:
        return 0;
    default:
        return make_frames(m->len_bytes, m->page_bits, (m->flags & DESC_CONTIGUOUS) != 0);
    }
}

uint64_t memory_frame(uint32_t memory, uint64_t page)
{
    return built.memory_frames[memory] + page;
}

static void make_memory(uint64_t vspace, uint32_t index)
{
    struct desc_memory m;
    sysdesc_memory(&built.desc, index, &m);
    if (m.kind == DESC_WINDOW) {
        space_prepare(vspace, m.virt, m.len_bytes);
        return;
    }
    built.memory_frames[index] = frames_of(&m);
    if (m.kind == DESC_CODE || m.kind == DESC_CONSTANT) {
        load_code(index, &m);
    } else if (m.kind == DESC_DATA) {
        load_data(index, &m);
    }
    for (uint64_t page = 0; page < m.len_bytes >> m.page_bits; page++) {
        space_map(memory_frame(index, page), vspace, m.virt + (page << m.page_bits), m.rights, m.kind != DESC_DEVICE);
    }
}

/* Views show the frames of others, so they come when all others are made. */
static void make_memories(bool views)
{
    for (uint32_t i = 1; i < built.desc.header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(&built.desc, i, &c);
        for (uint32_t k = 0; k < c.memory_count; k++) {
            struct desc_memory m;
            sysdesc_memory(&built.desc, c.first_memory + k, &m);
            if ((m.kind == DESC_VIEWED) == views) {
                make_memory(built.components[i].vspace, c.first_memory + k);
            }
        }
    }
}

/* ---- capabilities ---------------------------------------------------------------------------------------------------------- */

/* Of kinds that are one object: its capability in our space, and the badge that the copy gets (0: none). */
static uint64_t source_of(const struct desc_cap *cap, const struct component *owner, uint64_t *badge)
{
    const struct component *target = &built.components[cap->target % DESC_COMPONENTS_MAX];
    *badge = 0;
    switch (cap->kind) {
    case DESC_CAP_INBOX:
        *badge = cap->badge;
        return target->endpoint;
    case DESC_CAP_NOTIFY:
        *badge = cap->badge;
        return target->notification;
    case DESC_CAP_IRQ:
        return built.irq_handlers[cap->target % DESC_IRQS_MAX];
    case DESC_CAP_TCB:
        return target->tcb;
    case DESC_CAP_CSPACE:
        *badge = guard_for(cap->target);
        return target->cnode;
    case DESC_CAP_VSPACE:
        return target->vspace;
    case DESC_CAP_SCHED:
        return target->sched;
    case DESC_CAP_ASID_CONTROL:
        return seL4_CapASIDControl;
    case DESC_CAP_ASID_POOL:
        return seL4_CapInitThreadASIDPool;
    case DESC_CAP_SCHED_CONTROL:
        return built.sched_control;
    case DESC_CAP_SMC:
        return seL4_CapSMC;
    case DESC_CAP_DIRECTORY:
        *badge = seL4_CNode_CapData_new(0, directory_guard);
        return owner->directory;
    default:
        return 0;
    }
}

static void fill_cap(uint32_t cap_index, const struct component *owner, struct slot to)
{
    struct desc_cap cap;
    uint64_t badge;
    sysdesc_cap(&built.desc, cap_index, &cap);
    uint64_t rights = cap.kind == DESC_CAP_INBOX    ? cap.rights
                      : cap.kind == DESC_CAP_NOTIFY ? seL4_CanWrite
                      : cap.kind == DESC_CAP_FRAMES ? seL4_CanRead
                                                    : seL4_AllRights;
    uint64_t source = source_of(&cap, owner, &badge);
    to.index = cap.slot;
    for (uint32_t i = 0; i < cap.count && cap.kind != DESC_CAP_UNTYPED; i++, to.index++) {
        uint64_t from = cap.kind == DESC_CAP_REPLY    ? built.cap_objects[cap_index] + i
                        : cap.kind == DESC_CAP_FRAMES ? self_frame(bundle.addr + cap.badge) + i
                                                      : source;
        must(badge == 0 ? cnode_copy(to, own_slot(from), rights) : cnode_mint(to, own_slot(from), rights, badge),
             "giving a capability");
    }
}

void fill_cspace(uint32_t index, const struct desc_component *c)
{
    for (uint32_t i = 0; i < c->cap_count; i++) {
        fill_cap(c->first_cap + i, &built.components[index], (struct slot){built.components[index].cnode, 0, c->cspace_bits});
    }
}

static void make_replies(const struct desc_component *c)
{
    for (uint32_t i = 0; i < c->cap_count; i++) {
        struct desc_cap cap;
        sysdesc_cap(&built.desc, c->first_cap + i, &cap);
        if (cap.kind == DESC_CAP_REPLY) {
            built.cap_objects[c->first_cap + i] = objects_make(seL4_ReplyObject, 0, cap.count);
        }
    }
}

/* ---- pages that are filled at run time ------------------------------------------------------------------------------------- */

static uint32_t memory_of_kind(const struct desc_component *c, enum desc_memory_kind kind)
{
    for (uint32_t i = 0; i < c->memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&built.desc, c->first_memory + i, &m);
        if (m.kind == (uint8_t)kind) {
            return c->first_memory + i;
        }
    }
    stop("%s lacks a memory that its description promises", c->name);
}

static void publish_addresses(const struct desc_component *c, struct lx_info_page *page)
{
    for (uint32_t i = 0; i < c->memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&built.desc, c->first_memory + i, &m);
        if ((m.flags & DESC_CONTIGUOUS) != 0) {
            must(page_get_address(memory_frame(c->first_memory + i, 0), &page->paddr[m.published]), "asking for an address");
        }
    }
}

void fill_info(uint32_t index, const struct desc_component *c)
{
    static struct lx_info_page page; /* too large for a frame */
    uint64_t hz;
    memset(&page, 0, sizeof page);
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    page.magic = INFO_MAGIC;
    page.component = index;
    page.component_count = built.desc.header.component_count;
    page.incarnation = built.components[index].incarnation;
    page.ticks_hz = hz;
    page.seeded = self_seed_for(index, page.incarnation, page.seed);
    /* The guard's low byte is 0, so that a string that runs over ends before it. */
    uint8_t guard[32];
    (void)self_seed_for(index | 1u << 31, page.incarnation, guard);
    page.stack_guard = le64_load(guard) << 8;
    for (uint32_t i = 0; i < page.component_count; i++) {
        struct desc_component other;
        sysdesc_component(&built.desc, i, &other);
        memcpy(page.names[i], other.name, sizeof other.name);
    }
    publish_addresses(c, &page);
    memcpy(scratch_open(memory_frame(memory_of_kind(c, DESC_INFO_PAGE), 0), PAGE_BITS), &page, sizeof page);
    scratch_close();
}

static void give_untyped(uint32_t index, const struct desc_component *c)
{
    for (uint32_t i = 0; i < c->cap_count; i++) {
        struct desc_cap cap;
        static struct lx_untyped_list list;
        sysdesc_cap(&built.desc, c->first_cap + i, &cap);
        if (cap.kind == DESC_CAP_UNTYPED) {
            uint32_t memory = memory_of_kind(c, DESC_UNTYPED_LIST);
            objects_give_away(built.components[index].cnode, c->cspace_bits, cap.slot, cap.count, &list);
            memcpy(scratch_open(memory_frame(memory, 0), PAGE_BITS), &list, sizeof list);
            scratch_close();
        }
    }
}

/* ---- threads --------------------------------------------------------------------------------------------------------------- */

/* Also at a restart: a component with a capability to its own thread may have changed any of this. */
void configure_thread(uint32_t index, const struct desc_component *c)
{
    struct component *it = &built.components[index];
    uint64_t buffer = memory_frame(memory_of_kind(c, DESC_IPC_BUFFER), 0);
    uint64_t mcp = (c->flags & DESC_TRUSTED) != 0 ? c->priority : 0;
    uint64_t root = it->directory != 0 ? it->directory : it->cnode;
    uint64_t guard = it->directory != 0 ? seL4_CNode_CapData_new(0, directory_guard) : guard_for(index);
    must(tcb_configure(it->tcb, root, guard, it->vspace, c->ipc_buffer, buffer), "configuring a thread");
    must(tcb_set_sched_params(it->tcb, seL4_CapInitThreadTCB, mcp, c->priority, it->sched, it->fault_endpoint),
         "setting a thread's priority");
}

static void make_thread(uint32_t index, const struct desc_component *c)
{
    struct component *to = &built.components[index];
    to->fault_endpoint = slots_take(1);
    must(cnode_mint(own_slot(to->fault_endpoint), own_slot(built.components[c->fault_handler].endpoint),
                    seL4_CanWrite | seL4_CanGrantReply, BADGE_MESSAGE | BADGE_FAULT | index),
         "minting a fault endpoint");
    configure_thread(index, c);
    must(tcb_bind_notification(to->tcb, to->notification), "binding a notification");
}

void build_all(void)
{
    uint32_t count = built.desc.header.component_count;
    for (uint32_t i = 0; i < count; i++) {
        make_objects(i);
    }
    make_shares();
    make_irqs();
    make_memories(false);
    make_memories(true);
    for (uint32_t i = 1; i < count; i++) {
        struct desc_component c;
        sysdesc_component(&built.desc, i, &c);
        make_replies(&c);
        fill_cspace(i, &c);
        make_thread(i, &c);
        fill_info(i, &c);
    }
    serve_prepare();
    for (uint32_t i = 1; i < count; i++) {
        struct desc_component c;
        sysdesc_component(&built.desc, i, &c);
        give_untyped(i, &c);
    }
}

void start_all(void)
{
    for (uint32_t i = 1; i < built.desc.header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(&built.desc, i, &c);
        const struct seL4_UserContext context = {.pc = c.entry, .sp = c.stack_top};
        must(tcb_write_registers(built.components[i].tcb, true, &context), "starting a thread");
    }
}
