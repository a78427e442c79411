/* SPDX-License-Identifier: MIT */
/** Faults: what their messages say and what answers do. Source: seL4 manual section 6.2; docs/spec/kernel-abi.md section 3. */
#include "conf.h"

enum { ABOVE = ROOT_PRIORITY + 10, NUMBER = 0x42 };

#define NOWHERE (1ull << 40 | 5) /**< the root's guard differs */

/* ---- capability faults -------------------------------------------------------------------------------------------------------- */

static void sends(struct worker *w)
{
    const struct message m = {0};
    sys_send(w->argument[0], &m);
    w->step = 1;
}

static void calls(struct worker *w)
{
    sys_call(w->argument[0], &w->message);
    w->step = 1;
}

static void receives(struct worker *w)
{
    sys_recv(w->argument[0], w->argument[1], &w->message);
    w->step = 1;
}

static void receives_nb(struct worker *w)
{
    sys_nb_recv(w->argument[0], w->argument[1], &w->message);
    w->step = 1;
}

static void waits(struct worker *w)
{
    (void)sys_wait(w->argument[0]);
    w->step = 1;
}

static struct worker *run(void (*function)(struct worker *), uint64_t cap, uint64_t reply)
{
    struct worker *w = worker_new(function, ABOVE);
    w->argument[0] = cap;
    w->argument[1] = reply;
    worker_start(w);
    return w;
}

/* The fault's words are: pc, address, phase, and `failure`. */
static bool cap_fault(const struct worker *w, uint64_t address, bool in_receive, struct words failure)
{
    struct message m = {0};
    bool good = same(w->step, 0, "steps") && take_fault(seL4_Fault_CapFault, &m);
    good = good && same(m.word[seL4_CapFault_Addr], address, "address") && same(m.word[seL4_CapFault_InRecvPhase], in_receive, "phase") &&
           same(seL4_MessageInfo_length(m.info), 3 + failure.count, "length") && same(*(const uint32_t *)m.word[seL4_CapFault_IP], 0xd4000001, "instruction at the pc");
    for (unsigned i = 0; i < failure.count && good; i++) {
        good = same(i == 0 ? m.word[3] : ipc_buffer->msg[3 + i], failure.at[i], "lookup failure");
    }
    return good;
}

static bool send_nowhere(void)
{
    return cap_fault(run(sends, NOWHERE, 0), NOWHERE, false, WORDS(seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS));
}

static bool call_nowhere(void)
{
    return cap_fault(run(calls, NOWHERE, 0), NOWHERE, false, WORDS(seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS));
}

static bool recv_nowhere(void)
{
    return cap_fault(run(receives, NOWHERE, REPLY_2), NOWHERE, true, WORDS(seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS));
}

static bool recv_empty(void)
{
    return cap_fault(run(receives, EMPTY, REPLY_2), EMPTY, true, WORDS(seL4_MissingCapability, 0));
}

static bool recv_without_right(void)
{
    return cap_fault(run(receives, ENDPOINT_NO_READ, REPLY_2), ENDPOINT_NO_READ, true, WORDS(seL4_MissingCapability, 0));
}

static bool recv_of_other(void)
{
    return cap_fault(run(receives, FRAME, REPLY_2), FRAME, true, WORDS(seL4_MissingCapability, 0));
}

static bool nb_recv_empty(void)
{
    return cap_fault(run(receives_nb, EMPTY, REPLY_2), EMPTY, true, WORDS(seL4_MissingCapability, 0));
}

static bool wait_without_right(void)
{
    return cap_fault(run(waits, NOTIFICATION_NO_READ, 0), NOTIFICATION_NO_READ, true, WORDS(seL4_MissingCapability, 0));
}

static bool wait_of_bound(void)
{
    return cap_fault(run(waits, NOTIFICATION_BOUND, 0), NOTIFICATION_BOUND, true, WORDS(seL4_MissingCapability, 0));
}

static bool reply_empty(void)
{
    return cap_fault(run(receives, ENDPOINT, EMPTY), EMPTY, true, WORDS(seL4_MissingCapability, 0));
}

static bool reply_of_other(void)
{
    return cap_fault(run(receives, ENDPOINT, FRAME), FRAME, true, WORDS(seL4_MissingCapability, 0));
}

static bool reply_nowhere(void)
{
    return cap_fault(run(receives, ENDPOINT, NOWHERE), NOWHERE, true, WORDS(seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS));
}

