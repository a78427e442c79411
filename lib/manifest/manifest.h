/* SPDX-License-Identifier: MIT */
/**
 * Manifest: checks the manifest of a boot image. Before its signature holds, nothing of it is believed but the sizes that the
 * check itself needs, and those are bounded; afterwards every rule about its parts is checked all the same, because it may come
 * from another version of the image tool.
 *
 * Owns:   nothing; a struct manifest borrows the bytes.    Uses: base, tree, sodium, abi/boot.
 * Limits: those of abi/boot/boot.h; O(parts); no allocation, no recursion.
 * Source: docs/spec/boot-image.md sections 2 to 5
 */
#ifndef LX_MANIFEST_H
#define LX_MANIFEST_H

#include <boot/boot.h>

#include "base.h"
#include "tree.h"

/** A manifest whose signature and rules hold; only manifest_open makes one. */
struct manifest {
    struct boot_header header;
    const uint8_t *parts; /**< header.part_count records; read with manifest_part */
    struct hash256 signed_hash; /**< over header and parts */
};

/** Why an image is refused: the part that is wrong, what is wrong with it and what to do. */
struct manifest_refusal {
    char part[BOOT_NAME_BYTES];
    const char *what;
};

/**
 * Checks the manifest area at `area`, of which `area_bytes` can be read.
 * @param loader_bytes where the area lies in the image.
 * @param key the Ed25519 public key that must have signed.
 * @return false with `why` filled when something is wrong; `out` is then undefined.
 */
MUST_USE bool manifest_open(const uint8_t *area, size_t area_bytes, uint64_t loader_bytes, const uint8_t key[BOOT_KEY_BYTES],
                            struct manifest *out, struct manifest_refusal *why);

/** Copies part `index`, which is below header.part_count. */
void manifest_part(const struct manifest *m, uint32_t index, struct boot_part *out);

/** Are these file_bytes of a part those that were signed? */
MUST_USE bool manifest_bytes_hold(const struct boot_part *part, const uint8_t *bytes);

#endif
