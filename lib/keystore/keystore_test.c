/* SPDX-License-Identifier: MIT */
/**
 * Shows that a profile outlives the power, opens by password or recovery phrase on its own device alone, that wrong passwords count
 * over power-off, that power that is cut in a write loses nothing, that locking leaves no secret in memory, and that what is
 * signed verifies.
 */
#include "fake_place.h"
#include "unit.h"

#define SECOND UINT64_C(1000000000)

static char phrase[KEYSTORE_RECOVERY_BYTES];

static void fresh_place(void)
{
    memset(&place, 0, sizeof place);
    place.now_ns = SECOND;
    start();
}

static void fresh_profile(void)
{
    fresh_place();
    CHECK(make_profile(phrase));
}

static uint64_t unlock(const char *password)
{
    return ask_texts(KEYSTORE_UNLOCK, password, NULL);
}

/* Whether bytes stand anywhere in the keystore's memory or in the last request. */
static bool holds(const void *bytes, size_t len)
{
    return memmem(&keystore, sizeof keystore, bytes, len) != NULL || memmem(&request, sizeof request, bytes, len) != NULL;
}

static void a_profile_outlives_the_power(void)
{
    fresh_place();
    CHECK_EQ(keystore.state, KEYSTORE_EMPTY);
    CHECK(make_profile(phrase));
    CHECK(keystore.state == KEYSTORE_UNLOCKED && strlen(phrase) == 9 * 6 - 1);
    struct u256 genesis = keystore.record.genesis;
    start();
    CHECK(keystore.state == KEYSTORE_LOCKED && u256_equal(&genesis, &keystore.record.genesis));
    CHECK(strcmp(keystore.record.phrase, "red herring") == 0 && strcmp(keystore.record.name, "alice") == 0);
    CHECK_EQ(unlock("wrong horse"), KEYSTORE_WRONG);
    CHECK_EQ(unlock(PASSWORD), PROTO_OK);
    CHECK(keystore.state == KEYSTORE_UNLOCKED && keystore.record.failures == 0);
    CHECK_EQ(propose("more words", "bob", "password 2"), KEYSTORE_HAS_PROFILE);
}

static void only_its_own_device_opens_it(void)
{
    fresh_profile();
    start_as(2, true);
    CHECK_EQ(keystore.state, KEYSTORE_DAMAGED);
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_NO_PROFILE);
    CHECK_EQ(propose("more words", "bob", "password 2"), PROTO_FORBIDDEN); /* what is there is left as it is */
    start_as(1, false);
    CHECK(keystore.state == KEYSTORE_NONE && propose("more words", "bob", "password 2") == KEYSTORE_NO_DISK);
    place.reads_fail = true;
    start();
    CHECK_EQ(keystore.state, KEYSTORE_NONE);
}

static void wrong_passwords_count_over_power_off(void)
{
    fresh_profile();
    uint64_t waited = 0;
    for (uint32_t i = 0; i < KEYSTORE_SHUT_AT; i++) {
        start(); /* the power is off between any two of them */
        if (i > KEYSTORE_FREE) {
            CHECK_EQ(unlock(PASSWORD), KEYSTORE_WAIT);
        }
        while (unlock("wrong horse") == KEYSTORE_WAIT) {
            CHECK(le32_load(reply.bytes) >= 1);
            place.now_ns += SECOND;
            waited++;
        }
        CHECK_EQ(keystore.record.failures, i + 1);
    }
    CHECK_EQ(waited, (1u << (KEYSTORE_SHUT_AT - KEYSTORE_FREE)) - 1);
    start();
    place.now_ns += 1000000 * SECOND;
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_SHUT);
    CHECK_EQ(ask_texts(KEYSTORE_RECOVER, "lusab babad", NEW_ONE), KEYSTORE_WRONG);
    CHECK_EQ(ask_texts(KEYSTORE_RECOVER, phrase, "short"), PROTO_INVALID);
    CHECK_EQ(ask_texts(KEYSTORE_RECOVER, phrase, NEW_ONE), PROTO_OK);
    start();
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_WRONG);
    CHECK_EQ(unlock(NEW_ONE), PROTO_OK);
}

