/* SPDX-License-Identifier: MIT */
/**
 * Shows that a long chain is verified in memory that does not grow with it, goes on from a checkpoint as if nothing had
 * been left out, and refuses a checkpoint that differs in anything; and that forks of it are found. tests/bench/
 * chain_bench does the same with 100,000 transactions.
 */
#include "sigchain.h"
#include "unit.h"

#define COUNT        400u /* with the sanitizers, each takes 10 ms; chain_bench has more */
#define REGISTERS    700u
#define STATE_MAX    (1024u * 1024u)
#define TX_BYTES_MAX 700u
#define START_S      1800000000u
#define FORK_AT      5u

static struct sigchain_network network;
static const struct u256 genesis = {{9, [31] = 0xb7}};
static const struct u256 raw_address = {{2, [31] = ADDRESS_RAW}};
static struct transaction_builder builder;

/** All that verification keeps; the promise is that it fits 1 MB. */
static struct kept {
    struct sigchain_verifier verifier;
    struct sigchain_register table[REGISTERS];
    uint8_t transaction[TX_BYTES_MAX];
} kept, other;

_Static_assert(sizeof(struct kept) <= STATE_MAX, "the promise: 1 MB");

static uint8_t chain[CHAIN_FILE_HEAD_BYTES + COUNT * (4 + TX_BYTES_MAX)], fork_bytes[16 * (4 + TX_BYTES_MAX)];
static struct cursor transactions[COUNT];
static size_t chain_bytes;
static uint8_t checkpoint[CHECKPOINT_BYTES_MAX(2)];

static void secret_of(uint32_t n, uint8_t out[64])
{
    uint32_t few = n % 3; /* keys repeat, which a chain may; making each anew would take most of the time */
    sk_of(SK512, &few, sizeof few, out);
}

/** Signs transaction number link->sequence, which writes `word` into the register. */
static void make(struct sigchain_link *link, struct register_state *state, uint32_t word, struct writer *file)
{
    static struct u256 hashes[3];
    static const uint8_t random[BRAINPOOL_RANDOM_BYTES];
    uint8_t buffer[TX_BYTES_MAX], data[64] = {0}, secret[64];
    struct u512 txid;
    uint64_t time = START_S + 10u * link->sequence;
    uint32_t next = (link->sequence + 1) % 3;
    le32_store(data, word);
    if (u256_is_zero(&hashes[next])) {
        secret_of(next, secret);
        CHECK_EQ(sigchain_key_hash(secret, &hashes[next]), LX_OK);
    }
    transaction_begin(&builder, &genesis, time, buffer, sizeof buffer);
    enum register_err err = link->sequence == 0
                                ? transaction_create(&builder, &raw_address, REGISTER_RAW, data, sizeof data, state)
                                : transaction_write(&builder, &raw_address, data, sizeof data, state);
    CHECK_EQ(err, REGISTER_OK);
    secret_of(link->sequence, secret);
    CHECK_EQ(transaction_sign(&builder, link, &hashes[next], secret, random, &txid), LX_OK);
    chain_file_put_transaction(file, buffer, builder.out.used_bytes);
    *link = (struct sigchain_link){
        .genesis = genesis, .sequence = link->sequence + 1, .previous = txid, .not_before = time, .key = hashes[next]};
}

static void make_chain(void)
{
    struct sigchain_link link;
    struct register_state state;
    struct writer w = writer_of(chain, sizeof chain);
    struct chain_file file;
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    sigchain_link_first(&network, &genesis, &link);
    chain_file_put_head(&w, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        make(&link, &state, i, &w);
    }
    CHECK(!w.overflow);
    chain_bytes = w.used_bytes;
    CHECK_EQ(chain_file_open(chain, chain_bytes, &file), LX_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK(chain_file_next(&file, &transactions[i]));
    }
}

static struct sigchain_setup setup_of(struct kept *k)
{
    return (struct sigchain_setup){.network = network, .registers = k->table, .register_capacity = REGISTERS};
}

static void start(struct kept *k)
{
    struct sigchain_setup setup = setup_of(k);
    sigchain_verifier_init(&k->verifier, &setup);
}

/** As from a stream: each transaction stands in one small buffer while it is needed. */
static void stream(struct kept *k, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        size_t len = transactions[i].left_bytes;
        CHECK(len <= sizeof k->transaction);
        memcpy(k->transaction, transactions[i].at, len);
        bool ok = sigchain_add(&k->verifier, k->transaction, len);
        if (!ok) {
            printf("# %s\n", k->verifier.refusal.sentence);
        }
        CHECK(ok);
        memset(k->transaction, 0xee, len);
    }
}

