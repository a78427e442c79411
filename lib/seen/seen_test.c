/* SPDX-License-Identifier: MIT */
/**
 * Shows that what was seen is there after the next start and after a power cut at each write, that nothing is written when nothing is new,
 * that each rule of the facts refuses its own change, and what is said when the disk is missing, read-only, broken or full.
 */
#include "../llll/lld/fake.h"
#include "seen.h"
#include "signer.h"
#include "unit.h"

enum { BLOCK = 4096, MIB = 1 << 20, CHAIN_BYTES = 256 * 1024 };

static struct disk disk;
static struct lld_device device;
static struct seen seen;

/* A chain in the making. */
static struct signer_seed seed;
static struct sigchain_register registers[4];
static struct sigchain_verifier verifier;
static struct signer signer;
static uint8_t file_bytes[CHAIN_BYTES];
static struct writer file;

static void chain_begin(uint8_t name)
{
    struct sigchain_setup setup = {.registers = registers, .register_capacity = ARRAY_LEN(registers)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&verifier, &setup);
    memset(seed.bytes, name, sizeof seed.bytes);
    signer.seed = &seed;
    signer.chain = &verifier;
    signer.time_s = 1800000000;
    file = writer_of(file_bytes, sizeof file_bytes);
    chain_file_put_head(&file, 0);
}

static struct cursor chain_file(void)
{
    return cursor_of(file_bytes, file.used_bytes);
}

static void chain_grow(uint32_t count)
{
    struct record_app record = {.app = "demo"};
    struct u256 address;
    for (uint32_t i = 0; i < count; i++) {
        record.seq = verifier.transaction_count + 1;
        signer_address(&seed, "demo", &address);
        CHECK_EQ(signer_put_app(&signer, &address, &record), LX_OK);
        chain_file_put_transaction(&file, signer.bytes, signer.len_bytes);
        le32_store(file_bytes + 8, verifier.transaction_count);
        signer.time_s++;
    }
}

static void disk_begin(uint64_t bytes, bool can_crash)
{
    disk_free(&disk);
    disk_make(&disk, BLOCK, bytes, can_crash);
    device = disk_device(&disk);
}

static void start(void)
{
    seen_open(&seen, &device, false, fake_secret);
}

static bool says(const char *part)
{
    bool ok = strstr(seen.sentence, part) != NULL;
    if (!ok) {
        printf("# \"%s\" is not in: %s\n", part, seen.sentence);
    }
    return ok;
}

/* ---- good ---------------------------------------------------------------------------------------------------------------- */

static void what_was_seen_is_there_again(void)
{
    struct u256 app = {{9}}, owner = {{7}};
    struct cursor tx;
    disk_begin(16 * MIB, false);
    start();
    CHECK(seen.state == SEEN_KEEPS && says("remembers 0 chains, 0 releases and 0 lists of approvals, change 0"));
    chain_begin(1);
    chain_grow(3);
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    seen_keep_release(&seen, &app, &verifier.genesis, "demo", 3);
    seen_keep_list(&seen, &owner, 12);
    seen_commit(&seen);
    CHECK(says("remembers 1 chains, 1 releases and 1 lists of approvals, change 1"));
    start();
    const struct seen_chain *c = seen_find_chain(&seen, &verifier.genesis);
    CHECK(c != NULL && c->count == 3 && c->stored == 3 && c->roles == SEEN_DEVELOPER && c->since == 1 && c->grown == 1);
    CHECK(u512_equal(&c->first_txid, &verifier.first_txid) && u512_equal(&c->last_txid, &verifier.txid));
    CHECK_EQ(c->last_s, verifier.timestamp);
    const struct seen_release *r = seen_find_release(&seen, &app);
    CHECK(r != NULL && r->seq == 3 && strcmp(r->name, "demo") == 0);
    CHECK(seen_find_list(&seen, &owner) != NULL && seen_find_list(&seen, &owner)->seq == 12);
    CHECK(seen_find_list(&seen, &app) == NULL && seen_find_release(&seen, &owner) == NULL && seen_find_chain(&seen, &app) == NULL);
    struct chain_file f;
    struct cursor original;
    CHECK_EQ(chain_file_open(file_bytes, file.used_bytes, &f), LX_OK);
    for (uint32_t i = 0; chain_file_next(&f, &original); i++) {
        CHECK(seen_transaction(&seen, &verifier.genesis, i, &tx) && tx.left_bytes == original.left_bytes);
        CHECK_BYTES(tx.at, original.at, original.left_bytes);
    }
    CHECK(!seen_transaction(&seen, &verifier.genesis, 3, &tx) && !seen_transaction(&seen, &app, 0, &tx));
}

