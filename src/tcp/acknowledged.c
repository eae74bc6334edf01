/* SPDX-License-Identifier: MIT */
/*
 * The fifth step of RFC 9293 §3.10.7.4: what an acknowledgment does. It frees what was delivered, samples the round
 * trip, finds losses, lets the congestion window grow or shrink, takes the peer's window, and moves the closing states.
 */
#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/foreseen.h"
#include "tcp/lingering.h"
#include "tcp/losses.h"
#include "tcp/path.h"
#include "tcp/pathmtu.h"
#include "tcp/segment.h"
#include "tcp/sendspace.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/work.h"

/*
 * Two confused peers must not answer each other for ever. Per connection, so that there is nothing to spy on: one
 * answer in `every`, and `burst` at once where none was needed for long. c->challenged is when the last one went, or
 * runs ahead of the clock by what has been taken of the burst.
 */
static bool may_answer(struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    uint32_t every = (uint32_t)(k->invalid_ratelimit / WEFT_MS), ahead = (k->invalid_burst - 1) * every;
    uint32_t now = (uint32_t)(conn_now(c) / WEFT_MS), since = now - c->challenged + ahead;

    if (c->challenged && since < every)
        return false;
    c->challenged = max_u32(c->challenged && since < ahead + every ? c->challenged + every : now, 1);
    return true;
}

SELDOM void conn_answer(struct tcp_conn *c, const struct tcp_seg *seg)
{
    bool empty = seg->len == 0 || seg_has(seg, TCP_SYN);

    if (!conn_work(c))
        return;
    if (empty && !may_answer(c)) {
        stack_count(c->ep.stack, WEFT_COUNT_tcp_answers_skipped);
        return;
    }
    if (empty)
        stack_count(c->ep.stack, WEFT_COUNT_tcp_challenge_acks);
    ackpolicy_owe(&c->work->ack);
}

static uint32_t window_of(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return (uint32_t)seg->h.window << (seg->unscaled ? 0 : c->snd_wscale);
}

static inline void take_window(struct tcp_conn *c, const struct tcp_seg *seg, uint32_t window)
{
    uint32_t before = c->snd.max_wnd;

    c->snd.wnd = window;
    if (window > before) {
        c->snd.max_wnd = window;
        /* else the segments are as large as they may be, whatever the window is; the first may be the first limit */
        if ((before ? before : window) / 2 < c->peer_mss)
            conn_update_mss(c);
    }
    if (likely(c->work != NULL))
        c->work->wl1 = seg->h.seq;
    else
        c->window_old = seq_lt(seg->h.seq, c->rcv.nxt);
}

void conn_take_window(struct tcp_conn *c, const struct tcp_seg *seg) { take_window(c, seg, window_of(c, seg)); }

/* SND.WL1. While parked all that the peer has sent is taken, so that one bit is enough. */
static struct seq window_seq(const struct tcp_conn *c)
{
    return likely(c->work != NULL) ? c->work->wl1 : seq_sub(c->rcv.nxt, c->window_old);
}

/*
 * Is the window of this segment newer than the one we have? DEVIATION: one that acknowledges new data is, whatever its
 * number, as Linux has it: the window we have, counted from the new SND.UNA, would reach beyond what was ever offered.
 * So SND.WL2 is always SND.UNA, and what acknowledges less was not let as far as here.
 * And of segments with the same numbers, which may have changed places, the largest window counts, as Linux has it,
 * unless one closes it.
 */
static bool window_is_newer(const struct tcp_conn *c, const struct tcp_seg *seg, uint32_t window)
{
    if (seq_gt(seg->h.ack, c->snd.una) || seq_lt(window_seq(c), seg->h.seq))
        return true;
    if (!seq_eq(window_seq(c), seg->h.seq))
        return false;
    return window >= c->snd.wnd || window == 0 || tcp_config(c->ep.stack)->smaller_window;
}

/*
 * Does it say something of the window, so that it is no duplicate (RFC 5681 §2)? Another one does, taken or not.
 * DEVIATION where windows only grow: so does the first behind new text of the peer's, whatever it says, as on Linux.
 */
static bool tells_of_a_window(const struct tcp_conn *c, const struct tcp_seg *seg, uint32_t window)
{
    return window != c->snd.wnd ||
           (seq_lt(window_seq(c), seg->h.seq) && !tcp_config(c->ep.stack)->smaller_window);
}

