/* SPDX-License-Identifier: MIT */
/** Asks the keystore for the keys of files whenever it signals, and for what it must not get; logs what comes of it, never a key. */
#include "proto/keystore.h"
#include "rt.h"

LX_CALL(keystore);

static uint64_t first[2][4]; /* the keys that were given first */
static bool is_known[2];

static uint64_t ask(uint64_t label, uint8_t of_person, uint64_t key[4])
{
    uint64_t words[2] = {1, of_person};
    struct message m;
    uint64_t status = rt_call_long(&keystore, label, words, 2, &m);
    key[0] = m.word[1];
    key[1] = m.word[2];
    key[2] = m.word[3];
    key[3] = ipc_buffer->msg[4];
    return status == PROTO_OK && (rt_length(&m) != 5 || m.word[0] != KEYSTORE_VOLUME_KEY_BYTES) ? PROTO_FAILED : status;
}

static const char *words(uint8_t of_person)
{
    uint64_t key[4];
    uint64_t status = ask(KEYSTORE_VOLUME_KEY, of_person, key);
    if (status != PROTO_OK) {
        return status == KEYSTORE_IS_LOCKED ? "locked" : status == KEYSTORE_NO_PROFILE ? "no profile" : "refused";
    }
    bool is_new = !is_known[of_person];
    if (is_new) {
        is_known[of_person] = true;
        memcpy(first[of_person], key, sizeof key);
    }
    return is_new ? "given" : memcmp(first[of_person], key, sizeof key) == 0 ? "the same" : "another";
}

static void look(void)
{
    rt_log("the device's key: %s; the person's: %s", words(0), words(1));
}

void init(void)
{
    uint64_t key[4];
    rt_log("others are refused: %lu %lu %lu", (unsigned long)ask(KEYSTORE_UNLOCK, 0, key), (unsigned long)ask(KEYSTORE_AGREE, 0, key),
           (unsigned long)ask(KEYSTORE_VOLUME_KEY, 2, key));
    look();
}

void notified(uint64_t signals)
{
    if ((signals & keystore.signal) != 0) {
        look();
    }
}
