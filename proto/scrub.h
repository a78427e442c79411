/* SPDX-License-Identifier: MIT */
/** What `scrub` tells its readers: one page of shared memory that only it writes, one word at a time. */
#ifndef LX_PROTO_SCRUB_H
#define LX_PROTO_SCRUB_H

#include "proto.h"

struct scrub_info {
    uint64_t passes;           /**< complete ones */
    uint64_t pages;            /**< of the last complete pass: code of components and kernel, verified pages of programs */
    uint64_t pass_ticks;       /**< that it took */
    uint64_t pages_checked;    /**< since the start */
    uint64_t detected;         /**< pages that did not verify */
    uint64_t repaired;         /**< of those */
    uint64_t last_detected_ticks;
    uint64_t kernel_changed;   /**< of those, pages of the kernel, which are never repaired */
    uint64_t question; /**< for the pager, rung with a signal: recheck_word of a page that does not verify */
};

/** A question, by its number (which counts up from 1), about a page, by its index; or the answer to it (enum recheck_answer). */
static inline uint64_t recheck_word(uint32_t number, uint32_t what)
{
    return (uint64_t)number << 32 | what;
}

enum recheck_answer {
    RECHECK_UNCHANGED, /**< the page verifies, or is not resident */
    RECHECK_REPAIRED,  /**< it had changed; a verified copy took its place */
    RECHECK_GONE,      /**< it had changed, and there is no verified copy, or no memory for one */
};

#endif
