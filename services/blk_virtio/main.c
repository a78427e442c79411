/* SPDX-License-Identifier: MIT */
/**
 * Blk_virtio: the driver of a virtio block device. See README.md; the logic is lib/virtio, this is the glue to registers and client.
 * Owns:   the device, the memory that it shares with it.    Uses: rt, shmq, virtio; proto/blk.h.
 */
#include "proto/blk.h"
#include "rt.h"
#include "shmq.h"
#include "virtio.h"

LX_DEVICE(registers);
LX_IRQ(irq);
LX_MEMORY(rings);
LX_CHANNEL(client, sizeof(struct blk_record));

_Static_assert((int)BLK_SECTOR_BYTES == (int)VIRTIO_SECTOR_BYTES, "sectors");

static struct virtio_blk blk;
static struct shmq in;
static struct shmq out;
static bool has_disk;
static bool has_greeted; /* BLK_STARTED was put */
static bool has_settle;  /* `settle` waits for all others; no request is taken meanwhile */
static struct blk_record settle;
static struct blk_record pending[VIRTIO_PLACES_MAX]; /* by tag for the device */
static uint8_t free_tags[VIRTIO_PLACES_MAX];
static uint32_t free_tag_count;

/* ---- registers ---------------------------------------------------------------------------------------------------------------------- */

static uint32_t read_register(void *env, uint32_t offset)
{
    (void)env;
    return *(volatile uint32_t *)(registers.addr + offset);
}

