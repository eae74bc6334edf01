/* SPDX-License-Identifier: MIT */
/* What a time-sequence graph shows, gathered from frames. */
#include "cmd/plot.h"

#include <string.h>

#include "cmd/ladder.h"

#define NO_SSTHRESH (UINT32_MAX / 2)

void plot_begin(struct plot *p, int side, weft_time origin)
{
    memset(p, 0, sizeof *p);
    p->side = side;
    p->origin = origin;
    p->wscale[0] = p->wscale[1] = -1;
    p->acked = p->window = p->cwnd = p->ssthresh = -1;
}

static void mark(struct plot *p, const struct plot_mark *m)
{
    if (p->n < PLOT_MARKS)
        p->mark[p->n++] = *m;
    else
        p->more = true;
}

/* The first SYN names the beginning; the window scale counts when both offer it. */
static void learn(struct plot *p, bool ours, const struct tcp_header *h, const struct tcp_options *o)
{
    if (!(h->flags & TCP_SYN))
        return;
    p->wscale[!ours] = o->wscale;
    p->scaled = p->wscale[0] >= 0 && p->wscale[1] >= 0;
    if (ours && !p->known) {
        p->known = true;
        p->isn = h->seq.v;
    }
}

static int64_t relative(const struct plot *p, struct seq s)
{
    return (int32_t)(s.v - p->isn);
}

/* Finds a segment between the two that the plot is about. */
static bool find(struct plot *p, bool ours, const uint8_t *frame, size_t n, size_t wire_len, struct ladder_tcp *t)
{
    if (!ladder_dissect(frame, n, wire_len, t))
        return false;
    if (!p->ours) {
        p->ours = ours ? t->src : t->dst;
        p->theirs = ours ? t->dst : t->src;
    }
    return (ours ? t->src : t->dst) == p->ours && (ours ? t->dst : t->src) == p->theirs;
}

void plot_sent(struct plot *p, weft_time at, const uint8_t *frame, size_t n, size_t wire_len)
{
    struct plot_mark m = {.at = at, .kind = PLOT_SENT};
    struct ladder_tcp t;

    if (!find(p, true, frame, n, wire_len, &t))
        return;
    learn(p, true, &t.h, &t.o);
    if (!p->known)
        return;
    t.len += ((t.h.flags & TCP_SYN) != 0) + ((t.h.flags & TCP_FIN) != 0);
    m.from = relative(p, t.h.seq);
    m.to = m.from + t.len;
    if (t.len == 0) {
        m.kind = PLOT_PROBE;
        if (m.from < p->highest && !(t.h.flags & TCP_RST))
            mark(p, &m);
        return;
    }
    m.again = m.from < p->highest;
    p->highest = m.to > p->highest ? m.to : p->highest;
    mark(p, &m);
}

void plot_lost(struct plot *p)
{
    if (p->n && p->mark[p->n - 1].kind == PLOT_SENT)
        p->mark[p->n - 1].lost = true;
}

/* A value that changed; *was keeps it. */
static void mark_change(struct plot *p, weft_time at, enum plot_kind kind, int64_t value, int64_t *was)
{
    if (value == *was)
        return;
    *was = value;
    mark(p, &(struct plot_mark){.at = at, .kind = kind, .to = value});
}

void plot_arrived(struct plot *p, weft_time at, const uint8_t *frame, size_t n, size_t wire_len)
{
    struct ladder_tcp t;
    uint32_t window, i;
    int64_t ack;

    if (!find(p, false, frame, n, wire_len, &t))
        return;
    learn(p, false, &t.h, &t.o);
    if (!p->known || !(t.h.flags & TCP_ACK) || (t.h.flags & TCP_RST))
        return;
    window = p->scaled && !(t.h.flags & TCP_SYN) ? (uint32_t)t.h.window << p->wscale[1] : t.h.window;
    ack = relative(p, t.h.ack);
    mark_change(p, at, PLOT_ACK, ack, &p->acked);
    mark_change(p, at, PLOT_WINDOW, ack + window, &p->window);
    for (i = 0; i < t.o.n_sack; i++)
        mark(p, &(struct plot_mark){at, PLOT_SACK, relative(p, t.o.sack[i].start), relative(p, t.o.sack[i].end), false,
                                    false});
}

void plot_cwnd(struct plot *p, weft_time at, uint32_t cwnd, uint32_t ssthresh)
{
    mark_change(p, at, PLOT_CWND, cwnd, &p->cwnd);
    if (ssthresh < NO_SSTHRESH)
        mark_change(p, at, PLOT_SSTHRESH, ssthresh, &p->ssthresh);
}
