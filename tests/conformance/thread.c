/* SPDX-License-Identifier: MIT */
/** Operations on threads. Source: seL4 manual sections 6.1 and 11.2. */
#include "conf.h"

#define GUARD(guard, bits) ((uint64_t)(guard) << 6 | (bits))

enum { BELOW = ROOT_PRIORITY - 10, ABOVE = ROOT_PRIORITY + 10, CONTEXT_WORDS = seL4_UserContextWords, FRAME_REGISTERS = 17 };

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no registers", THREAD, seL4_TCBReadRegisters, W(0, 0), NONE, seL4_RangeError, W(1, 36)},
    {"37 registers", THREAD, seL4_TCBReadRegisters, W(0, 37), NONE, seL4_RangeError, W(1, 36)},
    {"our own", OWN_TCB, seL4_TCBReadRegisters, W(0, 1), NONE, seL4_IllegalOperation, NONE},
    {"fewer words than registers", THREAD, seL4_TCBWriteRegisters, W(0, 3, 1, 2), NONE, seL4_TruncatedMessage, NONE},
    {"our own", OWN_TCB, seL4_TCBWriteRegisters, W(0, 0), NONE, seL4_IllegalOperation, NONE},
    {"source is no thread", THREAD, seL4_TCBCopyRegisters, W(0), W(FRAME), seL4_InvalidCapability, W(1)},

    {"root is no CNode", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(FRAME, OWN_VSPACE, EMPTY), seL4_IllegalOperation, NONE},
    {"root is an empty slot", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(EMPTY, OWN_VSPACE, EMPTY), seL4_IllegalOperation, NONE},
    {"root cannot be copied", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(seL4_CapIRQControl, OWN_VSPACE, EMPTY), seL4_IllegalOperation, NONE},
    {"guard of the root does not fit", THREAD, seL4_TCBConfigure, W(GUARD(0, 61), 0, 0), W(CNODE, OWN_VSPACE, EMPTY), seL4_IllegalOperation, NONE},
    {"no address space", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(OWN_CNODE, FRAME, EMPTY), seL4_IllegalOperation, NONE},
    {"address space without identifier", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(OWN_CNODE, VSPACE_NEW, EMPTY), seL4_IllegalOperation, NONE},
    {"buffer is no frame", THREAD, seL4_TCBConfigure, W(0, 0, MAPPED), W(OWN_CNODE, OWN_VSPACE, ENDPOINT), seL4_IllegalOperation, NONE},
    {"buffer is an empty slot", THREAD, seL4_TCBConfigure, W(0, 0, MAPPED), W(OWN_CNODE, OWN_VSPACE, EMPTY), seL4_IllegalOperation, NONE},
    {"buffer is device memory", THREAD, seL4_TCBConfigure, W(0, 0, MAPPED), W(OWN_CNODE, OWN_VSPACE, FRAME_DEVICE), seL4_IllegalOperation, NONE},
    {"buffer is not aligned", THREAD, seL4_TCBConfigure, W(0, 0, MAPPED + 512), W(OWN_CNODE, OWN_VSPACE, FRAME), seL4_AlignmentError, NONE},
    {"root is an untyped with children", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(UNTYPED_USED, OWN_VSPACE, EMPTY), seL4_RevokeFirst, NONE},
    {"address space is an untyped with children", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(OWN_CNODE, UNTYPED_USED, EMPTY), seL4_RevokeFirst, NONE},
    {"buffer is an untyped with children", THREAD, seL4_TCBConfigure, W(0, 0, MAPPED), W(OWN_CNODE, OWN_VSPACE, UNTYPED_USED), seL4_RevokeFirst, NONE},

    {"authority is no thread", THREAD, seL4_TCBSetPriority, W(1), W(FRAME), seL4_InvalidCapability, W(1)},
    {"above 255", THREAD, seL4_TCBSetPriority, W(256), W(OWN_TCB), seL4_RangeError, W(0, 255)},
    {"above the authority's maximum", THREAD, seL4_TCBSetPriority, W(1), W(THREAD), seL4_RangeError, W(0, 0)},
    {"authority is no thread", THREAD, seL4_TCBSetMCPriority, W(1), W(FRAME), seL4_InvalidCapability, W(1)},
    {"above 255", THREAD, seL4_TCBSetMCPriority, W(256), W(OWN_TCB), seL4_RangeError, W(0, 255)},
    {"above the authority's maximum", THREAD, seL4_TCBSetMCPriority, W(1), W(THREAD), seL4_RangeError, W(0, 0)},

    {"authority is no thread", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(FRAME, CONTEXT, ENDPOINT), seL4_InvalidCapability, W(1)},
    {"no scheduling context", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, FRAME, ENDPOINT), seL4_InvalidCapability, W(2)},
    {"handler is no endpoint", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, CONTEXT, NOTIFICATION), seL4_InvalidCapability, W(3)},
    {"handler without the right to send", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, CONTEXT, ENDPOINT_NO_WRITE), seL4_InvalidCapability, W(3)},
    {"handler without the right to grant", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, CONTEXT, ENDPOINT_NO_GRANT), seL4_InvalidCapability, W(3)},
    {"maximum above 255", THREAD, seL4_TCBSetSchedParams, W(256, 0), W(OWN_TCB, CONTEXT, ENDPOINT), seL4_RangeError, W(0, 255)},
    {"maximum above the authority's", THREAD, seL4_TCBSetSchedParams, W(1, 0), W(THREAD, CONTEXT, ENDPOINT), seL4_RangeError, W(0, 0)},
    {"priority above 255", THREAD, seL4_TCBSetSchedParams, W(0, 256), W(OWN_TCB, CONTEXT, ENDPOINT), seL4_RangeError, W(0, 255)},
    {"priority above the authority's maximum", THREAD, seL4_TCBSetSchedParams, W(0, 1), W(THREAD, CONTEXT, ENDPOINT), seL4_RangeError, W(0, 0)},
    {"the thread has another context", THREAD_BOUND, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, CONTEXT, ENDPOINT), seL4_IllegalOperation, NONE},
    {"the context has another thread", THREAD, seL4_TCBSetSchedParams, W(0, 0), W(OWN_TCB, CONTEXT_BOUND, ENDPOINT), seL4_IllegalOperation, NONE},
    {"our own without a context", OWN_TCB, seL4_TCBSetSchedParams, W(255, ROOT_PRIORITY), W(OWN_TCB, EMPTY, EMPTY), seL4_IllegalOperation, NONE},

    {"no endpoint", THREAD, seL4_TCBSetTimeoutEndpoint, NONE, W(FRAME), seL4_InvalidCapability, W(1)},
    {"without the right to send", THREAD, seL4_TCBSetTimeoutEndpoint, NONE, W(ENDPOINT_NO_WRITE), seL4_InvalidCapability, W(1)},
    {"without the right to grant", THREAD, seL4_TCBSetTimeoutEndpoint, NONE, W(ENDPOINT_NO_GRANT), seL4_InvalidCapability, W(1)},

    {"no frame", THREAD, seL4_TCBSetIPCBuffer, W(MAPPED), W(ENDPOINT), seL4_IllegalOperation, NONE},
    {"device memory", THREAD, seL4_TCBSetIPCBuffer, W(MAPPED), W(FRAME_DEVICE), seL4_IllegalOperation, NONE},
    {"not aligned", THREAD, seL4_TCBSetIPCBuffer, W(MAPPED + 8), W(FRAME), seL4_AlignmentError, NONE},
    {"untyped with children", THREAD, seL4_TCBSetIPCBuffer, W(MAPPED), W(UNTYPED_USED), seL4_RevokeFirst, NONE},

    {"root is no CNode", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, FRAME, OWN_VSPACE), seL4_IllegalOperation, NONE},
    {"guard of the root does not fit", THREAD, seL4_TCBSetSpace, W(GUARD(0, 61), 0), W(ENDPOINT, CNODE, OWN_VSPACE), seL4_IllegalOperation, NONE},
    {"no address space", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, OWN_CNODE, FRAME), seL4_IllegalOperation, NONE},
    {"address space without identifier", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, OWN_CNODE, VSPACE_NEW), seL4_IllegalOperation, NONE},
    {"handler is no endpoint", THREAD, seL4_TCBSetSpace, W(0, 0), W(FRAME, OWN_CNODE, OWN_VSPACE), seL4_InvalidCapability, W(1)},
    {"handler without the right to send", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT_NO_WRITE, OWN_CNODE, OWN_VSPACE), seL4_InvalidCapability, W(1)},
    {"handler without the right to grant", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT_NO_GRANT, OWN_CNODE, OWN_VSPACE), seL4_InvalidCapability, W(1)},
    {"root is an untyped with children", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, UNTYPED_USED, OWN_VSPACE), seL4_RevokeFirst, NONE},
    {"address space is an untyped with children", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, OWN_CNODE, UNTYPED_USED), seL4_RevokeFirst, NONE},

    {"no notification", THREAD, seL4_TCBBindNotification, NONE, W(ENDPOINT), seL4_IllegalOperation, NONE},
    {"no right to receive", THREAD, seL4_TCBBindNotification, NONE, W(NOTIFICATION_NO_READ), seL4_IllegalOperation, NONE},
    {"the thread has one", THREAD_BOUND, seL4_TCBBindNotification, NONE, W(NOTIFICATION), seL4_IllegalOperation, NONE},
    {"the notification has another thread", THREAD, seL4_TCBBindNotification, NONE, W(NOTIFICATION_BOUND), seL4_IllegalOperation, NONE},
    {"the thread has none", THREAD, seL4_TCBUnbindNotification, NONE, NONE, seL4_IllegalOperation, NONE},
};

