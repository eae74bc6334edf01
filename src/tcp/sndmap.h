/* SPDX-License-Identifier: MIT */
/*
 * The segments in flight: what was sent when, and what is known of each. The scoreboard of RFC 6675 and the ground of
 * every loss detection; it marks what it is told to mark and knows no policy.
 *
 * Entries lie in order and without gaps from `una` to `end`; one is found by binary search. A super-segment is one
 * entry that counts as the segments it carries, until an acknowledgment or a retransmission cuts it: at segment
 * boundaries only, so that a peer who acknowledges byte by byte makes no more entries than there are segments. A cut
 * moves the entries on its shorter side.
 *
 * Looking for what time has proved lost (RFC 8985) goes through the entries in the order in which they last went out.
 * That order needs no list of its own: what was sent once lies in it by sequence, so a cursor that only moves forward
 * finds the oldest; what was sent again stands in a queue. Each entry is passed once by the cursor and each
 * retransmission leaves the queue once, so an acknowledgment costs what it newly says and a logarithm.
 *
 * Invariants: the sums are over the entries, in segments; none is both sacked and lost; AGAIN implies EVER;
 * nothing before `due_from` waits to be sent again; nothing before `fresh_from` is unmarked and was sent only once.
 */
#ifndef TCP_SNDMAP_H
#define TCP_SNDMAP_H

#include "base/mem.h"
#include "base/seq.h"
#include "tcp/departure.h"
#include "wire/tcp.h"

enum sent_flag {
    SENT_SACKED = 1,  /* the peer holds it */
    SENT_LOST = 2,    /* thought lost */
    SENT_AGAIN = 4,   /* was sent again, and that copy is thought to be under way */
    SENT_EVER = 8,    /* was sent again at least once, a tail probe included: no RTT sample (Karn) */
    SENT_STARVED = 16, /* when it went out the application had no more to send (for the rate sample) */
    SENT_FIN = 32,    /* its last number is a FIN, which rides for nothing */
    SENT_PUSH = 64,   /* PSH belongs to its last byte */
    SENT_RECORD = 128 /* its last byte ends a record: it goes again without what follows (MSG_EOR) */
};

struct sent {
    weft_time at;           /* when it last went out */
    struct seq end;         /* it starts where the one before ends */
    uint32_t delivered;     /* the three facts that rate.h asks of a segment: the connection's count then, */
    uint32_t delivered_ago; /* us before `at`, when that count was taken, */
    uint32_t first_ago;     /* us before `at`, when the flight it was measured against began */
    uint16_t segments;
    uint8_t flags;
    uint8_t times;          /* how often it was sent again; stops at 255 */
};

static inline struct departure sent_departure(const struct sent *s)
{
    return (struct departure){s->at, s->delivered, s->end};
}

#define SNDMAP_SMALL 4
#define SNDMAP_MAX   65536 /* entries: what a peer can make us keep */

/* A retransmission, as long as it may be the last of its bytes. */
struct resent {
    weft_time at;
    struct seq start, end;
};

struct sndmap {
    struct sent *heap; /* NULL: `small` is in use */
    uint32_t room, head, count;
    struct seq una;                      /* where the first entry starts */
    uint32_t total, sacked, lost, again; /* segments */
    uint32_t due;                        /* of the lost ones, those that are not under way again */
    struct seq highest;                  /* where the highest sacked entry starts; counts while sacked > 0 */
    uint32_t due_from, fresh_from;       /* indices */
    uint32_t count_from, count_sacked;   /* RFC 6675: looked at before this index; sacked segments there */
    struct resent *queue;                /* by time; NULL: none were sent again */
    uint32_t queue_room, queue_head, queue_count;
    struct sent small[SNDMAP_SMALL];
};

void sndmap_init(struct sndmap *m, struct seq una);
/* The same of one that is all zeros. */
static inline void sndmap_begin(struct sndmap *m, struct seq una)
{
    m->room = SNDMAP_SMALL;
    m->una = una;
}
void sndmap_clear(struct sndmap *m, struct mem *mem);

/* Makes sure so many more entries can be noted; false when out of memory or at SNDMAP_MAX. */
bool sndmap_reserve(struct sndmap *m, struct mem *mem, uint32_t more);
/* The same for one retransmission. */
bool sndmap_reserve_again(struct sndmap *m, struct mem *mem);

/*
 * New data up to s->end goes out, with s->at, s->segments, perhaps SENT_FIN, SENT_PUSH, SENT_RECORD, and the facts for
 * the rate. There is room.
 */
void sndmap_sent(struct sndmap *m, const struct sent *s);

/* What an acknowledgment told, gathered over its blocks and its number. */
struct sndmap_news {
    /* to be filled in before */
    weft_time now;
    weft_time min_rtt;     /* a copy sent again is not believed to be acknowledged sooner than this */
    /* what was acknowledged went out no later, says the timestamp; WEFT_NEVER: it says nothing */
    weft_time echo_until;
    struct seq high;       /* SND.NXT when the episode began */
    struct seq highest;    /* where what had been sacked before ended (sndmap_highest) */
    uint32_t mss;
    /* answers */
    uint32_t delivered;    /* segments acknowledged or sacked for the first time */
    uint32_t acked;        /* segments that the number took away */
    uint32_t sacked;       /* segments newly sacked */
    weft_time first_at, last_at;           /* of those that left and were never sent again; WEFT_NEVER: none */
    weft_time first_sacked_at, last_sacked_at; /* the same of the newly sacked */
    bool original;         /* something below `high` that was sent only once has arrived (RFC 5682) */
    bool again;            /* something sent again has left the map */
    bool reordered;        /* something sent only once arrived after what was sent behind it: */
    struct seq reorder;    /* the lowest such */
    bool proof;            /* RACK: something arrived beyond doubt, the last sent of it: */
    struct departure latest;
    weft_time proof_at;    /* when the one with the highest number of it went out */
    struct sent newest;    /* the last sent of what arrived; counts when delivered > 0 */
};

