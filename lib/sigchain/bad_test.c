/* SPDX-License-Identifier: MIT */
/**
 * The table of bad vectors: each is a good one in which one thing was changed, and then signed by the key that must sign; it has a name,
 * and is refused for one rule, with a sentence that names the transaction and the field. Every rule of the verifier, and of the registers
 * as far as a chain can break it, stands in it at least once; the test counts.
 */
#include "unit.h"
#include "verify.h"

#define CAPACITY 2u
#define TIME_S   1800000000u

static const struct u256 alice = {{0xa1, 1, [31] = 0xb7}};
static const struct u256 bob = {{0xb0, 2, [31] = 0xb7}};
static const struct u256 anybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct u256 made_address = {{1, [31] = ADDRESS_OBJECT}}; /* created by transaction 0 */

static struct sigchain_network network;
static struct sigchain_verifier verifier;
static struct sigchain_register table[CAPACITY];
static unsigned rule_rows[SIGCHAIN_PIN_SKIPPED + 1], detail_rows[REGISTER_NO_SPACE + 1], row_count;

/** One contract, taken apart so that anything in it can be changed. */
struct spec {
    struct operation op;
    uint8_t data[1100];
    size_t data_bytes;
    struct register_state before; /* what it shows; not of CREATE */
    uint8_t conditions[8];
    size_t condition_bytes;
    /* Changed once it is bytes: */
    int operation_cut, registers_cut; /* so many bytes less, or more */
    uint8_t operation_code;           /* instead of the one that there is; 0: that */
    uint8_t first_tag;                /* the same of the first byte of ssRegister */
    bool spoils_after;                /* the checksum after */
    bool keeps_checksum;              /* that of the state before is not computed anew */
    bool is_lone;                     /* nothing in ssRegister at all */
};

/** A transaction, likewise. */
struct draft {
    struct spec specs[2];
    uint32_t spec_count;
    uint32_t version, sequence;
    uint64_t timestamp;
    struct u256 next, recovery, genesis;
    struct u512 previous;
    uint8_t key_type;
    unsigned signer;
    uint8_t count_byte; /* instead of the number of contracts; 0: that */
    int cut;            /* bytes less, or more, at its end */
    bool spoils_signature;
};

struct bytes {
    uint8_t at[8192];
    size_t len;
};

static struct bytes first; /* transaction 0 of every chain here */

/* ---- making ----------------------------------------------------------------------------------------------------- */

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

static void put_spec(struct writer *w, const struct draft *d, struct spec s)
{
    static uint8_t op_room[2048], register_room[2048];
    static struct register_state after;
    const struct register_caller caller = {d->genesis, d->timestamp, d->version};
    struct writer op = writer_of(op_room, sizeof op_room), registers = writer_of(register_room, sizeof register_room);
    s.op.data = cursor_of(s.data, s.data_bytes);
    CHECK(operation_put(&op, &s.op));
    if (operation_has_register(s.op.code)) {
        after = s.before;
        if (s.op.code != OPERATION_CREATE) {
            if (!s.keeps_checksum) {
                s.before.checksum = after.checksum = register_checksum(&s.before);
            }
            writer_u8(&registers, 1);
            register_serialise(&s.before, &registers);
        }
        if (s.op.code == OPERATION_TRUST || s.op.code == OPERATION_GENESIS) {
            address_of_trust(&d->genesis, &s.op.address);
        }
        (void)!register_execute(&s.op, &caller, &after);
        writer_u8(&registers, 2);
        writer_le64(&registers, after.checksum ^ s.spoils_after);
    }
    if (s.is_lone) {
        registers.used_bytes = 1;
    }
    op_room[0] = s.operation_code != 0 ? s.operation_code : op_room[0];
    register_room[0] = s.first_tag != 0 ? s.first_tag : register_room[0];
    vector_put(w, op.bytes, (size_t)((int)op.used_bytes - s.operation_cut));
    vector_put(w, s.conditions, s.condition_bytes);
    vector_put(w, registers.bytes, (size_t)((int)registers.used_bytes - s.registers_cut));
}

