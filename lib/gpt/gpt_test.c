/* SPDX-License-Identifier: MIT */
/**
 * Shows that a table that we make is read again, that each rule of the format refuses its own change, that one good copy makes the
 * other, and that a crash at any sector while the first table is written leaves a disk that is empty or whole.
 */
#include "gpt.h"
#include "unit.h"

enum { SECTORS = 64 * 2048, LEDGER = 16 * 2048, HEADER = GPT_SECTOR_BYTES, ENTRIES = 2 * GPT_SECTOR_BYTES };

static uint8_t head[GPT_HEAD_BYTES];
static uint8_t tail[GPT_TAIL_BYTES];
static uint8_t spoilt[GPT_TAIL_BYTES]; /* a tail that is no help */
static struct gpt_reading reading;

static void make(void)
{
    static uint8_t random[GPT_RANDOM_BYTES];
    for (size_t i = 0; i < sizeof random; i++) {
        random[i] = (uint8_t)(i * 37 + 11);
    }
    CHECK_EQ(gpt_make(SECTORS, LEDGER, random, head, tail), LX_OK);
    memset(spoilt, 0x55, sizeof spoilt);
}

static void read_both(void)
{
    gpt_read(head, tail, SECTORS, &reading);
}

/* Seals the head after a change, so that only the rule in question is broken. */
static void seal(void)
{
    uint32_t count = le32_load(head + HEADER + 80);
    le32_store(head + HEADER + 88, gpt_crc32(head + ENTRIES, (size_t)128 * (count < GPT_ENTRIES ? count : GPT_ENTRIES)));
    le32_store(head + HEADER + 16, 0);
    le32_store(head + HEADER + 16, gpt_crc32(head + HEADER, 92));
}

static void the_checksum_is_the_standards(void)
{
    CHECK_EQ(gpt_crc32("123456789", 9), 0xcbf43926); /* the check value that is published for CRC-32 */
    CHECK_EQ(gpt_crc32("", 0), 0);
}

static void what_is_made_is_read(void)
{
    make();
    read_both();
    CHECK_EQ(reading.verdict, GPT_GOOD);
    CHECK(!reading.head_is_bad && !reading.tail_is_bad && reading.why == NULL);
    CHECK_EQ(reading.table.own_count, 3);
    const struct gpt_partition *ledger = gpt_find(&reading.table, GPT_LEDGER);
    const struct gpt_partition *files = gpt_find(&reading.table, GPT_FILES);
    CHECK(ledger != NULL && ledger->first_sector == 2048 && ledger->sector_count == LEDGER);
    CHECK(files != NULL && files->first_sector == 2048 + LEDGER && files->sector_count == SECTORS - 3 * 2048 - LEDGER);
    const struct gpt_partition *keys = gpt_find(&reading.table, GPT_KEYS);
    CHECK(keys != NULL && keys->sector_count == 2048 && keys->first_sector == files->first_sector + files->sector_count);
    CHECK(head[510] == 0x55 && head[511] == 0xaa && head[446 + 4] == 0xee && le32_load(head + 446 + 12) == SECTORS - 1);
    CHECK(head[ENTRIES + 56] == 'L' && head[ENTRIES + 57] == 0 && (head[ENTRIES + 23] & 0xf0) == 0x40);
}

