/* SPDX-License-Identifier: MIT */
/*
 * Linear hashing. With 2^k <= buckets < 2^(k+1), a hash belongs into the bucket of its low k+1 bits if there is one
 * already, else into that of its low k bits. Adding bucket n therefore takes from bucket n - 2^k alone, and dropping
 * bucket n gives to that one alone.
 *
 * Buckets come in segments, so that none ever moves; only the directory of the segments is copied when it doubles.
 */
#include "base/hashtab.h"

#define FIRST_DIRECTORY 8u
#define MOST_BUCKETS    ((uint32_t)1 << 31)

static uintptr_t *bucket_at(const struct hashtab *t, uint32_t i)
{
    return &t->segments[i / HASHTAB_SEGMENT][i % HASHTAB_SEGMENT];
}

void hashtab_init(struct hashtab *t, struct mem *m,
                  uint32_t (*hash_of)(const void *ctx, const struct hash_node *node, unsigned tag), const void *ctx)
{
    *t = (struct hashtab){.mem = m, .hash_of = hash_of, .ctx = ctx};
}

static void segment_free(struct hashtab *t, uint32_t i)
{
    mem_free(t->mem, MEM_table, t->segments[i], HASHTAB_SEGMENT * sizeof **t->segments);
}

void hashtab_fini(struct hashtab *t)
{
    for (uint32_t i = 0; i * HASHTAB_SEGMENT < t->buckets; i++)
        segment_free(t, i);
    mem_free(t->mem, MEM_table, t->segments, t->segment_room * sizeof *t->segments);
    hashtab_init(t, t->mem, t->hash_of, t->ctx);
}

/* Makes room for segment i in the directory. */
static bool directory_reserve(struct hashtab *t, uint32_t i)
{
    uint32_t room = t->segment_room ? t->segment_room * 2 : FIRST_DIRECTORY;
    uintptr_t **segments;

    if (i < t->segment_room)
        return true;
    segments = mem_alloc(t->mem, MEM_table, room * sizeof *segments);
    if (!segments)
        return false;
    if (t->segments)
        memcpy(segments, t->segments, t->segment_room * sizeof *segments);
    mem_free(t->mem, MEM_table, t->segments, t->segment_room * sizeof *segments);
    t->segments = segments;
    t->segment_room = room;
    return true;
}

/* Allocates segment i, the first one that is not there. */
static bool segment_add(struct hashtab *t, uint32_t i)
{
    const size_t size = HASHTAB_SEGMENT * sizeof **t->segments;

    if (!directory_reserve(t, i))
        return false;
    t->segments[i] = mem_alloc(t->mem, MEM_table, size);
    if (!t->segments[i])
        return false;
    memset(t->segments[i], 0, size);
    return true;
}

/* The whole first segment at once. */
static bool hashtab_start(struct hashtab *t)
{
    if (!segment_add(t, 0))
        return false;
    t->buckets = HASHTAB_SEGMENT;
    t->mask = HASHTAB_SEGMENT - 1;
    return true;
}

/* Moves the objects of bucket `from` whose hash says so to the bucket that was just added. */
static void bucket_split(struct hashtab *t, uint32_t from)
{
    uintptr_t *link = bucket_at(t, from), *to = bucket_at(t, t->buckets - 1);

    while (*link) {
        uintptr_t it = *link;
        unsigned tag;
        struct hash_node *node = hashtab_untag(it, &tag);

        if (hashtab_bucket(t, t->hash_of(t->ctx, node, tag)) != to) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        node->next = *to;
        *to = it;
    }
}

/*
 * Among millions the object that the next bucket to be split leads to is in no cache, and its key will be hashed: it is
 * fetched an insertion ahead.
 */
static void fetch_next_split(const struct hashtab *t)
{
    unsigned tag;

    __builtin_prefetch(hashtab_untag(*bucket_at(t, t->buckets & t->mask), &tag));
}

static bool hashtab_grow(struct hashtab *t)
{
    uint32_t added = t->buckets;

    if (added == MOST_BUCKETS || (added % HASHTAB_SEGMENT == 0 && !segment_add(t, added / HASHTAB_SEGMENT)))
        return false;
    t->buckets++;
    bucket_split(t, added & t->mask);
    if ((t->buckets & (t->buckets - 1)) == 0)
        t->mask = t->buckets - 1;
    fetch_next_split(t);
    return true;
}

/* Gives the last bucket's chain to the bucket that it was split from. */
static void hashtab_shrink(struct hashtab *t)
{
    uint32_t last = t->buckets - 1;
    uintptr_t *link, rest = *bucket_at(t, last);
    unsigned tag;

    if (last == t->mask)
        t->mask >>= 1;
    link = bucket_at(t, last & t->mask);
    while (*link)
        link = &hashtab_untag(*link, &tag)->next;
    *link = rest;
    *bucket_at(t, last) = 0; /* for when it is added again */
    t->buckets--;
    if (last % HASHTAB_SEGMENT == 0)
        segment_free(t, last / HASHTAB_SEGMENT);
}

/* How many objects its buckets are meant for: five in four. A bucket is a cost of every object, so they are shared a bit. */
static size_t hashtab_room(const struct hashtab *t) { return (size_t)t->buckets + t->buckets / 4; }

bool hashtab_insert(struct hashtab *t, struct hash_node *node, unsigned tag, uint32_t hash)
{
    uintptr_t *bucket;

    weft_assert(tag < 4 && ((uintptr_t)node & 3) == 0, "there are four kinds at most, of aligned objects");
    if (unlikely(!t->buckets) && !hashtab_start(t))
        return false;
    bucket = hashtab_bucket(t, hash);
    node->next = *bucket;
    *bucket = (uintptr_t)node | tag;
    t->count++;
    for (unsigned i = 0; i < 2 && t->count > hashtab_room(t); i++)
        if (!hashtab_grow(t))
            break;
    return true;
}

/* The link that points to a node which is in. */
static uintptr_t *hashtab_link_to(struct hashtab *t, const struct hash_node *node, uint32_t hash)
{
    uintptr_t *link = hashtab_bucket(t, hash);
    unsigned tag;

    while (hashtab_untag(*link, &tag) != node) {
        weft_assert(*link, "the caller says that the node is in, under this hash");
        link = &hashtab_untag(*link, &tag)->next;
    }
    return link;
}

void hashtab_remove(struct hashtab *t, struct hash_node *node, uint32_t hash)
{
    *hashtab_link_to(t, node, hash) = node->next;
    node->next = 0;
    t->count--;
    for (unsigned i = 0; i < 2 && t->buckets > HASHTAB_SEGMENT && t->count < t->buckets / 2; i++)
        hashtab_shrink(t);
}

void hashtab_replace(struct hashtab *t, struct hash_node *old, struct hash_node *new_node, unsigned new_tag,
                     uint32_t hash)
{
    weft_assert(new_tag < 4 && ((uintptr_t)new_node & 3) == 0, "as for hashtab_insert");
    new_node->next = old->next;
    *hashtab_link_to(t, old, hash) = (uintptr_t)new_node | new_tag;
    old->next = 0;
}

bool hashtab_walk(const struct hashtab *t, struct hashtab_walk *w)
{
    w->at = w->at ? hashtab_next(w->at, &w->tag) : NULL;
    while (!w->at && w->bucket < t->buckets)
        w->at = hashtab_untag(*bucket_at(t, w->bucket++), &w->tag);
    return w->at != NULL;
}
