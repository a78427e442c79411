/* SPDX-License-Identifier: MIT */
/**
 * Fixture: a node on a disk in memory, users who sign for it, and the transactions that a real node's private network took, in the
 * order in which it took them.
 * Owns:   what it allocates, until the program ends.    Uses: node, fake_disk, vectors. Header only, for tests.
 */
#ifndef LX_NODE_FIXTURE_H
#define LX_NODE_FIXTURE_H

#include "fake_disk.h"
#include "node.h"
#include "unit.h"
#include "vectors.h"

#define TIME_S       1800000000u
#define CACHE_BLOCKS 256u
#define USER_CAP     8192u

/** A node with what it stands on. */
struct bench {
    struct disk disk;
    struct lld_geometry geometry;
    void *memory;
    size_t memory_bytes;
    struct lld *store;
    struct signer_seed producer;
    struct node_setup setup;
    struct node node;
};

/** Somebody who signs. */
struct user {
    struct signer_seed seed;
    struct sigchain_verifier chain;
    struct sigchain_register table[64];
    struct signer signer;
};

static inline struct lld_device bench_device(struct bench *b)
{
    return (struct lld_device){&b->disk, b->disk.block_bytes, disk_read, disk_write, disk_flush, disk_size};
}

/** Opens what is on the disk, as after a restart. */
static inline enum lx_err bench_open(struct bench *b)
{
    struct lld_device device = bench_device(b);
    enum lx_err err = lld_open(&device, CACHE_BLOCKS, b->memory, b->memory_bytes, &b->store);
    b->setup.store = b->store;
    b->setup.producer = &b->producer;
    return err == LX_OK ? node_open(&b->node, &b->setup) : err;
}

static inline struct bench *bench_make(enum sigchain_network_kind kind, const char *name, bool can_crash)
{
    static const uint8_t secret[LLD_SECRET_BYTES] = {7};
    struct bench *b = (struct bench *)calloc(1, sizeof *b);
    b->geometry = (struct lld_geometry){4096, 8 * NODE_BATCH_BYTES, 8, NODE_BATCH_BYTES, 4, NODE_DELTA_BITS_MIN};
    disk_make(&b->disk, 4096, 80u << 20, can_crash);
    b->memory_bytes = lld_memory_bytes(&b->geometry, CACHE_BLOCKS);
    b->memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, (b->memory_bytes + 63) / 64 * 64);
    struct lld_device device = bench_device(b);
    CHECK_EQ(lld_format(&device, &b->geometry, secret, b->memory, b->memory_bytes), LX_OK);
    sigchain_network_of(kind, name, &b->setup.network);
    b->producer.bytes[0] = 0x99;
    CHECK_EQ(bench_open(b), LX_OK);
    return b;
}

static inline void bench_free(struct bench *b)
{
    disk_free(&b->disk);
    free(b->memory);
    free(b);
}

static inline struct user *user_make(const struct sigchain_network *network, uint8_t name)
{
    struct user *u = (struct user *)calloc(1, sizeof *u);
    struct sigchain_setup setup = {
        .network = *network, .registers = u->table, .register_capacity = ARRAY_LEN(u->table)};
    u->seed.bytes[0] = name;
    sigchain_verifier_init(&u->chain, &setup);
    u->signer = (struct signer){.seed = &u->seed, .chain = &u->chain, .time_s = TIME_S};
    return u;
}

static inline struct u256 user_id(const struct user *u)
{
    struct u256 out;
    CHECK_EQ(signer_genesis(&u->seed, &u->chain.setup.network, &out), LX_OK);
    return out;
}

/** The user's register as his chain left it. */
static inline struct register_state user_state(const struct user *u, const struct u256 *address)
{
    for (size_t i = 0; i < u->chain.register_count; i++) {
        if (u256_equal(&u->table[i].address, address)) {
            return u->table[i].state;
        }
    }
    CHECK(u == NULL); /* the user has not touched it */
    return (struct register_state){0};
}

/** Signs that the user releases an app. */
static inline void user_release(struct user *u, const char *app, uint64_t seq)
{
    struct record_app record = {.seq = seq, .manifest = {{(uint8_t)seq}}};
    struct u256 address;
    copy_string(record.app, sizeof record.app, app);
    signer_address(&u->seed, app, &address);
    CHECK_EQ(signer_put_app(&u->signer, &address, &record), LX_OK);
}

/** Submits what the user signed last. @return why it was refused, or NODE_OK. */
static inline enum node_rule user_submit(const struct user *u, struct bench *b)
{
    struct u512 txid;
    bool ok = node_submit(&b->node, u->signer.bytes, u->signer.len_bytes, TIME_S, &txid);
    CHECK(ok == (b->node.refusal.rule == NODE_OK));
    if (!ok) {
        CHECK(b->node.refusal.sentence[0] != '\0');
    }
    return b->node.refusal.rule;
}

/** The transaction of the private network with an id, from flat_tx.txt, which lacks those of the last blocks. @return 0 for none. */
static inline size_t fixture_real(const char *txid, uint8_t *out, size_t cap_bytes, bool *is_producers)
{
    static struct vectors file;
    if (file.at == NULL) {
        file = vectors_open("tests/vectors/nexus/flat_tx.txt");
    }
    struct vectors v = file;
    if (!vectors_skip(&v, txid) || !vectors_skip(&v, " ")) {
        return 0;
    }
    const char *end = (const char *)memchr(v.at, '\n', v.left_chars);
    const char *start = v.at - 1;
    while (start > file.at && start[-1] != '\n') {
        start--;
    }
    *is_producers = strncmp(start, "private generator ", 18) == 0;
    size_t len = vectors_hex((struct vectors){v.at, (size_t)(end - v.at)}, out, cap_bytes);
    CHECK(len > 1 && out[0] == TRANSACTION_API_PREFIX);
    memmove(out, out + 1, len - 1);
    return len - 1;
}

/** Submits the first `wanted` transactions of the private network's blocks, without the producer's. @return how many were taken. */
static inline uint32_t fixture_submit(struct bench *b, uint64_t now_s, uint32_t wanted)
{
    static uint8_t bytes[8192];
    struct vectors v = vectors_open("tests/vectors/nexus/private/blocks.json"), text;
    char txid[U512_HEX_CHARS];
    uint32_t count = 0;
    while (count < wanted && vectors_field(&v, "txid", &text)) {
        bool is_producers = false;
        struct u512 id;
        CHECK(vectors_text(text, txid, sizeof txid));
        size_t len = fixture_real(txid, bytes, sizeof bytes, &is_producers);
        if (len == 0 || is_producers) {
            continue;
        }
        bool ok = node_submit(&b->node, bytes, len, now_s, &id);
        if (!ok) {
            printf("# %s: %s\n", txid, b->node.refusal.sentence);
        }
        CHECK(ok);
        count += ok;
    }
    return count;
}

static inline uint32_t fixture_submit_all(struct bench *b, uint64_t now_s)
{
    return fixture_submit(b, now_s, UINT32_MAX);
}

#endif
