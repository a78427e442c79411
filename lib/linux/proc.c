/* SPDX-License-Identifier: MIT */
/**
 * Proc: the tree of /proc: which names there are, and where its links lead. Inodes are made when they are looked up and
 * live as long as somebody holds them.
 * Owns:   nothing.    Uses: proctext.c, path.c.
 * Limits: no task/, no writable entries; a process is shown to its own user and to root.
 * Source: man-pages proc(5)
 */
#include "proc.h"

#define INO_BASE ((uint64_t)1 << 40)

struct entry {
    const char *name;
    enum proc_item item, parent;
    uint32_t mode;
};

static const struct entry entries[] = {
    {"self", PROC_SELF, PROC_ROOT, S_IFLNK_ | 0777},
    {"mounts", PROC_MOUNTS_LINK, PROC_ROOT, S_IFLNK_ | 0777},
    {"stat", PROC_STAT, PROC_ROOT, S_IFREG_ | 0444},
    {"meminfo", PROC_MEMINFO, PROC_ROOT, S_IFREG_ | 0444},
    {"uptime", PROC_UPTIME, PROC_ROOT, S_IFREG_ | 0444},
    {"loadavg", PROC_LOADAVG, PROC_ROOT, S_IFREG_ | 0444},
    {"cpuinfo", PROC_CPUINFO, PROC_ROOT, S_IFREG_ | 0444},
    {"version", PROC_VERSION, PROC_ROOT, S_IFREG_ | 0444},
    {"filesystems", PROC_FILESYSTEMS, PROC_ROOT, S_IFREG_ | 0444},
    {"cmdline", PROC_KERNEL_CMDLINE, PROC_ROOT, S_IFREG_ | 0444},
    {"sys", PROC_SYS, PROC_ROOT, S_IFDIR_ | 0555},
    {"kernel", PROC_SYS_KERNEL, PROC_SYS, S_IFDIR_ | 0555},
    {"hostname", PROC_HOSTNAME, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"domainname", PROC_DOMAINNAME, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"ostype", PROC_OSTYPE, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"osrelease", PROC_OSRELEASE, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"version", PROC_OSVERSION, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"pid_max", PROC_PID_MAX, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"ngroups_max", PROC_NGROUPS_MAX, PROC_SYS_KERNEL, S_IFREG_ | 0444},
    {"random", PROC_RANDOM, PROC_SYS_KERNEL, S_IFDIR_ | 0555},
    {"entropy_avail", PROC_ENTROPY, PROC_RANDOM, S_IFREG_ | 0444},
    {"uuid", PROC_UUID, PROC_RANDOM, S_IFREG_ | 0444},
    {"boot_id", PROC_BOOT_ID, PROC_RANDOM, S_IFREG_ | 0444},
    {"stat", PROC_PID_STAT, PROC_PID, S_IFREG_ | 0444},
    {"statm", PROC_PID_STATM, PROC_PID, S_IFREG_ | 0444},
    {"status", PROC_PID_STATUS, PROC_PID, S_IFREG_ | 0444},
    {"cmdline", PROC_PID_CMDLINE, PROC_PID, S_IFREG_ | 0444},
    {"comm", PROC_PID_COMM, PROC_PID, S_IFREG_ | 0444},
    {"environ", PROC_PID_ENVIRON, PROC_PID, S_IFREG_ | 0400},
    {"maps", PROC_PID_MAPS, PROC_PID, S_IFREG_ | 0400},
    {"mounts", PROC_PID_MOUNTS, PROC_PID, S_IFREG_ | 0444},
    {"limits", PROC_PID_LIMITS, PROC_PID, S_IFREG_ | 0444},
    {"exe", PROC_PID_EXE, PROC_PID, S_IFLNK_ | 0777},
    {"cwd", PROC_PID_CWD, PROC_PID, S_IFLNK_ | 0777},
    {"root", PROC_PID_ROOT, PROC_PID, S_IFLNK_ | 0777},
    {"fd", PROC_PID_FD, PROC_PID, S_IFDIR_ | 0500},
};

static struct inode *make(struct inode *dir, enum proc_item item, uint32_t mode, const struct process *p, uint32_t number)
{
    struct inode *n = inode_new(dir->sys, FS_PROC, mode, NULL);
    if (n == NULL) {
        return NULL;
    }
    n->item = item;
    n->pid = p == NULL ? 0 : p->pid;
    n->number = number;
    n->ino = INO_BASE | (uint64_t)n->pid << 20 | (uint64_t)item << 12 | number;
    if (p != NULL) {
        n->uid = p->cred.euid;
        n->gid = p->cred.egid;
    }
    if (inode_is_dir(n)) {
        n->parent = inode_get(dir);
    }
    return n;
}

