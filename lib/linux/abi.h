/* SPDX-License-Identifier: MIT */
/**
 * The Linux AArch64 ABI in numbers: what a program and this library must agree on. Nothing here has a choice in it.
 * Owns:   nothing.    Uses: base.
 * Source: Linux 6.1 user-space headers (asm-generic and arm64 uapi), measured behaviour of Debian 12; man-pages section 2.
 */
#ifndef LX_LINUX_ABI_H
#define LX_LINUX_ABI_H

#include "base.h"

/* ---- errors: results of calls are -E_x, as the ABI itself defines them ------------------------------------------- */

enum {
    E_PERM = 1,
    E_NOENT = 2,
    E_SRCH = 3,
    E_INTR = 4,
    E_IO = 5,
    E_NXIO = 6,
    E_2BIG = 7,
    E_NOEXEC = 8,
    E_BADF = 9,
    E_CHILD = 10,
    E_AGAIN = 11,
    E_NOMEM = 12,
    E_ACCES = 13,
    E_FAULT = 14,
    E_BUSY = 16,
    E_EXIST = 17,
    E_XDEV = 18,
    E_NODEV = 19,
    E_NOTDIR = 20,
    E_ISDIR = 21,
    E_INVAL = 22,
    E_NFILE = 23,
    E_MFILE = 24,
    E_NOTTY = 25,
    E_TXTBSY = 26,
    E_FBIG = 27,
    E_NOSPC = 28,
    E_SPIPE = 29,
    E_ROFS = 30,
    E_MLINK = 31,
    E_PIPE = 32,
    E_RANGE = 34,
    E_DEADLK = 35,
    E_NODATA = 61,
    E_NAMETOOLONG = 36,
    E_NOLCK = 37,
    E_NOSYS = 38,
    E_NOTEMPTY = 39,
    E_LOOP = 40,
    E_OVERFLOW = 75,
    E_NOTSOCK = 88,
    E_OPNOTSUPP = 95,
    E_DQUOT = 122,
    E_AFNOSUPPORT = 97,
    E_TIMEDOUT = 110,
    E_ALREADY = 114,
    E_MAX = 4095,
    /* Never seen by a program: what an interrupted call becomes depends on the signal. */
    E_RESTARTSYS = 512,         /**< EINTR if a handler without SA_RESTART runs, else the call runs again */
    E_RESTARTNOINTR = 513,      /**< the call always runs again */
    E_RESTARTNOHAND = 514,      /**< EINTR if any handler runs, else the call runs again */
    E_RESTART_RESTARTBLOCK = 516, /**< as NOHAND; the deadline of the first run stays */
};

/* ---- open, fcntl, at --------------------------------------------------------------------------------------------- */

#define O_ACCMODE_ 03u
#define O_RDONLY_ 00u
#define O_WRONLY_ 01u
#define O_RDWR_ 02u
#define O_CREAT_ 0100u
#define O_EXCL_ 0200u
#define O_NOCTTY_ 0400u
#define O_TRUNC_ 01000u
#define O_APPEND_ 02000u
#define O_NONBLOCK_ 04000u
#define O_DSYNC_ 010000u
#define O_ASYNC_ 020000u
#define O_DIRECTORY_ 040000u
#define O_NOFOLLOW_ 0100000u
#define O_DIRECT_ 0200000u
#define O_LARGEFILE_ 0400000u
#define O_NOATIME_ 01000000u
#define O_CLOEXEC_ 02000000u
#define O_SYNC_ 04000000u
#define O_PATH_ 010000000u
#define O_TMPFILE_ 020000000u

#define AT_FDCWD_ (-100)
#define AT_SYMLINK_NOFOLLOW_ 0x100u
#define AT_EACCESS_ 0x200u
#define AT_REMOVEDIR_ 0x200u
#define AT_SYMLINK_FOLLOW_ 0x400u
#define AT_NO_AUTOMOUNT_ 0x800u
#define AT_EMPTY_PATH_ 0x1000u
#define AT_STATX_MASK_ 0x6000u

enum {
    FCNTL_DUPFD = 0,
    FCNTL_GETFD = 1,
    FCNTL_SETFD = 2,
    FCNTL_GETFL = 3,
    FCNTL_SETFL = 4,
    FCNTL_GETLK = 5,
    FCNTL_SETLK = 6,
    FCNTL_SETLKW = 7,
    FCNTL_SETOWN = 8,
    FCNTL_GETOWN = 9,
    FCNTL_OFD_GETLK = 36,
    FCNTL_OFD_SETLK = 37,
    FCNTL_OFD_SETLKW = 38,
    FCNTL_DUPFD_CLOEXEC = 1030,
    FCNTL_SETPIPE_SZ = 1031,
    FCNTL_GETPIPE_SZ = 1032,
};
#define FD_CLOEXEC_ 1u

