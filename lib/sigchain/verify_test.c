/* SPDX-License-Identifier: MIT */
/**
 * Shows each rule of verification on a chain that we sign ourselves, by changing one thing in a good one; that refusals
 * say where and why; that a stranger cannot break a chain and its owner can; and what pins tell.
 */
#include "unit.h"
#include "verify.h"

#define CAPACITY 4u
#define TIME_S   1800000000u

static const struct u256 alice = {{0xa1, 1, [31] = 0xb7}};
static const struct u256 bob = {{0xb0, 2, [31] = 0xb7}};
static const struct u256 app_address = {{1, [31] = ADDRESS_OBJECT}};
static const struct u256 raw_address = {{2, [31] = ADDRESS_RAW}};

static struct sigchain_network network;
static struct sigchain_verifier verifier;
static struct sigchain_register table[CAPACITY];
static struct transaction_builder builder;

/** Everything of a transaction, to be changed before it is signed. */
struct draft {
    uint8_t contracts[4096];
    size_t contracts_bytes; /* with their number in front */
    uint32_t version, sequence;
    uint64_t timestamp;
    struct u256 next, recovery, genesis;
    struct u512 previous;
    uint8_t key_type, next_type;
    unsigned signer; /* number of the key that signs */
};

struct bytes {
    uint8_t at[8192];
    size_t len;
};

static struct draft drafts[4];
static struct bytes good[4];

/* ---- making ----------------------------------------------------------------------------------------------------- */

/** Key number n of a made-up owner; numbers from 100 are nobody's. */
static void secret_of(unsigned n, uint8_t out[64])
{
    uint8_t seed[1] = {(uint8_t)n};
    sk_of(SK512, seed, 1, out);
}

static void key_hash_of(unsigned n, struct u256 *out)
{
    uint8_t secret[64];
    secret_of(n, secret);
    CHECK_EQ(sigchain_key_hash(secret, out), LX_OK);
}

/** Serialises and signs a draft as it is. */
static void sign(const struct draft *d, struct bytes *out)
{
    static const uint8_t random[32];
    uint8_t secret[64], key[65], digest[64], signature[135];
    struct writer w = writer_of(out->at, sizeof out->at);
    struct u512 txid;
    writer_put(&w, d->contracts, d->contracts_bytes);
    writer_le32(&w, d->version);
    writer_le32(&w, d->sequence);
    writer_le64(&w, d->timestamp);
    writer_put(&w, d->next.bytes, 32);
    writer_put(&w, d->recovery.bytes, 32);
    writer_put(&w, d->genesis.bytes, 32);
    writer_put(&w, d->previous.bytes, 64);
    writer_u8(&w, d->key_type);
    writer_u8(&w, d->next_type);
    struct transaction tx = {.hashed = cursor_of(out->at, w.used_bytes)};
    transaction_id(&tx, &txid);
    gb_of_mem(txid.bytes, 64, digest);
    secret_of(d->signer, secret);
    CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
    CHECK_EQ(brainpool_sign(secret, digest, random, signature), LX_OK);
    vector_put(&w, key, sizeof key);
    vector_put(&w, signature, sizeof signature);
    CHECK(!w.overflow);
    out->len = w.used_bytes;
}

static void id_of(const struct bytes *bytes, struct u512 *out)
{
    struct transaction tx;
    CHECK_EQ(transaction_parse(bytes->at, bytes->len, &tx), LX_OK);
    transaction_id(&tx, out);
}

/** A draft that follows transaction number `sequence` - 1 of the good chain, without contracts. */
static void draft_start(struct draft *d, uint32_t sequence)
{
    memset(d, 0, sizeof *d);
    d->version = 4;
    d->sequence = sequence;
    d->timestamp = TIME_S + 10 * sequence;
    d->genesis = alice;
    d->key_type = d->next_type = SIGNATURE_BRAINPOOL;
    d->signer = sequence;
    key_hash_of(sequence + 1, &d->next);
    if (sequence == 0) {
        d->previous = network.id;
    } else {
        id_of(&good[sequence - 1], &d->previous);
    }
    transaction_begin(&builder, &alice, d->timestamp, d->contracts, sizeof d->contracts);
}

static void draft_end(struct draft *d)
{
    CHECK(!builder.out.overflow);
    d->contracts_bytes = builder.out.used_bytes;
}

static struct register_state app_state, raw_state;

static void add_create_app(void)
{
    uint8_t data[256];
    struct record_app record = {.app = "demo", .seq = 1, .manifest = {{9}}};
    struct writer w = writer_of(data, sizeof data);
    CHECK_EQ(record_app_data(&record, &w), LX_OK);
    CHECK_EQ(transaction_create(&builder, &app_address, REGISTER_OBJECT, data, w.used_bytes, &app_state), REGISTER_OK);
}

