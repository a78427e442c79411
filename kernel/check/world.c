/* SPDX-License-Identifier: MIT */
/** World: see world.h. */
#include "check/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/check.h"
#include "init/boot.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "sched/sched.h"

static struct slot *root_slots;
unsigned world_seed;
uint64_t world_steps;

struct slot *world_slot(unsigned index)
{
    return &root_slots[index];
}

struct tcb *world_root(void)
{
    return kptr(cap_address(root_slots[seL4_CapInitThreadTCB].cap));
}

struct tcb *world_thread(unsigned n)
{
    return kptr(cap_address(root_slots[WORLD_TCB + n].cap));
}

void world_check(const char *after)
{
    const char *rule = kernel_check(root_slots, WORLD_SLOTS);
    if (rule != NULL) {
        fprintf(stderr, "after %s: %s (%p, seed %u)\n", after, rule, kernel_check_culprit, world_seed);
        abort();
    }
}

/* ---- entries, on both paths --------------------------------------------------------------------------------------------- */

struct world_compared world_compared;

/* All that a kernel step can change. */
struct machine {
    struct kernel_state kernel;
    struct sim sim;
    uint8_t ram[SIM_RAM_BYTES];
};
static struct machine before;
static struct machine after_fast;

/* Only pages that were used since boot, or at boot, are copied and compared; now and then all are, should a kernel write elsewhere. */
static bool all_pages;

static bool is_looked_at(const bool *used, size_t page)
{
    return all_pages || used[page];
}

static void save(struct machine *m)
{
    m->kernel = kernel;
    m->sim = sim;
    for (size_t page = 0; page < sizeof sim_ram >> 12; page++) {
        if (is_looked_at(sim.page_used, page)) {
            memcpy(m->ram + (page << 12), sim_ram + (page << 12), 1 << 12);
        }
    }
}

static void restore(const struct machine *m)
{
    for (size_t page = 0; page < sizeof sim_ram >> 12; page++) {
        if (is_looked_at(sim.page_used, page)) {
            memcpy(sim_ram + (page << 12), m->ram + (page << 12), 1 << 12);
        }
    }
    kernel = m->kernel;
    sim = m->sim;
}

/* The first page that is not as in `m`; the number of pages: none. */
static size_t different_page(const struct machine *m)
{
    size_t page = 0;
    while (page < sizeof sim_ram >> 12 &&
           (!is_looked_at(sim.page_used, page) || memcmp(sim_ram + (page << 12), m->ram + (page << 12), 1 << 12) == 0)) {
        page++;
    }
    return page;
}

/* Would anything be done about time in an entry at this moment? A fast path may leave that to the timer's interrupt. */
static bool time_matters(void)
{
    struct sched_context *sc = kernel.current_sc;
    ticks_t consumed = kernel.consumed + sim.time - kernel.now;
    return !refill_is_sufficient(sc, consumed, refill_min_budget()) || kernel.domain_end < sim.time + refill_min_budget() ||
           (kernel.release_head != NULL && refill_is_ready(kernel.release_head->sc, sim.time));
}

/*
 * Takes the fast path; if there was one, goes back and takes the general one, which must leave the same behind, byte for byte
 * (but for the count of fast entries).
 */
static void enter_both(void (*enter)(const void *what), const void *what, uint64_t *compared)
{
    static unsigned count;
    all_pages = ++count % 16 == 0;
    save(&before);
    bool comparable = !time_matters();
    enter(what);
    if (sim.fast_entries == before.sim.fast_entries || !comparable) {
        return;
    }
    sched_update_time(); /* some fast paths do not read the clock, every general one does */
    save(&after_fast);
    restore(&before);
    sim.fast_paths = false;
    enter(what);
    sim.fast_paths = true;
    sim.fast_entries = after_fast.sim.fast_entries;
    size_t page = different_page(&after_fast);
    if (memcmp(&kernel, &after_fast.kernel, sizeof kernel) != 0 || memcmp(&sim, &after_fast.sim, sizeof sim) != 0 ||
        page != sizeof sim_ram >> 12) {
        fprintf(stderr, "the fast path leaves something else than the general one (page %zu of RAM, seed %u)\n", page, world_seed);
        abort();
    }
    ++*compared;
}

