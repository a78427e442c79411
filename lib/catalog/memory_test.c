/* SPDX-License-Identifier: MIT */
/**
 * Shows that what a device has seen counts at its next start: an older image, a withdrawn release, a chain that comes short or forks are
 * refused in words; what still stands is not; and nothing of it can be undone by leaving transactions out.
 */
#include "../llll/lld/fake.h"
#include "catalog_samples.h"

enum { DISK_BYTES = 4 << 20 };

static struct world w;
static struct catalog_work work;
static struct catalog catalog;
static struct disk disk;
static struct lld_device device;
static struct seen seen;

static void new_device(void)
{
    disk_free(&disk);
    disk_make(&disk, 4096, DISK_BYTES, false);
    device = disk_device(&disk);
}

/* Starts the device with the image; `statuses` has one letter a package: a for authorised, r for refused. */
static void start(const char *statuses)
{
    seen_open(&seen, &device, false, fake_secret);
    w.in.seen = &seen;
    catalog_build(&w.in, &work, &catalog);
    CHECK(catalog_holds(&catalog, w.in.bundle.left_bytes));
    CHECK_EQ(catalog.package_count, strlen(statuses));
    for (uint32_t i = 0; i < catalog.package_count; i++) {
        bool as_expected = (statuses[i] == 'a') == (catalog.packages[i].status == CATALOG_AUTHORISED);
        CHECK(as_expected);
        if (!as_expected) {
            printf("# package %u: %s\n", i, catalog.packages[i].sentence);
        }
    }
}

static bool says(uint32_t package, const char *part)
{
    bool ok = strstr(catalog.packages[package].sentence, part) != NULL;
    if (!ok) {
        printf("# \"%s\" is not in: %s\n", part, catalog.packages[package].sentence);
    }
    return ok;
}

static bool notes(const char *part)
{
    for (uint32_t i = 0; i < work.note_count; i++) {
        if (strstr(work.notes[i].text, part) != NULL) {
            return true;
        }
    }
    printf("# no note has \"%s\"\n", part);
    return false;
}

/* Images of one owner and one developer; everything about them is as their order says, so they begin alike. */
static void begin_image(void)
{
    world_begin(&w);
    w.is_approved[0] = w.is_approved[1] = true;
}

static void older_image(void)
{
    begin_image();
    world_release(&w, 0, "base", 3);
    world_finish(&w);
}

static void newer_image(void)
{
    older_image();
    w.package_count = 0;
    world_release(&w, 0, "base", 4);
    w.list_seq = 5;
    world_finish(&w);
}

static void an_older_image_is_refused(void)
{
    new_device();
    older_image();
    start("a");
    CHECK(notes("the disk remembers 2 chains, 1 releases and 1 lists of approvals, change 1"));
    newer_image();
    start("a");
    older_image();
    start("r");
    CHECK(says(0, "the owner's chain is refused: it has 1 transactions, and this device has seen 2: it was rolled back, or the image is "
                  "an older one (start the latest)"));
    newer_image();
    start("a");
    new_device(); /* which has seen nothing */
    older_image();
    start("a");
}

/* The owner's word is new, the package is not, and its chain ends where it did: the device knows more. */
static void an_older_release_is_refused_by_what_was_seen(void)
{
    new_device();
    newer_image();
    start("a");
    older_image();
    w.list_seq = 5;
    world_bundle(&w);
    struct cursor bundle = w.in.bundle;
    static uint8_t kept[sizeof w.bundle];
    memcpy(kept, bundle.at, bundle.left_bytes);
    newer_image();
    w.in.bundle = cursor_of(kept, bundle.left_bytes);
    start("r");
    CHECK(says(0, "base 3 is older than 4, which this device has seen; get the latest"));
}

static void what_still_stands_is_authorised(void)
{
    new_device();
    begin_image();
    world_release(&w, 0, "base", 3);
    world_release(&w, 0, "hello", 1);
    world_finish(&w);
    start("aa");
    begin_image();
    world_release(&w, 0, "base", 3);
    world_finish(&w);
    start("a"); /* without hello, and what the developer signed after base */
    CHECK(notes("2 transactions, the last 1 from this device's memory, 2 registers"));
}

/* @param is_whole whether the transaction that withdraws came along. */
static void withdrawing_image(bool is_whole)
{
    begin_image();
    world_release(&w, 0, "base", 3);
    if (is_whole) {
        world_release(&w, 0, "other", 1);
        (void)world_package(&w, "base", 3);
        w.package_count--;
        w.packages[w.package_count] = w.packages[0];
        struct record_app record = {.seq = 3, .revoked = true, .app = "base"};
        struct hash256 id;
        manifest_id(w.packages[0].manifest, w.packages[0].manifest_bytes, &id);
        memcpy(record.manifest.bytes, id.bytes, SHA256_BYTES);
        world_chain_keep(&w.developers[0], signer_put_app(&w.developers[0].signer, &w.packages[0].m.app_register, &record));
        world_release(&w, 0, "third", 1);
    }
    world_finish(&w);
}

static void a_withdrawal_is_not_forgotten(void)
{
    new_device();
    withdrawing_image(false);
    start("a");
    withdrawing_image(true);
    start("raa");
    CHECK(says(0, "withdrawn base 3"));
    withdrawing_image(false);
    start("r");
    CHECK(says(0, "withdrawn base 3"));
}

