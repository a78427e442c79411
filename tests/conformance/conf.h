/* SPDX-License-Identifier: MIT */
/**
 * Conformance: what the kernel does for each invocation, each error with its words, each system call and each fault, as a root task
 * that runs on our kernel and on the official one. A row is one case; each starts with the same objects (fixture.c), which are
 * gone after it.
 *
 *   main.c       the order of the groups, the console       rows.c       running and reporting rows
 *   fixture.c    the objects that a row finds               worker.c     threads that a row starts
 *   latency.c    not rows: how late interrupts are, for the benchmarks
 *   labels.c     every invocation on the wrong capability, and truncated
 *   the others   one group of objects each: refusals (one rule a line) and what works
 *
 * Owns:   the machine's capabilities that the kernel gives to the first thread.    Uses: invoke, format, mem.
 * Limits: one core, the configuration of docs/spec/kernel-abi.md.
 * Source: seL4 reference manual 16.0.0; the headers of libsel4; docs/spec/kernel-abi.md
 */
#ifndef LX_CONF_H
#define LX_CONF_H

#include "base.h"
#include "invoke.h"

/* ---- answers and expectations ------------------------------------------------------------------------------------------- */

/** Numbers of an invocation: how many, and which. */
struct words {
    unsigned count;
    uint64_t at[9];
};
struct caps {
    unsigned count;
    uint64_t at[3];
};

#define COUNT_OF(...) (unsigned)(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
#define W(...)        {COUNT_OF(__VA_ARGS__), {__VA_ARGS__}} /**< words, or capabilities, of an invocation or answer */
#define NONE          {0, {0}}
#define WORDS(...)    (const struct words) W(__VA_ARGS__)
#define CAPS(...)     (const struct caps) W(__VA_ARGS__)
#define NO_WORDS      (const struct words) NONE
#define NO_CAPS       (const struct caps) NONE

struct answer {
    uint64_t info; /**< MessageInfo; its label is the error */
    uint64_t word[8];
};

/** Invokes `cap` with words and capabilities as they are given. */
struct answer call(uint64_t cap, uint64_t label, struct words words, struct caps caps);

/** True if the answer says no error and has no words; else the row says what was there. */
bool works(struct answer a);
/** The same with exactly these words. */
bool gives(struct answer a, struct words words);
/** True if the answer is this error with exactly these words. */
bool refuses(struct answer a, uint64_t error, struct words words);
/** Notes `what` in the row's line if `good` is false. @return good */
bool check(bool good, const char *what);
/** True if both are equal; else the row's line says which numbers they were. */
bool same(uint64_t got, uint64_t wanted, const char *what);
/** Ends the program: something that is no row's subject failed. */
NORETURN void give_up(const char *text, ...) PRINTF_LIKE(1, 2);
void say(const char *text, ...) PRINTF_LIKE(1, 2);
void console_start(const struct seL4_BootInfo *info);
/** The frame of the page of device memory at `paddr`. */
uint64_t device_page(const struct seL4_BootInfo *info, uint64_t paddr);

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

/** One call that breaks one rule: invokes `cap`; the error has exactly `error_words`. */
struct refusal {
    const char *what;
    uint64_t cap;
    uint64_t label;
    struct words words;
    struct caps caps;
    uint64_t error;
    struct words error_words;
};

/** What a function shows. `subject` is the name of an invocation (conf_name), of a system call, a fault or a rule. */
struct row {
    const char *subject;
    const char *error; /**< name of the error, or "works" */
    const char *what;
    bool (*function)(void);
};

void run_refusals(const struct refusal *rows, size_t count);
void run_rows(const struct row *rows, size_t count);
/** Runs one row that a table made up. */
void run_row(const char *subject, const char *error, const char *what, bool (*function)(uint64_t), uint64_t argument);

/** The name of a label as the manual has it, e.g. "TCB_Suspend". */
const char *conf_name(uint64_t label);
const char *error_name(uint64_t error);

