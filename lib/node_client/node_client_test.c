/* SPDX-License-Identifier: MIT */
/**
 * Shows that a chain is fetched, submitted and found in blocks over the calls of a node; and that from a node that lies, in each way that
 * has a name here, nothing is taken.
 */
#include "node_fixture.h"

#include <jansson.h>

#include "node_api.h"
#include "node_client.h"

static struct bench *b;
static struct user *alice;
static struct node_client client;
static const uint8_t no_random[BRAINPOOL_RANDOM_BYTES];
static char *answer_text;

/** What stands between client and node. */
static struct {
    const char *command; /* whose answers are spoiled; NULL: none */
    unsigned from;       /* the first answer that is, counted from 0 */
    unsigned seen;
    void (*spoil)(json_t *all);
    const char *instead; /* this text, for the whole answer */
    unsigned status;
    bool is_silent;
    uint32_t calls;
} liar;

static bool call(void *context, const char *command, const char *params, struct node_reply *out, char why[NODE_SENTENCE_CHARS])
{
    char path[100];
    struct node_request r = {.is_post = true, .path = path, .content_type = "application/x-www-form-urlencoded", .body = params};
    struct node_answer answer;
    (void)context;
    liar.calls++;
    snprintf(path, sizeof path, "/%s", command);
    r.body_bytes = strlen(params);
    r.peer = "";
    r.now_s = TIME_S + 100;
    node_api_answer(&b->node, &r, &answer);
    free(answer_text);
    answer_text = answer.text;
    if (liar.command != NULL && strcmp(command, liar.command) == 0 && liar.seen++ >= liar.from) {
        if (liar.is_silent) {
            snprintf(why, NODE_SENTENCE_CHARS, "no answer came");
            return false;
        }
        if (liar.status != 0) {
            answer.status = liar.status;
        }
        if (liar.spoil != NULL) {
            json_t *all = json_loads(answer_text, 0, NULL);
            liar.spoil(all);
            free(answer_text);
            answer_text = json_dumps(all, 0);
            json_decref(all);
        }
        if (liar.instead != NULL) {
            free(answer_text);
            answer_text = strdup(liar.instead);
        }
    }
    *out = (struct node_reply){answer.status, answer_text, strlen(answer_text)};
    return true;
}

static void start(void)
{
    memset(&liar, 0, sizeof liar);
    client.call = call;
    if (b != NULL) {
        return;
    }
    b = bench_make(NETWORK_HYBRID, "lx-os", false);
    alice = user_make(&b->setup.network, 1);
    for (uint32_t i = 1; i <= 4; i++) {
        user_release(alice, "demo", i);
        CHECK_EQ(user_submit(alice, b), NODE_OK);
        if (i < 4) {
            CHECK_EQ(node_make_block(&b->node, TIME_S, no_random), LX_OK);
        }
    }
}

/* ---- fetching ------------------------------------------------------------------------------------------------------- */

struct taker {
    struct sigchain_verifier v;
    struct sigchain_register table[8];
    uint32_t count;
    uint32_t fails_at; /* 0: never */
};

static bool take(void *context, const void *bytes, size_t len_bytes)
{
    struct taker *t = (struct taker *)context;
    (void)bytes;
    CHECK(len_bytes > 0);
    t->count++;
    return t->count != t->fails_at;
}

static struct taker *taker_make(const struct sigchain_pin *pin)
{
    struct taker *t = (struct taker *)calloc(1, sizeof *t);
    struct sigchain_setup setup = {.network = b->setup.network, .registers = t->table, .register_capacity = 8, .pins = pin};
    setup.pin_count = pin != NULL;
    sigchain_verifier_init(&t->v, &setup);
    return t;
}

/** Fetches alice's chain. @return why not. */
static enum client_rule fetch(struct taker *t)
{
    struct u256 id = user_id(alice);
    bool ok = client_fetch(&client, &id, &t->v, take, t);
    CHECK(ok == (client.rule == CLIENT_OK));
    CHECK(ok || client.sentence[0] != '\0');
    return client.rule;
}

