/* SPDX-License-Identifier: MIT */
/**
 * Shows what invocations do in states that take some work to get into: what refuse_test cannot say in one row of its table.
 * Where the interface cannot lead to a state, the test puts it there, and says so.
 */
#include "api/message.h"
#include "arch.h"
#include "check/world.h"
#include "object/cspace.h"
#include "object/vspace.h"
#include "sched/refill.h"
#include "unit.h"

enum { A = 1, B = 3, C = 4, FREE = WORLD_FREE };
#define ROOT_CNODE seL4_CapInitThreadCNode
#define LIST(...) ((const uint64_t[]){__VA_ARGS__})
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define INVOKE(cap, label, words, extras) invoke((cap), (label), COUNT(words), (words), COUNT(extras), (extras))
#define INVOKE_WORDS(cap, label, words) invoke((cap), (label), COUNT(words), (words), 0, NULL)
#define INVOKE_CAPS(cap, label, extras) invoke((cap), (label), 0, world_root_cnode, COUNT(extras), (extras))

static uint64_t invoke(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras, const uint64_t *extra)
{
    uint64_t error = world_invoke(cap, label, words, word, extras, extra);
    world_check("an invocation");
    return error;
}

static uint64_t make(uint64_t untyped, uint64_t type, uint64_t bits, uint64_t slot)
{
    return INVOKE(untyped, seL4_UntypedRetype, LIST(type, bits, 0, 0, slot, 1), LIST(ROOT_CNODE));
}

static uint64_t first_word(void)
{
    return world_root()->regs.x[REG_MESSAGE];
}

static struct sched_context *context(unsigned n)
{
    return kptr(cap_address(world_slot(WORLD_SC + n)->cap));
}

static uint64_t sched_control(void)
{
    unsigned i = 1;
    while (cap_type(world_slot(i)->cap) != CAP_SCHED_CONTROL) {
        i++;
    }
    return i;
}

/* An untyped of device memory of 2^bits bytes or more that nobody used; the smallest. */
static uint64_t device_untyped(unsigned bits)
{
    unsigned best = 0;
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = world_slot(i)->cap;
        bool fits = cap_type(c) == CAP_UNTYPED && cap_untyped_is_device(c) && cap_bits(c) >= bits;
        if (fits && cap_untyped_used(c) == 0 && (best == 0 || cap_bits(c) < cap_bits(world_slot(best)->cap))) {
            best = i;
        }
    }
    CHECK(best != 0);
    return best;
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------- */

static uint64_t map_table(uint64_t table, uint64_t space, uint64_t address)
{
    return INVOKE(table, seL4_ARMPageTableMap, LIST(address, seL4_ARM_Default_VMAttributes), LIST(space));
}

static uint64_t map_page(uint64_t frame, uint64_t space, uint64_t address)
{
    return INVOKE(frame, seL4_ARMPageMap, LIST(address, seL4_AllRights, seL4_ARM_Default_VMAttributes), LIST(space));
}

static void sizes_that_are_absurd_are_refused(void)
{
    world_start();
    CHECK_EQ(make(WORLD_UNTYPED, seL4_CapTableObject, 45, FREE), seL4_RangeError);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_UntypedObject, 64, FREE), seL4_RangeError);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_SchedContextObject, UINT64_MAX, FREE), seL4_RangeError);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_ARM_HugePageObject, 0, FREE), seL4_NotEnoughMemory);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_ARM_LargePageObject, 0, FREE), seL4_NotEnoughMemory);
}

