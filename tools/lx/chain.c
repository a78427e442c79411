/* SPDX-License-Identifier: MIT */
/** lx chain show, verify, diff: a chain from a file or a package, verified and told; a proof; two chains. */
#include <string.h>

#include "block.h"
#include "keys.h"

#define TXID_CHARS  (2u * U512_BYTES)
#define BLOCK_CHARS (2u * U1024_BYTES)

/** Whether a file begins as chains and packages do. */
static bool is_chain_or_package(struct bytes file)
{
    return file.len_bytes >= 8 &&
           (memcmp(file.at, CHAIN_FILE_MAGIC, 8) == 0 || memcmp(file.at, PACKAGE_MAGIC_BYTES, 8) == 0);
}

struct cursor chain_named(const struct arguments *args, const char *word)
{
    struct package p;
    struct bytes file = {NULL, 0};
    char *own = key_name_is_valid(word) ? join(key_directory(args), "/", word, ".chain", NULL) : NULL;
    bool is_key = own != NULL && file_exists(own);
    if (file_exists(word)) {
        file = read_file(word);
    } else if (!is_key) {
        fail("%s is neither a file nor the name of a key; lx key list shows your keys", word);
    }
    if (is_key && !is_chain_or_package(file)) { /* some other file has the key's name */
        word = own;
        file = read_file(word);
    }
    if (file.len_bytes < 8 || memcmp(file.at, PACKAGE_MAGIC_BYTES, 8) != 0) {
        return cursor_of(file.at, file.len_bytes);
    }
    package_read(word, &p);
    if (cursor_is_empty(&p.chain)) {
        fail("%s has no chain, it is not signed yet; lx sign does that", word);
    }
    return p.chain;
}

/** What a register holds, if it is a record that we know. */
static char *record_words(const struct sigchain_verifier *v, const struct u256 *address)
{
    struct record_app app;
    struct record_installed installed;
    char text[160], name[ADDRESS_TEXT_CHARS];
    struct u256 crypto;
    const struct sigchain_register *r = sigchain_find(v, address);
    address_text_of(address, name);
    address_of_crypto(&v->genesis, &crypto);
    if (r != NULL && record_app_read(&r->state, &app) == LX_OK) {
        snprintf(text, sizeof text, "%s %s %llu", app.revoked ? "withdraws" : "releases", app.app,
                 (unsigned long long)app.seq);
    } else if (r != NULL && record_installed_read(&r->state, &installed) == LX_OK) {
        snprintf(text, sizeof text, "approves list %llu", (unsigned long long)installed.seq);
    } else if (u256_equal(address, &crypto)) {
        snprintf(text, sizeof text, "the profile's keys, %s", name);
    } else {
        snprintf(text, sizeof text, "register %s", name);
    }
    return join(text, NULL);
}

/** What a transaction does, contract by contract; the chain has accepted it. */
static json_t *contracts_of(const struct sigchain_verifier *v, const struct transaction *tx)
{
    struct cursor rest = tx->contracts;
    struct contract contract;
    struct operation op;
    json_t *out = pack_json("[]");
    while (contract_next(&rest, &contract)) {
        if (operation_parse(contract.operation, &op) != REGISTER_OK) {
            continue; /* never: it was accepted */
        }
        const char *words = operation_has_register(op.code) ? record_words(v, &op.address) : "";
        json_array_append_new(out, pack_json("s", join(operation_name(op.code), json_array_size(out) > 0 ? ", " : ": ",
                                                       words, NULL)));
    }
    return out;
}

/** What a transaction does to the recovery key, or with it. `before` is where it joined the chain. */
static void recovery_words(json_t *out, const struct sigchain_verifier *v, const struct sigchain_link *before)
{
    if (before->sequence > 0 && !u256_equal(&before->key, &v->key)) {
        json_array_append_new(out, pack_json("s", "signed with the recovery key"));
    }
    if (!u256_equal(&before->recovery, &v->recovery)) {
        json_array_append_new(out, pack_json("s", u256_is_zero(&before->recovery) ? "sets a recovery key"
                                                                                  : "changes the recovery key"));
    }
}