/* Where what is sacked ends; una when nothing is. */
static inline struct seq sndmap_highest(const struct sndmap *m) { return m->sacked ? m->highest : m->una; }

void sndmap_news_init(struct sndmap_news *n, weft_time now, uint32_t mss);

/* Everything before `ack` is acknowledged; ack lies in [una, end]. */
void sndmap_ack(struct sndmap *m, struct mem *mem, struct seq ack, struct sndmap_news *n);

/* Is one entry in flight, which went out once and of which nothing was heard? */
static inline bool sndmap_is_lone(const struct sndmap *m)
{
    return m->count == 1 && !m->heap && !m->queue &&
           !(m->small[m->head].flags & (SENT_SACKED | SENT_LOST | SENT_AGAIN | SENT_EVER));
}

/* sndmap_ack of all of that: the entry, which is gone. */
static inline struct sent sndmap_ack_lone(struct sndmap *m)
{
    struct sent s = m->small[m->head];

    m->head = (m->head + 1) & (SNDMAP_SMALL - 1);
    m->una = s.end;
    m->count = m->total = 0;
    m->due_from = m->fresh_from = m->count_from = 0;
    return s;
}

/*
 * The peer holds [start, end): marks the whole segments in it. Blocks outside of what is in flight are ignored
 * (RFC 2018 §8). Call with the lowest block first, else the higher one makes the lower one look reordered.
 */
void sndmap_sack(struct sndmap *m, struct mem *mem, struct tcp_sack_block block, struct sndmap_news *n);

/* A block reported [start, end) as received twice: its copies are not under way any more. Segments sent again in it. */
uint32_t sndmap_duplicate(struct sndmap *m, struct tcp_sack_block block);

/* RACK's question. */
struct sndmap_clock {
    weft_time now;
    struct departure proof; /* of the last sent of what arrived */
    weft_time patience;    /* round trip and reordering window */
};
struct sndmap_lost {
    uint32_t segments;     /* newly marked */
    uint32_t again;        /* of them, retransmissions that were lost */
    weft_time wait;        /* until more will be known to be; 0: nothing waits */
};
/* Marks lost what went out before the proof and longer than `patience` ago (RFC 8985 §6.2 step 5). */
struct sndmap_lost sndmap_detect_by_time(struct sndmap *m, const struct sndmap_clock *q);

/*
 * Marks lost what was sent once and has `dup_thresh` sacked segments beyond it (RFC 6675 §4, IsLost). Returns how many.
 */
uint32_t sndmap_detect_by_count(struct sndmap *m, uint32_t dup_thresh);

/*
 * Marks the first segment lost (cut to mss). Returns how many that marked: 0 when it was lost already, or is not there.
 */
uint32_t sndmap_lose_first(struct sndmap *m, struct mem *mem, uint32_t mss);

/* Marks every entry of more than `len` bytes in one segment lost: the path does not take them. Returns how many. */
uint32_t sndmap_lose_larger(struct sndmap *m, uint32_t len);

/*
 * The retransmission timer expired: marks lost everything that is not sacked and, but for the first, went out before
 * `before` (RFC 8985 §6.3). renege: the peer took back what it had sacked; all is forgotten.
 */
struct sndmap_lost sndmap_lose_all(struct sndmap *m, weft_time before, bool renege);

/* The loss was none: nothing counts as lost any more. */
void sndmap_find_all(struct sndmap *m);

/* The first run of whole entries to be sent again, at most `most` bytes; false when nothing is due. */
bool sndmap_next_due(struct sndmap *m, uint32_t most, struct seq *start, uint32_t *len);

/* The last segment (at most mss) of what is in flight, for a probe; false when nothing is. */
bool sndmap_tail(const struct sndmap *m, uint32_t mss, struct seq *start, uint32_t *len);

/*
 * [start, s.end) goes out again as one packet, with s.at, s.segments and the facts for the rate. probe: it was not lost
 * (a tail probe): it counts as under way once. Returns false when out of memory (then nothing changed).
 */
bool sndmap_resent(struct sndmap *m, struct mem *mem, struct seq start, struct sent s, uint32_t mss, bool probe);

/*
 * Does PSH belong to a segment that ends behind `start`, and at `end` at the latest? As many steps as there are such.
 */
bool sndmap_is_pushed(const struct sndmap *m, struct seq start, struct seq end);

/* Segments in the network (RFC 6675's pipe), as Linux counts them. */

static inline uint32_t sndmap_pipe(const struct sndmap *m) { return m->total - m->sacked - m->lost + m->again; }

/* Segments that so many bytes make: one at least. */
static inline uint32_t sent_segments(uint32_t len, uint32_t mss)
{
    return likely(len <= mss) ? 1 : (len + mss - 1) / mss;
}

static inline struct sent *sndmap_at(const struct sndmap *m, uint32_t i)
{
    struct sent *v = m->heap ? m->heap : (struct sent *)m->small;

    weft_assert(i < m->count, "callers ask for what is in the map");
    return &v[(m->head + i) & (m->room - 1)];
}

static inline struct seq sndmap_end(const struct sndmap *m)
{
    return m->count ? sndmap_at(m, m->count - 1)->end : m->una;
}

/* Has the first entry been sent again? */
static inline bool sndmap_first_is_again(const struct sndmap *m)
{
    return m->count && sndmap_at(m, 0)->flags & SENT_EVER;
}

#endif
