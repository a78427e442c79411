/* SPDX-License-Identifier: MIT */
/**
 * Keys on disk: seed, chain, list and lock of each, changed so that neither a crash nor a second process can make a fork.
 * Source: docs/spec/keys.md sections 3 and 4
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keys.h"
#include "llc_kdf.h"

#define NETWORK_NAME   "lx-os"
#define SEED_BYTES_MAX (SIGNER_SEED_BYTES + 1) /* of a Falcon key: its signature type stands behind */

void network_of_lx(struct sigchain_network *out)
{
    const char *name = getenv("LX_NETWORK");
    if (name == NULL || name[0] == '\0') {
        name = NETWORK_NAME;
    }
    if (strcmp(name, "main") == 0 || strcmp(name, "test") == 0) {
        fail("LX_NETWORK=%s: keys are of a hybrid network, by its name, or private", name);
    }
    bool is_private = strcmp(name, "private") == 0;
    sigchain_network_of(is_private ? NETWORK_PRIVATE : NETWORK_HYBRID, is_private ? NULL : name, out);
}

/* ---- chains --------------------------------------------------------------------------------------------------------- */

void chain_network(const char *name, struct sigchain_network *out)
{
    if (name == NULL) {
        network_of_lx(out);
    } else if (strcmp(name, "main") == 0) {
        sigchain_network_of(NETWORK_MAIN, NULL, out);
    } else if (strcmp(name, "test") == 0) {
        sigchain_network_of(NETWORK_TEST, NULL, out);
    } else if (strcmp(name, "private") == 0) {
        sigchain_network_of(NETWORK_PRIVATE, NULL, out);
    } else {
        sigchain_network_of(NETWORK_HYBRID, name, out);
    }
}

void chain_start(struct chain *chain, const char *network, const struct sigchain_pin *pins, size_t pin_count)
{
    struct sigchain_setup setup = {.register_capacity = CHAIN_REGISTERS_MAX, .check_work = kdf_check_work};
    chain_network(network, &setup.network);
    setup.registers = zalloc(CHAIN_REGISTERS_MAX * sizeof *setup.registers);
    setup.pins = pins;
    setup.pin_count = pin_count;
    *chain = (struct chain){.is_verified = false};
    sigchain_verifier_init(&chain->verifier, &setup);
}

void chain_verify(struct chain *chain, struct cursor bytes)
{
    chain_start(chain, NULL, NULL, 0);
    chain->bytes = bytes;
    chain->is_verified = sigchain_verify_file(&chain->verifier, bytes.at, bytes.left_bytes);
}

bool chain_app(const struct chain *chain, const struct u256 *address, struct record_app *out)
{
    const struct sigchain_register *r = sigchain_find(&chain->verifier, address);
    return r != NULL && r->origin == SIGCHAIN_CREATED && record_app_read(&r->state, out) == LX_OK;
}

/* ---- where they are ------------------------------------------------------------------------------------------------- */

const char *key_directory(const struct arguments *args)
{
    const char *own = getenv("LX_KEYS");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (args->options[OPTION_KEYS] != NULL) {
        return args->options[OPTION_KEYS];
    }
    if (own != NULL && own[0] != '\0') {
        return own;
    }
    if (data != NULL && data[0] != '\0') {
        return join(data, "/lx-os/keys", NULL);
    }
    if (home == NULL) {
        fail("there is no HOME to look for keys in; name their directory with --keys");
    }
    return join(home, "/.local/share/lx-os/keys", NULL);
}

bool key_name_is_valid(const char *name)
{
    size_t chars = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return chars > 0 && chars <= KEY_NAME_CHARS_MAX && name[chars] == '\0' && name[0] != '_' && name[0] != '-';
}

void key_paths(struct key *key, const char *directory, const char *name)
{
    memset(key, 0, sizeof *key);
    key->lock = -1;
    key->name = name;
    if (!key_name_is_valid(name)) {
        fail("\"%s\" cannot be a key's name; use 1 to %u of a-z 0-9 _ -, a letter or digit first", name,
             KEY_NAME_CHARS_MAX);
    }
    key->seed_path = join(directory, "/", name, NULL);
    key->chain_path = join(key->seed_path, ".chain", NULL);
    key->list_path = join(key->seed_path, ".list", NULL);
}

void key_lock(struct key *key)
{
    const char *path = join(key->seed_path, ".lock", NULL);
    key->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (key->lock < 0 || flock(key->lock, LOCK_EX) != 0) {
        fail("cannot lock %s: %s", path, strerror(errno));
    }
}

/* ---- seeds ---------------------------------------------------------------------------------------------------------- */

void key_make_falcon(struct key *key)
{
    key->seed.falcon = zalloc(sizeof *key->seed.falcon);
}

/** Takes a seed file's bytes. @return false when they are none. */
static bool seed_take(struct key *key, struct bytes file)
{
    bool is_falcon = file.len_bytes == SEED_BYTES_MAX && file.at[SIGNER_SEED_BYTES] == SIGNATURE_FALCON;
    if (file.len_bytes != SIGNER_SEED_BYTES && !is_falcon) {
        return false;
    }
    memcpy(key->seed.bytes, file.at, SIGNER_SEED_BYTES);
    if (is_falcon) {
        key_make_falcon(key);
    }
    return true;
}

