/* SPDX-License-Identifier: MIT */
/**
 * Model: a file system that is as simple as can be, in arrays, and random operations that are done to it and to LXFS alike. Every answer
 * is compared; a digest of all names, attributes and contents of the one equals that of the other. Header only, for tests.
 */
#ifndef LX_FS_MODEL_H
#define LX_FS_MODEL_H

#include "fake.h"

enum {
    M_NODES = 48,
    M_NAMES = 24,
    M_XATTRS = 3,
    M_NEAR = 330000,   /* bytes of a file from its beginning that the model has */
    M_FAR = 70000,     /* and from M_FAR_AT on; everything else is never written */
    M_WRITE_MAX = 150000,
};
#define M_FAR_AT ((1ull << 34) + 1000)

struct m_node {
    uint64_t inode; /* 0: free */
    uint64_t size;
    uint64_t parent; /* index, of a directory */
    uint64_t device;
    uint32_t mode;
    uint32_t links;
    uint32_t uid;
    uint32_t gid;
    uint32_t holds;
    uint32_t quota;
    int64_t modified;
    uint32_t xattr_len[M_XATTRS]; /* and one; 0: none */
    uint8_t xattr[M_XATTRS];      /* the byte that it repeats */
    uint64_t content;             /* the digest of what it has, if is_known */
    bool is_known;
    uint8_t *near_bytes;
    uint8_t *far_bytes;
};

struct model {
    struct m_node nodes[M_NODES];         /* 1 is the root */
    uint8_t entries[M_NODES][M_NAMES]; /* in a directory, by name: index of a node, or 0 */
    uint64_t random;
    int64_t clock;
    bool has_quotas; /* without limits: quota_test has those */
    uint32_t near_max; /* how far the beginning of files is used */
    uint32_t write_max;
    uint64_t counts[24]; /* operations that succeeded, by kind */
    uint64_t refused;
    uint64_t wrong; /* answers that differ */
    uint64_t seed;
};

static inline struct lxfs_name m_name(uint32_t i)
{
    static char names[M_NAMES][LXFS_NAME_BYTES_MAX + 1];
    if (names[i][0] == 0) {
        uint32_t len = i % 4 == 3 ? LXFS_NAME_BYTES_MAX - i : 1 + i % 12;
        memset(names[i], 'a' + (int)i, len);
    }
    return (struct lxfs_name){names[i], strlen(names[i])};
}

static inline bool m_is_dir(const struct m_node *n)
{
    return (n->mode & LXFS_IFMT) == LXFS_IFDIR;
}

static inline void m_init(struct model *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->seed = seed;
    m->random = seed;
    m->clock = 2000000;
    m->near_max = M_NEAR;
    m->write_max = M_WRITE_MAX;
    for (uint32_t i = 0; i < M_NODES; i++) {
        m->nodes[i].near_bytes = (uint8_t *)calloc(1, M_NEAR);
        m->nodes[i].far_bytes = (uint8_t *)calloc(1, M_FAR);
    }
    m->nodes[1] = (struct m_node){.inode = LXFS_ROOT_INODE,
                                  .mode = LXFS_IFDIR | 0755,
                                  .links = 2,
                                  .parent = 1,
                                  .modified = 1000000,
                                  .near_bytes = m->nodes[1].near_bytes,
                                  .far_bytes = m->nodes[1].far_bytes};
}

static inline void m_end(struct model *m)
{
    for (uint32_t i = 0; i < M_NODES; i++) {
        free(m->nodes[i].near_bytes);
        free(m->nodes[i].far_bytes);
    }
}

static inline uint32_t m_below(struct model *m, uint32_t end)
{
    return random_below(&m->random, end);
}

static inline void m_wrong(struct model *m, const char *what, uint64_t is, uint64_t want)
{
    if (m->wrong++ < 5) {
        printf("# seed %llu, clock %lld: %s: %llu, not %llu\n", (unsigned long long)m->seed, (long long)m->clock, what,
               (unsigned long long)is, (unsigned long long)want);
    }
}

/* ---- digests ------------------------------------------------------------------------------------------------------------ */

static inline uint64_t m_digest_attr(uint64_t inode, uint32_t mode, uint32_t links, uint32_t uid, uint32_t gid, uint64_t size,
                                     int64_t modified)
{
    uint64_t h = fake_mix(inode, mode);
    h = fake_mix(h, (uint64_t)links << 32 | uid);
    h = fake_mix(h, gid);
    h = fake_mix(h, size);
    return fake_mix(h, (uint64_t)modified);
}

