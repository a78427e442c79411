/* SPDX-License-Identifier: MIT */
/**
 * Fake environment, for tests: address spaces in host memory, threads as register sets, and the stubs of the ABI page
 * carried out as the CPU would. It is strict where the contract of struct linux_ops allows it to be: whatever may become
 * invalid is freed at once, so that a stale pointer is found by the sanitizer, and every rule about states is checked.
 * Owns:   struct fake.    Uses: linux.h, abi.h, abipage.h, the host's malloc. Header only.
 * Limits: test code; programs are what the test makes of them.
 */
#ifndef LX_LINUX_FAKE_ENV_H
#define LX_LINUX_FAKE_ENV_H

#include "abi.h"
#include "fake_volume.h"
#include "linux.h"

#include "abipage/abipage.h"

#include <stdio.h>
#include <stdlib.h>

#define FAKE __attribute__((unused)) static
#define FAKE_TABLE 1024u /* pages in a table, tables in a space */
#define FAKE_MEMORY (24u << 20)
#define FAKE_PAGES_MAX 6000u /* of all spaces together: then memory is short */
#define FAKE_MAP_BYTES_MAX (64u << 20) /* of one mapping: an address space has its limits, and this its speed */
#define FAKE_OBJECTS 8u
#define FAKE_LOG 512u
#define FAKE_CONSOLE 16384u
#define FAKE_ABI_PROGRAM 99u
#define FAKE_BLOCKED INT64_MIN     /* result of a call that has not returned */
#define FAKE_GONE (INT64_MIN + 1)  /* the thread ended */

struct fake_page {
    uint8_t *bytes; /* NULL: not touched yet, zeros or what the object has */
    bool is_mapped, is_exec;
    uint32_t prot;
    uint32_t object;
    uint64_t object_page;
};

struct fake_space {
    bool exists;
    struct fake_page *tables[FAKE_TABLE];
    uint64_t next_address;
};

enum fake_thread_state { FAKE_FREE, FAKE_BOUND, FAKE_RUNS, FAKE_STOPPED, FAKE_TRAPPED };

struct fake_thread {
    enum fake_thread_state state;
    uint32_t space;
    struct linux_regs regs;
    uint8_t fp[ABI_FP_BYTES]; /* a head that is never touched, FPSR, FPCR, V0-V31 */
    struct linux_frame frame; /* of the call in progress */
    bool in_call;
    uint64_t cpu_ns;
};

struct fake {
    struct linux_system *system;
    void *memory;
    struct fake_space spaces[LINUX_SPACES_MAX];
    struct fake_thread threads[LINUX_THREADS_MAX];
    uint32_t page_count, pages_max;
    uint32_t last_started, last_released;
    const uint8_t *objects[FAKE_OBJECTS];
    size_t object_bytes[FAKE_OBJECTS];
    bool object_bad[FAKE_OBJECTS];
    void *lent_object_page;
    uint64_t now_ns, timer_ns;
    uint32_t random_state;
    uint8_t console[FAKE_CONSOLE];
    size_t console_len, console_accepts;
    bool is_over;
    enum linux_power power;
    int power_status;
    char refused[256];
    uint32_t refused_count;
    uint32_t op_count;
    struct fake_volume *volume; /* or NULL; the test's */
    uint64_t scratch; /* where the test's buffers are in every process */
};

#define FAKE_SCRATCH UINT64_C(0x60000000)
#define FAKE_SCRATCH_BYTES (64u * 4096u)

/* ---- pages ------------------------------------------------------------------------------------------------------- */

FAKE void fake_enter(struct fake *f)
{
    f->op_count++;
    free(f->lent_object_page);
    f->lent_object_page = NULL;
}

FAKE struct fake_page *fake_page(struct fake *f, uint32_t space, uint64_t address)
{
    struct fake_space *s = &f->spaces[space];
    assert(s->exists);
    if (address >= UINT64_C(1) << 32) {
        return NULL;
    }
    uint64_t page = address / PAGE_BYTES;
    struct fake_page *table = s->tables[page / FAKE_TABLE];
    return table == NULL || !table[page % FAKE_TABLE].is_mapped ? NULL : &table[page % FAKE_TABLE];
}

FAKE struct fake_page *fake_slot(struct fake *f, uint32_t space, uint64_t address)
{
    struct fake_page **table = &f->spaces[space].tables[address / PAGE_BYTES / FAKE_TABLE];
    if (*table == NULL) {
        *table = calloc(FAKE_TABLE, sizeof(struct fake_page));
    }
    return &(*table)[address / PAGE_BYTES % FAKE_TABLE];
}

FAKE void fake_drop(struct fake *f, struct fake_page *page)
{
    if (page->bytes != NULL) {
        free(page->bytes);
        f->page_count--;
    }
    *page = (struct fake_page){0};
}

/** Moves a page elsewhere: whoever still holds a pointer to it is found out. */
FAKE void fake_move(struct fake_page *page)
{
    if (page->bytes != NULL) {
        uint8_t *moved = malloc(PAGE_BYTES);
        memcpy(moved, page->bytes, PAGE_BYTES);
        free(page->bytes);
        page->bytes = moved;
    }
}

FAKE void fake_shake(struct fake *f, uint32_t space)
{
    for (uint32_t i = 0; i < FAKE_TABLE; i++) {
        struct fake_page *table = f->spaces[space].tables[i];
        for (uint32_t j = 0; table != NULL && j < FAKE_TABLE; j++) {
            fake_move(&table[j]);
        }
    }
}

FAKE enum linux_op fake_touch(struct fake *f, struct fake_page *page)
{
    if (page->bytes != NULL) {
        return LINUX_OP_OK;
    }
    if (page->object != LINUX_NONE && f->object_bad[page->object]) {
        return LINUX_OP_BAD_DATA;
    }
    if (f->page_count >= f->pages_max) {
        return LINUX_OP_NO_MEMORY;
    }
    page->bytes = calloc(1, PAGE_BYTES);
    f->page_count++;
    size_t at = (size_t)page->object_page * PAGE_BYTES;
    if (page->object != LINUX_NONE && at < f->object_bytes[page->object]) {
        size_t rest = f->object_bytes[page->object] - at;
        memcpy(page->bytes, f->objects[page->object] + at, rest < PAGE_BYTES ? rest : PAGE_BYTES);
    }
    return LINUX_OP_OK;
}

