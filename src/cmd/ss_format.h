/* SPDX-License-Identifier: MIT */
/* ss's words: states, timers, and the line that ss -i prints of a connection, in iproute2's order and spelling. */
#ifndef CMD_SS_FORMAT_H
#define CMD_SS_FORMAT_H

#include <stdio.h>

#include "weft/tcp_info.h"

/* "ESTAB", "UNCONN", ... */
const char *ss_state(enum weft_tcp_state state);

/* "1min59sec", "1.204ms" (a second and more), "200ms": as ss prints what is left of a timer. */
void ss_timer_text(char *buf, size_t n, weft_time left);

/* "timer:(on,200ms,0)"; empty when none runs. */
void ss_timer(char *buf, size_t n, const struct weft_listing *item, weft_time now);

/* "skmem:(r0,rb131072,...)" */
void ss_memory(FILE *out, const uint32_t held[WEFT_MEMINFO_COUNT]);

/* "cubic wscale:7,7 rto:204 ...", each word after a space. cc: the controller's name, or "". */
void ss_info(FILE *out, const struct weft_tcp_info *i, const char *cc);

/* One event: "  12.345678 retransmit_rto x3 1448 bytes: the retransmission timer fired (RFC 6298)". */
void ss_why(FILE *out, const struct weft_why_event *e);

#endif
