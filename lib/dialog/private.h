/* SPDX-License-Identifier: MIT */
/** Private to lib/dialog: where a conversation stands, and what its files ask of each other. */
#ifndef LX_DIALOG_PRIVATE_H
#define LX_DIALOG_PRIVATE_H

#include "dialog.h"
#include "format.h"

/** What the next line that is typed answers. The table in steps.c has a prompt and a function for each. */
enum step {
    STEP_IDLE, /* nothing: the line is the programs' */
    STEP_MENU,
    STEP_QUESTION,
    STEP_PAUSE, /* read, then Enter */
    STEP_LOGIN,
    STEP_RECOVER_PHRASE,
    STEP_RECOVER_NEW,
    STEP_RECOVER_AGAIN,
    STEP_MAKE_PHRASE,
    STEP_MAKE_NAME,
    STEP_MAKE_PASSWORD,
    STEP_MAKE_AGAIN,
    STEP_NEXUS_PHRASE,
    STEP_NEXUS_NAME,
    STEP_NEXUS_PASSWORD,
    STEP_NEXUS_PIN,
    STEP_DEVICE_NAME,
    STEP_DEVICE_ID,
    STEP_AGREE,
    STEP_CHANGE_OLD,
    STEP_CHANGE_NEW,
    STEP_CHANGE_AGAIN,
    STEP_COUNT,
};

/* ---- dialog.c: the frame ------------------------------------------------------------------------------------------------------ */

void say(struct dialog *d, const char *text, ...) PRINTF_LIKE(2, 3);

/** The same for text of others: bytes that are not printable become "?". */
void say_foreign(struct dialog *d, const char *text, size_t len_bytes);

/** Asks for the line that answers a step. */
void go(struct dialog *d, enum step step);

/** Says a sentence and goes on to the menu when Enter is pressed; or to the login, when it is locked. */
void pause_with(struct dialog *d, const char *sentence);

/** The conversation is over: the next question, the login, or the programs. */
void leave(struct dialog *d);

/** Takes the line and shows whose words these are. */
void open_screen(struct dialog *d);

/** Asks the keystore what state it is in. */
void learn_state(struct dialog *d);

void show_menu(struct dialog *d);

/* ---- steps.c: what is made of a line -------------------------------------------------------------------------------------------- */

/** The words before the line of a step, and whether what is typed is shown. */
const char *step_prompt(enum step step);
bool step_is_hidden(enum step step);

/** The line is complete: d->line.text. */
void step_line(struct dialog *d);

/** Forgets what was typed, and a proposal that was not agreed to. */
void steps_forget(struct dialog *d);

/* ---- questions.c ------------------------------------------------------------------------------------------------------------------ */

/** Shows the oldest question that has no answer. @return false when there is none. */
bool question_show_next(struct dialog *d);

/** The line answers the question that is shown. */
void question_line(struct dialog *d);

/** The person turned away from it. */
void question_drop(struct dialog *d);

#endif