static void update_window(struct tcp_conn *c, const struct tcp_seg *seg, uint32_t window)
{
    if (!window_is_newer(c, seg, window))
        return;
    if (unlikely(!c->work && seq_gt(seg->h.seq, c->rcv.nxt))) /* a bare one, and before it there is something missing */
        conn_work(c);
    take_window(c, seg, window);
    if (c->work && c->snd.wnd) {
        if (c->work->probes)
            c->work->retries = 0; /* they count probes that nobody answered */
        c->work->probes = 0;
        c->work->probing_since = 0;
        c->work->probe_due = 0;
    }
}

/* ---- what the acknowledgment tells ---- */

/* When the segment whose timestamp is echoed went out at the latest: our clock shows milliseconds. */
SELDOM static weft_time echo_until(const struct tcp_conn *c, uint32_t echo)
{
    int32_t ms = (int32_t)(ts_clock(conn_now(c), c->ts_offset) - echo);
    weft_time now_ms = conn_now(c) / WEFT_MS;

    return ms >= 0 && (weft_time)ms <= now_ms ? (now_ms - (weft_time)ms + 1) * WEFT_MS - 1 : WEFT_NEVER;
}

static void report_init(const struct tcp_conn *c, const struct tcp_seg *seg, bool new_window, struct ack_report *r)
{
    struct tcp_work *w = c->work;

    sndmap_news_init(&r->news, conn_now(c), c->mss);
    r->news.high = w->recovery.high;
    r->news.highest = sndmap_highest(&w->sndmap);
    r->prior_una = c->snd.una;
    r->prior_pipe = conn_pipe(c);
    r->delivered = r->lost = 0;
    r->rtt = 0;
    r->has_echo = false;
    r->echo = seg->o.ts_ecr;
    if (unlikely(w->resent)) { /* these are asked about copies alone */
        r->has_echo = c->ts_ok && seg->o.has_ts && seg->o.ts_ecr;
        r->news.min_rtt = rtt_min(&c->rtt);
        r->news.echo_until = r->has_echo ? echo_until(c, r->echo) : WEFT_NEVER;
    }
    r->advanced = seq_gt(seg->h.ack, c->snd.una);
    r->news_of_any_kind = r->advanced || new_window || seg->len || seg_has(seg, TCP_FIN);
    r->duplicate = !r->news_of_any_kind && seq_eq(seg->h.ack, c->snd.una);
    r->ece = c->ecn.on && seg_has(seg, TCP_ECE);
    r->dsack = r->dsack_probe = r->lost_again = r->just_recovered = r->restart_timer = false;
}

/* Something arrived twice, says the first block (RFC 2883 §4): it lies below the number, or in the second block. */
static bool is_dsack(const struct tcp_seg *seg)
{
    const struct tcp_sack_block *b = seg->o.sack;

    if (seq_ge(b[0].start, b[0].end))
        return false;
    if (seq_lt(b[0].start, seg->h.ack))
        return true;
    return seg->o.n_sack > 1 && seq_ge(b[0].start, b[1].start) && seq_le(b[0].end, b[1].end);
}

/*
 * What a DSACK says: a retransmission was needless. More than were sent, or more than a window, is a dubious claim, as
 * in Linux; one that answers a tail loss probe is no sign of reordering.
 */
SELDOM static void read_dsack(struct tcp_conn *c, struct tcp_sack_block b, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    uint32_t len = b.end.v - b.start.v, n = sent_segments(len, c->mss);

    stack_count(c->ep.stack, WEFT_COUNT_tcp_dsack_received);
    if (len > c->snd.max_wnd)
        return;
    if (c->stats)
        c->stats->dsack_dups += n;
    w->duplicates += n;
    if (w->duplicates > w->resent)
        return;
    r->dsack = true;
    r->dsack_probe = len <= c->mss && w->tlp.out && seq_eq(w->tlp.end, b.end);
    w->rack.dsack |= c->reordered && !r->dsack_probe;
    r->delivered += n;
    if (seq_le(b.end, c->snd.una))
        recovery_duplicated(&w->recovery, b.end, c->snd.una, n);
    else
        recovery_duplicated(&w->recovery, b.end, b.end, sndmap_duplicate(&w->sndmap, b));
}

/* Marks what the peer holds. In which order the blocks stand says nothing: late is what lies below earlier reports. */
ASIDE static void read_sack(struct tcp_conn *c, const struct tcp_seg *seg, struct ack_report *r)
{
    unsigned first = is_dsack(seg) ? 1 : 0;

    if (first)
        read_dsack(c, seg->o.sack[0], r);
    for (unsigned i = first; i < seg->o.n_sack; i++)
        sndmap_sack(&c->work->sndmap, &c->ep.stack->mem, seg->o.sack[i], &r->news);
}

