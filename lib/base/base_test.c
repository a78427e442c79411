/* SPDX-License-Identifier: MIT */
/** Shows that cursors never read past their bytes, writers never write past theirs, and arithmetic refuses to wrap. */
#include "base.h"
#include "unit.h"

static void cursor_reads_in_order_and_refuses_past_the_end(void)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    struct cursor c = cursor_of(bytes, 15);
    uint8_t a = 0;
    uint16_t b = 0;
    uint32_t d = 0;
    uint64_t e = 0;
    CHECK(cursor_u8(&c, &a) && cursor_le16(&c, &b) && cursor_le32(&c, &d) && cursor_le64(&c, &e));
    CHECK_EQ(a, 1);
    CHECK_EQ(b, 0x0302);
    CHECK_EQ(d, 0x07060504);
    CHECK_EQ(e, 0x0f0e0d0c0b0a0908);
    CHECK(cursor_is_empty(&c));
    a = 77;
    CHECK(!cursor_u8(&c, &a));
    CHECK_EQ(a, 77);
    c = cursor_of(bytes, 7);
    CHECK(!cursor_le64(&c, &e));
    CHECK_EQ(c.left_bytes, 7);
    CHECK(!cursor_take(&c, 8, &c) && cursor_take(&c, 0, &c) && cursor_is_empty(&c));
}

static void writer_stops_at_its_end(void)
{
    uint8_t out[8] = {0};
    struct writer w = writer_of(out, 7);
    writer_le32(&w, 0x04030201);
    writer_le16(&w, 0x0605);
    CHECK(!w.overflow);
    writer_le16(&w, 0x0807);
    CHECK(w.overflow);
    CHECK_EQ(w.used_bytes, 6);
    CHECK_EQ(out[6], 0);
    writer_u8(&w, 7);
    CHECK_EQ(w.used_bytes, 6);
}

static void arithmetic_refuses_to_wrap(void)
{
    uint64_t out = 5;
    CHECK(!checked_add(UINT64_MAX, 1, &out));
    CHECK(checked_add(UINT64_MAX, 0, &out) && out == UINT64_MAX);
    CHECK(!checked_sub(1, 2, &out));
    CHECK(!checked_mul(UINT64_MAX / 2 + 1, 2, &out));
    CHECK(checked_mul(1u << 31, 1u << 31, &out) && out == 1ull << 62);
    uint32_t narrow = 9;
    CHECK(!u32_from(1ull << 32, &narrow) && narrow == 9);
    CHECK(u32_from(UINT32_MAX, &narrow) && narrow == UINT32_MAX);
    CHECK_EQ(align_up(4097, 4096), 8192);
    CHECK_EQ(align_down(4097, 4096), 4096);
}

static void strings_and_secrets(void)
{
    char out[4];
    CHECK(copy_string(out, sizeof out, "abc") && strcmp(out, "abc") == 0);
    CHECK(!copy_string(out, sizeof out, "abcd") && strcmp(out, "abc") == 0);
    CHECK(equal_constant_time("same", "same", 4) && !equal_constant_time("same", "sama", 4));
    wipe(out, sizeof out);
    CHECK_BYTES(out, "\0\0\0\0", 4);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"base: a cursor reads in order and refuses past the end", cursor_reads_in_order_and_refuses_past_the_end},
        {"base: a writer stops at its end", writer_stops_at_its_end},
        {"base: arithmetic refuses to wrap", arithmetic_refuses_to_wrap},
        {"base: strings are cut and secrets wiped", strings_and_secrets},
    };
    return UNIT_MAIN(cases);
}
