/* SPDX-License-Identifier: MIT */
/** lx ledger publish, fetch, status: a chain and a node that is believed nothing. */
#include <string.h>

#include "block.h"
#include "http.h"
#include "keys.h"

#define BLOCKS_MAX       100u
#define CHAIN_BYTES_MAX  (256u << 20)
#define PINS_MAX         1u

/** What is known of a chain before the node is asked. */
struct known {
    struct chain chain;
    struct u256 id;
    struct sigchain_pin pins[PINS_MAX];
    bool has_chain; /* or only an id */
};

/** Reads the chain that a word names, or the id that it is. */
static void known_read(struct known *k, const struct arguments *args, const char *word, const struct sigchain_pin *pins,
                       size_t pin_count)
{
    const char *network = args->options[OPTION_NETWORK];
    chain_start(&k->chain, network, pins, pin_count);
    if (hex_to_mem(word, strlen(word), k->id.bytes, U256_BYTES)) {
        return;
    }
    k->chain.bytes = chain_named(args, word);
    struct sigchain_verifier *v = &k->chain.verifier;
    if (!sigchain_verify_file(v, k->chain.bytes.at, k->chain.bytes.left_bytes)) {
        fail("%s: %s", word, v->refusal.sentence);
    }
    k->chain.is_verified = true;
    k->has_chain = true;
    k->id = v->genesis;
}

/* ---- publish -------------------------------------------------------------------------------------------------------- */

/** Transaction `sequence` of a chain file that was verified. */
static struct cursor transaction_at(const struct chain *chain, uint32_t sequence)
{
    struct chain_file file;
    struct cursor tx = cursor_of(NULL, 0);
    if (chain_file_open(chain->bytes.at, chain->bytes.left_bytes, &file) != LX_OK) {
        fail("a chain file was verified and cannot be read"); /* cannot be */
    }
    for (uint32_t i = 0; i <= sequence && chain_file_next(&file, &tx); i++) {
    }
    return tx;
}

static void id_of(struct cursor bytes, struct transaction *tx, struct u512 *out)
{
    if (transaction_parse(bytes.at, bytes.left_bytes, tx) != LX_OK) {
        fail("a transaction was verified and cannot be read"); /* cannot be */
    }
    transaction_id(tx, out);
}

/** Ends the program unless the end that the node has is part of our chain. */
static void must_be_ours(const struct known *k, const struct node_tail *tail)
{
    struct transaction tx;
    struct u512 ours;
    uint32_t count = k->chain.verifier.transaction_count;
    if (!tail->is_there) {
        return;
    }
    if (tail->count > count) {
        fail("%s says that it has %llu transactions of this chain, and here are %u; lx ledger fetch brings them", http_url(),
             (unsigned long long)tail->count, (unsigned)count);
    }
    id_of(transaction_at(&k->chain, (uint32_t)tail->count - 1), &tx, &ours);
    if (!u512_equal(&ours, &tail->last)) {
        fail("%s says that it has another transaction %llu than this chain; lx ledger fetch tells whether that is a fork",
             http_url(), (unsigned long long)tail->count - 1);
    }
}

/** Sends what the node lacks. @return how many, with `first` the first of them; or UINT32_MAX with c->sentence. */
static uint32_t publish(struct node_client *c, const struct known *k, uint32_t *first)
{
    struct node_tail tail;
    struct chain_file file;
    struct cursor bytes;
    char why[NODE_SENTENCE_CHARS];
    if (!client_tail(c, &k->id, &tail)) {
        return UINT32_MAX;
    }
    must_be_ours(k, &tail);
    uint32_t count = k->chain.verifier.transaction_count;
    *first = tail.is_there ? (uint32_t)tail.count : 0;
    if (chain_file_open(k->chain.bytes.at, k->chain.bytes.left_bytes, &file) != LX_OK) {
        fail("a chain file was verified and cannot be read"); /* cannot be */
    }
    for (uint32_t i = 0; chain_file_next(&file, &bytes); i++) {
        if (i >= *first && !client_submit(c, bytes.at, bytes.left_bytes)) {
            memcpy(why, c->sentence, sizeof why);
            snprintf(c->sentence, sizeof c->sentence, "transaction %u of %u was not taken; the %u before it are there: %.300s",
                     (unsigned)i, (unsigned)count, (unsigned)i, why);
            return UINT32_MAX;
        }
    }
    return count - *first;
}

