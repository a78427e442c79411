/* SPDX-License-Identifier: MIT */
/** Where a node keeps what, and reading it. See private.h. */
#include "private.h"

#define META_MAGIC "LXNODE01"
#define META_BYTES (8u + 1u + U512_BYTES + 8u + 8u + 4u + U1024_BYTES + 8u)

static const char meta_name[] = "ledger";

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

static struct lld_key meta_key(void)
{
    return node_key(STORE_META, meta_name, strlen(meta_name));
}

void node_place_key(const struct u256 *genesis, uint32_t sequence, uint8_t out[PLACE_KEY_BYTES])
{
    memcpy(out, genesis->bytes, U256_BYTES);
    le32_store(out + U256_BYTES, sequence);
}

void node_claim_key(const struct node_claim *claim, uint8_t out[CLAIM_KEY_BYTES])
{
    memcpy(out, claim->txid.bytes, U512_BYTES);
    le32_store(out + U512_BYTES, claim->contract);
}

void node_queue_key(uint64_t number, uint8_t out[8])
{
    be32_store(out, (uint32_t)(number >> 32));
    be32_store(out + 4, (uint32_t)number);
}

enum lx_err node_get(struct node *n, struct lld_key key, void *out, size_t len_bytes)
{
    size_t got;
    enum lx_err err = lld_get(n->setup.store, key, out, len_bytes, &got);
    if (err == LX_ERANGE || (err == LX_OK && got != len_bytes)) {
        return LX_EBADMSG;
    }
    return err;
}

/* ---- the ledger as a whole ------------------------------------------------------------------------------------------ */

void node_origin(const struct sigchain_network *network, struct u1024 *out)
{
    static const char domain[] = "lx-os ledger/1";
    struct sk s;
    sk_init(&s, SK1024);
    sk_update(&s, domain, strlen(domain));
    sk_update(&s, network->id.bytes, U512_BYTES);
    sk_final(&s, out->bytes);
}

void node_producer_genesis(const struct sigchain_network *network, struct u256 *out)
{
    static const struct u256 generate = {{0x41, 0x9a, 0x0e, 0x4a, 0x37, 0xd8, 0x64, 0xd9, 0x95, 0x68, 0x54,
                                          0x68, 0xae, 0x56, 0x95, 0x5c, 0xdc, 0xbb, 0x6c, 0xd8, 0x93, 0xff,
                                          0x4e, 0x10, 0x9e, 0xd0, 0x8b, 0x50, 0x14, 0x4c, 0xa7, 0x00}};
    *out = generate;
    u256_set_type(out, network->user_type);
}

enum lx_err node_put_meta(struct node *n, uint64_t accepted, uint64_t confirmed, uint32_t height, const struct u1024 *best,
                          uint64_t best_s)
{
    uint8_t bytes[META_BYTES];
    struct writer w = writer_of(bytes, sizeof bytes);
    writer_put(&w, META_MAGIC, 8);
    writer_u8(&w, (uint8_t)n->setup.network.kind);
    writer_put(&w, n->setup.network.id.bytes, U512_BYTES);
    writer_le64(&w, accepted);
    writer_le64(&w, confirmed);
    writer_le32(&w, height);
    writer_put(&w, best->bytes, U1024_BYTES);
    writer_le64(&w, best_s);
    assert(!w.overflow && w.used_bytes == META_BYTES);
    return lld_put(n->setup.store, meta_key(), bytes, sizeof bytes);
}

static enum lx_err meta_take(struct node *n, const uint8_t *bytes)
{
    struct cursor c = cursor_of(bytes, META_BYTES);
    uint8_t magic[8] = {0}, kind = 0;
    struct u512 id;
    bool ok = cursor_copy(&c, magic, 8) && cursor_u8(&c, &kind) && cursor_copy(&c, id.bytes, U512_BYTES) &&
              cursor_le64(&c, &n->accepted_count) && cursor_le64(&c, &n->confirmed_count) &&
              cursor_le32(&c, &n->height) && cursor_copy(&c, n->best.bytes, U1024_BYTES) && cursor_le64(&c, &n->best_s);
    if (!ok || memcmp(magic, META_MAGIC, 8) != 0 || n->confirmed_count > n->accepted_count) {
        return LX_EBADMSG;
    }
    bool is_ours = kind == (uint8_t)n->setup.network.kind && u512_equal(&id, &n->setup.network.id);
    return is_ours ? LX_OK : LX_EINVAL;
}

