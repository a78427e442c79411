/* SPDX-License-Identifier: MIT */
/** Private to fs: the partition as a device of lib/fs, and what arrives while the disk is waited for. */
#ifndef LX_FS_DEVICE_H
#define LX_FS_DEVICE_H

#include "disk.h"
#include "fs.h"
#include "rt.h"

/** Opens the channel to the partition. @return BLK_OK, or why there is none. */
MUST_USE enum blk_status device_open(struct lxfs_device *out, bool *is_read_only);

/** A message that came meanwhile, and the reply object that its caller waits on. */
struct waiting {
    struct message message;
    uint64_t reply;
};

/** Takes the next one. @return false: there is none. Its reply object is free again when it is answered. */
bool device_next_waiting(struct waiting *out);

/** Signals that came meanwhile, but the disk's; each is told once. */
uint64_t device_signals(void);

#endif
