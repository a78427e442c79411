/* SPDX-License-Identifier: MIT */
/** The rules of manifest.h, in the order of docs/spec/boot-image.md section 5. */
#include "manifest.h"

#include <sodium/crypto_sign_ed25519.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are copied as they are");

/** While checks run: each returns false after it said why. */
struct check {
    const uint8_t *area;
    size_t area_bytes;
    uint64_t loader_bytes;
    const uint8_t *key;
    struct manifest *out;
    struct manifest_refusal *why;
};

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* Names that are not terminated yet are cut. */
static bool wrong(const struct check *c, const char *part, const char *what)
{
    size_t len = 0;
    while (len < BOOT_NAME_BYTES - 1 && part[len] != '\0') {
        len++;
    }
    memset(c->why->part, 0, sizeof c->why->part);
    memcpy(c->why->part, part, len);
    c->why->what = what;
    return false;
}

static size_t signed_bytes(const struct boot_header *h)
{
    return sizeof *h + h->part_count * sizeof(struct boot_part);
}

/* Nothing here is trusted yet; only what the signature check itself needs is looked at. */
static bool check_header(const struct check *c)
{
    struct boot_header *h = &c->out->header;
    struct hash256 key_id;
    if (c->area_bytes < sizeof *h) {
        return wrong(c, "manifest", "cut off; write the image again");
    }
    memcpy(h, c->area, sizeof *h);
    if (memcmp(h->magic, BOOT_MAGIC, sizeof h->magic) != 0 || h->version != BOOT_VERSION) {
        return wrong(c, "manifest", "not a manifest of this version; write the image again");
    }
    if (h->part_count < 3 || h->part_count > BOOT_PARTS_MAX || h->manifest_offset != c->loader_bytes ||
        h->manifest_bytes > BOOT_MANIFEST_BYTES_MAX || h->manifest_bytes > c->area_bytes ||
        !is_aligned(h->manifest_bytes, BOOT_PAGE_BYTES) || signed_bytes(h) + BOOT_SIGNATURE_BYTES > h->manifest_bytes) {
        return wrong(c, "manifest", "its sizes cannot be; write the image again");
    }
    sha256_of(c->key, BOOT_KEY_BYTES, &key_id);
    if (memcmp(h->key_id, key_id.bytes, sizeof h->key_id) != 0) {
        return wrong(c, "manifest",
                     "signed with a key that this loader does not trust; sign the image with the key it was built with");
    }
    return true;
}

static bool check_signature(const struct check *c)
{
    size_t len = signed_bytes(&c->out->header);
    if (crypto_sign_ed25519_verify_detached(c->area + len, c->area, len, c->key) != 0) {
        return wrong(c, "manifest", "its signature does not hold; write the image again");
    }
    size_t end = len + BOOT_SIGNATURE_BYTES;
    if (!is_zero(c->area + end, c->out->header.manifest_bytes - end)) {
        return wrong(c, "manifest", "bytes after its signature are not zero; write the image again");
    }
    sha256_of(c->area, len, &c->out->signed_hash);
    return true;
}

/* Printable, at least one character, ended by NUL and filled with it. */
static bool is_name(const char name[BOOT_NAME_BYTES])
{
    size_t len = 0;
    while (len < BOOT_NAME_BYTES && name[len] > ' ' && name[len] <= '~') {
        len++;
    }
    return len > 0 && len < BOOT_NAME_BYTES && is_zero((const uint8_t *)name + len, BOOT_NAME_BYTES - len);
}

static bool check_part_sizes(const struct check *c, const struct boot_part *part)
{
    if (!is_name(part->name)) {
        return wrong(c, "manifest", "a part has no proper name; pack the image again");
    }
    if (part->reserved0 != 0 || !is_zero(part->reserved1, sizeof part->reserved1) ||
        !is_aligned(part->file_bytes, BOOT_PAGE_BYTES) || !is_aligned(part->memory_bytes, BOOT_PAGE_BYTES) ||
        part->file_bytes > part->memory_bytes || part->memory_bytes > 1ull << 31) {
        return wrong(c, part->name, "the manifest gives it sizes that cannot be; pack the image again");
    }
    return true;
}

static bool check_part_kind(const struct check *c, const struct boot_part *part, uint32_t index, bool *log_seen)
{
    bool good = false;
    if (part->kind == BOOT_PART_LOADER) {
        good = index == 0 && part->file_bytes == part->memory_bytes;
    } else if (part->kind == BOOT_PART_KERNEL) {
        good = index == 1;
    } else if (part->kind == BOOT_PART_ROOT) {
        good = index >= 2;
    } else if (part->kind == BOOT_PART_LOG) {
        good = index > 2 && !*log_seen && part->file_bytes == 0 && part->memory_bytes == BOOT_LOG_BYTES;
        *log_seen = true;
    }
    return good || wrong(c, part->name, "the manifest gives it a kind that it cannot have; pack the image again");
}

/* Parts follow each other without gaps from the start to the end of the file, and root parts also in memory. */
static bool check_parts(const struct check *c)
{
    const struct boot_header *h = &c->out->header;
    uint64_t offset = 0;
    uint64_t virt = 0;
    bool log_seen = false;
    for (uint32_t i = 0; i < h->part_count; i++) {
        struct boot_part part;
        manifest_part(c->out, i, &part);
        if (!check_part_sizes(c, &part) || !check_part_kind(c, &part, i, &log_seen)) {
            return false;
        }
        if (part.offset != offset || (i > 2 && part.virt != virt)) {
            return wrong(c, part.name, "the manifest leaves a gap before it, or it overlaps; pack the image again");
        }
        offset += part.file_bytes;
        virt = part.virt + part.memory_bytes;
        if (i == 0) {
            if (offset != h->manifest_offset) {
                return wrong(c, part.name, "the manifest gives it another size than it has; pack the image again");
            }
            offset += h->manifest_bytes;
        }
    }
    if (offset != h->image_bytes || !log_seen) {
        return wrong(c, "manifest", "its parts do not add up to the image; pack the image again");
    }
    return true;
}

void manifest_part(const struct manifest *m, uint32_t index, struct boot_part *out)
{
    assert(index < m->header.part_count);
    memcpy(out, m->parts + index * sizeof *out, sizeof *out);
}

bool manifest_open(const uint8_t *area, size_t area_bytes, uint64_t loader_bytes, const uint8_t key[BOOT_KEY_BYTES],
                   struct manifest *out, struct manifest_refusal *why)
{
    const struct check c = {area, area_bytes, loader_bytes, key, out, why};
    out->parts = area + sizeof out->header;
    return check_header(&c) && check_signature(&c) && check_parts(&c);
}

bool manifest_bytes_hold(const struct boot_part *part, const uint8_t *bytes)
{
    struct hash256 hash;
    sha256_of(bytes, part->file_bytes, &hash);
    return memcmp(hash.bytes, part->sha256, sizeof part->sha256) == 0;
}
