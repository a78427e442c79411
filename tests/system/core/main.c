/* SPDX-License-Identifier: MIT */
/**
 * Core: uses what only the trusted core may have, each thing once: untyped memory, its own address and capability space, ASIDs,
 * scheduling, frames and bytes of the image, the measurement log, a view of everybody's code. Then it watches that view, and
 * has a page repaired when it changes (tests/system/repair.test flips a bit of it from outside).
 */
#include <boot/boot.h>

#include "proto/system.h"
#include "proto/timer.h"
#include "rt.h"
#include "sysdesc.h"
#include "tree.h"

LX_UNTYPED(untyped);
LX_FREE(spare);
LX_WINDOW(window);
LX_CAP(own_cspace, AUTHORITY_OWN_CSPACE);
LX_CAP(own_vspace, AUTHORITY_OWN_VSPACE);
LX_CAP(own_tcb, AUTHORITY_OWN_TCB);
LX_CAP(other_vspace, AUTHORITY_VSPACE_OF);
LX_CAP(other_tcb, AUTHORITY_TCB_OF);
LX_CAP(other_cspace, AUTHORITY_CSPACE_OF);
LX_CAP(other_inbox, AUTHORITY_INBOX_OF);
LX_CAP(own_sched, AUTHORITY_OWN_SCHED);
LX_CAP(asid_pool, AUTHORITY_ASID_POOL);
LX_CAP(asid_control, AUTHORITY_ASID_CONTROL);
LX_CAP(sched_control, AUTHORITY_SCHED_CONTROL);
LX_BLOB(payload);
LX_FRAMES(payload_frames);
LX_BLOB(description);
LX_BLOB(measurements);
LX_STORE(store);
LX_VIEW(view);
LX_MEMORY(dma);
LX_MEMORY(large);
LX_CALL(system_calls);
LX_CALL(timer);

enum { PERIOD_MS = 5 };

static struct sysdesc desc;
static uint64_t next_spare;

static void must(bool good, const char *what)
{
    if (!good) {
        rt_panic("%s does not work", what);
    }
}

/* ---- kernel objects of its own -------------------------------------------------------------------------------------------- */

static uint64_t make(uint64_t type, uint64_t bits)
{
    const struct lx_untyped_list *list = (const struct lx_untyped_list *)untyped.list_addr;
    uint64_t slot = spare.first + next_spare++;
    must(next_spare <= spare.count, "having enough spare slots");
    for (uint64_t i = 0; i < list->count; i++) {
        if (untyped_retype(untyped.first + i, type, bits, own_cspace.cap, slot, 1) == seL4_NoError) {
            return slot;
        }
    }
    rt_panic("there is no memory for an object of type %llu", (unsigned long long)type);
}

static void use_memory(void)
{
    const struct lx_untyped_list *list = (const struct lx_untyped_list *)untyped.list_addr;
    uint64_t total = 0;
    for (uint64_t i = 0; i < list->count; i++) {
        total += 1ull << list->entries[i].size_bits;
    }
    rt_log("%llu pieces of untyped memory, %llu MiB", (unsigned long long)list->count, (unsigned long long)(total >> 20));
    must(list->count > 0 && total > 1ull << 30, "getting the rest of memory");
    uint64_t frame = make(seL4_ARM_SmallPageObject, 0);
    must(page_map(frame, own_vspace.cap, window.addr + PAGE_BYTES, seL4_CanRead | seL4_CanWrite,
                  seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever) == seL4_NoError,
         "mapping into a window");
    volatile uint64_t *word = (volatile uint64_t *)(window.addr + PAGE_BYTES);
    must(*word == 0, "getting zeroed memory");
    *word = 42;
    must(*word == 42, "writing into a window");
    must(page_map(payload_frames.first, own_vspace.cap, window.addr, seL4_CanRead,
                  seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever) == seL4_NoError,
         "mapping a frame of the image");
    must(memcmp((const void *)window.addr, (const void *)payload.addr, PAGE_BYTES) == 0, "seeing a frame of the image");
}

