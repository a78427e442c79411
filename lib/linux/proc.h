/* SPDX-License-Identifier: MIT */
/**
 * Proc, private: the items of /proc, which proc.c names and proctext.c writes.
 * Owns:   nothing.    Uses: files.h.
 */
#ifndef LX_LINUX_PROC_H
#define LX_LINUX_PROC_H

#include "files.h"

enum proc_item {
    PROC_ROOT,
    PROC_SELF,
    PROC_MOUNTS_LINK,
    PROC_STAT,
    PROC_MEMINFO,
    PROC_UPTIME,
    PROC_LOADAVG,
    PROC_CPUINFO,
    PROC_VERSION,
    PROC_FILESYSTEMS,
    PROC_KERNEL_CMDLINE,
    PROC_SYS,
    PROC_SYS_KERNEL,
    PROC_HOSTNAME,
    PROC_DOMAINNAME,
    PROC_OSTYPE,
    PROC_OSRELEASE,
    PROC_OSVERSION,
    PROC_PID_MAX,
    PROC_NGROUPS_MAX,
    PROC_RANDOM,
    PROC_ENTROPY,
    PROC_UUID,
    PROC_BOOT_ID,
    PROC_PID, /* a process's directory; what follows is below it */
    PROC_PID_STAT,
    PROC_PID_STATM,
    PROC_PID_STATUS,
    PROC_PID_CMDLINE,
    PROC_PID_COMM,
    PROC_PID_ENVIRON,
    PROC_PID_MAPS,
    PROC_PID_MOUNTS,
    PROC_PID_LIMITS,
    PROC_PID_EXE,
    PROC_PID_CWD,
    PROC_PID_ROOT,
    PROC_PID_FD,
    PROC_FD_LINK,
};

/** Brings linux_system.load up to date: CPU use, averaged over 1, 5 and 15 minutes. */
void load_update(struct linux_system *sys);

#endif
