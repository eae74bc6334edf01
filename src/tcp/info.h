/* SPDX-License-Identifier: MIT */
/* What a connection tells about itself, in the layout of weft/tcp_info.h. */
#ifndef TCP_INFO_H
#define TCP_INFO_H

#include "weft/tcp_info.h"

struct tcp_conn;

/* STATUS (RFC 9293 §3.10.6): everything we know, as Linux would put it. */
void info_fill(const struct tcp_conn *c, struct weft_tcp_info *info);

#endif
