/* SPDX-License-Identifier: MIT */
/** Derive: keys from secrets. A file of its own, so that who wants only the key of a volume links nothing else of the keystore. */
#include "private.h"

void derive_key(const char *label, const uint8_t secret[32], const void *more, size_t more_bytes, uint8_t out[32])
{
    struct sha256 s;
    struct hash256 hash;
    sha256_init(&s);
    sha256_update(&s, label, strlen(label));
    sha256_update(&s, secret, 32);
    sha256_update(&s, more, more_bytes);
    sha256_final(&s, &hash);
    memcpy(out, hash.bytes, 32);
    wipe(&s, sizeof s);
    wipe(&hash, sizeof hash);
}

void keystore_device_volume_key(const uint8_t device_secret[KEYSTORE_DEVICE_BYTES], uint8_t out[KEYSTORE_VOLUME_KEY_BYTES])
{
    uint8_t root[32];
    derive_key("lx-os keystore volume/1", device_secret, NULL, 0, root);
    derive_key("lx-os keystore files/1", root, NULL, 0, out);
    wipe(root, sizeof root);
}
