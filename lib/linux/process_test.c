/* SPDX-License-Identifier: MIT */
/* Shows: starting, fork, vfork, threads, exec, exit and waiting do what Linux programs rely on, and leave nothing behind. */
#include "fake_env.h"
#include "unit.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)

static void process_one_starts(void)
{
    struct fake *f = fake_started();
    CHECK_EQ(sys(f, 0, NR_getpid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_getppid, 0), 0);
    CHECK_EQ(sys(f, 0, NR_gettid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_getsid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_getpgid, 0), 1);
    CHECK_EQ(f->threads[0].regs.pc, FAKE_TEXT + 0x100 + 4 * 6); /* entry, and six calls since */
    put(f, 0, BUF, "hello\n", 6);
    CHECK_EQ(sys(f, 0, NR_write, 1, BUF, 6), 6);
    CHECK(f->console_len == 7 && memcmp(f->console, "hello\r\n", 7) == 0);
    OK(f);
    fake_free(f);
}

static void stack_holds_arguments_and_auxv(void)
{
    static const char *const argv[] = {"/bin/pie", "one", "", NULL}, *const envp[] = {"A=1", "B=", NULL};
    struct fake *f = fake_new();
    char text[32];
    uint64_t aux[64] = {0};
    CHECK_EQ(linux_start(f->system, "/bin/pie", argv, envp), LX_OK);
    CHECK_EQ(f->threads[0].regs.x[0], 0);
    f->threads[0].fp[20] = 7;
    fake_run_stubs(f, 0);
    CHECK_EQ(f->threads[0].fp[20], 0);
    const struct linux_regs *r = &f->threads[0].regs;
    CHECK(is_aligned(r->sp, 16));
    CHECK_EQ(r->x[0], 0);
    CHECK_EQ(get64(f, 0, r->sp), 3);
    get(f, 0, get64(f, 0, r->sp + 16), text, 4);
    CHECK_BYTES(text, "one", 4);
    get(f, 0, get64(f, 0, r->sp + 24), text, 1);
    CHECK_EQ(text[0], 0);
    CHECK_EQ(get64(f, 0, r->sp + 32), 0);
    get(f, 0, get64(f, 0, r->sp + 48), text, 3);
    CHECK_BYTES(text, "B=", 3);
    CHECK_EQ(get64(f, 0, r->sp + 56), 0);
    for (uint64_t at = r->sp + 64; get64(f, 0, at) != 0; at += 16) {
        aux[get64(f, 0, at)] = get64(f, 0, at + 8);
    }
    uint64_t shift = aux[AT_ENTRY_] - 0x100;
    CHECK_EQ(r->pc, aux[AT_ENTRY_]);
    CHECK(shift >= LINUX_PIE_BASE && shift < LINUX_MMAP_BASE && is_aligned(shift, PAGE_BYTES));
    CHECK_EQ(aux[AT_PHDR_], shift + 64);
    CHECK_EQ(aux[AT_PHNUM_], 3);
    CHECK_EQ(aux[AT_PAGESZ_], 4096);
    CHECK_EQ(aux[AT_HWCAP_], 0xfb);
    CHECK_EQ(aux[AT_SYSINFO_EHDR_], LINUX_ABI_BASE);
    CHECK_EQ(aux[AT_MINSIGSTKSZ_], 4720);
    get(f, 0, aux[AT_PLATFORM_], text, 8);
    CHECK_BYTES(text, "aarch64", 8);
    get(f, 0, aux[AT_EXECFN_], text, 9);
    CHECK_BYTES(text, "/bin/pie", 9);
    CHECK(aux[AT_RANDOM_] != 0 && get64(f, 0, aux[AT_RANDOM_]) != 0);
    OK(f);
    fake_free(f);
}

static void start_refuses_what_is_no_program(void)
{
    static const char *const argv[] = {"x", NULL}, *const envp[] = {NULL};
    struct fake *f = fake_new();
    CHECK_EQ(linux_start(f->system, "/bin/none", argv, envp), LX_ENOENT);
    CHECK_EQ(linux_start(f->system, "/etc/passwd", argv, envp), LX_EACCES);
    CHECK_EQ(linux_start(f->system, "/bin/withdrawn", argv, envp), LX_EACCES);
    CHECK(strstr(f->refused, "authorised") != NULL);
    OK(f);
    CHECK_EQ(linux_start(f->system, "/bin/sh", argv, envp), LX_OK);
    fake_run_stubs(f, 0);
    CHECK_EQ(sys(f, 0, NR_getpid, 0), 1);
    OK(f);
    fake_free(f);
}

