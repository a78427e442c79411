/* SPDX-License-Identifier: MIT */
/**
 * Shows what proofs of inclusion prove, on the node's own blocks: of a private network, whole and signed, and of a test
 * network, by the work in their headers; that each rule refuses a proof that differs in one thing and says which block
 * and field; and what is said of a chain in the end.
 */
#include "fixture.h"

#define REGISTERS_MAX 64u
#define TEST_BLOCKS   31u

static struct sigchain_network private_network, test_network;
static struct u512 ids[FIXTURE_LINKS + 1];
static struct block_room room = {.ids = ids, .id_capacity = ARRAY_LEN(ids)};
static uint8_t proof[65536], tx_bytes[8192];
static struct sigchain_verifier verifier;
static struct sigchain_register registers[REGISTERS_MAX];
static struct inclusion found;
static struct proof_refusal refusal;

/** Everything of a private proof: alice's first transaction in block 2, and blocks 3 and 4 above. */
static struct private_proof {
    struct merkle_tx m;
    uint8_t branch[2 * U512_BYTES];
    uint8_t magic;
    uint32_t count;
    enum proof_form form;
    struct draft drafts[3];
    size_t cut, more;
} p;

static void private_start(void)
{
    struct u1024 hash;
    struct u512 txid;
    size_t len = fixture_transaction("private alice 0 ", tx_bytes, sizeof tx_bytes);
    memset(&p, 0, sizeof p);
    for (uint32_t i = 0; i < 3; i++) {
        draft_start(&p.drafts[i], i + 2);
    }
    CHECK_EQ(transaction_parse(tx_bytes, len, &p.m.tx), LX_OK);
    p.m.tx_bytes = cursor_of(tx_bytes, len);
    block_hash(&p.drafts[0].block.header, &hash);
    p.m.block = hash;
    transaction_id(&p.drafts[0].block.producer, &txid);
    memcpy(p.branch, txid.bytes, U512_BYTES);
    p.m.branch = cursor_of(p.branch, U512_BYTES);
    p.m.branch_count = 1;
    p.count = 3;
    p.form = PROOF_WHOLE;
}

static size_t private_put(void)
{
    static uint8_t block[8192];
    struct writer w = writer_of(proof, sizeof proof), b;
    proof_put_head(&w, &p.m, 3);
    for (uint32_t i = 0; i < 3; i++) {
        b = writer_of(block, sizeof block);
        if (p.form == PROOF_HEADER) {
            block_header_put(&b, &p.drafts[i].block.header);
        } else {
            block_put(&b, &p.drafts[i].block);
        }
        proof_put_block(&w, p.form, block, b.used_bytes);
    }
    CHECK(!w.overflow && !b.overflow);
    proof[0] ^= p.magic;
    size_t head = 8 + 4 + le32_load(proof + 8);
    le32_store(proof + head, p.count);
    return w.used_bytes - p.cut + p.more;
}

static bool verify_private(const struct u1024 *known)
{
    struct proof_setup setup = {private_network, known, &room};
    return proof_verify(proof, private_put(), &setup, &found, &refusal);
}

static void start(const struct sigchain_network *network, const struct sigchain_pin *pins, size_t pin_count)
{
    struct sigchain_setup setup = {.network = *network,
                                   .registers = registers,
                                   .register_capacity = REGISTERS_MAX,
                                   .pins = pins,
                                   .pin_count = pin_count};
    sigchain_verifier_init(&verifier, &setup);
}

/** Adds the transactions `first` to `last` of a user. */
static void add(const char *user, unsigned first, unsigned last)
{
    static uint8_t bytes[8192];
    for (unsigned i = first; i <= last; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s %u ", user, i);
        size_t len = fixture_transaction(line, bytes, sizeof bytes);
        CHECK(sigchain_add(&verifier, bytes, len));
    }
    CHECK(sigchain_finish(&verifier));
}

