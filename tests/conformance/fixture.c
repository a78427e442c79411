/* SPDX-License-Identifier: MIT */
/**
 * The objects that a row finds. All of them are made of one untyped, which is revoked after the row: what is left then are
 * capabilities that the kernel gave at the start, whose copies are deleted slot by slot.
 */
#include "conf.h"

enum { SCRATCH_BITS = 26, TABLES_BITS = 15, PERMANENT_SLOTS = 64, GIC_VIRTUAL_INTERFACE = 0x8040000 };

static const struct seL4_BootInfo *boot_info;
static uint64_t scratch; /* the untyped of all rows */
static uint64_t device;  /* a device untyped of which rows may make objects */
static uint64_t next_slot;
static uint64_t gic_frame;

static void must(uint64_t error, const char *what)
{
    if (error != seL4_NoError) {
        give_up("%s: error %llu", what, (unsigned long long)error);
    }
}

struct slot at(uint64_t index)
{
    return (struct slot){OWN_CNODE, index, 64};
}

uint64_t new_slot(void)
{
    if (next_slot == ROW_SLOTS_END) {
        give_up("a row has no slots left");
    }
    return next_slot++;
}

static void make_at(uint64_t slot, uint64_t type, uint64_t bits)
{
    must(untyped_retype(scratch, type, bits, OWN_CNODE, slot, 1), "making an object");
}

uint64_t make(uint64_t type, uint64_t bits)
{
    uint64_t slot = new_slot();
    make_at(slot, type, bits);
    return slot;
}

uint64_t minted(uint64_t from, uint64_t rights, uint64_t badge)
{
    uint64_t slot = new_slot();
    must(cnode_mint(at(slot), at(from), rights, badge), "minting");
    return slot;
}

void set_budget(uint64_t context, uint64_t budget_us, uint64_t period_us, uint64_t badge)
{
    struct sched_params p = {.budget_us = budget_us, .period_us = period_us != 0 ? period_us : budget_us, .badge = badge};
    must(sched_control_configure(SCHED_CONTROL, context, &p), "configuring a context");
}

uint64_t device_untyped(uint64_t paddr, unsigned bits)
{
    for (uint64_t i = 0; i < boot_info->untyped.end - boot_info->untyped.start; i++) {
        const struct seL4_UntypedDesc *d = &boot_info->untypedList[i];
        if (d->isDevice != 0 && d->sizeBits >= bits && d->paddr >= paddr) {
            return boot_info->untyped.start + i;
        }
    }
    return 0;
}

uint64_t virtual_gic_frame(void)
{
    return gic_frame;
}

/* ---- once -------------------------------------------------------------------------------------------------------------------- */

void fixture_start(const struct seL4_BootInfo *info)
{
    uint64_t slot = info->empty.start + PERMANENT_SLOTS;
    uint64_t tables = 0;
    boot_info = info;
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const struct seL4_UntypedDesc *d = &info->untypedList[i];
        if (d->isDevice == 0 && d->sizeBits >= SCRATCH_BITS && scratch == 0) {
            scratch = info->untyped.start + i;
        } else if (d->isDevice == 0 && d->sizeBits >= TABLES_BITS) {
            tables = info->untyped.start + i;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        must(untyped_retype(tables, seL4_ARM_PageTableObject, 0, OWN_CNODE, slot + i, 1), "making page tables");
        must(page_table_map(slot + i, OWN_VSPACE, i == 0 ? WINDOW : WINDOW + 0x8000000, 0), "mapping page tables");
    }
    console_start(info);
    gic_frame = device_page(info, GIC_VIRTUAL_INTERFACE);
    device = device_untyped(DEVICE_ADDR, seL4_LargePageBits);
    if (scratch == 0 || device == 0 || info->initThreadCNodeSizeBits != ROOT_BITS) {
        give_up("the kernel gives other memory or another CNode than this program knows");
    }
    must(tcb_set_sched_params(OWN_TCB, OWN_TCB, seL4_MaxPrio, ROOT_PRIORITY, OWN_SC, slot + 2), "setting our own priority");
    watch_start(tables, slot + 3, info->schedcontrol.start);
}

/* ---- for each row -------------------------------------------------------------------------------------------------------------- */