static enum client_rule fetch_new(void)
{
    struct taker *t = taker_make(NULL);
    enum client_rule rule = fetch(t);
    free(t);
    return rule;
}

static void a_chain_is_fetched_and_goes_on(void)
{
    start();
    struct taker *t = taker_make(NULL);
    CHECK_EQ(fetch(t), CLIENT_OK);
    CHECK(t->count == 4 && t->v.transaction_count == 4 && u512_equal(&t->v.txid, &alice->chain.txid));
    CHECK_EQ(fetch(t), CLIENT_OK); /* nothing new */
    CHECK_EQ(t->count, 4);
    t->fails_at = 2;
    t->count = 0;
    struct taker *again = taker_make(NULL);
    again->fails_at = 2;
    CHECK_EQ(fetch(again), CLIENT_SINK);
    free(t);
    free(again);
}

static void a_long_chain_is_fetched_in_pages(void)
{
    start();
    struct user *u = user_make(&b->setup.network, 5);
    for (uint32_t i = 1; i <= 205; i++) {
        user_release(u, "demo", i);
        CHECK_EQ(user_submit(u, b), NODE_OK);
    }
    struct u256 id = user_id(u);
    struct taker *t = taker_make(NULL);
    CHECK(client_fetch(&client, &id, &t->v, take, t));
    CHECK_EQ(t->count, 205);
    free(t);
    free(u);
}

static void what_is_known_does_not_get_shorter(void)
{
    start();
    struct user *u = user_make(&b->setup.network, 1);
    struct taker *t = taker_make(NULL);
    for (uint32_t i = 1; i <= 5; i++) {
        user_release(u, "demo", i);
        CHECK(sigchain_add(&t->v, u->signer.bytes, u->signer.len_bytes));
    }
    CHECK_EQ(fetch(t), CLIENT_SHORT); /* the fifth is known here alone */
    CHECK_EQ(t->count, 0);
    struct user *v = user_make(&b->setup.network, 6);
    user_release(v, "demo", 1);
    struct taker *none = taker_make(NULL);
    CHECK(sigchain_add(&none->v, v->signer.bytes, v->signer.len_bytes));
    struct u256 id = user_id(v);
    CHECK(!client_fetch(&client, &id, &none->v, take, none) && client.rule == CLIENT_SHORT);
    CHECK(strstr(client.sentence, "the node has none of the 1 transactions that are known") != NULL);
    free(t);
    free(u);
    free(v);
    free(none);
}

static void a_fork_is_told_and_not_taken(void)
{
    start();
    struct user *u = user_make(&b->setup.network, 1);
    struct taker *t = taker_make(NULL);
    for (uint32_t i = 1; i <= 3; i++) {
        user_release(u, i < 3 ? "demo" : "other", i < 3 ? i : 1);
        CHECK(sigchain_add(&t->v, u->signer.bytes, u->signer.len_bytes));
    }
    CHECK_EQ(fetch(t), CLIENT_FORK);
    CHECK(strstr(client.sentence, "FORK: the node shows another transaction 2, which the same key signed") != NULL);
    CHECK_EQ(t->count, 0);
    free(t);
    free(u);
}

static void a_pin_tells_an_impostor(void)
{
    start();
    struct sigchain_pin pin = {.sequence = 0, .txid = {{1}}};
    struct taker *t = taker_make(&pin);
    CHECK_EQ(fetch(t), CLIENT_CHAIN);
    CHECK(t->count == 0 && t->v.refusal.rule == SIGCHAIN_PIN);
    pin = (struct sigchain_pin){.sequence = 9};
    struct taker *late = taker_make(&pin);
    CHECK_EQ(fetch(late), CLIENT_SHORT); /* the node holds back what is known to be there */
    free(t);
    free(late);
}

/* ---- lies ----------------------------------------------------------------------------------------------------------- */

static json_t *result_of(json_t *all)
{
    return json_object_get(all, "result");
}

static void lie_other_transaction(json_t *all)
{
    char text[4 * USER_CAP] = "03";
    for (size_t i = 0; i < alice->signer.len_bytes; i++) {
        snprintf(text + 2 + 2 * i, 3, "%02x", alice->signer.bytes[i]);
    }
    (void)json_object_set_new(result_of(all), "data", json_string(text));
}

