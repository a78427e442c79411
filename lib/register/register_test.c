/* SPDX-License-Identifier: MIT */
/**
 * Shows the rules of registers one by one: what is executed and with which result, and for every error what provokes
 * it. That states come out as the node's is shown on real chains in lib/sigchain.
 */
#include "register.h"
#include "unit.h"
#include "vectors.h"

static const struct register_caller alice = {{{1, 2, 3, [31] = 0xb7}}, 1000, 4};
static const struct register_caller bob = {{{9, 9, 9, [31] = 0xb7}}, 2000, 4};
static const struct u256 raw_address = {{7, [31] = ADDRESS_RAW}};
static const struct u256 append_address = {{7, [31] = ADDRESS_APPEND}};
static const struct u256 readonly_address = {{7, [31] = ADDRESS_READONLY}};
static const struct u256 object_address = {{7, [31] = ADDRESS_OBJECT}};

static uint8_t bytes[4096];

/** Executes the operation that a writer made. */
static enum register_err execute(const struct writer *w, const struct register_caller *caller,
                                 struct register_state *state)
{
    struct operation op;
    CHECK(!w->overflow);
    CHECK_EQ(operation_parse(cursor_of(w->bytes, w->used_bytes), &op), REGISTER_OK);
    return register_execute(&op, caller, state);
}

static enum register_err create(const struct u256 *address, enum register_type type, const void *data, size_t len,
                                struct register_state *state)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    operation_put_create(&w, address, type, data, len);
    return execute(&w, &alice, state);
}

static enum register_err write(const struct u256 *address, const void *data, size_t len,
                               const struct register_caller *who, struct register_state *state)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    operation_put_write(&w, address, data, len);
    return execute(&w, who, state);
}

static enum register_err append(const struct u256 *address, const void *data, size_t len,
                                const struct register_caller *who, struct register_state *state)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    operation_put_append(&w, address, data, len);
    return execute(&w, who, state);
}

static enum register_err transfer(const struct register_caller *who, const struct u256 *to, bool forced,
                                  struct register_state *state)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    operation_put_transfer(&w, &object_address, to, forced);
    return execute(&w, who, state);
}

static enum register_err claim(const struct register_caller *who, struct register_state *state)
{
    static const struct u512 txid = {{5}};
    struct writer w = writer_of(bytes, sizeof bytes);
    operation_put_claim(&w, &txid, 0, &object_address);
    return execute(&w, who, state);
}

/** An object with a constant u8 "kind", a mutable u64 "seq", a mutable string "note" of 8 and a mutable u256 "name". */
static size_t object_data(uint8_t *out, size_t cap)
{
    struct writer w = writer_of(out, cap);
    uint8_t one = 1, seq[8] = {0x34, 0x12}, name[32] = {4};
    field_put(&w, "kind", FIELD_U8, false, &one, 1);
    field_put(&w, "seq", FIELD_U64, true, seq, 8);
    field_put(&w, "note", FIELD_STRING, true, "abc\0\0\0\0\0", 8);
    field_put(&w, "name", FIELD_U256, true, name, 32);
    CHECK(!w.overflow);
    return w.used_bytes;
}

static void make_object(struct register_state *state)
{
    uint8_t data[256];
    CHECK_EQ(create(&object_address, REGISTER_OBJECT, data, object_data(data, sizeof data), state), REGISTER_OK);
}

static void lengths_have_one_form(void)
{
    static const uint64_t sizes[] = {0, 1, 252, 253, 254, 255, 256, 65535, 65536, COMPACT_SIZE_MAX};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint64_t back = 1;
        struct writer w = writer_of(bytes, sizeof bytes);
        compact_size_put(&w, sizes[i]);
        for (size_t cut = 0; cut < w.used_bytes; cut++) {
            struct cursor c = cursor_of(bytes, cut);
            CHECK(!compact_size_get(&c, &back) && c.left_bytes == cut);
        }
        struct cursor c = cursor_of(bytes, w.used_bytes);
        CHECK(compact_size_get(&c, &back) && cursor_is_empty(&c));
        CHECK_EQ(back, sizes[i]);
    }
    static const uint8_t longer[][9] = {
        {0xfd, 0xfc, 0}, {0xfe, 0xff, 0xff}, {0xff, 1}, {0xff, 0, 0, 0, 0, 1}, {0xfe, 1, 0, 0, 2}};
    for (size_t i = 0; i < ARRAY_LEN(longer); i++) {
        uint64_t back;
        struct cursor c = cursor_of(longer[i], 9);
        CHECK(!compact_size_get(&c, &back));
    }
}

