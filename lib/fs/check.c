/* SPDX-License-Identifier: MIT */
/**
 * Check: goes through everything that a volume has, a little at a time, and tells what is not as it should be. A bad copy is written again from
 * the good one; the map can be made anew from what was found; nothing else is changed, and nothing is made up.
 * Owns:   the memory that lxfs_check_begin is given: a bit for each block, four bytes for each inode.
 * Limits: a step goes one way down a tree, or looks at 8 names, one inode, or one leaf of the map. The volume must not change meanwhile.
 */
#include "private.h"

enum phase { PHASE_TABLE, PHASE_INODES, PHASE_NAMES, PHASE_LINKS, PHASE_FREE, PHASE_DEAD, PHASE_KEPT, PHASE_SNAPSHOTS, PHASE_MAP, PHASE_END };

enum { NAMES_STEP = 8, BLOCK_POINTERS = BLOCK / POINTER_BYTES };

/* In `links`: of a file, its names. Of a directory, its directories, and above NAME_SHIFT its own names. */
enum { NAME_SHIFT = 20 };
#define COUNT_MASK ((1u << NAME_SHIFT) - 1)

struct lxfs_check {
    struct lxfs *fs;
    lxfs_report report;
    void *context;
    uint32_t flags;
    enum phase phase;
    uint64_t generation; /* of the state that is looked at */
    uint64_t inode;      /* where it is: a file, an entry of a list, a slot and inode of a snapshot */
    uint64_t index;
    uint64_t cookie;
    uint64_t entries; /* of the directory that is looked at */
    uint64_t free_inode;
    uint64_t used_inodes;
    uint64_t free_blocks;
    uint64_t inode_count;
    uint8_t *seen; /* a bit for each block */
    uint32_t *links;
    struct lxfs_check_result result;
    uint64_t quotas[LXFS_QUOTAS_MAX + 1];
    struct lxfs_entry names[NAMES_STEP];
};

const char *lxfs_finding_name(enum lxfs_finding_kind kind)
{
    static const char *const names[] = {
        [LXFS_FINDING_COPY] = "one copy of a block is bad",
        [LXFS_FINDING_BLOCK] = "a block cannot be verified",
        [LXFS_FINDING_INODE] = "an inode says what cannot be",
        [LXFS_FINDING_DIRECTORY] = "a directory cannot be listed",
        [LXFS_FINDING_NAME] = "a name leads to nothing, or is not found",
        [LXFS_FINDING_PARENT] = "a directory is in another than it says",
        [LXFS_FINDING_ENTRIES] = "a directory has another number of entries than it says",
        [LXFS_FINDING_LINKS] = "an inode has another number of names than it says",
        [LXFS_FINDING_UNREACHED] = "an inode has no name",
        [LXFS_FINDING_TWICE] = "a block belongs to two",
        [LXFS_FINDING_FREE] = "a block in use is marked as free",
        [LXFS_FINDING_LEAK] = "a block that belongs to nothing is marked as in use",
        [LXFS_FINDING_LIST] = "a list is broken",
        [LXFS_FINDING_NUMBER] = "a number of the superblock is wrong",
        [LXFS_FINDING_QUOTA] = "a quota counts wrong",
        [LXFS_FINDING_SNAPSHOT] = "a block of a snapshot is not kept for it",
    };
    return (size_t)kind < ARRAY_LEN(names) ? names[kind] : "unknown finding";
}

