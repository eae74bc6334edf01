/* SPDX-License-Identifier: MIT */
/* The store of incomplete datagrams; see incomplete.h. */
#include "ip/incomplete.h"

#define SOURCE_SHARE 4 /* a source may hold one in so many bytes */

struct source {
    struct hash_node hash;
    struct weft_ip ip;
    struct list datagrams; /* the oldest first */
    size_t held;
};

/* Datagrams, fragments and sources differ little in size: they share a slab. */
union record {
    struct fragment fragment;
    struct source source;
    struct datagram datagram;
};

#define RECORD sizeof(union record)

enum tag { TAG_DATAGRAM, TAG_SOURCE };

/* ---- finding ---- */

static uint32_t key_hash(const struct ip_reassembly *r, const struct datagram_key *key)
{
    return (uint32_t)siphash13(r->key, key, sizeof *key);
}

static uint32_t source_hash(const struct ip_reassembly *r, const struct weft_ip *ip)
{
    return (uint32_t)siphash13(r->key, ip, sizeof *ip);
}

static struct datagram_key datagram_key(const struct datagram *d)
{
    return (struct datagram_key){.src = d->source->ip, .dst = d->dst, .id = d->id, .proto = d->proto};
}

static uint32_t datagram_hash(const struct ip_reassembly *r, const struct datagram *d)
{
    struct datagram_key key = datagram_key(d);

    return key_hash(r, &key);
}

static uint32_t record_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    if (tag == TAG_SOURCE)
        return source_hash(ctx, &container_of(node, const struct source, hash)->ip);
    return datagram_hash(ctx, container_of(node, const struct datagram, hash));
}

static struct datagram *datagram_find(const struct ip_reassembly *r, const struct datagram_key *key)
{
    unsigned tag;
    struct hash_node *node = hashtab_first(&r->table, key_hash(r, key), &tag);

    for (; node; node = hashtab_next(node, &tag)) {
        struct datagram *d = container_of(node, struct datagram, hash);

        if (tag == TAG_DATAGRAM && d->id == key->id && d->proto == key->proto && ip_eq(&d->source->ip, &key->src) &&
            ip_eq(&d->dst, &key->dst))
            return d;
    }
    return NULL;
}

static struct source *source_find(const struct ip_reassembly *r, const struct weft_ip *ip)
{
    unsigned tag;
    struct hash_node *node = hashtab_first(&r->table, source_hash(r, ip), &tag);

    for (; node; node = hashtab_next(node, &tag))
        if (tag == TAG_SOURCE && ip_eq(&container_of(node, struct source, hash)->ip, ip))
            return container_of(node, struct source, hash);
    return NULL;
}

/* ---- coming and going ---- */

static void charge(struct ip_reassembly *r, struct datagram *d, size_t bytes)
{
    d->source->held += bytes;
    r->held += bytes;
}

static void refund(struct ip_reassembly *r, struct datagram *d, size_t bytes)
{
    d->source->held -= bytes;
    r->held -= bytes;
}

static struct source *source_new(struct ip_reassembly *r, const struct weft_ip *ip)
{
    struct source *src = slab_alloc(&r->records);

    if (!src)
        return NULL;
    *src = (struct source){.ip = *ip};
    list_init(&src->datagrams);
    if (!hashtab_insert(&r->table, &src->hash, TAG_SOURCE, source_hash(r, ip))) {
        slab_free(&r->records, src);
        return NULL;
    }
    return src;
}

/* Frees the source when nothing of it is left. */
static void source_release(struct ip_reassembly *r, struct source *src)
{
    if (!list_empty(&src->datagrams))
        return;
    weft_assert(src->held == 0, "what a datagram was charged is refunded when it goes");
    hashtab_remove(&r->table, &src->hash, source_hash(r, &src->ip));
    slab_free(&r->records, src);
}

/* An empty datagram of this source; NULL: out of memory. */
static struct datagram *datagram_new(struct ip_reassembly *r, struct source *src, const struct datagram_key *key)
{
    struct datagram *d = slab_alloc(&r->records);
    weft_stack *s = r->stack;

    if (!d)
        return NULL;
    *d = (struct datagram){.source = src, .dst = key->dst, .id = key->id, .proto = (uint8_t)key->proto};
    if (!hashtab_insert(&r->table, &d->hash, TAG_DATAGRAM, key_hash(r, key))) {
        slab_free(&r->records, d);
        return NULL;
    }
    list_push_back(&r->age, &d->age);
    list_push_back(&src->datagrams, &d->sibling);
    d->deadline = time_after(s->now, s->config.reassembly_time);
    if (!timer_armed(&r->timer))
        timer_set(&s->wheel, &r->timer, d->deadline);
    charge(r, d, RECORD);
    return d;
}

