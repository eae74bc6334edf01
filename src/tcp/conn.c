/* SPDX-License-Identifier: MIT */
/* The life of a connection and of its rooms; see conn.h. */
#include "tcp/conn.h"

#define SMALLEST_MSS 36 /* the least payload that every path takes beside 32 bytes of header (RFC 791) */

static void conn_defaults(struct tcp_conn *c, const struct weft_tcp_config *k)
{
    c->send_buffer = (uint32_t)k->send_buffer;
    rcvspace_init(&c->rcvspace, (uint32_t)k->receive_buffer);
    c->settings = &settings_default;
    c->path_discovery = WEFT_PMTUDISC_WANT;
    c->cc_number = (uint8_t)cc_default(k->congestion_control);
    c->reordering = (uint16_t)k->reordering;
    c->rcv_mss = TCP_DEFAULT_MSS_V4;
}

struct tcp_conn *conn_new(struct tcp *t, enum weft_family family, bool wide)
{
    size_t size = offsetof(struct tcp_conn, key) + key_size(wide);
    struct tcp_conn *c = slab_alloc(wide ? &t->conn6 : &t->conn4);

    if (!c)
        return NULL;
    memset(c, 0, size);
    endpoint_init(&c->ep, t->stack, &tcp_sock_ops, family);
    c->v6 = c->wide = wide;
    c->state = WEFT_TCP_CLOSED;
    rtt_init(&c->rtt);
    conn_defaults(c, tcp_config(t->stack));
    list_push_back(&t->loose, &c->loose);
    return c;
}

void conn_name(struct tcp_conn *c, const struct tcp_flow *flow)
{
    weft_assert(!c->in_table, "the table finds it by this name");
    c->v6 = flow_is_v6(flow);
    weft_assert(c->wide || !c->v6, "sockets of IPv4 are given its addresses only");
    key_pack(&c->key, flow, c->v6);
}

void conn_start_pacer(struct tcp_conn *c)
{
    uint32_t sent = c->stats ? c->stats->data_segs_out : c->spoke ? PACER_FREE : 0;

    c->work->pacer = (struct pacer){.segments = min_u32(sent, PACER_FREE)};
}

static void work_init(struct tcp_work *w, struct tcp_conn *c, weft_time quiet)
{
    memset(w, 0, sizeof *w);
    alarm_init(&w->alarm, conn_tcp(c)->timer_kind, c);
    list_init(&w->sender.link);
    w->sender.pull = transmit_pull;
    sendq_init(&w->sendq);
    recvq_init(&w->recvq);
    recvq_limit(&w->recvq, c->rcvspace.buffer);
    reasm_init(&w->reasm);
    sndmap_begin(&w->sndmap, c->snd.una);
    w->recovery.guard = c->recovered_here;
    w->recovery.high = c->snd.una;
    rack_init(&w->rack);
    w->usage.full_at = c->spoke;
    w->usage.until = c->snd.una;
    ackpolicy_init(&w->ack);
    rcvtune_init(&w->rcvtune);
    push_init(&w->push, c->snd.una);
    w->urgent_end = c->snd.una;
    w->small_end = c->snd.una;
    w->wl1 = seq_sub(c->rcv.nxt, c->window_old);
    w->syn_sent_at = WEFT_NEVER;
    for (unsigned i = 0; i < TCP_TIMER_COUNT; i++)
        w->deadline[i] = WEFT_NEVER;
    w->deadline[TCP_TIMER_QUIET] = quiet;
}

ASIDE struct tcp_work *conn_borrow_work(struct tcp_conn *c)
{
    struct tcp_work *w = slab_alloc(&conn_tcp(c)->work);

    if (w) {
        work_init(w, c, conn_quiet_until(c));
        conn_set_quiet(c, WEFT_NEVER); /* the rooms have it now */
        c->work = w;
        conn_start_pacer(c);
    }
    return w;
}

static void give_back_work(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct mem *m = &c->ep.stack->mem;

    if (!w)
        return;
    timer_remove(&c->ep.stack->wheel, &w->alarm.timer);
    list_remove(&w->sender.link);
    sendq_clear(&w->sendq, m);
    recvq_clear(&w->recvq, m);
    reasm_clear(&w->reasm, m);
    sndmap_clear(&w->sndmap, m);
    slab_free(&conn_tcp(c)->work, w);
    c->work = NULL;
}

struct tcp_work *conn_fresh_work(struct tcp_conn *c)
{
    give_back_work(c);
    return conn_work(c);
}

