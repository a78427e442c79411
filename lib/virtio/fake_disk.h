/* SPDX-License-Identifier: MIT */
/**
 * Fake_disk: a block device for tests, written from the same sections of the standard as the driver, from the other side. It keeps
 * all that it can check: a request that breaks the rules of the standard fails the test.
 * Owns:   struct fake_disk.    Uses: virtio.h, unit.h. Header only, for one test and one fuzzer.
 */
#ifndef LX_FAKE_DISK_H
#define LX_FAKE_DISK_H

#include <stdio.h>
#include <stdlib.h>

#include "virtio.h"

#define FAKE_DMA_PADDR  UINT64_C(0x40000000)
#define FAKE_DATA_PADDR UINT64_C(0x50000000)
enum { FAKE_SECTORS = 4096, FAKE_DATA_BYTES = 256 * 1024 };

struct fake_disk {
    /* what the test sets */
    uint32_t magic, version, id, queue_size_max;
    uint64_t features;
    uint64_t capacity;
    uint32_t discard_max, write_zeroes_max;
    bool fails_io, ignores_features, never_resets;
    /* what the driver set */
    uint32_t status, feature_select, queue_size, ready, notified, acknowledged;
    uint64_t accepted;
    uint32_t addresses[12]; /* of 0x80 to 0xac */
    /* its work */
    uint16_t looked_at;
    uint16_t done;
    uint32_t flushes;
    uint8_t dma[VIRTIO_BLK_DMA_BYTES] __attribute__((aligned(4096)));
    uint8_t data[FAKE_DATA_BYTES];
    uint8_t disk[FAKE_SECTORS * VIRTIO_SECTOR_BYTES];
};

#define FAKE_REQUIRE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "fake disk: the driver breaks a rule: %s (line %d)\n", #condition, __LINE__);              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline uint32_t fake_read(void *env, uint32_t offset)
{
    const struct fake_disk *d = env;
    uint32_t config[15] = {[0] = (uint32_t)d->capacity, [1] = (uint32_t)(d->capacity >> 32), [9] = d->discard_max, [12] = d->write_zeroes_max};
    switch (offset) {
    case 0x000: return d->magic;
    case 0x004: return d->version;
    case 0x008: return d->id;
    case 0x010: return (uint32_t)(d->features >> (d->feature_select * 32));
    case 0x034: return d->queue_size_max;
    case 0x044: return d->ready;
    case 0x060: return 1;
    case 0x070: return d->status;
    case 0x0fc: return 7;
    default:
        FAKE_REQUIRE(offset >= 0x100 && offset < 0x100 + sizeof config && offset % 4 == 0);
        return config[(offset - 0x100) / 4];
    }
}

static inline void fake_write(void *env, uint32_t offset, uint32_t value)
{
    struct fake_disk *d = env;
    switch (offset) {
    case 0x014:
    case 0x024: d->feature_select = value & 1; break;
    case 0x020:
        d->accepted = d->feature_select != 0 ? (uint32_t)d->accepted | (uint64_t)value << 32 : (d->accepted & ~UINT64_C(0xffffffff)) | value;
        break;
    case 0x030: FAKE_REQUIRE(value == 0); break;
    case 0x038:
        FAKE_REQUIRE(value != 0 && value <= d->queue_size_max && (value & (value - 1)) == 0);
        d->queue_size = value;
        break;
    case 0x044: d->ready = value; break;
    case 0x050: FAKE_REQUIRE(value == 0 && (d->status & 4) != 0); d->notified++; break;
    case 0x064: FAKE_REQUIRE(value == 1); d->acknowledged++; break;
    case 0x070:
        if (value == 0) {
            d->status = d->never_resets ? d->status : 0;
            d->ready = 0;
            d->looked_at = d->done = 0;
        } else {
            FAKE_REQUIRE((value & d->status) == d->status || (value & 128) != 0);
            FAKE_REQUIRE((d->accepted & ~d->features) == 0 || (value & 8) == 0);
            d->status = d->ignores_features ? value & ~8u : value;
        }
        break;
    default:
        FAKE_REQUIRE(offset >= 0x80 && offset < 0xb0 && offset % 4 == 0);
        d->addresses[(offset - 0x80) / 4] = value;
        break;
    }
}

static inline uint8_t *fake_memory(struct fake_disk *d, uint64_t paddr, uint64_t len)
{
    if (paddr >= FAKE_DMA_PADDR && len <= sizeof d->dma && paddr - FAKE_DMA_PADDR <= sizeof d->dma - len) {
        return d->dma + (paddr - FAKE_DMA_PADDR);
    }
    FAKE_REQUIRE(paddr >= FAKE_DATA_PADDR && len <= sizeof d->data && paddr - FAKE_DATA_PADDR <= sizeof d->data - len);
    return d->data + (paddr - FAKE_DATA_PADDR);
}

