/* SPDX-License-Identifier: MIT */
/**
 * What the files of verification share.
 * Owns:   nothing.    Uses: base, register. Private to sigchain.
 */
#ifndef LX_VERIFY_H
#define LX_VERIFY_H

#include "sigchain.h"

/** Fills v->refusal, sentence included. @return false, so that a check can end with it. */
bool sigchain_refuse(struct sigchain_verifier *v, enum sigchain_rule rule);

/** The same for the contract with this number. */
bool sigchain_refuse_contract(struct sigchain_verifier *v, uint32_t contract, const struct operation *op,
                              enum sigchain_rule rule, enum register_err detail);

/** Checks which contracts stand together, which needs no states. */
MUST_USE bool sigchain_check_mix(struct sigchain_verifier *v, const struct transaction *tx);

/** Executes all contracts on the table of registers. When it returns false, the table may be half changed. */
MUST_USE bool sigchain_execute(struct sigchain_verifier *v, const struct transaction *tx);

#endif
