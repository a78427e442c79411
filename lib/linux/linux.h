/* SPDX-License-Identifier: MIT */
/**
 * Linux: the Linux system-call ABI of AArch64 as one state machine: processes, threads, signals, job control, files,
 * pipes, a terminal, an in-memory file system, /proc, /dev and /lx. It makes no system call itself. Whoever owns the
 * threads and address spaces (the pager and the glue of a service, or a test) tells it what happened through the entry
 * points below; it answers with an outcome and through the callbacks of `struct linux_ops`.
 *
 * Owns:   the memory that linux_init() is given, and nothing else.    Uses: base. No allocation elsewhere, no recursion.
 * Trust:  none is placed in the programs; the library itself is outside the trusted circle. It cannot make code executable:
 *         it only names programs that the pager already knows.
 * Limits: the constants below. One call at a time: the library is not re-entrant, and no callback may call it.
 * Source: docs/design/linux.md, docs/design/linux-signals.md; Linux 6.1 man-pages sections 2, 5 and 7.
 *
 * How it is driven:
 *
 *   trap of a thread ->  linux_syscall / linux_fault / linux_exception  -> outcome: what to do with that thread now
 *   time, console    ->  linux_timer / linux_console_input / linux_console_writable
 *   meanwhile        ->  ops: thread_reply, thread_start, thread_stop ... for all other threads
 */
#ifndef LX_LINUX_H
#define LX_LINUX_H

#include "base.h"
#include "fs.h"

/* ---- limits ------------------------------------------------------------------------------------------------------ */

#define LINUX_SPACES_MAX 192u
#define LINUX_THREADS_MAX 256u
#define LINUX_PROCESSES_MAX 190u  /**< zombies included; one space stays for an execve in progress */
#define LINUX_FDS_MAX 256u        /**< a process; RLIMIT_NOFILE starts here */
#define LINUX_PATH_BYTES_MAX 4096u
#define LINUX_NAME_BYTES_MAX 255u
#define LINUX_SYMLINKS_MAX 40u    /**< followed in one path */
#define LINUX_ARG_BYTES_MAX (256u * 1024u) /**< strings of argv and envp together; more is E2BIG */
#define LINUX_STRING_BYTES_MAX (128u * 1024u) /**< one of them, with its end; more is E2BIG */
#define LINUX_PIPE_BYTES 65536u
#define LINUX_IO_BYTES_MAX (UINT64_C(16) << 20)     /**< moved by one read or write; more is a short count */
#define LINUX_RANDOM_BYTES_MAX (UINT64_C(1) << 20)  /**< the same, for random bytes */
#define LINUX_TTY_BYTES 4096u     /**< input that waits to be read; output that waits for the console */
#define LINUX_PID_MAX 32768u
#define LINUX_VIEWS_MAX 32u
#define LINUX_SIGNALS_QUEUED_MAX 64u /**< real-time signals with a siginfo, a process */
#define LINUX_FILE_BYTES_MAX ((uint64_t)1 << 39)
#define LINUX_NONE UINT32_MAX     /**< no program, no object */

/* ---- the address space of a program: the pager places mappings by these ------------------------------------------ */

#define LINUX_USER_TOP UINT64_C(0xffff0000) /**< no user address reaches past this, but for the ABI page */
#define LINUX_ABI_BASE UINT64_C(0xffff0000) /**< the ABI page: verified, the same in every process */
#define LINUX_STACK_TOP UINT64_C(0xffe00000)
#define LINUX_STACK_BYTES UINT64_C(0x800000) /**< reserved under the top, less up to 1 MiB of random shift */
#define LINUX_MMAP_BASE UINT64_C(0x40000000) /**< mappings without an address belong in [MMAP_BASE, MMAP_TOP) */
#define LINUX_MMAP_TOP UINT64_C(0xff000000)
#define LINUX_PIE_BASE UINT64_C(0x10000000)  /**< position-independent programs, plus up to 128 MiB of random shift */

/* ---- a trapped thread -------------------------------------------------------------------------------------------- */

/**
 * What a system call carries, in the order of the words of an seL4 UnknownSyscall message. `pc` is where the thread
 * continues: the address after the svc. `lr` is carried along and neither read nor changed. `number` is x8. It must not lie
 * where a callback's own messages go.
 */
