/* SPDX-License-Identifier: MIT */
/**
 * Places everything: bytes in the bundle, memories in address spaces, capabilities in slots, signals in notification words,
 * badges; and writes the values into the components' slots. See lxpack.h.
 */
#include <stdio.h>

#include "lxpack.h"
#include "shmq.h"

#define FIRST_VIRT  0x10000000ull   /* after the program */
#define STORE_VIRT  0x1000000000ull /* what has its size last: the whole bundle */
#define SYSTEM_VIRT 0x1800000000ull /* and the description */

enum {
    RIGHT_WRITE = 1,
    RIGHT_READ = 2,
    RIGHT_GRANT = 4,
    RIGHT_GRANT_REPLY = 8,
    RIGHT_ALL = 15,
    LARGE_PAGE_BITS = 21,
    UNTYPED_SLOTS = 240,
};

static struct system *sys;

/* ---- records of one component ----------------------------------------------------------------------------------------- */

static void set_name(char out[DESC_NAME_BYTES], const char *name)
{
    memset(out, 0, DESC_NAME_BYTES);
    (void)copy_string(out, DESC_NAME_BYTES, name);
}

static uint32_t add_cap(struct component *c, enum desc_cap_kind kind, const char *name, uint32_t target, uint64_t badge,
                        uint32_t rights, uint32_t count)
{
    if (c->cap_count == (int)ARRAY_LEN(c->caps)) {
        fail("component %s has too many capabilities", c->name);
    }
    struct desc_cap *cap = &c->caps[c->cap_count++];
    memset(cap, 0, sizeof *cap);
    set_name(cap->name, name);
    cap->badge = badge;
    cap->slot = c->next_slot;
    cap->count = count;
    cap->target = (uint16_t)target;
    cap->kind = (uint8_t)kind;
    cap->rights = (uint8_t)rights;
    c->next_slot += count;
    return cap->slot;
}

static uint8_t page_bits_for(uint64_t len_bytes)
{
    return is_aligned(len_bytes, 1u << LARGE_PAGE_BITS) ? LARGE_PAGE_BITS : PAGE_BITS;
}

static struct desc_memory *add_memory_at(struct component *c, uint64_t virt, enum desc_memory_kind kind, const char *name,
                                         uint64_t len_bytes, uint32_t rights)
{
    if (c->memory_count == (int)ARRAY_LEN(c->memories)) {
        fail("component %s has too many memories", c->name);
    }
    struct memory *m = &c->memories[c->memory_count++];
    memset(m, 0, sizeof *m);
    set_name(m->desc.name, name);
    m->desc.virt = virt;
    m->desc.len_bytes = len_bytes;
    m->desc.kind = (uint8_t)kind;
    m->desc.rights = (uint8_t)rights;
    m->desc.page_bits = PAGE_BITS;
    return &m->desc;
}

/* Takes the next addresses and leaves a page free before and after, so that running over an end faults. */
static struct desc_memory *add_memory(struct component *c, enum desc_memory_kind kind, const char *name, uint64_t len_bytes,
                                      uint32_t rights, uint8_t page_bits)
{
    uint64_t virt = align_up(c->next_virt + PAGE_BYTES, 1ull << page_bits);
    struct desc_memory *m = add_memory_at(c, virt, kind, name, len_bytes, rights);
    m->page_bits = page_bits;
    c->next_virt = virt + len_bytes;
    return m;
}

static uint64_t publish(struct component *c, struct desc_memory *m)
{
    if (c->published_count == DESC_PUBLISHED_MAX) {
        fail("component %s has more than %d memories for devices", c->name, DESC_PUBLISHED_MAX);
    }
    m->flags = DESC_CONTIGUOUS;
    m->published = c->published_count++;
    return m->published;
}

static uint32_t new_signal(struct component *c)
{
    if (c->signal_count == SIGNALS_MAX) {
        fail("component %s would receive more than %d different signals", c->name, SIGNALS_MAX);
    }
    return c->signal_count++;
}

static int new_share(const char *name, uint64_t len_bytes, bool contiguous)
{
    if (sys->share_count == DESC_SHARES_MAX) {
        fail("more than %d shared memories", DESC_SHARES_MAX);
    }
    struct desc_share *share = &sys->shares[sys->share_count];
    set_name(share->name, name);
    share->len_bytes = len_bytes;
    share->page_bits = page_bits_for(len_bytes);
    share->flags = contiguous ? DESC_CONTIGUOUS : 0;
    return sys->share_count++;
}

static struct desc_memory *add_share(struct component *c, int share, const char *name, bool writable)
{
    const struct desc_share *s = &sys->shares[share];
    struct desc_memory *m = add_memory(c, DESC_SHARED, name, s->len_bytes, writable ? DESC_READ | DESC_WRITE : DESC_READ,
                                       s->page_bits);
    m->source = (uint64_t)share;
    return m;
}

