/* SPDX-License-Identifier: MIT */
/**
 * lx: the host's tool for keys, packages, approvals, chains and volumes of files. One program, one table of commands (commands.c); each command
 * is a function that gets its options and operands, does one thing, says what it did, and returns the exit status.
 *
 * Owns:   the files of keys (docs/spec/keys.md).    Uses: block, package, signer, sigchain, node and its rooms, jansson, libcurl,
 *         libmicrohttpd, hosttool, fs, gpt, fscipher, keystore.
 * Trust:  it runs with its user's rights; all files but the user's own seeds are untrusted.
 * Limits: CHAIN_REGISTERS_MAX registers a chain; files that fit into memory. What it allocates lives until it exits.
 */
#ifndef LX_TOOL_H
#define LX_TOOL_H

#include <jansson.h>
#include <stdio.h>

#include "hosttool.h"
#include "package.h"
#include "signer.h"

/* ---- commands ------------------------------------------------------------------------------------------------------- */

#define STATUS_OK      0
#define STATUS_REFUSED 1 /* also: could not; the sentence says which */
#define STATUS_USAGE   2

/** Every option of every command; commands say which they have. Descriptions are in options.c. */
enum option {
    OPTION_KEYS,
    OPTION_FALCON,
    OPTION_KEY,
    OPTION_FILE,
    OPTION_OUTPUT,
    OPTION_NAME,
    OPTION_APPS,
    OPTION_EXACT,
    OPTION_MIN_SEQ,
    OPTION_REMOVE,
    OPTION_OWNER,
    OPTION_ANCHOR,
    OPTION_OWNER_CHAIN,
    OPTION_LIST,
    OPTION_SEEN,
    OPTION_LIST_SEEN,
    OPTION_PIN,
    OPTION_PROOF,
    OPTION_BLOCK,
    OPTION_NETWORK,
    OPTION_JSON,
    OPTION_PROGRAMS,
    OPTION_KERNEL,
    OPTION_LINES,
    OPTION_NODE,
    OPTION_TIMEOUT,
    OPTION_AUTH,
    OPTION_CA,
    OPTION_BLOCKS,
    OPTION_LISTEN,
    OPTION_STORE,
    OPTION_SIZE,
    OPTION_INTERVAL,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_HASH,
    OPTION_DEVICE_SECRET,
    OPTION_SNAPSHOT,
    OPTION_LONG,
    OPTION_RECURSIVE,
    OPTION_REPAIR,
    OPTION_COUNT
};

/** A command line that fits its command. */
struct arguments {
    const char *options[OPTION_COUNT]; /**< value, or "" of one without; NULL when not given */
    int count;
    char **operands;
};

struct command {
    const char *name;     /**< one word or two */
    const char *operands; /**< as in a synopsis */
    uint64_t options;     /**< bit n: enum option n */
    int least, most;      /**< how many operands */
    int (*run)(const struct arguments *args);
    const char *summary; /**< one line */
    const char *text;    /**< paragraphs, lines of at most 100 characters */
};

extern const struct command commands[];
extern const size_t command_count;

struct option_form {
    const char *name; /**< without -- */
    char letter;      /**< 0: none */
    const char *value; /**< what it takes; NULL: nothing */
    const char *text;
};

extern const struct option_form option_forms[OPTION_COUNT];

/** Reads the rest of a command line. Ends the program with STATUS_USAGE when it does not fit. */
void arguments_read(const struct command *command, int argc, char **argv, struct arguments *out);
/** The same end, with a sentence and how the command is called. */
NORETURN void bad_usage(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);
/** The value of an option, as a number. Ends the program when it is none. */
uint64_t option_number(const struct arguments *args, enum option option);

int key_new(const struct arguments *args);
int key_list(const struct arguments *args);
int key_show(const struct arguments *args);
int key_export(const struct arguments *args);
int pack(const struct arguments *args);
int sign(const struct arguments *args);
int withdraw(const struct arguments *args);
int approve(const struct arguments *args);
int bundle(const struct arguments *args);
int install(const struct arguments *args);
int transfer(const struct arguments *args);
int claim(const struct arguments *args);
int chain_export(const struct arguments *args);
int chain_import(const struct arguments *args);
int verify(const struct arguments *args);
int inspect(const struct arguments *args);
int chain_show(const struct arguments *args);
int chain_check(const struct arguments *args);
int chain_diff(const struct arguments *args);
int symbolize(const struct arguments *args);
int ledger_serve(const struct arguments *args);
int ledger_publish(const struct arguments *args);
int ledger_fetch(const struct arguments *args);
int ledger_status(const struct arguments *args);
int trace(const struct arguments *args);
int fs_mkfs(const struct arguments *args);
int fs_ls(const struct arguments *args);
int fs_cat(const struct arguments *args);
int fs_cp(const struct arguments *args);
int fs_root(const struct arguments *args);
int fs_stat(const struct arguments *args);
int fs_dump(const struct arguments *args);
int fs_snapshot(const struct arguments *args);
int fs_fsck(const struct arguments *args);
int help(const struct arguments *args);
int completion(const struct arguments *args);
int manual(const struct arguments *args);