static bool said(const char *expected)
{
    struct finding finding;
    char text[FINDING_CHARS];
    const struct inclusion *inclusion = found.kind == INCLUSION_NONE ? NULL : &found;
    if (finding_of(&verifier, inclusion, &finding) != LX_OK) {
        return false;
    }
    finding_describe(&verifier, &finding, text, sizeof text);
    bool same = strcmp(text, expected) == 0;
    if (!same) {
        printf("# %s\n", text);
    }
    return same;
}

static void a_private_block_is_its_producers_word(void)
{
    struct sigchain_pin pin;
    struct u1024 known;
    private_start();
    CHECK(verify_private(NULL));
    CHECK(found.kind == INCLUSION_PRODUCER && found.height == 2 && found.blocks_above == 2 && found.sequence == 0);
    CHECK(found.work_hashes == 0 && found.unchecked_count == 0 && u1024_equal(&found.block, &p.m.block));
    finding_pin(&found, &pin);
    start(&private_network, &pin, 1);
    add("private alice", 0, 2);
    CHECK(said("3 transactions, each signed with the key that the one before announced; order and contents of 5 "
               "registers proven; author unknown, as no first transaction is pinned; 1 of them included at height 2 by "
               "2026-11-22 "
               "12:35:45 UTC, with 2 blocks above, all signed by a producer whom no known block confirms; the last 2 "
               "unanchored; as of 2026-11-22 12:35:58 UTC, and nothing is known of what came after"));
    block_hash(&p.drafts[2].block.header, &known);
    CHECK(verify_private(&known) && found.kind == INCLUSION_KNOWN);
    uint64_t newest_s = found.newest_s;
    CHECK(newest_s == p.drafts[2].block.header.time_s);
    CHECK(verify_private(&p.m.block) && found.newest_s == p.drafts[0].block.header.time_s);
    CHECK(found.blocks_above == 2 && verify_private(&known));
    CHECK(said("3 transactions, each signed with the key that the one before announced; order and contents of 5 "
               "registers proven; author proven by the first transaction; 1 of them included at height 2 by 2026-11-22 "
               "12:35:45 UTC, with 2 blocks above, in the branch of the known block; the last 2 unanchored; as of "
               "2026-11-22 12:35:58 UTC, and nothing is known of what came after"));
}

/* ---- one thing changed ------------------------------------------------------------------------------------------ */

static void other_magic(void)
{
    p.magic = 1;
}
static void a_byte_less(void)
{
    p.cut = 1;
}
static void a_byte_more(void)
{
    p.more = 1;
}
static void no_blocks(void)
{
    p.count = 0;
}
static void a_block_missing(void)
{
    p.count = 4;
}
static void a_block_left(void)
{
    p.count = 2;
}
static void too_many(void)
{
    p.count = PROOF_BLOCKS_MAX + 1;
}
static void cut_transaction(void)
{
    p.m.tx_bytes.left_bytes--;
}
static void other_block(void)
{
    p.m.block.bytes[5] ^= 1;
}
static void index_outside(void)
{
    p.m.index = 2;
}
static void other_index(void)
{
    p.m.index = 1;
}
static void other_branch(void)
{
    p.branch[0] ^= 1;
}
static void longer_branch(void)
{
    p.m.branch = cursor_of(p.branch, sizeof p.branch);
    p.m.branch_count = 2;
}
static void other_transaction(void)
{
    tx_bytes[p.m.tx.hashed.left_bytes - 3] ^= 1;
}
static void headers_only(void)
{
    p.form = PROOF_HEADER;
}
static void other_form(void)
{
    p.form = (enum proof_form)3; /* style: what a file may say */
}
static void bad_block(void)
{
    p.drafts[1].signature[70] ^= 1;
}
static void block_with_a_byte_less(void)
{
    p.drafts[1].block.transactions.left_bytes -= LINK_BYTES; /* their number stays */
    p.drafts[1].block.transaction_count = 0;
    p.drafts[1].block.system = cursor_of("", 0);
    draft_root(&p.drafts[1]);
}
static void gap(void)
{
    p.drafts[1] = p.drafts[2];
}
static void repeated(void)
{
    struct draft *d = &p.drafts[2];
    d->block.header.height = p.drafts[1].block.header.height;
    draft_sign(d);
}
static void not_later(void)
{
    struct draft *d = &p.drafts[2];
    d->block.header.time_s = p.drafts[1].block.header.time_s;
    draft_sign(d);
}
static void other_parent(void)
{
    struct draft *d = &p.drafts[2];
    d->block.header.previous.bytes[127] ^= 1;
    draft_sign(d);
}
static void earlier_producer(void)
{
    struct draft *d = &p.drafts[2];
    d->key = 1; /* the transaction and the key of block 2 */
    draft_producer(d, fixture_transaction("private generator 1 ", d->producer, sizeof d->producer));
    draft_root(d);
    draft_sign(d);
}

