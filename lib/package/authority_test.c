/* SPDX-License-Identifier: MIT */
/** Shows that a good package is authorised, and that each verdict comes from the same case with one change. */
#include "package_samples.h"
#include "signer.h"

#define TIME_S 1800000000u

static const struct signer_seed developer_seed = {.bytes = {1}}, owner_seed = {.bytes = {2}},
                                other_seed = {.bytes = {3}};

/** One chain in the making: its file, and a verifier that holds it. */
struct chain {
    struct signer_seed seed;
    struct sigchain_register table[8];
    struct sigchain_verifier verifier;
    struct signer signer;
    uint8_t file[16 * 1024];
    struct writer w;
};

/* What a test changes: before the chains are made, or after. */
static struct {
    struct sample package;
    struct chain developer, owner;
    struct record_app record;
    struct u256 record_address;
    struct record_installed installed;
    struct approved_developer approved;
    bool is_listed;
    struct approved_package entry;
    bool has_entry;
    uint64_t list_seq;
    uint8_t apps[128];
    uint8_t list[1024];

    struct package opened;
    struct anchor anchor;
    struct authority_question question;
    struct authority_decision decision;
} t;

static void chain_start(struct chain *c, const char *network)
{
    struct sigchain_setup setup = {.registers = c->table, .register_capacity = ARRAY_LEN(c->table)};
    sigchain_network_of(NETWORK_HYBRID, network, &setup.network);
    sigchain_verifier_init(&c->verifier, &setup);
    c->signer.seed = &c->seed;
    c->signer.chain = &c->verifier;
    c->signer.time_s = TIME_S;
    c->w = writer_of(c->file, sizeof c->file);
    chain_file_put_head(&c->w, 0);
}

/** Keeps the transaction that was just signed. */
static void chain_keep(struct chain *c, enum lx_err err)
{
    CHECK_EQ(err, LX_OK);
    chain_file_put_transaction(&c->w, c->signer.bytes, c->signer.len_bytes);
    le32_store(c->file + 8, c->verifier.transaction_count);
    c->signer.time_s++;
}

static void put_record(void)
{
    memcpy(t.record.manifest.bytes, t.opened.id.bytes, SHA256_BYTES);
    chain_keep(&t.developer, signer_put_app(&t.developer.signer, &t.record_address, &t.record));
}

static void put_installed(const char *name)
{
    struct u256 address;
    struct hash256 root;
    tree_root_of_bytes(t.list, t.question.list.left_bytes, &root);
    memcpy(t.installed.list.bytes, root.bytes, SHA256_BYTES);
    signer_address(&t.owner.seed, name, &address);
    chain_keep(&t.owner, signer_put_installed(&t.owner.signer, &address, &t.installed));
}

static void write_list(void)
{
    struct writer w = writer_of(t.list, sizeof t.list);
    approvals_begin(&w, t.list_seq, t.has_entry ? 1 : 0);
    if (t.has_entry) {
        approvals_put_package(&w, &t.entry);
    }
    approvals_middle(&w, t.is_listed ? 1 : 0);
    if (t.is_listed) {
        approvals_put_developer(&w, &t.approved);
    }
    t.question.list = cursor_of(t.list, w.used_bytes);
}

static void open_package(void)
{
    struct package_refusal why;
    t.package.chain = cursor_of(t.developer.file, t.developer.w.used_bytes);
    sample_write(&t.package);
    CHECK(package_open(t.package.bytes, t.package.len_bytes, &t.opened, &why));
}

/** The values of the good case, before anything is written or signed. */
static void prepare(void)
{
    struct sigchain_network network;
    memset(&t, 0, sizeof t);
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &network);
    t.developer.seed = developer_seed;
    t.owner.seed = owner_seed;
    chain_start(&t.developer, "lx-os");
    chain_start(&t.owner, "lx-os");
    sample_init(&t.package);
    CHECK_EQ(signer_genesis(&t.developer.seed, &network, &t.package.m.developer), LX_OK);
    signer_address(&t.developer.seed, t.package.m.name, &t.package.m.app_register);
    t.record_address = t.package.m.app_register;
    strcpy(t.record.app, t.package.m.name);
    t.record.seq = t.package.m.seq;
    t.list_seq = 4;
    t.installed.seq = 4;
    t.is_listed = true;
    t.has_entry = true;
    t.approved = (struct approved_developer){.genesis = t.package.m.developer, .name = "Ada", .all_apps = true};
    t.entry = (struct approved_package){.developer = t.package.m.developer, .min_seq = 3};
    strcpy(t.entry.name, t.package.m.name);
}

