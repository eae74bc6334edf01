/* SPDX-License-Identifier: MIT */
/*
 * A hash table by linear hashing (Litwin 1980): it grows by a bucket per insertion and shrinks by two per removal, so
 * that no single packet ever pays for a rehash. There are at most 5 objects in 4 buckets, unless growing failed
 * for lack of memory (later insertions make up for it, by two buckets each), and at least one in two buckets, unless
 * only the first segment is left: that one is in use as a whole and stays until the end, like the directory.
 *
 * Chains go through the objects; the low two bits of a link say which of up to four kinds of object it points to, so
 * that connections, TIME-WAIT records and half-open records share one table.
 *
 * The hash is the caller's, keyed, and stored nowhere: `hash_of` computes it again when a bucket splits.
 */
#ifndef BASE_HASHTAB_H
#define BASE_HASHTAB_H

#include "base/base.h"
#include "base/mem.h"

/* Inside the object: the tagged link to the next one in the chain. */
struct hash_node {
    uintptr_t next;
};

#define HASHTAB_SEGMENT 512 /* buckets per segment */

struct hashtab {
    struct mem *mem;
    uint32_t (*hash_of)(const void *ctx, const struct hash_node *node, unsigned tag);
    const void *ctx;
    uintptr_t **segments;   /* directory */
    uint32_t segment_room;  /* entries the directory can hold */
    uint32_t buckets;       /* in use; 0, or HASHTAB_SEGMENT at least */
    uint32_t mask;          /* 2^k - 1 with 2^k <= buckets < 2^(k+1) */
    size_t count;           /* objects */
};

/* Allocates nothing. */
void hashtab_init(struct hashtab *t, struct mem *m,
                  uint32_t (*hash_of)(const void *ctx, const struct hash_node *node, unsigned tag), const void *ctx);

/* Frees the buckets; the objects are the caller's. */
void hashtab_fini(struct hashtab *t);

/*
 * Puts a node in. Returns false, and changes nothing, only when the table has no bucket yet and no memory for the
 * first ones; a failure to grow later is silent and only makes chains longer.
 */
bool hashtab_insert(struct hashtab *t, struct hash_node *node, unsigned tag, uint32_t hash);

/* Takes a node out; it must be in. */
void hashtab_remove(struct hashtab *t, struct hash_node *node, uint32_t hash);

/* Replaces a node that is in by another with the same hash, in place: cannot fail. */
void hashtab_replace(struct hashtab *t, struct hash_node *old, struct hash_node *new_node, unsigned new_tag,
                     uint32_t hash);

/* The bucket of a hash; the table has buckets. */
static inline uintptr_t *hashtab_bucket(const struct hashtab *t, uint32_t hash)
{
    uint32_t i = hash & (t->mask << 1 | 1);

    if (i >= t->buckets)
        i &= t->mask;
    return &t->segments[i / HASHTAB_SEGMENT][i % HASHTAB_SEGMENT];
}

static inline struct hash_node *hashtab_untag(uintptr_t link, unsigned *tag)
{
    *tag = (unsigned)(link & 3);
    return (struct hash_node *)(link & ~(uintptr_t)3);
}

/* The first node of the chain for this hash (nodes of other hashes may stand between), or NULL. */
static inline struct hash_node *hashtab_first(const struct hashtab *t, uint32_t hash, unsigned *tag)
{
    return hashtab_untag(likely(t->buckets) ? *hashtab_bucket(t, hash) : 0, tag);
}

static inline struct hash_node *hashtab_next(const struct hash_node *node, unsigned *tag)
{
    return hashtab_untag(node->next, tag);
}

/*
 * Walks all objects: start with {0}, call until it returns false; `at` and `tag` then name an object each time. Objects
 * may be inserted and removed only between complete walks.
 */
struct hashtab_walk {
    uint32_t bucket; /* the next one to look into */
    struct hash_node *at;
    unsigned tag;
};
bool hashtab_walk(const struct hashtab *t, struct hashtab_walk *w);

#endif
