/* SPDX-License-Identifier: MIT */
/**
 * LXFS on a file of this machine, in the form of the other benches: name,value,unit,how; and the same done to plain files of the file
 * system under it, without verification, to say what the device gives. Usage: lxfs_bench [DIRECTORY [MIB]]; without: build, 1024.
 *
 * Durable operations end with fdatasync on both sides, and the two take turns. What stands in the page cache of this machine is fast to
 * read for both, so reads show the cost of hashing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "tree.h"

enum { PIECE = 1 << 20, READS = 20000, DURABLE = 200, OPENINGS = 20, CHANGES = 50 };

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "lxfs_bench: %s\n", what);
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/* ---- a device on a file ------------------------------------------------------------------------------------------------- */

static int device_fd;
static uint64_t device_blocks;

static bool file_read(void *context, uint64_t first, uint32_t count, void *out)
{
    (void)context;
    ssize_t len = (ssize_t)count * LXFS_BLOCK_BYTES;
    return pread(device_fd, out, (size_t)len, (off_t)(first * LXFS_BLOCK_BYTES)) == len;
}

static bool file_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    (void)context;
    ssize_t len = (ssize_t)count * LXFS_BLOCK_BYTES;
    return pwrite(device_fd, bytes, (size_t)len, (off_t)(first * LXFS_BLOCK_BYTES)) == len;
}

static bool file_flush(void *context)
{
    (void)context;
    return fdatasync(device_fd) == 0;
}

static uint64_t file_size(void *context)
{
    (void)context;
    return device_blocks;
}

static struct lxfs_setup setup = {.device = {NULL, file_read, file_write, file_flush, file_size},
                                  .frames = {.leaves = 2048, .nodes = 1024}};
static void *memory;
static size_t memory_bytes;
static struct lxfs *fs;
static uint8_t bytes[PIECE];
static uint8_t got[PIECE];
static int plain_fd;

static void open_volume(void)
{
    must(lxfs_open(&setup, memory, memory_bytes, &fs) == LXFS_OK, "cannot open the volume");
}

static void row(const char *name, double value, const char *unit, const char *how)
{
    printf("lxfs.%s,%.4g,%s,%s\n", name, value, unit, how);
    fflush(stdout);
}

static void sequential(uint64_t inode, uint64_t len)
{
    double start = now_s();
    size_t done = 0;
    for (uint64_t at = 0; at < len; at += PIECE) {
        must(lxfs_write(fs, inode, at, bytes, PIECE, &done) == LXFS_OK, "write");
    }
    must(lxfs_commit(fs) == LXFS_OK, "commit");
    double ours = now_s() - start;
    start = now_s();
    for (uint64_t at = 0; at < len; at += PIECE) {
        must(pwrite(plain_fd, bytes, PIECE, (off_t)at) == PIECE, "write of the plain file");
    }
    must(fdatasync(plain_fd) == 0, "sync");
    double plain = now_s() - start;
    row("write_sequential", (double)len / ours / 1e6, "MB/s", "1 MiB a call and a commit");
    row("write_sequential_plain", (double)len / plain / 1e6, "MB/s", "the file system below, unverified");
    start = now_s();
    for (uint64_t at = 0; at < len; at += PIECE) {
        must(lxfs_read(fs, inode, at, got, PIECE, &done) == LXFS_OK && done == PIECE, "read");
    }
    ours = now_s() - start;
    start = now_s();
    for (uint64_t at = 0; at < len; at += PIECE) {
        must(pread(plain_fd, got, PIECE, (off_t)at) == PIECE, "read of the plain file");
    }
    plain = now_s() - start;
    row("read_sequential", (double)len / ours / 1e6, "MB/s", "every block verified; the file below is cached");
    row("read_sequential_plain", (double)len / plain / 1e6, "MB/s", "the file system below, cached, unverified");
    row("read_sequential_ratio", plain / ours, "of plain", "");
}

/* What is not in this machine's memory: the disk decides. */
static void cold(uint64_t inode, uint64_t len)
{
    size_t done = 0;
    double times[2] = {0, 0};
    for (uint32_t who = 0; who < 2; who++) {
        must(fdatasync(device_fd) == 0 && fdatasync(plain_fd) == 0, "sync");
        (void)posix_fadvise(device_fd, 0, 0, POSIX_FADV_DONTNEED);
        (void)posix_fadvise(plain_fd, 0, 0, POSIX_FADV_DONTNEED);
        double start = now_s();
        for (uint64_t at = 0; at < len; at += PIECE) {
            bool ok = who == 0 ? lxfs_read(fs, inode, at, got, PIECE, &done) == LXFS_OK : pread(plain_fd, got, PIECE, (off_t)at) == PIECE;
            must(ok, "cold read");
        }
        times[who] = now_s() - start;
    }
    row("read_sequential_cold", (double)len / times[0] / 1e6, "MB/s", "every block verified; nothing cached");
    row("read_sequential_cold_plain", (double)len / times[1] / 1e6, "MB/s", "the file system below, nothing cached, unverified");
    row("read_sequential_cold_ratio", times[1] / times[0], "of plain", "");
}

