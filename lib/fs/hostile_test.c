/* SPDX-License-Identifier: MIT */
/**
 * LXFS: volumes made by an enemy who knows this code and mends every hash. Each case plants one lie that was believed once, or would stop
 * the program or keep it busy for ever, and shows that it is refused and that the rest of the volume is still there.
 */
#include "trial.h"

enum { HOSTILE_BLOCKS = 3000 };

static struct file touched(uint64_t inode)
{
    struct file f;
    CHECK_EQ(inode_slot(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(inode_touch(v.fs, &f), LXFS_OK);
    return f;
}

/* Block `index` of a file, to be changed behind the library's back. */
static uint8_t *touched_block(uint64_t inode, uint64_t index)
{
    struct file f = touched(inode);
    uint32_t frame = 0;
    CHECK_EQ(file_touch(v.fs, &f, index, false, &frame), LXFS_OK);
    return frame_data(v.fs, frame);
}

static void reopen(void)
{
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
}

static enum lxfs_err list(uint64_t directory, uint32_t *rounds)
{
    struct lxfs_entry entries[32];
    uint64_t cookie = 0;
    size_t count = 0;
    bool is_end = false;
    enum lxfs_err err = LXFS_OK;
    for (*rounds = 0; err == LXFS_OK && !is_end && *rounds < 100000; (*rounds)++) {
        err = lxfs_readdir(v.fs, directory, &cookie, entries, ARRAY_LEN(entries), &count, &is_end);
    }
    return err;
}

static bool is_whole(uint64_t inode)
{
    return has(inode, 0, 0, 5 * BLOCK);
}

/* A node that was verified for a long file is not the node of a shorter one, nor is a block. */
static void shorter(void)
{
    size_t count = 0;
    begin(HOSTILE_BLOCKS);
    uint64_t is_long = make(LXFS_ROOT_INODE, "long");
    uint64_t is_short = make(LXFS_ROOT_INODE, "short");
    uint64_t block = make(LXFS_ROOT_INODE, "block");
    uint64_t part = make(LXFS_ROOT_INODE, "part");
    put(is_long, 0, 0, 5 * BLOCK);
    CHECK_EQ(lxfs_truncate(v.fs, is_long, 10 * BLOCK), LXFS_OK);
    put(block, 0, 0, BLOCK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    const uint64_t pairs[2][3] = {{is_long, is_short, 5 * BLOCK}, {block, part, 100}};
    for (uint32_t n = 0; n < 2; n++) {
        struct file from = touched(pairs[n][0]);
        struct file to = touched(pairs[n][1]);
        memcpy(file_inode(v.fs, &to) + I_ROOT, file_inode(v.fs, &from) + I_ROOT, POINTER_BYTES);
        le64_store(file_inode(v.fs, &to) + I_SIZE, pairs[n][2]);
    }
    reopen();
    CHECK(is_whole(is_long) && has(block, 0, 0, BLOCK));
    CHECK_EQ(lxfs_read(v.fs, is_short, 0, got, 5 * BLOCK, &count), LXFS_EBAD);
    CHECK_EQ(lxfs_read(v.fs, part, 0, got, 100, &count), LXFS_EBAD);
    CHECK(is_whole(is_long));
    end_failed();
}

/* What was looked through as a block of a directory is not written to as one of the list of dead trees. */
static void two_kinds(void)
{
    uint64_t found = 0;
    begin(HOSTILE_BLOCKS);
    uint64_t d = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    make(d, "a");
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    struct file from = touched(d);
    struct file to = touched(INODE_DEAD);
    memcpy(file_inode(v.fs, &to) + I_ROOT, file_inode(v.fs, &from) + I_ROOT, POINTER_BYTES);
    le64_store(file_inode(v.fs, &to) + I_SIZE, BLOCK);
    reopen();
    CHECK_EQ(lxfs_lookup(v.fs, d, name_of("a"), &found), LXFS_OK);
    CHECK_EQ(dead_prepare(v.fs), LXFS_EBAD);
    CHECK_EQ(lxfs_lookup(v.fs, d, name_of("a"), &found), LXFS_OK);
    end_failed();
}

/* Makes a file of 64^depth leaves that are all one block; each pointer says that it counts `count` of what it could have in 64. */
static uint64_t one_leaf_tree(uint32_t depth, uint64_t count, uint8_t pointer[POINTER_BYTES])
{
    static uint8_t block[BLOCK];
    struct hash256 h;
    struct lxfs *fs = v.fs;
    uint64_t inode = make(LXFS_ROOT_INODE, "tree");
    CHECK_EQ(lxfs_commit(fs), LXFS_OK);
    memset(block, 'x', BLOCK);
    memset(pointer, 0, POINTER_BYTES);
    tree_leaf(block, BLOCK, &h);
    uint64_t at = fs->data_end - 1;
    uint64_t check = 0;
    uint64_t here = 1;
    for (uint32_t level = 0;; level++) {
        CHECK(fs->device.write(fs->device.context, at, 1, block));
        CHECK(fs->device.write(fs->device.context, at - 100, 1, block));
        memcpy(pointer + P_HASH, &h, sizeof h);
        le64_store(pointer + P_BIRTH, 1);
        le64_store(pointer + P_CHECK, check);
        le40_store(pointer + P_ADDRESS, at--);
        le40_store(pointer + P_ADDRESS2, level == 0 ? 0 : at - 99);
        le40_store(pointer + P_COUNT, level == 0 ? 1 : count != 0 ? count : here);
        pointer[P_LEVEL] = (uint8_t)level;
        if (level == depth) {
            break;
        }
        here *= FANOUT;
        for (uint32_t n = 0; n < FANOUT; n++) {
            memcpy(block + n * POINTER_BYTES, pointer, POINTER_BYTES);
        }
        for (uint32_t n = 0; n < FANOUT_BITS; n++) {
            tree_node(&h, &h, &h);
        }
        check = hash_check(block);
    }
    struct file f = touched(inode);
    memcpy(file_inode(fs, &f) + I_ROOT, pointer, POINTER_BYTES);
    le64_store(file_inode(fs, &f) + I_SIZE, (uint64_t)BLOCK << (FANOUT_BITS * depth));
    return inode;
}

/* Searching for a hole where nodes share their children, and count too little, or honestly more than the volume has. */
static void seeking(void)
{
    uint8_t pointer[POINTER_BYTES];
    for (uint32_t depth = 1; depth <= 5; depth++) {
        for (uint64_t count = 0; count < 3; count++) {
            uint64_t found = 0;
            size_t len = 0;
            begin(HOSTILE_BLOCKS);
            uint64_t inode = one_leaf_tree(depth, count == 2 ? 64 : count, pointer);
            reopen();
            uint64_t before = v.fs->stats.blocks_read;
            enum lxfs_err err = lxfs_seek(v.fs, inode, 0, true, &found);
            bool is_honest = depth == 1 && count != 1;
            CHECK_EQ(err, is_honest ? LXFS_OK : LXFS_EBAD);
            CHECK(v.fs->stats.blocks_read - before < 20);
            err = lxfs_read(v.fs, inode, 0, got, BLOCK, &len);
            CHECK_EQ(err, is_honest ? LXFS_OK : LXFS_EBAD);
            end_failed();
        }
    }
}

/* A dead tree whose nodes share children ends: what the map has as free already is not gone through again. */
static void dead_tree(void)
{
    uint8_t pointer[POINTER_BYTES];
    begin(HOSTILE_BLOCKS);
    uint64_t inode = one_leaf_tree(5, 1, pointer);
    struct file f = touched(inode);
    memset(file_inode(v.fs, &f), 0, POINTER_BYTES);
    le64_store(file_inode(v.fs, &f) + I_SIZE, 0);
    CHECK_EQ(dead_prepare(v.fs), LXFS_OK);
    CHECK_EQ(dead_push(v.fs, pointer), LXFS_OK);
    for (uint64_t n = 0; n < 6; n++) { /* the map has them in use */
        struct file map = file_of_map();
        uint32_t frame = 0;
        for (uint64_t copy = 0; copy <= (n == 0 ? 0u : 100u); copy += 100) {
            uint64_t address = v.fs->data_end - 1 - n - copy;
            CHECK_EQ(file_load(v.fs, &map, 0, address / MAP_LEAF_BLOCKS, &frame), LXFS_OK);
            CHECK(v.fs->frames[frame].state == FRAME_DIRTY);
            frame_data(v.fs, frame)[address % MAP_LEAF_BLOCKS / 8] |= (uint8_t)(1u << (address % 8));
            file_count_add(v.fs, &map, 0, address / MAP_LEAF_BLOCKS, (uint64_t)-1);
            v.fs->free_blocks--;
        }
    }
    reopen();
    uint32_t rounds = 0;
    while (rounds < 1000 && lxfs_reclaim(v.fs, 100) == LXFS_OK) {
        rounds++;
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    }
    CHECK(rounds < 200);
    CHECK_EQ(v.fs->dead_count, 0);
    end();
}

/* Names that nobody could have given, and entries of what has no name. */
static void names(void)
{
    static const struct {
        const char *name;
        size_t len;
        uint64_t inode;
        uint8_t type;
    } bad[] = {{"a/b", 3, 9, 8},  {"a\0b", 3, 9, 8}, {"\0ab", 3, 9, 8}, {".", 1, 9, 8},  {"..", 2, 9, 8},   {"", 0, 9, 8},
               {"abc", 3, 0, 8}, {"abc", 3, 1, 8},  {"abc", 3, 2, 4},  {"abc", 3, 3, 8}, {"abc", 3, 9, 0}, {"abc", 3, 9, 5},
               {"abc", 3, 9, 200}};
    for (uint32_t n = 0; n < ARRAY_LEN(bad); n++) {
        uint32_t rounds = 0;
        uint64_t found = 0;
        begin(HOSTILE_BLOCKS);
        uint64_t d = 0;
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
        uint64_t file = make(LXFS_ROOT_INODE, "file");
        make(d, "0123456789");
        uint8_t *b = touched_block(d, 0);
        le16_store(b + 6, (uint16_t)(18 + bad[n].len));
        le64_store(b + 16 + 8, bad[n].inode);
        b[16 + 16] = bad[n].type;
        b[16 + 17] = (uint8_t)bad[n].len;
        memset(b + 16 + 18, 0, 10);
        memcpy(b + 16 + 18, bad[n].name, bad[n].len);
        reopen();
        CHECK_EQ(list(d, &rounds), LXFS_EBAD);
        CHECK_EQ(lxfs_lookup(v.fs, d, name_of("abc"), &found), LXFS_EBAD);
        CHECK(list(LXFS_ROOT_INODE, &rounds) == LXFS_OK && lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("file"), &found) == LXFS_OK);
        CHECK_EQ(found, file);
        end_failed();
    }
}

/* The highest key would have the cookie 0, where a listing begins. */
static void cookies(void)
{
    static const uint64_t keys[] = {UINT64_MAX, 1ull << 63, 0, 3};
    for (uint32_t n = 0; n < ARRAY_LEN(keys); n++) {
        uint32_t rounds = 0;
        uint64_t d = 0;
        begin(HOSTILE_BLOCKS);
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
        make(d, "a");
        le64_store(touched_block(d, 0) + 16, keys[n]);
        reopen();
        CHECK_EQ(list(d, &rounds), LXFS_EBAD);
        CHECK_EQ(rounds, 1);
        end_failed();
    }
}

/* A directory whose inner blocks all lead to one empty leaf would be listed for ever without an entry. */
static void endless_directory(void)
{
    uint32_t rounds = 0;
    uint64_t d = 0;
    begin(HOSTILE_BLOCKS);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    struct file f = touched(d);
    for (uint32_t n = 1; n < 6; n++) {
        uint32_t frame = 0;
        CHECK_EQ(file_grow(v.fs, &f, (n + 1) * BLOCK), LXFS_OK);
        CHECK_EQ(file_touch(v.fs, &f, n, true, &frame), LXFS_OK);
    }
    for (uint32_t n = 0; n < 6; n++) { /* block n has level 5 - n and leads to block n + 1 alone */
        uint8_t *b = touched_block(d, n);
        memset(b, 0, BLOCK);
        le16_store(b, DIR_MAGIC);
        b[2] = (uint8_t)(5 - n);
        for (uint32_t e = 0; e < 255 && n < 5; e++) {
            le16_store(b + 4, 255);
            le16_store(b + 6, 255 * 16);
            le64_store(b + 16 + e * 16, (uint64_t)e << (48 - 8 * n));
            le64_store(b + 16 + e * 16 + 8, n + 1);
        }
    }
    reopen();
    CHECK_EQ(list(d, &rounds), LXFS_EBAD);
    CHECK(rounds < 100);
    end_failed();
}

/* Two blocks of the inode table are one: an operation on two inodes in them is refused, and does not stop the program. */
static void one_table_block(void)
{
    begin(HOSTILE_BLOCKS);
    uint64_t inodes[40];
    char name[16];
    for (uint32_t n = 0; n < ARRAY_LEN(inodes); n++) {
        snprintf(name, sizeof name, "%u", n);
        inodes[n] = make(LXFS_ROOT_INODE, name);
    }
    uint64_t d = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    uint8_t pointer[POINTER_BYTES];
    struct file f;
    CHECK_EQ(inode_slot(v.fs, d, &f), LXFS_OK);
    memcpy(pointer, spot_pointer(v.fs, &v.fs->frames[f.home].spot), sizeof pointer);
    uint64_t before = (d / BLOCK_INODES - 1) * BLOCK_INODES; /* the block of the table before that of the directory becomes the same */
    f = touched(before);
    uint32_t parent = v.fs->frames[f.home].spot.parent;
    uint32_t parent_at = v.fs->frames[f.home].spot.parent_at;
    cache_drop(v.fs, f.home);
    memcpy(frame_data(v.fs, parent) + parent_at, pointer, sizeof pointer);
    v.fs->frames[parent].changed = UINT64_MAX;
    reopen();
    CHECK_EQ(lxfs_link(v.fs, before + inodes[39] % BLOCK_INODES, d, name_of("x")), LXFS_EIO);
    end_failed();
}

/* Numbers in an inode that cannot be: sizes, counts, times, levels, births. */
static void numbers(void)
{
    static const struct {
        uint32_t at;
        uint32_t bytes;
        uint64_t value;
        bool is_directory;
    } lies[] = {
        {I_SIZE, 8, 1ull << 63, false},
        {I_SIZE, 8, UINT64_MAX, false},
        {I_SIZE, 8, 65 * BLOCK, false}, /* deeper than its root */
        {I_SIZE, 8, BLOCK, false},
        {I_SIZE, 8, 4 * BLOCK, false}, /* shorter than what is there */
        {I_SIZE, 8, 2 * BLOCK, true},
        {I_SIZE, 8, 1ull << 62, true},
        {I_ROOT + P_COUNT, 5, 4, false},
        {I_ROOT + P_COUNT, 5, 0, false},
        {I_ROOT + P_COUNT, 5, HOSTILE_BLOCKS, false},
        {I_ROOT + P_LEVEL, 1, 2, false},
        {I_ROOT + P_BIRTH, 8, 0, false},
        {I_ROOT + P_BIRTH, 8, 1ull << 40, false},
        {I_ACCESSED + 8, 4, 1000000000, false},
        {I_MODIFIED + 8, 4, UINT32_MAX, false},
        {I_CHANGED + 8, 4, 1000000000, true},
        {I_BORN + 8, 4, 1000000000, false},
        {I_MODE, 4, 0150000, false},
    };
    for (uint32_t n = 0; n < ARRAY_LEN(lies); n++) {
        size_t len = 0;
        uint32_t rounds = 0;
        uint64_t d = 0;
        begin(HOSTILE_BLOCKS);
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
        uint64_t file = make(LXFS_ROOT_INODE, "file");
        uint64_t other = make(LXFS_ROOT_INODE, "other");
        put(file, 0, 0, 5 * BLOCK);
        put(other, 0, 0, 5 * BLOCK);
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        struct file f = touched(lies[n].is_directory ? d : file);
        for (uint32_t i = 0; i < lies[n].bytes; i++) {
            file_inode(v.fs, &f)[lies[n].at + i] = (uint8_t)(lies[n].value >> 8 * i);
        }
        reopen();
        enum lxfs_err err = lies[n].is_directory ? list(d, &rounds) : lxfs_read(v.fs, file, 0, got, 5 * BLOCK, &len);
        CHECK_EQ(err, LXFS_EBAD);
        CHECK(is_whole(other));
        end_failed();
    }
}

/* The list of free inodes leads to those that are kept; the list of dead trees has a length that it cannot have. */
static void lists(void)
{
    uint64_t inode = 0;
    for (uint64_t n = 0; n < INODE_FIRST_FREE; n++) {
        begin(HOSTILE_BLOCKS);
        (void)touched(INODE_DEAD);
        struct file f = touched(INODE_SNAPSHOTS);
        le32_store(file_inode(v.fs, &f) + I_MODE, 0);
        f = touched(INODE_DEAD);
        le32_store(file_inode(v.fs, &f) + I_MODE, 0);
        v.fs->free_inode = n;
        reopen();
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("x"), &plain_file, &inode), n == 0 ? LXFS_OK : LXFS_EBAD);
        end_failed();
    }
    static const uint64_t sizes[] = {1, BLOCK - 1, 1ull << 63, UINT64_MAX - BLOCK + 1};
    for (uint32_t n = 0; n < ARRAY_LEN(sizes); n++) {
        begin(HOSTILE_BLOCKS);
        uint64_t file = make(LXFS_ROOT_INODE, "file");
        put(file, 0, 0, 100 * BLOCK);
        struct file f = touched(INODE_DEAD);
        le64_store(file_inode(v.fs, &f) + I_SIZE, sizes[n]);
        reopen();
        CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("file")), LXFS_EBAD);
        CHECK(has(file, 0, 0, 100 * BLOCK));
        end_failed();
    }
}

