/* SPDX-License-Identifier: MIT */
/** Share: requests down, answers up. See share.h. */
#include "share.h"

enum { ROUNDS_MAX = 64 /* of one call of share_work, one request a client each */ };
_Static_assert((SHARE_PLACES & (SHARE_PLACES - 1)) == 0, "tags name their places in their low bits");

void share_init(struct share *s)
{
    memset(s, 0, sizeof *s);
}

void share_disk(struct share *s, const struct disk *disk)
{
    assert(disk->setup.data_bytes >= SHARE_DATA_BYTES && !disk->is_gone);
    s->out = disk->out;
    s->in = disk->in;
    s->chunks = disk->setup.data;
    s->next_tag = (disk->next_tag + SHARE_PLACES) / SHARE_PLACES; /* not one that was used */
    s->request_sectors = disk->request_sectors < SHARE_CHUNK_SECTORS ? disk->request_sectors : SHARE_CHUNK_SECTORS;
    s->flags = disk->flags & (BLK_HAS_FLUSH | BLK_HAS_DISCARD | BLK_HAS_WRITE_ZEROES | BLK_READ_ONLY);
    s->has_disk = true;
}

void share_attach(struct share *s, uint32_t index, const struct share_channel *channel, const struct gpt_partition *partition)
{
    assert(index < SHARE_CLIENTS_MAX);
    struct share_client *c = &s->clients[index];
    *c = (struct share_client){.is_present = true, .data = channel->data, .data_bytes = channel->data_bytes};
    shmq_open(&c->requests, channel->requests, sizeof(struct blk_record), channel->record_count, false);
    shmq_open(&c->answers, channel->answers, sizeof(struct blk_record), channel->record_count, true);
    shmq_drain(&c->requests);
    if (partition != NULL) {
        c->has_partition = true;
        c->first_sector = partition->first_sector;
        c->sector_count = partition->sector_count;
    }
}

/* ---- what a client asks ----------------------------------------------------------------------------------------------- */

static void answer(struct share_client *c, const struct blk_record *request, enum blk_status status)
{
    struct blk_record r = *request;
    r.status = (uint8_t)status;
    (void)shmq_put(&c->answers, &r, 1); /* there is room: as many as can be under way, see has_room */
}

static void answer_info(const struct share *s, struct share_client *c, const struct blk_record *request)
{
    struct blk_record r = *request;
    r.sector = c->sector_count;
    r.sector_count = s->request_sectors;
    r.data_offset = s->flags;
    answer(c, &r, BLK_OK);
}

/* BLK_OK when the driver may be asked. */
static enum blk_status check(const struct share *s, const struct share_client *c, const struct blk_record *r)
{
    bool has_data = r->op == BLK_READ || r->op == BLK_WRITE;
    uint64_t len = (uint64_t)r->sector_count * BLK_SECTOR_BYTES;
    if (r->op < BLK_READ || r->op > BLK_WRITE_ZEROES) {
        return BLK_UNSUPPORTED;
    }
    if (r->op == BLK_FLUSH) {
        return r->sector == 0 && r->sector_count == 0 ? BLK_OK : BLK_OUT_OF_RANGE;
    }
    if (r->sector_count == 0 || r->sector_count > c->sector_count || r->sector > c->sector_count - r->sector_count) {
        return BLK_OUT_OF_RANGE;
    }
    if (has_data && (r->sector_count > s->request_sectors || r->data_offset % BLK_SECTOR_BYTES != 0 || len > c->data_bytes ||
                     r->data_offset > c->data_bytes - len)) {
        return BLK_OUT_OF_RANGE;
    }
    return r->op != BLK_READ && (s->flags & BLK_READ_ONLY) != 0 ? BLK_IS_READ_ONLY : BLK_OK;
}

static uint8_t *chunk_of(const struct share *s, uint32_t place)
{
    return s->chunks + (size_t)place * SHARE_CHUNK_BYTES;
}

