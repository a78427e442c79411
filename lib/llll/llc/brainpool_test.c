/* SPDX-License-Identifier: MIT */
/**
 * Shows that keys and signatures are those of the node and of OpenSSL in both directions, that arithmetic and the table
 * hold against OpenSSL and against each other in their corner cases, and that every rule of the formats is enforced.
 */
#include "brainpool_point.h"
#include "unit.h"
#include "vectors.h"
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

/* OpenSSL 3 calls its plain curve functions deprecated. They are the ones that take a secret as it is. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define RANDOM_CASES 60u

static EC_GROUP *group;
static BN_CTX *bn;
static struct brainpool_work work;
static uint64_t seed = 1;

static void random_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(seed >> 56);
    }
}

static BIGNUM *bn_of(const struct llc_number *n)
{
    uint8_t bytes[64];
    number_store(bytes, n);
    return BN_bin2bn(bytes, 64, NULL);
}

static bool bn_is(const BIGNUM *expected, const struct llc_number *n)
{
    uint8_t bytes[64], wanted[64];
    number_store(bytes, n);
    return BN_bn2binpad(expected, wanted, 64) == 64 && memcmp(bytes, wanted, 64) == 0;
}

/** A number of up to 512 bits, often one with long runs of ones and zeros. */
static void random_number(struct llc_number *out)
{
    uint8_t bytes[64];
    random_bytes(bytes, sizeof bytes);
    if (bytes[0] % 3 == 0) {
        size_t from = bytes[1] % 64;
        memset(bytes + from, bytes[2] % 2 == 0 ? 0 : 0xff, 64 - from - bytes[3] % (64 - from));
    }
    number_load(out, bytes);
}

static void arithmetic_agrees_with_openssl(void)
{
    static const struct modulus *const moduli[] = {&brainpool_field, &brainpool_order};
    BIGNUM *expected = BN_new();
    for (size_t k = 0; k < 2; k++) {
        const struct modulus *m = moduli[k];
        BIGNUM *mod = bn_of(&m->m);
        for (unsigned i = 0; i < 2000; i++) {
            struct llc_number a, b, out;
            random_number(&a);
            random_number(&b);
            number_reduce(&a, &a, m);
            BIGNUM *x = bn_of(&a), *y = bn_of(&b);
            mod_to_montgomery(&out, &b, m); /* b is any 512 bits here */
            mod_mul(&out, &out, &a, m);
            BN_mod_mul(expected, x, y, mod, bn);
            CHECK(bn_is(expected, &out));
            number_reduce(&b, &b, m);
            mod_add(&out, &a, &b, m);
            BN_mod_add(expected, x, y, mod, bn);
            CHECK(bn_is(expected, &out));
            mod_sub(&out, &a, &b, m);
            BN_mod_sub(expected, x, y, mod, bn);
            CHECK(bn_is(expected, &out));
            mod_square(&out, &a, m);
            mod_to_montgomery(&out, &out, m);
            BN_mod_sqr(expected, x, mod, bn);
            CHECK(bn_is(expected, &out));
            mod_half(&out, &a, m);
            mod_add(&out, &out, &out, m);
            CHECK(bn_is(x, &out));
            BN_nnmod(y, y, mod, bn);
            CHECK_EQ(number_is_below(&a, &b), BN_ucmp(x, y) < 0);
            BN_free(x);
            BN_free(y);
        }
        BN_free(mod);
    }
    BN_free(expected);
}

static void inversion_agrees_with_openssl(void)
{
    static const struct modulus *const moduli[] = {&brainpool_field, &brainpool_order};
    for (size_t k = 0; k < 2; k++) {
        BIGNUM *mod = bn_of(&moduli[k]->m);
        for (unsigned i = 0; i < 40; i++) {
            struct llc_number a, out;
            random_number(&a);
            number_reduce(&a, &a, moduli[k]);
            BIGNUM *x = bn_of(&a);
            mod_to_montgomery(&out, &a, moduli[k]);
            mod_invert(&out, &out, moduli[k]);
            mod_from_montgomery(&out, &out, moduli[k]);
            BIGNUM *expected = BN_mod_inverse(NULL, x, mod, bn);
            CHECK(expected != NULL && bn_is(expected, &out));
            BN_free(expected);
            BN_free(x);
        }
        BN_free(mod);
    }
    struct llc_number zero = {{0}};
    mod_invert(&zero, &zero, &brainpool_field);
    CHECK(number_is_zero(&zero) == 1);
}

