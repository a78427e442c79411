/* SPDX-License-Identifier: MIT */
/** Seen: the volume, what was seen, and what is new. See seen.h. */
#include "seen.h"

#include "format.h"

enum {
    STORE_FACTS = 0,
    STORE_TRANSACTIONS = 1,
    BLOCK_BYTES = 4096,
    SEGMENT_BYTES = 160 * 1024 /* small: two of them are read when the volume is opened */,
    BATCH_BYTES = 20 * 1024,
    GROUP_BITS = 5,
    DELTA_BITS = 10,
    CACHE_BLOCKS = 16,
    HEAD_BLOCKS = 2, /* of a volume of LLD: two copies of its head */
    SEGMENTS_MAX = 102, /* nearly 16 MiB; of a larger device the rest is not used */
    TRANSACTION_KEY_BYTES = U256_BYTES + 4,
};
_Static_assert(SEEN_FACTS_BYTES_MAX + 64 < BATCH_BYTES && SEEN_TRANSACTION_BYTES_MAX + 64 < BATCH_BYTES, "each fits a transaction of LLD");

static const uint8_t facts_name[4] = {'s', 'e', 'e', 'n'};
static const struct lld_key facts_key = {STORE_FACTS, sizeof facts_name, facts_name};

static void say(struct seen *s, const char *text, ...) PRINTF_LIKE(2, 3);
static void say(struct seen *s, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    format_list(s->sentence, sizeof s->sentence, text, args);
    va_end(args);
}

