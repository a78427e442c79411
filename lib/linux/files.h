/* SPDX-License-Identifier: MIT */
/**
 * Files of lib/linux, private: inodes, names, open files, paths and transfers, as all files of this room see them.
 * Owns:   nothing.    Uses: core.h.
 * Limits: an inode lives while somebody refers to it or it has a name.
 */
#ifndef LX_LINUX_FILES_H
#define LX_LINUX_FILES_H

#include "core.h"

/* ---- inodes ------------------------------------------------------------------------------------------------------ */

/** File systems; st_dev is this plus 16, so that each differs and none is 0. */
enum fs_id { FS_ROOT, FS_TMP, FS_DEV, FS_SHM, FS_PROC, FS_VIEW, FS_PIPE, FS_VOLUME, FS_COUNT };

struct pipe;
struct walk;

struct inode {
    struct linux_system *sys;
    uint32_t refs;
    uint32_t nlink;
    uint32_t mode, uid, gid;
    uint8_t fs;
    bool owns_target;  /* a symlink's text is a piece of ours */
    bool is_filled;    /* generated: the text has been made */
    uint32_t executing; /* address spaces that run it: then it cannot be written */
    bool is_linkable;   /* made without a name, and may get one */
    uint32_t writers;   /* open files that can write: then it cannot be executed */
    uint64_t ino, rdev;
    int64_t atime, mtime, ctime; /* ns since 1970 */
    uint64_t size;

    /* Regular files: pages that were written, then what the object had, then holes. */
    struct data data;
    uint32_t object, program;
    uint64_t object_bytes; /* of the object, not cut off since */

    const char *target; /* symlink */
    struct pipe *pipe;  /* FIFO that is open somewhere */

    /* Directories: */
    struct link entries; /* by cookie */
    uint64_t next_cookie;
    uint32_t entry_count;
    struct inode *parent;         /* held; NULL for a root */
    struct inode *mounted, *covers; /* the root on top of it; what it is on top of */

    struct dentry *names; /* where it appears */
    struct lock *locks;   /* advisory ones */

    uint32_t item, pid, number; /* /proc, /lx: which file of which process; an fd */

    /* On the volume: */
    struct inode *ino_next;
    struct link lru, paged; /* of all that are here, and of those with pages, by use */
    uint64_t generation;
    uint64_t block_count;   /* as the volume last said */
    uint64_t read_next;     /* the page that comes next when the file is read in order */
    bool is_held;           /* has no name and is open: the volume keeps it for us */

    /* Of check.c: */
    struct inode *check_next;
    uint32_t check_round, check_refs;
};

struct dentry {
    struct dentry *hash_next;
    struct dentry *next_name; /* of the same inode */
    struct inode *dir, *inode;
    struct link in_dir;
    uint64_t cookie;
    uint32_t hash;
    uint8_t len;
    char name[]; /* and a zero */
};

#define COOKIE_DOT 1u
#define COOKIE_DOTDOT 2u
#define COOKIE_FIRST 3u
#define LINKS_MAX 65000u

static inline uint32_t inode_type(const struct inode *n)
{
    return n->mode & S_IFMT_;
}

static inline bool inode_is_dir(const struct inode *n)
{
    return inode_type(n) == S_IFDIR_;
}

static inline struct inode *inode_get(struct inode *n)
{
    n->refs++;
    return n;
}

/* inode.c: inodes and names of the in-memory file systems */
struct inode *inode_new(struct linux_system *sys, enum fs_id fs, uint32_t mode, const struct cred *owner);
void inode_put(struct inode *n);
void inode_mark(struct inode *n, bool modified); /* ctime, and mtime when modified */
struct dentry *name_find(struct inode *dir, const char *name, size_t len);
/** Adds a name; the name holds the inode through nlink. @return 0 or -E_NOSPC. */
int64_t name_add(struct inode *dir, const char *name, size_t len, struct inode *n);
/** Removes a name; the inode goes when that was the last and nobody refers to it. */
void name_remove(struct dentry *d);
/** A name as it is known, without a change of the file system: the volume's. @return false: memory is short. */
bool name_enter(struct inode *dir, const char *name, size_t len, struct inode *n);
void name_leave(struct dentry *d);
/** Forgets the names of an inode of the volume. */
void inode_evict_names(struct inode *n);
/** The same, and frees it: nobody refers to it. */
void inode_evict(struct inode *n);
/** Sets permission bits (and set-id bits) and owner. @return 0, or what the volume says. */
int64_t inode_set_owner(struct inode *n, uint32_t mode, uint32_t uid, uint32_t gid);
int64_t inode_set_times(struct inode *n, int64_t atime, int64_t mtime);
/** It was read now. */
void inode_note_read(struct inode *n);
void mount_on(struct inode *point, struct inode *root);

