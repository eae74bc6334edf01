/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT as records of 48 bytes (72 for IPv6): all that RFC 9293 §3.6.1 and RFC 6191 need of a connection that is
 * over. One FIFO, because every wait is equally long. A wait that starts anew keeps its place: it is filed again
 * when that place comes up, so a record may outlive its time in memory, but never in meaning (timewait_expired).
 */
#ifndef TCP_TIMEWAIT_H
#define TCP_TIMEWAIT_H

#include "base/hashtab.h"
#include "base/seq.h"
#include "base/wheel.h"
#include "tcp/flow.h"

struct timewait {
    struct hash_node hash;
    struct timewait *next; /* in the FIFO */
    uint32_t expires;      /* milliseconds, wrapping: right while nobody sleeps for more than 24 days */
    struct seq snd_nxt, rcv_nxt;
    uint32_t ts_recent;
    uint16_t window;       /* the window field of its last acknowledgment */
    bool has_ts : 1, v6 : 1;
    bool restarted : 1;    /* its place in the FIFO is older than its time */
    bool dead : 1;         /* out of the demultiplexer, waiting for its turn in the FIFO */
    uint8_t tos;
    union tcp_key key;     /* last: only as long as its family needs */
};

struct timewait_table {
    struct slab slab4, slab6;
    struct timewait *first, *last;
    size_t count, live; /* records in the FIFO; of them not dead */
    struct timer timer;
};

void timewait_init(struct timewait_table *t, struct mem *m);
void timewait_fini(struct timewait_table *t);

/* A record for this flow, at the end of the FIFO, not yet in the demultiplexer; NULL when out of memory. */
struct timewait *timewait_new(struct timewait_table *t, const struct tcp_flow *flow, weft_time now, weft_time stay);

/* The wait starts anew (a repeated FIN). */
void timewait_restart(struct timewait *w, weft_time now, weft_time stay);

bool timewait_expired(const struct timewait *w, weft_time now);

/* How long it still waits; 0: no longer. */
weft_time timewait_left(const struct timewait *w, weft_time now);

/* When the first record's turn comes; WEFT_NEVER when there is none. */
weft_time timewait_deadline(const struct timewait_table *t, weft_time now);

/*
 * Takes the next record whose time is up and which must leave the demultiplexer (the caller removes it there, then
 * calls timewait_free). force: even when its time is not up (to make room). NULL when there is none.
 */
struct timewait *timewait_pop(struct timewait_table *t, weft_time now, bool force);
void timewait_free(struct timewait_table *t, struct timewait *w);

/* The record left the demultiplexer before its turn. */
void timewait_bury(struct timewait_table *t, struct timewait *w);

/* A SYN for the pair: may it open a new connection (RFC 6191 §2, RFC 9293 MAY-2)? If not it is dropped in silence. */
bool timewait_may_reopen(const struct timewait *w, struct seq seq, bool has_ts, uint32_t ts_val);

#endif
