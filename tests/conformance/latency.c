/* SPDX-License-Identifier: MIT */
/**
 * How late an interrupt is taken while the kernel does something long: the largest delay, in instructions under -icount shift=0,
 * between the time for which an alarm was set and the first instruction of the thread that waits for it. The alarm rings again and again at
 * odd distances while the operation goes on. The first line is what it is when user level runs.
 */
#include "conf.h"

enum {
    ABOVE = ROOT_PRIORITY + 10,
    INSTRUCTIONS_PER_TICK = 16,
    ROUNDS = 6,
    LEAST_TICKS = 12, /* between two alarms: 0.2 us, and up to 65 us more; short distances as often as long ones */
    COPIES = 4096,
    SENDERS = 128,
    SPACES = 512,
};

/* ---- the alarm -------------------------------------------------------------------------------------------------------------------- */

static struct {
    volatile bool armed;
    volatile uint64_t latest_ticks;
    volatile uint64_t due;
    uint64_t random;
} alarm;

static uint64_t next_distance(void)
{
    alarm.random = alarm.random * 6364136223846793005ull + 1442695040888963407ull;
    return LEAST_TICKS + (alarm.random >> 52 >> (alarm.random >> 40) % 8);
}

static void rings(struct worker *w)
{
    for (;;) {
        (void)sys_wait(NOTIFICATION_2);
        uint64_t late = ticks() - alarm.due;
        if (alarm.armed) {
            alarm.latest_ticks = late > alarm.latest_ticks ? late : alarm.latest_ticks;
            w->step++;
        }
        alarm.due = ticks() + next_distance();
        alarm_set(alarm.armed ? alarm.due : UINT64_MAX);
        struct message ack = {.info = message_info(seL4_IRQAckIRQ, 0)};
        sys_call(HANDLER, &ack);
    }
}

static void arm(void)
{
    alarm.armed = true;
    alarm.due = ticks() + next_distance();
    alarm_set(alarm.due);
}

static void disarm(void)
{
    alarm.armed = false;
    alarm_clear();
}

/* The operation itself; what prepares it is not looked at. */
static void measure(uint64_t cap, uint64_t label, struct words words, struct caps caps)
{
    arm();
    struct answer a = call(cap, label, words, caps);
    disarm();
    if (seL4_MessageInfo_label(a.info) != seL4_NoError) {
        give_up("latency: %s is refused: error %llu", conf_name(label), (unsigned long long)seL4_MessageInfo_label(a.info));
    }
}

static void must(struct answer a)
{
    if (seL4_MessageInfo_label(a.info) != seL4_NoError) {
        give_up("latency: preparing fails: error %llu", (unsigned long long)seL4_MessageInfo_label(a.info));
    }
}

static void delete(uint64_t slot)
{
    measure(OWN_CNODE, seL4_CNodeDelete, WORDS(slot, 64), NO_CAPS);
}

static void revoke(uint64_t slot)
{
    measure(OWN_CNODE, seL4_CNodeRevoke, WORDS(slot, 64), NO_CAPS);
}

/* ---- operations -------------------------------------------------------------------------------------------------------------------- */

static void nothing(void)
{
    arm();
    for (uint64_t until = ticks() + ticks_of_us(2000); ticks() < until;) {
        linger();
    }
    disarm();
}

static void copy_to_new_slots(uint64_t from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        must(call(OWN_CNODE, seL4_CNodeCopy, WORDS(new_slot(), 64, from, 64, seL4_AllRights), CAPS(OWN_CNODE)));
    }
}

static void revoke_copies(void)
{
    copy_to_new_slots(NOTIFICATION, COPIES);
    revoke(NOTIFICATION);
}

static void revoke_objects(void)
{
    uint64_t untyped = make(seL4_UntypedObject, 22);
    for (unsigned i = 0; i < 256; i++) {
        must(call(untyped, seL4_UntypedRetype, WORDS(seL4_TCBObject, 0, 0, 0, new_slot(), 1), CAPS(OWN_CNODE)));
        must(call(untyped, seL4_UntypedRetype, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, new_slot(), 1), CAPS(OWN_CNODE)));
    }
    revoke(untyped);
}

