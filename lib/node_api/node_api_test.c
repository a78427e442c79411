/* SPDX-License-Identifier: MIT */
/**
 * Shows that calls are answered as the real node answers them: its own records of its private network are the oracle. And that what is
 * asked wrongly is refused with its code.
 */
#include "node_fixture.h"

#include "node_api.h"

static struct bench *b;
static const uint8_t no_random[BRAINPOOL_RANDOM_BYTES];

/** A call; the answer's result, or its error, is the caller's to decref. */
static json_t *call(const char *path, const char *query, const char *type, const char *body, unsigned status)
{
    struct node_request r = {.is_post = body != NULL, .path = path, .query = query, .content_type = type, .body = body};
    struct node_answer answer;
    r.body_bytes = body == NULL ? 0 : strlen(body);
    r.peer = "127.0.0.1:1";
    r.now_s = TIME_S;
    node_api_answer(&b->node, &r, &answer);
    json_t *all = json_loads(answer.text, 0, NULL);
    CHECK_EQ(answer.status, status);
    if (answer.status != status) {
        printf("# %s?%s: %s\n", path, query, answer.text);
    }
    CHECK(json_is_object(all) && json_is_string(json_object_get(json_object_get(all, "info"), "method")));
    json_t *out = json_incref(json_object_get(all, status == 200 ? "result" : "error"));
    json_decref(all);
    free(answer.text);
    return out;
}

static json_t *get(const char *path, const char *query)
{
    return call(path, query, NULL, NULL, 200);
}

static void refused(const char *path, const char *query, unsigned status, int code)
{
    json_t *error = call(path, query, NULL, NULL, status);
    int got = (int)json_integer_value(json_object_get(error, "code"));
    CHECK_EQ(got, code);
    CHECK(json_is_string(json_object_get(error, "message")));
    json_decref(error);
}

static void start(void)
{
    if (b == NULL) {
        b = bench_make(NETWORK_PRIVATE, NULL, false);
        CHECK_EQ(fixture_submit_all(b, TIME_S), 33);
        while (node_make_block(&b->node, TIME_S, no_random) == LX_OK) {
        }
    }
}

/** What we do not show, or show otherwise: names that are looked up, and coins. */
static void forget(json_t *contract)
{
    static const char *const members[] = {"name", "conditions", "ticker", "token", "claimed", "amount"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        (void)json_object_del(contract, members[i]);
    }
    const char *ends[] = {"from", "to", "recipient"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        json_t *end = json_object_get(contract, ends[i]), *address = json_object_get(end, "address");
        if (json_is_object(end)) {
            json_t *only = json_pack("{s:O}", "address", address);
            (void)json_object_set_new(contract, ends[i], only);
        }
    }
}

static bool shows_coins(const json_t *contract)
{
    const char *type = json_string_value(json_object_get(contract, "type"));
    return type != NULL && (strcmp(type, "ACCOUNT") == 0 || strcmp(type, "TOKEN") == 0 || strcmp(type, "NAME") == 0);
}

/** Compares a transaction with what the real node has shown of it. */
static void compare(json_t *real)
{
    static const char *const members[] = {"txid",     "type",     "version",  "sequence", "timestamp", "genesis",
                                          "nexthash", "prevhash", "recovery", "pubkey",   "signature"};
    char query[200];
    snprintf(query, sizeof query, "txid=%s&verbose=3", json_string_value(json_object_get(real, "txid")));
    json_t *ours = get("/ledger/get/transaction", query);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *theirs = json_object_get(real, members[i]), *mine = json_object_get(ours, members[i]);
        CHECK((theirs == NULL && mine == NULL) || json_equal(theirs, mine));
    }
    json_t *theirs = json_object_get(real, "contracts"), *mine = json_object_get(ours, "contracts");
    CHECK_EQ(json_array_size(mine), json_array_size(theirs));
    for (size_t i = 0; i < json_array_size(theirs); i++) {
        json_t *t = json_array_get(theirs, i), *m = json_array_get(mine, i);
        forget(t);
        forget(m);
        if (!shows_coins(t) && !json_equal(t, m)) {
            char *x = json_dumps(t, 0), *y = json_dumps(m, 0);
            printf("# real %s\n# ours %s\n", x, y);
            free(x);
            free(y);
            CHECK(t == NULL);
        }
    }
    json_decref(ours);
}

static void transactions_are_shown_as_the_real_node_shows_them(void)
{
    static const char *const users[] = {"alice", "bob", "device"};
    start();
    for (size_t u = 0; u < ARRAY_LEN(users); u++) {
        char path[80], query[200];
        snprintf(path, sizeof path, "tests/vectors/nexus/private/sigchain_%s.json", users[u]);
        json_t *real = json_load_file(path, 0, NULL);
        json_t *list = json_object_get(real, "transactions");
        CHECK(json_array_size(list) > 0);
        for (size_t i = 0; i < json_array_size(list); i++) {
            json_t *entry = json_array_get(list, i);
            json_t *txid = json_object_get(entry, "txid");
            snprintf(query, sizeof query, "txid=%s&format=raw", json_string_value(txid));
            json_t *raw = get("/ledger/get/transaction", query);
            CHECK(json_equal(json_object_get(raw, "data"), json_object_get(entry, "raw")));
            json_decref(raw);
            compare(json_object_get(entry, "json"));
        }
        snprintf(query, sizeof query, "genesis=%s&order=asc&limit=100",
                 json_string_value(json_object_get(real, "genesis")));
        json_t *ours = get("/ledger/list/transactions", query);
        CHECK_EQ(json_array_size(ours), json_array_size(list));
        for (size_t i = 0; i < json_array_size(ours); i++) {
            CHECK(json_equal(json_object_get(json_array_get(ours, i), "txid"),
                             json_object_get(json_array_get(list, i), "txid")));
        }
        json_decref(ours);
        json_decref(real);
    }
}