static void states_read_back_and_each_rule_is_enforced(void)
{
    static struct register_state state, back;
    CHECK_EQ(create(&raw_address, REGISTER_RAW, "hello", 5, &state), REGISTER_OK);
    CHECK(state.created == 1000 && state.modified == 1000 && u256_equal(&state.owner, &alice.genesis));
    struct writer w = writer_of(bytes, sizeof bytes);
    register_serialise(&state, &w);
    CHECK_EQ(w.used_bytes, 1 + 1 + 32 + 8 + 8 + 1 + 5 + 8);
    for (size_t cut = 0; cut < w.used_bytes; cut++) {
        struct cursor c = cursor_of(bytes, cut);
        CHECK_EQ(register_parse(&c, &back), REGISTER_MALFORMED);
    }
    struct cursor c = cursor_of(bytes, w.used_bytes);
    CHECK_EQ(register_parse(&c, &back), REGISTER_OK);
    CHECK(cursor_is_empty(&c) && register_equal(&state, &back));
    for (size_t i = 0; i < w.used_bytes; i++) {
        bytes[i] ^= 1;
        c = cursor_of(bytes, w.used_bytes);
        CHECK(register_parse(&c, &back) != REGISTER_OK);
        bytes[i] ^= 1;
    }
    bytes[0] = 2;
    c = cursor_of(bytes, w.used_bytes);
    CHECK_EQ(register_parse(&c, &back), REGISTER_VERSION);
    bytes[0] = 1;
    bytes[1] = 5; /* the ledger's own; nobody's chain has one */
    c = cursor_of(bytes, w.used_bytes);
    CHECK_EQ(register_parse(&c, &back), REGISTER_TYPE);
    bytes[1] = 3;
    bytes[60] ^= 1;
    c = cursor_of(bytes, w.used_bytes);
    CHECK_EQ(register_parse(&c, &back), REGISTER_CHECKSUM);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, (const uint8_t[]){1, 3}, 2);
    memcpy(bytes + 50, (const uint8_t[]){0xfd, 0x01, 0x04}, 3); /* 1025 */
    c = cursor_of(bytes, sizeof bytes);
    CHECK_EQ(register_parse(&c, &back), REGISTER_TOO_LARGE);
}

static void fields_are_found_and_typed(void)
{
    static struct register_state state;
    uint8_t small = 0;
    uint64_t seq = 0;
    struct u256 name;
    char note[16];
    struct field field;
    make_object(&state);
    CHECK(field_u8(&state, "kind", &small) && small == 1);
    CHECK(field_u64(&state, "seq", &seq) && seq == 0x1234);
    CHECK(field_u256(&state, "name", &name) && name.bytes[0] == 4);
    CHECK(field_string(&state, "note", note, sizeof note) && strcmp(note, "abc") == 0);
    CHECK(!field_string(&state, "note", note, 3) && field_string(&state, "note", note, 4));
    CHECK(!field_u64(&state, "kind", &seq) && !field_u8(&state, "seq", &small) && !field_u256(&state, "seq", &name));
    CHECK(!field_string(&state, "seq", note, sizeof note) && !field_u64(&state, "se", &seq));
    CHECK(field_find(&state, "seq", &field) && field.is_mutable && field.value_bytes == 8);
    CHECK(field_find(&state, "kind", &field) && !field.is_mutable);
    CHECK(object_standard(&state) == OBJECT_NONSTANDARD);
    state.type = REGISTER_RAW;
    CHECK(!field_find(&state, "seq", &field));
}

static void objects_must_be_fields_and_nothing_else(void)
{
    uint8_t data[256];
    size_t len = object_data(data, sizeof data);
    CHECK(fields_are_valid(data, len));
    for (size_t cut = 0; cut < len; cut++) {
        bool at_border = cut == 7 || cut == 21 || cut == 37;
        CHECK(fields_are_valid(data, cut) == at_border);
    }
    CHECK(!fields_are_valid(data, 0));
    memcpy(data + len, data, 7);
    CHECK(!fields_are_valid(data, len + 7)); /* "kind" twice */
    data[5] = 10;                            /* a type after the last */
    CHECK(!fields_are_valid(data, len));
    data[5] = 0;
    CHECK(!fields_are_valid(data, len));
}

static void create_obeys_types_sizes_and_addresses(void)
{
    static struct register_state state;
    static uint8_t large[REGISTER_DATA_BYTES_MAX + 1];
    memset(&state, 0x55, sizeof state);
    struct register_state before = state;
    CHECK_EQ(create(&raw_address, REGISTER_RAW, large, 1025, &state), REGISTER_TOO_LARGE);
    CHECK_EQ(create(&raw_address, (enum register_type)0, large, 1, &state), REGISTER_TYPE);
    CHECK_EQ(create(&raw_address, (enum register_type)5, large, 1, &state), REGISTER_TYPE);
    CHECK_EQ(create(&raw_address, REGISTER_APPEND, large, 1, &state), REGISTER_ADDRESS_TYPE);
    CHECK_EQ(create(&object_address, REGISTER_RAW, large, 1, &state), REGISTER_ADDRESS_TYPE);
    CHECK_EQ(create(&alice.genesis, REGISTER_RAW, large, 1, &state), REGISTER_ADDRESS);
    CHECK_EQ(create(&object_address, REGISTER_OBJECT, large, 8, &state), REGISTER_FIELDS);
    CHECK_EQ(create(&object_address, REGISTER_OBJECT, large, 0, &state), REGISTER_FIELDS);
    CHECK(memcmp(&before, &state, sizeof state) == 0);
    CHECK_EQ(create(&raw_address, REGISTER_RAW, large, 1024, &state), REGISTER_OK);
    CHECK_EQ(create(&readonly_address, REGISTER_READONLY, large, 0, &state), REGISTER_OK);
    CHECK_EQ(create(&append_address, REGISTER_APPEND, large, 3, &state), REGISTER_OK);
}

