/* SPDX-License-Identifier: MIT */
/**
 * Volume: files that a volume keeps (lib/fs), as inodes among the others. What is here is a cache: attributes, names and pages of what
 * was used lately. Every change goes to the volume at once, and is here only when the volume has it.
 * Owns:   the tables of inodes of the volume and their order of use.    Uses: inode.c, data.c, linux_volume_ops.
 * Limits: INODES_MAX inodes that nobody uses; pages up to half of the arena. What is not in use is given up when memory is short.
 */
#include "files.h"

#define INODES_MAX 4096u
#define HOLDS_OF_USERS (LXFS_HOLDS_MAX / 4 * 3) /* the rest is for root: open files without a name */
#define AHEAD_PAGES ((uint64_t)(LINUX_VOLUME_BUFFER_BYTES / PAGE_BYTES))

static const struct linux_volume_ops *ops_of(const struct linux_system *sys)
{
    return sys->config.volume.ops;
}

static void *env_of(const struct linux_system *sys)
{
    return sys->config.volume.env;
}

static uint8_t *buffer_of(const struct linux_system *sys)
{
    return sys->config.volume.buffer;
}

int64_t volume_error(enum lxfs_err err)
{
    static const uint8_t codes[] = {
        [LXFS_OK] = 0,
        [LXFS_ENOENT] = E_NOENT,
        [LXFS_EEXIST] = E_EXIST,
        [LXFS_ENOTDIR] = E_NOTDIR,
        [LXFS_EISDIR] = E_ISDIR,
        [LXFS_ENOTEMPTY] = E_NOTEMPTY,
        [LXFS_EINVAL] = E_INVAL,
        [LXFS_ENAMETOOLONG] = E_NAMETOOLONG,
        [LXFS_EFBIG] = E_FBIG,
        [LXFS_ENOSPC] = E_NOSPC,
        [LXFS_EMLINK] = E_MLINK,
        [LXFS_ERANGE] = E_RANGE,
        [LXFS_EBUSY] = E_NFILE, /* too many open files that have no name */
        [LXFS_EROFS] = E_ROFS,
        [LXFS_ENOTSUP] = E_OPNOTSUPP,
        [LXFS_ENOMEM] = E_NOMEM,
        [LXFS_EDQUOT] = E_DQUOT,
        [LXFS_EXDEV] = E_XDEV,
    };
    if (err == LXFS_OK) {
        return 0;
    }
    return (uint32_t)err < ARRAY_LEN(codes) && codes[err] != 0 ? -(int64_t)codes[err] : -E_IO; /* EIO and EBAD, too */
}

static struct lxfs_time time_of(int64_t ns)
{
    int64_t seconds = ns / NS_PER_S - (ns % NS_PER_S < 0);
    return (struct lxfs_time){seconds, (uint32_t)(ns - seconds * NS_PER_S)};
}

static int64_t ns_of(struct lxfs_time t)
{
    int64_t max = INT64_MAX / NS_PER_S - 1;
    int64_t seconds = t.seconds > max ? max : t.seconds < -max ? -max : t.seconds;
    return seconds * NS_PER_S + t.nanoseconds;
}

/** Before every change: what it happens at. */
static const struct linux_volume_ops *changing(struct linux_system *sys)
{
    ops_of(sys)->clock(env_of(sys), time_of(time_wall(sys)));
    return ops_of(sys);
}

static struct lxfs_name name_of(const char *name, size_t len)
{
    return (struct lxfs_name){name, len};
}

/* ---- inodes ------------------------------------------------------------------------------------------------------ */

static struct inode **bucket_of(struct linux_system *sys, uint64_t ino)
{
    return &sys->volume_inodes[(ino ^ ino >> 10) % VOLUME_BUCKETS];
}

static void note_use(struct inode *n)
{
    link_remove(&n->lru);
    link_add_before(&n->sys->volume_lru, &n->lru);
}

