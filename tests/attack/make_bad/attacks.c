/* SPDX-License-Identifier: MIT */
/** The attacks on packages, and what each must be answered. A good case, with one change. See make_bad.h. */
#include "make_bad.h"

/* ---- attacks on the container: bytes changed by somebody who signs nothing ------------------------------------------ */

static struct package opened(const struct attack *a)
{
    struct package p;
    struct package_refusal why;
    if (!package_open(a->container.at, a->container.len_bytes, &p, &why)) {
        fail("%s: %s", a->form->name, why.sentence);
    }
    return p;
}

static uint8_t *place(struct attack *a, const uint8_t *at)
{
    return a->container.at + (at - a->container.at);
}

static void change_manifest(struct attack *a)
{
    place(a, opened(a).manifest.bytes.at)[a->manifest.left_bytes - 1] ^= 1; /* the provenance: still a manifest */
}

static void change_code(struct attack *a)
{
    struct package p = opened(a);
    struct package_object o;
    package_object(&p, 0, &o);
    place(a, o.bytes)[VICTIM_EXIT_AT] ^= VICTIM_EXIT_BIT;
}

static void change_first_page(struct attack *a)
{
    struct package p = opened(a);
    struct package_object o;
    package_object(&p, 0, &o);
    place(a, o.bytes)[VICTIM_UNUSED] ^= 1;
}

static void change_leaf(struct attack *a)
{
    place(a, opened(a).leaves[1].bytes)[0] ^= 1;
}

static void change_root(struct attack *a)
{
    a->container.at[PACKAGE_HEADER_BYTES] ^= 1;
}

static void change_padding(struct attack *a)
{
    a->container.at[a->container.len_bytes - 1] = 1;
}

static void change_magic(struct attack *a)
{
    a->container.at[0] ^= 1;
}

static void add_byte(struct attack *a)
{
    struct bytes longer = {zalloc(a->container.len_bytes + 1), a->container.len_bytes + 1};
    memcpy(longer.at, a->container.at, a->container.len_bytes);
    a->container = longer;
}

static void cut(struct attack *a)
{
    a->container.len_bytes -= PAGE_BYTES;
}

/* ---- attacks on the developer's chain ------------------------------------------------------------------------------- */

static struct bytes no_chain(struct attack *a)
{
    (void)a;
    return (struct bytes){NULL, 0};
}

/** The signature ends the file; what it signs lies before the public key and it. */
static struct bytes change_signature(struct attack *a)
{
    return changed_from_end(actor_chain(&a->developer), 20);
}

static struct bytes change_transaction(struct attack *a)
{
    struct transaction tx;
    struct cursor last = a->developer.transactions[a->developer.count - 1];
    if (transaction_parse(last.at, last.left_bytes, &tx) != LX_OK) {
        fail("cannot read a transaction of %s", a->form->name);
    }
    size_t from_end = (size_t)(last.at + last.left_bytes - tx.hashed.at) - tx.hashed.left_bytes;
    return changed_from_end(actor_chain(&a->developer), from_end + 150); /* in a contract or one of the hashes */
}

static struct bytes truncate_chain(struct attack *a)
{
    return chain_file_of(a->developer.transactions, a->developer.count - 1);
}

static struct bytes cut_chain(struct attack *a)
{
    struct bytes out = actor_chain(&a->developer);
    out.len_bytes -= 100;
    return out;
}

static struct bytes reorder(struct attack *a)
{
    const struct cursor swapped[] = {a->developer.transactions[0], a->developer.transactions[2],
                                     a->developer.transactions[1]};
    return chain_file_of(swapped, ARRAY_LEN(swapped));
}

static void release_three(struct attack *a)
{
    attack_release(a);
    actor_release(&a->developer, "another", 1, &a->id, false);
}

static struct bytes begin_late(struct attack *a)
{
    return chain_file_of(a->developer.transactions + 1, a->developer.count - 1);
}

/** The developer himself signs two releases in one place. The first transactions have the same id, as their contents are the same. */
static struct bytes fork_chain(struct attack *a)
{
    static struct actor again;
    struct hash256 first;
    actor_init(&again, a->form->name, "lx-os");
    sha256_of(a->m.name, strlen(a->m.name), &first);
    actor_release(&again, a->m.name, 1, &first, false);
    actor_release(&again, a->m.name, SEQ, &first, false);
    const struct cursor both[] = {a->developer.transactions[0], a->developer.transactions[1], again.transactions[1]};
    return chain_file_of(both, ARRAY_LEN(both));
}

