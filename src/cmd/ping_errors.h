/* SPDX-License-Identifier: MIT */
/* What ICMP said of a request, in ping's words. Pure. */
#ifndef CMD_PING_ERRORS_H
#define CMD_PING_ERRORS_H

#include "weft/sock.h"

/* "Destination Host Unreachable", "Time exceeded: Hop limit". */
void ping_error_text(const struct weft_report *report, char *buf, size_t n);

#endif
