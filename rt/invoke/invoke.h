/* SPDX-License-Identifier: MIT */
/**
 * Invoke: the seL4 system calls (MCS) as inline functions, and invocations of kernel objects as plain ones. Thin: arguments are
 * capability pointers and numbers as the seL4 manual names them, results are seL4 error codes, 0 for none.
 *
 * Owns:   the pointer to the thread's IPC buffer, set once before the first invocation that needs it.    Uses: abi/sel4, base.
 * Limits: one thread; messages use at most the four message registers here, longer ones are put into ipc_buffer by the caller.
 * Source: seL4 reference manual 16.0.0 chapter 10; docs/spec/kernel-abi.md
 */
#ifndef LX_INVOKE_H
#define LX_INVOKE_H

#include <sel4/bootinfo.h>
#include <sel4/sel4.h>

#include "base.h"

/** This thread's IPC buffer; message words 4 and on, capabilities and where received ones go, are in it. */
extern struct seL4_IPCBuffer *ipc_buffer;

/** A message as it stands in registers: in and out. `badge` is only out. */
struct message {
    uint64_t info; /**< MessageInfo */
    uint64_t badge;
    uint64_t word[seL4_FastMessageRegisters];
};

/** A message of `length` words without capabilities. */
static inline uint64_t message_info(uint64_t label, uint64_t length)
{
    return seL4_MessageInfo_new(label, 0, 0, length);
}

/* Every call in one form: what a call does not use is passed as 0 and comes back unchanged. */
static inline void system_call(int64_t number, uint64_t cap, uint64_t reply, uint64_t dest, struct message *m)
{
    register uint64_t x0 __asm__("x0") = cap;
    register uint64_t x1 __asm__("x1") = m->info;
    register uint64_t x2 __asm__("x2") = m->word[0];
    register uint64_t x3 __asm__("x3") = m->word[1];
    register uint64_t x4 __asm__("x4") = m->word[2];
    register uint64_t x5 __asm__("x5") = m->word[3];
    register uint64_t x6 __asm__("x6") = reply;
    register int64_t x7 __asm__("x7") = number;
    register uint64_t x8 __asm__("x8") = dest;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6)
                     : "r"(x7), "r"(x8)
                     : "memory");
    m->badge = x0;
    m->info = x1;
    m->word[0] = x2;
    m->word[1] = x3;
    m->word[2] = x4;
    m->word[3] = x5;
}

/** Sends `m` and waits for the answer, which replaces it. */
static inline void sys_call(uint64_t cap, struct message *m)
{
    system_call(seL4_SysCall, cap, 0, 0, m);
}

static inline void sys_send(uint64_t cap, const struct message *m)
{
    struct message copy = *m;
    system_call(seL4_SysSend, cap, 0, 0, &copy);
}

/** Sends `m` if somebody is waiting for it. */
static inline void sys_nb_send(uint64_t cap, const struct message *m)
{
    struct message copy = *m;
    system_call(seL4_SysNBSend, cap, 0, 0, &copy);
}

static inline void sys_signal(uint64_t cap)
{
    struct message m = {0};
    system_call(seL4_SysSend, cap, 0, 0, &m);
}

/** Waits for a message; whoever called can be answered through `reply`. */
static inline void sys_recv(uint64_t cap, uint64_t reply, struct message *m)
{
    system_call(seL4_SysRecv, cap, reply, 0, m);
}

/** The same without waiting; `m` is all zero when nothing was there. */
static inline void sys_nb_recv(uint64_t cap, uint64_t reply, struct message *m)
{
    *m = (struct message){0};
    system_call(seL4_SysNBRecv, cap, reply, 0, m);
}

/** Answers through `reply` with `m`, then waits as sys_recv does. */
static inline void sys_reply_recv(uint64_t cap, uint64_t reply, struct message *m)
{
    system_call(seL4_SysReplyRecv, cap, reply, 0, m);
}

/** Sends `m` to `dest` if somebody waits there, then waits as sys_recv does; nothing happens in between. */
static inline void sys_nb_send_recv(uint64_t dest, uint64_t cap, uint64_t reply, struct message *m)
{
    system_call(seL4_SysNBSendRecv, cap, reply, dest, m);
}

/** Waits for a notification. @return its signals. */
static inline uint64_t sys_wait(uint64_t cap)
{
    struct message m = {0};
    system_call(seL4_SysWait, cap, 0, 0, &m);
    return m.badge;
}

/** Takes the signals that are there, without waiting. */
static inline uint64_t sys_poll(uint64_t cap)
{
    struct message m = {0};
    system_call(seL4_SysNBWait, cap, 0, 0, &m);
    return m.badge;
}