static void tell(struct lxfs_check *c, struct lxfs_finding finding)
{
    c->result.findings++;
    c->result.repaired += finding.is_repaired;
    c->report(c->context, &finding);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------------- */

static bool is_seen(const struct lxfs_check *c, uint64_t address)
{
    return (c->seen[address / 8] >> (address % 8) & 1) != 0;
}

/* Notes that a block is in use. @return false when it was noted before, or cannot be. */
static bool mark(struct lxfs_check *c, uint64_t address, const struct lxfs_finding *at)
{
    bool is_place = address >= c->fs->data_first && address < c->fs->data_end;
    if (is_place && !is_seen(c, address)) {
        c->seen[address / 8] = (uint8_t)(c->seen[address / 8] | 1u << (address % 8));
        c->result.blocks++;
        return true;
    }
    struct lxfs_finding f = *at;
    f.kind = is_place ? LXFS_FINDING_TWICE : LXFS_FINDING_BLOCK;
    f.address = address;
    tell(c, f);
    return false;
}

/* Both addresses of a pointer. @return whether the first is new: then what is below is looked at. */
static bool mark_pointer(struct lxfs_check *c, const uint8_t *pointer, const struct lxfs_finding *at)
{
    bool is_new = mark(c, le40_load(pointer + P_ADDRESS), at);
    if (le40_load(pointer + P_ADDRESS2) != 0) {
        (void)mark(c, le40_load(pointer + P_ADDRESS2), at);
    }
    return is_new;
}

/* Of a snapshot: must have been noted for the volume, or as kept. */
static void expect_seen(struct lxfs_check *c, const uint8_t *pointer, const struct lxfs_finding *at)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint64_t address = le40_load(pointer + (copy == 0 ? P_ADDRESS : P_ADDRESS2));
        bool is_place = address >= c->fs->data_first && address < c->fs->data_end;
        if (copy == 1 && address == 0) {
            continue;
        }
        if (!is_place || !is_seen(c, address)) {
            struct lxfs_finding f = *at;
            f.kind = LXFS_FINDING_SNAPSHOT;
            f.address = address;
            tell(c, f);
        }
    }
}

/* Compares the copies of a verified block with it, and writes a bad one again. */
static void compare(struct lxfs_check *c, const struct spot *spot, uint32_t i, const struct lxfs_finding *at)
{
    struct lxfs *fs = c->fs;
    const struct frame *f = &fs->frames[i];
    uint64_t places[2] = {f->address, f->address2};
    size_t len = spot->level == 0 ? f->extent.last_bytes : BLOCK;
    uint8_t *copy = fs->scratch + BLOCK;
    for (uint32_t n = 0; n < 2 && f->state == FRAME_CLEAN && block_is_place(fs, spot, places[n], n); n++) {
        if (medium_read(fs, places[n], f->birth, copy) && memcmp(copy, frame_data(fs, i), len) == 0) {
            continue;
        }
        struct lxfs_finding finding = *at;
        finding.kind = LXFS_FINDING_COPY;
        finding.address = places[n];
        finding.is_repaired = !fs->is_read_only && medium_write(fs, places[n], f->birth, frame_data(fs, i));
        fs->stats.bad_copies++;
        fs->stats.repaired_copies += finding.is_repaired;
        tell(c, finding);
    }
}

/* Loads the block of a spot, and tells what is wrong with it. @return false when it cannot be verified. */
static bool visit(struct lxfs_check *c, const struct spot *spot, struct lxfs_finding *at, uint32_t *frame)
{
    struct lxfs *fs = c->fs;
    uint64_t bad_before = fs->stats.bad_copies;
    at->level = spot->level;
    at->index = spot->index;
    at->address = le40_load(spot_pointer(fs, spot) + P_ADDRESS);
    if (block_load(fs, spot, frame) != LXFS_OK) {
        at->kind = LXFS_FINDING_BLOCK;
        c->result.is_incomplete = c->result.is_incomplete || spot->level != 0 || spot->kind == KIND_TABLE || spot->kind == KIND_LIST;
        tell(c, *at);
        return false;
    }
    if (fs->stats.bad_copies != bad_before) {
        at->kind = LXFS_FINDING_COPY;
        at->is_repaired = !fs->is_read_only;
        tell(c, *at);
        at->is_repaired = false;
    }
    return true;
}

/* Goes down to leaf `index` of a file, and looks at the blocks that begin there; `index` moves on. `seen_birth`: of a snapshot, what was born
 * then or before was looked at with another. */
