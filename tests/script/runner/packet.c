/* SPDX-License-Identifier: MIT */
/* See packet.h: the packet part of the language, parsed, printed and compared. */
#include "packet.h"

uint8_t packet_pattern(uint32_t i, bool out)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + (out ? 0x41 : 0xb3));
}

/* ---- parsing ---- */

void packet_parse_span(struct scan *s, uint32_t *from, uint32_t *to, uint32_t *len)
{
    *from = scan_u32(s);
    scan_expect(s, ":");
    *to = scan_u32(s);
    scan_expect(s, "(");
    *len = scan_number(s, 65535);
    scan_expect(s, ")");
}

static const char flag_letters[] = "FSRP.UEWA";

/* A, W and E as one number (the ACE field of RFC 9768). */
static unsigned ace_flags(unsigned n)
{
    return (n & 4 ? TCP_AE : 0u) | (n & 2 ? TCP_W : 0u) | (n & 1 ? TCP_E : 0u);
}

static void parse_flags(struct scan *s, struct packet *p)
{
    char word[16];

    if (scan_accept(s, "-"))
        return;
    scan_word(s, ".", word, sizeof(word));
    for (const char *c = word; *c; c++) {
        const char *at = strchr(flag_letters, *c);

        if (!at && !(*c >= '0' && *c <= '7')) {
            scan_fail(s, "\"%s\" is no set of TCP flags", word);
            return;
        }
        p->flags |= at ? 1u << (at - flag_letters) : ace_flags((unsigned)(*c - '0'));
    }
}

/* 8080 > 40000 */
static void parse_ports(struct scan *s, struct packet *p)
{
    if (scan_peek(s) < '0' || scan_peek(s) > '9')
        return;
    p->attrs |= ATTR_SPORT | ATTR_DPORT;
    p->sport = (uint16_t)scan_number(s, 65535);
    scan_expect(s, ">");
    p->dport = (uint16_t)scan_number(s, 65535);
}

static void parse_tcp(struct scan *s, struct packet *p, bool outbound)
{
    p->proto = PACKET_TCP;
    parse_flags(s, p);
    packet_parse_span(s, &p->seq, &p->end, &p->len);
    /* The arithmetic of the three numbers must agree, or the script means something else than it says. */
    if (p->seq + p->len != p->end)
        scan_fail(s, "%u:%u(%u) does not add up", p->seq, p->end, p->len);
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
        option_parse_all(s, p, outbound);
    if (!!(p->flags & TCP_A) != p->has_ack)
        scan_fail(s, "the flag '.' and the word \"ack\" go together");
}

static void parse_udp(struct scan *s, struct packet *p, enum packet_proto proto)
{
    p->proto = proto;
    parse_ports(s, p);
    scan_expect(s, "(");
    p->len = scan_number(s, 65535 - 8);
    if (proto == PACKET_UDPLITE && scan_accept(s, ","))
        p->coverage = (uint16_t)scan_number(s, p->len + 8);
    scan_expect(s, ")");
}

/* [1:1461(1460)] icmp ... : the quote may stand before the message. */
static void parse_brackets(struct scan *s, struct packet *p)
{
    if (!icmp_parse_quote(s, p))
        attr_parse_all(s, p, "]");
}

/* What the language's relatives know, and weft does not speak. */
static void refuse_sctp(struct scan *s)
{
    if (scan_accept(s, "sctp"))
        scan_fail(s, "weft has no sctp: packets are TCP, UDP, UDP-Lite and ICMP");
}

static void parse_front(struct scan *s, struct packet *p)
{
    for (;;) {
        if (scan_accept(s, "@"))
            p->flow = (int)scan_number(s, 999);
        else if (scan_accept(s, "["))
            parse_brackets(s, p);
        else if (scan_accept(s, "("))
            attr_parse_all(s, p, ")");
        else if (!encap_parse(s, p))
            return;
    }
}

void packet_parse(struct scan *s, struct packet *p, bool outbound, bool v6)
{
    *p = (struct packet){.flow = 1, .v6 = v6};
    parse_front(s, p);
    refuse_sctp(s);
    if (!outbound && p->attrs & ATTR_ECN && p->ecn == ECN_EITHER)
        scan_fail(s, "ect01 makes sense outbound only");
    if (scan_accept(s, "icmp")) {
        icmp_parse(s, p);
    } else if (scan_accept(s, "udp")) {
        parse_udp(s, p, PACKET_UDP);
    } else if (scan_accept(s, "udplite")) {
        parse_udp(s, p, PACKET_UDPLITE);
    } else {
        parse_ports(s, p);
        parse_tcp(s, p, outbound);
    }
}

/* ---- printing ---- */

/* A text, and below it the marks of those parts that are wanted. */
struct printer {
    struct text t;
    char *marks;
    unsigned parts; /* to be marked */
    size_t begin;
};

static void part_begin(struct printer *pr)
{
    pr->begin = pr->t.at;
}

/* What was printed since is this part. An empty one is marked where it would stand. */
static void part_end(struct printer *pr, enum packet_part part)
{
    if (!pr->marks || !(pr->parts & part))
        return;
    for (size_t i = pr->begin; i < pr->t.at; i++)
        if (pr->t.buf[i] != ' ')
            pr->marks[i] = '^';
    if (pr->begin == pr->t.at && pr->t.at + 2 < pr->t.n)
        pr->marks[pr->t.at + 1] = '^';
}

static void print_flags(struct text *t, const struct packet *p)
{
    for (unsigned i = 0; i < 9; i++)
        if (p->flags & 1u << i)
            text_add(t, "%c", flag_letters[i]);
    if (!p->flags)
        text_add(t, "-");
}