static uint64_t take_bundle(uint64_t len_bytes)
{
    uint64_t offset = sys->bundle_bytes;
    sys->bundle_bytes += align_up(len_bytes, PAGE_BYTES);
    return offset;
}

/* ---- before the slots: programs, files, connections ------------------------------------------------------------------- */

static void place_program(struct component *c, bool is_root)
{
    static const uint32_t rights[] = {
        [DESC_CODE] = DESC_READ | DESC_EXECUTE, [DESC_CONSTANT] = DESC_READ, [DESC_DATA] = DESC_READ | DESC_WRITE};
    static const char *const names[] = {[DESC_CODE] = "code", [DESC_CONSTANT] = "constants", [DESC_DATA] = "data"};
    c->next_slot = 1;
    c->next_virt = FIRST_VIRT;
    for (int i = 0; i < c->segment_count; i++) {
        struct segment *s = &c->segments[i];
        struct desc_memory *m = add_memory_at(c, s->virt, s->kind, names[s->kind], s->len_bytes, rights[s->kind]);
        s->memory = c->memory_count - 1;
        /* The root task's data is in its own part of the image; its code is here once more, to repair it from. */
        if (s->init.len_bytes != 0 && !(is_root && s->kind == DESC_DATA)) {
            s->bundle_offset = take_bundle(s->init.len_bytes);
            m->source = s->bundle_offset;
            m->init_bytes = s->init.len_bytes;
        }
    }
}

static void place_blobs(void)
{
    for (int i = 0; i < sys->blob_count; i++) {
        sys->blobs[i].data = read_file(sys->blobs[i].path);
        if (sys->blobs[i].data.len_bytes == 0) {
            fail("file %s (%s) is empty", sys->blobs[i].name, sys->blobs[i].path);
        }
        sys->blobs[i].bundle_offset = take_bundle(sys->blobs[i].data.len_bytes);
    }
}

static struct slot_record *end_record(const struct connection *c, int end)
{
    struct component *owner = sys->components[c->ends[end].component];
    const struct item *item = &owner->items[c->ends[end].item];
    for (int i = 0; i < owner->slot_count; i++) {
        if (strcmp(owner->slots[i]->name, item->slot) == 0) {
            return owner->slots[i];
        }
    }
    fail("component %s has lost its slot %s", owner->name, item->slot);
}

static void connect_call(struct connection *c)
{
    int server_index = c->ends[0].component;
    struct component *server = sys->components[server_index];
    c->signals = c->ends[0].item >= 0 && (end_record(c, 0)->flags & SLOT_SIGNALS) != 0;
    if (c->end_count - 1 > SLOT_CALLERS_MAX) {
        fail_at(sys->path, c->line, "more than %d callers of one slot", SLOT_CALLERS_MAX);
    }
    for (int e = 1; e < c->end_count; e++) {
        if (c->ends[e].component == server_index) {
            fail_at(sys->path, c->line, "%s cannot call itself; it would wait for ever", server->name);
        }
        const struct component *caller = sys->components[c->ends[e].component];
        if (server->passive && caller->priority >= server->priority) { /* it could call before the server is ready */
            fail_at(sys->path, c->line, "passive %s has priority %d, which must be above that of its caller %s (%d)", server->name,
                    server->priority, caller->name, caller->priority);
        }
        /* The root task tells its callers apart by component, so their badge is that number. */
        c->ends[e].first_caller = server_index == 0 ? (uint32_t)c->ends[e].component : ++server->caller_count;
        c->ends[e].signal = c->signals ? new_signal(sys->components[c->ends[e].component]) : 0;
    }
}

static void connect_channel(struct connection *c)
{
    const struct slot_record *a = end_record(c, 0);
    const struct slot_record *b = end_record(c, 1);
    uint64_t record_a = ((const struct lx_channel *)(const void *)a)->record_bytes;
    uint64_t record_b = ((const struct lx_channel *)(const void *)b)->record_bytes;
    const char *name_a = sys->components[c->ends[0].component]->name;
    const char *name_b = sys->components[c->ends[1].component]->name;
    if (record_a != record_b) {
        fail_at(sys->path, c->line, "%s.%s has records of %llu bytes and %s.%s of %llu; both must use the same proto header",
                name_a, a->name, (unsigned long long)record_a, name_b, b->name, (unsigned long long)record_b);
    }
    if (c->ends[0].component == c->ends[1].component) {
        fail_at(sys->path, c->line, "%s cannot be connected with itself", name_a);
    }
    c->record_bytes = record_a;
    uint64_t queues = 2 * shmq_bytes((uint32_t)c->record_bytes, (uint32_t)c->record_count);
    c->queue_share = new_share(c->name, align_up(queues, PAGE_BYTES), false);
    if (c->data_bytes != 0) {
        c->share = new_share(c->name, c->data_bytes, c->dma);
    }
    c->ends[0].signal = new_signal(sys->components[c->ends[0].component]);
    c->ends[1].signal = new_signal(sys->components[c->ends[1].component]);
}