/** Serialises and signs a draft as it is. */
static void sign(const struct draft *d, struct bytes *out)
{
    static const uint8_t random[32];
    uint8_t secret[64], key[65], digest[64], signature[135];
    struct writer w = writer_of(out->at, sizeof out->at);
    struct u512 txid;
    writer_u8(&w, d->count_byte != 0 ? d->count_byte : (uint8_t)d->spec_count);
    for (uint32_t i = 0; i < d->spec_count; i++) {
        put_spec(&w, d, d->specs[i]);
    }
    writer_le32(&w, d->version);
    writer_le32(&w, d->sequence);
    writer_le64(&w, d->timestamp);
    writer_put(&w, d->next.bytes, 32);
    writer_put(&w, d->recovery.bytes, 32);
    writer_put(&w, d->genesis.bytes, 32);
    writer_put(&w, d->previous.bytes, 64);
    writer_u8(&w, d->key_type);
    writer_u8(&w, SIGNATURE_BRAINPOOL);
    struct transaction tx = {.hashed = cursor_of(out->at, w.used_bytes)};
    transaction_id(&tx, &txid);
    gb_of_mem(txid.bytes, 64, digest);
    secret_of(d->signer, secret);
    CHECK_EQ(brainpool_public_of(secret, key), LX_OK);
    CHECK_EQ(brainpool_sign(secret, digest, random, signature), LX_OK);
    signature[134] ^= d->spoils_signature;
    vector_put(&w, key, sizeof key);
    vector_put(&w, signature, sizeof signature);
    CHECK(!w.overflow);
    out->len = (size_t)((int)w.used_bytes - d->cut);
}

/** Starts a draft that follows transaction 0, or is it. */
static void draft_start(struct draft *d, uint32_t sequence)
{
    struct transaction tx;
    memset(d, 0, sizeof *d);
    d->version = 4;
    d->sequence = sequence;
    d->timestamp = TIME_S + 10 * sequence;
    d->genesis = alice;
    d->key_type = SIGNATURE_BRAINPOOL;
    d->signer = sequence;
    d->spec_count = 1;
    key_hash_of(sequence + 1, &d->next);
    key_hash_of(50, &d->recovery);
    d->previous = network.id;
    if (sequence > 0) {
        CHECK_EQ(transaction_parse(first.at, first.len, &tx), LX_OK);
        transaction_id(&tx, &d->previous);
    }
}

static void spec_data(struct spec *s, const void *bytes, size_t len)
{
    memcpy(s->data, bytes, len);
    s->data_bytes = len;
}

/* ---- good contracts --------------------------------------------------------------------------------------------- */

/** A state of alice's that comes from elsewhere, at an address that nothing has touched. */
static void state_start(struct spec *s, enum register_type type, enum address_type address, const void *data, size_t len)
{
    s->before = (struct register_state){.version = 1, .type = (uint8_t)type, .owner = alice, .created = 1, .modified = 2};
    memcpy(s->before.data, data, len);
    s->before.data_bytes = (uint16_t)len;
    s->op.address = (struct u256){{7, [31] = (uint8_t)address}};
}

static size_t object_data(uint8_t out[256])
{
    struct writer w = writer_of(out, 256);
    field_put(&w, "lx", FIELD_STRING, false, "app/1", 5);
    field_put(&w, "seq", FIELD_U64, true, (uint8_t[8]){1}, 8);
    field_put(&w, "note", FIELD_STRING, true, "abc", 3);
    return w.used_bytes;
}

static size_t coins_data(uint8_t out[256], uint64_t balance, const struct u256 *token, bool is_token, bool is_trust)
{
    uint8_t number[8];
    struct writer w = writer_of(out, 256);
    le64_store(number, balance);
    field_put(&w, "balance", FIELD_U64, true, number, 8);
    field_put(&w, "token", FIELD_U256, false, token->bytes, 32);
    if (is_token) {
        field_put(&w, "supply", FIELD_U64, false, number, 8);
        field_put(&w, "decimals", FIELD_U8, false, (uint8_t[1]){2}, 1);
    }
    if (is_trust) {
        field_put(&w, "trust", FIELD_U64, true, (uint8_t[8]){0}, 8);
        field_put(&w, "stake", FIELD_U64, true, (uint8_t[8]){0}, 8);
    }
    return w.used_bytes;
}

