/* SPDX-License-Identifier: MIT */
/* See encap.h. */
#include "encap.h"

#include "bytes.h"
#include "packet.h"

enum { PROTO_IPV4 = 4, PROTO_IPV6 = 41, PROTO_GRE = 47, PROTO_MPLS = 137 };
enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_MPLS = 0x8847 };

#define MPLS_BOTTOM 0x100u

static struct encap *encap_add(struct packet *p, enum encap_kind kind)
{
    struct encap *e = &p->outer[p->n_outer++];

    *e = (struct encap){.kind = kind};
    return e;
}

/* ---- parsing ---- */

/* An address, and the colon behind it if it is written without a space. */
static struct weft_ip parse_address(struct scan *s, bool *colon)
{
    char text[WEFT_IP_TEXT + 2];
    struct weft_ip ip = {{0}};
    struct scan word;
    size_t n;

    scan_word(s, ".:", text, sizeof(text));
    n = strlen(text);
    *colon = n > 1 && text[n - 1] == ':' && (text[n - 2] != ':' || (n > 2 && text[n - 3] == ':'));
    scan_begin(&word, text, n - *colon);
    ip = scan_ip(&word);
    if (word.failed || !scan_at_end(&word))
        scan_fail(s, "\"%s\" is no address", text);
    return ip;
}

static void parse_ip(struct scan *s, struct encap *e)
{
    bool colon;

    e->src = parse_address(s, &colon);
    scan_expect(s, ">");
    e->dst = parse_address(s, &colon);
    if (ip_is_v4(&e->src) != (e->kind == ENCAP_IPV4) || ip_is_v4(&e->dst) != (e->kind == ENCAP_IPV4))
        scan_fail(s, "the addresses of an %s header are of that version", e->kind == ENCAP_IPV4 ? "ipv4" : "ipv6");
    if (!colon)
        scan_expect(s, ":");
}

/* none, a number, or names with | between them. */
static uint16_t parse_gre_flags(struct scan *s)
{
    uint16_t flags = 0;

    if (scan_accept(s, "none"))
        return 0;
    if (scan_peek(s) >= '0' && scan_peek(s) <= '9')
        return (uint16_t)scan_number(s, 65535);
    do {
        if (scan_accept(s, "checksum"))
            flags |= GRE_CHECKSUM;
        else if (scan_accept(s, "key"))
            flags |= GRE_KEY;
        else if (scan_accept(s, "sequence") || scan_accept(s, "seq"))
            flags |= GRE_SEQUENCE;
        else
            scan_fail(s, "flags of GRE are checksum, key and sequence");
    } while (scan_accept(s, "|"));
    return flags;
}

static void parse_gre(struct scan *s, struct encap *e)
{
    while (!scan_accept(s, ":") && !s->failed) {
        if (scan_accept(s, "flags")) {
            e->flags |= parse_gre_flags(s);
        } else if (scan_accept(s, "proto")) {
            e->has_proto = true;
            e->proto = (uint16_t)scan_number(s, 65535);
        } else if (scan_accept(s, "sum")) {
            e->has_sum = true;
            e->sum = (uint16_t)scan_number(s, 65535);
            e->flags |= GRE_CHECKSUM;
        } else if (scan_accept(s, "off")) {
            e->off = (uint16_t)scan_number(s, 65535);
            e->flags |= GRE_CHECKSUM;
        } else if (scan_accept(s, "key")) {
            e->key = scan_u32(s);
            e->flags |= GRE_KEY;
        } else if (scan_accept(s, "seq")) {
            e->seq = scan_u32(s);
            e->flags |= GRE_SEQUENCE;
        } else {
            scan_fail(s, "a GRE header has flags, proto, sum, off, key and seq, and ends in a colon");
        }
        scan_accept(s, ",");
    }
}

/* (label N, tc N, [S], ttl N), one after the other. */
static void parse_mpls(struct scan *s, struct encap *e)
{
    scan_expect(s, "(");
    do {
        uint32_t *entry = &e->label[e->n_labels];

        if (e->n_labels++ == MPLS_LABELS) {
            scan_fail(s, "more than %d labels", MPLS_LABELS);
            e->n_labels = 0;
            return;
        }
        scan_expect(s, "label");
        *entry = scan_number(s, 0xfffff) << 12;
        scan_expect(s, ",");
        scan_expect(s, "tc");
        *entry |= scan_number(s, 7) << 9;
        scan_expect(s, ",");
        if (scan_accept(s, "[S]")) {
            *entry |= MPLS_BOTTOM;
            scan_expect(s, ",");
        }
        scan_expect(s, "ttl");
        *entry |= scan_number(s, 255);
        scan_expect(s, ")");
    } while (scan_accept(s, "("));
    scan_expect(s, ":");
}

