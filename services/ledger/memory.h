/* SPDX-License-Identifier: MIT */
/** Memory: what the ledger remembers from start to start: the disk under lib/seen, and the facts for /lx/ledger. */
#ifndef LX_LEDGER_MEMORY_H
#define LX_LEDGER_MEMORY_H

#include "seen.h"

/** Opens the disk and what is remembered on it; without one, says so. Called once. */
struct seen *memory_open(void);

/** Shows how it stands, in shared memory and the log. */
void memory_publish(void);

#endif
