/* SPDX-License-Identifier: MIT */
/**
 * A client of a disk whose other side writes anything into queues and data memory while it waits: every call ends, and touches only what it
 * was given. An input says, byte by byte, what the other side does.
 */
#include "disk.h"

enum { RECORDS = 8, DATA = 4 * BLK_SECTOR_BYTES, QUEUE_BYTES = SHMQ_HEADER_BYTES + RECORDS * 24, BUFFER_SECTORS = 12 };

struct queue {
    uint8_t bytes[QUEUE_BYTES + 64] __attribute__((aligned(64)));
};
static struct queue queues[2];
static uint8_t data[DATA];
static struct disk disk;
static struct cursor script;

static void notify(void *context)
{
    (void)context;
}

/* A record into the queue of answers, as if a producer had put it. */
static void put_raw(const uint8_t record[24])
{
    uint32_t tail = le32_load(queues[1].bytes);
    memcpy(queues[1].bytes + SHMQ_HEADER_BYTES + (size_t)(tail % RECORDS) * 24, record, 24);
    le32_store(queues[1].bytes, tail + 1);
}

/* The other side takes everything, and answers the last request with what the script says, or says something else. */
static bool wait_for_script(void *context)
{
    uint8_t op;
    uint8_t value;
    uint8_t record[24];
    struct cursor raw;
    (void)context;
    if (!cursor_u8(&script, &op) || !cursor_u8(&script, &value)) {
        return false;
    }
    uint32_t tail = le32_load(queues[0].bytes);
    le32_store(queues[0].bytes + 64, tail);
    memcpy(record, queues[0].bytes + SHMQ_HEADER_BYTES + (size_t)((tail - 1) % RECORDS) * 24, sizeof record);
    if ((op & 3) == 0) {
        record[21] = value; /* the status */
        put_raw(record);
    } else if ((op & 3) == 1 && record[20] == BLK_INFO) {
        le64_store(record, value);
        le32_store(record + 8, op);
        put_raw(record);
    } else if ((op & 3) == 2 && cursor_take(&script, sizeof record, &raw)) {
        put_raw(raw.at);
    } else if ((op & 4) != 0) {
        queues[op >> 3 & 1].bytes[value % SHMQ_HEADER_BYTES] = op;
    } else {
        memset(record, 0, sizeof record);
        record[20] = BLK_STARTED;
        le64_store(record, tail + (value & 1));
        put_raw(record);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t buffer[BUFFER_SECTORS * BLK_SECTOR_BYTES];
    const struct disk_setup setup = {.send = &queues[0],
                                     .receive = &queues[1],
                                     .record_bytes = sizeof(struct blk_record),
                                     .record_count = RECORDS,
                                     .data = data,
                                     .data_bytes = sizeof data,
                                     .notify = notify,
                                     .wait = wait_for_script};
    memset(queues, 0, sizeof queues);
    script = cursor_of(bytes, len_bytes);
    enum blk_status status = disk_open(&disk, &setup);
    for (uint64_t at = 0; status == BLK_OK && at < 8; at++) {
        uint64_t count = 1 + at % BUFFER_SECTORS;
        status = at % 2 == 0 ? disk_read(&disk, at, count, buffer) : disk_write(&disk, at, count, buffer);
        status = status == BLK_OK ? disk_flush(&disk) : status;
        assert(status <= BLK_NO_DISK && disk.request_sectors <= DATA / BLK_SECTOR_BYTES);
    }
    for (size_t i = QUEUE_BYTES; i < sizeof queues[0].bytes; i++) {
        assert(queues[0].bytes[i] == 0 && queues[1].bytes[i] == 0);
    }
    return 0;
}
