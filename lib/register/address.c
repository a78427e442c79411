/* SPDX-License-Identifier: MIT */
/**
 * Addresses of registers: which there are, and those that follow from contents or owner.
 * Owns:   nothing.    Uses: base, SK256.
 * Source: docs/spec/register.md section 4
 */
#include "register.h"

bool address_is_register(const struct u256 *address)
{
    uint8_t type = u256_type(address);
    return type >= ADDRESS_READONLY && type <= ADDRESS_NAMESPACE;
}

bool address_is_wildcard(const struct u256 *address)
{
    uint8_t all = 0xff;
    for (size_t i = 0; i < U256_BYTES; i++) {
        all &= address->bytes[i];
    }
    return all == 0xff;
}

static void address_of_pair(const void *name, size_t name_bytes, const struct u256 *id, enum address_type type,
                            struct u256 *out)
{
    struct sk s;
    sk_init(&s, SK256);
    sk_update(&s, name, name_bytes);
    if (id != NULL) {
        sk_update(&s, id->bytes, U256_BYTES);
    }
    sk_final(&s, out->bytes);
    u256_set_type(out, (uint8_t)type);
}

void address_of_crypto(const struct u256 *genesis, struct u256 *out)
{
    address_of_pair("crypto", 6, genesis, ADDRESS_CRYPTO, out);
}

void address_of_trust(const struct u256 *genesis, struct u256 *out)
{
    address_of_pair("trust", 5, genesis, ADDRESS_TRUST, out);
}

void address_of_namespace(const void *name, size_t name_bytes, struct u256 *out)
{
    address_of_pair(name, name_bytes, NULL, ADDRESS_NAMESPACE, out);
}

void address_of_name(const void *name, size_t name_bytes, const struct u256 *namespace_id, struct u256 *out)
{
    address_of_pair(name, name_bytes, namespace_id, ADDRESS_NAME, out);
}

void address_of_random(const uint8_t random[U256_BYTES], enum address_type type, struct u256 *out)
{
    memcpy(out->bytes, random, U256_BYTES);
    u256_set_type(out, (uint8_t)type);
}