FAKE enum linux_op fake_resolve(struct fake *f, uint32_t space, uint64_t address, uint32_t access)
{
    struct fake_page *page = fake_page(f, space, address);
    if (page == NULL) {
        return LINUX_OP_NOT_MAPPED;
    }
    if ((page->prot & access) != access) {
        return LINUX_OP_NO_ACCESS;
    }
    return fake_touch(f, page);
}

/* ---- ops: spaces ------------------------------------------------------------------------------------------------- */

FAKE enum linux_op fake_space_create(void *env, uint32_t space)
{
    struct fake *f = env;
    fake_enter(f);
    assert(space < LINUX_SPACES_MAX && !f->spaces[space].exists);
    f->spaces[space].exists = true;
    f->spaces[space].next_address = LINUX_MMAP_BASE;
    return LINUX_OP_OK;
}

FAKE void fake_clear(struct fake *f, uint32_t space)
{
    for (uint32_t i = 0; i < FAKE_TABLE; i++) {
        struct fake_page *table = f->spaces[space].tables[i];
        for (uint32_t j = 0; table != NULL && j < FAKE_TABLE; j++) {
            fake_drop(f, &table[j]);
        }
        free(table);
    }
    memset(&f->spaces[space], 0, sizeof(f->spaces[space]));
}

FAKE void fake_space_destroy(void *env, uint32_t space)
{
    struct fake *f = env;
    fake_enter(f);
    assert(f->spaces[space].exists);
    for (uint32_t i = 0; i < LINUX_THREADS_MAX; i++) {
        assert(f->threads[i].state == FAKE_FREE || f->threads[i].space != space);
    }
    fake_clear(f, space);
}

FAKE enum linux_op fake_space_clone(void *env, uint32_t parent, uint32_t child)
{
    struct fake *f = env;
    if (fake_space_create(env, child) != LINUX_OP_OK) {
        return LINUX_OP_NO_MEMORY;
    }
    f->spaces[child].next_address = f->spaces[parent].next_address;
    for (uint64_t i = 0; i < FAKE_TABLE; i++) {
        const struct fake_page *from = f->spaces[parent].tables[i];
        for (uint64_t j = 0; from != NULL && j < FAKE_TABLE; j++) {
            if (!from[j].is_mapped) {
                continue;
            }
            struct fake_page *to = fake_slot(f, child, (i * FAKE_TABLE + j) * PAGE_BYTES);
            *to = from[j];
            if (from[j].bytes != NULL) {
                to->bytes = NULL;
                if (f->page_count >= f->pages_max) {
                    fake_clear(f, child);
                    return LINUX_OP_NO_MEMORY;
                }
                to->bytes = malloc(PAGE_BYTES);
                memcpy(to->bytes, from[j].bytes, PAGE_BYTES);
                f->page_count++;
            }
        }
    }
    fake_shake(f, parent);
    return LINUX_OP_OK;
}

FAKE bool fake_is_free(struct fake *f, uint32_t space, uint64_t address, uint64_t len)
{
    for (uint64_t at = 0; at < len; at += PAGE_BYTES) {
        if (fake_page(f, space, address + at) != NULL) {
            return false;
        }
    }
    return true;
}

FAKE enum linux_op fake_place(struct fake *f, uint32_t space, struct linux_range *range)
{
    struct fake_space *s = &f->spaces[space];
    assert(s->exists && range->len_bytes > 0 && is_aligned(range->len_bytes, PAGE_BYTES));
    assert((range->prot & ~(uint32_t)(LINUX_READ | LINUX_WRITE)) == 0);
    if (range->len_bytes > FAKE_MAP_BYTES_MAX) {
        return LINUX_OP_NO_MEMORY;
    }
    if (range->place == LINUX_PLACE_ANY) {
        uint64_t at = s->next_address;
        while (at + range->len_bytes <= LINUX_MMAP_TOP && !fake_is_free(f, space, at, range->len_bytes)) {
            at += PAGE_BYTES;
        }
        if (at + range->len_bytes > LINUX_MMAP_TOP) {
            return LINUX_OP_NO_MEMORY;
        }
        range->address = at;
        s->next_address = at + range->len_bytes + PAGE_BYTES;
    }
    assert(is_aligned(range->address, PAGE_BYTES));
    assert(range->address <= LINUX_USER_TOP && range->len_bytes <= LINUX_USER_TOP - range->address);
    if (range->place == LINUX_PLACE_FREE && !fake_is_free(f, space, range->address, range->len_bytes)) {
        return LINUX_OP_IN_USE;
    }
    return LINUX_OP_OK;
}

FAKE void fake_map(struct fake *f, uint32_t space, const struct linux_range *range, uint32_t object, uint64_t offset)
{
    for (uint64_t at = 0; at < range->len_bytes; at += PAGE_BYTES) {
        struct fake_page *page = fake_slot(f, space, range->address + at);
        fake_drop(f, page);
        *page = (struct fake_page){.is_mapped = true,
                                   .prot = range->prot,
                                   .object = object,
                                   .object_page = (offset + at) / PAGE_BYTES};
    }
    fake_shake(f, space);
}

FAKE enum linux_op fake_map_anon(void *env, uint32_t space, struct linux_range *range)
{
    struct fake *f = env;
    fake_enter(f);
    enum linux_op op = fake_place(f, space, range);
    if (op == LINUX_OP_OK) {
        fake_map(f, space, range, LINUX_NONE, 0);
    }
    return op;
}

FAKE enum linux_op fake_map_object(void *env, uint32_t space, uint32_t object, uint64_t offset, struct linux_range *range)
{
    struct fake *f = env;
    fake_enter(f);
    assert(object < FAKE_OBJECTS && is_aligned(offset, PAGE_BYTES));
    enum linux_op op = fake_place(f, space, range);
    if (op == LINUX_OP_OK) {
        fake_map(f, space, range, object, offset);
    }
    return op;
}

