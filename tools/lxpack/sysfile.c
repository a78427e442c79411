/* SPDX-License-Identifier: MIT */
/** The text of a .sys file: lines of words become components, items and connections. docs/spec/sysdesc.md section 3 has the grammar. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lxpack.h"

enum { WORDS_MAX = 64, WORD_BYTES = 256 };

/** One line, read word by word. */
struct line {
    const char *file;
    int number;
    int count;
    int next;
    char words[WORDS_MAX][WORD_BYTES];
};

struct reader {
    struct system *s;
    struct component *current; /* whose lines follow; NULL before the first */
    struct line line;
};

/* `fault` and `log` with "*" mean components that may stand further down, so they are done at the end. */
struct later {
    int line;
    char who[SLOT_NAME_BYTES];
    char to[SLOT_NAME_BYTES];
    char slot[SLOT_NAME_BYTES];
};
enum { LATER_MAX = 64 };
static struct later faults[LATER_MAX];
static int fault_count;
static struct later logs[LATER_MAX];
static int log_count;
static struct later watches[LATER_MAX];
static int watch_count;

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static NORETURN void line_fail(const struct line *l, const char *what)
{
    fail_at(l->file, l->number, "%s", what);
}

static void split(struct line *l, const char *text)
{
    l->count = 0;
    l->next = 0;
    for (const char *p = text; *p != '\0' && *p != '#';) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        size_t len = *p == ',' ? 1 : strcspn(p, " \t\r\n,#");
        if (l->count == WORDS_MAX || len >= WORD_BYTES) {
            line_fail(l, "the line is too long; split it");
        }
        memcpy(l->words[l->count], p, len);
        l->words[l->count++][len] = '\0';
        p += len;
    }
}

static bool more(const struct line *l)
{
    return l->next < l->count;
}

/* The next word, or the sentence "expected WHAT". */
static const char *word(struct line *l, const char *what)
{
    if (!more(l)) {
        fail_at(l->file, l->number, "the line ends where %s is expected", what);
    }
    return l->words[l->next++];
}

static bool accept(struct line *l, const char *literal)
{
    if (more(l) && strcmp(l->words[l->next], literal) == 0) {
        l->next++;
        return true;
    }
    return false;
}

static void expect(struct line *l, const char *literal)
{
    const char *got = word(l, literal);
    if (strcmp(got, literal) != 0) {
        fail_at(l->file, l->number, "expected \"%s\", found \"%s\"", literal, got);
    }
}

static void expect_end(struct line *l)
{
    if (more(l)) {
        fail_at(l->file, l->number, "\"%s\" is not expected here", l->words[l->next]);
    }
}

static void name(struct line *l, const char *what, char out[SLOT_NAME_BYTES])
{
    const char *w = word(l, what);
    size_t len = strlen(w);
    if (len >= SLOT_NAME_BYTES || strspn(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != len) {
        fail_at(l->file, l->number, "\"%s\" cannot be %s: use up to 23 letters, digits, \"_\" and \"-\"", w, what);
    }
    (void)copy_string(out, SLOT_NAME_BYTES, w);
}

/* A number with one of the suffixes of `units`, a list of {suffix, factor} ended by NULL. */
struct unit {
    const char *suffix;
    uint64_t factor;
};

static uint64_t quantity(struct line *l, const char *what, const struct unit *units)
{
    const char *w = word(l, what);
    char *end = NULL;
    unsigned long long n = strtoull(w, &end, 10);
    uint64_t product = 0;
    if (end != w && isdigit((unsigned char)w[0])) {
        for (; units->suffix != NULL; units++) {
            if (strcmp(end, units->suffix) == 0 && checked_mul(n, units->factor, &product)) {
                return product;
            }
        }
    }
    fail_at(l->file, l->number, "\"%s\" is not %s", w, what);
}

static uint64_t size(struct line *l)
{
    static const struct unit units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
    uint64_t n = quantity(l, "a size such as 64K or 4M", units);
    if (n == 0 || n > 1ull << 31 || n % PAGE_BYTES != 0) {
        line_fail(l, "a size must be a multiple of 4K, from 4K to 2G");
    }
    return n;
}

static uint64_t time_us(struct line *l)
{
    static const struct unit units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {NULL, 0}};
    return quantity(l, "a time such as 500us, 2ms or 1s", units);
}