/** How many rows have ended. */
unsigned row_number(void);
bool rows_running(void);
/** Ends the program: the row that runs now does not end. */
NORETURN void row_hangs(void);
/** Prints the sum; true if every row was as expected. */
bool rows_end(void);

/* ---- the objects that each row finds ---------------------------------------------------------------------------------------- */

enum {
    OWN_TCB = seL4_CapInitThreadTCB,
    OWN_CNODE = seL4_CapInitThreadCNode,
    OWN_VSPACE = seL4_CapInitThreadVSpace,
    OWN_SC = seL4_CapInitThreadSC,
    OWN_BUFFER = seL4_CapInitThreadIPCBuffer,
    OWN_POOL = seL4_CapInitThreadASIDPool,
    ROOT_BITS = 17,
    ROOT_GUARD_BITS = 64 - ROOT_BITS,

    FREE = 0x10000, /* empty, and so are the next ones */
    FREE_2,
    FREE_3,
    EMPTY,
    SCHED_CONTROL,
    UNTYPED,        /* 64 KiB, nothing made of it */
    UNTYPED_USED,   /* 16 KiB, one endpoint (UNTYPED_CHILD) made of it */
    UNTYPED_CHILD,
    UNTYPED_PAGE,   /* 4 KiB */
    UNTYPED_DEVICE, /* 64 KiB of device memory */
    ENDPOINT,
    ENDPOINT_BADGED, /* badge BADGE */
    ENDPOINT_NO_WRITE,
    ENDPOINT_NO_READ,
    ENDPOINT_NO_GRANT, /* neither grant nor grant-reply */
    ENDPOINT_GRANT_REPLY,
    NOTIFICATION,
    NOTIFICATION_BADGED, /* badge BADGE */
    NOTIFICATION_NO_WRITE,
    NOTIFICATION_NO_READ,
    NOTIFICATION_2,
    REPLY,
    REPLY_2,
    REPLY_3,
    THREAD, /* no context, priority and maximum 0, spaces as ours, no buffer */
    THREAD_BOUND, /* has CONTEXT_BOUND and NOTIFICATION_BOUND; never resumed */
    NOTIFICATION_BOUND,
    CONTEXT, /* 512 bytes, 1 ms round robin */
    CONTEXT_BOUND,
    CONTEXT_NEW, /* never configured */
    CNODE,       /* 4 bits, no guard; ENDPOINT in its slot 1 */
    CNODE_NEW,   /* 4 bits, as it was made */
    FRAME,
    FRAME_MAPPED, /* at MAPPED, read and write */
    FRAME_LARGE,
    FRAME_DEVICE,
    TABLE,
    TABLE_MAPPED, /* for TABLE_ADDR */
    VSPACE,       /* has an identifier */
    VSPACE_NEW,
    HANDLER, /* of interrupt ALARM_IRQ */
    ROW_SLOTS, /* what a row makes */
    ROW_SLOTS_END = ROW_SLOTS + 8192,
};

#define WINDOW     0x10000000ull /**< addresses with a page table and nothing else */
#define MAPPED     (WINDOW + 0x1000)
#define FREE_ADDR  (WINDOW + 0x2000)
#define WORKER_WINDOW (WINDOW + 0x100000)
#define TABLE_ADDR 0x20000000ull /**< a page table, and nothing mapped */
#define NO_TABLE   0x30000000ull /**< no table for pages */
#define NO_DIRECTORY 0x40000000ull /**< nor one for large pages */
#define USER_TOP   (1ull << seL4_UserAddressBits)
#define BADGE      0x5a5aull
enum { ALARM_IRQ = 30, /* the EL1 physical timer: what CNTP_* of EL0 raise */ ROOT_PRIORITY = 100 };

void fixture_start(const struct seL4_BootInfo *info);
void fixture_build(void);
void fixture_clear(void);

