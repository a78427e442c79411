/* SPDX-License-Identifier: MIT */
/** Any bytes as a manifest, signed by us so that they get past the signature: what opens has parts that add up. */
#include "manifest.h"

#include <sodium.h>

enum { LOADER_BYTES = 4096 };

static size_t with_signature(uint8_t *area, const uint8_t *bytes, size_t len_bytes, uint8_t public_key[BOOT_KEY_BYTES])
{
    static const uint8_t seed[32] = {9};
    uint8_t secret_key[64];
    struct hash256 key_id;
    struct boot_header h;
    (void)crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);
    sha256_of(public_key, BOOT_KEY_BYTES, &key_id);
    memcpy(area, bytes, len_bytes);
    memcpy(&h, area, sizeof h);
    memcpy(h.magic, BOOT_MAGIC, sizeof h.magic);
    memcpy(h.key_id, key_id.bytes, sizeof h.key_id);
    h.version = BOOT_VERSION;
    h.manifest_offset = LOADER_BYTES;
    h.manifest_bytes = BOOT_MANIFEST_BYTES_MAX;
    h.part_count %= BOOT_PARTS_MAX + 2;
    memcpy(area, &h, sizeof h);
    size_t len = sizeof h + h.part_count * sizeof(struct boot_part);
    if (len + BOOT_SIGNATURE_BYTES <= BOOT_MANIFEST_BYTES_MAX) {
        memset(area + len, 0, BOOT_MANIFEST_BYTES_MAX - len);
        (void)crypto_sign_ed25519_detached(area + len, NULL, area, len, secret_key);
    }
    return BOOT_MANIFEST_BYTES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t area[BOOT_MANIFEST_BYTES_MAX];
    uint8_t public_key[BOOT_KEY_BYTES];
    struct manifest m;
    struct manifest_refusal why;
    if (len_bytes < sizeof(struct boot_header) || len_bytes > sizeof area) {
        return 0;
    }
    memset(area, 0, sizeof area);
    size_t len = with_signature(area, bytes, len_bytes, public_key);
    if (manifest_open(area, len, LOADER_BYTES, public_key, &m, &why)) {
        uint64_t offset = m.header.manifest_bytes;
        for (uint32_t i = 0; i < m.header.part_count; i++) {
            struct boot_part p;
            manifest_part(&m, i, &p);
            assert(p.offset + (i == 0 ? m.header.manifest_bytes : 0) == offset);
            offset += p.file_bytes;
        }
        assert(offset == m.header.image_bytes);
    } else {
        assert(why.what != NULL && memchr(why.part, 0, sizeof why.part) != NULL);
    }
    return 0;
}
