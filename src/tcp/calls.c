/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.1-6: the user calls OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS, as the sockets layer puts them. */
#include "tcp/conn.h"

#include "tcp/options.h"

/* ---- names ---- */

static void names(const weft_sock *e, struct weft_addr *local, struct weft_addr *peer)
{
    struct tcp_flow flow = conn_flow(conn_of(e));

    *local = flow.local;
    *peer = flow.remote;
}

/* Is it an address of ours, or "any"? */
static bool is_local(weft_stack *s, const struct weft_ip *ip)
{
    return ip_is_any(ip) || ip_is_loopback(ip) || if_by_address(s, ip);
}

struct port_question {
    struct tcp *t;
    struct tcp_flow flow; /* remote port 0: is the local port free at all? Else: is the pair? */
};

static bool port_is_taken(void *ctx, uint16_t port)
{
    struct port_question *q = ctx;

    q->flow.local.port = port;
    if (demux_port_taken(q->t, &q->flow.local))
        return true;
    return q->flow.remote.port ? demux_find(q->t, &q->flow).any : demux_flow_uses(q->t, &q->flow.local);
}

static int pick_port(struct tcp *t, struct tcp_flow *flow)
{
    struct port_question q = {t, *flow};

    flow->local.port = port_pick(t->stack, &flow->local.ip, &flow->remote, &t->port_counter, port_is_taken, &q);
    return flow->local.port ? 0 : WEFT_EADDRINUSE;
}

static int tcp_bind(weft_sock *e, const struct weft_addr *local)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow = {*local, {weft_ipv4(0), 0}};
    int err;

    if (c->bound || c->state != WEFT_TCP_CLOSED)
        return WEFT_EINVAL;
    if (!is_local(t->stack, &local->ip))
        return WEFT_EADDRNOTAVAIL;
    if (flow.local.port == 0 && (err = pick_port(t, &flow)) < 0)
        return err;
    err = demux_bind(t, c, &flow.local);
    if (err == 0)
        conn_name(c, &flow);
    return err;
}

/* ---- OPEN, passive ---- */

static int tcp_listen(weft_sock *e, unsigned backlog)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp *t = conn_tcp(c);
    struct weft_addr any = {weft_ipv4(0), 0};
    struct tcp_flow flow;
    struct tcp_listen *l;
    int err;

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
    *l = (struct tcp_listen){.backlog = backlog};
    list_init(&l->accept);
    c->listen = l;
    c->peer_mss = 0; /* of an earlier connection */
    state_set(c, WEFT_TCP_LISTEN);
    return 0;
}

/* Is there something to read, or its end? */
static unsigned readable(const struct tcp_conn *c)
{
    unsigned ready = (c->work && c->work->recvq.bytes) || c->peer_fin || c->read_shut ? WEFT_READABLE : 0;

    return ready | (c->peer_fin ? WEFT_PEER_CLOSED : 0);
}

static weft_sock *tcp_accept(weft_sock *e, struct weft_addr *peer, int *err)
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
    if (readable(c)) /* what was told before it had an owner was told to nobody */
        endpoint_notify(&c->ep, readable(c));
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

    return b ? b->addr : (struct weft_addr){weft_ipv4(0), 0};
}

/* Fills in the source address and port of a connection to be. */
static int complete_name(struct tcp_conn *c, struct tcp_flow *flow, struct ip_path *path)
{
    weft_stack *s = c->ep.stack;
    struct tcp *t = conn_tcp(c);
    int err = route_lookup(s, &flow->remote.ip, path);

    if (err < 0)
        return err;
    if (if_is_broadcast(path->ifp, &flow->remote.ip))
        return WEFT_EACCES;
    if (ip_is_any(&flow->local.ip) && (err = route_source(s, path, &flow->remote.ip, &flow->local.ip)) < 0)
        return err;
    if (flow->local.port == 0)
        return pick_port(t, flow) < 0 ? WEFT_EADDRNOTAVAIL : 0; /* all are taken: as Linux puts it */
    return demux_find(t, flow).any ? WEFT_EADDRNOTAVAIL : 0;
}

/* A socket may connect again after its connection has ended: nothing of that may show. */
static void forget_last_connection(struct tcp_conn *c)
{
    c->syn_acked = c->fin_wanted = c->fin_sent = c->peer_fin = c->read_shut = false;
    c->ts_ok = c->sack_ok = c->want_write = c->passive = false;
    c->snd_wscale = c->rcv_wscale = c->keepalive_sent = 0;
    c->quick = (uint8_t)tcp_config(c->ep.stack)->quick_acks;
    c->soft_error = 0;
    c->path_mss = 0;
    c->rcv_mss = TCP_DEFAULT_MSS_V4;
    c->challenged = c->heard = c->spoke = 0;
    memset(&c->snd, 0, sizeof c->snd);
    memset(&c->rcv, 0, sizeof c->rcv);
    rtt_init(&c->rtt);
}

static void start_opening(struct tcp_conn *c, const struct tcp_flow *flow)
{
    struct tcp *t = conn_tcp(c);

    forget_last_connection(c);
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
    return c->state == WEFT_TCP_LISTEN ? WEFT_EINVAL : WEFT_EISCONN;
}

