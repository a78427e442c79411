/* SPDX-License-Identifier: MIT */
/**
 * Package: what is installed and who may install it. Reads and writes manifests (what a package consists of), container
 * files (a manifest with its developer's chain and all its objects), lists of approvals, anchors, and decides whether a
 * package is authorised.
 *
 * How to get from bytes to a decision:
 *   package_open         the container and its manifest are well formed, and belong together
 *   package_check        objects are what the manifest says, programs are sound
 *   sigchain_verify_file of the developer's chain (package.chain) and the owner's
 *   authority_decide     both chains stand for just this package
 *
 * Owns:   nothing; everything borrows the caller's bytes.    Uses: base, tree, cbor, elf, format, llc, register, sigchain.
 * Trust:  all bytes are untrusted. They must not change while they are in use: who cannot promise that copies them first.
 * Limits: the constants below. No allocation, no recursion; O(bytes), and O(log objects) more a file.
 * Source: docs/spec/package.md; reasons in docs/design/packages.md
 */
#ifndef LX_PACKAGE_H
#define LX_PACKAGE_H

#include "base.h"
#include "cbor.h"
#include "elf.h"
#include "llc.h"
#include "sigchain.h"
#include "tree.h"

/* ---- refusals ------------------------------------------------------------------------------------------------------- */

/** Why bytes are no manifest, package, list or anchor. */
enum package_rule {
    PACKAGE_OK = 0,

    /* Manifests and lists: */
    PACKAGE_TOO_LARGE,  /**< more bytes, files, objects or entries than the limits */
    PACKAGE_CBOR,       /**< not deterministic CBOR, or not just the keys that there are */
    PACKAGE_VERSION,    /**< another version of the format, or another format */
    PACKAGE_NAME,       /**< no name of an app, architecture, device or developer */
    PACKAGE_SEQ,        /**< a sequence number of 0 */
    PACKAGE_VALUE,      /**< a number outside of what it may be: user, group, per cent */
    PACKAGE_KIND,       /**< a file that is neither file, link nor dir */
    PACKAGE_MODE,       /**< rights that a package cannot give, such as set-user-ID */
    PACKAGE_PATH,       /**< not absolute, not normalised, too long, or with characters that none may have */
    PACKAGE_OWN_PATH,   /**< where the system has files of its own */
    PACKAGE_ORDER,      /**< entries out of order */
    PACKAGE_TWICE,      /**< an entry twice */
    PACKAGE_UNDER_FILE, /**< a path under one that is no directory */
    PACKAGE_TARGET,     /**< a link's target that cannot be */
    PACKAGE_PROGRAM,    /**< a program that is refused: the sentence says why */

    /* Containers: */
    PACKAGE_MAGIC,          /**< not a container */
    PACKAGE_LENGTH,         /**< cut, or bytes behind the end */
    PACKAGE_RESERVED,       /**< a reserved field that is not zero */
    PACKAGE_PADDING,        /**< padding that is not zero */
    PACKAGE_PLACE,          /**< an object at another place than it must have */
    PACKAGE_CHAIN,          /**< what stands in the chain's place is no chain file */
    PACKAGE_OBJECT_MISSING, /**< a file whose object is not there */
    PACKAGE_OBJECT_SIZE,    /**< a file whose object has another size */
    PACKAGE_OBJECT_UNUSED,  /**< an object that no file has */

    /* Contents: */
    PACKAGE_LEAVES,          /**< leaf hashes that do not give the object's root */
    PACKAGE_BYTES,           /**< bytes that do not give their leaf hash */
    PACKAGE_VERITY,          /**< bytes that do not give the fs-verity digest */
    PACKAGE_PROGRAM_DIFFERS, /**< the manifest describes another program than the file is */
    PACKAGE_PROGRAM_MISSING, /**< an executable ELF file that the manifest does not describe */

    PACKAGE_ANCHOR, /**< not an anchor */
};

#define PACKAGE_SENTENCE_CHARS 400u

struct package_refusal {
    enum package_rule rule;
    char sentence[PACKAGE_SENTENCE_CHARS]; /**< what is wrong, where, what to do; no full stop */
};

/* ---- manifests ------------------------------------------------------------------------------------------------------ */

