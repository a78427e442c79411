/* SPDX-License-Identifier: MIT */
/**
 * Checks of the boot image. The manifest is believed only after its signature holds, and a part only after its hash holds
 * where it will be used. See boot.h; docs/spec/boot-image.md has the bytes.
 */
#include <sodium/crypto_sign_ed25519.h>

#include "boot.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures of the image are copied as they are");

/** The pinned public key, from trust.S. */
extern const uint8_t loader_trust_key[BOOT_KEY_BYTES];

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static size_t signed_bytes(const struct boot_header *h)
{
    return sizeof *h + h->part_count * sizeof(struct boot_part);
}

/* Nothing here is trusted yet; only what the signature check itself needs is looked at. */
static void check_header(const struct boot_header *h, uint64_t loader_bytes)
{
    struct hash256 key_id;
    if (memcmp(h->magic, BOOT_MAGIC, sizeof h->magic) != 0 || h->version != BOOT_VERSION) {
        refuse("manifest", "not a manifest of this version; write the image again");
    }
    if (h->part_count < 3 || h->part_count > BOOT_PARTS_MAX || h->manifest_offset != loader_bytes ||
        h->manifest_bytes > BOOT_MANIFEST_BYTES_MAX || !is_aligned(h->manifest_bytes, BOOT_PAGE_BYTES) ||
        signed_bytes(h) + BOOT_SIGNATURE_BYTES > h->manifest_bytes) {
        refuse("manifest", "its sizes cannot be; write the image again");
    }
    sha256_of(loader_trust_key, BOOT_KEY_BYTES, &key_id);
    if (memcmp(h->key_id, key_id.bytes, sizeof h->key_id) != 0) {
        refuse("manifest", "signed with a key that this loader does not trust; sign the image with the key it was built with");
    }
}

static void check_part_common(const struct boot_part *part)
{
    if (part->name[0] == '\0' || part->name[BOOT_NAME_BYTES - 1] != '\0') {
        refuse("manifest", "a part has no proper name; pack the image again");
    }
    if (part->reserved0 != 0 || !is_zero(part->reserved1, sizeof part->reserved1) ||
        !is_aligned(part->file_bytes, BOOT_PAGE_BYTES) || !is_aligned(part->memory_bytes, BOOT_PAGE_BYTES) ||
        part->file_bytes > part->memory_bytes) {
        refuse(part->name, "the manifest gives it sizes that cannot be; pack the image again");
    }
}

static void check_part_kind(const struct boot_part *part, uint32_t index, bool *log_seen)
{
    bool good;
    switch (part->kind) {
    case BOOT_PART_LOADER:
        good = index == 0;
        break;
    case BOOT_PART_KERNEL:
        good = index == 1;
        break;
    case BOOT_PART_ROOT:
        good = index >= 2;
        break;
    case BOOT_PART_LOG:
        good = index > 2 && !*log_seen && part->file_bytes == 0 && part->memory_bytes == BOOT_LOG_BYTES;
        *log_seen = true;
        break;
    default:
        good = false;
    }
    if (!good) {
        refuse(part->name, "the manifest gives it a kind that it cannot have; pack the image again");
    }
}

/* Parts follow each other without gaps from the start to the end of the file, and root parts also in memory. */
static void check_parts(const struct image *image)
{
    uint64_t offset = 0;
    uint64_t virt = 0;
    bool log_seen = false;
    for (uint32_t i = 0; i < image->header.part_count; i++) {
        struct boot_part part;
        image_part(image, i, &part);
        check_part_common(&part);
        check_part_kind(&part, i, &log_seen);
        if (part.offset != offset || part.memory_bytes > 1ull << 31 || (i > 2 && part.virt != virt)) {
            refuse(part.name, "the manifest leaves a gap before it, or it overlaps; pack the image again");
        }
        offset += part.file_bytes;
        virt = part.virt + part.memory_bytes;
        if (i == 0) {
            if (offset != image->header.manifest_offset) {
                refuse(part.name, "the manifest gives it another size than it has; pack the image again");
            }
            offset += image->header.manifest_bytes;
        }
    }
    if (offset != image->header.image_bytes || !log_seen) {
        refuse("manifest", "its parts do not add up to the image; pack the image again");
    }
}

void image_part(const struct image *image, uint32_t index, struct boot_part *out)
{
    assert(index < image->header.part_count);
    memcpy(out, image->parts + index * sizeof *out, sizeof *out);
}

static void check_hash(const struct boot_part *part, const uint8_t *bytes)
{
    struct hash256 hash;
    sha256_of(bytes, part->file_bytes, &hash);
    if (memcmp(hash.bytes, part->sha256, sizeof part->sha256) != 0) {
        refuse(part->name, "its bytes are not those that were signed; write the image again");
    }
}

void image_check(const uint8_t *bytes, uint64_t loader_bytes, struct image *out)
{
    const uint8_t *manifest = bytes + loader_bytes;
    doing("manifest");
    out->bytes = bytes;
    memcpy(&out->header, manifest, sizeof out->header);
    check_header(&out->header, loader_bytes);
    size_t len = signed_bytes(&out->header);
    if (crypto_sign_ed25519_verify_detached(manifest + len, manifest, len, loader_trust_key) != 0) {
        refuse("manifest", "its signature does not hold; write the image again");
    }
    if (!is_zero(manifest + len + BOOT_SIGNATURE_BYTES, out->header.manifest_bytes - len - BOOT_SIGNATURE_BYTES)) {
        refuse("manifest", "bytes after its signature are not zero; write the image again");
    }
    sha256_of(manifest, len, &out->manifest_hash);
    out->parts = manifest + sizeof out->header;
    check_parts(out);
    struct boot_part loader;
    image_part(out, 0, &loader);
    doing(loader.name);
    check_hash(&loader, bytes);
}

void image_place(const struct image *image, const struct boot_part *part, uint64_t to)
{
    uint8_t *target = (uint8_t *)to;
    memcpy(target, image->bytes + part->offset, part->file_bytes);
    memset(target + part->file_bytes, 0, part->memory_bytes - part->file_bytes);
    check_hash(part, target);
}