struct linux_frame {
    uint64_t x[8];
    uint64_t pc, sp, lr, pstate;
    uint64_t number;
};

/** All that a thread is, but for its FP state, which the library never sees (docs/design/linux-signals.md). */
struct linux_regs {
    uint64_t x[31];
    uint64_t sp, pc, pstate, tpidr;
};

/** What to do with the thread whose trap an entry point was given. */
enum linux_outcome {
    LINUX_RESUME,      /**< let it go on; no register changed (after a fault: the access is repeated) */
    LINUX_REPLY_X0,    /**< let it go on with frame->x[0] changed, and nothing else */
    LINUX_REPLY_FRAME, /**< let it go on with all of x0-x7, pc, sp and pstate from the frame */
    LINUX_KEEP,        /**< nothing now: it stays stopped until thread_reply or thread_start, or thread_start came already */
    LINUX_GONE,        /**< the thread is no more: thread_release came already */
};

enum linux_access { LINUX_READ = 4, LINUX_WRITE = 2, LINUX_EXECUTE = 1 };

enum linux_trap {
    LINUX_TRAP_UNDEFINED, /**< SIGILL */
    LINUX_TRAP_SYSREG,    /**< a trapped MSR, MRS or SYS: reads of timer and cache-type registers are emulated, else SIGILL */
    LINUX_TRAP_BREAKPOINT,/**< SIGTRAP */
    LINUX_TRAP_ALIGNMENT, /**< SIGBUS */
    LINUX_TRAP_FLOAT,     /**< SIGFPE */
};

/* ---- what the owner of threads and memory provides --------------------------------------------------------------- */

/** The answer of a callback that can fail. Nothing has changed when it is not LINUX_OP_OK. */
enum linux_op {
    LINUX_OP_OK = 0,
    LINUX_OP_NO_MEMORY,  /**< frames, table entries or thread objects ran out */
    LINUX_OP_NOT_MAPPED, /**< nothing is mapped at (some of) this address: SEGV_MAPERR */
    LINUX_OP_NO_ACCESS,  /**< mapped, and this access is not allowed: SEGV_ACCERR */
    LINUX_OP_IN_USE,     /**< LINUX_PLACE_FREE, and something is there */
    LINUX_OP_BAD_DATA,   /**< a page could not be verified: SIGBUS */
};

enum linux_place {
    LINUX_PLACE_ANY,   /**< the pager chooses in [LINUX_MMAP_BASE, LINUX_MMAP_TOP) and stores the address */
    LINUX_PLACE_FIXED, /**< exactly here; what was mapped there is unmapped first */
    LINUX_PLACE_FREE,  /**< exactly here, or LINUX_OP_IN_USE */
};

/** A range of addresses for a mapping: page-aligned, not empty, below LINUX_USER_TOP. */
struct linux_range {
    enum linux_place place;
    uint64_t address; /**< in and out */
    uint64_t len_bytes;
    uint32_t prot; /**< 0, LINUX_READ or LINUX_READ | LINUX_WRITE; never LINUX_EXECUTE */
};

/** What the loader of a program needs to know; addresses are those in the ELF file, before any shift. */
struct linux_program {
    uint64_t entry;
    uint64_t phdr;       /**< address of the program headers in memory */
    uint32_t phdr_count;
    uint32_t phdr_bytes; /**< size of one: 56 */
    uint64_t start, end; /**< the load range; the heap starts at `end`, rounded up */
    bool is_relocatable; /**< ET_DYN: may be shifted by any multiple of a page; else it must not be */
};

struct linux_space_usage {
    uint64_t virtual_bytes, resident_bytes, shared_bytes;
};

/** What of a space has a name in /proc/PID/maps without being a file. */
struct linux_map_marks {
    uint64_t heap_start, heap_end, stack;
};

struct linux_memory_usage {
    uint64_t total_bytes, free_bytes;
};

enum linux_power { LINUX_POWER_OFF, LINUX_POWER_RESTART, LINUX_POWER_HALT };

