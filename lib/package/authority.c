/* SPDX-License-Identifier: MIT */
/**
 * The rule that authorises: the owner's chain stands for a list, the list for a developer, his chain for the package.
 * Each check is one refusal; whoever changes one thing in a good case meets just the one that is named for it.
 * Source: docs/spec/package.md section 6
 */
#include "format.h"
#include "read.h"

#define NETWORK_NAME "lx-os" /* whose genesis ids are hashes of first keys */

/** What is read on the way. */
struct inquiry {
    const struct authority_question *q;
    struct authority_decision *out;
    struct approvals list;
    struct approved_developer developer;
};

static bool refuse(struct inquiry *i, enum authority_verdict verdict, const char *text, ...) PRINTF_LIKE(3, 4);
static bool refuse(struct inquiry *i, enum authority_verdict verdict, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    format_list(i->out->sentence, sizeof i->out->sentence, text, args);
    va_end(args);
    i->out->verdict = verdict;
    return false;
}

/** The hex form of an id, in room of the caller's. */
static const char *hex_of(const struct u256 *id, char hex[U256_HEX_CHARS])
{
    hex_of_mem(id->bytes, U256_BYTES, hex);
    return hex;
}

/** On our own network a genesis id is the hash of the first key; on others it comes from a name, and only pins help. */
static bool key_is_bound(const struct sigchain_verifier *chain)
{
    struct sigchain_network ours;
    sigchain_network_of(NETWORK_HYBRID, NETWORK_NAME, &ours);
    bool is_ours = chain->setup.network.kind == ours.kind && u512_equal(&chain->setup.network.id, &ours.id);
    return !is_ours || sigchain_genesis_is_bound(chain);
}

/* ---- the owner ------------------------------------------------------------------------------------------------------ */

static bool check_owner_chain(struct inquiry *i)
{
    const struct authority_chain *owner = &i->q->owner;
    const struct anchor *anchor = i->q->anchor;
    char hex[U256_HEX_CHARS];
    if (!owner->is_verified) {
        return refuse(i, AUTHORITY_OWNER_CHAIN, "the owner's chain is refused: %s; get it again from the owner",
                      owner->verifier->refusal.sentence);
    }
    if (!u256_equal(&owner->verifier->genesis, &anchor->genesis) ||
        !u512_equal(&owner->verifier->first_txid, &anchor->first_txid)) {
        return refuse(i, AUTHORITY_OWNER_ANCHOR,
                      "the owner's chain begins with another transaction than this device is anchored to (owner %s); "
                      "use that owner's chain",
                      hex_of(&anchor->genesis, hex));
    }
    if (!key_is_bound(owner->verifier)) {
        return refuse(i, AUTHORITY_OWNER_KEY,
                      "the owner's id is not the hash of his first key, so anybody could have made it; make a new key "
                      "with lx key new, and a new anchor");
    }
    return true;
}

/** Finds the one record installed/1 that the owner's chain made and holds. */
static bool find_installed(const struct sigchain_verifier *chain, struct record_installed *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < chain->register_count; i++) {
        const struct sigchain_register *r = &chain->setup.registers[i];
        if (sigchain_find(chain, &r->address) != r || r->origin != SIGCHAIN_CREATED) {
            continue;
        }
        enum lx_err err = record_installed_read(&r->state, out);
        count += err == LX_OK ? 1 : err == LX_ENOENT ? 0 : 2; /* one that is malformed counts as too many */
    }
    return count == 1;
}

static bool check_list(struct inquiry *i)
{
    struct record_installed record;
    struct package_refusal why;
    struct hash256 root;
    struct cursor bytes = i->q->list;
    if (!find_installed(i->q->owner.verifier, &record)) {
        return refuse(i, AUTHORITY_OWNER_RECORD,
                      "the owner's chain has no record of approvals, or more than one; approve something with lx approve");
    }
    if (!approvals_parse(bytes.at, bytes.left_bytes, &i->list, &why)) {
        return refuse(i, AUTHORITY_LIST, "the list of approvals is refused: %s", why.sentence);
    }
    tree_root_of_bytes(bytes.at, bytes.left_bytes, &root);
    if (memcmp(root.bytes, record.list.bytes, SHA256_BYTES) != 0) {
        return refuse(i, AUTHORITY_LIST_ROOT,
                      "the list of approvals is not the one that the owner signed; use list and chain of one lx approve");
    }
    if (i->list.seq != record.seq) {
        return refuse(i, AUTHORITY_LIST_SEQ,
                      "the list of approvals has number %llu, and the owner signed number %llu; run lx approve again",
                      (unsigned long long)i->list.seq, (unsigned long long)record.seq);
    }
    if (i->list.seq < i->q->list_seq_seen) {
        return refuse(i, AUTHORITY_LIST_OLDER,
                      "the list of approvals is number %llu, and this device has seen number %llu; use the latest",
                      (unsigned long long)i->list.seq, (unsigned long long)i->q->list_seq_seen);
    }
    i->out->list_seq = i->list.seq;
    return true;
}

