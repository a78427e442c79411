/* SPDX-License-Identifier: MIT */
/**
 * Chatter: logs far more than its ring holds, at a higher priority than the console, which therefore cannot keep up; when its
 * budget is used up for a while, the console gets on, and the next line says how many are missing.
 */
#include "rt.h"

enum { LINES = 3000, PAUSE_NS = 20000000 };

void init(void)
{
    rt_log("first line, with a control character: \033[31m");
    for (uint32_t i = 0; i < LINES; i++) {
        rt_log("line %u of many", i);
    }
    for (uint64_t end = rt_now_ns() + PAUSE_NS; rt_now_ns() < end;) {
    }
    rt_log("last line");
}