/* What hashing alone allows. */
static void hashing(void)
{
    enum { BATCH = PIECE / LXFS_BLOCK_BYTES, ROUNDS = 200 };
    static struct hash256 leaves[BATCH];
    const uint8_t *blocks[BATCH];
    for (uint32_t i = 0; i < BATCH; i++) {
        blocks[i] = bytes + (size_t)i * LXFS_BLOCK_BYTES;
    }
    double start = now_s();
    for (uint32_t n = 0; n < ROUNDS; n++) {
        tree_hash_leaves(blocks, BATCH, leaves);
    }
    row("hash_leaves", (double)PIECE * ROUNDS / (now_s() - start) / 1e6, "MB/s", "leaf hashes of 1 MiB at a time, in memory");
}

static void random_reads(uint64_t inode, uint64_t len)
{
    size_t done = 0;
    double start = now_s();
    for (uint64_t n = 0; n < READS; n++) {
        uint64_t at = mix(n) % (len / LXFS_BLOCK_BYTES) * LXFS_BLOCK_BYTES;
        must(lxfs_read(fs, inode, at, got, LXFS_BLOCK_BYTES, &done) == LXFS_OK, "read");
    }
    row("read_random_4k", (now_s() - start) / READS * 1e9, "ns", "verified; the file below is cached");
    start = now_s();
    for (uint64_t n = 0; n < READS; n++) {
        uint64_t at = mix(n) % (len / LXFS_BLOCK_BYTES) * LXFS_BLOCK_BYTES;
        must(pread(plain_fd, got, LXFS_BLOCK_BYTES, (off_t)at) == LXFS_BLOCK_BYTES, "read of the plain file");
    }
    row("read_random_4k_plain", (now_s() - start) / READS * 1e9, "ns", "the file system below, cached, unverified");
}

static void durable_writes(uint64_t inode, uint64_t len)
{
    double ours = 0;
    double plain = 0;
    size_t done = 0;
    struct lxfs_stats before;
    struct lxfs_stats after;
    lxfs_stats(fs, &before);
    for (uint64_t n = 0; n < DURABLE; n++) {
        uint64_t at = mix(n + 1000) % (len / LXFS_BLOCK_BYTES) * LXFS_BLOCK_BYTES;
        double start = now_s();
        must(lxfs_write(fs, inode, at, bytes, LXFS_BLOCK_BYTES, &done) == LXFS_OK && lxfs_sync(fs) == LXFS_OK, "durable write");
        double middle = now_s();
        must(pwrite(plain_fd, bytes, LXFS_BLOCK_BYTES, (off_t)at) == LXFS_BLOCK_BYTES && fdatasync(plain_fd) == 0, "plain write");
        ours += middle - start;
        plain += now_s() - middle;
    }
    lxfs_stats(fs, &after);
    row("write_random_4k_sync", ours / DURABLE * 1e6, "us", "durable");
    row("write_random_4k_sync_plain", plain / DURABLE * 1e6, "us", "durable, the file system below");
    row("write_random_4k_sync_blocks", (double)(after.blocks_written - before.blocks_written) / DURABLE, "blocks", "written for each");
}

static void small_files(const char *directory)
{
    static const struct lxfs_node node = {.mode = LXFS_IFREG | 0644};
    char path[1000];
    double ours = 0;
    double plain = 0;
    snprintf(path, sizeof path, "%s/lxfs_bench.small", directory);
    for (uint64_t n = 0; n < DURABLE; n++) {
        uint64_t inode = 0;
        size_t done = 0;
        struct lxfs_name name = {"small", 5};
        double start = now_s();
        must(lxfs_create(fs, LXFS_ROOT_INODE, name, &node, &inode) == LXFS_OK &&
                 lxfs_write(fs, inode, 0, bytes, LXFS_BLOCK_BYTES, &done) == LXFS_OK && lxfs_sync(fs) == LXFS_OK &&
                 lxfs_unlink(fs, LXFS_ROOT_INODE, name) == LXFS_OK,
             "small file");
        double middle = now_s();
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        must(fd >= 0 && pwrite(fd, bytes, LXFS_BLOCK_BYTES, 0) == LXFS_BLOCK_BYTES && fsync(fd) == 0 && close(fd) == 0 &&
                 unlink(path) == 0, "small plain file");
        ours += middle - start;
        plain += now_s() - middle;
    }
    row("create_4k_sync_unlink", ours / DURABLE * 1e6, "us", "");
    row("create_4k_sync_unlink_plain", plain / DURABLE * 1e6, "us", "the file system below");
}

