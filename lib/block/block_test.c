/* SPDX-License-Identifier: MIT */
/**
 * Shows that whole blocks of the node's, signed again with their producer's keys, are accepted and written back; that
 * each rule refuses a block that differs in one thing; that the Merkle tree is the recursive one; and what bits mean.
 */
#include "fixture.h"

static struct sigchain_network network;
static struct u512 ids[FIXTURE_LINKS + 1];
static struct block_room room = {.ids = ids, .id_capacity = ARRAY_LEN(ids)};
static uint8_t bytes[8192];
static struct draft draft;

static size_t put_draft(void)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    block_put(&w, &draft.block);
    CHECK(!w.overflow);
    return w.used_bytes;
}

static void whole_blocks_of_the_node_are_accepted(void)
{
    static uint8_t back[8192];
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    for (uint32_t height = 1; height <= 4; height++) {
        struct block block;
        draft_start(&draft, height);
        size_t len = put_draft();
        CHECK_EQ(block_parse(bytes, len, &block), LX_OK);
        CHECK_EQ(block_check(&block, &network, &room), BLOCK_OK);
        struct writer w = writer_of(back, sizeof back);
        block_put(&w, &block);
        CHECK(w.used_bytes == len && memcmp(back, bytes, len) == 0);
        for (size_t cut = 1; cut <= len; cut++) {
            CHECK_EQ(block_parse(bytes, len - cut, &block), LX_EINVAL);
        }
        CHECK_EQ(block_parse(bytes, len + 1, &block), LX_EINVAL);
    }
}

/* ---- one thing changed ------------------------------------------------------------------------------------------ */

static void old_version(struct draft *d)
{
    d->block.header.version = 6;
}
static void new_version(struct draft *d)
{
    d->block.header.version = 10;
}
static void no_channel(struct draft *d)
{
    d->block.header.channel = 4;
}
static void offsets(struct draft *d)
{
    d->block.header.offsets = cursor_of(d->offsets, 1);
}
static void prime_without_offsets(struct draft *d)
{
    d->block.header.channel = CHANNEL_PRIME;
    sigchain_network_of(NETWORK_TEST, NULL, &network);
}
static void public_network(struct draft *d)
{
    (void)d;
    sigchain_network_of(NETWORK_TEST, NULL, &network);
}
static void work_in_a_private_network(struct draft *d)
{
    d->block.header.channel = CHANNEL_HASH;
}
static void bits(struct draft *d, uint32_t value)
{
    public_network(d);
    d->block.header.channel = CHANNEL_HASH;
    d->block.header.bits = value;
}
static void bits_zero(struct draft *d)
{
    bits(d, 0x7e000000);
}
static void bits_negative(struct draft *d)
{
    bits(d, 0x7effffff);
}
static void bits_easier(struct draft *d)
{
    bits(d, 0x7f00ffff);
}
static void bits_huge(struct draft *d)
{
    bits(d, 0xff00ffff);
}
static void no_work(struct draft *d)
{
    bits(d, 0x7e03ffff);
}
static void system_memory(struct draft *d)
{
    d->block.system = cursor_of(d->offsets, 1);
}
static void link_without_type(struct draft *d)
{
    d->links[0] = 2;
}
static void link_of_legacy_type(struct draft *d)
{
    d->links[0] = 0;
}
static void legacy_in_version_9(struct draft *d)
{
    d->block.header.version = 9;
    d->links[0] = 0;
    d->links[64] = 2;
}
static void link_twice(struct draft *d)
{
    memcpy(d->links + LINK_BYTES, d->links, LINK_BYTES);
    d->block.transaction_count = 2;
    d->block.transactions = cursor_of(d->links, 2u * LINK_BYTES);
    draft_root(d);
}
static void producer_twice(struct draft *d)
{
    struct u512 id;
    transaction_id(&d->block.producer, &id);
    memcpy(d->links + 1, id.bytes, U512_BYTES);
    draft_root(d);
}
static void too_many_for_the_room(struct draft *d)
{
    (void)d;
    room.id_capacity = 1;
}
static void another_transaction(struct draft *d)
{
    d->links[1] ^= 1;
}
static void another_order(struct draft *d)
{
    memcpy(d->links + LINK_BYTES, d->links, LINK_BYTES);
    d->links[1] ^= 1;
    d->block.transaction_count = 2;
    d->block.transactions = cursor_of(d->links, 2u * LINK_BYTES);
    draft_root(d);
    d->links[1] ^= 1;
    d->links[LINK_BYTES + 1] ^= 1;
}
static void another_root(struct draft *d)
{
    d->block.header.merkle_root.bytes[63] ^= 0x80;
}