static void make_endpoints(void)
{
    make_at(ENDPOINT, seL4_EndpointObject, 0);
    must(cnode_mint(at(ENDPOINT_BADGED), at(ENDPOINT), seL4_AllRights, BADGE), "minting");
    must(cnode_copy(at(ENDPOINT_NO_WRITE), at(ENDPOINT), seL4_AllRights & ~seL4_CanWrite), "copying");
    must(cnode_copy(at(ENDPOINT_NO_READ), at(ENDPOINT), seL4_AllRights & ~seL4_CanRead), "copying");
    must(cnode_copy(at(ENDPOINT_NO_GRANT), at(ENDPOINT), seL4_CanRead | seL4_CanWrite), "copying");
    must(cnode_copy(at(ENDPOINT_GRANT_REPLY), at(ENDPOINT), seL4_CanRead | seL4_CanWrite | seL4_CanGrantReply), "copying");
    make_at(NOTIFICATION, seL4_NotificationObject, 0);
    must(cnode_mint(at(NOTIFICATION_BADGED), at(NOTIFICATION), seL4_AllRights, BADGE), "minting");
    must(cnode_copy(at(NOTIFICATION_NO_WRITE), at(NOTIFICATION), seL4_CanRead), "copying");
    must(cnode_copy(at(NOTIFICATION_NO_READ), at(NOTIFICATION), seL4_CanWrite), "copying");
    make_at(NOTIFICATION_2, seL4_NotificationObject, 0);
    make_at(NOTIFICATION_BOUND, seL4_NotificationObject, 0);
    make_at(REPLY, seL4_ReplyObject, 0);
    make_at(REPLY_2, seL4_ReplyObject, 0);
    make_at(REPLY_3, seL4_ReplyObject, 0);
}

static void make_threads(void)
{
    make_at(THREAD, seL4_TCBObject, 0);
    make_at(THREAD_BOUND, seL4_TCBObject, 0);
    make_at(CONTEXT, seL4_SchedContextObject, 9);
    make_at(CONTEXT_BOUND, seL4_SchedContextObject, 9);
    make_at(CONTEXT_NEW, seL4_SchedContextObject, seL4_MinSchedContextBits);
    set_budget(CONTEXT, 1000, 0, 0);
    set_budget(CONTEXT_BOUND, 1000, 0, 0);
    must(tcb_configure(THREAD, OWN_CNODE, 0, OWN_VSPACE, 0, EMPTY), "configuring a thread");
    must(tcb_configure(THREAD_BOUND, OWN_CNODE, 0, OWN_VSPACE, 0, EMPTY), "configuring a thread");
    must(sched_context_bind(CONTEXT_BOUND, THREAD_BOUND), "binding a context");
    must(tcb_bind_notification(THREAD_BOUND, NOTIFICATION_BOUND), "binding a notification");
}

static void make_memory(void)
{
    make_at(UNTYPED, seL4_UntypedObject, 16);
    make_at(UNTYPED_USED, seL4_UntypedObject, 14);
    must(untyped_retype(UNTYPED_USED, seL4_EndpointObject, 0, OWN_CNODE, UNTYPED_CHILD, 1), "using an untyped");
    make_at(UNTYPED_PAGE, seL4_UntypedObject, PAGE_BITS);
    must(untyped_retype(device, seL4_UntypedObject, 16, OWN_CNODE, UNTYPED_DEVICE, 1), "making a device untyped");
    must(untyped_retype(device, seL4_ARM_SmallPageObject, 0, OWN_CNODE, FRAME_DEVICE, 1), "making a device frame");
    make_at(FRAME, seL4_ARM_SmallPageObject, 0);
    make_at(FRAME_MAPPED, seL4_ARM_SmallPageObject, 0);
    make_at(FRAME_LARGE, seL4_ARM_LargePageObject, 0);
    must(page_map(FRAME_MAPPED, OWN_VSPACE, MAPPED, seL4_CanRead | seL4_CanWrite, seL4_ARM_Default_VMAttributes), "mapping");
    make_at(TABLE, seL4_ARM_PageTableObject, 0);
    make_at(TABLE_MAPPED, seL4_ARM_PageTableObject, 0);
    must(page_table_map(TABLE_MAPPED, OWN_VSPACE, TABLE_ADDR, 0), "mapping a table");
    make_at(VSPACE, seL4_ARM_VSpaceObject, 0);
    make_at(VSPACE_NEW, seL4_ARM_VSpaceObject, 0);
    must(asid_pool_assign(OWN_POOL, VSPACE), "naming an address space");
}

void fixture_build(void)
{
    next_slot = ROW_SLOTS;
    must(cnode_copy(at(SCHED_CONTROL), at(boot_info->schedcontrol.start), seL4_AllRights), "copying the scheduling control");
    make_endpoints();
    make_memory();
    make_threads();
    make_at(CNODE, seL4_CapTableObject, 4);
    make_at(CNODE_NEW, seL4_CapTableObject, 4);
    must(cnode_copy((struct slot){CNODE, 1, 4}, at(ENDPOINT), seL4_AllRights), "copying");
    must(irq_control_get(seL4_CapIRQControl, ALARM_IRQ, false, at(HANDLER)), "taking an interrupt");
    workers_forget();
}

void fixture_clear(void)
{
    workers_stop();
    for (uint64_t i = FREE; i < next_slot; i++) {
        must(cnode_delete(at(i)), "clearing a slot");
    }
    must(cnode_revoke(at(scratch)), "clearing memory");
    must(cnode_revoke(at(device)), "clearing device memory");
}
