/* SPDX-License-Identifier: MIT */
/**
 * LXFS: power cuts. Before writes and flushes of a long run (one in twelve; LXFS_CRASH_EVERY), what a cut would leave is opened and read as a whole: it must be the
 * state behind some operation not before the last sync or commit that had returned.
 *
 * What a cut leaves is decided late: of a 512-byte piece that was written and not flushed, old or new is chosen when it is first read, and
 * the same run is then made again for the other choice. Pieces that nobody reads need no choice: a program that does not look at them does
 * the same whatever they are. So one run stands for all the crash states that agree in what it read, and when all choices have been
 * taken, every state of that cut has been tried: 2^pieces of them. Where there are more choices than LXFS_CRASH_RUNS runs, the others are
 * taken at random and counted one by one.
 */
#include "model.h"
#include "unit.h"

enum {
    IMAGE_BLOCKS = 1600,
    LOG_BLOCKS = 16,
    CHOICES_MAX = 4096,
    DIGESTS_MAX = 4096,
    OVERLAY_SECTORS = IMAGE_BLOCKS * 8,
};

/* ---- a device that shows a disk as a cut would leave it ------------------------------------------------------------------ */

struct cut {
    const struct disk *disk;
    uint32_t stamp;                         /* of this run: what has another one is not set */
    uint32_t own_stamp[OVERLAY_SECTORS];    /* written by the run itself */
    uint8_t own[IMAGE_BLOCKS * BLOCK];
    uint32_t last_stamp[OVERLAY_SECTORS];   /* of this cut: the newest pending write of the sector, and how many there are */
    uint32_t pending_of[OVERLAY_SECTORS];
    uint32_t cut_stamp;
    uint32_t chosen_stamp[OVERLAY_SECTORS]; /* of this run: whether the new one is there */
    bool chosen[OVERLAY_SECTORS];
    uint32_t choice_count;
    uint32_t choice_sectors[CHOICES_MAX];
    bool choices[CHOICES_MAX];
    uint32_t fixed_count; /* so many choices are those of the run before */
    bool is_random;
    uint64_t random;
};

static bool cut_choose(struct cut *c, uint32_t sector)
{
    if (c->chosen_stamp[sector] == c->stamp) {
        return c->chosen[sector];
    }
    bool is_new = c->is_random ? random_below(&c->random, 2) == 0 : false;
    if (c->choice_count < c->fixed_count) {
        is_new = c->choices[c->choice_count];
    }
    if (c->choice_count < CHOICES_MAX) {
        c->choices[c->choice_count++] = is_new;
    }
    c->chosen_stamp[sector] = c->stamp;
    c->chosen[sector] = is_new;
    return is_new;
}

static bool cut_read(void *context, uint64_t first, uint32_t count, void *out)
{
    struct cut *c = (struct cut *)context;
    for (uint32_t n = 0; n < count * 8; n++) {
        uint32_t sector = (uint32_t)first * 8 + n;
        uint8_t *to = (uint8_t *)out + (size_t)n * SECTOR;
        if (c->own_stamp[sector] == c->stamp) {
            memcpy(to, c->own + (size_t)sector * SECTOR, SECTOR);
        } else if (c->last_stamp[sector] == c->cut_stamp && cut_choose(c, sector)) {
            memcpy(to, c->disk->pending_bytes[c->pending_of[sector]], SECTOR);
        } else {
            memcpy(to, c->disk->durable + (size_t)sector * SECTOR, SECTOR);
        }
    }
    return true;
}

static bool cut_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    struct cut *c = (struct cut *)context;
    memcpy(c->own + first * BLOCK, bytes, (size_t)count * BLOCK);
    for (uint32_t n = 0; n < count * 8; n++) {
        c->own_stamp[first * 8 + n] = c->stamp;
    }
    return true;
}

static bool cut_flush(void *context)
{
    (void)context;
    return true;
}

static uint64_t cut_size(void *context)
{
    (void)context;
    return IMAGE_BLOCKS;
}

/* The next choices in order, as a number counts up from its end. @return false when all have been taken. */
static bool cut_next(struct cut *c)
{
    while (c->choice_count != 0 && c->choices[c->choice_count - 1]) {
        c->choice_count--;
    }
    if (c->choice_count == 0) {
        return false;
    }
    c->choices[c->choice_count - 1] = true;
    c->fixed_count = c->choice_count;
    return true;
}

/* ---- a run of operations, cut everywhere -------------------------------------------------------------------------------- */

