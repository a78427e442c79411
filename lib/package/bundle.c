/* SPDX-License-Identifier: MIT */
/**
 * Bundles: containers one behind the other, each on pages of its own. Places follow from the sizes, so a bundle has one form.
 * Source: docs/spec/package.md section 5
 */
#include "read.h"

#define HEADER_BYTES 16u
#define ENTRY_BYTES  16u

static uint64_t first_offset(uint32_t count)
{
    return align_up(HEADER_BYTES + (uint64_t)count * ENTRY_BYTES, PAGE_BYTES);
}

static const uint8_t *entry_of(const struct bundle *b, uint32_t index)
{
    return b->bytes.at + HEADER_BYTES + (size_t)index * ENTRY_BYTES;
}

static bool read_header(struct bundle *b, struct package_refusal *why)
{
    struct cursor c = b->bytes;
    uint8_t magic[8];
    uint32_t version;
    if (!cursor_copy(&c, magic, sizeof magic) || memcmp(magic, BUNDLE_MAGIC, sizeof magic) != 0) {
        return package_refuse(why, PACKAGE_MAGIC, "not a bundle of packages; make it with lx bundle", "bundle");
    }
    if (!cursor_le32(&c, &version) || version != BUNDLE_VERSION) {
        return package_refuse(why, PACKAGE_VERSION, NULL, "bundle");
    }
    if (!cursor_le32(&c, &b->count) || b->count > BUNDLE_PACKAGES_MAX) {
        return package_refuse(why, PACKAGE_TOO_LARGE, NULL, "bundle");
    }
    if (first_offset(b->count) > b->bytes.left_bytes) {
        return package_refuse(why, PACKAGE_LENGTH, NULL, "bundle of %zu bytes", b->bytes.left_bytes);
    }
    return true;
}

bool bundle_open(const void *bytes, size_t len_bytes, struct bundle *out, struct package_refusal *why)
{
    *out = (struct bundle){.bytes = cursor_of(bytes, len_bytes)};
    if (!read_header(out, why)) {
        return false;
    }
    uint64_t end = first_offset(out->count);
    uint64_t used = HEADER_BYTES + (uint64_t)out->count * ENTRY_BYTES; /* up to where bytes mean something */
    for (uint32_t i = 0;; i++) {
        for (uint64_t at = used; at < end; at++) {
            if (out->bytes.at[at] != 0) {
                return package_refuse(why, PACKAGE_PADDING, NULL, "bundle, byte %llu", (unsigned long long)at);
            }
        }
        if (i == out->count) {
            break;
        }
        uint64_t offset = le64_load(entry_of(out, i));
        uint64_t size = le64_load(entry_of(out, i) + 8);
        if (offset != end) {
            return package_refuse(why, PACKAGE_PLACE, NULL, "bundle, package %u", (unsigned)i);
        }
        if (size > len_bytes - end || align_up(size, PAGE_BYTES) > len_bytes - end) {
            return package_refuse(why, PACKAGE_LENGTH, NULL, "bundle, package %u", (unsigned)i);
        }
        used = end + size;
        end += align_up(size, PAGE_BYTES);
    }
    return end == len_bytes || package_refuse(why, PACKAGE_LENGTH, NULL, "bundle of %zu bytes", len_bytes);
}

struct cursor bundle_package(const struct bundle *b, uint32_t index, uint64_t *offset)
{
    uint64_t at = le64_load(entry_of(b, index));
    if (offset != NULL) {
        *offset = at;
    }
    return cursor_of(b->bytes.at + at, (size_t)le64_load(entry_of(b, index) + 8));
}

uint64_t bundle_bytes(const struct cursor *packages, uint32_t count)
{
    uint64_t end = first_offset(count);
    for (uint32_t i = 0; i < count; i++) {
        end += align_up(packages[i].left_bytes, PAGE_BYTES);
    }
    return end;
}

static void pad(struct writer *w)
{
    static const uint8_t zeros[PAGE_BYTES];
    writer_put(w, zeros, (size_t)(align_up(w->used_bytes, PAGE_BYTES) - w->used_bytes));
}

void bundle_put(struct writer *w, const struct cursor *packages, uint32_t count)
{
    writer_put(w, BUNDLE_MAGIC, 8);
    writer_le32(w, BUNDLE_VERSION);
    writer_le32(w, count);
    uint64_t offset = first_offset(count);
    for (uint32_t i = 0; i < count; i++) {
        writer_le64(w, offset);
        writer_le64(w, packages[i].left_bytes);
        offset += align_up(packages[i].left_bytes, PAGE_BYTES);
    }
    pad(w);
    for (uint32_t i = 0; i < count; i++) {
        writer_put(w, packages[i].at, packages[i].left_bytes);
        pad(w);
    }
}
