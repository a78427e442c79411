/* SPDX-License-Identifier: MIT */
/**
 * Volume: a file on the host as a device of lib/fs.
 * Owns:   the open image; blocks written that must not reach it.    Uses: fs, fscipher, gpt, keystore.
 * Limits: one image a process. The image is locked as a whole by an open-file-description lock, which QEMU's own locks conflict with.
 */
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fscipher.h"
#include "gpt.h"
#include "keystore.h"
#include "tree.h"

enum {
    LEAF_FRAMES = 8192, /* 32 MiB */
    NODE_FRAMES = 2048, /* 12 MiB */
    LOG_BLOCKS = 256,   /* as services/fs makes them */
    SUPER_BLOCKS = 8,
    SUPER_VERSION = 8,  /* docs/spec/lxfs.md section 4 */
    SUPER_CRYPT = 12,
    VERSION = 4,
    QEMU_WRITES = 101, /* the byte that QEMU locks while it may write (block/file-posix.c of QEMU) */
};

static struct {
    int fd;
    bool is_private;      /* writes stay in `fresh` */
    bool is_partition;
    uint64_t first_byte;
    uint64_t block_count;
    uint8_t *fresh;       /* a block that was written, at its place */
    uint8_t *is_fresh;    /* a byte a block */
    struct fscipher cipher;
} image = {.fd = -1};

/* ---- the device ----------------------------------------------------------------------------------------------------- */

static bool transfer_all(bool is_write, void *bytes, size_t len_bytes, uint64_t at_byte)
{
    for (size_t done = 0; done < len_bytes;) {
        ssize_t n = is_write ? pwrite(image.fd, (uint8_t *)bytes + done, len_bytes - done, (off_t)(at_byte + done))
                             : pread(image.fd, (uint8_t *)bytes + done, len_bytes - done, (off_t)(at_byte + done));
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool is_inside(uint64_t first, uint32_t count)
{
    return first <= image.block_count && count <= image.block_count - first;
}

static bool read_blocks(void *context, uint64_t first, uint32_t count, void *out)
{
    (void)context;
    if (!is_inside(first, count) ||
        !transfer_all(false, out, (size_t)count * LXFS_BLOCK_BYTES, image.first_byte + first * LXFS_BLOCK_BYTES)) {
        return false;
    }
    for (uint32_t i = 0; image.is_private && i < count; i++) {
        if (image.is_fresh[first + i] != 0) {
            memcpy((uint8_t *)out + (size_t)i * LXFS_BLOCK_BYTES, image.fresh + (first + i) * LXFS_BLOCK_BYTES, LXFS_BLOCK_BYTES);
        }
    }
    return true;
}

static bool write_blocks(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    (void)context;
    if (!is_inside(first, count)) {
        return false;
    }
    if (image.is_private) {
        memcpy(image.fresh + first * LXFS_BLOCK_BYTES, bytes, (size_t)count * LXFS_BLOCK_BYTES);
        memset(image.is_fresh + first, 1, count);
        return true;
    }
    uint8_t copy[64 * LXFS_BLOCK_BYTES]; /* the most that lib/fs writes at once */
    memcpy(copy, bytes, (size_t)count * LXFS_BLOCK_BYTES);
    return transfer_all(true, copy, (size_t)count * LXFS_BLOCK_BYTES, image.first_byte + first * LXFS_BLOCK_BYTES);
}

static bool flush_all(void *context)
{
    (void)context;
    return image.is_private || fdatasync(image.fd) == 0;
}

static uint64_t count_blocks(void *context)
{
    (void)context;
    return image.block_count;
}

static const struct lxfs_device device = {NULL, read_blocks, write_blocks, flush_all, count_blocks};

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static struct lxfs_time time_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct lxfs_time){t.tv_sec, (uint32_t)t.tv_nsec};
}

/* Readers may be several; they lock all that the file could ever be, which is how they differ from QEMU. A machine that only reads the image does not keep readers away. */
static bool lock(bool is_write)
{
    struct flock all = {.l_type = is_write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    struct flock writer = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QEMU_WRITES, .l_len = 1};
    if (!is_write && (fcntl(image.fd, F_OFD_GETLK, &writer) != 0 || (writer.l_type != F_UNLCK && writer.l_len != 0))) {
        return false;
    }
    return fcntl(image.fd, F_OFD_SETLK, &all) == 0;
}

