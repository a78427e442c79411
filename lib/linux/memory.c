/* SPDX-License-Identifier: MIT */
/**
 * Memory: the arena in pages, and pages in pieces of a few sizes.
 * Owns:   struct memory.    Uses: core.h.
 * Limits: O(1) for every operation but the zeroing of what is given out. Files may not take the last sixteenth of the
 *         arena. A page that holds pieces goes back when its last piece does.
 */
#include "core.h"
#include "poison.h"

#define SLAB_HEAD_BYTES 64u
#define FREE_LINK_BYTES sizeof(void *) /* what of a free page or piece is in use */
#define SLAB_MAGIC 0x51ab51abu

struct mem_slab {
    struct link link; /* in memory.partial while it has a free piece */
    void *free;       /* each free piece holds a pointer to the next */
    uint32_t magic;
    uint16_t used, fresh, capacity;
    uint8_t class, use;
};
_Static_assert(sizeof(struct mem_slab) <= SLAB_HEAD_BYTES, "the head of a slab page");

/* As many pieces as a page holds after its head: 63, 42, 31, 21, 15, 10, 7, 5, 4, 3, 2, 1. */
static const uint16_t class_bytes[MEM_CLASS_COUNT] = {64, 96, 128, 192, 256, 400, 576, 800, 1008, 1344, 2016, 4032};
_Static_assert(MEM_PIECE_MAX == PAGE_BYTES - SLAB_HEAD_BYTES, "the largest piece fills a page");

void memory_init(struct memory *m, void *base, uint32_t page_count)
{
    memset(m, 0, sizeof(*m));
    m->base = base;
    m->page_count = m->free_count = page_count;
    m->reserve = page_count / 16;
    for (uint32_t i = 0; i < MEM_CLASS_COUNT; i++) {
        link_init(&m->partial[MEM_CORE][i]);
        link_init(&m->partial[MEM_FILES][i]);
    }
}

void *page_alloc(struct memory *m, enum mem_use use)
{
    if (m->free_count <= (use == MEM_FILES ? m->reserve : 0)) {
        return NULL;
    }
    m->free_count--;
    void *page = m->free;
    if (page != NULL) {
        memcpy(&m->free, page, sizeof(m->free));
        unpoison(page, PAGE_BYTES);
        return page;
    }
    page = m->base + (size_t)m->fresh * PAGE_BYTES;
    m->fresh++;
    return page;
}

void *page_alloc_zero(struct memory *m, enum mem_use use)
{
    void *page = page_alloc(m, use);
    if (page != NULL) {
        memset(page, 0, PAGE_BYTES);
    }
    return page;
}

void page_free(struct memory *m, void *page)
{
    unpoison(page, PAGE_BYTES);
    memcpy(page, &m->free, sizeof(m->free));
    poison((uint8_t *)page + FREE_LINK_BYTES, PAGE_BYTES - FREE_LINK_BYTES);
    m->free = page;
    m->free_count++;
    assert(m->free_count <= m->page_count);
}

static uint32_t class_of(size_t len_bytes)
{
    uint32_t class = 0;
    while (class_bytes[class] < len_bytes) {
        class++;
    }
    return class;
}

static struct mem_slab *slab_new(struct memory *m, uint32_t class, enum mem_use use)
{
    struct mem_slab *slab = page_alloc(m, use);
    if (slab == NULL) {
        return NULL;
    }
    slab->free = NULL;
    slab->magic = SLAB_MAGIC;
    slab->used = slab->fresh = 0;
    slab->capacity = (uint16_t)((PAGE_BYTES - SLAB_HEAD_BYTES) / class_bytes[class]);
    slab->class = (uint8_t)class;
    slab->use = (uint8_t)use;
    link_init(&slab->link);
    link_add_before(&m->partial[use][class], &slab->link);
    poison((uint8_t *)slab + SLAB_HEAD_BYTES, PAGE_BYTES - SLAB_HEAD_BYTES);
    return slab;
}

void *mem_alloc(struct memory *m, size_t len_bytes, enum mem_use use)
{
    assert(len_bytes > 0 && len_bytes <= MEM_PIECE_MAX);
    uint32_t class = class_of(len_bytes);
    struct link *partial = &m->partial[use][class];
    struct mem_slab *slab =
        link_empty(partial) ? slab_new(m, class, use) : CONTAINER_OF(partial->next, struct mem_slab, link);
    if (slab == NULL) {
        return NULL;
    }
    uint8_t *piece = slab->free;
    if (piece != NULL) {
        memcpy(&slab->free, piece, sizeof(slab->free));
    } else {
        piece = (uint8_t *)slab + SLAB_HEAD_BYTES + (size_t)slab->fresh * class_bytes[class];
        slab->fresh++;
    }
    slab->used++;
    if (slab->used == slab->capacity) {
        link_remove(&slab->link);
    }
    unpoison(piece, len_bytes);
    memset(piece, 0, len_bytes);
    return piece;
}

void mem_free(struct memory *m, void *piece)
{
    struct mem_slab *slab = (void *)(m->base + align_down((uint64_t)((uint8_t *)piece - m->base), PAGE_BYTES));
    assert(slab->magic == SLAB_MAGIC);
    assert(slab->used > 0);
    unpoison(piece, class_bytes[slab->class]);
    memcpy(piece, &slab->free, sizeof(slab->free));
    poison((uint8_t *)piece + FREE_LINK_BYTES, class_bytes[slab->class] - FREE_LINK_BYTES);
    slab->free = piece;
    if (slab->used == slab->capacity) {
        link_add_before(m->partial[slab->use][slab->class].next, &slab->link);
    }
    slab->used--;
    if (slab->used == 0) {
        link_remove(&slab->link);
        slab->magic = 0;
        page_free(m, slab);
    }
}

const char *memory_invariant(struct memory *m)
{
    uint32_t free = m->page_count - m->fresh;
    for (void *page = m->free; page != NULL; memcpy(&page, page, sizeof(page))) {
        free++;
        if (free > m->page_count) {
            return "the list of free pages has a cycle";
        }
    }
    if (free != m->free_count) {
        return "the count of free pages is that of the list";
    }
    for (uint32_t use = 0; use < 2; use++) {
        for (uint32_t class = 0; class < MEM_CLASS_COUNT; class++) {
            struct link *head = &m->partial[use][class];
            for (struct link *l = head->next; l != head; l = l->next) {
                const struct mem_slab *slab = CONTAINER_OF(l, struct mem_slab, link);
                if (slab->magic != SLAB_MAGIC || slab->class != class || slab->use != use || slab->used == 0 ||
                    slab->used >= slab->capacity) {
                    return "a partial slab has a free and a used piece and is on the list of its class";
                }
            }
        }
    }
    return NULL;
}
