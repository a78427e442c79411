/* SPDX-License-Identifier: MIT */
/**
 * Keys on disk, for the commands that make them.
 * Owns:   nothing.    Uses: lx.h. Private to lx.
 */
#ifndef LX_TOOL_KEYS_H
#define LX_TOOL_KEYS_H

#include "lx.h"

bool key_name_is_valid(const char *name);
/** Sets name and paths, nothing else. Ends the program when it is no name. */
void key_paths(struct key *key, const char *directory, const char *name);
/** Waits until no other process has the key's lock. */
void key_lock(struct key *key);
void network_of_lx(struct sigchain_network *out);

#endif
