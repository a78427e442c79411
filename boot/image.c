/* SPDX-License-Identifier: MIT */
/** The boot image where it lies in memory: a manifest is believed after lib/manifest, a part after its hash. See boot.h. */
#include "boot.h"

/** The pinned public key, from trust.S. */
extern const uint8_t loader_trust_key[BOOT_KEY_BYTES];

static const char wrong_bytes[] = "its bytes are not those that were signed; write the image again";

void image_check(const uint8_t *bytes, uint64_t loader_bytes, struct image *out)
{
    struct manifest_refusal why;
    struct boot_part loader;
    doing("manifest");
    out->bytes = bytes;
    if (!manifest_open(bytes + loader_bytes, BOOT_MANIFEST_BYTES_MAX, loader_bytes, loader_trust_key, &out->manifest, &why)) {
        refuse(why.part, why.what);
    }
    manifest_part(&out->manifest, 0, &loader);
    doing(loader.name);
    if (!manifest_bytes_hold(&loader, bytes)) {
        refuse(loader.name, wrong_bytes);
    }
}

void image_place(const struct image *image, const struct boot_part *part, uint64_t to)
{
    uint8_t *target = (uint8_t *)to;
    memcpy(target, image->bytes + part->offset, part->file_bytes);
    memset(target + part->file_bytes, 0, part->memory_bytes - part->file_bytes);
    if (!manifest_bytes_hold(part, target)) {
        refuse(part->name, wrong_bytes);
    }
}
