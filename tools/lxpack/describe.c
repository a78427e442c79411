/* SPDX-License-Identifier: MIT */
/** Writes the binary system description and reads it back with the parser of the root task. docs/spec/sysdesc.md section 2. */
#include "lxpack.h"
#include "sysdesc.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are copied as they are");

static void code_root(const struct component *c, struct desc_component *out)
{
    struct tree_builder b;
    struct hash256 root;
    tree_builder_init(&b);
    for (int i = 0; i < c->segment_count; i++) {
        const struct segment *s = &c->segments[i];
        for (uint64_t at = 0; s->kind != DESC_DATA && at < s->len_bytes; at += PAGE_BYTES) {
            struct hash256 leaf;
            tree_leaf(s->init.at + at, PAGE_BYTES, &leaf);
            tree_builder_add(&b, &leaf);
        }
    }
    tree_builder_root(&b, &root);
    out->code_pages = (uint32_t)b.leaf_count;
    memcpy(out->code_root, root.bytes, sizeof out->code_root);
}

static uint8_t bits_for(uint32_t slots)
{
    uint8_t bits = 1;
    while (1u << bits < slots) {
        bits++;
    }
    return bits;
}

static void finish_component(struct component *c, uint16_t *memory, uint16_t *cap)
{
    struct desc_component *d = &c->desc;
    (void)copy_string(d->name, sizeof d->name, c->name);
    d->flags = (c->trusted ? DESC_TRUSTED : 0u) | (c->passive ? DESC_PASSIVE : 0u);
    d->priority = c->priority;
    d->cspace_bits = bits_for(c->next_slot);
    d->fault_handler = (uint8_t)c->fault_handler;
    d->restart_max = (uint8_t)c->restart_max;
    d->restart_period_s = c->restart_period_s;
    d->budget_us = c->budget_us;
    d->period_us = c->period_us;
    d->entry = c->elf.entry;
    d->first_memory = *memory;
    d->memory_count = (uint16_t)c->memory_count;
    d->first_cap = *cap;
    d->cap_count = (uint16_t)c->cap_count;
    *memory = (uint16_t)(*memory + c->memory_count);
    *cap = (uint16_t)(*cap + c->cap_count);
    code_root(c, d);
    if (d->cspace_bits > DESC_CSPACE_BITS_MAX) {
        fail("component %s has more than %u slots", c->name, 1u << DESC_CSPACE_BITS_MAX);
    }
}

static void resolve_views(const struct system *s, struct component *c)
{
    for (int i = 0; i < c->memory_count; i++) {
        struct memory *m = &c->memories[i];
        if (m->desc.kind == DESC_VIEWED) {
            m->desc.source = s->components[m->viewed_component]->desc.first_memory + (uint64_t)m->viewed_memory;
        }
    }
}

void describe(struct system *s)
{
    struct desc_header h = {.magic = DESC_MAGIC, .version = DESC_VERSION};
    struct writer w = writer_of(zalloc(s->description.len_bytes), s->description.len_bytes);
    for (int i = 0; i < s->component_count; i++) {
        finish_component(s->components[i], &h.memory_count, &h.cap_count);
    }
    (void)copy_string(h.name, sizeof h.name, s->name);
    h.total_bytes = (uint32_t)s->description.len_bytes;
    h.component_count = (uint16_t)s->component_count;
    h.share_count = (uint16_t)s->share_count;
    h.irq_count = (uint16_t)s->irq_count;
    h.watch_count = (uint16_t)s->watch_count;
    h.bundle_bytes = s->bundle_bytes;
    h.kernel_pages = s->kernel_pages;
    memcpy(h.kernel_root, s->kernel_root.bytes, sizeof h.kernel_root);
    writer_put(&w, &h, sizeof h);
    for (int i = 0; i < s->component_count; i++) {
        writer_put(&w, &s->components[i]->desc, sizeof(struct desc_component));
    }
    for (int i = 0; i < s->component_count; i++) {
        resolve_views(s, s->components[i]);
        for (int k = 0; k < s->components[i]->memory_count; k++) {
            writer_put(&w, &s->components[i]->memories[k].desc, sizeof(struct desc_memory));
        }
    }
    writer_put(&w, s->shares, (size_t)s->share_count * sizeof s->shares[0]);
    writer_put(&w, s->irqs, (size_t)s->irq_count * sizeof s->irqs[0]);
    for (int i = 0; i < s->component_count; i++) {
        writer_put(&w, s->components[i]->caps, (size_t)s->components[i]->cap_count * sizeof(struct desc_cap));
    }
    writer_put(&w, s->watches, (size_t)s->watch_count * sizeof s->watches[0]);
    assert(!w.overflow);
    s->description = (struct bytes){w.bytes, w.used_bytes};

    struct sysdesc parsed;
    const char *why = sysdesc_open(s->description.at, s->description.len_bytes, &parsed);
    if (why != NULL) {
        fail("%s: the description that came out breaks its own rules (%s); this is a fault of lxpack", s->path, why);
    }
}
