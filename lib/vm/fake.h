/* SPDX-License-Identifier: MIT */
/**
 * Fake: a machine for the tests of lib/vm, and a model of what programs must see. The machine keeps real translation tables
 * and refuses what the rules forbid; the model keeps plain bytes.
 */
#ifndef LX_VM_FAKE_H
#define LX_VM_FAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "private.h"

enum {
    FAKE_CHUNKS = 3,
    FAKE_FRAMES = FAKE_CHUNKS * VM_CHUNK_FRAMES,
    FAKE_SPACES = 5,
    FAKE_FIRST_PAGE = 512 - 40, /**< the pages that tests use lie on both sides of a border of 2 MiB */
    FAKE_PAGES = 80,
    FAKE_OBJECT_BYTES = 20 * 4096 + 1234,
};

struct fake_mapping {
    uint32_t frame;
    unsigned rights;
};

struct fake {
    uint8_t memory[FAKE_FRAMES][PAGE_BYTES];
    bool sealed[FAKE_FRAMES];
    struct fake_mapping program[FAKE_SPACES][FAKE_PAGES];
    struct fake_mapping window[FAKE_SPACES][FAKE_PAGES];
    uint32_t pair_frame[VM_PAIRS_MAX][2];
    struct fake_mapping *own_at[FAKE_FRAMES][2]; /**< where the frame's own capabilities are mapped */
    unsigned fail_in;                            /**< the so-manieth request for memory fails; 0: none does */
    unsigned grow_limit;
    unsigned refused;
};

/** What a program must see: bytes, rights, and whether a page is there. */
struct model_page {
    bool there;
    unsigned rights;
    uint8_t bytes[PAGE_BYTES];
    uint8_t fresh[PAGE_BYTES]; /**< as when it was mapped */
};

struct model {
    bool exists[FAKE_SPACES];
    struct model_page page[FAKE_SPACES][FAKE_PAGES];
};

static struct fake fake;
static struct model model;
static struct vm vm;
static uint8_t object_bytes[FAKE_OBJECT_BYTES];
static struct hash256 object_leaves[21];
static uint32_t object_id;

#define FAKE_REQUIRE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool fails_now(void)
{
    return fake.fail_in != 0 && --fake.fail_in == 0;
}

static bool fake_grow(void *env, uint32_t chunk)
{
    (void)env;
    return chunk < fake.grow_limit && chunk < FAKE_CHUNKS;
}

static void *fake_view(void *env, uint32_t frame)
{
    (void)env;
    FAKE_REQUIRE(!fake.sealed[frame]);
    return fails_now() ? NULL : fake.memory[frame];
}

static bool mapped_with(uint32_t frame, unsigned rights)
{
    for (unsigned s = 0; s < FAKE_SPACES; s++) {
        for (unsigned p = 0; p < FAKE_PAGES; p++) {
            if ((fake.program[s][p].frame == frame && (fake.program[s][p].rights & rights) != 0) ||
                (fake.window[s][p].frame == frame && (fake.window[s][p].rights & rights) != 0)) {
                return true;
            }
        }
    }
    return false;
}

static const void *fake_seal(void *env, uint32_t frame)
{
    (void)env;
    FAKE_REQUIRE(!mapped_with(frame, VM_WRITE));
    fake.sealed[frame] = true;
    return fake.memory[frame];
}

static void fake_unseal(void *env, uint32_t frame)
{
    (void)env;
    FAKE_REQUIRE(!mapped_with(frame, VM_READ | VM_WRITE | VM_EXECUTE));
    fake.sealed[frame] = false;
}

static struct fake_mapping *fake_at(struct fake_mapping table[FAKE_SPACES][FAKE_PAGES], uint32_t space, uint32_t page)
{
    FAKE_REQUIRE(space < FAKE_SPACES && page >= FAKE_FIRST_PAGE && page < FAKE_FIRST_PAGE + FAKE_PAGES);
    return &table[space][page - FAKE_FIRST_PAGE];
}

/* The machine's own rules: a right to write and a right to execute never meet at one frame, through whatever mappings. */
static void fake_put(struct fake_mapping *at, unsigned which, uint32_t frame, uint32_t pair, unsigned rights)
{
    FAKE_REQUIRE(frame != VM_NO_FRAME && frame < FAKE_FRAMES);
    FAKE_REQUIRE(at->frame == VM_NO_FRAME || at->frame == frame);
    FAKE_REQUIRE((rights & VM_WRITE) == 0 || (!fake.sealed[frame] && (rights & VM_EXECUTE) == 0));
    FAKE_REQUIRE((rights & VM_EXECUTE) == 0 || fake.sealed[frame]);
    if (pair != VM_OWN_PAIR) {
        FAKE_REQUIRE(fake.pair_frame[pair][which] == 0 || (fake.pair_frame[pair][which] == frame && at->frame == frame));
        fake.pair_frame[pair][which] = frame;
    } else {
        FAKE_REQUIRE(fake.own_at[frame][which] == NULL || fake.own_at[frame][which] == at);
        fake.own_at[frame][which] = at;
    }
    *at = (struct fake_mapping){frame, rights};
    FAKE_REQUIRE(!(mapped_with(frame, VM_WRITE) && mapped_with(frame, VM_EXECUTE)));
}

