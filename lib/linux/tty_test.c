/* SPDX-License-Identifier: MIT */
/*
 * Shows: the terminal edits lines, echoes, signals and waits as Linux terminals do, job control included. The last case types
 * random keys into a pseudo terminal of the host and into ours and compares what is shown and what is read.
 */
#include "fake_env.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)
#define HANDLER UINT64_C(0x400800)

static void expect_output(struct fake *f, const char *expected, const char *file, int line)
{
    if (f->console_len != strlen(expected) || memcmp(f->console, expected, f->console_len) != 0) {
        unit_failed_checks++;
        printf("# %s:%d: the console shows \"", file, line);
        for (size_t i = 0; i < f->console_len; i++) {
            printf(f->console[i] < 32 || f->console[i] > 126 ? "\\%03o" : "%c", f->console[i]);
        }
        printf("\"\n");
    }
    f->console_len = 0;
}
#define SHOWS(f, expected) expect_output(f, expected, __FILE__, __LINE__)

static void expect_read(struct fake *f, uint32_t t, const char *expected, const char *file, int line)
{
    char bytes[4096];
    int64_t len = result(f, t);
    if (len == FAKE_BLOCKED || len < 0 || (size_t)len != strlen(expected)) {
        unit_failed_checks++;
        printf("# %s:%d: read gave %lld\n", file, line, (long long)len);
        return;
    }
    get(f, t, BUF, bytes, (size_t)len);
    if (memcmp(bytes, expected, (size_t)len) != 0) {
        unit_failed_checks++;
        printf("# %s:%d: read gave \"%.*s\"\n", file, line, (int)len, bytes);
    }
}
#define READ(f, t) (void)sys(f, t, NR_read, 0, BUF, 4000)
#define READS(f, t, expected) expect_read(f, t, expected, __FILE__, __LINE__)

static void set_modes(struct fake *f, uint32_t clear_local, uint32_t set_local, uint8_t min, uint8_t time)
{
    struct abi_termios termios;
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCGETS_, BUF), 0);
    get(f, 0, BUF, &termios, sizeof(termios));
    termios.lflag = (termios.lflag & ~clear_local) | set_local;
    termios.cc[VMIN_] = min;
    termios.cc[VTIME_] = time;
    put(f, 0, BUF, &termios, sizeof(termios));
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCSETS_, BUF), 0);
}

static void lines_are_edited(void)
{
    struct fake *f = fake_started();
    READ(f, 0);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_type(f, "hel");
    fake_type(f, "q\177lo\r");
    READS(f, 0, "hello\n");
    SHOWS(f, "helq\b \blo\r\n");
    fake_type(f, "one two\027three\025x\ty\177\177z\n");
    READ(f, 0);
    READS(f, 0, "xz\n");
    f->console_len = 0;
    fake_type(f, "a\026\003b\n"); /* ^V ^C */
    READ(f, 0);
    READS(f, 0, "a\003b\n");
    SHOWS(f, "a^\b^Cb\r\n");
    fake_type(f, "\004");
    READ(f, 0);
    READS(f, 0, "");
    fake_type(f, "part\004");
    READ(f, 0);
    READS(f, 0, "part");
    fake_type(f, "long line\n");
    (void)sys(f, 0, NR_read, 0, BUF, 4);
    READS(f, 0, "long");
    READ(f, 0);
    READS(f, 0, " line\n");
    OK(f);
    fake_free(f);
}

static void raw_reads_wait_for_bytes_or_time(void)
{
    struct fake *f = fake_started();
    set_modes(f, ICANON_ | ECHO_, 0, 3, 0);
    READ(f, 0);
    fake_type(f, "ab");
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_type(f, "cd");
    READS(f, 0, "abcd");
    set_modes(f, ICANON_, 0, 0, 0);
    READ(f, 0);
    READS(f, 0, "");
    set_modes(f, ICANON_, 0, 0, 5); /* half a second for the first byte */
    READ(f, 0);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_advance(f, 400000000);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_advance(f, 100000000);
    READS(f, 0, "");
    set_modes(f, ICANON_, 0, 10, 1); /* a tenth between bytes, once one is there */
    READ(f, 0);
    fake_advance(f, 10000000000u);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_type(f, "x");
    fake_advance(f, 90000000);
    fake_type(f, "y");
    fake_advance(f, 90000000);
    CHECK_EQ(result(f, 0), FAKE_BLOCKED);
    fake_advance(f, 10000000);
    READS(f, 0, "xy");
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, FCNTL_SETFL, O_NONBLOCK_), 0);
    CHECK_EQ(sys(f, 0, NR_read, 0, BUF, 10), -E_AGAIN);
    OK(f);
    fake_free(f);
}

