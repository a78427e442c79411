/* SPDX-License-Identifier: MIT */
/** Shows that alarms expire once, in any order, and that the next one is known. */
#include "deadline.h"
#include "unit.h"

static void alarms_expire_once(void)
{
    struct deadlines d;
    uint32_t client = 99;
    deadlines_init(&d);
    CHECK_EQ(deadlines_next(&d), DEADLINE_NONE);
    CHECK(!deadlines_expire(&d, UINT64_MAX, &client) && client == 99);
    deadlines_set(&d, 3, 100);
    deadlines_set(&d, 0, 200);
    deadlines_set(&d, DEADLINE_CLIENTS_MAX - 1, 50);
    CHECK_EQ(deadlines_next(&d), 50);
    CHECK(!deadlines_expire(&d, 49, &client));
    CHECK(deadlines_expire(&d, 100, &client) && client == 3);
    CHECK(deadlines_expire(&d, 100, &client) && client == DEADLINE_CLIENTS_MAX - 1);
    CHECK(!deadlines_expire(&d, 100, &client));
    CHECK_EQ(deadlines_next(&d), 200);
}

static void alarms_are_replaced_and_taken_back(void)
{
    struct deadlines d;
    uint32_t client;
    deadlines_init(&d);
    deadlines_set(&d, 1, 100);
    deadlines_set(&d, 1, 300);
    CHECK(!deadlines_expire(&d, 299, &client));
    deadlines_set(&d, 1, DEADLINE_NONE);
    CHECK(!deadlines_expire(&d, UINT64_MAX - 1, &client));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"deadline: alarms expire once", alarms_expire_once},
        {"deadline: alarms are replaced and taken back", alarms_are_replaced_and_taken_back},
    };
    return UNIT_MAIN(cases);
}
