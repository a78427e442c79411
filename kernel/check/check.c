/* SPDX-License-Identifier: MIT */
/** Check: see check.h. */
#include "check/check.h"

#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "object/vspace.h"
#include "sched/refill.h"

const void *kernel_check_culprit;

#define REQUIRE(condition, rule, culprit)                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            kernel_check_culprit = (culprit);                                                                          \
            return rule;                                                                                               \
        }                                                                                                              \
    } while (0)

#define PASS_ON(call)                                                                                                  \
    do {                                                                                                               \
        const char *pass_on_rule = (call);                                                                             \
        if (pass_on_rule != NULL) {                                                                                    \
            return pass_on_rule;                                                                                       \
        }                                                                                                              \
    } while (0)

/* ---- every capability there is ---------------------------------------------------------------------------------------------- */

/* The memory that a capability refers to. */
struct extent {
    paddr_t start;
    uint64_t len;
};

static struct slot *all[CHECK_SLOTS_MAX];
static struct extent extents[CHECK_SLOTS_MAX]; /* of all[], in the same order */
static size_t all_count;
static uint8_t seen[SIM_RAM_BYTES / sizeof(struct slot) / 8];

static bool mark(const struct slot *s)
{
    if ((const uint8_t *)s < sim_ram || (const uint8_t *)s >= sim_ram + SIM_RAM_BYTES) {
        for (size_t i = 0; i < all_count; i++) {
            if (all[i] == s) {
                return false;
            }
        }
        return true;
    }
    size_t index = (size_t)((const uint8_t *)s - sim_ram) / sizeof(struct slot);
    bool fresh = (seen[index / 8] >> index % 8 & 1) == 0;
    seen[index / 8] = (uint8_t)(seen[index / 8] | 1u << index % 8);
    return fresh;
}

static void add(struct slot *s)
{
    if (s != NULL && !slot_is_empty(s) && all_count < CHECK_SLOTS_MAX && mark(s)) {
        all[all_count++] = s;
    }
}

static void add_range(struct slot *slots, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        add(&slots[i]);
    }
}

static void add_contents(struct cap c)
{
    void *object = kptr(cap_address(c));
    enum cap_type type = cap_type(c);
    if (type == CAP_CNODE || (type == CAP_ZOMBIE && !cap_zombie_of_tcb(c))) {
        add_range(object, bit(cap_bits(c)));
    } else if (type == CAP_TCB || type == CAP_ZOMBIE) {
        add_range(((struct tcb *)object)->slots, TCB_SLOT_COUNT);
    }
}

static void collect(struct slot *root_slots, size_t root_slot_count)
{
    all_count = 0;
    memset(seen, 0, sizeof seen);
    add_range(root_slots, root_slot_count);
    add_range(kernel.irq_slots, IRQ_COUNT);
    for (size_t i = 0; i < all_count; i++) {
        add_contents(all[i]->cap);
        add(slot_next(all[i]));
        add(slot_prev(all[i]));
    }
}

/* A capability to the object exists: what nobody can name any more must not be referred to. */
static bool is_live(enum cap_type type, const void *object)
{
    if (object == NULL || object == &kernel.idle_tcb || object == &kernel.idle_sc) {
        return true;
    }
    for (size_t i = 0; i < all_count; i++) {
        if (cap_type(all[i]->cap) == type && kptr(cap_address(all[i]->cap)) == object) {
            return true;
        }
    }
    return false;
}

/* ---- derivation and memory ------------------------------------------------------------------------------------------------------ */

