/* SPDX-License-Identifier: MIT */
/** Any bytes as a bundle: what is accepted lies inside the bytes, and is written again as the same bytes. */
#include "package.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t back[64 * 1024];
    struct cursor packages[BUNDLE_PACKAGES_MAX];
    struct bundle b;
    struct package_refusal why = {.rule = PACKAGE_OK};
    struct writer w = writer_of(back, sizeof back);
    if (len_bytes > sizeof back) {
        return 0;
    }
    if (!bundle_open(bytes, len_bytes, &b, &why)) {
        assert(why.rule != PACKAGE_OK);
        return 0;
    }
    for (uint32_t i = 0; i < b.count; i++) {
        uint64_t offset;
        packages[i] = bundle_package(&b, i, &offset);
        assert(offset % PAGE_BYTES == 0 && offset <= len_bytes && packages[i].left_bytes <= len_bytes - offset);
        assert(packages[i].at == bytes + offset);
    }
    bundle_put(&w, packages, b.count);
    assert(!w.overflow);
    assert(w.used_bytes == len_bytes);
    assert(memcmp(back, bytes, len_bytes) == 0);
    return 0;
}