static void write_object(struct spec *s)
{
    uint8_t data[256];
    state_start(s, REGISTER_OBJECT, ADDRESS_OBJECT, data, object_data(data));
    s->op.code = OPERATION_WRITE;
    spec_data(s, "\x03seq\x73\2\0\0\0\0\0\0\0", 13);
}
static void write_made(struct spec *s)
{
    write_object(s);
    s->op.address = made_address;
    s->before.created = s->before.modified = TIME_S;
}
static void write_raw(struct spec *s)
{
    state_start(s, REGISTER_RAW, ADDRESS_RAW, "abcd", 4);
    s->op.code = OPERATION_WRITE;
    spec_data(s, "efgh", 4);
}
static void append_raw(struct spec *s)
{
    static const uint8_t zeros[1000];
    state_start(s, REGISTER_RAW, ADDRESS_RAW, zeros, sizeof zeros);
    s->op.code = OPERATION_APPEND;
    spec_data(s, zeros, 24);
}
static void transfer_object(struct spec *s)
{
    write_object(s);
    s->op.code = OPERATION_TRANSFER;
    s->op.kind = TRANSFER_CLAIM;
    s->op.other = bob;
}
static void claim_object(struct spec *s)
{
    write_object(s);
    s->op.code = OPERATION_CLAIM;
    s->before.owner = bob;
    u256_set_type(&s->before.owner, OWNER_IN_TRANSFER);
}
static void create_object(struct spec *s)
{
    uint8_t data[256];
    s->op.code = OPERATION_CREATE;
    s->op.kind = REGISTER_OBJECT;
    s->op.address = (struct u256){{9, [31] = ADDRESS_OBJECT}};
    spec_data(s, data, object_data(data));
}
static void create_account(struct spec *s)
{
    uint8_t data[256];
    create_object(s);
    u256_set_type(&s->op.address, ADDRESS_ACCOUNT);
    spec_data(s, data, coins_data(data, 0, &(struct u256){{0}}, false, false));
}
static void create_token(struct spec *s)
{
    uint8_t data[256];
    create_object(s);
    u256_set_type(&s->op.address, ADDRESS_TOKEN);
    spec_data(s, data, coins_data(data, 1000, &s->op.address, true, false));
}
static void create_trust(struct spec *s)
{
    uint8_t data[256];
    create_object(s);
    address_of_trust(&alice, &s->op.address);
    spec_data(s, data, coins_data(data, 0, &(struct u256){{0}}, false, true));
}
static void create_namespace(struct spec *s)
{
    struct writer w = writer_of(s->data, 64);
    create_object(s);
    field_put(&w, "namespace", FIELD_STRING, false, "lxos", 4);
    s->data_bytes = w.used_bytes;
    address_of_namespace("lxos", 4, &s->op.address);
}
static void create_name(struct spec *s)
{
    struct writer w = writer_of(s->data, 128);
    create_object(s);
    field_put(&w, "namespace", FIELD_STRING, false, "", 0);
    field_put(&w, "name", FIELD_STRING, false, "demo", 4);
    field_put(&w, "address", FIELD_U256, true, alice.bytes, 32);
    s->data_bytes = w.used_bytes;
    address_of_name("demo", 4, &alice, &s->op.address);
}
static void debit(struct spec *s)
{
    uint8_t data[256];
    state_start(s, REGISTER_OBJECT, ADDRESS_ACCOUNT, data, coins_data(data, 100, &(struct u256){{0}}, false, false));
    s->op.code = OPERATION_DEBIT;
    s->op.other = (struct u256){{8, [31] = ADDRESS_ACCOUNT}};
    s->op.amount = 100;
}
static void credit(struct spec *s)
{
    debit(s);
    s->op.code = OPERATION_CREDIT;
    s->op.amount = UINT64_MAX - 100;
}
static void transfer_trust(struct spec *s) /* good but for its being a trust account: an account of its own */
{
    debit(s);
    s->op.code = OPERATION_TRANSFER;
    s->op.kind = TRANSFER_CLAIM;
    s->op.other = bob;
}
static void authorize(struct spec *s)
{
    s->op.code = OPERATION_AUTHORIZE;
    s->op.other = alice;
}
static void coinbase(struct spec *s)
{
    s->op.code = OPERATION_COINBASE;
    s->op.other = alice;
    s->op.amount = 1;
}

/* ---- one change each: contracts ----------------------------------------------------------------------------------- */

/* style: functions of one statement on one line, as a table */
#define CHANGE(name, ...)                                                                                        \
    static void name(struct spec *s)                                                                                   \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

