/* SPDX-License-Identifier: MIT */
/**
 * Shows that a node takes what a real node took, refuses what breaks a rule and says which, makes blocks that anybody can check, and has
 * after a power cut at any moment what it acknowledged, whole.
 */
#include "node_fixture.h"

static const uint8_t no_random[BRAINPOOL_RANDOM_BYTES];

static void a_real_network_is_taken_whole(void)
{
    struct bench *b = bench_make(NETWORK_PRIVATE, NULL, false);
    uint32_t count = fixture_submit_all(b, TIME_S);
    CHECK_EQ(count, 33);
    uint32_t blocks = 0;
    while (node_make_block(&b->node, TIME_S + blocks, no_random) == LX_OK) {
        blocks++;
    }
    CHECK_EQ(blocks, 1);
    CHECK_EQ(b->node.confirmed_count, count);
    bench_free(b);
}

static void registers_are_what_the_real_node_says(void)
{
    struct bench *b = bench_make(NETWORK_PRIVATE, NULL, false);
    struct vectors v = vectors_open("tests/vectors/nexus/private/registers.json"), text;
    struct register_state state;
    struct u512 last;
    char name[ADDRESS_TEXT_CHARS], owner[U256_HEX_CHARS], hex[U256_HEX_CHARS];
    uint32_t count = 0;
    (void)fixture_submit_all(b, TIME_S);
    while (vectors_skip(&v, "\"8") && v.at > (const char *)NULL) { /* "8...": {"owner": ... */
        struct vectors key = {v.at - 1, 0};
        while (key.at[key.left_chars] != '"') {
            key.left_chars++;
        }
        if (strncmp(key.at + key.left_chars, "\": {", 4) != 0) {
            continue;
        }
        struct u256 address;
        uint64_t created = 0, modified = 0;
        CHECK(vectors_text(key, name, sizeof name) && address_of_text(name, strlen(name), &address) == LX_OK);
        CHECK(vectors_field(&v, "owner", &text) && vectors_text(text, owner, sizeof owner));
        CHECK(vectors_number(&v, "created", &created) && vectors_number(&v, "modified", &modified));
        enum lx_err err = node_register(&b->node, &address, &state, &last);
        CHECK(err == LX_OK || strncmp(owner, "b76518ef", 8) == 0); /* whose chain is not among the vectors */
        if (err == LX_OK) {
            hex_of_mem(state.owner.bytes, U256_BYTES, hex);
            bool is_of_token = strncmp(owner, "d7", 2) == 0; /* shown by its address */
            CHECK(is_of_token ? u256_type(&state.owner) == ADDRESS_TOKEN : strcmp(hex, owner) == 0);
            CHECK_EQ(state.created, created);
            CHECK_EQ(state.modified, modified);
        }
        count += err == LX_OK;
    }
    CHECK_EQ(count, 28);
    bench_free(b);
}

static void chains_grow_in_order(void)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1);
    struct u512 txid, id;
    struct u256 genesis = user_id(u);
    uint32_t count;
    CHECK_EQ(node_chain_count(&b->node, &genesis, &count), LX_ENOENT);
    user_release(u, "demo", 1);
    CHECK_EQ(user_submit(u, b), NODE_OK);
    CHECK_EQ(user_submit(u, b), NODE_KNOWN);
    user_release(u, "demo", 2);
    user_release(u, "demo", 3);
    CHECK_EQ(user_submit(u, b), NODE_GAP);
    CHECK(node_chain_count(&b->node, &genesis, &count) == LX_OK && count == 1);
    CHECK_EQ(node_chain_txid(&b->node, &genesis, 0, &txid), LX_OK);
    CHECK(u512_equal(&txid, &u->chain.first_txid));
    CHECK_EQ(node_chain_txid(&b->node, &genesis, 1, &txid), LX_ENOENT);
    struct node_transaction t;
    CHECK(node_transaction(&b->node, &u->chain.first_txid, &t) == LX_OK && t.height == 0);
    CHECK_EQ(node_transaction(&b->node, &u->chain.txid, &t), LX_ENOENT);
    uint8_t bad[] = {1, 2, 3};
    CHECK(!node_submit(&b->node, bad, sizeof bad, TIME_S, &id) && b->node.refusal.rule == NODE_MALFORMED);
    CHECK(!node_submit(&b->node, b->node.value, NODE_TRANSACTION_BYTES_MAX + 1, TIME_S, &id));
    CHECK_EQ(b->node.refusal.rule, NODE_LIMIT);
    bench_free(b);
    free(u);
}