/* Nothing queued, in flight, unread, out of order, owed or promised? */
bool conn_is_quiet(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    if (w->sendq.bytes || w->recvq.bytes || w->reasm.count || ackpolicy_wants(&w->ack) || w->peer_fin_known ||
        w->urgent.state != URGENT_NONE)
        return false;
    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return true;
    if (conn_in_flight(c) || w->syn_due || w->probe_due || (c->fin_wanted && !c->fin_sent) || !c->syn_acked ||
        c->fast_open)
        return false;
    return w->deadline[TCP_TIMER_ACK] == WEFT_NEVER && !pacer_holds(&w->pacer, conn_now(c));
}

/* Of a connection at work. */
static weft_time earliest(const struct tcp_work *w)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < TCP_TIMER_COUNT; i++)
        at = min_u64(at, w->deadline[i]);
    return at;
}

/*
 * A connection has an alarm besides its rooms, set to this; false: out of memory, or its place is taken by the listener
 * whose queue it is in.
 */
static bool set_own_alarm(struct tcp_conn *c, weft_time at)
{
    struct tcp *t = conn_tcp(c);

    if (!c->in_table || c->queued)
        return false;
    if (!c->alarm) {
        c->alarm = slab_alloc(&t->alarms);
        if (!c->alarm)
            return false;
        alarm_init(c->alarm, t->timer_kind, c);
    }
    timer_set(&t->stack->wheel, &c->alarm->timer, at);
    return true;
}

static void drop_own_alarm(struct tcp_conn *c)
{
    if (!conn_has_alarm(c))
        return;
    timer_remove(&c->ep.stack->wheel, &c->alarm->timer);
    slab_free(&conn_tcp(c)->alarms, c->alarm);
    c->alarm = NULL;
}

bool conn_set_quiet(struct tcp_conn *c, weft_time at)
{
    if (c->work)
        c->work->deadline[TCP_TIMER_QUIET] = at;
    else if (at != WEFT_NEVER)
        return set_own_alarm(c, at);
    else
        drop_own_alarm(c);
    return true;
}

/* Gets a turn on the link when there is something to send by a route that exists. */
ASIDE static void ask_for_turn(struct tcp_conn *c)
{
    int err = conn_refresh_path(c);

    if (err < 0)
        c->soft_error = (int16_t)err;
    else
        if_want(c->work->path.ifp, &c->work->sender);
}

/* Everything is acknowledged: an episode that waited for more than that ends here, and what was measured of it. */
static void forget_losses(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    uint8_t guard = w->recovery.guard;

    if (w->recovery.state == RECOVERY_CWR)
        c->cc.cwnd = min_u32(c->cc.cwnd, c->cc.ssthresh);
    recovery_init(&w->recovery);
    w->recovery.guard = guard;
    w->recovery.high = c->snd.una;
    rack_init(&w->rack);
    memset(&w->tlp, 0, sizeof w->tlp);
    memset(&w->rate, 0, sizeof w->rate);
    conn_start_pacer(c);
    w->usage = (struct usage){.full_at = c->spoke, .until = c->snd.una};
    memset(&w->cc_private, 0, sizeof w->cc_private);
    w->resent = w->duplicates = 0;
}

/* Without its rooms it needs an alarm, if it waits for anything; and what was found out of the path is to be kept. */
static bool may_park(struct tcp_conn *c)
{
    weft_time quiet = conn_quiet_until(c);

    return tcp_config(c->ep.stack)->park && !c->work->search.on && (quiet == WEFT_NEVER || set_own_alarm(c, quiet));
}

ASIDE void conn_rest(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    list_remove(&w->sender.link);
    if (c->stats)
        account_rest(c);
    w->rested = true;
    w->deadline[TCP_TIMER_REST] = WEFT_NEVER;
    w->twice = (struct tcp_sack_block){c->rcv.nxt, c->rcv.nxt};
    rcvtune_init(&w->rcvtune);
    push_init(&w->push, c->snd.una);
    forget_losses(c);
    ackpolicy_init(&w->ack);
    if (may_park(c)) {
        c->recovered_here = w->recovery.guard;
        c->window_old = seq_lt(w->wl1, c->rcv.nxt);
        give_back_work(c);
    }
}

/*
 * Quiet for the length of a time-out: until then what was learnt of the path is as good as new, and who asks and answers
 * by turns is quiet after each of them.
 */
