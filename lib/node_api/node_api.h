/* SPDX-License-Identifier: MIT */
/**
 * Node API: the HTTP calls of a ledger node that LX-OS uses, as node 5.1.6 answers them: paths, parameters, JSON and error codes. A
 * request's bytes go in, a status and JSON come out; no sockets, so tests and a fuzzer drive all of it.
 *
 * Owns:   nothing but what jansson allocates during a call.    Uses: node, jansson. For hosts.
 * Trust:  requests are untrusted; what they can do is what node_submit can.
 * Limits: NODE_API_BODY_BYTES_MAX of a body, NODE_API_TARGET_CHARS_MAX of a target, NODE_API_PARAMETERS_MAX parameters; a list ends at
 *         NODE_API_LIST_MAX items or NODE_API_LIST_BYTES of transactions, behind which blocks show ids alone. Sessions, names and coins' decimals are not there: see the
 *         table in docs/spec/node.md section 5.
 */
#ifndef LX_NODE_API_H
#define LX_NODE_API_H

#include <jansson.h>

#include "base.h"
#include "node.h"

#define NODE_API_BODY_BYTES_MAX   (2u * NODE_TRANSACTION_BYTES_MAX + 256u)
#define NODE_API_TARGET_CHARS_MAX 8192u
#define NODE_API_PARAMETERS_MAX   32u
#define NODE_API_LIST_MAX         1000u
#define NODE_API_LIST_BYTES       0x400000u
#define NODE_API_BLOCKS_MAX       1440u

/** A request, as its HTTP layer has read it. All is borrowed. */
struct node_request {
    bool is_post;
    const char *path;         /**< without the query, as in "/ledger/get/block" */
    const char *query;        /**< behind the question mark, still encoded; NULL for none */
    const char *content_type; /**< of a POST; NULL when there is none */
    const char *body;
    size_t body_bytes;
    const char *peer; /**< address of who asks, for "info" */
    uint64_t now_s;
    double (*elapsed_ms)(void *context); /**< how long the request has taken, for "info"; or NULL */
    void *context;
};

/** An answer. */
struct node_answer {
    unsigned status; /**< of HTTP: 200, 400, 404, 500 */
    char *text;      /**< JSON; the caller frees it. NULL when memory ran out */
};

/**
 * Answers a request, whatever is in it.
 * Source: LLL-TAO 5.1.6, LLP/apinode.cpp and TAO/API, as described in docs/spec/node.md section 5
 */
void node_api_answer(struct node *n, const struct node_request *request, struct node_answer *out);

#endif
