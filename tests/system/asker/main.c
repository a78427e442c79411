/* SPDX-License-Identifier: MIT */
/** Asks the person at the console, one question of each kind, then too many at once; logs what comes of it (tests/system/asking.test). */
#include "proto/session.h"
#include "proto/timer.h"
#include "rt.h"

LX_CALL(session);
LX_WATCH(session_watch);
LX_CALL(timer);

#define LOOK_NS UINT64_C(50000000) /* it also looks without having been signalled, so that there is always somebody who asks */
enum { FLOOD_FIRST = 100, FLOOD_COUNT = 20 };

static const struct {
    enum session_kind kind;
    const char *text;
} questions[] = {
    {SESSION_YES_NO, "shall it \x1b[31mbe red\x1b[0m?"},
    {SESSION_CONSENT, "editor of writer (a package) wants to make /home/notes/plan.txt"},
    {SESSION_SECRET, "the password of the other machine"},
};

static uint64_t number;
static bool is_over;

static uint64_t ask(uint64_t with_number, enum session_kind kind, const char *text)
{
    uint64_t words[SESSION_TEXT_WORD + SESSION_TEXT_BYTES / 8] = {with_number, kind, strlen(text)};
    struct message m;
    memcpy(words + SESSION_TEXT_WORD, text, strlen(text));
    return rt_call_long(&session, SESSION_ASK, words, SESSION_TEXT_WORD + (strlen(text) + 7) / 8, &m);
}

static void ask_current(void)
{
    if (ask(number, questions[number].kind, questions[number].text) != PROTO_OK) {
        rt_log("question %lu is refused", (unsigned long)number);
    }
}

static void flood(void)
{
    uint32_t taken = 0;
    is_over = true;
    for (uint32_t i = 0; i < FLOOD_COUNT; i++) {
        taken += ask(FLOOD_FIRST + i, SESSION_YES_NO, "again and again") == PROTO_OK;
    }
    for (uint32_t i = 0; i < FLOOD_COUNT; i++) {
        struct message m;
        rt_message(&m, SESSION_FORGET, FLOOD_FIRST + i);
        (void)rt_call(&session, &m);
    }
    rt_log("of %u questions at once %u were taken", (unsigned)FLOOD_COUNT, (unsigned)taken);
}

/* Invalid requests: refused, and nothing is shown. */
static void ask_badly(void)
{
    struct message m;
    rt_message(&m, SESSION_ASK, 1, SESSION_YES_NO, SESSION_TEXT_BYTES + 1);
    uint64_t too_long = rt_call(&session, &m);
    rt_message(&m, SESSION_ASK, 1, SESSION_YES_NO, 64);
    uint64_t not_there = rt_call(&session, &m);
    rt_message(&m, SESSION_ANSWER, 99);
    uint64_t unknown = rt_call(&session, &m);
    rt_message(&m, 77, 0);
    uint64_t no_request = rt_call(&session, &m);
    rt_log("refused: %lu %lu %lu %lu, kind %lu", (unsigned long)too_long, (unsigned long)not_there, (unsigned long)unknown,
           (unsigned long)no_request, (unsigned long)ask(5, SESSION_KIND_END, "what"));
}

static void look_again(void)
{
    struct message m;
    rt_message(&m, TIMER_SET, rt_ticks() + rt_ns_to_ticks(LOOK_NS));
    (void)rt_call(&timer, &m);
}

void init(void)
{
    look_again();
    ask_badly();
    ask_current();
}

void notified(uint64_t signals)
{
    struct message m;
    if (is_over) {
        return;
    }
    if ((signals & session_watch.signal) != 0) {
        rt_log("the session was restarted; asked again");
        ask_current();
        return;
    }
    look_again();
    rt_message(&m, SESSION_ANSWER, number);
    if (rt_call(&session, &m) != PROTO_OK || m.word[0] == SESSION_PENDING) {
        return;
    }
    uint64_t text[SESSION_SECRET_BYTES / 8] = {m.word[2], m.word[3]};
    rt_log("answer %lu: %lu, text of %lu bytes %.16s", (unsigned long)number, (unsigned long)m.word[0], (unsigned long)m.word[1],
           (const char *)text);
    rt_message(&m, SESSION_FORGET, number);
    (void)rt_call(&session, &m);
    number++;
    if (number < ARRAY_LEN(questions)) {
        ask_current();
    } else {
        flood();
    }
}
