/* SPDX-License-Identifier: MIT */
/**
 * Mm: address spaces and the calls that change them. The pager owns regions and pages; here are the heap's end, the checks
 * of arguments, and the copies that stand for private mappings of files in memory.
 * Owns:   struct mm.    Uses: user.c, filedata.c, ops of spaces.
 * Limits: no executable mapping but those of exec; no shared mapping; mremap assumes readable and writable anonymous memory.
 * Source: man-pages brk(2), mmap(2), mprotect(2), mremap(2), madvise(2)
 */
#include "calls.h"
#include "files.h"

#define PROT_READ_ 1u
#define PROT_WRITE_ 2u
#define PROT_EXEC_ 4u
#define MMAP_MIN_ADDRESS 65536u

int64_t op_error(enum linux_op op)
{
    switch (op) {
    case LINUX_OP_OK:
        return 0;
    case LINUX_OP_NO_MEMORY:
        return -E_NOMEM;
    case LINUX_OP_NOT_MAPPED:
        return -E_NOMEM; /* what mprotect and friends say */
    case LINUX_OP_NO_ACCESS:
        return -E_ACCES;
    case LINUX_OP_IN_USE:
        return -E_EXIST;
    case LINUX_OP_BAD_DATA:
        return -E_IO;
    }
    return -E_INVAL;
}

static struct mm *mm_alloc(struct linux_system *sys)
{
    if (sys->free_space_count == 0) {
        return NULL;
    }
    struct mm *mm = mem_alloc(&sys->memory, sizeof(*mm), MEM_CORE);
    if (mm == NULL) {
        return NULL;
    }
    mm->sys = sys;
    mm->refs = 1;
    mm->generation = 1;
    mm->program = LINUX_NONE;
    mm->space = sys->free_spaces[--sys->free_space_count];
    return mm;
}

static void mm_release(struct mm *mm)
{
    struct linux_system *sys = mm->sys;
    sys->free_spaces[sys->free_space_count++] = (uint16_t)mm->space;
    mem_free(&sys->memory, mm);
}

struct mm *mm_new(struct linux_system *sys)
{
    struct mm *mm = mm_alloc(sys);
    if (mm != NULL && sys->ops->space_create(sys->env, mm->space) != LINUX_OP_OK) {
        mm_release(mm);
        return NULL;
    }
    return mm;
}

struct mm *mm_clone(struct mm *parent)
{
    struct linux_system *sys = parent->sys;
    struct mm *mm = mm_alloc(sys);
    if (mm == NULL) {
        return NULL;
    }
    user_unpin_all(parent);
    if (sys->ops->space_clone(sys->env, parent->space, mm->space) != LINUX_OP_OK) {
        mm_release(mm);
        return NULL;
    }
    mm->heap_start = parent->heap_start;
    mm->heap_end = parent->heap_end;
    mm->stack_start = parent->stack_start;
    mm->arg_start = parent->arg_start;
    mm->arg_end = parent->arg_end;
    mm->env_start = parent->env_start;
    mm->env_end = parent->env_end;
    mm->text_start = parent->text_start;
    mm->text_end = parent->text_end;
    mm->program = parent->program;
    if (parent->exe != NULL) {
        mm->exe = inode_get(parent->exe);
        mm->exe->executing++;
    }
    return mm;
}

void mm_put(struct mm *mm)
{
    assert(mm->refs > 0);
    if (--mm->refs > 0) {
        return;
    }
    if (mm->exe != NULL) {
        mm->exe->executing--;
        inode_put(mm->exe);
    }
    mm->sys->ops->space_destroy(mm->sys->env, mm->space);
    mm_release(mm);
}

/** Page-aligns a range of a call. @return false when it is empty, wraps or leaves user memory. */
static bool range_of(uint64_t address, uint64_t len, uint64_t *len_out)
{
    if (len == 0 || len > LINUX_USER_TOP) {
        return false;
    }
    *len_out = align_up(len, PAGE_BYTES);
    return is_aligned(address, PAGE_BYTES) && address <= LINUX_USER_TOP && *len_out <= LINUX_USER_TOP - address;
}

