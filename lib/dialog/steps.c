/* SPDX-License-Identifier: MIT */
/**
 * Steps: what is asked for line by line, and what is made of it with the keystore.
 * Owns:   what was typed, until steps_forget.    Uses: dialog.h; proto/keystore.h.
 */
#include "private.h"

/* ---- requests of the keystore ------------------------------------------------------------------------------------------------------- */

static struct writer request(struct dialog *d, enum keystore_request label)
{
    d->request.label = label;
    return writer_of(d->request.bytes, sizeof d->request.bytes);
}

static void put_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    assert(len <= DIALOG_LINE_BYTES);
    writer_le16(w, (uint16_t)len);
    writer_put(w, text, len);
}

static uint64_t ask_keys(struct dialog *d, const struct writer *w)
{
    assert(!w->overflow);
    d->request.len_bytes = (uint32_t)w->used_bytes;
    d->ops.keys(d->ops.context, &d->request, &d->reply);
    wipe(d->request.bytes, sizeof d->request.bytes);
    return d->reply.label;
}

static uint64_t ask_plain(struct dialog *d, enum keystore_request label)
{
    struct writer w = request(d, label);
    return ask_keys(d, &w);
}

/* The one text of a reply, as an end to say_foreign. */
static struct cursor reply_text(const struct dialog *d)
{
    struct cursor c = cursor_of(d->reply.bytes, d->reply.len_bytes), text;
    uint16_t len;
    return cursor_le16(&c, &len) && cursor_take(&c, len, &text) ? text : cursor_of(NULL, 0);
}

static const char *why(uint64_t label)
{
    switch (label) {
    case KEYSTORE_WRONG:
        return "That is not right.";
    case KEYSTORE_SHUT:
        return "Too many passwords were wrong. Only the recovery phrase opens this device now.";
    case KEYSTORE_IS_LOCKED:
        return "It is locked.";
    case KEYSTORE_NO_DISK:
        return "There is no disk to keep it on.";
    case KEYSTORE_HAS_PROFILE:
        return "There is a profile already.";
    case KEYSTORE_DISK_FAILED:
        return "The disk failed; nothing has changed.";
    case KEYSTORE_NO_MEMORY:
        return "This system gives the keystore too little memory for that.";
    case KEYSTORE_CANNOT_SIGN:
        return "The chain of this profile is elsewhere; sign there.";
    case PROTO_STOPPED:
        return "The keystore has stopped. Restart the machine.";
    default:
        return "The keystore refuses that.";
    }
}

static void say_why(struct dialog *d, uint64_t label)
{
    if (label == KEYSTORE_WAIT) {
        uint32_t seconds = d->reply.len_bytes >= 4 ? le32_load(d->reply.bytes) : 0;
        say(d, "Too many were wrong. Nothing is tried for another %u s.\r\n", (unsigned)seconds);
    } else {
        say(d, "%s\r\n", why(label));
    }
}

void steps_forget(struct dialog *d)
{
    wipe(d->typed, sizeof d->typed);
    wipe(&d->request, sizeof d->request);
    wipe(&d->reply, sizeof d->reply);
    if (d->step == STEP_AGREE) {
        (void)ask_plain(d, KEYSTORE_FORGET);
    }
}

static void keep(struct dialog *d, unsigned place)
{
    memcpy(d->typed[place], d->line.text, d->line.len + 1);
}

/* A new password is long enough, and typed twice alike. */
static void new_password(struct dialog *d, unsigned place, enum step again)
{
    if (d->line.len < KEYSTORE_PASSWORD_BYTES_MIN) {
        say(d, "At least %u characters.\r\n", (unsigned)KEYSTORE_PASSWORD_BYTES_MIN);
        go(d, (enum step)d->step);
        return;
    }
    keep(d, place);
    go(d, again);
}

static bool is_typed_again(struct dialog *d, unsigned place, enum step from)
{
    if (strcmp(d->line.text, d->typed[place]) == 0) {
        return true;
    }
    say(d, "They differ. Once more.\r\n");
    go(d, from);
    return false;
}

/* ---- login ---------------------------------------------------------------------------------------------------------------------------- */

