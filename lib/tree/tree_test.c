/* SPDX-License-Identifier: MIT */
/** Shows that SHA-256 equals OpenSSL's, that roots follow RFC 9162's recursive definition, and that proofs prove. */
#include <openssl/sha.h>

#include "sha256_blocks.h"
#include "tree.h"
#include "unit.h"

static uint8_t input[70000];

static void fill_input(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof input; i++) {
        x = x * 1664525u + 1013904223u;
        input[i] = (uint8_t)(x >> 24);
    }
}

static void sha256_equals_openssl_at_every_length(void)
{
    fill_input();
    for (size_t len = 0; len < 600; len++) {
        struct hash256 ours;
        uint8_t theirs[32];
        sha256_of(input + len % 7, len, &ours);
        SHA256(input + len % 7, len, theirs);
        CHECK_BYTES(ours.bytes, theirs, 32);
    }
}

static void sha256_does_not_depend_on_how_it_is_fed(void)
{
    fill_input();
    struct hash256 whole;
    sha256_of(input, 1000, &whole);
    for (size_t step = 1; step < 200; step++) {
        struct sha256 s;
        sha256_init(&s);
        for (size_t at = 0; at < 1000; at += step) {
            sha256_update(&s, input + at, at + step <= 1000 ? step : 1000 - at);
        }
        struct hash256 parts;
        sha256_final(&s, &parts);
        CHECK(hash256_equal(&whole, &parts));
    }
}

static void portable_sha256_equals_the_fast_one(void)
{
    fill_input();
    uint32_t a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    sha256_blocks(a, input + 3, 1000);
    sha256_blocks_portable(b, input + 3, 1000);
    CHECK_BYTES(a, b, sizeof a);
}

static void two_at_a_time_equals_one(void)
{
    fill_input();
    uint32_t a[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {9, 8, 7, 6, 5, 4, 3, 2}};
    uint32_t b[2][8];
    memcpy(b, a, sizeof b);
    sha256_blocks_pair(a[0], input + 3, a[1], input + 30000, 500);
    sha256_blocks_portable(b[0], input + 3, 500);
    sha256_blocks_portable(b[1], input + 30000, 500);
    CHECK_BYTES(a, b, sizeof a);
    const struct hash256 *parts = (const struct hash256 *)(const void *)input;
    struct hash256 nodes[2];
    struct hash256 one_node;
    tree_node_pair((const struct hash256 *const[]){&parts[0], &parts[5]}, (const struct hash256 *const[]){&parts[1], &parts[3]},
                   (struct hash256 *const[]){&nodes[0], &nodes[1]});
    tree_node(&parts[0], &parts[1], &one_node);
    CHECK(hash256_equal(&one_node, &nodes[0]));
    tree_node(&parts[5], &parts[3], &one_node);
    CHECK(hash256_equal(&one_node, &nodes[1]));
    for (size_t count = 0; count <= 7; count++) {
        const uint8_t *blocks[7];
        struct hash256 hashes[7];
        for (size_t i = 0; i < count; i++) {
            blocks[i] = input + i * 9001 % 60000;
        }
        tree_hash_leaves(blocks, count, hashes);
        for (size_t i = 0; i < count; i++) {
            struct hash256 one;
            tree_leaf(blocks[i], TREE_BLOCK_BYTES, &one);
            CHECK(hash256_equal(&one, &hashes[i]));
        }
    }
}

/* The definition, word for word: this recursion is the oracle for the iterative code. */
static void root_by_definition(const struct hash256 *leaves, uint64_t count, struct hash256 *out) /* style: recursion */
{
    if (count == 1) {
        *out = leaves[0];
        return;
    }
    uint64_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    struct hash256 left;
    struct hash256 right;
    root_by_definition(leaves, split, &left);
    root_by_definition(leaves + split, count - split, &right);
    uint8_t bytes[65];
    bytes[0] = 1;
    memcpy(bytes + 1, &left, 32);
    memcpy(bytes + 33, &right, 32);
    SHA256(bytes, sizeof bytes, out->bytes);
}

static struct hash256 leaves[200];

static void fill_leaves(void)
{
    for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
        tree_leaf(input + i, 1 + i * 20, &leaves[i]);
    }
}

static void roots_follow_the_definition(void)
{
    fill_input();
    fill_leaves();
    for (uint64_t n = 1; n <= ARRAY_LEN(leaves); n++) {
        struct hash256 ours;
        struct hash256 theirs;
        tree_root_of_leaves(leaves, n, &ours);
        root_by_definition(leaves, n, &theirs);
        CHECK(hash256_equal(&ours, &theirs));
    }
    struct hash256 empty;
    struct hash256 nothing;
    tree_root_of_leaves(leaves, 0, &empty);
    SHA256((const uint8_t *)"", 0, nothing.bytes);
    CHECK(hash256_equal(&empty, &nothing));
}

static void root_of_bytes_hashes_only_what_is_there(void)
{
    fill_input();
    for (size_t len = 4090; len < 4100; len++) {
        struct hash256 root;
        uint8_t block[4097];
        block[0] = 0;
        struct hash256 expected[2];
        size_t first = len < 4096 ? len : 4096;
        memcpy(block + 1, input, first);
        SHA256(block, first + 1, expected[0].bytes);
        if (len > 4096) {
            memcpy(block + 1, input + 4096, len - 4096);
            SHA256(block, len - 4096 + 1, expected[1].bytes);
        }
        root_by_definition(expected, len > 4096 ? 2 : 1, &expected[0]);
        tree_root_of_bytes(input, len, &root);
        CHECK(hash256_equal(&root, &expected[0]));
    }
}

static void every_proof_verifies_and_every_changed_one_does_not(void)
{
    fill_input();
    fill_leaves();
    for (uint64_t n = 1; n <= 70; n++) {
        struct hash256 root;
        tree_root_of_leaves(leaves, n, &root);
        for (uint64_t i = 0; i < n; i++) {
            struct hash256 proof[TREE_LEVELS_MAX];
            size_t count = tree_prove(leaves, n, i, proof);
            CHECK(tree_verify(&root, n, i, &leaves[i], proof, count));
            CHECK(!tree_verify(&root, n, i, &leaves[i + 1], proof, count));
            CHECK(!tree_verify(&root, n, n, &leaves[i], proof, count));
            if (n > 1) {
                CHECK(!tree_verify(&root, n, i ^ 1, &leaves[i], proof, count));
                CHECK(!tree_verify(&root, n, i, &leaves[i], proof, count - 1));
                CHECK(!tree_verify(&root, n, i, &leaves[i], proof, count + 1));
                proof[count - 1].bytes[31] ^= 1;
                CHECK(!tree_verify(&root, n, i, &leaves[i], proof, count));
            }
        }
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"tree: SHA-256 equals OpenSSL's at every length", sha256_equals_openssl_at_every_length},
        {"tree: SHA-256 does not depend on how it is fed", sha256_does_not_depend_on_how_it_is_fed},
        {"tree: portable SHA-256 equals the fast one", portable_sha256_equals_the_fast_one},
        {"tree: blocks hashed two at a time equal those hashed alone", two_at_a_time_equals_one},
        {"tree: roots follow RFC 9162's definition", roots_follow_the_definition},
        {"tree: the root of bytes hashes only what is there", root_of_bytes_hashes_only_what_is_there},
        {"tree: proofs verify, changed ones do not", every_proof_verifies_and_every_changed_one_does_not},
    };
    return UNIT_MAIN(cases);
}
