/* SPDX-License-Identifier: MIT */
/** What the fuzzer does not reach: a space at its limits. See fake.h. */
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

static const struct unit_case cases[] = {
    {"a space that is full of regions gives memory back", full_space_gives_back},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
