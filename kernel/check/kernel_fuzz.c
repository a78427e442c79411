/* SPDX-License-Identifier: MIT */
/**
 * Fuzzer: threads of a booted kernel do what the input says, mostly sensible things with some wrong words; every invariant is
 * checked after every step. An input reproduces exactly.
 */
#include <stdio.h>
#include <string.h>

#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/world.h"
#include "fuzz_input.h"

static uint64_t take64(struct input *in)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        v = v << 8 | take(in);
    }
    return v;
}

/* Words that mean something to some operation. */
static uint64_t take_word(struct input *in)
{
    static const uint64_t special[] = {0,      1,          2,          4,       5,      6,      7,       12,
                                       14,     64,         63,         21,      256,    255,    0x1000,  0x200000,
                                       0x400000, 0x40000000, 0x10000000, 0xfffff000, 10000,  20,     1000000, UINT64_MAX,
                                       1ull << 39, 1ull << 40, 0x401000, 26,      40,     3,      8,       100};
    uint8_t kind = take(in);
    if (kind < 128) {
        return special[kind % (sizeof special / sizeof special[0])];
    }
    if (kind < 240) {
        return take(in);
    }
    return take64(in);
}

/* Mostly a slot where the world put something, or where something was put since. */
static uint64_t take_cptr(struct input *in)
{
    static const uint8_t group[] = {seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, WORLD_UNTYPED, WORLD_TCB, WORLD_TCB,
                                    WORLD_SC, WORLD_SC, WORLD_REPLY, WORLD_ENDPOINT, WORLD_ENDPOINT, WORLD_NOTIFICATION,
                                    WORLD_NOTIFICATION, WORLD_CNODE, WORLD_FRAME, WORLD_TABLE, WORLD_VSPACE, WORLD_BUFFER,
                                    WORLD_FREE, WORLD_FREE, WORLD_VCPU};
    uint8_t kind = take(in);
    if (kind < 228) {
        return (uint64_t)group[kind % sizeof group] + kind / sizeof group;
    }
    return kind == 255 ? take64(in) : take(in);
}

/* A capability that the operation can use, two times out of three. */
static uint64_t take_extra(struct input *in, uint64_t label, unsigned which)
{
    static const struct {
        uint8_t label;
        uint8_t group[3];
    } wanted[] = {
        {seL4_UntypedRetype, {seL4_CapInitThreadCNode}},
        {seL4_TCBConfigure, {seL4_CapInitThreadCNode, seL4_CapInitThreadVSpace, WORLD_BUFFER}},
        {seL4_TCBSetPriority, {seL4_CapInitThreadTCB}},
        {seL4_TCBSetSchedParams, {seL4_CapInitThreadTCB, WORLD_SC, WORLD_ENDPOINT}},
        {seL4_TCBSetTimeoutEndpoint, {WORLD_ENDPOINT}},
        {seL4_TCBSetSpace, {WORLD_ENDPOINT, seL4_CapInitThreadCNode, seL4_CapInitThreadVSpace}},
        {seL4_TCBBindNotification, {WORLD_NOTIFICATION}},
        {seL4_CNodeCopy, {seL4_CapInitThreadCNode}},
        {seL4_CNodeMint, {seL4_CapInitThreadCNode}},
        {seL4_CNodeMove, {seL4_CapInitThreadCNode}},
        {seL4_CNodeMutate, {seL4_CapInitThreadCNode}},
        {seL4_CNodeRotate, {seL4_CapInitThreadCNode, seL4_CapInitThreadCNode}},
        {seL4_IRQIssueIRQHandler, {seL4_CapInitThreadCNode}},
        {seL4_IRQSetIRQHandler, {WORLD_NOTIFICATION}},
        {seL4_SchedControlConfigureFlags, {WORLD_SC}},
        {seL4_SchedContextBind, {WORLD_TCB}},
        {seL4_SchedContextUnbindObject, {WORLD_TCB}},
        {seL4_ARMPageTableMap, {seL4_CapInitThreadVSpace}},
        {seL4_ARMPageMap, {seL4_CapInitThreadVSpace}},
        {seL4_ARMASIDControlMakePool, {WORLD_UNTYPED, seL4_CapInitThreadCNode}},
        {seL4_ARMASIDPoolAssign, {WORLD_VSPACE}},
        {seL4_ARMVCPUSetTCB, {WORLD_TCB}},
    };
    uint8_t choice = take(in);
    for (size_t i = 0; choice < 170 && i < sizeof wanted / sizeof wanted[0]; i++) {
        if (wanted[i].label == label && wanted[i].group[which] != 0) {
            uint8_t base = wanted[i].group[which];
            return base < seL4_NumInitialCaps ? base : base + choice % 6u;
        }
    }
    return take_cptr(in);
}

