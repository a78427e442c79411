/* SPDX-License-Identifier: MIT */
/**
 * Install: files of packages on the volume. They are written once, and again when the set of packages is another: then a file that is
 * still as a package had it is replaced, and one that somebody has changed stays. What no package has any more stays too, and does not run.
 * Owns:   two extended attributes: STAMP of the root directory is a hash over all declarations; MADE_OF of a file the tree root of the
 *         object that it was written from.    Uses: volume.c, tree.c.
 * Limits: what cannot be written (no room, an object that does not verify, a name that is taken) is counted and left out.
 */
#include "files.h"

#define STAMP "trusted.lx.packages"
#define MADE_OF "trusted.lx.object"
#define TEMPORARY ".lx-install" /* the name of a file that is being written */

/** A declaration that is being put in its place. */
struct place {
    struct inode *dir; /* held */
    const char *name;
    size_t len;
};

static struct lxfs_name text_name(const char *text)
{
    return (struct lxfs_name){text, strlen(text)};
}

static void hash_text(struct sha256 *s, const char *text)
{
    sha256_update(s, text, strlen(text) + 1);
}

/** A hash over all that is declared. */
static void hash_declarations(const struct linux_system *sys, struct hash256 *out)
{
    struct sha256 s;
    sha256_init(&s);
    for (size_t i = 0; i < sys->config.file_count; i++) {
        const struct linux_file_decl *d = &sys->config.files[i];
        uint8_t numbers[24];
        le32_store(numbers, (uint32_t)d->kind);
        le32_store(numbers + 4, d->mode);
        le32_store(numbers + 8, d->uid);
        le32_store(numbers + 12, d->gid);
        le64_store(numbers + 16, d->size_bytes);
        hash_text(&s, d->path);
        sha256_update(&s, numbers, sizeof(numbers));
        if (d->kind == LINUX_FILE_OBJECT) {
            sha256_update(&s, d->root, sizeof(struct hash256));
        } else if (d->kind == LINUX_FILE_SYMLINK) {
            hash_text(&s, d->target);
        }
    }
    sha256_final(&s, out);
}

/** Whether attribute `name` of a file is this hash. */
static bool has_hash(const struct linux_system *sys, uint64_t ino, const char *name, const void *hash)
{
    const struct linux_volume *v = &sys->config.volume;
    size_t len;
    enum lxfs_err err = v->ops->getxattr(v->env, ino, text_name(name), sizeof(struct hash256), &len);
    return err == LXFS_OK && len == sizeof(struct hash256) && memcmp(v->buffer, hash, len) == 0;
}

static enum lxfs_err set_hash(const struct linux_system *sys, uint64_t ino, const char *name, const void *hash)
{
    const struct linux_volume *v = &sys->config.volume;
    memcpy(v->buffer, hash, sizeof(struct hash256));
    return v->ops->setxattr(v->env, ino, text_name(name), sizeof(struct hash256), 0);
}

/* ---- finding the place ------------------------------------------------------------------------------------------- */

static int64_t make_dir(struct inode *dir, const char *name, size_t len, const struct linux_file_decl *d, struct inode **out)
{
    const struct lxfs_node node = {.mode = S_IFDIR_ | (d == NULL ? 0755 : d->mode & S_IALL_),
                                   .uid = d == NULL ? 0 : d->uid,
                                   .gid = d == NULL ? 0 : d->gid};
    return volume_make(dir, name, len, &node, out);
}

/** Goes into directory `name` of p->dir, which is made if it is missing. @return 0, 1 when something is mounted there, or an error. */
static int64_t descend(struct place *p)
{
    struct inode *n;
    int64_t error = volume_lookup(p->dir, p->name, p->len, &n);
    error = error == -E_NOENT ? make_dir(p->dir, p->name, p->len, NULL, &n) : error;
    if (error != 0) {
        return error;
    }
    inode_put(p->dir);
    p->dir = n;
    return !inode_is_dir(n) ? -E_NOTDIR : n->mounted != NULL ? 1 : 0;
}

