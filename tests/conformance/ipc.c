/* SPDX-License-Identifier: MIT */
/** System calls on endpoints, notifications and replies. Source: seL4 manual sections 2.2, 4 and 5; docs/spec/kernel-abi.md. */
#include "conf.h"

enum { BELOW = ROOT_PRIORITY - 10, ABOVE = ROOT_PRIORITY + 10, LABEL = 0x123, WORDS_MAX = seL4_MsgMaxLength };

/* A message whose word i is 100 + i. */
static struct message filled(struct seL4_IPCBuffer *buffer, uint64_t label, uint64_t length)
{
    for (unsigned i = seL4_FastMessageRegisters; i < WORDS_MAX; i++) {
        buffer->msg[i] = 100 + i;
    }
    return (struct message){.info = message_info(label, length), .word = {100, 101, 102, 103}};
}

static bool is_filled(const struct message *m, const struct seL4_IPCBuffer *buffer, uint64_t label, uint64_t length)
{
    bool good = same(seL4_MessageInfo_label(m->info), label, "label") && same(seL4_MessageInfo_length(m->info), length, "length");
    for (unsigned i = 0; i < length && good; i++) {
        good = same(i < seL4_FastMessageRegisters ? m->word[i] : buffer->msg[i], 100 + i, "a word");
    }
    return good;
}

/* ---- what workers do: argument 0 is what they invoke, 1 the length, 2 the label ---------------------------------------------- */

static void sends(struct worker *w)
{
    struct message m = filled(w->buffer, w->argument[2], w->argument[1]);
    sys_send(w->argument[0], &m);
    w->step = 1;
}

static void sends_nb(struct worker *w)
{
    struct message m = filled(w->buffer, w->argument[2], w->argument[1]);
    sys_nb_send(w->argument[0], &m);
    w->step = 1;
}

static void calls(struct worker *w)
{
    w->message = filled(w->buffer, w->argument[2], w->argument[1]);
    sys_call(w->argument[0], &w->message);
    w->step = 1;
}

static void receives(struct worker *w)
{
    sys_recv(w->argument[0], w->reply, &w->message);
    w->step = 1;
}

static void receives_nb(struct worker *w)
{
    sys_nb_recv(w->argument[0], w->reply, &w->message);
    w->step = 1;
}

/* Without a reply object. */
static void waits(struct worker *w)
{
    system_call(seL4_SysWait, w->argument[0], 0, 0, &w->message);
    w->step = 1;
}

static struct worker *run(void (*function)(struct worker *), uint64_t priority, uint64_t cap, uint64_t length, uint64_t label)
{
    struct worker *w = worker_new(function, priority);
    w->argument[0] = cap;
    w->argument[1] = length;
    w->argument[2] = label;
    worker_start(w);
    return w;
}

/* ---- Send and Recv ---------------------------------------------------------------------------------------------------------------- */

static bool transfers(uint64_t length, uint64_t arrives)
{
    struct message m = {0};
    struct worker *w = run(sends, ABOVE, ENDPOINT_BADGED, length, LABEL);
    bool good = same(w->step, 0, "steps before somebody receives");
    sys_recv(ENDPOINT, REPLY, &m);
    return good && is_filled(&m, ipc_buffer, LABEL, arrives) && same(m.badge, BADGE, "badge") && same(w->step, 1, "steps");
}

static bool send_registers(void)
{
    return transfers(4, 4);
}

static bool send_nothing(void)
{
    return transfers(0, 0);
}

static bool send_long(void)
{
    return transfers(WORDS_MAX, WORDS_MAX);
}

static bool send_too_long(void)
{
    return transfers(127, WORDS_MAX);
}

static bool send_to_waiting(void)
{
    struct worker *w = run(receives, ABOVE, ENDPOINT, 0, 0);
    struct message m = filled(ipc_buffer, LABEL, 10);
    bool good = same(w->step, 0, "steps before");
    sys_send(ENDPOINT_BADGED, &m);
    return good && is_filled(&w->message, w->buffer, LABEL, 10) && same(w->message.badge, BADGE, "badge");
}

