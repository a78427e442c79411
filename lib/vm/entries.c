/* SPDX-License-Identifier: MIT */
/** Entries: which page of a space has which frame, and where it is mapped. See private.h. */
#include "private.h"

struct vm_block *block_make(struct vm *vm, struct vm_space *s, uint32_t page)
{
    uint32_t n = s->block_count;
    uint32_t frame;
    if (n == VM_BLOCKS_MAX) {
        return NULL;
    }
    if (s->blocks[n / VM_BLOCKS_A_PAGE] == NULL) {
        s->blocks[n / VM_BLOCKS_A_PAGE] = meta_take(vm, &frame);
        if (s->blocks[n / VM_BLOCKS_A_PAGE] == NULL) {
            return NULL;
        }
    }
    struct vm_block *b = block_at(s, n);
    b->entries = meta_take(vm, &frame);
    if (b->entries == NULL) {
        return NULL;
    }
    b->frame = frame;
    b->number = page / BLOCK_PAGES;
    memset(b->used, 0, sizeof b->used);
    s->block_of[b->number] = (uint16_t)(n + 1);
    s->block_count++;
    return b;
}

static void mark(struct vm_space *s, uint32_t page, bool used)
{
    struct vm_block *b = block_of(s, page);
    uint64_t bit = 1ull << page % 64;
    uint64_t *word = &b->used[page % BLOCK_PAGES / 64];
    *word = used ? *word | bit : *word & ~bit;
}

void entry_fill(struct vm_space *s, uint32_t page, struct vm_entry *e, uint32_t frame, uint32_t pair)
{
    assert(e->frame == VM_NO_FRAME);
    e->frame = frame;
    entry_set(e, pair, 0);
    mark(s, page, true);
    s->resident_pages++;
}

void entry_clear(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e)
{
    struct vm_space *s = &vm->spaces[space];
    struct vm_frame *r = frame_record(vm, e->frame);
    if ((entry_flags(e) & ENTRY_MAPPED) != 0) {
        vm->ops->unmap(vm->env, space, page, e->frame, entry_pair(e));
    }
    if ((entry_flags(e) & ENTRY_WINDOW) != 0) {
        vm->ops->unmap_window(vm->env, space, page, e->frame, entry_pair(e));
    }
    pair_give(vm, e->frame, entry_pair(e));
    s->verified_pages -= r->kind == FRAME_VERIFIED;
    s->resident_pages--;
    r->refs--;
    if (r->kind == FRAME_PRIVATE && r->refs == 0) {
        frame_give(vm, e->frame, false);
    }
    *e = (struct vm_entry){0};
    mark(s, page, false);
}

uint32_t entry_next(const struct vm_space *s, uint32_t page, uint32_t end)
{
    while (page < end) {
        const struct vm_block *b = block_of(s, page);
        if (b == NULL) {
            page = (page / BLOCK_PAGES + 1) * BLOCK_PAGES;
            continue;
        }
        uint32_t index = block_next(b, page % BLOCK_PAGES);
        page = page / BLOCK_PAGES * BLOCK_PAGES + index;
        if (index < BLOCK_PAGES) {
            break;
        }
    }
    return page < end ? page : end;
}

void entries_clear(struct vm *vm, uint32_t space, uint32_t first, uint32_t end)
{
    struct vm_space *s = &vm->spaces[space];
    for (uint32_t page = entry_next(s, first, end); page < end; page = entry_next(s, page + 1, end)) {
        entry_clear(vm, space, page, entry_of(vm, s, page, false));
    }
}

/* Here the two rules stand: only a verified frame executes, and only a private one that nobody shares is written. */
unsigned entry_rights(const struct vm *vm, const struct vm_entry *e, unsigned rights)
{
    const struct vm_frame *r = frame_record(vm, e->frame);
    unsigned allowed = VM_READ;
    if (r->kind == FRAME_VERIFIED) {
        allowed |= VM_EXECUTE;
    } else if (r->refs == 1) {
        allowed |= VM_WRITE;
    }
    return rights & allowed;
}

enum vm_status entry_map(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e, unsigned rights)
{
    unsigned want = entry_rights(vm, e, rights);
    unsigned flags = entry_flags(e);
    unsigned have = ENTRY_MAPPED | ((want & VM_WRITE) != 0 ? (unsigned)ENTRY_WRITABLE : 0) |
                    ((want & VM_EXECUTE) != 0 ? (unsigned)ENTRY_EXECUTABLE : 0);
    unsigned mask = ENTRY_MAPPED | ENTRY_WRITABLE | ENTRY_EXECUTABLE;
    if ((flags & mask) == have) {
        return VM_OK;
    }
    if (!vm->ops->map(vm->env, space, page, e->frame, entry_pair(e), want | VM_READ)) {
        return VM_NO_MEMORY;
    }
    entry_set(e, entry_pair(e), (flags & ~mask) | have);
    return VM_OK;
}