static void switching_modes_keeps_what_was_typed(void)
{
    struct fake *f = fake_started();
    fake_type(f, "partial");
    set_modes(f, ICANON_, 0, 1, 0);
    READ(f, 0);
    READS(f, 0, "partial");
    fake_type(f, "more");
    set_modes(f, 0, ICANON_, 1, 0);
    READ(f, 0);
    READS(f, 0, "more");
    OK(f);
    fake_free(f);
}

static void input_that_does_not_fit_is_dropped(void)
{
    struct fake *f = fake_started();
    char big[5000];
    memset(big, 'x', sizeof(big));
    set_modes(f, ECHO_, 0, 1, 0);
    linux_console_input(f->system, big, sizeof(big));
    fake_type(f, "\n");
    CHECK_EQ(sys(f, 0, NR_read, 0, BUF, 8000), 4096);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, FIONREAD_, BUF), 0);
    CHECK_EQ(get32(f, 0, BUF), 0);
    OK(f);
    fake_free(f);
}

static void output_waits_for_the_console(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    struct abi_pollfd entry = {1, POLLOUT_, 0};
    f->console_accepts = 100;
    CHECK_EQ(sys(f, child, NR_getrandom, BUF, 6000, 0), 6000);
    char text[6000];
    memset(text, 'y', sizeof(text));
    put(f, child, BUF, text, sizeof(text));
    CHECK_EQ(sys(f, child, NR_write, 1, BUF, 6000), FAKE_BLOCKED);
    put(f, 0, BUF, &entry, sizeof(entry));
    CHECK_EQ(sys(f, 0, NR_ppoll, BUF, 1, 0, 0, 0), FAKE_BLOCKED);
    f->console_accepts = 3000;
    linux_console_writable(f->system);
    CHECK_EQ(result(f, child), 6000);
    CHECK_EQ(result(f, 0), 1);
    f->console_accepts = FAKE_CONSOLE;
    linux_console_writable(f->system);
    CHECK_EQ(f->console_len, 6000);
    f->console_len = 0;
    fake_type(f, "\023"); /* ^S */
    CHECK_EQ(sys(f, 0, NR_write, 1, BUF, 2), 2);
    CHECK_EQ(f->console_len, 0);
    fake_type(f, "\021");
    CHECK_EQ(f->console_len, 2);
    OK(f);
    fake_free(f);
}

/** A shell (thread 0, process 1) and a job of its own group. */
static uint32_t start_job(struct fake *f, int64_t *pid)
{
    fake_action(f, 0, SIGTTOU_, SIG_IGN_, 0, 0);
    uint32_t job = fake_fork(f, 0, pid);
    fake_action(f, job, SIGTTOU_, SIG_DFL_, 0, 0);
    CHECK_EQ(sys(f, job, NR_setpgid, 0, 0), 0);
    return job;
}

static void set_foreground(struct fake *f, uint32_t t, int64_t pgid)
{
    uint32_t value = (uint32_t)pgid;
    put(f, t, BUF, &value, 4);
    CHECK_EQ(sys(f, t, NR_ioctl, 0, TIOCSPGRP_, BUF), 0);
}

