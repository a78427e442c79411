/* SPDX-License-Identifier: MIT */
/**
 * Shows that an empty disk is prepared, also when power is cut in between, and nothing else is written over; that each client reaches its
 * partition and nothing else; that four clients at once, a driver that dies, clients that are slow, start again or send nonsense
 * disturb nobody else; and that a driver that is silent is given up.
 */
#include "../disk/fake_driver.h"
#include "share.h"
#include "unit.h"

enum { CLIENT_DATA = 64 * 1024, RECORDS = 32 };

static struct fake_driver driver;
static struct fake_queue driver_queues[2];
static uint8_t chunks[SHARE_DATA_BYTES];
static struct disk disk;
static struct share share;
static struct gpt table;
static char sentence[SHARE_SENTENCE_BYTES];
static uint8_t work[GPT_HEAD_BYTES + GPT_TAIL_BYTES];
static const uint8_t random_bytes[GPT_RANDOM_BYTES] = {1, 2, 3};
static uint32_t vain;

/** A client as it should be. */
struct peer {
    struct fake_queue queues[2];
    struct shmq out, in;
    uint8_t data[CLIENT_DATA];
};
static struct peer peers[SHARE_CLIENTS_MAX];

static void notify(void *context)
{
    (void)context;
}

static bool wait_for_driver(void *context)
{
    (void)context;
    vain = fake_step(&driver) ? 0 : vain + 1;
    return vain < 64;
}

static enum blk_status open_disk(void)
{
    const struct disk_setup setup = {.send = &driver_queues[0],
                                     .receive = &driver_queues[1],
                                     .record_bytes = sizeof(struct blk_record),
                                     .record_count = FAKE_RECORDS,
                                     .data = chunks,
                                     .data_bytes = sizeof chunks,
                                     .notify = notify,
                                     .wait = wait_for_driver};
    vain = 0;
    return disk_open(&disk, &setup);
}

static void begin_disk(void)
{
    fake_init(&driver, driver_queues, chunks, sizeof chunks);
    CHECK_EQ(open_disk(), BLK_OK);
}

static bool prepare(void)
{
    return share_prepare(&disk, random_bytes, work, &table, sentence);
}

static bool says(const char *part)
{
    bool ok = strstr(sentence, part) != NULL;
    if (!ok) {
        printf("# \"%s\" is not in: %s\n", part, sentence);
    }
    return ok;
}

/* ---- preparing ---------------------------------------------------------------------------------------------------------- */

static void an_empty_disk_is_prepared(void)
{
    begin_disk();
    CHECK(prepare() && says("ledger 16 MiB, keys 1 MiB, files 13 MiB, 0 of others; the disk was empty and was prepared"));
    const struct gpt_partition *ledger = gpt_find(&table, GPT_LEDGER);
    CHECK(ledger != NULL && ledger->sector_count == SHARE_LEDGER_SECTORS);
    uint32_t writes = driver.writes;
    CHECK(prepare() && says("keys 1 MiB, files 13 MiB, 0 of others") && strstr(sentence, "prepared") == NULL);
    CHECK_EQ(driver.writes, writes);
    begin_disk();
    driver.sectors = GPT_SECTORS_MIN;
    CHECK_EQ(open_disk(), BLK_OK);
    CHECK(prepare() && says("ledger 4 MiB, keys 1 MiB, files 1 MiB"));
}

static void a_cut_while_preparing_harms_nothing(void)
{
    uint32_t prepared = 0;
    for (uint32_t cut = 1; cut <= 3; cut++) {
        begin_disk();
        driver.cut_after = cut;
        bool done = prepare();
        driver.cut_after = 0;
        CHECK_EQ(open_disk(), BLK_OK);
        CHECK(prepare());
        CHECK(gpt_find(&table, GPT_LEDGER) != NULL);
        prepared += done;
    }
    CHECK_EQ(prepared, 2); /* two writes are all there are */
}

