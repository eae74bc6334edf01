/* SPDX-License-Identifier: MIT */
/* Expressions as tcpdump takes them (pcap-filter(7)), for packets of a host. */
#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter;

/* The caller's, until filter_free (NULL too). NULL: why has one line. May ask a resolver for names. */
struct filter *filter_new(const char *expression, char *why, size_t n);
void filter_free(struct filter *f);

/* Does it match a packet of wire_len bytes, of which n are there, that begins with a frame's header or with IP's? */
bool filter_wants(const struct filter *f, bool ethernet, const uint8_t *packet, size_t n, size_t wire_len);

#endif
