/* SPDX-License-Identifier: MIT */
/** lx sign, lx withdraw: the developer's word for a package goes onto his chain, and the chain into the package. */
#include <string.h>

#include "http.h"

struct bytes package_read(const char *path, struct package *out)
{
    struct package_refusal why;
    struct bytes file = read_file(path);
    if (!package_open(file.at, file.len_bytes, out, &why)) {
        fail("%s: %s", path, why.sentence);
    }
    return file;
}

struct bytes package_with_chain(const struct package *p, struct cursor chain)
{
    struct package_part *parts = zalloc(p->object_count * sizeof *parts);
    for (uint32_t i = 0; i < p->object_count; i++) {
        struct package_object o;
        package_object(p, i, &o);
        parts[i] = (struct package_part){o.root, o.size_bytes, o.bytes, o.leaves};
    }
    uint64_t size = package_bytes(p->manifest.bytes.left_bytes, chain.left_bytes, parts, p->object_count);
    struct writer w = writer_of(zalloc((size_t)size), (size_t)size);
    package_put(&w, p->manifest.bytes, chain, parts, p->object_count);
    assert(!w.overflow && w.used_bytes == size);
    return (struct bytes){w.bytes, w.used_bytes};
}

/** Writes the package anew with this chain. @return false when it has it already. */
static bool put_chain(const char *path, const struct package *p, struct cursor chain)
{
    if (p->chain.left_bytes == chain.left_bytes && memcmp(p->chain.at, chain.at, chain.left_bytes) == 0) {
        return false;
    }
    struct bytes file = package_with_chain(p, chain);
    file_replace(path, file.at, file.len_bytes, 0644);
    return true;
}

/** Ends the program unless the package is of this key, and sound. */
static void check(const char *path, const struct package *p, const struct key *key)
{
    struct package_refusal why;
    struct u256 address;
    const struct manifest *m = &p->manifest;
    signer_address(&key->seed, m->name, &address);
    if (!u256_equal(&m->developer, &key->genesis) || !u256_equal(&m->app_register, &address)) {
        fail("%s was packed for another key than %s; pack it again with --key %s", path, key->name, key->name);
    }
    if (!package_check(p, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why)) {
        fail("%s: %s", path, why.sentence);
    }
}

/** Signs what is new. @return false when this very package has been signed already. */
static bool release(const char *path, const struct package *p, struct key *key)
{
    static struct signer signer;
    struct record_app record;
    const struct manifest *m = &p->manifest;
    uint64_t next = 1;
    if (chain_app(&key->chain, &m->app_register, &record)) {
        bool is_this = memcmp(record.manifest.bytes, p->id.bytes, SHA256_BYTES) == 0;
        if (is_this && record.revoked) {
            fail("%s: %s %llu has been withdrawn; pack it again, so that it gets a new number", path, m->name,
                 (unsigned long long)m->seq);
        }
        if (is_this) {
            return false;
        }
        next = record.seq + 1;
    }
    if (m->seq != next) {
        fail("%s: its number is %llu, and the next release of %s with key %s is %llu; pack it again", path,
             (unsigned long long)m->seq, m->name, key->name, (unsigned long long)next);
    }
    record = (struct record_app){.seq = m->seq};
    memcpy(record.app, m->name, sizeof record.app);
    memcpy(record.manifest.bytes, p->id.bytes, SHA256_BYTES);
    key_signer(key, &signer);
    key_must(key, signer_put_app(&signer, &m->app_register, &record));
    key_commit(key, &signer);
    return true;
}

int sign(const struct arguments *args)
{
    struct package p;
    struct key key;
    const char *path = args->operands[0];
    if (args->options[OPTION_KEY] == NULL) {
        fail("who signs? add --key NAME");
    }
    key_open(&key, key_directory(args), args->options[OPTION_KEY], KEY_SIGN);
    node_before_signing(args, &key);
    package_read(path, &p);
    check(path, &p, &key);
    bool is_new = release(path, &p, &key);
    bool is_written = put_chain(path, &p, key.chain.bytes);
    unsigned long long seq = p.manifest.seq;
    if (is_new) {
        printf("%s: signed %s %llu with key %s, transaction %u of its chain\n", path, p.manifest.name, seq, key.name,
               (unsigned)sigchain_sequence(&key.chain.verifier));
    } else {
        printf("%s: %s %llu is signed already, nothing was signed%s\n", path, p.manifest.name, seq,
               is_written ? "; the chain was put in" : "");
    }
    int status = node_after_signing(args, &key);
    key_close(&key);
    return status;
}

int withdraw(const struct arguments *args)
{
    static struct signer signer;
    struct key key;
    struct u256 address;
    struct record_app record;
    const char *app = args->operands[0];
    if (args->options[OPTION_KEY] == NULL) {
        fail("who withdraws? add --key NAME");
    }
    key_open(&key, key_directory(args), args->options[OPTION_KEY], KEY_SIGN);
    node_before_signing(args, &key);
    signer_address(&key.seed, app, &address);
    if (!chain_app(&key.chain, &address, &record)) {
        fail("key %s has never released %s; lx key show %s lists what it has", key.name, app, key.name);
    }
    if (record.revoked) {
        printf("%s %llu is withdrawn already, nothing was signed\n", app, (unsigned long long)record.seq);
    } else {
        record.revoked = true;
        key_signer(&key, &signer);
        key_must(&key, signer_put_app(&signer, &address, &record));
        key_commit(&key, &signer);
        printf("%s %llu is withdrawn, by transaction %u of the chain of key %s; whoever gets this chain refuses it\n", app,
               (unsigned long long)record.seq, (unsigned)sigchain_sequence(&key.chain.verifier), key.name);
    }
    int status = node_after_signing(args, &key);
    key_close(&key);
    return status;
}
