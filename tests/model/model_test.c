/* SPDX-License-Identifier: MIT */
/**
 * Shows that the kernel and the model do the same: random operations on both, compared after each. MODEL_TEST_SEEDS says how many
 * seeds (default 400); a seed that differs is printed.
 */
#include <stdlib.h>

#include "arch.h"
#include "check/world.h"
#include "model.h"
#include "object/cspace.h"
#include "sched/refill.h"
#include "unit.h"

#define LIST(...) ((const uint64_t[]){__VA_ARGS__})
enum { ROOTS = 4, STEPS = 400 };

static uint64_t random_state;
static unsigned long steps_compared;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static unsigned seeds(void)
{
    const char *wanted = getenv("MODEL_TEST_SEEDS");
    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : 400;
}

/* ---- derivation and untyped ----------------------------------------------------------------------------------------------------------- */

/* Slots of the model: first the four untypeds of the world, then those that it leaves free. */
static unsigned place(int slot)
{
    return slot < ROOTS ? WORLD_UNTYPED + (unsigned)slot : WORLD_FREE + (unsigned)slot - ROOTS;
}

static enum model_kind kind_of(enum cap_type type)
{
    static const enum model_kind kinds[CAP_TYPE_MASK + 1] = {
        [CAP_UNTYPED] = MODEL_UNTYPED, [CAP_ENDPOINT] = MODEL_ENDPOINT, [CAP_NOTIFICATION] = MODEL_NOTIFICATION,
        [CAP_REPLY] = MODEL_REPLY,     [CAP_CNODE] = MODEL_CNODE,       [CAP_TCB] = MODEL_TCB,
        [CAP_FRAME] = MODEL_FRAME,
    };
    return kinds[type];
}

static unsigned rights_of(struct cap c)
{
    bool frame = cap_type(c) == CAP_FRAME;
    unsigned rights = 0;
    rights |= cap_has(c, frame ? FRAME_CAN_WRITE : RIGHT_SEND) ? (unsigned)MODEL_WRITE : 0;
    rights |= cap_has(c, frame ? FRAME_CAN_READ : RIGHT_RECEIVE) ? (unsigned)MODEL_READ : 0;
    rights |= !frame && cap_has(c, RIGHT_GRANT) ? (unsigned)MODEL_GRANT : 0;
    rights |= !frame && cap_has(c, RIGHT_GRANT_REPLY) ? (unsigned)MODEL_GRANT_REPLY : 0;
    return rights;
}

static bool has_rights(enum model_kind kind)
{
    return kind == MODEL_ENDPOINT || kind == MODEL_NOTIFICATION || kind == MODEL_REPLY || kind == MODEL_FRAME;
}

static bool same_slot(const struct model_slot *m, const struct slot *s)
{
    struct cap c = s->cap;
    if (kind_of(cap_type(c)) != m->kind || (m->kind == MODEL_NOTHING && cap_type(c) != CAP_NULL)) {
        return false;
    }
    switch (m->kind) {
    case MODEL_NOTHING:
        return true;
    case MODEL_UNTYPED:
        return cap_address(c) == m->address && cap_bits(c) == m->bits && cap_untyped_used(c) == m->used;
    case MODEL_CNODE:
        return cap_address(c) == m->address && cap_bits(c) == m->bits && cap_cnode_guard(c) == m->guard &&
               cap_cnode_guard_bits(c) == m->guard_bits;
    case MODEL_ENDPOINT:
    case MODEL_NOTIFICATION:
        if (cap_badge(c) != m->badge) {
            return false;
        }
        break;
    case MODEL_REPLY:
    case MODEL_TCB:
    case MODEL_FRAME:
        break;
    }
    return cap_address(c) == m->address && (!has_rights(m->kind) || rights_of(c) == m->rights);
}

