/* SPDX-License-Identifier: MIT */
/**
 * Containers: header, table of objects, manifest, chain, leaf hashes, and the objects on pages of their own. All places
 * follow from the sizes, so a container has one form, and no byte in it means nothing.
 * Source: docs/spec/package.md section 3
 */
#include "read.h"

/* A table of the wire format; every member is bytes. */
_Static_assert(sizeof(struct hash256) == SHA256_BYTES && _Alignof(struct hash256) == 1, "leaves are read in place");
_Static_assert(PACKAGE_TABLE_ENTRY_BYTES == SHA256_BYTES + 8 + 8, "root, size, offset");

#define ENTRY_SIZE   32u
#define ENTRY_OFFSET 40u

static uint64_t objects_offset(uint64_t manifest_bytes, uint64_t chain_bytes, uint32_t object_count, uint64_t leaf_count)
{
    return align_up(PACKAGE_HEADER_BYTES + (uint64_t)object_count * PACKAGE_TABLE_ENTRY_BYTES + manifest_bytes +
                        chain_bytes + leaf_count * SHA256_BYTES,
                    PAGE_BYTES);
}

static const uint8_t *entry_of(const struct package *p, uint32_t index)
{
    return p->table + (size_t)index * PACKAGE_TABLE_ENTRY_BYTES;
}

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

/** The numbers of a header. */
struct header {
    uint64_t total_bytes;
    uint32_t object_count, manifest_bytes, chain_bytes, reserved;
};

static bool read_header(struct cursor *c, size_t len_bytes, struct header *out, struct package_refusal *why)
{
    uint8_t magic[8];
    if (!cursor_copy(c, magic, sizeof magic) || memcmp(magic, PACKAGE_MAGIC_BYTES, sizeof magic) != 0) {
        return package_refuse(why, PACKAGE_MAGIC, NULL, "package");
    }
    if (!cursor_le64(c, &out->total_bytes) || !cursor_le32(c, &out->object_count) ||
        !cursor_le32(c, &out->manifest_bytes) || !cursor_le32(c, &out->chain_bytes) || !cursor_le32(c, &out->reserved) ||
        out->total_bytes != len_bytes) {
        return package_refuse(why, PACKAGE_LENGTH, NULL, "package of %zu bytes", len_bytes);
    }
    if (out->reserved != 0) {
        return package_refuse(why, PACKAGE_RESERVED, NULL, "package, header");
    }
    if (out->object_count > PACKAGE_OBJECTS_MAX || out->manifest_bytes > MANIFEST_BYTES_MAX ||
        out->chain_bytes > PACKAGE_CHAIN_BYTES_MAX) {
        return package_refuse(why, PACKAGE_TOO_LARGE, NULL, "package, header");
    }
    return true;
}

/** The leaves of all objects, as the table has them; their sizes are checked. */
static bool count_leaves(const struct package *p, uint64_t *out, struct package_refusal *why)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < p->object_count; i++) {
        uint64_t size = le64_load(entry_of(p, i) + ENTRY_SIZE);
        if (size > MANIFEST_OBJECT_BYTES_MAX) {
            return package_refuse(why, PACKAGE_TOO_LARGE, NULL, "package, object %u", (unsigned)i);
        }
        count += tree_leaf_count(size);
    }
    *out = count;
    return true;
}

