/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.8: timers. Each kind has its handler; a handler may finish the connection, and then says so. */
#include "tcp/timeouts.h"

#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/errors.h"
#include "tcp/losses.h"
#include "tcp/path.h"
#include "tcp/pathmtu.h"
#include "tcp/settle.h"
#include "tcp/transmit.h"
#include "tcp/work.h"

#define THIN_SEGMENTS 4
#define THIN_RETRIES  6

/* Gives up (R2, MUST-20): the user hears why, as far as anybody told us. */
static bool give_up(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    conn_why(c, why, value);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_aborts);
    conn_finish(c, c->soft_error ? c->soft_error : WEFT_ETIMEDOUT);
    return false;
}

static unsigned allowed_retries(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    if (c->state == WEFT_TCP_SYN_SENT)
        return (c->settings->syn_retries ? c->settings->syn_retries : k->syn_retries) + k->syn_linear_timeouts;
    if (c->state == WEFT_TCP_SYN_RECEIVED)
        return k->synack_retries;
    return c->orphan ? k->orphan_retries : k->retries_2;
}

weft_time conn_rto(const struct tcp_conn *c)
{
    struct rtt_limits limits = conn_rtt_limits(c);

    return rtt_rto(&c->rtt, &limits);
}

weft_time conn_patience(const struct tcp_conn *c)
{
    weft_time users = c->settings->user_timeout * WEFT_MS;

    return users || c->syn_acked ? users : tcp_config(c->ep.stack)->connect_time;
}

weft_time conn_retried_for(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    if (w->recovery.resent)
        return (uint32_t)(ts_clock(conn_now(c), c->ts_offset) - w->recovery.resent_ts) * WEFT_MS;
    return w->sndmap.count ? conn_now(c) - sndmap_at(&w->sndmap, 0)->at : 0;
}

/*
 * The peer has taken back the window under what is in flight: what goes again is a probe, and probes are sent for as
 * long as he answers them (MUST-37). They are not counted. An orphan he cannot hold (RFC 6429 §4).
 */
static bool is_shut_out(const struct tcp_conn *c)
{
    return c->snd.wnd == 0 && c->syn_acked && !c->orphan;
}

/*
 * Has he not answered for so long, nor taken anything? The user's patience is with that he takes nothing, as on Linux.
 */
static bool is_shut_out_for_good(const struct tcp_conn *c)
{
    weft_time patience = c->settings->user_timeout * WEFT_MS, silence = 2 * tcp_config(c->ep.stack)->rto_max;

    if (patience)
        return conn_retried_for(c) >= patience;
    return conn_now(c) - c->heard > silence && conn_retried_for(c) > silence;
}

/* Has it been tried long enough? */
static bool is_hopeless(const struct tcp_conn *c)
{
    weft_time patience = conn_patience(c);

    if (is_shut_out(c))
        return is_shut_out_for_good(c);
    if (patience && c->syn_acked && conn_in_flight(c))
        return c->work->retries && conn_retried_for(c) >= patience;
    if (patience && !c->syn_acked && c->work->retries && conn_now(c) - c->work->stuck_since >= patience)
        return true;
    return c->work->retries >= allowed_retries(c);
}

/* The user has left, the peer does not take the rest, and others could use the memory. */
static bool is_too_dear(const struct tcp_conn *c, unsigned tries)
{
    return c->orphan && tries && mem_is_tight(&c->ep.stack->mem);
}

static bool give_up_retries(struct tcp_conn *c)
{
    if (!c->syn_acked && (c->work->retries >= allowed_retries(c) || !c->settings->user_timeout))
        return give_up(c, WEFT_WHY_close_syn_retries, c->work->retries);
    if (c->settings->user_timeout)
        return give_up(c, WEFT_WHY_close_user_timeout, c->settings->user_timeout);
    return give_up(c, WEFT_WHY_close_retries, c->work->retries);
}

/*
 * So little is under way that only time can tell of a loss: then waiting ever longer is no help (thin streams, Linux).
 */
