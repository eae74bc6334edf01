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

void plot_sent(struct plot *p, weft_time at, const uint8_t *frame, size_t n, size_t wire_len)
{
    struct tcp_options o = TCP_NO_OPTIONS;
    struct plot_mark m = {.at = at, .kind = PLOT_SENT};
    struct tcp_header h;
    uint32_t len;

    if (!ladder_dissect(frame, n, wire_len, &h, &o, &len))
        return;
    learn(p, true, &h, &o);
    len += ((h.flags & TCP_SYN) != 0) + ((h.flags & TCP_FIN) != 0);
    if (!p->known)
        return;
    m.from = relative(p, h.seq);
    m.to = m.from + len;
    if (len == 0) {
        m.kind = PLOT_PROBE;
        if (m.from < p->highest && !(h.flags & TCP_RST))
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
    struct tcp_options o = TCP_NO_OPTIONS;
    struct tcp_header h;
    uint32_t len, window, i;
    int64_t ack;

    if (!ladder_dissect(frame, n, wire_len, &h, &o, &len))
        return;
    learn(p, false, &h, &o);
    if (!p->known || !(h.flags & TCP_ACK) || (h.flags & TCP_RST))
        return;
    window = p->scaled && !(h.flags & TCP_SYN) ? (uint32_t)h.window << p->wscale[1] : h.window;
    ack = relative(p, h.ack);
    mark_change(p, at, PLOT_ACK, ack, &p->acked);
    mark_change(p, at, PLOT_WINDOW, ack + window, &p->window);
    for (i = 0; i < o.n_sack; i++)
        mark(p, &(struct plot_mark){at, PLOT_SACK, relative(p, o.sack[i].start), relative(p, o.sack[i].end), false,
                                    false});
}

void plot_cwnd(struct plot *p, weft_time at, uint32_t cwnd, uint32_t ssthresh)
{
    mark_change(p, at, PLOT_CWND, cwnd, &p->cwnd);
    if (ssthresh < NO_SSTHRESH)
        mark_change(p, at, PLOT_SSTHRESH, ssthresh, &p->ssthresh);
}
