/* SPDX-License-Identifier: MIT */
/**
 * Descriptions of packages (package.lx): lines of words. `lx help package.lx` says which.
 * Owns:   nothing.    Uses: lx.h. Private to lx.
 */
#ifndef LX_TOOL_DESCRIPTION_H
#define LX_TOOL_DESCRIPTION_H

#include "lx.h"

/** A file, directory or link to be packed. */
struct described {
    struct manifest_file file; /**< what the description says of it; the rest is for pack.c */
    const char *host_path;     /**< of a file: where its contents are */
    int line;
};

/** A description, read. Paths and names are kept as they stand; manifest_parse judges them. */
struct description {
    const char *path;
    struct hash256 provenance; /**< SHA-256 of its bytes */
    const char *name;
    const char *arch;
    struct manifest_requests requests; /**< without the items */
    struct manifest_request *files;
    int *file_lines;
    const char **devices;
    struct described *entries;
    size_t entry_count;
};

/** A variable of the command line: NAME=VALUE. */
struct variables {
    int count;
    char **texts;
};

/** Reads a description. Ends the program with file and line of what cannot be. */
void description_read(const char *path, const struct variables *variables, struct description *out);

#endif
