/* SPDX-License-Identifier: MIT */
/* The corridor's side of acknowledging: what ackpolicy.h asks about the connection, and the timer for what it says. */
#include "tcp/acking.h"

#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/transmit.h"
#include "tcp/work.h"

#define QUICK_AFTER_TROUBLE 16 /* quick acknowledgments that a disturbance calls for */

/* All but the time-out, which only long gaps ask for: this is every segment's path. */
static struct ack_limits quick_limits(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    return (struct ack_limits){
        .delay = (uint32_t)(k->delayed_ack / WEFT_MS),
        .quick = k->quick_acks,
        .second = k->ack_second,
        .crowd = k->comp_sack_delay ? k->comp_sack_nr : 0,
    };
}

static struct ack_limits all_limits(const struct tcp_conn *c)
{
    struct rtt_limits rtt = conn_rtt_limits(c);
    struct ack_limits limits = quick_limits(c);

    limits.rto = (uint32_t)min_u64(rtt_rto(&c->rtt, &rtt) / WEFT_MS, UINT32_MAX);
    return limits;
}

static uint32_t now_ms(const struct tcp_conn *c) { return (uint32_t)(conn_now(c) / WEFT_MS); }

/* The window is more than half used: nothing should hurry the sender. */
static void calm_when_tight(struct tcp_conn *c)
{
    struct rcvwnd window;

    if (c->pace.quick == 0)
        return;
    window = transmit_window_now(c);
    if (rcvwnd_is_tight(&window))
        c->pace.quick = 0;
}

/* Would the window that could be told now reach as far as the one told last did? */
static bool edge_moves(const struct tcp_conn *c)
{
    struct rcvwnd window = transmit_window_now(c);

    return rcvwnd_select(&window) >= window.last;
}

static void wait_for(struct tcp_conn *c, weft_time at)
{
    weft_time *timer = &c->work->deadline[TCP_TIMER_ACK];

    *timer = min_u64(*timer, at);
}

/* What the user allows (TCP_DELACK_MAX_US), and less than a time-out that he may have set at the other end as here. */
static weft_time longest_delay(const struct tcp_conn *c)
{
    const struct tcp_settings *s = c->settings;
    weft_time most = s->delack_max ? s->delack_max * WEFT_US : WEFT_NEVER;

    return s->rto_min ? min_u64(most, s->rto_min * WEFT_US - WEFT_MS / 2) : most;
}

/* The usual delay; when an earlier one is nearly over, or is a lone FIN's tick, it might as well be now. */
static void wait_a_little(struct tcp_conn *c, const struct ack_limits *limits)
{
    struct tcp_work *w = c->work;
    weft_time delay = ackpace_delay(&c->pace, limits, &w->ack, (uint32_t)(rtt_smoothed(&c->rtt) / WEFT_MS)) * WEFT_MS;

    delay = min_u64(delay, longest_delay(c));
    if (limits->quick && w->deadline[TCP_TIMER_ACK] <= time_after(conn_now(c), c->pace.ato ? delay / 4 : delay))
        ackpolicy_now(&w->ack);
    else
        wait_for(c, time_after(conn_now(c), delay));
}

/* Until a crowd of duplicates is told together: a twentieth of the round trip, but not long. */
SELDOM static void wait_for_the_crowd(struct tcp_conn *c)
{
    weft_time rtt = c->work->rcvtune.rtt;

    if (rtt_smoothed(&c->rtt) && rtt_smoothed(&c->rtt) < rtt)
        rtt = rtt_smoothed(&c->rtt);
    wait_for(c, time_after(conn_now(c), min_u64(rtt / 20, tcp_config(c->ep.stack)->comp_sack_delay)));
}

void conn_acknowledge(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct ack_limits limits = quick_limits(c);
    struct ack_facts facts = {
        .next = c->rcv.nxt,
        .unacked = c->rcv.nxt.v - c->rcv.acked.v,
        .mss = c->rcv_mss,
        .wanted = w->recvq.bytes < max_u32(c->settings->receive_lowat, 1),
        .holes = w->reasm.count,
        .sack = c->sack_ok,
    };

    calm_when_tight(c);
    facts.edge_moves = facts.unacked > facts.mss && edge_moves(c); /* else nobody asks */
    switch (ackpolicy_decide(&w->ack, &c->pace, &limits, &facts)) {
    case ACK_NOW:
        break;
    case ACK_SOON:
        wait_for_the_crowd(c);
        break;
    case ACK_LATER:
        wait_a_little(c, &limits);
        break;
    }
}

