/* SPDX-License-Identifier: MIT */
/** Any bytes as a list of approvals, or an anchor: what is accepted is found again, and written as the same bytes. */
#include "package.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void any_anchor(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t back[ANCHOR_BYTES];
    struct anchor anchor;
    struct package_refusal why;
    struct writer w = writer_of(back, sizeof back);
    if (anchor_parse(bytes, len_bytes, &anchor, &why)) {
        anchor_put(&w, &anchor);
        assert(w.used_bytes == len_bytes);
        assert(memcmp(back, bytes, len_bytes) == 0);
    }
}

static void write_packages(const struct approvals *list, struct writer *w)
{
    struct package_walk walk;
    struct approved_package package, found;
    uint32_t count = 0;
    approvals_walk_packages(list, &walk);
    while (approved_package_next(&walk, &package)) {
        approvals_put_package(w, &package);
        assert(approvals_find_package(list, package.name, &found));
        assert(u256_equal(&found.developer, &package.developer));
        count++;
    }
    assert(count == list->package_count);
}

static void write_developers(const struct approvals *list, struct writer *w)
{
    struct package_walk walk;
    struct approved_developer developer, found;
    uint32_t count = 0;
    approvals_walk_developers(list, &walk);
    while (approved_developer_next(&walk, &developer)) {
        approvals_put_developer(w, &developer);
        assert(approvals_find_developer(list, &developer.genesis, &found));
        assert(u512_equal(&found.first_txid, &developer.first_txid));
        assert(approved_developer_allows(&developer, "demo") || !developer.all_apps);
        count++;
    }
    assert(count == list->developer_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t back[65536];
    struct approvals list;
    struct package_refusal why = {.rule = PACKAGE_OK};
    struct writer w = writer_of(back, sizeof back);
    any_anchor(bytes, len_bytes);
    if (len_bytes > sizeof back) {
        return 0;
    }
    if (!approvals_parse(bytes, len_bytes, &list, &why)) {
        assert(why.rule != PACKAGE_OK);
        return 0;
    }
    approvals_begin(&w, list.seq, list.package_count);
    write_packages(&list, &w);
    approvals_middle(&w, list.developer_count);
    write_developers(&list, &w);
    assert(!w.overflow);
    assert(w.used_bytes == len_bytes);
    assert(memcmp(back, bytes, len_bytes) == 0);
    return 0;
}
