/* SPDX-License-Identifier: MIT */
/** Frames: free lists, records, and the pairs of mappings for shared frames. See vm.h and private.h. */
#include "private.h"

void vm_init(struct vm *vm, const struct vm_ops *ops, void *env, uint32_t chunk_max)
{
    assert(chunk_max <= VM_CHUNKS_MAX);
    vm->ops = ops;
    vm->env = env;
    vm->chunk_max = chunk_max;
    vm->eager_copy_pages = VM_EAGER_COPY_PAGES;
    vm->pair_next = VM_OWN_PAIR + 1;
}

static void push(struct vm *vm, uint32_t *list, uint32_t frame)
{
    struct vm_frame *r = frame_record(vm, frame);
    r->kind = FRAME_FREE;
    r->refs = 0;
    r->next = *list;
    *list = frame;
    vm->free_count++;
}

static uint32_t pop(struct vm *vm, uint32_t *list, enum vm_frame_kind kind)
{
    uint32_t frame = *list;
    struct vm_frame *r = frame_record(vm, frame);
    *list = r->next;
    r->next = 0;
    r->kind = (uint8_t)kind;
    r->refs = 0;
    vm->free_count--;
    return frame;
}

static bool add_chunk(struct vm *vm)
{
    uint32_t chunk = vm->chunk_count;
    if (chunk >= vm->chunk_max || !vm->ops->grow(vm->env, chunk)) {
        return false;
    }
    uint32_t first = chunk * VM_CHUNK_FRAMES;
    vm->records[chunk] = vm->ops->view(vm->env, first);
    if (vm->records[chunk] == NULL) {
        return false;
    }
    vm->chunk_count++;
    for (uint32_t i = VM_CHUNK_FRAMES - 1; i > 0; i--) {
        push(vm, &vm->free_clean, first + i);
    }
    return true;
}

uint32_t frame_take(struct vm *vm, enum vm_frame_kind kind)
{
    if (vm->free_dirty != VM_NO_FRAME) {
        return pop(vm, &vm->free_dirty, kind);
    }
    if (vm->free_clean == VM_NO_FRAME && !add_chunk(vm)) {
        return VM_NO_FRAME;
    }
    return pop(vm, &vm->free_clean, kind);
}

uint32_t frame_take_zeroed(struct vm *vm)
{
    if (vm->free_clean == VM_NO_FRAME && vm->free_dirty != VM_NO_FRAME) {
        uint32_t frame = pop(vm, &vm->free_dirty, FRAME_PRIVATE);
        void *bytes = vm->ops->view(vm->env, frame);
        if (bytes == NULL) {
            push(vm, &vm->free_dirty, frame);
            return VM_NO_FRAME;
        }
        memset(bytes, 0, PAGE_BYTES);
        return frame;
    }
    if (vm->free_clean == VM_NO_FRAME && !add_chunk(vm)) {
        return VM_NO_FRAME;
    }
    return pop(vm, &vm->free_clean, FRAME_PRIVATE);
}

void frame_give(struct vm *vm, uint32_t frame, bool is_zero)
{
    push(vm, is_zero ? &vm->free_clean : &vm->free_dirty, frame);
}

void *meta_take(struct vm *vm, uint32_t *frame)
{
    uint32_t f = frame_take_zeroed(vm);
    if (f == VM_NO_FRAME) {
        return NULL;
    }
    void *bytes = vm->ops->view(vm->env, f);
    if (bytes == NULL) {
        frame_give(vm, f, true);
        return NULL;
    }
    frame_record(vm, f)->kind = FRAME_META;
    *frame = f;
    return bytes;
}

/* Takes an idle pair from a frame that may want it back; frames take turns. */
static bool pair_steal(struct vm *vm, uint32_t *pair)
{
    for (uint32_t i = 0; i < vm->object_page_count; i++) {
        uint32_t frame = vm->page_frame[vm->pair_hand];
        vm->pair_hand = vm->pair_hand + 1 < vm->object_page_count ? vm->pair_hand + 1 : 0;
        if (frame != VM_NO_FRAME && frame_record(vm, frame)->next != VM_OWN_PAIR) {
            return pair_take(vm, frame, pair);
        }
    }
    return false;
}

bool pair_take(struct vm *vm, uint32_t frame, uint32_t *pair)
{
    struct vm_frame *r = frame_record(vm, frame);
    if (r->kind == FRAME_VERIFIED && r->next != VM_OWN_PAIR) {
        *pair = r->next;
        r->next = vm->pair_link[*pair];
        return true;
    }
    if (vm->pair_free_count != 0) {
        *pair = vm->pair_free[--vm->pair_free_count];
        return true;
    }
    if (vm->pair_next == VM_PAIRS_MAX) {
        return pair_steal(vm, pair);
    }
    *pair = vm->pair_next++;
    return true;
}

void pair_give(struct vm *vm, uint32_t frame, uint32_t pair)
{
    struct vm_frame *r = frame_record(vm, frame);
    if (pair == VM_OWN_PAIR) {
        return;
    }
    if (r->kind == FRAME_VERIFIED) {
        vm->pair_link[pair] = r->next;
        r->next = pair;
    } else {
        vm->pair_free[vm->pair_free_count++] = pair;
    }
}

void pairs_release(struct vm *vm, uint32_t frame)
{
    struct vm_frame *r = frame_record(vm, frame);
    while (r->next != VM_OWN_PAIR) {
        vm->pair_free[vm->pair_free_count++] = r->next;
        r->next = vm->pair_link[r->next];
    }
}