static void take_attr(struct inode *n, const struct lxfs_attr *attr)
{
    n->mode = attr->mode;
    n->uid = attr->uid;
    n->gid = attr->gid;
    n->nlink = attr->link_count;
    n->size = attr->size_bytes;
    n->block_count = attr->block_count;
    n->rdev = attr->device;
    n->atime = ns_of(attr->accessed);
    n->mtime = ns_of(attr->modified);
    n->ctime = ns_of(attr->changed);
}

/** Whether what the volume says of a file can be, and can be of an inode that is here: its type does not change. */
static bool attr_is_sound(const struct lxfs_attr *attr, const struct inode *known)
{
    bool has_times = attr->accessed.nanoseconds < NS_PER_S && attr->modified.nanoseconds < NS_PER_S && attr->changed.nanoseconds < NS_PER_S;
    return has_times && (known == NULL || (attr->mode & S_IFMT_) == inode_type(known));
}

/** Enters a new inode as the file that `attr` describes. */
static void adopt(struct inode *n, const struct lxfs_attr *attr)
{
    struct linux_system *sys = n->sys;
    struct inode **bucket = bucket_of(sys, attr->inode);
    n->ino = attr->inode;
    n->generation = attr->inode_generation;
    take_attr(n, attr);
    n->ino_next = *bucket;
    *bucket = n;
    link_add_before(&sys->volume_lru, &n->lru);
    sys->volume_inode_count++;
}

static struct inode *find_inode(struct linux_system *sys, uint64_t ino)
{
    struct inode *n = *bucket_of(sys, ino);
    while (n != NULL && n->ino != ino) {
        n = n->ino_next;
    }
    return n;
}

/** Whether one more file without a name may be open: users leave some to root, so that he can always remove. */
static bool may_hold(const struct linux_system *sys)
{
    bool is_root = sys->current == NULL || sys->current->proc->cred.fsuid == 0;
    return sys->volume_hold_count < (is_root ? LXFS_HOLDS_MAX : HOLDS_OF_USERS);
}

static void note_hold(struct inode *n)
{
    n->is_held = true;
    n->sys->volume_hold_count++;
}

static void let_go(struct inode *n)
{
    struct linux_system *sys = n->sys;
    if (n->is_held) {
        (void)changing(sys)->release(env_of(sys), n->ino); /* what cannot be freed now is freed when the volume is opened */
        n->is_held = false;
        sys->volume_hold_count--;
    }
}

void volume_forget(struct inode *n)
{
    struct linux_system *sys = n->sys;
    sys->volume_pages -= n->data.page_count;
    link_remove(&n->paged);
    if (link_empty(&n->lru)) {
        return; /* it never became a file of the volume */
    }
    struct inode **at = bucket_of(sys, n->ino);
    while (*at != n) {
        at = &(*at)->ino_next;
    }
    *at = n->ino_next;
    link_remove(&n->lru);
    sys->volume_inode_count--;
    let_go(n);
}

/** Gives up one inode that nobody uses, with its names. @return false: all are in use. */
static bool evict(struct linux_system *sys)
{
    for (uint64_t left = sys->volume_inode_count; left > 0; left--) {
        struct inode *n = CONTAINER_OF(sys->volume_lru.next, struct inode, lru);
        if (n->refs == 0 && link_empty(&n->entries)) {
            inode_evict(n);
            return true;
        }
        note_use(n);
    }
    return false;
}

/** Gives up the pages of the file that was read or written longest ago. */
static bool drop_pages(struct linux_system *sys)
{
    if (link_empty(&sys->volume_paged)) {
        return false;
    }
    struct inode *n = CONTAINER_OF(sys->volume_paged.next, struct inode, paged);
    sys->volume_pages -= n->data.page_count;
    data_cut(&sys->memory, &n->data, 0);
    link_remove(&n->paged);
    return true;
}

bool volume_reclaim(struct linux_system *sys)
{
    return sys->config.volume.ops != NULL && (drop_pages(sys) || evict(sys));
}