static void say_published(const struct known *k, uint32_t first, uint32_t sent)
{
    if (sent == 0) {
        printf("%s says that it has all %u transactions; nothing was sent\n", http_url(),
               (unsigned)k->chain.verifier.transaction_count);
    } else {
        printf("%s says that it took transactions %u to %u; in blocks they are later: lx ledger status\n", http_url(),
               (unsigned)first, (unsigned)(first + sent - 1));
    }
}

int ledger_publish(const struct arguments *args)
{
    static struct known k;
    uint32_t first;
    known_read(&k, args, args->operands[0], NULL, 0);
    if (!k.has_chain) {
        fail("%s is only an id; what is published is a chain", args->operands[0]);
    }
    struct node_client *c = http_open(args);
    uint32_t sent = publish(c, &k, &first);
    if (sent == UINT32_MAX) {
        fail("%s", c->sentence);
    }
    say_published(&k, first, sent);
    http_close();
    return STATUS_OK;
}

void node_before_signing(const struct arguments *args, const struct key *key)
{
    static struct known k;
    struct node_tail tail;
    if (args->options[OPTION_NODE] == NULL) {
        return;
    }
    k = (struct known){.chain = key->chain, .id = key->genesis, .has_chain = true};
    struct node_client *c = http_open(args);
    if (!client_tail(c, &k.id, &tail)) {
        fail("nothing was signed: %s", c->sentence);
    }
    must_be_ours(&k, &tail);
    http_close();
}

int node_after_signing(const struct arguments *args, const struct key *key)
{
    static struct known k;
    uint32_t first;
    if (args->options[OPTION_NODE] == NULL || key->chain.verifier.transaction_count == 0) {
        return STATUS_OK;
    }
    k = (struct known){.chain = key->chain, .id = key->genesis, .has_chain = true};
    struct node_client *c = http_open(args);
    uint32_t sent = publish(c, &k, &first);
    if (sent == UINT32_MAX) {
        fprintf(stderr, "lx: signed, and not published: %s; lx ledger publish %s does that\n", c->sentence, key->name);
    } else {
        say_published(&k, first, sent);
    }
    http_close();
    return sent == UINT32_MAX ? STATUS_REFUSED : STATUS_OK;
}

/* ---- fetch ---------------------------------------------------------------------------------------------------------- */

/** What came, verified, until it is written. */
struct arrived {
    uint8_t *bytes;
    size_t used_bytes, cap_bytes;
    uint32_t count;
};

static bool take(void *context, const void *bytes, size_t len_bytes)
{
    struct arrived *a = context;
    if (len_bytes + 4 > CHAIN_BYTES_MAX - a->used_bytes) {
        return false;
    }
    if (a->used_bytes + len_bytes + 4 > a->cap_bytes) {
        a->cap_bytes = (a->used_bytes + len_bytes + 4) * 2;
        uint8_t *grown = zalloc(a->cap_bytes);
        if (a->used_bytes > 0) {
            memcpy(grown, a->bytes, a->used_bytes);
        }
        a->bytes = grown;
    }
    struct writer w = writer_of(a->bytes + a->used_bytes, a->cap_bytes - a->used_bytes);
    chain_file_put_transaction(&w, bytes, len_bytes);
    assert(!w.overflow);
    a->used_bytes += w.used_bytes;
    a->count++;
    return true;
}

/** The chain file that was known, perhaps empty, and what came behind it. */
static struct bytes joined(struct cursor known, const struct arrived *a, uint32_t count)
{
    size_t old = known.left_bytes > 0 ? known.left_bytes - CHAIN_FILE_HEAD_BYTES : 0;
    size_t cap = CHAIN_FILE_HEAD_BYTES + old + a->used_bytes;
    struct writer w = writer_of(zalloc(cap), cap);
    chain_file_put_head(&w, count);
    if (old > 0) {
        writer_put(&w, known.at + CHAIN_FILE_HEAD_BYTES, old);
    }
    if (a->used_bytes > 0) {
        writer_put(&w, a->bytes, a->used_bytes);
    }
    assert(!w.overflow && w.used_bytes == cap);
    return (struct bytes){w.bytes, w.used_bytes};
}

