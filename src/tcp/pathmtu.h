/* SPDX-License-Identifier: MIT */
/*
 * The path is searched for larger segments than it is known to carry (RFC 4821). There are rooms, whichever is called.
 */
#ifndef TCP_PATHMTU_H
#define TCP_PATHMTU_H

#include "tcp/conn.h"

/* The handshake says what the peer takes: the search begins, where it always does. */
void conn_search_path(struct tcp_conn *c);
/* Time-outs in a row: perhaps the path swallows large segments without a word. */
void conn_suspect_path(struct tcp_conn *c);
/* How much text a probe should carry now; 0: none is due, or it would tell nothing. */
uint32_t conn_probe_len(struct tcp_conn *c, uint32_t unsent, uint32_t room);
void conn_probe_sent(struct tcp_conn *c, const struct tcp_plan *plan);
/* SND.UNA has moved: larger segments from now on, if it passed the probe. */
void conn_probe_acknowledged(struct tcp_conn *c);
/* Something is lost. True: nothing but the probe, and the caller repairs that without a word about congestion. */
bool conn_probe_lost(struct tcp_conn *c);

#endif
