/* SPDX-License-Identifier: MIT */
/**
 * Shows that what we sign for the users of the vectors is what the node signed: Falcon transactions to the last byte,
 * others but for the signature, the change of a password, a recovery key; and which keys and recovery keys are refused.
 */
#include "llc_kdf.h"
#include "sigchain.h"
#include "unit.h"
#include "vectors.h"

#define TRANSACTIONS_MAX 32u

static struct kdf_credentials alice = {"lxos-alice", "Alice-Pass-01", "4321"};
static struct kdf_credentials alice_later = {"lxos-alice", "Alice-Pass-02", "9999"};
static struct kdf_credentials bob = {"lxos-bob", "Bob-Pass-0001", "8765"};

static struct transaction_builder builder;
static struct sigchain_falcon falcon;
static struct sigchain_verifier verifier;
static struct sigchain_register table[64];
static uint8_t buffer[8192];
static uint8_t raw[TRANSACTIONS_MAX][4096];
static struct cursor transactions[TRANSACTIONS_MAX];
static size_t transaction_count;
static const uint8_t randomness[BRAINPOOL_RANDOM_BYTES] = {3};

/** Reads the transactions of a user of the private network: lines of eight words, the last one in hexadecimal. */
static void load(const char *user)
{
    struct vectors v = vectors_open("tests/vectors/nexus/flat_tx.txt");
    char start[64];
    snprintf(start, sizeof start, "\nprivate %s ", user);
    transaction_count = 0;
    while (transaction_count < TRANSACTIONS_MAX && vectors_skip(&v, start)) {
        const char *end = (const char *)memchr(v.at, '\n', v.left_chars);
        size_t line_chars = end == NULL ? v.left_chars : (size_t)(end - v.at);
        const char *hex = v.at;
        for (const char *p = v.at; p < v.at + line_chars; p++) {
            hex = *p == ' ' ? p + 1 : hex;
        }
        struct vectors piece = {hex, line_chars - (size_t)(hex - v.at)};
        size_t len = vectors_hex(piece, raw[transaction_count], sizeof raw[0]);
        CHECK(len > 1);
        transactions[transaction_count] = cursor_of(raw[transaction_count] + 1, len - 1);
        transaction_count++;
    }
}

/** Starts the verifier over a user's chain and lets it go up to, and not with, a transaction. */
static void verify_up_to(size_t count)
{
    struct sigchain_setup setup = {.registers = table, .register_capacity = ARRAY_LEN(table)};
    sigchain_network_of(NETWORK_PRIVATE, "", &setup.network);
    sigchain_verifier_init(&verifier, &setup);
    for (size_t i = 0; i < count; i++) {
        CHECK(sigchain_add(&verifier, transactions[i].at, transactions[i].left_bytes));
    }
}

static void key_of(const struct kdf_credentials *user, uint32_t sequence, enum signature_type type, uint8_t bytes[64],
                   struct sigchain_secret *out)
{
    static struct {
        const struct kdf_credentials *user;
        uint32_t sequence;
        uint8_t bytes[64];
    } known[2]; /* as a key takes half a second, and most are asked for twice in a row */
    unsigned at = sequence % 2;
    if (known[at].user != user || known[at].sequence != sequence) {
        CHECK_EQ(kdf_key(user, sequence, known[at].bytes), LX_OK);
        known[at].user = user;
        known[at].sequence = sequence;
    }
    memcpy(bytes, known[at].bytes, 64);
    *out = (struct sigchain_secret){.type = type, .bytes = bytes, .random = randomness, .falcon = &falcon};
}

/** Makes a transaction's contracts again. */
static void contracts_make(const struct transaction *tx)
{
    static struct register_state state;
    struct cursor contracts = tx->contracts;
    struct contract contract;
    struct operation op;
    transaction_begin(&builder, &tx->genesis, tx->timestamp, buffer, sizeof buffer);
    while (contract_next(&contracts, &contract)) {
        CHECK_EQ(operation_parse(contract.operation, &op), REGISTER_OK);
        if (op.code == OPERATION_CREATE) {
            CHECK_EQ(transaction_create(&builder, &op.address, (enum register_type)op.kind, op.data.at,
                                        op.data.left_bytes, &state),
                     REGISTER_OK);
            continue;
        }
        struct cursor before = cursor_of(contract.registers.at + 1, contract.registers.left_bytes - 1);
        CHECK_EQ(register_parse(&before, &state), REGISTER_OK);
        CHECK_EQ(transaction_operation(&builder, &op, contract.conditions, &state), REGISTER_OK);
    }
}