/* Size bits as retype would say them, from outside the kernel's own table. */
static struct extent extent_of(struct cap c)
{
    unsigned bits = 0;
    switch (cap_type(c)) {
    case CAP_UNTYPED:
    case CAP_SCHED_CONTEXT:
        bits = cap_bits(c);
        break;
    case CAP_ENDPOINT:
        bits = 4;
        break;
    case CAP_NOTIFICATION:
        bits = 6;
        break;
    case CAP_REPLY:
        bits = 5;
        break;
    case CAP_CNODE:
        bits = cap_bits(c) + 5;
        break;
    case CAP_TCB:
        bits = 11;
        break;
    case CAP_ZOMBIE:
        bits = cap_zombie_of_tcb(c) ? 11 : cap_bits(c) + 5;
        break;
    case CAP_FRAME:
        bits = frame_size_bits(cap_frame_size(c));
        break;
    case CAP_PAGE_TABLE:
    case CAP_ASID_POOL:
    case CAP_VCPU:
        bits = 12;
        break;
    case CAP_VSPACE:
        bits = 13;
        break;
    case CAP_NULL:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_SMC:
    case CAP_SGI:
        return (struct extent){0, 0};
    }
    return (struct extent){cap_address(c), 1ull << bits};
}

static bool inside(struct extent a, struct extent b)
{
    return a.len != 0 && a.start >= b.start && a.start + a.len <= b.start + b.len;
}

static bool apart(struct extent a, struct extent b)
{
    return a.len == 0 || b.len == 0 || a.start + a.len <= b.start || b.start + b.len <= a.start;
}

static const char *check_links(void)
{
    for (size_t i = 0; i < all_count; i++) {
        struct slot *s = all[i];
        struct slot *next = slot_next(s);
        struct slot *prev = slot_prev(s);
        REQUIRE(next == NULL || (slot_prev(next) == s && !slot_is_empty(next)), "a derivation link leads one way only", s);
        REQUIRE(prev == NULL || (slot_next(prev) == s && !slot_is_empty(prev)), "a derivation link leads one way only", s);
        REQUIRE(next != s && prev != s, "a slot is its own neighbour", s);
        struct extent e = extents[i];
        REQUIRE(e.len == 0 || (e.start & (e.len - 1)) == 0, "an object is not aligned to its size", s);
    }
    return NULL;
}

/* Indices of all[] of those that refer to memory: by start; of equal starts the longer first. */
static uint16_t by_memory[CHECK_SLOTS_MAX];
static size_t by_memory_count;

static int compare_extents(const void *a, const void *b)
{
    struct extent ea = extents[*(const uint16_t *)a];
    struct extent eb = extents[*(const uint16_t *)b];
    if (ea.start != eb.start) {
        return ea.start < eb.start ? -1 : 1;
    }
    return ea.len != eb.len ? (ea.len > eb.len ? -1 : 1) : 0;
}

static void sort_by_memory(void)
{
    by_memory_count = 0;
    for (size_t i = 0; i < all_count; i++) {
        extents[i] = extent_of(all[i]->cap);
        if (extents[i].len != 0) {
            by_memory[by_memory_count++] = (uint16_t)i;
        }
    }
    qsort(by_memory, by_memory_count, sizeof by_memory[0], compare_extents);
}

static bool same_extent(struct extent a, struct extent b)
{
    return a.start == b.start && a.len == b.len;
}

/* What starts inside an untyped lies inside it, below its watermark. *inner: how many are its descendants. */
static const char *check_inside(const struct slot *u, struct extent whole, size_t first, size_t *inner)
{
    struct extent used = {whole.start, cap_untyped_used(u->cap)};
    for (size_t k = first; k < by_memory_count && extents[by_memory[k]].start < whole.start + whole.len; k++) {
        const struct slot *s = all[by_memory[k]];
        struct extent e = extents[by_memory[k]];
        if (s == u) {
            continue;
        }
        bool untyped = cap_type(s->cap) == CAP_UNTYPED;
        REQUIRE(inside(e, whole), untyped ? "two untypeds overlap without nesting" : "an object is only partly in an untyped", u);
        REQUIRE((untyped && same_extent(e, whole)) || inside(e, used), "an object lies above the watermark of its untyped", s);
        *inner += slot_is_parent_of(u, s);
    }
    return NULL;
}

