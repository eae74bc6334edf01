/* SPDX-License-Identifier: MIT */
/*
 * What may be sent now, and which timer waits for what may not: a plan is a value, made by plan.c without changing
 * anything and carried out by transmit.c.
 */
#ifndef TCP_PLAN_H
#define TCP_PLAN_H

#include "base/seq.h"
#include "tcp/stats.h"

struct tcp_conn;

/* What may be sent now: one segment. */
enum tcp_plan_kind { PLAN_NOTHING, PLAN_SYN, PLAN_RETRANSMIT, PLAN_DATA, PLAN_PROBE, PLAN_ACK };

struct tcp_plan {
    uint8_t kind;  /* enum tcp_plan_kind */
    bool push;     /* PSH; known when it is emitted */
    bool fin;
    bool probe;    /* a tail loss probe: of new data, or of what is in flight */
    struct seq seq;
    uint32_t len;  /* payload */
    bool search;   /* a probe of the path: one segment, larger than the others */
    bool record;   /* of new data: it ends a record (MSG_EOR); known when it is emitted */
    uint16_t piece; /* bytes, 0 without payload: what a full segment of it carries; known when it is emitted */
};

/* What may be sent now? Changes nothing but *plan. */
void transmit_plan(struct tcp_conn *c, struct tcp_plan *plan);
/* What keeps the bytes that are unsent from going now, for the statistics; there are some. */
enum tcp_held transmit_held(struct tcp_conn *c);
/* How many bytes more than are queued may go out now, and how many of them in one packet. */
uint32_t transmit_quota(const struct tcp_conn *c, uint32_t *packet);
/* Starts and stops the retransmission and persist timers after an event. */
void transmit_arm(struct tcp_conn *c, const struct tcp_plan *plan);

/* The same, when one segment went out this moment, nothing else is in flight, and the connection is as usual. */
void transmit_arm_lone(struct tcp_conn *c);

/*
 * The number of a segment without content: SND.NXT, or the edge of a window that was drawn back since, for what lies
 * beyond it the peer would throw away.
 */
struct seq transmit_seq(const struct tcp_conn *c);

#endif
