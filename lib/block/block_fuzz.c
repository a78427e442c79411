/* SPDX-License-Identifier: MIT */
/**
 * Any bytes as each form of a block: the first byte says which. What is read is written back as the same bytes, and can
 * be checked, hashed and followed.
 */
#include "block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t back[65536];

static void same(const struct writer *w, const uint8_t *data, size_t size)
{
    assert(!w->overflow);
    assert(w->used_bytes == size);
    assert(memcmp(back, data, size) == 0);
}

static void whole(const uint8_t *data, size_t size, const struct sigchain_network *network)
{
    static struct u512 ids[1024];
    static struct block_room room = {.ids = ids, .id_capacity = ARRAY_LEN(ids)};
    struct writer w = writer_of(back, sizeof back);
    struct block block;
    if (block_parse(data, size, &block) == LX_OK) {
        block_put(&w, &block);
        same(&w, data, size);
        enum block_rule rule = block_check(&block, network, &room);
        assert(block_rule_words(rule) != NULL);
    }
}

static void header(const uint8_t *data, size_t size, const struct sigchain_network *network)
{
    struct writer w = writer_of(back, sizeof back);
    struct block_header h;
    struct u1024 target;
    uint64_t work;
    if (block_header_parse(data, size, &h) == LX_OK) {
        block_header_put(&w, &h);
        same(&w, data, size);
        if (block_target_of(h.bits, &target)) {
            bool fits = block_work_of(h.bits, &work);
            assert(fits == (work != UINT64_MAX));
            assert(work >= 1u << 17); /* the limit of the network */
        }
        enum block_rule rule = block_check_header(&h, network);
        assert(rule <= BLOCK_WORK);
    }
}

static void client(const uint8_t *data, size_t size)
{
    struct writer w = writer_of(back, sizeof back);
    struct client_block block;
    if (client_block_parse(data, size, &block) == LX_OK) {
        client_block_put(&w, &block);
        same(&w, data, size);
    }
}

static void transaction(const uint8_t *data, size_t size)
{
    struct writer w = writer_of(back, sizeof back);
    struct merkle_tx m;
    struct u512 id, root;
    if (merkle_tx_parse(data, size, &m) == LX_OK) {
        merkle_tx_put(&w, &m);
        same(&w, data, size);
        transaction_id(&m.tx, &id);
        block_merkle_follow(&id, m.branch, m.index, &root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigchain_network network;
    if (size == 0 || size > sizeof back) {
        return 0;
    }
    uint8_t which = data[0];
    sigchain_network_of(which >= 0x80 ? NETWORK_TEST : NETWORK_PRIVATE, NULL, &network);
    data++;
    size--;
    switch (which & 3) {
    case 0:
        header(data, size, &network);
        break;
    case 1:
        whole(data, size, &network);
        break;
    case 2:
        client(data, size);
        break;
    default:
        transaction(data, size);
        break;
    }
    return 0;
}