static inline uint64_t m_digest_entry(uint64_t directory, struct lxfs_name name, uint64_t inode, uint32_t type)
{
    return fake_mix(fake_mix_bytes(fake_mix(directory, inode), name.bytes, name.len_bytes), type);
}

static inline uint64_t m_digest_xattr(uint64_t inode, uint32_t i, uint32_t len, uint8_t value)
{
    return fake_mix(fake_mix(inode, (uint64_t)i << 32 | len), value);
}

static inline size_t m_near_len(uint64_t size)
{
    return size < M_NEAR ? (size_t)size : M_NEAR;
}

static inline size_t m_far_len(uint64_t size)
{
    return size <= M_FAR_AT ? 0 : size - M_FAR_AT < M_FAR ? (size_t)(size - M_FAR_AT) : M_FAR;
}

static inline uint64_t m_content(struct m_node *n)
{
    if (!n->is_known) {
        n->content = fake_mix_bytes(fake_mix_bytes(3, n->near_bytes, m_near_len(n->size)), n->far_bytes, m_far_len(n->size));
        n->is_known = true;
    }
    return n->content;
}

/* Of everything that has a name. */
static inline uint64_t m_digest(struct model *m)
{
    uint64_t sum = 0;
    for (uint32_t i = 1; i < M_NODES; i++) {
        struct m_node *n = &m->nodes[i];
        if (n->inode == 0 || n->links == 0) {
            continue;
        }
        sum += m_digest_attr(n->inode, n->mode, n->links, n->uid, n->gid, m_is_dir(n) ? 0 : n->size, n->modified);
        for (uint32_t x = 0; x < M_XATTRS; x++) {
            sum += n->xattr_len[x] == 0 ? 0 : m_digest_xattr(n->inode, x, n->xattr_len[x] - 1, n->xattr[x]);
        }
        sum += m_is_dir(n) ? 0 : fake_mix(m_content(n), n->inode);
        for (uint32_t k = 0; k < M_NAMES && m_is_dir(n); k++) {
            const struct m_node *child = &m->nodes[m->entries[i][k]];
            sum += m->entries[i][k] == 0 ? 0 : m_digest_entry(n->inode, m_name(k), child->inode, child->mode & LXFS_IFMT);
        }
    }
    return sum;
}

static const char *const m_xattr_names[M_XATTRS] = {"user.a", "security.bb", "user.some longer name"};

/* Adds up one inode of a volume. @return false when something could not be read. */
static inline bool m_digest_inode(struct lxfs *fs, uint64_t at, uint64_t *sum)
{
    uint64_t inode = at;
    static uint8_t near_bytes[M_NEAR];
    static uint8_t far_bytes[M_FAR];
    struct lxfs_attr a;
    size_t len = 0;
    if (lxfs_getattr(fs, inode, &a) != LXFS_OK) {
        return false;
    }
    bool is_dir = (a.mode & LXFS_IFMT) == LXFS_IFDIR;
    bool has_bytes = (a.mode & LXFS_IFMT) == LXFS_IFREG || (a.mode & LXFS_IFMT) == LXFS_IFLNK;
    inode -= snapshot_bits(inode);
    *sum += m_digest_attr(inode, a.mode, a.link_count, a.uid, a.gid, is_dir ? 0 : a.size_bytes, a.modified.seconds);
    for (uint32_t x = 0; x < M_XATTRS; x++) {
        enum lxfs_err err = lxfs_getxattr(fs, at, name_of(m_xattr_names[x]), near_bytes, sizeof near_bytes, &len);
        if (err != LXFS_OK && err != LXFS_ENOENT) {
            return false;
        }
        *sum += err == LXFS_OK ? m_digest_xattr(inode, x, (uint32_t)len, len == 0 ? 0 : near_bytes[len - 1]) : 0;
    }
    if (has_bytes) {
        if (lxfs_read(fs, at, 0, near_bytes, m_near_len(a.size_bytes), &len) != LXFS_OK || len != m_near_len(a.size_bytes)) {
            return false;
        }
        uint64_t h = fake_mix_bytes(3, near_bytes, len);
        if (lxfs_read(fs, at, M_FAR_AT, far_bytes, m_far_len(a.size_bytes), &len) != LXFS_OK || len != m_far_len(a.size_bytes)) {
            return false;
        }
        *sum += fake_mix(fake_mix_bytes(h, far_bytes, len), inode);
    } else if (!is_dir) {
        *sum += fake_mix(3, inode);
    }
    return true;
}