static void large_pages_are_mapped_and_leave(void)
{
    world_start();
    uint64_t device = device_untyped(31);
    CHECK_EQ(make(device, seL4_UntypedObject, 12, FREE + 3), seL4_NoError);
    CHECK_EQ(make(device, seL4_ARM_LargePageObject, 0, FREE + 1), seL4_NoError);
    CHECK_EQ(make(device, seL4_ARM_HugePageObject, 0, FREE), seL4_NoError);
    CHECK_EQ(make(device_untyped(13), seL4_ARM_SmallPageObject, 0, FREE + 2), seL4_NoError);
    CHECK(cap_has(world_slot(FREE)->cap, FRAME_IS_DEVICE) && cap_untyped_is_device(world_slot(FREE + 3)->cap));
    paddr_t root = cap_address(world_slot(WORLD_VSPACE)->cap);
    CHECK_EQ(map_page(FREE, WORLD_VSPACE, 0x40000000), seL4_NoError);
    struct walked w = vspace_walk(root, 0x40000000);
    CHECK(w.bits == seL4_HugePageBits && entry_is_page(*w.entry, w.bits));
    CHECK_EQ(map_table(WORLD_TABLE, WORLD_VSPACE, 0x40000000), seL4_DeleteFirst); /* a page is there */
    CHECK_EQ(map_page(FREE + 1, WORLD_VSPACE, 0x80000000), seL4_FailedLookup);     /* a table is missing */
    CHECK_EQ(map_table(WORLD_TABLE, WORLD_VSPACE, 0x80000000), seL4_NoError);
    CHECK_EQ(map_table(WORLD_TABLE, WORLD_VSPACE, 0xc0000000), seL4_InvalidCapability); /* it is in use */
    CHECK_EQ(first_word(), 0);
    CHECK_EQ(map_page(FREE + 1, WORLD_VSPACE, 0x80000000), seL4_NoError);
    CHECK_EQ(map_table(WORLD_TABLE + 1, WORLD_VSPACE, 0x80200000), seL4_NoError);
    CHECK_EQ(map_page(FREE + 2, WORLD_VSPACE, 0x80200000), seL4_NoError);
    /* A large page where a table stands, and a huge one. */
    CHECK_EQ(invoke(FREE + 1, seL4_ARMPageUnmap, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(map_page(FREE + 1, WORLD_VSPACE, 0x80200000), seL4_FailedLookup);
    CHECK_EQ(invoke(FREE, seL4_ARMPageUnmap, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(*w.entry, 0);
    CHECK_EQ(map_page(FREE, WORLD_VSPACE, 0x80000000), seL4_FailedLookup);
    /* Registers of devices are in no cache: nothing to do. */
    CHECK_EQ(INVOKE_WORDS(WORLD_VSPACE, seL4_ARMVSpaceClean_Data, LIST(0x80200000, 0x80200100)), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(FREE + 2, seL4_ARMPageClean_Data, LIST(0, 64)), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(FREE + 2, seL4_ARMPageClean_Data, LIST(4096, 4097)), seL4_InvalidArgument);
    CHECK_EQ(first_word(), 0);
    CHECK_EQ(INVOKE_WORDS(FREE + 2, seL4_ARMPageClean_Data, LIST(0, 4097)), seL4_InvalidArgument);
    /* A frame whose place holds something else now: another page at the same address, a table, a page of another size. */
    CHECK_EQ(world_copy(FREE + 2, FREE + 4), seL4_NoError);
    world_slot(FREE + 4)->cap = cap_with_mapping(world_slot(FREE + 4)->cap, cap_asid(world_slot(WORLD_VSPACE)->cap), 0x80201000);
    CHECK_EQ(world_delete(FREE + 4), seL4_NoError);
    CHECK_EQ(world_copy(FREE + 1, FREE + 4), seL4_NoError); /* style: stale on purpose: that it was mapped over a table cannot be made */
    world_slot(FREE + 4)->cap = cap_with_mapping(world_slot(FREE + 4)->cap, cap_asid(world_slot(WORLD_VSPACE)->cap), 0x80200000);
    CHECK_EQ(world_delete(FREE + 4), seL4_NoError);
    world_check("stale pages");
    /* A table with two capabilities cannot be unmapped; the last one takes it out of the tables. */
    CHECK_EQ(world_copy(WORLD_TABLE, FREE + 4), seL4_NoError);
    CHECK_EQ(invoke(WORLD_TABLE, seL4_ARMPageTableUnmap, 0, world_root_cnode, 0, NULL), seL4_RevokeFirst);
    CHECK_EQ(world_delete(FREE + 4), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TABLE), seL4_NoError);
    CHECK_EQ(vspace_walk(root, 0x80200000).bits, seL4_HugePageBits);
    CHECK_EQ(world_delete(WORLD_TABLE + 1), seL4_NoError); /* it stood below the one that is gone */
    CHECK_EQ(invoke(WORLD_TABLE + 2, seL4_ARMPageTableUnmap, 0, world_root_cnode, 0, NULL), seL4_NoError); /* never mapped */
    CHECK_EQ(world_delete(WORLD_TABLE + 2), seL4_NoError);
    CHECK_EQ(world_delete(FREE + 2), seL4_NoError);
}

static void tables_of_a_running_space_are_flushed(void)
{
    world_start();
    CHECK_EQ(map_table(WORLD_TABLE, seL4_CapInitThreadVSpace, 0x80000000), seL4_NoError);
    CHECK_EQ(map_table(WORLD_TABLE + 1, seL4_CapInitThreadVSpace, 0x80000000), seL4_NoError);
    CHECK_EQ(map_page(WORLD_FRAME, seL4_CapInitThreadVSpace, 0x80000000), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(seL4_CapInitThreadVSpace, seL4_ARMVSpaceClean_Data, LIST(0x80000ff0, 0x80001010)), seL4_RangeError);
    CHECK_EQ(world_delete(WORLD_TABLE + 1), seL4_NoError);
    CHECK_EQ(vspace_walk(cap_address(world_slot(seL4_CapInitThreadVSpace)->cap), 0x80000000).bits, seL4_LargePageBits);
    CHECK_EQ(world_delete(WORLD_TABLE), seL4_NoError);
}

static void an_address_space_without_an_identifier_is_of_no_use(void)
{
    world_start();
    CHECK_EQ(make(WORLD_UNTYPED, seL4_ARM_VSpaceObject, 0, FREE), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(FREE, seL4_ARMVSpaceClean_Data, LIST(0x1000, 0x2000)), seL4_InvalidCapability);
    CHECK_EQ(first_word(), 0);
    CHECK_EQ(map_table(WORLD_TABLE, FREE, 0), seL4_InvalidCapability);
    CHECK_EQ(first_word(), 1);
    CHECK_EQ(map_page(WORLD_FRAME, FREE, 0), seL4_InvalidCapability);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetSpace, LIST(0, 0), LIST(FREE + 1, ROOT_CNODE, FREE)), seL4_IllegalOperation);
    CHECK_EQ(world_copy(FREE, FREE + 1), seL4_IllegalOperation);
    CHECK_EQ(world_delete(FREE), seL4_NoError);
}

/* Two address spaces and a pool; the pool ends, another one takes its place, and the first space's identifier is the second's. */
static void an_identifier_that_leads_elsewhere_is_refused(void)
{
    world_start();
    CHECK_EQ(make(WORLD_UNTYPED, seL4_UntypedObject, 12, FREE), seL4_NoError);
    CHECK_EQ(make(WORLD_UNTYPED + 1, seL4_ARM_VSpaceObject, 0, FREE + 1), seL4_NoError);
    CHECK_EQ(make(WORLD_UNTYPED + 2, seL4_ARM_VSpaceObject, 0, FREE + 2), seL4_NoError);
    for (unsigned space = FREE + 1; space <= FREE + 2; space++) {
        CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(FREE + 3, 64), LIST(FREE, ROOT_CNODE)), seL4_NoError);
        CHECK_EQ(INVOKE_CAPS(FREE + 3, seL4_ARMASIDPoolAssign, LIST(space)), seL4_NoError);
        if (space == FREE + 1) {
            CHECK_EQ(map_table(WORLD_TABLE, space, 0x80000000), seL4_NoError);
            CHECK_EQ(map_table(WORLD_TABLE + 1, space, 0x80000000), seL4_NoError);
            CHECK_EQ(map_page(WORLD_FRAME, space, 0x80000000), seL4_NoError);
            CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetSpace, LIST(0, 0), LIST(FREE + 9, ROOT_CNODE, space)), seL4_NoError);
            CHECK_EQ(world_delete(FREE + 3), seL4_NoError);
            CHECK_EQ(INVOKE_WORDS(WORLD_FRAME, seL4_ARMPageClean_Data, LIST(0, 64)), seL4_FailedLookup);
        }
    }
    CHECK_EQ(cap_asid(world_slot(FREE + 1)->cap), cap_asid(world_slot(FREE + 2)->cap));
    CHECK_EQ(map_table(WORLD_TABLE + 2, FREE + 1, 0), seL4_InvalidCapability);
    CHECK_EQ(INVOKE_WORDS(FREE + 1, seL4_ARMVSpaceClean_Data, LIST(0x1000, 0x2000)), seL4_InvalidCapability);
    CHECK_EQ(world_resume(A), seL4_NoError); /* it runs in no address space */
    world_root_waits();
    CHECK(kernel.current == world_thread(A) && vspace_activate(kernel.current).root == 0);
    world_wake_root();
    CHECK_EQ(map_page(WORLD_FRAME + 1, FREE + 2, 0x80000000), seL4_FailedLookup); /* the second one knows nothing of the first's */
    CHECK_EQ(world_delete(WORLD_FRAME), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TABLE), seL4_NoError);
    CHECK_EQ(world_suspend(A), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TCB + A), seL4_NoError);
    CHECK_EQ(world_delete(FREE + 1), seL4_NoError);
    CHECK(vspace_of_asid(cap_asid(world_slot(FREE + 2)->cap)) != 0); /* the second one is still there */
}

