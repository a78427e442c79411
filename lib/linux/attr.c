/* SPDX-License-Identifier: MIT */
/**
 * Attr: what a file is like, and where a process is.
 * Owns:   nothing.    Uses: path.c, inode.c.
 * Limits: birth times are not shown; block counts are those of pages.
 * Source: man-pages stat(2), statx(2), chmod(2), chown(2), utimensat(2), access(2), truncate(2), statfs(2), chdir(2)
 */
#include "calls.h"
#include "files.h"

#define DEV_BASE 16u /* st_dev of the first file system */
#define BLOCK_512 (PAGE_BYTES / 512u)

static int64_t block_count(const struct inode *n)
{
    if (on_volume(n)) {
        return (int64_t)(n->block_count * BLOCK_512);
    }
    uint64_t object_pages = align_up(n->object_bytes, PAGE_BYTES) / PAGE_BYTES;
    uint64_t pages = n->data.page_count > object_pages ? n->data.page_count : object_pages;
    return inode_type(n) == S_IFREG_ && n->fs != FS_PROC && n->fs != FS_VIEW ? (int64_t)(pages * BLOCK_512) : 0;
}

static uint64_t shown_size(const struct inode *n)
{
    return n->fs == FS_PROC || n->fs == FS_VIEW ? 0 : inode_is_dir(n) && !on_volume(n) ? n->entry_count * 20 : n->size;
}

static void split(int64_t ns, int64_t *sec, int64_t *nsec)
{
    *sec = ns / NS_PER_S - (ns % NS_PER_S < 0);
    *nsec = ns - *sec * NS_PER_S;
}

static int64_t fill_stat(struct inode *n, struct abi_stat *out)
{
    int64_t error = on_volume(n) ? volume_refresh(n) : 0;
    memset(out, 0, sizeof(*out));
    out->dev = DEV_BASE + n->fs;
    out->ino = n->ino;
    out->mode = n->mode;
    out->nlink = n->fs == FS_PROC || n->fs == FS_VIEW || n->fs == FS_PIPE ? 1 : n->nlink;
    out->uid = n->uid;
    out->gid = n->gid;
    out->rdev = n->rdev;
    out->size = (int64_t)shown_size(n);
    out->blksize = (int32_t)PAGE_BYTES;
    out->blocks = block_count(n);
    split(n->atime, &out->atime, &out->atime_nsec);
    split(n->mtime, &out->mtime, &out->mtime_nsec);
    split(n->ctime, &out->ctime, &out->ctime_nsec);
    return error;
}

static int64_t put_stat(struct thread *t, struct inode *n, uint64_t address)
{
    struct abi_stat out;
    int64_t error = fill_stat(n, &out);
    return error != 0 ? error : user_write(t->proc->mm, address, &out, sizeof(out)) ? 0 : -E_FAULT;
}

static uint32_t walk_flags(uint64_t at_flags)
{
    return ((at_flags & AT_SYMLINK_NOFOLLOW_) != 0 ? 0 : WALK_FOLLOW) | ((at_flags & AT_EMPTY_PATH_) != 0 ? WALK_EMPTY : 0);
}

int64_t call_newfstatat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if ((a[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW_ | AT_EMPTY_PATH_ | AT_NO_AUTOMOUNT_)) != 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], walk_flags(a[3]), &w);
    if (error != 0) {
        return error;
    }
    error = put_stat(t, w.inode, a[2]);
    walk_end(&w);
    return error;
}

int64_t call_fstat(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file_or_path(t->proc, a[0]);
    return f == NULL ? -E_BADF : put_stat(t, f->inode, a[1]);
}

static struct abi_statx_time statx_time(int64_t sec, int64_t nsec)
{
    return (struct abi_statx_time){sec, (uint32_t)nsec, 0};
}

static int64_t fill_statx(struct inode *n, struct abi_statx *out)
{
    struct abi_stat s;
    int64_t error = fill_stat(n, &s);
    memset(out, 0, sizeof(*out));
    out->mask = STATX_BASIC_STATS_;
    out->blksize = PAGE_BYTES;
    out->nlink = s.nlink;
    out->uid = s.uid;
    out->gid = s.gid;
    out->mode = (uint16_t)s.mode;
    out->ino = s.ino;
    out->size = (uint64_t)s.size;
    out->blocks = (uint64_t)s.blocks;
    out->atime = statx_time(s.atime, s.atime_nsec);
    out->ctime = statx_time(s.ctime, s.ctime_nsec);
    out->mtime = statx_time(s.mtime, s.mtime_nsec);
    out->rdev_major = (uint32_t)(s.rdev >> 8 & 0xfff);
    out->rdev_minor = (uint32_t)(s.rdev & 0xff);
    out->dev_minor = (uint32_t)s.dev;
    return error;
}

