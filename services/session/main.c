/* SPDX-License-Identifier: MIT */
/**
 * Session: speaks with the person at the console on the trusted path. See README.md; what is said and decided is lib/dialog, this is the
 * glue to the console, the keystore, the ledger and those who ask.
 * Owns:   the line of the console while it has it.    Uses: rt, dialog; proto/console.h, keystore.h, session.h, timer.h.
 */
#include "dialog.h"
#include "proto/ledger.h"
#include "proto/timer.h"
#include "rt.h"

LX_CHANNEL(tty, CONSOLE_RECORD_BYTES);
LX_CALL(console);
LX_CALL(timer);
LX_WATCH(console_watch);
LX_SLOT(lx_notify, SLOT_NOTIFY, SLOT_OPTIONAL, logout);
LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, keystore);
LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, ledger);
LX_SLOT(lx_server, SLOT_SERVER, SLOT_OPTIONAL | SLOT_SIGNALS, clients);

/* So long the console may take to make room, before what is written is lost. */
#define PATIENCE_NS UINT64_C(2000000000)

static struct dialog dialog;
static struct shmq to_console;
static struct shmq from_console;
static bool keystore_is_gone;

/* ---- the line ---------------------------------------------------------------------------------------------------------------------- */

static void flush(void)
{
    if (shmq_should_notify(&to_console)) {
        rt_signal(tty.notify);
    }
}

/* The console is more important: it takes what is there as soon as it is signalled, as fast as the port does. */
static void write_line(void *context, const char *text, size_t len_bytes)
{
    (void)context;
    uint64_t end = rt_now_ns() + PATIENCE_NS;
    while (len_bytes != 0 && rt_now_ns() < end) {
        uint32_t done = shmq_put(&to_console, text, (uint32_t)len_bytes);
        text += done;
        len_bytes -= done;
        flush();
    }
}

static void ask_console(enum console_request request)
{
    struct message m;
    flush();
    rt_message(&m, request, 0);
    if (rt_call(&console, &m) != PROTO_OK) {
        rt_log("the console does not give or take the line");
    }
}

static void take(void *context)
{
    (void)context;
    ask_console(CONSOLE_TAKE);
}

static void release(void *context)
{
    (void)context;
    ask_console(CONSOLE_RELEASE);
}

/* ---- the others ---------------------------------------------------------------------------------------------------------------------- */

static void log_sentence(void *context, const char *sentence)
{
    (void)context;
    rt_log("%s", sentence);
}

static uint64_t now_ns(void *context)
{
    (void)context;
    return rt_now_ns();
}

static uint64_t time_s(void *context)
{
    (void)context;
    struct message m;
    rt_message(&m, TIMER_WALL_CLOCK, 0);
    return rt_call(&timer, &m) == PROTO_OK ? m.word[0] / 1000000000 : 0;
}

static uint64_t reply_word(const struct message *m, size_t index)
{
    return index < ARRAY_LEN(m->word) ? m->word[index] : ipc_buffer->msg[index];
}

static void ask_keystore(void *context, const struct keystore_message *in, struct keystore_message *out)
{
    (void)context;
    uint64_t words[1 + KEYSTORE_BYTES_MAX / sizeof(uint64_t)] = {in->len_bytes};
    struct message m;
    out->len_bytes = 0;
    if (!lx_given(keystore) || keystore_is_gone) {
        out->label = PROTO_STOPPED;
        return;
    }
    flush();
    memcpy(words + 1, in->bytes, in->len_bytes);
    out->label = rt_call_long(&keystore, in->label, words, 1 + (in->len_bytes + 7) / 8, &m);
    wipe(words, sizeof words);
    keystore_is_gone = out->label == PROTO_STOPPED; /* it is of the trusted core, so it is not restarted */
    uint64_t len = reply_word(&m, 0);
    if (rt_length(&m) == 0 || len > KEYSTORE_BYTES_MAX || rt_length(&m) < 1 + (len + 7) / 8) {
        return;
    }
    for (size_t at = 0; at < len; at += 8) {
        uint8_t bytes[8];
        le64_store(bytes, reply_word(&m, 1 + at / 8));
        memcpy(out->bytes + at, bytes, len - at < 8 ? len - at : 8);
    }
    out->len_bytes = (uint32_t)len;
    wipe(&m, sizeof m);
    wipe(ipc_buffer->msg, sizeof ipc_buffer->msg);
}

/* The transaction that the keystore signed last. @return its length; 0 when it cannot be had. */
static size_t fetch_transaction(uint8_t out[LEDGER_TRANSACTION_BYTES])
{
    static struct keystore_message in, reply;
    size_t at = 0, total = 1;
    while (at < total) {
        in = (struct keystore_message){.label = KEYSTORE_TRANSACTION, .len_bytes = 4};
        le32_store(in.bytes, (uint32_t)at);
        ask_keystore(NULL, &in, &reply);
        if (reply.label != PROTO_OK || reply.len_bytes <= 4) {
            return 0;
        }
        total = le32_load(reply.bytes);
        size_t len = reply.len_bytes - 4;
        if (total > LEDGER_TRANSACTION_BYTES || len > total - at) {
            return 0;
        }
        memcpy(out + at, reply.bytes + 4, len);
        at += len;
    }
    return total;
}

static void take_sentence(const struct message *m, char sentence[DIALOG_SENTENCE_BYTES])
{
    size_t len = rt_length(m) > 1 ? (size_t)m->word[0] : 0;
    len = len < DIALOG_SENTENCE_BYTES - 1 && rt_length(m) >= 1 + (len + 7) / 8 ? len : 0;
    for (size_t i = 0; i < len; i++) {
        sentence[i] = (char)(reply_word(m, 1 + i / 8) >> i % 8 * 8);
    }
    sentence[len] = '\0';
}