/* tree.c, at the start */
enum lx_err tree_init(struct linux_system *sys);
bool tree_name_is_bad(const char *name, size_t len);
/** Makes a declared file in memory. */
enum lx_err tree_declare(struct linux_system *sys, const struct linux_file_decl *decl);

/* install.c: files of packages on the volume */
void install_packages(struct linux_system *sys);

/* volume.c: inodes of the volume. Results are 0 or more, or -E_x. */
static inline bool on_volume(const struct inode *n)
{
    return n->fs == FS_VOLUME;
}
int64_t volume_error(enum lxfs_err err);
/** The root directory, held; prepares the tables. */
int64_t volume_root(struct linux_system *sys, struct inode **out);
int64_t volume_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
int64_t volume_make(struct inode *dir, const char *name, size_t len, const struct lxfs_node *node, struct inode **out);
int64_t volume_link(struct inode *dir, const char *name, size_t len, struct inode *n);
/** Removes a name of `n`, which the caller holds once. */
int64_t volume_remove(struct inode *dir, const char *name, size_t len, struct inode *n);
int64_t volume_rename(const struct walk *from, const struct walk *to, uint32_t flags);
/** Lists after `position`. @return that of the last entry that was taken. */
struct dir_sink;
uint64_t volume_list(struct inode *dir, uint64_t position, struct dir_sink *sink);
int64_t volume_readlink(struct inode *n, char *out, size_t cap_bytes);
/** Brings attributes up to date: times, counts. */
int64_t volume_refresh(struct inode *n);
/** Sets what `mask` (LXFS_SET_ bits) names to what `values` has, on the volume alone. */
int64_t volume_set(struct inode *n, uint32_t mask, const struct inode *values);
/** As filedata_page, and the bytes are good until the next call to the volume. */
const uint8_t *volume_page(struct inode *n, uint64_t index, size_t *len_bytes, bool *ok);
struct uio;
int64_t volume_write(struct inode *n, struct uio *io, uint64_t position);
int64_t volume_truncate(struct inode *n, uint64_t size);
int64_t volume_punch(struct inode *n, uint64_t offset, uint64_t len);
int64_t volume_seek(struct inode *n, uint64_t position, bool wants_data);
/** The authorised program that the contents are, or LINUX_NONE. */
uint32_t volume_program(struct inode *n);
int64_t volume_sync(struct linux_system *sys);
int64_t volume_statfs(struct linux_system *sys, struct lxfs_statfs *out);
/** Forgets the pages of a file. */
void volume_drop_pages(struct inode *n);
/** Before an inode is freed. */
void volume_forget(struct inode *n);
/** Gives up something that is only remembered. @return false: there is nothing. */
bool volume_reclaim(struct linux_system *sys);

/* filedata.c: contents of regular files */
struct uio;
int64_t filedata_read(struct inode *n, struct uio *io, uint64_t position);
int64_t filedata_write(struct inode *n, struct uio *io, uint64_t position);
int64_t filedata_truncate(struct inode *n, uint64_t size);
/** The bytes of page `index` for reading: the written page, the object's, or NULL for zeros. `*ok` false: EIO. */
const uint8_t *filedata_page(struct inode *n, uint64_t index, size_t *len_bytes, bool *ok);

/* ---- access ------------------------------------------------------------------------------------------------------ */

/** Whether effective (fs) ids may do `may` (MAY_ bits). @return 0 or -E_ACCES. */
int64_t inode_permission(const struct process *p, const struct inode *n, uint32_t may);
/** Whoever but root changes a file takes its set-id bits away. */
void inode_drop_set_ids(const struct process *p, struct inode *n);
bool inode_is_owner(const struct process *p, const struct inode *n);

