/* SPDX-License-Identifier: MIT */
/*
 * The corridor's side of the search for what a path carries: when it begins, when a probe is worth sending, and what
 * follows from its fate. The conditions are Linux's (net.ipv4.tcp_mtu_probing).
 */
#include "tcp/pathmtu.h"

#include "tcp/path.h"

#define PROBING_CWND 11 /* segments: with less a lost probe would be found out by a time-out only */

static struct path_search_limits limits_of(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    return (struct path_search_limits){
        .base = k->base_mss,
        .floor = max_u32(k->mtu_probe_floor, k->min_mss),
        .threshold = k->probe_threshold,
        .interval = k->probe_interval,
    };
}

void conn_search_path(struct tcp_conn *c)
{
    struct path_search_limits limits = limits_of(c);

    if (unlikely(tcp_config(c->ep.stack)->mtu_probing == 2 && c->work))
        path_search_start(&c->work->search, conn_most_mss(c), &limits, conn_now(c));
}

void conn_suspect_path(struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct path_search_limits limits = limits_of(c);

    if (likely(!k->mtu_probing || c->work->retries <= k->retries_1))
        return;
    path_search_black_hole(&c->work->search, conn_most_mss(c), &limits, conn_now(c));
    conn_update_mss(c);
}

/* Would its loss be found out by what follows it, and could nothing else be the reason? */
static bool is_calm(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return w->recovery.state == RECOVERY_OPEN && c->cc.cwnd >= PROBING_CWND && w->reasm.count == 0 &&
           conn_pipe(c) + 2 <= c->cc.cwnd && !conn_is_urgent(c) && !w->path.fragment;
}

uint32_t conn_probe_len(struct tcp_conn *c, uint32_t unsent, uint32_t room)
{
    struct path_search_limits limits = limits_of(c);
    uint32_t options = c->ts_ok ? TS_OPTION : 0, size, needed;

    if (!is_calm(c))
        return 0;
    size = path_search_next(&c->work->search, conn_most_mss(c), &limits, conn_now(c));
    if (size <= c->mss + options)
        return 0;
    needed = size - options + (c->reordering + 1u) * c->mss;
    if (unsent < needed || room < needed || push_reach(&c->work->push, c->snd.nxt, unsent) < size - options)
        return 0;
    return size - options;
}

void conn_probe_sent(struct tcp_conn *c, const struct tcp_plan *plan)
{
    path_search_sent(&c->work->search, plan->len + (c->ts_ok ? TS_OPTION : 0), plan->seq,
                     seq_add(plan->seq, plan->len));
}

void conn_probe_acknowledged(struct tcp_conn *c)
{
    uint32_t before = c->mss;

    if (!path_search_passed(&c->work->search, c->snd.una))
        return;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_mtu_probes_passed);
    conn_update_mss(c);
    if (c->mss <= before)
        return;
    c->cc.ssthresh = cc_remember(&c->cc);
    c->cc.cwnd = max_u32((uint32_t)((uint64_t)c->cc.cwnd * before / c->mss), 1); /* as many bytes as before, no more */
}

bool conn_probe_lost(struct tcp_conn *c)
{
    if (!path_search_misses(&c->work->search, c->snd.una))
        return false;
    path_search_failed(&c->work->search);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_mtu_probes_failed);
    return true;
}
