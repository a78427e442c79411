/* SPDX-License-Identifier: MIT */
/** Shows that a chain made with the builder verifies, in a file too, and what the builder, files and records refuse. */
#include "sigchain.h"
#include "unit.h"

#define TIME_S 1800000000u

static struct sigchain_network network;
static struct sigchain_verifier verifier;
static struct sigchain_register table[8];
static struct transaction_builder builder;
static uint8_t buffer[4096];
static uint8_t file_bytes[8192];
static const uint8_t randomness[BRAINPOOL_RANDOM_BYTES] = {7};
static const struct u256 genesis = {{5, [31] = 0xb7}};
static const struct u256 app_address = {{1, [31] = ADDRESS_OBJECT}};
static const struct u256 list_address = {{2, [31] = ADDRESS_OBJECT}};
static const struct u256 log_address = {{3, [31] = ADDRESS_APPEND}};

static void start(void)
{
    struct sigchain_setup setup = {.network = network, .registers = table, .register_capacity = ARRAY_LEN(table)};
    sigchain_verifier_init(&verifier, &setup);
}

static void secret_of(uint32_t n, uint8_t out[64])
{
    sk_of(SK512, &n, sizeof n, out);
}

/** Signs what the builder holds and adds it to the verifier and to the file. */
static void sign_and_add(struct sigchain_link *link, struct writer *file)
{
    uint8_t secret[64], next_secret[64];
    struct u256 next;
    struct u512 txid;
    secret_of(link->sequence, secret);
    secret_of(link->sequence + 1, next_secret);
    CHECK_EQ(sigchain_key_hash(next_secret, &next), LX_OK);
    CHECK_EQ(transaction_sign(&builder, link, &next, secret, randomness, &txid), LX_OK);
    bool ok = sigchain_add(&verifier, builder.out.bytes, builder.out.used_bytes);
    if (!ok) {
        printf("# %s\n", verifier.refusal.sentence);
    }
    CHECK(ok && u512_equal(&txid, &verifier.txid));
    chain_file_put_transaction(file, builder.out.bytes, builder.out.used_bytes);
    sigchain_link_of(&verifier, link);
}

static struct record_app app = {.app = "org.lx-os.demo", .seq = 1, .manifest = {{0xaa, 0xbb}}};
static struct record_installed installed = {.seq = 1, .list = {{0xcc}}};

static void make_first(struct register_state *state)
{
    uint8_t data[256];
    struct writer w = writer_of(data, sizeof data);
    CHECK_EQ(record_app_data(&app, &w), LX_OK);
    CHECK_EQ(transaction_create(&builder, &app_address, REGISTER_OBJECT, data, w.used_bytes, state), REGISTER_OK);
    w = writer_of(data, sizeof data);
    CHECK_EQ(record_installed_data(&installed, &w), LX_OK);
    CHECK_EQ(transaction_create(&builder, &list_address, REGISTER_OBJECT, data, w.used_bytes, state), REGISTER_OK);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "a", 1, state), REGISTER_OK);
}

static void make_second(struct register_state *state)
{
    uint8_t payload[256];
    struct writer w = writer_of(payload, sizeof payload);
    *state = sigchain_find(&verifier, &app_address)->state;
    app.seq = 2;
    app.manifest.bytes[31] = 0xdd;
    app.revoked = true;
    CHECK_EQ(record_app_payload(state, &app, &w), LX_OK);
    CHECK_EQ(transaction_write(&builder, &app_address, payload, w.used_bytes, state), REGISTER_OK);
    *state = sigchain_find(&verifier, &list_address)->state;
    w = writer_of(payload, sizeof payload);
    installed.seq = 9;
    CHECK_EQ(record_installed_payload(state, &installed, &w), LX_OK);
    CHECK_EQ(transaction_write(&builder, &list_address, payload, w.used_bytes, state), REGISTER_OK);
    *state = sigchain_find(&verifier, &log_address)->state;
    CHECK_EQ(transaction_append(&builder, &log_address, "bc", 2, state), REGISTER_OK);
}