/** Writes and signs the package, then what the owner says, and asks; `between` changes what the owner would say. */
static void finish(void (*between)(void), void (*after)(void))
{
    open_package(); /* for its id */
    put_record();
    open_package();
    t.approved.first_txid = t.developer.verifier.first_txid;
    if (between != NULL) {
        between();
    }
    write_list();
    put_installed(SIGNER_INSTALLED_NAME);
    t.anchor = (struct anchor){t.owner.verifier.genesis, t.owner.verifier.first_txid};
    t.question.package = &t.opened;
    t.question.arch = MANIFEST_ARCH;
    t.question.anchor = &t.anchor;
    t.question.owner = (struct authority_chain){&t.owner.verifier, sigchain_finish(&t.owner.verifier)};
    t.question.developer = (struct authority_chain){&t.developer.verifier, sigchain_finish(&t.developer.verifier)};
    if (after != NULL) {
        after();
    }
}

/* ---- changes before anything is signed -------------------------------------------------------------------------------- */

#define CHANGE(name, ...)                                                                                              \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

static void allow(const char *app)
{
    struct writer w = writer_of(t.apps, sizeof t.apps);
    cbor_put_array(&w, 1);
    cbor_put_string(&w, app);
    t.approved.all_apps = false;
    t.approved.apps = cursor_of(t.apps, w.used_bytes);
}

/* The name that the record has is not the package's, so it has another address too. */
static void name_differs(void)
{
    strcpy(t.record.app, "other");
    signer_address(&t.developer.seed, "other", &t.record_address);
    t.package.m.app_register = t.record_address;
}

/* A register of the right address that is no record: its kind is unknown. */
static void no_record(void)
{
    uint8_t data[64];
    struct writer w = writer_of(data, sizeof data);
    struct signer *s = &t.developer.signer;
    field_put(&w, "lx", FIELD_STRING, false, "app/2", 5);
    CHECK_EQ(signer_begin(s), LX_OK);
    CHECK_EQ(transaction_create(&s->builder, &t.record_address, REGISTER_OBJECT, data, w.used_bytes, &s->state), REGISTER_OK);
    chain_keep(&t.developer, signer_end(s));
    signer_address(&t.developer.seed, "other", &t.record_address);
    strcpy(t.record.app, "other");
}

/* A genesis id that is no hash of a key, as anybody can make one. */
static void unbound(struct chain *c)
{
    static uint8_t buffer[4096];
    struct transaction_builder *b = &c->signer.builder;
    struct sigchain_link link;
    struct u256 genesis = {{7, [31] = 0xa7}}, next;
    struct register_state *state = &c->signer.state;
    struct u512 txid;
    uint8_t secret[64], data[256];
    struct writer w = writer_of(data, sizeof data);
    sigchain_link_first(&c->verifier.setup.network, &genesis, &link);
    signer_secret(&c->seed, 1, secret);
    CHECK_EQ(sigchain_key_hash(secret, &next), LX_OK);
    signer_secret(&c->seed, 0, secret);
    transaction_begin(b, &genesis, TIME_S, buffer, sizeof buffer);
    if (c == &t.developer) {
        memcpy(t.record.manifest.bytes, t.opened.id.bytes, SHA256_BYTES);
        CHECK_EQ(record_app_data(&t.record, &w), LX_OK);
        CHECK_EQ(transaction_create(b, &t.record_address, REGISTER_OBJECT, data, w.used_bytes, state), REGISTER_OK);
    } else {
        CHECK_EQ(record_installed_data(&t.installed, &w), LX_OK);
        struct u256 address = {{9, [31] = ADDRESS_OBJECT}};
        CHECK_EQ(transaction_create(b, &address, REGISTER_OBJECT, data, w.used_bytes, state), REGISTER_OK);
    }
    CHECK_EQ(transaction_sign(b, &link, &next, secret, c->signer.random, &txid), LX_OK);
    chain_start(c, "lx-os");
    CHECK(sigchain_add(&c->verifier, b->out.bytes, b->out.used_bytes));
}

