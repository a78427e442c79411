/* SPDX-License-Identifier: MIT */
/** Signals: what handlers get, what they leave alone, masks, restarts, stacks. See abi.h. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/time.h>
#include <ucontext.h>

#include "abi.h"

static volatile int got, got_code;
static volatile pid_t got_pid;
static volatile uid_t got_uid;
static volatile uintptr_t got_address, got_stack;
static volatile int got_value;
static volatile int order[8], order_count;
static sigjmp_buf back;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)context;
    got = signal;
    got_code = info->si_code;
    got_pid = info->si_pid;
    got_uid = info->si_uid;
    got_value = info->si_value.sival_int;
    got_stack = (uintptr_t)&info;
    if (order_count < 8) {
        order[order_count++] = signal;
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    got = signal;
    got_code = info->si_code;
    got_address = (uintptr_t)info->si_addr;
    got_stack = (uintptr_t)&info;
    siglongjmp(back, 1);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    SAME(sigaction(signal, &action, NULL), 0);
}

static sigset_t set_of(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

static void handler_gets_siginfo(void)
{
    handle(SIGUSR1, on_signal, 0);
    SAME(kill(getpid(), SIGUSR1), 0);
    SAME(got, SIGUSR1);
    SAME(got_code, SI_USER);
    SAME(got_pid, getpid());
    SAME(got_uid, getuid());
    SAME(raise(SIGUSR1), 0);
    SAME(got_code, SI_TKILL);
    handle(SIGRTMIN + 2, on_signal, 0);
    SAME(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 4711}), 0);
    SAME(got_code, SI_QUEUE);
    SAME(got_value, 4711);
}

static void child_signal_tells_of_the_child(void)
{
    handle(SIGCHLD, on_signal, 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(9);
    }
    SAME(WEXITSTATUS(status_of(child)), 9);
    SAME(got, SIGCHLD);
    SAME(got_code, CLD_EXITED);
    SAME(got_pid, child);
}

static void faults_tell_the_address(void)
{
    handle(SIGSEGV, on_fault, 0);
    handle(SIGBUS, on_fault, 0);
    handle(SIGILL, on_fault, 0);
    char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char *)(page + 100) = 1;
        CHECK(false);
    }
    SAME(got, SIGSEGV);
    SAME(got_code, SEGV_ACCERR);
    SAME(got_address, (uintptr_t)page + 100);
    SAME(munmap(page, PAGE), 0);
    if (sigsetjmp(back, 1) == 0) {
        (void)*(volatile char *)(page + 8);
        CHECK(false);
    }
    SAME(got_code, SEGV_MAPERR);
    SAME(got_address, (uintptr_t)page + 8);
    if (sigsetjmp(back, 1) == 0) {
        __asm__ volatile("udf #0");
        CHECK(false);
    }
    SAME(got, SIGILL);
}

static void handler_runs_on_its_own_stack(void)
{
    static char stack[65536];
    stack_t mine = {.ss_sp = stack, .ss_size = sizeof stack};
    stack_t old;
    SAME(sigaltstack(&mine, NULL), 0);
    handle(SIGUSR1, on_signal, SA_ONSTACK);
    SAME(raise(SIGUSR1), 0);
    CHECK(got_stack - (uintptr_t)stack < sizeof stack);
    SAME(sigaltstack(NULL, &old), 0);
    CHECK(old.ss_sp == stack && old.ss_size == sizeof stack && old.ss_flags == 0);
    mine.ss_size = 100;
    FAILS(sigaltstack(&mine, NULL), ENOMEM);
}

static int deep(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + room[0];
}

static void stack_overflow_is_handled(void)
{
    static char stack[65536];
    stack_t mine = {.ss_sp = stack, .ss_size = sizeof stack};
    SAME(sigaltstack(&mine, NULL), 0);
    handle(SIGSEGV, on_fault, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0) {
        SAME(deep(1 << 20), -1);
        CHECK(false);
    }
    SAME(got, SIGSEGV);
    CHECK(got_stack - (uintptr_t)stack < sizeof stack);
}

static void jump_out_of_a_handler(void)
{
    handle(SIGSEGV, on_fault, 0);
    volatile int count = 0;
    volatile char *volatile nowhere = NULL;
    while (count < 100) {
        if (sigsetjmp(back, 1) == 0) {
            nowhere[16] = 1;
        }
        count++;
    }
    SAME(count, 100);
}

/* ---- registers that a handler must not change ----------------------------------------------------------------------------- */

