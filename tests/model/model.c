/* SPDX-License-Identifier: MIT */
/** The model: see model.h. */
#include "model.h"

/* ---- the tree -------------------------------------------------------------------------------------------------------------------- */

bool model_is_descendant(const struct model *m, int of, int slot)
{
    for (int s = m->slot[slot].parent; s >= 0; s = m->slot[s].parent) {
        if (s == of) {
            return true;
        }
    }
    return false;
}

static bool has_children(const struct model *m, int slot)
{
    for (int s = 0; s < MODEL_SLOTS; s++) {
        if (m->slot[s].kind != MODEL_NOTHING && m->slot[s].parent == slot) {
            return true;
        }
    }
    return false;
}

static void children_get_parent(struct model *m, int old, int parent)
{
    for (int s = 0; s < MODEL_SLOTS; s++) {
        if (m->slot[s].kind != MODEL_NOTHING && m->slot[s].parent == old) {
            m->slot[s].parent = parent;
        }
    }
}

static bool is_empty(const struct model *m, int slot)
{
    return m->slot[slot].kind == MODEL_NOTHING;
}

static unsigned rights_of(enum model_kind kind)
{
    switch (kind) {
    case MODEL_ENDPOINT:
        return MODEL_ALL;
    case MODEL_NOTIFICATION:
    case MODEL_FRAME:
        return MODEL_READ | MODEL_WRITE;
    case MODEL_REPLY:
        return MODEL_GRANT;
    case MODEL_NOTHING:
    case MODEL_UNTYPED:
    case MODEL_CNODE:
    case MODEL_TCB:
        break;
    }
    return 0;
}

static bool takes_badge(enum model_kind kind)
{
    return kind == MODEL_ENDPOINT || kind == MODEL_NOTIFICATION;
}

/* ---- copies ------------------------------------------------------------------------------------------------------------------------ */

static bool set_guard(struct model_slot *s, uint64_t data)
{
    unsigned bits = data % 64;
    if (bits + s->bits > 64) {
        return false;
    }
    s->guard_bits = bits;
    s->guard = data / 64;
    for (unsigned i = 63; i >= bits && i > 0; i--) { /* as many bits as the guard is long */
        s->guard &= ~(1ull << i);
    }
    if (bits == 0) {
        s->guard = 0;
    }
    return true;
}

static enum model_error derive(struct model *m, int to, int from, unsigned rights, bool with_data, uint64_t data)
{
    if (!is_empty(m, to)) {
        return MODEL_FILLED;
    }
    if (is_empty(m, from)) {
        return MODEL_EMPTY;
    }
    struct model_slot copy = m->slot[from];
    copy.rights &= rights;
    copy.original = false;
    copy.parent = m->slot[from].original ? from : m->slot[from].parent;
    if (with_data && takes_badge(copy.kind)) {
        if (copy.badge != 0) {
            return MODEL_ILLEGAL;
        }
        copy.badge = data;
        copy.original = data != 0; /* a badge makes something new of it */
    } else if (with_data && copy.kind == MODEL_CNODE && !set_guard(&copy, data)) {
        return MODEL_ILLEGAL;
    }
    if (copy.kind == MODEL_UNTYPED) {
        if (has_children(m, from)) {
            return MODEL_REVOKE_FIRST;
        }
        copy.original = true;
        m->slot[from].used = 1ull << copy.bits; /* the copy hands it out from now on */
    }
    m->slot[to] = copy;
    return MODEL_DONE;
}

enum model_error model_copy(struct model *m, int to, int from, unsigned rights)
{
    return derive(m, to, from, rights, false, 0);
}

enum model_error model_mint(struct model *m, int to, int from, unsigned rights, uint64_t data)
{
    return derive(m, to, from, rights, true, data);
}

static enum model_error move(struct model *m, int to, int from, bool with_data, uint64_t data)
{
    if (!is_empty(m, to)) {
        return MODEL_FILLED;
    }
    if (is_empty(m, from)) {
        return MODEL_EMPTY;
    }
    struct model_slot moved = m->slot[from];
    if (with_data && (takes_badge(moved.kind) || (moved.kind == MODEL_CNODE && !set_guard(&moved, data)))) {
        return MODEL_ILLEGAL;
    }
    m->slot[to] = moved;
    m->slot[from] = (struct model_slot){.kind = MODEL_NOTHING};
    children_get_parent(m, from, to);
    return MODEL_DONE;
}

enum model_error model_move(struct model *m, int to, int from)
{
    return move(m, to, from, false, 0);
}

enum model_error model_mutate(struct model *m, int to, int from, uint64_t data)
{
    return move(m, to, from, true, data);
}

/* ---- ends -------------------------------------------------------------------------------------------------------------------------- */

