/* SPDX-License-Identifier: MIT */
/**
 * lx install: packages from files or bundles are brought up to date with what a node has of their developers' chains, refused if that
 * withdraws or replaces them, approved by the owner, and put into a bundle for his devices.
 */
#include <string.h>

#include "approve.h"
#include "http.h"

/** What is to be installed. */
struct installation {
    const struct arguments *args;
    struct node_client *node; /* NULL: none was named */
    struct bytes files[BUNDLE_PACKAGES_MAX];
    const char *names[BUNDLE_PACKAGES_MAX];
    uint32_t count;
    uint32_t renewed; /* how many got a longer chain */
};

/** Ends the program when the developer has withdrawn the package, or released another one since. */
static void must_be_newest(const char *name, const struct package *p, const struct chain *developer)
{
    struct record_app record;
    const struct manifest *m = &p->manifest;
    if (!chain_app(developer, &m->app_register, &record)) {
        fail("%s: its developer's chain does not release %s", name, m->name);
    }
    if (record.seq == m->seq && record.revoked) {
        fail("%s: %s %llu was withdrawn by its developer; nothing was installed", name, m->name, (unsigned long long)m->seq);
    }
    if (record.seq != m->seq) {
        fail("%s is %s %llu, and its developer has released %llu; get that", name, m->name, (unsigned long long)m->seq,
             (unsigned long long)record.seq);
    }
}

/** Adds a package, with the chain that the node has if one was named. */
static void add(struct installation *in, const char *name, struct bytes file)
{
    static struct package p;
    struct chain developer;
    struct package_refusal why;
    if (!package_open(file.at, file.len_bytes, &p, &why)) {
        fail("%s: %s", name, why.sentence);
    }
    if (cursor_is_empty(&p.chain)) {
        fail("%s is not signed; that is for its developer to do, with lx sign", name);
    }
    if (in->count == BUNDLE_PACKAGES_MAX) {
        fail("more than %u packages", BUNDLE_PACKAGES_MAX);
    }
    chain_verify(&developer, p.chain);
    if (!developer.is_verified) {
        fail("%s: the chain is refused: %s", name, developer.verifier.refusal.sentence);
    }
    if (in->node != NULL) {
        uint32_t before = developer.verifier.transaction_count;
        struct bytes chain = node_fetch_rest(in->node, &developer.verifier, p.chain);
        if (developer.verifier.transaction_count > before) {
            file = package_with_chain(&p, cursor_of(chain.at, chain.len_bytes));
            in->renewed++;
        }
    }
    must_be_newest(name, &p, &developer);
    in->files[in->count] = file;
    in->names[in->count++] = name;
}

/** Adds what a file holds: a package, or all of a bundle. */
static void add_file(struct installation *in, const char *path)
{
    struct bundle b;
    struct package_refusal why;
    struct bytes file = read_file(path);
    if (file.len_bytes >= 8 && memcmp(file.at, PACKAGE_MAGIC_BYTES, 8) == 0) {
        add(in, path, file);
        return;
    }
    if (!bundle_open(file.at, file.len_bytes, &b, &why)) {
        fail("%s is neither a package nor a bundle: %s", path, why.sentence);
    }
    for (uint32_t i = 0; i < b.count; i++) {
        char number[16];
        struct cursor part = bundle_package(&b, i, NULL);
        struct bytes copy = {zalloc(part.left_bytes), part.left_bytes};
        memcpy(copy.at, part.at, part.left_bytes);
        snprintf(number, sizeof number, "%u", (unsigned)i);
        add(in, join(path, ": package ", number, NULL), copy);
    }
}

int install(const struct arguments *args)
{
    static struct installation in;
    struct approval a;
    const char *output = args->options[OPTION_OUTPUT];
    in.args = args;
    if (args->options[OPTION_NODE] != NULL) {
        in.node = http_open(args);
    }
    for (int i = 0; i < args->count; i++) {
        add_file(&in, args->operands[i]);
    }
    if (in.node != NULL) {
        http_close();
        printf("%s was asked about %u packages: none is withdrawn, none has a later release; %u got a longer chain\n",
               http_url(), (unsigned)in.count, (unsigned)in.renewed);
    } else {
        printf("no node was asked: whether a package was withdrawn since its chain was made is not known\n");
    }
    approval_open(&a, args);
    for (uint32_t i = 0; i < in.count; i++) {
        approval_package(&a, in.names[i], in.files[i]);
    }
    int status = approval_close(&a);
    if (output != NULL) {
        bundle_write(output, in.files, in.names, in.count);
    }
    return status;
}
