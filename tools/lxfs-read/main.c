/* SPDX-License-Identifier: MIT */
/**
 * Lxfs-read: a reader of LXFS of its own. It walks an unencrypted volume from its superblock, verifies each hash on the way, prints root, size and
 * path of all that has a name, in the volume and then in its snapshots, and says what does not verify.
 *
 * It was written from docs/spec/lxfs.md and docs/spec/tree.md alone, and shares no line and no header with lib/fs, lib/tree or lib/base: if both
 * agree about a volume, the page is enough to write a reader from. So it prefers what is plain to what is fast.
 *
 * Uses:   the C library, SHA-256 of libcrypto.
 * Limits: an image that is a volume as a whole; the state of the last commit: it does not do the log again, and says when there is one.
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, HASH = 32, POINTER = 64, FANOUT = 64, LEVELS = 12, INODE = 256, DIR_LEVELS = 8 };
enum { ROOT_DIRECTORY = 2, SNAPSHOT_LIST = 3, FIRST_NAMED = 6, SNAPSHOTS = 256 };

static FILE *image;
static const char *image_path;
static uint64_t blocks, data_first, data_end, generation, log_blocks;
static uint8_t secret[16];
static unsigned long bad_count;

static void stop(const char *why)
{
    fprintf(stderr, "lxfs-read: %s: %s\n", image_path, why);
    exit(2);
}

static uint64_t number(const uint8_t *at, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = bytes; i > 0; i--) {
        n = n << 8 | at[i - 1];
    }
    return n;
}

static bool read_block(uint64_t at, uint8_t out[BLOCK])
{
    return at < blocks && fseeko(image, (off_t)(at * BLOCK), SEEK_SET) == 0 && fread(out, BLOCK, 1, image) == 1;
}

static void *memory(size_t bytes)
{
    void *out = calloc(1, bytes);
    if (out == NULL) {
        stop("out of memory");
    }
    return out;
}

/* ---- hashes: tree.md, section 3 ------------------------------------------------------------------------------------- */

static EVP_MD_CTX *sha;

static void sha_begin(void)
{
    sha = sha == NULL ? EVP_MD_CTX_new() : sha;
    if (sha == NULL || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1) {
        stop("libcrypto has no SHA-256");
    }
}

static void sha_add(const void *bytes, size_t len)
{
    if (EVP_DigestUpdate(sha, bytes, len) != 1) {
        stop("libcrypto fails");
    }
}

static void sha_end(uint8_t out[HASH])
{
    if (EVP_DigestFinal_ex(sha, out, NULL) != 1) {
        stop("libcrypto fails");
    }
}

static void leaf_hash(const uint8_t *bytes, size_t len, uint8_t out[HASH])
{
    static const uint8_t zero;
    sha_begin();
    sha_add(&zero, 1);
    sha_add(bytes, len);
    sha_end(out);
}

static void node_hash(const uint8_t *left, const uint8_t *right, uint8_t out[HASH])
{
    static const uint8_t one = 1;
    sha_begin();
    sha_add(&one, 1);
    sha_add(left, HASH);
    sha_add(right, HASH);
    sha_end(out);
}