void key_write_seed(const struct key *key)
{
    uint8_t file[SEED_BYTES_MAX];
    memcpy(file, key->seed.bytes, SIGNER_SEED_BYTES);
    file[SIGNER_SEED_BYTES] = SIGNATURE_FALCON;
    file_replace(key->seed_path, file, key->seed.falcon != NULL ? SEED_BYTES_MAX : SIGNER_SEED_BYTES, 0600);
    wipe(file, sizeof file);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static void read_seed(struct key *key)
{
    struct stat info;
    if (stat(key->seed_path, &info) != 0) {
        fail("there is no key %s: %s: %s; make it with lx key new %s", key->name, key->seed_path, strerror(errno),
             key->name);
    }
    if ((info.st_mode & 077) != 0) {
        fail("%s can be read by others; if nobody has, correct that with chmod 600 %s", key->seed_path, key->seed_path);
    }
    struct bytes file = read_file(key->seed_path);
    if (!seed_take(key, file)) {
        fail("%s is no key: it has %zu bytes, not %u (or one more, 01, for Falcon); restore it", key->seed_path,
             file.len_bytes, SIGNER_SEED_BYTES);
    }
    wipe(file.at, file.len_bytes);
    struct sigchain_network network;
    network_of_lx(&network);
    if (signer_genesis(&key->seed, &network, &key->genesis) != LX_OK) {
        fail("%s cannot be used; make another key", key->seed_path);
    }
}

static void read_chain(struct key *key)
{
    if (!file_exists(key->chain_path)) {
        fail("%s is missing; restore it: beginning again would fork the chain, which ends the key's use",
             key->chain_path);
    }
    struct bytes file = read_file(key->chain_path);
    chain_verify(&key->chain, cursor_of(file.at, file.len_bytes));
    bool is_empty = key->chain.verifier.refusal.rule == SIGCHAIN_NO_CHAIN;
    if (!key->chain.is_verified && !is_empty) {
        fail("%s: %s; restore it", key->chain_path, key->chain.verifier.refusal.sentence);
    }
    if (key->chain.is_verified && !u256_equal(&key->chain.verifier.genesis, &key->genesis)) {
        fail("%s is the chain of another key than %s; restore both", key->chain_path, key->seed_path);
    }
}

void key_open(struct key *key, const char *directory, const char *name, enum key_use use)
{
    key_paths(key, directory, name);
    if (use == KEY_SIGN && file_exists(key->seed_path)) {
        key_lock(key);
    }
    read_seed(key);
    read_chain(key);
}

void key_close(struct key *key)
{
    wipe(key->seed.bytes, sizeof key->seed.bytes);
    free(key->seed.falcon); /* wiped after each use */
    key->seed.falcon = NULL;
    if (key->lock >= 0) {
        close(key->lock);
        key->lock = -1;
    }
}

/* ---- signing -------------------------------------------------------------------------------------------------------- */

void key_signer(struct key *key, struct signer *out)
{
    assert(key->lock >= 0);
    memset(out, 0, sizeof *out);
    out->seed = &key->seed;
    out->chain = &key->chain.verifier;
    out->time_s = (uint64_t)time(NULL);
    if (getentropy(out->random, sizeof out->random) != 0) {
        fail("cannot get random bytes: %s", strerror(errno));
    }
}

void key_must(const struct key *key, enum lx_err err)
{
    if (err == LX_EBADMSG) {
        fail("%s: %s", key->chain_path, key->chain.verifier.refusal.sentence);
    }
    if (err != LX_OK) {
        fail("cannot sign with key %s: %s", key->name, lx_err_name(err));
    }
}

void key_commit(struct key *key, const struct signer *signer)
{
    struct cursor old = key->chain.bytes;
    size_t cap = old.left_bytes + 4 + signer->len_bytes;
    struct writer w = writer_of(zalloc(cap), cap);
    assert(key->lock >= 0);
    chain_file_put_head(&w, key->chain.verifier.transaction_count);
    writer_put(&w, old.at + CHAIN_FILE_HEAD_BYTES, old.left_bytes - CHAIN_FILE_HEAD_BYTES);
    chain_file_put_transaction(&w, signer->bytes, signer->len_bytes);
    assert(!w.overflow && w.used_bytes == cap);
    file_replace(key->chain_path, w.bytes, w.used_bytes, 0644);
    key->chain.bytes = cursor_of(w.bytes, w.used_bytes);
    key->chain.is_verified = true;
}

/* ---- an owner's list ------------------------------------------------------------------------------------------------ */

bool key_installed(const struct key *key, struct record_installed *out)
{
    struct u256 address;
    signer_address(&key->seed, SIGNER_INSTALLED_NAME, &address);
    const struct sigchain_register *r = sigchain_find(&key->chain.verifier, &address);
    return r != NULL && record_installed_read(&r->state, out) == LX_OK;
}

static bool list_is_signed(struct bytes list, const struct record_installed *record)
{
    struct hash256 root;
    tree_root_of_bytes(list.at, list.len_bytes, &root);
    return memcmp(root.bytes, record->list.bytes, SHA256_BYTES) == 0;
}

struct bytes key_list_read(const struct key *key)
{
    struct record_installed record;
    const char *fresh = join(key->list_path, ".new", NULL);
    bool is_signed = key_installed(key, &record);
    if (key->lock >= 0 && file_exists(fresh)) {
        bool is_the_one = is_signed && list_is_signed(read_file(fresh), &record);
        if ((is_the_one ? rename(fresh, key->list_path) : unlink(fresh)) != 0) {
            fail("cannot finish what was interrupted at %s: %s", fresh, strerror(errno));
        }
    }
    if (!is_signed) {
        return (struct bytes){NULL, 0};
    }
    struct bytes list = read_file(key->list_path);
    if (!list_is_signed(list, &record)) {
        fail("%s is not the list that key %s signed last; restore it", key->list_path, key->name);
    }
    return list;
}
