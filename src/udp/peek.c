/* SPDX-License-Identifier: MIT */
/*
 * WEFT_SO_PEEK_OFF: peeking that goes on where the last peek ended, within a datagram and on to the next one, as Linux
 * has it. The offset counts from the first byte that waits; what is read moves it back.
 */
#include "udp/private.h"

int udp_setopt(weft_sock *sock, int level, int option, const void *value, size_t n)
{
    udp_way_forget(udp_ep(sock)); /* it may be another one now */
    if (level == WEFT_SOL_UDP && n < sizeof(int32_t)) /* whatever it is */
        return WEFT_EINVAL;
    if (level != WEFT_SOL_SOCKET || option != WEFT_SO_PEEK_OFF)
        return dgram_setopt(sock, level, option, value, n);
    if (n < sizeof(int32_t))
        return WEFT_EINVAL;
    memcpy(&udp_ep(sock)->peek_at, value, sizeof(int32_t));
    return 0;
}

int udp_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n)
{
    if (level != WEFT_SOL_SOCKET || option != WEFT_SO_PEEK_OFF)
        return dgram_getopt(sock, level, option, value, n);
    *n = min_size(*n, sizeof(int32_t));
    memcpy(value, &container_of(sock, const struct udp_ep, d.sock)->peek_at, *n);
    return 0;
}

/* An empty datagram is peeked at once. The walk is as long as the queue, which the receive buffer bounds. */
struct weft_pkt *udp_peeked(const struct udp_ep *e, unsigned flags, uint32_t *at)
{
    struct weft_pkt *pkt = e->d.queue.packets.first;

    *at = 0;
    if (likely(e->peek_at < 0 || !(flags & WEFT_MSG_PEEK)))
        return pkt;
    *at = (uint32_t)e->peek_at;
    for (; pkt && *at >= pkt_total(pkt) && (*at || pkt->peeked); pkt = pkt->next)
        *at -= pkt_total(pkt);
    return pkt;
}

int64_t udp_peek(struct udp_ep *e, struct weft_pkt *pkt, uint32_t at, const struct weft_iov *iov, size_t n,
                 unsigned flags, unsigned *out_flags)
{
    uint32_t total = pkt_total(pkt), left = total - at, done = 0;
    size_t room = dgram_iov_len(iov, n);

    for (size_t i = 0; i < n && done < left; i++)
        done += pkt_copy(pkt, at + done, iov[i].base, (uint32_t)min_size(iov[i].len, left - done));
    pkt->peeked = true;
    *out_flags = room <= left && room < total ? WEFT_MSG_TRUNC : 0;
    if (flags & WEFT_MSG_TRUNC)
        done = total;
    e->peek_at += (int32_t)min_u32(done, (uint32_t)(INT32_MAX - e->peek_at));
    return done;
}

void udp_peek_back(struct udp_ep *e, int64_t bytes)
{
    if (e->peek_at > 0 && bytes > 0)
        e->peek_at = bytes < e->peek_at ? e->peek_at - (int32_t)bytes : 0;
}
