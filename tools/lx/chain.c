/* SPDX-License-Identifier: MIT */
/** lx chain show, lx chain verify: a chain from a file or a package, verified and told. */
#include <string.h>

#include "lx.h"

#define TXID_CHARS (2u * U512_BYTES)

/** The chain in a file, or in a package. */
static struct cursor chain_of(const char *path)
{
    struct package p;
    struct bytes file = read_file(path);
    if (file.len_bytes < 8 || memcmp(file.at, PACKAGE_MAGIC_BYTES, 8) != 0) {
        return cursor_of(file.at, file.len_bytes);
    }
    package_read(path, &p);
    if (cursor_is_empty(&p.chain)) {
        fail("%s has no chain, it is not signed yet; lx sign does that", path);
    }
    return p.chain;
}

/** What a register holds, if it is a record that we know. */
static char *record_words(const struct sigchain_verifier *v, const struct u256 *address)
{
    struct record_app app;
    struct record_installed installed;
    char text[160], name[ADDRESS_TEXT_CHARS];
    const struct sigchain_register *r = sigchain_find(v, address);
    address_text_of(address, name);
    if (r != NULL && record_app_read(&r->state, &app) == LX_OK) {
        snprintf(text, sizeof text, "%s %s %llu", app.revoked ? "withdraws" : "releases", app.app,
                 (unsigned long long)app.seq);
    } else if (r != NULL && record_installed_read(&r->state, &installed) == LX_OK) {
        snprintf(text, sizeof text, "approves list %llu", (unsigned long long)installed.seq);
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

static json_t *row_of(const struct sigchain_verifier *v, struct cursor bytes)
{
    struct transaction tx;
    struct u512 id;
    if (transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        fail("a transaction was accepted and cannot be read"); /* cannot be */
    }
    transaction_id(&tx, &id);
    return pack_json("{s:o, s:o, s:s, s:o, s:o}", "n", json_number(tx.sequence), "time", json_time(tx.timestamp), "key",
                     tx.key_type == SIGNATURE_BRAINPOOL ? "brainpool" : "falcon", "does", contracts_of(v, &tx), "id",
                     json_txid(&id));
}

int chain_show(const struct arguments *args)
{
    struct chain chain;
    struct chain_file file;
    struct cursor tx;
    struct cursor bytes = chain_of(args->operands[0]);
    json_t *rows = pack_json("[]");
    chain_start(&chain, args->options[OPTION_NETWORK], NULL);
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        fail("%s is no chain file, or was cut; get it again", args->operands[0]);
    }
    bool ok = true;
    while (ok && chain_file_next(&file, &tx)) {
        ok = sigchain_add(&chain.verifier, tx.at, tx.left_bytes);
        if (ok) {
            json_array_append_new(rows, row_of(&chain.verifier, tx));
        }
    }
    report_rows(rows, args->options[OPTION_JSON] != NULL);
    if (!ok || !sigchain_finish(&chain.verifier)) {
        fail("%s: %s", args->operands[0], chain.verifier.refusal.sentence);
    }
    return STATUS_OK;
}

int chain_check(const struct arguments *args)
{
    struct chain chain;
    char words[300];
    struct sigchain_pin pin = {.sequence = 0};
    const char *path = args->operands[0];
    const char *pin_text = args->options[OPTION_PIN];
    if (pin_text != NULL && !hex_to_mem(pin_text, strlen(pin_text), pin.txid.bytes, U512_BYTES)) {
        fail("--pin %s: not a transaction's id, which has %u hex digits", pin_text, TXID_CHARS);
    }
    struct cursor bytes = chain_of(path);
    chain_start(&chain, args->options[OPTION_NETWORK], pin_text == NULL ? NULL : &pin);
    if (!sigchain_verify_file(&chain.verifier, bytes.at, bytes.left_bytes)) {
        fail("%s: %s", path, chain.verifier.refusal.sentence);
    }
    sigchain_describe(&chain.verifier, words, sizeof words);
    json_t *out = pack_json("{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "proven", words, "id", json_id(&chain.verifier.genesis),
                            "bound", (int)sigchain_genesis_is_bound(&chain.verifier), "transactions",
                            json_number(chain.verifier.transaction_count), "first", json_txid(&chain.verifier.first_txid),
                            "last", json_txid(&chain.verifier.txid), "time", json_time(chain.verifier.timestamp));
    json_t *releases = releases_of(&chain);
    if (json_array_size(releases) > 0) {
        json_object_set_new(out, "releases", releases);
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}
