/* SPDX-License-Identifier: MIT */
/*
 * The segments in flight: what was sent when, and what is known of each. The scoreboard of RFC 6675 and the ground of
 * every loss detection; it knows no policy.
 *
 * Segments lie in order and without gaps from `una` to `end`; one is found by binary search. A super-segment is one
 * entry until an acknowledgment splits it.
 *
 * Invariants: sacked, lost and (lost and sent again) bytes are the sums over the entries; no entry is both sacked and
 * lost; pipe = total - sacked - lost.
 */
#ifndef TCP_SNDMAP_H
#define TCP_SNDMAP_H

#include "base/mem.h"
#include "base/seq.h"
#include "wire/tcp.h"

enum sent_flag {
    SENT_SACKED = 1, /* the peer holds it */
    SENT_LOST = 2,   /* thought lost, and not sent again since */
    SENT_AGAIN = 4,  /* sent more than once: no RTT sample (Karn) */
};

struct sent {
    weft_time at;   /* when it last went out */
    struct seq end; /* it starts where the one before ends */
    uint8_t flags;
};

#define SNDMAP_SMALL 4
#define SNDMAP_MAX   65536 /* entries: what a peer can make us keep */

struct sndmap {
    struct sent *heap; /* NULL: `small` is in use */
    uint32_t room, head, count;
    struct seq una;       /* where the first entry starts */
    uint32_t sacked, lost; /* bytes */
    uint32_t hint;         /* no entry before this index is lost */
    struct sent small[SNDMAP_SMALL];
};

void sndmap_init(struct sndmap *m, struct seq una);
void sndmap_clear(struct sndmap *m, struct mem *mem);

/* Makes sure one more segment can be noted; false when out of memory or at SNDMAP_MAX. */
bool sndmap_reserve(struct sndmap *m, struct mem *mem, uint32_t more);

/* New data up to `end` goes out now. There must be room. */
void sndmap_sent(struct sndmap *m, struct seq end, weft_time now);

/* What an acknowledgment told. */
struct sndmap_acked {
    uint32_t bytes;    /* newly delivered: cumulatively acknowledged for the first time, or newly sacked */
    uint32_t segments; /* entries that left the map */
    weft_time sent_at; /* of the last segment newly delivered; WEFT_NEVER: none, or sent again, or together with one */
};

/* Everything before `ack` is acknowledged; ack lies in [una, end]. */
struct sndmap_acked sndmap_ack(struct sndmap *m, struct mem *mem, struct seq ack);

/* The peer holds [start, end): bytes newly marked. Blocks outside of what is in flight are ignored (RFC 2018 §8). */
uint32_t sndmap_sack(struct sndmap *m, struct mem *mem, struct tcp_sack_block block, struct sndmap_acked *acked);

/*
 * Marks lost what RFC 6675's IsLost says: not sacked, sent once, and at least `dup_thresh` sacked segments, or more
 * than (dup_thresh - 1) * mss sacked bytes, lie beyond it. Returns the bytes newly marked.
 */
uint32_t sndmap_detect(struct sndmap *m, unsigned dup_thresh, uint32_t mss);

/* Marks the first segment lost (cut to mss), even when it was sent again. False when there is none. */
bool sndmap_lose_first(struct sndmap *m, struct mem *mem, uint32_t mss);

/* Marks every segment of more than `len` bytes lost: the path does not take them. */
void sndmap_lose_larger(struct sndmap *m, uint32_t len);

/* After a time-out: forgets what was sacked and marks everything lost. */
void sndmap_lose_all(struct sndmap *m);

/* The first run of lost bytes, at most `most` of them, whatever segments they were in; false when nothing is lost. */
bool sndmap_next_lost(struct sndmap *m, uint32_t most, struct seq *start, uint32_t *len);

/*
 * [start, start + len), what sndmap_next_lost gave or the front of it, goes out again now as one segment. False: out of
 * memory.
 */
bool sndmap_resent(struct sndmap *m, struct mem *mem, struct seq start, uint32_t len, weft_time now);

static inline struct seq sndmap_end(const struct sndmap *m);
static inline uint32_t sndmap_total(const struct sndmap *m);
static inline uint32_t sndmap_pipe(const struct sndmap *m) { return sndmap_total(m) - m->sacked - m->lost; }

static inline struct sent *sndmap_at(const struct sndmap *m, uint32_t i)
{
    struct sent *v = m->heap ? m->heap : (struct sent *)m->small;

    return &v[(m->head + i) & (m->room - 1)];
}

static inline struct seq sndmap_end(const struct sndmap *m)
{
    return m->count ? sndmap_at(m, m->count - 1)->end : m->una;
}

static inline uint32_t sndmap_total(const struct sndmap *m) { return sndmap_end(m).v - m->una.v; }

#endif
