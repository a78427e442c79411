/* SPDX-License-Identifier: MIT */
/**
 * A bound of a component's stack, from its machine code: how far each function moves the stack pointer down, and who calls
 * whom. The walk stops with a reason where a call goes through a pointer, the stack pointer moves by a register, or functions
 * call each other in a circle. Functions that end the component (a failed assertion, a panic) are counted once, at the end of
 * the longest way, because they may be called from anywhere, themselves included, and never return.
 * Source: Arm ARM DDI 0487 section C4.1 (encodings)
 */
#include <stdio.h>

#include "lxpack.h"

enum { SP = 31, CALLS_MAX = 4096 };

struct node {
    uint64_t frame_bytes;
    uint64_t depth_bytes;
    bool indirect, dynamic;
    bool final; /* ends the component */
};
struct edge {
    size_t from, to;
};
struct graph {
    const struct elf *elf;
    size_t count;
    struct node *nodes;
    size_t edge_count, edge_cap;
    struct edge *edges;
};

static bool find(const struct elf *elf, uint64_t addr, size_t *out)
{
    const struct elf_symbol *f = elf_function(elf, addr);
    *out = f == NULL ? 0 : (size_t)(f - elf->functions);
    return f != NULL;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (int64_t)((value ^ sign)) - (int64_t)sign;
}

/* Bytes by which one instruction lowers the stack pointer; `dynamic` when a register says how far. */
static uint64_t lowers(uint32_t w, bool *dynamic)
{
    uint32_t rn = w >> 5 & 31;
    if ((w & 0xff80001f) == 0xd100001f && rn == SP) { /* sub sp, sp, #imm */
        return (uint64_t)(w >> 10 & 0xfff) << ((w >> 22 & 1) * 12);
    }
    if ((w & 0xffe0001f) == 0xcb20001f && rn == SP) { /* sub sp, sp, register */
        *dynamic = true;
    }
    bool pair_pre_index = (w & 0x3bc00000) == 0x29800000; /* stp, any size, integer or SIMD */
    if (pair_pre_index && rn == SP) {
        bool simd = (w >> 26 & 1) != 0;
        unsigned scale = simd ? 2 + (w >> 30) : ((w >> 31) != 0 ? 3 : 2);
        int64_t offset = sign_extend(w >> 15 & 0x7f, 7) * (1 << scale);
        return offset < 0 ? (uint64_t)-offset : 0;
    }
    bool single_pre_index = (w & 0x3b200c00) == 0x38000c00; /* str or ldr with writeback before */
    if (single_pre_index && rn == SP) {
        int64_t offset = sign_extend(w >> 12 & 0x1ff, 9);
        return offset < 0 ? (uint64_t)-offset : 0;
    }
    return 0;
}

static void add_edge(struct graph *g, size_t from, uint64_t target)
{
    size_t to;
    if (!find(g->elf, target, &to) || to == from || g->nodes[to].final || g->edge_count == g->edge_cap) {
        return;
    }
    g->edges[g->edge_count++] = (struct edge){from, to};
}

static void read_function(struct graph *g, size_t index)
{
    const struct elf_symbol *f = &g->elf->functions[index];
    struct node *n = &g->nodes[index];
    const uint8_t *code = elf_at(g->elf, f->addr, f->len_bytes);
    for (uint64_t at = 0; code != NULL && at + 4 <= f->len_bytes; at += 4) {
        uint32_t w = le32_load(code + at);
        uint64_t pc = f->addr + at;
        n->frame_bytes += lowers(w, &n->dynamic);
        if ((w & 0x7c000000) == 0x14000000) { /* b, bl */
            uint64_t target = pc + (uint64_t)(sign_extend(w & 0x3ffffff, 26) * 4);
            bool inside = target >= f->addr && target - f->addr < f->len_bytes;
            if (!inside) {
                add_edge(g, index, target);
            } else if (w >> 31 != 0) {
                n->dynamic = true; /* calls itself */
            }
        }
        bool blr = (w & 0xfffffc1f) == 0xd63f0000;
        bool tail = (w & 0xfffffc1f) == 0xd61f0000 && ((w >> 5 & 31) == 16 || (w >> 5 & 31) == 17);
        n->indirect |= blr || tail;
    }
}

