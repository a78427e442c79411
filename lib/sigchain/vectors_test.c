/* SPDX-License-Identifier: MIT */
/**
 * Shows that every chain of the vectors verifies, that its ids are the node's and its registers end as the node's API
 * shows them, and that what we make of the same operations is byte for byte what the node made.
 */
#include "sigchain.h"
#include "unit.h"
#include "vectors.h"

#define CHAINS_MAX       16u
#define REGISTERS_MAX    64u
#define TRANSACTIONS_MAX 64u

struct chain {
    char network[16], user[32];
    struct cursor transactions[TRANSACTIONS_MAX]; /* without the API's prefix */
    struct u512 txids[TRANSACTIONS_MAX];
    size_t count;
    struct sigchain_verifier verifier;
    struct sigchain_register registers[REGISTERS_MAX];
};

static struct chain chains[CHAINS_MAX];
static size_t chain_count;
static uint8_t pool[1 << 20];
static size_t pool_used;

/** The next word of a line, which a space or the line's end ends. */
static struct vectors word(struct vectors *v)
{
    size_t len = 0;
    while (len < v->left_chars && v->at[len] != ' ' && v->at[len] != '\n') {
        len++;
    }
    struct vectors out = {v->at, len};
    v->at += len < v->left_chars ? len + 1 : len;
    v->left_chars -= len < v->left_chars ? len + 1 : len;
    return out;
}

static struct chain *chain_of(struct vectors network, struct vectors user)
{
    for (size_t i = 0; i < chain_count; i++) {
        if (strlen(chains[i].user) == user.left_chars && memcmp(chains[i].user, user.at, user.left_chars) == 0 &&
            strlen(chains[i].network) == network.left_chars) {
            return &chains[i];
        }
    }
    CHECK(chain_count < CHAINS_MAX);
    struct chain *chain = &chains[chain_count++];
    CHECK(vectors_text(network, chain->network, sizeof chain->network));
    CHECK(vectors_text(user, chain->user, sizeof chain->user));
    return chain;
}

static void load(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/flat_tx.txt");
    while (v.left_chars > 0) {
        struct vectors network = word(&v), user, txid, raw;
        if (network.left_chars == 0 || network.at[0] == '#') {
            (void)vectors_skip(&v, "\n");
            continue;
        }
        user = word(&v);
        for (unsigned i = 0; i < 4; i++) {
            (void)word(&v); /* sequence, types, operations */
        }
        txid = word(&v);
        raw = word(&v);
        struct chain *chain = chain_of(network, user);
        CHECK(chain->count < TRANSACTIONS_MAX);
        size_t len = vectors_hex(raw, pool + pool_used, sizeof pool - pool_used);
        CHECK(len > 1 && pool[pool_used] == TRANSACTION_API_PREFIX);
        chain->transactions[chain->count] = cursor_of(pool + pool_used + 1, len - 1);
        CHECK(hex_to_mem(txid.at, txid.left_chars, chain->txids[chain->count].bytes, U512_BYTES));
        chain->count++;
        pool_used += len;
    }
}

/** The test has no Argon2; lib/llll/llc_kdf shows the work of a real first transaction. */
static unsigned work_calls;
static enum lx_err take_any_work(const struct u256 *genesis, const void *hashed, size_t len_bytes)
{
    work_calls++;
    return u256_is_zero(genesis) || hashed == NULL || len_bytes == 0 ? LX_EBADMSG : LX_OK;
}

static void every_chain_verifies(void)
{
    size_t total = 0;
    load();
    for (size_t i = 0; i < chain_count; i++) {
        struct chain *chain = &chains[i];
        struct sigchain_pin pin = {0, chain->txids[0]};
        bool is_test = strcmp(chain->network, "testnet") == 0;
        struct sigchain_setup setup = {.registers = chain->registers,
                                       .register_capacity = REGISTERS_MAX,
                                       .pins = &pin,
                                       .pin_count = 1,
                                       .check_work = take_any_work};
        sigchain_network_of(is_test ? NETWORK_TEST : NETWORK_PRIVATE, "", &setup.network);
        sigchain_verifier_init(&chain->verifier, &setup);
        for (size_t t = 0; t < chain->count; t++) {
            bool ok = sigchain_add(&chain->verifier, chain->transactions[t].at, chain->transactions[t].left_bytes);
            if (!ok) {
                printf("# %s %s: %s\n", chain->network, chain->user, chain->verifier.refusal.sentence);
            }
            CHECK(ok);
            CHECK(u512_equal(&chain->verifier.txid, &chain->txids[t]));
            total++;
        }
        CHECK(sigchain_finish(&chain->verifier));
        CHECK_EQ(sigchain_sequence(&chain->verifier), chain->count - 1);
        CHECK(chain->verifier.work_is_checked == is_test);
        chain->verifier.setup.pins = NULL; /* `pin` ends here */
        chain->verifier.setup.pin_count = 0;
    }
    CHECK(chain_count >= 6 && total >= 89 && work_calls > 0);
    printf("# %zu chains, %zu transactions\n", chain_count, total);
}

