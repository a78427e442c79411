/* SPDX-License-Identifier: MIT */
/** Any bytes as a container: what is accepted lies inside the bytes, and is written again as the same bytes. */
#include "package.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t back[256 * 1024];
    static struct package_part parts[PACKAGE_OBJECTS_MAX];
    static struct package p;
    struct package_refusal why = {.rule = PACKAGE_OK};
    if (len_bytes > sizeof back) {
        return 0;
    }
    if (!package_open(bytes, len_bytes, &p, &why)) {
        assert(why.rule != PACKAGE_OK);
        return 0;
    }
    for (uint32_t i = 0; i < p.object_count; i++) {
        struct package_object o;
        uint32_t found;
        package_object(&p, i, &o);
        assert(o.offset % PAGE_BYTES == 0 && o.offset <= len_bytes && o.size_bytes <= len_bytes - o.offset);
        assert(package_find(&p, &o.root, &found) && found == i);
        parts[i] = (struct package_part){o.root, o.size_bytes, o.bytes, o.leaves};
    }
    bool ok = package_check(&p, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why);
    assert(ok == (why.rule == PACKAGE_OK));
    struct writer w = writer_of(back, sizeof back);
    package_put(&w, p.manifest.bytes, p.chain, parts, p.object_count);
    assert(!w.overflow);
    assert(w.used_bytes == len_bytes);
    assert(memcmp(back, bytes, len_bytes) == 0);
    return 0;
}
