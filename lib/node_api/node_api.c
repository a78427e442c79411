/* SPDX-License-Identifier: MIT */
/** The calls, and how a request becomes one. See node_api.h. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "private.h"

/* ---- ledger --------------------------------------------------------------------------------------------------------- */

static bool store_failed(struct call *c)
{
    return api_fail(c, API_INTERNAL, "the store failed");
}

static bool keep(struct call *c, json_t *result)
{
    c->result = result;
    return result != NULL ? true : store_failed(c);
}

static bool submit_transaction(struct call *c)
{
    struct u512 txid;
    const char *data = json_string_value(json_object_get(c->params, "data"));
    if (data == NULL) {
        return api_fail(c, API_MISSING_DATA, "Missing data");
    }
    size_t len = strlen(data) / 2;
    uint8_t *bytes = (uint8_t *)malloc(len + 1);
    bool ok = bytes != NULL && len > 1 && hex_to_mem(data, strlen(data), bytes, len);
    for (size_t i = 0; ok && i < len / 2; i++) { /* hex_to_mem reads the last byte first */
        uint8_t swapped = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = swapped;
    }
    if (!ok || bytes[0] != TRANSACTION_API_PREFIX) {
        free(bytes);
        return api_fail(c, API_REJECTED, "Transaction rejected.. it is not 03 and a transaction, in hexadecimal");
    }
    ok = node_submit(c->node, bytes + 1, len - 1, c->now_s, &txid);
    free(bytes);
    if (!ok) {
        return api_fail(c, API_REJECTED, "Transaction rejected.. %s", c->node->refusal.sentence);
    }
    return keep(c, json_pack("{s:o}", "hash", show_hash(txid.bytes, U512_BYTES)));
}

/** The transaction that a call names. */
static bool find_transaction(struct call *c, struct node_transaction *out)
{
    struct u512 txid;
    char room[24];
    const char *name = json_object_get(c->params, "txid") != NULL ? "txid" : "hash";
    const char *text = api_text(c, name, room, sizeof room);
    if (text == NULL) {
        return c->code != 0 ? false : api_fail(c, API_INVALID, "Invalid Parameter [hash or txid]");
    }
    if (!api_hash(c, name, text, txid.bytes, U512_BYTES)) {
        return false;
    }
    enum lx_err err = node_transaction(c->node, &txid, out);
    if (err == LX_ENOENT) {
        return api_fail(c, API_NO_TRANSACTION, "Invalid or unknown transaction");
    }
    return err == LX_OK ? true : store_failed(c);
}

static bool get_transaction(struct call *c)
{
    struct node_transaction t;
    uint32_t verbose;
    char room[24];
    const char *format = api_text(c, "format", room, sizeof room);
    bool is_raw = format != NULL && strcasecmp(format, "raw") == 0;
    if (format != NULL && !is_raw && strcasecmp(format, "json") != 0) {
        return api_fail(c, API_BAD_PARAMETER, "Invalid parameter [format], expecting [json, raw]");
    }
    if (!api_verbose(c, 2, &verbose) || !find_transaction(c, &t)) {
        return false;
    }
    if (!is_raw) {
        return keep(c, show_transaction(c->node, t.bytes, t.height, verbose));
    }
    uint8_t *raw = (uint8_t *)malloc(t.bytes.left_bytes + 1);
    if (raw == NULL) {
        return store_failed(c);
    }
    raw[0] = TRANSACTION_API_PREFIX;
    memcpy(raw + 1, t.bytes.at, t.bytes.left_bytes);
    json_t *data = show_hex(raw, t.bytes.left_bytes + 1);
    free(raw);
    return keep(c, json_pack("{s:o}", "data", data));
}

/** What part of a list is asked for. */
struct part {
    bool is_rising;
    uint64_t offset, limit;
};

