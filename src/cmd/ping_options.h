/* SPDX-License-Identifier: MIT */
/* What ping -R and -T ask for in a request's header, and what came of it in a reply's. */
#ifndef CMD_PING_OPTIONS_H
#define CMD_PING_OPTIONS_H

#include <stdio.h>

#include "wire/ipv4_options.h"

enum ping_record { PING_RECORD_NOTHING, PING_RECORD_ROUTE, PING_RECORD_TIMES, PING_RECORD_TIMES_AND_ADDRESSES };

/* The options that ask for it, as many as a header holds; returns their length, 0 for PING_RECORD_NOTHING. */
size_t ping_options_ask(enum ping_record what, uint8_t out[IPV4_MAX_OPTIONS]);

/*
 * Prints what a reply's options recorded, as ping does: "RR: \t10.9.0.2\n\t10.9.0.1\n". *last, of IPV4_MAX_OPTIONS bytes and
 * zero at first, is what was printed before: the same route is not printed again.
 */
void ping_options_print(FILE *out, const uint8_t *options, size_t n, uint8_t last[IPV4_MAX_OPTIONS]);

#endif