static uint64_t number(struct line *l, const char *what, uint64_t max)
{
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    uint64_t n = quantity(l, what, units);
    if (n > max) {
        fail_at(l->file, l->number, "%llu is too much for %s; the most is %llu", (unsigned long long)n, what,
                (unsigned long long)max);
    }
    return n;
}

/* ---- names of things ------------------------------------------------------------------------------------------------------ */

static const char *const kind_words[SLOT_KIND_END] = {
    [SLOT_INFO] = "info",       [SLOT_INBOX] = "inbox",   [SLOT_REPLIES] = "replies", [SLOT_LOG] = "log",
    [SLOT_MEMORY] = "memory",   [SLOT_SHARED] = "shared", [SLOT_WINDOW] = "window",   [SLOT_DEVICE] = "device",
    [SLOT_IRQ] = "irq",         [SLOT_SERVER] = "call (its server)",                  [SLOT_CALL] = "call (a caller)",
    [SLOT_SIGNAL] = "notify (its receiver)",                                          [SLOT_NOTIFY] = "notify (its sender)",
    [SLOT_CHANNEL] = "connect", [SLOT_WATCH] = "watch",   [SLOT_FAULTS] = "fault",    [SLOT_LOGS] = "log (the console)",
    [SLOT_BLOB] = "blob",       [SLOT_FRAMES] = "frames", [SLOT_STORE] = "store",     [SLOT_VIEW] = "view",
    [SLOT_CAP] = "grant",       [SLOT_FREE] = "slots",    [SLOT_UNTYPED] = "untyped", [SLOT_TRACE] = "trace",
};

const char *slot_kind_word(enum slot_kind kind)
{
    return kind > 0 && kind < SLOT_KIND_END ? kind_words[kind] : "nothing";
}

static const char *const authority_words[AUTHORITY_END] = {
    [AUTHORITY_OWN_TCB] = "own_tcb",
    [AUTHORITY_OWN_CSPACE] = "own_cspace",
    [AUTHORITY_OWN_SCHED] = "own_sched",
    [AUTHORITY_OWN_VSPACE] = "own_vspace",
    [AUTHORITY_ASID_CONTROL] = "asid_control",
    [AUTHORITY_ASID_POOL] = "asid_pool",
    [AUTHORITY_SCHED_CONTROL] = "sched_control",
    [AUTHORITY_SMC] = "smc",
    [AUTHORITY_OWN_DIRECTORY] = "own_directory",
    [AUTHORITY_TCB_OF] = "tcb_of",
    [AUTHORITY_CSPACE_OF] = "cspace_of",
    [AUTHORITY_VSPACE_OF] = "vspace_of",
    [AUTHORITY_INBOX_OF] = "inbox_of",
};

const char *authority_word(enum slot_authority authority)
{
    return authority > 0 && authority < AUTHORITY_END ? authority_words[authority] : "nothing";
}

int system_find(const struct system *s, const char *component)
{
    for (int i = 0; i < s->component_count; i++) {
        if (strcmp(s->components[i]->name, component) == 0) {
            return i;
        }
    }
    return -1;
}

struct item *component_item(struct component *c, const char *slot)
{
    for (int i = 0; i < c->item_count; i++) {
        if (strcmp(c->items[i].slot, slot) == 0) {
            return &c->items[i];
        }
    }
    return NULL;
}