static void add_write_app(struct register_state *state, uint64_t seq)
{
    uint8_t payload[256];
    struct record_app record = {.app = "demo", .seq = seq, .manifest = {{(uint8_t)seq}}};
    struct writer w = writer_of(payload, sizeof payload);
    CHECK_EQ(record_app_payload(state, &record, &w), LX_OK);
    CHECK_EQ(transaction_write(&builder, &app_address, payload, w.used_bytes, state), REGISTER_OK);
}

/** The good chain: creates an app and raw data; writes the app; appends to the data; writes the app. */
static void make_good_chain(void)
{
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    for (uint32_t i = 0; i < 4; i++) {
        draft_start(&drafts[i], i);
        if (i == 0) {
            add_create_app();
            CHECK_EQ(transaction_create(&builder, &raw_address, REGISTER_RAW, "log", 3, &raw_state), REGISTER_OK);
        } else if (i == 2) {
            CHECK_EQ(transaction_append(&builder, &raw_address, "+1", 2, &raw_state), REGISTER_OK);
        } else {
            add_write_app(&app_state, i + 1);
        }
        draft_end(&drafts[i]);
        sign(&drafts[i], &good[i]);
    }
}

static void start(const struct sigchain_network *of, const struct sigchain_pin *pins, size_t pin_count,
                  sigchain_check_work_fn check_work)
{
    struct sigchain_setup setup = {*of, table, CAPACITY, pins, pin_count, check_work};
    sigchain_verifier_init(&verifier, &setup);
}

/** A verifier that has accepted the first `count` transactions of the good chain. */
static void start_after(uint32_t count)
{
    start(&network, NULL, 0, NULL);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(sigchain_add(&verifier, good[i].at, good[i].len));
    }
}

static bool add(const struct bytes *bytes)
{
    return sigchain_add(&verifier, bytes->at, bytes->len);
}

static bool refused(const struct bytes *bytes, enum sigchain_rule rule, const char *sentence)
{
    if (add(bytes)) {
        printf("# accepted, not refused for rule %d\n", (int)rule);
        return false;
    }
    if (verifier.refusal.rule != rule || strcmp(verifier.refusal.sentence, sentence) != 0) {
        printf("# rule %d: %s\n", (int)verifier.refusal.rule, verifier.refusal.sentence);
        return false;
    }
    return true;
}

/* ---- the good chain --------------------------------------------------------------------------------------------- */

static void a_good_chain_verifies(void)
{
    char text[256];
    uint64_t seq = 0;
    start_after(4);
    CHECK(sigchain_finish(&verifier));
    CHECK_EQ(sigchain_sequence(&verifier), 3);
    const struct sigchain_register *app = sigchain_find(&verifier, &app_address);
    CHECK(app != NULL && app->origin == SIGCHAIN_CREATED && app->changed_by == 3);
    CHECK(app != NULL && field_u64(&app->state, "seq", &seq) && seq == 4);
    const struct sigchain_register *raw = sigchain_find(&verifier, &raw_address);
    CHECK(raw != NULL && raw->changed_by == 2 && raw->state.data_bytes == 5);
    CHECK(sigchain_find(&verifier, &alice) == NULL);
    sigchain_describe(&verifier, text, sizeof text);
    CHECK(
        strcmp(
            text,
            "4 transactions, each signed with the key that the one before announced; order and contents of 2 registers "
            "proven; author unknown, as no first transaction is pinned; unanchored") == 0);
    sigchain_describe(&verifier, text, 10);
    CHECK(strcmp(text, "4 transac") == 0);
}

static void a_chain_of_64_registers_fits_256_kib(void)
{
    size_t need = sizeof(struct sigchain_verifier) + 64 * sizeof(struct sigchain_register);
    printf("# %zu bytes, of which %zu a register\n", need, sizeof(struct sigchain_register));
    CHECK(need <= (size_t)256 * 1024);
}

/* ---- numbers: one changed in a transaction that is signed again ------------------------------------------------- */

static void change_version(struct draft *d)
{
    d->version = 3;
}
static void change_version_5(struct draft *d)
{
    d->version = 5;
}
static void change_genesis(struct draft *d)
{
    d->genesis.bytes[0] ^= 1;
}
static void change_network(struct draft *d)
{
    d->genesis.bytes[31] = 0xa1;
}
static void change_sequence(struct draft *d)
{
    d->sequence++;
}
static void change_previous(struct draft *d)
{
    d->previous.bytes[7] ^= 1;
}
static void change_timestamp(struct draft *d)
{
    d->timestamp = TIME_S; /* that of transaction 0 is not before it; that of the one before is */
}
static void change_next(struct draft *d)
{
    d->next = (struct u256){{0}};
}
static void change_key_type(struct draft *d)
{
    d->key_type = 3;
}
static void change_to_falcon(struct draft *d)
{
    d->key_type = SIGNATURE_FALCON; /* a Brainpool key and signature are none of Falcon's */
}
static void change_signer(struct draft *d)
{
    d->signer = 100;
}
static void change_signer_to_old(struct draft *d)
{
    d->signer = 0;
}

