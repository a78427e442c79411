/* SPDX-License-Identifier: MIT */
/** lx fs: mkfs, ls, cat, root, stat, dump and snapshot. Paths in volumes, and what is shown of them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "volume.h"

enum { PIECE_BYTES = 65536, ENTRIES_AT_A_TIME = 64, VERITY_BLOCKS = 1024 };

/* ---- sentences ------------------------------------------------------------------------------------------------------ */

char *shown(const char *text)
{
    char *out = zalloc(4 * strlen(text) + 1), *to = out;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f || c == '\\') {
            to += sprintf(to, "\\x%02x", c);
        } else {
            *to++ = *text;
        }
    }
    return out;
}

const char *sentence_of(struct lxfs *fs, enum lxfs_err err)
{
    struct lxfs_damage d;
    char *out = zalloc(256);
    switch (err) {
    case LXFS_EBAD:
        if (lxfs_damage(fs, &d)) {
            snprintf(out, 256, "damaged: block %llu of level %u of inode %llu, at block %llu of the volume, does not verify",
                     (unsigned long long)d.index, (unsigned)d.level, (unsigned long long)d.inode, (unsigned long long)d.address);
            return out;
        }
        return "damaged: it says what no volume says";
    case LXFS_ENOENT:
        return "not there";
    case LXFS_ENOSPC:
        return "the volume is full";
    case LXFS_EDQUOT:
        return "the quota of the directory is used up";
    case LXFS_ENOTDIR:
        return "not a directory";
    case LXFS_EISDIR:
        return "a directory";
    case LXFS_EEXIST:
        return "there already";
    case LXFS_EROFS:
        return "of a snapshot, which does not change";
    case LXFS_OK:
    case LXFS_ENOTEMPTY:
    case LXFS_EINVAL:
    case LXFS_ENAMETOOLONG:
    case LXFS_EFBIG:
    case LXFS_EMLINK:
    case LXFS_ERANGE:
    case LXFS_EBUSY:
    case LXFS_EIO:
    case LXFS_ENOTSUP:
    case LXFS_ENOMEM:
    case LXFS_EXDEV:
        break;
    }
    return lxfs_err_name(err);
}

void fail_fs(struct lxfs *fs, const char *path, enum lxfs_err err)
{
    fail("%s: %s", shown(path), sentence_of(fs, err));
}

/* ---- paths ---------------------------------------------------------------------------------------------------------- */

uint64_t volume_root(struct lxfs *fs, const struct arguments *args)
{
    struct lxfs_snapshot snapshot;
    const char *name = args->options[OPTION_SNAPSHOT];
    if (name == NULL) {
        return LXFS_ROOT_INODE;
    }
    enum lxfs_err err = lxfs_snapshot_find(fs, (struct lxfs_name){name, strlen(name)}, &snapshot);
    if (err != LXFS_OK) {
        fail_fs(fs, join("snapshot ", name, NULL), err);
    }
    return snapshot.root;
}

static struct lxfs_attr attr_of(struct lxfs *fs, uint64_t inode, const char *path)
{
    struct lxfs_attr a;
    enum lxfs_err err = lxfs_getattr(fs, inode, &a);
    if (err != LXFS_OK) {
        fail_fs(fs, path, err);
    }
    return a;
}

static uint64_t step(struct lxfs *fs, uint64_t at, struct lxfs_name name, const char *path)
{
    struct lxfs_attr a = attr_of(fs, at, path);
    if ((a.mode & LXFS_IFMT) == LXFS_IFLNK) {
        fail("%s: goes through a symbolic link, to %s; lx fs does not follow links", shown(path), shown(link_target(fs, at)));
    }
    if (name.len_bytes == 1 && name.bytes[0] == '.') {
        return at;
    }
    if (name.len_bytes == 2 && memcmp(name.bytes, "..", 2) == 0) {
        fail("%s: paths with .. are not taken", shown(path));
    }
    uint64_t inode = 0;
    enum lxfs_err err = lxfs_lookup(fs, at, name, &inode);
    if (err != LXFS_OK) {
        fail_fs(fs, path, err);
    }
    return inode;
}

uint64_t path_parent(struct lxfs *fs, uint64_t root, const char *path, struct lxfs_name *last)
{
    uint64_t at = root;
    *last = (struct lxfs_name){NULL, 0};
    for (const char *s = path + strspn(path, "/"); *s != '\0'; s += strspn(s, "/")) {
        if (last->bytes != NULL) {
            at = step(fs, at, *last, path);
        }
        *last = (struct lxfs_name){s, strcspn(s, "/")};
        s += last->len_bytes;
    }
    return at;
}

