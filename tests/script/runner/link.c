/* SPDX-License-Identifier: MIT */
/* See lab.h: the script's end of the link. Which packets belong to which flow is decided here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

/* ---- tuples ---- */

static struct tuple *tuple_add(struct lab *lab, enum packet_proto proto, uint16_t local_port, uint16_t remote_port)
{
    struct tuple *t = calloc(1, sizeof(*t)), **at = &lab->tuples;

    if (!t)
        abort();
    *t = (struct tuple){
        .proto = proto,
        .local = lab->script->config.local,
        .remote = lab->script->config.remote,
        .local_port = local_port,
        .remote_port = remote_port,
        .remote_isn = lab->options->remote_isn,
        .sniff.peer.mss = ip_is_v4(&lab->script->config.local) ? 536 : 1220,
    };
    while (*at)
        at = &(*at)->next;
    return *at = t;
}

static struct tuple *tuple_of_frame(struct lab *lab, const struct packet *p)
{
    struct tuple *t;

    if (p->proto == PACKET_ICMP || p->attrs & ATTR_FRAG)
        return NULL;
    for (t = lab->tuples; t; t = t->next)
        if (t->proto == p->proto && t->local_port == p->sport && t->remote_port == p->dport)
            return t;
    t = tuple_add(lab, p->proto, p->sport, p->dport);
    t->local = p->src;
    t->remote = p->dst;
    return t;
}

static struct tuple *tuple_of_flow(struct lab *lab, enum packet_proto proto, int flow)
{
    for (struct tuple *t = lab->tuples; t; t = t->next)
        if (t->proto == proto && t->flow == flow)
            return t;
    return NULL;
}

/* A flow that the script speaks of: known, or one that weft began and nobody has spoken of yet, or a new one. */
static struct tuple *tuple_claim(struct lab *lab, enum packet_proto proto, int flow)
{
    struct tuple *t = tuple_of_flow(lab, proto, flow);

    if (!t)
        t = tuple_of_flow(lab, proto, 0);
    if (!t)
        t = tuple_add(lab, proto, lab->script->config.port, (uint16_t)(40000 + flow));
    t->flow = flow;
    return t;
}

/* ---- in ---- */

static void show(const struct lab *lab, weft_time at, const struct packet *p, bool outbound)
{
    char text[1024];

    if (lab->options->verbose)
        printf("# %12.6f %s\n", (double)at / 1e9, packet_text(p, outbound, text, sizeof(text)));
}

/* What an ICMP error of the script's quotes: a header of ours with its first eight bytes. */
static size_t build_quote(struct lab *lab, const struct packet *p, uint8_t *buf)
{
    static uint8_t whole[LAB_FRAME_MAX];
    struct tuple *t = tuple_claim(lab, p->quote_proto, p->flow);
    size_t n = ip_is_v4(&t->local) ? 28 : 48;
    struct packet q = {
        .proto = p->quote_proto,
        .flow = p->flow,
        .seq = p->quote_seq + t->isn,
        .flags = TCP_A,
        .len = p->quote_len,
        .src = t->local,
        .dst = t->remote,
        .sport = t->local_port,
        .dport = t->remote_port,
        .attrs = ATTR_DF,
    };

    frame_build(&q, 0, NULL, 0, whole);
    memcpy(buf, whole, n);
    return n;
}

static bool is_sound(const struct packet *p)
{
    return !(p->attrs & ~(unsigned)(ATTR_TTL | ATTR_TOS | ATTR_ECN | ATTR_LABEL | ATTR_ID | ATTR_DF | ATTR_IPOPT | ATTR_GARBAGE));
}

/* FO * is the cookie that weft gave. */
static void fill_cookies(const struct lab *lab, struct packet *p)
{
    for (size_t i = 0; i < p->n_options; i++) {
        struct option *o = &p->option[i];

        if ((o->kind == OPT_FO || o->kind == OPT_FOEXP) && o->any_a) {
            enum option_kind kind = o->kind;

            *o = lab->cookie[kind == OPT_FOEXP];
            o->kind = kind;
        }
    }
}

