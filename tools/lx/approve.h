/* SPDX-License-Identifier: MIT */
/**
 * An owner's approvals, changed and signed: what lx approve and lx install have in common.
 * Owns:   the owner's key while it is open.    Uses: lx.h, list.h. Private to lx.
 */
#ifndef LX_TOOL_APPROVE_H
#define LX_TOOL_APPROVE_H

#include "list.h"

/** A package that is to be approved. */
struct candidate {
    const char *path;
    struct package package;
    struct chain developer;
};

struct approval {
    const struct arguments *args;
    struct key owner;
    struct list list;
    struct bytes before; /* the list as it was */
    struct candidate *candidates;
    uint32_t candidate_count;
};

/** Opens the owner's key that --key names, and his list; with --node he must have all that the node has of his chain. */
void approval_open(struct approval *a, const struct arguments *args);
/** Approves a signed package, whose bytes are borrowed until the end. Ends the program when it cannot be. */
void approval_package(struct approval *a, const char *path, struct bytes file);
/** Signs the list if it differs, publishes with --node, and closes the key. @return the exit status. */
int approval_close(struct approval *a);

#endif
