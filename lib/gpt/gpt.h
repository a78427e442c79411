/* SPDX-License-Identifier: MIT */
/**
 * Gpt: the partition table of a disk, as UEFI has it: two copies with checksums, one at each end. Reads and checks a table, says which
 * copies have to be written again, and makes the first table of an empty disk.
 *
 *   sector 0            a record that keeps old tools away ("protective MBR")       } the head
 *   1                   header; 2 to 33: entries                                    }
 *   last - 32 to last   entries, then the other header                               the tail
 *
 * Owns:   nothing; the sectors are the caller's.    Uses: base.
 * Limits: sectors of 512 bytes; tables of up to GPT_ENTRIES entries of 128 bytes; no allocation, no input or output.
 * Source: UEFI specification 2.10, sections 5.2.3, 5.3 and appendix A; docs/spec/disk.md
 */
#ifndef LX_GPT_H
#define LX_GPT_H

#include "base.h"

enum {
    GPT_SECTOR_BYTES = 512,
    GPT_ENTRIES = 128,
    GPT_HEAD_SECTORS = 34,
    GPT_TAIL_SECTORS = 33,
    GPT_HEAD_BYTES = GPT_HEAD_SECTORS * GPT_SECTOR_BYTES,
    GPT_TAIL_BYTES = GPT_TAIL_SECTORS * GPT_SECTOR_BYTES,
    GPT_ALIGN_SECTORS = 2048,    /**< partitions that we make begin at multiples of 1 MiB */
    GPT_SECTORS_MIN = 8 * 2048,  /**< of a disk on which we make a table: 4 MiB and the two ends, rounded up */
    GPT_GUID_BYTES = 16,
    GPT_RANDOM_BYTES = 4 * GPT_GUID_BYTES,
    GPT_NAME_CHARS = 36,
    GPT_OWN_MAX = 8,             /**< partitions of our kinds that are told; more are refused */
};

/** The partitions that LX-OS has. Their types are GUIDs of ours; the last byte tells them apart. */
enum gpt_kind { GPT_LEDGER, GPT_FILES, GPT_KEYS, GPT_KIND_END };

struct gpt_partition {
    enum gpt_kind kind;
    uint64_t first_sector;
    uint64_t sector_count;
};

/** A table that keeps all rules. Partitions of others are checked, counted and left alone. */
struct gpt {
    uint32_t own_count;
    uint32_t foreign_count;
    struct gpt_partition own[GPT_OWN_MAX];
};

enum gpt_verdict {
    GPT_GOOD,    /**< there is a table; `head_is_bad` or `tail_is_bad` may be set: write that copy again */
    GPT_EMPTY,   /**< nothing is on the disk that anybody would miss, as far as its ends tell */
    GPT_FOREIGN, /**< something is there that is no partition table */
    GPT_DAMAGED, /**< there was a table, and both copies are broken */
};

struct gpt_reading {
    enum gpt_verdict verdict;
    bool head_is_bad;
    bool tail_is_bad;
    const char *why; /**< of the copy that was found broken first, in words; NULL when both are good or empty */
    struct gpt table;
};

/**
 * Reads both copies, which are untrusted, of a disk with `sector_count` sectors.
 * @param head  its first GPT_HEAD_SECTORS sectors.    @param tail  its last GPT_TAIL_SECTORS.
 */
void gpt_read(const uint8_t head[GPT_HEAD_BYTES], const uint8_t tail[GPT_TAIL_BYTES], uint64_t sector_count,
              struct gpt_reading *out);

/**
 * Makes the first table of a disk: GPT_LEDGER with `ledger_sectors`, rounded up to 1 MiB, GPT_FILES with all the rest but the last MiB,
 * which is GPT_KEYS.
 * @param random  GPT_RANDOM_BYTES random bytes: GUIDs of the disk and its partitions.
 * @return LX_OK; LX_ERANGE when the disk is too small for that, or has fewer than GPT_SECTORS_MIN or more than 2^55 sectors.
 */
MUST_USE enum lx_err gpt_make(uint64_t sector_count, uint64_t ledger_sectors, const uint8_t random[GPT_RANDOM_BYTES],
                              uint8_t head[GPT_HEAD_BYTES], uint8_t tail[GPT_TAIL_BYTES]);

/** Makes one copy anew from the other, which gpt_read found good; the tail's form of what is in the head, or the other way round. */
void gpt_copy_to_tail(const uint8_t head[GPT_HEAD_BYTES], uint64_t sector_count, uint8_t tail[GPT_TAIL_BYTES]);
void gpt_copy_to_head(const uint8_t tail[GPT_TAIL_BYTES], uint64_t sector_count, uint8_t head[GPT_HEAD_BYTES]);

/** The first partition of a kind; NULL when there is none. Borrowed from the table. */
const struct gpt_partition *gpt_find(const struct gpt *table, enum gpt_kind kind);

/** CRC-32 as IEEE 802.3 and UEFI have it. */
uint32_t gpt_crc32(const void *bytes, size_t len_bytes);

#endif
