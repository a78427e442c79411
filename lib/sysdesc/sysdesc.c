/* SPDX-License-Identifier: MIT */
/** The checks of sysdesc.h, table by table; every function returns NULL or the sentence of the rule that is broken. */
#include "sysdesc.h"

enum { SEL4_CAN_READ = 2 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are copied as they are");

static void record(const uint8_t *table, uint32_t index, uint32_t count, void *out, size_t record_bytes)
{
    assert(index < count);
    memcpy(out, table + index * record_bytes, record_bytes);
}

void sysdesc_component(const struct sysdesc *d, uint32_t index, struct desc_component *out)
{
    record(d->components, index, d->header.component_count, out, sizeof *out);
}

void sysdesc_memory(const struct sysdesc *d, uint32_t index, struct desc_memory *out)
{
    record(d->memories, index, d->header.memory_count, out, sizeof *out);
}

void sysdesc_share(const struct sysdesc *d, uint32_t index, struct desc_share *out)
{
    record(d->shares, index, d->header.share_count, out, sizeof *out);
}

void sysdesc_irq(const struct sysdesc *d, uint32_t index, struct desc_irq *out)
{
    record(d->irqs, index, d->header.irq_count, out, sizeof *out);
}

void sysdesc_cap(const struct sysdesc *d, uint32_t index, struct desc_cap *out)
{
    record(d->caps, index, d->header.cap_count, out, sizeof *out);
}

void sysdesc_watch(const struct sysdesc *d, uint32_t index, struct desc_watch *out)
{
    record(d->watches, index, d->header.watch_count, out, sizeof *out);
}

/* ---- rules -------------------------------------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Ended by NUL and filled with it. */
static bool is_name(const char name[DESC_NAME_BYTES])
{
    size_t len = 0;
    while (len < DESC_NAME_BYTES && is_name_byte(name[len])) {
        len++;
    }
    return len > 0 && len < DESC_NAME_BYTES && is_zero((const uint8_t *)name + len, DESC_NAME_BYTES - len);
}

static bool is_page_bits(uint8_t bits)
{
    return bits == 12 || bits == 21;
}

/* Does [start, start + len) lie in [0, end) and start on a page? */
static bool is_range(uint64_t start, uint64_t len_bytes, uint64_t end, uint8_t page_bits)
{
    uint64_t page = 1ull << page_bits;
    return len_bytes != 0 && is_aligned(start, page) && is_aligned(len_bytes, page) && start <= end &&
           len_bytes <= end - start;
}

static bool header_counts_fit(const struct desc_header *h)
{
    return h->component_count >= 1 && h->component_count <= DESC_COMPONENTS_MAX && h->memory_count <= DESC_MEMORIES_MAX &&
           h->share_count <= DESC_SHARES_MAX && h->irq_count <= DESC_IRQS_MAX && h->cap_count <= DESC_CAPS_MAX &&
           h->watch_count <= DESC_WATCHES_MAX && h->kernel_pages <= DESC_CODE_PAGES_MAX;
}

static const char *check_header(const uint8_t *bytes, size_t len_bytes, struct sysdesc *d)
{
    struct desc_header *h = &d->header;
    if (len_bytes < sizeof *h) {
        return "the system description is shorter than its header";
    }
    memcpy(h, bytes, sizeof *h);
    if (memcmp(h->magic, DESC_MAGIC, sizeof h->magic) != 0 || h->version != DESC_VERSION) {
        return "this is no system description of the version that we know";
    }
    if (h->kernel_pages == 0 && !is_zero(h->kernel_root, sizeof h->kernel_root)) {
        return "the system description has a root over no page of the kernel";
    }
    if (!header_counts_fit(h) || !is_name(h->name) || h->bundle_bytes > SYSDESC_USER_END ||
        !is_aligned(h->bundle_bytes, PAGE_BYTES)) {
        return "the header of the system description breaks a limit";
    }
    d->components = bytes + sizeof *h;
    d->memories = d->components + h->component_count * sizeof(struct desc_component);
    d->shares = d->memories + h->memory_count * sizeof(struct desc_memory);
    d->irqs = d->shares + h->share_count * sizeof(struct desc_share);
    d->caps = d->irqs + h->irq_count * sizeof(struct desc_irq);
    d->watches = d->caps + h->cap_count * sizeof(struct desc_cap);
    size_t total = (size_t)(d->watches - bytes) + h->watch_count * sizeof(struct desc_watch);
    if (h->total_bytes != total || total > len_bytes || !is_zero(bytes + total, len_bytes - total)) {
        return "the tables of the system description do not add up to its size";
    }
    return NULL;
}

static uint8_t rights_of_kind(uint8_t kind)
{
    switch (kind) {
    case DESC_CODE:
        return DESC_READ | DESC_EXECUTE;
    case DESC_DATA:
    case DESC_STACK:
    case DESC_IPC_BUFFER:
    case DESC_OWN:
    case DESC_DEVICE:
        return DESC_READ | DESC_WRITE;
    case DESC_WINDOW:
        return 0;
    default:
        return DESC_READ;
    }
}

static const char *check_memory_source(const struct sysdesc *d, const struct desc_memory *m)
{
    struct desc_share share;
    struct desc_memory viewed;
    switch (m->kind) {
    case DESC_CODE:
    case DESC_CONSTANT:
    case DESC_DATA:
        return m->init_bytes <= m->len_bytes && (m->kind == DESC_DATA || m->init_bytes == m->len_bytes) &&
                       (m->init_bytes == 0 ? m->source == 0 : is_range(m->source, m->init_bytes, d->header.bundle_bytes, 12))
                   ? NULL
                   : "a memory takes bytes that the bundle does not have";
    case DESC_BUNDLE:
        return is_range(m->source, m->len_bytes, d->header.bundle_bytes, 12) ? NULL
                                                                              : "a memory shows bytes that the bundle does not have";
    case DESC_DEVICE:
        return is_range(m->source, m->len_bytes, 1ull << 40, m->page_bits) ? NULL : "a device lies outside physical memory";
    case DESC_SHARED:
        if (m->source >= d->header.share_count) {
            return "a memory names a share that is not there";
        }
        sysdesc_share(d, (uint32_t)m->source, &share);
        return share.len_bytes == m->len_bytes && share.page_bits == m->page_bits ? NULL : "a memory differs from its share";
    case DESC_VIEWED:
        if (m->source >= d->header.memory_count) {
            return "a view names a memory that is not there";
        }
        sysdesc_memory(d, (uint32_t)m->source, &viewed);
        return (viewed.kind == DESC_CODE || viewed.kind == DESC_CONSTANT) && viewed.len_bytes == m->len_bytes
                   ? NULL
                   : "a view shows something that is not code";
    case DESC_KERNEL:
        return m->source == 0 && m->len_bytes == (uint64_t)d->header.kernel_pages * PAGE_BYTES
                   ? NULL
                   : "a memory shows another part of the kernel than its code";
    default:
        return m->source == 0 ? NULL : "a memory has a source and needs none";
    }
}

static const char *check_memory(const struct sysdesc *d, const struct desc_memory *m)
{
    if (!is_name(m->name) || m->kind == 0 || m->kind >= DESC_MEMORY_KIND_END || !is_page_bits(m->page_bits)) {
        return "a memory has an unknown kind, name or page size";
    }
    if (!is_range(m->virt, m->len_bytes, SYSDESC_USER_END, m->page_bits) || m->virt == 0) {
        return "a memory lies outside the address space";
    }
    bool writable_share = m->kind == DESC_SHARED && m->rights == (DESC_READ | DESC_WRITE);
    if (m->rights != rights_of_kind(m->kind) && !writable_share) {
        return "a memory has other rights than its kind allows";
    }
    bool contiguous = m->flags == DESC_CONTIGUOUS && (m->kind == DESC_OWN || m->kind == DESC_SHARED);
    if ((m->flags != 0 && !contiguous) || m->published >= DESC_PUBLISHED_MAX || (!contiguous && m->published != 0)) {
        return "a memory has flags that its kind does not allow";
    }
    if (m->init_bytes != 0 && m->kind > DESC_DATA) {
        return "a memory has initial bytes and its kind has none";
    }
    bool one_page = m->kind == DESC_IPC_BUFFER || m->kind == DESC_INFO_PAGE || m->kind == DESC_UNTYPED_LIST;
    bool small_pages = m->kind != DESC_OWN && m->kind != DESC_SHARED;
    if ((one_page && m->len_bytes != PAGE_BYTES) || (small_pages && m->page_bits != 12)) {
        return "a memory has a size that its kind does not allow";
    }
    return check_memory_source(d, m);
}

/* The memories of one component, by rising address, and what of them the component record names. */
static const char *check_memories(const struct sysdesc *d, const struct desc_component *c, bool is_root)
{
    uint64_t end = 0;
    uint64_t code_pages = 0;
    bool entry = false;
    bool stack = is_root;
    bool ipc_buffer = is_root;
    bool info = is_root;
    for (uint32_t i = 0; i < c->memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(d, c->first_memory + i, &m);
        const char *why = check_memory(d, &m);
        if (why != NULL) {
            return why;
        }
        if (m.virt < end) {
            return "two memories of a component overlap, or are not in order";
        }
        end = m.virt + m.len_bytes;
        code_pages += m.kind == DESC_CODE || m.kind == DESC_CONSTANT ? m.len_bytes / PAGE_BYTES : 0;
        entry |= m.kind == DESC_CODE && c->entry >= m.virt && c->entry < end && is_aligned(c->entry, 4);
        stack |= m.kind == DESC_STACK && c->stack_top == end;
        ipc_buffer |= m.kind == DESC_IPC_BUFFER && c->ipc_buffer == m.virt;
        info |= m.kind == DESC_INFO_PAGE && c->info == m.virt;
    }
    if (!entry || !stack || !ipc_buffer || !info) {
        return "a component has no code at its entry, or lacks a stack, message buffer or information page";
    }
    return code_pages == c->code_pages && code_pages <= DESC_CODE_PAGES_MAX ? NULL
                                                                            : "a component has another number of code pages";
}

static bool cap_needs_component(uint8_t kind)
{
    return kind == DESC_CAP_INBOX || kind == DESC_CAP_NOTIFY || kind == DESC_CAP_TCB || kind == DESC_CAP_CSPACE ||
           kind == DESC_CAP_VSPACE || kind == DESC_CAP_SCHED;
}

/* Capabilities that only the trusted core may hold: each of them can make or change what others execute. */
static bool cap_needs_trust(const struct desc_cap *cap, uint32_t self)
{
    switch (cap->kind) {
    case DESC_CAP_INBOX: /* who receives from it answers for the other */
        return cap->target != self && (cap->rights & SEL4_CAN_READ) != 0;
    case DESC_CAP_NOTIFY:
    case DESC_CAP_REPLY:
    case DESC_CAP_IRQ:
    case DESC_CAP_FRAMES:
        return false;
    case DESC_CAP_TCB:
    case DESC_CAP_CSPACE:
    case DESC_CAP_SCHED:
        return cap->target != self;
    default:
        return true;
    }
}

static const char *check_cap(const struct sysdesc *d, const struct desc_cap *cap)
{
    if (!is_name(cap->name) || cap->kind == 0 || cap->kind >= DESC_CAP_KIND_END || cap->rights > 15 || cap->reserved != 0) {
        return "a capability has an unknown kind, name or rights";
    }
    if (cap_needs_component(cap->kind) && cap->target >= d->header.component_count) {
        return "a capability names a component that is not there";
    }
    bool counted = cap->kind == DESC_CAP_REPLY || cap->kind == DESC_CAP_FRAMES || cap->kind == DESC_CAP_UNTYPED;
    if (cap->count == 0 || (!counted && cap->count != 1)) {
        return "a capability has a count that its kind does not allow";
    }
    bool root_object = cap->target == 0 && cap_needs_component(cap->kind) &&
                       (cap->kind != DESC_CAP_INBOX || (cap->rights & SEL4_CAN_READ) != 0);
    if (root_object || (cap->kind == DESC_CAP_UNTYPED && cap->count > UNTYPED_LIST_MAX)) {
        return "a capability would give away the root task's own objects, or more untyped memory than can be listed";
    }
    if (cap->kind == DESC_CAP_NOTIFY && (cap->badge & (cap->badge - 1)) != 0) {
        return "a capability sends more than one signal";
    }
    if (cap->kind == DESC_CAP_IRQ && cap->target >= d->header.irq_count) {
        return "a capability names an interrupt that is not there";
    }
    if (cap->kind == DESC_CAP_FRAMES &&
        !is_range(cap->badge, (uint64_t)cap->count * PAGE_BYTES, d->header.bundle_bytes, 12)) {
        return "a capability shows frames that the bundle does not have";
    }
    return NULL;
}

/* The capabilities of one component: by rising slot, inside its space. */
static const char *check_caps(const struct sysdesc *d, const struct desc_component *c, uint32_t self)
{
    uint64_t next_slot = 1;
    for (uint32_t i = 0; i < c->cap_count; i++) {
        struct desc_cap cap;
        sysdesc_cap(d, c->first_cap + i, &cap);
        const char *why = check_cap(d, &cap);
        if (why != NULL) {
            return why;
        }
        if (cap.kind == DESC_CAP_DIRECTORY && c->cspace_bits > DIRECTORY_LEAF_BITS) {
            return "a component with a directory has more slots than one entry of it";
        }
        if (cap.slot < next_slot) {
            return "two capabilities of a component share a slot, or are not in order";
        }
        next_slot = (uint64_t)cap.slot + cap.count;
        if (next_slot > 1ull << c->cspace_bits) {
            return "a capability lies outside its capability space";
        }
        if (cap_needs_trust(&cap, self) && (c->flags & DESC_TRUSTED) == 0) {
            return "a component outside the trusted core would get authority over others";
        }
        if (cap.kind == DESC_CAP_IRQ) {
            struct desc_irq irq;
            sysdesc_irq(d, cap.target, &irq);
            if (irq.component != self) {
                return "an interrupt's handler goes to another component than its signal";
            }
        }
    }
    return NULL;
}

static bool name_is_taken(const struct sysdesc *d, uint32_t index, const struct desc_component *c)
{
    for (uint32_t i = 0; i < index; i++) {
        struct desc_component other;
        sysdesc_component(d, i, &other);
        if (memcmp(other.name, c->name, sizeof other.name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *check_component(const struct sysdesc *d, uint32_t index, const struct desc_component *c)
{
    if (!is_name(c->name) || (c->flags & ~(uint32_t)(DESC_TRUSTED | DESC_PASSIVE)) != 0 || name_is_taken(d, index, c)) {
        return "a component has an unknown flag, or a name that is bad or taken";
    }
    if (c->cspace_bits < 1 || c->cspace_bits > DESC_CSPACE_BITS_MAX) {
        return "a component's capability space has a size that cannot be";
    }
    if (c->fault_handler != 0 && (c->fault_handler >= d->header.component_count || c->fault_handler == index || index == 0)) {
        return "a component has a fault handler that cannot be";
    }
    bool period_fits = (c->restart_max == 0) == (c->restart_period_s == 0) && c->restart_period_s <= 86400;
    if (c->restart_max > DESC_RESTARTS_MAX || !period_fits || (c->restart_max != 0 && c->fault_handler == 0)) {
        return "a component has a restart policy that cannot be";
    }
    if (c->budget_us == 0 || c->budget_us > c->period_us || c->period_us > 1000000000ull) {
        return "a component's budget is 0, or longer than its period, or its period longer than 1000 s";
    }
    return NULL;
}

static const char *check_components(const struct sysdesc *d)
{
    uint32_t memory = 0;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < d->header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(d, i, &c);
        const char *why = check_component(d, i, &c);
        if (why == NULL && (c.first_memory != memory || c.memory_count > d->header.memory_count - memory ||
                            c.first_cap != cap || c.cap_count > d->header.cap_count - cap)) {
            why = "a component's memories or capabilities do not follow those of the one before";
        }
        if (why == NULL) {
            why = check_memories(d, &c, i == 0);
        }
        if (why == NULL) {
            why = check_caps(d, &c, i);
        }
        if (why != NULL) {
            return why;
        }
        memory += c.memory_count;
        cap += c.cap_count;
    }
    return memory == d->header.memory_count && cap == d->header.cap_count ? NULL
                                                                          : "a memory or capability belongs to no component";
}

static const char *check_small_tables(const struct sysdesc *d)
{
    for (uint32_t i = 0; i < d->header.share_count; i++) {
        struct desc_share s;
        sysdesc_share(d, i, &s);
        if (!is_name(s.name) || !is_page_bits(s.page_bits) || !is_range(0, s.len_bytes, SYSDESC_USER_END, s.page_bits) ||
            s.flags > DESC_CONTIGUOUS || !is_zero(s.reserved, sizeof s.reserved)) {
            return "a share has a bad name or size";
        }
    }
    for (uint32_t i = 0; i < d->header.irq_count; i++) {
        struct desc_irq q;
        sysdesc_irq(d, i, &q);
        if (q.number < 16 || q.number > 1019 || q.edge > 1 || q.component == 0 ||
            q.component >= d->header.component_count || q.bit > 60 || q.reserved != 0) {
            return "an interrupt has a number, trigger or component that cannot be";
        }
    }
    for (uint32_t i = 0; i < d->header.watch_count; i++) {
        struct desc_watch w;
        sysdesc_watch(d, i, &w);
        if (w.target == 0 || w.target >= d->header.component_count || w.watcher == 0 ||
            w.watcher >= d->header.component_count || w.bit > 60 || w.reserved != 0) {
            return "a watch names a component that is not there";
        }
    }
    return NULL;
}

const char *sysdesc_open(const void *bytes, size_t len_bytes, struct sysdesc *out)
{
    const char *why = check_header((const uint8_t *)bytes, len_bytes, out);
    if (why == NULL) {
        why = check_small_tables(out);
    }
    return why == NULL ? check_components(out) : why;
}

/* ---- for people ----------------------------------------------------------------------------------------------------------- */

const char *sysdesc_cap_words(uint8_t kind)
{
    static const char *const words[DESC_CAP_KIND_END] = {
        [DESC_CAP_INBOX] = "message to",
        [DESC_CAP_NOTIFY] = "signal to",
        [DESC_CAP_REPLY] = "reply object",
        [DESC_CAP_IRQ] = "interrupt",
        [DESC_CAP_TCB] = "thread of",
        [DESC_CAP_CSPACE] = "capability space of",
        [DESC_CAP_VSPACE] = "address space of",
        [DESC_CAP_SCHED] = "budget of",
        [DESC_CAP_ASID_CONTROL] = "ASID control",
        [DESC_CAP_ASID_POOL] = "ASID pool",
        [DESC_CAP_SCHED_CONTROL] = "scheduling control",
        [DESC_CAP_SMC] = "secure monitor calls",
        [DESC_CAP_DIRECTORY] = "directory of its capability space",
        [DESC_CAP_FRAMES] = "frames of the image",
        [DESC_CAP_UNTYPED] = "all memory that is left",
    };
    return kind < DESC_CAP_KIND_END && words[kind] != NULL ? words[kind] : "?";
}

bool sysdesc_cap_has_target(uint8_t kind)
{
    return kind == DESC_CAP_INBOX || kind == DESC_CAP_NOTIFY || (kind >= DESC_CAP_TCB && kind <= DESC_CAP_SCHED);
}
