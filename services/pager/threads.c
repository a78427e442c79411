/* SPDX-License-Identifier: MIT */
/**
 * Threads of programs: kernel threads without capabilities of their own, whose every fault goes to the Linux server. The server
 * gets a capability to each thread, with which it can stop it and change its registers, but not its address space: for that it
 * would need a capability to one.
 */
#include "pager.h"

LX_CAP(sched_control, AUTHORITY_SCHED_CONTROL);
LX_CAP(own_tcb, AUTHORITY_OWN_TCB);
LX_CAP(linux_inbox, AUTHORITY_INBOX_OF);
LX_CAP(linux_cspace, AUTHORITY_CSPACE_OF);

enum {
    SCHED_BITS = 8,
    SLICE_US = 5000,
    PRIORITY = 40, /* below every component */
};

struct thread {
    uint64_t tcb;
    uint64_t sched;
    uint64_t fault_endpoint;
    uint32_t space; /* + 1; 0: bound to none */
};

static struct thread threads[PAGER_THREADS_MAX];
static uint64_t empty_cnode; /* the capability space of every program */

static void must(uint64_t error, const char *what)
{
    if (error != seL4_NoError) {
        rt_panic("%s: the kernel says error %lu", what, (unsigned long)error);
    }
}

void threads_init(void)
{
    empty_cnode = objects_make(seL4_CapTableObject, 1, 1);
    if (empty_cnode == 0) {
        rt_panic("there is no memory for the first object: give the machine more, or the other components less");
    }
}

/* Objects are made once for each number and then used again. */
static bool make(uint32_t number)
{
    struct thread *t = &threads[number];
    if (t->tcb != 0) {
        return true;
    }
    uint64_t tcb = objects_make(seL4_TCBObject, 0, 1);
    uint64_t sched = objects_make(seL4_SchedContextObject, SCHED_BITS, 1);
    uint64_t endpoint = objects_make(seL4_ReplyObject, 0, 1); /* a slot: what is in it makes way */
    if (tcb == 0 || sched == 0 || endpoint == 0) {
        return false;
    }
    must(cnode_delete(objects_slot(endpoint)), "emptying a slot");
    must(cnode_mint(objects_slot(endpoint), objects_slot(linux_inbox.cap), seL4_CanWrite | seL4_CanGrantReply,
                    BADGE_MESSAGE | (PAGER_THREAD_BADGE + number)),
         "making a fault endpoint");
    const struct sched_params params = {SLICE_US, SLICE_US, 0, number, 0};
    must(sched_control_configure(sched_control.cap, sched, &params), "setting a time slice");
    must(tcb_set_sched_params(tcb, own_tcb.cap, 0, PRIORITY, sched, endpoint), "preparing a thread");
    uint64_t flags;
    must(tcb_set_flags(tcb, 0, seL4_TCBFlag_foreignSyscalls, &flags), "setting the flags of a thread");
    t->sched = sched;
    t->fault_endpoint = endpoint;
    t->tcb = tcb;
    return true;
}

/* Puts a copy into a slot of the server's capability space. The slot is the server's word: it may not even be there. */
static bool give(uint64_t slot, uint64_t cap)
{
    struct slot to = {linux_cspace.cap, slot, 64};
    return slot == 0 || (cnode_delete(to) == seL4_NoError &&
                         cnode_copy(to, objects_slot(cap), seL4_AllRights) == seL4_NoError);
}

enum pager_status threads_bind(uint32_t thread, uint32_t space, uint64_t tcb_slot, uint64_t sched_slot)
{
    if (thread >= PAGER_THREADS_MAX || space >= PAGER_SPACES_MAX || !vm.spaces[space].exists ||
        tcb_slot >= (1u << DESC_CSPACE_BITS_MAX) || sched_slot >= (1u << DESC_CSPACE_BITS_MAX)) {
        return PAGER_BAD_CALL;
    }
    uint64_t vspace = machine_vspace(space);
    if (vspace == 0 || !make(thread)) {
        return PAGER_NO_MEMORY;
    }
    struct thread *t = &threads[thread];
    must(tcb_suspend(t->tcb), "stopping a thread");
    if (t->space != space + 1) {
        must(tcb_set_space(t->tcb, t->fault_endpoint, empty_cnode, vspace), "moving a thread to an address space");
        t->space = space + 1;
    }
    return give(tcb_slot, t->tcb) && give(sched_slot, t->sched) ? PAGER_OK : PAGER_BAD_CALL;
}

enum pager_status threads_release(uint32_t thread)
{
    if (thread >= PAGER_THREADS_MAX) {
        return PAGER_BAD_CALL;
    }
    if (threads[thread].tcb != 0) {
        must(tcb_suspend(threads[thread].tcb), "stopping a thread");
    }
    return PAGER_OK;
}

void threads_release_all(void)
{
    for (uint32_t i = 0; i < PAGER_THREADS_MAX; i++) {
        enum pager_status status = threads_release(i);
        assert(status == PAGER_OK);
    }
}
