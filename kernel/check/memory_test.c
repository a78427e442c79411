/* SPDX-License-Identifier: MIT */
/** Shows what becomes of capabilities, memory and address spaces, and that long operations can be interrupted at any place. */
#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/world.h"
#include "object/cspace.h"
#include "object/vspace.h"
#include "unit.h"

#define PAGE_ADDRESS 0x20000000ull

static uint64_t cnode_op(uint64_t label, unsigned words, const uint64_t *word, unsigned extras)
{
    static const uint64_t roots[] = {seL4_CapInitThreadCNode, seL4_CapInitThreadCNode};
    uint64_t error = world_invoke(seL4_CapInitThreadCNode, label, words, word, extras, roots);
    world_check("an operation on a CNode");
    return error;
}

/* The untyped of ordinary memory with most left, of 2^bits bytes or more. */
static unsigned untyped_with(unsigned bits)
{
    unsigned best = 0;
    uint64_t most = (1ull << bits) - 1;
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = world_slot(i)->cap;
        if (cap_type(c) != CAP_UNTYPED || cap_untyped_is_device(c)) {
            continue;
        }
        uint64_t left = bit(cap_bits(c)) - round_up(cap_untyped_used(c), bits);
        if (round_up(cap_untyped_used(c), bits) < bit(cap_bits(c)) && left > most) {
            most = left;
            best = i;
        }
    }
    return best;
}

static uint64_t make(unsigned untyped, uint64_t type, uint64_t bits, uint64_t first, uint64_t count)
{
    uint64_t words[] = {type, bits, 0, 0, first, count};
    return world_invoke(untyped, seL4_UntypedRetype, 6, words, 1, world_root_cnode);
}

/* ---- capabilities ------------------------------------------------------------------------------------------------------------- */

static void mutate_changes_a_guard_and_no_badge(void)
{
    world_start();
    uint64_t guard[] = {WORLD_FREE, 64, WORLD_CNODE, 64, 5 << 6 | 4};
    CHECK_EQ(cnode_op(seL4_CNodeMutate, 5, guard, 1), seL4_NoError);
    CHECK_EQ(cap_cnode_guard(world_slot(WORLD_FREE)->cap), 5);
    CHECK_EQ(cap_cnode_guard_bits(world_slot(WORLD_FREE)->cap), 4);
    CHECK(slot_is_empty(world_slot(WORLD_CNODE)));
    uint64_t badge[] = {WORLD_FREE + 1, 64, WORLD_ENDPOINT, 64, 7};
    CHECK_EQ(cnode_op(seL4_CNodeMutate, 5, badge, 1), seL4_IllegalOperation);
    CHECK_EQ(cap_badge(world_slot(WORLD_ENDPOINT)->cap), 0);
}

static void rotate_moves_two(void)
{
    world_start();
    /* to, its word, pivot, its word, from: the pivot's capability goes to `to`, that of `from` to the pivot; words are guards */
    uint64_t words[] = {WORLD_FREE, 64, 3 << 6 | 2, WORLD_CNODE, 64, 0, WORLD_CNODE + 1, 64};
    paddr_t first = cap_address(world_slot(WORLD_CNODE)->cap);
    paddr_t second = cap_address(world_slot(WORLD_CNODE + 1)->cap);
    CHECK_EQ(cnode_op(seL4_CNodeRotate, 8, words, 2), seL4_NoError);
    CHECK_EQ(cap_address(world_slot(WORLD_FREE)->cap), first);
    CHECK_EQ(cap_cnode_guard(world_slot(WORLD_FREE)->cap), 3);
    CHECK_EQ(cap_address(world_slot(WORLD_CNODE)->cap), second);
    CHECK(slot_is_empty(world_slot(WORLD_CNODE + 1)));
    uint64_t swap[] = {WORLD_FREE, 64, 0, WORLD_CNODE, 64, 0, WORLD_FREE, 64};
    CHECK_EQ(cnode_op(seL4_CNodeRotate, 8, swap, 2), seL4_NoError);
    CHECK_EQ(cap_address(world_slot(WORLD_FREE)->cap), second);
    CHECK_EQ(cap_address(world_slot(WORLD_CNODE)->cap), first);
    uint64_t onto_itself[] = {WORLD_FREE, 64, 0, WORLD_FREE, 64, 0, WORLD_CNODE, 64};
    CHECK_EQ(cnode_op(seL4_CNodeRotate, 8, onto_itself, 2), seL4_IllegalOperation);
    uint64_t filled[] = {WORLD_FRAME, 64, 0, WORLD_FREE, 64, 0, WORLD_CNODE, 64};
    CHECK_EQ(cnode_op(seL4_CNodeRotate, 8, filled, 2), seL4_DeleteFirst);
    uint64_t badges[] = {WORLD_FREE + 1, 64, 0, WORLD_ENDPOINT, 64, 0, WORLD_ENDPOINT + 1, 64};
    CHECK_EQ(cnode_op(seL4_CNodeRotate, 8, badges, 2), seL4_IllegalOperation);
}