static void only_more_is_written(void)
{
    struct u256 app = {{9}}, owner = {{7}};
    uint64_t used, total;
    disk_begin(16 * MIB, false);
    start();
    chain_begin(1);
    chain_grow(2);
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    seen_keep_release(&seen, &app, &verifier.genesis, "demo", 3);
    seen_keep_list(&seen, &owner, 12);
    seen_commit(&seen);
    start();
    uint64_t ops = disk.op_count;
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER); /* all of it is known */
    seen_keep_release(&seen, &app, &verifier.genesis, "demo", 2);
    seen_keep_list(&seen, &owner, 11);
    seen_commit(&seen);
    CHECK_EQ(disk.op_count, ops);
    CHECK(seen_find_release(&seen, &app)->seq == 3 && seen_find_list(&seen, &owner)->seq == 12);
    chain_grow(1);
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_OWNER);
    seen_commit(&seen);
    start();
    const struct seen_chain *c = seen_find_chain(&seen, &verifier.genesis);
    CHECK(c->count == 3 && c->stored == 3 && c->roles == (SEEN_OWNER | SEEN_DEVELOPER) && c->since == 1 && c->grown == 2);
    seen_room(&seen, &used, &total);
    CHECK(used > 1000 && used < total && total == 102 * 160 * 1024);
    disk_begin(64 * MIB, false); /* more than is used */
    start();
    seen_room(&seen, &used, &total);
    CHECK(seen.state == SEEN_KEEPS && total == 102 * 160 * 1024);
}

static void long_chains_take_several_steps(void)
{
    struct cursor tx;
    disk_begin(4 * MIB, false);
    start();
    chain_begin(3);
    chain_grow(90); /* more than one transaction of LLD holds */
    CHECK(file.used_bytes > 40000);
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    seen_commit(&seen);
    start();
    CHECK(seen_find_chain(&seen, &verifier.genesis)->stored == 90 && seen_transaction(&seen, &verifier.genesis, 89, &tx));
}

/* ---- trouble -------------------------------------------------------------------------------------------------------------- */

/* Power is cut at each write and flush of a change, of a new volume as well, with any of the sectors since the last flush there. */
static uint32_t crash_count;
static uint64_t crash_random;

static void crash_here(void *context)
{
    struct disk copy = {.block_bytes = BLOCK, .bytes = disk.bytes};
    static struct seen after;
    bool is_new = context != NULL;
    copy.now = (uint8_t *)malloc(disk.bytes);
    copy.durable = (uint8_t *)malloc(disk.bytes);
    for (uint32_t in_256 = 0; in_256 <= 256; in_256 += 64) {
        disk_cut(&disk, copy.now, in_256, &crash_random);
        struct lld_device d = disk_device(&copy);
        seen_open(&after, &d, false, fake_secret);
        const struct seen_chain *c = seen_find_chain(&after, &verifier.genesis);
        CHECK_EQ(after.state, SEEN_KEEPS);
        CHECK(is_new ? c == NULL : c != NULL && (c->count == 2 || c->count == 3) && c->stored == c->count);
        for (uint32_t i = 0; c != NULL && i < c->stored; i++) {
            struct cursor tx;
            CHECK(seen_transaction(&after, &c->genesis, i, &tx));
        }
        crash_count++;
    }
    disk_free(&copy);
}

static void a_power_cut_loses_nothing(void)
{
    chain_begin(5);
    chain_grow(2);
    disk_begin(3 * MIB, true);
    disk.at_op = crash_here;
    disk.at_op_context = &disk;
    start();
    disk.at_op = NULL;
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    seen_commit(&seen);
    chain_grow(1);
    disk.at_op = crash_here;
    disk.at_op_context = NULL;
    start();
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    seen_commit(&seen);
    crash_here(NULL);
    CHECK(crash_count > 60);
    disk.at_op = NULL;
}