/* Marks in `reached` what the root calls, directly or not. */
static void reach(const struct graph *g, size_t root, bool *reached)
{
    bool changed = true;
    reached[root] = true;
    for (size_t round = 0; changed && round <= g->count; round++) {
        changed = false;
        for (size_t e = 0; e < g->edge_count; e++) {
            if (reached[g->edges[e].from] && !reached[g->edges[e].to]) {
                reached[g->edges[e].to] = true;
                changed = true;
            }
        }
    }
}

/* The longest way from each function, by relaxation; false when it does not settle, which means a circle. */
static bool settle(struct graph *g, const bool *reached)
{
    for (size_t i = 0; i < g->count; i++) {
        g->nodes[i].depth_bytes = g->nodes[i].frame_bytes;
    }
    for (size_t round = 0; round <= g->count; round++) {
        bool changed = false;
        for (size_t e = 0; e < g->edge_count; e++) {
            struct node *from = &g->nodes[g->edges[e].from];
            uint64_t depth = from->frame_bytes + g->nodes[g->edges[e].to].depth_bytes;
            if (reached[g->edges[e].from] && depth > from->depth_bytes) {
                from->depth_bytes = depth;
                changed = true;
            }
        }
        if (!changed) {
            return true;
        }
    }
    return false;
}

static const char *why_not(const struct graph *g, const bool *reached, const char **function)
{
    for (size_t i = 0; i < g->count; i++) {
        *function = g->elf->functions[i].name;
        if (reached[i] && g->nodes[i].indirect) {
            return "calls through a pointer";
        }
        if (reached[i] && g->nodes[i].dynamic) {
            return "recurses or moves the stack by a register";
        }
    }
    return NULL;
}

static void judge(struct component *c, struct graph *g, size_t root)
{
    bool *reached = zalloc(g->count * sizeof *reached);
    const char *function = "";
    uint64_t end_bytes = 0;
    reach(g, root, reached);
    for (size_t i = 0; i < g->count; i++) {
        if (g->nodes[i].final) {
            reach(g, i, reached);
        }
    }
    const char *why = why_not(g, reached, &function);
    if (why != NULL) {
        snprintf(c->stack_why, sizeof c->stack_why, "%s %s", function, why);
        return;
    }
    if (!settle(g, reached)) {
        (void)copy_string(c->stack_why, sizeof c->stack_why, "functions call each other in a circle");
        return;
    }
    for (size_t i = 0; i < g->count; i++) {
        end_bytes = g->nodes[i].final && g->nodes[i].depth_bytes > end_bytes ? g->nodes[i].depth_bytes : end_bytes;
    }
    c->stack_bound = g->nodes[root].depth_bytes + end_bytes;
}

static bool is_final(const char *name)
{
    static const char *const names[] = {"__stack_chk_fail", "__assert_func", "abort", "rt_panic", "stop"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void stack_bound(struct component *c)
{
    struct graph g = {.elf = &c->elf, .count = c->elf.function_count, .edge_cap = c->elf.function_count * 64 + CALLS_MAX};
    size_t root;
    if (!find(&c->elf, c->elf.entry, &root)) {
        (void)copy_string(c->stack_why, sizeof c->stack_why, "the program has no symbols");
        return;
    }
    g.nodes = zalloc(g.count * sizeof *g.nodes);
    g.edges = zalloc(g.edge_cap * sizeof *g.edges);
    for (size_t i = 0; i < g.count; i++) {
        g.nodes[i].final = is_final(c->elf.functions[i].name);
    }
    for (size_t i = 0; i < g.count; i++) {
        read_function(&g, i);
    }
    judge(c, &g, root);
    if (g.edge_count == g.edge_cap) {
        c->stack_bound = 0;
        (void)copy_string(c->stack_why, sizeof c->stack_why, "the program has too many calls to follow");
    }
    if (c->stack_bound > c->stack_bytes && c->stack_why[0] == '\0') {
        fail("component %s can use %llu bytes of stack and has %llu; give it \"stack %lluK\"", c->name,
             (unsigned long long)c->stack_bound, (unsigned long long)c->stack_bytes,
             (unsigned long long)(align_up(c->stack_bound, PAGE_BYTES) / 1024));
    }
}