CHANGE(no_operation, s->operation_code = 0x07)
CHANGE(operation_less, s->operation_cut = 1)
CHANGE(operation_more, s->operation_cut = -1)
CHANGE(with_conditions, s->condition_bytes = 1)
CHANGE(to_anybody, s->op.other = anybody)
CHANGE(no_register_address, u256_set_type(&s->op.address, 0xa1))
CHANGE(other_type_address, u256_set_type(&s->op.address, ADDRESS_RAW))
CHANGE(other_address, s->op.address.bytes[0] ^= 1)
CHANGE(of_bob, s->before.owner = bob)
CHANGE(readonly, s->before.type = REGISTER_READONLY)
CHANGE(one_byte_longer, s->data_bytes++)
CHANGE(no_kind, s->op.kind = 9)
CHANGE(too_much_data, s->data_bytes = 1025; s->op.kind = REGISTER_RAW; u256_set_type(&s->op.address, ADDRESS_RAW))
CHANGE(fields_cut, s->data_bytes--)
CHANGE(field_twice_there, memcpy(s->data + s->data_bytes, s->data, 10); s->data_bytes += 10)
CHANGE(with_balance, s->data[10] = 1)
CHANGE(wrong_supply, s->data[10] ^= 1)
CHANGE(capital, s->data[s->data_bytes - 1] = 'S')
CHANGE(colon, memcpy(s->data + 19, ":emo", 4); address_of_name(":emo", 4, &alice, &s->op.address))
CHANGE(payload_cut, s->data_bytes--)
CHANGE(no_such_field, s->data[3] = 'x')
CHANGE(reserved_field, spec_data(s, "\x07" "balance\x73\2\0\0\0\0\0\0\0", 17))
CHANGE(const_field, spec_data(s, "\x02lx\x77\x05" "app/2", 10))
CHANGE(other_field_type, spec_data(s, "\x03seq\x72\2\0\0\0", 9))
CHANGE(other_field_size, spec_data(s, "\x04note\x77\x02" "ab", 9))
CHANGE(field_twice, memcpy(s->data + 13, s->data, 13); s->data_bytes = 26)
CHANGE(to_himself, s->op.other = alice)
CHANGE(a_trust_account, s->before.data_bytes = (uint16_t)coins_data(s->before.data, 0, &(struct u256){{0}}, false, true))
CHANGE(not_offered, s->before.owner = bob)
CHANGE(no_coins, s->before.data_bytes = (uint16_t)object_data(s->before.data))
CHANGE(one_coin_more, s->op.amount++)
CHANGE(broken_object, s->before.data_bytes--)
CHANGE(migrate, s->op.code = OPERATION_MIGRATE; s->data_bytes = OPERATION_TRUST_KEY_BYTES)
CHANGE(of_other_network, u256_set_type(&s->op.other, 0xa1))
CHANGE(to_same, s->op.other = s->op.address)
CHANGE(state_version, s->before.version = 2)
CHANGE(state_type, s->before.type = 0)
CHANGE(state_checksum, s->before.checksum = 5; s->keeps_checksum = true)
CHANGE(stream_less, s->registers_cut = 1)
CHANGE(stream_more, s->registers_cut = -1)
CHANGE(stream_tag, s->first_tag = 2)
CHANGE(stream_where_none, s->registers_cut = -1)
CHANGE(stream_empty, s->is_lone = true)
CHANGE(at_made, s->op.address = made_address)
CHANGE(older, s->before.created--)
CHANGE(other_after, s->spoils_after = true)