static void one_number_changed_is_refused(void)
{
    static const struct {
        uint32_t at;
        void (*change)(struct draft *d);
        enum sigchain_rule rule;
        const char *sentence;
    } cases[] = {
        {2, change_version, SIGCHAIN_VERSION, "transaction 2: nVersion is not one that is valid at nTimestamp"},
        {2, change_version_5, SIGCHAIN_VERSION, "transaction 2: nVersion is not one that is valid at nTimestamp"},
        {2, change_genesis, SIGCHAIN_GENESIS,
         "transaction 2: hashGenesis is not that of transaction 0; it is of another chain"},
        {2, change_network, SIGCHAIN_NETWORK, "transaction 2: the type byte of hashGenesis is of another network"},
        {0, change_network, SIGCHAIN_NETWORK, "transaction 0: the type byte of hashGenesis is of another network"},
        {2, change_sequence, SIGCHAIN_SEQUENCE,
         "transaction 2: nSequence does not follow; a transaction is missing or out of order here"},
        {0, change_sequence, SIGCHAIN_FIRST,
         "transaction 0: nSequence is not 0; the chain does not begin with its first transaction"},
        {2, change_previous, SIGCHAIN_PREVIOUS,
         "transaction 2: hashPrevTx does not name the transaction before; the chain is reordered or changed here"},
        {0, change_previous, SIGCHAIN_NETWORK_ID,
         "transaction 0: hashPrevTx is not the id of this network; the chain is of another one"},
        {2, change_timestamp, SIGCHAIN_TIMESTAMP,
         "transaction 2: nTimestamp is earlier than that of the transaction before"},
        {2, change_next, SIGCHAIN_NEXT, "transaction 2: hashNext is zero, so no key could ever sign the next one"},
        {2, change_key_type, SIGCHAIN_KEY_TYPE, "transaction 2: nKeyType is neither 1 (Falcon) nor 2 (Brainpool)"},
        {2, change_to_falcon, SIGCHAIN_SIGNATURE,
         "transaction 2: vchSig does not fit; the transaction was changed after it was signed, or another key signed "
         "it"},
        {2, change_signer, SIGCHAIN_KEY,
         "transaction 2: vchPubKey is not the key that hashNext of the transaction before announced; somebody else "
         "made it"},
        {2, change_signer_to_old, SIGCHAIN_KEY,
         "transaction 2: vchPubKey is not the key that hashNext of the transaction before announced; somebody else "
         "made it"},
    };
    static struct draft d;
    static struct bytes bytes;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        d = drafts[cases[i].at];
        cases[i].change(&d);
        sign(&d, &bytes);
        start_after(cases[i].at);
        CHECK(refused(&bytes, cases[i].rule, cases[i].sentence));
        CHECK_EQ(verifier.refusal.index, cases[i].at);
        CHECK(add(&good[cases[i].at])); /* nothing had changed */
    }
}

static void versions_follow_time(void)
{
    static const struct {
        uint32_t version;
        uint64_t timestamp;
        bool is_valid;
    } cases[] = {
        {4, 1631563980, true},         {4, 1631563979, false}, {3, 1631563980 + 3600, true},
        {3, 1631563980 + 3601, false}, {3, 1631046780, true},  {3, 1631046779, false},
        {1, 1572325200, true},         {1, 1572325199, false}, {0, 1700000000, false},
    };
    static struct draft d;
    static struct bytes bytes;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        draft_start(&d, 0);
        transaction_begin(&builder, &alice, cases[i].timestamp, d.contracts, sizeof d.contracts);
        CHECK_EQ(transaction_create(&builder, &raw_address, REGISTER_RAW, "x", 1, &raw_state), REGISTER_OK);
        draft_end(&d);
        d.version = cases[i].version;
        d.timestamp = cases[i].timestamp;
        sign(&d, &bytes);
        start_after(0);
        CHECK(add(&bytes) == cases[i].is_valid);
    }
    make_good_chain();
}

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

static void any_byte_changed_is_refused(void)
{
    static struct bytes bytes;
    for (size_t i = 0; i < good[1].len; i++) {
        bytes = good[1];
        bytes.at[i] ^= 1;
        start_after(1);
        CHECK(!add(&bytes));
        CHECK(!verifier.is_broken && strncmp(verifier.refusal.sentence, "transaction 1: ", 15) == 0);
    }
    CHECK(add(&good[1]));
}

