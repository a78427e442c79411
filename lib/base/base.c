/* SPDX-License-Identifier: MIT */
/** Base: the parts that are not inline. See base.h. */
#include "base.h"

const char *lx_err_name(enum lx_err err)
{
    switch (err) {
    case LX_OK:
        return "ok";
    case LX_EINVAL:
        return "invalid";
    case LX_ERANGE:
        return "out of range";
    case LX_ENOSPC:
        return "no space";
    case LX_ENOENT:
        return "not found";
    case LX_EEXIST:
        return "exists";
    case LX_EACCES:
        return "not permitted";
    case LX_EBADMSG:
        return "does not verify";
    case LX_ENOTSUP:
        return "not supported";
    case LX_EIO:
        return "device failed";
    case LX_EAGAIN:
        return "try again";
    }
    return "unknown error";
}

bool cursor_take(struct cursor *c, size_t len_bytes, struct cursor *out)
{
    if (len_bytes > c->left_bytes) {
        return false;
    }
    *out = cursor_of(c->at, len_bytes);
    c->at += len_bytes;
    c->left_bytes -= len_bytes;
    return true;
}

bool cursor_copy(struct cursor *c, void *out, size_t len_bytes)
{
    struct cursor taken;
    if (!cursor_take(c, len_bytes, &taken)) {
        return false;
    }
    if (len_bytes != 0) {
        memcpy(out, taken.at, len_bytes);
    }
    return true;
}

bool cursor_u8(struct cursor *c, uint8_t *out)
{
    if (c->left_bytes == 0) {
        return false;
    }
    *out = *c->at++;
    c->left_bytes--;
    return true;
}

bool cursor_le16(struct cursor *c, uint16_t *out)
{
    struct cursor taken;
    if (!cursor_take(c, 2, &taken)) {
        return false;
    }
    *out = le16_load(taken.at);
    return true;
}

bool cursor_le32(struct cursor *c, uint32_t *out)
{
    struct cursor taken;
    if (!cursor_take(c, 4, &taken)) {
        return false;
    }
    *out = le32_load(taken.at);
    return true;
}

bool cursor_le64(struct cursor *c, uint64_t *out)
{
    struct cursor taken;
    if (!cursor_take(c, 8, &taken)) {
        return false;
    }
    *out = le64_load(taken.at);
    return true;
}

void writer_put(struct writer *w, const void *bytes, size_t len_bytes)
{
    if (w->overflow || len_bytes > w->cap_bytes - w->used_bytes) {
        w->overflow = true;
        return;
    }
    if (len_bytes != 0) {
        memcpy(w->bytes + w->used_bytes, bytes, len_bytes);
    }
    w->used_bytes += len_bytes;
}

void writer_u8(struct writer *w, uint8_t v)
{
    writer_put(w, &v, 1);
}

void writer_le16(struct writer *w, uint16_t v)
{
    uint8_t bytes[2];
    le16_store(bytes, v);
    writer_put(w, bytes, sizeof bytes);
}

void writer_le32(struct writer *w, uint32_t v)
{
    uint8_t bytes[4];
    le32_store(bytes, v);
    writer_put(w, bytes, sizeof bytes);
}

void writer_le64(struct writer *w, uint64_t v)
{
    uint8_t bytes[8];
    le64_store(bytes, v);
    writer_put(w, bytes, sizeof bytes);
}

void wipe(void *bytes, size_t len_bytes)
{
    if (len_bytes != 0) {
        memset(bytes, 0, len_bytes);
    }
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

bool equal_constant_time(const void *a, const void *b, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)a;
    const uint8_t *q = (const uint8_t *)b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        difference = (uint8_t)(difference | (p[i] ^ q[i]));
    }
    return difference == 0;
}

bool copy_string(char *out, size_t cap_bytes, const char *string)
{
    assert(cap_bytes > 0);
    size_t len = strlen(string);
    bool fits = len < cap_bytes;
    if (!fits) {
        len = cap_bytes - 1;
    }
    memcpy(out, string, len);
    out[len] = '\0';
    return fits;
}