static void what_breaks_a_rule_of_its_chain_is_refused(void)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1), *twin = user_make(&b->setup.network, 1);
    struct u512 txid;
    user_release(u, "demo", 1);
    u->signer.bytes[u->signer.len_bytes - 1] ^= 1;
    CHECK_EQ(user_submit(u, b), NODE_CHAIN);
    CHECK_EQ(b->node.refusal.chain, SIGCHAIN_SIGNATURE);
    u->signer.bytes[u->signer.len_bytes - 1] ^= 1;
    CHECK(!node_submit(&b->node, u->signer.bytes, u->signer.len_bytes, TIME_S - 2, &txid));
    CHECK_EQ(b->node.refusal.rule, NODE_FUTURE);
    CHECK(node_submit(&b->node, u->signer.bytes, u->signer.len_bytes, TIME_S - 1, &txid)); /* a second is forgiven */

    /* The same seed, used twice: a fork of its owner's. */
    user_release(twin, "demo", 1);
    user_release(u, "demo", 2);
    CHECK_EQ(user_submit(u, b), NODE_OK);
    user_release(twin, "demo", 7);
    CHECK_EQ(user_submit(twin, b), NODE_CONFLICT);

    struct user *stranger = user_make(&b->setup.network, 3);
    struct sigchain_network other;
    sigchain_network_of(NETWORK_HYBRID, "other", &other);
    stranger->chain.setup.network = other;
    user_release(stranger, "demo", 1);
    CHECK_EQ(user_submit(stranger, b), NODE_CHAIN);
    CHECK_EQ(b->node.refusal.chain, SIGCHAIN_NETWORK_ID);
    bench_free(b);
    free(u);
    free(twin);
    free(stranger);
}

/** The transaction that `u` signs of one operation on one register. */
static void sign_operation(struct user *u, const struct operation *op, struct register_state *state)
{
    CHECK_EQ(signer_begin(&u->signer), LX_OK);
    CHECK_EQ(transaction_operation(&u->signer.builder, op, cursor_of(NULL, 0), state), REGISTER_OK);
    CHECK_EQ(signer_end(&u->signer), LX_OK);
}

static void registers_change_hands_once(void)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1), *v = user_make(&b->setup.network, 2);
    struct user *w = user_make(&b->setup.network, 3);
    struct u256 address;
    signer_address(&u->seed, "demo", &address);
    user_release(u, "demo", 1);
    CHECK_EQ(user_submit(u, b), NODE_OK);
    struct register_state state = user_state(u, &address);
    struct operation give = {.code = OPERATION_TRANSFER, .kind = TRANSFER_CLAIM, .address = address, .other = user_id(v)};
    sign_operation(u, &give, &state);
    CHECK_EQ(user_submit(u, b), NODE_OK);

    struct register_state offered = state;
    struct operation take = {.code = OPERATION_CLAIM, .txid = u->chain.txid, .contract = 0, .address = address};
    sign_operation(w, &take, &state);
    CHECK_EQ(user_submit(w, b), NODE_CLAIM);
    state = offered;
    take.contract = 1;
    struct user *x = user_make(&b->setup.network, 2);
    sign_operation(x, &take, &state);
    CHECK_EQ(user_submit(x, b), NODE_NO_CONTRACT);
    state = offered;
    take.contract = 0;
    sign_operation(v, &take, &state);
    CHECK_EQ(user_submit(v, b), NODE_OK);

    /* Given back, taken, and offered to a third: the first offer is used up. */
    give.other = user_id(u);
    sign_operation(v, &give, &state);
    CHECK_EQ(user_submit(v, b), NODE_OK);
    struct operation again = take;
    sign_operation(v, &again, &state); /* the offer to v, taken once more while u has not */
    CHECK_EQ(user_submit(v, b), NODE_CLAIMED);
    bench_free(b);
    free(u);
    free(v);
    free(w);
    free(x);
}

