/* SPDX-License-Identifier: MIT */
/** See own.h. A transaction comes in pieces; the chain is verified from its first transaction each time, as any other. */
#include "own.h"

#include "memory.h"
#include "proto/ledger.h"

LX_SLOT(lx_shared, SLOT_SHARED, SLOT_OPTIONAL, own_chain);

static struct seen *seen;
static struct catalog_work *work;
static uint8_t transaction[LEDGER_TRANSACTION_BYTES];
static uint64_t total_bytes;
static uint64_t used_bytes;
static uint8_t file[LEDGER_OWN_BYTES - 8];

static struct sigchain_verifier *start_verifier(void)
{
    struct sigchain_setup setup = {.registers = work->developer_registers, .register_capacity = ARRAY_LEN(work->developer_registers)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&work->developer, &setup);
    return &work->developer;
}

static void show(void)
{
    struct writer w = writer_of(file, sizeof file);
    char sentence[SEEN_SENTENCE_BYTES];
    if (!lx_given(own_chain) || own_chain.writable == 0 || own_chain.len_bytes < sizeof(struct ledger_own)) {
        return;
    }
    struct ledger_own *out = (struct ledger_own *)own_chain.addr;
    bool is_good = seen_person_file(seen, start_verifier(), &w, sentence);
    __atomic_store_n(&out->version, out->version | 1u, __ATOMIC_RELEASE);
    out->len_bytes = is_good ? (uint32_t)w.used_bytes : 0;
    memcpy(out->file, file, is_good ? w.used_bytes : 0);
    __atomic_store_n(&out->version, (out->version | 1u) + 1u, __ATOMIC_RELEASE);
}

void own_start(struct seen *the_seen, struct catalog_work *the_work)
{
    seen = the_seen;
    work = the_work;
    show();
}

static void refuse(struct message *m, const char *sentence)
{
    size_t len = strlen(sentence), words = 1 + (len + 7) / 8;
    uint64_t bytes[SEEN_SENTENCE_BYTES / 8 + 1] = {0};
    memcpy(bytes, sentence, len);
    *m = (struct message){.info = message_info(PROTO_FAILED, words), .word = {len}};
    for (size_t i = 1; i < words; i++) {
        if (i < ARRAY_LEN(m->word)) {
            m->word[i] = bytes[i - 1];
        } else {
            ipc_buffer->msg[i] = bytes[i - 1];
        }
    }
}

/* Copies a piece that fits behind those before; one that was taken already is taken again. */
static bool take_piece(const struct message *m)
{
    uint64_t total = m->word[0], offset = m->word[1];
    if (rt_length(m) < LEDGER_PIECE_WORD || total == 0 || total > sizeof transaction || offset >= total ||
        offset % LEDGER_PIECE_BYTES != 0 || (offset != 0 && (total != total_bytes || offset > used_bytes))) {
        return false;
    }
    uint64_t len = total - offset < LEDGER_PIECE_BYTES ? total - offset : LEDGER_PIECE_BYTES;
    if (rt_length(m) < LEDGER_PIECE_WORD + (len + 7) / 8) {
        return false;
    }
    for (uint64_t at = 0; at < len; at++) {
        size_t word = LEDGER_PIECE_WORD + at / 8;
        uint64_t value = word < ARRAY_LEN(m->word) ? m->word[word] : ipc_buffer->msg[word];
        transaction[offset + at] = (uint8_t)(value >> at % 8 * 8);
    }
    total_bytes = total;
    used_bytes = offset + len;
    return true;
}

void own_request(struct message *m)
{
    char sentence[SEEN_SENTENCE_BYTES];
    struct writer w = writer_of(file, sizeof file);
    if (rt_label(m) != LEDGER_STORE || !take_piece(m)) {
        uint64_t label = rt_label(m) == LEDGER_STORE ? PROTO_INVALID : PROTO_UNKNOWN;
        rt_message(m, label, 0);
        return;
    }
    if (used_bytes == total_bytes) {
        used_bytes = 0;
        if (!seen_person_add(seen, start_verifier(), cursor_of(transaction, total_bytes), &w, sentence)) {
            refuse(m, sentence);
            return;
        }
        memory_publish();
        show();
    }
    rt_message(m, PROTO_OK, 0);
}
