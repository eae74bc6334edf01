/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes, both ways, without a line of the engine's own: what checks a parser must not be that parser.
 * Here a struct packet holds the numbers of the wire (tuple.h maps them to the script's).
 */
#ifndef SCRIPT_FRAME_H
#define SCRIPT_FRAME_H

#include "packet.h"

/*
 * Writes the datagram and returns its length: addresses and ports as in p, attributes obeyed. first: number of the
 * payload's first byte in its stream. inner: for an ICMP error, the n_inner bytes that it quotes; may be NULL.
 */
size_t frame_build(const struct packet *p, uint32_t first, const uint8_t *inner, size_t n_inner, uint8_t *buf);

struct frame_view {
    struct packet packet;
    const uint8_t *payload; /* of UDP, TCP, echo; NULL for a later fragment */
    const uint8_t *quote;   /* of an ICMP error */
    size_t n_quote;
    const uint8_t *tcp_options;
    size_t n_tcp_options;
};

/* Reads a datagram of either family; NULL, or what is wrong with it: checksums, lengths and options are all verified. */
const char *frame_read(const uint8_t *bytes, size_t n, struct frame_view *v);

#endif