/** The inode of a file, held; made if it is not here. */
static int64_t get_inode(struct linux_system *sys, const struct lxfs_attr *attr, struct inode **out)
{
    struct inode *n = find_inode(sys, attr->inode);
    if (!attr_is_sound(attr, n) || (n != NULL && n->generation != attr->inode_generation)) {
        return -E_IO; /* the number was given to another file, and nobody told us */
    }
    if (n != NULL) {
        take_attr(n, attr);
        *out = inode_get(n);
        return 0;
    }
    if (sys->volume_inode_count >= INODES_MAX) {
        (void)evict(sys);
    }
    n = inode_new(sys, FS_VOLUME, attr->mode, NULL);
    if (n == NULL) {
        return -E_NOMEM;
    }
    adopt(n, attr);
    *out = n;
    return 0;
}

int64_t volume_refresh(struct inode *n)
{
    struct lxfs_attr attr;
    enum lxfs_err err = ops_of(n->sys)->getattr(env_of(n->sys), n->ino, &attr);
    if (err == LXFS_OK && !attr_is_sound(&attr, n)) {
        return -E_IO;
    }
    if (err == LXFS_OK) {
        take_attr(n, &attr);
    }
    return volume_error(err);
}

int64_t volume_set(struct inode *n, uint32_t mask, const struct inode *values)
{
    const struct lxfs_attr attr = {.mode = values->mode,
                                   .uid = values->uid,
                                   .gid = values->gid,
                                   .accessed = time_of(values->atime),
                                   .modified = time_of(values->mtime)};
    return volume_error(changing(n->sys)->setattr(env_of(n->sys), n->ino, mask, &attr));
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/** Remembers that `name` of `dir` is `n`. Without memory for that it is asked for again. */
static void remember(struct inode *dir, const char *name, size_t len, struct inode *n)
{
    if (inode_is_dir(n) && n->parent != dir) {
        struct inode *old = n->parent;
        n->parent = inode_get(dir);
        if (old != NULL) {
            inode_put(old);
        }
    }
    (void)name_enter(dir, name, len, n);
}

static void forget_name(struct inode *dir, const char *name, size_t len)
{
    struct dentry *d = name_find(dir, name, len);
    if (d != NULL) {
        name_leave(d);
    }
}

int64_t volume_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
    struct linux_system *sys = dir->sys;
    struct dentry *d = name_find(dir, name, len);
    struct lxfs_attr attr;
    if (d != NULL) {
        note_use(d->inode);
        *out = inode_get(d->inode);
        return 0;
    }
    enum lxfs_err err = ops_of(sys)->lookup(env_of(sys), dir->ino, name_of(name, len), &attr);
    int64_t error = err != LXFS_OK ? volume_error(err) : get_inode(sys, &attr, out);
    if (error == 0) {
        remember(dir, name, len, *out);
    }
    return error;
}

int64_t volume_make(struct inode *dir, const char *name, size_t len, const struct lxfs_node *node, struct inode **out)
{
    struct linux_system *sys = dir->sys;
    struct lxfs_attr attr;
    if (len == 0 && !may_hold(sys)) {
        return -E_NFILE;
    }
    if (sys->volume_inode_count >= INODES_MAX) {
        (void)evict(sys);
    }
    struct inode *n = inode_new(sys, FS_VOLUME, node->mode, NULL); /* first, so that what was made is not lost */
    if (n == NULL) {
        return -E_NOMEM;
    }
    enum lxfs_err err = changing(sys)->create(env_of(sys), dir->ino, name_of(name, len), node, &attr);
    if (err != LXFS_OK) {
        n->nlink = 0;
        inode_put(n);
        return volume_error(err);
    }
    adopt(n, &attr);
    if (len == 0) {
        note_hold(n);
    } else {
        remember(dir, name, len, n);
    }
    *out = n;
    return 0;
}

