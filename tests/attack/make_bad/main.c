/* SPDX-License-Identifier: MIT */
/**
 * Writes all attacks. Usage: make_bad DIRECTORY [GOOD.lxp]...
 *
 *   DIRECTORY/NAME.lxp            one package an attack, of app NAME with the program /bin/NAME; "good" is a good one
 *   DIRECTORY/expected            a line each: NAME, tab, a part of what lx verify --owner DIRECTORY/owner says of it
 *   DIRECTORY/owner.*             the owner who approves the good ones, and those that must fail for another reason
 *   DIRECTORY/packages.bundle     the GOOD ones and all of these
 *   DIRECTORY/NAME.elf            programs that lx pack must refuse, of the attacks whose name begins with elf
 *   DIRECTORY/owner-NAME.*        attacks on what the owner says; what all packages are answered then is in
 *   DIRECTORY/expected-owners     a line each: owner-NAME, tab, a part of the answer
 */
#include <stdio.h>
#include <stdlib.h>

#include "make_bad.h"

/* ---- packages ------------------------------------------------------------------------------------------------------- */

static void write_manifest(struct attack *a)
{
    struct writer w = writer_of(zalloc(4096), 4096);
    char path[80];
    snprintf(path, sizeof path, "/bin/%s", a->form->name);
    struct manifest_file file = {.kind = MANIFEST_FILE, .mode = 0755, .is_program = true, .program = a->layout};
    file.path = cursor_of(path, strlen(path));
    file.size_bytes = VICTIM_BYTES;
    for (uint64_t i = 0; i < ARRAY_LEN(a->leaves); i++) {
        tree_leaf(a->program + i * TREE_BLOCK_BYTES, tree_block_len(VICTIM_BYTES, i), &a->leaves[i]);
    }
    tree_root_of_leaves(a->leaves, ARRAY_LEN(a->leaves), &file.root);
    verity_digest(a->program, VICTIM_BYTES, &file.verity);
    a->part = (struct package_part){file.root, VICTIM_BYTES, a->program, a->leaves};
    manifest_begin(&w, &a->m);
    manifest_put_file(&w, &file);
    manifest_end(&w, &a->m);
    assert(!w.overflow);
    a->manifest = cursor_of(w.bytes, w.used_bytes);
    manifest_id(w.bytes, w.used_bytes, &a->id);
}

static void write_container(struct attack *a, struct bytes chain)
{
    size_t size = (size_t)package_bytes(a->manifest.left_bytes, chain.len_bytes, &a->part, 1);
    struct writer w = writer_of(zalloc(size), size);
    package_put(&w, a->manifest, cursor_of(chain.at, chain.len_bytes), &a->part, 1);
    assert(!w.overflow);
    a->container = (struct bytes){w.bytes, w.used_bytes};
}

void attack_release(struct attack *a)
{
    struct hash256 first;
    sha256_of(a->m.name, strlen(a->m.name), &first);
    actor_release(&a->developer, a->m.name, 1, &first, false);
    actor_release(&a->developer, a->m.name, SEQ, &a->id, false);
}

void attack_make(struct attack *a, const struct attack_form *form)
{
    memset(a, 0, sizeof *a);
    a->form = form;
    actor_init(&a->developer, form->name, "lx-os");
    victim_layout(&a->layout);
    victim_write(&a->layout, VICTIM_PLAIN, form->name, a->program);
    copy_string(a->m.name, sizeof a->m.name, form->name);
    copy_string(a->m.arch, sizeof a->m.arch, MANIFEST_ARCH);
    a->m.seq = SEQ;
    a->m.file_count = 1;
    a->m.developer = a->developer.genesis;
    signer_address(&a->developer.seed, form->name, &a->m.app_register);
    a->approved = (struct approved_developer){.genesis = a->developer.genesis, .all_apps = true};
    snprintf(a->approved.name, sizeof a->approved.name, "developer of %s", form->name);
    a->entry = (struct approved_package){.developer = a->developer.genesis, .min_seq = 1};
    copy_string(a->entry.name, sizeof a->entry.name, form->name);
    if (form->shape != NULL) {
        form->shape(a);
    }
    write_manifest(a);
    if (form->sign != NULL) {
        form->sign(a);
    } else {
        attack_release(a);
    }
    a->approved.first_txid = a->developer.verifier.first_txid;
    write_container(a, form->chain != NULL ? form->chain(a) : actor_chain(&a->developer));
    if (form->damage != NULL) {
        form->damage(a);
    }
    if (form->approve != NULL) {
        form->approve(a);
    }
}

