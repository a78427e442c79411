/* SPDX-License-Identifier: MIT */
/* Any requests with anything in the window, on a small volume: no crash, no damage, and every request is answered. */
#include "fsserve.h"

#include <stdlib.h>

enum { DISK_BLOCKS = 1024, REQUESTS_MAX = 200 };

static uint8_t *disk;

static bool disk_read(void *context, uint64_t first, uint32_t count, void *out)
{
    (void)context;
    memcpy(out, disk + first * LXFS_BLOCK_BYTES, (size_t)count * LXFS_BLOCK_BYTES);
    return true;
}

static bool disk_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    (void)context;
    memcpy(disk + first * LXFS_BLOCK_BYTES, bytes, (size_t)count * LXFS_BLOCK_BYTES);
    return true;
}

static bool disk_flush(void *context)
{
    (void)context;
    return true;
}

static uint64_t disk_size(void *context)
{
    (void)context;
    return DISK_BLOCKS;
}

static uint64_t take(const uint8_t **data, size_t *left, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len && *left > 0; i++, (*left)--) {
        value |= (uint64_t)*(*data)++ << 8 * i;
    }
    return value;
}

/** Mostly small numbers, which name things that are there. */
static uint64_t take_word(const uint8_t **data, size_t *left)
{
    uint64_t kind = take(data, left, 1);
    return kind < 200 ? kind % 16 : kind < 230 ? take(data, left, 2) : take(data, left, 8);
}

static void fill_window(struct fs_window *w, const uint8_t **data, size_t *left)
{
    static const uint32_t modes[] = {0100644, 0040755, 0120777, 0010600, 0020600, 0};
    uint64_t what = take(data, left, 1);
    w->attr.mode = modes[what % 6];
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t name = take(data, left, 1);
        w->name_bytes[i] = name > 250 ? (uint32_t)take(data, left, 4) : 1 + (name & 1);
        w->names[i][0] = (char)('a' + name % 5);
        w->names[i][1] = (char)('a' + name % 3);
    }
    if (what > 240) {
        w->attr.accessed.nanoseconds = (uint32_t)take(data, left, 4);
        w->now.nanoseconds = (uint32_t)take(data, left, 4);
        w->attr.mode = (uint32_t)take(data, left, 4);
    }
}

static struct lxfs *make_volume(void *memory, size_t memory_bytes, const struct lxfs_frames *frames)
{
    const struct lxfs_setup setup = {.device = {NULL, disk_read, disk_write, disk_flush, disk_size}, .frames = *frames};
    const struct lxfs_form form = {.log_blocks = LXFS_LOG_BLOCKS_MIN};
    struct lxfs *fs = NULL;
    memset(disk, 0, (size_t)DISK_BLOCKS * LXFS_BLOCK_BYTES);
    if (lxfs_format(&setup.device, &setup.crypt, &form, memory, memory_bytes) != LXFS_OK ||
        lxfs_open(&setup, memory, memory_bytes, &fs) != LXFS_OK) {
        abort();
    }
    return fs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *memory;
    static struct fsserve s;
    static struct fs_window window;
    const struct lxfs_frames frames = {LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};
    size_t memory_bytes = lxfs_memory_bytes(&frames);
    if (memory == NULL) {
        memory = aligned_alloc(LXFS_MEMORY_ALIGNMENT, memory_bytes);
        disk = malloc((size_t)DISK_BLOCKS * LXFS_BLOCK_BYTES);
    }
    memset(&window, 0, sizeof window);
    fsserve_init(&s, make_volume(memory, memory_bytes, &frames), &window, 3);
    for (uint32_t i = 0; i < REQUESTS_MAX && size > 0; i++) {
        uint64_t label = take(&data, &size, 1) % (FS_STATUS + 2);
        uint64_t word[4] = {take_word(&data, &size), take_word(&data, &size), take_word(&data, &size), 3};
        fill_window(&window, &data, &size);
        (void)fsserve_request(&s, label, word);
    }
    /* A new client finds nothing held, and the volume is whole. */
    uint64_t word[4] = {0};
    if (fsserve_request(&s, FS_ATTACH, word) != PROTO_OK || s.hold_count != 0 || lxfs_commit(s.fs) != LXFS_OK) {
        abort();
    }
    struct lxfs_damage damage;
    struct lxfs_cursor cursor = {0};
    while (lxfs_scrub(s.fs, &cursor, 1000) == LXFS_OK) {
    }
    if (lxfs_damage(s.fs, &damage)) {
        abort();
    }
    return 0;
}