/* Everything inside an untyped, the one at `place` in the order of memory, stands behind it in one run of descendants. */
static const char *check_untyped(size_t place)
{
    const struct slot *u = all[by_memory[place]];
    struct extent whole = extents[by_memory[place]];
    size_t first = place;
    while (first > 0 && same_extent(extents[by_memory[first - 1]], whole)) {
        first--;
    }
    size_t inner = 0;
    PASS_ON(check_inside(u, whole, first, &inner));
    /* A copy of the untyped with the same extent may stand between; what follows it is a descendant of both. */
    size_t run = 0;
    for (const struct slot *s = slot_next(u); s != NULL && slot_is_parent_of(u, s); s = slot_next(s)) {
        run++;
    }
    size_t same = 0;
    for (const struct slot *s = slot_prev(u); s != NULL; s = slot_prev(s)) {
        if (slot_is_parent_of(u, s)) { /* only an equal copy of this untyped can stand before it */
            same++;
            REQUIRE(cap_type(s->cap) == CAP_UNTYPED && same_extent(extent_of(s->cap), whole), "an object stands before its untyped", s);
        }
    }
    REQUIRE(run + same == inner, "a capability inside an untyped is not its descendant", u);
    return NULL;
}

/* Sorted by start, an object shares memory with an earlier one only if it starts before the last one ends; and then both must be
   the same. */
static const char *check_overlap(void)
{
    const struct slot *last = NULL;
    struct extent before = {0, 0};
    for (size_t k = 0; k < by_memory_count; k++) {
        const struct slot *s = all[by_memory[k]];
        struct extent e = extents[by_memory[k]];
        if (cap_type(s->cap) != CAP_UNTYPED) {
            bool same = last != NULL && cap_type(last->cap) == cap_type(s->cap) && same_extent(e, before);
            REQUIRE(same || apart(before, e), "two objects share memory", s);
            last = s;
            before = e;
        }
    }
    return NULL;
}

/* Of the kernel's image there are small frames of its code, that can be read; its bytes are as they were at the start. */
static const char *check_kernel_image(void)
{
    const struct extent image = {SIM_RAM_START, SIM_KERNEL_BYTES};
    const struct extent code = {SIM_RAM_START, SIM_KERNEL_CODE_BYTES};
    for (size_t i = 0; i < all_count; i++) {
        struct cap c = all[i]->cap;
        if (!apart(extent_of(c), image)) {
            REQUIRE(cap_type(c) == CAP_FRAME && inside(extent_of(c), code), "a capability to the kernel's own memory", all[i]);
            REQUIRE(!cap_has(c, FRAME_CAN_WRITE), "the kernel's code can be written", all[i]);
        }
    }
    REQUIRE(memcmp(sim_ram, sim_kernel_code, sizeof sim_kernel_code) == 0, "the kernel's code was written", sim_ram);
    return NULL;
}

/* ---- threads and queues ------------------------------------------------------------------------------------------------------------ */

static bool queue_holds(struct tcb_queue queue, const struct tcb *t)
{
    for (const struct tcb *q = queue.head; q != NULL; q = q->queue_next) {
        if (q == t) {
            return true;
        }
    }
    return false;
}

static const char *check_queue(struct tcb_queue queue)
{
    const struct tcb *prev = NULL;
    for (const struct tcb *t = queue.head; t != NULL; t = t->queue_next) {
        REQUIRE(t->queue_prev == prev, "a queue of threads is linked one way only", t);
        REQUIRE(prev == NULL || prev->priority >= t->priority, "a queue is not ordered by priority", t);
        prev = t;
    }
    REQUIRE(queue.tail == prev, "the tail of a queue is not its last thread", prev);
    return NULL;
}

static struct tcb_queue queue_of(const struct endpoint *ep)
{
    return (struct tcb_queue){ep->head, (struct tcb *)(ep->tail_and_state & ~(uintptr_t)3)};
}

static bool in_ready_queue(const struct tcb *t)
{
    for (const struct tcb *q = kernel.ready[t->domain][t->priority].head; q != NULL; q = q->sched_next) {
        if (q == t) {
            return true;
        }
    }
    return false;
}

static bool in_release_queue(const struct tcb *t)
{
    for (const struct tcb *q = kernel.release_head; q != NULL; q = q->sched_next) {
        if (q == t) {
            return true;
        }
    }
    return false;
}