/* The digest of a volume, or of a snapshot, by its root directory: everything that has a name is read. */
static inline bool m_digest_at(struct lxfs *fs, uint64_t root, uint64_t *out)
{
    uint64_t queue[4 * M_NODES];
    uint32_t first = 0;
    uint32_t end = 1;
    uint64_t sum = 0;
    queue[0] = root;
    for (; first < end; first++) {
        static struct lxfs_entry entries[M_NAMES];
        struct lxfs_attr a;
        uint64_t cookie = 0;
        size_t count = 0;
        bool is_end = false;
        if (!m_digest_inode(fs, queue[first], &sum) || lxfs_getattr(fs, queue[first], &a) != LXFS_OK) {
            return false;
        }
        while ((a.mode & LXFS_IFMT) == LXFS_IFDIR && !is_end) {
            if (lxfs_readdir(fs, queue[first], &cookie, entries, M_NAMES, &count, &is_end) != LXFS_OK) {
                return false;
            }
            for (size_t i = 0; i < count; i++) {
                bool is_known = false;
                struct lxfs_name name = {entries[i].name, entries[i].name_bytes};
                sum += m_digest_entry(queue[first] - snapshot_bits(root), name, entries[i].inode - snapshot_bits(root), entries[i].mode_type);
                for (uint32_t k = 0; k < end; k++) {
                    is_known = is_known || queue[k] == entries[i].inode;
                }
                if (!is_known) {
                    if (end == ARRAY_LEN(queue)) {
                        return false;
                    }
                    queue[end++] = entries[i].inode;
                }
            }
        }
    }
    *out = sum;
    return true;
}

static inline bool m_digest_fs(struct lxfs *fs, uint64_t *out)
{
    return m_digest_at(fs, LXFS_ROOT_INODE, out);
}

/* ---- snapshots: what they must be is known when they are taken -------------------------------------------------------------- */

enum { M_SNAPSHOTS = 6 };

struct m_snapshots {
    uint64_t digests[M_SNAPSHOTS];
    bool is_there[M_SNAPSHOTS];
    uint32_t flux; /* number and one of the one that is being taken or removed: it may be there */
    uint64_t taken;
    uint64_t removed;
};

static inline struct lxfs_name m_snapshot_name(uint32_t i)
{
    static const char *const names[M_SNAPSHOTS] = {"a", "before", "c c", "2026-11-23", "e", "the one with a name of sixty-three bytes, which is the longest."};
    return name_of(names[i]);
}

/* Takes one that is not there, or removes one that is. */
static inline void m_snapshot_step(struct model *m, struct lxfs *fs, struct m_snapshots *s)
{
    uint32_t i = m_below(m, M_SNAPSHOTS);
    enum lxfs_err err = LXFS_OK;
    s->flux = i + 1;
    if (s->is_there[i]) {
        err = lxfs_snapshot_take(fs, m_snapshot_name(i)) == LXFS_EEXIST ? lxfs_snapshot_remove(fs, m_snapshot_name(i)) : LXFS_EINVAL;
        s->removed++;
    } else {
        s->digests[i] = m_digest(m);
        err = lxfs_snapshot_take(fs, m_snapshot_name(i));
        s->taken++;
    }
    if (err != LXFS_OK) {
        m_wrong(m, "taking or removing a snapshot", err, LXFS_OK);
    }
    s->is_there[i] = !s->is_there[i];
    s->flux = 0;
}

/* All that are there are what they were, and no others are. */
static inline void m_snapshots_compare(struct model *m, struct lxfs *fs, const struct m_snapshots *s)
{
    struct lxfs_snapshot found;
    for (uint32_t i = 0; i < M_SNAPSHOTS; i++) {
        uint64_t digest = 0;
        enum lxfs_err err = lxfs_snapshot_find(fs, m_snapshot_name(i), &found);
        if (err != (s->is_there[i] ? LXFS_OK : LXFS_ENOENT) && (s->flux != i + 1 || (err != LXFS_OK && err != LXFS_ENOENT))) {
            m_wrong(m, "finding a snapshot", err, s->is_there[i]);
        }
        if (err == LXFS_OK && (!m_digest_at(fs, found.root, &digest) || digest != s->digests[i])) {
            m_wrong(m, "what a snapshot has", digest, s->digests[i]);
        }
    }
}

/* ---- operations: what the model expects, then what LXFS says ---------------------------------------------------------------- */