SELDOM void conn_remind(struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_CLOSE_WAIT && c->work && c->work->ack.scheduled)
        conn_acknowledge(c);
}

SELDOM void conn_acknowledge_holes(struct tcp_conn *c, uint32_t segments)
{
    while (segments--) {
        conn_acknowledge(c);
        if (c->work->ack.due) { /* each keeps its own: the peer counts them */
            c->work->ack.due = false;
            ackpolicy_owe(&c->work->ack);
        }
    }
}

SELDOM void conn_hurry_acks(struct tcp_conn *c, unsigned most)
{
    struct ack_limits limits = quick_limits(c);

    ackpace_hurry(&c->pace, &limits, conn_open_window(c), c->rcv_mss, most ? most : QUICK_AFTER_TROUBLE);
    c->pace.interactive = false;
    c->pace.ato = (uint16_t)limits.delay;
}

void conn_text_came(struct tcp_conn *c)
{
    uint32_t now = now_ms(c);
    struct ack_limits limits = quick_limits(c);

    if (now - c->pace.heard > limits.delay / 2)
        limits = all_limits(c);
    ackpace_text(&c->pace, &limits, now, conn_open_window(c), c->rcv_mss);
}

void conn_answered(struct tcp_conn *c) { ackpace_answered(&c->pace, now_ms(c)); }

/* No window that could be told now is larger: rounded up to its unit, at the most. */
static uint32_t most_to_promise(const struct tcp_conn *c)
{
    return min_u32(c->rcvspace.clamp, c->rcvspace.ssthresh + (1u << c->rcv_wscale) - 1);
}

/* BSD tells of room, and of nothing else. */
SELDOM static void tell_plain_window(struct tcp_conn *c)
{
    struct rcvwnd window = transmit_window_now(c);

    if (state_can_receive(c->state) && rcvwnd_gained_enough(&window, conn_open_window(c)))
        ackpolicy_now(&c->work->ack);
}

void conn_acknowledge_reading(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct rcvwnd window;
    bool empty = conn_held(c) == 0;
    uint32_t unacked = c->rcv.nxt.v - c->rcv.acked.v, open = conn_open_window(c);

    if (unlikely(tcp_config(c->ep.stack)->plain_window)) {
        tell_plain_window(c);
        return;
    }
    calm_when_tight(c);
    if (tcp_config(c->ep.stack)->quick_acks && ackpolicy_after_reading(&w->ack, &c->pace, unacked, c->rcv_mss, empty)) {
        ackpolicy_now(&w->ack);
    } else if (state_can_receive(c->state) && !rcvwnd_is_wide(most_to_promise(c), c->rcv_mss, open)) {
        window = transmit_window_now(c);
        if (rcvwnd_worth_telling(&window, open))
            ackpolicy_now(&w->ack);
    }
}

void conn_acknowledged(struct tcp_conn *c, bool pure)
{
    uint32_t delay = (uint32_t)(tcp_config(c->ep.stack)->delayed_ack / WEFT_MS);

    ackpolicy_sent(&c->work->ack, &c->pace, delay, pure);
    c->work->deadline[TCP_TIMER_ACK] = WEFT_NEVER;
}

void conn_ack_timer(struct tcp_conn *c)
{
    struct ack_limits limits = all_limits(c);
    struct tcp_work *w = c->work;

    if (w->ack.crowd == 0) { /* else it is only the crowd's time */
        ackpace_missed(&c->pace, &limits);
        stack_count(c->ep.stack, WEFT_COUNT_tcp_delayed_acks);
    }
    ackpolicy_now(&w->ack);
}

SELDOM void conn_note_twice(struct tcp_conn *c, struct seq start, struct seq end)
{
    if (c->sack_ok && tcp_config(c->ep.stack)->dsack && conn_work(c)) /* a connection at rest reports it, too */
        c->work->twice = (struct tcp_sack_block){start, end};
}