static const char *check_waiting(const struct tcb *t)
{
    const struct endpoint *ep = t->waits_for;
    const struct notification *n = t->waits_for;
    bool waits_for_endpoint = t->state == THREAD_BLOCKED_SEND || t->state == THREAD_BLOCKED_RECEIVE;
    REQUIRE(!waits_for_endpoint || is_live(CAP_ENDPOINT, ep), "a thread waits for an endpoint that is gone", t);
    switch ((enum thread_state)t->state) {
    case THREAD_BLOCKED_SEND:
        REQUIRE(endpoint_state(ep) == ENDPOINT_SENDERS && queue_holds(queue_of(ep), t), "a sender is in no queue", t);
        break;
    case THREAD_BLOCKED_RECEIVE:
        REQUIRE(endpoint_state(ep) == ENDPOINT_RECEIVERS && queue_holds(queue_of(ep), t), "a receiver is in no queue", t);
        break;
    case THREAD_BLOCKED_NOTIFICATION:
        REQUIRE(is_live(CAP_NOTIFICATION, n), "a thread waits for a notification that is gone", t);
        REQUIRE(n->state == NOTIFICATION_WAITERS && queue_holds(n->waiters, t), "a waiter is in no queue", t);
        break;
    case THREAD_BLOCKED_REPLY:
        REQUIRE(t->reply != NULL, "a caller waits for no reply", t);
        break;
    case THREAD_INACTIVE:
    case THREAD_RUNNING:
    case THREAD_RESTART:
    case THREAD_IDLE:
        REQUIRE(t->reply == NULL, "a thread that does not wait holds a reply", t);
        REQUIRE(t->queue_next == NULL && t->queue_prev == NULL, "a thread that does not wait is in a queue", t);
        break;
    }
    return NULL;
}

static bool is_runnable(const struct tcb *t)
{
    return t->state == THREAD_RUNNING || t->state == THREAD_RESTART;
}

static const char *check_thread(const struct tcb *t)
{
    PASS_ON(check_waiting(t));
    REQUIRE(is_live(CAP_REPLY, t->reply) && is_live(CAP_SCHED_CONTEXT, t->sc) &&
                is_live(CAP_NOTIFICATION, t->bound_notification) && is_live(CAP_SCHED_CONTEXT, t->yield_to) &&
                is_live(CAP_VCPU, t->vcpu),
            "a thread refers to an object that is gone", t);
    REQUIRE(t->reply == NULL || t->reply->tcb == t, "a thread and its reply disagree", t);
    REQUIRE(t->sc == NULL || t->sc->tcb == t, "a thread and its scheduling context disagree", t);
    REQUIRE(t->bound_notification == NULL || t->bound_notification->bound_tcb == t,
            "a thread and its bound notification disagree", t);
    REQUIRE(t->yield_to == NULL || t->yield_to->yield_from == t, "a yielding thread and its context disagree", t);
    REQUIRE(t->vcpu == NULL || t->vcpu->tcb == t, "a thread and its VCPU disagree", t);
    REQUIRE(t->vcpu != NULL || (t->regs.spsr & 0x1ff) == ARCH_USER_SPSR, "a thread that is no guest leaves EL0", t);
    REQUIRE(t->in_ready_queue == in_ready_queue(t), "a thread's mark and the ready queue disagree", t);
    REQUIRE(t->in_release_queue == in_release_queue(t), "a thread's mark and the release queue disagree", t);
    bool has_budget = t->sc != NULL && t->sc->refill_max != 0;
    if (t->in_ready_queue) {
        REQUIRE(is_runnable(t) && has_budget && !t->in_release_queue, "a thread that cannot run is ready", t);
    } else if (is_runnable(t) && has_budget && !t->in_release_queue) {
        REQUIRE(t == kernel.current, "a thread that can run is not ready", t);
    }
    REQUIRE(!t->in_release_queue || has_budget, "a thread without a context waits for a refill", t);
    return NULL;
}

