/* SPDX-License-Identifier: MIT */
/**
 * Sharetest: one client of a shared disk, under two names. Writes a pattern of its own over the start and the end of its partition, tries to
 * reach beyond, and reads its pattern back, round after round; in between the services under it may be killed.
 */
#include "disk.h"
#include "rt.h"

LX_CHANNEL(disk, sizeof(struct blk_record));
extern const struct lx_inbox rt_inbox;
extern const struct lx_replies rt_reply;

enum { SECTORS = 200, ROUNDS = 120 };

static struct disk client;
static uint8_t bytes[SECTORS * BLK_SECTOR_BYTES];

static void notify(void *context)
{
    (void)context;
    rt_signal(disk.notify);
}

static bool wait(void *context)
{
    struct message m = {0};
    (void)context;
    sys_recv(rt_inbox.endpoint, rt_reply.first, &m);
    return true;
}

static void must(const char *what, enum blk_status status, enum blk_status expected)
{
    if (status != expected) {
        rt_panic("%s: status %u, not %u", what, (unsigned)status, (unsigned)expected);
    }
}

static uint8_t pattern(uint32_t round, size_t i)
{
    return (uint8_t)(rt_info_page()->component * 101 + round * 7 + i * 3 + i / 256);
}

static void round_trip(uint32_t round, uint64_t sector)
{
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = pattern(round, i);
    }
    must("write", disk_write(&client, sector, SECTORS, bytes), BLK_OK);
    must("flush", disk_flush(&client), BLK_OK);
    memset(bytes, 0, sizeof bytes);
    must("read", disk_read(&client, sector, SECTORS, bytes), BLK_OK);
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (bytes[i] != pattern(round, i)) {
            rt_panic("round %u, sector %lu: byte %zu is not what was written", round, (unsigned long)sector, i);
        }
    }
}

void init(void)
{
    const struct disk_setup setup = {.send = (void *)disk.send_addr,
                                     .receive = (void *)disk.receive_addr,
                                     .record_bytes = disk.record_bytes,
                                     .record_count = disk.record_count,
                                     .data = (uint8_t *)disk.data_addr,
                                     .data_bytes = disk.data_bytes,
                                     .notify = notify,
                                     .wait = wait};
    enum blk_status status = disk_open(&client, &setup);
    if (status != BLK_OK) {
        rt_log("status %u: %s", (unsigned)status, disk_status_words(status));
        return;
    }
    rt_log("%lu sectors", (unsigned long)client.sector_count);
    uint64_t count = client.sector_count;
    must("beyond the end", disk_read(&client, count, 1, bytes), BLK_OUT_OF_RANGE);
    client.sector_count = UINT64_MAX / BLK_SECTOR_BYTES; /* as if it did not know */
    must("beyond the end, unchecked", disk_read(&client, count, 1, bytes), BLK_OUT_OF_RANGE);
    must("over the end, unchecked", disk_write(&client, count - 1, 2, bytes), BLK_OUT_OF_RANGE);
    client.sector_count = count;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        round_trip(round, 0);
        round_trip(round + 100, count - SECTORS);
    }
    rt_log("done");
}
