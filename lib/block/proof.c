/* SPDX-License-Identifier: MIT */
/**
 * Proofs of inclusion in files: a transaction with its branch, its block, and the blocks above, each naming the one
 * before.
 * Owns:   nothing.    Uses: base, format, llc, sigchain.
 * Limits: 65536 blocks; one pass, and no more is kept of a block than its hash, height, time and producer's next key.
 * Source: docs/spec/block.md section 6
 */
#include "block.h"
#include "format.h"

#define MAGIC_BYTES 8u

_Static_assert(sizeof PROOF_MAGIC == MAGIC_BYTES + 1, "the magic is 8 bytes");

/** A proof under way. */
struct walk {
    const struct proof_setup *setup;
    struct merkle_tx m;
    struct inclusion found;
    bool known_is_found;

    /* Of the last block: */
    struct block_header header;
    struct u1024 hash;
    struct u512 producer_txid; /* and so on, of private networks */
    struct u256 producer_next;
    uint32_t producer_sequence;
};

static enum block_rule rule_of_parse(enum lx_err err)
{
    return err == LX_ERANGE ? BLOCK_LIMIT : BLOCK_MALFORMED;
}

static bool is_private(const struct walk *w)
{
    return w->setup->network.kind == NETWORK_HYBRID || w->setup->network.kind == NETWORK_PRIVATE;
}

/** Checks that a private network's producer goes on with the key that he announced. */
static enum block_rule follow_producer(struct walk *w, const struct block *block, bool is_first)
{
    struct u256 key;
    const struct transaction *tx = &block->producer;
    sk256_of(tx->public_key.at, tx->public_key.left_bytes, &key);
    if (!is_first && (tx->sequence != w->producer_sequence + 1 || !u512_equal(&tx->previous, &w->producer_txid) ||
                      !u256_equal(&key, &w->producer_next))) {
        return PROOF_PRODUCER_LINK;
    }
    transaction_id(tx, &w->producer_txid);
    w->producer_next = tx->next;
    w->producer_sequence = tx->sequence;
    return BLOCK_OK;
}

/** Reads and checks a block by itself. Not inlined: its frame is large, and not needed by what follows. */
static __attribute__((noinline)) enum block_rule take_block(struct walk *w, uint8_t form, struct cursor bytes,
                                                            bool is_first, struct block_header *out)
{
    if (form == PROOF_HEADER) {
        enum lx_err err = block_header_parse(bytes.at, bytes.left_bytes, out);
        if (err != LX_OK) {
            return rule_of_parse(err);
        }
        return is_private(w) ? PROOF_FORM : block_check_header(out, &w->setup->network);
    }
    if (form != PROOF_WHOLE) {
        return PROOF_MALFORMED;
    }
    struct block block;
    enum lx_err err = block_parse(bytes.at, bytes.left_bytes, &block);
    if (err != LX_OK) {
        return rule_of_parse(err);
    }
    enum block_rule rule = block_check(&block, &w->setup->network, w->setup->room);
    if (rule == BLOCK_OK && is_private(w)) {
        rule = follow_producer(w, &block, is_first);
    }
    *out = block.header;
    return rule;
}

/** Checks that the transaction is in the first block. */
static enum block_rule check_place(struct walk *w)
{
    struct u512 root;
    if (!u1024_equal(&w->m.block, &w->hash)) {
        return PROOF_BLOCK;
    }
    if (w->m.index >> w->m.branch_count != 0) {
        return PROOF_INDEX;
    }
    block_merkle_follow(&w->found.txid, w->m.branch, w->m.index, &root);
    return u512_equal(&root, &w->header.merkle_root) ? BLOCK_OK : PROOF_BRANCH;
}

static enum block_rule check_step(const struct walk *w, const struct block_header *next)
{
    if (!u1024_equal(&next->previous, &w->hash)) {
        return PROOF_PREVIOUS;
    }
    if (w->header.height == UINT32_MAX || next->height != w->header.height + 1) {
        return PROOF_HEIGHT;
    }
    return next->time_s > w->header.time_s ? BLOCK_OK : PROOF_TIME;
}

static void count_work(struct inclusion *found, const struct block_header *header)
{
    uint64_t work, sum;
    if (header->channel == CHANNEL_HASH) {
        bool fits = block_work_of(header->bits, &work);
        found->work_hashes = fits && checked_add(found->work_hashes, work, &sum) ? sum : UINT64_MAX;
    } else if (header->channel != CHANNEL_PRIVATE) {
        found->unchecked_count++;
    }
}

