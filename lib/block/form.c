/* SPDX-License-Identifier: MIT */
/**
 * Blocks as bytes: the four forms, and the hashes over them.
 * Owns:   nothing.    Uses: base, llc, lengths of register, transactions of sigchain.
 * Source: docs/spec/block.md sections 1 to 4
 */
#include "block.h"

#define LINK_BYTES         65u  /* of a transaction in a whole block: type and id */
#define PROOF_PRIME_BYTES  208u /* version to bits */
#define PROOF_OTHERS_BYTES 216u /* and the nonce */

_Static_assert((size_t)BLOCK_TRANSACTIONS_MAX *LINK_BYTES > BLOCK_BYTES_MAX, "a block holds no more");
_Static_assert(1u << BLOCK_BRANCH_MAX == BLOCK_TRANSACTIONS_MAX, "so many levels");

/* ---- headers ---------------------------------------------------------------------------------------------------- */

/** Takes what all forms have at their start but for `next`, which stands in the middle of one of them. */
static bool numbers_get(struct cursor *c, struct block_header *out, struct u1024 *next)
{
    return cursor_le32(c, &out->version) && cursor_copy(c, out->previous.bytes, U1024_BYTES) &&
           (next == NULL || cursor_copy(c, next->bytes, U1024_BYTES)) &&
           cursor_copy(c, out->merkle_root.bytes, U512_BYTES) && cursor_le32(c, &out->channel) &&
           cursor_le32(c, &out->height) && cursor_le32(c, &out->bits) && cursor_le64(c, &out->nonce) &&
           cursor_le64(c, &out->time_s);
}

static enum lx_err offsets_get(struct cursor *c, struct block_header *out)
{
    if (!vector_get(c, &out->offsets)) {
        return LX_EINVAL;
    }
    return out->offsets.left_bytes > BLOCK_OFFSETS_MAX ? LX_ERANGE : LX_OK;
}

/** Puts version to nonce; the nonce is left out of what a prime block proves. */
static void proven_put(struct writer *w, const struct block_header *h, const struct u1024 *next, bool with_nonce)
{
    writer_le32(w, h->version);
    writer_put(w, h->previous.bytes, U1024_BYTES);
    if (next != NULL) {
        writer_put(w, next->bytes, U1024_BYTES);
    }
    writer_put(w, h->merkle_root.bytes, U512_BYTES);
    writer_le32(w, h->channel);
    writer_le32(w, h->height);
    writer_le32(w, h->bits);
    if (with_nonce) {
        writer_le64(w, h->nonce);
    }
}

enum lx_err block_header_parse(const void *bytes, size_t len_bytes, struct block_header *out)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct block_header header;
    if (!numbers_get(&c, &header, NULL)) {
        return LX_EINVAL;
    }
    enum lx_err err = offsets_get(&c, &header);
    if (err != LX_OK) {
        return err;
    }
    if (!cursor_is_empty(&c)) {
        return LX_EINVAL;
    }
    *out = header;
    return LX_OK;
}

void block_header_put(struct writer *w, const struct block_header *header)
{
    proven_put(w, header, NULL, true);
    writer_le64(w, header->time_s);
    vector_put(w, header->offsets.at, header->offsets.left_bytes);
}

