/* SPDX-License-Identifier: MIT */
/** Any bytes as a system description: what opens can be read to its last record, and keeps the rules that matter most. */
#include "sysdesc.h"

static void read_component(const struct sysdesc *d, uint32_t index)
{
    struct desc_component c;
    sysdesc_component(d, index, &c);
    uint64_t end = 0;
    for (uint32_t i = 0; i < c.memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(d, c.first_memory + i, &m);
        assert(m.virt >= end && (m.rights & 6) != 6);
        end = m.virt + m.len_bytes;
        assert(end <= SYSDESC_USER_END);
    }
    for (uint32_t i = 0; i < c.cap_count; i++) {
        struct desc_cap cap;
        sysdesc_cap(d, c.first_cap + i, &cap);
        assert((uint64_t)cap.slot + cap.count <= 1ull << c.cspace_bits);
    }
}

/* Inputs start with the records; the header is made to fit them, or else nothing would get past it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t copy[16384];
    struct sysdesc d;
    size_t len = len_bytes < sizeof copy ? len_bytes : sizeof copy;
    if (len < sizeof(struct desc_header)) {
        return 0;
    }
    memcpy(copy, bytes, len);
    memcpy(copy, DESC_MAGIC, 8);
    le32_store(copy + 8, DESC_VERSION);
    le32_store(copy + 12, (uint32_t)len);
    if (sysdesc_open(copy, len, &d) == NULL) {
        for (uint32_t i = 0; i < d.header.component_count; i++) {
            read_component(&d, i);
        }
    }
    return 0;
}