static void an_attempt_that_cannot_be_counted_is_not_made(void)
{
    fresh_profile();
    start();
    place.fail_at = place.writes + 1;
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_DISK_FAILED);
    CHECK_EQ(keystore.state, KEYSTORE_LOCKED);
    place.fail_at = place.writes + 2; /* the first write of two */
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_DISK_FAILED);
    CHECK_EQ(keystore.state, KEYSTORE_LOCKED);
    static const uint8_t zeros[KEYSTORE_SECRET_BYTES];
    CHECK_BYTES(keystore.secret, zeros, sizeof zeros);
}

/* The power is cut in each write, with so much of it on the disk: what was there, or what is new, opens. */
static void power_that_is_cut_loses_nothing(void)
{
    static const uint32_t torn[] = {0, 1, 8, 16, 47, 48, 512, 1024, 4095, 4096};
    for (size_t t = 0; t < ARRAY_LEN(torn); t++) {
        for (uint32_t at = 1; at <= 3; at++) {
            fresh_profile();
            place.fail_at = place.writes + at;
            place.torn = torn[t];
            uint64_t changed = ask_texts(KEYSTORE_PASSWORD, PASSWORD, NEW_ONE);
            CHECK_EQ(changed, KEYSTORE_DISK_FAILED);
            place.fail_at = 0;
            start();
            CHECK_EQ(keystore.state, KEYSTORE_LOCKED);
            bool is_old = unlock(PASSWORD) == PROTO_OK;
            CHECK(is_old || (at == 3 && torn[t] == KEYSTORE_RECORD_BYTES && unlock(NEW_ONE) == PROTO_OK));
        }
    }
    fresh_place();
    place.fail_at = 1;
    place.torn = 100;
    CHECK_EQ(propose("red herring", "alice", PASSWORD), PROTO_OK);
    CHECK_EQ(ask_texts(KEYSTORE_AGREE, NULL, NULL), KEYSTORE_DISK_FAILED);
    CHECK_EQ(keystore.state, KEYSTORE_EMPTY);
}

static void damaged_bits_are_seen(void)
{
    fresh_profile();
    CHECK_EQ(ask_texts(KEYSTORE_PASSWORD, PASSWORD, NEW_ONE), PROTO_OK);
    uint8_t good[sizeof place.records];
    memcpy(good, place.records, sizeof good);
    uint32_t newest = (uint32_t)(keystore.sequence % KEYSTORE_RECORDS);
    for (size_t byte = 0; byte < KEYSTORE_RECORD_BYTES; byte += 97) {
        memcpy(place.records, good, sizeof good);
        place.records[newest][byte] ^= 1;
        start();
        CHECK_EQ(keystore.state, KEYSTORE_LOCKED); /* by the record before */
        place.records[1 - newest][byte] ^= 1;
        start();
        CHECK_EQ(keystore.state, KEYSTORE_DAMAGED);
    }
    memcpy(place.records, good, sizeof good); /* a record in the other's place is none */
    memcpy(place.records[1 - newest], good + (size_t)newest * KEYSTORE_RECORD_BYTES, KEYSTORE_RECORD_BYTES);
    memset(place.records[newest], 0, KEYSTORE_RECORD_BYTES);
    start();
    CHECK_EQ(keystore.state, KEYSTORE_DAMAGED);
}

