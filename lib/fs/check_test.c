/* SPDX-License-Identifier: MIT */
/**
 * LXFS: checking. A sound volume has no findings, whatever was done to it; each kind of finding is provoked and told with its place; copies
 * are repaired, the map is made anew when that is wanted, and nothing else changes.
 */
#include "model.h"
#include "trial.h"

static struct lxfs_finding last_of[32];
static uint32_t counts[32];
static uint32_t count_all;
static char last_name[LXFS_NAME_BYTES_MAX + 1];

static void note(void *context, const struct lxfs_finding *f)
{
    CHECK(context == &v && (uint32_t)f->kind < 32 && lxfs_finding_name(f->kind)[0] != 0);
    last_of[f->kind] = *f;
    counts[f->kind]++;
    count_all++;
    if (f->name != NULL) {
        snprintf(last_name, sizeof last_name, "%s", f->name);
    }
}

static struct lxfs_check_result check_all(uint32_t flags, uint32_t steps)
{
    struct lxfs_check *c = NULL;
    struct lxfs_check_result result = {0};
    size_t bytes_wanted = lxfs_check_bytes(v.fs);
    void *memory = malloc(bytes_wanted);
    memset(counts, 0, sizeof counts);
    count_all = 0;
    CHECK_EQ(lxfs_check_begin(v.fs, memory, bytes_wanted, flags, note, &v, &c), LXFS_OK);
    enum lxfs_err err = LXFS_OK;
    for (uint32_t n = 0; n < 1000000 && err == LXFS_OK; n++) {
        err = lxfs_check_step(c, steps, &result);
    }
    CHECK_EQ(err, LXFS_ENOENT);
    CHECK_EQ(result.findings, count_all);
    free(memory);
    return result;
}

/* Only this kind, so often. */
static void expect(enum lxfs_finding_kind kind, uint32_t count)
{
    CHECK_EQ(counts[kind], count);
    CHECK_EQ(count_all, count);
}

static void sound(void)
{
    static struct model m;
    struct m_snapshots snapshots = {0};
    m_init(&m, 21);
    m.near_max = 60000;
    m.has_quotas = true;
    begin(16384);
    for (uint32_t n = 0; n < 6000; n++) {
        m_step(&m, v.fs);
        if (n % 200 == 0) {
            m_snapshot_step(&m, v.fs, &snapshots);
        }
        if (n % 1000 == 0) {
            struct lxfs_check_result r = check_all(n % 2000 == 0 ? LXFS_CHECK_REBUILD_MAP : 0, 1 + n % 7);
            CHECK(count_all == 0 && r.blocks != 0 && !r.is_incomplete && !r.is_unlisted);
        }
    }
    CHECK_EQ(m.wrong, 0);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    (void)check_all(0, 100);
    CHECK_EQ(count_all, 0);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    m_end(&m);
    end();
}

static uint64_t directory;
static uint64_t file;
static uint64_t large;

static void make_some(void)
{
    begin(4000);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("directory"), &plain_dir, &directory), LXFS_OK);
    CHECK_EQ(lxfs_quota_assign(v.fs, directory, 3), LXFS_OK);
    file = make(directory, "file");
    large = make(LXFS_ROOT_INODE, "large");
    put(file, 0, 0, 9000);
    put(large, 0, 0, 500000);
    CHECK_EQ(lxfs_setxattr(v.fs, file, name_of("user.x"), "1", 1, 0), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
}

