/* SPDX-License-Identifier: MIT */
/**
 * Check: whether everything is as it must be between two entries; for tests and fuzzers. Every reference is counted anew
 * from those who hold it, so that one that is lost or left behind is found.
 * Owns:   the check_ fields of inodes and open files.    Uses: every structure of this room.
 * Limits: O(everything there is).
 */
#include "lock.h"

/** The inodes found so far whose own holds are still to be counted. */
struct survey {
    struct linux_system *sys;
    struct inode *todo;
    uint64_t inodes, files;
    const char *broken;
};

static void meet_inode(struct survey *s, struct inode *n)
{
    if (n->check_round != s->sys->check_round) {
        n->check_round = s->sys->check_round;
        n->check_refs = 0;
        n->check_next = s->todo;
        s->todo = n;
        s->inodes++;
    }
}

static void hold_inode(struct survey *s, struct inode *n)
{
    if (n != NULL) {
        meet_inode(s, n);
        n->check_refs++;
    }
}

static void hold_file(struct survey *s, struct file *f)
{
    if (f == NULL) {
        return;
    }
    if (f->check_round != s->sys->check_round) {
        f->check_round = s->sys->check_round;
        f->check_refs = 0;
        s->files++;
        hold_inode(s, f->inode);
    }
    f->check_refs++;
}

static void survey_process(struct survey *s, struct process *p)
{
    hold_inode(s, p->cwd);
    hold_inode(s, p->root);
    for (uint32_t fd = 0; fd < LINUX_FDS_MAX; fd++) {
        hold_file(s, fd_file_or_path(p, fd));
    }
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        hold_file(s, CONTAINER_OF(l, struct thread, siblings)->call.file);
    }
}

/** An address space holds its program once, however many processes share it: the first of them counts. */
static void survey_mm(struct survey *s, struct process *p)
{
    uint32_t sharers = 0;
    bool is_first = true;
    for (struct link *l = s->sys->processes.next; l != &s->sys->processes; l = l->next) {
        const struct process *other = CONTAINER_OF(l, struct process, all);
        if (other->mm == p->mm) {
            is_first = sharers == 0 ? other == p : is_first;
            sharers++;
        }
    }
    if (p->mm == NULL) {
        return;
    }
    if (p->mm->refs != sharers) {
        s->broken = "an address space is held by the processes that use it";
    }
    if (is_first) {
        hold_inode(s, p->mm->exe);
    }
}

static void survey_names(struct survey *s)
{
    for (uint32_t i = 0; i <= s->sys->dentry_mask; i++) {
        for (const struct dentry *d = s->sys->dentries[i]; d != NULL; d = d->hash_next) {
            meet_inode(s, d->inode);
            meet_inode(s, d->dir);
            if ((d->hash & s->sys->dentry_mask) != i || name_find(d->dir, d->name, d->len) != d) {
                s->broken = "a name is found by its directory and itself";
            }
        }
    }
}

static const char *check_names(const struct inode *n)
{
    uint32_t names = 0;
    for (const struct dentry *d = n->names; d != NULL; d = d->next_name) {
        if (d->inode != n) {
            return "the names of an inode name it";
        }
        names++;
    }
    if (on_volume(n)) {
        return inode_is_dir(n) && names > 1 ? "a directory has one name" : NULL;
    }
    if (!inode_is_dir(n)) {
        return names == n->nlink ? NULL : "nlink counts the names of a file";
    }
    bool is_lost = names == 0 && n->parent != NULL;
    return names > 1 || (names == 1 && n->parent != n->names->dir) || (is_lost && n->fs != FS_PROC && n->nlink != 0)
               ? "a directory has one name, in its parent, or was removed"
               : NULL;
}

static const char *check_dir(const struct inode *n)
{
    uint32_t entries = 0, dirs = 0;
    uint64_t last = 0;
    for (const struct link *l = n->entries.next; l != &n->entries; l = l->next) {
        const struct dentry *d = (const void *)((const char *)l - offsetof(struct dentry, in_dir));
        if (d->dir != n || d->cookie <= last) {
            return "entries of a directory are its own, in the order of their cookies";
        }
        last = d->cookie;
        entries++;
        dirs += inode_is_dir(d->inode) ? 1 : 0;
    }
    if (entries != n->entry_count) {
        return "entry_count counts the entries";
    }
    bool is_tree = n->fs != FS_PROC && n->fs != FS_VIEW && !on_volume(n) && n->nlink != 0;
    return is_tree && n->nlink != 2 + dirs ? "a directory has two links and one for each directory in it" : NULL;
}

/** Counts what the inodes on the list hold themselves, until no new one turns up; then nothing is missing. */
static void survey_inodes(struct survey *s)
{
    while (s->todo != NULL) {
        struct inode *n = s->todo;
        s->todo = n->check_next;
        hold_inode(s, n->parent);
        hold_inode(s, n->mounted);
        hold_inode(s, n->covers);
        if (inode_is_dir(n) && n->parent == NULL) {
            n->check_refs++; /* a root, which stays */
        }
        const char *broken = check_names(n);
        broken = broken == NULL && inode_is_dir(n) ? check_dir(n) : broken;
        broken = broken == NULL ? pipe_invariant(n) : broken;
        broken = broken == NULL ? locks_invariant(n) : broken;
        s->broken = s->broken == NULL ? broken : s->broken;
    }
}

static const char *compare_refs(const struct linux_system *sys)
{
    for (uint32_t i = 0; i <= sys->dentry_mask; i++) {
        for (const struct dentry *d = sys->dentries[i]; d != NULL; d = d->hash_next) {
            if (d->inode->refs != d->inode->check_refs) {
                return "an inode has the references that are held to it";
            }
        }
    }
    for (const struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        const struct process *p = (const void *)((const char *)l - offsetof(struct process, all));
        for (uint32_t fd = 0; fd < LINUX_FDS_MAX; fd++) {
            const struct file *f = fd_file_or_path(p, fd);
            if (f != NULL && (f->refs != f->check_refs || f->inode->refs != f->inode->check_refs)) {
                return "an open file and its inode have the references that are held to them";
            }
        }
    }
    return NULL;
}

static const char *files_invariant(struct linux_system *sys)
{
    struct survey s = {.sys = sys};
    sys->check_round++;
    hold_inode(&s, sys->root);
    sys->root->check_refs--; /* counted with the roots */
    survey_names(&s);
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        survey_process(&s, p);
        survey_mm(&s, p);
    }
    survey_inodes(&s);
    if (s.broken == NULL && (s.inodes != sys->inode_count || s.files != sys->file_count)) {
        s.broken = "every inode and open file is held or named by somebody";
    }
    return s.broken == NULL ? compare_refs(sys) : s.broken;
}

const char *linux_invariant(struct linux_system *sys)
{
    if (sys->is_over) {
        return NULL;
    }
    if (!link_empty(&sys->ready)) {
        return "nothing is ready between entries";
    }
    const char *broken = memory_invariant(&sys->memory);
    broken = broken == NULL ? processes_invariant(sys) : broken;
    broken = broken == NULL ? files_invariant(sys) : broken;
    return broken == NULL ? tty_invariant(&sys->console) : broken;
}
