/* SPDX-License-Identifier: MIT */
/** Keys and record transactions. See signer.h. */
#include "signer.h"

#define KEY_DOMAIN      "lx-os key/1"
#define REGISTER_DOMAIN "lx-os register/1"

void signer_secret(const struct signer_seed *seed, uint32_t sequence, uint8_t out[64])
{
    struct sk s;
    uint8_t number[4];
    le32_store(number, sequence);
    sk_init(&s, SK512);
    sk_update(&s, KEY_DOMAIN, strlen(KEY_DOMAIN));
    sk_update(&s, seed->bytes, sizeof seed->bytes);
    sk_update(&s, number, sizeof number);
    sk_final(&s, out);
    wipe(&s, sizeof s);
}

_Static_assert(BRAINPOOL_SECRET_BYTES == 64 && FALCON_SECRET_BYTES == 64, "a secret makes a key of either kind");

/** Computes a secret, and says what kind of key it makes. */
static struct sigchain_secret secret_make(const struct signer_seed *seed, uint32_t sequence, uint8_t bytes[64])
{
    signer_secret(seed, sequence, bytes);
    return (struct sigchain_secret){
        .type = seed->falcon != NULL ? SIGNATURE_FALCON : SIGNATURE_BRAINPOOL,
        .bytes = bytes,
        .falcon = seed->falcon,
    };
}

/** The hash that announces the key of transaction `sequence`. */
static enum lx_err key_hash(const struct signer_seed *seed, uint32_t sequence, struct u256 *out)
{
    uint8_t bytes[64];
    struct sigchain_secret secret = secret_make(seed, sequence, bytes);
    enum lx_err err = sigchain_secret_hash(&secret, out);
    wipe(bytes, sizeof bytes);
    if (seed->falcon != NULL) {
        wipe(seed->falcon, sizeof *seed->falcon);
    }
    return err;
}

enum lx_err signer_genesis(const struct signer_seed *seed, const struct sigchain_network *network, struct u256 *out)
{
    struct u256 hash;
    enum lx_err err = key_hash(seed, 0, &hash);
    if (err == LX_OK) {
        sigchain_genesis_of_key(network, &hash, out);
    }
    return err;
}

void signer_address(const struct signer_seed *seed, const char *name, struct u256 *out)
{
    struct sk s;
    sk_init(&s, SK256);
    sk_update(&s, REGISTER_DOMAIN, strlen(REGISTER_DOMAIN));
    sk_update(&s, seed->bytes, sizeof seed->bytes);
    sk_update(&s, name, strlen(name));
    sk_final(&s, out->bytes);
    wipe(&s, sizeof s);
    u256_set_type(out, ADDRESS_OBJECT);
}

/* ---- transactions --------------------------------------------------------------------------------------------------- */

enum lx_err signer_begin(struct signer *s)
{
    struct u256 genesis;
    enum lx_err err = signer_genesis(s->seed, &s->chain->setup.network, &genesis);
    if (err != LX_OK) {
        return err;
    }
    if (s->chain->transaction_count > 0 && !u256_equal(&genesis, &s->chain->genesis)) {
        return LX_EACCES;
    }
    uint64_t time_s = s->time_s > s->chain->timestamp ? s->time_s : s->chain->timestamp;
    transaction_begin(&s->builder, &genesis, time_s, s->bytes, sizeof s->bytes);
    return LX_OK;
}

static enum lx_err sign(struct signer *s, const struct sigchain_link *link)
{
    uint8_t bytes[64];
    struct u512 txid;
    struct sigchain_secret secret = secret_make(s->seed, link->sequence, bytes);
    struct sigchain_next next = {.type = secret.type};
    secret.random = s->random;
    enum lx_err err = key_hash(s->seed, link->sequence + 1, &next.key);
    if (err == LX_OK) {
        err = transaction_sign_as(&s->builder, link, &next, &secret, &txid);
    }
    wipe(bytes, sizeof bytes);
    return err;
}

enum lx_err signer_end(struct signer *s)
{
    struct sigchain_link link;
    if (s->chain->transaction_count == 0) {
        sigchain_link_first(&s->chain->setup.network, &s->builder.caller.genesis, &link);
    } else {
        sigchain_link_of(s->chain, &link);
        struct u256 hash;
        enum lx_err err = key_hash(s->seed, link.sequence, &hash);
        if (err != LX_OK || !u256_equal(&hash, &link.key)) {
            return err == LX_OK ? LX_EACCES : err;
        }
    }
    enum lx_err err = sign(s, &link);
    if (err != LX_OK) {
        return err;
    }
    s->len_bytes = s->builder.out.used_bytes;
    return sigchain_add(s->chain, s->bytes, s->len_bytes) ? LX_OK : LX_EBADMSG;
}

/** Adds the contract that makes `data` of a new register, or writes `payload` to the one that is there, and signs. */
static enum lx_err put(struct signer *s, const struct u256 *address, const struct writer *w, bool is_new)
{
    enum lx_err err = signer_begin(s);
    if (err != LX_OK) {
        return err;
    }
    enum register_err register_err =
        is_new ? transaction_create(&s->builder, address, REGISTER_OBJECT, w->bytes, w->used_bytes, &s->state)
               : transaction_write(&s->builder, address, w->bytes, w->used_bytes, &s->state);
    return register_err == REGISTER_OK ? signer_end(s) : LX_EINVAL;
}

/** Finds what is at an address now. @return whether something is, and then s->state is it. */
static bool load(struct signer *s, const struct u256 *address)
{
    const struct sigchain_register *r = sigchain_find(s->chain, address);
    if (r != NULL) {
        s->state = r->state;
    }
    return r != NULL;
}

enum lx_err signer_put_app(struct signer *s, const struct u256 *address, const struct record_app *record)
{
    uint8_t data[256];
    struct writer w = writer_of(data, sizeof data);
    bool is_there = load(s, address);
    enum lx_err err = is_there ? record_app_payload(&s->state, record, &w) : record_app_data(record, &w);
    return err == LX_OK ? put(s, address, &w, !is_there) : err;
}

enum lx_err signer_put_installed(struct signer *s, const struct u256 *address, const struct record_installed *record)
{
    uint8_t data[256];
    struct writer w = writer_of(data, sizeof data);
    bool is_there = load(s, address);
    enum lx_err err = is_there ? record_installed_payload(&s->state, record, &w) : record_installed_data(record, &w);
    return err == LX_OK ? put(s, address, &w, !is_there) : err;
}