static void do_syscall(const void *what)
{
    (void)what;
    (void)enter_syscall(kernel.current);
}

struct fault_entry {
    uaddr_t address;
    bool fetch;
};

static void do_fault(const void *what)
{
    const struct fault_entry *f = what;
    enter_vm_fault(f->address, 0x92000007, f->fetch);
}

void world_fault(uaddr_t address, bool fetch)
{
    const struct fault_entry f = {address, fetch};
    kernel.current->regs.fault_pc = kernel.current->regs.pc;
    enter_both(do_fault, &f, &world_compared.faults);
}

/* The endpoint that a capability of the root CNode names, or NULL. */
static const struct endpoint *endpoint_at(uint64_t index)
{
    bool good = index < WORLD_SLOTS && cap_type(root_slots[index].cap) == CAP_ENDPOINT;
    return good ? kptr(cap_address(root_slots[index].cap)) : NULL;
}

/* Saving and restoring is slow: only for system calls that may have a fast path. */
static uint64_t *may_be_fast(const struct tcb *t, const struct world_call *call)
{
    const struct endpoint *ep = endpoint_at(call->cap);
    if ((t->flags & seL4_TCBFlag_foreignSyscalls) != 0) {
        return &world_compared.faults;
    }
    if (call->number == seL4_SysCall && ep != NULL && endpoint_state(ep) == ENDPOINT_RECEIVERS) {
        return &world_compared.calls;
    }
    if (call->number == seL4_SysYield) {
        return &world_compared.yields;
    }
    if (call->number == seL4_SysCall && call->cap < WORLD_SLOTS && cap_type(root_slots[call->cap].cap) == CAP_FRAME) {
        return &world_compared.mappings;
    }
    if ((call->number == seL4_SysSend || call->number == seL4_SysNBSend) && call->cap < WORLD_SLOTS &&
        cap_type(root_slots[call->cap].cap) == CAP_NOTIFICATION) {
        return &world_compared.signals;
    }
    if (call->number == seL4_SysReplyRecv && ep != NULL && call->reply < WORLD_SLOTS &&
        cap_type(root_slots[call->reply].cap) == CAP_REPLY) {
        const struct reply *reply = kptr(cap_address(root_slots[call->reply].cap));
        return reply->tcb != NULL && reply->tcb->state == THREAD_BLOCKED_REPLY ? &world_compared.replies : NULL;
    }
    return NULL;
}

void world_call(const struct world_call *call)
{
    struct tcb *t = kernel.current;
    struct seL4_IPCBuffer *buffer = message_buffer(t, true);
    memcpy(&t->regs.x[REG_MESSAGE], call->word, seL4_FastMessageRegisters * sizeof call->word[0]);
    if (buffer != NULL) {
        memcpy(&buffer->msg[seL4_FastMessageRegisters], &call->word[seL4_FastMessageRegisters],
               sizeof call->word - seL4_FastMessageRegisters * sizeof call->word[0]);
        memcpy(buffer->caps_or_badges, call->extra, sizeof call->extra);
    }
    t->regs.x[REG_CAP] = call->cap;
    t->regs.x[REG_INFO] = call->info;
    t->regs.x[REG_REPLY] = call->reply;
    t->regs.x[REG_SYSCALL] = (uint64_t)call->number;
    t->regs.x[REG_NBSENDRECV_DEST] = call->dest;
    t->regs.pc += 4;
    t->regs.fault_pc = t->regs.pc - 4;
    if (cspace_find(t, call->cap) != cspace_lookup(t, call->cap).slot) {
        fprintf(stderr, "the two ways to look up %#llx differ (seed %u)\n", (unsigned long long)call->cap, world_seed);
        abort();
    }
    uint64_t *compared = may_be_fast(t, call);
    if (compared != NULL) {
        enter_both(do_syscall, NULL, compared);
    } else {
        (void)enter_syscall(kernel.current);
    }
}

