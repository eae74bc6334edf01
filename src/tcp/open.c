/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.1: the user call OPEN, passive and active, and what leads to it: bind, listen, accept, connect. */
#include "tcp/calls.h"
#include "tcp/conn.h"

/* ---- names and ports ---- */

/* Is it an address of ours, or "any"? */
static bool is_local(weft_stack *s, const struct weft_ip *ip)
{
    return ip_is_any(ip) || ip_is_loopback(ip) || if_by_address(s, ip);
}

struct port_question {
    struct tcp *t;
    const struct tcp_conn *c;
    struct tcp_flow flow; /* remote port 0: is the local port free at all? Else: is the pair? */
};

static bool port_is_taken(void *ctx, uint16_t port)
{
    struct port_question *q = ctx;

    q->flow.local.port = port;
    if (demux_port_taken(q->t, q->c, &q->flow.local))
        return true;
    return q->flow.remote.port ? demux_find(q->t, &q->flow).any : demux_flow_uses(q->t, q->c, &q->flow.local);
}

static int pick_port(const struct tcp_conn *c, struct tcp_flow *flow)
{
    struct tcp *t = conn_tcp(c);
    struct port_question q = {t, c, *flow};

    flow->local.port = port_pick(t->stack, &flow->local.ip, &flow->remote, &t->port_counter, port_is_taken, &q);
    return flow->local.port ? 0 : WEFT_EADDRINUSE;
}

int tcp_bind(weft_sock *e, const struct weft_addr *local)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow = {*local, {ip_is_v4(&local->ip) ? weft_ipv4(0) : endpoint_any(e), 0}};
    int err;

    if (c->bound || c->state != WEFT_TCP_CLOSED)
        return WEFT_EINVAL;
    if (!is_local(t->stack, &local->ip))
        return WEFT_EADDRNOTAVAIL;
    if (flow.local.port == 0 && (err = pick_port(c, &flow)) < 0)
        return err;
    err = demux_bind(t, c, &flow.local);
    if (err == 0)
        conn_name(c, &flow);
    return err;
}

/* ---- OPEN, passive ---- */

int tcp_listen(weft_sock *e, unsigned backlog)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct weft_addr any = {endpoint_any(e), 0};
    struct tcp_flow flow;
    struct tcp_listen *l;
    int err;

    backlog = min_u32(backlog, tcp_config(t->stack)->max_backlog);
    if (c->state == WEFT_TCP_LISTEN) {
        c->listen->backlog = backlog;
        return 0;
    }
    if (c->state != WEFT_TCP_CLOSED || c->work)
        return WEFT_EINVAL;
    if (!c->bound && (err = tcp_bind(e, &any)) < 0)
        return err;
    flow = conn_flow(c);
    if (demux_listen_conflict(t, c, &flow.local))
        return WEFT_EADDRINUSE;
    l = mem_alloc(&t->stack->mem, MEM_conn, sizeof *l);
    if (!l)
        return WEFT_ENOMEM;
    *l = (struct tcp_listen){.backlog = backlog, .cookies_at = WEFT_NEVER};
    l->number = listeners_add(&t->listeners, &t->stack->mem, c);
    if (!l->number) {
        mem_free(&t->stack->mem, MEM_conn, l, sizeof *l);
        return WEFT_ENOMEM;
    }
    list_init(&l->accept);
    c->listen = l;
    c->peer_mss = 0; /* of an earlier connection */
    state_set(c, WEFT_TCP_LISTEN);
    return 0;
}

weft_sock *tcp_accept(weft_sock *e, struct weft_addr *peer, int *err)
{
    struct tcp_conn *l = conn_of(e), *c;
    struct list *first;

    if (l->state != WEFT_TCP_LISTEN) {
        *err = WEFT_EINVAL;
        return NULL;
    }
    first = list_pop_front(&l->listen->accept);
    if (!first) {
        *err = WEFT_EAGAIN;
        return NULL;
    }
    l->listen->waiting--;
    c = container_of(first, struct tcp_conn, link);
    c->parent = NULL;
    if (!c->in_table)
        list_push_back(&conn_tcp(c)->loose, &c->link);
    if (peer)
        *peer = conn_flow(c).remote;
    if (conn_readable(c)) /* what was told before it had an owner was told to nobody */
        endpoint_notify(&c->ep, conn_readable(c));
    return &c->ep;
}

/* ---- OPEN, active ---- */

static int check_peer(const struct weft_addr *peer)
{
    if (peer->port == 0)
        return WEFT_EADDRNOTAVAIL;
    if (ip_is_multicast(&peer->ip) || ip_is_limited_broadcast(&peer->ip))
        return WEFT_ENETUNREACH; /* MUST-46 */
    return 0;
}