static void put_account(struct writer *w, uint64_t balance, const struct u256 *token)
{
    uint8_t n[8];
    le64_store(n, balance);
    field_put(w, "balance", FIELD_U64, true, n, 8);
    field_put(w, "token", FIELD_U256, false, token->bytes, 32);
}

static void put_u64(struct writer *w, const char *name, bool is_mutable, uint64_t value)
{
    uint8_t n[8];
    le64_store(n, value);
    field_put(w, name, FIELD_U64, is_mutable, n, 8);
}

static enum register_err create_standard(const struct writer *w, const struct u256 *address,
                                         enum object_standard expected)
{
    static struct register_state state;
    enum register_err err = create(address, REGISTER_OBJECT, w->bytes, w->used_bytes, &state);
    if (err == REGISTER_OK) {
        CHECK_EQ(object_standard(&state), expected);
    }
    return err;
}

static void accounts_tokens_and_trust_obey_their_rules(void)
{
    static const struct u256 zero, account = {{1, [31] = ADDRESS_ACCOUNT}}, token = {{1, [31] = ADDRESS_TOKEN}};
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    put_account(&w, 0, &zero);
    CHECK_EQ(create_standard(&w, &account, OBJECT_ACCOUNT), REGISTER_OK);
    CHECK_EQ(create_standard(&w, &object_address, OBJECT_ACCOUNT), REGISTER_ADDRESS_TYPE);
    struct writer rich = writer_of(data, sizeof data);
    put_account(&rich, 1, &zero);
    CHECK_EQ(create_standard(&rich, &account, OBJECT_ACCOUNT), REGISTER_STANDARD);
    struct writer of_token = writer_of(data, sizeof data);
    put_account(&of_token, 0, &token);
    CHECK_EQ(create_standard(&of_token, &account, OBJECT_ACCOUNT), REGISTER_OK);
    struct writer of_none = writer_of(data, sizeof data);
    put_account(&of_none, 0, &account);
    CHECK_EQ(create_standard(&of_none, &account, OBJECT_ACCOUNT), REGISTER_STANDARD);

    uint8_t two = 2;
    for (uint64_t supply = 99; supply <= 100; supply++) {
        struct writer t = writer_of(data, sizeof data);
        put_account(&t, 100, &token);
        put_u64(&t, "supply", false, supply);
        field_put(&t, "decimals", FIELD_U8, false, &two, 1);
        CHECK_EQ(create_standard(&t, &token, OBJECT_TOKEN), supply == 100 ? REGISTER_OK : REGISTER_STANDARD);
        struct u256 other = token;
        other.bytes[0]++;
        CHECK_EQ(create_standard(&t, &other, OBJECT_TOKEN), supply == 100 ? REGISTER_ADDRESS_VALUE : REGISTER_STANDARD);
    }

    struct u256 trust;
    address_of_trust(&alice.genesis, &trust);
    for (uint64_t stake = 0; stake < 2; stake++) {
        struct writer t = writer_of(data, sizeof data);
        put_account(&t, 0, &zero);
        put_u64(&t, "trust", true, 0);
        put_u64(&t, "stake", true, stake);
        CHECK_EQ(create_standard(&t, &trust, OBJECT_TRUST), stake == 0 ? REGISTER_OK : REGISTER_STANDARD);
        if (stake == 0) {
            struct u256 other = trust;
            other.bytes[0]++;
            CHECK_EQ(create_standard(&t, &other, OBJECT_TRUST), REGISTER_ADDRESS_VALUE);
        }
    }
}

static enum register_err create_name(const char *space, const char *name, bool address_fits)
{
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    struct u256 id = alice.genesis, address;
    field_put(&w, "namespace", FIELD_STRING, false, space, strlen(space));
    field_put(&w, "name", FIELD_STRING, false, name, strlen(name));
    field_put(&w, "address", FIELD_U256, true, raw_address.bytes, 32);
    if (space[0] != '\0') {
        address_of_namespace(space, strlen(space), &id);
    }
    address_of_name(name, strlen(name), &id, &address);
    address.bytes[3] ^= !address_fits;
    return create_standard(&w, &address, OBJECT_NAME);
}

static enum register_err create_namespace(const char *name, bool address_fits)
{
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    struct u256 address;
    field_put(&w, "namespace", FIELD_STRING, false, name, strlen(name));
    address_of_namespace(name, strlen(name), &address);
    address.bytes[3] ^= !address_fits;
    return create_standard(&w, &address, OBJECT_NAMESPACE);
}

static void names_and_namespaces_obey_their_rules(void)
{
    CHECK_EQ(create_name("", "kernel", true), REGISTER_OK);
    CHECK_EQ(create_name("", "kernel", false), REGISTER_ADDRESS_VALUE);
    CHECK_EQ(create_name("", ":kernel", true), REGISTER_STANDARD);
    CHECK_EQ(create_name("", "a:b", true), REGISTER_OK);
    CHECK_EQ(create_name("lx.os", "kernel", true), REGISTER_OK);
    CHECK_EQ(create_name("~GLOBAL~", "kernel", true), REGISTER_OK);
    CHECK_EQ(create_name("~GLOBAL~", "a:b", true), REGISTER_STANDARD);
    CHECK_EQ(create_name("~GLOBAL~", "NXS", true), REGISTER_STANDARD);
    CHECK_EQ(create_namespace("lx.os9", true), REGISTER_OK);
    CHECK_EQ(create_namespace("lx.os9", false), REGISTER_ADDRESS_VALUE);
    CHECK_EQ(create_namespace("Lx", true), REGISTER_STANDARD);
    CHECK_EQ(create_namespace("my.nxs.name", true), REGISTER_STANDARD);
}