uint64_t world_invoke(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras,
                      const uint64_t *extra)
{
    struct world_call call = {
        .number = seL4_SysCall, .cap = cap, .info = seL4_MessageInfo_new(label, 0, extras, words)};
    memcpy(call.word, word, words * sizeof word[0]);
    if (extras != 0) {
        memcpy(call.extra, extra, extras * sizeof extra[0]);
    }
    struct tcb *caller = kernel.current;
    world_call(&call);
    return seL4_MessageInfo_label(caller->regs.x[REG_INFO]);
}

#define INVOKE(cap, label, words, extras)                                                                              \
    must((label), world_invoke((cap), (label), sizeof(words) / sizeof((words)[0]), (words),                            \
                               sizeof(extras) / sizeof((extras)[0]), (extras)))

static void must(unsigned label, uint64_t error)
{
    if (error != seL4_NoError) {
        fprintf(stderr, "world: invocation %u failed with %llu\n", label, (unsigned long long)error);
        abort();
    }
}

static void retype(unsigned untyped, unsigned type, unsigned bits, unsigned first, unsigned count)
{
    uint64_t words[] = {type, bits, 0, 0, first, count};
    uint64_t extras[] = {seL4_CapInitThreadCNode};
    INVOKE(untyped, seL4_UntypedRetype, words, extras);
}

/* The largest untyped of ordinary memory. */
static unsigned find_untyped(void)
{
    unsigned best = 0;
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = root_slots[i].cap;
        if (cap_type(c) == CAP_UNTYPED && !cap_untyped_is_device(c) &&
            (best == 0 || cap_bits(c) > cap_bits(root_slots[best].cap))) {
            best = i;
        }
    }
    return best;
}

static void configure_thread(unsigned n)
{
    uint64_t config[] = {0, 0, 0x10000000 + n * 4096u};
    uint64_t spaces[] = {seL4_CapInitThreadCNode, seL4_CapInitThreadVSpace, WORLD_BUFFER + n};
    INVOKE(WORLD_TCB + n, seL4_TCBConfigure, config, spaces);
    /* A round-robin thread, a periodic one, a sporadic one, and so on. */
    uint64_t budget[] = {1000 + n * 500, n % 3 == 0 ? 1000 + n * 500 : 10000, n % 2, 70 + n, n % 3 == 2};
    uint64_t sc[] = {WORLD_SC + n};
    unsigned schedcontrol = 0;
    for (unsigned i = 0; i < WORLD_UNTYPED; i++) {
        if (cap_type(root_slots[i].cap) == CAP_SCHED_CONTROL) {
            schedcontrol = i;
        }
    }
    INVOKE(schedcontrol, seL4_SchedControlConfigureFlags, budget, sc);
    uint64_t params[] = {200, 100 + n * 10};
    uint64_t caps[] = {seL4_CapInitThreadTCB, WORLD_SC + n, WORLD_ENDPOINT + 3};
    INVOKE(WORLD_TCB + n, seL4_TCBSetSchedParams, params, caps);
    uint64_t regs[] = {0, 3, 0x400000, 0x800000, 0};
    INVOKE(WORLD_TCB + n, seL4_TCBWriteRegisters, regs, ((uint64_t[]){0}));
}