static inline uint64_t fake_load(struct fake_disk *d, uint64_t paddr, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, fake_memory(d, paddr, bytes), bytes);
    return value;
}

static inline uint64_t fake_address(const struct fake_disk *d, unsigned which)
{
    return d->addresses[which * 4] | (uint64_t)d->addresses[which * 4 + 1] << 32;
}

/* Header, data and status of a chain that starts at `paddr` with descriptor `index`. @return bytes written. */
static inline uint32_t fake_serve(struct fake_disk *d, uint64_t table, uint32_t entries, uint32_t index)
{
    uint64_t at[3];
    uint32_t len[3];
    uint32_t flags[3];
    uint32_t n = 0;
    do {
        FAKE_REQUIRE(index < entries && n < 3);
        at[n] = fake_load(d, table + index * 16, 8);
        len[n] = (uint32_t)fake_load(d, table + index * 16 + 8, 4);
        flags[n] = (uint32_t)fake_load(d, table + index * 16 + 12, 2);
        index = (uint32_t)fake_load(d, table + index * 16 + 14, 2);
    } while ((flags[n++] & 1) != 0);
    FAKE_REQUIRE(n >= 2 && len[0] == 16 && flags[0] == 1 && len[n - 1] == 1 && flags[n - 1] == 2);
    uint32_t type = (uint32_t)fake_load(d, at[0], 4);
    uint64_t sector = fake_load(d, at[0] + 8, 8);
    uint8_t *status = fake_memory(d, at[n - 1], 1);
    uint32_t written = 1;
    *status = 0;
    if (d->fails_io) {
        *status = 1;
    } else if (type == 0 || type == 1) {
        FAKE_REQUIRE(n == 3 && len[1] % 512 == 0 && flags[1] == (type == 0 ? 3 : 1));
        FAKE_REQUIRE(sector + len[1] / 512 <= d->capacity && d->capacity <= FAKE_SECTORS);
        uint8_t *data = fake_memory(d, at[1], len[1]);
        if (type == 0) {
            memcpy(data, d->disk + sector * 512, len[1]);
            written += len[1];
        } else {
            memcpy(d->disk + sector * 512, data, len[1]);
        }
    } else if (type == 4) {
        FAKE_REQUIRE(n == 2 && sector == 0);
        d->flushes++;
    } else {
        FAKE_REQUIRE((type == 11 || type == 13) && n == 3 && len[1] == 16 && flags[1] == 1);
        uint64_t first = fake_load(d, at[1], 8);
        uint64_t count = fake_load(d, at[1] + 8, 4);
        FAKE_REQUIRE(count != 0 && count <= (type == 11 ? d->discard_max : d->write_zeroes_max) && first + count <= d->capacity);
        FAKE_REQUIRE(fake_load(d, at[1] + 12, 4) == 0);
        memset(d->disk + first * 512, 0, count * 512);
    }
    return written;
}

/* Serves one request that was made available. @return false when there is none. */
static inline bool fake_step(struct fake_disk *d)
{
    uint64_t available = fake_address(d, 1);
    uint64_t used = fake_address(d, 2);
    if (d->ready == 0 || (uint16_t)fake_load(d, available + 2, 2) == d->looked_at) {
        return false;
    }
    uint64_t descriptors = fake_address(d, 0);
    uint32_t head = (uint32_t)fake_load(d, available + 4 + (uint64_t)(d->looked_at++ % d->queue_size) * 2, 2);
    FAKE_REQUIRE(head < d->queue_size);
    uint32_t flags = (uint32_t)fake_load(d, descriptors + head * 16 + 12, 2);
    uint32_t written;
    if ((flags & 4) != 0) {
        uint32_t len = (uint32_t)fake_load(d, descriptors + head * 16 + 8, 4);
        FAKE_REQUIRE((d->accepted >> 28 & 1) != 0 && flags == 4 && len % 16 == 0);
        written = fake_serve(d, fake_load(d, descriptors + head * 16, 8), len / 16, 0);
    } else {
        written = fake_serve(d, descriptors, d->queue_size, head);
    }
    uint32_t entry[2] = {head, written};
    memcpy(fake_memory(d, used + 4 + (uint64_t)(d->done % d->queue_size) * 8, 8), entry, sizeof entry);
    d->done++;
    memcpy(fake_memory(d, used + 2, 2), &d->done, 2);
    return true;
}

static inline void fake_init(struct fake_disk *d)
{
    memset(d, 0, sizeof *d);
    d->magic = 0x74726976;
    d->version = 2;
    d->id = 2;
    d->queue_size_max = 1024;
    d->capacity = FAKE_SECTORS;
    d->discard_max = d->write_zeroes_max = 64;
    d->features = UINT64_C(1) << 32 | 1u << 28 | 1u << 14 | 1u << 13 | 1u << 9 | 1u << 29 | 1u << 6; /* and two that we do not want */
}

#endif