#define RENAME_NOREPLACE_ 1u
#define RENAME_EXCHANGE_ 2u
#define RENAME_EXCHANGE_ 2u
#define RENAME_WHITEOUT_ 4u

#define SEEK_SET_ 0u
#define SEEK_CUR_ 1u
#define SEEK_END_ 2u
#define SEEK_DATA_ 3u
#define SEEK_HOLE_ 4u

#define UTIME_NOW_ 0x3fffffff
#define UTIME_OMIT_ 0x3ffffffe

#define CLOSE_RANGE_UNSHARE_ 2u
#define CLOSE_RANGE_CLOEXEC_ 4u

/* ---- file modes -------------------------------------------------------------------------------------------------- */

#define S_IFMT_ 0170000u
#define S_IFSOCK_ 0140000u
#define S_IFLNK_ 0120000u
#define S_IFREG_ 0100000u
#define S_IFBLK_ 0060000u
#define S_IFDIR_ 0040000u
#define S_IFCHR_ 0020000u
#define S_IFIFO_ 0010000u
#define S_ISUID_ 04000u
#define S_ISGID_ 02000u
#define S_ISVTX_ 01000u
#define S_IALL_ 07777u
#define MAY_EXEC 1u
#define MAY_WRITE 2u
#define MAY_READ 4u

enum { DT_UNKNOWN_ = 0, DT_FIFO_ = 1, DT_CHR_ = 2, DT_DIR_ = 4, DT_BLK_ = 6, DT_REG_ = 8, DT_LNK_ = 10, DT_SOCK_ = 12 };

struct abi_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    int64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct abi_stat) == 128, "struct stat of AArch64");

struct abi_statx_time {
    int64_t sec;
    uint32_t nsec;
    int32_t pad;
};

struct abi_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad1;
    uint64_t ino, size, blocks, attributes_mask;
    struct abi_statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t spare[14];
};
_Static_assert(sizeof(struct abi_statx) == 256, "struct statx");
#define STATX_BASIC_STATS_ 0x7ffu

struct abi_statfs {
    uint64_t type, bsize, blocks, bfree, bavail, files, ffree, fsid, namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct abi_statfs) == 120, "struct statfs64");
#define TMPFS_MAGIC_ 0x01021994u
#define PROC_MAGIC_ 0x9fa0u
#define SYSFS_MAGIC_ 0x62656572u
#define PIPEFS_MAGIC_ 0x50495045u
#define LXFS_MAGIC_ 0x4c584653u /* "LXFS"; of no other file system of Linux */

struct abi_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    /* the name and a zero follow; a record is a multiple of 8 bytes */
};
#define DIRENT_HEAD_BYTES 19u

/* struct flock, and the operations of flock(2) */
struct abi_flock {
    int16_t type, whence;
    int64_t start, len;
    int32_t pid;
};
_Static_assert(sizeof(struct abi_flock) == 32, "struct flock");
enum { FLOCK_TYPE_RDLCK = 0, FLOCK_TYPE_WRLCK = 1, FLOCK_TYPE_UNLCK = 2 };
#define FLOCK_SH 1u
#define FLOCK_EX 2u
#define FLOCK_NB 4u
#define FLOCK_UN 8u

struct abi_iovec {
    uint64_t base, len;
};

/* ---- time -------------------------------------------------------------------------------------------------------- */

struct abi_timespec {
    int64_t sec, nsec;
};

struct abi_timeval {
    int64_t sec, usec;
};

enum {
    CLOCK_REALTIME_ = 0,
    CLOCK_MONOTONIC_ = 1,
    CLOCK_PROCESS_CPUTIME_ = 2,
    CLOCK_THREAD_CPUTIME_ = 3,
    CLOCK_MONOTONIC_RAW_ = 4,
    CLOCK_REALTIME_COARSE_ = 5,
    CLOCK_MONOTONIC_COARSE_ = 6,
    CLOCK_BOOTTIME_ = 7,
    CLOCK_TAI_ = 11,
};
#define TIMER_ABSTIME_ 1u
#define NS_PER_S 1000000000
#define TICKS_PER_S 100u

/* ---- memory ------------------------------------------------------------------------------------------------------ */