static size_t put_checkpoint(struct kept *k, struct u256 *hash)
{
    struct writer w = writer_of(checkpoint, sizeof checkpoint);
    CHECK_EQ(sigchain_checkpoint_put(&k->verifier, &w, hash), LX_OK);
    return w.used_bytes;
}

static void a_long_chain_goes_on_from_a_checkpoint(void)
{
    struct u256 hash, resumed_hash, whole_hash;
    make_chain();
    struct sigchain_setup setup = setup_of(&other);
    printf("# %zu bytes of state for %u registers; a chain of %u is %zu\n", sizeof kept, REGISTERS, COUNT, chain_bytes);
    start(&kept);
    stream(&kept, 0, COUNT / 2);
    size_t len = put_checkpoint(&kept, &hash);
    printf("# a checkpoint is %zu bytes\n", len);
    CHECK(sigchain_checkpoint_resume(&other.verifier, &setup, checkpoint, len, &hash));
    stream(&kept, COUNT / 2, COUNT);
    stream(&other, COUNT / 2, COUNT);
    CHECK(sigchain_finish(&kept.verifier) && sigchain_finish(&other.verifier));
    put_checkpoint(&kept, &whole_hash); /* all that each of them knows */
    put_checkpoint(&other, &resumed_hash);
    CHECK(u256_equal(&whole_hash, &resumed_hash) && !u256_equal(&whole_hash, &hash));
    CHECK_EQ(sigchain_sequence(&other.verifier), COUNT - 1);
    const struct sigchain_register *r = sigchain_find(&other.verifier, &raw_address);
    CHECK(r != NULL && le32_load(r->state.data) == COUNT - 1 && r->origin == SIGCHAIN_CREATED);
}

static bool refused(const struct sigchain_setup *setup, size_t len, const struct u256 *hash, enum sigchain_rule rule)
{
    bool resumed = sigchain_checkpoint_resume(&other.verifier, setup, checkpoint, len, hash);
    if (resumed || other.verifier.refusal.rule != rule) {
        printf("# %s\n", resumed ? "resumed" : other.verifier.refusal.sentence);
    }
    return !resumed && other.verifier.refusal.rule == rule && other.verifier.transaction_count == 0 &&
           other.verifier.register_count == 0;
}

/** The same, with a hash that fits: what whoever is deceived about the hash still refuses. */
static bool refused_as_it_is(const struct sigchain_setup *setup, size_t len, enum sigchain_rule rule)
{
    struct u256 hash;
    sk256_of(checkpoint, len, &hash);
    return refused(setup, len, &hash, rule);
}

static void a_checkpoint_with_one_thing_changed_is_refused(void)
{
    static const struct {
        size_t at;
        uint8_t mask;
        enum sigchain_rule rule;
    } bad[] = {
        {0, 1, SIGCHAIN_CHECKPOINT},               /* magic */
        {8, 1, SIGCHAIN_NETWORK},                  /* kind */
        {9, 0x10, SIGCHAIN_NETWORK},               /* type of its users */
        {10, 1, SIGCHAIN_NETWORK},                 /* its id */
        {78, 2, SIGCHAIN_CHECKPOINT},              /* work was checked: neither no nor yes */
        {79 + 31, 1, SIGCHAIN_NETWORK},            /* type of the genesis id */
        {375, 8, SIGCHAIN_CHECKPOINT},             /* more registers than follow */
        {377, 1, SIGCHAIN_TABLE_FULL},             /* more than there is room for */
        {379 + 32, 2, SIGCHAIN_CHECKPOINT},        /* origin */
        {379 + 33 + 3, 0x80, SIGCHAIN_CHECKPOINT}, /* changed by a transaction to come */
        {379 + 37, 2, SIGCHAIN_CHECKPOINT},        /* version of a state */
        {379 + 37 + 60, 1, SIGCHAIN_CHECKPOINT},   /* its data: the checksum does not fit */
    };
    struct u256 hash;
    struct sigchain_setup setup = setup_of(&other);
    start(&kept);
    stream(&kept, 0, 3);
    size_t len = put_checkpoint(&kept, &hash);
    for (size_t i = 0; i < len; i++) { /* any byte, against the hash that was kept */
        checkpoint[i] ^= 1;
        CHECK(refused(&setup, len, &hash, SIGCHAIN_CHECKPOINT_HASH));
        checkpoint[i] ^= 1;
        CHECK(refused_as_it_is(&setup, i, SIGCHAIN_CHECKPOINT)); /* cut */
    }
    CHECK(refused_as_it_is(&setup, len + 1, SIGCHAIN_CHECKPOINT));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        checkpoint[bad[i].at] ^= bad[i].mask;
        CHECK(refused_as_it_is(&setup, len, bad[i].rule));
        checkpoint[bad[i].at] ^= bad[i].mask;
    }
    checkpoint[74] = 0; /* no transaction: 3 before */
    CHECK(refused_as_it_is(&setup, len, SIGCHAIN_CHECKPOINT));
    checkpoint[74] = 1; /* one, and the first is not the last */
    CHECK(refused_as_it_is(&setup, len, SIGCHAIN_CHECKPOINT));
    checkpoint[74] = 3;
    memset(checkpoint + 151, 0, U256_BYTES); /* no key is announced */
    CHECK(refused_as_it_is(&setup, len, SIGCHAIN_CHECKPOINT));
    put_checkpoint(&kept, &hash);
    size_t register_bytes = len - CHECKPOINT_HEAD_BYTES; /* the same register twice */
    memcpy(checkpoint + len, checkpoint + CHECKPOINT_HEAD_BYTES, register_bytes);
    checkpoint[375] = 2;
    CHECK(refused_as_it_is(&setup, len + register_bytes, SIGCHAIN_CHECKPOINT));
}

