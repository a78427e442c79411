/* SPDX-License-Identifier: MIT */
/** Prepare: the table of a disk is found, mended, or made; nothing else is ever written over. See share.h. */
#include "format.h"
#include "share.h"

enum { EMPTY_SECTORS = GPT_ALIGN_SECTORS }; /* of a disk that counts as empty: what lies in front of the first partition */

struct preparing {
    struct disk *disk;
    uint8_t *head;
    uint8_t *tail;
    char *sentence;
};

static bool say(struct preparing *p, const char *text, ...) PRINTF_LIKE(2, 3);
static bool say(struct preparing *p, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    format_list(p->sentence, SHARE_SENTENCE_BYTES, text, args);
    va_end(args);
    return false;
}

static bool read_ends(struct preparing *p)
{
    return disk_read(p->disk, 0, GPT_HEAD_SECTORS, p->head) == BLK_OK &&
           disk_read(p->disk, p->disk->sector_count - GPT_TAIL_SECTORS, GPT_TAIL_SECTORS, p->tail) == BLK_OK;
}

static bool write_head(struct preparing *p)
{
    return disk_write(p->disk, 0, GPT_HEAD_SECTORS, p->head) == BLK_OK && disk_flush(p->disk) == BLK_OK;
}

static bool write_tail(struct preparing *p)
{
    return disk_write(p->disk, p->disk->sector_count - GPT_TAIL_SECTORS, GPT_TAIL_SECTORS, p->tail) == BLK_OK &&
           disk_flush(p->disk) == BLK_OK;
}

/* The sectors between the head and the first partition that we would make are zero. Overwrites `head`. */
static bool front_is_zero(struct preparing *p, bool *is_zero)
{
    uint8_t any = 0;
    for (uint32_t at = 0; at < EMPTY_SECTORS; at += GPT_HEAD_SECTORS) {
        uint32_t n = EMPTY_SECTORS - at < GPT_HEAD_SECTORS ? EMPTY_SECTORS - at : GPT_HEAD_SECTORS;
        if (disk_read(p->disk, at, n, p->head) != BLK_OK) {
            return false;
        }
        for (uint32_t i = 0; i < n * GPT_SECTOR_BYTES; i++) {
            any |= p->head[i];
        }
    }
    *is_zero = any == 0;
    return true;
}

static void tell_partitions(struct preparing *p, const struct gpt *table, const char *more, const char *why)
{
    const struct gpt_partition *ledger = gpt_find(table, GPT_LEDGER);
    const struct gpt_partition *files = gpt_find(table, GPT_FILES);
    const struct gpt_partition *keys = gpt_find(table, GPT_KEYS);
    format_text(p->sentence, SHARE_SENTENCE_BYTES, "partitions: ledger %lu MiB, keys %lu MiB, files %lu MiB, %u of others%s%s%s",
                (unsigned long)(ledger != NULL ? ledger->sector_count >> 11 : 0),
                (unsigned long)(keys != NULL ? keys->sector_count >> 11 : 0),
                (unsigned long)(files != NULL ? files->sector_count >> 11 : 0), (unsigned)table->foreign_count, more,
                why != NULL ? ": " : "", why != NULL ? why : "");
}

static bool mend(struct preparing *p, const struct gpt_reading *reading)
{
    bool good = true;
    if (!reading->head_is_bad && !reading->tail_is_bad) {
        tell_partitions(p, &reading->table, "", NULL);
        return true;
    }
    if ((p->disk->flags & BLK_READ_ONLY) != 0) {
        tell_partitions(p, &reading->table, "; a copy of the table is broken, and the disk is read-only", reading->why);
        return true;
    }
    if (gpt_find(&reading->table, GPT_LEDGER) == NULL && gpt_find(&reading->table, GPT_FILES) == NULL) {
        tell_partitions(p, &reading->table, "; a copy of the table is broken, and left so on a disk that is somebody else's", reading->why);
        return true;
    }
    if (reading->head_is_bad) {
        gpt_copy_to_head(p->tail, p->disk->sector_count, p->head);
        good = write_head(p);
    } else {
        gpt_copy_to_tail(p->head, p->disk->sector_count, p->tail);
        good = write_tail(p);
    }
    tell_partitions(p, &reading->table, good ? "; a copy of the table was broken and is mended" : "; a copy of the table is broken",
                    reading->why);
    return true;
}

/* The tail is on the disk before the head is begun, so that a crash leaves an empty disk or one whole copy. */
static bool make(struct preparing *p, const uint8_t *random, struct gpt *table)
{
    struct gpt_reading reading;
    bool is_zero = false;
    uint64_t half = align_down(p->disk->sector_count / 2, GPT_ALIGN_SECTORS);
    uint64_t ledger_sectors = half < SHARE_LEDGER_SECTORS ? half : SHARE_LEDGER_SECTORS;
    if (p->disk->sector_count < GPT_SECTORS_MIN) {
        return say(p, "the disk is too small; give one of 8 MiB at least");
    }
    if (!front_is_zero(p, &is_zero)) {
        return say(p, "the disk cannot be read: %s", disk_status_words(p->disk->last));
    }
    if (!is_zero) {
        return say(p, "the disk has something on it, and no partition table; it is left as it is: give an empty one");
    }
    if ((p->disk->flags & BLK_READ_ONLY) != 0) {
        return say(p, "the disk is empty and read-only; give one that can be written");
    }
    if (gpt_make(p->disk->sector_count, ledger_sectors, random, p->head, p->tail) != LX_OK) {
        return say(p, "the disk has a size for which there is no table; give another");
    }
    if (!write_tail(p) || !write_head(p) || !read_ends(p)) {
        return say(p, "the disk was empty, and cannot be prepared: %s", disk_status_words(p->disk->last));
    }
    gpt_read(p->head, p->tail, p->disk->sector_count, &reading);
    if (reading.verdict != GPT_GOOD || reading.head_is_bad || reading.tail_is_bad) {
        return say(p, "the disk was empty, and does not keep what is written to it; give another");
    }
    *table = reading.table;
    tell_partitions(p, table, "; the disk was empty and was prepared", NULL);
    return true;
}

bool share_prepare(struct disk *disk, const uint8_t random[GPT_RANDOM_BYTES], uint8_t *work, struct gpt *table, char *sentence)
{
    struct preparing p = {disk, work, work + GPT_HEAD_BYTES, sentence};
    struct gpt_reading reading;
    memset(table, 0, sizeof *table);
    if (disk->sector_count < GPT_HEAD_SECTORS + GPT_TAIL_SECTORS + 1) {
        return say(&p, "the disk is too small; give one of 8 MiB at least");
    }
    if (!read_ends(&p)) {
        return say(&p, "the disk cannot be read: %s", disk_status_words(disk->last));
    }
    gpt_read(p.head, p.tail, disk->sector_count, &reading);
    switch (reading.verdict) {
    case GPT_GOOD:
        *table = reading.table;
        return mend(&p, &reading);
    case GPT_EMPTY:
        return make(&p, random, table);
    case GPT_DAMAGED:
        return say(&p, "both copies of the disk's partition table are broken (%s); it is left as it is: mend it, or give an empty disk",
                   reading.why);
    case GPT_FOREIGN:
        break;
    }
    return say(&p, "the disk has something on it, and no partition table; it is left as it is: give an empty one");
}