/* ---- registers ---------------------------------------------------------------------------------------------------------------- */

static uint64_t pattern(unsigned i)
{
    return 0x0123456789abcdefull * (i + 1);
}

/* Writes `count` registers, of which the message has that many. */
static struct answer write_registers(uint64_t tcb, unsigned count, uint64_t flags)
{
    struct message m = {.info = message_info(seL4_TCBWriteRegisters, 2 + count), .word = {flags, count, pattern(0), pattern(1)}};
    for (unsigned i = 2; i < count; i++) {
        ipc_buffer->msg[2 + i] = pattern(i);
    }
    sys_call(tcb, &m);
    return (struct answer){.info = m.info};
}

static void read_all(uint64_t tcb, uint64_t out[CONTEXT_WORDS])
{
    struct seL4_UserContext c;
    memset(out, 0xff, CONTEXT_WORDS * sizeof out[0]);
    if (tcb_read_registers(tcb, false, &c) == seL4_NoError) {
        memcpy(out, &c, sizeof c);
    }
}

/* The kernel keeps the condition flags of spsr and sets the rest so that the thread stays at EL0. */
static uint64_t kept(unsigned i)
{
    enum { SPSR = 2 };
    return i == SPSR ? (pattern(i) & 0xf0000000) | 0x140 : pattern(i);
}

