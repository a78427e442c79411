/* SPDX-License-Identifier: MIT */
/** The driver's side against a device that keeps to the standard, and against devices that break one rule each. */
#include "fake_disk.h"
#include "unit.h"

static struct fake_disk disk;
static struct virtio_blk blk;
static const struct virtio_registers registers = {fake_read, fake_write, &disk};

static const char *start(void)
{
    return virtio_blk_start(&blk, &registers, disk.dma, FAKE_DMA_PADDR);
}

static void start_well(uint64_t without)
{
    fake_init(&disk);
    disk.features &= ~without;
    CHECK(start() == NULL);
}

static enum virtio_blk_status submit(enum virtio_blk_op op, uint64_t sector, uint32_t count, uint64_t offset, uint64_t tag)
{
    const struct virtio_blk_request r = {op, sector, count, FAKE_DATA_PADDR + offset, tag};
    return virtio_blk_submit(&blk, &r);
}

/* One request, to its end. */
static enum virtio_blk_status one(enum virtio_blk_op op, uint64_t sector, uint32_t count, uint64_t offset)
{
    struct virtio_blk_completion done = {0, VIRTIO_BLK_BROKEN};
    enum virtio_blk_status status = submit(op, sector, count, offset, 42);
    if (status != VIRTIO_BLK_OK) {
        return status;
    }
    virtio_blk_kick(&blk);
    CHECK(fake_step(&disk));
    CHECK(virtio_blk_complete(&blk, &done) && done.tag == 42);
    CHECK(!virtio_blk_complete(&blk, &done));
    return done.status;
}

static void what_is_written_is_read(void)
{
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        start_well(indirect != 0 ? 0 : 1u << 28);
        CHECK_EQ(blk.place_count, indirect != 0 ? 128 : 85);
        for (unsigned i = 0; i < 8 * 512; i++) {
            disk.data[i] = (uint8_t)(i * 7 + i / 512);
        }
        CHECK_EQ(one(VIRTIO_BLK_WRITE, FAKE_SECTORS - 8, 8, 0), VIRTIO_BLK_OK);
        CHECK_EQ(one(VIRTIO_BLK_READ, FAKE_SECTORS - 8, 8, 8192), VIRTIO_BLK_OK);
        CHECK_BYTES(disk.data, disk.data + 8192, 8 * 512);
        CHECK_EQ(one(VIRTIO_BLK_FLUSH, 0, 0, 0), VIRTIO_BLK_OK);
        CHECK_EQ(disk.flushes, 1);
        CHECK_EQ(one(VIRTIO_BLK_WRITE_ZEROES, FAKE_SECTORS - 8, 4, 0), VIRTIO_BLK_OK);
        CHECK_EQ(one(VIRTIO_BLK_DISCARD, FAKE_SECTORS - 4, 4, 0), VIRTIO_BLK_OK);
        CHECK_EQ(one(VIRTIO_BLK_READ, FAKE_SECTORS - 8, 8, 0), VIRTIO_BLK_OK);
        CHECK(disk.data[0] == 0 && disk.data[8 * 512 - 1] == 0);
        virtio_blk_interrupt(&blk);
        CHECK_EQ(disk.acknowledged, 1);
    }
}

/* Random requests up to all places, served in bursts; each comes back once, and the disk is what a plain array says. */
static void many_in_flight(void)
{
    static uint8_t model[FAKE_SECTORS * 512];
    bool pending[1000] = {false};
    start_well(0);
    srand(5);
    uint32_t told = 0;
    for (unsigned round = 0; round < 2000; round++) {
        while (virtio_blk_room(&blk) > 0 && rand() % 4 != 0) {
            uint64_t tag = (uint64_t)(rand() % 1000);
            uint32_t piece = (uint32_t)tag % 128;
            if (pending[tag] || pending[piece] || pending[(piece + 128) % 1000]) {
                break;
            }
            memset(disk.data + piece * 2048, (int)round, 2048);
            memset(model + piece * 2048, (int)(uint8_t)round, 2048);
            CHECK_EQ(submit(VIRTIO_BLK_WRITE, piece * 4, 4, piece * 2048, piece), VIRTIO_BLK_OK);
            pending[piece] = true;
        }
        virtio_blk_kick(&blk);
        for (unsigned n = (unsigned)rand() % 40; n > 0 && fake_step(&disk); n--) {
        }
        struct virtio_blk_completion done;
        while (virtio_blk_complete(&blk, &done)) {
            CHECK(done.status == VIRTIO_BLK_OK && pending[done.tag]);
            pending[done.tag] = false;
            told++;
        }
    }
    while (fake_step(&disk)) {
    }
    CHECK(told > 2000);
    CHECK_BYTES(disk.disk, model, 128 * 2048);
}

