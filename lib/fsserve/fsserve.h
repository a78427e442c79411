/* SPDX-License-Identifier: MIT */
/**
 * Fsserve: carries out requests of proto/files.h on a volume of lib/fs, for one client that may be wrong or hostile.
 *
 * The client can write anything into the window at any time, and read it: what is read from there is read once, checked, and used from a copy;
 * what goes there was verified before.
 *
 * Owns:   struct fsserve.    Uses: fs, proto/files.h. Messages and time are the caller's.
 * Limits: one client; it holds LXFS_HOLDS_MAX files at most.
 */
#ifndef LX_FSSERVE_H
#define LX_FSSERVE_H

#include "proto/files.h"

struct fsserve {
    struct lxfs *fs; /**< NULL: there is no volume */
    struct fs_window *window;
    uint32_t epoch;
    bool is_dirty; /**< something changed since the caller last cleared this */
    uint32_t hold_count;
    uint64_t holds[LXFS_HOLDS_MAX];
    char names[2][LXFS_NAME_BYTES_MAX + 1];  /* copies of what the window has */
    _Alignas(64) uint8_t bytes[FS_DATA_BYTES];
};

/** Begins without a client. `window` and `fs` (may be NULL) are lent for as long as `s` is used. */
void fsserve_init(struct fsserve *s, struct lxfs *fs, struct fs_window *window, uint32_t epoch);

/**
 * Carries out one request but FS_STATUS, which is the caller's.
 * @param word  the four words of the request, and then of the reply.
 * @return the label of the reply: PROTO_OK, FS_STALE, or PROTO_UNKNOWN.
 */
uint64_t fsserve_request(struct fsserve *s, uint64_t label, uint64_t word[4]);

#endif