static void place_connections(void)
{
    for (int i = 0; i < sys->connection_count; i++) {
        struct connection *c = &sys->connections[i];
        switch (c->kind) {
        case CONNECT_CALL:
            connect_call(c);
            break;
        case CONNECT_NOTIFY:
            c->ends[1].signal = new_signal(sys->components[c->ends[1].component]);
            break;
        case CONNECT_CHANNEL:
            connect_channel(c);
            break;
        case CONNECT_SHARED:
            c->share = new_share(c->name, c->data_bytes, c->dma);
            break;
        }
    }
}

static void place_watches(void)
{
    for (int i = 1; i < sys->component_count; i++) {
        struct component *c = sys->components[i];
        for (int k = 0; k < c->item_count; k++) {
            struct item *item = &c->items[k];
            if (item->kind != SLOT_WATCH) {
                continue;
            }
            int target = system_find(sys, item->target);
            if (sys->components[target]->fault_handler == 0) {
                fail_at(sys->path, item->line, "nobody restarts %s, so it cannot be watched; add \"fault %s -> supervisor\"",
                        item->target, item->target);
            }
            if (sys->watch_count == DESC_WATCHES_MAX) {
                fail_at(sys->path, item->line, "more than %d watches", DESC_WATCHES_MAX);
            }
            item->index = new_signal(c);
            sys->watches[sys->watch_count++] = (struct desc_watch){(uint8_t)target, (uint8_t)i, (uint8_t)item->index, 0};
        }
    }
}

/* ---- slots, one function a kind -------------------------------------------------------------------------------------- */

/** What the functions below get: the component, its slot and the line of the .sys file (NULL for the runtime's slots). */
struct fill {
    struct component *c;
    uint32_t self;
    struct slot_record *slot;
    const struct item *item;
};

#define AS(type, f) ((struct type *)(void *)(f)->slot)

static void fill_info(const struct fill *f)
{
    struct component *c = f->c;
    struct lx_info *v = AS(lx_info, f);
    struct desc_memory *stack = add_memory(c, DESC_STACK, "stack", c->stack_bytes, DESC_READ | DESC_WRITE, PAGE_BITS);
    v->stack_bottom = stack->virt;
    v->stack_top = c->desc.stack_top = stack->virt + stack->len_bytes;
    v->ipc_buffer_addr = c->desc.ipc_buffer =
        add_memory(c, DESC_IPC_BUFFER, "ipc-buffer", PAGE_BYTES, DESC_READ | DESC_WRITE, PAGE_BITS)->virt;
    v->info_addr = c->desc.info = add_memory(c, DESC_INFO_PAGE, "info", PAGE_BYTES, DESC_READ, PAGE_BITS)->virt;
}

static void fill_log(const struct fill *f)
{
    struct component *c = f->c;
    struct lx_log *v = AS(lx_log, f);
    if (c->log_share != -2) {
        f->slot->flags &= ~(uint32_t)SLOT_GIVEN;
        return;
    }
    char name[DESC_NAME_BYTES];
    snprintf(name, sizeof name, "log-%.19s", c->name);
    struct component *console = sys->components[sys->console];
    struct item *logs = &console->items[sys->console_item];
    if (logs->count == 0) {
        logs->index = new_signal(console);
    }
    if (logs->count++ == SLOT_LOGS_MAX) {
        fail_at(sys->path, logs->line, "more than %d components log to %s", SLOT_LOGS_MAX, console->name);
    }
    c->log_share = new_share(name, LOG_RING_BYTES, false);
    struct desc_memory *m = add_share(c, c->log_share, f->slot->name, true);
    v->addr = m->virt;
    v->len_bytes = m->len_bytes;
    v->notify = add_cap(c, DESC_CAP_NOTIFY, f->slot->name, (uint32_t)sys->console, 1ull << logs->index, RIGHT_WRITE, 1);
}