static uint32_t rights_of(uint64_t prot)
{
    if ((prot & PROT_WRITE_) != 0) {
        return LINUX_READ | LINUX_WRITE; /* what can be written can be read, as the hardware has it */
    }
    return (prot & PROT_READ_) != 0 ? LINUX_READ : 0;
}

static int64_t map_anon(struct mm *mm, struct linux_range *range)
{
    user_unpin_all(mm);
    return op_error(mm->sys->ops->map_anon(mm->sys->env, mm->space, range));
}

static int64_t unmap(struct mm *mm, uint64_t address, uint64_t len)
{
    user_unpin_all(mm);
    return op_error(mm->sys->ops->unmap(mm->sys->env, mm->space, address, len));
}

/* ---- brk --------------------------------------------------------------------------------------------------------- */

int64_t call_brk(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t wanted = a[0];
    uint64_t limit = mm->heap_start < LINUX_MMAP_BASE ? LINUX_MMAP_BASE : LINUX_MMAP_TOP;
    if (wanted < mm->heap_start || wanted > limit) {
        return (int64_t)mm->heap_end;
    }
    uint64_t old_page = align_up(mm->heap_end, PAGE_BYTES), new_page = align_up(wanted, PAGE_BYTES);
    int64_t error = 0;
    if (new_page > old_page) {
        struct linux_range range = {LINUX_PLACE_FREE, old_page, new_page - old_page, LINUX_READ | LINUX_WRITE};
        error = map_anon(mm, &range);
    } else if (new_page < old_page) {
        error = unmap(mm, new_page, old_page - new_page);
    }
    if (error == 0) {
        mm->heap_end = wanted;
    }
    return (int64_t)mm->heap_end;
}

/* ---- mmap -------------------------------------------------------------------------------------------------------- */

static void refuse_executable(struct thread *t, const char *call)
{
    refuse(t->sys,
           "%s of process %u (%.16s) refused: it asks for executable memory; only verified pages of an authorised program "
           "are executable, so build the code into the program",
           call, t->proc->pid, t->name);
}

/** Copies what the file has into memory that was just mapped writable, then sets the rights that were asked for. */
static int64_t copy_file_in(struct mm *mm, struct inode *n, uint64_t offset, const struct linux_range *range,
                            uint32_t prot)
{
    uint64_t end = n->size > offset && n->size - offset < range->len_bytes ? n->size : offset + range->len_bytes;
    for (uint64_t at = offset; at < end && at < n->size; at += PAGE_BYTES) {
        if (on_volume(n)) {
            int64_t next = volume_seek(n, at, true);
            if (next == -E_NXIO || next >= (int64_t)end) {
                break;
            }
            if (next < 0) {
                return next;
            }
            at = align_down((uint64_t)next, PAGE_BYTES);
        }
        if (!on_volume(n) && at >= n->object_bytes) { /* what was mapped is zero already: holes of the file cost nothing */
            uint64_t index = data_next(&n->data, at / PAGE_BYTES);
            if (index >= (end + PAGE_BYTES - 1) / PAGE_BYTES) {
                break;
            }
            at = index * PAGE_BYTES;
        }
        struct abi_iovec iov = {range->address + (at - offset), PAGE_BYTES};
        struct uio io = {.mm = mm, .iov = &iov, .iov_count = 1, .left_bytes = PAGE_BYTES};
        int64_t done = filedata_read(n, &io, at);
        if (done <= 0) {
            return done == -E_FAULT || done == 0 ? -E_NOMEM : done;
        }
    }
    if (prot == (LINUX_READ | LINUX_WRITE)) {
        return 0;
    }
    user_unpin_all(mm);
    return op_error(mm->sys->ops->protect(mm->sys->env, mm->space, range->address, range->len_bytes, prot));
}

