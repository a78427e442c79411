/* SPDX-License-Identifier: MIT */
/**
 * Struct vm_ops over the kernel: frames and where they are mapped. See pager.h.
 *
 * Each frame has up to three capabilities: the one that it was made with for the program's mapping (or, of a verified page, the
 * view of `scrub`), copies for the pager's own view and for the server's window (or its window of objects). Frames that several
 * spaces share are mapped through pairs: two capabilities that are copied from the frame when they are first used for it.
 */
#include "pager.h"

LX_CAP(own_vspace, AUTHORITY_OWN_VSPACE);
LX_CAP(linux_vspace, AUTHORITY_VSPACE_OF);
LX_CAP(scrub_vspace, AUTHORITY_VSPACE_OF);
LX_CAP(asid_pool, AUTHORITY_ASID_POOL);
LX_SHARED(residents);

enum {
    FIRST_CHUNK_LEAF = 1,
    PLANE_PROGRAM = 0, /* where pages are made */
    PLANE_VIEW = 1 * VM_CHUNK_FRAMES,
    PLANE_WINDOW = 2 * VM_CHUNK_FRAMES,
    PAIRS_A_LEAF = 1 << (DIRECTORY_LEAF_BITS - 1),
    PAIR_LEAVES = VM_PAIRS_MAX / PAIRS_A_LEAF,
    FIRST_PAIR_LEAF = FIRST_CHUNK_LEAF + MACHINE_CHUNKS,
};
_Static_assert(FIRST_PAIR_LEAF + PAIR_LEAVES + 256 < 1 << DIRECTORY_BITS, "leaves of chunks, pairs and objects are apart");

/** The pager sees frame f at VIEWS + f * 4096. */
static const uint64_t views = PAGER_OBJECTS;

enum frame_flags {
    VIEW_WRITABLE = 1,
    VIEW_READ_ONLY = 2,
    HAS_VIEW_CAP = 4,
    HAS_WINDOW_CAP = 8,
    IN_OBJECT_WINDOW = 16,
};

static uint8_t frame_state[MACHINE_CHUNKS * VM_CHUNK_FRAMES];
static uint32_t pair_frame[VM_PAIRS_MAX][2]; /* of which frame a capability of the pair is a copy; 0: it does not exist */
static bool pair_leaf_made[PAIR_LEAVES];
static uint64_t vspaces[PAGER_SPACES_MAX];
static uint32_t generations[PAGER_RESIDENT_MAX]; /* of resident pages; a page is replaced less than 2^32 times */

static uint64_t frame_cap(uint32_t frame, uint32_t plane)
{
    return ((uint64_t)frame / VM_CHUNK_FRAMES + FIRST_CHUNK_LEAF) << DIRECTORY_LEAF_BITS | plane | frame % VM_CHUNK_FRAMES;
}

static void change_state(uint32_t frame, unsigned clear, unsigned set)
{
    frame_state[frame] = (uint8_t)((frame_state[frame] & ~clear) | set);
}

static void must(uint64_t error, const char *what)
{
    if (error != seL4_NoError) {
        rt_panic("%s: the kernel says error %lu", what, (unsigned long)error);
    }
}

/* ---- frames ----------------------------------------------------------------------------------------------------------------------- */

static bool grow(void *env, uint32_t chunk)
{
    (void)env;
    uint64_t leaf = chunk + FIRST_CHUNK_LEAF;
    static uint32_t leaves_made; /* a leaf without pages stays for the next try */
    if (leaves_made == chunk) {
        if (!objects_make_leaf(leaf)) {
            return false;
        }
        leaves_made++;
    }
    return objects_make_pages(leaf);
}

/* The frame's capability for a plane, copied when it is first needed. */
static uint64_t plane_cap(uint32_t frame, uint32_t plane, enum frame_flags has)
{
    uint64_t cap = frame_cap(frame, plane);
    if ((frame_state[frame] & has) == 0) {
        must(cnode_copy(objects_slot(cap), objects_slot(frame_cap(frame, PLANE_PROGRAM)), seL4_AllRights),
             "copying a page's capability");
        change_state(frame, 0, has);
    }
    return cap;
}