/* A space of 4 bits behind a guard of 56: 4 bits of an address are left when it is used up. */
static bool depth_mismatch(void)
{
    struct worker *w = worker_new(sends, ABOVE);
    uint64_t node = make(seL4_CapTableObject, 4);
    bool good = works(call(node, seL4_CNodeMint, WORDS(2, 4, CNODE_NEW, 64, 15, 1), CAPS(OWN_CNODE))) && /* guard 0 of 1 bit: 5 bits */
                works(call(w->tcb, seL4_TCBSetSpace, WORDS(56, 0), CAPS(faults(), node, OWN_VSPACE)));
    w->argument[0] = 0x23;
    worker_start(w);
    return good && cap_fault(w, 0x23, false, WORDS(seL4_DepthMismatch, 4, 5));
}

static bool empty_root(void)
{
    struct worker *w = worker_new(sends, ABOVE);
    uint64_t node = make(seL4_CapTableObject, 4);
    bool good = works(call(w->tcb, seL4_TCBSetSpace, WORDS(60, 0), CAPS(faults(), node, OWN_VSPACE))) &&
                works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(node, 64), NO_CAPS));
    w->argument[0] = ENDPOINT;
    worker_start(w);
    return good && cap_fault(w, ENDPOINT, false, WORDS(seL4_InvalidRoot));
}

/* The answer makes it call again: meanwhile there is something. */
static bool cap_fault_answer(void)
{
    struct worker *w = run(waits, FREE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_CapFault, &m) && works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(FREE, 64, NOTIFICATION, 64, 15), CAPS(OWN_CNODE)));
    sys_signal(NOTIFICATION);
    m = (struct message){0};
    sys_send(REPLY, &m);
    return good && same(w->step, 1, "steps");
}

/* ---- unknown system calls ----------------------------------------------------------------------------------------------------------- */

/* x0 to x7 are 0x10 to 0x16 and the number. */
static void calls_unknown(struct worker *w)
{
    register uint64_t x0 __asm__("x0") = 0x10;
    register uint64_t x1 __asm__("x1") = 0x11;
    register uint64_t x2 __asm__("x2") = 0x12;
    register uint64_t x3 __asm__("x3") = 0x13;
    register uint64_t x4 __asm__("x4") = 0x14;
    register uint64_t x5 __asm__("x5") = 0x15;
    register uint64_t x6 __asm__("x6") = 0x16;
    register uint64_t x7 __asm__("x7") = NUMBER;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "memory");
    const uint64_t got[] = {x0, x1, x2, x3, x4, x5, x6, x7};
    for (unsigned i = 0; i < 8; i++) {
        w->note[i] = got[i];
    }
    w->step = 1;
}

static uint64_t word_of(const struct message *m, unsigned i)
{
    return i < seL4_FastMessageRegisters ? m->word[i] : ipc_buffer->msg[i];
}

static bool unknown_words(void)
{
    struct worker *w = worker_run(calls_unknown, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UnknownSyscall, &m) && same(seL4_MessageInfo_length(m.info), seL4_UnknownSyscall_Length, "length");
    for (unsigned i = 0; i < 7; i++) {
        good = good && same(word_of(&m, i), 0x10 + i, "a register");
    }
    uint64_t ip = word_of(&m, seL4_UnknownSyscall_FaultIP);
    uint64_t sp = word_of(&m, seL4_UnknownSyscall_SP);
    return good && same(word_of(&m, 7), NUMBER, "x7") && same(*(const uint32_t *)ip, 0xd4000001, "instruction at the pc") &&
           check(sp < w->stack_top && sp > w->stack_top - 4096, "stack pointer") && same(word_of(&m, seL4_UnknownSyscall_LR), ip + 4, "next instruction") &&
           same(word_of(&m, seL4_UnknownSyscall_SPSR) & 0xf, 0, "mode") && same(word_of(&m, seL4_UnknownSyscall_Syscall), NUMBER, "number");
}

/* Answers with the words of the fault, of which x0 to x7 are changed and the pc is moved on. */
static bool unknown_answer(void)
{
    struct worker *w = worker_run(calls_unknown, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UnknownSyscall, &m);
    m.info = message_info(0, seL4_UnknownSyscall_SPSR + 1);
    for (unsigned i = 0; i < 8; i++) {
        *(i < seL4_FastMessageRegisters ? &m.word[i] : &ipc_buffer->msg[i]) = 0x20 + i;
    }
    ipc_buffer->msg[seL4_UnknownSyscall_FaultIP] += 4;
    sys_send(REPLY, &m);
    good = good && same(w->step, 1, "steps");
    for (unsigned i = 0; i < 8; i++) {
        good = good && same(w->note[i], 0x20 + i, "a register");
    }
    return good;
}