static void a_chain_of_records_is_made_and_read(void)
{
    static struct register_state state;
    struct sigchain_link link;
    struct record_app app_back;
    struct record_installed list_back;
    struct writer file = writer_of(file_bytes, sizeof file_bytes);
    sigchain_network_of(NETWORK_PRIVATE, "", &network);
    start();
    sigchain_link_first(&network, &genesis, &link);
    chain_file_put_head(&file, 2);
    transaction_begin(&builder, &genesis, TIME_S, buffer, sizeof buffer);
    make_first(&state);
    sign_and_add(&link, &file);
    transaction_begin(&builder, &genesis, TIME_S + 5, buffer, sizeof buffer);
    make_second(&state);
    sign_and_add(&link, &file);
    CHECK_EQ(record_app_read(&sigchain_find(&verifier, &app_address)->state, &app_back), LX_OK);
    CHECK(strcmp(app_back.app, app.app) == 0 && app_back.seq == 2 && app_back.revoked);
    CHECK(u256_equal(&app_back.manifest, &app.manifest));
    CHECK_EQ(record_installed_read(&sigchain_find(&verifier, &list_address)->state, &list_back), LX_OK);
    CHECK(list_back.seq == 9 && u256_equal(&list_back.list, &installed.list));
    CHECK_BYTES(sigchain_find(&verifier, &log_address)->state.data, "abc", 3);

    start();
    CHECK(!file.overflow && sigchain_verify_file(&verifier, file_bytes, file.used_bytes));
    CHECK_EQ(verifier.transaction_count, 2);
}

static size_t file_size(void)
{
    struct chain_file file;
    struct cursor tx;
    size_t size = CHAIN_FILE_HEAD_BYTES;
    CHECK_EQ(chain_file_open(file_bytes, sizeof file_bytes, &file), LX_EINVAL); /* zeros behind it */
    struct cursor c = cursor_of(file_bytes + 12, sizeof file_bytes - 12);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t len;
        CHECK(cursor_le32(&c, &len) && cursor_take(&c, len, &tx));
        size += 4 + len;
    }
    return size;
}

static void files_of_any_other_form_are_refused(void)
{
    struct chain_file file;
    struct cursor tx;
    size_t size = file_size();
    CHECK_EQ(chain_file_open(file_bytes, size, &file), LX_OK);
    CHECK(chain_file_next(&file, &tx) && chain_file_next(&file, &tx) && !chain_file_next(&file, &tx));
    for (size_t cut = 0; cut < size; cut++) {
        CHECK_EQ(chain_file_open(file_bytes, cut, &file), LX_EINVAL);
    }
    CHECK_EQ(chain_file_open(file_bytes, size + 1, &file), LX_EINVAL);
    for (size_t i = 0; i < 16; i++) { /* magic, count, first length */
        file_bytes[i] ^= 0x10;
        CHECK(chain_file_open(file_bytes, size, &file) != LX_OK);
        start();
        CHECK(!sigchain_verify_file(&verifier, file_bytes, size));
        file_bytes[i] ^= 0x10;
    }
    file_bytes[10] = 0x11; /* more than 1048576 transactions */
    CHECK_EQ(chain_file_open(file_bytes, size, &file), LX_ERANGE);
    CHECK(!sigchain_verify_file(&verifier, file_bytes, size));
    CHECK_EQ(verifier.refusal.rule, SIGCHAIN_LIMIT);
    file_bytes[10] = 0;
    static uint8_t large[CHAIN_FILE_HEAD_BYTES + 4 + TRANSACTION_BYTES_MAX + 1];
    struct writer w = writer_of(large, sizeof large);
    chain_file_put_head(&w, 1);
    writer_le32(&w, TRANSACTION_BYTES_MAX + 1);
    CHECK_EQ(chain_file_open(large, sizeof large, &file), LX_ERANGE);
    /* The file is sound, and what is in it is not. */
    file_bytes[size - 1] ^= 1;
    start();
    CHECK(!sigchain_verify_file(&verifier, file_bytes, size));
    CHECK(verifier.refusal.rule == SIGCHAIN_SIGNATURE && verifier.refusal.index == 1);
    file_bytes[size - 1] ^= 1;
}

/* ---- the builder ------------------------------------------------------------------------------------------------ */

static enum lx_err sign(const struct sigchain_link *link, uint32_t signer, const struct u256 *next)
{
    uint8_t secret[64];
    struct u512 txid;
    secret_of(signer, secret);
    return transaction_sign(&builder, link, next, secret, randomness, &txid);
}

static void begin_with_one(uint64_t timestamp, size_t cap_bytes)
{
    static struct register_state state;
    transaction_begin(&builder, &genesis, timestamp, buffer, cap_bytes);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "a", 1, &state), REGISTER_OK);
}

