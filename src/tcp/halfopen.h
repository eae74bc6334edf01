/* SPDX-License-Identifier: MIT */
/*
 * Half-open connections (SYN-RECEIVED from LISTEN) as records of 56 bytes (80 for IPv6): a SYN costs one of these and
 * nothing else (RFC 4987 §3.4, the SYN cache). Their SYN,ACKs go again after 1, 2, 4, … times the initial time-out: one
 * FIFO per number of repeats, because within one everybody waits equally long.
 *
 * The FIFOs are linked one way. So a record that is freed only dies, and is unlinked by a sweeper that passes a few
 * places with each death: about a third of a FIFO may be dead. A record whose wait starts anew moves into a new one.
 */
#ifndef TCP_HALFOPEN_H
#define TCP_HALFOPEN_H

#include "base/hashtab.h"
#include "base/list.h"
#include "base/wheel.h"
#include "tcp/flow.h"
#include "tcp/negotiate.h"

#define HALFOPEN_MAX_REPEATS 8
#define HALFOPEN_MAX_DELAY   (1000 * WEFT_S) /* between two SYN,ACKs */
#define HALFOPEN_NO_WSCALE   15

struct halfopen {
    struct hash_node hash;
    struct halfopen *next;      /* in the FIFO of its repeats */
    struct seq iss, irs;
    uint32_t ts_recent;
    uint32_t due;               /* of the next repeat: microseconds, wrapping */
    uint32_t listener;          /* its number; see listeners.h */
    uint16_t peer_mss;          /* as agreed */
    uint16_t answered;          /* milliseconds, wrapping: its last answer to an old segment; 0: none yet */
    uint32_t repeats : 4;
    uint32_t asked_again : 4;   /* SYN,ACKs besides, for his SYN came again; no more are counted than fit */
    uint32_t snd_wscale : 4;    /* HALFOPEN_NO_WSCALE: windows are not scaled */
    uint32_t rcv_wscale : 4;
    uint32_t v6 : 1, has_ts : 1, sack : 1;
    uint32_t acked : 1;         /* the third segment came, and nothing came of it yet */
    uint32_t dead : 1;          /* freed, and still linked */
    uint32_t saved_syn : 1;     /* its SYN is kept (savedsyn.h) */
    uint32_t ecn : 1;           /* the SYN asked for it, and gets it */
    union tcp_key key;          /* last */
};

struct halfopen_fifo {
    struct halfopen *first, *last;
    struct halfopen *swept;     /* the sweeper stands behind this one; NULL: in front of the first */
};

struct halfopen_table {
    struct slab slab4, slab6;
    struct halfopen_fifo fifo[HALFOPEN_MAX_REPEATS + 1];
    size_t count, linked;       /* of the living; of these and the dead */
    weft_time served;           /* the time of the last call: after a long sleep everything is due */
    struct timer timer;
};

void halfopen_init(struct halfopen_table *t, struct mem *m);
void halfopen_fini(struct halfopen_table *t);

/* A record for the flow, due for its first repeat after `delay`; not yet in the demultiplexer. NULL: out of memory. */
struct halfopen *halfopen_new(struct halfopen_table *t, const struct tcp_flow *flow, weft_time now, weft_time delay);
/* The record is out of the demultiplexer and of no use any more. */
void halfopen_free(struct halfopen_table *t, struct halfopen *h);

/* The next record whose SYN,ACK is due again; NULL when none is. */
struct halfopen *halfopen_due(struct halfopen_table *t, weft_time now);

/*
 * The one that halfopen_due gave was repeated once more: next in delay << repeats, no later than `most`. False: it has
 * been repeated `max` times, give it up.
 */
bool halfopen_repeat(struct halfopen_table *t, struct halfopen *h, weft_time now, weft_time delay, weft_time most,
                     unsigned max);

/*
 * Its SYN,ACK was sent outside of its turn, so the wait for the next one starts anew: a copy with a place of its own.
 * The caller gives it the old one's place in the demultiplexer and frees that. NULL: out of memory; the old one goes
 * on.
 */
struct halfopen *halfopen_restart(struct halfopen_table *t, const struct halfopen *h, weft_time now, weft_time delay,
                                  weft_time most);

/* When its SYN,ACK was sent, if that was once, `delay` before its first repeat; to the microsecond. */
weft_time halfopen_sent(const struct halfopen *h, weft_time now, weft_time delay);

/* When its SYN,ACK is due again; to the microsecond. */
weft_time halfopen_due_at(const struct halfopen *h, weft_time now);

/* May it answer an old segment now? Once in `interval`, which is below 65 s. */
bool halfopen_may_answer(struct halfopen *h, weft_time now, weft_time interval);

/* When its turn comes, for a timer: the first moment at which halfopen_due gives it. */
weft_time halfopen_turn(const struct halfopen *h, weft_time now);

/* Is it the next one to be due of those that were not repeated? */
static inline bool halfopen_is_first(const struct halfopen_table *t, const struct halfopen *h)
{
    return t->fifo[0].first == h;
}

/*
 * When to ask halfopen_due next: a lower bound, exact when nobody has died since it said NULL. WEFT_NEVER: not at all.
 */
weft_time halfopen_deadline(const struct halfopen_table *t, weft_time now);

/* Walks the living: NULL first, then what it gave last; NULL at the end. Once the next is known, one may be freed. */
struct halfopen *halfopen_next(const struct halfopen_table *t, struct halfopen *h);

#endif