static void keep_cookies(struct lab *lab, const struct packet *p)
{
    for (size_t i = 0; i < p->n_options; i++)
        if ((p->option[i].kind == OPT_FO || p->option[i].kind == OPT_FOEXP) && p->option[i].n_hex)
            lab->cookie[p->option[i].kind == OPT_FOEXP] = p->option[i];
}

static size_t build_in(struct lab *lab, const struct packet *script, uint8_t *buf)
{
    struct packet wire = *script;
    uint8_t quote[64];
    size_t n_quote = 0;

    if (script->proto != PACKET_ICMP) {
        struct tuple *t = tuple_claim(lab, script->proto, script->flow);

        fill_cookies(lab, &wire);
        tuple_to_wire(t, &wire);
        if (wire.proto == PACKET_TCP && is_sound(&wire) && wire.n_outer == 0)
            tuple_sniff_in(t, &wire);
        return frame_build(&wire, tuple_stream_offset(script), NULL, 0, buf);
    }
    if (script->quotes)
        n_quote = build_quote(lab, script, quote);
    if (!(wire.attrs & ATTR_SRC))
        wire.src = lab->script->config.remote;
    if (!(wire.attrs & ATTR_DST))
        wire.dst = lab->script->config.local;
    return frame_build(&wire, 0, n_quote ? quote : NULL, n_quote, buf);
}

static void note_drops(struct lab *lab)
{
    for (int i = 0; i < WEFT_DROP_COUNT; i++)
        lab->drops_before[i] = weft_drops(lab->stack, (enum weft_drop)i);
}

void lab_release(struct lab *lab)
{
    if (lab->n_held) {
        note_drops(lab);
        weft_input(lab->ifp, lab->held, lab->n_held, lab->now + lab->script->config.epoch);
    }
    lab->n_held = 0;
    lab->holding = false;
    lab_settle(lab);
}

void lab_inject(struct lab *lab, const struct event *e)
{
    weft_pkt *pkt;

    show(lab, lab->now, &e->packet, false);
    lab->n_last_in = build_in(lab, &e->packet, lab->last_in);
    pkt = weft_pkt_new(lab->stack, lab->n_last_in);
    if (!pkt) {
        weft_count_drop(lab->stack, WEFT_DROP_no_memory);
        if (!lab->lenient)
            lab_fail(lab, e->line, "no memory for a packet");
        return;
    }
    memcpy(weft_pkt_data(pkt), lab->last_in, lab->n_last_in);
    weft_pkt_set_len(pkt, lab->n_last_in);
    if (e->packet.attrs & ATTR_FRAG)
        lab->n_last_in = 0;
    lab->held[lab->n_held++] = pkt;
    if (lab->holding && lab->n_held < sizeof(lab->held) / sizeof(lab->held[0]))
        return;
    lab_release(lab);
}

/* ---- out ---- */

/* RFC 1122 §3.2.2: what an error quotes is the beginning of what came in, unchanged (R1122-3.2.2c). */
static const char *check_quote(const struct lab *lab, const struct frame_view *v)
{
    if (!v->quote || !lab->n_last_in)
        return NULL;
    if (v->n_quote > lab->n_last_in || (v->n_quote < (v->packet.v6 ? 48 : 28) && v->n_quote < lab->n_last_in))
        return "an ICMP error with a quote of a wrong length";
    if (memcmp(v->quote, lab->last_in, v->n_quote) != 0)
        return "an ICMP error whose quote is not what came in (R1122-3.2.2c)";
    return v->n_quote > (v->packet.v6 ? 1232 : 548) ? "an ICMP error of more than 576 (IPv6: 1,280) bytes" : NULL;
}

static const char *check_payload(const struct frame_view *v)
{
    bool out = v->packet.proto != PACKET_ICMP || (icmp_is_echo(&v->packet) && v->packet.type != 0 && v->packet.type != 129);

    for (uint32_t i = 0; v->payload && i < v->packet.len; i++)
        if (v->payload[i] != packet_pattern(i, out))
            return "payload that is not what was written";
    return NULL;
}

static bool is_loopback(const struct weft_ip *ip)
{
    static const struct weft_ip v6 = {{[15] = 1}};

    return ip_same(ip, &v6) || (ip_is_v4(ip) && ip->b[12] == 127);
}

