/* SPDX-License-Identifier: MIT */
/** Ping: measures round trips to another component, in ticks of the counter; under -icount shift=0 a tick is 16 instructions. */
#include "rt.h"

LX_CALL(active);
LX_CALL(passive);

enum { ROUNDS = 10000 };

static void measure(const char *name, const struct lx_call *server)
{
    struct message m;
    uint64_t n = 0;
    uint64_t start = rt_ticks();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        rt_message(&m, 1, n);
        if (rt_call(server, &m) != PROTO_OK || m.word[0] != n + 1) {
            rt_panic("%s gave a wrong answer", name);
        }
        n = m.word[0];
    }
    uint64_t ns = rt_ticks_to_ns(rt_ticks() - start);
    rt_log("%s: %u round trips, %llu ns each", name, ROUNDS, (unsigned long long)(ns / ROUNDS));
}

void init(void)
{
    measure("active server", &active);
    measure("passive server", &passive);
    rt_log("done");
}