/* ---- transfers --------------------------------------------------------------------------------------------------- */

/** User memory (or one piece of ours, when mm is NULL) that a call reads into or writes from. */
struct uio {
    struct mm *mm;
    const struct abi_iovec *iov;
    uint32_t iov_count;
    uint32_t iov_index;
    uint64_t iov_offset;
    uint64_t left_bytes;
    bool has_faulted;
};

/** A pointer to the next bytes, at most `max_bytes`; NULL at the end or at a fault. */
uint8_t *uio_pin(struct uio *io, size_t max_bytes, bool for_write, size_t *available);
void uio_advance(struct uio *io, size_t len_bytes);
/** Skips what an earlier run of the same call has moved. */
void uio_skip(struct uio *io, uint64_t len_bytes);
size_t uio_put(struct uio *io, const void *bytes, size_t len_bytes); /* into user memory; short at a fault */
size_t uio_get(struct uio *io, void *out, size_t len_bytes);
size_t uio_zero(struct uio *io, size_t len_bytes);
/** What a transfer of `done` bytes returns: EFAULT when nothing was moved because of a fault. */
static inline int64_t uio_result(const struct uio *io, uint64_t done)
{
    return done == 0 && io->has_faulted ? -E_FAULT : (int64_t)done;
}

/* ---- open files -------------------------------------------------------------------------------------------------- */

struct file_ops {
    int64_t (*read)(struct thread *t, struct file *f, struct uio *io, uint64_t *position);
    int64_t (*write)(struct thread *t, struct file *f, struct uio *io, uint64_t *position);
    /** What is possible now (POLL bits), and on which queues to wait for more. */
    uint32_t (*poll)(struct file *f, struct wait_queue *queues[2]);
    int64_t (*ioctl)(struct thread *t, struct file *f, uint32_t request, uint64_t argument);
    void (*release)(struct file *f);
    bool has_position;
};

struct file {
    struct linux_system *sys;
    const struct file_ops *ops;
    struct inode *inode;
    uint32_t refs;
    uint32_t flags; /* O_ bits that F_GETFL shows */
    uint64_t position;
    uint32_t check_round, check_refs; /* of check.c */
};

static inline bool file_can_read(const struct file *f)
{
    return (f->flags & (O_ACCMODE_ | O_PATH_)) != O_WRONLY_ && (f->flags & O_PATH_) == 0;
}

static inline bool file_can_write(const struct file *f)
{
    return (f->flags & O_ACCMODE_) != O_RDONLY_ && (f->flags & O_PATH_) == 0;
}

/* fd.c */
struct file *file_new(struct inode *n, uint32_t flags, const struct file_ops *ops);
void file_put(struct file *f);
static inline struct file *file_get(struct file *f)
{
    f->refs++;
    return f;
}
/** The open file, or NULL: EBADF. Not for O_PATH files unless asked. */
struct file *fd_file(const struct process *p, uint64_t fd);
struct file *fd_file_or_path(const struct process *p, uint64_t fd);
/** Takes the lowest free number from `from` on for `f`, whose reference moves there. @return it or -E_MFILE, -E_NOMEM. */
int64_t fd_install(struct process *p, struct file *f, uint32_t from, bool cloexec);
void fd_close(struct process *p, uint32_t fd);
void fds_close_all(struct process *p);
void fds_close_on_exec(struct process *p);
MUST_USE bool fds_clone(struct process *child, const struct process *parent);
uint32_t fd_count(const struct process *p);

/** Opens an inode as `flags` ask; its kind decides. `t` may have to block for a FIFO. */
int64_t file_open(struct thread *t, struct inode *n, uint32_t flags, struct file **out);

extern const struct file_ops regular_ops, dir_ops, path_ops, text_ops;
extern const struct file_ops null_ops, zero_ops, full_ops, random_ops, tty_ops;

/* pipe.c */
extern const struct file_ops pipe_ops;
int64_t pipe_open(struct thread *t, struct inode *n, uint32_t flags, struct file **out);
void pipe_open_abort(struct thread *t);
const char *pipe_invariant(const struct inode *n);

/* device.c */
const struct file_ops *device_ops(struct process *p, const struct inode *n, int64_t *error);
void device_opened(struct process *p, const struct inode *n, uint32_t flags);