void seen_none(struct seen *s, const char *why)
{
    memset(s, 0, offsetof(struct seen, bytes));
    s->state = SEEN_NOTHING;
    say(s, "%s: nothing is remembered over power-off, and an older image would not be noticed", why);
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

static uint64_t usable_bytes(const struct lld_device *device)
{
    uint64_t blocks = device->size(device->context);
    const uint64_t most = (uint64_t)SEGMENTS_MAX * SEGMENT_BYTES;
    return blocks < most / BLOCK_BYTES ? blocks * BLOCK_BYTES : most;
}

/* As many segments as fit: LLD says what its index leaves of the device. */
static enum lx_err format_volume(struct seen *s, const struct lld_device *device, const uint8_t *secret)
{
    uint64_t bytes = usable_bytes(device);
    struct lld_geometry g = {.block_bytes = BLOCK_BYTES,
                             .segment_bytes = SEGMENT_BYTES,
                             .segment_count = (uint32_t)(bytes / SEGMENT_BYTES), /* SEGMENTS_MAX at most */
                             .batch_bytes = BATCH_BYTES,
                             .group_bits = GROUP_BITS,
                             .delta_bits = DELTA_BITS};
    enum lx_err err = LX_ERANGE;
    for (uint32_t tries = 0; bytes >= SEEN_VOLUME_BYTES_MIN && err == LX_ERANGE && tries < SEGMENTS_MAX; tries++) {
        err = lld_format(device, &g, secret, s->memory, sizeof s->memory);
        g.segment_count--;
    }
    return err;
}

/* Nothing was ever there: a volume that is begun, and not finished for lack of power, has no head either. */
static bool heads_are_zero(struct seen *s, const struct lld_device *device)
{
    uint8_t any = 0;
    if (!device->read(device->context, 0, HEAD_BLOCKS, s->memory)) {
        return false;
    }
    for (size_t i = 0; i < (size_t)HEAD_BLOCKS * BLOCK_BYTES; i++) {
        any |= s->memory[i];
    }
    return any == 0;
}

static void open_failed(struct seen *s, enum lx_err err)
{
    const char *words = err == LX_EIO ? "it cannot be read" : lx_err_name(err);
    s->state = SEEN_NOTHING;
    s->store = NULL;
    memset(&s->facts, 0, sizeof s->facts);
    say(s, "what the disk remembers is not usable (%s) and is left as it is: nothing is remembered; give an empty disk", words);
}

static void tell(struct seen *s)
{
    const struct seen_facts *f = &s->facts;
    say(s, "the disk remembers %u chains, %u releases and %u lists of approvals, change %lu%s%s", (unsigned)f->chain_count,
        (unsigned)f->release_count, (unsigned)f->list_count, (unsigned long)f->changes,
        s->state == SEEN_READ_ONLY ? "; it is read-only, so nothing is added" : "",
        s->is_full ? "; it has no room for more, so something new is not remembered" : "");
}

static enum lx_err read_facts(struct seen *s)
{
    size_t len = 0;
    enum lx_err err = lld_get(s->store, facts_key, s->bytes, sizeof s->bytes, &len);
    return err == LX_OK ? seen_facts_parse(s->bytes, len, &s->facts) : err == LX_ENOENT ? LX_OK : err;
}

void seen_open(struct seen *s, const struct lld_device *device, bool is_read_only, const uint8_t secret[LLD_SECRET_BYTES])
{
    struct lld_geometry g;
    memset(s, 0, offsetof(struct seen, bytes));
    assert(device->block_bytes == BLOCK_BYTES && sizeof s->memory >= LLD_PROBE_BYTES);
    enum lx_err err = lld_probe(device, s->memory, &g);
    if (err == LX_ENOENT && !heads_are_zero(s, device)) {
        err = LX_EBADMSG;
    } else if (err == LX_ENOENT && is_read_only) {
        seen_none(s, "the disk is read-only and was never used");
        return;
    } else if (err == LX_ENOENT) {
        err = format_volume(s, device, secret);
        if (err != LX_OK) {
            seen_none(s, err == LX_ERANGE ? "the disk's partition for the ledger is too small" : "the disk cannot be written");
            return;
        }
    }
    err = err == LX_OK ? lld_open(device, CACHE_BLOCKS, s->memory, sizeof s->memory, &s->store) : err;
    err = err == LX_OK ? read_facts(s) : err;
    if (err != LX_OK) {
        open_failed(s, err);
        return;
    }
    s->half_bytes = usable_bytes(device) / 2;
    s->state = is_read_only ? SEEN_READ_ONLY : SEEN_KEEPS;
    tell(s);
}

void seen_room(const struct seen *s, uint64_t *used_bytes, uint64_t *total_bytes)
{
    struct lld_stats stats = {0};
    if (s->store != NULL) {
        lld_stats(s->store, &stats);
    }
    *used_bytes = stats.live_bytes;
    *total_bytes = 2 * s->half_bytes;
}

/* ---- what was seen ----------------------------------------------------------------------------------------------------- */

const struct seen_chain *seen_find_chain(const struct seen *s, const struct u256 *genesis)
{
    for (uint32_t i = 0; i < s->facts.chain_count; i++) {
        if (u256_equal(&s->facts.chains[i].genesis, genesis)) {
            return &s->facts.chains[i];
        }
    }
    return NULL;
}

const struct seen_release *seen_find_release(const struct seen *s, const struct u256 *app_register)
{
    for (uint32_t i = 0; i < s->facts.release_count; i++) {
        if (u256_equal(&s->facts.releases[i].app_register, app_register)) {
            return &s->facts.releases[i];
        }
    }
    return NULL;
}

const struct seen_list *seen_find_list(const struct seen *s, const struct u256 *owner)
{
    for (uint32_t i = 0; i < s->facts.list_count; i++) {
        if (u256_equal(&s->facts.lists[i].owner, owner)) {
            return &s->facts.lists[i];
        }
    }
    return NULL;
}

static struct lld_key transaction_key(const struct u256 *genesis, uint32_t sequence, uint8_t bytes[TRANSACTION_KEY_BYTES])
{
    memcpy(bytes, genesis->bytes, U256_BYTES);
    be32_store(bytes + U256_BYTES, sequence);
    return (struct lld_key){STORE_TRANSACTIONS, TRANSACTION_KEY_BYTES, bytes};
}

bool seen_transaction(struct seen *s, const struct u256 *genesis, uint32_t sequence, struct cursor *out)
{
    uint8_t key[TRANSACTION_KEY_BYTES];
    size_t len = 0;
    const struct seen_chain *chain = seen_find_chain(s, genesis);
    if (s->store == NULL || chain == NULL || sequence >= chain->stored ||
        lld_get(s->store, transaction_key(genesis, sequence, key), s->transaction, sizeof s->transaction, &len) != LX_OK) {
        return false;
    }
    *out = cursor_of(s->transaction, len);
    return true;
}

/* ---- what is new ------------------------------------------------------------------------------------------------------- */

static void writing_failed(struct seen *s, enum lx_err err)
{
    if (s->is_open) {
        lld_abort(s->store);
        s->is_open = false;
    }
    s->state = SEEN_READ_ONLY;
    say(s, "the disk cannot be written (%s): what it remembers counts, and what is new is not remembered",
        err == LX_ENOSPC ? "it is full" : lx_err_name(err));
}

/* In the open transaction of LLD, or the next one. */
static enum lx_err stage(struct seen *s, struct lld_key key, const void *value, size_t len)
{
    enum lx_err err = LX_OK;
    for (int tries = 0; tries < 2; tries++) {
        if (!s->is_open) {
            err = lld_begin(s->store);
            s->is_open = err == LX_OK;
        }
        err = err == LX_OK ? lld_put(s->store, key, value, len) : err;
        if (err != LX_ENOSPC || tries == 1) {
            break;
        }
        s->is_open = false; /* this transaction is full */
        err = lld_commit(s->store);
    }
    return err;
}

static struct seen_chain *chain_slot(struct seen *s, const struct u256 *genesis)
{
    struct seen_facts *f = &s->facts;
    const struct seen_chain *found = seen_find_chain(s, genesis);
    if (found != NULL) {
        return &f->chains[found - f->chains];
    }
    if (f->chain_count == SEEN_CHAINS_MAX) {
        s->is_full = true;
        return NULL;
    }
    struct seen_chain *c = &f->chains[f->chain_count++];
    *c = (struct seen_chain){.genesis = *genesis, .since = f->changes + 1};
    return c;
}

/* Keeps the transactions of the file that are not kept yet, while there is room and none is left out. */
static void keep_transactions(struct seen *s, struct seen_chain *c, struct cursor bytes)
{
    struct chain_file file;
    struct cursor tx;
    uint64_t used, total;
    uint8_t key[TRANSACTION_KEY_BYTES];
    seen_room(s, &used, &total);
    if (chain_file_open(bytes.at, bytes.left_bytes, &file) != LX_OK) {
        return; /* never: it was verified */
    }
    for (uint32_t i = 0; chain_file_next(&file, &tx); i++) {
        if (i < c->stored) {
            continue;
        }
        if (tx.left_bytes > SEEN_TRANSACTION_BYTES_MAX || used + s->stored_bytes > s->half_bytes) {
            break;
        }
        enum lx_err err = stage(s, transaction_key(&c->genesis, i, key), tx.at, tx.left_bytes);
        if (err != LX_OK) {
            writing_failed(s, err);
            break;
        }
        s->stored_bytes += tx.left_bytes;
        c->stored = i + 1;
    }
}

void seen_keep_chain(struct seen *s, const struct sigchain_verifier *v, struct cursor file, enum seen_role role)
{
    const struct seen_chain *known = seen_find_chain(s, &v->genesis);
    if (s->state != SEEN_KEEPS || v->transaction_count == 0 ||
        (known != NULL && known->count >= v->transaction_count && (known->roles & (uint32_t)role) != 0)) {
        return;
    }
    struct seen_chain *c = chain_slot(s, &v->genesis);
    if (c == NULL) {
        return;
    }
    c->roles |= (uint32_t)role;
    if (v->transaction_count > c->count) {
        c->first_txid = v->first_txid;
        c->last_txid = v->txid;
        c->count = v->transaction_count;
        c->last_s = v->timestamp;
    }
    c->grown = s->facts.changes + 1;
    s->is_dirty = true;
    keep_transactions(s, c, file);
}

void seen_keep_release(struct seen *s, const struct u256 *app_register, const struct u256 *developer, const char *name, uint64_t seq)
{
    struct seen_facts *f = &s->facts;
    const struct seen_release *known = seen_find_release(s, app_register);
    if (s->state != SEEN_KEEPS || (known != NULL && known->seq >= seq)) {
        return;
    }
    if (known == NULL && f->release_count == SEEN_RELEASES_MAX) {
        s->is_full = true;
        return;
    }
    struct seen_release *r = known != NULL ? &f->releases[known - f->releases] : &f->releases[f->release_count++];
    if (known == NULL) {
        *r = (struct seen_release){.app_register = *app_register, .since = f->changes + 1};
    }
    memset(r->name, 0, sizeof r->name);
    (void)copy_string(r->name, sizeof r->name, name);
    r->developer = *developer;
    r->seq = seq;
    r->grown = f->changes + 1;
    s->is_dirty = true;
}

void seen_keep_list(struct seen *s, const struct u256 *owner, uint64_t seq)
{
    struct seen_facts *f = &s->facts;
    const struct seen_list *known = seen_find_list(s, owner);
    if (s->state != SEEN_KEEPS || (known != NULL && known->seq >= seq)) {
        return;
    }
    if (known == NULL && f->list_count == SEEN_LISTS_MAX) {
        s->is_full = true;
        return;
    }
    struct seen_list *l = known != NULL ? &f->lists[known - f->lists] : &f->lists[f->list_count++];
    if (known == NULL) {
        *l = (struct seen_list){.owner = *owner, .since = f->changes + 1};
    }
    l->seq = seq;
    l->grown = f->changes + 1;
    s->is_dirty = true;
}

void seen_commit(struct seen *s)
{
    if (s->state != SEEN_KEEPS) {
        return;
    }
    if (s->is_dirty) {
        s->facts.changes++;
        enum lx_err err = stage(s, facts_key, s->bytes, seen_facts_put(&s->facts, s->bytes));
        if (err == LX_OK) {
            s->is_open = false;
            err = lld_commit(s->store);
        }
        if (err != LX_OK) {
            writing_failed(s, err);
            return;
        }
        s->is_dirty = false;
    }
    tell(s);
}