static void walk(struct lxfs_check *c, const struct file *f, bool is_snapshot, uint64_t seen_birth, uint64_t *index)
{
    struct lxfs *fs = c->fs;
    struct spot spot = file_root_spot(fs, f);
    struct lxfs_finding at = {.inode = f->inode, .is_map = f->kind == KIND_MAP};
    for (;;) {
        uint32_t shift = FANOUT_BITS * spot.level;
        uint64_t next = ((*index >> shift) + 1) << shift;
        uint32_t frame = 0;
        const uint8_t *pointer = spot_pointer(fs, &spot);
        bool is_first = spot.index << shift == *index;
        at.level = spot.level;
        at.index = spot.index;
        if (le40_load(pointer + P_ADDRESS) == 0 || (is_snapshot && le64_load(pointer + P_BIRTH) <= seen_birth)) {
            *index = next;
            return;
        }
        if (is_first && is_snapshot) {
            expect_seen(c, pointer, &at);
        } else if (is_first && f->kind != KIND_MAP && !mark_pointer(c, pointer, &at)) {
            *index = next;
            return;
        }
        if (!visit(c, &spot, &at, &frame)) {
            *index = next;
            return;
        }
        if (is_first) {
            compare(c, &spot, frame, &at);
        }
        if (spot.level == 0) {
            *index = next;
            return;
        }
        spot = file_child_spot(&spot, frame, *index);
    }
}

static void walk_xattr(struct lxfs_check *c, const struct file *f, bool is_snapshot, uint64_t seen_birth)
{
    struct spot x = xattr_spot(f);
    struct lxfs_finding at = {.inode = f->inode};
    const uint8_t *pointer = spot_pointer(c->fs, &x);
    uint32_t frame = 0;
    if (le40_load(pointer + P_ADDRESS) == 0 || (is_snapshot && le64_load(pointer + P_BIRTH) <= seen_birth)) {
        return;
    }
    if (is_snapshot) {
        expect_seen(c, pointer, &at);
    } else {
        (void)mark_pointer(c, pointer, &at);
    }
    if (visit(c, &x, &at, &frame)) {
        compare(c, &x, frame, &at);
    }
}

/* ---- phases: each step moves on, and says when its phase is over ---------------------------------------------------------- */

static bool is_kept_inode(uint64_t inode)
{
    return inode == INODE_DEAD || (inode >= INODE_SNAPSHOTS && inode < INODE_FIRST_FREE);
}

static bool table_step(struct lxfs_check *c)
{
    struct file table = file_of_table();
    if (c->index >= tree_leaf_count(file_size(c->fs, &table))) {
        return true;
    }
    walk(c, &table, false, 0, &c->index);
    return false;
}

/* What an inode itself says; its blocks are looked at if the root pointer can be followed. @return whether there is something to walk. */
static bool inode_look(struct lxfs_check *c, struct file *f)
{
    struct lxfs_finding at = {.kind = LXFS_FINDING_INODE, .inode = c->inode};
    struct file loaded;
    if (inode_slot(c->fs, c->inode, f) != LXFS_OK) { /* the block of the table was told of */
        return false;
    }
    bool is_list = is_kept_inode(c->inode);
    uint32_t mode = le32_load(file_inode(c->fs, f) + I_MODE);
    if (!is_list && mode == 0) {
        return false;
    }
    bool is_sound = is_list ? inode_is_root_sound(c->fs, file_inode(c->fs, f)) : inode_load(c->fs, c->inode, &loaded) == LXFS_OK;
    if (c->index == 0) {
        c->used_inodes += !is_list;
        if (!is_sound) {
            c->result.is_incomplete = true;
            tell(c, at);
        } else if (!is_list) {
            c->quotas[le32_load(file_inode(c->fs, f) + I_QUOTA)] += 1 + le40_load(file_inode(c->fs, f) + I_ROOT + P_COUNT);
        }
    }
    return is_sound;
}

static bool inodes_step(struct lxfs_check *c)
{
    struct file f;
    if (c->inode >= c->inode_count) {
        return true;
    }
    if (c->inode == INODE_NONE || !inode_look(c, &f)) {
        c->inode++;
        c->index = 0;
        return false;
    }
    if (c->index == 0) {
        walk_xattr(c, &f, false, 0);
    }
    if (inode_slot(c->fs, c->inode, &f) != LXFS_OK || c->index >= tree_leaf_count(file_size(c->fs, &f))) {
        c->inode++;
        c->index = 0;
        return false;
    }
    walk(c, &f, false, 0, &c->index);
    return false;
}

