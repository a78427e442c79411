/* SPDX-License-Identifier: MIT */
/** Requests to a block device and their completions: see virtio.h. */
#include "virtio.h"

/* ---- what driver and device share (sections 2.7 and 5.2.6) ---------------------------------------------------------------------- */

struct descriptor {
    uint64_t paddr;
    uint32_t len_bytes;
    uint16_t flags;
    uint16_t next;
};
_Static_assert(sizeof(struct descriptor) == 16, "descriptor");

enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2, DESCRIPTOR_INDIRECT = 4 };

struct header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};
_Static_assert(sizeof(struct header) == 16, "header");

struct segment {
    uint64_t sector;
    uint32_t sector_count;
    uint32_t flags;
};
_Static_assert(sizeof(struct segment) == 16, "segment");

enum {
    DESCRIPTORS_AT = 0,
    AVAILABLE_AT = 4096, /* flags, index, ring of 16-bit numbers */
    USED_AT = 5120,      /* flags, index, ring of (id, length), 32 bits each */
    HEADERS_AT = 8192,
    STATUSES_AT = 10240,
    SEGMENTS_AT = 10368,
    TABLES_AT = 12416,
    TABLE_ENTRIES = 3,
};
_Static_assert(TABLES_AT + VIRTIO_PLACES_MAX * TABLE_ENTRIES * 16 <= VIRTIO_BLK_DMA_BYTES, "the tables fit");
_Static_assert(SEGMENTS_AT % 16 == 0 && TABLES_AT % 16 == 0, "descriptors are aligned to 16");

enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_DISCARD = 11, TYPE_WRITE_ZEROES = 13 };
enum { STATUS_OK = 0, STATUS_IO_ERROR = 1, STATUS_UNSUPPORTED = 2, STATUS_NONE = 0xff };

static const uint32_t type_of[] = {
    [VIRTIO_BLK_READ] = TYPE_IN,           [VIRTIO_BLK_WRITE] = TYPE_OUT,
    [VIRTIO_BLK_FLUSH] = TYPE_FLUSH,       [VIRTIO_BLK_DISCARD] = TYPE_DISCARD,
    [VIRTIO_BLK_WRITE_ZEROES] = TYPE_WRITE_ZEROES,
};

/* ---- registers and the handshake (sections 3.1.1, 4.2.2, 5.2.4) -------------------------------------------------------------------- */

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SELECT = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SELECT = 0x024,
    REG_QUEUE_SELECT = 0x030,
    REG_QUEUE_SIZE_MAX = 0x034,
    REG_QUEUE_SIZE = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESCRIPTORS = 0x080, /* low half, high half behind it */
    REG_QUEUE_DRIVER = 0x090,
    REG_QUEUE_DEVICE = 0x0a0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100,
};

enum { CONFIG_CAPACITY = 0, CONFIG_DISCARD_SECTORS = 36, CONFIG_WRITE_ZEROES_SECTORS = 48, CONFIG_WORDS = 15 };
enum { MAGIC = 0x74726976, VERSION_MODERN = 2, DEVICE_BLOCK = 2 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, DEVICE_NEEDS_RESET = 64, FAILED = 128 };
enum { RING_SIZE_MAX = 256, RESET_LOOKS_MAX = 1000, CONFIG_LOOKS_MAX = 16 };

#define FEATURE_READ_ONLY    (UINT64_C(1) << 5)
#define FEATURE_FLUSH        (UINT64_C(1) << 9)
#define FEATURE_DISCARD      (UINT64_C(1) << 13)
#define FEATURE_WRITE_ZEROES (UINT64_C(1) << 14)
#define FEATURE_INDIRECT     (UINT64_C(1) << 28)
#define FEATURE_VERSION_1    (UINT64_C(1) << 32)

static uint32_t reg_read(const struct virtio_blk *b, uint32_t offset)
{
    return b->registers.read(b->registers.env, offset);
}

static void reg_write(const struct virtio_blk *b, uint32_t offset, uint32_t value)
{
    b->registers.write(b->registers.env, offset, value);
}