static struct item *add_item(struct reader *r, struct component *c, enum slot_kind kind, const char *slot)
{
    if (component_item(c, slot) != NULL) {
        fail_at(r->s->path, r->line.number, "%s.%s is already given in line %d; a slot is filled once", c->name, slot,
                component_item(c, slot)->line);
    }
    if (c->item_count == ITEMS_MAX) {
        fail_at(r->s->path, r->line.number, "%s has more than %d slots", c->name, ITEMS_MAX);
    }
    struct item *item = &c->items[c->item_count++];
    item->kind = kind;
    (void)copy_string(item->slot, sizeof item->slot, slot);
    item->line = r->line.number;
    item->connection = -1;
    return item;
}

/* ---- lines of a component -------------------------------------------------------------------------------------------------- */

static struct item *property_item(struct reader *r, enum slot_kind kind)
{
    char slot[SLOT_NAME_BYTES];
    name(&r->line, "a slot's name", slot);
    return add_item(r, r->current, kind, slot);
}

static void property_restart(struct reader *r)
{
    struct line *l = &r->line;
    r->current->restart_max = (uint32_t)number(l, "a number of restarts", DESC_RESTARTS_MAX);
    if (r->current->restart_max == 0) {
        line_fail(l, "a component that is never restarted has no restart line");
    }
    expect(l, "per");
    uint64_t us = time_us(l);
    if (us < 1000000 || us > 86400ull * 1000000 || us % 1000000 != 0) {
        line_fail(l, "restarts are counted over 1s to 86400s, in whole seconds");
    }
    r->current->restart_period_s = (uint32_t)(us / 1000000);
    expect(l, ",");
    expect(l, "then");
    expect(l, "stop");
}

static void property_grant(struct reader *r)
{
    struct item *item = property_item(r, SLOT_CAP);
    const char *w = word(&r->line, "an authority such as own_tcb");
    for (int a = 1; a < AUTHORITY_END; a++) {
        if (strcmp(w, authority_words[a]) == 0) {
            item->authority = (enum slot_authority)a;
            if (a >= AUTHORITY_TCB_OF) {
                (void)copy_string(item->target, sizeof item->target, word(&r->line, "a component"));
            }
            return;
        }
    }
    fail_at(r->line.file, r->line.number, "\"%s\" is no authority that can be granted", w);
}

static void property_budget(struct reader *r)
{
    r->current->budget_us = time_us(&r->line);
    expect(&r->line, "/");
    r->current->period_us = time_us(&r->line);
    if (r->current->budget_us == 0 || r->current->budget_us > r->current->period_us ||
        r->current->period_us > 1000000000ull) {
        line_fail(&r->line, "a budget must be above 0 and at most its period, and the period at most 1000s");
    }
}

static void property_irq(struct reader *r)
{
    struct item *item = property_item(r, SLOT_IRQ);
    expect(&r->line, "of");
    (void)copy_string(item->target, sizeof item->target, word(&r->line, "a device slot or a node"));
    if (accept(&r->line, "index")) {
        item->index = (uint32_t)number(&r->line, "an interrupt's index", 7);
    }
}

static struct item *property_target(struct reader *r, enum slot_kind kind, const char *what, const char *of)
{
    struct item *item = property_item(r, kind);
    if (of != NULL) {
        expect(&r->line, of);
    }
    (void)copy_string(item->target, sizeof item->target, word(&r->line, what));
    return item;
}

static void property_device(struct reader *r)
{
    struct item *item = property_target(r, SLOT_DEVICE, "a device-tree node such as pl011@9000000", NULL);
    if (accept(&r->line, "index")) {
        item->index = (uint32_t)number(&r->line, "the index of a region of registers", 7);
    }
}