static const char *check_ready_queues(void)
{
    static const struct tcb_queue nobody[PRIORITY_COUNT];
    static const uint64_t none[PRIORITY_COUNT / 64];
    for (unsigned d = 0; d < DOMAIN_COUNT; d++) {
        bool empty = memcmp(kernel.ready[d], nobody, sizeof nobody) == 0 && memcmp(kernel.ready_bits[d], none, sizeof none) == 0;
        for (unsigned p = 0; !empty && p < PRIORITY_COUNT; p++) {
            struct tcb_queue queue = kernel.ready[d][p];
            bool marked = (kernel.ready_bits[d][p / 64] >> p % 64 & 1) != 0;
            REQUIRE(marked == (queue.head != NULL), "a ready queue and its bit disagree", NULL);
            for (const struct tcb *t = queue.head; t != NULL; t = t->sched_next) {
                REQUIRE(is_live(CAP_TCB, t), "a thread that is gone is ready", t);
                REQUIRE(t->domain == d && t->priority == p && t->in_ready_queue, "a thread is in another's ready queue", t);
                REQUIRE(t->sched_next != NULL ? t->sched_next->sched_prev == t : queue.tail == t,
                        "a ready queue is linked one way only", t);
            }
        }
        for (unsigned w = 0; w < PRIORITY_COUNT / 64; w++) {
            REQUIRE((kernel.ready_words[d] >> w & 1) == (kernel.ready_bits[d][w] != 0), "the two bitmaps disagree", NULL);
        }
    }
    for (const struct tcb *t = kernel.release_head; t != NULL && t->sched_next != NULL; t = t->sched_next) {
        REQUIRE(refill_head(t->sc)->time <= refill_head(t->sched_next->sc)->time, "the release queue is not sorted", t);
        REQUIRE(t->sched_next->sched_prev == t, "the release queue is linked one way only", t);
    }
    return NULL;
}

/* ---- scheduling contexts and replies -------------------------------------------------------------------------------------------------- */

static const char *check_refills(struct sched_context *sc)
{
    if (sc->refill_max == 0) {
        return NULL;
    }
    REQUIRE(sc->refill_count >= 1 && sc->refill_count <= sc->refill_max, "the number of refills is out of range", sc);
    REQUIRE(sc->refill_head < sc->refill_max, "the first refill is out of range", sc);
    REQUIRE(refill_head(sc)->amount >= refill_min_budget(), "the first refill is too small to be used", sc);
    if (sc->period == 0) {
        REQUIRE(refill_head(sc)->amount <= sc->budget, "a slice is longer than its budget", sc);
        return NULL;
    }
    ticks_t sum = 0;
    for (uint32_t i = 0; i < sc->refill_count; i++) {
        const struct refill *r = refill_at(sc, (sc->refill_head + i) % sc->refill_max);
        sum += r->amount;
        if (i + 1 < sc->refill_count) {
            const struct refill *next = refill_at(sc, (sc->refill_head + i + 1) % sc->refill_max);
            REQUIRE(r->time + r->amount <= next->time, "two refills overlap", sc);
        }
    }
    REQUIRE(sum == sc->budget, "the refills do not sum to the budget", sc);
    return NULL;
}

static const char *check_sched_context(struct sched_context *sc)
{
    PASS_ON(check_refills(sc));
    REQUIRE(is_live(CAP_TCB, sc->tcb) && is_live(CAP_NOTIFICATION, sc->notification) && is_live(CAP_REPLY, sc->reply) &&
                is_live(CAP_TCB, sc->yield_from),
            "a scheduling context refers to an object that is gone", sc);
    REQUIRE(sc->tcb == NULL || sc->tcb->sc == sc, "a scheduling context and its thread disagree", sc);
    REQUIRE(sc->notification == NULL || sc->notification->sc == sc, "a context and its notification disagree", sc);
    REQUIRE(sc->yield_from == NULL || sc->yield_from->yield_to == sc, "a context and who yields to it disagree", sc);
    uintptr_t above = (uintptr_t)sc | REPLY_ABOVE_IS_SC;
    for (const struct reply *r = sc->reply; r != NULL; r = r->below) {
        REQUIRE(r->above == above, "a stack of calls is linked one way only", r);
        REQUIRE(r->tcb != NULL && r->tcb->state == THREAD_BLOCKED_REPLY, "a stack of calls holds a caller that does not wait",
                r);
        above = (uintptr_t)r;
    }
    return NULL;
}

