/* SPDX-License-Identifier: MIT */
/** One pass over the structure block: a list of tokens, each with its payload padded to 4 bytes. See fdt.h. */
#include "fdt.h"

enum {
    MAGIC = (int)0xd00dfeed,
    HEADER_BYTES = 40,
    LEVELS_MAX = 16,
    TOKEN_BEGIN_NODE = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROP = 3,
    TOKEN_NOP = 4,
};

struct blocks {
    struct cursor structure;
    struct cursor strings;
};

static bool take_be32(struct cursor *c, uint32_t *out)
{
    struct cursor taken;
    if (!cursor_take(c, 4, &taken)) {
        return false;
    }
    *out = be32_load(taken.at);
    return true;
}

/* A block of the header: offset and length in bytes, inside the tree. */
static bool block(struct cursor tree, uint32_t offset, uint32_t len_bytes, struct cursor *out)
{
    struct cursor skipped;
    return cursor_take(&tree, offset, &skipped) && cursor_take(&tree, len_bytes, out);
}

/* The whole tree: header and magic are there, and it is as long as it says. */
static bool open_bytes(const void *bytes, size_t len_bytes, struct cursor *out)
{
    const uint8_t *h = (const uint8_t *)bytes;
    size_t readable = len_bytes < FDT_BYTES_MAX ? len_bytes : FDT_BYTES_MAX;
    if (readable < HEADER_BYTES || be32_load(h) != (uint32_t)MAGIC || be32_load(h + 4) > readable ||
        be32_load(h + 4) < HEADER_BYTES) {
        return false;
    }
    *out = cursor_of(bytes, be32_load(h + 4));
    return true;
}

static bool open_tree(const void *bytes, size_t len_bytes, struct blocks *out)
{
    const uint8_t *h = (const uint8_t *)bytes;
    struct cursor tree;
    return open_bytes(bytes, len_bytes, &tree) && block(tree, be32_load(h + 8), be32_load(h + 36), &out->structure) &&
           block(tree, be32_load(h + 12), be32_load(h + 32), &out->strings);
}

/* The reservation block has no length; it ends with the first of its entries, two words of 64 bits, that is zero. */
static bool skip_reservations(struct cursor *c)
{
    struct cursor entry;
    while (cursor_take(c, 16, &entry)) {
        if (be64_load(entry.at) == 0 && be64_load(entry.at + 8) == 0) {
            return true;
        }
    }
    return false;
}

bool fdt_used(const void *tree, size_t len_bytes, size_t *used_out)
{
    const uint8_t *h = (const uint8_t *)tree;
    struct blocks b;
    struct cursor all;
    struct cursor skipped;
    if (!open_tree(tree, len_bytes, &b) || !open_bytes(tree, len_bytes, &all) ||
        !cursor_take(&all, be32_load(h + 16), &skipped) || !skip_reservations(&all)) {
        return false;
    }
    const uint8_t *ends[] = {h + HEADER_BYTES, b.structure.at + b.structure.left_bytes, b.strings.at + b.strings.left_bytes, all.at};
    const uint8_t *end = h;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        end = ends[i] > end ? ends[i] : end;
    }
    *used_out = (size_t)(end - h);
    return true;
}

/* Does the string at the start of `c`, ended inside it, equal `name`? `len` gets its length with the NUL. */
static bool string_is(struct cursor c, const char *name, size_t *len)
{
    const uint8_t *end = c.left_bytes == 0 ? NULL : (const uint8_t *)memchr(c.at, 0, c.left_bytes);
    if (end == NULL) {
        *len = 0;
        return false;
    }
    *len = (size_t)(end - c.at) + 1;
    return *len == strlen(name) + 1 && memcmp(c.at, name, *len) == 0;
}

static bool take_padded(struct cursor *c, size_t len_bytes, struct cursor *out)
{
    struct cursor padding;
    return cursor_take(c, len_bytes, out) && cursor_take(c, (4 - len_bytes % 4) % 4, &padding);
}

static bool take_property(struct blocks *b, const char *property, struct cursor *value, bool *is_it)
{
    uint32_t len_bytes;
    uint32_t name_offset;
    struct cursor skipped;
    struct cursor name = b->strings;
    size_t name_len;
    if (!take_be32(&b->structure, &len_bytes) || !take_be32(&b->structure, &name_offset) ||
        !take_padded(&b->structure, len_bytes, value) || !cursor_take(&name, name_offset, &skipped)) {
        return false;
    }
    *is_it = string_is(name, property, &name_len);
    return name_len != 0;
}

bool fdt_find(const void *tree, size_t len_bytes, const char *node, const char *property, struct cursor *out)
{
    struct blocks b;
    uint32_t level = 0; /* 1: in the root node */
    bool inside = false;
    uint32_t wanted_level = node[0] == '\0' ? 1 : 2;
    if (!open_tree(tree, len_bytes, &b)) {
        return false;
    }
    for (uint32_t token; take_be32(&b.structure, &token);) {
        struct cursor taken;
        size_t name_len;
        bool is_it = false;
        if (token == TOKEN_BEGIN_NODE && level < LEVELS_MAX) {
            bool named = string_is(b.structure, node, &name_len);
            level++;
            inside = level == wanted_level ? named || wanted_level == 1 : inside;
            if (name_len == 0 || !take_padded(&b.structure, name_len, &taken)) {
                return false;
            }
        } else if (token == TOKEN_END_NODE && level > 0) {
            level--;
            inside = inside && level >= wanted_level;
        } else if (token == TOKEN_PROP) {
            if (!take_property(&b, property, &taken, &is_it)) {
                return false;
            }
            if (is_it && inside && level == wanted_level) {
                *out = taken;
                return true;
            }
        } else if (token != TOKEN_NOP) {
            return false; /* the end, or nonsense */
        }
    }
    return false;
}