static void other_disks_are_left_alone(void)
{
    static const struct {
        size_t at;
        const char *why;
    } marks[] = {{0, "no partition table"}, {1080, "no partition table"}, {65536 + 64, "no partition table"},
                 {(size_t)FAKE_SECTORS * 512 - 4096, "no partition table"}};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        begin_disk();
        driver.disk[marks[i].at] = 0x53;
        CHECK(!prepare() && says(marks[i].why) && says("left as it is"));
        CHECK_EQ(driver.writes, 0);
    }
    begin_disk();
    CHECK(prepare());
    driver.disk[512 + 60] ^= 1;
    driver.disk[(size_t)FAKE_SECTORS * 512 - 512 + 60] ^= 1;
    driver.writes = 0;
    CHECK(!prepare() && says("both copies of the disk's partition table are broken (the checksum of its header is wrong)"));
    CHECK_EQ(driver.writes, 0);
}

static void a_broken_copy_is_mended(void)
{
    begin_disk();
    CHECK(prepare());
    memset(driver.disk, 0, 4096);
    CHECK(prepare() && says("a copy of the table was broken and is mended: it has no signature"));
    CHECK(prepare() && strstr(sentence, "mended") == NULL);
    driver.disk[(size_t)FAKE_SECTORS * 512 - 100] ^= 1;
    CHECK(prepare() && says("mended"));
    driver.disk[(size_t)FAKE_SECTORS * 512 - 100] ^= 1;
    disk.flags |= BLK_READ_ONLY;
    driver.flags |= BLK_READ_ONLY;
    CHECK(prepare() && says("a copy of the table is broken, and the disk is read-only"));
    driver.disk[(size_t)FAKE_SECTORS * 512 - 100] ^= 1;
    CHECK(prepare() && says("0 of others") && strstr(sentence, "read-only") == NULL);
    driver.disk[(size_t)FAKE_SECTORS * 512 - 100] ^= 1;
    disk.flags = driver.flags = BLK_HAS_FLUSH;
    driver.fails_writes = true;
    CHECK(prepare() && says("a copy of the table is broken: "));
}

static void what_cannot_be_prepared_is_told(void)
{
    begin_disk();
    driver.sectors = GPT_SECTORS_MIN - 1;
    CHECK_EQ(open_disk(), BLK_OK);
    CHECK(!prepare() && says("too small"));
    driver.sectors = 60;
    CHECK_EQ(open_disk(), BLK_OK);
    CHECK(!prepare() && says("too small"));
    begin_disk();
    driver.fails = true;
    CHECK(!prepare() && says("cannot be read: the disk reports an error"));
    begin_disk();
    driver.fails_writes = true;
    CHECK(!prepare() && says("was empty, and cannot be prepared: the disk reports an error"));
    begin_disk();
    driver.flags |= BLK_READ_ONLY;
    CHECK_EQ(open_disk(), BLK_OK);
    CHECK(!prepare() && says("empty and read-only"));
    for (uint32_t writes = 0; writes < 2; writes++) { /* it says that it wrote both, or one, and did not */
        begin_disk();
        driver.cut_after = 1;
        driver.writes = writes;
        CHECK(!prepare() && says("does not keep what is written"));
    }
}

/* ---- clients ------------------------------------------------------------------------------------------------------------ */

static const struct gpt_partition parts[SHARE_CLIENTS_MAX] = {
    {GPT_LEDGER, 1000, 500}, {GPT_FILES, 1500, 700}, {GPT_FILES, 3000, 64}, {GPT_FILES, 4000, 1000}};

static void attach(uint32_t i)
{
    struct peer *p = &peers[i];
    const struct share_channel channel = {&p->queues[0], &p->queues[1], RECORDS, p->data, sizeof p->data};
    share_attach(&share, i, &channel, &parts[i]);
}

static void begin_clients(void)
{
    begin_disk();
    share_init(&share);
    share_disk(&share, &disk);
    memset(peers, 0, sizeof peers);
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        attach(i);
        shmq_open(&peers[i].out, &peers[i].queues[0], sizeof(struct blk_record), RECORDS, true);
        shmq_open(&peers[i].in, &peers[i].queues[1], sizeof(struct blk_record), RECORDS, false);
    }
}

/* Lets everybody work until nothing moves any more. */
static void turn(void)
{
    struct share_signals signals;
    for (uint32_t still = 0; still < 8;) {
        share_work(&share, 0, &signals);
        still = fake_step(&driver) || signals.driver ? 0 : still + 1;
    }
}