static const struct {
    const char *name;
    void (*base)(struct spec *s);
    void (*change)(struct spec *s);
    enum sigchain_rule rule;
    enum register_err detail;
    const char *field;
} contracts[] = {
    {"a code that is no operation", write_object, no_operation, SIGCHAIN_OPERATION, REGISTER_OPERATION, "ssOperation"},
    {"an operation cut short", write_object, operation_less, SIGCHAIN_OPERATION, REGISTER_MALFORMED, "ssOperation"},
    {"an operation with a byte more", write_object, operation_more, SIGCHAIN_OPERATION, REGISTER_MALFORMED, "ssOperation"},
    {"conditions on a WRITE", write_object, with_conditions, SIGCHAIN_OPERATION, REGISTER_CONDITIONS, "ssOperation"},
    {"a gift to anybody without conditions", transfer_object, to_anybody, SIGCHAIN_OPERATION, REGISTER_CONDITIONS, "ssOperation"},
    {"CREATE at an address of nothing", create_object, no_register_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS, "ssOperation"},
    {"an object at an address of raw data", create_object, other_type_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS_TYPE, "ssOperation"},
    {"a name at another's address", create_name, other_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS_VALUE, "ssOperation"},
    {"a namespace at another's address", create_namespace, other_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS_VALUE, "ssOperation"},
    {"a trust account at another's address", create_trust, other_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS_VALUE, "ssOperation"},
    {"a token at another address than it names", create_token, other_address, SIGCHAIN_OPERATION, REGISTER_ADDRESS_VALUE, "ssOperation"},
    {"WRITE to another's register", write_object, of_bob, SIGCHAIN_OPERATION, REGISTER_OWNER, "ssOperation"},
    {"APPEND to another's register", append_raw, of_bob, SIGCHAIN_OPERATION, REGISTER_OWNER, "ssOperation"},
    {"DEBIT of another's account", debit, of_bob, SIGCHAIN_OPERATION, REGISTER_OWNER, "ssOperation"},
    {"WRITE to a register that is read only", write_raw, readonly, SIGCHAIN_OPERATION, REGISTER_NOT_WRITABLE, "ssOperation"},
    {"APPEND to a register that is read only", append_raw, readonly, SIGCHAIN_OPERATION, REGISTER_NOT_APPENDABLE, "ssOperation"},
    {"raw data of another size", write_raw, one_byte_longer, SIGCHAIN_OPERATION, REGISTER_SIZE, "ssOperation"},
    {"APPEND beyond 1024 bytes", append_raw, one_byte_longer, SIGCHAIN_OPERATION, REGISTER_TOO_LARGE, "ssOperation"},
    {"CREATE of more than 1024 bytes", create_object, too_much_data, SIGCHAIN_OPERATION, REGISTER_TOO_LARGE, "ssOperation"},
    {"a kind of register that is none", create_object, no_kind, SIGCHAIN_OPERATION, REGISTER_TYPE, "ssOperation"},
    {"an object's fields cut short", create_object, fields_cut, SIGCHAIN_OPERATION, REGISTER_FIELDS, "ssOperation"},
    {"an object with a field twice", create_object, field_twice_there, SIGCHAIN_OPERATION, REGISTER_FIELDS, "ssOperation"},
    {"an account that begins with coins", create_account, with_balance, SIGCHAIN_OPERATION, REGISTER_STANDARD, "ssOperation"},
    {"a token whose supply is not its balance", create_token, wrong_supply, SIGCHAIN_OPERATION, REGISTER_STANDARD, "ssOperation"},
    {"a namespace with a capital letter", create_namespace, capital, SIGCHAIN_OPERATION, REGISTER_STANDARD, "ssOperation"},
    {"a name that begins with a colon", create_name, colon, SIGCHAIN_OPERATION, REGISTER_STANDARD, "ssOperation"},
    {"a list of fields cut short", write_object, payload_cut, SIGCHAIN_OPERATION, REGISTER_PAYLOAD, "ssOperation"},
    {"a field that there is not", write_object, no_such_field, SIGCHAIN_OPERATION, REGISTER_FIELD_NONE, "ssOperation"},
    {"a field that only the ledger writes", write_object, reserved_field, SIGCHAIN_OPERATION, REGISTER_FIELD_RESERVED, "ssOperation"},
    {"a field that is not mutable", write_object, const_field, SIGCHAIN_OPERATION, REGISTER_FIELD_CONST, "ssOperation"},
    {"a value of another type", write_object, other_field_type, SIGCHAIN_OPERATION, REGISTER_FIELD_TYPE, "ssOperation"},
    {"a value of another size", write_object, other_field_size, SIGCHAIN_OPERATION, REGISTER_FIELD_SIZE, "ssOperation"},
    {"one field written twice", write_object, field_twice, SIGCHAIN_OPERATION, REGISTER_FIELD_TWICE, "ssOperation"},
    {"TRANSFER to himself", transfer_object, to_himself, SIGCHAIN_OPERATION, REGISTER_TO_OWNER, "ssOperation"},
    {"TRANSFER of a trust account", transfer_trust, a_trust_account, SIGCHAIN_OPERATION, REGISTER_TRUST_BOUND, "ssOperation"},
    {"CLAIM of what is not offered", claim_object, not_offered, SIGCHAIN_OPERATION, REGISTER_NOT_OFFERED, "ssOperation"},
    {"DEBIT of what holds no coins", debit, no_coins, SIGCHAIN_OPERATION, REGISTER_NO_ACCOUNT, "ssOperation"},
    {"DEBIT of more than there is", debit, one_coin_more, SIGCHAIN_OPERATION, REGISTER_BALANCE, "ssOperation"},
    {"CREDIT of more than can be", credit, one_coin_more, SIGCHAIN_OPERATION, REGISTER_BALANCE, "ssOperation"},
    {"DEBIT to the same account", debit, to_same, SIGCHAIN_OPERATION, REGISTER_ADDRESS, "ssOperation"},
    {"DEBIT of an object that is broken", debit, broken_object, SIGCHAIN_OPERATION, REGISTER_FIELDS, "ssOperation"},
    {"MIGRATE", debit, migrate, SIGCHAIN_OPERATION, REGISTER_NOT_EXECUTABLE, "ssOperation"},
    {"COINBASE to another network", coinbase, of_other_network, SIGCHAIN_OPERATION, REGISTER_ADDRESS, "ssOperation"},
    {"a state of another version", write_object, state_version, SIGCHAIN_STREAM, REGISTER_VERSION, "ssRegister"},
    {"a state of no type", write_object, state_type, SIGCHAIN_STREAM, REGISTER_TYPE, "ssRegister"},
    {"a state with another checksum", write_object, state_checksum, SIGCHAIN_STREAM, REGISTER_CHECKSUM, "ssRegister"},
    {"a register stream cut short", write_object, stream_less, SIGCHAIN_STREAM, REGISTER_MALFORMED, "ssRegister"},
    {"a register stream with a byte more", write_object, stream_more, SIGCHAIN_STREAM, REGISTER_MALFORMED, "ssRegister"},
    {"a register stream with another tag", write_object, stream_tag, SIGCHAIN_STREAM, REGISTER_MALFORMED, "ssRegister"},
    {"a register stream of one byte", write_object, stream_empty, SIGCHAIN_STREAM, REGISTER_MALFORMED, "ssRegister"},
    {"a register stream where there is none", authorize, stream_where_none, SIGCHAIN_STREAM, REGISTER_MALFORMED, "ssRegister"},
    {"CREATE at an address that is taken", create_object, at_made, SIGCHAIN_EXISTS, REGISTER_OK, "the address"},
    {"a state that the chain did not leave", write_made, older, SIGCHAIN_STATE_BEFORE, REGISTER_OK, "ssRegister"},
    {"another checksum after", write_made, other_after, SIGCHAIN_STATE_AFTER, REGISTER_OK, "ssRegister"},
};

