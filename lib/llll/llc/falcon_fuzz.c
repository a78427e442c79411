/* SPDX-License-Identifier: MIT */
/** Any bytes as a Falcon key and signature of any lengths: neither decoder reads or computes out of bounds. */
#include "llc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * A key whose coefficients are all in range, made of the input over and over, so that the arithmetic is reached as
 * well.
 */
static void key_make(const uint8_t *data, size_t size, uint8_t key[FALCON_PUBLIC_BYTES])
{
    uint32_t held = 0;
    unsigned held_count = 0;
    size_t at = 1;
    key[0] = 0x09;
    for (size_t i = 0; i < 512; i++) {
        uint32_t coefficient = ((uint32_t)data[2 * i % size] << 8 | data[(2 * i + 1) % size]) % 12289;
        held = held << 14 | coefficient;
        for (held_count += 14; held_count >= 8; held_count -= 8) {
            key[at++] = (uint8_t)(held >> (held_count - 8));
        }
    }
    assert(at == FALCON_PUBLIC_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct falcon_work work;
    uint8_t key[FALCON_PUBLIC_BYTES];
    uint8_t signature[FALCON_SIGNATURE_BYTES] = {0x59};
    if (size == 0) {
        return 0;
    }
    size_t cut = size < FALCON_PUBLIC_BYTES ? size : FALCON_PUBLIC_BYTES;
    enum lx_err err = falcon_verify_vartime(data, cut, "message", 7, data + cut, size - cut, &work);
    assert(err != LX_OK); /* or somebody forged one */
    key_make(data, size, key);
    memcpy(signature + 1, data, size < sizeof signature - 1 ? size : sizeof signature - 1);
    err = falcon_verify_vartime(key, sizeof key, "message", 7, signature, sizeof signature, &work);
    assert(err != LX_OK);
    return 0;
}
