/* SPDX-License-Identifier: MIT */
/**
 * Linux: runs programs of packages. Glue between lib/linux, which decides everything, and the kernel, the pager, the console and
 * the timer. See README.md.
 *
 * Owns:   the memory of lib/linux.    Uses: rt, linux, journal, tree, sysdesc.
 * Trust:  outside the trusted core. It cannot make anything executable: the pager and the ledger decide that.
 */
#include "format.h"
#include "proto/console.h"
#include "proto/system.h"
#include "proto/timer.h"
#include "server.h"

LX_MEMORY(arena);
LX_SHARED(catalog);
LX_CALL(timer);
LX_CALL(system_calls);
LX_CHANNEL(tty, CONSOLE_RECORD_BYTES);
LX_WATCH(timer_watch);
LX_SLOT(lx_signal, SLOT_SIGNAL, SLOT_OPTIONAL, logout);

#define NEVER UINT64_MAX
#define DRAIN_NS UINT64_C(20000000) /* for the last bytes on the serial line */

struct linux_system *linux_system;
struct journal refusals;

static struct shmq to_console;
static struct shmq from_console;
static bool console_full; /* lib/linux waits for room */
static int64_t wall_offset;
static uint64_t wanted_ns = NEVER; /* what lib/linux asked for */
static uint64_t armed_ns = NEVER;  /* what the timer knows */

static struct {
    bool asked;
    enum linux_power what;
    int status;
    uint64_t at_ns; /* the console has taken everything; NEVER: not yet */
} power = {.at_ns = NEVER};

const struct catalog *the_catalog(void)
{
    return (const struct catalog *)catalog.addr;
}

bool package_is_authorised(uint32_t package)
{
    return package < CATALOG_PACKAGES_MAX &&
           __atomic_load_n(&the_catalog()->packages[package].status, __ATOMIC_ACQUIRE) == CATALOG_AUTHORISED;
}

static enum linux_op program_info(void *env, uint32_t program, struct linux_program *out)
{
    (void)env;
    const struct catalog *c = the_catalog();
    if (program >= c->program_count || !package_is_authorised(c->programs[program].package)) {
        return LINUX_OP_NO_ACCESS;
    }
    const struct catalog_program *p = &c->programs[program];
    enum { PROGRAM_HEADER_BYTES = 56 };
    *out = (struct linux_program){.entry = p->entry,
                                  .phdr = p->phdr,
                                  .phdr_count = p->phdr_count,
                                  .phdr_bytes = PROGRAM_HEADER_BYTES,
                                  .start = p->start,
                                  .end = p->end,
                                  .is_relocatable = p->relocatable != 0};
    return LINUX_OP_OK;
}