static void crypto_is_nine_mutable_numbers(void)
{
    static const char *const names[] = {"auth", "lisp", "network", "sign", "verify", "cert", "app1", "app2", "app3"};
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    struct u256 address;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        field_put(&w, names[i], FIELD_U256, true, raw_address.bytes, 32);
    }
    address_of_crypto(&alice.genesis, &address);
    CHECK_EQ(create_standard(&w, &address, OBJECT_CRYPTO), REGISTER_OK);
    CHECK_EQ(create_standard(&w, &object_address, OBJECT_CRYPTO), REGISTER_ADDRESS_TYPE);
    uint8_t one = 1;
    field_put(&w, "more", FIELD_U8, true, &one, 1);
    CHECK_EQ(create_standard(&w, &object_address, OBJECT_NONSTANDARD), REGISTER_OK);
}

static void raw_data_is_rewritten_whole(void)
{
    static struct register_state state;
    CHECK_EQ(create(&raw_address, REGISTER_RAW, "hello", 5, &state), REGISTER_OK);
    struct register_state before = state;
    CHECK_EQ(write(&raw_address, "wor", 3, &alice, &state), REGISTER_SIZE);
    CHECK_EQ(write(&raw_address, "worlds", 6, &alice, &state), REGISTER_SIZE);
    CHECK_EQ(write(&raw_address, "world", 5, &bob, &state), REGISTER_OWNER);
    CHECK(register_equal(&before, &state));
    struct register_caller later = alice;
    later.timestamp = 1234;
    CHECK_EQ(write(&raw_address, "world", 5, &later, &state), REGISTER_OK);
    CHECK(memcmp(state.data, "world", 5) == 0 && state.modified == 1234 && state.created == 1000);
    CHECK(state.checksum == register_checksum(&state) && state.checksum != before.checksum);
    CHECK_EQ(append(&raw_address, "!", 1, &later, &state), REGISTER_OK);
    CHECK(state.data_bytes == 6 && memcmp(state.data, "world!", 6) == 0);
    CHECK_EQ(append(&raw_address, "!", 1, &bob, &state), REGISTER_OWNER);
    uint8_t much[1024] = {0};
    CHECK_EQ(append(&raw_address, much, 1019, &alice, &state), REGISTER_TOO_LARGE);
    CHECK_EQ(append(&raw_address, much, 1018, &alice, &state), REGISTER_OK);
}

static void types_that_do_not_change_do_not(void)
{
    static struct register_state state;
    CHECK_EQ(create(&readonly_address, REGISTER_READONLY, "hello", 5, &state), REGISTER_OK);
    CHECK_EQ(write(&readonly_address, "world", 5, &alice, &state), REGISTER_NOT_WRITABLE);
    CHECK_EQ(append(&readonly_address, "world", 5, &alice, &state), REGISTER_NOT_APPENDABLE);
    CHECK_EQ(create(&append_address, REGISTER_APPEND, "hello", 5, &state), REGISTER_OK);
    CHECK_EQ(write(&append_address, "world", 5, &alice, &state), REGISTER_NOT_WRITABLE);
    CHECK_EQ(append(&append_address, " world", 6, &alice, &state), REGISTER_OK);
    CHECK(state.data_bytes == 11 && memcmp(state.data, "hello world", 11) == 0);
    make_object(&state);
    CHECK_EQ(append(&object_address, "x", 1, &alice, &state), REGISTER_NOT_APPENDABLE);
}

static enum register_err write_payload(struct register_state *state, const struct writer *payload)
{
    uint8_t copy[512];
    memcpy(copy, payload->bytes, payload->used_bytes);
    return write(&object_address, copy, payload->used_bytes, &alice, state);
}

