/* SPDX-License-Identifier: MIT */
/**
 * Fs: the files of a volume. See README.md; the file system is lib/fs, its requests lib/fsserve, this is the glue to disk and client.
 * Owns:   the volume, that is, its partition of the disk.    Uses: rt, fs, fsserve, disk; proto/files.h, proto/timer.h.
 */
#include "cipher.h"
#include "device.h"
#include "format.h"
#include "fsserve.h"
#include "proto/timer.h"
#include "rt.h"

LX_MEMORY(heap);
LX_SHARED(window);
LX_SERVER(clients);
LX_CALL(timer);
LX_WATCH(timer_watch);

#define COMMIT_NS UINT64_C(5000000000) /* what changed is durable after so long at the latest, also without fsync */
#define IDLE_NS   UINT64_C(1000000000) /* between two steps of scrub and of giving back */

enum { LOG_BLOCKS = 256, SCRUB_STEPS = 16, RECLAIM_STEPS = 1024, COUNTING_STEPS = 32768, EMPTY_BLOCKS = 64 };

static struct lxfs *volume; /* NULL: there is none */
static struct fsserve server;
static struct lxfs_cursor scrub_cursor;
static struct fs_status status;
static uint64_t dirty_since;
static bool is_read_only;

static struct fs_window *the_window(void)
{
    return (struct fs_window *)window.addr;
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------- */

static void say(const char *text, ...) PRINTF_LIKE(1, 2);
static void say(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    format_list(status.sentence, sizeof status.sentence, text, args);
    va_end(args);
    rt_log("%s", status.sentence);
}

static struct lxfs_time time_of_day(void)
{
    struct message m;
    rt_message(&m, TIMER_WALL_CLOCK, 0);
    if (rt_call(&timer, &m) != PROTO_OK) {
        return (struct lxfs_time){0, 0};
    }
    return (struct lxfs_time){(int64_t)(m.word[0] / 1000000000), (uint32_t)(m.word[0] % 1000000000)};
}

/* As many frames as the heap holds, a quarter of them for pointers. */
static struct lxfs_frames frames_of(uint64_t heap_bytes)
{
    struct lxfs_frames f = {LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};
    for (;;) {
        struct lxfs_frames more = {f.leaves + 64, f.nodes + 16};
        size_t bytes = lxfs_memory_bytes(&more);
        if (bytes == 0 || bytes > heap_bytes) {
            return f;
        }
        f = more;
    }
}

/* A partition that nobody has used: its first blocks are zero, and so is one in its middle. */
static bool is_empty(const struct lxfs_device *d)
{
    static uint8_t block[LXFS_BLOCK_BYTES];
    for (uint32_t i = 0; i <= EMPTY_BLOCKS; i++) {
        uint64_t at = i < EMPTY_BLOCKS ? i : d->size(d->context) / 2;
        if (!d->read(d->context, at, 1, block)) {
            return false;
        }
        for (size_t j = 0; j < sizeof block; j++) {
            if (block[j] != 0) {
                return false;
            }
        }
    }
    return true;
}

static enum lxfs_err make_volume(const struct lxfs_setup *setup)
{
    struct lxfs_form form = {.log_blocks = LOG_BLOCKS, .now = setup->now};
    struct hash256 random;
    sha256_of(rt_info_page()->seed, sizeof rt_info_page()->seed, &random); /* it stands on the disk, so it must not be the seed itself */
    memcpy(form.uuid, random.bytes, sizeof form.uuid);
    memcpy(form.secret, random.bytes + sizeof form.uuid, sizeof form.secret);
    return lxfs_format(&setup->device, &setup->crypt, &form, (void *)heap.addr, heap.len_bytes);
}
_Static_assert(LXFS_UUID_BYTES + LXFS_SECRET_BYTES == sizeof(struct hash256), "one hash fills both");

static void describe(bool is_new, bool is_encrypted)
{
    struct lxfs_statfs room;
    struct lxfs_stats stats;
    enum { BLOCKS_A_MIB = (1 << 20) / LXFS_BLOCK_BYTES };
    lxfs_statfs(volume, &room);
    lxfs_stats(volume, &stats);
    say("%s of %lu MiB, %lu free, generation %lu%s%s; %lu operations done again from the log%s", is_new ? "a new volume" : "the volume",
        (unsigned long)(room.block_count / BLOCKS_A_MIB), (unsigned long)(room.free_count / BLOCKS_A_MIB), (unsigned long)room.generation,
        is_encrypted ? ", encrypted" : "", is_read_only ? ", read-only" : "", (unsigned long)stats.replayed_records,
        stats.is_chain_broken ? "; its superblock does not follow the one before" : "");
}

static void open_volume(void)
{
    struct lxfs_setup setup = {.frames = frames_of(heap.len_bytes), .now = time_of_day()};
    bool is_new = false;
    enum blk_status disk_status = device_open(&setup.device, &is_read_only);
    if (disk_status != BLK_OK) {
        say("files are kept in memory and gone at power-off: %s", disk_status_words(disk_status));
        return;
    }
    if (!cipher_open(&setup.crypt)) {
        say("files are kept in memory and gone at power-off: the keystore does not give the key of the volume");
        return;
    }
    setup.flags = is_read_only ? LXFS_READ_ONLY : 0;
    enum lxfs_err err = lxfs_open(&setup, (void *)heap.addr, heap.len_bytes, &volume);
    if (err == LXFS_ENOENT && !is_read_only && is_empty(&setup.device)) {
        is_new = true;
        err = make_volume(&setup);
        err = err == LXFS_OK ? lxfs_open(&setup, (void *)heap.addr, heap.len_bytes, &volume) : err;
    }
    if (err == LXFS_OK) {
        describe(is_new, setup.crypt.id != 0);
        return;
    }
    volume = NULL;
    say("files are kept in memory and gone at power-off: %s (%s); the partition is left as it is",
        err == LXFS_ENOENT  ? "the partition holds something that is no volume"
        : err == LXFS_EBAD  ? "the volume is damaged, or was made with another device's key"
        : err == LXFS_ENOTSUP ? "the volume is of another version, or not encrypted as this device does"
        : err == LXFS_EINVAL ? "the partition is too small, or smaller than its volume"
        : err == LXFS_EIO   ? "the disk reports an error"
                            : "the volume cannot be opened",
        lxfs_err_name(err));
}

/* ---- time: commits, scrub ---------------------------------------------------------------------------------------------------------- */

static void arm(void)
{
    struct message m;
    if (volume == NULL || is_read_only) {
        return;
    }
    rt_message(&m, TIMER_SET, rt_ticks() + rt_ns_to_ticks(IDLE_NS));
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_log("the timer does not answer: what is not synced is written when there is no room for it");
    }
}