/** Adds the next transaction of a chain. @return what it does, or NULL when it is refused. */
static json_t *row_add(struct sigchain_verifier *v, struct cursor bytes)
{
    struct transaction tx;
    struct u512 id;
    struct sigchain_link before = {.sequence = 0};
    if (v->transaction_count > 0) {
        sigchain_link_of(v, &before);
    }
    if (!sigchain_add(v, bytes.at, bytes.left_bytes)) {
        return NULL;
    }
    if (transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        fail("a transaction was accepted and cannot be read"); /* cannot be */
    }
    transaction_id(&tx, &id);
    json_t *does = contracts_of(v, &tx);
    recovery_words(does, v, &before);
    return pack_json("{s:o, s:o, s:s, s:o, s:o}", "n", json_number(tx.sequence), "time", json_time(tx.timestamp), "key",
                     tx.key_type == SIGNATURE_BRAINPOOL ? "brainpool" : "falcon", "does", does, "id",
                     json_txid(&id));
}

int chain_show(const struct arguments *args)
{
    struct chain chain;
    struct chain_file file;
    struct cursor tx;
    struct cursor bytes = chain_named(args, args->operands[0]);
    json_t *rows = pack_json("[]");
    chain_start(&chain, args->options[OPTION_NETWORK], NULL, 0);
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        fail("%s is no chain file, or was cut; get it again", args->operands[0]);
    }
    bool ok = true;
    while (ok && chain_file_next(&file, &tx)) {
        json_t *row = row_add(&chain.verifier, tx);
        ok = row != NULL;
        if (ok) {
            json_array_append_new(rows, row);
        }
    }
    report_rows(rows, args->options[OPTION_JSON] != NULL);
    if (!ok || !sigchain_finish(&chain.verifier)) {
        fail("%s: %s", args->operands[0], chain.verifier.refusal.sentence);
    }
    return STATUS_OK;
}

/** Verifies the proof that the command line names. */
static void proof_read(const struct arguments *args, struct inclusion *out)
{
    static struct u512 ids[BLOCK_TRANSACTIONS_MAX];
    static struct block_room room = {.ids = ids, .id_capacity = ARRAY_LEN(ids)};
    struct u1024 known;
    struct proof_refusal refusal;
    struct proof_setup setup = {.room = &room};
    const char *path = args->options[OPTION_PROOF];
    const char *hash = args->options[OPTION_BLOCK];
    if (hash != NULL) {
        if (!hex_to_mem(hash, strlen(hash), known.bytes, U1024_BYTES)) {
            fail("--block %s: not a block's hash, which has %u hex digits", hash, BLOCK_CHARS);
        }
        setup.known_block = &known;
    }
    chain_network(args->options[OPTION_NETWORK], &setup.network);
    struct bytes file = read_file(path);
    if (!proof_verify(file.at, file.len_bytes, &setup, out, &refusal)) {
        fail("%s: %s", path, refusal.sentence);
    }
}

/** What the proof adds to the report. */
static void report_inclusion(json_t *out, const struct finding *finding)
{
    const struct inclusion *i = &finding->inclusion;
    char hash[U1024_HEX_CHARS];
    hex_of_mem(i->block.bytes, U1024_BYTES, hash);
    json_object_set_new(out, "included", json_number(finding->included_count));
    json_object_set_new(out, "height", json_number(i->height));
    json_object_set_new(out, "above", json_number(i->blocks_above));
    json_object_set_new(out, "work", json_number(i->work_hashes));
    json_object_set_new(out, "known_until", json_time(i->newest_s));
    json_object_set_new(out, "block", pack_json("s", hash));
}

