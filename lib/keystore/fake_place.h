/* SPDX-License-Identifier: MIT */
/** For tests of lib/keystore: a disk of two records that can fail, a clock, and requests in words. */
#ifndef LX_FAKE_PLACE_H
#define LX_FAKE_PLACE_H

#include <stdio.h>

#include "keystore.h"

static struct {
    uint8_t records[KEYSTORE_RECORDS][KEYSTORE_RECORD_BYTES];
    uint64_t now_ns;
    uint32_t writes;
    uint32_t fail_at;    /* this write fails, and leaves `torn` bytes of it; counted from 1 */
    uint32_t torn;
    bool reads_fail;
} place;

static struct keystore keystore;
static struct keystore_message request, reply;

static bool place_read(void *context, uint32_t record, uint8_t out[KEYSTORE_RECORD_BYTES])
{
    (void)context;
    memcpy(out, place.records[record], KEYSTORE_RECORD_BYTES);
    return !place.reads_fail;
}

static bool place_write(void *context, uint32_t record, const uint8_t bytes[KEYSTORE_RECORD_BYTES])
{
    (void)context;
    place.writes++;
    bool fails = place.fail_at != 0 && place.writes >= place.fail_at;
    memcpy(place.records[record], bytes, !fails ? (size_t)KEYSTORE_RECORD_BYTES : place.writes == place.fail_at ? place.torn : 0);
    return !fails;
}

static uint64_t place_now(void *context)
{
    (void)context;
    return place.now_ns;
}

static void start_as(uint8_t device, bool has_disk)
{
    static uint8_t secret[KEYSTORE_DEVICE_BYTES], seed[32];
    static uint64_t starts;
    secret[0] = device;
    seed[0] = 77;
    struct keystore_setup setup = {.ops = {NULL, place_read, place_write, place_now},
                                   .has_disk = has_disk,
                                   .device_secret = secret,
                                   .seed = seed,
                                   .differs = ++starts,
                                   .cost = {1, 8},
                                   .memory_bytes = KDF_MEMORY_BYTES(8)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    keystore_start(&keystore, &setup);
}

static void start(void)
{
    start_as(1, true);
}

static void add_text(struct writer *w, const char *text)
{
    writer_le16(w, (uint16_t)strlen(text));
    writer_put(w, text, strlen(text));
}

static uint64_t ask(struct writer *w)
{
    request.len_bytes = (uint32_t)w->used_bytes;
    keystore_do(&keystore, &request, true, &reply);
    return reply.label;
}

static struct writer begin(uint64_t label)
{
    request.label = label;
    return writer_of(request.bytes, sizeof request.bytes);
}

static uint64_t ask_texts(uint64_t label, const char *a, const char *b)
{
    struct writer w = begin(label);
    if (a != NULL) {
        add_text(&w, a);
    }
    if (b != NULL) {
        add_text(&w, b);
    }
    return ask(&w);
}

static uint64_t propose(const char *phrase, const char *name, const char *password)
{
    struct writer w = begin(KEYSTORE_PROPOSE_OWN);
    writer_le64(&w, 1700000000);
    add_text(&w, phrase);
    add_text(&w, name);
    add_text(&w, password);
    return ask(&w);
}

#define PASSWORD "correct horse"
#define NEW_ONE  "battery staple"

/* Makes alice's profile. @param phrase KEYSTORE_RECOVERY_BYTES: what is shown once. */
static bool make_profile(char *phrase)
{
    if (propose("red herring", "alice", PASSWORD) != PROTO_OK || ask_texts(KEYSTORE_AGREE, NULL, NULL) != PROTO_OK) {
        return false;
    }
    snprintf(phrase, KEYSTORE_RECOVERY_BYTES, "%.*s", (int)le16_load(reply.bytes), (const char *)reply.bytes + 2);
    return true;
}

#endif