static const char *check_reply(const struct reply *r)
{
    REQUIRE(is_live(CAP_TCB, r->tcb) && is_live(CAP_REPLY, r->below), "a reply refers to an object that is gone", r);
    REQUIRE(r->tcb == NULL || r->tcb->reply == r, "a reply and its thread disagree", r);
    REQUIRE(r->tcb != NULL || (r->above == 0 && r->below == NULL), "a free reply is in a stack of calls", r);
    REQUIRE(r->below == NULL || r->below->above == (uintptr_t)r, "a stack of calls is linked one way only", r);
    return NULL;
}

/* ---- address spaces ----------------------------------------------------------------------------------------------------------------------- */

static bool some_cap_maps(enum cap_type type, uint64_t asid, uaddr_t address, paddr_t object)
{
    for (size_t i = 0; i < all_count; i++) {
        struct cap c = all[i]->cap;
        if (cap_type(c) == type && cap_asid(c) == asid && cap_mapped_address(c) == address && cap_address(c) == object) {
            return true;
        }
    }
    return false;
}

enum { STAGE2_WRITE = 1 << 7 }; /* S2AP[1] of a descriptor */

static const char *check_table(uint64_t asid, const uint64_t *table, unsigned entry_bits, uaddr_t base);

static const char *check_entry(uint64_t asid, uint64_t entry, unsigned bits, uaddr_t address) /* style: recursion, depth 3 */
{
    if (bits > seL4_PageBits && entry_is_table(entry)) {
        REQUIRE(some_cap_maps(CAP_PAGE_TABLE, asid, address, entry_address(entry)), "a table is mapped that no capability maps",
                NULL);
        return check_table(asid, kptr(entry_address(entry)), bits - seL4_PageTableIndexBits, address);
    }
    if (entry_is_page(entry, bits)) {
        REQUIRE(some_cap_maps(CAP_FRAME, asid, address, entry_address(entry)), "a page is mapped that no capability maps", NULL);
        bool is_kernel = entry_address(entry) - SIM_RAM_START < SIM_KERNEL_BYTES;
        REQUIRE(!is_kernel || (entry & STAGE2_WRITE) == 0, "the kernel's code is mapped writable", NULL);
    }
    return NULL;
}

static const char *check_table(uint64_t asid, const uint64_t *table, unsigned entry_bits, uaddr_t base)
{
    unsigned count = entry_bits == seL4_HugePageBits ? 1u << seL4_VSpaceIndexBits : 1u << seL4_PageTableIndexBits;
    for (unsigned i = 0; i < count; i++) {
        if (table[i] != 0) {
            PASS_ON(check_entry(asid, table[i], entry_bits, base + ((uint64_t)i << entry_bits)));
        }
    }
    return NULL;
}

static const char *check_address_spaces(void)
{
    for (unsigned p = 0; p < ASID_POOL_COUNT; p++) {
        for (unsigned i = 0; kernel.asid_pools[p] != NULL && i < ASID_POOL_ENTRIES; i++) {
            uint64_t asid = (uint64_t)p << seL4_ASIDPoolIndexBits | i;
            const struct asid_entry *entry = &kernel.asid_pools[p]->entries[i];
            if (entry->word == 0) {
                continue;
            }
            paddr_t root = asid_entry_root(entry);
            REQUIRE(root != 0, "an address space without a root", NULL);
            REQUIRE(some_cap_maps(CAP_VSPACE, asid, 0, root), "an identifier names an address space that is gone", NULL);
            if (asid_entry_has_vmid(entry)) {
                REQUIRE(kernel.vmid_owner[asid_entry_vmid(entry)] == asid, "two address spaces hold one VMID", NULL);
            }
            PASS_ON(check_table(asid, kptr(root), seL4_HugePageBits, 0));
        }
    }
    for (unsigned v = 0; v < 256; v++) {
        if (kernel.vmid_owner[v] != 0) {
            const struct asid_entry *e = asid_entry(kernel.vmid_owner[v]);
            REQUIRE(e != NULL && asid_entry_has_vmid(e) && asid_entry_vmid(e) == v,
                    "a VMID belongs to nobody", NULL);
        }
    }
    return NULL;
}