#define MANIFEST_BYTES_MAX       0x1000000u
#define MANIFEST_FILES_MAX       65536u
#define MANIFEST_PATH_BYTES_MAX  1024u /**< and 255 of one component */
#define MANIFEST_ARCH_CHARS_MAX  32u
#define MANIFEST_REQUESTS_MAX    64u /**< of files, and of devices */
#define MANIFEST_OBJECT_BYTES_MAX UINT32_MAX

#define MANIFEST_ARCH "aarch64-linux"

/** What a package asks for. It is granted by policy, which stands elsewhere. */
struct manifest_requests {
    uint64_t memory_bytes; /**< 0: whatever the system gives */
    uint32_t cpu_percent;  /**< of one core, 0 to 100; 0: whatever the system gives */
    bool network;
    uint32_t file_count;
    uint32_t device_count;
    struct cursor files;
    struct cursor devices;
};

/** A manifest that keeps all rules of its format. It borrows the bytes. */
struct manifest {
    struct cursor bytes;
    char name[RECORD_APP_CHARS_MAX + 1]; /**< as in the record app/1 */
    char arch[MANIFEST_ARCH_CHARS_MAX + 1];
    uint64_t seq;               /**< from 1 */
    struct u256 developer;      /**< genesis id of the chain that must release it */
    struct u256 app_register;   /**< address of the record app/1 on that chain */
    struct hash256 provenance;  /**< SHA-256 of the description that it was built from */
    struct manifest_requests requests;
    uint32_t file_count;
    struct cursor files;
};

enum manifest_kind { MANIFEST_FILE, MANIFEST_LINK, MANIFEST_DIR };

/** One entry. Paths and targets are borrowed, and not terminated. */
struct manifest_file {
    struct cursor path; /**< absolute, without . and .., printable UTF-8; parents stand before what is in them */
    enum manifest_kind kind;
    uint32_t mode; /**< up to 0777, of directories up to 01777; of links 0777 */
    uint32_t uid, gid;

    /* Of a link: */
    struct cursor target;

    /* Of a file: */
    uint64_t size_bytes;
    struct hash256 root;   /**< lib/tree */
    struct hash256 verity; /**< fs-verity's file digest: SHA-256, 4 KiB blocks, no salt */
    bool is_program;
    struct elf_program program; /**< if it is: how it is mapped */
};

/**
 * Reads a manifest that takes up all the bytes, which are untrusted: every rule but those that need the objects.
 * @return false with `why` set; then `out` may be partly written.
 */
MUST_USE bool manifest_parse(const void *bytes, size_t len_bytes, struct manifest *out, struct package_refusal *why);

/** The name of a package: the root of its manifest's bytes. */
void manifest_id(const void *bytes, size_t len_bytes, struct hash256 *out);

/**
 * Goes through the entries of an array: started by a function called ..._walk_..., continued by ..._next until that returns
 * false. What is walked has been parsed already, so nothing but the end stops it.
 */
struct package_walk {
    struct cbor_reader reader;
    uint32_t left_count;
};

void manifest_walk_files(const struct manifest *m, struct package_walk *walk);
MUST_USE bool manifest_file_next(struct package_walk *walk, struct manifest_file *out);

/** A file or directory of the system that the package asks for. */
struct manifest_request {
    struct cursor path;
    bool write; /**< else only to read */
};

void manifest_walk_requests(const struct manifest *m, struct package_walk *walk);
MUST_USE bool manifest_request_next(struct package_walk *walk, struct manifest_request *out);
void manifest_walk_devices(const struct manifest *m, struct package_walk *walk);
MUST_USE bool manifest_device_next(struct package_walk *walk, struct cursor *name);

/**
 * Writes a manifest: begin, then exactly file_count entries in their order, then end. Of `m` all is used but the cursors
 * `bytes` and `files`; `requests.files` and `requests.devices` are items made by manifest_put_request and _put_device,
 * without an array's head. What the rules say of the contents is for manifest_parse to find: read it back.
 */
void manifest_begin(struct writer *w, const struct manifest *m);
void manifest_put_file(struct writer *w, const struct manifest_file *file);
void manifest_end(struct writer *w, const struct manifest *m);
void manifest_put_request(struct writer *items, const struct manifest_request *request);
void manifest_put_device(struct writer *items, const char *name);