static bool unknown_short_answer(void)
{
    struct worker *w = worker_run(calls_unknown, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UnknownSyscall, &m);
    m = (struct message){.info = message_info(0, 2), .word = {0x20, 0x21}};
    sys_send(REPLY, &m); /* the same call again */
    good = good && same(w->step, 0, "steps") && take_fault(seL4_Fault_UnknownSyscall, &m);
    return good && same(m.word[0], 0x20, "x0") && same(m.word[1], 0x21, "x1") && same(m.word[2], 0x12, "x2");
}

static bool unknown_label(void)
{
    struct worker *w = worker_run(calls_unknown, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UnknownSyscall, &m);
    m.info = message_info(1, 0);
    sys_send(REPLY, &m);
    sys_nb_recv(faults(), REPLY, &m);
    return good && same(w->step, 0, "steps") && same(m.info, 0, "faults");
}

static void calls_numbers(struct worker *w)
{
    struct message m = {0};
    system_call((int64_t)w->argument[0], EMPTY, 0, 0, &m);
    w->step = 1;
}

static bool unknown_numbers(void)
{
    static const int64_t numbers[] = {0, 1, -12, -13, -14, -17, -25, -33, INT64_MIN, INT64_MAX};
    struct worker *w = worker_new(calls_numbers, ABOVE);
    struct message m = {0};
    bool good = true;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        w->argument[0] = (uint64_t)numbers[i];
        (void)call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS);
        worker_start(w);
        good = good && take_fault(seL4_Fault_UnknownSyscall, &m) && same(ipc_buffer->msg[seL4_UnknownSyscall_Syscall], (uint64_t)numbers[i], "number");
    }
    return good;
}

/* ---- exceptions, memory, traps --------------------------------------------------------------------------------------------------------- */

static void runs_undefined(struct worker *w)
{
    __asm__ volatile("udf #0" : : : "memory");
    w->step = 1;
}

static bool exception_words(void)
{
    struct worker *w = worker_run(runs_undefined, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UserException, &m) && same(seL4_MessageInfo_length(m.info), seL4_UserException_Length, "length") &&
                same(*(const uint32_t *)m.word[seL4_UserException_FaultIP], 0, "instruction at the pc") &&
                check(m.word[seL4_UserException_SP] < w->stack_top, "stack pointer") && same(m.word[seL4_UserException_SPSR] & 0xf, 0, "mode");
    good = good && same(m.word[seL4_UserException_Number], 0x2000000, "number") && same(ipc_buffer->msg[seL4_UserException_Code], 0, "code");
    m.info = message_info(0, 1);
    m.word[0] += 4;
    sys_send(REPLY, &m);
    return good && same(w->step, 1, "steps");
}

static bool exception_label(void)
{
    struct worker *w = worker_run(runs_undefined, ABOVE, 0);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_UserException, &m);
    m.info = message_info(1, 0);
    sys_send(REPLY, &m);
    return good && same(w->step, 0, "steps");
}

static void reads(struct worker *w)
{
    w->note[0] = *(volatile uint64_t *)w->argument[0];
    w->step = 1;
}

static void writes(struct worker *w)
{
    *(volatile uint64_t *)w->argument[0] = 7;
    w->step = 1;
}

static void jumps(struct worker *w)
{
    ((void (*)(void))w->argument[0])();
    w->step = 1;
}

/* The classes of ESR_EL2 that tell instruction and data aborts of a lower level; the low bits are the status. */
static bool memory_fault(void (*function)(struct worker *), uint64_t address, uint64_t class, uint64_t status)
{
    struct worker *w = worker_run(function, ABOVE, address);
    struct message m = {0};
    return same(w->step, 0, "steps") && take_fault(seL4_Fault_VMFault, &m) && same(seL4_MessageInfo_length(m.info), seL4_VMFault_Length, "length") &&
           same(m.word[seL4_VMFault_Addr], address, "address") && same(m.word[seL4_VMFault_PrefetchFault], class == 0x20, "instruction fetch") &&
           same(m.word[seL4_VMFault_FSR] >> 26, class, "class") && same(m.word[seL4_VMFault_FSR] & 0x7f, status, "status") &&
           check(class == 0x20 ? m.word[seL4_VMFault_IP] == address : m.word[seL4_VMFault_IP] != address, "pc");
}

