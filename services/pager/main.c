/* SPDX-License-Identifier: MIT */
/**
 * Pager: the only owner of the address spaces of programs. See README.md; the logic is lib/vm, the kernel's side machine.c.
 */
#include "pager.h"

LX_SERVER(programs);  /* for the Linux server */
LX_SIGNAL(suspect);   /* scrub asks */
LX_CALL(ledger);
LX_SHARED(catalog);
LX_SHARED(journal);
LX_SHARED(info);
LX_SHARED(scrub_facts);
LX_WATCH(client);
LX_BLOB(packages);

struct vm vm;
static uint32_t object_of[CATALOG_OBJECTS_MAX]; /* number in vm of an object of the catalog */

static const struct catalog *the_catalog(void)
{
    return (const struct catalog *)catalog.addr;
}

void pager_note(enum journal_kind kind, const char *text, ...)
{
    char line[JOURNAL_TEXT_BYTES];
    va_list args;
    va_start(args, text);
    (void)format_list(line, sizeof line, text, args);
    va_end(args);
    journal_write((struct journal *)journal.addr, rt_ticks(), kind, "%s", line);
}

static void publish(void)
{
    struct pager_info *i = (struct pager_info *)info.addr;
    i->frames_total = vm.chunk_count * (uint64_t)VM_CHUNK_FRAMES + objects_bytes_left() / PAGE_BYTES;
    i->frames_taken = vm.chunk_count * (uint64_t)VM_CHUNK_FRAMES;
    i->frames_free = vm.free_count;
    i->pages_verified = vm.pages_verified;
    i->pages_refused = vm.pages_refused;
}

static void publish_space(uint64_t space)
{
    struct pager_info *i = (struct pager_info *)info.addr;
    if (space < PAGER_SPACES_MAX) {
        i->resident[space] = vm.spaces[space].resident_pages;
        i->verified[space] = vm.spaces[space].verified_pages;
    }
}

/* ---- packages ---------------------------------------------------------------------------------------------------------------- */

/* Objects of refused packages get a number too, and stay out of reach: see is_authorised. */
static void register_objects(void)
{
    const struct catalog *c = the_catalog();
    for (uint32_t i = 0; i < c->object_count; i++) {
        const struct catalog_object *o = &c->objects[i];
        struct hash256 root;
        memcpy(root.bytes, o->root, sizeof root.bytes);
        const uint8_t *bytes = (const uint8_t *)packages.addr + o->offset;
        const struct hash256 *leaves = (const struct hash256 *)(packages.addr + o->leaves_offset);
        if (vm_object_add(&vm, bytes, o->len_bytes, leaves, &root, &object_of[i]) != VM_OK) {
            rt_panic("the packages have more objects or pages than the pager can hold (%u objects, %u pages)", VM_OBJECTS_MAX,
                     VM_OBJECT_PAGES_MAX);
        }
    }
    ((struct pager_info *)info.addr)->indices = vm.object_page_count;
}

/* The ledger's word on a package, as of now. */
static bool is_authorised(uint32_t package)
{
    return package < CATALOG_PACKAGES_MAX &&
           __atomic_load_n(&the_catalog()->packages[package].status, __ATOMIC_ACQUIRE) == CATALOG_AUTHORISED;
}

void init(void)
{
    objects_init();
    threads_init();
    vm_init(&vm, &machine_ops, NULL, MACHINE_CHUNKS);
    struct message m;
    rt_message(&m, LEDGER_WAIT, 0); /* it answers when the catalog is complete */
    if (rt_call(&ledger, &m) != PROTO_OK || the_catalog()->state != CATALOG_READY) {
        rt_panic("the ledger could not verify the packages; see its log");
    }
    register_objects();
    publish();
}

/* ---- requests ----------------------------------------------------------------------------------------------------------------- */

static uint32_t object_word(const struct message *m)
{
    return (uint32_t)(m->word[0] >> 32);
}

static struct vm_range range_of(const struct message *m)
{
    return (struct vm_range){.place = (m->word[0] >> 8 & 0xff) == PAGER_ANYWHERE ? VM_PLACE_ANY
                                      : (m->word[0] >> 8 & 0xff) == PAGER_FIXED  ? VM_PLACE_FIXED
                                                                                 : VM_PLACE_FREE,
                             .address = m->word[1],
                             .len_bytes = m->word[2],
                             .low = PAGER_PLACE_LOW,
                             .high = PAGER_PLACE_HIGH,
                             .rights = (unsigned)(m->word[0] >> 16 & 0xff)};
}