/** Compares two paths as manifests order them: bytewise, but with / before everything else. As memcmp. */
int manifest_path_compare(struct cursor a, struct cursor b);

/* ---- containers ----------------------------------------------------------------------------------------------------- */

#define PACKAGE_MAGIC_BYTES       "LXPACK01"
#define PACKAGE_HEADER_BYTES      32u
#define PACKAGE_TABLE_ENTRY_BYTES 48u
#define PACKAGE_OBJECTS_MAX       4096u
#define PACKAGE_CHAIN_BYTES_MAX   0x4000000u

/** A container that is well formed. It borrows the bytes. */
struct package {
    struct cursor bytes;
    struct manifest manifest;
    struct hash256 id;   /**< manifest_id */
    struct cursor chain; /**< the developer's chain file; empty when the package is not signed yet */

    /* Use package_object for these: */
    uint32_t object_count;
    const uint8_t *table;
    const struct hash256 *leaves;
    uint64_t objects_offset; /**< of the first, a multiple of 4096 */
};

/** One object: the bytes of one or more files. */
struct package_object {
    struct hash256 root;
    uint64_t size_bytes;
    uint64_t offset;              /**< in the container, a multiple of 4096; zeros follow up to the next one */
    const uint8_t *bytes;         /**< size_bytes of them */
    const struct hash256 *leaves; /**< leaf_count of them */
    uint64_t leaf_count;
};

/**
 * Reads a container that takes up all the bytes, which are untrusted: its form, its manifest, and that both have the same
 * objects. Neither leaf hashes nor contents are looked at: package_check.
 * @return false with `why` set; then `out` may be partly written.
 */
MUST_USE bool package_open(const void *bytes, size_t len_bytes, struct package *out, struct package_refusal *why);

/** Object `index` < object_count; they are sorted by root. */
void package_object(const struct package *p, uint32_t index, struct package_object *out);

/** Finds an object by its root. @return false when there is none, which never happens for a file's of the manifest. */
MUST_USE bool package_find(const struct package *p, const struct hash256 *root, uint32_t *index);

/** For package_check: also hash every byte; also compute every fs-verity digest (as long again). */
#define PACKAGE_CHECK_BYTES  1u
#define PACKAGE_CHECK_VERITY 2u

/**
 * Checks the contents against the manifest: each object's leaf hashes give its root, and each program's headers say just
 * what the manifest says, and are sound. Without PACKAGE_CHECK_BYTES only the pages with these headers are hashed, so whoever
 * uses another one compares it with its leaf hash then.
 */
MUST_USE bool package_check(const struct package *p, uint32_t options, struct package_refusal *why);

/** An object to be written: its bytes with the leaf hashes and the root that they give. */
struct package_part {
    struct hash256 root;
    uint64_t size_bytes;
    const uint8_t *bytes;
    const struct hash256 *leaves;
};

/** The size of a container. The parts are sorted by root, none twice. */
uint64_t package_bytes(size_t manifest_bytes, size_t chain_bytes, const struct package_part *parts, uint32_t part_count);

/** Writes a container of exactly that size. */
void package_put(struct writer *w, struct cursor manifest, struct cursor chain, const struct package_part *parts,
                 uint32_t part_count);

/** Computes fs-verity's file digest with SHA-256, blocks of 4 KiB, no salt. Source: Linux Documentation, fsverity.rst */
void verity_digest(const void *bytes, size_t len_bytes, struct hash256 *out);

/* ---- bundles -------------------------------------------------------------------------------------------------------- */

#define BUNDLE_MAGIC        "LXBUNDLE"
#define BUNDLE_VERSION      1u
#define BUNDLE_PACKAGES_MAX 64u

/** Containers one behind the other, as a boot image carries them. What is in them is not looked at. */
struct bundle {
    struct cursor bytes;
    uint32_t count;
};

/** Reads a bundle that takes up all the bytes, which are untrusted. */
MUST_USE bool bundle_open(const void *bytes, size_t len_bytes, struct bundle *out, struct package_refusal *why);

