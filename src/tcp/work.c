/* SPDX-License-Identifier: MIT */
/* The rooms come and go; see work.h. */
#include "tcp/work.h"

#include "tcp/account.h"
#include "tcp/transmit.h"

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

/* Do any of the rooms hold memory of their own? */
static bool holds_memory(const struct tcp_work *w)
{
    return w->sendq.ring.count || w->sendq.ring.heap || w->recvq.ring.count || w->recvq.ring.heap ||
           w->reasm.range || w->sndmap.heap || w->sndmap.queue;
}

ASIDE static void let_go(struct tcp_work *w, struct mem *m)
{
    sendq_clear(&w->sendq, m);
    recvq_clear(&w->recvq, m);
    reasm_clear(&w->reasm, m);
    sndmap_clear(&w->sndmap, m);
}

void conn_give_back_work(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct mem *m = &c->ep.stack->mem;

    if (!w)
        return;
    timer_remove(&c->ep.stack->wheel, &w->alarm.timer);
    list_remove(&w->sender.link);
    if (unlikely(holds_memory(w)))
        let_go(w, m);
    slab_free(&conn_tcp(c)->work, w);
    c->work = NULL;
}

struct tcp_work *conn_fresh_work(struct tcp_conn *c)
{
    conn_give_back_work(c);
    return conn_work(c);
}

/* Nothing queued, in flight, unread, out of order, owed or promised? */
bool conn_is_quiet(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    if (conn_in_flight(c)) /* which most often answers it, and nothing is in what is over */
        return false;
    if (w->sendq.bytes || w->recvq.bytes || w->reasm.count || ackpolicy_wants(&w->ack) || w->peer_fin_known ||
        w->urgent.state != URGENT_NONE)
        return false;
    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return true;
    if (w->syn_due || w->probe_due || (c->fin_wanted && !c->fin_sent) || !c->syn_acked || c->fast_open)
        return false;
    return w->deadline[TCP_TIMER_ACK] == WEFT_NEVER && !pacer_holds(&w->pacer, conn_now(c));
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

    return tcp_config(c->ep.stack)->park && !c->work->search.on && (quiet == WEFT_NEVER || alarm_set_own(c, quiet));
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
        conn_give_back_work(c);
    }
}

void conn_stop_work(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct mem *m = &c->ep.stack->mem;

    c->recovered_here = 0;
    if (!w)
        return;
    c->snd.nxt = c->snd.una;
    c->fin_sent = false;
    if (w->recvq.bytes == 0 && w->urgent.state != URGENT_HERE) {
        conn_give_back_work(c);
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