static void copies_get_no_more_than_was_there(void)
{
    world_start();
    uint64_t copy[] = {WORLD_FREE, 64, WORLD_ENDPOINT_NO_SEND, 64, seL4_AllRights};
    CHECK_EQ(cnode_op(seL4_CNodeCopy, 5, copy, 1), seL4_NoError);
    CHECK(!cap_has(world_slot(WORLD_FREE)->cap, RIGHT_SEND) && cap_has(world_slot(WORLD_FREE)->cap, RIGHT_RECEIVE));
    uint64_t less[] = {WORLD_FREE + 1, 64, WORLD_ENDPOINT, 64, seL4_CanWrite};
    CHECK_EQ(cnode_op(seL4_CNodeCopy, 5, less, 1), seL4_NoError);
    CHECK(cap_has(world_slot(WORLD_FREE + 1)->cap, RIGHT_SEND) &&
          !cap_has(world_slot(WORLD_FREE + 1)->cap, RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_GRANT_REPLY));
    uint64_t filled[] = {WORLD_FREE, 64, WORLD_ENDPOINT, 64, seL4_AllRights};
    CHECK_EQ(cnode_op(seL4_CNodeCopy, 5, filled, 1), seL4_DeleteFirst);
    uint64_t empty[] = {WORLD_FREE + 3, 64, WORLD_FREE + 2, 64, seL4_AllRights};
    CHECK_EQ(cnode_op(seL4_CNodeCopy, 5, empty, 1), seL4_FailedLookup);
}

/* ---- mapping -------------------------------------------------------------------------------------------------------------------- */

static uint64_t map_table(unsigned table, uaddr_t address)
{
    uint64_t words[] = {address, seL4_ARM_Default_VMAttributes};
    uint64_t vspace[] = {WORLD_VSPACE};
    return world_invoke(table, seL4_ARMPageTableMap, 2, words, 1, vspace);
}

static uint64_t map_page(unsigned frame, uaddr_t address, uint64_t rights)
{
    uint64_t words[] = {address, rights, seL4_ARM_Default_VMAttributes};
    uint64_t vspace[] = {WORLD_VSPACE};
    uint64_t error = world_invoke(frame, seL4_ARMPageMap, 3, words, 1, vspace);
    world_check("a mapping");
    return error;
}

/* The entry of an address in the world's own address space. */
static uint64_t entry_of(uaddr_t address)
{
    struct walked w = vspace_walk(cap_address(world_slot(WORLD_VSPACE)->cap), address);
    return w.bits == seL4_PageBits ? *w.entry : 0;
}

static void start_mapped(void)
{
    world_start();
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS, seL4_AllRights), seL4_FailedLookup);
    CHECK_EQ(map_table(WORLD_TABLE, PAGE_ADDRESS), seL4_NoError);
    CHECK_EQ(map_table(WORLD_TABLE + 1, PAGE_ADDRESS), seL4_NoError);
    CHECK_EQ(map_table(WORLD_TABLE + 2, PAGE_ADDRESS), seL4_DeleteFirst);
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS + 1, seL4_AllRights), seL4_AlignmentError);
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS, seL4_AllRights), seL4_NoError);
    CHECK(entry_is_page(entry_of(PAGE_ADDRESS), seL4_PageBits));
    CHECK_EQ(entry_address(entry_of(PAGE_ADDRESS)), cap_address(world_slot(WORLD_FRAME)->cap));
}

static void a_page_leaves_with_its_capability(void)
{
    start_mapped();
    uint64_t writable = entry_of(PAGE_ADDRESS);
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS, seL4_CanRead), seL4_NoError); /* less is possible, elsewhere is not */
    CHECK(entry_of(PAGE_ADDRESS) != writable && entry_of(PAGE_ADDRESS) != 0);
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS + 4096, seL4_CanRead), seL4_InvalidArgument);
    CHECK_EQ(world_copy(WORLD_FRAME, WORLD_FREE), seL4_NoError); /* a copy is not mapped: its end changes nothing */
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    CHECK(entry_of(PAGE_ADDRESS) != 0);
    CHECK_EQ(world_delete(WORLD_FRAME), seL4_NoError);
    CHECK_EQ(entry_of(PAGE_ADDRESS), 0);
    world_check("the page is gone");
}

