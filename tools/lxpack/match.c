/* SPDX-License-Identifier: MIT */
/** Programs of the components: their segments, and their slots against the lines of the .sys file. See lxpack.h. */
#include <stdio.h>

#include "lxpack.h"

enum { LOAD_VIRT_MIN = 0x400000, LOAD_VIRT_END = 0x10000000 };

/* ---- segments --------------------------------------------------------------------------------------------------------------- */

static enum desc_memory_kind kind_of_flags(const struct elf *elf, uint32_t flags)
{
    switch (flags) {
    case 5:
        return DESC_CODE;
    case 4:
        return DESC_CONSTANT;
    case 6:
        return DESC_DATA;
    default:
        fail("%s has a segment that is %s; link it with rt/component.ld", elf->path,
             (flags & 3) == 3 ? "writable and executable" : "of no use");
    }
}

static void take_segments(struct component *c)
{
    const struct elf *elf = &c->elf;
    uint64_t end = LOAD_VIRT_MIN;
    if (elf->segment_count > SEGMENTS_MAX) {
        fail("%s has %u segments; link it with rt/component.ld", elf->path, elf->segment_count);
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *from = &elf->segments[i];
        struct segment *to = &c->segments[c->segment_count++];
        to->kind = kind_of_flags(elf, from->flags);
        to->virt = from->virt;
        to->len_bytes = align_up(from->memory_bytes, PAGE_BYTES);
        if (!is_aligned(from->virt, PAGE_BYTES) || from->virt < end || to->virt + to->len_bytes > LOAD_VIRT_END) {
            fail("%s has a segment at %#llx, which is not a page of its own from %#x to %#x; link it with rt/component.ld",
                 elf->path, (unsigned long long)from->virt, LOAD_VIRT_MIN, LOAD_VIRT_END);
        }
        end = to->virt + to->len_bytes;
        to->init.len_bytes = to->kind == DESC_DATA ? align_up(from->file_bytes, PAGE_BYTES) : to->len_bytes;
        to->init.at = zalloc(to->init.len_bytes);
        if (from->file_bytes != 0) {
            memcpy(to->init.at, from->bytes, from->file_bytes);
        }
    }
    if (c->segment_count == 0 || c->segments[0].kind != DESC_CODE) {
        fail("%s does not start with its code; link it with rt/component.ld", elf->path);
    }
}

/* ---- slots ------------------------------------------------------------------------------------------------------------------ */

static uint8_t *in_segments(struct component *c, uint64_t virt, size_t len_bytes)
{
    for (int i = 0; i < c->segment_count; i++) {
        struct segment *s = &c->segments[i];
        if (s->kind == DESC_CONSTANT && virt >= s->virt && virt - s->virt <= s->init.len_bytes &&
            len_bytes <= s->init.len_bytes - (virt - s->virt)) {
            return s->init.at + (virt - s->virt);
        }
    }
    return NULL;
}

static void take_slots(struct component *c)
{
    uint64_t first = 0;
    struct bytes section;
    if (!elf_section(&c->elf, SLOT_SECTION, &first, &section)) {
        fail("%s has no section lx_slots; link it with rt/component.ld", c->elf.path);
    }
    uint64_t end = first + section.len_bytes;
    for (; first < end; first += sizeof(struct slot_record)) {
        struct slot_record *record = (struct slot_record *)(void *)in_segments(c, first, sizeof *record);
        if (record == NULL || end - first < sizeof *record || record->kind == 0 || record->kind >= SLOT_KIND_END ||
            memchr(record->name, 0, sizeof record->name) == NULL || record->name[0] == '\0') {
            fail("%s has a broken slot record; build it again", c->elf.path);
        }
        for (int i = 0; i < c->slot_count; i++) {
            if (strcmp(c->slots[i]->name, record->name) == 0) {
                fail("%s declares slot %s twice; give one of them another name", c->elf.path, record->name);
            }
        }
        if (c->slot_count == SLOTS_MAX) {
            fail("%s declares more than %d slots", c->elf.path, SLOTS_MAX);
        }
        c->slots[c->slot_count++] = record;
    }
}

/* ---- the meeting ---------------------------------------------------------------------------------------------------------- */

/* How a line would look that fills a slot of this kind. */
static const char *example(enum slot_kind kind)
{
    static const char *const lines[SLOT_KIND_END] = {
        [SLOT_REPLIES] = "under the component: replies %s 8",
        [SLOT_MEMORY] = "under the component: memory %s 64K",
        [SLOT_SHARED] = "shared NAME 64K %2$s.%1$s rw OTHER.SLOT ro",
        [SLOT_WINDOW] = "under the component: window %s 16M",
        [SLOT_DEVICE] = "under the component: device %s NODE",
        [SLOT_IRQ] = "under the component: irq %s of NODE",
        [SLOT_SERVER] = "call NAME %2$s.%1$s <- CLIENT.SLOT",
        [SLOT_CALL] = "call NAME SERVER.SLOT <- %2$s.%1$s",
        [SLOT_SIGNAL] = "notify NAME SENDER.SLOT -> %2$s.%1$s",
        [SLOT_NOTIFY] = "notify NAME %2$s.%1$s -> RECEIVER.SLOT",
        [SLOT_CHANNEL] = "connect NAME %2$s.%1$s -> OTHER.SLOT queue 128",
        [SLOT_WATCH] = "watch COMPONENT <- %2$s.%1$s",
        [SLOT_FAULTS] = "fault * -> %2$s",
        [SLOT_LOGS] = "log * -> %2$s.%1$s",
        [SLOT_BLOB] = "under the component: blob %s of FILE",
        [SLOT_FRAMES] = "under the component: frames %s of FILE",
        [SLOT_STORE] = "under the component: store %s",
        [SLOT_VIEW] = "under the component: view %s",
        [SLOT_TRACE] = "under the component: trace %s",
        [SLOT_CAP] = "under the component: grant %s AUTHORITY",
        [SLOT_FREE] = "under the component: slots %s 64",
        [SLOT_UNTYPED] = "under the component: untyped %s",
    };
    return lines[kind];
}

