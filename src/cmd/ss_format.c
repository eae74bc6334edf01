/* SPDX-License-Identifier: MIT */
/* What ss prints of one socket; see ss_format.h. */
#include "cmd/ss_format.h"

#include <string.h>

const char *ss_state(enum weft_tcp_state state)
{
    static const char *const names[WEFT_TCP_STATE_COUNT] = {
        [WEFT_TCP_CLOSED] = "UNCONN",
        [WEFT_TCP_LISTEN] = "LISTEN",
        [WEFT_TCP_SYN_SENT] = "SYN-SENT",
        [WEFT_TCP_SYN_RECEIVED] = "SYN-RECV",
        [WEFT_TCP_ESTABLISHED] = "ESTAB",
        [WEFT_TCP_FIN_WAIT_1] = "FIN-WAIT-1",
        [WEFT_TCP_FIN_WAIT_2] = "FIN-WAIT-2",
        [WEFT_TCP_CLOSE_WAIT] = "CLOSE-WAIT",
        [WEFT_TCP_CLOSING] = "CLOSING",
        [WEFT_TCP_LAST_ACK] = "LAST-ACK",
        [WEFT_TCP_TIME_WAIT] = "TIME-WAIT",
    };

    return (unsigned)state < WEFT_TCP_STATE_COUNT ? names[state] : "UNKNOWN";
}

void ss_timer_text(char *buf, size_t n, weft_time left)
{
    unsigned long long ms = left / WEFT_MS, s = ms / 1000 % 60, min = ms / 60000;
    char minutes[24] = "";

    ms = min || s > 9 ? 0 : ms % 1000;
    if (min)
        snprintf(minutes, sizeof minutes, "%llumin", min);
    if (min > 9 || (s == 0 && ms == 0))
        snprintf(buf, n, "%s", min ? minutes : "0sec");
    else if (s == 0)
        snprintf(buf, n, "%s%03llums", minutes, ms);
    else if (ms == 0)
        snprintf(buf, n, "%s%llusec", minutes, s);
    else
        snprintf(buf, n, "%s%llu.%03llums", minutes, s, ms);
}

void ss_timer(char *buf, size_t n, const struct weft_listing *item, weft_time now)
{
    static const char *const names[] = {"off", "on", "keepalive", "timewait", "persist"};
    char left[48];

    buf[0] = '\0';
    if (item->timer == WEFT_TIMER_OFF)
        return;
    ss_timer_text(left, sizeof left, item->timer_at > now ? item->timer_at - now : 0);
    snprintf(buf, n, "timer:(%s,%s,%u)", names[item->timer], left, item->timer_tries);
}

void ss_memory(FILE *out, const uint32_t held[WEFT_MEMINFO_COUNT])
{
    fprintf(out, " skmem:(r%u,rb%u,t%u,tb%u,f%u,w%u,o%u,bl%u,d%u)", held[WEFT_MEMINFO_RMEM],
            held[WEFT_MEMINFO_RCVBUF], held[WEFT_MEMINFO_WMEM], held[WEFT_MEMINFO_SNDBUF], held[WEFT_MEMINFO_FORWARD],
            held[WEFT_MEMINFO_QUEUED], held[WEFT_MEMINFO_OPTIONS], held[WEFT_MEMINFO_BACKLOG],
            held[WEFT_MEMINFO_DROPS]);
}

/* ---- the line of ss -i ---- */

static void number(FILE *out, const char *name, unsigned long long v)
{
    if (v)
        fprintf(out, " %s:%llu", name, v);
}

/* Microseconds, printed as milliseconds without zeros at the end. */
static void millis(FILE *out, const char *name, uint32_t us)
{
    if (us && us != UINT32_MAX)
        fprintf(out, " %s:%g", name, us / 1000.0);
}

static void rate(FILE *out, const char *name, double bytes_per_second)
{
    if (bytes_per_second > 0)
        fprintf(out, " %s %.0fbps", name, bytes_per_second * 8);
}

static void agreed(FILE *out, const struct weft_tcp_info *i, const char *cc)
{
    static const struct {
        unsigned bit;
        const char *name;
    } words[] = {{WEFT_TCPI_OPT_TIMESTAMPS, " ts"},
                 {WEFT_TCPI_OPT_SACK, " sack"},
                 {WEFT_TCPI_OPT_ECN, " ecn"},
                 {WEFT_TCPI_OPT_ECN_SEEN, " ecnseen"},
                 {WEFT_TCPI_OPT_SYN_DATA, " fastopen"}};
    size_t w;

    for (w = 0; w < sizeof words / sizeof *words; w++)
        fputs(i->tcpi_options & words[w].bit ? words[w].name : "", out);
    if (cc[0])
        fprintf(out, " %s", cc);
    if (i->tcpi_options & WEFT_TCPI_OPT_WSCALE)
        fprintf(out, " wscale:%d,%d", i->tcpi_snd_wscale, i->tcpi_rcv_wscale);
}