/* Programs: 0 is at 4 MiB as linked; 1 can be placed anywhere. Each has 4 pages; the first is its text. */
#define FAKE_TEXT UINT64_C(0x400000)
#define FAKE_PROGRAM_PAGES 4u

FAKE enum linux_op fake_map_program(void *env, uint32_t space, uint32_t program, uint64_t shift)
{
    struct fake *f = env;
    fake_enter(f);
    assert(program <= 1 || program == FAKE_ABI_PROGRAM);
    uint64_t base = program == 0 ? FAKE_TEXT : 0;
    uint64_t pages = program == FAKE_ABI_PROGRAM ? 1 : FAKE_PROGRAM_PAGES;
    assert(is_aligned(shift, PAGE_BYTES) && (program != 0 || shift == 0));
    assert(program != FAKE_ABI_PROGRAM || shift == LINUX_ABI_BASE);
    for (uint64_t i = 0; i < pages; i++) {
        struct fake_page *page = fake_slot(f, space, base + shift + i * PAGE_BYTES);
        assert(!page->is_mapped);
        *page = (struct fake_page){.is_mapped = true, .object = LINUX_NONE};
        page->is_exec = i == 0;
        page->prot = i == 0 ? LINUX_READ | LINUX_EXECUTE : LINUX_READ | LINUX_WRITE;
    }
    fake_shake(f, space);
    return LINUX_OP_OK;
}

FAKE enum linux_op fake_unmap(void *env, uint32_t space, uint64_t address, uint64_t len)
{
    struct fake *f = env;
    fake_enter(f);
    assert(is_aligned(address, PAGE_BYTES) && len > 0 && is_aligned(len, PAGE_BYTES));
    assert(address <= LINUX_USER_TOP && len <= LINUX_USER_TOP - address);
    for (uint64_t at = 0; at < len; at += PAGE_BYTES) {
        struct fake_page *page = fake_page(f, space, address + at);
        if (page != NULL) {
            fake_drop(f, page);
        }
    }
    fake_shake(f, space);
    return LINUX_OP_OK;
}

FAKE enum linux_op fake_protect(void *env, uint32_t space, uint64_t address, uint64_t len, uint32_t prot)
{
    struct fake *f = env;
    fake_enter(f);
    assert((prot & ~(uint32_t)(LINUX_READ | LINUX_WRITE)) == 0 && len > 0 && is_aligned(address | len, PAGE_BYTES));
    for (uint64_t at = 0; at < len; at += PAGE_BYTES) {
        struct fake_page *page = fake_page(f, space, address + at);
        if (page == NULL) {
            return LINUX_OP_NOT_MAPPED;
        }
        if (page->is_exec) {
            return LINUX_OP_NO_ACCESS;
        }
    }
    for (uint64_t at = 0; at < len; at += PAGE_BYTES) {
        fake_page(f, space, address + at)->prot = prot;
    }
    fake_shake(f, space);
    return LINUX_OP_OK;
}

FAKE enum linux_op fake_discard(void *env, uint32_t space, uint64_t address, uint64_t len)
{
    struct fake *f = env;
    fake_enter(f);
    for (uint64_t at = 0; at < len; at += PAGE_BYTES) {
        struct fake_page *page = fake_page(f, space, address + at);
        if (page == NULL) {
            return LINUX_OP_NOT_MAPPED;
        }
        if (page->bytes != NULL) {
            free(page->bytes);
            page->bytes = NULL;
            f->page_count--;
        }
    }
    fake_shake(f, space);
    return LINUX_OP_OK;
}

FAKE enum linux_op fake_fault(void *env, uint32_t space, uint64_t address, enum linux_access access)
{
    struct fake *f = env;
    fake_enter(f);
    enum linux_op op = fake_resolve(f, space, address, access);
    if (op == LINUX_OP_OK) {
        fake_move(fake_page(f, space, address));
    }
    return op;
}

FAKE void *fake_pin(void *env, uint32_t space, uint64_t address, size_t len, bool for_write, size_t *available)
{
    struct fake *f = env;
    fake_enter(f);
    assert(len > 0);
    if (fake_resolve(f, space, address, for_write ? LINUX_WRITE : LINUX_READ) != LINUX_OP_OK) {
        return NULL;
    }
    struct fake_page *page = fake_page(f, space, address);
    if (for_write) {
        fake_move(page);
    }
    size_t rest = PAGE_BYTES - address % PAGE_BYTES;
    *available = len < rest ? len : rest;
    return page->bytes + address % PAGE_BYTES;
}

FAKE void fake_space_usage(void *env, uint32_t space, struct linux_space_usage *out)
{
    struct fake *f = env;
    fake_enter(f);
    *out = (struct linux_space_usage){0, 0, 0};
    for (uint32_t i = 0; i < FAKE_TABLE; i++) {
        const struct fake_page *table = f->spaces[space].tables[i];
        for (uint32_t j = 0; table != NULL && j < FAKE_TABLE; j++) {
            out->virtual_bytes += table[j].is_mapped ? PAGE_BYTES : 0;
            out->resident_bytes += table[j].bytes != NULL ? PAGE_BYTES : 0;
        }
    }
}

FAKE void fake_space_maps(void *env, uint32_t space, const struct linux_map_marks *marks, struct linux_text *text)
{
    struct fake *f = env;
    fake_enter(f);
    linux_text_print(text, "00400000-00401000 r-xp 00000000 00:10 %u\n", space);
    linux_text_print(text, "of the stack: %s\n", linux_map_name(marks, marks->stack & ~UINT64_C(4095), LINUX_STACK_TOP));
    linux_text_print(text, "of the heap: %s\n", linux_map_name(marks, marks->heap_start, marks->heap_start + 4096));
    linux_text_print(text, "between: %s\n", linux_map_name(marks, marks->heap_end, marks->heap_end + 4096));
}

/* ---- ops: packages ----------------------------------------------------------------------------------------------- */