static void reg_write_address(const struct virtio_blk *b, uint32_t offset, uint64_t paddr)
{
    reg_write(b, offset, (uint32_t)paddr);
    reg_write(b, offset + 4, (uint32_t)(paddr >> 32));
}

/* What both sides do before either looks at what the other wrote. */
static void fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool reset(const struct virtio_blk *b)
{
    reg_write(b, REG_STATUS, 0);
    for (unsigned i = 0; i < RESET_LOOKS_MAX; i++) {
        if (reg_read(b, REG_STATUS) == 0) {
            return true;
        }
    }
    return false;
}

/* @return what we use of what is offered, or 0 when the device does not agree. */
static uint64_t negotiate(const struct virtio_blk *b)
{
    uint64_t wanted = FEATURE_VERSION_1 | FEATURE_READ_ONLY | FEATURE_FLUSH | FEATURE_DISCARD | FEATURE_WRITE_ZEROES | FEATURE_INDIRECT;
    reg_write(b, REG_DEVICE_FEATURES_SELECT, 0);
    uint64_t offered = reg_read(b, REG_DEVICE_FEATURES);
    reg_write(b, REG_DEVICE_FEATURES_SELECT, 1);
    offered |= (uint64_t)reg_read(b, REG_DEVICE_FEATURES) << 32;
    uint64_t used = offered & wanted;
    if ((used & FEATURE_VERSION_1) == 0) {
        return 0;
    }
    reg_write(b, REG_DRIVER_FEATURES_SELECT, 0);
    reg_write(b, REG_DRIVER_FEATURES, (uint32_t)used);
    reg_write(b, REG_DRIVER_FEATURES_SELECT, 1);
    reg_write(b, REG_DRIVER_FEATURES, (uint32_t)(used >> 32));
    reg_write(b, REG_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (reg_read(b, REG_STATUS) & FEATURES_OK) != 0 ? used : 0;
}

/* The whole configuration as it was at one moment. */
static bool read_config(const struct virtio_blk *b, uint32_t words[CONFIG_WORDS])
{
    for (unsigned i = 0; i < CONFIG_LOOKS_MAX; i++) {
        uint32_t generation = reg_read(b, REG_CONFIG_GENERATION);
        for (uint32_t w = 0; w < CONFIG_WORDS; w++) {
            words[w] = reg_read(b, REG_CONFIG + w * 4);
        }
        if (reg_read(b, REG_CONFIG_GENERATION) == generation) {
            return true;
        }
    }
    return false;
}

static bool make_queue(struct virtio_blk *b)
{
    reg_write(b, REG_QUEUE_SELECT, 0);
    uint32_t size_max = reg_read(b, REG_QUEUE_SIZE_MAX);
    if (reg_read(b, REG_QUEUE_READY) != 0 || size_max < TABLE_ENTRIES + 1) {
        return false;
    }
    b->ring_size = RING_SIZE_MAX;
    while (b->ring_size > size_max) {
        b->ring_size /= 2;
    }
    uint32_t places = b->has_indirect ? b->ring_size : b->ring_size / TABLE_ENTRIES;
    b->place_count = (uint16_t)(places < VIRTIO_PLACES_MAX ? places : VIRTIO_PLACES_MAX);
    for (uint16_t i = 0; i < b->place_count; i++) {
        b->free[i] = (uint8_t)(b->place_count - 1 - i);
    }
    b->free_count = b->place_count;
    memset(b->dma, 0, VIRTIO_BLK_DMA_BYTES);
    reg_write(b, REG_QUEUE_SIZE, b->ring_size);
    reg_write_address(b, REG_QUEUE_DESCRIPTORS, b->dma_paddr + DESCRIPTORS_AT);
    reg_write_address(b, REG_QUEUE_DRIVER, b->dma_paddr + AVAILABLE_AT);
    reg_write_address(b, REG_QUEUE_DEVICE, b->dma_paddr + USED_AT);
    fence();
    reg_write(b, REG_QUEUE_READY, 1);
    return reg_read(b, REG_QUEUE_READY) == 1;
}

/* The limit of an operation in a sensible range; 0 switches the operation off. */
static uint32_t sectors_max(bool offered, uint32_t limit)
{
    return !offered ? 0 : limit < VIRTIO_BLK_SECTORS_MAX ? limit : VIRTIO_BLK_SECTORS_MAX;
}

static const char *start(struct virtio_blk *b)
{
    uint32_t config[CONFIG_WORDS];
    if (!reset(b)) {
        return "the block device does not end its reset";
    }
    reg_write(b, REG_STATUS, ACKNOWLEDGE);
    reg_write(b, REG_STATUS, ACKNOWLEDGE | DRIVER);
    uint64_t features = negotiate(b);
    if (features == 0) {
        return "the block device does not agree to virtio 1";
    }
    if (!read_config(b, config)) {
        return "the block device's configuration changes all the time";
    }
    b->sector_count = config[CONFIG_CAPACITY / 4] | (uint64_t)config[CONFIG_CAPACITY / 4 + 1] << 32;
    b->read_only = (features & FEATURE_READ_ONLY) != 0;
    b->has_flush = (features & FEATURE_FLUSH) != 0;
    b->has_indirect = (features & FEATURE_INDIRECT) != 0;
    b->discard_sectors_max = sectors_max((features & FEATURE_DISCARD) != 0, config[CONFIG_DISCARD_SECTORS / 4]);
    b->write_zeroes_sectors_max = sectors_max((features & FEATURE_WRITE_ZEROES) != 0, config[CONFIG_WRITE_ZEROES_SECTORS / 4]);
    if (b->sector_count == 0 || b->sector_count > UINT64_MAX / VIRTIO_SECTOR_BYTES) {
        return "the block device has no size that a disk can have";
    }
    if (!make_queue(b)) {
        return "the block device has no usable queue";
    }
    reg_write(b, REG_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    return (reg_read(b, REG_STATUS) & (DEVICE_NEEDS_RESET | FAILED)) == 0 ? NULL : "the block device fails as soon as it is started";
}

const char *virtio_blk_start(struct virtio_blk *b, const struct virtio_registers *registers, uint8_t *dma, uint64_t dma_paddr)
{
    *b = (struct virtio_blk){.registers = *registers, .dma = dma, .dma_paddr = dma_paddr};
    if (reg_read(b, REG_MAGIC) != MAGIC) {
        return "there is no virtio device at these registers";
    }
    if (reg_read(b, REG_VERSION) != VERSION_MODERN) {
        return "the virtio device is a legacy one; QEMU makes modern ones with -global virtio-mmio.force-legacy=false";
    }
    uint32_t id = reg_read(b, REG_DEVICE_ID);
    if (id != DEVICE_BLOCK) {
        return id == 0 ? "there is no disk" : "the virtio device is no block device";
    }
    const char *why = start(b);
    if (why != NULL) {
        reg_write(b, REG_STATUS, FAILED);
        b->broken = why;
    }
    return why;
}

void virtio_blk_stop(struct virtio_blk *b)
{
    if (!reset(b) && b->broken == NULL) {
        b->broken = "the block device does not end its reset";
    }
    for (uint16_t i = 0; i < b->place_count; i++) {
        b->places[i].in_flight = false;
    }
    b->in_flight = 0;
    b->free_count = 0;
}

/* ---- requests ---------------------------------------------------------------------------------------------------------------------- */

uint32_t virtio_blk_room(const struct virtio_blk *b)
{
    return b->free_count;
}

static enum virtio_blk_status check(const struct virtio_blk *b, const struct virtio_blk_request *r)
{
    uint32_t most = VIRTIO_BLK_SECTORS_MAX;
    if (b->broken != NULL) {
        return VIRTIO_BLK_BROKEN;
    }
    switch (r->op) {
    case VIRTIO_BLK_FLUSH:
        return !b->has_flush ? VIRTIO_BLK_UNSUPPORTED : r->sector == 0 && r->sector_count == 0 ? VIRTIO_BLK_OK : VIRTIO_BLK_OUT_OF_RANGE;
    case VIRTIO_BLK_DISCARD:
        most = b->discard_sectors_max;
        break;
    case VIRTIO_BLK_WRITE_ZEROES:
        most = b->write_zeroes_sectors_max;
        break;
    case VIRTIO_BLK_READ:
    case VIRTIO_BLK_WRITE:
        break;
    default:
        return VIRTIO_BLK_UNSUPPORTED;
    }
    if (most == 0) {
        return VIRTIO_BLK_UNSUPPORTED;
    }
    if (r->sector_count == 0 || r->sector_count > most || r->sector > b->sector_count || r->sector_count > b->sector_count - r->sector) {
        return VIRTIO_BLK_OUT_OF_RANGE;
    }
    return b->read_only && r->op != VIRTIO_BLK_READ ? VIRTIO_BLK_READ_ONLY : VIRTIO_BLK_OK;
}

/* The descriptors of a request: header, data if there is any, status. `first` is the number of the first among its fellows. */
static void describe(struct virtio_blk *b, uint32_t place, const struct virtio_blk_request *r, struct descriptor *out, uint16_t first)
{
    uint64_t data = r->data_paddr;
    if (r->op == VIRTIO_BLK_DISCARD || r->op == VIRTIO_BLK_WRITE_ZEROES) {
        struct segment *s = (struct segment *)(void *)(b->dma + SEGMENTS_AT) + place;
        *s = (struct segment){r->sector, r->sector_count, 0};
        data = b->dma_paddr + SEGMENTS_AT + place * sizeof *s;
    }
    uint16_t n = 0;
    out[n] = (struct descriptor){b->dma_paddr + HEADERS_AT + place * sizeof(struct header), sizeof(struct header), DESCRIPTOR_NEXT,
                                 (uint16_t)(first + 1)};
    n++;
    if (b->places[place].data_bytes != 0) {
        uint16_t flags = r->op == VIRTIO_BLK_READ ? DESCRIPTOR_NEXT | DESCRIPTOR_WRITE : DESCRIPTOR_NEXT;
        out[n] = (struct descriptor){data, b->places[place].data_bytes, flags, (uint16_t)(first + n + 1)};
        n++;
    }
    out[n] = (struct descriptor){b->dma_paddr + STATUSES_AT + place, 1, DESCRIPTOR_WRITE, 0};
}

static uint32_t data_bytes_of(const struct virtio_blk_request *r)
{
    switch (r->op) {
    case VIRTIO_BLK_READ:
    case VIRTIO_BLK_WRITE:
        return r->sector_count * VIRTIO_SECTOR_BYTES;
    case VIRTIO_BLK_DISCARD:
    case VIRTIO_BLK_WRITE_ZEROES:
        return sizeof(struct segment);
    case VIRTIO_BLK_FLUSH:
        break;
    }
    return 0;
}

enum virtio_blk_status virtio_blk_submit(struct virtio_blk *b, const struct virtio_blk_request *request)
{
    enum virtio_blk_status status = check(b, request);
    if (status != VIRTIO_BLK_OK) {
        return status;
    }
    assert(b->free_count > 0);
    uint32_t place = b->free[--b->free_count];
    b->places[place] = (struct virtio_place){true, request->op, data_bytes_of(request), request->tag};
    b->in_flight++;
    bool of_range = request->op == VIRTIO_BLK_READ || request->op == VIRTIO_BLK_WRITE;
    struct header *h = (struct header *)(void *)(b->dma + HEADERS_AT) + place;
    *h = (struct header){type_of[request->op], 0, of_range ? request->sector : 0};
    b->dma[STATUSES_AT + place] = STATUS_NONE;
    struct descriptor *ring = (struct descriptor *)(void *)(b->dma + DESCRIPTORS_AT);
    uint16_t head = (uint16_t)(b->has_indirect ? place : place * TABLE_ENTRIES);
    if (b->has_indirect) {
        struct descriptor *table = (struct descriptor *)(void *)(b->dma + TABLES_AT) + place * TABLE_ENTRIES;
        describe(b, place, request, table, 0);
        uint32_t entries = b->places[place].data_bytes != 0 ? 3 : 2;
        ring[head] = (struct descriptor){b->dma_paddr + TABLES_AT + place * TABLE_ENTRIES * sizeof *table,
                                         entries * (uint32_t)sizeof *table, DESCRIPTOR_INDIRECT, 0};
    } else {
        describe(b, place, request, &ring[head], head);
    }
    uint16_t *available = (uint16_t *)(void *)(b->dma + AVAILABLE_AT);
    available[2 + b->available % b->ring_size] = head;
    b->available++;
    __atomic_store_n(&available[1], b->available, __ATOMIC_RELEASE);
    return VIRTIO_BLK_OK;
}

void virtio_blk_kick(struct virtio_blk *b)
{
    if (b->told != b->available && b->broken == NULL) {
        fence();
        reg_write(b, REG_QUEUE_NOTIFY, 0);
    }
    b->told = b->available;
}

/* ---- completions ------------------------------------------------------------------------------------------------------------------- */

void virtio_blk_interrupt(struct virtio_blk *b)
{
    uint32_t status = reg_read(b, REG_INTERRUPT_STATUS);
    if (status != 0) {
        reg_write(b, REG_INTERRUPT_ACK, status & 3);
    }
    if ((reg_read(b, REG_STATUS) & DEVICE_NEEDS_RESET) != 0 && b->broken == NULL) {
        b->broken = "the block device wants to be reset";
    }
}

static void release(struct virtio_blk *b, uint32_t place)
{
    b->places[place].in_flight = false;
    b->in_flight--;
    b->free[b->free_count++] = (uint8_t)place;
}

static bool break_off(struct virtio_blk *b, const char *why)
{
    b->broken = why;
    (void)reset(b); /* so that it writes nothing any more */
    return false;
}

/* The place that the device says it is done with. @return false when there is none, or the device breaks a rule. */
static bool next_used(struct virtio_blk *b, uint32_t *place, uint32_t *written)
{
    const uint16_t *ring = (const uint16_t *)(const void *)(b->dma + USED_AT);
    uint16_t index = __atomic_load_n(&ring[1], __ATOMIC_ACQUIRE);
    uint16_t ready = (uint16_t)(index - b->used);
    if (ready == 0) {
        return false;
    }
    if (ready > b->in_flight) {
        return break_off(b, "the block device is done with more requests than it had");
    }
    const uint32_t *entry = (const uint32_t *)(const void *)(b->dma + USED_AT + 4) + (size_t)(b->used % b->ring_size) * 2;
    uint32_t id = __atomic_load_n(&entry[0], __ATOMIC_RELAXED);
    *written = __atomic_load_n(&entry[1], __ATOMIC_RELAXED);
    uint32_t stride = b->has_indirect ? 1 : TABLE_ENTRIES;
    *place = id / stride;
    if (id % stride != 0 || *place >= b->place_count || !b->places[*place].in_flight) {
        return break_off(b, "the block device is done with a request that it does not have");
    }
    b->used++;
    return true;
}

bool virtio_blk_complete(struct virtio_blk *b, struct virtio_blk_completion *out)
{
    uint32_t place = 0;
    uint32_t written = 0;
    if (b->broken == NULL && next_used(b, &place, &written)) {
        const struct virtio_place *p = &b->places[place];
        uint8_t status = __atomic_load_n(&b->dma[STATUSES_AT + place], __ATOMIC_RELAXED);
        uint32_t least = p->op == VIRTIO_BLK_READ ? p->data_bytes + 1 : 1;
        *out = (struct virtio_blk_completion){p->tag, VIRTIO_BLK_IO_ERROR};
        if (status == STATUS_OK && written >= least) {
            out->status = VIRTIO_BLK_OK;
        } else if (status == STATUS_UNSUPPORTED) {
            out->status = VIRTIO_BLK_UNSUPPORTED;
        }
        release(b, place);
        return true;
    }
    for (uint32_t i = 0; b->broken != NULL && i < b->place_count; i++) {
        if (b->places[i].in_flight) {
            *out = (struct virtio_blk_completion){b->places[i].tag, VIRTIO_BLK_BROKEN};
            release(b, i);
            return true;
        }
    }
    return false;
}