static void populate(void)
{
    unsigned memory = find_untyped();
    retype(memory, seL4_UntypedObject, 14, WORLD_UNTYPED, 4);
    retype(memory, seL4_TCBObject, 0, WORLD_TCB, WORLD_THREADS);
    retype(memory, seL4_SchedContextObject, 8, WORLD_SC, WORLD_THREADS);
    retype(memory, seL4_ReplyObject, 0, WORLD_REPLY, WORLD_THREADS);
    retype(memory, seL4_EndpointObject, 0, WORLD_ENDPOINT, 4);
    retype(memory, seL4_NotificationObject, 0, WORLD_NOTIFICATION, 3);
    retype(memory, seL4_CapTableObject, 4, WORLD_CNODE, 2);
    retype(memory, seL4_ARM_SmallPageObject, 0, WORLD_FRAME, 6);
    retype(memory, seL4_ARM_PageTableObject, 0, WORLD_TABLE, 4);
    retype(memory, seL4_ARM_VSpaceObject, 0, WORLD_VSPACE, 1);
    retype(memory, seL4_ARM_SmallPageObject, 0, WORLD_BUFFER, WORLD_THREADS);
    retype(memory, seL4_ARM_VCPUObject, 0, WORLD_VCPU, 3);
    for (unsigned n = 0; n < 3; n++) {
        uint64_t mint[] = {WORLD_ENDPOINT + 4 + n, 64, WORLD_ENDPOINT + n, 64, seL4_AllRights, 40 + n};
        uint64_t root[] = {seL4_CapInitThreadCNode};
        INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, mint, root);
    }
    for (unsigned n = 0; n < 2; n++) {
        uint64_t to = n == 0 ? WORLD_ENDPOINT_NO_SEND : WORLD_NOTIFICATION + 3;
        uint64_t mint[] = {to, 64, n == 0 ? WORLD_ENDPOINT : WORLD_NOTIFICATION, 64, seL4_AllRights & ~(uint64_t)seL4_CanWrite, 0};
        uint64_t root[] = {seL4_CapInitThreadCNode};
        INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, mint, root);
    }
    for (unsigned n = 0; n < 2; n++) {
        uint64_t mint[] = {WORLD_NOTIFICATION_BADGED + n, 64, WORLD_NOTIFICATION, 64, seL4_AllRights, 8u << n};
        uint64_t root[] = {seL4_CapInitThreadCNode};
        INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, mint, root);
    }
    uint64_t deaf[] = {WORLD_NOTIFICATION_NO_RECEIVE, 64, WORLD_NOTIFICATION, 64, seL4_AllRights & ~(uint64_t)seL4_CanRead, 0};
    INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, deaf, ((uint64_t[]){seL4_CapInitThreadCNode}));
    uint64_t vspace[] = {WORLD_VSPACE};
    INVOKE(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, ((uint64_t[]){0}), vspace);
    for (unsigned n = 0; n < WORLD_THREADS; n++) {
        configure_thread(n);
    }
    for (unsigned n = 0; n < 3; n++) {
        uint64_t issue[] = {32 + n, WORLD_HANDLER + n, 64};
        uint64_t root[] = {seL4_CapInitThreadCNode};
        INVOKE(seL4_CapIRQControl, seL4_IRQIssueIRQHandler, issue, root);
        uint64_t notification[] = {WORLD_NOTIFICATION + n};
        INVOKE(WORLD_HANDLER + n, seL4_IRQSetIRQHandler, ((uint64_t[]){0}), notification);
        INVOKE(WORLD_HANDLER + n, seL4_IRQAckIRQ, ((uint64_t[]){0}), ((uint64_t[]){0}));
    }
    uint64_t bound[] = {WORLD_NOTIFICATION + 2};
    INVOKE(WORLD_TCB + 4, seL4_TCBBindNotification, ((uint64_t[]){0}), bound);
    uint64_t lent[] = {WORLD_NOTIFICATION + 1};
    INVOKE(WORLD_SC + 5, seL4_SchedContextUnbind, ((uint64_t[]){0}), ((uint64_t[]){0}));
    INVOKE(WORLD_SC + 5, seL4_SchedContextBind, ((uint64_t[]){0}), lent);
    uint64_t handler[] = {WORLD_ENDPOINT + 6};
    INVOKE(WORLD_TCB + 1, seL4_TCBSetTimeoutEndpoint, ((uint64_t[]){0}), handler);
}

/* True for memory that boot gave away as an untyped and used for nothing itself. */
static bool is_untyped(paddr_t page)
{
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = root_slots[i].cap;
        if (cap_type(c) == CAP_UNTYPED && cap_bits(c) >= seL4_PageBits && round_down(page, cap_bits(c)) == cap_address(c)) {
            return true;
        }
    }
    return false;
}