static const char *check_frame(struct lab *lab, struct frame *f, const struct frame_view *v, size_t n)
{
    const struct packet *p = &v->packet;

    if (n > lab->script->config.mtu)
        return "a datagram larger than the link's MTU";
    if (is_loopback(&p->src) || is_loopback(&p->dst))
        return "an address of 127/8 on the wire (R1122-3.2.1.3b)";
    if (f->tuple && f->tuple->proto == PACKET_TCP)
        return tuple_sniff_out(f->tuple, p, v->payload, lab->script->config.mtu);
    return p->proto == PACKET_ICMP && v->quote ? check_quote(lab, v) : check_payload(v);
}

/* A packet of weft's in the script's numbers, with only those header attributes that were asked for. */
static struct packet in_script(const struct frame *f, unsigned attrs)
{
    struct packet p = f->wire;

    if (f->tuple)
        tuple_to_script(f->tuple, &p, attrs & ATTR_ABSOLUTE);
    p.attrs &= attrs | ATTR_FRAG | (attrs & ATTR_NO_DF ? ATTR_DF : 0u);
    p.attrs |= attrs & (ATTR_SRC | ATTR_DST | ATTR_SPORT | ATTR_DPORT); /* these every packet has */
    return p;
}

static void pull_one(struct lab *lab, weft_pkt *pkt)
{
    static uint8_t bytes[LAB_FRAME_MAX];
    struct frame *f = calloc(1, sizeof(*f));
    struct frame_view v;
    struct packet script;
    size_t n = weft_pkt_copy(pkt, 0, bytes, sizeof(bytes));
    const char *bad;

    if (!f)
        abort();
    bad = frame_read(bytes, n, &v);
    f->at = lab->now;
    f->wire = v.packet;
    f->tuple = bad ? NULL : tuple_of_frame(lab, &v.packet);
    *lab->last = f;
    lab->last = &f->next;
    if (!bad)
        bad = check_frame(lab, f, &v, n);
    script = in_script(f, 0);
    show(lab, f->at, &script, true);
    if (bad) {
        char text[1024];

        lab_fail(lab, 0, "weft sent %s\n    at %.6f %s", bad, (double)f->at / 1e9,
                 packet_text(&script, true, text, sizeof(text)));
    }
}

void lab_pull_one(struct lab *lab)
{
    weft_pkt *pkt;

    if (weft_output(lab->ifp, &pkt, 1, lab->now + lab->script->config.epoch) == 0)
        return;
    pull_one(lab, pkt);
    weft_pkt_release(pkt);
}

void lab_pull(struct lab *lab)
{
    weft_pkt *out[64];
    size_t n, rounds = 0;

    while ((n = weft_output(lab->ifp, out, 64, lab->now + lab->script->config.epoch)) > 0) {
        for (size_t i = 0; i < n; i++) {
            pull_one(lab, out[i]);
            weft_pkt_release(out[i]);
        }
        if (++rounds > 10000) {
            lab_fail(lab, 0, "weft sends without end at %.6f", (double)lab->now / 1e9);
            return;
        }
    }
}

struct frame *lab_take_frame(struct lab *lab)
{
    struct frame *f = lab->first;

    if (!f)
        return NULL;
    lab->first = f->next;
    if (!lab->first)
        lab->last = &lab->first;
    return f;
}

/* ---- expectations ---- */

static void format_when(const struct lab *lab, const struct when *w, char *buf, size_t n)
{
    weft_time base = w->relative ? lab->base : 0;

    if (w->any)
        snprintf(buf, n, "any time");
    else if (w->lo == w->hi)
        snprintf(buf, n, "%.6f", (double)(base + w->lo) / 1e9);
    else
        snprintf(buf, n, "%.6f~%.6f", (double)(base + w->lo) / 1e9, (double)(base + w->hi) / 1e9);
}

