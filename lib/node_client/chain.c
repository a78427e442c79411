/* SPDX-License-Identifier: MIT */
/** Chains: how far the node is, what follows what we know, and giving it what it lacks. See node_client.h. */
#include <stdio.h>
#include <stdlib.h>

#include "private.h"

bool client_info(struct node_client *c, struct node_says *out)
{
    json_t *info = client_ask(c, "ledger/get/info", "");
    if (info == NULL) {
        return false;
    }
    bool ok = member_number(info, "height", UINT32_MAX, &out->height) &&
              member_number(info, "timestamp", UINT64_MAX, &out->time_s);
    json_decref(info);
    return ok ? true : client_fail(c, CLIENT_JSON, "the node's answer has no height and time that can be");
}

/* ---- raw transactions ----------------------------------------------------------------------------------------------- */

/** Reads hexadecimal in its order into c->raw. @return how many bytes; 0 for anything else, or more than fit. */
static size_t raw_take(struct node_client *c, const json_t *data)
{
    const char *text = json_string_value(data);
    size_t len = json_string_length(data) / 2;
    if (!json_is_string(data) || len == 0 || len > sizeof c->raw || !hex_to_mem(text, 2 * len, c->raw, len) ||
        json_string_length(data) % 2 != 0) {
        return 0;
    }
    for (size_t i = 0; i < len / 2; i++) { /* hex_to_mem writes the last byte first */
        uint8_t swapped = c->raw[i];
        c->raw[i] = c->raw[len - 1 - i];
        c->raw[len - 1 - i] = swapped;
    }
    return len;
}

bool client_transaction(struct node_client *c, const struct u512 *txid, struct cursor *out)
{
    char params[40 + U512_HEX_CHARS], hex[U512_HEX_CHARS];
    struct transaction tx;
    struct u512 id;
    hex_of_mem(txid->bytes, U512_BYTES, hex);
    snprintf(params, sizeof params, "txid=%s&format=raw", hex);
    json_t *result = client_ask(c, "ledger/get/transaction", params);
    if (result == NULL) {
        return false;
    }
    size_t len = raw_take(c, json_object_get(result, "data"));
    json_decref(result);
    if (len < 2 || c->raw[0] != TRANSACTION_API_PREFIX || transaction_parse(c->raw + 1, len - 1, &tx) != LX_OK) {
        return client_fail(c, CLIENT_JSON, "the node's answer is no transaction; asked for %.16s...", hex);
    }
    transaction_id(&tx, &id);
    if (!u512_equal(&id, txid)) {
        return client_fail(c, CLIENT_ID, "the node answered with another transaction than %.16s..., which was asked for", hex);
    }
    *out = cursor_of(c->raw + 1, len - 1);
    return true;
}

