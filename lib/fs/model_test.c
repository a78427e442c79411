/* SPDX-License-Identifier: MIT */
/**
 * LXFS: random operations against a model, with commits, syncs and openings in between; every answer and, from time to time, everything
 * is compared, and all blocks are audited. LXFS_MODEL_STEPS: how many operations; without it a number that takes some twenty seconds.
 */
#include "model.h"
#include "unit.h"

static uint64_t steps_wanted(void)
{
    const char *text = getenv("LXFS_MODEL_STEPS");
    return text != NULL ? strtoull(text, NULL, 10) : 1000000;
}

static void compare(struct model *m, struct volume *v)
{
    uint64_t is = 0;
    CHECK(m_digest_fs(v->fs, &is));
    CHECK_EQ(is, m_digest(m));
}

static void run(uint64_t seed, uint64_t steps, uint32_t leaves, uint32_t nodes, bool is_sealed, uint32_t near_max)
{
    struct disk disk;
    struct volume v;
    struct fake_cipher cipher = {0};
    static struct model m;
    m_init(&m, seed);
    m.near_max = near_max;
    m.has_quotas = true;
    m.write_max = near_max < M_WRITE_MAX ? near_max : M_WRITE_MAX;
    disk_make(&disk, BLOCK, 16384ull * BLOCK, false);
    struct lxfs_crypt crypt = is_sealed ? fake_crypt(&cipher) : (struct lxfs_crypt){0};
    volume_init(&v, &disk, &crypt, leaves, nodes);
    CHECK_EQ(volume_format(&v, 128), LXFS_OK);
    uint64_t looks = 0;
    uint64_t opened = 0;
    struct m_snapshots snapshots = {0};
    for (uint64_t n = 1; n <= steps && m.wrong == 0 && unit_failed_checks == 0; n++) {
        m_step(&m, v.fs);
        if (m_below(&m, 2) == 0) {
            m_look(&m, v.fs);
            looks++;
        }
        uint32_t kind = m_below(&m, 2000);
        if (kind % 20 == 0) {
            volume_rewind(&v);
        }
        if (kind < 100) {
            CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        } else if (kind < 105) {
            CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        } else if (kind < 108 && kind > 105) {
            m_snapshot_step(&m, v.fs, &snapshots);
        } else if (kind == 108) {
            m_snapshots_compare(&m, v.fs, &snapshots);
        } else if (kind == 105) {
            CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
            CHECK_EQ(volume_open(&v, 0), LXFS_OK);
            m_remounted(&m);
            compare(&m, &v);
            opened++;
        }
        if (n % 20000 == 0) {
            CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
            CHECK(audit_holds(v.fs));
        }
    }
    compare(&m, &v);
    m_snapshots_compare(&m, v.fs, &snapshots);
    CHECK_EQ(m.wrong, 0);
    struct lxfs_stats s;
    lxfs_stats(v.fs, &s);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    for (uint32_t i = 0; i < M_SNAPSHOTS; i++) { /* without snapshots nothing is kept */
        CHECK_EQ(lxfs_snapshot_remove(v.fs, m_snapshot_name(i)), snapshots.is_there[i] ? LXFS_OK : LXFS_ENOENT);
    }
    while (lxfs_reclaim(v.fs, 1000) == LXFS_OK) {
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    CHECK_EQ(v.fs->kept_count, 0);
    CHECK_EQ(cipher.reused, 0);
    CHECK(s.bad_blocks == 0 && s.map_errors == 0 && s.lost_blocks == 0);
    printf("# seed %llu: %llu changes (%llu refused), %llu looks, %llu openings, %llu snapshots%s\n", (unsigned long long)seed,
           (unsigned long long)steps, (unsigned long long)m.refused, (unsigned long long)looks, (unsigned long long)opened, (unsigned long long)snapshots.taken,
           is_sealed ? ", sealed" : "");
    free(cipher.seen);
    free(v.memory);
    disk_free(&disk);
    m_end(&m);
}

static void small_files(void)
{
    run(1, steps_wanted() * 8 / 10, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN, false, 30000);
}

static void large_files(void)
{
    run(2, steps_wanted() * 1 / 10, 4096, 1024, false, M_NEAR);
}

static void sealed(void)
{
    run(3, steps_wanted() * 1 / 10, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN, true, 60000);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"random operations on small files, as the model has it", small_files},
        {"random operations on larger files", large_files},
        {"random operations on a volume with a cipher, whose nonces never come twice", sealed},
    };
    return UNIT_MAIN(cases);
}
