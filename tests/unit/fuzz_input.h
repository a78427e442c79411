/* SPDX-License-Identifier: MIT */
/**
 * Fuzz_input: the bytes of a fuzzer's input, taken front to back; behind the end there are zeros, so that every input goes to its end.
 * Owns:   nothing.    Uses: <stddef.h>, <stdint.h>. Header only.
 */
#ifndef LX_FUZZ_INPUT_H
#define LX_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t take(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

#endif