static void unlocked(struct dialog *d)
{
    learn_state(d);
    leave(d);
}

static void on_login(struct dialog *d)
{
    if (strcmp(d->line.text, "?") == 0) {
        go(d, STEP_RECOVER_PHRASE);
        return;
    }
    if (d->line.len == 0) {
        go(d, STEP_LOGIN);
        return;
    }
    struct writer w = request(d, KEYSTORE_UNLOCK);
    put_text(&w, d->line.text);
    say(d, "a moment ...\r\n");
    uint64_t label = ask_keys(d, &w);
    if (label == PROTO_OK) {
        unlocked(d);
        return;
    }
    say_why(d, label);
    go(d, STEP_LOGIN);
}

static void on_recover_phrase(struct dialog *d)
{
    keep(d, 0);
    go(d, STEP_RECOVER_NEW);
}

static void on_recover_new(struct dialog *d)
{
    new_password(d, 1, STEP_RECOVER_AGAIN);
}

static void on_recover_again(struct dialog *d)
{
    if (!is_typed_again(d, 1, STEP_RECOVER_NEW)) {
        return;
    }
    struct writer w = request(d, KEYSTORE_RECOVER);
    put_text(&w, d->typed[0]);
    put_text(&w, d->typed[1]);
    say(d, "a moment ...\r\n");
    uint64_t label = ask_keys(d, &w);
    steps_forget(d);
    if (label == PROTO_OK) {
        unlocked(d);
        return;
    }
    say_why(d, label);
    go(d, STEP_LOGIN);
}

/* ---- a new profile ---------------------------------------------------------------------------------------------------------------------- */

static void keep_phrase(struct dialog *d, enum step next)
{
    enum { PHRASE_BYTES_MIN = 4 };
    if (d->line.len < PHRASE_BYTES_MIN || d->line.len > KEYSTORE_PHRASE_BYTES) {
        say(d, "%u to %u characters.\r\n", (unsigned)PHRASE_BYTES_MIN, (unsigned)KEYSTORE_PHRASE_BYTES);
        go(d, (enum step)d->step);
        return;
    }
    keep(d, 0);
    go(d, next);
}

static void keep_name(struct dialog *d, enum step next)
{
    if (d->line.len == 0 || d->line.len > KEYSTORE_NAME_BYTES) {
        say(d, "1 to %u characters.\r\n", (unsigned)KEYSTORE_NAME_BYTES);
        go(d, (enum step)d->step);
        return;
    }
    keep(d, 1);
    go(d, next);
}

static void on_make_phrase(struct dialog *d)
{
    keep_phrase(d, STEP_MAKE_NAME);
}

static void on_make_name(struct dialog *d)
{
    keep_name(d, STEP_MAKE_PASSWORD);
}

static void on_make_password(struct dialog *d)
{
    new_password(d, 2, STEP_MAKE_AGAIN);
}

/* A proposal came back: its words, and whether it shall be. */
static void show_proposal(struct dialog *d, uint64_t label)
{
    if (label != PROTO_OK) {
        say_why(d, label);
        steps_forget(d);
        go(d, STEP_PAUSE);
        return;
    }
    struct cursor words = reply_text(d);
    say(d, "\r\n  ");
    say_foreign(d, (const char *)words.at, words.left_bytes);
    say(d, "\r\n\r\n");
    go(d, STEP_AGREE);
}

static void on_make_again(struct dialog *d)
{
    if (!is_typed_again(d, 2, STEP_MAKE_PASSWORD)) {
        return;
    }
    struct writer w = request(d, KEYSTORE_PROPOSE_OWN);
    writer_le64(&w, d->ops.time_s(d->ops.context));
    put_text(&w, d->typed[0]);
    put_text(&w, d->typed[1]);
    put_text(&w, d->typed[2]);
    say(d, "a moment ...\r\n");
    show_proposal(d, ask_keys(d, &w));
}

static void on_nexus_phrase(struct dialog *d)
{
    keep_phrase(d, STEP_NEXUS_NAME);
}

