/* SPDX-License-Identifier: MIT */
/**
 * The ledger: who may run. Version 2. What it has verified stands in the catalog (proto/catalog.h); what it remembers from start to start
 * in struct ledger_facts, memory that only the ledger writes; these requests are the rest.
 */
#ifndef LX_PROTO_LEDGER_H
#define LX_PROTO_LEDGER_H

#include "proto.h"

enum ledger_request {
    LEDGER_WAIT = 1, /**< answered when the catalog is complete */
    /**
     * A piece of a transaction for the chain of the profile on this device; of the session alone. Words: bytes in all, offset, and
     * the next LEDGER_PIECE_BYTES or what is left of them. With the last piece the chain is verified, and kept on the disk.
     * @return PROTO_OK; PROTO_INVALID for pieces that do not fit; PROTO_FAILED with a sentence: its length, and its bytes.
     */
    LEDGER_STORE,
};

enum {
    LEDGER_FACTS_BYTES = 32 * 1024,
    LEDGER_CHAINS_MAX = 48,
    LEDGER_RELEASES_MAX = 64,
    LEDGER_LISTS_MAX = 8,
    LEDGER_SENTENCE_BYTES = 200,
    LEDGER_PIECE_WORD = 2,
    LEDGER_PIECE_BYTES = 800,
    LEDGER_TRANSACTION_BYTES = 4096,
    LEDGER_OWN_BYTES = 64 * 1024,
};

enum ledger_role { LEDGER_OWNER = 1, LEDGER_DEVELOPER = 2, LEDGER_PERSON = 4 };

/** The chain of the profile on this device, as a file (docs/spec/chain-file.md): memory that only the ledger writes. */
struct ledger_own {
    uint32_t version;   /**< odd while it is written */
    uint32_t len_bytes; /**< 0: there is none */
    uint8_t file[LEDGER_OWN_BYTES - 8];
};
_Static_assert(sizeof(struct ledger_own) == LEDGER_OWN_BYTES, "ledger_own");

/** A chain as it was when most of it was seen. Ids are in the order of memory: people read them from the last byte on. */
struct ledger_chain {
    uint8_t genesis[32];
    uint32_t count;  /**< transactions seen */
    uint32_t stored; /**< of them on the disk */
    uint32_t roles;  /**< enum ledger_role, added */
    uint32_t reserved;
    uint64_t last_s; /**< time of the last one, as its signer says */
    uint64_t since;  /**< the change with which it was first remembered */
    uint64_t grown;  /**< and the last one of it */
};

struct ledger_release {
    char name[64];
    uint8_t developer[32];
    uint64_t seq;
    uint64_t since;
    uint64_t grown;
};

struct ledger_list {
    uint8_t owner[32];
    uint64_t seq;
    uint64_t since;
    uint64_t grown;
};

/** What is remembered, as of the end of this start. */
struct ledger_facts {
    uint32_t is_ready; /**< written last */
    uint32_t chain_count;
    uint32_t release_count;
    uint32_t list_count;
    uint64_t changes;     /**< how often something new was remembered */
    uint64_t used_bytes;  /**< of the disk's partition, about */
    uint64_t total_bytes; /**< 0: there is none */
    uint64_t blocks_read; /**< of it, at this start; of 4096 bytes */
    uint64_t blocks_written;
    char sentence[LEDGER_SENTENCE_BYTES]; /**< how the memory stands */
    struct ledger_chain chains[LEDGER_CHAINS_MAX];
    struct ledger_release releases[LEDGER_RELEASES_MAX];
    struct ledger_list lists[LEDGER_LISTS_MAX];
};
_Static_assert(sizeof(struct ledger_facts) <= LEDGER_FACTS_BYTES, "the facts fit their memory");

#endif
