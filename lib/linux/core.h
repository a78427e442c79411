/* SPDX-License-Identifier: MIT */
/**
 * Core of lib/linux, private: memory, waiting, processes, threads and signals, as all files of this room see them.
 * Owns:   the layout of struct linux_system.    Uses: abi.h, linux.h.
 * Limits: everything lives in the arena; no pointer leaves it but those that the caller lent.
 */
#ifndef LX_LINUX_CORE_H
#define LX_LINUX_CORE_H

#include "abi.h"
#include "linux.h"

#include <stdarg.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define NEVER_NS UINT64_MAX

/* ---- doubly linked lists, circular, with a head that is a link too ----------------------------------------------- */

struct link {
    struct link *next, *prev;
};

#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void link_init(struct link *l)
{
    l->next = l->prev = l;
}

static inline bool link_empty(const struct link *head)
{
    return head->next == head;
}

static inline void link_add_before(struct link *where, struct link *l)
{
    l->prev = where->prev;
    l->next = where;
    where->prev->next = l;
    where->prev = l;
}

/** Removes from whatever list; harmless on a link that is alone. */
static inline void link_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->next = l->prev = l;
}

/* ---- memory.c: pages and small pieces of the arena --------------------------------------------------------------- */

#define MEM_CLASS_COUNT 12u

/** For whom memory is: files may not take the last part of the arena, so that processes can still be made and ended. */
enum mem_use { MEM_CORE, MEM_FILES };

struct mem_slab; /* at the start of its page */

struct memory {
    uint8_t *base;
    uint32_t page_count;
    uint32_t fresh;        /* pages from here on were never used */
    uint32_t free_count;   /* pages that page_alloc can give, fresh ones included */
    uint32_t reserve;      /* of these, how many files may not have */
    void *free;            /* freed pages, each holds a pointer to the next */
    struct link partial[2][MEM_CLASS_COUNT]; /* slabs with a free piece, by use and class */
};

void memory_init(struct memory *m, void *base, uint32_t page_count);
/** A page with unknown contents, or NULL. */
MUST_USE void *page_alloc(struct memory *m, enum mem_use use);
MUST_USE void *page_alloc_zero(struct memory *m, enum mem_use use);
void page_free(struct memory *m, void *page);
/** `len_bytes` up to MEM_PIECE_MAX zeroed bytes, aligned to 16, or NULL. */
#define MEM_PIECE_MAX 4032u
MUST_USE void *mem_alloc(struct memory *m, size_t len_bytes, enum mem_use use);
void mem_free(struct memory *m, void *piece);
const char *memory_invariant(struct memory *m);

/* ---- data.c: pages by index, for files and generated text -------------------------------------------------------- */

struct data {
    void *root;        /* a page when height is 0, else a page of 512 pointers */
    uint32_t height;   /* indices below 512^height */
    uint32_t page_count; /* pages of data, for st_blocks */
};

struct memory;
/** The page, or NULL where there is none. */
uint8_t *data_page(const struct data *d, uint64_t index);
/** The page, made and zeroed if need be (`*made` says so); NULL: memory is short, or the index is past the file limit. */
MUST_USE uint8_t *data_page_make(struct memory *m, struct data *d, uint64_t index, enum mem_use use, bool *made);
/** The same, with unknown contents when it was made. */
MUST_USE uint8_t *data_page_take(struct memory *m, struct data *d, uint64_t index, enum mem_use use, bool *made);
/** Frees every page from `first_index` on. */
void data_cut(struct memory *m, struct data *d, uint64_t first_index);
/** The lowest index at or after `index` that has a page; UINT64_MAX when there is none. */
uint64_t data_next(const struct data *d, uint64_t index);

/* ---- text.c ------------------------------------------------------------------------------------------------------ */

struct linux_text {
    struct memory *memory;
    struct data data;
    uint64_t len_bytes;
    bool is_cut;
};

