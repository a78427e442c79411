/* SPDX-License-Identifier: MIT */
/**
 * Cipher: AES-256-XTS under the key of this device; each block's number is its address and its generation, which never come twice on one volume.
 * Owns:   the key.    Uses: rt, xts, tree; proto/keystore.h.
 * Source: docs/spec/lxfs.md section 1
 */
#include "cipher.h"

#include "proto/keystore.h"
#include "rt.h"
#include "tree.h"
#include "xts.h"

LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, keystore);

enum { CIPHER_XTS_AES_256 = 1, KEY_OF_DEVICE = 0 };

static struct xts xts;

static void number_of(uint64_t address, uint64_t generation, uint8_t out[XTS_NUMBER_BYTES])
{
    le64_store(out, address);
    le64_store(out + 8, generation);
}

static void seal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    (void)context;
    uint8_t number[XTS_NUMBER_BYTES];
    number_of(address, generation, number);
    xts_seal(&xts, number, block, LXFS_BLOCK_BYTES);
}

static void unseal(void *context, uint64_t address, uint64_t generation, uint8_t *block)
{
    (void)context;
    uint8_t number[XTS_NUMBER_BYTES];
    number_of(address, generation, number);
    xts_unseal(&xts, number, block, LXFS_BLOCK_BYTES);
}

/* The key for contents is SHA-256(1 || key), that for numbers SHA-256(2 || key). */
static void set_key(const uint8_t key[KEYSTORE_VOLUME_KEY_BYTES])
{
    uint8_t text[1 + KEYSTORE_VOLUME_KEY_BYTES], both[XTS_KEY_BYTES];
    memcpy(text + 1, key, KEYSTORE_VOLUME_KEY_BYTES);
    for (size_t i = 0; i < 2; i++) {
        struct hash256 half;
        text[0] = (uint8_t)(i + 1);
        sha256_of(text, sizeof text, &half);
        memcpy(both + i * sizeof half, half.bytes, sizeof half);
        wipe(&half, sizeof half);
    }
    xts_init(&xts, both);
    wipe(text, sizeof text);
    wipe(both, sizeof both);
}

bool cipher_open(struct lxfs_crypt *out)
{
    *out = (struct lxfs_crypt){0};
    if (!lx_given(keystore)) {
        return true;
    }
    struct message m;
    uint8_t key[KEYSTORE_VOLUME_KEY_BYTES];
    rt_message(&m, KEYSTORE_VOLUME_KEY, 1, KEY_OF_DEVICE);
    if (rt_call(&keystore, &m) != PROTO_OK || rt_length(&m) != 1 + sizeof key / 8 || m.word[0] != sizeof key) {
        return false;
    }
    for (size_t i = 0; i < sizeof key / 8; i++) {
        le64_store(key + 8 * i, i < 3 ? m.word[1 + i] : ipc_buffer->msg[1 + i]);
    }
    set_key(key);
    wipe(key, sizeof key);
    wipe(&m, sizeof m);
    wipe(ipc_buffer->msg, sizeof ipc_buffer->msg);
    *out = (struct lxfs_crypt){.id = CIPHER_XTS_AES_256, .seal = seal, .unseal = unseal};
    return true;
}