/** Container `index` < count. `*offset`, when not NULL: where it starts in the bundle, a multiple of 4096. */
struct cursor bundle_package(const struct bundle *b, uint32_t index, uint64_t *offset);

/** Writes a bundle of exactly bundle_bytes(packages, count) into an empty writer. */
uint64_t bundle_bytes(const struct cursor *packages, uint32_t count);
void bundle_put(struct writer *w, const struct cursor *packages, uint32_t count);

/* ---- approvals ------------------------------------------------------------------------------------------------------ */

#define APPROVALS_BYTES_MAX       0x100000u
#define APPROVALS_PACKAGES_MAX    4096u
#define APPROVALS_DEVELOPERS_MAX  1024u
#define APPROVALS_APPS_MAX        1024u
#define APPROVALS_NAME_CHARS_MAX  64u

/** An owner's list that keeps all rules of its format. It borrows the bytes. */
struct approvals {
    struct cursor bytes;
    uint64_t seq; /**< as in the owner's record installed/1 */
    uint32_t package_count;
    uint32_t developer_count;
    struct cursor packages;
    struct cursor developers;
};

struct approved_developer {
    struct u256 genesis;
    struct u512 first_txid;                  /**< the pin: id of the first transaction of his chain */
    char name[APPROVALS_NAME_CHARS_MAX + 1]; /**< how the owner calls him; UTF-8 */
    bool all_apps;                           /**< or else: */
    struct cursor apps;                      /**< for approved_developer_walk_apps */
};

struct approved_package {
    char name[RECORD_APP_CHARS_MAX + 1];
    struct u256 developer; /**< nobody else may release under this name */
    uint64_t min_seq;
    bool has_id; /**< then only this one package: */
    struct hash256 id;
};

/** Reads a list that takes up all the bytes, which are untrusted. */
MUST_USE bool approvals_parse(const void *bytes, size_t len_bytes, struct approvals *out, struct package_refusal *why);

void approvals_walk_packages(const struct approvals *list, struct package_walk *walk);
MUST_USE bool approved_package_next(struct package_walk *walk, struct approved_package *out);
void approvals_walk_developers(const struct approvals *list, struct package_walk *walk);
MUST_USE bool approved_developer_next(struct package_walk *walk, struct approved_developer *out);
void approved_developer_walk_apps(const struct approved_developer *developer, struct package_walk *walk);
MUST_USE bool approved_app_next(struct package_walk *walk, struct cursor *name);

MUST_USE bool approvals_find_package(const struct approvals *list, const char *name, struct approved_package *out);
MUST_USE bool approvals_find_developer(const struct approvals *list, const struct u256 *genesis,
                                       struct approved_developer *out);
MUST_USE bool approved_developer_allows(const struct approved_developer *developer, const char *app);

/** Writes a list: begin, the packages sorted by name, middle, the developers sorted by genesis id in mem form. */
void approvals_begin(struct writer *w, uint64_t seq, uint32_t package_count);
void approvals_put_package(struct writer *w, const struct approved_package *package);
void approvals_middle(struct writer *w, uint32_t developer_count);
/** `developer->apps` is a CBOR array of names, sorted, as approvals_parse gives it. */
void approvals_put_developer(struct writer *w, const struct approved_developer *developer);

/* ---- anchors -------------------------------------------------------------------------------------------------------- */

#define ANCHOR_MAGIC "LXANCHR1"
#define ANCHOR_BYTES 104u

/** Whose approvals count on a device: an owner's chain, by its genesis id and its first transaction. */
struct anchor {
    struct u256 genesis;
    struct u512 first_txid;
};

MUST_USE bool anchor_parse(const void *bytes, size_t len_bytes, struct anchor *out, struct package_refusal *why);
void anchor_put(struct writer *w, const struct anchor *anchor);

/* ---- authority ------------------------------------------------------------------------------------------------------ */

/** Whether a package may be executed, or why not. In the order in which it is checked. */
enum authority_verdict {
    AUTHORITY_GRANTED = 0,

