/* SPDX-License-Identifier: MIT */
/* The questions whose answers are nearly always the same; see usual.h. */
#include "tcp/usual.h"

#include "tcp/acking.h"
#include "tcp/window.h"

/* Does it move bytes both ways, as the user has left it? */
static bool is_plain(const struct tcp_conn *c)
{
    return c->state == WEFT_TCP_ESTABLISHED && c->syn_acked && !c->fast_open && !c->fin_wanted && !c->fin_sent &&
           !c->peer_fin && !c->orphan && !c->read_shut && !c->cork && !c->v6 && c->stats &&
           c->settings == &settings_default && c->rcvspace.elsewhere == 0;
}

/* Is nothing lost, nor thought to be, and is sending left to the window? */
static bool is_undisturbed(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    const struct recovery *v = &w->recovery;
    const struct sndmap *m = &w->sndmap;

    return v->state == RECOVERY_OPEN && v->first_at == 0 && v->guard == 0 && !v->frto_new && !w->tlp.out &&
           !m->heap && !m->queue && m->sacked == 0 && m->lost == 0 && m->again == 0 && !w->search.on &&
           w->search.size == 0 && !window_paces(c) && !pacer_holds(&w->pacer, conn_now(c));
}

/* Does nothing wait to be sent, but text and what acknowledges text? */
static bool is_owed_nothing(const struct tcp_work *w)
{
    return !w->syn_due && !w->tail_due && w->probe_due == 0 && w->probes == 0 && w->probing_since == 0 &&
           w->ack.owed == 0 && !w->starved && !w->override && !w->more && !w->push_now && !w->want_write;
}

/* Does the next byte of the stream come next, in both directions? */
static bool is_in_order(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return w->reasm.count == 0 && !w->peer_fin_known && !conn_reports_twice(c) && w->urgent.state == URGENT_NONE &&
           !conn_is_urgent(c);
}

bool conn_is_usual(const struct tcp_conn *c)
{
    return is_plain(c) && c->ts_ok && c->sack_ok && !c->ecn.on && is_undisturbed(c) && is_owed_nothing(c->work) &&
           is_in_order(c);
}

ASIDE void conn_find_usual(struct tcp_conn *c)
{
    c->work->usual = tcp_config(c->ep.stack)->shortcuts && conn_is_usual(c);
}