int64_t call_statx(struct thread *t, const uint64_t *a)
{
    struct walk w;
    struct abi_statx out;
    uint64_t known = AT_SYMLINK_NOFOLLOW_ | AT_EMPTY_PATH_ | AT_NO_AUTOMOUNT_ | AT_STATX_MASK_;
    if ((a[2] & ~known) != 0 || (a[2] & AT_STATX_MASK_) == AT_STATX_MASK_ || (a[3] & 0x80000000u) != 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], walk_flags(a[2]), &w);
    if (error != 0) {
        return error;
    }
    error = fill_statx(w.inode, &out);
    walk_end(&w);
    return error != 0 ? error : user_write(t->proc->mm, a[4], &out, sizeof(out)) ? 0 : -E_FAULT;
}

int64_t call_readlinkat(struct thread *t, const uint64_t *a)
{
    struct linux_system *sys = t->sys;
    struct walk w;
    if ((int32_t)a[3] <= 0) {
        return -E_INVAL;
    }
    int64_t len = path_at(t, a[0], a[1], WALK_EMPTY, &w);
    if (len != 0) {
        return len;
    }
    struct inode *n = w.inode;
    if (inode_type(n) != S_IFLNK_) {
        len = sys->path_a[0] == '\0' ? -E_NOENT : -E_INVAL;
    } else {
        len = link_text(t, n, sys->path_b, sizeof(sys->path_b));
    }
    walk_end(&w);
    if (len < 0) {
        return len;
    }
    len = len < (int32_t)a[3] ? len : (int32_t)a[3];
    return user_write(t->proc->mm, a[2], sys->path_b, (size_t)len) ? len : -E_FAULT;
}

/* ---- access ------------------------------------------------------------------------------------------------------ */

static int64_t access_at(struct thread *t, const uint64_t *a, uint64_t flags)
{
    struct process *p = t->proc;
    struct walk w;
    if ((a[2] & ~UINT64_C(7)) != 0 ||
        (flags & ~(uint64_t)(AT_EACCESS_ | AT_SYMLINK_NOFOLLOW_ | AT_EMPTY_PATH_)) != 0) {
        return -E_INVAL;
    }
    struct cred effective = p->cred;
    if ((flags & AT_EACCESS_) == 0) { /* by the real ids, on the way there, too */
        p->cred.fsuid = p->cred.uid;
        p->cred.fsgid = p->cred.gid;
    }
    int64_t error = path_at(t, a[0], a[1], walk_flags(flags), &w);
    if (error == 0) {
        bool read_only = w.inode->fs == FS_PROC || w.inode->fs == FS_VIEW;
        error = (a[2] & MAY_WRITE) != 0 && read_only && inode_type(w.inode) == S_IFREG_
                    ? -E_ACCES
                    : inode_permission(p, w.inode, (uint32_t)a[2]);
        walk_end(&w);
    }
    p->cred = effective;
    return error;
}

int64_t call_faccessat(struct thread *t, const uint64_t *a)
{
    return access_at(t, a, 0);
}

int64_t call_faccessat2(struct thread *t, const uint64_t *a)
{
    return access_at(t, a, a[3]);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static int64_t may_change(const struct inode *n)
{
    return n->fs == FS_PROC ? -E_PERM : n->fs == FS_VIEW ? -E_ROFS : 0;
}

static int64_t change_mode(struct thread *t, struct inode *n, uint32_t mode)
{
    const struct process *p = t->proc;
    int64_t error = may_change(n);
    if (error != 0) {
        return error;
    }
    if (!inode_is_owner(p, n)) {
        return -E_PERM;
    }
    mode &= S_IALL_;
    if (p->cred.fsuid != 0 && !cred_in_group(&p->cred, n->gid)) {
        mode &= ~S_ISGID_;
    }
    if (inode_type(n) == S_IFLNK_) {
        return -E_OPNOTSUPP;
    }
    return inode_set_owner(n, (n->mode & S_IFMT_) | mode, n->uid, n->gid);
}

int64_t call_fchmod(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    return f == NULL ? -E_BADF : change_mode(t, f->inode, (uint32_t)a[1]);
}

int64_t call_fchmodat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    int64_t error = path_at(t, a[0], a[1], WALK_FOLLOW, &w);
    if (error == 0) {
        error = change_mode(t, w.inode, (uint32_t)a[2]);
        walk_end(&w);
    }
    return error;
}

