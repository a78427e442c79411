/* SPDX-License-Identifier: MIT */
/** Shows that a pass gives every number once, and that passes differ. */
#include "order.h"
#include "unit.h"

static void every_number_once(void)
{
    struct order o;
    static bool seen[1000];
    order_init(&o, (const uint8_t *)"a secret of thirty-two bytes....");
    for (uint32_t count = 0; count < 1000; count += count < 70 ? 1 : 97) {
        memset(seen, 0, sizeof seen);
        order_begin(&o, count);
        uint32_t given = 0;
        for (uint32_t n; order_next(&o, &n); given++) {
            CHECK(n < count && !seen[n]);
            seen[n] = true;
        }
        CHECK_EQ(given, count);
    }
}

static void passes_differ(void)
{
    struct order o;
    uint32_t first[2];
    order_init(&o, (const uint8_t *)"a secret of thirty-two bytes....");
    order_begin(&o, 1u << 20);
    CHECK(order_next(&o, &first[0]));
    order_begin(&o, 1u << 20);
    CHECK(order_next(&o, &first[1]));
    CHECK(first[0] != first[1]);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"order: every number once", every_number_once},
        {"order: passes differ", passes_differ},
    };
    return UNIT_MAIN(cases);
}
