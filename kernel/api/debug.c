/* SPDX-License-Identifier: MIT */
/** Debug system calls: see debug.h. */
#include "api/debug.h"

#if KERNEL_DEBUG_CALLS

#include "api/message.h"
#include "arch.h"
#include "object/cspace.h"

static void print_thread(const struct tcb *t)
{
    arch_debug_put("  ");
    arch_debug_put(t->name[0] != '\0' ? t->name : "?");
    arch_debug_put_number(", priority ", t->priority);
    arch_debug_put_number(", state ", t->state);
    arch_debug_put_number(", pc ", t->regs.pc);
    arch_debug_put("\n");
}

/* The running thread, those that are ready, by falling priority, and those that wait for their budget. */
static void dump_scheduler(void)
{
    arch_debug_put("running\n");
    print_thread(kernel.current);
    for (unsigned domain = 0; domain < DOMAIN_COUNT; domain++) {
        for (unsigned priority = PRIORITY_COUNT; priority-- > 0;) {
            for (const struct tcb *t = kernel.ready[domain][priority].head; t != NULL; t = t->sched_next) {
                arch_debug_put_number("ready in domain ", domain);
                arch_debug_put("\n");
                print_thread(t);
            }
        }
    }
    for (const struct tcb *t = kernel.release_head; t != NULL; t = t->sched_next) {
        arch_debug_put("without budget\n");
        print_thread(t);
    }
}

/* The name is in the message buffer: a string behind the tag, cut to what the thread has room for. */
static void name_thread(const struct tcb *t, uint64_t cptr)
{
    const struct slot *slot = cspace_find(t, cptr);
    const struct seL4_IPCBuffer *buffer = message_buffer(t, false);
    if (slot == NULL || cap_type(slot->cap) != CAP_TCB || buffer == NULL) {
        return;
    }
    struct tcb *named = kptr(cap_address(slot->cap));
    const char *name = (const char *)buffer->msg;
    size_t i = 0;
    for (; i < sizeof named->name - 1 && name[i] >= ' ' && name[i] <= '~'; i++) {
        named->name[i] = name[i];
    }
    named->name[i] = '\0';
}

bool debug_syscall(struct tcb *t, int64_t number)
{
    uint64_t *x = t->regs.x;
    switch (number) {
    case seL4_SysDebugPutChar: {
        const char text[2] = {(char)x[REG_CAP], '\0'};
        arch_debug_put(text);
        return true;
    }
    case seL4_SysDebugDumpScheduler:
        dump_scheduler();
        return true;
    case seL4_SysDebugHalt:
        kernel_panic("user level asked for a halt", __FILE__, __LINE__);
    case seL4_SysDebugCapIdentify: {
        const struct slot *slot = cspace_find(t, x[REG_CAP]);
        x[REG_CAP] = slot != NULL ? cap_type(slot->cap) : CAP_NULL;
        return true;
    }
    case seL4_SysDebugNameThread:
        name_thread(t, x[REG_CAP]);
        return true;
    default:
        return false;
    }
}

#endif