static void signing_refuses_what_does_not_join(void)
{
    struct sigchain_link link = {.genesis = genesis, .sequence = 3, .not_before = TIME_S};
    struct u256 next = {{1}}, zero = {{0}};
    uint8_t secret[64] = {0};
    struct u512 txid;
    secret_of(3, secret);
    CHECK_EQ(sigchain_key_hash(secret, &link.key), LX_OK);
    transaction_begin(&builder, &genesis, TIME_S, buffer, sizeof buffer);
    CHECK_EQ(sign(&link, 3, &next), LX_EINVAL); /* no contract */
    begin_with_one(TIME_S - 1, sizeof buffer);
    CHECK_EQ(sign(&link, 3, &next), LX_EINVAL);
    begin_with_one(TIME_S, sizeof buffer);
    CHECK_EQ(sign(&link, 4, &next), LX_EINVAL); /* not the key that was announced */
    CHECK_EQ(sign(&link, 3, &zero), LX_EINVAL);
    memset(secret, 0, sizeof secret);
    CHECK_EQ(transaction_sign(&builder, &link, &next, secret, randomness, &txid), LX_EINVAL);
    CHECK_EQ(sigchain_key_hash(secret, &zero), LX_EINVAL);
    link.genesis.bytes[0]++;
    CHECK_EQ(sign(&link, 3, &next), LX_EINVAL);
    link.genesis.bytes[0]--;
    CHECK_EQ(sign(&link, 3, &next), LX_OK);
    size_t whole = builder.out.used_bytes;
    for (size_t cap = whole - 300; cap < whole; cap += 99) {
        begin_with_one(TIME_S, cap);
        CHECK_EQ(sign(&link, 3, &next), LX_ENOSPC);
    }
    begin_with_one(TIME_S, whole);
    CHECK_EQ(sign(&link, 3, &next), LX_OK);
}

static void contracts_that_cannot_be_are_not_added(void)
{
    static struct register_state state, before;
    static const uint8_t large[REGISTER_DATA_BYTES_MAX + 200];
    struct u256 anybody;
    memset(anybody.bytes, 0xff, sizeof anybody.bytes);
    begin_with_one(TIME_S, sizeof buffer);
    size_t used = builder.out.used_bytes;
    CHECK_EQ(transaction_create(&builder, &app_address, REGISTER_RAW, "x", 1, &state), REGISTER_ADDRESS_TYPE);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, large, 1025, &state), REGISTER_TOO_LARGE);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, large, 1200, &state), REGISTER_TOO_LARGE);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, large, 1024, &state), REGISTER_OK);
    used = builder.out.used_bytes;
    before = state;
    CHECK_EQ(transaction_append(&builder, &log_address, "x", 1, &state), REGISTER_TOO_LARGE);
    CHECK_EQ(transaction_write(&builder, &log_address, "x", 1, &state), REGISTER_NOT_WRITABLE);
    CHECK_EQ(transaction_transfer(&builder, &log_address, &genesis, false, &state), REGISTER_TO_OWNER);
    CHECK_EQ(transaction_transfer(&builder, &log_address, &anybody, false, &state), REGISTER_CONDITIONS);
    CHECK_EQ(transaction_claim(&builder, &(struct u512){{1}}, 0, &log_address, &state), REGISTER_NOT_OFFERED);
    CHECK(builder.out.used_bytes == used && memcmp(&before, &state, sizeof state) == 0);
    transaction_begin(&builder, &genesis, TIME_S, buffer, 60);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "abcdefghij", 10, &state), REGISTER_NO_SPACE);
    CHECK(builder.contract_count == 0 && memcmp(&before, &state, sizeof state) == 0);
    static uint8_t wide[65536];
    transaction_begin(&builder, &genesis, TIME_S, wide, sizeof wide);
    for (unsigned i = 0; i < TRANSACTION_CONTRACTS_MAX; i++) {
        CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "x", 1, &state), REGISTER_OK);
    }
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "x", 1, &state), REGISTER_NO_SPACE);
    CHECK_EQ(wide[0], 100);
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

