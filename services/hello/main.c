/* SPDX-License-Identifier: MIT */
/** Hello: the smallest component. Says that it runs, and then has nothing to do. */
#include "rt.h"

void init(void)
{
    rt_log("hello from %s", rt_name(rt_info_page()->component));
}