static bool part_get(struct call *c, struct part *out)
{
    char room[24];
    uint64_t page = 0;
    const char *order = api_text(c, "order", room, sizeof room);
    *out = (struct part){.limit = 100};
    if (order != NULL && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0) {
        return api_fail(c, API_INVALID, "Invalid Parameter [sort=%.40s]", order);
    }
    out->is_rising = order != NULL && strcmp(order, "asc") == 0;
    const char *limit = api_text(c, "limit", room, sizeof room);
    bool is_all = limit != NULL && strcasecmp(limit, "none") == 0;
    const char *comma = limit != NULL ? strchr(limit, ',') : NULL;
    if (is_all) {
        out->limit = UINT32_MAX;
    } else if (comma != NULL) {
        unsigned long long n = 0, at = 0;
        if (sscanf(limit, "%9llu , %9llu", &n, &at) != 2) {
            return api_fail(c, API_INVALID, "Invalid Parameter [limit]");
        }
        out->limit = n;
        out->offset = at;
    } else if (!api_number(c, "limit", UINT32_MAX, &out->limit)) {
        return false;
    }
    if (!api_number(c, "page", UINT32_MAX, &page) || !api_number(c, "offset", UINT32_MAX, &out->offset)) {
        return false;
    }
    if (out->offset == 0) {
        out->offset = page * out->limit;
    }
    return c->code == 0;
}

static bool genesis_get(struct call *c, struct u256 *out)
{
    char room[24];
    const char *text = api_text(c, "genesis", room, sizeof room);
    if (text == NULL) {
        return c->code != 0 ? false : api_fail(c, API_MISSING_GENESIS, "Missing genesis / username");
    }
    return api_hash(c, "genesis", text, out->bytes, U256_BYTES);
}

static bool list_transactions(struct call *c)
{
    struct part part;
    struct u256 genesis;
    uint32_t verbose, count;
    if (!part_get(c, &part) || !api_verbose(c, 1, &verbose) || !genesis_get(c, &genesis)) {
        return false;
    }
    enum lx_err err = node_chain_count(c->node, &genesis, &count);
    if (err != LX_OK) {
        return err == LX_ENOENT ? api_fail(c, API_NO_TRANSACTIONS, "No transactions found") : store_failed(c);
    }
    json_t *out = json_array();
    size_t bytes = 0;
    for (uint64_t i = part.offset; i < count && json_array_size(out) < part.limit &&
                                   json_array_size(out) < NODE_API_LIST_MAX && bytes < NODE_API_LIST_BYTES;
         i++) {
        struct u512 txid;
        struct node_transaction t;
        uint32_t sequence = part.is_rising ? (uint32_t)i : count - 1 - (uint32_t)i;
        if (node_chain_txid(c->node, &genesis, sequence, &txid) != LX_OK ||
            node_transaction(c->node, &txid, &t) != LX_OK) {
            json_decref(out);
            return api_fail(c, API_UNREADABLE, "Failed to read transaction");
        }
        bytes += verbose > 1 ? t.bytes.left_bytes : 0;
        (void)json_array_append_new(out, show_transaction(c->node, t.bytes, t.height, verbose));
    }
    return keep(c, out);
}

static bool get_block(struct call *c)
{
    char room[24];
    uint64_t n = 0;
    uint32_t verbose, height;
    struct u1024 hash;
    if (!api_verbose(c, 1, &verbose)) {
        return false;
    }
    const char *text = api_text(c, "hash", room, sizeof room);
    if (json_object_get(c->params, "height") != NULL) {
        if (!api_number(c, "height", c->node->height, &n)) {
            return false;
        }
        height = (uint32_t)n;
    } else if (text == NULL) {
        return c->code != 0 ? false : api_fail(c, API_MISSING, "Missing Parameter [hash or height]");
    } else {
        if (!api_hash(c, "hash", text, hash.bytes, U1024_BYTES)) {
            return false;
        }
        if (node_block_height(c->node, &hash, &height) != LX_OK) {
            return api_fail(c, API_NO_BLOCK, "Block not found");
        }
    }
    size_t budget = NODE_API_LIST_BYTES;
    c->result = height == 0 ? NULL : show_block(c->node, height, verbose, &budget);
    return c->result != NULL ? true : api_fail(c, API_NO_BLOCK, "Block not found");
}

static bool get_blockhash(struct call *c)
{
    uint64_t height = c->node->height;
    struct node_block found;
    if (!api_number(c, "height", UINT32_MAX, &height)) {
        return false;
    }
    if (height == 0 || node_block(c->node, (uint32_t)height, &found) != LX_OK) {
        return api_fail(c, API_NO_BLOCK, "Block not found");
    }
    return keep(c, json_pack("{s:o}", "hash", show_hash(found.hash.bytes, U1024_BYTES)));
}

