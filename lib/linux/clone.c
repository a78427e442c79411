/* SPDX-License-Identifier: MIT */
/**
 * Clone: fork, vfork and threads. The parent first goes through the stub `forksave` of the ABI page, which stores its FP
 * state below the stack that the child will have; the child begins in `forkentry`, which loads it. Both stubs end with an
 * svc that is known by its address, and both leave nothing behind: the frame of the original call is kept here.
 * Owns:   the stub fields of struct thread.    Uses: process.c, mm.c, fd.c, leave.c.
 * Limits: a caller without a writable stack gets a child whose FP state is zero.
 * Source: man-pages clone(2), vfork(2); docs/design/linux-signals.md
 */
#include "calls.h"
#include "files.h"

#include "abipage/abipage.h"

#define THREAD_FLAGS (CLONE_VM_ | CLONE_FS_ | CLONE_FILES_ | CLONE_SIGHAND_ | CLONE_THREAD_)
#define KNOWN_FLAGS                                                                                                    \
    (CLONE_SIGNAL_ | THREAD_FLAGS | CLONE_VFORK_ | CLONE_SYSVSEM_ | CLONE_SETTLS_ | CLONE_PARENT_SETTID_ |             \
     CLONE_CHILD_CLEARTID_ | CLONE_DETACHED_ | CLONE_UNTRACED_ | CLONE_CHILD_SETTID_ | CLONE_IO_)

struct clone_args {
    uint32_t flags;
    uint64_t stack, parent_tid, tls, child_tid;
};

static struct clone_args args_of(const struct linux_frame *frame)
{
    return (struct clone_args){(uint32_t)frame->x[0], frame->x[1], frame->x[2], frame->x[3], frame->x[4]};
}

static int64_t check(struct thread *t, uint32_t flags)
{
    bool is_thread = (flags & CLONE_THREAD_) != 0;
    if (is_thread ? (flags & THREAD_FLAGS) != THREAD_FLAGS : (flags & CLONE_SIGHAND_) != 0) {
        return -E_INVAL;
    }
    if ((flags & ~KNOWN_FLAGS) != 0 || (!is_thread && (flags & (CLONE_FS_ | CLONE_FILES_)) != 0)) {
        count_feature(t->sys, "clone: parent, namespaces, shared files without a thread");
        return -E_INVAL;
    }
    if ((flags & CLONE_SIGNAL_) > SIGNAL_COUNT) {
        return -E_INVAL;
    }
    if (!is_thread && t->sys->process_count == LINUX_PROCESSES_MAX) {
        return -E_AGAIN;
    }
    return t->sys->free_thread_count == 0 ? -E_AGAIN : 0;
}

/** Where the FP state waits for the child: under its stack, where nobody else writes. 0: there is no such place. */
static uint64_t block_address(struct thread *t, const struct clone_args *args)
{
    uint64_t top = args->stack != 0 ? args->stack : t->frame->sp;
    if (top < ABI_FP_BYTES + 16 || top > LINUX_USER_TOP) {
        return 0;
    }
    uint64_t address = align_down(top, 16) - ABI_FP_BYTES;
    return user_zero(t->proc->mm, address, ABI_FP_BYTES) ? address : 0;
}

/* ---- the child --------------------------------------------------------------------------------------------------- */

static void share_mm(struct process *child, struct mm *mm)
{
    mm->refs++;
    child->mm = mm;
}

static void discard_process(struct process *p)
{
    fds_close_all(p);
    if (p->mm != NULL) {
        mm_put(p->mm);
    }
    inode_put(p->cwd);
    inode_put(p->root);
    process_free(p);
}

/** A child process with everything but a thread, or NULL. */
static struct process *new_child(struct thread *t, const struct clone_args *args)
{
    struct process *child = process_new(t->sys, t->proc);
    if (child == NULL) {
        return NULL;
    }
    child->exit_signal = args->flags & CLONE_SIGNAL_;
    if ((args->flags & CLONE_VM_) != 0) {
        share_mm(child, t->proc->mm);
    } else {
        child->mm = mm_clone(t->proc->mm);
    }
    if (child->mm == NULL || !fds_clone(child, t->proc)) {
        discard_process(child);
        return NULL;
    }
    return child;
}

static void set_child_regs(struct thread *child, const struct clone_args *args, struct linux_regs *regs)
{
    regs->x[0] = 0;
    if (args->stack != 0) {
        regs->sp = args->stack;
    }
    if ((args->flags & CLONE_SETTLS_) != 0) {
        regs->tpidr = args->tls;
    }
    if ((args->flags & CLONE_CHILD_CLEARTID_) != 0) {
        child->clear_tid = args->child_tid;
    }
    /* A child_tid that cannot be written is the program's own mistake; Linux ignores it, too. */
    if ((args->flags & CLONE_CHILD_SETTID_) != 0 && !user_write_u32(child->proc->mm, args->child_tid, child->tid)) {
        child->clear_tid = 0;
    }
}