static bool send_label_whole(void)
{
    uint64_t label = UINT64_MAX >> 12;
    struct message m = {0};
    (void)run(sends, ABOVE, ENDPOINT, 1, label);
    sys_recv(ENDPOINT, REPLY, &m);
    return same(seL4_MessageInfo_label(m.info), label, "label") && same(seL4_MessageInfo_extraCaps(m.info), 0, "capabilities");
}

static bool send_without_right(void)
{
    struct worker *w = run(sends, ABOVE, ENDPOINT_NO_WRITE, 0, LABEL);
    struct message m = {0};
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return same(w->step, 1, "steps") && same(seL4_MessageInfo_label(m.info), 0, "label of what arrives");
}

static bool send_to_empty(void)
{
    struct worker *w = run(sends, ABOVE, EMPTY, 0, LABEL);
    struct message m = {0};
    sys_nb_recv(faults(), REPLY, &m);
    return same(w->step, 1, "steps") && same(seL4_MessageInfo_label(m.info), 0, "fault");
}

/* The most important first, equals in the order of their calls. */
static bool send_order(void)
{
    struct message m = {0};
    (void)run(sends, ABOVE, ENDPOINT, 0, 1);
    (void)run(sends, ABOVE + 5, ENDPOINT, 0, 2);
    (void)run(sends, ABOVE, ENDPOINT, 0, 3);
    for (unsigned i = 0; i < 3; i++) {
        static const uint64_t wanted[] = {2, 1, 3};
        sys_recv(ENDPOINT, REPLY, &m);
        if (!same(seL4_MessageInfo_label(m.info), wanted[i], "label")) {
            return false;
        }
    }
    return true;
}

/* A change of priority moves a thread in its queue. */
static bool send_order_changes(void)
{
    struct message m = {0};
    struct worker *w = run(sends, ABOVE, ENDPOINT, 0, 1);
    (void)run(sends, ABOVE + 5, ENDPOINT, 0, 2);
    bool good = works(call(w->tcb, seL4_TCBSetPriority, WORDS(ABOVE + 9), CAPS(OWN_TCB)));
    sys_recv(ENDPOINT, REPLY, &m);
    return good && same(seL4_MessageInfo_label(m.info), 1, "label");
}

static bool recv_order(void)
{
    struct worker *a = run(receives, ABOVE, ENDPOINT, 0, 0);
    struct worker *b = run(receives, ABOVE + 5, ENDPOINT, 0, 0);
    const struct message m = {0};
    sys_nb_send(ENDPOINT, &m);
    bool good = same(a->step, 0, "steps of the less important") && same(b->step, 1, "steps of the more important");
    sys_nb_send(ENDPOINT, &m);
    return good && same(a->step, 1, "steps of the less important at last");
}

static bool nb_send_drops(void)
{
    struct worker *w = run(sends_nb, ABOVE, ENDPOINT, 0, LABEL);
    struct message m = {0};
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return same(w->step, 1, "steps") && same(m.badge | m.info, 0, "what arrives");
}

static bool nb_send_arrives(void)
{
    struct worker *w = run(receives, ABOVE, ENDPOINT, 0, 0);
    struct message m = filled(ipc_buffer, LABEL, 20);
    sys_nb_send(ENDPOINT, &m);
    return is_filled(&w->message, w->buffer, LABEL, 20);
}

/* An address that leads nowhere is not even a fault. */
static bool nb_send_nowhere(void)
{
    struct worker *w = run(sends_nb, ABOVE, 1ull << 40, 0, LABEL);
    struct message m = {0};
    sys_nb_recv(faults(), REPLY, &m);
    return same(w->step, 1, "steps") && same(m.info, 0, "fault");
}

static bool nb_recv_nothing(void)
{
    struct worker *w = run(receives_nb, ABOVE, ENDPOINT, 0, 0);
    return same(w->step, 1, "steps") && same(w->message.badge, 0, "badge");
}

