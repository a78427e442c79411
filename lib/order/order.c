/* SPDX-License-Identifier: MIT */
/** Order: see order.h. */
#include "order.h"

void order_init(struct order *o, const uint8_t secret[32])
{
    *o = (struct order){0};
    memcpy(o->secret, secret, sizeof o->secret);
}

void order_begin(struct order *o, uint32_t count)
{
    struct sha256 s;
    struct hash256 random;
    uint8_t pass[8];
    assert(count < 1u << 31);
    le64_store(pass, ++o->pass);
    sha256_init(&s);
    sha256_update(&s, o->secret, sizeof o->secret);
    sha256_update(&s, pass, sizeof pass);
    sha256_final(&s, &random);
    o->count = count;
    o->mask = 0;
    while (o->mask + 1 < count) {
        o->mask = o->mask << 1 | 1;
    }
    o->at = le32_load(random.bytes) & o->mask;
    o->step = le32_load(random.bytes + 4) | 1;
    o->taken = 0;
}

bool order_next(struct order *o, uint32_t *out)
{
    while (o->taken <= o->mask) {
        uint32_t number = o->at;
        o->at = (o->at + o->step) & o->mask;
        o->taken++;
        if (number < o->count) {
            *out = number;
            return true;
        }
    }
    return false;
}
