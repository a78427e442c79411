/* SPDX-License-Identifier: MIT */
/**
 * Fuzzer: sequences of operations on a few spaces over the fake machine. After each one the rules hold, and every page that a
 * program can read has the bytes that the model says.
 */
#include "fake.h"
#include "fuzz_input.h"

static void model_map(unsigned space, unsigned first, unsigned count, unsigned rights, int64_t object_offset, uint64_t object_end)
{
    for (unsigned i = 0; i < count; i++) {
        struct model_page *p = &model.page[space][first + i];
        memset(p, 0, sizeof *p);
        p->there = true;
        p->rights = rights;
        for (unsigned k = 0; object_offset >= 0 && k < PAGE_BYTES; k++) {
            uint64_t at = (uint64_t)object_offset + (uint64_t)i * PAGE_BYTES + k;
            p->fresh[k] = at < object_end ? object_bytes[at] : 0;
        }
        memcpy(p->bytes, p->fresh, PAGE_BYTES);
    }
}

/* Rights for a call; now and then with the right to execute, which every call that takes rights refuses. */
static unsigned take_rights(struct input *in)
{
    uint8_t b = take(in);
    return (b & 3) * 2u | (b / 4 % 8 == 7 ? (unsigned)VM_EXECUTE : 0); /* none, write, read, both */
}

static void do_map(struct input *in, unsigned space, bool of_object)
{
    unsigned first = take(in) % FAKE_PAGES;
    unsigned count = 1 + take(in) % 12;
    unsigned rights = take_rights(in);
    unsigned object_page = take(in) % 21;
    enum vm_place place = take(in) % 3;
    if (first + count > FAKE_PAGES) {
        count = FAKE_PAGES - first;
    }
    if (of_object && object_page + count > 21) {
        count = 21 - object_page;
    }
    struct vm_range range = {.place = place,
                             .address = fake_address(first),
                             .len_bytes = count * 4096u,
                             .low = fake_address(0),
                             .high = fake_address(FAKE_PAGES),
                             .rights = rights};
    enum vm_status status = of_object ? vm_map_object(&vm, space, object_id, object_page * 4096u, &range)
                                      : vm_map_anon(&vm, space, &range);
    FAKE_REQUIRE((rights & VM_EXECUTE) == 0 || status == VM_BAD_CALL);
    if (status == VM_OK) {
        unsigned at = (unsigned)(range.address / PAGE_BYTES) - FAKE_FIRST_PAGE;
        FAKE_REQUIRE(place == VM_PLACE_ANY || at == first);
        for (unsigned i = 0; place != VM_PLACE_FIXED && i < count; i++) {
            FAKE_REQUIRE(!model.page[space][at + i].there);
        }
        model_map(space, at, count, rights, of_object ? (int64_t)object_page * 4096 : -1, sizeof object_bytes);
    }
}

static void do_program(struct input *in, unsigned space)
{
    unsigned first = take(in) % (FAKE_PAGES - 16);
    uint64_t text = fake_address(first);
    uint64_t cut = 6 * 4096 + take(in) * 16u;
    struct vm_segment segments[] = {
        {.offset = 0, .address = text, .file_bytes = 5 * 4096 + 100, .memory_bytes = 5 * 4096 + 100, .rights = VM_READ | VM_EXECUTE},
        {.offset = cut,
         .address = text + 4096 + cut,
         .file_bytes = 3000,
         .memory_bytes = 3000 + 3 * 4096,
         .rights = VM_READ | VM_WRITE},
    };
    if (vm_map_program(&vm, space, object_id, segments, 2, 0) != VM_OK) {
        return;
    }
    model_map(space, first, 6, VM_READ | VM_EXECUTE, 0, sizeof object_bytes);
    unsigned data = (unsigned)((text + 4096 + cut) / 4096) - FAKE_FIRST_PAGE;
    unsigned end = (unsigned)((text + 4096 + cut + 3000 + 3 * 4096 + 4095) / 4096) - FAKE_FIRST_PAGE;
    model_map(space, data, end - data, VM_READ | VM_WRITE, (int64_t)(cut / 4096 * 4096), cut + 3000);
}

