/* SPDX-License-Identifier: MIT */
/** What commands print: JSON, or the same as a table for people. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lx.h"

json_t *pack_json(const char *format, ...)
{
    va_list args;
    json_error_t error;
    va_start(args, format);
    json_t *out = json_vpack_ex(&error, 0, format, args);
    va_end(args);
    if (out == NULL) {
        fail("cannot print: %s", error.text); /* out of memory, or text of somebody that is no UTF-8 */
    }
    return out;
}

json_t *json_hash(const uint8_t *bytes, size_t len_bytes)
{
    char hex[2 * 64 + 1];
    assert(len_bytes <= 64);
    for (size_t i = 0; i < len_bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
    return pack_json("s", hex);
}

json_t *json_id(const struct u256 *id)
{
    char hex[2 * U256_BYTES + 1];
    hex_of_mem(id->bytes, U256_BYTES, hex);
    return pack_json("s", hex);
}

json_t *json_txid(const struct u512 *id)
{
    char hex[2 * U512_BYTES + 1];
    hex_of_mem(id->bytes, U512_BYTES, hex);
    return pack_json("s", hex);
}

json_t *json_number(uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    return n <= INT64_MAX ? json_integer((json_int_t)n) : pack_json("s", text);
}

json_t *json_time(uint64_t seconds)
{
    char text[40] = "";
    struct tm parts;
    time_t t = (time_t)seconds;
    if (seconds > INT64_MAX / 2 || gmtime_r(&t, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &parts) == 0) {
        snprintf(text, sizeof text, "%llu s", (unsigned long long)seconds);
    }
    return pack_json("s", text);
}

static void print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
}

/** A value as people read it, in fresh memory. Values are texts, numbers, truths, or arrays of texts. */
static char *shown(json_t *value)
{
    char number[32];
    if (json_is_string(value)) {
        return join(json_string_value(value), NULL);
    }
    if (json_is_boolean(value)) {
        return join(json_is_true(value) ? "yes" : "no", NULL);
    }
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        return join(number, NULL);
    }
    if (json_is_array(value)) {
        char *out = join("", NULL);
        for (size_t i = 0; i < json_array_size(value); i++) {
            out = join(out, i == 0 ? "" : " ", json_string_value(json_array_get(value, i)), NULL);
        }
        return out;
    }
    return join("-", NULL);
}

/** Characters, not bytes, of UTF-8. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static void print_cell(const char *text, int width, bool is_last)
{
    printf("%s%*s", text, is_last ? 0 : width - width_of(text) + 2, "");
}

void report_rows(json_t *rows, bool as_json)
{
    size_t i;
    json_t *row;
    if (as_json || json_array_size(rows) == 0) {
        if (as_json) {
            print_json(rows);
        }
        return;
    }
    json_t *first = json_array_get(rows, 0);
    size_t columns = json_object_size(first);
    int *widths = zalloc(columns * sizeof *widths);
    const char *name;
    json_t *value;
    json_array_foreach(rows, i, row)
    {
        size_t c = 0;
        json_object_foreach(row, name, value)
        {
            int width = width_of(shown(value));
            int head = (int)strlen(name);
            widths[c] = widths[c] > width ? widths[c] : width;
            widths[c] = widths[c] > head ? widths[c] : head;
            c++;
        }
    }
    size_t c = 0;
    json_object_foreach(first, name, value)
    {
        print_cell(name, widths[c], c + 1 == columns);
        c++;
    }
    putchar('\n');
    json_array_foreach(rows, i, row)
    {
        c = 0;
        json_object_foreach(row, name, value)
        {
            print_cell(shown(value), widths[c], c + 1 == columns);
            c++;
        }
        putchar('\n');
    }
    json_decref(rows);
}

void report_object(json_t *object, bool as_json)
{
    const char *name;
    json_t *value;
    if (as_json) {
        print_json(object);
        return;
    }
    int width = 12;
    json_object_foreach(object, name, value)
    {
        int chars = json_is_array(value) ? 0 : (int)strlen(name);
        width = chars > width ? chars : width;
    }
    json_object_foreach(object, name, value)
    {
        if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
            printf("%s:\n", name);
            report_rows(json_incref(value), false);
        } else {
            printf("%-*s %s\n", width, name, shown(value));
        }
    }
    json_decref(object);
}
