/* SPDX-License-Identifier: MIT */
/**
 * Shows that hash, Merkle root and proof of work of every block of the vectors are the node's, and that what nodes send
 * to light clients is read and written byte for byte, and proves what it is meant to.
 */
#include "block.h"
#include "unit.h"
#include "vectors.h"

#define BLOCKS_MAX 64u
#define TXIDS_MAX  16u

struct known {
    struct block_header header;
    struct u1024 hash, proof_hash, next;
    struct u512 txids[TXIDS_MAX];
    uint32_t txid_count;
    bool has_next;
};

static struct known private_blocks[BLOCKS_MAX], test_blocks[BLOCKS_MAX];
static size_t private_count, test_count;
static uint8_t payload[4096], back[4096];

static bool field_mem(struct vectors *v, const char *name, uint8_t *out, size_t len_bytes)
{
    struct vectors text;
    return vectors_field(v, name, &text) && hex_to_mem(text.at, text.left_chars, out, len_bytes);
}

/** Reads one block of the API's list; the fields stand in the order of the API. */
static void read_block(struct vectors v, struct known *out)
{
    uint64_t n;
    uint8_t bits[4];
    struct vectors piece = v;
    out->header.offsets = cursor_of("", 0);
    CHECK(field_mem(&v, "hash", out->hash.bytes, U1024_BYTES));
    CHECK(field_mem(&v, "proofhash", out->proof_hash.bytes, U1024_BYTES));
    CHECK(vectors_number(&v, "height", &n) && u32_from(n, &out->header.height));
    CHECK(vectors_number(&v, "channel", &n) && u32_from(n, &out->header.channel));
    CHECK(vectors_number(&v, "version", &n) && u32_from(n, &out->header.version));
    CHECK(field_mem(&v, "merkleroot", out->header.merkle_root.bytes, U512_BYTES));
    CHECK(vectors_number(&v, "timestamp", &out->header.time_s));
    CHECK(vectors_number(&v, "nonce", &out->header.nonce));
    CHECK(field_mem(&v, "bits", bits, sizeof bits));
    out->header.bits = le32_load(bits);
    CHECK(field_mem(&v, "previousblockhash", out->header.previous.bytes, U1024_BYTES));
    piece = v;
    out->has_next = field_mem(&piece, "nextblockhash", out->next.bytes, U1024_BYTES);
    while (out->txid_count < TXIDS_MAX && field_mem(&v, "txid", out->txids[out->txid_count].bytes, U512_BYTES)) {
        out->txid_count++;
    }
}

static size_t read_blocks(const char *path, struct known *out)
{
    struct vectors v = vectors_open(path);
    size_t count = 0;
    static const char first[] = "\"hash\"";
    while (vectors_skip(&v, first)) {
        struct vectors rest = {v.at - strlen(first), v.left_chars + strlen(first)}, end = v;
        if (vectors_skip(&end, first)) {
            rest.left_chars = (size_t)(end.at - strlen(first) - rest.at);
        }
        CHECK(count < BLOCKS_MAX);
        read_block(rest, &out[count++]);
    }
    return count;
}

static void load(void)
{
    private_count = read_blocks("tests/vectors/nexus/private/blocks.json", private_blocks);
    test_count = read_blocks("tests/vectors/nexus/testnet/blocks.json", test_blocks);
    printf("# %zu and %zu blocks\n", private_count, test_count);
    CHECK_EQ(private_count, 36);
    CHECK_EQ(test_count, 31);
}

static unsigned check_blocks(const struct known *blocks, size_t count, enum sigchain_network_kind kind)
{
    struct sigchain_network network;
    struct u1024 hash;
    struct u512 ids[TXIDS_MAX], root;
    unsigned two_leaves = 0;
    sigchain_network_of(kind, "", &network);
    for (size_t i = 0; i < count; i++) {
        block_hash(&blocks[i].header, &hash);
        CHECK(u1024_equal(&hash, &blocks[i].hash));
        block_proof_hash(&blocks[i].header, &hash);
        CHECK(u1024_equal(&hash, &blocks[i].proof_hash));
        memcpy(ids, blocks[i].txids, sizeof ids);
        CHECK(blocks[i].txid_count > 0 && block_merkle_root(ids, blocks[i].txid_count, &root));
        CHECK(u512_equal(&root, &blocks[i].header.merkle_root));
        CHECK_EQ(block_check_header(&blocks[i].header, &network), BLOCK_OK);
        CHECK(i == 0 || u1024_equal(&blocks[i].header.previous, &blocks[i - 1].hash));
        CHECK(!blocks[i].has_next || i + 1 == count || u1024_equal(&blocks[i].next, &blocks[i + 1].hash));
        two_leaves += blocks[i].txid_count == 2;
    }
    return two_leaves;
}

static void hashes_roots_and_work_are_the_nodes(void)
{
    load();
    CHECK_EQ(check_blocks(private_blocks, private_count, NETWORK_PRIVATE), 36);
    CHECK_EQ(check_blocks(test_blocks, test_count, NETWORK_TEST), 8);
}

/** A nonce that is one off proves nothing, of no block. */
static void another_nonce_is_no_work(void)
{
    struct sigchain_network network;
    sigchain_network_of(NETWORK_TEST, "", &network);
    for (size_t i = 0; i < test_count; i++) {
        struct block_header header = test_blocks[i].header;
        header.nonce++;
        CHECK_EQ(block_check_header(&header, &network), BLOCK_WORK);
    }
}