/* The chain that withdraws is in the image, whole, with one worthless transaction behind it; without and with what was seen. */
static void a_spoiled_chain_hides_no_withdrawal(void)
{
    static const uint8_t worthless[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (unsigned seen_before = 0; seen_before < 2; seen_before++) {
        new_device();
        if (seen_before != 0) {
            withdrawing_image(true);
            start("raa");
        }
        withdrawing_image(true);
        struct sample *third = &w.packages[2];
        struct writer tail = writer_of(w.chains[2] + third->chain.left_bytes, WORLD_CHAIN - third->chain.left_bytes);
        chain_file_put_transaction(&tail, worthless, sizeof worthless);
        le32_store(w.chains[2] + 8, le32_load(w.chains[2] + 8) + 1);
        third->chain = cursor_of(w.chains[2], third->chain.left_bytes + tail.used_bytes);
        sample_write_container(third);
        world_bundle(&w);
        start("rar");
        CHECK(says(0, "withdrawn base 3"));
    }
}

static void a_fork_is_refused(void)
{
    new_device();
    begin_image();
    world_release(&w, 0, "base", 3);
    world_release(&w, 0, "hello", 1);
    world_finish(&w);
    start("aa");
    begin_image();
    world_release(&w, 0, "base", 3);
    w.developers[0].signer.time_s += 100; /* another second transaction */
    world_release(&w, 0, "hello", 1);
    world_finish(&w);
    start("rr");
    CHECK(says(0, "fork") && says(1, "fork"));
    begin_image();
    world_release(&w, 0, "base", 3);
    w.developers[0].signer.time_s += 100;
    world_release(&w, 0, "hello", 1);
    world_release(&w, 0, "third", 1); /* longer than what was seen */
    world_finish(&w);
    start("rrr");
}

static void a_fork_of_the_owner_is_refused(void)
{
    new_device();
    older_image();
    start("a");
    begin_image();
    world_release(&w, 0, "base", 3);
    w.owner.signer.time_s += 100;
    world_finish(&w);
    start("r");
    CHECK(says(0, "it is another chain, or a fork of this one"));
}

/* The transactions themselves were not kept: too long, or damaged. Then nothing can complete the chain. */
static void a_chain_that_cannot_be_completed_is_refused(void)
{
    new_device();
    begin_image();
    world_release(&w, 0, "base", 3);
    world_release(&w, 0, "hello", 1);
    world_finish(&w);
    start("aa");
    seen.facts.chains[0].stored = seen.facts.chains[1].stored = 1;
    seen.is_dirty = true;
    seen_commit(&seen);
    begin_image();
    world_release(&w, 0, "base", 3);
    world_finish(&w);
    start("r");
    CHECK(says(0, "the chain in package base is refused: it has 1 transactions, and this device has seen 2"));
}

static void an_older_list_or_release_number_is_refused(void)
{
    struct u256 app;
    new_device();
    older_image();
    start("a");
    seen_keep_list(&seen, &w.owner.verifier.genesis, 9);
    seen_commit(&seen);
    start("r");
    CHECK(says(0, "the list of approvals is number 4, and this device has seen number 9"));
    new_device();
    start("a");
    app = w.packages[0].m.app_register;
    seen_keep_release(&seen, &app, &w.developers[0].verifier.genesis, "base", 9);
    seen_commit(&seen);
    start("r");
    CHECK(says(0, "base 3 is older than 9, which this device has seen; get the latest"));
}

static void only_approved_chains_are_kept(void)
{
    new_device();
    begin_image();
    world_release(&w, 0, "base", 3);
    world_release(&w, 1, "hello", 1);
    w.is_approved[1] = false;
    world_finish(&w);
    start("ar");
    CHECK(seen_find_chain(&seen, &w.developers[0].verifier.genesis) != NULL);
    CHECK(seen_find_chain(&seen, &w.owner.verifier.genesis) != NULL);
    CHECK(seen_find_chain(&seen, &w.developers[1].verifier.genesis) == NULL);
    CHECK(notes("remembers 2 chains, 1 releases and 1 lists"));
    uint64_t ops = disk.op_count;
    start("ar");
    CHECK(disk.op_count <= ops + 1); /* one flush when the volume is opened */
}

static void without_a_disk_all_is_as_before(void)
{
    seen_none(&seen, "there is no disk");
    newer_image();
    w.in.seen = &seen;
    catalog_build(&w.in, &work, &catalog);
    CHECK_EQ(catalog.packages[0].status, CATALOG_AUTHORISED);
    CHECK(notes("there is no disk: nothing is remembered"));
    older_image();
    w.in.seen = &seen;
    catalog_build(&w.in, &work, &catalog);
    CHECK_EQ(catalog.packages[0].status, CATALOG_AUTHORISED);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"memory: an older image is refused", an_older_image_is_refused},
        {"memory: an older release is refused by what was seen of its chain", an_older_release_is_refused_by_what_was_seen},
        {"memory: what still stands is authorised, though its chain comes short", what_still_stands_is_authorised},
        {"memory: a withdrawal is not forgotten", a_withdrawal_is_not_forgotten},
        {"memory: a spoiled chain hides no withdrawal", a_spoiled_chain_hides_no_withdrawal},
        {"memory: a fork of what was seen is refused", a_fork_is_refused},
        {"memory: a fork of the owner's chain is refused", a_fork_of_the_owner_is_refused},
        {"memory: a chain that cannot be completed is refused", a_chain_that_cannot_be_completed_is_refused},
        {"memory: an older list or release number is refused", an_older_list_or_release_number_is_refused},
        {"memory: chains of approved developers are kept, and nothing is written twice", only_approved_chains_are_kept},
        {"memory: without a disk all is as it was", without_a_disk_all_is_as_before},
    };
    return UNIT_MAIN(cases);
}