/* What a change of 4 KiB hashes: the change alone, without the inode that it is in and the way from there to the superblock. */
static void change(uint64_t inode, uint64_t len)
{
    struct lxfs_stats before;
    struct lxfs_stats after;
    size_t done = 0;
    uint64_t nodes = 0;
    uint64_t leaves = 0;
    uint64_t hashed = 0;
    double time = 0;
    struct hash256 h = {{0}};
    for (uint64_t n = 0; n < CHANGES; n++) { /* the way is read first: reading verifies it, which hashes too */
        uint64_t at = mix(n + 5000) % (len / LXFS_BLOCK_BYTES) * LXFS_BLOCK_BYTES;
        must(lxfs_read(fs, inode, at, got, 1, &done) == LXFS_OK && lxfs_commit(fs) == LXFS_OK, "read");
        must(lxfs_write(fs, inode, at, bytes + n, LXFS_BLOCK_BYTES, &done) == LXFS_OK, "write");
        lxfs_stats(fs, &before);
        must(lxfs_commit(fs) == LXFS_OK, "commit");
        lxfs_stats(fs, &after);
        nodes += after.node_hashes - before.node_hashes;
        leaves += after.leaf_hashes - before.leaf_hashes;
        hashed += after.hashed_bytes - before.hashed_bytes;
    }
    row("change_4k_node_hashes", (double)nodes / CHANGES, "hashes", "of a whole commit: file, inode table, free map");
    row("change_4k_leaf_hashes", (double)leaves / CHANGES, "hashes", "of a whole commit: block, inode block, blocks of the map");
    row("change_4k_hashed", (double)hashed / CHANGES, "bytes", "of a whole commit");
    uint32_t depth = 0;
    while (len > (uint64_t)LXFS_BLOCK_BYTES << depth) {
        depth++;
    }
    double start = now_s();
    for (uint32_t n = 0; n < 1000; n++) {
        tree_leaf(bytes + n, LXFS_BLOCK_BYTES, &h);
        for (uint32_t i = 0; i < depth; i++) {
            tree_node(&h, &h, &h);
        }
    }
    time = (now_s() - start) / 1000;
    row("change_4k_file_hashes", depth, "node hashes", "the file's own path, and one leaf");
    row("change_4k_file_time", time * 1e6, "us", "hashing that path");
    must(h.bytes[0] != h.bytes[1] || h.bytes[1] != h.bytes[2], "a hash");
}

static void openings(void)
{
    double all = 0;
    double worst = 0;
    for (uint32_t n = 0; n < OPENINGS; n++) {
        double start = now_s();
        open_volume();
        double time = now_s() - start;
        all += time;
        worst = time > worst ? time : worst;
    }
    row("mount", all / OPENINGS * 1e3, "ms", "with its superblock written and flushed");
    row("mount_worst", worst * 1e3, "ms", "");
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "build";
    uint64_t len = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1024) << 20;
    char path[1000];
    static const struct lxfs_node node = {.mode = LXFS_IFREG | 0644};
    struct lxfs_form form = {.secret = "secret of bench", .log_blocks = 1024};
    uint64_t inode = 0;
    for (size_t i = 0; i < sizeof bytes; i += 8) {
        le64_store(bytes + i, mix(i));
    }
    must(len >= PIECE, "at least 1 MiB");
    device_blocks = len / LXFS_BLOCK_BYTES * 5 / 4 + 16384;
    snprintf(path, sizeof path, "%s/lxfs_bench.image", directory);
    device_fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(device_fd >= 0 && ftruncate(device_fd, (off_t)(device_blocks * LXFS_BLOCK_BYTES)) == 0 && unlink(path) == 0, "no image file");
    snprintf(path, sizeof path, "%s/lxfs_bench.plain", directory);
    plain_fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(plain_fd >= 0 && unlink(path) == 0, "no plain file");
    memory_bytes = lxfs_memory_bytes(&setup.frames);
    memory = aligned_alloc(LXFS_MEMORY_ALIGNMENT, memory_bytes);
    must(memory != NULL, "no memory");
    double start = now_s();
    must(lxfs_format(&setup.device, &setup.crypt, &form, memory, memory_bytes) == LXFS_OK, "cannot format");
    row("format", (now_s() - start) * 1e3, "ms", "");
    open_volume();
    must(lxfs_create(fs, LXFS_ROOT_INODE, (struct lxfs_name){"large", 5}, &node, &inode) == LXFS_OK, "create");
    sequential(inode, len);
    cold(inode, len);
    hashing();
    random_reads(inode, len);
    durable_writes(inode, len);
    small_files(directory);
    change(inode, len);
    openings();
    struct lxfs_stats s;
    lxfs_stats(fs, &s);
    must(s.bad_blocks == 0 && s.map_errors == 0 && s.lost_blocks == 0, "the volume is damaged");
    return 0;
}