static void locking_leaves_no_secret_in_memory(void)
{
    uint8_t seed[64], volume[32], first_key[64];
    fresh_profile();
    memcpy(seed, keystore.secret + 8, sizeof seed);
    memcpy(volume, keystore.secret + 72, sizeof volume);
    struct signer_seed signer = {.falcon = NULL};
    memcpy(signer.bytes, seed, sizeof seed);
    signer_secret(&signer, 0, first_key);
    CHECK(holds(seed, 16) && holds(volume, 16)); /* the search finds what is there */
    CHECK(!holds(first_key, 16) && !holds(PASSWORD, strlen(PASSWORD)) && !holds(phrase, strlen(phrase)));
    CHECK_EQ(ask_texts(KEYSTORE_LOCK, NULL, NULL), PROTO_OK);
    CHECK(!holds(seed, 16) && !holds(seed + 48, 16) && !holds(volume, 16));
    CHECK_EQ(unlock(PASSWORD), PROTO_OK);
    CHECK(holds(seed, 16) && !holds(PASSWORD, strlen(PASSWORD)));
    CHECK_EQ(ask_texts(KEYSTORE_PASSWORD, PASSWORD, NEW_ONE), PROTO_OK);
    CHECK(!holds(PASSWORD, strlen(PASSWORD)) && !holds(NEW_ONE, strlen(NEW_ONE)));
    keystore_lock(&keystore);
    CHECK(!holds(seed, 16) && !holds(volume, 16));
    CHECK_EQ(unlock("wrong horse"), KEYSTORE_WRONG);
    CHECK(!holds(seed, 16) && !holds("wrong horse", 11));
    CHECK(memmem(place.records, sizeof place.records, seed, 16) == NULL); /* nor on the disk */
}

/* Reads what the keystore signed last, as the session does. */
static size_t fetch(uint8_t *out, size_t cap)
{
    size_t at = 0, total = 1;
    while (at < total) {
        struct writer w = begin(KEYSTORE_TRANSACTION);
        writer_le32(&w, (uint32_t)at);
        if (ask(&w) != PROTO_OK || (total = le32_load(reply.bytes)) > cap) {
            return 0;
        }
        memcpy(out + at, reply.bytes + 4, reply.len_bytes - 4);
        at += reply.len_bytes - 4;
    }
    return total;
}

static uint64_t propose_device(const char *name, uint8_t first)
{
    struct writer w = begin(KEYSTORE_PROPOSE_DEVICE);
    uint8_t id[32] = {first};
    writer_le64(&w, 1700000100);
    writer_put(&w, id, sizeof id);
    add_text(&w, name);
    return ask(&w);
}

static void what_is_signed_verifies(void)
{
    static struct sigchain_verifier v;
    static struct sigchain_register registers[4];
    uint8_t bytes[KEYSTORE_TRANSACTION_BYTES];
    struct sigchain_setup setup = {.registers = registers, .register_capacity = ARRAY_LEN(registers)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&v, &setup);
    fresh_profile();
    size_t len = fetch(bytes, sizeof bytes);
    CHECK(len != 0 && sigchain_add(&v, bytes, len) && sigchain_genesis_is_bound(&v));
    CHECK_EQ(propose_device("phone", 5), PROTO_OK);
    CHECK(memmem(reply.bytes, reply.len_bytes, "phone", 5) != NULL && memmem(reply.bytes, reply.len_bytes, "0005 is yours", 13) != NULL);
    CHECK(memmem(reply.bytes, reply.len_bytes, "Transaction 1", 13) != NULL);
    start(); /* not agreed to: nothing was signed */
    CHECK_EQ(unlock(PASSWORD), PROTO_OK);
    CHECK(ask_texts(KEYSTORE_AGREE, NULL, NULL) == KEYSTORE_NO_PROPOSAL && keystore.record.next_sequence == 1);
    CHECK(propose_device("tablet", 6) == PROTO_OK && ask_texts(KEYSTORE_AGREE, NULL, NULL) == PROTO_OK);
    len = fetch(bytes, sizeof bytes);
    CHECK(len != 0 && sigchain_add(&v, bytes, len) && v.transaction_count == 2 && v.register_count == 2);
    start();
    CHECK_EQ(unlock(PASSWORD), PROTO_OK);
    CHECK(propose_device("watch", 7) == PROTO_OK && ask_texts(KEYSTORE_AGREE, NULL, NULL) == PROTO_OK);
    len = fetch(bytes, sizeof bytes);
    CHECK(len != 0 && sigchain_add(&v, bytes, len) && sigchain_finish(&v));
    struct record_device device;
    CHECK(record_device_read(&registers[2].state, &device) == LX_OK && strcmp(device.name, "watch") == 0 && !device.revoked);
}