/* The kernel's descendants stand behind a slot in its list; the model's have it above them. */
static bool same_descendants(const struct model *m, int of)
{
    bool below[MODEL_SLOTS] = {false};
    const struct slot *parent = world_slot(place(of));
    for (const struct slot *s = slot_next(parent); s != NULL && slot_is_parent_of(parent, s); s = slot_next(s)) {
        int found = 0;
        while (found < MODEL_SLOTS && world_slot(place(found)) != s) {
            found++;
        }
        if (found == MODEL_SLOTS) {
            return false;
        }
        below[found] = true;
    }
    for (int s = 0; s < MODEL_SLOTS; s++) {
        if (m->slot[s].kind != MODEL_NOTHING && below[s] != model_is_descendant(m, of, s)) {
            return false;
        }
    }
    return true;
}

static bool agree(const struct model *m)
{
    for (int s = 0; s < MODEL_SLOTS; s++) {
        if (!same_slot(&m->slot[s], world_slot(place(s))) ||
            (m->slot[s].kind != MODEL_NOTHING && !same_descendants(m, s))) {
            return false;
        }
    }
    return true;
}

static uint64_t cnode(uint64_t label, unsigned words, const uint64_t *word)
{
    return world_invoke(seL4_CapInitThreadCNode, label, words, word, 1, world_root_cnode);
}

static enum model_error error_of(uint64_t error)
{
    switch (error) {
    case seL4_NoError:
        return MODEL_DONE;
    case seL4_DeleteFirst:
        return MODEL_FILLED;
    case seL4_FailedLookup:
        return MODEL_EMPTY;
    case seL4_RevokeFirst:
        return MODEL_REVOKE_FIRST;
    case seL4_NotEnoughMemory:
        return MODEL_NO_MEMORY;
    default:
        return MODEL_ILLEGAL;
    }
}

/* How often each operation had each outcome: an operation that always fails shows nothing. */
enum { COPY, MINT, MOVE, MUTATE, DELETE, REVOKE, RETYPE, OPERATIONS };
static unsigned long outcomes[OPERATIONS][MODEL_NO_MEMORY + 1];

static bool same_outcome(unsigned operation, uint64_t error, enum model_error expected)
{
    outcomes[operation][expected]++;
    return error_of(error) == expected;
}

static bool retype(struct model *m, int untyped)
{
    static const struct {
        enum model_kind kind;
        unsigned type;
        unsigned bits;      /* of the object, over its size */
        unsigned size_min;  /* that user level chooses; 0: none */
        unsigned size_span;
    } makes[] = {
        {MODEL_UNTYPED, seL4_UntypedObject, 0, 4, 10}, {MODEL_ENDPOINT, seL4_EndpointObject, 4, 0, 1},
        {MODEL_NOTIFICATION, seL4_NotificationObject, 6, 0, 1}, {MODEL_REPLY, seL4_ReplyObject, 5, 0, 1},
        {MODEL_CNODE, seL4_CapTableObject, 5, 1, 5}, {MODEL_TCB, seL4_TCBObject, 11, 0, 1},
        {MODEL_FRAME, seL4_ARM_SmallPageObject, 12, 0, 1},
    };
    unsigned which = draw(ARRAY_LEN(makes));
    unsigned size = makes[which].size_min + draw(makes[which].size_span);
    int count = 1 + (int)draw(4);
    int to = ROOTS + (int)draw(MODEL_SLOTS - ROOTS - 4);
    if (m->slot[untyped].kind != MODEL_UNTYPED) {
        return true;
    }
    unsigned kept = makes[which].kind == MODEL_UNTYPED || makes[which].kind == MODEL_CNODE ? size : 0;
    enum model_error expected = model_retype(m, untyped, makes[which].kind, kept, makes[which].bits + size, to, count);
    uint64_t error = world_invoke(place(untyped), seL4_UntypedRetype, 6,
                                  LIST(makes[which].type, size, 0, 0, place(to), (uint64_t)count), 1, world_root_cnode);
    return same_outcome(RETYPE, error, expected);
}