/** Writes a checkpoint. @return its hash, as text. */
static json_t *checkpoint_write(const char *path, const struct sigchain_verifier *v)
{
    struct u256 hash;
    size_t cap = CHECKPOINT_BYTES_MAX(v->register_count);
    struct writer w = writer_of(zalloc(cap), cap);
    if (sigchain_checkpoint_put(v, &w, &hash) != LX_OK) {
        fail("no checkpoint can be taken of this chain"); /* cannot be: it was verified */
    }
    file_replace(path, w.bytes, w.used_bytes, 0644);
    return json_id(&hash);
}

/** The report of a chain that was verified. */
static void report_chain(const struct arguments *args, const struct chain *chain, const struct inclusion *inclusion)
{
    char words[FINDING_CHARS];
    struct finding finding;
    const struct sigchain_verifier *v = &chain->verifier;
    if (finding_of(v, inclusion, &finding) != LX_OK) {
        fail("%s is about another chain than %s", args->options[OPTION_PROOF], args->operands[0]);
    }
    finding_describe(v, &finding, words, sizeof words);
    json_t *out = pack_json("{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "proven", words, "id", json_id(&v->genesis), "bound",
                            (int)sigchain_genesis_is_bound(v), "transactions", json_number(v->transaction_count), "first",
                            json_txid(&v->first_txid), "last", json_txid(&v->txid), "time", json_time(v->timestamp));
    if (inclusion != NULL) {
        report_inclusion(out, &finding);
    }
    json_t *releases = releases_of(chain);
    if (json_array_size(releases) > 0) {
        json_object_set_new(out, "releases", releases);
    }
    if (args->options[OPTION_OUTPUT] != NULL) {
        json_object_set_new(out, "checkpoint", checkpoint_write(args->options[OPTION_OUTPUT], v));
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
}

/** Starts the verifier where a checkpoint was taken. */
static void checkpoint_read(const struct arguments *args, struct sigchain_verifier *v)
{
    const char *path = args->options[OPTION_CHECKPOINT], *text = args->options[OPTION_CHECKPOINT_HASH];
    struct sigchain_setup setup = v->setup;
    struct u256 hash;
    if (text == NULL || !hex_to_mem(text, strlen(text), hash.bytes, U256_BYTES)) {
        fail("--checkpoint needs --checkpoint-hash, the %u hex digits that were shown when it was written", 2 * U256_BYTES);
    }
    struct bytes file = read_file(path);
    if (!sigchain_checkpoint_resume(v, &setup, file.at, file.len_bytes, &hash)) {
        fail("%s: %s", path, v->refusal.sentence);
    }
}

/** Verifies what follows the checkpoint in a chain file that begins with what the checkpoint has passed. */
static bool verify_rest(const char *path, struct sigchain_verifier *v, struct cursor bytes)
{
    struct chain_file file;
    struct cursor tx;
    struct transaction parsed;
    struct u512 id;
    const uint32_t passed = v->transaction_count;
    bool is_found = false;
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        fail("%s is no chain file, or was cut; get it again", path);
    }
    for (uint32_t i = 0; chain_file_next(&file, &tx); i++) {
        if (i + 1 == passed) {
            bool ok = transaction_parse(tx.at, tx.left_bytes, &parsed) == LX_OK;
            if (ok) {
                transaction_id(&parsed, &id);
            }
            if (!ok || !u512_equal(&id, &v->txid)) {
                fail("%s: transaction %u is not the one at which the checkpoint was taken: another chain, or a fork", path,
                     (unsigned)i);
            }
            is_found = true;
        } else if (i >= passed && !sigchain_add(v, tx.at, tx.left_bytes)) {
            return false;
        }
    }
    if (!is_found) {
        fail("%s ends before transaction %u, at which the checkpoint was taken: rolled back", path, (unsigned)passed - 1);
    }
    return sigchain_finish(v);
}