static void a_transaction_cut_or_extended_is_refused(void)
{
    static struct bytes bytes;
    start_after(1);
    bytes = good[1];
    for (bytes.len = 0; bytes.len < good[1].len; bytes.len++) {
        CHECK(refused(&bytes, SIGCHAIN_MALFORMED,
                      "transaction 1: its bytes are not one transaction; it is cut, changed or too long"));
    }
    bytes.len = good[1].len + 1;
    CHECK(refused(&bytes, SIGCHAIN_MALFORMED,
                  "transaction 1: its bytes are not one transaction; it is cut, changed or too long"));
    static uint8_t large[TRANSACTION_BYTES_MAX + 1];
    CHECK(!sigchain_add(&verifier, large, sizeof large));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_LIMIT);
    bytes = good[1];
    bytes.at[0] = 101;
    CHECK(refused(&bytes, SIGCHAIN_LIMIT, "transaction 1: it is larger than 2 MiB or has more than 100 contracts"));
    CHECK(add(&good[1]));
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void transactions_out_of_order_are_refused(void)
{
    start_after(0);
    CHECK(refused(&good[1], SIGCHAIN_FIRST,
                  "transaction 0: nSequence is not 0; the chain does not begin with its first transaction"));
    start_after(1);
    CHECK(refused(&good[2], SIGCHAIN_SEQUENCE,
                  "transaction 1: nSequence does not follow; a transaction is missing or out of order here"));
    CHECK(refused(&good[0], SIGCHAIN_REPEATED, "transaction 1: it is the last transaction once more"));
    start_after(3);
    CHECK(refused(&good[1], SIGCHAIN_SEQUENCE,
                  "transaction 3: nSequence does not follow; a transaction is missing or out of order here"));
    CHECK(add(&good[3]));
}

static void a_fork_is_told_from_a_strangers_rival(void)
{
    static struct draft d;
    static struct bytes rival;
    d = drafts[2];
    d.timestamp++; /* another transaction in the same place; its contracts no longer matter */
    sign(&d, &rival);
    start_after(3);
    CHECK(refused(&rival, SIGCHAIN_FORK,
                  "transaction 3: the owner signed two transactions in one place; the chain is forked here"));
    rival.at[rival.len - 1] ^= 1; /* his key, but not his signature */
    CHECK(refused(&rival, SIGCHAIN_SEQUENCE,
                  "transaction 3: nSequence does not follow; a transaction is missing or out of order here"));
    d.signer = 100;
    sign(&d, &rival);
    CHECK(refused(&rival, SIGCHAIN_SEQUENCE,
                  "transaction 3: nSequence does not follow; a transaction is missing or out of order here"));
    /* Anybody can begin a chain with this genesis id. */
    d = drafts[0];
    d.timestamp++;
    d.signer = 100;
    sign(&d, &rival);
    start_after(1);
    CHECK(refused(&rival, SIGCHAIN_SEQUENCE,
                  "transaction 1: nSequence does not follow; a transaction is missing or out of order here"));
    CHECK(add(&good[1]));
}

/* ---- pins ------------------------------------------------------------------------------------------------------- */

static void pins_tell_impostors_forks_and_roll_backs(void)
{
    static struct draft d;
    static struct bytes other;
    struct sigchain_pin pins[2] = {{.sequence = 2}, {.sequence = 0}};
    char text[256];
    id_of(&good[2], &pins[0].txid);
    id_of(&good[0], &pins[1].txid);
    d = drafts[0]; /* the same genesis id, and a key of the impostor's */
    d.signer = 100;
    d.timestamp++;
    sign(&d, &other);
    start(&network, pins, 2, NULL);
    CHECK(refused(&other, SIGCHAIN_PIN,
                  "transaction 0: its id is not the one that is known to stand here; it is another chain, or a fork of "
                  "this one"));
    CHECK(!sigchain_finish(&verifier));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_NO_CHAIN);
    CHECK(add(&good[0]) && add(&good[1]));
    CHECK(!sigchain_finish(&verifier));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_ROLLED_BACK);
    CHECK(strcmp(verifier.refusal.sentence,
                 "transaction 2: the chain ends before a transaction that is known to be of it; it is "
                 "cut off or rolled back") == 0);
    d = drafts[2];
    d.timestamp++;
    sign(&d, &other); /* the owner's own fork */
    CHECK(!add(&other));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_PIN);
    CHECK(add(&good[2]) && sigchain_finish(&verifier));
    sigchain_describe(&verifier, text, sizeof text);
    CHECK(strstr(text, "author proven by the first transaction; unanchored") != NULL);
}

/* ---- recovery --------------------------------------------------------------------------------------------------- */

