/* SPDX-License-Identifier: MIT */
/** Own: the chain of the profile on this device: kept when the session brings a transaction, and shown to whoever may see it. */
#ifndef LX_LEDGER_OWN_H
#define LX_LEDGER_OWN_H

#include "catalog.h"
#include "rt.h"

/** Shows the chain that is kept. `seen` is borrowed for ever, as is `work`, whose room for a developer's chain is used again. */
void own_start(struct seen *seen, struct catalog_work *work);

/** A request of the session; `m` becomes the reply. */
void own_request(struct message *m);

#endif