/* Any node that can be reached: by a name or because it is held. */
static inline uint32_t m_any(struct model *m, bool want_dir)
{
    for (uint32_t tries = 0; tries < 40; tries++) {
        uint32_t i = 1 + m_below(m, M_NODES - 1);
        bool is_wanted = m->nodes[i].links != 0 || m_below(m, 8) == 0;
        if (m->nodes[i].inode != 0 && m_is_dir(&m->nodes[i]) == want_dir && is_wanted) {
            return i;
        }
    }
    return 1;
}

/* For contents: mostly a regular file. */
static inline uint32_t m_regular(struct model *m)
{
    uint32_t i = m_any(m, m_below(m, 50) == 0);
    for (uint32_t tries = 0; tries < 10 && (m->nodes[i].mode & LXFS_IFMT) != LXFS_IFREG && m_below(m, 8) != 0; tries++) {
        i = m_any(m, false);
    }
    return i;
}

static inline uint32_t m_free(struct model *m)
{
    for (uint32_t i = 2; i < M_NODES; i++) {
        if (m->nodes[i].inode == 0) {
            return i;
        }
    }
    return 0;
}

static inline uint32_t m_used(const struct model *m)
{
    uint32_t count = 0;
    for (uint32_t i = 2; i < M_NODES; i++) {
        count += m->nodes[i].inode != 0;
    }
    return count;
}

/* The answer must be the one expected. @return whether both succeeded. */
static inline bool m_same(struct model *m, const char *what, enum lxfs_err is, enum lxfs_err want)
{
    if (is != want) {
        m_wrong(m, what, is, want);
    }
    m->refused += want != LXFS_OK;
    return is == LXFS_OK && want == LXFS_OK;
}

static inline void m_put(struct m_node *n, uint64_t offset, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* what is not in one of the parts is zero anyway */
        uint64_t at = offset + i;
        if (at < M_NEAR) {
            n->near_bytes[at] = bytes == NULL ? 0 : bytes[i];
        } else if (at >= M_FAR_AT && at < M_FAR_AT + M_FAR) {
            n->far_bytes[at - M_FAR_AT] = bytes == NULL ? 0 : bytes[i];
        }
    }
    n->is_known = false;
}

static inline void m_zero(struct m_node *n, uint64_t from, uint64_t to)
{
    if (from < M_NEAR) {
        memset(n->near_bytes + from, 0, (size_t)((to < M_NEAR ? to : M_NEAR) - from));
    }
    if (to > M_FAR_AT && from < M_FAR_AT + M_FAR) {
        uint64_t low = from < M_FAR_AT ? 0 : from - M_FAR_AT;
        uint64_t high = to - M_FAR_AT < M_FAR ? to - M_FAR_AT : M_FAR;
        memset(n->far_bytes + low, 0, (size_t)(high - low));
    }
    n->is_known = false;
}

static inline void m_lose(struct model *m, uint32_t i)
{
    struct m_node *n = &m->nodes[i];
    n->links = m_is_dir(n) ? 0 : n->links - 1;
    if (n->links == 0 && n->holds == 0) {
        uint8_t *near_bytes = n->near_bytes;
        uint8_t *far_bytes = n->far_bytes;
        memset(near_bytes, 0, M_NEAR);
        memset(far_bytes, 0, M_FAR);
        memset(m->entries[i], 0, sizeof m->entries[i]);
        *n = (struct m_node){.near_bytes = near_bytes, .far_bytes = far_bytes};
    }
}

static inline bool m_is_empty(const struct model *m, uint32_t d)
{
    for (uint32_t k = 0; k < M_NAMES; k++) {
        if (m->entries[d][k] != 0) {
            return false;
        }
    }
    return true;
}

/* Gives a directory another quota. Commits, so that all that was done before is durable. */
static inline void m_quota_step(struct model *m, struct lxfs *fs, uint32_t d)
{
    uint32_t quota = m_below(m, 3);
    if (m_same(m, "quota", lxfs_quota_assign(fs, m->nodes[d].inode, quota), m_is_empty(m, d) ? LXFS_OK : LXFS_ENOTEMPTY)) {
        m->nodes[d].quota = quota;
    }
}

