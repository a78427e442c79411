/* SPDX-License-Identifier: MIT */
/**
 * The file that a ledger node keeps its ledger in: an LLD volume, locked by the process that has it, and beside it the producer's key.
 * Owns:   the file while it is open.    Uses: lld, signer, hosttool. Private to lx.
 */
#ifndef LX_TOOL_STORE_H
#define LX_TOOL_STORE_H

#include "lx.h"
#include "node.h"

/** Opens the volume in a file, or makes one of `size_mib`. Ends the program with a sentence when it cannot. */
struct lld *store_open(const char *path, uint64_t size_mib);
/** The producer's key beside it; made, of Falcon's kind if so wished, with a new store. */
void store_producer(const char *path, bool is_falcon, struct signer_seed *out);
void store_close(void);

#endif