static void wait_for_rest(struct tcp_conn *c, bool quiet)
{
    struct tcp_work *w = c->work;
    weft_time *at = &w->deadline[TCP_TIMER_REST];

    if (likely(!quiet)) {
        *at = WEFT_NEVER;
        w->rested = false;
    } else if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT) {
        conn_rest(c);
    } else if (*at == WEFT_NEVER && !w->rested) {
        *at = time_after(conn_now(c), conn_rto(c));
    }
}

void conn_settle_plan(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;

    transmit_arm(c, plan);
    if (c->stats)
        account_held(c, plan);
    if (plan->kind != PLAN_NOTHING) {
        if (!w->starved && !list_linked(&w->sender.link))
            ask_for_turn(c);
    }
    wait_for_rest(c, plan->kind == PLAN_NOTHING && conn_is_quiet(c));
    if (c->work)
        timer_set(&c->ep.stack->wheel, &w->alarm.timer, earliest(w));
    conn_check(c);
}

/*
 * What settling would have set before the turn, and what the turn finds: what holds sending up ends, a rest does, and
 * timers begin anew that count from before it.
 */
void conn_settle_before(struct tcp_conn *c, const struct tcp_plan *plan)
{
    if (conn_in_flight(c) || c->settings->user_timeout)
        transmit_arm(c, plan);
    if (c->stats)
        account_held(c, plan);
    wait_for_rest(c, false);
}

ASIDE void conn_settle_now(struct tcp_conn *c)
{
    weft_stack *s = c->ep.stack;
    struct tcp_plan plan;

    if (s->unsettled == &c->ep)
        s->unsettled = NULL;
    if (c->state == WEFT_TCP_LISTEN)
        return;
    if (c->work) {
        plan = transmit_plan(c);
        c->work->plan = plan;
        c->work->planned = plan.kind != PLAN_NOTHING && plan.len <= c->mss;
        conn_settle_plan(c, &plan);
        return;
    }
    conn_check(c);
}

weft_time conn_rto(const struct tcp_conn *c)
{
    struct rtt_limits limits = conn_rtt_limits(c);

    return rtt_rto(&c->rtt, &limits);
}