/* A label that fits the capability three times out of four. */
static uint64_t take_label(struct input *in, uint64_t cptr)
{
    static const uint8_t range[][3] = {
        {CAP_UNTYPED, 1, 1},         {CAP_TCB, 2, 17},          {CAP_CNODE, 18, 25},      {CAP_IRQ_CONTROL, 26, 26}, {CAP_IRQ_CONTROL, 60, 61},
        {CAP_IRQ_HANDLER, 27, 29},   {CAP_DOMAIN, 30, 32},      {CAP_SCHED_CONTROL, 33, 33}, {CAP_SCHED_CONTEXT, 34, 38},
        {CAP_VSPACE, 39, 42},        {CAP_SMC, 43, 43},         {CAP_PAGE_TABLE, 44, 45}, {CAP_FRAME, 46, 52},
        {CAP_ASID_CONTROL, 53, 53},  {CAP_ASID_POOL, 54, 54},   {CAP_VCPU, 55, 59},
    };
    uint8_t choice = take(in);
    if (choice < 192 && cptr < WORLD_SLOTS) {
        for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
            bool another = i + 1 < sizeof range / sizeof range[0] && range[i + 1][0] == range[i][0];
            if (range[i][0] == cap_type(world_slot((unsigned)cptr)->cap) && (!another || choice % 2 == 0)) {
                return range[i][1] + choice % (range[i][2] - range[i][1] + 1u);
            }
        }
    }
    return choice % 64;
}

/* The root never blocks and is never stopped: it is there to act when all others wait. */
static bool is_root(void)
{
    return kernel.current == world_root();
}

static bool would_stop_root(const struct world_call *call)
{
    if (call->cap == seL4_CapInitThreadTCB) {
        return true;
    }
    bool ipc = call->cap < WORLD_SLOTS && (cap_type(world_slot((unsigned)call->cap)->cap) == CAP_ENDPOINT ||
                                           cap_type(world_slot((unsigned)call->cap)->cap) == CAP_NULL);
    return is_root() && (call->number != seL4_SysCall || ipc || call->cap >= WORLD_SLOTS);
}

static void do_call(struct input *in)
{
    uint8_t number = take(in);
    struct world_call call = {.number = number < 128 ? seL4_SysCall : -1 - number % 11, .cap = take_cptr(in), .reply = WORLD_REPLY + take(in) % 8u};
    uint8_t shape = take(in);
    uint64_t label = take_label(in, call.cap);
    unsigned words = (shape & 0x40) != 0 ? 7 : shape >> 2 & 7u;
    unsigned extras = (shape & 0x20) != 0 ? 3 : shape & 3u;
    call.info = seL4_MessageInfo_new(label, 0, extras, words);
    for (unsigned i = 0; i < words; i++) {
        call.word[i] = take_word(in);
    }
    if (label >= seL4_CNodeRevoke && label <= seL4_CNodeRotate && take(in) < 200) { /* addresses of slots that exist */
        call.word[0] = take_cptr(in);
        call.word[1] = 64;
        call.word[2] = take_cptr(in);
        call.word[3] = 64;
        call.word[4] |= seL4_AllRights;
    } else if (label == seL4_UntypedRetype && take(in) < 200) {
        call.word[0] %= seL4_ObjectTypeCount;
        call.word[2] = 0;
        call.word[3] = 0;
        call.word[4] = WORLD_FREE + call.word[4] % 64;
        call.word[5] = 1 + call.word[5] % 3;
    } else if (label == seL4_ARMPageMap && take(in) < 200) { /* where there is a table */
        extras = 1;
        call.info = seL4_MessageInfo_new(label, 0, extras, 3);
        call.word[0] = 0x400000 + call.word[0] % 16 * 4096;
    }
    if (label >= seL4_ARMVCPUInjectIRQ && label <= seL4_ARMVCPUAckVPPI && take(in) < 200) { /* what is in range */
        uint8_t choice = take(in);
        call.word[0] = label == seL4_ARMVCPUInjectIRQ ? choice | (uint64_t)(choice % SIM_VIRQS) << 32
                       : label == seL4_ARMVCPUAckVPPI ? ARCH_GUEST_TIMER_IRQ
                                                      : choice % seL4_VCPUReg_Num;
    }
    for (unsigned i = 0; i < extras; i++) {
        call.extra[i] = take_extra(in, label, i);
    }
    call.dest = call.number == seL4_SysNBSendRecv ? take_cptr(in) : 0;
    struct seL4_IPCBuffer *buffer = message_buffer(kernel.current, true);
    if (buffer != NULL && (shape & 0x80) != 0) {
        buffer->receiveCNode = seL4_CapInitThreadCNode;
        buffer->receiveIndex = WORLD_FREE + take(in) % 32u;
        buffer->receiveDepth = 64;
    }
    if (!would_stop_root(&call)) {
        world_call(&call);
    }
}

