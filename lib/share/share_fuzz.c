/* SPDX-License-Identifier: MIT */
/**
 * Clients and a driver that write anything into their queues and rings: whatever comes out for the driver lies in the partition of the
 * client whose chunk it uses, and no memory is touched that is not its own.
 */
#include "share.h"

enum { RECORDS = 32, DATA = 4096, QUEUE_BYTES = SHMQ_HEADER_BYTES + RECORDS * 24 };

struct queue {
    uint8_t bytes[QUEUE_BYTES] __attribute__((aligned(64)));
};
static struct queue queues[2 + 2 * SHARE_CLIENTS_MAX];
static uint8_t data[SHARE_CLIENTS_MAX][DATA];
static uint8_t chunks[SHARE_DATA_BYTES];
static struct share share;
static struct shmq requests; /* the driver's side */
static const struct gpt_partition parts[SHARE_CLIENTS_MAX] = {
    {GPT_LEDGER, 100, 8}, {GPT_FILES, 200, 1}, {GPT_FILES, 300, 1000}, {GPT_FILES, 1ull << 54, 1ull << 40}};

static void begin(void)
{
    struct disk disk = {.setup = {.data = chunks, .data_bytes = sizeof chunks}, .request_sectors = 1 << 16, .flags = 15 & ~8u};
    memset(queues, 0, sizeof queues);
    shmq_open(&disk.out, &queues[0], sizeof(struct blk_record), RECORDS, true);
    shmq_open(&disk.in, &queues[1], sizeof(struct blk_record), RECORDS, false);
    shmq_open(&requests, &queues[0], sizeof(struct blk_record), RECORDS, false);
    share_init(&share);
    share_disk(&share, &disk);
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        const struct share_channel channel = {&queues[2 + 2 * i], &queues[3 + 2 * i], RECORDS, data[i], DATA};
        share_attach(&share, i, &channel, i == 1 ? NULL : &parts[i]);
    }
}

/* What the driver is asked. */
static void check_requests(void)
{
    struct blk_record r;
    while (shmq_get(&requests, &r, 1) == 1) {
        const struct gpt_partition *p = &parts[r.tag % SHARE_PLACES / SHARE_DEPTH];
        assert(r.op >= BLK_READ && r.op <= BLK_WRITE_ZEROES && p != &parts[1]);
        if (r.op == BLK_FLUSH) {
            assert(r.sector == 0 && r.sector_count == 0);
            continue;
        }
        assert(r.sector >= p->first_sector && r.sector_count > 0 && r.sector_count <= p->sector_count);
        assert(r.sector - p->first_sector <= p->sector_count - r.sector_count);
        if (r.op <= BLK_WRITE) {
            assert(r.data_offset == r.tag % SHARE_PLACES * SHARE_CHUNK_BYTES && r.sector_count <= SHARE_CHUNK_SECTORS);
        }
    }
}

/* A record into a ring, as if its producer had put it: the index is counted up, whoever owns it. */
static void put_raw(struct queue *q, const uint8_t *record)
{
    uint32_t tail = le32_load(q->bytes);
    memcpy(q->bytes + SHMQ_HEADER_BYTES + (size_t)(tail % RECORDS) * 24, record, 24);
    le32_store(q->bytes, tail + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct share_signals signals;
    struct cursor record;
    uint8_t op;
    uint8_t which;
    begin();
    while (cursor_u8(&c, &op) && cursor_u8(&c, &which)) {
        struct queue *q = &queues[2 + 2 * (which % SHARE_CLIENTS_MAX)];
        if ((op & 3) == 0 && cursor_take(&c, 24, &record)) { /* a client asks */
            put_raw(q, record.at);
        } else if ((op & 3) == 1 && cursor_take(&c, 24, &record)) { /* the driver says something */
            put_raw(&queues[1], record.at);
        } else if ((op & 3) == 2) { /* the driver answers what was asked */
            const struct share_place *p = &share.places[which % SHARE_PLACES];
            put_raw(&queues[1], (const uint8_t *)&p->sent);
        } else if ((op & 4) != 0) { /* somebody writes where he should not */
            uint32_t target = which % ARRAY_LEN(queues);
            queues[target].bytes[(target == 0 ? 64 : 0) + (op >> 3)] = which; /* not what the check reads */
        }
        share_work(&share, op, &signals);
        check_requests();
        (void)share_sleep(&share);
        for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
            assert(share.clients[i].under_way <= SHARE_DEPTH);
        }
    }
    share_give_up(&share);
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        assert(share.clients[i].under_way == 0);
    }
    return 0;
}
