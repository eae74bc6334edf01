/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.1: the user call OPEN, passive and active, and what leads to it: bind, listen, accept, connect. */
#include "tcp/account.h"
#include "tcp/calls.h"
#include "tcp/demux.h"
#include "tcp/lingering.h"
#include "tcp/path.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/work.h"

#define REUSE_AFTER WEFT_S /* in TIME-WAIT, before connect takes the pair: a tick of any timestamp clock */

/* ---- names and ports ---- */

/* Is it an address of ours, or "any"? */
static bool is_local(weft_stack *s, const struct weft_ip *ip)
{
    return ip_is_any(ip) || ip_is_loopback(ip) || if_by_address(s, ip);
}

/* Is it one that Linux would bind a stream to? There groups and everybody are among them (docs/sockets.md). */
static bool may_be_bound(weft_stack *s, const struct weft_ip *ip)
{
    return is_local(s, ip) || ip_is_multicast(ip) || ip_is_limited_broadcast(ip);
}

/* IP_FREEBIND: who listens at an address that is not ours yet is there when it is. */
static bool may_become_ours(const struct tcp_conn *c, const struct weft_ip *ip)
{
    return c->settings->rare.tell & RARE_FREEBIND && !ip_is_multicast(ip) && !ip_is_limited_broadcast(ip);
}

/* May connect take this pair out of TIME-WAIT? Its timestamps tell old segments from new ones (RFC 6191 §2, Linux). */
static bool may_reuse(const struct tcp *t, const struct timewait *w, const struct tcp_flow *flow, bool port_is_ours)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);
    bool loopback = ip_is_loopback(&flow->local.ip) || ip_is_loopback(&flow->remote.ip);

    if (timewait_expired(&t->time_wait, w, t->stack->now))
        return true;
    if (!w->has_ts || !k->timestamps || w->fin_wait_2)
        return false;
    if (port_is_ours) /* bound: the user asks for this very pair */
        return true;
    return (k->tw_reuse == 1 || (k->tw_reuse == 2 && loopback)) &&
           timewait_age(w, t->stack->now, 2 * k->msl) > REUSE_AFTER;
}

/* A pair that a connection may have. */
struct pair {
    uint32_t hash;       /* of its name */
    struct timewait *old; /* the record that goes then; NULL: none */
};

/* *p: what is asked about; its record is found out. */
static bool pair_is_taken(struct tcp *t, const struct tcp_flow *flow, struct pair *p, bool port_is_ours)
{
    struct tcp_found f;

    p->hash = demux_hash(t, flow);
    f = demux_find_hashed(t, flow, p->hash);
    p->old = f.any && f.tag == TCP_TAG_TIME_WAIT ? f.time_wait : NULL;
    return f.any && !(p->old && may_reuse(t, p->old, flow, port_is_ours));
}

struct port_question {
    struct tcp *t;
    const struct tcp_conn *c;
    struct tcp_flow flow; /* remote port 0: is the local port free at all? Else: is the pair? */
    struct pair pair;     /* the one that was asked about last */
};

static bool port_is_taken(void *ctx, uint16_t port)
{
    struct port_question *q = ctx;

    q->flow.local.port = port;
    if (demux_port_taken(q->t, q->c, &q->flow.local))
        return true;
    if (q->flow.remote.port == 0)
        return demux_port_in_use(q->t, port);
    return pair_is_taken(q->t, &q->flow, &q->pair, false);
}

/* *pair: the one that it makes, if there is a remote port. */
static int pick_port(const struct tcp_conn *c, struct tcp_flow *flow, struct pair *pair)
{
    struct tcp *t = conn_tcp(c);
    struct port_question q = {.t = t, .c = c, .flow = *flow};
    enum port_parity first = flow->remote.port ? PORT_EVEN : PORT_ODD;

    flow->local.port =
        port_pick(t->stack, c->settings->rare.ports, &flow->local.ip, &flow->remote, first, port_is_taken, &q);
    *pair = q.pair;
    return flow->local.port ? 0 : WEFT_EADDRINUSE;
}

/* Gives an unbound socket this address; port 0: any, or none yet when the user wants it so. */
static int bind_to(struct tcp_conn *c, const struct weft_addr *local, bool no_port)
{
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow = {*local, {ip_is_v4(&local->ip) ? weft_ipv4(0) : endpoint_any(&c->ep), 0}};
    struct pair pair;
    int err;

    if (flow.local.port == 0 && !no_port && (err = pick_port(c, &flow, &pair)) < 0)
        return err;
    err = demux_bind(t, c, &flow.local);
    if (err == 0)
        conn_name(c, &flow);
    return err;
}

