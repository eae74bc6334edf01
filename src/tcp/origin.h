/* SPDX-License-Identifier: MIT */
/*
 * Where the segment came in that opened a connection, for who asks afterwards (WEFT_IP_PKTOPTIONS). It is kept only
 * where the listener, or who connects, has asked to be told of such things before: an idle connection has no room for
 * it.
 */
#ifndef TCP_ORIGIN_H
#define TCP_ORIGIN_H

#include "tcp/conn.h"

/* It came by this packet. Without memory it is not kept. */
void origin_note(struct tcp_conn *c, const struct weft_pkt *pkt);

/* What the socket asked for of it, in the words of IPv4 or IPv6. Where nothing was kept: as Linux of who connects. */
void origin_tell(const struct tcp_conn *c, bool v6, struct weft_control *out);

#endif
