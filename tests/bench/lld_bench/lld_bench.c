/* SPDX-License-Identifier: MIT */
/**
 * LLD beside LMDB, in one run on one file system, in the form of llc_bench: name,value,unit,how.
 * Usage: lld_bench [DIRECTORY [KEYS...]]; without: build, 1000 and 100000 keys. 10000000 takes minutes and 6 GB of disk.
 *
 * Both hold the same keys (32 bytes) and values (100 bytes), written in the same random order, then rewritten at random, so that LLD
 * has begun to compact and LMDB to use its free pages again. Reads are of random keys that are there, values copied out; LLD checks
 * their checksums, LMDB has none. A durable write ends with fdatasync; the two take turns.
 *   read        LMDB in one read transaction for all: its fastest, and blind to later writes
 *   read_fresh  LMDB renews its transaction for each read: it sees what LLD sees
 */
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lld.h"

enum {
    KEY_BYTES = 32,
    VALUE_BYTES = 100,
    RECORD_BYTES = 160, /* of both in the log of LLD */
    BATCH = 100,
    ROUNDS = 5,
    READS = 200000,      /* a round */
    SINGLES = 400,       /* durable writes of one, a round */
    BATCHES = 40,        /* and of BATCH */
    TURN = 10,           /* so many writes of one, then of the other: what else the disk does hits both */
    LOAD_BATCH = 256,
    LMDB_REWRITES = 200000,
    CACHE_BLOCKS = 1 << 16, /* 32 MiB */
};

static const uint64_t FILE_BYTES_MIN = 32u << 20;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "lld_bench: %s\n", what);
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

/* Key number i, as if it were a hash; and some value for it. */
static void make_key(uint64_t i, uint8_t key[KEY_BYTES])
{
    for (unsigned n = 0; n < KEY_BYTES / 8; n++) {
        le64_store(key + n * 8, mix(i * 4 + n));
    }
}

static void make_value(uint64_t i, uint8_t value[VALUE_BYTES])
{
    memset(value, (int)(i & 255), VALUE_BYTES);
    le64_store(value, i);
}

/* ---- LLD on a file: read through a mapping, or by system calls ------------------------------------------------------- */

struct file {
    int fd;
    uint64_t bytes;
    const uint8_t *map;
    bool is_lazy; /* flushes do nothing, while loading */
};

static bool file_read_map(void *context, uint64_t first, uint32_t count, void *out)
{
    const struct file *f = (const struct file *)context;
    memcpy(out, f->map + first * 512, (size_t)count * 512);
    return true;
}

static bool file_read_call(void *context, uint64_t first, uint32_t count, void *out)
{
    const struct file *f = (const struct file *)context;
    return pread(f->fd, out, (size_t)count * 512, (off_t)(first * 512)) == (ssize_t)count * 512;
}

static bool file_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    const struct file *f = (const struct file *)context;
    return pwrite(f->fd, bytes, (size_t)count * 512, (off_t)(first * 512)) == (ssize_t)count * 512;
}

static bool file_flush(void *context)
{
    const struct file *f = (const struct file *)context;
    return f->is_lazy || fdatasync(f->fd) == 0;
}

static uint64_t file_size(void *context)
{
    const struct file *f = (const struct file *)context;
    return f->bytes / 512;
}

static struct file file;
static struct lld *lld;
static size_t lld_memory;
static uint64_t seed; /* counts up: which keys are next */

static void lld_open_file(void *memory, size_t memory_bytes, bool by_calls)
{
    struct lld_device d = {&file, 512, by_calls ? file_read_call : file_read_map, file_write, file_flush, file_size};
    must(lld_open(&d, CACHE_BLOCKS, memory, memory_bytes, &lld) == LX_OK, "cannot open the volume");
}