static void the_recovery_key_can_step_in(void)
{
    static struct draft d;
    static struct bytes bytes;
    struct u256 recovery, other;
    key_hash_of(50, &recovery);
    key_hash_of(51, &other);
    start_after(1);
    d = drafts[1]; /* sets a recovery key, which there was none before */
    d.recovery = recovery;
    sign(&d, &bytes);
    CHECK(add(&bytes));
    struct draft lost = drafts[2];
    id_of(&bytes, &lost.previous);
    sign(&lost, &bytes);
    CHECK(refused(
        &bytes, SIGCHAIN_RECOVERY,
        "transaction 2: hashRecovery differs from that of the transaction before, and the recovery key did not sign"));
    lost.signer = 51;
    lost.recovery = recovery;
    sign(&lost, &bytes);
    CHECK(!add(&bytes));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_KEY);
    lost.signer = 50; /* the recovery key, which may also change itself */
    lost.recovery = other;
    sign(&lost, &bytes);
    CHECK(add(&bytes));
    CHECK(u256_equal(&verifier.recovery, &other));
    /* Without a recovery key, a key that hashes to zero is not it; nobody has one, so this is about the comparison. */
    start_after(2);
    lost = drafts[2];
    lost.signer = 50;
    sign(&lost, &bytes);
    CHECK(!add(&bytes));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_KEY);
}

/* ---- contracts -------------------------------------------------------------------------------------------------- */

/** Makes transaction 2 of one contract out of three streams, signs it and adds it. */
static bool add_contract(const void *operation, size_t operation_bytes, const void *conditions, size_t condition_bytes,
                         const void *registers, size_t register_bytes)
{
    static struct draft d;
    static struct bytes bytes;
    draft_start(&d, 2);
    struct writer w = writer_of(d.contracts, sizeof d.contracts);
    writer_u8(&w, 1);
    vector_put(&w, operation, operation_bytes);
    vector_put(&w, conditions, condition_bytes);
    vector_put(&w, registers, register_bytes);
    CHECK(!w.overflow);
    d.contracts_bytes = w.used_bytes;
    sign(&d, &bytes);
    start_after(2);
    return add(&bytes);
}

static bool contract_refused(enum sigchain_rule rule, const char *sentence)
{
    if (verifier.refusal.rule != rule || strcmp(verifier.refusal.sentence, sentence) != 0) {
        printf("# rule %d: %s\n", (int)verifier.refusal.rule, verifier.refusal.sentence);
        return false;
    }
    /* The owner signed it, so it cannot be taken back, and the chain is at its end. */
    bool broken = verifier.is_broken && sigchain_find(&verifier, &app_address) == NULL && !add(&good[2]) &&
                  verifier.refusal.rule == SIGCHAIN_BROKEN && !sigchain_finish(&verifier);
    char text[64];
    sigchain_describe(&verifier, text, sizeof text);
    return broken && strcmp(text, "nothing is proven: the chain is broken") == 0;
}

/** The good contract of transaction 2, taken apart. */
static void take_apart(struct contract *out)
{
    struct cursor c = cursor_of(drafts[2].contracts + 1, drafts[2].contracts_bytes - 1);
    CHECK(contract_next(&c, out));
}

static void states_must_be_whole_and_follow(void)
{
    static struct register_state state, before;
    struct contract contract;
    uint8_t registers[REGISTER_STATE_BYTES_MAX + 16];
    take_apart(&contract);
    const void *op = contract.operation.at;
    size_t op_bytes = contract.operation.left_bytes, bytes = contract.registers.left_bytes;
    CHECK(add_contract(op, op_bytes, NULL, 0, contract.registers.at, bytes));
    memcpy(registers, contract.registers.at, bytes);

    registers[bytes - 1] ^= 1; /* the checksum after */
    CHECK(!add_contract(op, op_bytes, NULL, 0, registers, bytes));
    CHECK(contract_refused(SIGCHAIN_STATE_AFTER,
                           "transaction 2, contract 0 (APPEND): the checksum in ssRegister is not that of "
                           "what the operation makes"));
    registers[bytes - 1] ^= 1;
    registers[bytes - 10] ^= 1; /* the last byte of the state before: its own checksum */
    CHECK(!add_contract(op, op_bytes, NULL, 0, registers, bytes));
    CHECK(contract_refused(SIGCHAIN_STREAM,
                           "transaction 2, contract 0 (APPEND): ssRegister is refused: the register's state does "
                           "not have the checksum that stands behind it"));
    registers[bytes - 10] ^= 1;
    CHECK(!add_contract(op, op_bytes, NULL, 0, registers, bytes - 1));
    CHECK(contract_refused(SIGCHAIN_STREAM,
                           "transaction 2, contract 0 (APPEND): ssRegister is refused: its bytes are malformed"));
    registers[bytes] = 0;
    CHECK(!add_contract(op, op_bytes, NULL, 0, registers, bytes + 1));
    CHECK(contract_refused(SIGCHAIN_STREAM,
                           "transaction 2, contract 0 (APPEND): ssRegister is refused: its bytes are malformed"));

    /*
     * A state that is sound by itself, and not the one that the chain left: as if transaction 0 had created other data.
     */
    struct cursor c = cursor_of(contract.registers.at + 1, bytes - 1);
    CHECK_EQ(register_parse(&c, &before), REGISTER_OK);
    for (unsigned i = 0; i < 3; i++) {
        state = before;
        state.data[0] ^= i == 0;
        state.created -= i == 1;
        state.modified -= i == 2;
        state.checksum = register_checksum(&state);
        struct writer w = writer_of(registers, sizeof registers);
        writer_u8(&w, 1);
        register_serialise(&state, &w);
        state.data[3] = '+';
        state.data[4] = '1';
        state.data_bytes = 5;
        state.modified = drafts[2].timestamp;
        writer_u8(&w, 2);
        writer_le64(&w, register_checksum(&state));
        CHECK(!add_contract(op, op_bytes, NULL, 0, registers, w.used_bytes));
        CHECK(contract_refused(SIGCHAIN_STATE_BEFORE,
                               "transaction 2, contract 0 (APPEND): the state before in ssRegister is not "
                               "the one that the chain left"));
    }
}

