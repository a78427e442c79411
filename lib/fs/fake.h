/* SPDX-License-Identifier: MIT */
/**
 * Fake: a volume on the disk of the tests, a toy cipher that notices when a nonce comes twice, and an audit of the whole volume: every
 * pointer, both copies, every count, and the map against what is reachable. Header only, for tests and fuzzers.
 */
#ifndef LX_FS_FAKE_H
#define LX_FS_FAKE_H

#include "fake_disk.h"
#include "private.h"

struct volume {
    struct disk *disk;
    struct lxfs_device device;
    struct lxfs_crypt crypt;
    struct lxfs_frames frames;
    void *memory;
    size_t memory_bytes;
    struct lxfs *fs;
};

static inline struct lxfs_device fake_device(struct disk *d)
{
    return (struct lxfs_device){d, disk_read, disk_write, disk_flush, disk_size};
}

static inline uint64_t fake_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

static inline uint64_t fake_mix_bytes(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *p = (const uint8_t *)bytes;
    for (; len >= 8; len -= 8, p += 8) {
        h = fake_mix(h, le64_load(p));
    }
    for (; len > 0; len--, p++) {
        h = fake_mix(h, *p);
    }
    return h;
}

/* ---- a cipher: the key stream depends on address and generation; what was sealed is remembered --------------------------- */

enum { NONCES = 1 << 20 };

struct fake_cipher {
    uint64_t (*seen)[3]; /* address, generation, a hash of the plain text */
    uint64_t count;
    uint64_t reused; /* with another plain text */
};

static inline void fake_stream(uint64_t address, uint64_t generation, uint8_t *block)
{
    uint64_t state = fake_mix(address, generation);
    for (uint32_t at = 0; at < BLOCK; at += 8) {
        le64_store(block + at, le64_load(block + at) ^ random_next(&state));
    }
}

static inline void fake_unseal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    (void)context;
    fake_stream(address, generation, block);
}

static inline void fake_seal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    struct fake_cipher *c = (struct fake_cipher *)context;
    uint64_t hash = fake_mix_bytes(1, block, BLOCK) | 1;
    uint64_t at = fake_mix(address, generation) % NONCES;
    while (c->count < NONCES / 2 && c->seen[at][2] != 0 && (c->seen[at][0] != address || c->seen[at][1] != generation)) {
        at = (at + 1) % NONCES;
    }
    if (c->seen[at][2] == 0 && c->count < NONCES / 2) {
        c->seen[at][0] = address;
        c->seen[at][1] = generation;
        c->seen[at][2] = hash;
        c->count++;
    } else if (c->seen[at][0] == address && c->seen[at][1] == generation) {
        c->reused += c->seen[at][2] != hash;
    }
    fake_stream(address, generation, block);
}

static inline struct lxfs_crypt fake_crypt(struct fake_cipher *c)
{
    c->seen = (uint64_t(*)[3])calloc(NONCES, sizeof *c->seen);
    c->count = 0;
    c->reused = 0;
    return (struct lxfs_crypt){c, 7, fake_seal, fake_unseal};
}

/* ---- volumes ------------------------------------------------------------------------------------------------------------ */

static inline enum lxfs_err volume_open(struct volume *v, uint32_t flags)
{
    struct lxfs_setup setup = {v->device, v->crypt, v->frames, {1000000, 5}, flags};
    return lxfs_open(&setup, v->memory, v->memory_bytes, &v->fs);
}

static inline void volume_init(struct volume *v, struct disk *d, const struct lxfs_crypt *crypt, uint32_t leaves, uint32_t nodes)
{
    *v = (struct volume){.disk = d, .device = fake_device(d), .frames = {leaves, nodes}};
    if (crypt != NULL) {
        v->crypt = *crypt;
    }
    v->memory_bytes = lxfs_memory_bytes(&v->frames);
    v->memory = aligned_alloc(LXFS_MEMORY_ALIGNMENT, v->memory_bytes);
    assert(v->memory != NULL);
}

static inline enum lxfs_err volume_format(struct volume *v, uint32_t log_blocks)
{
    struct lxfs_form form = {"a uuid of sixtee", "a secret of sixt", log_blocks, {1000000, 0}};
    enum lxfs_err err = lxfs_format(&v->device, &v->crypt, &form, v->memory, v->memory_bytes);
    return err == LXFS_OK ? volume_open(v, 0) : err;
}

