/* SPDX-License-Identifier: MIT */
/*
 * Reassembly of datagrams from fragments (RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2).
 *
 * DOC: who may hold what
 *   A fragment's packet is kept as it came; its true size counts, for this is how an attacker would pay. All together
 *   hold at most config.reassembly_memory; the oldest datagram goes first. One source holds at most a quarter of it:
 *   beyond that its own oldest datagram goes. A datagram has at most MAX_FRAGMENTS pieces.
 *
 * Invariants
 *   1. a datagram's fragments are sorted by start, do not overlap, none is empty; `have` is the sum of their lengths;
 *   2. end is 0 until the last fragment came; then no fragment ends behind it, and only the last one at it;
 *   3. a poisoned datagram has no fragments and takes none: it only waits for its time to be over;
 *   4. the list `age` is sorted by deadline, for all have the same time to live; so is each source's list;
 *   5. a source is there exactly while it has datagrams; the sum of the sources' `held` is ip_reassembly.held. Sources
 *      themselves are not counted: there is at most one per datagram.
 *
 * DEVIATION: RFC 791 lets the newer of two overlapping copies win. Fragments that overlap are an attack on whoever
 * looks at them on the way; the datagram goes as a whole, with what still comes of it (as RFC 5722 wants for IPv6). An
 * exact copy is a duplicate of the network's making, and goes alone.
 */
#include "ip/private.h"

#define MAX_FRAGMENTS 64
#define SOURCE_SHARE  4 /* a source may hold one in so many bytes */

struct fragment {
    struct fragment *next;
    struct weft_pkt *pkt; /* data at the payload, cut to it; its header at l3 */
    uint32_t start, end;  /* of the message */
};

struct source {
    struct hash_node hash;
    struct weft_ip ip;
    struct list datagrams;
    size_t held;
};

struct datagram {
    struct hash_node hash;
    struct list age, sibling; /* in ip_reassembly.age and in source.datagrams */
    struct source *source;
    weft_time deadline;
    struct weft_ip dst;
    uint8_t proto;
    bool link_broadcast;
    uint8_t poison; /* enum weft_drop: why no piece of it is taken any more; WEFT_DROP_none: they are */
    uint8_t ecn; /* bit n: a fragment had ECN field n */
    uint8_t count;
    uint16_t id;
    uint32_t have, end;
    uint32_t reach; /* the furthest end of any fragment */
    struct fragment *first;
};

union record {
    struct fragment fragment;
    struct source source;
    struct datagram datagram;
};

#define RECORD sizeof(union record)

enum tag { TAG_DATAGRAM, TAG_SOURCE };

/* ---- finding ---- */

struct datagram_key {
    struct weft_ip src, dst;
    uint32_t id;
    uint32_t proto;
};

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
    *d = (struct datagram){.source = src, .dst = key->dst, .id = (uint16_t)key->id, .proto = (uint8_t)key->proto};
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

/* The datagram with this key, made when it is not there; NULL: out of memory. */
static struct datagram *datagram_get(struct ip_reassembly *r, const struct datagram_key *key)
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

/* Takes the first fragment out and returns its packet; NULL when there is none. */
static struct weft_pkt *datagram_pop(struct ip_reassembly *r, struct datagram *d)
{
    struct fragment *f = d->first;
    struct weft_pkt *pkt;

    if (!f)
        return NULL;
    pkt = f->pkt;
    d->first = f->next;
    d->have -= f->end - f->start;
    d->count--;
    refund(r, d, RECORD + pkt_true_size(pkt));
    slab_free(&r->records, f);
    return pkt;
}

static void datagram_drop_fragments(struct ip_reassembly *r, struct datagram *d, enum weft_drop why)
{
    struct weft_pkt *pkt;

    while ((pkt = datagram_pop(r, d)))
        pkt_drop(pkt, why);
}

/* Drops a datagram with all it has. */
static void datagram_free(struct ip_reassembly *r, struct datagram *d, enum weft_drop why)
{
    struct source *src = d->source;

    datagram_drop_fragments(r, d, why);
    hashtab_remove(&r->table, &d->hash, datagram_hash(r, d));
    list_remove(&d->age);
    list_remove(&d->sibling);
    refund(r, d, RECORD);
    slab_free(&r->records, d);
    source_release(r, src);
    if (list_empty(&r->age))
        timer_set(&r->stack->wheel, &r->timer, WEFT_NEVER);
}