static uint32_t program_of(void *env, const struct hash256 *root)
{
    (void)env;
    const struct catalog *c = the_catalog();
    for (uint32_t i = 0; i < c->program_count; i++) {
        const struct catalog_program *p = &c->programs[i];
        if (memcmp(c->objects[p->object].root, root->bytes, sizeof root->bytes) == 0 && package_is_authorised(p->package)) {
            return i;
        }
    }
    return LINUX_NONE;
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t now_ns(void *env)
{
    (void)env;
    return rt_now_ns();
}

static int64_t wall_offset_ns(void *env)
{
    (void)env;
    return wall_offset;
}

static void set_timer(void *env, uint64_t deadline_ns)
{
    (void)env;
    wanted_ns = deadline_ns;
}

/* An alarm that comes too early is harmless, so only earlier ones are set. */
static void arm(uint64_t at_ns)
{
    struct message m;
    if (at_ns >= armed_ns) {
        return;
    }
    rt_message(&m, TIMER_SET, rt_ns_to_ticks(at_ns) + 1);
    if (rt_call(&timer, &m) != PROTO_OK) {
        rt_log("the timer does not answer: programs that sleep do not wake");
        return;
    }
    armed_ns = at_ns;
}

static void read_wall_clock(void)
{
    struct message m;
    rt_message(&m, TIMER_WALL_CLOCK, 0);
    if (rt_call(&timer, &m) == PROTO_OK) {
        wall_offset = (int64_t)(m.word[0] - rt_ticks_to_ns(m.word[1]));
    }
}

/* ---- the console ----------------------------------------------------------------------------------------------------------------- */

static size_t console_write(void *env, const void *bytes, size_t len_bytes)
{
    (void)env;
    size_t done = shmq_put(&to_console, bytes, (uint32_t)(len_bytes < UINT32_MAX ? len_bytes : UINT32_MAX));
    console_full |= done < len_bytes;
    return done;
}

/* Says something on the console, as far as there is room. */
static void console_say(const char *text, ...) PRINTF_LIKE(1, 2);
static void console_say(const char *text, ...)
{
    char line[JOURNAL_TEXT_BYTES + 16];
    va_list args;
    va_start(args, text);
    size_t len = format_list(line, sizeof line, text, args);
    va_end(args);
    (void)shmq_put(&to_console, "lx: ", 4);
    (void)shmq_put(&to_console, line, (uint32_t)len);
    (void)shmq_put(&to_console, "\r\n", 2);
}

static void refused(void *env, const char *sentence, size_t len_bytes)
{
    (void)env;
    journal_write(&refusals, rt_ticks(), JOURNAL_REFUSED, "%.*s", (int)len_bytes, sentence);
    console_say("%.*s", (int)len_bytes, sentence);
}

static void receive(void)
{
    char bytes[256];
    do {
        uint32_t len;
        while ((len = shmq_get(&from_console, bytes, sizeof bytes)) != 0) {
            linux_console_input(linux_system, bytes, len);
        }
    } while (!shmq_sleep(&from_console));
}

/* ---- power ------------------------------------------------------------------------------------------------------------------------- */

static void power_asked(void *env, enum linux_power what, int status)
{
    (void)env;
    power.asked = true;
    power.what = what;
    power.status = status;
}

static const char *power_word(void)
{
    switch (power.what) {
    case LINUX_POWER_OFF:
        return "power off";
    case LINUX_POWER_RESTART:
        return "restart";
    case LINUX_POWER_HALT:
        return "halted";
    }
    return "?";
}

/* Everything stops; the last line is on the console; then the machine does it. */
static void power_step(void)
{
    static bool has_said;
    if (!has_said) {
        has_said = true;
        spaces_reset();
        volume_commit();
        console_say("%s, status %d", power_word(), power.status);
    }
    if (power.at_ns == NEVER && shmq_ready(&to_console) == tty.record_count) {
        power.at_ns = rt_now_ns() + DRAIN_NS;
    }
    if (power.at_ns == NEVER) {
        arm(rt_now_ns() + DRAIN_NS);
    } else if (rt_now_ns() < power.at_ns) {
        arm(power.at_ns);
    } else if (power.what != LINUX_POWER_HALT) {
        struct message m;
        rt_message(&m, SYSTEM_POWER, power.what == LINUX_POWER_RESTART ? SYSTEM_POWER_RESTART : SYSTEM_POWER_OFF);
        if (rt_call(&system_calls, &m) != PROTO_OK) {
            rt_log("the firmware does not switch this machine off: do it by hand");
        }
        power.what = LINUX_POWER_HALT;
    }
}

/* ---- start --------------------------------------------------------------------------------------------------------------------------- */

static const struct linux_ops ops = {
    .space_create = space_create,
    .space_clone = space_clone,
    .space_destroy = space_destroy,
    .map_anon = map_anon,
    .map_program = map_program,
    .map_object = map_object,
    .unmap = unmap,
    .protect = protect,
    .discard = discard,
    .fault = fault,
    .pin = pin,
    .space_usage = space_usage,
    .space_maps = space_maps,
    .object_map = object_map,
    .program_info = program_info,
    .program_of = program_of,
    .refused = refused,
    .thread_bind = thread_bind,
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .thread_read = thread_read,
    .thread_write = thread_write,
    .thread_reply = thread_reply,
    .thread_release = thread_release,
    .thread_cpu_ns = thread_cpu_ns,
    .now_ns = now_ns,
    .wall_offset_ns = wall_offset_ns,
    .set_timer = set_timer,
    .random = random_bytes,
    .console_write = console_write,
    .power = power_asked,
    .memory_usage = memory_usage,
};

static struct linux_file_decl files[CATALOG_FILES_MAX];

static size_t declare_files(void)
{
    const struct catalog *c = the_catalog();
    for (uint32_t i = 0; i < c->file_count; i++) {
        const struct catalog_file *f = &c->files[i];
        files[i] = (struct linux_file_decl){.path = c->strings + f->path,
                                            .kind = f->kind == CATALOG_DIR    ? LINUX_FILE_DIR
                                                    : f->kind == CATALOG_LINK ? LINUX_FILE_SYMLINK
                                                                              : LINUX_FILE_OBJECT,
                                            .mode = f->mode,
                                            .uid = f->uid,
                                            .gid = f->gid,
                                            .size_bytes = f->size_bytes,
                                            .object = f->object,
                                            .program = f->program,
                                            .root = f->object == CATALOG_NONE ? NULL : c->objects[f->object].root,
                                            .target = f->kind == CATALOG_LINK ? c->strings + f->target : NULL};
    }
    return c->file_count;
}

/* Why there is no shell, in the words of the ledger. */
static void explain(void)
{
    const struct catalog *c = the_catalog();
    console_say("no shell can be started: no package that is authorised here has /bin/sh");
    for (uint32_t i = 0; i < c->package_count; i++) {
        if (c->packages[i].status != CATALOG_AUTHORISED) {
            console_say("%s", c->packages[i].sentence);
        }
    }
}

static bool start_shell(void)
{
    static const char *const argv[] = {"-sh", NULL};
    static const char *const envp[] = {"HOME=/root", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "SHELL=/bin/sh", "TERM=vt100",
                                       "USER=root", "LOGNAME=root", NULL};
    if (linux_start(linux_system, "/bin/sh", argv, envp) != LX_OK) {
        return false;
    }
    rt_log("the first program starts %lu us after reset", (unsigned long)(rt_now_ns() / 1000));
    return true;
}

/* What was done with the files of packages on the volume, if anything. */
static void say_installed(void)
{
    struct linux_installed i;
    linux_installed(linux_system, &i);
    if (i.done + i.kept + i.failed != 0) {
        rt_log("files of packages on the volume: %u as declared, %u kept as they were changed, %u not written%s", i.done, i.kept, i.failed,
               i.first_error == 0 ? "" : " (no room, or no name)");
    }
}

/* @return whether a shell runs. */
static bool make_system(const struct linux_volume *volume)
{
    const struct linux_config config = {.memory = (void *)arena.addr,
                                        .memory_bytes = arena.len_bytes,
                                        .ops = &ops,
                                        .files = files,
                                        .file_count = declare_files(),
                                        .volume = *volume,
                                        .views = views,
                                        .view_count = view_count,
                                        .abi_program = the_catalog()->abi_program,
                                        .counter_hz = rt_info_page()->ticks_hz,
                                        .version = "LX-OS"};
    enum lx_err error = linux_init(&config, &linux_system);
    if (error == LX_EIO) {
        return false;
    }
    if (error != LX_OK) {
        rt_panic("the files of the packages do not form a file system (error %d)", (int)error);
    }
    say_installed();
    return the_catalog()->abi_program != CATALOG_NONE && start_shell();
}

/* From the volume; again, with what packages have there mended; or from memory. */
static void make_some_system(void)
{
    static const char *const sentences[] = {
        "no shell starts from the volume: files of packages are put there again",
        "no shell starts from the volume: this start keeps files in memory, and leaves the volume as it is",
    };
    struct linux_volume volume = {0};
    bool has_programs = the_catalog()->abi_program != CATALOG_NONE;
    for (size_t i = 0; has_programs && i < ARRAY_LEN(sentences) && volume_attach(&volume); i++) {
        volume.repair = i > 0;
        if (make_system(&volume)) {
            return;
        }
        rt_log("%s", sentences[i]);
    }
    volume = (struct linux_volume){0};
    if (!make_system(&volume)) {
        explain();
    }
}

static void finish_entry(void);

/* The person has logged out: nothing of him runs on. What is in memory is gone; the volume is for whoever logs in. */
static void begin_again(void)
{
    threads_reset();
    spaces_reset();
    volume_commit();
    console_full = false;
    make_some_system();
}

void init(void)
{
    shmq_open(&to_console, (void *)tty.send_addr, CONSOLE_RECORD_BYTES, tty.record_count, true);
    shmq_open(&from_console, (void *)tty.receive_addr, CONSOLE_RECORD_BYTES, tty.record_count, false);
    random_init();
    threads_init();
    spaces_reset();
    read_wall_clock();
    make_some_system();
    receive();
    finish_entry();
}

/* ---- what arrives ---------------------------------------------------------------------------------------------------------------------- */

/* After lib/linux has run: what it asked for meanwhile. */
static void finish_entry(void)
{
    if (power.asked) {
        power_step();
    } else {
        arm(console_full && !shmq_sleep(&to_console) ? 0 : wanted_ns); /* room again already: the alarm comes at once */
    }
    if (shmq_should_notify(&to_console)) {
        rt_signal_later(tty.notify);
    }
}

void notified(uint64_t signals)
{
    if ((signals & (timer.signal | timer_watch.signal)) != 0) {
        armed_ns = NEVER; /* it is over; or the timer was restarted and has forgotten it */
    }
    if (lx_given(logout) && (signals & logout.signal) != 0 && !power.asked) {
        begin_again();
    }
    if (!power.asked) {
        wanted_ns = NEVER; /* asked for anew if something is still to come */
        linux_timer(linux_system);
    }
    if (!power.asked) {
        receive();
    }
    if (console_full && !power.asked) {
        console_full = false;
        linux_console_writable(linux_system);
    }
    finish_entry();
}

bool protected(struct message *m)
{
    uint64_t thread = (m->badge & BADGE_NUMBER) - PAGER_THREAD_BADGE;
    if (thread >= LINUX_THREADS_MAX || power.asked) {
        return false;
    }
    bool has_answer = threads_trap((uint32_t)thread, m);
    const struct message answer = *m;
    finish_entry(); /* sends only messages that fit registers, so a long answer stays in the message buffer */
    *m = answer;
    return has_answer && !power.asked;
}