static void property(struct reader *r)
{
    struct line *l = &r->line;
    struct component *c = r->current;
    const char *w = word(l, "a property");
    if (c == NULL) {
        fail_at(l->file, l->number, "\"%s\" is unknown here; a file starts with \"system NAME on BOARD\"", w);
    } else if (strcmp(w, "priority") == 0) {
        c->priority = (uint8_t)number(l, "a priority", 254);
        c->priority_set = true;
    } else if (strcmp(w, "budget") == 0) {
        property_budget(r);
    } else if (strcmp(w, "stack") == 0) {
        c->stack_bytes = size(l);
    } else if (strcmp(w, "memory") == 0) {
        struct item *item = property_item(r, SLOT_MEMORY);
        item->len_bytes = size(l);
        item->dma = accept(l, "dma");
    } else if (strcmp(w, "window") == 0) {
        struct item *item = property_item(r, SLOT_WINDOW);
        item->len_bytes = size(l);
    } else if (strcmp(w, "device") == 0) {
        property_device(r);
    } else if (strcmp(w, "irq") == 0) {
        property_irq(r);
    } else if (strcmp(w, "blob") == 0) {
        (void)property_target(r, SLOT_BLOB, "a file's name", "of");
    } else if (strcmp(w, "frames") == 0) {
        (void)property_target(r, SLOT_FRAMES, "a file's name", "of");
    } else if (strcmp(w, "store") == 0) {
        (void)property_item(r, SLOT_STORE);
    } else if (strcmp(w, "view") == 0) {
        (void)property_item(r, SLOT_VIEW);
    } else if (strcmp(w, "trace") == 0) {
        (void)property_item(r, SLOT_TRACE);
    } else if (strcmp(w, "untyped") == 0) {
        (void)property_item(r, SLOT_UNTYPED);
    } else if (strcmp(w, "replies") == 0 || strcmp(w, "slots") == 0) {
        struct item *item = property_item(r, w[0] == 'r' ? SLOT_REPLIES : SLOT_FREE);
        item->count = (uint32_t)number(l, "a number of slots", 1u << 15);
    } else if (strcmp(w, "grant") == 0) {
        property_grant(r);
    } else if (strcmp(w, "restart") == 0) {
        property_restart(r);
    } else {
        fail_at(l->file, l->number, "\"%s\" is no property of a component", w);
    }
}

/* ---- statements ------------------------------------------------------------------------------------------------------------ */

static struct component *new_component(struct reader *r, const char *component)
{
    struct system *s = r->s;
    if (system_find(s, component) >= 0) {
        fail_at(s->path, r->line.number, "there already is a component %s; give this one another name", component);
    }
    if (s->component_count == DESC_COMPONENTS_MAX) {
        fail_at(s->path, r->line.number, "more than %d components", DESC_COMPONENTS_MAX - 1);
    }
    struct component *c = zalloc(sizeof *c);
    (void)copy_string(c->name, sizeof c->name, component);
    (void)copy_string(c->program, sizeof c->program, component);
    c->line = r->line.number;
    c->budget_us = c->period_us = 5000;
    c->stack_bytes = 8192;
    c->log_share = -1;
    s->components[s->component_count++] = c;
    return c;
}

static void statement_component(struct reader *r)
{
    char n[SLOT_NAME_BYTES];
    name(&r->line, "a component's name", n);
    r->current = new_component(r, n);
    if (accept(&r->line, "from")) {
        char program[SLOT_NAME_BYTES];
        name(&r->line, "a program's name", program);
        (void)copy_string(r->current->program, sizeof r->current->program, program);
    }
    for (; more(&r->line);) {
        if (accept(&r->line, "trusted")) {
            r->current->trusted = true;
        } else {
            expect(&r->line, "passive");
            r->current->passive = true;
        }
    }
}

