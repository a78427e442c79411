/* SPDX-License-Identifier: MIT */
/**
 * Model: what derivation, untyped memory and refills shall do, as plainly as it can be said: a tree with parents, memory as
 * numbers, a list of times. Written from the seL4 manual; it includes nothing of the kernel, and the kernel nothing of it.
 * Owns:   its own state.    Uses: standard headers only.
 * Limits: MODEL_SLOTS slots, MODEL_REFILLS refills; slow on purpose (everything is searched for).
 * Source: seL4 manual chapters 2 and 3 (derivation, untyped), 6 (scheduling contexts); Stanovich et al., RTAS 2010.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_SLOTS = 52, MODEL_REFILLS = 40 };

enum model_error { MODEL_DONE, MODEL_EMPTY, MODEL_FILLED, MODEL_ILLEGAL, MODEL_REVOKE_FIRST, MODEL_NO_MEMORY };

enum model_kind { MODEL_NOTHING, MODEL_UNTYPED, MODEL_ENDPOINT, MODEL_NOTIFICATION, MODEL_REPLY, MODEL_CNODE, MODEL_TCB, MODEL_FRAME };

enum { MODEL_WRITE = 1, MODEL_READ = 2, MODEL_GRANT = 4, MODEL_GRANT_REPLY = 8, MODEL_ALL = 15 };

/** A capability, and where it comes from. The object is known by its place in memory. */
struct model_slot {
    enum model_kind kind;
    uint64_t address;
    unsigned bits;      /**< of untyped and CNode */
    unsigned rights;    /**< those that its kind knows */
    uint64_t badge;
    uint64_t guard;     /**< of CNodes: value and length */
    unsigned guard_bits;
    uint64_t used;      /**< of untyped, in bytes */
    bool original;      /**< copies of it are its children; copies of a copy are its siblings */
    int parent;         /**< slot; -1: none */
};

struct model {
    struct model_slot slot[MODEL_SLOTS];
};

bool model_is_descendant(const struct model *m, int of, int slot);
enum model_error model_copy(struct model *m, int to, int from, unsigned rights);
enum model_error model_mint(struct model *m, int to, int from, unsigned rights, uint64_t data);
enum model_error model_move(struct model *m, int to, int from);
enum model_error model_mutate(struct model *m, int to, int from, uint64_t data);
enum model_error model_delete(struct model *m, int slot);
enum model_error model_revoke(struct model *m, int slot);

/** Objects of `bits` size bits; `size` is a CNode's radix or an untyped's size bits. */
enum model_error model_retype(struct model *m, int untyped, enum model_kind kind, unsigned size, unsigned bits, int to, int count);

/* ---- refills: in the order of their times */

struct model_refill {
    uint64_t time;
    uint64_t amount;
};

struct model_budget {
    struct model_refill refill[MODEL_REFILLS];
    int count;
    int count_max;
    uint64_t budget;
    uint64_t period;
    uint64_t amount_min;
};

void model_budget_new(struct model_budget *b, int count_max, uint64_t budget, uint64_t period, uint64_t now);
void model_budget_update(struct model_budget *b, int count_max, uint64_t budget, uint64_t period, uint64_t now);
void model_budget_charge(struct model_budget *b, uint64_t usage);
void model_budget_unblock(struct model_budget *b, uint64_t now);

#endif
