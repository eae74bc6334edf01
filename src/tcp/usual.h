/* SPDX-License-Identifier: MIT */
/*
 * Is a connection as it usually is? Open both ways, nobody has set an option that changes what goes, and nothing is
 * lost, late, urgent, held back, owed or probed for. Most of what a segment is asked on its way, in or out, is asked
 * for the sake of those that are not. So all of it is asked once, when a short segment has gone (conn_find_usual), and
 * the answer is one bit, `usual`: a segment that is foreseen as well has a short way through the same leaves
 * (arrives_foreseen, lone_turn).
 *
 * Whatever happens to the connection takes the bit back (conn_settle), but for the events of those short ways, which
 * leave all that it stands for as it is; and so does whoever changes that without settling. Where the bit is believed,
 * an assertion asks everything again. With config.tcp.shortcuts = false it is never set.
 */
#ifndef TCP_USUAL_H
#define TCP_USUAL_H

#include "tcp/conn.h"

/* All of the questions. There are rooms. */
bool conn_is_usual(const struct tcp_conn *c);

/* Asks them, and keeps the answer. There are rooms. */
void conn_find_usual(struct tcp_conn *c);

/* The answer, if there is one. A listener has no rooms where others have them, and many may change the settings. */
static inline bool conn_known_usual(const struct tcp_conn *c)
{
    bool usual = c->state == WEFT_TCP_ESTABLISHED && c->work && c->work->usual && c->settings == &settings_default;

    weft_assert(!usual || conn_is_usual(c), "usual.h: what changes it takes the bit back");
    return usual;
}

/* Something has changed, and nobody settles for it. */
static inline void conn_doubt_usual(struct tcp_conn *c)
{
    if (c->state != WEFT_TCP_LISTEN && c->work)
        c->work->usual = false;
}

#endif
