/* SPDX-License-Identifier: MIT */
/* See info.h. One function for each group of fields. */
#include "tcp/info.h"

#include "tcp/account.h"
#include "tcp/path.h"
#include "tcp/synsent.h"
#include "tcp/timeouts.h"
#include "tcp/window.h"

#define NO_SSTHRESH 0x7fffffff /* what Linux calls infinite */

static const uint8_t linux_state[WEFT_TCP_STATE_COUNT] = {
    [WEFT_TCP_CLOSED] = WEFT_TCPI_CLOSE,
    [WEFT_TCP_LISTEN] = WEFT_TCPI_LISTEN,
    [WEFT_TCP_SYN_SENT] = WEFT_TCPI_SYN_SENT,
    [WEFT_TCP_SYN_RECEIVED] = WEFT_TCPI_SYN_RECV,
    [WEFT_TCP_ESTABLISHED] = WEFT_TCPI_ESTABLISHED,
    [WEFT_TCP_FIN_WAIT_1] = WEFT_TCPI_FIN_WAIT1,
    [WEFT_TCP_FIN_WAIT_2] = WEFT_TCPI_FIN_WAIT2,
    [WEFT_TCP_CLOSE_WAIT] = WEFT_TCPI_CLOSE_WAIT,
    [WEFT_TCP_CLOSING] = WEFT_TCPI_CLOSING,
    [WEFT_TCP_LAST_ACK] = WEFT_TCPI_LAST_ACK,
    [WEFT_TCP_TIME_WAIT] = WEFT_TCPI_CLOSE,
};

static uint32_t micros(weft_time t) { return (uint32_t)min_u64(t / WEFT_US, UINT32_MAX); }

static uint32_t millis_since(const struct tcp_conn *c, weft_time then)
{
    return then ? (uint32_t)min_u64((conn_now(c) - then) / WEFT_MS, UINT32_MAX) : 0;
}

/* ---- groups of fields ---- */

static const uint8_t linux_ca_state[] = {
    [RECOVERY_OPEN] = WEFT_TCPI_CA_OPEN,         [RECOVERY_DISORDER] = WEFT_TCPI_CA_DISORDER,
    [RECOVERY_CWR] = WEFT_TCPI_CA_CWR,           [RECOVERY_FAST] = WEFT_TCPI_CA_RECOVERY,
    [RECOVERY_LOSS] = WEFT_TCPI_CA_LOSS,
};

static void fill_scoreboard(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    const struct sndmap *m = &c->work->sndmap;

    info->tcpi_unacked = m->total;
    info->tcpi_sacked = c->sack_ok ? m->sacked : c->work->recovery.duplicates;
    info->tcpi_lost = m->lost;
    info->tcpi_retrans = m->again;
}

static void fill_work(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    const struct tcp_work *w = c->work;
    const struct recovery *v = &w->recovery;

    info->tcpi_ca_state = linux_ca_state[recovery_lingers(v, c->snd.una) ? v->guard : v->state];
    if (w->probes) { /* nothing is in flight: it is the window that is asked for, at growing intervals */
        info->tcpi_probes = w->retries;
        info->tcpi_backoff = w->probes;
    } else {
        info->tcpi_retransmits = w->retries;
    }
    info->tcpi_notsent_bytes = conn_unsent(c) + (c->fin_wanted && !c->fin_sent); /* FIN takes a number, too */
    fill_scoreboard(c, info);
}

static void fill_agreed(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    if (c->ts_ok)
        info->tcpi_options |= WEFT_TCPI_OPT_TIMESTAMPS;
    if (c->sack_ok)
        info->tcpi_options |= WEFT_TCPI_OPT_SACK;
    if (c->snd_wscale || c->rcv_wscale)
        info->tcpi_options |= WEFT_TCPI_OPT_WSCALE;
    if (c->ecn.on && c->state != WEFT_TCP_SYN_SENT)
        info->tcpi_options |= WEFT_TCPI_OPT_ECN;
    if (c->ecn.seen)
        info->tcpi_options |= WEFT_TCPI_OPT_ECN_SEEN;
    info->tcpi_snd_wscale = c->snd_wscale & 15;
    info->tcpi_rcv_wscale = c->rcv_wscale & 15;
}

static void fill_times(const struct tcp_conn *c, const struct tcp_stats *s, struct weft_tcp_info *info)
{
    struct rtt_limits limits = conn_rtt_limits(c);
    weft_time since = c->stats ? s->since : c->heard; /* what has not happened yet did not happen since then */

    info->tcpi_backoff = c->rtt.backoff;
    info->tcpi_rto = micros(rtt_rto(&c->rtt, &limits));
    info->tcpi_ato = c->pace.ato * 1000u;
    info->tcpi_rtt = micros(rtt_smoothed(&c->rtt));
    info->tcpi_rttvar = micros(rtt_deviation(&c->rtt));
    info->tcpi_min_rtt = c->rtt.min_us;
    info->tcpi_last_data_sent = millis_since(c, c->spoke ? c->spoke : since);
    info->tcpi_last_data_recv = millis_since(c, s->heard_data ? s->heard_data : since);
    info->tcpi_last_ack_recv = millis_since(c, s->heard_ack ? s->heard_ack : since);
}

static void fill_measured(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    struct tcp_measured m = account_measured(c);

    info->tcpi_delivery_rate = m.delivery_rate;
    info->tcpi_delivery_rate_app_limited = m.delivery_rate ? m.starved : 1;
    info->tcpi_rcv_rtt = m.rcv_rtt;
    info->tcpi_rcv_space = m.rcv_space    ? m.rcv_space
                           : c->syn_acked ? rcvtune_first(&c->rcvspace, conn_announced_mss(c))
                                          : 0;
}

