/* SPDX-License-Identifier: MIT */
/* The UDP header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "wire/buf.h"

#define UDP_HEADER      8
#define UDP_CHECKSUM_AT 6 /* offset of the checksum in it */

struct udp_header {
    uint16_t src_port, dst_port;
    uint16_t len; /* bytes, header included */
    uint16_t checksum;
};

/* Reads the header; false when short. Whether len fits the datagram is for the caller to judge. */
bool udp_parse(struct reader *r, struct udp_header *h);
/* Writes the header with len and checksum as given. */
void udp_emit(struct writer *w, const struct udp_header *h);
/* Sets the length of the header at p. The checksum is left as it is. */
void udp_set_len(uint8_t *p, uint16_t len);

#endif
