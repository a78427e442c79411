/* SPDX-License-Identifier: MIT */
/** Private to lib/vm: records of frames, entries of pages, and how the files reach each other. */
#ifndef LX_VM_PRIVATE_H
#define LX_VM_PRIVATE_H

#include "vm.h"

enum vm_frame_kind {
    FRAME_RECORDS = 0, /**< or not there at all */
    FRAME_FREE,
    FRAME_META,        /**< holds regions, blocks or entries */
    FRAME_PRIVATE,
    FRAME_VERIFIED,
    FRAME_BAD,         /**< failed a check; never used again */
};

struct vm_frame {
    uint32_t refs; /**< entries that use it; a VERIFIED one may have none and stays */
    uint8_t kind;
    uint8_t reserved[3];
    uint32_t index; /**< VERIFIED: of the page among all objects */
    uint32_t next;  /**< FREE: the next free frame. VERIFIED: the first of its idle pairs, or VM_OWN_PAIR */
};
_Static_assert(sizeof(struct vm_frame) * VM_CHUNK_FRAMES == PAGE_BYTES, "the records of a chunk are one frame");

enum {
    ENTRY_MAPPED = 1,          /**< in the program's space, */
    ENTRY_WRITABLE = 2,        /**< with this right */
    ENTRY_EXECUTABLE = 4,
    ENTRY_WINDOW = 8,          /**< in the server's window, */
    ENTRY_WINDOW_WRITABLE = 16,
};

/** A page of a space that has a frame. All zero: it has none. */
struct vm_entry {
    uint32_t frame;
    uint32_t pair_and_flags; /**< pair << 8 | ENTRY_* */
};

static inline unsigned entry_flags(const struct vm_entry *e)
{
    return e->pair_and_flags & 0xff;
}

static inline uint32_t entry_pair(const struct vm_entry *e)
{
    return e->pair_and_flags >> 8;
}

static inline void entry_set(struct vm_entry *e, uint32_t pair, unsigned flags)
{
    e->pair_and_flags = pair << 8 | flags;
}

enum { BLOCK_PAGES = 512 };

/** 2 MiB of a space: one page of entries, and which of them are in use. */
struct vm_block {
    uint32_t number;  /**< page >> 9 */
    uint32_t frame;   /**< that holds the entries */
    struct vm_entry *entries;
    uint64_t used[BLOCK_PAGES / 64];
    uint64_t reserved;
};
_Static_assert(VM_BLOCKS_A_PAGE * sizeof(struct vm_block) <= PAGE_BYTES, "the blocks of a space");

/* ---- frames.c */

static inline struct vm_frame *frame_record(const struct vm *vm, uint32_t frame)
{
    return &vm->records[frame / VM_CHUNK_FRAMES][frame % VM_CHUNK_FRAMES];
}

/** A zeroed frame of kind PRIVATE with one reference, or VM_NO_FRAME. */
uint32_t frame_take_zeroed(struct vm *vm);

/** A frame of any content; its caller fills it. */
uint32_t frame_take(struct vm *vm, enum vm_frame_kind kind);
void frame_give(struct vm *vm, uint32_t frame, bool is_zero);

/** A zeroed page for the library's own use. */
void *meta_take(struct vm *vm, uint32_t *frame);

/**
 * A pair of mappings for a shared frame. A verified frame gets one that it had before if it can: then the machine need not
 * prepare it. @return false when none is left.
 */
bool pair_take(struct vm *vm, uint32_t frame, uint32_t *pair);
void pair_give(struct vm *vm, uint32_t frame, uint32_t pair);

/** Gives up the idle pairs of a verified frame. */
void pairs_release(struct vm *vm, uint32_t frame);

/* ---- objects.c */

/** The frame of a verified page, made if need be. */
enum vm_status object_frame(struct vm *vm, uint32_t object, uint32_t page, uint32_t *frame);

/* ---- regions.c */

/** The region that holds `page`, or NULL. */
struct vm_region *region_find(struct vm_space *s, uint32_t page);

/* ---- entries.c */

static inline struct vm_block *block_at(const struct vm_space *s, uint32_t n)
{
    return &s->blocks[n / VM_BLOCKS_A_PAGE][n % VM_BLOCKS_A_PAGE];
}

/** The block that holds the entry of `page`, or NULL. */
static inline struct vm_block *block_of(const struct vm_space *s, uint32_t page)
{
    uint32_t n = s->block_of != NULL ? s->block_of[page / BLOCK_PAGES] : 0;
    return n != 0 ? block_at(s, n - 1) : NULL;
}

/** The next used entry of a block at or after `index`, or BLOCK_PAGES. */
static inline uint32_t block_next(const struct vm_block *b, uint32_t index)
{
    while (index < BLOCK_PAGES) {
        uint64_t word = b->used[index / 64] >> index % 64;
        if (word != 0) {
            return index + (uint32_t)__builtin_ctzll(word);
        }
        index = (index / 64 + 1) * 64;
    }
    return BLOCK_PAGES;
}

/** Makes the block of `page`. @return NULL when there is no memory, or too many blocks. */
struct vm_block *block_make(struct vm *vm, struct vm_space *s, uint32_t page);

/** The entry of `page`; `make` makes its block if need be. NULL: no block, or no memory for one. */
static inline struct vm_entry *entry_of(struct vm *vm, struct vm_space *s, uint32_t page, bool make)
{
    struct vm_block *b = block_of(s, page);
    if (b == NULL && make) {
        b = block_make(vm, s, page);
    }
    return b != NULL ? &b->entries[page % BLOCK_PAGES] : NULL;
}

/** Takes `frame` into an empty entry. */
void entry_fill(struct vm_space *s, uint32_t page, struct vm_entry *e, uint32_t frame, uint32_t pair);

/** Unmaps an entry everywhere and gives its frame up. */
void entry_clear(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e);

/** Calls entry_clear for every page in [first, end). */
void entries_clear(struct vm *vm, uint32_t space, uint32_t first, uint32_t end);

/** The next used page at or after `page` and before `end`, or `end`. */
uint32_t entry_next(const struct vm_space *s, uint32_t page, uint32_t end);

/** What an entry may be mapped with in a region of `rights`. */
unsigned entry_rights(const struct vm *vm, const struct vm_entry *e, unsigned rights);

/** Maps an entry in the program's space with what its region allows now. */
enum vm_status entry_map(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e, unsigned rights);

#endif