/* ---- registers as the API shows them ---------------------------------------------------------------------------- */

/** The value of a key in one object of JSON, without quotes. */
static bool value_of(struct vectors object, const char *key, struct vectors *out)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    if (!vectors_skip(&object, quoted)) {
        return false;
    }
    while (object.left_chars > 0 && (*object.at == ' ' || *object.at == '"')) {
        bool quote = *object.at == '"';
        object.at++;
        object.left_chars--;
        if (quote) {
            break;
        }
    }
    size_t len = 0;
    while (len < object.left_chars && strchr("\",}\n", object.at[len]) == NULL) {
        len++;
    }
    *out = (struct vectors){object.at, len};
    return true;
}

static bool text_is(struct vectors text, const void *bytes, size_t len)
{
    return text.left_chars == len && memcmp(text.at, bytes, len) == 0;
}

/** The API shows coins with as many decimals as their token has; the chains here have 2 and 6. */
static bool coins_are(struct vectors text, uint64_t coins)
{
    char copy[32];
    if (!vectors_text(text, copy, sizeof copy)) {
        return false;
    }
    double shown = strtod(copy, NULL);
    return (uint64_t)(shown * 100 + 0.5) == coins || (uint64_t)(shown * 1000000 + 0.5) == coins;
}

static bool number_is(struct vectors text, const struct field *field)
{
    char copy[300], hex[U512_HEX_CHARS * 2];
    if (!vectors_text(text, copy, sizeof copy)) {
        return false;
    }
    if (field->type >= FIELD_U256) {
        hex_of_mem(field->value, field->value_bytes, hex);
        return strcmp(copy, hex) == 0;
    }
    uint8_t wide[8] = {0};
    memcpy(wide, field->value, field->value_bytes);
    return strtoull(copy, NULL, 10) == le64_load(wide);
}

static unsigned fields_checked;

static bool field_is(struct vectors object, const struct register_state *state, const struct field *field)
{
    char name[64], address[ADDRESS_TEXT_CHARS];
    struct vectors text;
    enum object_standard standard = object_standard(state);
    if (!vectors_text((struct vectors){(const char *)field->name, field->name_bytes}, name, sizeof name)) {
        return false;
    }
    if (standard == OBJECT_NAME && strcmp(name, "address") == 0) {
        struct u256 value;
        memcpy(value.bytes, field->value, U256_BYTES);
        address_text_of(&value, address);
        fields_checked++;
        return value_of(object, "register", &text) && text_is(text, address, strlen(address));
    }
    if (!value_of(object, name, &text) || strcmp(name, "token") == 0 || strcmp(name, "supply") == 0 ||
        strcmp(name, "stake") == 0) {
        return true; /* shown under another name, in another form, or not at all */
    }
    fields_checked++;
    if (strcmp(name, "balance") == 0) {
        return coins_are(text, le64_load(field->value));
    }
    if (field->type == FIELD_STRING) {
        size_t len = 0;
        while (len < field->value_bytes && field->value[len] != 0) {
            len++;
        }
        return text_is(text, field->value, len);
    }
    return field->type == FIELD_BYTES || number_is(text, field);
}

/** What the API makes of raw data: two bytes of its own, then a string with zeros behind it. */
static bool raw_is(struct vectors object, const struct register_state *state)
{
    struct vectors text;
    struct cursor c = cursor_of(state->data, state->data_bytes), value;
    uint16_t user_type;
    if (!value_of(object, "data", &text) || !cursor_le16(&c, &user_type) || !vector_get(&c, &value)) {
        return false;
    }
    fields_checked++;
    return value.left_bytes >= text.left_chars && memcmp(value.at, text.at, text.left_chars) == 0 &&
           (value.left_bytes == text.left_chars || value.at[text.left_chars] == 0);
}

static bool state_is(struct vectors object, const struct register_state *state)
{
    uint64_t n = 0;
    struct vectors piece = object;
    bool ok = vectors_number(&piece, "version", &n) && n == state->version;
    piece = object;
    ok = ok && vectors_number(&piece, "created", &n) && n == state->created;
    piece = object;
    ok = ok && vectors_number(&piece, "modified", &n) && n == state->modified;
    if (state->type != REGISTER_OBJECT) {
        return ok && raw_is(object, state);
    }
    struct cursor c = cursor_of(state->data, state->data_bytes);
    struct field field;
    while (ok && field_next(&c, &field)) {
        ok = field_is(object, state, &field);
        if (!ok) {
            printf("# field %.*s\n", (int)field.name_bytes, (const char *)field.name);
        }
    }
    return ok;
}

/** Looks for the register in the chains of a network, with the owner that it has in the end. */
static const struct register_state *final_state(const char *network, const struct u256 *address,
                                                const struct u256 *owner)
{
    for (size_t i = 0; i < chain_count; i++) {
        for (size_t r = 0; r < chains[i].verifier.register_count; r++) {
            const struct sigchain_register *known = &chains[i].registers[r];
            if (strcmp(chains[i].network, network) == 0 && u256_equal(&known->address, address) &&
                u256_equal(&known->state.owner, owner)) {
                return &known->state;
            }
        }
    }
    return NULL;
}