static int tcp_connect(weft_sock *e, const struct weft_addr *peer)
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
        flow.remote.ip = weft_ipv4(0x7f000001); /* as BSD and Linux read it */
    err = complete_name(c, &flow, &path);
    if (err < 0)
        return err;
    if (!conn_fresh_work(c))
        return WEFT_ENOMEM;
    c->work->path = path;
    conn_name(c, &flow);
    if (!demux_insert(t, c)) {
        conn_name(c, &unnamed);
        return WEFT_ENOMEM;
    }
    start_opening(c, &flow);
    return WEFT_EINPROGRESS;
}

/* ---- SEND ---- */

static int cannot_send(struct tcp_conn *c)
{
    if (c->ep.error)
        return endpoint_take_error(&c->ep);
    if (c->fin_wanted)
        return WEFT_EPIPE;
    if (c->state == WEFT_TCP_SYN_SENT || c->state == WEFT_TCP_SYN_RECEIVED)
        return WEFT_EAGAIN;
    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_LISTEN)
        return c->syn_acked ? WEFT_EPIPE : WEFT_ENOTCONN;
    return state_can_send(c->state) ? 0 : WEFT_EPIPE;
}

/* Copies what there is room for; returns how many bytes. */
static uint32_t queue_bytes(struct tcp_conn *c, const struct weft_iov *iov, size_t n)
{
    struct tcp_work *w = c->work;
    weft_stack *s = c->ep.stack;
    uint32_t taken = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t room = c->send_buffer > w->sendq.bytes ? c->send_buffer - w->sendq.bytes : 0;
        uint32_t want = (uint32_t)min_size(iov[i].len, room);
        uint32_t got = want ? sendq_write(&w->sendq, &s->mem, &s->blocks, iov[i].base, want, 0) : 0;

        taken += got;
        if (got < iov[i].len)
            break;
    }
    return taken;
}

static int64_t tcp_send(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned flags,
                        const struct weft_addr *to)
{
    struct tcp_conn *c = conn_of(e);
    int err = cannot_send(c);
    size_t asked = 0;
    uint32_t taken;

    (void)to; /* a connected stream ignores it, as BSD does */
    if (err < 0)
        return err;
    if (flags & WEFT_MSG_OOB)
        return WEFT_EOPNOTSUPP;
    for (size_t i = 0; i < n; i++)
        asked += iov[i].len;
    if (asked == 0)
        return 0;
    if (!conn_work(c))
        return WEFT_ENOMEM;
    c->work->starved = false;
    taken = queue_bytes(c, iov, n);
    c->work->more = flags & WEFT_MSG_MORE;
    /* A user who was not cut short but sees no room by tcp_ready waits for it just the same. */
    c->want_write = taken < asked || c->work->sendq.bytes > c->send_buffer - c->send_buffer / 3;
    conn_settle(c);
    if (taken)
        return taken;
    return c->work && c->work->sendq.bytes >= c->send_buffer ? WEFT_EAGAIN : WEFT_ENOMEM;
}

/* ---- RECEIVE ---- */

/* Nothing to read: is that the end, an error, or a matter of time? */
static int64_t nothing_to_read(struct tcp_conn *c)
{
    if (c->ep.error)
        return endpoint_take_error(&c->ep);
    if (c->peer_fin || c->read_shut)
        return 0;
    if (c->state == WEFT_TCP_LISTEN || (c->state == WEFT_TCP_CLOSED && !c->syn_acked))
        return WEFT_ENOTCONN;
    return c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT ? 0 : WEFT_EAGAIN;
}

/* The user made room: does the peer have to hear of it now? */
static bool is_window_update_due(struct tcp_conn *c)
{
    struct seq edge;

    if (!state_can_receive(c->state))
        return false;
    transmit_window(c, &edge);
    return rcvwnd_worth_telling(c->rcv.edge, edge, c->rcv.nxt, min_u32(c->receive_buffer, 65535u << c->rcv_wscale),
                                c->rcv_mss);
}

static void after_reading(struct tcp_conn *c)
{
    bool due = is_window_update_due(c);

    if (due) {
        ackpolicy_now(&c->work->ack);
        c->work->starved = false;
    }
    if (due || conn_is_quiet(c)) /* else nothing has changed for the link or the timers */
        conn_settle(c);
}

static int64_t tcp_recv(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                        unsigned *out_flags)
{
    struct tcp_conn *c = conn_of(e);
    bool peek = flags & WEFT_MSG_PEEK;
    size_t got;

    (void)from, (void)out_flags;
    if (flags & WEFT_MSG_OOB)
        return WEFT_EINVAL; /* no urgent mark is kept: as a BSD socket without urgent data */
    if (c->state == WEFT_TCP_LISTEN || !c->work || c->work->recvq.bytes == 0)
        return nothing_to_read(c);
    got = recvq_read(&c->work->recvq, &e->stack->mem, iov, n, peek);
    if (!peek)
        after_reading(c);
    return (int64_t)got;
}