/** The hash that announces the producer's key for transaction `sequence`. */
static enum lx_err producer_key(const struct signer_seed *seed, uint32_t sequence, struct u256 *out)
{
    uint8_t bytes[64];
    struct sigchain_secret secret = {seed->falcon != NULL ? SIGNATURE_FALCON : SIGNATURE_BRAINPOOL, bytes, NULL,
                                     seed->falcon};
    signer_secret(seed, sequence, bytes);
    enum lx_err err = sigchain_secret_hash(&secret, out);
    wipe(bytes, sizeof bytes);
    return err;
}

/** Whether the producer's next key is the seed's. */
static enum lx_err check_producer(struct node *n)
{
    struct u256 genesis, key;
    node_producer_genesis(&n->setup.network, &genesis);
    enum lx_err err = node_load_chain(n, &genesis);
    if (err != LX_OK || n->verifier.transaction_count == 0) {
        return err;
    }
    err = producer_key(n->setup.producer, n->verifier.transaction_count, &key);
    if (err != LX_OK) {
        return err;
    }
    return u256_equal(&key, &n->verifier.next) ? LX_OK : LX_EACCES;
}

enum lx_err node_open(struct node *n, const struct node_setup *setup)
{
    uint8_t meta[META_BYTES];
    memset(n, 0, sizeof *n);
    n->setup = *setup;
    n->block_room.ids = n->ids;
    n->block_room.id_capacity = ARRAY_LEN(n->ids);
    if (setup->network.kind != NETWORK_HYBRID && setup->network.kind != NETWORK_PRIVATE) {
        return LX_EINVAL;
    }
    enum lx_err err = node_get(n, meta_key(), meta, sizeof meta);
    if (err == LX_OK) {
        err = meta_take(n, meta);
        return err == LX_OK ? check_producer(n) : err;
    }
    if (err != LX_ENOENT) {
        return err;
    }
    node_origin(&setup->network, &n->best);
    err = lld_begin(setup->store);
    if (err != LX_OK) {
        return err;
    }
    err = node_put_meta(n, 0, 0, 0, &n->best, 0);
    if (err != LX_OK) {
        lld_abort(setup->store);
        return err;
    }
    return lld_commit(setup->store);
}

/* ---- chains --------------------------------------------------------------------------------------------------------- */

enum lx_err node_load_chain(struct node *n, const struct u256 *genesis)
{
    struct sigchain_setup setup = {
        .network = n->setup.network, .registers = n->table, .register_capacity = ARRAY_LEN(n->table)};
    uint8_t value[CHAIN_VALUE_BYTES];
    struct u256 hash;
    enum lx_err err = node_get(n, node_key(STORE_CHAINS, genesis->bytes, U256_BYTES), value, sizeof value);
    if (err == LX_ENOENT) {
        sigchain_verifier_init(&n->verifier, &setup);
        return LX_OK;
    }
    if (err != LX_OK) {
        return err;
    }
    memcpy(hash.bytes, value, U256_BYTES);
    bool ok = sigchain_checkpoint_resume(&n->verifier, &setup, value + U256_BYTES, CHECKPOINT_HEAD_BYTES, &hash);
    return ok ? LX_OK : LX_EBADMSG;
}

static enum lx_err put_chain(struct node *n)
{
    uint8_t value[CHAIN_VALUE_BYTES];
    struct u256 hash;
    struct writer w = writer_of(value + U256_BYTES, CHECKPOINT_HEAD_BYTES);
    n->verifier.register_count = 0; /* the whole ledger's registers stand elsewhere */
    enum lx_err err = sigchain_checkpoint_put(&n->verifier, &w, &hash);
    assert(err == LX_OK && w.used_bytes == CHECKPOINT_HEAD_BYTES);
    memcpy(value, hash.bytes, U256_BYTES);
    return lld_put(n->setup.store, node_key(STORE_CHAINS, n->verifier.genesis.bytes, U256_BYTES), value, sizeof value);
}

