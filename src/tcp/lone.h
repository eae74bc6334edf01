/* SPDX-License-Identifier: MIT */
/* The turn of who has one short segment to send; lone.c. */
#ifndef TCP_LONE_H
#define TCP_LONE_H

#include "tcp/conn.h"

/*
 * A whole turn on the link, if one short segment is all that there is to send or under way; else, or without memory,
 * false, and nothing has happened. There are rooms, and a path.
 */
bool lone_turn(struct tcp_conn *c);

#endif
