/* SPDX-License-Identifier: MIT */
/** Files and failure. See hosttool.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hosttool.h"

const char *tool_name = "tool";

static NORETURN void vfail(const char *file, int line, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
static NORETURN void vfail(const char *file, int line, const char *format, va_list args)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", tool_name);
    if (file != NULL) {
        fprintf(stderr, "%s:", file);
        if (line > 0) {
            fprintf(stderr, "%d:", line);
        }
        fputc(' ', stderr);
    }
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

void fail_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfail(file, line, format, args);
}

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfail(NULL, 0, format, args);
}

void *zalloc(size_t len_bytes)
{
    void *p = calloc(1, len_bytes == 0 ? 1 : len_bytes);
    if (p == NULL) {
        fail("out of memory");
    }
    return p;
}

struct bytes read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail("cannot read %s: %s", path, strerror(errno));
    }
    struct bytes out = {NULL, 0};
    size_t cap = 0;
    size_t got;
    do {
        if (out.len_bytes == cap) {
            cap = cap == 0 ? 65536 : cap * 2;
            out.at = realloc(out.at, cap);
            if (out.at == NULL) {
                fail("out of memory");
            }
        }
        got = fread(out.at + out.len_bytes, 1, cap - out.len_bytes, f);
        out.len_bytes += got;
    } while (got != 0);
    if (ferror(f)) {
        fail("cannot read %s: %s", path, strerror(errno));
    }
    fclose(f);
    return out;
}

void write_file(const char *path, struct bytes data)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data.at, 1, data.len_bytes, f) != data.len_bytes || fclose(f) != 0) {
        fail("cannot write %s: %s", path, strerror(errno));
    }
}
