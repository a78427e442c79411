/* SPDX-License-Identifier: MIT */
/** Spaces: making, cloning and ending them, faults and pins. See vm.h. */
#include "private.h"

static struct vm_space *existing(struct vm *vm, uint32_t space)
{
    return space < VM_SPACES_MAX && vm->spaces[space].exists ? &vm->spaces[space] : NULL;
}

enum vm_status vm_space_create(struct vm *vm, uint32_t space)
{
    if (space >= VM_SPACES_MAX || vm->spaces[space].exists) {
        return VM_BAD_CALL;
    }
    struct vm_space *s = &vm->spaces[space];
    uint32_t frame;
    if (s->regions == NULL) {
        s->regions = meta_take(vm, &frame);
    }
    if (s->block_of == NULL) {
        s->block_of = meta_take(vm, &frame);
    }
    if (s->regions == NULL || s->block_of == NULL) {
        return VM_NO_MEMORY; /* what was taken is kept for the next try */
    }
    s->exists = true;
    s->region_count = 0;
    s->block_count = 0;
    s->resident_pages = 0;
    s->verified_pages = 0;
    s->last_region = 0;
    return VM_OK;
}

void vm_space_destroy(struct vm *vm, uint32_t space)
{
    struct vm_space *s = existing(vm, space);
    if (s == NULL) {
        return;
    }
    for (uint32_t n = 0; n < s->block_count; n++) {
        struct vm_block *b = block_at(s, n);
        for (uint32_t i = block_next(b, 0); i < BLOCK_PAGES; i = block_next(b, i + 1)) {
            entry_clear(vm, space, b->number * BLOCK_PAGES + i, &b->entries[i]);
        }
        s->block_of[b->number] = 0;
        frame_give(vm, b->frame, true); /* every entry was cleared */
        *b = (struct vm_block){0};
    }
    assert(s->resident_pages == 0 && s->verified_pages == 0);
    s->block_count = 0;
    s->region_count = 0;
    s->exists = false;
}

/* ---- making a page present -------------------------------------------------------------------------------------------------------- */

/* Bytes of the object that `page` of a region shows. */
static uint32_t object_bytes(const struct vm_region *r, uint32_t page)
{
    return page + 1 == r->end_page ? r->last_bytes : PAGE_BYTES;
}

/*
 * True where a segment's file bytes end inside a page and zeros must follow, though the object goes on: such a page cannot be
 * the shared one. (An executable segment cannot be private; it shows what the file has there, verified like the rest.)
 */
static bool needs_own_tail(const struct vm *vm, const struct vm_region *r, uint32_t page)
{
    return (r->rights & VM_EXECUTE) == 0 &&
           object_bytes(r, page) <
               tree_block_len(vm->objects[r->object].len_bytes, r->object_page + (page - r->first_page));
}

/* A private copy of a page of an object: its first bytes, zeros behind them. */
static enum vm_status copy_from_object(struct vm *vm, const struct vm_region *r, uint32_t page, uint32_t to)
{
    uint32_t from;
    enum vm_status status = object_frame(vm, r->object, r->object_page + (page - r->first_page), &from);
    if (status != VM_OK) {
        return status;
    }
    const uint8_t *source = vm->ops->seal(vm->env, from);
    uint8_t *bytes = vm->ops->view(vm->env, to);
    if (bytes == NULL) {
        return VM_NO_MEMORY;
    }
    uint32_t len = object_bytes(r, page);
    memcpy(bytes, source, len);
    memset(bytes + len, 0, PAGE_BYTES - len);
    return VM_OK;
}

/* Gives an empty entry a private frame with the content that its region says. */
static enum vm_status fill_private(struct vm *vm, struct vm_space *s, const struct vm_region *r, uint32_t page,
                                   struct vm_entry *e)
{
    bool zeros = r->object == VM_OBJECTS_MAX;
    uint32_t frame = zeros ? frame_take_zeroed(vm) : frame_take(vm, FRAME_PRIVATE);
    if (frame == VM_NO_FRAME) {
        return VM_NO_MEMORY;
    }
    enum vm_status status = zeros ? VM_OK : copy_from_object(vm, r, page, frame);
    if (status != VM_OK) {
        frame_give(vm, frame, false);
        return status;
    }
    frame_record(vm, frame)->refs = 1;
    entry_fill(s, page, e, frame, VM_OWN_PAIR);
    return VM_OK;
}