/** Changes a byte of the producer's transaction, from the end of what its id covers, and what depends on it. */
static void change_producer(struct draft *d, size_t from_end, uint8_t mask)
{
    size_t hashed_bytes = d->block.producer.hashed.left_bytes;
    d->producer[hashed_bytes - from_end] ^= mask;
    draft_producer(d, d->block.producer_bytes.left_bytes);
    draft_root(d);
}
static void producer_of_another_network(struct draft *d)
{
    change_producer(d, 2 + 64 + 1, 0x10); /* b7 to a7 */
}
static void another_producer(struct draft *d)
{
    change_producer(d, 2 + 64 + 2, 1);
}
static void producer_transfers(struct draft *d)
{
    change_producer(d, d->block.producer.hashed.left_bytes - 2, 0x03 ^ 0x04);
}
static void producer_coins(struct draft *d)
{
    change_producer(d, d->block.producer.hashed.left_bytes - 2, 0x03 ^ 0x12);
}
static void producer_too_old(struct draft *d)
{
    d->block.header.time_s = d->block.producer.timestamp + 3601;
}
static void producer_signed_otherwise(struct draft *d)
{
    d->producer[d->block.producer_bytes.left_bytes - 1] ^= 1;
}
static void producer_changed(struct draft *d)
{
    change_producer(d, 2 + 64 + 32 + 1, 1); /* hashRecovery */
}
static void later(struct draft *d)
{
    d->block.header.time_s++;
}
static void another_nonce(struct draft *d)
{
    d->block.header.nonce++;
}
static void another_parent(struct draft *d)
{
    d->block.header.previous.bytes[0] ^= 1;
}
static void another_signature(struct draft *d)
{
    d->signature[100] ^= 1;
}
static void no_signature(struct draft *d)
{
    d->block.signature.left_bytes = 0;
}
static void signed_by_the_next_key(struct draft *d)
{
    d->key++;
    draft_sign(d);
}

static const struct bad {
    void (*change)(struct draft *d);
    enum block_rule rule;
    const char *field;
} bad[] = {
    {old_version, BLOCK_VERSION, "nVersion"},
    {new_version, BLOCK_VERSION, "nVersion"},
    {no_channel, BLOCK_CHANNEL, "nChannel"},
    {public_network, BLOCK_CHANNEL, "nChannel"},
    {work_in_a_private_network, BLOCK_CHANNEL, "nChannel"},
    {offsets, BLOCK_OFFSETS, "vOffsets"},
    {prime_without_offsets, BLOCK_OFFSETS, "vOffsets"},
    {bits_zero, BLOCK_BITS, "nBits"},
    {bits_negative, BLOCK_BITS, "nBits"},
    {bits_easier, BLOCK_BITS, "nBits"},
    {bits_huge, BLOCK_BITS, "nBits"},
    {no_work, BLOCK_WORK, "nNonce"},
    {system_memory, BLOCK_SYSTEM, "ssSystem"},
    {too_many_for_the_room, BLOCK_LIMIT, "2 MiB"},
    {link_without_type, BLOCK_TRANSACTION_TYPE, "vtx"},
    {link_of_legacy_type, BLOCK_TRANSACTION_TYPE, "vtx"},
    {legacy_in_version_9, BLOCK_TRANSACTION_TYPE, "vtx"},
    {link_twice, BLOCK_TWICE, "vtx"},
    {producer_twice, BLOCK_TWICE, "vtx"},
    {another_transaction, BLOCK_MERKLE_ROOT, "hashMerkleRoot"},
    {another_order, BLOCK_MERKLE_ROOT, "hashMerkleRoot"},
    {another_root, BLOCK_MERKLE_ROOT, "hashMerkleRoot"},
    {producer_of_another_network, BLOCK_PRODUCER_NETWORK, "hashGenesis"},
    {another_producer, BLOCK_PRODUCER, "hashGenesis"},
    {producer_transfers, BLOCK_PRODUCER_CONTRACT, "ssOperation"},
    {producer_coins, BLOCK_PRODUCER_CONTRACT, "ssOperation"},
    {producer_too_old, BLOCK_PRODUCER_TIME, "nTimestamp"},
    {producer_signed_otherwise, BLOCK_PRODUCER_SIGNATURE, "vchSig"},
    {producer_changed, BLOCK_PRODUCER_SIGNATURE, "vchSig"},
    {later, BLOCK_SIGNATURE, "vchBlockSig"},
    {another_nonce, BLOCK_SIGNATURE, "vchBlockSig"},
    {another_parent, BLOCK_SIGNATURE, "vchBlockSig"},
    {another_signature, BLOCK_SIGNATURE, "vchBlockSig"},
    {no_signature, BLOCK_SIGNATURE, "vchBlockSig"},
    {signed_by_the_next_key, BLOCK_SIGNATURE, "vchBlockSig"},
};