static void a_stale_mapping_unmaps_nothing(void)
{
    start_mapped();
    CHECK_EQ(world_invoke(WORLD_TABLE + 1, seL4_ARMPageTableUnmap, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(entry_of(PAGE_ADDRESS), 0);
    CHECK_EQ(map_table(WORLD_TABLE + 2, PAGE_ADDRESS), seL4_NoError);
    CHECK_EQ(map_page(WORLD_FRAME + 1, PAGE_ADDRESS, seL4_AllRights), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_FRAME), seL4_NoError); /* it remembers a place that is another's now */
    CHECK_EQ(entry_address(entry_of(PAGE_ADDRESS)), cap_address(world_slot(WORLD_FRAME + 1)->cap));
    world_check("a stale mapping");
}

static void an_address_space_ends_with_all_that_names_it(void)
{
    start_mapped();
    uint64_t asid = cap_asid(world_slot(WORLD_VSPACE)->cap);
    CHECK(vspace_of_asid(asid) != 0);
    CHECK_EQ(world_delete(WORLD_VSPACE), seL4_NoError);
    CHECK_EQ(vspace_of_asid(asid), 0);
    CHECK_EQ(world_delete(WORLD_FRAME), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TABLE), seL4_NoError);
}

/* ---- more address spaces than VMIDs --------------------------------------------------------------------------------------------------- */

/* Lets thread 1 run in the address space of a slot, so that it needs a VMID. */
static void run_in(unsigned vspace)
{
    uint64_t words[] = {0, 0, 0};
    uint64_t spaces[] = {WORLD_ENDPOINT + 3, seL4_CapInitThreadCNode, vspace};
    CHECK_EQ(world_invoke(WORLD_TCB + 1, seL4_TCBSetSpace, 3, words, 3, spaces), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(1));
    world_wake_root();
}

static void vmids_are_taken_from_others(void)
{
    enum { SPACES = 270, SLOT = WORLD_FREE + 1 };
    world_start();
    CHECK_EQ(make(untyped_with(14), seL4_CapTableObject, 9, WORLD_FREE, 1), seL4_NoError);
    CHECK_EQ(world_resume(1), seL4_NoError);
    unsigned made = 0;
    for (; made < SPACES; made++) {
        unsigned untyped = untyped_with(seL4_VSpaceBits);
        if (untyped == 0 || make(untyped, seL4_ARM_VSpaceObject, 0, SLOT, 1) != seL4_NoError) {
            break;
        }
        uint64_t vspace[] = {SLOT};
        CHECK_EQ(world_invoke(seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, 0, world_root_cnode, 1, vspace), seL4_NoError);
        run_in(SLOT);
        uint64_t into[] = {made, 9, SLOT, 64};
        CHECK_EQ(world_invoke(WORLD_FREE, seL4_CNodeMove, 4, into, 1, world_root_cnode), seL4_NoError);
    }
    CHECK(made > 256);
    world_check("more address spaces than VMIDs");
    /* The first one lost its VMID, and gets another. */
    uint64_t back[] = {SLOT, 64, 0, 9};
    uint64_t node[] = {WORLD_FREE};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeMove, 4, back, 1, node), seL4_NoError);
    uint64_t asid = cap_asid(world_slot(SLOT)->cap);
    const struct asid_entry *entry = asid_entry(asid);
    CHECK(!asid_entry_has_vmid(entry));
    run_in(SLOT);
    CHECK(asid_entry_has_vmid(entry));
    CHECK_EQ(kernel.vmid_owner[asid_entry_vmid(entry)], asid);
    world_check("a VMID was taken back");
    /* Deleting all of them gives every VMID but the root's back; thread 1 still has a copy of the last one. */
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    unsigned owned = 0;
    for (unsigned v = 0; v < 256; v++) {
        owned += kernel.vmid_owner[v] != 0;
    }
    CHECK(owned <= 3);
    world_check("the end of all address spaces");
}

/* ---- long operations, interrupted wherever they look ------------------------------------------------------------------------------------ */

