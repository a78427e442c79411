/* SPDX-License-Identifier: MIT */
/** Blktest: what a client of a disk sees: its size, its bytes, its limits, and many requests at once. */
#include "proto/blk.h"
#include "rt.h"
#include "shmq.h"

LX_CHANNEL(disk, sizeof(struct blk_record));
extern const struct lx_inbox rt_inbox;
extern const struct lx_replies rt_reply;

enum { BLOCK_SECTORS = 8, BLOCK_BYTES = 4096, DEPTH = 64, ROUNDS = 512 };

static struct shmq out;
static struct shmq in;
static uint32_t next_tag;

static void put(struct blk_record r)
{
    if (shmq_put(&out, &r, 1) != 1) {
        rt_panic("the queue has no room");
    }
}

static void ring(void)
{
    if (shmq_should_notify(&out)) {
        rt_signal(disk.notify);
    }
}

/* Waits for one answer. The driver is more important than we are. */
static struct blk_record get(void)
{
    struct blk_record r;
    while (shmq_get(&in, &r, 1) != 1 || r.op == BLK_STARTED) {
        if (shmq_ready(&in) == 0 && shmq_sleep(&in)) {
            struct message m = {0};
            sys_recv(rt_inbox.endpoint, rt_reply.first, &m);
        }
    }
    return r;
}

static struct blk_record one(uint8_t op, uint64_t sector, uint32_t count, uint32_t offset)
{
    put((struct blk_record){.op = op, .sector = sector, .sector_count = count, .data_offset = offset, .tag = ++next_tag});
    ring();
    struct blk_record r = get();
    if (r.tag != next_tag || r.op != op) {
        rt_panic("the answer is to another request");
    }
    return r;
}

static void must(uint8_t op, uint64_t sector, uint32_t count, uint32_t offset, enum blk_status expected)
{
    struct blk_record r = one(op, sector, count, offset);
    if (r.status != expected) {
        rt_panic("request %u of %u sectors at %lu: status %u, not %u", op, count, (unsigned long)sector, r.status, (unsigned)expected);
    }
}

static uint8_t *data(uint32_t offset)
{
    return (uint8_t *)disk.data_addr + offset;
}

static void fill(uint32_t block, uint32_t seed)
{
    for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
        data(block * BLOCK_BYTES)[i] = (uint8_t)(seed * 31 + i + i / 256);
    }
}

static void bytes_stay(uint64_t sectors)
{
    fill(0, 1);
    fill(1, 2);
    must(BLK_WRITE, sectors - BLOCK_SECTORS, BLOCK_SECTORS, 0, BLK_OK);
    must(BLK_WRITE, 0, BLOCK_SECTORS, BLOCK_BYTES, BLK_OK);
    must(BLK_FLUSH, 0, 0, 0, BLK_OK);
    must(BLK_READ, sectors - BLOCK_SECTORS, BLOCK_SECTORS, 2 * BLOCK_BYTES, BLK_OK);
    must(BLK_READ, 0, BLOCK_SECTORS, 3 * BLOCK_BYTES, BLK_OK);
    if (memcmp(data(0), data(2 * BLOCK_BYTES), 2 * BLOCK_BYTES) != 0) {
        rt_panic("what was written is not what is read");
    }
    must(BLK_WRITE_ZEROES, 0, BLOCK_SECTORS, 0, BLK_OK);
    must(BLK_READ, 0, BLOCK_SECTORS, 0, BLK_OK);
    for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
        if (data(0)[i] != 0) {
            rt_panic("zeroes were not written");
        }
    }
    must(BLK_DISCARD, 0, BLOCK_SECTORS, 0, BLK_OK);
    must(BLK_SETTLE, 0, 0, 0, BLK_OK);
}

static void limits_hold(uint64_t sectors)
{
    must(BLK_READ, sectors, 1, 0, BLK_OUT_OF_RANGE);
    must(BLK_READ, sectors - 1, 2, 0, BLK_OUT_OF_RANGE);
    must(BLK_READ, UINT64_MAX, 1, 0, BLK_OUT_OF_RANGE);
    must(BLK_READ, 0, 0, 0, BLK_OUT_OF_RANGE);
    must(BLK_READ, 0, 1, (uint32_t)disk.data_bytes, BLK_OUT_OF_RANGE);
    must(BLK_READ, 0, 1, 100, BLK_OUT_OF_RANGE);
    must(BLK_READ, 0, UINT32_MAX, 0, BLK_OUT_OF_RANGE);
    must(BLK_FLUSH, 1, 1, 0, BLK_OUT_OF_RANGE);
    must(99, 0, 1, 0, BLK_UNSUPPORTED);
}

/* DEPTH requests are under way at once; all come back, and each block has its own bytes. */
static void many_at_once(void)
{
    bool answered[ROUNDS] = {false};
    uint32_t asked = 0;
    for (uint32_t n = 0; n < ROUNDS; n++) {
        for (; asked < ROUNDS && asked - n < DEPTH; asked++) {
            fill(asked % DEPTH, asked % DEPTH);
            put((struct blk_record){.op = BLK_WRITE, .sector = asked * BLOCK_SECTORS, .sector_count = BLOCK_SECTORS,
                                    .data_offset = asked % DEPTH * BLOCK_BYTES, .tag = asked});
        }
        ring();
        struct blk_record r = get();
        if (r.status != BLK_OK || r.tag >= ROUNDS || answered[r.tag]) {
            rt_panic("a write among many: tag %u, status %u", r.tag, r.status);
        }
        answered[r.tag] = true;
    }
    must(BLK_FLUSH, 0, 0, 0, BLK_OK);
    for (uint32_t i = 0; i < ROUNDS; i += 37) {
        fill(0, i % DEPTH);
        must(BLK_READ, (uint64_t)i * BLOCK_SECTORS, BLOCK_SECTORS, BLOCK_BYTES, BLK_OK);
        if (memcmp(data(0), data(BLOCK_BYTES), BLOCK_BYTES) != 0) {
            rt_panic("block %u has other bytes", i);
        }
    }
}

void init(void)
{
    shmq_open(&out, (void *)disk.send_addr, disk.record_bytes, disk.record_count, true);
    shmq_open(&in, (void *)disk.receive_addr, disk.record_bytes, disk.record_count, false);
    struct blk_record info = one(BLK_INFO, 0, 0, 0);
    if (info.status != BLK_OK) {
        rt_log("no disk: status %u", info.status);
        return;
    }
    rt_log("%lu sectors, flags %u", (unsigned long)info.sector, info.data_offset);
    bytes_stay(info.sector);
    limits_hold(info.sector);
    many_at_once();
    rt_log("done");
}
