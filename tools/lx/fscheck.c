/* SPDX-License-Identifier: MIT */
/** lx fs fsck: what lib/fs finds, in words, with status as fsck(8) has it. Repairs from the second copy alone. */
#include <stdlib.h>
#include <string.h>

#include "volume.h"

enum { FSCK_SOUND = 0, FSCK_REPAIRED = 1, FSCK_LEFT = 4, FSCK_FAILED = 8, STEPS = 1024, NAME_STEPS = 4096, DEPTH_SHOWN = 32 };

struct findings {
    struct lxfs_finding *at;
    size_t count;
};

/* Nothing may be asked of the volume now; the rest is for later. */
static void note(void *context, const struct lxfs_finding *finding)
{
    struct findings *f = context;
    f->at = realloc(f->at, (f->count + 1) * sizeof *f->at);
    if (f->at == NULL) {
        fail("out of memory");
    }
    f->at[f->count] = *finding;
    f->at[f->count++].name = finding->name == NULL ? NULL : shown(finding->name);
}

/* The path of an inode as far as names can be found; NULL when it has none. */
static char *path_of(struct lxfs *fs, uint64_t inode)
{
    char *out = NULL;
    for (unsigned depth = 0; inode != LXFS_ROOT_INODE && depth < DEPTH_SHOWN; depth++) {
        struct lxfs_cursor cursor = {0, 0};
        struct lxfs_entry entry;
        uint64_t directory = 0;
        enum lxfs_err err;
        do {
            err = lxfs_name_of(fs, inode, &cursor, NAME_STEPS, &directory, &entry);
        } while (err == LXFS_EBUSY);
        if (err != LXFS_OK) {
            return out;
        }
        out = join("/", shown(entry.name), out == NULL ? "" : out, NULL);
        inode = directory;
    }
    return out == NULL && inode == LXFS_ROOT_INODE ? join("/", NULL) : out;
}

static void tell(struct lxfs *fs, const struct lxfs_finding *f, bool is_repair)
{
    const char *path = f->inode == 0 || f->is_map ? NULL : path_of(fs, f->inode);
    printf("%s", lxfs_finding_name(f->kind));
    if (f->is_map) {
        printf("; of the map");
    } else if (f->inode == 0 && f->kind <= LXFS_FINDING_BLOCK) {
        printf("; of the inode table");
    } else if (f->inode != 0) {
        printf("; inode %llu%s%s", (unsigned long long)f->inode, path == NULL ? "" : ", ", path == NULL ? "" : path);
    }
    if (f->name != NULL) {
        printf("; name %s, inode %llu", f->name, (unsigned long long)f->other);
    }
    if (f->kind <= LXFS_FINDING_BLOCK) {
        printf("; block %llu of level %u", (unsigned long long)f->index, (unsigned)f->level);
    }
    if (f->address != 0) {
        printf("; at block %llu", (unsigned long long)f->address);
    }
    if (f->expected != 0 || f->found != 0) {
        printf("; %llu, and %llu is right", (unsigned long long)f->found, (unsigned long long)f->expected);
    }
    printf("%s\n", is_repair && f->is_repaired ? "; repaired" : "");
}

static const char *check(struct lxfs *fs, bool is_repair, struct findings *found, struct lxfs_check_result *result)
{
    struct lxfs_check *c;
    size_t len_bytes = lxfs_check_bytes(fs);
    enum lxfs_err err = lxfs_check_begin(fs, zalloc(len_bytes), len_bytes, is_repair ? LXFS_CHECK_REBUILD_MAP : 0, note, found, &c);
    while (err == LXFS_OK) {
        err = lxfs_check_step(c, STEPS, result);
    }
    return err == LXFS_ENOENT ? NULL : lxfs_err_name(err);
}

static int failed(const char *path, const char *why)
{
    fprintf(stderr, "lx: %s: %s\n", path, why);
    return FSCK_FAILED;
}

int fs_fsck(const struct arguments *args)
{
    const char *path = args->operands[0], *secret = args->options[OPTION_DEVICE_SECRET], *why;
    bool is_repair = args->options[OPTION_REPAIR] != NULL;
    struct findings found = {0};
    struct lxfs_check_result result = {0};
    struct lxfs *fs = volume_try(path, secret, is_repair ? VOLUME_WRITE : VOLUME_READ, &why);
    if (fs == NULL && !is_repair) {
        const char *first = why;
        fs = volume_try(path, secret, VOLUME_AS_IS, &why);
        if (fs != NULL) {
            printf("cannot be opened for writing: %s; what follows is of its last commit\n", first);
            result.findings = 1;
        }
    }
    if (fs == NULL) {
        return failed(path, why);
    }
    struct lxfs_stats stats;
    lxfs_stats(fs, &stats);
    if (!is_repair && stats.replayed_records == 0 && result.findings == 0) {
        fs = volume_try(path, secret, VOLUME_AS_IS, &why); /* opening for writing may have passed over what is bad, and written it anew */
        if (fs == NULL) {
            return failed(path, why);
        }
    }
    uint64_t before = result.findings;
    why = check(fs, is_repair, &found, &result);
    if (why == NULL && is_repair) {
        enum lxfs_err err = lxfs_commit(fs);
        why = err == LXFS_OK ? NULL : lxfs_err_name(err);
    }
    for (size_t i = 0; i < found.count; i++) {
        tell(fs, &found.at[i], is_repair);
    }
    if (why != NULL) {
        return failed(path, why);
    }
    uint64_t count = before + found.count, repaired = is_repair ? result.repaired : 0;
    printf("%llu findings, %llu repaired; %llu blocks in use were looked at%s%s\n", (unsigned long long)count, (unsigned long long)repaired,
           (unsigned long long)result.blocks, result.is_incomplete ? "; what the damaged blocks led to was not found" : "",
           result.is_unlisted ? "; links were not counted, as a directory cannot be listed" : "");
    return count == 0 ? FSCK_SOUND : repaired == count ? FSCK_REPAIRED : FSCK_LEFT;
}
