/* SPDX-License-Identifier: MIT */
/**
 * Forbidden: a program that tries every way to execute what was not verified, or to change what was. A plain static program.
 * Output: "ok NAME" for each attempt that was refused, "not ok NAME: why" for one that was not, and a last line with the count.
 * What must kill a program is done by a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int refused_count, failed_count;

static void verdict(const char *name, int is_refused, const char *why)
{
    if (is_refused) {
        refused_count++;
        printf("ok %s\n", name);
    } else {
        failed_count++;
        printf("not ok %s: %s\n", name, why);
    }
    fflush(stdout);
}

/** A call that must fail with this error. */
static void fails(const char *name, long result, int error)
{
    char why[96];
    int got = errno;
    snprintf(why, sizeof why, "it gave %ld, error %d (%s)", result, got, strerror(got));
    verdict(name, result == -1 && got == error, why);
}

/** What a child must die of. */
static void dies(const char *name, void (*attempt)(void), int signal_number)
{
    char why[64];
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        attempt();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    snprintf(why, sizeof why, "status %#x", (unsigned)status);
    verdict(name, WIFSIGNALED(status) && WTERMSIG(status) == signal_number, why);
}

/* `mov w0, #42; ret`. (Constants may lie in a segment with code; then they are verified and can be executed.) */
static const uint32_t code[] = {0x52800540, 0xd65f03c0};
static uint32_t code_in_data[] = {0x52800540, 0xd65f03c0};

static void call_at(const void *address)
{
    int (*function)(void);
    memcpy(&function, &address, sizeof function);
    _exit(function() == 42 ? 0 : 1);
}

/** A page of this program's code. */
static uint8_t *text_page(void)
{
    void (*function)(const void *) = call_at;
    uintptr_t address;
    memcpy(&address, &function, sizeof address);
    return (uint8_t *)(address & ~(uintptr_t)(PAGE - 1));
}

/* ---- executable memory ---------------------------------------------------------------------------------------------- */

static void *anonymous(int prot)
{
    return mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long as_result(const void *mapping)
{
    return mapping == MAP_FAILED ? -1 : 0;
}

static void ask_for_executable_memory(void)
{
    fails("mmap of writable and executable memory", as_result(anonymous(PROT_READ | PROT_WRITE | PROT_EXEC)), EACCES);
    fails("mmap of executable memory", as_result(anonymous(PROT_READ | PROT_EXEC)), EACCES);
    void *page = anonymous(PROT_READ | PROT_WRITE);
    memcpy(page, code, sizeof code);
    fails("mprotect of a written page to executable", mprotect(page, PAGE, PROT_READ | PROT_EXEC), EACCES);
    fails("mprotect of a written page to everything", mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
    fails("mprotect of code to writable and executable", mprotect(text_page(), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
    (void)syscall(SYS_personality, 0x0400000); /* READ_IMPLIES_EXEC */
}

static void own_files(void)
{
    int fd = open("/tmp/made", O_RDWR | O_CREAT | O_TRUNC, 0755);
    if (fd < 0 || write(fd, code, sizeof code) != sizeof code) {
        verdict("making a file to map", 0, strerror(errno));
        return;
    }
    fails("mmap of an own file as code", as_result(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0)), EACCES);
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    fails("mprotect of an own file to executable", mprotect(page, PAGE, PROT_READ | PROT_EXEC), EACCES);
    close(fd);
    fd = open("/bin/busybox", O_RDONLY);
    fails("mmap of a package's file as code", as_result(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0)), EACCES);
    close(fd);
}

/** Copies a program of a package; what is copied is nobody's any more. */
static void copies(void)
{
    static char bytes[65536];
    int from = open("/proc/self/exe", O_RDONLY);
    int to = open("/tmp/copy", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        if (write(to, bytes, (size_t)n) != n) {
            break;
        }
    }
    close(from);
    close(to);
    char *const argv[] = {(char[]){"copy"}, NULL};
    fails("execve of a copy of a program", execve("/tmp/copy", argv, environ), EACCES);
    (void)chmod("/tmp/made", 0755);
    fails("execve of a file without code", execve("/tmp/made", argv, environ), ENOEXEC);
}

/** A program of a package that was written to: even one equal byte takes its approval. */
static void changed_program(void)
{
    char byte;
    int fd = open("/test/victim", O_RDWR);
    if (fd < 0 || pread(fd, &byte, 1, 0x1000) != 1 || pwrite(fd, &byte, 1, 0x1000) != 1) {
        verdict("writing to a program's file", 0, strerror(errno));
        return;
    }
    close(fd);
    char *const argv[] = {(char[]){"victim"}, NULL};
    fails("execve of a program that was written to", execve("/test/victim", argv, environ), EACCES);
}

/* ---- writing to code ------------------------------------------------------------------------------------------------- */

static void write_text(void)
{
    *(volatile uint8_t *)text_page() = 0;
}

static void unprotect_and_call(void)
{
    /* Taking the right to execute away is allowed; a copy of the page may be written then, and never executed. */
    uint8_t *page = text_page();
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0) {
        page[0] ^= 1;
    }
    call_at(page);
}

static void replace_and_call(void)
{
    uint8_t *page = text_page();
    void *at = mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at == page) {
        memcpy(at, code, sizeof code);
    }
    call_at(page);
}