static void a_pool_needs_the_right_memory_and_a_place(void)
{
    world_start();
    CHECK_EQ(make(device_untyped(13), seL4_UntypedObject, 12, FREE), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(FREE + 3, 64), LIST(FREE, ROOT_CNODE)), seL4_InvalidCapability);
    CHECK_EQ(first_word(), 1);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(FREE + 3, 64), LIST(WORLD_FRAME, ROOT_CNODE)),
             seL4_InvalidCapability);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_UntypedObject, 12, FREE + 1), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(WORLD_FRAME, 64), LIST(FREE + 1, ROOT_CNODE)), seL4_DeleteFirst);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(FREE + 3, 0), LIST(FREE + 1, ROOT_CNODE)), seL4_RangeError);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(FREE + 3, 64), LIST(FREE + 1, WORLD_FRAME)), seL4_FailedLookup);
    /* As if all others existed: 512 KiB of pools do not fit into this machine. */
    struct asid_pool *pools[ASID_POOL_COUNT];
    memcpy(pools, kernel.asid_pools, sizeof pools);
    for (unsigned i = 1; i < ASID_POOL_COUNT; i++) {
        kernel.asid_pools[i] = pools[0];
    }
    CHECK_EQ(world_invoke(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, 2, LIST(FREE + 3, 64), 2, LIST(FREE + 1, ROOT_CNODE)),
             seL4_DeleteFirst);
    memcpy(kernel.asid_pools, pools, sizeof pools);
    /* As if all identifiers of the pool were in use. */
    CHECK_EQ(make(WORLD_UNTYPED + 1, seL4_ARM_VSpaceObject, 0, FREE + 4), seL4_NoError);
    struct asid_pool saved = *pools[0];
    for (unsigned i = 0; i < ASID_POOL_ENTRIES; i++) {
        pools[0]->entries[i].word = saved.entries[i].word != 0 ? saved.entries[i].word : SIM_RAM_START;
    }
    CHECK_EQ(world_invoke(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, 0, world_root_cnode, 1, LIST(FREE + 4)), seL4_DeleteFirst);
    *pools[0] = saved;
    /* As if the kernel had forgotten the pool, or held another one: a capability alone is not believed. */
    kernel.asid_pools[0] = NULL;
    CHECK_EQ(world_invoke(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, 0, world_root_cnode, 1, LIST(FREE + 4)), seL4_FailedLookup);
    kernel.asid_pools[0] = kptr(cap_address(world_slot(WORLD_UNTYPED + 3)->cap));
    CHECK_EQ(world_invoke(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, 0, world_root_cnode, 1, LIST(FREE + 4)), seL4_InvalidCapability);
    CHECK_EQ(first_word(), 0);
    vspace_end_asid_pool(world_slot(seL4_CapInitThreadASIDPool)->cap);
    CHECK(kernel.asid_pools[0] != NULL);
    kernel.asid_pools[0] = pools[0];
    CHECK_EQ(INVOKE_CAPS(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, LIST(FREE + 4)), seL4_NoError);
}