static void on_nexus_name(struct dialog *d)
{
    keep_name(d, STEP_NEXUS_PASSWORD);
}

static void on_nexus_password(struct dialog *d)
{
    keep(d, 2); /* it is what it is */
    go(d, STEP_NEXUS_PIN);
}

static void on_nexus_pin(struct dialog *d)
{
    struct writer w = request(d, KEYSTORE_PROPOSE_NEXUS);
    put_text(&w, d->typed[0]);
    put_text(&w, d->typed[1]);
    put_text(&w, d->typed[2]);
    put_text(&w, d->line.text);
    say(d, "the genesis id and the first key are derived; that takes a while ...\r\n");
    show_proposal(d, ask_keys(d, &w));
}

static void show_recovery(struct dialog *d)
{
    struct cursor phrase = reply_text(d);
    if (phrase.left_bytes != 0) {
        say(d, "\r\nWrite these words down. They open this profile when the password is lost, and are never shown again:\r\n\r\n  ");
        say_foreign(d, (const char *)phrase.at, phrase.left_bytes);
        say(d, "\r\n\r\n");
    }
}

static void on_agree(struct dialog *d)
{
    char sentence[DIALOG_SENTENCE_BYTES];
    if (strcmp(d->line.text, "yes") != 0) {
        steps_forget(d);
        pause_with(d, "Nothing is signed.");
        return;
    }
    say(d, "a moment ...\r\n");
    uint64_t label = ask_plain(d, KEYSTORE_AGREE);
    if (label != PROTO_OK) {
        say_why(d, label);
        d->step = STEP_PAUSE;
        steps_forget(d);
        go(d, STEP_PAUSE);
        return;
    }
    show_recovery(d);
    d->step = STEP_PAUSE; /* there is no proposal any more */
    steps_forget(d);
    learn_state(d);
    if (d->keys_kind == KEYSTORE_OWN && !d->ops.store_chain(d->ops.context, sentence)) {
        say(d, "The ledger does not keep it: ");
        say_foreign(d, sentence, strlen(sentence));
        say(d, "\r\n");
    }
    pause_with(d, "Done.");
}

/* ---- another device, another password ---------------------------------------------------------------------------------------------------- */

static void on_device_name(struct dialog *d)
{
    keep_name(d, STEP_DEVICE_ID);
}

static bool hex_value(char c, uint8_t *out)
{
    if (c >= '0' && c <= '9') {
        *out = (uint8_t)(c - '0');
        return true;
    }
    *out = (uint8_t)(c - 'a' + 10);
    return c >= 'a' && c <= 'f';
}