static void one_thing_changed_is_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct block block;
        sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
        room.id_capacity = ARRAY_LEN(ids);
        draft_start(&draft, 2);
        bad[i].change(&draft);
        CHECK_EQ(block_parse(bytes, put_draft(), &block), LX_OK);
        enum block_rule rule = block_check(&block, &network, &room);
        if (rule != bad[i].rule) {
            printf("# case %zu: rule %d, not %d\n", i, (int)rule, (int)bad[i].rule);
        }
        CHECK(rule == bad[i].rule && strstr(block_rule_words(rule), bad[i].field) != NULL);
    }
    sigchain_network_of(NETWORK_PRIVATE, NULL, &network);
    room.id_capacity = ARRAY_LEN(ids);
}

static void too_much_is_refused(void)
{
    static uint8_t large[BLOCK_BYTES_MAX + 1];
    struct block block;
    CHECK_EQ(block_parse(large, sizeof large, &block), LX_ERANGE);
    draft_start(&draft, 2);
    size_t len = put_draft() - (1 + LINK_BYTES); /* the number of transactions stands before them */
    memcpy(large, bytes, len);
    memcpy(large + len, (const uint8_t[]){0xfe, 0x00, 0x80, 0x00, 0x00}, 5);
    CHECK_EQ(block_parse(large, len + 5, &block), LX_EINVAL); /* 32768 have a shorter form */
    memcpy(large + len, (const uint8_t[]){0xfd, 0x00, 0x80}, 3);
    CHECK_EQ(block_parse(large, len + 3, &block), LX_ERANGE);
    memcpy(large + len, (const uint8_t[]){0xfd, 0xff, 0x7f}, 3);
    CHECK_EQ(block_parse(large, len + 3, &block), LX_EINVAL); /* so many may be, and are not there */
}

/* ---- Falcon ----------------------------------------------------------------------------------------------------- */

/** Puts the low bits of values, most significant first. */
static void put_bits(uint8_t *out, size_t *at_bit, uint32_t value, unsigned count)
{
    for (unsigned i = count; i-- > 0; (*at_bit)++) {
        out[*at_bit / 8] |= (uint8_t)((value >> i & 1) << (7 - *at_bit % 8));
    }
}

/**
 * A key for which a given signature fits a given message, for who may choose the key last: h is the point that the
 * message is hashed to, s2 is 1, so s1 = c - s2 h is zero.
 */
