/* SPDX-License-Identifier: MIT */
/* A connection's path; see path.h. */
#include "tcp/path.h"

#define SMALLEST_MSS 36 /* the least payload that every path takes beside 32 bytes of header (RFC 791) */

int conn_route(const struct tcp_conn *c, const struct weft_ip *dst, struct ip_path *path)
{
    unsigned bound = (unsigned)c->settings->rare.interface;
    weft_if *by;

    if (likely(!bound))
        return likely(route_recall(c->ep.stack, dst, path)) ? 0 : route_lookup(c->ep.stack, dst, path);
    by = if_by_index(c->ep.stack, bound);
    return by ? route_lookup_by(c->ep.stack, dst, by, path) : WEFT_ENETUNREACH;
}

/* route_refresh for a socket that keeps to an interface. */
ASIDE static int refresh_bound(const struct tcp_conn *c, const struct weft_ip *dst, struct ip_path *path)
{
    int err = conn_route(c, dst, path);

    if (!err && !path->ifp->up)
        err = WEFT_ENETDOWN;
    if (err)
        path->ifp = NULL;
    return err;
}

int conn_refresh_path(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct tcp_flow flow;
    struct weft_ip first;
    int err;

    if (likely(path_is_fresh(&w->path, c->ep.stack->routes.generation, conn_now(c))))
        return 0;
    flow = conn_flow(c);
    first = way_first_hop(&c->settings->way, &flow.remote.ip);
    err = c->settings->rare.interface ? refresh_bound(c, &first, &w->path)
                                      : route_refresh(c->ep.stack, &first, &w->path);
    if (err == 0)
        conn_update_mss(c);
    return err;
}

bool conn_heeds_path(const struct tcp_conn *c)
{
    return c->v6 ? c->path_discovery < WEFT_PMTUDISC_INTERFACE
                 : c->path_discovery == WEFT_PMTUDISC_WANT || c->path_discovery == WEFT_PMTUDISC_DO;
}

/* What the path carries; whoever does not discover it goes by the link alone. */
static uint32_t known_mtu(const struct tcp_conn *c, const struct ip_path *path)
{
    return conn_heeds_path(c) ? path_mtu(path) : path->ifp->mtu;
}

uint32_t conn_path_mtu(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;
    struct tcp_flow flow = conn_flow(c);
    struct ip_path path = {0};

    if (w && w->path.ifp)
        return known_mtu(c, &w->path);
    else if (flow.remote.port && conn_route(c, &flow.remote.ip, &path) == 0)
        return known_mtu(c, &path);
    return 0;
}

uint16_t conn_receive_mss(const struct ip_path *path, bool v6)
{
    uint32_t mtu;

    if (!path->ifp) /* the route has just gone: promise what every path takes */
        return v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;
    mtu = min_u32(path->ifp->mtu, 65535);
    return (uint16_t)(mtu - (v6 ? IPV6_HEADER : IPV4_HEADER) - TCP_HEADER);
}

/*
 * A segment no larger than half of the peer's largest window lets it acknowledge one while the other is under way, as
 * Linux has it. Windows that were tiny from the start count whole.
 */
static uint32_t within_half_the_window(const struct tcp_conn *c, uint32_t mss)
{
    uint32_t most = c->snd.max_wnd > TCP_DEFAULT_MSS_V4 ? c->snd.max_wnd / 2 : c->snd.max_wnd;

    return most && mss > most ? max_u32(most, SMALLEST_MSS) : mss;
}

uint32_t conn_most_mss(const struct tcp_conn *c)
{
    uint32_t mss = c->peer_mss;

    if (c->work && c->work->path.ifp)
        mss = min_u32(mss, min_u32(known_mtu(c, &c->work->path), 65535) - (c->v6 ? IPV6_HEADER : IPV4_HEADER) -
                               TCP_HEADER);
    return mss;
}

ASIDE void conn_update_mss(struct tcp_conn *c)
{
    uint32_t mss = conn_most_mss(c);

    if (unlikely(c->work && c->work->search.on))
        mss = min_u32(mss, c->work->search.low);
    mss -= c->ts_ok ? TS_OPTION : 0;
    /* MUST-16: what the headers carry besides takes its part of the segment. */
    mss -= min_u32(mss - 1, c->v6 ? extensions_len(&c->settings->extensions) : way_len(&c->settings->way));
    c->mss = (uint16_t)within_half_the_window(c, mss);
    if (c->work)
        c->work->planned = false;
}
