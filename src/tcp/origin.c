/* SPDX-License-Identifier: MIT */
/* Where a connection came in; see origin.h. */
#include "tcp/origin.h"

#define ASKED (TELL_PKTINFO | TELL_TTL | TELL_TOS | TELL_PKTINFO6 | TELL_HOPLIMIT | TELL_TCLASS)

void origin_note(struct tcp_conn *c, const struct weft_pkt *pkt)
{
    struct tcp_settings *own;

    if (likely(!(c->settings->rare.tell & ASKED) && !c->settings->keeps_origin))
        return;
    own = settings_own(&c->settings, &c->ep.stack->mem);
    if (own)
        own->origin = (struct tcp_origin){pkt->ifp ? pkt->ifp->index : 0, pkt->ttl, pkt->tos, true};
}

/* An item for each option that is on. */
static unsigned items(uint32_t tell, bool v6)
{
    unsigned has = 0;

    if (tell & (v6 ? TELL_PKTINFO6 : TELL_PKTINFO))
        has |= v6 ? WEFT_CONTROL_PKTINFO6 : WEFT_CONTROL_PKTINFO;
    if (tell & (v6 ? TELL_HOPLIMIT : TELL_TTL))
        has |= WEFT_CONTROL_TTL;
    if (tell & (v6 ? TELL_TCLASS : TELL_TOS))
        has |= WEFT_CONTROL_TOS;
    return has;
}

void origin_tell(const struct tcp_conn *c, bool v6, struct weft_control *out)
{
    const struct tcp_origin *o = &c->settings->origin;
    struct weft_ip local = conn_flow(c).local.ip;

    *out = (struct weft_control){.has = items(c->settings->rare.tell, v6), .v4 = !v6, .ttl = 1};
    if (o->known) {
        out->interface = o->interface;
        out->ttl = o->ttl;
        out->tos = o->tos;
    }
    if (!v6)
        out->address = out->local = ip_is_v4(&local) ? local : weft_ipv4(0);
    else if (o->known)
        out->address = local;
}