int tcp_bind(weft_sock *e, const struct weft_addr *local)
{
    struct tcp_conn *c = conn_of(e);
    bool bound = c->bound || c->state != WEFT_TCP_CLOSED;

    /* of IPv4 Linux looks at the address first */
    if (bound && (e->v6 || may_be_bound(e->stack, &local->ip) || may_become_ours(c, &local->ip)))
        return WEFT_EINVAL;
    if (!is_local(e->stack, &local->ip) && !may_become_ours(c, &local->ip))
        return WEFT_EADDRNOTAVAIL;
    return bind_to(c, local, c->settings->rare.tell & RARE_NO_PORT);
}

/* ---- OPEN, passive ---- */

/* A listener needs a port, which a socket that was bound to an address alone does not have yet. */
static int bind_for_listening(struct tcp_conn *c)
{
    struct weft_addr local = {endpoint_any(&c->ep), 0};

    if (c->bound) {
        local = demux_binding(conn_tcp(c), c)->addr;
        if (local.port)
            return 0;
        demux_unbind(conn_tcp(c), c);
    }
    return bind_to(c, &local, false);
}

int tcp_listen(weft_sock *e, unsigned backlog)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
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
    if ((err = bind_for_listening(c)) < 0)
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
    demux_joins(t, c);
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
    c = conn_of(container_of(first, weft_sock, event));
    weft_assert(c->in_table, "what leaves the table leaves the queue");
    conn_leave_queue(c);
    if (unlikely(c->work && c->work->rested)) { /* it could not park, for want of a place for its alarm */
        c->work->rested = false;
        conn_settle(c);
    }
    c->ep.became = 0;
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

/* Fills in the source address and port of a connection to be, and what there is to know of the pair. */
static int complete_name(struct tcp_conn *c, struct tcp_flow *flow, struct ip_path *path, struct pair *pair)
{
    weft_stack *s = c->ep.stack;
    struct weft_ip first = way_first_hop(&c->settings->way, &flow->remote.ip);
    int err = conn_route(c, &first, path);

    if (err < 0)
        return err;
    if (!ip_may_speak(path, &flow->local.ip, &flow->remote.ip) || (flow_is_v6(flow) && !c->wide))
        return WEFT_ENETUNREACH;
    if (!is_local(s, &flow->local.ip)) /* which it may be bound to, and not speak for */
        return WEFT_ENETUNREACH;
    if (if_is_broadcast(path->ifp, &flow->remote.ip))
        return WEFT_ENETUNREACH;
    if (ip_is_any(&flow->local.ip))
        err = route_source_wished(s, path, &flow->remote.ip, c->settings->rare.prefer, &flow->local.ip);
    if (err < 0)
        return err;
    if (flow->local.port == 0)
        return pick_port(c, flow, pair) < 0 ? WEFT_EADDRNOTAVAIL : 0; /* all are taken: as Linux puts it */
    return pair_is_taken(conn_tcp(c), flow, pair, true) ? WEFT_EADDRNOTAVAIL : 0;
}

/* The pair may be in TIME-WAIT still: the record goes, and our numbers begin beyond what it may remind the peer of. */
ASIDE static void leave_time_wait(struct tcp *t, struct timewait *old, struct seq *above)
{
    *above = seq_add(old->snd_nxt, OLD_WINDOW);
    time_wait_end(t, old);
    stack_count(t->stack, WEFT_COUNT_tcp_time_wait_reused);
}

void tcp_forget_connection(struct tcp_conn *c)
{
    if (c->syn_acked) { /* what an earlier connection made of the buffer, and of the peer */
        struct rcvspace kept = c->rcvspace;

        rcvspace_init(&c->rcvspace, kept.fixed ? kept.buffer : (uint32_t)tcp_config(c->ep.stack)->receive_buffer);
        c->rcvspace.fixed = kept.fixed;
        c->pace.interactive = false;
    }
    c->syn_acked = c->fin_wanted = c->fin_sent = c->peer_fin = c->read_shut = false;
    c->ts_ok = c->sack_ok = c->passive = false;
    c->snd_wscale = c->rcv_wscale = c->keepalive_sent = c->bare_in = c->bare_out = 0;
    c->ecn = (struct ecn){0};
    c->pace = (struct ack_pace){.interactive = c->pace.interactive};
    c->soft_error = 0;
    c->unresolved = false;
    c->rcv_mss = TCP_DEFAULT_MSS_V4;
    c->challenged = c->heard = c->spoke = 0;
    memset(&c->snd, 0, sizeof c->snd);
    memset(&c->rcv, 0, sizeof c->rcv);
    rtt_init(&c->rtt);
    c->recovered_here = 0;
    c->window_old = c->reordered = false;
    c->reordering = (uint16_t)tcp_config(c->ep.stack)->reordering;
}