static const struct bad {
    void (*change)(void);
    enum block_rule rule;
    uint32_t index;
    const char *sentence; /* how it begins */
} bad[] = {
    {other_magic, PROOF_MALFORMED, PROOF_NO_BLOCK, "proof: its bytes"},
    {a_byte_less, PROOF_MALFORMED, 1, "proof, block 1: its bytes"},
    {a_byte_more, PROOF_MALFORMED, PROOF_NO_BLOCK, "proof: its bytes"},
    {no_blocks, PROOF_MALFORMED, PROOF_NO_BLOCK, "proof: its bytes"},
    {a_block_missing, PROOF_MALFORMED, 2, "proof, block 2: its bytes"},
    {a_block_left, PROOF_MALFORMED, PROOF_NO_BLOCK, "proof: its bytes"},
    {too_many, PROOF_LIMIT, PROOF_NO_BLOCK, "proof: it has more than 65536 blocks"},
    {cut_transaction, PROOF_TRANSACTION, PROOF_NO_BLOCK, "proof: the transaction"},
    {other_block, PROOF_BLOCK, 0, "proof, block 0: hashBlock"},
    {index_outside, PROOF_INDEX, 0, "proof, block 0: nIndex"},
    {other_index, PROOF_BRANCH, 0, "proof, block 0: vMerkleBranch"},
    {other_branch, PROOF_BRANCH, 0, "proof, block 0: vMerkleBranch"},
    {longer_branch, PROOF_BRANCH, 0, "proof, block 0: vMerkleBranch"},
    {other_transaction, PROOF_BRANCH, 0, "proof, block 0: vMerkleBranch"},
    {headers_only, PROOF_FORM, 0, "proof, block 0: a block of a private network"},
    {other_form, PROOF_MALFORMED, 0, "proof, block 0: its bytes"},
    {bad_block, BLOCK_SIGNATURE, 1, "proof, block 1: vchBlockSig"},
    {block_with_a_byte_less, BLOCK_SIGNATURE, 1, "proof, block 1: vchBlockSig"},
    {gap, PROOF_PRODUCER_LINK, 1, "proof, block 1: the producer's transaction"},
    {earlier_producer, PROOF_PRODUCER_LINK, 2, "proof, block 2: the producer's transaction"},
    {other_parent, PROOF_PREVIOUS, 2, "proof, block 2: hashPrevBlock"},
    {repeated, PROOF_HEIGHT, 2, "proof, block 2: nHeight"},
    {not_later, PROOF_TIME, 2, "proof, block 2: nTime"},
};

static void one_thing_changed_is_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        private_start();
        bad[i].change();
        memset(&found, 0xaa, sizeof found);
        struct inclusion before = found;
        CHECK(!verify_private(NULL));
        bool same = refusal.rule == bad[i].rule && refusal.index == bad[i].index &&
                    strncmp(refusal.sentence, bad[i].sentence, strlen(bad[i].sentence)) == 0;
        if (!same) {
            printf("# case %zu: rule %d, %s\n", i, (int)refusal.rule, refusal.sentence);
        }
        CHECK(same && memcmp(&before, &found, sizeof found) == 0);
    }
    struct u1024 unknown = {{1}};
    private_start();
    CHECK(!verify_private(&unknown) && refusal.rule == PROOF_KNOWN);
    struct u1024 below = p.drafts[0].block.header.previous; /* commits to nothing above */
    CHECK(!verify_private(&below) && refusal.rule == PROOF_KNOWN);
}

