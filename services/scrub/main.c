/* SPDX-License-Identifier: MIT */
/**
 * Scrub: re-verifies memory that is executed or trusted, for as long as the system runs: every verified page of programs, and the
 * code and constants of the kernel and of every component, its own included. See README.md.
 * Owns:   its statistics.    Uses: rt, tree, order, sysdesc, journal; sees all of it read-only.
 * Limits: CODE_PAGES_MAX pages of kernel and components, PAGER_RESIDENT_MAX of programs; its budget stands in the .sys file.
 */
#include "journal.h"
#include "order.h"
#include "proto/pager.h"
#include "proto/scrub.h"
#include "proto/system.h"
#include "rt.h"
#include "sysdesc.h"
#include "tree.h"

LX_VIEW(view);
LX_BLOB(description);
LX_SHARED(residents);
LX_SHARED(pager_facts);
LX_SHARED(info);
LX_SHARED(journal);
LX_NOTIFY(pager);
LX_CALL(system_calls);

enum { CODE_PAGES_MAX = 2048, KERNEL = DESC_COMPONENTS_MAX /* as a component's number: above all of them */ };

/** A page of code or constants, and the leaf that the signed image gives it. */
struct code_page {
    const void *at;
    uint32_t component;
    uint32_t page; /* among the code pages of the component */
    bool lost;     /* of the kernel: it has changed, and was reported */
    struct hash256 leaf;
};

static struct code_page code[CODE_PAGES_MAX];
static uint32_t code_count;
static struct sysdesc desc;
static struct order order;

static struct scrub_info *facts(void)
{
    return (struct scrub_info *)info.addr;
}

static struct journal *notes(void)
{
    return (struct journal *)journal.addr;
}

/* ---- the code of components and kernel -------------------------------------------------------------------------------------------------- */

static uint32_t owner_of_memory(uint64_t memory)
{
    struct desc_component c;
    uint32_t owner = 0;
    sysdesc_component(&desc, owner, &c);
    while (memory >= (uint64_t)c.first_memory + c.memory_count && ++owner < desc.header.component_count) {
        sysdesc_component(&desc, owner, &c);
    }
    return owner;
}

static void add_page(const void *at, uint32_t component, uint32_t page)
{
    if (code_count == CODE_PAGES_MAX) {
        rt_panic("kernel and components have more than %u pages of code", (unsigned)CODE_PAGES_MAX);
    }
    code[code_count++] = (struct code_page){.at = at, .component = component, .page = page};
}

/* The view shows code and constants of every component, in the order of the components, then those of the kernel. */
static void find_pages(void)
{
    struct desc_component self;
    sysdesc_component(&desc, rt_info_page()->component, &self);
    uint32_t owner = UINT32_MAX;
    uint32_t page = 0;
    for (uint32_t i = 0; i < self.memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&desc, self.first_memory + i, &m);
        bool is_view = m.kind == DESC_VIEWED || m.kind == DESC_KERNEL;
        for (uint64_t at = 0; is_view && at < m.len_bytes; at += PAGE_BYTES) {
            uint32_t component = m.kind == DESC_KERNEL ? KERNEL : owner_of_memory(m.source);
            page = component == owner ? page + 1 : 0;
            owner = component;
            add_page((const void *)(m.virt + at), component, page);
        }
    }
}

/*
 * Nobody can make a page of the kernel anew while it runs, and what runs on it cannot be believed to stop it in order. So it is said, once
 * for each page, and the machine's owner decides (docs/design/system.md).
 */
static void report_kernel(struct code_page *p)
{
    if (p->lost) {
        return;
    }
    p->lost = true;
    facts()->detected++;
    facts()->kernel_changed++;
    facts()->last_detected_ticks = rt_ticks();
    journal_write(notes(), rt_ticks(), JOURNAL_CHANGED, "page %u of the kernel's code has changed: restart the machine", p->page);
    rt_log("page %u of the kernel's code has changed: restart the machine", p->page);
}

static void repair_code(const struct code_page *p)
{
    struct message m;
    rt_message(&m, SYSTEM_REPAIR, p->component, p->page);
    if (rt_call(&system_calls, &m) != PROTO_OK) {
        journal_write(notes(), rt_ticks(), JOURNAL_REFUSED,
                      "page %u of the code of %s has changed, and its stored copy does not verify: replace the memory", p->page,
                      rt_name(p->component));
    } else if (m.word[0] != 0) {
        facts()->detected++;
        facts()->repaired++;
        facts()->last_detected_ticks = rt_ticks();
        journal_write(notes(), rt_ticks(), JOURNAL_REPAIRED,
                      "page %u of the code of %s had changed in memory: a verified copy took its place", p->page,
                      rt_name(p->component));
        rt_log("page %u of the code of %s had changed in memory and was repaired", p->page, rt_name(p->component));
    }
}

/* Hashes the pages from `first` on that belong to `n`. @return whether there are `pages`, and they give `wanted`, the signed root. */
static bool learn(uint32_t n, uint32_t first, uint32_t pages, const uint8_t wanted[32], uint32_t *end)
{
    static struct tree_builder builder; /* too large for a frame */
    struct hash256 root;
    uint32_t i = first;
    tree_builder_init(&builder);
    for (; i < code_count && code[i].component == n; i++) {
        tree_leaf(code[i].at, PAGE_BYTES, &code[i].leaf);
        tree_builder_add(&builder, &code[i].leaf);
    }
    tree_builder_root(&builder, &root);
    *end = i;
    return builder.leaf_count == pages && memcmp(root.bytes, wanted, sizeof root.bytes) == 0;
}