bool encap_parse(struct scan *s, struct packet *p)
{
    static const struct {
        const char *word;
        enum encap_kind kind;
        void (*parse)(struct scan *s, struct encap *e);
    } words[] = {
        {"ipv4", ENCAP_IPV4, parse_ip},
        {"ipv6", ENCAP_IPV6, parse_ip},
        {"gre", ENCAP_GRE, parse_gre},
        {"mpls", ENCAP_MPLS, parse_mpls},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!scan_accept(s, words[i].word))
            continue;
        if (p->n_outer == ENCAPS)
            scan_fail(s, "more than %d headers around a packet", ENCAPS);
        else if (p->n_outer == 0 && words[i].kind > ENCAP_IPV6)
            scan_fail(s, "the outermost header is ipv4 or ipv6");
        else
            words[i].parse(s, encap_add(p, words[i].kind));
        return true;
    }
    return false;
}

/* ---- printing ---- */

static void print_gre(struct text *t, const struct encap *e)
{
    text_add(t, "gre flags 0x%x, ", e->flags);
    if (e->has_proto)
        text_add(t, "proto 0x%x, ", e->proto);
    if (e->has_sum)
        text_add(t, "sum 0x%x, ", e->sum);
    if (e->flags & GRE_CHECKSUM)
        text_add(t, "off %u, ", e->off);
    if (e->flags & GRE_KEY)
        text_add(t, "key %u, ", e->key);
    if (e->flags & GRE_SEQUENCE)
        text_add(t, "seq %u, ", e->seq);
    text_trim(t, ' ');
    text_trim(t, ',');
    text_add(t, ": ");
}

static void print_mpls(struct text *t, const struct encap *e)
{
    text_add(t, "mpls");
    for (size_t i = 0; i < e->n_labels; i++)
        text_add(t, " (label %u, tc %u, %sttl %u)", e->label[i] >> 12, e->label[i] >> 9 & 7,
                 e->label[i] & MPLS_BOTTOM ? "[S], " : "", e->label[i] & 255);
    text_add(t, ": ");
}

void encap_print_all(struct text *t, const struct packet *p)
{
    char src[WEFT_IP_TEXT], dst[WEFT_IP_TEXT];

    for (size_t i = 0; i < p->n_outer; i++) {
        const struct encap *e = &p->outer[i];

        if (e->kind == ENCAP_GRE)
            print_gre(t, e);
        else if (e->kind == ENCAP_MPLS)
            print_mpls(t, e);
        else
            text_add(t, "ipv%d %s > %s: ", e->kind == ENCAP_IPV4 ? 4 : 6, weft_ip_text(&e->src, src, sizeof(src)),
                     weft_ip_text(&e->dst, dst, sizeof(dst)));
    }
}

/* ---- comparing ---- */

/* Sums and what names the next header are compared only if they were written. */
static bool same_one(const struct encap *e, const struct encap *s)
{
    return e->kind == s->kind && ip_same(&e->src, &s->src) && ip_same(&e->dst, &s->dst) && e->flags == s->flags &&
           e->off == s->off && e->key == s->key && e->seq == s->seq && (!e->has_proto || e->proto == s->proto) &&
           (!e->has_sum || e->sum == s->sum) && e->n_labels == s->n_labels &&
           memcmp(e->label, s->label, e->n_labels * sizeof(e->label[0])) == 0;
}

bool encap_same_all(const struct packet *e, const struct packet *s)
{
    if (e->n_outer != s->n_outer)
        return false;
    for (size_t i = 0; i < e->n_outer; i++)
        if (!same_one(&e->outer[i], &s->outer[i]))
            return false;
    return true;
}

/* ---- building ---- */

static size_t gre_bytes(uint16_t flags)
{
    return 4u + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) + (flags & GRE_SEQUENCE ? 4 : 0);
}

static size_t bytes_of(const struct encap *e)
{
    switch (e->kind) {
    case ENCAP_IPV4: return 20;
    case ENCAP_IPV6: return 40;
    case ENCAP_GRE:  return gre_bytes(e->flags);
    case ENCAP_MPLS: return 4 * e->n_labels;
    }
    return 0;
}

size_t encap_bytes(const struct packet *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_outer; i++)
        n += bytes_of(&p->outer[i]);
    return n;
}

/* How the header before number i names it; number n_outer is the datagram itself. */
static uint8_t protocol_of(const struct packet *p, size_t i)
{
    static const uint8_t proto[] = {PROTO_IPV4, PROTO_IPV6, PROTO_GRE, PROTO_MPLS};

    if (i < p->n_outer)
        return proto[p->outer[i].kind];
    return ip_is_v4(&p->src) ? PROTO_IPV4 : PROTO_IPV6;
}

static uint16_t ether_type_of(const struct packet *p, size_t i)
{
    uint8_t proto = protocol_of(p, i);

    return proto == PROTO_IPV4 ? ETHER_IPV4 : proto == PROTO_IPV6 ? ETHER_IPV6 : ETHER_MPLS;
}

