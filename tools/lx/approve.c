/* SPDX-License-Identifier: MIT */
/** lx approve: the owner's word for developers and packages, which goes onto his chain as the root of his list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve.h"
#include "http.h"

/* ---- developers ----------------------------------------------------------------------------------------------------- */

/** The developer's entry, new or as it was; ends the program when another chain is pinned under his id. */
static struct listed_developer *listed(struct approval *a, const char *path, const struct sigchain_verifier *chain,
                                       const char *name)
{
    struct listed_developer *d = list_developer(&a->list, &chain->genesis);
    bool is_new = d == NULL;
    if (is_new) {
        d = list_add_developer(&a->list, &chain->genesis);
        d->is.first_txid = chain->first_txid;
    }
    if (!u512_equal(&d->is.first_txid, &chain->first_txid)) {
        fail("%s: the chain begins with another transaction than that of %s, whom you approved; it is forged, or begun "
             "again: ask him, and remove his approval first if it is his",
             path, d->is.name);
    }
    if (a->args->options[OPTION_NAME] != NULL) {
        name = a->args->options[OPTION_NAME];
    } else if (!is_new) {
        return d;
    }
    if (!copy_string(d->is.name, sizeof d->is.name, name)) {
        fail("%s: a name has at most %u bytes; give a shorter one with --name", name, APPROVALS_NAME_CHARS_MAX);
    }
    return d;
}

static void check_chain(const char *path, const struct chain *chain)
{
    if (!chain->is_verified) {
        fail("%s: the chain is refused: %s", path, chain->verifier.refusal.sentence);
    }
    if (!sigchain_genesis_is_bound(&chain->verifier)) {
        fail("%s: the developer's id is not the hash of his first key, so anybody could have made it; do not approve him",
             path);
    }
}

/** A chain file: its developer is approved, for all apps or for those that --apps names. */
static void approve_developer(struct approval *a, const char *path, struct bytes file)
{
    struct chain chain;
    chain_verify(&chain, cursor_of(file.at, file.len_bytes));
    check_chain(path, &chain);
    const char *slash = strrchr(path, '/');
    char *name = join(slash == NULL ? path : slash + 1, NULL);
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    struct listed_developer *d = listed(a, path, &chain.verifier, name);
    if (a->args->options[OPTION_APPS] == NULL) {
        d->is.all_apps = true;
        d->app_count = 0;
        return;
    }
    if (d->is.all_apps) {
        fail("%s: %s is approved for all apps; remove that first", path, d->is.name);
    }
    char *apps = join(a->args->options[OPTION_APPS], NULL);
    for (char *app = strtok_r(apps, ",", &apps); app != NULL; app = strtok_r(NULL, ",", &apps)) {
        if (!record_app_name_is_valid(app)) {
            fail("--apps: \"%s\" cannot be an app's name", app);
        }
        if (!list_developer_has(d, app)) {
            list_developer_add(d, app);
        }
    }
}

/* ---- packages ------------------------------------------------------------------------------------------------------- */

void approval_package(struct approval *a, const char *path, struct bytes file)
{
    struct package_refusal why;
    a->candidates = realloc(a->candidates, (a->candidate_count + 1) * sizeof *a->candidates);
    if (a->candidates == NULL) {
        fail("out of memory");
    }
    struct candidate *c = &a->candidates[a->candidate_count++];
    c->path = path;
    if (!package_open(file.at, file.len_bytes, &c->package, &why)) {
        fail("%s: %s", path, why.sentence);
    }
    const struct manifest *m = &c->package.manifest;
    if (!package_check(&c->package, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why)) {
        fail("%s: %s", path, why.sentence);
    }
    if (cursor_is_empty(&c->package.chain)) {
        fail("%s is not signed; that is for its developer to do, with lx sign", path);
    }
    chain_verify(&c->developer, c->package.chain);
    check_chain(path, &c->developer);
    struct listed_developer *d = listed(a, path, &c->developer.verifier, join("developer of ", m->name, NULL));
    if (!list_developer_has(d, m->name)) {
        list_developer_add(d, m->name);
    }
    struct approved_package *entry = list_package(&a->list, m->name);
    if (entry == NULL || !u256_equal(&entry->developer, &m->developer)) {
        entry = entry == NULL ? list_add_package(&a->list, m->name) : entry;
        entry->developer = m->developer;
        entry->min_seq = m->seq;
        entry->has_id = false;
    }
    if (a->args->options[OPTION_MIN_SEQ] != NULL) {
        entry->min_seq = option_number(a->args, OPTION_MIN_SEQ);
    }
    entry->has_id = entry->has_id || a->args->options[OPTION_EXACT] != NULL;
    if (entry->has_id) {
        entry->id = c->package.id;
    }
}

