/* SPDX-License-Identifier: MIT */
/**
 * Exec: from a path to a running program. The new address space is built completely before the old one is given up, so a
 * failure leaves the caller as it was. Only a program that the pager knows can be executed; a script runs the program that
 * its first line names.
 * Owns:   nothing that outlives the call.    Uses: mm.c, path.c, filedata.c, leave.c.
 * Limits: LINUX_ARG_BYTES_MAX for all strings and pointers; interpreters of interpreters SCRIPT_DEPTH_MAX deep.
 * Source: man-pages execve(2), getauxval(3); AAPCS64; docs/design/linux.md
 */
#include "calls.h"
#include "files.h"

#include "abipage/abipage.h"

#define ARG_PAGES (LINUX_ARG_BYTES_MAX / PAGE_BYTES)
#define SCRIPT_DEPTH_MAX 4u
#define SCRIPT_LINE_BYTES 256u
#define HWCAP_SAFE UINT64_C(0xfb) /* FP ASIMD AES PMULL SHA1 SHA2 CRC32: no ID registers, nothing with state of its own */
#define HWCAP_LEAST UINT64_C(0x3)
#define SHIFT_PAGES_MASK 0x7fffu
#define STACK_SHIFT_MASK 0xffff0u

/** All strings of argv, then all of envp, each with its zero; `head` has those that scripts put in front. */
struct exec_strings {
    struct linux_system *sys;
    uint8_t *pages[ARG_PAGES];
    uint32_t bytes;
    uint32_t argc, envc;
    uint32_t skip_bytes; /* of the first string, when a script replaced it */
    char *head;          /* a page, filled from its end */
    uint32_t head_at;
    uint32_t head_count;
};

struct exec_plan {
    struct inode *inode; /* held */
    struct linux_program program;
    uint64_t shift;
    uint64_t random[4];
    char execfn[LINUX_NAME_BYTES_MAX + 1]; /* cut in AT_EXECFN only */
    char name[16];
};

/* ---- collecting strings ------------------------------------------------------------------------------------------ */

static void strings_free(struct exec_strings *s)
{
    for (uint32_t i = 0; i < ARG_PAGES && s->pages[i] != NULL; i++) {
        page_free(&s->sys->memory, s->pages[i]);
    }
    if (s->head != NULL) {
        page_free(&s->sys->memory, s->head);
    }
}

static int64_t strings_init(struct exec_strings *s, struct linux_system *sys)
{
    memset(s, 0, sizeof(*s));
    s->sys = sys;
    s->head = page_alloc(&sys->memory, MEM_CORE);
    s->head_at = PAGE_BYTES;
    return s->head == NULL ? -E_NOMEM : 0;
}

/** The free rest of the current page. */
static uint8_t *strings_room(struct exec_strings *s, uint32_t *room)
{
    uint32_t page = s->bytes / PAGE_BYTES;
    if (s->pages[page] == NULL) {
        s->pages[page] = page_alloc(&s->sys->memory, MEM_CORE);
    }
    *room = PAGE_BYTES - s->bytes % PAGE_BYTES;
    return s->pages[page] == NULL ? NULL : s->pages[page] + s->bytes % PAGE_BYTES;
}

/** Appends the string at `address` of `mm`, or of ours when `mm` is NULL. */
static int64_t strings_add(struct exec_strings *s, struct mm *mm, uint64_t address, const char *own)
{
    for (uint32_t start = s->bytes;;) {
        uint32_t room;
        if (s->bytes + (s->argc + s->envc + 1) * 8 >= LINUX_ARG_BYTES_MAX || s->bytes - start >= LINUX_STRING_BYTES_MAX) {
            return -E_2BIG;
        }
        uint8_t *to = strings_room(s, &room);
        if (to == NULL) {
            return -E_NOMEM;
        }
        uint32_t left = LINUX_STRING_BYTES_MAX - (s->bytes - start);
        size_t part = room < 64 ? room : 64;
        part = left < part ? left : part;
        const uint8_t *from = (const uint8_t *)own;
        if (mm != NULL) {
            from = user_pin(mm, address, part, false, &part);
            if (from == NULL) {
                return -E_FAULT;
            }
            memcpy(to, from, part);
        } else {
            size_t len = strlen(own) + 1;
            part = len < part ? len : part;
            memcpy(to, own, part);
            own += part;
        }
        const uint8_t *end = memchr(to, 0, part);
        s->bytes += end == NULL ? (uint32_t)part : (uint32_t)(end + 1 - to);
        if (end != NULL) {
            return 0;
        }
        address += part;
    }
}