/** An object state with these data, as CREATE would leave it but for owner and times. */
static void operations_that_cannot_be_are_not_added(void)
{
    static struct register_state state, before;
    static const uint8_t conditions[5000];
    struct cursor none = cursor_of(NULL, 0), some = cursor_of(conditions, 9), many = cursor_of(conditions, 5000);
    struct operation op = {.code = OPERATION_TRANSFER, .kind = TRANSFER_CLAIM, .address = log_address};
    op.other = (struct u256){{9, [31] = 0xb7}};
    begin_with_one(TIME_S, sizeof buffer);
    CHECK_EQ(transaction_create(&builder, &log_address, REGISTER_APPEND, "a", 1, &state), REGISTER_OK);
    before = state;
    size_t used = builder.out.used_bytes;
    CHECK_EQ(transaction_operation(&builder, &op, many, &state), REGISTER_NO_SPACE);
    memset(op.other.bytes, 0xff, U256_BYTES); /* anybody, under no conditions */
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_CONDITIONS);
    op.kind = 0xfc;
    CHECK_EQ(transaction_operation(&builder, &op, some, &state), REGISTER_OPERATION);
    op = (struct operation){.code = OPERATION_APPEND, .address = log_address, .data = cursor_of("b", 1)};
    CHECK_EQ(transaction_operation(&builder, &op, some, &state), REGISTER_CONDITIONS);
    op.has_condition_prefix = true;
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_OPERATION);
    op = (struct operation){.code = OPERATION_MIGRATE, .address = log_address};
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_OPERATION); /* it has no trust key */
    uint8_t trust_key[OPERATION_TRUST_KEY_BYTES] = {1};
    op.data = cursor_of(trust_key, sizeof trust_key);
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_NOT_EXECUTABLE);
    builder.caller.version = 1;
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_FIELDS); /* the log is no trust account */
    builder.caller.version = TRANSACTION_VERSION;
    op = (struct operation){.code = OPERATION_DEBIT, .address = log_address, .other = log_address, .amount = 1};
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_FIELDS);
    CHECK(builder.out.used_bytes == used && memcmp(&before, &state, sizeof state) == 0);
    op = (struct operation){.code = OPERATION_AUTHORIZE, .other = genesis};
    CHECK_EQ(transaction_operation(&builder, &op, none, NULL), REGISTER_OK);
    op = (struct operation){.code = OPERATION_APPEND, .address = log_address, .data = cursor_of("b", 1)};
    op.has_validate_prefix = true;
    op.validated_contract = 3;
    CHECK_EQ(transaction_operation(&builder, &op, none, &state), REGISTER_OK);
    CHECK(memcmp(state.data, "ab", 2) == 0);
}

static void object_of(const struct writer *w, struct register_state *out)
{
    CHECK(!w->overflow);
    memset(out, 0, sizeof *out);
    out->version = 1;
    out->type = REGISTER_OBJECT;
    out->data_bytes = (uint16_t)w->used_bytes;
    memcpy(out->data, w->bytes, w->used_bytes);
}

/** What one field of a record is made of; a test changes one. */
struct part {
    const char *name;
    enum field_type type;
    bool is_mutable;
    const void *value;
    size_t value_bytes;
};

static const uint8_t zeros[64];

static void put_parts(const struct part *parts, size_t count, struct register_state *out)
{
    uint8_t data[512];
    struct writer w = writer_of(data, sizeof data);
    for (size_t i = 0; i < count; i++) {
        field_put(&w, parts[i].name, parts[i].type, parts[i].is_mutable, parts[i].value, parts[i].value_bytes);
    }
    object_of(&w, out);
}