/* In pairs, level by level, an odd last one as it is; works in place. */
static void fold(uint8_t (*hashes)[HASH], uint64_t count, uint8_t out[HASH])
{
    while (count > 1) {
        for (uint64_t i = 0; i < count / 2; i++) {
            node_hash(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
        }
        if (count % 2 == 1) {
            memmove(hashes[count / 2], hashes[count - 1], HASH);
        }
        count = count / 2 + count % 2;
    }
    memcpy(out, hashes[0], HASH);
}

/* The root over this many bytes that are zero, not none. Whole subtrees of 64^level leaves are known; so are the right edges above the last. */
static void zeros_hash(uint64_t bytes, uint8_t out[HASH])
{
    static const uint8_t block[BLOCK];
    uint64_t count = (bytes - 1) / BLOCK + 1;
    uint8_t full[HASH], last[HASH];
    leaf_hash(block, BLOCK, full);
    leaf_hash(block, (size_t)(bytes - (count - 1) * BLOCK), last);
    /* On each level all but the last are the same, and the last pairs up with one of them or goes up alone. */
    while (count > 1) {
        if (count % 2 == 0) {
            node_hash(full, last, last);
        }
        node_hash(full, full, full);
        count = count / 2 + count % 2;
    }
    memcpy(out, last, HASH);
}

static uint64_t check_of(const uint8_t block[BLOCK])
{
    uint64_t h = UINT64_C(0x4c58465331) ^ BLOCK;
    for (unsigned i = 0; i < BLOCK; i += 8) {
        h ^= number(block + i, 8);
        h = (h << 29 | h >> 35) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return h ^ h >> 32;
}

/* ---- trees: sections 2 and 3 ---------------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *at, size_t bytes)
{
    while (bytes > 0 && at[bytes - 1] == 0) {
        bytes--;
    }
    return bytes == 0;
}

static uint64_t leaves_of(uint64_t size)
{
    return size == 0 ? 0 : (size - 1) / BLOCK + 1;
}

static uint64_t span_of(unsigned level) /* leaves below one pointer */
{
    return level >= 10 ? UINT64_C(1) << 60 : UINT64_C(1) << 6 * level;
}

static unsigned depth_of(uint64_t leaves)
{
    unsigned d = 0;
    while (span_of(d) < leaves) {
        d++;
    }
    return d;
}

/* Bytes of a file that a subtree stands for; its first leaf is `first`, which lies before the end. */
static uint64_t bytes_below(uint64_t size, uint64_t first, unsigned level)
{
    uint64_t left = size - first * BLOCK;
    return level >= 9 || left < span_of(level) * BLOCK ? left : span_of(level) * BLOCK;
}

/* What a pointer may say; `is_map` pointers count otherwise. */
static bool pointer_is_sound(const uint8_t *p, unsigned level, uint64_t extent, bool is_map)
{
    uint64_t birth = number(p + 32, 8), at = number(p + 48, 5), second = number(p + 53, 5), count = number(p + 58, 5);
    if (at == 0) {
        return is_zero(p, POINTER);
    }
    return birth != 0 && birth <= generation && p[63] == level && at < blocks && second < blocks &&
           (is_map || (count != 0 && count <= extent && at >= data_first && at < data_end &&
                       (second == 0 || (second >= data_first && second < data_end)))) &&
           (level != 0 || (number(p + 40, 8) == 0 && (is_map || count == 1)));
}

struct tree {
    uint8_t root[POINTER];
    uint64_t size;
    const char *name; /* for sentences */
    bool is_map;
    uint8_t nodes[LEVELS][BLOCK]; /* of the way to the last leaf that was asked for */
    uint64_t index[LEVELS];
    bool is_there[LEVELS];
};

static void tell(struct tree *t, unsigned level, uint64_t index, uint64_t at, const char *why)
{
    printf("BAD %s: block %" PRIu64 " of level %u, at %" PRIu64 ": %s\n", t->name, index, level, at, why);
    bad_count++;
}

/* Whether these bytes are what a pointer to a node stands for. */
static bool node_verifies(const struct tree *t, const uint8_t *p, unsigned level, uint64_t first, const uint8_t *block)
{
    uint8_t hashes[FANOUT][HASH], root[HASH];
    uint64_t all = leaves_of(t->size), below = span_of(level - 1), used = 0, sum = 0;
    if (check_of(block) != number(p + 40, 8)) {
        return false;
    }
    for (unsigned e = 0; e < FANOUT; e++) {
        const uint8_t *child = block + e * POINTER;
        uint64_t start = first + e * below;
        if (start >= all) {
            if (!is_zero(child, POINTER)) {
                return false;
            }
            continue;
        }
        if (!pointer_is_sound(child, level - 1, below < all - start ? below : all - start, t->is_map)) {
            return false;
        }
        if (number(child + 48, 5) == 0) {
            zeros_hash(bytes_below(t->size, start, level - 1), hashes[used]);
        } else {
            memcpy(hashes[used], child, HASH);
        }
        sum += number(child + 58, 5);
        used++;
    }
    fold(hashes, used, root);
    return memcmp(root, p, HASH) == 0 && (t->is_map || sum == number(p + 58, 5));
}

/* Reads what a pointer points to, from the copy that verifies, and says which does not. @return false: none does. */
static bool follow(struct tree *t, const uint8_t *p, unsigned level, uint64_t index, uint8_t out[BLOCK])
{
    uint64_t first = index * span_of(level);
    bool is_found = false;
    uint8_t copy[BLOCK], hash[HASH];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = number(p + 48 + 5 * i, 5);
        if (at == 0) {
            continue;
        }
        bool is_good = read_block(at, copy);
        if (is_good && level == 0) {
            size_t len = (size_t)bytes_below(t->size, first, 0);
            leaf_hash(copy, len, hash);
            memset(copy + len, 0, BLOCK - len);
            is_good = memcmp(hash, p, HASH) == 0;
        } else if (is_good) {
            is_good = node_verifies(t, p, level, first, copy);
        }
        if (!is_good) {
            tell(t, level, index, at, i == 0 ? "the first copy does not verify" : "the second copy does not verify");
        } else if (!is_found) {
            memcpy(out, copy, BLOCK);
            is_found = true;
        }
    }
    return is_found;
}

/* Leaf `leaf` of a tree. @return false when it cannot be had: that was said then. */
static bool leaf_of(struct tree *t, uint64_t leaf, uint8_t out[BLOCK])
{
    unsigned depth = depth_of(leaves_of(t->size));
    const uint8_t *p = t->root;
    for (unsigned level = depth; level > 0; level--) {
        uint64_t index = leaf / span_of(level);
        if (number(p + 48, 5) == 0) {
            memset(out, 0, BLOCK);
            return true;
        }
        if (t->index[level] != index + 1) {
            t->index[level] = index + 1;
            t->is_there[level] = follow(t, p, level, index, t->nodes[level]);
            memset(t->index, 0, level * sizeof t->index[0]); /* what is below belonged to another */
        }
        if (!t->is_there[level]) {
            return false;
        }
        p = t->nodes[level] + leaf / span_of(level - 1) % FANOUT * POINTER;
    }
    if (number(p + 48, 5) == 0) {
        memset(out, 0, BLOCK);
        return true;
    }
    return follow(t, p, 0, leaf, out);
}

/* Whether the root pointer of a file of this size can be followed; says it when not. */
static bool tree_open(struct tree *t, const uint8_t *root, uint64_t size, const char *name, bool is_map)
{
    memset(t->index, 0, sizeof t->index);
    memcpy(t->root, root, POINTER);
    t->size = size;
    t->name = name;
    t->is_map = is_map;
    uint64_t all = leaves_of(size);
    if (size > INT64_MAX || !pointer_is_sound(root, depth_of(all), all, is_map) || (all == 0 && number(root + 48, 5) != 0) ||
        (!is_map && number(root + 58, 5) > data_end - data_first)) {
        tell(t, depth_of(all), 0, number(root + 48, 5), "the pointer to it says what cannot be");
        return false;
    }
    return true;
}

static void root_of(const uint8_t *root, uint64_t size, uint8_t out[HASH])
{
    if (size == 0) {
        sha_begin();
        sha_end(out);
    } else if (number(root + 48, 5) == 0) {
        zeros_hash(size, out);
    } else {
        memcpy(out, root, HASH);
    }
}

/* Where the next leaf is that is no hole, at or behind `leaf`, as far as the nodes in memory tell; so that sparse files take no time. */
static uint64_t next_leaf(const struct tree *t, uint64_t leaf)
{
    unsigned depth = depth_of(leaves_of(t->size));
    const uint8_t *p = t->root;
    for (unsigned level = depth;; level--) {
        if (number(p + 48, 5) == 0 || (level > 0 && t->index[level] == leaf / span_of(level) + 1 && !t->is_there[level])) {
            return (leaf / span_of(level) + 1) * span_of(level);
        }
        if (level == 0 || t->index[level] != leaf / span_of(level) + 1) {
            return leaf + 1;
        }
        p = t->nodes[level] + leaf / span_of(level - 1) % FANOUT * POINTER;
    }
}

static bool verify_all(struct tree *t)
{
    uint8_t block[BLOCK];
    bool is_good = true;
    for (uint64_t leaf = 0, all = leaves_of(t->size); leaf < all;) {
        is_good = leaf_of(t, leaf, block) && is_good;
        uint64_t next = next_leaf(t, leaf);
        leaf = next > leaf ? next : leaf + 1;
    }
    return is_good;
}

/* ---- inodes: section 5 ---------------------------------------------------------------------------------------------- */

/* A table of inodes: the volume's or a snapshot's. */
struct table {
    struct tree tree;
    uint64_t count;
    uint8_t *was_read; /* a byte an inode: its contents were looked at */
    uint8_t block[BLOCK];
    uint64_t in_block; /* one more than the leaf that `block` is */
};

static bool inode_of(struct table *table, uint64_t n, uint8_t out[INODE])
{
    if (n == 0 || n >= table->count) {
        return false;
    }
    if (table->in_block != n / 16 + 1) {
        table->in_block = 0;
        if (!leaf_of(&table->tree, n / 16, table->block)) {
            return false;
        }
        table->in_block = n / 16 + 1;
    }
    memcpy(out, table->block + n % 16 * INODE, INODE);
    return number(out + 136, 4) != 0;
}

/* ---- directories: section 6 ----------------------------------------------------------------------------------------- */

struct entry {
    uint64_t inode;
    char *name;
    unsigned type;
};

struct listing {
    struct entry *at;
    size_t count, room;
};

/* A name's key without its lowest two bits. */
static uint64_t key_of(const uint8_t *name, size_t len)
{
    uint8_t hash[HASH];
    sha_begin();
    sha_add(secret, sizeof secret);
    sha_add(name, len);
    sha_end(hash);
    uint64_t h = number(hash, 8) & ~(UINT64_C(1) << 63 | 3);
    return h == 0 ? 4 : h;
}

static bool add_entry(struct listing *l, const uint8_t *e, uint64_t low, uint64_t high, uint64_t *last)
{
    uint64_t key = number(e, 8);
    const uint8_t *name = e + 18;
    size_t len = e[17];
    bool is_dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
    if (len == 0 || is_dots || memchr(name, 0, len) != NULL || memchr(name, '/', len) != NULL || key < low || key >= high || key <= *last ||
        (key & ~UINT64_C(3)) != key_of(name, len)) {
        return false;
    }
    *last = key;
    if (l->count == l->room) {
        l->room = l->room == 0 ? 64 : 2 * l->room;
        l->at = realloc(l->at, l->room * sizeof *l->at);
        if (l->at == NULL) {
            stop("out of memory");
        }
    }
    char *copy = memory(len + 1);
    memcpy(copy, name, len);
    l->at[l->count++] = (struct entry){number(e + 8, 8), copy, e[16]};
    return true;
}

/* One leaf's entries. @return false when a rule is broken. */
static bool read_leaf(struct listing *l, const uint8_t *b, uint64_t low, uint64_t high)
{
    uint64_t count = number(b + 4, 2), bytes = number(b + 6, 2), at = 16, last = 0;
    if (bytes > BLOCK - 16) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (at + 18 > 16 + bytes || at + 18 + b[at + 17] > 16 + bytes || !add_entry(l, b + at, low, high, &last)) {
            return false;
        }
        at += 18u + b[at + 17];
    }
    return at == 16 + bytes;
}