/* What our SYN said, and what the peer is taken to be before it says something itself. */
static void fill_offered(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    info->tcpi_advmss = conn_offer(c, &c->work->path, c->v6).mss;
    info->tcpi_snd_mss = conn_mss_unheard(c);
    info->tcpi_rcv_mss = LEAST_RCV_MSS;
    info->tcpi_rcv_wnd = info->tcpi_rcv_ssthresh = conn_open_window(c);
}

/* A SYN that was lost brings the first window's threshold down, until the handshake is over (window_start). */
static uint32_t ssthresh_after_syn(const struct tcp_conn *c)
{
    struct cc first = {.cwnd = tcp_config(c->ep.stack)->initial_window};
    union cc_private none = {0};

    return conn_cc(c)->ssthresh(&first, &none);
}

/* Before the handshake is over Linux shows what it will begin with, and the SYN as a segment in flight. */
static void fill_before(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    bool sent = c->state == WEFT_TCP_SYN_SENT && c->work, again = sent && c->work->retries;

    info->tcpi_snd_cwnd = again ? 1 : tcp_config(c->ep.stack)->initial_window;
    info->tcpi_snd_ssthresh = again ? ssthresh_after_syn(c) : NO_SSTHRESH;
    info->tcpi_unacked = sent;
    info->tcpi_lost = info->tcpi_retrans = again;
    if (sent && c->work->path.ifp)
        fill_offered(c, info);
    if (again)
        info->tcpi_ca_state = WEFT_TCPI_CA_LOSS;
}

/* Of a listener, too. */
static void fill_pacing(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    info->tcpi_reordering = c->reordering;
    info->tcpi_pacing_rate = window_rate(c); /* as on Linux, where nothing paces too */
    info->tcpi_max_pacing_rate = c->settings->max_pacing_rate ? c->settings->max_pacing_rate : UINT64_MAX;
}

static void fill_windows(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    info->tcpi_snd_mss = c->mss;
    info->tcpi_rcv_mss = c->rcv_mss;
    info->tcpi_pmtu = conn_path_mtu(c);
    info->tcpi_snd_cwnd = c->cc.cwnd;
    info->tcpi_snd_ssthresh = c->cc.ssthresh;
    info->tcpi_snd_wnd = c->snd.wnd;
    if (c->syn_acked)
        /* as it was told: Linux takes nothing off for what came since */
        info->tcpi_rcv_wnd = (uint32_t)seq_diff(c->rcv.edge, c->rcv.acked);
    info->tcpi_advmss = conn_announced_mss(c);
    info->tcpi_rcv_ssthresh = c->rcvspace.ssthresh;
}

static void fill_counters(const struct tcp_conn *c, const struct tcp_stats *s, struct weft_tcp_info *info)
{
    weft_time now = conn_now(c);

    info->tcpi_total_retrans = s->retrans;
    info->tcpi_bytes_acked = s->bytes_acked;
    info->tcpi_bytes_received = s->bytes_received;
    info->tcpi_bytes_sent = s->bytes_sent;
    info->tcpi_bytes_retrans = s->bytes_retrans;
    info->tcpi_segs_out = s->segs_out;
    info->tcpi_segs_in = s->segs_in;
    info->tcpi_data_segs_out = s->data_segs_out;
    info->tcpi_data_segs_in = s->data_segs_in;
    info->tcpi_busy_time = stats_busy(s, now) / WEFT_US;
    info->tcpi_rwnd_limited = stats_held(s, now, HELD_RECEIVER) / WEFT_US;
    info->tcpi_sndbuf_limited = stats_held(s, now, HELD_SEND_BUFFER) / WEFT_US;
    info->tcpi_delivered = s->delivered;
    info->tcpi_delivered_ce = s->delivered_ce;
    info->tcpi_dsack_dups = s->dsack_dups;
    info->tcpi_reord_seen = s->reord_seen;
    info->tcpi_rcv_ooopack = s->out_of_order;
    info->tcpi_total_rto = s->rtos;
    info->tcpi_total_rto_recoveries = s->rto_runs;
    info->tcpi_total_rto_time = (uint32_t)min_u64(stats_rto_time(s, now) / WEFT_MS, UINT32_MAX);
}

/* A listener has no path and no peer, whatever it was before; as on Linux its queue stands where segments do. */
static void fill_listener(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    info->tcpi_unacked = c->listen->waiting;
    info->tcpi_sacked = c->listen->backlog;
    info->tcpi_snd_cwnd = tcp_config(c->ep.stack)->initial_window;
}

void info_fill(const struct tcp_conn *c, struct weft_tcp_info *info)
{
    struct tcp_stats handshake, *s = c->stats;

    *info = (struct weft_tcp_info){.tcpi_state = linux_state[c->state]};
    fill_pacing(c, info);
    if (c->state == WEFT_TCP_LISTEN) {
        fill_listener(c, info);
        return;
    }
    if (!s)
        account_handshake(c, s = &handshake);
    fill_agreed(c, info);
    fill_counters(c, s, info);
    fill_times(c, s, info);
    fill_windows(c, info);
    fill_measured(c, info);
    if (c->work)
        fill_work(c, info);
    else
        info->tcpi_ca_state = linux_ca_state[c->recovered_here];
    if (!c->syn_acked)
        fill_before(c, info);
}
