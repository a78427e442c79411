/* SPDX-License-Identifier: MIT */
/** What a system is, for people: report.txt lists every component with all it may touch, graph.dot draws who reaches whom. */
#include <stdio.h>

#include "lxpack.h"
#include "sysdesc.h"

static const char *const memory_words[DESC_MEMORY_KIND_END] = {
    [DESC_CODE] = "code",
    [DESC_CONSTANT] = "constants",
    [DESC_DATA] = "data",
    [DESC_STACK] = "stack",
    [DESC_IPC_BUFFER] = "message buffer",
    [DESC_INFO_PAGE] = "information page",
    [DESC_OWN] = "own memory",
    [DESC_SHARED] = "shared",
    [DESC_DEVICE] = "device registers",
    [DESC_BUNDLE] = "bytes of the image",
    [DESC_MEASUREMENTS] = "measurement log",
    [DESC_VIEWED] = "view of code",
    [DESC_UNTYPED_LIST] = "list of untyped memory",
    [DESC_WINDOW] = "window",
    [DESC_KERNEL] = "view of the kernel's code",
    [DESC_TRACE] = "trace of the kernel",
};

static void write_cap(FILE *f, const struct system *s, const struct component *c, const struct desc_cap *cap)
{
    const char *target = "";
    bool own = false;
    if (sysdesc_cap_has_target(cap->kind)) {
        target = s->components[cap->target]->name;
        own = s->components[cap->target] == c;
    }
    fprintf(f, "    slot %3u  %-24s ", cap->slot, cap->name);
    if (cap->kind == DESC_CAP_INBOX && (cap->rights & 2) != 0) {
        fprintf(f, "%s%s", own ? "own inbox" : "inbox of ", own ? "" : target);
    } else if (cap->kind == DESC_CAP_IRQ) {
        fprintf(f, "interrupt %u", s->irqs[cap->target].number);
    } else {
        fprintf(f, "%s %s%s", sysdesc_cap_words(cap->kind), target, (cap->rights & 4) != 0 ? ", with capabilities" : "");
    }
    fprintf(f, cap->count > 1 ? " (%u)\n" : "\n", cap->count);
}

static void write_memory(FILE *f, const struct desc_memory *m)
{
    fprintf(f, "    %#12llx %9llu K  %c%c%c  %-24s %s%s\n", (unsigned long long)m->virt,
            (unsigned long long)m->len_bytes / 1024, m->rights & DESC_READ ? 'r' : '-', m->rights & DESC_WRITE ? 'w' : '-',
            m->rights & DESC_EXECUTE ? 'x' : '-', m->name, memory_words[m->kind],
            (m->flags & DESC_CONTIGUOUS) != 0 ? ", for devices" : "");
}

static void write_component(FILE *f, const struct system *s, int index)
{
    const struct component *c = s->components[index];
    uint64_t text = 0;
    uint64_t total = 0;
    for (int i = 0; i < c->memory_count; i++) {
        const struct desc_memory *m = &c->memories[i].desc;
        text += m->kind == DESC_CODE ? m->len_bytes : 0;
        total += m->kind <= DESC_OWN ? m->len_bytes : 0;
    }
    fprintf(f, "\n%s%s%s%s\n", c->name, strcmp(c->name, c->program) == 0 ? "" : " from ",
            strcmp(c->name, c->program) == 0 ? "" : c->program,
            index == 0 ? " (root task)" : c->trusted ? " (trusted)" : "");
    if (index != 0) {
        fprintf(f, "    priority %u, budget %llu us every %llu us%s, faults to %s", c->priority,
                (unsigned long long)c->budget_us, (unsigned long long)c->period_us,
                c->passive ? ", then on its callers' budget" : "", s->components[c->fault_handler]->name);
        if (c->restart_max != 0) {
            fprintf(f, ", restarted %u times per %u s", c->restart_max, c->restart_period_s);
        }
        fprintf(f, "\n");
    }
    fprintf(f, "    code %llu K, memory %llu K in all, stack %llu bytes, ", (unsigned long long)text / 1024,
            (unsigned long long)total / 1024, (unsigned long long)c->stack_bytes);
    if (c->stack_bound != 0) {
        fprintf(f, "of which at most %llu are used\n", (unsigned long long)c->stack_bound);
    } else {
        fprintf(f, "use not bounded (%s)\n", c->stack_why);
    }
    for (int i = 0; i < c->cap_count; i++) {
        write_cap(f, s, c, &c->caps[i]);
    }
    for (int i = 0; i < c->memory_count; i++) {
        write_memory(f, &c->memories[i].desc);
    }
}

static FILE *open_output(const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        fail("cannot write %s", path);
    }
    return f;
}

static void close_output(FILE *f, const char *path)
{
    if (ferror(f) || fclose(f) != 0) {
        fail("cannot write %s", path);
    }
}

void report_write(const struct system *s, const char *path)
{
    FILE *f = open_output(path);
    fprintf(f, "system %s on %s: %d components, bundle of %llu bytes\n", s->name, s->board, s->component_count,
            (unsigned long long)s->bundle_bytes);
    for (int i = 0; i < s->component_count; i++) {
        write_component(f, s, i);
    }
    close_output(f, path);
}

void graph_write(const struct system *s, const char *path)
{
    FILE *f = open_output(path);
    fprintf(f, "digraph \"%s\" {\n    rankdir=LR;\n    node [shape=box];\n", s->name);
    for (int i = 0; i < s->component_count; i++) {
        fprintf(f, "    \"%s\"%s;\n", s->components[i]->name,
                s->components[i]->trusted ? " [style=filled, fillcolor=lightyellow]" : "");
    }
    for (int i = 0; i < s->connection_count; i++) {
        const struct connection *c = &s->connections[i];
        const char *first = s->components[c->ends[0].component]->name;
        for (int e = 1; e < c->end_count; e++) {
            const char *other = s->components[c->ends[e].component]->name;
            switch (c->kind) {
            case CONNECT_CALL:
                fprintf(f, "    \"%s\" -> \"%s\" [label=\"%s\"];\n", other, first, c->name);
                break;
            case CONNECT_NOTIFY:
                fprintf(f, "    \"%s\" -> \"%s\" [label=\"%s\", style=dashed];\n", first, other, c->name);
                break;
            case CONNECT_CHANNEL:
                fprintf(f, "    \"%s\" -> \"%s\" [label=\"%s\", dir=both];\n", first, other, c->name);
                break;
            case CONNECT_SHARED:
                fprintf(f, "    \"%s\" -> \"%s\" [label=\"%s\", dir=none, style=bold];\n", first, other, c->name);
                break;
            }
        }
    }
    for (int i = 1; i < s->component_count; i++) {
        if (s->components[i]->fault_handler != 0) {
            fprintf(f, "    \"%s\" -> \"%s\" [label=fault, style=dotted];\n", s->components[i]->name,
                    s->components[s->components[i]->fault_handler]->name);
        }
    }
    fprintf(f, "}\n");
    close_output(f, path);
}