static void links_add(struct lxfs_check *c, uint64_t inode, uint32_t n)
{
    uint32_t at = c->links[inode];
    bool has_room = n == 1 ? (at & COUNT_MASK) != COUNT_MASK : at >> NAME_SHIFT != UINT32_MAX >> NAME_SHIFT;
    c->links[inode] = at + (has_room ? n : 0);
}

static void entry_look(struct lxfs_check *c, const struct lxfs_entry *e)
{
    struct file child;
    uint64_t found = 0;
    struct lxfs_name name = {e->name, e->name_bytes};
    struct lxfs_finding at = {.kind = LXFS_FINDING_NAME, .inode = c->inode, .other = e->inode, .name = e->name};
    enum lxfs_err err = inode_load(c->fs, e->inode, &child);
    bool is_right = err == LXFS_OK && (le32_load(file_inode(c->fs, &child) + I_MODE) & LXFS_IFMT) == e->mode_type;
    bool is_dir = err == LXFS_OK && child.kind == KIND_META;
    uint64_t parent = is_dir ? le64_load(file_inode(c->fs, &child) + I_PARENT) : c->inode;
    if (err == LXFS_OK) {
        links_add(c, e->inode, is_dir ? 1u << NAME_SHIFT : 1);
        if (is_dir) {
            links_add(c, c->inode, 1);
        }
    }
    if (!is_right || lxfs_lookup(c->fs, c->inode, name, &found) != LXFS_OK || found != e->inode) {
        tell(c, at);
    }
    if (parent != c->inode) {
        at.kind = LXFS_FINDING_PARENT;
        at.inode = e->inode;
        at.other = parent;
        tell(c, at);
    }
}

static void next_directory(struct lxfs_check *c)
{
    c->inode++;
    c->cookie = 0;
    c->entries = 0;
}

static bool names_step(struct lxfs_check *c)
{
    struct file d;
    struct lxfs_finding at = {.inode = c->inode};
    size_t count = 0;
    bool is_end = false;
    if (c->inode >= c->inode_count) {
        return true;
    }
    if (inode_load(c->fs, c->inode, &d) != LXFS_OK || d.kind != KIND_META) {
        next_directory(c);
        return false;
    }
    uint64_t says = le64_load(file_inode(c->fs, &d) + I_ENTRIES);
    if (lxfs_readdir(c->fs, c->inode, &c->cookie, c->names, NAMES_STEP, &count, &is_end) != LXFS_OK) {
        at.kind = LXFS_FINDING_DIRECTORY;
        c->result.is_unlisted = true;
        tell(c, at);
        next_directory(c);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        entry_look(c, &c->names[i]);
    }
    c->entries += count;
    if (is_end) {
        if (c->entries != says) {
            at.kind = LXFS_FINDING_ENTRIES;
            at.expected = c->entries;
            at.found = says;
            tell(c, at);
        }
        next_directory(c);
    }
    return false;
}

static bool links_step(struct lxfs_check *c)
{
    struct file f;
    uint64_t inode = c->inode++;
    if (inode >= c->inode_count) {
        return true;
    }
    if (inode_load(c->fs, inode, &f) != LXFS_OK) {
        return false;
    }
    bool is_dir = f.kind == KIND_META;
    uint32_t says = le32_load(file_inode(c->fs, &f) + I_LINKS);
    uint32_t names = is_dir ? c->links[inode] >> NAME_SHIFT : c->links[inode] & COUNT_MASK;
    uint32_t want = is_dir ? 2 + (c->links[inode] & COUNT_MASK) : names;
    struct lxfs_finding at = {.kind = LXFS_FINDING_LINKS, .inode = inode, .expected = want, .found = says};
    bool is_orphan = says == 0 && names == 0; /* of an open file, or not freed yet */
    if (names == 0 && says != 0 && inode != INODE_ROOT) {
        at.kind = LXFS_FINDING_UNREACHED;
        tell(c, at);
    } else if (!is_orphan && (says != want || (is_dir && names != (inode == INODE_ROOT ? 0u : 1u)))) {
        tell(c, at);
    }
    return false;
}