static void states_are_those_of_the_whole_ledger(void)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1), *v = user_make(&b->setup.network, 2);
    struct u256 address;
    signer_address(&u->seed, "demo", &address);
    user_release(u, "demo", 1);
    CHECK_EQ(user_submit(u, b), NODE_OK);

    /* Another one creates at the same address. */
    struct record_app record = {.app = "demo", .seq = 1};
    CHECK_EQ(signer_put_app(&v->signer, &address, &record), LX_OK);
    CHECK_EQ(user_submit(v, b), NODE_EXISTS);
    CHECK_EQ(b->node.refusal.contract, 0);

    /* A register that is sound, his by what he shows, and not there. */
    struct user *w = user_make(&b->setup.network, 3);
    struct register_state state = user_state(u, &address);
    state.owner = user_id(w);
    state.checksum = register_checksum(&state);
    struct u256 nowhere = address;
    nowhere.bytes[0] ^= 1;
    struct operation give = {.code = OPERATION_TRANSFER, .kind = TRANSFER_FORCE, .address = nowhere, .other = user_id(u)};
    struct register_state copy = state;
    sign_operation(w, &give, &copy);
    CHECK_EQ(user_submit(w, b), NODE_NO_REGISTER);

    /* The same where there is one, which is not his. */
    struct user *x = user_make(&b->setup.network, 3);
    give.address = address;
    sign_operation(x, &give, &state);
    CHECK_EQ(user_submit(x, b), NODE_STATE);
    bench_free(b);
    free(u);
    free(v);
    free(w);
    free(x);
}