static void put(uint32_t i, struct blk_record r)
{
    CHECK_EQ(shmq_put(&peers[i].out, &r, 1), 1);
}

/* The next answer to this client; tag 0 when there is none. */
static struct blk_record get(uint32_t i)
{
    struct blk_record r = {0};
    while (shmq_get(&peers[i].in, &r, 1) == 1 && r.op == BLK_STARTED) {
        memset(&r, 0, sizeof r);
    }
    return r;
}

static enum blk_status one(uint32_t i, uint8_t op, uint64_t sector, uint32_t count, uint32_t offset)
{
    put(i, (struct blk_record){.op = op, .sector = sector, .sector_count = count, .data_offset = offset, .tag = 77});
    turn();
    struct blk_record r = get(i);
    CHECK(r.tag == 77 && r.op == op);
    return (enum blk_status)r.status;
}

static void each_reaches_its_partition(void)
{
    begin_clients();
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        uint32_t count = parts[i].sector_count < 64 ? (uint32_t)parts[i].sector_count : 64;
        memset(peers[i].data, (int)(0xa0 + i), sizeof peers[i].data);
        for (uint64_t at = 0; at < parts[i].sector_count; at += count) {
            count = parts[i].sector_count - at < count ? (uint32_t)(parts[i].sector_count - at) : count;
            CHECK_EQ(one(i, BLK_WRITE, at, count, 512), BLK_OK);
        }
    }
    for (size_t sector = 0; sector < 6000; sector++) {
        uint8_t expected = 0;
        for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
            bool is_inside = sector >= parts[i].first_sector && sector < parts[i].first_sector + parts[i].sector_count;
            expected = is_inside ? (uint8_t)(0xa0 + i) : expected;
        }
        CHECK(driver.disk[sector * 512] == expected && driver.disk[sector * 512 + 511] == expected);
    }
    memset(peers[2].data, 0, CLIENT_DATA);
    CHECK_EQ(one(2, BLK_READ, 3, 2, 1024), BLK_OK);
    CHECK(peers[2].data[1023] == 0 && peers[2].data[1024] == 0xa2 && peers[2].data[2047] == 0xa2 && peers[2].data[2048] == 0);
    put(2, (struct blk_record){.op = BLK_INFO, .tag = 5});
    turn();
    struct blk_record r = get(2);
    CHECK(r.sector == 64 && r.sector_count == SHARE_CHUNK_SECTORS && r.data_offset == driver.flags);
}

static void what_lies_outside_is_refused(void)
{
    begin_clients();
    uint64_t end = parts[0].sector_count;
    uint32_t done = driver.done;
    CHECK_EQ(one(0, BLK_READ, end, 1, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_READ, end - 1, 2, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE, UINT64_MAX, 1, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE, UINT64_MAX - 999, 1, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE, 0, 0, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE, 0, SHARE_CHUNK_SECTORS + 1, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE, 0, UINT32_MAX, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_READ, 0, 1, 100), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_READ, 0, 1, CLIENT_DATA), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_READ, 0, 2, CLIENT_DATA - 512), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_READ, 0, 1, UINT32_MAX - 511), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_WRITE_ZEROES, end - 1, 2, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_DISCARD, end, 1, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, BLK_FLUSH, 1, 0, 0), BLK_OUT_OF_RANGE);
    CHECK_EQ(one(0, 0, 0, 1, 0), BLK_UNSUPPORTED);
    CHECK_EQ(one(0, 200, 0, 1, 0), BLK_UNSUPPORTED);
    share.flags |= BLK_READ_ONLY;
    CHECK_EQ(one(0, BLK_WRITE, 0, 1, 0), BLK_IS_READ_ONLY);
    CHECK_EQ(one(0, BLK_READ, 0, 1, 0), BLK_OK);
    CHECK_EQ(driver.done, done + 1);
}