/* Makes the root's call again and again as long as it is interrupted before its end. @return how often it was. */
static unsigned invoke_interrupted(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras,
                                   uint64_t *error)
{
    struct tcb *root = world_root();
    struct world_call call = {.number = seL4_SysCall, .cap = cap, .info = seL4_MessageInfo_new(label, 0, extras, words),
                              .extra = {seL4_CapInitThreadCNode}};
    memcpy(call.word, word, words * sizeof word[0]);
    uint64_t svc = root->regs.pc;
    unsigned times = 0;
    sim.irq_pending[33] = true;
    kernel.work_units = 99;
    world_call(&call);
    while (kernel.current == root && root->regs.pc == svc && times < 100000) {
        world_check("an interrupted operation");
        times++;
        world_wait(0); /* the interrupt is handled; the root goes on with its svc */
        uint64_t acknowledged = 0;
        uint64_t saved[9];
        memcpy(saved, root->regs.x, sizeof saved);
        struct seL4_IPCBuffer buffer = *message_buffer(root, true);
        CHECK_EQ(world_invoke(WORLD_HANDLER + 1, seL4_IRQAckIRQ, 0, &acknowledged, 0, NULL), seL4_NoError);
        memcpy(root->regs.x, saved, sizeof saved);
        *message_buffer(root, true) = buffer;
        sim.irq_pending[33] = true;
        kernel.work_units = 99;
        root->regs.fault_pc = svc;
        root->regs.pc = svc + 4;
        (void)enter_syscall(kernel.current);
    }
    world_wait(0);
    *error = seL4_MessageInfo_label(root->regs.x[REG_INFO]);
    world_check("a long operation");
    return times;
}

static void a_large_retype_goes_on_where_it_stopped(void)
{
    world_start();
    unsigned untyped = untyped_with(18);
    paddr_t base = cap_address(world_slot(untyped)->cap) + round_up(cap_untyped_used(world_slot(untyped)->cap), 18);
    memset(kptr(base), 0xa5, 1 << 18);
    uint64_t words[] = {seL4_ARM_SmallPageObject, 0, 0, 0, WORLD_FREE, 60};
    uint64_t big[] = {seL4_CapTableObject, 13, 0, 0, WORLD_FREE, 1}; /* 256 KiB in one object */
    uint64_t error;
    CHECK(invoke_interrupted(untyped, seL4_UntypedRetype, 6, big, 1, &error) >= 2);
    CHECK_EQ(error, seL4_NoError);
    CHECK_EQ(cap_type(world_slot(WORLD_FREE)->cap), CAP_CNODE);
    CHECK_EQ(cap_address(world_slot(WORLD_FREE)->cap), base);
    bool clear = true;
    for (unsigned i = 0; i < 1 << 18; i++) {
        clear = clear && ((const uint8_t *)kptr(base))[i] == 0;
    }
    CHECK(clear);
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    (void)invoke_interrupted(untyped_with(18), seL4_UntypedRetype, 6, words, 1, &error);
    CHECK_EQ(error, seL4_NoError);
    CHECK_EQ(cap_type(world_slot(WORLD_FREE + 59)->cap), CAP_FRAME);
}

static void a_full_cnode_is_deleted_bit_by_bit(void)
{
    world_start();
    CHECK_EQ(make(untyped_with(13), seL4_CapTableObject, 8, WORLD_FREE, 1), seL4_NoError);
    for (uint64_t i = 0; i < 256; i++) {
        uint64_t copy[] = {i, 8, WORLD_ENDPOINT + i % 3, 64, seL4_AllRights};
        CHECK_EQ(world_invoke(WORLD_FREE, seL4_CNodeCopy, 5, copy, 1, world_root_cnode), seL4_NoError);
    }
    world_check("a full CNode");
    uint64_t where[] = {WORLD_FREE, 64};
    uint64_t error;
    CHECK(invoke_interrupted(seL4_CapInitThreadCNode, seL4_CNodeDelete, 2, where, 0, &error) >= 200);
    CHECK_EQ(error, seL4_NoError);
    CHECK(slot_is_empty(world_slot(WORLD_FREE)));
}

