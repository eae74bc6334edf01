/* SPDX-License-Identifier: MIT */
/* The IPv6 header and its extension headers (RFC 8200); see ipv6.h. */
#include "wire/ipv6.h"

#define ROUTING_TYPE_AT 2
#define ROUTING_LEFT_AT 3

enum option_type { OPTION_PAD1 = 0, OPTION_PADN = 1, OPTION_ROUTER_ALERT = 5 };

/* The forty bytes at p. */
static void header_decode(const uint8_t *p, struct ipv6_header *h)
{
    uint32_t word = peek_u32(p);

    h->tclass = (uint8_t)(word >> 20);
    h->flow_label = word & IPV6_FLOW_LABEL;
    h->payload_len = peek_u16(p + 4);
    h->next = p[6];
    h->hop_limit = p[7];
    memcpy(h->src.b, p + 8, 8);
    memcpy(h->src.b + 8, p + 16, 8);
    memcpy(h->dst.b, p + 24, 8);
    memcpy(h->dst.b + 8, p + 32, 8);
}

bool ipv6_read(struct reader *r, struct ipv6_header *h)
{
    const uint8_t *p = read_bytes(r, IPV6_HEADER);

    if (!p)
        return false;
    header_decode(p, h);
    return p[0] >> 4 == 6;
}

enum ipv6_verdict ipv6_parse(struct reader *r, size_t available, struct ipv6_header *h)
{
    const uint8_t *p = read_bytes(r, IPV6_HEADER);

    if (unlikely(!p))
        return IPV6_SHORT;
    header_decode(p, h);
    if (unlikely(p[0] >> 4 != 6))
        return IPV6_BAD_VERSION;
    return unlikely(h->payload_len > available - IPV6_HEADER) ? IPV6_BAD_PAYLOAD_LEN : IPV6_OK;
}

void ipv6_emit(struct writer *w, const struct ipv6_header *h)
{
    uint8_t *p = write_room(w, IPV6_HEADER);

    weft_assert(h->flow_label <= IPV6_FLOW_LABEL, "labels are drawn here, with twenty bits");
    if (!p)
        return;
    poke_u32(p, 6u << 28 | (uint32_t)h->tclass << 20 | h->flow_label);
    poke_u16(p + 4, h->payload_len);
    p[6] = h->next;
    p[7] = h->hop_limit;
    memcpy(p + 8, h->src.b, 16);
    memcpy(p + 24, h->dst.b, 16);
    if (unlikely(ip_is_zoned(&h->src)))
        poke_u16(p + 10, 0);
    if (unlikely(ip_is_zoned(&h->dst)))
        poke_u16(p + 26, 0);
}

/* ---- extension headers ---- */

bool ipv6_fragment_parse(struct reader *r, struct ipv6_fragment *f)
{
    const uint8_t *p = read_bytes(r, IPV6_FRAGMENT_HEADER);
    uint16_t word;

    if (!p)
        return false;
    word = peek_u16(p + 2);
    f->next = p[0];
    f->offset = word & 0xfff8;
    f->more = word & 1;
    f->id = peek_u32(p + 4);
    return true;
}

void ipv6_fragment_emit(struct writer *w, const struct ipv6_fragment *f)
{
    weft_assert(f->offset % 8 == 0, "the fragmenter cuts at multiples of eight");
    write_u8(w, f->next);
    write_u8(w, 0);
    write_u16(w, (uint16_t)(f->offset | f->more));
    write_u32(w, f->id);
}

bool ipv6_is_extension(uint8_t next)
{
    return next == IP_PROTO_HOPOPTS || next == IP_PROTO_DSTOPTS || next == IP_PROTO_ROUTING;
}

/* RFC 8200 §4.2: what to do with an option that we do not know, by its two high bits. */
static enum ipv6_chain_verdict unknown_option(uint8_t type)
{
    static const uint8_t verdicts[] = {IPV6_CHAIN_UPPER, IPV6_CHAIN_DISCARD, IPV6_CHAIN_OPTION,
                                       IPV6_CHAIN_OPTION_UNLESS_GROUP};

    return (enum ipv6_chain_verdict)verdicts[type >> 6];
}

/* What the walk over one header's options has seen. */
struct options_seen {
    unsigned options, padding; /* the latter in bytes, in a row */
};

/* Padding is for alignment and no place to hide things in (RFC 8504 §5.3, RFC 4942 §2.1.9.5). */
static bool padding_is_sound(struct options_seen *seen, uint8_t type, const uint8_t *body, size_t len)
{
    seen->padding += type == OPTION_PAD1 ? 1 : 2 + (unsigned)len;
    for (size_t i = 0; i < len; i++)
        if (body[i])
            return false;
    return seen->padding <= IPV6_MAX_PADDING;
}

