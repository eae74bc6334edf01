/* SPDX-License-Identifier: MIT */
/* The UDP header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "wire/buf.h"

#define UDP_HEADER 8

struct udp_header {
    uint16_t src_port, dst_port;
    uint16_t len; /* bytes, header included */
    uint16_t checksum;
};

bool udp_parse(struct reader *r, struct udp_header *h);
void udp_emit(struct writer *w, const struct udp_header *h);

#endif