/* Runs after every component with a log has its share. */
static void fill_logs(const struct fill *f)
{
    struct lx_logs *v = AS(lx_logs, f);
    v->signal = f->item->count == 0 ? 0 : 1ull << f->item->index;
    v->stride_bytes = LOG_RING_BYTES + PAGE_BYTES;
    for (int i = 0; i < sys->component_count; i++) {
        int share = sys->components[i]->log_share;
        if (share < 0) {
            continue;
        }
        struct desc_memory *m = add_share(f->c, share, f->slot->name, true);
        v->addr = v->count == 0 ? m->virt : v->addr;
        assert(m->virt == v->addr + v->count * v->stride_bytes);
        v->sources[v->count++] = (uint8_t)i;
    }
}

static void fill_memory(const struct fill *f)
{
    struct lx_memory *v = AS(lx_memory, f);
    struct desc_memory *m = add_memory(f->c, DESC_OWN, f->slot->name, f->item->len_bytes, DESC_READ | DESC_WRITE,
                                       page_bits_for(f->item->len_bytes));
    v->addr = m->virt;
    v->len_bytes = m->len_bytes;
    v->paddr_index = f->item->dma ? publish(f->c, m) : ~0ull;
}

static void fill_shared(const struct fill *f)
{
    struct lx_shared *v = AS(lx_shared, f);
    const struct connection *c = &sys->connections[f->item->connection];
    struct desc_memory *m = add_share(f->c, c->share, f->slot->name, f->item->writable);
    v->addr = m->virt;
    v->len_bytes = m->len_bytes;
    v->writable = f->item->writable;
    v->paddr_index = c->dma ? publish(f->c, m) : ~0ull;
}

static void fill_window(const struct fill *f)
{
    struct lx_window *v = AS(lx_window, f);
    struct desc_memory *m = add_memory(f->c, DESC_WINDOW, f->slot->name, f->item->len_bytes, 0, PAGE_BITS);
    v->addr = m->virt;
    v->len_bytes = m->len_bytes;
}

/* Two components must not share a page of registers: each could then drive the other's device. */
static void check_device_page(const struct fill *f, uint64_t first, uint64_t len_bytes)
{
    for (int i = 1; i < sys->component_count; i++) {
        const struct component *other = sys->components[i];
        for (int k = 0; k < other->memory_count; k++) {
            const struct desc_memory *m = &other->memories[k].desc;
            if (m->kind == DESC_DEVICE && m->source < first + len_bytes && first < m->source + m->len_bytes) {
                fail_at(sys->path, f->item->line,
                        "%s lies on the same page as a device of %s.%s; a page of registers belongs to one component",
                        f->item->target, other->name, m->name);
            }
        }
    }
}

static void fill_device(const struct fill *f)
{
    struct lx_device *v = AS(lx_device, f);
    struct board_node node;
    if (!board_find(f->item->target, &node) || node.reg_count == 0 || node.regs[0].len_bytes == 0) {
        fail_at(sys->path, f->item->line, "board %s has no device %s with registers; its device tree lists what there is",
                sys->board, f->item->target);
    }
    if (f->item->index >= node.reg_count || node.regs[f->item->index].len_bytes == 0) {
        fail_at(sys->path, f->item->line, "%s has registers of index 0 to %u; there is no index %u", f->item->target,
                node.reg_count - 1, f->item->index);
    }
    uint64_t addr = node.regs[f->item->index].addr;
    uint64_t len_bytes = node.regs[f->item->index].len_bytes;
    uint64_t first = align_down(addr, PAGE_BYTES);
    uint64_t len = align_up(addr + len_bytes, PAGE_BYTES) - first;
    check_device_page(f, first, len);
    struct desc_memory *m = add_memory(f->c, DESC_DEVICE, f->slot->name, len, DESC_READ | DESC_WRITE, PAGE_BITS);
    m->source = first;
    v->addr = m->virt + (addr - first);
    v->len_bytes = len_bytes;
}

static void fill_irq(const struct fill *f)
{
    struct lx_irq *v = AS(lx_irq, f);
    const struct item *device = component_item(f->c, f->item->target);
    const char *name = device != NULL && device->kind == SLOT_DEVICE ? device->target : f->item->target;
    struct board_node node;
    if (!board_find(name, &node)) {
        fail_at(sys->path, f->item->line, "\"%s\" is neither a device slot of %s nor a node of board %s", f->item->target,
                f->c->name, sys->board);
    }
    if (f->item->index >= node.irq_count) {
        fail_at(sys->path, f->item->line, "%s has %u interrupts, so there is no index %u", name, node.irq_count,
                f->item->index);
    }
    for (int i = 0; i < sys->irq_count; i++) {
        if (sys->irqs[i].number == node.irqs[f->item->index].number) {
            fail_at(sys->path, f->item->line, "interrupt %u of %s already goes to %s", sys->irqs[i].number, name,
                    sys->components[sys->irqs[i].component]->name);
        }
    }
    if (sys->irq_count == DESC_IRQS_MAX) {
        fail_at(sys->path, f->item->line, "more than %d interrupts", DESC_IRQS_MAX);
    }
    uint32_t bit = new_signal(f->c);
    struct desc_irq *q = &sys->irqs[sys->irq_count++];
    *q = (struct desc_irq){node.irqs[f->item->index].number, node.irqs[f->item->index].edge, (uint8_t)f->self, (uint8_t)bit, 0};
    v->signal = 1ull << bit;
    v->handler = add_cap(f->c, DESC_CAP_IRQ, f->slot->name, (uint32_t)sys->irq_count - 1, 0, 0, 1);
}