struct fp {
    uint64_t v[64];
    uint64_t fpcr, fpsr;
};

#define EACH_PAIR(op, base)                                                                                                      \
    op " q0, q1, [" base ", #0]\n" op " q2, q3, [" base ", #32]\n" op " q4, q5, [" base ", #64]\n" op " q6, q7, [" base          \
       ", #96]\n" op " q8, q9, [" base ", #128]\n" op " q10, q11, [" base ", #160]\n" op " q12, q13, [" base ", #192]\n" op      \
       " q14, q15, [" base ", #224]\n" op " q16, q17, [" base ", #256]\n" op " q18, q19, [" base ", #288]\n" op                  \
       " q20, q21, [" base ", #320]\n" op " q22, q23, [" base ", #352]\n" op " q24, q25, [" base ", #384]\n" op                  \
       " q26, q27, [" base ", #416]\n" op " q28, q29, [" base ", #448]\n" op " q30, q31, [" base ", #480]\n"

#define ALL_FP                                                                                                                    \
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",    \
        "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"

static void fill(struct fp *fp, uint64_t seed)
{
    for (size_t i = 0; i < 64; i++) {
        fp->v[i] = seed * 0x9e3779b97f4a7c15 + i * 0x1234567890abcdef;
    }
    fp->fpcr = 0x00c00000; /* round to zero */
    fp->fpsr = 0x08000001;
}

/* Loads `in`, makes a system call, stores what is there then. @return the call's result. */
static long call_with_fp(const struct fp *in, struct fp *out, long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register const struct fp *from __asm__("x20") = in;
    register struct fp *to __asm__("x21") = out;
    __asm__ volatile("mrs x22, fpcr\n" EACH_PAIR("ldp", "%[from]") "ldr x9, [%[from], #512]\nmsr fpcr, x9\n"
                     "ldr x9, [%[from], #520]\nmsr fpsr, x9\nsvc #0\n" EACH_PAIR("stp", "%[to]")
                     "mrs x9, fpcr\nstr x9, [%[to], #512]\nmrs x9, fpsr\nstr x9, [%[to], #520]\nmsr fpcr, x22\n"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [from] "r"(from), [to] "r"(to)
                     : "memory", "cc", "x9", "x22", ALL_FP);
    return x0;
}

static void spoil_fp(int signal, siginfo_t *info, void *context)
{
    struct fp other;
    struct fp out;
    (void)info;
    (void)context;
    got = signal;
    fill(&other, 99);
    (void)call_with_fp(&other, &out, SYS_getpid, 0, 0, 0);
    __asm__ volatile("movi v8.16b, #1\nmovi v15.16b, #2\nmovi v31.16b, #3\nmsr fpsr, xzr" : : : ALL_FP);
}

static void fp_state_over_a_signal(void)
{
    struct fp in;
    struct fp out;
    handle(SIGUSR1, spoil_fp, 0);
    fill(&in, 1);
    memset(&out, 0, sizeof out);
    SAME(call_with_fp(&in, &out, SYS_kill, getpid(), SIGUSR1, 0), 0);
    SAME(got, SIGUSR1);
    SAME(memcmp(&in, &out, sizeof in), 0);
}

static void fp_state_over_a_fork(void)
{
    struct fp in;
    struct fp out;
    fill(&in, 2);
    memset(&out, 0, sizeof out);
    long child = call_with_fp(&in, &out, SYS_clone, SIGCHLD, 0, 0);
    if (child == 0) {
        _exit(memcmp(&in, &out, sizeof in) == 0 ? 0 : 1);
    }
    SAME(memcmp(&in, &out, sizeof in), 0);
    SAME(status_of((pid_t)child), 0);
}

