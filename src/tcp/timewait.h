/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT as records of 48 bytes (72 for IPv6): all that RFC 9293 §3.6.1 and RFC 6191 need of a connection that is
 * over. FIN-WAIT-2 without a user is one too: nothing but the peer's FIN is waited for. One FIFO for each, because in
 * it every wait is equally long. A wait that starts anew keeps its place: it is filed again when that place comes up, so
 * a record may outlive its time in memory, but never in meaning (timewait_expired).
 */
#ifndef TCP_TIMEWAIT_H
#define TCP_TIMEWAIT_H

#include "base/hashtab.h"
#include "base/seq.h"
#include "base/wheel.h"
#include "tcp/flow.h"

#define TIMEWAIT_LONGEST (2000 * WEFT_S) /* wait */

struct timewait {
    struct hash_node hash;
    struct timewait *next;  /* in the FIFO */
    uint32_t expires : 24;  /* milliseconds, wrapping */
    uint32_t answered : 8;  /* its last answer to an old segment: eighths of a second, wrapping; 0: none yet */
    struct seq snd_nxt, rcv_nxt;
    uint32_t ts_recent;
    uint16_t window;        /* the window field of its last acknowledgment */
    bool has_ts : 1, v6 : 1;
    bool fin_wait_2 : 1;    /* the peer's FIN has not come yet */
    bool reuse_addr : 1;    /* of its socket */
    bool restarted : 1;     /* its place in the FIFO is older than its time */
    bool dead : 1;          /* out of the demultiplexer, waiting for its turn in the FIFO */
    uint8_t tos;
    union tcp_key key;      /* last: only as long as its family needs */
};

enum timewait_kind { TIMEWAIT_TWO_MSL, TIMEWAIT_FIN_WAIT_2, TIMEWAIT_KINDS };

struct timewait_table {
    struct slab slab4, slab6;
    struct timewait_fifo {
        struct timewait *first, *last;
    } fifo[TIMEWAIT_KINDS];
    size_t count, live; /* records in the FIFOs; of them not dead */
    weft_time served;   /* the last time that expiry was looked at: after a long sleep all records are over */
    struct timer timer;
};

void timewait_init(struct timewait_table *t, struct mem *m);
void timewait_fini(struct timewait_table *t);

/*
 * A record for this flow, at the end of its FIFO, not yet in the demultiplexer; NULL when out of memory.
 * stay: up to TIMEWAIT_LONGEST.
 */
struct timewait *timewait_new(struct timewait_table *t, enum timewait_kind kind, const struct tcp_flow *flow,
                              weft_time now, weft_time stay);

/* The wait starts anew (a FIN). */
void timewait_restart(struct timewait *w, weft_time now, weft_time stay);

bool timewait_expired(const struct timewait_table *t, const struct timewait *w, weft_time now);

/* How long it has been waiting, of a stay that it began with; to the millisecond. */
weft_time timewait_age(const struct timewait *w, weft_time now, weft_time stay);

/* May it answer an old segment now? Once in `interval` (up to 10 s) or up to a quarter of a second more. */
bool timewait_may_answer(struct timewait *w, weft_time now, weft_time interval);

/* How long it still waits; 0: no longer. */
weft_time timewait_left(const struct timewait *w, weft_time now);

/* When the next record's turn comes; WEFT_NEVER when there is none. */
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