int64_t volume_link(struct inode *dir, const char *name, size_t len, struct inode *n)
{
    int64_t error = volume_error(changing(n->sys)->link(env_of(n->sys), n->ino, dir->ino, name_of(name, len)));
    if (error == 0) {
        n->nlink++;
        remember(dir, name, len, n);
    }
    return error;
}

/** Keeps a file that is about to lose a name, if anybody but the caller uses it. `*is_new`: let_go() when the name stays. */
static int64_t keep_open(struct inode *n, bool *is_new)
{
    *is_new = false;
    if (n->refs == 1 || n->is_held) {
        return 0;
    }
    int64_t error = may_hold(n->sys) ? volume_error(ops_of(n->sys)->hold(env_of(n->sys), n->ino)) : -E_NFILE;
    if (error == 0) {
        note_hold(n);
        *is_new = true;
    }
    return error;
}

static void lost_name(struct inode *n)
{
    n->nlink = inode_is_dir(n) ? 0 : n->nlink - (n->nlink > 0);
}

int64_t volume_remove(struct inode *dir, const char *name, size_t len, struct inode *n)
{
    bool is_new;
    int64_t error = keep_open(n, &is_new);
    if (error == 0) {
        enum lxfs_err err = changing(n->sys)->remove(env_of(n->sys), dir->ino, name_of(name, len), inode_is_dir(n));
        error = volume_error(err);
    }
    if (error != 0 && is_new) {
        let_go(n);
    }
    if (error == 0) {
        lost_name(n);
        forget_name(dir, name, len);
    }
    return error;
}

int64_t volume_rename(const struct walk *from, const struct walk *to, uint32_t flags)
{
    struct linux_system *sys = from->dir->sys;
    bool is_new = false;
    int64_t error = to->inode == NULL ? 0 : keep_open(to->inode, &is_new);
    if (error != 0) {
        return error;
    }
    enum lxfs_err err = changing(sys)->rename(env_of(sys), from->dir->ino, name_of(from->name, from->len), to->dir->ino,
                                              name_of(to->name, to->len), flags);
    if (is_new && (err != LXFS_OK || (flags & LXFS_EXCHANGE) != 0)) {
        let_go(to->inode);
    }
    if (err != LXFS_OK) {
        return volume_error(err);
    }
    forget_name(to->dir, to->name, to->len);
    forget_name(from->dir, from->name, from->len);
    remember(to->dir, to->name, to->len, from->inode);
    if ((flags & LXFS_EXCHANGE) != 0) {
        remember(from->dir, from->name, from->len, to->inode);
    } else if (to->inode != NULL) {
        lost_name(to->inode);
    }
    return 0;
}

uint64_t volume_list(struct inode *dir, uint64_t position, struct dir_sink *sink)
{
    struct linux_system *sys = dir->sys;
    uint64_t cookie = position - COOKIE_DOTDOT; /* those of the volume begin at 0 */
    bool is_end = false;
    while (!is_end) {
        size_t count = sink->left_bytes / DIRENT_HEAD_BYTES + 1;
        count = count < LINUX_VOLUME_ENTRIES_MAX ? count : LINUX_VOLUME_ENTRIES_MAX;
        uint64_t before = cookie;
        enum lxfs_err err = ops_of(sys)->readdir(env_of(sys), dir->ino, &cookie, &count, &is_end);
        if (err != LXFS_OK || (cookie <= before && !is_end)) { /* it must get on */
            sink->error = sink->used_bytes == 0 ? err != LXFS_OK ? volume_error(err) : -E_IO : 0;
            break;
        }
        const struct lxfs_entry *entries = (const void *)buffer_of(sys);
        for (size_t i = 0; i < count; i++) {
            const struct lxfs_entry e = entries[i];
            if (e.name_bytes - 1 >= LXFS_NAME_BYTES_MAX) {
                sink->error = sink->used_bytes == 0 ? -E_IO : 0;
                return position;
            }
            if (!dir_sink_add(sink, e.inode, e.cookie + COOKIE_DOTDOT, e.mode_type, e.name, e.name_bytes)) {
                return position;
            }
            position = e.cookie + COOKIE_DOTDOT;
        }
    }
    return position;
}