/* The list of free inodes. It ends with 0, and has as many as are not in use. */
static bool free_step(struct lxfs_check *c)
{
    struct file f;
    uint64_t others = INODE_FIRST_FREE - 1; /* without the root directory */
    uint64_t want = c->inode_count - others - c->used_inodes;
    struct lxfs_finding at = {.kind = LXFS_FINDING_LIST, .inode = c->free_inode, .expected = want, .found = c->index};
    bool is_end = c->free_inode == 0;
    bool is_bad = !is_end && (c->index >= want || inode_slot(c->fs, c->free_inode, &f) != LXFS_OK || is_kept_inode(c->free_inode) ||
                              le32_load(file_inode(c->fs, &f) + I_MODE) != 0);
    if (is_bad || (is_end && c->index != want)) {
        tell(c, at);
    }
    if (is_end || is_bad) {
        return true;
    }
    c->free_inode = le64_load(file_inode(c->fs, &f) + I_NEXT);
    c->index++;
    return false;
}

/* A pointer of the list of dead or of kept trees. */
static enum lxfs_err list_pointer(struct lxfs *fs, uint64_t list, uint64_t n, uint8_t out[POINTER_BYTES])
{
    struct file f;
    uint32_t frame = 0;
    enum lxfs_err err = inode_slot(fs, list, &f);
    if (err == LXFS_OK && n / BLOCK_POINTERS >= tree_leaf_count(file_size(fs, &f))) {
        err = LXFS_EBAD;
    }
    err = err != LXFS_OK ? err : file_load(fs, &f, 0, n / BLOCK_POINTERS, &frame);
    if (err != LXFS_OK || frame == 0) {
        return err == LXFS_OK ? LXFS_EBAD : err;
    }
    memcpy(out, frame_data(fs, frame) + n % BLOCK_POINTERS * POINTER_BYTES, POINTER_BYTES);
    return LXFS_OK;
}

/* Goes through the trees of a list as `walk` does; their nodes have CHECK alone. */
static bool list_step(struct lxfs_check *c, uint64_t list, uint64_t count)
{
    struct lxfs *fs = c->fs;
    uint8_t pointer[POINTER_BYTES];
    uint8_t *node = fs->scratch + BLOCK;
    struct lxfs_finding at = {.kind = LXFS_FINDING_LIST, .inode = list, .index = c->inode};
    if (c->inode >= count) {
        return true;
    }
    if (list_pointer(fs, list, c->inode, pointer) != LXFS_OK || pointer[P_LEVEL] > LEVELS_MAX) {
        tell(c, at);
        c->result.is_incomplete = true;
        c->inode++;
        c->index = 0;
        return false;
    }
    uint64_t end = 1ull << (FANOUT_BITS * pointer[P_LEVEL]);
    for (uint32_t level = pointer[P_LEVEL];; level--) {
        uint32_t shift = FANOUT_BITS * level;
        uint64_t next = ((c->index >> shift) + 1) << shift;
        bool is_first = c->index >> shift << shift == c->index;
        bool goes_on = le40_load(pointer + P_ADDRESS) != 0 && pointer[P_LEVEL] == level;
        at.level = level;
        at.address = le40_load(pointer + P_ADDRESS);
        if (goes_on && is_first) {
            goes_on = mark_pointer(c, pointer, &at);
        }
        if (goes_on && level != 0 && dead_read(fs, pointer, node) != LXFS_OK) {
            at.kind = LXFS_FINDING_BLOCK;
            tell(c, at);
            c->result.is_incomplete = true;
            goes_on = false;
        }
        if (!goes_on || level == 0) {
            c->index = next;
            break;
        }
        memcpy(pointer, node + (c->index >> (shift - FANOUT_BITS)) % FANOUT * POINTER_BYTES, POINTER_BYTES);
    }
    if (c->index >= end) {
        c->inode++;
        c->index = 0;
    }
    return false;
}