/* ---- capability spaces -------------------------------------------------------------------------------------------------------------- */

static void rotations_that_make_no_sense_are_refused(void)
{
    world_start();
    uint64_t node = WORLD_CNODE;
    CHECK_EQ(INVOKE(ROOT_CNODE, seL4_CNodeRotate, LIST(FREE, 64, 0, node, 64, 0, node, 64), LIST(ROOT_CNODE, ROOT_CNODE)), seL4_IllegalOperation);
    CHECK_EQ(INVOKE(ROOT_CNODE, seL4_CNodeRotate, LIST(node, 64, 0, node, 64, 0, node + 1, 64), LIST(ROOT_CNODE, ROOT_CNODE)),
             seL4_IllegalOperation);
    CHECK_EQ(INVOKE(ROOT_CNODE, seL4_CNodeRotate, LIST(FREE, 64, 63, node, 64, 0, node + 1, 64), LIST(ROOT_CNODE, ROOT_CNODE)),
             seL4_IllegalOperation); /* the pivot's new guard does not fit */
    CHECK_EQ(INVOKE_WORDS(ROOT_CNODE, seL4_ARMVCPUSetTCB, LIST(FREE, 64)), seL4_IllegalOperation);
    CHECK_EQ(INVOKE_WORDS(ROOT_CNODE, seL4_CNodeCancelBadgedSends, LIST(WORLD_ENDPOINT, 64)), seL4_NoError); /* no badge: nothing */
}