/* Evicts until `need` bytes more from this source are within both bounds. False: they never will be. */
static bool make_room(struct ip_reassembly *r, const struct weft_ip *ip, size_t need)
{
    size_t limit = r->stack->config.reassembly_memory;
    struct source *src;

    if (need > limit / SOURCE_SHARE)
        return false;
    while ((src = source_find(r, ip)) && src->held + need > limit / SOURCE_SHARE)
        datagram_free(r, container_of(list_first(&src->datagrams), struct datagram, sibling), WEFT_DROP_frag_evicted);
    while (r->held + need > limit)
        datagram_free(r, container_of(list_first(&r->age), struct datagram, age), WEFT_DROP_frag_evicted);
    return true;
}

/* ---- one fragment ---- */

/* Does it agree with what is known about the message's end (invariant 2)? */
static bool end_agrees(const struct datagram *d, uint32_t end, bool last)
{
    if (last)
        return d->end ? end == d->end : end > d->reach;
    return !d->end || end < d->end;
}

/* The link that shall point to it. WEFT_DROP_none: there is room for it just there. */
static enum weft_drop find_place(struct datagram *d, uint32_t start, uint32_t end, struct fragment ***place)
{
    struct fragment **at = &d->first;

    while (*at && (*at)->end <= start)
        at = &(*at)->next;
    *place = at;
    if (!*at || (*at)->start >= end)
        return WEFT_DROP_none;
    return (*at)->start == start && (*at)->end == end ? WEFT_DROP_frag_duplicate : WEFT_DROP_frag_overlap;
}

/* Why a fragment does not fit into its datagram; WEFT_DROP_none and its place when it does. */
static enum weft_drop check_fit(struct datagram *d, uint32_t start, uint32_t end, bool last, struct fragment ***place)
{
    enum weft_drop why;

    if (!end_agrees(d, end, last))
        return WEFT_DROP_frag_inconsistent;
    why = find_place(d, start, end, place);
    if (why == WEFT_DROP_none && d->count == MAX_FRAGMENTS)
        return WEFT_DROP_frag_too_many;
    return why;
}

static void insert(struct ip_reassembly *r, struct datagram *d, struct fragment **place, struct fragment *f, bool last)
{
    f->next = *place;
    *place = f;
    d->count++;
    d->have += f->end - f->start;
    d->reach = max_u32(d->reach, f->end);
    if (last)
        d->end = f->end;
    d->ecn |= (uint8_t)(1 << (f->pkt->tos & 3));
    d->link_broadcast |= f->pkt->link_broadcast;
    f->pkt->ifp = NULL; /* the interface may go before the fragment does */
    charge(r, d, RECORD + pkt_true_size(f->pkt));
}

/* Adds a fragment, or drops it, and the whole datagram with it when they do not agree. Owns pkt. */
static void datagram_add(struct ip_reassembly *r, struct datagram *d, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    uint32_t start = h->frag_offset, end = start + pkt_total(pkt);
    struct fragment **place, *f;
    enum weft_drop why = (enum weft_drop)d->poison;

    if (why == WEFT_DROP_none)
        why = check_fit(d, start, end, !h->mf, &place);

    if (why != WEFT_DROP_none) {
        if (why != WEFT_DROP_frag_duplicate) {
            datagram_drop_fragments(r, d, why);
            d->poison = (uint8_t)why;
        }
        pkt_drop(pkt, why);
        return;
    }
    f = slab_alloc(&r->records);
    if (!f) {
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return;
    }
    *f = (struct fragment){.pkt = pkt, .start = start, .end = end};
    insert(r, d, place, f, !h->mf);
}

/* ---- the whole ---- */

enum ecn { NOT_ECT, ECT_1, ECT_0, CE };

/* RFC 3168 §5.3: congestion seen by one fragment was seen by all; but not by a transport that cannot understand it. */
static bool join_ecn(unsigned seen, uint8_t *tos)
{
    bool ce = seen & 1 << CE, not_ect = seen & 1 << NOT_ECT;

    if (ce && not_ect)
        return false;
    if (ce)
        *tos |= CE;
    else if (not_ect)
        *tos &= (uint8_t)~3u;
    return true; /* ECT(0) with ECT(1): as the first one says */
}

/* The header of the whole, from its first fragment's. The options stay borrowed from there. */
static enum weft_drop join_header(const struct datagram *d, struct ipv4_header *h)
{
    const struct weft_pkt *first = d->first->pkt;
    struct reader r = reader(first->base + first->l3, (size_t)(first->l4 - first->l3));
    bool sound = ipv4_read(&r, h);