uint64_t path_find(struct lxfs *fs, uint64_t root, const char *path)
{
    struct lxfs_name last;
    uint64_t at = path_parent(fs, root, path, &last);
    return last.bytes == NULL ? at : step(fs, at, last, path);
}

char *link_target(struct lxfs *fs, uint64_t inode)
{
    char *out = zalloc(LXFS_TARGET_BYTES_MAX + 1);
    size_t got = 0;
    enum lxfs_err err = lxfs_read(fs, inode, 0, out, LXFS_TARGET_BYTES_MAX, &got);
    if (err != LXFS_OK) {
        fail_fs(fs, "a symbolic link", err);
    }
    return out;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lxfs_entry *)a)->name, ((const struct lxfs_entry *)b)->name);
}

struct lxfs_entry *entries_of(struct lxfs *fs, uint64_t directory, size_t *count)
{
    struct lxfs_entry *out = NULL;
    uint64_t cookie = 0;
    bool is_end = false;
    *count = 0;
    while (!is_end) {
        size_t got = 0;
        out = realloc(out, (*count + ENTRIES_AT_A_TIME) * sizeof *out);
        if (out == NULL) {
            fail("out of memory");
        }
        enum lxfs_err err = lxfs_readdir(fs, directory, &cookie, out + *count, ENTRIES_AT_A_TIME, &got, &is_end);
        if (err != LXFS_OK) {
            fail_fs(fs, "a directory", err);
        }
        *count += got;
    }
    qsort(out, *count, sizeof *out, by_name);
    return out;
}

/* ---- ls, cat -------------------------------------------------------------------------------------------------------- */

static void put_mode(uint32_t mode, char out[11])
{
    static const char types[] = "?pc?d?b?-?l?s???", bits[] = "rwxrwxrwx";
    out[0] = types[mode >> 12 & 15];
    for (unsigned i = 0; i < 9; i++) {
        out[1 + i] = (mode >> (8 - i) & 1) != 0 ? bits[i] : '-';
    }
    static const char special[] = "sst";
    for (unsigned i = 0; i < 3; i++) {
        if ((mode >> (11 - i) & 1) != 0) {
            char *at = &out[3 + 3 * i];
            *at = *at == 'x' ? special[i] : (char)(special[i] - 32);
        }
    }
    out[10] = '\0';
}

static const char *time_text(struct lxfs_time t)
{
    static char out[32];
    time_t seconds = t.seconds;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, sizeof out, "%Y-%m-%d %H:%M:%SZ", &tm) == 0) {
        snprintf(out, sizeof out, "%lld", (long long)t.seconds);
    }
    return out;
}

static void put_long(struct lxfs *fs, uint64_t inode, const char *name)
{
    struct lxfs_attr a = attr_of(fs, inode, name);
    char mode[11], owner[24];
    put_mode(a.mode, mode);
    snprintf(owner, sizeof owner, "%u:%u", (unsigned)a.uid, (unsigned)a.gid);
    bool is_link = (a.mode & LXFS_IFMT) == LXFS_IFLNK;
    printf("%s %3u %-9s %12llu %s %s%s%s\n", mode, (unsigned)a.link_count, owner, (unsigned long long)a.size_bytes, time_text(a.modified),
           shown(name), is_link ? " -> " : "", is_link ? shown(link_target(fs, inode)) : "");
}

int fs_ls(const struct arguments *args)
{
    struct lxfs *fs = volume_open(args->operands[0], args, VOLUME_READ);
    const char *path = args->count > 1 ? args->operands[1] : "/";
    uint64_t inode = path_find(fs, volume_root(fs, args), path);
    bool is_long = args->options[OPTION_LONG] != NULL;
    size_t count;
    if ((attr_of(fs, inode, path).mode & LXFS_IFMT) != LXFS_IFDIR) {
        if (is_long) {
            put_long(fs, inode, path);
        } else {
            printf("%s\n", shown(path));
        }
        return STATUS_OK;
    }
    struct lxfs_entry *entries = entries_of(fs, inode, &count);
    for (size_t i = 0; i < count; i++) {
        if (is_long) {
            put_long(fs, entries[i].inode, entries[i].name);
        } else {
            printf("%s\n", shown(entries[i].name));
        }
    }
    return STATUS_OK;
}