static void lie_other_bytes(json_t *all)
{
    json_t *data = json_object_get(result_of(all), "data");
    char *text = strdup(json_string_value(data));
    size_t last = strlen(text) - 1;
    text[last] = text[last] == '0' ? '1' : '0'; /* of the signature, which the id does not cover */
    (void)json_object_set_new(result_of(all), "data", json_string(text));
    free(text);
}

static void lie_cut_transaction(json_t *all)
{
    json_t *data = json_object_get(result_of(all), "data");
    (void)json_object_set_new(result_of(all), "data", json_stringn(json_string_value(data), json_string_length(data) / 2 / 2 * 2));
}

static void lie_number_for_data(json_t *all)
{
    (void)json_object_set_new(result_of(all), "data", json_integer(3));
}

static void lie_legacy(json_t *all)
{
    json_t *data = json_object_get(result_of(all), "data");
    char *text = strdup(json_string_value(data));
    text[1] = '2';
    (void)json_object_set_new(result_of(all), "data", json_string(text));
    free(text);
}

static void lie_left_out(json_t *all)
{
    (void)json_array_remove(result_of(all), 1);
}

static void lie_swapped(json_t *all)
{
    json_t *list = result_of(all), *first = json_incref(json_array_get(list, 0));
    (void)json_array_remove(list, 0);
    (void)json_array_insert_new(list, 1, first);
}

static void lie_repeated(json_t *all)
{
    json_t *list = result_of(all);
    (void)json_array_append(list, json_array_get(list, 3));
}

static void lie_without_id(json_t *all)
{
    (void)json_object_del(json_array_get(result_of(all), 2), "txid");
}

static void lie_short_id(json_t *all)
{
    (void)json_object_set_new(json_array_get(result_of(all), 2), "txid", json_string("01ff"));
}

static void lie_too_many(json_t *all)
{
    json_t *list = result_of(all);
    while (json_array_size(list) <= NODE_PAGE_MAX) {
        (void)json_array_append(list, json_array_get(list, 0));
    }
}

static void lie_object_for_list(json_t *all)
{
    (void)json_object_set_new(all, "result", json_object());
}

