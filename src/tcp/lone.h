/* SPDX-License-Identifier: MIT */
/* The turn of who has one short segment to send, or none yet; lone.c. Of connections that are as usual (usual.h). */
#ifndef TCP_LONE_H
#define TCP_LONE_H

#include "tcp/conn.h"

/*
 * A whole turn on the link, if one short segment is all that there is to send or under way; else, or without memory,
 * false, and nothing has happened. There is a path.
 */
bool lone_turn(struct tcp_conn *c);

/*
 * The same of a turn in which it has nothing to say yet, with something to be read, or to be acknowledged a little
 * later: it is settled. False: it is not so.
 */
bool lone_wait(struct tcp_conn *c);

/* transmit_plan of the first of them; false: it is not so, and has to be planned. */
bool lone_plan(struct tcp_conn *c, struct tcp_plan *plan);

#endif
