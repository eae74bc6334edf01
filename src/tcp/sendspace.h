/* SPDX-License-Identifier: MIT */
/* The room in a connection's send buffer (sndbuf.h): who may write, and how it grows. */
#ifndef TCP_SENDSPACE_H
#define TCP_SENDSPACE_H

#include "tcp/conn.h"

/*
 * The size of the send buffer. When memory is tight it is what tcp_wmem says that each may have at least: who does not
 * read must not hold what others need. What is queued already goes on.
 */
static inline uint32_t conn_send_limit(const struct tcp_conn *c)
{
    if (likely(!mem_is_tight(&c->ep.stack->mem)))
        return c->send_buffer;
    return (uint32_t)min_size(c->send_buffer, tcp_config(c->ep.stack)->send_buffer_min);
}

/* With so many bytes unsent there is no room for more. */
uint32_t conn_notsent_lowat(const struct tcp_conn *c);
/* Is there room for the user to write? telling: to wake him for it. */
bool conn_has_room(const struct tcp_conn *c, bool telling);

/* The same to wake him, at a glance: little is queued. False: ask for the sums. There are rooms. */
static inline bool conn_has_much_room(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    uint32_t bytes = w->sendq.bytes;

    return bytes <= c->mss && bytes + SNDBUF_PACKET * (w->sndmap.count + 1) <= conn_send_limit(c) / 2 &&
           c->settings->notsent_lowat == 0 && 2 * bytes < tcp_config(c->ep.stack)->notsent_lowat;
}

/* What is in the send buffer, and what bounds it; there are rooms. chunk: bytes of a full one (push.h). */
struct sndbuf conn_send_buffer(const struct tcp_conn *c, uint32_t chunk);
/* The send buffer grows with the congestion window, unless the user has fixed it. */
void conn_grow_send_buffer(struct tcp_conn *c);

#endif