/** Makes and signs one of Bob's transactions again and compares all of it. */
static void check_bob(uint32_t n)
{
    struct transaction tx;
    struct sigchain_secret secret, next_secret;
    struct sigchain_next next = {.type = SIGNATURE_FALCON};
    struct sigchain_link link;
    struct u512 txid;
    uint8_t bytes[64], next_bytes[64];
    CHECK_EQ(transaction_parse(transactions[n].at, transactions[n].left_bytes, &tx), LX_OK);
    verify_up_to(n);
    if (n == 0) {
        sigchain_link_first(&verifier.setup.network, &tx.genesis, &link);
    } else {
        sigchain_link_of(&verifier, &link);
    }
    key_of(&bob, n, SIGNATURE_FALCON, bytes, &secret);
    key_of(&bob, n + 1, SIGNATURE_FALCON, next_bytes, &next_secret);
    CHECK_EQ(sigchain_secret_hash(&next_secret, &next.key), LX_OK);
    contracts_make(&tx);
    CHECK_EQ(transaction_sign_as(&builder, &link, &next, &secret, &txid), LX_OK);
    CHECK_EQ(builder.out.used_bytes, transactions[n].left_bytes);
    CHECK_BYTES(buffer, transactions[n].at, transactions[n].left_bytes);
    CHECK(sigchain_add(&verifier, buffer, builder.out.used_bytes));
}

static void falcon_transactions_are_the_nodes_to_the_last_byte(void)
{
    load("bob");
    CHECK_EQ(transaction_count, 7);
    check_bob(0); /* CREATE of his profile, with which the chain begins */
    check_bob(1); /* two CREATEs */
}

/** The profile's hashes of some credentials, with Brainpool keys; llc_kdf's test has how they are derived. */
static void profile_load(const char *path, struct sigchain_profile *out)
{
    struct u256 *to[] = {&out->auth, &out->network, &out->sign};
    struct vectors v = vectors_open(path);
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        struct vectors piece = {NULL, 0};
        CHECK(vectors_field(&v, "keyhash_brainpool", &piece));
        CHECK(hex_to_mem(piece.at, piece.left_chars, to[i]->bytes, U256_BYTES));
    }
}

/** Signs what the builder holds for Alice as transaction n, whose next key is `next_user`'s, and compares all but R, S. */
static void check_alice(uint32_t n, const struct kdf_credentials *next_user, const struct u256 *recovery)
{
    struct transaction tx;
    struct sigchain_secret secret, next_secret;
    struct sigchain_next next = {.type = SIGNATURE_BRAINPOOL, .recovery = recovery};
    struct sigchain_link link;
    struct u512 txid;
    uint8_t bytes[64], next_bytes[64];
    CHECK_EQ(transaction_parse(transactions[n].at, transactions[n].left_bytes, &tx), LX_OK);
    sigchain_link_of(&verifier, &link);
    key_of(&alice, n, SIGNATURE_BRAINPOOL, bytes, &secret);
    key_of(next_user, n + 1, SIGNATURE_BRAINPOOL, next_bytes, &next_secret);
    CHECK_EQ(sigchain_secret_hash(&next_secret, &next.key), LX_OK);
    CHECK_EQ(transaction_sign_as(&builder, &link, &next, &secret, &txid), LX_OK);
    CHECK_EQ(builder.out.used_bytes, transactions[n].left_bytes);
    CHECK_BYTES(buffer, transactions[n].at, tx.hashed.left_bytes + 1 + BRAINPOOL_PUBLIC_BYTES);
    CHECK(sigchain_add(&verifier, buffer, builder.out.used_bytes));
}

static struct sigchain_profile profile, profile_later;
static struct register_state crypto;