struct run {
    struct disk disk;
    struct volume v;
    struct volume image;
    struct cut cut;
    struct model m;
    struct m_snapshots snapshots;
    uint64_t digests[DIGESTS_MAX]; /* of the states that a cut may leave: since the last sync */
    uint32_t digest_count;
    uint64_t random;
    uint64_t cut_every; /* one cut in so many is looked at */
    uint32_t runs_max;
    uint64_t cuts;
    uint64_t runs;
    uint64_t whole_cuts; /* all states tried */
    uint64_t sampled_cuts;
    double states; /* crash states that the runs stand for */
    double states_log2_max;
    uint64_t advanced; /* runs that found a state behind the one acknowledged last */
    uint64_t continued;
    uint64_t openings;
};

static bool is_known(const struct run *r, uint64_t digest)
{
    for (uint32_t i = r->digest_count; i-- > 0;) {
        if (r->digests[i] == digest) {
            return true;
        }
    }
    return false;
}

/* Goes on with what a cut left: everything is there to be used. */
static void go_on(struct run *r)
{
    struct lxfs *fs = r->image.fs;
    uint64_t inode = 0;
    size_t done = 0;
    uint64_t before = 0;
    uint64_t after = 0;
    static const char text[] = "written after the cut";
    r->continued++;
    enum lxfs_err err = lxfs_create(fs, LXFS_ROOT_INODE, name_of("after"), &plain_file, &inode);
    CHECK_EQ(err, LXFS_OK);
    CHECK_EQ(lxfs_write(fs, inode, 5000, text, sizeof text, &done), LXFS_OK);
    CHECK(m_digest_fs(fs, &before));
    CHECK_EQ(lxfs_sync(fs), LXFS_OK);
    CHECK_EQ(volume_open(&r->image, 0), LXFS_OK);
    CHECK(m_digest_fs(r->image.fs, &after));
    CHECK_EQ(after, before);
    CHECK(audit_holds(r->image.fs));
}

static void one_run(struct run *r)
{
    uint64_t digest = 0;
    r->cut.stamp++;
    r->cut.choice_count = 0;
    r->runs++;
    enum lxfs_err err = volume_open(&r->image, 0);
    CHECK_EQ(err, LXFS_OK);
    if (err != LXFS_OK) {
        return;
    }
    CHECK(m_digest_fs(r->image.fs, &digest));
    CHECK(is_known(r, digest));
    r->advanced += digest != r->digests[0];
    if (r->runs % 8 == 0) {
        m_snapshots_compare(&r->m, r->image.fs, &r->snapshots);
        CHECK_EQ(r->m.wrong, 0);
    }
    struct lxfs_stats s;
    lxfs_stats(r->image.fs, &s);
    CHECK(s.bad_blocks == 0 && s.map_errors == 0 && s.lost_blocks == 0);
    if (r->runs % 16 == 0 && unit_failed_checks == 0) {
        CHECK_EQ(lxfs_commit(r->image.fs), LXFS_OK);
        CHECK(audit_holds(r->image.fs));
        go_on(r);
    }
}

static void at_op(void *context)
{
    struct run *r = (struct run *)context;
    struct cut *c = &r->cut;
    if (unit_failed_checks != 0 || random_below(&r->random, (uint32_t)r->cut_every) != 0) {
        return;
    }
    c->cut_stamp++;
    uint32_t pieces = 0;
    for (uint32_t i = 0; i < r->disk.pending_count; i++) {
        uint32_t sector = r->disk.pending[i];
        pieces += c->last_stamp[sector] != c->cut_stamp;
        c->last_stamp[sector] = c->cut_stamp;
        c->pending_of[sector] = i;
    }
    r->cuts++;
    c->is_random = false;
    c->fixed_count = 0;
    uint32_t runs = 0;
    bool has_more = true;
    while (has_more && runs < r->runs_max && unit_failed_checks == 0) {
        one_run(r);
        runs++;
        has_more = cut_next(c);
    }
    if (!has_more) { /* every state was tried */
        r->whole_cuts++;
        r->states += pieces < 1000 ? __builtin_ldexp(1.0, (int)pieces) : 0;
        r->states_log2_max = r->states_log2_max > pieces ? r->states_log2_max : pieces;
        return;
    }
    r->sampled_cuts++;
    c->is_random = true;
    c->fixed_count = 0;
    for (uint32_t n = 0; n < r->runs_max && unit_failed_checks == 0; n++) {
        one_run(r);
    }
    r->states += 2 * r->runs_max;
}

static void digest_note(struct run *r)
{
    CHECK(r->digest_count < DIGESTS_MAX);
    r->digests[r->digest_count++] = m_digest(&r->m);
}

