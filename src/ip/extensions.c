/* SPDX-License-Identifier: MIT */
/*
 * The extension headers of a received IPv6 datagram (RFC 8200 §4): the walk itself is wire/ipv6.c's, here is what its
 * verdicts lead to. Fragments go to reassembly and the whole datagram is walked again.
 */
#include "ip/private.h"

#define UPPER_TCP 20 /* bytes of an upper layer's header that a first fragment must hold (RFC 7112 §5) */
#define UPPER_UDP 8

#define PAYLOAD_LEN_AT 4 /* offsets that errors point to: of the payload length in the IPv6 header, */
#define OFFSET_AT      2 /* of the fragment offset in the fragment header */

/* What must not go further is dropped, most of it with an answer. Owns pkt, whose data stands at l3. */
static void refuse_chain(weft_stack *s, struct weft_pkt *pkt, const struct ipv6_chain *c, enum ipv6_chain_verdict v)
{
    switch (v) {
    case IPV6_CHAIN_SHORT:
        pkt_drop(pkt, WEFT_DROP_ip6_chain_cut);
        break;
    case IPV6_CHAIN_DISCARD:
        pkt_drop(pkt, WEFT_DROP_ip6_unknown_option);
        break;
    case IPV6_CHAIN_OPTION_UNLESS_GROUP:
        if (pkt->ip_group) {
            pkt_drop(pkt, WEFT_DROP_ip6_unknown_option);
            break;
        }
        icmp_parameter_problem(s, pkt, ICMPV6_UNKNOWN_OPTION, c->problem, WEFT_DROP_ip6_unknown_option);
        break;
    case IPV6_CHAIN_OPTION:
        icmp_parameter_problem(s, pkt, ICMPV6_UNKNOWN_OPTION, c->problem, WEFT_DROP_ip6_unknown_option);
        break;
    case IPV6_CHAIN_ROUTING:
        icmp_parameter_problem(s, pkt, ICMPV6_BAD_FIELD, c->problem, WEFT_DROP_ip_source_route);
        break;
    case IPV6_CHAIN_MISPLACED:
        icmp_parameter_problem(s, pkt, ICMPV6_UNKNOWN_HEADER, c->problem, WEFT_DROP_ip_unknown_protocol);
        break;
    default:
        pkt_drop(pkt, WEFT_DROP_ip6_chain_limit);
    }
}

/* ---- fragments ---- */

/* Bytes that the header of an upper layer has at least. */
static size_t upper_len(uint8_t proto)
{
    switch (proto) {
    case IP_PROTO_TCP:
        return UPPER_TCP;
    case IP_PROTO_UDP:
        return UPPER_UDP;
    case IP_PROTO_ICMPV6:
        return ICMPV6_HEADER;
    default:
        return proto == IP_PROTO_NONE ? 0 : 1;
    }
}

/* Does a first fragment hold all headers from c on, and that of the upper layer (RFC 7112)? */
static bool holds_chain(const struct weft_pkt *pkt, struct ipv6_chain c)
{
    uint8_t bytes[IPV6_MAX_CHAIN + UPPER_TCP]; /* they may lie in spans */
    struct reader r = reader(bytes, pkt_copy(pkt, c.offset, bytes, sizeof bytes));
    enum ipv6_chain_verdict v = ipv6_chain_walk(&r, &c);

    return v != IPV6_CHAIN_SHORT && (v != IPV6_CHAIN_UPPER || reader_left(&r) >= upper_len(c.next));
}

/* What is wrong with a fragment taken alone is answered (RFC 8200 §4.5). True: dropped. Data at l3. */
static bool refuse_fragment(weft_stack *s, struct weft_pkt *pkt, const struct ipv6_chain *c,
                            const struct ipv6_fragment *f)
{
    uint32_t behind = c->offset + IPV6_FRAGMENT_HEADER, len = pkt_total(pkt) - behind;
    struct ipv6_chain rest = {.offset = behind, .next_at = c->offset, .next = f->next, .headers = c->headers};

    if (len == 0) {
        pkt_drop(pkt, WEFT_DROP_frag_misaligned);
    } else if (f->more && len % 8 != 0) {
        icmp_parameter_problem(s, pkt, ICMPV6_BAD_FIELD, PAYLOAD_LEN_AT, WEFT_DROP_frag_misaligned);
    } else if (c->offset - IPV6_HEADER + f->offset + len > IP_MAX_LEN) {
        icmp_parameter_problem(s, pkt, ICMPV6_BAD_FIELD, c->offset + OFFSET_AT, WEFT_DROP_frag_too_long);
    } else if (f->offset == 0 && !holds_chain(pkt, rest)) {
        icmp_parameter_problem(s, pkt, ICMPV6_INCOMPLETE_CHAIN, 0, WEFT_DROP_ip6_chain_cut);
    } else {
        return false;
    }
    return true;
}

