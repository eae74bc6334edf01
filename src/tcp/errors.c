/* SPDX-License-Identifier: MIT */
/* ICMP errors about our segments (RFC 9293 §3.9.2.2), trusted no further than RFC 5927 allows. */
#include "tcp/conn.h"

/* The path carries less than we thought (RFC 1191 §6.4, RFC 8201 §5.4): everybody who sends there shall know. */
static void take_smaller_path(struct tcp_conn *c, const struct ip_error *e)
{
    bool ours = c->path_discovery == WEFT_PMTUDISC_WANT || c->path_discovery == WEFT_PMTUDISC_DO;

    if (!c->work || !ours || !route_learn_mtu(c->ep.stack, &e->dst, e->mtu, e->datagram))
        return;
    c->soft_error = WEFT_EMSGSIZE; /* the reason, should smaller segments not get through either */
    if (conn_refresh_path(c) == 0)
        losses_on_smaller_path(c);
}

/* The quoted segment must be one that is in flight now. */
static bool quotes_us(const struct tcp_conn *c, const struct ip_error *e)
{
    return c->state == WEFT_TCP_SYN_SENT ? e->seq == c->snd.una.v
                                         : seq_in(seq(e->seq), c->snd.una, seq_add(c->snd.nxt, 1));
}

bool tcp_error(weft_stack *s, const struct ip_error *e)
{
    struct tcp *t = tcp_of(s);
    struct tcp_flow flow = {{e->src, e->src_port}, {e->dst, e->dst_port}};
    struct tcp_found f = demux_find(t, &flow);
    struct tcp_conn *c;

    if (!f.any || f.tag != TCP_TAG_CONN)
        return f.any;
    c = f.conn;
    if (!quotes_us(c, e))
        return false;
    if (e->too_big) {
        take_smaller_path(c, e);
        conn_settle(c);
    } else if (e->hard && c->state == WEFT_TCP_SYN_SENT) { /* SHLD-26, RFC 5461 */
        stack_count(s, WEFT_COUNT_tcp_attempt_fails);
        conn_why(c, WEFT_WHY_close_unreachable, (uint32_t)-e->err);
        conn_finish(c, e->err);
    } else {
        /* MUST-56: a hint, and the reason if we have to give up. No more than that: a neighbour that cannot be
         * resolved tells us so in the middle of our own sending. */
        c->soft_error = (int16_t)e->err;
    }
    return true;
}