FAKE const void *fake_object_map(void *env, uint32_t object, uint64_t page, size_t *len)
{
    struct fake *f = env;
    fake_enter(f);
    assert(object < FAKE_OBJECTS);
    if (f->object_bad[object] || page * PAGE_BYTES >= f->object_bytes[object]) {
        return NULL;
    }
    size_t rest = f->object_bytes[object] - (size_t)page * PAGE_BYTES;
    *len = rest < PAGE_BYTES ? rest : PAGE_BYTES;
    f->lent_object_page = malloc(*len);
    memcpy(f->lent_object_page, f->objects[object] + page * PAGE_BYTES, *len);
    return f->lent_object_page;
}

FAKE enum linux_op fake_program_info(void *env, uint32_t program, struct linux_program *out)
{
    struct fake *f = env;
    fake_enter(f);
    if (program > 1) {
        return LINUX_OP_NO_ACCESS; /* was withdrawn */
    }
    uint64_t base = program == 0 ? FAKE_TEXT : 0;
    *out = (struct linux_program){.entry = base + 0x100,
                                  .phdr = base + 64,
                                  .phdr_count = 3,
                                  .phdr_bytes = 56,
                                  .start = base,
                                  .end = base + FAKE_PROGRAM_PAGES * PAGE_BYTES - 100,
                                  .is_relocatable = program == 1};
    return LINUX_OP_OK;
}

FAKE void fake_refused(void *env, const char *sentence, size_t len)
{
    struct fake *f = env;
    fake_enter(f);
    size_t part = len < sizeof(f->refused) - 1 ? len : sizeof(f->refused) - 1;
    memcpy(f->refused, sentence, part);
    f->refused[part] = '\0';
    f->refused_count++;
}

/* ---- ops: threads ------------------------------------------------------------------------------------------------ */

FAKE enum linux_op fake_thread_bind(void *env, uint32_t thread, uint32_t space)
{
    struct fake *f = env;
    fake_enter(f);
    struct fake_thread *t = &f->threads[thread];
    assert(f->spaces[space].exists && t->state != FAKE_RUNS);
    if (t->state == FAKE_FREE) {
        memset(t, 0, sizeof(*t));
        t->state = FAKE_BOUND;
    }
    t->space = space;
    return LINUX_OP_OK;
}

FAKE void fake_thread_start(void *env, uint32_t thread, const struct linux_regs *regs)
{
    struct fake *f = env;
    fake_enter(f);
    struct fake_thread *t = &f->threads[thread];
    assert(t->state == FAKE_BOUND || t->state == FAKE_STOPPED || t->state == FAKE_TRAPPED);
    if (regs != NULL) {
        t->regs = *regs;
    } else {
        assert(t->state != FAKE_BOUND);
    }
    f->last_started = thread;
    t->state = FAKE_RUNS;
    t->in_call = false;
}

FAKE void fake_thread_stop(void *env, uint32_t thread)
{
    struct fake *f = env;
    fake_enter(f);
    assert(f->threads[thread].state == FAKE_RUNS);
    f->threads[thread].state = FAKE_STOPPED;
}

FAKE void fake_thread_read(void *env, uint32_t thread, struct linux_regs *regs)
{
    struct fake *f = env;
    fake_enter(f);
    assert(f->threads[thread].state == FAKE_STOPPED || f->threads[thread].state == FAKE_TRAPPED);
    *regs = f->threads[thread].regs;
}

FAKE void fake_thread_write(void *env, uint32_t thread, const struct linux_regs *regs)
{
    struct fake *f = env;
    fake_enter(f);
    assert(f->threads[thread].state == FAKE_STOPPED || f->threads[thread].state == FAKE_TRAPPED);
    f->threads[thread].regs = *regs;
}

FAKE void fake_answer(struct fake_thread *t, const struct linux_frame *frame, enum linux_outcome outcome)
{
    t->regs.x[0] = frame->x[0];
    if (outcome == LINUX_REPLY_FRAME) {
        memcpy(t->regs.x, frame->x, sizeof(frame->x));
        t->regs.pc = frame->pc;
        t->regs.sp = frame->sp;
        t->regs.pstate = frame->pstate;
    }
    t->state = FAKE_RUNS;
    t->in_call = false;
}

FAKE void fake_thread_reply(void *env, uint32_t thread, const struct linux_frame *frame, enum linux_outcome outcome)
{
    struct fake *f = env;
    fake_enter(f);
    struct fake_thread *t = &f->threads[thread];
    assert(t->state == FAKE_TRAPPED && t->in_call);
    assert(outcome == LINUX_REPLY_X0 || outcome == LINUX_REPLY_FRAME);
    fake_answer(t, frame, outcome);
}

FAKE void fake_thread_release(void *env, uint32_t thread)
{
    struct fake *f = env;
    fake_enter(f);
    assert(f->threads[thread].state != FAKE_FREE);
    f->threads[thread].state = FAKE_FREE;
    f->last_released = thread;
}

FAKE uint64_t fake_thread_cpu_ns(void *env, uint32_t thread)
{
    struct fake *f = env;
    fake_enter(f);
    return f->threads[thread].cpu_ns;
}

/* ---- ops: the rest ----------------------------------------------------------------------------------------------- */

FAKE uint64_t fake_now_ns(void *env)
{
    fake_enter(env);
    return ((struct fake *)env)->now_ns;
}

#define FAKE_WALL_OFFSET (INT64_C(1700000000) * NS_PER_S)

FAKE int64_t fake_wall_offset_ns(void *env)
{
    fake_enter(env);
    return FAKE_WALL_OFFSET;
}

FAKE void fake_set_timer(void *env, uint64_t deadline_ns)
{
    fake_enter(env);
    ((struct fake *)env)->timer_ns = deadline_ns;
}

FAKE void fake_random(void *env, void *bytes, size_t len)
{
    struct fake *f = env;
    fake_enter(f);
    for (size_t i = 0; i < len; i++) {
        f->random_state = f->random_state * 1664525u + 1013904223u;
        ((uint8_t *)bytes)[i] = (uint8_t)(f->random_state >> 24);
    }
}

