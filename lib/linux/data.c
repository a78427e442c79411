/* SPDX-License-Identifier: MIT */
/**
 * Data: pages of a file by index, in a tree of 512-way nodes as high as the highest index needs.
 * Owns:   the pages under struct data.    Uses: memory.c.
 * Limits: heights up to 3, so indices below 512^3 (LINUX_FILE_BYTES_MAX); every walk is a loop over the height.
 */
#include "core.h"

#define FAN_BITS 9u
#define FAN (1u << FAN_BITS)
#define HEIGHT_MAX 3u
_Static_assert(((uint64_t)PAGE_BYTES << (FAN_BITS * HEIGHT_MAX)) == LINUX_FILE_BYTES_MAX, "the highest tree is the limit");
_Static_assert(FAN * sizeof(void *) == PAGE_BYTES, "a node is a page");

static uint32_t slot_at(uint64_t index, uint32_t height)
{
    return (uint32_t)(index >> (FAN_BITS * (height - 1))) & (FAN - 1);
}

static bool in_reach(const struct data *d, uint64_t index)
{
    return index >> (FAN_BITS * d->height) == 0;
}

uint8_t *data_page(const struct data *d, uint64_t index)
{
    if (!in_reach(d, index)) {
        return NULL;
    }
    void *node = d->root;
    for (uint32_t height = d->height; height > 0 && node != NULL; height--) {
        void **slots = node;
        node = slots[slot_at(index, height)];
    }
    return node;
}

/** Puts nodes on top until `index` is in reach. */
static bool grow(struct memory *m, struct data *d, uint64_t index, enum mem_use use)
{
    while (!in_reach(d, index)) {
        if (d->height == HEIGHT_MAX) {
            return false;
        }
        if (d->root != NULL) {
            void **node = page_alloc_zero(m, use);
            if (node == NULL) {
                return false;
            }
            node[0] = d->root;
            d->root = node;
        }
        d->height++;
    }
    return true;
}

uint8_t *data_page_take(struct memory *m, struct data *d, uint64_t index, enum mem_use use, bool *made)
{
    *made = false;
    if (!grow(m, d, index, use)) {
        return NULL;
    }
    void **place = &d->root;
    for (uint32_t height = d->height; height > 0; height--) {
        if (*place == NULL) {
            *place = page_alloc_zero(m, use);
            if (*place == NULL) {
                return NULL; /* empty nodes above stay until the next cut */
            }
        }
        void **slots = *place;
        place = &slots[slot_at(index, height)];
    }
    if (*place == NULL) {
        *place = page_alloc(m, use);
        if (*place == NULL) {
            return NULL;
        }
        d->page_count++;
        *made = true;
    }
    return *place;
}

uint8_t *data_page_make(struct memory *m, struct data *d, uint64_t index, enum mem_use use, bool *made)
{
    uint8_t *page = data_page_take(m, d, index, use, made);
    if (*made) {
        memset(page, 0, PAGE_BYTES);
    }
    return page;
}

/** A position in the tree: at[h] is the node of height h on the way to `index`; NULL below a hole. */
struct way {
    void **at[HEIGHT_MAX + 1];
};

static bool node_is_empty(void *const *slots)
{
    for (uint32_t i = 0; i < FAN; i++) {
        if (slots[i] != NULL) {
            return false;
        }
    }
    return true;
}

/**
 * The first page at or after `index`, with the way to it. Skips a whole subtree at each hole, so it takes at most as many
 * steps as there are slots in nodes that exist.
 */
static uint64_t next_page(const struct data *d, uint64_t index, struct way *way)
{
    while (in_reach(d, index) && d->root != NULL) {
        void *node = d->root;
        uint32_t height = d->height;
        while (height > 0 && node != NULL) {
            void **slots = node;
            way->at[height] = slots;
            node = slots[slot_at(index, height)];
            height--;
        }
        if (node != NULL) {
            return index;
        }
        uint64_t span = (uint64_t)1 << (FAN_BITS * height);
        index = align_down(index, span) + span;
    }
    return UINT64_MAX;
}

uint64_t data_next(const struct data *d, uint64_t index)
{
    struct way way;
    return next_page(d, index, &way);
}

/** Frees nodes on the way that became empty, from below; a node right of the cut's start is visited once a page. */
static void prune(struct memory *m, struct data *d, uint64_t index, const struct way *way)
{
    for (uint32_t height = 1; height <= d->height; height++) {
        if (!node_is_empty(way->at[height])) {
            return;
        }
        page_free(m, way->at[height]);
        if (height == d->height) {
            d->root = NULL;
        } else {
            way->at[height + 1][slot_at(index, height + 1)] = NULL;
        }
    }
}

static bool is_last_of_node(const struct way *way, uint64_t index)
{
    for (uint32_t i = slot_at(index, 1) + 1; i < FAN; i++) {
        if (way->at[1][i] != NULL) {
            return false;
        }
    }
    return true;
}

/** Frees nodes when no page is left: a data_page_make that failed leaves empty ones. Each round frees one. */
static void free_nodes(struct memory *m, struct data *d)
{
    while (d->height > 0 && d->root != NULL) {
        void **place = &d->root;
        for (uint32_t height = d->height; height > 0; height--) {
            void **slots = *place;
            uint32_t i = 0;
            while (i < FAN && slots[i] == NULL) {
                i++;
            }
            if (i == FAN) {
                page_free(m, slots);
                *place = NULL;
                break;
            }
            place = &slots[i];
        }
    }
}

void data_cut(struct memory *m, struct data *d, uint64_t first_index)
{
    struct way way;
    for (uint64_t index = next_page(d, first_index, &way); index != UINT64_MAX; index = next_page(d, index, &way)) {
        if (d->height == 0) {
            page_free(m, d->root);
            d->root = NULL;
        } else {
            bool last = is_last_of_node(&way, index);
            uint32_t slot = slot_at(index, 1);
            page_free(m, way.at[1][slot]);
            way.at[1][slot] = NULL;
            if (last) {
                prune(m, d, index, &way);
            }
        }
        d->page_count--;
    }
    if (d->page_count == 0) {
        free_nodes(m, d);
        if (d->root == NULL) {
            d->height = 0;
        }
    }
}
