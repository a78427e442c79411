/* SPDX-License-Identifier: MIT */
/**
 * Cache: frames of memory, found by the address of the block that they hold. Clean and free frames stand in the order of use, nodes apart
 * from leaves; dirty ones in a list for each rank. Nothing here reads or writes the device: a dirty frame is written by a commit only.
 */
#include "private.h"

static struct list *list_of(struct lxfs *fs, uint32_t i)
{
    return &fs->recent[i <= fs->limits.nodes];
}

static void list_append(struct lxfs *fs, struct list *l, uint32_t i)
{
    struct frame *f = &fs->frames[i];
    f->next = 0;
    f->prev = l->last;
    if (l->last != 0) {
        fs->frames[l->last].next = i;
    } else {
        l->first = i;
    }
    l->last = i;
    l->count++;
}

static void list_prepend(struct lxfs *fs, struct list *l, uint32_t i)
{
    struct frame *f = &fs->frames[i];
    f->prev = 0;
    f->next = l->first;
    if (l->first != 0) {
        fs->frames[l->first].prev = i;
    } else {
        l->last = i;
    }
    l->first = i;
    l->count++;
}

static void list_remove(struct lxfs *fs, struct list *l, uint32_t i)
{
    struct frame *f = &fs->frames[i];
    if (f->prev != 0) {
        fs->frames[f->prev].next = f->next;
    } else {
        l->first = f->next;
    }
    if (f->next != 0) {
        fs->frames[f->next].prev = f->prev;
    } else {
        l->last = f->prev;
    }
    l->count--;
}

static uint32_t *bucket_of(const struct lxfs *fs, uint64_t address)
{
    return &fs->buckets[(address * 0x9e3779b97f4a7c15ull >> 32) & fs->bucket_mask];
}

void cache_init(struct lxfs *fs)
{
    uint32_t count = 1 + fs->limits.nodes + fs->limits.leaves;
    memset(fs->frames, 0, count * sizeof *fs->frames);
    memset(fs->buckets, 0, ((size_t)fs->bucket_mask + 1) * sizeof *fs->buckets);
    fs->frames[0].state = FRAME_DIRTY;
    for (uint32_t i = 1; i < count; i++) {
        list_append(fs, list_of(fs, i), i);
    }
}

uint32_t cache_find(const struct lxfs *fs, uint64_t address)
{
    uint32_t i = *bucket_of(fs, address);
    while (i != 0 && fs->frames[i].address != address) {
        i = fs->frames[i].chain;
    }
    return i;
}

static void leave_bucket(struct lxfs *fs, uint32_t i)
{
    struct frame *f = &fs->frames[i];
    if (f->address == 0) {
        return;
    }
    uint32_t *at = bucket_of(fs, f->address);
    while (*at != i) {
        at = &fs->frames[*at].chain;
    }
    *at = f->chain;
    f->address = 0;
}

uint32_t cache_take(struct lxfs *fs, bool is_node)
{
    struct list *l = &fs->recent[is_node];
    uint32_t i = l->first;
    if (i != 0) {
        struct frame *f = &fs->frames[i];
        leave_bucket(fs, i);
        f->state = FRAME_FREE;
        f->is_checked = false;
        f->changed = UINT64_MAX;
        f->fold_leaves = 0;
        cache_use(fs, i);
    }
    return i;
}

void cache_use(struct lxfs *fs, uint32_t i)
{
    if (fs->frames[i].state != FRAME_DIRTY) {
        list_remove(fs, list_of(fs, i), i);
        list_append(fs, list_of(fs, i), i);
    }
}

void cache_enter(struct lxfs *fs, uint32_t i, uint64_t address)
{
    leave_bucket(fs, i);
    uint32_t *bucket = bucket_of(fs, address);
    fs->frames[i].address = address;
    fs->frames[i].chain = *bucket;
    *bucket = i;
}

void cache_drop(struct lxfs *fs, uint32_t i)
{
    struct frame *f = &fs->frames[i];
    leave_bucket(fs, i);
    list_remove(fs, f->state == FRAME_DIRTY ? &fs->dirty[block_rank(f->spot.kind, f->level)] : list_of(fs, i), i);
    f->state = FRAME_FREE;
    list_prepend(fs, list_of(fs, i), i);
}

void cache_to_dirty(struct lxfs *fs, uint32_t i, uint32_t rank)
{
    assert(fs->frames[i].state != FRAME_DIRTY);
    list_remove(fs, list_of(fs, i), i);
    fs->frames[i].state = FRAME_DIRTY;
    list_append(fs, &fs->dirty[rank], i);
}

void cache_to_clean(struct lxfs *fs, uint32_t i, uint32_t rank)
{
    assert(fs->frames[i].state == FRAME_DIRTY);
    list_remove(fs, &fs->dirty[rank], i);
    fs->frames[i].state = FRAME_CLEAN;
    list_append(fs, list_of(fs, i), i);
}
