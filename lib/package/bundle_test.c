/* SPDX-License-Identifier: MIT */
/** Bundles: what is written is read again, and every change of a meaning byte is refused. */
#include "package.h"
#include "unit.h"

static uint8_t bytes[64 * 1024];

static size_t make(const struct cursor *packages, uint32_t count)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    bundle_put(&w, packages, count);
    CHECK(!w.overflow && w.used_bytes == bundle_bytes(packages, count));
    return w.used_bytes;
}

static void refused(size_t len_bytes, enum package_rule rule)
{
    struct bundle b;
    struct package_refusal why = {0};
    CHECK(!bundle_open(bytes, len_bytes, &b, &why));
    CHECK_EQ(why.rule, rule);
    CHECK(why.sentence[0] != '\0');
}

static void round_trip(void)
{
    static uint8_t one[5000], two[4096];
    memset(one, 1, sizeof one);
    memset(two, 2, sizeof two);
    const struct cursor packages[] = {cursor_of(one, sizeof one), cursor_of(two, sizeof two), cursor_of(one, 1)};
    for (uint32_t count = 0; count <= 3; count++) {
        size_t len = make(packages, count);
        struct bundle b;
        struct package_refusal why;
        CHECK(bundle_open(bytes, len, &b, &why) && b.count == count);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t offset;
            struct cursor c = bundle_package(&b, i, &offset);
            CHECK(offset % 4096 == 0 && c.at == bytes + offset && c.left_bytes == packages[i].left_bytes);
            CHECK(memcmp(c.at, packages[i].at, c.left_bytes) == 0);
        }
    }
}

static void changes(void)
{
    static const uint8_t some[100] = {1};
    const struct cursor packages[] = {cursor_of(some, sizeof some), cursor_of(some, sizeof some)};
    size_t len = make(packages, 2);
    refused(0, PACKAGE_MAGIC);
    refused(15, PACKAGE_TOO_LARGE);
    refused(4095, PACKAGE_LENGTH);
    refused(len - 1, PACKAGE_LENGTH);
    refused(len - 4096, PACKAGE_LENGTH);
    memset(bytes + len, 0, 4096);
    refused(len + 4096, PACKAGE_LENGTH);
    static const struct {
        size_t at;
        enum package_rule rule;
    } flips[] = {{0, PACKAGE_MAGIC},   {8, PACKAGE_VERSION}, {13, PACKAGE_TOO_LARGE}, {17, PACKAGE_PLACE},     {39, PACKAGE_PLACE},
                 {30, PACKAGE_LENGTH}, {26, PACKAGE_LENGTH}, {48, PACKAGE_PADDING},   {4096 + 100, PACKAGE_PADDING}};
    for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
        bytes[flips[i].at] ^= 1;
        refused(len, flips[i].rule);
        bytes[flips[i].at] ^= 1;
    }
    memset(bytes + 24, 0xff, 8); /* a size that wraps */
    refused(len, PACKAGE_LENGTH);
}

static const struct unit_case cases[] = {
    {"a bundle gives back what was put in", round_trip},
    {"a changed or cut bundle is refused", changes},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