/* Lets the search for free blocks begin anew, so that what was given back is taken again at once: if it may not be, that shows. */
static inline void volume_rewind(struct volume *v)
{
    v->fs->next[0] = v->fs->data_first;
    v->fs->next[1] = v->fs->data_first;
}

static inline struct lxfs_name name_of(const char *text)
{
    return (struct lxfs_name){text, strlen(text)};
}

static const struct lxfs_node plain_file = {.mode = LXFS_IFREG | 0644};
static const struct lxfs_node plain_dir = {.mode = LXFS_IFDIR | 0755};

/* ---- audit -------------------------------------------------------------------------------------------------------------- */

struct audit {
    struct lxfs *fs;
    uint8_t *seen;  /* a bit for each block */
    uint64_t errors;
    uint32_t bad_blocks; /* that did not verify */
    bool is_snapshot;    /* what is walked belongs to a snapshot: it must be there, and may belong to the volume as well */
    uint64_t used;
    uint64_t quotas[LXFS_QUOTAS_MAX + 1];
};

static bool audit_is_quiet; /* it only counts */

static inline void audit_error(struct audit *a, const char *what, uint64_t number)
{
    if (a->errors++ < 5 && !audit_is_quiet) {
        printf("# audit: %s (%llu)\n", what, (unsigned long long)number);
    }
}

static inline void audit_mark(struct audit *a, uint64_t address)
{
    if (address < a->fs->data_first || address >= a->fs->data_end) {
        audit_error(a, "an address is outside of the data", address);
        return;
    }
    bool is_seen = (a->seen[address / 8] >> (address % 8) & 1) != 0;
    if (is_seen != a->is_snapshot) {
        audit_error(a, is_seen ? "a block belongs to two" : "a block of a snapshot belongs to nothing", address);
    }
    if (a->is_snapshot) {
        return;
    }
    a->seen[address / 8] = (uint8_t)(a->seen[address / 8] | 1u << (address % 8));
    a->used++;
}

/* Both copies are the same plain text. */
static inline void audit_copies(struct audit *a, const uint8_t *pointer)
{
    static uint8_t one[BLOCK];
    static uint8_t two[BLOCK];
    uint64_t birth = le64_load(pointer + P_BIRTH);
    if (!medium_read(a->fs, le40_load(pointer + P_ADDRESS), birth, one) ||
        !medium_read(a->fs, le40_load(pointer + P_ADDRESS2), birth, two) || memcmp(one, two, BLOCK) != 0) {
        audit_error(a, "the copies differ", le40_load(pointer + P_ADDRESS));
    }
}

/* Walks a tree in place, leaf after leaf; checks the counts of all nodes. @return leaves that are there. */
static inline uint64_t audit_tree(struct audit *a, const struct spot *root, bool is_map)
{
    struct spot spots[LEVELS_MAX + 1];
    uint32_t slots[LEVELS_MAX + 1] = {0};
    uint64_t sums[LEVELS_MAX + 1] = {0};
    uint32_t depth = 0;
    uint64_t leaves = 0;
    spots[0] = *root;
    bool is_down = true;
    for (;;) {
        const uint8_t *pointer = spot_pointer(a->fs, &spots[depth]);
        uint32_t frame = 0;
        uint64_t count = 0;
        if (is_down && le40_load(pointer + P_ADDRESS) != 0) {
            if (!is_map) {
                audit_mark(a, le40_load(pointer + P_ADDRESS));
                if (le40_load(pointer + P_ADDRESS2) != 0) {
                    audit_mark(a, le40_load(pointer + P_ADDRESS2));
                }
            }
            if (le40_load(pointer + P_ADDRESS2) != 0 && !a->is_snapshot) { /* many blocks are those of the volume: once is enough */
                audit_copies(a, pointer);
            }
            bool may_have_one = root->kind == KIND_FILE && spots[depth].level == 0; /* and two, as its flag was when it was written */
            if (le40_load(pointer + P_ADDRESS2) == 0 && !may_have_one) {
                audit_error(a, "a wrong number of copies", spots[depth].kind);
            }
            if (block_load(a->fs, &spots[depth], &frame) != LXFS_OK) {
                a->bad_blocks++;
            } else if (spots[depth].level != 0) {
                spots[depth + 1] = file_child_spot(&spots[depth], frame, spots[depth].index << (FANOUT_BITS * spots[depth].level));
                slots[++depth] = 0;
                sums[depth] = 0;
                continue;
            } else {
                leaves++;
                count = is_map ? le40_load(pointer + P_COUNT) : 1;
                if (!is_map && le40_load(pointer + P_COUNT) != 1) {
                    audit_error(a, "a leaf does not count one", le40_load(pointer + P_COUNT));
                }
            }
        } else if (!is_down) {
            count = sums[depth + 1];
            if (count != le40_load(pointer + P_COUNT)) {
                audit_error(a, "a node's count is wrong", count);
            }
            if (count == 0 && !is_map) {
                audit_error(a, "a node is empty", spots[depth].level);
            }
        }
        if (depth == 0) {
            return leaves;
        }
        sums[depth] += count;
        is_down = true;
        if (++slots[depth] == FANOUT) {
            depth--;
            is_down = false;
            continue;
        }
        spots[depth].index++;
        spots[depth].parent_at += POINTER_BYTES;
    }
}