static void all_places_fill(void)
{
    start_well(0);
    uint32_t n = 0;
    for (; virtio_blk_room(&blk) > 0; n++) {
        CHECK_EQ(submit(VIRTIO_BLK_READ, n, 1, n * 512, n), VIRTIO_BLK_OK);
    }
    CHECK_EQ(n, 128);
    virtio_blk_kick(&blk);
    virtio_blk_kick(&blk);
    CHECK_EQ(disk.notified, 1);
    for (uint64_t tag = 0; tag < n; tag++) {
        struct virtio_blk_completion done;
        CHECK(fake_step(&disk) && virtio_blk_complete(&blk, &done));
        CHECK_EQ(done.tag, tag);
    }
    CHECK_EQ(virtio_blk_room(&blk), 128);
}

static void bad_requests_are_refused(void)
{
    start_well(0);
    CHECK_EQ(submit(VIRTIO_BLK_READ, FAKE_SECTORS, 1, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_READ, FAKE_SECTORS - 1, 2, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_READ, UINT64_MAX, 2, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_READ, 0, 0, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_READ, 0, VIRTIO_BLK_SECTORS_MAX + 1, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_DISCARD, 0, 65, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit(VIRTIO_BLK_FLUSH, 1, 0, 0, 0), VIRTIO_BLK_OUT_OF_RANGE);
    CHECK_EQ(submit((enum virtio_blk_op)9, 0, 1, 0, 0), VIRTIO_BLK_UNSUPPORTED);
    start_well(1u << 13 | 1u << 14 | 1u << 9);
    CHECK_EQ(submit(VIRTIO_BLK_DISCARD, 0, 1, 0, 0), VIRTIO_BLK_UNSUPPORTED);
    CHECK_EQ(submit(VIRTIO_BLK_WRITE_ZEROES, 0, 1, 0, 0), VIRTIO_BLK_UNSUPPORTED);
    CHECK_EQ(submit(VIRTIO_BLK_FLUSH, 0, 0, 0, 0), VIRTIO_BLK_UNSUPPORTED);
    fake_init(&disk);
    disk.features |= 1u << 5;
    CHECK(start() == NULL);
    CHECK_EQ(submit(VIRTIO_BLK_WRITE, 0, 1, 0, 0), VIRTIO_BLK_READ_ONLY);
    CHECK_EQ(one(VIRTIO_BLK_READ, 0, 1, 0), VIRTIO_BLK_OK);
    CHECK_EQ(disk.notified, 1);
}

static void errors_are_told(void)
{
    start_well(0);
    disk.fails_io = true;
    CHECK_EQ(one(VIRTIO_BLK_WRITE, 0, 1, 0), VIRTIO_BLK_IO_ERROR);
    disk.fails_io = false;
    CHECK_EQ(one(VIRTIO_BLK_WRITE, 0, 1, 0), VIRTIO_BLK_OK);
}

static void unusable_devices_are_refused(void)
{
    const struct {
        size_t field; /* of 32 bits */
        uint32_t value;
        const char *why;
    } bad[] = {
        {offsetof(struct fake_disk, magic), 0, "there is no virtio device"},
        {offsetof(struct fake_disk, version), 1, "is a legacy one"},
        {offsetof(struct fake_disk, id), 0, "there is no disk"},
        {offsetof(struct fake_disk, id), 1, "is no block device"},
        {offsetof(struct fake_disk, queue_size_max), 2, "no usable queue"},
        {offsetof(struct fake_disk, features) + 4, 0, "does not agree"},
        {offsetof(struct fake_disk, capacity), 0, "no size"},
        {offsetof(struct fake_disk, capacity) + 4, UINT32_MAX, "no size"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        fake_init(&disk);
        memcpy((uint8_t *)&disk + bad[i].field, &bad[i].value, 4);
        const char *why = start();
        CHECK(why != NULL && strstr(why, bad[i].why) != NULL);
    }
    fake_init(&disk);
    disk.ignores_features = true;
    CHECK(strstr(start(), "does not agree") != NULL);
    fake_init(&disk);
    disk.never_resets = true;
    disk.status = 4;
    CHECK(strstr(start(), "does not end its reset") != NULL);
    CHECK_EQ(submit(VIRTIO_BLK_READ, 0, 1, 0, 0), VIRTIO_BLK_BROKEN);
}

/* What a device can write that cannot be: each breaks it, and all requests in flight come back. */
static void lies_break_the_device(void)
{
    for (unsigned lie = 0; lie < 4; lie++) {
        start_well(lie == 2 ? 1u << 28 : 0);
        for (uint64_t tag = 0; tag < 3; tag++) {
            CHECK_EQ(submit(VIRTIO_BLK_READ, tag, 1, tag * 512, tag), VIRTIO_BLK_OK);
        }
        CHECK(fake_step(&disk));
        uint16_t *used = (uint16_t *)(void *)(disk.dma + 5120);
        uint32_t *entry = (uint32_t *)(void *)(disk.dma + 5124);
        if (lie == 0) {
            used[1] = 4; /* more than it had */
        } else if (lie == 1) {
            entry[0] = 77; /* not in flight */
        } else if (lie == 2) {
            entry[0] = 1; /* the middle of a chain */
        } else {
            entry[0] = UINT32_MAX;
        }
        struct virtio_blk_completion done;
        unsigned told = 0;
        while (virtio_blk_complete(&blk, &done)) {
            CHECK_EQ(done.status, VIRTIO_BLK_BROKEN);
            told |= 1u << done.tag;
        }
        CHECK_EQ(told, 7);
        CHECK(blk.broken != NULL);
        CHECK_EQ(disk.status, 0); /* it was reset */
        CHECK_EQ(submit(VIRTIO_BLK_READ, 0, 1, 0, 0), VIRTIO_BLK_BROKEN);
    }
    start_well(0);
    CHECK_EQ(submit(VIRTIO_BLK_READ, 0, 1, 0, 9), VIRTIO_BLK_OK);
    CHECK(fake_step(&disk));
    ((uint32_t *)(void *)(disk.dma + 5124))[1] = 512; /* fewer bytes than data and status: not all of it was read */
    struct virtio_blk_completion done;
    CHECK(virtio_blk_complete(&blk, &done) && done.status == VIRTIO_BLK_IO_ERROR);
    disk.status |= 64;
    virtio_blk_interrupt(&blk);
    CHECK(blk.broken != NULL && strstr(blk.broken, "wants to be reset") != NULL);
}

static void a_stopped_device_is_silent(void)
{
    start_well(0);
    CHECK_EQ(submit(VIRTIO_BLK_READ, 0, 1, 0, 9), VIRTIO_BLK_OK);
    virtio_blk_stop(&blk);
    struct virtio_blk_completion done;
    CHECK(!virtio_blk_complete(&blk, &done) && virtio_blk_room(&blk) == 0 && !fake_step(&disk));
    CHECK(start() == NULL && one(VIRTIO_BLK_READ, 0, 1, 0) == VIRTIO_BLK_OK);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"virtio: what is written is read, with and without indirect tables", what_is_written_is_read},
        {"virtio: many requests in flight, served in bursts", many_in_flight},
        {"virtio: 128 requests fit, and the device is told once", all_places_fill},
        {"virtio: bad requests are refused", bad_requests_are_refused},
        {"virtio: errors are told", errors_are_told},
        {"virtio: unusable devices are refused, with the reason", unusable_devices_are_refused},
        {"virtio: lies break the device, and nothing else", lies_break_the_device},
        {"virtio: a stopped device is silent", a_stopped_device_is_silent},
    };
    return UNIT_MAIN(cases);
}