static inline void m_create(struct model *m, struct lxfs *fs)
{
    static const uint32_t types[] = {LXFS_IFREG, LXFS_IFREG, LXFS_IFREG, LXFS_IFREG, LXFS_IFREG, LXFS_IFREG, LXFS_IFREG,
                                     LXFS_IFDIR, LXFS_IFDIR, LXFS_IFLNK, LXFS_IFCHR, LXFS_IFBLK, LXFS_IFIFO, LXFS_IFSOCK};
    static char target[LXFS_TARGET_BYTES_MAX];
    uint32_t d = m_any(m, true);
    uint32_t k = m_below(m, M_NAMES);
    uint32_t i = m_free(m);
    bool is_unnamed = m_below(m, 20) == 0;
    uint32_t type = is_unnamed ? (uint32_t)LXFS_IFREG : types[m_below(m, ARRAY_LEN(types))];
    size_t target_bytes = type == LXFS_IFLNK ? 1 + m_below(m, m_below(m, 4) == 0 ? LXFS_TARGET_BYTES_MAX : 60) : 0;
    if (i == 0) {
        return;
    }
    memset(target, 'a' + (int)m_below(m, 26), target_bytes);
    struct lxfs_node node = {.mode = type | m_below(m, 01000),
                             .uid = m_below(m, 5),
                             .gid = m_below(m, 5),
                             .device = type == LXFS_IFCHR ? 0x501 : 0,
                             .target = target,
                             .target_bytes = target_bytes};
    enum lxfs_err want = is_unnamed ? LXFS_OK : m->entries[d][k] != 0 ? LXFS_EEXIST : m->nodes[d].links == 0 ? LXFS_ENOENT : LXFS_OK;
    uint64_t inode = 0;
    struct lxfs_name name = m_name(k);
    name.len_bytes = is_unnamed ? 0 : name.len_bytes;
    if (!m_same(m, "create", lxfs_create(fs, m->nodes[d].inode, name, &node, &inode), want)) {
        return;
    }
    struct m_node *n = &m->nodes[i];
    n->inode = inode;
    n->mode = node.mode;
    n->uid = node.uid;
    n->gid = node.gid;
    n->device = node.device;
    n->links = is_unnamed ? 0 : m_is_dir(n) ? 2 : 1;
    n->holds = is_unnamed;
    n->parent = d;
    n->quota = m->nodes[d].quota;
    n->modified = m->clock;
    n->size = target_bytes;
    n->is_known = false;
    memcpy(n->near_bytes, target, target_bytes);
    if (!is_unnamed) {
        m->entries[d][k] = (uint8_t)i;
        m->nodes[d].links += m_is_dir(n);
        m->nodes[d].modified = m->clock;
    }
    if (m->has_quotas && m_is_dir(n) && m_below(m, 8) == 0) {
        m_quota_step(m, fs, i);
    }
}

static inline void m_link(struct model *m, struct lxfs *fs)
{
    uint32_t d = m_any(m, true);
    uint32_t k = m_below(m, M_NAMES);
    uint32_t i = m_any(m, m_below(m, 10) == 0);
    struct m_node *n = &m->nodes[i];
    enum lxfs_err want = m->entries[d][k] != 0      ? LXFS_EEXIST
                         : m->nodes[d].links == 0 ? LXFS_ENOENT
                         : m_is_dir(n)              ? LXFS_EISDIR
                         : n->quota != m->nodes[d].quota ? LXFS_EXDEV
                                                    : LXFS_OK;
    if (m_same(m, "link", lxfs_link(fs, n->inode, m->nodes[d].inode, m_name(k)), want)) {
        n->links++;
        m->entries[d][k] = (uint8_t)i;
        m->nodes[d].modified = m->clock;
    }
}

static inline void m_unlink(struct model *m, struct lxfs *fs, bool is_rmdir)
{
    uint32_t d = m_any(m, true);
    uint32_t k = m_below(m, M_NAMES);
    for (uint32_t tries = 0; tries < 40 && m->entries[d][k] == 0 && m_used(m) > M_NODES * 2 / 3; tries++) {
        k = m_below(m, M_NAMES);
    }
    uint32_t i = m->entries[d][k];
    struct m_node *n = &m->nodes[i];
    enum lxfs_err want = LXFS_OK;
    if (i == 0) {
        want = LXFS_ENOENT;
    } else if (m_is_dir(n) != is_rmdir) {
        want = is_rmdir ? LXFS_ENOTDIR : LXFS_EISDIR;
    } else if (is_rmdir && !m_is_empty(m, i)) {
        want = LXFS_ENOTEMPTY;
    }
    uint64_t dir = m->nodes[d].inode;
    enum lxfs_err is = is_rmdir ? lxfs_rmdir(fs, dir, m_name(k)) : lxfs_unlink(fs, dir, m_name(k));
    if (m_same(m, is_rmdir ? "rmdir" : "unlink", is, want)) {
        m->entries[d][k] = 0;
        m->nodes[d].links -= m_is_dir(n);
        m->nodes[d].modified = m->clock;
        m_lose(m, i);
    }
}

