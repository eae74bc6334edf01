/* SPDX-License-Identifier: MIT */
/*
 * A packet as a script speaks of it: sequence numbers relative to the initial ones, timestamps relative to the first.
 * The same struct holds what a script expects, what it injects and what the stack sent, so that two of them can be
 * compared field by field and printed in the same spelling.
 *
 * Attributes in [brackets] before the flags, separated by commas. Inbound they change the packet, outbound they are
 * checked when given:
 *   ttl N  tos N  noecn ect0 ect1 ce  id N  df        IP header fields
 *   src A  dst A  sport N  dport N                     addresses instead of the flow's (dst, src as on the wire)
 *   ipopt HEX                                          IP options, padded with zeros to four bytes
 *   frag A-B                                           only bytes A to B (exclusive) of the IP payload, as a fragment
 *   bad_checksum  bad_ip_checksum  no_checksum         of the transport, of IP, none (UDP)
 *   garbage                                            payload that must never reach a reader
 *   offset N  length N                                 TCP data offset in words, UDP length, as lies
 *   total N   version N   ihl N   proto N              IP header fields, as lies
 *   cut N                                              the frame ends after N bytes
 */
#ifndef SCRIPT_PACKET_H
#define SCRIPT_PACKET_H

#include "scan.h"
#include "weft/types.h"

enum { TCP_F = 1, TCP_S = 2, TCP_R = 4, TCP_P = 8, TCP_A = 16, TCP_U = 32, TCP_E = 64, TCP_W = 128 };

enum option_kind { OPT_EOL = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_WSCALE = 3, OPT_SACK_OK = 4, OPT_SACK = 5, OPT_TS = 8,
                   OPT_HEX = 256 };

struct option {
    enum option_kind kind;
    uint32_t a, b;         /* mss | wscale | TS val and ecr | first SACK block */
    bool any_a;            /* TS val * */
    unsigned n_blocks;     /* SACK */
    uint32_t block[4][2];
    size_t n_hex;
    uint8_t hex[40];
};

#define PACKET_OPTIONS 40

enum packet_proto { PACKET_ICMP = 1, PACKET_TCP = 6, PACKET_UDP = 17 };

/* Attributes that were written; one bit each. */
enum attr {
    ATTR_TTL = 0x1,
    ATTR_TOS = 0x2,
    ATTR_ECN = 0x4,
    ATTR_ID = 0x8,
    ATTR_DF = 0x10,
    ATTR_SRC = 0x20,
    ATTR_DST = 0x40,
    ATTR_SPORT = 0x80,
    ATTR_DPORT = 0x100,
    ATTR_IPOPT = 0x200,
    ATTR_FRAG = 0x400,
    ATTR_BAD_CHECKSUM = 0x800,
    ATTR_BAD_IP_CHECKSUM = 0x1000,
    ATTR_NO_CHECKSUM = 0x2000,
    ATTR_GARBAGE = 0x4000,
    ATTR_OFFSET = 0x8000,
    ATTR_LENGTH = 0x10000,
    ATTR_TOTAL = 0x20000,
    ATTR_VERSION = 0x40000,
    ATTR_IHL = 0x80000,
    ATTR_PROTO = 0x100000,
    ATTR_CUT = 0x200000,
};

struct packet {
    enum packet_proto proto;
    int flow;

    unsigned attrs; /* enum attr */
    uint32_t src, dst, frag_from, frag_to, total, cut, length;
    uint16_t sport, dport, id;
    uint8_t ttl, tos, ecn, version, ihl, ip_proto, offset;
    size_t n_ipopt;
    uint8_t ipopt[40];

    uint32_t len; /* payload bytes */

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

/* Parses what follows `<` or `>`; the failure is the cursor's. */
void packet_parse(struct scan *s, struct packet *p, bool outbound);

/* The packet in the script's spelling; outbound gives the arrow. Returns buf. */
char *packet_text(const struct packet *p, bool outbound, char *buf, size_t n);

/*
 * NULL when the packet sent is the one expected, else the name of the first thing that differs ("ack").
 */
const char *packet_differs(const struct packet *expected, const struct packet *sent);

/* Byte number i of a stream, out: the one that weft sends. */
uint8_t packet_pattern(uint32_t i, bool out);

#endif
