/* SPDX-License-Identifier: MIT */
/* See attr.h. */
#include "attr.h"

#include "packet.h"

/* ---- parsing ---- */

/* Attributes with one small number: where it goes and its largest value. */
struct numeric_attr {
    const char *name;
    enum attr attr;
    size_t offset, size;
    uint32_t max;
};

#define NUMERIC(name, attr, field, max) \
    {name, attr, offsetof(struct packet, field), sizeof(((struct packet *)0)->field), max}
static const struct numeric_attr numeric_attrs[] = {
    NUMERIC("ttl", ATTR_TTL, ttl, 255),
    NUMERIC("tos", ATTR_TOS, tos, 255),
    NUMERIC("flowlabel", ATTR_LABEL, flow_label, 0xfffff),
    NUMERIC("id", ATTR_ID, id, 65535),
    NUMERIC("sport", ATTR_SPORT, sport, 65535),
    NUMERIC("dport", ATTR_DPORT, dport, 65535),
    NUMERIC("offset", ATTR_OFFSET, offset, 15),
    NUMERIC("length", ATTR_LENGTH, length, 65535),
    NUMERIC("total", ATTR_TOTAL, total, 65535),
    NUMERIC("version", ATTR_VERSION, version, 15),
    NUMERIC("ihl", ATTR_IHL, ihl, 15),
    NUMERIC("proto", ATTR_PROTO, ip_proto, 255),
    NUMERIC("cut", ATTR_CUT, cut, 65535),
};

struct flag_attr {
    const char *name;
    enum attr attr;
    uint8_t ecn;
};

static const struct flag_attr flag_attrs[] = {
    {"noecn", ATTR_ECN, 0},
    {"ect1", ATTR_ECN, 1},
    {"ect0", ATTR_ECN, 2},
    {"ect01", ATTR_ECN, ECN_EITHER},
    {"ce", ATTR_ECN, 3},
    {"df", ATTR_DF, 0},
    {"nodf", ATTR_NO_DF, 0},
    {"bad_checksum", ATTR_BAD_CHECKSUM, 0},
    {"bad_ip_checksum", ATTR_BAD_IP_CHECKSUM, 0},
    {"no_checksum", ATTR_NO_CHECKSUM, 0},
    {"garbage", ATTR_GARBAGE, 0},
    {"absolute", ATTR_ABSOLUTE, 0},
};

static void store(struct packet *p, const struct numeric_attr *a, uint32_t v)
{
    uint8_t *at = (uint8_t *)p + a->offset;

    p->attrs |= a->attr;
    if (a->size == 1)
        *at = (uint8_t)v;
    else if (a->size == 2)
        memcpy(at, &(uint16_t){(uint16_t)v}, 2);
    else
        memcpy(at, &v, 4);
}

static bool parse_table_attr(struct scan *s, struct packet *p)
{
    for (size_t i = 0; i < sizeof(numeric_attrs) / sizeof(numeric_attrs[0]); i++)
        if (scan_accept(s, numeric_attrs[i].name)) {
            store(p, &numeric_attrs[i], scan_number(s, numeric_attrs[i].max));
            return true;
        }
    for (size_t i = 0; i < sizeof(flag_attrs) / sizeof(flag_attrs[0]); i++)
        if (scan_accept(s, flag_attrs[i].name)) {
            p->attrs |= flag_attrs[i].attr;
            if (flag_attrs[i].attr == ATTR_ECN)
                p->ecn = flag_attrs[i].ecn;
            return true;
        }
    return false;
}

static void parse_fragment(struct scan *s, struct packet *p)
{
    p->frag_from = scan_number(s, 65535);
    scan_expect(s, "-");
    p->frag_to = scan_number(s, 65535);
}

