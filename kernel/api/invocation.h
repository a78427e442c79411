/* SPDX-License-Identifier: MIT */
/**
 * Invocations: a system call on a capability to a kernel object. decode_*() proves every word of it and changes nothing;
 * only when nothing can fail any more does it act. There is one decode file for each group of objects.
 *
 * Owns:   struct invocation, which lives on the kernel's stack for one system call.    Uses: message, cspace.
 * Source: seL4 manual chapter 11; the words of errors: docs/spec/kernel-abi.md
 */
#ifndef KERNEL_API_INVOCATION_H
#define KERNEL_API_INVOCATION_H

#include "api/message.h"
#include "object/cspace.h"

enum outcome {
    DONE = 0,  /**< done, or the caller's thread state says how it goes on */
    FAILED,    /**< refused: see error; nothing has changed */
    PREEMPTED, /**< to be started again */
};

/** Why an invocation is refused; the words depend on the code. */
struct syscall_error {
    uint8_t code; /**< seL4_InvalidArgument, ... */
    bool lookup_of_source;
    uint64_t word[2]; /**< number of the argument or capability; range; memory left */
    struct lookup_failure lookup;
};

struct invocation {
    struct tcb *caller;
    struct slot *slot; /**< of the capability that is invoked */
    struct cap cap;    /**< what stood there */
    uint64_t label;
    unsigned length; /**< message words */
    unsigned extra_count;
    struct slot *extra[seL4_MsgMaxExtraCaps];
    const struct seL4_IPCBuffer *buffer;
    bool is_call;
    bool has_result; /**< the operation has written its own answer */
    struct syscall_error error;
};

static inline uint64_t arg(const struct invocation *inv, unsigned index)
{
    return message_word(inv->caller, inv->buffer, index);
}

/* ---- refusals: each returns FAILED, so that a check is one statement */

enum outcome refuse(struct invocation *inv, uint8_t code);
enum outcome refuse_argument(struct invocation *inv, unsigned number);
enum outcome refuse_capability(struct invocation *inv, unsigned number);
enum outcome refuse_range(struct invocation *inv, uint64_t min, uint64_t max);
enum outcome refuse_lookup(struct invocation *inv, bool of_source, struct lookup_failure failure);

/** True if the message has so many words and extra capabilities; else the error is set. */
bool has_words(struct invocation *inv, unsigned words, unsigned extra);

/** The slot that (index, depth) names below a CNode capability, or NULL with the error set. */
struct slot *find_slot(struct invocation *inv, struct cap root, uint64_t index, uint64_t depth, bool is_source);

/** True if `s` is empty; else the error is set. */
bool is_empty(struct invocation *inv, const struct slot *s);

/* ---- results */

void return_words(struct invocation *inv, const uint64_t *words, unsigned count);

/* ---- by object */

enum outcome decode_untyped(struct invocation *inv);
enum outcome decode_cnode(struct invocation *inv);
enum outcome decode_tcb(struct invocation *inv);
enum outcome decode_sched_context(struct invocation *inv);
enum outcome decode_sched_control(struct invocation *inv);
enum outcome decode_irq_control(struct invocation *inv);
enum outcome decode_irq_handler(struct invocation *inv);
enum outcome decode_domain(struct invocation *inv);
enum outcome decode_vspace(struct invocation *inv);
enum outcome decode_page_table(struct invocation *inv);
enum outcome decode_frame(struct invocation *inv);
enum outcome decode_asid_control(struct invocation *inv);
enum outcome decode_asid_pool(struct invocation *inv);
enum outcome decode_smc(struct invocation *inv);
enum outcome decode_vcpu(struct invocation *inv);

#endif