#define MAP_SHARED_ 0x01u
#define MAP_PRIVATE_ 0x02u
#define MAP_SHARED_VALIDATE_ 0x03u
#define MAP_TYPE_ 0x0fu
#define MAP_FIXED_ 0x10u
#define MAP_ANONYMOUS_ 0x20u
#define MAP_HUGETLB_ 0x40000u
#define MAP_FIXED_NOREPLACE_ 0x100000u
#define PROT_GROWSDOWN_ 0x01000000u
#define PROT_GROWSUP_ 0x02000000u
#define MREMAP_MAYMOVE_ 1u
#define MREMAP_FIXED_ 2u
#define MADV_DONTNEED_ 4u

/* ---- processes --------------------------------------------------------------------------------------------------- */

#define CLONE_SIGNAL_ 0xffu
#define CLONE_VM_ 0x100u
#define CLONE_FS_ 0x200u
#define CLONE_FILES_ 0x400u
#define CLONE_SIGHAND_ 0x800u
#define CLONE_PTRACE_ 0x2000u
#define CLONE_VFORK_ 0x4000u
#define CLONE_PARENT_ 0x8000u
#define CLONE_THREAD_ 0x10000u
#define CLONE_SYSVSEM_ 0x40000u
#define CLONE_SETTLS_ 0x80000u
#define CLONE_PARENT_SETTID_ 0x100000u
#define CLONE_CHILD_CLEARTID_ 0x200000u
#define CLONE_DETACHED_ 0x400000u
#define CLONE_UNTRACED_ 0x800000u
#define CLONE_CHILD_SETTID_ 0x1000000u
#define CLONE_IO_ 0x80000000u

#define WNOHANG_ 1u
#define WUNTRACED_ 2u
#define WSTOPPED_ 2u
#define WEXITED_ 4u
#define WCONTINUED_ 8u
#define WNOWAIT_ 0x01000000u
#define WNOTHREAD_ 0x20000000u
#define WALL_ 0x40000000u
#define WCLONE_ 0x80000000u

enum { P_ALL_ = 0, P_PID_ = 1, P_PGID_ = 2 };

enum {
    RLIMIT_CPU_ = 0,
    RLIMIT_FSIZE_ = 1,
    RLIMIT_DATA_ = 2,
    RLIMIT_STACK_ = 3,
    RLIMIT_CORE_ = 4,
    RLIMIT_NPROC_ = 6,
    RLIMIT_NOFILE_ = 7,
    RLIMIT_AS_ = 9,
    RLIMIT_COUNT = 16,
};
#define RLIM_INFINITY_ UINT64_MAX

struct abi_rlimit {
    uint64_t cur, max;
};

struct abi_rusage {
    struct abi_timeval utime, stime;
    int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};
_Static_assert(sizeof(struct abi_rusage) == 144, "struct rusage");

struct abi_sysinfo {
    int64_t uptime;
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint32_t pad2;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit, pad3;
};
_Static_assert(sizeof(struct abi_sysinfo) == 112, "struct sysinfo");

#define UTS_FIELD_BYTES 65u

enum {
    AT_NULL_ = 0,
    AT_PHDR_ = 3,
    AT_PHENT_ = 4,
    AT_PHNUM_ = 5,
    AT_PAGESZ_ = 6,
    AT_BASE_ = 7,
    AT_FLAGS_ = 8,
    AT_ENTRY_ = 9,
    AT_UID_ = 11,
    AT_EUID_ = 12,
    AT_GID_ = 13,
    AT_EGID_ = 14,
    AT_PLATFORM_ = 15,
    AT_HWCAP_ = 16,
    AT_CLKTCK_ = 17,
    AT_SECURE_ = 23,
    AT_RANDOM_ = 25,
    AT_HWCAP2_ = 26,
    AT_EXECFN_ = 31,
    AT_SYSINFO_EHDR_ = 33,
    AT_MINSIGSTKSZ_ = 51,
};

enum {
    PR_SET_PDEATHSIG_ = 1,
    PR_GET_PDEATHSIG_ = 2,
    PR_GET_DUMPABLE_ = 3,
    PR_SET_DUMPABLE_ = 4,
    PR_SET_NAME_ = 15,
    PR_GET_NAME_ = 16,
    PR_SET_NO_NEW_PRIVS_ = 38,
    PR_GET_NO_NEW_PRIVS_ = 39,
};

#define REBOOT_MAGIC1_ 0xfee1deadu
#define REBOOT_RESTART_ 0x01234567u
#define REBOOT_HALT_ 0xcdef0123u
#define REBOOT_CAD_ON_ 0x89abcdefu
#define REBOOT_CAD_OFF_ 0u
#define REBOOT_POWER_OFF_ 0x4321fedcu
#define REBOOT_RESTART2_ 0xa1b2c3d4u /* with a command: see call_reboot */