static uint64_t map_object(struct message *m, uint32_t space)
{
    uint32_t object = object_word(m);
    const struct catalog *c = the_catalog();
    struct vm_range range = range_of(m);
    if (object >= c->object_count) {
        return PAGER_BAD_CALL;
    }
    if (!is_authorised(c->objects[object].package)) {
        return PAGER_NO_ACCESS;
    }
    uint64_t status = vm_map_object(&vm, space, object_of[object], m->word[3], &range);
    m->word[0] = range.address;
    return status;
}

static uint64_t map_program(const struct message *m, uint32_t space)
{
    uint32_t number = object_word(m);
    const struct catalog *c = the_catalog();
    if (number >= c->program_count) {
        return PAGER_BAD_CALL;
    }
    const struct catalog_program *p = &c->programs[number];
    enum { SEGMENTS_MAX = 16 };
    struct vm_segment segments[SEGMENTS_MAX];
    if (!is_authorised(p->package)) {
        return PAGER_NO_ACCESS;
    }
    if (p->segment_count > SEGMENTS_MAX || (m->word[1] != 0 && p->relocatable == 0)) {
        return PAGER_BAD_CALL;
    }
    for (uint32_t i = 0; i < p->segment_count; i++) {
        const struct catalog_segment *s = &c->segments[p->first_segment + i];
        segments[i] = (struct vm_segment){s->offset, s->address, s->file_bytes, s->memory_bytes, s->rights};
    }
    return vm_map_program(&vm, space, object_of[p->object], segments, p->segment_count, m->word[1]);
}

static uint64_t object_page(struct message *m)
{
    const struct catalog *c = the_catalog();
    uint32_t index = 0;
    if (m->word[0] >= c->object_count || m->word[1] > UINT32_MAX) {
        return PAGER_BAD_CALL;
    }
    if (!is_authorised(c->objects[m->word[0]].package)) {
        return PAGER_NO_ACCESS;
    }
    uint64_t status = vm_object_page(&vm, object_of[m->word[0]], (uint32_t)m->word[1], &index);
    m->word[0] = index;
    return status;
}

/* What the client calls an object of ours. */
static uint32_t catalog_object_of(uint32_t object)
{
    uint32_t i = 0;
    while (i < the_catalog()->object_count && object_of[i] != object) {
        i++;
    }
    return i < the_catalog()->object_count ? i : CATALOG_NONE;
}

/* A file with these contents, and the package that it is of. */
static const char *path_of(uint32_t object, const char **package)
{
    const struct catalog *c = the_catalog();
    uint32_t number = catalog_object_of(object);
    for (uint32_t i = 0; i < c->file_count; i++) {
        if (c->files[i].kind == CATALOG_FILE && c->files[i].object == number) {
            *package = c->packages[c->files[i].package].name;
            return c->strings + c->files[i].path;
        }
    }
    *package = "?";
    return "?";
}

void pager_refused(uint32_t object, uint32_t page)
{
    const char *package;
    const char *path = path_of(object, &package);
    pager_note(JOURNAL_REFUSED,
               "page %u of %.80s does not have the bytes that package %.48s signed: it is not mapped; install the package again",
               page, path, package);
    rt_log("page %u of %.80s does not have the bytes that package %.48s signed: it is not mapped; install the package again", page,
           path, package);
}

static uint64_t region(struct message *m)
{
    struct vm_region r;
    if (m->word[0] >= PAGER_SPACES_MAX || m->word[1] >= VM_REGIONS_MAX ||
        !vm_region_at(&vm, (uint32_t)m->word[0], (uint32_t)m->word[1], &r)) {
        return PAGER_NOT_MAPPED;
    }
    m->word[0] = (uint64_t)r.first_page * PAGE_BYTES;
    m->word[1] = (uint64_t)(r.end_page - r.first_page) * PAGE_BYTES;
    m->word[2] = r.rights;
    m->word[3] = r.object < VM_OBJECTS_MAX ? catalog_object_of(r.object) + UINT64_C(1) : 0;
    return PAGER_OK;
}

static void reset(void)
{
    threads_release_all();
    for (uint32_t i = 0; i < PAGER_SPACES_MAX; i++) {
        vm_space_destroy(&vm, i);
        publish_space(i);
    }
}