static void fill_server(const struct fill *f)
{
    struct lx_server *v = AS(lx_server, f);
    const struct connection *c = &sys->connections[f->item->connection];
    v->first_caller = BADGE_MESSAGE | c->ends[1].first_caller;
    v->caller_count = (uint64_t)c->end_count - 1;
    for (int e = 1; e < c->end_count; e++) {
        v->callers[e - 1] = (uint8_t)c->ends[e].component;
        if (c->signals) {
            uint32_t slot = add_cap(f->c, DESC_CAP_NOTIFY, f->slot->name, (uint32_t)c->ends[e].component,
                                    1ull << c->ends[e].signal, RIGHT_WRITE, 1);
            v->first_notify = e == 1 ? slot : v->first_notify;
        }
    }
}

static void fill_call(const struct fill *f)
{
    struct lx_call *v = AS(lx_call, f);
    const struct connection *c = &sys->connections[f->item->connection];
    uint32_t rights = RIGHT_WRITE | RIGHT_GRANT_REPLY | (c->with_caps ? RIGHT_GRANT : 0);
    v->endpoint = add_cap(f->c, DESC_CAP_INBOX, f->slot->name, (uint32_t)c->ends[0].component,
                          BADGE_MESSAGE | c->ends[f->item->end].first_caller, rights, 1);
    v->signal = c->signals ? 1ull << c->ends[f->item->end].signal : 0;
}

static void fill_notify(const struct fill *f)
{
    const struct connection *c = &sys->connections[f->item->connection];
    AS(lx_notify, f)->notify = add_cap(f->c, DESC_CAP_NOTIFY, f->slot->name, (uint32_t)c->ends[1].component,
                                       1ull << c->ends[1].signal, RIGHT_WRITE, 1);
}

static void fill_channel(const struct fill *f)
{
    struct lx_channel *v = AS(lx_channel, f);
    const struct connection *c = &sys->connections[f->item->connection];
    int end = f->item->end;
    uint64_t queue = shmq_bytes((uint32_t)c->record_bytes, (uint32_t)c->record_count);
    struct desc_memory *m = add_share(f->c, c->queue_share, f->slot->name, true);
    v->send_addr = m->virt + (end == 0 ? 0 : queue);
    v->receive_addr = m->virt + (end == 0 ? queue : 0);
    v->record_count = (uint32_t)c->record_count;
    v->paddr_index = ~0ull;
    if (c->share >= 0) {
        struct desc_memory *data = add_share(f->c, c->share, f->slot->name, end == 0 || !c->data_read_only);
        v->data_addr = data->virt;
        v->data_bytes = data->len_bytes;
        v->paddr_index = c->dma ? publish(f->c, data) : ~0ull;
    }
    v->notify = add_cap(f->c, DESC_CAP_NOTIFY, f->slot->name, (uint32_t)c->ends[1 - end].component,
                        1ull << c->ends[1 - end].signal, RIGHT_WRITE, 1);
    v->signal = 1ull << c->ends[end].signal;
}

static void fill_faults(const struct fill *f)
{
    struct lx_faults *v = AS(lx_faults, f);
    for (int i = 0; i < sys->watch_count; i++) {
        const struct desc_watch *w = &sys->watches[i];
        if (sys->components[w->target]->fault_handler == (int)f->self) {
            uint32_t slot = add_cap(f->c, DESC_CAP_NOTIFY, f->slot->name, w->watcher, 1ull << w->bit, RIGHT_WRITE, 1);
            v->first_notify = v->watch_count++ == 0 ? slot : v->first_notify;
        }
    }
}

static const struct blob *blob_of(const struct fill *f)
{
    for (int i = 0; i < sys->blob_count; i++) {
        if (strcmp(sys->blobs[i].name, f->item->target) == 0) {
            return &sys->blobs[i];
        }
    }
    fail_at(sys->path, f->item->line, "there is no file %s; add \"file %s PATH\" above", f->item->target, f->item->target);
}