/* The register was given to another chain and came back: the same state, but its history is on two chains. */
static void came_back(void)
{
    struct signer *s = &t.developer.signer;
    struct u256 other = {{5, [31] = 0xa7}};
    put_record();
    s->state = sigchain_find(&t.developer.verifier, &t.record_address)->state;
    CHECK_EQ(signer_begin(s), LX_OK);
    CHECK_EQ(transaction_transfer(&s->builder, &t.record_address, &other, false, &s->state), REGISTER_OK);
    chain_keep(&t.developer, signer_end(s));
}

static void given_away(void)
{
    came_back();
    CHECK(sigchain_find(&t.developer.verifier, &t.record_address) == NULL);
}

/** The verifier's table as it is after a CLAIM of the registers, which another chain made. */
static void claimed(struct chain *c)
{
    for (size_t i = 0; i < c->verifier.register_count; i++) {
        c->table[i].origin = SIGCHAIN_CAME;
    }
}

static void unbound_developer(void)
{
    struct u256 genesis = {{7, [31] = 0xa7}};
    t.package.m.developer = genesis;
    open_package();
    unbound(&t.developer);
    t.package.chain = cursor_of(t.developer.file, t.developer.w.used_bytes);
    t.approved.genesis = genesis;
    t.approved.first_txid = t.developer.verifier.first_txid;
}

static void unbound_owner(void)
{
    unbound(&t.owner);
    t.anchor = (struct anchor){t.owner.verifier.genesis, t.owner.verifier.first_txid};
}

static void other_chain(struct chain *c)
{
    static struct chain other;
    static struct record_app app = {.app = "x", .seq = 1};
    struct u256 address;
    other.seed = other_seed;
    chain_start(&other, "lx-os");
    signer_address(&other.seed, app.app, &address);
    CHECK_EQ(signer_put_app(&other.signer, &address, &app), LX_OK);
    if (c == &t.owner) {
        t.question.owner.verifier = &other.verifier;
    } else {
        t.question.developer.verifier = &other.verifier;
    }
}

CHANGE(owner_broken, t.question.owner.is_verified = false; strcpy(t.owner.verifier.refusal.sentence, "transaction 0: x"))
CHANGE(owner_other, other_chain(&t.owner))
CHANGE(owner_first, t.anchor.first_txid.bytes[3] ^= 1)
CHANGE(owner_unbound, unbound_owner())
CHANGE(owner_no_record, t.owner.verifier.register_count = 0)
CHANGE(owner_two_records, put_installed("x"))
CHANGE(owner_record_came, claimed(&t.owner))
CHANGE(list_cut, t.question.list.left_bytes--)
CHANGE(list_other, t.list[t.question.list.left_bytes - 1] ^= 1)
CHANGE(list_number, t.installed.seq = 5)
CHANGE(list_seen, t.question.list_seq_seen = 5)
CHANGE(unsigned_package, t.opened.chain.left_bytes = 0)
CHANGE(developer_broken, t.question.developer.is_verified = false;
       strcpy(t.developer.verifier.refusal.sentence, "transaction 0: x"))
CHANGE(developer_other, other_chain(&t.developer))
CHANGE(unlisted, t.is_listed = false)
CHANGE(other_listed, t.approved.genesis.bytes[0] ^= 1)
CHANGE(pin, t.approved.first_txid.bytes[0] ^= 1)
CHANGE(app_other, allow("other"))
CHANGE(app_same, allow("org.lx-os.demo"))
CHANGE(arch, strcpy(t.package.m.arch, "riscv64-linux"))
CHANGE(register_other, t.package.m.app_register.bytes[0] ^= 1)
CHANGE(register_came, claimed(&t.developer))
CHANGE(withdrawn, t.record.revoked = true)
CHANGE(superseded, t.record.seq = 4)
CHANGE(ahead, t.record.seq = 2)
CHANGE(manifest_changed, t.package.m.provenance.bytes[0] ^= 1; open_package())
CHANGE(seen, t.question.seq_seen = 4)
CHANGE(seen_same, t.question.seq_seen = 3)
CHANGE(entry_other, t.entry.developer.bytes[0] ^= 1)
CHANGE(entry_min, t.entry.min_seq = 4)
CHANGE(entry_id, t.entry.has_id = true; t.entry.id.bytes[0] = 1)
CHANGE(entry_same_id, t.entry.has_id = true; t.entry.id = t.opened.id)
CHANGE(entry_none, t.has_entry = false)