/* Threads talk: the right kinds of objects, so that they meet. */
static void do_ipc(struct input *in)
{
    static const int8_t numbers[] = {seL4_SysCall, seL4_SysCall,   seL4_SysSend, seL4_SysNBSend,     seL4_SysRecv,
                                     seL4_SysRecv, seL4_SysRecv,   seL4_SysWait, seL4_SysReplyRecv,  seL4_SysReplyRecv,
                                     seL4_SysWait, seL4_SysNBRecv, seL4_SysYield, seL4_SysNBSendRecv, seL4_SysNBSendWait};
    uint8_t choice = take(in);
    int64_t number = numbers[choice % sizeof numbers];
    bool notification = number == seL4_SysWait || (choice & 0x30) == 0;
    uint64_t cap = notification ? WORLD_NOTIFICATION + take(in) % 3u : WORLD_ENDPOINT + take(in) % 7u;
    uint8_t length = take(in);
    struct world_call call = {.number = number,
                              .cap = cap,
                              .info = seL4_MessageInfo_new(choice, 0, length >> 6, length & 7),
                              .extra = {take_cptr(in), WORLD_ENDPOINT + 4, WORLD_FRAME},
                              .reply = WORLD_REPLY + length % 6u,
                              .dest = WORLD_ENDPOINT + choice % 7u};
    if (number == seL4_SysNBSendWait) {
        call.cap = WORLD_NOTIFICATION + choice % 3u;
        call.reply = WORLD_ENDPOINT + length % 7u;
    }
    if (is_root()) {
        call.number = notification ? seL4_SysNBWait : choice % 2 == 0 ? seL4_SysNBSend : seL4_SysNBRecv;
        if (choice % 3 == 0) {
            call.number = seL4_SysNBSend; /* a signal, or a message that somebody waits for */
        }
    }
    world_call(&call);
}

/* Objects go away while they are in use. */
static void do_delete(struct input *in)
{
    uint8_t choice = take(in);
    struct world_call call = {.number = seL4_SysCall,
                              .cap = seL4_CapInitThreadCNode,
                              .info = seL4_MessageInfo_new(choice % 5 == 0 ? seL4_CNodeRevoke : seL4_CNodeDelete, 0, 0, 2),
                              .word = {take_cptr(in), 64}};
    if (call.word[0] >= seL4_NumInitialCaps) {
        world_call(&call);
    }
}

/* The root lets a stopped thread go on. */
static void do_resume(struct input *in)
{
    uint8_t n = take(in);
    struct world_call call = {.number = seL4_SysCall,
                              .cap = WORLD_TCB + n % WORLD_THREADS,
                              .info = seL4_MessageInfo_new(n < 128 ? seL4_TCBResume : seL4_TCBSuspend, 0, 0, 0)};
    world_call(&call);
}

/* ---- clients and servers, who meet all the time: for the fast paths ------------------------------------------------------ */