struct bytes node_fetch_rest(struct node_client *c, struct sigchain_verifier *v, struct cursor known)
{
    struct arrived a = {.bytes = NULL};
    const struct u256 id = v->genesis;
    if (!client_fetch(c, &id, v, take, &a)) {
        fail("%s", c->sentence);
    }
    return joined(known, &a, v->transaction_count);
}

static void pin_read(const struct arguments *args, struct sigchain_pin *pin)
{
    const char *text = args->options[OPTION_PIN];
    *pin = (struct sigchain_pin){.sequence = 0};
    if (text != NULL && !hex_to_mem(text, strlen(text), pin->txid.bytes, U512_BYTES)) {
        fail("--pin %s: not a transaction's id, which has %u hex digits", text, 2 * U512_BYTES);
    }
}

int ledger_fetch(const struct arguments *args)
{
    static struct known k;
    struct arrived a = {.bytes = NULL};
    struct u256 id;
    const char *word = args->operands[0], *output = args->options[OPTION_OUTPUT];
    bool is_id = hex_to_mem(word, strlen(word), id.bytes, U256_BYTES);
    if (is_id && output == NULL) {
        fail("where does the chain go? add --output FILE");
    }
    if (!is_id && !file_exists(word)) {
        fail("%s is neither an id nor a chain file; a key's own chain is not fetched, as only you extend it", word);
    }
    pin_read(args, &k.pins[0]);
    bool goes_on = is_id && file_exists(output);
    known_read(&k, args, goes_on ? output : word, k.pins, args->options[OPTION_PIN] != NULL);
    if (goes_on && !u256_equal(&k.id, &id)) {
        fail("%s holds the chain of another id than was asked for; nothing was fetched", output);
    }
    if (output == NULL) {
        output = word;
    }
    struct node_client *c = http_open(args);
    if (!client_fetch(c, &k.id, &k.chain.verifier, take, &a)) {
        fail("%s; nothing was written", c->sentence);
    }
    struct sigchain_verifier *v = &k.chain.verifier;
    if (a.count > 0 || !file_exists(output)) {
        struct bytes file = joined(k.chain.bytes, &a, v->transaction_count);
        file_replace(output, file.at, file.len_bytes, 0644);
    }
    char words[512];
    sigchain_describe(v, words, sizeof words);
    printf("%s: %u transactions, %u of them new: %s\n", output, (unsigned)v->transaction_count, (unsigned)a.count, words);
    http_close();
    return STATUS_OK;
}

/* ---- status --------------------------------------------------------------------------------------------------------- */

/** The block that the command line says is known. */
static const struct u1024 *known_block(const struct arguments *args, struct u1024 *room)
{
    const char *hash = args->options[OPTION_BLOCK];
    if (hash == NULL) {
        return NULL;
    }
    if (!hex_to_mem(hash, strlen(hash), room->bytes, U1024_BYTES)) {
        fail("--block %s: not a block's hash, which has %u hex digits", hash, 2 * U1024_BYTES);
    }
    return room;
}

/** Whether the node says that transaction `sequence` of ours is in a block. @return false with c->sentence. */
static bool is_in_block(struct node_client *c, const struct known *k, uint32_t sequence, bool *out)
{
    struct transaction tx;
    struct u512 id;
    struct node_place place;
    id_of(transaction_at(&k->chain, sequence), &tx, &id);
    if (!client_place(c, &id, &place)) {
        return false;
    }
    *out = place.has_block;
    return true;
}

/**
 * How many of our first `count` transactions the node says are in blocks: looked for by halves, as blocks hold them in order. A node that
 * lies about that only has less proven.
 */
static bool find_included(struct node_client *c, const struct known *k, uint32_t count, uint32_t *out)
{
    uint32_t low = 0, high = count; /* the first `low` are, those from `high` on are not */
    bool is_in = false;
    if (count > 0 && !is_in_block(c, k, count - 1, &is_in)) {
        return false;
    }
    if (is_in) {
        low = count;
    }
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (!is_in_block(c, k, middle - 1, &is_in)) {
            return false;
        }
        if (is_in) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *out = low;
    return true;
}