/** Makes the missing last name of a walk, a symlink with `target`; the new inode then is w->inode. Permission has been checked. */
int64_t make_node(struct thread *t, struct walk *w, uint32_t mode, uint64_t rdev, const char *target);

/** Makes a regular file without a name in the file system of `dir`; it is held. */
int64_t make_unnamed(struct thread *t, struct inode *dir, uint32_t mode, struct inode **out);

/* ---- paths ------------------------------------------------------------------------------------------------------- */

#define WALK_FOLLOW 1u   /* a symlink at the end */
#define WALK_CREATE 2u   /* the last name may be missing: then `inode` is NULL */
#define WALK_EMPTY 4u    /* an empty path names the start itself */
#define WALK_PARENT 8u   /* the last name is not looked up: walk_last() does */

struct walk {
    struct inode *dir;   /* held; where the last name is looked up */
    struct inode *inode; /* held; or NULL */
    bool is_special;     /* the last name is ".", "..", the path is "/" or a magic link: no name that could be changed */
    bool wants_dir;      /* a slash follows the last name */
    bool is_too_long;    /* the last name, with WALK_PARENT */
    uint8_t len;
    char name[LINUX_NAME_BYTES_MAX + 1];
};

int64_t path_walk(struct thread *t, struct inode *start, const char *path, uint32_t flags, struct walk *out);
void walk_end(struct walk *w);
/** Looks up the last name of a WALK_PARENT, without following it; a missing name leaves `inode` NULL. */
int64_t walk_last(struct thread *t, struct walk *w);
/** The text of a symlink. @return its length, or -E_x. */
int64_t link_text(struct thread *t, struct inode *n, char *out, size_t cap_bytes);
/** Where relative paths from `dirfd` start, held. */
int64_t path_start(struct thread *t, uint64_t dirfd, const char *path, struct inode **out);
/** Copies a path argument into `buffer` (sys->path_a or path_b). */
int64_t path_argument(struct thread *t, char *buffer, uint64_t address);
/** All three for a call (dirfd, path): the walk is to be ended by the caller when the result is 0. */
int64_t path_at(struct thread *t, uint64_t dirfd, uint64_t address, uint32_t flags, struct walk *out);
/** The inode of a name in a directory of any file system, held; permission of `dir` has been checked. */
int64_t node_lookup(struct thread *t, struct inode *dir, const char *name, size_t len, struct inode **out);
/** The path of a directory or file as process `p` sees it, into `out`. @return the length, or -E_NOENT, -E_NAMETOOLONG. */
int64_t path_of(const struct process *p, struct inode *n, char *out, size_t cap_bytes);

/** Where getdents puts entries. */
struct dir_sink {
    struct mm *mm;
    uint64_t address;
    size_t left_bytes;
    uint64_t used_bytes;
    int64_t error;
};
/** @return false: no room, or a fault; the entry was not taken. */
MUST_USE bool dir_sink_add(struct dir_sink *sink, uint64_t ino, uint64_t cookie, uint32_t mode, const char *name,
                           size_t len);

/* proc.c, proctext.c, view.c: generated files */
int64_t proc_lookup(struct thread *t, struct inode *dir, const char *name, size_t len, struct inode **out);
uint64_t proc_list(struct thread *t, struct inode *dir, uint64_t cookie, struct dir_sink *sink);
/** The text of a symlink under /proc into `out`; -E_NOENT when its process is gone. */
int64_t proc_readlink(struct thread *t, struct inode *n, char *out, size_t cap_bytes);
/** What a magic link (exe, cwd, root, fd/N) leads to, held; NULL: it is an ordinary symlink. */
int64_t proc_follow(struct thread *t, struct inode *n, struct inode **out);
/** The path of a /proc inode below its root, such as "12/fd". */
size_t proc_relative(const struct inode *n, char *out, size_t cap_bytes);
void proc_fill(struct thread *t, const struct inode *n, struct linux_text *text);
void proc_text(struct linux_system *sys, struct process *p, uint32_t item, struct linux_text *text);
void proc_memory(struct linux_system *sys, struct linux_memory_usage *out);
int64_t view_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
uint64_t view_list(struct inode *dir, uint64_t cookie, struct dir_sink *sink);
void view_fill(const struct inode *n, struct linux_text *text);

#endif