static void fake_take(struct fake_mapping *at, unsigned which, uint32_t frame, uint32_t pair)
{
    FAKE_REQUIRE(at->frame == frame);
    if (pair != VM_OWN_PAIR) {
        FAKE_REQUIRE(fake.pair_frame[pair][which] == frame);
        fake.pair_frame[pair][which] = 0;
    } else {
        FAKE_REQUIRE(fake.own_at[frame][which] == at);
        fake.own_at[frame][which] = NULL;
    }
    *at = (struct fake_mapping){0};
}

static bool fake_map(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, unsigned rights)
{
    (void)env;
    struct fake_mapping *at = fake_at(fake.program, space, page);
    if (at->frame == VM_NO_FRAME && fails_now()) { /* a new mapping can need a table; changing one needs nothing */
        return false;
    }
    fake_put(at, 0, frame, pair, rights);
    return true;
}

static void fake_unmap(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair)
{
    (void)env;
    fake_take(fake_at(fake.program, space, page), 0, frame, pair);
}

static bool fake_map_window(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, bool writable)
{
    (void)env;
    struct fake_mapping *at = fake_at(fake.window, space, page);
    if (at->frame == VM_NO_FRAME && fails_now()) {
        return false;
    }
    fake_put(at, 1, frame, pair, writable ? VM_READ | VM_WRITE : VM_READ);
    return true;
}

static void fake_unmap_window(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair)
{
    (void)env;
    fake_take(fake_at(fake.window, space, page), 1, frame, pair);
}

static bool fake_map_object_window(void *env, uint32_t index, uint32_t frame)
{
    (void)env;
    (void)index;
    FAKE_REQUIRE(fake.sealed[frame]);
    return true;
}

static void fake_resident(void *env, uint32_t index, uint32_t frame, const struct hash256 *leaf)
{
    (void)env;
    (void)index;
    (void)leaf;
    FAKE_REQUIRE(fake.sealed[frame]);
}

static void fake_retire(void *env, uint32_t index, uint32_t frame)
{
    (void)env;
    (void)index;
    FAKE_REQUIRE(!mapped_with(frame, VM_READ | VM_WRITE | VM_EXECUTE));
}

static void fake_refused(void *env, uint32_t object, uint32_t page)
{
    (void)env;
    (void)object;
    (void)page;
    fake.refused++;
}

static const struct vm_ops fake_ops = {
    .grow = fake_grow,
    .view = fake_view,
    .seal = fake_seal,
    .unseal = fake_unseal,
    .map = fake_map,
    .unmap = fake_unmap,
    .map_window = fake_map_window,
    .unmap_window = fake_unmap_window,
    .map_object_window = fake_map_object_window,
    .resident = fake_resident,
    .retire = fake_retire,
    .refused = fake_refused,
};

static void fake_start(unsigned chunks)
{
    memset(&fake, 0, sizeof fake);
    memset(&model, 0, sizeof model);
    memset(&vm, 0, sizeof vm);
    fake.grow_limit = chunks;
    vm_init(&vm, &fake_ops, NULL, FAKE_CHUNKS);
    for (size_t i = 0; i < sizeof object_bytes; i++) {
        object_bytes[i] = (uint8_t)(i * 7 + i / 4096);
    }
    for (uint32_t i = 0; i < 21; i++) {
        tree_leaf(object_bytes + i * 4096u, tree_block_len(sizeof object_bytes, i), &object_leaves[i]);
    }
    struct hash256 root;
    tree_root_of_leaves(object_leaves, 21, &root);
    FAKE_REQUIRE(vm_object_add(&vm, object_bytes, sizeof object_bytes, object_leaves, &root, &object_id) == VM_OK);
}

/** Overwrites the frames that were given back with content: whoever takes one must fill all of it. */
static inline void fake_poison_free(void)
{
    for (uint32_t f = vm.free_dirty; f != VM_NO_FRAME; f = frame_record(&vm, f)->next) {
        memset(fake.memory[f], 0xa5, PAGE_BYTES);
    }
}

static inline uint64_t fake_address(unsigned page)
{
    return (uint64_t)(FAKE_FIRST_PAGE + page) * PAGE_BYTES;
}

/* ---- what a program does --------------------------------------------------------------------------------------------------------- */

/* One access: the table decides, a fault may help once. */
static inline enum vm_status program_access(unsigned space, unsigned page, unsigned access)
{
    for (unsigned tries = 0; tries < 2; tries++) {
        const struct fake_mapping *m = &fake.program[space][page];
        if (m->frame != VM_NO_FRAME && (m->rights & access) == access) {
            return VM_OK;
        }
        enum vm_status status = vm_fault(&vm, space, fake_address(page) + 5, access);
        if (status != VM_OK) {
            return status;
        }
    }
    FAKE_REQUIRE(space > FAKE_SPACES); /* a fault that was resolved came again */
    return VM_OK;
}

static inline uint8_t *program_bytes(unsigned space, unsigned page)
{
    return fake.memory[fake.program[space][page].frame];
}

#endif
