/* SPDX-License-Identifier: MIT */
/**
 * Files of a volume: lib/fs for one client, by calls. Version 1. Numbers are words of the message; names, attributes and contents lie in
 * a window of memory that both sides see and that belongs to the call: the server reads it before it answers and never after.
 *
 * A request: label enum fs_request, words as its comment says, always four; the last one is the epoch that FS_ATTACH gave. The reply: label
 * PROTO_OK, word 0 an enum lxfs_err (lib/fs/fs.h says which), further words as said; or label FS_STALE.
 *
 * Restarts. A server that was restarted has another epoch, and what was not synced is gone: every request of an older epoch is answered
 * FS_STALE and does nothing, so a request that is repeated to it never happens twice. A client that attaches anew gets an epoch and
 * holds no files.
 */
#ifndef LX_PROTO_FILES_H
#define LX_PROTO_FILES_H

#include "fs.h"
#include "proto.h"

enum { FS_DATA_BYTES = 65536, FS_SENTENCE_BYTES = 200 };

#define FS_STALE 16u /**< label of a reply: the epoch is not the server's */

enum fs_request {
    FS_ATTACH = 1, /**< no words but the epoch, which is ignored. Reply: word 0: enum fs_state, word 1: the epoch */
    FS_LOOKUP,     /**< word 0: directory; names[0]. The reply's attributes are in `attr` */
    FS_GETATTR,    /**< word 0: inode. The same */
    FS_SETATTR,    /**< word 0: inode, word 1: mask; `attr` */
    FS_CREATE,     /**< word 0: directory, word 2: bytes of a symbolic link's target, in `data`; names[0], `attr` has mode, uid, gid, device.
                        As FS_LOOKUP. With an empty name the file has none, and is held */
    FS_LINK,       /**< word 0: inode, word 1: directory; names[0] */
    FS_REMOVE,     /**< word 0: directory, word 1: 1 for a directory; names[0] */
    FS_RENAME,     /**< word 0: from, word 1: to, word 2: flags; names[0], names[1] */
    FS_READDIR,    /**< word 0: directory, word 1: cookie, word 2: how many. Reply: word 1: cookie, word 2: how many, word 3: 1 at the end;
                        an array of struct lxfs_entry in `data` */
    FS_HOLD,       /**< word 0: inode */
    FS_RELEASE,    /**< word 0: inode */
    FS_READ,       /**< word 0: inode, word 1: offset, word 2: length. Reply: word 1: bytes in `data` */
    FS_WRITE,      /**< the same, from `data`. Reply: word 1: bytes written */
    FS_TRUNCATE,   /**< word 0: inode, word 1: size */
    FS_PUNCH,      /**< word 0: inode, word 1: offset, word 2: length */
    FS_SEEK,       /**< word 0: inode, word 1: offset, word 2: 1 for a hole. Reply: word 1: offset */
    FS_ROOT,       /**< word 0: inode. The root's 32 bytes in `data` */
    FS_GETXATTR,   /**< word 0: inode, word 2: most bytes; names[0]. Reply: word 1: bytes in `data` */
    FS_SETXATTR,   /**< word 0: inode, word 1: flags, word 2: bytes in `data`; names[0] */
    FS_REMOVEXATTR, /**< word 0: inode; names[0] */
    FS_LISTXATTR,  /**< word 0: inode, word 2: most bytes. Reply: word 1: bytes in `data` */
    FS_SYNC,
    FS_COMMIT,
    FS_STATUS,     /**< `status` in the window; any epoch */
};

enum fs_state {
    FS_NONE,  /**< there is no volume; `status` says why */
    FS_READY,
};

/** What the server says of itself. */
struct fs_status {
    uint32_t state;        /**< enum fs_state */
    uint32_t epoch;
    uint64_t scrub_passes; /**< over the whole volume, since the start */
    uint64_t committed_at; /**< tick of the last commit by time, or 0 */
    struct lxfs_statfs room;
    struct lxfs_stats stats;
    struct lxfs_damage damage; /**< what did not verify last, if has_damage */
    uint32_t has_damage;
    char sentence[FS_SENTENCE_BYTES]; /**< what was found at the start */
};

struct fs_window {
    struct lxfs_time now; /**< what a change happens at */
    struct lxfs_attr attr;
    uint32_t name_bytes[2];
    char names[2][LXFS_NAME_BYTES_MAX + 1];
    struct fs_status status;
    _Alignas(8) uint8_t data[FS_DATA_BYTES];
};
_Static_assert(sizeof(struct fs_window) <= 80 * 1024, "the window of a .sys file");

#endif