static void fill_blob(const struct fill *f)
{
    struct lx_blob *v = AS(lx_blob, f);
    struct desc_memory *m;
    if (strcmp(f->item->target, "system") == 0) {
        return; /* its length is not known yet: finish_sizes */
    }
    if (strcmp(f->item->target, "measurements") == 0) {
        m = add_memory(f->c, DESC_MEASUREMENTS, f->slot->name, BOOT_LOG_BYTES, DESC_READ, PAGE_BITS);
        v->len_bytes = m->len_bytes;
    } else {
        const struct blob *b = blob_of(f);
        m = add_memory(f->c, DESC_BUNDLE, f->slot->name, align_up(b->data.len_bytes, PAGE_BYTES), DESC_READ, PAGE_BITS);
        m->source = b->bundle_offset;
        v->len_bytes = b->data.len_bytes;
    }
    v->addr = m->virt;
}

static void fill_frames(const struct fill *f)
{
    struct lx_frames *v = AS(lx_frames, f);
    const struct blob *b = blob_of(f);
    v->count = align_up(b->data.len_bytes, PAGE_BYTES) / PAGE_BYTES;
    v->len_bytes = b->data.len_bytes;
    v->first = add_cap(f->c, DESC_CAP_FRAMES, f->slot->name, 0, b->bundle_offset, RIGHT_READ, (uint32_t)v->count);
}

static void fill_view(const struct fill *f)
{
    struct lx_view *v = AS(lx_view, f);
    for (int i = 0; i < sys->component_count; i++) {
        for (int k = 0; k < sys->components[i]->segment_count; k++) {
            const struct segment *s = &sys->components[i]->segments[k];
            if (s->kind == DESC_DATA) {
                continue;
            }
            struct desc_memory *m = add_memory(f->c, DESC_VIEWED, f->slot->name, s->len_bytes, DESC_READ, PAGE_BITS);
            f->c->memories[f->c->memory_count - 1].viewed_component = i;
            f->c->memories[f->c->memory_count - 1].viewed_memory = s->memory;
            v->addr = v->addr == 0 ? m->virt : v->addr;
            v->len_bytes = m->virt + m->len_bytes - v->addr;
        }
    }
    if (sys->kernel_pages != 0) {
        (void)add_memory(f->c, DESC_KERNEL, f->slot->name, (uint64_t)sys->kernel_pages * PAGE_BYTES, DESC_READ, PAGE_BITS);
    }
}

static void fill_trace(const struct fill *f)
{
    struct lx_trace *v = AS(lx_trace, f);
    if (sys->trace_pages != 0) {
        const struct desc_memory *m =
            add_memory(f->c, DESC_TRACE, f->slot->name, sys->trace_pages * PAGE_BYTES, DESC_READ, PAGE_BITS);
        v->addr = m->virt;
        v->len_bytes = m->len_bytes;
    }
}

static void fill_cap(const struct fill *f)
{
    static const enum desc_cap_kind kinds[AUTHORITY_END] = {
        [AUTHORITY_OWN_TCB] = DESC_CAP_TCB,
        [AUTHORITY_OWN_CSPACE] = DESC_CAP_CSPACE,
        [AUTHORITY_OWN_SCHED] = DESC_CAP_SCHED,
        [AUTHORITY_OWN_VSPACE] = DESC_CAP_VSPACE,
        [AUTHORITY_ASID_CONTROL] = DESC_CAP_ASID_CONTROL,
        [AUTHORITY_ASID_POOL] = DESC_CAP_ASID_POOL,
        [AUTHORITY_SCHED_CONTROL] = DESC_CAP_SCHED_CONTROL,
        [AUTHORITY_SMC] = DESC_CAP_SMC,
        [AUTHORITY_OWN_DIRECTORY] = DESC_CAP_DIRECTORY,
        [AUTHORITY_TCB_OF] = DESC_CAP_TCB,
        [AUTHORITY_CSPACE_OF] = DESC_CAP_CSPACE,
        [AUTHORITY_VSPACE_OF] = DESC_CAP_VSPACE,
        [AUTHORITY_INBOX_OF] = DESC_CAP_INBOX,
    };
    struct lx_cap *v = AS(lx_cap, f);
    enum slot_authority granted = f->item->authority;
    if (v->authority != (uint64_t)granted) {
        fail_at(sys->path, f->item->line, "%s.%s asks for %s in its source, and the line grants %s", f->c->name, f->slot->name,
                authority_word((enum slot_authority)v->authority), authority_word(granted));
    }
    if (granted > AUTHORITY_OWN_SCHED && !f->c->trusted) {
        fail_at(sys->path, f->item->line,
                "%s is granted %s and is not trusted; say \"component %s trusted\" if it belongs to the trusted core",
                f->c->name, authority_word(granted), f->c->name);
    }
    int target = granted >= AUTHORITY_TCB_OF ? system_find(sys, f->item->target) : (int)f->self;
    if (target <= 0) {
        fail_at(sys->path, f->item->line, "there is no component %s whose objects could be granted", f->item->target);
    }
    bool object = granted <= AUTHORITY_OWN_VSPACE || granted >= AUTHORITY_TCB_OF;
    uint32_t rights = granted == AUTHORITY_INBOX_OF ? RIGHT_ALL : 0;
    v->cap = add_cap(f->c, kinds[granted], f->slot->name, object ? (uint32_t)target : 0, 0, rights, 1);
}

