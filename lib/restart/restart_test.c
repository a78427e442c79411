/* SPDX-License-Identifier: MIT */
/** Shows that restarts are counted within their period, and that one more than the limit is refused. */
#include "restart.h"
#include "unit.h"

static void counts_within_the_period(void)
{
    struct restart_history h = {0};
    CHECK_EQ(restart_decide(&h, 2, 100, 1000), 1);
    CHECK_EQ(restart_decide(&h, 2, 100, 1050), 2);
    CHECK_EQ(restart_decide(&h, 2, 100, 1099), 0);
    CHECK_EQ(restart_decide(&h, 2, 100, 1100), 2); /* the one of 1000 is 100 old, and forgotten */
    CHECK_EQ(restart_decide(&h, 2, 100, 1149), 0);
    CHECK_EQ(restart_decide(&h, 2, 100, 9000), 1);
}

static void never_and_the_maximum(void)
{
    struct restart_history h = {0};
    CHECK_EQ(restart_decide(&h, 0, 100, 5), 0);
    for (uint32_t i = 1; i <= RESTART_MAX; i++) {
        CHECK_EQ(restart_decide(&h, RESTART_MAX, 1000, i), i);
    }
    CHECK_EQ(restart_decide(&h, RESTART_MAX, 1000, 50), 0);
    CHECK_EQ(h.count, RESTART_MAX);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"restart: counts within the period", counts_within_the_period},
        {"restart: never, and the most that is remembered", never_and_the_maximum},
    };
    return UNIT_MAIN(cases);
}
