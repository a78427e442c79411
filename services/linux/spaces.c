/* SPDX-License-Identifier: MIT */
/** Spaces: memory of programs, as requests to the pager (proto/pager.h). */
#include "proto/pager.h"

#include "server.h"

LX_CALL(pager);
LX_SHARED(pager_facts);

_Static_assert((int)PAGER_OK == (int)LINUX_OP_OK && (int)PAGER_NO_MEMORY == (int)LINUX_OP_NO_MEMORY &&
                   (int)PAGER_NOT_MAPPED == (int)LINUX_OP_NOT_MAPPED && (int)PAGER_NO_ACCESS == (int)LINUX_OP_NO_ACCESS &&
                   (int)PAGER_IN_USE == (int)LINUX_OP_IN_USE && (int)PAGER_BAD_DATA == (int)LINUX_OP_BAD_DATA,
               "an answer of the pager is the answer of a callback");
_Static_assert((int)PAGER_ANYWHERE == (int)LINUX_PLACE_ANY && (int)PAGER_FIXED == (int)LINUX_PLACE_FIXED &&
                   (int)PAGER_FREE == (int)LINUX_PLACE_FREE,
               "places");
_Static_assert((int)PAGER_READ == (int)LINUX_READ && (int)PAGER_WRITE == (int)LINUX_WRITE &&
                   (int)PAGER_EXECUTE == (int)LINUX_EXECUTE,
               "rights");

const struct pager_info *pager_facts_now(void)
{
    return (const struct pager_info *)pager_facts.addr;
}

enum pager_status pager_ask(struct message *m)
{
    uint64_t label = rt_label(m);
    uint64_t status = rt_call(&pager, m);
    if (status >= PAGER_BAD_CALL) {
        rt_panic("the pager refuses request %lu: %lx %lx %lx", (unsigned long)label, (unsigned long)m->word[0],
                 (unsigned long)m->word[1], (unsigned long)m->word[2]);
    }
    return (enum pager_status)status;
}

/* A request about a range that has no answer but its status. */
static enum linux_op ask(enum pager_request request, uint64_t word, uint64_t address, uint64_t len_bytes)
{
    struct message m;
    rt_message(&m, request, word, address, len_bytes);
    return (enum linux_op)pager_ask(&m);
}

void spaces_reset(void)
{
    (void)ask(PAGER_RESET, 0, 0, 0);
}

enum linux_op space_create(void *env, uint32_t space)
{
    (void)env;
    return ask(PAGER_SPACE_CREATE, space, 0, 0);
}

enum linux_op space_clone(void *env, uint32_t parent, uint32_t child)
{
    (void)env;
    return ask(PAGER_SPACE_CLONE, parent, child, 0);
}

void space_destroy(void *env, uint32_t space)
{
    (void)env;
    (void)ask(PAGER_SPACE_DESTROY, space, 0, 0);
}

/* Maps zeros (object 0) or an object. */
static enum linux_op map(enum pager_request request, uint32_t space, uint32_t object, uint64_t offset, struct linux_range *range)
{
    struct message m;
    rt_message(&m, request, pager_word(space, range->place, range->prot, object), range->address, range->len_bytes, offset);
    enum pager_status status = pager_ask(&m);
    if (status == PAGER_OK) {
        range->address = m.word[0];
    }
    return (enum linux_op)status;
}

enum linux_op map_anon(void *env, uint32_t space, struct linux_range *range)
{
    (void)env;
    return map(PAGER_MAP_ANON, space, 0, 0, range);
}

enum linux_op map_object(void *env, uint32_t space, uint32_t object, uint64_t offset, struct linux_range *range)
{
    (void)env;
    return map(PAGER_MAP_OBJECT, space, object, offset, range);
}

enum linux_op map_program(void *env, uint32_t space, uint32_t program, uint64_t shift)
{
    (void)env;
    return ask(PAGER_MAP_PROGRAM, pager_word(space, 0, 0, program), shift, 0);
}

enum linux_op unmap(void *env, uint32_t space, uint64_t address, uint64_t len_bytes)
{
    (void)env;
    return ask(PAGER_UNMAP, space, address, len_bytes);
}