/* CNodes and threads inside one another, each by its last capability; and all go with their untyped. */
static void nested_objects_are_deleted_bit_by_bit(void)
{
    world_start();
    unsigned untyped = untyped_with(15);
    CHECK_EQ(make(untyped, seL4_CapTableObject, 4, WORLD_FREE, 4), seL4_NoError);
    for (uint64_t i = 0; i < 14; i++) {
        uint64_t copy[] = {i, 4, WORLD_ENDPOINT + i % 3, 64, seL4_AllRights};
        CHECK_EQ(world_invoke(WORLD_FREE + 1, seL4_CNodeCopy, 5, copy, 1, world_root_cnode), seL4_NoError);
    }
    uint64_t into[] = {15, 4, WORLD_FREE + 1, 64};
    CHECK_EQ(world_invoke(WORLD_FREE, seL4_CNodeMove, 4, into, 1, world_root_cnode), seL4_NoError);
    uint64_t thread[] = {14, 4, WORLD_TCB + 4, 64};
    CHECK_EQ(world_invoke(WORLD_FREE, seL4_CNodeMove, 4, thread, 1, world_root_cnode), seL4_NoError);
    uint64_t nest[] = {3, 4, WORLD_FREE + 2, 64};
    CHECK_EQ(world_invoke(WORLD_FREE + 3, seL4_CNodeMove, 4, nest, 1, world_root_cnode), seL4_NoError);
    uint64_t beside[] = {5, 4, WORLD_FREE + 3, 64};
    CHECK_EQ(world_invoke(WORLD_FREE, seL4_CNodeMove, 4, beside, 1, world_root_cnode), seL4_NoError);
    world_check("nested CNodes");
    uint64_t where[] = {untyped, 64};
    uint64_t error;
    CHECK(invoke_interrupted(seL4_CapInitThreadCNode, seL4_CNodeRevoke, 2, where, 0, &error) >= 20);
    CHECK_EQ(error, seL4_NoError);
    CHECK(slot_is_empty(world_slot(WORLD_FREE)) && !slot_has_children(world_slot(untyped)));
}

static void a_revocation_is_interrupted_and_ends(void)
{
    world_start();
    for (uint64_t i = 0; i < 40; i++) {
        CHECK_EQ(world_copy(WORLD_ENDPOINT, WORLD_FREE + i), seL4_NoError);
    }
    uint64_t where[] = {WORLD_ENDPOINT, 64};
    uint64_t error;
    CHECK(invoke_interrupted(seL4_CapInitThreadCNode, seL4_CNodeRevoke, 2, where, 0, &error) >= 40);
    CHECK_EQ(error, seL4_NoError);
    for (unsigned i = 0; i < 40; i++) {
        CHECK(slot_is_empty(world_slot(WORLD_FREE + i)));
    }
    CHECK(!slot_is_empty(world_slot(WORLD_ENDPOINT)));
}

/* ---- the kernel's own pages ----------------------------------------------------------------------------------------------------------- */

/* What BootInfo says about the kernel's pages: the chunk behind that of the device tree. */
static struct lx_bootinfo_pages kernel_chunk(void)
{
    const struct seL4_BootInfo *info = kptr(cap_address(world_slot(seL4_CapBootInfoFrame)->cap));
    const uint8_t *extra = kptr(cap_address(world_slot((unsigned)info->extraBIPages.start)->cap));
    struct lx_bootinfo_pages chunk = {0};
    for (uint64_t at = 0; at < info->extraLen; at += chunk.header.len) {
        memcpy(&chunk.header, extra + at, sizeof chunk.header);
        if (chunk.header.id == LX_BOOTINFO_KERNEL) {
            CHECK_EQ(chunk.header.len, sizeof chunk);
            CHECK_EQ(at + sizeof chunk, info->extraLen);
            memcpy(&chunk, extra + at, sizeof chunk);
            return chunk;
        }
        CHECK_EQ(chunk.header.id, seL4_BootInfoHeaderFDT);
    }
    return (struct lx_bootinfo_pages){0};
}

static void the_kernel_shows_its_code_to_be_read(void)
{
    start_mapped();
    struct lx_bootinfo_pages chunk = kernel_chunk();
    const struct seL4_BootInfo *info = kptr(cap_address(world_slot(seL4_CapBootInfoFrame)->cap));
    CHECK_EQ((chunk.frames.end - chunk.frames.start) * 4096, SIM_KERNEL_CODE_BYTES);
    CHECK_EQ(chunk.frames.start, info->userImageFrames.end);
    CHECK_EQ(chunk.frames.end, info->untyped.start);
    CHECK_EQ(info->untyped.end, info->empty.start); /* programs made for seL4 rely on it: sel4test's allocator does */
    CHECK_EQ(info->sharedFrames.start, info->sharedFrames.end);
    for (unsigned i = 0; i < chunk.frames.end - chunk.frames.start; i++) {
        struct cap c = world_slot((unsigned)chunk.frames.start + i)->cap;
        CHECK_EQ(cap_type(c), CAP_FRAME);
        CHECK_EQ(cap_address(c), SIM_RAM_START + i * 4096u);
        CHECK(cap_has(c, FRAME_CAN_READ) && !cap_has(c, FRAME_CAN_WRITE | FRAME_IS_DEVICE));
    }
}

