/* SPDX-License-Identifier: MIT */
/** lx transfer, lx claim: a register goes from one chain to another: offered on the one, taken on the other. */
#include <string.h>

#include "http.h"

/** The register of the key's chain that a word names: an app's, or an address. */
static const struct sigchain_register *register_named(const struct key *key, const char *word)
{
    struct u256 address;
    if (address_of_text(word, strlen(word), &address) != LX_OK && !hex_to_mem(word, strlen(word), address.bytes, U256_BYTES)) {
        if (!record_app_name_is_valid(word)) {
            fail("%s is neither an app's name nor the address of a register", word);
        }
        signer_address(&key->seed, word, &address);
    }
    const struct sigchain_register *r = sigchain_find(&key->chain.verifier, &address);
    if (r == NULL) {
        fail("%s is not a register that key %s has now; lx chain show %s tells its history", word, key->name, key->name);
    }
    return r;
}

static void open_to_sign(struct key *key, const struct arguments *args, const char *who)
{
    if (args->options[OPTION_KEY] == NULL) {
        fail("%s? add --key NAME", who);
    }
    key_open(key, key_directory(args), args->options[OPTION_KEY], KEY_SIGN);
    node_before_signing(args, key);
}

int transfer(const struct arguments *args)
{
    static struct signer signer;
    struct key key;
    struct u256 to;
    char text[ADDRESS_TEXT_CHARS];
    const char *recipient = args->operands[1];
    open_to_sign(&key, args, "who gives it");
    if (!hex_to_mem(recipient, strlen(recipient), to.bytes, U256_BYTES) ||
        u256_type(&to) != key.chain.verifier.setup.network.user_type) {
        fail("%s is no id of a chain of this network; lx key show tells one's own", recipient);
    }
    const struct sigchain_register *r = register_named(&key, args->operands[0]);
    address_text_of(&r->address, text);
    const struct u256 address = r->address;
    key_signer(&key, &signer);
    key_must(&key, signer_begin(&signer));
    signer.state = r->state;
    enum register_err err = transaction_transfer(&signer.builder, &address, &to, false, &signer.state);
    if (err != REGISTER_OK) {
        fail("%s cannot be transferred: %s", args->operands[0], register_err_text(err));
    }
    key_must(&key, signer_end(&signer));
    key_commit(&key, &signer);
    printf("register %s is offered to %s, by transaction %u of the chain of key %s; he takes it with lx claim\n", text, recipient,
           (unsigned)sigchain_sequence(&key.chain.verifier), key.name);
    int status = node_after_signing(args, &key);
    key_close(&key);
    return status;
}

/* ---- claiming ------------------------------------------------------------------------------------------------------- */

/** The register of a verified chain at an address, whoever owns it now. */
static const struct sigchain_register *any_register(const struct sigchain_verifier *v, const struct u256 *address)
{
    for (size_t i = 0; i < v->register_count; i++) {
        if (u256_equal(&v->setup.registers[i].address, address)) {
            return &v->setup.registers[i];
        }
    }
    return NULL;
}

/** Whether a contract offers a register to the key, and still does at the end of the giver's chain; not claimed by the key yet. */
static bool is_offer(const struct operation *op, const struct key *key, const struct sigchain_verifier *giver, uint32_t sequence)
{
    const struct sigchain_register *r = any_register(giver, &op->address);
    return op->code == OPERATION_TRANSFER && op->kind == TRANSFER_CLAIM && u256_equal(&op->other, &key->genesis) && r != NULL &&
           r->changed_by == sequence && u256_type(&r->state.owner) == OWNER_IN_TRANSFER &&
           any_register(&key->chain.verifier, &op->address) == NULL;
}

static void claim_one(struct key *key, const struct u512 *txid, uint32_t contract, const struct sigchain_register *r)
{
    static struct signer signer;
    char text[ADDRESS_TEXT_CHARS];
    address_text_of(&r->address, text);
    key_signer(key, &signer);
    key_must(key, signer_begin(&signer));
    signer.state = r->state;
    enum register_err err = transaction_claim(&signer.builder, txid, contract, &r->address, &signer.state);
    if (err != REGISTER_OK) {
        fail("register %s cannot be claimed: %s", text, register_err_text(err));
    }
    key_must(key, signer_end(&signer));
    key_commit(key, &signer);
    printf("register %s is claimed, by transaction %u of the chain of key %s\n", text,
           (unsigned)sigchain_sequence(&key->chain.verifier), key->name);
}

/** Claims what one transaction of the giver's chain offers. @return how many. */
static uint32_t claim_all(struct key *key, const struct sigchain_verifier *giver, struct cursor bytes)
{
    struct transaction tx;
    struct contract contract;
    struct operation op;
    struct u512 txid;
    uint32_t claimed = 0;
    if (transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        return 0; /* never: it was verified */
    }
    transaction_id(&tx, &txid);
    struct cursor rest = tx.contracts;
    for (uint32_t i = 0; contract_next(&rest, &contract); i++) {
        if (operation_parse(contract.operation, &op) == REGISTER_OK && is_offer(&op, key, giver, tx.sequence)) {
            claim_one(key, &txid, i, any_register(giver, &op.address));
            claimed++;
        }
    }
    return claimed;
}

int claim(const struct arguments *args)
{
    struct key key;
    struct chain giver;
    struct chain_file file;
    struct cursor tx, bytes = chain_named(args, args->operands[0]);
    uint32_t claimed = 0;
    open_to_sign(&key, args, "who claims");
    chain_verify(&giver, bytes);
    if (!giver.is_verified) {
        fail("%s: %s", args->operands[0], giver.verifier.refusal.sentence);
    }
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        fail("a chain file was verified and cannot be read"); /* cannot be */
    }
    while (chain_file_next(&file, &tx)) {
        claimed += claim_all(&key, &giver.verifier, tx);
    }
    if (claimed == 0) {
        fail("%s offers nothing to key %s that it has not claimed", args->operands[0], key.name);
    }
    int status = node_after_signing(args, &key);
    key_close(&key);
    return status;
}