/* Thread 0 handles the faults of all, 2 and 4 are servers at endpoints of their own, the odd ones are clients. */
static void serve(struct input *in, unsigned n, uint8_t choice, struct world_call *call)
{
    call->number = choice < 24 ? seL4_SysRecv : seL4_SysReplyRecv;
    call->cap = n == 0 ? WORLD_ENDPOINT + 3 : WORLD_ENDPOINT + n / 2 - 1;
    struct seL4_IPCBuffer *buffer = message_buffer(kernel.current, true);
    if (buffer != NULL) {
        buffer->receiveCNode = seL4_CapInitThreadCNode;
        buffer->receiveIndex = WORLD_FREE + choice % 32u;
        buffer->receiveDepth = 64;
    }
    if (choice % 4 == 0 && n != 0) { /* two wait at one endpoint */
        call->cap = WORLD_ENDPOINT;
    }
    if (choice >= 240) { /* a server is a client as well */
        call->number = seL4_SysCall;
        call->cap = WORLD_ENDPOINT + take(in) % 2u;
    }
}

static void ask(struct input *in, uint8_t choice, struct world_call *call)
{
    static const uint8_t asked[] = {WORLD_ENDPOINT,     WORLD_ENDPOINT + 1, WORLD_ENDPOINT + 4,    WORLD_ENDPOINT + 5,
                                    WORLD_ENDPOINT + 1, WORLD_ENDPOINT + 4, WORLD_ENDPOINT_NO_SEND};
    call->number = choice < 170 ? seL4_SysCall : choice < 190 ? seL4_SysSend : seL4_SysNBSend;
    uint64_t signalled = choice % 8 < 4 ? WORLD_NOTIFICATION + choice % 4u : WORLD_NOTIFICATION_BADGED + choice % 2u;
    call->cap = choice < 190 ? asked[take(in) % sizeof asked] : signalled;
    if (choice >= 240) {
        call->number = seL4_SysYield;
    } else if (choice >= 224) {
        bool map = choice < 232;
        call->number = seL4_SysCall;
        call->cap = WORLD_FRAME + choice % 4u;
        call->info = seL4_MessageInfo_new(map ? seL4_ARMPageMap : seL4_ARMPageUnmap, 0, map, map ? 3 : 0);
        call->word[0] = 0x400000 + (2 + take(in) % 4u) * 4096;
        call->word[1] = seL4_AllRights;
        call->word[2] = 1;
        call->extra[0] = seL4_CapInitThreadVSpace;
    }
}

/* The root, when nobody else can run: contexts come and go, so that servers are passive or not. */
static void arrange(struct input *in, uint8_t choice, struct world_call *call)
{
    unsigned n = take(in) % WORLD_THREADS;
    uint64_t flag = seL4_TCBFlag_foreignSyscalls;
    *call = (struct world_call){.number = seL4_SysCall, .cap = WORLD_TCB + n};
    switch (choice % 8) {
    case 0:
        call->cap = WORLD_SC + n;
        call->info = seL4_MessageInfo_new(seL4_SchedContextUnbind, 0, 0, 0);
        break;
    case 1:
        call->cap = WORLD_SC + n;
        call->info = seL4_MessageInfo_new(seL4_SchedContextBind, 0, 1, 0);
        call->extra[0] = WORLD_TCB + n;
        break;
    case 2:
        call->info = seL4_MessageInfo_new(seL4_TCBSetPriority, 0, 1, 1);
        call->word[0] = 90 + choice % 64u;
        call->extra[0] = seL4_CapInitThreadTCB;
        break;
    case 3:
        call->info = seL4_MessageInfo_new(seL4_TCBSetFlags, 0, 0, 2);
        call->word[choice < 192 && n % 2 != 0] = flag;
        break;
    case 4: /* the context of the notification that thread 4 is bound to */
        call->cap = WORLD_SC + 5;
        call->info = seL4_MessageInfo_new(choice < 80 ? seL4_SchedContextUnbind : seL4_SchedContextBind, 0, 1, 0);
        call->extra[0] = WORLD_NOTIFICATION + 2;
        break;
    case 5: /* clients and servers become guests, and none again */
        call->cap = WORLD_VCPU + choice / 8 % 3u;
        call->info = seL4_MessageInfo_new(seL4_ARMVCPUSetTCB, 0, 1, 0);
        call->extra[0] = WORLD_TCB + n;
        break;
    default:
        call->info = seL4_MessageInfo_new(choice < 224 ? seL4_TCBResume : seL4_TCBSuspend, 0, 0, 0);
        break;
    }
}