static void *lld_make(const char *path, uint64_t key_count)
{
    static const uint8_t secret[LLD_SECRET_BYTES] = "lld_bench's own";
    uint64_t bytes = key_count * RECORD_BYTES * 2 + key_count * 24 + FILE_BYTES_MIN; /* half of the log live */
    file = (struct file){.fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), .bytes = align_down(bytes, 4096), .is_lazy = true};
    must(file.fd >= 0, "cannot make the volume's file");
    static uint8_t zeros[1 << 20];
    for (uint64_t at = 0; at < file.bytes; at += sizeof zeros) { /* written once, so that no write has to find blocks */
        size_t piece = file.bytes - at < sizeof zeros ? (size_t)(file.bytes - at) : sizeof zeros;
        must(pwrite(file.fd, zeros, piece, (off_t)at) == (ssize_t)piece, "the disk is full");
    }
    void *map = mmap(NULL, file.bytes, PROT_READ, MAP_SHARED, file.fd, 0);
    must(map != MAP_FAILED, "cannot map the volume's file");
    file.map = (const uint8_t *)map;
    struct lld_device d = {&file, 512, file_read_map, file_write, file_flush, file_size};
    struct lld_geometry g;
    must(lld_plan(&d, key_count, &g) == LX_OK, "no plan");
    lld_memory = lld_memory_bytes(&g, CACHE_BLOCKS);
    void *memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, lld_memory);
    must(memory != NULL, "no memory");
    must(lld_format(&d, &g, secret, memory, lld_memory) == LX_OK, "cannot format");
    lld_open_file(memory, lld_memory, false);
    return memory;
}

/* Writes `count` keys in one transaction: those from `first` on, or random ones of `key_count`. */
static void lld_write(uint64_t first, uint64_t key_count, uint32_t count)
{
    uint8_t key[KEY_BYTES];
    uint8_t value[VALUE_BYTES];
    must(lld_begin(lld) == LX_OK, "lld_begin");
    for (uint32_t n = 0; n < count; n++) {
        uint64_t i = key_count == 0 ? first + n : mix(seed++) % key_count;
        make_key(i, key);
        make_value(i, value);
        must(lld_put(lld, (struct lld_key){0, KEY_BYTES, key}, value, sizeof value) == LX_OK, "lld_put");
    }
    must(lld_commit(lld) == LX_OK, "lld_commit");
}

static double lld_read(uint64_t key_count, uint64_t from)
{
    uint8_t key[KEY_BYTES];
    uint8_t value[VALUE_BYTES];
    size_t len = 0;
    double start = now_s();
    for (uint64_t n = 0; n < READS; n++) {
        uint64_t i = mix(from + n) % key_count;
        make_key(i, key);
        must(lld_get(lld, (struct lld_key){0, KEY_BYTES, key}, value, sizeof value, &len) == LX_OK, "lld_get");
        must(le64_load(value) == i, "a wrong value of LLD");
    }
    return now_s() - start;
}

/* ---- LMDB ----------------------------------------------------------------------------------------------------------- */

static MDB_env *env;
static MDB_dbi dbi;

static void lmdb_make(const char *path, uint64_t key_count)
{
    MDB_txn *txn = NULL;
    must(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, key_count * 1024 + FILE_BYTES_MIN) == 0 &&
             mdb_env_open(env, path, MDB_NOSUBDIR, 0600) == 0, "cannot open LMDB");
    must(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0 && mdb_txn_commit(txn) == 0,
         "cannot make LMDB");
}

