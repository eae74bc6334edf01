/* SPDX-License-Identifier: MIT */
/* What a datagram that came in says of one of traceroute's probes. A pure function of its bytes. */
#ifndef CMD_TRACE_ANSWER_H
#define CMD_TRACE_ANSWER_H

#include "weft/types.h"

enum trace_method { TRACE_UDP, TRACE_ICMP, TRACE_TCP };

/* What all probes share. The number in which they differ is the probe's key. */
struct trace_flow {
    enum trace_method method;
    struct weft_ip dst; /* without zone */
    const struct weft_ip *gate; /* of a source route: what is on its way goes to one after the other */
    size_t n_gates;
    uint16_t port;      /* UDP: our own; ICMP: our identifier; TCP: the one that is knocked at */
};

#define TRACE_MARK 16

struct trace_answer {
    struct weft_ip from;   /* without zone */
    uint16_t key;          /* UDP: the port that was sent to; ICMP: the sequence number; TCP: the port it was sent from */
    bool final;            /* there is nothing to look for beyond */
    char mark[TRACE_MARK]; /* "!H" and the like as traceroute has them; empty: none */
};

/* Reads a datagram with its IP header; n of its `total` bytes are there. False: it answers no probe of this flow. */
bool trace_answer_read(const struct trace_flow *flow, const uint8_t *datagram, size_t n, size_t total,
                       struct trace_answer *out);

#endif