/** Whether x, y (not in Montgomery form) is scalar * G by OpenSSL. */
static bool is_multiple(const BIGNUM *scalar, const struct llc_number *x, const struct llc_number *y)
{
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *px = BN_new(), *py = BN_new();
    bool same = EC_POINT_mul(group, point, scalar, NULL, NULL, bn) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, px, py, bn) == 1 && bn_is(px, x) && bn_is(py, y);
    BN_free(px);
    BN_free(py);
    EC_POINT_free(point);
    return same;
}

static void every_table_entry_is_its_multiple(void)
{
    for (unsigned digit = 1; digit <= COMB_ENTRIES; digit++) {
        BIGNUM *scalar = BN_new();
        for (unsigned tooth = 0; tooth < COMB_TEETH; tooth++) {
            if ((digit >> tooth & 1) != 0) {
                BN_set_bit(scalar, (int)(tooth * COMB_COLUMNS));
            }
        }
        struct llc_number x, y;
        mod_from_montgomery(&x, &comb_table[digit - 1].x, &brainpool_field);
        mod_from_montgomery(&y, &comb_table[digit - 1].y, &brainpool_field);
        CHECK(is_multiple(scalar, &x, &y));
        BN_free(scalar);
    }
}

static void base_is_multiplied_as_openssl_does_it(void)
{
    for (unsigned i = 0; i < RANDOM_CASES; i++) {
        struct llc_number scalar, x, y;
        struct homogeneous point;
        random_number(&scalar);
        if (i < 20) { /* 1 to 10, and the order less 1 to 10 */
            scalar = (struct llc_number){{i / 2 + 1}};
            if (i % 2 != 0) {
                mod_sub(&scalar, &brainpool_order.m, &scalar, &brainpool_order);
            }
        }
        base_multiply(&point, &scalar);
        homogeneous_coordinates(&point, &x, &y);
        BIGNUM *n = bn_of(&scalar);
        CHECK(is_multiple(n, &x, &y));
        BN_free(n);
    }
    struct homogeneous infinity;
    base_multiply(&infinity, &brainpool_order.m);
    CHECK(number_is_zero(&infinity.z) == 1);
}

static bool jacobian_is(const struct jacobian *a, uint64_t multiple)
{
    struct llc_number x, y, zi, zz;
    mod_invert(&zi, &a->z, &brainpool_field);
    mod_square(&zz, &zi, &brainpool_field);
    mod_mul(&x, &a->x, &zz, &brainpool_field);
    mod_mul(&zz, &zz, &zi, &brainpool_field);
    mod_mul(&y, &a->y, &zz, &brainpool_field);
    mod_from_montgomery(&x, &x, &brainpool_field);
    mod_from_montgomery(&y, &y, &brainpool_field);
    BIGNUM *n = BN_new();
    BN_set_word(n, multiple);
    bool same = is_multiple(n, &x, &y);
    BN_free(n);
    return same;
}

/** P + P, P - P, and infinity on either side are cases of their own in the fast formulas. */
static void fast_addition_has_no_hole(void)
{
    const struct affine *g = &comb_table[0];
    struct jacobian one = {g->x, g->y, brainpool_field.one}, two, three, sum, minus;
    const struct jacobian infinity = {.x = brainpool_field.one, .y = brainpool_field.one};
    jacobian_double_vartime(&two, &one);
    jacobian_add_vartime(&three, &two, &one);
    CHECK(jacobian_is(&two, 2) && jacobian_is(&three, 3));
    jacobian_add_vartime(&sum, &one, &one);
    CHECK(jacobian_is(&sum, 2));
    jacobian_add_affine_vartime(&sum, &one, g);
    CHECK(jacobian_is(&sum, 2));
    jacobian_add_affine_vartime(&sum, &three, g);
    CHECK(jacobian_is(&sum, 4));
    jacobian_add_vartime(&sum, &sum, &two); /* unlike denominators, in place */
    CHECK(jacobian_is(&sum, 6));
    sum = three;
    jacobian_add_vartime(&sum, &sum, &sum);
    CHECK(jacobian_is(&sum, 6));
    jacobian_negate(&minus, &three);
    jacobian_add_vartime(&sum, &three, &minus);
    CHECK(number_is_zero(&sum.z) == 1);
    jacobian_negate(&minus, &one);
    jacobian_add_affine_vartime(&minus, &minus, g);
    CHECK(number_is_zero(&minus.z) == 1);
    jacobian_double_vartime(&sum, &infinity);
    CHECK(number_is_zero(&sum.z) == 1);
    jacobian_add_vartime(&sum, &infinity, &three);
    CHECK(jacobian_is(&sum, 3));
    jacobian_add_vartime(&sum, &three, &infinity);
    CHECK(jacobian_is(&sum, 3));
    jacobian_add_affine_vartime(&sum, &infinity, g);
    CHECK(jacobian_is(&sum, 1));
}