int chain_check(const struct arguments *args)
{
    struct chain chain;
    struct sigchain_pin pins[2] = {{.sequence = 0}};
    size_t pin_count = 0;
    struct inclusion inclusion;
    bool has_proof = args->options[OPTION_PROOF] != NULL;
    const char *path = args->operands[0];
    const char *pin_text = args->options[OPTION_PIN];
    if (pin_text != NULL) {
        if (!hex_to_mem(pin_text, strlen(pin_text), pins[0].txid.bytes, U512_BYTES)) {
            fail("--pin %s: not a transaction's id, which has %u hex digits", pin_text, TXID_CHARS);
        }
        pin_count++;
    }
    if (has_proof) {
        proof_read(args, &inclusion);
        finding_pin(&inclusion, &pins[pin_count++]);
    } else if (args->options[OPTION_BLOCK] != NULL) {
        fail("--block says what a proof must reach; add --proof FILE");
    }
    struct cursor bytes = chain_named(args, path);
    chain_start(&chain, args->options[OPTION_NETWORK], pins, pin_count);
    struct sigchain_verifier *v = &chain.verifier;
    bool has_checkpoint = args->options[OPTION_CHECKPOINT] != NULL;
    if (has_checkpoint) {
        checkpoint_read(args, v);
    }
    if (!(has_checkpoint ? verify_rest(path, v, bytes) : sigchain_verify_file(v, bytes.at, bytes.left_bytes))) {
        fail("%s: %s", path, v->refusal.sentence);
    }
    report_chain(args, &chain, has_proof ? &inclusion : NULL);
    return STATUS_OK;
}

/* ---- two chains ----------------------------------------------------------------------------------------------------- */

static const char *difference_name(enum sigchain_difference difference)
{
    static const char *const names[] = {
        [SIGCHAIN_SAME] = "same",
        [SIGCHAIN_A_LONGER] = "first is longer",
        [SIGCHAIN_B_LONGER] = "second is longer",
        [SIGCHAIN_FORKED] = "fork",
        [SIGCHAIN_OTHER_FIRST] = "other first transaction",
        [SIGCHAIN_OTHER_CHAIN] = "other id",
        [SIGCHAIN_NOT_COMPARABLE] = "not comparable",
    };
    return names[difference];
}

/** What a chain does from where the two part, as far as it verifies. */
static void rows_from(json_t *rows, const struct arguments *args, const char *path, struct cursor bytes, uint32_t first)
{
    struct chain chain;
    struct chain_file file;
    struct cursor tx;
    chain_start(&chain, args->options[OPTION_NETWORK], NULL, 0);
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        return; /* told already */
    }
    for (uint32_t i = 0; chain_file_next(&file, &tx); i++) {
        json_t *does = row_add(&chain.verifier, tx);
        if (does == NULL) {
            return;
        }
        if (i >= first) {
            json_t *row = pack_json("{s:s}", "chain", path);
            json_object_update(row, does);
            json_array_append_new(rows, row);
        }
    }
}

static void say_difference(const struct arguments *args, const struct sigchain_comparison *c)
{
    const char *a = args->operands[0], *b = args->operands[1];
    unsigned common = (unsigned)c->common_count;
    switch (c->difference) {
    case SIGCHAIN_SAME:
        printf("the same %u transactions\n", common);
        break;
    case SIGCHAIN_A_LONGER:
    case SIGCHAIN_B_LONGER:
        printf("%s goes on behind the %u transactions of %s\n", c->difference == SIGCHAIN_A_LONGER ? a : b, common,
               c->difference == SIGCHAIN_A_LONGER ? b : a);
        break;
    case SIGCHAIN_FORKED:
        printf("FORK at transaction %u: its owner signed two, behind %u that are the same\n", common, common);
        break;
    case SIGCHAIN_OTHER_FIRST:
        printf("one id, begun by two keys: no fork; the pin of the first transaction tells whose is the author's\n");
        break;
    case SIGCHAIN_OTHER_CHAIN:
        printf("chains of two ids\n");
        break;
    case SIGCHAIN_NOT_COMPARABLE:
        printf("the same up to %u transactions, where one is refused\n", common);
        break;
    }
}