/*
 * A round trip, from what was sent only once (Karn), else by the echoed timestamp if a whole segment was acknowledged,
 * as on Linux. The echo may be old, and says so only to the millisecond: it cannot be older than the acknowledged data
 * has been outstanding.
 */
ASIDE static bool sample_rtt(struct tcp_conn *c, const struct ack_report *r, weft_time *sample, weft_time *latest)
{
    const struct sndmap_news *n = &r->news;

    if (n->last_sacked_at != WEFT_NEVER)
        *latest = conn_now(c) - n->last_sacked_at;
    if (n->first_at != WEFT_NEVER && !n->again) {
        *sample = conn_now(c) - n->first_at;
    } else if (n->first_sacked_at != WEFT_NEVER) {
        *sample = conn_now(c) - n->first_sacked_at;
    } else if (r->has_echo && n->acked && n->echo_until != WEFT_NEVER) {
        int32_t ms = (int32_t)(ts_clock(conn_now(c), c->ts_offset) - r->echo);

        *sample = *latest = min_u64((weft_time)ms * WEFT_MS,
                                    conn_now(c) - c->work->stuck_since + rtt_smoothed(&c->rtt));
    } else {
        return false;
    }
    return true;
}

/* The usual acknowledgment is of what was sent once, and of nothing else. */
static inline bool is_plain_sample(const struct sndmap_news *n)
{
    return n->first_at != WEFT_NEVER && n->last_sacked_at == WEFT_NEVER && !n->again;
}

static void take_sample(struct tcp_conn *c, struct ack_report *r)
{
    struct rtt_limits limits = conn_rtt_limits(c);
    weft_time sample, latest = 0;

    if (likely(is_plain_sample(&r->news))) {
        sample = conn_now(c) - r->news.first_at;
        latest = conn_now(c) - r->news.last_at;
    } else if (!sample_rtt(c, r, &sample, &latest))
        return; /* the back-off stays until a clean sample (MUST-18) */
    r->rtt = latest;
    if (latest)
        rtt_sample_min(&c->rtt, latest, conn_now(c));
    rtt_sample(&c->rtt, sample, c->snd.una, c->snd.nxt, &limits);
    rtt_progress(&c->rtt);
    /* A sample of what was sent after the first segment was: it is not stuck for want of an RTO long enough. */
    if (unlikely(!r->advanced) && r->news.first_sacked_at != WEFT_NEVER && c->work->sndmap.count &&
        r->news.first_sacked_at < sndmap_at(&c->work->sndmap, 0)->at)
        r->restart_timer = true;
}

/* Does a user wait for room? The queue grows, if it is what the window is too large for; he hears of a third. */
static void offer_room(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (w->want_write && conn_pipe(c) < c->cc.cwnd)
        conn_grow_send_buffer(c);
    if (w->want_write && conn_has_room(c, true)) {
        w->want_write = false;
        endpoint_notify(&c->ep, WEFT_WRITABLE);
    }
}

/* SND.UNA moves forward, in the connection and its send queue; our FIN takes a number, but no byte. */
static void advance(struct tcp_conn *c, struct seq ack, bool fin_acked)
{
    struct tcp_work *w = c->work;
    uint32_t space = (uint32_t)seq_diff(ack, c->snd.una), bytes = space - (fin_acked ? 1 : 0);

    if (likely(bytes))
        sendq_ack(&w->sendq, &c->ep.stack->mem, bytes);
    c->snd.una = ack;
    if (c->stats)
        account_progress(c, space);
    w->urgent_end = seq_max(w->urgent_end, c->snd.una);
    w->small_end = seq_max(w->small_end, c->snd.una); /* left behind, it would look ahead again after 2^31 bytes */
    c->soft_error = 0;
    if (likely(w->path.ifp != NULL))
        neigh_progress(w->path.ifp, &w->path.next_hop);
}

/* The same, in the scoreboard as well. */
static void progress(struct tcp_conn *c, struct tcp_seg *seg, struct ack_report *r)
{
    bool fin_acked = c->fin_sent && seq_eq(seg->h.ack, c->snd.nxt);

    sndmap_ack(&c->work->sndmap, &c->ep.stack->mem, seg->h.ack, &r->news);
    advance(c, seg->h.ack, fin_acked);
    /* RFC 6298 §5.3: for whole segments, as on Linux; transmit_arm starts it anew if there is something left. */
    r->restart_timer = r->news.acked > 0 || fin_acked;
}

/*
 * A zero window that is acknowledged keeps the connection alive for as long as the peer likes (MUST-37, SHLD-17), and
 * the user with it: an orphan it cannot hold (RFC 6429 §4).
 */
SELDOM static void heard_closed_window(struct tcp_conn *c)
{
    if (!c->work)
        return;
    if (!c->orphan && conn_in_flight(c) == 0)
        c->work->retries = 0;
}