static void init_checks_its_input(void)
{
    struct fake *f = fake_new();
    struct linux_config config = {.memory = f->memory, .memory_bytes = FAKE_MEMORY, .ops = &fake_ops, .env = f};
    struct linux_system *s;
    struct linux_file_decl bad = {"relative", LINUX_FILE_DIR, 0755, 0, 0, 0, 0, LINUX_NONE, NULL, NULL};
    config.memory_bytes = linux_memory_min() - 1;
    CHECK_EQ(linux_init(&config, &s), LX_ENOSPC);
    config.memory_bytes = linux_memory_min();
    CHECK_EQ(linux_init(&config, &s), LX_OK);
    config.memory = (uint8_t *)f->memory + 8;
    CHECK_EQ(linux_init(&config, &s), LX_EINVAL);
    config.memory = f->memory;
    config.files = &bad;
    config.file_count = 1;
    static const char *const paths[] = {"relative", "/", "/a//b", "/a/../b", "/proc/x", "/a/."};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        bad.path = paths[i];
        CHECK_EQ(linux_init(&config, &s), LX_EINVAL);
    }
    struct linux_file_decl twice[2] = {{"/a", LINUX_FILE_OBJECT, 0644, 0, 0, 5, 1, LINUX_NONE, NULL, NULL},
                                       {"/a/b", LINUX_FILE_DIR, 0755, 0, 0, 0, 0, LINUX_NONE, NULL, NULL}};
    config.files = twice;
    config.file_count = 2;
    CHECK_EQ(linux_init(&config, &s), LX_EINVAL);
    twice[1].path = "/a";
    CHECK_EQ(linux_init(&config, &s), LX_EINVAL);
    fake_free(f);
}

static void fork_copies_and_wait_reports(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint64_t tid_at = BUF + 64;
    for (size_t i = 0; i < sizeof(f->threads[0].fp); i++) {
        f->threads[0].fp[i] = (uint8_t)(i * 3);
    }
    for (uint32_t i = 9; i < 30; i++) {
        f->threads[0].regs.x[i] = i * 1000;
    }
    f->threads[0].regs.x[6] = 66;
    f->threads[0].regs.pstate = 0x60000000;
    put(f, 0, BUF, "before", 6);
    struct linux_regs before = f->threads[0].regs;
    pid = sys(f, 0, NR_clone, CLONE_CHILD_CLEARTID_ | CLONE_CHILD_SETTID_ | SIGCHLD_, 0, 0, 0, tid_at);
    uint32_t child = f->last_started;
    CHECK_EQ(pid, 2);
    CHECK_EQ(f->threads[child].regs.x[0], 0);
    CHECK_EQ(get32(f, child, tid_at), 2);
    CHECK_EQ(get32(f, 0, tid_at), 0);
    const struct linux_regs *r = &f->threads[child].regs;
    CHECK(memcmp(&r->x[9], &before.x[9], 21 * 8) == 0 && r->x[6] == 66 && r->pstate == before.pstate);
    CHECK(r->sp == before.sp && r->pc == before.pc + 4 && f->threads[0].regs.pc == r->pc);
    CHECK(f->threads[0].regs.x[6] == 66 && f->threads[0].regs.x[1] == 0 && r->x[1] == 0);
    CHECK_BYTES(f->threads[child].fp + 8, f->threads[0].fp + 8, ABI_FP_BYTES - 8);
    put(f, child, BUF, "after!", 6);
    char text[6];
    get(f, 0, BUF, text, 6);
    CHECK_BYTES(text, "before", 6);
    CHECK_EQ(sys(f, child, NR_getppid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, WNOHANG_, 0), 0);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, 0, 0), FAKE_BLOCKED);
    OK(f);
    CHECK_EQ(sys(f, child, NR_exit_group, 42), FAKE_GONE);
    CHECK_EQ(result(f, 0), 2);
    CHECK_EQ(get32(f, 0, BUF), 42u << 8);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, 0, 0), -E_CHILD);
    OK(f);
    fake_free(f);
}

