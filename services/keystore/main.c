/* SPDX-License-Identifier: MIT */
/**
 * Keystore: a person's secrets. See README.md; what is kept and signed is lib/keystore, this is the glue to disk and callers.
 * Owns:   the keys' partition, the secret of the device, every other secret.    Uses: rt, keystore, disk; proto/keystore.h.
 */
#include "disk.h"
#include "keystore.h"
#include "rt.h"

LX_BLOB(device_secret);
LX_MEMORY(argon); /* for Argon2: what a password costs, and 64 MiB and some for Nexus profiles */
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, disk, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_SERVER(session);
LX_SLOT(lx_server, SLOT_SERVER, SLOT_OPTIONAL | SLOT_SIGNALS, clients);

/* Who is asked gives a disk up before we do. */
#define PATIENCE_NS UINT64_C(30000000000)

/* A password: Argon2id, 3 passes over 32 MiB. docs/design/keystore.md, "What a password costs" */
enum { PASSES = 3, KIB = 32 * 1024 };

enum { RECORD_SECTORS = KEYSTORE_RECORD_BYTES / BLK_SECTOR_BYTES, TAGS_OF_A_START = 1 << 20 };

static struct keystore keystore;
static struct disk partition;
static uint32_t waited_tag;
static uint64_t waited_since;

/* ---- the disk: one request after the other, waited for awake ------------------------------------------------------------------- */

static void notify_driver(void *context)
{
    (void)context;
    rt_signal(disk.notify);
}

static bool wait_awake(void *context)
{
    (void)context;
    uint64_t now = rt_ticks();
    if (waited_tag != partition.next_tag) {
        waited_tag = partition.next_tag;
        waited_since = now;
    }
    return now - waited_since < rt_ns_to_ticks(PATIENCE_NS);
}

static bool open_partition(void)
{
    const struct disk_setup setup = {.send = (void *)disk.send_addr,
                                     .receive = (void *)disk.receive_addr,
                                     .record_bytes = disk.record_bytes,
                                     .record_count = disk.record_count,
                                     .data = (uint8_t *)disk.data_addr,
                                     .data_bytes = disk.data_bytes,
                                     .first_tag = rt_info_page()->incarnation * TAGS_OF_A_START,
                                     .notify = notify_driver,
                                     .wait = wait_awake};
    waited_since = rt_ticks();
    return lx_given(disk) && disk_open(&partition, &setup) == BLK_OK &&
           partition.sector_count >= (uint64_t)KEYSTORE_RECORDS * RECORD_SECTORS;
}

static bool read_record(void *context, uint32_t record, uint8_t out[KEYSTORE_RECORD_BYTES])
{
    (void)context;
    return disk_read(&partition, (uint64_t)record * RECORD_SECTORS, RECORD_SECTORS, out) == BLK_OK;
}

static bool write_record(void *context, uint32_t record, const uint8_t bytes[KEYSTORE_RECORD_BYTES])
{
    (void)context;
    return disk_write(&partition, (uint64_t)record * RECORD_SECTORS, RECORD_SECTORS, bytes) == BLK_OK &&
           disk_flush(&partition) == BLK_OK;
}

static uint64_t now_ns(void *context)
{
    (void)context;
    return rt_now_ns();
}

/* ---- start ---------------------------------------------------------------------------------------------------------------------------- */

void init(void)
{
    if (rt_info_page()->seeded == 0) {
        rt_panic("the firmware gives no random seed (rng-seed in the device tree): keys would be guessable, so there are none");
    }
    if (device_secret.len_bytes < KEYSTORE_DEVICE_BYTES) {
        rt_panic("the device's secret has %lu bytes and needs %u", (unsigned long)device_secret.len_bytes, (unsigned)KEYSTORE_DEVICE_BYTES);
    }
    kdf_memory((void *)argon.addr, argon.len_bytes);
    struct keystore_setup setup = {.ops = {.read = read_record, .write = write_record, .now_ns = now_ns},
                                   .has_disk = open_partition(),
                                   .device_secret = (const uint8_t *)device_secret.addr,
                                   .seed = rt_info_page()->seed,
                                   .differs = rt_ticks(),
                                   .cost = {PASSES, KIB},
                                   .memory_bytes = argon.len_bytes};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    keystore_start(&keystore, &setup);
}

/* ---- requests -------------------------------------------------------------------------------------------------------------------------- */

static void read_message(const struct message *m, struct keystore_message *out)
{
    size_t words = rt_length(m);
    uint64_t len = words == 0 ? 0 : m->word[0];
    out->label = rt_label(m);
    out->len_bytes = len <= KEYSTORE_BYTES_MAX && words >= 1 + (len + 7) / 8 ? (uint32_t)len : 0;
    for (size_t at = 0; at < out->len_bytes; at += 8) {
        size_t word = 1 + at / 8;
        uint8_t bytes[8];
        le64_store(bytes, word < ARRAY_LEN(m->word) ? m->word[word] : ipc_buffer->msg[word]);
        memcpy(out->bytes + at, bytes, out->len_bytes - at < 8 ? out->len_bytes - at : 8);
    }
    wipe(ipc_buffer->msg, sizeof ipc_buffer->msg);
}

static void write_message(const struct keystore_message *in, struct message *m)
{
    size_t words = 1 + (in->len_bytes + 7) / 8;
    *m = (struct message){.info = message_info(in->label, words), .word = {in->len_bytes}};
    for (size_t i = 1; i < words; i++) {
        uint64_t word = le64_load(in->bytes + (i - 1) * 8); /* zeros behind the end */
        if (i < ARRAY_LEN(m->word)) {
            m->word[i] = word;
        } else {
            ipc_buffer->msg[i] = word;
        }
    }
}

static void tell_clients(uint8_t before)
{
    if (lx_given(clients) && before != keystore.state) {
        for (uint64_t i = 0; i < clients.caller_count; i++) {
            rt_signal(clients.first_notify + i);
        }
    }
}

bool protected(struct message *m)
{
    static struct keystore_message in, out;
    bool is_session = m->badge - session.first_caller < session.caller_count;
    bool is_client = lx_given(clients) && m->badge - clients.first_caller < clients.caller_count;
    if (!is_session && !is_client) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return true;
    }
    uint8_t before = keystore.state;
    read_message(m, &in);
    wipe(m, sizeof *m);
    keystore_do(&keystore, &in, is_session, &out);
    write_message(&out, m);
    wipe(&out, sizeof out); /* the words that went out are overwritten by the next message */
    tell_clients(before);
    rt_wipe_stack(); /* Argon2 and the signatures had copies there */
    return true;
}
