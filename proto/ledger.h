/* SPDX-License-Identifier: MIT */
/**
 * The ledger: who may run. Version 1. What it has verified stands in the catalog (proto/catalog.h); these requests are the rest.
 */
#ifndef LX_PROTO_LEDGER_H
#define LX_PROTO_LEDGER_H

#include "proto.h"

enum ledger_request {
    LEDGER_WAIT = 1, /**< answered when the catalog is complete */
};

#endif