static void run_begin(struct run *r, uint64_t seed)
{
    m_init(&r->m, seed);
    r->m.near_max = 24000;
    r->m.write_max = 20000;
    r->random = seed + 77;
    disk_make(&r->disk, BLOCK, (uint64_t)IMAGE_BLOCKS * BLOCK, true);
    volume_init(&r->v, &r->disk, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    volume_init(&r->image, NULL, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    r->image.device = (struct lxfs_device){&r->cut, cut_read, cut_write, cut_flush, cut_size};
    r->cut.disk = &r->disk;
    CHECK_EQ(volume_format(&r->v, LOG_BLOCKS), LXFS_OK);
    r->disk.at_op_context = r;
}

static void run_end(struct run *r)
{
    disk_free(&r->disk);
    free(r->v.memory);
    free(r->image.memory);
    m_end(&r->m);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Every operation, sync and commit may be cut; files are small, so that everything is read after each cut. */
static void cut_everywhere(uint64_t seed, uint64_t steps, uint32_t sync_in, uint32_t commit_in)
{
    struct run *r = (struct run *)calloc(1, sizeof *r);
    run_begin(r, seed);
    r->cut_every = number_of("LXFS_CRASH_EVERY", 12);
    r->runs_max = (uint32_t)number_of("LXFS_CRASH_RUNS", 40);
    for (uint32_t n = 0; n < 400; n++) {
        m_step(&r->m, r->v.fs);
    }
    CHECK_EQ(lxfs_commit(r->v.fs), LXFS_OK);
    digest_note(r);
    r->disk.at_op = at_op;
    for (uint64_t n = 0; n < steps && r->m.wrong == 0 && unit_failed_checks == 0; n++) {
        uint64_t commits = r->v.fs->stats.commits;
        if (m_below(&r->m, 3) == 0) {
            volume_rewind(&r->v);
        }
        bool is_durable = false;
        if (m_below(&r->m, 40) == 0) {
            m_snapshot_step(&r->m, r->v.fs, &r->snapshots);
            digest_note(r);
            is_durable = true;
        } else if (m_below(&r->m, 20) == 0) {
            m_quota_step(&r->m, r->v.fs, m_any(&r->m, true));
            digest_note(r);
            is_durable = true;
        } else {
            m_step(&r->m, r->v.fs);
            digest_note(r);
        }
        if (is_durable) {
            commits = r->v.fs->stats.commits;
        } else if (m_below(&r->m, sync_in) == 0) {
            CHECK_EQ(lxfs_sync(r->v.fs), LXFS_OK);
            is_durable = true;
        } else if (m_below(&r->m, commit_in) == 0) {
            CHECK_EQ(lxfs_commit(r->v.fs), LXFS_OK);
            is_durable = true;
        }
        if (is_durable) {
            r->digests[0] = r->digests[r->digest_count - 1];
            r->digest_count = 1;
            if (m_below(&r->m, 12) == 0) { /* opening is cut as well: it does the log again, frees orphans and commits */
                CHECK_EQ(volume_open(&r->v, 0), LXFS_OK);
                m_remounted(&r->m);
                r->openings++;
            }
        } else if (commits != r->v.fs->stats.commits) { /* by itself, before the operation: nothing older may come back */
            r->digests[0] = r->digests[r->digest_count - 2];
            r->digests[1] = r->digests[r->digest_count - 1];
            r->digest_count = 2;
        }
    }
    CHECK_EQ(r->m.wrong, 0);
    CHECK(r->advanced != 0 && r->whole_cuts > r->sampled_cuts && r->openings != 0);
    printf("# seed %llu: %llu cuts, %llu openings (%llu found more than was acknowledged, %llu were used on); of %llu cuts every crash "
           "state: up to 2^%.0f, %.3g in all; of %llu others %u states each; %llu openings were cut, %llu snapshots "
           "taken, %llu removed\n",
           (unsigned long long)seed, (unsigned long long)r->cuts, (unsigned long long)r->runs, (unsigned long long)r->advanced,
           (unsigned long long)r->continued, (unsigned long long)r->whole_cuts, r->states_log2_max, r->states,
           (unsigned long long)r->sampled_cuts, 2 * r->runs_max, (unsigned long long)r->openings, (unsigned long long)r->snapshots.taken,
           (unsigned long long)r->snapshots.removed);
    run_end(r);
    free(r);
}

static void syncs(void)
{
    cut_everywhere(number_of("LXFS_CRASH_SEED", 1), number_of("LXFS_CRASH_STEPS", 500), 4, 100);
}

static void commits(void)
{
    cut_everywhere(number_of("LXFS_CRASH_SEED", 1) + 1, number_of("LXFS_CRASH_STEPS", 500) / 2, 1000, 10);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"power cuts around syncs: nothing that was acknowledged is missing", syncs},
        {"power cuts around commits: old and whole or new and whole", commits},
    };
    return UNIT_MAIN(cases);
}
