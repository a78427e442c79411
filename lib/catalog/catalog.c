/* SPDX-License-Identifier: MIT */
/**
 * Who is authorised. Packages whose developer's chains begin alike are decided together: the longest of their chains is verified
 * once, and where the chain of one of them ends, it is decided by just its own chain. From there on it also has to agree with
 * what the longer chains say, so that a package cannot hide from its developer that he withdrew it.
 */
#include "catalog.h"

#include "build.h"
#include "format.h"

static void note(struct catalog_work *w, enum journal_kind kind, const char *text)
{
    assert(w->note_count < CATALOG_NOTES_MAX); /* one for each chain and package, and a few more */
    struct catalog_note *n = &w->notes[w->note_count++];
    n->kind = kind;
    sentence_put(n->text, sizeof n->text, "%s", text);
}

void catalog_clear(struct catalog_work *w, struct catalog *c)
{
    memset(c, 0, sizeof *c);
    w->note_count = 0;
    w->package_count = 0;
    w->list_seq = 0;
    w->seen = NULL;
    fill_begin(&w->runs, c);
}

/* ---- the owner ------------------------------------------------------------------------------------------------------- */

/** @param pin what was seen of the chain, or NULL. */
static void start_chain(struct sigchain_verifier *v, struct sigchain_register *registers, size_t capacity,
                        const struct sigchain_pin *pin)
{
    struct sigchain_setup setup = {
        .registers = registers, .register_capacity = capacity, .pins = pin, .pin_count = pin != NULL ? 1 : 0};
    sigchain_network_of(NETWORK_HYBRID, CATALOG_NETWORK, &setup.network);
    sigchain_verifier_init(v, &setup);
}

/**
 * What was seen of a chain, as a pin in `room`; NULL when nothing was. Whose chain it is its first transaction says, which is not
 * verified yet: a false id finds the pin of a chain that this one is not.
 */
static const struct sigchain_pin *find_pin(const struct seen *seen, struct cursor chain, struct sigchain_pin *room)
{
    struct chain_file file;
    struct cursor bytes;
    struct transaction tx;
    if (seen == NULL || chain_file_open(chain.at, chain.left_bytes, &file) != LX_OK || !chain_file_next(&file, &bytes) ||
        transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        return NULL;
    }
    const struct seen_chain *known = seen_find_chain(seen, &tx.genesis);
    if (known == NULL) {
        return NULL;
    }
    *room = (struct sigchain_pin){known->count - 1, known->last_txid};
    return room;
}

/** Says it in the words of a device, where a chain ended before what was seen of it. */
static void explain_roll_back(struct sigchain_verifier *v)
{
    if (v->refusal.rule == SIGCHAIN_ROLLED_BACK) {
        sentence_put(v->refusal.sentence, sizeof v->refusal.sentence,
                     "it has %u transactions, and this device has seen %u: it was rolled back, or the image is an older one (start the "
                     "latest)",
                     (unsigned)v->transaction_count, (unsigned)v->setup.pins[0].sequence + 1);
    }
}

void catalog_owner(const struct catalog_input *in, struct catalog_work *w)
{
    struct package_refusal why;
    char text[JOURNAL_TEXT_BYTES];
    w->owner_list = in->owner_list;
    w->owner_is_verified = false;
    w->anchor_is_good = anchor_parse(in->owner_anchor.at, in->owner_anchor.left_bytes, &w->anchor, &why);
    start_chain(&w->owner, w->owner_registers, ARRAY_LEN(w->owner_registers), find_pin(in->seen, in->owner_chain, &w->owner_pin));
    if (!w->anchor_is_good) {
        sentence_put(w->owner_refusal, sizeof w->owner_refusal, "the owner's anchor is refused, so nobody can approve anything: %s",
                     why.sentence);
        note(w, JOURNAL_REFUSED, w->owner_refusal);
        return;
    }
    w->owner_is_verified = sigchain_verify_file(&w->owner, in->owner_chain.at, in->owner_chain.left_bytes);
    if (w->owner_is_verified) {
        sentence_put(text, sizeof text, "the owner's chain is verified: %u transactions, %zu registers; unanchored",
                     (unsigned)w->owner.transaction_count, w->owner.register_count);
        note(w, JOURNAL_VERIFIED, text);
    } else {
        explain_roll_back(&w->owner);
        sentence_put(text, sizeof text, "the owner's chain is refused: %s; get it again from the owner", w->owner.refusal.sentence);
        note(w, JOURNAL_REFUSED, text);
    }
}