static bool recent_blocks(struct call *c)
{
    uint64_t limit = 10;
    uint32_t verbose;
    if (!api_number(c, "limit", NODE_API_BLOCKS_MAX, &limit) || !api_verbose(c, 1, &verbose)) {
        return false;
    }
    json_t *out = json_array();
    size_t budget = NODE_API_LIST_BYTES;
    for (uint32_t height = c->node->height; height > 0 && json_array_size(out) < limit; height--) {
        (void)json_array_append_new(out, show_block(c->node, height, verbose, &budget));
    }
    return keep(c, out);
}

static bool get_info(struct call *c)
{
    struct u1024 origin;
    node_origin(&c->node->setup.network, &origin);
    return keep(c, json_pack("{s:I, s:I, s:o, s:I}", "height", (json_int_t)c->node->height, "timestamp",
                             (json_int_t)c->node->best_s, "checkpoint", show_hash(origin.bytes, U1024_BYTES), "pending",
                             (json_int_t)(c->node->accepted_count - c->node->confirmed_count)));
}

/* ---- registers and system ------------------------------------------------------------------------------------------- */

static bool noun_fits(const char *noun, const struct register_state *state)
{
    static const struct {
        const char *noun;
        enum register_type type;
    } nouns[] = {{"object", REGISTER_OBJECT}, {"raw", REGISTER_RAW}, {"readonly", REGISTER_READONLY}};
    for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
        if (strcmp(noun, nouns[i].noun) == 0) {
            return state->type == nouns[i].type;
        }
    }
    return strcmp(noun, "crypto") != 0 || object_standard(state) == OBJECT_CRYPTO;
}

static bool get_register(struct call *c)
{
    static struct register_state state;
    char room[24];
    struct u256 address;
    struct u512 last;
    const char *text = api_text(c, "address", room, sizeof room);
    if (text == NULL) {
        return c->code != 0 ? false : api_fail(c, API_MISSING, "Missing Parameter [address]");
    }
    if (address_of_text(text, strlen(text), &address) != LX_OK && !hex_to_mem(text, strlen(text), address.bytes, U256_BYTES)) {
        return api_fail(c, API_BAD_ADDRESS, "Invalid address");
    }
    enum lx_err err = node_register(c->node, &address, &state, &last);
    if (err != LX_OK) {
        return err == LX_ENOENT ? api_fail(c, API_NO_OBJECT, "Object not found") : store_failed(c);
    }
    if (!noun_fits(c->noun, &state)) {
        return api_fail(c, API_BAD_TYPE, "Unsupported type for name/address");
    }
    return keep(c, show_register(&address, &state));
}

static bool system_info(struct call *c)
{
    bool is_private = c->node->setup.network.kind == NETWORK_PRIVATE;
    return keep(c, json_pack("{s:s, s:I, s:I, s:b, s:b, s:b, s:b, s:I, s:b}", "version", "LX-OS ledger 1", "protocolversion",
                             (json_int_t)3060000, "timestamp", (json_int_t)c->now_s, "testnet", is_private, "private",
                             is_private, "hybrid", !is_private, "multiuser", 0, "blocks", (json_int_t)c->node->height,
                             "synchronizing", 0));
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

struct verb {
    const char *commands, *method; /* a method that ends in / takes a noun */
    bool (*run)(struct call *c);
};

static const struct verb verbs[] = {
    {"ledger", "submit/transaction", submit_transaction},
    {"ledger", "get/transaction", get_transaction},
    {"ledger", "list/transactions", list_transactions},
    {"ledger", "get/block", get_block},
    {"ledger", "get/blockhash", get_blockhash},
    {"ledger", "recent/blocks", recent_blocks},
    {"ledger", "get/info", get_info},
    {"register", "get/", get_register},
    {"system", "get/info", system_info},
};

static bool is_noun(const char *noun)
{
    static const char *const nouns[] = {"any", "object", "raw", "readonly", "crypto"};
    for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
        if (strcmp(noun, nouns[i]) == 0) {
            return true;
        }
    }
    return false;
}