struct datagram *datagram_get(struct ip_reassembly *r, const struct datagram_key *key)
{
    struct datagram *d = datagram_find(r, key);
    struct source *src;

    if (d)
        return d;
    src = source_find(r, &key->src);
    if (!src)
        src = source_new(r, &key->src);
    if (!src)
        return NULL;
    d = datagram_new(r, src, key);
    if (!d)
        source_release(r, src);
    return d;
}

struct weft_pkt *datagram_pop(struct ip_reassembly *r, struct datagram *d)
{
    struct fragment *f = d->first;
    struct weft_pkt *pkt;

    if (!f)
        return NULL;
    pkt = f->pkt;
    d->first = f->next;
    d->count--;
    refund(r, d, RECORD + pkt_true_size(pkt));
    slab_free(&r->records, f);
    return pkt;
}

static void drop_fragments(struct ip_reassembly *r, struct datagram *d, enum weft_drop why)
{
    struct weft_pkt *pkt;

    while ((pkt = datagram_pop(r, d)))
        pkt_drop(pkt, why);
}

void datagram_poison(struct ip_reassembly *r, struct datagram *d, enum weft_drop why)
{
    drop_fragments(r, d, why);
    d->poison = (uint8_t)why;
}

void datagram_free(struct ip_reassembly *r, struct datagram *d, enum weft_drop why)
{
    struct source *src = d->source;

    drop_fragments(r, d, why);
    hashtab_remove(&r->table, &d->hash, datagram_hash(r, d));
    list_remove(&d->age);
    list_remove(&d->sibling);
    refund(r, d, RECORD);
    slab_free(&r->records, d);
    source_release(r, src);
    if (list_empty(&r->age))
        timer_set(&r->stack->wheel, &r->timer, WEFT_NEVER);
}

bool datagram_insert(struct ip_reassembly *r, struct datagram *d, struct fragment **place, struct weft_pkt *pkt,
                     uint32_t start, uint32_t end)
{
    struct fragment *f = slab_alloc(&r->records);

    if (!f)
        return false;
    *f = (struct fragment){.next = *place, .pkt = pkt, .start = start, .end = end};
    *place = f;
    d->count++;
    d->have += end - start;
    d->reach = max_u32(d->reach, end);
    pkt->ifp = NULL; /* the interface may go before the fragment does */
    charge(r, d, RECORD + pkt_true_size(pkt));
    return true;
}

/* What all may hold. When memory is tight that is no more than they do: who comes takes the place of the oldest. */
static size_t limit_of_all(const struct ip_reassembly *r, size_t need)
{
    size_t limit = r->stack->config.reassembly_memory;

    return unlikely(mem_is_tight(&r->stack->mem)) ? min_size(limit, max_size(r->held, need)) : limit;
}

bool incomplete_make_room(struct ip_reassembly *r, const struct weft_pkt *pkt)
{
    size_t limit = r->stack->config.reassembly_memory, need = 2 * RECORD + pkt_true_size(pkt);
    size_t all = limit_of_all(r, need);
    struct source *src;

    if (need > limit / SOURCE_SHARE)
        return false;
    while ((src = source_find(r, &pkt->src)) && src->held + need > limit / SOURCE_SHARE)
        datagram_free(r, container_of(list_first(&src->datagrams), struct datagram, sibling), WEFT_DROP_frag_evicted);
    while (r->held + need > all)
        datagram_free(r, container_of(list_first(&r->age), struct datagram, age), WEFT_DROP_frag_evicted);
    return true;
}

void ip_reassembly_init(struct ip_reassembly *r, weft_stack *s)
{
    *r = (struct ip_reassembly){.stack = s, .key = stack_key(s, KEY_FRAG)};
    slab_init(&r->records, &s->mem, MEM_frag, RECORD);
    hashtab_init(&r->table, &s->mem, record_hash, r);
    list_init(&r->age);
    timer_init(&r->timer);
    r->timer.kind = TIMER_IP;
}

void ip_reassembly_fini(struct ip_reassembly *r)
{
    struct weft_pkt *pkt;
    struct list *oldest;

    while ((oldest = list_first(&r->age))) {
        struct datagram *d = container_of(oldest, struct datagram, age);

        while ((pkt = datagram_pop(r, d)))
            pkt_release(pkt);
        datagram_free(r, d, WEFT_DROP_none);
    }
    timer_remove(&r->stack->wheel, &r->timer);
    hashtab_fini(&r->table);
    slab_fini(&r->records);
}