static void name_owner(const struct catalog_work *w, struct catalog *c)
{
    char hex[U256_HEX_CHARS];
    if (w->list_seq == 0) {
        sentence_put(c->owner, sizeof c->owner, "nobody: no list of approvals was verified");
        return;
    }
    hex_of_mem(w->anchor.genesis.bytes, U256_BYTES, hex);
    sentence_put(c->owner, sizeof c->owner, "%.16s, list of approvals %llu", hex, (unsigned long long)w->list_seq);
}

/* ---- one package ----------------------------------------------------------------------------------------------------- */

static void refuse(struct catalog_work *w, struct catalog *c, uint32_t i, const char *text, ...) PRINTF_LIKE(4, 5);
static void refuse(struct catalog_work *w, struct catalog *c, uint32_t i, const char *text, ...)
{
    char sentence[PACKAGE_SENTENCE_CHARS + 100];
    va_list args;
    va_start(args, text);
    (void)format_list(sentence, sizeof sentence, text, args);
    va_end(args);
    w->stages[i] = CATALOG_STAGE_OUT;
    c->packages[i].status = CATALOG_REFUSED;
    sentence_put(c->packages[i].sentence, sizeof c->packages[i].sentence, "%s", sentence);
}

static void open_package(struct catalog_work *w, struct catalog *c, const struct bundle *bundle, uint32_t i)
{
    struct package_refusal why;
    struct catalog_package *out = &c->packages[i];
    struct package *p = &w->packages[i];
    struct cursor bytes = bundle_package(bundle, i, &w->offsets[i]);
    (void)copy_string(out->name, sizeof out->name, "?");
    if (!package_open(bytes.at, bytes.left_bytes, p, &why)) {
        refuse(w, c, i, "package %u of the bundle is refused: %s", (unsigned)i, why.sentence);
        return;
    }
    memcpy(out->id, p->id.bytes, sizeof out->id);
    memcpy(out->developer, p->manifest.developer.bytes, sizeof out->developer);
    out->sequence = p->manifest.seq;
    w->stages[i] = CATALOG_STAGE_WAITS;
    if (!copy_string(out->name, sizeof out->name, p->manifest.name)) {
        refuse(w, c, i, "package %u of the bundle is refused: its name has more than %zu characters; give it a shorter one",
               (unsigned)i, sizeof out->name - 1);
    }
}

static uint64_t list_seq_seen(const struct catalog_work *w)
{
    const struct seen_list *list = w->seen != NULL ? seen_find_list(w->seen, &w->anchor.genesis) : NULL;
    return list != NULL ? list->seq : 0;
}

static uint64_t release_seen(const struct catalog_work *w, const struct u256 *app_register)
{
    const struct seen_release *release = w->seen != NULL ? seen_find_release(w->seen, app_register) : NULL;
    return release != NULL ? release->seq : 0;
}

/** Asks for the decision on a package with the chain as far as it is known. */
static void decide(struct catalog_work *w, struct catalog *c, uint32_t i, bool chain_is_verified)
{
    struct catalog_package *out = &c->packages[i];
    struct authority_decision *d = &w->decision;
    if (!w->anchor_is_good) {
        refuse(w, c, i, "%s", w->owner_refusal);
        return;
    }
    struct authority_question question = {.package = &w->packages[i],
                                          .arch = MANIFEST_ARCH,
                                          .anchor = &w->anchor,
                                          .owner = {&w->owner, w->owner_is_verified},
                                          .list = w->owner_list,
                                          .developer = {&w->developer, chain_is_verified},
                                          .list_seq_seen = list_seq_seen(w),
                                          .seq_seen = release_seen(w, &w->packages[i].manifest.app_register)};
    bool is_granted = authority_decide(&question, d);
    w->list_seq = d->list_seq > w->list_seq ? d->list_seq : w->list_seq;
    w->developer_is_approved |= is_granted || d->verdict > AUTHORITY_APP;
    out->signed_at_s = d->released_s;
    out->chain_length = d->transaction_count;
    sentence_put(out->developer_name, sizeof out->developer_name, "%s", d->developer_name);
    if (!is_granted) {
        refuse(w, c, i, "%s", d->sentence);
        return;
    }
    w->stages[i] = CATALOG_STAGE_GRANTED;
    sentence_put(out->sentence, sizeof out->sentence, "%s", d->sentence);
}