static void use_objects(void)
{
    uint64_t vspace = make(seL4_ARM_VSpaceObject, 0);
    must(asid_pool_assign(asid_pool.cap, vspace) == seL4_NoError, "assigning an ASID");
    uint64_t sched = make(seL4_SchedContextObject, 8);
    const struct sched_params params = {.budget_us = 1000, .period_us = 10000};
    must(sched_control_configure(sched_control.cap, sched, &params) == seL4_NoError, "setting a budget");
    uint64_t pool_memory = make(seL4_UntypedObject, seL4_ASIDPoolBits);
    struct slot to = {own_cspace.cap, spare.first + next_spare++, 64};
    must(asid_control_make_pool(asid_control.cap, pool_memory, to) == seL4_NoError, "making an ASID pool");
    uint64_t flags = 0;
    must(tcb_set_flags(own_tcb.cap, 0, 0, &flags) == seL4_NoError, "asking for its own flags");
    uint64_t frame = make(seL4_ARM_SmallPageObject, 0);
    must(page_map(frame, other_vspace.cap, 0x30000000, seL4_CanRead, seL4_ARM_Default_VMAttributes) == seL4_FailedLookup,
         "reaching another's address space");
}

static void use_others(void)
{
    struct seL4_UserContext context;
    uint64_t us = 0;
    must(tcb_read_registers(other_tcb.cap, false, &context) == seL4_NoError && context.pc >= 0x400000,
         "reading another's registers");
    must(cnode_delete((struct slot){other_cspace.cap, 63, 64}) == seL4_FailedLookup &&
             cnode_delete((struct slot){other_cspace.cap, 0, 64}) == seL4_NoError,
         "reaching another's capability space");
    struct slot badged = {own_cspace.cap, spare.first + next_spare++, 64};
    must(cnode_mint(badged, (struct slot){own_cspace.cap, other_inbox.cap, 64}, seL4_CanWrite, 5) == seL4_NoError,
         "minting a badge for another's inbox");
    must(sched_context_consumed(own_sched.cap, &us) == seL4_NoError, "asking for its own time");
}

/* ---- bytes of the image ---------------------------------------------------------------------------------------------------- */

static void use_image(void)
{
    struct boot_log_header log;
    bool found = false;
    memcpy(&log, (const void *)measurements.addr, sizeof log);
    must(memcmp(log.magic, BOOT_LOG_MAGIC, sizeof log.magic) == 0 && log.entry_count <= BOOT_PARTS_MAX + 2,
         "reading the measurement log");
    for (uint32_t i = 0; i < log.entry_count; i++) {
        struct boot_log_entry entry;
        struct hash256 hash;
        memcpy(&entry, (const uint8_t *)measurements.addr + sizeof log + i * sizeof entry, sizeof entry);
        if (strcmp(entry.name, "payload") == 0) {
            sha256_of((const void *)payload.addr, entry.size_bytes, &hash);
            found = memcmp(hash.bytes, entry.sha256, sizeof entry.sha256) == 0;
        }
    }
    must(found, "finding the payload's hash in the measurement log");
    bool seen = false;
    for (uint64_t at = 0; at + description.len_bytes <= store.len_bytes && !seen; at += PAGE_BYTES) {
        seen = memcmp((const uint8_t *)store.addr + at, (const void *)description.addr, description.len_bytes) == 0;
    }
    must(seen, "finding the description in the store");
    must(rt_paddr(dma.paddr_index) % PAGE_BYTES == 0 && rt_paddr(dma.paddr_index) >= 0x60000000, "knowing a physical address");
    volatile uint8_t *last = (volatile uint8_t *)large.addr + large.len_bytes - 1;
    *last = 7;
    must(*last == 7 && large.len_bytes == 4u << 20, "using large pages");
}

/* ---- the view ---------------------------------------------------------------------------------------------------------------- */

/* One page of the view: whose it is and where it lies; views stand in the order of components and their memories. */
struct page {
    uint32_t component;
    uint64_t index; /* among the component's code pages */
    const void *at;
};