/* People read ids from the last byte in memory on. */
static bool read_id(const char *text, uint8_t out[32])
{
    if (strlen(text) != 64) {
        return false;
    }
    for (unsigned i = 0; i < 32; i++) {
        uint8_t high, low;
        if (!hex_value(text[2 * i], &high) || !hex_value(text[2 * i + 1], &low)) {
            return false;
        }
        out[31 - i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void on_device_id(struct dialog *d)
{
    uint8_t id[32];
    if (!read_id(d->line.text, id)) {
        say(d, "That is no id: 64 of 0-9 a-f. The other device shows its own in its menu.\r\n");
        go(d, STEP_DEVICE_ID);
        return;
    }
    struct writer w = request(d, KEYSTORE_PROPOSE_DEVICE);
    writer_le64(&w, d->ops.time_s(d->ops.context));
    writer_put(&w, id, sizeof id);
    put_text(&w, d->typed[1]);
    show_proposal(d, ask_keys(d, &w));
}

static void on_change_old(struct dialog *d)
{
    keep(d, 0);
    go(d, STEP_CHANGE_NEW);
}

static void on_change_new(struct dialog *d)
{
    new_password(d, 1, STEP_CHANGE_AGAIN);
}

static void on_change_again(struct dialog *d)
{
    if (!is_typed_again(d, 1, STEP_CHANGE_NEW)) {
        return;
    }
    struct writer w = request(d, KEYSTORE_PASSWORD);
    put_text(&w, d->typed[0]);
    put_text(&w, d->typed[1]);
    say(d, "a moment ...\r\n");
    uint64_t label = ask_keys(d, &w);
    if (label == PROTO_OK) {
        say(d, "The new password counts.\r\n");
    } else {
        say_why(d, label);
    }
    steps_forget(d);
    go(d, STEP_PAUSE);
}

/* ---- the menu ---------------------------------------------------------------------------------------------------------------------------- */

static void on_menu(struct dialog *d)
{
    static const struct {
        uint8_t state;
        char key;
        enum step step;
    } ways[] = {
        {KEYSTORE_EMPTY, '1', STEP_MAKE_PHRASE},     {KEYSTORE_EMPTY, '2', STEP_NEXUS_PHRASE},
        {KEYSTORE_UNLOCKED, '2', STEP_CHANGE_OLD},   {KEYSTORE_UNLOCKED, '4', STEP_DEVICE_NAME},
    };
    char key = d->line.len == 1 ? d->line.text[0] : '\0';
    if (key == '0') {
        leave(d);
        return;
    }
    if (d->keys_state == KEYSTORE_UNLOCKED && (key == '1' || key == '3')) {
        (void)ask_plain(d, KEYSTORE_LOCK);
        if (key == '3') {
            d->ops.end_programs(d->ops.context);
        }
        learn_state(d);
        leave(d);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i].state == d->keys_state && ways[i].key == key && (key != '4' || d->keys_kind == KEYSTORE_OWN)) {
            go(d, ways[i].step);
            return;
        }
    }
    show_menu(d);
}

static void on_pause(struct dialog *d)
{
    if (d->is_locked) {
        leave(d);
        return;
    }
    open_screen(d);
    show_menu(d);
}

static void on_idle(struct dialog *d)
{
    (void)d;
}

/* ---- the table ----------------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *prompt;
    bool is_hidden;
    void (*line)(struct dialog *d);
} steps[STEP_COUNT] = {
    [STEP_IDLE] = {"", false, on_idle},
    [STEP_MENU] = {"> ", false, on_menu},
    [STEP_QUESTION] = {"> ", false, question_line},
    [STEP_PAUSE] = {"Enter goes on.", false, on_pause},
    [STEP_LOGIN] = {"password (? with the recovery phrase): ", true, on_login},
    [STEP_RECOVER_PHRASE] = {"recovery phrase: ", true, on_recover_phrase},
    [STEP_RECOVER_NEW] = {"new password: ", true, on_recover_new},
    [STEP_RECOVER_AGAIN] = {"again: ", true, on_recover_again},
    [STEP_MAKE_PHRASE] = {"Words of yours that the system shows with every question, so that you know it from a program.\r\n"
                          "words: ", false, on_make_phrase},
    [STEP_MAKE_NAME] = {"your name: ", false, on_make_name},
    [STEP_MAKE_PASSWORD] = {"password: ", true, on_make_password},
    [STEP_MAKE_AGAIN] = {"again: ", true, on_make_again},
    [STEP_NEXUS_PHRASE] = {"Words of yours that the system shows with every question, so that you know it from a program.\r\n"
                           "words: ", false, on_nexus_phrase},
    [STEP_NEXUS_NAME] = {"user name: ", false, on_nexus_name},
    [STEP_NEXUS_PASSWORD] = {"password: ", true, on_nexus_password},
    [STEP_NEXUS_PIN] = {"PIN: ", true, on_nexus_pin},
    [STEP_DEVICE_NAME] = {"name of the other device: ", false, on_device_name},
    [STEP_DEVICE_ID] = {"its id: ", false, on_device_id},
    [STEP_AGREE] = {"Type yes to agree: ", false, on_agree},
    [STEP_CHANGE_OLD] = {"old password: ", true, on_change_old},
    [STEP_CHANGE_NEW] = {"new password: ", true, on_change_new},
    [STEP_CHANGE_AGAIN] = {"again: ", true, on_change_again},
};

const char *step_prompt(enum step step)
{
    return steps[step].prompt;
}

bool step_is_hidden(enum step step)
{
    return steps[step].is_hidden;
}

void step_line(struct dialog *d)
{
    steps[d->step].line(d);
}