static bool learn_component(uint32_t n, uint32_t first, uint32_t *end)
{
    struct desc_component c;
    sysdesc_component(&desc, n, &c);
    return learn(n, first, c.code_pages, c.code_root, end);
}

/* If the root is another one, nobody knows which page has changed since the loader verified it; later changes are found all the same. */
static void learn_kernel(uint32_t first)
{
    uint32_t end;
    if (first < code_count && !learn(KERNEL, first, desc.header.kernel_pages, desc.header.kernel_root, &end)) {
        facts()->detected++;
        facts()->kernel_changed++;
        facts()->last_detected_ticks = rt_ticks();
        journal_write(notes(), rt_ticks(), JOURNAL_CHANGED, "the kernel's code has changed since it was loaded: restart the machine");
        rt_log("the kernel's code has changed since it was loaded: restart the machine");
    }
}

/*
 * Leaves are believed when their root is the one in the signed description. If it is not, a page has changed already, and nobody
 * knows which: all are repaired.
 */
static void learn_leaves(void)
{
    uint32_t end = 0;
    for (uint32_t n = 0, first = 0; n < desc.header.component_count; n++, first = end) {
        if (learn_component(n, first, &end)) {
            continue;
        }
        for (uint32_t i = first; i < end; i++) {
            repair_code(&code[i]);
        }
        if (!learn_component(n, first, &end)) {
            rt_panic("the code of %s does not verify against the signed description", rt_name(n));
        }
    }
    learn_kernel(end);
}

static void check_code(struct code_page *p)
{
    struct hash256 leaf;
    tree_leaf(p->at, PAGE_BYTES, &leaf);
    if (hash256_equal(&leaf, &p->leaf)) {
        return;
    }
    if (p->component == KERNEL) {
        report_kernel(p);
    } else {
        repair_code(p);
    }
}

/* ---- pages of programs ----------------------------------------------------------------------------------------------------------- */

static bool tail_is_zero(const uint8_t *page, size_t len)
{
    uint8_t any = 0;
    for (size_t i = len; i < PAGE_BYTES; i++) {
        any = (uint8_t)(any | page[i]);
    }
    return any == 0;
}

/* The pager hashes the page once more itself, and repairs it. It comes before us, so the answer is there at once. */
static enum recheck_answer recheck(uint32_t index)
{
    static uint32_t number;
    const struct pager_info *p = (const struct pager_info *)pager_facts.addr;
    number++;
    __atomic_store_n(&facts()->question, recheck_word(number, index), __ATOMIC_RELEASE);
    rt_signal(pager.notify);
    uint64_t answer;
    while ((answer = __atomic_load_n(&p->answer, __ATOMIC_ACQUIRE)) >> 32 != number) {
        sys_yield();
    }
    return (enum recheck_answer)(uint32_t)answer;
}

/* @return false when the page is not resident, and nothing was checked. */
static bool check_resident(uint32_t index)
{
    const struct pager_resident *r = (const struct pager_resident *)residents.addr + index;
    uint32_t generation = __atomic_load_n(&r->generation, __ATOMIC_ACQUIRE);
    if (generation == 0) {
        return false;
    }
    const uint8_t *page = (const uint8_t *)(PAGER_OBJECTS + (uint64_t)index * PAGE_BYTES);
    size_t len = r->len_bytes;
    struct hash256 leaf;
    struct hash256 expected;
    memcpy(expected.bytes, r->leaf, sizeof expected.bytes);
    if (len == 0 || len > PAGE_BYTES) {
        rt_panic("the pager lists a page of %lu bytes", (unsigned long)len);
    }
    tree_leaf(page, len, &leaf);
    if (hash256_equal(&leaf, &expected) && tail_is_zero(page, len)) {
        return true;
    }
    if (__atomic_load_n(&r->generation, __ATOMIC_ACQUIRE) != generation) {
        return true; /* it was replaced while we looked */
    }
    enum recheck_answer answer = recheck(index);
    if (answer != RECHECK_UNCHANGED) {
        facts()->detected++;
        facts()->repaired += answer == RECHECK_REPAIRED;
        facts()->last_detected_ticks = rt_ticks();
        rt_log("a page of program code (%u) had changed in memory and %s", index, answer == RECHECK_REPAIRED ? "was repaired" : "is gone");
    }
    return true;
}

/* ---- for ever ------------------------------------------------------------------------------------------------------------------------ */

static void pass(void)
{
    const struct pager_info *p = (const struct pager_info *)pager_facts.addr;
    uint64_t indices = __atomic_load_n(&p->indices, __ATOMIC_ACQUIRE);
    uint32_t resident_count = indices < PAGER_RESIDENT_MAX ? (uint32_t)indices : PAGER_RESIDENT_MAX;
    uint64_t start = rt_ticks();
    uint64_t pages = 0;
    uint32_t n;
    order_begin(&order, code_count + resident_count);
    while (order_next(&order, &n)) {
        if (n < code_count) {
            check_code(&code[n]);
            pages++;
            facts()->pages_checked++;
        } else if (check_resident(n - code_count)) {
            pages++;
            facts()->pages_checked++;
        }
    }
    facts()->pages = pages;
    facts()->pass_ticks = rt_ticks() - start;
    __atomic_store_n(&facts()->passes, facts()->passes + 1, __ATOMIC_RELEASE);
}

void init(void)
{
    if (sysdesc_open((const void *)description.addr, description.len_bytes, &desc) != NULL) {
        rt_panic("the system description cannot be read");
    }
    order_init(&order, rt_info_page()->seed);
    find_pages();
    learn_leaves();
    for (;;) { /* the budget decides how often */
        pass();
    }
}