    AUTHORITY_OWNER_CHAIN,   /**< the owner's chain did not verify */
    AUTHORITY_OWNER_ANCHOR,  /**< it is not the chain that the device is anchored to */
    AUTHORITY_OWNER_KEY,     /**< its genesis id is not the hash of its first key */
    AUTHORITY_OWNER_RECORD,  /**< it has no record installed/1 that it created, or several */
    AUTHORITY_LIST,          /**< the list of approvals is malformed */
    AUTHORITY_LIST_ROOT,     /**< another list than the owner signed */
    AUTHORITY_LIST_SEQ,      /**< the list has another number than the record */
    AUTHORITY_LIST_OLDER,    /**< an older list than one seen */

    AUTHORITY_UNSIGNED,          /**< the package comes without a chain */
    AUTHORITY_DEVELOPER_CHAIN,   /**< the developer's chain did not verify */
    AUTHORITY_DEVELOPER_GENESIS, /**< it is of another developer than the manifest names */
    AUTHORITY_UNLISTED,          /**< the owner has not approved the developer */
    AUTHORITY_DEVELOPER_PIN,     /**< another first transaction than that of the approved developer */
    AUTHORITY_DEVELOPER_KEY,     /**< his genesis id is not the hash of his first key */
    AUTHORITY_APP,               /**< the developer is approved, but not for this app */
    AUTHORITY_ARCH,              /**< for another architecture */

    AUTHORITY_REGISTER_NONE,   /**< the chain has no register at the manifest's address, or gave it away */
    AUTHORITY_REGISTER_CAME,   /**< the register was not made on this chain */
    AUTHORITY_REGISTER_RECORD, /**< it is no record app/1 */
    AUTHORITY_REGISTER_NAME,   /**< of another app */
    AUTHORITY_WITHDRAWN,       /**< the release is withdrawn */
    AUTHORITY_SUPERSEDED,      /**< the chain has released a later one */
    AUTHORITY_AHEAD,           /**< the chain has not released this one yet */
    AUTHORITY_MANIFEST,        /**< the chain has released another package under this number */

    AUTHORITY_OLDER,     /**< an older release than one seen on this device */
    AUTHORITY_NAME,      /**< the owner has given this name to another developer */
    AUTHORITY_MIN_SEQ,   /**< an older release than the owner wants */
    AUTHORITY_PACKAGE_ID /**< another package than the one that the owner approved */
};

/** A chain that somebody offers, after sigchain_verify_file. */
struct authority_chain {
    const struct sigchain_verifier *verifier;
    bool is_verified; /**< what sigchain_verify_file returned */
};

struct authority_question {
    const struct package *package; /**< opened; who asks also calls package_check */
    const char *arch;              /**< what this machine executes: MANIFEST_ARCH */
    const struct anchor *anchor;
    struct authority_chain owner;
    struct cursor list;               /**< the approvals' bytes */
    struct authority_chain developer; /**< of package->chain; not looked at when that is empty */

    /* What this device remembers, so that nothing goes back; 0 for nothing: */
    uint64_t list_seq_seen;
    uint64_t seq_seen; /**< the highest `seq` that was granted for this record (manifest.app_register) */
};

/** The answer, in a form that can be kept and shown. What is not known is zero. */
struct authority_decision {
    enum authority_verdict verdict;
    char sentence[PACKAGE_SENTENCE_CHARS]; /**< granted or not and why, what to do; no full stop */

    /* From the package: */
    char app[RECORD_APP_CHARS_MAX + 1];
    uint64_t seq;
    struct hash256 id;
    struct u256 developer;

    /* Proven once the checks that concern them were passed: */
    uint64_t list_seq;
    char developer_name[APPROVALS_NAME_CHARS_MAX + 1]; /**< as the owner calls him */
    uint32_t transaction_count;                        /**< of the developer's chain */
    uint64_t released_s;                               /**< when he released this; seconds since 1970, as he says */
    uint64_t chain_s;                                  /**< time of the last transaction of his chain that came along */
    bool is_anchored;                                  /**< confirmed by a network: never yet, "unanchored" */
};

/**
 * Decides whether the owner of the device and the developer of a package both stand for it. A pure function of what it is
 * asked: nothing is remembered here.
 * @return whether it is granted.
 */
bool authority_decide(const struct authority_question *question, struct authority_decision *out);

/** A short name of a verdict, as in "superseded"; never NULL. */
const char *authority_verdict_name(enum authority_verdict verdict);

#endif