static bool store_chain(void *context, char sentence[DIALOG_SENTENCE_BYTES])
{
    static uint8_t bytes[LEDGER_TRANSACTION_BYTES];
    (void)context;
    size_t total = lx_given(ledger) ? fetch_transaction(bytes) : 0;
    (void)copy_string(sentence, DIALOG_SENTENCE_BYTES, "it does not get the transaction");
    for (size_t at = 0; at < total; at += LEDGER_PIECE_BYTES) {
        uint64_t words[LEDGER_PIECE_WORD + LEDGER_PIECE_BYTES / 8] = {total, at};
        size_t len = total - at < LEDGER_PIECE_BYTES ? total - at : LEDGER_PIECE_BYTES;
        struct message m;
        memcpy(words + LEDGER_PIECE_WORD, bytes + at, len);
        if (rt_call_long(&ledger, LEDGER_STORE, words, LEDGER_PIECE_WORD + (len + 7) / 8, &m) != PROTO_OK) {
            take_sentence(&m, sentence);
            return false;
        }
    }
    return total != 0;
}

/* A signal, not a call: whoever runs programs may be anything, and nobody waits for it here. */
static void end_programs(void *context)
{
    (void)context;
    if (lx_given(logout)) {
        rt_signal(logout.notify);
    }
}

static void answered(void *context, uint32_t client)
{
    (void)context;
    rt_signal(clients.first_notify + client);
}

/* ---- what arrives ---------------------------------------------------------------------------------------------------------------------- */

static void receive(void)
{
    uint8_t bytes[64];
    do {
        uint32_t len;
        while ((len = shmq_get_secret(&from_console, bytes, sizeof bytes)) != 0) {
            dialog_input(&dialog, bytes, len);
            wipe(bytes, sizeof bytes);
        }
    } while (!shmq_sleep(&from_console));
    flush();
    rt_wipe_stack();
}

void init(void)
{
    const struct dialog_ops ops = {.write = write_line,
                                   .take = take,
                                   .release = release,
                                   .log = log_sentence,
                                   .now_ns = now_ns,
                                   .time_s = time_s,
                                   .keys = ask_keystore,
                                   .store_chain = store_chain,
                                   .answered = answered,
                                   .end_programs = end_programs};
    shmq_open(&to_console, (void *)tty.send_addr, CONSOLE_RECORD_BYTES, tty.record_count, true);
    shmq_open(&from_console, (void *)tty.receive_addr, CONSOLE_RECORD_BYTES, tty.record_count, false);
    shmq_drain(&from_console); /* half a line that was typed before a restart */
    dialog_start(&dialog, &ops);
    receive();
}

void notified(uint64_t signals)
{
    if ((signals & console_watch.signal) != 0) {
        dialog_console_restarted(&dialog);
    }
    receive();
}

static void answer_question(uint32_t client, struct message *m)
{
    const struct dialog_question *q = dialog_find(&dialog, client, m->word[0]);
    if (q == NULL) {
        rt_message(m, PROTO_INVALID, 0);
        return;
    }
    size_t words = (q->reply_len + 7) / 8;
    uint64_t bytes[SESSION_SECRET_BYTES / 8] = {0};
    memcpy(bytes, q->reply, q->reply_len);
    *m = (struct message){.info = message_info(PROTO_OK, SESSION_REPLY_WORD + words), .word = {q->answer, q->reply_len}};
    for (size_t i = 0; i < words; i++) {
        size_t at = SESSION_REPLY_WORD + i;
        if (at < ARRAY_LEN(m->word)) {
            m->word[at] = bytes[i];
        } else {
            ipc_buffer->msg[at] = bytes[i];
        }
    }
    wipe(bytes, sizeof bytes);
}

static uint64_t ask_question(uint32_t client, const struct message *m)
{
    uint8_t text[SESSION_TEXT_BYTES];
    uint64_t number = m->word[0], kind = m->word[1], len = m->word[2];
    if (len > SESSION_TEXT_BYTES || rt_length(m) < SESSION_TEXT_WORD + (len + 7) / 8) {
        return PROTO_INVALID;
    }
    for (size_t at = 0; at < len; at += 8) {
        uint8_t bytes[8];
        le64_store(bytes, reply_word(m, SESSION_TEXT_WORD + at / 8));
        memcpy(text + at, bytes, len - at < 8 ? len - at : 8);
    }
    return dialog_ask(&dialog, client, rt_name(clients.callers[client]), number, kind, cursor_of(text, len));
}

bool protected(struct message *m)
{
    uint64_t client = m->badge - (lx_given(clients) ? clients.first_caller : 0);
    if (!lx_given(clients) || client >= clients.caller_count || client >= DIALOG_CLIENTS_MAX) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return true;
    }
    uint64_t number = m->word[0], label;
    switch (rt_label(m)) {
    case SESSION_ASK:
        label = ask_question((uint32_t)client, m);
        rt_message(m, label, 0);
        break;
    case SESSION_ANSWER:
        answer_question((uint32_t)client, m);
        break;
    case SESSION_FORGET:
        dialog_forget(&dialog, (uint32_t)client, number);
        rt_message(m, PROTO_OK, 0);
        break;
    default:
        rt_message(m, PROTO_UNKNOWN, 0);
    }
    flush();
    return true;
}