void block_hash(const struct block_header *header, struct u1024 *out)
{
    uint8_t bytes[BLOCK_HEADER_BYTES_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    block_header_put(&w, header);
    assert(!w.overflow);
    sk_of(SK1024, bytes, w.used_bytes, out->bytes);
}

void block_proof_hash(const struct block_header *header, struct u1024 *out)
{
    uint8_t bytes[PROOF_OTHERS_BYTES];
    struct writer w = writer_of(bytes, sizeof bytes);
    proven_put(&w, header, NULL, header->channel != CHANNEL_PRIME);
    assert(w.used_bytes == (header->channel == CHANNEL_PRIME ? PROOF_PRIME_BYTES : PROOF_OTHERS_BYTES));
    sk_of(SK1024, bytes, w.used_bytes, out->bytes);
}

/* ---- whole blocks ----------------------------------------------------------------------------------------------- */

/** Takes the types and ids. @return LX_EINVAL when they are malformed, LX_ERANGE for too many. */
static enum lx_err transactions_get(struct cursor *c, struct block *out)
{
    uint64_t count;
    if (!compact_size_get(c, &count)) {
        return LX_EINVAL;
    }
    if (count >= BLOCK_TRANSACTIONS_MAX) { /* the producer's comes on top */
        return LX_ERANGE;
    }
    out->transaction_count = (uint32_t)count;
    return cursor_take(c, (size_t)count * LINK_BYTES, &out->transactions) ? LX_OK : LX_EINVAL;
}

enum lx_err block_parse(const void *bytes, size_t len_bytes, struct block *out)
{
    if (len_bytes > BLOCK_BYTES_MAX) {
        return LX_ERANGE;
    }
    struct cursor c = cursor_of(bytes, len_bytes);
    struct block block;
    if (!numbers_get(&c, &block.header, NULL) || !vector_get(&c, &block.signature)) {
        return LX_EINVAL;
    }
    const uint8_t *start = c.at;
    enum lx_err err = transaction_take(&c, &block.producer);
    if (err != LX_OK) {
        return err;
    }
    block.producer_bytes = cursor_of(start, (size_t)(c.at - start));
    if (!vector_get(&c, &block.system)) {
        return LX_EINVAL;
    }
    err = offsets_get(&c, &block.header);
    if (err == LX_OK) {
        err = transactions_get(&c, &block);
    }
    if (err != LX_OK) {
        return err;
    }
    if (!cursor_is_empty(&c)) {
        return LX_EINVAL;
    }
    *out = block;
    return LX_OK;
}

void block_put(struct writer *w, const struct block *block)
{
    assert(block->transactions.left_bytes == (size_t)block->transaction_count * LINK_BYTES);
    proven_put(w, &block->header, NULL, true);
    writer_le64(w, block->header.time_s);
    vector_put(w, block->signature.at, block->signature.left_bytes);
    writer_put(w, block->producer_bytes.at, block->producer_bytes.left_bytes);
    vector_put(w, block->system.at, block->system.left_bytes);
    vector_put(w, block->header.offsets.at, block->header.offsets.left_bytes);
    compact_size_put(w, block->transaction_count);
    writer_put(w, block->transactions.at, block->transactions.left_bytes);
}

/* ---- blocks for light clients ----------------------------------------------------------------------------------- */

enum lx_err client_block_parse(const void *bytes, size_t len_bytes, struct client_block *out)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct client_block block;
    if (!numbers_get(&c, &block.header, &block.next) || !cursor_le64(&c, &block.money_supply) ||
        !cursor_le32(&c, &block.channel_height) ||
        !cursor_copy(&c, block.channel_weights, sizeof block.channel_weights)) {
        return LX_EINVAL;
    }
    for (size_t i = 0; i < ARRAY_LEN(block.released_reserves); i++) {
        if (!cursor_le64(&c, &block.released_reserves[i])) {
            return LX_EINVAL;
        }
    }
    if (!vector_get(&c, &block.system)) {
        return LX_EINVAL;
    }
    enum lx_err err = offsets_get(&c, &block.header);
    if (err != LX_OK) {
        return err;
    }
    if (!cursor_is_empty(&c)) {
        return LX_EINVAL;
    }
    *out = block;
    return LX_OK;
}

void client_block_put(struct writer *w, const struct client_block *block)
{
    proven_put(w, &block->header, &block->next, true);
    writer_le64(w, block->header.time_s);
    writer_le64(w, block->money_supply);
    writer_le32(w, block->channel_height);
    writer_put(w, block->channel_weights, sizeof block->channel_weights);
    for (size_t i = 0; i < ARRAY_LEN(block->released_reserves); i++) {
        writer_le64(w, block->released_reserves[i]);
    }
    vector_put(w, block->system.at, block->system.left_bytes);
    vector_put(w, block->header.offsets.at, block->header.offsets.left_bytes);
}

/* ---- transactions with their branch ----------------------------------------------------------------------------- */

enum lx_err merkle_tx_parse(const void *bytes, size_t len_bytes, struct merkle_tx *out)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    struct merkle_tx m;
    uint64_t count;
    enum lx_err err = transaction_take(&c, &m.tx);
    if (err != LX_OK) {
        return err;
    }
    m.tx_bytes = cursor_of(bytes, len_bytes - c.left_bytes);
    if (!cursor_copy(&c, m.block.bytes, U1024_BYTES) || !compact_size_get(&c, &count)) {
        return LX_EINVAL;
    }
    if (count > BLOCK_BRANCH_MAX) {
        return LX_ERANGE;
    }
    m.branch_count = (uint32_t)count;
    if (!cursor_take(&c, (size_t)count * U512_BYTES, &m.branch) || !cursor_le32(&c, &m.index) || !cursor_is_empty(&c)) {
        return LX_EINVAL;
    }
    *out = m;
    return LX_OK;
}

void merkle_tx_put(struct writer *w, const struct merkle_tx *m)
{
    assert(m->branch.left_bytes == (size_t)m->branch_count * U512_BYTES);
    writer_put(w, m->tx_bytes.at, m->tx_bytes.left_bytes);
    writer_put(w, m->block.bytes, U1024_BYTES);
    compact_size_put(w, m->branch_count);
    writer_put(w, m->branch.at, m->branch.left_bytes);
    writer_le32(w, m->index);
}