static void operations_must_be_permitted(void)
{
    struct contract contract;
    uint8_t operation[128];
    take_apart(&contract);
    CHECK(!add_contract("\x07", 1, NULL, 0, NULL, 0));
    CHECK(contract_refused(SIGCHAIN_OPERATION,
                           "transaction 2, contract 0: ssOperation is refused: there is no such operation, or "
                           "not with this prefix"));
    CHECK(!add_contract(contract.operation.at, contract.operation.left_bytes, "c", 1, contract.registers.at,
                        contract.registers.left_bytes));
    CHECK(contract_refused(SIGCHAIN_OPERATION,
                           "transaction 2, contract 0 (APPEND): ssOperation is refused: the operation takes no "
                           "conditions, or needs some and has none"));
    memcpy(operation, contract.operation.at, contract.operation.left_bytes);
    operation[0] = OPERATION_WRITE; /* two bytes into a register of three */
    CHECK(!add_contract(operation, contract.operation.left_bytes, NULL, 0, contract.registers.at,
                        contract.registers.left_bytes));
    CHECK(contract_refused(SIGCHAIN_OPERATION,
                           "transaction 2, contract 0 (WRITE): ssOperation is refused: raw data must keep its size"));
    memset(operation, 0, sizeof operation);
    operation[0] = OPERATION_COINBASE;
    operation[32] = 0xa1; /* coins for a user of another network */
    CHECK(!add_contract(operation, 49, NULL, 0, NULL, 0));
    CHECK_EQ(verifier.refusal.detail, REGISTER_ADDRESS);
    operation[32] = 0xb7;
    CHECK(add_contract(operation, 49, NULL, 0, NULL, 0));
    CHECK(!add_contract(operation, 49, NULL, 0, "x", 1));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_STREAM);
}

/** Adds transaction 2 with the contracts that the builder holds. */
static bool add_built(struct draft *d)
{
    static struct bytes bytes;
    draft_end(d);
    sign(d, &bytes);
    start_after(2);
    return add(&bytes);
}

static void addresses_are_used_once_and_the_table_ends(void)
{
    static struct draft d;
    static struct register_state state;
    draft_start(&d, 2);
    CHECK_EQ(transaction_create(&builder, &raw_address, REGISTER_RAW, "log", 3, &state), REGISTER_OK);
    CHECK(!add_built(&d));
    CHECK(contract_refused(SIGCHAIN_EXISTS, "transaction 2, contract 0 (CREATE): the address has a register already"));
    draft_start(&d, 2);
    for (uint8_t i = 0; i < 3; i++) {
        struct u256 address = {{10, i, [31] = ADDRESS_RAW}};
        CHECK_EQ(transaction_create(&builder, &address, REGISTER_RAW, "log", 3, &state), REGISTER_OK);
    }
    CHECK(!add_built(&d));
    CHECK(contract_refused(SIGCHAIN_TABLE_FULL,
                           "transaction 2, contract 2 (CREATE): the chain has more registers than there is room for"));
}

