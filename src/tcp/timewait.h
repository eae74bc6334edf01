/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT as records of 40 bytes (64 for IPv6): all that RFC 9293 §3.6.1 and RFC 6191 need of a connection that is
 * over. FIN-WAIT-2 without a user is one too: nothing but the peer's FIN is waited for.
 *
 * In a lane every wait is equally long, so the order in which records came is the order in which they go: a record
 * needs no link to the next, for it lies behind it. A lane is a queue of pages; it takes slots at its end and gives
 * back whole pages at its front. A wait that starts anew keeps its place until that comes up; then the record moves to
 * the end, and the owner of the table is told where. So a record may outlive its time in memory, but never in meaning
 * (timewait_expired).
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
    uint32_t expires : 24;  /* milliseconds, wrapping */
    uint32_t answered : 8;  /* its last answer to an old segment: eighths of a second, wrapping; 0: none yet */
    struct seq snd_nxt, rcv_nxt;
    uint32_t ts_recent;
    uint16_t window;        /* the window field of its last acknowledgment */
    bool has_ts : 1, v6 : 1;
    bool fin_wait_2 : 1;    /* the peer's FIN has not come yet */
    bool reuse_addr : 1;    /* of its socket */
    bool restarted : 1;     /* its place in the lane is older than its time */
    bool dead : 1;          /* out of the demultiplexer, waiting for its turn in the lane */
    uint8_t tos;
    union tcp_key key;      /* last: only as long as its family needs */
};

enum timewait_kind { TIMEWAIT_TWO_MSL, TIMEWAIT_FIN_WAIT_2, TIMEWAIT_KINDS };

#define TIMEWAIT_PAGE 16384 /* bytes, its header included */

struct timewait_page {
    struct timewait_page *next;
    uint32_t first, end; /* slots [first, end) hold records; those before are done with */
};

struct timewait_lane {
    struct timewait_page *first, *last; /* NULL: it is empty. A page that is there holds a record */
    size_t count;
};

struct timewait_table {
    struct mem *mem;
    struct timewait_lane lane[TIMEWAIT_KINDS][2]; /* by kind and by family: IPv4, IPv6 */
    size_t count, live; /* records in the lanes; of them not dead */
    weft_time served;   /* the last time that expiry was looked at: after a long sleep all records are over */
    struct timer timer;
    /* A record, not dead, has moved: `from` is as good as freed. */
    void (*moved)(void *ctx, struct timewait *from, struct timewait *to);
    void *ctx;
};

void timewait_init(struct timewait_table *t, struct mem *m,
                   void (*moved)(void *ctx, struct timewait *from, struct timewait *to), void *ctx);
void timewait_fini(struct timewait_table *t);

/* What so many records take at most, of whatever family and kind. */
size_t timewait_most_bytes(size_t records);

/* How many are of IPv6. */
size_t timewait_count_v6(const struct timewait_table *t);

/*
 * A record of this name, at the end of its lane, not yet in the demultiplexer; NULL when out of memory.
 * stay: up to TIMEWAIT_LONGEST.
 */
struct timewait *timewait_new(struct timewait_table *t, enum timewait_kind kind, const union tcp_key *key, bool v6,
                              weft_time now, weft_time stay);

/* Is it the first of its lane, whose time comes up next? */
bool timewait_is_front(const struct timewait_table *t, const struct timewait *w);

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
 * The next record whose time is up and which must leave the demultiplexer: the caller removes it there, then calls
 * timewait_free, before anything else is asked of the table. force: even when its time is not up (to make room). One
 * that must move and finds no memory to do so is over before its time. NULL when there is none.
 */
struct timewait *timewait_pop(struct timewait_table *t, weft_time now, bool force);
/* Frees what timewait_pop gave. */
void timewait_free(struct timewait_table *t, struct timewait *w);

/* The record left the demultiplexer before its turn. */
void timewait_bury(struct timewait_table *t, struct timewait *w);

/* A SYN for the pair: may it open a new connection (RFC 6191 §2, RFC 9293 MAY-2)? If not it is dropped in silence. */
bool timewait_may_reopen(const struct timewait *w, struct seq seq, bool has_ts, uint32_t ts_val);

#endif
