/* SPDX-License-Identifier: MIT */
/** Hog: never stops computing. Its budget is all that others have against it. */
#include "rt.h"

void init(void)
{
    rt_log("computes for ever");
    for (volatile uint64_t n = 0;; n++) {
    }
}