static void fill_free(const struct fill *f)
{
    struct lx_free *v = AS(lx_free, f);
    v->first = f->c->next_slot;
    v->count = f->item->count;
    f->c->next_slot += f->item->count;
}

static void fill_untyped(const struct fill *f)
{
    struct lx_untyped *v = AS(lx_untyped, f);
    if (!f->c->trusted) {
        fail_at(sys->path, f->item->line, "%s would get all memory that is left, and is not trusted", f->c->name);
    }
    v->list_addr = add_memory(f->c, DESC_UNTYPED_LIST, f->slot->name, PAGE_BYTES, DESC_READ, PAGE_BITS)->virt;
    v->count_max = UNTYPED_SLOTS;
    v->first = add_cap(f->c, DESC_CAP_UNTYPED, f->slot->name, 0, 0, 0, UNTYPED_SLOTS);
}

static void fill_slot(const struct fill *f)
{
    f->slot->flags |= SLOT_GIVEN;
    switch ((enum slot_kind)f->slot->kind) {
    case SLOT_INFO: fill_info(f); break;
    case SLOT_INBOX:
        AS(lx_inbox, f)->endpoint = add_cap(f->c, DESC_CAP_INBOX, f->slot->name, f->self, 0, RIGHT_ALL, 1);
        break;
    case SLOT_REPLIES:
        AS(lx_replies, f)->count = f->item == NULL ? 1 : f->item->count;
        AS(lx_replies, f)->first = add_cap(f->c, DESC_CAP_REPLY, f->slot->name, 0, 0, 0, (uint32_t)AS(lx_replies, f)->count);
        break;
    case SLOT_LOG: fill_log(f); break;
    case SLOT_MEMORY: fill_memory(f); break;
    case SLOT_SHARED: fill_shared(f); break;
    case SLOT_WINDOW: fill_window(f); break;
    case SLOT_DEVICE: fill_device(f); break;
    case SLOT_IRQ: fill_irq(f); break;
    case SLOT_SERVER: fill_server(f); break;
    case SLOT_CALL: fill_call(f); break;
    case SLOT_SIGNAL:
        AS(lx_signal, f)->signal = 1ull << sys->connections[f->item->connection].ends[1].signal;
        break;
    case SLOT_NOTIFY: fill_notify(f); break;
    case SLOT_CHANNEL: fill_channel(f); break;
    case SLOT_WATCH:
        AS(lx_watch, f)->signal = 1ull << f->item->index;
        AS(lx_watch, f)->component = (uint64_t)system_find(sys, f->item->target);
        break;
    case SLOT_FAULTS: fill_faults(f); break;
    case SLOT_LOGS: fill_logs(f); break;
    case SLOT_BLOB: fill_blob(f); break;
    case SLOT_FRAMES: fill_frames(f); break;
    case SLOT_STORE: break; /* finish_sizes */
    case SLOT_VIEW: fill_view(f); break;
    case SLOT_TRACE: fill_trace(f); break;
    case SLOT_CAP: fill_cap(f); break;
    case SLOT_FREE: fill_free(f); break;
    case SLOT_UNTYPED: fill_untyped(f); break;
    case SLOT_KIND_END: break;
    }
}

/* The runtime's own call to the root task, which says that init() is done. */
static bool fill_ready(const struct fill *f)
{
    if (f->slot->kind != SLOT_CALL || strcmp(f->slot->name, "rt_ready") != 0) {
        return false;
    }
    if (f->c->passive) {
        f->slot->flags |= SLOT_GIVEN;
        AS(lx_call, f)->endpoint =
            add_cap(f->c, DESC_CAP_INBOX, f->slot->name, 0, BADGE_MESSAGE | f->self, RIGHT_WRITE, 1);
    }
    return true;
}

/* The console's rings come last, when all logs have their shares. */
static void fill_component(int index, bool logs)
{
    struct component *c = sys->components[index];
    for (int i = 0; i < c->slot_count; i++) {
        struct slot_record *slot = c->slots[i];
        struct fill f = {c, (uint32_t)index, slot, component_item(c, slot->name)};
        bool optional_absent = f.item == NULL && (slot->flags & SLOT_OPTIONAL) != 0 && slot->kind != SLOT_LOG;
        if ((slot->kind == SLOT_LOGS) == logs && (logs || !fill_ready(&f)) && !optional_absent) {
            fill_slot(&f);
        }
    }
}