/* Four clients with four requests each under way, each block with its own bytes; the driver dies in between. */
static void many_at_once(uint32_t kill_in_256, uint32_t rounds)
{
    uint32_t answered = 0;
    begin_clients();
    driver.kill_in_256 = kill_in_256;
    for (uint32_t n = 0; n < rounds; n++) {
        for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
            for (uint32_t k = 0; k < 6; k++) { /* more than may be under way */
                memset(peers[i].data + (size_t)k * 512, (int)(n * 24 + i * 6 + k + 1), 512);
                put(i, (struct blk_record){.op = BLK_WRITE, .sector = (n * 6 + k) % 64, .sector_count = 1, .data_offset = k * 512, .tag = k + 1});
            }
        }
        turn();
        for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
            uint32_t seen = 0;
            for (uint32_t k = 0; k < 6; k++) {
                struct blk_record r = get(i);
                seen |= 1u << r.tag;
                CHECK_EQ(r.status, BLK_OK);
                answered++;
            }
            CHECK_EQ(seen, 0x7e);
            for (uint32_t k = 0; k < 6; k++) {
                size_t at = (parts[i].first_sector + (n * 6 + k) % 64) * 512;
                CHECK(driver.disk[at] == (uint8_t)(n * 24 + i * 6 + k + 1) && driver.disk[at + 511] == driver.disk[at]);
            }
        }
    }
    CHECK_EQ(answered, rounds * 24);
}

static void four_clients_at_once(void)
{
    many_at_once(0, 50);
    many_at_once(20, 200);
    CHECK(driver.starts > 100);
}

static void a_slow_client_waits_alone(void)
{
    begin_clients();
    for (uint32_t n = 0; n < 3 * RECORDS; n++) { /* never takes an answer */
        struct blk_record r = {.op = BLK_READ, .sector_count = 1, .tag = 1};
        (void)shmq_put(&peers[0].out, &r, 1);
        turn();
    }
    CHECK(share.clients[0].under_way == 0 && shmq_ready(&peers[0].out) == 0);
    CHECK_EQ(one(1, BLK_WRITE, 0, 1, 0), BLK_OK);
    for (uint32_t n = 0; n < RECORDS; n++) {
        (void)get(0);
    }
    turn();
    CHECK(shmq_ready(&peers[0].out) > 0); /* and goes on when it takes them */
}

static void clients_are_served_in_turn(void)
{
    struct share_signals signals;
    begin_clients();
    driver.is_silent = true;
    for (uint32_t n = 0; n < RECORDS; n++) {
        put(3, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 1});
    }
    share_work(&share, 0, &signals);
    CHECK_EQ(share.clients[3].under_way, SHARE_DEPTH);
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 1});
    (void)shmq_sleep(&driver.in); /* asks to be woken by what comes, though some is there */
    share_work(&share, 0, &signals);
    CHECK(share.clients[0].under_way == 1 && signals.driver);
    CHECK(share_sleep(&share));
}

static void nonsense_of_a_client_harms_only_it(void)
{
    begin_clients();
    memset(peers[0].queues[0].bytes, 0xee, 64);
    memset(peers[1].queues[1].bytes + 64, 0xee, 64);
    turn();
    CHECK_EQ(one(2, BLK_WRITE, 0, 1, 0), BLK_OK);
    CHECK_EQ(one(3, BLK_READ, 0, 1, 0), BLK_OK);
    CHECK(share_sleep(&share));
}

static void answers_to_nobody_are_dropped(void)
{
    begin_clients();
    struct blk_record r = {.op = BLK_READ, .tag = 3};
    CHECK_EQ(shmq_put(&driver.out, &r, 1), 1);
    r.tag = UINT32_MAX;
    CHECK_EQ(shmq_put(&driver.out, &r, 1), 1);
    turn();
    CHECK_EQ(share.strays, 2);
    CHECK_EQ(one(0, BLK_READ, 0, 1, 0), BLK_OK);
    driver.fails = true;
    CHECK_EQ(one(0, BLK_READ, 0, 1, 0), BLK_IO_ERROR);
}

