/* SPDX-License-Identifier: MIT */
/**
 * Virtio: the driver's side of a virtio 1.2 block device behind memory-mapped registers, as a state machine without system calls.
 *
 * The device is not trusted. It can read and write the memory that it was told of (and, without an IOMMU, all other; that is
 * the platform's matter), and all that it writes is loaded once and checked: indices, ids, lengths and statuses that cannot be make the
 * device broken. A broken device gets no more requests, and all its requests fail. A device that never answers is the caller's
 * matter: it has the clock.
 *
 * One queue, of split layout. Each request has a place of its own: place i uses descriptor i with an indirect table of three, where the
 * device offers that, else descriptors 3i to 3i + 2. So there is nothing to allocate, and an id names its place.
 *
 *   the memory for the device (VIRTIO_BLK_DMA_BYTES), by offset
 *   0       descriptors        4096    ring of what was made available     5120   ring of what was used
 *   8192    headers, 16 bytes a place                                      10240  statuses, 1 byte a place
 *   10368   segments of discard and write zeroes, 16 bytes a place         12416  indirect tables, 48 bytes a place
 *
 * Owns:   nothing; struct virtio_blk is the caller's, private, and the memory for the device is shared with it.
 * Uses:   base.
 * Limits: VIRTIO_PLACES_MAX requests in flight; data of a request lies together in physical memory; no legacy devices.
 *         Normal memory must be coherent with the device.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2: sections 2.7 (split queues), 4.2 (MMIO), 5.2 (block device)
 */
#ifndef LX_VIRTIO_H
#define LX_VIRTIO_H

#include "base.h"

enum {
    VIRTIO_SECTOR_BYTES = 512,
    VIRTIO_PLACES_MAX = 128,
    VIRTIO_BLK_DMA_BYTES = 20480,
    VIRTIO_BLK_SECTORS_MAX = 1 << 16, /**< of one request: 32 MiB */
};

/** The registers of a device, 4 bytes each. Ordered against normal memory. */
struct virtio_registers {
    uint32_t (*read)(void *env, uint32_t offset);
    void (*write)(void *env, uint32_t offset, uint32_t value);
    void *env;
};

enum virtio_blk_op { VIRTIO_BLK_READ, VIRTIO_BLK_WRITE, VIRTIO_BLK_FLUSH, VIRTIO_BLK_DISCARD, VIRTIO_BLK_WRITE_ZEROES };

enum virtio_blk_status {
    VIRTIO_BLK_OK,
    VIRTIO_BLK_IO_ERROR,
    VIRTIO_BLK_UNSUPPORTED, /**< the device does not offer the operation */
    VIRTIO_BLK_OUT_OF_RANGE,
    VIRTIO_BLK_READ_ONLY,
    VIRTIO_BLK_BROKEN, /**< the device broke the rules: see struct virtio_blk */
};

struct virtio_blk_request {
    enum virtio_blk_op op;
    uint64_t sector;       /**< the first; 0 for a flush */
    uint32_t sector_count; /**< 1 to VIRTIO_BLK_SECTORS_MAX; 0 for a flush */
    uint64_t data_paddr;   /**< of sector_count sectors that lie together; not for flush, discard, write zeroes */
    uint64_t tag;          /**< comes back with the completion */
};

struct virtio_blk_completion {
    uint64_t tag;
    enum virtio_blk_status status;
};

/** What stands about a place while its request is in flight. */
struct virtio_place {
    bool in_flight;
    enum virtio_blk_op op;
    uint32_t data_bytes;
    uint64_t tag;
};

struct virtio_blk {
    struct virtio_registers registers;
    uint8_t *dma;
    uint64_t dma_paddr;
    uint64_t sector_count; /**< capacity */
    bool read_only, has_flush, has_indirect;
    uint32_t discard_sectors_max;      /**< of one request; 0: not offered */
    uint32_t write_zeroes_sectors_max; /**< of one request; 0: not offered */
    const char *broken;                /**< what the device did, as a sentence; NULL while it keeps to the rules */
    uint16_t ring_size;                /**< a power of two */
    uint16_t place_count;
    uint16_t available; /**< index of the next entry to be made available; runs freely */
    uint16_t used;      /**< index of the next entry to look at */
    uint16_t told;      /**< `available` when the device was last told */
    uint16_t in_flight;
    uint16_t free_count;
    uint8_t free[VIRTIO_PLACES_MAX];
    struct virtio_place places[VIRTIO_PLACES_MAX];
};

/**
 * Resets the device behind `registers` and makes it ready. `dma` is VIRTIO_BLK_DMA_BYTES of memory at physical address `dma_paddr`, both
 * multiples of 4096; it is borrowed until the device is reset again. @return NULL, or why there is no usable device, as a sentence.
 */
const char *virtio_blk_start(struct virtio_blk *b, const struct virtio_registers *registers, uint8_t *dma, uint64_t dma_paddr);

/** Requests that can be submitted now. */
uint32_t virtio_blk_room(const struct virtio_blk *b);

/**
 * Gives a request to the device. @return VIRTIO_BLK_OK: it is in flight, and virtio_blk_complete will tell of it; else why it was refused at
 * once. There must be room.
 */
enum virtio_blk_status virtio_blk_submit(struct virtio_blk *b, const struct virtio_blk_request *request);

/** Tells the device of what was submitted since it was last told; once for any number of requests. */
void virtio_blk_kick(struct virtio_blk *b);

/** Acknowledges the device's interrupt. Look for completions afterwards. */
void virtio_blk_interrupt(struct virtio_blk *b);

/** Takes the next completion; when the device is broken, its requests are told one by one as VIRTIO_BLK_BROKEN. @return false: none. */
bool virtio_blk_complete(struct virtio_blk *b, struct virtio_blk_completion *out);

/** Resets the device, which then touches no memory any more. Requests in flight are forgotten. */
void virtio_blk_stop(struct virtio_blk *b);

#endif
