/* SPDX-License-Identifier: MIT */
/**
 * Views: the files of /lx, tables for people. Each says what its owner says: the catalog (ledger), the pager's and scrub's facts,
 * their journals, and the signed description of the system. A line is made when the file is opened, so it is of that moment.
 */
#include <trace/trace.h>

#include "proto/files.h"
#include "proto/ledger.h"
#include "proto/scrub.h"
#include "server.h"
#include "sysdesc.h"

LX_SHARED(ledger_journal);
LX_SHARED(ledger_facts);
LX_SLOT(lx_shared, SLOT_SHARED, SLOT_OPTIONAL, own_chain);
LX_SHARED(pager_journal);
LX_SHARED(scrub_journal);
LX_SHARED(scrub_facts);
LX_BLOB(description);
LX_TRACE(trace);

/* What the image signed of the system: opened once; NULL when it cannot be read. */
static const struct sysdesc *the_description(void)
{
    static struct sysdesc desc;
    static bool is_open;
    is_open = is_open || sysdesc_open((const void *)description.addr, description.len_bytes, &desc) == NULL;
    return is_open ? &desc : NULL;
}

/* ---- /lx/ps ------------------------------------------------------------------------------------------------------------------------ */

static void ps_line(struct linux_text *text, const struct linux_process_info *p)
{
    const struct catalog *c = the_catalog();
    bool is_known = p->program < c->program_count;
    const struct catalog_package *package = is_known ? &c->packages[c->programs[p->program].package] : NULL;
    uint32_t verified = p->space < PAGER_SPACES_MAX ? pager_facts_now()->verified[p->space] : 0;
    linux_text_print(text, "%5u %c %-15s ", p->pid, p->state, p->name);
    if (package == NULL) {
        linux_text_print(text, "-\n");
        return;
    }
    linux_text_print(text, "%-16s %6lu %-16s %4u tx ", package->name, package->sequence, package->developer_name,
                     package->chain_length);
    if (package->height == 0) {
        linux_text_print(text, "%-10s", "unanchored");
    } else {
        linux_text_print(text, "%-10lu", package->height);
    }
    linux_text_print(text, " %8u\n", verified);
}

static void fill_ps(void *env, struct linux_text *text)
{
    (void)env;
    struct linux_process_info p;
    linux_text_print(text, "%5s S %-15s %-16s %6s %-16s %7s %-10s %8s\n", "PID", "PROCESS", "PACKAGE", "SEQ", "DEVELOPER", "CHAIN",
                     "HEIGHT", "VERIFIED");
    for (uint32_t pid = 0; linux_process_next(linux_system, pid, &p); pid = p.pid) {
        ps_line(text, &p);
    }
}

/* ---- /lx/verify ---------------------------------------------------------------------------------------------------------------------- */

struct source {
    const char *name;
    const struct journal *journal;
    uint64_t next, end;
    struct journal_entry entry; /* number `next`, when there is one */
    bool has_entry;
};

static void advance(struct source *s)
{
    s->has_entry = false;
    for (; !s->has_entry && s->next < s->end; s->next++) {
        s->has_entry = journal_read(s->journal, s->next, &s->entry);
    }
}

static void verify_line(struct linux_text *text, const struct source *s)
{
    static const char *const words[] = {"", "verified", "REFUSED", "REPAIRED", "note", "CHANGED"};
    uint64_t us = rt_ticks_to_ns(s->entry.ticks) / 1000;
    linux_text_print(text, "%5lu.%06lu %-6s %-8s %s\n", us / 1000000, us % 1000000, s->name,
                     s->entry.kind < ARRAY_LEN(words) ? words[s->entry.kind] : "?", s->entry.text);
}