static void the_kernels_code_cannot_be_written(void)
{
    start_mapped();
    unsigned page = (unsigned)kernel_chunk().frames.start;
    CHECK_EQ(world_copy(page, WORLD_FREE), seL4_NoError); /* with all rights */
    uint64_t mint[] = {WORLD_FREE + 1, 64, page, 64, seL4_AllRights, 0xffff};
    CHECK_EQ(cnode_op(seL4_CNodeMint, 6, mint, 1), seL4_NoError);
    CHECK_EQ(map_page(page, PAGE_ADDRESS + 0x1000, seL4_AllRights), seL4_NoError);
    CHECK_EQ(map_page(WORLD_FREE, PAGE_ADDRESS + 0x2000, seL4_AllRights), seL4_NoError);
    CHECK_EQ(map_page(WORLD_FREE + 1, PAGE_ADDRESS + 0x3000, seL4_CanWrite), seL4_NoError);
    uint64_t readable = entry_of(PAGE_ADDRESS + 0x1000);
    CHECK_EQ(map_page(WORLD_FRAME, PAGE_ADDRESS, seL4_CanRead), seL4_NoError);
    CHECK_EQ(readable ^ entry_of(PAGE_ADDRESS), entry_address(readable) ^ entry_address(entry_of(PAGE_ADDRESS)));
    uint64_t whole[] = {0, 4096};
    CHECK_EQ(world_invoke(page, seL4_ARMPageInvalidate_Data, 2, whole, 0, whole), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    CHECK_EQ(world_delete(page), seL4_NoError);
    world_check("the end of a page of the kernel");
    CHECK_EQ(entry_of(PAGE_ADDRESS + 0x1000), 0);
}

static void a_message_is_not_written_into_the_kernels_code(void)
{
    start_mapped();
    unsigned page = (unsigned)kernel_chunk().frames.start;
    uint64_t address[] = {PAGE_ADDRESS + 0x1000};
    uint64_t frame[] = {page};
    CHECK_EQ(world_invoke(WORLD_TCB, seL4_TCBSetIPCBuffer, 1, address, 1, frame), seL4_NoError);
    CHECK(message_buffer(world_thread(0), false) != NULL && message_buffer(world_thread(0), true) == NULL);
    CHECK_EQ(world_resume(0), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(0));
    world_call(&(struct world_call){.number = seL4_SysRecv, .cap = WORLD_ENDPOINT, .reply = WORLD_REPLY});
    world_wake_root();
    world_call(&(struct world_call){.number = seL4_SysNBSend, .cap = WORLD_ENDPOINT, .info = 8, .word = {1, 2, 3, 4, 5, 6, 7, 8}});
    world_check("a message to a thread whose buffer is read-only");
    CHECK_EQ(world_thread(0)->regs.x[REG_MESSAGE + 3], 4);
    CHECK_EQ(world_thread(0)->regs.x[REG_INFO] & 127, 4);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"memory: mutate changes a guard and no badge", mutate_changes_a_guard_and_no_badge},
        {"memory: rotate moves two", rotate_moves_two},
        {"memory: copies get no more than was there", copies_get_no_more_than_was_there},
        {"memory: a page leaves with its capability", a_page_leaves_with_its_capability},
        {"memory: a stale mapping unmaps nothing", a_stale_mapping_unmaps_nothing},
        {"memory: an address space ends with all that names it", an_address_space_ends_with_all_that_names_it},
        {"memory: VMIDs are taken from others", vmids_are_taken_from_others},
        {"memory: a large retype goes on where it stopped", a_large_retype_goes_on_where_it_stopped},
        {"memory: a full CNode is deleted bit by bit", a_full_cnode_is_deleted_bit_by_bit},
        {"memory: nested objects are deleted bit by bit", nested_objects_are_deleted_bit_by_bit},
        {"memory: a revocation is interrupted and ends", a_revocation_is_interrupted_and_ends},
        {"memory: the kernel shows its code to be read", the_kernel_shows_its_code_to_be_read},
        {"memory: the kernel's code cannot be written", the_kernels_code_cannot_be_written},
        {"memory: a message is not written into the kernel's code", a_message_is_not_written_into_the_kernels_code},
    };
    return UNIT_MAIN(cases);
}