/* ---- the owner ------------------------------------------------------------------------------------------------------ */

/** What is in the owner's list: the GOOD packages' developers, and those of the attacks. */
struct list {
    struct approved_package packages[BUNDLE_PACKAGES_MAX];
    struct approved_developer developers[BUNDLE_PACKAGES_MAX];
    uint32_t package_count, developer_count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct approved_package *)a)->name, ((const struct approved_package *)b)->name);
}

static int by_genesis(const void *a, const void *b)
{
    const struct approved_developer *x = a, *y = b;
    return memcmp(x->genesis.bytes, y->genesis.bytes, U256_BYTES);
}

static struct bytes write_list(struct list *list, uint64_t seq)
{
    struct writer w = writer_of(zalloc(65536), 65536);
    qsort(list->packages, list->package_count, sizeof list->packages[0], by_name);
    qsort(list->developers, list->developer_count, sizeof list->developers[0], by_genesis);
    approvals_begin(&w, seq, list->package_count);
    for (uint32_t i = 0; i < list->package_count; i++) {
        approvals_put_package(&w, &list->packages[i]);
    }
    approvals_middle(&w, list->developer_count);
    for (uint32_t i = 0; i < list->developer_count; i++) {
        approvals_put_developer(&w, &list->developers[i]);
    }
    assert(!w.overflow);
    return (struct bytes){w.bytes, w.used_bytes};
}

/** Approves the developer of a good package, as the first transaction of its chain names him. */
static void approve_good(struct list *list, const char *path, struct bytes file)
{
    struct package p;
    struct package_refusal why;
    struct chain_file chain;
    struct cursor first;
    struct transaction tx;
    if (!package_open(file.at, file.len_bytes, &p, &why)) {
        fail("%s: %s", path, why.sentence);
    }
    if (chain_file_open(p.chain.at, p.chain.left_bytes, &chain) != LX_OK || !chain_file_next(&chain, &first) ||
        transaction_parse(first.at, first.left_bytes, &tx) != LX_OK) {
        fail("%s is not signed", path);
    }
    struct approved_developer *d = &list->developers[list->developer_count++];
    *d = (struct approved_developer){.genesis = tx.genesis, .all_apps = true};
    copy_string(d->name, sizeof d->name, "the developer of what is good");
    transaction_id(&tx, &d->first_txid);
    for (uint32_t i = 0; i + 1 < list->developer_count; i++) {
        if (u256_equal(&list->developers[i].genesis, &tx.genesis)) {
            list->developer_count--; /* of two good packages */
            return;
        }
    }
}

/** What the owner's chain and list are in an attack on them; the good case first. */
struct owner_case {
    const char *name, *answer;
    struct bytes chain, list;
    const struct actor *anchor;
};

static void write_to(const char *directory, const char *name, const char *ending, struct bytes bytes)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s%s", directory, name, ending);
    write_file(path, bytes);
}

static void write_owner(const char *directory, const struct owner_case *c)
{
    uint8_t anchor[ANCHOR_BYTES];
    struct writer w = writer_of(anchor, sizeof anchor);
    anchor_put(&w, &(struct anchor){c->anchor->genesis, c->anchor->verifier.first_txid});
    write_to(directory, c->name, ".anchor", (struct bytes){anchor, sizeof anchor});
    write_to(directory, c->name, ".chain", c->chain);
    write_to(directory, c->name, ".list", c->list);
}

static FILE *open_expected(const char *directory, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        fail("cannot write %s", path);
    }
    return f;
}

