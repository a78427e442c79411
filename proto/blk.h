/* SPDX-License-Identifier: MIT */
/**
 * Blocks of a disk, from a driver to its client, over a channel (lib/shmq) with data memory that belongs to the client. The client puts
 * requests, the driver puts them back with a status; in any order, so `tag` tells them apart. "The driver" is whoever answers: that of
 * the device (services/blk_virtio), or who shares one disk among several clients (services/blk_share). A request may be sent again: it
 * then happens once more.
 *
 * Restarts. A driver that starts drops the requests that it has not taken, and puts a record BLK_STARTED before any other answer: all
 * requests put before number `sector` (counted from 0, modulo 2^32) that are not answered by then will never be, and are no longer under
 * way; all later ones will. So a client knows exactly which to send again. A client that starts sends BLK_SETTLE first, and ignores what
 * it does not remember: then nothing that it asked for before its restart touches disk or data memory any more.
 *
 * What a flush that was answered means: all writes that were answered before it was sent are on the disk. Between flushes, writes may
 * reach the disk in any order, or in part, in units of BLK_SECTOR_BYTES.
 */
#ifndef LX_PROTO_BLK_H
#define LX_PROTO_BLK_H

#include "proto.h"

enum { BLK_SECTOR_BYTES = 512 };

enum blk_op {
    BLK_INFO = 1,     /**< the answer: sector is the number of sectors, sector_count the most of one request, data_offset flags */
    BLK_READ,
    BLK_WRITE,
    BLK_FLUSH,        /**< sector and sector_count 0 */
    BLK_DISCARD,      /**< their contents are not needed any more; what is read afterwards is anything */
    BLK_WRITE_ZEROES,
    BLK_SETTLE,       /**< answered when all that this client asked before it is answered */
    BLK_STARTED,      /**< never a request: the driver started, see above; all other fields are 0 */
};

enum blk_info_flags { BLK_HAS_FLUSH = 1, BLK_HAS_DISCARD = 2, BLK_HAS_WRITE_ZEROES = 4, BLK_READ_ONLY = 8 };

enum blk_status {
    BLK_OK,
    BLK_IO_ERROR,
    BLK_UNSUPPORTED,  /**< the disk cannot do that */
    BLK_OUT_OF_RANGE, /**< sectors beyond its end, more than one request may have, or data outside of the data memory */
    BLK_IS_READ_ONLY,
    BLK_NO_DISK,      /**< there is none, or it broke the rules and is not used any more; the driver's log says which */
};

struct blk_record {
    uint64_t sector;
    uint32_t sector_count;
    uint32_t data_offset; /**< in the data memory, a multiple of BLK_SECTOR_BYTES; for BLK_READ and BLK_WRITE */
    uint32_t tag;
    uint8_t op;     /**< enum blk_op */
    uint8_t status; /**< enum blk_status, in the answer */
    uint16_t reserved;
};
_Static_assert(sizeof(struct blk_record) == 24, "blk_record");

#endif
