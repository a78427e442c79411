/* SPDX-License-Identifier: MIT */
/**
 * The crypto register of a Nexus profile: the hashes of the keys that follow from its credentials.
 * Owns:   nothing.    Uses: base, llc, register.
 * Source: LLL-TAO 5.1.6, TAO/Register/create.cpp and TAO/API/commands/profiles; docs/spec/sigchain.md section 8
 */
#include "sigchain.h"

#define FIELD_COUNT        9u
#define FIELD_BYTES_MAX    (1u + 7 + 2 + U256_BYTES)
#define PROFILE_BYTES_MAX  (FIELD_COUNT * FIELD_BYTES_MAX)

enum register_err transaction_profile_create(struct transaction_builder *b, const struct sigchain_profile *profile,
                                             struct register_state *state)
{
    static const struct u256 none;
    const struct {
        const char *name;
        const struct u256 *value;
    } fields[FIELD_COUNT] = {
        {"auth", &profile->auth}, {"lisp", &none}, {"network", &profile->network},
        {"sign", &profile->sign}, {"verify", &none}, {"cert", &none},
        {"app1", &none},          {"app2", &none}, {"app3", &none},
    };
    uint8_t data[PROFILE_BYTES_MAX];
    struct writer w = writer_of(data, sizeof data);
    struct u256 address;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        field_put(&w, fields[i].name, FIELD_U256, true, fields[i].value->bytes, U256_BYTES);
    }
    assert(!w.overflow);
    address_of_crypto(&b->caller.genesis, &address);
    return transaction_create(b, &address, REGISTER_OBJECT, data, w.used_bytes, state);
}

enum register_err transaction_profile_write(struct transaction_builder *b, const struct sigchain_profile *profile,
                                            struct register_state *state)
{
    uint8_t payload[PROFILE_BYTES_MAX];
    struct writer w = writer_of(payload, sizeof payload);
    struct u256 address;
    if (object_standard(state) != OBJECT_CRYPTO) {
        return REGISTER_STANDARD;
    }
    enum register_err err = field_rewrite(&w, state, "auth", profile->auth.bytes, U256_BYTES);
    if (err == REGISTER_OK) {
        err = field_rewrite(&w, state, "network", profile->network.bytes, U256_BYTES);
    }
    if (err == REGISTER_OK) {
        err = field_rewrite(&w, state, "sign", profile->sign.bytes, U256_BYTES);
    }
    assert(err == REGISTER_OK); /* a crypto register has these fields */
    address_of_crypto(&b->caller.genesis, &address);
    return transaction_write(b, &address, payload, w.used_bytes, state);
}