/** Refuses a package for which no chain counts, so that none is verified: the owner says nothing, or it comes without a chain. */
static void ask_without_chain(struct catalog_work *w, struct catalog *c, uint32_t i)
{
    start_chain(&w->developer, w->developer_registers, ARRAY_LEN(w->developer_registers), NULL);
    decide(w, c, i, false);
    if (w->anchor_is_good && w->decision.verdict == AUTHORITY_DEVELOPER_CHAIN) {
        w->stages[i] = CATALOG_STAGE_WAITS; /* all that is missing is a chain, which comes with it */
    }
}

/* ---- developers' chains ---------------------------------------------------------------------------------------------- */

/** Whether the transactions of one chain file are those with which another begins; no chain begins with an empty one. */
static bool begins_with(struct cursor longer, struct cursor shorter)
{
    bool is_part = shorter.left_bytes > CHAIN_FILE_HEAD_BYTES && shorter.left_bytes <= longer.left_bytes;
    return (is_part || shorter.at == longer.at) &&
           memcmp(longer.at + CHAIN_FILE_HEAD_BYTES, shorter.at + CHAIN_FILE_HEAD_BYTES,
                  shorter.left_bytes - CHAIN_FILE_HEAD_BYTES) == 0;
}

/** The package with the longest chain among those that wait. @return false when none does. */
static bool find_leader(const struct catalog_work *w, uint32_t *leader)
{
    bool found = false;
    for (uint32_t i = 0; i < w->package_count; i++) {
        if (w->stages[i] == CATALOG_STAGE_WAITS &&
            (!found || w->packages[i].chain.left_bytes > w->packages[*leader].chain.left_bytes)) {
            *leader = i;
            found = true;
        }
    }
    return found;
}

/** Decides the members whose chains end here, and those granted before once more. */
static void decide_members(struct catalog_work *w, struct catalog *c, size_t verified_bytes)
{
    bool ends_here = false;
    for (uint32_t i = 0; i < w->package_count; i++) {
        ends_here |= w->is_member[i] && w->packages[i].chain.left_bytes == verified_bytes;
    }
    for (uint32_t i = 0; ends_here && i < w->package_count; i++) {
        bool waits = w->stages[i] == CATALOG_STAGE_WAITS && w->packages[i].chain.left_bytes == verified_bytes;
        if (w->is_member[i] && (waits || w->stages[i] == CATALOG_STAGE_GRANTED)) {
            decide(w, c, i, true);
        }
    }
}

/** Decides once more whoever was granted: the chain has become longer than theirs. */
static void decide_granted(struct catalog_work *w, struct catalog *c)
{
    for (uint32_t i = 0; i < w->package_count; i++) {
        if (w->is_member[i] && w->stages[i] == CATALOG_STAGE_GRANTED) {
            decide(w, c, i, true);
        }
    }
}

/* A chain that ends in something worthless still says what it says before that: nobody hides a withdrawal behind it. */
static bool add_transaction(struct catalog_work *w, struct catalog *c, struct cursor tx)
{
    if (sigchain_add(&w->developer, tx.at, tx.left_bytes)) {
        return true;
    }
    decide_granted(w, c);
    return false;
}

/** Adds the transactions that were seen at earlier starts and did not come along, so that nobody can hold them back. */
static bool complete_chain(struct catalog_work *w, struct catalog *c)
{
    struct sigchain_verifier *v = &w->developer;
    struct cursor tx;
    while (v->setup.pin_count > 0 && v->transaction_count > 0 && v->transaction_count <= w->developer_pin.sequence &&
           seen_transaction(w->seen, &v->genesis, v->transaction_count, &tx)) {
        if (!add_transaction(w, c, tx)) {
            return false;
        }
        w->completed_count++;
    }
    if (w->completed_count > 0) {
        decide_granted(w, c);
    }
    return true;
}

static bool verify_chain(struct catalog_work *w, struct catalog *c, struct cursor chain)
{
    struct chain_file file;
    struct cursor tx;
    w->completed_count = 0;
    start_chain(&w->developer, w->developer_registers, ARRAY_LEN(w->developer_registers),
                find_pin(w->seen, chain, &w->developer_pin));
    if (chain_file_open(chain.at, chain.left_bytes, &file) != LX_OK) {
        return false; /* never: package_open did the same */
    }
    while (chain_file_next(&file, &tx)) {
        if (!add_transaction(w, c, tx)) {
            return false;
        }
        decide_members(w, c, (size_t)(file.rest.at - chain.at));
    }
    return complete_chain(w, c) && sigchain_finish(&w->developer);
}