static bool nb_recv_something(void)
{
    (void)run(sends, ABOVE, ENDPOINT_BADGED, 7, LABEL);
    struct message m = {0};
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return is_filled(&m, ipc_buffer, LABEL, 7) && same(m.badge, BADGE, "badge");
}

static bool delete_restarts(void)
{
    struct worker *w = run(sends, BELOW, ENDPOINT_BADGED, 0, LABEL);
    settle();
    bool good = works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(ENDPOINT, 64), NO_CAPS)) &&
                works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(ENDPOINT, 64), NO_CAPS)) && same(w->step, 0, "steps before");
    settle();
    return good && same(w->step, 1, "steps after the endpoint is gone");
}

/* ---- Call and replies ------------------------------------------------------------------------------------------------------------------ */

static bool call_and_answer(void)
{
    struct message m = {0};
    struct worker *w = run(calls, ABOVE, ENDPOINT_BADGED, 10, LABEL);
    sys_recv(ENDPOINT, REPLY, &m);
    bool good = is_filled(&m, ipc_buffer, LABEL, 10) && same(m.badge, BADGE, "badge") && same(w->step, 0, "steps before the answer");
    m = filled(ipc_buffer, 9, 30);
    sys_send(REPLY, &m);
    return good && is_filled(&w->message, w->buffer, 9, 30) && same(w->message.badge, 0, "badge of the answer");
}

static bool answers_once(void)
{
    struct message m = {0};
    struct worker *w = run(calls, ABOVE, ENDPOINT, 0, LABEL);
    sys_recv(ENDPOINT, REPLY, &m);
    m = filled(ipc_buffer, 9, 1);
    sys_send(REPLY, &m);
    m = filled(ipc_buffer, 10, 1);
    sys_send(REPLY, &m);
    return same(seL4_MessageInfo_label(w->message.info), 9, "label of the answer");
}

/* A reply object answers the last caller only: receiving again lets go of the one before. */
static bool forgets_callers(void)
{
    struct message m = {0};
    struct worker *a = run(calls, ABOVE, ENDPOINT, 0, 1);
    sys_recv(ENDPOINT, REPLY, &m);
    struct worker *b = run(calls, ABOVE, ENDPOINT, 0, 2);
    sys_recv(ENDPOINT, REPLY, &m);
    m = filled(ipc_buffer, 9, 0);
    sys_send(REPLY, &m);
    return same(a->step, 0, "steps of the first") && same(b->step, 1, "steps of the second");
}

static bool answers_in_any_order(void)
{
    struct message m = {0};
    struct worker *a = run(calls, ABOVE, ENDPOINT, 0, 1);
    struct worker *b = run(calls, ABOVE, ENDPOINT, 0, 2);
    sys_recv(ENDPOINT, REPLY, &m);
    sys_recv(ENDPOINT, REPLY_2, &m);
    m = filled(ipc_buffer, 20, 0);
    sys_send(REPLY_2, &m);
    m = filled(ipc_buffer, 10, 0);
    sys_send(REPLY, &m);
    return same(seL4_MessageInfo_label(a->message.info), 10, "answer to the first") &&
           same(seL4_MessageInfo_label(b->message.info), 20, "answer to the second");
}

static bool call_without_grant(void)
{
    struct message m = {0};
    struct worker *w = run(calls, ABOVE, ENDPOINT_NO_GRANT, 3, LABEL);
    sys_recv(ENDPOINT, REPLY, &m);
    bool good = is_filled(&m, ipc_buffer, LABEL, 3);
    m = filled(ipc_buffer, 9, 0);
    sys_send(REPLY, &m);
    return good && same(w->step, 0, "steps of a caller that cannot be answered");
}