/* Four journals in the order of time. */
static void fill_verify(void *env, struct linux_text *text)
{
    (void)env;
    static struct source sources[4];
    sources[0] = (struct source){.name = "ledger", .journal = (const struct journal *)ledger_journal.addr};
    sources[1] = (struct source){.name = "pager", .journal = (const struct journal *)pager_journal.addr};
    sources[2] = (struct source){.name = "scrub", .journal = (const struct journal *)scrub_journal.addr};
    sources[3] = (struct source){.name = "linux", .journal = &refusals};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        journal_range(sources[i].journal, &sources[i].next, &sources[i].end);
        advance(&sources[i]);
    }
    for (;;) {
        struct source *first = NULL;
        for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
            if (sources[i].has_entry && (first == NULL || sources[i].entry.ticks < first->entry.ticks)) {
                first = &sources[i];
            }
        }
        if (first == NULL) {
            return;
        }
        verify_line(text, first);
        advance(first);
    }
}

/* ---- /lx/scrub, /lx/mem ------------------------------------------------------------------------------------------------------------- */

static void fill_scrub(void *env, struct linux_text *text)
{
    (void)env;
    const struct scrub_info *s = (const struct scrub_info *)scrub_facts.addr;
    uint64_t ms = rt_ticks_to_ns(s->pass_ticks) / 1000000;
    linux_text_print(text, "passes           %lu\n", s->passes);
    if (s->passes == 0) {
        linux_text_print(text, "last pass        the first is not yet over\n");
    } else {
        linux_text_print(text, "last pass        %lu pages in %lu ms\n", s->pages, ms);
    }
    linux_text_print(text, "pages checked    %lu\nchanged          %lu\nrepaired         %lu\n", s->pages_checked, s->detected,
                     s->repaired);
    const struct sysdesc *desc = the_description();
    if (desc == NULL) {
        return;
    }
    if (desc->header.kernel_pages == 0) {
        linux_text_print(text, "kernel           not looked at: this kernel does not show its code\n");
    } else {
        linux_text_print(text, "kernel           %u pages, %lu changed%s\n", desc->header.kernel_pages, s->kernel_changed,
                         s->kernel_changed != 0 ? ": restart the machine" : "");
    }
    for (uint32_t i = 0; i < desc->header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(desc, i, &c);
        if (strcmp(c.name, "scrub") == 0) {
            linux_text_print(text, "budget           %lu us of every %lu us\n", c.budget_us, c.period_us);
        }
    }
}

static void fill_mem(void *env, struct linux_text *text)
{
    (void)env;
    const struct pager_info *p = pager_facts_now();
    enum { KIB_A_PAGE = PAGE_BYTES / 1024 };
    uint64_t in_use = p->frames_taken - p->frames_free;
    linux_text_print(text, "for programs     %lu KiB\nin use           %lu KiB\n", p->frames_total * KIB_A_PAGE, in_use * KIB_A_PAGE);
    linux_text_print(text, "pages verified   %lu\npages refused    %lu\npages repaired   %lu\n", p->pages_verified, p->pages_refused,
                     p->pages_repaired);
}

/* ---- /lx/ledger ------------------------------------------------------------------------------------------------------------------------ */

/* The first 16 digits of an id, as people read it: from the last byte on. */
static void id_text(struct linux_text *text, const uint8_t id[32])
{
    for (unsigned i = 0; i < 8; i++) {
        linux_text_print(text, "%02x", id[31 - i]);
    }
}