/** Starts the child through `forkentry`, with what it shall become kept in stub_regs; at once when it has no FP state. */
static int64_t start_child(struct thread *child, const struct linux_regs *regs, uint64_t block)
{
    struct linux_system *sys = child->sys;
    if (sys->ops->thread_bind(sys->env, child->id, child->proc->mm->space) != LINUX_OP_OK) {
        return -E_AGAIN;
    }
    child->is_bound = true;
    child->cpu_base_ns = sys->ops->thread_cpu_ns(sys->env, child->id);
    if (block == 0) {
        thread_go(child, regs);
        return 0;
    }
    child->stub_regs = mem_alloc(&sys->memory, sizeof(*regs), MEM_CORE);
    if (child->stub_regs == NULL) {
        return -E_NOMEM;
    }
    *child->stub_regs = *regs;
    struct linux_regs entry = *regs;
    entry.x[0] = block;
    entry.sp = block;
    entry.pc = LINUX_ABI_BASE + ABI_FORKENTRY;
    child->stub = STUB_FORKENTRY;
    thread_go(child, &entry);
    return 0;
}

static struct thread *new_thread_like(struct thread *t, struct process *p, uint32_t flags)
{
    struct thread *child = thread_new(p);
    if (child == NULL) {
        return NULL;
    }
    child->blocked = t->blocked;
    memcpy(child->name, t->name, sizeof(child->name));
    if ((flags & (CLONE_VM_ | CLONE_VFORK_)) != CLONE_VM_) {
        child->altstack = t->altstack;
    }
    return child;
}

/** Makes the child. `block` is where its FP state waits, or 0. @return its id, RESULT_BLOCK for vfork, or an error. */
static int64_t clone_now(struct thread *t, uint64_t block)
{
    struct linux_system *sys = t->sys;
    struct clone_args args = args_of(t->frame);
    bool is_thread = (args.flags & CLONE_THREAD_) != 0;
    struct linux_regs regs;
    sys->ops->thread_read(sys->env, t->id, &regs);
    memcpy(regs.x, t->frame->x, sizeof(t->frame->x));
    regs.pc = t->frame->pc;
    regs.sp = t->frame->sp;
    regs.pstate = t->frame->pstate;
    struct process *p = is_thread ? t->proc : new_child(t, &args);
    struct thread *child = p == NULL ? NULL : new_thread_like(t, p, args.flags);
    if (child == NULL) {
        if (p != NULL && !is_thread) {
            discard_process(p);
        }
        return p == NULL ? -E_NOMEM : -E_AGAIN;
    }
    uint32_t id = child->tid;
    set_child_regs(child, &args, &regs);
    int64_t error = 0;
    if ((args.flags & CLONE_PARENT_SETTID_) != 0 && !user_write_u32(t->proc->mm, args.parent_tid, id)) {
        error = -E_FAULT;
    }
    error = error != 0 ? error : start_child(child, &regs, block);
    if (error != 0) {
        child->clear_tid = 0;
        thread_end(child);
        if (!is_thread) {
            discard_process(p);
        }
        return error;
    }
    sys->forks++;
    if ((args.flags & CLONE_VFORK_) == 0 || is_thread) {
        return id;
    }
    p->vfork_parent = t;
    t->call.vfork_child = p;
    t->call.done_bytes = id;
    return RESULT_BLOCK;
}

int64_t call_clone(struct thread *t, const uint64_t *a)
{
    (void)a;
    if (t->call.again) { /* vfork: the child has its own memory now, or has ended */
        return t->call.vfork_child != NULL ? RESULT_BLOCK : (int64_t)t->call.done_bytes;
    }
    struct clone_args args = args_of(t->frame);
    int64_t error = check(t, args.flags);
    if (error != 0) {
        return error;
    }
    uint64_t block = block_address(t, &args);
    if (block == 0) {
        return clone_now(t, 0);
    }
    t->stub = STUB_FORKSAVE;
    t->stub_frame = *t->frame;
    t->frame->x[0] = block;
    t->frame->pc = LINUX_ABI_BASE + ABI_FORKSAVE;
    thread_answer(t, LINUX_REPLY_FRAME);
    return RESULT_DONE;
}

void clone_stub_saved(struct thread *t)
{
    uint64_t block = t->frame->x[0];
    *t->frame = t->stub_frame;
    t->stub = STUB_NONE;
    t->reply = LINUX_REPLY_FRAME;
    struct clone_args args = args_of(t->frame);
    int64_t error = check(t, args.flags); /* others may have taken the last thread meanwhile */
    call_finish(t, error != 0 ? error : clone_now(t, block));
}

void clone_child_loaded(struct thread *t)
{
    struct linux_regs regs = *t->stub_regs;
    mem_free(&t->sys->memory, t->stub_regs);
    t->stub_regs = NULL;
    t->stub = STUB_NONE;
    if (t->attention == 0) {
        thread_go(t, &regs);
        return;
    }
    t->sys->ops->thread_write(t->sys->env, t->id, &regs);
    t->trap = TRAP_FAULT;
    thread_leave(t, 0);
}

void clone_abort(struct thread *t)
{
    struct linux_regs regs;
    t->sys->ops->thread_read(t->sys->env, t->id, &regs);
    memcpy(regs.x, t->stub_frame.x, sizeof(t->stub_frame.x));
    regs.x[0] = (uint64_t)-E_FAULT;
    regs.pc = t->stub_frame.pc;
    regs.sp = t->stub_frame.sp;
    regs.pstate = t->stub_frame.pstate;
    t->stub = STUB_NONE;
    t->sys->ops->thread_write(t->sys->env, t->id, &regs);
    thread_leave(t, 0);
}