/** The chain did not come as far as was seen: what it says until then is not the last word, for nobody. */
static bool falls_short(const struct catalog_work *w)
{
    return w->developer.setup.pin_count > 0 && w->developer.transaction_count <= w->developer_pin.sequence;
}

static void decide_group(struct catalog_work *w, struct catalog *c, uint32_t leader)
{
    struct cursor chain = w->packages[leader].chain;
    char text[JOURNAL_TEXT_BYTES], hex[U256_HEX_CHARS], more[64] = "";
    for (uint32_t i = 0; i < w->package_count; i++) {
        w->is_member[i] = w->stages[i] == CATALOG_STAGE_WAITS && begins_with(chain, w->packages[i].chain);
    }
    w->developer_is_approved = false;
    bool is_verified = verify_chain(w, c, chain);
    if (!is_verified) {
        explain_roll_back(&w->developer);
    }
    for (uint32_t i = 0; i < w->package_count; i++) {
        bool is_granted = w->stages[i] == CATALOG_STAGE_GRANTED && falls_short(w);
        if (w->is_member[i] && (w->stages[i] == CATALOG_STAGE_WAITS || is_granted)) {
            decide(w, c, i, false); /* what does not verify is in its chain too */
        }
    }
    const struct sigchain_verifier *v = &w->developer;
    if (is_verified) {
        if (w->developer_is_approved && w->seen != NULL) {
            seen_keep_chain(w->seen, v, chain, SEEN_DEVELOPER);
        }
        hex_of_mem(v->genesis.bytes, U256_BYTES, hex);
        if (w->completed_count > 0) {
            sentence_put(more, sizeof more, ", the last %u from this device's memory", (unsigned)w->completed_count);
        }
        sentence_put(text, sizeof text, "the chain of developer %.16s in %s %llu is verified: %u transactions%s, %zu registers; unanchored",
                     hex, w->packages[leader].manifest.name, (unsigned long long)w->packages[leader].manifest.seq,
                     (unsigned)v->transaction_count, more, v->register_count);
    } else {
        sentence_put(text, sizeof text, "the developer's chain in %s %llu is refused: %s; get the package again", w->packages[leader].manifest.name,
                     (unsigned long long)w->packages[leader].manifest.seq, v->refusal.sentence);
    }
    note(w, is_verified ? JOURNAL_VERIFIED : JOURNAL_REFUSED, text);
}

/* ---- all packages together ------------------------------------------------------------------------------------------- */

static bool is_granted_rival(const struct catalog_work *w, uint32_t i, uint32_t j)
{
    return i != j && w->stages[i] == CATALOG_STAGE_GRANTED && w->stages[j] == CATALOG_STAGE_GRANTED &&
           strcmp(w->packages[i].manifest.name, w->packages[j].manifest.name) == 0;
}

/** Of one app only the highest release counts, wherever it stands in the bundle. */
static void refuse_older(struct catalog_work *w, struct catalog *c)
{
    for (uint32_t i = 0; i < w->package_count; i++) {
        for (uint32_t j = 0; j < w->package_count; j++) {
            const struct manifest *a = &w->packages[i].manifest, *b = &w->packages[j].manifest;
            if (is_granted_rival(w, i, j) && u256_equal(&a->app_register, &b->app_register) && a->seq < b->seq) {
                refuse(w, c, i, "%s %llu is older than %llu, which stands in the bundle too; leave it out", a->name,
                       (unsigned long long)a->seq, (unsigned long long)b->seq);
            }
        }
    }
}

/** Of a name only the first package counts. */
static void refuse_again(struct catalog_work *w, struct catalog *c)
{
    for (uint32_t i = 0; i < w->package_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (is_granted_rival(w, i, j)) {
                refuse(w, c, i, "%s %llu is package %u of the bundle, and package %u has that name already; leave one of them out",
                       w->packages[i].manifest.name, (unsigned long long)w->packages[i].manifest.seq, (unsigned)i, (unsigned)j);
            }
        }
    }
}

static void check_contents(struct catalog_work *w, struct catalog *c, uint32_t i)
{
    struct package_refusal why;
    if (w->stages[i] == CATALOG_STAGE_GRANTED && !package_check(&w->packages[i], 0, &why)) {
        refuse(w, c, i, "%s %llu is refused: %s", w->packages[i].manifest.name,
               (unsigned long long)w->packages[i].manifest.seq, why.sentence);
    }
}