static void statement_file(struct reader *r)
{
    struct system *s = r->s;
    char n[SLOT_NAME_BYTES];
    name(&r->line, "a file's name", n);
    const char *path = word(&r->line, "a path");
    for (int i = 0; i < s->blob_count; i++) {
        if (strcmp(s->blobs[i].name, n) == 0) {
            if (s->blobs[i].from_command) {
                return;
            }
            fail_at(s->path, r->line.number, "there already is a file %s", n);
        }
    }
    if (s->blob_count == BLOBS_MAX) {
        fail_at(s->path, r->line.number, "more than %d files", BLOBS_MAX);
    }
    struct blob *b = &s->blobs[s->blob_count++];
    (void)copy_string(b->name, sizeof b->name, n);
    const char *slash = strrchr(s->path, '/');
    int dir = path[0] == '/' || slash == NULL ? 0 : (int)(slash - s->path) + 1;
    snprintf(b->path, sizeof b->path, "%.*s%s", dir, s->path, path);
}

/* "component.slot" as an end of a connection. */
static int end_of(struct reader *r, struct connection *c, enum slot_kind kind)
{
    struct line *l = &r->line;
    const char *w = word(l, "COMPONENT.SLOT");
    const char *dot = strchr(w, '.');
    char component[WORD_BYTES];
    char slot[SLOT_NAME_BYTES];
    if (c->end_count == ENDS_MAX) {
        line_fail(l, "too many ends; split the line");
    }
    int e = c->end_count++;
    c->ends[e].item = -1;
    if (kind == SLOT_SERVER && strcmp(w, "init") == 0) {
        c->ends[e].component = 0;
        return e;
    }
    if (dot == NULL || dot == w || dot[1] == '\0' || strlen(dot + 1) >= sizeof slot) {
        fail_at(l->file, l->number, "\"%s\" should be COMPONENT.SLOT", w);
    }
    snprintf(component, sizeof component, "%.*s", (int)(dot - w), w);
    (void)copy_string(slot, sizeof slot, dot + 1);
    int found = system_find(r->s, component);
    if (found <= 0) {
        fail_at(l->file, l->number, "there is no component %s above this line", component);
    }
    struct component *owner = r->s->components[found];
    struct item *item = add_item(r, owner, kind, slot);
    item->connection = r->s->connection_count;
    item->end = e;
    c->ends[e].component = found;
    c->ends[e].item = owner->item_count - 1;
    return e;
}

static struct connection *new_connection(struct reader *r, enum connection_kind kind)
{
    if (r->s->connection_count == CONNECTIONS_MAX) {
        line_fail(&r->line, "too many connections");
    }
    struct connection *c = &r->s->connections[r->s->connection_count];
    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->line = r->line.number;
    c->share = c->queue_share = -1;
    name(&r->line, "a connection's name", c->name);
    return c;
}

static void statement_call(struct reader *r)
{
    struct connection *c = new_connection(r, CONNECT_CALL);
    (void)end_of(r, c, SLOT_SERVER);
    expect(&r->line, "<-");
    do {
        (void)end_of(r, c, SLOT_CALL);
    } while (more(&r->line) && strcmp(r->line.words[r->line.next], "with") != 0);
    if (accept(&r->line, "with")) {
        expect(&r->line, "caps");
        c->with_caps = true;
    }
    r->s->connection_count++;
}

static void statement_notify(struct reader *r)
{
    struct connection *c = new_connection(r, CONNECT_NOTIFY);
    (void)end_of(r, c, SLOT_NOTIFY);
    expect(&r->line, "->");
    (void)end_of(r, c, SLOT_SIGNAL);
    r->s->connection_count++;
}

static void statement_connect(struct reader *r)
{
    struct line *l = &r->line;
    struct connection *c = new_connection(r, CONNECT_CHANNEL);
    (void)end_of(r, c, SLOT_CHANNEL);
    expect(l, "->");
    (void)end_of(r, c, SLOT_CHANNEL);
    if (accept(l, "data")) {
        c->data_bytes = size(l);
        c->data_read_only = accept(l, "ro");
        if (!c->data_read_only) {
            (void)accept(l, "rw");
        }
        c->dma = accept(l, "dma");
        expect(l, ",");
    }
    expect(l, "queue");
    static const struct unit units[] = {{"", 1}, {"K", 1 << 10}, {NULL, 0}};
    c->record_count = quantity(l, "a number of records such as 128 or 4K", units);
    if (!is_power_of_two(c->record_count) || c->record_count > 1u << 20) {
        line_fail(l, "a queue has a power of two of records, at most 1048576");
    }
    r->s->connection_count++;
}