static const struct register_state *crypto_state(void)
{
    struct u256 address;
    address_of_crypto(&verifier.genesis, &address);
    const struct sigchain_register *r = sigchain_find(&verifier, &address);
    CHECK(r != NULL);
    return &r->state;
}

static void a_profile_begins_as_the_nodes(void)
{
    struct transaction tx;
    load("alice");
    CHECK_EQ(transaction_parse(transactions[0].at, transactions[0].left_bytes, &tx), LX_OK);
    profile_load("tests/vectors/nexus/keys_alice_private.json", &profile);
    transaction_begin(&builder, &tx.genesis, tx.timestamp, buffer, sizeof buffer);
    CHECK_EQ(transaction_profile_create(&builder, &profile, &crypto), REGISTER_OK);
    CHECK_EQ(builder.out.used_bytes, 1 + tx.contracts.left_bytes);
    CHECK_BYTES(buffer, tx.hashed.at, builder.out.used_bytes);
}

/** After the change, key 19 of the old credentials signs nothing; the recovery key would. */
static void check_old_credentials_are_refused(const struct transaction *before)
{
    static struct register_state state;
    struct sigchain_secret secret;
    struct sigchain_next next = {.type = SIGNATURE_BRAINPOOL, .key = {{1}}};
    struct sigchain_link link;
    struct u512 txid;
    uint8_t bytes[64];
    state = crypto;
    sigchain_link_of(&verifier, &link);
    key_of(&alice, 19, SIGNATURE_BRAINPOOL, bytes, &secret);
    transaction_begin(&builder, &before->genesis, before->timestamp, buffer, sizeof buffer);
    CHECK_EQ(transaction_profile_write(&builder, &profile, &state), REGISTER_OK);
    CHECK_EQ(transaction_sign_as(&builder, &link, &next, &secret, &txid), LX_EINVAL);
}

/* Transaction 17 of Alice sets her recovery key (and writes the profile as it was); 18 changes password and PIN. */
static void recovery_and_credentials_change_as_the_nodes(void)
{
    struct transaction tx;
    verify_up_to(17);
    CHECK_EQ(transaction_parse(transactions[17].at, transactions[17].left_bytes, &tx), LX_OK);
    crypto = *crypto_state();
    transaction_begin(&builder, &tx.genesis, tx.timestamp, buffer, sizeof buffer);
    CHECK_EQ(transaction_profile_write(&builder, &profile, &crypto), REGISTER_OK);
    check_alice(17, &alice, &tx.recovery);

    profile_load("tests/vectors/nexus/keys_alice_private_newcreds.json", &profile_later);
    CHECK_EQ(transaction_parse(transactions[18].at, transactions[18].left_bytes, &tx), LX_OK);
    transaction_begin(&builder, &tx.genesis, tx.timestamp, buffer, sizeof buffer);
    CHECK_EQ(transaction_profile_write(&builder, &profile_later, &crypto), REGISTER_OK);
    check_alice(18, &alice_later, NULL);
    CHECK(register_equal(&crypto, crypto_state()));
    check_old_credentials_are_refused(&tx);
    CHECK(sigchain_add(&verifier, transactions[19].at, transactions[19].left_bytes)); /* she goes on with the new ones */
}

/* How the secret follows from a phrase is in llc_kdf's test. */
static void recovery_hashes_are_the_nodes(void)
{
    static const char *const names[] = {"hash_falcon", "hash_brainpool"};
    static const enum signature_type types[] = {SIGNATURE_FALCON, SIGNATURE_BRAINPOOL};
    struct vectors v = vectors_open("tests/vectors/nexus/keys_device_mainnet.json");
    uint8_t bytes[64];
    CHECK(vectors_skip(&v, "\"recovery\":") && vectors_field_hex(&v, "secret", bytes, sizeof bytes));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct sigchain_secret secret = {.type = types[i], .bytes = bytes, .falcon = &falcon};
        struct vectors piece = {NULL, 0};
        struct u256 wanted, found;
        CHECK(vectors_field(&v, names[i], &piece));
        CHECK(hex_to_mem(piece.at, piece.left_chars, wanted.bytes, U256_BYTES));
        CHECK_EQ(sigchain_secret_hash(&secret, &found), LX_OK);
        CHECK(u256_equal(&wanted, &found));
    }
}