static void print_tcp(struct printer *pr, const struct packet *p)
{
    part_begin(pr);
    print_flags(&pr->t, p);
    part_end(pr, PART_FLAGS);
    part_begin(pr);
    text_add(&pr->t, " %u:%u", p->seq, p->end);
    part_end(pr, PART_SEQ);
    part_begin(pr);
    text_add(&pr->t, "(%u)", p->len);
    part_end(pr, PART_LEN);
    part_begin(pr);
    if (p->has_ack)
        text_add(&pr->t, " ack %u", p->ack);
    part_end(pr, PART_ACK);
    part_begin(pr);
    if (p->has_win)
        text_add(&pr->t, " win %u", p->win);
    part_end(pr, PART_WIN);
    part_begin(pr);
    if (p->urg)
        text_add(&pr->t, " urg %u", p->urg);
    part_end(pr, PART_URG);
    part_begin(pr);
    if (p->any_options || p->n_options)
        text_add(&pr->t, " ");
    option_print_all(&pr->t, p);
    part_end(pr, PART_OPTIONS);
}

static void print_front(struct printer *pr, const struct packet *p, bool outbound)
{
    text_add(&pr->t, "%s ", outbound ? ">" : "<");
    part_begin(pr);
    if (p->flow != 1)
        text_add(&pr->t, "@%d ", p->flow);
    part_end(pr, PART_FLOW);
    part_begin(pr);
    encap_print_all(&pr->t, p);
    part_end(pr, PART_OUTER);
    part_begin(pr);
    if (p->attrs)
        attr_print_all(&pr->t, p);
    part_end(pr, PART_ATTRS);
}

static void print(struct printer *pr, const struct packet *p, bool outbound)
{
    size_t begin;

    print_front(pr, p, outbound);
    begin = pr->t.at;
    if (p->proto == PACKET_TCP) {
        print_tcp(pr, p);
    } else if (p->proto != PACKET_ICMP) {
        text_add(&pr->t, p->proto == PACKET_UDP ? "udp" : "udplite");
        part_begin(pr);
        text_add(&pr->t, " (%u", p->len);
        if (p->coverage)
            text_add(&pr->t, ", %u", p->coverage);
        text_add(&pr->t, ")");
        part_end(pr, PART_LEN);
    } else {
        part_begin(pr);
        icmp_print(&pr->t, p);
        part_end(pr, PART_ICMP);
    }
    pr->begin = begin;
    part_end(pr, PART_PROTO);
}

char *packet_text(const struct packet *p, bool outbound, char *buf, size_t n)
{
    struct printer pr = {.t = text_begin(buf, n)};

    print(&pr, p, outbound);
    return buf;
}

char *packet_marks(const struct packet *p, bool outbound, unsigned parts, char *buf, size_t n)
{
    char text[1024];
    struct printer pr = {.t = text_begin(text, n < sizeof(text) ? n : sizeof(text)), .marks = buf, .parts = parts};

    memset(buf, ' ', n);
    buf[n - 1] = 0;
    print(&pr, p, outbound);
    for (size_t i = n - 1; i > 0 && buf[i - 1] == ' '; i--)
        buf[i - 1] = 0;
    return buf;
}

/* ---- comparing ---- */

static unsigned tcp_difference(const struct packet *e, const struct packet *s)
{
    return (e->flags != s->flags ? PART_FLAGS : 0u) | (e->seq != s->seq ? PART_SEQ : 0u) |
           (e->len != s->len ? PART_LEN : 0u) | (e->has_ack && s->has_ack && e->ack != s->ack ? PART_ACK : 0u) |
           (e->has_win && e->win != s->win ? PART_WIN : 0u) | (e->urg != s->urg ? PART_URG : 0u) |
           (option_same_all(e, s) ? 0u : PART_OPTIONS);
}

static unsigned icmp_difference(const struct packet *e, const struct packet *s)
{
    bool same = e->type == s->type && e->code == s->code && (!e->has_mtu || e->mtu == s->mtu);

    if (same && icmp_is_echo(e))
        same = e->icmp_id == s->icmp_id && e->icmp_seq == s->icmp_seq && e->len == s->len;
    return same ? 0 : PART_ICMP;
}

unsigned packet_difference(const struct packet *e, const struct packet *s)
{
    unsigned parts = (e->flow != s->flow ? PART_FLOW : 0u) | (attr_differ(e, s) ? PART_ATTRS : 0u) |
                     (encap_same_all(e, s) ? 0u : PART_OUTER);

    if (e->proto != s->proto)
        return parts | PART_PROTO;
    if (e->attrs & ATTR_FRAG)
        return parts; /* a fragment shows no more than that */
    if (e->proto == PACKET_TCP)
        return parts | tcp_difference(e, s);
    if (e->proto == PACKET_ICMP)
        return parts | icmp_difference(e, s);
    return parts | (e->len != s->len || e->coverage != s->coverage ? PART_LEN : 0u);
}

const char *packet_differs(const struct packet *e, const struct packet *s, char *buf, size_t n)
{
    static const char *const names[] = {"flow", "attribute", "protocol", "flags", "sequence number", "length", "ack",
                                        "window", "urgent pointer", "options", "ICMP message", "headers around it"};
    unsigned parts = packet_difference(e, s);
    struct text t = text_begin(buf, n);

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(parts & 1u << i))
            continue;
        if (t.at)
            text_add(&t, parts >> i == 1 ? " and " : ", ");
        text_add(&t, "%s", 1u << i == PART_ATTRS ? attr_differ(e, s) : names[i]);
    }
    return parts ? buf : NULL;
}