static void *view_address(uint32_t frame)
{
    return (void *)(views + (uint64_t)frame * PAGE_BYTES);
}

static bool map_view(uint32_t frame, enum frame_flags as)
{
    uint64_t rights = as == VIEW_WRITABLE ? seL4_CanRead | seL4_CanWrite : seL4_CanRead;
    if (!objects_map(plane_cap(frame, PLANE_VIEW, HAS_VIEW_CAP), own_vspace.cap, (uint64_t)view_address(frame), rights,
                     seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever)) {
        return false;
    }
    change_state(frame, VIEW_WRITABLE | VIEW_READ_ONLY, as);
    return true;
}

static void *view(void *env, uint32_t frame)
{
    (void)env;
    if ((frame_state[frame] & VIEW_WRITABLE) == 0 && !map_view(frame, VIEW_WRITABLE)) {
        return NULL;
    }
    return view_address(frame);
}

static const void *seal(void *env, uint32_t frame)
{
    (void)env;
    if ((frame_state[frame] & VIEW_READ_ONLY) == 0) {
        bool mapped = map_view(frame, VIEW_READ_ONLY); /* it was mapped: lowering the rights needs no memory */
        assert(mapped);
    }
    return view_address(frame);
}

static void unseal(void *env, uint32_t frame)
{
    (void)env;
    bool mapped = map_view(frame, VIEW_WRITABLE);
    assert(mapped);
}

/* ---- pairs -------------------------------------------------------------------------------------------------------------------------- */

static uint64_t pair_cap(uint32_t pair, unsigned which)
{
    return ((uint64_t)pair / PAIRS_A_LEAF + FIRST_PAIR_LEAF) << DIRECTORY_LEAF_BITS | (pair % PAIRS_A_LEAF) * 2 | which;
}

/* Makes one of the pair's capabilities a copy of the frame's. It is mapped nowhere when the pair changes hands. */
static bool pair_prepare(uint32_t pair, unsigned which, uint32_t frame)
{
    if (pair_frame[pair][which] == frame) {
        return true;
    }
    uint32_t leaf = pair / PAIRS_A_LEAF;
    if (!pair_leaf_made[leaf]) {
        if (!objects_make_leaf(leaf + FIRST_PAIR_LEAF)) {
            return false;
        }
        pair_leaf_made[leaf] = true;
    }
    struct slot to = objects_slot(pair_cap(pair, which));
    if (pair_frame[pair][which] != 0) {
        must(cnode_delete(to), "taking a page's capability back");
    }
    must(cnode_copy(to, objects_slot(frame_cap(frame, PLANE_PROGRAM)), seL4_AllRights), "copying a shared page's capability");
    pair_frame[pair][which] = frame;
    return true;
}

/* The capability that a mapping uses; 0: no memory. */
static uint64_t mapping_cap(uint32_t frame, uint32_t pair, bool window)
{
    if (pair != VM_OWN_PAIR) {
        return pair_prepare(pair, window, frame) ? pair_cap(pair, window) : 0;
    }
    return window ? plane_cap(frame, PLANE_WINDOW, HAS_WINDOW_CAP) : frame_cap(frame, PLANE_PROGRAM);
}

/* ---- mappings ------------------------------------------------------------------------------------------------------------------------ */

uint64_t machine_vspace(uint32_t space)
{
    if (vspaces[space] == 0) {
        uint64_t vspace = objects_make(seL4_ARM_VSpaceObject, 0, 1);
        if (vspace != 0) {
            must(asid_pool_assign(asid_pool.cap, vspace), "giving an address space its number");
        }
        vspaces[space] = vspace;
    }
    return vspaces[space];
}

static bool map(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, unsigned rights)
{
    (void)env;
    uint64_t vspace = machine_vspace(space);
    uint64_t cap = mapping_cap(frame, pair, false);
    bool executable = (rights & VM_EXECUTE) != 0;
    assert(!executable || (frame_state[frame] & VIEW_READ_ONLY) != 0);
    return vspace != 0 && cap != 0 &&
           objects_map(cap, vspace, (uint64_t)page * PAGE_BYTES,
                       (rights & VM_WRITE) != 0 ? seL4_CanRead | seL4_CanWrite : seL4_CanRead,
                       seL4_ARM_Default_VMAttributes | (executable ? 0u : (unsigned)seL4_ARM_ExecuteNever));
}