static void pins_hold_against_a_checkpoint(void)
{
    struct u256 hash;
    struct sigchain_pin pins[4];
    struct sigchain_setup setup = setup_of(&other);
    start(&kept);
    stream(&kept, 0, 1);
    pins[0] = (struct sigchain_pin){.sequence = 0, .txid = kept.verifier.txid};
    stream(&kept, 1, 2);
    pins[1] = (struct sigchain_pin){.sequence = 1, .txid = kept.verifier.txid};
    stream(&kept, 2, 3);
    pins[2] = (struct sigchain_pin){.sequence = 2, .txid = kept.verifier.txid};
    size_t len = put_checkpoint(&kept, &hash);
    stream(&kept, 3, 4);
    pins[3] = (struct sigchain_pin){.sequence = 3, .txid = kept.verifier.txid};
    setup.pins = pins;
    setup.pin_count = 1;
    CHECK(sigchain_checkpoint_resume(&other.verifier, &setup, checkpoint, len, &hash));
    setup.pins = pins + 2;
    setup.pin_count = 2;
    CHECK(sigchain_checkpoint_resume(&other.verifier, &setup, checkpoint, len, &hash));
    CHECK(!sigchain_finish(&other.verifier) && other.verifier.refusal.rule == SIGCHAIN_ROLLED_BACK);
    stream(&other, 3, 4);
    CHECK(sigchain_finish(&other.verifier));
    setup.pins = pins + 1;
    CHECK(refused(&setup, len, &hash, SIGCHAIN_PIN_SKIPPED));
    setup.pins = pins;
    setup.pin_count = 1;
    pins[0].txid.bytes[0] ^= 1;
    CHECK(refused(&setup, len, &hash, SIGCHAIN_PIN));
    setup.pins = pins + 2;
    pins[2].txid.bytes[0] ^= 1;
    CHECK(refused(&setup, len, &hash, SIGCHAIN_PIN));
}

static void what_has_no_checkpoint_says_so(void)
{
    struct u256 hash;
    uint8_t small[CHECKPOINT_HEAD_BYTES];
    struct writer w = writer_of(checkpoint, sizeof checkpoint);
    start(&kept);
    CHECK_EQ(sigchain_checkpoint_put(&kept.verifier, &w, &hash), LX_EINVAL);
    stream(&kept, 0, 1);
    struct writer few = writer_of(small, sizeof small);
    CHECK(sigchain_checkpoint_put(&kept.verifier, &few, &hash) == LX_ENOSPC && few.used_bytes == 0);
    kept.verifier.is_broken = true;
    CHECK_EQ(sigchain_checkpoint_put(&kept.verifier, &w, &hash), LX_EINVAL);
}

/* ---- forks ------------------------------------------------------------------------------------------------------ */

/** A file with `common` transactions of the chain, then others by the same keys, up to `count`. */
static struct cursor fork_at(uint32_t common, uint32_t count)
{
    struct sigchain_link link;
    struct writer w = writer_of(fork_bytes, sizeof fork_bytes);
    struct register_state state = {0};
    chain_file_put_head(&w, count);
    start(&other);
    stream(&other, 0, common);
    for (uint32_t i = 0; i < common; i++) {
        chain_file_put_transaction(&w, transactions[i].at, transactions[i].left_bytes);
    }
    sigchain_link_first(&network, &genesis, &link);
    if (common > 0) {
        sigchain_link_of(&other.verifier, &link);
        state = sigchain_find(&other.verifier, &raw_address)->state;
    }
    while (link.sequence < count) {
        make(&link, &state, 1000 + link.sequence, &w);
    }
    CHECK(!w.overflow);
    return cursor_of(fork_bytes, w.used_bytes);
}

