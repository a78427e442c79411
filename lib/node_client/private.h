/* SPDX-License-Identifier: MIT */
/** What the parts of node_client share. Private to it. */
#ifndef LX_NODE_CLIENT_PRIVATE_H
#define LX_NODE_CLIENT_PRIVATE_H

#include <jansson.h>

#include "node_client.h"

/** Notes why; always false. */
bool client_fail(struct node_client *c, enum client_rule rule, const char *format, ...) PRINTF_LIKE(3, 4);

/** Makes a call. @return its result, the caller's to decref; or NULL with why. */
json_t *client_ask(struct node_client *c, const char *command, const char *params);

/** Members of an answer, of just the type that they must have. @return false, and nothing noted, for anything else. */
bool member_number(const json_t *object, const char *name, uint64_t max, uint64_t *out);
/** Up to 2^64 - 1: such large ones stand in quotes once they were read. */
bool member_u64(const json_t *object, const char *name, uint64_t *out);
bool member_hash(const json_t *object, const char *name, uint8_t *out, size_t len_bytes);

#endif