/** Somebody who may sign nothing of this. */
static struct actor *stranger(void)
{
    static struct actor out;
    actor_init(&out, "stranger", "lx-os");
    return &out;
}

/** The developer released 1; somebody else signs release 2 in his name. */
static void release_one(struct attack *a)
{
    struct hash256 first;
    sha256_of(a->m.name, strlen(a->m.name), &first);
    actor_release(&a->developer, a->m.name, 1, &first, false);
}

static struct bytes other_key(struct attack *a)
{
    const struct cursor both[] = {a->developer.transactions[0],
                                  actor_forge(stranger(), &a->developer, false, a->m.name, SEQ, &a->id)};
    return chain_file_of(both, ARRAY_LEN(both));
}

/** Somebody else begins a chain with the developer's id. */
static struct bytes begin_again(struct attack *a)
{
    const struct cursor forged = actor_forge(stranger(), &a->developer, true, a->m.name, SEQ, &a->id);
    return chain_file_of(&forged, 1);
}

static void use_network(struct attack *a)
{
    actor_init(&a->developer, a->form->name, "elsewhere");
}

/* ---- attacks on what is signed -------------------------------------------------------------------------------------- */

static void sign_older(struct attack *a)
{
    struct hash256 first;
    sha256_of(a->m.name, strlen(a->m.name), &first);
    actor_release(&a->developer, a->m.name, 1, &first, false);
    actor_release(&a->developer, a->m.name, SEQ, &a->id, false);
    actor_release(&a->developer, a->m.name, SEQ + 1, &first, false);
}

static void sign_withdrawn(struct attack *a)
{
    attack_release(a);
    actor_release(&a->developer, a->m.name, SEQ, &a->id, true);
}

static void other_arch(struct attack *a)
{
    copy_string(a->m.arch, sizeof a->m.arch, "x86_64-linux");
}

static void want_later(struct attack *a)
{
    a->entry.min_seq = SEQ + 1;
}

static void want_another(struct attack *a)
{
    a->entry.has_id = true;
    sha256_of("another", 7, &a->entry.id);
}

static void given_to_another(struct attack *a)
{
    a->entry.developer = stranger()->genesis;
}

static void for_other_apps(struct attack *a)
{
    static uint8_t apps[16];
    struct writer w = writer_of(apps, sizeof apps);
    cbor_put_array(&w, 1);
    cbor_put_string(&w, "another");
    a->approved.all_apps = false;
    a->approved.apps = cursor_of(apps, w.used_bytes);
}

/** The first release of the good package, with its chain as it was then. */
static void go_back(struct attack *a)
{
    copy_string(a->m.name, sizeof a->m.name, "good");
    a->m.seq = 1;
    actor_init(&a->developer, "good", "lx-os");
    a->m.developer = a->developer.genesis;
    signer_address(&a->developer.seed, "good", &a->m.app_register);
}

static void sign_first(struct attack *a)
{
    actor_release(&a->developer, a->m.name, 1, &a->id, false);
}

static void sign_second(struct attack *a);

/* ---- attacks with programs ------------------------------------------------------------------------------------------ */

/** Manifest and file say the same. */
static void layout_is(struct attack *a)
{
    victim_write(&a->layout, VICTIM_PLAIN, a->form->name, a->program);
}

static void overlap(struct attack *a)
{
    a->layout.segments[1].offset = 0x1800;
    a->layout.segments[1].vaddr -= 0x800;
    layout_is(a);
}

static void unaligned(struct attack *a)
{
    a->layout.segments[1].vaddr += 0x10;
    layout_is(a);
}

static void write_execute(struct attack *a)
{
    a->layout.segments[1].prot |= ELF_EXECUTE;
    layout_is(a);
}

static void entry_in_data(struct attack *a)
{
    a->layout.entry = a->layout.segments[1].vaddr;
    layout_is(a);
}

static void offset_wraps(struct attack *a)
{
    a->layout.segments[1].offset = UINT64_MAX - 0xfff;
    a->layout.segments[1].file_bytes = a->layout.segments[1].memory_bytes = 0x2000;
    layout_is(a);
}