static bool is_leap(uint64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A day of the calendar, from seconds since 1970. */
static void date_text(struct linux_text *text, uint64_t seconds)
{
    enum { LAST_YEAR = 9999 };
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t day = seconds / 86400;
    uint64_t year = 1970;
    for (; year < LAST_YEAR && day >= 365u + is_leap(year); year++) {
        day -= 365u + is_leap(year);
    }
    unsigned month = 0;
    for (; month < 11 && day >= lengths[month] + (uint64_t)(month == 1 && is_leap(year)); month++) {
        day -= lengths[month] + (uint64_t)(month == 1 && is_leap(year));
    }
    linux_text_print(text, "%04lu-%02u-%02lu", year, month + 1, day + 1);
}

static void chain_line(struct linux_text *text, const struct ledger_chain *c)
{
    static const char *const roles[] = {"?", "owner", "developer", "both", "profile", "profile", "profile", "profile"};
    id_text(text, c->genesis);
    linux_text_print(text, "  %-9s %6u %6u  ", roles[c->roles & 7], c->count, c->stored);
    date_text(text, c->last_s);
    linux_text_print(text, "  %7lu %7lu\n", c->since, c->grown);
}

static void ledger_tables(struct linux_text *text, const struct ledger_facts *f)
{
    if (f->chain_count > 0) {
        linux_text_print(text, "\n%-16s  %-9s %6s %6s  %-11s %7s %7s\n", "CHAIN", "OF", "HEIGHT", "STORED", "LAST SIGNED", "SINCE", "GROWN");
    }
    for (uint32_t i = 0; i < f->chain_count && i < LEDGER_CHAINS_MAX; i++) {
        chain_line(text, &f->chains[i]);
    }
    if (f->release_count > 0) {
        linux_text_print(text, "\n%-16s  %-16s %6s %7s %7s\n", "PACKAGE", "DEVELOPER", "SEQ", "SINCE", "GROWN");
    }
    for (uint32_t i = 0; i < f->release_count && i < LEDGER_RELEASES_MAX; i++) {
        const struct ledger_release *r = &f->releases[i];
        linux_text_print(text, "%-16s  ", r->name);
        id_text(text, r->developer);
        linux_text_print(text, " %6lu %7lu %7lu\n", r->seq, r->since, r->grown);
    }
    if (f->list_count > 0) {
        linux_text_print(text, "\n%-16s  %-16s %6s %7s %7s\n", "APPROVALS", "OWNER", "LIST", "SINCE", "GROWN");
    }
    for (uint32_t i = 0; i < f->list_count && i < LEDGER_LISTS_MAX; i++) {
        const struct ledger_list *l = &f->lists[i];
        linux_text_print(text, "%-16s  ", "");
        id_text(text, l->owner);
        linux_text_print(text, " %6lu %7lu %7lu\n", l->seq, l->since, l->grown);
    }
}

static void fill_ledger(void *env, struct linux_text *text)
{
    (void)env;
    const struct ledger_facts *f = (const struct ledger_facts *)ledger_facts.addr;
    enum { KIB = 1024 };
    if (__atomic_load_n(&f->is_ready, __ATOMIC_ACQUIRE) == 0) {
        linux_text_print(text, "the ledger is not ready\n");
        return;
    }
    linux_text_print(text, "memory           %s\n", f->sentence);
    if (f->total_bytes == 0) {
        return;
    }
    linux_text_print(text, "changes          %lu\nin use           %lu KiB, %lu KiB free\n", f->changes, f->used_bytes / KIB,
                     (f->total_bytes - f->used_bytes) / KIB);
    linux_text_print(text, "at this start    %lu blocks read, %lu written\n", f->blocks_read, f->blocks_written);
    ledger_tables(text, f);
}

/* ---- /lx/components, /lx/caps -------------------------------------------------------------------------------------------------- */

static void component_line(struct linux_text *text, uint32_t index, const struct desc_component *c)
{
    linux_text_print(text, "%-12s %-7s ", c->name, (c->flags & DESC_TRUSTED) != 0 ? "trusted" : "-");
    if (index == 0) { /* the root task: the kernel starts it, the description does not say how */
        linux_text_print(text, "%4s %18s", "-", "of the kernel");
    } else if ((c->flags & DESC_PASSIVE) != 0) {
        linux_text_print(text, "%4u %18s", c->priority, "of its callers");
    } else {
        linux_text_print(text, "%4u %7lu/%7lu us", c->priority, c->budget_us, c->period_us);
    }
    linux_text_print(text, " %5u  ", c->code_pages);
    for (unsigned i = 0; i < 8; i++) {
        linux_text_print(text, "%02x", c->code_root[i]);
    }
    linux_text_print(text, "  ");
    if (c->restart_max == 0) {
        linux_text_print(text, "never\n");
    } else {
        linux_text_print(text, "%u in %u s\n", c->restart_max, c->restart_period_s);
    }
}

static void fill_components(void *env, struct linux_text *text)
{
    (void)env;
    const struct sysdesc *desc = the_description();
    if (desc == NULL) {
        return;
    }
    linux_text_print(text, "%-12s %-7s %4s %18s %5s  %-16s  %s\n", "COMPONENT", "TRUST", "PRIO", "BUDGET", "PAGES", "CODE ROOT",
                     "RESTARTS");
    for (uint32_t i = 0; i < desc->header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(desc, i, &c);
        component_line(text, i, &c);
    }
}

static void cap_line(struct linux_text *text, const struct sysdesc *desc, const struct desc_component *owner, const struct desc_cap *cap)
{
    struct desc_component target = {0};
    if (sysdesc_cap_has_target(cap->kind)) {
        sysdesc_component(desc, cap->target, &target);
    }
    linux_text_print(text, "%-12s %-24s %s%s%s", owner->name, cap->name, sysdesc_cap_words(cap->kind),
                     target.name[0] != '\0' ? " " : "", target.name);
    if (cap->kind == DESC_CAP_IRQ) {
        struct desc_irq irq;
        sysdesc_irq(desc, cap->target, &irq);
        linux_text_print(text, " %u", irq.number);
    }
    if (cap->count > 1) {
        linux_text_print(text, " (%u)", cap->count);
    }
    linux_text_print(text, "\n");
}

static void fill_caps(void *env, struct linux_text *text)
{
    (void)env;
    const struct sysdesc *desc = the_description();
    if (desc == NULL) {
        return;
    }
    linux_text_print(text, "%-12s %-24s %s\n", "COMPONENT", "SLOT", "MAY USE");
    for (uint32_t i = 0; i < desc->header.component_count; i++) {
        struct desc_component c;
        sysdesc_component(desc, i, &c);
        for (uint32_t j = 0; j < c.cap_count; j++) {
            struct desc_cap cap;
            sysdesc_cap(desc, c.first_cap + j, &cap);
            cap_line(text, desc, &c, &cap);
        }
    }
}

/* ---- /lx/trace: docs/spec/trace.md ----------------------------------------------------------------------------------------------- */

/* A switch says the badge of the thread's faults, which init and the pager choose: there the names come from. */
static void trace_switch(struct linux_text *text, const struct trace_record *r)
{
    bool is_component = (r->kind & BADGE_FAULT >> 56) != 0 && r->number < rt_info_page()->component_count;
    if (r->thread == 0) {
        linux_text_print(text, "switch %08x idle\n", r->thread);
    } else if (is_component) {
        linux_text_print(text, "switch %08x %s\n", r->thread, rt_name(r->number));
    } else if (r->kind != 0) {
        linux_text_print(text, "switch %08x program-%u\n", r->thread, r->number);
    } else { /* nobody hears of its faults: the root task */
        linux_text_print(text, "switch %08x init\n", r->thread);
    }
}

static void trace_line(struct linux_text *text, const struct trace_record *r)
{
    static const char *const entries[] = {"?", "call", "linux", "memory", "exception", "trap", "interrupt", "fpu"};
    uint64_t ns = rt_ticks_to_ns(r->ticks);
    linux_text_print(text, "%lu.%03lu ", ns / 1000, ns % 1000);
    switch (r->what) {
    case TRACE_ENTRY:
        linux_text_print(text, "entry %08x %s", r->thread, entries[r->kind < ARRAY_LEN(entries) ? r->kind : 0]);
        if (r->kind == TRACE_ENTRY_SYSCALL || r->kind == TRACE_ENTRY_FOREIGN) {
            linux_text_print(text, " %d", r->kind == TRACE_ENTRY_SYSCALL ? (int)(int16_t)r->number : (int)r->number);
        }
        linux_text_print(text, "\n");
        break;
    case TRACE_SWITCH:
        trace_switch(text, r);
        break;
    case TRACE_INTERRUPT:
        linux_text_print(text, "interrupt %08x %u\n", r->thread, r->number);
        break;
    case TRACE_FAULT:
        linux_text_print(text, "fault %08x %u\n", r->thread, r->number);
        break;
    case TRACE_FAST:
    case TRACE_EXIT:
        linux_text_print(text, "%s %08x\n", r->what == TRACE_FAST ? "fast" : "exit", r->thread);
        break;
    default:
        linux_text_print(text, "? %08x %u\n", r->thread, r->what);
        break;
    }
}

/* The kernel goes on writing while we copy: what it has written over in the meantime is left out. */
static void fill_trace(void *env, struct linux_text *text)
{
    (void)env;
    static struct trace_record copy[TRACE_RECORDS];
    const struct trace *t = (const struct trace *)trace.addr;
    if (!lx_given(trace) || trace.len_bytes < sizeof *t || t->magic != TRACE_MAGIC) {
        linux_text_print(text, "this kernel writes no trace; one that does: make run TRACE=1\n");
        return;
    }
    uint64_t end = __atomic_load_n(&t->written, __ATOMIC_ACQUIRE);
    memcpy(copy, t->records, sizeof copy);
    uint64_t later = __atomic_load_n(&t->written, __ATOMIC_ACQUIRE);
    for (uint64_t n = later > TRACE_RECORDS ? later - TRACE_RECORDS : 0; n < end; n++) {
        trace_line(text, &copy[n % TRACE_RECORDS]);
    }
}

/* ---- /lx/fs ---------------------------------------------------------------------------------------------------------------------------- */

static void fill_fs(void *env, struct linux_text *text)
{
    (void)env;
    struct fs_status s;
    enum { KIB_A_BLOCK = LXFS_BLOCK_BYTES / 1024 };
    if (!volume_status(&s)) {
        linux_text_print(text, "files are in memory: this system has no volume\n");
        return;
    }
    linux_text_print(text, "%s\n", s.sentence);
    if (s.state != FS_READY) {
        return;
    }
    linux_text_print(text, "size             %lu KiB\nfree             %lu KiB\nfiles            %lu\ngeneration       %lu\n",
                     s.room.block_count * KIB_A_BLOCK, s.room.free_count * KIB_A_BLOCK, s.room.inode_count, s.room.generation);
    linux_text_print(text, "commits          %lu\nsyncs            %lu\nblocks           %lu read, %lu written, %lu flushes\n", s.stats.commits,
                     s.stats.log_groups, s.stats.blocks_read, s.stats.blocks_written, s.stats.flushes);
    linux_text_print(text, "bad blocks       %lu\nbad copies       %lu, %lu repaired from the other\nscrub passes     %lu\n", s.stats.bad_blocks,
                     s.stats.bad_copies, s.stats.repaired_copies, s.scrub_passes);
    if (s.has_damage != 0) {
        linux_text_print(text, "damaged          inode %lu, block %lu of level %u, at %lu of the disk\n", s.damage.inode, s.damage.index,
                         s.damage.level, s.damage.address);
    }
}

/* The chain of the profile on this device, as a file; empty without one. */
static void fill_chain(void *env, struct linux_text *text)
{
    (void)env;
    const struct ledger_own *own = (const struct ledger_own *)own_chain.addr;
    if (!lx_given(own_chain)) {
        return;
    }
    uint32_t version = __atomic_load_n(&own->version, __ATOMIC_ACQUIRE), len = own->len_bytes;
    if (version % 2 == 0 && len <= sizeof own->file) {
        linux_text_put(text, own->file, len); /* who reads it while it changes sees that it does not verify */
    }
}

const struct linux_view views[] = {
    {"ps", fill_ps},   {"verify", fill_verify}, {"scrub", fill_scrub},
    {"mem", fill_mem}, {"caps", fill_caps},     {"components", fill_components}, {"trace", fill_trace},
    {"ledger", fill_ledger}, {"chain", fill_chain}, {"fs", fill_fs},
};
const size_t view_count = ARRAY_LEN(views);
