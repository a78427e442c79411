/* SPDX-License-Identifier: MIT */
/** Objects and the cache of their verified pages. See vm.h. */
#include "private.h"

enum { LEAVES_UNCHECKED = 0, LEAVES_GOOD, LEAVES_BAD };

enum vm_status vm_object_add(struct vm *vm, const uint8_t *bytes, uint64_t len_bytes, const struct hash256 *leaves,
                             const struct hash256 *root, uint32_t *id)
{
    uint64_t pages = tree_leaf_count(len_bytes);
    if (vm->object_count == VM_OBJECTS_MAX || pages > VM_OBJECT_PAGES_MAX - vm->object_page_count) {
        return VM_NO_MEMORY;
    }
    uint32_t object = vm->object_count++;
    vm->objects[object] = (struct vm_object){.bytes = bytes,
                                             .len_bytes = len_bytes,
                                             .leaves = leaves,
                                             .root = *root,
                                             .first_page = vm->object_page_count};
    for (uint32_t i = 0; i < pages; i++) {
        vm->page_object[vm->object_page_count++] = object;
    }
    *id = object;
    return VM_OK;
}

/* The leaves are worth something once their root is the object's name. */
static bool leaves_are_good(struct vm_object *o)
{
    if (o->leaves_state == LEAVES_UNCHECKED) {
        struct hash256 root;
        tree_root_of_leaves(o->leaves, tree_leaf_count(o->len_bytes), &root);
        o->leaves_state = hash256_equal(&root, &o->root) ? LEAVES_GOOD : LEAVES_BAD;
    }
    return o->leaves_state == LEAVES_GOOD;
}

/* Copies a page into a frame that nobody else can reach, takes the right to write away, and only then hashes what is there. */
static enum vm_status load_page(struct vm *vm, const struct vm_object *o, uint32_t page, uint32_t frame)
{
    uint8_t *to = vm->ops->view(vm->env, frame);
    if (to == NULL) {
        return VM_NO_MEMORY;
    }
    size_t len = tree_block_len(o->len_bytes, page);
    memcpy(to, o->bytes + (uint64_t)page * PAGE_BYTES, len);
    memset(to + len, 0, PAGE_BYTES - len);
    const uint8_t *sealed = vm->ops->seal(vm->env, frame);
    struct hash256 leaf;
    tree_leaf(sealed, len, &leaf);
    if (!hash256_equal(&leaf, &o->leaves[page])) {
        vm->ops->unseal(vm->env, frame);
        return VM_BAD_DATA;
    }
    return VM_OK;
}

static enum vm_status make_frame(struct vm *vm, uint32_t object, uint32_t page, uint32_t *out)
{
    struct vm_object *o = &vm->objects[object];
    if (!leaves_are_good(o)) {
        vm->pages_refused++;
        vm->ops->refused(vm->env, object, page);
        return VM_BAD_DATA;
    }
    uint32_t frame = frame_take(vm, FRAME_VERIFIED);
    if (frame == VM_NO_FRAME) {
        return VM_NO_MEMORY;
    }
    enum vm_status status = load_page(vm, o, page, frame);
    if (status != VM_OK) {
        frame_give(vm, frame, false);
        if (status == VM_BAD_DATA) {
            vm->pages_refused++;
            vm->ops->refused(vm->env, object, page);
        }
        return status;
    }
    vm->pages_verified++;
    *out = frame;
    return VM_OK;
}

enum vm_status object_frame(struct vm *vm, uint32_t object, uint32_t page, uint32_t *frame)
{
    struct vm_object *o = &vm->objects[object];
    uint32_t index = o->first_page + page;
    if (vm->page_frame[index] == VM_NO_FRAME) {
        uint32_t made;
        enum vm_status status = make_frame(vm, object, page, &made);
        if (status != VM_OK) {
            return status;
        }
        frame_record(vm, made)->index = index;
        vm->page_frame[index] = made;
        vm->ops->resident(vm->env, index, made, &o->leaves[page]);
    }
    *frame = vm->page_frame[index];
    return VM_OK;
}