static void times_and_sizes(FILE *out, const struct weft_tcp_info *i)
{
    if (i->tcpi_rto && i->tcpi_state != WEFT_TCPI_LISTEN)
        millis(out, "rto", i->tcpi_rto);
    number(out, "backoff", i->tcpi_backoff);
    if (i->tcpi_rtt)
        fprintf(out, " rtt:%g/%g", i->tcpi_rtt / 1000.0, i->tcpi_rttvar / 1000.0);
    millis(out, "ato", i->tcpi_ato);
    number(out, "mss", i->tcpi_snd_mss);
    number(out, "pmtu", i->tcpi_pmtu);
    number(out, "rcvmss", i->tcpi_rcv_mss);
    number(out, "advmss", i->tcpi_advmss);
    number(out, "cwnd", i->tcpi_snd_cwnd);
    if (i->tcpi_snd_ssthresh < 0xffff)
        number(out, "ssthresh", i->tcpi_snd_ssthresh);
}

static void volume(FILE *out, const struct weft_tcp_info *i)
{
    number(out, "bytes_sent", i->tcpi_bytes_sent);
    number(out, "bytes_retrans", i->tcpi_bytes_retrans);
    number(out, "bytes_acked", i->tcpi_bytes_acked);
    number(out, "bytes_received", i->tcpi_bytes_received);
    number(out, "segs_out", i->tcpi_segs_out);
    number(out, "segs_in", i->tcpi_segs_in);
    number(out, "data_segs_out", i->tcpi_data_segs_out);
    number(out, "data_segs_in", i->tcpi_data_segs_in);
}

static void rates(FILE *out, const struct weft_tcp_info *i)
{
    if (i->tcpi_rtt)
        rate(out, "send", (double)i->tcpi_snd_mss * i->tcpi_snd_cwnd * 1e6 / i->tcpi_rtt);
    number(out, "lastsnd", i->tcpi_last_data_sent);
    number(out, "lastrcv", i->tcpi_last_data_recv);
    number(out, "lastack", i->tcpi_last_ack_recv);
    if (i->tcpi_pacing_rate != UINT64_MAX)
        rate(out, "pacing_rate", (double)i->tcpi_pacing_rate);
    if (i->tcpi_max_pacing_rate != UINT64_MAX)
        fprintf(out, "/%.0fbps", (double)i->tcpi_max_pacing_rate * 8);
    rate(out, "delivery_rate", (double)i->tcpi_delivery_rate);
    number(out, "delivered", i->tcpi_delivered);
    number(out, "delivered_ce", i->tcpi_delivered_ce);
    if (i->tcpi_delivery_rate_app_limited)
        fputs(" app_limited", out);
}

/* Part of the busy time, which is not zero when a part of it is not. */
static void share(FILE *out, const char *name, uint64_t us, uint64_t busy)
{
    if (us && busy)
        fprintf(out, " %s:%llums(%.1f%%)", name, (unsigned long long)us / 1000, 100.0 * (double)us / (double)busy);
}

static void waits(FILE *out, const struct weft_tcp_info *i)
{
    if (i->tcpi_busy_time)
        fprintf(out, " busy:%llums", (unsigned long long)i->tcpi_busy_time / 1000);
    share(out, "rwnd_limited", i->tcpi_rwnd_limited, i->tcpi_busy_time);
    share(out, "sndbuf_limited", i->tcpi_sndbuf_limited, i->tcpi_busy_time);
}

static void losses(FILE *out, const struct weft_tcp_info *i)
{
    number(out, "unacked", i->tcpi_unacked);
    if (i->tcpi_retrans || i->tcpi_total_retrans)
        fprintf(out, " retrans:%u/%u", i->tcpi_retrans, i->tcpi_total_retrans);
    number(out, "lost", i->tcpi_lost);
    number(out, "sacked", i->tcpi_sacked);
    number(out, "dsack_dups", i->tcpi_dsack_dups);
    if (i->tcpi_reordering != 3)
        number(out, "reordering", i->tcpi_reordering);
    number(out, "reord_seen", i->tcpi_reord_seen);
}

static void receiving(FILE *out, const struct weft_tcp_info *i)
{
    millis(out, "rcv_rtt", i->tcpi_rcv_rtt);
    number(out, "rcv_space", i->tcpi_rcv_space);
    number(out, "rcv_ssthresh", i->tcpi_rcv_ssthresh);
    number(out, "notsent", i->tcpi_notsent_bytes);
    millis(out, "minrtt", i->tcpi_min_rtt);
    number(out, "rcv_ooopack", i->tcpi_rcv_ooopack);
    number(out, "snd_wnd", i->tcpi_snd_wnd);
    number(out, "rcv_wnd", i->tcpi_rcv_wnd);
}

void ss_info(FILE *out, const struct weft_tcp_info *i, const char *cc)
{
    agreed(out, i, cc);
    times_and_sizes(out, i);
    if (i->tcpi_state == WEFT_TCPI_LISTEN)
        return;
    volume(out, i);
    rates(out, i);
    waits(out, i);
    losses(out, i);
    receiving(out, i);
}

/* ---- why ---- */

void ss_why(FILE *out, const struct weft_why_event *e)
{
    const char *unit = weft_why_unit(e->why);

    fprintf(out, "\t %llu.%06llu %s", (unsigned long long)(e->at / WEFT_S),
            (unsigned long long)(e->at % WEFT_S / WEFT_US), weft_why_name(e->why));
    if (e->count > 1)
        fprintf(out, " x%u", e->count);
    if (unit[0])
        fprintf(out, " %u %s", e->value, unit);
    fprintf(out, ": %s\n", weft_why_text(e->why));
}
