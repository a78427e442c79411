/* SPDX-License-Identifier: MIT */
/** Mappings, protection, the heap, and what is refused. See abi.h. */
#include <sys/resource.h>

#include "abi.h"

enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

/* What LX-OS refuses where Linux does not: docs/design/linux.md. Elsewhere it is only tried. */
static bool on_lx(void)
{
    return access("/lx/ps", F_OK) == 0;
}

static char *map(size_t pages)
{
    char *at = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

/* Does a child that does this end by a signal? @return the signal, or 0. */
static int signal_of(void (*act)(volatile char *), char *at)
{
    pid_t child = fork();
    if (child == 0) {
        act(at);
        _exit(0);
    }
    int status = status_of(child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void read_one(volatile char *at)
{
    (void)*at;
}

static void write_one(volatile char *at)
{
    *at = 1;
}

static void jump(volatile char *at)
{
    void (*code)(void);
    memcpy(&code, &at, sizeof code);
    code();
}

static void anonymous_memory_is_zero(void)
{
    char *at = map(16);
    for (size_t i = 0; i < 16 * PAGE; i++) {
        if (at[i] != 0) {
            CHECK(false);
            return;
        }
    }
    memset(at, 7, 16 * PAGE);
    SAME(munmap(at + PAGE, PAGE), 0);
    SAME(at[0] + at[2 * PAGE], 14);
    SAME(signal_of(read_one, at + PAGE), SIGSEGV);
    SAME(munmap(at, 16 * PAGE), 0); /* the hole does not matter */
    FAILS(munmap(at + 1, PAGE), EINVAL);
    FAILS(munmap(at, 0), EINVAL);
}

static void fixed_mappings(void)
{
    char *at = map(4);
    memset(at, 5, 4 * PAGE);
    CHECK(mmap(at + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == at + PAGE);
    SAME(at[0] + at[PAGE] + at[2 * PAGE], 10);
    CHECK(mmap(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    SAME(errno, EEXIST);
    SAME(munmap(at, 4 * PAGE), 0);
    CHECK(mmap(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == at);
    CHECK(mmap(at + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
    SAME(errno, EINVAL);
    CHECK(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED);
    SAME(errno, EINVAL);
    CHECK(mmap(NULL, (size_t)1 << 45, RW, ANON, -1, 0) == MAP_FAILED);
    SAME(errno, ENOMEM);
}

static void protection(void)
{
    char *at = map(3);
    memset(at, 9, 3 * PAGE);
    SAME(mprotect(at + PAGE, PAGE, PROT_READ), 0);
    SAME(signal_of(write_one, at + PAGE), SIGSEGV);
    SAME(signal_of(write_one, at), 0);
    SAME(at[PAGE], 9);
    SAME(mprotect(at + PAGE, PAGE, PROT_NONE), 0);
    SAME(signal_of(read_one, at + PAGE), SIGSEGV);
    SAME(mprotect(at + PAGE, PAGE, RW), 0);
    SAME(at[PAGE], 9);
    SAME(munmap(at + PAGE, PAGE), 0);
    FAILS(mprotect(at, 3 * PAGE, PROT_READ), ENOMEM);
    FAILS(mprotect(at + 1, PAGE, PROT_READ), EINVAL);
    FAILS(write(1, at + PAGE, 1), EFAULT); /* also for the kernel */
}

static void data_does_not_run(void)
{
    char *at = map(1);
    static const uint32_t code = 0xd65f03c0; /* ret */
    memcpy(at, &code, sizeof code);
    SAME(signal_of(jump, at), SIGSEGV);
    char stack[16];
    memcpy(stack, &code, sizeof code);
    SAME(signal_of(jump, stack), SIGSEGV);
}

static void growing_and_shrinking(void)
{
    char *at = map(4);
    for (int i = 0; i < 4; i++) {
        at[i * PAGE] = (char)(i + 1);
    }
    char *more = mremap(at, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(more != MAP_FAILED);
    for (int i = 0; i < 4; i++) {
        SAME(more[i * PAGE], i + 1);
    }
    SAME(more[63 * PAGE], 0);
    char *less = mremap(more, 64 * PAGE, PAGE, 0);
    CHECK(less == more && less[0] == 1);
    SAME(signal_of(read_one, more + PAGE), SIGSEGV);
    CHECK(mremap(less, PAGE + 1, PAGE, 0x80) == MAP_FAILED);
    SAME(errno, EINVAL);
}

static void advice(void)
{
    char *at = map(4);
    memset(at, 3, 4 * PAGE);
    SAME(madvise(at, 2 * PAGE, MADV_DONTNEED), 0);
    SAME(at[0] + at[PAGE] + at[2 * PAGE], 3);
    SAME(madvise(at, 4 * PAGE, MADV_WILLNEED), 0);
    FAILS(madvise(at, PAGE, 9999), EINVAL);
    if (on_lx()) {
        FAILS(madvise(at, PAGE, MADV_WIPEONFORK), EINVAL); /* it is not there, so nothing may rely on it */
    }
    FAILS(madvise(at + 1, PAGE, MADV_DONTNEED), EINVAL);
}

static void heap(void)
{
    char *start = sbrk(0);
    CHECK(sbrk(10 * PAGE) == start);
    memset(start, 1, 10 * PAGE);
    CHECK(sbrk(-5 * PAGE) == start + 10 * PAGE);
    CHECK(sbrk(5 * PAGE) == start + 5 * PAGE);
    SAME(start[0], 1);
    SAME(start[9 * PAGE], 0);
    SAME((uintptr_t)syscall(SYS_brk, 1), (uintptr_t)start + 10 * PAGE); /* a failure: the break as it is */
    char *big = malloc(20 << 20);
    CHECK(big != NULL);
    memset(big, 1, 20 << 20);
    free(big);
}

static void fork_copies_memory(void)
{
    char *at = map(200);
    memset(at, 1, 200 * PAGE);
    pid_t child = fork();
    if (child == 0) {
        memset(at, 2, 200 * PAGE);
        _exit(at[199 * PAGE] == 2 ? 0 : 1);
    }
    at[0] = 3;
    SAME(status_of(child), 0);
    SAME(at[0] + at[199 * PAGE], 4);
}

static int file_of(const char *text)
{
    int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SAME(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static void file_mappings(void)
{
    int fd = file_of("contents of a file");
    char *at = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED && memcmp(at, "contents of a file", 19) == 0);
    at[0] = 'C';
    char byte = 0;
    SAME(pread(fd, &byte, 1, 0), 1);
    SAME(byte, 'c'); /* private */
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1) == MAP_FAILED);
    SAME(errno, EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED);
    SAME(errno, EBADF);
    int program = open("/proc/self/exe", O_RDONLY);
    unsigned char *head = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, program, 0);
    CHECK(head != MAP_FAILED && head[0] == 0x7f && head[1] == 'E');
    SAME(unlink("mapped"), 0);
}

static void what_is_refused(void)
{
    int fd = file_of("x");
    struct {
        int prot, flags, fd, error;
    } cases[] = {
        {RW | PROT_EXEC, ANON, -1, EACCES},        {PROT_READ | PROT_EXEC, ANON, -1, EACCES},
        {PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, EACCES}, {RW, MAP_SHARED, fd, ENODEV},
        {RW, MAP_SHARED | MAP_ANONYMOUS, -1, ENODEV},
    };
    for (size_t i = 0; on_lx() && i < LENGTH(cases); i++) {
        errno = 0;
        CHECK(mmap(NULL, PAGE, cases[i].prot, cases[i].flags, cases[i].fd, 0) == MAP_FAILED);
        SAME(errno, cases[i].error);
    }
    char *at = map(1);
    if (on_lx()) {
        FAILS(mprotect(at, PAGE, PROT_READ | PROT_EXEC), EACCES);
        FAILS(mprotect(at, PAGE, RW | PROT_EXEC), EACCES);
    }
    SAME(unlink("mapped"), 0);
}

static void reserved_memory_costs_nothing(void)
{
    char *at = mmap(NULL, (size_t)512 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    CHECK(at != MAP_FAILED);
    SAME(mprotect(at + (100 << 20), PAGE, RW), 0);
    at[100 << 20] = 1;
    SAME(signal_of(read_one, at), SIGSEGV);
    SAME(munmap(at, (size_t)512 << 20), 0);
}

static void bad_pointers_are_errors(void)
{
    int fd = open("/dev/zero", O_RDONLY);
    FAILS(syscall(SYS_read, fd, 16, 8), EFAULT);
    FAILS(syscall(SYS_read, fd, 0xffffffffffff0000, 8), EFAULT);
    FAILS(syscall(SYS_openat, AT_FDCWD, 16, 0), EFAULT);
    char *at = map(2);
    SAME(munmap(at + PAGE, PAGE), 0);
    SAME(read(fd, at + PAGE - 100, 200), 100); /* what fits */
    memset(at, 'a', PAGE);
    FAILS(syscall(SYS_openat, AT_FDCWD, at, 0), ENAMETOOLONG);
    FAILS(syscall(SYS_openat, AT_FDCWD, at + 10, 0), EFAULT);
}

const struct test memory_tests[] = {
    {"anonymous memory is zero, and goes", anonymous_memory_is_zero},
    {"fixed mappings", fixed_mappings},
    {"protection", protection},
    {"data does not run", data_does_not_run},
    {"mremap grows, moves, shrinks", growing_and_shrinking},
    {"madvise", advice},
    {"the heap", heap},
    {"fork copies memory", fork_copies_memory},
    {"private mappings of files", file_mappings},
    {"what is refused", what_is_refused},
    {"reserved memory costs nothing", reserved_memory_costs_nothing},
    {"bad pointers are errors", bad_pointers_are_errors},
};
const size_t memory_test_count = LENGTH(memory_tests);
