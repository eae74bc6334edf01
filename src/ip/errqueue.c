/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous errors of datagram sockets, as Linux has them. What goes wrong with a datagram is learnt after it was
 * sent. Without asking for more a socket hears of what is certain, as its pending error, when it has a peer. One that
 * asked (WEFT_IP_RECVERR) hears of all, and a queue keeps for each what happened, to which datagram, and who said so.
 *
 * A report is kept as a packet: the struct, then the bytes of the datagram that came back. The queue has the receive
 * buffer's limit; what finds no room is not kept, and the pending error tells of it nevertheless.
 */
#include "ip/private.h"
#include "wire/icmpv4.h"

static bool wants_reports(const struct dgram_ep *d, bool v4)
{
    return d->rare.tell & (v4 ? TELL_ERRORS : TELL_ERRORS6);
}

static struct weft_report read_report(const struct weft_pkt *pkt)
{
    struct weft_report r;

    memcpy(&r, pkt->data, sizeof r);
    return r;
}

/* The bytes of `quote` from offset at on go with it; NULL: none do. */
static void keep(struct dgram_ep *d, const struct weft_report *r, const struct weft_pkt *quote, uint32_t at)
{
    uint32_t n = quote && at < pkt_total(quote) ? pkt_total(quote) - at : 0;
    struct weft_pkt *pkt = pkt_new_linear(d->sock.stack, 0, sizeof *r + n);

    if (!pkt)
        return;
    if (d->reports.held + pkt_true_size(pkt) > d->queue.limit) {
        pkt_drop(pkt, WEFT_DROP_icmp_buffer_full);
        return;
    }
    memcpy(pkt->data, r, sizeof *r);
    if (n)
        pkt_copy(quote, at, pkt->data + sizeof *r, n);
    d->reports.held += pkt_true_size(pkt);
    d->reports.bytes += pkt_total(pkt);
    pkt_queue_push(&d->reports.packets, pkt);
    endpoint_notify(&d->sock, WEFT_ERROR);
}

/* ---- what a message says besides the quote (RFC 4884) ---- */

#define LEAST_ORIGINAL 128 /* bytes of the quote, where it says how long it is (§4.1) */
#define STRUCTURE      4   /* bytes of the header of an extension structure, and of an object in it */

/* Is what stands from offset on an extension structure? Of an unknown version nobody can tell. */
static bool is_sound(const struct weft_pkt *pkt, uint32_t at)
{
    uint32_t end = pkt_total(pkt);
    struct csum sum = {0};
    uint8_t h[STRUCTURE];

    pkt_copy(pkt, at, h, sizeof h);
    if (h[0] >> 4 != 2)
        return true;
    pkt_csum(pkt, at, end - at, &sum);
    if ((h[2] | h[3]) && csum_fold(&sum))
        return false;
    for (at += STRUCTURE; at < end; at += peek_u16(h))
        if (pkt_copy(pkt, at, h, sizeof h) < STRUCTURE || peek_u16(h) < STRUCTURE || peek_u16(h) > end - at)
            return false;
    return true;
}

/* payload: where in the ICMP message that of the quoted datagram begins. As Linux's ip_icmp_error_rfc4884. */
static void look_behind(const struct ip_error *err, uint32_t payload, struct weft_report *r)
{
    uint32_t quoted = payload - ICMPV4_HEADER, at = ICMPV4_HEADER + err->original;

    if (err->original < LEAST_ORIGINAL || err->original < quoted || at + STRUCTURE > pkt_total(err->quote))
        return;
    r->original = (uint16_t)(err->original - quoted);
    r->unsound = !is_sound(err->quote, at);
}

/* Of the message that came, what a socket may ask for. */
static void describe_message(const struct weft_pkt *pkt, struct weft_report *r)
{
    r->interface = pkt->ifp ? pkt->ifp->index : 0;
    r->came_to = pkt->dst;
    r->ttl = pkt->ttl;
    r->tos = pkt->tos;
}

void dgram_hear(struct dgram_ep *d, const struct ip_error *err, uint32_t header, bool certain)
{
    bool v4 = ip_is_v4(&err->dst), wanted = wants_reports(d, v4);
    struct weft_report r = {
        .error = err->err,
        .origin = v4 ? WEFT_ORIGIN_ICMP : WEFT_ORIGIN_ICMPV6,
        .type = err->type,
        .code = err->code,
        .info = err->mtu,
        .to = {err->dst, err->dst_port},
        .offender = err->reporter,
        .arrived = d->sock.stack->now,
    };

    if (err->came)
        describe_message(err->quote, &r);
    if (wanted && err->original && d->rare.tell & (v4 ? TELL_EXTENSIONS : TELL_EXTENSIONS6))
        look_behind(err, err->quoted_at + header, &r);
    if (wanted)
        keep(d, &r, err->quote, err->quoted_at + header);
    if (wanted || certain)
        endpoint_fail(&d->sock, err->err);
}

int dgram_too_long(struct dgram_ep *d, const struct weft_addr *to, uint32_t info)
{
    bool v4 = ip_is_v4(&to->ip);
    struct weft_report r = {.error = WEFT_EMSGSIZE,
                            .origin = WEFT_ORIGIN_LOCAL,
                            .info = v4 || !d->mtu6 ? info : min_u32(info, d->mtu6),
                            .to = {to->ip, v4 ? d->remote.port : to->port}, /* as on Linux: by IPv4 of the peer */
                            .arrived = d->sock.stack->now};

    if (wants_reports(d, v4))
        keep(d, &r, NULL, 0);
    return WEFT_EMSGSIZE;
}

/* The pending error is the next report's, when that came from outside; and gone with the last one that did. */
static void settle_error(struct dgram_ep *d, const struct weft_report *taken)
{
    const struct weft_pkt *first = d->reports.packets.first;
    struct weft_report next = {.origin = WEFT_ORIGIN_LOCAL};

    if (first)
        next = read_report(first);
    if (next.origin != WEFT_ORIGIN_LOCAL)
        d->sock.error = (int16_t)next.error;
    else if (taken->origin != WEFT_ORIGIN_LOCAL)
        d->sock.error = 0;
}

int64_t dgram_recv_report(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned *out_flags,
                          struct weft_report *report)
{
    struct dgram_ep *d = container_of(sock, struct dgram_ep, sock);
    struct weft_pkt *pkt = d->reports.packets.first;
    int64_t done;

    if (!pkt)
        return WEFT_EAGAIN;
    *report = read_report(pkt);
    if (report->origin != WEFT_ORIGIN_LOCAL)
        report->has = dgram_asks(d, ip_is_v4(&report->to.ip)) &
                      (WEFT_CONTROL_PKTINFO | WEFT_CONTROL_PKTINFO6 | WEFT_CONTROL_TTL | WEFT_CONTROL_TOS);
    pkt_pull(pkt, sizeof *report);
    d->reports.bytes -= sizeof *report;
    done = dgram_take(&d->reports, iov, n, 0, out_flags);
    settle_error(d, report);
    return done;
}