static void statement_shared(struct reader *r)
{
    struct line *l = &r->line;
    struct connection *c = new_connection(r, CONNECT_SHARED);
    c->data_bytes = size(l);
    c->dma = accept(l, "dma");
    while (more(l)) {
        int e = end_of(r, c, SLOT_SHARED);
        bool writable = accept(l, "rw");
        if (!writable) {
            expect(l, "ro");
        }
        r->s->components[c->ends[e].component]->items[c->ends[e].item].writable = writable;
    }
    if (c->end_count == 0) {
        line_fail(l, "nobody has this memory; name COMPONENT.SLOT rw or ro");
    }
    r->s->connection_count++;
}

/* WHO -> TO for faults and logs, TARGET <- TO.SLOT for watches. */
static void add_later(struct reader *r, struct later *list, int *count, const char *who, const char *to)
{
    const char *dot = strchr(to, '.');
    if (*count == LATER_MAX) {
        line_fail(&r->line, "too many lines of this kind");
    }
    struct later *entry = &list[(*count)++];
    memset(entry, 0, sizeof *entry);
    entry->line = r->line.number;
    size_t len = dot == NULL ? strlen(to) : (size_t)(dot - to);
    if (!copy_string(entry->who, sizeof entry->who, who) || len >= sizeof entry->to ||
        (dot != NULL && !copy_string(entry->slot, sizeof entry->slot, dot + 1))) {
        line_fail(&r->line, "a name is too long");
    }
    memcpy(entry->to, to, len);
}

static void statement_arrow(struct reader *r, struct later *list, int *count, const char *what)
{
    struct line *l = &r->line;
    int first = l->next;
    while (more(l) && !accept(l, "->")) {
        l->next++;
    }
    int arrow = l->next - 1;
    if (arrow < first || strcmp(l->words[arrow], "->") != 0 || arrow == first) {
        line_fail(l, "expected NAME... -> NAME");
    }
    const char *to = word(l, what);
    for (int i = first; i < arrow; i++) {
        add_later(r, list, count, l->words[i], to);
    }
}

static void statement_watch(struct reader *r)
{
    struct line *l = &r->line;
    const char *target = word(l, "a component");
    expect(l, "<-");
    do {
        add_later(r, watches, &watch_count, target, word(l, "COMPONENT.SLOT"));
    } while (more(l));
}

static void statement_system(struct reader *r)
{
    if (r->s->name[0] != '\0') {
        line_fail(&r->line, "a file has one system");
    }
    name(&r->line, "a system's name", r->s->name);
    expect(&r->line, "on");
    name(&r->line, "a board's name", r->s->board);
}

static void read_line(struct reader *r)
{
    struct line *l = &r->line;
    if (l->count == 0) {
        return;
    }
    const char *w = l->words[0];
    l->next = 1;
    if (r->s->name[0] == '\0' && strcmp(w, "system") != 0) {
        line_fail(l, "a file starts with \"system NAME on BOARD\"");
    }
    if (strcmp(w, "system") == 0) {
        statement_system(r);
    } else if (strcmp(w, "component") == 0) {
        statement_component(r);
    } else if (strcmp(w, "file") == 0) {
        statement_file(r);
    } else if (strcmp(w, "call") == 0) {
        statement_call(r);
    } else if (strcmp(w, "notify") == 0) {
        statement_notify(r);
    } else if (strcmp(w, "connect") == 0) {
        statement_connect(r);
    } else if (strcmp(w, "shared") == 0) {
        statement_shared(r);
    } else if (strcmp(w, "fault") == 0) {
        statement_arrow(r, faults, &fault_count, "a component");
    } else if (strcmp(w, "log") == 0) {
        statement_arrow(r, logs, &log_count, "COMPONENT.SLOT");
    } else if (strcmp(w, "watch") == 0) {
        statement_watch(r);
    } else {
        for (l->next = 0; more(l);) {
            property(r);
        }
    }
    expect_end(l);
}