/** The first `count` transactions of the chain, in a file. */
static struct cursor beginning(uint32_t count)
{
    static uint8_t bytes[16 * (4 + TX_BYTES_MAX)];
    struct writer w = writer_of(bytes, sizeof bytes);
    chain_file_put_head(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        chain_file_put_transaction(&w, transactions[i].at, transactions[i].left_bytes);
    }
    return cursor_of(bytes, w.used_bytes);
}

static struct sigchain_comparison compare(struct cursor a, struct cursor b)
{
    struct sigchain_comparison out;
    start(&kept);
    start(&other);
    sigchain_compare_files(&kept.verifier, a, &other.verifier, b, &out);
    return out;
}

static void a_fork_is_found_where_it_is(void)
{
    struct cursor b = fork_at(FORK_AT, 8);
    struct sigchain_comparison c = compare(beginning(7), b);
    CHECK(c.difference == SIGCHAIN_FORKED && c.common_count == FORK_AT && c.a_is_good && c.b_is_good);
    CHECK(c.parted_a.sequence == FORK_AT && c.parted_b.sequence == FORK_AT);
    CHECK(!u512_equal(&c.parted_a.txid, &c.parted_b.txid));
    CHECK(kept.verifier.transaction_count == 7 && other.verifier.transaction_count == 8);
    c = compare(b, beginning(FORK_AT + 1)); /* one word of each is enough, and sides do not matter */
    CHECK(c.difference == SIGCHAIN_FORKED && c.common_count == FORK_AT);
    fork_bytes[b.left_bytes - 1] ^= 1; /* what is bad behind the fork does not undo it */
    c = compare(beginning(7), b);
    CHECK(c.difference == SIGCHAIN_FORKED && c.a_is_good && !c.b_is_good);
    CHECK_EQ(other.verifier.refusal.rule, SIGCHAIN_SIGNATURE);
}

static void what_is_no_fork_is_not_called_one(void)
{
    struct sigchain_comparison c = compare(beginning(7), beginning(7));
    CHECK(c.difference == SIGCHAIN_SAME && c.common_count == 7 && c.a_is_good && c.b_is_good);
    static uint8_t longer[16 * (4 + TX_BYTES_MAX)];
    struct cursor nine = beginning(9);
    memcpy(longer, nine.at, nine.left_bytes);
    nine.at = longer;
    c = compare(nine, beginning(7));
    CHECK(c.difference == SIGCHAIN_A_LONGER && c.common_count == 7 && c.a_is_good && c.b_is_good);
    c = compare(beginning(7), nine);
    CHECK(c.difference == SIGCHAIN_B_LONGER && c.common_count == 7);
    c = compare(beginning(7), fork_at(0, 2));
    CHECK(c.difference == SIGCHAIN_OTHER_FIRST && c.common_count == 0 && c.a_is_good && c.b_is_good);
    struct cursor b = fork_at(FORK_AT, FORK_AT + 1); /* a stranger cannot make a fork */
    fork_bytes[b.left_bytes - 1] ^= 1;
    c = compare(beginning(7), b);
    CHECK(c.difference == SIGCHAIN_NOT_COMPARABLE && c.a_is_good && !c.b_is_good && c.common_count == FORK_AT);
    c = compare(beginning(7), cursor_of(chain, 5));
    CHECK(c.difference == SIGCHAIN_NOT_COMPARABLE && c.a_is_good && !c.b_is_good);
    CHECK_EQ(other.verifier.refusal.rule, SIGCHAIN_MALFORMED);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"sigchain: a long chain goes on from a checkpoint", a_long_chain_goes_on_from_a_checkpoint},
        {"sigchain: a checkpoint with one thing changed is refused", a_checkpoint_with_one_thing_changed_is_refused},
        {"sigchain: pins hold against a checkpoint", pins_hold_against_a_checkpoint},
        {"sigchain: what has no checkpoint says so", what_has_no_checkpoint_says_so},
        {"sigchain: a fork is found where it is", a_fork_is_found_where_it_is},
        {"sigchain: what is no fork is not called one", what_is_no_fork_is_not_called_one},
    };
    return UNIT_MAIN(cases);
}