/* What is still to be read of a B+ tree. */
struct part {
    uint64_t block, low, high;
    unsigned level;
};

static bool read_directory(struct tree *t, struct listing *l)
{
    uint64_t all = leaves_of(t->size);
    struct part *todo = memory((all + 1) * sizeof *todo);
    uint64_t count = 1, met = 0;
    uint8_t b[BLOCK];
    bool is_good = all != 0 && t->size % BLOCK == 0;
    todo[0] = (struct part){0, 0, UINT64_C(1) << 63, DIR_LEVELS};
    while (is_good && count > 0) {
        struct part p = todo[--count];
        if (p.block >= all || ++met > all || !leaf_of(t, p.block, b)) {
            is_good = false;
            break;
        }
        uint64_t entries = number(b + 4, 2);
        unsigned level = b[2];
        is_good = number(b, 2) == 0x5844 && b[3] == 0 && is_zero(b + 8, 8) && level < DIR_LEVELS &&
                  (p.level == DIR_LEVELS || level + 1 == p.level) && count + entries <= all + (level == 0 ? BLOCK : 0);
        if (is_good && level == 0) {
            is_good = read_leaf(l, b, p.low, p.high);
            continue;
        }
        is_good = is_good && entries != 0 && number(b + 6, 2) == 16 * entries && entries <= (BLOCK - 16) / 16;
        for (uint64_t i = 0; is_good && i < entries; i++) {
            const uint8_t *e = b + 16 + 16 * i;
            uint64_t low = number(e, 8), high = i + 1 < entries ? number(e + 16, 8) : p.high;
            is_good = low < high && high <= p.high && (i == 0 ? low == p.low : low >= p.low);
            todo[count++] = (struct part){number(e + 8, 8), low, high, level};
        }
    }
    free(todo);
    if (!is_good) {
        printf("BAD %s: the directory cannot be listed to its end\n", t->name);
        bad_count++;
    }
    return is_good;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* ---- the walk ------------------------------------------------------------------------------------------------------- */

static char *join(const char *a, const char *b, const char *c)
{
    char *out = memory(strlen(a) + strlen(b) + strlen(c) + 1);
    strcpy(out, a);
    strcat(out, b);
    return strcat(out, c);
}

/* As lx shows names: what is not printable, and backslashes, as \xNN. */
static void put_path(const char *path)
{
    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;
        if (c < 0x20 || c == 0x7f || c == '\\') {
            printf("\\x%02x", c);
        } else {
            putchar(c);
        }
    }
    putchar('\n');
}