static int64_t change_owner(struct thread *t, struct inode *n, uint32_t uid, uint32_t gid)
{
    const struct process *p = t->proc;
    const struct cred *c = &p->cred;
    int64_t error = may_change(n);
    if (error != 0) {
        return error;
    }
    if (c->fsuid != 0) {
        bool uid_ok = uid == UINT32_MAX || (uid == n->uid && c->fsuid == n->uid);
        bool gid_ok = gid == UINT32_MAX || (c->fsuid == n->uid && (gid == n->gid || cred_in_group(c, gid)));
        if (!uid_ok || !gid_ok) {
            return -E_PERM;
        }
    }
    uint32_t mode = n->mode;
    if (inode_type(n) == S_IFREG_ || (c->fsuid != 0 && !inode_is_dir(n))) {
        mode &= ~(S_ISUID_ | ((n->mode & 010) != 0 ? S_ISGID_ : 0));
    }
    return inode_set_owner(n, mode, uid == UINT32_MAX ? n->uid : uid, gid == UINT32_MAX ? n->gid : gid);
}

int64_t call_fchown(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    return f == NULL ? -E_BADF : change_owner(t, f->inode, (uint32_t)a[1], (uint32_t)a[2]);
}

int64_t call_fchownat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if ((a[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW_ | AT_EMPTY_PATH_)) != 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], walk_flags(a[4]), &w);
    if (error == 0) {
        error = change_owner(t, w.inode, (uint32_t)a[2], (uint32_t)a[3]);
        walk_end(&w);
    }
    return error;
}

struct new_times {
    struct abi_timespec at[2]; /* access, modification */
    bool given;                /* else both are now, and write permission suffices */
};

static bool time_is_valid(const struct abi_timespec *ts)
{
    return ts->nsec == UTIME_NOW_ || ts->nsec == UTIME_OMIT_ || (ts->nsec >= 0 && ts->nsec < NS_PER_S);
}

static void set_time(int64_t *time, const struct abi_timespec *ts, int64_t now)
{
    if (ts->nsec == UTIME_NOW_) {
        *time = now;
    } else if (ts->nsec != UTIME_OMIT_) {
        int64_t sec_max = INT64_MAX / NS_PER_S - 1;
        int64_t sec = ts->sec > sec_max ? sec_max : ts->sec < -sec_max ? -sec_max : ts->sec;
        *time = sec * NS_PER_S + ts->nsec;
    }
}

static int64_t change_times(struct thread *t, struct inode *n, const struct new_times *times)
{
    const struct process *p = t->proc;
    bool both_now = !times->given || (times->at[0].nsec == UTIME_NOW_ && times->at[1].nsec == UTIME_NOW_);
    bool both_kept = times->given && times->at[0].nsec == UTIME_OMIT_ && times->at[1].nsec == UTIME_OMIT_;
    if (both_kept) {
        return 0;
    }
    int64_t error = may_change(n);
    if (error != 0) {
        return error;
    }
    if (!inode_is_owner(p, n)) {
        if (!both_now) {
            return -E_PERM;
        }
        if (inode_permission(p, n, MAY_WRITE) != 0) {
            return -E_ACCES;
        }
    }
    int64_t now = time_wall(t->sys);
    int64_t accessed = both_now ? now : n->atime, modified = both_now ? now : n->mtime;
    if (!both_now) {
        set_time(&accessed, &times->at[0], now);
        set_time(&modified, &times->at[1], now);
    }
    return inode_set_times(n, accessed, modified);
}

int64_t call_utimensat(struct thread *t, const uint64_t *a)
{
    struct new_times times = {.given = a[2] != 0};
    struct walk w;
    if (a[2] != 0 && !user_read(t->proc->mm, times.at, a[2], sizeof(times.at))) {
        return -E_FAULT;
    }
    if (a[2] != 0 && (!time_is_valid(&times.at[0]) || !time_is_valid(&times.at[1]))) {
        return -E_INVAL;
    }
    if ((a[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW_ | AT_EMPTY_PATH_)) != 0) {
        return -E_INVAL;
    }
    if (a[1] == 0) { /* futimens: the descriptor itself */
        struct file *f = fd_file(t->proc, a[0]);
        return f == NULL ? -E_BADF : change_times(t, f->inode, &times);
    }
    int64_t error = path_at(t, a[0], a[1], walk_flags(a[3]), &w);
    if (error == 0) {
        error = change_times(t, w.inode, &times);
        walk_end(&w);
    }
    return error;
}

