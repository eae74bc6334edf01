/* SPDX-License-Identifier: MIT */
/* Words of the command line into values: pure functions, no output. */
#ifndef CMD_PARSE_H
#define CMD_PARSE_H

#include "weft/driver.h"

/* A decimal number and nothing else; false when it is not one or not in [min, max]. */
bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* "1.5", "0.2", "3": seconds to nanoseconds, up to a year. */
bool parse_seconds(const char *text, weft_time *out);

/* "13" or a name of /etc/services for proto ("tcp", "udp" or NULL); 1 to 65535. */
bool parse_port(const char *text, const char *proto, uint16_t *out);

/*
 * "10.9.0.2", "2001:db8::1", "fe80::1%2"; or "fe80::1%wt0", whose zone only a host can tell: *ip has none then.
 */
bool parse_ip(const char *text, struct weft_ip *ip);

/* "rarp", or "rarp/24": an address to be asked for. */
bool parse_rarp(const char *text);
/* The prefix of a netmask, 255.255.255.0; false when it is none. */
bool parse_mask(const struct weft_ip *ip, unsigned *prefix);
/* "10.9.0.2/24", "2001:db8::2/64": false when the address or the prefix is not one. */
bool parse_cidr(const char *text, struct weft_ip *ip, unsigned *prefix);
/* The same, but bits count from the first of all 128: "10.0.0.0/8" and "::ffff:10.0.0.0/104" are alike. */
bool parse_prefix(const char *text, struct weft_ip *ip, unsigned *bits);

/* May a host be called so? Letters, digits, '-', '_' and '.', not at the start; up to 40. */
bool parse_host_name(const char *text);

/*
 * Does text read as a route: "default via A", "NET/N via A", "NET/N dev IF", or with both? Says nothing about reach.
 */
bool parse_route(const char *text);

/* "1%", "0.01%": parts in a million, at most all of them. */
bool parse_percent(const char *text, uint32_t *ppm);

/* "5ms", "20us", "1.5s": to nanoseconds, up to a minute. */
bool parse_duration(const char *text, weft_time *out);

/*
 * "rate=10mbit,loss=1%,reorder=1%:3ms,seed=7": how a lane misbehaves, in the words of weft(1). On failure returns
 * false, with the word that makes no sense in bad (n bytes of room). impairment.c
 */
bool parse_impairment(const char *text, struct weft_impairment *how, uint64_t *seed, char *bad, size_t n);

#endif
