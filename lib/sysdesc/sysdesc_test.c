/* SPDX-License-Identifier: MIT */
/** Shows that a good description opens and reads back, and that each rule refuses a description that breaks it alone. */
#include "sysdesc.h"
#include "unit.h"

/** A small good system: init, a trusted core component, a service that it handles the faults of. */
struct system {
    struct desc_header h;
    struct desc_component c[3];
    struct desc_memory m[13];
    struct desc_share s[1];
    struct desc_irq q[1];
    struct desc_cap p[6];
    struct desc_watch w[1];
};
enum { SYSTEM_BYTES = offsetof(struct system, w) + sizeof(struct desc_watch) }; /* without the padding at the end */
static struct system good;
static struct system bad;

static struct desc_memory memory(const char *name, uint8_t kind, uint64_t virt, uint64_t len, uint8_t rights)
{
    struct desc_memory m = {.virt = virt, .len_bytes = len, .kind = kind, .rights = rights, .page_bits = 12};
    (void)copy_string(m.name, sizeof m.name, name);
    return m;
}

static void make_component(uint32_t i, const char *name, uint16_t first_memory, uint16_t memories, uint16_t first_cap, uint16_t caps)
{
    struct desc_component *c = &good.c[i];
    (void)copy_string(c->name, sizeof c->name, name);
    *c = (struct desc_component){.priority = 100, .cspace_bits = 4, .budget_us = 1000, .period_us = 5000, .entry = 0x400000,
                                 .code_pages = 1, .first_memory = first_memory, .memory_count = memories,
                                 .first_cap = first_cap, .cap_count = caps, .stack_top = 0x10003000,
                                 .ipc_buffer = 0x10004000, .info = 0x10006000};
    (void)copy_string(c->name, sizeof c->name, name);
}

static struct desc_cap cap(uint8_t kind, uint32_t slot, uint16_t target)
{
    struct desc_cap p = {.slot = slot, .count = 1, .target = target, .kind = kind, .name = "cap"};
    return p;
}

static void make_good(void)
{
    memset(&good, 0, sizeof good);
    good.h = (struct desc_header){.magic = "LXSYSTM", .version = DESC_VERSION, .total_bytes = SYSTEM_BYTES, .component_count = 3,
                                  .memory_count = 13, .kernel_pages = 3, .share_count = 1, .irq_count = 1, .cap_count = 6, .watch_count = 1,
                                  .name = "test", .bundle_bytes = 0x10000};
    good.h.magic[7] = '1';
    make_component(0, "init", 0, 1, 0, 0);
    memset(good.h.kernel_root, 0x4b, sizeof good.h.kernel_root);
    make_component(1, "core", 1, 7, 0, 3);
    make_component(2, "service", 8, 5, 3, 3);
    good.c[1].flags = DESC_TRUSTED;
    good.c[2].fault_handler = 1;
    good.c[2].restart_max = 3;
    good.c[2].restart_period_s = 60;
    good.m[0] = memory("code", DESC_CODE, 0x400000, 0x1000, 5);
    good.m[0].init_bytes = 0x1000;
    for (uint32_t k = 1; k <= 8; k += 7) {
        good.m[k] = good.m[0];
        good.m[k + 1] = memory("stack", DESC_STACK, 0x10001000, 0x2000, 3);
        good.m[k + 2] = memory("ipc", DESC_IPC_BUFFER, 0x10004000, 0x1000, 3);
        good.m[k + 3] = memory("info", DESC_INFO_PAGE, 0x10006000, 0x1000, 1);
        good.m[k + 4] = memory("ring", DESC_SHARED, 0x10200000, 0x200000, k == 1 ? 3 : 1);
        good.m[k + 4].page_bits = 21;
    }
    good.m[6] = memory("view", DESC_VIEWED, 0x20000000, 0x1000, 1);
    good.m[6].source = 8;
    good.m[7] = memory("view", DESC_KERNEL, 0x20001000, 0x3000, 1);
    good.s[0] = (struct desc_share){.name = "ring", .len_bytes = 0x200000, .page_bits = 21};
    good.q[0] = (struct desc_irq){.number = 33, .component = 2, .bit = 3};
    good.p[0] = cap(DESC_CAP_INBOX, 1, 1);
    good.p[0].rights = 15;
    good.p[1] = cap(DESC_CAP_TCB, 2, 2);
    good.p[2] = cap(DESC_CAP_FRAMES, 3, 0);
    good.p[2].badge = 0x2000;
    good.p[2].count = 5;
    good.p[3] = cap(DESC_CAP_INBOX, 1, 1);
    good.p[3].rights = 9;
    good.p[4] = cap(DESC_CAP_IRQ, 2, 0);
    good.p[5] = cap(DESC_CAP_REPLY, 3, 0);
    good.p[5].count = 13;
    good.w[0] = (struct desc_watch){.target = 2, .watcher = 1, .bit = 5};
}