enum {
    FUTEX_WAIT_ = 0,
    FUTEX_WAKE_ = 1,
    FUTEX_REQUEUE_ = 3,
    FUTEX_CMP_REQUEUE_ = 4,
    FUTEX_WAIT_BITSET_ = 9,
    FUTEX_WAKE_BITSET_ = 10,
};
#define FUTEX_PRIVATE_ 128u
#define FUTEX_CLOCK_REALTIME_ 256u

/* ---- signals ----------------------------------------------------------------------------------------------------- */

enum {
    SIGHUP_ = 1,
    SIGINT_ = 2,
    SIGQUIT_ = 3,
    SIGILL_ = 4,
    SIGTRAP_ = 5,
    SIGABRT_ = 6,
    SIGBUS_ = 7,
    SIGFPE_ = 8,
    SIGKILL_ = 9,
    SIGUSR1_ = 10,
    SIGSEGV_ = 11,
    SIGUSR2_ = 12,
    SIGPIPE_ = 13,
    SIGALRM_ = 14,
    SIGTERM_ = 15,
    SIGCHLD_ = 17,
    SIGCONT_ = 18,
    SIGSTOP_ = 19,
    SIGTSTP_ = 20,
    SIGTTIN_ = 21,
    SIGTTOU_ = 22,
    SIGURG_ = 23,
    SIGXCPU_ = 24,
    SIGXFSZ_ = 25,
    SIGWINCH_ = 28,
    SIGSYS_ = 31,
    SIGRTMIN_ = 32,
    SIGNAL_COUNT = 64,
};
#define SIGNAL_BIT(signal) ((uint64_t)1 << ((signal)-1))

#define SIG_DFL_ 0u
#define SIG_IGN_ 1u
#define SA_NOCLDSTOP_ 1u
#define SA_NOCLDWAIT_ 2u
#define SA_SIGINFO_ 4u
#define SA_RESTORER_ 0x04000000u
#define SA_ONSTACK_ 0x08000000u
#define SA_RESTART_ 0x10000000u
#define SA_NODEFER_ 0x40000000u
#define SA_RESETHAND_ 0x80000000u

enum { SIG_BLOCK_ = 0, SIG_UNBLOCK_ = 1, SIG_SETMASK_ = 2 };

#define SS_ONSTACK_ 1u
#define SS_DISABLE_ 2u
#define SS_AUTODISARM_ 0x80000000u
#define MINSIGSTKSZ_ 5120u

enum {
    SI_USER_ = 0,
    SI_KERNEL_ = 128,
    SI_QUEUE_ = -1,
    SI_TIMER_ = -2,
    SI_TKILL_ = -6,
    ILL_ILLOPC_ = 1,
    TRAP_BRKPT_ = 1,
    SEGV_MAPERR_ = 1,
    SEGV_ACCERR_ = 2,
    BUS_ADRALN_ = 1,
    BUS_ADRERR_ = 2,
    FPE_FLTUNK_ = 14,
    CLD_EXITED_ = 1,
    CLD_KILLED_ = 2,
    CLD_DUMPED_ = 3,
    CLD_STOPPED_ = 5,
    CLD_CONTINUED_ = 6,
};

struct abi_siginfo {
    int32_t signo, error, code, pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            uint64_t value; /* for SIGCHLD: status in the low half; utime and stime follow */
            int64_t utime, stime;
        } sender;
        struct {
            uint64_t address;
        } fault;
        uint64_t words[14];
    };
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

struct abi_sigaction {
    uint64_t handler, flags, restorer, mask;
};

struct abi_stack {
    uint64_t sp;
    uint32_t flags, pad;
    uint64_t size;
};

/** The frame on a handler's stack up to the record area, at its lowest address; 4096 bytes of records follow. */
struct abi_sigframe {
    struct abi_siginfo info;
    uint64_t uc_flags, uc_link;
    struct abi_stack uc_stack;
    uint64_t uc_sigmask, uc_unused[15];
    uint64_t uc_align; /* the machine context is aligned to 16 */
    uint64_t fault_address, x[31], sp, pc, pstate;
    uint64_t pad;
};
#define SIGFRAME_RECORDS sizeof(struct abi_sigframe) /* offset of the record area */
#define SIGFRAME_RECORD_BYTES 4096u
#define SIGFRAME_BYTES (SIGFRAME_RECORDS + SIGFRAME_RECORD_BYTES)
_Static_assert(offsetof(struct abi_sigframe, uc_flags) == 128, "ucontext follows siginfo");
_Static_assert(offsetof(struct abi_sigframe, uc_sigmask) == 128 + 40, "uc_sigmask");
_Static_assert(offsetof(struct abi_sigframe, fault_address) == 128 + 176, "uc_mcontext");
_Static_assert(SIGFRAME_RECORDS == 128 + 176 + 288 && SIGFRAME_BYTES == 4688, "rt_sigframe of AArch64");