/** The call that a path names: /COMMANDS/METHOD. */
static const struct verb *find_verb(struct call *c, const char *path)
{
    const char *method = path[0] == '/' ? strchr(path + 1, '/') : NULL;
    bool has_commands = false;
    if (method == NULL) {
        (void)api_fail(c, API_BAD_URI, "Malformed request URL: %.200s", path);
        return NULL;
    }
    size_t chars = (size_t)(method - path - 1);
    method++;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const struct verb *v = &verbs[i];
        if (strlen(v->commands) != chars || strncmp(v->commands, path + 1, chars) != 0) {
            continue;
        }
        has_commands = true;
        size_t verb_chars = strlen(v->method);
        bool takes_noun = v->method[verb_chars - 1] == '/';
        if (takes_noun && strncmp(v->method, method, verb_chars) == 0 && is_noun(method + verb_chars)) {
            c->noun = method + verb_chars;
            return v;
        }
        if (!takes_noun && strcmp(v->method, method) == 0) {
            return v;
        }
    }
    if (has_commands) {
        (void)api_fail(c, API_NO_METHOD, "Method not found: %.200s", method);
    } else {
        (void)api_fail(c, API_NO_COMMANDS, "API Not Found: %.*s", chars > 200 ? 200 : (int)chars, path + 1);
    }
    return NULL;
}

static bool is_type(const char *content_type, const char *wanted)
{
    size_t chars = strlen(wanted);
    return strncasecmp(content_type, wanted, chars) == 0 && (content_type[chars] == '\0' || content_type[chars] == ';');
}

/** The parameters of a request, from its query or its body. @return false with an error. */
static bool params_get(struct call *c, const struct node_request *r)
{
    json_error_t error;
    if (!r->is_post || r->body_bytes == 0) {
        const char *query = r->query == NULL || r->is_post ? "" : r->query;
        c->params = api_form(c, query, strlen(query));
        return c->params != NULL;
    }
    if (r->content_type == NULL) {
        return api_fail(c, API_CONTENT_TYPE, "content-type [none] not supported");
    }
    if (is_type(r->content_type, "application/x-www-form-urlencoded")) {
        c->params = api_form(c, r->body, r->body_bytes);
        return c->params != NULL;
    }
    if (!is_type(r->content_type, "application/json")) {
        return api_fail(c, API_CONTENT_TYPE, "content-type [%.80s] not supported", r->content_type);
    }
    c->params = json_loadb(r->body, r->body_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(c->params) || json_object_size(c->params) > NODE_API_PARAMETERS_MAX) {
        return api_fail(c, API_INTERNAL, "the body is not a JSON object of parameters");
    }
    return true;
}

static unsigned status_of(enum api_code code)
{
    switch (code) {
    case API_NO_COMMANDS:
        return 404;
    case API_INTERNAL:
    case API_CONTENT_TYPE:
        return 500;
    case API_NO_METHOD:
    case API_NO_OBJECT:
    case API_BAD_URI:
    case API_MISSING_DATA:
    case API_BAD_PARAMETER:
    case API_BAD_TYPE:
    case API_MISSING:
    case API_INVALID:
    case API_RANGE:
    case API_NO_BLOCK:
    case API_NO_TRANSACTION:
    case API_BAD_ADDRESS:
    case API_UNREADABLE:
    case API_MISSING_GENESIS:
    case API_QUERY:
    case API_NO_TRANSACTIONS:
    case API_REJECTED:
        break;
    }
    return 400;
}

/** Text of somebody else's as JSON; what is no UTF-8 is left out. */
static json_t *text_json(const char *text)
{
    json_t *out = json_string(text);
    return out != NULL ? out : json_string("?");
}

void node_api_answer(struct node *n, const struct node_request *request, struct node_answer *out)
{
    struct call c = {.node = n, .now_s = request->now_s};
    char latency[40];
    const struct verb *v = find_verb(&c, request->path);
    bool ok = v != NULL && params_get(&c, request) && v->run(&c);
    json_t *answer = json_object();
    if (ok) {
        out->status = 200;
        (void)json_object_set_new(answer, "result", c.result);
    } else {
        out->status = status_of(c.code);
        json_t *error = json_pack("{s:i, s:o}", "code", (int)c.code, "message", text_json(c.message));
        (void)json_object_set_new(answer, "error", error);
    }
    snprintf(latency, sizeof latency, "%.6f ms", request->elapsed_ms != NULL ? request->elapsed_ms(request->context) : 0.0);
    json_t *info = json_pack("{s:o, s:s, s:o, s:s}", "method", text_json(request->path[0] == '/' ? request->path + 1 : ""),
                             "status", "active", "address", text_json(request->peer), "latency", latency);
    (void)json_object_set_new(answer, "info", info);
    json_decref(c.params);
    out->text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
}