static void build_ip(const struct encap *e, uint8_t proto, uint8_t *b, size_t n)
{
    memset(b, 0, bytes_of(e));
    if (e->kind == ENCAP_IPV6) {
        b[0] = 0x60;
        put16(b + 4, (uint32_t)(n - 40));
        b[6] = proto;
        b[7] = 64;
        memcpy(b + 8, e->src.b, 16);
        memcpy(b + 24, e->dst.b, 16);
        return;
    }
    b[0] = 0x45;
    put16(b + 2, (uint32_t)n);
    b[8] = 64;
    b[9] = proto;
    memcpy(b + 12, e->src.b + 12, 4);
    memcpy(b + 16, e->dst.b + 12, 4);
    put16(b + 10, (uint16_t)~sum_of(0, b, 20));
}

/* n: with what stands behind it, for the checksum is about that too. */
static void build_gre(const struct encap *e, uint16_t ether_type, uint8_t *b, size_t n)
{
    uint8_t *at = b + 4;

    put16(b, e->flags);
    put16(b + 2, e->has_proto ? e->proto : ether_type);
    if (e->flags & GRE_CHECKSUM) {
        put16(at, e->sum);
        put16(at + 2, e->off);
        at += 4;
    }
    if (e->flags & GRE_KEY) {
        put32(at, e->key);
        at += 4;
    }
    if (e->flags & GRE_SEQUENCE)
        put32(at, e->seq);
    if (e->flags & GRE_CHECKSUM && !e->has_sum)
        put16(b + 4, (uint16_t)~sum_of(0, b, n));
}

void encap_build(const struct packet *p, size_t n, uint8_t *buf)
{
    uint8_t *b = buf + encap_bytes(p);

    for (size_t i = p->n_outer; i-- > 0;) {
        const struct encap *e = &p->outer[i];

        b -= bytes_of(e);
        n += bytes_of(e);
        if (e->kind == ENCAP_GRE)
            build_gre(e, ether_type_of(p, i + 1), b, n);
        else if (e->kind == ENCAP_MPLS)
            for (size_t k = 0; k < e->n_labels; k++)
                put32(b + 4 * k, e->label[k]);
        else
            build_ip(e, protocol_of(p, i + 1), b, n);
    }
}

/* ---- reading ---- */

bool encap_is_protocol(uint8_t ip_proto)
{
    return ip_proto == PROTO_IPV4 || ip_proto == PROTO_IPV6 || ip_proto == PROTO_GRE || ip_proto == PROTO_MPLS;
}

static const char *read_gre(struct packet *p, const uint8_t *bytes, size_t n, size_t *at)
{
    const uint8_t *b = bytes + *at;
    uint16_t flags = n - *at < 4 ? 0xffff : get16(b);
    struct encap *e;

    if (flags & 0x4fff || gre_bytes(flags) > n - *at)
        return "a GRE header that is none of RFC 2890's";
    if (flags & GRE_CHECKSUM && sum_of(0, b, n - *at) != 0xffff)
        return "a wrong GRE checksum";
    *at += gre_bytes(flags);
    e = encap_add(p, ENCAP_GRE);
    e->flags = flags;
    e->proto = get16(b + 2);
    b += 4;
    if (flags & GRE_CHECKSUM) {
        e->sum = get16(b);
        e->off = get16(b + 2);
        b += 4;
    }
    if (flags & GRE_KEY) {
        e->key = get32(b);
        b += 4;
    }
    if (flags & GRE_SEQUENCE)
        e->seq = get32(b);
    return NULL;
}

static const char *read_mpls(struct packet *p, const uint8_t *bytes, size_t n, size_t *at)
{
    struct encap *e = encap_add(p, ENCAP_MPLS);

    do {
        if (n - *at < 4 || e->n_labels == MPLS_LABELS)
            return "an MPLS stack without an end";
        e->label[e->n_labels++] = get32(bytes + *at);
        *at += 4;
    } while (!(e->label[e->n_labels - 1] & MPLS_BOTTOM));
    return NULL;
}

const char *encap_read(struct packet *p, const uint8_t *bytes, size_t n, size_t *at)
{
    struct encap *e;
    const char *bad = NULL;
    bool mpls = p->ip_proto == PROTO_MPLS;

    if (p->n_outer + 3 > ENCAPS)
        return "too many headers around a packet";
    e = encap_add(p, p->v6 ? ENCAP_IPV6 : ENCAP_IPV4);
    e->src = p->src;
    e->dst = p->dst;
    if (p->ip_proto == PROTO_GRE) {
        bad = read_gre(p, bytes, n, at);
        mpls = !bad && p->outer[p->n_outer - 1].proto == ETHER_MPLS;
    }
    if (!bad && mpls)
        bad = read_mpls(p, bytes, n, at);
    return bad;
}