/* ---- guests --------------------------------------------------------------------------------------------------------------- */

static const char *check_guest(void)
{
    struct vcpu *v = kernel.vcpu_entered;
    REQUIRE(v == kernel.current->vcpu, "the machine is in the mode of another guest, or of none", v);
    REQUIRE(v == NULL || v == kernel.vcpu_loaded, "a guest runs with another's registers", v);
    REQUIRE(sim.guest.entered == (v != NULL), "the kernel and the machine disagree whether a guest runs", v);
    REQUIRE(is_live(CAP_VCPU, kernel.vcpu_loaded), "the machine holds registers of a VCPU that is gone", kernel.vcpu_loaded);
    REQUIRE(v == NULL || sim.irq_masked[ARCH_GUEST_TIMER_IRQ] == v->timer_masked, "a guest's timer is masked as another's", v);
    for (unsigned i = 0; i < all_count; i++) {
        if (cap_type(all[i]->cap) == CAP_VCPU) {
            const struct vcpu *u = kptr(cap_address(all[i]->cap));
            REQUIRE(is_live(CAP_TCB, u->tcb), "a VCPU refers to a thread that is gone", u);
            REQUIRE(u->tcb == NULL || u->tcb->vcpu == u, "a VCPU and its thread disagree", u);
        }
    }
    return NULL;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------------------------- */

static const char *check_object(struct cap c)
{
    void *object = kptr(cap_address(c));
    switch (cap_type(c)) {
    case CAP_TCB:
        return check_thread(object);
    case CAP_ENDPOINT: {
        const struct endpoint *ep = object;
        REQUIRE((ep->head == NULL) == (endpoint_state(ep) == ENDPOINT_IDLE), "an idle endpoint has a queue", ep);
        return check_queue(queue_of(ep));
    }
    case CAP_NOTIFICATION: {
        const struct notification *n = object;
        REQUIRE((n->waiters.head != NULL) == (n->state == NOTIFICATION_WAITERS), "a notification's state and queue disagree",
                n);
        REQUIRE(is_live(CAP_TCB, n->bound_tcb) && is_live(CAP_SCHED_CONTEXT, n->sc),
                "a notification refers to an object that is gone", n);
        REQUIRE(n->bound_tcb == NULL || n->bound_tcb->bound_notification == n, "a notification and its thread disagree", n);
        REQUIRE(n->sc == NULL || n->sc->notification == n, "a notification and its context disagree", n);
        return check_queue(n->waiters);
    }
    case CAP_SCHED_CONTEXT:
        return check_sched_context(object);
    case CAP_REPLY:
        return check_reply(object);
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_CNODE:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_VSPACE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_SMC:
    case CAP_SGI:
    case CAP_VCPU:
        break;
    }
    return NULL;
}

const char *kernel_check(struct slot *root_slots, size_t root_slot_count)
{
    kernel_check_culprit = NULL;
    collect(root_slots, root_slot_count);
    sort_by_memory();
    PASS_ON(check_links());
    for (size_t i = 0; i < all_count; i++) {
        PASS_ON(check_object(all[i]->cap));
    }
    for (size_t k = 0; k < by_memory_count; k++) {
        if (cap_type(all[by_memory[k]]->cap) == CAP_UNTYPED) {
            PASS_ON(check_untyped(k));
        }
    }
    PASS_ON(check_overlap());
    PASS_ON(check_kernel_image());
    PASS_ON(check_ready_queues());
    PASS_ON(check_address_spaces());
    PASS_ON(check_guest());
    REQUIRE(kernel.current->sc == kernel.current_sc, "the running thread spends another's budget", kernel.current);
    REQUIRE(kernel.current->state == THREAD_RUNNING || kernel.current->state == THREAD_IDLE,
            "the running thread cannot run", kernel.current);
    REQUIRE(kernel.switch_to == NULL && !kernel.choose_anew, "a scheduling decision is left over", NULL);
    return NULL;
}
