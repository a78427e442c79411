/* SPDX-License-Identifier: MIT */
/**
 * Profile: proposals of a new profile and of another device, and what is signed when they are agreed to.
 * Owns:   the proposal.    Uses: keystore.h, signer, sigchain.
 */
#include "format.h"
#include "private.h"

#define RECOVERY_DOMAIN "lx-os recovery/1"

enum { SENTENCE_BYTES = 640, PHRASE_BYTES_MIN = 4 };

void proposal_forget(struct keystore *k)
{
    wipe(&k->proposal, sizeof k->proposal);
}

/* ---- pieces ------------------------------------------------------------------------------------------------------------------------ */

static bool is_printable(struct cursor text)
{
    for (size_t i = 0; i < text.left_bytes; i++) {
        if (text.at[i] < ' ' || text.at[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool take_shown(struct cursor *c, size_t min, size_t max, char *out)
{
    struct cursor text;
    if (!take_text(c, min, max, &text) || !is_printable(text)) {
        return false;
    }
    memcpy(out, text.at, text.left_bytes);
    out[text.left_bytes] = '\0';
    return true;
}

static void fresh(struct keystore *k, void *out, size_t len_bytes)
{
    random_bytes(&k->random, k->ops.now_ns(k->ops.context), out, len_bytes);
}

/* The secret of the key that may sign when all else is lost: from the phrase alone, so that it works on another machine. */
static void recovery_secret(const uint8_t entropy[KEYSTORE_ENTROPY_BYTES], uint8_t out[64])
{
    struct sk s;
    sk_init(&s, SK512);
    sk_update(&s, RECOVERY_DOMAIN, strlen(RECOVERY_DOMAIN));
    sk_update(&s, entropy, KEYSTORE_ENTROPY_BYTES);
    sk_final(&s, out);
    wipe(&s, sizeof s);
}

static void seed_of(const uint8_t secret[KEYSTORE_SECRET_BYTES], struct signer_seed *out)
{
    memcpy(out->bytes, secret + SECRET_SEED, sizeof out->bytes);
    out->falcon = NULL;
}

static bool key_hash_of(const struct signer_seed *seed, uint32_t sequence, struct u256 *out)
{
    uint8_t bytes[64];
    signer_secret(seed, sequence, bytes);
    bool good = sigchain_key_hash(bytes, out) == LX_OK;
    wipe(bytes, sizeof bytes);
    return good;
}

/* Who may make a profile now, and what it begins with. */
static uint64_t begin(struct keystore *k, uint8_t request, enum keystore_kind kind)
{
    if (k->state != KEYSTORE_EMPTY) {
        return k->state == KEYSTORE_NONE ? KEYSTORE_NO_DISK : k->state == KEYSTORE_DAMAGED ? PROTO_FORBIDDEN : KEYSTORE_HAS_PROFILE;
    }
    struct keystore_proposal *p = &k->proposal;
    proposal_forget(k);
    p->request = request;
    p->record.kind = (uint8_t)kind;
    p->record.cost = k->cost;
    p->secret[SECRET_KIND] = (uint8_t)kind;
    fresh(k, p->entropy, sizeof p->entropy);
    fresh(k, p->secret + SECRET_VOLUME, 32);
    fresh(k, p->record.salt, sizeof p->record.salt);
    return PROTO_OK;
}

static uint64_t fail(struct keystore *k, uint64_t status)
{
    proposal_forget(k);
    return status;
}

static uint64_t password_key(struct keystore *k, struct cursor password)
{
    struct keystore_proposal *p = &k->proposal;
    if (KDF_MEMORY_BYTES(p->record.cost.kib) > k->memory_bytes ||
        kdf_local_key(&p->record.cost, password, p->record.salt, k->device_kdf, p->password_key) != LX_OK) {
        return KEYSTORE_NO_MEMORY;
    }
    return PROTO_OK;
}

/* ---- the device on a chain ------------------------------------------------------------------------------------------------------------ */

/* Puts the contract that creates a device's record into the builder. */
static bool build_device(struct keystore *k, const struct signer_seed *seed, const struct record_device *device, uint64_t time_s)
{
    struct keystore_proposal *p = &k->proposal;
    uint8_t data[256];
    char name[RECORD_DEVICE_CHARS_MAX + 16];
    struct u256 address;
    struct writer w = writer_of(data, sizeof data);
    format_text(name, sizeof name, "device/1 %s", device->name);
    signer_address(seed, name, &address);
    transaction_begin(&p->builder, &p->record.genesis, time_s > p->record.last_s ? time_s : p->record.last_s, p->bytes, sizeof p->bytes);
    return record_device_data(device, &w) == LX_OK && transaction_create(&p->builder, &address, REGISTER_OBJECT, data, w.used_bytes,
                                                                         &k->register_state) == REGISTER_OK;
}

/* What is about to be signed, read back from the bytes. */
static uint64_t describe(struct keystore *k, struct writer *out)
{
    struct keystore_proposal *p = &k->proposal;
    char what[SENTENCE_BYTES], text[SENTENCE_BYTES + 128];
    if (!keystore_describe(p->builder.out.bytes, p->builder.out.used_bytes, what, sizeof what)) {
        return fail(k, PROTO_FAILED);
    }
    format_text(text, sizeof text, "Transaction %u of your chain%s: %s", (unsigned)p->record.next_sequence,
                p->record.next_sequence == 0 ? " (a new one)" : "", what);
    put_text(out, text);
    return PROTO_OK;
}

uint64_t propose_own(struct keystore *k, struct cursor in, struct writer *out)
{
    uint64_t time_s, status = begin(k, KEYSTORE_PROPOSE_OWN, KEYSTORE_OWN);
    struct keystore_proposal *p = &k->proposal;
    struct cursor password;
    struct signer_seed seed;
    struct record_device device = {.revoked = false};
    if (status != PROTO_OK) {
        return status;
    }
    if (!cursor_le64(&in, &time_s) || !take_shown(&in, PHRASE_BYTES_MIN, KEYSTORE_PHRASE_BYTES, p->record.phrase) ||
        !take_shown(&in, 1, KEYSTORE_NAME_BYTES, p->record.name) ||
        !take_text(&in, KEYSTORE_PASSWORD_BYTES_MIN, KEYSTORE_PASSWORD_BYTES, &password) || !cursor_is_empty(&in)) {
        return fail(k, PROTO_INVALID);
    }
    status = password_key(k, password);
    if (status != PROTO_OK) {
        return fail(k, status);
    }
    fresh(k, p->secret + SECRET_SEED, SIGNER_SEED_BYTES);
    seed_of(p->secret, &seed);
    bool good = signer_genesis(&seed, &k->network, &p->record.genesis) == LX_OK;
    device.genesis = p->record.genesis;
    (void)copy_string(device.name, sizeof device.name, p->record.name);
    good = good && build_device(k, &seed, &device, time_s);
    wipe(&seed, sizeof seed);
    return good ? describe(k, out) : fail(k, PROTO_FAILED);
}

uint64_t propose_device(struct keystore *k, struct cursor in, struct writer *out)
{
    struct keystore_proposal *p = &k->proposal;
    uint64_t time_s;
    struct signer_seed seed;
    struct record_device device = {.revoked = false};
    if (!cursor_le64(&in, &time_s) || !cursor_copy(&in, device.genesis.bytes, U256_BYTES) ||
        !take_shown(&in, 1, RECORD_DEVICE_CHARS_MAX, device.name) || !cursor_is_empty(&in)) {
        return PROTO_INVALID;
    }
    if (k->state != KEYSTORE_UNLOCKED) {
        return KEYSTORE_IS_LOCKED;
    }
    if (k->record.kind != KEYSTORE_OWN) {
        return KEYSTORE_CANNOT_SIGN;
    }
    proposal_forget(k);
    p->request = KEYSTORE_PROPOSE_DEVICE;
    p->record = k->record;
    seed_of(k->secret, &seed);
    bool good = build_device(k, &seed, &device, time_s);
    wipe(&seed, sizeof seed);
    return good ? describe(k, out) : fail(k, PROTO_FAILED);
}

/* ---- a Nexus profile -------------------------------------------------------------------------------------------------------------------- */

static bool keep_secret_text(struct keystore_proposal *p, unsigned index, struct cursor text)
{
    uint8_t *at = p->secret + SECRET_TEXTS + (size_t)index * SECRET_TEXT_ROOM;
    if (text.left_bytes >= SECRET_TEXT_ROOM) {
        return false;
    }
    at[0] = (uint8_t)text.left_bytes;
    memcpy(at + 1, text.at, text.left_bytes);
    return true;
}

static const char *secret_text(const uint8_t secret[KEYSTORE_SECRET_BYTES], unsigned index, char out[SECRET_TEXT_ROOM])
{
    const uint8_t *at = secret + SECRET_TEXTS + (size_t)index * SECRET_TEXT_ROOM;
    size_t len = at[0] < SECRET_TEXT_ROOM ? at[0] : 0;
    memcpy(out, at + 1, len);
    out[len] = '\0';
    return out;
}

/* The id and the hash of the first key, as the node derives them: 2 keys of 64 MiB. */
static uint64_t derive_nexus(struct keystore *k, struct u256 *key)
{
    static char name[SECRET_TEXT_ROOM], password[SECRET_TEXT_ROOM], pin[SECRET_TEXT_ROOM];
    struct keystore_proposal *p = &k->proposal;
    uint8_t secret[KDF_KEY_BYTES];
    const struct kdf_credentials user = {secret_text(p->secret, 0, name), secret_text(p->secret, 1, password),
                                         secret_text(p->secret, 2, pin)};
    bool good = kdf_genesis(user.username, 0xa1, &p->record.genesis) == LX_OK && kdf_key(&user, 0, secret) == LX_OK &&
                sigchain_key_hash(secret, key) == LX_OK;
    wipe(secret, sizeof secret);
    wipe(password, sizeof password);
    wipe(pin, sizeof pin);
    return good ? PROTO_OK : PROTO_FAILED;
}

uint64_t propose_nexus(struct keystore *k, struct cursor in, struct writer *out)
{
    uint64_t status = begin(k, KEYSTORE_PROPOSE_NEXUS, KEYSTORE_NEXUS);
    struct keystore_proposal *p = &k->proposal;
    struct cursor password, pin;
    struct u256 key;
    char genesis_hex[U256_HEX_CHARS], key_hex[U256_HEX_CHARS], text[SENTENCE_BYTES];
    if (status != PROTO_OK) {
        return status;
    }
    if (KDF_MEMORY_BYTES(KDF_NEXUS_KIB) > k->memory_bytes) {
        return fail(k, KEYSTORE_NO_MEMORY);
    }
    if (!take_shown(&in, PHRASE_BYTES_MIN, KEYSTORE_PHRASE_BYTES, p->record.phrase) ||
        !take_shown(&in, 1, KEYSTORE_NAME_BYTES, p->record.name) || !take_text(&in, 1, KEYSTORE_PASSWORD_BYTES, &password) ||
        !take_text(&in, 1, KEYSTORE_PASSWORD_BYTES, &pin) || !cursor_is_empty(&in) ||
        !keep_secret_text(p, 0, cursor_of(p->record.name, strlen(p->record.name))) || !keep_secret_text(p, 1, password) ||
        !keep_secret_text(p, 2, pin)) {
        return fail(k, PROTO_INVALID);
    }
    status = password_key(k, password);
    status = status == PROTO_OK ? derive_nexus(k, &key) : status;
    if (status != PROTO_OK) {
        return fail(k, status);
    }
    hex_of_mem(p->record.genesis.bytes, U256_BYTES, genesis_hex);
    hex_of_mem(key.bytes, U256_BYTES, key_hex);
    format_text(text, sizeof text, "Nothing is signed. Kept on this device, sealed: user name, password and PIN of the Nexus chain %s, "
                "whose first key has the hash %s. Whether that chain is yours shows when it is here.", genesis_hex, key_hex);
    put_text(out, text);
    return PROTO_OK;
}

/* ---- agreement ------------------------------------------------------------------------------------------------------------------------------ */

static void link_of(const struct keystore_record *r, struct keystore *k, struct sigchain_link *out)
{
    if (r->next_sequence == 0) {
        sigchain_link_first(&k->network, &r->genesis, out);
        return;
    }
    *out = (struct sigchain_link){.genesis = r->genesis,
                                  .sequence = r->next_sequence,
                                  .previous = r->last_txid,
                                  .not_before = r->last_s,
                                  .recovery = r->recovery_key,
                                  .key = r->next_key};
}

/* Signs what is in the builder, and notes in the proposal's record how the chain stands then. */
static bool sign(struct keystore *k, const uint8_t secret[KEYSTORE_SECRET_BYTES])
{
    struct keystore_proposal *p = &k->proposal;
    struct keystore_record *r = &p->record;
    struct signer_seed seed;
    struct sigchain_link link;
    uint8_t key[64], random[BRAINPOOL_RANDOM_BYTES], lost[64];
    struct sigchain_next next = {.type = SIGNATURE_BRAINPOOL};
    struct sigchain_secret with = {.type = SIGNATURE_BRAINPOOL, .bytes = key, .random = random};
    seed_of(secret, &seed);
    link_of(r, k, &link);
    signer_secret(&seed, r->next_sequence, key);
    fresh(k, random, sizeof random);
    bool good = key_hash_of(&seed, r->next_sequence + 1, &next.key);
    if (r->next_sequence == 0) {
        recovery_secret(p->entropy, lost);
        good = good && sigchain_key_hash(lost, &r->recovery_key) == LX_OK;
        next.recovery = &r->recovery_key;
    }
    good = good && transaction_sign_as(&p->builder, &link, &next, &with, &r->last_txid) == LX_OK &&
           p->builder.out.used_bytes <= KEYSTORE_TRANSACTION_BYTES;
    wipe(&seed, sizeof seed);
    wipe(key, sizeof key);
    wipe(lost, sizeof lost);
    if (good) {
        r->next_key = next.key;
        r->last_s = p->builder.caller.timestamp;
        r->next_sequence++;
        r->transaction_len = (uint32_t)p->builder.out.used_bytes;
        memset(r->transaction, 0, sizeof r->transaction);
        memcpy(r->transaction, p->bytes, r->transaction_len);
    }
    return good;
}

static void seal_new(struct keystore *k)
{
    struct keystore_proposal *p = &k->proposal;
    uint8_t key[32];
    box_seal(k, p->password_key, &p->record.genesis, p->secret, &p->record.by_password);
    derive_key("lx-os keystore box/1", k->device_recovery, p->entropy, sizeof p->entropy, key);
    box_seal(k, key, &p->record.genesis, p->secret, &p->record.by_recovery);
    wipe(key, sizeof key);
}

uint64_t agree(struct keystore *k, struct writer *out)
{
    struct keystore_proposal *p = &k->proposal;
    char phrase[KEYSTORE_RECOVERY_BYTES] = "";
    bool is_new = p->request != KEYSTORE_PROPOSE_DEVICE;
    if (p->request == 0) {
        return KEYSTORE_NO_PROPOSAL;
    }
    bool good = p->request == KEYSTORE_PROPOSE_NEXUS || sign(k, is_new ? p->secret : k->secret);
    if (!good) {
        return fail(k, PROTO_FAILED);
    }
    if (is_new) {
        seal_new(k);
        keystore_words_of(p->entropy, phrase);
    }
    k->next = p->record;
    if (!record_write(k)) {
        return fail(k, KEYSTORE_DISK_FAILED); /* the transaction is gone with it: nobody has seen it */
    }
    if (is_new) {
        memcpy(k->secret, p->secret, sizeof k->secret);
        k->state = KEYSTORE_UNLOCKED;
    }
    put_text(out, phrase);
    wipe(phrase, sizeof phrase);
    proposal_forget(k);
    return PROTO_OK;
}
