/* SPDX-License-Identifier: MIT */
/*
 * TCP of one stack: the memory of its connections, the tables that find them, the lists they wait in, and its keys.
 * Made and taken apart by tcp.c; whoever has a stack has it by tcp_of.
 */
#ifndef TCP_INSTANCE_H
#define TCP_INSTANCE_H

#include "core/ports.h"
#include "core/stack.h"
#include "tcp/early.h"
#include "tcp/flow.h"
#include "tcp/halfopen.h"
#include "tcp/isn.h"
#include "tcp/listeners.h"
#include "tcp/merge.h"
#include "tcp/newest.h"
#include "tcp/savedsyn.h"
#include "tcp/timewait.h"

enum tcp_tag { TCP_TAG_CONN, TCP_TAG_HALF_OPEN, TCP_TAG_TIME_WAIT };

/* TCP of one stack. */
struct tcp {
    weft_stack *stack;
    struct slab conn4, conn6, work, alarms, stats;
    unsigned timer_kind;      /* of every timer here */
    struct hashtab table;     /* connections, half-open and TIME-WAIT records, by flow */
    struct hashtab bindings;  /* by port */
    uint32_t joined;          /* of the latest listener */
    struct list loose;        /* connections that are not in `table` */
    struct halfopen_table half_open;
    struct newest newest;     /* of them */
    struct saved_syns saved_syns; /* of half-open records with saved_syn */
    struct timewait_table time_wait;
    struct tcp_conn *recent;  /* in the table, and the last segment was for it; NULL: none */
    struct merge merge;       /* what the batch that is coming in may still add to */
    struct listeners listeners;
    struct list reports;      /* what ended connects; see reports.h */
    size_t n_reports;
    size_t orphans;           /* connections without a user */
    struct {
        struct sip_key key;
        struct fastopen_memory memory;
        uint32_t pending;     /* connections with fast_open */
        uint32_t resets;      /* of such, lately */
        weft_time resets_until; /* they count */
    } early;                  /* data in SYNs */
    struct sip_key table_key, offsets_key, cookie_key;
    struct port_table ports;  /* in use by what is in `table`, half-open records aside */
};

static inline struct tcp *tcp_of(const weft_stack *s) { return stack_transport(s, IP_PROTO_TCP); }
static inline const struct weft_tcp_config *tcp_config(const weft_stack *s) { return &s->config.tcp; }

/* Between two answers of a record that is less than a connection: it has no room to count a burst. */
static inline weft_time tcp_records_answer_every(const struct tcp *t)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);

    return k->invalid_ratelimit / k->invalid_burst;
}

/* The secret offsets of a flow. */
static inline struct flow_offsets tcp_offsets(const struct tcp *t, const struct tcp_flow *flow)
{
    return flow_offsets(t->offsets_key, &flow->local, &flow->remote);
}

#endif
