/* SPDX-License-Identifier: MIT */
/** Any text as Base58 and as an address, any bytes into Base58: what is read is written back as the same text. */
#include "llc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[BASE58_BYTES_MAX];
    char text[BASE58_CHARS_MAX + 1];
    size_t len;
    struct u256 address;
    if (base58_to_bytes((const char *)data, size, bytes, sizeof bytes, &len) == LX_OK) {
        enum lx_err err = base58_of_bytes(bytes, len, text, sizeof text);
        assert(err == LX_OK);
        assert(strlen(text) == size);
        assert(memcmp(text, data, size) == 0);
    }
    if (address_of_text((const char *)data, size, &address) == LX_OK) {
        address_text_of(&address, text);
        assert(strlen(text) == size);
        assert(memcmp(text, data, size) == 0);
    }
    if (size <= BASE58_BYTES_MAX) {
        enum lx_err err = base58_of_bytes(data, size, text, sizeof text);
        assert(err == LX_OK);
        err = base58_to_bytes(text, strlen(text), bytes, sizeof bytes, &len);
        assert(err == LX_OK);
        assert(len == size);
        assert(memcmp(bytes, data, size) == 0);
    }
    return 0;
}