static void *keep_fp(void *seed)
{
    struct fp in;
    struct fp out;
    fill(&in, (uint64_t)(uintptr_t)seed);
    for (int i = 0; i < 300; i++) {
        (void)call_with_fp(&in, &out, i % 3 == 0 ? SYS_sched_yield : SYS_getppid, 0, 0, 0);
        if (memcmp(&in, &out, sizeof in) != 0) {
            return seed;
        }
    }
    return NULL;
}

static void fp_state_of_threads(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < LENGTH(threads); i++) {
        SAME(pthread_create(&threads[i], NULL, keep_fp, (void *)(uintptr_t)(i + 10)), 0);
    }
    for (size_t i = 0; i < LENGTH(threads); i++) {
        void *bad = NULL;
        SAME(pthread_join(threads[i], &bad), 0);
        CHECK(bad == NULL);
    }
}

/* Computes with doubles while an interval timer interrupts it. */
static void timer_does_not_disturb(void)
{
    struct itimerval every = {{0, 1000}, {0, 1000}};
    handle(SIGALRM, spoil_fp, SA_RESTART);
    SAME(setitimer(ITIMER_REAL, &every, NULL), 0);
    for (int round = 0; round < 20; round++) {
        double sum = 0;
        for (int i = 1; i <= 20000; i++) {
            sum += 1.0 / i;
        }
        CHECK(sum > 10.4807 && sum < 10.4808);
    }
    SAME(got, SIGALRM);
    every = (struct itimerval){0};
    SAME(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void general_registers(void)
{
    handle(SIGUSR1, on_signal, 0);
    uint64_t out[20];
    long self = getpid();
    register long x8 __asm__("x8") = SYS_kill;
    register long x0 __asm__("x0") = self;
    register long x1 __asm__("x1") = SIGUSR1;
    register uint64_t *to __asm__("x20") = out;
    __asm__ volatile("mov x2, #102\nmov x3, #103\nmov x4, #104\nmov x5, #105\nmov x6, #106\nmov x7, #107\nmov x9, #109\nmov x10, "
                     "#110\nmov x11, #111\nmov x12, #112\nmov x13, #113\nmov x14, #114\nmov x15, #115\nmov x16, #116\nmov x17, "
                     "#117\nmov x18, #118\nmov x19, #119\nmov x28, #128\nsvc #0\nstp x2, x3, [%[to]]\nstp x4, x5, [%[to], "
                     "#16]\nstp x6, x7, [%[to], #32]\nstp x9, x10, [%[to], #48]\nstp x11, x12, [%[to], #64]\nstp x13, x14, "
                     "[%[to], #80]\nstp x15, x16, [%[to], #96]\nstp x17, x18, [%[to], #112]\nstp x19, x28, [%[to], #128]\n"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), [to] "r"(to)
                     : "memory", "cc", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                       "x17", "x18", "x19", "x28");
    static const uint64_t wanted[18] = {102, 103, 104, 105, 106, 107, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 128};
    SAME(memcmp(out, wanted, sizeof wanted), 0);
    SAME(got, SIGUSR1);
}

/* A number that looks like a call of the kernel under us, in the register where that kernel looks. */
static void x7_means_nothing(void)
{
    for (long value = -64; value <= -1; value++) {
        register long x8 __asm__("x8") = SYS_getpid;
        register long x0 __asm__("x0") = 0;
        register long x7 __asm__("x7") = value;
        __asm__ volatile("svc #0" : "+r"(x0), "+r"(x7) : "r"(x8) : "memory", "cc");
        long result = x0; /* a call may use the registers, so they are copied first */
        long after = x7;
        SAME(result, getpid());
        SAME(after, value);
    }
}

/* ---- masks, restarts ------------------------------------------------------------------------------------------------------- */

static void masks_hold_signals_back(void)
{
    sigset_t usr1 = set_of(SIGUSR1);
    sigset_t old;
    sigset_t pending;
    handle(SIGUSR1, on_signal, 0);
    SAME(sigprocmask(SIG_BLOCK, &usr1, &old), 0);
    SAME(sigismember(&old, SIGUSR1), 0);
    SAME(raise(SIGUSR1), 0);
    SAME(raise(SIGUSR1), 0);
    SAME(got, 0);
    SAME(sigpending(&pending), 0);
    SAME(sigismember(&pending, SIGUSR1), 1);
    SAME(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    SAME(got, SIGUSR1);
    SAME(order_count, 1); /* standard signals do not queue */
    sigset_t all;
    sigfillset(&all);
    SAME(sigprocmask(SIG_SETMASK, &all, NULL), 0);
    SAME(sigprocmask(SIG_SETMASK, NULL, &old), 0);
    SAME(sigismember(&old, SIGKILL) + sigismember(&old, SIGSTOP), 0);
}

static void realtime_signals_queue_in_order(void)
{
    sigset_t set = set_of(SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 3);
    handle(SIGRTMIN + 1, on_signal, 0);
    handle(SIGRTMIN + 3, on_signal, 0);
    SAME(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    for (int i = 0; i < 2; i++) {
        SAME(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = i}), 0);
        SAME(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}), 0);
    }
    siginfo_t info;
    struct timespec none = {0};
    SAME(sigtimedwait(&set, &info, &none), SIGRTMIN + 1);
    SAME(info.si_value.sival_int, 0);
    SAME(sigtimedwait(&set, &info, &none), SIGRTMIN + 1);
    SAME(info.si_value.sival_int, 1);
    SAME(sigtimedwait(&set, &info, &none), SIGRTMIN + 3);
    SAME(sigtimedwait(&set, &info, &none), SIGRTMIN + 3);
    FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    SAME(order_count, 0);
}

