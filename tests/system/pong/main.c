/* SPDX-License-Identifier: MIT */
/** Pong: answers every call with its first word plus one. The program of both servers in ipc.sys. */
#include "rt.h"

LX_SERVER(server);

void init(void)
{
}

bool protected(struct message *m)
{
    rt_message(m, m->badge - server.first_caller < server.caller_count ? PROTO_OK : PROTO_FORBIDDEN, m->word[0] + 1);
    return true;
}