/* The phrase alone signs on another machine. */
static void the_recovery_phrase_signs(void)
{
    static struct sigchain_verifier v;
    static struct sigchain_register registers[4];
    static struct transaction_builder b;
    static struct register_state state;
    uint8_t bytes[KEYSTORE_TRANSACTION_BYTES], entropy[KEYSTORE_ENTROPY_BYTES], secret[64], data[256];
    struct sigchain_setup setup = {.registers = registers, .register_capacity = ARRAY_LEN(registers)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&v, &setup);
    fresh_profile();
    size_t len = fetch(bytes, sizeof bytes);
    CHECK(sigchain_add(&v, bytes, len));
    CHECK(keystore_words_read(cursor_of(phrase, strlen(phrase)), entropy));
    struct sk s;
    sk_init(&s, SK512);
    sk_update(&s, "lx-os recovery/1", 16);
    sk_update(&s, entropy, sizeof entropy);
    sk_final(&s, secret);
    struct sigchain_link link;
    struct u256 next, address = {{1}};
    struct u512 txid;
    struct record_device device = {.name = "found again"};
    struct writer w = writer_of(data, sizeof data);
    static const uint8_t random[BRAINPOOL_RANDOM_BYTES];
    u256_set_type(&address, ADDRESS_OBJECT);
    sigchain_link_of(&v, &link);
    CHECK_EQ(sigchain_key_hash(secret, &next), LX_OK); /* any key: nothing follows */
    CHECK_EQ(record_device_data(&device, &w), LX_OK);
    transaction_begin(&b, &link.genesis, link.not_before, bytes, sizeof bytes);
    CHECK_EQ(transaction_create(&b, &address, REGISTER_OBJECT, data, w.used_bytes, &state), REGISTER_OK);
    CHECK_EQ(transaction_sign(&b, &link, &next, secret, random, &txid), LX_OK);
    CHECK(sigchain_add(&v, bytes, b.out.used_bytes));
}

static void who_may_ask_what(void)
{
    fresh_profile();
    for (uint64_t label = 0; label <= KEYSTORE_REQUEST_END + 1; label++) {
        request.label = label;
        request.len_bytes = 0;
        keystore_do(&keystore, &request, false, &reply);
        bool is_known = label != 0 && label < KEYSTORE_REQUEST_END;
        CHECK_EQ(reply.label, label == KEYSTORE_VOLUME_KEY ? PROTO_INVALID : is_known ? PROTO_FORBIDDEN : PROTO_UNKNOWN);
    }
    uint8_t keys[2][32];
    for (uint8_t i = 0; i < 2; i++) {
        request = (struct keystore_message){.label = KEYSTORE_VOLUME_KEY, .len_bytes = 1, .bytes = {i}};
        keystore_do(&keystore, &request, false, &reply);
        CHECK(reply.label == PROTO_OK && reply.len_bytes == 32);
        memcpy(keys[i], reply.bytes, 32);
    }
    CHECK(memcmp(keys[0], keys[1], 32) != 0 && !holds(keys[1], 32));
    keystore_lock(&keystore);
    request = (struct keystore_message){.label = KEYSTORE_VOLUME_KEY, .len_bytes = 1, .bytes = {1}};
    keystore_do(&keystore, &request, false, &reply);
    CHECK(reply.label == KEYSTORE_IS_LOCKED && reply.len_bytes == 0);
    request = (struct keystore_message){.label = KEYSTORE_VOLUME_KEY, .len_bytes = 1, .bytes = {0}};
    keystore_do(&keystore, &request, false, &reply);
    CHECK(reply.label == PROTO_OK);
    CHECK_BYTES(reply.bytes, keys[0], 32);
    struct writer w = begin(KEYSTORE_VOLUME_KEY);
    CHECK_EQ(ask(&w), PROTO_FORBIDDEN); /* not the session's */
    CHECK(propose_device("x", 1) == KEYSTORE_IS_LOCKED && ask_texts(KEYSTORE_PASSWORD, PASSWORD, NEW_ONE) == KEYSTORE_IS_LOCKED);
}