/* Expected and actual line, and marks below what differs. */
static void fail_match(struct lab *lab, const struct event *e, const struct frame *f, const struct packet *actual,
                       const char *what)
{
    char expected_text[512], actual_text[512] = "nothing", marks[512] = "", when[64];
    double at = (double)lab->now / 1e9, late = 0;

    format_when(lab, &e->when, when, sizeof(when));
    if (f) {
        at = (double)f->at / 1e9;
        late = at * 1e3 - (double)((e->when.relative ? lab->base : 0) + e->when.lo) / 1e6;
        packet_text(actual, true, actual_text, sizeof(actual_text));
        packet_marks(actual, true, packet_difference(&e->packet, actual), marks, sizeof(marks));
    }
    packet_text(&e->packet, true, expected_text, sizeof(expected_text));
    lab_fail(lab, e->line, "%s\n    expected %16s  %s\n    actual   %16.6f  %s%s%s\n    time     %+16.3f ms", what, when,
             expected_text, at, actual_text, marks[0] ? "\n                               " : "", marks,
             f && !e->when.any ? late : 0.0);
}

static void claim_frame(struct lab *lab, struct frame *f, const struct packet *expected)
{
    if (!f->tuple)
        return;
    keep_cookies(lab, &f->wire);
    if (f->tuple->flow == 0 && !tuple_of_flow(lab, f->wire.proto, expected->flow))
        f->tuple->flow = expected->flow;
    tuple_learn_timestamp(f->tuple, expected, &f->wire);
}

/* The tolerance grows with the time since the event before, when the script says so. */
static weft_time tolerance_of(const struct lab *lab, const struct when *w)
{
    weft_time base = w->relative ? lab->base : 0, gap = base + w->lo > lab->base ? base + w->lo - lab->base : 0;
    weft_time more = gap / 100 * lab->script->config.tolerance_percent;

    return more > lab->tolerance ? more : lab->tolerance;
}

static bool in_time(const struct lab *lab, const struct when *w, weft_time at)
{
    weft_time base = w->relative ? lab->base : 0, tolerance = tolerance_of(lab, w);

    return w->any || (at + tolerance >= base + w->lo && at <= base + w->hi + tolerance);
}

static void match(struct lab *lab, const struct event *e, struct frame *f)
{
    struct packet actual;
    char what[128], text[160];

    claim_frame(lab, f, &e->packet);
    actual = in_script(f, e->packet.attrs);
    if (packet_differs(&e->packet, &actual, what, sizeof(what))) {
        snprintf(text, sizeof(text), "the packet differs: %s", what);
        fail_match(lab, e, f, &actual, text);
    } else if (!in_time(lab, &e->when, f->at)) {
        fail_match(lab, e, f, &actual, "the right packet at the wrong time");
    }
    lab->base = e->when.any || e->when.lo != e->when.hi ? f->at : (e->when.relative ? lab->base : 0) + e->when.lo;
}

/* Nothing is expected; but numbers are learnt, and time passes as the script says. */
static void lenient_out(struct lab *lab, const struct event *e)
{
    weft_time base = e->when.relative ? lab->base : 0;
    struct frame *f;

    lab_run_until(lab, e->when.any ? lab->now + 10 * WEFT_S : base + e->when.hi, e->when.any);
    f = lab_take_frame(lab);
    if (f)
        claim_frame(lab, f, &e->packet);
    free(f);
    lab->base = lab->now;
}

void lab_expect(struct lab *lab, const struct event *e)
{
    weft_time base = e->when.relative ? lab->base : 0;
    struct frame *f;

    if (lab->lenient) {
        lenient_out(lab, e);
        return;
    }
    if (!lab->first)
        lab_run_until(lab, e->when.any ? WEFT_NEVER : base + e->when.hi + tolerance_of(lab, &e->when), true);
    f = lab_take_frame(lab);
    if (!f)
        fail_match(lab, e, NULL, NULL, "nothing was sent");
    else
        match(lab, e, f);
    free(f);
}

void lab_check_leftover(struct lab *lab)
{
    struct packet script;
    char text[1024];

    lab_pull(lab);
    if (lab->lenient || !lab->first)
        return;
    script = in_script(lab->first, 0);
    lab_fail(lab, 0, "a packet that no line expects\n    actual   %12.6f  %s", (double)lab->first->at / 1e9,
             packet_text(&script, true, text, sizeof(text)));
}
