/* SPDX-License-Identifier: MIT */
/* See stage.h: packets. What a packet must be besides is the runner's tuple.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

/* ---- flows ---- */

static struct tuple *add(struct stage *s, enum packet_proto proto, uint16_t local, uint16_t remote)
{
    const struct config *c = &s->script->config;
    struct tuple *t = calloc(1, sizeof *t), **at = &s->tuples;

    if (!t)
        abort();
    *t = (struct tuple){.proto = proto, .local = c->local, .remote = c->remote, .local_port = local,
                        .remote_port = remote, .remote_isn = 0x12345678,
                        .sniff.peer.mss = ip_is_v4(&c->local) ? 536 : 1220};
    while (*at)
        at = &(*at)->next;
    return *at = t;
}

static struct tuple *of_frame(struct stage *s, const struct packet *p)
{
    struct tuple *t;

    if (p->proto == PACKET_ICMP || p->attrs & ATTR_FRAG)
        return NULL;
    for (t = s->tuples; t; t = t->next)
        if (t->proto == p->proto && t->local_port == p->sport && t->remote_port == p->dport)
            return t;
    t = add(s, p->proto, p->sport, p->dport);
    t->local = p->src;
    t->remote = p->dst;
    return t;
}

static struct tuple *of_flow(struct stage *s, enum packet_proto proto, int flow)
{
    for (struct tuple *t = s->tuples; t; t = t->next)
        if (t->proto == proto && t->flow == flow)
            return t;
    return NULL;
}

static struct tuple *claim(struct stage *s, enum packet_proto proto, int flow)
{
    struct tuple *t = of_flow(s, proto, flow);

    if (!t)
        t = of_flow(s, proto, 0);
    if (!t)
        t = add(s, proto, s->script->config.port, (uint16_t)(40000 + flow));
    t->flow = flow;
    return t;
}

/* ---- in ---- */

static size_t build_quote(struct stage *s, const struct packet *p, uint8_t *buf)
{
    static uint8_t whole[66000];
    struct tuple *t = claim(s, p->quote_proto, p->flow);
    struct packet q = {.proto = p->quote_proto, .flow = p->flow, .seq = p->quote_seq + t->isn, .flags = TCP_A,
                       .len = p->quote_len, .src = t->local, .dst = t->remote, .sport = t->local_port,
                       .dport = t->remote_port, .attrs = ATTR_DF};
    size_t n = ip_is_v4(&t->local) ? 28 : 48;

    frame_build(&q, 0, NULL, 0, whole);
    memcpy(buf, whole, n);
    return n;
}

static bool is_sound(const struct packet *p)
{
    return !(p->attrs & ~(unsigned)(ATTR_TTL | ATTR_TOS | ATTR_ECN | ATTR_LABEL | ATTR_ID | ATTR_DF | ATTR_IPOPT |
                                    ATTR_GARBAGE));
}

void stage_in(struct stage *s, const struct event *e)
{
    struct packet wire = e->packet;
    uint8_t quote[64];
    size_t n_quote = 0;
    uint32_t first = 0;

    if (wire.proto != PACKET_ICMP) {
        struct tuple *t = claim(s, wire.proto, wire.flow);

        first = tuple_stream_offset(&wire);
        tuple_to_wire(t, &wire);
        if (wire.proto == PACKET_TCP && is_sound(&wire) && wire.n_outer == 0)
            tuple_sniff_in(t, &wire);
    } else {
        if (wire.quotes)
            n_quote = build_quote(s, &wire, quote);
        if (!(wire.attrs & ATTR_SRC))
            wire.src = s->script->config.remote;
        if (!(wire.attrs & ATTR_DST))
            wire.dst = s->script->config.local;
    }
    s->n_last_in = frame_build(&wire, first, n_quote ? quote : NULL, n_quote, s->last_in);
    if (s->t.netdev_send(s->t.userdata, s->last_in, s->n_last_in) != 0)
        stage_fail(s, e->line, "netdev_send failed");
}

/* ---- out ---- */

static bool in_time(const struct stage *s, const struct when *w, weft_time at)
{
    weft_time base = w->relative ? s->base : 0;

    return w->any || (at + s->tolerance >= base + w->lo && at <= base + w->hi + s->tolerance);
}

static const char *check(struct stage *s, struct tuple *t, const struct frame_view *v, size_t n)
{
    if (n > s->script->config.mtu)
        return "a datagram larger than the MTU";
    return t && t->proto == PACKET_TCP ? tuple_sniff_out(t, &v->packet, v->payload, s->script->config.mtu) : NULL;
}

static void compare(struct stage *s, const struct event *e, struct tuple *t, const struct packet *wire, weft_time at)
{
    struct packet actual = *wire;
    char expected[512], got[512], what[128];
    double due = (double)((e->when.relative ? s->base : 0) + e->when.lo) / 1e9;

    if (t && t->flow == 0 && !of_flow(s, wire->proto, e->packet.flow))
        t->flow = e->packet.flow;
    if (t) {
        tuple_learn_timestamp(t, &e->packet, wire);
        tuple_to_script(t, &actual, e->packet.attrs & ATTR_ABSOLUTE);
    }
    actual.attrs &= e->packet.attrs | ATTR_FRAG;
    packet_text(&e->packet, true, expected, sizeof expected);
    packet_text(&actual, true, got, sizeof got);
    if (packet_differs(&e->packet, &actual, what, sizeof what))
        stage_fail(s, e->line, "the packet differs: %s\n#   expected %10.6f %s\n#   actual   %10.6f %s", what, due,
                   expected, (double)at / 1e9, got);
    if (!in_time(s, &e->when, at))
        stage_fail(s, e->line, "%s at %.6f, expected at %.6f", got, (double)at / 1e9, due);
}

void stage_out(struct stage *s, const struct event *e)
{
    static uint8_t bytes[66000];
    size_t n = sizeof bytes;
    long long usecs;
    struct frame_view v;
    struct tuple *t;
    const char *bad;
    weft_time at;

    if (s->t.netdev_receive(s->t.userdata, bytes, &n, &usecs) != 0)
        stage_fail(s, e->line, "netdev_receive failed");
    at = (weft_time)(usecs - s->start) * WEFT_US;
    s->now = at > s->now ? at : s->now;
    bad = frame_read(bytes, n, &v);
    t = bad ? NULL : of_frame(s, &v.packet);
    if (!bad)
        bad = check(s, t, &v, n);
    if (bad)
        stage_fail(s, e->line, "weft sent %s", bad);
    if (at < s->skip_until) {
        stage_out(s, e);
        return;
    }
    compare(s, e, t, &v.packet, at);
    s->base = e->when.any || e->when.lo != e->when.hi ? at : (e->when.relative ? s->base : 0) + e->when.lo;
}