static void only_what_it_can_check_is_taken(void)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1);
    struct u256 id = user_id(u), producer;
    struct operation op = {.code = OPERATION_COINBASE, .other = id, .amount = 1000000};
    CHECK_EQ(signer_begin(&u->signer), LX_OK);
    CHECK_EQ(transaction_operation(&u->signer.builder, &op, cursor_of(NULL, 0), NULL), REGISTER_OK);
    CHECK_EQ(signer_end(&u->signer), LX_OK);
    CHECK_EQ(user_submit(u, b), NODE_OPERATION);

    node_producer_genesis(&b->setup.network, &producer);
    struct user *p = user_make(&b->setup.network, 2);
    struct sigchain_link link;
    struct sigchain_next next = {.type = SIGNATURE_BRAINPOOL, .key = {{1}}};
    uint8_t secret[64] = {1};
    struct sigchain_secret key = {SIGNATURE_BRAINPOOL, secret, no_random, NULL};
    struct u512 txid;
    sigchain_link_first(&b->setup.network, &producer, &link);
    op = (struct operation){.code = OPERATION_AUTHORIZE, .txid = link.previous, .other = producer};
    transaction_begin(&p->signer.builder, &producer, TIME_S, p->signer.bytes, sizeof p->signer.bytes);
    CHECK_EQ(transaction_operation(&p->signer.builder, &op, cursor_of(NULL, 0), NULL), REGISTER_OK);
    CHECK_EQ(transaction_sign_as(&p->signer.builder, &link, &next, &key, &txid), LX_OK);
    p->signer.len_bytes = p->signer.builder.out.used_bytes;
    CHECK_EQ(user_submit(p, b), NODE_PRODUCER);

    /* To a user of another network; an account of a token that is not there. */
    struct user *v = user_make(&b->setup.network, 4);
    struct u256 address;
    signer_address(&v->seed, "demo", &address);
    user_release(v, "demo", 1);
    CHECK_EQ(user_submit(v, b), NODE_OK);
    struct register_state state = user_state(v, &address);
    struct operation give = {.code = OPERATION_TRANSFER, .kind = TRANSFER_FORCE, .address = address, .other = id};
    u256_set_type(&give.other, 0xa1);
    sign_operation(v, &give, &state);
    CHECK_EQ(user_submit(v, b), NODE_TOKEN);

    struct user *w = user_make(&b->setup.network, 5);
    uint8_t data[256];
    struct writer object = writer_of(data, sizeof data);
    struct u256 token = {{5}};
    u256_set_type(&token, ADDRESS_TOKEN);
    field_put(&object, "balance", FIELD_U64, true, (uint8_t[8]){0}, 8);
    field_put(&object, "token", FIELD_U256, false, token.bytes, U256_BYTES);
    address_of_random(token.bytes, ADDRESS_ACCOUNT, &address);
    CHECK_EQ(signer_begin(&w->signer), LX_OK);
    CHECK_EQ(transaction_create(&w->signer.builder, &address, REGISTER_OBJECT, data, object.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(signer_end(&w->signer), LX_OK);
    CHECK_EQ(user_submit(w, b), NODE_TOKEN);
    bench_free(b);
    free(u);
    free(p);
    free(v);
    free(w);
}

/** A producer of each kind of key makes blocks that pass every check, one behind the other. */
static void make_blocks(struct sigchain_falcon *falcon)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", false);
    struct user *u = user_make(&b->setup.network, 1);
    b->producer.falcon = falcon;
    struct u1024 previous;
    struct node_block found;
    uint32_t height;
    node_origin(&b->setup.network, &previous);
    CHECK_EQ(node_make_block(&b->node, TIME_S, no_random), LX_ENOENT);
    for (uint32_t i = 1; i <= 3; i++) {
        user_release(u, "demo", i);
        CHECK_EQ(user_submit(u, b), NODE_OK);
        CHECK_EQ(node_make_block(&b->node, TIME_S, no_random), LX_OK);
        CHECK_EQ(node_block(&b->node, i, &found), LX_OK);
        CHECK_EQ(block_check(&found.block, &b->setup.network, &b->node.block_room), BLOCK_OK);
        CHECK(u1024_equal(&found.block.header.previous, &previous) && u1024_equal(&found.hash, &b->node.best));
        CHECK_EQ(found.block.header.height, i);
        CHECK_EQ(found.block.header.time_s, TIME_S + i - 1);
        CHECK_EQ(found.block.transaction_count, 1);
        CHECK(node_block_height(&b->node, &found.hash, &height) == LX_OK && height == i);
        previous = found.hash;
        struct node_transaction t;
        CHECK(node_transaction(&b->node, &u->chain.txid, &t) == LX_OK && t.height == i);
    }
    CHECK_EQ(node_block(&b->node, 4, &found), LX_ENOENT);
    CHECK_EQ(node_block_height(&b->node, &(struct u1024){{1}}, &height), LX_ENOENT);

    /* Opened again it goes on; with another producer, or for another network, it does not open. */
    CHECK_EQ(bench_open(b), LX_OK);
    CHECK(b->node.height == 3 && u1024_equal(&b->node.best, &previous));
    user_release(u, "demo", 4);
    CHECK_EQ(user_submit(u, b), NODE_OK);
    CHECK_EQ(node_make_block(&b->node, TIME_S, no_random), LX_OK);
    b->producer.bytes[0] ^= 1;
    CHECK_EQ(bench_open(b), LX_EACCES);
    b->producer.bytes[0] ^= 1;
    sigchain_network_of(NETWORK_HYBRID, "other", &b->setup.network);
    CHECK_EQ(bench_open(b), LX_EINVAL);
    sigchain_network_of(NETWORK_MAIN, NULL, &b->setup.network);
    CHECK_EQ(bench_open(b), LX_EINVAL);
    bench_free(b);
    free(u);
}