static int64_t map_file(struct thread *t, uint64_t fd, uint64_t offset, struct linux_range *range)
{
    struct mm *mm = t->proc->mm;
    struct file *f = fd_file(t->proc, fd);
    if (f == NULL) {
        return -E_BADF;
    }
    if (!file_can_read(f)) {
        return -E_ACCES;
    }
    if (f->ops == &zero_ops) {
        return map_anon(mm, range);
    }
    struct inode *n = f->inode;
    if (f->ops != &regular_ops) {
        return -E_NODEV;
    }
    if (n->object != LINUX_NONE && n->data.page_count == 0 && n->object_bytes == n->size) {
        user_unpin_all(mm);
        return op_error(t->sys->ops->map_object(t->sys->env, mm->space, n->object, offset, range));
    }
    uint32_t prot = range->prot;
    range->prot = LINUX_READ | LINUX_WRITE;
    int64_t error = map_anon(mm, range);
    if (error != 0) {
        return error;
    }
    error = copy_file_in(mm, n, offset, range, prot);
    if (error != 0) {
        (void)unmap(mm, range->address, range->len_bytes);
    }
    return error;
}

static int64_t map_once(struct thread *t, const uint64_t *a, struct linux_range *range)
{
    if ((a[3] & MAP_ANONYMOUS_) != 0) {
        return map_anon(t->proc->mm, range);
    }
    return map_file(t, a[4], a[5], range);
}

static int64_t check_mmap(struct thread *t, const uint64_t *a)
{
    uint64_t flags = a[3], type = flags & MAP_TYPE_;
    if (!is_aligned(a[5], PAGE_BYTES) || a[1] == 0 || type == 0 || type > MAP_SHARED_VALIDATE_) {
        return -E_INVAL;
    }
    if ((flags & MAP_HUGETLB_) != 0) {
        return -E_NOMEM;
    }
    if (a[1] > LINUX_USER_TOP) {
        return -E_NOMEM;
    }
    if ((flags & MAP_ANONYMOUS_) == 0 && fd_file(t->proc, a[4]) == NULL) {
        return -E_BADF;
    }
    if ((a[2] & PROT_EXEC_) != 0) {
        refuse_executable(t, "mmap");
        return -E_ACCES;
    }
    if (type != MAP_PRIVATE_) {
        count_feature(t->sys, "mmap MAP_SHARED");
        return -E_NODEV;
    }
    return 0;
}

int64_t call_mmap(struct thread *t, const uint64_t *a)
{
    int64_t error = check_mmap(t, a);
    if (error != 0) {
        return error;
    }
    struct linux_range range = {LINUX_PLACE_ANY, a[0], align_up(a[1], PAGE_BYTES), rights_of(a[2])};
    bool must = (a[3] & (MAP_FIXED_ | MAP_FIXED_NOREPLACE_)) != 0;
    uint64_t len;
    if (must && !is_aligned(a[0], PAGE_BYTES)) {
        return -E_INVAL;
    }
    if (must && a[0] < MMAP_MIN_ADDRESS) {
        return -E_PERM;
    }
    if (must && !range_of(a[0], a[1], &len)) {
        return -E_NOMEM;
    }
    if (must) {
        range.place = (a[3] & MAP_FIXED_NOREPLACE_) != 0 ? LINUX_PLACE_FREE : LINUX_PLACE_FIXED;
    } else if (a[0] >= MMAP_MIN_ADDRESS && range_of(align_down(a[0], PAGE_BYTES), a[1], &len)) {
        range.place = LINUX_PLACE_FREE; /* a hint: taken when it is free */
        range.address = align_down(a[0], PAGE_BYTES);
        error = map_once(t, a, &range);
        if (error != -E_EXIST) {
            return error != 0 ? error : (int64_t)range.address;
        }
        range = (struct linux_range){LINUX_PLACE_ANY, 0, range.len_bytes, rights_of(a[2])};
    }
    error = map_once(t, a, &range);
    return error != 0 ? error : (int64_t)range.address;
}

int64_t call_munmap(struct thread *t, const uint64_t *a)
{
    uint64_t len;
    if (!range_of(a[0], a[1], &len)) {
        return -E_INVAL;
    }
    return unmap(t->proc->mm, a[0], len);
}