/* ---- threads -------------------------------------------------------------------------------------------------------------------------- */

static void registers_of_a_thread_that_runs_are_copied(void)
{
    world_start();
    enum { FRAME = 4, INTEGER = 8 };
    struct tcb *root = world_root();
    root->regs.x[20] = 0x2020;
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBCopyRegisters, LIST(INTEGER), LIST(seL4_CapInitThreadTCB)), seL4_NoError);
    CHECK_EQ(world_thread(A)->regs.x[20], 0x2020);
    world_thread(A)->regs.x[20] = 0x3030;
    CHECK_EQ(INVOKE(seL4_CapInitThreadTCB, seL4_TCBCopyRegisters, LIST(INTEGER), LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK_EQ(root->regs.x[20], 0x3030);
    CHECK(kernel.current == root);
    CHECK_EQ(INVOKE_WORDS(seL4_CapInitThreadTCB, seL4_TCBSetTLSBase, LIST(0x7777)), seL4_NoError);
    CHECK_EQ(root->regs.tpidr_el0, 0x7777);
    /* Reading stops the thread if that is asked for, writing starts it; words past the last register are ignored. */
    CHECK_EQ(INVOKE_WORDS(WORLD_TCB + A, seL4_TCBWriteRegisters, LIST(1, 1, 0x4444)), seL4_NoError);
    CHECK_EQ(world_thread(A)->state, THREAD_RESTART);
    CHECK_EQ(INVOKE_WORDS(WORLD_TCB + A, seL4_TCBReadRegisters, LIST(1, 1)), seL4_NoError);
    CHECK_EQ(world_thread(A)->state, THREAD_INACTIVE);
    CHECK_EQ(first_word(), 0x4444);
    struct world_call call = {.number = seL4_SysCall, .cap = WORLD_TCB + A, .info = seL4_MessageInfo_new(seL4_TCBWriteRegisters, 0, 0, 60),
                              .word = {0, 50, 0x5555}};
    world_call(&call);
    CHECK_EQ(seL4_MessageInfo_label(root->regs.x[REG_INFO]), seL4_NoError);
    CHECK_EQ(world_thread(A)->regs.pc, 0x5555);
    world_check("registers");
}

static void a_thread_is_configured_step_by_step(void)
{
    world_start();
    const struct tcb *t = world_thread(A);
    uint64_t used = 0;
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = world_slot(i)->cap;
        used = cap_type(c) == CAP_UNTYPED && slot_has_children(world_slot(i)) ? i : used;
    }
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetIPCBuffer, LIST(0x1000), LIST(used)), seL4_RevokeFirst);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBConfigure, LIST(0, 0, 0), LIST(used, seL4_CapInitThreadVSpace, 0)), seL4_RevokeFirst);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBConfigure, LIST(0, 0, 0), LIST(ROOT_CNODE, used, 0)), seL4_RevokeFirst);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBConfigure, LIST(0, 0, 0), LIST(ROOT_CNODE, WORLD_FRAME, 0)), seL4_IllegalOperation);
    CHECK_EQ(make(device_untyped(13), seL4_ARM_SmallPageObject, 0, FREE), seL4_NoError);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetIPCBuffer, LIST(0x1000), LIST(FREE)), seL4_IllegalOperation);
    /* A guard comes along. Then the thread holds the last capability to its CNode: to replace it is too long for one step. */
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBConfigure, LIST(60, 0, 0), LIST(WORLD_CNODE, seL4_CapInitThreadVSpace, 0)), seL4_NoError);
    CHECK_EQ(cap_cnode_guard_bits(t->slots[TCB_CSPACE].cap), 60);
    CHECK_EQ(world_delete(WORLD_CNODE), seL4_NoError);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBConfigure, LIST(0, 0, 0), LIST(ROOT_CNODE, seL4_CapInitThreadVSpace, 0)), seL4_IllegalOperation);
    /* The running thread gets another address space and buffer: its own. */
    CHECK_EQ(INVOKE(seL4_CapInitThreadTCB, seL4_TCBSetSpace, LIST(0, 0), LIST(FREE + 1, ROOT_CNODE, seL4_CapInitThreadVSpace)), seL4_NoError);
    /* A handler that can reply without granting, and one that cannot reply. */
    CHECK_EQ(INVOKE(ROOT_CNODE, seL4_CNodeMint, LIST(FREE + 2, 64, WORLD_ENDPOINT, 64, seL4_CanWrite | seL4_CanGrantReply, 5), LIST(ROOT_CNODE)),
             seL4_NoError);
    CHECK_EQ(INVOKE(ROOT_CNODE, seL4_CNodeMint, LIST(FREE + 3, 64, WORLD_ENDPOINT, 64, seL4_CanWrite, 5), LIST(ROOT_CNODE)), seL4_NoError);
    CHECK_EQ(INVOKE_CAPS(WORLD_TCB + A, seL4_TCBSetTimeoutEndpoint, LIST(FREE + 2)), seL4_NoError);
    CHECK_EQ(INVOKE_CAPS(WORLD_TCB + A, seL4_TCBSetTimeoutEndpoint, LIST(FREE + 3)), seL4_InvalidCapability);
    /* A notification for which somebody waits cannot be bound. */
    CHECK_EQ(world_resume(B), seL4_NoError);
    world_root_waits();
    struct world_call wait = {.number = seL4_SysWait, .cap = WORLD_NOTIFICATION + 1};
    world_call(&wait);
    world_wake_root();
    CHECK_EQ(INVOKE_CAPS(WORLD_TCB + A, seL4_TCBBindNotification, LIST(WORLD_NOTIFICATION + 1)), seL4_IllegalOperation);
    CHECK_EQ(INVOKE(WORLD_TCB + B, seL4_TCBSetPriority, LIST(150), LIST(seL4_CapInitThreadTCB)), seL4_NoError); /* while it waits */
    CHECK(world_thread(B)->priority == 150 && world_thread(B)->state == THREAD_BLOCKED_NOTIFICATION);
}