static bool call_grant_reply(void)
{
    struct message m = {0};
    struct worker *w = run(calls, ABOVE, ENDPOINT_GRANT_REPLY, 3, LABEL);
    sys_recv(ENDPOINT, REPLY, &m);
    m = filled(ipc_buffer, 9, 0);
    sys_send(REPLY, &m);
    return same(w->step, 1, "steps");
}

static bool call_without_right(void)
{
    return refuses(call(ENDPOINT_NO_WRITE, LABEL, NO_WORDS, NO_CAPS), seL4_InvalidCapability, WORDS(0));
}

static bool call_notification_without_right(void)
{
    return refuses(call(NOTIFICATION_NO_WRITE, LABEL, NO_WORDS, NO_CAPS), seL4_InvalidCapability, WORDS(0));
}

static bool call_notification(void)
{
    return works(call(NOTIFICATION_BADGED, LABEL, NO_WORDS, NO_CAPS)) && same(sys_poll(NOTIFICATION), BADGE, "signal");
}

static bool suspend_forgets_call(void)
{
    struct message m = {0};
    struct worker *w = run(calls, ABOVE, ENDPOINT, 0, LABEL);
    sys_recv(ENDPOINT, REPLY, &m);
    bool good = works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
    m = filled(ipc_buffer, 9, 0);
    sys_send(REPLY, &m);
    good = good && same(w->step, 0, "steps while suspended") && works(call(w->tcb, seL4_TCBResume, NO_WORDS, NO_CAPS));
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return good && same(seL4_MessageInfo_label(m.info), LABEL, "the call is made again");
}

/* ---- combined calls -------------------------------------------------------------------------------------------------------------------- */

static bool reply_recv(void)
{
    struct message m = {0};
    struct worker *a = run(calls, ABOVE, ENDPOINT, 0, 1);
    struct worker *b = run(calls, ABOVE, ENDPOINT_BADGED, 6, 2);
    sys_recv(ENDPOINT, REPLY, &m);
    m = filled(ipc_buffer, 10, 5);
    sys_reply_recv(ENDPOINT, REPLY, &m);
    bool good = is_filled(&a->message, a->buffer, 10, 5) && same(m.badge, BADGE, "badge") && same(seL4_MessageInfo_label(m.info), 2, "label");
    m = filled(ipc_buffer, 11, 0);
    sys_send(REPLY, &m);
    return good && same(seL4_MessageInfo_label(b->message.info), 11, "answer to the second");
}

static bool reply_recv_nobody(void)
{
    (void)run(sends, ABOVE, ENDPOINT, 2, LABEL);
    struct message m = filled(ipc_buffer, 10, 5);
    sys_reply_recv(ENDPOINT, REPLY, &m);
    return is_filled(&m, ipc_buffer, LABEL, 2);
}

static bool nb_send_recv(void)
{
    uint64_t other = make(seL4_EndpointObject, 0);
    struct worker *a = run(receives, ABOVE, other, 0, 0);
    (void)run(sends, ABOVE, ENDPOINT_BADGED, 3, LABEL);
    struct message m = filled(ipc_buffer, 10, 5);
    sys_nb_send_recv(other, ENDPOINT, REPLY, &m);
    return is_filled(&a->message, a->buffer, 10, 5) && is_filled(&m, ipc_buffer, LABEL, 3) && same(m.badge, BADGE, "badge");
}

static bool nb_send_recv_drops(void)
{
    uint64_t other = make(seL4_EndpointObject, 0);
    (void)run(sends, ABOVE, ENDPOINT_BADGED, 3, LABEL);
    struct message m = filled(ipc_buffer, 10, 5);
    sys_nb_send_recv(other, ENDPOINT, REPLY, &m);
    bool good = is_filled(&m, ipc_buffer, LABEL, 3);
    sys_nb_recv(other, REPLY, &m);
    return good && same(m.info, 0, "what arrives at the first");
}