static const struct known *block_of(const struct u1024 *hash)
{
    for (size_t i = 0; i < private_count; i++) {
        if (u1024_equal(&private_blocks[i].hash, hash)) {
            return &private_blocks[i];
        }
    }
    return NULL;
}

/** A transaction with its branch, as sent: read, written back, and followed to the root of its block. */
static void check_merkle_tx(const void *bytes, size_t len, const struct u512 *txid, const struct u1024 *hash)
{
    struct merkle_tx m;
    struct u512 id, root, ids[TXIDS_MAX], branch[BLOCK_BRANCH_MAX];
    uint32_t branch_count;
    CHECK_EQ(merkle_tx_parse(bytes, len, &m), LX_OK);
    struct writer w = writer_of(back, sizeof back);
    merkle_tx_put(&w, &m);
    CHECK(w.used_bytes == len && memcmp(back, bytes, len) == 0);
    transaction_id(&m.tx, &id);
    CHECK((txid == NULL || u512_equal(&id, txid)) && (hash == NULL || u1024_equal(&m.block, hash)));
    const struct known *block = block_of(&m.block);
    CHECK(block != NULL && m.branch_count == 1);
    if (block == NULL) {
        return;
    }
    block_merkle_follow(&id, m.branch, m.index, &root);
    CHECK(u512_equal(&root, &block->header.merkle_root));
    memcpy(ids, block->txids, sizeof ids);
    block_merkle_branch(ids, block->txid_count, m.index, branch, &branch_count);
    CHECK(branch_count == m.branch_count && memcmp(branch, m.branch.at, m.branch.left_bytes) == 0);
}

static void captured_transactions_are_in_their_blocks(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/private/p2p_merkle.json"), piece = v, list;
    unsigned count = 0;
    CHECK(vectors_skip(&v, "\"sigchain\""));
    list = v;
    while (count < 24 && vectors_field(&list, "payload", &piece)) {
        struct u512 txid;
        struct u1024 hash;
        uint64_t index;
        size_t len = vectors_hex(piece, payload, sizeof payload);
        CHECK(len > 1 && payload[0] == 0x41); /* "a transaction of the ledger follows" */
        CHECK(field_mem(&list, "txid", txid.bytes, U512_BYTES));
        CHECK(field_mem(&list, "block", hash.bytes, U1024_BYTES));
        CHECK(vectors_number(&list, "index", &index) && index == 0);
        check_merkle_tx(payload + 1, len - 1, &txid, &hash);
        count++;
    }
    CHECK_EQ(count, 24);
    /* The proof of a register: a byte, a request's number, the transaction, and the register's address. */
    CHECK(vectors_skip(&v, "\"lookup\"") && vectors_field(&v, "register", &list) &&
          vectors_field(&v, "payload", &piece));
    size_t len = vectors_hex(piece, payload, sizeof payload);
    struct u256 address;
    CHECK_EQ(address_of_text(list.at, list.left_chars, &address), LX_OK);
    CHECK(len > 41);
    CHECK_BYTES(payload + len - U256_BYTES, address.bytes, U256_BYTES);
    check_merkle_tx(payload + 9, len - 9 - U256_BYTES, NULL, NULL);
}

static void the_captured_client_block_is_its_block(void)
{
    struct vectors v = vectors_open("tests/vectors/nexus/private/p2p_merkle.json"), piece = v;
    struct client_block block;
    struct u1024 hash;
    CHECK(vectors_skip(&v, "\"clientblock\"") && vectors_string(&v, &piece));
    size_t len = vectors_hex(piece, payload, sizeof payload);
    CHECK(len > 1 && payload[0] == 0x44);
    CHECK_EQ(client_block_parse(payload + 1, len - 1, &block), LX_OK);
    struct writer w = writer_of(back, sizeof back);
    client_block_put(&w, &block);
    CHECK(w.used_bytes == len - 1 && memcmp(back, payload + 1, len - 1) == 0);
    block_hash(&block.header, &hash);
    const struct known *known = block_of(&hash);
    CHECK(known != NULL && known->header.height == block.header.height && u1024_equal(&known->next, &block.next));
    CHECK_EQ(block.channel_height, 6);
    CHECK(block.money_supply == 0 && cursor_is_empty(&block.system) && block.released_reserves[2] == 0);
    for (size_t cut = 1; cut < len; cut++) { /* every cut, and a byte more */
        CHECK_EQ(client_block_parse(payload + 1, len - 1 - cut, &block), LX_EINVAL);
    }
    CHECK_EQ(client_block_parse(payload + 1, len, &block), LX_EINVAL);
    w = writer_of(back, sizeof back);
    block.header.offsets = cursor_of(payload, BLOCK_OFFSETS_MAX + 1);
    client_block_put(&w, &block);
    CHECK_EQ(client_block_parse(back, w.used_bytes, &block), LX_ERANGE);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"block: hashes, roots and work are the node's", hashes_roots_and_work_are_the_nodes},
        {"block: another nonce is no work", another_nonce_is_no_work},
        {"block: captured transactions are in their blocks", captured_transactions_are_in_their_blocks},
        {"block: the captured client block is its block", the_captured_client_block_is_its_block},
    };
    return UNIT_MAIN(cases);
}
