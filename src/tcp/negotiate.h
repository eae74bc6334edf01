/* SPDX-License-Identifier: MIT */
/* What both ends' SYN options add up to (RFC 9293 §3.7.1, RFC 7323 §2 and §3, RFC 2018 §2). */
#ifndef TCP_NEGOTIATE_H
#define TCP_NEGOTIATE_H

#include "wire/tcp.h"

/* What we are ready to use. */
struct tcp_offer {
    uint16_t mss;    /* what we announce: the largest segment we want to receive */
    uint16_t min_mss; /* what a smaller announcement of theirs counts as */
    uint8_t wscale;  /* shift we announce */
    bool window_scaling, timestamps, sack;
};

/* What holds for the connection. */
struct tcp_agreed {
    uint16_t peer_mss;   /* the peer's announcement, or the default; never below the floor */
    uint8_t snd_wscale;  /* shift of windows we receive */
    uint8_t rcv_wscale;  /* shift of windows we send */
    bool timestamps, sack;
};

#define TCP_MAX_SHIFT      14  /* RFC 7323 §2.3 */
#define TCP_DEFAULT_MSS_V4 536  /* MUST-15 */
#define TCP_DEFAULT_MSS_V6 1220

/* The options of our SYN; ts: our timestamp clock now. */
struct tcp_options negotiate_syn(const struct tcp_offer *ours, uint32_t ts);

/* The options of our SYN,ACK in answer to theirs: nothing they did not offer. ts_ecr: theirs to echo. */
struct tcp_options negotiate_syn_ack(const struct tcp_offer *ours, const struct tcp_options *theirs, uint32_t ts);

/* What both sides' SYNs agree on. */
struct tcp_agreed negotiate(const struct tcp_offer *ours, const struct tcp_options *theirs, bool v6);

#endif
