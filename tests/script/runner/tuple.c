/* SPDX-License-Identifier: MIT */
/* See tuple.h. */
#include "tuple.h"

#include <string.h>

/* Sequence arithmetic of RFC 9293 §3.4: a lies after b. */
static bool after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* ---- numbers ---- */

static void options_to_wire(const struct tuple *t, struct packet *p)
{
    for (size_t i = 0; i < p->n_options; i++) {
        struct option *o = &p->option[i];

        if (o->kind == OPT_TS && o->b != 0)
            o->b += t->ts_base;
        for (unsigned k = 0; k < o->n_blocks; k++) {
            o->block[k][0] += t->isn;
            o->block[k][1] += t->isn;
        }
    }
}

void tuple_to_wire(const struct tuple *t, struct packet *p)
{
    if (!(p->attrs & ATTR_SRC))
        p->src = t->remote;
    if (!(p->attrs & ATTR_DST))
        p->dst = t->local;
    if (!(p->attrs & ATTR_SPORT))
        p->sport = t->remote_port;
    if (!(p->attrs & ATTR_DPORT))
        p->dport = t->local_port;
    if (p->proto != PACKET_TCP || p->attrs & ATTR_ABSOLUTE)
        return;
    p->seq += t->remote_isn;
    p->end += t->remote_isn;
    if (p->has_ack)
        p->ack += t->isn;
    options_to_wire(t, p);
}

/* A reset that answers a segment without ACK has sequence number zero, whatever our numbers are (RFC 9293 §3.5.2). */
static bool has_bare_zero(const struct packet *p)
{
    return (p->flags & TCP_R) && p->has_ack && p->seq == 0;
}

void tuple_to_script(const struct tuple *t, struct packet *p, bool absolute)
{
    if (t->flow)
        p->flow = t->flow;
    if (p->proto != PACKET_TCP || p->attrs & ATTR_FRAG || absolute)
        return;
    if (!has_bare_zero(p)) {
        p->seq -= t->isn;
        p->end -= t->isn;
    }
    if (p->has_ack)
        p->ack -= t->remote_isn;
    for (size_t i = 0; i < p->n_options; i++) {
        struct option *o = &p->option[i];

        if (o->kind == OPT_TS)
            o->a -= t->ts_base;
        for (unsigned k = 0; k < o->n_blocks; k++) {
            o->block[k][0] -= t->remote_isn;
            o->block[k][1] -= t->remote_isn;
        }
    }
}

uint32_t tuple_stream_offset(const struct packet *p)
{
    if (p->proto != PACKET_TCP)
        return 0;
    return p->seq + (p->flags & TCP_S ? 1 : 0) - 1;
}

void tuple_learn_timestamp(struct tuple *t, const struct packet *expected, const struct packet *sent)
{
    const struct option *e = option_find(expected, OPT_TS), *s = option_find(sent, OPT_TS);

    if (t->has_ts || !e || !s || e->any_a)
        return;
    t->has_ts = true;
    t->ts_base = s->a - e->a;
}

/* ---- the sniffer ---- */

static void begin_incarnation(struct tuple *t, const struct packet *p)
{
    t->has_isn = true;
    t->has_ts = false;
    t->ts_base = 0;
    t->isn = p->seq;
    t->sniff = (struct sniffer){.active = !p->has_ack, .peer.mss = p->v6 ? 1220 : 536, .next = p->seq};
    if (p->has_ack)
        t->sniff.peer = t->last_syn;
}

static const char *sniff_syn(struct tuple *t, const struct packet *p)
{
    struct sniffer *s = &t->sniff;
    const struct option *scale = option_find(p, OPT_WSCALE);
    bool fresh = !t->has_isn || p->seq != t->isn;

    if (fresh && t->has_isn && s->next != t->isn && !after(p->seq, s->next - 1))
        return "an initial sequence number that is not above the last incarnation's (MAY-2, RFC 6191)";
    if (fresh)
        begin_incarnation(t, p);
    s->offered_ts = option_find(p, OPT_TS);
    s->offered_scale = scale;
    s->offered_sack = option_find(p, OPT_SACK_OK);
    s->our_shift = scale ? scale->a : 0;
    if (s->our_shift > 14)
        return "a window shift above 14 (R7323-2.2)";
    if (!p->has_ack)
        return NULL;
    if (s->offered_ts && !s->peer.ts)
        return "timestamps in a SYN,ACK to a SYN without";
    if (s->offered_scale && !s->peer.scale)
        return "window scale in a SYN,ACK to a SYN without";
    if (s->offered_sack && !s->peer.sack)
        return "SACK permitted in a SYN,ACK to a SYN without";
    return NULL;
}

static const char *sniff_options(const struct sniffer *s, const struct packet *p)
{
    bool agreed = s->offered_ts && s->peer.ts;

    if (option_find(p, OPT_MSS))
        return "MSS in a segment without SYN (MUST-65)";
    if (option_find(p, OPT_WSCALE) || option_find(p, OPT_SACK_OK))
        return "an option of SYNs in a segment without SYN";
    if (p->flags & TCP_R)
        return NULL;
    if (agreed && !option_find(p, OPT_TS))
        return "the agreed timestamp is missing (R7323-3.2)";
    if (!agreed && option_find(p, OPT_TS))
        return "a timestamp that was not agreed";
    if (option_find(p, OPT_SACK) && !(s->offered_sack && s->peer.sack))
        return "SACK blocks that were not agreed";
    return NULL;
}

/* weft sends this much whatever smaller MSS a peer asks for (CVE-2019-11479). */
#define MSS_FLOOR 216

