/* SPDX-License-Identifier: MIT */
/** Start, the loop that waits and dispatches, calls, and what the C library wants. See rt.h. */
#include "rt.h"

#include "format.h"
#include "log.h"
#include "proto/system.h"

LX_SLOT(lx_info, SLOT_INFO, 0, rt_info);
LX_SLOT(lx_inbox, SLOT_INBOX, 0, rt_inbox);
LX_SLOT(lx_replies, SLOT_REPLIES, 0, rt_reply);
LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, rt_ready);

enum { CALL_TRIES = 16 };

static uint64_t reply_object;
static uint64_t signal_later;

/* Read by the prologues and epilogues that the compiler makes (-fstack-protector). */
uint64_t __stack_chk_guard;
NORETURN void __stack_chk_fail(void);
NORETURN void abort(void);
NORETURN void rt_main(void);

__attribute__((weak)) void notified(uint64_t signals)
{
    (void)signals;
}

__attribute__((weak)) bool protected(struct message *m)
{
    rt_message(m, PROTO_UNKNOWN, 0);
    return true;
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------- */

uint64_t rt_call_long(const struct lx_call *server, uint64_t label, const uint64_t *words, size_t word_count, struct message *m)
{
    assert(word_count <= seL4_MsgMaxLength);
    for (unsigned tries = 0; tries < CALL_TRIES; tries++) {
        m->info = message_info(label, word_count);
        for (size_t i = 0; i < word_count; i++) {
            if (i < seL4_FastMessageRegisters) {
                m->word[i] = words[i];
            } else {
                ipc_buffer->msg[i] = words[i];
            }
        }
        sys_call(server->endpoint, m);
        if (rt_label(m) != PROTO_RESTARTED) {
            break;
        }
    }
    return rt_label(m);
}

uint64_t rt_call(const struct lx_call *server, struct message *m)
{
    const struct message request = *m;
    sys_call(server->endpoint, m);
    for (unsigned tries = 1; rt_label(m) == PROTO_RESTARTED && tries < CALL_TRIES; tries++) {
        *m = request;
        sys_call(server->endpoint, m);
    }
    return rt_label(m);
}

uint64_t rt_keep_caller(uint64_t spare)
{
    uint64_t kept = reply_object;
    reply_object = spare;
    return kept;
}

void rt_signal_later(uint64_t notify)
{
    if (signal_later != 0 && signal_later != notify) {
        sys_signal(signal_later);
    }
    signal_later = notify;
}

/* ---- the loop -------------------------------------------------------------------------------------------------------------- */

static void wait_for(struct message *m)
{
    if (signal_later != 0) {
        uint64_t notify = signal_later;
        signal_later = 0;
        m->info = 0;
        sys_nb_send_recv(notify, rt_inbox.endpoint, reply_object, m);
    } else {
        sys_recv(rt_inbox.endpoint, reply_object, m);
    }
}

static NORETURN void run(void)
{
    struct message m = {0};
    if (lx_given(rt_ready)) {
        /* Passive: tell the root task, and wait in the same step, so that it can take the budget while we wait. */
        rt_message(&m, SYSTEM_READY, 0);
        sys_nb_send_recv(rt_ready.endpoint, rt_inbox.endpoint, reply_object, &m);
    } else {
        wait_for(&m);
    }
    for (;;) {
        if ((m.badge & BADGE_MESSAGE) == 0) {
            notified(m.badge);
            wait_for(&m);
        } else if (!protected(&m)) {
            wait_for(&m);
        } else if (signal_later != 0) {
            sys_signal(signal_later);
            signal_later = 0;
            sys_reply_recv(rt_inbox.endpoint, reply_object, &m);
        } else {
            sys_reply_recv(rt_inbox.endpoint, reply_object, &m);
        }
    }
}

__attribute__((no_stack_protector)) void rt_main(void)
{
    ipc_buffer = (struct seL4_IPCBuffer *)rt_info.ipc_buffer_addr;
    __stack_chk_guard = rt_info_page()->stack_guard;
    reply_object = rt_reply.first;
    log_start();
    init();
    run();
}

/* wipe() and this function's own frame lie in what is left out. */
__attribute__((noinline)) void rt_wipe_stack(void)
{
    enum { LEFT_OUT = 512 };
    uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    assert(here > rt_info.stack_bottom + LEFT_OUT && here < rt_info.stack_top);
    wipe((void *)(uintptr_t)rt_info.stack_bottom, here - LEFT_OUT - rt_info.stack_bottom);
}

/* ---- the component itself ------------------------------------------------------------------------------------------------- */

const struct lx_info_page *rt_info_page(void)
{
    return (const struct lx_info_page *)rt_info.info_addr;
}

const char *rt_name(uint64_t component)
{
    const struct lx_info_page *info = rt_info_page();
    return component < info->component_count ? info->names[component] : "?";
}

uint64_t rt_paddr(uint64_t paddr_index)
{
    assert(paddr_index < DESC_PUBLISHED_MAX);
    return rt_info_page()->paddr[paddr_index];
}

uint64_t rt_ticks_to_ns(uint64_t ticks)
{
    uint64_t hz = rt_info_page()->ticks_hz;
    return ticks / hz * 1000000000 + ticks % hz * 1000000000 / hz;
}

uint64_t rt_ns_to_ticks(uint64_t ns)
{
    uint64_t hz = rt_info_page()->ticks_hz;
    return ns / 1000000000 * hz + ns % 1000000000 * hz / 1000000000;
}

/* ---- what compiler and C library want ------------------------------------------------------------------------------------ */

void __stack_chk_fail(void)
{
    rt_panic("the stack was overwritten");
}

void abort(void)
{
    rt_panic("abort");
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    rt_panic("%s:%d: %s: assertion %s does not hold", file, line, function, expression);
}