/** Finds the directory of a declaration. p->dir is held in any case. @return as descend. */
static int64_t find_place(struct linux_system *sys, const char *path, struct place *p)
{
    p->dir = inode_get(sys->root);
    if (path[0] != '/') {
        return -E_INVAL;
    }
    for (p->name = path + 1;; p->name += p->len + 1) { /* one round a component of the path */
        p->len = strcspn(p->name, "/");
        if (tree_name_is_bad(p->name, p->len)) {
            return -E_INVAL;
        }
        if (p->name[p->len] == '\0') {
            return 0;
        }
        int64_t error = descend(p);
        if (error != 0) {
            return error;
        }
    }
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/** Fills the buffer with what an object has from `page` on. @return the bytes; 0: it cannot be read or does not verify. */
static size_t gather(struct linux_system *sys, const struct linux_file_decl *d, uint64_t page)
{
    uint8_t *buffer = sys->config.volume.buffer;
    uint64_t left = d->size_bytes - page * PAGE_BYTES;
    size_t wanted = left < LINUX_VOLUME_BUFFER_BYTES ? (size_t)left : LINUX_VOLUME_BUFFER_BYTES;
    for (size_t at = 0; at < wanted; at += PAGE_BYTES) {
        size_t need = wanted - at < PAGE_BYTES ? wanted - at : PAGE_BYTES, len;
        const void *bytes = sys->ops->object_map(sys->env, d->object, page + at / PAGE_BYTES, &len);
        if (bytes == NULL || len < need) {
            return 0;
        }
        memcpy(buffer + at, bytes, need);
    }
    return wanted;
}

static int64_t copy_object(struct inode *n, const struct linux_file_decl *d)
{
    struct linux_system *sys = n->sys;
    const struct linux_volume *v = &sys->config.volume;
    for (uint64_t at = 0; at < d->size_bytes;) {
        size_t len = gather(sys, d, at / PAGE_BYTES), done;
        if (len == 0) {
            return -E_IO;
        }
        enum lxfs_err err = v->ops->write(v->env, n->ino, at, len, &done);
        if (err != LXFS_OK || done < len) {
            return err != LXFS_OK ? volume_error(err) : -E_NOSPC;
        }
        at += len;
    }
    return volume_error(set_hash(sys, n->ino, MADE_OF, d->root));
}

/** Writes an object under a temporary name, then gives it its own: it is there whole, or not at all. */
static int64_t write_object(struct place *p, const struct linux_file_decl *d)
{
    struct inode *n;
    const struct linux_volume *v = &p->dir->sys->config.volume;
    const struct lxfs_node node = {.mode = S_IFREG_ | (d->mode & S_IALL_), .uid = d->uid, .gid = d->gid};
    const struct lxfs_name temporary = text_name(TEMPORARY), name = {p->name, p->len};
    (void)v->ops->remove(v->env, p->dir->ino, temporary, false); /* of an installation that was cut */
    int64_t error = volume_make(p->dir, TEMPORARY, strlen(TEMPORARY), &node, &n);
    if (error != 0) {
        return error;
    }
    error = copy_object(n, d);
    if (error == 0) {
        error = volume_error(v->ops->rename(v->env, p->dir->ino, temporary, p->dir->ino, name, 0));
    }
    if (error != 0) {
        (void)v->ops->remove(v->env, p->dir->ino, temporary, false);
    }
    inode_evict_names(n); /* what is remembered is the temporary name */
    inode_put(n);
    return error;
}

/** Gives what is in the place the name NAME.changed: for repair, which loses nothing. */
static int64_t set_aside(const struct place *p)
{
    static const char suffix[] = ".changed";
    const struct linux_volume *v = &p->dir->sys->config.volume;
    char name[LINUX_NAME_BYTES_MAX + 1];
    size_t keep = p->len < sizeof(name) - sizeof(suffix) ? p->len : sizeof(name) - sizeof(suffix);
    memcpy(name, p->name, keep);
    memcpy(name + keep, suffix, sizeof(suffix));
    const struct lxfs_name from = {p->name, p->len};
    return volume_error(v->ops->rename(v->env, p->dir->ino, from, p->dir->ino, text_name(name), LXFS_NOREPLACE));
}

/** Whether what is there is as declared, as a package once had it, or something else. */
enum state { MISSING, AS_DECLARED, AS_MADE, CHANGED };

static enum state compare_file(struct inode *n, const struct linux_file_decl *d)
{
    const struct linux_volume *v = &n->sys->config.volume;
    struct hash256 root;
    if (inode_type(n) != S_IFREG_ || v->ops->root(v->env, n->ino, &root) != LXFS_OK) {
        return CHANGED;
    }
    return memcmp(root.bytes, d->root, sizeof(root)) == 0   ? AS_DECLARED
           : has_hash(n->sys, n->ino, MADE_OF, root.bytes) ? AS_MADE
                                                           : CHANGED;
}

static enum state compare(struct inode *n, const struct linux_file_decl *d)
{
    char *target = n->sys->path_b; /* no call is under way yet */
    switch (d->kind) {
    case LINUX_FILE_OBJECT:
        return compare_file(n, d);
    case LINUX_FILE_DIR:
        return inode_is_dir(n) ? AS_DECLARED : CHANGED;
    case LINUX_FILE_SYMLINK:
        return inode_type(n) == S_IFLNK_ && volume_readlink(n, target, LINUX_PATH_BYTES_MAX) >= 0 && strcmp(target, d->target) == 0
                   ? AS_DECLARED
                   : CHANGED;
    }
    return CHANGED;
}

static int64_t find_state(const struct place *p, const struct linux_file_decl *d, enum state *out)
{
    struct inode *n;
    int64_t error = volume_lookup(p->dir, p->name, p->len, &n);
    *out = MISSING;
    if (error != 0) {
        return error == -E_NOENT ? 0 : error;
    }
    *out = compare(n, d);
    uint32_t set_ids = S_ISUID_ | S_ISGID_;
    if (*out == AS_DECLARED && d->kind == LINUX_FILE_OBJECT && (n->mode & set_ids & ~d->mode) != 0) {
        error = inode_set_owner(n, n->mode & ~set_ids, n->uid, n->gid); /* an older release, or somebody, had them */
    }
    if (*out != AS_DECLARED) {
        inode_evict_names(n); /* it may get another name */
    }
    inode_put(n);
    return error;
}

static int64_t make(struct place *p, const struct linux_file_decl *d)
{
    if (d->kind == LINUX_FILE_OBJECT) {
        return write_object(p, d);
    }
    struct inode *n;
    const struct lxfs_node link = {.mode = S_IFLNK_ | 0777,
                                   .uid = d->uid,
                                   .gid = d->gid,
                                   .target = d->target,
                                   .target_bytes = d->target == NULL ? 0 : strlen(d->target)};
    int64_t error = d->kind == LINUX_FILE_DIR ? make_dir(p->dir, p->name, p->len, d, &n)
                                              : volume_make(p->dir, p->name, p->len, &link, &n);
    if (error == 0) {
        inode_put(n);
    }
    return error;
}

/** @return 0: it is as declared, or was made so; 1: it stays as somebody changed it; or an error. */
static int64_t put_there(struct place *p, const struct linux_file_decl *d)
{
    enum state state;
    int64_t error = find_state(p, d, &state);
    if (error != 0 || state == AS_DECLARED) {
        return error;
    }
    if (state == CHANGED && !p->dir->sys->config.volume.repair) {
        return 1;
    }
    error = state == CHANGED ? set_aside(p) : 0;
    return error != 0 ? error : make(p, d);
}

/** @return as put_there. */
static int64_t put(struct linux_system *sys, const struct linux_file_decl *d)
{
    struct place p;
    int64_t error = find_place(sys, d->path, &p);
    if (error == 1) { /* in memory, below a mount */
        error = tree_declare(sys, d) == LX_OK ? 0 : -E_NOSPC;
    } else if (error == 0) {
        error = put_there(&p, d);
    }
    inode_put(p.dir);
    return error;
}

void install_packages(struct linux_system *sys)
{
    const struct linux_volume *v = &sys->config.volume;
    struct linux_installed *report = &sys->installed;
    struct hash256 stamp;
    hash_declarations(sys, &stamp);
    report->was_current = !v->repair && has_hash(sys, sys->root->ino, STAMP, stamp.bytes);
    if (report->was_current) {
        return;
    }
    v->ops->clock(v->env, (struct lxfs_time){time_wall(sys) / NS_PER_S, 0});
    for (size_t i = 0; i < sys->config.file_count; i++) {
        int64_t result = put(sys, &sys->config.files[i]);
        report->failed += result < 0;
        report->kept += result > 0;
        report->done += result == 0;
        report->first_error = report->first_error == 0 && result < 0 ? result : report->first_error;
    }
    if (report->failed == 0 && set_hash(sys, sys->root->ino, STAMP, stamp.bytes) == LXFS_OK) {
        (void)volume_sync(sys); /* if it fails, all this is done again at the next start */
    }
}
