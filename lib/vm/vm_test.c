/* SPDX-License-Identifier: MIT */
/** What the fuzzer does not reach, or not surely: a space at its limits, and what must not go unseen. See fake.h. */
#include "fake.h"

#include "unit.h"

/* Regions of one page, with different rights side by side, until there is no room for more; all in space 0. */
static uint32_t fill_space(void)
{
    uint32_t count = 0;
    fake_start(FAKE_CHUNKS);
    CHECK(vm_space_create(&vm, 0) == VM_OK);
    for (enum vm_status status = VM_OK; count <= VM_REGIONS_MAX && status == VM_OK; count += status == VM_OK) {
        struct vm_range range = {.place = VM_PLACE_FREE,
                                 .address = (uint64_t)(1000 + 3 * count) * PAGE_BYTES,
                                 .len_bytes = 3 * PAGE_BYTES,
                                 .rights = count % 2 == 0 ? VM_READ : VM_READ | VM_WRITE};
        status = vm_map_anon(&vm, 0, &range);
    }
    return count;
}

static enum vm_status unmap(uint32_t page, uint32_t pages)
{
    return vm_unmap(&vm, 0, (uint64_t)(1000 + page) * PAGE_BYTES, (uint64_t)pages * PAGE_BYTES);
}

static void full_space_gives_back(void)
{
    struct vm_region r;
    CHECK_EQ(fill_space(), VM_REGIONS_MAX);
    CHECK(unmap(1, 1) == VM_NO_MEMORY); /* a hole: two regions from one */
    CHECK(unmap(2, 1) == VM_OK && vm_region_at(&vm, 0, 0, &r) && r.first_page == 1000 && r.end_page == 1002);
    CHECK(unmap(3, 1) == VM_OK && vm_region_at(&vm, 0, 1, &r) && r.first_page == 1004 && r.end_page == 1006);
    CHECK(unmap(8, 2) == VM_OK && vm_region_at(&vm, 0, 2, &r) && r.end_page == 1008);
    CHECK(vm_region_at(&vm, 0, 3, &r) && r.first_page == 1010 && r.end_page == 1012);
    CHECK(unmap(12, 3) == VM_OK && vm_region_at(&vm, 0, 4, &r) && r.first_page == 1015);
    CHECK(unmap(16, 1) == VM_OK); /* now there is room for a hole */
    CHECK(unmap(0, 3 * VM_REGIONS_MAX) == VM_OK && !vm_region_at(&vm, 0, 0, &r));
    CHECK(vm_invariant(&vm) == NULL);
    vm_space_destroy(&vm, 0);
}

/* A space whose page 0 is the last one of the object, which ends inside of it. */
enum { LAST_PAGE = FAKE_OBJECT_BYTES / 4096, LAST_BYTES = FAKE_OBJECT_BYTES % 4096 };

static void map_last_page(unsigned rights)
{
    struct vm_range range = {.place = VM_PLACE_FIXED, .address = fake_address(0), .len_bytes = PAGE_BYTES, .rights = rights};
    fake_start(FAKE_CHUNKS);
    CHECK(vm_space_create(&vm, 0) == VM_OK);
    CHECK(vm_map_object(&vm, 0, object_id, LAST_PAGE * PAGE_BYTES, &range) == VM_OK);
}

static bool shows_last_page(const uint8_t *bytes)
{
    bool good = memcmp(bytes, object_bytes + LAST_PAGE * PAGE_BYTES, LAST_BYTES) == 0;
    for (unsigned i = LAST_BYTES; i < PAGE_BYTES; i++) {
        good = good && bytes[i] == 0;
    }
    return good;
}

static void recheck_sees_the_tail(void)
{
    static const unsigned at[] = {LAST_BYTES, PAGE_BYTES - 1}; /* the leaf covers none of it */
    bool repaired;
    map_last_page(VM_READ);
    for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
        CHECK(program_access(0, 0, VM_READ) == VM_OK && shows_last_page(program_bytes(0, 0)));
        CHECK(vm_recheck(&vm, LAST_PAGE, &repaired) == VM_OK && !repaired);
        program_bytes(0, 0)[at[i]] ^= 4;
        CHECK(vm_recheck(&vm, LAST_PAGE, &repaired) == VM_OK && repaired);
    }
    CHECK(program_access(0, 0, VM_READ) == VM_OK && shows_last_page(program_bytes(0, 0)));
    CHECK(vm_invariant(&vm) == NULL);
}

/* Leaves that changed after they were found good name nothing any more: neither what is resident, nor what would replace it. */
static void recheck_sees_the_leaves(void)
{
    bool repaired;
    map_last_page(VM_READ);
    CHECK(program_access(0, 0, VM_READ) == VM_OK);
    object_leaves[0].bytes[0] ^= 4;
    CHECK(vm_recheck(&vm, LAST_PAGE, &repaired) == VM_BAD_DATA && !repaired);
    CHECK(fake.program[0][0].frame == VM_NO_FRAME && program_access(0, 0, VM_READ) == VM_BAD_DATA);

    map_last_page(VM_READ);
    CHECK(program_access(0, 0, VM_READ) == VM_OK);
    object_bytes[LAST_PAGE * PAGE_BYTES] ^= 4;
    tree_leaf(object_bytes + LAST_PAGE * PAGE_BYTES, LAST_BYTES, &object_leaves[LAST_PAGE]);
    CHECK(vm_recheck(&vm, LAST_PAGE, &repaired) == VM_BAD_DATA && !repaired);
    CHECK(fake.program[0][0].frame == VM_NO_FRAME && program_access(0, 0, VM_READ) == VM_BAD_DATA);
    CHECK(vm_invariant(&vm) == NULL);
}

static void private_copy_shows_no_stale_bytes(void)
{
    struct vm_range other = {.place = VM_PLACE_FIXED, .address = fake_address(1), .len_bytes = PAGE_BYTES,
                             .rights = VM_READ | VM_WRITE};
    uint32_t index;
    map_last_page(VM_READ | VM_WRITE);
    CHECK(vm_object_page(&vm, object_id, LAST_PAGE, &index) == VM_OK); /* so that the copy takes the frame given back */
    CHECK(vm_map_anon(&vm, 0, &other) == VM_OK && program_access(0, 1, VM_WRITE) == VM_OK);
    uint32_t frame = fake.program[0][1].frame;
    CHECK(vm_unmap(&vm, 0, other.address, other.len_bytes) == VM_OK);
    fake_poison_free();
    CHECK(program_access(0, 0, VM_WRITE) == VM_OK && fake.program[0][0].frame == frame);
    CHECK(shows_last_page(program_bytes(0, 0)));
}

static const struct unit_case cases[] = {
    {"a space that is full of regions gives memory back", full_space_gives_back},
    {"a recheck sees what is behind the object's end", recheck_sees_the_tail},
    {"a recheck checks the leaves again", recheck_sees_the_leaves},
    {"a private copy shows no stale bytes", private_copy_shows_no_stale_bytes},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