static void fetched_lies_are_refused(void)
{
    static const char list[] = "ledger/list/transactions", get[] = "ledger/get/transaction";
    static const struct {
        const char *name, *command;
        unsigned from, status;
        void (*spoil)(json_t *all);
        const char *instead;
        enum client_rule rule;
        const char *part; /* of the sentence */
    } lies[] = {
        {"another transaction", get, 1, 0, lie_other_transaction, NULL, CLIENT_ID, "another transaction than"},
        {"a signature changed", get, 2, 0, lie_other_bytes, NULL, CLIENT_CHAIN, "transaction 2"},
        {"a transaction cut", get, 0, 0, lie_cut_transaction, NULL, CLIENT_JSON, "is no transaction"},
        {"a number for the data", get, 0, 0, lie_number_for_data, NULL, CLIENT_JSON, "is no transaction"},
        {"a legacy transaction", get, 0, 0, lie_legacy, NULL, CLIENT_JSON, "is no transaction"},
        {"one left out", list, 0, 0, lie_left_out, NULL, CLIENT_CHAIN, "nSequence"},
        {"two in the wrong order", list, 0, 0, lie_swapped, NULL, CLIENT_CHAIN, "nSequence"},
        {"one twice", list, 0, 0, lie_repeated, NULL, CLIENT_CHAIN, "transaction 4"},
        {"an entry without an id", list, 0, 0, lie_without_id, NULL, CLIENT_JSON, "an entry without an id"},
        {"an id too short", list, 0, 0, lie_short_id, NULL, CLIENT_JSON, "an entry without an id"},
        {"more than was asked for", list, 0, 0, lie_too_many, NULL, CLIENT_JSON, "longer than was asked for"},
        {"an object for a list", list, 0, 0, lie_object_for_list, NULL, CLIENT_JSON, "list of transactions is none"},
        {"an empty answer", list, 0, 0, NULL, "", CLIENT_JSON, "not the JSON of a node"},
        {"half an answer", list, 0, 0, NULL, "{\"result\": [{\"txid\": \"01", CLIENT_JSON, "not the JSON of a node"},
        {"a page of a proxy", get, 0, 502, NULL, "<html>bad gateway</html>", CLIENT_STATUS, "HTTP status 502"},
        {"a redirect", get, 0, 302, NULL, "", CLIENT_STATUS, "redirects are not followed"},
        {"no permission", get, 0, 401, NULL, "", CLIENT_STATUS, "--auth FILE"},
        {"an error as a success", get, 0, 200, NULL, "{\"error\": {\"code\": -87, \"message\": \"x\"}}", CLIENT_JSON, "not the JSON"},
        {"a success as an error", get, 0, 400, NULL, "{\"result\": {\"data\": \"03\"}}", CLIENT_JSON, "not the JSON"},
        {"an error that moves the cursor", get, 0, 400, NULL, "{\"error\": {\"code\": -87, \"message\": \"a\\u001b[2Jb\"}}",
         CLIENT_REFUSED, "-87, \"a?[2Jb\""},
        {"an error with a huge number", get, 0, 400, NULL,
         "{\"error\": {\"code\": 99999999999999999999999, \"message\": \"a\"}}", CLIENT_JSON, "without a code"},
        {"an error with a real number", get, 0, 400, NULL, "{\"error\": {\"code\": 1e9, \"message\": \"a\"}}", CLIENT_JSON,
         "without a code"},
        {"an error without words", get, 0, 400, NULL, "{\"error\": {\"code\": -87}}", CLIENT_JSON, "without a code and a message"},
        {"one member twice", get, 0, 200, NULL, "{\"result\": {\"data\": \"03\", \"data\": \"03\"}}", CLIENT_JSON, "not the JSON"},
        {"JSON as deep as it goes", list, 0, 200, NULL, NULL, CLIENT_JSON, "not the JSON of a node"},
    };
    static char deep[100001];
    memset(deep, '[', sizeof deep - 1);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        unsigned long before = unit_failed_checks;
        start();
        liar.command = lies[i].command;
        liar.from = lies[i].from;
        liar.status = lies[i].status;
        liar.spoil = lies[i].spoil;
        liar.instead = lies[i].spoil == NULL && lies[i].instead == NULL ? deep : lies[i].instead;
        CHECK_EQ(fetch_new(), lies[i].rule);
        CHECK(strstr(client.sentence, lies[i].part) != NULL);
        CHECK(liar.calls < 12);
        if (unit_failed_checks != before) {
            printf("# %s: %s\n", lies[i].name, client.sentence);
        }
    }
    printf("# %zu lies about chains\n", ARRAY_LEN(lies));
}

static void silence_is_told(void)
{
    start();
    liar.command = "ledger/get/transaction";
    liar.from = 2;
    liar.is_silent = true;
    CHECK_EQ(fetch_new(), CLIENT_TRANSPORT);
    CHECK(strcmp(client.sentence, "no answer came") == 0);
}