static uint32_t free_place(const struct share *s, uint32_t client)
{
    uint32_t place = client * SHARE_DEPTH;
    while (s->places[place].is_used) { /* one of them is free: under_way says so */
        place++;
    }
    assert(place < (client + 1) * SHARE_DEPTH);
    return place;
}

static void send(struct share *s, struct share_place *p)
{
    p->position = s->out.mine;
    (void)shmq_put(&s->out, &p->sent, 1); /* there is room, see has_room; a broken queue is found by the caller */
}

static void forward(struct share *s, uint32_t client, const struct blk_record *r, uint64_t now)
{
    struct share_client *c = &s->clients[client];
    uint32_t index = free_place(s, client);
    struct share_place *p = &s->places[index];
    uint32_t tag = s->next_tag++ * SHARE_PLACES + index;
    bool has_data = r->op == BLK_READ || r->op == BLK_WRITE;
    *p = (struct share_place){.is_used = true, .tag = tag, .sent_at = now, .client = *r};
    p->sent = (struct blk_record){.op = r->op,
                                  .sector = r->op == BLK_FLUSH ? 0 : c->first_sector + r->sector,
                                  .sector_count = r->sector_count,
                                  .data_offset = has_data ? index * SHARE_CHUNK_BYTES : 0,
                                  .tag = tag};
    if (r->op == BLK_WRITE) {
        memcpy(chunk_of(s, index), c->data + r->data_offset, (size_t)r->sector_count * BLK_SECTOR_BYTES);
    }
    c->under_way++;
    send(s, p);
}

static void take(struct share *s, uint32_t client, const struct blk_record *r, uint64_t now)
{
    struct share_client *c = &s->clients[client];
    if (r->op == BLK_SETTLE) {
        c->settle = *r;
        c->has_settle = true;
    } else if (!s->has_disk || !c->has_partition) {
        answer(c, r, BLK_NO_DISK);
    } else if (r->op == BLK_INFO) {
        answer_info(s, c, r);
    } else {
        enum blk_status status = check(s, c, r);
        if (status != BLK_OK) {
            answer(c, r, status);
        } else {
            forward(s, client, r, now);
        }
    }
}

static void settle(struct share_client *c)
{
    if (c->has_settle && c->under_way == 0) {
        c->has_settle = false;
        answer(c, &c->settle, BLK_OK);
    }
}

/* The first record after a start says which requests are lost: all that were put before. */
static void greet(struct share_client *c)
{
    const struct blk_record hello = {.op = BLK_STARTED, .sector = c->requests.mine};
    c->has_greeted = c->has_greeted || shmq_put(&c->answers, &hello, 1) == 1;
}

/* Another request of the client can be taken: places, driver's queue and answers have room. */
static bool has_room(struct share *s, struct share_client *c)
{
    return c->has_greeted && !c->has_settle && c->under_way < SHARE_DEPTH && shmq_ready(&c->answers) > c->under_way &&
           (!s->has_disk || shmq_ready(&s->out) > 0);
}

/* @return whether there was one. */
static bool serve(struct share *s, uint32_t client, uint64_t now)
{
    struct share_client *c = &s->clients[client];
    struct blk_record r;
    if (!c->is_present) {
        return false;
    }
    greet(c);
    settle(c);
    if (!has_room(s, c) || shmq_get(&c->requests, &r, 1) != 1) {
        return false;
    }
    take(s, client, &r, now);
    settle(c);
    return true;
}

/* ---- what the driver answers ------------------------------------------------------------------------------------------ */

static void finish(struct share *s, uint32_t index, enum blk_status status)
{
    struct share_place *p = &s->places[index];
    struct share_client *c = &s->clients[index / SHARE_DEPTH];
    if (p->client.op == BLK_READ && status == BLK_OK) { /* where it goes was checked when it was asked, in a copy of ours */
        memcpy(c->data + p->client.data_offset, chunk_of(s, index), (size_t)p->client.sector_count * BLK_SECTOR_BYTES);
    }
    p->is_used = false;
    c->under_way--;
    answer(c, &p->client, status);
}