/* ---- the developer -------------------------------------------------------------------------------------------------- */

static bool check_developer_chain(struct inquiry *i)
{
    const struct manifest *m = &i->q->package->manifest;
    const struct authority_chain *developer = &i->q->developer;
    char hex[U256_HEX_CHARS];
    if (cursor_is_empty(&i->q->package->chain)) {
        return refuse(i, AUTHORITY_UNSIGNED, "%s %llu is not signed; sign it with lx sign", m->name,
                      (unsigned long long)m->seq);
    }
    if (!developer->is_verified) {
        return refuse(i, AUTHORITY_DEVELOPER_CHAIN, "the chain in package %s is refused: %s; get the package again",
                      m->name, developer->verifier->refusal.sentence);
    }
    if (!u256_equal(&developer->verifier->genesis, &m->developer)) {
        return refuse(i, AUTHORITY_DEVELOPER_GENESIS,
                      "package %s names developer %s, and comes with another's chain; sign it with his key", m->name,
                      hex_of(&m->developer, hex));
    }
    return true;
}

static bool check_developer_approval(struct inquiry *i)
{
    const struct manifest *m = &i->q->package->manifest;
    const struct sigchain_verifier *chain = i->q->developer.verifier;
    char hex[U256_HEX_CHARS];
    if (!approvals_find_developer(&i->list, &chain->genesis, &i->developer)) {
        return refuse(i, AUTHORITY_UNLISTED,
                      "the owner has not approved the developer of %s, %s; if you trust him, approve the package with "
                      "lx approve",
                      m->name, hex_of(&chain->genesis, hex));
    }
    if (!u512_equal(&i->developer.first_txid, &chain->first_txid)) {
        return refuse(i, AUTHORITY_DEVELOPER_PIN,
                      "the chain in package %s begins with another transaction than that of %s, whom the owner approved; "
                      "it is forged, or his chain was begun again: ask him",
                      m->name, i->developer.name);
    }
    if (!key_is_bound(chain)) {
        return refuse(i, AUTHORITY_DEVELOPER_KEY,
                      "the id of %s, developer of %s, is not the hash of his first key, so anybody could have made it; "
                      "do not approve him",
                      i->developer.name, m->name);
    }
    if (!approved_developer_allows(&i->developer, m->name)) {
        return refuse(i, AUTHORITY_APP, "%s is approved, but not for %s; approve the package with lx approve",
                      i->developer.name, m->name);
    }
    memcpy(i->out->developer_name, i->developer.name, sizeof i->out->developer_name);
    i->out->transaction_count = chain->transaction_count;
    i->out->chain_s = chain->timestamp;
    return true;
}

/* ---- the release ---------------------------------------------------------------------------------------------------- */

static bool find_record(struct inquiry *i, struct record_app *record)
{
    const struct manifest *m = &i->q->package->manifest;
    const char *who = i->developer.name;
    const struct sigchain_register *r = sigchain_find(i->q->developer.verifier, &m->app_register);
    if (r == NULL) {
        return refuse(i, AUTHORITY_REGISTER_NONE,
                      "the chain of %s does not hold the register that %s names; sign the package with lx sign", who,
                      m->name);
    }
    if (r->origin != SIGCHAIN_CREATED) {
        return refuse(i, AUTHORITY_REGISTER_CAME,
                      "the register of %s came to %s from another chain, so its history is not proven; release under a "
                      "register of his own",
                      m->name, who);
    }
    if (record_app_read(&r->state, record) != LX_OK) {
        return refuse(i, AUTHORITY_REGISTER_RECORD, "the register that %s names is no release record; pack and sign it again",
                      m->name);
    }
    if (strcmp(record->app, m->name) != 0) {
        return refuse(i, AUTHORITY_REGISTER_NAME, "the register that %s names is that of %s; pack and sign it again",
                      m->name, record->app);
    }
    i->out->released_s = r->state.modified;
    return true;
}

static bool check_release(struct inquiry *i)
{
    const struct manifest *m = &i->q->package->manifest;
    const char *who = i->developer.name;
    unsigned long long seq = m->seq;
    struct record_app record;
    if (!find_record(i, &record)) {
        return false;
    }
    unsigned long long released = record.seq;
    if (record.revoked) {
        return refuse(i, AUTHORITY_WITHDRAWN, "%s has withdrawn %s %llu; get a later release", who, m->name, released);
    }
    if (m->seq < record.seq) {
        return refuse(i, AUTHORITY_SUPERSEDED, "%s %llu is superseded: %s has released %llu; get that one", m->name, seq,
                      who, released);
    }
    if (m->seq > record.seq) {
        return refuse(i, AUTHORITY_AHEAD,
                      "the chain in package %s stands for release %llu, and the package is %llu; sign it with lx sign, or "
                      "get it again",
                      m->name, released, seq);
    }
    if (memcmp(i->q->package->id.bytes, record.manifest.bytes, SHA256_BYTES) != 0) {
        return refuse(i, AUTHORITY_MANIFEST,
                      "the manifest of %s %llu is not the one that %s signed; it was changed: get the package again",
                      m->name, seq, who);
    }
    return true;
}