static uint64_t used_untyped(unsigned bits, uint64_t type, uint64_t object_bits)
{
    uint64_t untyped = make(seL4_UntypedObject, bits);
    for (unsigned i = 0; i < 1u << (bits - object_bits); i++) {
        must(call(untyped, seL4_UntypedRetype, WORDS(type, 0, 0, 0, new_slot(), 1), CAPS(OWN_CNODE)));
    }
    must(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(untyped, 64), NO_CAPS));
    return untyped;
}

static void reset_untyped(void)
{
    uint64_t untyped = used_untyped(24, seL4_ARM_LargePageObject, seL4_LargePageBits);
    measure(untyped, seL4_UntypedRetype, WORDS(seL4_EndpointObject, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE));
}

static void retype_large_frame(void)
{
    uint64_t untyped = make(seL4_UntypedObject, 22);
    measure(untyped, seL4_UntypedRetype, WORDS(seL4_ARM_LargePageObject, 0, 0, 0, FREE, 1), CAPS(OWN_CNODE));
}

static void retype_frames(void)
{
    uint64_t untyped = make(seL4_UntypedObject, 21);
    measure(untyped, seL4_UntypedRetype, WORDS(seL4_ARM_SmallPageObject, 0, 0, 0, ROW_SLOTS + 100, 256), CAPS(OWN_CNODE));
    for (unsigned i = 0; i < 400; i++) {
        (void)new_slot(); /* so that they are deleted */
    }
}

static void retype_node(void)
{
    uint64_t untyped = make(seL4_UntypedObject, 22);
    measure(untyped, seL4_UntypedRetype, WORDS(seL4_CapTableObject, 16, 0, 0, FREE, 1), CAPS(OWN_CNODE));
}

static void delete_empty_node(void)
{
    delete(make(seL4_CapTableObject, 16));
}

static void delete_full_node(void)
{
    uint64_t node = make(seL4_CapTableObject, 12);
    for (unsigned i = 0; i < 1 << 12; i++) {
        must(call(node, seL4_CNodeCopy, WORDS(i, 12, NOTIFICATION, 64, seL4_AllRights), CAPS(OWN_CNODE)));
    }
    delete(node);
}

/* Page tables with 512 pages. */
static uint64_t full_table(uint64_t space)
{
    uint64_t first = make(seL4_ARM_PageTableObject, 0);
    uint64_t table = make(seL4_ARM_PageTableObject, 0);
    must(call(first, seL4_ARMPageTableMap, WORDS(0, 0), CAPS(space)));
    must(call(table, seL4_ARMPageTableMap, WORDS(0, 0), CAPS(space)));
    for (uint64_t i = 0; i < 512; i++) {
        must(call(make(seL4_ARM_SmallPageObject, 0), seL4_ARMPageMap, WORDS(i << 12, seL4_CanRead, 0), CAPS(space)));
    }
    return table;
}

static void delete_table(void)
{
    delete(full_table(VSPACE));
}

static void unmap_table(void)
{
    measure(full_table(VSPACE), seL4_ARMPageTableUnmap, NO_WORDS, NO_CAPS);
}

static void delete_space(void)
{
    (void)full_table(VSPACE);
    delete(VSPACE);
}

static uint64_t full_pool(void)
{
    must(call(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, WORDS(FREE, 64), CAPS(UNTYPED_PAGE, OWN_CNODE)));
    for (unsigned i = 0; i < SPACES; i++) {
        must(call(FREE, seL4_ARMASIDPoolAssign, NO_WORDS, CAPS(make(seL4_ARM_VSpaceObject, 0))));
    }
    return FREE;
}

static void delete_pool(void)
{
    delete(full_pool());
}

static void clean_large_frame(void)
{
    must(call(FRAME_LARGE, seL4_ARMPageMap, WORDS(NO_TABLE, seL4_CanRead | seL4_CanWrite, 3), CAPS(OWN_VSPACE)));
    measure(FRAME_LARGE, seL4_ARMPageCleanInvalidate_Data, WORDS(0, 1 << 21), NO_CAPS);
}