static void registers_are_shown_as_the_real_node_shows_them(void)
{
    start();
    json_t *real = json_load_file("tests/vectors/nexus/private/registers.json", 0, NULL), *state;
    const char *address;
    uint32_t count = 0;
    json_object_foreach(real, address, state) {
        char query[100];
        const char *owner = json_string_value(json_object_get(state, "owner"));
        if (strncmp(owner, "b76518ef", 8) == 0 || shows_coins(state)) {
            continue; /* a chain that is not among the vectors; coins */
        }
        snprintf(query, sizeof query, "address=%s", address);
        json_t *ours = get("/register/get/any", query);
        (void)json_object_del(state, "name");
        if (!json_equal(state, ours)) {
            char *x = json_dumps(state, 0), *y = json_dumps(ours, 0);
            printf("# real %s\n# ours %s\n", x, y);
            free(x);
            free(y);
            CHECK(state == NULL);
        }
        json_decref(ours);
        count++;
    }
    CHECK(count >= 10);
    json_decref(real);
}

static void a_block_can_be_computed_anew(void)
{
    start();
    json_t *info = get("/ledger/get/info", NULL);
    CHECK_EQ(json_integer_value(json_object_get(info, "height")), 1);
    json_t *hash = get("/ledger/get/blockhash", "height=1");
    char query[400];
    snprintf(query, sizeof query, "hash=%s", json_string_value(json_object_get(hash, "hash")));
    json_t *block = get("/ledger/get/block", query), *same = get("/ledger/get/block", "height=1&verbose=1");
    CHECK(json_equal(block, same));
    static const char *const members[] = {"hash",      "proofhash", "size", "height",     "channel", "version", "merkleroot",
                                          "timestamp", "date",      "nonce", "bits",      "difficulty", "mint",
                                          "previousblockhash", "tx"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        CHECK(json_object_get(block, members[i]) != NULL);
    }
    CHECK_EQ(json_object_size(block), ARRAY_LEN(members)); /* and no next one yet */
    CHECK_EQ(json_array_size(json_object_get(block, "tx")), 34);
    json_t *list = get("/ledger/recent/blocks", "limit=5&verbose=2");
    CHECK_EQ(json_array_size(list), 1);
    json_decref(info);
    json_decref(hash);
    json_decref(block);
    json_decref(same);
    json_decref(list);
}

#define ALICE "genesis=b7d4b8c6f425cd13594c480eed2e6ca0f1f7ad6a9551fbbbd1acba22d1c5151f"

static void lists_have_parts(void)
{
    start();
    static const struct {
        const char *query;
        size_t count;
    } parts[] = {
        {ALICE, 24},          {ALICE "&limit=5", 5},           {ALICE "&limit=5&page=4", 4}, {ALICE "&limit=5&offset=22", 2},
        {ALICE "&limit=0", 0}, {ALICE "&limit=none&verbose=2", 24}, {ALICE "&limit=3,23", 1},     {ALICE "&offset=24", 0},
        {ALICE "&limit=7&page=4294967295", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        json_t *list = get("/ledger/list/transactions", parts[i].query);
        CHECK_EQ(json_array_size(list), parts[i].count);
        json_decref(list);
    }
}

static void what_is_asked_wrongly_has_its_code(void)
{
    static const struct {
        const char *path, *query;
        unsigned status;
        int code;
    } bad[] = {
        {"/nothing/get/block", "", 404, -4},
        {"/ledger/get/nothing", "", 400, -2},
        {"/register/get/nothing", "address=1", 400, -2},
        {"/", "", 400, -14},
        {"/ledger", "", 400, -14},
        {"ledger/get/info", "", 400, -14},
        {"/ledger/submit/transaction", "", 400, -18},
        {"/ledger/submit/transaction", "data=03", 400, -150},
        {"/ledger/submit/transaction", "data=xx", 400, -150},
        {"/ledger/submit/transaction", "data=0300", 400, -150},
        {"/ledger/get/transaction", "", 400, -57},
        {"/ledger/get/transaction", "txid=12", 400, -35},
        {"/ledger/get/transaction", "txid=zz&format=hex", 400, -35},
        {"/ledger/get/block", "", 400, -56},
        {"/ledger/get/block", "height=2", 400, -60},
        {"/ledger/get/block", "height=0", 400, -83},
        {"/ledger/get/block", "height=-1", 400, -57},
        {"/ledger/get/block", "height=99999999999999999999", 400, -60},
        {"/ledger/get/block", "hash=00", 400, -35},
        {"/ledger/get/block", "height=1&verbose=x", 400, -57},
        {"/ledger/get/blockhash", "height=7", 400, -83},
        {"/ledger/recent/blocks", "limit=1441", 400, -60},
        {"/ledger/list/transactions", "", 400, -111},
        {"/ledger/list/transactions", "genesis=1", 400, -35},
        {"/ledger/list/transactions", ALICE "&order=up", 400, -57},
        {"/ledger/list/transactions", ALICE "&limit=1,", 400, -57},
        {"/ledger/list/transactions", "genesis=b7d4b8c6f425cd13594c480eed2e6ca0f1f7ad6a9551fbbbd1acba22d1c5151e", 400, -144},
        {"/ledger/get/info", "alone", 400, -120},
        {"/ledger/get/info", "a=%", 400, -120},
        {"/ledger/get/info", "a=%4", 400, -120},
        {"/ledger/get/info", "a=%00", 400, -120},
        {"/ledger/get/info", "a=%ff", 400, -120},
        {"/register/get/any", "", 400, -56},
        {"/register/get/any", "address=8zzz", 400, -102},
        {"/register/get/raw", "address=82AMAjjjeCfmDFqemmMr8CX9rcoDE2JhMS5jaaY3EVy9z6o4KjH", 400, -49},
        {"/register/get/any", "address=d1000000000000000000000000000000000000000000000000000000000000ff", 400, -13},
    };
    start();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        unsigned long before = unit_failed_checks;
        refused(bad[i].path, bad[i].query, bad[i].status, bad[i].code);
        if (unit_failed_checks != before) {
            printf("# %s?%s\n", bad[i].path, bad[i].query);
        }
    }
}