/** Appends a vector of user pointers that ends with 0; `address` 0 is an empty vector. */
static int64_t strings_add_vector(struct exec_strings *s, struct mm *mm, uint64_t address, uint32_t *count)
{
    for (*count = 0; address != 0; address += 8) {
        uint64_t pointer;
        if (!user_read_u64(mm, &pointer, address)) {
            return -E_FAULT;
        }
        if (pointer == 0) {
            break;
        }
        int64_t error = strings_add(s, mm, pointer, NULL);
        if (error != 0) {
            return error;
        }
        ++*count;
    }
    return 0;
}

static int64_t strings_add_own(struct exec_strings *s, const char *const *vector, uint32_t *count)
{
    for (*count = 0; vector[*count] != NULL; ++*count) {
        int64_t error = strings_add(s, NULL, 0, vector[*count]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* ---- scripts ----------------------------------------------------------------------------------------------------- */

static bool head_push(struct exec_strings *s, const char *string, size_t len)
{
    if (len + 1 > s->head_at) {
        return false;
    }
    s->head_at -= (uint32_t)len + 1;
    memcpy(s->head + s->head_at, string, len);
    s->head[s->head_at + len] = '\0';
    s->head_count++;
    return true;
}

/** Drops what is argv[0] now. */
static void drop_first(struct exec_strings *s)
{
    if (s->head_count > 0) {
        s->head_at += (uint32_t)strlen(s->head + s->head_at) + 1;
        s->head_count--;
    } else if (s->argc > 0 && s->skip_bytes == 0) {
        uint32_t at = 0;
        while (s->pages[at / PAGE_BYTES][at % PAGE_BYTES] != 0) {
            at++;
        }
        s->skip_bytes = at + 1;
        s->argc--;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/** Takes the interpreter of a script's first line: argv becomes interpreter, argument, `path` and the old argv[1..]. */
static int64_t use_script(struct exec_strings *s, char *line, const char *path, char *interpreter, size_t cap_bytes)
{
    size_t len = 2;
    while (len < SCRIPT_LINE_BYTES - 1 && line[len] != '\n' && line[len] != '\0') {
        len++;
    }
    bool is_cut = line[len] != '\n' && len == SCRIPT_LINE_BYTES - 1;
    while (len > 2 && is_blank(line[len - 1])) {
        len--;
    }
    size_t start = 2;
    while (start < len && is_blank(line[start])) {
        start++;
    }
    size_t end = start;
    while (end < len && !is_blank(line[end])) {
        end++;
    }
    if (end == start || (is_cut && end == len)) {
        return -E_NOEXEC; /* no name, or only part of one */
    }
    size_t argument = end;
    while (argument < len && is_blank(line[argument])) {
        argument++;
    }
    drop_first(s);
    if (!head_push(s, path, strlen(path)) || (argument < len && !head_push(s, line + argument, len - argument)) ||
        !head_push(s, line + start, end - start) || end - start >= cap_bytes) {
        return -E_2BIG;
    }
    memcpy(interpreter, line + start, end - start);
    interpreter[end - start] = '\0';
    return 0;
}

/* ---- finding the program ----------------------------------------------------------------------------------------- */

static bool is_pristine(const struct inode *n)
{
    return n->program != LINUX_NONE && n->data.page_count == 0 && n->object_bytes == n->size;
}

static int64_t read_start(struct inode *n, char *line)
{
    struct abi_iovec iov = {(uintptr_t)line, SCRIPT_LINE_BYTES};
    struct uio io = {.iov = &iov, .iov_count = 1, .left_bytes = SCRIPT_LINE_BYTES};
    memset(line, 0, SCRIPT_LINE_BYTES);
    return filedata_read(n, &io, 0);
}

static int64_t check_inode(const struct process *p, const struct inode *n)
{
    if (inode_type(n) != S_IFREG_ || inode_permission(p, n, MAY_EXEC) != 0) {
        return -E_ACCES;
    }
    return n->writers > 0 ? -E_TXTBSY : 0;
}

/** What the file at `path` is: a program (0), a script (1, its interpreter then is in `path`), or refused. */
static int64_t classify(struct thread *t, struct inode *n, char *path, struct exec_strings *s)
{
    char line[SCRIPT_LINE_BYTES];
    int64_t error = check_inode(t->proc, n);
    if (error != 0 || (!on_volume(n) && is_pristine(n))) {
        return error;
    }
    int64_t len = read_start(n, line);
    if (len < 0) {
        return len;
    }
    if (len >= 2 && line[0] == '#' && line[1] == '!') {
        error = use_script(s, line, path, path, LINUX_PATH_BYTES_MAX);
        return error != 0 ? error : 1;
    }
    bool is_elf = len >= 4 && memcmp(line, "\177ELF", 4) == 0;
    if (is_elf && on_volume(n)) {
        n->program = volume_program(n);
        if (n->program != LINUX_NONE) {
            return 0;
        }
    }
    if (is_elf) {
        refuse(t->sys,
               "execve of %.128s by process %u (%.16s) refused: the file is not a program of an authorised package, so its "
               "code was never verified; sign it and install its package",
               path, t->proc->pid, t->name);
        return -E_ACCES;
    }
    return -E_NOEXEC;
}

static int64_t find_program(struct thread *t, struct inode *first, char *path, struct exec_strings *s,
                            struct exec_plan *plan)
{
    struct inode *n = inode_get(first);
    for (uint32_t depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
        int64_t kind = classify(t, n, path, s);
        if (kind == 0) {
            plan->inode = n;
            return 0;
        }
        inode_put(n);
        struct walk w;
        int64_t error = kind < 0 ? kind : path_walk(t, path[0] == '/' ? t->proc->root : t->proc->cwd, path, WALK_FOLLOW, &w);
        if (error != 0) {
            return error;
        }
        n = inode_get(w.inode);
        walk_end(&w);
    }
    inode_put(n);
    return -E_LOOP;
}

static int64_t ask_pager(struct thread *t, const char *path, struct exec_plan *plan)
{
    struct linux_system *sys = t->sys;
    enum linux_op op = sys->ops->program_info(sys->env, plan->inode->program, &plan->program);
    if (op == LINUX_OP_NO_ACCESS) {
        refuse(sys,
               "execve of %.128s by process %u (%.16s) refused: its package is not, or no longer, authorised; `lx verify` "
               "says why",
               path, t->proc->pid, t->name);
    }
    if (op != LINUX_OP_OK) {
        return op_error(op);
    }
    sys->ops->random(sys->env, plan->random, sizeof(plan->random));
    if (plan->program.is_relocatable) {
        plan->shift = LINUX_PIE_BASE + (plan->random[2] & SHIFT_PAGES_MASK) * PAGE_BYTES -
                      align_down(plan->program.start, PAGE_BYTES);
    }
    return 0;
}

/* ---- the new address space --------------------------------------------------------------------------------------- */

static int64_t map_all(struct linux_system *sys, struct mm *mm, const struct exec_plan *plan)
{
    const struct linux_ops *ops = sys->ops;
    struct linux_range stack = {LINUX_PLACE_FIXED, LINUX_STACK_TOP - LINUX_STACK_BYTES, LINUX_STACK_BYTES,
                                LINUX_READ | LINUX_WRITE};
    enum linux_op op = ops->map_program(sys->env, mm->space, plan->inode->program, plan->shift);
    op = op != LINUX_OP_OK ? op : ops->map_program(sys->env, mm->space, sys->config.abi_program, LINUX_ABI_BASE);
    op = op != LINUX_OP_OK ? op : ops->map_anon(sys->env, mm->space, &stack);
    mm->heap_start = mm->heap_end = align_up(plan->program.end + plan->shift, PAGE_BYTES);
    mm->text_start = plan->program.start + plan->shift;
    mm->text_end = plan->program.end + plan->shift;
    return op_error(op);
}

/** A place in user memory that is written upwards. */
struct put {
    struct mm *mm;
    uint64_t at;
    bool failed;
};

static void put_bytes(struct put *put, const void *bytes, size_t len)
{
    put->failed = put->failed || !user_write(put->mm, put->at, bytes, len);
    put->at += len;
}

static void put_u64(struct put *put, uint64_t value)
{
    put_bytes(put, &value, sizeof(value));
}

static uint64_t total_bytes(const struct exec_strings *s)
{
    return PAGE_BYTES - s->head_at + s->bytes - s->skip_bytes;
}

static void put_strings(struct put *put, const struct exec_strings *s)
{
    put_bytes(put, s->head + s->head_at, PAGE_BYTES - s->head_at);
    for (uint32_t at = s->skip_bytes; at < s->bytes;) {
        uint32_t room = PAGE_BYTES - at % PAGE_BYTES;
        uint32_t part = s->bytes - at < room ? s->bytes - at : room;
        put_bytes(put, s->pages[at / PAGE_BYTES] + at % PAGE_BYTES, part);
        at += part;
    }
}

/** Writes `count` pointers to strings and a 0. `*at` runs over the string area: first the head, then the pages. */
static void put_pointers(struct put *put, const struct exec_strings *s, uint32_t count, uint64_t strings, uint64_t *at)
{
    uint32_t head = PAGE_BYTES - s->head_at;
    for (uint32_t i = 0; i < count; i++) {
        put_u64(put, strings + *at);
        uint8_t c;
        do {
            uint64_t in_pages = *at - head + s->skip_bytes;
            c = *at < head ? (uint8_t)s->head[s->head_at + *at] : s->pages[in_pages / PAGE_BYTES][in_pages % PAGE_BYTES];
            ++*at;
        } while (c != 0);
    }
    put_u64(put, 0);
}

struct aux_addresses {
    uint64_t random, platform, execfn;
};

static uint32_t make_auxv(const struct process *p, const struct exec_plan *plan, const struct aux_addresses *at,
                          bool is_secure, uint64_t out[][2])
{
    const struct linux_config *config = &p->sys->config;
    uint64_t hwcap = config->hwcap == 0 ? HWCAP_LEAST : config->hwcap & HWCAP_SAFE;
    const uint64_t list[][2] = {
        {AT_SYSINFO_EHDR_, LINUX_ABI_BASE},
        {AT_MINSIGSTKSZ_, SIGFRAME_BYTES + 32},
        {AT_HWCAP_, hwcap},
        {AT_PAGESZ_, PAGE_BYTES},
        {AT_CLKTCK_, TICKS_PER_S},
        {AT_PHDR_, plan->program.phdr + plan->shift},
        {AT_PHENT_, plan->program.phdr_bytes},
        {AT_PHNUM_, plan->program.phdr_count},
        {AT_BASE_, 0},
        {AT_FLAGS_, 0},
        {AT_ENTRY_, plan->program.entry + plan->shift},
        {AT_UID_, p->cred.uid},
        {AT_EUID_, p->cred.euid},
        {AT_GID_, p->cred.gid},
        {AT_EGID_, p->cred.egid},
        {AT_SECURE_, is_secure},
        {AT_RANDOM_, at->random},
        {AT_HWCAP2_, 0},
        {AT_EXECFN_, at->execfn},
        {AT_PLATFORM_, at->platform},
        {AT_NULL_, 0},
    };
    memcpy(out, list, sizeof(list));
    return (uint32_t)ARRAY_LEN(list);
}
#define AUXV_MAX 24u

/**
 * Fills the stack, from below: argc, argv, 0, envp, 0, auxv; random bytes, platform; the strings; the path; 8 zero bytes.
 * @return 0 with the stack pointer in `*sp`.
 */
static int64_t fill_stack(struct process *p, struct mm *mm, const struct exec_plan *plan, const struct exec_strings *s,
                          bool is_secure, uint64_t *sp)
{
    static const char platform[16] = "aarch64";
    uint64_t auxv[AUXV_MAX][2];
    struct aux_addresses at;
    uint64_t top = LINUX_STACK_TOP - (plan->random[3] & STACK_SHIFT_MASK) - 16;
    at.execfn = top - (strlen(plan->execfn) + 1);
    uint64_t strings = at.execfn - total_bytes(s);
    at.platform = align_down(strings - sizeof(platform), 16);
    at.random = at.platform - 16;
    uint32_t aux_count = make_auxv(p, plan, &at, is_secure, auxv);
    uint32_t argc = s->head_count + s->argc;
    uint64_t words = 1 + argc + 1 + s->envc + 1 + 2 * (uint64_t)aux_count;
    *sp = align_down(at.random - words * 8, 16);
    struct put put = {mm, *sp, false};
    uint64_t string_at = 0;
    put_u64(&put, argc);
    put_pointers(&put, s, argc, strings, &string_at);
    mm->arg_start = strings;
    mm->arg_end = mm->env_start = strings + string_at;
    put_pointers(&put, s, s->envc, strings, &string_at);
    mm->env_end = strings + string_at;
    put_bytes(&put, auxv, aux_count * sizeof(auxv[0]));
    put.at = at.random;
    put_bytes(&put, plan->random, 16);
    put_bytes(&put, platform, sizeof(platform));
    put.at = strings;
    put_strings(&put, s);
    put_bytes(&put, plan->execfn, strlen(plan->execfn) + 1);
    mm->stack_start = *sp;
    return put.failed ? -E_NOMEM : 0;
}

static int64_t build(struct thread *t, const struct exec_plan *plan, const struct exec_strings *s, bool is_secure,
                     struct mm **out, uint64_t *sp)
{
    struct mm *mm = mm_new(t->sys);
    if (mm == NULL) {
        return -E_NOMEM;
    }
    int64_t error = map_all(t->sys, mm, plan);
    error = error != 0 ? error : fill_stack(t->proc, mm, plan, s, is_secure, sp);
    if (error == 0 && t->sys->ops->thread_bind(t->sys->env, t->id, mm->space) != LINUX_OP_OK) {
        error = -E_NOMEM;
    }
    if (error != 0) {
        mm_put(mm);
        return error;
    }
    t->is_bound = true;
    *out = mm;
    return 0;
}

/* ---- the change -------------------------------------------------------------------------------------------------- */

static bool apply_set_ids(struct process *p, const struct inode *n, struct cred *before)
{
    *before = p->cred;
    struct cred *c = &p->cred;
    if (!p->no_new_privs && (n->mode & S_ISUID_) != 0) {
        c->euid = n->uid;
    }
    if (!p->no_new_privs && (n->mode & (S_ISGID_ | 010)) == (S_ISGID_ | 010)) {
        c->egid = n->gid;
    }
    c->suid = c->fsuid = c->euid;
    c->sgid = c->fsgid = c->egid;
    return c->uid != c->euid || c->gid != c->egid;
}

/** The point of no return: nothing here can fail. */
static void commit(struct thread *t, struct exec_plan *plan, struct mm *mm, uint64_t sp)
{
    struct process *p = t->proc;
    struct mm *old = p->mm;
    process_single(t);
    thread_clear_tid(t);
    t->clear_tid = 0;
    process_release_vfork(p);
    mm->exe = plan->inode; /* the plan's reference moves */
    mm->exe->executing++;
    mm->program = plan->inode->program;
    p->mm = mm;
    if (old != NULL) {
        mm_put(old);
    }
    fds_close_on_exec(p);
    signals_exec(p);
    signal_update(t);
    t->altstack = (struct abi_stack){0};
    memcpy(t->name, plan->name, sizeof(t->name));
    p->has_execed = true;
    struct linux_regs *regs = &t->sys->regs;
    memset(regs, 0, sizeof(*regs));
    regs->sp = sp;
    regs->pc = LINUX_ABI_BASE + ABI_EXECENTRY;
    regs->x[16] = plan->program.entry + plan->shift;
    if (t->attention == 0) {
        thread_go(t, regs);
        return;
    }
    t->sys->ops->thread_write(t->sys->env, t->id, regs);
    t->trap = TRAP_FAULT;
    thread_leave(t, 0);
}

static void name_of(const char *path, char out[16])
{
    const char *slash = strrchr(path, '/');
    (void)copy_string(out, 16, slash == NULL ? path : slash + 1);
}

/** `path` is sys->path_a and is overwritten by the names of interpreters. */
static int64_t run(struct thread *t, struct inode *first, char *path, struct exec_strings *s)
{
    struct exec_plan plan;
    struct cred before;
    memset(&plan, 0, sizeof(plan));
    name_of(path, plan.name);
    (void)copy_string(plan.execfn, sizeof(plan.execfn), path);
    int64_t error = find_program(t, first, path, s, &plan);
    if (error != 0) {
        return error;
    }
    error = ask_pager(t, path, &plan);
    if (error == 0) {
        struct mm *mm;
        uint64_t sp;
        bool is_secure = apply_set_ids(t->proc, plan.inode, &before);
        error = build(t, &plan, s, is_secure, &mm, &sp);
        if (error == 0) {
            commit(t, &plan, mm, sp);
            return RESULT_DONE;
        }
        t->proc->cred = before;
    }
    inode_put(plan.inode);
    return error;
}

static int64_t exec_call(struct thread *t, struct inode *first, uint64_t argv, uint64_t envp)
{
    struct exec_strings s;
    struct mm *mm = t->proc->mm;
    int64_t error = strings_init(&s, t->sys);
    error = error != 0 ? error : strings_add_vector(&s, mm, argv, &s.argc);
    if (error == 0 && s.argc == 0) { /* a program may rely on argv[0] */
        error = strings_add(&s, NULL, 0, "");
        s.argc = 1;
    }
    error = error != 0 ? error : strings_add_vector(&s, mm, envp, &s.envc);
    error = error != 0 ? error : run(t, first, t->sys->path_a, &s);
    strings_free(&s);
    return error;
}

int64_t call_execve(struct thread *t, const uint64_t *a)
{
    const uint64_t b[5] = {(uint64_t)AT_FDCWD_, a[0], a[1], a[2], 0};
    return call_execveat(t, b);
}

int64_t call_execveat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if ((a[4] & ~(uint64_t)(AT_EMPTY_PATH_ | AT_SYMLINK_NOFOLLOW_)) != 0) {
        return -E_INVAL;
    }
    uint32_t flags = ((a[4] & AT_SYMLINK_NOFOLLOW_) != 0 ? 0 : WALK_FOLLOW) |
                     ((a[4] & AT_EMPTY_PATH_) != 0 ? WALK_EMPTY : 0);
    int64_t error = path_at(t, a[0], a[1], flags, &w);
    if (error != 0) {
        return error;
    }
    if (t->sys->path_a[0] == '\0') {
        (void)text_into(t->sys->path_a, sizeof(t->sys->path_a), "/dev/fd/%d", (int)a[0]);
    }
    struct inode *n = inode_get(w.inode);
    walk_end(&w);
    error = inode_type(n) == S_IFLNK_ ? -E_LOOP : exec_call(t, n, a[2], a[3]);
    inode_put(n);
    return error;
}

int64_t exec_start(struct thread *t, const char *path, const char *const *argv, const char *const *envp)
{
    struct exec_strings s;
    struct walk w;
    if (!copy_string(t->sys->path_a, sizeof(t->sys->path_a), path)) {
        return -E_NAMETOOLONG;
    }
    int64_t error = strings_init(&s, t->sys);
    error = error != 0 ? error : strings_add_own(&s, argv, &s.argc);
    error = error != 0 ? error : strings_add_own(&s, envp, &s.envc);
    error = error != 0 ? error : path_walk(t, t->proc->root, t->sys->path_a, WALK_FOLLOW, &w);
    if (error == 0) {
        struct inode *n = inode_get(w.inode);
        walk_end(&w);
        error = run(t, n, t->sys->path_a, &s);
        inode_put(n);
    }
    strings_free(&s);
    return error;
}