static bool memory_read(void)
{
    return memory_fault(reads, FREE_ADDR + 8, 0x24, 7);
}

static bool memory_write(void)
{
    return memory_fault(writes, FREE_ADDR + 8, 0x24, 0x47);
}

static bool memory_fetch(void)
{
    return memory_fault(jumps, FREE_ADDR + 8, 0x20, 7);
}

static bool memory_no_tables(void)
{
    return memory_fault(reads, NO_DIRECTORY, 0x24, 5);
}

static bool memory_permission(void)
{
    return works(call(FRAME_MAPPED, seL4_ARMPageMap, WORDS(MAPPED, seL4_CanRead, 0), CAPS(OWN_VSPACE))) && memory_fault(writes, MAPPED, 0x24, 0x4f);
}

static bool memory_answer(void)
{
    struct worker *w = worker_run(reads, ABOVE, FREE_ADDR);
    struct message m = {0};
    bool good = take_fault(seL4_Fault_VMFault, &m) && works(call(FRAME, seL4_ARMPageMap, WORDS(FREE_ADDR, seL4_CanRead | seL4_CanWrite, 3), CAPS(OWN_VSPACE)));
    *(volatile uint64_t *)FREE_ADDR = 99;
    m = (struct message){.info = message_info(5, 3)}; /* neither label nor words matter */
    sys_send(REPLY, &m);
    return good && same(w->step, 1, "steps") && same(w->note[0], 99, "what was read");
}

static void traps(struct worker *w)
{
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    w->note[0] = value;
    w->step = 1;
}

/* The class of a trapped access to a system register is 0x18. */
static bool trap_words(void)
{
    struct worker *w = worker_run(traps, ABOVE, 0);
    struct message m = {0};
    return same(w->step, 0, "steps") && take_fault(seL4_Fault_VCPUFault, &m) && same(seL4_MessageInfo_length(m.info), 1, "length") &&
           same(m.word[0] >> 26, 0x18, "class of the syndrome");
}

static bool trap_answer(void)
{
    struct worker *w = worker_run(traps, ABOVE, 0);
    struct message m = {0};
    struct seL4_UserContext c;
    bool good = take_fault(seL4_Fault_VCPUFault, &m) && tcb_read_registers(w->tcb, false, &c) == seL4_NoError;
    m = (struct message){.info = message_info(3, 0)}; /* the label does not matter: the instruction is executed again */
    sys_send(REPLY, &m);
    good = good && same(w->step, 0, "steps") && take_fault(seL4_Fault_VCPUFault, &m);
    c.pc += 4;
    return good && tcb_write_registers(w->tcb, true, &c) == seL4_NoError && same(w->step, 1, "steps behind the instruction");
}

static void reads_feature(struct worker *w)
{
    uint64_t value;
    __asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(value));
    w->note[0] = value;
    w->step = 1;
}

static bool exception_of_register(void)
{
    struct worker *w = worker_run(reads_feature, ABOVE, 0);
    struct message m = {0};
    return same(w->step, 0, "steps") && take_fault(seL4_Fault_UserException, &m) && same(*(const uint32_t *)m.word[0] >> 20, 0xd53, "instruction at the pc");
}

static void pauses(struct worker *w)
{
    uint64_t cache_type;
    __asm__ volatile("wfi\n\twfe\n\twfe\n\tmrs %0, ctr_el0" : "=r"(cache_type) : : "memory");
    w->note[0] = cache_type;
    w->step = 1;
}

static bool may_pause(void)
{
    struct worker *w = worker_run(pauses, ABOVE, 0);
    sleep_us(20000);
    return same(w->step, 1, "steps");
}

/* ---- handlers ----------------------------------------------------------------------------------------------------------------------- */

static bool no_handler(void)
{
    struct worker *w = worker_new(runs_undefined, ABOVE);
    struct message m = {0};
    bool good = works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(EMPTY, OWN_CNODE, OWN_VSPACE)));
    worker_start(w);
    sys_nb_recv(faults(), REPLY, &m);
    return good && same(w->step, 0, "steps") && same(m.info, 0, "faults");
}