static const char *open_bad(void)
{
    struct sysdesc d;
    return sysdesc_open(&bad, SYSTEM_BYTES, &d);
}

static void a_good_one_opens_and_reads_back(void)
{
    struct sysdesc d;
    static uint8_t padded[8192];
    make_good();
    CHECK(sysdesc_open(&good, SYSTEM_BYTES, &d) == NULL);
    struct desc_component c;
    struct desc_memory m;
    struct desc_share s;
    struct desc_irq q;
    struct desc_cap p;
    struct desc_watch w;
    sysdesc_component(&d, 2, &c);
    sysdesc_memory(&d, 12, &m);
    sysdesc_share(&d, 0, &s);
    sysdesc_irq(&d, 0, &q);
    sysdesc_cap(&d, 5, &p);
    sysdesc_watch(&d, 0, &w);
    CHECK(strcmp(c.name, "service") == 0 && m.kind == DESC_SHARED && s.page_bits == 21 && q.number == 33 && p.count == 13);
    CHECK_EQ(w.bit, 5);
    memcpy(padded, &good, SYSTEM_BYTES);
    CHECK(sysdesc_open(padded, sizeof padded, &d) == NULL);
    padded[sizeof padded - 1] = 1;
    CHECK(sysdesc_open(padded, sizeof padded, &d) != NULL);
    for (size_t len = 0; len < SYSTEM_BYTES; len++) {
        CHECK(sysdesc_open(&good, len, &d) != NULL);
    }
}

