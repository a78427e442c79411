/* SPDX-License-Identifier: MIT */
/** Invocations: the words go into registers and IPC buffer, the capabilities into the buffer, the label says what to do. */
#include "invoke.h"

struct seL4_IPCBuffer *ipc_buffer;

/** Words and capabilities of one invocation. */
struct request {
    uint64_t word_count;
    uint64_t word[6];
    uint64_t cap_count;
    uint64_t cap[seL4_MsgMaxExtraCaps];
};

/* Word 0 of the answer, for the few invocations that give one, goes to `out` unless it is NULL. */
static uint64_t invoke(uint64_t cap, uint64_t label, const struct request *r, uint64_t *out)
{
    struct message m = {.info = seL4_MessageInfo_new(label, 0, r->cap_count, r->word_count)};
    for (uint64_t i = 0; i < r->word_count; i++) {
        if (i < seL4_FastMessageRegisters) {
            m.word[i] = r->word[i];
        } else {
            ipc_buffer->msg[i] = r->word[i];
        }
    }
    for (uint64_t i = 0; i < r->cap_count; i++) {
        ipc_buffer->caps_or_badges[i] = r->cap[i];
    }
    sys_call(cap, &m);
    uint64_t error = seL4_MessageInfo_label(m.info);
    if (error == seL4_NoError && out != NULL) {
        *out = m.word[0];
    }
    return error;
}

#define WORDS(...)       .word_count = sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), .word = {__VA_ARGS__}
#define CAPS(...)        .cap_count = sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), .cap = {__VA_ARGS__}
#define INVOKE(cap, label, ...) invoke((cap), (label), &(struct request){__VA_ARGS__}, NULL)

uint64_t untyped_retype(uint64_t untyped, uint64_t type, uint64_t size_bits, uint64_t root, uint64_t first_slot, uint64_t count)
{
    return INVOKE(untyped, seL4_UntypedRetype, WORDS(type, size_bits, 0, 0, first_slot, count), CAPS(root));
}

uint64_t untyped_retype_into(uint64_t untyped, uint64_t type, uint64_t size_bits, struct slot node, uint64_t first_slot,
                             uint64_t count)
{
    return INVOKE(untyped, seL4_UntypedRetype, WORDS(type, size_bits, node.index, node.depth, first_slot, count),
                  CAPS(node.root));
}

uint64_t cnode_copy(struct slot to, struct slot from, uint64_t rights)
{
    return INVOKE(to.root, seL4_CNodeCopy, WORDS(to.index, to.depth, from.index, from.depth, rights), CAPS(from.root));
}

uint64_t cnode_mint(struct slot to, struct slot from, uint64_t rights, uint64_t badge)
{
    return INVOKE(to.root, seL4_CNodeMint, WORDS(to.index, to.depth, from.index, from.depth, rights, badge), CAPS(from.root));
}

uint64_t cnode_move(struct slot to, struct slot from)
{
    return INVOKE(to.root, seL4_CNodeMove, WORDS(to.index, to.depth, from.index, from.depth), CAPS(from.root));
}

uint64_t cnode_delete(struct slot at)
{
    return INVOKE(at.root, seL4_CNodeDelete, WORDS(at.index, at.depth));
}

uint64_t cnode_revoke(struct slot at)
{
    return INVOKE(at.root, seL4_CNodeRevoke, WORDS(at.index, at.depth));
}

uint64_t tcb_configure(uint64_t tcb, uint64_t cspace, uint64_t cspace_data, uint64_t vspace, uint64_t buffer_addr,
                       uint64_t buffer_frame)
{
    return INVOKE(tcb, seL4_TCBConfigure, WORDS(cspace_data, 0, buffer_addr), CAPS(cspace, vspace, buffer_frame));
}

uint64_t tcb_set_space(uint64_t tcb, uint64_t fault_endpoint, uint64_t cspace, uint64_t vspace)
{
    return INVOKE(tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(fault_endpoint, cspace, vspace));
}

uint64_t tcb_set_sched_params(uint64_t tcb, uint64_t authority, uint64_t mcp, uint64_t priority, uint64_t sched,
                              uint64_t fault_endpoint)
{
    return INVOKE(tcb, seL4_TCBSetSchedParams, WORDS(mcp, priority), CAPS(authority, sched, fault_endpoint));
}

uint64_t tcb_read_registers(uint64_t tcb, bool suspend, struct seL4_UserContext *out)
{
    struct message m = {.info = message_info(seL4_TCBReadRegisters, 2), .word = {suspend, seL4_UserContextWords}};
    sys_call(tcb, &m);
    uint64_t error = seL4_MessageInfo_label(m.info);
    if (error == seL4_NoError) {
        memcpy(out, m.word, sizeof m.word);
        memcpy((uint8_t *)out + sizeof m.word, &ipc_buffer->msg[seL4_FastMessageRegisters], sizeof *out - sizeof m.word);
    }
    return error;
}