static bool parse_number(const char *name, size_t len, uint32_t *out)
{
    uint32_t value = 0;
    if (len == 0 || len > 8 || (len > 1 && name[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(name[i] - '0');
    }
    *out = value;
    return true;
}

static bool may_inspect(const struct thread *t, const struct process *p)
{
    const struct cred *c = &t->proc->cred;
    return c->euid == 0 || p == t->proc || (c->euid == p->cred.euid && c->euid == p->cred.uid);
}

static int64_t made(struct inode *n, struct inode **out)
{
    *out = n;
    return n == NULL ? -E_NOMEM : 0;
}

int64_t proc_lookup(struct thread *t, struct inode *dir, const char *name, size_t len, struct inode **out)
{
    uint32_t number;
    struct process *p = dir->pid == 0 ? NULL : process_find(t->sys, dir->pid);
    if (dir->pid != 0 && p == NULL) {
        return -E_NOENT;
    }
    if (dir->item == PROC_ROOT && parse_number(name, len, &number)) {
        p = process_find(t->sys, number);
        return p == NULL ? -E_NOENT : made(make(dir, PROC_PID, S_IFDIR_ | 0555, p, 0), out);
    }
    if (dir->item == PROC_PID_FD) {
        if (!parse_number(name, len, &number) || fd_file_or_path(p, number) == NULL) {
            return -E_NOENT;
        }
        return made(make(dir, PROC_FD_LINK, S_IFLNK_ | 0700, p, number), out);
    }
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const struct entry *e = &entries[i];
        if (e->parent == dir->item && strlen(e->name) == len && memcmp(e->name, name, len) == 0) {
            return made(make(dir, e->item, e->mode, p, 0), out);
        }
    }
    return -E_NOENT;
}

size_t proc_relative(const struct inode *n, char *out, size_t cap_bytes)
{
    const char *names[4];
    uint32_t depth = 0;
    enum proc_item item = (enum proc_item)n->item;
    for (size_t i = 0; i < ARRAY_LEN(entries) && item != PROC_ROOT && item != PROC_PID && depth < 4;) {
        if (entries[i].item == item) {
            names[depth++] = entries[i].name;
            item = entries[i].parent;
            i = 0;
        } else {
            i++;
        }
    }
    size_t len = n->pid != 0 ? text_into(out, cap_bytes, "%u", n->pid) : 0;
    while (depth > 0) {
        len += text_into(out + len, cap_bytes - len, "%s%s", len > 0 ? "/" : "", names[--depth]);
    }
    return len;
}

/* ---- listing ----------------------------------------------------------------------------------------------------- */

/* Cookies: entries of the table at COOKIE_FIRST + index; processes and descriptors above. */
#define COOKIE_NUMBERS (COOKIE_FIRST + 256u)

static uint64_t list_processes(struct thread *t, uint64_t cookie, struct dir_sink *sink)
{
    uint32_t after = cookie < COOKIE_NUMBERS ? 0 : (uint32_t)(cookie - COOKIE_NUMBERS);
    for (struct process *p = process_after(t->sys, after); p != NULL; p = process_after(t->sys, p->pid)) {
        char name[16];
        size_t len = text_into(name, sizeof(name), "%u", p->pid);
        if (!dir_sink_add(sink, INO_BASE | (uint64_t)p->pid << 20 | PROC_PID << 12, COOKIE_NUMBERS + p->pid, S_IFDIR_,
                          name, len)) {
            break;
        }
        cookie = COOKIE_NUMBERS + p->pid;
    }
    return cookie;
}

static uint64_t list_fds(const struct process *p, uint64_t cookie, struct dir_sink *sink)
{
    uint32_t first = cookie < COOKIE_NUMBERS ? 0 : (uint32_t)(cookie - COOKIE_NUMBERS) + 1;
    for (uint32_t fd = first; fd < LINUX_FDS_MAX; fd++) {
        char name[16];
        if (fd_file_or_path(p, fd) == NULL) {
            continue;
        }
        size_t len = text_into(name, sizeof(name), "%u", fd);
        if (!dir_sink_add(sink, INO_BASE | (uint64_t)p->pid << 20 | PROC_FD_LINK << 12 | fd, COOKIE_NUMBERS + fd,
                          S_IFLNK_, name, len)) {
            break;
        }
        cookie = COOKIE_NUMBERS + fd;
    }
    return cookie;
}

uint64_t proc_list(struct thread *t, struct inode *dir, uint64_t cookie, struct dir_sink *sink)
{
    struct process *p = dir->pid == 0 ? NULL : process_find(t->sys, dir->pid);
    if (dir->pid != 0 && p == NULL) {
        return cookie;
    }
    if (dir->item == PROC_PID_FD) {
        return may_inspect(t, p) ? list_fds(p, cookie, sink) : cookie;
    }
    for (size_t i = cookie < COOKIE_FIRST ? 0 : (size_t)cookie - COOKIE_FIRST + 1; i < ARRAY_LEN(entries); i++) {
        const struct entry *e = &entries[i];
        if (e->parent != dir->item) {
            continue;
        }
        uint64_t ino = INO_BASE | (uint64_t)dir->pid << 20 | (uint64_t)e->item << 12;
        if (!dir_sink_add(sink, ino, COOKIE_FIRST + i, e->mode, e->name, strlen(e->name))) {
            return cookie;
        }
        cookie = COOKIE_FIRST + i;
    }
    return dir->item == PROC_ROOT && sink->error == 0 ? list_processes(t, cookie, sink) : cookie;
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

/** What exe, cwd, root or fd/N of a process is, or NULL. */
static struct inode *link_inode(struct process *p, const struct inode *n)
{
    struct file *f;
    switch (n->item) {
    case PROC_PID_EXE:
        return p->mm == NULL ? NULL : p->mm->exe;
    case PROC_PID_CWD:
        return p->cwd;
    case PROC_PID_ROOT:
        return p->root;
    case PROC_FD_LINK:
        f = fd_file_or_path(p, n->number);
        return f == NULL ? NULL : f->inode;
    default:
        return NULL;
    }
}

static bool is_magic(const struct inode *n)
{
    return n->item == PROC_PID_EXE || n->item == PROC_PID_CWD || n->item == PROC_PID_ROOT || n->item == PROC_FD_LINK;
}

static int64_t find_target(struct thread *t, const struct inode *n, struct inode **out)
{
    struct process *p = process_find(t->sys, n->pid);
    if (p == NULL) {
        return -E_NOENT;
    }
    if (!may_inspect(t, p)) {
        return -E_ACCES;
    }
    *out = link_inode(p, n);
    return *out == NULL ? -E_NOENT : 0;
}

int64_t proc_follow(struct thread *t, struct inode *n, struct inode **out)
{
    *out = NULL;
    if (!is_magic(n)) {
        return 0;
    }
    int64_t error = find_target(t, n, out);
    if (error == 0) {
        (void)inode_get(*out);
    }
    return error;
}

static int64_t describe(const struct process *p, struct inode *target, char *out, size_t cap_bytes)
{
    if (target->fs == FS_PIPE) {
        return (int64_t)text_into(out, cap_bytes, "pipe:[%lu]", target->ino);
    }
    int64_t len = path_of(p, target, out, cap_bytes);
    if (len == -E_NOENT) {
        return (int64_t)text_into(out, cap_bytes, "/%lu (deleted)", target->ino);
    }
    return len;
}

int64_t proc_readlink(struct thread *t, struct inode *n, char *out, size_t cap_bytes)
{
    struct inode *target;
    if (n->item == PROC_SELF) {
        return (int64_t)text_into(out, cap_bytes, "%u", t->proc->pid);
    }
    if (n->item == PROC_MOUNTS_LINK) {
        return (int64_t)text_into(out, cap_bytes, "self/mounts");
    }
    int64_t error = find_target(t, n, &target);
    return error != 0 ? error : describe(t->proc, target, out, cap_bytes);
}

void proc_fill(struct thread *t, const struct inode *n, struct linux_text *text)
{
    struct process *p = n->pid == 0 ? NULL : process_find(t->sys, n->pid);
    if (n->pid != 0 && p == NULL) {
        return;
    }
    if ((n->item == PROC_PID_ENVIRON || n->item == PROC_PID_MAPS) && !may_inspect(t, p)) {
        return;
    }
    proc_text(t->sys, p, n->item, text);
}
