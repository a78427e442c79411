/* SPDX-License-Identifier: MIT */
/**
 * LXFS: damage. What has a second copy is repaired; what has none is an error for its reader and nobody else; lost, stale and misdirected
 * blocks are found; nothing wrong is ever returned; and a hostile device does no more harm than that.
 */
#include "evil.h"
#include "unit.h"

static struct disk disk;
static struct volume v;
static struct overlay overlay;

static void begin(void)
{
    evil_make(&v, &disk);
    overlay = (struct overlay){.image = disk.now, .own = (uint8_t *)malloc((size_t)EVIL_BLOCKS * BLOCK), .stamp = 1};
    v.device = (struct lxfs_device){&overlay, overlay_read, overlay_write, overlay_flush, overlay_size};
}

static void end(void)
{
    disk_free(&disk);
    free(v.memory);
    free(overlay.own);
}

/* What the files have, if they can be read: bit i of the result is set when file i is as it was made. `wrong` counts other bytes. File 4 was
 * removed, and is in the snapshot. */
static uint32_t files_whole(uint32_t *wrong)
{
    static uint8_t got[300000];
    static const struct {
        uint32_t file;
        uint64_t offset;
        size_t len;
    } parts[] = {{0, 0, 100}, {1, 0, 30000}, {2, 0, 300000}, {3, 1ull << 45, 5000}, {3, 7, 5000}, {4, 100000, 100000}, {5, 0, 5000}};
    uint32_t whole = (1u << EVIL_FILES) - 1;
    for (uint32_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t count = 0;
        uint64_t inode = evil_files[parts[i].file] | (parts[i].file == 4 ? 1ull << SNAPSHOT_SHIFT : 0);
        enum lxfs_err err = lxfs_read(v.fs, inode, parts[i].offset, got, parts[i].len, &count);
        *wrong += memcmp(got, evil_bytes + parts[i].offset % 1000, count) != 0;
        if (err != LXFS_OK || count != parts[i].len) {
            CHECK(err == LXFS_EBAD);
            whole &= ~(1u << parts[i].file);
        }
    }
    return whole;
}

static uint32_t names_whole(void)
{
    char name[32];
    uint64_t inode = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "entry number %u", i);
        enum lxfs_err err = lxfs_lookup(v.fs, evil_directory, name_of(name), &inode);
        CHECK(err == LXFS_OK || err == LXFS_EBAD);
        found += err == LXFS_OK;
    }
    return found;
}

/* One block after the other is damaged: alone it costs at most one file its contents, and everything else works. */
static void one_block(void)
{
    begin();
    audit_is_quiet = true;
    uint32_t repaired = 0;
    uint32_t lost = 0;
    uint32_t wrong = 0;
    for (uint64_t block = 0; block < EVIL_BLOCKS; block++) {
        overlay.stamp++;
        uint8_t *bytes = overlay_block(&overlay, block);
        bytes[block * 97 % BLOCK] ^= 0x10;
        enum lxfs_err err = volume_open(&v, 0);
        CHECK_EQ(err, LXFS_OK);
        if (err != LXFS_OK) {
            printf("# block %llu\n", (unsigned long long)block);
            break;
        }
        uint32_t whole = files_whole(&wrong);
        CHECK_EQ(names_whole(), 300);
        uint32_t missing = ((1u << EVIL_FILES) - 1) & ~whole;
        CHECK((missing & (missing - 1)) == 0);
        struct lxfs_stats s;
        struct lxfs_damage damage;
        lxfs_stats(v.fs, &s);
        CHECK(s.bad_blocks == 0 || missing != 0);
        if (missing != 0) {
            CHECK(lxfs_damage(v.fs, &damage) && damage.inode == evil_files[__builtin_ctz(missing)] && damage.level == 0);
        }
        repaired += s.repaired_copies != 0;
        lost += missing != 0;
        size_t done = 0;
        CHECK_EQ(lxfs_write(v.fs, evil_files[1], 4096, evil_bytes, 8192, &done), LXFS_OK);
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        uint32_t bad = 0;
        uint64_t errors = missing == 0 && block % 3 == 0 ? audit_blocks(v.fs, &bad) : 0;
        CHECK(errors <= 1 && bad == 0); /* the other copy of a block that was read from its first may be the damaged one */
        if (unit_failed_checks != 0) {
            printf("# block %llu\n", (unsigned long long)block);
            break;
        }
    }
    audit_is_quiet = false;
    CHECK(repaired > 20 && lost > 80);
    CHECK_EQ(wrong, 0);
    printf("# %d blocks, one at a time: %u times repaired from the other copy, %u times one file lost a block\n", EVIL_BLOCKS, repaired,
           lost);
    end();
}