/* `inode` is a slot; `cookie` 0 for its table, then an inode. */
static bool snapshots_step(struct lxfs_check *c)
{
    struct lxfs *fs = c->fs;
    struct file f;
    struct lxfs_finding at = {.kind = LXFS_FINDING_LIST, .inode = INODE_SNAPSHOTS, .index = c->inode};
    uint64_t inode_count = 0;
    while (c->inode < LXFS_SNAPSHOTS_MAX && fs->snapshots[c->inode] == 0) {
        c->inode++;
    }
    if (c->inode >= LXFS_SNAPSHOTS_MAX) {
        return true;
    }
    uint64_t born = snapshot_before(fs, fs->snapshots[c->inode]);
    uint64_t bits = (c->inode + 1) << SNAPSHOT_SHIFT;
    enum lxfs_err err = snapshot_table(fs, (uint32_t)c->inode, &f, &inode_count);
    if (err != LXFS_OK || c->cookie >= inode_count) {
        if (err != LXFS_OK) {
            tell(c, at);
        }
        c->inode++;
        c->cookie = 0;
        c->index = 0;
        return false;
    }
    bool is_table = c->cookie == 0;
    bool has_blocks = is_table;
    if (!is_table && !is_kept_inode(c->cookie)) {
        err = inode_slot(fs, bits | c->cookie, &f);
        has_blocks = err == LXFS_OK && le32_load(file_inode(fs, &f) + I_MODE) != 0 && inode_is_root_sound(fs, file_inode(fs, &f));
    }
    if (has_blocks && !is_table && c->index == 0) {
        walk_xattr(c, &f, true, born);
        has_blocks = inode_slot(fs, bits | c->cookie, &f) == LXFS_OK;
    }
    if (!has_blocks || c->index >= tree_leaf_count(file_size(fs, &f))) {
        c->cookie++;
        c->index = 0;
        return false;
    }
    walk(c, &f, true, born, &c->index);
    return false;
}

/* ---- the map ------------------------------------------------------------------------------------------------------------ */

/* What a leaf should have; its free blocks in `count`. */
static void leaf_make(const struct lxfs_check *c, uint64_t index, uint8_t *leaf, uint64_t *count)
{
    *count = 0;
    memset(leaf, 0xff, BLOCK);
    for (uint32_t bit = 0; bit < MAP_LEAF_BLOCKS; bit++) {
        uint64_t address = index * MAP_LEAF_BLOCKS + bit;
        if (address >= c->fs->data_first && address < c->fs->data_end && !is_seen(c, address)) {
            leaf[bit / 8] = (uint8_t)(leaf[bit / 8] & ~(1u << (bit % 8)));
            (*count)++;
        }
    }
}

/* Tells of runs of bits that differ, each with its first block and length. `want` may be one that forbids to give anything back. */
static void leaf_compare(struct lxfs_check *c, uint64_t index, const uint8_t *leaf, const uint8_t *want, bool is_mended)
{
    for (uint64_t bit = 0; bit < MAP_LEAF_BLOCKS;) {
        bool is = map_is_used(leaf, bit);
        bool should = map_is_used(want, bit);
        uint64_t run = 1;
        while (is != should && bit + run < MAP_LEAF_BLOCKS && map_is_used(leaf, bit + run) == is && map_is_used(want, bit + run) == should) {
            run++;
        }
        if (is != should) {
            struct lxfs_finding at = {.kind = is ? LXFS_FINDING_LEAK : LXFS_FINDING_FREE,
                                      .address = index * MAP_LEAF_BLOCKS + bit,
                                      .found = run,
                                      .is_map = true,
                                      .is_repaired = is_mended && (!is || !c->result.is_incomplete)};
            tell(c, at);
        }
        bit += run;
    }
}

