/* SPDX-License-Identifier: MIT */
/**
 * What rules and times are called, for people.
 * Owns:   nothing.    Uses: base, format.
 */
#include "block.h"
#include "format.h"

#define DAY_S        86400u
#define TIME_LIMIT_S 253402300800u /* 10000-01-01 */

static const char *block_words(enum block_rule rule)
{
    switch ((int)rule) {
    case BLOCK_OK:
        return "nothing is wrong";
    case BLOCK_MALFORMED:
        return "its bytes are not one block; it is cut, changed or too long";
    case BLOCK_LIMIT:
        return "it is larger than 2 MiB, or has more offsets or transactions than there may be";
    case BLOCK_VERSION:
        return "nVersion is not 7, 8 or 9";
    case BLOCK_CHANNEL:
        return "nChannel is none, or not one of this network";
    case BLOCK_OFFSETS:
        return "vOffsets must stand in blocks of the prime channel, and in no others";
    case BLOCK_BITS:
        return "nBits is zero, negative, or easier than the network's limit";
    case BLOCK_WORK:
        return "nNonce proves no work: the hash is above the target that nBits means";
    case BLOCK_SYSTEM:
        return "ssSystem is not empty";
    case BLOCK_PRODUCER_NETWORK:
        return "the producer's hashGenesis is of another network";
    case BLOCK_PRODUCER:
        return "the producer's hashGenesis is not that of the one producer of private networks";
    case BLOCK_PRODUCER_CONTRACT:
        return "the producer's ssOperation is not what the block's channel demands";
    case BLOCK_PRODUCER_TIME:
        return "the producer's nTimestamp is more than an hour before nTime";
    case BLOCK_PRODUCER_SIGNATURE:
        return "the producer's vchSig does not fit";
    case BLOCK_TRANSACTION_TYPE:
        return "vtx has a transaction of no type, or of another than its id";
    case BLOCK_TWICE:
        return "vtx has a transaction twice";
    case BLOCK_MERKLE_ROOT:
        return "hashMerkleRoot is not that of vtx and the producer's transaction";
    case BLOCK_SIGNATURE:
        return "vchBlockSig does not fit; the block was changed after it was signed, or another key signed it";
    default:
        return NULL;
    }
}

static const char *proof_words(enum block_rule rule)
{
    switch ((int)rule) {
    case PROOF_MALFORMED:
        return "its bytes are not one proof; it is cut, changed or too long";
    case PROOF_LIMIT:
        return "it has more than 65536 blocks";
    case PROOF_TRANSACTION:
        return "the transaction or its branch is malformed";
    case PROOF_BLOCK:
        return "hashBlock of the transaction is not the first block's hash";
    case PROOF_INDEX:
        return "nIndex lies outside of a tree with as many levels as vMerkleBranch";
    case PROOF_BRANCH:
        return "vMerkleBranch does not lead from the transaction to hashMerkleRoot; it is not in the block";
    case PROOF_FORM:
        return "a block of a private network must be whole, with vchBlockSig";
    case PROOF_PREVIOUS:
        return "hashPrevBlock does not name the block before";
    case PROOF_HEIGHT:
        return "nHeight is not one more than that of the block before";
    case PROOF_TIME:
        return "nTime is not later than that of the block before";
    case PROOF_PRODUCER_LINK:
        return "the producer's transaction does not follow that of the block before; another key made it";
    case PROOF_KNOWN:
        return "the block that is known to be the network's is not among these; it is another branch, or too short";
    default:
        return NULL;
    }
}

const char *block_rule_words(enum block_rule rule)
{
    const char *words = block_words(rule);
    if (words == NULL) {
        words = proof_words(rule);
    }
    assert(words != NULL);
    return words;
}

void block_time_text(uint64_t time_s, char out[TIME_CHARS])
{
    if (time_s >= TIME_LIMIT_S) {
        format_text(out, TIME_CHARS, "second %llu", (unsigned long long)time_s);
        return;
    }
    /* Years begin with March, so that the leap day is the last one; day 0 is 0000-03-01. */
    uint32_t day = (uint32_t)(time_s / DAY_S) + 719468, second = (uint32_t)(time_s % DAY_S);
    uint32_t era = day / 146097, day_of_era = day % 146097;
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    format_text(out, TIME_CHARS, "%04u-%02u-%02u %02u:%02u:%02u UTC", era * 400 + year_of_era + (month <= 2), month,
                day_of_year - (153 * month_from_march + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60);
}