/* The driver started again and has forgotten what was put before number `end`. */
static void send_again(struct share *s, uint32_t end, uint64_t now)
{
    for (uint32_t i = 0; i < SHARE_PLACES; i++) {
        struct share_place *p = &s->places[i];
        if (p->is_used && (int32_t)(p->position - end) < 0) {
            p->sent_at = now;
            send(s, p);
        }
    }
}

static void collect(struct share *s, uint64_t now)
{
    struct blk_record r;
    for (uint32_t n = 0; n < s->in.record_count && shmq_get(&s->in, &r, 1) == 1; n++) {
        uint32_t index = r.tag % SHARE_PLACES;
        const struct share_place *p = &s->places[index];
        if (r.op == BLK_STARTED) {
            send_again(s, (uint32_t)r.sector, now);
        } else if (p->is_used && p->tag == r.tag && p->sent.op == r.op) {
            finish(s, index, r.status <= BLK_NO_DISK ? (enum blk_status)r.status : BLK_IO_ERROR);
        } else {
            s->strays++;
        }
    }
}

void share_give_up(struct share *s)
{
    s->has_disk = false;
    for (uint32_t i = 0; i < SHARE_PLACES; i++) {
        if (s->places[i].is_used) {
            finish(s, i, BLK_NO_DISK);
        }
    }
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

void share_work(struct share *s, uint64_t now, struct share_signals *signals)
{
    bool is_more = true;
    memset(signals, 0, sizeof *signals);
    for (uint32_t round = 0; is_more && round < ROUNDS_MAX; round++) {
        is_more = false;
        if (s->has_disk) {
            collect(s, now);
        }
        for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
            is_more |= serve(s, (s->turn + i) % SHARE_CLIENTS_MAX, now);
        }
        s->turn++;
        if (s->has_disk && (s->out.broken || s->in.broken)) {
            share_give_up(s);
            is_more = true;
        }
    }
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        struct share_client *c = &s->clients[i];
        bool first = c->is_present && shmq_should_notify(&c->requests); /* both must be asked */
        bool second = c->is_present && shmq_should_notify(&c->answers);
        signals->clients[i] = first || second;
    }
    if (s->out.shared != NULL) {
        bool first = shmq_should_notify(&s->out);
        bool second = shmq_should_notify(&s->in);
        signals->driver = first || second;
    }
}

/* Nothing can be done for this client until somebody signals. */
static bool client_sleeps(struct share *s, struct share_client *c)
{
    if (!c->is_present || c->requests.broken || c->answers.broken) {
        return true;
    }
    if (!c->has_greeted) {
        return shmq_sleep(&c->answers);
    }
    if (c->under_way == SHARE_DEPTH || (c->has_settle && c->under_way > 0)) {
        return true; /* an answer of the driver comes first */
    }
    if (s->has_disk && shmq_ready(&s->out) == 0) {
        return shmq_sleep(&s->out);
    }
    return shmq_ready(&c->answers) > c->under_way ? shmq_sleep(&c->requests) : c->under_way > 0 || shmq_sleep(&c->answers);
}

bool share_sleep(struct share *s)
{
    bool sleeps = !s->has_disk || shmq_sleep(&s->in);
    for (uint32_t i = 0; i < SHARE_CLIENTS_MAX; i++) {
        sleeps = client_sleeps(s, &s->clients[i]) && sleeps; /* all must be asked */
    }
    return sleeps;
}

bool share_oldest(const struct share *s, uint64_t *sent_at)
{
    bool found = false;
    for (uint32_t i = 0; i < SHARE_PLACES; i++) {
        if (s->places[i].is_used && (!found || s->places[i].sent_at < *sent_at)) {
            *sent_at = s->places[i].sent_at;
            found = true;
        }
    }
    return found;
}