static void trouble_is_told(void)
{
    disk_begin(16 * MIB, false);
    seen_none(&seen, "there is no disk");
    CHECK(seen.state == SEEN_NOTHING && says("there is no disk: nothing is remembered over power-off"));
    seen_commit(&seen);
    seen_open(&seen, &device, true, fake_secret);
    CHECK(seen.state == SEEN_NOTHING && says("read-only and was never used") && disk.op_count == 0);
    start();
    chain_begin(1);
    chain_grow(1);
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_OWNER);
    seen_commit(&seen);
    seen_open(&seen, &device, true, fake_secret);
    CHECK(seen.state == SEEN_READ_ONLY && says("it is read-only, so nothing is added"));
    CHECK(seen_find_chain(&seen, &verifier.genesis) != NULL);
    chain_grow(1);
    uint64_t ops = disk.op_count;
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_OWNER);
    seen_commit(&seen);
    CHECK_EQ(disk.op_count, ops);
    start();
    disk.fail_at = disk.op_count + 1;
    seen_keep_chain(&seen, &verifier, chain_file(), SEEN_OWNER);
    seen_commit(&seen);
    CHECK(seen.state == SEEN_READ_ONLY && says("cannot be written"));
    disk.fail_at = 0;
    start();
    CHECK(seen.state == SEEN_KEEPS && seen_find_chain(&seen, &verifier.genesis)->count == 1);
    disk.fail_reads = 1;
    disk.fail_at = disk.op_count + 1;
    start();
    CHECK(seen.state == SEEN_NOTHING && says("it cannot be read"));
    disk_begin(MIB, false);
    start();
    CHECK(seen.state == SEEN_NOTHING && says("too small"));
    disk_begin(16 * MIB, false);
    disk.fail_at = 1;
    start();
    CHECK(seen.state == SEEN_NOTHING && says("cannot be written"));
}

static void damage_is_told_and_left(void)
{
    disk_begin(16 * MIB, false);
    start();
    disk.now[0] ^= 1; /* one copy of the head is enough */
    start();
    CHECK(seen.state == SEEN_KEEPS);
    memset(disk.now, 0x5a, 8 * BLOCK); /* both heads, the checkpoints */
    uint64_t writes = disk.op_count;
    start();
    CHECK(seen.state == SEEN_NOTHING && says("not usable (does not verify) and is left as it is"));
    CHECK_EQ(disk.op_count, writes);
    memset(disk.now, 0, 8 * BLOCK);
    start();
    CHECK(seen.state == SEEN_KEEPS && says("remembers 0 chains"));
    disk_begin(16 * MIB, false);
    start();
    CHECK_EQ(lld_begin(seen.store), LX_OK);
    CHECK_EQ(lld_put(seen.store, (struct lld_key){0, 4, (const uint8_t *)"seen"}, "LXSEEN01nonsense", 16), LX_OK);
    CHECK_EQ(lld_commit(seen.store), LX_OK);
    start();
    CHECK(seen.state == SEEN_NOTHING && says("not usable") && seen.facts.chain_count == 0);
    uint64_t ops = disk.op_count;
    seen_commit(&seen);
    CHECK_EQ(disk.op_count, ops);
}

static void tables_that_are_full_say_so(void)
{
    struct u256 id = {{0}};
    disk_begin(16 * MIB, false);
    start();
    chain_begin(1);
    chain_grow(1);
    struct u256 genesis = verifier.genesis;
    for (uint32_t i = 0; i <= SEEN_RELEASES_MAX; i++) {
        le32_store(id.bytes, i + 1);
        seen_keep_release(&seen, &id, &genesis, "a-name-of-an-app-that-has-more-than-sixty-three-characters-in-all-of-it", i);
        seen_keep_list(&seen, &id, i);
        verifier.genesis = id;
        seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
    }
    seen_commit(&seen);
    CHECK(seen.state == SEEN_KEEPS && says("48 chains, 64 releases and 8 lists") && says("no room for more"));
    start();
    CHECK(seen.facts.chain_count == SEEN_CHAINS_MAX && seen.facts.release_count == SEEN_RELEASES_MAX);
    CHECK_EQ(strlen(seen.facts.releases[0].name), SEEN_NAME_BYTES - 1);
}

static void half_of_the_volume_stays_free(void)
{
    struct u256 id = {{0}};
    uint64_t used, total;
    disk_begin(3 * MIB, false);
    start();
    chain_begin(1);
    chain_grow(60);
    for (uint32_t i = 0; i < SEEN_CHAINS_MAX; i++) {
        le32_store(id.bytes, i + 1);
        verifier.genesis = id;
        seen_keep_chain(&seen, &verifier, chain_file(), SEEN_DEVELOPER);
        seen_commit(&seen);
    }
    CHECK_EQ(seen.state, SEEN_KEEPS);
    CHECK(seen.facts.chain_count == SEEN_CHAINS_MAX && seen.facts.chains[0].stored == 60);
    CHECK(seen.facts.chains[SEEN_CHAINS_MAX - 1].stored == 0 && seen.facts.chains[SEEN_CHAINS_MAX - 1].count == 60);
    seen_room(&seen, &used, &total);
    CHECK(used <= total * 3 / 4);
}