/** Text that a view writes; it grows page by page and is cut, never overrun, when memory ends. */
struct linux_text;
void linux_text_put(struct linux_text *text, const void *bytes, size_t len_bytes);
void linux_text_print(struct linux_text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/** What an anonymous mapping of [start, end) is called: "[heap]", "[stack]" or "". Source: proc(5). */
const char *linux_map_name(const struct linux_map_marks *marks, uint64_t start, uint64_t end);

/**
 * Everything that the library asks of its surroundings. `env` is the caller's and is passed back. Ids are small integers
 * that the library chooses: spaces 0..LINUX_SPACES_MAX-1, threads 0..LINUX_THREADS_MAX-1. Programs and objects are named by
 * ids from the file list and from `linux_config`. All callbacks return at once; none may call into the library, but for
 * linux_text_put, linux_text_print and linux_process_next from those that fill a text.
 */
struct linux_ops {
    /* ---- address spaces ---- */

    /** Makes space `space` empty. The id is unused or was destroyed. */
    enum linux_op (*space_create)(void *env, uint32_t space);
    /** Makes `child` a copy of `parent`: the same mappings, private contents as of now. Invalidates pins of `parent`. */
    enum linux_op (*space_clone)(void *env, uint32_t parent, uint32_t child);
    /** Ends a space. No thread is bound to it any more. */
    void (*space_destroy)(void *env, uint32_t space);
    /** Maps zeroed private memory. */
    enum linux_op (*map_anon)(void *env, uint32_t space, struct linux_range *range);
    /** Maps all segments of an authorised program, shifted by `shift`, over nothing that is mapped already. */
    enum linux_op (*map_program)(void *env, uint32_t space, uint32_t program, uint64_t shift);
    /** Maps bytes [offset, offset + len) of an object privately: writes stay in this space. `offset` is page-aligned. */
    enum linux_op (*map_object)(void *env, uint32_t space, uint32_t object, uint64_t offset, struct linux_range *range);
    /** Unmaps what is mapped in the range; an empty range is fine. */
    enum linux_op (*unmap)(void *env, uint32_t space, uint64_t address, uint64_t len_bytes);
    /** Changes rights; LINUX_OP_NOT_MAPPED when a page of the range is not mapped. `prot` as in linux_range. */
    enum linux_op (*protect)(void *env, uint32_t space, uint64_t address, uint64_t len_bytes, uint32_t prot);
    /** Makes private memory in the range as when it was mapped; mappings and rights stay. */
    enum linux_op (*discard)(void *env, uint32_t space, uint64_t address, uint64_t len_bytes);
    /**
     * Resolves a page fault: the thread may repeat the access when it says LINUX_OP_OK. Of the pages that are pinned it may
     * replace the one that holds `address`, and no other.
     */
    enum linux_op (*fault)(void *env, uint32_t space, uint64_t address, enum linux_access access);
    /**
     * A pointer to user memory at `address`, resolved as a fault of that access would; NULL when that access would fail.
     * `*available` is how many of `len_bytes` > 0 can be used through it: at least up to the end of the page of `address`.
     * Valid until the next unmap, protect, discard, map of any kind, clone (of it) or destroy of this space; a fault or a pin
     * for writing may end the validity of earlier pins of the same page, of no other.
     */
    void *(*pin)(void *env, uint32_t space, uint64_t address, size_t len_bytes, bool for_write, size_t *available);
    /** What a space uses. NULL: /proc says 0. */
    void (*space_usage)(void *env, uint32_t space, struct linux_space_usage *out);
    /** Writes the lines of /proc/PID/maps, each behind its file or with a name by linux_map_name(). NULL: the file is empty. */
    void (*space_maps)(void *env, uint32_t space, const struct linux_map_marks *marks, struct linux_text *text);

    /* ---- packages ---- */

    /** The verified bytes of page `page` of an object, `*len_bytes` of them (less than 4096 only in the last page); NULL
     *  when they cannot be read or do not verify. Valid until the next callback. */
    const void *(*object_map)(void *env, uint32_t object, uint64_t page, size_t *len_bytes);
    /** Facts of an authorised program. LINUX_OP_NO_ACCESS: it is not, or no longer, authorised. */
    enum linux_op (*program_info)(void *env, uint32_t program, struct linux_program *out);
    /** The authorised program whose file has this tree root; LINUX_NONE: none has. NULL where there is no volume. */
    uint32_t (*program_of)(void *env, const struct hash256 *root);
    /** Something was refused; one sentence that says what, why and what to do, without an end of line. */
    void (*refused)(void *env, const char *sentence, size_t len_bytes);

    /* ---- threads ---- */

    /** Binds thread `thread`, new or trapped or stopped, to a space; it does not run until thread_start. */
    enum linux_op (*thread_bind)(void *env, uint32_t thread, uint32_t space);
    /** Lets a thread that is new, stopped or trapped run: with `regs` when not NULL, else as it is. Ends its trap, if any. */
    void (*thread_start)(void *env, uint32_t thread, const struct linux_regs *regs);
    /** Stops a thread that runs. If it has trapped meanwhile, unseen, that trap is forgotten and comes again later. */
    void (*thread_stop)(void *env, uint32_t thread);
    /** Registers of a stopped or trapped thread; for a system call: as before it, with pc past the svc. */
    void (*thread_read)(void *env, uint32_t thread, struct linux_regs *regs);
    /** Sets registers of a stopped or trapped thread; they hold when thread_start(NULL) comes. */
    void (*thread_write)(void *env, uint32_t thread, const struct linux_regs *regs);
    /** Answers a system call that was kept: outcome is LINUX_REPLY_X0 or LINUX_REPLY_FRAME, as above. */
    void (*thread_reply)(void *env, uint32_t thread, const struct linux_frame *frame, enum linux_outcome outcome);
    /** Ends a thread that was bound, whether it runs, is stopped or trapped, even the one whose trap is being handled. The id
     *  may be bound again at once. */
    void (*thread_release)(void *env, uint32_t thread);
    /** Time that a bound thread has run, in ns, from any start that stays the same until it is released. */
    uint64_t (*thread_cpu_ns)(void *env, uint32_t thread);

    /* ---- the rest ---- */

    /** Monotonic time since the start of the system, in ns. Programs compute the same from CNTVCT_EL0 and CNTFRQ_EL0:
     *  count / frequency in whole seconds, the remainder times 10^9 / frequency. */
    uint64_t (*now_ns)(void *env);
    /** What to add to the monotonic time for the time since 1970, in ns. */
    int64_t (*wall_offset_ns)(void *env);
    /** Asks for linux_timer() at monotonic `deadline_ns`, or never (UINT64_MAX). Replaces the last one. */
    void (*set_timer)(void *env, uint64_t deadline_ns);
    /** Fills with bytes fit for keys. */
    void (*random)(void *env, void *bytes, size_t len_bytes);
    /** Takes bytes for the console; @return how many. After fewer than given, linux_console_writable() must come. */
    size_t (*console_write)(void *env, const void *bytes, size_t len_bytes);
    /** Process 1 ended (status = its exit code, or 128 + signal) or root asked for it (reboot(2): 0, or STATUS with RESTART2
     *  and "off=STATUS"). Nothing is to be run any more. */
    void (*power)(void *env, enum linux_power what, int status);
    /** Memory for programs, the arena not included. NULL: /proc/meminfo shows the arena only. */
    void (*memory_usage)(void *env, struct linux_memory_usage *out);
};

/* ---- a volume: files that outlive the system --------------------------------------------------------------------- */

/** Where contents and lists go between the library and the volume: on the target, memory that both sides see. */
#define LINUX_VOLUME_BUFFER_BYTES 65536u

/**
 * The calls of lib/fs, whoever carries them out: a service by messages, a test at once. They mean and return what lib/fs/fs.h says
 * of the lxfs_ call of that name; contents and lists lie in `buffer` of struct linux_volume until the next call. All return when they are
 * done: the system waits for the disk.
 */
struct linux_volume_ops {
    /** The time that the operations after it note. */
    void (*clock)(void *env, struct lxfs_time now);
    /** lxfs_lookup and lxfs_getattr of what was found. */
    enum lxfs_err (*lookup)(void *env, uint64_t directory, struct lxfs_name name, struct lxfs_attr *out);
    enum lxfs_err (*getattr)(void *env, uint64_t inode, struct lxfs_attr *out);
    enum lxfs_err (*setattr)(void *env, uint64_t inode, uint32_t mask, const struct lxfs_attr *attr);
    /** lxfs_create, and lxfs_getattr of what was made. */
    enum lxfs_err (*create)(void *env, uint64_t directory, struct lxfs_name name, const struct lxfs_node *node,
                            struct lxfs_attr *out);
    enum lxfs_err (*link)(void *env, uint64_t inode, uint64_t directory, struct lxfs_name name);
    /** lxfs_rmdir when `is_dir`, else lxfs_unlink. */
    enum lxfs_err (*remove)(void *env, uint64_t directory, struct lxfs_name name, bool is_dir);
    enum lxfs_err (*rename)(void *env, uint64_t from, struct lxfs_name from_name, uint64_t to, struct lxfs_name to_name,
                            uint32_t flags);
    /** Up to LINUX_VOLUME_ENTRIES_MAX entries, as an array of struct lxfs_entry at the start of the buffer. */
    enum lxfs_err (*readdir)(void *env, uint64_t directory, uint64_t *cookie, size_t *count, bool *is_end);
    enum lxfs_err (*hold)(void *env, uint64_t inode);
    enum lxfs_err (*release)(void *env, uint64_t inode);
    /** Into the buffer; `len_bytes` up to LINUX_VOLUME_BUFFER_BYTES. */
    enum lxfs_err (*read)(void *env, uint64_t inode, uint64_t offset, size_t len_bytes, size_t *got_bytes);
    /** From the buffer. */
    enum lxfs_err (*write)(void *env, uint64_t inode, uint64_t offset, size_t len_bytes, size_t *done_bytes);
    enum lxfs_err (*truncate)(void *env, uint64_t inode, uint64_t size_bytes);
    enum lxfs_err (*punch)(void *env, uint64_t inode, uint64_t offset, uint64_t len_bytes);
    enum lxfs_err (*seek)(void *env, uint64_t inode, uint64_t offset, bool want_hole, uint64_t *found);
    enum lxfs_err (*root)(void *env, uint64_t inode, struct hash256 *out);
    /** The value goes through the buffer. */
    enum lxfs_err (*getxattr)(void *env, uint64_t inode, struct lxfs_name name, size_t cap_bytes, size_t *len_bytes);
    enum lxfs_err (*setxattr)(void *env, uint64_t inode, struct lxfs_name name, size_t len_bytes, uint32_t flags);
    enum lxfs_err (*removexattr)(void *env, uint64_t inode, struct lxfs_name name);
    enum lxfs_err (*listxattr)(void *env, uint64_t inode, size_t cap_bytes, size_t *len_bytes);
    enum lxfs_err (*sync)(void *env);
    enum lxfs_err (*statfs)(void *env, struct lxfs_statfs *out);
};
#define LINUX_VOLUME_ENTRIES_MAX (LINUX_VOLUME_BUFFER_BYTES / sizeof(struct lxfs_entry))

struct linux_volume {
    const struct linux_volume_ops *ops; /**< NULL: there is no volume, files live in the arena */
    void *env;
    void *buffer; /**< LINUX_VOLUME_BUFFER_BYTES, aligned to 8 */
    /** Files of packages are put on the volume again, also those that somebody removed: when nothing starts any more. */
    bool repair;
};

/* ---- what is there at the start ---------------------------------------------------------------------------------- */

enum linux_file_kind { LINUX_FILE_DIR, LINUX_FILE_OBJECT, LINUX_FILE_SYMLINK };

/**
 * One file of an installed package. Its strings are borrowed for the life of the system. Missing directories on the way are
 * made (root, 0755). A file can be written like any other if its mode allows; then the system keeps changed pages itself,
 * and the file can no longer be executed.
 */
struct linux_file_decl {
    const char *path; /**< absolute */
    enum linux_file_kind kind;
    uint32_t mode; /**< permission bits */
    uint32_t uid, gid;
    uint64_t size_bytes;  /**< of an object */
    uint32_t object;      /**< an object's id */
    uint32_t program;     /**< id for map_program, or LINUX_NONE when it may not be executed */
    const uint8_t *root;  /**< of an object: the 32 bytes of its tree root; may be NULL where there is no volume */
    const char *target;   /**< of a symlink */
};

/** A file under /lx, whose text is made whenever it is opened. */
struct linux_view {
    const char *name; /**< no slash; borrowed */
    void (*fill)(void *env, struct linux_text *text);
};

struct linux_config {
    void *memory; /**< page-aligned; holds everything, files included */
    size_t memory_bytes;
    const struct linux_ops *ops;
    void *env;
    const struct linux_file_decl *files;
    size_t file_count;
    struct linux_volume volume; /**< the root file system, if there is one */
    const struct linux_view *views;
    size_t view_count;
    uint32_t abi_program; /**< the ABI page, as a program that is mapped at LINUX_ABI_BASE */
    uint64_t counter_hz;  /**< CNTFRQ_EL0; 0: 62.5 MHz */
    uint64_t hwcap;       /**< CPU features; only those that are safe are passed on. 0: FP and ASIMD */
    const char *hostname; /**< NULL: "lx" */
    const char *release;  /**< of uname; NULL: "6.1.0-lx" */
    const char *version;  /**< of uname */
    uint16_t console_rows, console_columns; /**< 0: 24 and 80 */
};

struct linux_system; /* at the start of the memory */

/** The least `memory_bytes` that linux_init() accepts; what is more holds processes, files and pipes. */
size_t linux_memory_min(void);

/**
 * Makes a system with its file systems and no process.
 * With a volume, files of packages are written to it, unless those that it has are of the same packages (install.c).
 * @return LX_OK; LX_EINVAL: memory not aligned, or a file declaration that names no absolute path, repeats one or lies
 *         under a file; LX_ENOSPC: the memory does not hold it; LX_EIO: the volume does not give its root directory, or has
 *         no room for the directories that are mounted on.
 */
MUST_USE enum lx_err linux_init(const struct linux_config *config, struct linux_system **out);

/**
 * Starts process 1 on the console, as leader of a session whose terminal the console is. `argv` and `envp` end with NULL.
 * @return LX_OK; LX_ENOENT, LX_EACCES: no such program, or not executable; LX_ENOSPC: memory.
 */
MUST_USE enum lx_err linux_start(struct linux_system *system, const char *path, const char *const *argv,
                                 const char *const *envp);

/** What was done at the start with the files of packages on the volume; all zero without a volume. */
struct linux_installed {
    bool was_current;    /**< they were those of these packages already */
    uint32_t done;       /**< as declared now */
    uint32_t kept;       /**< not as declared, because somebody changed them */
    uint32_t failed;     /**< neither; tried again at the next start */
    int64_t first_error; /**< why: -errno as Linux numbers them, or 0 */
};
void linux_installed(const struct linux_system *system, struct linux_installed *out);

/* ---- what happened ----------------------------------------------------------------------------------------------- */

/** Thread `thread` trapped with an svc. `frame` is the caller's, and is read and written until the return. */
enum linux_outcome linux_syscall(struct linux_system *system, uint32_t thread, struct linux_frame *frame);

/** Thread `thread` could not access `address`. `syndrome` is ESR and goes into the signal frame. */
enum linux_outcome linux_fault(struct linux_system *system, uint32_t thread, uint64_t address, enum linux_access access,
                               uint64_t syndrome);

/** Thread `thread` did at `pc` what the CPU does not allow. `syndrome` is ESR; for a SYSREG trap its ISS says what. */
enum linux_outcome linux_exception(struct linux_system *system, uint32_t thread, enum linux_trap trap, uint64_t pc,
                                   uint64_t syndrome);

/** Time has passed the deadline that was set; early and spurious calls are harmless. */
void linux_timer(struct linux_system *system);

/** The console received bytes. What does not fit is dropped, as a serial line does. */
void linux_console_input(struct linux_system *system, const void *bytes, size_t len_bytes);

/** The console can take bytes again. */
void linux_console_writable(struct linux_system *system);

/** The window of the console changed. */
void linux_console_resize(struct linux_system *system, uint16_t rows, uint16_t columns);

/* ---- looking inside ---------------------------------------------------------------------------------------------- */

struct linux_process_info {
    uint32_t pid, parent_pid, uid;
    uint32_t space;   /**< LINUX_NONE for a zombie */
    uint32_t program; /**< what it executes */
    uint32_t thread_count;
    uint64_t cpu_ns;
    char state; /**< R, S, T or Z, as in /proc/PID/stat */
    char name[16];
};

/** The process with the lowest pid above `after_pid`. @return false when there is none. For views. */
bool linux_process_next(struct linux_system *system, uint32_t after_pid, struct linux_process_info *out);

/**
 * Checks every structure against its rules; for tests and fuzzers, not for the target.
 * @return NULL, or the rule that is broken, as a sentence.
 */
const char *linux_invariant(struct linux_system *system);

#endif