static void vfork_waits_for_exec_or_exit(void)
{
    struct fake *f = fake_started();
    CHECK_EQ(sys(f, 0, NR_clone, CLONE_VM_ | CLONE_VFORK_ | SIGCHLD_, 0, 0, 0, 0), FAKE_BLOCKED);
    uint32_t child = f->last_started;
    CHECK(child != 0 && f->threads[child].space == f->threads[0].space);
    put(f, child, BUF, "shared", 6);
    OK(f);
    CHECK_EQ(sys(f, child, NR_execve, ustr(f, child, "/bin/none"), 0, 0), -E_NOENT);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    sys(f, child, NR_execve, ustr(f, child, "/bin/pie"), 0, 0);
    CHECK_EQ(result(f, 0), 2);
    CHECK(f->threads[child].space != f->threads[0].space);
    CHECK_EQ(get64(f, child, f->threads[child].regs.sp), 1); /* an empty argv gets one empty string */
    OK(f);
    CHECK_EQ(sys(f, 0, NR_clone, CLONE_VM_ | CLONE_VFORK_ | SIGCHLD_, 0, 0, 0, 0), FAKE_BLOCKED);
    uint32_t second = f->last_started;
    CHECK_EQ(sys(f, second, NR_exit_group, 1), FAKE_GONE);
    CHECK_EQ(result(f, 0), 3);
    CHECK_EQ(sys(f, 0, NR_wait4, 3, BUF, 0, 0), 3);
    OK(f);
    fake_free(f);
}

static void exec_failures_keep_the_caller(void)
{
    struct fake *f = fake_started();
    put(f, 0, BUF, "kept", 5);
    uint32_t space = f->threads[0].space;
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin"), 0, 0), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, ""), 0, 0), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/etc/passwd/x"), 0, 0), -E_NOTDIR);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/etc/passwd"), 0, 0), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_execve, 8, 0, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), 8, 0), -E_FAULT);
    f->refused_count = 0;
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/withdrawn"), 0, 0), -E_ACCES);
    CHECK_EQ(f->refused_count, 1);
    uint64_t path = ustr(f, 0, "/bin/prog");
    f->pages_max = f->page_count; /* no page for a new stack */
    CHECK_EQ(sys(f, 0, NR_execve, path, 0, 0), -E_NOMEM);
    f->pages_max = FAKE_PAGES_MAX;
    CHECK_EQ(f->threads[0].space, space);
    char text[5];
    get(f, 0, BUF, text, 5);
    CHECK_BYTES(text, "kept", 5);
    OK(f);
    fake_free(f);
}

static void written_code_cannot_be_executed(void)
{
    struct fake *f = fake_started();
    int64_t fd = sys_open(f, 0, "/tmp/evil", O_WRONLY_ | O_CREAT_, 0777);
    put(f, 0, BUF, "\177ELFcode", 8);
    CHECK_EQ(sys(f, 0, NR_write, fd, BUF, 8), 8);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/tmp/evil"), 0, 0), -E_TXTBSY);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/tmp/evil"), 0, 0), -E_ACCES);
    CHECK(strstr(f->refused, "/tmp/evil") != NULL && strstr(f->refused, "authorised") != NULL);
    fd = sys_open(f, 0, "/tmp/text", O_WRONLY_ | O_CREAT_, 0777);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "echo hi\n"), 8), 8);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/tmp/text"), 0, 0), -E_NOEXEC);
    /* A program of a package that is written to is no longer what was authorised; while it runs it cannot be written. */
    CHECK_EQ(sys_open(f, 0, "/bin/prog", O_RDWR_, 0), -E_TXTBSY);
    fd = sys_open(f, 0, "/bin/pie", O_RDWR_, 0);
    CHECK(fd >= 0);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, BUF, 4, 0), 4);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/pie"), 0, 0), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 7, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_mprotect, BUF, 4096, 5), -E_ACCES);
    CHECK(strstr(f->refused, "executable memory") != NULL);
    OK(f);
    fake_free(f);
}

static void scripts_run_their_interpreter(void)
{
    struct fake *f = fake_started();
    uint64_t argv[4] = {ustr(f, 0, "ignored"), ustr(f, 0, "a1"), ustr(f, 0, "a2"), 0};
    static const char *const expected[] = {"/bin/prog", "-x  y", "/bin/script", "a1", "a2"};
    char text[32];
    put(f, 0, BUF, argv, sizeof(argv));
    sys(f, 0, NR_execve, ustr(f, 0, "/bin/script"), BUF, 0);
    uint64_t sp = f->threads[0].regs.sp;
    CHECK_EQ(get64(f, 0, sp), 5);
    for (uint32_t i = 0; i < 5; i++) {
        get(f, 0, get64(f, 0, sp + 8 + i * 8), text, strlen(expected[i]) + 1);
        CHECK_BYTES(text, expected[i], strlen(expected[i]) + 1);
    }
    fake_scratch(f, 0);
    CHECK_EQ(sys(f, 0, NR_prctl, PR_GET_NAME_, BUF), 0);
    get(f, 0, BUF, text, 7);
    CHECK_BYTES(text, "script", 7);
    /* A script of a script, then one that names itself. */
    int64_t fd = sys_open(f, 0, "/tmp/s2", O_WRONLY_ | O_CREAT_, 0755);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "#! /bin/script\n"), 15), 15);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    uint64_t pair[2] = {ustr(f, 0, "zero"), 0};
    put(f, 0, BUF, pair, sizeof(pair));
    sys(f, 0, NR_execve, ustr(f, 0, "/tmp/s2"), BUF, 0);
    sp = f->threads[0].regs.sp;
    CHECK_EQ(get64(f, 0, sp), 4); /* prog, "-x  y", /bin/script, /tmp/s2 */
    get(f, 0, get64(f, 0, sp + 8 + 3 * 8), text, 8);
    CHECK_BYTES(text, "/tmp/s2", 8);
    fake_scratch(f, 0);
    fd = sys_open(f, 0, "/tmp/loop", O_WRONLY_ | O_CREAT_, 0755);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "#!/tmp/loop\n"), 12), 12);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/tmp/loop"), 0, 0), -E_LOOP);
    fd = sys_open(f, 0, "/tmp/none", O_WRONLY_ | O_CREAT_, 0755);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "#!  \n"), 5), 5);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/tmp/none"), 0, 0), -E_NOEXEC);
    OK(f);
    fake_free(f);
}