static void contracts_must_go_together(void)
{
    static struct draft d;
    uint8_t coinbase[49] = {OPERATION_COINBASE, [32] = 0xb7};
    uint8_t fee[41] = {OPERATION_FEE, [32] = ADDRESS_ACCOUNT};
    CHECK(!add_contract(fee, sizeof fee, NULL, 0, NULL, 0));
    CHECK(contract_refused(SIGCHAIN_EMPTY, "transaction 2: it has no contract, or only fees"));
    draft_start(&d, 2);
    CHECK(!add_built(&d));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_EMPTY);
    draft_start(&d, 2);
    add_write_app(&app_state, 9);
    vector_put(&builder.out, coinbase, sizeof coinbase);
    vector_put(&builder.out, NULL, 0);
    vector_put(&builder.out, NULL, 0);
    d.contracts[0] = 2;
    CHECK(!add_built(&d));
    CHECK(contract_refused(
        SIGCHAIN_MIX, "transaction 2: COINBASE, TRUST, GENESIS or AUTHORIZE stands together with another operation"));
    make_good_chain();
}

static void several_contracts_may_change_one_register(void)
{
    static struct draft d;
    static struct register_state state;
    start_after(2);
    state = sigchain_find(&verifier, &app_address)->state;
    draft_start(&d, 2);
    add_write_app(&state, 10);
    add_write_app(&state, 11);
    CHECK(add_built(&d));
    uint64_t seq = 0;
    CHECK(field_u64(&sigchain_find(&verifier, &app_address)->state, "seq", &seq) && seq == 11);
}

/* ---- registers that change hands -------------------------------------------------------------------------------- */

/** Adds transaction 2 that transfers or claims, to a chain whose table already knows `app_address` as `known`. */
static bool add_after_owner(const struct register_state *known, struct draft *d)
{
    static struct bytes bytes;
    draft_end(d);
    sign(d, &bytes);
    start_after(2);
    table[0].state = *known;
    return add(&bytes);
}

static void registers_change_hands(void)
{
    static struct draft d;
    static struct register_state state, away, offered;
    static const struct u512 txid = {{3}};
    start_after(2);
    CHECK(u256_equal(&table[0].address, &app_address));
    state = table[0].state;
    draft_start(&d, 2);
    CHECK_EQ(transaction_transfer(&builder, &app_address, &bob, false, &state), REGISTER_OK);
    CHECK(add_built(&d));
    CHECK(sigchain_find(&verifier, &app_address) == NULL && verifier.register_count == 2);
    offered = table[0].state;
    CHECK(u256_type(&offered.owner) == OWNER_IN_TRANSFER);

    /* Taken back: nobody can have changed it since, so it must be what it was. */
    state = offered;
    draft_start(&d, 2);
    CHECK_EQ(transaction_claim(&builder, &txid, 0, &app_address, &state), REGISTER_OK);
    CHECK(add_after_owner(&offered, &d));
    CHECK(sigchain_find(&verifier, &app_address) != NULL && table[0].origin == SIGCHAIN_CREATED);
    state = offered;
    state.modified--;
    state.checksum = register_checksum(&state);
    draft_start(&d, 2);
    CHECK_EQ(transaction_claim(&builder, &txid, 0, &app_address, &state), REGISTER_OK);
    CHECK(!add_after_owner(&offered, &d));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_STATE_BEFORE);

    /* Bob claimed it, and gave it back: what he did to it is on his chain. */
    away = offered;
    state = offered;
    state.owner = bob;
    u256_set_type(&state.owner, OWNER_IN_TRANSFER);
    state.data[20] ^= 1;
    state.checksum = register_checksum(&state);
    draft_start(&d, 2);
    CHECK_EQ(transaction_claim(&builder, &txid, 0, &app_address, &state), REGISTER_OK);
    CHECK(add_after_owner(&away, &d));
    CHECK(table[0].origin == SIGCHAIN_CAME && register_equal(&table[0].state, &state));

    /* A register that this chain never saw. */
    static const struct u256 stranger = {{77, [31] = ADDRESS_OBJECT}};
    state = offered;
    draft_start(&d, 2);
    CHECK_EQ(transaction_claim(&builder, &txid, 0, &stranger, &state), REGISTER_OK);
    CHECK(add_built(&d));
    CHECK(sigchain_find(&verifier, &stranger) != NULL && sigchain_find(&verifier, &stranger)->origin == SIGCHAIN_CAME);
    /* While it is ours it is not to be claimed, whatever the contract shows. */
    state = offered;
    draft_start(&d, 2);
    CHECK_EQ(transaction_claim(&builder, &txid, 0, &app_address, &state), REGISTER_OK);
    CHECK(!add_built(&d));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_STATE_BEFORE);
}

/* ---- public networks -------------------------------------------------------------------------------------------- */

static enum lx_err work_answer;
static enum lx_err answer_work(const struct u256 *genesis, const void *hashed, size_t len_bytes)
{
    (void)genesis;
    (void)hashed;
    (void)len_bytes;
    return work_answer;
}