int conn_route(const struct tcp_conn *c, const struct weft_ip *dst, struct ip_path *path)
{
    unsigned bound = (unsigned)c->settings->rare.interface;
    weft_if *by;

    if (likely(!bound))
        return route_lookup(c->ep.stack, dst, path);
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

void conn_free(struct tcp_conn *c)
{
    struct tcp *t = conn_tcp(c);

    weft_assert(c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT, "only what is over is freed");
    give_back_work(c);
    drop_own_alarm(c);
    t->orphans -= c->orphan;
    t->early.pending -= c->fast_open;
    account_close(c);
    reports_forget(c);
    demux_unbind(t, c);
    settings_drop(&c->settings, &t->stack->mem);
    if (c->in_table) {
        conn_leave_queue(c);
        demux_remove(t, c);
    }
    list_remove(&c->loose);
    endpoint_fini(&c->ep);
    slab_free(c->wide ? &t->conn6 : &t->conn4, c);
}

/* Keeps what the user may still read, and nothing that could send. */
static void stop_work(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct mem *m = &c->ep.stack->mem;

    c->recovered_here = 0;
    if (!w)
        return;
    c->snd.nxt = c->snd.una;
    c->fin_sent = false;
    if (w->recvq.bytes == 0 && w->urgent.state != URGENT_HERE) {
        give_back_work(c);
        return;
    }
    list_remove(&w->sender.link);
    sendq_clear(&w->sendq, m);
    reasm_clear(&w->reasm, m);
    sndmap_clear(&w->sndmap, m);
    ackpolicy_init(&w->ack);
    w->peer_fin_known = w->syn_due = false;
    w->probe_due = 0;
    for (unsigned i = 0; i < TCP_TIMER_COUNT; i++)
        w->deadline[i] = WEFT_NEVER;
    timer_set(&c->ep.stack->wheel, &w->alarm.timer, WEFT_NEVER);
}

/* A connection that nobody has accepted dies with nobody to tell. */
static void leave_accept_queue(struct tcp_conn *c)
{
    if (!c->in_table || !c->queued)
        return;
    list_remove(&c->ep.event);
    c->parent->listen->waiting--;
    conn_leave_queue(c);
    conn_orphan(c);
}

void conn_finish(struct tcp_conn *c, int err)
{
    struct tcp *t = conn_tcp(c);

    if (c->state != WEFT_TCP_CLOSED)
        state_set(c, WEFT_TCP_CLOSED);
    leave_accept_queue(c);
    conn_set_quiet(c, WEFT_NEVER);
    if (c->in_table)
        demux_remove(t, c);
    stop_work(c);
    if (c->orphan) {
        conn_free(c);
        return;
    }
    if (err)
        endpoint_fail(&c->ep, err);
    endpoint_notify(&c->ep, WEFT_READABLE | WEFT_WRITABLE | WEFT_HANGUP | WEFT_PEER_CLOSED);
}

/* The acknowledgment that TIME-WAIT begins with, straight to the link: the rooms that would owe it are going. */
static void acknowledge_at_once(struct tcp_conn *c, uint16_t window)
{
    struct segment out = {
        .flow = conn_flow(c),
        .h = {.seq = c->snd.nxt, .ack = c->rcv.nxt, .flags = TCP_ACK, .window = window},
        .o = TCP_NO_OPTIONS,
        .ttl = conn_ttl(c),
        .tos = conn_tos(c),
        .way = &c->settings->way,
        .extensions = &c->settings->extensions,
    };

    if (c->ts_ok) {
        out.o.has_ts = true;
        out.o.ts_val = ts_clock(conn_now(c), c->ts_offset);
        out.o.ts_ecr = c->ts_recent;
    }
    segment_reply(c->ep.stack, &out);
}

/* Makes room when the table of TIME-WAIT records is at its limit: the oldest goes. */
static void limit_time_wait(struct tcp *t)
{
    while (t->time_wait.count >= tcp_config(t->stack)->max_time_wait) {
        struct timewait *w = timewait_pop(&t->time_wait, t->stack->now, true);

        if (!w)
            return;
        demux_remove_record(t, w);
        timewait_free(&t->time_wait, w);
        stack_count(t->stack, WEFT_COUNT_tcp_time_wait_evicted);
    }
}

/* Puts a record in the connection's place in the demultiplexer; false: out of memory. */
static bool replace_by_record(struct tcp *t, struct tcp_conn *c, enum timewait_kind kind, uint16_t window)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);
    struct tcp_flow flow = conn_flow(c);
    struct timewait *w;

    limit_time_wait(t);
    w = timewait_new(&t->time_wait, kind, &flow, t->stack->now,
                     kind == TIMEWAIT_FIN_WAIT_2 ? k->fin_wait_2 : 2 * k->msl);
    if (!w)
        return false;
    w->reuse_addr = c->shares_port; /* the record holds the port from here on */
    w->snd_nxt = c->snd.nxt;
    w->rcv_nxt = c->rcv.nxt;
    w->has_ts = c->ts_ok;
    w->ts_recent = c->ts_recent;
    w->window = window;
    w->tos = conn_tos(c);
    hashtab_replace(&t->table, &c->hash, &w->hash, TCP_TAG_TIME_WAIT, demux_hash_of_conn(t, c));
    conn_set_quiet(c, WEFT_NEVER);
    demux_forget(t, c);
    list_push_back(&t->loose, &c->loose);
    time_wait_timer(t);
    return true;
}

void conn_linger(struct tcp_conn *c)
{
    struct tcp *t = conn_tcp(c);
    struct seq edge;
    uint16_t window = transmit_window(c, &edge);
    bool owed = c->work && ackpolicy_wants(&c->work->ack);

    conn_why(c, WEFT_WHY_close_orderly, 0);
    state_set(c, WEFT_TCP_TIME_WAIT);
    stack_count(t->stack, WEFT_COUNT_tcp_time_waits);
    if (owed)
        acknowledge_at_once(c, window);
    if (!replace_by_record(t, c, TIMEWAIT_TWO_MSL, window)) {
        stack_count(t->stack, WEFT_COUNT_tcp_time_wait_evicted);
        conn_finish(c, 0);
        return;
    }
    stop_work(c);
    if (c->orphan)
        conn_free(c);
    else
        endpoint_notify(&c->ep, WEFT_READABLE | WEFT_PEER_CLOSED | WEFT_HANGUP);
}

/* Is there nothing but the peer's FIN to wait for? */
static bool awaits_nothing_but_fin(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return tcp_config(c->ep.stack)->fin_wait_2 <= TIMEWAIT_LONGEST && c->settings->fin_wait_2 == 0 &&
           !(w && (w->reasm.count || w->peer_fin_known));
}

static enum tcp_step end_orphan(struct tcp_conn *c, enum weft_why why)
{
    conn_why(c, why, 0);
    transmit_reset(c);
    conn_finish(c, 0);
    return TCP_GONE;
}