static unsigned check_registers(const char *path, const char *network)
{
    struct vectors v = vectors_open(path), piece;
    unsigned found = 0;
    CHECK(vectors_skip(&v, "{"));
    while (vectors_string(&v, &piece)) { /* the address, then an object */
        struct u256 address, owner;
        CHECK_EQ(address_of_text(piece.at, piece.left_chars, &address), LX_OK);
        struct vectors object = v, owner_text;
        const char *end = (const char *)memchr(v.at, '}', v.left_chars);
        CHECK(end != NULL);
        object.left_chars = (size_t)(end - v.at);
        CHECK(value_of(object, "owner", &owner_text) &&
              hex_to_mem(owner_text.at, owner_text.left_chars, owner.bytes, U256_BYTES));
        const struct register_state *state = final_state(network, &address, &owner);
        if (state != NULL) {
            bool same = state_is(object, state);
            if (!same) {
                printf("# %s of %s\n", network, piece.at);
            }
            CHECK(same);
            found++;
        }
        CHECK(vectors_skip(&v, "}"));
    }
    return found;
}

static void registers_end_as_the_node_shows_them(void)
{
    unsigned found = check_registers("tests/vectors/nexus/private/registers.json", "private");
    found += check_registers("tests/vectors/nexus/testnet/registers.json", "testnet");
    printf("# %u registers, %u fields\n", found, fields_checked);
    CHECK(found >= 36 && fields_checked > 80);
}

/* ---- the same operations, made by us ---------------------------------------------------------------------------- */

static enum register_err rebuild(struct transaction_builder *b, const struct operation *op,
                                 struct register_state *state)
{
    if (op->code == OPERATION_CREATE) {
        return transaction_create(b, &op->address, (enum register_type)op->kind, op->data.at, op->data.left_bytes,
                                  state);
    }
    if (op->code == OPERATION_WRITE) {
        return transaction_write(b, &op->address, op->data.at, op->data.left_bytes, state);
    }
    if (op->code == OPERATION_APPEND) {
        return transaction_append(b, &op->address, op->data.at, op->data.left_bytes, state);
    }
    if (op->code == OPERATION_TRANSFER) {
        return transaction_transfer(b, &op->address, &op->other, op->kind == TRANSFER_FORCE, state);
    }
    return transaction_claim(b, &op->txid, op->contract, &op->address, state);
}

/** Whether there is a function for this operation alone. */
static bool has_own_function(const struct operation *op, const struct contract *contract)
{
    return contract->conditions.left_bytes == 0 && !op->has_condition_prefix &&
           (op->code == OPERATION_CREATE || op->code == OPERATION_WRITE || op->code == OPERATION_APPEND ||
            op->code == OPERATION_TRANSFER || op->code == OPERATION_CLAIM);
}

/** Makes the contracts of a transaction again. */
static void remake(const struct transaction *tx, struct transaction_builder *b, uint8_t *buffer, size_t cap_bytes)
{
    static struct register_state state;
    struct cursor contracts = tx->contracts;
    struct contract contract;
    struct operation op;
    transaction_begin(b, &tx->genesis, tx->timestamp, buffer, cap_bytes);
    while (contract_next(&contracts, &contract)) {
        CHECK_EQ(operation_parse(contract.operation, &op), REGISTER_OK);
        if (op.code != OPERATION_CREATE && operation_has_register(op.code)) {
            struct cursor before = cursor_of(contract.registers.at + 1, contract.registers.left_bytes - 1);
            CHECK_EQ(register_parse(&before, &state), REGISTER_OK);
        }
        CHECK_EQ(has_own_function(&op, &contract) ? rebuild(b, &op, &state)
                                                  : transaction_operation(b, &op, contract.conditions, &state),
                 REGISTER_OK);
    }
}

static void what_we_make_is_what_the_node_made(void)
{
    static struct transaction_builder b;
    static uint8_t buffer[8192];
    unsigned remade = 0;
    for (size_t i = 0; i < chain_count; i++) {
        for (size_t t = 0; t < chains[i].count; t++) {
            struct transaction tx;
            CHECK_EQ(transaction_parse(chains[i].transactions[t].at, chains[i].transactions[t].left_bytes, &tx), LX_OK);
            remake(&tx, &b, buffer, sizeof buffer);
            CHECK_EQ(b.out.used_bytes, 1 + tx.contracts.left_bytes);
            CHECK_BYTES(buffer, tx.hashed.at, b.out.used_bytes);
            remade++;
        }
    }
    printf("# %u transactions made again\n", remade);
    CHECK(remade >= 89);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"sigchain: every chain of the node verifies", every_chain_verifies},
        {"sigchain: registers end as the node shows them", registers_end_as_the_node_shows_them},
        {"sigchain: the contracts that we make are those that the node made", what_we_make_is_what_the_node_made},
    };
    return UNIT_MAIN(cases);
}