static void first_transactions_on_public_networks_are_limited(void)
{
    static struct draft d;
    static struct bytes bytes;
    static struct register_state state;
    struct sigchain_network main_network;
    char text[256];
    struct u256 user = alice, crypto;
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    static const char *const names[] = {"auth", "lisp", "network", "sign", "verify", "cert", "app1", "app2", "app3"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        field_put(&w, names[i], FIELD_U256, true, alice.bytes, 32);
    }
    u256_set_type(&user, 0xa1);
    address_of_crypto(&user, &crypto);
    sigchain_network_of(NETWORK_MAIN, "ignored", &main_network);
    for (unsigned i = 0; i < 2; i++) {
        draft_start(&d, 0);
        transaction_begin(&builder, &user, d.timestamp, d.contracts, sizeof d.contracts);
        d.genesis = user;
        CHECK_EQ(transaction_create(&builder, &crypto, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
        if (i == 1) {
            CHECK_EQ(transaction_create(&builder, &raw_address, REGISTER_RAW, "x", 1, &state), REGISTER_OK);
        }
        draft_end(&d);
        sign(&d, &bytes);
        start(&main_network, NULL, 0, NULL);
        CHECK(add(&bytes) == (i == 0));
        if (i == 0) {
            sigchain_describe(&verifier, text, sizeof text);
            CHECK(strstr(text, "proof of work not checked; unanchored") != NULL && !verifier.work_is_checked);
            start(&main_network, NULL, 0, answer_work);
            work_answer = LX_EBADMSG;
            CHECK(refused(&bytes, SIGCHAIN_WORK, "transaction 0: hashPrevTx is no proof of work for this transaction"));
            work_answer = LX_ENOSPC; /* it could not be checked */
            CHECK(add(&bytes) && !verifier.work_is_checked);
            start(&main_network, NULL, 0, answer_work);
            work_answer = LX_OK;
            CHECK(add(&bytes) && verifier.work_is_checked);
        } else {
            CHECK_EQ(verifier.refusal.rule, SIGCHAIN_FIRST_CONTRACTS);
            CHECK(!verifier.is_broken && verifier.register_count == 0); /* a first transaction can be anybody's */
        }
    }
}

static void networks_have_their_ids(void)
{
    struct sigchain_network hybrid, other;
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &hybrid);
    sigchain_network_of(NETWORK_HYBRID, "lx-0s", &other);
    CHECK(hybrid.user_type == 0xa7 && !u512_equal(&hybrid.id, &other.id));
    sigchain_network_of(NETWORK_TEST, NULL, &other);
    CHECK_EQ(other.user_type, 0xb1);
    struct sigchain_link link;
    sigchain_link_first(&hybrid, &alice, &link);
    CHECK(u512_equal(&link.previous, &hybrid.id) && link.sequence == 0);
}

static void an_empty_chain_is_none(void)
{
    char text[64];
    start_after(0);
    CHECK(!sigchain_finish(&verifier));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_NO_CHAIN);
    sigchain_describe(&verifier, text, sizeof text);
    CHECK(strcmp(text, "nothing is proven: the chain is empty") == 0);
    CHECK(sigchain_find(&verifier, &app_address) == NULL);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"verify: a good chain verifies", a_good_chain_verifies},
        {"verify: a chain of 64 registers fits 256 KiB", a_chain_of_64_registers_fits_256_kib},
        {"verify: one number changed is refused, and why", one_number_changed_is_refused},
        {"verify: versions follow time", versions_follow_time},
        {"verify: any byte changed is refused", any_byte_changed_is_refused},
        {"verify: a transaction cut or extended is refused", a_transaction_cut_or_extended_is_refused},
        {"verify: transactions out of order are refused", transactions_out_of_order_are_refused},
        {"verify: a fork is told from a stranger's rival", a_fork_is_told_from_a_strangers_rival},
        {"verify: pins tell impostors, forks and roll-backs", pins_tell_impostors_forks_and_roll_backs},
        {"verify: the recovery key can step in", the_recovery_key_can_step_in},
        {"verify: states must be whole and follow", states_must_be_whole_and_follow},
        {"verify: operations must be permitted", operations_must_be_permitted},
        {"verify: addresses are used once, and the table ends", addresses_are_used_once_and_the_table_ends},
        {"verify: contracts must go together", contracts_must_go_together},
        {"verify: several contracts may change one register", several_contracts_may_change_one_register},
        {"verify: registers change hands", registers_change_hands},
        {"verify: first transactions on public networks are limited",
         first_transactions_on_public_networks_are_limited},
        {"verify: networks have their ids", networks_have_their_ids},
        {"verify: an empty chain is none", an_empty_chain_is_none},
    };
    make_good_chain();
    return UNIT_MAIN(cases);
}
