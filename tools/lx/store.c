/* SPDX-License-Identifier: MIT */
/** The file of a ledger node. See store.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

#define BLOCK_BYTES  4096u
#define CACHE_BLOCKS 4096u /* 16 MiB */
#define SIZE_MIB     1024u
#define SIZE_MIB_MIN 128u
#define SIZE_MIB_MAX 32768u

static struct {
    int fd;
    uint64_t bytes;
    struct lld *lld;
    void *memory;
} store = {.fd = -1};

static bool store_read(void *context, uint64_t first, uint32_t count, void *out)
{
    size_t len = (size_t)count * BLOCK_BYTES;
    (void)context;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(store.fd, (uint8_t *)out + done, len - done, (off_t)(first * BLOCK_BYTES + done));
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool store_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    size_t len = (size_t)count * BLOCK_BYTES;
    (void)context;
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(store.fd, (const uint8_t *)bytes + done, len - done, (off_t)(first * BLOCK_BYTES + done));
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool store_flush(void *context)
{
    (void)context;
    return fdatasync(store.fd) == 0;
}

static uint64_t store_size(void *context)
{
    (void)context;
    return store.bytes / BLOCK_BYTES;
}

static const struct lld_device device = {NULL, BLOCK_BYTES, store_read, store_write, store_flush, store_size};

static void *memory_for(const struct lld_geometry *g, uint32_t cache_blocks, size_t *len_bytes)
{
    *len_bytes = lld_memory_bytes(g, cache_blocks);
    void *out = *len_bytes == 0 ? NULL : aligned_alloc(LLD_MEMORY_ALIGNMENT, (size_t)align_up(*len_bytes, LLD_MEMORY_ALIGNMENT));
    if (out == NULL) {
        fail("out of memory");
    }
    return out;
}

/** What lld_plan proposes, with transactions as large as the node's. */
static void plan(struct lld_geometry *g)
{
    if (lld_plan(&device, store.bytes / 1024, g) != LX_OK) {
        fail("--size: LLD cannot be made in a store of this size");
    }
    uint64_t log_bytes = (uint64_t)g->segment_bytes * g->segment_count;
    g->batch_bytes = g->batch_bytes < NODE_BATCH_BYTES ? NODE_BATCH_BYTES : g->batch_bytes;
    g->delta_bits = g->delta_bits < NODE_DELTA_BITS_MIN ? NODE_DELTA_BITS_MIN : g->delta_bits;
    g->segment_bytes = g->segment_bytes < 8 * NODE_BATCH_BYTES ? 8 * NODE_BATCH_BYTES : g->segment_bytes;
    g->segment_count = (uint32_t)(log_bytes / g->segment_bytes) - 1; /* the other measures may take a little more room */
}

static void format(const char *path)
{
    struct lld_geometry g;
    uint8_t secret[LLD_SECRET_BYTES];
    size_t len;
    plan(&g);
    void *memory = memory_for(&g, LLD_CACHE_BLOCKS_MIN, &len);
    if (getentropy(secret, sizeof secret) != 0) {
        fail("cannot get random bytes: %s", strerror(errno));
    }
    enum lx_err err = lld_format(&device, &g, secret, memory, len);
    free(memory);
    if (err != LX_OK) {
        fail("cannot make the store %s: %s", path, lx_err_name(err));
    }
}

static void lock(const char *path)
{
    if (flock(store.fd, LOCK_EX | LOCK_NB) != 0) {
        fail("%s is in use by another process", path);
    }
}

/** Makes a store beside its name, and gives it its name once it is whole. */
static void make(const char *path, uint64_t size_mib)
{
    char *fresh = join(path, ".new", NULL);
    if (size_mib < SIZE_MIB_MIN || size_mib > SIZE_MIB_MAX) {
        fail("--size is %u to %u MiB", SIZE_MIB_MIN, SIZE_MIB_MAX);
    }
    store.fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    store.bytes = size_mib << 20;
    if (store.fd < 0 || ftruncate(store.fd, (off_t)store.bytes) != 0) {
        fail("cannot write %s: %s", fresh, strerror(errno));
    }
    lock(fresh);
    format(path);
    if (fsync(store.fd) != 0 || rename(fresh, path) != 0) {
        fail("cannot write %s: %s", path, strerror(errno));
    }
    sync_directory(path);
}

struct lld *store_open(const char *path, uint64_t size_mib)
{
    struct lld_geometry g;
    static uint8_t probe[LLD_PROBE_BYTES];
    size_t len;
    store.fd = open(path, O_RDWR | O_CLOEXEC);
    if (store.fd < 0 && errno == ENOENT) {
        make(path, size_mib == 0 ? SIZE_MIB : size_mib);
    } else {
        struct stat info;
        if (store.fd < 0 || fstat(store.fd, &info) != 0) {
            fail("cannot open %s: %s", path, strerror(errno));
        }
        store.bytes = (uint64_t)info.st_size;
        lock(path);
    }
    enum lx_err err = lld_probe(&device, probe, &g);
    if (err == LX_OK) {
        store.memory = memory_for(&g, CACHE_BLOCKS, &len);
        err = lld_open(&device, CACHE_BLOCKS, store.memory, len, &store.lld);
    }
    if (err != LX_OK) {
        fail("%s is no store of a ledger, or is damaged: %s", path, lx_err_name(err));
    }
    return store.lld;
}

void store_close(void)
{
    if (store.lld != NULL && lld_checkpoint(store.lld) != LX_OK) {
        fprintf(stderr, "lx: the store could not be brought up to date; it will be when it is opened\n");
    }
    close(store.fd);
    free(store.memory);
}

/* ---- the producer's key --------------------------------------------------------------------------------------------- */

void store_producer(const char *path, bool is_falcon, struct signer_seed *out)
{
    char *name = join(path, ".producer", NULL);
    uint8_t fresh[SIGNER_SEED_BYTES + 1];
    struct stat info;
    if (!file_exists(name)) {
        if (file_exists(path)) {
            fail("%s is missing; restore it: nobody else can go on with this ledger's blocks", name);
        }
        if (getentropy(fresh, SIGNER_SEED_BYTES) != 0) {
            fail("cannot get random bytes: %s", strerror(errno));
        }
        fresh[SIGNER_SEED_BYTES] = SIGNATURE_FALCON;
        file_replace(name, fresh, is_falcon ? sizeof fresh : SIGNER_SEED_BYTES, 0600);
        wipe(fresh, sizeof fresh);
    }
    if (stat(name, &info) == 0 && (info.st_mode & 077) != 0) {
        fail("%s can be read by others; if nobody has, correct that with chmod 600 %s", name, name);
    }
    struct bytes file = read_file(name);
    bool has_type = file.len_bytes == sizeof fresh && file.at[SIGNER_SEED_BYTES] == SIGNATURE_FALCON;
    if (file.len_bytes != SIGNER_SEED_BYTES && !has_type) {
        fail("%s is no key; restore it", name);
    }
    memcpy(out->bytes, file.at, SIGNER_SEED_BYTES);
    wipe(file.at, file.len_bytes);
    out->falcon = has_type ? zalloc(sizeof *out->falcon) : NULL;
}