static void bodies_are_forms_or_json(void)
{
    start();
    const char form[] = "application/x-www-form-urlencoded", json[] = "application/json; charset=utf-8";
    json_t *a = call("/ledger/get/blockhash", NULL, form, "height=1", 200);
    json_t *c = call("/ledger/get/blockhash", NULL, json, "{\"height\": 1}", 200);
    json_t *d = call("/ledger/get/blockhash", NULL, json, "{\"height\": \"1\"}", 200);
    CHECK(json_equal(a, c) && json_equal(a, d));
    json_decref(a);
    json_decref(c);
    json_decref(d);
    static const struct {
        const char *type, *body;
        unsigned status;
        int code;
    } bad[] = {
        {NULL, "height=1", 500, -5},
        {"text/plain", "height=1", 500, -5},
        {"application/jsonx", "{}", 500, -5},
        {"application/json", "{\"height\": 1", 500, -1},
        {"application/json", "[1]", 500, -1},
        {"application/json", "{\"height\": 1, \"height\": 1}", 500, -1},
        {"application/json", "{\"height\": [1]}", 400, -35},
        {"application/json", "{\"height\": 1e400}", 500, -1},
        {"application/json", "{\"height\": 1.5}", 400, -35},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *error = call("/ledger/get/blockhash", NULL, bad[i].type, bad[i].body, bad[i].status);
        int got = (int)json_integer_value(json_object_get(error, "code"));
        CHECK_EQ(got, bad[i].code);
        json_decref(error);
    }
}

static void a_transaction_is_submitted(void)
{
    static char body[2 * USER_CAP + 16] = "data=03";
    start();
    struct user *u = user_make(&b->setup.network, 9);
    user_release(u, "demo", 1);
    for (size_t i = 0; i < u->signer.len_bytes; i++) {
        snprintf(body + 7 + 2 * i, 3, "%02x", u->signer.bytes[i]);
    }
    json_t *done = call("/ledger/submit/transaction", NULL, "application/x-www-form-urlencoded", body, 200);
    char hex[U512_HEX_CHARS];
    hex_of_mem(u->chain.txid.bytes, U512_BYTES, hex);
    CHECK(strcmp(json_string_value(json_object_get(done, "hash")), hex) == 0);
    json_decref(done);
    json_t *again = call("/ledger/submit/transaction", body, NULL, NULL, 400);
    CHECK_EQ((uint64_t)-json_integer_value(json_object_get(again, "code")), 150);
    CHECK(strstr(json_string_value(json_object_get(again, "message")), "it is here already") != NULL);
    json_decref(again);
    free(u);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"node_api: transactions are shown as the real node shows them", transactions_are_shown_as_the_real_node_shows_them},
        {"node_api: registers are shown as the real node shows them", registers_are_shown_as_the_real_node_shows_them},
        {"node_api: a block can be computed anew", a_block_can_be_computed_anew},
        {"node_api: lists have parts", lists_have_parts},
        {"node_api: what is asked wrongly has its code", what_is_asked_wrongly_has_its_code},
        {"node_api: bodies are forms or JSON", bodies_are_forms_or_json},
        {"node_api: a transaction is submitted", a_transaction_is_submitted},
    };
    int status = UNIT_MAIN(cases);
    bench_free(b);
    return status;
}
