/* SPDX-License-Identifier: MIT */
/** Files that are replaced as a whole, and paths. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lx.h"

char *join(const char *first, ...)
{
    va_list args;
    size_t chars = strlen(first);
    va_start(args, first);
    for (const char *s = va_arg(args, const char *); s != NULL; s = va_arg(args, const char *)) {
        chars += strlen(s);
    }
    va_end(args);
    char *out = zalloc(chars + 1);
    char *end = stpcpy(out, first);
    va_start(args, first);
    for (const char *s = va_arg(args, const char *); s != NULL; s = va_arg(args, const char *)) {
        end = stpcpy(end, s);
    }
    va_end(args);
    return out;
}

char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return join(".", NULL);
    }
    char *out = join(path, NULL);
    out[slash == path ? 1 : slash - path] = '\0';
    return out;
}

char *path_beside(const char *file, const char *path)
{
    return path[0] == '/' ? join(path, NULL) : join(directory_of(file), "/", path, NULL);
}

bool file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

void sync_directory(const char *path)
{
    int fd = open(directory_of(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        fail("cannot write %s: %s", path, strerror(errno));
    }
    close(fd);
}

void file_replace(const char *path, const void *bytes, size_t len_bytes, unsigned mode)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    char *fresh = join(path, ".tmp", pid, NULL);
    (void)unlink(fresh); /* of a process of the same number that was killed */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    bool ok = fd >= 0;
    for (size_t done = 0; ok && done < len_bytes;) {
        ssize_t n = write(fd, (const uint8_t *)bytes + done, len_bytes - done);
        ok = n > 0;
        done += ok ? (size_t)n : 0;
    }
    ok = ok && fsync(fd) == 0;
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    if (!ok || rename(fresh, path) != 0) {
        int error = errno;
        (void)unlink(fresh);
        fail("cannot write %s: %s", path, strerror(error));
    }
    sync_directory(path);
}
