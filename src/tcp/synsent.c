/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.7.3: a segment arrives in SYN-SENT. What to offer and what was agreed lives here too. */
#include "tcp/synsent.h"

#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/arrives.h"
#include "tcp/origin.h"
#include "tcp/path.h"
#include "tcp/pathmtu.h"
#include "tcp/segment.h"
#include "tcp/sendspace.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/window.h"

#define SYN_AGAIN (2 * WEFT_MS) /* after an acknowledgment that was not of our SYN: as soon as Linux's timers can */

uint32_t conn_first_window(const struct tcp_conn *c, uint32_t mss, bool ts)
{
    bool whole = tcp_config(c->ep.stack)->whole_first_window;

    return rcvspace_first_window(&c->rcvspace, whole ? mss - (ts ? TS_OPTION : 0) : 0);
}

/* Once our SYN has said it, the peer goes by that, whatever becomes of the buffer: it is kept, as on Linux. */
static uint8_t offered_wscale(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    if (c->state == WEFT_TCP_SYN_SENT && c->work && c->work->said_wscale) /* a listener has no rooms */
        return (uint8_t)(c->work->said_wscale - 1);
    return rcvspace_shift(&c->rcvspace, (uint32_t)max_size(k->receive_buffer_max, k->receive_buffer_limit));
}

uint16_t conn_offered_mss(const struct tcp_conn *c, const struct ip_path *path, bool v6)
{
    uint16_t mss = conn_receive_mss(path, v6);

    return c->settings->user_mss ? (uint16_t)min_u32(mss, c->settings->user_mss) : mss;
}

struct tcp_offer conn_offer(const struct tcp_conn *c, const struct ip_path *path, bool v6)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    return (struct tcp_offer){
        .mss = conn_offered_mss(c, path, v6),
        .min_mss = (uint16_t)k->min_mss,
        .wscale = offered_wscale(c),
        .window_scaling = k->window_scaling,
        .timestamps = k->timestamps,
        .sack = k->sack,
    };
}

uint32_t conn_mss_unheard(const struct tcp_conn *c)
{
    uint32_t mss = c->settings->user_mss;

    if (!mss)
        mss = c->v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;
    return mss - (tcp_config(c->ep.stack)->timestamps ? TS_OPTION : 0);
}

void conn_agree(struct tcp_conn *c, const struct tcp_agreed *agreed, uint32_t rcv_mss)
{
    c->peer_mss = agreed->peer_mss;
    if (c->settings->user_mss)
        c->peer_mss = (uint16_t)min_u32(c->peer_mss, c->settings->user_mss);
    c->snd_wscale = agreed->snd_wscale;
    c->rcv_wscale = agreed->rcv_wscale;
    c->ts_ok = agreed->timestamps;
    c->sack_ok = agreed->sack;
    c->adv_mss = (uint16_t)rcv_mss;
    conn_search_path(c);
    conn_update_mss(c);
    c->rcv_mss = (uint16_t)max_u32(min_u32(min_u32(rcv_mss, c->mss), TCP_DEFAULT_MSS_V4), LEAST_RCV_MSS);
}

static void sample_handshake(struct tcp_conn *c, weft_time sample)
{
    struct rtt_limits limits = conn_rtt_limits(c);

    rtt_sample(&c->rtt, sample, c->snd.una, c->snd.nxt, &limits);
    rtt_sample_min(&c->rtt, sample, conn_now(c));
}

void conn_time_syn_by_echo(struct tcp_conn *c, const struct tcp_seg *seg)
{
    int32_t ms = (int32_t)(ts_clock(conn_now(c), c->ts_offset) - seg->o.ts_ecr);
    weft_time ago = (weft_time)max_u32((uint32_t)ms, 1) * WEFT_MS;

    if (c->ts_ok && seg->o.has_ts && seg->o.ts_ecr && ms >= 0 && ago <= conn_now(c))
        c->work->syn_sent_at = conn_now(c) - ago;
}

void conn_established(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    c->syn_acked = true;
    rcvspace_start(&c->rcvspace, conn_open_window(c), c->rcv_wscale, conn_announced_mss(c));
    c->snd.una = c->snd.nxt = seq_add(c->snd.una, 1);
    if (c->stats) {
        account_progress(c, c->passive ? 0 : 1);
        c->stats->delivered++;
    }
    window_start(c, w && w->retries > 1);
    conn_grow_send_buffer(c);
    if (w) {
        if (w->syn_sent_at != WEFT_NEVER)
            sample_handshake(c, conn_now(c) - w->syn_sent_at);
        else if (w->retries)
            rtt_distrust(&c->rtt);
        w->syn_due = false;
        w->retries = 0;
        w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
        w->small_end = w->urgent_end = c->snd.una;
        push_init(&w->push, c->snd.una);
        sndmap_clear(&w->sndmap, &c->ep.stack->mem);
        w->sndmap.una = c->snd.una;
    }
    rtt_progress(&c->rtt);
    c->soft_error = 0;
    if (c->keepalive)
        conn_set_quiet(c, time_after(conn_now(c), conn_keepalive(c).idle));
    if (c->state == WEFT_TCP_SYN_SENT || c->state == WEFT_TCP_SYN_RECEIVED)
        state_set(c, WEFT_TCP_ESTABLISHED);
    if (!c->passive)
        endpoint_notify(&c->ep, WEFT_WRITABLE);
}

