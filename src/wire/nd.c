/* SPDX-License-Identifier: MIT */
/* Messages of neighbour discovery; see nd.h. */
#include "wire/nd.h"

#define PREFIX_LEN 32
#define MTU_LEN    8
#define FLAG_ROUTER    0x80000000u
#define FLAG_SOLICITED 0x40000000u
#define FLAG_OVERRIDE  0x20000000u

bool nd_option_next(struct reader *r, struct nd_option *o)
{
    const uint8_t *p = r->p;

    if (reader_left(r) == 0)
        return false;
    if (reader_left(r) < 8 || p[1] == 0 || !read_bytes(r, (size_t)p[1] * 8)) {
        r->p = r->end;
        r->bad = true;
        return false;
    }
    *o = (struct nd_option){.kind = p[0], .len = (uint16_t)(p[1] * 8), .body = p + 2};
    return true;
}

bool nd_options_sound(struct reader r)
{
    struct nd_option o;

    while (nd_option_next(&r, &o))
        ;
    return !r.bad;
}

/* The first option of this kind with this length. */
static const uint8_t *find(struct reader r, uint8_t kind, uint16_t len)
{
    struct nd_option o;

    while (nd_option_next(&r, &o))
        if (o.kind == kind)
            return o.len == len ? o.body : NULL;
    return NULL;
}

const uint8_t *nd_option_mac(struct reader r, enum nd_option_kind kind)
{
    return find(r, (uint8_t)kind, ND_MAC_OPTION);
}

const uint8_t *nd_option_nonce(struct reader r) { return find(r, ND_NONCE, ND_NONCE_OPTION); }

bool nd_prefix_parse(const struct nd_option *o, struct nd_prefix *p)
{
    const uint8_t *b = o->body;

    if (o->len != PREFIX_LEN || b[0] > 128)
        return false;
    p->bits = b[0];
    p->on_link = b[1] & 0x80;
    p->autonomous = b[1] & 0x40;
    p->valid = peek_u32(b + 2);
    p->preferred = peek_u32(b + 6);
    memcpy(p->prefix.b, b + 14, 16);
    p->prefix = ip_network(&p->prefix, p->bits);
    return true;
}

uint32_t nd_mtu_parse(const struct nd_option *o) { return o->len == MTU_LEN ? peek_u32(o->body + 2) : 0; }

bool nd_advert_parse(struct reader *r, struct nd_advert *a)
{
    const uint8_t *p = read_bytes(r, ND_RA_LEN - 4);

    if (!p)
        return false;
    a->hop_limit = p[0];
    a->lifetime = peek_u16(p + 2);
    a->reachable = peek_u32(p + 4);
    a->retrans = peek_u32(p + 8);
    return true;
}

bool nd_neighbour_parse(struct reader *r, struct nd_neighbour *n)
{
    uint32_t flags = read_u32(r);
    const uint8_t *target = read_bytes(r, 16);

    if (!target)
        return false;
    n->router = flags & FLAG_ROUTER;
    n->solicited = flags & FLAG_SOLICITED;
    n->override = flags & FLAG_OVERRIDE;
    memcpy(n->target.b, target, 16);
    return true;
}

bool nd_redirect_parse(struct reader *r, struct nd_redirect *d)
{
    const uint8_t *p = read_bytes(r, ND_REDIRECT_LEN - 4);

    if (!p)
        return false;
    memcpy(d->target.b, p + 4, 16);
    memcpy(d->dst.b, p + 20, 16);
    return true;
}

/* ---- writing ---- */

void nd_neighbour_emit(struct writer *w, uint8_t type, const struct nd_neighbour *n)
{
    struct weft_ip target = ip_bare(n->target);

    write_u8(w, type);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u32(w, (n->router ? FLAG_ROUTER : 0) | (n->solicited ? FLAG_SOLICITED : 0) |
                     (n->override ? FLAG_OVERRIDE : 0));
    write_bytes(w, target.b, 16);
}

void nd_router_solicit_emit(struct writer *w)
{
    write_u8(w, ICMPV6_ROUTER_SOLICIT);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u32(w, 0);
}

void nd_redirect_emit(struct writer *w, const struct nd_redirect *d)
{
    struct weft_ip target = ip_bare(d->target), dst = ip_bare(d->dst);

    write_u8(w, ICMPV6_REDIRECT);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u32(w, 0);
    write_bytes(w, target.b, 16);
    write_bytes(w, dst.b, 16);
}

void nd_mac_option_emit(struct writer *w, enum nd_option_kind kind, const uint8_t mac[6])
{
    write_u8(w, (uint8_t)kind);
    write_u8(w, 1);
    write_bytes(w, mac, 6);
}

void nd_nonce_option_emit(struct writer *w, const uint8_t nonce[6])
{
    write_u8(w, ND_NONCE);
    write_u8(w, 1);
    write_bytes(w, nonce, 6);
}

void nd_quote_option_emit(struct writer *w, uint32_t n)
{
    write_u8(w, ND_REDIRECTED);
    write_u8(w, (uint8_t)((ND_QUOTE_OPTION + n) / 8));
    write_u16(w, 0);
    write_u32(w, 0);
}

/* ---- servers of names ---- */

bool nd_rdnss_parse(const struct nd_option *o, uint32_t *lifetime, const uint8_t **servers, unsigned *n)
{
    if (o->len < 24 || o->len % 16 != 8)
        return false;
    *lifetime = peek_u32(o->body + 2);
    *servers = o->body + 6;
    *n = (o->len - 8u) / 16;
    return true;
}

bool nd_dnssl_parse(const struct nd_option *o, uint32_t *lifetime, struct reader *names)
{
    if (o->len < 16)
        return false;
    *lifetime = peek_u32(o->body + 2);
    *names = reader(o->body + 6, o->len - 8u);
    return true;
}

/* A letter, digit, hyphen or underscore: what host names are made of. */
static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A label behind its length, with a dot in front unless it is the first. False: no room, or no name. */
static bool take_label(const uint8_t *label, uint8_t len, char *text, size_t n, size_t *at)
{
    if (*at + len + 2 > n)
        return false;
    if (*at)
        text[(*at)++] = '.';
    for (uint8_t i = 0; i < len; i++) {
        if (!is_name_char(label[i]))
            return false;
        text[(*at)++] = (char)label[i];
    }
    return true;
}

bool nd_domain_next(struct reader *names, char *text, size_t n, bool *bad)
{
    size_t at = 0;
    uint8_t len;

    *bad = false;
    while ((len = read_u8(names)) != 0) {
        const uint8_t *label = len < 64 ? read_bytes(names, len) : NULL;

        if (!label || !take_label(label, len, text, n, &at)) {
            *bad = true;
            return false;
        }
    }
    *bad = names->bad && at > 0; /* the zero that ends a name is missing */
    text[at] = '\0';
    return at > 0 && !*bad; /* an empty one is padding, and the end */
}