static void a_silent_driver_is_given_up(void)
{
    struct share_signals signals;
    uint64_t sent_at = 0;
    begin_clients();
    CHECK(!share_oldest(&share, &sent_at));
    driver.is_silent = true;
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 8});
    share_work(&share, 100, &signals);
    put(1, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 9});
    share_work(&share, 200, &signals);
    CHECK(share_oldest(&share, &sent_at) && sent_at == 100);
    (void)shmq_get(&peers[0].in, &(struct blk_record){0}, 1);
    (void)shmq_get(&peers[1].in, &(struct blk_record){0}, 1);
    CHECK(shmq_sleep(&peers[0].in) && shmq_sleep(&peers[1].in));
    share_give_up(&share);
    share_work(&share, 300, &signals);
    struct blk_record first = get(0), second = get(1);
    CHECK(first.tag == 8 && first.status == BLK_NO_DISK && second.tag == 9 && second.status == BLK_NO_DISK);
    CHECK(signals.clients[0] && signals.clients[1]);
    driver.is_silent = false; /* too late */
    CHECK_EQ(one(0, BLK_INFO, 0, 0, 0), BLK_NO_DISK);
    CHECK_EQ(one(0, BLK_SETTLE, 0, 0, 0), BLK_OK);
    begin_clients();
    memset(driver_queues[1].bytes, 0xee, 64); /* a driver that writes an index that cannot be */
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 8});
    share_work(&share, 0, &signals);
    share_work(&share, 0, &signals);
    CHECK_EQ(get(0).status, BLK_NO_DISK);
}

static void without_disk_or_partition_there_is_none(void)
{
    share_init(&share);
    memset(peers, 0, sizeof peers);
    fake_init(&driver, driver_queues, chunks, sizeof chunks);
    attach(1);
    shmq_open(&peers[1].out, &peers[1].queues[0], sizeof(struct blk_record), RECORDS, true);
    shmq_open(&peers[1].in, &peers[1].queues[1], sizeof(struct blk_record), RECORDS, false);
    CHECK_EQ(one(1, BLK_INFO, 0, 0, 0), BLK_NO_DISK);
    begin_clients();
    share.clients[2].has_partition = false;
    CHECK_EQ(one(2, BLK_READ, 0, 1, 0), BLK_NO_DISK);
}

/* A client that starts again; and the service between, which then says what it has forgotten. */
static void restarts_lose_nothing(void)
{
    struct share_signals signals;
    struct blk_record r;
    begin_clients();
    driver.is_silent = true;
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 1});
    put(0, (struct blk_record){.op = BLK_SETTLE, .tag = 2});
    put(0, (struct blk_record){.op = BLK_INFO, .tag = 3});
    share_work(&share, 0, &signals);
    CHECK_EQ(get(0).tag, 0); /* nothing before the read is answered */
    CHECK(share_sleep(&share));
    driver.is_silent = false;
    turn();
    CHECK_EQ(get(0).tag, 1);
    CHECK_EQ(get(0).tag, 2);
    CHECK_EQ(get(0).tag, 3);
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 4});
    uint32_t asked = peers[0].out.mine;
    CHECK_EQ(open_disk(), BLK_OK);
    share_init(&share);
    share_disk(&share, &disk);
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        attach(i);
    }
    put(0, (struct blk_record){.op = BLK_READ, .sector_count = 1, .tag = 5});
    turn();
    CHECK(shmq_get(&peers[0].in, &r, 1) == 1 && r.op == BLK_STARTED && r.sector == asked);
    CHECK_EQ(get(0).tag, 5); /* the lost one is for the client to repeat */
    CHECK_EQ(get(0).tag, 0);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"an empty disk is prepared, once", an_empty_disk_is_prepared},
        {"a power cut while it is prepared harms nothing", a_cut_while_preparing_harms_nothing},
        {"a disk with anything on it is left alone", other_disks_are_left_alone},
        {"a broken copy of the table is mended", a_broken_copy_is_mended},
        {"what cannot be prepared is told", what_cannot_be_prepared_is_told},
        {"each client reaches its partition and no other sector", each_reaches_its_partition},
        {"what lies outside of a partition, or of the data memory, is refused", what_lies_outside_is_refused},
        {"four clients at once, while the driver dies", four_clients_at_once},
        {"a client that takes no answers waits alone", a_slow_client_waits_alone},
        {"clients are served in turn", clients_are_served_in_turn},
        {"nonsense of a client harms only itself", nonsense_of_a_client_harms_only_it},
        {"answers to nobody are dropped", answers_to_nobody_are_dropped},
        {"a driver that is silent or broken is given up", a_silent_driver_is_given_up},
        {"without a disk, or a partition, there is none", without_disk_or_partition_there_is_none},
        {"restarts lose nothing", restarts_lose_nothing},
    };
    return UNIT_MAIN(cases);
}
