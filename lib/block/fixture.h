/* SPDX-License-Identifier: MIT */
/**
 * Fixture: whole blocks and proofs for the tests, put together from the vectors: headers as the node's API shows them,
 * producers' transactions from the chains, signed once more with the producer's keys, which are made up and known.
 * Owns:   what it reads.    Uses: vectors, block. Header only, for tests.
 */
#ifndef LX_FIXTURE_H
#define LX_FIXTURE_H

#include "block.h"
#include "unit.h"
#include "vectors.h"

#define FIXTURE_BLOCKS 32u
#define FIXTURE_LINKS  4u
#define LINK_BYTES     65u

/** A block with its own storage, so that everything in it can be changed. */
struct draft {
    struct block block;
    uint8_t producer[2048];
    uint8_t links[FIXTURE_LINKS * LINK_BYTES];
    uint8_t signature[BRAINPOOL_SIGNATURE_BYTES];
    uint8_t offsets[8];
    uint32_t key; /* number of the producer's key */
};

static inline bool fixture_mem(struct vectors *v, const char *name, uint8_t *out, size_t len_bytes)
{
    struct vectors text;
    return vectors_field(v, name, &text) && hex_to_mem(text.at, text.left_chars, out, len_bytes);
}

/** The transaction of a user, as in the line of flat_tx.txt that begins so; without the API's prefix. */
static inline size_t fixture_transaction(const char *line, uint8_t *out, size_t cap_bytes)
{
    static struct vectors file;
    if (file.at == NULL) {
        file = vectors_open("tests/vectors/nexus/flat_tx.txt");
    }
    struct vectors v = file;
    bool found = vectors_skip(&v, line);
    CHECK(found);
    const char *end = (const char *)memchr(v.at, '\n', v.left_chars);
    const char *start = end;
    while (start > v.at && start[-1] != ' ') {
        start--;
    }
    size_t len = vectors_hex((struct vectors){start, (size_t)(end - start)}, out, cap_bytes);
    CHECK(len > 1 && out[0] == TRANSACTION_API_PREFIX);
    memmove(out, out + 1, len - 1);
    return len - 1;
}

/** The header at a height, and the ids in its block. */
static inline uint32_t fixture_header(const char *network, uint32_t height, struct block_header *out, struct u512 *ids,
                                      uint32_t id_capacity)
{
    static struct vectors files[2];
    struct vectors *file = &files[network[0] == 't'];
    char text[64];
    uint64_t n = 0;
    uint8_t bits[4];
    if (file->at == NULL) {
        snprintf(text, sizeof text, "tests/vectors/nexus/%s/blocks.json", network);
        *file = vectors_open(text);
    }
    struct vectors v = *file, end;
    out->offsets = cursor_of("", 0);
    do { /* as many blocks as the height says */
        CHECK(vectors_skip(&v, "\"proofhash\"") && vectors_number(&v, "height", &n));
    } while (n < height);
    out->height = (uint32_t)n;
    CHECK(vectors_number(&v, "channel", &n) && u32_from(n, &out->channel));
    CHECK(vectors_number(&v, "version", &n) && u32_from(n, &out->version));
    CHECK(fixture_mem(&v, "merkleroot", out->merkle_root.bytes, U512_BYTES));
    CHECK(vectors_number(&v, "timestamp", &out->time_s) && vectors_number(&v, "nonce", &out->nonce));
    CHECK(fixture_mem(&v, "bits", bits, sizeof bits));
    out->bits = le32_load(bits);
    CHECK(fixture_mem(&v, "previousblockhash", out->previous.bytes, U1024_BYTES));
    end = v;
    if (vectors_skip(&end, "\"proofhash\"")) {
        v.left_chars -= end.left_chars;
    }
    uint32_t count = 0;
    while (count < id_capacity && fixture_mem(&v, "txid", ids[count].bytes, U512_BYTES)) {
        count++;
    }
    return count;
}

/** Key number n of the private network's producer. */
static inline void fixture_secret(uint32_t n, uint8_t out[64])
{
    static struct vectors file;
    if (file.at == NULL) {
        file = vectors_open("tests/vectors/nexus/keys_generator_private.json");
    }
    struct vectors v = file;
    for (uint32_t i = 0; i <= n; i++) {
        CHECK(vectors_field_hex(&v, "secret", out, 64));
    }
}

static inline void draft_producer(struct draft *d, size_t len)
{
    struct cursor c = cursor_of(d->producer, len);
    CHECK_EQ(transaction_take(&c, &d->block.producer), LX_OK);
    CHECK(cursor_is_empty(&c));
    d->block.producer_bytes = cursor_of(d->producer, len);
}

/** Makes hashMerkleRoot fit the transactions. */
static inline void draft_root(struct draft *d)
{
    struct u512 ids[FIXTURE_LINKS + 1];
    for (uint32_t i = 0; i < d->block.transaction_count; i++) {
        memcpy(ids[i].bytes, d->links + i * LINK_BYTES + 1, U512_BYTES);
    }
    transaction_id(&d->block.producer, &ids[d->block.transaction_count]);
    (void)block_merkle_root(ids, d->block.transaction_count + 1, &d->block.header.merkle_root);
}

static inline void draft_sign(struct draft *d)
{
    static const uint8_t random[BRAINPOOL_RANDOM_BYTES];
    uint8_t secret[64];
    fixture_secret(d->key, secret);
    CHECK_EQ(block_sign(&d->block.header, secret, random, d->signature), LX_OK);
    d->block.signature = cursor_of(d->signature, sizeof d->signature);
}

/** The private network's block at height 1 to 4, whole and signed. */
static inline void draft_start(struct draft *d, uint32_t height)
{
    struct u512 ids[FIXTURE_LINKS];
    char line[64];
    memset(d, 0, sizeof *d);
    uint32_t count = fixture_header("private", height, &d->block.header, ids, FIXTURE_LINKS);
    CHECK(count == 2); /* somebody's, and the producer's */
    d->key = height - 1;
    d->links[0] = 1;
    memcpy(d->links + 1, ids[0].bytes, U512_BYTES);
    d->block.transaction_count = 1;
    d->block.transactions = cursor_of(d->links, LINK_BYTES);
    d->block.system = cursor_of("", 0);
    snprintf(line, sizeof line, "private generator %u ", (unsigned)d->key);
    draft_producer(d, fixture_transaction(line, d->producer, sizeof d->producer));
    draft_sign(d);
}

#endif