/* ---- work ------------------------------------------------------------------------------------------------------- */

/** The miner's first transaction in block 1, and headers up to `last`. */
static size_t test_put(uint32_t last, uint32_t changed)
{
    struct block_header header;
    struct u512 branch[BLOCK_BRANCH_MAX], leaves[FIXTURE_LINKS];
    uint8_t bytes[BLOCK_HEADER_BYTES_MAX];
    struct merkle_tx m;
    struct writer w = writer_of(proof, sizeof proof);
    memset(&m, 0, sizeof m);
    m.tx_bytes = cursor_of(tx_bytes, fixture_transaction("testnet miner 0 ", tx_bytes, sizeof tx_bytes));
    uint32_t count = fixture_header("testnet", 1, &header, leaves, FIXTURE_LINKS);
    block_hash(&header, &m.block);
    block_merkle_branch(leaves, count, 0, branch, &m.branch_count);
    m.branch = cursor_of(branch, m.branch_count * sizeof branch[0]);
    proof_put_head(&w, &m, last);
    for (uint32_t height = 1; height <= last; height++) {
        struct writer h = writer_of(bytes, sizeof bytes);
        fixture_header("testnet", height, &header, leaves, FIXTURE_LINKS);
        header.nonce ^= height == changed;
        block_header_put(&h, &header);
        proof_put_block(&w, PROOF_HEADER, bytes, h.used_bytes);
    }
    CHECK(!w.overflow);
    return w.used_bytes;
}

static void work_above_is_counted(void)
{
    struct proof_setup setup = {test_network, NULL, &room};
    struct sigchain_pin pin;
    uint64_t sum = 0, one;
    for (uint32_t last = 1; last <= TEST_BLOCKS; last++) {
        struct block_header header;
        struct u512 leaves[FIXTURE_LINKS];
        CHECK(proof_verify(proof, test_put(last, 0), &setup, &found, &refusal));
        fixture_header("testnet", last, &header, leaves, FIXTURE_LINKS);
        CHECK(block_work_of(header.bits, &one));
        sum += one;
        CHECK(found.kind == INCLUSION_WORK && found.work_hashes == sum && found.height == 1);
        CHECK(found.blocks_above == last - 1 && found.unchecked_count == 0 && found.newest_s == header.time_s);
    }
    finding_pin(&found, &pin);
    start(&test_network, &pin, 1);
    add("testnet miner", 0, 0);
    CHECK(said(
        "1 transactions, each signed with the key that the one before announced; order and contents of 5 "
        "registers proven; author unknown, as no first transaction is pinned; proof of work not checked; 1 of them "
        "included "
        "at height 1 by 2026-11-22 12:48:05 UTC, with 30 blocks above; about 152321304 hashes of work were spent on it "
        "and them; as of 2026-11-22 13:04:41 UTC, and nothing is known of what came after"));
}

static void a_header_without_work_is_refused(void)
{
    struct proof_setup setup = {test_network, NULL, &room};
    CHECK(!proof_verify(proof, test_put(TEST_BLOCKS, 7), &setup, &found, &refusal));
    CHECK(refusal.rule == BLOCK_WORK && refusal.index == 6);
    CHECK(strncmp(refusal.sentence, "proof, block 6: nNonce", 22) == 0);
}

