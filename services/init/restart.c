/* SPDX-License-Identifier: MIT */
/**
 * Pristine again: memory and capabilities of a component as at the start, its callers answered, its code compared with the tree
 * root that came with the signed image, page by page made anew where it differs.
 */
#include "init.h"

enum { REPAIR_FRAMES = 32, ZERO_WORDS = 8 };

static uint64_t repair_frames;
static uint32_t repair_frames_used;
static uint64_t repair_reply;
static uint64_t serve_reply;

uint64_t reply_for_serve(void)
{
    return serve_reply;
}

void serve_prepare(void)
{
    repair_frames = objects_make(seL4_ARM_SmallPageObject, 0, REPAIR_FRAMES);
    repair_reply = objects_make(seL4_ReplyObject, 0, 1);
    serve_reply = objects_make(seL4_ReplyObject, 0, 1);
    /* The tables of both scratch places must exist before memory is given away. */
    (void)scratch_open(repair_frames, PAGE_BITS);
    scratch_close();
}

static const uint8_t *bundle_page(const struct desc_memory *m, uint64_t page)
{
    return (const uint8_t *)bundle.addr + m->source + page * PAGE_BYTES;
}

void load_code(uint32_t memory, const struct desc_memory *m)
{
    for (uint64_t page = 0; page < m->len_bytes / PAGE_BYTES; page++) {
        memcpy(scratch_open(memory_frame(memory, page), PAGE_BITS), bundle_page(m, page), PAGE_BYTES);
        if (m->kind == DESC_CODE) {
            scratch_publish();
        }
        scratch_close();
    }
}

void load_data(uint32_t memory, const struct desc_memory *m)
{
    for (uint64_t page = 0; page < m->init_bytes / PAGE_BYTES; page++) {
        memcpy(scratch_open(memory_frame(memory, page), PAGE_BITS), bundle_page(m, page), PAGE_BYTES);
        scratch_close();
    }
}

/* ---- code against its root -------------------------------------------------------------------------------------------------- */

/* Finds page `page` of a component's code and constants together. */
static bool find_code_page(const struct desc_component *c, uint64_t page, uint32_t *memory_out, struct desc_memory *m,
                           uint64_t *page_out)
{
    for (uint32_t i = 0; i < c->memory_count; i++) {
        sysdesc_memory(&built.desc, c->first_memory + i, m);
        if (m->kind != DESC_CODE && m->kind != DESC_CONSTANT) {
            continue;
        }
        if (page < m->len_bytes / PAGE_BYTES) {
            *memory_out = c->first_memory + i;
            *page_out = page;
            return true;
        }
        page -= m->len_bytes / PAGE_BYTES;
    }
    return false;
}

/* Is the bundle's copy of a component's code still what was signed, with `fresh` in place of page `page`? */
static bool bundle_verifies(const struct desc_component *c, uint64_t page, const void *fresh)
{
    struct tree_builder builder;
    struct hash256 root;
    tree_builder_init(&builder);
    for (uint64_t i = 0; i < c->code_pages; i++) {
        uint32_t memory;
        struct desc_memory m;
        uint64_t at;
        struct hash256 leaf;
        if (!find_code_page(c, i, &memory, &m, &at)) {
            return false;
        }
        tree_leaf(i == page ? fresh : bundle_page(&m, at), PAGE_BYTES, &leaf);
        tree_builder_add(&builder, &leaf);
    }
    tree_builder_root(&builder, &root);
    return memcmp(root.bytes, c->code_root, sizeof root.bytes) == 0;
}

/* The capability in slot `slot` is replaced by the one of the fresh frame, and mapped where the old one was. */
static void replace_mapping(uint64_t slot, uint64_t fresh, uint64_t vspace, uint64_t addr, uint32_t rights)
{
    must(cnode_delete(own_slot(slot)), "removing a bad page");
    must(cnode_copy(own_slot(slot), own_slot(fresh), seL4_AllRights), "replacing a bad page");
    space_map(slot, vspace, addr, rights, true);
}

static void replace_in_views(uint32_t memory, uint64_t page, uint64_t fresh)
{
    for (uint32_t i = 1; i < built.desc.header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(&built.desc, i, &c);
        for (uint32_t k = 0; k < c.memory_count; k++) {
            struct desc_memory m;
            sysdesc_memory(&built.desc, c.first_memory + k, &m);
            if (m.kind == DESC_VIEWED && m.source == memory) {
                replace_mapping(memory_frame(c.first_memory + k, page), fresh, built.components[i].vspace,
                                m.virt + page * PAGE_BYTES, m.rights);
            }
        }
    }
}