/* ---- what is refused ------------------------------------------------------------------------------------------------ */

static struct u256 recovery_hash;
static uint8_t secrets[4][64]; /* the announced key, the next one, the recovery key, somebody's */

static struct sigchain_secret secret_number(unsigned i, enum signature_type type)
{
    return (struct sigchain_secret){.type = type, .bytes = secrets[i], .random = randomness, .falcon = &falcon};
}

/** Signs one APPEND as transaction 1 of a small chain with a recovery key. */
static enum lx_err sign_small(unsigned signer, enum signature_type type, const struct u256 *recovery)
{
    static struct register_state state;
    struct sigchain_secret secret = secret_number(signer, type);
    struct sigchain_next next = {.type = SIGNATURE_FALCON, .key = {{9}}, .recovery = recovery};
    struct sigchain_link link;
    struct u512 txid;
    sigchain_link_of(&verifier, &link);
    state = table[0].state;
    transaction_begin(&builder, &link.genesis, link.not_before, buffer, sizeof buffer);
    CHECK_EQ(transaction_append(&builder, &table[0].address, "b", 1, &state), REGISTER_OK);
    return transaction_sign_as(&builder, &link, &next, &secret, &txid);
}

/** Begins a chain whose next key and recovery key, if it has one, are Falcon's. */
static void small_chain(bool has_recovery)
{
    static const struct u256 genesis = {{5, [31] = 0xb7}}, address = {{3, [31] = ADDRESS_APPEND}};
    static struct register_state state;
    struct sigchain_link link;
    struct sigchain_secret first = secret_number(3, SIGNATURE_BRAINPOOL), announced, recovery;
    struct sigchain_next next = {.type = SIGNATURE_FALCON, .recovery = has_recovery ? &recovery_hash : NULL};
    struct u512 txid;
    for (unsigned i = 0; i < ARRAY_LEN(secrets); i++) {
        secrets[i][7] = (uint8_t)(i + 1);
    }
    announced = secret_number(0, SIGNATURE_FALCON);
    recovery = secret_number(2, SIGNATURE_FALCON);
    CHECK_EQ(sigchain_secret_hash(&announced, &next.key), LX_OK);
    CHECK_EQ(sigchain_secret_hash(&recovery, &recovery_hash), LX_OK);
    verify_up_to(0);
    sigchain_link_first(&verifier.setup.network, &genesis, &link);
    transaction_begin(&builder, &genesis, 1800000000, buffer, sizeof buffer);
    CHECK_EQ(transaction_create(&builder, &address, REGISTER_APPEND, "a", 1, &state), REGISTER_OK);
    CHECK_EQ(transaction_sign_as(&builder, &link, &next, &first, &txid), LX_OK);
    CHECK(sigchain_add(&verifier, buffer, builder.out.used_bytes));
}

static bool add_small(void)
{
    return sigchain_add(&verifier, buffer, builder.out.used_bytes);
}

static void only_announced_and_recovery_keys_sign(void)
{
    small_chain(true);
    CHECK_EQ(sign_small(1, SIGNATURE_FALCON, NULL), LX_EINVAL);
    CHECK_EQ(sign_small(0, SIGNATURE_BRAINPOOL, NULL), LX_EINVAL); /* the secret, but not the kind of key */
    CHECK_EQ(sign_small(2, SIGNATURE_FALCON, NULL), LX_OK);
    CHECK(add_small());
    CHECK(u256_equal(&verifier.recovery, &recovery_hash)); /* it was kept */
    small_chain(true);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, NULL), LX_OK);
    CHECK(add_small());
    small_chain(false);
    CHECK_EQ(sign_small(2, SIGNATURE_FALCON, NULL), LX_EINVAL); /* nobody named it */
}

static void only_the_recovery_key_changes_the_recovery_key(void)
{
    static const struct u256 other = {{0x77}}, none;
    small_chain(true);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, &other), LX_EINVAL);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, &none), LX_EINVAL);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, &recovery_hash), LX_OK);
    CHECK_EQ(sign_small(2, SIGNATURE_FALCON, &other), LX_OK);
    CHECK(add_small());
    CHECK(u256_equal(&verifier.recovery, &other));
    small_chain(false);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, &other), LX_OK); /* there was none before */
    CHECK(add_small());
}