struct case_of_verdict {
    const char *name;
    enum authority_verdict verdict;
    void (*before)(void), (*between)(void), (*after)(void);
    const char *sentence;
};

#define BEFORE(change)  #change, .before = change
#define BETWEEN(change) #change, .between = change
#define AFTER(change)   #change, .after = change

static const struct case_of_verdict cases_of_verdicts[] = {
    {"nothing", .verdict = AUTHORITY_GRANTED,
     .sentence = "org.lx-os.demo 3 is authorised: Ada released it, transaction 0 of his chain, and the owner approved him "
                 "in list 4; unanchored"},
    {BETWEEN(app_same), .verdict = AUTHORITY_GRANTED},
    {BETWEEN(entry_same_id), .verdict = AUTHORITY_GRANTED},
    {BETWEEN(entry_none), .verdict = AUTHORITY_GRANTED},
    {AFTER(seen_same), .verdict = AUTHORITY_GRANTED},
    {AFTER(owner_broken), .verdict = AUTHORITY_OWNER_CHAIN,
     .sentence = "the owner's chain is refused: transaction 0: x; get it again from the owner"},
    {AFTER(owner_other), .verdict = AUTHORITY_OWNER_ANCHOR},
    {AFTER(owner_first), .verdict = AUTHORITY_OWNER_ANCHOR},
    {AFTER(owner_unbound), .verdict = AUTHORITY_OWNER_KEY},
    {AFTER(owner_no_record), .verdict = AUTHORITY_OWNER_RECORD},
    {AFTER(owner_two_records), .verdict = AUTHORITY_OWNER_RECORD},
    {AFTER(owner_record_came), .verdict = AUTHORITY_OWNER_RECORD},
    {AFTER(list_cut), .verdict = AUTHORITY_LIST},
    {AFTER(list_other), .verdict = AUTHORITY_LIST_ROOT},
    {BETWEEN(list_number), .verdict = AUTHORITY_LIST_SEQ},
    {AFTER(list_seen), .verdict = AUTHORITY_LIST_OLDER,
     .sentence = "the list of approvals is number 4, and this device has seen number 5; use the latest"},
    {AFTER(unsigned_package), .verdict = AUTHORITY_UNSIGNED,
     .sentence = "org.lx-os.demo 3 is not signed; sign it with lx sign"},
    {AFTER(developer_broken), .verdict = AUTHORITY_DEVELOPER_CHAIN,
     .sentence = "the chain in package org.lx-os.demo is refused: transaction 0: x; get the package again"},
    {AFTER(developer_other), .verdict = AUTHORITY_DEVELOPER_GENESIS},
    {BETWEEN(unlisted), .verdict = AUTHORITY_UNLISTED},
    {BETWEEN(other_listed), .verdict = AUTHORITY_UNLISTED},
    {BETWEEN(pin), .verdict = AUTHORITY_DEVELOPER_PIN},
    {BETWEEN(unbound_developer), .verdict = AUTHORITY_DEVELOPER_KEY},
    {BETWEEN(app_other), .verdict = AUTHORITY_APP,
     .sentence = "Ada is approved, but not for org.lx-os.demo; approve the package with lx approve"},
    {BEFORE(arch), .verdict = AUTHORITY_ARCH,
     .sentence = "org.lx-os.demo is for riscv64-linux, and this machine executes aarch64-linux; get the package for it"},
    {BEFORE(register_other), .verdict = AUTHORITY_REGISTER_NONE},
    {BETWEEN(given_away), .verdict = AUTHORITY_REGISTER_NONE},
    {AFTER(register_came), .verdict = AUTHORITY_REGISTER_CAME},
    {BEFORE(no_record), .verdict = AUTHORITY_REGISTER_RECORD},
    {BEFORE(name_differs), .verdict = AUTHORITY_REGISTER_NAME,
     .sentence = "the register that org.lx-os.demo names is that of other; pack and sign it again"},
    {BEFORE(withdrawn), .verdict = AUTHORITY_WITHDRAWN,
     .sentence = "Ada has withdrawn org.lx-os.demo 3; get a later release"},
    {BEFORE(superseded), .verdict = AUTHORITY_SUPERSEDED,
     .sentence = "org.lx-os.demo 3 is superseded: Ada has released 4; get that one"},
    {BEFORE(ahead), .verdict = AUTHORITY_AHEAD},
    {AFTER(manifest_changed), .verdict = AUTHORITY_MANIFEST,
     .sentence = "the manifest of org.lx-os.demo 3 is not the one that Ada signed; it was changed: get the package again"},
    {AFTER(seen), .verdict = AUTHORITY_OLDER,
     .sentence = "org.lx-os.demo 3 is older than 4, which this device has seen; get the latest"},
    {BETWEEN(entry_other), .verdict = AUTHORITY_NAME},
    {BETWEEN(entry_min), .verdict = AUTHORITY_MIN_SEQ},
    {BETWEEN(entry_id), .verdict = AUTHORITY_PACKAGE_ID},
};