void world_start(void)
{
    memset(&kernel, 0, sizeof kernel);
    memset(&sim, 0, sizeof sim);
    memset(sim_ram, 0, sizeof sim_ram);
    for (size_t i = 0; i < sizeof sim_kernel_code; i++) {
        sim_kernel_code[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    memcpy(sim_ram, sim_kernel_code, sizeof sim_kernel_code);
    sim.deadline = UINT64_MAX;
    sim.time = 1000000;
    sim.fast_paths = true;
    struct boot_input in = {
        .root_image = {SIM_RAM_START + 0x20000, SIM_RAM_START + 0x22000},
        .physical_minus_virtual = SIM_RAM_START + 0x20000 - 0x400000,
        .entry = 0x400000,
        .device_tree = {SIM_RAM_START + 0x10000, SIM_RAM_START + 0x10400},
        .kernel_image = {SIM_RAM_START, SIM_RAM_START + SIM_KERNEL_BYTES},
        .kernel_code = {SIM_RAM_START, SIM_RAM_START + SIM_KERNEL_CODE_BYTES},
        .ram = {SIM_RAM_START, SIM_RAM_START + SIM_RAM_BYTES},
        .physical_bits = 36,
        .timer_irq = SIM_TIMER_IRQ,
    };
    if (!boot_make_root_task(&in)) {
        fprintf(stderr, "world: the kernel does not boot\n");
        abort();
    }
    root_slots = kptr(cap_address(kernel.current->slots[TCB_CSPACE].cap));
    for (size_t page = 0; page < sizeof sim_ram >> 12; page++) {
        sim.page_used[page] = !is_untyped(SIM_RAM_START + (page << 12));
    }
    populate();
    world_check("start");
}

static void do_interrupt(const void *what)
{
    (void)what;
    enter_interrupt();
}

void world_interrupt(void)
{
    unsigned irq = 0;
    while (irq < IRQ_COUNT && (!sim.irq_pending[irq] || sim.irq_masked[irq])) {
        irq++;
    }
    if (irq < IRQ_COUNT && kernel.irq_state[irq] == IRQ_NOTIFY) {
        enter_both(do_interrupt, NULL, &world_compared.interrupts);
    } else {
        enter_interrupt();
    }
}

void world_wait(ticks_t ticks)
{
    sim_advance(ticks);
    while (arch_interrupt_is_pending()) {
        world_interrupt();
    }
}

/* ---- what tests do again and again ---------------------------------------------------------------------------------------- */

const uint64_t world_root_cnode[1] = {seL4_CapInitThreadCNode};

uint64_t world_resume(unsigned n)
{
    return world_invoke(WORLD_TCB + n, seL4_TCBResume, 0, world_root_cnode, 0, NULL);
}

uint64_t world_suspend(unsigned n)
{
    return world_invoke(WORLD_TCB + n, seL4_TCBSuspend, 0, world_root_cnode, 0, NULL);
}

uint64_t world_delete(uint64_t index)
{
    uint64_t words[] = {index, 64};
    return world_invoke(seL4_CapInitThreadCNode, seL4_CNodeDelete, 2, words, 0, NULL);
}

uint64_t world_copy(uint64_t from, uint64_t to)
{
    uint64_t words[] = {to, 64, from, 64, seL4_AllRights};
    return world_invoke(seL4_CapInitThreadCNode, seL4_CNodeCopy, 5, words, 1, world_root_cnode);
}

void world_root_receives(unsigned endpoint)
{
    struct world_call call = {.number = seL4_SysRecv, .cap = endpoint, .reply = WORLD_REPLY + 5};
    world_call(&call);
}

void world_root_waits(void)
{
    struct world_call call = {.number = seL4_SysWait, .cap = WORLD_NOTIFICATION};
    world_call(&call);
}

void world_wake_root(void)
{
    uint64_t none = 0;
    sim.irq_pending[32] = true;
    world_wait(1);
    if (kernel.current != world_root()) {
        fprintf(stderr, "world: the root does not wake\n");
        abort();
    }
    must(seL4_IRQAckIRQ, world_invoke(WORLD_HANDLER, seL4_IRQAckIRQ, 0, &none, 0, NULL));
}
