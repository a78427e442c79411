/* SPDX-License-Identifier: MIT */
/** Runs test scripts one after the other; "ok" or "not ok" for each. See lxtest.h. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hosttool.h"
#include "lxtest.h"

enum { CONSOLE_BYTES = 1 << 20, SILENCE_MS = 60000, CRASH_MS = 20, CRASH_AGAIN_MS = 500 };

static const char usage[] = "usage: lxtest [-v] [-i DIRECTORY OF IMAGES] [-b BENCH.csv] SCRIPT...\n";

/** One run: what the console said, and how far it was understood. */
struct run {
    struct script script;
    struct machine machine;
    bool is_on;
    const char *images; /* their directory */
    char image[560];
    char memory[640]; /* file that is the machine's memory */
    char disk[640];
    char text[CONSOLE_BYTES];
    size_t len;
    size_t matched; /* expectations look behind this */
    uint64_t end_ms;
    const char *bench;
    char why[512];
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool refused(struct run *r)
{
    for (int i = 0; i < r->script.refused_count; i++) {
        if (memmem(r->text, r->len, r->script.refused[i], strlen(r->script.refused[i])) != NULL) {
            snprintf(r->why, sizeof r->why, "the console says \"%s\"", r->script.refused[i]);
            return true;
        }
    }
    return false;
}

/* Reads what there is within `ms`; false when the test is over: time, silence, end or a refused text. */
static bool read_more(struct run *r, uint64_t ms, bool silence_is_bad)
{
    uint64_t now = now_ms();
    if (now >= r->end_ms) {
        snprintf(r->why, sizeof r->why, "not done within %u s", r->script.limit_s);
        return false;
    }
    uint64_t left = r->end_ms - now;
    struct pollfd p = {.fd = r->machine.from, .events = POLLIN};
    int ready = poll(&p, 1, (int)(ms < left ? ms : left));
    if (ready == 0) {
        if (silence_is_bad && ms <= left) {
            snprintf(r->why, sizeof r->why, "nothing from the console for %d s", SILENCE_MS / 1000);
        }
        return !silence_is_bad || ms > left;
    }
    ssize_t got = ready < 0 ? -1 : read(r->machine.from, r->text + r->len, CONSOLE_BYTES - 1 - r->len);
    if (got <= 0) {
        snprintf(r->why, sizeof r->why, r->len == CONSOLE_BYTES - 1 ? "too much text" : "QEMU ended");
        return false;
    }
    r->len += (size_t)got;
    r->text[r->len] = '\0';
    return !refused(r);
}

/* Waits for a text; `after` is where it ends. */
static bool expect(struct run *r, const struct step *step, size_t *after)
{
    for (;;) {
        char *found = memmem(r->text + r->matched, r->len - r->matched, step->text, step->len);
        if (found != NULL) {
            *after = (size_t)(found - r->text) + step->len;
            return true;
        }
        if (!read_more(r, SILENCE_MS, true)) {
            size_t used = strlen(r->why);
            snprintf(r->why + used, sizeof r->why - used, "; line %d expects \"%s\"", step->line, step->text);
            return false;
        }
    }
}

/* The number must have ended before it is believed, so one more byte is read. */
static bool measure(struct run *r, const struct step *step)
{
    size_t at;
    char *end;
    if (!expect(r, step, &at)) {
        return false;
    }
    unsigned long long n;
    for (;;) {
        n = strtoull(r->text + at, &end, 10);
        if (end < r->text + r->len) {
            break;
        }
        if (!read_more(r, SILENCE_MS, true)) {
            return false;
        }
    }
    if (end == r->text + at) {
        snprintf(r->why, sizeof r->why, "line %d: no number behind \"%s\"", step->line, step->text);
        return false;
    }
    char peer[64] = "";
    if (step->peer[0] != '\0') {
        snprintf(peer, sizeof peer, " (%s %llu)", step->peer, step->peer_value);
    }
    printf("# %s %llu %s%s\n", step->key, n, step->unit, peer);
    FILE *f = r->bench == NULL ? NULL : fopen(r->bench, "a");
    if (f != NULL) {
        fprintf(f, "%s,%llu,%s", step->key, n, step->unit);
        if (peer[0] != '\0') {
            fprintf(f, ",%s,%llu", step->peer, step->peer_value);
        }
        fputc('\n', f);
        fclose(f);
    }
    r->matched = (size_t)(end - r->text);
    return true;
}

static bool wait_ms(struct run *r, unsigned ms)
{
    uint64_t until = now_ms() + ms;
    while (now_ms() < until) {
        if (!read_more(r, until - now_ms(), false)) {
            return false;
        }
    }
    return true;
}

/* The top byte of the first instruction: every instruction that a function of ours starts with becomes an undefined one. What
 * repairs memory may be faster than the function is called, and QEMU may still have the old code, hence the repetition. */
static bool crash(struct run *r, const struct step *step)
{
    unsigned long offset;
    if (!function_offset(r->images, step->key, step->function, &offset)) {
        return false;
    }
    for (uint64_t next_ms = now_ms();;) {
        if (now_ms() >= next_ms) {
            (void)memory_flip(r->image, r->memory, step->key, offset + 3, "");
            next_ms = now_ms() + CRASH_AGAIN_MS;
        }
        const char *found = memmem(r->text + r->matched, r->len - r->matched, step->text, step->len);
        if (found != NULL) {
            r->matched = (size_t)(found - r->text) + step->len;
            return true;
        }
        if (!read_more(r, CRASH_MS, false)) {
            size_t used = strlen(r->why);
            snprintf(r->why + used, sizeof r->why - used, "; line %d expects \"%s\"", step->line, step->text);
            return false;
        }
    }
}

/* ---- power, and the disk ------------------------------------------------------------------------------------------------ */

/* An empty file of that size. */
static bool disk_make(const char *path, off_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && ftruncate(fd, bytes) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static bool disk_write(struct run *r, const struct step *step)
{
    uint8_t bytes[4096];
    unsigned long long state = 1;
    FILE *f = fopen(r->disk, "r+b");
    bool good = f != NULL && !r->is_on && fseek(f, (long)step->offset, SEEK_SET) == 0;
    for (unsigned long done = 0; good && done < step->bytes;) {
        unsigned long n = step->bytes - done < sizeof bytes ? step->bytes - done : sizeof bytes;
        for (unsigned long i = 0; i < n; i++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            bytes[i] = (uint8_t)(step->value == 256 ? state >> 56 : step->value);
        }
        good = fwrite(bytes, 1, n, f) == n;
        done += n;
    }
    good = f != NULL && fclose(f) == 0 && good;
    if (!good) {
        snprintf(r->why, sizeof r->why, "line %d: the disk cannot be written; is the machine off?", step->line);
    }
    return good;
}

static void power_off(struct run *r)
{
    if (r->is_on) {
        machine_stop(&r->machine);
        r->is_on = false;
    }
}

static bool power_on(struct run *r, const char *image, enum disk_way way)
{
    power_off(r);
    r->matched = r->len;
    r->is_on = access(image, R_OK) == 0 && machine_start(&r->script, image, r->script.memory_file ? r->memory : NULL,
                                                         r->script.disk_mib != 0 ? r->disk : NULL, way, &r->machine);
    if (!r->is_on) {
        snprintf(r->why, sizeof r->why, "cannot boot %.400s", image);
    }
    return r->is_on;
}

static bool boot(struct run *r, const struct step *step)
{
    snprintf(r->image, sizeof r->image, "%s/%s.img", r->images, step->key);
    return power_on(r, r->image, step->way);
}

/* A first start of another system, which leaves something on the disk. */
static bool start_before(struct run *r, const struct step *step)
{
    char image[700];
    struct step shell = {.line = step->line, .text = "/ # ", .len = 4};
    snprintf(image, sizeof image, "%s/%s.img", r->images, step->key);
    return power_on(r, image, DISK_PLAIN) && expect(r, &shell, &r->matched);
}

/* Each moment with a disk that is new, so that there is something to write. */
static bool cut(struct run *r, const struct step *step)
{
    struct step after = *step;
    bool good = true;
    after.len = strlen(step->after);
    (void)copy_string(after.text, sizeof after.text, step->after);
    for (unsigned i = 0; good && i < step->count; i++) {
        power_off(r);
        r->len = 0; /* many starts say much */
        good = disk_make(r->disk, (off_t)r->script.disk_mib << 20) && (step->key[0] == '\0' || start_before(r, step)) &&
               power_on(r, r->image, DISK_PLAIN) && expect(r, step, &r->matched);
        usleep(i * step->us);
        good = good && power_on(r, r->image, DISK_PLAIN) && expect(r, &after, &r->matched);
    }
    if (good) {
        printf("# power was cut at %u moments\n", step->count);
    }
    return good;
}

static bool do_step(struct run *r, const struct step *step)
{
    switch (step->kind) {
    case STEP_EXPECT:
        return expect(r, step, &r->matched);
    case STEP_MEASURE:
        return measure(r, step);
    case STEP_WAIT:
        return wait_ms(r, step->ms);
    case STEP_CRASH:
        return crash(r, step);
    case STEP_FLIP_MEMORY:
        if (memory_flip(r->image, r->memory, step->key, step->offset, step->text) == 0) {
            snprintf(r->why, sizeof r->why, "line %d: no resident copy of %s + %lu %s", step->line, step->key, step->offset, step->text);
            return false;
        }
        return true;
    case STEP_IN_MEMORY:
    case STEP_NOT_IN_MEMORY: {
        int count = memory_count(r->memory, step->text, step->len);
        if (count < 0 || (count != 0) != (step->kind == STEP_IN_MEMORY)) {
            snprintf(r->why, sizeof r->why, "line %d: the text is in the machine's memory %d times", step->line, count);
            return false;
        }
        return true;
    }
    case STEP_OFF:
        power_off(r);
        return true;
    case STEP_BOOT:
        return boot(r, step);
    case STEP_DISK_WRITE:
        return disk_write(r, step);
    case STEP_CUT:
        return cut(r, step);
    case STEP_SEND:
        if (write(r->machine.to, step->text, step->len) != (ssize_t)step->len) {
            snprintf(r->why, sizeof r->why, "QEMU takes no input");
            return false;
        }
        return true;
    }
    return false;
}

static bool run_steps(struct run *r, const char *image)
{
    if (!power_on(r, image, DISK_PLAIN)) {
        return false;
    }
    bool good = true;
    r->end_ms = now_ms() + r->script.limit_s * 1000ull;
    for (int i = 0; good && i < r->script.step_count; i++) {
        good = do_step(r, &r->script.steps[i]);
    }
    power_off(r);
    return good;
}

static bool run_script(struct run *r, const char *images)
{
    char copy[640];
    r->images = images;
    snprintf(r->image, sizeof r->image, "%s/%s.img", images, r->script.system);
    snprintf(copy, sizeof copy, "%s.flipped-%d", r->image, (int)getpid());
    snprintf(r->memory, sizeof r->memory, "%s.memory-%d", r->image, (int)getpid());
    snprintf(r->disk, sizeof r->disk, "%s.disk-%d", r->image, (int)getpid());
    bool flip = r->script.flip_part[0] != '\0';
    if (r->script.disk_mib != 0 && !disk_make(r->disk, (off_t)r->script.disk_mib << 20)) {
        snprintf(r->why, sizeof r->why, "cannot make a disk at %.400s", r->disk);
        return false;
    }
    bool good = !flip || image_flip(r->image, copy, r->script.flip_part, r->script.flip_offset);
    if (!good) {
        snprintf(r->why, sizeof r->why, "no flipped image");
    }
    good = good && run_steps(r, flip ? copy : r->image);
    unlink(copy);
    unlink(r->memory);
    unlink(r->disk);
    snprintf(copy, sizeof copy, "%.600s.rules", r->disk);
    unlink(copy);
    return good;
}

static void show_console(const struct run *r)
{
    printf("# console of %s:\n# ", r->script.path);
    for (size_t i = 0; i < r->len; i++) {
        if (r->text[i] == '\n') {
            printf("\n# ");
        } else if (r->text[i] != '\r') {
            putchar(r->text[i]);
        }
    }
    putchar('\n');
}

/* Shows the cases that the console lists, and says whether all of them passed and none is missing. */
static bool count_cases(struct run *r)
{
    unsigned passed = 0;
    unsigned failed = 0;
    for (char *line = r->text; line != NULL && *line != '\0';) {
        int len = (int)strcspn(line, "\r\n");
        bool good = strncmp(line, "ok ", 3) == 0;
        bool bad = strncmp(line, "not ok ", 7) == 0;
        if (good || bad) {
            printf("%s system: %.*s\n", good ? "ok" : "not ok", good ? len - 3 : len - 7, line + (good ? 3 : 7));
        }
        passed += good;
        failed += bad;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    bool good = failed == 0 && passed == r->script.case_count;
    if (!good) {
        snprintf(r->why, sizeof r->why, "%u cases passed and %u failed, of %u", passed, failed, r->script.case_count);
    }
    return good;
}

int main(int argc, char **argv)
{
    static struct run r;
    const char *images = "build";
    const char *bench = NULL;
    bool verbose = false;
    int failed = 0;
    int option;
    tool_name = "lxtest";
    while ((option = getopt(argc, argv, "vi:b:")) != -1) {
        switch (option) {
        case 'v':
            verbose = true;
            break;
        case 'i':
            images = optarg;
            break;
        case 'b':
            bench = optarg;
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        memset(&r, 0, sizeof r);
        r.bench = bench;
        bool good = script_read(argv[i], &r.script) && run_script(&r, images) &&
                    (r.script.case_count == 0 || count_cases(&r));
        if (!good || verbose) {
            show_console(&r);
        }
        if (!good) {
            printf("# %s: %s\n", argv[i], r.why);
            failed++;
        }
        printf("%s system: %s\n", good ? "ok" : "not ok", r.script.title[0] != '\0' ? r.script.title : argv[i]);
        fflush(stdout);
    }
    return failed != 0;
}
