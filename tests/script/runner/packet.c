/* SPDX-License-Identifier: MIT */
/* See packet.h: the packet part of the language, parsed, printed and compared. */
#include "packet.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

uint8_t packet_pattern(uint32_t i, bool out)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + (out ? 0x41 : 0xb3));
}

/* ---- attributes ---- */

static void parse_fragment(struct scan *s, struct packet *p)
{
    p->frag_from = scan_number(s, 65535);
    scan_expect(s, "-");
    p->frag_to = scan_number(s, 65535);
}

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
    {"ce", ATTR_ECN, 3},
    {"df", ATTR_DF, 0},
    {"bad_checksum", ATTR_BAD_CHECKSUM, 0},
    {"bad_ip_checksum", ATTR_BAD_IP_CHECKSUM, 0},
    {"no_checksum", ATTR_NO_CHECKSUM, 0},
    {"garbage", ATTR_GARBAGE, 0},
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

static void parse_attr(struct scan *s, struct packet *p)
{
    if (parse_table_attr(s, p))
        return;
    if (scan_accept(s, "src")) {
        p->attrs |= ATTR_SRC;
        p->src = scan_ipv4(s);
    } else if (scan_accept(s, "dst")) {
        p->attrs |= ATTR_DST;
        p->dst = scan_ipv4(s);
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

/* ---- ICMP ---- */

struct icmp_name {
    const char *type, *code; /* code NULL: the type has no names for codes */
    uint8_t type_number, code_number;
};

static const struct icmp_name icmp_names[] = {
    {"unreachable", "net_unreachable", 3, 0},
    {"unreachable", "host_unreachable", 3, 1},
    {"unreachable", "protocol_unreachable", 3, 2},
    {"unreachable", "port_unreachable", 3, 3},
    {"unreachable", "frag_needed", 3, 4},
    {"unreachable", "source_route_failed", 3, 5},
    {"unreachable", "net_unknown", 3, 6},
    {"unreachable", "host_unknown", 3, 7},
    {"unreachable", "net_prohibited", 3, 9},
    {"unreachable", "host_prohibited", 3, 10},
    {"unreachable", "communication_prohibited", 3, 13},
    {"time_exceeded", "ttl", 11, 0},
    {"time_exceeded", "reassembly", 11, 1},
    {"parameter_problem", "pointer", 12, 0},
    {"source_quench", NULL, 4, 0},
    {"echo_request", NULL, 8, 0},
    {"echo_reply", NULL, 0, 0},
    {"timestamp", NULL, 13, 0},
    {"information", NULL, 15, 0},
    {"mask_request", NULL, 17, 0},
};

static bool icmp_is_echo(const struct packet *p)
{
    return p->type == 8 || p->type == 0;
}

static void parse_icmp_kind(struct scan *s, struct packet *p)
{
    char type[24], code[32] = "";

    if (scan_accept(s, "type")) {
        p->type = (uint8_t)scan_number(s, 255);
        scan_expect(s, "code");
        p->code = (uint8_t)scan_number(s, 255);
        return;
    }
    scan_word(s, "", type, sizeof(type));
    for (size_t i = 0; i < sizeof(icmp_names) / sizeof(icmp_names[0]); i++) {
        if (strcmp(type, icmp_names[i].type) != 0)
            continue;
        if (icmp_names[i].code && !code[0])
            scan_word(s, "", code, sizeof(code));
        if (icmp_names[i].code && strcmp(code, icmp_names[i].code) != 0)
            continue;
        p->type = icmp_names[i].type_number;
        p->code = icmp_names[i].code_number;
        return;
    }
    scan_fail(s, "an unknown ICMP message: %s %s", type, code);
}

static void parse_span(struct scan *s, uint32_t *from, uint32_t *to, uint32_t *len)
{
    *from = scan_u32(s);
    scan_expect(s, ":");
    *to = scan_u32(s);
    scan_expect(s, "(");
    *len = scan_number(s, 65535);
    scan_expect(s, ")");
}

/* What an ICMP error quotes: "1:1001(1000)" or "udp (100)", up to the closing bracket. */
static void parse_quote(struct scan *s, struct packet *p)
{
    p->quotes = true;
    p->quote_proto = PACKET_TCP;
    if (scan_accept(s, "udp")) {
        p->quote_proto = PACKET_UDP;
        scan_expect(s, "(");
        p->quote_len = scan_number(s, 65535);
        scan_expect(s, ")");
    } else {
        parse_span(s, &p->quote_seq, &p->quote_end, &p->quote_len);
    }
    scan_expect(s, "]");
}

static void parse_icmp(struct scan *s, struct packet *p)
{
    p->proto = PACKET_ICMP;
    parse_icmp_kind(s, p);
    for (;;) {
        if (scan_accept(s, "mtu")) {
            p->has_mtu = true;
            p->mtu = scan_number(s, 65535);
        } else if (scan_accept(s, "id")) {
            p->icmp_id = (uint16_t)scan_number(s, 65535);
        } else if (scan_accept(s, "seq")) {
            p->icmp_seq = (uint16_t)scan_number(s, 65535);
        } else if (scan_accept(s, "[")) {
            parse_quote(s, p);
        } else if (scan_accept(s, "(")) {
            p->len = scan_number(s, 65535);
            scan_expect(s, ")");
        } else {
            return;
        }
    }
}

/* ---- TCP ---- */

static struct option *option_add(struct scan *s, struct packet *p, enum option_kind kind)
{
    static struct option nowhere;

    if (p->n_options == PACKET_OPTIONS) {
        scan_fail(s, "too many options");
        return &nowhere;
    }
    p->option[p->n_options] = (struct option){.kind = kind};
    return &p->option[p->n_options++];
}

static void parse_sack(struct scan *s, struct option *o)
{
    while (scan_peek(s) >= '0' && scan_peek(s) <= '9' && o->n_blocks < 4) {
        o->block[o->n_blocks][0] = scan_u32(s);
        scan_expect(s, ":");
        o->block[o->n_blocks++][1] = scan_u32(s);
    }
}

static void parse_timestamp(struct scan *s, struct option *o)
{
    scan_expect(s, "val");
    if (scan_accept(s, "*"))
        o->any_a = true;
    else
        o->a = scan_u32(s);
    scan_expect(s, "ecr");
    o->b = scan_u32(s);
}

static void parse_option(struct scan *s, struct packet *p)
{
    struct option *o;

    if (scan_accept(s, "mss")) {
        option_add(s, p, OPT_MSS)->a = scan_number(s, 65535);
    } else if (scan_accept(s, "wscale")) {
        option_add(s, p, OPT_WSCALE)->a = scan_number(s, 255);
    } else if (scan_accept(s, "sackOK")) {
        option_add(s, p, OPT_SACK_OK);
    } else if (scan_accept(s, "sack")) {
        parse_sack(s, option_add(s, p, OPT_SACK));
    } else if (scan_accept(s, "TS")) {
        parse_timestamp(s, option_add(s, p, OPT_TS));
    } else if (scan_accept(s, "nop")) {
        option_add(s, p, OPT_NOP);
    } else if (scan_accept(s, "eol")) {
        option_add(s, p, OPT_EOL);
    } else if (scan_accept(s, "hex")) {
        o = option_add(s, p, OPT_HEX);
        o->n_hex = scan_hex(s, o->hex, sizeof(o->hex));
    } else {
        scan_fail(s, "an unknown TCP option");
    }
}

static void parse_options(struct scan *s, struct packet *p)
{
    if (scan_accept(s, "...")) {
        p->any_options = true;
    } else if (scan_peek(s) != '>') {
        do
            parse_option(s, p);
        while (scan_accept(s, ","));
    }
    scan_expect(s, ">");
}

static const char flag_letters[] = "FSRP.UEW";

static void parse_flags(struct scan *s, struct packet *p)
{
    char word[16];

    if (scan_accept(s, "-"))
        return;
    scan_word(s, ".", word, sizeof(word));
    for (const char *c = word; *c; c++) {
        const char *at = strchr(flag_letters, *c);

        if (!at) {
            scan_fail(s, "\"%s\" is no set of TCP flags", word);
            return;
        }
        p->flags |= 1u << (at - flag_letters);
    }
}

/* The arithmetic of the three numbers must agree, or the script means something else than it says. */
static void check_span(struct scan *s, const struct packet *p)
{
    if (p->seq + p->len != p->end)
        scan_fail(s, "%u:%u(%u) does not add up", p->seq, p->end, p->len);
}

static void parse_tcp(struct scan *s, struct packet *p, bool outbound)
{
    p->proto = PACKET_TCP;
    parse_flags(s, p);
    parse_span(s, &p->seq, &p->end, &p->len);
    check_span(s, p);
    if (scan_accept(s, "ack")) {
        p->has_ack = true;
        p->ack = scan_u32(s);
    }
    if (scan_accept(s, "win")) {
        p->has_win = true;
        p->win = (uint16_t)scan_number(s, 65535);
    }
    if (scan_accept(s, "urg"))
        p->urg = (uint16_t)scan_number(s, 65535);
    if (scan_accept(s, "<"))
        parse_options(s, p);
    if (!!(p->flags & TCP_A) != p->has_ack)
        scan_fail(s, "the flag '.' and the word \"ack\" go together");
    if (!outbound && p->any_options)
        scan_fail(s, "<...> makes sense outbound only");
}

/* [1:1461(1460)] icmp ... : the quote may stand before the message. */
static bool parse_leading_quote(struct scan *s, struct packet *p)
{
    if (!(scan_peek(s) >= '0' && scan_peek(s) <= '9') && !scan_sees(s, "udp"))
        return false;
    parse_quote(s, p);
    return true;
}

static void parse_brackets(struct scan *s, struct packet *p)
{
    if (parse_leading_quote(s, p))
        return;
    do
        parse_attr(s, p);
    while (scan_accept(s, ","));
    scan_expect(s, "]");
}

void packet_parse(struct scan *s, struct packet *p, bool outbound)
{
    *p = (struct packet){.flow = 1};
    for (;;) {
        if (scan_accept(s, "@"))
            p->flow = (int)scan_number(s, 999);
        else if (scan_accept(s, "["))
            parse_brackets(s, p);
        else
            break;
    }
    if (scan_accept(s, "icmp")) {
        parse_icmp(s, p);
    } else if (scan_accept(s, "udp")) {
        p->proto = PACKET_UDP;
        scan_expect(s, "(");
        p->len = scan_number(s, 65535);
        scan_expect(s, ")");
    } else {
        parse_tcp(s, p, outbound);
    }
}

/* ---- printing ---- */

static void print_option(struct text *t, const struct option *o)
{
    switch (o->kind) {
    case OPT_EOL:     text_add(t, "eol"); break;
    case OPT_NOP:     text_add(t, "nop"); break;
    case OPT_MSS:     text_add(t, "mss %u", o->a); break;
    case OPT_WSCALE:  text_add(t, "wscale %u", o->a); break;
    case OPT_SACK_OK: text_add(t, "sackOK"); break;
    case OPT_SACK:
        text_add(t, "sack");
        for (unsigned i = 0; i < o->n_blocks; i++)
            text_add(t, " %u:%u", o->block[i][0], o->block[i][1]);
        break;
    case OPT_TS:
        if (o->any_a)
            text_add(t, "TS val * ecr %u", o->b);
        else
            text_add(t, "TS val %u ecr %u", o->a, o->b);
        break;
    case OPT_HEX:
        text_add(t, "hex ");
        for (size_t i = 0; i < o->n_hex; i++)
            text_add(t, "%02x", o->hex[i]);
        break;
    }
}

static void print_options(struct text *t, const struct packet *p)
{
    if (p->any_options) {
        text_add(t, " <...>");
        return;
    }
    for (size_t i = 0; i < p->n_options; i++) {
        text_add(t, i ? "," : " <");
        print_option(t, &p->option[i]);
    }
    if (p->n_options)
        text_add(t, ">");
}

static void print_tcp(struct text *t, const struct packet *p)
{
    for (unsigned i = 0; i < 8; i++)
        if (p->flags & 1u << i)
            text_add(t, "%c", flag_letters[i]);
    if (!p->flags)
        text_add(t, "-");
    text_add(t, " %u:%u(%u)", p->seq, p->end, p->len);
    if (p->has_ack)
        text_add(t, " ack %u", p->ack);
    if (p->has_win)
        text_add(t, " win %u", p->win);
    if (p->urg)
        text_add(t, " urg %u", p->urg);
    print_options(t, p);
}

static void print_icmp(struct text *t, const struct packet *p)
{
    const struct icmp_name *name = NULL;

    for (size_t i = 0; i < sizeof(icmp_names) / sizeof(icmp_names[0]); i++)
        if (icmp_names[i].type_number == p->type && icmp_names[i].code_number == p->code)
            name = &icmp_names[i];
    if (name)
        text_add(t, "icmp %s%s%s", name->type, name->code ? " " : "", name->code ? name->code : "");
    else
        text_add(t, "icmp type %u code %u", p->type, p->code);
    if (p->has_mtu)
        text_add(t, " mtu %u", p->mtu);
    if (icmp_is_echo(p))
        text_add(t, " id %u seq %u (%u)", p->icmp_id, p->icmp_seq, p->len);
}

static void print_address(struct text *t, const char *what, uint32_t a)
{
    text_add(t, "%s %u.%u.%u.%u,", what, a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void print_attrs(struct text *t, const struct packet *p)
{
    static const char *const ecn[] = {"noecn", "ect1", "ect0", "ce"};

    text_add(t, "[");
    if (p->attrs & ATTR_SRC)
        print_address(t, "src", p->src);
    if (p->attrs & ATTR_DST)
        print_address(t, "dst", p->dst);
    if (p->attrs & ATTR_SPORT)
        text_add(t, "sport %u,", p->sport);
    if (p->attrs & ATTR_DPORT)
        text_add(t, "dport %u,", p->dport);
    if (p->attrs & ATTR_TTL)
        text_add(t, "ttl %u,", p->ttl);
    if (p->attrs & ATTR_TOS)
        text_add(t, "tos %u,", p->tos);
    if (p->attrs & ATTR_ECN)
        text_add(t, "%s,", ecn[p->ecn & 3]);
    if (p->attrs & ATTR_ID)
        text_add(t, "id %u,", p->id);
    if (p->attrs & ATTR_DF)
        text_add(t, "df,");
    if (p->attrs & ATTR_FRAG)
        text_add(t, "frag %u-%u,", p->frag_from, p->frag_to);
    text_trim(t, ',');
    text_add(t, "] ");
}

char *packet_text(const struct packet *p, bool outbound, char *buf, size_t n)
{
    struct text t = text_begin(buf, n);

    text_add(&t, "%s ", outbound ? ">" : "<");
    if (p->flow != 1)
        text_add(&t, "@%d ", p->flow);
    if (p->attrs)
        print_attrs(&t, p);
    if (p->proto == PACKET_TCP)
        print_tcp(&t, p);
    else if (p->proto == PACKET_UDP)
        text_add(&t, "udp (%u)", p->len);
    else
        print_icmp(&t, p);
    return buf;
}

/* ---- comparing ---- */

static bool same_option(const struct option *e, const struct option *s)
{
    if (e->kind != s->kind || (!e->any_a && e->a != s->a) || e->b != s->b || e->n_blocks != s->n_blocks)
        return false;
    if (memcmp(e->block, s->block, e->n_blocks * sizeof(e->block[0])) != 0)
        return false;
    return e->n_hex == s->n_hex && memcmp(e->hex, s->hex, e->n_hex) == 0;
}

static bool same_options(const struct packet *e, const struct packet *s)
{
    if (e->any_options)
        return true;
    if (e->n_options != s->n_options)
        return false;
    for (size_t i = 0; i < e->n_options; i++)
        if (!same_option(&e->option[i], &s->option[i]))
            return false;
    return true;
}

static const char *attrs_differ(const struct packet *e, const struct packet *s)
{
    if (e->attrs & ATTR_TTL && e->ttl != s->ttl)
        return "ttl";
    if (e->attrs & ATTR_TOS && e->tos != s->tos)
        return "tos";
    if (e->attrs & ATTR_ECN && e->ecn != s->ecn)
        return "ECN";
    if (e->attrs & ATTR_ID && e->id != s->id)
        return "IP identification";
    if (e->attrs & ATTR_DF && !(s->attrs & ATTR_DF))
        return "DF";
    if (e->attrs & ATTR_SRC && e->src != s->src)
        return "source address";
    if (e->attrs & ATTR_DST && e->dst != s->dst)
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

static const char *tcp_differs(const struct packet *e, const struct packet *s)
{
    if (e->flags != s->flags)
        return "flags";
    if (e->seq != s->seq)
        return "sequence number";
    if (e->len != s->len)
        return "length";
    if (e->has_ack && e->ack != s->ack)
        return "ack";
    if (e->has_win && e->win != s->win)
        return "window";
    if (e->urg != s->urg)
        return "urgent pointer";
    return same_options(e, s) ? NULL : "options";
}

static const char *icmp_differs(const struct packet *e, const struct packet *s)
{
    if (e->type != s->type || e->code != s->code)
        return "ICMP type";
    if (e->has_mtu && e->mtu != s->mtu)
        return "mtu";
    if (!icmp_is_echo(e))
        return NULL;
    if (e->icmp_id != s->icmp_id || e->icmp_seq != s->icmp_seq)
        return "id or sequence";
    return e->len != s->len ? "length" : NULL;
}

const char *packet_differs(const struct packet *e, const struct packet *s)
{
    if (e->proto != s->proto)
        return "protocol";
    if (e->flow != s->flow)
        return "flow";
    if (attrs_differ(e, s))
        return attrs_differ(e, s);
    if (e->attrs & ATTR_FRAG)
        return NULL; /* a fragment shows no more than that */
    if (e->proto == PACKET_TCP)
        return tcp_differs(e, s);
    if (e->proto == PACKET_ICMP)
        return icmp_differs(e, s);
    return e->len != s->len ? "length" : NULL;
}