/* ---- one change each: transactions -------------------------------------------------------------------------------- */

static bool has_work_failed;

static enum lx_err check_work(const struct u256 *genesis, const void *hashed, size_t len_bytes)
{
    (void)genesis;
    (void)hashed;
    return len_bytes > 0 && has_work_failed ? LX_EBADMSG : LX_OK;
}

#define ALTER(name, ...)                                                                                         \
    static void name(struct draft *d)                                                                                  \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

ALTER(cut_short, d->cut = 1)
ALTER(one_more, d->cut = -1)
ALTER(many_contracts, d->count_byte = 101)
ALTER(old_version, d->version = 3)
ALTER(new_version, d->version = 5)
ALTER(no_version, d->version = 0)
ALTER(other_network, u256_set_type(&d->genesis, 0xa1))
ALTER(other_network_id, d->previous.bytes[0] ^= 1)
ALTER(not_first, d->sequence = 1)
ALTER(no_work, has_work_failed = d->sequence == 0)
ALTER(other_genesis, d->genesis.bytes[0] ^= 1)
ALTER(left_out, d->sequence++)
ALTER(other_previous, d->previous.bytes[9] ^= 1)
ALTER(before_its_time, d->timestamp = TIME_S - 1)
ALTER(no_next, d->next = (struct u256){{0}})
ALTER(no_key_type, d->key_type = 3)
ALTER(other_key, d->signer = 100)
ALTER(other_recovery, d->recovery.bytes[0] ^= 1)
ALTER(no_signature, d->spoils_signature = true)
ALTER(no_contract, d->spec_count = 0)
ALTER(only_fee, d->specs[0].op.code = OPERATION_FEE)
ALTER(also_authorizes, d->spec_count = 2; authorize(&d->specs[1]))
ALTER(also_writes, d->spec_count = 2; write_object(&d->specs[1]))
ALTER(creates_raw, d->specs[0].op.kind = REGISTER_RAW; d->specs[0].op.address = (struct u256){{9, [31] = ADDRESS_RAW}})

static const struct {
    const char *name;
    uint32_t at;
    void (*base)(struct spec *s);
    void (*alter)(struct draft *d);
    bool is_public;
    enum sigchain_rule rule;
    const char *field;
} transactions[] = {
    {"a transaction cut short", 1, write_object, cut_short, false, SIGCHAIN_MALFORMED, "its bytes"},
    {"a transaction with a byte more", 1, write_object, one_more, false, SIGCHAIN_MALFORMED, "its bytes"},
    {"more contracts than there may be", 1, write_object, many_contracts, false, SIGCHAIN_LIMIT, "contracts"},
    {"an old version", 1, write_object, old_version, false, SIGCHAIN_VERSION, "nVersion"},
    {"a version of the future", 1, write_object, new_version, false, SIGCHAIN_VERSION, "nVersion"},
    {"version zero", 1, write_object, no_version, false, SIGCHAIN_VERSION, "nVersion"},
    {"a genesis id of another network", 1, write_object, other_network, false, SIGCHAIN_NETWORK, "hashGenesis"},
    {"a first one of another network", 0, create_object, other_network_id, false, SIGCHAIN_NETWORK_ID, "hashPrevTx"},
    {"a first one that is not number 0", 0, create_object, not_first, false, SIGCHAIN_FIRST, "nSequence"},
    {"a first one without work", 0, create_account, no_work, true, SIGCHAIN_WORK, "hashPrevTx"},
    {"a first one that creates too much", 0, create_account, creates_raw, true, SIGCHAIN_FIRST_CONTRACTS, "a first transaction"},
    {"another genesis id", 1, write_object, other_genesis, false, SIGCHAIN_GENESIS, "hashGenesis"},
    {"a number left out", 1, write_object, left_out, false, SIGCHAIN_SEQUENCE, "nSequence"},
    {"another one before it", 1, write_object, other_previous, false, SIGCHAIN_PREVIOUS, "hashPrevTx"},
    {"a time before the one before", 1, write_object, before_its_time, false, SIGCHAIN_TIMESTAMP, "nTimestamp"},
    {"no next key", 1, write_object, no_next, false, SIGCHAIN_NEXT, "hashNext"},
    {"no type of key", 1, write_object, no_key_type, false, SIGCHAIN_KEY_TYPE, "nKeyType"},
    {"another key", 1, write_object, other_key, false, SIGCHAIN_KEY, "vchPubKey"},
    {"another recovery key", 1, write_object, other_recovery, false, SIGCHAIN_RECOVERY, "hashRecovery"},
    {"a signature that does not fit", 1, write_object, no_signature, false, SIGCHAIN_SIGNATURE, "vchSig"},
    {"no contract", 1, write_object, no_contract, false, SIGCHAIN_EMPTY, "no contract"},
    {"nothing but a fee", 1, debit, only_fee, false, SIGCHAIN_EMPTY, "only fees"},
    {"AUTHORIZE and another", 1, write_object, also_authorizes, false, SIGCHAIN_MIX, "AUTHORIZE"},
    {"COINBASE and another", 1, coinbase, also_writes, false, SIGCHAIN_MIX, "COINBASE"},
};

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void start(const struct sigchain_network *of, const struct sigchain_pin *pins, size_t pin_count, size_t capacity)
{
    struct sigchain_setup setup = {*of, table, capacity, pins, pin_count, check_work};
    sigchain_verifier_init(&verifier, &setup);
}