/** Cuts the parts out of the container, once the numbers fit its length. */
static bool cut_parts(struct cursor c, const struct header *h, struct package *out, struct cursor *manifest,
                      struct package_refusal *why)
{
    struct cursor table, leaves;
    uint64_t leaf_count = 0;
    size_t len = out->bytes.left_bytes;
    out->object_count = h->object_count;
    if (!cursor_take(&c, h->object_count * (size_t)PACKAGE_TABLE_ENTRY_BYTES, &table)) {
        return package_refuse(why, PACKAGE_LENGTH, NULL, "package of %zu bytes", len);
    }
    out->table = table.at;
    if (!count_leaves(out, &leaf_count, why)) {
        return false;
    }
    out->objects_offset = objects_offset(h->manifest_bytes, h->chain_bytes, h->object_count, leaf_count);
    if (h->total_bytes != out->objects_offset + leaf_count * PAGE_BYTES || !cursor_take(&c, h->manifest_bytes, manifest) ||
        !cursor_take(&c, h->chain_bytes, &out->chain) || !cursor_take(&c, leaf_count * SHA256_BYTES, &leaves)) {
        return package_refuse(why, PACKAGE_LENGTH, NULL, "package of %zu bytes", len);
    }
    out->leaves = (const struct hash256 *)(const void *)leaves.at;
    size_t padding = (size_t)(out->objects_offset - (uint64_t)(c.at - out->bytes.at));
    if (!is_zero(c.at, padding)) {
        return package_refuse(why, PACKAGE_PADDING, NULL, "package, byte %zu and on", (size_t)(c.at - out->bytes.at));
    }
    return true;
}

/** Objects lie one behind the other, sorted by root, each followed by zeros up to the next page. */
static bool check_table(const struct package *p, struct package_refusal *why)
{
    uint64_t offset = p->objects_offset;
    for (uint32_t i = 0; i < p->object_count; i++) {
        const uint8_t *entry = entry_of(p, i);
        uint64_t size = le64_load(entry + ENTRY_SIZE);
        uint64_t end = offset + size; /* inside the container, as its length is the sum of all */
        int order = i == 0 ? 1 : memcmp(entry, entry_of(p, i - 1), SHA256_BYTES);
        if (order <= 0) {
            return package_refuse(why, order == 0 ? PACKAGE_TWICE : PACKAGE_ORDER, NULL, "package, object %u",
                                  (unsigned)i);
        }
        if (le64_load(entry + ENTRY_OFFSET) != offset) {
            return package_refuse(why, PACKAGE_PLACE, NULL, "package, object %u", (unsigned)i);
        }
        offset = align_up(end, PAGE_BYTES);
        if (!is_zero(p->bytes.at + end, (size_t)(offset - end))) {
            return package_refuse(why, PACKAGE_PADDING, NULL, "package, byte %llu and on", (unsigned long long)end);
        }
    }
    return true;
}

static bool refuse_path(struct package_refusal *why, enum package_rule rule, const struct manifest_file *file)
{
    return package_refuse(why, rule, NULL, "%.*s", (int)file->path.left_bytes, (const char *)file->path.at);
}

/** Every file's object is there, and every object is some file's. */
static bool match_objects(const struct package *p, struct package_refusal *why)
{
    uint8_t is_used[PACKAGE_OBJECTS_MAX / 8] = {0};
    struct manifest_file file;
    struct package_walk walk;
    uint32_t index;
    manifest_walk_files(&p->manifest, &walk);
    while (manifest_file_next(&walk, &file)) {
        if (file.kind != MANIFEST_FILE) {
            continue;
        }
        if (!package_find(p, &file.root, &index)) {
            return refuse_path(why, PACKAGE_OBJECT_MISSING, &file);
        }
        if (le64_load(entry_of(p, index) + ENTRY_SIZE) != file.size_bytes) {
            return refuse_path(why, PACKAGE_OBJECT_SIZE, &file);
        }
        is_used[index / 8] |= (uint8_t)(1u << index % 8);
    }
    for (uint32_t i = 0; i < p->object_count; i++) {
        if ((is_used[i / 8] & 1u << i % 8) == 0) {
            return package_refuse(why, PACKAGE_OBJECT_UNUSED, NULL, "package, object %u", (unsigned)i);
        }
    }
    return true;
}

bool package_open(const void *bytes, size_t len_bytes, struct package *out, struct package_refusal *why)
{
    struct header header;
    struct chain_file chain;
    struct cursor manifest, c = cursor_of(bytes, len_bytes);
    memset(out, 0, sizeof *out);
    out->bytes = c;
    why->rule = PACKAGE_OK;
    if (!read_header(&c, len_bytes, &header, why) || !cut_parts(c, &header, out, &manifest, why) ||
        !check_table(out, why)) {
        return false;
    }
    if (!cursor_is_empty(&out->chain) && chain_file_open(out->chain.at, out->chain.left_bytes, &chain) != LX_OK) {
        return package_refuse(why, PACKAGE_CHAIN, NULL, "package, the developer's chain");
    }
    if (!manifest_parse(manifest.at, manifest.left_bytes, &out->manifest, why)) {
        return false;
    }
    manifest_id(manifest.at, manifest.left_bytes, &out->id);
    return match_objects(out, why);
}