static void falcon_key_for(const uint8_t *message, size_t message_bytes, uint8_t key[FALCON_PUBLIC_BYTES],
                           uint8_t signature[FALCON_SIGNATURE_BYTES])
{
    struct keccak shake;
    size_t at_bit = 8, count = 0;
    memset(key, 0, FALCON_PUBLIC_BYTES);
    memset(signature, 0, FALCON_SIGNATURE_BYTES);
    key[0] = 0x09;
    signature[0] = 0x59;
    signature[42] = 0x10; /* the first of 512 coefficients of 12 bits */
    keccak_init(&shake, SHAKE256_RATE_BYTES);
    keccak_absorb(&shake, signature + 1, 40);
    keccak_absorb(&shake, message, message_bytes);
    keccak_pad(&shake, SHAKE_SUFFIX);
    while (count < 512) {
        uint8_t two[2];
        keccak_squeeze(&shake, two, 2);
        uint32_t sample = (uint32_t)two[0] << 8 | two[1];
        if (sample < 61445) {
            put_bits(key, &at_bit, sample % 12289, 14);
            count++;
        }
    }
}

static void falcon_signs_the_gb_form_of_the_hash(void)
{
    uint8_t key[FALCON_PUBLIC_BYTES], signature[FALCON_SIGNATURE_BYTES], message[U1024_BYTES];
    struct u1024 hash;
    struct cursor key_c = cursor_of(key, sizeof key), signature_c = cursor_of(signature, sizeof signature);
    draft_start(&draft, 3);
    block_hash(&draft.block.header, &hash);
    gb_of_mem(hash.bytes, U1024_BYTES, message);
    falcon_key_for(message, sizeof message, key, signature);
    CHECK_EQ(block_verify_signature(&draft.block.header, SIGNATURE_FALCON, key_c, signature_c, &room.work), LX_OK);
    draft.block.header.nonce++;
    CHECK_EQ(block_verify_signature(&draft.block.header, SIGNATURE_FALCON, key_c, signature_c, &room.work), LX_EBADMSG);
    draft.block.header.nonce--;
    falcon_key_for(hash.bytes, U1024_BYTES, key, signature); /* the mem form is for Brainpool */
    CHECK_EQ(block_verify_signature(&draft.block.header, SIGNATURE_FALCON, key_c, signature_c, &room.work), LX_EBADMSG);
    CHECK_EQ(block_verify_signature(&draft.block.header, 3, key_c, signature_c, &room.work), LX_EINVAL);
}

/* ---- the tree and the target ------------------------------------------------------------------------------------ */

#define LEAVES_MAX 37u

/** The root of the leaves from `first`, `width` of them a subtree, by the definition. */
static void root_by_definition(const struct u512 *leaves, size_t count, size_t first, size_t width, struct u512 *out)
{
    uint8_t both[2 * U512_BYTES];
    if (width == 1) {
        *out = leaves[first];
        return;
    }
    struct u512 left, right;
    root_by_definition(leaves, count, first, width / 2, &left);
    right = left;
    if (first + width / 2 < count) {
        root_by_definition(leaves, count, first + width / 2, width / 2, &right);
    }
    memcpy(both, left.bytes, U512_BYTES);
    memcpy(both + U512_BYTES, right.bytes, U512_BYTES);
    sk512_of(both, sizeof both, out);
}

static void the_tree_is_the_recursive_one(void)
{
    struct u512 leaves[LEAVES_MAX], work[LEAVES_MAX], root, expected, followed, branch[BLOCK_BRANCH_MAX];
    for (uint32_t i = 0; i < LEAVES_MAX; i++) {
        sk512_of(&i, sizeof i, &leaves[i]);
    }
    for (size_t count = 1; count <= LEAVES_MAX; count++) {
        size_t width = 1;
        while (width < count) {
            width *= 2;
        }
        root_by_definition(leaves, count, 0, width, &expected);
        memcpy(work, leaves, sizeof work);
        CHECK(block_merkle_root(work, count, &root) && u512_equal(&root, &expected));
        for (size_t i = 0; i < count; i++) {
            uint32_t branch_count;
            memcpy(work, leaves, sizeof work);
            block_merkle_branch(work, count, i, branch, &branch_count);
            CHECK_EQ((size_t)1 << branch_count, width);
            struct cursor c = cursor_of(branch, branch_count * sizeof branch[0]);
            block_merkle_follow(&leaves[i], c, (uint32_t)i, &followed);
            CHECK(u512_equal(&followed, &root));
        }
    }
    memcpy(work, leaves, sizeof work); /* 3 leaves have the root of 4 of which the last are equal */
    work[3] = work[2];
    CHECK(!block_merkle_root(work, 4, &root));
    memcpy(work, leaves, sizeof work);
    CHECK(block_merkle_root(work, 3, &expected) && u512_equal(&root, &expected));
}