static void argument_limit_is_kept(void)
{
    struct fake *f = fake_started();
    uint64_t argv[300];
    char big[4000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    put(f, 0, BUF + 8192, big, sizeof(big));
    for (uint32_t i = 0; i < 70; i++) {
        argv[i] = BUF + 8192;
    }
    argv[70] = 0;
    put(f, 0, BUF, argv, 71 * 8);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), BUF, 0), -E_2BIG);
    argv[60] = 0;
    put(f, 0, BUF, argv, 61 * 8);
    sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), BUF, 0);
    CHECK_EQ(get64(f, 0, f->threads[0].regs.sp), 60);
    get(f, 0, get64(f, 0, f->threads[0].regs.sp + 8 * 60), argv, 8);
    CHECK_EQ(argv[0], U(0x7878787878787878));
    OK(f);
    fake_free(f);
}

static void one_string_has_its_own_limit(void)
{
    struct fake *f = fake_started();
    static char big[LINUX_STRING_BYTES_MAX + 1];
    uint64_t at = (uint64_t)sys(f, 0, NR_mmap, 0, sizeof(big), 3, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0);
    uint64_t argv[] = {at, 0};
    memset(big, 'x', sizeof(big) - 1);
    put(f, 0, at, big, sizeof(big));
    put(f, 0, BUF, argv, sizeof(argv));
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), BUF, 0), -E_2BIG);
    put(f, 0, BUF, (uint64_t[]){at + 1, 0}, sizeof(argv));
    sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), BUF, 0);
    CHECK_EQ(get64(f, 0, f->threads[0].regs.sp), 1);
    OK(f);
    fake_free(f);
}

static void exec_closes_and_resets(void)
{
    struct fake *f = fake_started();
    int64_t kept = sys_open(f, 0, "/etc/passwd", O_RDONLY_, 0);
    int64_t closed = sys_open(f, 0, "/etc/passwd", O_RDONLY_ | O_CLOEXEC_, 0);
    fake_action(f, 0, SIGUSR1_, 0x400200, 0, 0);
    fake_action(f, 0, SIGUSR2_, SIG_IGN_, 0, 0);
    uint64_t mask = SIGNAL_BIT(SIGTERM_);
    put(f, 0, BUF, &mask, 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_SETMASK_, BUF, 0, 8), 0);
    sys(f, 0, NR_execve, ustr(f, 0, "/bin/pie"), 0, 0);
    fake_scratch(f, 0);
    CHECK_EQ(sys(f, 0, NR_fcntl, kept, FCNTL_GETFD, 0), 0);
    CHECK_EQ(sys(f, 0, NR_fcntl, closed, FCNTL_GETFD, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR1_, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), SIG_DFL_);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR2_, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), SIG_IGN_);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_SETMASK_, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), mask);
    OK(f);
    fake_free(f);
}

static void orphans_go_to_process_one(void)
{
    struct fake *f = fake_started();
    int64_t pid, grandpid;
    uint32_t child = fake_fork(f, 0, &pid);
    uint32_t grandchild = fake_fork(f, child, &grandpid);
    CHECK_EQ(sys(f, child, NR_exit_group, 0), FAKE_GONE);
    CHECK_EQ(sys(f, grandchild, NR_getppid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, 0, 0, 0), pid);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, 0, 0, 0), -E_CHILD);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, grandchild, NR_exit_group, 0), FAKE_GONE);
    CHECK_EQ(result(f, 0), grandpid);
    OK(f);
    fake_free(f);
}

