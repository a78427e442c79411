/* SPDX-License-Identifier: MIT */
/** Silent: in the place of a disk's driver, and never answers. */
#include "proto/blk.h"
#include "rt.h"

LX_CHANNEL(client, sizeof(struct blk_record));

void init(void)
{
    rt_log("nothing comes from here over a queue of %u", (unsigned)client.record_count);
}
