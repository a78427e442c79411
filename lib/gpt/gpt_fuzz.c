/* SPDX-License-Identifier: MIT */
/**
 * Any change of a good table, with checksums mended or not: what is read lies on the disk, behind the table, and nothing overlaps.
 * An input is pairs of a position and a value, and a first byte that says which checksums are mended.
 */
#include "gpt.h"

enum { SECTORS = 64 * 2048, HEADER = GPT_SECTOR_BYTES, ENTRIES = 2 * GPT_SECTOR_BYTES };

static void mend(uint8_t *header, const uint8_t *entries)
{
    uint32_t count = le32_load(header + 80);
    le32_store(header + 88, gpt_crc32(entries, (size_t)(count > GPT_ENTRIES ? GPT_ENTRIES : count) * 128));
    le32_store(header + 16, 0);
    le32_store(header + 16, gpt_crc32(header, 92));
}

static void check(const struct gpt *t)
{
    assert(t->own_count <= GPT_OWN_MAX && t->foreign_count <= GPT_ENTRIES);
    for (uint32_t i = 0; i < t->own_count; i++) {
        const struct gpt_partition *p = &t->own[i];
        assert(p->kind < GPT_KIND_END && p->first_sector >= GPT_HEAD_SECTORS && p->sector_count > 0);
        assert(p->sector_count <= SECTORS - GPT_TAIL_SECTORS && p->first_sector <= SECTORS - GPT_TAIL_SECTORS - p->sector_count);
        for (uint32_t j = 0; j < i; j++) {
            const struct gpt_partition *q = &t->own[j];
            assert(p->first_sector + p->sector_count <= q->first_sector || q->first_sector + q->sector_count <= p->first_sector);
        }
    }
}

/* A good table, made once; of few entries, because checksums are most of the time that an input takes. */
static const uint8_t *good_table(void)
{
    static uint8_t both[GPT_HEAD_BYTES + GPT_TAIL_BYTES];
    static const uint8_t random[GPT_RANDOM_BYTES] = {7};
    uint8_t *tail = both + GPT_HEAD_BYTES;
    if (both[HEADER] == 0) {
        enum lx_err err = gpt_make(SECTORS, 16 * 2048, random, both, tail);
        assert(err == LX_OK);
        le32_store(both + HEADER + 80, 8);
        le32_store(tail + 32 * GPT_SECTOR_BYTES + 80, 8);
        mend(both + HEADER, both + ENTRIES);
        mend(tail + 32 * GPT_SECTOR_BYTES, tail);
    }
    return both;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t both[GPT_HEAD_BYTES + GPT_TAIL_BYTES];
    uint8_t *head = both;
    uint8_t *tail = both + GPT_HEAD_BYTES;
    struct cursor c = cursor_of(bytes, len_bytes);
    struct gpt_reading reading;
    uint8_t which = 0;
    uint16_t at;
    uint8_t value;
    memcpy(both, good_table(), sizeof both);
    (void)cursor_u8(&c, &which);
    while (cursor_le16(&c, &at) && cursor_u8(&c, &value)) {
        both[at % sizeof both] = value;
    }
    if ((which & 1) != 0) {
        mend(head + HEADER, head + ENTRIES);
    }
    if ((which & 2) != 0) {
        mend(tail + 32 * GPT_SECTOR_BYTES, tail);
    }
    gpt_read(head, tail, SECTORS, &reading);
    assert((reading.verdict == GPT_GOOD) == (!reading.head_is_bad || !reading.tail_is_bad));
    check(&reading.table);
    if (reading.verdict == GPT_GOOD) { /* what is mended is good */
        struct gpt before = reading.table;
        if (reading.head_is_bad) {
            gpt_copy_to_head(tail, SECTORS, head);
        } else if (reading.tail_is_bad) {
            gpt_copy_to_tail(head, SECTORS, tail);
        }
        gpt_read(head, tail, SECTORS, &reading);
        assert(reading.verdict == GPT_GOOD && !reading.head_is_bad && !reading.tail_is_bad);
        assert(memcmp(&before, &reading.table, sizeof before) == 0);
    }
    return 0;
}