/* ---- what may name components further down ------------------------------------------------------------------------------ */

static int later_find(struct reader *r, const struct later *entry, const char *component)
{
    int found = system_find(r->s, component);
    r->line.number = entry->line;
    if (found <= 0) {
        fail_at(r->s->path, entry->line, "there is no component %s", component);
    }
    return found;
}

static void finish_faults(struct reader *r)
{
    for (int i = 0; i < fault_count; i++) {
        int handler = later_find(r, &faults[i], faults[i].to);
        bool all = strcmp(faults[i].who, "*") == 0;
        int only = all ? -1 : later_find(r, &faults[i], faults[i].who);
        for (int k = 1; k < r->s->component_count; k++) {
            struct component *c = r->s->components[k];
            if (k == handler || (all ? c->trusted : k != only)) {
                continue;
            }
            if (c->trusted) {
                fail_at(r->s->path, faults[i].line, "%s is trusted, so its faults go to init; leave it out here", c->name);
            }
            c->fault_handler = handler;
        }
    }
}

static void finish_logs(struct reader *r)
{
    for (int i = 0; i < log_count; i++) {
        int console = later_find(r, &logs[i], logs[i].to);
        if (r->s->console >= 0 && r->s->console != console) {
            fail_at(r->s->path, logs[i].line, "logs already go to %s; a system has one console",
                    r->s->components[r->s->console]->name);
        }
        if (r->s->console < 0) {
            struct component *owner = r->s->components[console];
            (void)add_item(r, owner, SLOT_LOGS, logs[i].slot);
            r->s->console = console;
            r->s->console_item = owner->item_count - 1;
        }
        bool all = strcmp(logs[i].who, "*") == 0;
        int only = all ? -1 : later_find(r, &logs[i], logs[i].who);
        for (int k = 1; k < r->s->component_count; k++) {
            if (k != console && (all || k == only)) {
                r->s->components[k]->log_share = -2; /* wanted; place.c makes the share */
            }
        }
    }
}

static void finish_watches(struct reader *r)
{
    for (int i = 0; i < watch_count; i++) {
        int target = later_find(r, &watches[i], watches[i].who);
        int watcher = later_find(r, &watches[i], watches[i].to);
        if (watches[i].slot[0] == '\0') {
            fail_at(r->s->path, watches[i].line, "\"%s\" should be COMPONENT.SLOT", watches[i].to);
        }
        struct item *item = add_item(r, r->s->components[watcher], SLOT_WATCH, watches[i].slot);
        (void)copy_string(item->target, sizeof item->target, r->s->components[target]->name);
    }
}

void sysfile_read(const char *path, struct system *out)
{
    static struct reader r;
    char text[4096];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail("cannot read %s", path);
    }
    out->path = path;
    out->console = -1;
    r.s = out;
    r.line.file = path;
    (void)new_component(&r, "init");
    out->components[0]->trusted = true;
    out->components[0]->stack_bytes = 16384; /* its own, in its memory: services/init/start.S */
    while (fgets(text, sizeof text, f) != NULL) {
        r.line.number++;
        if (strchr(text, '\n') == NULL && !feof(f)) {
            line_fail(&r.line, "the line is too long; split it");
        }
        split(&r.line, text);
        read_line(&r);
    }
    fclose(f);
    if (out->component_count < 2) {
        fail_at(path, 0, "no component; add \"component NAME\"");
    }
    finish_faults(&r);
    finish_logs(&r);
    finish_watches(&r);
}