static bool writes_and_reads(void)
{
    uint64_t got[CONTEXT_WORDS];
    bool good = works(write_registers(THREAD, CONTEXT_WORDS, 0));
    read_all(THREAD, got);
    for (unsigned i = 0; i < CONTEXT_WORDS; i++) {
        good = same(got[i], kept(i), "a register") && good;
    }
    return good;
}

static bool writes_the_first(void)
{
    uint64_t got[CONTEXT_WORDS];
    bool good = works(write_registers(THREAD, 2, 0));
    read_all(THREAD, got);
    return good && same(got[1], pattern(1), "a register that was written") && same(got[4], 0, "a register that was not");
}

static bool writes_too_many(void)
{
    uint64_t got[CONTEXT_WORDS];
    bool good = works(write_registers(THREAD, CONTEXT_WORDS + 4, 0));
    read_all(THREAD, got);
    return good && same(got[CONTEXT_WORDS - 1], pattern(CONTEXT_WORDS - 1), "the last register");
}

static bool reads_some(void)
{
    return works(write_registers(THREAD, CONTEXT_WORDS, 0)) &&
           gives(call(THREAD, seL4_TCBReadRegisters, WORDS(0, 2), NO_CAPS), WORDS(pattern(0), pattern(1)));
}

static bool copies_part(uint64_t flags)
{
    uint64_t got[CONTEXT_WORDS];
    bool good = works(write_registers(THREAD, CONTEXT_WORDS, 0)) &&
                works(call(THREAD_BOUND, seL4_TCBCopyRegisters, WORDS(flags), CAPS(THREAD)));
    read_all(THREAD_BOUND, got);
    for (unsigned i = 0; i < CONTEXT_WORDS; i++) {
        bool copied = (flags & (i < FRAME_REGISTERS ? 4 : 8)) != 0;
        uint64_t other = i == 2 ? 0x140 : 0;
        good = same(got[i], copied ? kept(i) : other, "a register") && good;
    }
    return good;
}

