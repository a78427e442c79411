/* SPDX-License-Identifier: MIT */
/** Keystore: what is on the disk, what opens it, and requests. See keystore.h. */
#include <sodium.h>

#include "private.h"

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == KEYSTORE_NONCE_BYTES &&
                   crypto_aead_xchacha20poly1305_ietf_ABYTES == KEYSTORE_TAG_BYTES,
               "sizes of XChaCha20-Poly1305");

#define MAGIC     "LXKEYS1\0"
#define SECOND_NS UINT64_C(1000000000)

bool take_text(struct cursor *c, size_t min, size_t max, struct cursor *out)
{
    uint16_t len;
    return cursor_le16(c, &len) && len >= min && len <= max && cursor_take(c, len, out);
}

void put_text(struct writer *w, const char *text)
{
    writer_le16(w, (uint16_t)strlen(text));
    writer_put(w, text, strlen(text));
}

/* ---- boxes ------------------------------------------------------------------------------------------------------------------------ */

void box_seal(struct keystore *k, const uint8_t key[32], const struct u256 *genesis, const uint8_t secret[KEYSTORE_SECRET_BYTES],
              struct keystore_box *out)
{
    unsigned long long len = 0;
    random_bytes(&k->random, k->ops.now_ns(k->ops.context), out->nonce, sizeof out->nonce);
    int bad = crypto_aead_xchacha20poly1305_ietf_encrypt(out->sealed, &len, secret, KEYSTORE_SECRET_BYTES, genesis->bytes, U256_BYTES,
                                                         NULL, out->nonce, key);
    assert(bad == 0 && len == sizeof out->sealed);
}

bool box_open(const uint8_t key[32], const struct u256 *genesis, const struct keystore_box *box, uint8_t secret[KEYSTORE_SECRET_BYTES])
{
    unsigned long long len = 0;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(secret, &len, NULL, box->sealed, sizeof box->sealed, genesis->bytes, U256_BYTES,
                                                      box->nonce, key) == 0;
}

/* ---- records ------------------------------------------------------------------------------------------------------------------------ */

bool record_write(struct keystore *k)
{
    unsigned long long len = 0;
    uint64_t sequence = k->sequence + 1;
    uint64_t now = k->ops.now_ns(k->ops.context);
    random_bytes(&k->random, now, k->next.pool, sizeof k->next.pool);
    keystore_record_put(&k->next, k->plain);
    struct writer w = writer_of(k->bytes, KEYSTORE_HEAD_BYTES);
    memset(k->bytes, 0, sizeof k->bytes);
    writer_put(&w, MAGIC, 8);
    writer_le64(&w, sequence);
    random_bytes(&k->random, now, k->bytes + w.used_bytes, KEYSTORE_NONCE_BYTES);
    int bad = crypto_aead_xchacha20poly1305_ietf_encrypt(k->bytes + KEYSTORE_HEAD_BYTES, &len, k->plain, sizeof k->plain, k->bytes,
                                                         KEYSTORE_HEAD_BYTES, NULL, k->bytes + 16, k->record_key);
    assert(bad == 0 && len == sizeof k->plain + KEYSTORE_TAG_BYTES);
    wipe(k->plain, sizeof k->plain);
    if (!k->ops.write(k->ops.context, (uint32_t)(sequence % KEYSTORE_RECORDS), k->bytes)) {
        return false; /* the other record still stands; the next try goes to the same place */
    }
    k->sequence = sequence;
    k->record = k->next;
    return true;
}

enum reading { READ_ZERO, READ_GOOD, READ_BAD, READ_FAILED };

/* Reads record `index` into k->next. */
static enum reading record_read(struct keystore *k, uint32_t index, uint64_t *sequence)
{
    unsigned long long len = 0;
    uint8_t any = 0;
    if (!k->ops.read(k->ops.context, index, k->bytes)) {
        return READ_FAILED;
    }
    for (size_t i = 0; i < sizeof k->bytes; i++) {
        any |= k->bytes[i];
    }
    if (any == 0) {
        return READ_ZERO;
    }
    bool is_good = memcmp(k->bytes, MAGIC, 8) == 0 && le64_load(k->bytes + 8) % KEYSTORE_RECORDS == index &&
                   crypto_aead_xchacha20poly1305_ietf_decrypt(k->plain, &len, NULL, k->bytes + KEYSTORE_HEAD_BYTES,
                                                              sizeof k->bytes - KEYSTORE_HEAD_BYTES, k->bytes, KEYSTORE_HEAD_BYTES,
                                                              k->bytes + 16, k->record_key) == 0 &&
                   keystore_record_parse(k->plain, &k->next);
    *sequence = le64_load(k->bytes + 8);
    wipe(k->plain, sizeof k->plain);
    return is_good ? READ_GOOD : READ_BAD;
}