static inline void audit_dead(struct audit *a, const uint8_t *pointer)
{
    static uint8_t nodes[LEVELS_MAX + 1][BLOCK];
    uint32_t slots[LEVELS_MAX + 1] = {0};
    uint32_t depth = 0;
    memset(nodes[0], 0, BLOCK);
    memcpy(nodes[0], pointer, POINTER_BYTES);
    for (;;) {
        if (slots[depth] == FANOUT) {
            if (depth-- == 0) {
                return;
            }
            continue;
        }
        const uint8_t *p = nodes[depth] + (size_t)slots[depth]++ * POINTER_BYTES;
        if (le40_load(p + P_ADDRESS) == 0) {
            continue;
        }
        audit_mark(a, le40_load(p + P_ADDRESS));
        if (le40_load(p + P_ADDRESS2) != 0) {
            audit_mark(a, le40_load(p + P_ADDRESS2));
        }
        if (p[P_LEVEL] != 0 && depth < LEVELS_MAX) {
            bool is_good = false;
            for (uint32_t copy = 0; copy < 2 && !is_good; copy++) {
                uint64_t address = le40_load(p + (copy == 0 ? P_ADDRESS : P_ADDRESS2));
                is_good = medium_read(a->fs, address, le64_load(p + P_BIRTH), nodes[depth + 1]) &&
                          hash_check(nodes[depth + 1]) == le64_load(p + P_CHECK);
            }
            if (!is_good) {
                audit_error(a, "a dead node is damaged", 0);
            } else {
                slots[++depth] = 0;
            }
        }
    }
}

static inline void audit_inode(struct audit *a, uint64_t inode)
{
    struct file f;
    if (inode_slot(a->fs, inode, &f) != LXFS_OK || le32_load(file_inode(a->fs, &f) + I_MODE) == 0) {
        return;
    }
    uint8_t kept[INODE_BYTES]; /* the tree is walked from a pointer that cannot be given up meanwhile: a copy in the superblock's frame */
    memcpy(kept, file_inode(a->fs, &f), INODE_BYTES);
    uint8_t *place = frame_data(a->fs, 0) + S_END;
    memcpy(place, kept, INODE_BYTES);
    struct file copy = {.inode = inode, .home = 0, .home_at = S_END, .kind = f.kind};
    struct spot root = file_root_spot(a->fs, &copy);
    uint64_t leaves = audit_tree(a, &root, false);
    if (!a->is_snapshot && f.kind != KIND_LIST) {
        a->quotas[le32_load(place + I_QUOTA)] += 1 + leaves;
    }
    if (le40_load(place + I_XATTR + P_ADDRESS) != 0) {
        struct spot x = {.parent_at = S_END + I_XATTR, .home_at = S_END, .kind = KIND_XATTR};
        (void)audit_tree(a, &x, false);
    }
    memset(place, 0, INODE_BYTES);
}

static inline void audit_list(struct audit *a, uint64_t list, uint64_t count)
{
    for (uint64_t n = 0; n < count; n++) {
        struct file f;
        uint32_t frame = 0;
        if (inode_slot(a->fs, list, &f) != LXFS_OK || file_load(a->fs, &f, 0, n / 64, &frame) != LXFS_OK || frame == 0) {
            audit_error(a, "a list of trees is damaged", n);
            continue;
        }
        const uint8_t *p = frame_data(a->fs, frame) + n % 64 * POINTER_BYTES;
        if (list == INODE_KEPT && a->fs->sweep == 0 && !snapshot_holds(a->fs, le64_load(p + P_BIRTH), le64_load(p + P_DEATH))) {
            audit_error(a, "what no snapshot holds is kept", n);
        }
        audit_dead(a, p);
    }
}