static void keys_and_signatures_of_the_node_hold(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/sign_vectors.json");
    uint8_t message[64], secret[64], expected[65], key[65], signature[135];
    unsigned count = 0;
    while (vectors_field_hex(&v, "msg", message, 64)) {
        CHECK(vectors_field_hex(&v, "brainpool_secret", secret, 64));
        CHECK(vectors_field_hex(&v, "brainpool_pub", expected, 65));
        CHECK(vectors_field_hex(&v, "brainpool_sig", signature, 135));
        CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
        CHECK_BYTES(key, expected, 65);
        CHECK_EQ(brainpool_verify_vartime(key, 65, message, signature, 135, &work), LX_OK);
        message[63] ^= 1;
        CHECK_EQ(brainpool_verify_vartime(key, 65, message, signature, 135, &work), LX_EBADMSG);
        count++;
    }
    CHECK(count >= 2);
}

static const char *const key_files[] = {
    "tests/vectors/nexus/keys_alice_private.json",     "tests/vectors/nexus/keys_alice_private_newcreds.json",
    "tests/vectors/nexus/keys_device_mainnet.json",    "tests/vectors/nexus/keys_generator_private.json",
    "tests/vectors/nexus/keys_shortname_testnet.json",
};

static void public_keys_and_their_hashes_are_those_of_the_node(void)
{
    unsigned count = 0;
    for (size_t file = 0; file < ARRAY_LEN(key_files); file++) {
        struct vectors v = vectors_open(key_files[file]), piece;
        uint8_t secret[64], expected[65], key[65];
        for (unsigned i = 0; i < 4; i++) {
            CHECK(vectors_field_hex(&v, "secret", secret, 64));
            CHECK(vectors_field_hex(&v, "brainpool_pub", expected, 65));
            CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
            CHECK_BYTES(key, expected, 65);
            struct u256 hash, wanted;
            sk256_of(key, 65, &hash);
            CHECK(vectors_field(&v, "brainpool_nexthash", &piece));
            CHECK(hex_to_mem(piece.at, piece.left_chars, wanted.bytes, 32) && u256_equal(&hash, &wanted));
            count++;
        }
    }
    CHECK_EQ(count, 20);
}

static EC_KEY *openssl_key(const uint8_t secret[64])
{
    EC_KEY *key = EC_KEY_new();
    BIGNUM *d = BN_bin2bn(secret, 64, NULL);
    EC_POINT *point = EC_POINT_new(group);
    CHECK(EC_KEY_set_group(key, group) == 1 && EC_POINT_mul(group, point, d, NULL, NULL, bn) == 1);
    BN_nnmod(d, d, EC_GROUP_get0_order(group), bn); /* EC_KEY itself wants it reduced; the point is the same */
    CHECK(EC_KEY_set_private_key(key, d) == 1 && EC_KEY_set_public_key(key, point) == 1);
    EC_POINT_free(point);
    BN_free(d);
    return key;
}

/** Half of the secrets are the order or more: the leading bytes of the order with larger ones behind. */
static void random_secret(uint8_t secret[64], unsigned i)
{
    random_bytes(secret, 64);
    if (i % 2 != 0) {
        secret[0] |= 0xc0;
    }
}

