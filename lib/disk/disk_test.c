/* SPDX-License-Identifier: MIT */
/**
 * Shows that bytes go to the disk and come back whatever the driver does in between: many requests for long ones, a driver that dies at
 * random moments, one that fails, is silent or answers nonsense; and that LLD runs on it.
 */
#include "disk.h"
#include "fake_driver.h"
#include "unit.h"

enum { DATA_BYTES = 16384, WAITS_MAX = 64 };

static struct fake_driver driver;
static struct fake_queue queues[2];
static uint8_t data[DATA_BYTES];
static struct disk disk;
static uint32_t vain; /* waits in a row in which nothing happened */
static void (*instead)(void); /* of the driver's step */

static void notify(void *context)
{
    CHECK(context == &driver);
}

static bool wait_for_driver(void *context)
{
    CHECK(context == &driver);
    if (instead != NULL) {
        instead();
    }
    vain = fake_step(&driver) ? 0 : vain + 1;
    return vain < WAITS_MAX;
}

static const struct disk_setup setup = {.send = &queues[0],
                                        .receive = &queues[1],
                                        .record_bytes = sizeof(struct blk_record),
                                        .record_count = FAKE_RECORDS,
                                        .data = data,
                                        .data_bytes = sizeof data,
                                        .first_tag = 7,
                                        .context = &driver,
                                        .notify = notify,
                                        .wait = wait_for_driver};

static void begin(void)
{
    instead = NULL;
    vain = 0;
    fake_init(&driver, queues, data, sizeof data);
}

static void fill(uint8_t *bytes, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(seed * 31 + i * 7 + i / 251);
    }
}

static void bytes_stay(void)
{
    static uint8_t out[200 * BLK_SECTOR_BYTES];
    static uint8_t in[sizeof out];
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    CHECK_EQ(disk.sector_count, FAKE_SECTORS);
    CHECK_EQ(disk.request_sectors, DATA_BYTES / BLK_SECTOR_BYTES);
    fill(out, sizeof out, 1);
    CHECK_EQ(disk_write(&disk, 77, 200, out), BLK_OK);
    CHECK_EQ(disk_flush(&disk), BLK_OK);
    CHECK_EQ(disk_read(&disk, 77, 200, in), BLK_OK);
    CHECK_BYTES(in, out, sizeof out);
    CHECK_BYTES(driver.disk + 77 * BLK_SECTOR_BYTES, out, sizeof out);
    CHECK(driver.disk[77 * BLK_SECTOR_BYTES - 1] == 0 && driver.disk[277 * BLK_SECTOR_BYTES] == 0);
}

static void sectors_outside_are_refused(void)
{
    uint8_t bytes[BLK_SECTOR_BYTES] = {0};
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    CHECK_EQ(disk_read(&disk, FAKE_SECTORS, 1, bytes), BLK_OUT_OF_RANGE);
    CHECK_EQ(disk_read(&disk, UINT64_MAX, 2, bytes), BLK_OUT_OF_RANGE);
    CHECK_EQ(disk_write(&disk, FAKE_SECTORS - 1, 2, bytes), BLK_OUT_OF_RANGE);
    CHECK_EQ(disk_write(&disk, 1, UINT64_MAX, bytes), BLK_OUT_OF_RANGE);
    CHECK_EQ(driver.done, 0);
}

static void a_driver_that_dies_loses_nothing(void)
{
    static uint8_t out[64 * BLK_SECTOR_BYTES];
    static uint8_t in[sizeof out];
    uint32_t starts = 0;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        begin();
        driver.random = seed;
        driver.kill_in_256 = 50;
        CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
        fill(out, sizeof out, seed);
        CHECK_EQ(disk_write(&disk, seed, 64, out), BLK_OK);
        CHECK_EQ(disk_flush(&disk), BLK_OK);
        CHECK_EQ(disk_read(&disk, seed, 64, in), BLK_OK);
        CHECK_BYTES(in, out, sizeof out);
        starts += driver.starts;
    }
    CHECK(starts > 600); /* it did die */
}

static void a_driver_that_always_dies_is_given_up(void)
{
    uint8_t bytes[BLK_SECTOR_BYTES];
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    driver.kill_in_256 = 256;
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_NO_DISK);
    CHECK(disk.is_gone);
    CHECK_EQ(disk_flush(&disk), BLK_NO_DISK);
    CHECK_EQ(disk_write(&disk, 0, 1, bytes), BLK_NO_DISK);
}

static void a_silent_driver_is_given_up(void)
{
    begin();
    driver.is_silent = true;
    CHECK_EQ(disk_open(&disk, &setup), BLK_NO_DISK);
    begin();
    driver.has_no_disk = true;
    CHECK_EQ(disk_open(&disk, &setup), BLK_NO_DISK);
}

static void errors_are_told(void)
{
    uint8_t bytes[BLK_SECTOR_BYTES] = {0};
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    driver.fails = true;
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_IO_ERROR);
    CHECK_EQ(disk_flush(&disk), BLK_IO_ERROR);
    CHECK(strcmp(disk_status_words(disk.last), "the disk reports an error") == 0);
    driver.fails = false;
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_OK);
    disk.flags &= ~(uint32_t)BLK_HAS_FLUSH;
    driver.fails = true;
    CHECK_EQ(disk_flush(&disk), BLK_OK); /* it is not asked */
    for (int i = BLK_OK; i <= BLK_NO_DISK + 1; i++) {
        CHECK(disk_status_words((enum blk_status)i)[0] != '\0');
    }
}