static void ignoring_children_reaps_them(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    fake_action(f, 0, SIGCHLD_, SIG_IGN_, 0, 0);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, child, NR_exit_group, 0), FAKE_GONE);
    CHECK_EQ(result(f, 0), -E_CHILD);
    CHECK_EQ(sys(f, 0, NR_kill, pid, 0), -E_SRCH);
    OK(f);
    fake_free(f);
}

static void waitid_reports_and_can_leave(void)
{
    struct fake *f = fake_started();
    struct abi_siginfo info;
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, 0, NR_waitid, P_PID_, pid, BUF, WEXITED_ | WNOHANG_, 0), 0);
    get(f, 0, BUF, &info, sizeof(info));
    CHECK_EQ(info.signo, 0);
    CHECK_EQ(sys(f, child, NR_exit_group, 3), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_waitid, P_ALL_, 0, BUF, WEXITED_ | WNOWAIT_, 0), 0);
    get(f, 0, BUF, &info, sizeof(info));
    CHECK(info.signo == SIGCHLD_ && info.code == CLD_EXITED_ && info.sender.pid == pid && info.sender.value == 3);
    CHECK_EQ(sys(f, 0, NR_waitid, P_PID_, pid, 0, WEXITED_, 0), 0);
    CHECK_EQ(sys(f, 0, NR_waitid, P_PID_, pid, 0, WEXITED_, 0), -E_CHILD);
    CHECK_EQ(sys(f, 0, NR_waitid, P_ALL_, 0, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_waitid, 9, 0, 0, WEXITED_, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0x100, 0), -E_INVAL);
    OK(f);
    fake_free(f);
}

#define THREAD_CLONE                                                                                                   \
    (CLONE_VM_ | CLONE_FS_ | CLONE_FILES_ | CLONE_SIGHAND_ | CLONE_THREAD_ | CLONE_SYSVSEM_ | CLONE_SETTLS_ |          \
     CLONE_PARENT_SETTID_ | CLONE_CHILD_CLEARTID_)

static void threads_share_and_end(void)
{
    struct fake *f = fake_started();
    uint64_t tid_at = BUF + 128, stack = FAKE_SCRATCH + 20 * 4096;
    memset(f->threads[0].fp, 9, sizeof(f->threads[0].fp));
    CHECK_EQ(sys(f, 0, NR_clone, THREAD_CLONE, stack, tid_at, 0x7777, tid_at), 2);
    uint32_t second = f->last_started;
    CHECK_EQ(get32(f, 0, tid_at), 2);
    CHECK(f->threads[second].regs.sp == stack && f->threads[second].regs.tpidr == 0x7777);
    CHECK_EQ(f->threads[second].fp[100], 9);
    CHECK_EQ(sys(f, second, NR_getpid, 0), 1);
    CHECK_EQ(sys(f, second, NR_gettid, 0), 2);
    int64_t fd = sys_open(f, second, "/etc/passwd", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    /* Joining is a futex on the word that the kernel clears. */
    CHECK_EQ(sys(f, 0, NR_futex, tid_at, FUTEX_WAIT_, 2, 0, 0, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, second, NR_exit, 0), FAKE_GONE);
    CHECK_EQ(result(f, 0), 0);
    CHECK_EQ(get32(f, 0, tid_at), 0);
    OK(f);
    CHECK_EQ(sys(f, 0, NR_clone, CLONE_THREAD_ | CLONE_VM_, stack, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_clone, CLONE_SIGHAND_ | SIGCHLD_, 0, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_clone, 0x10000000u | SIGCHLD_, 0, 0, 0, 0), -E_INVAL);
    fake_free(f);
}

static void exec_and_exit_end_other_threads(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint64_t stack = FAKE_SCRATCH + 20 * 4096;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK(sys(f, child, NR_clone, THREAD_CLONE, stack, BUF, 0, BUF) > 0);
    uint32_t second = f->last_started;
    CHECK(sys(f, child, NR_clone, THREAD_CLONE, stack - 8192, BUF, 0, BUF) > 0);
    uint32_t third = f->last_started;
    CHECK_EQ(sys(f, third, NR_futex, BUF + 64, FUTEX_WAIT_, 0, 0, 0, 0), FAKE_BLOCKED);
    sys(f, second, NR_execve, ustr(f, second, "/bin/pie"), 0, 0);
    CHECK(f->threads[child].state == FAKE_FREE && f->threads[third].state == FAKE_FREE);
    CHECK_EQ(sys(f, second, NR_gettid, 0), pid);
    fake_scratch(f, second);
    OK(f);
    CHECK(sys(f, second, NR_clone, THREAD_CLONE, stack, BUF, 0, BUF) > 0);
    uint32_t fourth = f->last_started;
    CHECK_EQ(sys(f, fourth, NR_exit_group, 5), FAKE_GONE);
    CHECK_EQ(f->threads[second].state, FAKE_FREE);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), 5u << 8);
    OK(f);
    fake_free(f);
}

