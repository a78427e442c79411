/* SPDX-License-Identifier: MIT */
/** Calls and their answers: JSON of somebody whom we do not trust. See private.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "private.h"

bool client_fail(struct node_client *c, enum client_rule rule, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->sentence, sizeof c->sentence, format, args);
    va_end(args);
    c->rule = rule;
    return false;
}

/** What a node writes, for a terminal: nothing in it can move the cursor. */
static void copy_printable(char *out, size_t cap_chars, const char *text)
{
    size_t used = 0;
    for (; *text != '\0' && used + 1 < cap_chars; text++) {
        out[used++] = *text >= ' ' && *text <= '~' ? *text : '?';
    }
    out[used] = '\0';
}

static void note_error(struct node_client *c, const char *command, const json_t *error)
{
    char message[240] = "";
    const char *text = json_string_value(json_object_get(error, "message"));
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    if (text == NULL) {
        (void)client_fail(c, CLIENT_JSON, "the node's answer to %s is an error without a message", command);
        return;
    }
    copy_printable(message, sizeof message, text);
    c->code = code >= -100000 && code <= 100000 ? (int)code : 0;
    (void)client_fail(c, CLIENT_REFUSED, "the node refuses %s: %d, \"%s\"", command, c->code, message);
}

json_t *client_ask(struct node_client *c, const char *command, const char *params)
{
    struct node_reply reply = {0};
    char why[NODE_SENTENCE_CHARS] = "no answer";
    c->rule = CLIENT_OK;
    c->code = 0;
    if (!c->call(c->context, command, params, &reply, why)) {
        (void)client_fail(c, CLIENT_TRANSPORT, "%.380s", why);
        return NULL;
    }
    if (reply.body_bytes > NODE_REPLY_BYTES_MAX) {
        (void)client_fail(c, CLIENT_LIMIT, "the node's answer to %s is longer than %u bytes", command, NODE_REPLY_BYTES_MAX);
        return NULL;
    }
    if (reply.status == 401) {
        (void)client_fail(c, CLIENT_STATUS, "the node wants a user name and a password: --auth FILE");
        return NULL;
    }
    bool is_nodes = reply.status == 200 || reply.status == 400 || reply.status == 404 || reply.status == 500;
    if (!is_nodes) {
        (void)client_fail(c, CLIENT_STATUS, "%s was answered with HTTP status %u, which no node gives%s", command,
                          reply.status, reply.status / 100 == 3 ? "; redirects are not followed" : "");
        return NULL;
    }
    json_t *all = json_loadb(reply.body, reply.body_bytes, JSON_REJECT_DUPLICATES, NULL);
    json_t *result = json_incref(json_object_get(all, "result")), *error = json_object_get(all, "error");
    if (reply.status != 200 && json_is_object(error) && result == NULL) {
        note_error(c, command, error);
    } else if (result == NULL || reply.status != 200) {
        (void)client_fail(c, CLIENT_JSON, "the node's answer to %s is not the JSON of a node", command);
        json_decref(result);
        result = NULL;
    }
    json_decref(all);
    return result;
}

bool member_number(const json_t *object, const char *name, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max) {
        return false;
    }
    *out = (uint64_t)json_integer_value(value);
    return true;
}

bool member_hash(const json_t *object, const char *name, uint8_t *out, size_t len_bytes)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && hex_to_mem(json_string_value(value), json_string_length(value), out, len_bytes);
}