/* One random operation on both. @return whether they say the same of it. */
static bool step(struct model *m)
{
    int from = (int)draw(MODEL_SLOTS);
    int to = (int)draw(MODEL_SLOTS);
    for (unsigned i = 0; i < 4 && m->slot[from].kind == MODEL_NOTHING; i++) { /* mostly one that is there */
        from = (int)draw(MODEL_SLOTS);
    }
    uint64_t rights = draw(MODEL_ALL + 1) | (draw(2) == 0 ? (unsigned)MODEL_ALL : 0);
    uint64_t data = draw(3) == 0 ? draw(5) : draw(64) | (uint64_t)draw(1 << 20) << 6;
    switch (draw(16)) {
    case 0:
    case 1:
    case 2:
        return same_outcome(COPY, cnode(seL4_CNodeCopy, 5, LIST(place(to), 64, place(from), 64, rights)),
                            model_copy(m, to, from, (unsigned)rights));
    case 3:
    case 4:
    case 5:
    case 6:
        return same_outcome(MINT, cnode(seL4_CNodeMint, 6, LIST(place(to), 64, place(from), 64, rights, data)),
                            model_mint(m, to, from, (unsigned)rights, data));
    case 7:
        return same_outcome(MOVE, cnode(seL4_CNodeMove, 4, LIST(place(to), 64, place(from), 64)), model_move(m, to, from));
    case 8:
        return same_outcome(MUTATE, cnode(seL4_CNodeMutate, 5, LIST(place(to), 64, place(from), 64, data)),
                            model_mutate(m, to, from, data));
    case 9:
    case 10:
        return from < ROOTS || same_outcome(DELETE, cnode(seL4_CNodeDelete, 2, LIST(place(from), 64)), model_delete(m, from));
    case 11:
        return draw(3) != 0 || same_outcome(REVOKE, cnode(seL4_CNodeRevoke, 2, LIST(place(from), 64)), model_revoke(m, from));
    default:
        return retype(m, draw(2) == 0 ? (int)draw(ROOTS) : from);
    }
}

static void derivation_and_untyped_agree(void)
{
    unsigned count = seeds();
    for (unsigned seed = 1; seed <= count; seed++) {
        random_state = seed;
        world_seed = seed;
        world_start();
        struct model m = {0};
        for (int s = 0; s < ROOTS; s++) {
            m.slot[s] = (struct model_slot){.kind = MODEL_UNTYPED, .address = cap_address(world_slot(place(s))->cap), .bits = 14,
                                            .original = true, .parent = -1};
        }
        CHECK(agree(&m));
        for (unsigned i = 0; i < STEPS; i++) {
            bool same = step(&m);
            bool equal = agree(&m);
            steps_compared++;
            if (!same || !equal) {
                printf("# seed %u, step %u: the %s differs\n", seed, i, same ? "state" : "error");
                CHECK(same && equal);
                return;
            }
            if (i % 16 == 0) {
                world_check("a step of the model");
            }
        }
    }
    for (unsigned operation = 0; operation < OPERATIONS; operation++) {
        CHECK(outcomes[operation][MODEL_DONE] > count * 3);
        CHECK(operation >= DELETE || outcomes[operation][MODEL_FILLED] > count);
    }
    CHECK(outcomes[COPY][MODEL_REVOKE_FIRST] > count && outcomes[MINT][MODEL_ILLEGAL] > count && outcomes[MUTATE][MODEL_ILLEGAL] > count);
    CHECK(outcomes[MOVE][MODEL_EMPTY] > 0 && outcomes[RETYPE][MODEL_NO_MEMORY] > count);
}

/* ---- refills -------------------------------------------------------------------------------------------------------------------------------- */

union context {
    struct sched_context sc;
    uint8_t bytes[1024];
};

