/* SPDX-License-Identifier: MIT */
/** Parameters of a call: forms, texts, numbers, hashes. See private.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "private.h"

bool api_fail(struct call *c, enum api_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->message, sizeof c->message, format, args);
    va_end(args);
    c->code = code;
    return false;
}

/* ---- forms ---------------------------------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** Decodes a piece of a form into `out`, which has room for all of it and a zero. @return false for a wrong % or a zero. */
static bool decode(const char *text, size_t len_chars, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < len_chars; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            bool is_whole = len_chars - i > 2;
            int high = is_whole ? digit_of(text[i + 1]) : -1;
            int low = is_whole ? digit_of(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            return false;
        }
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

static bool form_item(struct call *c, json_t *out, const char *text, size_t len_chars)
{
    const char *equals = (const char *)memchr(text, '=', len_chars);
    if (equals == NULL) {
        return api_fail(c, API_QUERY, "Query Syntax Error: must use <key>=<value> with no extra characters.");
    }
    size_t key_chars = (size_t)(equals - text);
    char *key = (char *)malloc(len_chars + 2);
    bool ok = key != NULL;
    if (ok) {
        char *value = key + key_chars + 1;
        ok = decode(text, key_chars, key) && decode(equals + 1, len_chars - key_chars - 1, value) &&
             json_object_set_new(out, key, json_string(value)) == 0;
    }
    free(key);
    return ok ? true : api_fail(c, API_QUERY, "Query Syntax Error: malformed encoding");
}

json_t *api_form(struct call *c, const char *text, size_t len_chars)
{
    json_t *out = json_object();
    bool ok = out != NULL;
    while (ok && len_chars > 0) {
        const char *end = (const char *)memchr(text, '&', len_chars);
        size_t item_chars = end == NULL ? len_chars : (size_t)(end - text);
        ok = json_object_size(out) < NODE_API_PARAMETERS_MAX
                 ? form_item(c, out, text, item_chars)
                 : api_fail(c, API_QUERY, "Query Syntax Error: more than %u parameters", NODE_API_PARAMETERS_MAX);
        size_t passed = end == NULL ? len_chars : item_chars + 1;
        text += passed;
        len_chars -= passed;
    }
    if (!ok) {
        json_decref(out);
        return NULL;
    }
    return out;
}

/* ---- single parameters ---------------------------------------------------------------------------------------------- */

const char *api_text(struct call *c, const char *name, char *room, size_t room_chars)
{
    json_t *value = json_object_get(c->params, name);
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        snprintf(room, room_chars, "%lld", (long long)json_integer_value(value));
        return room;
    }
    if (value != NULL) {
        (void)api_fail(c, API_BAD_PARAMETER, "Invalid parameter [%.40s], expecting [string]", name);
    }
    return NULL;
}

bool api_number(struct call *c, const char *name, uint64_t max, uint64_t *out)
{
    char room[24];
    const char *text = api_text(c, name, room, sizeof room);
    if (text == NULL) {
        return c->code == 0;
    }
    char *end;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0') {
        return api_fail(c, API_INVALID, "Invalid Parameter [%s]", name);
    }
    unsigned long long n = digits > 19 ? UINT64_MAX : strtoull(text, &end, 10);
    if (n > max) {
        return api_fail(c, API_RANGE, "[%s] out of range [%llu]", name, (unsigned long long)max);
    }
    *out = n;
    return true;
}

bool api_verbose(struct call *c, uint32_t least, uint32_t *out)
{
    char room[24];
    const char *text = api_text(c, "verbose", room, sizeof room);
    uint64_t level = 1;
    if (text != NULL && strcmp(text, "summary") == 0) {
        level = 2;
    } else if (text != NULL && strcmp(text, "detail") == 0) {
        level = 3;
    } else if (text != NULL && strcmp(text, "default") != 0 && !api_number(c, "verbose", UINT32_MAX, &level)) {
        return api_fail(c, API_INVALID, "Invalid Parameter [verbose]");
    }
    *out = level < least ? least : (uint32_t)level;
    return c->code == 0;
}

bool api_hash(struct call *c, const char *name, const char *text, uint8_t *out, size_t len_bytes)
{
    if (!hex_to_mem(text, strlen(text), out, len_bytes)) {
        return api_fail(c, API_BAD_PARAMETER, "Invalid parameter [%s], expecting [hex-string]", name);
    }
    return true;
}