void text_free(struct linux_text *text);
void text_vprint(struct linux_text *text, const char *format, va_list *arguments);
/** Formats into `out` as linux_text_print does; always terminated. @return the length. */
size_t text_into(char *out, size_t cap_bytes, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- wait.c: what a blocked thread waits for --------------------------------------------------------------------- */

struct thread;

/** Threads that wait for one thing, first come first. */
struct wait_queue {
    struct link waiters;
};

struct waiter {
    struct link link;
    struct thread *thread;
    struct waiter *next; /* of the same thread: poll waits for many */
    uint64_t key;        /* futex: the address */
};

enum timer_kind { TIMER_THREAD, TIMER_ITIMER };

struct timer {
    uint64_t deadline_ns;
    uint32_t heap_index; /* TIMER_IDLE: not set */
    enum timer_kind kind;
};
#define TIMER_IDLE UINT32_MAX
#define TIMERS_MAX (LINUX_THREADS_MAX + LINUX_PROCESSES_MAX)

/* ---- processes and threads --------------------------------------------------------------------------------------- */

struct file;
struct inode;
struct tty;
struct process;

#define PIN_SLOTS 16u

/** A user page that is at hand: tag = generation, page number, and in bit 0 whether it may be written. */
struct pin {
    uint64_t tag;
    uint8_t *bytes;
};

/** An address space and what belongs to it; shared by threads, and by a vfork child. */
struct mm {
    struct linux_system *sys;
    uint32_t refs;
    uint32_t space;
    uint64_t generation; /* of pins; in steps that leave the low 21 bits to page and right */
    struct pin pins[PIN_SLOTS];
    uint64_t heap_start, heap_end;
    uint64_t stack_start;
    uint64_t arg_start, arg_end, env_start, env_end;
    uint64_t text_start, text_end;
    struct inode *exe;
    uint32_t program;
};

struct signal_info {
    struct signal_info *next;
    int32_t signal, code;
    uint32_t pid, uid;
    uint64_t value; /* address of a fault; status of a child */
    int64_t utime, stime;
    uint64_t syndrome;
};

struct pending {
    uint64_t bits;
    struct signal_info *first, *last;
    uint32_t count;
};

struct action {
    uint64_t handler, restorer, mask;
    uint32_t flags;
};

enum thread_state {
    THREAD_USER,    /* runs user code, or could */
    THREAD_CALL,    /* trapped; an entry point is deciding about it now */
    THREAD_BLOCKED, /* trapped in a call that waits; on queues and perhaps the timer heap */
    THREAD_READY,   /* on the ready list: to be decided (again) before the entry point returns */
    THREAD_PARKED,  /* its process is stopped: to be decided when it continues */
};

/** Where the registers of a thread that does not run are. */
enum trap_state {
    TRAP_NONE,  /* stopped in user code */
    TRAP_CALL,  /* in `frame`, and the rest where they were */
    TRAP_FAULT, /* all with the owner of the thread */
};

/** A system call that sends the thread through the ABI page first (docs/design/linux-signals.md). */
enum stub { STUB_NONE, STUB_FORKSAVE, STUB_FORKENTRY };

struct call_state {
    bool again;     /* it has blocked, and is decided again from its saved arguments */
    bool timed_out; /* the timer woke it */
    uint8_t stage;
    uint64_t deadline_ns;
    uint64_t done_bytes; /* moved by earlier runs */
    struct file *file;   /* held by an open that waits for the other end */
    struct process *vfork_child; /* that this thread waits for */
};

#define ATTENTION_SIGNAL 1u /* a signal may be deliverable */
#define ATTENTION_KILL 2u   /* the process is ending */
#define ATTENTION_MASK 4u   /* saved_mask is to be restored at the end of the call */
#define ATTENTION_STOP 8u   /* the process is stopped */

struct thread {
    struct linux_system *sys;
    struct process *proc;
    uint32_t id, tid;
    enum thread_state state;
    enum trap_state trap;
    uint32_t attention;
    bool is_bound;             /* to a space; its owner knows it */
    bool undecided;            /* ready or blocked: its call has no result yet */
    int64_t restart;           /* parked: the -E_RESTART code of its call, or 0 */
    enum linux_outcome reply;  /* how its call is answered: X0, or FRAME when more than x0 changed */
    struct linux_frame *frame;
    struct linux_frame saved;
    struct call_state call;

    struct link ready;
    struct link siblings; /* in proc->threads */
    struct thread *tid_next;

    struct waiter wait;
    struct waiter *more; /* allocated ones */
    struct timer timer;

    uint64_t blocked, saved_mask;
    uint64_t sigwait; /* rt_sigtimedwait waits for these, though they are blocked */
    struct pending pending;
    struct abi_stack altstack;
    uint64_t clear_tid;

    enum stub stub;
    struct linux_regs *stub_regs; /* of a fork in progress: what the child starts with, or what the parent asked */
    struct linux_frame stub_frame;

    uint64_t cpu_base_ns;
    char name[16];
};

struct cred {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t groups[32];
};
#define GROUPS_MAX 32u

#define FD_CHUNK 64u
#define FD_CHUNKS (LINUX_FDS_MAX / FD_CHUNK)

struct fd_chunk {
    uint64_t open, cloexec;
    struct file *file[FD_CHUNK];
};

struct process {
    struct linux_system *sys;
    uint32_t pid, pgid, sid;
    bool is_zombie, is_stopped, has_execed, kill_pending, is_init;
    bool stop_reportable, continue_reportable;
    uint32_t stop_signal;
    int32_t exit_status;  /* as wait4 stores it; with kill_pending: what it will be */
    uint32_t exit_signal; /* to the parent; 0: none */
    uint32_t thread_count;
    struct tty *tty;      /* controlling terminal */

    struct process *parent, *pid_next;
    struct link all, siblings, children, threads;
    struct wait_queue child_wait; /* threads of this process in wait4 */
    struct thread *vfork_parent;

    struct mm *mm;
    struct inode *cwd, *root;
    uint32_t umask;
    struct fd_chunk *fds[FD_CHUNKS];
    struct cred cred;
    struct action actions[SIGNAL_COUNT];
    struct pending pending;
    struct abi_rlimit limits[RLIMIT_COUNT];
    const struct process *waits_for_lock_of; /* a thread of this one waits for a POSIX lock of that one */
    struct timer itimer;
    uint64_t itimer_interval_ns;

    uint64_t start_ns, cpu_ns, children_cpu_ns; /* cpu_ns: of threads that ended */
    uint32_t pdeathsig;
    bool no_new_privs;
    char name[16]; /* of the leader when it ended */
};
_Static_assert(sizeof(struct process) <= MEM_PIECE_MAX, "a process is one piece");

#define PID_HASH 256u
#define FUTEX_HASH 64u
#define DENTRY_HASH_MIN 256u
#define VOLUME_BUCKETS 1024u
#define IOV_MAX_ 1024u
#define UNSUPPORTED_FEATURES_MAX 16u

/* ---- the terminal: tty.c ----------------------------------------------------------------------------------------- */

struct tty {
    struct linux_system *sys;
    struct abi_termios termios;
    struct abi_winsize window;
    uint32_t sid, pgid; /* session that it controls, foreground group; 0: none */
    bool is_stopped;    /* by VSTOP */
    bool literal_next;
    uint32_t column, canonical_column; /* of the output; where the line being edited starts */

    /* Input: [read, ready) can be read; [ready, write) is the line being edited. Free-running indices. */
    uint32_t read, ready, write;
    uint32_t line_count; /* complete lines in [read, ready) */
    uint8_t input[LINUX_TTY_BYTES];
    uint8_t is_end[LINUX_TTY_BYTES / 8]; /* bit: this byte ends a line; an EOF mark is a 0 byte with both bits */
    uint8_t is_eof[LINUX_TTY_BYTES / 8];
    struct wait_queue readers;

    uint32_t out_read, out_write;
    uint8_t output[LINUX_TTY_BYTES];
    struct wait_queue writers;
};

/* ---- the system -------------------------------------------------------------------------------------------------- */

struct dentry;

struct feature_count {
    const char *name;
    uint64_t count;
};

struct linux_system {
    struct linux_config config;
    const struct linux_ops *ops;
    void *env;
    struct memory memory;

    struct thread *threads[LINUX_THREADS_MAX];
    uint16_t free_threads[LINUX_THREADS_MAX];
    uint32_t free_thread_count;
    uint16_t free_spaces[LINUX_SPACES_MAX];
    uint32_t free_space_count;
    struct process *pid_hash[PID_HASH];
    struct thread *tid_hash[PID_HASH];
    struct link processes; /* by pid */
    uint32_t process_count, live_thread_count;
    uint32_t last_pid;
    uint64_t forks;
    uint64_t dead_cpu_ns; /* of processes that are gone */
    uint64_t load_at_ns, load_cpu_ns;
    uint32_t load[3];
    uint8_t boot_id[16];
    struct process *init;
    bool is_over;

    /* Of the entry point that runs: */
    struct thread *current;
    struct linux_frame *current_frame;
    enum linux_outcome outcome;
    uint64_t now_ns; /* 0: not asked for yet */
    struct link ready;
    struct linux_regs regs; /* scratch of signal delivery and clone */

    struct timer *heap[TIMERS_MAX];
    uint32_t timer_count;
    uint64_t programmed_ns;
    struct wait_queue futexes[FUTEX_HASH];

    struct tty console;
    char hostname[UTS_FIELD_BYTES], domainname[UTS_FIELD_BYTES];

    /* Files: */
    struct inode *root, *proc_root, *view_root;
    struct dentry **dentries; /* hash table */
    uint32_t dentry_mask;
    uint64_t next_ino;
    uint64_t inode_count, file_count;
    struct inode *volume_inodes[VOLUME_BUCKETS]; /* of the volume, by number */
    struct link volume_lru, volume_paged;
    uint64_t volume_inode_count, volume_pages;
    uint32_t volume_hold_count; /* files without a name that the volume keeps for us */
    struct linux_installed installed;
    struct wait_queue lock_waiters; /* of every file */
    uint32_t lock_count;
    char path_a[LINUX_PATH_BYTES_MAX], path_b[LINUX_PATH_BYTES_MAX]; /* of the call: its path arguments */
    char walk_a[LINUX_PATH_BYTES_MAX], walk_b[LINUX_PATH_BYTES_MAX]; /* of path_walk */
    struct abi_iovec iov[IOV_MAX_];
    uint8_t bounce[PAGE_BYTES];  /* of a transfer within the server */
    uint8_t copy_up[PAGE_BYTES]; /* of filedata.c */

    uint64_t call_count;
    uint32_t check_round; /* of check.c */
    uint32_t unsupported[512]; /* by number */
    struct feature_count features[UNSUPPORTED_FEATURES_MAX];
};

/* ---- results of calls -------------------------------------------------------------------------------------------- */

/** Beside values >= 0 and -E_x, a handler of a call may return: */
enum {
    RESULT_BLOCK = -1000, /* the thread is on its queues; decide again when woken */
    RESULT_DONE = -1001,  /* the handler has settled what happens to the thread */
};

typedef int64_t (*call_fn)(struct thread *t, const uint64_t *a);

static inline bool signal_waits(const struct thread *t)
{
    return (t->attention & (ATTENTION_SIGNAL | ATTENTION_KILL)) != 0;
}

/* wait.c */
void wait_queue_init(struct wait_queue *q);
/** Puts `t` on a queue. @return false: memory is short (only from the second queue on). */
MUST_USE bool wait_on(struct thread *t, struct wait_queue *q, uint64_t key);
/** Sets the timer of a thread that is about to block; NEVER_NS is fine. */
void wait_until(struct thread *t, uint64_t deadline_ns);
/** Takes `t` off all queues and its timer off the heap. */
void wait_end(struct thread *t);
void wake_all(struct wait_queue *q);
/** Puts a blocked or parked thread, or a running one after stopping it, on the ready list. */
void thread_ready(struct thread *t);
/** Takes a thread out of user code: what it is doing there goes on when it is started or answered again. */
void thread_halt(struct thread *t);
void timer_init(struct timer *timer, enum timer_kind kind);
void timer_set(struct linux_system *sys, struct timer *timer, uint64_t deadline_ns);
void timer_clear(struct linux_system *sys, struct timer *timer);
/** The timer that is due, taken off the heap, or NULL. */
struct timer *timer_take_due(struct linux_system *sys, uint64_t now_ns);
void timers_program(struct linux_system *sys);

/* time.c */
uint64_t time_now(struct linux_system *sys);      /* monotonic */
int64_t time_wall(struct linux_system *sys);      /* ns since 1970 */
uint64_t process_cpu_ns(struct process *p);       /* of all its threads, past and present */
MUST_USE bool timespec_to_ns(const struct abi_timespec *ts, uint64_t *out);
void itimer_fired(struct process *p);

/* user.c */
/** Up to `len_bytes` of user memory at `address`, `*available` of them; NULL: EFAULT. */
uint8_t *user_pin(struct mm *mm, uint64_t address, size_t len_bytes, bool for_write, size_t *available);
void user_unpin_all(struct mm *mm);
void user_unpin(struct mm *mm, uint64_t address);
MUST_USE bool user_read(struct mm *mm, void *out, uint64_t address, size_t len_bytes);
MUST_USE bool user_write(struct mm *mm, uint64_t address, const void *bytes, size_t len_bytes);
MUST_USE bool user_zero(struct mm *mm, uint64_t address, size_t len_bytes);
/** Copies a string of fewer than `cap_bytes`. @return its length, -E_FAULT or -E_NAMETOOLONG. */
int64_t user_string(struct mm *mm, char *out, size_t cap_bytes, uint64_t address);
MUST_USE bool user_read_u64(struct mm *mm, uint64_t *out, uint64_t address);
MUST_USE bool user_write_u32(struct mm *mm, uint64_t address, uint32_t value);

/* mm.c */
/** An empty space with the one reference of the caller, or NULL. */
struct mm *mm_new(struct linux_system *sys);
struct mm *mm_clone(struct mm *parent);
void mm_put(struct mm *mm);
int64_t op_error(enum linux_op op);

/* process.c */
void processes_init(struct linux_system *sys);
struct process *process_new(struct linux_system *sys, struct process *parent);
struct thread *thread_new(struct process *p);
void thread_end(struct thread *t);
struct process *process_find(struct linux_system *sys, uint32_t pid);
struct thread *thread_find(struct linux_system *sys, uint32_t tid);
struct process *process_after(struct linux_system *sys, uint32_t pid);
struct thread *process_leader(struct process *p); /* NULL for a zombie */
const char *process_name(struct process *p);
char process_state(struct process *p);
/** Ends every thread of a process and makes it a zombie, or reaps it. `p` is not used after this. */
void process_exit(struct process *p, int32_t status);
void process_free(struct process *p);
void process_release_vfork(struct process *p);
bool group_is_orphaned(struct linux_system *sys, uint32_t pgid, const struct process *except);
bool group_in_session(struct linux_system *sys, uint32_t pgid, uint32_t sid);
/** Lets a stopped process run, or stops it; tells the parent. */
void process_stop(struct process *p, uint32_t signal);
void process_continue(struct process *p);
/** Marks the caller's process as ending with this wait status; it ends when its call does. */
int64_t process_begin_exit(struct thread *t, int32_t status);
/** Ends all threads of a process but `t`, which becomes its leader. */
void process_single(struct thread *t);
/** Tells a parent that a child ended, stopped or continued. */
void process_tell_parent(struct process *p, int32_t code, int32_t status);
/** Ends the session of a terminal: hang-up for its foreground group, and no terminal for anyone in it. */
void session_hang_up(struct process *leader);
void session_lose_terminal(struct linux_system *sys, uint32_t sid);
bool group_exists(struct linux_system *sys, uint32_t pgid);
const char *processes_invariant(struct linux_system *sys);

/* cred.c */
bool cred_in_group(const struct cred *c, uint32_t gid);
static inline bool cred_is_root(const struct cred *c)
{
    return c->euid == 0;
}

/* exec.c */
/** Runs a program in a new process, with strings of ours. @return RESULT_DONE: the thread has been started; or an error. */
int64_t exec_start(struct thread *t, const char *path, const char *const *argv, const char *const *envp);

/* signal.c */
void signal_info_user(struct signal_info *info, const struct process *from, uint32_t signal, int32_t code);
/** Sends to a process (any of its threads) or to one thread. @return 0 or -E_AGAIN: too many real-time signals wait. */
int64_t signal_process(struct process *p, const struct signal_info *info);
int64_t signal_thread(struct thread *t, const struct signal_info *info);
void signal_simple(struct process *p, uint32_t signal); /* from the kernel */
void signal_group(struct linux_system *sys, uint32_t pgid, uint32_t signal);
/** A signal that the thread's own instruction caused: it cannot be blocked or ignored. */
void signal_force(struct thread *t, const struct signal_info *info);
void signal_update(struct thread *t); /* after the mask or the pending set changed */
void signal_set_mask(struct thread *t, uint64_t mask);
bool signal_is_ignored(const struct process *p, uint32_t signal);
/** Takes the next deliverable signal; returns 0 when there is none. `wanted`: only of these. */
uint32_t signal_take(struct thread *t, uint64_t wanted, struct signal_info *out);
void pending_flush(struct linux_system *sys, struct pending *pending, uint64_t bits);
void signals_exec(struct process *p);

static inline bool altstack_holds(const struct thread *t, uint64_t sp)
{
    return sp > t->altstack.sp && sp - t->altstack.sp <= t->altstack.size;
}

/* sigframe.c */
/** Builds the frame of a handler and points `regs` at it. @return false: the stack cannot be written. */
MUST_USE bool sigframe_push(struct thread *t, const struct signal_info *info, const struct action *action,
                            struct linux_regs *regs);
/** rt_sigreturn came: sends the thread through the ABI page, which loads its FP state. */
int64_t sigframe_begin_return(struct thread *t);
/** The ABI page has done so: loads the rest. @return 0 with the thread's registers in `regs`, or -E_FAULT. */
int64_t sigframe_finish_return(struct thread *t);

/* leave.c: from a decided call back to user code */
void call_finish(struct thread *t, int64_t result);
void thread_leave(struct thread *t, int64_t restart);
/** Keeps a thread of a stopped process; `changed` registers are stored where its others are. */
void thread_park(struct thread *t, int64_t restart, const struct linux_regs *changed);
/** Answers the call of `t` with its frame now. */
void thread_answer(struct thread *t, enum linux_outcome outcome);
/** Starts or stops counting `t` as the thread whose trap is being handled, and runs what became ready. */
void entry_begin(struct linux_system *sys, struct thread *t, struct linux_frame *frame);
enum linux_outcome entry_end(struct linux_system *sys);
/** Lets the thread run with these registers; its trap is over. */
void thread_go(struct thread *t, const struct linux_regs *regs);

/* clone.c */
void clone_stub_saved(struct thread *t);
void clone_child_loaded(struct thread *t);
void clone_abort(struct thread *t);

/* futex.c */
int64_t futex_wake(struct linux_system *sys, struct mm *mm, uint64_t address, uint32_t count, uint32_t bits);
void thread_clear_tid(struct thread *t);

/* dispatch.c */
int64_t call_dispatch(struct thread *t);
const char *call_name(uint32_t number);
void count_feature(struct linux_system *sys, const char *name);
void refuse(struct linux_system *sys, const char *format, ...) PRINTF_LIKE(2, 3);

/* tty.c */
void tty_init(struct tty *tty, struct linux_system *sys);
void tty_input(struct tty *tty, const uint8_t *bytes, size_t len_bytes);
void tty_flush_output(struct tty *tty);
void tty_resize(struct tty *tty, const struct abi_winsize *window); /* SIGWINCH when it changed */
void tty_drop_session(struct tty *tty);
const char *tty_invariant(const struct tty *tty);

#endif