static bool copies_frame(void)
{
    return copies_part(4);
}

static bool copies_integer(void)
{
    return copies_part(8);
}

static bool copies_both(void)
{
    return copies_part(4 | 8);
}

static bool read_suspends(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    bool good = check(still_counts(w), "it runs") && check(still_counts(w), "it runs on");
    struct seL4_UserContext c;
    good = tcb_read_registers(w->tcb, false, &c) == seL4_NoError && good && check(still_counts(w), "reading does not stop it");
    good = tcb_read_registers(w->tcb, true, &c) == seL4_NoError && good;
    return good && check(!still_counts(w), "reading with suspension stops it");
}

static bool copy_suspends_and_resumes(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    struct worker *w2 = worker_new(counts, BELOW);
    bool good = check(still_counts(w), "the source runs") && works(call(w2->tcb, seL4_TCBCopyRegisters, WORDS(15), CAPS(w->tcb)));
    /* The copy has the source's registers: it counts where the source did. */
    return good && check(still_counts(w), "the copy counts") && works(call(w2->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS)) &&
           check(!still_counts(w), "the source is suspended");
}

/* ---- running ---------------------------------------------------------------------------------------------------------------------- */

static bool suspends_and_resumes(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    return check(still_counts(w), "it runs") && works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS)) &&
           check(!still_counts(w), "it is suspended") && works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS)) &&
           works(call(w->tcb, seL4_TCBResume, NO_WORDS, NO_CAPS)) && check(still_counts(w), "it goes on") &&
           works(call(w->tcb, seL4_TCBResume, NO_WORDS, NO_CAPS));
}

static void receives(struct worker *w)
{
    for (;;) {
        sys_recv(w->argument[0], w->reply, &w->message);
        w->step++;
    }
}

/* A thread that waits leaves the queue when it is suspended, and asks again when it is resumed. */
static bool suspends_a_receiver(void)
{
    struct worker *w = worker_run(receives, ABOVE, ENDPOINT);
    const struct message m = {.info = message_info(7, 0)};
    bool good = works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
    sys_nb_send(ENDPOINT, &m);
    good = good && same(w->step, 0, "messages to a suspended thread") && works(call(w->tcb, seL4_TCBResume, NO_WORDS, NO_CAPS));
    sys_nb_send(ENDPOINT, &m);
    return good && same(w->step, 1, "messages to a resumed thread");
}

static bool resumes_without_a_context(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    bool good = works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS));
    worker_start(w);
    return good && same(w->step, 0, "steps without a context");
}

static void ends(struct worker *w)
{
    w->step = 1;
}

static bool raises_priority(void)
{
    struct worker *w = worker_run(ends, BELOW, 0);
    return same(w->step, 0, "steps below us") && works(call(w->tcb, seL4_TCBSetPriority, WORDS(ABOVE), CAPS(OWN_TCB))) &&
           same(w->step, 1, "steps above us");
}

static bool lowers_our_priority(void)
{
    struct worker *w = worker_run(ends, BELOW, 0);
    bool good = works(call(OWN_TCB, seL4_TCBSetPriority, WORDS(BELOW - 10), CAPS(OWN_TCB)));
    good = same(w->step, 1, "steps of what is above us now") && good;
    return works(call(OWN_TCB, seL4_TCBSetPriority, WORDS(ROOT_PRIORITY), CAPS(OWN_TCB))) && good;
}

