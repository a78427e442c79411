/* SPDX-License-Identifier: MIT */
/**
 * Verifies a long chain from a file as from a stream, then its second half once more from a checkpoint, and prints
 * what it costs, a line a figure: name,value,unit,how. Fails when the two do not end alike, or more than 1 MB is kept.
 *
 *   chain_bench DIRECTORY [TRANSACTIONS]     100000 without; the file takes 620 bytes each, and is removed
 *
 * Owns:   the file.    Uses: sigchain, stdio.
 * Limits: 700 registers, of which the chain has 100. Its keys repeat, so that making it does not take longer than this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sigchain.h"

#define COUNT_DEFAULT 100000u
#define REGISTERS     700u
#define USED          100u
#define KEYS          3u
#define STATE_MAX     1000000u
#define START_S       1800000000u

/** All that verification keeps. */
static struct kept {
    struct sigchain_verifier verifier;
    struct sigchain_register table[REGISTERS];
    uint8_t transaction[2048];
} kept;

enum { KEPT_BYTES = sizeof(struct kept) };
_Static_assert(KEPT_BYTES <= STATE_MAX, "the promise");

static struct sigchain_network network;
static const struct u256 genesis = {{9, [31] = 0xb7}};
static struct transaction_builder builder;
static struct register_state states[USED];
static uint8_t checkpoint[CHECKPOINT_BYTES_MAX(REGISTERS)];
static uint8_t secrets[KEYS][BRAINPOOL_SECRET_BYTES];
static struct u256 hashes[KEYS];

static NORETURN void fail(const char *what)
{
    fprintf(stderr, "chain_bench: %s; %s\n", what, kept.verifier.refusal.sentence);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the chain -------------------------------------------------------------------------------------------------- */

static void make_keys(void)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        sk_of(SK512, &i, sizeof i, secrets[i]);
        if (sigchain_key_hash(secrets[i], &hashes[i]) != LX_OK) {
            fail("no key");
        }
    }
}

static size_t make(struct sigchain_link *link, uint8_t *buffer, size_t cap_bytes)
{
    static const uint8_t random[BRAINPOOL_RANDOM_BYTES];
    uint32_t n = link->sequence, which = n % USED;
    uint64_t time = START_S + 10u * n;
    struct u256 address = {{(uint8_t)which, [31] = ADDRESS_RAW}};
    uint8_t data[64] = {0};
    struct u512 txid;
    le32_store(data, n);
    transaction_begin(&builder, &genesis, time, buffer, cap_bytes);
    enum register_err err =
        n < USED ? transaction_create(&builder, &address, REGISTER_RAW, data, sizeof data, &states[which])
                 : transaction_write(&builder, &address, data, sizeof data, &states[which]);
    if (err != REGISTER_OK ||
        transaction_sign(&builder, link, &hashes[(n + 1) % KEYS], secrets[n % KEYS], random, &txid) != LX_OK) {
        fail("cannot make a transaction");
    }
    *link = (struct sigchain_link){
        .genesis = genesis, .sequence = n + 1, .previous = txid, .not_before = time, .key = hashes[(n + 1) % KEYS]};
    return builder.out.used_bytes;
}

static void write_chain(const char *path, uint32_t count)
{
    uint8_t bytes[4 + sizeof kept.transaction];
    struct sigchain_link link;
    struct writer w = writer_of(bytes, sizeof bytes);
    FILE *file = fopen(path, "wb");
    sigchain_link_first(&network, &genesis, &link);
    chain_file_put_head(&w, count);
    bool ok = file != NULL && fwrite(bytes, 1, w.used_bytes, file) == w.used_bytes;
    for (uint32_t i = 0; ok && i < count; i++) {
        size_t len = make(&link, bytes + 4, sizeof bytes - 4);
        le32_store(bytes, (uint32_t)len);
        ok = fwrite(bytes, 1, 4 + len, file) == 4 + len;
    }
    if (!ok || fclose(file) != 0) {
        fail("cannot write the chain");
    }
}