/* What the user has bound. What an earlier connection chose beyond that is no choice of the next one's (MUST-45). */
static struct weft_addr bound_address(struct tcp_conn *c)
{
    const struct tcp_binding *b = c->bound ? demux_binding(conn_tcp(c), c) : NULL;

    return b ? b->addr : (struct weft_addr){endpoint_any(&c->ep), 0};
}

/* Fills in the source address and port of a connection to be. */
static int complete_name(struct tcp_conn *c, struct tcp_flow *flow, struct ip_path *path)
{
    weft_stack *s = c->ep.stack;
    int err = route_lookup(s, &flow->remote.ip, path);

    if (err < 0)
        return err;
    if (!ip_may_speak(path, &flow->local.ip, &flow->remote.ip) || (flow_is_v6(flow) && !c->wide))
        return WEFT_ENETUNREACH;
    if (if_is_broadcast(path->ifp, &flow->remote.ip))
        return WEFT_EACCES;
    if (ip_is_any(&flow->local.ip) && (err = route_source(s, path, &flow->remote.ip, &flow->local.ip)) < 0)
        return err;
    if (flow->local.port == 0)
        return pick_port(c, flow) < 0 ? WEFT_EADDRNOTAVAIL : 0; /* all are taken: as Linux puts it */
    return demux_find(conn_tcp(c), flow).any ? WEFT_EADDRNOTAVAIL : 0;
}

void tcp_forget_connection(struct tcp_conn *c)
{
    if (c->syn_acked) { /* what an earlier connection made of the buffer */
        struct rcvspace kept = c->rcvspace;

        rcvspace_init(&c->rcvspace, kept.fixed ? kept.buffer : (uint32_t)tcp_config(c->ep.stack)->receive_buffer);
        c->rcvspace.fixed = kept.fixed;
    }
    c->syn_acked = c->fin_wanted = c->fin_sent = c->peer_fin = c->read_shut = false;
    c->ts_ok = c->sack_ok = c->want_write = c->passive = false;
    c->snd_wscale = c->rcv_wscale = c->keepalive_sent = 0;
    c->pace = (struct ack_pace){.interactive = c->pace.interactive && !c->syn_acked};
    c->soft_error = 0;
    c->path_mss = 0;
    c->rcv_mss = TCP_DEFAULT_MSS_V4;
    c->challenged = c->heard = c->spoke = 0;
    memset(&c->snd, 0, sizeof c->snd);
    memset(&c->rcv, 0, sizeof c->rcv);
    rtt_init(&c->rtt);
    c->recovered_here = c->reordered = false;
    c->reordering = (uint16_t)tcp_config(c->ep.stack)->reordering;
}

static void start_opening(struct tcp_conn *c, const struct tcp_flow *flow)
{
    struct tcp *t = conn_tcp(c);

    tcp_forget_connection(c);
    account_close(c);
    c->ts_offset = ts_offset(t->ts_key, &flow->local, &flow->remote);
    c->snd.una = isn(t->isn_key, &flow->local, &flow->remote, t->stack->now);
    c->snd.nxt = seq_add(c->snd.una, 1);
    c->peer_mss = c->v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;
    conn_update_mss(c);
    sndmap_init(&c->work->sndmap, c->snd.una);
    c->work->syn_due = true;
    state_set(c, WEFT_TCP_SYN_SENT);
    stack_count(t->stack, WEFT_COUNT_tcp_active_opens);
    conn_settle(c);
}

static int already(const struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_SYN_SENT || c->state == WEFT_TCP_SYN_RECEIVED)
        return WEFT_EALREADY;
    return WEFT_EISCONN; /* a listener too, as on Linux */
}

/* An any-address as the peer, as BSD and Linux read it. */
static struct weft_ip ourselves(const struct weft_ip *any)
{
    return ip_is_v4(any) ? weft_ipv4(0x7f000001) : (struct weft_ip){.b = {[15] = 1}};
}

int tcp_connect(weft_sock *e, const struct weft_addr *peer)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow = conn_flow(c), unnamed = flow;
    struct ip_path path = {0};
    int err = check_peer(peer);

    if (c->state != WEFT_TCP_CLOSED)
        return already(c);
    if (err < 0)
        return err;
    flow.local = bound_address(c);
    flow.remote = *peer;
    if (ip_is_any(&flow.remote.ip))
        flow.remote.ip = ourselves(&flow.remote.ip);
    err = complete_name(c, &flow, &path);
    if (err < 0)
        return err;
    if (!conn_fresh_work(c))
        return WEFT_ENOMEM;
    c->work->path = path;
    conn_name(c, &flow);
    if (!demux_insert(t, c, demux_hash(t, &flow))) {
        conn_name(c, &unnamed);
        return WEFT_ENOMEM;
    }
    start_opening(c, &flow);
    return WEFT_EINPROGRESS;
}