int64_t call_mprotect(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t len;
    if (!is_aligned(a[0], PAGE_BYTES) || (a[2] & ~(uint64_t)(PROT_READ_ | PROT_WRITE_ | PROT_EXEC_)) != 0) {
        return -E_INVAL;
    }
    if (a[1] == 0) {
        return 0;
    }
    if (!range_of(a[0], a[1], &len)) {
        return -E_NOMEM;
    }
    if ((a[2] & PROT_EXEC_) != 0) {
        refuse_executable(t, "mprotect");
        return -E_ACCES;
    }
    user_unpin_all(mm);
    return op_error(t->sys->ops->protect(t->sys->env, mm->space, a[0], len, rights_of(a[2])));
}

/* ---- mremap ------------------------------------------------------------------------------------------------------ */

static int64_t copy_within(struct mm *mm, uint64_t to, uint64_t from, uint64_t len)
{
    while (len > 0) {
        if (!user_read(mm, mm->sys->bounce, from, PAGE_BYTES) || !user_write(mm, to, mm->sys->bounce, PAGE_BYTES)) {
            return -E_FAULT;
        }
        from += PAGE_BYTES;
        to += PAGE_BYTES;
        len -= PAGE_BYTES;
    }
    return 0;
}

int64_t call_mremap(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t old_len, new_len;
    if ((a[3] & ~(uint64_t)MREMAP_MAYMOVE_) != 0 || !range_of(a[0], a[1], &old_len) || a[2] == 0) {
        return -E_INVAL;
    }
    if (a[2] > LINUX_USER_TOP) {
        return -E_NOMEM;
    }
    new_len = align_up(a[2], PAGE_BYTES);
    if (new_len <= old_len) {
        int64_t error = new_len < old_len ? unmap(mm, a[0] + new_len, old_len - new_len) : 0;
        return error != 0 ? error : (int64_t)a[0];
    }
    struct linux_range range = {LINUX_PLACE_FREE, a[0] + old_len, new_len - old_len, LINUX_READ | LINUX_WRITE};
    if (range.len_bytes <= LINUX_USER_TOP - range.address && map_anon(mm, &range) == 0) {
        return (int64_t)a[0];
    }
    if ((a[3] & MREMAP_MAYMOVE_) == 0) {
        return -E_NOMEM;
    }
    range = (struct linux_range){LINUX_PLACE_ANY, 0, new_len, LINUX_READ | LINUX_WRITE};
    int64_t error = map_anon(mm, &range);
    if (error != 0) {
        return error;
    }
    error = copy_within(mm, range.address, a[0], old_len);
    if (error != 0) {
        (void)unmap(mm, range.address, new_len);
        return error;
    }
    (void)unmap(mm, a[0], old_len);
    return (int64_t)range.address;
}

/* ---- advice ------------------------------------------------------------------------------------------------------ */

/* MADV_DONTNEED, and those of Linux 6.1 that may do nothing, MADV_FREE among them. A program must hear that the others, such as
 * MADV_WIPEONFORK, are not there. Source: madvise(2) */
static bool is_advice(uint64_t advice)
{
    static const uint8_t known[] = {0, 1, 2, 3, 4, 8, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21};
    return advice < 64 && memchr(known, (int)advice, sizeof(known)) != NULL;
}

int64_t call_madvise(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t len;
    if (!is_aligned(a[0], PAGE_BYTES) || !is_advice(a[2])) {
        return -E_INVAL;
    }
    if (a[1] == 0) {
        return 0;
    }
    if (!range_of(a[0], a[1], &len)) {
        return -E_NOMEM;
    }
    if (a[2] != MADV_DONTNEED_) {
        return 0; /* the rest is advice, and none is needed */
    }
    user_unpin_all(mm);
    return op_error(t->sys->ops->discard(t->sys->env, mm->space, a[0], len));
}

int64_t call_msync(struct thread *t, const uint64_t *a)
{
    (void)t;
    return is_aligned(a[0], PAGE_BYTES) ? 0 : -E_INVAL;
}

int64_t call_mlock(struct thread *t, const uint64_t *a)
{
    (void)t;
    (void)a;
    return 0; /* nothing is ever paged out */
}

int64_t call_munlock(struct thread *t, const uint64_t *a)
{
    (void)t;
    (void)a;
    return 0;
}