int chain_diff(const struct arguments *args)
{
    struct chain a, b;
    struct sigchain_comparison c;
    bool as_json = args->options[OPTION_JSON] != NULL;
    struct cursor a_bytes = chain_named(args, args->operands[0]), b_bytes = chain_named(args, args->operands[1]);
    chain_start(&a, args->options[OPTION_NETWORK], NULL, 0);
    chain_start(&b, args->options[OPTION_NETWORK], NULL, 0);
    sigchain_compare_files(&a.verifier, a_bytes, &b.verifier, b_bytes, &c);
    json_t *rows = pack_json("[]");
    rows_from(rows, args, args->operands[0], a_bytes, c.common_count);
    rows_from(rows, args, args->operands[1], b_bytes, c.common_count);
    if (as_json) {
        report_object(pack_json("{s:s, s:o, s:o}", "difference", difference_name(c.difference), "common",
                                json_number(c.common_count), "then", rows),
                      true);
    } else {
        say_difference(args, &c);
        if (json_array_size(rows) > 0) {
            report_rows(rows, false);
        }
    }
    if (!c.a_is_good || !c.b_is_good) {
        fail("%s: %s", args->operands[c.a_is_good ? 1 : 0], (c.a_is_good ? b : a).verifier.refusal.sentence);
    }
    return c.difference <= SIGCHAIN_B_LONGER ? STATUS_OK : STATUS_REFUSED;
}

/* ---- moving chains -------------------------------------------------------------------------------------------------- */

int chain_export(const struct arguments *args)
{
    struct chain chain;
    const char *path = args->options[OPTION_OUTPUT];
    struct cursor bytes = chain_named(args, args->operands[0]);
    if (path == NULL) {
        fail("where to? add --output FILE");
    }
    chain_start(&chain, args->options[OPTION_NETWORK], NULL, 0);
    if (!sigchain_verify_file(&chain.verifier, bytes.at, bytes.left_bytes)) {
        fail("%s: %s", args->operands[0], chain.verifier.refusal.sentence);
    }
    file_replace(path, bytes.at, bytes.left_bytes, 0644);
    printf("%s: %u transactions\n", path, (unsigned)chain.verifier.transaction_count);
    return STATUS_OK;
}

int chain_import(const struct arguments *args)
{
    struct chain from, to;
    struct sigchain_comparison c;
    struct sigchain_pin pin = {.sequence = 0};
    const char *path = args->operands[1], *text = args->options[OPTION_PIN];
    struct cursor bytes = chain_named(args, args->operands[0]);
    if (text != NULL && !hex_to_mem(text, strlen(text), pin.txid.bytes, U512_BYTES)) {
        fail("--pin %s: not a transaction's id, which has %u hex digits", text, TXID_CHARS);
    }
    chain_start(&from, args->options[OPTION_NETWORK], &pin, text != NULL);
    if (!sigchain_verify_file(&from.verifier, bytes.at, bytes.left_bytes)) {
        fail("%s: %s", args->operands[0], from.verifier.refusal.sentence);
    }
    uint32_t count = from.verifier.transaction_count;
    if (file_exists(path)) {
        struct bytes old = read_file(path);
        chain_start(&from, args->options[OPTION_NETWORK], &pin, text != NULL);
        chain_start(&to, args->options[OPTION_NETWORK], NULL, 0);
        sigchain_compare_files(&from.verifier, bytes, &to.verifier, cursor_of(old.at, old.len_bytes), &c);
        if (c.difference == SIGCHAIN_SAME || c.difference == SIGCHAIN_B_LONGER) {
            printf("%s has all of that already; nothing was written\n", path);
            return STATUS_OK;
        }
        if (c.difference != SIGCHAIN_A_LONGER) {
            fail("%s and %s: %s behind %u transactions that are the same; nothing was written", args->operands[0], path,
                 difference_name(c.difference), (unsigned)c.common_count);
        }
    }
    file_replace(path, bytes.at, bytes.left_bytes, 0644);
    printf("%s: %u transactions\n", path, (unsigned)count);
    return STATUS_OK;
}