/** Blocks of channels whose work is not checked can be made by anybody, and count for nothing. */
static void unchecked_blocks_are_called_so(void)
{
    struct proof_setup setup = {test_network, NULL, &room};
    struct block_header header;
    uint8_t bytes[BLOCK_HEADER_BYTES_MAX];
    struct merkle_tx m;
    struct sigchain_pin pin;
    memset(&m, 0, sizeof m);
    m.tx_bytes = cursor_of(tx_bytes, fixture_transaction("testnet miner 0 ", tx_bytes, sizeof tx_bytes));
    struct transaction tx;
    CHECK_EQ(transaction_parse(m.tx_bytes.at, m.tx_bytes.left_bytes, &tx), LX_OK);
    memset(&header, 0, sizeof header);
    header.version = 8;
    header.channel = CHANNEL_STAKE;
    header.offsets = cursor_of("", 0);
    header.height = 5;
    header.time_s = 1795351685;
    transaction_id(&tx, &header.merkle_root);
    block_hash(&header, &m.block);
    m.branch = cursor_of("", 0);
    struct writer w = writer_of(proof, sizeof proof), h = writer_of(bytes, sizeof bytes);
    proof_put_head(&w, &m, 1);
    block_header_put(&h, &header);
    proof_put_block(&w, PROOF_HEADER, bytes, h.used_bytes);
    CHECK(proof_verify(proof, w.used_bytes, &setup, &found, &refusal));
    CHECK(found.kind == INCLUSION_CLAIMED && found.unchecked_count == 1 && found.work_hashes == 0);
    finding_pin(&found, &pin);
    start(&test_network, &pin, 1);
    add("testnet miner", 0, 0);
    CHECK(said("1 transactions, each signed with the key that the one before announced; order and contents of 5 "
               "registers proven; author unknown, as no first transaction is pinned; proof of work not checked; 1 of "
               "them included "
               "at height 5 by 2026-11-22 12:48:05 UTC, with 0 blocks above, which anybody could have made; as of "
               "2026-11-22 12:48:05 UTC, and nothing is known of what came after"));
}

/* ---- chains and proofs together --------------------------------------------------------------------------------- */

static void without_a_proof_a_chain_is_unanchored(void)
{
    memset(&found, 0, sizeof found);
    start(&private_network, NULL, 0);
    add("private alice", 0, 0);
    CHECK(
        said("1 transactions, each signed with the key that the one before announced; order and contents of 1 "
             "registers proven; author unknown, as no first transaction is pinned; unanchored: no block is shown, and "
             "later transactions may exist; as of 2026-11-22 12:35:39 UTC, by the owner's clock"));
}

static void a_proof_belongs_to_its_chain(void)
{
    struct sigchain_pin pin;
    struct finding finding;
    private_start();
    CHECK(verify_private(NULL));
    finding_pin(&found, &pin);
    struct sigchain_pin both[2] = {pin, pin}; /* the caller knows the first transaction too */
    start(&private_network, both, 2);
    add("private alice", 0, 0);
    CHECK(finding_of(&verifier, &found, &finding) == LX_OK && finding.author_is_known);
    start(&private_network, NULL, 0); /* without the pin nothing ties them */
    add("private alice", 0, 0);
    CHECK_EQ(finding_of(&verifier, &found, &finding), LX_EINVAL);
    start(&private_network, NULL, 0);
    add("private bob", 0, 0);
    CHECK_EQ(finding_of(&verifier, &found, &finding), LX_EINVAL);
    pin.sequence = 1; /* the chain has another transaction there */
    start(&private_network, &pin, 1);
    static uint8_t bytes[8192];
    size_t len = fixture_transaction("private alice 0 ", bytes, sizeof bytes);
    CHECK(sigchain_add(&verifier, bytes, len));
    len = fixture_transaction("private alice 1 ", bytes, sizeof bytes);
    CHECK(!sigchain_add(&verifier, bytes, len) && verifier.refusal.rule == SIGCHAIN_PIN);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"proof: a private block is its producer's word, or the known block's", a_private_block_is_its_producers_word},
        {"proof: one thing changed is refused, with block, rule and field", one_thing_changed_is_refused},
        {"proof: work above is counted", work_above_is_counted},
        {"proof: a header without work is refused", a_header_without_work_is_refused},
        {"proof: blocks whose work is not checked are called so", unchecked_blocks_are_called_so},
        {"proof: without a proof a chain is unanchored", without_a_proof_a_chain_is_unanchored},
        {"proof: a proof belongs to its chain", a_proof_belongs_to_its_chain},
    };
    sigchain_network_of(NETWORK_PRIVATE, NULL, &private_network);
    sigchain_network_of(NETWORK_TEST, NULL, &test_network);
    return UNIT_MAIN(cases);
}