static void process_limit_is_kept(void)
{
    struct fake *f = fake_started();
    uint32_t children[LINUX_PROCESSES_MAX];
    int64_t pid = 0;
    uint32_t count = 0;
    f->pages_max = 100000;
    while (count < LINUX_PROCESSES_MAX) {
        children[count] = fake_fork(f, 0, &pid);
        if (pid < 0) {
            break;
        }
        count++;
    }
    CHECK_EQ(pid, -E_AGAIN);
    CHECK_EQ(count, LINUX_PROCESSES_MAX - 1);
    OK(f);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(sys(f, children[i], NR_exit_group, 0), FAKE_GONE);
    }
    for (uint32_t i = 0; i < count; i++) {
        CHECK(sys(f, 0, NR_wait4, -1, 0, 0, 0) > 0);
    }
    CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0, 0), -E_CHILD);
    OK(f);
    fake_free(f);
}

static void memory_comes_back(void)
{
    struct fake *f = fake_started();
    struct abi_statfs before, after;
    int64_t pid;
    uint32_t pages = 0;
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t child = fake_fork(f, 0, &pid);
        CHECK_EQ(sys(f, child, NR_pipe2, BUF, 0), 0);
        sys(f, child, NR_write, get32(f, child, BUF + 4), BUF, 40000);
        sys_open(f, child, "/tmp/x", O_RDWR_ | O_CREAT_, 0600);
        sys(f, child, NR_unlinkat, AT_CWD, ustr(f, child, "/tmp/x"), 0);
        sys(f, child, NR_execve, ustr(f, child, "/bin/pie"), 0, 0);
        fake_scratch(f, child);
        sys(f, child, NR_exit_group, 0);
        CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0, 0), pid);
        CHECK_EQ(sys(f, 0, NR_statfs, ustr(f, 0, "/"), BUF), 0);
        get(f, 0, BUF, round == 2 ? &before : &after, sizeof(after));
        pages = round == 2 ? f->page_count : pages;
    }
    CHECK_EQ(after.bfree, before.bfree);
    CHECK_EQ(f->page_count, pages);
    OK(f);
    fake_free(f);
}

static void fork_without_memory_changes_nothing(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    f->pages_max = f->page_count;
    (void)fake_fork(f, 0, &pid);
    CHECK_EQ(pid, -E_NOMEM);
    f->pages_max = FAKE_PAGES_MAX;
    (void)fake_fork(f, 0, &pid);
    CHECK(pid > 0);
    OK(f);
    /* A caller whose stack cannot be written forks, too; the child has clean FP state. */
    f->threads[0].regs.sp = 64;
    memset(f->threads[0].fp, 5, sizeof(f->threads[0].fp));
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK(pid > 0 && f->threads[child].fp[50] == 0 && f->threads[0].fp[50] == 5);
    OK(f);
    fake_free(f);
}

static void credentials_follow_the_rules(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t t = fake_fork(f, 0, &pid);
    uint32_t groups[3] = {10, 20, 30};
    put(f, t, BUF, groups, sizeof(groups));
    CHECK_EQ(sys(f, t, NR_setgroups, 3, BUF), 0);
    CHECK_EQ(sys(f, t, NR_setgroups, 33, BUF), -E_INVAL);
    CHECK_EQ(sys(f, t, NR_getgroups, 0, 0), 3);
    CHECK_EQ(sys(f, t, NR_getgroups, 2, BUF), -E_INVAL);
    CHECK_EQ(sys(f, t, NR_getgroups, 3, 8), -E_FAULT);
    CHECK_EQ(sys(f, t, NR_setresuid, 1000, 1001, 1002), 0);
    CHECK_EQ(sys(f, t, NR_getuid, 0), 1000);
    CHECK_EQ(sys(f, t, NR_geteuid, 0), 1001);
    CHECK_EQ(sys(f, t, NR_setuid, 0), -E_PERM);
    CHECK_EQ(sys(f, t, NR_setuid, 1002), 0);
    CHECK_EQ(sys(f, t, NR_geteuid, 0), 1002);
    CHECK_EQ(sys(f, t, NR_setreuid, 1002, 1000), 0); /* now real 1002, effective 1000, saved 1000 */
    CHECK_EQ(sys(f, t, NR_setresuid, -1, 1001, -1), -E_PERM);
    CHECK_EQ(sys(f, t, NR_setgroups, 0, 0), -E_PERM);
    CHECK_EQ(sys(f, t, NR_sethostname, BUF, 1), -E_PERM);
    CHECK_EQ(sys(f, t, NR_chroot, ustr(f, t, "/")), -E_PERM);
    CHECK_EQ(sys(f, t, NR_kill, 1, SIGTERM_), -E_PERM);
    CHECK_EQ(sys(f, t, NR_kill, -1, SIGTERM_), -E_SRCH); /* but for process 1 and itself there is nobody */
    CHECK_EQ(sys(f, t, NR_reboot, REBOOT_MAGIC1_, 672274793, REBOOT_POWER_OFF_, 0), -E_PERM);
    OK(f);
    fake_free(f);
}