static bool handler_badge(void)
{
    struct worker *w = worker_new(runs_undefined, ABOVE);
    struct message m = {0};
    bool good = works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(ENDPOINT_BADGED, OWN_CNODE, OWN_VSPACE)));
    worker_start(w);
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return good && same(m.badge, BADGE, "badge") && same(seL4_MessageInfo_label(m.info), seL4_Fault_UserException, "label");
}

static bool handler_deleted(void)
{
    struct worker *w = worker_new(runs_undefined, ABOVE);
    bool good = works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(ENDPOINT_BADGED, OWN_CNODE, OWN_VSPACE))) &&
                works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(ENDPOINT, 64), NO_CAPS));
    worker_start(w);
    struct message m = {0};
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return good && same(w->step, 0, "steps") && same(m.info, 0, "faults");
}

static bool suspend_forgets_fault(void)
{
    struct worker *w = worker_run(runs_undefined, ABOVE, 0);
    struct message m = {0};
    bool good = works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
    sys_nb_recv(faults(), REPLY, &m);
    good = good && same(m.info, 0, "faults of a suspended thread") && works(call(w->tcb, seL4_TCBResume, NO_WORDS, NO_CAPS));
    return good && take_fault(seL4_Fault_UserException, &m);
}

static const struct row rows[] = {
    {"Capability fault", "GuardMismatch", "Send to nowhere", send_nowhere},
    {"Capability fault", "GuardMismatch", "Call to nowhere", call_nowhere},
    {"Capability fault", "GuardMismatch", "Recv from nowhere", recv_nowhere},
    {"Capability fault", "MissingCapability", "Recv from an empty slot", recv_empty},
    {"Capability fault", "MissingCapability", "Recv without the right", recv_without_right},
    {"Capability fault", "MissingCapability", "Recv from another object", recv_of_other},
    {"Capability fault", "MissingCapability", "NBRecv from an empty slot", nb_recv_empty},
    {"Capability fault", "MissingCapability", "Wait without the right", wait_without_right},
    {"Capability fault", "MissingCapability", "Wait for another thread's bound notification", wait_of_bound},
    {"Capability fault", "MissingCapability", "Recv with an empty slot as reply", reply_empty},
    {"Capability fault", "MissingCapability", "Recv with another object as reply", reply_of_other},
    {"Capability fault", "GuardMismatch", "Recv with a reply from nowhere", reply_nowhere},
    {"Capability fault", "DepthMismatch", "a CNode has more bits than are left", depth_mismatch},
    {"Capability fault", "InvalidRoot", "the thread's space is gone", empty_root},
    {"Capability fault", "works", "the answer makes the call again", cap_fault_answer},
    {"Unknown system call fault", "works", "its 13 words", unknown_words},
    {"Unknown system call fault", "works", "the answer sets 12 registers", unknown_answer},
    {"Unknown system call fault", "works", "a short answer sets the first", unknown_short_answer},
    {"Unknown system call fault", "works", "a label leaves the thread stopped", unknown_label},
    {"Unknown system call fault", "works", "numbers of debugging and others", unknown_numbers},
    {"User exception fault", "works", "its 5 words; the answer moves on", exception_words},
    {"User exception fault", "works", "a label leaves the thread stopped", exception_label},
    {"User exception fault", "works", "a register that user level does not have", exception_of_register},
    {"Memory fault", "works", "read, not mapped", memory_read},
    {"Memory fault", "works", "write, not mapped", memory_write},
    {"Memory fault", "works", "fetch, not mapped", memory_fetch},
    {"Memory fault", "works", "no tables", memory_no_tables},
    {"Memory fault", "works", "write, only readable", memory_permission},
    {"Memory fault", "works", "the answer makes the access again, whatever it says", memory_answer},
    {"VCPU fault", "works", "a trap of a thread without VCPU: its syndrome", trap_words},
    {"VCPU fault", "works", "the answer executes the instruction again", trap_answer},
    {"No fault", "works", "wfi, wfe and the cache type register", may_pause},
    {"Fault handler", "works", "none: the thread stops", no_handler},
    {"Fault handler", "works", "the badge of its capability arrives", handler_badge},
    {"Fault handler", "works", "a revoked one is none", handler_deleted},
    {"Fault handler", "works", "suspending forgets the fault, resuming makes it again", suspend_forgets_fault},
};

void fault_rows(void)
{
    run_rows(rows, ARRAY_LEN(rows));
}