struct directory {
    struct directory *next;
    uint64_t inode;
    char *path;
};

/* The block of extended attributes is a leaf with two copies, all of which counts. */
static void verify_xattrs(const uint8_t *inode, const char *path)
{
    static struct tree t;
    uint8_t block[BLOCK];
    if (tree_open(&t, inode + 64, is_zero(inode + 64, POINTER) ? 0 : BLOCK, join(path, " (attributes)", ""), false) && t.size != 0 &&
        leaf_of(&t, 0, block) && (number(block, 2) != 0x5858 || number(block + 2, 2) > BLOCK - 8 || !is_zero(block + 4, 4))) {
        printf("BAD %s: the attributes say what cannot be\n", path);
        bad_count++;
    }
}

static void visit(struct table *table, const struct entry *e, const char *path)
{
    static struct tree t;
    uint8_t inode[INODE], root[HASH];
    if (e->inode < FIRST_NAMED || !inode_of(table, e->inode, inode) || number(inode + 136, 4) >> 12 != e->type) {
        printf("BAD %s: its name leads to inode %" PRIu64 ", which is not there, or of another type\n", path, e->inode);
        bad_count++;
        return;
    }
    uint64_t size = number(inode + 128, 8);
    root_of(inode, size, root);
    for (unsigned i = 0; i < HASH; i++) {
        printf("%02x", root[i]);
    }
    printf(" %12" PRIu64 " ", size);
    put_path(path);
    if (table->was_read[e->inode] == 0) {
        table->was_read[e->inode] = 1;
        verify_xattrs(inode, path);
        if (tree_open(&t, inode, size, path, false)) {
            (void)verify_all(&t);
        }
    }
}