/** Checks a refusal of the row `name`, and counts it. */
static void refused(const char *name, enum sigchain_rule rule, enum register_err detail, uint32_t index, const char *field)
{
    const struct sigchain_refusal *r = &verifier.refusal;
    char place[40];
    snprintf(place, sizeof place, "transaction %u", (unsigned)index);
    bool ok = r->rule == rule && r->detail == detail && r->index == index && strstr(r->sentence, field) != NULL &&
              (strncmp(r->sentence, place, strlen(place)) == 0);
    if (!ok) {
        printf("# %s: rule %d, detail %d: %s\n", name, (int)r->rule, (int)r->detail, r->sentence);
    }
    CHECK(ok);
    rule_rows[rule]++;
    detail_rows[detail]++;
    row_count++;
}

static void make_first(void)
{
    static struct draft d;
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    draft_start(&d, 0);
    create_object(&d.specs[0]);
    d.specs[0].op.address = made_address;
    sign(&d, &first);
}

static bool add(const struct bytes *bytes)
{
    return sigchain_add(&verifier, bytes->at, bytes->len);
}

/** Starts a verifier that has as much as stands before transaction `at`. */
static void start_before(uint32_t at, const struct sigchain_network *of)
{
    start(of, NULL, 0, CAPACITY);
    CHECK(at == 0 || add(&first));
}

static void every_contract_changed_in_one_thing_is_refused(void)
{
    static struct draft d;
    static struct bytes bytes;
    for (size_t i = 0; i < ARRAY_LEN(contracts); i++) {
        draft_start(&d, 1);
        contracts[i].base(&d.specs[0]);
        sign(&d, &bytes);
        start_before(1, &network);
        bool is_good = add(&bytes);
        if (!is_good) {
            printf("# the good one of %s: %s\n", contracts[i].name, verifier.refusal.sentence);
        }
        CHECK(is_good);
        contracts[i].change(&d.specs[0]);
        sign(&d, &bytes);
        start_before(1, &network);
        CHECK(!add(&bytes));
        refused(contracts[i].name, contracts[i].rule, contracts[i].detail, 1, contracts[i].field);
        CHECK(strncmp(verifier.refusal.sentence, "transaction 1, contract 0", 25) == 0 && verifier.is_broken);
    }
}

static void every_transaction_changed_in_one_thing_is_refused(void)
{
    static struct draft d;
    static struct bytes bytes;
    struct sigchain_network public;
    sigchain_network_of(NETWORK_TEST, NULL, &public);
    for (size_t i = 0; i < ARRAY_LEN(transactions); i++) {
        const struct sigchain_network *of = transactions[i].is_public ? &public : &network;
        has_work_failed = false;
        draft_start(&d, transactions[i].at);
        transactions[i].base(&d.specs[0]);
        u256_set_type(&d.genesis, of->user_type);
        sign(&d, &bytes);
        start_before(transactions[i].at, of);
        bool is_good = add(&bytes);
        if (!is_good) {
            printf("# the good one of %s: %s\n", transactions[i].name, verifier.refusal.sentence);
        }
        CHECK(is_good);
        transactions[i].alter(&d);
        sign(&d, &bytes);
        start_before(transactions[i].at, of);
        CHECK(!add(&bytes));
        refused(transactions[i].name, transactions[i].rule, verifier.refusal.detail, transactions[i].at, transactions[i].field);
        has_work_failed = false;
    }
}

