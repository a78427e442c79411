/* SPDX-License-Identifier: MIT */
/** Shows that signatures of the node verify, that a change of any byte is refused, and each rule of the two formats. */
#include "llc.h"
#include "unit.h"
#include "vectors.h"

#define MESSAGES_MAX 4u

static struct {
    uint8_t message[256], key[FALCON_PUBLIC_BYTES], signature[FALCON_SIGNATURE_BYTES];
    size_t message_bytes;
} known[MESSAGES_MAX];
static size_t known_count;
static struct falcon_work work;

static enum lx_err verify(size_t i)
{
    return falcon_verify_vartime(known[i].key, FALCON_PUBLIC_BYTES, known[i].message, known[i].message_bytes,
                                 known[i].signature, FALCON_SIGNATURE_BYTES, &work);
}

static void signatures_of_the_node_verify(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/sign_vectors.json");
    struct vectors piece;
    while (known_count < MESSAGES_MAX && vectors_field(&v, "msg", &piece)) {
        known[known_count].message_bytes = vectors_hex(piece, known[known_count].message, 256);
        CHECK(known[known_count].message_bytes > 0);
        CHECK(vectors_field_hex(&v, "falcon_pub", known[known_count].key, FALCON_PUBLIC_BYTES));
        CHECK(vectors_field_hex(&v, "falcon_sig", known[known_count].signature, FALCON_SIGNATURE_BYTES));
        CHECK_EQ(verify(known_count), LX_OK);
        known_count++;
    }
    CHECK(known_count >= 2);
}

static void another_key_or_message_is_refused(void)
{
    CHECK_EQ(falcon_verify_vartime(known[1].key, FALCON_PUBLIC_BYTES, known[0].message, known[0].message_bytes,
                                   known[0].signature, FALCON_SIGNATURE_BYTES, &work),
             LX_EBADMSG);
    CHECK_EQ(falcon_verify_vartime(known[0].key, FALCON_PUBLIC_BYTES, known[0].message, known[0].message_bytes - 1,
                                   known[0].signature, FALCON_SIGNATURE_BYTES, &work),
             LX_EBADMSG);
}

static void a_change_of_any_byte_is_refused(void)
{
    for (size_t i = 0; i < FALCON_SIGNATURE_BYTES; i++) {
        known[0].signature[i] ^= 0x40;
        CHECK(verify(0) != LX_OK);
        known[0].signature[i] ^= 0x40;
    }
    /* Not the lowest bit: a key off by one in one coefficient is off by s2, and that is short. So Falcon keys must be
     * bound by a hash, as hashNext does. */
    for (size_t i = 0; i < FALCON_PUBLIC_BYTES; i++) {
        known[0].key[i] ^= 0x88;
        CHECK(verify(0) != LX_OK);
        known[0].key[i] ^= 0x88;
    }
    for (size_t i = 0; i < known[0].message_bytes; i++) {
        known[0].message[i] ^= 1;
        CHECK_EQ(verify(0), LX_EBADMSG);
        known[0].message[i] ^= 1;
    }
    CHECK_EQ(verify(0), LX_OK);
}

static void every_rule_of_the_formats_is_enforced(void)
{
    uint8_t *key = known[0].key, *signature = known[0].signature;
    const uint8_t *message = known[0].message;
    size_t message_bytes = known[0].message_bytes;
    for (size_t len = 0; len < FALCON_PUBLIC_BYTES; len += 128) {
        CHECK_EQ(falcon_verify_vartime(key, len, message, message_bytes, signature, 809, &work), LX_EINVAL);
    }
    CHECK_EQ(falcon_verify_vartime(key, 898, message, message_bytes, signature, 809, &work), LX_EINVAL);
    CHECK_EQ(falcon_verify_vartime(key, 897, message, message_bytes, signature, 808, &work), LX_EINVAL);
    CHECK_EQ(falcon_verify_vartime(key, 897, message, message_bytes, signature, 810, &work), LX_EINVAL);
    CHECK_EQ(falcon_verify_vartime(key, 897, message, message_bytes, signature, 0, &work), LX_EINVAL);
    key[0] = 0x0a;
    CHECK_EQ(verify(0), LX_EINVAL);
    key[0] = 0x09;
    signature[0] = 0x39; /* the compressed format of 2020 */
    CHECK_EQ(verify(0), LX_EINVAL);
    signature[0] = 0x59;

    uint8_t saved[2] = {key[1], key[2]};
    key[1] = 12289 >> 6; /* a first coefficient of q, and of q - 1 */
    key[2] = (uint8_t)((12289 & 63) << 2 | (saved[1] & 3));
    CHECK_EQ(verify(0), LX_EINVAL);
    key[2] = (uint8_t)((12288 & 63) << 2 | (saved[1] & 3));
    CHECK_EQ(verify(0), LX_EBADMSG);
    memcpy(key + 1, saved, 2);

    memcpy(saved, signature + 41, 2);
    signature[41] = 0x80; /* a first coefficient of -2048, and of -2047 */
    signature[42] &= 0x0f;
    CHECK_EQ(verify(0), LX_EINVAL);
    signature[42] |= 0x10;
    CHECK_EQ(verify(0), LX_EBADMSG);
    memcpy(signature + 41, saved, 2);
    CHECK_EQ(verify(0), LX_OK);
}

/* The zero vector is as short as can be, but then s1 is the hash itself, which is not. */
static void a_signature_of_zeros_is_refused(void)
{
    uint8_t saved[FALCON_SIGNATURE_BYTES];
    memcpy(saved, known[0].signature, sizeof saved);
    memset(known[0].signature + 41, 0, FALCON_SIGNATURE_BYTES - 41);
    CHECK_EQ(verify(0), LX_EBADMSG);
    memcpy(known[0].signature, saved, sizeof saved);
    memset(known[0].key + 1, 0, FALCON_PUBLIC_BYTES - 1);
    CHECK_EQ(verify(0), LX_EBADMSG);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"falcon: signatures of the node verify", signatures_of_the_node_verify},
        {"falcon: another key or message is refused", another_key_or_message_is_refused},
        {"falcon: a change of any byte is refused", a_change_of_any_byte_is_refused},
        {"falcon: every rule of the formats is enforced", every_rule_of_the_formats_is_enforced},
        {"falcon: a signature of zeros is refused", a_signature_of_zeros_is_refused},
    };
    return UNIT_MAIN(cases);
}