int64_t volume_readlink(struct inode *n, char *out, size_t cap_bytes)
{
    struct linux_system *sys = n->sys;
    size_t got;
    if (n->size >= cap_bytes) {
        return -E_NAMETOOLONG;
    }
    enum lxfs_err err = ops_of(sys)->read(env_of(sys), n->ino, 0, (size_t)n->size, &got);
    if (err != LXFS_OK) {
        return volume_error(err);
    }
    memcpy(out, buffer_of(sys), got);
    out[got] = '\0';
    return (int64_t)strlen(out);
}

/* ---- contents ---------------------------------------------------------------------------------------------------- */

static void note_pages(struct inode *n, bool made)
{
    n->sys->volume_pages += made;
    link_remove(&n->paged);
    if (n->data.page_count > 0) {
        link_add_before(&n->sys->volume_paged, &n->paged);
    }
}

/** Keeps a copy of page `index`. @return NULL: there is no memory for it. */
static uint8_t *keep_page(struct inode *n, uint64_t index, const uint8_t *bytes, size_t len)
{
    struct linux_system *sys = n->sys;
    bool made;
    if (sys->volume_pages >= sys->memory.page_count / 2) {
        (void)drop_pages(sys);
    }
    uint8_t *page = data_page_take(&sys->memory, &n->data, index, MEM_FILES, &made);
    while (page == NULL && drop_pages(sys)) {
        page = data_page_take(&sys->memory, &n->data, index, MEM_FILES, &made);
    }
    if (page != NULL) {
        memcpy(page, bytes, len);
        memset(page + len, 0, PAGE_BYTES - len);
        note_pages(n, made);
    }
    return page;
}

/** Reads pages from `index` on into the buffer: one, or many when the file is read from its start on. */
static int64_t load_pages(struct inode *n, uint64_t index, size_t *got)
{
    struct linux_system *sys = n->sys;
    uint64_t pages = index == n->read_next ? AHEAD_PAGES : 1;
    uint64_t left = n->size - index * PAGE_BYTES;
    size_t len = pages * PAGE_BYTES < left ? (size_t)(pages * PAGE_BYTES) : (size_t)left;
    return volume_error(ops_of(sys)->read(env_of(sys), n->ino, index * PAGE_BYTES, len, got));
}

const uint8_t *volume_page(struct inode *n, uint64_t index, size_t *len_bytes, bool *ok)
{
    const uint8_t *page = data_page(&n->data, index), *buffer = buffer_of(n->sys);
    size_t got = 0;
    *len_bytes = PAGE_BYTES;
    *ok = true;
    if (page != NULL || index * PAGE_BYTES >= n->size) {
        n->read_next = page != NULL && index == n->read_next ? index + 1 : n->read_next;
        return page;
    }
    *ok = load_pages(n, index, &got) == 0 && got > 0;
    if (!*ok) {
        return NULL;
    }
    for (size_t at = 0; at < got; at += PAGE_BYTES) {
        size_t part = got - at < PAGE_BYTES ? got - at : PAGE_BYTES;
        if (keep_page(n, index + at / PAGE_BYTES, buffer + at, part) == NULL) {
            break;
        }
    }
    n->read_next = index + 1;
    page = data_page(&n->data, index);
    *len_bytes = page != NULL ? PAGE_BYTES : got < PAGE_BYTES ? got : PAGE_BYTES;
    return page != NULL ? page : buffer;
}

/** What was written goes into the pages that are here. */
static void update_pages(struct inode *n, uint64_t position, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t at = (size_t)(position % PAGE_BYTES);
        size_t part = len < PAGE_BYTES - at ? len : PAGE_BYTES - at;
        uint8_t *page = data_page(&n->data, position / PAGE_BYTES);
        if (page != NULL) {
            memcpy(page + at, bytes, part);
        }
        position += part;
        bytes += part;
        len -= part;
    }
}

