/* SPDX-License-Identifier: MIT */
/**
 * Device: the partition as a device of lib/fs. While the disk works this component sleeps; messages and other signals that arrive meanwhile are
 * kept and served afterwards.
 * Owns:   the channel to blk_share, spare reply objects.    Uses: rt, disk; proto/blk.h.
 */
#include "device.h"

#include "proto/timer.h"

LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, disk, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_REPLIES(spares);
extern const struct lx_inbox rt_inbox;
extern const struct lx_call timer;

/* Who is asked gives a disk up before we do; this is for one who does not answer at all. */
#define PATIENCE_NS UINT64_C(30000000000)

enum { SECTORS_A_BLOCK = LXFS_BLOCK_BYTES / BLK_SECTOR_BYTES, WAITING_MAX = 4, TAGS_OF_A_START = 1 << 20 };

static struct disk partition;
static struct waiting waiting[WAITING_MAX]; /* the first `waiting_count`; each on a reply object of `spares`, the next of which receives */
static uint32_t waiting_count;
static uint32_t waiting_next; /* who is served next */
static uint64_t signals;

static void notify(void *context)
{
    (void)context;
    rt_signal(disk.notify);
}

static void arm(uint64_t at_ticks)
{
    struct message m;
    rt_message(&m, TIMER_SET, at_ticks);
    (void)rt_call(&timer, &m); /* without a timer a disk that never answers is waited for, for ever */
}

/* Each caller can wait once. One that sends without waiting for an answer may push out what comes after it. */
static void keep(const struct message *m)
{
    if (waiting_count < WAITING_MAX && waiting_count + 1 < spares.count) {
        waiting[waiting_count] = (struct waiting){*m, spares.first + waiting_count};
        waiting_count++;
    }
}

/* Sleeps until the driver signals. @return false: it has not for too long. */
static bool wait_for_driver(void *context)
{
    (void)context;
    uint64_t end = rt_ticks() + rt_ns_to_ticks(PATIENCE_NS);
    for (;;) {
        struct message m = {0};
        sys_recv(rt_inbox.endpoint, spares.first + waiting_count, &m);
        if ((m.badge & BADGE_MESSAGE) != 0) {
            keep(&m);
            continue;
        }
        signals |= m.badge & ~disk.signal;
        if ((m.badge & disk.signal) != 0) {
            return true; /* an alarm that came with it is among the signals */
        }
        if (rt_ticks() >= end) {
            return false;
        }
        if (m.badge != 0) {
            arm(end); /* the alarm is over, or was another's */
        }
    }
}

bool device_next_waiting(struct waiting *out)
{
    if (waiting_next == waiting_count) {
        waiting_next = waiting_count = 0;
        return false;
    }
    *out = waiting[waiting_next++];
    return true;
}

uint64_t device_signals(void)
{
    uint64_t came = signals;
    signals = 0;
    return came;
}

/* ---- blocks -------------------------------------------------------------------------------------------------------------------- */

static bool read_blocks(void *context, uint64_t first_block, uint32_t block_count, void *out)
{
    struct disk *d = context;
    return disk_read(d, first_block * SECTORS_A_BLOCK, (uint64_t)block_count * SECTORS_A_BLOCK, out) == BLK_OK;
}

static bool write_blocks(void *context, uint64_t first_block, uint32_t block_count, const void *bytes)
{
    struct disk *d = context;
    return disk_write(d, first_block * SECTORS_A_BLOCK, (uint64_t)block_count * SECTORS_A_BLOCK, bytes) == BLK_OK;
}

static bool flush_all(void *context)
{
    return disk_flush(context) == BLK_OK;
}

static uint64_t count_blocks(void *context)
{
    return ((const struct disk *)context)->sector_count / SECTORS_A_BLOCK;
}

enum blk_status device_open(struct lxfs_device *out, bool *is_read_only)
{
    if (!lx_given(disk)) {
        return BLK_NO_DISK;
    }
    const struct disk_setup setup = {.send = (void *)disk.send_addr,
                                     .receive = (void *)disk.receive_addr,
                                     .record_bytes = disk.record_bytes,
                                     .record_count = disk.record_count,
                                     .data = (uint8_t *)disk.data_addr,
                                     .data_bytes = disk.data_bytes,
                                     .first_tag = rt_info_page()->incarnation * TAGS_OF_A_START,
                                     .notify = notify,
                                     .wait = wait_for_driver};
    arm(rt_ticks() + rt_ns_to_ticks(PATIENCE_NS));
    enum blk_status status = disk_open(&partition, &setup);
    *is_read_only = (partition.flags & BLK_READ_ONLY) != 0;
    *out = (struct lxfs_device){&partition, read_blocks, write_blocks, flush_all, count_blocks};
    return status;
}