static void talk(struct input *in)
{
    unsigned n = 0;
    while (n < WORLD_THREADS && kernel.current != world_thread(n)) {
        n++;
    }
    uint8_t choice = take(in);
    uint8_t shape = take(in);
    struct world_call call = {.reply = WORLD_REPLY + n,
                              .info = seL4_MessageInfo_new(shape >= 192 ? choice : 0, 0, shape % 16 == 0, shape % 9),
                              .word = {choice, shape, n, 3, 4, 5, 6, 7},
                              .extra = {shape % 32 == 0 ? WORLD_ENDPOINT + 4 : WORLD_FRAME},
                              .dest = shape};
    if (n == WORLD_THREADS) {
        arrange(in, choice, &call);
    } else if (n % 2 == 0) {
        serve(in, n, choice, &call);
    } else if (shape % 8 == 1) {
        world_fault(choice, shape >= 128);
        return;
    } else {
        ask(in, choice, &call);
    }
    world_call(&call);
}

/* The running guest sets its registers and its timer, takes a virtual interrupt, ends one, waits for one. */
static void act_as_guest(struct input *in)
{
    uint8_t choice = take(in);
    unsigned index = choice / 8 % SIM_VIRQS;
    switch (choice % 8) {
    case 0:
        kernel.current->regs.fault_pc = kernel.current->regs.pc;
        enter_trap(0x7e00000);
        break;
    case 1:
    case 2:
        sim_guest_takes(index);
        break;
    case 3:
    case 4:
        sim_guest_ends(index);
        break;
    case 5:
        sim.guest.regs[seL4_VCPUReg_CNTV_CVAL] = sim.time + choice * 64u;
        sim.guest.regs[seL4_VCPUReg_CNTV_CTL] = choice / 8 % 4;
        break;
    default:
        sim.guest.regs[choice % seL4_VCPUReg_CNTV_CTL] = take64(in);
        break;
    }
}

static void step(struct input *in, bool talking)
{
    uint8_t what = take(in);
    if (kernel.current == &kernel.idle_tcb) {
        if (sim.deadline > sim.time && sim.deadline - sim.time < 1ull << 40) {
            world_wait(sim.deadline - sim.time);
        } else {
            sim.irq_pending[32 + what % 32] = true;
            world_wait(1000);
        }
        return;
    }
    sim_advance((ticks_t)(what & 15) * 211);
    if ((what & 0x10) != 0 && (!talking || what >= 224)) {
        sim.irq_pending[32 + take(in) % 32] = true;
        kernel.work_units = 99; /* the next preemption point looks */
    } else if (arch_interrupt_is_pending()) {
        world_interrupt();
        return;
    }
    if (kernel.vcpu_entered != NULL && (what & 3) == 1) {
        act_as_guest(in);
        return;
    }
    if (talking) {
        talk(in);
        return;
    }
    if (is_root() && (what & 3) == 0) {
        do_resume(in);
        return;
    }
    switch (what >> 5) {
    case 0:
        if ((what & 15) != 3 || is_root()) {
            do_ipc(in);
        } else {
            world_fault(take_word(in), take(in) % 2 != 0);
        }
        break;
    case 1:
        world_wait((ticks_t)take(in) * 4096);
        break;
    case 2:
    case 3:
    case 4:
        do_ipc(in);
        break;
    case 5:
        if ((what & 15) == 0) { /* rarely: what is gone is gone for the rest of the run */
            do_delete(in);
            break;
        }
        do_call(in);
        break;
    default:
        do_call(in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, len};
    bool talking = take(&in) % 2 != 0;
    world_start();
    /* Threads run from the start: the root lets them. */
    for (unsigned n = 0; n < WORLD_THREADS; n++) {
        struct world_call resume = {.number = seL4_SysCall, .cap = WORLD_TCB + n, .info = seL4_MessageInfo_new(seL4_TCBResume, 0, 0, 0)};
        world_call(&resume);
    }
    struct world_call step_down = {.number = seL4_SysCall,
                                   .cap = seL4_CapInitThreadTCB,
                                   .info = seL4_MessageInfo_new(seL4_TCBSetPriority, 0, 1, 1),
                                   .word = {10},
                                   .extra = {seL4_CapInitThreadTCB}};
    world_call(&step_down);
    enum { STEPS_MAX = 400 };
    for (unsigned i = 0; i < STEPS_MAX && in.left != 0; i++) {
        step(&in, talking);
        world_check("a step");
        world_steps++;
    }
    return 0;
}
