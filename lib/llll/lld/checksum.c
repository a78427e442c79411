/* SPDX-License-Identifier: MIT */
/**
 * Checksum: CRC-32C for CPUs without an instruction for it, and where each checksum begins.
 * Source: RFC 3720 appendix B.4 (polynomial 0x1edc6f41, reflected 0x82f63b78)
 */
#include "private.h"

/* What four bits do to the checksum. */
static const uint32_t nibbles[16] = {
    0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
    0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u, 0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
};

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len_bytes)
{
    const uint8_t *p = (const uint8_t *)bytes;
    for (size_t i = 0; i < len_bytes; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return crc;
}

uint32_t crc_at(const struct lld *l, uint64_t at)
{
    uint8_t where[8];
    le64_store(where, at);
    return crc32c(l->salt_crc, where, sizeof where);
}