static void address_wraps(struct attack *a)
{
    a->layout.segments[1].memory_bytes = UINT64_MAX - 0x1000;
    layout_is(a);
}

static void too_high(struct attack *a)
{
    a->layout.segments[1].vaddr = ELF_ADDRESS_END;
    layout_is(a);
}

static void out_of_order(struct attack *a)
{
    a->layout.segments[1].vaddr = 0x3f0000;
    layout_is(a);
}

static void beyond_file(struct attack *a)
{
    a->layout.segments[1].file_bytes = a->layout.segments[1].memory_bytes = 0x101;
    layout_is(a);
}

static void stack(struct attack *a)
{
    a->layout.phdr_count = 3;
    victim_write(&a->layout, VICTIM_STACK, a->form->name, a->program);
}

static void interpreter(struct attack *a)
{
    a->layout.phdr_count = 3;
    victim_write(&a->layout, VICTIM_INTERPRETER, a->form->name, a->program);
}

/** The manifest describes a sound program, and the file says otherwise. */
static void hide_write_execute(struct attack *a)
{
    struct elf_program other = a->layout;
    other.segments[1].prot |= ELF_EXECUTE;
    victim_write(&other, VICTIM_PLAIN, a->form->name, a->program);
}

static void hide_entry(struct attack *a)
{
    struct elf_program other = a->layout;
    other.entry += 4;
    victim_write(&other, VICTIM_PLAIN, a->form->name, a->program);
}