static bool same_refills(struct sched_context *sc, const struct model_budget *b)
{
    if (sc->refill_count != (uint32_t)b->count || sc->budget != b->budget || sc->period != b->period) {
        return false;
    }
    for (int i = 0; i < b->count; i++) {
        const struct refill *r = refill_at(sc, (sc->refill_head + (uint32_t)i) % sc->refill_max);
        if (r->time != b->refill[i].time || r->amount != b->refill[i].amount) {
            return false;
        }
    }
    return true;
}

static void choose(uint32_t *max, uint64_t *budget, uint64_t *period)
{
    *max = 2 + draw(30);
    *budget = 2 * refill_min_budget() + draw(200000);
    *period = *budget + 1 + draw(1000000);
}

static void refills_agree(void)
{
    unsigned count = seeds() * 4;
    for (unsigned seed = 1; seed <= count; seed++) {
        random_state = seed;
        union context memory = {0};
        struct sched_context *sc = &memory.sc;
        struct model_budget b = {.amount_min = refill_min_budget()};
        uint64_t now = 1000;
        uint32_t max;
        uint64_t budget;
        uint64_t period;
        choose(&max, &budget, &period);
        refill_new(sc, max, budget, period, now);
        model_budget_new(&b, (int)max, budget, period, now);
        for (unsigned i = 0; i < 1000; i++) {
            now += draw((uint32_t)(period / 3));
            uint64_t usage = draw(20) == 0 ? draw((uint32_t)(budget * 3)) : draw((uint32_t)b.refill[0].amount);
            switch (draw(8)) {
            case 0:
                if (draw(20) == 0) {
                    choose(&max, &budget, &period);
                    refill_update(sc, max, budget, period, now);
                    model_budget_update(&b, (int)max, budget, period, now);
                }
                break;
            case 1:
            case 2:
            case 3:
                refill_unblock(sc, now);
                model_budget_unblock(&b, now);
                break;
            default:
                refill_charge(sc, usage);
                model_budget_charge(&b, usage);
                break;
            }
            steps_compared++;
            if (!same_refills(sc, &b)) {
                printf("# seed %u, step %u: the refills differ\n", seed, i);
                CHECK(false);
                return;
            }
        }
    }
}

/* What refills are for: in no period does a thread that is woken when it has time run for longer than its budget. */
static void no_period_holds_more_than_the_budget(void)
{
    enum { RUNS = 600 };
    static struct {
        uint64_t start;
        uint64_t end;
    } runs[RUNS];
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        random_state = seed;
        union context memory = {0};
        struct sched_context *sc = &memory.sc;
        uint32_t max;
        uint64_t budget;
        uint64_t period;
        choose(&max, &budget, &period);
        uint64_t now = 1000;
        refill_new(sc, max, budget, period, now);
        for (unsigned i = 0; i < RUNS; i++) {
            now += draw(4) == 0 ? draw((uint32_t)period) : 0;
            now = refill_head(sc)->time > now ? refill_head(sc)->time : now;
            refill_unblock(sc, now);
            uint64_t amount = refill_head(sc)->amount;
            uint64_t used = draw(2) == 0 ? amount : 1 + draw((uint32_t)amount);
            runs[i].start = now;
            runs[i].end = now + used;
            now += used;
            refill_charge(sc, used);
            uint64_t in_period = 0; /* of the period that ends now; others ended with other runs */
            for (unsigned r = 0; r <= i; r++) {
                uint64_t from = now > period && runs[r].start < now - period ? now - period : runs[r].start;
                in_period += runs[r].end > from ? runs[r].end - from : 0;
            }
            if (in_period > budget) {
                printf("# seed %u, run %u: %llu of %llu ticks\n", seed, i, (unsigned long long)in_period, (unsigned long long)budget);
                CHECK(in_period <= budget);
                return;
            }
            steps_compared++;
        }
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"model: derivation and untyped memory are as in the model", derivation_and_untyped_agree},
        {"model: refills are as in the model", refills_agree},
        {"model: no period holds more than the budget", no_period_holds_more_than_the_budget},
    };
    int status = UNIT_MAIN(cases);
    printf("# %lu steps compared\n", steps_compared);
    return status;
}