static void decide(const struct case_of_verdict *c)
{
    prepare();
    if (c->before != NULL) {
        c->before();
    }
    finish(c->between, c->after);
    bool granted = authority_decide(&t.question, &t.decision);
    bool as_expected = t.decision.verdict == c->verdict && granted == (c->verdict == AUTHORITY_GRANTED) &&
                       (c->sentence == NULL || strcmp(c->sentence, t.decision.sentence) == 0);
    if (!as_expected) {
        printf("# %s: %s: %s\n", c->name, authority_verdict_name(t.decision.verdict), t.decision.sentence);
    }
    CHECK(as_expected);
    CHECK(strlen(t.decision.sentence) > 20 && strlen(t.decision.sentence) < PACKAGE_SENTENCE_CHARS - 1);
}

static void each_verdict_comes_from_one_change(void)
{
    bool is_met[AUTHORITY_PACKAGE_ID + 1] = {false};
    for (size_t i = 0; i < ARRAY_LEN(cases_of_verdicts); i++) {
        decide(&cases_of_verdicts[i]);
        is_met[cases_of_verdicts[i].verdict] = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(is_met); i++) {
        CHECK(is_met[i]);
        CHECK(strcmp(authority_verdict_name((enum authority_verdict)i), "unknown") != 0);
    }
}

static void a_decision_says_what_was_proven(void)
{
    prepare();
    finish(NULL, NULL);
    CHECK(authority_decide(&t.question, &t.decision));
    const struct authority_decision *d = &t.decision;
    CHECK(strcmp(d->app, "org.lx-os.demo") == 0 && d->seq == 3 && hash256_equal(&d->id, &t.opened.id));
    CHECK(u256_equal(&d->developer, &t.package.m.developer) && strcmp(d->developer_name, "Ada") == 0);
    CHECK(d->list_seq == 4 && d->transaction_count == 1 && d->released_s == TIME_S && d->chain_s == TIME_S);
    CHECK(!d->is_anchored);
}

/* The chains that are made here go through files and a fresh verifier as on a device. */
static void the_chains_verify_from_their_files(void)
{
    prepare();
    finish(NULL, NULL);
    struct sigchain_setup setup = t.developer.verifier.setup;
    sigchain_verifier_init(&t.developer.verifier, &setup);
    CHECK(sigchain_verify_file(&t.developer.verifier, t.opened.chain.at, t.opened.chain.left_bytes));
    setup = t.owner.verifier.setup;
    sigchain_verifier_init(&t.owner.verifier, &setup);
    CHECK(sigchain_verify_file(&t.owner.verifier, t.owner.file, t.owner.w.used_bytes));
    CHECK(authority_decide(&t.question, &t.decision));
}

/* On a network of another name ids come from user names, so that only the pin is asked. */
static void other_networks_have_other_ids(void)
{
    struct sigchain_network network;
    prepare();
    chain_start(&t.developer, "somebody");
    sigchain_network_of(NETWORK_HYBRID, "somebody", &network);
    CHECK_EQ(signer_genesis(&t.developer.seed, &network, &t.package.m.developer), LX_OK);
    finish(NULL, NULL);
    t.developer.verifier.first_key.bytes[0] ^= 1;
    CHECK(authority_decide(&t.question, &t.decision));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"authority: each verdict comes from one change", each_verdict_comes_from_one_change},
        {"authority: a decision says what was proven", a_decision_says_what_was_proven},
        {"authority: the chains verify from their files", the_chains_verify_from_their_files},
        {"authority: other networks have other ids", other_networks_have_other_ids},
    };
    return UNIT_MAIN(cases);
}