/* ---- a driver that answers nonsense ------------------------------------------------------------------------------------- */

static struct blk_record nonsense;
static uint32_t nonsense_count;

static void put_nonsense(void)
{
    for (uint32_t i = 0; i < nonsense_count; i++) {
        (void)shmq_put(&driver.out, &nonsense, 1);
    }
}

static void nonsense_is_passed_over(void)
{
    uint8_t bytes[BLK_SECTOR_BYTES];
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    nonsense = (struct blk_record){.op = BLK_READ, .tag = disk.next_tag + 1};
    nonsense_count = 3;
    instead = put_nonsense;
    driver.disk[0] = 42;
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_OK);
    CHECK_EQ(bytes[0], 42);
    nonsense = (struct blk_record){.op = BLK_WRITE, .tag = disk.next_tag}; /* the tag of another request */
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_OK);
    nonsense = (struct blk_record){.op = BLK_READ, .tag = disk.next_tag, .status = 99};
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_IO_ERROR);
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    driver.is_silent = true;
    nonsense = (struct blk_record){.op = BLK_READ, .tag = disk.next_tag + 1};
    nonsense_count = FAKE_RECORDS;
    instead = put_nonsense;
    vain = 0;
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_NO_DISK); /* without an end of it */
    begin();
    driver.sectors = UINT64_MAX;
    CHECK_EQ(disk_open(&disk, &setup), BLK_NO_DISK);
    begin();
    driver.request_sectors = 0;
    CHECK_EQ(disk_open(&disk, &setup), BLK_NO_DISK);
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    memset(queues[1].bytes, 0xee, 64); /* an index that cannot be */
    CHECK_EQ(disk_read(&disk, 0, 1, bytes), BLK_NO_DISK);
}

/* An earlier start of the client has left a read under way: nothing of it may touch the memory after the client began again. */
static void a_client_that_starts_again_waits_for_what_was_under_way(void)
{
    uint8_t bytes[BLK_SECTOR_BYTES];
    begin();
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    struct blk_record left = {.op = BLK_READ, .sector = 5, .sector_count = 1, .tag = 1234};
    memset(driver.disk + 5 * BLK_SECTOR_BYTES, 0x66, BLK_SECTOR_BYTES);
    CHECK_EQ(shmq_put(&disk.out, &left, 1), 1);
    uint32_t before = driver.done;
    CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
    CHECK_EQ(driver.done, before + 1);
    memset(data, 0, sizeof data);
    CHECK_EQ(disk_read(&disk, 9, 1, bytes), BLK_OK);
    CHECK_EQ(bytes[0], 0);
}

/* ---- LLD ---------------------------------------------------------------------------------------------------------------- */

static void lld_runs_on_it(void)
{
    static uint8_t memory[2 << 20] __attribute__((aligned(LLD_MEMORY_ALIGNMENT)));
    static const uint8_t secret[LLD_SECRET_BYTES] = "0123456789abcde";
    uint8_t probe[LLD_PROBE_BYTES];
    char value[32];
    size_t len;
    struct lld *l;
    struct lld_geometry g;
    for (uint32_t block_bytes = 512; block_bytes <= 4096; block_bytes *= 8) {
        begin();
        driver.kill_in_256 = 20;
        CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
        struct lld_device device = disk_device(&disk, block_bytes);
        CHECK_EQ(device.size(device.context), (uint64_t)FAKE_SECTORS * BLK_SECTOR_BYTES / block_bytes);
        CHECK_EQ(lld_plan(&device, 1000, &g), LX_OK);
        CHECK_EQ(lld_format(&device, &g, secret, memory, sizeof memory), LX_OK);
        CHECK_EQ(lld_open(&device, 16, memory, sizeof memory, &l), LX_OK);
        for (uint8_t i = 0; i < 50; i++) {
            CHECK_EQ(lld_begin(l), LX_OK);
            CHECK_EQ(lld_put(l, (struct lld_key){1, 1, &i}, "some value", 10), LX_OK);
            CHECK_EQ(lld_commit(l), LX_OK);
        }
        CHECK_EQ(disk_open(&disk, &setup), BLK_OK);
        device = disk_device(&disk, block_bytes);
        CHECK_EQ(lld_probe(&device, probe, &g), LX_OK);
        CHECK_EQ(lld_open(&device, 16, memory, sizeof memory, &l), LX_OK);
        for (uint8_t i = 0; i < 50; i++) {
            CHECK_EQ(lld_get(l, (struct lld_key){1, 1, &i}, value, sizeof value, &len), LX_OK);
            CHECK(len == 10 && memcmp(value, "some value", 10) == 0);
        }
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"bytes go to the disk and come back", bytes_stay},
        {"sectors outside of the disk are refused", sectors_outside_are_refused},
        {"a driver that dies and starts again loses nothing", a_driver_that_dies_loses_nothing},
        {"a driver that always dies is given up", a_driver_that_always_dies_is_given_up},
        {"a driver that is silent, or has no disk, is given up", a_silent_driver_is_given_up},
        {"errors are told, and pass", errors_are_told},
        {"nonsense is passed over, and not for ever", nonsense_is_passed_over},
        {"a client that starts again waits for what was under way", a_client_that_starts_again_waits_for_what_was_under_way},
        {"LLD runs on it while the driver dies", lld_runs_on_it},
    };
    return UNIT_MAIN(cases);
}