enum linux_op protect(void *env, uint32_t space, uint64_t address, uint64_t len_bytes, uint32_t prot)
{
    (void)env;
    return ask(PAGER_PROTECT, pager_word(space, 0, prot, 0), address, len_bytes);
}

enum linux_op discard(void *env, uint32_t space, uint64_t address, uint64_t len_bytes)
{
    (void)env;
    return ask(PAGER_DISCARD, space, address, len_bytes);
}

enum linux_op fault(void *env, uint32_t space, uint64_t address, enum linux_access access)
{
    (void)env;
    return ask(PAGER_FAULT, pager_word(space, 0, access, 0), address, 0);
}

void *pin(void *env, uint32_t space, uint64_t address, size_t len_bytes, bool for_write, size_t *available)
{
    (void)env;
    struct message m;
    rt_message(&m, PAGER_PIN, pager_word(space, 0, for_write ? PAGER_WRITE : PAGER_READ, 0), address, len_bytes);
    if (pager_ask(&m) != PAGER_OK) {
        return NULL;
    }
    *available = m.word[0];
    return (void *)(PAGER_WINDOW + ((uint64_t)space << 32) + address);
}

/* Region `index` of a space. @return false when there is none. */
static bool region_at(uint32_t space, uint64_t index, struct message *m)
{
    rt_message(m, PAGER_REGION, space, index);
    return pager_ask(m) == PAGER_OK;
}

void space_usage(void *env, uint32_t space, struct linux_space_usage *out)
{
    (void)env;
    struct message m;
    *out = (struct linux_space_usage){.resident_bytes = (uint64_t)pager_facts_now()->resident[space] * PAGE_BYTES,
                                      .shared_bytes = (uint64_t)pager_facts_now()->verified[space] * PAGE_BYTES};
    for (uint64_t i = 0; region_at(space, i, &m); i++) {
        out->virtual_bytes += m.word[1];
    }
}

/* The path of a file with these contents; an empty string when there is none any more. */
static const char *path_of_object(uint64_t object)
{
    const struct catalog *c = the_catalog();
    for (uint32_t i = 0; i < c->file_count; i++) {
        if (c->files[i].kind == CATALOG_FILE && c->files[i].object == object) {
            return c->strings + c->files[i].path;
        }
    }
    return "";
}

void space_maps(void *env, uint32_t space, const struct linux_map_marks *marks, struct linux_text *text)
{
    (void)env;
    struct message m;
    for (uint64_t i = 0; region_at(space, i, &m); i++) {
        uint64_t rights = m.word[2];
        linux_text_print(text, "%08lx-%08lx %c%c%cp 00000000 00:00 0 ", m.word[0], m.word[0] + m.word[1],
                         (rights & PAGER_READ) != 0 ? 'r' : '-', (rights & PAGER_WRITE) != 0 ? 'w' : '-',
                         (rights & PAGER_EXECUTE) != 0 ? 'x' : '-');
        linux_text_print(text, "%s\n", m.word[3] != 0 ? path_of_object(m.word[3] - 1)
                                                    : linux_map_name(marks, m.word[0], m.word[0] + m.word[1]));
    }
}

const void *object_map(void *env, uint32_t object, uint64_t page, size_t *len_bytes)
{
    (void)env;
    const struct catalog *c = the_catalog();
    uint64_t size = object < c->object_count ? c->objects[object].len_bytes : 0;
    struct message m;
    if (page >= size / PAGE_BYTES + (size % PAGE_BYTES != 0)) {
        return NULL;
    }
    rt_message(&m, PAGER_OBJECT_PAGE, object, page);
    if (pager_ask(&m) != PAGER_OK) {
        return NULL;
    }
    uint64_t left = size - page * PAGE_BYTES;
    *len_bytes = left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
    return (const void *)(PAGER_OBJECTS + m.word[0] * PAGE_BYTES);
}

void memory_usage(void *env, struct linux_memory_usage *out)
{
    (void)env;
    out->total_bytes = pager_facts_now()->frames_total * PAGE_BYTES;
    out->free_bytes = (pager_facts_now()->frames_total - pager_facts_now()->frames_taken + pager_facts_now()->frames_free) * PAGE_BYTES;
}