/* A long read takes many blocks at once: what is before a damaged one is there, and nothing behind it that was not verified. */
static void damaged_run(void)
{
    static uint8_t out[300000];
    begin();
    for (uint32_t bad = 0; bad < 300000 / BLOCK; bad += 9) {
        struct file f;
        uint32_t node = 0;
        overlay.stamp++;
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        CHECK_EQ(inode_load(v.fs, evil_files[2], &f), LXFS_OK);
        CHECK_EQ(file_load(v.fs, &f, 1, bad / FANOUT, &node), LXFS_OK);
        overlay_block(&overlay, le40_load(frame_data(v.fs, node) + (size_t)(bad % FANOUT) * POINTER_BYTES + P_ADDRESS))[5] ^= 1;
        size_t count = 0;
        memset(out, 0x55, sizeof out);
        CHECK_EQ(lxfs_read(v.fs, evil_files[2], 0, out, sizeof out, &count), LXFS_EBAD);
        CHECK_EQ(count, (size_t)bad * BLOCK);
        CHECK_BYTES(out, evil_bytes, count);
        for (size_t i = count; i < sizeof out; i++) {
            if (out[i] != 0 && out[i] != 0x55) {
                CHECK(out[i] == 0);
                break;
            }
        }
        struct lxfs_damage damage;
        CHECK(lxfs_damage(v.fs, &damage) && damage.inode == evil_files[2] && damage.index == bad);
    }
    CHECK(v.fs->stats.blocks_read < 200); /* and calls are few: see lxfs_bench */
    end();
}

/* Second copies that nobody reads rot as well: scrubbing finds each one, and afterwards the first copy alone may rot. */
static void scrubbing(void)
{
    begin();
    overlay.stamp++;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    uint32_t bad = 0;
    while (lxfs_reclaim(v.fs, 100) == LXFS_OK) {
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    /* One copy of each block of the data that has two, by turns the first and the second. */
    uint64_t first[EVIL_BLOCKS] = {0};
    for (uint32_t i = 1; i <= v.frames.leaves + v.frames.nodes; i++) {
        const struct frame *f = &v.fs->frames[i];
        if (f->state == FRAME_CLEAN && f->address2 != 0) {
            first[f->address] = f->address2;
        }
    }
    uint32_t count = 0;
    for (uint64_t address = v.fs->data_first; address < v.fs->data_end; address++) {
        if (first[address] != 0) {
            overlay_block(&overlay, count % 2 == 0 ? address : first[address])[count] ^= 4;
            count++;
        }
    }
    struct lxfs_cursor cursor = {0, 0};
    for (uint32_t n = 0; lxfs_scrub(v.fs, &cursor, 10) == LXFS_OK; n++) {
        CHECK(n < 1000);
    }
    struct lxfs_stats s;
    lxfs_stats(v.fs, &s);
    CHECK(count > 30 && s.repaired_copies == count && s.bad_blocks == 0);
    CHECK_EQ(audit_blocks(v.fs, &bad), 0);
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    CHECK_EQ(lxfs_scrub(v.fs, &cursor, 1), LXFS_EROFS);
    printf("# %u copies damaged, all repaired by scrubbing\n", count);
    end();
}

/* A pointer behind the end of a file is under no hash: it must not be there when the file grows over it. */
static void planted(void)
{
    begin();
    overlay.stamp++;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    struct file f;
    uint32_t frame = 0;
    static uint8_t got[BLOCK];
    size_t count = 0;
    CHECK_EQ(inode_load(v.fs, evil_files[1], &f), LXFS_OK);
    CHECK_EQ(inode_touch(v.fs, &f), LXFS_OK);
    CHECK_EQ(file_touch(v.fs, &f, 0, false, &frame), LXFS_OK);
    uint8_t *node = frame_data(v.fs, v.fs->frames[frame].spot.parent);
    memcpy(node + 20 * POINTER_BYTES, node + POINTER_BYTES, POINTER_BYTES); /* of the 8 blocks there are */
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK_EQ(lxfs_truncate(v.fs, evil_files[1], 100000), LXFS_EBAD);
    CHECK_EQ(lxfs_read(v.fs, evil_files[1], 20 * BLOCK, got, BLOCK, &count), LXFS_OK);
    CHECK_EQ(count, 0);
    CHECK_EQ(lxfs_read(v.fs, evil_files[1], 0, got, BLOCK, &count), LXFS_EBAD);
    end();
}

static uint32_t roll_random(void *context, uint32_t limit)
{
    return random_below((uint64_t *)context, limit);
}

/* Stale, misdirected and lost writes and rot, many at a time: what is read is right or refused. */
static void many_blocks(void)
{
    begin();
    uint64_t random = 5;
    uint32_t wrong = 0;
    uint32_t opened = 0;
    uint32_t partly = 0;
    const struct dice dice = {roll_random, &random, 30};
    for (uint32_t n = 0; n < 1000; n++) {
        overlay.stamp++;
        uint32_t count = 1 + random_below(&random, 60);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t block = SUPER_RING + EVIL_LOG + random_below(&random, EVIL_BLOCKS - 2 * (SUPER_RING + EVIL_LOG));
            uint8_t *bytes = overlay_block(&overlay, block);
            switch (random_below(&random, 3)) {
            case 0:
                evil_change(&dice, bytes, BLOCK);
                break;
            case 1:
                memcpy(bytes, overlay_block(&overlay, random_below(&random, EVIL_BLOCKS)), BLOCK);
                break;
            default:
                memset(bytes, 0, BLOCK);
                break;
            }
        }
        enum lxfs_err err = volume_open(&v, 0);
        CHECK(err == LXFS_OK || err == LXFS_EBAD || err == LXFS_EIO);
        if (err == LXFS_OK) {
            opened++;
            partly += files_whole(&wrong) != (1u << EVIL_FILES) - 1;
            (void)names_whole();
        }
    }
    CHECK_EQ(wrong, 0);
    CHECK(opened > 400 && partly > 200);
    printf("# 1000 images with up to 60 bad blocks: %u opened, %u of them with files that refused\n", opened, partly);
    end();
}

