/* SPDX-License-Identifier: MIT */
/*
 * What the runner knows of one pair of addresses: how the script's numbers become the wire's and back, and what every
 * segment must obey whatever the script says (the sniffer).
 *
 * Numbers: the script's byte 0 in each direction is the SYN. The remote side's initial number is the runner's choice,
 * weft's is learnt from its SYN; a later SYN with another number starts a new incarnation with numbers from 0 again.
 * Timestamps: the first value of weft's that a script writes down fixes the difference for the connection.
 */
#ifndef SCRIPT_TUPLE_H
#define SCRIPT_TUPLE_H

#include "frame.h"

/* What the peer's SYN offered. */
struct peer_syn {
    bool ts, scale, sack, ecn;
    uint32_t shift, mss;
};

/* One incarnation, seen from the wire. */
struct sniffer {
    bool active;       /* weft's SYN had no ACK */
    bool synchronized; /* weft has sent something after its SYN: the options stand */
    bool offered_ts, offered_scale, offered_sack, offered_ecn; /* in weft's SYN */
    struct peer_syn peer;
    uint32_t our_shift;
    bool seen_edge, seen_peer_edge, seen_fin, seen_ack;
    uint32_t edge;      /* weft's right window edge: never moves left (SHLD-14) */
    uint32_t ack;       /* weft's acknowledgment: never moves back */
    uint32_t peer_edge; /* the peer's, as far right as it ever was */
    uint32_t fin;       /* where weft's stream ends */
    uint32_t next;      /* highest sequence number weft has used, plus one */
};

struct tuple {
    struct tuple *next;
    enum packet_proto proto;
    struct weft_ip local, remote;
    uint16_t local_port, remote_port;
    int flow; /* 0: no script line has spoken of it yet */

    uint32_t remote_isn;
    bool has_isn, has_ts;
    uint32_t isn, ts_base, last_ts;
    struct peer_syn last_syn; /* what a SYN,ACK of weft's would answer */
    struct sniffer sniff;
};

/* A script's packet becomes the wire's; addresses and ports that no attribute gives are the tuple's. */
void tuple_to_wire(const struct tuple *t, struct packet *p);
/* The other way, for a packet that weft sent; absolute: its numbers stay the wire's. */
void tuple_to_script(const struct tuple *t, struct packet *p, bool absolute);
/* Number of the payload's first byte in its stream; p in the script's numbers. */
uint32_t tuple_stream_offset(const struct packet *p);

/* Fixes the timestamps' difference when both packets have one and it is still open. */
void tuple_learn_timestamp(struct tuple *t, const struct packet *expected, const struct packet *sent_on_wire);

/*
 * Every segment weft sends, in the wire's numbers: NULL, or the rule it breaks. A first SYN starts an incarnation.
 */
const char *tuple_sniff_out(struct tuple *t, const struct packet *p, const uint8_t *payload, uint32_t mtu);
/* Every sound segment that the script injects. */
void tuple_sniff_in(struct tuple *t, const struct packet *p);

#endif