static void do_access(struct input *in, unsigned space)
{
    static const unsigned kinds[] = {VM_READ, VM_WRITE, VM_EXECUTE, VM_WRITE};
    unsigned page = take(in) % FAKE_PAGES;
    unsigned access = kinds[take(in) % 4];
    uint8_t value = take(in);
    struct model_page *p = &model.page[space][page];
    enum vm_status status = program_access(space, page, access);
    if (status == VM_NO_MEMORY) {
        return;
    }
    unsigned needed = access == VM_READ ? 0 : access;
    bool allowed = model.exists[space] && p->there && p->rights != 0 && (p->rights & needed) == needed;
    FAKE_REQUIRE((status == VM_OK) == allowed);
    if (status == VM_OK && access == VM_WRITE) {
        program_bytes(space, page)[value * 16u] = value;
        p->bytes[value * 16u] = value;
    }
}

static void do_pin(struct input *in, unsigned space)
{
    unsigned page = take(in) % FAKE_PAGES;
    bool write = take(in) % 2 != 0;
    uint64_t available = 0;
    uint64_t len = 1 + take(in) * 100u;
    enum vm_status status = vm_pin(&vm, space, fake_address(page) + 7, len, write, &available);
    if (status != VM_OK) {
        return;
    }
    FAKE_REQUIRE(available >= 1 && available <= len);
    unsigned last = page + (unsigned)((7 + available - 1) / 4096);
    for (unsigned i = page; i <= last; i++) {
        struct fake_mapping *m = &fake.window[space][i];
        FAKE_REQUIRE(m->frame != VM_NO_FRAME && (!write || (m->rights & VM_WRITE) != 0));
        FAKE_REQUIRE(memcmp(fake.memory[m->frame], model.page[space][i].bytes, PAGE_BYTES) == 0);
        if (write) {
            fake.memory[m->frame][3] = 0x77;
            model.page[space][i].bytes[3] = 0x77;
        }
    }
}

static void do_range(struct input *in, unsigned space, unsigned what)
{
    unsigned first = take(in) % FAKE_PAGES;
    unsigned count = 1 + take(in) % 10;
    unsigned rights = take_rights(in);
    if (first + count > FAKE_PAGES) {
        count = FAKE_PAGES - first;
    }
    enum vm_status status = what == 0   ? vm_unmap(&vm, space, fake_address(first), count * 4096u)
                            : what == 1 ? vm_protect(&vm, space, fake_address(first), count * 4096u, rights)
                                        : vm_discard(&vm, space, fake_address(first), count * 4096u);
    FAKE_REQUIRE(what != 1 || (rights & VM_EXECUTE) == 0 || status == VM_BAD_CALL);
    for (unsigned i = 0; status == VM_OK && i < count; i++) {
        struct model_page *p = &model.page[space][first + i];
        FAKE_REQUIRE(what == 0 || p->there);
        if (what == 0) {
            p->there = false;
        } else if (what == 1) {
            p->rights = rights;
        } else {
            memcpy(p->bytes, p->fresh, PAGE_BYTES);
        }
    }
}

static void do_space(struct input *in, unsigned space)
{
    unsigned other = take(in) % FAKE_SPACES;
    if (!model.exists[space]) {
        if (vm_space_create(&vm, space) == VM_OK) {
            memset(model.page[space], 0, sizeof model.page[space]);
            model.exists[space] = true;
        }
    } else if (!model.exists[other]) {
        if (vm_space_clone(&vm, space, other) == VM_OK) {
            memcpy(model.page[other], model.page[space], sizeof model.page[space]);
            model.exists[other] = true;
        }
    } else if (take(in) % 4 == 0) {
        vm_space_destroy(&vm, space);
        model.exists[space] = false;
        memset(model.page[space], 0, sizeof model.page[space]);
    }
}

