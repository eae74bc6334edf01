/* SPDX-License-Identifier: MIT */
/*
 * What a host and a router do with the options of IPv4 (RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 1812 §5.2.4.1, §5.3.3):
 * what a program asks for goes into what it sends; what a request recorded goes on being recorded in its answer; a
 * router records, and sends what has a prescribed route to the next hop of it (accept_source_route; off, RFC 7126
 * §4.3).
 */
#include "ip/private.h"
#include "wire/ipv4_options.h"
#include "wire/option.h"

static uint8_t *area_of(struct weft_pkt *pkt) { return pkt->base + pkt->l3 + IPV4_HEADER; }
static size_t area_len(const struct weft_pkt *pkt) { return pkt->l4 - pkt->l3 - (size_t)IPV4_HEADER; }

static void pad(struct ip_options *o)
{
    while (o->n % 4)
        o->bytes[o->n++] = OPTION_EOL;
}

static void record(weft_stack *s, uint8_t *options, const struct ipv4_places *p, uint32_t address)
{
    struct weft_ip ip;
    uint32_t awaited;
    bool ours = false;

    if (ipv4_stamp_awaits(options, p, &awaited)) {
        ip_set_v4(&ip, awaited);
        ours = route_is_own(s, &ip);
    }
    ipv4_options_record(options, p, address, ip_stamp(s), ours);
}

/* ---- what we send ---- */

int ip_options_check(const uint8_t *options, size_t n)
{
    struct ipv4_places p;
    uint32_t first;
    uint8_t bad;

    if (n > IPV4_MAX_OPTIONS || !ipv4_options_find(options, n, &p, &bad))
        return WEFT_EINVAL;
    return p.route == IPV4_NOWHERE || (options[p.route + 2] == 4 && ipv4_route_next(options, &p, &first)) ? 0
                                                                                                         : WEFT_EINVAL;
}

void ip_options_take(uint8_t *to, const uint8_t *options, size_t n)
{
    struct reader r = reader(options, n);
    struct option o = {.kind = OPTION_NOP};
    size_t used = 0;

    while (o.kind != OPTION_EOL && option_next(&r, &o))
        used += o.len;
    memcpy(to, options, used);
    memset(to + used, OPTION_EOL, n - used);
}

/* The first hop becomes the header's destination, and the destination the last of the hops. */
static void begin_route(struct ip_options *o, uint8_t at, const struct weft_ip *dst)
{
    uint8_t *list = o->bytes + at + 3, len = (uint8_t)((o->bytes[at + 1] - 3) & ~3);

    o->has_route = true;
    o->strict = o->bytes[at] == IPV4_STRICT_ROUTE;
    ip_set_v4(&o->first_hop, peek_u32(list));
    memmove(list, list + 4, len - 4u);
    poke_u32(list + len - 4, ip_to_v4(dst));
}

void ip_options_for(weft_stack *s, const uint8_t *asked, uint8_t n, const struct ip_send *how, struct ip_options *out)
{
    struct ipv4_places p;
    uint8_t bad;

    *out = (struct ip_options){.n = n};
    memcpy(out->bytes, asked, n);
    pad(out);
    if (!ipv4_options_find(out->bytes, out->n, &p, &bad))
        return;
    record(s, out->bytes, &p, ip_to_v4(&how->src));
    if (p.route != IPV4_NOWHERE)
        begin_route(out, p.route, &how->dst);
}

const struct weft_ip *ip_options_first_hop(const uint8_t *asked, uint8_t n, struct weft_ip *hop)
{
    struct ipv4_places p;
    uint32_t first;
    uint8_t bad;

    if (n == 0 || !ipv4_options_find(asked, n, &p, &bad) || !ipv4_route_next(asked, &p, &first))
        return NULL;
    ip_set_v4(hop, first);
    return hop;
}

/* ---- what we answer ---- */

static void keep(struct ip_options *o, const uint8_t *option)
{
    memcpy(o->bytes + o->n, option, option[1]);
    o->n = (uint8_t)(o->n + option[1]);
}

bool ip_options_reply(weft_stack *s, struct weft_pkt *pkt, struct ip_options *out)
{
    const uint8_t *area = area_of(pkt);
    struct ipv4_places p;
    uint32_t first;
    uint8_t bad;

    *out = (struct ip_options){.n = 0};
    if (likely(pkt->l4 - pkt->l3 <= IPV4_HEADER) || !ipv4_options_find(area, area_len(pkt), &p, &bad))
        return false;
    if (p.route != IPV4_NOWHERE) {
        out->n = ipv4_route_reverse(area, &p, ip_to_v4(&pkt->src), out->bytes, &first);
        out->has_route = out->n;
        out->strict = out->n && out->bytes[0] == IPV4_STRICT_ROUTE;
        if (out->has_route)
            ip_set_v4(&out->first_hop, first);
    }
    if (p.record != IPV4_NOWHERE)
        keep(out, area + p.record);
    if (p.stamp != IPV4_NOWHERE)
        keep(out, area + p.stamp);
    pad(out);
    if (ipv4_options_find(out->bytes, out->n, &p, &bad))
        record(s, out->bytes, &p, ip_to_v4(&pkt->dst));
    return out->n;
}

