/* SPDX-License-Identifier: MIT */
/** Trial: one volume, and short words for what the tests do with it. Header only, for tests. */
#ifndef LX_FS_TRIAL_H
#define LX_FS_TRIAL_H

#include "fake.h"
#include "unit.h"

static struct disk disk;
static struct volume v;
static uint8_t bytes[1 << 20];
static uint8_t got[1 << 20];

static inline void begin(uint64_t blocks)
{
    disk_make(&disk, BLOCK, blocks * BLOCK, false);
    volume_init(&v, &disk, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    CHECK_EQ(volume_format(&v, 64), LXFS_OK);
    uint64_t random = 42;
    for (size_t i = 0; i < sizeof bytes; i += 8) {
        le64_store(bytes + i, random_next(&random));
    }
}

static inline void end(void)
{
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(audit_holds(v.fs));
    disk_free(&disk);
    free(v.memory);
}

static inline void end_failed(void)
{
    disk_free(&disk);
    free(v.memory);
}

static inline uint64_t make(uint64_t directory, const char *name)
{
    uint64_t inode = 0;
    CHECK_EQ(lxfs_create(v.fs, directory, name_of(name), &plain_file, &inode), LXFS_OK);
    return inode;
}

static inline void put(uint64_t inode, uint64_t offset, size_t from, size_t len)
{
    size_t done = 0;
    CHECK_EQ(lxfs_write(v.fs, inode, offset, bytes + from, len, &done), LXFS_OK);
    CHECK_EQ(done, len);
}

static inline bool has(uint64_t inode, uint64_t offset, size_t from, size_t len)
{
    size_t count = 0;
    return lxfs_read(v.fs, inode, offset, got, len, &count) == LXFS_OK && count == len && memcmp(got, bytes + from, len) == 0;
}

#endif
