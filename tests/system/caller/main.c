/* SPDX-License-Identifier: MIT */
/** Caller: calls the server that crashes until it is stopped, and checks that each request was answered once it was restarted. */
#include "rt.h"

LX_CALL(crash);
LX_SLOT(lx_watch, SLOT_WATCH, SLOT_OPTIONAL, crash_watch);

enum { REQUESTS = 10 };

void init(void)
{
    for (uint64_t i = 1; i <= REQUESTS; i++) {
        struct message m;
        rt_message(&m, 7, i);
        uint64_t label = rt_call(&crash, &m);
        if (label == PROTO_STOPPED) {
            rt_log("request %llu: the server was stopped", (unsigned long long)i);
            return;
        }
        if (label != PROTO_OK || m.word[0] != 2 * i) {
            rt_panic("request %llu: wrong answer", (unsigned long long)i);
        }
        rt_log("request %llu: answered by life %llu", (unsigned long long)i, (unsigned long long)m.word[1]);
    }
}

void notified(uint64_t signals)
{
    if (lx_given(crash_watch) && (signals & crash_watch.signal) != 0) {
        rt_log("told about %s", rt_name(crash_watch.component));
    }
}
