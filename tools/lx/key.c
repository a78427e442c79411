/* SPDX-License-Identifier: MIT */
/** lx key new, list, show, export. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

/* ---- new ------------------------------------------------------------------------------------------------------------ */

static void make_directory(const char *path)
{
    char *parent = directory_of(path);
    if (file_exists(path)) {
        return;
    }
    for (size_t i = 1; parent[i - 1] != '\0'; i++) { /* each directory on the way, from the root */
        if (parent[i] == '/' || parent[i] == '\0') {
            char *part = join(parent, NULL);
            part[i] = '\0';
            if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
                fail("cannot make directory %s: %s", part, strerror(errno));
            }
            free(part);
        }
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        fail("cannot make directory %s: %s", path, strerror(errno));
    }
}

/** The chain comes first: a key without one would be refused, one of a key that never was is taken over. */
static void make_chain(const struct key *key)
{
    uint8_t head[CHAIN_FILE_HEAD_BYTES];
    struct writer w = writer_of(head, sizeof head);
    chain_file_put_head(&w, 0);
    if (file_exists(key->chain_path)) {
        struct bytes there = read_file(key->chain_path);
        if (there.len_bytes != sizeof head || memcmp(there.at, head, sizeof head) != 0) {
            fail("%s is there, and its key is not; restore the key, or take another name", key->chain_path);
        }
    }
    file_replace(key->chain_path, head, sizeof head, 0644);
}

int key_new(const struct arguments *args)
{
    struct key key;
    const char *directory = key_directory(args);
    struct sigchain_network network;
    key_paths(&key, directory, args->operands[0]);
    make_directory(directory);
    key_lock(&key);
    if (file_exists(key.seed_path)) {
        fail("there is a key %s already: %s; take another name", key.name, key.seed_path);
    }
    network_of_lx(&network);
    if (getentropy(key.seed.bytes, sizeof key.seed.bytes) != 0) {
        fail("cannot get random bytes: %s", strerror(errno));
    }
    if (args->options[OPTION_FALCON] != NULL) {
        key_make_falcon(&key);
    }
    if (signer_genesis(&key.seed, &network, &key.genesis) != LX_OK) {
        fail("these random bytes are no key; try again");
    }
    make_chain(&key);
    key_write_seed(&key);
    char hex[2 * U256_BYTES + 1];
    hex_of_mem(key.genesis.bytes, U256_BYTES, hex);
    printf("key %s: id %s, in %s; keep a copy of that file in a safe place\n", key.name, hex, key.seed_path);
    key_close(&key);
    return STATUS_OK;
}

/* ---- list, show ----------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** The names of all keys: seeds that have a chain beside them. */
static char **key_names(const char *directory, size_t *count)
{
    DIR *d = opendir(directory);
    char **names = zalloc(sizeof *names);
    *count = 0;
    for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d)) {
        if (!key_name_is_valid(e->d_name) || !file_exists(join(directory, "/", e->d_name, ".chain", NULL))) {
            continue;
        }
        names = realloc(names, (*count + 1) * sizeof *names);
        if (names == NULL) {
            fail("out of memory");
        }
        names[(*count)++] = join(e->d_name, NULL);
    }
    if (d != NULL) {
        closedir(d);
    }
    qsort(names, *count, sizeof *names, by_name);
    return names;
}

int key_list(const struct arguments *args)
{
    const char *directory = key_directory(args);
    size_t count;
    char **names = key_names(directory, &count);
    json_t *rows = pack_json("[]");
    for (size_t i = 0; i < count; i++) {
        struct key key;
        key_open(&key, directory, names[i], KEY_READ);
        json_array_append_new(rows, pack_json("{s:s, s:i, s:o}", "name", key.name, "transactions",
                                              (int)key.chain.verifier.transaction_count, "id", json_id(&key.genesis)));
        key_close(&key);
    }
    if (count == 0 && args->options[OPTION_JSON] == NULL) {
        printf("no keys in %s; make one with lx key new NAME\n", directory);
    }
    report_rows(rows, args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}

/** What a chain has released, a row a record. */
json_t *releases_of(const struct chain *chain)
{
    json_t *rows = pack_json("[]");
    const struct sigchain_verifier *v = &chain->verifier;
    for (size_t i = 0; i < v->register_count; i++) {
        const struct sigchain_register *r = &v->setup.registers[i];
        struct record_app app;
        if (sigchain_find(v, &r->address) != r || record_app_read(&r->state, &app) != LX_OK) {
            continue;
        }
        json_array_append_new(rows, pack_json("{s:s, s:o, s:b, s:o, s:o}", "app", app.app, "release",
                                              json_number(app.seq), "withdrawn", (int)app.revoked, "signed",
                                              json_time(r->state.modified), "package",
                                              json_hash(app.manifest.bytes, U256_BYTES)));
    }
    return rows;
}

int key_show(const struct arguments *args)
{
    struct key key;
    struct record_installed installed;
    key_open(&key, key_directory(args), args->operands[0], KEY_READ);
    const struct sigchain_verifier *v = &key.chain.verifier;
    json_t *out = pack_json("{s:s, s:o, s:i}", "name", key.name, "id", json_id(&key.genesis), "transactions",
                            (int)v->transaction_count);
    if (v->transaction_count > 0) {
        json_object_set_new(out, "first", json_txid(&v->first_txid));
        json_object_set_new(out, "last", json_txid(&v->txid));
        json_object_set_new(out, "time", json_time(v->timestamp));
    }
    if (key_installed(&key, &installed)) {
        json_object_set_new(out, "approvals", json_number(installed.seq));
    }
    json_t *releases = releases_of(&key.chain);
    if (json_array_size(releases) > 0) {
        json_object_set_new(out, "releases", releases);
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
    key_close(&key);
    return STATUS_OK;
}

/* ---- export --------------------------------------------------------------------------------------------------------- */

int key_export(const struct arguments *args)
{
    struct key key;
    const char *prefix = args->operands[1];
    uint8_t bytes[ANCHOR_BYTES];
    struct writer w = writer_of(bytes, sizeof bytes);
    key_open(&key, key_directory(args), args->operands[0], KEY_SIGN); /* so that chain and list belong together */
    if (key.chain.verifier.transaction_count == 0) {
        fail("key %s has signed nothing yet, so there is nothing to export; sign or approve something first", key.name);
    }
    struct bytes list = key_list_read(&key);
    anchor_put(&w, &(struct anchor){key.genesis, key.chain.verifier.first_txid});
    file_replace(join(prefix, ".chain", NULL), key.chain.bytes.at, key.chain.bytes.left_bytes, 0644);
    file_replace(join(prefix, ".anchor", NULL), bytes, sizeof bytes, 0644);
    if (list.at != NULL) {
        file_replace(join(prefix, ".list", NULL), list.at, list.len_bytes, 0644);
    }
    printf("%s.chain %s.anchor%s%s%s\n", prefix, prefix, list.at == NULL ? "" : " ", list.at == NULL ? "" : prefix,
           list.at == NULL ? "" : ".list");
    key_close(&key);
    return STATUS_OK;
}