/* A write that the device lost, of each block in turn: the volume goes on from what is verified. */
static uint64_t lose_write;
static uint64_t write_count;

static bool losing_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    return ++write_count == lose_write || overlay_write(context, first, count, bytes);
}

static void lost_writes(void)
{
    begin();
    uint32_t wrong = 0;
    uint32_t refused = 0;
    v.device.write = losing_write;
    for (lose_write = 1; lose_write < 200; lose_write++) {
        overlay.stamp++;
        write_count = 0;
        size_t done = 0;
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        CHECK_EQ(lxfs_write(v.fs, evil_files[2], 8192, evil_bytes + 8192 % 1000 + 192, 4096, &done), LXFS_OK);
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        bool was_lost = write_count >= lose_write;
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        static uint8_t got[4096];
        size_t count = 0;
        enum lxfs_err err = lxfs_read(v.fs, evil_files[2], 8192, got, sizeof got, &count);
        wrong += err == LXFS_OK && memcmp(got, evil_bytes + 8192 % 1000 + 192, sizeof got) != 0;
        refused += err != LXFS_OK;
        CHECK_EQ(names_whole(), 300);
        if (!was_lost) {
            break;
        }
    }
    CHECK(wrong == 0 && refused >= 1 && lose_write < 199);
    printf("# %llu writes, each lost once: %u times a block of contents was refused\n", (unsigned long long)lose_write - 1, refused);
    end();
}

/* Damage with the hashes mended, of every structure: it may be refused or believed, and neither stops the program. */
static void hostile(void)
{
    begin();
    const char *text = getenv("LXFS_HOSTILE_CASES");
    uint64_t cases = text != NULL ? strtoull(text, NULL, 10) : 1500;
    for (uint64_t seed = 1; seed <= cases; seed++) {
        uint64_t random = seed;
        const struct dice dice = {roll_random, &random, 30};
        evil_case(&dice, &overlay, &v);
    }
    printf("# %llu hostile volumes\n", (unsigned long long)cases);
    end();
}

/* A log whose middle is gone is not taken for one that ends there. */
static void log_gap(void)
{
    begin();
    uint64_t first[2] = {SUPER_RING, EVIL_BLOCKS - SUPER_RING - EVIL_LOG};
    overlay.stamp++;
    overlay_block(&overlay, first[0])[200] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    struct lxfs_stats s;
    lxfs_stats(v.fs, &s);
    CHECK(s.bad_copies >= 1 && s.replayed_records == 2);
    overlay.stamp++;
    overlay_block(&overlay, first[0])[200] ^= 1;
    overlay_block(&overlay, first[1])[200] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_EBAD);
    overlay.stamp++;
    overlay_block(&overlay, first[0] + 2)[100] ^= 1; /* the last group: as if it had never been */
    overlay_block(&overlay, first[1] + 2)[100] ^= 1;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    lxfs_stats(v.fs, &s);
    CHECK_EQ(s.replayed_records, 1);
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"each block damaged alone", one_block},
        {"a damaged block in a long read", damaged_run},
        {"nothing can be planted behind the end of a file", planted},
        {"scrubbing finds copies that nobody reads", scrubbing},
        {"many blocks rotten, stale or misdirected", many_blocks},
        {"each write lost once", lost_writes},
        {"a log with a gap is refused", log_gap},
        {"hostile volumes with good hashes", hostile},
    };
    return UNIT_MAIN(cases);
}