/* Our own page cannot be unmapped under our feet: it is written in place, through another mapping. */
static void repair_own(uint64_t addr, const void *from, bool code)
{
    memcpy(scratch_open(self_frame(addr), PAGE_BITS), from, PAGE_BYTES);
    if (code) {
        scratch_publish();
    }
    scratch_close();
}

enum proto_status component_repair(uint32_t index, uint64_t page, bool *differed_out)
{
    struct desc_component c;
    struct desc_memory m;
    uint32_t memory;
    uint64_t at;
    sysdesc_component(&built.desc, index, &c);
    if (!find_code_page(&c, page, &memory, &m, &at)) {
        return PROTO_INVALID;
    }
    const uint8_t *pristine = bundle_page(&m, at);
    uint64_t addr = m.virt + at * PAGE_BYTES;
    *differed_out = memcmp(scratch_open(memory_frame(memory, at), PAGE_BITS), pristine, PAGE_BYTES) != 0;
    scratch_close();
    if (index == 0) {
        if (!bundle_verifies(&c, page, pristine)) {
            return PROTO_FAILED;
        }
        repair_own(addr, pristine, m.kind == DESC_CODE);
        return PROTO_OK;
    }
    if (repair_frames_used == REPAIR_FRAMES) {
        return PROTO_FULL;
    }
    uint64_t fresh = repair_frames + repair_frames_used;
    void *copy = scratch_open(fresh, PAGE_BITS);
    memcpy(copy, pristine, PAGE_BYTES);
    bool good = bundle_verifies(&c, page, copy);
    if (good && m.kind == DESC_CODE) {
        scratch_publish();
    }
    scratch_close();
    if (!good) {
        return PROTO_FAILED;
    }
    repair_frames_used++;
    replace_mapping(memory_frame(memory, at), fresh, built.components[index].vspace, addr, m.rights);
    replace_in_views(memory, at, fresh);
    return PROTO_OK;
}

/* Repairs every page of code that is not as in the bundle. */
static enum proto_status check_code(uint32_t index, const struct desc_component *c)
{
    for (uint64_t page = 0; page < c->code_pages; page++) {
        uint32_t memory;
        struct desc_memory m;
        uint64_t at;
        bool differs = true;
        if (find_code_page(c, page, &memory, &m, &at)) {
            differs = memcmp(scratch_open(memory_frame(memory, at), PAGE_BITS), bundle_page(&m, at), PAGE_BYTES) != 0;
            scratch_close();
        }
        enum proto_status status = differs ? component_repair(index, page, &differs) : PROTO_OK;
        if (status != PROTO_OK) {
            return status;
        }
    }
    return PROTO_OK;
}

/* ---- stop and restart ------------------------------------------------------------------------------------------------------ */

/* Whoever waits for an answer through one of the component's reply objects gets `label`; the others feel nothing. */
static void answer_callers(const struct desc_component *c, uint64_t label)
{
    const struct message m = {.info = message_info(label, 0)};
    for (uint32_t i = 0; i < c->cap_count; i++) {
        struct desc_cap cap;
        sysdesc_cap(&built.desc, c->first_cap + i, &cap);
        for (uint32_t k = 0; cap.kind == DESC_CAP_REPLY && k < cap.count; k++) {
            sys_nb_send(built.cap_objects[c->first_cap + i] + k, &m);
        }
    }
}

static void reset_memory(uint32_t index, const struct desc_memory *m)
{
    bool pristine = m->kind == DESC_DATA || m->kind == DESC_STACK || m->kind == DESC_IPC_BUFFER || m->kind == DESC_OWN;
    uint64_t page_bytes = 1ull << m->page_bits;
    for (uint64_t at = 0; pristine && at < m->len_bytes; at += page_bytes) {
        void *page = scratch_open(memory_frame(index, at / page_bytes), m->page_bits);
        if (at < m->init_bytes) {
            memcpy(page, bundle_page(m, at / PAGE_BYTES), PAGE_BYTES);
        } else {
            memset(page, 0, page_bytes);
        }
        scratch_close();
    }
}

static void reset_cspace(uint32_t index, const struct desc_component *c)
{
    uint64_t cnode = built.components[index].cnode;
    for (uint64_t slot = 0; slot < 1ull << c->cspace_bits; slot++) {
        must(cnode_delete((struct slot){cnode, slot, c->cspace_bits}), "emptying a capability space");
    }
    fill_cspace(index, c);
}