static inline bool m_lies_in(const struct model *m, uint64_t d, uint32_t i)
{
    for (; d != 1; d = m->nodes[d].parent) {
        if (d == i) {
            return true;
        }
    }
    return i == 1;
}

static inline enum lxfs_err m_rename_want(const struct model *m, uint32_t d, uint32_t i, uint32_t to, uint32_t other, uint32_t flags)
{
    const struct m_node *n = &m->nodes[i];
    const struct m_node *o = &m->nodes[other];
    if (i == 0 || m->nodes[to].links == 0) {
        return LXFS_ENOENT;
    }
    if (d != to && m_is_dir(n) && m_lies_in(m, to, i)) {
        return LXFS_EINVAL;
    }
    if (d != to && flags == LXFS_EXCHANGE && other != 0 && m_is_dir(o) && m_lies_in(m, d, other)) {
        return LXFS_EINVAL;
    }
    if (flags == LXFS_EXCHANGE) {
        return other == 0 ? LXFS_ENOENT : LXFS_OK;
    }
    if (other != 0 && flags == LXFS_NOREPLACE) {
        return LXFS_EEXIST;
    }
    if (other != 0 && other != i && m_is_dir(o) != m_is_dir(n)) {
        return m_is_dir(o) ? LXFS_EISDIR : LXFS_ENOTDIR;
    }
    return other != 0 && other != i && m_is_dir(o) && !m_is_empty(m, other) ? LXFS_ENOTEMPTY : LXFS_OK;
}

static inline void m_rename(struct model *m, struct lxfs *fs)
{
    uint32_t d = m_any(m, true);
    uint32_t to = m_below(m, 3) == 0 ? d : m_any(m, true);
    uint32_t k = m_below(m, M_NAMES);
    uint32_t k2 = m_below(m, M_NAMES);
    uint32_t flags = m_below(m, 3) == 0 ? 1 + m_below(m, 2) : 0;
    for (uint32_t tries = 0; tries < 40 && m->entries[d][k] == 0; tries++) {
        k = m_below(m, M_NAMES);
    }
    uint32_t i = m->entries[d][k];
    uint32_t other = m->entries[to][k2];
    enum lxfs_err want = m_rename_want(m, d, i, to, other, flags);
    if (want == LXFS_OK && other != i && m->nodes[d].quota != m->nodes[to].quota) {
        want = LXFS_EXDEV;
    }
    enum lxfs_err is = lxfs_rename(fs, m->nodes[d].inode, m_name(k), m->nodes[to].inode, m_name(k2), flags);
    if (!m_same(m, "rename", is, want) || other == i) {
        return;
    }
    struct m_node *n = &m->nodes[i];
    m->nodes[d].links -= m_is_dir(n);
    m->nodes[to].links += m_is_dir(n);
    m->entries[d][k] = 0;
    m->entries[to][k2] = (uint8_t)i;
    n->parent = m_is_dir(n) ? to : n->parent;
    m->nodes[d].modified = m->clock;
    m->nodes[to].modified = m->clock;
    if (other != 0) {
        m->nodes[to].links -= m_is_dir(&m->nodes[other]);
        if (flags == LXFS_EXCHANGE) {
            m->entries[d][k] = (uint8_t)other;
            m->nodes[d].links += m_is_dir(&m->nodes[other]);
            m->nodes[other].parent = m_is_dir(&m->nodes[other]) ? d : m->nodes[other].parent;
        } else {
            m_lose(m, other);
        }
    }
}

static inline enum lxfs_err m_contents_want(const struct m_node *n)
{
    return m_is_dir(n) ? LXFS_EISDIR : (n->mode & LXFS_IFMT) == LXFS_IFREG ? LXFS_OK : LXFS_EINVAL;
}

static inline uint64_t m_offset(struct model *m)
{
    uint32_t kind = m_below(m, 16);
    if (kind == 0) {
        return M_FAR_AT + m_below(m, M_FAR);
    }
    return kind < 4 ? m_below(m, m->near_max) : m_below(m, m->near_max < 20000 ? m->near_max : 20000);
}