/** What blocks show of the newest transaction, of the first `count` of ours, that the node says is in one. */
static bool find_inclusion(struct node_client *c, const struct arguments *args, const struct known *k, uint32_t count,
                           struct inclusion *out)
{
    struct u1024 room;
    struct transaction tx;
    struct u512 id;
    const struct u1024 *block = known_block(args, &room);
    uint64_t blocks = args->options[OPTION_BLOCKS] == NULL ? BLOCKS_MAX : option_number(args, OPTION_BLOCKS);
    *out = (struct inclusion){.kind = INCLUSION_NONE};
    if (!find_included(c, k, count, &count)) {
        return false;
    }
    if (count == 0) {
        return true;
    }
    id_of(transaction_at(&k->chain, count - 1), &tx, &id);
    return client_inclusion(c, &tx, &k->chain.verifier.setup.network, block, blocks > 1000000 ? 1000000 : (uint32_t)blocks, out);
}

/** How the node's chain stands to ours, in words. */
static const char *relation(const struct known *k, const struct node_tail *tail, uint32_t *common)
{
    struct transaction tx;
    struct u512 ours;
    uint32_t count = k->chain.verifier.transaction_count;
    *common = 0;
    if (!tail->is_there) {
        return "it has none of this chain";
    }
    if (tail->count > count) {
        *common = count;
        return "it has more than is here: lx ledger fetch";
    }
    id_of(transaction_at(&k->chain, (uint32_t)tail->count - 1), &tx, &ours);
    if (!u512_equal(&ours, &tail->last)) {
        return "ANOTHER CHAIN: its last transaction is not that of this chain: lx ledger fetch";
    }
    *common = (uint32_t)tail->count;
    return tail->count == count ? "the same" : "it lacks the end of this chain: lx ledger publish";
}

/** What is proven of our chain by itself and by what the node has shown. */
static void report_proven(json_t *out, struct node_client *c, const struct arguments *args, struct known *k, uint32_t common,
                          bool *ok)
{
    char words[FINDING_CHARS];
    struct inclusion inclusion;
    struct sigchain_verifier *v = &k->chain.verifier;
    struct sigchain_pin pin;
    struct finding finding;
    if (!find_inclusion(c, args, k, common, &inclusion)) {
        json_object_set_new(out, "refused", pack_json("s", c->sentence));
        *ok = false;
        inclusion.kind = INCLUSION_NONE;
    }
    if (inclusion.kind != INCLUSION_NONE) {
        finding_pin(&inclusion, &pin); /* of our own chain: it has this transaction */
        v->setup.pins = &pin;
        v->setup.pin_count = 1;
    }
    if (finding_of(v, inclusion.kind == INCLUSION_NONE ? NULL : &inclusion, &finding) != LX_OK) {
        fail("a transaction of the chain is not of it"); /* cannot be */
    }
    finding_describe(v, &finding, words, sizeof words);
    json_object_set_new(out, "proven", pack_json("s", words));
    json_object_set_new(out, "transactions", json_number(v->transaction_count));
    json_object_set_new(out, "included", json_number(finding.included_count));
    json_object_set_new(out, "unconfirmed", json_number(v->transaction_count - finding.included_count));
    v->setup.pins = NULL;
    v->setup.pin_count = 0;
}

int ledger_status(const struct arguments *args)
{
    static struct known k;
    struct node_says says;
    struct node_tail tail;
    bool ok = true;
    uint32_t common;
    if (args->count > 0) {
        known_read(&k, args, args->operands[0], NULL, 0);
    }
    struct node_client *c = http_open(args);
    if (!client_info(c, &says)) {
        fail("%s", c->sentence);
    }
    json_t *out = pack_json("{s:s, s:o, s:o}", "node", http_url(), "node_says_height", json_number(says.height),
                            "node_says_time", json_time(says.time_s));
    if (args->count > 0) {
        if (!client_tail(c, &k.id, &tail)) {
            fail("%s", c->sentence);
        }
        json_object_set_new(out, "id", json_id(&k.id));
        json_object_set_new(out, "node_says_transactions", json_number(tail.is_there ? tail.count : 0));
    }
    if (k.has_chain) {
        const char *words = relation(&k, &tail, &common);
        json_object_set_new(out, "node_says", pack_json("s", words));
        ok = strncmp(words, "ANOTHER", 7) != 0;
        report_proven(out, c, args, &k, common, &ok);
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
    http_close();
    return ok ? STATUS_OK : STATUS_REFUSED;
}