int64_t volume_write(struct inode *n, struct uio *io, uint64_t position)
{
    struct linux_system *sys = n->sys;
    uint64_t done = 0;
    enum lxfs_err err = LXFS_OK;
    while (err == LXFS_OK && io->left_bytes > 0) {
        uint64_t at = position + done;
        size_t room = LINUX_VOLUME_BUFFER_BYTES - (size_t)(at % PAGE_BYTES), written = 0;
        size_t wanted = io->left_bytes < room ? (size_t)io->left_bytes : room;
        size_t got = uio_get(io, buffer_of(sys), wanted);
        if (got == 0) {
            break;
        }
        err = changing(sys)->write(env_of(sys), n->ino, at, got, &written);
        update_pages(n, at, buffer_of(sys), written);
        done += written;
        n->size = at + written > n->size ? at + written : n->size;
        if (got < wanted || written < got) {
            break;
        }
    }
    return err != LXFS_OK && done == 0 ? volume_error(err) : uio_result(io, done);
}

static void cut_pages(struct inode *n, uint64_t first_index)
{
    n->sys->volume_pages -= n->data.page_count;
    data_cut(&n->sys->memory, &n->data, first_index);
    n->sys->volume_pages += n->data.page_count;
    note_pages(n, false);
}

void volume_drop_pages(struct inode *n)
{
    cut_pages(n, 0);
}

int64_t volume_truncate(struct inode *n, uint64_t size)
{
    int64_t error = volume_error(changing(n->sys)->truncate(env_of(n->sys), n->ino, size));
    if (error != 0) {
        return error;
    }
    if (size < n->size) {
        cut_pages(n, size / PAGE_BYTES); /* the last page, too: its end is zero now */
    }
    n->size = size;
    inode_mark(n, true);
    return 0;
}

int64_t volume_punch(struct inode *n, uint64_t offset, uint64_t len)
{
    int64_t error = volume_error(changing(n->sys)->punch(env_of(n->sys), n->ino, offset, len));
    if (error == 0) {
        cut_pages(n, offset / PAGE_BYTES);
        inode_mark(n, true);
    }
    return error;
}

int64_t volume_seek(struct inode *n, uint64_t position, bool wants_data)
{
    uint64_t found;
    enum lxfs_err err = ops_of(n->sys)->seek(env_of(n->sys), n->ino, position, !wants_data, &found);
    return err == LXFS_ENOENT ? -E_NXIO : err != LXFS_OK ? volume_error(err) : (int64_t)found;
}

uint32_t volume_program(struct inode *n)
{
    struct linux_system *sys = n->sys;
    struct hash256 root;
    if (ops_of(sys)->root(env_of(sys), n->ino, &root) != LXFS_OK) {
        return LINUX_NONE;
    }
    return sys->ops->program_of(sys->env, &root);
}

int64_t volume_sync(struct linux_system *sys)
{
    return sys->config.volume.ops == NULL ? 0 : volume_error(ops_of(sys)->sync(env_of(sys)));
}

int64_t volume_statfs(struct linux_system *sys, struct lxfs_statfs *out)
{
    return volume_error(ops_of(sys)->statfs(env_of(sys), out));
}

int64_t volume_root(struct linux_system *sys, struct inode **out)
{
    struct lxfs_attr attr;
    link_init(&sys->volume_lru);
    link_init(&sys->volume_paged);
    enum lxfs_err err = ops_of(sys)->getattr(env_of(sys), LXFS_ROOT_INODE, &attr);
    if (err != LXFS_OK || (attr.mode & S_IFMT_) != S_IFDIR_) {
        return err != LXFS_OK ? volume_error(err) : -E_NOTDIR;
    }
    return get_inode(sys, &attr, out);
}
