/* SPDX-License-Identifier: MIT */
/** QEMU as a child, and images with one bit flipped. See lxtest.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boot/boot.h>

#include "lxtest.h"

static void child(const struct script *s, const char *image, int in, int out)
{
    const char *argv[ARGS_MAX + 32];
    int n = 0;
    static const char *const fixed[] = {
        "qemu-system-aarch64", "-machine", "virt,virtualization=on,gic-version=2", "-cpu", "cortex-a53", "-m", "2G",
        "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot",
    };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        argv[n++] = fixed[i];
    }
    if (s->icount) {
        argv[n++] = "-icount";
        argv[n++] = "shift=0,sleep=off";
    }
    for (int i = 0; i < s->arg_count; i++) {
        argv[n++] = s->args[i];
    }
    argv[n++] = "-kernel";
    argv[n++] = image;
    argv[n] = NULL;
    dup2(in, 0);
    dup2(out, 1);
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0) {
        dup2(null, 2);
    }
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

bool machine_start(const struct script *s, const char *image, struct machine *out)
{
    int to[2];
    int from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        fprintf(stderr, "lxtest: no pipes: %s\n", strerror(errno));
        return false;
    }
    signal(SIGPIPE, SIG_IGN);
    out->pid = fork();
    if (out->pid < 0) {
        fprintf(stderr, "lxtest: cannot start QEMU: %s\n", strerror(errno));
        return false;
    }
    if (out->pid == 0) {
        child(s, image, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    out->to = to[1];
    out->from = from[0];
    return true;
}

void machine_stop(struct machine *m)
{
    int status;
    kill(m->pid, SIGKILL);
    waitpid(m->pid, &status, 0);
    close(m->to);
    close(m->from);
}

/* ---- images ----------------------------------------------------------------------------------------------------------------- */

static bool read_all(const char *path, uint8_t **bytes, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        return false;
    }
    *len = (size_t)ftell(f);
    *bytes = malloc(*len);
    rewind(f);
    bool good = *bytes != NULL && fread(*bytes, 1, *len, f) == *len;
    fclose(f);
    return good;
}

/* Where a part starts in the file; SIZE_MAX when there is none of that name. */
static size_t find_part(const uint8_t *bytes, size_t len, const char *name)
{
    struct boot_header h;
    size_t at = BOOT_PAGE_BYTES;
    while (at + sizeof h <= len && memcmp(bytes + at, BOOT_MAGIC, 8) != 0) {
        at += BOOT_PAGE_BYTES;
    }
    if (at + sizeof h > len) {
        return SIZE_MAX;
    }
    memcpy(&h, bytes + at, sizeof h);
    if (strcmp(name, "manifest") == 0) {
        return at;
    }
    if (strcmp(name, "signature") == 0) {
        return at + sizeof h + h.part_count * sizeof(struct boot_part);
    }
    for (uint32_t i = 0; i < h.part_count && i < BOOT_PARTS_MAX; i++) {
        struct boot_part p;
        memcpy(&p, bytes + at + sizeof h + i * sizeof p, sizeof p);
        if (strncmp(p.name, name, sizeof p.name) == 0) {
            return p.offset;
        }
    }
    return SIZE_MAX;
}

bool image_flip(const char *image, const char *copy, const char *part, unsigned long offset)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!read_all(image, &bytes, &len)) {
        fprintf(stderr, "lxtest: cannot read %s\n", image);
        free(bytes);
        return false;
    }
    size_t start = find_part(bytes, len, part);
    bool good = start != SIZE_MAX && offset < len - start;
    FILE *f = good ? fopen(copy, "wb") : NULL;
    if (good) {
        bytes[start + offset] ^= 1;
        good = f != NULL && fwrite(bytes, 1, len, f) == len;
        good = f != NULL && fclose(f) == 0 && good;
    }
    free(bytes);
    if (!good) {
        fprintf(stderr, "lxtest: cannot flip a bit at %s + %lu\n", part, offset);
    }
    return good;
}