/* The first phase sends to endpoints, notifications and replies, and does nothing on other objects. */
static bool nb_send_recv_object(void)
{
    (void)run(sends, ABOVE, ENDPOINT, 3, LABEL);
    struct message m = {.info = message_info(seL4_TCBSuspend, 0)};
    struct worker *w = run(waits, ABOVE, NOTIFICATION, 0, 0);
    sys_nb_send_recv(w->tcb, ENDPOINT, REPLY, &m);
    sys_signal(NOTIFICATION);
    return is_filled(&m, ipc_buffer, LABEL, 3) && same(w->step, 1, "steps of the thread");
}

static bool nb_send_wait(void)
{
    struct worker *a = run(receives, ABOVE, ENDPOINT, 0, 0);
    sys_signal(NOTIFICATION_BADGED);
    struct message m = filled(ipc_buffer, 10, 5);
    system_call(seL4_SysNBSendWait, NOTIFICATION, ENDPOINT, 0, &m);
    return is_filled(&a->message, a->buffer, 10, 5) && same(m.badge, BADGE, "badge");
}

/* ---- notifications -------------------------------------------------------------------------------------------------------------------- */

static bool signals_wake_one(void)
{
    struct worker *a = run(waits, ABOVE, NOTIFICATION, 0, 0);
    struct worker *b = run(waits, ABOVE, NOTIFICATION, 0, 0);
    sys_signal(NOTIFICATION_BADGED);
    return same(a->step, 1, "steps of the first") && same(a->message.badge, BADGE, "badge") && same(b->step, 0, "steps of the second");
}

static bool signals_gather(void)
{
    uint64_t other = minted(NOTIFICATION, seL4_AllRights, 0x10000);
    sys_signal(NOTIFICATION_BADGED);
    sys_signal(other);
    sys_signal(other);
    return same(sys_wait(NOTIFICATION), BADGE | 0x10000, "badges") && same(sys_poll(NOTIFICATION), 0, "badges then");
}

static bool recv_of_notification(void)
{
    struct message m = {0};
    sys_signal(NOTIFICATION_BADGED);
    sys_recv(NOTIFICATION, REPLY, &m);
    return same(m.badge, BADGE, "badge");
}

static bool wait_at_endpoint(void)
{
    (void)run(sends, ABOVE, ENDPOINT_BADGED, 5, LABEL);
    struct message m = {0};
    system_call(seL4_SysWait, ENDPOINT, 0, 0, &m);
    return is_filled(&m, ipc_buffer, LABEL, 5) && same(m.badge, BADGE, "badge");
}

static bool nb_wait_at_endpoint(void)
{
    struct message m = {0};
    system_call(seL4_SysNBWait, ENDPOINT, 0, 0, &m);
    bool good = same(m.badge, 0, "badge");
    (void)run(sends, ABOVE, ENDPOINT_BADGED, 5, LABEL);
    system_call(seL4_SysNBWait, ENDPOINT, 0, 0, &m);
    return good && is_filled(&m, ipc_buffer, LABEL, 5);
}

/* Received without a reply object, a call cannot be answered. */
static bool call_without_reply(void)
{
    struct worker *w = run(calls, ABOVE, ENDPOINT, 5, LABEL);
    struct message m = {0};
    system_call(seL4_SysWait, ENDPOINT, 0, 0, &m);
    bool good = is_filled(&m, ipc_buffer, LABEL, 5);
    settle();
    return good && same(w->step, 0, "steps of the caller");
}

static void yields(struct worker *w)
{
    w->step = 1;
    sys_yield();
    w->step = 2;
}

static bool yield(void)
{
    struct worker *w = worker_run(yields, ROOT_PRIORITY, 0);
    bool good = same(w->step, 0, "steps before");
    sys_yield();
    good = good && same(w->step, 1, "steps after our Yield");
    sys_yield();
    return good && same(w->step, 2, "steps after the second");
}