static inline void m_write(struct model *m, struct lxfs *fs)
{
    static uint8_t bytes[M_WRITE_MAX];
    struct m_node *n = &m->nodes[m_regular(m)];
    uint64_t offset = m_offset(m);
    size_t len = 1 + m_below(m, m_below(m, 20) == 0 ? m->write_max : 6000);
    size_t done = 0;
    if (m_below(m, 4) == 0) {
        offset = offset / BLOCK * BLOCK;
        len = BLOCK;
    }
    uint64_t end = offset < M_FAR_AT ? m->near_max : M_FAR_AT + M_FAR;
    if (offset >= end) {
        return;
    }
    len = len < end - offset ? len : (size_t)(end - offset);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = random_next(&m->random);
        memcpy(bytes + i, &word, len - i < 8 ? len - i : 8);
    }
    if (m_same(m, "write", lxfs_write(fs, n->inode, offset, bytes, len, &done), m_contents_want(n))) {
        m_put(n, offset, bytes, len);
        n->size = n->size > offset + len ? n->size : offset + len;
        n->modified = m->clock;
    }
}

static inline void m_truncate(struct model *m, struct lxfs *fs)
{
    struct m_node *n = &m->nodes[m_regular(m)];
    uint64_t size = m_below(m, 4) == 0 ? 0 : m_offset(m);
    if (m_same(m, "truncate", lxfs_truncate(fs, n->inode, size), m_contents_want(n))) {
        if (size < n->size) {
            m_zero(n, size, n->size);
        }
        n->size = size;
        n->is_known = false;
        n->modified = m->clock;
    }
}

static inline void m_punch(struct model *m, struct lxfs *fs)
{
    struct m_node *n = &m->nodes[m_regular(m)];
    uint64_t offset = m_offset(m);
    uint64_t len = 1 + m_below(m, 40000);
    len = m_below(m, 10) == 0 ? 1ull << 36 : len;
    if (m_same(m, "punch", lxfs_punch(fs, n->inode, offset, len), m_contents_want(n)) && offset < n->size) {
        m_zero(n, offset, len < n->size - offset ? offset + len : n->size);
        n->modified = m->clock;
    }
}

static inline void m_setattr(struct model *m, struct lxfs *fs)
{
    struct m_node *n = &m->nodes[m_any(m, m_below(m, 5) == 0)];
    struct lxfs_attr a = {.mode = m_below(m, 010000), .uid = m_below(m, 9), .gid = m_below(m, 9), .modified = {m_below(m, 1000), 7}};
    uint32_t mask = m_below(m, 64);
    a.flags = m_below(m, 2);
    if (!m_same(m, "setattr", lxfs_setattr(fs, n->inode, mask, &a), LXFS_OK)) {
        return;
    }
    n->mode = (mask & LXFS_SET_MODE) != 0 ? (n->mode & LXFS_IFMT) | a.mode : n->mode;
    n->uid = (mask & LXFS_SET_UID) != 0 ? a.uid : n->uid;
    n->gid = (mask & LXFS_SET_GID) != 0 ? a.gid : n->gid;
    n->modified = (mask & LXFS_SET_MODIFIED) != 0 ? a.modified.seconds : n->modified;
}

static inline void m_setxattr(struct model *m, struct lxfs *fs)
{
    static uint8_t value[LXFS_XATTR_BYTES_MAX];
    struct m_node *n = &m->nodes[m_any(m, m_below(m, 5) == 0)];
    uint32_t x = m_below(m, M_XATTRS);
    uint32_t len = m_below(m, m_below(m, 5) == 0 ? 4000 : 50);
    uint32_t flags = m_below(m, 4) == 0 ? 1 + m_below(m, 2) : 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < M_XATTRS; i++) {
        used += n->xattr_len[i] == 0 || i == x ? 0 : 3 + n->xattr_len[i] + (uint32_t)strlen(m_xattr_names[i]);
    }
    bool fits = 4 + strlen(m_xattr_names[x]) + len <= LXFS_XATTR_BYTES_MAX - used;
    enum lxfs_err want = n->xattr_len[x] != 0 && flags == LXFS_XATTR_CREATE    ? LXFS_EEXIST
                         : n->xattr_len[x] == 0 && flags == LXFS_XATTR_REPLACE ? LXFS_ENOENT
                         : fits                                                 ? LXFS_OK
                                                                                : LXFS_ERANGE;
    memset(value, (int)m_below(m, 256), sizeof value);
    if (m_same(m, "setxattr", lxfs_setxattr(fs, n->inode, name_of(m_xattr_names[x]), value, len, flags), want)) {
        n->xattr_len[x] = len + 1;
        n->xattr[x] = len == 0 ? 0 : value[0];
    }
}

