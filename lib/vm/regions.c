/* SPDX-License-Identifier: MIT */
/** Regions: ranges of a space with rights, sorted, apart from each other. See vm.h. */
#include "private.h"

static bool space_is_valid(const struct vm *vm, uint32_t space)
{
    return space < VM_SPACES_MAX && vm->spaces[space].exists;
}

/* The first region that ends behind `page`; region_count if none does. */
static uint32_t region_index(const struct vm_space *s, uint32_t page)
{
    uint32_t low = 0;
    uint32_t high = s->region_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (s->regions[middle].end_page <= page) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct vm_region *region_find(struct vm_space *s, uint32_t page)
{
    if (s->last_region < s->region_count) {
        struct vm_region *last = &s->regions[s->last_region];
        if (page >= last->first_page && page < last->end_page) {
            return last;
        }
    }
    uint32_t i = region_index(s, page);
    if (i == s->region_count || s->regions[i].first_page > page) {
        return NULL;
    }
    s->last_region = i;
    return &s->regions[i];
}

bool vm_region_at(const struct vm *vm, uint32_t space, uint32_t index, struct vm_region *out)
{
    if (!space_is_valid(vm, space) || index >= vm->spaces[space].region_count) {
        return false;
    }
    *out = vm->spaces[space].regions[index];
    return true;
}

static bool is_free(const struct vm_space *s, uint32_t first, uint32_t end)
{
    uint32_t i = region_index(s, first);
    return i == s->region_count || s->regions[i].first_page >= end;
}

static bool is_of_zeros(const struct vm_region *r)
{
    return r->object == VM_OBJECTS_MAX;
}

/* True if `b` continues `a`, so that one region can be both. */
static bool continues(const struct vm_region *a, const struct vm_region *b)
{
    return a->end_page == b->first_page && a->rights == b->rights && is_of_zeros(a) && is_of_zeros(b);
}

static void insert_at(struct vm_space *s, uint32_t i, const struct vm_region *r)
{
    memmove(&s->regions[i + 1], &s->regions[i], (s->region_count - i) * sizeof *r);
    s->regions[i] = *r;
    s->region_count++;
}

static void remove_at(struct vm_space *s, uint32_t i)
{
    s->region_count--;
    memmove(&s->regions[i], &s->regions[i + 1], (s->region_count - i) * sizeof s->regions[0]);
}

/* Adds a region to a free range; growing a heap or a stack makes no new one. */
static bool region_add(struct vm_space *s, const struct vm_region *r)
{
    uint32_t i = region_index(s, r->first_page);
    if (i > 0 && continues(&s->regions[i - 1], r)) {
        s->regions[i - 1].end_page = r->end_page;
        return true;
    }
    if (s->region_count == VM_REGIONS_MAX) {
        return false;
    }
    insert_at(s, i, r);
    return true;
}

/* Gives up the pages of a region before `page`. */
static void cut_start(struct vm_region *r, uint32_t page)
{
    r->object_page += is_of_zeros(r) ? 0 : page - r->first_page;
    r->first_page = page;
}

/* Gives up the pages of a region from `page` on. */
static void cut_end(struct vm_region *r, uint32_t page)
{
    r->end_page = page;
    r->last_bytes = PAGE_BYTES;
}

/* Cuts region `i` at `page`, which lies inside. */
static void region_split(struct vm_space *s, uint32_t i, uint32_t page)
{
    struct vm_region behind = s->regions[i];
    cut_start(&behind, page);
    cut_end(&s->regions[i], page);
    insert_at(s, i + 1, &behind);
}

/* Makes region borders at both ends of a range. At most two regions more. */
static bool split_at_ends(struct vm_space *s, uint32_t first, uint32_t end)
{
    uint32_t ends[2] = {first, end};
    if (s->region_count > VM_REGIONS_MAX - 2) {
        return false;
    }
    for (unsigned k = 0; k < 2; k++) {
        uint32_t i = region_index(s, ends[k]);
        if (i < s->region_count && s->regions[i].first_page < ends[k]) {
            region_split(s, i, ends[k]);
        }
    }
    return true;
}

/* A range in pages, if it is one below 4 GiB. */
static bool range_pages(uint64_t address, uint64_t len_bytes, uint32_t *first, uint32_t *end)
{
    uint64_t limit = (uint64_t)VM_USER_PAGES * PAGE_BYTES;
    if (!is_aligned(address | len_bytes, PAGE_BYTES) || len_bytes == 0 || address >= limit || len_bytes > limit - address) {
        return false;
    }
    *first = (uint32_t)(address / PAGE_BYTES);
    *end = *first + (uint32_t)(len_bytes / PAGE_BYTES);
    return true;
}

/* Empties a range; no region goes over both of its ends. */
static void remove_range(struct vm *vm, uint32_t space, uint32_t first, uint32_t end)
{
    struct vm_space *s = &vm->spaces[space];
    uint32_t i = region_index(s, first);
    if (i < s->region_count && s->regions[i].first_page < first) {
        entries_clear(vm, space, first, s->regions[i].end_page);
        cut_end(&s->regions[i], first);
        i++;
    }
    while (i < s->region_count && s->regions[i].end_page <= end) {
        entries_clear(vm, space, s->regions[i].first_page, s->regions[i].end_page);
        remove_at(s, i);
    }
    if (i < s->region_count && s->regions[i].first_page < end) {
        entries_clear(vm, space, s->regions[i].first_page, end);
        cut_start(&s->regions[i], end);
    }
}

enum vm_status vm_unmap(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes)
{
    uint32_t first;
    uint32_t end;
    if (!space_is_valid(vm, space) || !range_pages(address, len_bytes, &first, &end)) {
        return VM_BAD_CALL;
    }
    struct vm_space *s = &vm->spaces[space];
    if (is_free(s, first, end)) {
        return VM_OK;
    }
    uint32_t i = region_index(s, first);
    if (s->regions[i].first_page < first && s->regions[i].end_page > end) { /* only a hole needs a region more */
        if (s->region_count == VM_REGIONS_MAX) {
            return VM_NO_MEMORY;
        }
        region_split(s, i, end);
    }
    remove_range(vm, space, first, end);
    return VM_OK;
}

/* The highest free range of `pages` pages in [low, high). */
static bool find_free(const struct vm_space *s, uint32_t pages, uint32_t low, uint32_t high, uint32_t *first)
{
    uint32_t top = high;
    for (uint32_t i = s->region_count; i-- > 0;) {
        const struct vm_region *r = &s->regions[i];
        if (r->end_page <= top && top - r->end_page >= pages && top - pages >= low) {
            break;
        }
        if (r->first_page < top) {
            top = r->first_page;
        }
    }
    if (top < pages || top - pages < low) {
        return false;
    }
    *first = top - pages;
    return is_free(s, *first, top);
}

/* Decides where a mapping goes and clears the way for it. */
static enum vm_status place(struct vm *vm, uint32_t space, struct vm_range *range, uint32_t *first, uint32_t *end)
{
    if (!space_is_valid(vm, space) || (range->rights & ~(unsigned)(VM_READ | VM_WRITE)) != 0) {
        return VM_BAD_CALL;
    }
    struct vm_space *s = &vm->spaces[space];
    if (range->place == VM_PLACE_ANY) {
        uint32_t low;
        uint32_t high;
        if (!range_pages(range->low, range->high - range->low, &low, &high) || range->len_bytes == 0 ||
            !is_aligned(range->len_bytes, PAGE_BYTES) || range->len_bytes > (uint64_t)VM_USER_PAGES * PAGE_BYTES) {
            return VM_BAD_CALL;
        }
        if (!find_free(s, (uint32_t)(range->len_bytes / PAGE_BYTES), low, high, first)) {
            return VM_NO_MEMORY;
        }
        range->address = (uint64_t)*first * PAGE_BYTES;
    }
    if (!range_pages(range->address, range->len_bytes, first, end)) {
        return VM_BAD_CALL;
    }
    if (is_free(s, *first, *end)) {
        return s->region_count < VM_REGIONS_MAX ? VM_OK : VM_NO_MEMORY;
    }
    if (range->place == VM_PLACE_FREE) {
        return VM_IN_USE;
    }
    return s->region_count <= VM_REGIONS_MAX - 3 ? vm_unmap(vm, space, range->address, range->len_bytes) : VM_NO_MEMORY;
}

enum vm_status vm_map_anon(struct vm *vm, uint32_t space, struct vm_range *range)
{
    struct vm_region r = {.object = VM_OBJECTS_MAX, .last_bytes = PAGE_BYTES, .rights = (uint8_t)range->rights};
    enum vm_status status = place(vm, space, range, &r.first_page, &r.end_page);
    if (status != VM_OK) {
        return status;
    }
    return region_add(&vm->spaces[space], &r) ? VM_OK : VM_NO_MEMORY;
}

/* Bytes of the object in the last of `pages` pages from `offset` on; what lies past the object's end reads as zero. */
static uint32_t last_bytes_of(uint64_t object_len, uint64_t offset, uint64_t pages)
{
    uint64_t last = offset + (pages - 1) * PAGE_BYTES;
    uint64_t left = object_len > last ? object_len - last : 0;
    return left < PAGE_BYTES ? (uint32_t)left : PAGE_BYTES;
}

enum vm_status vm_map_object(struct vm *vm, uint32_t space, uint32_t object, uint64_t offset, struct vm_range *range)
{
    if (object >= vm->object_count || !is_aligned(offset, PAGE_BYTES) || range->len_bytes == 0 ||
        !is_aligned(range->len_bytes, PAGE_BYTES)) {
        return VM_BAD_CALL;
    }
    uint64_t object_pages = tree_leaf_count(vm->objects[object].len_bytes);
    uint64_t pages = range->len_bytes / PAGE_BYTES;
    if (offset / PAGE_BYTES > object_pages || pages > object_pages - offset / PAGE_BYTES) {
        return VM_BAD_CALL; /* whole pages past the end are the caller's to leave out */
    }
    struct vm_region r = {.object = object,
                          .object_page = (uint32_t)(offset / PAGE_BYTES),
                          .last_bytes = last_bytes_of(vm->objects[object].len_bytes, offset, pages),
                          .rights = (uint8_t)range->rights};
    enum vm_status status = place(vm, space, range, &r.first_page, &r.end_page);
    if (status != VM_OK) {
        return status;
    }
    return region_add(&vm->spaces[space], &r) ? VM_OK : VM_NO_MEMORY;
}

/* ---- programs ----------------------------------------------------------------------------------------------------------------- */

/** A segment in pages: those with file bytes, then those of zeros. */
struct segment_pages {
    uint32_t first;
    uint32_t file_end;
    uint32_t end;
    uint32_t object_page;
    uint32_t last_bytes;
};

/* The manifest was verified, and its segments were compared with the ELF headers; this only keeps nonsense from going further. */
static bool segment_in_pages(const struct vm_object *o, const struct vm_segment *seg, uint64_t shift, struct segment_pages *out)
{
    uint64_t limit = (uint64_t)VM_USER_PAGES * PAGE_BYTES;
    uint64_t start = seg->address + shift;
    uint64_t in_page = start % PAGE_BYTES;
    bool sane = shift <= limit && is_aligned(shift, PAGE_BYTES) && seg->address <= limit && start <= limit &&
                seg->file_bytes <= seg->memory_bytes && seg->memory_bytes != 0 && seg->memory_bytes <= limit - start &&
                seg->offset % PAGE_BYTES == in_page && seg->offset <= o->len_bytes &&
                seg->file_bytes <= o->len_bytes - seg->offset &&
                (seg->rights & (VM_WRITE | VM_EXECUTE)) != (VM_WRITE | VM_EXECUTE);
    if (!sane) {
        return false;
    }
    uint64_t file_end = start + seg->file_bytes;
    out->first = (uint32_t)(start / PAGE_BYTES);
    out->file_end = seg->file_bytes != 0 ? (uint32_t)((file_end + PAGE_BYTES - 1) / PAGE_BYTES) : out->first;
    out->end = (uint32_t)((start + seg->memory_bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    out->object_page = (uint32_t)(seg->offset / PAGE_BYTES);
    /* Where zeros follow, file bytes end exactly; else the rest of the page shows the file, as it does on Linux. */
    bool ends_exactly = seg->memory_bytes > seg->file_bytes && file_end % PAGE_BYTES != 0;
    uint64_t whole = last_bytes_of(o->len_bytes, seg->offset - in_page, out->file_end - out->first);
    out->last_bytes = ends_exactly ? (uint32_t)(file_end % PAGE_BYTES) : (uint32_t)whole;
    return true;
}

enum vm_status vm_map_program(struct vm *vm, uint32_t space, uint32_t object, const struct vm_segment *segments,
                              size_t segment_count, uint64_t shift)
{
    if (!space_is_valid(vm, space) || object >= vm->object_count) {
        return VM_BAD_CALL;
    }
    struct vm_space *s = &vm->spaces[space];
    const struct vm_object *o = &vm->objects[object];
    if (s->region_count + 2 * segment_count > VM_REGIONS_MAX) {
        return VM_NO_MEMORY;
    }
    for (size_t i = 0; i < segment_count; i++) {
        struct segment_pages p;
        if (!segment_in_pages(o, &segments[i], shift, &p)) {
            return VM_BAD_CALL;
        }
        if (!is_free(s, p.first, p.end)) {
            for (size_t k = 0; k < i; k++) { /* nothing was touched yet: only regions are taken back */
                struct segment_pages q;
                (void)segment_in_pages(o, &segments[k], shift, &q);
                remove_range(vm, space, q.first, q.end);
            }
            return VM_IN_USE;
        }
        struct vm_region r = {.first_page = p.first,
                              .end_page = p.file_end,
                              .object = object,
                              .object_page = p.object_page,
                              .last_bytes = p.last_bytes,
                              .rights = (uint8_t)segments[i].rights};
        struct vm_region zeros = {.first_page = p.file_end,
                                  .end_page = p.end,
                                  .object = VM_OBJECTS_MAX,
                                  .last_bytes = PAGE_BYTES,
                                  .rights = (uint8_t)(segments[i].rights & ~(unsigned)VM_EXECUTE)};
        if (p.first < p.file_end) {
            (void)region_add(s, &r);
        }
        if (p.file_end < p.end) {
            (void)region_add(s, &zeros);
        }
    }
    return VM_OK;
}

/* ---- rights ----------------------------------------------------------------------------------------------------------------------- */

/* Every page of the range lies in a region. */
static bool is_covered(const struct vm_space *s, uint32_t first, uint32_t end)
{
    uint32_t page = first;
    for (uint32_t i = region_index(s, first); i < s->region_count && page < end; i++) {
        if (s->regions[i].first_page > page) {
            return false;
        }
        page = s->regions[i].end_page;
    }
    return page >= end;
}

/* Mappings follow their region: none keeps a right that it lost. */
static void limit_entries(struct vm *vm, uint32_t space, const struct vm_region *r)
{
    struct vm_space *s = &vm->spaces[space];
    for (uint32_t page = entry_next(s, r->first_page, r->end_page); page < r->end_page;
         page = entry_next(s, page + 1, r->end_page)) {
        struct vm_entry *e = entry_of(vm, s, page, false);
        unsigned flags = entry_flags(e);
        if ((flags & ENTRY_WINDOW) != 0 && (r->rights & VM_WRITE) == 0) {
            vm->ops->unmap_window(vm->env, space, page, e->frame, entry_pair(e));
            flags &= ~(unsigned)(ENTRY_WINDOW | ENTRY_WINDOW_WRITABLE);
        }
        if ((flags & ENTRY_MAPPED) != 0 && r->rights == 0) {
            vm->ops->unmap(vm->env, space, page, e->frame, entry_pair(e));
            flags &= ~(unsigned)(ENTRY_MAPPED | ENTRY_WRITABLE | ENTRY_EXECUTABLE);
        }
        entry_set(e, entry_pair(e), flags);
        if ((flags & ENTRY_MAPPED) != 0) {
            enum vm_status status = entry_map(vm, space, page, e, r->rights);
            assert(status == VM_OK); /* it is mapped: changing rights needs no memory */
        }
    }
}

enum vm_status vm_protect(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes, unsigned rights)
{
    uint32_t first;
    uint32_t end;
    if (!space_is_valid(vm, space) || !range_pages(address, len_bytes, &first, &end) ||
        (rights & ~(unsigned)(VM_READ | VM_WRITE)) != 0) {
        return VM_BAD_CALL;
    }
    struct vm_space *s = &vm->spaces[space];
    if (!is_covered(s, first, end)) {
        return VM_NOT_MAPPED;
    }
    if (!split_at_ends(s, first, end)) {
        return VM_NO_MEMORY;
    }
    for (uint32_t i = region_index(s, first); i < s->region_count && s->regions[i].first_page < end; i++) {
        struct vm_region *r = &s->regions[i];
        if (r->rights != rights) {
            r->rights = (uint8_t)rights;
            limit_entries(vm, space, r);
        }
    }
    return VM_OK;
}

enum vm_status vm_discard(struct vm *vm, uint32_t space, uint64_t address, uint64_t len_bytes)
{
    uint32_t first;
    uint32_t end;
    if (!space_is_valid(vm, space) || !range_pages(address, len_bytes, &first, &end)) {
        return VM_BAD_CALL;
    }
    if (!is_covered(&vm->spaces[space], first, end)) {
        return VM_NOT_MAPPED;
    }
    entries_clear(vm, space, first, end);
    return VM_OK;
}