static bool is_thin(const struct tcp_conn *c)
{
    return c->state == WEFT_TCP_ESTABLISHED &&
           (c->settings->thin_linear || tcp_config(c->ep.stack)->thin_linear_timeouts) &&
           c->work->sndmap.total < THIN_SEGMENTS && c->work->retries <= THIN_RETRIES;
}

/* The next time-out: twice as long, but for a SYN's first ones and thin streams. */
static void back_off(struct tcp_conn *c)
{
    if (is_thin(c))
        rtt_progress(&c->rtt);
    else if (c->state != WEFT_TCP_SYN_SENT || c->work->retries > tcp_config(c->ep.stack)->syn_linear_timeouts)
        rtt_back_off(&c->rtt);
}

/* The path is doubtful (R1): let the link look for the neighbour again. */
static void doubt_path(struct tcp_conn *c)
{
    struct ip_path *path = &c->work->path;

    if (c->work->retries == tcp_config(c->ep.stack)->retries_1 && path->ifp && path->ifp->ops->neighbour_hint)
        path->ifp->ops->neighbour_hint(path->ifp, &path->next_hop, false);
}

/* The next hop does not answer. Is there another one by now (RFC 1122 §3.3.1.4)? */
static bool goes_another_way(struct tcp_conn *c)
{
    struct weft_ip dead = c->work->path.next_hop;

    c->unresolved = false;
    return conn_refresh_path(c) == 0 && !ip_eq(&c->work->path.next_hop, &dead);
}

static bool retransmit(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (unlikely(c->unresolved && c->state == WEFT_TCP_SYN_SENT) && !goes_another_way(c)) {
        conn_end_connect(c, c->soft_error ? c->soft_error : WEFT_EHOSTUNREACH);
        return false;
    }
    if (is_hopeless(c))
        return give_up_retries(c);
    if (is_too_dear(c, w->retries))
        return give_up(c, WEFT_WHY_close_no_memory, 0);
    if (!c->syn_acked)
        account_open(c); /* else its first tries would not be counted */
    if (c->stats)
        stats_timed_out(c->stats, conn_now(c));
    w->retries += !is_shut_out(c) && w->retries < UINT8_MAX; /* a user's time-out may allow more than are counted */
    back_off(c);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_timeouts);
    doubt_path(c);
    if (!c->syn_acked || c->fast_open) {
        w->syn_due = true;
        conn_why(c, WEFT_WHY_retransmit_syn, w->retries);
    }
    if (!c->syn_acked)
        return true;
    if (conn_in_flight(c) == 0)
        return true; /* the link has not taken what we want to send: only time has passed */
    conn_suspect_path(c);
    losses_on_timeout(c);
    w->pacer.next = min_u64(w->pacer.next, conn_now(c)); /* what timed out has waited enough */
    return true;
}

/*
 * Would the peer take the last segment? Not beyond a window that he has drawn back: only the first goes there, as on
 * Linux.
 */
static bool tail_is_wanted(const struct tcp_conn *c)
{
    struct seq start;
    uint32_t space;

    return sndmap_tail(&c->work->sndmap, c->mss, &start, &space) &&
           (seq_eq(start, c->snd.una) || seq_lt(start, seq_add(c->snd.una, c->snd.wnd)));
}

/* The last segments may be lost, and nobody could tell: ask (RFC 8985 §7.3). Not while the last probe is unanswered. */
static bool probe_tail(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    w->tail_due = !w->tlp.out && w->recovery.state <= RECOVERY_CWR && tail_is_wanted(c);
    return true;
}

/* The timer of sending, whatever it was for. */
static bool sending(struct tcp_conn *c)
{
    uint8_t wait = c->work->wait;

    if (wait == WAIT_TIMEOUT)
        return retransmit(c);
    if (wait == WAIT_PROBE)
        return probe_tail(c);
    losses_on_patience(c);
    return true;
}

