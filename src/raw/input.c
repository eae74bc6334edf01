/* SPDX-License-Identifier: MIT */
/*
 * What raw sockets hear (RFC 3542 §3, RFC 1122 §3.4; Linux's raw(7)): each datagram for us of their protocol, whole and
 * in order of arrival, before the transport has looked at it, with the header in IPv4 and without in IPv6.
 */
#include "raw/private.h"

/* Bytes of the datagram that stand in front of data's place in a copy. */
static uint32_t skipped(const struct weft_pkt *pkt, bool v4)
{
    uint32_t at = (uint32_t)pkt_headroom(pkt);

    weft_assert(at == pkt->l3 || at == pkt->l4, "the contract of raw_input");
    return v4 ? 0 : pkt->l4 - pkt->l3;
}

/* A copy whose data begins where the socket's user wants it: at the header of IPv4, behind those of IPv6. */
static struct weft_pkt *copy_of(weft_stack *s, const struct weft_pkt *pkt, bool v4)
{
    uint32_t at = (uint32_t)pkt_headroom(pkt), head = at - pkt->l3; /* bytes of headers in front of data */
    uint32_t total = head + pkt_total(pkt), skip = skipped(pkt, v4);
    struct weft_pkt *copy = pkt_new_linear(s, 0, total);

    if (!copy)
        return NULL;
    memcpy(copy->data, pkt->base + pkt->l3, head);
    pkt_copy(pkt, 0, copy->data + head, pkt_total(pkt));
    copy->ifp = pkt->ifp;
    copy->src = pkt->src;
    copy->dst = pkt->dst;
    copy->ttl = pkt->ttl;
    copy->tos = pkt->tos;
    copy->flow_label = pkt->flow_label;
    copy->piece = pkt->piece;
    copy->proto = pkt->proto;
    copy->ip_group = pkt->ip_group;
    copy->csum_valid = pkt->csum_valid;
    copy->l3 = 0;
    copy->l4 = (uint16_t)(pkt->l4 - pkt->l3);
    pkt_pull(copy, skip);
    return copy;
}

static bool names_match(const struct raw_ep *e, const struct weft_pkt *pkt)
{
    const struct dgram_ep *d = &e->d;

    if (d->sock.v6 == ip_is_v4(&pkt->dst) || e->protocol != pkt->proto)
        return false;
    if (d->rare.interface && pkt->ifp && (unsigned)d->rare.interface != pkt->ifp->index)
        return false;
    return (ip_is_any(&d->local.ip) || ip_eq(&d->local.ip, &pkt->dst)) &&
           (ip_is_any(&d->remote.ip) || ip_eq(&d->remote.ip, &pkt->src)) && dgram_hears(d, pkt);
}

/* ICMP_FILTER and ICMP6_FILTER: is a message of this type wanted? */
static bool type_is_wanted(const struct raw_ep *e, const struct weft_pkt *pkt)
{
    uint32_t at = pkt->l4 - (uint32_t)pkt_headroom(pkt);
    uint8_t type;

    if (pkt->proto != IP_PROTO_ICMP && pkt->proto != IP_PROTO_ICMPV6)
        return true;
    if (pkt_copy(pkt, at, &type, 1) == 0)
        return false;
    if (e->d.sock.v6)
        return !(e->icmp6_refused[type / 32] >> (type % 32) & 1);
    return type >= 32 || !(e->icmp_refused >> type & 1);
}

/* RFC 3542 §3.1: what has a wrong checksum, where there is one, is not heard. copy: data at the message. */
static bool checksum_is_right(const struct raw_ep *e, const struct weft_pkt *copy)
{
    struct csum sum = {0};

    if (!e->d.sock.v6 || e->checksum_at < 0)
        return true;
    if (copy->csum_valid && (e->protocol == IP_PROTO_TCP || e->protocol == IP_PROTO_UDP))
        return true; /* the link vouches for it, and may not even have written it */
    ip_pseudo_header(&sum, &copy->src, &copy->dst, e->protocol, pkt_total(copy));
    pkt_csum(copy, 0, pkt_total(copy), &sum);
    return csum_fold(&sum) == 0;
}

