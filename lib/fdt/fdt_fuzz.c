/* SPDX-License-Identifier: MIT */
/** Any bytes as a device tree: what is found lies inside them. */
#include "fdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct cursor found;
    if (fdt_find(bytes, len_bytes, "chosen", "rng-seed", &found)) {
        assert(found.at >= bytes && found.at <= bytes + len_bytes);
        assert(found.left_bytes <= (size_t)(bytes + len_bytes - found.at));
    }
    size_t used;
    if (fdt_used(bytes, len_bytes, &used)) {
        assert(used >= 40 && used <= len_bytes);
    }
    return 0;
}
