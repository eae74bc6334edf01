/* SPDX-License-Identifier: MIT */
/* A connection ends, and a record takes over; see lingering.h. */
#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/demux.h"
#include "tcp/lingering.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/transmit.h"
#include "tcp/work.h"

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
    struct timewait *w;

    limit_time_wait(t);
    w = timewait_new(&t->time_wait, kind, &c->key, c->v6, t->stack->now,
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
    if (timewait_is_front(&t->time_wait, w)) /* else the timer stands for one that goes before it */
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
        transmit_ack_at_once(c, window);
    if (!replace_by_record(t, c, TIMEWAIT_TWO_MSL, window)) {
        stack_count(t->stack, WEFT_COUNT_tcp_time_wait_evicted);
        conn_finish(c, 0);
        return;
    }
    conn_stop_work(c);
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
    if (more || !awaits_nothing_but_fin(c))
        return wait_for_fin_itself(c);
    window = transmit_window(c, &edge);
    if (c->work && ackpolicy_wants(&c->work->ack))
        transmit_ack_at_once(c, window);
    if (!replace_by_record(t, c, TIMEWAIT_FIN_WAIT_2, window))
        return wait_for_fin_itself(c);
    c->state = WEFT_TCP_CLOSED; /* without a word: the record is what it was */
    conn_free(c);
    return TCP_GONE;
}