static void write_register(void *env, uint32_t offset, uint32_t value)
{
    (void)env;
    *(volatile uint32_t *)(registers.addr + offset) = value;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------------ */

static void answer(struct blk_record *record, enum blk_status status)
{
    record->status = (uint8_t)status;
    (void)shmq_put(&out, record, 1); /* there is room: as many records as can be under way */
}

static void answer_info(struct blk_record *record)
{
    record->sector = blk.sector_count;
    record->sector_count = VIRTIO_BLK_SECTORS_MAX;
    record->data_offset = (blk.has_flush ? BLK_HAS_FLUSH : 0u) | (blk.discard_sectors_max != 0 ? BLK_HAS_DISCARD : 0u) |
                          (blk.write_zeroes_sectors_max != 0 ? BLK_HAS_WRITE_ZEROES : 0u) | (blk.read_only ? BLK_READ_ONLY : 0u);
    answer(record, BLK_OK);
}

static enum blk_status status_of(enum virtio_blk_status status)
{
    static const uint8_t statuses[] = {
        [VIRTIO_BLK_OK] = BLK_OK,
        [VIRTIO_BLK_IO_ERROR] = BLK_IO_ERROR,
        [VIRTIO_BLK_UNSUPPORTED] = BLK_UNSUPPORTED,
        [VIRTIO_BLK_OUT_OF_RANGE] = BLK_OUT_OF_RANGE,
        [VIRTIO_BLK_READ_ONLY] = BLK_IS_READ_ONLY,
        [VIRTIO_BLK_BROKEN] = BLK_NO_DISK,
    };
    return (enum blk_status)statuses[status];
}

/* The sectors that the request names lie in the client's data memory. */
static bool data_is_inside(const struct blk_record *r)
{
    uint64_t len = (uint64_t)r->sector_count * BLK_SECTOR_BYTES;
    return r->data_offset % BLK_SECTOR_BYTES == 0 && len <= client.data_bytes && r->data_offset <= client.data_bytes - len;
}

static void begin(struct blk_record *record)
{
    static const uint8_t ops[] = {
        [BLK_READ] = VIRTIO_BLK_READ,       [BLK_WRITE] = VIRTIO_BLK_WRITE,
        [BLK_FLUSH] = VIRTIO_BLK_FLUSH,     [BLK_DISCARD] = VIRTIO_BLK_DISCARD,
        [BLK_WRITE_ZEROES] = VIRTIO_BLK_WRITE_ZEROES,
    };
    bool has_data = record->op == BLK_READ || record->op == BLK_WRITE;
    if (record->op == BLK_SETTLE) {
        settle = *record;
        has_settle = true;
    } else if (!has_disk) {
        answer(record, BLK_NO_DISK);
    } else if (record->op == BLK_INFO) {
        answer_info(record);
    } else if (record->op < BLK_READ || record->op > BLK_WRITE_ZEROES) {
        answer(record, BLK_UNSUPPORTED);
    } else if (has_data && !data_is_inside(record)) {
        answer(record, BLK_OUT_OF_RANGE);
    } else {
        uint8_t tag = free_tags[free_tag_count - 1];
        const struct virtio_blk_request request = {(enum virtio_blk_op)ops[record->op], record->sector, record->sector_count,
                                                   rt_paddr(client.paddr_index) + record->data_offset, tag};
        enum virtio_blk_status status = virtio_blk_submit(&blk, &request);
        if (status == VIRTIO_BLK_OK) {
            free_tag_count--;
            pending[tag] = *record;
        } else {
            answer(record, status_of(status));
        }
    }
}

/* The first record after a start says which requests are lost: all that were put before. */
static void greet(void)
{
    const struct blk_record hello = {.op = BLK_STARTED, .sector = in.mine};
    has_greeted = has_greeted || shmq_put(&out, &hello, 1) == 1;
}

/* Another request can be taken: device and answers have room, and nobody waits for an end of it. */
static bool has_room(void)
{
    return has_greeted && !has_settle && (!has_disk || virtio_blk_room(&blk) > 0) && shmq_ready(&out) > blk.in_flight;
}

static void finish(void)
{
    struct virtio_blk_completion done;
    while (virtio_blk_complete(&blk, &done)) {
        free_tags[free_tag_count++] = (uint8_t)done.tag;
        answer(&pending[done.tag], status_of(done.status));
    }
    if (has_disk && blk.broken != NULL) {
        has_disk = false;
        rt_log("%s: it is not used any more", blk.broken);
    }
    if (has_settle && blk.in_flight == 0) {
        has_settle = false;
        answer(&settle, BLK_OK);
    }
}

/* Asks to be woken by what is waited for. @return true when it is there already. */
static bool more_to_do(void)
{
    bool takes_more = has_room();
    if (!takes_more && blk.in_flight > 0) {
        return false; /* the device's interrupt comes */
    }
    return !shmq_sleep(takes_more ? &in : &out);
}

/* Takes requests while the device has room and their answers will find some. */
static void work(void)
{
    do {
        struct blk_record record;
        greet();
        finish();
        while (has_room() && shmq_get(&in, &record, 1) == 1) {
            begin(&record);
        }
        finish(); /* a wait for an end of nothing */
        if (has_disk) {
            virtio_blk_kick(&blk);
        }
        bool first = shmq_should_notify(&in); /* both must be asked */
        bool second = shmq_should_notify(&out);
        if (first || second) {
            rt_signal(client.notify);
        }
    } while (more_to_do());
}

void init(void)
{
    const struct virtio_registers access = {read_register, write_register, NULL};
    if (rings.len_bytes < VIRTIO_BLK_DMA_BYTES) {
        rt_panic("rings needs %u bytes", (unsigned)VIRTIO_BLK_DMA_BYTES);
    }
    shmq_open(&in, (void *)client.receive_addr, client.record_bytes, client.record_count, false);
    shmq_open(&out, (void *)client.send_addr, client.record_bytes, client.record_count, true);
    shmq_drain(&in);
    const char *why = virtio_blk_start(&blk, &access, (uint8_t *)rings.addr, rt_paddr(rings.paddr_index));
    has_disk = why == NULL;
    if (has_disk) {
        rt_log("a disk of %lu MiB%s", (unsigned long)(blk.sector_count >> 11), blk.read_only ? ", read-only" : "");
    } else {
        rt_log("%s", why);
    }
    for (uint32_t i = 0; i < blk.place_count; i++) {
        free_tags[free_tag_count++] = (uint8_t)i;
    }
    work();
}

void notified(uint64_t signals)
{
    if ((signals & irq.signal) != 0 && has_disk) {
        virtio_blk_interrupt(&blk);
    }
    work();
    if ((signals & irq.signal) != 0 && irq_ack(irq.handler) != seL4_NoError) {
        rt_panic("the disk's interrupt cannot be acknowledged");
    }
}