static NORETURN void fail_missing(const struct system *s, const struct component *c, const struct slot_record *r)
{
    char line[160];
    const char *format = example((enum slot_kind)r->kind);
    /* The two arguments of an example are the slot's name and the component's. */
    char *out = line;
    const char *end = line + sizeof line - 1;
    for (const char *p = format == NULL ? "" : format; *p != '\0' && out < end;) {
        const char *insert = NULL;
        if (strncmp(p, "%s", 2) == 0) {
            insert = r->name;
            p += 2;
        } else if (strncmp(p, "%1$s", 4) == 0 || strncmp(p, "%2$s", 4) == 0) {
            insert = p[1] == '1' ? r->name : c->name;
            p += 4;
        }
        if (insert == NULL) {
            *out++ = *p++;
        }
        for (; insert != NULL && *insert != '\0' && out < end; insert++) {
            *out++ = *insert;
        }
    }
    *out = '\0';
    fail_at(s->path, c->line, "%s needs slot %s, and no line gives it; add (%s)", c->name, r->name, line);
}

static bool is_runtimes(uint32_t kind)
{
    return kind == SLOT_INFO || kind == SLOT_INBOX || kind == SLOT_LOG;
}

static void match_slots(const struct system *s, struct component *c)
{
    for (int i = 0; i < c->slot_count; i++) {
        struct slot_record *r = c->slots[i];
        if (is_runtimes(r->kind) || (r->kind == SLOT_REPLIES && strcmp(r->name, "rt_reply") == 0)) {
            continue;
        }
        struct item *item = component_item(c, r->name);
        if (item == NULL && r->kind == SLOT_FAULTS) {
            continue; /* `fault` lines name the component, not a slot */
        }
        if (item == NULL) {
            if ((r->flags & SLOT_OPTIONAL) != 0) {
                continue;
            }
            fail_missing(s, c, r);
        }
        if (item->kind != (enum slot_kind)r->kind) {
            fail_at(s->path, item->line, "%s.%s is declared for \"%s\" in the source and used for \"%s\" here", c->name,
                    r->name, slot_kind_word((enum slot_kind)r->kind), slot_kind_word(item->kind));
        }
        item->matched = true;
    }
    for (int i = 0; i < c->item_count; i++) {
        if (!c->items[i].matched) {
            fail_at(s->path, c->items[i].line, "%s has no slot %s; declare it in the source of %s or remove it here", c->name,
                    c->items[i].slot, c->program);
        }
    }
}

static bool declares(const struct component *c, enum slot_kind kind)
{
    for (int i = 0; i < c->slot_count; i++) {
        if (c->slots[i]->kind == (uint32_t)kind) {
            return true;
        }
    }
    return false;
}

static void check_component(const struct system *s, int index)
{
    const struct component *c = s->components[index];
    if (index != 0 && !c->priority_set) {
        fail_at(s->path, c->line, "%s has no priority; add \"priority N\", 0 to 254, higher runs first", c->name);
    }
    if (c->fault_handler != 0 && !declares(s->components[c->fault_handler], SLOT_FAULTS)) {
        fail_at(s->path, c->line, "%s cannot handle the faults of %s: its source has no LX_FAULTS slot",
                s->components[c->fault_handler]->name, c->name);
    }
    if (c->restart_max != 0 && c->fault_handler == 0) {
        fail_at(s->path, c->line, "%s has a restart policy and nobody to restart it; add \"fault %s -> supervisor\"", c->name,
                c->name);
    }
    if (index != 0 && c->trusted && c->restart_max != 0) {
        fail_at(s->path, c->line, "%s is trusted and cannot have a restart policy", c->name);
    }
}

static void load(struct component *c, const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.elf", directory, c->program);
    char *kept = zalloc(strlen(path) + 1);
    (void)copy_string(kept, strlen(path) + 1, path);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail("component %s: there is no program %s; is there a directory %s with a module.mk that says service?", c->name, path,
             c->program);
    }
    fclose(f);
    elf_read(kept, &c->elf);
    take_segments(c);
    take_slots(c);
}

void match_all(struct system *s, const char *directory)
{
    for (int i = 0; i < s->component_count; i++) {
        load(s->components[i], directory);
        if (i != 0) {
            match_slots(s, s->components[i]);
        }
    }
    for (int i = 0; i < s->component_count; i++) {
        check_component(s, i);
        stack_bound(s->components[i]);
    }
}