/** Expects that the small chain refuses the buffer with a byte changed at `at`, by a rule. */
static void check_refused(size_t at, uint8_t change, enum sigchain_rule rule)
{
    buffer[at] ^= change;
    CHECK(!add_small());
    CHECK_EQ(verifier.refusal.rule, rule);
    buffer[at] ^= change;
}

static void a_change_of_one_thing_is_refused(void)
{
    struct transaction tx;
    small_chain(true);
    CHECK_EQ(sign_small(2, SIGNATURE_FALCON, NULL), LX_OK);
    CHECK_EQ(transaction_parse(buffer, builder.out.used_bytes, &tx), LX_OK);
    size_t hashed = tx.hashed.left_bytes;
    check_refused(hashed - 2, SIGNATURE_FALCON ^ SIGNATURE_BRAINPOOL, SIGCHAIN_SIGNATURE); /* nKeyType */
    check_refused(hashed - 2, SIGNATURE_FALCON, SIGCHAIN_KEY_TYPE);                        /* none */
    check_refused(hashed - 1, 3, SIGCHAIN_SIGNATURE);                                      /* nNextType */
    check_refused(hashed - 2 - 64 - 32 - 32, 1, SIGCHAIN_SIGNATURE);                       /* hashRecovery, by the right key */
    check_refused(hashed + 3, 0x08, SIGCHAIN_KEY);                                         /* the key's header */
    check_refused(hashed + 3 + 100, 0x01, SIGCHAIN_KEY);                                   /* a coefficient */
    check_refused(hashed + 3 + FALCON_PUBLIC_BYTES + 3, 0x60, SIGCHAIN_SIGNATURE);         /* the signature's header */
    check_refused(hashed + 3 + FALCON_PUBLIC_BYTES + 3 + 1, 0x01, SIGCHAIN_SIGNATURE);     /* its nonce */
    check_refused(builder.out.used_bytes - 1, 0x80, SIGCHAIN_SIGNATURE);                   /* its last coefficient */
    CHECK(add_small());
    small_chain(true);
    CHECK_EQ(sign_small(0, SIGNATURE_FALCON, NULL), LX_OK);
    check_refused(hashed - 2 - 64 - 32 - 32, 1, SIGCHAIN_RECOVERY);
    CHECK(add_small());
}

static void a_profile_is_written_to_its_register_only(void)
{
    static struct register_state other;
    small_chain(true);
    transaction_begin(&builder, &verifier.genesis, 1800000000, buffer, sizeof buffer);
    other = table[0].state;
    CHECK_EQ(transaction_profile_write(&builder, &profile, &other), REGISTER_STANDARD);
    CHECK_EQ(builder.contract_count, 0);
    CHECK_EQ(transaction_profile_write(&builder, &profile, &crypto), REGISTER_OWNER); /* Alice's */
    CHECK_EQ(transaction_profile_create(&builder, &profile, &other), REGISTER_OK);
    transaction_begin(&builder, &verifier.genesis, 1800000000, buffer, 300);
    CHECK_EQ(transaction_profile_create(&builder, &profile, &other), REGISTER_NO_SPACE);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"profile: Falcon transactions are the node's to the last byte",
         falcon_transactions_are_the_nodes_to_the_last_byte},
        {"profile: it begins as the node's", a_profile_begins_as_the_nodes},
        {"profile: recovery and credentials change as the node's", recovery_and_credentials_change_as_the_nodes},
        {"profile: recovery hashes are the node's", recovery_hashes_are_the_nodes},
        {"profile: only announced and recovery keys sign", only_announced_and_recovery_keys_sign},
        {"profile: only the recovery key changes the recovery key", only_the_recovery_key_changes_the_recovery_key},
        {"profile: a change of one thing is refused", a_change_of_one_thing_is_refused},
        {"profile: it is written to its register only", a_profile_is_written_to_its_register_only},
    };
    return UNIT_MAIN(cases);
}