FAKE size_t fake_console_write(void *env, const void *bytes, size_t len)
{
    struct fake *f = env;
    fake_enter(f);
    size_t part = len < f->console_accepts ? len : f->console_accepts;
    part = part < FAKE_CONSOLE - f->console_len ? part : FAKE_CONSOLE - f->console_len;
    memcpy(f->console + f->console_len, bytes, part);
    f->console_len += part;
    f->console_accepts -= part;
    return part;
}

FAKE void fake_power(void *env, enum linux_power what, int status)
{
    struct fake *f = env;
    fake_enter(f);
    f->is_over = true;
    f->power = what;
    f->power_status = status;
}

FAKE void fake_view_fill(void *env, struct linux_text *text)
{
    (void)env;
    linux_text_print(text, "pages %u\n", 42u);
}

FAKE uint32_t fake_program_of(void *env, const struct hash256 *root);

FAKE const struct linux_ops fake_ops = {
    .space_create = fake_space_create,
    .space_clone = fake_space_clone,
    .space_destroy = fake_space_destroy,
    .map_anon = fake_map_anon,
    .map_program = fake_map_program,
    .map_object = fake_map_object,
    .unmap = fake_unmap,
    .protect = fake_protect,
    .discard = fake_discard,
    .fault = fake_fault,
    .pin = fake_pin,
    .space_usage = fake_space_usage,
    .space_maps = fake_space_maps,
    .object_map = fake_object_map,
    .program_info = fake_program_info,
    .program_of = fake_program_of,
    .refused = fake_refused,
    .thread_bind = fake_thread_bind,
    .thread_start = fake_thread_start,
    .thread_stop = fake_thread_stop,
    .thread_read = fake_thread_read,
    .thread_write = fake_thread_write,
    .thread_reply = fake_thread_reply,
    .thread_release = fake_thread_release,
    .thread_cpu_ns = fake_thread_cpu_ns,
    .now_ns = fake_now_ns,
    .wall_offset_ns = fake_wall_offset_ns,
    .set_timer = fake_set_timer,
    .random = fake_random,
    .console_write = fake_console_write,
    .power = fake_power,
};

/* ---- a system to test -------------------------------------------------------------------------------------------- */

static uint8_t fake_program_bytes[FAKE_PROGRAM_PAGES * PAGE_BYTES] = "\177ELF program";
static uint8_t fake_pie_bytes[FAKE_PROGRAM_PAGES * PAGE_BYTES] = "\177ELF program that can be anywhere";
static uint8_t fake_withdrawn_bytes[FAKE_PROGRAM_PAGES * PAGE_BYTES] = "\177ELF program that is withdrawn";
static uint8_t fake_text_bytes[2 * PAGE_BYTES + 100];
static uint32_t fake_text_salt; /* another release has another text */
static uint32_t fake_bad_object = FAKE_OBJECTS; /* does not verify from the start on */
static const char fake_script[] = "#!/bin/prog -x  y \necho\n";
static const char fake_passwd[] = "root:x:0:0::/root:/bin/sh\n";

static struct hash256 fake_roots[FAKE_OBJECTS];

FAKE const struct linux_file_decl fake_files[] = {
    {"/bin/prog", LINUX_FILE_OBJECT, 0755, 0, 0, sizeof(fake_program_bytes), 0, 0, fake_roots[0].bytes, NULL},
    {"/bin/pie", LINUX_FILE_OBJECT, 0755, 0, 0, sizeof(fake_pie_bytes), 4, 1, fake_roots[4].bytes, NULL},
    {"/bin/withdrawn", LINUX_FILE_OBJECT, 0755, 0, 0, sizeof(fake_withdrawn_bytes), 5, 2, fake_roots[5].bytes, NULL},
    {"/bin/sh", LINUX_FILE_SYMLINK, 0777, 0, 0, 0, 0, LINUX_NONE, NULL, "prog"},
    {"/bin/script", LINUX_FILE_OBJECT, 0755, 0, 0, sizeof(fake_script) - 1, 2, LINUX_NONE, fake_roots[2].bytes, NULL},
    {"/etc/passwd", LINUX_FILE_OBJECT, 0644, 0, 0, sizeof(fake_passwd) - 1, 3, LINUX_NONE, fake_roots[3].bytes, NULL},
    {"/share/text", LINUX_FILE_OBJECT, 0644, 0, 0, sizeof(fake_text_bytes), 1, LINUX_NONE, fake_roots[1].bytes, NULL},
    {"/root", LINUX_FILE_DIR, 0700, 0, 0, 0, 0, LINUX_NONE, NULL, NULL},
};

FAKE uint32_t fake_program_of(void *env, const struct hash256 *root)
{
    (void)env;
    for (size_t i = 0; i < ARRAY_LEN(fake_files); i++) {
        if (fake_files[i].program != LINUX_NONE && memcmp(fake_files[i].root, root->bytes, sizeof(*root)) == 0) {
            return fake_files[i].program;
        }
    }
    return LINUX_NONE;
}
FAKE const struct linux_view fake_views[] = {{"mem", fake_view_fill}};

/** One is kept for the next test: making it is what takes the time. */
static struct fake *fake_kept;

FAKE void fake_object(struct fake *f, uint32_t object, const void *bytes, size_t len)
{
    f->objects[object] = bytes;
    f->object_bytes[object] = len;
    tree_root_of_bytes(bytes, len, &fake_roots[object]);
}