int fs_cat(const struct arguments *args)
{
    static uint8_t piece[PIECE_BYTES];
    struct lxfs *fs = volume_open(args->operands[0], args, VOLUME_READ);
    const char *path = args->operands[1];
    uint64_t inode = path_find(fs, volume_root(fs, args), path);
    if ((attr_of(fs, inode, path).mode & LXFS_IFMT) != LXFS_IFREG) {
        fail("%s: not a regular file", shown(path));
    }
    size_t got = sizeof piece;
    for (uint64_t at = 0; got == sizeof piece; at += got) {
        enum lxfs_err err = lxfs_read(fs, inode, at, piece, sizeof piece, &got);
        if (err != LXFS_OK) {
            fail_fs(fs, path, err);
        }
        if (fwrite(piece, 1, got, stdout) != got) {
            fail("cannot write the output");
        }
    }
    return fflush(stdout) == 0 ? STATUS_OK : STATUS_REFUSED;
}

/* ---- root ----------------------------------------------------------------------------------------------------------- */

static struct hash256 root_of(struct lxfs *fs, uint64_t inode, const char *path)
{
    struct hash256 out;
    enum lxfs_err err = lxfs_root(fs, inode, &out);
    if (err != LXFS_OK) {
        fail_fs(fs, path, err);
    }
    return out;
}

static json_t *verity_of(struct lxfs *fs, uint64_t inode, const char *path)
{
    static struct lxfs_fsverity state;
    struct hash256 digest;
    bool is_done = false;
    while (!is_done) {
        enum lxfs_err err = lxfs_fsverity(fs, inode, &state, VERITY_BLOCKS, &digest, &is_done);
        if (err != LXFS_OK) {
            fail_fs(fs, path, err);
        }
    }
    return json_hash(digest.bytes, sizeof digest);
}

/* Directories that are still to be listed. */
struct place {
    struct place *next;
    uint64_t inode;
    char *path; /* ends in / */
};

static void add_place(struct place ***end, uint64_t inode, char *path)
{
    struct place *p = zalloc(sizeof *p);
    *p = (struct place){NULL, inode, path};
    **end = p;
    *end = &p->next;
}

/* Of each file, directory and link below a directory: size, root, path. Directories come before what is in them. */
static void put_roots(struct lxfs *fs, uint64_t inode, const char *path)
{
    struct place *first = NULL, **end = &first;
    add_place(&end, inode, join(path, path[0] != '\0' && path[strlen(path) - 1] == '/' ? "" : "/", NULL));
    for (const struct place *p = first; p != NULL; p = p->next) {
        size_t count;
        struct lxfs_entry *entries = entries_of(fs, p->inode, &count);
        for (size_t i = 0; i < count; i++) {
            char hex[2 * SHA256_BYTES + 1];
            char *name = join(p->path, entries[i].name, NULL);
            struct lxfs_attr a = attr_of(fs, entries[i].inode, name);
            struct hash256 root = root_of(fs, entries[i].inode, name);
            for (size_t k = 0; k < SHA256_BYTES; k++) {
                sprintf(hex + 2 * k, "%02x", root.bytes[k]);
            }
            printf("%s %12llu %s\n", hex, (unsigned long long)a.size_bytes, shown(name));
            if ((a.mode & LXFS_IFMT) == LXFS_IFDIR) {
                add_place(&end, entries[i].inode, join(name, "/", NULL));
            }
        }
        free(entries);
    }
}