static void parse_attr(struct scan *s, struct packet *p)
{
    if (parse_table_attr(s, p))
        return;
    if (scan_accept(s, "src")) {
        p->attrs |= ATTR_SRC;
        p->src = scan_ip(s);
    } else if (scan_accept(s, "dst")) {
        p->attrs |= ATTR_DST;
        p->dst = scan_ip(s);
    } else if (scan_accept(s, "frag")) {
        p->attrs |= ATTR_FRAG;
        parse_fragment(s, p);
    } else if (scan_accept(s, "ipopt")) {
        p->attrs |= ATTR_IPOPT;
        p->n_ipopt = scan_hex(s, p->ipopt, sizeof(p->ipopt));
    } else {
        scan_fail(s, "an unknown packet attribute");
    }
}

void attr_parse_all(struct scan *s, struct packet *p, const char *close)
{
    do
        parse_attr(s, p);
    while (scan_accept(s, ","));
    scan_expect(s, close);
}

/* ---- printing ---- */

static void print_address(struct text *t, const char *what, const struct weft_ip *ip)
{
    char text[WEFT_IP_TEXT];

    text_add(t, "%s %s,", what, weft_ip_text(ip, text, sizeof(text)));
}

static void print_addresses(struct text *t, const struct packet *p)
{
    if (p->attrs & ATTR_SRC)
        print_address(t, "src", &p->src);
    if (p->attrs & ATTR_DST)
        print_address(t, "dst", &p->dst);
    if (p->attrs & ATTR_SPORT)
        text_add(t, "sport %u,", p->sport);
    if (p->attrs & ATTR_DPORT)
        text_add(t, "dport %u,", p->dport);
}

void attr_print_all(struct text *t, const struct packet *p)
{
    static const char *const ecn[] = {"noecn", "ect1", "ect0", "ce", "ect01"};

    text_add(t, "[");
    print_addresses(t, p);
    if (p->attrs & ATTR_TTL)
        text_add(t, "ttl %u,", p->ttl);
    if (p->attrs & ATTR_TOS)
        text_add(t, "tos %u,", p->tos);
    if (p->attrs & ATTR_ECN)
        text_add(t, "%s,", ecn[p->ecn]);
    if (p->attrs & ATTR_LABEL)
        text_add(t, "flowlabel 0x%x,", p->flow_label);
    if (p->attrs & ATTR_ID)
        text_add(t, "id %u,", p->id);
    if (p->attrs & ATTR_DF)
        text_add(t, "df,");
    if (p->attrs & ATTR_NO_DF)
        text_add(t, "nodf,");
    if (p->attrs & ATTR_ABSOLUTE)
        text_add(t, "absolute,");
    if (p->attrs & ATTR_FRAG)
        text_add(t, "frag %u-%u,", p->frag_from, p->frag_to);
    text_trim(t, ',');
    text_add(t, "] ");
}

/* ---- comparing ---- */

const char *attr_differ(const struct packet *e, const struct packet *s)
{
    if (e->attrs & ATTR_TTL && e->ttl != s->ttl)
        return "ttl";
    if (e->attrs & ATTR_TOS && e->tos != s->tos)
        return "tos";
    if (e->attrs & ATTR_ECN && e->ecn != s->ecn && !(e->ecn == ECN_EITHER && (s->ecn == 1 || s->ecn == 2)))
        return "ECN";
    if (e->attrs & ATTR_LABEL && e->flow_label != s->flow_label)
        return "flow label";
    if (e->attrs & ATTR_ID && e->id != s->id)
        return "IP identification";
    if (e->attrs & ATTR_DF && !(s->attrs & ATTR_DF))
        return "DF";
    if (e->attrs & ATTR_NO_DF && s->attrs & ATTR_DF)
        return "DF";
    if (e->attrs & ATTR_SRC && !ip_same(&e->src, &s->src))
        return "source address";
    if (e->attrs & ATTR_DST && !ip_same(&e->dst, &s->dst))
        return "destination address";
    if (e->attrs & ATTR_SPORT && e->sport != s->sport)
        return "source port";
    if (e->attrs & ATTR_DPORT && e->dport != s->dport)
        return "destination port";
    if ((e->attrs ^ s->attrs) & ATTR_FRAG)
        return "fragment";
    if (e->attrs & ATTR_FRAG && (e->frag_from != s->frag_from || e->frag_to != s->frag_to))
        return "fragment";
    return NULL;
}
