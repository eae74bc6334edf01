/* SPDX-License-Identifier: MIT */
/*
 * Many datagrams in one call (Linux's UDP_SEGMENT and UDP_GRO): a long message that goes out cut into datagrams of one
 * length, and datagrams of one sender and one length that are received as one.
 */
#include "udp/private.h"

#define MAX_TRAIN 65535 /* bytes */

int64_t udp_send_segments(struct udp_ep *e, const struct udp_message *m)
{
    struct csum unused = {0};
    struct udp_message part = *m;
    struct weft_pkt *whole;
    struct weft_iov piece;
    int64_t r = 0;
    size_t at;

    whole = dgram_gather(e->d.sock.stack, 0, m->iov, m->n, m->len, &unused);
    if (!whole)
        return WEFT_ENOMEM;
    part.segment = 0;
    for (at = 0; at < m->len && r >= 0; at += m->segment) {
        piece = (struct weft_iov){whole->data + at, min_size(m->segment, m->len - at)};
        part.iov = &piece;
        part.n = 1;
        part.len = piece.len;
        r = udp_send_one(e, &part);
    }
    pkt_release(whole);
    return r < 0 ? r : (int64_t)m->len;
}

/* ---- receiving ---- */

static bool same_flow(const struct weft_pkt *a, const struct weft_pkt *b)
{
    struct weft_addr from = udp_sender(a), other = udp_sender(b);

    return from.port == other.port && ip_eq(&a->src, &b->src) && ip_eq(&a->dst, &b->dst) && a->tos == b->tos &&
           a->ttl == b->ttl;
}

/* A train: datagrams as long as the first one, and one that may be shorter and ends it. One may have come as a
 * whole. */
size_t udp_train(const struct udp_ep *e, uint16_t *segment)
{
    const struct weft_pkt *first = e->d.queue.packets.first, *last = first;
    uint32_t length = pkt_total(first), sum = length;
    size_t n = 1;

    *segment = first->gso_size ? first->gso_size : (uint16_t)length;
    if (first->gso_size || dgram_has_headers(first)) /* who is told of headers is told of one datagram's */
        return 1;
    for (const struct weft_pkt *p = first->next; p && n < e->d.queue.packets.count; p = p->next) {
        if (pkt_total(last) < length || pkt_total(p) > length || pkt_total(p) == 0 || sum + pkt_total(p) > MAX_TRAIN ||
            n == UDP_TRAIN_MAX || !same_flow(first, p) || p->gso_size || dgram_has_headers(p))
            break;
        sum += pkt_total(p);
        last = p;
        n++;
    }
    return n;
}

/* Bytes of the packet to where `at` bytes of the pieces lie behind; how many had room. */
static size_t scatter(const struct weft_pkt *pkt, const struct weft_iov *iov, size_t n, size_t at)
{
    uint32_t total = pkt_total(pkt), done = 0;

    for (size_t i = 0; i < n && done < total; i++) {
        size_t skip = min_size(at, iov[i].len), room = iov[i].len - skip;

        at -= skip;
        if (room)
            done += pkt_copy(pkt, done, (uint8_t *)iov[i].base + skip, (uint32_t)min_size(room, total - done));
    }
    return done;
}

int64_t udp_take_train(struct udp_ep *e, size_t count, const struct weft_iov *iov, size_t n, unsigned flags,
                       unsigned *out_flags)
{
    const struct weft_pkt *pkt = e->d.queue.packets.first;
    size_t total = 0, done = 0;
    unsigned unused;

    for (size_t i = 0; i < count; i++, pkt = pkt->next) {
        done += scatter(pkt, iov, n, done);
        total += pkt_total(pkt);
    }
    for (size_t i = 0; i < count && !(flags & WEFT_MSG_PEEK); i++)
        dgram_take(&e->d.queue, NULL, 0, 0, &unused);
    *out_flags = done < total ? WEFT_MSG_TRUNC : 0;
    return (int64_t)(flags & WEFT_MSG_TRUNC ? total : done);
}
