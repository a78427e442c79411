/* SPDX-License-Identifier: MIT */
/**
 * Messages: registers and IPC buffers of threads, and their copying from one to another.
 * Owns:   the meaning of x0..x5 and of the IPC buffer.    Uses: objects.h, cspace (capability transfer), arch/memory.
 * Limits: at most 120 words and 3 capabilities a message.
 * Source: seL4 manual sections 4.1 and 4.2.2; docs/spec/kernel-abi.md
 */
#ifndef KERNEL_API_MESSAGE_H
#define KERNEL_API_MESSAGE_H

#include "arch.h"
#include "object/vspace.h"

enum { REG_CAP = 0, REG_INFO = 1, REG_MESSAGE = 2, REG_REPLY = 6, REG_SYSCALL = 7, REG_NBSENDRECV_DEST = 8 };

/** The IPC buffer of `t` where the kernel can reach it, or NULL if it has none (with the rights asked for). */
static inline struct seL4_IPCBuffer *message_buffer(const struct tcb *t, bool for_writing)
{
    struct cap frame = t->slots[TCB_BUFFER].cap;
    uint64_t needed = CAP_FRAME | FRAME_CAN_READ | (for_writing ? FRAME_CAN_WRITE : 0);
    uint64_t looked_at = CAP_TYPE_MASK | FRAME_CAN_READ | FRAME_IS_DEVICE | (for_writing ? FRAME_CAN_WRITE : 0);
    if ((frame.word[0] & looked_at) != needed) {
        return NULL;
    }
    return kptr(cap_address(frame) + (t->ipc_buffer & mask(frame_size_bits(cap_frame_size(frame)))));
}

/** Message word `index` of `t`; 0 past what its registers and buffer hold. */
static inline uint64_t message_word(const struct tcb *t, const struct seL4_IPCBuffer *buffer, unsigned index)
{
    if (index < seL4_FastMessageRegisters) {
        return t->regs.x[REG_MESSAGE + index];
    }
    return buffer != NULL ? buffer->msg[index] : 0;
}

/** Sets message word `index`; a word for which there is no room is dropped. */
static inline void message_set_word(struct tcb *t, struct seL4_IPCBuffer *buffer, unsigned index, uint64_t value)
{
    if (index < seL4_FastMessageRegisters) {
        t->regs.x[REG_MESSAGE + index] = value;
    } else if (buffer != NULL) {
        buffer->msg[index] = value;
    }
}

/** MessageInfo as `t` gave it, with a length that exists. */
static inline uint64_t message_length(const struct tcb *t)
{
    uint64_t length = seL4_MessageInfo_length(t->regs.x[REG_INFO]);
    return length <= seL4_MsgMaxLength ? length : seL4_MsgMaxLength;
}

/*@ predicate same_words(struct seL4_IPCBuffer *from, struct seL4_IPCBuffer *to, integer first, integer end) =
      \forall integer w; first <= w < end ==> to->msg[w] == from->msg[w]; */

/** Copies the first `length` words; the buffers are looked at only for words that do not fit in registers. */
/*@ requires length <= seL4_MsgMaxLength && \valid_read(from) && \valid(to) && \separated(from, to);
    requires length > seL4_FastMessageRegisters ==>
      \valid_read(from_buffer) && \valid(to_buffer) && \separated(from_buffer, to_buffer) && \separated(to, from_buffer) &&
      \separated(to, to_buffer) && \separated(from, to_buffer);
    assigns to->regs.x[REG_MESSAGE .. REG_MESSAGE + seL4_FastMessageRegisters - 1],
            to_buffer->msg[seL4_FastMessageRegisters .. length - 1];
    ensures in_registers: \forall integer r; REG_MESSAGE <= r < REG_MESSAGE + seL4_FastMessageRegisters && r < REG_MESSAGE + length ==>
      to->regs.x[r] == from->regs.x[r];
    ensures in_buffers: length > seL4_FastMessageRegisters ==> same_words(from_buffer, to_buffer, seL4_FastMessageRegisters, length); */
static inline void message_copy_words(const struct tcb *from, const struct seL4_IPCBuffer *from_buffer, struct tcb *to,
                                      struct seL4_IPCBuffer *to_buffer, uint64_t length)
{
    /*@ loop invariant 0 <= i <= seL4_FastMessageRegisters && (i > 0 ==> i <= length);
        loop invariant \forall integer r; REG_MESSAGE <= r < REG_MESSAGE + i ==> to->regs.x[r] == from->regs.x[r];
        loop assigns i, to->regs.x[REG_MESSAGE .. REG_MESSAGE + seL4_FastMessageRegisters - 1];
        loop variant seL4_FastMessageRegisters - i; */
    for (unsigned i = 0; i < seL4_FastMessageRegisters && i < length; i++) {
        to->regs.x[REG_MESSAGE + i] = from->regs.x[REG_MESSAGE + i];
    }
    uint64_t i = seL4_FastMessageRegisters;
    /*@ loop invariant seL4_FastMessageRegisters <= i && (i > seL4_FastMessageRegisters ==> i <= length);
        loop invariant same_words(from_buffer, to_buffer, seL4_FastMessageRegisters, i);
        loop assigns i, to_buffer->msg[seL4_FastMessageRegisters .. length - 1];
        loop variant length - i; */
    for (; i + 4 <= length; i += 4) { /* read before written: the compiler cannot know that buffers do not overlap */
        uint64_t word0 = from_buffer->msg[i];
        uint64_t word1 = from_buffer->msg[i + 1];
        uint64_t word2 = from_buffer->msg[i + 2];
        uint64_t word3 = from_buffer->msg[i + 3];
        to_buffer->msg[i] = word0;
        to_buffer->msg[i + 1] = word1;
        to_buffer->msg[i + 2] = word2;
        to_buffer->msg[i + 3] = word3;
    }
    /*@ loop invariant seL4_FastMessageRegisters <= i && (i > seL4_FastMessageRegisters ==> i <= length);
        loop invariant same_words(from_buffer, to_buffer, seL4_FastMessageRegisters, i);
        loop assigns i, to_buffer->msg[seL4_FastMessageRegisters .. length - 1];
        loop variant length - i; */
    for (; i < length; i++) {
        to_buffer->msg[i] = from_buffer->msg[i];
    }
}

/**
 * Copies the message of `from` (or its fault, if it has one) to `to`, with the badge and, if `can_grant`, capabilities.
 * `ep` is the endpoint the message goes through; its own capabilities are unwrapped to badges. NULL for a reply.
 */
void message_transfer(struct tcb *from, const struct endpoint *ep, uint64_t badge, bool can_grant, struct tcb *to);

/** Ends a kernel operation of `t` with one result word. */
void message_return_word(struct tcb *t, uint64_t value);

#endif