static void fields_are_rewritten_with_type_and_size(void)
{
    static struct register_state state;
    uint8_t payload[512], seq[8] = {9};
    uint64_t number = 0;
    make_object(&state);
    struct register_state before = state;
    struct writer w = writer_of(payload, sizeof payload);
    CHECK_EQ(field_rewrite(&w, &state, "none", seq, 8), REGISTER_FIELD_NONE);
    CHECK_EQ(field_rewrite(&w, &state, "kind", seq, 1), REGISTER_FIELD_CONST);
    CHECK_EQ(field_rewrite(&w, &state, "name", seq, 32), REGISTER_FIELD_RESERVED);
    CHECK_EQ(field_rewrite(&w, &state, "note", "short", 5), REGISTER_FIELD_SIZE);
    CHECK_EQ(w.used_bytes, 0);
    CHECK_EQ(field_rewrite(&w, &state, "seq", seq, 8), REGISTER_OK);
    CHECK_EQ(field_rewrite(&w, &state, "note", "changed\0", 8), REGISTER_OK);
    CHECK_EQ(write_payload(&state, &w), REGISTER_OK);
    CHECK(field_u64(&state, "seq", &number) && number == 9 && memcmp(state.data + 29, "changed", 8) == 0);
    CHECK_EQ(state.data_bytes, before.data_bytes);

    state = before;
    CHECK_EQ(field_rewrite(&w, &state, "seq", seq, 8), REGISTER_OK);
    CHECK_EQ(write_payload(&state, &w), REGISTER_FIELD_TWICE);
    struct writer small = writer_of(payload, 5);
    CHECK_EQ(field_rewrite(&small, &state, "seq", seq, 8), REGISTER_NO_SPACE);
    static const struct {
        const char *bytes;
        size_t len;
        enum register_err expected;
    } bad[] = {
        {"\x03seq\x72\x01\x02\x03\x04", 9, REGISTER_FIELD_TYPE},
        {"\x03sex\x73\1\2\3\4\5\6\7\10", 13, REGISTER_FIELD_NONE},
        {"\x04kind\x70\x01", 7, REGISTER_FIELD_CONST},
        {"\x05token\x70\x01", 8, REGISTER_FIELD_RESERVED},
        {"\x04note\x77\x03xyz", 10, REGISTER_FIELD_SIZE},
        {"\x04note\x78\x08zyxwvuts", 15, REGISTER_FIELD_TYPE},
        {"\x03seq\x73\1\2\3\4\5\6\7", 12, REGISTER_PAYLOAD},
        {"\x03seq\x79\1\2\3\4\5\6\7\10", 13, REGISTER_PAYLOAD},
        {"\x03seq\x04\1\2\3\4\5\6\7\10", 13, REGISTER_PAYLOAD},
        {"\x03seq\x73\1\2\3\4\5\6\7\10\0", 14, REGISTER_PAYLOAD},
        {"", 0, REGISTER_OK}, /* a WRITE of nothing only moves `modified` */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        state = before;
        CHECK_EQ(write(&object_address, bad[i].bytes, bad[i].len, &alice, &state), bad[i].expected);
        CHECK(bad[i].expected == REGISTER_OK || register_equal(&before, &state));
    }
    state = before;
    CHECK_EQ(write(&object_address, "\x03seq\x73\1\2\3\4\5\6\7\10", 13, &bob, &state), REGISTER_OWNER);
    state.data_bytes--; /* an object that the ledger would not have let in */
    CHECK_EQ(write(&object_address, "\x03seq\x73\1\2\3\4\5\6\7\10", 13, &alice, &state), REGISTER_FIELDS);
    CHECK_EQ(field_rewrite(&w, &state, "seq", seq, 8), REGISTER_FIELDS);
}

static void transfer_and_claim_change_the_owner(void)
{
    static struct register_state state;
    make_object(&state);
    struct register_state before = state;
    CHECK_EQ(transfer(&bob, &bob.genesis, false, &state), REGISTER_OWNER);
    CHECK_EQ(transfer(&alice, &alice.genesis, false, &state), REGISTER_TO_OWNER);
    CHECK_EQ(claim(&bob, &state), REGISTER_NOT_OFFERED);
    CHECK(register_equal(&before, &state));
    CHECK_EQ(transfer(&alice, &bob.genesis, false, &state), REGISTER_OK);
    struct u256 nobody = alice.genesis;
    nobody.bytes[31] = 0;
    CHECK(u256_equal(&state.owner, &nobody));
    CHECK_EQ(write(&object_address, "\x03seq\x73\1\2\3\4\5\6\7\10", 13, &alice, &state), REGISTER_OWNER);
    CHECK_EQ(claim(&bob, &state), REGISTER_OK);
    CHECK(u256_equal(&state.owner, &bob.genesis) && state.modified == bob.timestamp);
    CHECK_EQ(transfer(&bob, &alice.genesis, true, &state), REGISTER_OK);
    CHECK(u256_equal(&state.owner, &alice.genesis));
    struct register_caller of_old = alice; /* before version 2 it was nobody's at all */
    of_old.version = 1;
    CHECK_EQ(transfer(&of_old, &bob.genesis, false, &state), REGISTER_OK);
    CHECK(u256_is_zero(&state.owner));

    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    struct u256 trust, zero = {{0}};
    put_account(&w, 0, &zero);
    put_u64(&w, "trust", true, 0);
    put_u64(&w, "stake", true, 0);
    address_of_trust(&alice.genesis, &trust);
    CHECK_EQ(create(&trust, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(transfer(&alice, &bob.genesis, false, &state), REGISTER_TRUST_BOUND);
    make_object(&state);
    state.data_bytes--;
    CHECK_EQ(transfer(&alice, &bob.genesis, false, &state), REGISTER_FIELDS);
}

/** Every layout at its exact length, one byte less and one more. */
static void operations_have_exact_lengths(void)
{
    static const struct {
        uint8_t code;
        uint16_t len;
    } layouts[] = {
        {OPERATION_WRITE, 34},    {OPERATION_CREATE, 35},   {OPERATION_AUTHORIZE, 97}, {OPERATION_TRANSFER, 66},
        {OPERATION_CLAIM, 101},   {OPERATION_APPEND, 34},   {OPERATION_DEBIT, 81},     {OPERATION_CREDIT, 141},
        {OPERATION_COINBASE, 49}, {OPERATION_GENESIS, 9},   {OPERATION_TRUST, 89},     {OPERATION_FEE, 41},
        {OPERATION_LEGACY, 42},   {OPERATION_MIGRATE, 245},
    };
    struct operation op;
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        bytes[0] = layouts[i].code;
        bytes[65] = layouts[i].code == OPERATION_TRANSFER ? TRANSFER_CLAIM : 0;
        CHECK_EQ(operation_parse(cursor_of(bytes, layouts[i].len), &op), REGISTER_OK);
        CHECK_EQ(op.code, layouts[i].code);
        CHECK(strcmp(operation_name(op.code), "unknown") != 0);
        CHECK_EQ(operation_parse(cursor_of(bytes, layouts[i].len - 1u), &op), REGISTER_MALFORMED);
        CHECK_EQ(operation_parse(cursor_of(bytes, layouts[i].len + 1u), &op), REGISTER_MALFORMED);
    }
    CHECK_EQ(operation_parse(cursor_of(bytes, 0), &op), REGISTER_MALFORMED);
    bytes[0] = OPERATION_TRANSFER;
    bytes[65] = 0;
    CHECK_EQ(operation_parse(cursor_of(bytes, 66), &op), REGISTER_MALFORMED);
    static const uint8_t none[] = {0x00, 0x07, 0x15, 0x30, 0x31, 0x42, 0xff};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        bytes[0] = none[i];
        CHECK_EQ(operation_parse(cursor_of(bytes, 100), &op), REGISTER_OPERATION);
    }
}

