/* SPDX-License-Identifier: MIT */
/**
 * What the files of this library share about fields, beyond register.h.
 * Owns:   nothing.    Uses: base. Private to register.
 */
#ifndef LX_FIELD_H
#define LX_FIELD_H

#include "register.h"

/** Finds the first field of this name in an object's data. */
MUST_USE bool field_find_in(const uint8_t *data, size_t len_bytes, const void *name, size_t name_bytes,
                            struct field *out);

/** Says whether only the ledger itself writes fields of this name. */
MUST_USE bool field_name_is_reserved(const void *name, size_t name_bytes);

/** Says whether an object has the fields of an account, whatever else it has. */
MUST_USE bool object_holds_coins(const struct register_state *state);

/** Takes the next new value out of the payload of a WRITE. @return false at the end and when what follows is none. */
MUST_USE bool payload_next(struct cursor *c, struct field *out);

/** Executes the operations on coins; see register_execute. `modified` and checksum are left to the caller of this. */
MUST_USE enum register_err coins_execute(const struct operation *op, const struct register_caller *caller,
                                         struct register_state *state);

#endif