/** Makes an object in a new slot; gives up when there is no memory. */
uint64_t make(uint64_t type, uint64_t bits);
/** A slot that is empty now. */
uint64_t new_slot(void);
struct slot at(uint64_t index);
/** Copies a capability with other rights, or a badge, to a new slot. */
uint64_t minted(uint64_t from, uint64_t rights, uint64_t badge);
/** Device memory from `paddr` on of at least 2^bits bytes that a row may make objects of; 0 if there is none. */
uint64_t device_untyped(uint64_t paddr, unsigned bits);
#define DEVICE_ADDR 0xc0000000ull /**< behind the RAM */
/** The frame of the GIC's virtual CPU interface. */
uint64_t virtual_gic_frame(void);
/** Configures a context; gives up when that fails. Period 0: round robin. */
void set_budget(uint64_t context, uint64_t budget_us, uint64_t period_us, uint64_t badge);

/* ---- threads that a row starts ---------------------------------------------------------------------------------------------- */

enum { WORKERS_MAX = 6, NOTES_MAX = 16 };

struct worker {
    uint64_t tcb, context, reply;
    struct seL4_IPCBuffer *buffer;
    uint64_t buffer_frame, stack_top;
    void (*function)(struct worker *);
    uint64_t argument[6];
    struct message message; /* what it got last */
    volatile uint64_t step; /* how far it came */
    volatile uint64_t note[NOTES_MAX];
};

/** A thread in our spaces with priority `priority`, a round robin context, and FAULTS as its fault handler; not started. */
struct worker *worker_new(void (*function)(struct worker *), uint64_t priority);
void worker_start(struct worker *w);
/** Makes and starts it. Above ROOT_PRIORITY it runs until it waits. */
struct worker *worker_run(void (*function)(struct worker *), uint64_t priority, uint64_t argument);
/** What a worker's function ends with. */
NORETURN void worker_end(struct worker *w);
/** Starts a thread of our highest priority that ends the program when a row takes too long. The slots are empty; the memory is for it. */
void watch_start(uint64_t untyped, uint64_t first_slot, uint64_t sched_control);
/** Stops all workers, which may do anything when their objects go. */
void workers_stop(void);
/** No workers any more: their objects are gone. */
void workers_forget(void);
/** Lets everybody below us run until nobody can. */
void settle(void);
/** Where faults of workers go: an endpoint of the row. */
uint64_t faults(void);
/** Takes a fault that is waiting, through REPLY; false (and noted) if there is none. */
bool take_fault(uint64_t label, struct message *m);

static inline uint64_t ticks(void)
{
    uint64_t n;
    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(n) : : "memory");
    return n;
}
static inline uint64_t ticks_of_us(uint64_t us)
{
    return us * 125 / 2; /* 62.5 MHz */
}

/** Spins a little; the counter is slow to read where instructions are counted. */
static inline void linger(void)
{
    for (unsigned i = 0; i < 200; i++) {
        __asm__ volatile("");
    }
}

/** Sets the EL1 timer, which raises ALARM_IRQ when the counter reaches `when`. */
static inline void alarm_set(uint64_t when)
{
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" : : "r"(when), "r"(1ull) : "memory");
}

static inline void alarm_clear(void)
{
    __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb" : : : "memory");
}

/** Waits while others run; uses HANDLER and NOTIFICATION_2. */
void sleep_us(uint64_t us);
/** Whether a thread below us that counts in `step` goes on while we sleep. */
bool still_counts(const struct worker *w);
/** What a worker does that never waits. */
NORETURN void counts(struct worker *w);

/* ---- groups ------------------------------------------------------------------------------------------------------------------ */

void labels_rows(void);
void untyped_rows(void);
void cnode_rows(void);
void thread_rows(void);
void sched_rows(void);
void budget_rows(void);
void domain_rows(void);
void irq_rows(void);
void memory_rows(void);
void space_rows(void);
void ipc_rows(void);
void transfer_rows(void);
void fault_rows(void);
void virtual_rows(void);
/** Not rows: numbers for the benchmarks. */
void latency_lines(void);

#endif