static volatile int nested_mask;

static void look_at_mask(int signal, siginfo_t *info, void *context)
{
    sigset_t now;
    (void)info;
    (void)context;
    got = signal;
    (void)sigprocmask(SIG_BLOCK, NULL, &now);
    nested_mask = sigismember(&now, SIGUSR1) * 10 + sigismember(&now, SIGUSR2);
}

static void handlers_run_with_their_mask(void)
{
    struct sigaction action = {.sa_sigaction = look_at_mask, .sa_flags = SA_SIGINFO, .sa_mask = set_of(SIGUSR2)};
    SAME(sigaction(SIGUSR1, &action, NULL), 0);
    SAME(raise(SIGUSR1), 0);
    SAME(nested_mask, 11);
    action.sa_flags |= SA_NODEFER;
    SAME(sigaction(SIGUSR1, &action, NULL), 0);
    SAME(raise(SIGUSR1), 0);
    SAME(nested_mask, 1);
    action.sa_flags |= (int)SA_RESETHAND;
    SAME(sigaction(SIGUSR1, &action, NULL), 0);
    SAME(raise(SIGUSR1), 0);
    struct sigaction now;
    SAME(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
    FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
    FAILS(kill(getpid(), 65), EINVAL);
}

static void suspend_waits_with_another_mask(void)
{
    sigset_t usr1 = set_of(SIGUSR1);
    sigset_t none;
    sigset_t after;
    sigemptyset(&none);
    handle(SIGUSR1, on_signal, 0);
    SAME(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    SAME(raise(SIGUSR1), 0);
    SAME(got, 0);
    FAILS(sigsuspend(&none), EINTR);
    SAME(got, SIGUSR1);
    SAME(sigprocmask(SIG_BLOCK, NULL, &after), 0);
    SAME(sigismember(&after, SIGUSR1), 1);
}

/* Reads from a pipe while a child sends a signal and then a byte. */
static ssize_t interrupted_read(int flags)
{
    int ends[2];
    char byte = 0;
    handle(SIGUSR1, on_signal, flags);
    SAME(pipe(ends), 0);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        sleep_ms(30);
        (void)kill(parent, SIGUSR1);
        sleep_ms(30);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    ssize_t result = read(ends[0], &byte, 1);
    int error = errno;
    SAME(status_of(child), 0);
    SAME(got, SIGUSR1);
    errno = error;
    return result;
}

static void read_is_interrupted(void)
{
    FAILS(interrupted_read(0), EINTR);
}

static void read_is_restarted(void)
{
    SAME(interrupted_read(SA_RESTART), 1);
}

static void sleep_tells_the_rest(void)
{
    struct timespec want = {5, 0};
    struct timespec rest = {0, 0};
    struct itimerval once = {{0, 0}, {0, 50000}};
    handle(SIGALRM, on_signal, SA_RESTART);
    SAME(setitimer(ITIMER_REAL, &once, NULL), 0);
    FAILS(nanosleep(&want, &rest), EINTR);
    CHECK(rest.tv_sec == 4 && rest.tv_nsec > 500000000);
}

static void context_can_be_changed(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    (void)info;
    got = signal;
    uc->uc_mcontext.pc += 4;
    uc->uc_mcontext.regs[19] = 4242;
}

static void handler_edits_the_context(void)
{
    handle(SIGILL, context_can_be_changed, 0);
    register uint64_t x19 __asm__("x19") = 1;
    __asm__ volatile("udf #0" : "+r"(x19));
    SAME(x19, 4242);
    SAME(got, SIGILL);
}

static void *wait_for_usr2(void *out)
{
    sigset_t set = set_of(SIGUSR2);
    (void)sigwait(&set, out);
    return NULL;
}

static void signal_to_one_thread(void)
{
    sigset_t set = set_of(SIGUSR2);
    pthread_t thread;
    int seen = 0;
    SAME(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    SAME(pthread_create(&thread, NULL, wait_for_usr2, &seen), 0);
    SAME(pthread_kill(thread, SIGUSR2), 0);
    SAME(pthread_join(thread, NULL), 0);
    SAME(seen, SIGUSR2);
    SAME(sigpending(&set), 0);
    SAME(sigismember(&set, SIGUSR2), 0);
}

static void exec_keeps_mask_and_ignored(void)
{
    pid_t child = fork();
    if (child == 0) {
        sigset_t set = set_of(SIGUSR1);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        (void)signal(SIGUSR2, SIG_IGN);
        handle(SIGTERM, on_signal, 0);
        (void)execl("/bin/sh", "sh", "-c",
                    "kill -USR1 $$; kill -USR2 $$; case $(cat /proc/self/status) in *SigBlk:?0000000000000200*) exit 5;; esac",
                    (char *)NULL);
    }
    SAME(WEXITSTATUS(status_of(child)), 5);
}

const struct test signal_tests[] = {
    {"a handler gets siginfo", handler_gets_siginfo},
    {"SIGCHLD tells of the child", child_signal_tells_of_the_child},
    {"faults tell the address", faults_tell_the_address},
    {"a handler runs on its own stack", handler_runs_on_its_own_stack},
    {"a stack overflow is handled", stack_overflow_is_handled},
    {"jumps out of a handler", jump_out_of_a_handler},
    {"FP state over a signal", fp_state_over_a_signal},
    {"FP state over a fork", fp_state_over_a_fork},
    {"FP state of threads", fp_state_of_threads},
    {"a timer does not disturb", timer_does_not_disturb},
    {"general registers over a signal", general_registers},
    {"x7 means nothing", x7_means_nothing},
    {"masks hold signals back", masks_hold_signals_back},
    {"real-time signals queue in order", realtime_signals_queue_in_order},
    {"handlers run with their mask", handlers_run_with_their_mask},
    {"sigsuspend waits with another mask", suspend_waits_with_another_mask},
    {"a read is interrupted", read_is_interrupted},
    {"a read is restarted", read_is_restarted},
    {"a sleep tells the rest", sleep_tells_the_rest},
    {"a handler edits the context", handler_edits_the_context},
    {"a signal to one thread", signal_to_one_thread},
    {"exec keeps mask and ignored signals", exec_keeps_mask_and_ignored},
};
const size_t signal_test_count = LENGTH(signal_tests);