static bool sets_maximum(void)
{
    return works(call(THREAD, seL4_TCBSetMCPriority, WORDS(77), CAPS(OWN_TCB))) &&
           works(call(THREAD_BOUND, seL4_TCBSetPriority, WORDS(77), CAPS(THREAD))) &&
           refuses(call(THREAD_BOUND, seL4_TCBSetPriority, WORDS(78), CAPS(THREAD)), seL4_RangeError, WORDS(0, 77));
}

static bool sets_sched_params(void)
{
    struct worker *w = worker_new(ends, BELOW);
    bool good = works(call(w->tcb, seL4_TCBSetSchedParams, WORDS(77, ABOVE), CAPS(OWN_TCB, EMPTY, EMPTY)));
    worker_start(w);
    good = good && same(w->step, 0, "steps without a context");
    good = good && works(call(w->tcb, seL4_TCBSetSchedParams, WORDS(77, ABOVE), CAPS(OWN_TCB, w->context, faults())));
    return good && same(w->step, 1, "steps with a context") &&
           refuses(call(THREAD, seL4_TCBSetPriority, WORDS(78), CAPS(w->tcb)), seL4_RangeError, WORDS(0, 77));
}

/* A context whose budget is unknown cannot be given to a thread that waits: it could not run when it is woken. */
static bool refuses_a_blocked_thread(void)
{
    struct worker *w = worker_run(receives, ABOVE, ENDPOINT);
    return works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS)) &&
           refuses(call(w->tcb, seL4_TCBSetSchedParams, WORDS(0, 1), CAPS(OWN_TCB, CONTEXT_NEW, faults())), seL4_IllegalOperation, NO_WORDS);
}

/* ---- spaces and buffers --------------------------------------------------------------------------------------------------------------- */

static void sends_1(struct worker *w)
{
    const struct message m = {.info = message_info(7, 0)};
    sys_send(1, &m);
    w->step = 1;
}

/* In the worker's new space, ENDPOINT has the address 1. */
static bool message_from(struct worker *w)
{
    struct message m = {0};
    worker_start(w);
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return same(seL4_MessageInfo_label(m.info), 7, "label of the message") && same(w->step, 1, "steps");
}

static bool configures_space(void)
{
    struct worker *w = worker_new(sends_1, ABOVE);
    return works(call(w->tcb, seL4_TCBConfigure, WORDS(GUARD(0, 60), 0, 0), CAPS(CNODE, OWN_VSPACE, EMPTY))) && message_from(w);
}

static bool sets_space(void)
{
    struct worker *w = worker_new(sends_1, ABOVE);
    return works(call(w->tcb, seL4_TCBSetSpace, WORDS(GUARD(0, 60), 0), CAPS(EMPTY, CNODE, OWN_VSPACE))) && message_from(w);
}

/* The thread's root is the last capability to its CNode: to replace it could take long. */
static bool refuses_a_last_root(uint64_t label)
{
    if (!works(call(THREAD, seL4_TCBSetSpace, WORDS(GUARD(0, 60), 0), CAPS(EMPTY, CNODE_NEW, OWN_VSPACE))) ||
        cnode_delete(at(CNODE_NEW)) != seL4_NoError) {
        return false;
    }
    struct answer a = label == seL4_TCBSetSpace ? call(THREAD, label, WORDS(0, 0), CAPS(EMPTY, OWN_CNODE, OWN_VSPACE))
                                                : call(THREAD, label, WORDS(0, 0, 0), CAPS(OWN_CNODE, OWN_VSPACE, EMPTY));
    return refuses(a, seL4_IllegalOperation, NO_WORDS);
}

static bool space_refuses_a_last_root(void)
{
    return refuses_a_last_root(seL4_TCBSetSpace);
}

static bool configure_refuses_a_last_root(void)
{
    return refuses_a_last_root(seL4_TCBConfigure);
}

static void sends_6(struct worker *w)
{
    const struct message m = {.info = message_info(1, 6), .word = {1, 2, 3, 4}};
    w->buffer->msg[4] = 5;
    w->buffer->msg[5] = 6;
    for (;;) {
        sys_send(w->argument[0], &m);
    }
}