/* Puts a leaf right. What may belong to something that could not be read stays in use. */
static enum lxfs_err leaf_mend(struct lxfs_check *c, uint64_t index, const uint8_t *want)
{
    struct lxfs *fs = c->fs;
    uint32_t frame = 0;
    if (fs->recent[0].count < OP_LEAVES || fs->recent[1].count < OP_NODES) {
        enum lxfs_err err = commit_all(fs);
        if (err != LXFS_OK) {
            return err;
        }
        c->generation = fs->generation;
    }
    enum lxfs_err err = map_remake(fs, index, &frame);
    if (err != LXFS_OK) {
        return err;
    }
    uint8_t *leaf = frame_data(fs, frame);
    uint64_t count = 0;
    uint64_t before = 0;
    struct file map = file_of_map();
    for (uint32_t at = 0; at < BLOCK; at++) {
        before += 8 - (uint64_t)__builtin_popcount(leaf[at]);
        leaf[at] = c->result.is_incomplete ? (uint8_t)(leaf[at] | want[at]) : want[at];
        count += 8 - (uint64_t)__builtin_popcount(leaf[at]);
    }
    file_count_add(fs, &map, 0, index, count - le40_load(spot_pointer(fs, &fs->frames[frame].spot) + P_COUNT));
    uint64_t fewer = before > count ? before - count : 0; /* if all could be read, the number is set in the end */
    fs->free_blocks -= fewer < fs->free_blocks ? fewer : fs->free_blocks;
    return LXFS_OK;
}

static bool map_step(struct lxfs_check *c)
{
    struct lxfs *fs = c->fs;
    struct file map = file_of_map();
    uint8_t *want = fs->scratch;
    uint64_t index = c->index;
    uint64_t count = 0;
    uint32_t frame = 0;
    if (index >= fs->map_leaves) {
        return true;
    }
    bool is_mending = (c->flags & LXFS_CHECK_REBUILD_MAP) != 0 && !fs->is_read_only;
    walk(c, &map, false, 0, &c->index);
    c->index = index + 1;
    leaf_make(c, index, want, &count);
    bool is_there = file_load(fs, &map, 0, index, &frame) == LXFS_OK && frame != 0;
    bool is_equal = is_there && memcmp(frame_data(fs, frame), want, BLOCK) == 0;
    c->free_blocks += count;
    if (is_there && !is_equal) {
        leaf_compare(c, index, frame_data(fs, frame), want, is_mending);
    }
    if (!is_equal && is_mending && leaf_mend(c, index, want) != LXFS_OK) {
        tell(c, (struct lxfs_finding){.kind = LXFS_FINDING_BLOCK, .index = index, .is_map = true});
    }
    return false;
}

