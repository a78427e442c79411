/* SPDX-License-Identifier: MIT */
/**
 * Make_volume: an image with all kinds of files that a volume can have, for tests of what reads images.
 *     make_volume IMAGE       committed, with two snapshots of earlier states
 *     make_volume IMAGE log   the same, and then a file that only the log has
 *     make_volume IMAGE disk  a disk with a table of partitions, and nothing in them
 * Uses: fs, gpt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "gpt.h"
#include "hosttool.h"

enum { BLOCKS = 8192, MANY = 3000 };

static FILE *image;
static struct lxfs *fs;
static uint8_t contents[1 << 20];

static bool read_blocks(void *context, uint64_t first, uint32_t count, void *out)
{
    (void)context;
    return fseek(image, (long)(first * LXFS_BLOCK_BYTES), SEEK_SET) == 0 && fread(out, LXFS_BLOCK_BYTES, count, image) == count;
}

static bool write_blocks(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    (void)context;
    return fseek(image, (long)(first * LXFS_BLOCK_BYTES), SEEK_SET) == 0 && fwrite(bytes, LXFS_BLOCK_BYTES, count, image) == count;
}

static bool flush_all(void *context)
{
    (void)context;
    return fflush(image) == 0;
}

static uint64_t count_blocks(void *context)
{
    (void)context;
    return BLOCKS;
}

static void must(enum lxfs_err err)
{
    if (err != LXFS_OK) {
        fail("cannot make the volume: %s", lxfs_err_name(err));
    }
}

static struct lxfs_name name_of(const char *text)
{
    return (struct lxfs_name){text, strlen(text)};
}

static uint64_t make(uint64_t directory, const char *name, uint32_t mode, const char *target)
{
    uint64_t inode = 0;
    const struct lxfs_node node = {.mode = mode, .target = target, .target_bytes = target == NULL ? 0 : strlen(target)};
    must(lxfs_create(fs, directory, name_of(name), &node, &inode));
    return inode;
}

static void put(uint64_t inode, uint64_t offset, size_t len_bytes)
{
    size_t done;
    must(lxfs_write(fs, inode, offset, contents, len_bytes, &done));
}

static void make_files(void)
{
    const uint64_t root = LXFS_ROOT_INODE;
    uint64_t many = make(root, "many", LXFS_IFDIR | 0755, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "entry%u", i);
        put(make(many, name, LXFS_IFREG | 0644, NULL), 0, i % 7 == 0 ? 1 : 0);
    }
    char longest[LXFS_NAME_BYTES_MAX + 1] = "";
    memset(longest, 'n', sizeof longest - 1);
    (void)make(many, longest, LXFS_IFREG | 0600, NULL);
    put(make(root, "large", LXFS_IFREG | 0644, NULL), 0, sizeof contents - 5); /* two levels */
    uint64_t sparse = make(root, "sparse", LXFS_IFREG | 0644, NULL);
    put(sparse, 5000, 3);
    put(sparse, UINT64_C(77) << 20, 10000);
    put(sparse, UINT64_C(3) << 40, 4097);
    must(lxfs_truncate(fs, sparse, (UINT64_C(5) << 40) + 1));
    must(lxfs_truncate(fs, make(root, "hole", LXFS_IFREG | 0644, NULL), LXFS_FILE_BYTES_MAX));
    uint64_t twice = make(root, "twice", LXFS_IFREG | 0644, NULL);
    must(lxfs_setattr(fs, twice, LXFS_SET_FLAGS, &(struct lxfs_attr){.flags = LXFS_TWO_COPIES}));
    put(twice, 0, 70000);
    must(lxfs_setxattr(fs, twice, name_of("user.what"), "two copies", 10, 0));
    must(lxfs_link(fs, twice, many, name_of("again")));
    (void)make(root, "link", LXFS_IFLNK | 0777, "many/entry7");
    (void)make(root, "device", LXFS_IFCHR | 0600, NULL);
    (void)make(root, "pipe", LXFS_IFIFO | 0600, NULL);
    (void)make(root, "empty", LXFS_IFDIR | 0700, NULL);
}

static void change_files(void)
{
    uint64_t inode;
    must(lxfs_lookup(fs, LXFS_ROOT_INODE, name_of("large"), &inode));
    put(inode, 300000, 9000);
    must(lxfs_punch(fs, inode, 600000, 100000));
    must(lxfs_unlink(fs, LXFS_ROOT_INODE, name_of("pipe")));
    must(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("empty"), LXFS_ROOT_INODE, name_of("renamed"), 0));
}

static void make_table(void)
{
    static uint8_t head[GPT_HEAD_BYTES], tail[GPT_TAIL_BYTES];
    const uint64_t sectors = BLOCKS * (uint64_t)LXFS_BLOCK_BYTES / GPT_SECTOR_BYTES;
    if (gpt_make(sectors, sectors / 4, contents, head, tail) != LX_OK || fseek(image, 0, SEEK_SET) != 0 ||
        fwrite(head, sizeof head, 1, image) != 1 || fseek(image, (long)((sectors - GPT_TAIL_SECTORS) * GPT_SECTOR_BYTES), SEEK_SET) != 0 ||
        fwrite(tail, sizeof tail, 1, image) != 1) {
        fail("cannot make the table");
    }
}

int main(int argc, char **argv)
{
    tool_name = "make_volume";
    const struct lxfs_frames frames = {1024, LXFS_NODE_FRAMES_MIN};
    struct lxfs_setup setup = {.device = {NULL, read_blocks, write_blocks, flush_all, count_blocks}, .frames = frames, .now = {1000000000, 7}};
    const struct lxfs_form form = {.uuid = "0123456789abcde", .secret = "a test's secret", .log_blocks = 64, .now = setup.now};
    size_t len_bytes = (size_t)align_up(lxfs_memory_bytes(&frames), LXFS_MEMORY_ALIGNMENT);
    void *memory = aligned_alloc(LXFS_MEMORY_ALIGNMENT, len_bytes);
    image = argc < 2 ? NULL : fopen(argv[1], "w+b");
    static const uint8_t zeros[LXFS_BLOCK_BYTES];
    if (image == NULL || memory == NULL) {
        fail("usage: make_volume IMAGE [log|disk]");
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        (void)write_blocks(NULL, i, 1, zeros);
    }
    for (size_t i = 0; i < sizeof contents; i++) {
        contents[i] = (uint8_t)(i * i / 977 + i / 4096);
    }
    if (argc > 2 && strcmp(argv[2], "disk") == 0) {
        make_table();
        return fclose(image) == 0 ? 0 : 1;
    }
    must(lxfs_format(&setup.device, &setup.crypt, &form, memory, len_bytes));
    must(lxfs_open(&setup, memory, len_bytes, &fs));
    make_files();
    must(lxfs_snapshot_take(fs, name_of("first")));
    change_files();
    must(lxfs_snapshot_take(fs, name_of("second")));
    put(make(LXFS_ROOT_INODE, "last", LXFS_IFREG | 0644, NULL), 0, 12345);
    must(lxfs_commit(fs));
    if (argc > 2) {
        put(make(LXFS_ROOT_INODE, "logged", LXFS_IFREG | 0644, NULL), 0, 50);
        must(lxfs_sync(fs));
    }
    return fclose(image) == 0 ? 0 : 1;
}