uint64_t tcb_write_registers(uint64_t tcb, bool resume, const struct seL4_UserContext *in)
{
    struct message m = {.info = message_info(seL4_TCBWriteRegisters, 2 + seL4_UserContextWords),
                        .word = {resume, seL4_UserContextWords, in->pc, in->sp}};
    memcpy(&ipc_buffer->msg[seL4_FastMessageRegisters], &in->spsr, sizeof *in - 2 * sizeof(uint64_t));
    sys_call(tcb, &m);
    return seL4_MessageInfo_label(m.info);
}

uint64_t tcb_suspend(uint64_t tcb)
{
    return INVOKE(tcb, seL4_TCBSuspend, .word_count = 0);
}

uint64_t tcb_resume(uint64_t tcb)
{
    return INVOKE(tcb, seL4_TCBResume, .word_count = 0);
}

uint64_t tcb_bind_notification(uint64_t tcb, uint64_t notification)
{
    return INVOKE(tcb, seL4_TCBBindNotification, CAPS(notification));
}

uint64_t tcb_set_flags(uint64_t tcb, uint64_t clear, uint64_t set, uint64_t *flags_out)
{
    return invoke(tcb, seL4_TCBSetFlags, &(struct request){WORDS(clear, set)}, flags_out);
}

uint64_t sched_control_configure(uint64_t control, uint64_t sched, const struct sched_params *params)
{
    return INVOKE(control, seL4_SchedControlConfigureFlags,
                  WORDS(params->budget_us, params->period_us, params->extra_refills, params->badge, params->flags), CAPS(sched));
}

uint64_t sched_context_bind(uint64_t sched, uint64_t tcb_or_notification)
{
    return INVOKE(sched, seL4_SchedContextBind, CAPS(tcb_or_notification));
}

uint64_t sched_context_unbind(uint64_t sched)
{
    return INVOKE(sched, seL4_SchedContextUnbind, .word_count = 0);
}

uint64_t sched_context_consumed(uint64_t sched, uint64_t *us_out)
{
    return invoke(sched, seL4_SchedContextConsumed, &(struct request){0}, us_out);
}

uint64_t irq_control_get(uint64_t control, uint64_t irq, bool edge, struct slot to)
{
    return INVOKE(control, seL4_ARMIRQIssueIRQHandlerTrigger, WORDS(irq, edge, to.index, to.depth), CAPS(to.root));
}

uint64_t irq_set_notification(uint64_t handler, uint64_t notification)
{
    return INVOKE(handler, seL4_IRQSetIRQHandler, CAPS(notification));
}

uint64_t irq_ack(uint64_t handler)
{
    return INVOKE(handler, seL4_IRQAckIRQ, .word_count = 0);
}

uint64_t page_map(uint64_t page, uint64_t vspace, uint64_t addr, uint64_t rights, uint64_t attributes)
{
    return INVOKE(page, seL4_ARMPageMap, WORDS(addr, rights, attributes), CAPS(vspace));
}

uint64_t page_unmap(uint64_t page)
{
    return INVOKE(page, seL4_ARMPageUnmap, .word_count = 0);
}

uint64_t page_unify(uint64_t page, uint64_t start, uint64_t end)
{
    return INVOKE(page, seL4_ARMPageUnify_Instruction, WORDS(start, end));
}

uint64_t page_get_address(uint64_t page, uint64_t *paddr_out)
{
    return invoke(page, seL4_ARMPageGetAddress, &(struct request){0}, paddr_out);
}

uint64_t page_table_map(uint64_t table, uint64_t vspace, uint64_t addr, uint64_t attributes)
{
    return INVOKE(table, seL4_ARMPageTableMap, WORDS(addr, attributes), CAPS(vspace));
}

uint64_t asid_control_make_pool(uint64_t control, uint64_t untyped, struct slot to)
{
    return INVOKE(control, seL4_ARMASIDControlMakePool, WORDS(to.index, to.depth), CAPS(untyped, to.root));
}

uint64_t asid_pool_assign(uint64_t pool, uint64_t vspace)
{
    return INVOKE(pool, seL4_ARMASIDPoolAssign, CAPS(vspace));
}

uint64_t smc_call(uint64_t smc, uint64_t function, uint64_t *result_out)
{
    enum { SMC_WORDS = 8 };
    struct message m = {.info = message_info(seL4_ARMSMCCall, SMC_WORDS), .word = {function}};
    for (unsigned i = seL4_FastMessageRegisters; i < SMC_WORDS; i++) {
        ipc_buffer->msg[i] = 0;
    }
    sys_call(smc, &m);
    *result_out = m.word[0];
    return seL4_MessageInfo_label(m.info);
}
