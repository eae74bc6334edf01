/* SPDX-License-Identifier: MIT */
/* The times that a connection goes by: the user's where he has set his own, else the stack's; and what they end in. */
#ifndef TCP_TIMEOUTS_H
#define TCP_TIMEOUTS_H

#include "tcp/conn.h"

/* Its alarm went off: what is due is done (RFC 9293 §3.10.8). */
void timeouts_fire(struct tcp_conn *c);
/* Its retransmission time-out now. */
weft_time conn_rto(const struct tcp_conn *c);

/* How long it is tried in vain: the user's time-out, and of a connect the stack's limit, if there is one. 0: none. */
weft_time conn_patience(const struct tcp_conn *c);

/*
 * How long what is in flight has been sent again in vain (timeouts.c): since the first retransmission of this episode,
 * to the millisecond, or since it went out. The user time-out runs from there, as on Linux.
 */
weft_time conn_retried_for(const struct tcp_conn *c);

/* The stack's, where the user has not set his own. */
static inline struct rtt_limits conn_rtt_limits(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    const struct tcp_settings *s = c->settings;

    return (struct rtt_limits){.initial = k->rto_initial,
                               .min = s->rto_min ? s->rto_min * WEFT_US : k->rto_min,
                               .max = s->rto_max ? s->rto_max * WEFT_MS : k->rto_max,
                               .whole = k->rto_min_whole};
}

/* What keepalive goes by: the user's, else the stack's. */
static inline struct keepalive conn_keepalive(const struct tcp_conn *c)
{
    const struct tcp_settings *s = c->settings;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    return (struct keepalive){
        .idle = s->keepalive_idle ? s->keepalive_idle * WEFT_S : k->keepalive_idle,
        .interval = s->keepalive_interval ? s->keepalive_interval * WEFT_S : k->keepalive_interval,
        .probes = s->keepalive_probes ? s->keepalive_probes : k->keepalive_probes,
    };
}

/* Until when a connection without a user waits for the peer's FIN, from now on. */
static inline weft_time conn_orphan_deadline(const struct tcp_conn *c)
{
    int32_t own = c->settings->fin_wait_2;

    if (own < 0)
        return conn_now(c);
    return time_after(conn_now(c), own ? (weft_time)own * WEFT_S : tcp_config(c->ep.stack)->fin_wait_2);
}

#endif
