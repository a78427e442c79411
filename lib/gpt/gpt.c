/* SPDX-License-Identifier: MIT */
/**
 * Gpt, both ways: a strict reader, and a maker of one layout. See gpt.h.
 * Limits: every loop is over entries of one table or bytes of one copy.
 */
#include "gpt.h"

/* Of the header, and of an entry: */
enum {
    AT_SIGNATURE = 0,
    AT_REVISION = 8,
    AT_HEADER_BYTES = 12,
    AT_HEADER_CRC = 16,
    AT_RESERVED = 20,
    AT_OWN_SECTOR = 24,
    AT_OTHER_SECTOR = 32,
    AT_FIRST_USABLE = 40,
    AT_LAST_USABLE = 48,
    AT_DISK_GUID = 56,
    AT_ENTRIES_SECTOR = 72,
    AT_ENTRY_COUNT = 80,
    AT_ENTRY_BYTES = 84,
    AT_ENTRIES_CRC = 88,
    HEADER_BYTES = 92,

    ENTRY_TYPE = 0,
    ENTRY_GUID = 16,
    ENTRY_FIRST = 32,
    ENTRY_LAST = 40,
    ENTRY_NAME = 56,
    ENTRY_BYTES = 128,

    REVISION = 0x00010000,
    ENTRY_SECTORS = 32,
    MBR_ENTRY = 446,
    MBR_TYPE_GPT = 0xee,
};
_Static_assert(GPT_ENTRIES * ENTRY_BYTES == ENTRY_SECTORS * GPT_SECTOR_BYTES, "the entries fill their sectors");

static const uint8_t signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* 6e2c1b40-93a7-4d58-b1f6-4c582d4f53NN, in the byte order of a GUID on disk; NN is the kind, from 1. */
static const uint8_t own_type[GPT_GUID_BYTES - 1] = {0x40, 0x1b, 0x2c, 0x6e, 0xa7, 0x93, 0x58, 0x4d,
                                                     0xb1, 0xf6, 0x4c, 0x58, 0x2d, 0x4f, 0x53};
static const char *const own_names[GPT_KIND_END] = {"LX-OS ledger", "LX-OS files", "LX-OS keys"};