enum model_error model_delete(struct model *m, int slot)
{
    if (!is_empty(m, slot)) {
        children_get_parent(m, slot, m->slot[slot].parent);
        m->slot[slot] = (struct model_slot){.kind = MODEL_NOTHING};
    }
    return MODEL_DONE;
}

enum model_error model_revoke(struct model *m, int slot)
{
    bool below[MODEL_SLOTS];
    for (int s = 0; s < MODEL_SLOTS; s++) {
        below[s] = !is_empty(m, s) && model_is_descendant(m, slot, s);
    }
    for (int s = 0; s < MODEL_SLOTS; s++) {
        if (below[s]) {
            m->slot[s] = (struct model_slot){.kind = MODEL_NOTHING};
        }
    }
    return MODEL_DONE;
}

/* ---- untyped ----------------------------------------------------------------------------------------------------------------------- */

enum model_error model_retype(struct model *m, int untyped, enum model_kind kind, unsigned size, unsigned bits, int to, int count)
{
    for (int i = 0; i < count; i++) {
        if (!is_empty(m, to + i)) {
            return MODEL_FILLED;
        }
    }
    struct model_slot *u = &m->slot[untyped];
    uint64_t object = 1ull << bits;
    uint64_t end = u->address + (1ull << u->bits);
    uint64_t start = u->address + (has_children(m, untyped) ? u->used : 0);
    while (start % object != 0) {
        start++;
    }
    for (int i = 0; i < count; i++) {
        if (start + (uint64_t)(i + 1) * object > end) {
            return MODEL_NO_MEMORY;
        }
    }
    for (int i = 0; i < count; i++) {
        m->slot[to + i] = (struct model_slot){.kind = kind, .address = start, .bits = size, .rights = rights_of(kind),
                                              .original = true, .parent = untyped};
        start += object;
    }
    u->used = start - u->address;
    return MODEL_DONE;
}

/* ---- refills ------------------------------------------------------------------------------------------------------------------------- */

static struct model_refill take_first(struct model_budget *b)
{
    struct model_refill first = b->refill[0];
    for (int i = 1; i < b->count; i++) {
        b->refill[i - 1] = b->refill[i];
    }
    b->count--;
    return first;
}

/* What was used comes back: as a refill of its own, if it does not touch the last one and there is room; else with the last
   one, and then no part of it earlier than it should. */
static void comes_back(struct model_budget *b, uint64_t time, uint64_t amount)
{
    struct model_refill *last = &b->refill[b->count - 1];
    bool touches = time <= last->time + last->amount;
    if (!touches && b->count < b->count_max) {
        b->refill[b->count] = (struct model_refill){time, amount};
        b->count++;
        return;
    }
    if (!touches) {
        last->time = time - last->amount;
    }
    last->amount += amount;
}

void model_budget_new(struct model_budget *b, int count_max, uint64_t budget, uint64_t period, uint64_t now)
{
    b->count = 1;
    b->count_max = count_max;
    b->budget = budget;
    b->period = period;
    b->refill[0] = (struct model_refill){now, budget};
}

void model_budget_update(struct model_budget *b, int count_max, uint64_t budget, uint64_t period, uint64_t now)
{
    uint64_t time = b->refill[0].time > now ? b->refill[0].time : now;
    uint64_t amount = b->refill[0].amount;
    if (period == 0 || amount > budget) {
        amount = budget;
    }
    model_budget_new(b, count_max, budget, period, time);
    b->refill[0].amount = amount;
    if (amount < budget) {
        comes_back(b, time + period, budget - amount);
    }
}

void model_budget_charge(struct model_budget *b, uint64_t usage)
{
    uint64_t whole = usage / b->budget;
    usage = usage % b->budget;
    uint64_t most = (1ull << 60) / b->period; /* times stay far below the end of time */
    for (int i = 0; i < b->count; i++) {
        b->refill[i].time += (whole < most ? whole : most) * b->period;
    }
    while (b->count > 1 && usage >= b->refill[0].amount) {
        struct model_refill first = take_first(b);
        usage -= first.amount;
        comes_back(b, first.time + b->period, first.amount);
    }
    if (usage > 0) {
        uint64_t time = b->refill[0].time;
        b->refill[0].time += usage;
        b->refill[0].amount -= usage;
        comes_back(b, time + b->period, usage);
    }
    while (b->refill[0].amount < b->amount_min) { /* too little to run with: it waits for the next one */
        struct model_refill first = take_first(b);
        b->refill[0].time -= first.amount;
        b->refill[0].amount += first.amount;
    }
}

void model_budget_unblock(struct model_budget *b, uint64_t now)
{
    if (b->period == 0 || b->refill[0].time > now) {
        return;
    }
    b->refill[0].time = now;
    while (b->count > 1 && b->refill[1].time <= now + b->refill[0].amount) {
        struct model_refill first = take_first(b);
        b->refill[0].time = now;
        b->refill[0].amount += first.amount;
    }
}