/* ---- objects -------------------------------------------------------------------------------------------------------- */

void package_object(const struct package *p, uint32_t index, struct package_object *out)
{
    assert(index < p->object_count);
    const uint8_t *entry = entry_of(p, index);
    memcpy(out->root.bytes, entry, SHA256_BYTES);
    out->size_bytes = le64_load(entry + ENTRY_SIZE);
    out->offset = le64_load(entry + ENTRY_OFFSET);
    out->bytes = p->bytes.at + out->offset;
    out->leaf_count = tree_leaf_count(out->size_bytes);
    /* An object has one page for each of its leaves, so leaves lie as far behind the first as pages do. */
    out->leaves = p->leaves + (out->offset - p->objects_offset) / PAGE_BYTES;
}

bool package_find(const struct package *p, const struct hash256 *root, uint32_t *index)
{
    uint32_t low = 0, high = p->object_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(root->bytes, entry_of(p, middle), SHA256_BYTES);
        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static uint64_t leaves_of_parts(const struct package_part *parts, uint32_t part_count)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < part_count; i++) {
        count += tree_leaf_count(parts[i].size_bytes);
    }
    return count;
}

uint64_t package_bytes(size_t manifest_bytes, size_t chain_bytes, const struct package_part *parts, uint32_t part_count)
{
    uint64_t leaf_count = leaves_of_parts(parts, part_count);
    return objects_offset(manifest_bytes, chain_bytes, part_count, leaf_count) + leaf_count * PAGE_BYTES;
}

static void pad_page(struct writer *w)
{
    static const uint8_t zeros[64];
    size_t left = (size_t)(align_up(w->used_bytes, PAGE_BYTES) - w->used_bytes);
    while (left > 0 && !w->overflow) {
        size_t step = left < sizeof zeros ? left : sizeof zeros;
        writer_put(w, zeros, step);
        left -= step;
    }
}

void package_put(struct writer *w, struct cursor manifest, struct cursor chain, const struct package_part *parts,
                 uint32_t part_count)
{
    assert(w->used_bytes == 0 && part_count <= PACKAGE_OBJECTS_MAX && manifest.left_bytes <= MANIFEST_BYTES_MAX &&
           chain.left_bytes <= PACKAGE_CHAIN_BYTES_MAX);
    uint64_t leaf_count = leaves_of_parts(parts, part_count);
    uint64_t offset = objects_offset(manifest.left_bytes, chain.left_bytes, part_count, leaf_count);
    writer_put(w, PACKAGE_MAGIC_BYTES, 8);
    writer_le64(w, offset + leaf_count * PAGE_BYTES);
    writer_le32(w, part_count);
    writer_le32(w, (uint32_t)manifest.left_bytes); /* below their limits */
    writer_le32(w, (uint32_t)chain.left_bytes);
    writer_le32(w, 0);
    for (uint32_t i = 0; i < part_count; i++) {
        writer_put(w, parts[i].root.bytes, SHA256_BYTES);
        writer_le64(w, parts[i].size_bytes);
        writer_le64(w, offset);
        offset += tree_leaf_count(parts[i].size_bytes) * PAGE_BYTES;
    }
    writer_put(w, manifest.at, manifest.left_bytes);
    writer_put(w, chain.at, chain.left_bytes);
    for (uint32_t i = 0; i < part_count; i++) {
        writer_put(w, parts[i].leaves, tree_leaf_count(parts[i].size_bytes) * SHA256_BYTES);
    }
    pad_page(w);
    for (uint32_t i = 0; i < part_count; i++) {
        writer_put(w, parts[i].bytes, parts[i].size_bytes);
        pad_page(w);
    }
}
