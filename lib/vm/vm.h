/* SPDX-License-Identifier: MIT */
/**
 * Vm: the address spaces of programs: what is mapped where, which frame holds it, and who shares it. The pager runs this over
 * the kernel's objects; tests run the same code over a fake machine.
 *
 * The rule that everything else serves: a frame that is mapped executable anywhere is VERIFIED, and a VERIFIED frame is
 * writable nowhere, not even for the pager, from before its bytes were hashed until it is given up. So no page is ever
 * writable and executable, no page that was written becomes executable, and no unverified byte is executed.
 *
 *   region   a range of a space with rights; its pages come from zeros or from an object
 *   entry    a page of a space that has a frame, and where that is mapped: in the program's space, in the server's window
 *   frame    4 KiB of memory: PRIVATE to one entry, PRIVATE and shared copy-on-write by several, or VERIFIED and shared by all
 *
 * The server (`linux`) sees user memory through windows: the page at `address` of space s appears at window s + `address` while
 * it is pinned. Windows never execute, and are writable only where the frame is private.
 *
 * Owns:   frames, regions, entries, the cache of verified pages.    Uses: base, tree.
 * Limits: the constants below; O(pages touched) per operation; no recursion.
 * Source: docs/design/pager.md
 */
#ifndef LX_VM_H
#define LX_VM_H

#include "base.h"
#include "tree.h"

#define VM_SPACES_MAX 192u
#define VM_USER_PAGES (1u << 20)       /**< addresses below 4 GiB */
#define VM_CHUNK_FRAMES 256u           /**< memory comes in chunks of 1 MiB; the first frame of each holds their records */
#define VM_CHUNKS_MAX 2048u            /**< 2 GiB */
#define VM_REGIONS_MAX 170u            /**< of a space */
#define VM_BLOCK_PAGES 8u
#define VM_BLOCKS_A_PAGE 46u
#define VM_BLOCKS_MAX (VM_BLOCK_PAGES * VM_BLOCKS_A_PAGE) /**< ranges of 2 MiB that a space uses: 736 MiB */
#define VM_OBJECTS_MAX 1024u
#define VM_OBJECT_PAGES_MAX 16384u     /**< of all objects together: 64 MiB */
#define VM_PAIRS_MAX 32768u            /**< mappings of shared frames */
#define VM_EAGER_COPY_PAGES 256u       /**< a clone copies so many private pages at once; more are copied on write */
#define VM_FAULT_AROUND_PAGES 8u       /**< a fault on an object's page maps its neighbours that are verified already */
#define VM_FAULT_AHEAD_PAGES 4u        /**< a fault on zeros behind so many pages that are there maps as many: memory is filled upwards */

enum vm_status {
    VM_OK = 0,
    VM_NO_MEMORY,
    VM_NOT_MAPPED, /**< no region there */
    VM_NO_ACCESS,  /**< a region whose rights do not allow it */
    VM_IN_USE,     /**< something is mapped there already */
    VM_BAD_DATA,   /**< bytes that do not verify */
    VM_BAD_CALL,   /**< arguments that no correct caller has: addresses past the end, not aligned, no such space */
};

enum { VM_READ = 4, VM_WRITE = 2, VM_EXECUTE = 1 };

#define VM_NO_FRAME 0u  /**< frame 0 holds records and is never mapped */
#define VM_OWN_PAIR 0u  /**< the mapping uses the capabilities that belong to the frame itself */

/**
 * The machine under the spaces. A `pair` names the two mappings (program, window) of one entry: VM_OWN_PAIR those that belong to
 * the frame, others are given out for frames that are shared. All of these act at once; those that return bool fail only for
 * lack of memory, and then change nothing.
 */
struct vm_ops {
    /** Adds frames [chunk * VM_CHUNK_FRAMES, + VM_CHUNK_FRAMES), all zero. */
    bool (*grow)(void *env, uint32_t chunk);
    /** The pager's view of a frame, for writing. Never asked for a frame that is sealed. NULL: no memory for the view. */
    void *(*view)(void *env, uint32_t frame);
    /** Makes the pager's view of a frame read-only for as long as it is VERIFIED. Returns it. */
    const void *(*seal)(void *env, uint32_t frame);
    /** Ends seal: the frame is mapped nowhere. */
    void (*unseal)(void *env, uint32_t frame);
    /** Maps in the program's space, or changes the rights of that mapping. */
    bool (*map)(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, unsigned rights);
    void (*unmap)(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair);
    /** The same in the server's window of the space. */
    bool (*map_window)(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, bool writable);
    void (*unmap_window)(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair);
    /** Maps a verified page read-only where the server reads objects. */
    bool (*map_object_window)(void *env, uint32_t index, uint32_t frame);
    /** A verified page is resident (or, with replaced, has a new frame): whoever re-verifies memory wants to know. */
    void (*resident)(void *env, uint32_t index, uint32_t frame, const struct hash256 *leaf);
    /** A frame has failed a check: no space maps it any more, and nobody else shall. */
    void (*retire)(void *env, uint32_t index, uint32_t frame);
    /** A page of an object did not verify. */
    void (*refused)(void *env, uint32_t object, uint32_t page);
};

/** An object: bytes that verify against a root. The caller keeps bytes and leaves, which never change while this is used. */
struct vm_object {
    const uint8_t *bytes;
    uint64_t len_bytes;
    const struct hash256 *leaves;
    struct hash256 root;
    uint32_t first_page; /**< index of its first page among those of all objects; set by vm_object_add */
    uint8_t leaves_state;
};

/** A piece of a program as its manifest says: file bytes at an address, zeros behind them, rights. */
struct vm_segment {
    uint64_t offset;
    uint64_t address;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    unsigned rights;
};