static void keys_signal_the_foreground(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t job = start_job(f, &pid);
    fake_action(f, job, SIGINT_, HANDLER, 0, 0);
    set_foreground(f, 0, pid);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCGPGRP_, BUF), 0);
    CHECK_EQ(get32(f, 0, BUF), pid);
    READ(f, job);
    fake_type(f, "dropped\003");
    CHECK_EQ(f->threads[job].regs.pc, HANDLER);
    SHOWS(f, "^C"); /* what waited to be shown went with the line */
    f->threads[job].regs.pc = f->threads[job].regs.x[30] + 4;
    fake_trap(f, job, NR_rt_sigreturn);
    fake_type(f, "\032"); /* ^Z */
    CHECK_EQ(f->threads[job].state, FAKE_STOPPED);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, WUNTRACED_, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), (uint32_t)SIGTSTP_ << 8 | 0x7f);
    CHECK_EQ(sys(f, 0, NR_kill, -pid, SIGCONT_), 0);
    CHECK_EQ(f->threads[job].state, FAKE_RUNS);
    fake_type(f, "\034");
    CHECK_EQ(result(f, job), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGQUIT_);
    OK(f);
    fake_free(f);
}

static void background_jobs_are_stopped(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t job = start_job(f, &pid);
    READ(f, job);
    CHECK(result(f, job) == FAKE_BLOCKED && f->threads[job].state == FAKE_TRAPPED);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, WUNTRACED_, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), (uint32_t)SIGTTIN_ << 8 | 0x7f);
    set_foreground(f, 0, pid);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    fake_type(f, "now\n");
    READS(f, job, "now\n"); /* the same read went on */
    set_foreground(f, 0, 1);
    put(f, job, BUF, "w", 1);
    CHECK_EQ(sys(f, job, NR_write, 1, BUF, 1), 1); /* writing is allowed without TOSTOP */
    CHECK_EQ(sys(f, job, NR_ioctl, 0, TCSETS_, BUF), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, WUNTRACED_ | WNOHANG_, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), (uint32_t)SIGTTOU_ << 8 | 0x7f);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGKILL_), 0);
    /* Who ignores SIGTTIN cannot read; who is in an orphaned group neither. */
    job = start_job(f, &pid);
    fake_action(f, job, SIGTTIN_, SIG_IGN_, 0, 0);
    CHECK_EQ(sys(f, job, NR_read, 0, BUF, 1), -E_IO);
    OK(f);
    fake_free(f);
}

static void sessions_own_the_terminal(void)
{
    struct fake *f = fake_started();
    int64_t pid, second;
    uint32_t t = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, t, NR_setsid, 0), pid);
    CHECK_EQ(sys(f, t, NR_setsid, 0), -E_PERM);
    CHECK_EQ(sys_open(f, t, "/dev/tty", O_RDWR_, 0), -E_NXIO);
    CHECK_EQ(sys(f, t, NR_ioctl, 0, TIOCGPGRP_, BUF), -E_NOTTY);
    CHECK_EQ(sys(f, t, NR_ioctl, 0, TIOCSCTTY_, 0), -E_PERM); /* it has an owner */
    CHECK_EQ(sys(f, t, NR_ioctl, 0, TIOCSCTTY_, 1), 0);       /* but root may take it */
    CHECK_EQ(sys(f, t, NR_ioctl, 0, TIOCGSID_, BUF), 0);
    CHECK_EQ(get32(f, t, BUF), pid);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCGSID_, BUF), -E_NOTTY);
    uint32_t child = fake_fork(f, t, &second);
    fake_action(f, child, SIGHUP_, HANDLER, 0, 0);
    CHECK_EQ(sys(f, t, NR_exit_group, 0), FAKE_GONE); /* the leader ends: the foreground hears SIGHUP */
    CHECK_EQ(f->threads[child].regs.pc, HANDLER);
    CHECK_EQ(sys_open(f, child, "/dev/tty", O_RDWR_, 0), -E_NXIO);
    /* A leader without a terminal gets a free one by opening it; /dev/console does not count. */
    CHECK_EQ(sys(f, child, NR_setsid, 0), second);
    int64_t fd = sys_open(f, child, "/dev/console", O_RDWR_, 0);
    CHECK_EQ(sys(f, child, NR_ioctl, fd, TIOCGSID_, BUF), -E_NOTTY);
    fd = sys_open(f, child, "/dev/ttyAMA0", O_RDWR_ | O_NOCTTY_, 0);
    CHECK_EQ(sys(f, child, NR_ioctl, fd, TIOCGSID_, BUF), -E_NOTTY);
    fd = sys_open(f, child, "/dev/ttyAMA0", O_RDWR_, 0);
    CHECK_EQ(sys(f, child, NR_ioctl, fd, TIOCGSID_, BUF), 0);
    CHECK_EQ(sys(f, child, NR_ioctl, fd, TIOCNOTTY_, 0), 0);
    CHECK_EQ(sys(f, child, NR_ioctl, fd, TIOCGSID_, BUF), -E_NOTTY);
    OK(f);
    fake_free(f);
}