static void malformed_requests_are_refused(void)
{
    fresh_place();
    CHECK_EQ(propose("abc", "alice", PASSWORD), PROTO_INVALID);
    CHECK_EQ(propose("red herring", "", PASSWORD), PROTO_INVALID);
    CHECK_EQ(propose("red herring", "alice", "short"), PROTO_INVALID);
    CHECK_EQ(propose("red\x1b[2Jherring", "alice", PASSWORD), PROTO_INVALID);
    struct writer w = begin(KEYSTORE_UNLOCK);
    writer_le16(&w, 200);
    CHECK_EQ(ask(&w), PROTO_INVALID);
    w = begin(KEYSTORE_LOCK);
    writer_u8(&w, 0);
    CHECK_EQ(ask(&w), PROTO_INVALID);
    w = begin(KEYSTORE_TRANSACTION);
    writer_le32(&w, 1);
    CHECK_EQ(ask(&w), PROTO_INVALID);
    CHECK_EQ(unlock(PASSWORD), KEYSTORE_NO_PROFILE);
    keystore.memory_bytes = 0; /* this system gives too little */
    CHECK_EQ(propose("red herring", "alice", PASSWORD), KEYSTORE_NO_MEMORY);
    CHECK(keystore.proposal.request == 0);
}

static void recovery_words(void)
{
    uint8_t entropy[KEYSTORE_ENTROPY_BYTES] = {0}, back[KEYSTORE_ENTROPY_BYTES];
    char text[KEYSTORE_RECOVERY_BYTES], other[KEYSTORE_RECOVERY_BYTES];
    for (unsigned i = 0; i < sizeof entropy; i++) {
        entropy[i] = (uint8_t)(i * 37 + 3);
    }
    keystore_words_of(entropy, text);
    CHECK(keystore_words_read(cursor_of(text, strlen(text)), back));
    CHECK_BYTES(back, entropy, sizeof back);
    for (size_t i = 0; text[i] != '\0'; i++) {
        memcpy(other, text, sizeof other);
        other[i] = other[i] == 'b' ? 'd' : 'b'; /* another letter, perhaps one that cannot be there */
        CHECK(!keystore_words_read(cursor_of(other, strlen(other)), back));
        CHECK(!keystore_words_read(cursor_of(text, i), back));
    }
    snprintf(other, sizeof other, " %.5s-%s", text, text + 6);
    other[1] = (char)(other[1] - 32);
    CHECK(keystore_words_read(cursor_of(other, strlen(other)), back));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"keystore: a profile outlives the power", a_profile_outlives_the_power},
        {"keystore: only its own device opens it, and nothing is written over", only_its_own_device_opens_it},
        {"keystore: wrong passwords count over power-off, and at last only the recovery phrase opens", wrong_passwords_count_over_power_off},
        {"keystore: an attempt that cannot be counted is not made", an_attempt_that_cannot_be_counted_is_not_made},
        {"keystore: power that is cut in a write loses nothing", power_that_is_cut_loses_nothing},
        {"keystore: damaged bits are seen", damaged_bits_are_seen},
        {"keystore: locking leaves no secret in memory", locking_leaves_no_secret_in_memory},
        {"keystore: what is signed verifies, once for each number", what_is_signed_verifies},
        {"keystore: the recovery phrase signs on another machine", the_recovery_phrase_signs},
        {"keystore: who may ask what", who_may_ask_what},
        {"keystore: malformed requests are refused", malformed_requests_are_refused},
        {"keystore: recovery words are read back, and mistakes seen", recovery_words},
    };
    return UNIT_MAIN(cases);
}
