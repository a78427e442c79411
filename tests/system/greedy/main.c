/* SPDX-License-Identifier: MIT */
/** Greedy: declares slots that a .sys file can get wrong; only systems/bad uses it. All are optional, so each file has one mistake. */
#include "rt.h"

LX_SLOT_WITH(lx_server, SLOT_SERVER, server, .flags = SLOT_OPTIONAL);
LX_SLOT_WITH(lx_call, SLOT_CALL, client, .flags = SLOT_OPTIONAL);
LX_SLOT_WITH(lx_cap, SLOT_CAP, vspace, .flags = SLOT_OPTIONAL, .authority = AUTHORITY_OWN_VSPACE);
LX_SLOT_WITH(lx_untyped, SLOT_UNTYPED, untyped, .flags = SLOT_OPTIONAL);
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, channel, .flags = SLOT_OPTIONAL, .record_bytes = 8);
LX_SLOT_WITH(lx_memory, SLOT_MEMORY, heap, .flags = SLOT_OPTIONAL);

void init(void)
{
}