/** A system, with its files on `volume` unless that is NULL. */
FAKE struct fake *fake_new_on(struct fake_volume *volume)
{
    struct fake *f = fake_kept;
    fake_kept = NULL;
    if (f == NULL) {
        f = calloc(1, sizeof(*f));
        f->memory = aligned_alloc(PAGE_BYTES, FAKE_MEMORY);
    }
    f->pages_max = FAKE_PAGES_MAX;
    f->console_accepts = FAKE_CONSOLE;
    f->now_ns = 5 * (uint64_t)NS_PER_S;
    f->timer_ns = UINT64_MAX;
    for (size_t i = 0; i < sizeof(fake_text_bytes); i++) {
        fake_text_bytes[i] = (uint8_t)(i * 7 + i / 256 + fake_text_salt);
    }
    fake_object(f, 0, fake_program_bytes, sizeof(fake_program_bytes));
    fake_object(f, 1, fake_text_bytes, sizeof(fake_text_bytes));
    fake_object(f, 2, fake_script, sizeof(fake_script) - 1);
    fake_object(f, 3, fake_passwd, sizeof(fake_passwd) - 1);
    fake_object(f, 4, fake_pie_bytes, sizeof(fake_pie_bytes));
    fake_object(f, 5, fake_withdrawn_bytes, sizeof(fake_withdrawn_bytes));
    f->volume = volume;
    for (uint32_t i = 0; i < FAKE_OBJECTS; i++) {
        f->object_bad[i] = i == fake_bad_object;
    }
    struct linux_config config = {.memory = f->memory,
                                  .memory_bytes = FAKE_MEMORY,
                                  .ops = &fake_ops,
                                  .env = f,
                                  .files = fake_files,
                                  .file_count = ARRAY_LEN(fake_files),
                                  .views = fake_views,
                                  .view_count = ARRAY_LEN(fake_views),
                                  .abi_program = FAKE_ABI_PROGRAM,
                                  .hwcap = 0xff};
    if (volume != NULL) {
        config.volume = (struct linux_volume){.ops = &fake_volume_ops, .env = volume, .buffer = volume->buffer, .repair = volume->repair};
    }
    enum lx_err err = linux_init(&config, &f->system);
    assert(err == LX_OK);
    return f;
}

FAKE struct fake *fake_new(void)
{
    return fake_new_on(NULL);
}

FAKE void fake_free(struct fake *f)
{
    for (uint32_t i = 0; i < LINUX_SPACES_MAX; i++) {
        if (f->spaces[i].exists) {
            fake_clear(f, i);
        }
    }
    free(f->lent_object_page);
    if (fake_kept == NULL) {
        void *memory = f->memory;
        size_t head = offsetof(struct fake, spaces), tail = offsetof(struct fake, threads);
        memset(f, 0, head); /* spaces are clear */
        memset((uint8_t *)f + tail, 0, sizeof(*f) - tail);
        f->memory = memory;
        fake_kept = f;
    } else {
        free(f->memory);
        free(f);
    }
}

/* ---- user memory as the test sees it ----------------------------------------------------------------------------- */

FAKE bool fake_copy(struct fake *f, uint32_t space, uint64_t address, void *bytes, size_t len, bool to_user)
{
    uint8_t *at = bytes;
    while (len > 0) {
        struct fake_page *page = fake_page(f, space, address);
        if (page == NULL || fake_touch(f, page) != LINUX_OP_OK) {
            return false;
        }
        size_t offset = address % PAGE_BYTES;
        size_t part = PAGE_BYTES - offset < len ? PAGE_BYTES - offset : len;
        if (to_user) {
            memcpy(page->bytes + offset, at, part);
        } else {
            memcpy(at, page->bytes + offset, part);
        }
        at += part;
        address += part;
        len -= part;
    }
    return true;
}

/** Writes and reads memory of the process that `thread` is in, whatever the rights. */
FAKE void put(struct fake *f, uint32_t thread, uint64_t address, const void *bytes, size_t len)
{
    bool ok = fake_copy(f, f->threads[thread].space, address, (void *)(uintptr_t)bytes, len, true);
    assert(ok);
}

FAKE void get(struct fake *f, uint32_t thread, uint64_t address, void *bytes, size_t len)
{
    bool ok = fake_copy(f, f->threads[thread].space, address, bytes, len, false);
    assert(ok);
}

FAKE uint32_t get32(struct fake *f, uint32_t thread, uint64_t address)
{
    uint32_t value;
    get(f, thread, address, &value, sizeof(value));
    return value;
}

FAKE uint64_t get64(struct fake *f, uint32_t thread, uint64_t address)
{
    uint64_t value;
    get(f, thread, address, &value, sizeof(value));
    return value;
}

/* ---- the CPU ----------------------------------------------------------------------------------------------------- */

FAKE void fake_run_stubs(struct fake *f, uint32_t thread);

FAKE void fake_trap(struct fake *f, uint32_t thread, uint64_t number)
{
    struct fake_thread *t = &f->threads[thread];
    assert(t->state == FAKE_RUNS);
    t->regs.x[8] = number;
    memcpy(t->frame.x, t->regs.x, sizeof(t->frame.x));
    t->frame.pc = t->regs.pc + 4;
    t->frame.sp = t->regs.sp;
    t->frame.lr = t->regs.x[30];
    t->frame.pstate = t->regs.pstate;
    t->frame.number = number;
    t->state = FAKE_TRAPPED;
    t->in_call = true;
    t->regs.pc += 4; /* what thread_read shows during a call */
    struct linux_frame frame = t->frame;
    switch (linux_syscall(f->system, thread, &frame)) {
    case LINUX_RESUME:
        assert(false);
        break;
    case LINUX_REPLY_X0:
        fake_answer(t, &frame, LINUX_REPLY_X0);
        break;
    case LINUX_REPLY_FRAME:
        fake_answer(t, &frame, LINUX_REPLY_FRAME);
        break;
    case LINUX_KEEP:
        assert(t->state != FAKE_FREE);
        break;
    case LINUX_GONE:
        assert(f->is_over || t->state == FAKE_FREE || t->state == FAKE_BOUND || t->state == FAKE_RUNS);
        break;
    }
    fake_run_stubs(f, thread);
}

/** A stub's access to memory: with the rights of the thread, and a fault where there are none. @return whether it went. */
FAKE bool fake_access(struct fake *f, uint32_t thread, uint64_t address, void *bytes, size_t len, bool writes)
{
    struct fake_thread *t = &f->threads[thread];
    enum linux_access access = writes ? LINUX_WRITE : LINUX_READ;
    for (uint64_t at = align_down(address, PAGE_BYTES); at < address + len; at += PAGE_BYTES) {
        if (fake_resolve(f, t->space, at, access) == LINUX_OP_OK) {
            continue;
        }
        t->state = FAKE_TRAPPED;
        enum linux_outcome outcome = linux_fault(f->system, thread, at, access, 0x92000000);
        assert(outcome == LINUX_KEEP || outcome == LINUX_GONE);
        return false;
    }
    return fake_copy(f, t->space, address, bytes, len, writes);
}

