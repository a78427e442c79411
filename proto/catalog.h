/* SPDX-License-Identifier: MIT */
/**
 * The catalog: what `ledger` has verified, for those who act on it. It lies in memory that only `ledger` writes; pager and Linux
 * server read it. Everything in it is final once `state` is CATALOG_READY, but for the status of a package.
 *
 * Bytes of objects are in the blob `packages`, which readers have for themselves; offsets here count from its start.
 */
#ifndef LX_PROTO_CATALOG_H
#define LX_PROTO_CATALOG_H

#include "proto.h"

enum {
    CATALOG_BYTES = 1 << 20,
    CATALOG_PACKAGES_MAX = 64,
    CATALOG_FILES_MAX = 2048,
    CATALOG_OBJECTS_MAX = 1024,
    CATALOG_PROGRAMS_MAX = 512,
    CATALOG_SEGMENTS_MAX = 2048,
    CATALOG_STRINGS_MAX = 256 * 1024,
    CATALOG_SENTENCE_BYTES = 240,
};
#define CATALOG_NONE UINT32_MAX

enum catalog_state { CATALOG_EMPTY = 0, CATALOG_READY = 1 };
enum catalog_status { CATALOG_REFUSED = 0, CATALOG_AUTHORISED = 1 };
enum catalog_file_kind { CATALOG_DIR, CATALOG_FILE, CATALOG_LINK };

struct catalog_package {
    char name[64]; /**< "?" when it could not be read */
    uint8_t id[32];        /**< root of its manifest */
    uint8_t developer[32]; /**< genesis id, in the order of memory: people read it from the last byte on */
    char developer_name[32]; /**< as the owner calls him, perhaps cut; empty when nobody approved him */
    uint64_t sequence;
    uint64_t signed_at_s;  /**< time of the transaction that names it */
    uint32_t chain_length; /**< transactions of the developer's chain */
    uint32_t status;       /**< enum catalog_status */
    uint64_t height;       /**< of the block that holds that transaction; 0: unanchored */
    char sentence[CATALOG_SENTENCE_BYTES]; /**< why it is refused, or what was verified */
};

struct catalog_file {
    uint32_t path;   /**< offset of a string */
    uint32_t target; /**< of a link: offset of a string, else of an empty one */
    uint64_t size_bytes;
    uint32_t kind;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t package;
    uint32_t object;  /**< or CATALOG_NONE */
    uint32_t program; /**< or CATALOG_NONE */
    uint32_t reserved;
};

struct catalog_object {
    uint64_t offset;        /**< of its bytes: a multiple of 4096 */
    uint64_t len_bytes;
    uint64_t leaves_offset; /**< of its leaf hashes, 32 bytes each: at any place */
    uint8_t root[32];
    uint32_t package;
    uint32_t reserved;
};

struct catalog_program {
    uint64_t entry;
    uint64_t phdr;
    uint64_t start; /**< address of the first byte that is loaded */
    uint64_t end;   /**< and behind the last */
    uint32_t phdr_count;
    uint32_t relocatable;
    uint32_t object;
    uint32_t package;
    uint32_t first_segment;
    uint32_t segment_count;
};

struct catalog_segment {
    uint64_t offset;
    uint64_t address;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint32_t rights; /**< enum pager_rights */
    uint32_t reserved;
};

struct catalog {
    uint32_t state; /**< written last */
    uint32_t package_count;
    uint32_t file_count;
    uint32_t object_count;
    uint32_t program_count;
    uint32_t segment_count;
    uint32_t string_bytes;
    uint32_t abi_program; /**< the page with the signal trampolines, or CATALOG_NONE */
    char owner[64];       /**< in words */
    struct catalog_package packages[CATALOG_PACKAGES_MAX];
    struct catalog_file files[CATALOG_FILES_MAX];
    struct catalog_object objects[CATALOG_OBJECTS_MAX];
    struct catalog_program programs[CATALOG_PROGRAMS_MAX];
    struct catalog_segment segments[CATALOG_SEGMENTS_MAX];
    char strings[CATALOG_STRINGS_MAX];
};
_Static_assert(sizeof(struct catalog) <= CATALOG_BYTES, "the catalog fits its memory");

#endif
