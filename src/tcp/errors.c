/* SPDX-License-Identifier: MIT */
/* ICMP errors about our segments (RFC 9293 §3.9.2.2), trusted no further than RFC 5927 allows. */
#include "tcp/errors.h"

#include "tcp/account.h"
#include "tcp/demux.h"
#include "tcp/losses.h"
#include "tcp/passive.h"
#include "tcp/path.h"
#include "tcp/settle.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"

/* The path carries less than we thought (RFC 1191 §6.4, RFC 8201 §5.4): everybody who sends there shall know. */
static void take_smaller_path(struct tcp_conn *c, const struct ip_error *e)
{
    if (!c->work || !conn_heeds_path(c) || !route_learn_mtu(c->ep.stack, &e->dst, e->mtu, e->datagram))
        return;
    c->soft_error = WEFT_EMSGSIZE; /* the reason, should smaller segments not get through either */
    if (conn_refresh_path(c) == 0)
        losses_on_smaller_path(c);
}

/*
 * MUST-56: a hint, and the reason if we have to give up. Who asked to hear of errors (IP_RECVERR) hears of it at once,
 * as on Linux, and the connection goes on.
 */
static void take_hint(struct tcp_conn *c, int err)
{
    if (c->settings->rare.tell & (c->v6 ? TELL_ERRORS6 : TELL_ERRORS))
        endpoint_fail(&c->ep, err);
    else
        c->soft_error = (int16_t)err;
}

/* The quoted segment must be one that is in flight now. */
static bool quotes_us(const struct tcp_conn *c, const struct ip_error *e)
{
    return c->state == WEFT_TCP_SYN_SENT ? e->seq == c->snd.una.v
                                         : seq_in(seq(e->seq), c->snd.una, seq_add(c->snd.nxt, 1));
}

/* Codes that nobody has given a meaning, and fragments that came too late, say nothing of the way. */
static bool has_meaning(const struct ip_error *e)
{
    if (!ip_is_v4(&e->dst))
        return true;
    return e->type == ICMPV4_UNREACHABLE ? e->code <= 15 : e->type != ICMPV4_TIME_EXCEEDED || e->code == 0;
}

/* Did we find it ourselves? A neighbour cannot be resolved, and says so maybe in the middle of our own sending. */
static bool is_our_own(const struct ip_error *e) { return ip_eq(&e->reporter, &e->src); }

/*
 * Does it say that there never will be an answer? Of ICMPv6 a parameter problem, which for other transports does, is a
 * soft error (RFC 9293 §3.9.2.2).
 */
static bool is_hard(const struct ip_error *e)
{
    return e->hard && (ip_is_v4(&e->dst) || e->type != ICMPV6_PARAMETER_PROBLEM);
}

/* SYN-SENT ends for what a receiver says (SHLD-26, RFC 5461), and as on Linux for what a router says, or the link. */
static bool ends_connect(const struct tcp_conn *c, const struct ip_error *e)
{
    return c->state == WEFT_TCP_SYN_SENT &&
           (is_hard(e) || (has_meaning(e) && tcp_config(c->ep.stack)->unreachable_ends_connect));
}

void conn_end_connect(struct tcp_conn *c, int err)
{
    stack_count(c->ep.stack, WEFT_COUNT_tcp_attempt_fails);
    conn_why(c, WEFT_WHY_close_unreachable, (uint32_t)-err);
    conn_finish(c, err);
}

/* Its user hears who said so, whether he asked for that or not: as on Linux. */
static void end_connect(struct tcp_conn *c, const struct ip_error *e)
{
    if (!c->orphan)
        reports_keep(c, e);
    conn_end_connect(c, e->err);
}

/* The timer ends it, now, but not in the middle of anything. */
static void end_connect_soon(struct tcp_conn *c, int err)
{
    c->soft_error = (int16_t)err;
    if (!c->work)
        return;
    c->unresolved = true;
    c->work->deadline[TCP_TIMER_RETRANSMIT] = conn_now(c);
    timer_set(&c->ep.stack->wheel, &c->work->alarm.timer, conn_now(c));
}

/*
 * Which errors are about the way to a peer, not about what it takes: only these end a record, as on Linux, for a port
 * that refuses our SYN,ACK refuses it by a reset.
 */
static bool is_about_the_way(const struct ip_error *e)
{
    if (!ip_is_v4(&e->dst))
        return e->hard;
    return e->type == ICMPV4_TIME_EXCEEDED || e->type == ICMPV4_PARAMETER_PROBLEM ||
           (e->type == ICMPV4_UNREACHABLE &&
            (e->code == ICMPV4_NET_UNREACHABLE || e->code == ICMPV4_HOST_UNREACHABLE));
}

/* About a SYN,ACK. A neighbour that cannot be resolved is no reason: the record is in use while we send. */
static void about_half_open(struct tcp *t, struct halfopen *h, const struct ip_error *e)
{
    if (e->seq == h->iss.v && !is_our_own(e) && tcp_config(t->stack)->unreachable_ends_connect &&
        is_about_the_way(e))
        half_open_unreachable(t, h);
}

bool tcp_error(weft_stack *s, const struct ip_error *e)
{
    struct tcp *t = tcp_of(s);
    struct tcp_flow flow = {{e->src, e->src_port}, {e->dst, e->dst_port}};
    struct tcp_found f = demux_find(t, &flow);
    struct tcp_conn *c;

    if (f.any && f.tag == TCP_TAG_HALF_OPEN)
        about_half_open(t, f.half_open, e);
    if (!f.any || f.tag != TCP_TAG_CONN)
        return f.any;
    c = f.conn;
    if (!quotes_us(c, e))
        return false;
    if (e->too_big) {
        take_smaller_path(c, e);
        conn_settle(c);
    } else if (ends_connect(c, e) && is_our_own(e) && !e->hard) {
        if (!c->orphan)
            reports_keep(c, e);
        end_connect_soon(c, e->err);
    } else if (ends_connect(c, e)) {
        end_connect(c, e);
    } else {
        take_hint(c, e->err);
    }
    return true;
}