static uint8_t *inode_of(uint64_t inode)
{
    struct file f;
    CHECK_EQ(inode_slot(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(inode_touch(v.fs, &f), LXFS_OK);
    return file_inode(v.fs, &f);
}

static uint8_t *block_of(uint64_t inode, uint64_t index)
{
    struct file f;
    uint32_t frame = 0;
    (void)inode_of(inode);
    CHECK_EQ(inode_slot(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(file_touch(v.fs, &f, index, false, &frame), LXFS_OK);
    return frame_data(v.fs, frame);
}

static void reopen(void)
{
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
}

/* Numbers and names that do not fit together, with good hashes. */
static void structure(void)
{
    make_some();
    le32_store(inode_of(file) + I_LINKS, 2);
    reopen();
    (void)check_all(0, 50);
    expect(LXFS_FINDING_LINKS, 1);
    CHECK(last_of[LXFS_FINDING_LINKS].inode == file && last_of[LXFS_FINDING_LINKS].expected == 1 && last_of[LXFS_FINDING_LINKS].found == 2);
    le32_store(inode_of(file) + I_LINKS, 1);
    le64_store(inode_of(directory) + I_ENTRIES, 7);
    reopen();
    (void)check_all(0, 50);
    expect(LXFS_FINDING_ENTRIES, 1);
    CHECK(last_of[LXFS_FINDING_ENTRIES].expected == 1 && last_of[LXFS_FINDING_ENTRIES].found == 7);
    le64_store(inode_of(directory) + I_ENTRIES, 1);
    le64_store(inode_of(directory) + I_PARENT, directory);
    reopen();
    (void)check_all(0, 50);
    expect(LXFS_FINDING_PARENT, 1);
    CHECK(last_of[LXFS_FINDING_PARENT].inode == directory && last_of[LXFS_FINDING_PARENT].other == directory);
    le64_store(inode_of(directory) + I_PARENT, LXFS_ROOT_INODE);
    le64_store(block_of(directory, 0) + 16 + 8, v.fs->inode_count - 1 == large ? large + 1 : 1000);
    reopen();
    (void)check_all(0, 50);
    CHECK(counts[LXFS_FINDING_NAME] == 1 && counts[LXFS_FINDING_UNREACHED] == 1 && count_all == 2);
    CHECK(last_of[LXFS_FINDING_NAME].inode == directory && strcmp(last_name, "file") == 0);
    CHECK_EQ(last_of[LXFS_FINDING_UNREACHED].inode, file);
    le64_store(block_of(directory, 0) + 16 + 8, file);
    block_of(directory, 0)[16 + 18] = 'F'; /* a name that its key does not find */
    reopen();
    (void)check_all(0, 50);
    expect(LXFS_FINDING_NAME, 1);
    block_of(directory, 0)[16 + 18] = '/';
    reopen();
    CHECK(check_all(0, 50).is_unlisted);
    expect(LXFS_FINDING_DIRECTORY, 1);
    CHECK_EQ(last_of[LXFS_FINDING_DIRECTORY].inode, directory);
    block_of(directory, 0)[16 + 18] = 'f';
    le64_store(block_of(INODE_QUOTAS, 0) + 2 * 16 + 8, 1);
    reopen();
    (void)check_all(0, 50);
    expect(LXFS_FINDING_QUOTA, 1);
    CHECK(last_of[LXFS_FINDING_QUOTA].index == 3 && last_of[LXFS_FINDING_QUOTA].expected == 6);
    le64_store(block_of(INODE_QUOTAS, 0) + 2 * 16 + 8, 6);
    v.fs->used_inodes += 2;
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("large")), LXFS_OK);
    le64_store(inode_of(large) + I_NEXT, large);
    reopen();
    (void)check_all(0, 50);
    CHECK(counts[LXFS_FINDING_NUMBER] == 1 && counts[LXFS_FINDING_LIST] == 1 && count_all == 2);
    le64_store(inode_of(large) + I_NEXT, 0);
    v.fs->used_inodes -= 2;
    le32_store(inode_of(file) + I_MODE, 0150000);
    reopen();
    CHECK(check_all(0, 50).is_incomplete);
    CHECK(counts[LXFS_FINDING_INODE] == 1 && last_of[LXFS_FINDING_INODE].inode == file && counts[LXFS_FINDING_NAME] == 1);
    end_failed();
}

/* Bad copies are repaired, each once; what has none is told with its place. */
static void copies(void)
{
    make_some();
    struct file f;
    CHECK_EQ(inode_load(v.fs, large, &f), LXFS_OK);
    uint64_t first = le40_load(file_inode(v.fs, &f) + I_ROOT + P_ADDRESS);
    uint64_t second = le40_load(file_inode(v.fs, &f) + I_XATTR + P_ADDRESS2);
    CHECK(second == 0 && inode_load(v.fs, file, &f) == LXFS_OK);
    second = le40_load(file_inode(v.fs, &f) + I_XATTR + P_ADDRESS2);
    disk.now[first * BLOCK + 99] ^= 1;
    disk.now[second * BLOCK + 5] ^= 1;
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    struct lxfs_check_result r = check_all(0, 50);
    CHECK(counts[LXFS_FINDING_COPY] >= 2 && counts[LXFS_FINDING_COPY] == count_all && r.repaired == 0);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    r = check_all(0, 50);
    CHECK(counts[LXFS_FINDING_COPY] == 2 && count_all == 2 && r.repaired == 2);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    (void)check_all(0, 50);
    CHECK_EQ(count_all, 0);
    uint32_t frame = 0;
    CHECK_EQ(inode_load(v.fs, large, &f), LXFS_OK);
    CHECK_EQ(file_load(v.fs, &f, 0, 77, &frame), LXFS_OK);
    disk.now[v.fs->frames[frame].address * BLOCK] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    r = check_all(LXFS_CHECK_REBUILD_MAP, 50); /* a lost block of contents leads nowhere */
    expect(LXFS_FINDING_BLOCK, 1);
    CHECK(last_of[LXFS_FINDING_BLOCK].inode == large && last_of[LXFS_FINDING_BLOCK].index == 77 && last_of[LXFS_FINDING_BLOCK].level == 0);
    CHECK(!r.is_incomplete && has(file, 0, 0, 9000));
    end_failed();
}

static void map_set(uint64_t address, bool is_used)
{
    struct file map = file_of_map();
    uint32_t frame = 0;
    CHECK_EQ(map_remake(v.fs, address / MAP_LEAF_BLOCKS, &frame), LXFS_OK);
    uint8_t *byte = frame_data(v.fs, frame) + address % MAP_LEAF_BLOCKS / 8;
    *byte = (uint8_t)(is_used ? *byte | 1u << (address % 8) : *byte & ~(1u << (address % 8)));
    file_count_add(v.fs, &map, 0, address / MAP_LEAF_BLOCKS, is_used ? (uint64_t)-1 : 1);
    v.fs->free_blocks += is_used ? (uint64_t)-1 : 1;
}

/* Leaks, blocks in use that are free, a lost leaf of the map; they are told of, and put right only if wanted. */
static void map(void)
{
    make_some();
    struct file f;
    CHECK_EQ(inode_load(v.fs, large, &f), LXFS_OK);
    uint64_t used = le40_load(file_inode(v.fs, &f) + I_ROOT + P_ADDRESS);
    for (uint32_t n = 0; n < 5; n++) {
        map_set(v.fs->data_end - 10 + n, true);
    }
    map_set(used, false);
    reopen();
    for (uint32_t flags = 0; flags < 3; flags++) { /* told, told and mended, gone */
        struct lxfs_check_result r = check_all(flags == 1 ? LXFS_CHECK_REBUILD_MAP : 0, 50);
        CHECK(counts[LXFS_FINDING_LEAK] == (flags < 2) && counts[LXFS_FINDING_FREE] == (flags < 2));
        CHECK(flags != 0 || (last_of[LXFS_FINDING_LEAK].found == 5 && last_of[LXFS_FINDING_LEAK].address == v.fs->data_end - 10));
        CHECK(flags != 0 || (last_of[LXFS_FINDING_FREE].found == 1 && last_of[LXFS_FINDING_FREE].address == used));
        CHECK_EQ(r.repaired, flags == 1 ? 3 : 0);
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    }
    CHECK(audit_holds(v.fs));
    end();
    begin(70000); /* three leaves, one is lost in both copies */
    uint64_t g = make(LXFS_ROOT_INODE, "g");
    put(g, 0, 0, 500000);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    struct file whole = file_of_map();
    uint32_t frame = 0;
    CHECK_EQ(file_load(v.fs, &whole, 0, 1, &frame), LXFS_OK);
    disk.now[v.fs->frames[frame].address * BLOCK + 3] ^= 1;
    disk.now[v.fs->frames[frame].address2 * BLOCK + 3] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    (void)check_all(LXFS_CHECK_REBUILD_MAP, 50);
    CHECK(counts[LXFS_FINDING_BLOCK] == 1 && last_of[LXFS_FINDING_BLOCK].is_map && last_of[LXFS_FINDING_BLOCK].index == 1);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    (void)check_all(0, 50);
    CHECK(count_all == 0 && audit_holds(v.fs));
    end();
}

/* What leads to blocks is lost: then nothing is given back, though it seems to belong to nothing. */
static void lost(void)
{
    make_some();
    struct file f;
    CHECK_EQ(inode_load(v.fs, large, &f), LXFS_OK);
    uint64_t places[2] = {le40_load(file_inode(v.fs, &f) + I_ROOT + P_ADDRESS), le40_load(file_inode(v.fs, &f) + I_ROOT + P_ADDRESS2)};
    disk.now[places[0] * BLOCK + 1] ^= 1;
    disk.now[places[1] * BLOCK + 1] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    uint64_t free_before = v.fs->free_blocks;
    struct lxfs_check_result r = check_all(LXFS_CHECK_REBUILD_MAP, 50);
    CHECK(r.is_incomplete && counts[LXFS_FINDING_BLOCK] == 1 && last_of[LXFS_FINDING_BLOCK].level == 2);
    CHECK(counts[LXFS_FINDING_LEAK] != 0 && !last_of[LXFS_FINDING_LEAK].is_repaired && r.repaired == 0);
    CHECK_EQ(v.fs->free_blocks, free_before);
    end_failed();
}

/* A block of two files, and one of a snapshot that the map may give away. */
static void shared(void)
{
    make_some();
    uint64_t other = make(LXFS_ROOT_INODE, "other");
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    uint8_t pointer[POINTER_BYTES];
    memcpy(pointer, inode_of(large) + I_ROOT, sizeof pointer);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    memcpy(inode_of(other) + I_ROOT, pointer, sizeof pointer);
    le64_store(inode_of(other) + I_SIZE, 500000);
    reopen();
    (void)check_all(0, 50);
    CHECK(counts[LXFS_FINDING_TWICE] == 2 && count_all == 2 && last_of[LXFS_FINDING_TWICE].inode == other);
    memset(inode_of(other) + I_ROOT, 0, sizeof pointer);
    reopen();
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    CHECK_EQ(lxfs_truncate(v.fs, file, 0), LXFS_OK);
    while (lxfs_reclaim(v.fs, 100) == LXFS_OK) {
    }
    uint64_t kept = v.fs->kept_count;
    CHECK(kept != 0);
    v.fs->kept_count--; /* one that was kept is forgotten */
    reopen();
    (void)check_all(0, 50);
    CHECK(counts[LXFS_FINDING_SNAPSHOT] != 0 && counts[LXFS_FINDING_LEAK] != 0);
    end_failed();
}

static void others(void)
{
    make_some();
    struct lxfs_check *c = NULL;
    struct lxfs_check_result r;
    size_t bytes_wanted = lxfs_check_bytes(v.fs);
    void *memory = malloc(bytes_wanted);
    CHECK_EQ(lxfs_check_begin(v.fs, memory, bytes_wanted - 1, 0, note, &v, &c), LXFS_ENOMEM);
    CHECK_EQ(lxfs_check_begin(v.fs, memory, bytes_wanted, 2, note, &v, &c), LXFS_EINVAL);
    CHECK_EQ(lxfs_check_begin(v.fs, memory, bytes_wanted, 0, note, &v, &c), LXFS_OK);
    CHECK_EQ(lxfs_check_step(c, 5, &r), LXFS_OK);
    CHECK(has(file, 0, 0, 9000)); /* reading is no change */
    CHECK_EQ(lxfs_check_step(c, 5, &r), LXFS_OK);
    put(file, 0, 0, 1);
    CHECK_EQ(lxfs_check_step(c, 5, &r), LXFS_EBUSY);
    free(memory);
    struct lxfs_cursor cursor = {0, 0};
    struct lxfs_entry e;
    uint64_t d = 0;
    enum lxfs_err err = LXFS_EBUSY;
    CHECK_EQ(lxfs_link(v.fs, file, directory, name_of("again")), LXFS_OK);
    uint32_t found = 0;
    for (uint32_t n = 0; n < 1000 && (err == LXFS_EBUSY || err == LXFS_OK); n++) {
        err = lxfs_name_of(v.fs, file, &cursor, 1, &d, &e);
        CHECK(err != LXFS_OK || (d == directory && (strcmp(e.name, "file") == 0 || strcmp(e.name, "again") == 0)));
        found += err == LXFS_OK;
    }
    CHECK(err == LXFS_ENOENT && found == 2 && cursor.file == 0);
    CHECK(lxfs_name_of(v.fs, directory, &cursor, 100, &d, &e) == LXFS_OK && d == LXFS_ROOT_INODE && strcmp(e.name, "directory") == 0);
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"check: a sound volume has no findings", sound},
        {"check: names, links and numbers", structure},
        {"check: bad copies and lost blocks", copies},
        {"check: the map is told of, and made anew if wanted", map},
        {"check: nothing is given back when something is lost", lost},
        {"check: a block of two, and one that is not kept", shared},
        {"check: changes meanwhile, memory, names of inodes", others},
    };
    return UNIT_MAIN(cases);
}