uint8_t ip_options_way_back(const uint8_t *header, uint8_t asked[IPV4_MAX_OPTIONS])
{
    uint8_t len = (uint8_t)((header[0] & 15) * 4), n, bad;
    uint8_t back[IPV4_MAX_OPTIONS];
    struct ipv4_places p;
    uint32_t first;

    if (len <= IPV4_HEADER || !ipv4_options_find(header + IPV4_HEADER, len - (size_t)IPV4_HEADER, &p, &bad))
        return 0;
    n = ipv4_route_reverse(header + IPV4_HEADER, &p, peek_u32(header + 12), back, &first);
    if (n == 0)
        return 0;
    memcpy(asked, back, 3);
    poke_u32(asked + 3, first);
    memcpy(asked + 7, back + 3, n - 7u); /* all but the last, who is the destination */
    return n;
}

void ip_options_tell(weft_stack *s, const struct weft_pkt *pkt, struct weft_control *control)
{
    const uint8_t *header = pkt->base + pkt->l3;
    struct ip_options reply = {0};
    struct ipv4_places p;
    uint8_t bad;

    control->n_options = (uint8_t)area_len(pkt);
    memcpy(control->options, header + IPV4_HEADER, control->n_options);
    if (!ipv4_options_find(control->options, control->n_options, &p, &bad))
        return;
    record(s, control->options, &p, ip_to_v4(&control->local));
    if (p.record != IPV4_NOWHERE)
        keep(&reply, control->options + p.record);
    if (p.stamp != IPV4_NOWHERE)
        keep(&reply, control->options + p.stamp);
    if (p.route != IPV4_NOWHERE)
        reply.n = (uint8_t)(reply.n + ip_options_way_back(header, reply.bytes + reply.n));
    pad(&reply);
    control->n_reply = reply.n;
    memcpy(control->reply, reply.bytes, reply.n);
}

/* ---- what goes on ---- */

/* RFC 1812 §5.3.13: says where the header went wrong. Data at the header. Owns pkt. */
void ip_options_complain(weft_stack *s, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct ipv4_header h;
    struct ipv4_places p;
    uint8_t bad = 0;

    if (!ipv4_read(&r, &h) || ipv4_options_find(h.options, h.header_len - (size_t)IPV4_HEADER, &p, &bad)) {
        pkt_drop(pkt, WEFT_DROP_ip_bad_option);
        return;
    }
    icmp_complain(s, pkt,
                  (struct icmp_complaint){ICMPV4_PARAMETER_PROBLEM, 0, (uint32_t)(IPV4_HEADER + bad) << 24},
                  WEFT_DROP_ip_bad_option);
}

bool ip_options_forward(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path)
{
    uint8_t *area = area_of(pkt), bad;
    struct ipv4_places p;
    struct weft_ip out;

    if (!ipv4_options_find(area, area_len(pkt), &p, &bad)) {
        ip_options_complain(s, pkt);
        return false;
    }
    if (route_source(s, path, &pkt->dst, &out) == 0) {
        record(s, area, &p, ip_to_v4(&out));
        ipv4_reseal(pkt->data);
    }
    return true;
}

/* RFC 1812 §5.3.3. Data at the header. Owns pkt. */
static void next_hop(weft_stack *s, struct weft_pkt *pkt, const struct ipv4_places *p, uint32_t next_v4)
{
    const struct icmp_complaint failed = {ICMPV4_UNREACHABLE, ICMPV4_SOURCE_ROUTE_FAILED, 0};
    bool strict = area_of(pkt)[p->route] == IPV4_STRICT_ROUTE;
    struct weft_ip next = weft_ipv4(next_v4), out;
    struct ip_path path = {0};

    if (!ip_forwards(s, true) || route_lookup(s, &next, &path) != 0 || (strict && !ip_eq(&path.next_hop, &next)) ||
        route_source(s, &path, &next, &out) != 0) {
        icmp_complain(s, pkt, failed, WEFT_DROP_ip_source_route);
        return;
    }
    ipv4_route_advance(area_of(pkt), p, ip_to_v4(&out));
    poke_u32(pkt->data + 16, next_v4);
    ipv4_reseal(pkt->data);
    pkt->dst = next;
    ip_forward(s, pkt);
}

/* Is the hop that is left where the datagram is already? Debian's traceroute -g names the destination twice. */
static bool ends_here(const struct weft_pkt *pkt, const uint8_t *route, uint32_t next)
{
    bool last = route[2] + 7 > route[1];

    return last && next == ip_to_v4(&pkt->dst);
}

bool ip_options_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct ipv4_places p;
    uint32_t next;
    uint8_t bad;

    /* A host passes over what is wrong in an option that it does not need. */
    if (!ipv4_options_find(area_of(pkt), area_len(pkt), &p, &bad))
        return true;
    if (ipv4_route_next(area_of(pkt), &p, &next) && !ends_here(pkt, area_of(pkt) + p.route, next)) {
        next_hop(s, pkt, &p, next);
        return false;
    }
    pkt->routed = p.route != IPV4_NOWHERE; /* TCP answers by the same way (RFC 1122 §4.2.3.8) */
    return true;
}