static enum vm_status fill_verified(struct vm *vm, struct vm_space *s, const struct vm_region *r, uint32_t page,
                                    struct vm_entry *e)
{
    uint32_t frame;
    uint32_t pair;
    enum vm_status status = object_frame(vm, r->object, r->object_page + (page - r->first_page), &frame);
    if (status != VM_OK) {
        return status;
    }
    if (!pair_take(vm, frame, &pair)) {
        return VM_NO_MEMORY;
    }
    frame_record(vm, frame)->refs++;
    entry_fill(s, page, e, frame, pair);
    s->verified_pages++;
    return VM_OK;
}

/* Replaces a frame that is shared or verified by a private copy. */
static enum vm_status make_private(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e)
{
    struct vm_space *s = &vm->spaces[space];
    const struct vm_frame *r = frame_record(vm, e->frame);
    if (r->kind == FRAME_PRIVATE && r->refs == 1) {
        return VM_OK;
    }
    uint32_t copy = frame_take(vm, FRAME_PRIVATE);
    if (copy == VM_NO_FRAME) {
        return VM_NO_MEMORY;
    }
    const void *source = r->kind == FRAME_VERIFIED ? vm->ops->seal(vm->env, e->frame) : vm->ops->view(vm->env, e->frame);
    void *bytes = vm->ops->view(vm->env, copy);
    if (bytes == NULL || source == NULL) {
        frame_give(vm, copy, false);
        return VM_NO_MEMORY;
    }
    memcpy(bytes, source, PAGE_BYTES);
    entry_clear(vm, space, page, e);
    frame_record(vm, copy)->refs = 1;
    entry_fill(s, page, e, copy, VM_OWN_PAIR);
    return VM_OK;
}

/* Makes the page present with a frame that can take the access; mapping it is the caller's. */
static enum vm_status resolve(struct vm *vm, uint32_t space, uint32_t page, unsigned access, struct vm_region **region,
                              struct vm_entry **entry)
{
    struct vm_space *s = existing(vm, space);
    if (s == NULL || page >= VM_USER_PAGES) {
        return VM_NOT_MAPPED;
    }
    struct vm_region *r = region_find(s, page);
    if (r == NULL) {
        return VM_NOT_MAPPED;
    }
    if (r->rights == 0 || (access & ~(unsigned)r->rights & (VM_WRITE | VM_EXECUTE)) != 0) {
        return VM_NO_ACCESS;
    }
    struct vm_entry *e = entry_of(vm, s, page, true);
    if (e == NULL) {
        return VM_NO_MEMORY;
    }
    *region = r;
    *entry = e;
    if (e->frame != VM_NO_FRAME) {
        return (access & VM_WRITE) != 0 ? make_private(vm, space, page, e) : VM_OK;
    }
    bool shared = r->object != VM_OBJECTS_MAX && (access & VM_WRITE) == 0 && !needs_own_tail(vm, r, page);
    return shared ? fill_verified(vm, s, r, page, e) : fill_private(vm, s, r, page, e);
}

/* Maps neighbours of a page of an object that are resident already: they will be wanted next. */
static void fault_around(struct vm *vm, uint32_t space, const struct vm_region *r, uint32_t page)
{
    struct vm_space *s = &vm->spaces[space];
    const struct vm_object *o = &vm->objects[r->object];
    uint32_t first = page / VM_FAULT_AROUND_PAGES * VM_FAULT_AROUND_PAGES;
    uint32_t end = first + VM_FAULT_AROUND_PAGES;
    first = first > r->first_page ? first : r->first_page;
    end = end < r->end_page ? end : r->end_page;
    for (uint32_t p = first; p < end; p++) {
        struct vm_entry *e = entry_of(vm, s, p, false); /* the same block: it exists */
        uint32_t index = o->first_page + r->object_page + (p - r->first_page);
        if (e == NULL || e->frame != VM_NO_FRAME || vm->page_frame[index] == VM_NO_FRAME || needs_own_tail(vm, r, p)) {
            continue;
        }
        if (fill_verified(vm, s, r, p, e) != VM_OK) {
            return;
        }
        if (entry_map(vm, space, p, e, r->rights) != VM_OK) {
            entry_clear(vm, space, p, e);
            return;
        }
    }
}