/* Where the volume lies. @return NULL, or why it lies nowhere. */
static const char *locate(uint64_t file_bytes)
{
    static uint8_t head[GPT_HEAD_BYTES], tail[GPT_TAIL_BYTES];
    struct gpt_reading reading;
    image.first_byte = 0;
    image.is_partition = false;
    image.block_count = file_bytes / LXFS_BLOCK_BYTES;
    uint64_t sectors = file_bytes / GPT_SECTOR_BYTES;
    if (sectors < GPT_SECTORS_MIN || !transfer_all(false, head, sizeof head, 0) ||
        !transfer_all(false, tail, sizeof tail, (sectors - GPT_TAIL_SECTORS) * GPT_SECTOR_BYTES)) {
        return NULL;
    }
    gpt_read(head, tail, sectors, &reading);
    if (reading.verdict == GPT_DAMAGED) {
        return "its table of partitions is damaged, both copies of it";
    }
    if (reading.verdict != GPT_GOOD) {
        return NULL;
    }
    const struct gpt_partition *files = gpt_find(&reading.table, GPT_FILES);
    if (files == NULL) {
        return "it is a disk without a partition for files of LX-OS";
    }
    image.is_partition = true;
    image.first_byte = files->first_sector * GPT_SECTOR_BYTES;
    image.block_count = files->sector_count / (LXFS_BLOCK_BYTES / GPT_SECTOR_BYTES);
    return NULL;
}

