/* SPDX-License-Identifier: MIT */
/**
 * Lock, private: advisory locks on files (lock.c).
 * Owns:   nothing.    Uses: files.h.
 */
#ifndef LX_LINUX_LOCK_H
#define LX_LINUX_LOCK_H

#include "files.h"

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };

/** fcntl: F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ forms, for an open file that is not O_PATH. */
int64_t lock_fcntl(struct thread *t, struct file *f, uint64_t command, uint64_t address);
/** A process closed a descriptor of this file: all its POSIX locks on it go, whatever other descriptors it has. */
void locks_drop_process(struct inode *n, const struct process *p);
/** The last descriptor of an open file is closed. */
void locks_drop_file(struct file *f);
/** A process is gone: nobody waits for its locks any more. */
void locks_forget_process(struct process *gone);
const char *locks_invariant(const struct inode *n);

#endif