/* Maps zeros behind `page` when the pages before it are there too: whoever fills memory upwards comes for them next. */
static void fault_ahead(struct vm *vm, uint32_t space, const struct vm_region *r, uint32_t page)
{
    struct vm_space *s = &vm->spaces[space];
    if (page - r->first_page < VM_FAULT_AHEAD_PAGES) {
        return;
    }
    for (uint32_t p = page - VM_FAULT_AHEAD_PAGES; p < page; p++) {
        const struct vm_entry *e = entry_of(vm, s, p, false);
        if (e == NULL || e->frame == VM_NO_FRAME) {
            return;
        }
    }
    for (uint32_t p = page + 1; p < page + VM_FAULT_AHEAD_PAGES && p < r->end_page; p++) {
        struct vm_entry *e = entry_of(vm, s, p, false);
        if (e == NULL || e->frame != VM_NO_FRAME || fill_private(vm, s, r, p, e) != VM_OK) {
            return;
        }
        if (entry_map(vm, space, p, e, r->rights) != VM_OK) {
            entry_clear(vm, space, p, e);
            return;
        }
    }
}

enum vm_status vm_fault(struct vm *vm, uint32_t space, uint64_t address, unsigned access)
{
    struct vm_region *r = NULL;
    struct vm_entry *e = NULL;
    uint64_t page = address / PAGE_BYTES;
    enum vm_status status =
        page < VM_USER_PAGES ? resolve(vm, space, (uint32_t)page, access, &r, &e) : VM_NOT_MAPPED;
    if (status != VM_OK) {
        return status;
    }
    status = entry_map(vm, space, (uint32_t)page, e, r->rights);
    if (status == VM_OK && r->object == VM_OBJECTS_MAX) {
        fault_ahead(vm, space, r, (uint32_t)page);
    } else if (status == VM_OK && (access & VM_WRITE) == 0) {
        fault_around(vm, space, r, (uint32_t)page);
    }
    return status;
}

/* ---- windows ------------------------------------------------------------------------------------------------------------------------ */

static enum vm_status pin_page(struct vm *vm, uint32_t space, uint32_t page, bool for_write)
{
    struct vm_region *r = NULL;
    struct vm_entry *e = NULL;
    enum vm_status status = resolve(vm, space, page, for_write ? VM_WRITE : VM_READ, &r, &e);
    if (status != VM_OK) {
        return status;
    }
    bool writable = (entry_rights(vm, e, r->rights) & VM_WRITE) != 0;
    unsigned want = ENTRY_WINDOW | (writable ? (unsigned)ENTRY_WINDOW_WRITABLE : 0);
    if ((entry_flags(e) & (ENTRY_WINDOW | ENTRY_WINDOW_WRITABLE)) != want) {
        if (!vm->ops->map_window(vm->env, space, page, e->frame, entry_pair(e), writable)) {
            return VM_NO_MEMORY;
        }
        entry_set(e, entry_pair(e), (entry_flags(e) & ~(unsigned)(ENTRY_WINDOW | ENTRY_WINDOW_WRITABLE)) | want);
    }
    /* The program will touch what the server read or wrote for it. */
    return entry_map(vm, space, page, e, r->rights);
}

enum vm_status vm_pin(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes, bool for_write, uint64_t *available)
{
    uint64_t limit = (uint64_t)VM_USER_PAGES * PAGE_BYTES;
    if (address >= limit || len_bytes == 0) {
        return VM_NOT_MAPPED;
    }
    uint64_t end = len_bytes < limit - address ? address + len_bytes : limit;
    enum vm_status status = pin_page(vm, space, (uint32_t)(address / PAGE_BYTES), for_write);
    if (status != VM_OK) {
        return status;
    }
    uint64_t at = (address / PAGE_BYTES + 1) * PAGE_BYTES;
    while (at < end && pin_page(vm, space, (uint32_t)(at / PAGE_BYTES), for_write) == VM_OK) {
        at += PAGE_BYTES;
    }
    *available = (at < end ? at : end) - address;
    return VM_OK;
}

/* ---- clones --------------------------------------------------------------------------------------------------------------------------- */

static uint32_t count_private(const struct vm_space *s)
{
    return s->resident_pages - s->verified_pages;
}