/* ---- the bytes -------------------------------------------------------------------------------------------------------------- */

static struct seen_facts facts;
static uint8_t bytes[SEEN_FACTS_BYTES_MAX];
static size_t len;

static void facts_make(void)
{
    memset(&facts, 0, sizeof facts);
    facts.changes = 9;
    facts.chain_count = facts.release_count = facts.list_count = 2;
    for (uint8_t i = 0; i < 2; i++) {
        facts.chains[i] = (struct seen_chain){{{i}}, {{1}}, {{2}}, 5, 4, 1, 1800000000, 3, 9};
        facts.releases[i] = (struct seen_release){{{i}}, {{1}}, 5, 3, 9, "demo"};
        facts.lists[i] = (struct seen_list){{{i}}, 5, 3, 9};
    }
    len = seen_facts_put(&facts, bytes);
}

static void refuses(size_t at, uint8_t value, enum lx_err err)
{
    static struct seen_facts out;
    facts_make();
    bytes[at] = value;
    if (seen_facts_parse(bytes, len, &out) != err) {
        CHECK_EQ(at, UINT64_MAX);
        printf("# byte %zu = %u\n", at, value);
    }
}

static void facts_keep_their_rules(void)
{
    static struct seen_facts out;
    enum { CHAIN = SEEN_HEAD_BYTES, RELEASE = CHAIN + 2 * SEEN_CHAIN_BYTES, LIST = RELEASE + 2 * SEEN_RELEASE_BYTES };
    facts_make();
    CHECK_EQ(len, LIST + 2 * SEEN_LIST_BYTES);
    CHECK_EQ(seen_facts_parse(bytes, len, &out), LX_OK);
    CHECK(memcmp(&facts, &out, sizeof out) == 0);
    for (size_t n = 0; n < len; n++) {
        CHECK_EQ(seen_facts_parse(bytes, n, &out), LX_EINVAL);
    }
    refuses(0, 'l', LX_EINVAL);
    refuses(7, '2', LX_ENOTSUP);
    refuses(8, 8, LX_EINVAL); /* fewer changes than a fact has */
    refuses(16, SEEN_CHAINS_MAX + 1, LX_EINVAL);
    refuses(20, SEEN_RELEASES_MAX + 1, LX_EINVAL);
    refuses(24, SEEN_LISTS_MAX + 1, LX_EINVAL);
    refuses(24, 1, LX_EINVAL); /* bytes are left */
    refuses(28, 1, LX_EINVAL);
    refuses(CHAIN, 1, LX_EINVAL);       /* the genesis of the second */
    refuses(CHAIN + 160, 0, LX_EINVAL); /* no transaction */
    refuses(CHAIN + 160, 1, LX_EINVAL); /* one, with two ids */
    refuses(CHAIN + 164, 6, LX_EINVAL); /* more kept than seen */
    refuses(CHAIN + 168, 0, LX_EINVAL);
    refuses(CHAIN + 168, 8, LX_EINVAL);
    refuses(CHAIN + 172, 1, LX_EINVAL);
    refuses(CHAIN + 184, 0, LX_EINVAL);  /* since before the first change */
    refuses(CHAIN + 184, 10, LX_EINVAL); /* since later than grown */
    refuses(RELEASE, 1, LX_EINVAL);
    refuses(RELEASE + 88, 0, LX_EINVAL);  /* no name */
    refuses(RELEASE + 89, ' ', LX_EINVAL);
    refuses(RELEASE + 151, 'x', LX_EINVAL); /* behind the end of the name */
    refuses(LIST, 1, LX_EINVAL);
    refuses(LIST + 48, 10, LX_EINVAL);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"what was seen is there at the next start", what_was_seen_is_there_again},
        {"only more is written, and nothing when nothing is new", only_more_is_written},
        {"long chains take several steps", long_chains_take_several_steps},
        {"a power cut at any write loses nothing", a_power_cut_loses_nothing},
        {"no disk, a read-only one and a failing one are told", trouble_is_told},
        {"damage is told and left as it is", damage_is_told_and_left},
        {"tables that are full say so", tables_that_are_full_say_so},
        {"half of the volume stays free", half_of_the_volume_stays_free},
        {"each rule of the facts refuses its own change", facts_keep_their_rules},
    };
    return UNIT_MAIN(cases);
}