static bool message_of_6(uint64_t length)
{
    struct message m = {0};
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return same(seL4_MessageInfo_length(m.info), length, "words") && same(m.word[3], 4, "word 3") &&
           (length == 4 || same(ipc_buffer->msg[5], 6, "word 5"));
}

static bool sets_buffer(void)
{
    struct worker *w = worker_run(sends_6, ABOVE, ENDPOINT);
    bool good = message_of_6(6) && works(call(w->tcb, seL4_TCBSetIPCBuffer, WORDS(0), CAPS(EMPTY))) && message_of_6(4);
    return good && works(call(w->tcb, seL4_TCBSetIPCBuffer, WORDS((uint64_t)w->buffer), CAPS(w->buffer_frame))) && message_of_6(6);
}

/* ---- notifications, thread pointer, flags -------------------------------------------------------------------------------------------- */

static bool binds(void)
{
    struct worker *w = worker_new(receives, ABOVE);
    w->argument[0] = ENDPOINT;
    bool good = works(call(w->tcb, seL4_TCBBindNotification, NO_WORDS, CAPS(NOTIFICATION)));
    worker_start(w);
    sys_signal(NOTIFICATION_BADGED);
    good = good && same(w->step, 1, "signals at the endpoint") && same(w->message.badge, BADGE, "badge");
    good = good && works(call(w->tcb, seL4_TCBUnbindNotification, NO_WORDS, NO_CAPS));
    sys_signal(NOTIFICATION_BADGED);
    return good && same(w->step, 1, "signals after unbinding") && same(sys_poll(NOTIFICATION), BADGE, "the signal that was kept");
}

static bool binds_with_a_signal(void)
{
    struct worker *w = worker_new(receives, ABOVE);
    w->argument[0] = ENDPOINT;
    sys_signal(NOTIFICATION_BADGED);
    bool good = works(call(w->tcb, seL4_TCBBindNotification, NO_WORDS, CAPS(NOTIFICATION)));
    worker_start(w);
    return good && same(w->message.badge, BADGE, "badge of the signal from before");
}

static void waits(struct worker *w)
{
    (void)sys_wait(w->argument[0]);
    w->step++;
}

static bool refuses_with_waiters(void)
{
    (void)worker_run(waits, ABOVE, NOTIFICATION);
    return refuses(call(THREAD, seL4_TCBBindNotification, NO_WORDS, CAPS(NOTIFICATION)), seL4_IllegalOperation, NO_WORDS);
}

static bool sets_thread_pointer(void)
{
    struct seL4_UserContext c;
    return works(call(THREAD, seL4_TCBSetTLSBase, WORDS(0x12345678), NO_CAPS)) && tcb_read_registers(THREAD, false, &c) == seL4_NoError &&
           same(c.tpidr_el0, 0x12345678, "thread pointer");
}

static bool sets_our_thread_pointer(void)
{
    uint64_t before;
    uint64_t after;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(before));
    bool good = works(call(OWN_TCB, seL4_TCBSetTLSBase, WORDS(before + 64), NO_CAPS));
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(after));
    return works(call(OWN_TCB, seL4_TCBSetTLSBase, WORDS(before), NO_CAPS)) && good && same(after, before + 64, "thread pointer");
}

/* What a thread has put into its thread pointer by itself stays when registers of others are copied to it that are not this one. */
static bool keeps_our_thread_pointer(void)
{
    uint64_t before;
    uint64_t after;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(before));
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(before + 128));
    bool good = works(call(OWN_TCB, seL4_TCBCopyRegisters, WORDS(0), CAPS(THREAD)));
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(after));
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(before));
    return good && same(after, before + 128, "thread pointer");
}

static void uses_fpu(struct worker *w)
{
    __asm__ volatile("fmov d0, #1.0" : : : "v0");
    w->step = 1;
}

static bool sets_flags(void)
{
    return gives(call(THREAD, seL4_TCBSetFlags, WORDS(0, 0), NO_CAPS), WORDS(0)) &&
           gives(call(THREAD, seL4_TCBSetFlags, WORDS(0, seL4_TCBFlag_fpuDisabled), NO_CAPS), WORDS(seL4_TCBFlag_fpuDisabled)) &&
           gives(call(THREAD, seL4_TCBSetFlags, WORDS(seL4_TCBFlag_fpuDisabled, 0), NO_CAPS), WORDS(0)) &&
           gives(call(THREAD, seL4_TCBSetFlags, WORDS(0, 1 << 5), NO_CAPS), WORDS(0));
}

