/* SPDX-License-Identifier: MIT */
/** Crash: a server that answers its caller twice in each life, and then writes where nothing is mapped. */
#include "rt.h"

LX_SERVER(server);

static uint64_t answers;
static volatile uintptr_t nowhere = 0x10;

__attribute__((noinline)) static void fall_over(volatile uint64_t *where)
{
    *where = answers;
}

__attribute__((noinline)) static void answer(struct message *m)
{
    if (answers == 2) {
        fall_over((volatile uint64_t *)nowhere);
    }
    answers++;
    rt_message(m, PROTO_OK, m->word[0] * 2, rt_info_page()->incarnation);
}

void init(void)
{
    if (answers != 0) {
        rt_panic("the data of an earlier life is still there");
    }
    rt_log("life %u, serving %llu", rt_info_page()->incarnation, (unsigned long long)server.caller_count);
}

bool protected(struct message *m)
{
    answer(m);
    return true;
}