/* A bit flips in resident memory: the check finds it, and programs see good bytes again. */
static void do_flip(struct input *in)
{
    uint32_t index = take(in) % 21;
    uint32_t frame = vm.page_frame[index];
    bool repaired = false;
    if (frame == VM_NO_FRAME) {
        FAKE_REQUIRE(vm_recheck(&vm, index, &repaired) == VM_BAD_CALL);
        return;
    }
    fake.memory[frame][take(in) * 16u] ^= 4;
    enum vm_status status = vm_recheck(&vm, index, &repaired);
    FAKE_REQUIRE(status == VM_NO_MEMORY || (status == VM_OK && repaired));
}

static void check_contents(void)
{
    const char *rule = vm_invariant(&vm);
    if (rule != NULL) {
        fprintf(stderr, "broken: %s\n", rule);
        abort();
    }
    for (unsigned s = 0; s < FAKE_SPACES; s++) {
        for (unsigned p = 0; p < FAKE_PAGES; p++) {
            const struct fake_mapping *m = &fake.program[s][p];
            const struct model_page *want = &model.page[s][p];
            if (m->frame != VM_NO_FRAME) {
                FAKE_REQUIRE(want->there && want->rights != 0 && (m->rights & ~want->rights & ~(unsigned)VM_READ) == 0);
                FAKE_REQUIRE(memcmp(fake.memory[m->frame], want->bytes, PAGE_BYTES) == 0);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, len};
    fake_start(1 + (unsigned)(len % 3));
    vm.eager_copy_pages = len % 2 == 0 ? 6 : VM_EAGER_COPY_PAGES;
    for (unsigned s = 0; s < 3; s++) { /* something to work on */
        static const uint8_t at_page_32[] = {32, 10};
        struct input first = {at_page_32, sizeof at_page_32};
        struct vm_range range = {.place = VM_PLACE_FIXED, .address = fake_address(0), .len_bytes = 30 * 4096, .rights = VM_READ | VM_WRITE};
        FAKE_REQUIRE(vm_space_create(&vm, s) == VM_OK && vm_map_anon(&vm, s, &range) == VM_OK);
        model.exists[s] = true;
        model_map(s, 0, 30, VM_READ | VM_WRITE, -1, 0);
        do_program(&first, s);
    }
    for (unsigned p = 0; p < 4; p++) { /* frames that were used before */
        FAKE_REQUIRE(program_access(0, p, VM_WRITE) == VM_OK);
    }
    FAKE_REQUIRE(vm_discard(&vm, 0, fake_address(0), 4 * 4096) == VM_OK);
    fake_poison_free();
    for (unsigned steps = 0; in.left != 0 && steps < 300; steps++) {
        uint8_t what = take(&in);
        fake.fail_in = what / 16 == 15 ? 1 + take(&in) % 8u : 0;
        unsigned space = what / 16 % FAKE_SPACES;
        switch (what % 16) {
        case 0:
            do_space(&in, space);
            break;
        case 1:
            do_map(&in, space, false);
            break;
        case 2:
            do_map(&in, space, true);
            break;
        case 3:
            do_program(&in, space);
            break;
        case 4:
            do_range(&in, space, take(&in) % 3);
            break;
        case 5:
        case 6:
            do_pin(&in, space);
            break;
        case 7:
            do_flip(&in);
            break;
        default:
            do_access(&in, space);
            break;
        }
        check_contents();
        fake_poison_free();
    }
    fake.fail_in = 0;
    for (unsigned s = 0; s < FAKE_SPACES; s++) {
        vm_space_destroy(&vm, s);
    }
    FAKE_REQUIRE(vm_invariant(&vm) == NULL);
    return 0;
}