/* The child gets a copy of the page, mapped at once: it is about to run on it. */
static enum vm_status copy_page(struct vm *vm, uint32_t child, uint32_t page, const struct vm_entry *from)
{
    struct vm_space *s = &vm->spaces[child];
    struct vm_entry *e = entry_of(vm, s, page, true);
    uint32_t frame = e != NULL ? frame_take(vm, FRAME_PRIVATE) : VM_NO_FRAME;
    if (frame == VM_NO_FRAME) {
        return VM_NO_MEMORY;
    }
    const void *source = vm->ops->view(vm->env, from->frame);
    void *bytes = vm->ops->view(vm->env, frame);
    if (source == NULL || bytes == NULL) {
        frame_give(vm, frame, false);
        return VM_NO_MEMORY;
    }
    memcpy(bytes, source, PAGE_BYTES);
    frame_record(vm, frame)->refs = 1;
    entry_fill(s, page, e, frame, VM_OWN_PAIR);
    const struct vm_region *r = region_find(s, page);
    return r->rights != 0 ? entry_map(vm, child, page, e, r->rights) : VM_OK;
}

/* Both share the frame from now on, and neither may write it. */
static enum vm_status share_page(struct vm *vm, uint32_t parent, uint32_t child, uint32_t page, struct vm_entry *from)
{
    struct vm_space *s = &vm->spaces[child];
    struct vm_entry *e = entry_of(vm, s, page, true);
    uint32_t pair;
    if (e == NULL || !pair_take(vm, from->frame, &pair)) {
        return VM_NO_MEMORY;
    }
    unsigned flags = entry_flags(from);
    if ((flags & ENTRY_WINDOW) != 0) {
        vm->ops->unmap_window(vm->env, parent, page, from->frame, entry_pair(from));
        flags &= ~(unsigned)(ENTRY_WINDOW | ENTRY_WINDOW_WRITABLE);
    }
    if ((flags & ENTRY_WRITABLE) != 0) { /* lowering rights of a mapping needs no memory */
        (void)vm->ops->map(vm->env, parent, page, from->frame, entry_pair(from), VM_READ);
        flags &= ~(unsigned)ENTRY_WRITABLE;
    }
    entry_set(from, entry_pair(from), flags);
    frame_record(vm, from->frame)->refs++;
    entry_fill(s, page, e, from->frame, pair);
    return VM_OK;
}

static enum vm_status clone_pages(struct vm *vm, uint32_t parent, uint32_t child)
{
    struct vm_space *p = &vm->spaces[parent];
    bool eager = count_private(p) <= vm->eager_copy_pages;
    for (uint32_t n = 0; n < p->block_count; n++) {
        const struct vm_block *b = block_at(p, n);
        for (uint32_t i = block_next(b, 0); i < BLOCK_PAGES; i = block_next(b, i + 1)) {
            struct vm_entry *e = &b->entries[i];
            uint32_t page = b->number * BLOCK_PAGES + i;
            if (frame_record(vm, e->frame)->kind == FRAME_VERIFIED) {
                continue; /* the child faults it in, with its neighbours */
            }
            enum vm_status status = eager ? copy_page(vm, child, page, e) : share_page(vm, parent, child, page, e);
            if (status != VM_OK) {
                return status;
            }
        }
    }
    return VM_OK;
}

enum vm_status vm_space_clone(struct vm *vm, uint32_t parent, uint32_t child)
{
    struct vm_space *p = existing(vm, parent);
    if (p == NULL) {
        return VM_BAD_CALL;
    }
    enum vm_status status = vm_space_create(vm, child);
    if (status != VM_OK) {
        return status;
    }
    struct vm_space *c = &vm->spaces[child];
    memcpy(c->regions, p->regions, p->region_count * sizeof p->regions[0]);
    c->region_count = p->region_count;
    status = clone_pages(vm, parent, child);
    if (status != VM_OK) {
        vm_space_destroy(vm, child);
    }
    return status;
}

/* ---- the rules -------------------------------------------------------------------------------------------------------------------------- */

static const char *check_entry(const struct vm *vm, const struct vm_region *r, const struct vm_entry *e)
{
    const struct vm_frame *f = frame_record(vm, e->frame);
    unsigned flags = entry_flags(e);
    bool writable = (flags & (ENTRY_WRITABLE | ENTRY_WINDOW_WRITABLE)) != 0;
    if (r == NULL) {
        return "a page is present where no region is";
    }
    if (f->kind != FRAME_PRIVATE && f->kind != FRAME_VERIFIED) {
        return "an entry uses a frame that is not for programs";
    }
    if ((flags & ENTRY_EXECUTABLE) != 0 && (f->kind != FRAME_VERIFIED || (r->rights & VM_EXECUTE) == 0)) {
        return "a page executes that was not verified";
    }
    if (writable && (f->kind != FRAME_PRIVATE || f->refs != 1 || (r->rights & VM_WRITE) == 0)) {
        return "a page can be written that is shared, verified or read-only";
    }
    if (f->kind == FRAME_VERIFIED && entry_pair(e) == VM_OWN_PAIR) {
        return "a shared page is mapped through its frame's own capabilities";
    }
    if ((flags & ENTRY_MAPPED) != 0 && r->rights == 0) {
        return "a page of a region without rights is mapped";
    }
    return NULL;
}

