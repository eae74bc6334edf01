/* SPDX-License-Identifier: MIT */
/*
 * The way to the peer, found out once: source, header and the part of the checksum that its datagrams have in common.
 * dgram_prepare asks a dozen options and tables, which took a third of what it takes to send a datagram; for a message
 * to the peer that has nothing of its own the answer is the same each time.
 *
 * Invariant: what dgram_prepare, dgram_decide_df and dgram_add_extras would answer for a message to the peer that is no
 * longer than the path carries is the way, if udp_way_is_good. What they ask is a route, an address or the interface
 * that the socket keeps to, of which each change moves the generation on; an option, and each that is set forgets the
 * way, but for ttl and tos, which are compared, and WEFT_SO_BROADCAST, for which no way to a broadcast is kept.
 */
#include "udp/private.h"

/* What is only this datagram's, or this moment's, cannot be kept. */
static bool may_be_kept(const struct udp_ep *e, const struct ip_send *how)
{
    return !how->options && !how->headers && !how->own && !how->limit && !(e->d.rare.tell & RARE_NO_CHECKSUM) &&
           !if_is_broadcast(e->d.path.ifp, &how->dst) && e->d.path.expires == 0;
}

void udp_way_keep(struct udp_ep *e, const struct udp_message *m, const struct ip_send *how, const struct csum *names)
{
    if (may_be_kept(e, how) && udp_fits_path(e, m))
        e->way = (struct udp_way){.generation = e->d.path.generation, .how = *how, .names = *names};
}

/* Whoever asks for them is about to change some. */
struct sock_rare *udp_own_rare(weft_sock *sock)
{
    udp_way_forget(udp_ep(sock));
    return dgram_own_rare(sock);
}