static void another_ones_chain_is_refused(void)
{
    start();
    struct user *u = user_make(&b->setup.network, 7);
    user_release(u, "demo", 1);
    CHECK_EQ(user_submit(u, b), NODE_OK);
    struct u256 id = user_id(u);
    struct taker *t = taker_make(NULL);
    char text[1000], hex[U512_HEX_CHARS];
    hex_of_mem(alice->chain.first_txid.bytes, U512_BYTES, hex);
    snprintf(text, sizeof text, "{\"result\": [{\"txid\": \"%s\"}]}", hex);
    liar.command = "ledger/list/transactions";
    liar.instead = text;
    CHECK(!client_fetch(&client, &id, &t->v, take, t) && client.rule == CLIENT_OTHER);
    CHECK_EQ(t->count, 0);
    free(t);
    free(u);
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

/** Where alice's first transaction is, by what the node shows. */
static enum client_rule include(const struct u1024 *known, struct inclusion *out)
{
    struct transaction tx;
    struct node_transaction t;
    static uint8_t bytes[USER_CAP];
    CHECK_EQ(node_transaction(&b->node, &alice->chain.first_txid, &t), LX_OK);
    memcpy(bytes, t.bytes.at, t.bytes.left_bytes);
    CHECK_EQ(transaction_parse(bytes, t.bytes.left_bytes, &tx), LX_OK);
    bool ok = client_inclusion(&client, &tx, &b->setup.network, known, 10, out);
    CHECK(ok == (client.rule == CLIENT_OK));
    return client.rule;
}

static void blocks_are_computed_anew(void)
{
    struct inclusion i;
    struct node_block third;
    start();
    CHECK_EQ(include(NULL, &i), CLIENT_OK);
    CHECK(i.kind == INCLUSION_CLAIMED && i.height == 1 && i.blocks_above == 2 && i.unchecked_count == 3);
    CHECK(i.included_s == TIME_S && i.newest_s == TIME_S + 2 && i.sequence == 0);
    CHECK_EQ(node_block(&b->node, 3, &third), LX_OK);
    struct u1024 hash = third.hash;
    CHECK_EQ(include(&hash, &i), CLIENT_OK);
    CHECK(i.kind == INCLUSION_KNOWN && i.blocks_above == 2);
    hash.bytes[0] ^= 1;
    CHECK_EQ(include(&hash, &i), CLIENT_OK);
    CHECK_EQ(i.kind, INCLUSION_CLAIMED);
    struct node_says says;
    CHECK(client_info(&client, &says) && says.height == 3 && says.time_s == TIME_S + 2);

    /* What waits is in none. */
    struct transaction tx;
    CHECK_EQ(transaction_parse(alice->signer.bytes, alice->signer.len_bytes, &tx), LX_OK);
    CHECK(client_inclusion(&client, &tx, &b->setup.network, NULL, 10, &i) && i.kind == INCLUSION_NONE);
}

static void lie_height(json_t *all)
{
    (void)json_object_set_new(result_of(all), "height", json_integer(7));
}

static void lie_root(json_t *all)
{
    char hex[U512_HEX_CHARS];
    memset(hex, '7', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    (void)json_object_set_new(result_of(all), "merkleroot", json_string(hex));
}

static void lie_ids(json_t *all)
{
    (void)json_array_remove(json_object_get(result_of(all), "tx"), 0);
}

static void lie_no_ids(json_t *all)
{
    (void)json_object_set_new(result_of(all), "tx", json_array());
}

static void lie_negative(json_t *all)
{
    (void)json_object_set_new(result_of(all), "timestamp", json_integer(-1));
}

static void lie_text_for_height(json_t *all)
{
    (void)json_object_set_new(result_of(all), "height", json_string("1"));
}

static void lie_huge_nonce(json_t *all)
{
    (void)json_object_set_new(result_of(all), "nonce", json_string("18446744073709551616"));
}

static void lie_other_nonce(json_t *all)
{
    (void)json_object_set_new(result_of(all), "nonce", json_string("18446744073709551615"));
}

static void lie_huge_channel(json_t *all)
{
    (void)json_object_set_new(result_of(all), "channel", json_integer(4));
}

/** A chain of blocks that goes in a circle: the one above is the one below. */
static void lie_circle(json_t *all)
{
    (void)json_object_set(result_of(all), "nextblockhash", json_object_get(result_of(all), "hash"));
}

static void lie_block_of_others(json_t *all)
{
    char hex[U1024_HEX_CHARS];
    struct node_block second;
    CHECK_EQ(node_block(&b->node, 2, &second), LX_OK);
    hex_of_mem(second.hash.bytes, U1024_BYTES, hex);
    (void)json_object_set_new(result_of(all), "blockhash", json_string(hex));
}

static void lie_no_confirmations(json_t *all)
{
    (void)json_object_del(result_of(all), "confirmations");
}

static void lies_about_blocks_are_refused(void)
{
    static const char block[] = "ledger/get/block", get[] = "ledger/get/transaction";
    static const struct {
        const char *name, *command;
        unsigned from;
        void (*spoil)(json_t *all);
        enum client_rule rule;
        const char *part;
    } lies[] = {
        {"another height", block, 0, lie_height, CLIENT_BLOCK, "its header has another hash"},
        {"another root", block, 0, lie_root, CLIENT_BLOCK, "its header has another hash"},
        {"a transaction left out", block, 0, lie_ids, CLIENT_BLOCK, "another Merkle root"},
        {"no transactions", block, 0, lie_no_ids, CLIENT_JSON, "is no block"},
        {"a time before 1970", block, 0, lie_negative, CLIENT_JSON, "is no block"},
        {"text for a number", block, 0, lie_text_for_height, CLIENT_JSON, "is no block"},
        {"a nonce of 65 bits", block, 0, lie_huge_nonce, CLIENT_JSON, "is no block"},
        {"another nonce, of 64", block, 0, lie_other_nonce, CLIENT_BLOCK, "its header has another hash"},
        {"a channel that is none", block, 0, lie_huge_channel, CLIENT_JSON, "is no block"},
        {"blocks in a circle", block, 0, lie_circle, CLIENT_BLOCK, "does not follow it"},
        {"a lie further up", block, 2, lie_height, CLIENT_BLOCK, "its header has another hash"},
        {"a block that holds others", get, 0, lie_block_of_others, CLIENT_BLOCK, "does not hold the transaction"},
        {"a block without confirmations", get, 0, lie_no_confirmations, CLIENT_JSON, "no block and number"},
    };
    struct inclusion i;
    for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
        unsigned long before = unit_failed_checks;
        start();
        liar.command = lies[k].command;
        liar.from = lies[k].from;
        liar.spoil = lies[k].spoil;
        CHECK_EQ(include(NULL, &i), lies[k].rule);
        CHECK(strstr(client.sentence, lies[k].part) != NULL);
        if (unit_failed_checks != before) {
            printf("# %s: %s\n", lies[k].name, client.sentence);
        }
    }
    printf("# %zu lies about blocks\n", ARRAY_LEN(lies));
}

/* ---- submitting ----------------------------------------------------------------------------------------------------- */

static void lie_other_hash(json_t *all)
{
    char hex[U512_HEX_CHARS];
    hex_of_mem(alice->chain.first_txid.bytes, U512_BYTES, hex);
    (void)json_object_set_new(result_of(all), "hash", json_string(hex));
}

static void a_transaction_is_submitted_and_the_end_is_told(void)
{
    start();
    struct user *u = user_make(&b->setup.network, 8);
    struct u256 id = user_id(u);
    struct node_tail tail;
    CHECK(client_tail(&client, &id, &tail) && !tail.is_there);
    user_release(u, "demo", 1);
    CHECK(client_submit(&client, u->signer.bytes, u->signer.len_bytes));
    CHECK(client_tail(&client, &id, &tail) && tail.is_there && tail.count == 1 && u512_equal(&tail.last, &u->chain.txid));
    CHECK(!client_submit(&client, u->signer.bytes, u->signer.len_bytes));
    CHECK(client.rule == CLIENT_REFUSED && client.code == -150);
    user_release(u, "demo", 2);
    liar.command = "ledger/submit/transaction";
    liar.spoil = lie_other_hash;
    CHECK(!client_submit(&client, u->signer.bytes, u->signer.len_bytes) && client.rule == CLIENT_ID);
    CHECK(!client_submit(&client, "x", 1) && client.rule == CLIENT_LIMIT);
    start();
    liar.command = "ledger/list/transactions";
    liar.instead = "{\"result\": [{\"sequence\": 4294967295, \"txid\": \"00\"}]}";
    CHECK(!client_tail(&client, &id, &tail) && client.rule == CLIENT_JSON);
    liar.command = "ledger/get/info";
    liar.instead = "{\"result\": {\"height\": 4294967296, \"timestamp\": 1}}";
    struct node_says says;
    CHECK(!client_info(&client, &says) && client.rule == CLIENT_JSON);
    free(u);
}

/* ---- the real node's own answers ---------------------------------------------------------------------------------- */

/** What a real node has answered: its records are its API's results. */
static struct {
    json_t *chain;  /* of sigchain_*.json */
    json_t *blocks; /* of blocks.json */
} real;

/** The value of a parameter in a form, into `out`. */
static const char *parameter(const char *params, const char *name, char out[300])
{
    char key[40];
    snprintf(key, sizeof key, "%s=", name);
    const char *at = strstr(params, key);
    out[0] = '\0';
    if (at != NULL) {
        size_t chars = strcspn(at + strlen(key), "&");
        snprintf(out, 300, "%.*s", chars > 299 ? 299 : (int)chars, at + strlen(key));
    }
    return out;
}

/** The entry of an array whose member is this text. */
static json_t *entry_of(json_t *array, const char *member, const char *text)
{
    size_t i;
    json_t *entry;
    json_array_foreach(array, i, entry) {
        const char *has = json_string_value(json_object_get(entry, member));
        if (has != NULL && strcmp(has, text) == 0) {
            return entry;
        }
    }
    return NULL;
}

/** Writes large integers as nodes do, without quotes. */
static void unquote(char *text)
{
    char *to = text;
    while (*text != '\0') {
        size_t digits = *text == '"' ? strspn(text + 1, "0123456789") : 0;
        if (digits >= 19 && digits <= 20 && text[digits + 1] == '"') {
            memmove(to, text + 1, digits);
            to += digits;
            text += digits + 2;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

static bool real_call(void *context, const char *command, const char *params, struct node_reply *out, char why[NODE_SENTENCE_CHARS])
{
    char text[300], format[300];
    json_t *list = json_object_get(real.chain, "transactions"), *result = NULL;
    (void)context;
    if (strcmp(command, "ledger/list/transactions") == 0) {
        size_t offset = (size_t)atoi(parameter(params, "offset", text));
        result = json_array();
        for (size_t i = offset; i < json_array_size(list) && i < offset + NODE_PAGE_MAX; i++) {
            json_t *txid = json_object_get(json_array_get(list, i), "txid");
            (void)json_array_append_new(result, json_pack("{s:O}", "txid", txid));
        }
    } else if (strcmp(command, "ledger/get/transaction") == 0) {
        json_t *entry = entry_of(list, "txid", parameter(params, "txid", text));
        bool is_raw = strcmp(parameter(params, "format", format), "raw") == 0;
        result = is_raw ? json_pack("{s:O}", "data", json_object_get(entry, "raw"))
                        : json_incref(json_object_get(entry, "json"));
    } else if (strcmp(command, "ledger/get/block") == 0) {
        result = json_incref(entry_of(real.blocks, "hash", parameter(params, "hash", text)));
    }
    json_t *all = result == NULL ? NULL : json_pack("{s:o}", "result", result);
    free(answer_text);
    answer_text = all == NULL ? strdup("") : json_dumps(all, 0);
    unquote(answer_text);
    json_decref(all);
    copy_string(why, NODE_SENTENCE_CHARS, "no such record");
    *out = (struct node_reply){200, answer_text, strlen(answer_text)};
    return result != NULL;
}

static json_t *load(const char *path)
{
    /* As the client reads it: numbers above INT64_MAX, which a coinbase has, are no JSON for jansson. */
    struct vectors v = vectors_open(path);
    char *text = (char *)malloc(2 * v.left_chars + 1);
    size_t used = 0;
    for (size_t i = 0; i < v.left_chars;) {
        size_t digits = strspn(v.at + i, "0123456789");
        bool is_large = digits >= 19 && v.at[i - 1] == ' ' && strchr(",}\n", v.at[i + digits]) != NULL;
        used += (size_t)sprintf(text + used, is_large ? "\"%.*s\"" : "%.*s", (int)(digits > 0 ? digits : 1), v.at + i);
        i += digits > 0 ? digits : 1;
    }
    json_t *out = json_loadb(text, used, 0, NULL);
    free(text);
    return out;
}

/** Opens the records of a network's user. */
static void real_start(const char *network, const char *user)
{
    char path[100];
    json_decref(real.chain);
    json_decref(real.blocks);
    snprintf(path, sizeof path, "tests/vectors/nexus/%s/sigchain_%s.json", network, user);
    real.chain = load(path);
    snprintf(path, sizeof path, "tests/vectors/nexus/%s/blocks.json", network);
    real.blocks = load(path);
    CHECK(json_is_object(real.chain) && json_is_array(real.blocks));
    client.call = real_call;
}

static void real_chain(const char *network_name, enum sigchain_network_kind kind, const char *user, uint32_t count)
{
    static struct sigchain_register many[64];
    static uint8_t bytes[USER_CAP];
    struct sigchain_setup setup = {.registers = many, .register_capacity = 64};
    struct taker *t = (struct taker *)calloc(1, sizeof *t);
    struct u256 id;
    struct inclusion i;
    struct cursor last;
    struct transaction tx;
    real_start(network_name, user);
    const char *genesis = json_string_value(json_object_get(real.chain, "genesis"));
    sigchain_network_of(kind, NULL, &setup.network);
    sigchain_verifier_init(&t->v, &setup);
    CHECK(hex_to_mem(genesis, strlen(genesis), id.bytes, U256_BYTES));
    bool ok = client_fetch(&client, &id, &t->v, take, t);
    if (!ok) {
        printf("# %s %s: %s\n", network_name, user, client.sentence);
    }
    CHECK(ok && t->count == count);
    struct u512 txid = t->v.first_txid;
    CHECK(client_transaction(&client, &txid, &last));
    memcpy(bytes, last.at, last.left_bytes);
    CHECK_EQ(transaction_parse(bytes, last.left_bytes, &tx), LX_OK);
    ok = client_inclusion(&client, &tx, &setup.network, NULL, 100, &i);
    if (!ok) {
        printf("# %s %s: %s\n", network_name, user, client.sentence);
    }
    size_t top = json_array_size(real.blocks) - 1;
    CHECK(ok && i.height + i.blocks_above == top);
    CHECK(i.kind == (kind == NETWORK_TEST ? INCLUSION_WORK : INCLUSION_CLAIMED));
    CHECK((i.work_hashes > 0) == (kind == NETWORK_TEST));
    printf("# %s %s: %u transactions; height %u, %u above, %llu hashes of work\n", network_name, user, (unsigned)t->count,
           (unsigned)i.height, (unsigned)i.blocks_above, (unsigned long long)i.work_hashes);
    free(t);
}

static void the_real_nodes_answers_are_understood(void)
{
    real_chain("private", NETWORK_PRIVATE, "alice", 24);
    real_chain("private", NETWORK_PRIVATE, "bob", 7);
    real_chain("private", NETWORK_PRIVATE, "device", 1);
    real_chain("testnet", NETWORK_TEST, "miner", 20);
    json_decref(real.chain);
    json_decref(real.blocks);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"node_client: a chain is fetched and goes on", a_chain_is_fetched_and_goes_on},
        {"node_client: a long chain is fetched in pages", a_long_chain_is_fetched_in_pages},
        {"node_client: what is known does not get shorter", what_is_known_does_not_get_shorter},
        {"node_client: a fork is told and not taken", a_fork_is_told_and_not_taken},
        {"node_client: a pin tells an impostor", a_pin_tells_an_impostor},
        {"node_client: fetched lies are refused", fetched_lies_are_refused},
        {"node_client: silence is told", silence_is_told},
        {"node_client: another one's chain is refused", another_ones_chain_is_refused},
        {"node_client: blocks are computed anew", blocks_are_computed_anew},
        {"node_client: lies about blocks are refused", lies_about_blocks_are_refused},
        {"node_client: the real node's answers are understood", the_real_nodes_answers_are_understood},
        {"node_client: a transaction is submitted and the end is told", a_transaction_is_submitted_and_the_end_is_told},
    };
    int status = UNIT_MAIN(cases);
    free(answer_text);
    bench_free(b);
    return status;
}