static void blocks_follow_one_another(void)
{
    static struct sigchain_falcon falcon;
    make_blocks(NULL);
    make_blocks(&falcon);
}

/** What each of the first transactions left, so that a cut can be compared with what was acknowledged. */
static void cut_at(uint64_t op, uint32_t in_256, bool *is_over)
{
    struct bench *b = bench_make(NETWORK_HYBRID, "lx-os", true);
    struct user *u = user_make(&b->setup.network, 1);
    uint64_t random = op * 1000 + in_256;
    uint32_t acknowledged = 0, blocks = 0;
    uint64_t start = b->disk.op_count;
    b->disk.fail_at = start + op;
    for (uint32_t i = 1; i <= 3; i++) {
        user_release(u, "demo", i);
        if (user_submit(u, b) != NODE_OK) {
            break;
        }
        acknowledged++;
        if (node_make_block(&b->node, TIME_S, no_random) != LX_OK) {
            break;
        }
        blocks++;
    }
    *is_over = blocks == 3;
    uint8_t *image = (uint8_t *)malloc(b->disk.bytes);
    disk_cut(&b->disk, image, in_256, &random);
    memcpy(b->disk.now, image, b->disk.bytes);
    b->disk.fail_at = 0;
    b->disk.pending_count = 0;
    CHECK_EQ(bench_open(b), LX_OK);
    CHECK(b->node.accepted_count >= acknowledged && b->node.accepted_count <= acknowledged + 1u);
    CHECK(b->node.height >= blocks && b->node.height <= blocks + 1u);
    struct u256 genesis = user_id(u), address;
    struct register_state state;
    struct u512 last;
    uint32_t count = 0;
    enum lx_err err = node_chain_count(&b->node, &genesis, &count);
    CHECK(err == (b->node.accepted_count == 0 ? LX_ENOENT : LX_OK) && count == b->node.accepted_count);
    signer_address(&u->seed, "demo", &address);
    if (count > 0) {
        struct record_app record;
        CHECK_EQ(node_register(&b->node, &address, &state, &last), LX_OK);
        CHECK(record_app_read(&state, &record) == LX_OK && record.seq == count);
    }
    /* And it goes on: the next transaction of the chain is taken, a block made. */
    if (count == u->chain.transaction_count) {
        user_release(u, "demo", count + 1);
        CHECK_EQ(user_submit(u, b), NODE_OK);
    }
    CHECK(node_make_block(&b->node, TIME_S, no_random) == LX_OK || b->node.confirmed_count == b->node.accepted_count);
    free(image);
    bench_free(b);
    free(u);
}

static void a_power_cut_loses_nothing_that_was_acknowledged(void)
{
    bool is_over = false;
    uint64_t op = 1;
    for (; op < 200 && !is_over; op++) {
        cut_at(op, op % 2 == 0 ? 0 : 128, &is_over);
    }
    CHECK(is_over && op > 10);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"node: a real network is taken whole", a_real_network_is_taken_whole},
        {"node: registers are what the real node says", registers_are_what_the_real_node_says},
        {"node: chains grow in order", chains_grow_in_order},
        {"node: what breaks a rule of its chain is refused", what_breaks_a_rule_of_its_chain_is_refused},
        {"node: registers change hands once", registers_change_hands_once},
        {"node: states are those of the whole ledger", states_are_those_of_the_whole_ledger},
        {"node: only what it can check is taken", only_what_it_can_check_is_taken},
        {"node: blocks follow one another", blocks_follow_one_another},
        {"node: a power cut loses nothing that was acknowledged", a_power_cut_loses_nothing_that_was_acknowledged},
    };
    return UNIT_MAIN(cases);
}