/* Text waits for the window. Whatever the peer says in time, the next probe is its time away from that, as on Linux. */
SELDOM static void put_off_probe(struct tcp_conn *c)
{
    c->work->deadline[TCP_TIMER_PERSIST] = WEFT_NEVER;
}

/*
 * TCP_LINGER2 below zero: who does not wait for the peer's FIN knows nothing of the connection any more, as on Linux.
 */
SELDOM static enum tcp_step refuse_to_wait(struct tcp_conn *c, const struct tcp_seg *seg)
{
    segment_refuse(c->ep.stack, seg);
    conn_why(c, WEFT_WHY_close_fin_wait_2, 0);
    conn_finish(c, 0);
    return TCP_GONE;
}

/* Our FIN is acknowledged. */
ASIDE static enum tcp_step fin_acknowledged(struct tcp_conn *c, const struct tcp_seg *seg)
{
    switch ((enum weft_tcp_state)c->state) {
    case WEFT_TCP_FIN_WAIT_1:
        state_set(c, WEFT_TCP_FIN_WAIT_2);
        if (c->orphan && c->settings->fin_wait_2 < 0)
            return refuse_to_wait(c, seg);
        return c->orphan ? conn_wait_for_fin(c, seg_len(seg) > 0) : TCP_CONTINUE;
    case WEFT_TCP_CLOSING:
        conn_linger(c);
        return TCP_GONE;
    case WEFT_TCP_LAST_ACK:
        conn_why(c, WEFT_WHY_close_orderly, 0);
        conn_finish(c, 0);
        return TCP_GONE;
    default:
        return TCP_CONTINUE;
    }
}

/* RFC 5961 §5.2: how far back an acknowledgment may lie. What was never sent was never in a window, either. */
static bool ack_is_ancient(const struct tcp_conn *c, struct seq ack)
{
    return unlikely(seq_lt(ack, c->snd.una)) &&
           seq_lt(ack, seq_sub(c->snd.una, (uint32_t)min_u64(c->snd.max_wnd, account_acknowledged(c))));
}

/* What arrived while the peer echoed a mark. */
SELDOM static void count_marked(struct tcp_conn *c, uint32_t segments)
{
    stack_count_n(c->ep.stack, WEFT_COUNT_tcp_delivered_ce, segments);
    if (c->stats)
        c->stats->delivered_ce += segments;
}

/* An acknowledgment while something is in flight. */
static void take_report(struct tcp_conn *c, struct tcp_seg *seg, bool new_window)
{
    struct tcp_work *w = c->work;
    struct ack_report r;

    report_init(c, seg, new_window, &r);
    if (c->sack_ok && seg->o.n_sack)
        read_sack(c, seg, &r);
    if (r.advanced)
        progress(c, seg, &r);
    take_sample(c, &r);
    if (r.advanced) {
        w->retries = 0;
        w->stuck_since = conn_now(c);
    }
    losses_on_ack(c, &r);
    if (unlikely(w->search.size))
        conn_probe_acknowledged(c);
    if (r.advanced)
        offer_room(c); /* only now is it known how large the window is */
    if (c->stats)
        c->stats->delivered += r.delivered;
    if (unlikely(r.ece))
        count_marked(c, r.delivered);
}

/*
 * ---- the acknowledgment that is waited for ----
 *
 * Who asks and answers by turns has one packet in flight, and hears of it once and of nothing else. Then each question
 * of take_report has one answer, and what is left of it goes here, through the same leaves and in the same order.
 * config.tcp.shortcuts = false asks them all the same, and nothing else may change by that.
 */

/* Is all that is in flight one packet that went out once, in no episode, and is it acknowledged, with no other news? */
static inline bool is_expected(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    const struct tcp_work *w = c->work;
    const struct recovery *v = &w->recovery;

    return sndmap_is_lone(&w->sndmap) && seq_eq(seg->h.ack, c->snd.nxt) && c->sack_ok && seg->o.n_sack == 0 &&
           v->state == RECOVERY_OPEN && v->first_at == 0 && v->guard == 0 && !w->tlp.out && w->search.size == 0 &&
           !(c->ecn.on && seg_has(seg, TCP_ECE));
}

