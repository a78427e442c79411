/* SPDX-License-Identifier: MIT */
/** QEMU as a child, and images with one bit flipped. See lxtest.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boot/boot.h>

#include "hosttool.h"
#include "lxtest.h"

/* How QEMU finds the disk. Writes fail by QEMU's own fault injection, with rules in a file beside the disk. */
static void describe_drive(const char *disk, enum disk_way way, char *out, size_t cap)
{
    char rules[700];
    if (way != DISK_FAILS_WRITES) {
        snprintf(out, cap, "if=none,id=disk,format=raw,file=%s%s", disk, way == DISK_READ_ONLY ? ",readonly=on" : "");
        return;
    }
    snprintf(rules, sizeof rules, "%s.rules", disk);
    FILE *f = fopen(rules, "w");
    if (f != NULL) {
        fputs("[inject-error]\nevent = \"write_aio\"\nerrno = \"5\"\niotype = \"write\"\n", f);
        fclose(f);
    }
    snprintf(out, cap, "if=none,id=disk,format=raw,werror=report,file=blkdebug:%s:%s", rules, disk);
}

static void child(const struct script *s, const char *image, const char *memory, const char *disk, enum disk_way way, int in, int out)
{
    char backend[700];
    char drive[1500];
    const char *argv[ARGS_MAX + 32];
    int n = 0;
    static const char *const fixed[] = {
        "qemu-system-aarch64", "-machine", "virt,virtualization=on,gic-version=2", "-cpu", "cortex-a53", "-m", "2G",
        "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot",
        "-global", "virtio-mmio.force-legacy=false",
    };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        argv[n++] = fixed[i];
    }
    if (s->icount) {
        argv[n++] = "-icount";
        argv[n++] = "shift=0,sleep=off";
    }
    if (memory != NULL) {
        snprintf(backend, sizeof backend, "memory-backend-file,id=ram,size=2G,share=on,mem-path=%s", memory);
        argv[n++] = "-object";
        argv[n++] = backend;
        argv[n++] = "-machine";
        argv[n++] = "memory-backend=ram";
    }
    if (disk != NULL && way != DISK_NONE) {
        describe_drive(disk, way, drive, sizeof drive);
        const char *const more[] = {"-drive", drive, "-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.31"};
        for (size_t i = 0; i < ARRAY_LEN(more); i++) {
            argv[n++] = more[i];
        }
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

bool machine_start(const struct script *s, const char *image, const char *memory, const char *disk, enum disk_way way,
                   struct machine *out)
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
        child(s, image, memory, disk, way, to[0], from[1]);
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

bool function_offset(const char *images, const char *component, const char *function, unsigned long *offset)
{
    char path[640];
    static struct elf elf;
    snprintf(path, sizeof path, "%s/arm64/services/%s.elf", images, component);
    elf_read(path, &elf);
    for (size_t i = 0; i < elf.function_count; i++) {
        if (strcmp(elf.functions[i].name, function) == 0) {
            *offset = elf.functions[i].addr - elf.segments[0].virt;
            return true;
        }
    }
    fprintf(stderr, "lxtest: %s has no function %s\n", path, function);
    return false;
}

/* ---- memory of a running machine ------------------------------------------------------------------------------------------ */

/* Flips a bit in every copy of `page` but copy number `keep` (-1: but none), counted from 0 by address. @return how many.
 * Compares every page of the file that has data; the loader's own memory, below 0x60000000, is left alone. */
static int flip_copies(int fd, uint8_t *memory, off_t size, const uint8_t *page, size_t byte, int keep)
{
    enum { PAGE = BOOT_PAGE_BYTES };
    int seen = 0;
    off_t at = 0x20000000;
    while (at < size && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(fd, at, SEEK_HOLE);
        for (at -= at % PAGE; at + PAGE <= end; at += PAGE) {
            if (memcmp(memory + at, page, PAGE) == 0 && seen++ != keep) {
                memory[at + (off_t)byte] ^= 1;
            }
        }
        at = end;
    }
    return keep < 0 || seen == 0 ? seen : seen - 1;
}

int memory_flip(const char *image, const char *memory, const char *part, unsigned long offset, const char *text)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct stat status;
    int flipped = 0;
    int fd = open(memory, O_RDWR | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &status) == 0 && read_all(image, &bytes, &len);
    size_t start = good ? find_part(bytes, len, part) : SIZE_MAX;
    if (start != SIZE_MAX && text[0] != '\0') {
        const uint8_t *at = memmem(bytes + start, len - start, text, strlen(text));
        start = at != NULL ? start : SIZE_MAX;
        offset = at != NULL ? (unsigned long)(at - bytes) - start : 0;
    }
    size_t page = start == SIZE_MAX ? SIZE_MAX : start + offset - offset % BOOT_PAGE_BYTES;
    if (good && page <= len - BOOT_PAGE_BYTES) {
        uint8_t *map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map != MAP_FAILED) {
            /* The root task runs where the loader put it, and the bundle's copy of it comes behind; of the kernel there is no copy. */
            int keep = strcmp(part, "init") == 0 ? 1 : strcmp(part, "kernel") == 0 ? -1 : 0;
            flipped = flip_copies(fd, map, status.st_size, bytes + page, offset % BOOT_PAGE_BYTES, keep);
            munmap(map, (size_t)status.st_size);
        }
    }
    free(bytes);
    if (fd >= 0) {
        close(fd);
    }
    return flipped;
}

int memory_count(const char *memory, const char *text, size_t len)
{
    struct stat status;
    int count = -1;
    int fd = open(memory, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && len != 0) {
        uint8_t *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
        const uint8_t *end = map + status.st_size;
        if (map != MAP_FAILED) {
            count = 0;
            for (const uint8_t *at = map; (at = memmem(at, (size_t)(end - at), text, len)) != NULL; at++) {
                if (getenv("LXTEST_SHOW") != NULL) {
                    fprintf(stderr, "# at 0x%zx\n", (size_t)(at - map) + 0x40000000);
                }
                count++;
            }
            munmap(map, (size_t)status.st_size);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return count;
}
