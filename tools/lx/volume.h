/* SPDX-License-Identifier: MIT */
/** Private to lx: a volume of files in an image, opened for a command; and paths in it. */
#ifndef LX_TOOL_VOLUME_H
#define LX_TOOL_VOLUME_H

#include "fs.h"
#include "lx.h"

enum volume_use {
    VOLUME_READ,  /**< whatever lib/fs writes, the operations of the log too, stays in memory: the image does not change */
    VOLUME_AS_IS, /**< the same, and the log is not looked at: for a volume that cannot be opened otherwise */
    VOLUME_WRITE,
};

/**
 * Opens the volume in an image: the image as a whole, or the files partition when it has a table of partitions. One at a time.
 * @param secret_path  the device's secret, or NULL. @param why  a sentence when it cannot be opened.
 * @return NULL when it cannot.
 */
struct lxfs *volume_try(const char *path, const char *secret_path, enum volume_use use, const char **why);

/** The same with --device-secret of a command line; ends the program when it cannot. Says so when the log had operations. */
struct lxfs *volume_open(const char *path, const struct arguments *args, enum volume_use use);

/** Makes what was written durable, and ends. Ends the program when it cannot. */
void volume_close(struct lxfs *fs);

/** Makes a volume in a new image of `size_bytes`, or where it goes in an image that is there (0). Ends the program when it cannot. */
void volume_make(const char *path, const char *secret_path, uint64_t size_bytes);

/** The root of the tree in which a command looks: that of --snapshot, else that of the volume. */
uint64_t volume_root(struct lxfs *fs, const struct arguments *args);

/** The inode of a path from there; ends the program when there is none. Links on the way are not followed. */
uint64_t path_find(struct lxfs *fs, uint64_t root, const char *path);
/** The same without its last name, which is set; NULL when the path ends in none. */
uint64_t path_parent(struct lxfs *fs, uint64_t root, const char *path, struct lxfs_name *last);

/** A name or target as it can be shown on a terminal: what is not printable, and backslashes, as \xNN. Fresh memory. */
char *shown(const char *text);
/** The same for what a symbolic link leads to, not escaped. */
char *link_target(struct lxfs *fs, uint64_t inode);

/** All entries of a directory, by name. The list is fresh memory. Ends the program when one cannot be read. */
struct lxfs_entry *entries_of(struct lxfs *fs, uint64_t directory, size_t *count);

/** Ends the program with what lib/fs says of a path, and where damage lies when that is it. */
NORETURN void fail_fs(struct lxfs *fs, const char *path, enum lxfs_err err);
/** The same as a sentence. */
const char *sentence_of(struct lxfs *fs, enum lxfs_err err);

#endif