int fs_root(const struct arguments *args)
{
    struct lxfs *fs = volume_open(args->operands[0], args, VOLUME_READ);
    const char *path = args->operands[1];
    uint64_t inode = path_find(fs, volume_root(fs, args), path);
    struct lxfs_attr a = attr_of(fs, inode, path);
    if (args->options[OPTION_RECURSIVE] != NULL) {
        put_roots(fs, inode, path);
        return STATUS_OK;
    }
    struct hash256 root = root_of(fs, inode, path);
    json_t *out = pack_json("{s:s, s:o, s:o}", "path", path, "size", json_number(a.size_bytes), "root",
                            json_hash(root.bytes, sizeof root));
    if ((a.mode & LXFS_IFMT) == LXFS_IFREG) {
        json_object_set_new(out, "fs-verity", verity_of(fs, inode, path));
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}

/* ---- stat, dump, snapshot, mkfs ------------------------------------------------------------------------------------- */

static json_t *facts_of(struct lxfs *fs)
{
    struct lxfs_statfs s;
    struct lxfs_layout l;
    lxfs_statfs(fs, &s);
    lxfs_layout(fs, &l);
    return pack_json("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "uuid", json_hash(l.uuid, sizeof l.uuid), "bytes",
                     json_number(s.block_count * LXFS_BLOCK_BYTES), "free", json_number(s.free_count * LXFS_BLOCK_BYTES), "to be freed",
                     json_number(s.dead_count), "kept for snapshots", json_number(s.kept_count), "inodes",
                     json_number(s.inode_count), "generation", json_number(s.generation), "cipher", l.crypt == 0 ? "none" : "AES-256-XTS");
}

int fs_stat(const struct arguments *args)
{
    report_object(facts_of(volume_open(args->operands[0], args, VOLUME_READ)), args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}

static json_t *part(const char *name, uint64_t first, uint64_t count)
{
    return pack_json("{s:s, s:o, s:o}", "part", name, "first block", json_number(first), "blocks", json_number(count));
}

int fs_dump(const struct arguments *args)
{
    enum { SUPER_BLOCKS = 8 };
    struct lxfs *fs = volume_open(args->operands[0], args, VOLUME_AS_IS);
    struct lxfs_statfs s;
    struct lxfs_layout l;
    lxfs_statfs(fs, &s);
    lxfs_layout(fs, &l);
    json_t *out = facts_of(fs), *parts = pack_json("[]");
    json_object_set_new(out, "superblock", json_hash(l.superblock.bytes, sizeof l.superblock));
    json_object_set_new(out, "log of generation", json_number(l.log_generation));
    json_object_set_new(out, "inodes made", json_number(l.inodes_made));
    json_object_set_new(out, "first orphan", json_number(l.first_orphan));
    json_array_append_new(parts, part("superblocks", 0, SUPER_BLOCKS));
    json_array_append_new(parts, part("log", SUPER_BLOCKS, l.log_blocks));
    json_array_append_new(parts, part("map", SUPER_BLOCKS + l.log_blocks, l.map_blocks));
    json_array_append_new(parts, part("data", l.data_first, l.data_end - l.data_first));
    json_array_append_new(parts, part("map, copy", l.data_end, l.map_blocks));
    json_array_append_new(parts, part("log, copy", l.data_end + l.map_blocks, l.log_blocks));
    json_array_append_new(parts, part("superblocks, copy", s.block_count - SUPER_BLOCKS, SUPER_BLOCKS));
    json_object_set_new(out, "parts", parts);
    report_object(out, args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}

static int list_snapshots(struct lxfs *fs, bool as_json)
{
    struct lxfs_snapshot s;
    uint32_t cookie = 0;
    enum lxfs_err err;
    json_t *rows = pack_json("[]");
    while ((err = lxfs_snapshot_list(fs, &cookie, &s)) == LXFS_OK) {
        json_array_append_new(rows, pack_json("{s:s, s:s, s:o, s:o}", "taken", time_text(s.taken), "name", shown(s.name), "generation",
                                              json_number(s.generation), "inodes", json_number(s.inode_count)));
    }
    if (err != LXFS_ENOENT) {
        fail_fs(fs, "the list of snapshots", err);
    }
    report_rows(rows, as_json);
    return STATUS_OK;
}

int fs_snapshot(const struct arguments *args)
{
    const char *what = args->operands[0], *image = args->operands[1];
    bool is_list = strcmp(what, "list") == 0, is_take = strcmp(what, "take") == 0;
    if ((!is_list && !is_take && strcmp(what, "remove") != 0) || (args->count == 3) == is_list) {
        fprintf(stderr, "usage: lx fs snapshot list IMAGE, or take or remove IMAGE NAME; more: lx help fs snapshot\n");
        return STATUS_USAGE;
    }
    struct lxfs *fs = volume_open(image, args, is_list ? VOLUME_READ : VOLUME_WRITE);
    if (is_list) {
        return list_snapshots(fs, args->options[OPTION_JSON] != NULL);
    }
    struct lxfs_name name = {args->operands[2], strlen(args->operands[2])};
    enum lxfs_err err = is_take ? lxfs_snapshot_take(fs, name) : lxfs_snapshot_remove(fs, name);
    if (err != LXFS_OK) {
        fail_fs(fs, join("snapshot ", args->operands[2], NULL), err);
    }
    volume_close(fs);
    return STATUS_OK;
}

int fs_mkfs(const struct arguments *args)
{
    uint64_t mib = args->options[OPTION_SIZE] == NULL ? 0 : option_number(args, OPTION_SIZE);
    const char *path = args->operands[0];
    if (args->options[OPTION_SIZE] != NULL && (mib < 4 || mib > UINT64_C(1) << 32)) {
        fail("--size: a volume has 4 MiB to 4 PiB");
    }
    if (mib == 0 && !file_exists(path)) {
        fail("%s is not there; --size MIB makes it", path);
    }
    volume_make(path, args->options[OPTION_DEVICE_SECRET], mib << 20);
    return STATUS_OK;
}