static void settings_are_checked(void)
{
    struct fake *f = fake_started();
    struct abi_winsize window = {50, 132, 0, 0};
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCGWINSZ_, BUF), 0);
    CHECK_EQ(get32(f, 0, BUF), 80u << 16 | 24);
    fake_action(f, 0, SIGWINCH_, HANDLER, 0, 0);
    put(f, 0, BUF, &window, sizeof(window));
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCSWINSZ_, BUF), SIGWINCH_);
    linux_console_resize(f->system, 50, 132); /* no change, no signal */
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCGETS_, 8), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCSETS_, 8), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCFLSH_, 3), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCXONC_, 4), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, 0x5600, 0), -E_NOTTY); /* VT_OPENQRY */
    CHECK_EQ(sys(f, 0, NR_ioctl, 9, TCGETS_, BUF), -E_BADF);
    int64_t null = sys_open(f, 0, "/dev/null", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_ioctl, null, TCGETS_, BUF), -E_NOTTY);
    uint32_t pgid = 7777;
    put(f, 0, BUF, &pgid, 4);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCSPGRP_, BUF), -E_SRCH);
    pgid = UINT32_MAX;
    put(f, 0, BUF, &pgid, 4);
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TIOCSPGRP_, BUF), -E_INVAL);
    fake_type(f, "gone");
    CHECK_EQ(sys(f, 0, NR_ioctl, 0, TCFLSH_, 0), 0);
    CHECK_EQ(sys(f, 0, NR_lseek, 0, 0, SEEK_CUR_), -E_SPIPE);
    OK(f);
    fake_free(f);
}

/* ---- the host's pseudo terminals --------------------------------------------------------------------------------- */

struct twins {
    struct fake *f;
    int master, slave;
    uint64_t state;
    useconds_t patience_us;
    char log[8192];
    bool quiet, differs;
};

static uint32_t pick(struct twins *w, uint32_t n)
{
    w->state = w->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->state >> 33) % n;
}

static void append_bytes(struct twins *w, const char *what, const uint8_t *bytes, size_t len)
{
    size_t at = strlen(w->log);
    at += (size_t)snprintf(w->log + at, sizeof(w->log) - at, "%s \"", what);
    for (size_t i = 0; i < len && at + 8 < sizeof(w->log); i++) {
        at += (size_t)snprintf(w->log + at, sizeof(w->log) - at, bytes[i] < 32 || bytes[i] > 126 ? "\\%03o" : "%c", bytes[i]);
    }
    snprintf(w->log + at, sizeof(w->log) - at, "\"; ");
}

static void differ(struct twins *w, const char *what, const uint8_t *ours, size_t our_len, const uint8_t *hosts, size_t host_len)
{
    if (our_len == host_len && memcmp(ours, hosts, our_len) == 0) {
        return;
    }
    w->differs = true;
    if (!w->quiet) {
        w->log[sizeof(w->log) - 600] = '\0';
        append_bytes(w, "\n#   here", ours, our_len);
        append_bytes(w, "\n#   host", hosts, host_len);
        printf("# %s after %s\n", what, w->log);
    }
}