/* Threads without a stack that send to ENDPOINT_BADGED, each on CONTEXT until it waits. */
static void queue_senders(void)
{
    static const uint32_t code[] = {0xd4000001 /* svc #0 */, 0x14000000 /* b . */};
    must(call(FRAME, seL4_ARMPageMap, WORDS(FREE_ADDR, seL4_CanRead | seL4_CanWrite, 3), CAPS(OWN_VSPACE)));
    memcpy((void *)FREE_ADDR, code, sizeof code);
    must(call(FRAME, seL4_ARMPageUnify_Instruction, WORDS(0, 64), NO_CAPS));
    for (unsigned i = 0; i < SENDERS; i++) {
        const struct seL4_UserContext c = {.pc = FREE_ADDR, .x0 = ENDPOINT_BADGED, .x7 = (uint64_t)seL4_SysSend};
        uint64_t tcb = make(seL4_TCBObject, 0);
        must(call(tcb, seL4_TCBConfigure, WORDS(0, 0, 0), CAPS(OWN_CNODE, OWN_VSPACE, EMPTY)));
        must(call(tcb, seL4_TCBSetSchedParams, WORDS(0, ABOVE), CAPS(OWN_TCB, CONTEXT, EMPTY)));
        if (tcb_write_registers(tcb, true, &c) != seL4_NoError) {
            give_up("latency: a sender cannot be started");
        }
        must(call(CONTEXT, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(tcb)));
    }
}

static void cancel_senders(void)
{
    queue_senders();
    measure(OWN_CNODE, seL4_CNodeCancelBadgedSends, WORDS(ENDPOINT_BADGED, 64), NO_CAPS);
}

static void delete_endpoint(void)
{
    queue_senders();
    must(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(ENDPOINT, 64), NO_CAPS));
    delete(ENDPOINT);
}

static void delete_thread(void)
{
    struct worker *w = worker_new(NULL, ABOVE);
    delete(w->tcb);
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------------------- */

static void line(const char *what, void (*operation)(void), unsigned rounds)
{
    unsigned rung = 0;
    alarm.latest_ticks = 0;
    for (unsigned i = 0; i < rounds; i++) {
        fixture_build();
        if (seL4_MessageInfo_label(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_2)).info) != seL4_NoError) {
            give_up("latency: there is no alarm");
        }
        struct worker *w = worker_run(rings, ABOVE + 20, 0);
        operation();
        rung += (unsigned)w->step;
        fixture_clear();
    }
    say("latency| %s: %llu instructions, %u alarms", what, (unsigned long long)alarm.latest_ticks * INSTRUCTIONS_PER_TICK, rung);
}

void latency_lines(void)
{
    alarm.random = 1;
    line("user level runs", nothing, ROUNDS);
    line("revoke 4096 copies", revoke_copies, ROUNDS);
    line("revoke 256 threads and 256 frames", revoke_objects, ROUNDS);
    line("reset 16 MiB", reset_untyped, 4 * ROUNDS);
    line("retype a large frame", retype_large_frame, 16 * ROUNDS);
    line("retype 256 frames", retype_frames, 16 * ROUNDS);
    line("retype a CNode of 65536 slots", retype_node, 16 * ROUNDS);
    line("delete a CNode of 65536 empty slots", delete_empty_node, ROUNDS);
    line("delete a CNode of 4096 capabilities", delete_full_node, ROUNDS);
    line("delete a page table of 512 pages", delete_table, 32 * ROUNDS);
    line("unmap a page table of 512 pages", unmap_table, 32 * ROUNDS);
    line("delete an address space", delete_space, 32 * ROUNDS);
    line("delete an ASID pool of 512 spaces", delete_pool, 16 * ROUNDS);
    line("clean 2 MiB", clean_large_frame, ROUNDS);
    line("cancel 128 badged senders", cancel_senders, 16 * ROUNDS);
    line("delete an endpoint with 128 senders", delete_endpoint, 16 * ROUNDS);
    line("delete a thread", delete_thread, 32 * ROUNDS);
}