/* RFC 9293 §3.7.1: payload and options together obey the smaller of the peer's MSS and the link's (MUST-14, -16). */
static const char *sniff_size(const struct sniffer *s, const struct packet *p, uint32_t mtu)
{
    uint32_t link = mtu - (p->v6 ? 60 : 40), most = s->peer.mss < link ? s->peer.mss : link;

    if (most < MSS_FLOOR)
        most = MSS_FLOOR;
    if (p->len && p->len + option_bytes(p) > most)
        return "a segment larger than the MSS allows (MUST-14, MUST-16)";
    if (p->len && s->seen_peer_edge && after(p->seq + p->len, s->peer_edge + 1))
        return "data beyond the window (only a probe may send one byte there)";
    return NULL;
}

/* Rounding to the scale may pull the edge back by less than one unit (RFC 7323 §2.4), and nothing else may. */
static const char *sniff_receiver(struct sniffer *s, const struct packet *p)
{
    uint32_t shift = p->flags & TCP_S || !s->peer.scale ? 0 : s->our_shift;
    uint32_t edge = p->ack + ((uint32_t)p->win << shift);

    if (!p->has_ack)
        return "a segment without ACK in a synchronized state";
    if (s->seen_ack && after(s->ack, p->ack))
        return "an acknowledgment that moved back";
    if (s->seen_edge && after(s->edge, edge + (1u << shift) - 1))
        return "the right window edge moved left (SHLD-14)";
    if (!s->seen_edge || after(edge, s->edge))
        s->edge = edge;
    s->seen_ack = s->seen_edge = true;
    s->ack = p->ack;
    return NULL;
}

/* RFC 3168 §6.1.1: agreed by both SYNs; marked is new text alone. */
static const char *sniff_ecn(struct sniffer *s, const struct packet *p)
{
    if (p->flags & TCP_AE)
        return "the flag of accurate ECN (RFC 9768)";
    if (p->ecn && (p->flags & TCP_S || p->len == 0 || after(s->next, p->seq)))
        return "a mark on what is no new text (R3168-6.1.1)";
    if (p->flags & TCP_S)
        s->offered_ecn |= (p->flags & TCP_E) != 0;
    else if ((p->ecn || p->flags & (TCP_E | TCP_W)) && !(s->offered_ecn && s->peer.ecn))
        return "ECN that was not agreed (R3168-6.1.1)";
    return NULL;
}

static const char *sniff_stream(struct tuple *t, const struct packet *p, const uint8_t *payload)
{
    struct sniffer *s = &t->sniff;
    uint32_t end = p->seq + p->len, first = p->seq - t->isn + (p->flags & TCP_S ? 1 : 0) - 1;

    for (uint32_t i = 0; i < p->len; i++)
        if (payload[i] != packet_pattern(first + i, true))
            return "payload that is not what was written there";
    if (s->seen_fin && ((p->len && after(end, s->fin)) || (p->flags & TCP_F && end != s->fin)))
        return "data or FIN beyond the FIN";
    if (p->flags & TCP_F) {
        s->seen_fin = true;
        s->fin = end;
    }
    end += (p->flags & TCP_S ? 1 : 0) + (p->flags & TCP_F ? 1 : 0);
    if (after(end, s->next))
        s->next = end;
    return NULL;
}

const char *tuple_sniff_out(struct tuple *t, const struct packet *p, const uint8_t *payload, uint32_t mtu)
{
    const struct option *ts = option_find(p, OPT_TS);
    const char *bad;

    if (p->flags & TCP_S)
        bad = sniff_syn(t, p);
    else
        bad = sniff_options(&t->sniff, p);
    if (ts)
        t->last_ts = ts->a;
    if (bad || !t->has_isn || p->flags & TCP_R)
        return bad;
    t->sniff.synchronized |= !(p->flags & TCP_S);
    if ((bad = sniff_ecn(&t->sniff, p)))
        return bad;
    if ((p->flags & ~(unsigned)(TCP_E | TCP_W)) != TCP_S && (bad = sniff_receiver(&t->sniff, p)))
        return bad;
    bad = sniff_size(&t->sniff, p, mtu);
    return bad ? bad : sniff_stream(t, p, payload);
}

static void sniff_peer_syn(struct tuple *t, const struct packet *p)
{
    const struct option *mss = option_find(p, OPT_MSS), *scale = option_find(p, OPT_WSCALE);

    t->last_syn = (struct peer_syn){
        .ecn = p->flags & TCP_E && !(p->flags & TCP_W) == p->has_ack,
        .ts = option_find(p, OPT_TS),
        .sack = option_find(p, OPT_SACK_OK),
        .scale = scale,
        .shift = !scale ? 0 : scale->a > 14 ? 14 : scale->a,
        .mss = mss ? mss->a : ip_is_v4(&p->src) ? 536 : 1220,
    };
    if (t->sniff.active && !t->sniff.synchronized)
        t->sniff.peer = t->last_syn;
}

void tuple_sniff_in(struct tuple *t, const struct packet *p)
{
    struct sniffer *s = &t->sniff;
    bool scaled = !(p->flags & TCP_S) && s->offered_scale && s->peer.scale;
    uint32_t edge = p->ack + ((uint32_t)p->win << (scaled ? s->peer.shift : 0));

    if (p->flags & TCP_R)
        return;
    if (p->flags & TCP_S)
        sniff_peer_syn(t, p);
    if (!p->has_ack)
        return;
    if (!s->seen_peer_edge || after(edge, s->peer_edge))
        s->peer_edge = edge;
    s->seen_peer_edge = true;
}
