/* SPDX-License-Identifier: MIT */
/** LLC key derivation. See llc_kdf.h. */
#include "argon.h"

#define KEY_PASSES      12u
#define KEY_KIB         (64u * 1024)
#define RECOVERY_PASSES 64u
#define WORK_PASSES     1u
#define WORK_KIB        256u
#define SALT_BYTES_MIN  8u
#define TYPE_BYTES_MAX  16u

/** Bytes that are put together for one input of Argon2. */
struct input {
    uint8_t bytes[KDF_TEXT_BYTES_MAX + 4 + TYPE_BYTES_MAX];
    size_t used_bytes;
};

/** Takes a text and the sequence number behind it, if there is one. @return false when the text is too long. */
static bool input_make(struct input *in, const char *text, const uint32_t *sequence)
{
    size_t len = strlen(text);
    if (len > KDF_TEXT_BYTES_MAX) {
        return false;
    }
    memset(in, 0, sizeof *in);
    memcpy(in->bytes, text, len);
    in->used_bytes = len;
    if (sequence != NULL) {
        le32_store(in->bytes + len, *sequence);
        in->used_bytes += 4;
    }
    return true;
}

static struct cursor all_of(const struct input *in)
{
    return cursor_of(in->bytes, in->used_bytes);
}

static const struct cursor nothing;

enum lx_err kdf_genesis(const char *username, uint8_t user_type, struct u256 *out)
{
    static const uint8_t salt[16];
    struct input name;
    uint8_t hash[U256_BYTES];
    if (!input_make(&name, username, NULL)) {
        return LX_ERANGE;
    }
    enum lx_err err = kdf_argon2id((struct kdf_cost){KEY_PASSES, KEY_KIB}, all_of(&name), cursor_of(salt, sizeof salt), nothing,
                               hash, sizeof hash);
    if (err == LX_OK) {
        gb_of_mem(hash, sizeof hash, out->bytes); /* the node calls it SetBytes; it is its own inverse */
        u256_set_type(out, user_type);
    }
    return err;
}

/** Appends to an input. @return false when the text is too long. */
static bool input_append(struct input *in, const char *text)
{
    size_t len = strlen(text);
    if (len > TYPE_BYTES_MAX) {
        return false;
    }
    memcpy(in->bytes + in->used_bytes, text, len);
    in->used_bytes += len;
    return true;
}

static enum lx_err derive(const struct kdf_credentials *user, uint32_t sequence, const char *type,
                          uint8_t out[KDF_KEY_BYTES])
{
    static struct input name, password, pin; /* 3 KiB, too much for a stack of the target */
    enum lx_err err = LX_ERANGE;
    if (input_make(&name, user->username, &sequence) && input_make(&password, user->password, &sequence) &&
        input_make(&pin, user->pin, &sequence) && input_append(&pin, type)) {
        size_t salt_bytes = name.used_bytes < SALT_BYTES_MIN ? SALT_BYTES_MIN : name.used_bytes; /* with zeros */
        err = kdf_argon2id((struct kdf_cost){KEY_PASSES, KEY_KIB}, all_of(&password), cursor_of(name.bytes, salt_bytes),
                       all_of(&pin), out, KDF_KEY_BYTES);
    }
    wipe(&password, sizeof password);
    wipe(&pin, sizeof pin);
    return err;
}

enum lx_err kdf_key(const struct kdf_credentials *user, uint32_t sequence, uint8_t out[KDF_KEY_BYTES])
{
    return derive(user, sequence, "", out);
}

enum lx_err kdf_typed_key(const struct kdf_credentials *user, const char *type, uint8_t out[KDF_KEY_BYTES])
{
    return derive(user, 0, type, out);
}

enum lx_err kdf_recovery_key(const char *phrase, uint8_t user_type, uint8_t out[KDF_KEY_BYTES])
{
    static const uint8_t salt[16];
    struct input text;
    struct u256 number;
    uint8_t hash[U256_BYTES];
    if (!input_make(&text, phrase, NULL)) {
        return LX_ERANGE;
    }
    enum lx_err err = kdf_argon2id((struct kdf_cost){RECOVERY_PASSES, KEY_KIB}, all_of(&text), cursor_of(salt, sizeof salt),
                               nothing, hash, sizeof hash);
    if (err == LX_OK) {
        gb_of_mem(hash, sizeof hash, number.bytes);
        u256_set_type(&number, user_type);
        memset(out, 0, KDF_KEY_BYTES);
        gb_of_mem(number.bytes, U256_BYTES, out);
    }
    wipe(&text, sizeof text);
    wipe(hash, sizeof hash);
    wipe(&number, sizeof number);
    return err;
}

void kdf_key_hash(const uint8_t *public_key, size_t len_bytes, enum signature_type type, struct u256 *out)
{
    sk256_of(public_key, len_bytes, out);
    u256_set_type(out, (uint8_t)type);
}

enum lx_err kdf_local_key(const struct kdf_cost *cost, struct cursor password, const uint8_t salt[KDF_SALT_BYTES],
                          const uint8_t device[KDF_LOCAL_BYTES], uint8_t out[KDF_LOCAL_BYTES])
{
    return kdf_argon2id(*cost, password, cursor_of(salt, KDF_SALT_BYTES), cursor_of(device, KDF_LOCAL_BYTES), out, KDF_LOCAL_BYTES);
}

enum lx_err kdf_check_work(const struct u256 *genesis, const void *hashed, size_t len_bytes)
{
    struct u512 hash;
    enum lx_err err = kdf_argon2id((struct kdf_cost){WORK_PASSES, WORK_KIB}, cursor_of(hashed, len_bytes),
                               cursor_of(genesis->bytes, U256_BYTES), nothing, hash.bytes, U512_BYTES);
    if (err != LX_OK) {
        return err;
    }
    /* The node also accepts 2^496 itself, which nobody will ever find. */
    bool above = hash.bytes[63] != 0 || hash.bytes[62] != 0;
    return above ? LX_EBADMSG : LX_OK;
}