/* The wait before the next password, by how many were wrong. */
static uint64_t wait_ns(uint32_t failures)
{
    return failures < KEYSTORE_FREE ? 0 : SECOND_NS << (failures - KEYSTORE_FREE < 16 ? failures - KEYSTORE_FREE : 16);
}

static void load(struct keystore *k)
{
    bool is_bad = false;
    k->state = KEYSTORE_EMPTY;
    for (uint32_t i = 0; i < KEYSTORE_RECORDS; i++) {
        uint64_t sequence = 0;
        enum reading reading = record_read(k, i, &sequence);
        if (reading == READ_FAILED) {
            k->state = KEYSTORE_NONE;
            return;
        }
        is_bad |= reading == READ_BAD; /* of two, one may be half written */
        if (reading == READ_GOOD && (k->state != KEYSTORE_LOCKED || sequence > k->sequence)) {
            k->state = KEYSTORE_LOCKED;
            k->sequence = sequence;
            k->record = k->next;
        }
    }
    if (k->state == KEYSTORE_LOCKED) {
        random_add(&k->random, k->record.pool, sizeof k->record.pool);
        k->not_before_ns = k->ops.now_ns(k->ops.context) + wait_ns(k->record.failures);
    } else if (is_bad) {
        k->state = KEYSTORE_DAMAGED;
    }
}

void keystore_start(struct keystore *k, const struct keystore_setup *setup)
{
    memset(k, 0, sizeof *k);
    k->ops = setup->ops;
    k->cost = setup->cost;
    k->memory_bytes = setup->memory_bytes;
    k->network = setup->network;
    random_start(&k->random, setup->seed, setup->differs);
    random_add(&k->random, setup->device_secret, KEYSTORE_DEVICE_BYTES);
    derive_key("lx-os keystore record/1", setup->device_secret, NULL, 0, k->record_key);
    derive_key("lx-os keystore password/1", setup->device_secret, NULL, 0, k->device_kdf);
    derive_key("lx-os keystore recovery/1", setup->device_secret, NULL, 0, k->device_recovery);
    derive_key("lx-os keystore volume/1", setup->device_secret, NULL, 0, k->device_volume);
    if (setup->has_disk) {
        load(k);
    }
}

/* ---- locked and unlocked -------------------------------------------------------------------------------------------------------------- */

void keystore_lock(struct keystore *k)
{
    wipe(k->secret, sizeof k->secret);
    proposal_forget(k);
    wipe(&k->next, sizeof k->next);
    wipe(k->plain, sizeof k->plain);
    wipe(k->bytes, sizeof k->bytes);
    wipe(&k->register_state, sizeof k->register_state);
    if (k->state == KEYSTORE_UNLOCKED) {
        k->state = KEYSTORE_LOCKED;
    }
}

static uint64_t failures_write(struct keystore *k, uint32_t failures)
{
    k->next = k->record;
    k->next.failures = failures;
    return record_write(k) ? PROTO_OK : KEYSTORE_DISK_FAILED;
}

static uint64_t refuse_wait(uint64_t left_ns, struct writer *out)
{
    writer_le32(out, (uint32_t)((left_ns + SECOND_NS - 1) / SECOND_NS));
    return KEYSTORE_WAIT;
}

/* Tries a password: first it is counted as wrong, on the disk; then it is tried; a right one takes that back. */
static uint64_t try_password(struct keystore *k, struct cursor password, uint8_t secret[KEYSTORE_SECRET_BYTES], struct writer *out)
{
    uint8_t key[KDF_LOCAL_BYTES];
    uint64_t now = k->ops.now_ns(k->ops.context);
    uint32_t failures = k->record.failures;
    if (failures >= KEYSTORE_SHUT_AT) {
        return KEYSTORE_SHUT;
    }
    if (now < k->not_before_ns) {
        return refuse_wait(k->not_before_ns - now, out);
    }
    if (KDF_MEMORY_BYTES(k->record.cost.kib) > k->memory_bytes) {
        return KEYSTORE_NO_MEMORY;
    }
    if (failures_write(k, failures + 1) != PROTO_OK) {
        return KEYSTORE_DISK_FAILED;
    }
    bool is_right = kdf_local_key(&k->record.cost, password, k->record.salt, k->device_kdf, key) == LX_OK &&
                    box_open(key, &k->record.genesis, &k->record.by_password, secret);
    wipe(key, sizeof key);
    if (!is_right) {
        wipe(secret, KEYSTORE_SECRET_BYTES);
        k->not_before_ns = k->ops.now_ns(k->ops.context) + wait_ns(k->record.failures);
        return k->record.failures >= KEYSTORE_SHUT_AT ? KEYSTORE_SHUT : KEYSTORE_WRONG;
    }
    uint64_t status = failures_write(k, 0);
    if (status != PROTO_OK) {
        wipe(secret, KEYSTORE_SECRET_BYTES);
    }
    return status;
}