/* The target of a link, and the name of an attribute, with a zero byte. */
static void zero_bytes(void)
{
    static const struct lxfs_node link = {.mode = LXFS_IFLNK | 0777, .target = "elsewhere", .target_bytes = 9};
    size_t len = 0;
    uint64_t inode = 0;
    begin(HOSTILE_BLOCKS);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("link"), &link, &inode), LXFS_OK);
    touched_block(inode, 0)[4] = 0;
    uint64_t file = make(LXFS_ROOT_INODE, "file");
    CHECK_EQ(lxfs_setxattr(v.fs, file, name_of("user.x"), "1", 1, 0), LXFS_OK);
    struct file f = touched(file);
    struct spot spot = xattr_spot(&f);
    uint32_t frame = 0;
    CHECK_EQ(block_load(v.fs, &spot, &frame), LXFS_OK);
    frame_data(v.fs, frame)[8 + 4 + 2] = 0;
    reopen();
    CHECK_EQ(lxfs_read(v.fs, inode, 0, got, 100, &len), LXFS_EBAD);
    CHECK_EQ(lxfs_listxattr(v.fs, file, (char *)got, sizeof got, &len), LXFS_EBAD);
    end_failed();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"hostile: a node of a long file is not that of a shorter one", shorter},
        {"hostile: a block of a directory is not one of the list of dead trees", two_kinds},
        {"hostile: looking for a hole ends", seeking},
        {"hostile: giving back a dead tree ends", dead_tree},
        {"hostile: names that nobody could give", names},
        {"hostile: cookies that begin anew", cookies},
        {"hostile: listing a directory ends", endless_directory},
        {"hostile: two blocks of the inode table are one", one_table_block},
        {"hostile: numbers of an inode that cannot be", numbers},
        {"hostile: lists that lead elsewhere", lists},
        {"hostile: zero bytes in targets and attributes", zero_bytes},
    };
    return UNIT_MAIN(cases);
}