static const char *open_image(const char *path, bool is_write)
{
    struct stat info;
    image.fd = open(path, (is_write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (image.fd < 0 || fstat(image.fd, &info) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return "not a file";
    }
    if (!lock(is_write)) {
        return "in use, by a running machine or another lx";
    }
    const char *why = locate((uint64_t)info.st_size);
    image.is_private = !is_write;
    if (why == NULL && image.is_private) {
        size_t blocks = image.block_count == 0 ? 1 : image.block_count;
        image.fresh = mmap(NULL, blocks * LXFS_BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        image.is_fresh = mmap(NULL, blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        why = image.fresh == MAP_FAILED || image.is_fresh == MAP_FAILED ? "too large for the memory of this machine" : NULL;
    }
    return why;
}

/* Which cipher and version the first superblock that looks like one names; lxfs_open decides which of them counts. */
static bool peek(uint32_t *version, uint32_t *crypt)
{
    static uint8_t block[LXFS_BLOCK_BYTES];
    for (uint64_t i = 0; i < 2 * SUPER_BLOCKS && image.block_count >= LXFS_BLOCKS_MIN; i++) {
        uint64_t at = i < SUPER_BLOCKS ? i : image.block_count - 2 * SUPER_BLOCKS + i;
        if (read_blocks(NULL, at, 1, block) && memcmp(block, "LXFSSUP1", 8) == 0) {
            *version = le32_load(block + SUPER_VERSION);
            *crypt = le32_load(block + SUPER_CRYPT);
            return true;
        }
    }
    return false;
}

static const char *read_secret(const char *path, struct lxfs_crypt *out)
{
    uint8_t secret[KEYSTORE_DEVICE_BYTES + 1], key[KEYSTORE_VOLUME_KEY_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, secret, sizeof secret);
    if (fd >= 0) {
        close(fd);
    }
    if (n != KEYSTORE_DEVICE_BYTES) {
        return n < 0 ? "the file of --device-secret cannot be read" : "the file of --device-secret has not 32 bytes, so it is none";
    }
    keystore_device_volume_key(secret, key);
    fscipher_open(&image.cipher, key, out);
    wipe(secret, sizeof secret);
    wipe(key, sizeof key);
    return NULL;
}

static const char *why_not(enum lxfs_err err, bool is_encrypted)
{
    return err == LXFS_EBAD && is_encrypted ? "this is not the secret of the device that made it; or the volume, or its log, is damaged"
           : err == LXFS_EBAD               ? "the volume, or its log, is damaged"
           : err == LXFS_EINVAL             ? "it is smaller than its volume"
           : err == LXFS_ENOENT             ? "there is no volume of LXFS in it"
           : err == LXFS_ENOTSUP            ? "its superblocks do not agree on version and cipher"
                                            : lxfs_err_name(err);
}

static const char *find_cipher(const char *secret_path, struct lxfs_crypt *out)
{
    uint32_t version = 0, crypt = 0;
    if (!peek(&version, &crypt)) {
        return image.is_partition ? "its partition for files has no volume yet: the device makes one when it starts, or lx fs mkfs"
                                  : "there is no volume of LXFS in it";
    }
    if (version != VERSION || crypt > FSCIPHER_XTS_AES_256) {
        return "its volume is of another version of LXFS, or has a cipher that this lx does not know";
    }
    if (crypt == 0) {
        return NULL; /* a secret that is not needed does no harm */
    }
    return secret_path == NULL ? "its volume is encrypted: --device-secret FILE names the device's secret, device.secret in the "
                                 "directory that LX_KEYS named when its image was built"
                               : read_secret(secret_path, out);
}

static void *memory_for(const struct lxfs_frames *frames, size_t *len_bytes)
{
    *len_bytes = (size_t)align_up(lxfs_memory_bytes(frames), LXFS_MEMORY_ALIGNMENT);
    void *out = aligned_alloc(LXFS_MEMORY_ALIGNMENT, *len_bytes);
    if (out == NULL) {
        fail("out of memory");
    }
    return out;
}

struct lxfs *volume_try(const char *path, const char *secret_path, enum volume_use use, const char **why)
{
    static struct lxfs_setup setup;
    static void *memory;
    size_t len_bytes;
    struct lxfs *fs = NULL;
    if (image.fd >= 0) {
        close(image.fd);
    }
    setup = (struct lxfs_setup){
        .device = device, .frames = {LEAF_FRAMES, NODE_FRAMES}, .now = time_now(), .flags = use == VOLUME_AS_IS ? LXFS_READ_ONLY : 0};
    *why = open_image(path, use == VOLUME_WRITE);
    if (*why == NULL) {
        *why = find_cipher(secret_path, &setup.crypt);
    }
    if (*why != NULL) {
        return NULL;
    }
    free(memory);
    memory = memory_for(&setup.frames, &len_bytes);
    enum lxfs_err err = lxfs_open(&setup, memory, len_bytes, &fs);
    *why = err == LXFS_OK ? NULL : why_not(err, setup.crypt.id != 0);
    return err == LXFS_OK ? fs : NULL;
}

struct lxfs *volume_open(const char *path, const struct arguments *args, enum volume_use use)
{
    const char *why;
    struct lxfs_stats stats;
    struct lxfs *fs = volume_try(path, args->options[OPTION_DEVICE_SECRET], use, &why);
    if (fs == NULL) {
        fail("%s: %s", path, why);
    }
    lxfs_stats(fs, &stats);
    if (stats.replayed_records != 0 && use == VOLUME_READ) {
        fprintf(stderr, "lx: %s was not closed: %llu operations of its log are done again, in memory only\n", path,
                (unsigned long long)stats.replayed_records);
    }
    return fs;
}

void volume_close(struct lxfs *fs)
{
    enum lxfs_err err = lxfs_commit(fs);
    if (err != LXFS_OK) {
        fail("cannot write the image: %s", lxfs_err_name(err));
    }
}

/* ---- making --------------------------------------------------------------------------------------------------------- */

void volume_make(const char *path, const char *secret_path, uint64_t size_bytes)
{
    struct lxfs_crypt crypt = {0};
    struct lxfs_form form = {.log_blocks = LOG_BLOCKS, .now = time_now()};
    const struct lxfs_frames frames = {LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};
    uint32_t version, cipher;
    size_t len_bytes;
    const char *why = secret_path == NULL ? NULL : read_secret(secret_path, &crypt);
    if (why != NULL) {
        fail("%s", why);
    }
    if (size_bytes != 0) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, (off_t)size_bytes) != 0 || close(fd) != 0) {
            fail("cannot make %s: %s", path, strerror(errno));
        }
    }
    why = open_image(path, true);
    if (why == NULL && peek(&version, &cipher)) {
        why = "there is a volume in it already";
    }
    if (why != NULL) {
        fail("%s: %s", path, why);
    }
    if (getentropy(form.uuid, sizeof form.uuid) != 0 || getentropy(form.secret, sizeof form.secret) != 0) {
        fail("cannot get random bytes: %s", strerror(errno));
    }
    void *memory = memory_for(&frames, &len_bytes);
    enum lxfs_err err = lxfs_format(&device, &crypt, &form, memory, len_bytes);
    free(memory);
    if (err != LXFS_OK) {
        fail("cannot make a volume in %s: %s", path, err == LXFS_EINVAL ? "it is too small; a volume wants 4 MiB or more" : lxfs_err_name(err));
    }
}