static void lmdb_write(uint64_t first, uint64_t key_count, uint32_t count)
{
    uint8_t key[KEY_BYTES];
    uint8_t value[VALUE_BYTES];
    MDB_txn *txn = NULL;
    must(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
    for (uint32_t n = 0; n < count; n++) {
        uint64_t i = key_count == 0 ? first + n : mix(seed++) % key_count;
        make_key(i, key);
        make_value(i, value);
        MDB_val k = {sizeof key, key};
        MDB_val v = {sizeof value, value};
        must(mdb_put(txn, dbi, &k, &v, 0) == 0, "mdb_put");
    }
    must(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
}

static double lmdb_read(uint64_t key_count, uint64_t from, bool is_fresh)
{
    uint8_t key[KEY_BYTES];
    uint8_t value[VALUE_BYTES];
    MDB_txn *txn = NULL;
    double start = now_s();
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0, "mdb_txn_begin");
    for (uint64_t n = 0; n < READS; n++) {
        uint64_t i = mix(from + n) % key_count;
        make_key(i, key);
        MDB_val k = {sizeof key, key};
        MDB_val v;
        if (is_fresh) {
            mdb_txn_reset(txn);
            must(mdb_txn_renew(txn) == 0, "mdb_txn_renew");
        }
        must(mdb_get(txn, dbi, &k, &v) == 0 && v.mv_size == sizeof value, "mdb_get");
        memcpy(value, v.mv_data, sizeof value);
        must(le64_load(value) == i, "a wrong value of LMDB");
    }
    mdb_txn_abort(txn);
    return now_s() - start;
}

/* ---- one size ------------------------------------------------------------------------------------------------------- */

static void print_pair(const char *what, uint64_t keys, double lld_per_s, double lmdb_per_s, const char *how)
{
    printf("lld.%s.%llu,%.0f,1/s,%s\n", what, (unsigned long long)keys, lld_per_s, how);
    printf("lmdb.%s.%llu,%.0f,1/s,%s\n", what, (unsigned long long)keys, lmdb_per_s, how);
    printf("ratio.%s.%llu,%.2f,lld/lmdb,%s\n", what, (unsigned long long)keys, lld_per_s / lmdb_per_s, how);
    fflush(stdout);
}

static void load(uint64_t keys)
{
    must(mdb_env_set_flags(env, MDB_NOSYNC, 1) == 0, "mdb_env_set_flags");
    for (uint64_t i = 0; i < keys; i += LOAD_BATCH) {
        uint32_t count = keys - i < LOAD_BATCH ? (uint32_t)(keys - i) : LOAD_BATCH;
        lld_write(i, 0, count / 2);
        lld_write(i + count / 2, 0, count - count / 2);
        lmdb_write(i, 0, count);
    }
    uint64_t round = (file.bytes + file.bytes / 2) / RECORD_BYTES; /* once round the log and more; for many keys less */
    uint64_t rewrites = round > keys && keys > 1000000 ? keys : round;
    for (uint64_t n = 0; n < rewrites; n += BATCH) {
        lld_write(0, keys, BATCH);
    }
    for (uint64_t n = 0; n < rewrites && n < LMDB_REWRITES; n += BATCH) { /* until its free pages come round */
        lmdb_write(0, keys, BATCH);
    }
    file.is_lazy = false;
    must(lld_checkpoint(lld) == LX_OK, "lld_checkpoint");
    must(mdb_env_set_flags(env, MDB_NOSYNC, 0) == 0 && mdb_env_sync(env, 1) == 0, "mdb_env_sync");
    sync();
}

static double best(double a, double b)
{
    return a < b ? a : b;
}

static void bench_reads(uint64_t keys, void *memory)
{
    double ours = 1e9, theirs = 1e9, fresh = 1e9, calls = 1e9;
    for (unsigned round = 0; round <= ROUNDS; round++) {
        double a = lld_read(keys, round * READS);
        double b = lmdb_read(keys, round * READS, false);
        double c = lmdb_read(keys, round * READS, true);
        if (round > 0) { /* the first warms up */
            ours = best(ours, a);
            theirs = best(theirs, b);
            fresh = best(fresh, c);
        }
    }
    print_pair("read", keys, READS / ours, READS / theirs, "best of 5");
    print_pair("read_fresh", keys, READS / ours, READS / fresh, "best of 5");
    lld_open_file(memory, lld_memory, true);
    for (unsigned round = 0; round <= 2; round++) {
        calls = best(calls, lld_read(keys, round * READS));
    }
    lld_open_file(memory, lld_memory, false);
    printf("lld.read_by_system_call.%llu,%.0f,1/s,best of 3\n", (unsigned long long)keys, READS / calls);
}

/* Means, not the best: checkpoints and compaction belong to it. The slowest is that of LLD and of LMDB. */
static void bench_writes(uint64_t keys, uint32_t batch, uint32_t count, const char *what)
{
    double ours = 0, theirs = 0, ours_max = 0, theirs_max = 0;
    struct lld_stats before, after;
    lld_stats(lld, &before);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint32_t n = 0; n < 2 * count; n++) {
            bool is_ours = n / TURN % 2 == 0;
            double start = now_s();
            (is_ours ? lld_write : lmdb_write)(0, keys, batch);
            double spent = now_s() - start;
            *(is_ours ? &ours : &theirs) += spent;
            double *max = is_ours ? &ours_max : &theirs_max;
            *max = spent > *max ? spent : *max;
        }
    }
    lld_stats(lld, &after);
    double writes = (double)ROUNDS * count * batch;
    print_pair(what, keys, writes / ours, writes / theirs, "mean of 5 rounds");
    printf("lld.%s_slowest.%llu,%.0f,us,a commit\n", what, (unsigned long long)keys, ours_max * 1e6);
    printf("lmdb.%s_slowest.%llu,%.0f,us,a commit\n", what, (unsigned long long)keys, theirs_max * 1e6);
    printf("lld.%s_bytes.%llu,%.0f,bytes,written a value of 100\n", what, (unsigned long long)keys,
           (double)(after.blocks_written - before.blocks_written) * 512 / writes);
    printf("lld.%s_moved.%llu,%.2f,records,compacted a value\n", what, (unsigned long long)keys,
           (double)(after.records_moved - before.records_moved) / writes);
}