static void prefixes_and_conditions_stand_where_they_may(void)
{
    struct operation op;
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 0x41;
    bytes[1] = OPERATION_DEBIT;
    CHECK_EQ(operation_parse(cursor_of(bytes, 82), &op), REGISTER_OK);
    CHECK(op.has_condition_prefix && op.code == OPERATION_DEBIT);
    CHECK_EQ(operation_check_conditions(&op, 9), REGISTER_OK);
    CHECK_EQ(operation_check_conditions(&op, 0), REGISTER_OK);
    memset(bytes + 34, 0xff, 32); /* to anybody */
    CHECK_EQ(operation_parse(cursor_of(bytes, 82), &op), REGISTER_OK);
    CHECK_EQ(operation_check_conditions(&op, 0), REGISTER_CONDITIONS);
    CHECK_EQ(operation_parse(cursor_of(bytes, 1), &op), REGISTER_MALFORMED);
    bytes[1] = OPERATION_FEE;
    CHECK_EQ(operation_parse(cursor_of(bytes, 42), &op), REGISTER_OPERATION);
    CHECK_EQ(operation_parse(cursor_of(bytes + 1, 41), &op), REGISTER_OK);
    CHECK_EQ(operation_check_conditions(&op, 1), REGISTER_CONDITIONS);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 0x40;
    bytes[69] = OPERATION_FEE;
    CHECK_EQ(operation_parse(cursor_of(bytes, 69 + 41), &op), REGISTER_OK);
    CHECK(op.has_validate_prefix);
    bytes[69] = OPERATION_GENESIS;
    CHECK_EQ(operation_parse(cursor_of(bytes, 69 + 9), &op), REGISTER_OPERATION);
    bytes[69] = 0x41;
    CHECK_EQ(operation_parse(cursor_of(bytes, 90), &op), REGISTER_OPERATION);
}

static void check_addresses(const char *path)
{
    struct vectors v = vectors_open(path), piece;
    struct u256 genesis, address, expected;
    CHECK(vectors_field(&v, "genesis_hex", &piece) && hex_to_mem(piece.at, piece.left_chars, genesis.bytes, 32));
    CHECK(vectors_field(&v, "crypto", &piece) && hex_to_mem(piece.at, piece.left_chars, expected.bytes, 32));
    address_of_crypto(&genesis, &address);
    CHECK(u256_equal(&address, &expected));
    CHECK(vectors_field(&v, "trust", &piece) && hex_to_mem(piece.at, piece.left_chars, expected.bytes, 32));
    address_of_trust(&genesis, &address);
    CHECK(u256_equal(&address, &expected));
    CHECK(vectors_field(&v, "name:default", &piece) && hex_to_mem(piece.at, piece.left_chars, expected.bytes, 32));
    address_of_name("default", 7, &genesis, &address);
    CHECK(u256_equal(&address, &expected));
    CHECK(vectors_field(&v, "namespace_lxos.test", &piece) &&
          hex_to_mem(piece.at, piece.left_chars, expected.bytes, 32));
    address_of_namespace("lxos.test", 9, &address);
    CHECK(u256_equal(&address, &expected));
    CHECK(address_is_register(&address) && !address_is_register(&genesis) && !address_is_wildcard(&address));
}