struct topic {
    const char *name, *summary, *text;
};

extern const struct topic topics[];
extern const size_t topic_count;

/* ---- files ---------------------------------------------------------------------------------------------------------- */

/** Replaces a file at once: writes beside it, fsync, rename, fsync of the directory. Ends the program when it cannot. */
void file_replace(const char *path, const void *bytes, size_t len_bytes, unsigned mode);
/** Makes a rename in the directory of this path durable. Ends the program when it cannot. */
void sync_directory(const char *path);
bool file_exists(const char *path);
/** Concatenates strings up to a NULL into fresh memory. */
char *join(const char *first, ...) __attribute__((sentinel));
/** A path relative to the directory of another file, unless it is absolute. */
char *path_beside(const char *file, const char *path);
char *directory_of(const char *path);

/* ---- chains --------------------------------------------------------------------------------------------------------- */

#define CHAIN_REGISTERS_MAX 4096u

/** A chain on our network, from a file. */
struct chain {
    struct cursor bytes; /**< the file */
    struct sigchain_verifier verifier;
    bool is_verified; /**< else verifier.refusal says why */
};

/** Describes a network by its name; NULL: ours. */
void chain_network(const char *name, struct sigchain_network *out);
/**
 * The bytes of the chain that a word names: a chain file, a signed package, or a key of the user's. Ends the program with a sentence when
 * it names none.
 */
struct cursor chain_named(const struct arguments *args, const char *word);
/** Starts a verifier for a chain of a network; the pins are borrowed. */
void chain_start(struct chain *chain, const char *network, const struct sigchain_pin *pins, size_t pin_count);
/** Verifies a chain file's bytes of our network, which are borrowed. Nothing ends here. */
void chain_verify(struct chain *chain, struct cursor bytes);
/** The record of an app at an address. @return false when there is none that this chain made. */
bool chain_app(const struct chain *chain, const struct u256 *address, struct record_app *out);

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

#define KEY_NAME_CHARS_MAX 64u

/** A key of the user: seed and verified chain. It is wiped by key_close. */
struct key {
    const char *name;
    char *seed_path, *chain_path, *list_path;
    struct signer_seed seed;
    struct u256 genesis;
    struct chain chain;
    int lock; /**< a descriptor while this process may sign, else -1 */
};

enum key_use { KEY_READ, KEY_SIGN };

/** Opens a key; KEY_SIGN waits until no other process signs with it. Ends the program with a sentence when it cannot. */
void key_open(struct key *key, const char *directory, const char *name, enum key_use use);
void key_close(struct key *key);
/** Makes a new key one of Falcon's. */
void key_make_falcon(struct key *key);
/** Writes the seed's file. */
void key_write_seed(const struct key *key);
/** The directory of keys that a command line means: --keys, or the user's. */
const char *key_directory(const struct arguments *args);

/** Starts a signer with fresh random bytes and the time; what it signs is in key->chain, and on disk after key_commit. */
void key_signer(struct key *key, struct signer *out);
/** Ends the program when `err` says that signing failed. */
void key_must(const struct key *key, enum lx_err err);
/** Writes the chain with the transaction that the signer has made. */
void key_commit(struct key *key, const struct signer *signer);
/** The owner's record of approvals on a key's chain. @return false when there is none yet. */
bool key_installed(const struct key *key, struct record_installed *out);
/** The owner's list as on disk, after what was interrupted has been finished or undone; empty when there is none. */
struct bytes key_list_read(const struct key *key);

/** What a chain has released: an array of one object a record. */
json_t *releases_of(const struct chain *chain);

/** Writes packages, one of each app, into a bundle. Ends the program when they make none. */
void bundle_write(const char *path, const struct bytes *files, const char *const *names, uint32_t count);

/* ---- packages ------------------------------------------------------------------------------------------------------- */

/** A package from a file, opened. Ends the program when it is none. */
struct bytes package_read(const char *path, struct package *out);
/** The same package with another chain, as a file's bytes. */
struct bytes package_with_chain(const struct package *p, struct cursor chain);

/* ---- reports -------------------------------------------------------------------------------------------------------- */

/** Prints rows (an array of objects that have the same keys), as a table or as JSON; the rows are given away. */
void report_rows(json_t *rows, bool as_json);
/** Prints one object, a line a member, or as JSON; it is given away. */
void report_object(json_t *object, bool as_json);
/** json_pack that ends the program instead of failing. */
json_t *pack_json(const char *format, ...);
json_t *json_hash(const uint8_t *bytes, size_t len_bytes);      /**< hex, in the order of the bytes */
json_t *json_id(const struct u256 *id);                         /**< hex as people write ids */
json_t *json_txid(const struct u512 *id);
/** A number of somebody else's; as text where JSON's own cannot hold it. */
json_t *json_number(uint64_t n);
json_t *json_time(uint64_t seconds); /**< as in 2027-01-15 08:00:00Z */

#endif