/* What a snapshot has must be in use. */
static inline void audit_snapshots(struct audit *a)
{
    a->is_snapshot = true;
    for (uint32_t slot = 0; slot < LXFS_SNAPSHOTS_MAX; slot++) {
        struct file table;
        uint64_t inode_count = 0;
        if (a->fs->snapshots[slot] == 0) {
            continue;
        }
        if (snapshot_table(a->fs, slot, &table, &inode_count) != LXFS_OK) {
            audit_error(a, "a snapshot is damaged", slot);
            continue;
        }
        uint8_t *place = frame_data(a->fs, 0) + S_END + INODE_BYTES;
        memcpy(place, frame_data(a->fs, table.home) + table.home_at, INODE_BYTES);
        table.home = 0;
        table.home_at = S_END + INODE_BYTES;
        struct spot root = file_root_spot(a->fs, &table);
        (void)audit_tree(a, &root, false);
        memset(place, 0, INODE_BYTES);
        for (uint64_t i = INODE_ROOT; i < inode_count; i = i == INODE_ROOT ? INODE_FIRST_FREE : i + 1) {
            audit_inode(a, (uint64_t)(slot + 1) << SNAPSHOT_SHIFT | i);
        }
    }
    a->is_snapshot = false;
}

/* Everything about blocks. The volume must have been committed, and have enough frames. @return what was wrong, counted. */
static inline uint64_t audit_blocks(struct lxfs *fs, uint32_t *bad_blocks)
{
    static struct audit a;
    a = (struct audit){.fs = fs, .seen = (uint8_t *)calloc(1, fs->block_count / 8 + 1)};
    struct file table = file_of_table();
    struct file map = file_of_map();
    struct spot root = file_root_spot(fs, &table);
    (void)audit_tree(&a, &root, false);
    root = file_root_spot(fs, &map);
    (void)audit_tree(&a, &root, true);
    uint64_t used_inodes = 0;
    for (uint64_t i = 1; i < fs->inode_count; i++) {
        struct file f;
        audit_inode(&a, i);
        used_inodes += (i == INODE_ROOT || i >= INODE_FIRST_FREE) && inode_slot(fs, i, &f) == LXFS_OK &&
                       le32_load(file_inode(fs, &f) + I_MODE) != 0;
    }
    audit_list(&a, INODE_DEAD, fs->dead_count);
    audit_list(&a, INODE_KEPT, fs->kept_count);
    audit_snapshots(&a);
    for (uint32_t n = 1; n <= LXFS_QUOTAS_MAX; n++) {
        struct lxfs_quota q = {0, 0};
        if (lxfs_quota_get(fs, n, &q) != LXFS_OK || (a.bad_blocks == 0 && q.used_blocks != a.quotas[n])) {
            audit_error(&a, "a quota counts wrong", n);
        }
    }
    if (a.bad_blocks == 0 && used_inodes != fs->used_inodes) {
        audit_error(&a, "the number of inodes is wrong", used_inodes);
    }
    uint64_t free_count = 0;
    for (uint64_t address = 0; address < fs->block_count; address++) {
        uint32_t frame = 0;
        bool is_data = address >= fs->data_first && address < fs->data_end;
        if (file_load(fs, &map, 0, address / MAP_LEAF_BLOCKS, &frame) != LXFS_OK || frame == 0) {
            break;
        }
        bool is_used = map_is_used(frame_data(fs, frame), address);
        bool want = !is_data || (a.seen[address / 8] >> (address % 8) & 1) != 0;
        free_count += !is_used;
        if (a.bad_blocks == 0 && is_used != want) {
            audit_error(&a, is_used ? "a block is lost" : "a block in use is free", address);
        }
    }
    if (a.bad_blocks == 0 && free_count != fs->free_blocks) {
        audit_error(&a, "the number of free blocks is wrong", free_count);
    }
    free(a.seen);
    *bad_blocks = a.bad_blocks;
    return a.errors;
}

static inline bool audit_holds(struct lxfs *fs)
{
    uint32_t bad = 0;
    uint64_t errors = audit_blocks(fs, &bad);
    return errors == 0 && bad == 0;
}

#endif
