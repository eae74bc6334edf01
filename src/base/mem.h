/* SPDX-License-Identifier: MIT */
/*
 * All memory of a stack goes through here: it is counted by owner at its true size, capped, and may be refused.
 *
 * Objects of fixed size come from slabs. A slab takes chunks of WEFT_CHUNK bytes, aligned to their size, from the
 * environment; an object finds its chunk by masking its own address; free objects of a chunk are handed out last-in
 * first-out, and a chunk whose objects are all free goes back to the environment: some are kept (SLAB_IDLE) until any
 * allocation of the stack would fail without them.
 *
 * Invariants:
 *   live[class] is the sum of the true sizes of that class's live objects (what the environment really gave, share of
 *   the chunk header included), and of those at hand; total is the sum over the classes plus idle chunk space;
 *   total <= limit. An owner took its last when total, with that, was at most mem_bound.
 *
 * Packets and blocks come and go with every segment: a slab of such may keep a few free objects at hand, in an array,
 * before all of the accounting above. They are live for that; mem_live and slab_live take them off.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/base.h"
#include "base/list.h"

/*
 * Who owns memory, and who goes first when it runs short: an owner gets nothing more once so many eighths of the limit are
 * taken, by whomever. First what strangers make us keep without a connection, and what can wait (mem_is_tight); then what
 * is new; what connections that are there need to go on comes last. X(name, text, eighths)
 */
#define MEM_CLASSES(X)                                                                                                 \
    X(stack, "stack", 8)                                                                                               \
    X(packet, "packets", 8)                                                                                            \
    X(block, "payload blocks", 8)                                                                                      \
    X(queue, "queue rings", 8)                                                                                         \
    X(conn, "connections", 7)                                                                                          \
    X(stats, "connection statistics", 7)                                                                               \
    X(work, "connections at work", 8)                                                                                  \
    X(time_wait, "TIME-WAIT records", 7)                                                                               \
    X(half_open, "half-open records", 6)                                                                               \
    X(udp, "UDP endpoints", 7)                                                                                         \
    X(table, "look-up tables", 8)                                                                                      \
    X(neigh, "neighbours", 6)                                                                                          \
    X(route, "routes", 7)                                                                                              \
    X(group, "group memberships", 7)                                                                                   \
    X(frag, "reassembly", 6)

enum mem_class {
#define X(name, text, eighths) MEM_##name,
    MEM_CLASSES(X)
#undef X
        MEM_CLASS_COUNT
};

const char *mem_class_text(enum mem_class c);

struct mem {
    void *ctx;
    void *(*alloc)(void *ctx, size_t size, size_t align); /* NULL when out of memory; align is a power of two */
    void (*free)(void *ctx, void *p, size_t size);
    bool (*refuse)(void *ctx); /* asked before each object is handed out; true: that allocation fails. May be NULL */
    size_t limit;              /* bytes; 0 is no limit */
    size_t total;              /* bytes now held from the environment */
    size_t peak;               /* the most that total ever was */
    size_t live[MEM_CLASS_COUNT];
    struct slab *slabs; /* all of them; NULL at first */
};

/* When total would exceed that, the owner gets no more; 0: no limit. */
size_t mem_bound(const struct mem *m, enum mem_class c);

/*
 * Strangers get nothing more. Nor does text that can wait where it is: with its user, who has some on its way, or with its
 * peer, who has not been read so far. So what is new finds room, whatever those hold who are there.
 */
static inline bool mem_is_tight(const struct mem *m) { return m->limit && m->total > m->limit / 8 * 6; }

/* Variable-sized memory. NULL when refused, over the limit, or the environment has none. Not zeroed. */
void *mem_alloc(struct mem *m, enum mem_class c, size_t size);

/* Gives back what mem_alloc gave; size is the size asked for. NULL is ignored. */
void mem_free(struct mem *m, enum mem_class c, void *p, size_t size);

#define WEFT_CHUNK ((size_t)65536)
#define SLAB_IDLE  ((size_t)1 << 19) /* what bursts may come and go in without troubling the environment */

#define SLAB_HAND       64                 /* objects at hand, at most, */
#define SLAB_HAND_BYTES ((uint32_t)1 << 17) /* and of no more bytes than that */

struct slab {
    uint32_t n_hand, most_hand; /* most_hand: 0 when none are kept at hand */
    void *hand[SLAB_HAND]; /* free; handed out last-in first-out */
    struct mem *mem;
    struct slab *next; /* in mem->slabs */
    enum mem_class class;
    uint32_t object_size;  /* rounded up to 8 */
    uint32_t chunk_size;   /* WEFT_CHUNK, or a larger power of two for objects that would waste it */
    uint32_t per_chunk;
    uint32_t share;        /* what one live object is counted as: chunk_size / per_chunk */
    struct list partial;   /* chunks with a free object */
    struct list full;
    struct list idle;      /* wholly free chunks kept back, at most SLAB_IDLE bytes of them */
    uint32_t n_idle;
    size_t objects;        /* live ones, those at hand included */
};

/* The slab may not move until slab_fini. */
void slab_init(struct slab *s, struct mem *m, enum mem_class c, size_t object_size);

/* From now on a few free objects are kept at hand; not where allocations may be refused, nor under a sanitizer. */
void slab_keep_at_hand(struct slab *s);

/* Returns all idle chunks. No object may be live. */
void slab_fini(struct slab *s);

/* From a chunk, and back: what slab_alloc and slab_free do when nothing is at hand, or enough is. */
void *slab_take(struct slab *s);
void slab_put(struct slab *s, void *object);

/* An object, aligned to 8 bytes (to 16 when its size is a multiple of that), not zeroed; NULL as mem_alloc. */
static inline void *slab_alloc(struct slab *s) { return likely(s->n_hand) ? s->hand[--s->n_hand] : slab_take(s); }

/* NULL is ignored. */
static inline void slab_free(struct slab *s, void *object)
{
    if (likely(s->n_hand < s->most_hand && object))
        s->hand[s->n_hand++] = object;
    else
        slab_put(s, object);
}

/* Objects that somebody has. */
static inline size_t slab_live(const struct slab *s) { return s->objects - s->n_hand; }

/* Bytes that somebody of that class has. */
size_t mem_live(const struct mem *m, enum mem_class c);

#endif