static void acknowledge_irqs(uint32_t index)
{
    for (uint32_t i = 0; i < built.desc.header.irq_count; i++) {
        struct desc_irq q;
        sysdesc_irq(&built.desc, i, &q);
        if (q.component == index) {
            must(irq_ack(built.irq_handlers[i]), "acknowledging an interrupt");
        }
    }
}

enum proto_status component_restart(uint32_t index)
{
    struct component *it = &built.components[index];
    struct desc_component c;
    sysdesc_component(&built.desc, index, &c);
    must(tcb_suspend(it->tcb), "suspending a component");
    enum proto_status status = check_code(index, &c);
    if (status != PROTO_OK) {
        return status;
    }
    answer_callers(&c, PROTO_RESTARTED);
    for (uint32_t i = 0; i < c.memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&built.desc, c.first_memory + i, &m);
        reset_memory(c.first_memory + i, &m);
    }
    reset_cspace(index, &c);
    it->incarnation++;
    it->stopped = false;
    fill_info(index, &c);
    acknowledge_irqs(index);
    must(sched_context_unbind(it->sched), "taking a budget"); /* it may serve the notification of a passive component */
    configure_thread(index, &c);
    const struct seL4_UserContext context = {.pc = c.entry, .sp = c.stack_top};
    must(tcb_write_registers(it->tcb, true, &context), "restarting a thread");
    return PROTO_OK;
}

enum proto_status component_stop(uint32_t index)
{
    struct component *it = &built.components[index];
    struct desc_component c;
    struct message m;
    sysdesc_component(&built.desc, index, &c);
    must(tcb_suspend(it->tcb), "suspending a component");
    it->stopped = true;
    answer_callers(&c, PROTO_STOPPED);
    /* Callers that the component had not received yet; at most one for each component. */
    for (uint32_t i = 0; i < DESC_COMPONENTS_MAX; i++) {
        sys_nb_recv(it->endpoint, repair_reply, &m);
        if ((m.badge & BADGE_MESSAGE) == 0) {
            break;
        }
        const struct message answer = {.info = message_info(PROTO_STOPPED, 0)};
        sys_nb_send(repair_reply, &answer);
    }
    return PROTO_OK;
}

/* Passive: the budget leaves the thread and serves its notification, so that signals can still be handled. */
void component_ready(uint32_t index)
{
    struct component *it = &built.components[index];
    struct desc_component c;
    sysdesc_component(&built.desc, index, &c);
    if ((c.flags & DESC_PASSIVE) != 0) {
        must(sched_context_unbind(it->sched), "taking a budget");
        must(sched_context_bind(it->sched, it->notification), "giving a budget to a notification");
    }
}

/* ---- looking into a stopped component ------------------------------------------------------------------------------------- */

/* Two words of a component's stack; false when `addr` is not in it. */
static bool read_stack(const struct desc_component *c, uint64_t addr, uint64_t out[2])
{
    for (uint32_t i = 0; i < c->memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&built.desc, c->first_memory + i, &m);
        if (m.kind == DESC_STACK && is_aligned(addr, 16) && addr >= m.virt && addr - m.virt < m.len_bytes) {
            uint64_t offset = addr - m.virt;
            const uint8_t *page = scratch_open(memory_frame(c->first_memory + i, offset / PAGE_BYTES), PAGE_BITS);
            memcpy(out, page + offset % PAGE_BYTES, 2 * sizeof(uint64_t));
            scratch_close();
            return true;
        }
    }
    return false;
}

enum proto_status component_inspect(uint32_t index, struct system_state *out)
{
    struct seL4_UserContext context;
    struct desc_component c;
    uint64_t pair[2];
    sysdesc_component(&built.desc, index, &c);
    memset(out, 0, sizeof *out);
    if (tcb_read_registers(built.components[index].tcb, false, &context) != seL4_NoError) {
        return PROTO_FAILED;
    }
    memcpy(out->registers, &context, sizeof context);
    out->incarnation = built.components[index].incarnation;
    /* A frame is {previous frame, return address}; frames rise, so that a broken chain ends. */
    out->frames[out->frame_count++] = context.pc;
    uint64_t frame = context.x29;
    while (out->frame_count < SYSTEM_BACKTRACE_MAX && read_stack(&c, frame, pair) && pair[1] != 0) {
        out->frames[out->frame_count++] = pair[1] & ((1ull << 40) - 1); /* without a pointer authentication code */
        if (pair[0] <= frame) {
            break;
        }
        frame = pair[0];
    }
    return PROTO_OK;
}
