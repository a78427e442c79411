/* SPDX-License-Identifier: MIT */
/** What `scrub` tells its readers: one page of shared memory that only it writes, one word at a time. */
#ifndef LX_PROTO_SCRUB_H
#define LX_PROTO_SCRUB_H

#include "proto.h"

struct scrub_info {
    uint64_t passes;           /**< complete ones */
    uint64_t pages;            /**< of the last complete pass: code of components and verified pages of programs */
    uint64_t pass_ticks;       /**< that it took */
    uint64_t pages_checked;    /**< since the start */
    uint64_t detected;         /**< pages that did not verify */
    uint64_t repaired;         /**< of those */
    uint64_t last_detected_ticks;
};

#endif