static bool check_policy(struct inquiry *i)
{
    const struct manifest *m = &i->q->package->manifest;
    unsigned long long seq = m->seq;
    struct approved_package package;
    if (m->seq < i->q->seq_seen) {
        return refuse(i, AUTHORITY_OLDER, "%s %llu is older than %llu, which this device has seen; get the latest",
                      m->name, seq, (unsigned long long)i->q->seq_seen);
    }
    if (!approvals_find_package(&i->list, m->name, &package)) {
        return true; /* the developer is approved for it, and no more is asked */
    }
    if (!u256_equal(&package.developer, &m->developer)) {
        return refuse(i, AUTHORITY_NAME,
                      "the owner has approved %s of another developer than %s; to change that, approve this package with "
                      "lx approve",
                      m->name, i->developer.name);
    }
    if (m->seq < package.min_seq) {
        return refuse(i, AUTHORITY_MIN_SEQ, "%s %llu is older than %llu, from which on the owner approved it; get the latest",
                      m->name, seq, (unsigned long long)package.min_seq);
    }
    if (package.has_id && !hash256_equal(&package.id, &i->q->package->id)) {
        return refuse(i, AUTHORITY_PACKAGE_ID,
                      "%s %llu is not the one package that the owner approved; approve this one with lx approve", m->name,
                      seq);
    }
    return true;
}

bool authority_decide(const struct authority_question *question, struct authority_decision *out)
{
    struct inquiry i = {.q = question, .out = out};
    const struct manifest *m = &question->package->manifest;
    memset(out, 0, sizeof *out);
    memcpy(out->app, m->name, sizeof out->app);
    out->seq = m->seq;
    out->id = question->package->id;
    out->developer = m->developer;
    if (!check_owner_chain(&i) || !check_list(&i) || !check_developer_chain(&i) || !check_developer_approval(&i)) {
        return false;
    }
    if (strcmp(m->arch, question->arch) != 0) {
        return refuse(&i, AUTHORITY_ARCH, "%s is for %s, and this machine executes %s; get the package for it", m->name,
                      m->arch, question->arch);
    }
    if (!check_release(&i) || !check_policy(&i)) {
        return false;
    }
    format_text(out->sentence, sizeof out->sentence,
                "%s %llu is authorised: %s released it, transaction %u of his chain, and the owner approved him in list "
                "%llu; unanchored",
                m->name, (unsigned long long)m->seq, out->developer_name,
                (unsigned)sigchain_find(question->developer.verifier, &m->app_register)->changed_by,
                (unsigned long long)out->list_seq);
    return true;
}

const char *authority_verdict_name(enum authority_verdict verdict)
{
    static const char *const names[] = {
        [AUTHORITY_GRANTED] = "granted",
        [AUTHORITY_OWNER_CHAIN] = "owner-chain",
        [AUTHORITY_OWNER_ANCHOR] = "owner-anchor",
        [AUTHORITY_OWNER_KEY] = "owner-key",
        [AUTHORITY_OWNER_RECORD] = "owner-record",
        [AUTHORITY_LIST] = "list",
        [AUTHORITY_LIST_ROOT] = "list-root",
        [AUTHORITY_LIST_SEQ] = "list-seq",
        [AUTHORITY_LIST_OLDER] = "list-older",
        [AUTHORITY_UNSIGNED] = "unsigned",
        [AUTHORITY_DEVELOPER_CHAIN] = "developer-chain",
        [AUTHORITY_DEVELOPER_GENESIS] = "developer-genesis",
        [AUTHORITY_UNLISTED] = "unlisted",
        [AUTHORITY_DEVELOPER_PIN] = "developer-pin",
        [AUTHORITY_DEVELOPER_KEY] = "developer-key",
        [AUTHORITY_APP] = "app",
        [AUTHORITY_ARCH] = "arch",
        [AUTHORITY_REGISTER_NONE] = "register-none",
        [AUTHORITY_REGISTER_CAME] = "register-came",
        [AUTHORITY_REGISTER_RECORD] = "register-record",
        [AUTHORITY_REGISTER_NAME] = "register-name",
        [AUTHORITY_WITHDRAWN] = "withdrawn",
        [AUTHORITY_SUPERSEDED] = "superseded",
        [AUTHORITY_AHEAD] = "ahead",
        [AUTHORITY_MANIFEST] = "manifest",
        [AUTHORITY_OLDER] = "older",
        [AUTHORITY_NAME] = "name",
        [AUTHORITY_MIN_SEQ] = "min-seq",
        [AUTHORITY_PACKAGE_ID] = "package-id",
    };
    return (size_t)verdict < ARRAY_LEN(names) ? names[verdict] : "unknown";
}
