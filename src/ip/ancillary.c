/* SPDX-License-Identifier: MIT */
/*
 * What goes with a datagram besides its bytes (RFC 3542 §6): for one datagram alone another source, interface, hop
 * limit or class than the socket's; and for one that came in what of all that its reader asked to be told.
 */
#include "ip/private.h"

static const struct dgram_ep *const_ep(const weft_sock *sock)
{
    return container_of(sock, const struct dgram_ep, sock);
}

const struct sock_rare *dgram_rare(const weft_sock *sock) { return &const_ep(sock)->rare; }
struct sock_rare *dgram_own_rare(weft_sock *sock) { return &container_of(sock, struct dgram_ep, sock)->rare; }

/* ---- out ---- */

static bool has(const struct weft_control *control, unsigned items) { return control && control->has & items; }

/* A byte of the header; IPv6 has -1 for what is usual. */
static bool is_byte(int v, bool v6, int least) { return v >= (v6 ? -1 : least) && v <= 255; }

static int override(const struct weft_control *control, bool v6, struct ip_send *how)
{
    if (has(control, WEFT_CONTROL_TTL)) {
        if (!is_byte(control->ttl, v6, 1))
            return WEFT_EINVAL;
        if (control->ttl >= 0)
            how->ttl = (uint8_t)control->ttl;
    }
    if (has(control, WEFT_CONTROL_TOS)) {
        if (!is_byte(control->tos, v6, 0))
            return WEFT_EINVAL;
        if (control->tos >= 0)
            how->tos = (uint8_t)control->tos;
    }
    if (has(control, WEFT_CONTROL_DF))
        how->df = control->df;
    return has(control, WEFT_CONTROL_OPTIONS) ? ip_options_check(control->options, control->n_options) : 0;
}

/*
 * The source that control names, of link scope in the zone of its interface or destination; 0, or it is none of ours.
 */
static int named_source(weft_stack *s, const struct weft_control *control, const struct weft_ip *dst,
                        struct weft_ip *local)
{
    *local = control->address;
    if (!ip_zone(local))
        ip_set_zone(local, control->interface ? control->interface : ip_zone(dst));
    if (ip_is_loopback(local) || if_by_address(s, local))
        return 0;
    return ip_is_v4(local) ? WEFT_ENETUNREACH : WEFT_EINVAL; /* as on Linux */
}

/* The options of IPv4 for one datagram. */
struct asked {
    const uint8_t *bytes;
    uint8_t n;
};

static struct asked options_of(const struct dgram_ep *d, const struct weft_control *control)
{
    return has(control, WEFT_CONTROL_OPTIONS) ? (struct asked){control->options, control->n_options}
                                              : (struct asked){d->options, d->n_options};
}

/* What goes with one datagram takes the place of all that the socket has (RFC 3542 §6). */
static struct ip_headers headers_of(const struct dgram_ep *d, const struct weft_control *control)
{
    return has(control, WEFT_CONTROL_HOPOPTS | WEFT_CONTROL_DSTOPTS)
               ? (struct ip_headers){control->hop_options, control->destination_options}
               : (struct ip_headers){d->sticky[DGRAM_HOP], d->sticky[DGRAM_DESTINATION]};
}

void dgram_add_extras(const struct dgram_ep *d, const struct weft_control *control, struct ip_send *how,
                      struct ip_extras *room)
{
    struct asked o = options_of(d, control);

    if (!ip_is_v4(&how->dst)) {
        room->headers = headers_of(d, control);
        how->limit = d->mtu6;
        how->headers = room->headers.hop || room->headers.destination ? &room->headers : NULL;
    } else if (unlikely(o.n)) {
        ip_options_for(d->sock.stack, o.bytes, o.n, how, &room->options);
        how->options = &room->options;
    }
}

int dgram_prepare(const struct dgram_ep *d, const struct weft_ip *dst, const struct weft_control *control,
                  struct ip_path *path, struct ip_send *how)
{
    weft_stack *s = d->sock.stack;
    bool v6 = !ip_is_v4(dst), steered = has(control, WEFT_CONTROL_PKTINFO | WEFT_CONTROL_PKTINFO6);
    struct weft_ip local = d->local.ip;
    weft_if *by = dgram_out_interface(d, dst);
    struct asked o = options_of(d, control);
    struct weft_ip hop;
    int err;

    how->dst = *dst;
    how->flow_label = has(control, WEFT_CONTROL_FLOW) ? control->flow_label & IPV6_FLOW_LABEL : 0;
    how->ttl = endpoint_ttl(&d->sock, v6);
    how->tos = endpoint_tos(&d->sock, v6);
    dgram_scope(d, how);
    if (has(control, WEFT_CONTROL_PROBE))
        how->own = IP_OWN_ONLY; /* and those do not hear it either */
    err = override(control, v6, how);
    if (!err && unlikely(v6 && !by && d->sticky_interface)) /* which is gone, or never was */
        err = WEFT_ENETUNREACH;
    if (!err && steered && control->interface && !(by = if_by_index(s, control->interface)))
        err = WEFT_ENODEV;
    if (!err && steered && !ip_is_any(&control->address))
        err = named_source(s, control, dst, &local);
    if (!err)
        err = dgram_route_by(&d->sock, by, &local, dst, v6 ? NULL : ip_options_first_hop(o.bytes, o.n, &hop), path,
                             &how->src);
    if (!err && has(control, WEFT_CONTROL_CONFIRM))
        neigh_hint(path->ifp, &path->next_hop, true);
    if (!err && (d->rare.tell & RARE_DONTROUTE || has(control, WEFT_CONTROL_DONTROUTE)) &&
        !ip_eq(&path->next_hop, dst))
        err = WEFT_ENETUNREACH;
    return err;
}