/** Carries out a stub of the ABI page. */
FAKE void fake_run_stub(struct fake *f, uint32_t thread)
{
    struct fake_thread *t = &f->threads[thread];
    struct linux_regs *r = &t->regs;
    switch (r->pc - LINUX_ABI_BASE) {
    case ABI_SIGENTRY:
        if (!fake_access(f, thread, r->x[2] + ABI_UC_X8, &r->x[8], 23 * sizeof(r->x[0]), true) ||
            !fake_access(f, thread, r->x[4], &r->x[29], 2 * sizeof(r->x[0]), true) ||
            !fake_access(f, thread, r->x[2] + ABI_UC_RECORDS + 8, t->fp + 8, sizeof(t->fp) - 8, true)) {
            return;
        }
        r->x[6] = r->x[7] = r->x[17] = 0xdead;
        r->x[29] = r->x[4];
        r->x[30] = r->x[5];
        r->pc = r->x[3];
        return;
    case ABI_SIGLEAVE:
        if (!fake_access(f, thread, r->x[0] + 8, t->fp + 8, sizeof(t->fp) - 8, false) ||
            !fake_access(f, thread, r->sp + ABI_SIGFRAME_X8, &r->x[8], 23 * sizeof(r->x[0]), false)) {
            return;
        }
        r->x[0] = r->x[1] = 0xdead;
        r->pc = LINUX_ABI_BASE + ABI_SIGLEAVE_SVC;
        fake_trap(f, thread, r->x[8]);
        return;
    case ABI_FORKSAVE:
        if (!fake_access(f, thread, r->x[0] + 8, t->fp + 8, sizeof(t->fp) - 8, true)) {
            return;
        }
        r->x[1] = 0xdead;
        r->pc = LINUX_ABI_BASE + ABI_FORKSAVE_SVC;
        fake_trap(f, thread, r->x[8]);
        return;
    case ABI_FORKENTRY:
        if (!fake_access(f, thread, r->x[0] + 8, t->fp + 8, sizeof(t->fp) - 8, false)) {
            return;
        }
        r->x[1] = 0xdead;
        r->pc = LINUX_ABI_BASE + ABI_FORKENTRY_SVC;
        fake_trap(f, thread, r->x[8]);
        return;
    case ABI_EXECENTRY:
        memset(t->fp, 0, sizeof(t->fp));
        r->pc = r->x[16];
        return;
    default:
        assert(false);
    }
}

FAKE bool fake_in_stub(const struct fake_thread *t)
{
    uint64_t at = t->regs.pc - LINUX_ABI_BASE;
    return t->state == FAKE_RUNS && (at == ABI_SIGENTRY || at == ABI_SIGLEAVE || at == ABI_FORKSAVE ||
                                     at == ABI_FORKENTRY || at == ABI_EXECENTRY);
}

static bool fake_stubs_held; /* a test looks at threads inside of stubs */

FAKE void fake_run_stubs(struct fake *f, uint32_t thread)
{
    static uint32_t depth;
    (void)thread;
    if (depth > 0 || fake_stubs_held) {
        return;
    }
    depth++;
    bool again = true;
    for (uint32_t round = 0; again && !f->is_over && round < 100; round++) { /* a program may well run in circles here */
        again = false;
        for (uint32_t i = 0; i < LINUX_THREADS_MAX && !f->is_over; i++) {
            if (fake_in_stub(&f->threads[i])) {
                fake_run_stub(f, i);
                again = true;
            }
        }
    }
    depth--;
}

/** The result of the call that a thread made last. */
FAKE int64_t result(struct fake *f, uint32_t thread)
{
    const struct fake_thread *t = &f->threads[thread];
    if (t->state == FAKE_FREE || f->is_over) {
        return FAKE_GONE;
    }
    return t->state != FAKE_RUNS ? FAKE_BLOCKED : (int64_t)t->regs.x[0];
}

FAKE int64_t sys6(struct fake *f, uint32_t thread, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                  uint64_t e, uint64_t g)
{
    struct linux_regs *r = &f->threads[thread].regs;
    const uint64_t args[6] = {a, b, c, d, e, g};
    memcpy(r->x, args, sizeof(args));
    fake_trap(f, thread, number);
    return result(f, thread);
}

#define SYS_PICK(_1, _2, _3, _4, _5, _6, name, ...) name
#define sys(f, t, n, ...) SYS_PICK(__VA_ARGS__, sys_6, sys_5, sys_4, sys_3, sys_2, sys_1, )(f, t, n, __VA_ARGS__)
#define U(v) ((uint64_t)(v))
#define sys_1(f, t, n, a) sys6(f, t, n, U(a), 0, 0, 0, 0, 0)
#define sys_2(f, t, n, a, b) sys6(f, t, n, U(a), U(b), 0, 0, 0, 0)
#define sys_3(f, t, n, a, b, c) sys6(f, t, n, U(a), U(b), U(c), 0, 0, 0)
#define sys_4(f, t, n, a, b, c, d) sys6(f, t, n, U(a), U(b), U(c), U(d), 0, 0)
#define sys_5(f, t, n, a, b, c, d, e) sys6(f, t, n, U(a), U(b), U(c), U(d), U(e), 0)
#define sys_6(f, t, n, a, b, c, d, e, g) sys6(f, t, n, U(a), U(b), U(c), U(d), U(e), U(g))