/* ---- CLOSE and ABORT ---- */

/* We send no more: FIN behind what is queued. */
static int stop_sending(struct tcp_conn *c)
{
    if (c->fin_wanted)
        return 0;
    if (!conn_work(c))
        return WEFT_ENOMEM;
    c->fin_wanted = true;
    c->work->starved = c->work->more = false;
    state_set(c, c->state == WEFT_TCP_CLOSE_WAIT ? WEFT_TCP_LAST_ACK : WEFT_TCP_FIN_WAIT_1);
    return 0;
}

static bool may_still_send(const struct tcp_conn *c)
{
    return state_can_send(c->state) || c->state == WEFT_TCP_SYN_RECEIVED;
}

static int tcp_shutdown(weft_sock *e, enum weft_shut how)
{
    struct tcp_conn *c = conn_of(e);
    int err = 0;

    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_SYN_SENT)
        return WEFT_ENOTCONN;
    if (how != WEFT_SHUT_WR) {
        c->read_shut = true;
        endpoint_notify(e, WEFT_READABLE);
    }
    if (how != WEFT_SHUT_RD && may_still_send(c))
        err = stop_sending(c);
    conn_settle(c);
    return err;
}

/* The accept queue and the half-open records of a listener go with it; those who wait are told by a reset. */
static void close_listener(struct tcp_conn *l)
{
    struct tcp *t = conn_tcp(l);
    struct list *link;

    half_open_forget(t, l);
    while ((link = list_first(&l->listen->accept))) {
        struct tcp_conn *c = container_of(link, struct tcp_conn, link);

        if (c->state != WEFT_TCP_CLOSED && c->state != WEFT_TCP_TIME_WAIT)
            transmit_reset(c);
        conn_finish(c, 0); /* it leaves the queue, has no user, and is freed */
    }
    mem_free(&t->stack->mem, MEM_conn, l->listen, sizeof *l->listen);
    l->listen = NULL;
    state_set(l, WEFT_TCP_CLOSED);
    half_open_timer(t);
}

/* Is anything left that the peer must be told about? */
static bool is_over(const struct tcp_conn *c)
{
    return c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT;
}

static void tcp_abort(weft_sock *e)
{
    struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        close_listener(c);
    if (is_over(c)) {
        conn_free(c);
        return;
    }
    if (c->state != WEFT_TCP_SYN_SENT)
        transmit_reset(c);
    c->orphan = true;
    conn_finish(c, 0);
}

static void tcp_close(weft_sock *e)
{
    struct tcp_conn *c = conn_of(e);
    bool unread = c->state != WEFT_TCP_LISTEN && c->work && c->work->recvq.bytes;

    if (c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_SYN_SENT || is_over(c) || unread || c->linger_reset) {
        tcp_abort(e);
        return;
    }
    if (may_still_send(c) && stop_sending(c) < 0) {
        tcp_abort(e); /* no memory to close in order: at least the peer is told */
        return;
    }
    c->orphan = true;
    c->keepalive = false;
    e->cookie = NULL;
    c->quiet_deadline = WEFT_NEVER;
    if (c->state == WEFT_TCP_FIN_WAIT_2)
        c->quiet_deadline = time_after(conn_now(c), tcp_config(e->stack)->fin_wait_2);
    list_remove(&e->event);
    e->became = 0;
    conn_settle(c);
}

/* ---- STATUS ---- */

static unsigned tcp_ready(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);
    unsigned ready = c->ep.error ? WEFT_ERROR | WEFT_READABLE | WEFT_WRITABLE : 0;

    if (c->state == WEFT_TCP_LISTEN)
        return ready | (c->listen->waiting ? WEFT_READABLE : 0);
    ready |= readable(c);
    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return ready | WEFT_READABLE | WEFT_WRITABLE | WEFT_HANGUP;
    if (c->fin_wanted)
        return ready | WEFT_WRITABLE | (c->peer_fin ? WEFT_HANGUP : 0);
    if (state_can_send(c->state) && (!c->work || c->work->sendq.bytes <= c->send_buffer - c->send_buffer / 3))
        ready |= WEFT_WRITABLE;
    return ready;
}

static size_t tcp_unread(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        return c->listen->waiting;
    return c->work ? c->work->recvq.bytes : 0;
}

static size_t tcp_unsent(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        return c->listen->backlog;
    return c->work ? c->work->sendq.bytes : 0;
}

static enum weft_tcp_state tcp_state(const weft_sock *e) { return conn_of(e)->state; }

const struct sock_ops tcp_sock_ops = {
    .proto = WEFT_TCP,
    .bind = tcp_bind,
    .listen = tcp_listen,
    .accept = tcp_accept,
    .connect = tcp_connect,
    .send = tcp_send,
    .recv = tcp_recv,
    .shutdown = tcp_shutdown,
    .close = tcp_close,
    .abort = tcp_abort,
    .setopt = tcp_setopt,
    .getopt = tcp_getopt,
    .ready = tcp_ready,
    .names = names,
    .unread = tcp_unread,
    .unsent = tcp_unsent,
    .state = tcp_state,
    .timer = timeouts_fire,
};
