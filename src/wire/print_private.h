/* SPDX-License-Identifier: MIT */
/* What the files of print_packet share. Each appends to f and reads only what r sees; `len` is what the wire had. */
#ifndef WIRE_PRINT_PRIVATE_H
#define WIRE_PRINT_PRIVATE_H

#include "wire/buf.h"
#include "wire/print.h"

/* Who sends to whom, in a datagram or a fragment. */
struct print_ends {
    struct weft_ip src, dst;
    bool more; /* fragments of it follow */
    bool said; /* the addresses stand in the line already */
};

/* print.c */
void cut_print(struct fmt *f, const char *layer);
void num_print(struct fmt *f, const char *before, uint64_t v);
void text_ip_print(struct fmt *f, const char *before, const struct weft_ip *ip);
void hosts_print(struct fmt *f, const struct print_ends *ends); /* "10.9.0.2 > 10.9.0.1: " */

/* print_transport.c: from the addresses on */
void tcp_print(struct fmt *f, const struct print_ends *ends, struct reader r, size_t len);
void udp_print(struct fmt *f, const struct print_ends *ends, struct reader r, size_t len);

/* print_icmp.c, print_icmp6.c: behind the addresses */
void icmp_print(struct fmt *f, struct reader r, size_t len);
void icmp6_print(struct fmt *f, struct reader r, size_t len);

/* print_igmp.c: the same */
void igmp_print(struct fmt *f, struct reader r, size_t len);

/* print6.c: "IP6 " and what follows, padding of the link included in r and len */
void ipv6_print(struct fmt *f, struct reader r, size_t len);

#endif