#define BREAKS(change, words)                                                                                          \
    do {                                                                                                               \
        make_good();                                                                                                   \
        bad = good;                                                                                                    \
        bad.change;                                                                                                    \
        const char *why = open_bad();                                                                                  \
        if (why == NULL || strstr(why, words) == NULL) {                                                               \
            printf("# %s: %s\n", #change, why == NULL ? "accepted" : why);                                             \
        }                                                                                                              \
        CHECK(why != NULL && strstr(why, words) != NULL);                                                              \
    } while (0)

static void headers_are_checked(void)
{
    BREAKS(h.magic[0] = 'M', "no system description");
    BREAKS(h.version = 1, "no system description");
    BREAKS(h.total_bytes -= 1, "do not add up");
    BREAKS(h.component_count = 0, "breaks a limit");
    BREAKS(h.component_count = DESC_COMPONENTS_MAX + 1, "breaks a limit");
    BREAKS(h.memory_count = DESC_MEMORIES_MAX + 1, "breaks a limit");
    BREAKS(h.memory_count = 12, "do not add up");
    BREAKS(h.kernel_pages = DESC_CODE_PAGES_MAX + 1, "breaks a limit");
    BREAKS(h.kernel_pages = 0, "root over no page");
    BREAKS(h.bundle_bytes = 1, "breaks a limit");
    BREAKS(h.name[0] = '\0', "breaks a limit");
    BREAKS(h.name[23] = 'x', "breaks a limit");
}

static void components_are_checked(void)
{
    BREAKS(c[1].flags = 4, "unknown flag");
    BREAKS(c[2].name[0] = '/', "bad or taken");
    BREAKS(c[2] = bad.c[1], "bad or taken");
    BREAKS(c[1].cspace_bits = 0, "capability space");
    BREAKS(c[1].cspace_bits = 17, "capability space");
    BREAKS(c[2].fault_handler = 2, "fault handler");
    BREAKS(c[2].fault_handler = 9, "fault handler");
    BREAKS(c[0].fault_handler = 1, "fault handler");
    BREAKS(c[2].restart_max = 17, "restart policy");
    BREAKS(c[2].restart_period_s = 0, "restart policy");
    BREAKS(c[2].fault_handler = 0, "restart policy");
    BREAKS(c[1].budget_us = 0, "budget");
    BREAKS(c[1].budget_us = 5001, "budget");
    BREAKS(c[1].period_us = 1000000001, "budget");
    BREAKS(c[1].first_memory = 2, "do not follow");
    BREAKS(c[2].memory_count = 4, "belongs to no component");
    BREAKS(c[2].cap_count = 2, "belongs to no component");
    BREAKS(c[2].memory_count = 6, "do not follow");
    BREAKS(c[1].entry = 0x401000, "no code at its entry");
    BREAKS(c[1].entry = 0x400002, "no code at its entry");
    BREAKS(c[1].stack_top = 0x10002000, "lacks a stack");
    BREAKS(c[1].ipc_buffer = 0x10005000, "lacks a stack");
    BREAKS(c[1].info = 0, "lacks a stack");
    BREAKS(c[1].code_pages = 2, "number of code pages");
}

static void memories_are_checked(void)
{
    BREAKS(m[1].kind = 0, "unknown kind");
    BREAKS(m[1].kind = DESC_MEMORY_KIND_END, "unknown kind");
    BREAKS(m[1].page_bits = 13, "unknown kind");
    BREAKS(m[1].name[0] = ' ', "unknown kind");
    BREAKS(m[1].virt = 0, "outside the address space");
    BREAKS(m[1].virt = SYSDESC_USER_END, "outside the address space");
    BREAKS(m[1].virt = 0x400001, "outside the address space");
    BREAKS(m[1].len_bytes = 0, "outside the address space");
    BREAKS(m[1].len_bytes = UINT64_MAX - 4095, "outside the address space");
    BREAKS(m[1].rights = 7, "other rights");
    BREAKS(m[1].rights = 3, "other rights");
    BREAKS(m[2].rights = 5, "other rights");
    BREAKS(m[2].virt = 0x400000, "overlap");
    BREAKS(m[2].flags = DESC_CONTIGUOUS, "flags");
    BREAKS(m[5].flags = 2, "flags");
    BREAKS(m[5].published = 1, "flags");
    BREAKS(m[2].init_bytes = 0x1000, "initial bytes");
    BREAKS(m[3].len_bytes = 0x2000, "size");
    BREAKS(m[1].source = 0x10000, "does not have");
    BREAKS(m[1].source = 0x800, "does not have");
    BREAKS(m[1].init_bytes = 0, "does not have");
    BREAKS(m[5].source = 1, "not there");
    BREAKS(m[5].len_bytes = 0x400000, "differs from its share");
    BREAKS(m[6].source = 13, "not there");
    BREAKS(m[6].source = 9, "not code");
    BREAKS(m[7].source = 1, "another part of the kernel");
    BREAKS(m[7].len_bytes = 0x2000, "another part of the kernel");
    BREAKS(m[7].rights = 3, "other rights");
    BREAKS(m[7].kind = DESC_TRACE; bad.m[7].source = 1, "needs none");
    BREAKS(m[7].kind = DESC_TRACE; bad.m[7].rights = 3, "other rights");
    BREAKS(h.kernel_pages = 2, "another part of the kernel");
    BREAKS(m[2].source = 1, "needs none");
    BREAKS(s[0].page_bits = 12, "differs from its share");
    BREAKS(s[0].len_bytes = 0x1000, "bad name or size");
    BREAKS(s[0].reserved[2] = 1, "bad name or size");
}

static void capabilities_are_checked(void)
{
    BREAKS(p[0].kind = 0, "unknown kind");
    BREAKS(p[0].kind = DESC_CAP_KIND_END, "unknown kind");
    BREAKS(p[0].rights = 16, "unknown kind");
    BREAKS(p[0].target = 3, "not there");
    BREAKS(p[0].count = 0, "count");
    BREAKS(p[0].count = 2, "count");
    BREAKS(p[1].slot = 1, "share a slot");
    BREAKS(p[0].slot = 0, "share a slot");
    BREAKS(p[5].count = 14, "outside its capability space");
    BREAKS(p[5].count = UINT32_MAX, "outside its capability space");
    BREAKS(p[3].rights = 10, "authority over others");
    BREAKS(p[4].kind = DESC_CAP_SCHED_CONTROL, "authority over others");
    BREAKS(p[3].kind = DESC_CAP_TCB, "authority over others");
    BREAKS(p[3].kind = DESC_CAP_VSPACE, "authority over others");
    BREAKS(p[1].target = 0, "root task's own");
    BREAKS(p[4].target = 1, "interrupt that is not there");
    BREAKS(q[0].component = 1, "another component than its signal");
    BREAKS(p[2].count = 15, "bundle does not have");
    BREAKS(p[2].badge = 0x2001, "bundle does not have");
    BREAKS(q[0].number = 15, "cannot be");
    BREAKS(q[0].bit = 61, "cannot be");
    BREAKS(q[0].component = 0, "cannot be");
    BREAKS(w[0].target = 3, "watch");
    BREAKS(w[0].watcher = 0, "watch");
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"sysdesc: a good description opens and reads back", a_good_one_opens_and_reads_back},
        {"sysdesc: headers are checked", headers_are_checked},
        {"sysdesc: components are checked", components_are_checked},
        {"sysdesc: memories are checked", memories_are_checked},
        {"sysdesc: capabilities are checked", capabilities_are_checked},
    };
    return UNIT_MAIN(cases);
}