uint32_t gpt_crc32(const void *bytes, size_t len_bytes)
{
    /* What four bits do to a checksum with polynomial 0x04c11db7, reflected. */
    static const uint32_t nibbles[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
        0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    const uint8_t *p = (const uint8_t *)bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len_bytes; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

/** One copy: where it must lie, and its bytes. */
struct copy {
    const uint8_t *header;
    const uint8_t *entries;
    uint64_t header_sector;
    uint64_t other_sector;
    uint64_t entries_sector;
    uint64_t sector_count;
};

static uint32_t header_crc(const uint8_t *header, uint32_t header_bytes)
{
    uint8_t copy[GPT_SECTOR_BYTES];
    memcpy(copy, header, sizeof copy);
    le32_store(copy + AT_HEADER_CRC, 0);
    return gpt_crc32(copy, header_bytes);
}

static const char *check_header(const struct copy *c)
{
    const uint8_t *h = c->header;
    uint32_t header_bytes = le32_load(h + AT_HEADER_BYTES);
    uint32_t count = le32_load(h + AT_ENTRY_COUNT);
    uint64_t first = le64_load(h + AT_FIRST_USABLE);
    uint64_t last = le64_load(h + AT_LAST_USABLE);
    if (memcmp(h + AT_SIGNATURE, signature, sizeof signature) != 0) {
        return "it has no signature";
    }
    if (le32_load(h + AT_REVISION) != REVISION || header_bytes != HEADER_BYTES) {
        return "it is of another version";
    }
    if (header_crc(h, header_bytes) != le32_load(h + AT_HEADER_CRC)) {
        return "the checksum of its header is wrong";
    }
    if (le32_load(h + AT_RESERVED) != 0 || !is_zero(h + HEADER_BYTES, GPT_SECTOR_BYTES - HEADER_BYTES)) {
        return "reserved bytes of its header are used";
    }
    if (le64_load(h + AT_OWN_SECTOR) != c->header_sector || le64_load(h + AT_OTHER_SECTOR) != c->other_sector) {
        return "it was made for a disk of another size";
    }
    if (le64_load(h + AT_ENTRIES_SECTOR) != c->entries_sector || le32_load(h + AT_ENTRY_BYTES) != ENTRY_BYTES || count == 0 ||
        count > GPT_ENTRIES) {
        return "its entries lie elsewhere, or are too many";
    }
    if (first < GPT_HEAD_SECTORS || last < first || last >= c->sector_count - GPT_TAIL_SECTORS) {
        return "its usable sectors overlap the table";
    }
    if (gpt_crc32(c->entries, (size_t)count * ENTRY_BYTES) != le32_load(h + AT_ENTRIES_CRC)) {
        return "the checksum of its entries is wrong";
    }
    return NULL;
}

static bool overlaps_earlier(const struct copy *c, uint32_t index, uint64_t first, uint64_t last)
{
    for (uint32_t i = 0; i < index; i++) {
        const uint8_t *e = c->entries + (size_t)i * ENTRY_BYTES;
        if (!is_zero(e + ENTRY_TYPE, GPT_GUID_BYTES) && first <= le64_load(e + ENTRY_LAST) && le64_load(e + ENTRY_FIRST) <= last) {
            return true;
        }
    }
    return false;
}

static const char *add_entry(struct gpt *table, const uint8_t *e)
{
    uint8_t number = e[ENTRY_TYPE + GPT_GUID_BYTES - 1];
    bool is_own = memcmp(e + ENTRY_TYPE, own_type, sizeof own_type) == 0 && number >= 1 && number <= GPT_KIND_END;
    if (!is_own) {
        table->foreign_count++;
        return NULL;
    }
    if (table->own_count == GPT_OWN_MAX) {
        return "it has too many partitions of LX-OS";
    }
    struct gpt_partition *p = &table->own[table->own_count++];
    p->kind = (enum gpt_kind)(number - 1);
    p->first_sector = le64_load(e + ENTRY_FIRST);
    p->sector_count = le64_load(e + ENTRY_LAST) - p->first_sector + 1;
    return NULL;
}

/* @return NULL, or what is wrong with this copy. */
static const char *read_copy(const struct copy *c, struct gpt *table)
{
    memset(table, 0, sizeof *table);
    const char *why = check_header(c);
    uint32_t count = why == NULL ? le32_load(c->header + AT_ENTRY_COUNT) : 0;
    for (uint32_t i = 0; i < count && why == NULL; i++) {
        const uint8_t *e = c->entries + (size_t)i * ENTRY_BYTES;
        uint64_t first = le64_load(e + ENTRY_FIRST);
        uint64_t last = le64_load(e + ENTRY_LAST);
        if (is_zero(e + ENTRY_TYPE, GPT_GUID_BYTES)) {
            continue;
        }
        if (first < le64_load(c->header + AT_FIRST_USABLE) || last < first || last > le64_load(c->header + AT_LAST_USABLE)) {
            why = "a partition lies outside of the usable sectors";
        } else if (overlaps_earlier(c, i, first, last)) {
            why = "two partitions overlap";
        } else {
            why = add_entry(table, e);
        }
    }
    return why;
}

static struct copy head_copy(const uint8_t *head, uint64_t sector_count)
{
    return (struct copy){head + GPT_SECTOR_BYTES, head + 2 * GPT_SECTOR_BYTES, 1, sector_count - 1, 2, sector_count};
}

static struct copy tail_copy(const uint8_t *tail, uint64_t sector_count)
{
    return (struct copy){tail + ENTRY_SECTORS * GPT_SECTOR_BYTES, tail, sector_count - 1, 1, sector_count - GPT_TAIL_SECTORS,
                         sector_count};
}

/* A tail that gpt_make made and that power loss kept from being whole: nothing but first entries or a header of ours. */
static bool tail_is_unfinished(const uint8_t *tail)
{
    const uint8_t *header = tail + ENTRY_SECTORS * GPT_SECTOR_BYTES;
    bool entries_are_ours = is_zero(tail, GPT_SECTOR_BYTES) || memcmp(tail, own_type, sizeof own_type) == 0;
    bool header_is_ours = is_zero(header, GPT_SECTOR_BYTES) || memcmp(header, signature, sizeof signature) == 0;
    return entries_are_ours && header_is_ours && is_zero(tail + GPT_SECTOR_BYTES, (ENTRY_SECTORS - 1) * GPT_SECTOR_BYTES);
}

/* Both copies are whole, but do not say the same: nobody writes them like that but a crash between the two. */
static bool copies_differ(const struct copy *head, const struct copy *tail)
{
    return memcmp(head->header + AT_DISK_GUID, tail->header + AT_DISK_GUID, GPT_GUID_BYTES) != 0 ||
           memcmp(head->header + AT_ENTRY_COUNT, tail->header + AT_ENTRY_COUNT, HEADER_BYTES - AT_ENTRY_COUNT) != 0;
}

void gpt_read(const uint8_t head[GPT_HEAD_BYTES], const uint8_t tail[GPT_TAIL_BYTES], uint64_t sector_count,
              struct gpt_reading *out)
{
    struct gpt other;
    memset(out, 0, sizeof *out);
    if (sector_count < GPT_HEAD_SECTORS + GPT_TAIL_SECTORS + 1) {
        out->verdict = GPT_FOREIGN;
        out->why = "the disk is too small for a partition table";
        return;
    }
    const struct copy first = head_copy(head, sector_count);
    const struct copy second = tail_copy(tail, sector_count);
    const char *head_why = read_copy(&first, &out->table);
    const char *tail_why = read_copy(&second, &other);
    out->head_is_bad = head_why != NULL;
    out->tail_is_bad = tail_why != NULL || (head_why == NULL && copies_differ(&first, &second));
    out->why = head_why != NULL ? head_why : tail_why != NULL ? tail_why : out->tail_is_bad ? "it differs from the other copy" : NULL;
    if (head_why == NULL) {
        return; /* GPT_GOOD; the head is the one that counts */
    }
    out->table = other;
    if (tail_why == NULL) {
        return;
    }
    memset(&out->table, 0, sizeof out->table);
    bool head_is_empty = is_zero(head, GPT_HEAD_BYTES);
    bool was_table = memcmp(first.header, signature, sizeof signature) == 0 || memcmp(second.header, signature, sizeof signature) == 0;
    if (head_is_empty && tail_is_unfinished(tail)) {
        out->verdict = GPT_EMPTY;
        out->why = NULL;
    } else {
        out->verdict = was_table ? GPT_DAMAGED : GPT_FOREIGN;
    }
}

const struct gpt_partition *gpt_find(const struct gpt *table, enum gpt_kind kind)
{
    for (uint32_t i = 0; i < table->own_count; i++) {
        if (table->own[i].kind == kind) {
            return &table->own[i];
        }
    }
    return NULL;
}

/* ---- making ----------------------------------------------------------------------------------------------------------- */

static void guid_set(uint8_t *out, const uint8_t random[GPT_GUID_BYTES])
{
    memcpy(out, random, GPT_GUID_BYTES);
    out[7] = (uint8_t)((out[7] & 0x0f) | 0x40); /* RFC 4122: version 4, random */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

static void entry_make(uint8_t *e, enum gpt_kind kind, uint64_t first, uint64_t end, const uint8_t *random)
{
    memcpy(e + ENTRY_TYPE, own_type, sizeof own_type);
    e[ENTRY_TYPE + GPT_GUID_BYTES - 1] = (uint8_t)((unsigned)kind + 1);
    guid_set(e + ENTRY_GUID, random);
    le64_store(e + ENTRY_FIRST, first);
    le64_store(e + ENTRY_LAST, end - 1);
    const char *name = own_names[kind];
    for (size_t i = 0; i < GPT_NAME_CHARS && name[i] != '\0'; i++) {
        e[ENTRY_NAME + 2 * i] = (uint8_t)name[i];
    }
}

/* Says where a copy lies, and seals it. */
static void header_place(uint8_t *h, uint64_t own, uint64_t other, uint64_t entries)
{
    le64_store(h + AT_OWN_SECTOR, own);
    le64_store(h + AT_OTHER_SECTOR, other);
    le64_store(h + AT_ENTRIES_SECTOR, entries);
    le32_store(h + AT_HEADER_CRC, header_crc(h, HEADER_BYTES));
}

static void header_make(uint8_t *h, uint64_t sector_count, const uint8_t *entries, const uint8_t *random)
{
    memcpy(h + AT_SIGNATURE, signature, sizeof signature);
    le32_store(h + AT_REVISION, REVISION);
    le32_store(h + AT_HEADER_BYTES, HEADER_BYTES);
    le64_store(h + AT_FIRST_USABLE, GPT_HEAD_SECTORS);
    le64_store(h + AT_LAST_USABLE, sector_count - GPT_TAIL_SECTORS - 1);
    guid_set(h + AT_DISK_GUID, random);
    le32_store(h + AT_ENTRY_COUNT, GPT_ENTRIES);
    le32_store(h + AT_ENTRY_BYTES, ENTRY_BYTES);
    le32_store(h + AT_ENTRIES_CRC, gpt_crc32(entries, GPT_ENTRIES * ENTRY_BYTES));
}

/* One partition of type 0xee over the whole disk, as far as 32 bits reach. */
static void mbr_make(uint8_t *sector, uint64_t sector_count)
{
    uint8_t *e = sector + MBR_ENTRY;
    uint64_t rest = sector_count - 1;
    memset(sector, 0, GPT_SECTOR_BYTES);
    e[2] = 2; /* begins at cylinder 0, head 0, sector 2 */
    e[4] = MBR_TYPE_GPT;
    memset(e + 5, 0xff, 3);
    le32_store(e + 8, 1);
    le32_store(e + 12, rest > UINT32_MAX ? UINT32_MAX : (uint32_t)rest);
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

enum lx_err gpt_make(uint64_t sector_count, uint64_t ledger_sectors, const uint8_t random[GPT_RANDOM_BYTES],
                     uint8_t head[GPT_HEAD_BYTES], uint8_t tail[GPT_TAIL_BYTES])
{
    if (sector_count < GPT_SECTORS_MIN || sector_count > 1ull << 55 || ledger_sectors == 0 || ledger_sectors > sector_count) {
        return LX_ERANGE;
    }
    uint64_t first = GPT_ALIGN_SECTORS;
    uint64_t middle = first + align_up(ledger_sectors, GPT_ALIGN_SECTORS);
    uint64_t end = align_down(sector_count - GPT_TAIL_SECTORS, GPT_ALIGN_SECTORS);
    if (end < 2 * GPT_ALIGN_SECTORS || middle >= end - GPT_ALIGN_SECTORS) {
        return LX_ERANGE;
    }
    uint64_t keys = end - GPT_ALIGN_SECTORS;
    uint8_t *entries = head + 2 * GPT_SECTOR_BYTES;
    memset(head, 0, GPT_HEAD_BYTES);
    mbr_make(head, sector_count);
    entry_make(entries, GPT_LEDGER, first, middle, random + GPT_GUID_BYTES);
    entry_make(entries + ENTRY_BYTES, GPT_FILES, middle, keys, random + 2 * GPT_GUID_BYTES);
    entry_make(entries + 2 * ENTRY_BYTES, GPT_KEYS, keys, end, random + 3 * GPT_GUID_BYTES);
    header_make(head + GPT_SECTOR_BYTES, sector_count, entries, random);
    header_place(head + GPT_SECTOR_BYTES, 1, sector_count - 1, 2);
    gpt_copy_to_tail(head, sector_count, tail);
    return LX_OK;
}

void gpt_copy_to_tail(const uint8_t head[GPT_HEAD_BYTES], uint64_t sector_count, uint8_t tail[GPT_TAIL_BYTES])
{
    uint8_t *header = tail + ENTRY_SECTORS * GPT_SECTOR_BYTES;
    memcpy(tail, head + 2 * GPT_SECTOR_BYTES, ENTRY_SECTORS * GPT_SECTOR_BYTES);
    memcpy(header, head + GPT_SECTOR_BYTES, GPT_SECTOR_BYTES);
    header_place(header, sector_count - 1, 1, sector_count - GPT_TAIL_SECTORS);
}

void gpt_copy_to_head(const uint8_t tail[GPT_TAIL_BYTES], uint64_t sector_count, uint8_t head[GPT_HEAD_BYTES])
{
    mbr_make(head, sector_count);
    memcpy(head + GPT_SECTOR_BYTES, tail + ENTRY_SECTORS * GPT_SECTOR_BYTES, GPT_SECTOR_BYTES);
    memcpy(head + 2 * GPT_SECTOR_BYTES, tail, ENTRY_SECTORS * GPT_SECTOR_BYTES);
    header_place(head + GPT_SECTOR_BYTES, 1, sector_count - 1, 2);
}