static uint64_t unlock(struct keystore *k, struct cursor in, struct writer *out)
{
    struct cursor password;
    if (!take_text(&in, 1, KEYSTORE_PASSWORD_BYTES, &password) || !cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    if (k->state != KEYSTORE_LOCKED) {
        return k->state == KEYSTORE_UNLOCKED ? KEYSTORE_HAS_PROFILE : KEYSTORE_NO_PROFILE;
    }
    uint64_t status = try_password(k, password, k->secret, out);
    k->state = status == PROTO_OK ? KEYSTORE_UNLOCKED : k->state;
    return status;
}

/* Puts `secret` under another password. */
static uint64_t reseal(struct keystore *k, struct cursor password, const uint8_t secret[KEYSTORE_SECRET_BYTES])
{
    uint8_t key[KDF_LOCAL_BYTES];
    k->next = k->record;
    k->next.failures = 0;
    k->next.cost = k->cost;
    random_bytes(&k->random, k->ops.now_ns(k->ops.context), k->next.salt, sizeof k->next.salt);
    if (kdf_local_key(&k->next.cost, password, k->next.salt, k->device_kdf, key) != LX_OK) {
        return KEYSTORE_NO_MEMORY;
    }
    box_seal(k, key, &k->next.genesis, secret, &k->next.by_password);
    wipe(key, sizeof key);
    return record_write(k) ? PROTO_OK : KEYSTORE_DISK_FAILED;
}

static uint64_t change_password(struct keystore *k, struct cursor in, struct writer *out)
{
    static uint8_t secret[KEYSTORE_SECRET_BYTES];
    struct cursor old, new;
    if (!take_text(&in, 1, KEYSTORE_PASSWORD_BYTES, &old) ||
        !take_text(&in, KEYSTORE_PASSWORD_BYTES_MIN, KEYSTORE_PASSWORD_BYTES, &new) || !cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    if (k->state != KEYSTORE_UNLOCKED) {
        return KEYSTORE_IS_LOCKED;
    }
    uint64_t status = try_password(k, old, secret, out);
    status = status == PROTO_OK ? reseal(k, new, secret) : status;
    wipe(secret, sizeof secret);
    return status;
}

static uint64_t recover(struct keystore *k, struct cursor in)
{
    uint8_t entropy[KEYSTORE_ENTROPY_BYTES] = {0}, key[32];
    struct cursor phrase, new;
    if (!take_text(&in, 1, KEYSTORE_PASSWORD_BYTES, &phrase) ||
        !take_text(&in, KEYSTORE_PASSWORD_BYTES_MIN, KEYSTORE_PASSWORD_BYTES, &new) || !cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    if (k->state != KEYSTORE_LOCKED) {
        return k->state == KEYSTORE_UNLOCKED ? KEYSTORE_HAS_PROFILE : KEYSTORE_NO_PROFILE;
    }
    bool is_right = keystore_words_read(phrase, entropy);
    derive_key("lx-os keystore box/1", k->device_recovery, entropy, sizeof entropy, key);
    is_right = is_right && box_open(key, &k->record.genesis, &k->record.by_recovery, k->secret);
    wipe(key, sizeof key);
    wipe(entropy, sizeof entropy);
    uint64_t status = is_right ? reseal(k, new, k->secret) : KEYSTORE_WRONG;
    if (status == PROTO_OK) {
        k->state = KEYSTORE_UNLOCKED;
        k->not_before_ns = 0;
    } else {
        wipe(k->secret, sizeof k->secret);
    }
    return status;
}

/* ---- requests -------------------------------------------------------------------------------------------------------------------------- */

static uint64_t tell_state(struct keystore *k, struct writer *out)
{
    uint64_t now = k->ops.now_ns(k->ops.context);
    uint64_t left_ns = k->state == KEYSTORE_LOCKED && now < k->not_before_ns ? k->not_before_ns - now : 0;
    writer_u8(out, k->state);
    writer_u8(out, k->record.kind);
    writer_le16(out, 0);
    writer_le32(out, k->record.failures);
    writer_le32(out, (uint32_t)((left_ns + SECOND_NS - 1) / SECOND_NS));
    writer_le32(out, k->record.next_sequence);
    writer_put(out, k->record.genesis.bytes, U256_BYTES);
    assert(out->used_bytes == KEYSTORE_STATE_BYTES);
    put_text(out, k->record.phrase);
    put_text(out, k->record.name);
    return PROTO_OK;
}

static uint64_t tell_transaction(const struct keystore *k, struct cursor in, struct writer *out)
{
    uint32_t offset;
    if (!cursor_le32(&in, &offset) || !cursor_is_empty(&in) || offset > k->record.transaction_len) {
        return PROTO_INVALID;
    }
    size_t left = k->record.transaction_len - offset, room = KEYSTORE_BYTES_MAX - 4;
    writer_le32(out, k->record.transaction_len);
    writer_put(out, k->record.transaction + offset, left < room ? left : room);
    return PROTO_OK;
}

/* The device's key is there at every start; the person's only while unlocked. */
static uint64_t volume_key(const struct keystore *k, struct cursor in, struct writer *out)
{
    uint8_t of_person, key[32];
    if (!cursor_u8(&in, &of_person) || of_person > 1 || !cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    if (of_person == 1 && k->state != KEYSTORE_UNLOCKED) {
        return k->state == KEYSTORE_LOCKED ? KEYSTORE_IS_LOCKED : KEYSTORE_NO_PROFILE;
    }
    derive_key("lx-os keystore files/1", of_person == 1 ? k->secret + SECRET_VOLUME : k->device_volume, NULL, 0, key);
    writer_put(out, key, sizeof key);
    wipe(key, sizeof key);
    return PROTO_OK;
}

static uint64_t plain(struct keystore *k, uint64_t request, struct cursor in, struct writer *out)
{
    if (!cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    switch (request) {
    case KEYSTORE_STATE:
        return tell_state(k, out);
    case KEYSTORE_AGREE:
        return agree(k, out);
    case KEYSTORE_FORGET:
        proposal_forget(k);
        return PROTO_OK;
    default:
        keystore_lock(k);
        return PROTO_OK;
    }
}

static uint64_t decide(struct keystore *k, uint64_t request, struct cursor in, bool is_session, struct writer *out)
{
    if (is_session == (request == KEYSTORE_VOLUME_KEY)) {
        return request == 0 || request >= KEYSTORE_REQUEST_END ? PROTO_UNKNOWN : PROTO_FORBIDDEN;
    }
    switch (request) {
    case KEYSTORE_STATE:
    case KEYSTORE_AGREE:
    case KEYSTORE_FORGET:
    case KEYSTORE_LOCK:
        return plain(k, request, in, out);
    case KEYSTORE_PROPOSE_OWN:
        return propose_own(k, in, out);
    case KEYSTORE_PROPOSE_NEXUS:
        return propose_nexus(k, in, out);
    case KEYSTORE_PROPOSE_DEVICE:
        return propose_device(k, in, out);
    case KEYSTORE_TRANSACTION:
        return tell_transaction(k, in, out);
    case KEYSTORE_UNLOCK:
        return unlock(k, in, out);
    case KEYSTORE_PASSWORD:
        return change_password(k, in, out);
    case KEYSTORE_RECOVER:
        return recover(k, in);
    case KEYSTORE_VOLUME_KEY:
        return volume_key(k, in, out);
    default:
        return PROTO_UNKNOWN;
    }
}

void keystore_do(struct keystore *k, struct keystore_message *in, bool is_session, struct keystore_message *out)
{
    struct writer w = writer_of(out->bytes, sizeof out->bytes);
    size_t len = in->len_bytes <= KEYSTORE_BYTES_MAX ? in->len_bytes : 0;
    memset(out, 0, sizeof *out);
    out->label = decide(k, in->label, cursor_of(in->bytes, len), is_session, &w);
    assert(!w.overflow);
    out->len_bytes = out->label == PROTO_OK || out->label == KEYSTORE_WAIT ? (uint32_t)w.used_bytes : 0;
    wipe(in->bytes, sizeof in->bytes);
}