/*
 * A fragment header at c->offset of a datagram whose data stands at l3. Returns a datagram to walk on with, data at l3
 * and *c behind the fragment header; or NULL. Owns pkt.
 */
static struct weft_pkt *fragment(weft_stack *s, struct weft_pkt *pkt, struct ipv6_chain *c)
{
    struct reader r = reader(pkt->data + c->offset, pkt->len - c->offset);
    struct ipv6_fragment f;
    struct ip_piece piece;

    if (pkt->fragment || !ipv6_fragment_parse(&r, &f)) { /* fragments of fragments are nobody's who means well */
        pkt_drop(pkt, pkt->fragment ? WEFT_DROP_ip6_chain_limit : WEFT_DROP_ip6_chain_cut);
        return NULL;
    }
    if (refuse_fragment(s, pkt, c, &f))
        return NULL;
    pkt->fragment = true;
    if (f.offset == 0 && !f.more) { /* atomic (RFC 6946): whole as it is, whatever else has its identification */
        c->next = f.next;
        c->next_at = c->offset;
        c->offset += IPV6_FRAGMENT_HEADER;
        return pkt;
    }
    pkt->proto = f.next;
    pkt->l4 = (uint16_t)(pkt->l3 + c->offset + IPV6_FRAGMENT_HEADER);
    pkt_pull(pkt, c->offset + IPV6_FRAGMENT_HEADER);
    piece = (struct ip_piece){.id = f.id, .offset = f.offset, .mf = f.more};
    pkt = ip_reassemble(s, pkt, &piece);
    if (!pkt)
        return NULL;
    pkt->data = pkt->base + pkt->l3;
    pkt->len += (uint32_t)(pkt->l4 - pkt->l3);
    *c = ipv6_chain_start(pkt->data[6]);
    return pkt;
}

/* ---- the walk ---- */

/* Data at l3 becomes data at l4, where the upper layer begins; NULL: there is none that we know. Owns pkt. */
static struct weft_pkt *arrive(weft_stack *s, struct weft_pkt *pkt, const struct ipv6_chain *c)
{
    if (c->next == IP_PROTO_NONE) {
        pkt_drop(pkt, WEFT_DROP_ip6_no_next_header);
        return NULL;
    }
    pkt->proto = c->next;
    pkt->l4 = (uint16_t)(pkt->l3 + c->offset);
    if (!stack_has_transport(s, c->next) || c->next == IP_PROTO_ICMP || c->next == IP_PROTO_IGMP) {
        if (s->raw_sockets && s->assembly->raw_input(s, pkt)) {
            pkt_release(pkt);
            return NULL;
        }
        icmp_parameter_problem(s, pkt, ICMPV6_UNKNOWN_HEADER, c->next_at, WEFT_DROP_ip_unknown_protocol);
        return NULL;
    }
    pkt_pull(pkt, c->offset);
    return pkt;
}

struct weft_pkt *ip_walk_extensions(weft_stack *s, struct weft_pkt *pkt, uint8_t next)
{
    struct ipv6_chain c = ipv6_chain_start(next);

    for (;;) {
        struct reader r = reader(pkt->data + c.offset, pkt->len - c.offset);
        enum ipv6_chain_verdict v = ipv6_chain_walk(&r, &c);

        if (v == IPV6_CHAIN_UPPER)
            return arrive(s, pkt, &c);
        if (v != IPV6_CHAIN_FRAGMENT) {
            refuse_chain(s, pkt, &c, v);
            return NULL;
        }
        pkt = fragment(s, pkt, &c);
        if (!pkt)
            return NULL;
    }
}
