/* SPDX-License-Identifier: MIT */
/* Shows: on the target's architecture, AES-XTS with instructions does what plain C does, which lib/xts/xts_test compares with OpenSSL. */
#include <stdio.h>

#include "xts.h"

enum { BLOCKS = 37 };

static void fill(uint8_t *out, size_t len, uint32_t *state)
{
    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525u + 1013904223u;
        out[i] = (uint8_t)(*state >> 24);
    }
}

static bool agrees(size_t count, uint32_t *state)
{
    uint8_t key[XTS_KEY_BYTES], number[XTS_NUMBER_BYTES], bytes[16 * BLOCKS], other[16 * BLOCKS], before[16 * BLOCKS];
    struct xts x;
    fill(key, sizeof key, state);
    fill(number, sizeof number, state);
    fill(bytes, sizeof bytes, state);
    memcpy(other, bytes, sizeof bytes);
    memcpy(before, bytes, sizeof bytes);
    xts_init(&x, key);
    xts_seal(&x, number, bytes, 16 * count);
    xts_seal_portable(&x, number, other, 16 * count);
    if (memcmp(bytes, other, sizeof bytes) != 0 || (count > 0 && memcmp(bytes, before, 16) == 0)) {
        return false;
    }
    xts_unseal(&x, number, bytes, 16 * count);
    return memcmp(bytes, before, sizeof bytes) == 0;
}

int main(void)
{
    uint32_t state = 1;
    for (size_t count = 0; count <= BLOCKS; count++) {
        if (!agrees(count, &state)) {
            printf("not ok xts of %zu blocks\n", count);
            return 1;
        }
    }
    printf("ok xts with instructions is xts in plain C\n");
    return 0;
}