bool client_submit(struct node_client *c, const void *bytes, size_t len_bytes)
{
    static const char digits[] = "0123456789abcdef";
    struct transaction tx;
    struct u512 id, answered;
    char *params = (char *)malloc(2 * len_bytes + 8);
    if (params == NULL || transaction_parse(bytes, len_bytes, &tx) != LX_OK) {
        free(params);
        return client_fail(c, CLIENT_LIMIT, "what was to be submitted is no transaction, or memory ran out");
    }
    transaction_id(&tx, &id);
    char *at = stpcpy(params, "data=03");
    for (size_t i = 0; i < len_bytes; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    *at = '\0';
    json_t *result = client_ask(c, "ledger/submit/transaction", params);
    free(params);
    if (result == NULL) {
        return false;
    }
    bool is_it = member_hash(result, "hash", answered.bytes, U512_BYTES) && u512_equal(&answered, &id);
    json_decref(result);
    return is_it ? true : client_fail(c, CLIENT_ID, "the node's answer is not about the transaction that was submitted");
}

/* ---- chains --------------------------------------------------------------------------------------------------------- */

#define NO_TRANSACTIONS (-144) /* the node's code */

/** Asks for a part of a chain's list. @return the array; or NULL with why, CLIENT_REFUSED with -144 for an empty chain. */
static json_t *ask_list(struct node_client *c, const struct u256 *genesis, const char *rest)
{
    char params[200], hex[U256_HEX_CHARS];
    hex_of_mem(genesis->bytes, U256_BYTES, hex);
    snprintf(params, sizeof params, "genesis=%s&%s", hex, rest);
    json_t *list = client_ask(c, "ledger/list/transactions", params);
    if (list != NULL && (!json_is_array(list) || json_array_size(list) > NODE_PAGE_MAX)) {
        json_decref(list);
        (void)client_fail(c, CLIENT_JSON, "the node's list of transactions is none, or longer than was asked for");
        return NULL;
    }
    return list;
}

bool client_tail(struct node_client *c, const struct u256 *genesis, struct node_tail *out)
{
    uint64_t sequence;
    json_t *list = ask_list(c, genesis, "order=desc&limit=1&verbose=2");
    *out = (struct node_tail){.is_there = false};
    if (list == NULL) {
        bool is_empty = c->rule == CLIENT_REFUSED && c->code == NO_TRANSACTIONS;
        c->rule = is_empty ? CLIENT_OK : c->rule;
        return is_empty;
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        return true;
    }
    const json_t *last = json_array_get(list, 0);
    bool ok = member_number(last, "sequence", UINT32_MAX - 1, &sequence) &&
              member_hash(last, "txid", out->last.bytes, U512_BYTES);
    json_decref(list);
    if (!ok) {
        return client_fail(c, CLIENT_JSON, "the node's list of transactions has no sequence number and id that can be");
    }
    out->is_there = true;
    out->count = sequence + 1;
    return true;
}

/** Reads a page of ids from `offset` on into c->page. */
static bool page_get(struct node_client *c, const struct u256 *genesis, uint32_t offset, size_t *count)
{
    char rest[80];
    snprintf(rest, sizeof rest, "order=asc&limit=%u&offset=%u&verbose=1", NODE_PAGE_MAX, (unsigned)offset);
    json_t *list = ask_list(c, genesis, rest);
    if (list == NULL) {
        return false;
    }
    *count = json_array_size(list);
    bool ok = true;
    for (size_t i = 0; i < *count && ok; i++) {
        ok = member_hash(json_array_get(list, i), "txid", c->page[i].bytes, U512_BYTES);
    }
    json_decref(list);
    return ok ? true : client_fail(c, CLIENT_JSON, "the node's list of transactions has an entry without an id");
}

/** The node shows another one in the place of the last that we know: is that a fork, signed by the owner, or a lie? */
static bool rival(struct node_client *c, struct sigchain_verifier *v, const struct u512 *txid)
{
    struct cursor bytes;
    unsigned sequence = (unsigned)sigchain_sequence(v);
    if (!client_transaction(c, txid, &bytes)) {
        return false;
    }
    if (!sigchain_add(v, bytes.at, bytes.left_bytes) && v->refusal.rule == SIGCHAIN_FORK) {
        return client_fail(c, CLIENT_FORK, "FORK: the node shows another transaction %u, which the same key signed", sequence);
    }
    return client_fail(c, CLIENT_OTHER,
                       "the node shows another transaction in the place of number %u, which is known; nothing was taken", sequence);
}

static bool add(struct node_client *c, struct sigchain_verifier *v, const struct u256 *genesis, const struct u512 *txid,
                client_take_fn take, void *context)
{
    struct cursor bytes;
    struct transaction tx;
    if (!client_transaction(c, txid, &bytes)) {
        return false;
    }
    if (v->transaction_count >= CHAIN_FILE_COUNT_MAX) {
        return client_fail(c, CLIENT_LIMIT, "the node shows more than %u transactions", CHAIN_FILE_COUNT_MAX);
    }
    bool ok = transaction_parse(bytes.at, bytes.left_bytes, &tx) == LX_OK;
    if (ok && !u256_equal(&tx.genesis, genesis)) {
        return client_fail(c, CLIENT_OTHER, "the node shows a transaction of another chain than was asked for");
    }
    if (!sigchain_add(v, bytes.at, bytes.left_bytes)) {
        return client_fail(c, CLIENT_CHAIN, "what the node shows is refused: %s", v->refusal.sentence);
    }
    return take(context, bytes.at, bytes.left_bytes)
               ? true
               : client_fail(c, CLIENT_SINK, "transaction %u cannot be kept", (unsigned)sigchain_sequence(v));
}

/** The page's entries behind what we know. @return false with why. */
static bool page_take(struct node_client *c, const struct u256 *genesis, struct sigchain_verifier *v, size_t count,
                      client_take_fn take, void *context)
{
    size_t first = 0;
    if (v->transaction_count > 0) {
        if (count == 0) {
            return client_fail(c, CLIENT_SHORT, "the node has fewer than the %u transactions that are known",
                               (unsigned)v->transaction_count);
        }
        if (!u512_equal(&c->page[0], &v->txid)) {
            struct u512 id = c->page[0];
            return rival(c, v, &id);
        }
        first = 1;
    }
    for (size_t i = first; i < count; i++) {
        struct u512 id = c->page[i];
        if (!add(c, v, genesis, &id, take, context)) {
            return false;
        }
    }
    return true;
}

bool client_fetch(struct node_client *c, const struct u256 *genesis, struct sigchain_verifier *v, client_take_fn take,
                  void *context)
{
    size_t count = NODE_PAGE_MAX;
    while (count == NODE_PAGE_MAX) { /* each page but the last brings 99 at least, and there is a limit to those */
        uint32_t known = v->transaction_count;
        if (!page_get(c, genesis, known > 0 ? known - 1 : 0, &count)) {
            bool is_short = c->rule == CLIENT_REFUSED && c->code == NO_TRANSACTIONS && known > 0;
            return is_short ? client_fail(c, CLIENT_SHORT, "the node has none of the %u transactions that are known",
                                          (unsigned)known)
                            : false;
        }
        if (!page_take(c, genesis, v, count, take, context)) {
            return false;
        }
    }
    if (!sigchain_finish(v)) {
        bool is_short = v->refusal.rule == SIGCHAIN_ROLLED_BACK || v->refusal.rule == SIGCHAIN_NO_CHAIN;
        return client_fail(c, is_short ? CLIENT_SHORT : CLIENT_CHAIN, "what the node shows is refused: %s", v->refusal.sentence);
    }
    return true;
}
