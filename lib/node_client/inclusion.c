/* SPDX-License-Identifier: MIT */
/** Blocks as a node shows them, computed anew, and what they say of a transaction. See node_client.h. */
#include <stdio.h>

#include "private.h"

bool client_place(struct node_client *c, const struct u512 *txid, struct node_place *out)
{
    char params[40 + U512_HEX_CHARS], hex[U512_HEX_CHARS];
    hex_of_mem(txid->bytes, U512_BYTES, hex);
    snprintf(params, sizeof params, "txid=%s&verbose=2", hex);
    json_t *tx = client_ask(c, "ledger/get/transaction", params);
    if (tx == NULL) {
        return false;
    }
    *out = (struct node_place){.has_block = json_object_get(tx, "blockhash") != NULL};
    bool ok = !out->has_block || (member_hash(tx, "blockhash", out->block.bytes, U1024_BYTES) &&
                                  member_number(tx, "confirmations", UINT32_MAX, &out->confirmations));
    json_decref(tx);
    return ok ? true : client_fail(c, CLIENT_JSON, "the node's answer has no block and number of confirmations that can be");
}

static bool header_get(const json_t *block, struct block_header *h)
{
    uint64_t version = 0, channel = 0, height = 0;
    uint8_t bits[4];
    bool ok = member_number(block, "version", UINT32_MAX, &version) && member_number(block, "channel", 3, &channel) &&
              member_number(block, "height", UINT32_MAX, &height) &&
              member_number(block, "timestamp", UINT64_MAX, &h->time_s) && member_u64(block, "nonce", &h->nonce) &&
              member_hash(block, "bits", bits, sizeof bits) &&
              member_hash(block, "merkleroot", h->merkle_root.bytes, U512_BYTES) &&
              member_hash(block, "previousblockhash", h->previous.bytes, U1024_BYTES);
    if (ok) {
        h->version = (uint32_t)version;
        h->channel = (uint32_t)channel;
        h->height = (uint32_t)height;
        h->bits = le32_load(bits);
        h->offsets = cursor_of("", 0);
    }
    return ok;
}

/** The ids of a block into c->ids. */
static bool ids_get(struct node_client *c, const json_t *list, uint32_t *count)
{
    size_t size = json_array_size(list);
    if (!json_is_array(list) || size == 0 || size > BLOCK_TRANSACTIONS_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!member_hash(json_array_get(list, i), "txid", c->ids[i].bytes, U512_BYTES)) {
            return false;
        }
    }
    *count = (uint32_t)size;
    return true;
}

/** Whether the ids have the header's root. The computation overwrites them, so it is done on a copy that is read again. */
static bool root_fits(struct node_client *c, const json_t *list, const struct block_header *h)
{
    struct u512 root;
    uint32_t count;
    size_t size = json_array_size(list);
    bool ok = block_merkle_root(c->ids, size, &root) && u512_equal(&root, &h->merkle_root);
    return ok && ids_get(c, list, &count);
}

bool client_block(struct node_client *c, const struct u1024 *hash, struct seen_block *out)
{
    char params[40 + U1024_HEX_CHARS], hex[U1024_HEX_CHARS];
    struct u1024 computed;
    hex_of_mem(hash->bytes, U1024_BYTES, hex);
    snprintf(params, sizeof params, "hash=%s&verbose=1", hex);
    json_t *block = client_ask(c, "ledger/get/block", params);
    if (block == NULL) {
        return false;
    }
    const json_t *list = json_object_get(block, "tx");
    bool ok = header_get(block, &out->header) && ids_get(c, list, &out->id_count);
    out->has_next = member_hash(block, "nextblockhash", out->next.bytes, U1024_BYTES);
    if (!ok) {
        json_decref(block);
        return client_fail(c, CLIENT_JSON, "the node's answer is no block; asked for %.16s...", hex);
    }
    block_hash(&out->header, &computed);
    bool is_it = u1024_equal(&computed, hash);
    ok = is_it && root_fits(c, list, &out->header);
    json_decref(block);
    if (!is_it && out->header.channel == CHANNEL_PRIME) {
        return client_fail(c, CLIENT_BLOCK, "a block of the prime channel cannot be computed anew: the API lacks its offsets");
    }
    return ok ? true
              : client_fail(c, CLIENT_BLOCK, "the block that the node shows is not that of %.16s...: %s", hex,
                            is_it ? "its transactions have another Merkle root" : "its header has another hash");
}

/** Counts a block among those that vouch. */
static void vouch(const struct seen_block *seen, const struct sigchain_network *network, struct inclusion *out)
{
    uint64_t work = UINT64_MAX;
    if (seen->header.channel == CHANNEL_HASH && block_check_header(&seen->header, network) == BLOCK_OK) {
        if (!block_work_of(seen->header.bits, &work) || !checked_add(out->work_hashes, work, &out->work_hashes)) {
            out->work_hashes = UINT64_MAX;
        }
        if (out->kind < INCLUSION_WORK) {
            out->kind = INCLUSION_WORK;
        }
    } else {
        out->unchecked_count++;
    }
}

/** The blocks above, as far as each names the one before. */
static bool climb(struct node_client *c, struct seen_block *seen, const struct sigchain_network *network,
                  const struct u1024 *known, uint32_t blocks_max, struct inclusion *out)
{
    struct u1024 hash = out->block;
    while (seen->has_next && out->blocks_above < blocks_max && out->kind != INCLUSION_KNOWN) {
        struct block_header below = seen->header;
        struct u1024 next = seen->next;
        if (!client_block(c, &next, seen)) {
            return false;
        }
        if (!u1024_equal(&seen->header.previous, &hash) || seen->header.height != below.height + 1 ||
            seen->header.time_s <= below.time_s) {
            return client_fail(c, CLIENT_BLOCK, "the block that the node shows above height %u does not follow it",
                               (unsigned)below.height);
        }
        hash = next;
        out->blocks_above++;
        out->newest_s = seen->header.time_s;
        vouch(seen, network, out);
        if (known != NULL && u1024_equal(&hash, known)) {
            out->kind = INCLUSION_KNOWN;
        }
    }
    return true;
}

bool client_inclusion(struct node_client *c, const struct transaction *tx, const struct sigchain_network *network,
                      const struct u1024 *known, uint32_t blocks_max, struct inclusion *out)
{
    struct node_place place;
    struct seen_block seen;
    *out = (struct inclusion){.kind = INCLUSION_NONE, .genesis = tx->genesis, .sequence = tx->sequence};
    transaction_id(tx, &out->txid);
    if (!client_place(c, &out->txid, &place)) {
        return false;
    }
    if (!place.has_block) {
        return true;
    }
    if (!client_block(c, &place.block, &seen)) {
        return false;
    }
    bool is_in = false;
    for (uint32_t i = 0; i < seen.id_count && !is_in; i++) {
        is_in = u512_equal(&c->ids[i], &out->txid);
    }
    if (!is_in) {
        return client_fail(c, CLIENT_BLOCK, "the block that the node names does not hold the transaction");
    }
    out->kind = INCLUSION_CLAIMED;
    out->block = place.block;
    out->height = seen.header.height;
    out->included_s = out->newest_s = seen.header.time_s;
    vouch(&seen, network, out);
    if (known != NULL && u1024_equal(known, &place.block)) {
        out->kind = INCLUSION_KNOWN;
    }
    return climb(c, &seen, network, known, blocks_max, out);
}