/* The peer's SYN tells its numbers, its window and its options. */
static void take_syn(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct tcp_offer offer = conn_offer(c, &c->work->path, c->v6);
    struct tcp_agreed agreed = negotiate(&offer, &seg->o, c->v6);
    uint32_t promised = conn_open_window(c); /* by our SYN, to whatever number the peer begins with */

    conn_agree(c, &agreed, offer.mss);
    c->ecn.on = c->ecn.on && (seg_has(seg, TCP_ACK) ? ecn_is_granted(seg->h.flags) : ecn_is_asked(seg->h.flags));
    c->rcv.nxt = seq_add(seg->h.seq, 1);
    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = seq_add(c->rcv.nxt, promised);
    if (c->ts_ok) {
        c->ts_recent = seg->o.ts_val;
        c->ts_recent_at = time_coarse(conn_now(c));
    }
    conn_take_window(c, seg);
}

/* First: ACK. Is it of our SYN? (RFC 9293 §3.10.7.3, first) */
static bool ack_is_good(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return seq_gt(seg->h.ack, c->snd.una) && seq_le(seg->h.ack, seq_add(c->snd.nxt, c->work->syn_data));
}

/* A timestamp that comes back must be one of ours, as Linux asks; RFC 7323 says nothing of others. */
static bool echo_is_good(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    uint32_t first, now = ts_clock(conn_now(c), c->ts_offset);

    if (!seg->o.has_ts || seg->o.ts_ecr == 0 || !tcp_config(c->ep.stack)->timestamps)
        return true;
    first = ts_clock(c->work->stuck_since, c->ts_offset);
    return seg->o.ts_ecr - first <= now - first;
}

/* Second: RST; only one that acknowledges our SYN proves anything. */
static enum tcp_step reset(struct tcp_conn *c, struct tcp_seg *seg)
{
    if (!seg_has(seg, TCP_ACK))
        return seg_drop(seg, WEFT_DROP_tcp_syn_sent_rst);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_attempt_fails);
    seg->why = WEFT_DROP_tcp_reset;
    conn_why(c, WEFT_WHY_close_refused, (uint32_t)-WEFT_ECONNREFUSED);
    conn_finish(c, WEFT_ECONNREFUSED);
    return TCP_GONE;
}

/* Fourth: crossing SYNs (MUST-10). */
static enum tcp_step cross(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    account_crossed(c);
    state_set(c, WEFT_TCP_SYN_RECEIVED);
    w->syn_due = true;
    w->retries = 0;
    w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    return TCP_DONE;
}

/* A client who knows that his data will follow (TCP_QUICKACK off) lets that carry it, as Linux does. */
static void acknowledge_syn(struct tcp_conn *c)
{
    if (c->pace.interactive) {
        conn_hurry_acks(c, 0);
        c->work->ack.scheduled = true;
        c->work->deadline[TCP_TIMER_ACK] = time_after(conn_now(c), ACK_DELAY_MAX * WEFT_MS);
    } else {
        ackpolicy_now(&c->work->ack);
    }
}

/*
 * The acknowledgment is of an older connection: it is refused, and our SYN goes again at once, once, as on Linux: the
 * reset has just cleared its way.
 */
static enum tcp_step refuse(struct tcp_conn *c, struct tcp_seg *seg, enum weft_drop why)
{
    if (c->work->retries == 0)
        c->work->deadline[TCP_TIMER_RETRANSMIT] = time_after(conn_now(c), SYN_AGAIN);
    segment_refuse(c->ep.stack, seg);
    return seg_drop(seg, why);
}

enum tcp_step synsent_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    c->heard = conn_now(c);
    if (seg_has(seg, TCP_ACK) && !ack_is_good(c, seg))
        return refuse(c, seg, WEFT_DROP_tcp_syn_sent_bad_ack);
    if (seg_has(seg, TCP_ACK) && !echo_is_good(c, seg))
        return refuse(c, seg, WEFT_DROP_tcp_syn_sent_bad_echo);
    if (seg_has(seg, TCP_RST))
        return reset(c, seg);
    if (!seg_has(seg, TCP_SYN))
        return seg_drop(seg, WEFT_DROP_tcp_syn_sent_no_syn);
    take_syn(c, seg);
    if (!seg_has(seg, TCP_ACK))
        return cross(c);
    if (c->work->syn_sent_at == WEFT_NEVER)
        conn_time_syn_by_echo(c, seg);
    if (c->v6) /* of IPv4, Linux tells nothing to who connects */
        origin_note(c, seg->pkt);
    conn_established(c);
    early_answered(c, seg);
    acknowledge_syn(c);
    seg_take_syn_off(c, seg);
    if ((seg->len || seg_has(seg, TCP_FIN)) && tcp_config(c->ep.stack)->syn_ack_text) /* they go the ordinary way */
        return arrives(c, seg);
    return TCP_DONE;
}
