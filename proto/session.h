/* SPDX-License-Identifier: MIT */
/**
 * The session: questions to the person at the console, on the trusted path (docs/design/keystore.md). Version 1.
 *
 * A client asks with a number of its own choice, and is not kept waiting: it gets a signal when there is an answer, and fetches it. Asking
 * again with the same number asks nothing new, so requests can be repeated. Questions are shown one at a time, in the order in which they
 * came; a client that asks too often is refused. After a restart of the session its questions are forgotten: SESSION_ANSWER says
 * PROTO_INVALID, and the client asks again.
 */
#ifndef LX_PROTO_SESSION_H
#define LX_PROTO_SESSION_H

#include "proto.h"

enum session_request {
    SESSION_ASK = 1, /**< number, enum session_kind, bytes of text, the text; PROTO_OK, PROTO_INVALID, PROTO_FULL */
    SESSION_ANSWER,  /**< number; PROTO_OK with enum session_answer, bytes of text, the text; PROTO_INVALID for no such question */
    SESSION_FORGET,  /**< number; whatever became of it; PROTO_OK */
};

/** What can be answered. */
enum session_kind {
    SESSION_YES_NO = 1,
    SESSION_CONSENT, /**< once, this folder from now on, never */
    SESSION_SECRET,  /**< a text that is not shown while it is typed */
    SESSION_KIND_END,
};

enum session_answer {
    SESSION_PENDING,
    SESSION_YES,
    SESSION_NO,
    SESSION_ONCE,
    SESSION_FOLDER,
    SESSION_NEVER,
    SESSION_TEXT,
    SESSION_NOT_NOW, /**< the person turned away from the question; nothing was decided */
};

/* Words of a message; a text begins at a word, and the bytes behind it are zero. */
enum {
    SESSION_TEXT_WORD = 3,     /**< of SESSION_ASK */
    SESSION_REPLY_WORD = 2,    /**< of the reply to SESSION_ANSWER */
    SESSION_TEXT_BYTES = 600,  /**< printable ASCII; other bytes are shown as "?" */
    SESSION_SECRET_BYTES = 128,
};

#endif