static inline void m_removexattr(struct model *m, struct lxfs *fs)
{
    struct m_node *n = &m->nodes[m_any(m, m_below(m, 5) == 0)];
    uint32_t x = m_below(m, M_XATTRS);
    enum lxfs_err is = lxfs_removexattr(fs, n->inode, name_of(m_xattr_names[x]));
    if (m_same(m, "removexattr", is, n->xattr_len[x] == 0 ? LXFS_ENOENT : LXFS_OK)) {
        n->xattr_len[x] = 0;
    }
}

static inline void m_hold(struct model *m, struct lxfs *fs)
{
    uint32_t i = m_any(m, m_below(m, 5) == 0);
    for (uint32_t k = 2; k < M_NODES; k++) { /* those that wait for it come first */
        i = m->nodes[k].holds != 0 && m_below(m, 4) == 0 ? k : i;
    }
    struct m_node *n = &m->nodes[i];
    if (n->holds == 0) {
        if (m_same(m, "hold", lxfs_hold(fs, n->inode), LXFS_OK)) {
            n->holds++;
        }
        return;
    }
    if (m_same(m, "release", lxfs_release(fs, n->inode), LXFS_OK)) {
        n->holds--;
        if (n->links == 0 && n->holds == 0) {
            n->links = 1;
            m_lose(m, i);
        }
    }
}

/* Reads a piece of a file, and its attributes, and a name. */
static inline void m_look(struct model *m, struct lxfs *fs)
{
    static uint8_t got[20000];
    uint32_t i = m_regular(m);
    struct m_node *n = &m->nodes[i];
    uint64_t inode = 0;
    uint32_t d = m_any(m, true);
    uint32_t k = m_below(m, M_NAMES);
    for (uint32_t tries = m_below(m, 40); tries > 0 && m->entries[d][k] == 0; tries--) {
        k = m_below(m, M_NAMES);
    }
    uint32_t named = m->entries[d][k];
    enum lxfs_err err = lxfs_lookup(fs, m->nodes[d].inode, m_name(k), &inode);
    if (m_same(m, "lookup", err, named == 0 ? LXFS_ENOENT : LXFS_OK) && inode != m->nodes[named].inode) {
        m_wrong(m, "inode", inode, m->nodes[named].inode);
    }
    if (m_contents_want(n) != LXFS_OK) {
        return;
    }
    uint64_t offset = m_offset(m);
    size_t len = 1 + m_below(m, sizeof got);
    size_t count = 0;
    size_t near_left = offset < M_NEAR ? (size_t)(M_NEAR - offset) : 0;
    len = offset >= M_FAR_AT || len < near_left ? len : near_left;
    len = offset < M_FAR_AT || len < M_FAR_AT + M_FAR - offset ? len : (size_t)(M_FAR_AT + M_FAR - offset);
    if (len == 0 || !m_same(m, "read", lxfs_read(fs, n->inode, offset, got, len, &count), LXFS_OK)) {
        return;
    }
    size_t want = offset >= n->size ? 0 : len < n->size - offset ? len : (size_t)(n->size - offset);
    const uint8_t *bytes = offset < M_NEAR ? n->near_bytes + offset : n->far_bytes + (offset - M_FAR_AT);
    if (count != want || memcmp(got, bytes, count) != 0) {
        m_wrong(m, "contents", count, want);
    }
}

/* One random operation that changes something, or is refused. */
static inline void m_step(struct model *m, struct lxfs *fs)
{
    m->clock++;
    lxfs_clock(fs, (struct lxfs_time){m->clock, 0});
    uint32_t kind = m_below(m, 20);
    m->counts[kind]++;
    switch (kind) {
    case 0:
    case 1:
    case 2:
        m_create(m, fs);
        break;
    case 3:
        m_link(m, fs);
        break;
    case 4:
    case 5:
        m_unlink(m, fs, false);
        break;
    case 6:
        m_unlink(m, fs, true);
        break;
    case 7:
    case 8:
        m_rename(m, fs);
        break;
    case 9:
        m_truncate(m, fs);
        break;
    case 10:
        m_punch(m, fs);
        break;
    case 11:
        m_setattr(m, fs);
        break;
    case 12:
        m_setxattr(m, fs);
        break;
    case 13:
        m_removexattr(m, fs);
        break;
    case 14:
        m_hold(m, fs);
        break;
    default:
        m_write(m, fs);
        break;
    }
}

/* What a remount does: nothing is held any more. */
static inline void m_remounted(struct model *m)
{
    for (uint32_t i = 1; i < M_NODES; i++) {
        struct m_node *n = &m->nodes[i];
        n->holds = 0;
        if (n->inode != 0 && n->links == 0) {
            n->links = 1;
            m_lose(m, i);
        }
    }
}

#endif