static enum tcp_step wait_for_fin_itself(struct tcp_conn *c)
{
    return conn_set_quiet(c, conn_orphan_deadline(c)) ? TCP_CONTINUE : end_orphan(c, WEFT_WHY_close_no_memory);
}

enum tcp_step conn_wait_for_fin(struct tcp_conn *c, bool more)
{
    struct tcp *t = conn_tcp(c);
    struct seq edge;
    uint16_t window;

    weft_assert(c->orphan && c->state == WEFT_TCP_FIN_WAIT_2, "whoever has a user waits as long as he likes");
    if (c->settings->fin_wait_2 < 0)
        return end_orphan(c, WEFT_WHY_close_fin_wait_2);
    window = transmit_window(c, &edge);
    if (more || !awaits_nothing_but_fin(c))
        return wait_for_fin_itself(c);
    if (c->work && ackpolicy_wants(&c->work->ack))
        acknowledge_at_once(c, window);
    if (!replace_by_record(t, c, TIMEWAIT_FIN_WAIT_2, window))
        return wait_for_fin_itself(c);
    c->state = WEFT_TCP_CLOSED; /* without a word: the record is what it was */
    conn_free(c);
    return TCP_GONE;
}

uint16_t conn_receive_mss(const struct ip_path *path, bool v6)
{
    uint32_t mtu;

    if (!path->ifp) /* the route has just gone: promise what every path takes */
        return v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;
    mtu = min_u32(path->ifp->mtu, 65535);
    return (uint16_t)(mtu - (v6 ? IPV6_HEADER : IPV4_HEADER) - TCP_HEADER);
}

uint32_t conn_first_window(const struct tcp_conn *c, uint32_t mss, bool ts)
{
    bool whole = tcp_config(c->ep.stack)->whole_first_window;

    return rcvspace_first_window(&c->rcvspace, whole ? mss - (ts ? TS_OPTION : 0) : 0);
}

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
        .buffer = c->send_buffer,
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
    chunk = likely(unsent <= c->mss) ? c->mss : push_chunk(c->mss, c->snd.max_wnd); /* at least mss: that is one chunk */
    cost = cost_of_queue(c, unsent, chunk);
    return sndbuf_has_room(c->send_buffer, cost, unsent, conn_notsent_lowat(c), telling);
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

/* What the path carries; whoever does not discover it goes by the link alone. */
static uint32_t known_mtu(const struct tcp_conn *c, const struct ip_path *path)
{
    bool discovers = c->path_discovery == WEFT_PMTUDISC_WANT || c->path_discovery == WEFT_PMTUDISC_DO;

    return discovers ? path_mtu(path) : path->ifp->mtu;
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
        mss = min_u32(mss, min_u32(known_mtu(c, &c->work->path), 65535) - (c->v6 ? IPV6_HEADER : IPV4_HEADER) - TCP_HEADER);
    return mss;
}

ASIDE void conn_update_mss(struct tcp_conn *c)
{
    uint32_t mss = conn_most_mss(c);

    if (unlikely(c->work && c->work->search.on))
        mss = min_u32(mss, c->work->search.low);
    mss -= c->ts_ok ? TS_OPTION : 0;
    mss -= min_u32(mss - 1, c->v6 ? extensions_len(&c->settings->extensions) : way_len(&c->settings->way)); /* MUST-16 */
    c->mss = (uint16_t)within_half_the_window(c, mss);
    if (c->work)
        c->work->planned = false;
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

void conn_check(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;

    if (c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return;
    weft_assert(seq_le(c->snd.una, c->snd.nxt), "1: acknowledgments beyond snd.nxt are refused");
    weft_assert(seq_le(c->rcv.nxt, c->rcv.edge) || !c->syn_acked, "4: text beyond the edge is cut off");
    if (!w) {
        weft_assert(conn_in_flight(c) == 0, "5: only the quiet are parked");
        return;
    }
    if (c->syn_acked) {
        weft_assert(seq_eq(w->sndmap.una, c->snd.una), "2: the ACK step moves both");
        weft_assert(seq_eq(sndmap_end(&w->sndmap), c->snd.nxt), "2: transmit moves both");
        weft_assert(conn_in_flight(c) <= w->sendq.bytes + (c->fin_sent ? 1 : 0), "3: sent bytes are queued bytes");
    }
    weft_assert(w->deadline[TCP_TIMER_RETRANSMIT] == WEFT_NEVER || w->deadline[TCP_TIMER_PERSIST] == WEFT_NEVER,
                "6: transmit_arm runs one of them");
    (void)w;
}