static void addresses_are_those_of_the_node(void)
{
    check_addresses("tests/vectors/nexus/keys_alice_private.json");
    check_addresses("tests/vectors/nexus/keys_device_mainnet.json");
    check_addresses("tests/vectors/nexus/keys_shortname_testnet.json");
    struct u256 address;
    memset(bytes, 0xff, 32);
    address_of_random(bytes, ADDRESS_OBJECT, &address);
    CHECK(u256_type(&address) == ADDRESS_OBJECT && address.bytes[0] == 0xff);
    address_of_random(bytes, (enum address_type)0xff, &address);
    CHECK(address_is_wildcard(&address) && !address_is_register(&address));
}

/** Executes an operation on coins: code, amount, and for DEBIT the recipient; TRUST also takes score and change. */
static enum register_err coins(enum operation_code code, const struct u256 *address, uint64_t amount,
                               const struct u256 *to, int64_t change, struct register_state *state)
{
    static const struct u512 txid;
    struct writer w = writer_of(bytes, sizeof bytes);
    writer_u8(&w, (uint8_t)code);
    if (code == OPERATION_CREDIT || code == OPERATION_TRUST || code == OPERATION_MIGRATE) {
        writer_put(&w, txid.bytes, 64);
    }
    if (code == OPERATION_CREDIT) {
        writer_le32(&w, 0);
    }
    if (code == OPERATION_TRUST) {
        writer_le64(&w, 777); /* the score */
        writer_le64(&w, (uint64_t)change);
    } else if (code != OPERATION_GENESIS) {
        writer_put(&w, address->bytes, 32);
    }
    if (code == OPERATION_DEBIT || code == OPERATION_CREDIT) {
        writer_put(&w, to->bytes, 32);
    }
    writer_le64(&w, amount);
    if (code == OPERATION_DEBIT) {
        writer_le64(&w, 0); /* the reference */
    } else if (code == OPERATION_LEGACY) {
        writer_u8(&w, 0); /* the script */
    }
    struct operation op;
    CHECK_EQ(operation_parse(cursor_of(bytes, w.used_bytes), &op), REGISTER_OK);
    op.address = *address;
    return register_execute(&op, &alice, state);
}

static uint64_t number_of(const struct register_state *state, const char *name)
{
    uint64_t n = 0;
    CHECK(field_u64(state, name, &n));
    return n;
}

static void coins_move_within_the_balance(void)
{
    static const struct u256 zero, account = {{1, [31] = ADDRESS_ACCOUNT}}, other = {{2, [31] = ADDRESS_ACCOUNT}},
                                   token = {{1, [31] = ADDRESS_TOKEN}};
    static struct register_state state;
    uint8_t data[256];
    struct writer w = writer_of(data, sizeof data);
    put_account(&w, 0, &zero);
    CHECK_EQ(create(&account, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_CREDIT, &account, 100, &other, 0, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_CREDIT, &account, UINT64_MAX, &other, 0, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_DEBIT, &account, 30, &other, 0, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_FEE, &account, 20, NULL, 0, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_LEGACY, &account, 10, NULL, 0, &state), REGISTER_OK);
    CHECK(number_of(&state, "balance") == 40 && state.checksum == register_checksum(&state));
    CHECK_EQ(coins(OPERATION_DEBIT, &account, 41, &other, 0, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_DEBIT, &account, 1, &account, 0, &state), REGISTER_ADDRESS);
    CHECK_EQ(coins(OPERATION_DEBIT, &account, 1, &raw_address, 0, &state), REGISTER_ADDRESS);
    CHECK_EQ(coins(OPERATION_GENESIS, &account, 1, NULL, 0, &state), REGISTER_NO_ACCOUNT);
    CHECK_EQ(coins(OPERATION_TRUST, &account, 1, NULL, 0, &state), REGISTER_NO_ACCOUNT);
    state.owner = bob.genesis;
    CHECK_EQ(coins(OPERATION_CREDIT, &account, 1, &other, 0, &state), REGISTER_OWNER);
    struct writer of_token = writer_of(data, sizeof data);
    put_account(&of_token, 0, &token);
    CHECK_EQ(create(&account, REGISTER_OBJECT, data, of_token.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_FEE, &account, 0, NULL, 0, &state), REGISTER_NO_ACCOUNT);
    make_object(&state);
    CHECK_EQ(coins(OPERATION_CREDIT, &object_address, 1, &other, 0, &state), REGISTER_NO_ACCOUNT);
    state.data_bytes--;
    CHECK_EQ(coins(OPERATION_CREDIT, &object_address, 1, &other, 0, &state), REGISTER_FIELDS);
}

static void stakes_move_within_the_balance(void)
{
    static const struct u256 zero;
    static struct register_state state;
    uint8_t data[256];
    struct u256 trust;
    struct writer w = writer_of(data, sizeof data);
    put_account(&w, 0, &zero);
    put_u64(&w, "trust", true, 0);
    put_u64(&w, "stake", true, 0);
    address_of_trust(&alice.genesis, &trust);
    CHECK_EQ(create(&trust, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_GENESIS, &trust, 5, NULL, 0, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_CREDIT, &trust, 100, &zero, 0, &state), REGISTER_OK);
    CHECK_EQ(coins(OPERATION_GENESIS, &trust, 5, NULL, 0, &state), REGISTER_OK);
    CHECK(number_of(&state, "stake") == 100 && number_of(&state, "balance") == 5);
    CHECK_EQ(coins(OPERATION_GENESIS, &trust, 5, NULL, 0, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_TRUST, &trust, 7, NULL, 4, &state), REGISTER_OK);
    CHECK(number_of(&state, "stake") == 104 && number_of(&state, "balance") == 8 && number_of(&state, "trust") == 777);
    CHECK_EQ(coins(OPERATION_TRUST, &trust, 1, NULL, -104, &state), REGISTER_OK);
    CHECK(number_of(&state, "stake") == 0 && number_of(&state, "balance") == 113);
    CHECK_EQ(coins(OPERATION_TRUST, &trust, 1, NULL, 114, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_TRUST, &trust, 1, NULL, -1, &state), REGISTER_BALANCE);
    CHECK_EQ(coins(OPERATION_TRUST, &trust, 1, NULL, INT64_MIN, &state), REGISTER_BALANCE);
}