static void unmap(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair)
{
    (void)env;
    (void)space;
    (void)page;
    must(page_unmap(mapping_cap(frame, pair, false)), "unmapping a page");
}

static bool map_window(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair, bool writable)
{
    (void)env;
    uint64_t cap = mapping_cap(frame, pair, true);
    return cap != 0 && objects_map(cap, linux_vspace.cap, PAGER_WINDOW + ((uint64_t)space << 32) + (uint64_t)page * PAGE_BYTES,
                                   writable ? seL4_CanRead | seL4_CanWrite : seL4_CanRead,
                                   seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever);
}

static void unmap_window(void *env, uint32_t space, uint32_t page, uint32_t frame, uint32_t pair)
{
    (void)env;
    (void)space;
    (void)page;
    must(page_unmap(mapping_cap(frame, pair, true)), "unmapping a page of a window");
}

static bool map_object_window(void *env, uint32_t index, uint32_t frame)
{
    (void)env;
    if ((frame_state[frame] & IN_OBJECT_WINDOW) != 0) {
        return true;
    }
    if (!objects_map(plane_cap(frame, PLANE_WINDOW, HAS_WINDOW_CAP), linux_vspace.cap, PAGER_OBJECTS + (uint64_t)index * PAGE_BYTES,
                     seL4_CanRead, seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever)) {
        return false;
    }
    change_state(frame, 0, IN_OBJECT_WINDOW);
    return true;
}

/* ---- verified pages ------------------------------------------------------------------------------------------------------------------- */

/* `scrub` gets to see the page, and its leaf. Without memory for that it is not scrubbed, and the journal says so. */
static void resident(void *env, uint32_t index, uint32_t frame, const struct hash256 *leaf)
{
    (void)env;
    struct pager_resident *r = (struct pager_resident *)residents.addr + index;
    must(page_unify(frame_cap(frame, PLANE_VIEW), 0, PAGE_BYTES), "making code visible");
    uint32_t generation = ++generations[index];
    if (!objects_map(frame_cap(frame, PLANE_PROGRAM), scrub_vspace.cap, PAGER_OBJECTS + (uint64_t)index * PAGE_BYTES,
                     seL4_CanRead, seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever)) {
        pager_note(JOURNAL_NOTE, "page %u cannot be shown to scrub: no memory for page tables", index);
        return;
    }
    memcpy(r->leaf, leaf->bytes, sizeof r->leaf);
    const struct vm_object *o = &vm.objects[vm.page_object[index]];
    r->len_bytes = (uint32_t)tree_block_len(o->len_bytes, index - o->first_page);
    __atomic_store_n(&r->generation, generation, __ATOMIC_RELEASE);
}

/* A frame that failed a check is seen by nobody any more. */
static void retire(void *env, uint32_t index, uint32_t frame)
{
    (void)env;
    struct pager_resident *r = (struct pager_resident *)residents.addr + index;
    __atomic_store_n(&r->generation, 0, __ATOMIC_RELEASE);
    must(page_unmap(frame_cap(frame, PLANE_PROGRAM)), "taking a bad page from scrub");
    if ((frame_state[frame] & IN_OBJECT_WINDOW) != 0) {
        must(page_unmap(frame_cap(frame, PLANE_WINDOW)), "taking a bad page from its window");
        change_state(frame, IN_OBJECT_WINDOW, 0);
    }
}

static void refused(void *env, uint32_t object, uint32_t page)
{
    (void)env;
    pager_refused(object, page);
}

const struct vm_ops machine_ops = {
    .grow = grow,
    .view = view,
    .seal = seal,
    .unseal = unseal,
    .map = map,
    .unmap = unmap,
    .map_window = map_window,
    .unmap_window = unmap_window,
    .map_object_window = map_object_window,
    .resident = resident,
    .retire = retire,
    .refused = refused,
};