/* above: the least initial number, NULL: any. */
static void start_opening(struct tcp_conn *c, const struct tcp_flow *flow, const struct seq *above)
{
    struct tcp *t = conn_tcp(c);
    struct flow_offsets offsets = tcp_offsets(t, flow);

    tcp_forget_connection(c);
    account_close(c);
    c->ep.error = 0; /* how the last one ended is no news of this one */
    c->ts_offset = offsets.ts;
    c->snd.una = isn(offsets.isn, t->stack->now);
    if (above)
        c->snd.una = seq_max(c->snd.una, *above);
    c->snd.nxt = seq_add(c->snd.una, 1);
    c->peer_mss = c->v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;
    conn_update_mss(c);
    sndmap_init(&c->work->sndmap, c->snd.una);
    c->work->syn_due = !c->work->syn_waits;
    state_set(c, WEFT_TCP_SYN_SENT);
    stack_count(t->stack, WEFT_COUNT_tcp_active_opens);
    conn_settle(c);
}

static int already(const struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_SYN_SENT || c->state == WEFT_TCP_SYN_RECEIVED)
        return WEFT_EALREADY;
    return c->state == WEFT_TCP_LISTEN && tcp_config(c->ep.stack)->bsd_errors ? WEFT_EOPNOTSUPP : WEFT_EISCONN;
}

/* An any-address as the peer, as BSD and Linux read it. */
static struct weft_ip ourselves(const struct weft_ip *any)
{
    return ip_is_v4(any) ? weft_ipv4(0x7f000001) : (struct weft_ip){.b = {[15] = 1}};
}

/* What it was called before, for when nothing comes of its new name. */
struct old_name {
    union tcp_key key;
    bool v6;
};

static struct old_name name_of(const struct tcp_conn *c)
{
    struct old_name n = {.v6 = c->v6};

    key_copy(&n.key, &c->key, n.v6);
    return n;
}

SELDOM static void take_name_back(struct tcp_conn *c, const struct old_name *old)
{
    struct tcp_flow flow = key_unpack(&old->key, old->v6);

    conn_name(c, &flow);
}

/* early: data is wanted in the SYN. */
static int open_active(weft_sock *e, const struct weft_addr *peer, bool early)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow;
    struct ip_path path = {0};
    int err = check_peer(peer);
    struct seq above;
    struct pair pair;
    struct old_name before;

    if (c->state != WEFT_TCP_CLOSED)
        return already(c);
    if (err == 0 && conn_has_ended(c) && tcp_config(e->stack)->bsd_errors)
        err = WEFT_ECONNREFUSED;
    if (err < 0)
        return err;
    flow.local = bound_address(c);
    flow.remote = *peer;
    if (ip_is_any(&flow.remote.ip))
        flow.remote.ip = ourselves(&flow.remote.ip);
    err = complete_name(c, &flow, &path, &pair);
    if (err < 0)
        return err;
    if (!conn_fresh_work(c))
        return WEFT_ENOMEM;
    c->work->path = path;
    before = name_of(c);
    conn_name(c, &flow);
    if (pair.old)
        leave_time_wait(t, pair.old, &above);
    if (!demux_insert(t, c, pair.hash)) {
        take_name_back(c, &before);
        return WEFT_ENOMEM;
    }
    t->recent = c; /* the answer is likely to be what comes next */
    c->work->early = early;
    c->work->syn_waits = early && early_may_send(c);
    start_opening(c, &flow, pair.old ? &above : NULL);
    return c->work->syn_waits ? 0 : WEFT_EINPROGRESS;
}

int tcp_connect(weft_sock *e, const struct weft_addr *peer)
{
    struct tcp_conn *c = conn_of(e);

    return open_active(e, peer, c->settings->fastopen_connect && (tcp_config(e->stack)->fastopen & 1));
}

int tcp_connect_early(weft_sock *e, const struct weft_addr *peer)
{
    if (!(tcp_config(e->stack)->fastopen & 1))
        return WEFT_EOPNOTSUPP;
    if (conn_of(e)->state != WEFT_TCP_CLOSED)
        return already(conn_of(e));
    return peer ? open_active(e, peer, true) : WEFT_EINVAL; /* as Linux has it */
}
