/* SPDX-License-Identifier: MIT */
/*
 * A packet as a script speaks of it: sequence numbers relative to the initial ones, timestamps relative to the first.
 * The same struct holds what a script expects, what it injects and what the stack sent, so that two of them can be
 * compared field by field and printed in the same spelling.
 *
 *   [@FLOW] [ATTRIBUTES] [SPORT > DPORT] FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [<OPTIONS>]
 *   [@FLOW] [ATTRIBUTES] udp (LEN)
 *   [@FLOW] [ATTRIBUTES] udplite (LEN[, COVERAGE])     RFC 3828; without a coverage the checksum is about all
 *   [@FLOW] [ATTRIBUTES] icmp ...          see icmp.h
 *
 * FLAGS is any of F S R P . U E W A (A: accurate ECN's bit, RFC 9768), a digit for the three bits A, W, E as one
 * number, or - for none. attr.h and option.h have the rest; encap.h the headers that may stand around a packet.
 */
#ifndef SCRIPT_PACKET_H
#define SCRIPT_PACKET_H

#include "address.h"
#include "attr.h"
#include "encap.h"
#include "icmp.h"
#include "option.h"

enum { TCP_F = 1, TCP_S = 2, TCP_R = 4, TCP_P = 8, TCP_A = 16, TCP_U = 32, TCP_E = 64, TCP_W = 128, TCP_AE = 256 };

#define PACKET_OPTIONS 40

/* ICMP of both families is one. */
enum packet_proto { PACKET_ICMP = 1, PACKET_TCP = 6, PACKET_UDP = 17, PACKET_UDPLITE = 136 };

struct packet {
    enum packet_proto proto;
    bool v6;
    int flow;

    struct encap outer[ENCAPS];
    size_t n_outer;

    unsigned attrs; /* enum attr */
    struct weft_ip src, dst;
    uint32_t frag_from, frag_to, total, cut, length, flow_label;
    uint16_t sport, dport, id;
    uint8_t ttl, tos, ecn, version, ihl, ip_proto, offset;
    size_t n_ipopt;
    uint8_t ipopt[40];

    uint32_t len; /* payload bytes */
    uint16_t coverage; /* UDPLITE: bytes that the checksum is about, the header's eight among them; 0: all */

    /* TCP */
    unsigned flags;
    uint32_t seq, end, ack;
    uint16_t win, urg;
    bool has_ack, has_win, any_options;
    size_t n_options;
    struct option option[PACKET_OPTIONS];

    /* ICMP */
    uint8_t type, code;
    uint16_t icmp_id, icmp_seq;
    uint32_t mtu;
    bool has_mtu, quotes;
    enum packet_proto quote_proto;
    uint32_t quote_seq, quote_end, quote_len;
};

/* Parses what follows `<` or `>`; the failure is the cursor's. v6: what ICMP's names mean. */
void packet_parse(struct scan *s, struct packet *p, bool outbound, bool v6);
/* "1:1001(1000)" */
void packet_parse_span(struct scan *s, uint32_t *from, uint32_t *to, uint32_t *len);

/* Parts of a packet that can differ; one bit each, in the order in which they are printed. */
enum packet_part {
    PART_FLOW = 0x1,
    PART_ATTRS = 0x2,
    PART_PROTO = 0x4,
    PART_FLAGS = 0x8,
    PART_SEQ = 0x10,
    PART_LEN = 0x20,
    PART_ACK = 0x40,
    PART_WIN = 0x80,
    PART_URG = 0x100,
    PART_OPTIONS = 0x200,
    PART_ICMP = 0x400,
    PART_OUTER = 0x800,
};

/* The packet in the script's spelling; outbound gives the arrow. Returns buf. */
char *packet_text(const struct packet *p, bool outbound, char *buf, size_t n);
/* A line that stands below packet_text's and has ^ under these parts. Returns buf. */
char *packet_marks(const struct packet *p, bool outbound, unsigned parts, char *buf, size_t n);

/* What differs between the packet expected and the one sent: enum packet_part. */
unsigned packet_difference(const struct packet *expected, const struct packet *sent);
/* NULL when the packet sent is the one expected, else the names of what differs ("ack", "flags and window"), in buf. */
const char *packet_differs(const struct packet *expected, const struct packet *sent, char *buf, size_t n);

/* Byte number i of a stream, out: the one that weft sends. */
uint8_t packet_pattern(uint32_t i, bool out);

#endif