/* The window is closed, or too small to be worth a segment for too long. */
static bool persist(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (c->orphan && w->probes >= tcp_config(c->ep.stack)->orphan_retries)
        return give_up(c, WEFT_WHY_close_probes, w->probes);
    if (is_too_dear(c, w->probes))
        return give_up(c, WEFT_WHY_close_no_memory, 0);
    if (c->settings->user_timeout && w->probing_since &&
        conn_now(c) - w->probing_since >= c->settings->user_timeout * WEFT_MS)
        return give_up(c, WEFT_WHY_close_user_timeout, c->settings->user_timeout);
    if (c->snd.wnd) {
        w->override = true;
        return true;
    }
    /* nobody answers any more: a path as dead as any (R2) */
    if (!c->settings->user_timeout && w->retries >= allowed_retries(c))
        return give_up(c, WEFT_WHY_close_probes, w->probes);
    w->retries += w->retries < UINT8_MAX;
    if (w->probes == 0)
        w->probing_since = max_u64(conn_now(c), 1);
    w->probes += w->probes < UINT8_MAX;
    w->probe_due = 1 + conn_is_urgent(c); /* urgent data is told of by a segment of its own, as Linux does */
    stack_count(c->ep.stack, WEFT_COUNT_tcp_window_probes);
    return true;
}

static bool delayed_ack(struct tcp_conn *c)
{
    conn_ack_timer(c);
    return true;
}

static bool rest(struct tcp_conn *c)
{
    if (conn_is_quiet(c))
        conn_rest(c);
    return true;
}

/* The next segment's turn: what may be sent is asked after each event anyway. */
static bool pace(struct tcp_conn *c)
{
    (void)c;
    return true;
}

/* An orphan has waited long enough in FIN-WAIT-2: a record does the rest. */
static bool orphan_timeout(struct tcp_conn *c)
{
    stack_count(c->ep.stack, WEFT_COUNT_tcp_aborts);
    conn_why(c, WEFT_WHY_close_fin_wait_2, 0);
    conn_finish(c, 0);
    return false;
}

static bool keep_alive(struct tcp_conn *c)
{
    struct keepalive k = conn_keepalive(c);
    enum keepalive_verdict v;
    weft_time next = WEFT_NEVER;

    if (!c->keepalive || !c->syn_acked)
        return true;
    if (conn_in_flight(c) || conn_unsent(c)) { /* what is under way has its own timer (MUST-26) */
        conn_set_quiet(c, time_after(conn_now(c), k.idle));
        return true;
    }
    k.patience = c->settings->user_timeout * WEFT_MS;
    v = keepalive_check(&k, conn_now(c), c->heard, c->keepalive_sent, &next);
    conn_set_quiet(c, next);
    if (v == KEEPALIVE_GIVE_UP) {
        transmit_reset(c); /* the peer may be alive on a path that has come back */
        return give_up(c, WEFT_WHY_close_keepalive, c->keepalive_sent);
    }
    if (v == KEEPALIVE_WAIT || !conn_work(c))
        return true;
    c->keepalive_sent += c->keepalive_sent < UINT8_MAX;
    c->work->probe_due = 1;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_keepalives);
    return true;
}

static bool quiet(struct tcp_conn *c)
{
    if (c->orphan && c->state == WEFT_TCP_FIN_WAIT_2)
        return orphan_timeout(c);
    return keep_alive(c);
}

static bool (*const handlers[TCP_TIMER_COUNT])(struct tcp_conn *) = {
    [TCP_TIMER_QUIET] = quiet,
    [TCP_TIMER_RETRANSMIT] = sending,
    [TCP_TIMER_PERSIST] = persist,
    [TCP_TIMER_ACK] = delayed_ack,
    [TCP_TIMER_REST] = rest,
    [TCP_TIMER_PACE] = pace,
};

void timeouts_fire(struct tcp_conn *c)
{
    weft_time now = conn_now(c);

    if (c->work)
        c->work->starved = false;
    if (!c->work && !quiet(c)) /* a parked connection has no other timer */
        return;
    for (unsigned i = 0; i < TCP_TIMER_COUNT && c->work; i++) {
        if (c->work->deadline[i] > now)
            continue;
        c->work->deadline[i] = WEFT_NEVER;
        if (!handlers[i](c))
            return;
    }
    conn_settle(c);
}