/** Asks as a device will, and ends the program when that would refuse a package. */
static void must_be_granted(struct approval *a, const struct candidate *c, struct cursor list)
{
    struct authority_decision decision;
    struct anchor anchor = {a->owner.genesis, a->owner.chain.verifier.first_txid};
    struct authority_question question = {
        .package = &c->package,
        .arch = MANIFEST_ARCH,
        .anchor = &anchor,
        .owner = {&a->owner.chain.verifier, true},
        .list = list,
        .developer = {&c->developer.verifier, c->developer.is_verified},
    };
    if (!authority_decide(&question, &decision)) {
        fail("%s: nothing was approved: %s", c->path, decision.sentence);
    }
}

/* ---- the list ------------------------------------------------------------------------------------------------------- */

static void remove_word(struct approval *a, const char *word)
{
    struct u256 genesis;
    bool is_id = hex_to_mem(word, strlen(word), genesis.bytes, U256_BYTES);
    if (!(is_id ? list_remove_developer(&a->list, &genesis) : list_remove_app(&a->list, word))) {
        fail("%s is not among the approvals of key %s", word, a->owner.name);
    }
}

static void edit(struct approval *a)
{
    for (int i = 0; i < a->args->count; i++) {
        const char *word = a->args->operands[i];
        if (a->args->options[OPTION_REMOVE] != NULL) {
            remove_word(a, word);
            continue;
        }
        struct bytes file = read_file(word);
        bool is_chain = file.len_bytes >= strlen(CHAIN_FILE_MAGIC) &&
                        memcmp(file.at, CHAIN_FILE_MAGIC, strlen(CHAIN_FILE_MAGIC)) == 0;
        if (is_chain) {
            approve_developer(a, word, file);
        } else {
            approval_package(a, word, file);
        }
    }
}

/** Signs a list that differs from the one before, and writes list and chain so that they always fit each other. */
static void sign_list(struct approval *a)
{
    static struct signer signer;
    struct record_installed record;
    struct u256 address;
    struct hash256 root;
    const char *fresh = join(a->owner.list_path, ".new", NULL);
    a->list.seq = key_installed(&a->owner, &record) ? record.seq + 1 : 1;
    struct bytes list = list_to_bytes(&a->list);
    tree_root_of_bytes(list.at, list.len_bytes, &root);
    record.seq = a->list.seq;
    memcpy(record.list.bytes, root.bytes, SHA256_BYTES);
    signer_address(&a->owner.seed, SIGNER_INSTALLED_NAME, &address);
    key_signer(&a->owner, &signer);
    key_must(&a->owner, signer_put_installed(&signer, &address, &record));
    for (uint32_t i = 0; i < a->candidate_count; i++) {
        must_be_granted(a, &a->candidates[i], cursor_of(list.at, list.len_bytes));
    }
    file_replace(fresh, list.at, list.len_bytes, 0644);
    key_commit(&a->owner, &signer);
    if (rename(fresh, a->owner.list_path) != 0) {
        fail("cannot write %s: %s", a->owner.list_path, strerror(errno));
    }
    printf("list %llu of key %s: %u packages, %u developers; transaction %u of its chain\n",
           (unsigned long long)a->list.seq, a->owner.name, (unsigned)a->list.package_count,
           (unsigned)a->list.developer_count, (unsigned)sigchain_sequence(&a->owner.chain.verifier));
}

void approval_open(struct approval *a, const struct arguments *args)
{
    *a = (struct approval){.args = args};
    if (args->options[OPTION_KEY] == NULL) {
        fail("who approves? add --key NAME");
    }
    key_open(&a->owner, key_directory(args), args->options[OPTION_KEY], KEY_SIGN);
    node_before_signing(args, &a->owner);
    a->before = key_list_read(&a->owner);
    list_of_bytes(a->before, &a->list);
}

int approval_close(struct approval *a)
{
    struct bytes list = {NULL, 0};
    if (a->list.seq > 0) {
        list = list_to_bytes(&a->list);
    }
    if (list.len_bytes > 0 && list.len_bytes == a->before.len_bytes && memcmp(list.at, a->before.at, list.len_bytes) == 0) {
        for (uint32_t i = 0; i < a->candidate_count; i++) {
            must_be_granted(a, &a->candidates[i], cursor_of(list.at, list.len_bytes));
        }
        printf("all of that is approved already in list %llu of key %s; nothing was signed\n",
               (unsigned long long)a->list.seq, a->owner.name);
    } else {
        sign_list(a);
    }
    int status = node_after_signing(a->args, &a->owner);
    key_close(&a->owner);
    return status;
}

int approve(const struct arguments *args)
{
    struct approval a;
    approval_open(&a, args);
    edit(&a);
    return approval_close(&a);
}