static int64_t truncate_inode(struct thread *t, struct inode *n, uint64_t size)
{
    if (size > t->proc->limits[RLIMIT_FSIZE_].cur) {
        signal_simple(t->proc, SIGXFSZ_);
        return -E_FBIG;
    }
    inode_drop_set_ids(t->proc, n);
    return filedata_truncate(n, size);
}

int64_t call_ftruncate(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if ((int64_t)a[1] < 0) {
        return -E_INVAL;
    }
    if (f == NULL) {
        return -E_BADF;
    }
    return f->ops != &regular_ops || !file_can_write(f) ? -E_INVAL : truncate_inode(t, f->inode, a[1]);
}

int64_t call_truncate(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if ((int64_t)a[1] < 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[0], WALK_FOLLOW, &w);
    if (error != 0) {
        return error;
    }
    struct inode *n = w.inode;
    if (inode_is_dir(n)) {
        error = -E_ISDIR;
    } else if (inode_type(n) != S_IFREG_) {
        error = -E_INVAL;
    } else if (inode_permission(t->proc, n, MAY_WRITE) != 0 || n->fs == FS_PROC || n->fs == FS_VIEW) {
        error = -E_ACCES;
    } else {
        error = n->executing > 0 ? -E_TXTBSY : truncate_inode(t, n, a[1]);
    }
    walk_end(&w);
    return error;
}

enum { FALLOC_KEEP_SIZE = 1, FALLOC_PUNCH_HOLE = 2 };

/** A volume that never writes in place has nothing to set aside: it is asked whether there is room now, and the file grows. */
static int64_t allocate_on_volume(struct inode *n, uint64_t end, bool keeps_size)
{
    struct lxfs_statfs room;
    int64_t error = volume_statfs(n->sys, &room);
    if (error == 0 && end > n->size && (end - n->size) / PAGE_BYTES > room.free_count) {
        return -E_NOSPC;
    }
    return error != 0 || keeps_size || end <= n->size ? error : filedata_truncate(n, end);
}

int64_t call_fallocate(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if (f == NULL || !file_can_write(f)) {
        return -E_BADF;
    }
    if ((int64_t)a[2] < 0 || (int64_t)a[3] <= 0) {
        return -E_INVAL;
    }
    bool punches = a[1] == (FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE);
    if (f->ops != &regular_ops || (!punches && (a[1] & ~(uint64_t)FALLOC_KEEP_SIZE) != 0)) {
        return f->ops == &pipe_ops ? -E_SPIPE : f->ops != &regular_ops ? -E_NODEV : -E_OPNOTSUPP;
    }
    uint64_t end = a[2] + a[3];
    if (end > LINUX_FILE_BYTES_MAX) {
        return -E_FBIG;
    }
    struct inode *n = f->inode;
    if (!punches && (a[1] & FALLOC_KEEP_SIZE) == 0 && end > t->proc->limits[RLIMIT_FSIZE_].cur) {
        signal_simple(t->proc, SIGXFSZ_);
        return -E_FBIG;
    }
    if (on_volume(n)) {
        inode_drop_set_ids(t->proc, n);
        return punches ? volume_punch(n, a[2], a[3]) : allocate_on_volume(n, end, (a[1] & FALLOC_KEEP_SIZE) != 0);
    }
    if (punches) {
        return -E_OPNOTSUPP;
    }
    uint64_t first_missing = (n->size + PAGE_BYTES - 1) / PAGE_BYTES; /* before it there may be holes, but not more than the file has */
    if (end / PAGE_BYTES > first_missing && end / PAGE_BYTES - first_missing > t->sys->memory.free_count) {
        return -E_NOSPC; /* before anything is taken */
    }
    n->program = LINUX_NONE;
    inode_drop_set_ids(t->proc, n);
    for (uint64_t index = a[2] / PAGE_BYTES; index * PAGE_BYTES < end; index++) {
        bool made;
        bool in_object = index * PAGE_BYTES < n->object_bytes;
        if (!in_object && data_page_make(&t->sys->memory, &n->data, index, MEM_FILES, &made) == NULL) {
            data_cut(&t->sys->memory, &n->data, first_missing > a[2] / PAGE_BYTES ? first_missing : a[2] / PAGE_BYTES);
            return -E_NOSPC;
        }
    }
    if ((a[1] & FALLOC_KEEP_SIZE) == 0 && end > n->size) {
        n->size = end;
    }
    inode_mark(n, true);
    return 0;
}