const struct attack_form attacks[] = {
    {.name = "good", .sign = sign_second,
     .answer = "good 2 is authorised: developer of good released it, transaction 1 of his chain"},
    {.name = "bad-manifest", .damage = change_manifest,
     .answer = "the manifest of bad-manifest 2 is not the one that developer of bad-manifest signed; it was changed: get the "
               "package again"},
    {.name = "bad-object", .damage = change_code,
     .answer = "package, object 0, page 1: the bytes do not give their hash; it was changed: get it again"},
    {.name = "bad-headers", .damage = change_first_page,
     .answer = "package, object 0, page 0: the bytes do not give their hash; it was changed: get it again"},
    {.name = "bad-leaf", .damage = change_leaf,
     .answer = "package, object 0: the leaf hashes do not give its root; it was changed: get it again"},
    {.name = "bad-root", .damage = change_root, .answer = "/bin/bad-root: its contents are not in the package; get it again"},
    {.name = "bad-padding", .damage = change_padding,
     .answer = "bytes between the parts are not zero; it was changed: get it again"},
    {.name = "bad-magic", .damage = change_magic, .answer = "package: not a package; name a file that lx pack made"},
    {.name = "bad-longer", .damage = add_byte, .answer = "it is cut, or bytes stand behind its end; get it again"},
    {.name = "bad-shorter", .damage = cut, .answer = "it is cut, or bytes stand behind its end; get it again"},

    {.name = "bad-unsigned", .chain = no_chain, .answer = "bad-unsigned 2 is not signed; sign it with lx sign"},
    {.name = "bad-signature", .chain = change_signature,
     .answer = "the chain in package bad-signature is refused: transaction 1: vchSig does not fit"},
    {.name = "bad-transaction", .chain = change_transaction,
     .answer = "the chain in package bad-transaction is refused: transaction 1: "},
    {.name = "bad-truncated", .chain = truncate_chain,
     .answer = "the chain in package bad-truncated stands for release 1, and the package is 2; sign it with lx sign, or get "
               "it again"},
    {.name = "bad-cut", .chain = cut_chain, .answer = "package, the developer's chain: not a chain file; it was changed"},
    {.name = "bad-reordered", .sign = release_three, .chain = reorder,
     .answer = "the chain in package bad-reordered is refused: transaction 1: nSequence does not follow; a transaction is "
               "missing or out of order here"},
    {.name = "bad-beginning", .chain = begin_late,
     .answer = "the chain in package bad-beginning is refused: transaction 0: nSequence is not 0; the chain does not begin "
               "with its first transaction"},
    {.name = "bad-fork", .chain = fork_chain,
     .answer = "the chain in package bad-fork is refused: transaction 2: the owner signed two transactions in one place; the "
               "chain is forked here"},
    {.name = "bad-key", .sign = release_one, .chain = other_key,
     .answer = "the chain in package bad-key is refused: transaction 1: vchPubKey is not the key that hashNext of the "
               "transaction before announced; somebody else made it"},
    {.name = "bad-author", .chain = begin_again,
     .answer = "the chain in package bad-author begins with another transaction than that of developer of bad-author, whom the "
               "owner approved; it is forged, or his chain was begun again: ask him"},
    {.name = "bad-network", .shape = use_network,
     .answer = "the chain in package bad-network is refused: transaction 0: hashPrevTx is not the id of this network; the "
               "chain is of another one"},

    {.name = "bad-developer", .is_unlisted = true, .answer = "the owner has not approved the developer of bad-developer"},
    {.name = "bad-app", .approve = for_other_apps,
     .answer = "developer of bad-app is approved, but not for bad-app; approve the package with lx approve"},
    {.name = "bad-name", .approve = given_to_another,
     .answer = "the owner has approved bad-name of another developer than developer of bad-name"},
    {.name = "bad-older", .approve = want_later,
     .answer = "bad-older 2 is older than 3, from which on the owner approved it; get the latest"},
    {.name = "bad-exact", .approve = want_another, .answer = "bad-exact 2 is not the one package that the owner approved"},
    {.name = "bad-superseded", .sign = sign_older,
     .answer = "bad-superseded 2 is superseded: developer of bad-superseded has released 3; get that one"},
    {.name = "bad-rollback", .shape = go_back, .sign = sign_first, .is_unlisted = true,
     .answer = "good 1 is superseded: developer of good has released 2; get that one"}, /* where both chains are known */
    {.name = "bad-withdrawn", .sign = sign_withdrawn,
     .answer = "developer of bad-withdrawn has withdrawn bad-withdrawn 2; get a later release"},
    {.name = "bad-arch", .shape = other_arch,
     .answer = "bad-arch is for x86_64-linux, and this machine executes aarch64-linux; get the package for it"},

    {.name = "elf-overlap", .shape = overlap,
     .answer = "segment 1: it shares a page of memory with the segment before it; link it with -z max-page-size=4096 or more"},
    {.name = "elf-unaligned", .shape = unaligned,
     .answer = "segment 1: its offset in the file and its address differ modulo 4096"},
    {.name = "elf-wx", .shape = write_execute,
     .answer = "segment 1: both writable and executable; link it with separate code and data"},
    {.name = "elf-entry", .shape = entry_in_data,
     .answer = "its entry is not the address of an instruction in an executable segment"},
    {.name = "elf-offset-wraps", .shape = offset_wraps, .answer = "segment 1: its bytes lie beyond the file's end"},
    {.name = "elf-address-wraps", .shape = address_wraps,
     .answer = "segment 1: its addresses are not between 64 KiB and 4 GiB - 64 KiB"},
    {.name = "elf-high", .shape = too_high, .answer = "segment 1: its addresses are not between 64 KiB and 4 GiB - 64 KiB"},
    {.name = "elf-order", .shape = out_of_order, .answer = "segment 1: its address is below that of the segment before it"},
    {.name = "elf-beyond", .shape = beyond_file, .answer = "segment 1: its bytes lie beyond the file's end"},
    {.name = "elf-stack", .shape = stack, .answer = "it wants an executable stack; link it with -z noexecstack"},
    {.name = "elf-interpreter", .shape = interpreter, .answer = "dynamically linked: it needs an interpreter"},
    {.name = "hidden-wx", .shape = hide_write_execute, .answer = "/bin/hidden-wx: segment 1: both writable and executable"},
    {.name = "hidden-entry", .shape = hide_entry,
     .answer = "/bin/hidden-entry: the program's headers are not those that the manifest has"},
};

/** The good package follows the one that bad-rollback goes back to. */
static void sign_second(struct attack *a)
{
    static struct attack first;
    size_t i = 0;
    while (attacks[i].shape != go_back) {
        i++;
    }
    attack_make(&first, &attacks[i]);
    actor_release(&a->developer, a->m.name, 1, &first.id, false);
    actor_release(&a->developer, a->m.name, SEQ, &a->id, false);
}

const size_t attack_count = ARRAY_LEN(attacks);
_Static_assert(ARRAY_LEN(attacks) <= ATTACKS_MAX, "they fit a bundle");