static void frame_on_text(void)
{
    /* A signal's frame goes where the stack pointer is. */
    struct sigaction action = {.sa_handler = _exit, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    stack_t stack = {.ss_sp = text_page() - 16 * PAGE, .ss_size = 16 * PAGE};
    sigaltstack(&stack, NULL);
    raise(SIGUSR1);
}

static void calls_that_write(void)
{
    void *text = text_page();
    int zero = open("/dev/zero", O_RDONLY);
    struct iovec iov = {text, 8};
    struct timespec *time = text;
    int pipes[2];
    fails("read into code", read(zero, text, 8), EFAULT);
    fails("readv into code", readv(zero, &iov, 1), EFAULT);
    fails("pread into code", pread(open("/bin/busybox", O_RDONLY), text, 8, 0), EFAULT);
    fails("getrandom into code", getrandom(text, 8, 0), EFAULT);
    fails("clock_gettime into code", syscall(SYS_clock_gettime, CLOCK_REALTIME, time), EFAULT);
    fails("fstat into code", syscall(SYS_fstat, zero, text), EFAULT);
    fails("getcwd into code", syscall(SYS_getcwd, text, 64), EFAULT);
    fails("pipe into code", syscall(SYS_pipe2, text, 0), EFAULT);
    fails("uname into code", syscall(SYS_uname, text), EFAULT);
    fails("read from a pipe into code", pipe(pipes) == 0 && write(pipes[1], code, 8) == 8 ? read(pipes[0], text, 8) : 0, EFAULT);
    fails("sigprocmask into code", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, text, 8), EFAULT);
    close(zero);
}

static void other_ways(void)
{
    struct iovec local = {code_in_data, 8}, remote = {text_page(), 8};
    int fd = open("/proc/self/mem", O_RDWR);
    fails("/proc/self/mem", fd < 0 ? -1 : pwrite(fd, code, 8, (off_t)(uintptr_t)text_page()), errno);
    fails("process_vm_writev", syscall(SYS_process_vm_writev, getpid(), &local, 1, &remote, 1, 0), ENOSYS);
    fails("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL), ENOSYS);
    fails("userfaultfd", syscall(SYS_userfaultfd, 0), ENOSYS);
    fails("memfd_create", syscall(SYS_memfd_create, "m", 0), ENOSYS);
    fails("init_module", syscall(SYS_init_module, code, 8, ""), ENOSYS);
    fails("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0), ENOSYS);
    fails("open of /dev/mem", open("/dev/mem", O_RDWR), ENOENT);
    fails("mmap shared and writable of a program",
          as_result(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, open("/bin/busybox", O_RDONLY), 0)), ENODEV);
}

/* ---- jumping into data ------------------------------------------------------------------------------------------------- */

static void jump_to_data(void)
{
    call_at(code_in_data);
}

static void jump_to_stack(void)
{
    volatile uint32_t on_stack[2] = {code[0], code[1]};
    call_at((const void *)(uintptr_t)on_stack);
}

static void jump_to_heap(void)
{
    uint32_t *heap = malloc(sizeof code);
    memcpy(heap, code, sizeof code);
    call_at(heap);
}

static void jump_to_mapping(void)
{
    void *page = anonymous(PROT_READ | PROT_WRITE);
    memcpy(page, code, sizeof code);
    mprotect(page, PAGE, PROT_READ);
    call_at(page);
}

static void jump_to_file(void)
{
    int fd = open("/bin/busybox", O_RDONLY);
    call_at(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
}

static void jump_by_return_from_signal(void)
{
    ucontext_t context;
    getcontext(&context);
    context.uc_mcontext.pc = (uintptr_t)code_in_data;
    setcontext(&context);
}

int main(void)
{
    ask_for_executable_memory();
    own_files();
    copies();
    changed_program();
    dies("writing to code", write_text, SIGSEGV);
    dies("calling code that was made writable", unprotect_and_call, SIGSEGV);
    dies("calling memory that took the place of code", replace_and_call, SIGSEGV);
    dies("a signal's frame on code", frame_on_text, SIGSEGV);
    calls_that_write();
    other_ways();
    dies("jumping into data", jump_to_data, SIGSEGV);
    dies("jumping into the stack", jump_to_stack, SIGSEGV);
    dies("jumping into the heap", jump_to_heap, SIGSEGV);
    dies("jumping into a mapping", jump_to_mapping, SIGSEGV);
    dies("jumping into a mapped program", jump_to_file, SIGSEGV);
    dies("jumping by setcontext", jump_by_return_from_signal, SIGSEGV);
    printf("forbidden: %d refused, %d not\n", refused_count, failed_count);
    return failed_count != 0;
}
