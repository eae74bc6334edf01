/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes, both ways, without a line of the engine's own: what checks a parser must not be that parser.
 * Here a struct packet holds the numbers of the wire (tuple.h maps them to the script's).
 */
#ifndef SCRIPT_FRAME_H
#define SCRIPT_FRAME_H

#include "packet.h"

/* Anything longer is no IPv4 datagram. */
#define FRAME_MAX 65535

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

/* Reads a datagram; NULL, or what is wrong with it: checksums, lengths and options are all verified. */
const char *frame_read(const uint8_t *bytes, size_t n, struct frame_view *v);

/* The ones-complement sum over n bytes, added to a start value and folded; not complemented. */
uint16_t sum_of(uint32_t start, const uint8_t *p, size_t n);

#endif