static void fill(struct catalog_work *w, struct catalog *c, uint32_t i)
{
    char sentence[CATALOG_SENTENCE_BYTES];
    if (w->stages[i] != CATALOG_STAGE_GRANTED) {
        return;
    }
    if (!fill_package(c, &w->runs, &w->packages[i], i, w->offsets[i], sentence)) {
        refuse(w, c, i, "%s", sentence);
        return;
    }
    c->packages[i].status = CATALOG_AUTHORISED;
}

void catalog_packages(struct cursor bytes, struct catalog_work *w, struct catalog *c)
{
    struct package_refusal why;
    struct bundle bundle;
    uint32_t leader = 0;
    if (!bundle_open(bytes.at, bytes.left_bytes, &bundle, &why)) {
        note(w, JOURNAL_REFUSED, why.sentence);
        return;
    }
    _Static_assert(BUNDLE_PACKAGES_MAX <= CATALOG_PACKAGES_MAX, "every package has its place");
    c->package_count = w->package_count = bundle.count;
    for (uint32_t i = 0; i < w->package_count; i++) {
        open_package(w, c, &bundle, i);
        if (w->stages[i] == CATALOG_STAGE_WAITS) {
            ask_without_chain(w, c, i);
        }
    }
    for (uint32_t n = 0; n < w->package_count && find_leader(w, &leader); n++) { /* each group has at least its leader */
        decide_group(w, c, leader);
    }
    for (uint32_t i = 0; i < w->package_count; i++) {
        check_contents(w, c, i);
    }
    refuse_older(w, c);
    refuse_again(w, c);
    for (uint32_t i = 0; i < w->package_count; i++) {
        fill(w, c, i);
        note(w, c->packages[i].status == CATALOG_AUTHORISED ? JOURNAL_VERIFIED : JOURNAL_REFUSED, c->packages[i].sentence);
    }
}

static void conclude(struct catalog_work *w, struct catalog *c)
{
    char text[CATALOG_SENTENCE_BYTES];
    uint32_t authorised = 0;
    if (!fill_abi_program(c, text)) {
        note(w, JOURNAL_REFUSED, text);
    }
    for (uint32_t i = 0; i < c->package_count; i++) {
        authorised += c->packages[i].status == CATALOG_AUTHORISED;
    }
    sentence_put(text, sizeof text, "%u of %u packages authorised: %u files, %u programs, %llu pages to verify when they are used",
                 (unsigned)authorised, (unsigned)c->package_count, (unsigned)c->file_count, (unsigned)c->program_count,
                 (unsigned long long)w->runs.page_count);
    note(w, JOURNAL_NOTE, text);
}

/** What is authorised now, and whose word it was, counts at the next start. */
static void remember(const struct catalog_input *in, struct catalog_work *w, const struct catalog *c)
{
    const struct sigchain_verifier *v = &w->owner;
    bool is_anchored = w->anchor_is_good && w->owner_is_verified && u256_equal(&v->genesis, &w->anchor.genesis) &&
                       u512_equal(&v->first_txid, &w->anchor.first_txid);
    if (is_anchored) {
        seen_keep_chain(w->seen, v, in->owner_chain, SEEN_OWNER);
    }
    if (w->list_seq > 0) { /* so it was verified */
        seen_keep_list(w->seen, &w->anchor.genesis, w->list_seq);
    }
    for (uint32_t i = 0; i < w->package_count; i++) {
        const struct manifest *m = &w->packages[i].manifest;
        if (c->packages[i].status == CATALOG_AUTHORISED) {
            seen_keep_release(w->seen, &m->app_register, &m->developer, m->name, m->seq);
        }
    }
    seen_commit(w->seen);
    note(w, JOURNAL_NOTE, w->seen->sentence);
}

void catalog_build(const struct catalog_input *in, struct catalog_work *work, struct catalog *out)
{
    catalog_clear(work, out);
    work->seen = in->seen;
    catalog_owner(in, work);
    catalog_packages(in->bundle, work, out);
    name_owner(work, out);
    if (work->seen != NULL) {
        remember(in, work, out);
    }
    conclude(work, out);
    __atomic_store_n(&out->state, (uint32_t)CATALOG_READY, __ATOMIC_RELEASE);
}