static bool next_page(struct page *p, uint32_t *memory, uint64_t *offset)
{
    struct desc_component self;
    sysdesc_component(&desc, rt_info_page()->component, &self);
    for (; *memory < self.memory_count; (*memory)++, *offset = 0) {
        struct desc_memory m;
        struct desc_memory viewed;
        sysdesc_memory(&desc, self.first_memory + *memory, &m);
        if (m.kind != DESC_VIEWED || *offset >= m.len_bytes) {
            continue;
        }
        sysdesc_memory(&desc, (uint32_t)m.source, &viewed);
        struct desc_component c;
        uint32_t owner = 0;
        do {
            sysdesc_component(&desc, owner, &c);
        } while (m.source >= (uint64_t)c.first_memory + c.memory_count && ++owner < desc.header.component_count);
        p->index = p->component == owner ? p->index + 1 : 0;
        p->component = owner;
        p->at = (const void *)(m.virt + *offset);
        *offset += PAGE_BYTES;
        return true;
    }
    return false;
}

/* Hashes the view of component `component`, or finds its first page that differs from the bundle, which is in the store. */
static bool view_verifies(uint32_t component)
{
    struct page p = {.component = UINT32_MAX};
    struct desc_component c;
    static struct tree_builder builder; /* too large for a frame */
    struct hash256 root;
    uint32_t memory = 0;
    uint64_t offset = 0;
    tree_builder_init(&builder);
    while (next_page(&p, &memory, &offset)) {
        if (p.component == component) {
            struct hash256 leaf;
            tree_leaf(p.at, PAGE_BYTES, &leaf);
            tree_builder_add(&builder, &leaf);
        }
    }
    tree_builder_root(&builder, &root);
    sysdesc_component(&desc, component, &c);
    return builder.leaf_count == c.code_pages && memcmp(root.bytes, c.code_root, sizeof root.bytes) == 0;
}

static uint64_t repair(uint32_t component, uint64_t page, uint64_t *differed)
{
    struct message m;
    rt_message(&m, SYSTEM_REPAIR, component, page);
    uint64_t status = rt_call(&system_calls, &m);
    *differed = m.word[0];
    return status;
}

static void repair_all(uint32_t component)
{
    struct desc_component c;
    uint64_t differed = 0;
    sysdesc_component(&desc, component, &c);
    rt_log("the code of %s has changed", c.name);
    for (uint64_t page = 0; page < c.code_pages; page++) {
        must(repair(component, page, &differed) == PROTO_OK, "repairing a page");
        if (differed != 0) {
            rt_log("page %llu of %s repaired", (unsigned long long)page, c.name);
        }
    }
    must(view_verifies(component), "seeing the repaired code");
    rt_log("the code of %s verifies again", c.name);
}

static void set_alarm(void)
{
    struct message m;
    rt_message(&m, TIMER_SET, rt_ticks() + rt_ns_to_ticks(PERIOD_MS * 1000000ull));
    must(rt_call(&timer, &m) == PROTO_OK, "setting an alarm");
}

void init(void)
{
    uint64_t differed;
    struct message m;
    must(sysdesc_open((const void *)description.addr, description.len_bytes, &desc) == NULL, "reading the description");
    use_memory();
    use_objects();
    use_others();
    use_image();
    for (uint32_t i = 0; i < desc.header.component_count; i++) {
        must(view_verifies(i), "verifying the code of a component");
    }
    must(repair(0, 0, &differed) == PROTO_OK && differed == 0, "repairing the root task in place");
    must(repair(2, 9999, &differed) == PROTO_INVALID, "having a wrong page refused");
    must(repair(99, 0, &differed) == PROTO_FORBIDDEN, "having a wrong component refused");
    rt_message(&m, SYSTEM_STOP, 1);
    must(rt_call(&system_calls, &m) == PROTO_FORBIDDEN, "having a stop by somebody else refused");
    rt_log("all of it works; watching the code");
    set_alarm();
}

void notified(uint64_t signals)
{
    if ((signals & timer.signal) == 0) {
        return;
    }
    for (uint32_t i = 0; i < desc.header.component_count; i++) {
        if (!view_verifies(i)) {
            repair_all(i);
        }
    }
    set_alarm();
}
