/* SPDX-License-Identifier: MIT */
/**
 * Rt: the runtime of a component. A component is a program with three functions of its own, of which the last two may be left
 * out:
 *
 *     void init(void);                      once, before anything arrives
 *     void notified(uint64_t signals);      signals arrived: the bits of the component's slots (LX_SIGNAL, LX_IRQ, ...)
 *     bool protected(struct message *m);    a message arrived at the inbox; true: `m` now holds the reply
 *
 * It runs one thread, never two of these at once, and waits in between. What it can touch is declared with the slots of
 * abi/sysdesc/slots.h; there is no heap. A failed assertion, a broken stack guard or any fault stops the component, and its
 * fault handler restarts it by the policy of the .sys file.
 *
 * Owns:   inbox, reply object, log ring and IPC buffer of the component.    Uses: invoke, shmq, format, mem, proto.
 * Limits: log lines of 239 characters, dropped and counted when the console does not keep up. Services only.
 * Source: docs/design/system.md
 */
#ifndef LX_RT_H
#define LX_RT_H

#include <sysdesc/desc.h>
#include <sysdesc/slots.h>

#include "base.h"
#include "invoke.h"
#include "proto.h"
#include "shmq.h"

/* ---- what the component provides ----------------------------------------------------------------------------------------- */

void init(void);
void notified(uint64_t signals);

/**
 * A message with badge m->badge (BADGE_MESSAGE | caller, or with BADGE_FAULT for a fault) arrived; its first words are in
 * m->word, further ones in ipc_buffer->msg. @return true: answer with `m`; false: no answer now, or never.
 */
bool protected(struct message *m);

/* ---- messages ---------------------------------------------------------------------------------------------------------------- */

/**
 * Calls a server and waits for its answer, which replaces `m`. When the server was restarted in between, the request is sent
 * again, up to 16 times; so requests must be idempotent. Words past the fourth are not kept for that: use rt_call_long.
 * @return the label of the reply; PROTO_STOPPED when there is no server any more.
 */
uint64_t rt_call(const struct lx_call *server, struct message *m);

/** The same for requests with `word_count` words from `words`; the reply's words past the fourth are in ipc_buffer->msg. */
uint64_t rt_call_long(const struct lx_call *server, uint64_t label, const uint64_t *words, size_t word_count, struct message *m);

/**
 * Keeps the caller of the message in hand for a later answer. `spare` is a free reply object (LX_REPLIES), which receives from
 * now on. @return the reply object to answer with (sys_send), free again afterwards.
 */
uint64_t rt_keep_caller(uint64_t spare);

/** Sends a signal together with the next wait, which saves a system call. A second one sends the first at once. */
void rt_signal_later(uint64_t notify);

/** Overwrites the part of the stack that is not in use now: what functions that have returned left there. */
void rt_wipe_stack(void);

static inline void rt_signal(uint64_t notify)
{
    sys_signal(notify);
}

/** Sets `m` to a reply or request of `label` and up to four words. */
#define rt_message(m, label, ...)                                                                                       \
    (*(m) = (struct message){.info = message_info((label), sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)),       \
                             .word = {__VA_ARGS__}})

static inline uint64_t rt_label(const struct message *m)
{
    return seL4_MessageInfo_label(m->info);
}

static inline size_t rt_length(const struct message *m)
{
    return (size_t)seL4_MessageInfo_length(m->info);
}

/* ---- the component itself ------------------------------------------------------------------------------------------------- */

const struct lx_info_page *rt_info_page(void);

/** The name of a component; "?" for a number that none has. */
const char *rt_name(uint64_t component);

/** The physical address of a memory that was declared for devices (dma). */
uint64_t rt_paddr(uint64_t paddr_index);

/** Writes one line to the log; the newline is added. */
void rt_log(const char *text, ...) PRINTF_LIKE(1, 2);

/** Logs one line and stops the component with a fault. */
NORETURN void rt_panic(const char *text, ...) PRINTF_LIKE(1, 2);

/* ---- time: the physical counter ------------------------------------------------------------------------------------------- */

static inline uint64_t rt_ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

/** Nanoseconds of `ticks`, exact to the tick for 500 years. */
uint64_t rt_ticks_to_ns(uint64_t ticks);
uint64_t rt_ns_to_ticks(uint64_t ns);

static inline uint64_t rt_now_ns(void)
{
    return rt_ticks_to_ns(rt_ticks());
}

#endif