static inline void sys_yield(void)
{
    struct message m = {0};
    system_call(seL4_SysYield, 0, 0, 0, &m);
}

/** A slot, as the kernel addresses it: `index` with `depth` bits, looked up from the CNode `root`. */
struct slot {
    uint64_t root;
    uint64_t index;
    uint64_t depth;
};

/** Makes `count` objects in the slots from `first_slot` on of the CNode `root` itself. */
MUST_USE uint64_t untyped_retype(uint64_t untyped, uint64_t type, uint64_t size_bits, uint64_t root, uint64_t first_slot,
                                 uint64_t count);

/** The same in the CNode that stands in slot `node`. */
MUST_USE uint64_t untyped_retype_into(uint64_t untyped, uint64_t type, uint64_t size_bits, struct slot node, uint64_t first_slot,
                                      uint64_t count);

MUST_USE uint64_t cnode_copy(struct slot to, struct slot from, uint64_t rights);
MUST_USE uint64_t cnode_mint(struct slot to, struct slot from, uint64_t rights, uint64_t badge);
MUST_USE uint64_t cnode_move(struct slot to, struct slot from);
MUST_USE uint64_t cnode_delete(struct slot at);
MUST_USE uint64_t cnode_revoke(struct slot at);

MUST_USE uint64_t tcb_configure(uint64_t tcb, uint64_t cspace, uint64_t cspace_data, uint64_t vspace, uint64_t buffer_addr,
                                uint64_t buffer_frame);
MUST_USE uint64_t tcb_set_sched_params(uint64_t tcb, uint64_t authority, uint64_t mcp, uint64_t priority, uint64_t sched,
                                       uint64_t fault_endpoint);
/** Leaves the thread's fault endpoint as it was only if `fault_endpoint` is given again. */
MUST_USE uint64_t tcb_set_space(uint64_t tcb, uint64_t fault_endpoint, uint64_t cspace, uint64_t vspace);
MUST_USE uint64_t tcb_read_registers(uint64_t tcb, bool suspend, struct seL4_UserContext *out);
MUST_USE uint64_t tcb_write_registers(uint64_t tcb, bool resume, const struct seL4_UserContext *in);
MUST_USE uint64_t tcb_suspend(uint64_t tcb);
MUST_USE uint64_t tcb_resume(uint64_t tcb);
MUST_USE uint64_t tcb_bind_notification(uint64_t tcb, uint64_t notification);
/** @param flags_out the flags afterwards. */
MUST_USE uint64_t tcb_set_flags(uint64_t tcb, uint64_t clear, uint64_t set, uint64_t *flags_out);

/** Budget and period of a scheduling context; `badge` comes with its timeout faults, `flags` are seL4_SchedContext_*. */
struct sched_params {
    uint64_t budget_us, period_us, extra_refills, badge, flags;
};
MUST_USE uint64_t sched_control_configure(uint64_t control, uint64_t sched, const struct sched_params *params);
MUST_USE uint64_t sched_context_bind(uint64_t sched, uint64_t tcb_or_notification);
MUST_USE uint64_t sched_context_unbind(uint64_t sched);
MUST_USE uint64_t sched_context_consumed(uint64_t sched, uint64_t *us_out);

MUST_USE uint64_t irq_control_get(uint64_t control, uint64_t irq, bool edge, struct slot to);
MUST_USE uint64_t irq_set_notification(uint64_t handler, uint64_t notification);
MUST_USE uint64_t irq_ack(uint64_t handler);

MUST_USE uint64_t page_map(uint64_t page, uint64_t vspace, uint64_t addr, uint64_t rights, uint64_t attributes);
MUST_USE uint64_t page_unmap(uint64_t page);
/** Makes what was written through the page's present mapping visible to instruction fetch. */
MUST_USE uint64_t page_unify(uint64_t page, uint64_t start, uint64_t end);
MUST_USE uint64_t page_get_address(uint64_t page, uint64_t *paddr_out);
MUST_USE uint64_t page_table_map(uint64_t table, uint64_t vspace, uint64_t addr, uint64_t attributes);
MUST_USE uint64_t asid_control_make_pool(uint64_t control, uint64_t untyped, struct slot to);
MUST_USE uint64_t asid_pool_assign(uint64_t pool, uint64_t vspace);

/** Calls the firmware with a function that has no arguments. */
MUST_USE uint64_t smc_call(uint64_t smc, uint64_t function, uint64_t *result_out);

#endif
