/* SPDX-License-Identifier: MIT */
/** What left and right say to each other. A record names a piece of the channel's data memory. */
#ifndef LX_TEST_PAIR_H
#define LX_TEST_PAIR_H

#include <stdint.h>

struct pair_record {
    uint32_t offset;
    uint32_t len_bytes;
    uint64_t sum;
};

enum { PAIR_ROUNDS = 2000, PAIR_PIECE_BYTES = 256, PAIR_LONG_WORDS = 50, PAIR_LABEL_LONG = 5, PAIR_LABEL_WAIT = 6 };

#endif
