/* SPDX-License-Identifier: MIT */
/** For tests of lib/dialog: a console that remembers what was written, a clock, and a keystore that has one password. */
#ifndef LX_FAKE_PERSON_H
#define LX_FAKE_PERSON_H

#include <stdio.h>

#include "dialog.h"

#define FAKE_PASSWORD "correct horse"

struct fake {
    char text[1 << 16]; /* since fake_clear */
    size_t len;
    bool has_line;
    bool is_stopped; /* the keystore */
    uint32_t takes, releases, logs, answers, stored, ends;
    uint64_t now_ns;
    uint8_t state;
    bool proposed;
    char password[DIALOG_LINE_BYTES + 1];
    char phrase[KEYSTORE_PHRASE_BYTES + 1];
    uint64_t last_label;
    uint64_t forced; /* what the keystore answers to everything but KEYSTORE_STATE; 0: what it should */
};

static struct fake fake;
static struct dialog dialog;

static void fake_write(void *context, const char *text, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        if (fake.len < sizeof fake.text - 1) {
            fake.text[fake.len++] = text[i];
            fake.text[fake.len] = '\0';
        }
    }
}

static void fake_take(void *context)
{
    (void)context;
    fake.has_line = true;
    fake.takes++;
}

static void fake_release(void *context)
{
    (void)context;
    fake.has_line = false;
    fake.releases++;
}

static void fake_log(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
    fake.logs++;
}

static uint64_t fake_now(void *context)
{
    (void)context;
    return fake.now_ns;
}

static void fake_text(const struct keystore_message *in, size_t skip, unsigned index, char *out, size_t cap)
{
    struct cursor c = cursor_of(in->bytes, in->len_bytes), text = {0};
    uint16_t len = 0;
    bool good = cursor_take(&c, skip, &text);
    for (unsigned i = 0; i <= index; i++) {
        good = good && cursor_le16(&c, &len) && cursor_take(&c, len, &text);
    }
    snprintf(out, cap, "%.*s", good ? (int)len : 0, good ? (const char *)text.at : "");
}

static void fake_reply(struct keystore_message *out, const char *text)
{
    struct writer w = writer_of(out->bytes, sizeof out->bytes);
    writer_le16(&w, (uint16_t)strlen(text));
    writer_put(&w, text, strlen(text));
    out->len_bytes = (uint32_t)w.used_bytes;
}

static void fake_say_state(struct keystore_message *out)
{
    struct writer w = writer_of(out->bytes, sizeof out->bytes);
    static const uint8_t zeros[32];
    writer_u8(&w, fake.state);
    writer_u8(&w, fake.state >= KEYSTORE_LOCKED ? KEYSTORE_OWN : 0);
    writer_le16(&w, 0);
    writer_le32(&w, 0);
    writer_le32(&w, 0);
    writer_le32(&w, 1);
    writer_put(&w, zeros, sizeof zeros);
    writer_le16(&w, (uint16_t)strlen(fake.phrase));
    writer_put(&w, fake.phrase, strlen(fake.phrase));
    writer_le16(&w, 0);
    out->len_bytes = (uint32_t)w.used_bytes;
}

static uint64_t fake_do(const struct keystore_message *in, struct keystore_message *out)
{
    char old[200];
    switch (in->label) {
    case KEYSTORE_STATE:
        fake_say_state(out);
        return PROTO_OK;
    case KEYSTORE_PROPOSE_OWN:
        fake_text(in, 8, 0, fake.phrase, sizeof fake.phrase);
        fake_text(in, 8, 2, fake.password, sizeof fake.password);
        fake.proposed = true;
        fake_reply(out, "the first \x1b[2Jtransaction of alice");
        return PROTO_OK;
    case KEYSTORE_AGREE:
        if (!fake.proposed) {
            return KEYSTORE_NO_PROPOSAL;
        }
        fake.proposed = false;
        fake.state = KEYSTORE_UNLOCKED;
        fake_reply(out, "lusab babad gutih");
        return PROTO_OK;
    case KEYSTORE_FORGET:
        fake.proposed = false;
        return PROTO_OK;
    case KEYSTORE_UNLOCK:
        fake_text(in, 0, 0, old, sizeof old);
        fake.state = strcmp(old, fake.password) == 0 ? KEYSTORE_UNLOCKED : fake.state;
        return fake.state == KEYSTORE_UNLOCKED ? PROTO_OK : KEYSTORE_WRONG;
    case KEYSTORE_LOCK:
        fake.state = KEYSTORE_LOCKED;
        return PROTO_OK;
    case KEYSTORE_PASSWORD:
        fake_text(in, 0, 0, old, sizeof old);
        if (strcmp(old, fake.password) != 0) {
            return KEYSTORE_WRONG;
        }
        fake_text(in, 0, 1, fake.password, sizeof fake.password);
        return PROTO_OK;
    case KEYSTORE_RECOVER:
        fake_text(in, 0, 0, old, sizeof old);
        if (strcmp(old, "lusab babad gutih") != 0) {
            return KEYSTORE_WRONG;
        }
        fake_text(in, 0, 1, fake.password, sizeof fake.password);
        fake.state = KEYSTORE_UNLOCKED;
        return PROTO_OK;
    default:
        return PROTO_UNKNOWN;
    }
}

static void fake_keys(void *context, const struct keystore_message *in, struct keystore_message *out)
{
    (void)context;
    out->len_bytes = 0;
    if (fake.is_stopped) {
        out->label = PROTO_STOPPED;
        return;
    }
    fake.last_label = in->label;
    if (fake.forced != 0 && in->label != KEYSTORE_STATE) {
        out->label = fake.forced;
        out->len_bytes = 4;
        memcpy(out->bytes, "\x07\0\0\0", 4);
        return;
    }
    out->label = fake_do(in, out);
}

static bool fake_store(void *context, char sentence[DIALOG_SENTENCE_BYTES])
{
    (void)context;
    snprintf(sentence, DIALOG_SENTENCE_BYTES, "kept");
    fake.stored++;
    return true;
}

static void fake_answered(void *context, uint32_t client)
{
    (void)context;
    (void)client;
    fake.answers++;
}

static void fake_end(void *context)
{
    (void)context;
    fake.ends++;
}

static void fake_start(uint8_t state)
{
    const struct dialog_ops ops = {NULL, fake_write, fake_take, fake_release, fake_log, fake_now, fake_now, fake_keys, fake_store,
                                   fake_answered, fake_end};
    memset(&fake, 0, sizeof fake);
    fake.now_ns = 1;
    fake.state = state;
    strcpy(fake.password, FAKE_PASSWORD);
    strcpy(fake.phrase, state >= KEYSTORE_LOCKED ? "blue whale" : "");
    dialog_start(&dialog, &ops);
}

#endif