/* The samples that the segment gives: of the round trip, and of what RACK and the congestion window are told. */
static inline void measure_expected(struct tcp_conn *c, const struct sent *s)
{
    struct tcp_work *w = c->work;
    struct departure then = sent_departure(s);
    struct rtt_limits limits = conn_rtt_limits(c);
    struct growth growth = {
        .rtt = conn_now(c) - s->at, .delivered = s->segments, .before = s->segments, .progress = true};
    struct rate_sample rate;

    if (growth.rtt)
        rtt_sample_min(&c->rtt, growth.rtt, conn_now(c));
    rtt_sample(&c->rtt, growth.rtt, c->snd.una, c->snd.nxt, &limits);
    rtt_progress(&c->rtt);
    rack_advance(&w->rack, &then, growth.rtt);
    rack_adapt(&w->rack, !(tcp_config(c->ep.stack)->recovery & 2), w->rate.delivered + s->segments, s->delivered);
    rate = rate_deliver_one(&w->rate, s, conn_now(c), rtt_min(&c->rtt));
    steering_grow(c, &growth, &rate);
}

static inline struct sent progress_expected(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct tcp_work *w = c->work;
    struct sent s = sndmap_ack_lone(&w->sndmap);

    advance(c, seg->h.ack, c->fin_sent);
    w->retries = 0;
    w->stuck_since = conn_now(c);
    losses_restart_timer(c);
    if (c->stats)
        c->stats->delivered += s.segments;
    return s;
}

static inline void take_expected(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct sent s = progress_expected(c, seg);

    measure_expected(c, &s);
    offer_room(c);
}

/* Is that the last there was to send, with nobody left who could ask how it went? */
static inline bool is_last_of_orphan(const struct tcp_conn *c) { return c->orphan && c->fin_sent; }

/* The same where the whole segment is foreseen. It acknowledges something new, so that its window is newer, too. */
void acknowledged_foreseen(struct tcp_conn *c, const struct tcp_seg *seg)
{
    weft_assert(is_expected(c, seg), "arrives.c asks for that");
    take_window(c, seg, window_of(c, seg));
    take_expected(c, seg);
}

/* ---- all others ---- */

/* The sender has slowed down: enough of the echo. His window may be small, so text is acknowledged at once. */
SELDOM static void reduction_is_told(struct tcp_conn *c, const struct tcp_seg *seg)
{
    c->ecn.echo = false;
    if (seg_len(seg) && conn_work(c))
        ackpolicy_now(&c->work->ack);
}

/*
 * Nothing is in flight, and yet he reports something as come twice, which may undo what the window lost for it; or he
 * answers a tail loss probe for the second time, so that what was probed for and the probe have both arrived.
 */
SELDOM static void late_report(struct tcp_conn *c, struct tcp_seg *seg, bool new_window)
{
    bool twice = c->sack_ok && seg->o.n_sack && is_dsack(seg);

    if (twice || c->work->tlp.out)
        take_report(c, seg, new_window || twice);
}

enum tcp_step acknowledged(struct tcp_conn *c, struct tcp_seg *seg)
{
    uint32_t window = window_of(c, seg);
    bool new_window;

    if (seq_gt(seg->h.ack, c->snd.nxt) || ack_is_ancient(c, seg->h.ack)) {
        conn_answer(c, seg);
        return seg_drop(seg, WEFT_DROP_tcp_challenge_ack);
    }
    if (seq_lt(seg->h.ack, c->snd.una)) { /* old, but its text may be new, and so may its blocks */
        if (conn_in_flight(c) && c->sack_ok && seg->o.n_sack)
            take_report(c, seg, true);
        return TCP_CONTINUE;
    }
    if (unlikely(c->ecn.on && seg_has(seg, TCP_CWR)))
        reduction_is_told(c, seg);
    new_window = tells_of_a_window(c, seg, window);
    update_window(c, seg, window);
    /* an old one may tell of a window that we do not take from it */
    if (unlikely(c->snd.wnd == 0) && seg->h.window == 0)
        heard_closed_window(c);
    if (conn_in_flight(c) == 0) {
        if (unlikely(c->work && c->work->deadline[TCP_TIMER_PERSIST] != WEFT_NEVER) && seq_ge(seg->h.seq, c->rcv.nxt))
            put_off_probe(c);
        if (unlikely(c->work && (seg->o.n_sack || c->work->tlp.out)))
            late_report(c, seg, new_window);
        return TCP_CONTINUE;
    }
    weft_assert(c->work, "only the quiet are parked, and they have nothing in flight");
    if (unlikely(!is_expected(c, seg)))
        take_report(c, seg, new_window);
    else if (is_last_of_orphan(c))
        progress_expected(c, seg);
    else if (likely(tcp_config(c->ep.stack)->shortcuts))
        take_expected(c, seg);
    else
        take_report(c, seg, new_window);
    return c->fin_sent && conn_in_flight(c) == 0 ? fin_acknowledged(c, seg) : TCP_CONTINUE;
}