static void public_keys_agree_with_openssl(void)
{
    for (unsigned i = 0; i < RANDOM_CASES; i++) {
        uint8_t secret[64], key[65], expected[65];
        random_secret(secret, i);
        EC_KEY *oracle = openssl_key(secret);
        CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
        CHECK_EQ(
            EC_POINT_point2oct(group, EC_KEY_get0_public_key(oracle), POINT_CONVERSION_COMPRESSED, expected, 65, bn),
            65);
        CHECK_BYTES(key, expected, 65);
        CHECK(brainpool_public_is_valid_vartime(key, 65));
        EC_KEY_free(oracle);
    }
}

static void openssl_accepts_our_signatures_and_we_its(void)
{
    unsigned fitting = 0;
    for (unsigned i = 0; i < RANDOM_CASES; i++) {
        uint8_t secret[64], key[65], digest[64], random[32], signature[200];
        random_secret(secret, i);
        random_bytes(digest, 64);
        random_bytes(random, 32);
        if (i % 4 == 0) {
            memset(digest, 0xff, 64);
        }
        EC_KEY *oracle = openssl_key(secret);
        CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
        CHECK_EQ(brainpool_sign(secret, digest, random, signature), LX_OK);
        CHECK_EQ(ECDSA_verify(0, digest, 64, signature, 135, oracle), 1);
        CHECK_EQ(brainpool_verify_vartime(key, 65, digest, signature, 135, &work), LX_OK);
        unsigned len = 0;
        CHECK(ECDSA_sign(0, digest, 64, signature, &len, oracle) == 1);
        CHECK_EQ(brainpool_verify_any_length_vartime(key, 65, digest, signature, len, &work), LX_OK);
        CHECK_EQ(brainpool_verify_any_length_vartime(key, 65, digest, signature, len - 1, &work), LX_EINVAL);
        digest[0] ^= 1;
        CHECK_EQ(brainpool_verify_any_length_vartime(key, 65, digest, signature, len, &work), LX_EBADMSG);
        digest[0] ^= 1;
        enum lx_err err = brainpool_verify_vartime(key, 65, digest, signature, len, &work);
        if (len == 135 && signature[4] == 64) {
            CHECK_EQ(err, LX_OK);
            fitting++;
            signature[100] ^= 1;
            CHECK_EQ(brainpool_verify_vartime(key, 65, digest, signature, len, &work), LX_EBADMSG);
        } else {
            CHECK_EQ(err, LX_EINVAL);
        }
        EC_KEY_free(oracle);
    }
    CHECK(fitting > RANDOM_CASES / 4);
}

static void nonces_depend_on_all_they_should(void)
{
    uint8_t secret[64], digest[64], random[32], first[135], second[135];
    random_bytes(secret, 64);
    random_bytes(digest, 64);
    random_bytes(random, 32);
    CHECK_EQ(brainpool_sign(secret, digest, random, first), LX_OK);
    CHECK_EQ(brainpool_sign(secret, digest, random, second), LX_OK);
    CHECK_BYTES(first, second, 135);
    random[31] ^= 1;
    CHECK_EQ(brainpool_sign(secret, digest, random, second), LX_OK);
    CHECK(memcmp(first + 5, second + 5, 64) != 0);
    random[31] ^= 1;
    digest[0] ^= 1; /* the same R for two digests would give the secret away */
    CHECK_EQ(brainpool_sign(secret, digest, random, second), LX_OK);
    CHECK(memcmp(first + 5, second + 5, 64) != 0);
    digest[0] ^= 1;
    secret[63] ^= 1;
    CHECK_EQ(brainpool_sign(secret, digest, random, second), LX_OK);
    CHECK(memcmp(first + 5, second + 5, 64) != 0);
}

static void secrets_that_are_none_are_refused(void)
{
    uint8_t zero[64] = {0}, order[64], key[65] = {77}, random[32] = {0}, signature[135] = {77};
    CHECK_EQ(brainpool_public_of(zero, key), LX_EINVAL);
    CHECK_EQ(brainpool_sign(zero, order, random, signature), LX_EINVAL);
    number_store(order, &brainpool_order.m);
    CHECK_EQ(brainpool_public_of(order, key), LX_EINVAL);
    CHECK_EQ(brainpool_sign(order, order, random, signature), LX_EINVAL);
    CHECK(key[0] == 77 && signature[0] == 77);
    order[63]++;
    CHECK_EQ(brainpool_public_of(order, key), LX_OK); /* 1 */
}