#define RECORD_FPSIMD 0x46508001u
#define RECORD_FPSIMD_BYTES 528u
#define RECORD_ESR 0x45535201u

#define PSTATE_NZCV 0xf0000000u

/* ---- terminal ---------------------------------------------------------------------------------------------------- */

#define TERMIOS_CC_COUNT 19u

struct abi_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[TERMIOS_CC_COUNT];
};
_Static_assert(sizeof(struct abi_termios) == 36, "struct termios of the kernel");

enum {
    VINTR_ = 0,
    VQUIT_ = 1,
    VERASE_ = 2,
    VKILL_ = 3,
    VEOF_ = 4,
    VTIME_ = 5,
    VMIN_ = 6,
    VSTART_ = 8,
    VSTOP_ = 9,
    VSUSP_ = 10,
    VEOL_ = 11,
    VREPRINT_ = 12,
    VDISCARD_ = 13,
    VWERASE_ = 14,
    VLNEXT_ = 15,
    VEOL2_ = 16,
};

#define IGNBRK_ 0000001u
#define BRKINT_ 0000002u
#define ISTRIP_ 0000040u
#define INLCR_ 0000100u
#define IGNCR_ 0000200u
#define ICRNL_ 0000400u
#define IUCLC_ 0001000u
#define IXON_ 0002000u
#define IXANY_ 0004000u
#define IMAXBEL_ 0020000u
#define IUTF8_ 0040000u

#define OPOST_ 0000001u
#define OLCUC_ 0000002u
#define ONLCR_ 0000004u
#define OCRNL_ 0000010u
#define ONOCR_ 0000020u
#define ONLRET_ 0000040u
#define TABDLY_ 0014000u
#define XTABS_ 0014000u

#define ISIG_ 0000001u
#define ICANON_ 0000002u
#define ECHO_ 0000010u
#define ECHOE_ 0000020u
#define ECHOK_ 0000040u
#define ECHONL_ 0000100u
#define NOFLSH_ 0000200u
#define TOSTOP_ 0000400u
#define ECHOCTL_ 0001000u
#define ECHOPRT_ 0002000u
#define ECHOKE_ 0004000u
#define IEXTEN_ 0100000u

#define CONTROL_BAUD38400_ 0000017u
#define CS8_ 0000060u
#define CREAD_ 0000200u
#define HUPCL_ 0002000u

struct abi_winsize {
    uint16_t row, col, xpixel, ypixel;
};

enum {
    TCGETS_ = 0x5401,
    TCSETS_ = 0x5402,
    TCSETSW_ = 0x5403,
    TCSETSF_ = 0x5404,
    TCSBRK_ = 0x5409,
    TCXONC_ = 0x540a,
    TCFLSH_ = 0x540b,
    TIOCEXCL_ = 0x540c,
    TIOCNXCL_ = 0x540d,
    TIOCSCTTY_ = 0x540e,
    TIOCGPGRP_ = 0x540f,
    TIOCSPGRP_ = 0x5410,
    TIOCOUTQ_ = 0x5411,
    TIOCGWINSZ_ = 0x5413,
    TIOCSWINSZ_ = 0x5414,
    FIONREAD_ = 0x541b,
    FIONBIO_ = 0x5421,
    TIOCNOTTY_ = 0x5422,
    TCSBRKP_ = 0x5425,
    TIOCGSID_ = 0x5429,
    FIONCLEX_ = 0x5450,
    FIOCLEX_ = 0x5451,
    FIOASYNC_ = 0x5452,
};

/* ---- poll -------------------------------------------------------------------------------------------------------- */

#define POLLIN_ 0x001u
#define POLLPRI_ 0x002u
#define POLLOUT_ 0x004u
#define POLLERR_ 0x008u
#define POLLHUP_ 0x010u
#define POLLNVAL_ 0x020u
#define POLLRDNORM_ 0x040u
#define POLLRDBAND_ 0x080u
#define POLLWRNORM_ 0x100u
#define POLLWRBAND_ 0x200u

struct abi_pollfd {
    int32_t fd;
    int16_t events, revents;
};

#endif
