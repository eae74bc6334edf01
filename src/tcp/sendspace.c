/* SPDX-License-Identifier: MIT */
/* The room in the send buffer; see sendspace.h. */
#include "tcp/sendspace.h"

uint32_t conn_notsent_lowat(const struct tcp_conn *c)
{
    uint32_t own = c->settings->notsent_lowat;

    return own ? own : (uint32_t)min_size(tcp_config(c->ep.stack)->notsent_lowat, UINT32_MAX);
}

/* What the bytes in the send buffer cost, as sndbuf.h counts it, in chunks of `chunk`. */
static inline uint32_t cost_of_queue(const struct tcp_conn *c, uint32_t unsent, uint32_t chunk)
{
    const struct tcp_work *w = c->work;
    uint32_t packets = w->sndmap.count + (unsent <= chunk ? unsent > 0 : (unsent + chunk - 1) / chunk);

    return (uint32_t)min_u64(w->sendq.bytes + (uint64_t)SNDBUF_PACKET * packets, UINT32_MAX);
}

struct sndbuf conn_send_buffer(const struct tcp_conn *c, uint32_t chunk)
{
    const struct tcp_work *w = c->work;
    struct seq end = seq_add(c->snd.una, w->sendq.bytes);
    uint32_t unsent = conn_unsent(c);

    return (struct sndbuf){
        .buffer = conn_send_limit(c),
        .cost = cost_of_queue(c, unsent, chunk),
        .unsent = unsent,
        .lowat = conn_notsent_lowat(c),
        .last = push_last(&w->push, c->snd.nxt, end),
        .chunk = chunk,
        .since = end.v - w->push.pushed.v,
        .half = c->snd.max_wnd / 2,
    };
}

bool conn_has_room(const struct tcp_conn *c, bool telling)
{
    uint32_t unsent, chunk, cost;

    if (!c->work)
        return true;
    unsent = conn_unsent(c);
    /* at least mss: that is one chunk */
    chunk = likely(unsent <= c->mss) ? c->mss : push_chunk(c->mss, c->snd.max_wnd);
    cost = cost_of_queue(c, unsent, chunk);
    return sndbuf_has_room(conn_send_limit(c), cost, unsent, conn_notsent_lowat(c), telling);
}

void conn_grow_send_buffer(struct tcp_conn *c)
{
    uint32_t want;

    if (c->sndbuf_fixed)
        return;
    want = sndbuf_for((uint32_t)min_u64((uint64_t)c->cc.cwnd * c->mss, UINT32_MAX), c->mss, c->peer_mss);
    want = min_u32(want, (uint32_t)tcp_config(c->ep.stack)->send_buffer_max);
    c->send_buffer = max_u32(c->send_buffer, want);
}
