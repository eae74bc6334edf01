/* SPDX-License-Identifier: MIT */
/*
 * What a user may set for a connection and nearly nobody does. All connections share one constant block until they
 * differ; what differs is a counted block, which connections accepted from one listener share, and which is copied when
 * one of several owners changes it. So the sum of all options costs a connection one pointer.
 */
#ifndef TCP_SETTINGS_H
#define TCP_SETTINGS_H

#include "core/endpoint.h"
#include "core/filter.h"
#include "tcp/extension.h"
#include "tcp/way.h"

struct saved_syn;

/* Of each, 0 is "not set": what the stack's configuration says, or what stands here. */
/* Where the segment that opened a connection came in: origin.h. */
struct tcp_origin {
    uint32_t interface;
    uint8_t ttl, tos;
    bool known;
};

struct tcp_settings {
    uint32_t owners;             /* connections; 0: the constant block */
    uint32_t user_timeout;       /* ms; 0: by count of retries */
    uint32_t keepalive_idle, keepalive_interval; /* s */
    uint32_t keepalive_probes;
    uint32_t syn_retries;
    int32_t fin_wait_2;          /* s without a user; negative: none */
    uint32_t linger_time;        /* s; a close does not block here, so only 0 has an effect */
    uint32_t receive_lowat;      /* SO_RCVLOWAT: bytes that must be there to be readable; 0: 1 */
    uint32_t notsent_lowat;      /* TCP_NOTSENT_LOWAT: bytes; 0: as configured */
    uint32_t user_mss;           /* bytes; 0: none */
    uint32_t defer_accept;       /* TCP_DEFER_ACCEPT, in repeats of the SYN,ACK; 0: off */
    uint32_t fastopen_queue;     /* TCP_FASTOPEN: connections that may wait for their third segment; 0: off */
    uint32_t fastopen_connect;   /* connect waits for data, which goes with the SYN */
    uint32_t fastopen_no_cookie; /* and needs no cookie */
    uint32_t fastopen_keys;      /* 0: the stack's */
    uint8_t fastopen_key[32];    /* the one that makes cookies, and an older one */
    uint32_t rto_min, rto_max;   /* TCP_RTO_MIN_US, in us, and TCP_RTO_MAX_MS, in ms */
    uint32_t delack_max;         /* TCP_DELACK_MAX_US: us */
    uint32_t thin_linear;        /* TCP_THIN_LINEAR_TIMEOUTS */
    uint32_t save_syn;           /* TCP_SAVE_SYN, of a listener: 1, from IP on; 2, from the link on */
    struct saved_syn *saved_syn; /* of a connection: what its listener has saved. NULL: nothing, or it was given away */
    bool own_controller;         /* TCP_CONGESTION was set; else the controller is the one that is configured */
    uint64_t max_pacing_rate;    /* SO_MAX_PACING_RATE: bytes per second; 0: as UINT64_MAX, no limit */
    struct tcp_way way;          /* IP_OPTIONS, or the way back of the peer's source route */
    struct tcp_extensions extensions; /* IPV6_HOPOPTS and its like */
    struct filter filter;        /* SO_ATTACH_FILTER */
    struct sock_rare rare;       /* options that mean nothing to a stream, or to every socket the same */
    struct tcp_origin origin;
    bool keeps_origin;           /* though no option of `rare` asks for it (WEFT_IPV6_2292PKTOPTIONS) */
    bool defers_itself;          /* `defer_accept` was set on a connection that was accepted already */
    bool paces;                  /* a limit was set once: what is sent is spread over time */
    bool linger;                 /* SO_LINGER is on */
};

extern const struct tcp_settings settings_default;

/* One more owner. */
const struct tcp_settings *settings_share(const struct tcp_settings *s);
/* Makes *s this owner's alone, so that it may be written to; NULL: out of memory, nothing has changed. */
struct tcp_settings *settings_own(const struct tcp_settings **s, struct mem *m);
/* One owner less; the last one frees it. *s is the default then. */
void settings_drop(const struct tcp_settings **s, struct mem *m);

#endif