/* What is known when all has been looked at: numbers that were counted, and quotas. */
static enum lxfs_err finish(struct lxfs_check *c)
{
    struct lxfs *fs = c->fs;
    bool is_mending = (c->flags & LXFS_CHECK_REBUILD_MAP) != 0 && !fs->is_read_only && !c->result.is_incomplete;
    if (c->used_inodes != fs->used_inodes && !c->result.is_incomplete) {
        tell(c, (struct lxfs_finding){.kind = LXFS_FINDING_NUMBER, .expected = c->used_inodes, .found = fs->used_inodes});
    }
    if (c->free_blocks != fs->free_blocks && !c->result.is_incomplete) {
        tell(c, (struct lxfs_finding){.kind = LXFS_FINDING_NUMBER,
                                      .is_map = true,
                                      .expected = c->free_blocks,
                                      .found = fs->free_blocks,
                                      .is_repaired = is_mending});
        fs->free_blocks = is_mending ? c->free_blocks : fs->free_blocks;
    }
    for (uint32_t n = 1; n <= LXFS_QUOTAS_MAX; n++) {
        struct lxfs_quota q = {0, 0};
        if (lxfs_quota_get(fs, n, &q) == LXFS_OK && q.used_blocks != c->quotas[n] && !c->result.is_incomplete) {
            tell(c, (struct lxfs_finding){.kind = LXFS_FINDING_QUOTA, .index = n, .expected = c->quotas[n], .found = q.used_blocks});
        }
    }
    return fs->is_read_only ? LXFS_OK : commit_all(fs);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------- */

size_t lxfs_check_bytes(const struct lxfs *fs)
{
    return sizeof(struct lxfs_check) + (size_t)(fs->block_count / 64 + 1) * 8 + (size_t)fs->inode_count * sizeof(uint32_t);
}

enum lxfs_err lxfs_check_begin(struct lxfs *fs, void *memory, size_t memory_bytes, uint32_t flags, lxfs_report report, void *context,
                               struct lxfs_check **out)
{
    struct lxfs_check *c = (struct lxfs_check *)memory;
    if ((flags & ~(uint32_t)LXFS_CHECK_REBUILD_MAP) != 0) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = fs->is_read_only ? LXFS_OK : commit_all(fs);
    if (err != LXFS_OK) {
        return err;
    }
    if (memory_bytes < lxfs_check_bytes(fs)) {
        return LXFS_ENOMEM;
    }
    memset(memory, 0, lxfs_check_bytes(fs));
    c->fs = fs;
    c->report = report;
    c->context = context;
    c->flags = flags;
    c->generation = fs->generation;
    c->inode_count = fs->inode_count;
    c->free_inode = fs->free_inode;
    c->seen = (uint8_t *)memory + sizeof *c;
    c->links = (uint32_t *)(void *)(c->seen + (size_t)(fs->block_count / 64 + 1) * 8);
    *out = c;
    return LXFS_OK;
}

/* @return whether the phase is over. */
static bool phase_step(struct lxfs_check *c)
{
    switch (c->phase) {
    case PHASE_TABLE:
        return table_step(c);
    case PHASE_INODES:
        return inodes_step(c);
    case PHASE_NAMES:
        return names_step(c);
    case PHASE_LINKS:
        return c->result.is_unlisted || c->result.is_incomplete || links_step(c); /* names that cannot be read are not missed */
    case PHASE_FREE:
        return c->result.is_incomplete || free_step(c);
    case PHASE_DEAD:
        return list_step(c, INODE_DEAD, c->fs->dead_count);
    case PHASE_KEPT:
        return list_step(c, INODE_KEPT, c->fs->kept_count);
    case PHASE_SNAPSHOTS:
        return snapshots_step(c);
    case PHASE_MAP:
        return map_step(c);
    case PHASE_END:
        break;
    }
    return false;
}

enum lxfs_err lxfs_check_step(struct lxfs_check *c, uint32_t steps, struct lxfs_check_result *result)
{
    struct lxfs *fs = c->fs;
    enum lxfs_err err = LXFS_OK;
    if (fs->is_failed) {
        return LXFS_EIO;
    }
    if (c->phase != PHASE_END && (c->generation != fs->generation || commit_has_changes(fs, RANK_MAP))) {
        return LXFS_EBUSY;
    }
    for (uint32_t n = 0; n < steps && c->phase != PHASE_END; n++) {
        if (!phase_step(c)) {
            continue;
        }
        c->phase++;
        c->inode = 0;
        c->index = 0;
        c->cookie = 0;
        if (c->phase == PHASE_END) {
            err = finish(c);
        }
    }
    *result = c->result;
    return err != LXFS_OK ? err : c->phase == PHASE_END ? LXFS_ENOENT : LXFS_OK;
}

enum lxfs_err lxfs_name_of(struct lxfs *fs, uint64_t inode, struct lxfs_cursor *cursor, uint32_t steps, uint64_t *directory,
                           struct lxfs_entry *entry)
{
    uint64_t bits = snapshot_bits(inode);
    for (uint32_t n = 0; n < steps; n++) {
        struct file d;
        size_t count = 0;
        bool is_end = false;
        enum lxfs_err err = inode_load(fs, bits | cursor->file, &d);
        bool is_behind = err == LXFS_ENOENT && inode_slot(fs, bits | cursor->file, &d) == LXFS_ENOENT && cursor->file > LXFS_ROOT_INODE;
        if (is_behind) {
            *cursor = (struct lxfs_cursor){0, 0};
            return LXFS_ENOENT;
        }
        if (err == LXFS_OK && d.kind == KIND_META) {
            err = lxfs_readdir(fs, bits | cursor->file, &cursor->index, entry, 1, &count, &is_end);
        } else {
            is_end = true;
        }
        if (err == LXFS_OK && count == 1 && entry->inode == inode) {
            *directory = bits | cursor->file;
            return LXFS_OK;
        }
        if (is_end || err != LXFS_OK) {
            *cursor = (struct lxfs_cursor){cursor->file + 1, 0};
        }
    }
    return LXFS_EBUSY;
}
