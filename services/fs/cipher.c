/* SPDX-License-Identifier: MIT */
/**
 * Cipher: that of lib/fscipher, under the key of this device.
 * Owns:   the key.    Uses: rt, fscipher; proto/keystore.h.
 */
#include "cipher.h"

#include "fscipher.h"
#include "proto/keystore.h"
#include "rt.h"

LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, keystore);

enum { KEY_OF_DEVICE = 0 };
_Static_assert((int)FSCIPHER_KEY_BYTES == (int)KEYSTORE_VOLUME_KEY_BYTES, "the keystore gives what the cipher takes");

static struct fscipher cipher;

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
    fscipher_open(&cipher, key, out);
    wipe(key, sizeof key);
    wipe(&m, sizeof m);
    wipe(ipc_buffer->msg, sizeof ipc_buffer->msg);
    return true;
}