/* ---- file systems ------------------------------------------------------------------------------------------------ */

static int64_t put_statfs(struct thread *t, const struct inode *n, uint64_t address)
{
    const struct memory *m = &t->sys->memory;
    struct abi_statfs out;
    bool is_generated = n->fs == FS_PROC || n->fs == FS_VIEW;
    memset(&out, 0, sizeof(out));
    out.type = n->fs == FS_PROC   ? PROC_MAGIC_
               : n->fs == FS_VIEW ? SYSFS_MAGIC_
               : n->fs == FS_PIPE ? PIPEFS_MAGIC_
               : on_volume(n)     ? LXFS_MAGIC_
                                  : TMPFS_MAGIC_;
    out.bsize = out.frsize = PAGE_BYTES;
    out.namelen = LINUX_NAME_BYTES_MAX;
    out.fsid = n->fs;
    out.flags = 0x1020; /* ST_VALID, ST_RELATIME */
    if (on_volume(n)) {
        struct lxfs_statfs s;
        int64_t error = volume_statfs(t->sys, &s);
        if (error != 0) {
            return error;
        }
        out.blocks = s.block_count;
        out.bfree = out.bavail = s.free_count;
        out.files = s.inode_count + s.free_count;
        out.ffree = s.free_count;
    } else if (!is_generated) {
        uint32_t free = m->free_count > m->reserve ? m->free_count - m->reserve : 0;
        out.blocks = m->page_count;
        out.bfree = out.bavail = free;
        out.files = t->sys->inode_count + (uint64_t)free * 8;
        out.ffree = (uint64_t)free * 8;
    }
    return user_write(t->proc->mm, address, &out, sizeof(out)) ? 0 : -E_FAULT;
}

int64_t call_statfs(struct thread *t, const uint64_t *a)
{
    struct walk w;
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[0], WALK_FOLLOW, &w);
    if (error == 0) {
        error = put_statfs(t, w.inode, a[1]);
        walk_end(&w);
    }
    return error;
}

int64_t call_fstatfs(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file_or_path(t->proc, a[0]);
    return f == NULL ? -E_BADF : put_statfs(t, f->inode, a[1]);
}

/* ---- where a process is ------------------------------------------------------------------------------------------ */

static int64_t enter(struct process *p, struct inode **place, struct inode *n)
{
    if (!inode_is_dir(n)) {
        return -E_NOTDIR;
    }
    if (inode_permission(p, n, MAY_EXEC) != 0) {
        return -E_ACCES;
    }
    struct inode *old = *place;
    *place = inode_get(n);
    inode_put(old);
    return 0;
}

int64_t call_chdir(struct thread *t, const uint64_t *a)
{
    struct walk w;
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[0], WALK_FOLLOW, &w);
    if (error == 0) {
        error = enter(t->proc, &t->proc->cwd, w.inode);
        walk_end(&w);
    }
    return error;
}

int64_t call_fchdir(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file_or_path(t->proc, a[0]);
    return f == NULL ? -E_BADF : enter(t->proc, &t->proc->cwd, f->inode);
}

int64_t call_chroot(struct thread *t, const uint64_t *a)
{
    struct walk w;
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[0], WALK_FOLLOW, &w);
    if (error == 0) {
        error = cred_is_root(&t->proc->cred) ? enter(t->proc, &t->proc->root, w.inode)
                : inode_is_dir(w.inode)      ? -E_PERM
                                             : -E_NOTDIR;
        walk_end(&w);
    }
    return error;
}

int64_t call_getcwd(struct thread *t, const uint64_t *a)
{
    struct linux_system *sys = t->sys;
    int64_t len = path_of(t->proc, t->proc->cwd, sys->path_a, sizeof(sys->path_a));
    if (len < 0) {
        return len;
    }
    if ((uint64_t)len + 1 > a[1]) {
        return -E_RANGE;
    }
    return user_write(t->proc->mm, a[0], sys->path_a, (size_t)len + 1) ? len + 1 : -E_FAULT;
}