/* The copy goes to the socket's reader; NULL: there was no memory for it. Owns copy. */
static void hand_over(weft_stack *s, struct raw_ep *e, struct weft_pkt *copy)
{
    if (!copy)
        stack_drop(s, WEFT_DROP_no_memory);
    else if (!filter_keeps(&e->d.filter, copy, 1))
        pkt_drop(copy, WEFT_DROP_sock_filter);
    else if (dgram_push(&e->d.queue, copy))
        endpoint_notify(&e->d.sock, WEFT_READABLE);
    else
        pkt_drop(copy, WEFT_DROP_raw_buffer_full);
}

static void deliver(weft_stack *s, struct raw_ep *e, const struct weft_pkt *pkt)
{
    struct weft_pkt *copy = copy_of(s, pkt, !e->d.sock.v6);

    if (copy && !checksum_is_right(e, copy))
        pkt_drop(copy, WEFT_DROP_raw_checksum);
    else
        hand_over(s, e, copy);
}

bool raw_input(weft_stack *s, const struct weft_pkt *pkt)
{
    bool heard = false;

    list_each(it, &raw_table(s)->all) {
        struct raw_ep *e = container_of(it, struct raw_ep, d.link);

        if (!names_match(e, pkt) || !type_is_wanted(e, pkt))
            continue;
        heard = true;
        deliver(s, e, pkt);
    }
    return heard;
}

/* ---- for routers ---- */

static bool wants_alert(const struct raw_ep *e, const struct weft_pkt *pkt, const struct alert *alert)
{
    const struct dgram_ep *d = &e->d;

    if (e->alert < 0 || d->sock.v6 == ip_is_v4(&pkt->dst))
        return false;
    if (d->rare.interface && pkt->ifp && (unsigned)d->rare.interface != pkt->ifp->index)
        return false;
    return d->sock.v6 ? e->alert == alert->value : e->protocol == pkt->proto;
}

bool raw_alert(weft_stack *s, const struct weft_pkt *pkt, const struct alert *alert)
{
    bool heard = false;

    list_each(it, &raw_table(s)->all) {
        struct raw_ep *e = container_of(it, struct raw_ep, d.link);

        if (!wants_alert(e, pkt, alert))
            continue;
        heard = true;
        if (alert->deliver)
            hand_over(s, e, copy_of(s, pkt, true));
    }
    return heard;
}

/* ---- errors ---- */

/* Did this socket send such a datagram, as far as names can say? */
static bool may_have_sent(const struct raw_ep *e, uint8_t protocol, const struct ip_error *err)
{
    const struct dgram_ep *d = &e->d;

    return d->sock.v6 != ip_is_v4(&err->dst) && e->protocol == protocol &&
           (ip_is_any(&d->local.ip) || ip_eq(&d->local.ip, &err->src)) &&
           (ip_is_any(&d->remote.ip) || ip_eq(&d->remote.ip, &err->dst));
}

/* Of IPv6, as on Linux, who asked for the discovery of paths alone. */
static bool hears_of_length(const struct dgram_ep *d, const struct ip_error *err)
{
    return err->too_big && (ip_is_v4(&err->dst) ? d->discovery != WEFT_PMTUDISC_DONT
                                                : d->discovery6 == WEFT_PMTUDISC_DO);
}

/* As UDP: only who has a peer, or reads reports, can tell which datagram is meant, and only what lasts is certain. */
bool raw_error(weft_stack *s, uint8_t protocol, const struct ip_error *err)
{
    bool heard = false, certain;

    list_each(it, &raw_table(s)->all) {
        struct raw_ep *e = container_of(it, struct raw_ep, d.link);

        if (!may_have_sent(e, protocol, err))
            continue;
        heard = true;
        dgram_path_shrank(&e->d, err);
        certain = err->lasting || hears_of_length(&e->d, err);
        dgram_hear(&e->d, err, 0, certain && !ip_is_any(&e->d.remote.ip));
    }
    return heard;
}