static uint64_t serve_program(struct message *m)
{
    uint32_t space = m->word[0] & 0xff;
    unsigned rights = (unsigned)(m->word[0] >> 16 & 0xff);
    struct vm_range range = range_of(m);
    uint64_t status;
    switch (rt_label(m)) {
    case PAGER_FAULT:
        return vm_fault(&vm, space, m->word[1], rights);
    case PAGER_PIN:
        return vm_pin(&vm, space, m->word[1], m->word[2], (rights & VM_WRITE) != 0, &m->word[0]);
    case PAGER_SPACE_CREATE:
        return vm_space_create(&vm, space);
    case PAGER_SPACE_CLONE:
        return m->word[1] < PAGER_SPACES_MAX ? vm_space_clone(&vm, space, (uint32_t)m->word[1]) : (enum vm_status)VM_BAD_CALL;
    case PAGER_SPACE_DESTROY:
        vm_space_destroy(&vm, space);
        return PAGER_OK;
    case PAGER_MAP_ANON:
        status = vm_map_anon(&vm, space, &range);
        m->word[0] = range.address;
        return status;
    case PAGER_MAP_OBJECT:
        return map_object(m, space);
    case PAGER_MAP_PROGRAM:
        return map_program(m, space);
    case PAGER_UNMAP:
        return vm_unmap(&vm, space, m->word[1], m->word[2]);
    case PAGER_PROTECT:
        return vm_protect(&vm, space, m->word[1], m->word[2], rights);
    case PAGER_DISCARD:
        return vm_discard(&vm, space, m->word[1], m->word[2]);
    case PAGER_OBJECT_PAGE:
        return object_page(m);
    case PAGER_REGION:
        return region(m);
    case PAGER_THREAD_BIND:
        return m->word[0] < PAGER_THREADS_MAX && m->word[1] < PAGER_SPACES_MAX
                   ? threads_bind((uint32_t)m->word[0], (uint32_t)m->word[1], m->word[2], m->word[3])
                   : PAGER_BAD_CALL;
    case PAGER_THREAD_RELEASE:
        return m->word[0] < PAGER_THREADS_MAX ? threads_release((uint32_t)m->word[0]) : PAGER_BAD_CALL;
    case PAGER_RESET:
        reset();
        return PAGER_OK;
    default:
        return PAGER_BAD_CALL;
    }
}

/*
 * Scrub asks by a signal, so that the answer is worked out on our own budget: on scrub's, which is small, the Linux server could run
 * while a page is taken out of its windows and not yet replaced.
 */
static void recheck(void)
{
    uint64_t question = __atomic_load_n(&((const struct scrub_info *)scrub_facts.addr)->question, __ATOMIC_ACQUIRE);
    uint32_t index = (uint32_t)question;
    bool repaired = false;
    const char *package;
    enum vm_status status = vm_recheck(&vm, index, &repaired);
    if (repaired) {
        ((struct pager_info *)info.addr)->pages_repaired++;
        pager_note(JOURNAL_REPAIRED, "page %u of %.80s had changed in memory: a verified copy took its place",
                   index - vm.objects[vm.page_object[index]].first_page, path_of(vm.page_object[index], &package));
    } else if (status == VM_BAD_DATA) {
        pager_note(JOURNAL_REFUSED,
                   "page %u of %.80s changed in memory and its stored copy does not verify either: programs that use it stop",
                   index - vm.objects[vm.page_object[index]].first_page, path_of(vm.page_object[index], &package));
    }
    enum recheck_answer answer = status == VM_OK && repaired ? RECHECK_REPAIRED
                                 : status == VM_OK || status == VM_BAD_CALL ? RECHECK_UNCHANGED
                                                                            : RECHECK_GONE;
    __atomic_store_n(&((struct pager_info *)info.addr)->answer, recheck_word((uint32_t)(question >> 32), answer), __ATOMIC_RELEASE);
}

bool protected(struct message *m)
{
    uint64_t status = PAGER_BAD_CALL;
    uint64_t space = m->word[0] & 0xff;
    if (m->badge - programs.first_caller < programs.caller_count) {
        status = serve_program(m);
        publish_space(space);
    }
    publish();
    m->info = message_info(status, seL4_FastMessageRegisters);
    return true;
}

void notified(uint64_t signals)
{
    if ((signals & client.signal) != 0) {
        reset(); /* the server has forgotten its programs; so do we */
    }
    if ((signals & suspect.signal) != 0) {
        recheck();
    }
    publish();
}