static const char *check_space(const struct vm *vm, struct vm_space *s)
{
    uint32_t resident = 0;
    uint32_t verified = 0;
    for (uint32_t i = 0; i < s->region_count; i++) {
        const struct vm_region *r = &s->regions[i];
        if (r->first_page >= r->end_page || (i > 0 && s->regions[i - 1].end_page > r->first_page)) {
            return "regions overlap or are empty";
        }
        if ((r->rights & (VM_WRITE | VM_EXECUTE)) == (VM_WRITE | VM_EXECUTE)) {
            return "a region may be written and executed";
        }
    }
    for (uint32_t page = entry_next(s, 0, VM_USER_PAGES); page < VM_USER_PAGES; page = entry_next(s, page + 1, VM_USER_PAGES)) {
        const struct vm_entry *e = &block_of(s, page)->entries[page % BLOCK_PAGES];
        const char *rule = check_entry(vm, region_find(s, page), e);
        if (rule != NULL) {
            return rule;
        }
        resident++;
        verified += frame_record(vm, e->frame)->kind == FRAME_VERIFIED;
    }
    return resident == s->resident_pages && verified == s->verified_pages ? NULL : "a space miscounts its pages";
}

static uint32_t count_refs(const struct vm *vm, uint32_t frame)
{
    uint32_t refs = 0;
    for (uint32_t i = 0; i < VM_SPACES_MAX; i++) {
        const struct vm_space *s = &vm->spaces[i];
        for (uint32_t page = s->exists ? entry_next(s, 0, VM_USER_PAGES) : VM_USER_PAGES; page < VM_USER_PAGES;
             page = entry_next(s, page + 1, VM_USER_PAGES)) {
            refs += block_of(s, page)->entries[page % BLOCK_PAGES].frame == frame;
        }
    }
    return refs;
}

static uint32_t pairs_in_use(const struct vm *vm)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < VM_SPACES_MAX; i++) {
        const struct vm_space *s = &vm->spaces[i];
        for (uint32_t page = s->exists ? entry_next(s, 0, VM_USER_PAGES) : VM_USER_PAGES; page < VM_USER_PAGES;
             page = entry_next(s, page + 1, VM_USER_PAGES)) {
            count += entry_pair(&block_of(s, page)->entries[page % BLOCK_PAGES]) != VM_OWN_PAIR;
        }
    }
    return count;
}

const char *vm_invariant(const struct vm *vm)
{
    for (uint32_t i = 0; i < VM_SPACES_MAX; i++) {
        struct vm_space s = vm->spaces[i]; /* a copy: looking up moves its hint */
        const char *rule = s.exists ? check_space(vm, &s) : NULL;
        if (rule != NULL) {
            return rule;
        }
    }
    uint32_t free_count = 0;
    uint32_t pair_count = vm->pair_free_count;
    for (uint32_t f = 0; f < vm->chunk_count * VM_CHUNK_FRAMES; f++) {
        const struct vm_frame *r = frame_record(vm, f);
        free_count += r->kind == FRAME_FREE;
        if ((r->kind == FRAME_PRIVATE || r->kind == FRAME_VERIFIED) && r->refs != count_refs(vm, f)) {
            return "a frame miscounts its users";
        }
        if (r->kind == FRAME_VERIFIED && vm->page_frame[r->index] != f) {
            return "a verified frame is not in the cache";
        }
        for (uint32_t p = r->kind == FRAME_VERIFIED ? r->next : VM_OWN_PAIR; p != VM_OWN_PAIR; p = vm->pair_link[p]) {
            pair_count++;
        }
    }
    if (pair_count + pairs_in_use(vm) != vm->pair_next - 1) {
        return "a pair is lost, or in two hands";
    }
    return free_count == vm->free_count ? NULL : "free frames are miscounted";
}