static size_t read_master(struct twins *w, uint8_t *bytes, size_t cap)
{
    size_t len = 0;
    for (uint32_t quiet = 0; quiet < 2;) {
        usleep(w->patience_us);
        ssize_t n = read(w->master, bytes + len, cap - len);
        quiet = n > 0 ? 0 : quiet + 1;
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

static void type_random(struct twins *w)
{
    static const char keys[] = "ab_ \t1\177\025\027\004\026\022\n\r\003\032\034\021\023\001\033Z\n\177\177\027\xc3\xa4\t";
    uint8_t bytes[40], shown[4096];
    size_t len = 1 + pick(w, 12);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)keys[pick(w, sizeof(keys) - 1)];
        /* Signals drop and ^S holds what the host shows only at the end of a batch of keys, and we at once. */
        bool acts_on_output = bytes[i] == 3 || bytes[i] == 26 || bytes[i] == 28 || bytes[i] == 17 || bytes[i] == 19;
        if (acts_on_output && i > 0) {
            len = i;
        }
    }
    append_bytes(w, "typed", bytes, len);
    CHECK_EQ(write(w->master, bytes, len), (ssize_t)len);
    size_t host_len = read_master(w, shown, sizeof(shown));
    linux_console_input(w->f->system, bytes, len);
    differ(w, "the echo differs", w->f->console, w->f->console_len, shown, host_len);
    w->f->console_len = 0;
}

static void write_random(struct twins *w)
{
    static const char text[] = "xyz\t\n\r\bA\001 \n";
    uint8_t bytes[20], shown[4096];
    size_t len = 1 + pick(w, 12);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)text[pick(w, sizeof(text) - 1)];
    }
    append_bytes(w, "wrote", bytes, len);
    put(w->f, 0, BUF, bytes, len);
    /* While output is stopped the two buffer differently; that is no difference that a program relies on. */
    ssize_t n = write(w->slave, bytes, len);
    if (n != (ssize_t)len) {
        return;
    }
    CHECK_EQ(sys(w->f, 0, NR_write, 1, BUF, len), (int64_t)len);
    size_t host_len = read_master(w, shown, sizeof(shown));
    differ(w, "the output differs", w->f->console, w->f->console_len, shown, host_len);
    w->f->console_len = 0;
}

static void read_both(struct twins *w)
{
    uint8_t ours[64], hosts[64];
    size_t cap = pick(w, 3) == 0 ? 1 + pick(w, 6) : sizeof(hosts);
    struct pollfd host_poll = {w->slave, POLLIN, 0};
    struct abi_pollfd our_poll = {0, POLLIN_, 0};
    uint64_t zero[2] = {0, 0};
    put(w->f, 0, BUF, &our_poll, sizeof(our_poll));
    put(w->f, 0, BUF + 64, zero, sizeof(zero));
    uint8_t a = (uint8_t)sys(w->f, 0, NR_ppoll, BUF, 1, BUF + 64, 0, 0), b = (uint8_t)poll(&host_poll, 1, 0);
    differ(w, "poll differs", &a, 1, &b, 1);
    ssize_t n = read(w->slave, hosts, cap);
    int64_t r = sys(w->f, 0, NR_read, 0, BUF, cap);
    size_t at = strlen(w->log);
    snprintf(w->log + at, sizeof(w->log) - at, "read %zu; ", cap);
    if (r > 0) {
        get(w->f, 0, BUF, ours, (size_t)r);
    }
    uint8_t codes[2] = {(uint8_t)(r < 0), (uint8_t)(n < 0)};
    differ(w, "whether there was something to read differs", &codes[0], 1, &codes[1], 1);
    if (r >= 0 && n >= 0) {
        differ(w, "what was read differs", ours, (size_t)r, hosts, (size_t)n);
    }
}