static void migration_is_of_version_1(void)
{
    static struct register_state state;
    struct operation op, read_back;
    struct register_caller of_old = alice;
    uint8_t data[512], key[OPERATION_TRUST_KEY_BYTES] = {7};
    struct writer w = writer_of(data, sizeof data);
    struct u256 trust, zero = {{0}};
    put_account(&w, 0, &zero);
    put_u64(&w, "trust", true, 0);
    put_u64(&w, "stake", true, 0);
    address_of_trust(&alice.genesis, &trust);
    CHECK_EQ(create(&trust, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
    op = (struct operation){.code = OPERATION_MIGRATE, .txid = {{1}}, .address = trust, .amount = 500, .score = 9};
    op.data = cursor_of(key, sizeof key);
    op.last_stake.bytes[63] = 3;
    w = writer_of(bytes, sizeof bytes);
    CHECK(operation_put(&w, &op) && w.used_bytes == 245);
    CHECK_EQ(operation_parse(cursor_of(bytes, 245), &read_back), REGISTER_OK);
    CHECK(read_back.amount == 500 && read_back.score == 9 && u512_equal(&read_back.last_stake, &op.last_stake) &&
          u512_equal(&read_back.txid, &op.txid) && u256_equal(&read_back.address, &trust));
    CHECK_BYTES(read_back.data.at, key, sizeof key);
    CHECK_EQ(register_execute(&op, &alice, &state), REGISTER_NOT_EXECUTABLE);
    of_old.version = 1;
    CHECK_EQ(register_execute(&op, &of_old, &state), REGISTER_OK);
    CHECK(number_of(&state, "stake") == 500 && number_of(&state, "trust") == 9 && number_of(&state, "balance") == 0);
    CHECK_EQ(register_execute(&op, &of_old, &state), REGISTER_BALANCE); /* it has a stake now */
    make_object(&state);
    CHECK_EQ(register_execute(&op, &of_old, &state), REGISTER_NO_ACCOUNT);
    op.score = 1ull << 32;
    w.used_bytes = 0;
    CHECK(!operation_put(&w, &op) && w.used_bytes == 0);
    op.score = 9;
    op.data.left_bytes--;
    CHECK(!operation_put(&w, &op) && w.used_bytes == 0);
    CHECK(operation_has_register(OPERATION_CREATE) && !operation_has_register(OPERATION_COINBASE) &&
          !operation_has_register(OPERATION_AUTHORIZE));
}

static void every_error_has_its_own_clause(void)
{
    for (enum register_err a = REGISTER_OK; a <= REGISTER_NO_SPACE; a++) {
        CHECK(strlen(register_err_text(a)) > 10);
        for (enum register_err b = REGISTER_OK; b < a; b++) {
            CHECK(strcmp(register_err_text(a), register_err_text(b)) != 0);
        }
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"register: lengths have one form", lengths_have_one_form},
        {"register: states read back, and each of their rules is enforced", states_read_back_and_each_rule_is_enforced},
        {"register: fields are found and typed", fields_are_found_and_typed},
        {"register: objects must be fields and nothing else", objects_must_be_fields_and_nothing_else},
        {"register: CREATE obeys types, sizes and addresses", create_obeys_types_sizes_and_addresses},
        {"register: accounts, tokens and trust obey their rules", accounts_tokens_and_trust_obey_their_rules},
        {"register: names and namespaces obey their rules", names_and_namespaces_obey_their_rules},
        {"register: crypto is nine mutable numbers", crypto_is_nine_mutable_numbers},
        {"register: raw data is rewritten whole and appended to", raw_data_is_rewritten_whole},
        {"register: types that do not change do not", types_that_do_not_change_do_not},
        {"register: fields are rewritten with type and size", fields_are_rewritten_with_type_and_size},
        {"register: TRANSFER and CLAIM change the owner", transfer_and_claim_change_the_owner},
        {"register: coins move within the balance", coins_move_within_the_balance},
        {"register: stakes move within the balance", stakes_move_within_the_balance},
        {"register: MIGRATE is of version 1", migration_is_of_version_1},
        {"register: operations have exact lengths", operations_have_exact_lengths},
        {"register: prefixes and conditions stand where they may", prefixes_and_conditions_stand_where_they_may},
        {"register: addresses are those of the node", addresses_are_those_of_the_node},
        {"register: every error has its own clause", every_error_has_its_own_clause},
    };
    return UNIT_MAIN(cases);
}
