/* SPDX-License-Identifier: MIT */
/*
 * What a TCP connection tells about itself: counters and estimates in the layout of Linux's struct tcp_info (6.7 and
 * later; older ones are a prefix of it), and the trace of why it did what it did.
 *
 *     struct weft_tcp_info info;
 *     size_t n = sizeof info;
 *     weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n);
 *
 * Counters of a connection begin with its first data; until then they say what the handshake took. Without memory for
 * them they stay there, and nothing else suffers.
 */
#ifndef WEFT_TCP_INFO_H
#define WEFT_TCP_INFO_H

#include "weft/sock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Linux's numbers for the states, in tcpi_state. A connection in TIME-WAIT has closed for its user, as on Linux. */
enum weft_tcpi_state {
    WEFT_TCPI_ESTABLISHED = 1,
    WEFT_TCPI_SYN_SENT,
    WEFT_TCPI_SYN_RECV,
    WEFT_TCPI_FIN_WAIT1,
    WEFT_TCPI_FIN_WAIT2,
    WEFT_TCPI_TIME_WAIT,
    WEFT_TCPI_CLOSE,
    WEFT_TCPI_CLOSE_WAIT,
    WEFT_TCPI_LAST_ACK,
    WEFT_TCPI_LISTEN,
    WEFT_TCPI_CLOSING,
};

/* What recovery is at, in tcpi_ca_state. */
enum weft_tcpi_ca {
    WEFT_TCPI_CA_OPEN,     /* nothing dubious */
    WEFT_TCPI_CA_DISORDER, /* duplicates or SACK blocks, no loss yet */
    WEFT_TCPI_CA_CWR,      /* the window shrinks because of ECN */
    WEFT_TCPI_CA_RECOVERY, /* fast retransmission */
    WEFT_TCPI_CA_LOSS,     /* after a time-out */
};

/* Bits of tcpi_options: what was agreed. */
enum weft_tcpi_option {
    WEFT_TCPI_OPT_TIMESTAMPS = 1,
    WEFT_TCPI_OPT_SACK = 2,
    WEFT_TCPI_OPT_WSCALE = 4,
    WEFT_TCPI_OPT_ECN = 8,
    WEFT_TCPI_OPT_ECN_SEEN = 16, /* at least one packet with an ECT mark came */
    WEFT_TCPI_OPT_SYN_DATA = 32, /* the peer acknowledged data in our SYN */
};

/* Times are microseconds unless said, windows are in segments where Linux has them so. */
struct weft_tcp_info {
    uint8_t tcpi_state;       /* enum weft_tcpi_state */
    uint8_t tcpi_ca_state;    /* enum weft_tcpi_ca */
    uint8_t tcpi_retransmits; /* time-outs in a row */
    uint8_t tcpi_probes;      /* window or keepalive probes without an answer */
    uint8_t tcpi_backoff;     /* doublings of the time-out in force */
    uint8_t tcpi_options;     /* enum weft_tcpi_option */
    uint8_t tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4;
    uint8_t tcpi_delivery_rate_app_limited : 1, tcpi_fastopen_client_fail : 2;

    uint32_t tcpi_rto;
    uint32_t tcpi_ato;     /* delay of acknowledgments */
    uint32_t tcpi_snd_mss; /* bytes */
    uint32_t tcpi_rcv_mss;

    uint32_t tcpi_unacked; /* segments in flight; a listener: connections that wait for accept */
    uint32_t tcpi_sacked;  /* of these, what the peer holds; a listener: its backlog */
    uint32_t tcpi_lost;
    uint32_t tcpi_retrans; /* sent again and not yet acknowledged */
    uint32_t tcpi_fackets; /* always 0, as on Linux */

    uint32_t tcpi_last_data_sent; /* milliseconds ago */
    uint32_t tcpi_last_ack_sent;  /* always 0, as on Linux */
    uint32_t tcpi_last_data_recv; /* milliseconds ago */
    uint32_t tcpi_last_ack_recv;  /* milliseconds ago */

    uint32_t tcpi_pmtu;
    uint32_t tcpi_rcv_ssthresh; /* bytes: what the window we announce grows to now */
    uint32_t tcpi_rtt;
    uint32_t tcpi_rttvar;
    uint32_t tcpi_snd_ssthresh; /* segments; 0x7fffffff: none yet */
    uint32_t tcpi_snd_cwnd;     /* segments */
    uint32_t tcpi_advmss;       /* what we announced, timestamps taken off */
    uint32_t tcpi_reordering;   /* segments */

    uint32_t tcpi_rcv_rtt;   /* as the receiver sees it; 0: not known */
    uint32_t tcpi_rcv_space; /* bytes the user is thought to read in one round trip */

    uint32_t tcpi_total_retrans; /* segments sent again, ever */

    uint64_t tcpi_pacing_rate;     /* bytes per second, as if it was paced; all ones: no round trip is known yet */
    uint64_t tcpi_max_pacing_rate; /* all ones: no limit */
    uint64_t tcpi_bytes_acked;     /* our SYN and FIN count one each, as on Linux */
    uint64_t tcpi_bytes_received;  /* the peer's FIN counts one */
    uint32_t tcpi_segs_out;
    uint32_t tcpi_segs_in;

    uint32_t tcpi_notsent_bytes;
    uint32_t tcpi_min_rtt; /* all ones: no sample */
    uint32_t tcpi_data_segs_in;
    uint32_t tcpi_data_segs_out;

    uint64_t tcpi_delivery_rate; /* bytes per second; 0: not known */

    uint64_t tcpi_busy_time; /* something was unsent or unacknowledged */
    uint64_t tcpi_rwnd_limited;
    uint64_t tcpi_sndbuf_limited;

    uint32_t tcpi_delivered; /* segments, ever */
    uint32_t tcpi_delivered_ce;

    uint64_t tcpi_bytes_sent; /* payload, repetitions included */
    uint64_t tcpi_bytes_retrans;
    uint32_t tcpi_dsack_dups; /* duplicates the peer told of */
    uint32_t tcpi_reord_seen;

    uint32_t tcpi_rcv_ooopack; /* segments received out of order */

    uint32_t tcpi_snd_wnd; /* bytes: the peer's window */
    uint32_t tcpi_rcv_wnd; /* bytes: ours, as announced */
    uint32_t tcpi_rehash;  /* always 0: the path is not chosen by a hash of ours */

    uint16_t tcpi_total_rto; /* time-outs, ever; our SYN's too */
    uint16_t tcpi_total_rto_recoveries; /* runs of them */
    uint32_t tcpi_total_rto_time; /* milliseconds spent in such runs */
};

/* ---- the trace of why ---- */

/* One kind of event, or a run of the same kind without another between. */
struct weft_why_event {
    weft_time at;      /* of the last one */
    enum weft_why why;
    uint32_t count;    /* how many in a row */
    uint32_t value;    /* of the last one; stalls: of all together. In weft_why_unit */
};

/*
 * Copies the newest events of a TCP connection that still holds them, oldest first; returns how many. The trace is
 * bounded: old events make room for new ones. 0 for other sockets, and for a connection that has moved no data yet.
 */
size_t weft_why_read(const weft_sock *sock, struct weft_why_event *out, size_t max);

#ifdef __cplusplus
}
#endif
#endif