enum {
    NR_getcwd = 17,
    NR_dup = 23,
    NR_dup3 = 24,
    NR_fcntl = 25,
    NR_ioctl = 29,
    NR_mknodat = 33,
    NR_mkdirat = 34,
    NR_unlinkat = 35,
    NR_symlinkat = 36,
    NR_linkat = 37,
    NR_renameat = 38,
    NR_mount = 40,
    NR_statfs = 43,
    NR_truncate = 45,
    NR_ftruncate = 46,
    NR_fallocate = 47,
    NR_faccessat = 48,
    NR_chdir = 49,
    NR_fchdir = 50,
    NR_chroot = 51,
    NR_fchmod = 52,
    NR_fchmodat = 53,
    NR_fchownat = 54,
    NR_openat = 56,
    NR_close = 57,
    NR_pipe2 = 59,
    NR_getdents64 = 61,
    NR_lseek = 62,
    NR_read = 63,
    NR_write = 64,
    NR_readv = 65,
    NR_writev = 66,
    NR_pread64 = 67,
    NR_pwrite64 = 68,
    NR_sendfile = 71,
    NR_pselect6 = 72,
    NR_ppoll = 73,
    NR_readlinkat = 78,
    NR_newfstatat = 79,
    NR_fstat = 80,
    NR_sync = 81,
    NR_fsync = 82,
    NR_utimensat = 88,
    NR_exit = 93,
    NR_exit_group = 94,
    NR_waitid = 95,
    NR_set_tid_address = 96,
    NR_futex = 98,
    NR_set_robust_list = 99,
    NR_nanosleep = 101,
    NR_getitimer = 102,
    NR_setitimer = 103,
    NR_clock_gettime = 113,
    NR_clock_nanosleep = 115,
    NR_syslog = 116,
    NR_restart_syscall = 128,
    NR_kill = 129,
    NR_tkill = 130,
    NR_tgkill = 131,
    NR_sigaltstack = 132,
    NR_rt_sigsuspend = 133,
    NR_rt_sigaction = 134,
    NR_rt_sigprocmask = 135,
    NR_rt_sigpending = 136,
    NR_rt_sigtimedwait = 137,
    NR_rt_sigqueueinfo = 138,
    NR_rt_sigreturn = 139,
    NR_reboot = 142,
    NR_setgid = 144,
    NR_setreuid = 145,
    NR_setuid = 146,
    NR_setresuid = 147,
    NR_getresuid = 148,
    NR_times = 153,
    NR_setpgid = 154,
    NR_getpgid = 155,
    NR_getsid = 156,
    NR_setsid = 157,
    NR_getgroups = 158,
    NR_setgroups = 159,
    NR_uname = 160,
    NR_sethostname = 161,
    NR_getrusage = 165,
    NR_umask = 166,
    NR_prctl = 167,
    NR_getpid = 172,
    NR_getppid = 173,
    NR_getuid = 174,
    NR_geteuid = 175,
    NR_getgid = 176,
    NR_gettid = 178,
    NR_sysinfo = 179,
    NR_socket = 198,
    NR_connect = 203,
    NR_brk = 214,
    NR_munmap = 215,
    NR_mremap = 216,
    NR_clone = 220,
    NR_execve = 221,
    NR_mmap = 222,
    NR_mprotect = 226,
    NR_madvise = 233,
    NR_wait4 = 260,
    NR_prlimit64 = 261,
    NR_renameat2 = 276,
    NR_getrandom = 278,
    NR_execveat = 281,
    NR_statx = 291,
    NR_rseq = 293,
    NR_clone3 = 435,
    NR_close_range = 436,
    NR_faccessat2 = 439,
};

/* ---- what most tests begin with ---------------------------------------------------------------------------------- */

/** Maps the scratch area of a process that has just been executed. */
FAKE void fake_scratch(struct fake *f, uint32_t thread)
{
    int64_t at = sys(f, thread, NR_mmap, FAKE_SCRATCH, FAKE_SCRATCH_BYTES, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_ | MAP_FIXED_, -1, 0);
    assert((uint64_t)at == FAKE_SCRATCH);
    f->scratch = FAKE_SCRATCH;
}

/** A system whose process 1 runs /bin/prog as thread 0, with a scratch area. */
FAKE struct fake *fake_started_on(struct fake_volume *volume)
{
    static const char *const argv[] = {"prog", "arg", NULL}, *const envp[] = {"HOME=/", NULL};
    struct fake *f = fake_new_on(volume);
    enum lx_err err = linux_start(f->system, "/bin/prog", argv, envp);
    assert(err == LX_OK);
    fake_run_stubs(f, 0);
    fake_scratch(f, 0);
    return f;
}

FAKE struct fake *fake_started(void)
{
    return fake_started_on(NULL);
}

/** Puts a string into one of 8 slots of 4 KiB of the scratch area, in turn. @return its user address. */
FAKE uint64_t ustr(struct fake *f, uint32_t thread, const char *string)
{
    static uint32_t turn;
    uint64_t address = FAKE_SCRATCH + 4096u * (40u + turn++ % 8u);
    put(f, thread, address, string, strlen(string) + 1);
    return address;
}

#define BUF FAKE_SCRATCH /* 32 pages for buffers of the test */
#define AT_CWD AT_FDCWD_

FAKE int64_t sys_open(struct fake *f, uint32_t t, const char *path, uint32_t flags, uint32_t mode)
{
    return sys(f, t, NR_openat, AT_CWD, ustr(f, t, path), flags, mode);
}

/** fork as the C library does it. @return the child's thread id; the parent's result is in *pid. */
FAKE uint32_t fake_fork(struct fake *f, uint32_t t, int64_t *pid)
{
    *pid = sys(f, t, NR_clone, SIGCHLD_, 0, 0, 0, 0);
    return f->last_started;
}

FAKE void fake_advance(struct fake *f, uint64_t ns)
{
    f->now_ns += ns;
    if (f->now_ns >= f->timer_ns) {
        f->timer_ns = UINT64_MAX;
        linux_timer(f->system);
        fake_run_stubs(f, 0);
    }
}

FAKE void fake_type(struct fake *f, const char *keys)
{
    linux_console_input(f->system, keys, strlen(keys));
    fake_run_stubs(f, 0);
}

FAKE void fake_action(struct fake *f, uint32_t t, uint32_t signal, uint64_t handler, uint64_t flags, uint64_t mask)
{
    struct abi_sigaction action = {handler, flags, 0, mask};
    put(f, t, BUF, &action, sizeof(action));
    int64_t r = sys(f, t, NR_rt_sigaction, signal, BUF, 0, 8);
    assert(r == 0);
}

#endif