    weft_assert(sound, "ipv4_input has parsed these bytes, and nobody has written them since");
    (void)sound;
    if (h->header_len + d->end > IPV4_MAX_LEN)
        return WEFT_DROP_frag_too_long;
    if (!join_ecn(d->ecn, &h->tos))
        return WEFT_DROP_frag_inconsistent;
    h->total_len = (uint16_t)(h->header_len + d->end);
    h->mf = false;
    h->frag_offset = 0;
    return WEFT_DROP_none;
}

/* Writes header and payload into a packet with room for both, and describes it. */
static void join_into(struct weft_pkt *pkt, const struct datagram *d, const struct ipv4_header *h, weft_if *ifp)
{
    const struct weft_pkt *first = d->first->pkt;
    struct writer w = writer(pkt->data, h->header_len);

    ipv4_emit(&w, h);
    for (const struct fragment *f = d->first; f; f = f->next)
        pkt_copy(f->pkt, 0, pkt->data + h->header_len + f->start, f->end - f->start);
    pkt->ifp = ifp;
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + h->header_len;
    pkt->src = first->src;
    pkt->dst = first->dst;
    pkt->proto = first->proto;
    pkt->ip_group = first->ip_group;
    pkt->ttl = h->ttl;
    pkt->tos = h->tos;
    pkt->link_broadcast = d->link_broadcast;
    pkt_pull(pkt, h->header_len);
}

/* Makes one packet of a complete datagram, whose record goes. NULL: dropped. */
static struct weft_pkt *datagram_join(struct ip_reassembly *r, struct datagram *d, weft_if *ifp)
{
    struct weft_pkt *pkt = NULL, *piece;
    struct ipv4_header h;
    enum weft_drop why = join_header(d, &h);

    if (why == WEFT_DROP_none) {
        pkt = pkt_new_linear(r->stack, 0, h.total_len);
        why = WEFT_DROP_no_memory;
    }
    if (pkt) {
        join_into(pkt, d, &h, ifp);
        while ((piece = datagram_pop(r, d)))
            pkt_release(piece);
        stack_count(r->stack, WEFT_COUNT_ip_reassembled);
    }
    datagram_free(r, d, why);
    return pkt;
}

/* What is wrong with a fragment taken alone. */
static enum weft_drop check_alone(const struct weft_pkt *pkt, const struct ipv4_header *h)
{
    uint32_t len = pkt_total(pkt);

    if (len == 0 || (h->mf && len % 8 != 0))
        return WEFT_DROP_frag_misaligned;
    if (h->header_len + h->frag_offset + len > IPV4_MAX_LEN)
        return WEFT_DROP_frag_too_long;
    return WEFT_DROP_none;
}

struct weft_pkt *ip_reassemble(weft_stack *s, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    struct ip_reassembly *r = &ip_state(s)->reassembly;
    struct datagram_key key = {.src = pkt->src, .dst = pkt->dst, .id = h->id, .proto = h->proto};
    enum weft_drop why = check_alone(pkt, h);
    weft_if *ifp = pkt->ifp;
    struct datagram *d = NULL;

    stack_count(s, WEFT_COUNT_ip_frags_in);
    if (why == WEFT_DROP_none) {
        why = WEFT_DROP_no_memory;
        if (make_room(r, &key.src, 2 * RECORD + pkt_true_size(pkt)))
            d = datagram_get(r, &key);
    }
    if (!d) {
        pkt_drop(pkt, why);
        return NULL;
    }
    datagram_add(r, d, pkt, h);
    if (d->end && d->have == d->end)
        return datagram_join(r, d, ifp);
    return NULL;
}

/* ---- time ---- */

/* RFC 1122 §3.3.2: the sender hears of it when its first fragment is here to be quoted. */
static void datagram_expire(struct ip_reassembly *r, struct datagram *d)
{
    if (d->first && d->first->start == 0)
        ip_refuse(r->stack, datagram_pop(r, d), IP_REFUSE_REASSEMBLY_TIME, WEFT_DROP_frag_timeout);
    datagram_free(r, d, WEFT_DROP_frag_timeout);
}

void ip_reassembly_timer(weft_stack *s)
{
    struct ip_reassembly *r = &ip_state(s)->reassembly;
    struct list *oldest;

    while ((oldest = list_first(&r->age))) {
        struct datagram *d = container_of(oldest, struct datagram, age);

        if (d->deadline > s->now) {
            timer_set(&s->wheel, &r->timer, d->deadline);
            return;
        }
        datagram_expire(r, d);
    }
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