static bool disables_fpu(void)
{
    struct worker *w = worker_new(uses_fpu, ABOVE);
    struct message m = {0};
    bool good = gives(call(w->tcb, seL4_TCBSetFlags, WORDS(0, seL4_TCBFlag_fpuDisabled), NO_CAPS), WORDS(seL4_TCBFlag_fpuDisabled));
    worker_start(w);
    good = good && same(w->step, 0, "steps without a floating point unit") && take_fault(seL4_Fault_VCPUFault, &m);
    good = good && gives(call(w->tcb, seL4_TCBSetFlags, WORDS(seL4_TCBFlag_fpuDisabled, 0), NO_CAPS), WORDS(0));
    m = (struct message){0};
    sys_send(REPLY, &m);
    return good && same(w->step, 1, "steps with one");
}

static const struct row rows[] = {
    {"TCB_WriteRegisters", "works", "all registers, as ReadRegisters gives them back", writes_and_reads},
    {"TCB_WriteRegisters", "works", "the first registers, and no others", writes_the_first},
    {"TCB_WriteRegisters", "works", "more words than registers", writes_too_many},
    {"TCB_ReadRegisters", "works", "the first registers", reads_some},
    {"TCB_ReadRegisters", "works", "suspends the thread when asked to", read_suspends},
    {"TCB_CopyRegisters", "works", "frame registers", copies_frame},
    {"TCB_CopyRegisters", "works", "integer registers", copies_integer},
    {"TCB_CopyRegisters", "works", "all registers", copies_both},
    {"TCB_CopyRegisters", "works", "no registers to oneself: the thread pointer stays", keeps_our_thread_pointer},
    {"TCB_CopyRegisters", "works", "suspends the source and resumes the target", copy_suspends_and_resumes},
    {"TCB_Suspend", "works", "twice, and goes on with TCB_Resume", suspends_and_resumes},
    {"TCB_Suspend", "works", "a receiver leaves the queue", suspends_a_receiver},
    {"TCB_Resume", "works", "but nothing runs without a context", resumes_without_a_context},
    {"TCB_SetPriority", "works", "above us it runs at once", raises_priority},
    {"TCB_SetPriority", "works", "our own, and others run", lowers_our_priority},
    {"TCB_SetMCPriority", "works", "and is the limit of what the thread may set", sets_maximum},
    {"TCB_SetSchedParams", "works", "takes a context away and gives it back", sets_sched_params},
    {"TCB_SetSchedParams", "IllegalOperation", "a blocked thread, a context without budget", refuses_a_blocked_thread},
    {"TCB_Configure", "works", "a space with a guard, no buffer", configures_space},
    {"TCB_Configure", "IllegalOperation", "the old root is the last capability to its CNode", configure_refuses_a_last_root},
    {"TCB_SetSpace", "works", "a space with a guard", sets_space},
    {"TCB_SetSpace", "IllegalOperation", "the old root is the last capability to its CNode", space_refuses_a_last_root},
    {"TCB_SetIPCBuffer", "works", "none: messages have four words; one: they are whole", sets_buffer},
    {"TCB_BindNotification", "works", "signals arrive at an endpoint until TCB_UnbindNotification", binds},
    {"TCB_UnbindNotification", "works", "then signals stay in the notification", binds},
    {"TCB_BindNotification", "works", "a signal that is there already arrives", binds_with_a_signal},
    {"TCB_BindNotification", "IllegalOperation", "somebody waits for the notification", refuses_with_waiters},
    {"TCB_SetTLSBase", "works", "another thread's", sets_thread_pointer},
    {"TCB_SetTLSBase", "works", "our own", sets_our_thread_pointer},
    {"TCB_SetFlags", "works", "sets, clears and says the flags; unknown ones stay clear", sets_flags},
    {"TCB_SetFlags", "works", "a thread without floating point unit faults", disables_fpu},
};

void thread_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
