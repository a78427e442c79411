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
    const json_t *number = json_object_get(error, "code");
    json_int_t code = json_integer_value(number);
    if (text == NULL || !json_is_integer(number)) {
        (void)client_fail(c, CLIENT_JSON, "the node's answer to %s is an error without a code and a message", command);
        return;
    }
    copy_printable(message, sizeof message, text);
    c->code = code >= -100000 && code <= 100000 ? (int)code : 0;
    (void)client_fail(c, CLIENT_REFUSED, "the node refuses %s: %d, \"%s\"", command, c->code, message);
}

/* ---- numbers of 64 bits --------------------------------------------------------------------------------------------- */

#define LARGE_DIGITS 19u /* from so many on, an integer may be beyond INT64_MAX, which jansson refuses */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/**
 * Copies an answer with its large integers in quotes: nodes write numbers up to 2^64 - 1, a block's nonce for one, and all of the
 * answer would be refused for them. Text stays as it is; what is no JSON stays none.
 * @return in fresh memory, or NULL.
 */
static char *quote_large(const char *text, size_t len, size_t *out_len)
{
    char *out = (char *)malloc(len + 2 * (len / LARGE_DIGITS) + 3);
    size_t used = 0;
    bool is_inside = false; /* of a string */
    for (size_t i = 0; i < len && out != NULL;) {
        size_t digits = 0;
        while (!is_inside && i + digits < len && is_digit(text[i + digits])) {
            digits++;
        }
        char next = i + digits < len ? text[i + digits] : ' ', before = i > 0 ? text[i - 1] : ' ';
        bool is_whole = next != '.' && next != 'e' && next != 'E' && before != '.' && before != '-' && before != '+';
        if (digits >= LARGE_DIGITS && is_whole) {
            out[used++] = '"';
            memcpy(out + used, text + i, digits);
            used += digits;
            out[used++] = '"';
        } else if (digits > 0) {
            memcpy(out + used, text + i, digits);
            used += digits;
        } else {
            bool is_escape = is_inside && text[i] == '\\' && i + 1 < len;
            is_inside = text[i] == '"' ? !is_inside : is_inside;
            out[used++] = text[i];
            if (is_escape) {
                out[used++] = text[++i];
            }
            digits = 1;
        }
        i += digits;
    }
    *out_len = used;
    return out;
}

static json_t *parse(const char *text, size_t len)
{
    size_t quoted_len = 0;
    char *quoted = quote_large(text, len, &quoted_len);
    json_t *out = quoted == NULL ? NULL : json_loadb(quoted, quoted_len, JSON_REJECT_DUPLICATES, NULL);
    free(quoted);
    return out;
}

/* ---- calls ---------------------------------------------------------------------------------------------------------- */

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
    json_t *all = parse(reply.body, reply.body_bytes);
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

bool member_u64(const json_t *object, const char *name, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    if (text == NULL) {
        return member_number(object, name, UINT64_MAX, out);
    }
    uint64_t n = 0;
    bool ok = text[0] >= '1' && text[0] <= '9';
    for (; ok && *text != '\0'; text++) {
        ok = is_digit(*text) && checked_mul(n, 10, &n) && checked_add(n, (uint64_t)(*text - '0'), &n);
    }
    if (ok) {
        *out = n;
    }
    return ok;
}

bool member_hash(const json_t *object, const char *name, uint8_t *out, size_t len_bytes)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && hex_to_mem(json_string_value(value), json_string_length(value), out, len_bytes);
}
