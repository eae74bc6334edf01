/* SPDX-License-Identifier: MIT */
/*
 * Attributes of a packet, in [brackets] or (parentheses) before the flags, separated by commas. Inbound they change the
 * packet, outbound they are checked when given:
 *   ttl N  tos N  noecn ect0 ect1 ect01 ce  id N  df nodf   IP header fields; in IPv6 the hop limit and the traffic class
 *   flowlabel N                                        IPv6's
 *   src A  dst A  sport N  dport N                     addresses instead of the flow's (dst, src as on the wire)
 *   ipopt HEX                                          IPv4 options, padded with zeros to four bytes
 *   frag A-B                                           only bytes A to B (exclusive) of the IP payload, as a fragment
 *   bad_checksum  bad_ip_checksum  no_checksum         of the transport, of IP, none (UDP)
 *   garbage                                            payload that must never reach a reader
 *   absolute                                           seq and ack are the wire's numbers, not the connection's
 *   offset N  length N                                 TCP data offset in words, UDP length, as lies
 *   total N   version N   ihl N   proto N              IP header fields, as lies
 *   cut N                                              the frame ends after N bytes
 */
#ifndef SCRIPT_ATTR_H
#define SCRIPT_ATTR_H

#include "scan.h"
#include "text.h"

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
    ATTR_LABEL = 0x400000,
    ATTR_ABSOLUTE = 0x800000,
    ATTR_NO_DF = 0x1000000,
};

/* As the value of ECN: ect0 or ect1, on `>` only. */
#define ECN_EITHER 4

struct packet;

/* After the opening bracket: up to and with `close`. */
void attr_parse_all(struct scan *s, struct packet *p, const char *close);
/* Those that a packet of weft's can show, with the brackets and a space. */
void attr_print_all(struct text *t, const struct packet *p);
/* NULL, or the name of the first one that differs. */
const char *attr_differ(const struct packet *expected, const struct packet *sent);

#endif