static void set_random_modes(struct twins *w)
{
    static const uint32_t in[] = {ICRNL_, IGNCR_, INLCR_, IXON_, IXANY_, IUTF8_, ISTRIP_, IUCLC_};
    static const uint32_t out[] = {OPOST_, ONLCR_, OCRNL_, ONOCR_, ONLRET_, XTABS_, OLCUC_};
    static const uint32_t local[] = {ISIG_, ECHO_, ECHOE_, ECHOK_, ECHONL_, NOFLSH_, ECHOCTL_, ECHOKE_, IEXTEN_};
    struct abi_termios t;
    CHECK_EQ(ioctl(w->slave, TCGETS_, &t), 0);
    t.iflag = ICRNL_ | IXON_;
    t.oflag = OPOST_ | ONLCR_;
    t.lflag = ISIG_ | ICANON_ | ECHO_ | ECHOE_ | ECHOK_ | ECHOCTL_ | ECHOKE_ | IEXTEN_;
    for (size_t i = 0; i < ARRAY_LEN(in); i++) {
        t.iflag ^= pick(w, 5) == 0 ? in[i] : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(out); i++) {
        t.oflag ^= pick(w, 6) == 0 ? out[i] : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(local); i++) {
        t.lflag ^= pick(w, 5) == 0 ? local[i] : 0;
    }
    t.lflag ^= pick(w, 6) == 0 ? ICANON_ : 0;
    t.cc[VMIN_] = 1;
    t.cc[VTIME_] = 0;
    size_t at = strlen(w->log);
    snprintf(w->log + at, sizeof(w->log) - at, "modes i=%o o=%o l=%o; ", t.iflag, t.oflag, t.lflag);
    CHECK_EQ(ioctl(w->slave, TCSETS_, &t), 0);
    put(w->f, 0, BUF, &t, sizeof(t));
    CHECK_EQ(sys(w->f, 0, NR_ioctl, 0, TCSETS_, BUF), 0);
}

/** One sequence on both. @return whether they agreed; says nothing unless `speaks`. */
static bool run_twins(uint64_t seed, useconds_t patience_us, bool speaks)
{
    struct twins w = {.f = fake_started(), .state = seed * 104729 + 3, .patience_us = patience_us, .quiet = !speaks};
    w.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(w.master >= 0 && grantpt(w.master) == 0 && unlockpt(w.master) == 0);
    w.slave = open(ptsname(w.master), O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(w.slave >= 0);
    CHECK_EQ(sys(w.f, 0, NR_fcntl, 0, FCNTL_SETFL, O_NONBLOCK_), 0);
    set_random_modes(&w);
    for (uint32_t i = 0; i < 12 && !w.differs; i++) {
        uint32_t what = pick(&w, 10);
        if (what < 5) {
            type_random(&w);
        } else if (what < 8) {
            read_both(&w);
        } else {
            write_random(&w);
        }
    }
    if (speaks && w.differs) {
        printf("# seed %llu\n", (unsigned long long)seed);
    }
    close(w.slave);
    close(w.master);
    OK(w.f);
    fake_free(w.f);
    return !w.differs;
}

static void the_host_agrees(void)
{
    const char *first = getenv("TTY_SEED"), *count = getenv("TTY_SEEDS");
    uint64_t from = first == NULL ? 1 : strtoull(first, NULL, 10), n = count == NULL ? 150 : strtoull(count, NULL, 10);
    int probe = posix_openpt(O_RDWR | O_NOCTTY);
    if (probe < 0) {
        printf("# not shown: this machine has no pseudo terminals (is /dev/pts mounted?)\n");
        return;
    }
    close(probe);
    for (uint64_t seed = from; seed < from + n && probe >= 0; seed++) {
        /* The host's line discipline works behind our back: a difference counts when it stays after a long wait. */
        CHECK(run_twins(seed, 150, false) || run_twins(seed, 5000, false) || run_twins(seed, 50000, false) ||
              run_twins(seed, 400000, true));
    }
}

static const struct unit_case cases[] = {
    {"lines are edited, echoed and ended", lines_are_edited},
    {"raw reads wait for bytes or time", raw_reads_wait_for_bytes_or_time},
    {"switching modes keeps what was typed", switching_modes_keeps_what_was_typed},
    {"input that does not fit is dropped", input_that_does_not_fit_is_dropped},
    {"output waits for the console", output_waits_for_the_console},
    {"keys signal the foreground group", keys_signal_the_foreground},
    {"background jobs are stopped at the terminal", background_jobs_are_stopped},
    {"sessions own the terminal", sessions_own_the_terminal},
    {"settings of the terminal are checked", settings_are_checked},
    {"random keys do what they do on the host", the_host_agrees},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
