/* SPDX-License-Identifier: MIT */
/** Shows that conditions are evaluated as the node does it, with those of its own transfers, and that what is not understood is refused. */
#include "register.h"
#include "unit.h"

#define WEEK_S 604800u

static const struct u256 alice = {{1}}, bob = {{2}};
static struct condition_context context;

static void start(void)
{
    context = (struct condition_context){.caller = bob, .caller_s = 1000000, .author = alice, .author_s = 999000};
}

static enum register_err run(const uint8_t *code, size_t len, bool *out)
{
    return condition_evaluate(cursor_of(code, len), &context, out);
}

/** What the node puts on a transfer: within a week to others, later back to the sender. */
static size_t week(uint8_t *out)
{
    struct writer w = writer_of(out, 256);
    for (int k = 0; k < 2; k++) {
        writer_u8(&w, 0xa2);
        writer_u8(&w, 0xc0);
        writer_u8(&w, k == 0 ? 0x83 : 0x80);
        writer_u8(&w, 0x74);
        writer_put(&w, alice.bytes, U256_BYTES);
        writer_u8(&w, 0xa0);
        writer_u8(&w, 0xcb);
        writer_u8(&w, 0x90);
        writer_u8(&w, 0x73);
        writer_le64(&w, WEEK_S);
        writer_u8(&w, k == 0 ? 0x82 : 0x81);
        writer_u8(&w, 0xc1);
        writer_u8(&w, 0xa3);
        if (k == 0) {
            writer_u8(&w, 0xa1);
        }
    }
    return w.used_bytes;
}

static void a_transfer_can_be_claimed_for_a_week(void)
{
    uint8_t code[256];
    size_t len = week(code);
    bool holds = false;
    start();
    CHECK(run(code, len, &holds) == REGISTER_OK && holds);
    context.caller_s = context.author_s + WEEK_S;
    CHECK(run(code, len, &holds) == REGISTER_OK && !holds); /* neither before nor after */
    context.caller_s++;
    CHECK(run(code, len, &holds) == REGISTER_OK && !holds);
    context.caller = alice;
    CHECK(run(code, len, &holds) == REGISTER_OK && holds); /* hers again */
    context.caller_s -= 2;
    CHECK(run(code, len, &holds) == REGISTER_OK && !holds);
    for (size_t cut = 0; cut < len; cut++) { /* any beginning of it is no condition, or is one and does not crash */
        (void)!run(code, cut, &holds);
    }
}

static void numbers_compare_as_the_node_compares_them(void)
{
    static const struct {
        uint8_t code[12];
        size_t len;
        enum register_err err;
        bool holds;
    } cases[] = {
        {{0x70, 5, 0x80, 0x70, 5}, 5, REGISTER_OK, true},
        {{0x70, 5, 0x83, 0x71, 5, 0}, 6, REGISTER_OK, false},
        {{0x70, 5, 0x81, 0x70, 6}, 5, REGISTER_OK, true},
        {{0x70, 5, 0x82, 0x70, 6}, 5, REGISTER_OK, false},
        {{0x70, 5, 0x85, 0x70, 5}, 5, REGISTER_OK, true},
        {{0x70, 5, 0x86, 0x70, 6}, 5, REGISTER_OK, false},
        {{0x70, 5, 0x90, 0x70, 1, 0x80, 0x70, 6}, 8, REGISTER_OK, true},
        {{0x70, 5, 0x91, 0x70, 1, 0x80, 0x70, 4}, 8, REGISTER_OK, true},
        {{0x70, 5, 0x91, 0x70, 6, 0x80, 0x70, 4}, 8, REGISTER_CONDITIONS, false}, /* below zero */
        {{0x70, 5, 0x90, 0x70, 1, 0x90, 0x70, 1, 0x80, 0x70, 7}, 11, REGISTER_NOT_EXECUTABLE, false},
        {{0x70, 5, 0x90, 0xc0, 0x80, 0x70, 4}, 7, REGISTER_CONDITIONS, false}, /* a sum with an id */
        {{0xc1, 0x84, 0xc1}, 3, REGISTER_NOT_EXECUTABLE, false},
        {{0xd0, 0x80, 0x70, 1}, 4, REGISTER_NOT_EXECUTABLE, false},
        {{0x77, 1, 'a', 0x80, 0x77, 1, 'a'}, 7, REGISTER_NOT_EXECUTABLE, false},
        {{0x70, 5, 0x80}, 3, REGISTER_MALFORMED, false},
        {{0x70, 5, 0x80, 0x71, 5}, 5, REGISTER_MALFORMED, false},
        {{0x70}, 1, REGISTER_MALFORMED, false},
        {{0}, 0, REGISTER_CONDITIONS, false},
        {{0xa2, 0x70, 5, 0x80, 0x70, 5}, 6, REGISTER_CONDITIONS, false}, /* does not close */
        {{0x70, 5, 0x80, 0x70, 5, 0xa3}, 6, REGISTER_CONDITIONS, false}, /* was not open */
        {{0x70, 1, 0x80, 0x70, 1, 0xa0, 0xa1}, 7, REGISTER_CONDITIONS, false},
        {{0xa0}, 1, REGISTER_OK, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool holds = false;
        start();
        CHECK_EQ(run(cases[i].code, cases[i].len, &holds), cases[i].err);
        CHECK(cases[i].err != REGISTER_OK || holds == cases[i].holds);
    }
    uint8_t deep[20];
    bool holds;
    memset(deep, 0xa2, sizeof deep);
    CHECK_EQ(run(deep, sizeof deep, &holds), REGISTER_CONDITIONS);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"condition: a transfer can be claimed for a week", a_transfer_can_be_claimed_for_a_week},
        {"condition: numbers compare as the node compares them", numbers_compare_as_the_node_compares_them},
    };
    return UNIT_MAIN(cases);
}