static void walk(struct table *table, const char *prefix)
{
    static struct tree t;
    struct directory *first = memory(sizeof *first), *last = first;
    *first = (struct directory){NULL, ROOT_DIRECTORY, join(prefix, "/", "")};
    for (struct directory *d = first; d != NULL; d = d->next) {
        struct listing l = {NULL, 0, 0};
        uint8_t inode[INODE];
        if (!inode_of(table, d->inode, inode)) {
            continue; /* said already, but for the root */
        }
        if (!tree_open(&t, inode, number(inode + 128, 8), d->path, false)) {
            continue;
        }
        (void)read_directory(&t, &l);
        if (l.count != 0) {
            qsort(l.at, l.count, sizeof *l.at, by_name);
        }
        for (size_t i = 0; i < l.count; i++) {
            char *path = join(d->path, l.at[i].name, "");
            bool is_new = l.at[i].inode < table->count && table->was_read[l.at[i].inode] == 0;
            visit(table, &l.at[i], path);
            if (l.at[i].type == 4 && is_new) {
                last->next = memory(sizeof *last);
                last = last->next;
                *last = (struct directory){NULL, l.at[i].inode, join(path, "/", "")};
            }
        }
    }
}

static bool table_open(struct table *table, const uint8_t *root, uint64_t size, uint64_t count, const char *name)
{
    table->count = count;
    table->in_block = 0;
    if (!tree_open(&table->tree, root, size, name, false) || size / INODE < count) {
        return false;
    }
    table->was_read = memory(count);
    return verify_all(&table->tree);
}

static void walk_snapshots(struct table *volume)
{
    static struct tree t;
    static struct table table;
    uint8_t inode[INODE], block[BLOCK];
    if (!inode_of(volume, SNAPSHOT_LIST, inode) || !tree_open(&t, inode, number(inode + 128, 8), "the list of snapshots", false)) {
        return;
    }
    for (uint64_t i = 0; i < leaves_of(t.size) * 16 && i < SNAPSHOTS; i++) {
        if (!leaf_of(&t, i / 16, block)) {
            continue;
        }
        const uint8_t *r = block + i % 16 * 256;
        if (r[64] == 0 || r[64] > 63 || (i + 1) * 256 > t.size) {
            continue;
        }
        char *name = memory(64);
        memcpy(name, r + 65, r[64]);
        if (!table_open(&table, r, number(r + 128, 8), number(r + 144, 8), join("snapshot ", name, ""))) {
            printf("BAD snapshot %s: not all of its inodes are there\n", name);
        }
        walk(&table, join("@", name, ""));
    }
}