/* All registers but those of the answer are as they were. */
static bool keeps_registers(void)
{
    register uint64_t x0 __asm__("x0") = NOTIFICATION;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x6 __asm__("x6") = 0x66;
    register uint64_t x7 __asm__("x7") = (uint64_t)seL4_SysNBWait;
    register uint64_t x8 __asm__("x8") = 0x88;
    register uint64_t x9 __asm__("x9") = 0x99;
    register uint64_t x17 __asm__("x17") = 0x1717;
    register uint64_t x18 __asm__("x18") = 0x1818;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x6), "+r"(x7), "+r"(x8), "+r"(x9), "+r"(x17), "+r"(x18) : : "x2", "x3", "x4", "x5", "memory");
    return same(x6, 0x66, "x6") && same(x7, (uint64_t)seL4_SysNBWait, "x7") && same(x8, 0x88, "x8") && same(x9, 0x99, "x9") &&
           same(x17, 0x1717, "x17") && same(x18, 0x1818, "x18");
}

static const struct row rows[] = {
    {"Send", "works", "four words, label, badge", send_registers},
    {"Send", "works", "no words", send_nothing},
    {"Send", "works", "120 words", send_long},
    {"Send", "works", "a length of 127 counts as 120", send_too_long},
    {"Send", "works", "to somebody who waits", send_to_waiting},
    {"Send", "works", "52 bits of label", send_label_whole},
    {"Send", "works", "without the right nothing arrives, and nothing tells", send_without_right},
    {"Send", "works", "to an empty slot nothing happens", send_to_empty},
    {"Send", "works", "the most important sender first, equals in order", send_order},
    {"Send", "works", "a new priority moves a waiting sender", send_order_changes},
    {"Send", "works", "starts again when the endpoint is deleted", delete_restarts},
    {"NBSend", "works", "is dropped when nobody waits", nb_send_drops},
    {"NBSend", "works", "arrives when somebody waits", nb_send_arrives},
    {"NBSend", "works", "to nowhere nothing happens", nb_send_nowhere},
    {"Recv", "works", "the most important receiver first", recv_order},
    {"Recv", "works", "a notification's signals", recv_of_notification},
    {"NBRecv", "works", "nothing there: badge 0", nb_recv_nothing},
    {"NBRecv", "works", "takes what waits", nb_recv_something},
    {"Call", "works", "and the answer", call_and_answer},
    {"Call", "works", "is answered once", answers_once},
    {"Call", "works", "a reply object knows its last caller", forgets_callers},
    {"Call", "works", "two reply objects, answers in any order", answers_in_any_order},
    {"Call", "works", "without grant or grant-reply the caller stops", call_without_grant},
    {"Call", "works", "grant-reply is enough for an answer", call_grant_reply},
    {"Call", "InvalidCapability", "endpoint without the right to send", call_without_right},
    {"Call", "InvalidCapability", "notification without the right to send", call_notification_without_right},
    {"Call", "works", "on a notification is a signal", call_notification},
    {"Call", "works", "a suspended caller is forgotten, and calls again", suspend_forgets_call},
    {"ReplyRecv", "works", "answers and takes the next", reply_recv},
    {"ReplyRecv", "works", "without a caller it only receives", reply_recv_nobody},
    {"NBSendRecv", "works", "sends and receives", nb_send_recv},
    {"NBSendRecv", "works", "drops what nobody waits for", nb_send_recv_drops},
    {"NBSendRecv", "works", "its first phase does nothing on other objects", nb_send_recv_object},
    {"NBSendWait", "works", "sends and waits", nb_send_wait},
    {"Wait", "works", "a signal wakes one", signals_wake_one},
    {"Wait", "works", "signals gather", signals_gather},
    {"Wait", "works", "at an endpoint", wait_at_endpoint},
    {"Wait", "works", "at an endpoint a call cannot be answered", call_without_reply},
    {"NBWait", "works", "at an endpoint", nb_wait_at_endpoint},
    {"NBWait", "works", "keeps the other registers", keeps_registers},
    {"Yield", "works", "to an equal", yield},
};

void ipc_rows(void)
{
    run_rows(rows, ARRAY_LEN(rows));
}