static void keys_that_are_none_are_refused(void)
{
    uint8_t secret[64] = {9}, key[66] = {0}, digest[64] = {1}, random[32] = {0}, signature[135];
    CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
    CHECK_EQ(brainpool_sign(secret, digest, random, signature), LX_OK);
    CHECK(brainpool_public_is_valid_vartime(key, 65));
    CHECK(!brainpool_public_is_valid_vartime(key, 64) && !brainpool_public_is_valid_vartime(key, 66));
    CHECK(!brainpool_public_is_valid_vartime(key, 0));
    CHECK_EQ(brainpool_verify_vartime(key, 64, digest, signature, 135, &work), LX_EINVAL);
    key[0] ^= 1; /* the point's negative: valid, and another key */
    CHECK_EQ(brainpool_verify_vartime(key, 65, digest, signature, 135, &work), LX_EBADMSG);
    key[0] = 4;
    CHECK_EQ(brainpool_verify_vartime(key, 65, digest, signature, 135, &work), LX_EINVAL);
    key[0] = 2;
    unsigned none = 0;
    for (unsigned i = 0; i < 16; i++) { /* about half of all x belong to no point; OpenSSL knows which */
        key[64] = (uint8_t)i;
        EC_POINT *point = EC_POINT_new(group);
        bool valid = EC_POINT_oct2point(group, point, key, 65, bn) == 1;
        CHECK(brainpool_public_is_valid_vartime(key, 65) == valid);
        none += !valid;
        EC_POINT_free(point);
    }
    CHECK(none > 2 && none < 14);
    /* x and x + p are the same modulo p; only the former is a key. */
    struct llc_number x = {{0}}, above;
    struct affine found;
    while (!affine_decompress_vartime(&found, &x, 0)) {
        x.word[0]++;
    }
    uint64_t carry = 0;
    for (size_t i = 0; i < 8; i++) {
        carry = __builtin_add_overflow(brainpool_field.m.word[i], carry, &above.word[i]);
        carry += __builtin_add_overflow(above.word[i], x.word[i], &above.word[i]);
    }
    CHECK(!affine_decompress_vartime(&found, &above, 0));
}

static void der_of_any_other_form_is_refused(void)
{
    uint8_t der[136] = {0x30, 0x81, 0x84, 0x02, 0x40, [69] = 0x02, 0x40}, r[64], s[64], back[135];
    der[5] = 0x01;
    der[71] = 0x7f;
    CHECK(brainpool_der_parse(der, 135, r, s) && r[0] == 1 && s[0] == 0x7f);
    CHECK(brainpool_der_write(r, s, back));
    CHECK_BYTES(back, der, 135);
    CHECK(!brainpool_der_parse(der, 134, r, s) && !brainpool_der_parse(der, 136, r, s) &&
          !brainpool_der_parse(der, 0, r, s));
    static const uint8_t fixed[] = {0, 1, 2, 3, 4, 69, 70};
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        der[fixed[i]] ^= 1;
        CHECK(!brainpool_der_parse(der, 135, r, s));
        der[fixed[i]] ^= 1;
    }
    for (size_t at = 5; at <= 71; at += 66) { /* negative; a needless zero; a needed one */
        uint8_t saved = der[at];
        der[at] = 0x80;
        CHECK(!brainpool_der_parse(der, 135, r, s));
        der[at] = 0;
        der[at + 1] = 0x7f;
        CHECK(!brainpool_der_parse(der, 135, r, s));
        der[at + 1] = 0x80;
        CHECK(brainpool_der_parse(der, 135, r, s));
        der[at + 1] = 0;
        der[at] = saved;
    }
    memset(r, 0xff, 64);
    CHECK(!brainpool_der_write(r, s, back) && !brainpool_der_write(s, r, back));
}