enum lx_err node_put_transaction(struct node *n, const void *bytes, size_t len_bytes, uint64_t number, uint32_t height)
{
    struct lld *l = n->setup.store;
    const struct u512 *txid = &n->verifier.txid;
    uint8_t place[PLACE_KEY_BYTES], queue[8], status[STATUS_BYTES];
    le64_store(status, number);
    le32_store(status + 8, height);
    node_place_key(&n->verifier.genesis, sigchain_sequence(&n->verifier), place);
    node_queue_key(number, queue);
    enum lx_err err = lld_put(l, node_key(STORE_TRANSACTIONS, txid->bytes, U512_BYTES), bytes, len_bytes);
    if (err == LX_OK) {
        err = lld_put(l, node_key(STORE_STATUS, txid->bytes, U512_BYTES), status, sizeof status);
    }
    if (err == LX_OK) {
        err = lld_put(l, node_key(STORE_PLACES, place, sizeof place), txid->bytes, U512_BYTES);
    }
    if (err == LX_OK && number != QUEUE_NONE) {
        err = lld_put(l, node_key(STORE_QUEUE, queue, sizeof queue), txid->bytes, U512_BYTES);
    }
    return err == LX_OK ? put_chain(n) : err;
}

enum lx_err node_chain_count(struct node *n, const struct u256 *genesis, uint32_t *out)
{
    enum lx_err err = node_load_chain(n, genesis);
    if (err == LX_OK && n->verifier.transaction_count == 0) {
        err = LX_ENOENT;
    }
    if (err == LX_OK) {
        *out = n->verifier.transaction_count;
    }
    return err;
}

enum lx_err node_chain_txid(struct node *n, const struct u256 *genesis, uint32_t sequence, struct u512 *out)
{
    uint8_t place[PLACE_KEY_BYTES];
    node_place_key(genesis, sequence, place);
    return node_get(n, node_key(STORE_PLACES, place, sizeof place), out->bytes, U512_BYTES);
}

/* ---- transactions, registers, blocks -------------------------------------------------------------------------------- */

enum lx_err node_transaction(struct node *n, const struct u512 *txid, struct node_transaction *out)
{
    uint8_t status[STATUS_BYTES];
    size_t len;
    enum lx_err err = node_get(n, node_key(STORE_STATUS, txid->bytes, U512_BYTES), status, sizeof status);
    if (err != LX_OK) {
        return err;
    }
    err = lld_get(n->setup.store, node_key(STORE_TRANSACTIONS, txid->bytes, U512_BYTES), n->value, sizeof n->value, &len);
    if (err != LX_OK) {
        return err == LX_ENOENT ? LX_EBADMSG : err;
    }
    *out = (struct node_transaction){cursor_of(n->value, len), le32_load(status + 8)};
    return LX_OK;
}

enum lx_err node_register(struct node *n, const struct u256 *address, struct register_state *out, struct u512 *last)
{
    size_t len;
    enum lx_err err =
        lld_get(n->setup.store, node_key(STORE_REGISTERS, address->bytes, U256_BYTES), n->small, sizeof n->small, &len);
    if (err != LX_OK) {
        return err;
    }
    struct cursor c = cursor_of(n->small, len);
    bool ok = cursor_copy(&c, last->bytes, U512_BYTES) && register_parse(&c, out) == REGISTER_OK && cursor_is_empty(&c);
    return ok ? LX_OK : LX_EBADMSG;
}

enum lx_err node_block(struct node *n, uint32_t height, struct node_block *out)
{
    uint8_t key[4];
    size_t len;
    le32_store(key, height);
    enum lx_err err = lld_get(n->setup.store, node_key(STORE_BLOCKS, key, sizeof key), n->value, sizeof n->value, &len);
    if (err != LX_OK) {
        return err;
    }
    if (block_parse(n->value, len, &out->block) != LX_OK) {
        return LX_EBADMSG;
    }
    block_hash(&out->block.header, &out->hash);
    out->len_bytes = len;
    return LX_OK;
}

enum lx_err node_block_height(struct node *n, const struct u1024 *hash, uint32_t *out)
{
    uint8_t height[4];
    enum lx_err err = node_get(n, node_key(STORE_HEIGHTS, hash->bytes, U1024_BYTES), height, sizeof height);
    if (err == LX_OK) {
        *out = le32_load(height);
    }
    return err;
}