static void in_idle_time(void)
{
    if (server.is_dirty && rt_ticks() + rt_ns_to_ticks(IDLE_NS) - dirty_since >= rt_ns_to_ticks(COMMIT_NS)) {
        if (lxfs_commit(volume) == LXFS_OK) {
            status.committed_at = rt_ticks();
        }
        server.is_dirty = false; /* a commit that failed is not tried again by time: the volume does not write any more */
    }
    enum lxfs_err err = lxfs_reclaim(volume, RECLAIM_STEPS);
    if (err == LXFS_OK || err == LXFS_ENOENT) {
        err = lxfs_scrub(volume, &scrub_cursor, SCRUB_STEPS);
        status.scrub_passes += err == LXFS_ENOENT;
    }
}

/* ---- requests -------------------------------------------------------------------------------------------------------------------------- */

static void fill_status(void)
{
    status.state = volume == NULL ? FS_NONE : FS_READY;
    status.epoch = server.epoch;
    if (volume != NULL) {
        enum lxfs_err err = is_read_only ? LXFS_OK : lxfs_reclaim(volume, COUNTING_STEPS); /* so that what was removed counts as free */
        if (err != LXFS_OK && err != LXFS_ENOENT) {
            rt_log("blocks of removed files cannot be given back (%s)", lxfs_err_name(err));
        }
        lxfs_statfs(volume, &status.room);
        lxfs_stats(volume, &status.stats);
        status.has_damage = lxfs_damage(volume, &status.damage);
    }
    the_window()->status = status;
}

static void serve(struct message *m)
{
    if (m->badge - clients.first_caller >= clients.caller_count || rt_length(m) != 4) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return;
    }
    if (rt_label(m) == FS_STATUS) {
        fill_status();
        rt_message(m, PROTO_OK, 0);
        return;
    }
    uint64_t word[4] = {m->word[0], m->word[1], m->word[2], m->word[3]};
    bool was_dirty = server.is_dirty;
    uint64_t label = fsserve_request(&server, rt_label(m), word);
    if (!was_dirty && server.is_dirty) {
        dirty_since = rt_ticks();
    }
    rt_message(m, label, word[0], word[1], word[2], word[3]);
}

/* Those who called while the disk was waited for. */
static void serve_waiting(void)
{
    struct waiting w;
    while (device_next_waiting(&w)) {
        serve(&w.message);
        sys_send(w.reply, &w.message);
    }
}

void init(void)
{
    if (window.len_bytes < sizeof(struct fs_window) || window.writable == 0) {
        rt_panic("the window must be shared with at least %zu bytes, writable here", sizeof(struct fs_window));
    }
    open_volume();
    fsserve_init(&server, volume, the_window(), rt_info_page()->incarnation + 1);
    serve_waiting();
    arm();
}

/* What is done by time, if it is time; then whoever waited. An alarm that came while the disk was waited for counts like any other. */
static void by_time(uint64_t signals)
{
    signals |= device_signals();
    if ((signals & (timer.signal | timer_watch.signal)) != 0 && volume != NULL && !is_read_only) {
        arm(); /* first: there is always an alarm to come while the disk is waited for */
        in_idle_time();
        serve_waiting();
        arm(); /* the wait may have used that one up */
    }
}

void notified(uint64_t signals)
{
    by_time(signals);
    serve_waiting();
}

bool protected(struct message *m)
{
    serve(m);
    const struct message answer = *m;
    serve_waiting();
    by_time(0);
    *m = answer;
    return true;
}