static void app_records_are_strict(void)
{
    static struct register_state state;
    struct record_app record;
    const struct part good[6] = {
        {"lx", FIELD_STRING, false, "app/1", 5}, {"app", FIELD_STRING, false, "demo\0\0", 6},
        {"seq", FIELD_U64, true, zeros, 8},      {"manifest", FIELD_U256, true, zeros, 32},
        {"revoked", FIELD_U8, true, "\x01", 1},  {"_usertype", FIELD_U16, false, "\x03\x00", 2},
    };
    put_parts(good, 5, &state);
    CHECK(record_app_read(&state, &record) == LX_OK && strcmp(record.app, "demo") == 0 && record.revoked);
    put_parts(good, 6, &state); /* as the node's API makes it */
    CHECK_EQ(record_app_read(&state, &record), LX_OK);
    put_parts(good, 4, &state);
    CHECK_EQ(record_app_read(&state, &record), LX_EINVAL);
    put_parts(good + 1, 4, &state);
    CHECK_EQ(record_app_read(&state, &record), LX_ENOENT);
    static const struct {
        size_t at;
        struct part part;
        enum lx_err expected;
    } changes[] = {
        {0, {"lx", FIELD_STRING, false, "app/2", 5}, LX_ENOENT},
        {0, {"lx", FIELD_STRING, false, "installed/1", 11}, LX_ENOENT},
        {0, {"lx", FIELD_BYTES, false, "app/1", 5}, LX_ENOENT},
        {0, {"lx", FIELD_STRING, true, "app/1", 5}, LX_EINVAL},
        {0, {"lx", FIELD_STRING, false, "app/1\0x", 7}, LX_EINVAL},
        {1, {"app", FIELD_STRING, true, "demo", 4}, LX_EINVAL},
        {1, {"app", FIELD_STRING, false, "demo\0x", 6}, LX_EINVAL},
        {1, {"app", FIELD_STRING, false, "", 0}, LX_EINVAL},
        {1, {"app", FIELD_STRING, false, "Demo", 4}, LX_EINVAL},
        {1, {"app", FIELD_STRING, false, ".demo", 5}, LX_EINVAL},
        {1, {"app", FIELD_STRING, false, "a/b", 3}, LX_EINVAL},
        {1, {"ape", FIELD_STRING, false, "demo", 4}, LX_EINVAL},
        {2, {"seq", FIELD_U64, false, zeros, 8}, LX_EINVAL},
        {2, {"seq", FIELD_U32, true, zeros, 4}, LX_EINVAL},
        {3, {"manifest", FIELD_U256, false, zeros, 32}, LX_EINVAL},
        {3, {"manifest", FIELD_U512, true, zeros, 64}, LX_EINVAL},
        {4, {"revoked", FIELD_U8, true, "\x02", 1}, LX_EINVAL},
        {4, {"revoked", FIELD_U8, false, "\x01", 1}, LX_EINVAL},
        {5, {"_usertype", FIELD_U16, true, "\x03\x00", 2}, LX_EINVAL},
        {5, {"more", FIELD_U16, false, "\x03\x00", 2}, LX_EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct part parts[6];
        memcpy(parts, good, sizeof parts);
        parts[changes[i].at] = changes[i].part;
        put_parts(parts, changes[i].at == 5 ? 6 : 5, &state);
        CHECK_EQ(record_app_read(&state, &record), changes[i].expected);
    }
    put_parts(good, 5, &state);
    state.type = REGISTER_RAW;
    CHECK_EQ(record_app_read(&state, &record), LX_ENOENT);
}

static void installed_records_are_strict(void)
{
    static struct register_state state;
    struct record_installed record;
    const struct part good[4] = {
        {"lx", FIELD_STRING, false, "installed/1", 11},
        {"seq", FIELD_U64, true, zeros, 8},
        {"list", FIELD_U256, true, zeros, 32},
        {"more", FIELD_U8, true, zeros, 1},
    };
    put_parts(good, 3, &state);
    CHECK_EQ(record_installed_read(&state, &record), LX_OK);
    put_parts(good, 4, &state);
    CHECK_EQ(record_installed_read(&state, &record), LX_EINVAL);
    put_parts(good, 2, &state);
    CHECK_EQ(record_installed_read(&state, &record), LX_EINVAL);
    put_parts(good + 1, 3, &state);
    CHECK_EQ(record_installed_read(&state, &record), LX_ENOENT);
}

static void records_that_cannot_be_are_not_written(void)
{
    static struct register_state state;
    uint8_t bytes[256];
    struct record_app record = {.app = "demo"}, other = {.app = "demp"};
    struct record_installed list = {.seq = 1};
    struct writer w = writer_of(bytes, sizeof bytes), small = writer_of(bytes, 20);
    CHECK_EQ(record_app_data(&record, &small), LX_ENOSPC);
    CHECK_EQ(record_app_data(&record, &w), LX_OK);
    object_of(&w, &state);
    w = writer_of(bytes, sizeof bytes);
    CHECK_EQ(record_app_payload(&state, &other, &w), LX_EINVAL);
    CHECK_EQ(record_installed_payload(&state, &list, &w), LX_EINVAL);
    small = writer_of(bytes, 20);
    CHECK_EQ(record_app_payload(&state, &record, &small), LX_ENOSPC);
    CHECK_EQ(record_app_payload(&state, &record, &w), LX_OK);
    memset(record.app, 'x', 64);
    CHECK_EQ(record_app_data(&record, &w), LX_OK);
    strcpy(record.app, "");
    CHECK_EQ(record_app_data(&record, &w), LX_EINVAL);
    strcpy(record.app, "a b");
    CHECK_EQ(record_app_data(&record, &w), LX_EINVAL);
    small = writer_of(bytes, 20);
    CHECK_EQ(record_installed_data(&list, &small), LX_ENOSPC);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"sigchain: a chain of records is made and read", a_chain_of_records_is_made_and_read},
        {"sigchain: files of any other form are refused", files_of_any_other_form_are_refused},
        {"sigchain: signing refuses what does not join the chain", signing_refuses_what_does_not_join},
        {"sigchain: contracts that cannot be are not added", contracts_that_cannot_be_are_not_added},
        {"sigchain: operations that cannot be are not added", operations_that_cannot_be_are_not_added},
        {"sigchain: app records are strict", app_records_are_strict},
        {"sigchain: installed records are strict", installed_records_are_strict},
        {"sigchain: records that cannot be are not written", records_that_cannot_be_are_not_written},
    };
    return UNIT_MAIN(cases);
}