static void the_end_is_told(void)
{
    struct fake *f = fake_started();
    CHECK_EQ(sys(f, 0, NR_exit_group, 7), FAKE_GONE);
    CHECK(f->is_over && f->power == LINUX_POWER_OFF && f->power_status == 7);
    fake_free(f);
    f = fake_started();
    CHECK_EQ(sys(f, 0, NR_reboot, 1, 672274793, REBOOT_POWER_OFF_, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_reboot, REBOOT_MAGIC1_, 672274793, REBOOT_RESTART_, 0), FAKE_GONE);
    CHECK(f->is_over && f->power == LINUX_POWER_RESTART);
    fake_free(f);
    static const char *const bad[] = {"off", "off=", "off=256", "off=1x", "off=00000", "on=1", ""};
    f = fake_started();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_EQ(sys(f, 0, NR_reboot, REBOOT_MAGIC1_, 672274793, REBOOT_RESTART2_, ustr(f, 0, bad[i])), -E_INVAL);
    }
    CHECK_EQ(sys(f, 0, NR_reboot, REBOOT_MAGIC1_, 672274793, REBOOT_RESTART2_, 8), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_reboot, REBOOT_MAGIC1_, 672274793, REBOOT_RESTART2_, ustr(f, 0, "off=42")), FAKE_GONE);
    CHECK(f->is_over && f->power == LINUX_POWER_OFF && f->power_status == 42);
    fake_free(f);
}

static void memory_calls(void)
{
    struct fake *f = fake_started();
    uint64_t brk = (uint64_t)sys(f, 0, NR_brk, 0);
    CHECK_EQ(brk, FAKE_TEXT + FAKE_PROGRAM_PAGES * PAGE_BYTES);
    CHECK_EQ(sys(f, 0, NR_brk, brk + 5000), brk + 5000);
    put(f, 0, brk + 4999, "x", 1);
    CHECK_EQ(sys(f, 0, NR_brk, 1), brk + 5000);
    CHECK_EQ(sys(f, 0, NR_brk, UINT64_MAX), brk + 5000);
    CHECK_EQ(sys(f, 0, NR_brk, brk + 10), brk + 10);
    CHECK_EQ(sys(f, 0, NR_write, 1, brk + 4999, 1), -E_FAULT);
    int64_t at = sys(f, 0, NR_mmap, 0, 10000, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0);
    CHECK(at > 0 && is_aligned((uint64_t)at, PAGE_BYTES));
    CHECK_EQ(sys(f, 0, NR_getrandom, at, 9000, 0), 9000);
    CHECK_EQ(sys(f, 0, NR_mprotect, at, 4096, 1), 0);
    CHECK_EQ(sys(f, 0, NR_getrandom, at, 10, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_getrandom, at + 4096, 5000, 0), 5000);
    CHECK_EQ(sys(f, 0, NR_getrandom, at + 4096, 90000, 0), 8192);
    CHECK_EQ(sys(f, 0, NR_munmap, at, 4096), 0);
    CHECK_EQ(sys(f, 0, NR_mprotect, at, 4096, 1), -E_NOMEM);
    CHECK_EQ(sys(f, 0, NR_munmap, at + 1, 4096), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_munmap, at, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 0, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, UINT64_MAX, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0), -E_NOMEM);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 3, MAP_PRIVATE_, 77, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 3, MAP_SHARED_ | MAP_ANONYMOUS_, -1, 0), -E_NODEV);
    CHECK_EQ(sys(f, 0, NR_mmap, 4096, 4096, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_ | MAP_FIXED_, -1, 0), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_mmap, LINUX_ABI_BASE, 4096, 3, MAP_PRIVATE_ | MAP_ANONYMOUS_ | MAP_FIXED_, -1, 0), -E_NOMEM);
    at += 4096;
    put(f, 0, (uint64_t)at, "moved", 6);
    int64_t moved = sys(f, 0, NR_mremap, at, 4096, 40960, MREMAP_MAYMOVE_, 0);
    char text[6];
    CHECK(moved > 0 && moved != at);
    get(f, 0, (uint64_t)moved, text, 6);
    CHECK_BYTES(text, "moved", 6);
    CHECK_EQ(sys(f, 0, NR_mremap, moved, 40960, 4096, 0, 0), moved);
    CHECK_EQ(sys(f, 0, NR_madvise, moved, 4096, MADV_DONTNEED_), 0);
    CHECK_EQ(get32(f, 0, (uint64_t)moved), 0);
    OK(f);
    fake_free(f);
}