/** One form each, and what is wrong with it; only the first three are DER of two numbers. */
static void der_of_any_length_has_one_form(void)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
        bool is_good;
    } forms[] = {
        {{0x30, 6, 2, 1, 5, 2, 1, 7}, 8, true},
        {{0x30, 8, 2, 2, 0, 0x80, 2, 2, 1, 0}, 10, true},
        {{0x30, 6, 2, 1, 0, 2, 1, 7}, 8, true}, /* zero is a number, and no R */
        {{0x31, 6, 2, 1, 5, 2, 1, 7}, 8, false},
        {{0x30, 0x81, 6, 2, 1, 5, 2, 1, 7}, 9, false},
        {{0x30, 0x80, 2, 1, 5, 2, 1, 7, 0, 0}, 10, false},
        {{0x30, 7, 2, 1, 5, 2, 1, 7}, 8, false},
        {{0x30, 6, 2, 1, 5, 2, 1, 7, 0}, 9, false},
        {{0x30, 7, 2, 1, 5, 2, 1, 7, 0}, 9, false},
        {{0x30, 6, 3, 1, 5, 2, 1, 7}, 8, false},
        {{0x30, 6, 2, 1, 0x80, 2, 1, 7}, 8, false},
        {{0x30, 7, 2, 2, 0, 5, 2, 1, 7}, 9, false},
        {{0x30, 5, 2, 0, 2, 1, 7}, 7, false},
        {{0x30, 6, 2, 1, 5, 2, 2, 7}, 8, false},
        {{0x30, 3, 2, 1, 5}, 5, false},
        {{0x30}, 1, false},
    };
    uint8_t r[64], s[64], key[65];
    static const uint8_t secret[64] = {1}, digest[64] = {2};
    CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        CHECK_EQ(brainpool_der_parse_any_length(forms[i].bytes, forms[i].len, r, s), forms[i].is_good);
        const uint8_t *at = forms[i].bytes;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)forms[i].len);
        CHECK(!forms[i].is_good || (sig != NULL && at == forms[i].bytes + forms[i].len));
        ECDSA_SIG_free(sig);
        CHECK_EQ(brainpool_verify_any_length_vartime(key, 65, digest, forms[i].bytes, forms[i].len, &work),
                 forms[i].is_good ? LX_EBADMSG : LX_EINVAL);
    }
    uint8_t order[140] = {0x30, 0x81, 70, 2, 65, 0};
    number_store(order + 6, &brainpool_order.m); /* R is the order, and S is 1: in DER, and out of range */
    memcpy(order + 70, (const uint8_t[]){2, 1, 1}, 3);
    memmove(order + 1, order + 2, 71); /* 70 is a short length */
    CHECK(brainpool_der_parse_any_length(order, 72, r, s));
    CHECK_EQ(brainpool_verify_any_length_vartime(key, 65, digest, order, 72, &work), LX_EBADMSG);
    order[4] = 1;
    CHECK(!brainpool_der_parse_any_length(order, 72, r, s)); /* more than 512 bits */
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"brainpool: arithmetic agrees with OpenSSL", arithmetic_agrees_with_openssl},
        {"brainpool: inversion agrees with OpenSSL", inversion_agrees_with_openssl},
        {"brainpool: every entry of the table is its multiple of the base point", every_table_entry_is_its_multiple},
        {"brainpool: the base point is multiplied as OpenSSL does it", base_is_multiplied_as_openssl_does_it},
        {"brainpool: fast addition has no hole", fast_addition_has_no_hole},
        {"brainpool: keys and signatures of the node hold", keys_and_signatures_of_the_node_hold},
        {"brainpool: public keys and their hashes are those of the node",
         public_keys_and_their_hashes_are_those_of_the_node},
        {"brainpool: public keys agree with OpenSSL, also of unreduced secrets", public_keys_agree_with_openssl},
        {"brainpool: OpenSSL accepts our signatures and we its", openssl_accepts_our_signatures_and_we_its},
        {"brainpool: nonces depend on secret, digest and random", nonces_depend_on_all_they_should},
        {"brainpool: secrets that are none are refused", secrets_that_are_none_are_refused},
        {"brainpool: keys that are none are refused", keys_that_are_none_are_refused},
        {"brainpool: DER of any other form is refused", der_of_any_other_form_is_refused},
        {"brainpool: DER of any length has one form", der_of_any_length_has_one_form},
    };
    group = EC_GROUP_new_by_curve_name(NID_brainpoolP512t1);
    bn = BN_CTX_new();
    int status = UNIT_MAIN(cases);
    EC_GROUP_free(group);
    BN_CTX_free(bn);
    return status;
}