/* ---- in ---- */

struct told {
    uint32_t tell, tell6; /* enum sock_tell: for a datagram of IPv4, of IPv6 */
    uint16_t item;        /* enum weft_control_item */
};

static const struct told tolds[] = {
    {TELL_PKTINFO, 0, WEFT_CONTROL_PKTINFO},
    {TELL_PKTINFO6, TELL_PKTINFO6, WEFT_CONTROL_PKTINFO6},
    {TELL_TTL, TELL_HOPLIMIT, WEFT_CONTROL_TTL},
    {TELL_TOS, TELL_TCLASS, WEFT_CONTROL_TOS},
    {TELL_ORIGDST, TELL_ORIGDST6, WEFT_CONTROL_ORIGDST},
    {TELL_PIECE, TELL_PIECE6, WEFT_CONTROL_PIECE},
};

/*
 * Where a reply to a group's datagram may come from: an address of the interface it came in by (Linux's ipi_spec_dst).
 */
static struct weft_ip reply_address(weft_stack *s, const struct weft_pkt *pkt)
{
    const weft_if *ifp = pkt->ip_group ? if_by_index(s, pkt->if_index) : NULL;

    for (unsigned i = 0; ifp && i < ifp->n_addresses; i++)
        if (ip_is_v4(&ifp->address[i].ip))
            return ifp->address[i].ip;
    return pkt->ip_group ? weft_ipv4(0) : pkt->dst;
}

static void tell_options(const struct dgram_ep *d, const struct weft_pkt *pkt, struct weft_control *control)
{
    control->has |= d->rare.tell & TELL_OPTIONS ? WEFT_CONTROL_OPTIONS : 0;
    control->has |= d->rare.tell & TELL_REPLY ? WEFT_CONTROL_REPLY : 0;
    ip_options_tell(d->sock.stack, pkt, control);
}

static void tell_headers(const struct dgram_ep *d, const struct weft_pkt *pkt, struct weft_control *control)
{
    const uint8_t *header = pkt->base + pkt->l3;

    control->first_header = header[6];
    control->headers = header + IPV6_HEADER;
    control->n_headers = (uint16_t)(pkt->l4 - pkt->l3 - IPV6_HEADER);
    control->has |= d->rare.tell & TELL_HOP_OPTIONS ? WEFT_CONTROL_HOPOPTS : 0;
    control->has |= d->rare.tell & TELL_DESTINATION_OPTIONS ? WEFT_CONTROL_DSTOPTS : 0;
    control->has |= d->rare.tell & TELL_ROUTING ? WEFT_CONTROL_RTHDR : 0;
}

void dgram_describe(const weft_sock *sock, unsigned flags, struct weft_control *control)
{
    const struct dgram_ep *d = const_ep(sock);

    (void)flags;
    if (d->queue.packets.first)
        dgram_describe_one(d, d->queue.packets.first, control);
}

unsigned dgram_asks(const struct dgram_ep *d, bool v4)
{
    unsigned has = 0;

    for (size_t i = 0; d->rare.tell && i < ARRAY_LEN(tolds); i++)
        if (d->rare.tell & (v4 ? tolds[i].tell : tolds[i].tell6))
            has |= tolds[i].item;
    return has;
}

void dgram_describe_one(const struct dgram_ep *d, const struct weft_pkt *pkt, struct weft_control *control)
{
    *control = (struct weft_control){
        .interface = pkt->if_index,
        .address = pkt->dst,
        .port = d->local.port,
        .ttl = pkt->ttl,
        .tos = pkt->tos,
        .v4 = ip_is_v4(&pkt->dst),
        .arrived = pkt->arrived,
        .lost = pkt->lost,
        .piece = pkt->piece,
        .flow_label = ip_is_v4(&pkt->dst) ? 0 : pkt->flow_label,
    };
    control->has = dgram_asks(d, control->v4);
    if (!pkt->piece) /* it came whole */
        control->has &= ~(unsigned)WEFT_CONTROL_PIECE;
    if (d->rare.tell & TELL_LOST && control->lost)
        control->has |= WEFT_CONTROL_LOST;
    if (d->rare.tell & TELL_FLOW && !control->v4 && (pkt->flow_label || pkt->tos)) /* as Linux: of both or nothing */
        control->has |= WEFT_CONTROL_FLOW;
    if (control->has & WEFT_CONTROL_PKTINFO || d->rare.tell & (TELL_OPTIONS | TELL_REPLY))
        control->local = reply_address(d->sock.stack, pkt);
    if (unlikely(dgram_has_headers(pkt)))
        (control->v4 ? tell_options : tell_headers)(d, pkt, control);
}