/** What is wrong with a chain as a whole: the good one has transactions 0 and 1. */
static void every_chain_changed_in_one_thing_is_refused(void)
{
    static struct draft d;
    static struct bytes second, rival;
    struct sigchain_pin pin = {.sequence = 0};
    uint8_t checkpoint[CHECKPOINT_BYTES_MAX(CAPACITY)];
    struct writer w = writer_of(checkpoint, sizeof checkpoint);
    struct u256 hash, wrong;
    draft_start(&d, 1);
    write_made(&d.specs[0]);
    sign(&d, &second);
    start_before(1, &network);
    CHECK(add(&second) && sigchain_finish(&verifier));
    const struct sigchain_setup setup = verifier.setup;
    struct sigchain_setup pinned = setup;
    CHECK_EQ(sigchain_checkpoint_put(&verifier, &w, &hash), LX_OK);
    pin.txid = verifier.first_txid;

    CHECK(!add(&second));
    refused("the last once more", SIGCHAIN_REPEATED, REGISTER_OK, 2, "last transaction once more");
    d.timestamp++;
    sign(&d, &rival);
    CHECK(!add(&rival));
    refused("a fork", SIGCHAIN_FORK, REGISTER_OK, 2, "forked");
    d.specs[0].spoils_after = true;
    sign(&d, &rival);
    start_before(1, &network);
    CHECK(!add(&rival) && verifier.refusal.rule == SIGCHAIN_STATE_AFTER && !add(&second));
    refused("what follows a broken one", SIGCHAIN_BROKEN, REGISTER_OK, 1, "nothing can follow");
    start(&network, NULL, 0, 0);
    CHECK(!add(&first));
    refused("a register more than there is room for", SIGCHAIN_TABLE_FULL, REGISTER_OK, 0, "registers");
    pin.txid.bytes[0] ^= 1;
    start(&network, &pin, 1, CAPACITY);
    CHECK(!add(&first));
    refused("another one than is pinned", SIGCHAIN_PIN, REGISTER_OK, 0, "its id");
    start(&network, NULL, 0, CAPACITY);
    CHECK(!sigchain_finish(&verifier));
    refused("an empty chain", SIGCHAIN_NO_CHAIN, REGISTER_OK, 0, "no transaction");
    pin.sequence = 1;
    start(&network, &pin, 1, CAPACITY);
    CHECK(add(&first) && !sigchain_finish(&verifier));
    refused("a chain without its end", SIGCHAIN_ROLLED_BACK, REGISTER_OK, 1, "the chain ends");

    CHECK(sigchain_checkpoint_resume(&verifier, &setup, checkpoint, w.used_bytes, &hash));
    wrong = hash;
    wrong.bytes[0] ^= 1;
    CHECK(!sigchain_checkpoint_resume(&verifier, &setup, checkpoint, w.used_bytes, &wrong));
    refused("a checkpoint that was not kept", SIGCHAIN_CHECKPOINT_HASH, REGISTER_OK, 0, "checkpoint");
    sk256_of(checkpoint, w.used_bytes - 1, &wrong);
    CHECK(!sigchain_checkpoint_resume(&verifier, &setup, checkpoint, w.used_bytes - 1, &wrong));
    refused("a checkpoint cut short", SIGCHAIN_CHECKPOINT, REGISTER_OK, 0, "checkpoint");
    struct sigchain_pin inside[] = {{.sequence = 1}};
    pinned.pins = inside;
    pinned.pin_count = 1;
    d.sequence = 2; /* so that 1 is neither the first nor the last */
    start_before(1, &network);
    CHECK(add(&second));
    draft_start(&d, 2);
    write_raw(&d.specs[0]);
    d.previous = verifier.txid;
    sign(&d, &rival);
    CHECK(add(&rival));
    w = writer_of(checkpoint, sizeof checkpoint);
    CHECK_EQ(sigchain_checkpoint_put(&verifier, &w, &hash), LX_OK);
    CHECK(!sigchain_checkpoint_resume(&verifier, &pinned, checkpoint, w.used_bytes, &hash));
    refused("a checkpoint behind what is pinned", SIGCHAIN_PIN_SKIPPED, REGISTER_OK, 0, "checkpoint");
}

static void every_rule_stands_in_the_table(void)
{
    for (unsigned rule = SIGCHAIN_BROKEN; rule <= SIGCHAIN_PIN_SKIPPED; rule++) {
        if (rule_rows[rule] == 0) {
            printf("# no bad vector for rule %u\n", rule);
        }
        CHECK(rule_rows[rule] > 0);
    }
    for (unsigned detail = REGISTER_MALFORMED; detail < REGISTER_NO_SPACE; detail++) { /* that is of our buffers */
        if (detail_rows[detail] == 0) {
            printf("# no bad vector for \"%s\"\n", register_err_text((enum register_err)detail));
        }
        CHECK(detail_rows[detail] > 0);
    }
    printf("# %u bad vectors for %u rules and %u rules of registers\n", row_count, (unsigned)SIGCHAIN_PIN_SKIPPED,
           (unsigned)REGISTER_NO_SPACE - 1);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"bad: every contract changed in one thing is refused", every_contract_changed_in_one_thing_is_refused},
        {"bad: every transaction changed in one thing is refused", every_transaction_changed_in_one_thing_is_refused},
        {"bad: every chain changed in one thing is refused", every_chain_changed_in_one_thing_is_refused},
        {"bad: every rule stands in the table", every_rule_stands_in_the_table},
    };
    make_first();
    return UNIT_MAIN(cases);
}