/* The option of this type and body. IPV6_CHAIN_UPPER: the walk goes on. */
static enum ipv6_chain_verdict take_option(struct ipv6_chain *c, struct options_seen *seen, uint8_t type,
                                           const uint8_t *body, size_t len)
{
    if (type == OPTION_PAD1 || type == OPTION_PADN)
        return padding_is_sound(seen, type, body, len) ? IPV6_CHAIN_UPPER : IPV6_CHAIN_LIMIT;
    seen->padding = 0;
    if (++seen->options > IPV6_MAX_OPTIONS)
        return IPV6_CHAIN_LIMIT;
    if (type == OPTION_ROUTER_ALERT && len == 2 && c->next == IP_PROTO_HOPOPTS) {
        c->router_alert = true;
        c->alert = peek_u16(body);
    }
    return unknown_option(type); /* router alert itself says: skip (RFC 2711 §2.1) */
}

/* r sees the options of one header, the first of which stands at `at`. */
static enum ipv6_chain_verdict walk_options(struct ipv6_chain *c, struct reader r, uint32_t at)
{
    struct options_seen seen = {0};
    const uint8_t *start = r.p;

    while (reader_left(&r) > 0) {
        uint32_t here = at + (uint32_t)(r.p - start);
        uint8_t type = read_u8(&r), len = type == OPTION_PAD1 ? 0 : read_u8(&r);
        const uint8_t *body = read_bytes(&r, len);
        enum ipv6_chain_verdict v = body ? take_option(c, &seen, type, body, len) : IPV6_CHAIN_SHORT;

        if (v != IPV6_CHAIN_UPPER) {
            c->problem = v == IPV6_CHAIN_OPTION || v == IPV6_CHAIN_OPTION_UNLESS_GROUP ? here : 0;
            return v;
        }
    }
    return IPV6_CHAIN_UPPER;
}

/* The header of kind c->next: n bytes at p. */
static enum ipv6_chain_verdict judge(struct ipv6_chain *c, const uint8_t *p, size_t n)
{
    if (c->next == IP_PROTO_ROUTING) {
        c->problem = p[ROUTING_LEFT_AT] ? c->offset + ROUTING_TYPE_AT : 0;
        return p[ROUTING_LEFT_AT] ? IPV6_CHAIN_ROUTING : IPV6_CHAIN_UPPER;
    }
    if (c->next == IP_PROTO_HOPOPTS && c->headers > 0) {
        c->problem = c->next_at;
        return IPV6_CHAIN_MISPLACED;
    }
    return walk_options(c, reader(p + 2, n - 2), c->offset + 2);
}

enum ipv6_chain_verdict ipv6_chain_walk(struct reader *r, struct ipv6_chain *c)
{
    while (ipv6_is_extension(c->next)) {
        const uint8_t *p = read_bytes(r, 8);
        size_t more = p ? (size_t)p[1] * 8 : 0;
        enum ipv6_chain_verdict v;

        if (c->headers == IPV6_MAX_EXTENSIONS || c->offset - IPV6_HEADER + 8 + more > IPV6_MAX_CHAIN)
            return IPV6_CHAIN_LIMIT;
        if (!p || !read_bytes(r, more))
            return IPV6_CHAIN_SHORT;
        v = judge(c, p, 8 + more);
        if (v != IPV6_CHAIN_UPPER)
            return v;
        c->next_at = c->offset;
        c->next = p[0];
        c->offset += (uint32_t)(8 + more);
        c->headers++;
    }
    return c->next == IP_PROTO_FRAGMENT ? IPV6_CHAIN_FRAGMENT : IPV6_CHAIN_UPPER;
}

bool ipv6_chain_skip(struct reader *r, uint8_t *next, struct ipv6_fragment *f)
{
    *f = (struct ipv6_fragment){0};
    for (unsigned i = 0; i < 2 * IPV6_MAX_EXTENSIONS && f->offset == 0; i++) {
        const uint8_t *p = r->p;

        if (*next == IP_PROTO_FRAGMENT) {
            if (!ipv6_fragment_parse(r, f))
                return false;
            *next = f->next;
        } else if (ipv6_is_extension(*next)) {
            if (!read_bytes(r, 8) || !read_bytes(r, (size_t)p[1] * 8))
                return false;
            *next = p[0];
        } else {
            return true;
        }
    }
    return f->offset != 0;
}