enum vm_status vm_object_page(struct vm *vm, uint32_t object, uint32_t page, uint32_t *index)
{
    if (object >= vm->object_count || page >= tree_leaf_count(vm->objects[object].len_bytes)) {
        return VM_BAD_CALL;
    }
    uint32_t frame;
    enum vm_status status = object_frame(vm, object, page, &frame);
    if (status != VM_OK) {
        return status;
    }
    *index = vm->objects[object].first_page + page;
    return vm->ops->map_object_window(vm->env, *index, frame) ? VM_OK : VM_NO_MEMORY;
}

/* The window of an entry shows another verified frame from now on; without memory for that it shows nothing. */
static void show_other(struct vm *vm, uint32_t space, uint32_t page, struct vm_entry *e, uint32_t frame)
{
    struct vm_space *s = &vm->spaces[space];
    uint32_t pair;
    if (!pair_take(vm, frame, &pair)) {
        return;
    }
    frame_record(vm, frame)->refs++;
    entry_fill(s, page, e, frame, pair);
    s->verified_pages++;
    if (vm->ops->map_window(vm->env, space, page, frame, pair, false)) {
        entry_set(e, pair, ENTRY_WINDOW);
    } else {
        entry_clear(vm, space, page, e);
    }
}

/*
 * Takes a frame out of every space; programs that need the page get its new frame with their next fault. The server may be about
 * to look through a window, so those show `other` at once, if there is one.
 */
static void evict(struct vm *vm, uint32_t frame, uint32_t other)
{
    for (uint32_t s = 0; s < VM_SPACES_MAX && frame_record(vm, frame)->refs != 0; s++) {
        struct vm_space *space = &vm->spaces[s];
        for (uint32_t page = entry_next(space, 0, VM_USER_PAGES); page < VM_USER_PAGES;
             page = entry_next(space, page + 1, VM_USER_PAGES)) {
            struct vm_entry *e = entry_of(vm, space, page, false);
            if (e->frame == frame) {
                bool had_window = (entry_flags(e) & ENTRY_WINDOW) != 0;
                entry_clear(vm, s, page, e);
                if (had_window && other != VM_NO_FRAME) {
                    show_other(vm, s, page, e, other);
                }
            }
        }
    }
}

enum vm_status vm_recheck(struct vm *vm, uint32_t index, bool *repaired)
{
    *repaired = false;
    if (index >= vm->object_page_count || vm->page_frame[index] == VM_NO_FRAME) {
        return VM_BAD_CALL;
    }
    uint32_t frame = vm->page_frame[index];
    struct vm_object *o = &vm->objects[vm->page_object[index]];
    uint32_t page = index - o->first_page;
    const uint8_t *bytes = vm->ops->seal(vm->env, frame);
    size_t len = tree_block_len(o->len_bytes, page);
    struct hash256 leaf;
    tree_leaf(bytes, len, &leaf);
    bool tail_is_zero = true;
    for (size_t i = len; i < PAGE_BYTES; i++) {
        tail_is_zero = tail_is_zero && bytes[i] == 0;
    }
    o->leaves_state = LEAVES_UNCHECKED; /* the leaves may be what has changed */
    if (leaves_are_good(o) && hash256_equal(&leaf, &o->leaves[page]) && tail_is_zero) {
        return VM_OK;
    }
    uint32_t made = VM_NO_FRAME;
    enum vm_status status = make_frame(vm, vm->page_object[index], page, &made);
    if (status == VM_OK) {
        frame_record(vm, made)->index = index;
    }
    evict(vm, frame, made);
    pairs_release(vm, frame);
    vm->page_frame[index] = made;
    frame_record(vm, frame)->kind = FRAME_BAD; /* memory that has lost a bit is not trusted again */
    vm->ops->retire(vm->env, index, frame);
    if (status == VM_OK) {
        vm->ops->resident(vm->env, index, made, &o->leaves[page]);
        *repaired = true;
        (void)vm->ops->map_object_window(vm->env, index, made);
    }
    return status;
}
