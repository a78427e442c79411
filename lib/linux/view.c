/* SPDX-License-Identifier: MIT */
/**
 * View: /lx, the state of the system as files. Each is written by its owner's callback whenever it is opened; `linux` is
 * our own and says which calls programs asked for that are not there.
 * Owns:   nothing.    Uses: text.c, inode.c.
 * Limits: LINUX_VIEWS_MAX views, flat names.
 */
#include "files.h"

#define OWN_NAME "linux"
#define INO_BASE ((uint64_t)1 << 41)

static const char *name_of(const struct linux_system *sys, size_t index)
{
    return index == sys->config.view_count ? OWN_NAME : sys->config.views[index].name;
}

int64_t view_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
    struct linux_system *sys = dir->sys;
    for (size_t i = 0; i <= sys->config.view_count; i++) {
        const char *own = name_of(sys, i);
        if (strlen(own) != len || memcmp(own, name, len) != 0) {
            continue;
        }
        *out = inode_new(sys, FS_VIEW, S_IFREG_ | 0444, NULL);
        if (*out == NULL) {
            return -E_NOMEM;
        }
        (*out)->item = (uint32_t)i;
        (*out)->ino = INO_BASE + 1 + i;
        return 0;
    }
    return -E_NOENT;
}

uint64_t view_list(struct inode *dir, uint64_t cookie, struct dir_sink *sink)
{
    const struct linux_system *sys = dir->sys;
    for (size_t i = cookie < COOKIE_FIRST ? 0 : (size_t)cookie - COOKIE_FIRST + 1; i <= sys->config.view_count; i++) {
        const char *name = name_of(sys, i);
        if (!dir_sink_add(sink, INO_BASE + 1 + i, COOKIE_FIRST + i, S_IFREG_, name, strlen(name))) {
            break;
        }
        cookie = COOKIE_FIRST + i;
    }
    return cookie;
}

static void fill_own(struct linux_system *sys, struct linux_text *text)
{
    const struct memory *m = &sys->memory;
    linux_text_print(text, "calls            %lu\nprocesses        %u of %u\nthreads          %u of %u\n", sys->call_count,
                     sys->process_count, LINUX_PROCESSES_MAX, sys->live_thread_count, LINUX_THREADS_MAX);
    linux_text_print(text, "memory           %lu of %lu KiB\ninodes           %lu\nopen files       %lu\n",
                     (uint64_t)(m->page_count - m->free_count) * 4, (uint64_t)m->page_count * 4, sys->inode_count,
                     sys->file_count);
    for (uint32_t i = 0; i < UNSUPPORTED_FEATURES_MAX && sys->features[i].name != NULL; i++) {
        linux_text_print(text, "refused          %-8lu %s\n", sys->features[i].count, sys->features[i].name);
    }
    for (uint32_t i = 0; i < ARRAY_LEN(sys->unsupported); i++) {
        const char *name = call_name(i);
        if (sys->unsupported[i] != 0) {
            linux_text_print(text, "unsupported      %-8u %s\n", sys->unsupported[i], name == NULL ? "(no such call)" : name);
        }
    }
}

void view_fill(const struct inode *n, struct linux_text *text)
{
    struct linux_system *sys = n->sys;
    if (n->item == sys->config.view_count) {
        fill_own(sys, text);
    } else {
        sys->config.views[n->item].fill(sys->env, text);
    }
}
