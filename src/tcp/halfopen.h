/* SPDX-License-Identifier: MIT */
/*
 * Half-open connections (SYN-RECEIVED from LISTEN) as compact records: a SYN costs one of these and nothing else
 * (RFC 4987 §3.4, the SYN cache). Their SYN,ACKs go again after 1, 2, 4, … times the initial time-out: one FIFO per
 * number of repeats, because within one everybody waits equally long.
 */
#ifndef TCP_HALFOPEN_H
#define TCP_HALFOPEN_H

#include "base/hashtab.h"
#include "base/list.h"
#include "base/wheel.h"
#include "tcp/flow.h"
#include "tcp/negotiate.h"

struct tcp_conn;

#define HALFOPEN_MAX_REPEATS 8

struct halfopen {
    struct hash_node hash;
    struct list link;           /* in the FIFO of its repeats */
    struct tcp_conn *listener;
    weft_time due;              /* of the next repeat */
    struct seq iss, irs;
    uint32_t ts_recent, ts_offset;
    uint32_t peer_wnd;          /* the SYN's window */
    uint16_t peer_mss;          /* as agreed */
    uint8_t snd_wscale, rcv_wscale;
    uint8_t repeats;
    bool v6 : 1, has_ts : 1, sack : 1, wscale : 1;
    union tcp_key key;          /* last */
};

struct halfopen_table {
    struct slab slab4, slab6;
    struct list fifo[HALFOPEN_MAX_REPEATS + 1];
    size_t count;
    struct timer timer;
};

void halfopen_init(struct halfopen_table *t, struct mem *m);
void halfopen_fini(struct halfopen_table *t);

/* A record for the flow, due for its first repeat after `delay`; not yet in the demultiplexer. NULL: out of memory. */
struct halfopen *halfopen_new(struct halfopen_table *t, const struct tcp_flow *flow, weft_time now, weft_time delay);
void halfopen_free(struct halfopen_table *t, struct halfopen *h);

/* The next record whose SYN,ACK is due again; NULL when none is. */
struct halfopen *halfopen_due(struct halfopen_table *t, weft_time now);

/* It was repeated once more: next in delay << repeats. False: it has been repeated `max` times, give it up. */
bool halfopen_repeat(struct halfopen_table *t, struct halfopen *h, weft_time now, weft_time delay, unsigned max);

weft_time halfopen_deadline(const struct halfopen_table *t);

#endif
