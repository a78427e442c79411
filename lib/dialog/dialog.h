/* SPDX-License-Identifier: MIT */
/**
 * Dialog: what the session says on the trusted path, and what it makes of what is typed: the menu, login, a new profile, questions of
 * other components. Everything here is text and decisions; secrets pass through it on their way to the keystore and are wiped behind them.
 *
 *   the user: CONSOLE_ATTENTION -> menu             a component: dialog_ask -> [queue] -> question
 *   at the start, if the keystore is locked -> login, and no program gets the line before
 *
 * What a person is shown begins with the phrase of his profile, which no program knows. What components and programs say is shown with
 * every byte that is not printable replaced. Of what arrives, control sequences are dropped: a terminal may send them as answers to what a
 * program wrote. A question that nobody called for hears nothing for a moment, so that what was meant for a program decides nothing.
 *
 * Owns:   the text that is typed, the queue of questions.    Uses: base, format; proto/console.h, keystore.h, session.h.
 * Limits: DIALOG_CLIENTS_MAX clients with DIALOG_QUESTIONS_EACH questions each; lines of DIALOG_LINE_BYTES. One thread; calls of the
 *         keystore may take seconds.
 */
#ifndef LX_DIALOG_H
#define LX_DIALOG_H

#include "base.h"
#include "proto/console.h"
#include "proto/keystore.h"
#include "proto/session.h"

enum {
    DIALOG_CLIENTS_MAX = 8,
    DIALOG_QUESTIONS_EACH = 4,
    DIALOG_QUESTIONS_MAX = DIALOG_CLIENTS_MAX * DIALOG_QUESTIONS_EACH,
    DIALOG_LINE_BYTES = KEYSTORE_PASSWORD_BYTES,
    DIALOG_BURST = 8, /**< questions that a client may ask at once; then one each DIALOG_REFILL_NS */
    DIALOG_SENTENCE_BYTES = 256,
};
#define DIALOG_REFILL_NS UINT64_C(10000000000)
#define DIALOG_QUIET_NS  UINT64_C(700000000) /**< so long a question that nobody called for hears nothing */

/** What the dialog needs of its component. `context` is handed to each. */
struct dialog_ops {
    void *context;
    void (*write)(void *context, const char *text, size_t len_bytes); /**< to the console's line, which is the session's */
    void (*take)(void *context);                                      /**< the line, from the programs */
    void (*release)(void *context);
    void (*log)(void *context, const char *sentence);
    uint64_t (*now_ns)(void *context);
    uint64_t (*time_s)(void *context); /**< seconds since 1970; 0 when nobody knows */
    /** Asks the keystore; `out` is its reply. With nobody there, its label is PROTO_STOPPED. */
    void (*keys)(void *context, const struct keystore_message *in, struct keystore_message *out);
    /** Gives the ledger the transaction that the keystore signed last. @return false, with a sentence, when it refuses. */
    bool (*store_chain)(void *context, char sentence[DIALOG_SENTENCE_BYTES]);
    void (*answered)(void *context, uint32_t client); /**< a question of this client has an answer */
    void (*end_programs)(void *context);              /**< all that run; nobody waits for it */
};

/* ---- private: the line that is typed -------------------------------------------------------------------------------------------- */

enum line_event { LINE_NOTHING, LINE_DONE, LINE_CANCEL, LINE_ATTENTION };

struct dialog_line {
    char text[DIALOG_LINE_BYTES + 1];
    size_t len;
    uint8_t filter; /* inside a control sequence */
    bool is_hidden;
};

struct dialog_question {
    bool is_used;
    uint8_t kind;
    uint8_t answer;
    uint32_t client;
    uint64_t number;
    uint64_t order; /* questions are shown by it */
    size_t len;
    char text[SESSION_TEXT_BYTES];
    size_t reply_len;
    char reply[SESSION_SECRET_BYTES];
};

struct dialog_client {
    char name[24];
    uint32_t tokens;
    uint64_t refilled_ns;
};

struct dialog {
    struct dialog_ops ops;
    uint8_t step;       /* where in which conversation: enum step of dialog.c; 0: the line is the programs' */
    bool is_locked;     /* a login comes before anything else */
    uint64_t deaf_until_ns;
    struct dialog_line line;
    struct dialog_question questions[DIALOG_QUESTIONS_MAX];
    struct dialog_client clients[DIALOG_CLIENTS_MAX];
    uint64_t next_order;
    struct dialog_question *shown;

    /* What the keystore said last: */
    uint8_t keys_state; /* enum keystore_state */
    uint8_t keys_kind;
    uint32_t transactions;
    uint8_t genesis[32];
    char phrase[KEYSTORE_PHRASE_BYTES + 1];
    char name[KEYSTORE_NAME_BYTES + 1];

    /* Typed so far, secret until wiped: */
    char typed[4][DIALOG_LINE_BYTES + 1];
    struct keystore_message request, reply;
};

/**
 * Begins. With a locked profile that is a login; else the line goes to the programs, and the log is told how a profile is made if there is
 * a disk for one.
 */
void dialog_start(struct dialog *d, const struct dialog_ops *ops);

/** Takes bytes that were typed. */
void dialog_input(struct dialog *d, const void *bytes, size_t len_bytes);

/** The console was restarted: the line is given away again, or the last prompt shown again. */
void dialog_console_restarted(struct dialog *d);

/**
 * A component asks, as SESSION_ASK says. `name` is the component's.
 * @param text  untrusted.
 * @return PROTO_OK, also when this number was asked already; PROTO_INVALID for a kind or length that cannot be; PROTO_FULL when it has too
 *         many questions open or asks too often.
 */
uint64_t dialog_ask(struct dialog *d, uint32_t client, const char *name, uint64_t number, uint64_t kind, struct cursor text);

/** The question of that number; NULL when there is none. Borrowed until the next call. */
const struct dialog_question *dialog_find(const struct dialog *d, uint32_t client, uint64_t number);

/** Forgets a question; one that is on the screen is taken away. */
void dialog_forget(struct dialog *d, uint32_t client, uint64_t number);

/* ---- parts with tests of their own ---------------------------------------------------------------------------------------------------- */

/** Begins an empty line; what was in it is wiped. */
void dialog_line_start(struct dialog_line *l, bool is_hidden);

/**
 * Takes one byte. Control sequences (ECMA-48) are dropped as a whole; rub-out, Ctrl-U, Ctrl-C and CONSOLE_ATTENTION do what they say.
 * @param echo  4 bytes at least: what the person is to see.    @param echo_len  how many.
 */
enum line_event dialog_line_byte(struct dialog_line *l, uint8_t byte, char echo[4], size_t *echo_len);

#endif