static void write_owners(const char *directory, struct list *list)
{
    static struct actor owner, shorter, other, elsewhere;
    struct list nothing = {.package_count = 0};
    struct bytes old = write_list(&nothing, 1), now = write_list(list, 2);
    struct hash256 none = {{0}};
    actor_init(&owner, "owner", "lx-os");
    actor_approve(&owner, 1, old);
    actor_approve(&owner, 2, now);
    actor_init(&shorter, "owner", "lx-os");
    actor_approve(&shorter, 1, old);
    actor_init(&other, "other owner", "lx-os");
    actor_approve(&other, 2, now);
    actor_init(&elsewhere, "owner elsewhere", "elsewhere");
    actor_approve(&elsewhere, 2, now);
    struct bytes good = actor_chain(&owner);
    const struct cursor *t = owner.transactions;
    const struct cursor swapped[] = {t[1], t[0]};
    const struct cursor forged[] = {t[0], actor_forge(&other, &shorter, false, "app", 1, &none)};
    const struct cursor repeated[] = {t[0], t[1], t[1]};
    struct bytes changed_list = copy_of(cursor_of(now.at, now.len_bytes));
    changed_list.at[changed_list.len_bytes - 1] ^= 1; /* in a developer's id */
    const struct owner_case cases[] = {
        {"owner", "good 2 is authorised", good, now, &owner},
        {"owner-signature", "the owner's chain is refused: transaction 1: vchSig does not fit", changed_from_end(good, 20), now,
         &owner},
        {"owner-truncated", "the list of approvals is not the one that the owner signed", chain_file_of(t, 1), now, &owner},
        {"owner-reordered", "the owner's chain is refused: transaction 0: nSequence is not 0", chain_file_of(swapped, 2), now,
         &owner},
        {"owner-repeated", "the owner's chain is refused: transaction 2: it is the last transaction once more",
         chain_file_of(repeated, 3), now, &owner},
        {"owner-key", "the owner's chain is refused: transaction 1: vchPubKey is not the key", chain_file_of(forged, 2), now,
         &owner},
        {"owner-other", "the owner's chain begins with another transaction than this device is anchored to",
         actor_chain(&other), now, &owner},
        {"owner-network", "the owner's chain is refused: transaction 0: hashPrevTx is not the id of this network",
         actor_chain(&elsewhere), now, &elsewhere},
        {"owner-list", "the list of approvals is not the one that the owner signed", good, changed_list, &owner},
        {"owner-old-list", "the list of approvals is not the one that the owner signed", good, old, &owner},
        {"owner-nobody", "the owner has not approved the developer of good", chain_file_of(t, 1), old, &owner},
    };
    FILE *expected = open_expected(directory, "expected-owners");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_owner(directory, &cases[i]);
        fprintf(expected, "%s\t%s\n", cases[i].name, cases[i].answer);
    }
    fclose(expected);
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
    static struct list list;
    static struct attack made[ATTACKS_MAX];
    struct cursor files[BUNDLE_PACKAGES_MAX];
    uint32_t count = 0;
    tool_name = "make_bad";
    if (argc < 2 || (size_t)argc - 2 + attack_count > BUNDLE_PACKAGES_MAX) {
        fail("usage: make_bad DIRECTORY [GOOD.lxp]..., at most %zu of them", BUNDLE_PACKAGES_MAX - attack_count);
    }
    for (int i = 2; i < argc; i++) {
        struct bytes file = read_file(argv[i]);
        files[count++] = cursor_of(file.at, file.len_bytes);
        approve_good(&list, argv[i], file);
    }
    FILE *expected = open_expected(argv[1], "expected");
    for (size_t i = 0; i < attack_count; i++) {
        struct attack *a = &made[i];
        attack_make(a, &attacks[i]);
        files[count++] = cursor_of(a->container.at, a->container.len_bytes);
        write_to(argv[1], a->form->name, ".lxp", a->container);
        if (strncmp(a->form->name, "elf", 3) == 0) {
            write_to(argv[1], a->form->name, ".elf", (struct bytes){a->program, VICTIM_BYTES});
        }
        fprintf(expected, "%s\t%s\n", a->form->name, a->form->answer);
        if (!a->form->is_unlisted) {
            list.packages[list.package_count++] = a->entry;
            list.developers[list.developer_count++] = a->approved;
        }
    }
    fclose(expected);
    write_owners(argv[1], &list);
    size_t size = (size_t)bundle_bytes(files, count);
    struct writer w = writer_of(zalloc(size), size);
    bundle_put(&w, files, count);
    write_to(argv[1], "packages", ".bundle", (struct bytes){w.bytes, w.used_bytes});
    return 0;
}