/* ---- scheduling contexts ----------------------------------------------------------------------------------------------------------------- */

static uint64_t set_params(unsigned n, uint64_t sc)
{
    return INVOKE(WORLD_TCB + n, seL4_TCBSetSchedParams, LIST(200, 100), LIST(seL4_CapInitThreadTCB, sc, WORLD_ENDPOINT + 3));
}

static uint64_t configure(uint64_t sc, uint64_t budget, uint64_t period, uint64_t extra)
{
    return INVOKE(sched_control(), seL4_SchedControlConfigureFlags, LIST(budget, period, extra, 9, 0), LIST(sc));
}

static void contexts_are_given_and_taken(void)
{
    world_start();
    CHECK_EQ(set_params(A, WORLD_SC + A), seL4_NoError); /* the one that it has */
    CHECK(context(A)->tcb == world_thread(A));
    CHECK_EQ(set_params(A, WORLD_SC + B), seL4_IllegalOperation); /* has another one */
    CHECK_EQ(set_params(A, FREE), seL4_NoError);
    CHECK(world_thread(A)->sc == NULL);
    CHECK_EQ(set_params(A, FREE), seL4_NoError); /* none to take */
    CHECK_EQ(set_params(A, WORLD_SC + B), seL4_IllegalOperation); /* it is another's */
    CHECK_EQ(INVOKE_CAPS(WORLD_SC + A, seL4_SchedContextBind, LIST(WORLD_TCB + B)), seL4_IllegalOperation); /* which has one */
    /* A thread that waits gets no context without budget: nobody would run it when it wakes. */
    CHECK_EQ(set_params(A, WORLD_SC + A), seL4_NoError);
    CHECK_EQ(world_resume(A), seL4_NoError);
    world_root_waits();
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT, .reply = WORLD_REPLY};
    world_call(&receive);
    world_wake_root();
    CHECK_EQ(set_params(A, FREE), seL4_NoError);
    CHECK_EQ(make(WORLD_UNTYPED, seL4_SchedContextObject, 8, FREE + 1), seL4_NoError);
    CHECK_EQ(set_params(A, FREE + 1), seL4_IllegalOperation);
    CHECK_EQ(INVOKE_CAPS(FREE + 1, seL4_SchedContextBind, LIST(WORLD_TCB + A)), seL4_IllegalOperation);
    CHECK_EQ(configure(FREE + 1, 1000, 10000, 0), seL4_NoError);
    CHECK_EQ(configure(FREE + 1, 1000, 10000, 2), seL4_NoError); /* and again, with nobody on it */
    CHECK_EQ(INVOKE_CAPS(FREE + 1, seL4_SchedContextBind, LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK_EQ(configure(FREE + 1, 2000, 10000, 2), seL4_NoError); /* its thread waits */
    struct sched_context *sc = world_thread(A)->sc;
    refill_head(sc)->time = kernel.now + 1000000; /* as if used up */
    CHECK_EQ(set_params(A, FREE + 1), seL4_IllegalOperation);
    refill_head(sc)->time = kernel.now;
    /* A thread is given a context without budget, and runs when that has one. */
    CHECK_EQ(make(WORLD_UNTYPED + 1, seL4_SchedContextObject, 8, FREE + 2), seL4_NoError);
    CHECK_EQ(set_params(C, FREE), seL4_NoError);
    CHECK_EQ(world_resume(C), seL4_NoError);
    CHECK_EQ(set_params(C, FREE + 2), seL4_NoError);
    CHECK(!world_thread(C)->in_ready_queue);
    CHECK_EQ(configure(FREE + 2, 1000, 1000, 0), seL4_NoError);
    CHECK(world_thread(C)->in_ready_queue);
    /* The notification's context cannot be given twice. */
    CHECK_EQ(INVOKE_CAPS(WORLD_SC + B, seL4_SchedContextUnbindObject, LIST(WORLD_TCB + A)), seL4_IllegalOperation);
}

static void the_running_context_is_changed(void)
{
    world_start();
    struct tcb *root = world_root();
    CHECK_EQ(INVOKE_CAPS(seL4_CapInitThreadSC, seL4_SchedContextUnbindObject, LIST(seL4_CapInitThreadTCB)), seL4_IllegalOperation);
    sim_advance(5000);
    CHECK_EQ(configure(seL4_CapInitThreadSC, 5000, 10000, 0), seL4_NoError);
    CHECK(kernel.current == root && root->sc->budget == arch_ticks_from_us(5000) && root->sc->period == arch_ticks_from_us(10000));
    /* A head that is larger than the new budget is cut. */
    CHECK_EQ(configure(seL4_CapInitThreadSC, 1000, 10000, 0), seL4_NoError);
    CHECK_EQ(refill_head(root->sc)->amount, arch_ticks_from_us(1000));
    /* While the thread waits for its refill, a new budget changes nothing of when. */
    CHECK_EQ(world_resume(C), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(C));
    world_wait(arch_ticks_from_us(3100));
    CHECK(world_thread(C)->in_release_queue);
    ticks_t ready = refill_head(context(C))->time;
    world_wake_root();
    CHECK_EQ(configure(WORLD_SC + C, 2000, 10000, 0), seL4_NoError);
    CHECK(world_thread(C)->in_release_queue && refill_head(context(C))->time == ready);
}

static void yielding_without_anybody_to_run_goes_on(void)
{
    world_start();
    struct tcb *root = world_root();
    CHECK_EQ(invoke(WORLD_SC + A, seL4_SchedContextYieldTo, 0, world_root_cnode, 0, NULL), seL4_NoError); /* it is stopped */
    CHECK(kernel.current == root);
    CHECK_EQ(world_resume(A), seL4_NoError);
    CHECK_EQ(invoke(WORLD_SC + A, seL4_SchedContextYieldTo, 0, world_root_cnode, 0, NULL), seL4_NoError); /* it comes later */
    CHECK(kernel.current == root && world_thread(A)->in_ready_queue);
    root->max_controlled_priority = 50;
    CHECK_EQ(invoke(WORLD_SC + A, seL4_SchedContextYieldTo, 0, world_root_cnode, 0, NULL), seL4_IllegalOperation);
    root->max_controlled_priority = 255;
}

static void domains_are_scheduled(void)
{
    world_start();
    CHECK_EQ(INVOKE_WORDS(seL4_CapDomain, seL4_DomainScheduleConfigure, LIST(3, 0, 0)), seL4_NoError); /* an end marker elsewhere */
    CHECK_EQ(INVOKE_WORDS(seL4_CapDomain, seL4_DomainScheduleConfigure, LIST(kernel.domain_start, 0, 0)), seL4_InvalidArgument);
    /* Threads that run and threads that do not change their domain; the root last, and it comes back in its turn. */
    CHECK_EQ(world_resume(A), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapDomain, seL4_DomainSetSet, LIST(1), LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK(world_thread(A)->in_ready_queue && world_thread(A)->domain == 1);
    CHECK_EQ(INVOKE(seL4_CapDomain, seL4_DomainSetSet, LIST(1), LIST(WORLD_TCB + B)), seL4_NoError);
    CHECK(!world_thread(B)->in_ready_queue);
    CHECK_EQ(world_resume(B), seL4_NoError); /* ready there, not here */
    CHECK(world_thread(B)->in_ready_queue && kernel.current == world_root());
    ticks_t turn = arch_ticks_from_us(2000);
    CHECK_EQ(INVOKE_WORDS(seL4_CapDomain, seL4_DomainScheduleConfigure, LIST(0, 0, turn)), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(seL4_CapDomain, seL4_DomainScheduleConfigure, LIST(1, 1, turn)), seL4_NoError);
    CHECK_EQ(INVOKE_WORDS(seL4_CapDomain, seL4_DomainScheduleConfigure, LIST(2, 0, 0)), seL4_NoError);
    struct world_call set_start = {.number = seL4_SysCall, .cap = seL4_CapDomain,
                                   .info = seL4_MessageInfo_new(seL4_DomainScheduleSetStart, 0, 0, 1), .word = {0}};
    world_call(&set_start);
    world_check("a new schedule");
    CHECK(kernel.domain == 0 && kernel.current == world_root());
    world_wait(turn);
    CHECK(kernel.domain == 1 && kernel.current == world_thread(B));
    world_check("the other's turn");
    world_wait(turn);
    struct world_call root_moves = {.number = seL4_SysCall, .cap = seL4_CapDomain, .info = seL4_MessageInfo_new(seL4_DomainSetSet, 0, 1, 1),
                                    .word = {1}, .extra = {seL4_CapInitThreadTCB}};
    CHECK(kernel.current == world_root() && kernel.domain == 0);
    world_call(&root_moves);
    world_check("the running thread leaves its domain");
    CHECK(world_root()->domain == 1 && kernel.current != world_root());
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"decode: sizes that are absurd are refused", sizes_that_are_absurd_are_refused},
        {"decode: large pages are mapped and leave", large_pages_are_mapped_and_leave},
        {"decode: tables of a running address space are flushed", tables_of_a_running_space_are_flushed},
        {"decode: an address space without an identifier is of no use", an_address_space_without_an_identifier_is_of_no_use},
        {"decode: an identifier that leads elsewhere is refused", an_identifier_that_leads_elsewhere_is_refused},
        {"decode: a pool needs the right memory and a place", a_pool_needs_the_right_memory_and_a_place},
        {"decode: rotations that make no sense are refused", rotations_that_make_no_sense_are_refused},
        {"decode: registers of a thread that runs are copied", registers_of_a_thread_that_runs_are_copied},
        {"decode: a thread is configured step by step", a_thread_is_configured_step_by_step},
        {"decode: contexts are given and taken", contexts_are_given_and_taken},
        {"decode: the running context is changed", the_running_context_is_changed},
        {"decode: yielding without anybody to run goes on", yielding_without_anybody_to_run_goes_on},
        {"decode: domains are scheduled", domains_are_scheduled},
    };
    return UNIT_MAIN(cases);
}