struct vm_region {
    uint32_t first_page;
    uint32_t end_page;
    uint32_t object;      /**< VM_OBJECTS_MAX: zeros */
    uint32_t object_page; /**< of first_page */
    uint32_t last_bytes;  /**< of the object's bytes in the region's last page; what follows reads as zero */
    uint8_t rights;
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct vm_region) * VM_REGIONS_MAX <= PAGE_BYTES, "the regions of a space are one page");

struct vm_frame;
struct vm_entry;
struct vm_block;

struct vm_space {
    bool exists;
    uint32_t region_count;
    uint32_t block_count;
    uint32_t resident_pages;
    uint32_t verified_pages;      /**< resident ones that were verified */
    struct vm_region *regions;    /**< one page; NULL until the space is first used */
    uint16_t *block_of;           /**< by page >> 9: block number + 1, or 0; one page */
    struct vm_block *blocks[VM_BLOCK_PAGES]; /**< pages of VM_BLOCKS_A_PAGE each */
    uint32_t last_region;         /**< where the last look-up ended */
};

/** All of it. The caller provides the memory (static, zeroed) and calls vm_init. */
struct vm {
    const struct vm_ops *ops;
    void *env;
    uint32_t chunk_count;
    uint32_t chunk_max;           /**< may be lowered by the caller to leave memory for others */
    uint32_t eager_copy_pages;    /**< VM_EAGER_COPY_PAGES; tests lower it */
    uint32_t free_clean;          /**< lists of frames, linked through their records */
    uint32_t free_dirty;
    uint32_t free_count;
    struct vm_frame *records[VM_CHUNKS_MAX];
    struct vm_space spaces[VM_SPACES_MAX];
    uint32_t object_count;
    uint32_t object_page_count;
    struct vm_object objects[VM_OBJECTS_MAX];
    uint32_t page_frame[VM_OBJECT_PAGES_MAX]; /**< the frame of a verified page, or VM_NO_FRAME */
    uint32_t page_object[VM_OBJECT_PAGES_MAX];
    uint32_t pair_next;           /**< never given out so far */
    uint32_t pair_free_count;     /**< those that belong to no frame */
    uint32_t pair_free[VM_PAIRS_MAX];
    uint32_t pair_link[VM_PAIRS_MAX]; /**< an idle pair of a verified frame: the next one, or VM_OWN_PAIR */
    uint32_t pair_hand;           /**< the page whose idle pairs are taken next when there are no others */
    uint64_t pages_verified;      /**< since the start */
    uint64_t pages_refused;
};

void vm_init(struct vm *vm, const struct vm_ops *ops, void *env, uint32_t chunk_max);

/* ---- objects */

/** Registers an object. `*id` names it from now on. */
MUST_USE enum vm_status vm_object_add(struct vm *vm, const uint8_t *bytes, uint64_t len_bytes, const struct hash256 *leaves,
                                      const struct hash256 *root, uint32_t *id);

/** Makes page `page` of an object resident and visible in the object window at its index, which is returned. */
MUST_USE enum vm_status vm_object_page(struct vm *vm, uint32_t object, uint32_t page, uint32_t *index);

/**
 * Hashes the resident page at `index` again. If it has changed, a new verified copy replaces it in every mapping, and *repaired is
 * set; VM_BAD_DATA when no verified copy can be made: then every mapping of it is gone.
 */
MUST_USE enum vm_status vm_recheck(struct vm *vm, uint32_t index, bool *repaired);

/* ---- spaces */

MUST_USE enum vm_status vm_space_create(struct vm *vm, uint32_t space);
MUST_USE enum vm_status vm_space_clone(struct vm *vm, uint32_t parent, uint32_t child);
void vm_space_destroy(struct vm *vm, uint32_t space);

/* ---- regions: addresses and lengths are multiples of 4096; `rights` without VM_EXECUTE */

enum vm_place { VM_PLACE_ANY, VM_PLACE_FIXED, VM_PLACE_FREE };

/** Where VM_PLACE_ANY looks: the highest free range in [low, high). */
struct vm_range {
    enum vm_place place;
    uint64_t address; /**< in and out */
    uint64_t len_bytes;
    uint64_t low;
    uint64_t high;
    unsigned rights;
};

MUST_USE enum vm_status vm_map_anon(struct vm *vm, uint32_t space, struct vm_range *range);
MUST_USE enum vm_status vm_map_object(struct vm *vm, uint32_t space, uint32_t object, uint64_t offset, struct vm_range *range);

/** Maps the segments of an authorised program, shifted, over nothing. The only way to a region with VM_EXECUTE. */
MUST_USE enum vm_status vm_map_program(struct vm *vm, uint32_t space, uint32_t object, const struct vm_segment *segments,
                                       size_t segment_count, uint64_t shift);

/** Empties the range. @return VM_NO_MEMORY only for a hole inside of one region of a space that has VM_REGIONS_MAX. */
MUST_USE enum vm_status vm_unmap(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes);
MUST_USE enum vm_status vm_protect(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes, unsigned rights);

/** Gives up the private pages of the range; they read as when they were mapped. */
MUST_USE enum vm_status vm_discard(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes);

/** Makes the page of `address` accessible to the program. */
MUST_USE enum vm_status vm_fault(struct vm *vm, uint32_t space, uint64_t address, unsigned access);

/** Makes user memory visible in the window: *available bytes from `address` on, at most `len_bytes`, at least one. */
MUST_USE enum vm_status vm_pin(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes, bool for_write,
                               uint64_t *available);

/** Region `index` of a space, in order of addresses. @return false past the last. */
bool vm_region_at(const struct vm *vm, uint32_t space, uint32_t index, struct vm_region *out);

/** Checks every rule; for tests. @return NULL or the rule that is broken. */
const char *vm_invariant(const struct vm *vm);

#endif