static enum block_rule step(struct walk *w, uint8_t form, struct cursor bytes, bool is_first)
{
    struct block_header header;
    enum block_rule rule = take_block(w, form, bytes, is_first, &header);
    if (rule == BLOCK_OK && !is_first) {
        rule = check_step(w, &header);
    }
    if (rule != BLOCK_OK) {
        return rule;
    }
    w->header = header;
    block_hash(&header, &w->hash);
    if (is_first) {
        rule = check_place(w);
        w->found.block = w->hash;
        w->found.height = header.height;
        w->found.included_s = header.time_s;
    } else {
        w->found.blocks_above++;
    }
    if (!w->known_is_found) { /* what stands above the known block says nothing about when */
        w->found.newest_s = header.time_s;
    }
    count_work(&w->found, &header);
    if (w->setup->known_block != NULL && u1024_equal(w->setup->known_block, &w->hash)) {
        w->known_is_found = true;
    }
    return rule;
}

static enum block_rule transaction_get(struct walk *w, struct cursor *c)
{
    uint8_t magic[MAGIC_BYTES];
    uint32_t len;
    struct cursor bytes;
    if (!cursor_copy(c, magic, sizeof magic) || memcmp(magic, PROOF_MAGIC, MAGIC_BYTES) != 0 || !cursor_le32(c, &len) ||
        !cursor_take(c, len, &bytes)) {
        return PROOF_MALFORMED;
    }
    if (merkle_tx_parse(bytes.at, bytes.left_bytes, &w->m) != LX_OK) {
        return PROOF_TRANSACTION;
    }
    transaction_id(&w->m.tx, &w->found.txid);
    w->found.genesis = w->m.tx.genesis;
    w->found.sequence = w->m.tx.sequence;
    return BLOCK_OK;
}

static enum block_rule blocks_get(struct walk *w, struct cursor *c, uint32_t *index)
{
    uint32_t count, len;
    uint8_t form;
    struct cursor bytes;
    if (!cursor_le32(c, &count) || count == 0) {
        return PROOF_MALFORMED;
    }
    if (count > PROOF_BLOCKS_MAX) {
        return PROOF_LIMIT;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!cursor_u8(c, &form) || !cursor_le32(c, &len) || !cursor_take(c, len, &bytes)) {
            return PROOF_MALFORMED;
        }
        *index = i;
        enum block_rule rule = step(w, form, bytes, i == 0);
        if (rule != BLOCK_OK) {
            return rule;
        }
    }
    *index = PROOF_NO_BLOCK;
    return cursor_is_empty(c) ? BLOCK_OK : PROOF_MALFORMED;
}

static enum inclusion_kind kind_of(const struct walk *w)
{
    if (w->known_is_found) {
        return INCLUSION_KNOWN;
    }
    if (w->found.work_hashes > 0) {
        return INCLUSION_WORK;
    }
    return is_private(w) ? INCLUSION_PRODUCER : INCLUSION_CLAIMED;
}

static bool refuse(struct proof_refusal *refusal, enum block_rule rule, uint32_t index)
{
    refusal->rule = rule;
    refusal->index = index;
    if (index == PROOF_NO_BLOCK) {
        format_text(refusal->sentence, sizeof refusal->sentence, "proof: %s", block_rule_words(rule));
    } else {
        format_text(refusal->sentence, sizeof refusal->sentence, "proof, block %u: %s", (unsigned)index,
                    block_rule_words(rule));
    }
    return false;
}

bool proof_verify(const void *bytes, size_t len_bytes, const struct proof_setup *setup, struct inclusion *out,
                  struct proof_refusal *refusal)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct walk w;
    uint32_t index = PROOF_NO_BLOCK;
    memset(&w, 0, sizeof w);
    w.setup = setup;
    enum block_rule rule = transaction_get(&w, &c);
    if (rule == BLOCK_OK) {
        rule = blocks_get(&w, &c, &index);
    }
    if (rule == BLOCK_OK && setup->known_block != NULL && !w.known_is_found) {
        rule = PROOF_KNOWN;
    }
    if (rule != BLOCK_OK) {
        return refuse(refusal, rule, index);
    }
    w.found.kind = kind_of(&w);
    *out = w.found;
    return true;
}

void proof_put_head(struct writer *w, const struct merkle_tx *m, uint32_t block_count)
{
    assert(block_count > 0 && block_count <= PROOF_BLOCKS_MAX);
    size_t len = m->tx_bytes.left_bytes + U1024_BYTES + 1 + m->branch.left_bytes + 4;
    writer_put(w, PROOF_MAGIC, MAGIC_BYTES);
    writer_le32(w, (uint32_t)len);
    merkle_tx_put(w, m);
    writer_le32(w, block_count);
}

void proof_put_block(struct writer *w, enum proof_form form, const void *bytes, size_t len_bytes)
{
    assert(len_bytes <= BLOCK_BYTES_MAX);
    writer_u8(w, (uint8_t)form);
    writer_le32(w, (uint32_t)len_bytes);
    writer_put(w, bytes, len_bytes);
}
