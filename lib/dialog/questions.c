/* SPDX-License-Identifier: MIT */
/**
 * Questions of other components: a queue, a limit, and what the person answers.
 * Owns:   the queue.    Uses: dialog.h.
 */
#include "private.h"

static struct dialog_question *find(struct dialog *d, uint32_t client, uint64_t number)
{
    for (size_t i = 0; i < DIALOG_QUESTIONS_MAX; i++) {
        struct dialog_question *q = &d->questions[i];
        if (q->is_used && q->client == client && q->number == number) {
            return q;
        }
    }
    return NULL;
}

const struct dialog_question *dialog_find(const struct dialog *d, uint32_t client, uint64_t number)
{
    for (size_t i = 0; i < DIALOG_QUESTIONS_MAX; i++) {
        const struct dialog_question *q = &d->questions[i];
        if (q->is_used && q->client == client && q->number == number) {
            return q;
        }
    }
    return NULL;
}

/* ---- asking -------------------------------------------------------------------------------------------------------------------- */

/* @return whether the client may ask once more now. */
static bool take_token(struct dialog *d, struct dialog_client *c)
{
    uint64_t now = d->ops.now_ns(d->ops.context);
    if (c->refilled_ns == 0) {
        c->refilled_ns = now;
        c->tokens = DIALOG_BURST;
    }
    uint64_t more = (now - c->refilled_ns) / DIALOG_REFILL_NS;
    if (more != 0) {
        c->tokens = more >= DIALOG_BURST - c->tokens ? DIALOG_BURST : c->tokens + (uint32_t)more;
        c->refilled_ns += more * DIALOG_REFILL_NS;
    }
    if (c->tokens == 0) {
        return false;
    }
    c->tokens--;
    return true;
}

static struct dialog_question *room_for(struct dialog *d, uint32_t client)
{
    struct dialog_question *free = NULL;
    uint32_t open = 0;
    for (size_t i = 0; i < DIALOG_QUESTIONS_MAX; i++) {
        struct dialog_question *q = &d->questions[i];
        open += q->is_used && q->client == client;
        free = q->is_used ? free : q;
    }
    return open < DIALOG_QUESTIONS_EACH ? free : NULL;
}

uint64_t dialog_ask(struct dialog *d, uint32_t client, const char *name, uint64_t number, uint64_t kind, struct cursor text)
{
    if (client >= DIALOG_CLIENTS_MAX || kind == 0 || kind >= SESSION_KIND_END || text.left_bytes == 0 ||
        text.left_bytes > SESSION_TEXT_BYTES) {
        return PROTO_INVALID;
    }
    if (find(d, client, number) != NULL) {
        return PROTO_OK;
    }
    struct dialog_question *q = room_for(d, client);
    if (q == NULL || !take_token(d, &d->clients[client])) {
        return PROTO_FULL;
    }
    (void)copy_string(d->clients[client].name, sizeof d->clients[client].name, name);
    *q = (struct dialog_question){.is_used = true,
                                  .kind = (uint8_t)kind,
                                  .answer = SESSION_PENDING,
                                  .client = client,
                                  .number = number,
                                  .order = d->next_order++,
                                  .len = text.left_bytes};
    memcpy(q->text, text.at, text.left_bytes);
    if (d->step == STEP_IDLE && !d->is_locked) {
        (void)question_show_next(d);
    }
    return PROTO_OK;
}

void dialog_forget(struct dialog *d, uint32_t client, uint64_t number)
{
    struct dialog_question *q = find(d, client, number);
    if (q == NULL) {
        return;
    }
    bool is_shown = q == d->shown;
    wipe(q, sizeof *q);
    if (is_shown) {
        d->shown = NULL;
        say(d, "\r\n(the question is taken back)\r\n");
        leave(d);
    }
}

/* ---- showing and answering -------------------------------------------------------------------------------------------------------- */

static const char *answers(uint8_t kind)
{
    switch (kind) {
    case SESSION_YES_NO:
        return "  y  yes\r\n  n  no\r\n";
    case SESSION_CONSENT:
        return "  1  once\r\n  2  this folder from now on\r\n  3  never\r\n";
    default:
        return "What you type is not shown, and goes to whoever asks.\r\n";
    }
}

bool question_show_next(struct dialog *d)
{
    struct dialog_question *next = NULL;
    for (size_t i = 0; i < DIALOG_QUESTIONS_MAX; i++) {
        struct dialog_question *q = &d->questions[i];
        if (q->is_used && q->answer == SESSION_PENDING && (next == NULL || q->order < next->order)) {
            next = q;
        }
    }
    d->shown = next;
    if (next == NULL) {
        return false;
    }
    open_screen(d);
    say(d, "%s asks:\r\n  ", d->clients[next->client].name);
    say_foreign(d, next->text, next->len);
    say(d, "\r\n%s  Enter alone, or Ctrl-]: not now\r\n", answers(next->kind));
    go(d, STEP_QUESTION);
    d->line.is_hidden = next->kind == SESSION_SECRET;
    d->deaf_until_ns = d->ops.now_ns(d->ops.context) + DIALOG_QUIET_NS;
    return true;
}

static void answer(struct dialog *d, enum session_answer with)
{
    struct dialog_question *q = d->shown;
    d->shown = NULL;
    q->answer = (uint8_t)with;
    d->ops.answered(d->ops.context, q->client);
}

void question_drop(struct dialog *d)
{
    answer(d, SESSION_NOT_NOW);
}

static enum session_answer answer_of(uint8_t kind, const char *line)
{
    static const struct {
        uint8_t kind;
        const char *line;
        enum session_answer answer;
    } words[] = {
        {SESSION_YES_NO, "y", SESSION_YES},    {SESSION_YES_NO, "yes", SESSION_YES}, {SESSION_YES_NO, "n", SESSION_NO},
        {SESSION_YES_NO, "no", SESSION_NO},    {SESSION_CONSENT, "1", SESSION_ONCE}, {SESSION_CONSENT, "2", SESSION_FOLDER},
        {SESSION_CONSENT, "3", SESSION_NEVER},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].kind == kind && strcmp(words[i].line, line) == 0) {
            return words[i].answer;
        }
    }
    return SESSION_PENDING;
}

void question_line(struct dialog *d)
{
    struct dialog_question *q = d->shown;
    enum session_answer with = answer_of(q->kind, d->line.text);
    if (d->line.len == 0) {
        with = SESSION_NOT_NOW;
    } else if (q->kind == SESSION_SECRET) {
        with = SESSION_TEXT;
        q->reply_len = d->line.len;
        memcpy(q->reply, d->line.text, d->line.len);
    }
    if (with == SESSION_PENDING) {
        say(d, "That is none of the answers.\r\n");
        go(d, STEP_QUESTION);
        return;
    }
    answer(d, with);
    leave(d);
}
_Static_assert((int)DIALOG_LINE_BYTES <= (int)SESSION_SECRET_BYTES, "a line fits a reply");