/* ---- the superblock and the log: sections 4 and 10 ------------------------------------------------------------------- */

static bool find_superblock(uint8_t out[BLOCK])
{
    uint8_t s[BLOCK], hash[HASH];
    generation = 0;
    for (uint64_t i = 0; i < 16; i++) {
        uint64_t at = i < 8 ? i : blocks - 16 + i;
        if (!read_block(at, s) || memcmp(s, "LXFSSUP1", 8) != 0) {
            continue;
        }
        sha_begin();
        sha_add(s, 4064);
        sha_end(hash);
        if (memcmp(hash, s + 4064, HASH) != 0) {
            printf("BAD superblock at %" PRIu64 ": it does not verify\n", at);
            bad_count++;
        } else if (number(s + 64, 8) % 8 == i % 8 && number(s + 64, 8) > generation) {
            generation = number(s + 64, 8);
            memcpy(out, s, BLOCK);
        }
    }
    return generation != 0;
}

/* Whether the first group of the log belongs to this superblock; its copies count alike. */
static bool has_log(const uint8_t *s)
{
    uint8_t *group = memory(131072 + BLOCK), hash[HASH];
    bool is_there = false;
    for (unsigned copy = 0; copy < 2 && !is_there; copy++) {
        uint64_t at = copy == 0 ? 8 : blocks - 8 - log_blocks;
        if (!read_block(at, group) || memcmp(group, "LXFSLOG1", 8) != 0) {
            continue;
        }
        uint64_t bytes = number(group + 24, 4);
        bool is_read = bytes <= 131072 - 96 && (96 + bytes + BLOCK - 1) / BLOCK <= log_blocks;
        for (uint64_t i = 1; is_read && i * BLOCK < 96 + bytes; i++) {
            is_read = read_block(at + i, group + i * BLOCK);
        }
        if (is_read) {
                    sha_begin();
            sha_add(group, 64);
            sha_add(group + 96, (size_t)bytes);
            sha_end(hash);
            is_there = memcmp(hash, group + 64, HASH) == 0 && number(group + 8, 8) == number(s + 128, 8) && number(group + 16, 8) == 0 &&
                       memcmp(group + 32, s + 136, HASH) == 0;
        }
    }
    free(group);
    return is_there;
}

/* Where the parts lie, by sections 1 and 9. */
static void measure(const uint8_t *s)
{
    uint64_t n = (blocks - 1) / 32768 + 1, sum = n;
    while (n > 1) {
        n = (n - 1) / FANOUT + 1;
        sum += n;
    }
    log_blocks = number(s + 56, 8);
    data_first = 8 + log_blocks + 2 * sum;
    data_end = blocks - data_first;
    if (log_blocks < 8 || log_blocks > 65536 || data_first >= data_end) {
        stop("its superblock says what cannot be");
    }
}

int main(int argc, char **argv)
{
    static struct table table;
    static struct tree map;
    uint8_t s[BLOCK];
    if (argc != 2) {
        fprintf(stderr, "usage: lxfs-read IMAGE\n");
        return 2;
    }
    image_path = argv[1];
    image = fopen(image_path, "rb");
    if (image == NULL || fseeko(image, 0, SEEK_END) != 0) {
        stop(strerror(errno));
    }
    blocks = (uint64_t)ftello(image) / BLOCK;
    if (blocks < 1024 || !find_superblock(s)) {
        stop("no superblock is whole: no volume of LXFS");
    }
    if (number(s + 8, 4) != 4 || number(s + 12, 4) != 0) {
        stop("of another version, or encrypted");
    }
    if (number(s + 48, 8) > blocks) {
        stop("smaller than its volume");
    }
    blocks = number(s + 48, 8);
    measure(s);
    memcpy(secret, s + 32, sizeof secret);
    if (has_log(s)) {
        printf("LOG not empty: what follows is the state before it\n");
    }
    if (tree_open(&map, s + 512, number(s + 512 + 128, 8), "the map", true)) {
        (void)verify_all(&map);
    }
    if (!table_open(&table, s + 256, number(s + 256 + 128, 8), number(s + 184, 8), "the inode table")) {
        printf("BAD the inode table: not all of it is there\n");
    }
    if (table.was_read != NULL) {
        walk(&table, "");
        walk_snapshots(&table);
    }
    printf("END %lu bad\n", bad_count);
    return bad_count == 0 ? 0 : 1;
}
