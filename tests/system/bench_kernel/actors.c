/* SPDX-License-Identifier: MIT */
/** Actors: what the measured threads do. See bench.h. None of them returns: a thread has nowhere to return to. */
#include "bench.h"

static NORETURN void finish(struct actor *a)
{
    sys_signal(a->done);
    for (;;) {
        (void)sys_wait(a->source); /* until it is suspended */
    }
}

/* ---- nothing, and system calls that stay with the caller -------------------------------------------------------------------- */

/** What the measuring itself costs: "back" without, "there" with a change of phase that does not depend on that of the start. */
void does_nothing(struct actor *a)
{
    struct board *b = a->board;
    while (b->count < RUNS) {
        begin(b);
        change_phase(b->count / 16 % 16);
        end_there(b);
        begin(b);
        end_back(b);
    }
    finish(a);
}

void polls(struct actor *a)
{
    struct board *b = a->board;
    while (b->count < RUNS) {
        begin(b);
        (void)sys_poll(a->target);
        end_back(b);
    }
    finish(a);
}

void sends_to_nobody(struct actor *a)
{
    struct board *b = a->board;
    const struct message m = {0};
    while (b->count < RUNS) {
        begin(b);
        sys_nb_send(a->target, &m);
        end_back(b);
    }
    finish(a);
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------ */

void calls(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    while (b->count < RUNS) {
        m.info = message_info(0, a->words);
        begin(b);
        sys_call(a->target, &m);
        end_back(b);
    }
    finish(a);
}

/** Its budget can be taken away when it is ready: then it runs on those of its callers. */
void answers(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    sys_nb_send_recv(a->ready, a->source, a->reply, &m);
    for (;;) {
        end_there(b);
        m.info = message_info(0, a->reply_words);
        begin(b);
        sys_reply_recv(a->source, a->reply, &m);
    }
}

/* ---- signals --------------------------------------------------------------------------------------------------------------------- */

/** Ends a sample where it returns: of interest when nobody more important waits. */
void signals(struct actor *a)
{
    struct board *b = a->board;
    while (b->count < RUNS) {
        begin(b);
        sys_signal(a->target);
        end_back(b);
        if (a->ready != 0) { /* a less important one waits again before the next sample */
            (void)sys_wait(a->ready);
        }
    }
    finish(a);
}

void waits(struct actor *a)
{
    struct board *b = a->board;
    for (;;) {
        (void)sys_wait(a->source);
        end_there(b);
        if (a->ready != 0) {
            sys_signal(a->ready);
        }
    }
}

/* ---- yielding --------------------------------------------------------------------------------------------------------------------- */

void yields(struct actor *a)
{
    struct board *b = a->board;
    while (b->count < RUNS) {
        begin(b);
        sys_yield();
        end_back(b);
    }
    finish(a);
}

/** The other of two that yield to each other. */
void yields_back(struct actor *a)
{
    struct board *b = a->board;
    for (;;) {
        end_there(b);
        begin(b);
        sys_yield();
    }
}

/* ---- faults ------------------------------------------------------------------------------------------------------------------------ */

void raises_exceptions(struct actor *a)
{
    struct board *b = a->board;
    while (b->count < RUNS) {
        begin(b);
        __asm__ volatile("udf #0" : : : "memory");
        end_back(b);
    }
    finish(a);
}

void handles_exceptions(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    sys_nb_send_recv(a->ready, a->source, a->reply, &m);
    for (;;) {
        end_there(b);
        m.info = message_info(0, 1);
        m.word[0] += 4; /* the program counter: behind the udf */
        begin(b);
        sys_reply_recv(a->source, a->reply, &m);
    }
}

/** Reads memory that is never there; the handler takes the time from fault to fault. */
void raises_vm_faults(struct actor *a)
{
    __asm__ volatile("1:\tldr x0, [%0]\n\tb 1b" : : "r"(a->words) : "x0", "memory");
}

void handles_vm_faults(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    sys_nb_send_recv(a->ready, a->source, a->reply, &m);
    while (b->count < RUNS) {
        m.info = 0;
        begin(b);
        sys_reply_recv(a->source, a->reply, &m);
        end_back(b);
    }
    finish(a);
}

void makes_unknown_calls(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    while (b->count < RUNS) {
        begin(b);
        system_call(1, 0, 0, 0, &m);
        end_back(b);
    }
    finish(a);
}

void handles_unknown_calls(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    sys_nb_send_recv(a->ready, a->source, a->reply, &m);
    for (;;) {
        end_there(b);
        m.info = message_info(0, seL4_UnknownSyscall_FaultIP + 1);
        a->buffer->msg[seL4_UnknownSyscall_FaultIP] += 4;
        begin(b);
        sys_reply_recv(a->source, a->reply, &m);
    }
}

/** Like a Linux program: number in x8, result in x0. The last one ends the thread. */
void makes_foreign_calls(struct actor *a)
{
    struct board *b = a->board;
    register uint64_t x0 __asm__("x0");
    register uint64_t x8 __asm__("x8");
    while (b->count < RUNS) {
        begin(b);
        x8 = 172;
        __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
        end_back(b);
    }
    x8 = 93;
    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    for (;;) {
    }
}

void handles_foreign_calls(struct actor *a)
{
    struct board *b = a->board;
    struct message m = {0};
    sys_nb_send_recv(a->ready, a->source, a->reply, &m);
    while (a->buffer->msg[seL4_UnknownSyscall_Syscall] == 172) {
        end_there(b);
        m.info = message_info(0, 1);
        m.word[0] = 42;
        begin(b);
        sys_reply_recv(a->source, a->reply, &m);
    }
    finish(a);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------------------------- */

enum { TIMER_ENABLE = 1, SLEEP_TICKS = 625 };

/** Sets the EL1 timer and waits for its interrupt; a sample starts when it is due. `target` is the interrupt's handler. */
void sleeps(struct actor *a)
{
    struct board *b = a->board;
    const struct message ack = {.info = message_info(seL4_IRQAckIRQ, 0)};
    while (b->count < RUNS) {
        b->start = now() + SLEEP_TICKS;
        __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb"
                         : : "r"(b->start), "r"((uint64_t)TIMER_ENABLE) : "memory");
        (void)sys_wait(a->source);
        change_phase(b->count % 16);
        end_back(b);
        __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb" : : : "memory");
        struct message m = ack;
        sys_call(a->target, &m);
    }
    finish(a);
}

void spins(struct actor *a)
{
    while (a->board->stop == 0) {
    }
    finish(a);
}