static void bench_size(const char *directory, uint64_t keys)
{
    char lld_path[4096], lmdb_path[4096], lock_path[4096];
    must(snprintf(lld_path, sizeof lld_path, "%s/lld_bench.lld", directory) < 4000, "path too long");
    (void)snprintf(lmdb_path, sizeof lmdb_path, "%s/lld_bench.mdb", directory);
    (void)snprintf(lock_path, sizeof lock_path, "%s/lld_bench.mdb-lock", directory);
    (void)unlink(lmdb_path);
    (void)unlink(lock_path);
    void *memory = lld_make(lld_path, keys);
    lmdb_make(lmdb_path, keys);
    load(keys);
    bench_reads(keys, memory);
    bench_writes(keys, 1, SINGLES, "write");
    bench_writes(keys, BATCH, BATCHES, "write_100");
    struct stat lmdb_stat;
    must(stat(lmdb_path, &lmdb_stat) == 0, "stat");
    printf("lld.file.%llu,%llu,bytes,fixed when made\n", (unsigned long long)keys, (unsigned long long)file.bytes);
    printf("lmdb.file.%llu,%lld,bytes,as grown\n", (unsigned long long)keys, (long long)lmdb_stat.st_size);
    printf("lld.memory.%llu,%zu,bytes,all that it uses\n", (unsigned long long)keys, lld_memory);
    mdb_env_close(env);
    (void)munmap((void *)(uintptr_t)file.map, file.bytes);
    (void)close(file.fd);
    free(memory);
    (void)unlink(lld_path);
    (void)unlink(lmdb_path);
    (void)unlink(lock_path);
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "build";
    if (argc <= 2) {
        bench_size(directory, 1000);
        bench_size(directory, 100000);
    }
    for (int i = 2; i < argc; i++) {
        uint64_t keys = strtoull(argv[i], NULL, 10);
        must(keys >= 100 && keys <= 100000000, "keys: 100 to 100000000");
        bench_size(directory, keys);
    }
    return 0;
}