/* ---- what has its size last ----------------------------------------------------------------------------------------------- */

static uint64_t description_bytes(void)
{
    uint64_t n = sizeof(struct desc_header) + (uint64_t)sys->component_count * sizeof(struct desc_component) +
                 (uint64_t)sys->share_count * sizeof(struct desc_share) + (uint64_t)sys->irq_count * sizeof(struct desc_irq) +
                 (uint64_t)sys->watch_count * sizeof(struct desc_watch);
    for (int i = 0; i < sys->component_count; i++) {
        n += (uint64_t)sys->components[i]->memory_count * sizeof(struct desc_memory) +
             (uint64_t)sys->components[i]->cap_count * sizeof(struct desc_cap);
    }
    return n;
}

static void finish_component_sizes(struct component *c, bool measure)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < c->slot_count; i++) {
            struct slot_record *slot = c->slots[i];
            const struct item *item = component_item(c, slot->name);
            bool store = slot->kind == SLOT_STORE;
            bool system = slot->kind == SLOT_BLOB && item != NULL && strcmp(item->target, "system") == 0;
            if (item == NULL || !(pass == 0 ? store : system)) { /* the store lies lower, so it comes first */
                continue;
            }
            uint64_t virt = store ? STORE_VIRT : SYSTEM_VIRT;
            struct lx_blob *v = (struct lx_blob *)(void *)slot;
            if (measure) {
                (void)add_memory_at(c, virt, DESC_BUNDLE, slot->name, PAGE_BYTES, DESC_READ);
                continue;
            }
            v->addr = virt;
            v->len_bytes = store ? sys->bundle_bytes : sys->description.len_bytes;
            for (int k = 0; k < c->memory_count; k++) {
                struct desc_memory *m = &c->memories[k].desc;
                if (m->virt == virt) {
                    m->source = store ? 0 : sys->description_offset;
                    m->len_bytes = align_up(v->len_bytes, PAGE_BYTES);
                }
            }
        }
    }
}

/* The root task sees the bundle where the loader put it, right behind its own memory and the log. */
static void finish_root(struct component *root)
{
    const struct segment *last = &root->segments[root->segment_count - 1];
    sys->log_virt = last->virt + last->len_bytes;
    sys->bundle_virt = sys->log_virt + BOOT_LOG_BYTES;
    for (int i = 0; i < root->slot_count; i++) {
        struct lx_blob *v = (struct lx_blob *)(void *)root->slots[i];
        struct board_node node;
        v->flags |= SLOT_GIVEN;
        if (v->kind == SLOT_STORE) {
            v->addr = sys->bundle_virt;
            v->len_bytes = sys->bundle_bytes;
        } else if (v->kind == SLOT_BLOB && strcmp(v->name, "measurements") == 0) {
            v->addr = sys->log_virt;
            v->len_bytes = BOOT_LOG_BYTES;
        } else if (v->kind == SLOT_BLOB && strcmp(v->name, "system_slot") == 0) {
            v->addr = sys->bundle_virt + sys->description_offset;
            v->len_bytes = sys->description.len_bytes;
        } else if (v->kind == SLOT_DEVICE && board_find(board_console(), &node)) {
            v->addr = node.regs[0].addr; /* physical: the root task maps it itself */
            v->len_bytes = node.regs[0].len_bytes;
        } else {
            fail("the root task has a slot %s that nothing fills", v->name);
        }
    }
}

void place_all(struct system *s)
{
    sys = s;
    for (int i = 0; i < s->component_count; i++) {
        place_program(s->components[i], i == 0);
    }
    place_blobs();
    place_connections();
    place_watches();
    for (int i = 1; i < s->component_count; i++) {
        fill_component(i, false);
    }
    for (int i = 1; i < s->component_count; i++) {
        fill_component(i, true);
        finish_component_sizes(s->components[i], true);
    }
    s->description.len_bytes = description_bytes();
    s->description_offset = take_bundle(s->description.len_bytes);
    for (int i = 1; i < s->component_count; i++) {
        struct component *c = s->components[i];
        finish_component_sizes(c, false);
        for (int k = 0; k < c->slot_count; k++) {
            if (c->slots[k]->kind == SLOT_FREE) {
                uint32_t bits = 1;
                while (1u << bits < c->next_slot) {
                    bits++;
                }
                ((struct lx_free *)(void *)c->slots[k])->cspace_bits = bits;
            }
        }
    }
    finish_root(s->components[0]);
}