static void files_can_be_mapped_privately(void)
{
    struct fake *f = fake_started();
    uint8_t bytes[64];
    int64_t fd = sys_open(f, 0, "/share/text", O_RDONLY_, 0);
    int64_t at = sys(f, 0, NR_mmap, 0, 8192, 1, MAP_PRIVATE_, fd, 4096);
    CHECK(at > 0);
    get(f, 0, (uint64_t)at + 10, bytes, sizeof(bytes));
    CHECK_BYTES(bytes, fake_text_bytes + 4106, sizeof(bytes));
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    fd = sys_open(f, 0, "/tmp/data", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_write, fd, at, 5000), 5000);
    int64_t copy = sys(f, 0, NR_mmap, 0, 8192, 1, MAP_PRIVATE_, fd, 0);
    CHECK(copy > 0);
    get(f, 0, (uint64_t)copy + 10, bytes, sizeof(bytes));
    CHECK_BYTES(bytes, fake_text_bytes + 4106, sizeof(bytes));
    CHECK_EQ(get32(f, 0, (uint64_t)copy + 5000), 0);
    CHECK_EQ(sys(f, 0, NR_getrandom, copy, 1, 0), -E_FAULT); /* read-only, as asked */
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 3, MAP_SHARED_, fd, 0), -E_NODEV);
    int64_t dir = sys_open(f, 0, "/tmp", O_RDONLY_ | O_DIRECTORY_, 0);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 1, MAP_PRIVATE_, dir, 0), -E_NODEV);
    CHECK_EQ(sys(f, 0, NR_fcntl, fd, FCNTL_SETFL, 0), 0);
    fd = sys_open(f, 0, "/tmp/data", O_WRONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_mmap, 0, 4096, 1, MAP_PRIVATE_, fd, 0), -E_ACCES);
    OK(f);
    fake_free(f);
}

static void views_list_processes(void)
{
    struct fake *f = fake_started();
    struct linux_process_info info;
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK(linux_process_next(f->system, 0, &info) && info.pid == 1 && info.program == 0 && info.state == 'R');
    CHECK_BYTES(info.name, "prog", 5);
    CHECK(linux_process_next(f->system, 1, &info) && info.pid == (uint32_t)pid && info.parent_pid == 1);
    CHECK(!linux_process_next(f->system, (uint32_t)pid, &info));
    sys(f, child, NR_exit_group, 0);
    CHECK(linux_process_next(f->system, 1, &info) && info.state == 'Z' && info.space == LINUX_NONE);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"process 1 starts on the console", process_one_starts},
    {"the stack holds arguments, environment and auxv", stack_holds_arguments_and_auxv},
    {"start refuses what is no program", start_refuses_what_is_no_program},
    {"init checks its input", init_checks_its_input},
    {"fork copies memory, registers and FP state; wait4 reports", fork_copies_and_wait_reports},
    {"vfork waits until the child executes or ends", vfork_waits_for_exec_or_exit},
    {"a failed exec keeps the caller", exec_failures_keep_the_caller},
    {"code that a program wrote is not executed", written_code_cannot_be_executed},
    {"scripts run their interpreter", scripts_run_their_interpreter},
    {"the limit of arguments is kept", argument_limit_is_kept},
    {"one string has its own limit", one_string_has_its_own_limit},
    {"exec closes files and resets handlers", exec_closes_and_resets},
    {"orphans go to process 1", orphans_go_to_process_one},
    {"ignoring SIGCHLD reaps children", ignoring_children_reaps_them},
    {"waitid reports, and can leave the child", waitid_reports_and_can_leave},
    {"threads share, are joined, and end", threads_share_and_end},
    {"exec and exit_group end the other threads", exec_and_exit_end_other_threads},
    {"the limit of processes is kept", process_limit_is_kept},
    {"memory of ended processes comes back", memory_comes_back},
    {"fork without memory changes nothing", fork_without_memory_changes_nothing},
    {"credentials follow the rules", credentials_follow_the_rules},
    {"the end of process 1 and reboot are told", the_end_is_told},
    {"brk, mmap, mprotect, mremap and madvise", memory_calls},
    {"files can be mapped privately", files_can_be_mapped_privately},
    {"views can list processes", views_list_processes},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