static void bits_mean_a_target(void)
{
    struct u1024 target;
    uint64_t work;
    CHECK(block_target_of(0x7e7fffff, &target));
    CHECK(target.bytes[125] == 0x7f && target.bytes[124] == 0xff && target.bytes[123] == 0xff &&
          target.bytes[122] == 0);
    CHECK(block_target_of(0x03123456, &target) && target.bytes[2] == 0x12 && target.bytes[0] == 0x56);
    CHECK(block_target_of(0x02123456, &target) && target.bytes[1] == 0x12 && target.bytes[0] == 0x34 &&
          target.bytes[2] == 0);
    CHECK(block_target_of(0x01123456, &target) && target.bytes[0] == 0x12 && target.bytes[1] == 0);
    CHECK(!block_target_of(0x00123456, &target) && !block_target_of(0x01001234, &target));
    CHECK(!block_target_of(0x7f008000, &target) && block_target_of(0x7f007fff, &target));
    CHECK(block_target_of(0x80000001, &target) && target.bytes[125] == 1); /* in more bytes than it needs */
    CHECK(!block_target_of(0x80000080, &target) && !block_target_of(0x80000100, &target));
    CHECK(!block_target_of(0x81000001, &target) && !block_target_of(0x80800001, &target));
    CHECK(block_work_of(0x7e7fffff, &work) && work == 1u << 17);   /* 2^1024 / (2^1007 - 2^984) = 2^17 + 2^-6 ... */
    CHECK(block_work_of(0x7e000001, &work) && work == 1ull << 40); /* 2^1024 / 2^984 */
    CHECK(block_work_of(0x7e000003, &work) && work == (1ull << 40) / 3);
    CHECK(block_work_of(0x7b000002, &work) && work == 1ull << 63);
    CHECK(!block_work_of(0x7b000001, &work) && work == UINT64_MAX);
    CHECK(!block_work_of(0x76000001, &work) && work == UINT64_MAX);
    CHECK(!block_work_of(0x03000001, &work) && work == UINT64_MAX);
}

static void times_are_told_as_people_do(void)
{
    static const struct {
        uint64_t time_s;
        const char *text;
    } times[] = {
        {0, "1970-01-01 00:00:00 UTC"},
        {951782399, "2000-02-28 23:59:59 UTC"},
        {951782400, "2000-02-29 00:00:00 UTC"},
        {1795350938, "2026-11-22 12:35:38 UTC"},
        {4107542399, "2100-02-28 23:59:59 UTC"},
        {4107542400, "2100-03-01 00:00:00 UTC"},
        {253402300799, "9999-12-31 23:59:59 UTC"},
        {253402300800, "second 253402300800"},
        {UINT64_MAX, "second 18446744073709551615"},
    };
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[TIME_CHARS];
        block_time_text(times[i].time_s, text);
        CHECK(strcmp(text, times[i].text) == 0);
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"block: whole blocks of the node are accepted", whole_blocks_of_the_node_are_accepted},
        {"block: one thing changed is refused, with the rule and the field", one_thing_changed_is_refused},
        {"block: too much is refused", too_much_is_refused},
        {"block: Falcon signs the GB form of the hash", falcon_signs_the_gb_form_of_the_hash},
        {"block: the tree is the recursive one", the_tree_is_the_recursive_one},
        {"block: bits mean a target, and work", bits_mean_a_target},
        {"block: times are told as people do", times_are_told_as_people_do},
    };
    return UNIT_MAIN(cases);
}