static void disks_that_are_too_small_are_refused(void)
{
    static const uint8_t random[GPT_RANDOM_BYTES];
    CHECK_EQ(gpt_make(GPT_SECTORS_MIN - 1, 2048, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make(SECTORS, 0, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make(SECTORS, SECTORS, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make(SECTORS, SECTORS - 2 * 2048, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make(SECTORS, UINT64_MAX, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make((1ull << 55) + 1, 2048, random, head, tail), LX_ERANGE);
    CHECK_EQ(gpt_make(GPT_SECTORS_MIN, 2048, random, head, tail), LX_OK);
    gpt_read(head, tail, 67, &reading);
    CHECK_EQ(reading.verdict, GPT_FOREIGN);
}

/* A change of one field of the head, sealed again: the sentence must be its own. The tail is no help. */
static void change(size_t at, uint8_t value, bool is_sealed, const char *why)
{
    make();
    head[at] = value;
    if (is_sealed) {
        seal();
    }
    gpt_read(head, spoilt, SECTORS, &reading);
    CHECK(reading.verdict != GPT_GOOD && reading.why != NULL);
    if (reading.why == NULL || strcmp(reading.why, why) != 0) {
        CHECK(reading.why == why);
        printf("# byte %zu: %s, not %s\n", at, reading.why == NULL ? "-" : reading.why, why);
    }
}

static void each_rule_refuses_its_change(void)
{
    change(HEADER + 0, 'e', true, "it has no signature");
    change(HEADER + 8, 1, true, "it is of another version");
    change(HEADER + 12, 96, true, "it is of another version");
    change(HEADER + 56, 0, false, "the checksum of its header is wrong");
    change(HEADER + 20, 1, true, "reserved bytes of its header are used");
    change(HEADER + 92, 1, true, "reserved bytes of its header are used");
    change(HEADER + 24, 2, true, "it was made for a disk of another size");
    change(HEADER + 33, 9, true, "it was made for a disk of another size");
    change(HEADER + 72, 3, true, "its entries lie elsewhere, or are too many");
    change(HEADER + 80, 129, true, "its entries lie elsewhere, or are too many");
    change(HEADER + 80, 0, true, "its entries lie elsewhere, or are too many");
    change(HEADER + 85, 1, true, "its entries lie elsewhere, or are too many");
    change(HEADER + 40, 33, true, "its usable sectors overlap the table");
    change(HEADER + 50, 0xff, true, "its usable sectors overlap the table");
    change(ENTRIES + 200, 1, false, "the checksum of its entries is wrong");
    change(ENTRIES + 33, 0, true, "a partition lies outside of the usable sectors");
    change(ENTRIES + 47, 1, true, "a partition lies outside of the usable sectors");
    change(ENTRIES + 41, 0, true, "a partition lies outside of the usable sectors");
    change(ENTRIES + 128 + 33, 0x10, true, "two partitions overlap");
}

static void partitions_of_others_are_left_alone(void)
{
    make();
    head[ENTRIES + 3] ^= 1;
    head[ENTRIES + 128 + 15] = GPT_KIND_END + 1;
    head[ENTRIES + 256 + 15] = 0;
    seal();
    gpt_read(head, spoilt, SECTORS, &reading);
    CHECK_EQ(reading.verdict, GPT_GOOD);
    CHECK(reading.tail_is_bad && reading.table.own_count == 0 && reading.table.foreign_count == 3);
    CHECK(gpt_find(&reading.table, GPT_LEDGER) == NULL);
    make();
    for (uint32_t i = 2; i < 2 + GPT_OWN_MAX; i++) {
        uint8_t *e = head + ENTRIES + (size_t)i * 128;
        memcpy(e, head + ENTRIES, 128);
        le64_store(e + 32, 34 + i);
        le64_store(e + 40, 34 + i);
    }
    seal();
    gpt_read(head, spoilt, SECTORS, &reading);
    CHECK_EQ(reading.verdict, GPT_DAMAGED);
}

static void one_good_copy_makes_the_other(void)
{
    static uint8_t kept_head[GPT_HEAD_BYTES];
    static uint8_t kept_tail[GPT_TAIL_BYTES];
    make();
    memcpy(kept_head, head, sizeof head);
    memcpy(kept_tail, tail, sizeof tail);
    for (size_t at = 0; at < GPT_HEAD_BYTES; at += 97) { /* any damage of the head but in the record for old tools */
        make();
        head[at] ^= 4;
        read_both();
        CHECK_EQ(reading.verdict, GPT_GOOD);
        CHECK_EQ(reading.head_is_bad, at >= GPT_SECTOR_BYTES);
        CHECK(reading.table.own_count == 3 && gpt_find(&reading.table, GPT_LEDGER)->first_sector == 2048);
        gpt_copy_to_head(tail, SECTORS, head);
        CHECK_BYTES(head, kept_head, sizeof head);
    }
    memset(tail, 0, sizeof tail);
    read_both();
    CHECK(reading.verdict == GPT_GOOD && reading.tail_is_bad && !reading.head_is_bad);
    gpt_copy_to_tail(head, SECTORS, tail);
    CHECK_BYTES(tail, kept_tail, sizeof tail);
    make();
    uint8_t other[GPT_RANDOM_BYTES] = {1};
    CHECK_EQ(gpt_make(SECTORS, LEDGER, other, kept_head, kept_tail), LX_OK);
    gpt_read(head, kept_tail, SECTORS, &reading);
    CHECK(reading.verdict == GPT_GOOD && reading.tail_is_bad && strcmp(reading.why, "it differs from the other copy") == 0);
}

static void other_disks_are_never_empty(void)
{
    memset(head, 0, sizeof head);
    memset(tail, 0, sizeof tail);
    read_both();
    CHECK_EQ(reading.verdict, GPT_EMPTY);
    for (size_t at = 0; at < sizeof head; at += 61) {
        memset(head, 0, sizeof head);
        head[at] = 1;
        read_both();
        CHECK_EQ(reading.verdict, GPT_FOREIGN);
    }
    memset(head, 0, sizeof head);
    for (size_t at = 0; at < sizeof tail; at += 61) {
        memset(tail, 0, sizeof tail);
        tail[at] = 1;
        read_both();
        CHECK_EQ(reading.verdict, GPT_FOREIGN);
    }
    make();
    head[HEADER + 30] ^= 1;
    tail[sizeof tail - 500] ^= 1;
    read_both();
    CHECK_EQ(reading.verdict, GPT_DAMAGED);
}

/* The tail is written and flushed first, then the head; power may be cut at each sector, in any order between flushes. */
static void a_crash_leaves_an_empty_disk_or_a_table(void)
{
    static uint8_t made_head[GPT_HEAD_BYTES];
    static uint8_t made_tail[GPT_TAIL_BYTES];
    make();
    memcpy(made_head, head, sizeof head);
    memcpy(made_tail, tail, sizeof tail);
    for (uint32_t mask = 0; mask < 4; mask++) { /* of the tail only two sectors are not zero: all orders are these */
        memset(head, 0, sizeof head);
        memset(tail, 0, sizeof tail);
        if ((mask & 1) != 0) {
            memcpy(tail, made_tail, GPT_SECTOR_BYTES);
        }
        if ((mask & 2) != 0) {
            memcpy(tail + 32 * GPT_SECTOR_BYTES, made_tail + 32 * GPT_SECTOR_BYTES, GPT_SECTOR_BYTES);
        }
        read_both();
        CHECK_EQ(reading.verdict, mask == 3 ? GPT_GOOD : GPT_EMPTY);
    }
    for (uint32_t mask = 0; mask < 8; mask++) { /* and of the head three */
        memset(head, 0, sizeof head);
        memcpy(tail, made_tail, sizeof tail);
        for (uint32_t i = 0; i < 3; i++) {
            if ((mask >> i & 1) != 0) {
                memcpy(head + (size_t)i * GPT_SECTOR_BYTES, made_head + (size_t)i * GPT_SECTOR_BYTES, GPT_SECTOR_BYTES);
            }
        }
        read_both();
        CHECK_EQ(reading.verdict, GPT_GOOD);
        CHECK_EQ(reading.head_is_bad, (mask & 6) != 6);
        CHECK(gpt_find(&reading.table, GPT_FILES) != NULL);
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"CRC-32 is the standard's", the_checksum_is_the_standards},
        {"a table that is made is read", what_is_made_is_read},
        {"disks that are too small are refused", disks_that_are_too_small_are_refused},
        {"each rule of a table refuses its own change", each_rule_refuses_its_change},
        {"partitions of others are left alone, and too many of ours refused", partitions_of_others_are_left_alone},
        {"one good copy makes the other", one_good_copy_makes_the_other},
        {"a disk with anything on it is not empty", other_disks_are_never_empty},
        {"a crash while the first table is written leaves an empty disk or a table", a_crash_leaves_an_empty_disk_or_a_table},
    };
    return UNIT_MAIN(cases);
}
