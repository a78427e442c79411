/* SPDX-License-Identifier: MIT */
/** CRC-32C with the instructions of ARMv8, which every AArch64 variant of the build requires. */
#include <arm_acle.h>

#include "private.h"

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)bytes;
    for (; len_bytes >= 8; p += 8, len_bytes -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word); /* little-endian, as the machine */
        crc = __crc32cd(crc, word);
    }
    if (len_bytes >= 4) {
        crc = __crc32cw(crc, le32_load(p));
        p += 4;
        len_bytes -= 4;
    }
    for (; len_bytes > 0; p++, len_bytes--) {
        crc = __crc32cb(crc, *p);
    }
    return crc;
}