/* ---- verification ----------------------------------------------------------------------------------------------- */

static struct sigchain_setup setup(void)
{
    return (struct sigchain_setup){.network = network, .registers = kept.table, .register_capacity = REGISTERS};
}

/** Reads one transaction, and verifies it if it is to be. */
static void step(FILE *file, bool verify)
{
    uint8_t len_bytes[4];
    if (fread(len_bytes, 1, 4, file) != 4) {
        fail("the file is too short");
    }
    uint32_t len = le32_load(len_bytes);
    if (len > sizeof kept.transaction || fread(kept.transaction, 1, len, file) != len) {
        fail("the file is not a chain");
    }
    if (verify && !sigchain_add(&kept.verifier, kept.transaction, len)) {
        fail("refused");
    }
}

static FILE *open_chain(const char *path, uint32_t expected)
{
    uint8_t head[CHAIN_FILE_HEAD_BYTES];
    uint32_t count;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(head, 1, sizeof head, file) != sizeof head || chain_file_head(head, &count) != LX_OK ||
        count != expected) {
        fail("cannot read the chain");
    }
    return file;
}

static size_t take_checkpoint(struct u256 *hash)
{
    struct writer w = writer_of(checkpoint, sizeof checkpoint);
    if (sigchain_checkpoint_put(&kept.verifier, &w, hash) != LX_OK) {
        fail("no checkpoint");
    }
    return w.used_bytes;
}

static void report(const char *name, double value, const char *unit, const char *how)
{
    printf("chain.%s,%.6g,%s,%s\n", name, value, unit, how);
}

static void measure(const char *path, uint32_t count)
{
    struct u256 half_hash, whole_hash, resumed_hash;
    struct sigchain_setup s = setup();
    FILE *file = open_chain(path, count);
    double start = now_s();
    sigchain_verifier_init(&kept.verifier, &s);
    for (uint32_t i = 0; i < count / 2; i++) {
        step(file, true);
    }
    size_t half_bytes = take_checkpoint(&half_hash);
    static uint8_t half[sizeof checkpoint];
    memcpy(half, checkpoint, half_bytes);
    for (uint32_t i = count / 2; i < count; i++) {
        step(file, true);
    }
    double whole_s = now_s() - start;
    take_checkpoint(&whole_hash);
    fclose(file);
    file = open_chain(path, count);
    start = now_s();
    if (!sigchain_checkpoint_resume(&kept.verifier, &s, half, half_bytes, &half_hash)) {
        fail("the checkpoint is refused");
    }
    for (uint32_t i = 0; i < count; i++) {
        step(file, i >= count / 2);
    }
    double resumed_s = now_s() - start;
    take_checkpoint(&resumed_hash);
    fclose(file);
    if (!sigchain_finish(&kept.verifier) || !u256_equal(&whole_hash, &resumed_hash)) {
        fail("the checkpoint leads elsewhere");
    }
    report("transactions", count, "", "one chain");
    report("verify_s", whole_s, "s", "from the first transaction");
    report("verify_us", whole_s / count * 1e6, "us", "a transaction");
    report("resumed_s", resumed_s, "s", "the second half from a checkpoint");
    report("checkpoint_bytes", (double)half_bytes, "B", "100 registers");
}

int main(int argc, char **argv)
{
    char path[4096];
    struct rusage usage;
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : COUNT_DEFAULT;
    if (argc < 2 || argc > 3 || count < 2 || count > CHAIN_FILE_COUNT_MAX) {
        fprintf(stderr, "usage: chain_bench DIRECTORY [TRANSACTIONS]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/chain_bench.chain", argv[1]);
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    make_keys();
    double start = now_s();
    write_chain(path, count);
    report("make_s", now_s() - start, "s", "made and signed");
    measure(path, count);
    remove(path);
    getrusage(RUSAGE_SELF, &usage);
    report("state_bytes", (double)sizeof kept, "B", "verifier; 700 registers; one transaction");
    report("peak_kib", (double)usage.ru_maxrss, "KiB", "the whole process; C library included");
    return 0;
}
