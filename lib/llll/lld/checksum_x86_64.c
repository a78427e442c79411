/* SPDX-License-Identifier: MIT */
/** CRC-32C on the host: with the instruction of SSE 4.2 where the CPU has it. */
#include <immintrin.h>

#include "private.h"

__attribute__((target("sse4.2"))) static uint32_t with_instructions(uint32_t crc, const uint8_t *p, size_t len_bytes)
{
    uint64_t wide = crc;
    for (; len_bytes >= 8; p += 8, len_bytes -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word); /* little-endian, as the machine */
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    if (len_bytes >= 4) {
        crc = _mm_crc32_u32(crc, le32_load(p));
        p += 4;
        len_bytes -= 4;
    }
    for (; len_bytes > 0; p++, len_bytes--) {
        crc = _mm_crc32_u8(crc, *p);
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len_bytes)
{
    if (!__builtin_cpu_supports("sse4.2")) {
        return crc32c_portable(crc, bytes, len_bytes);
    }
    return with_instructions(crc, (const uint8_t *)bytes, len_bytes);
}
