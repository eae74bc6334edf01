/* SPDX-License-Identifier: MIT */
/*
 * A packet as one line of text; see print.h.
 *
 * The words and their order are those of tcpdump 4.99 with -n and -S, odd spaces included, so that its users (and
 * their scripts) feel at home. Two lengths go down side by side: the reader sees the bytes that were captured, `len`
 * is what the headers and the wire say there was. A reader that ends early is reported as " [|layer]".
 */
#include "wire/print.h"

#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/option.h"
#include "wire/tcp.h"
#include "wire/udp.h"

static void cut_print(struct fmt *f, const char *layer)
{
    fmt_str(f, " [|");
    fmt_str(f, layer);
    fmt_char(f, ']');
}

static void num_print(struct fmt *f, const char *before, uint64_t v)
{
    fmt_str(f, before);
    fmt_u64(f, v);
}

static void v4_print(struct fmt *f, const char *before, uint32_t v4)
{
    struct weft_ip ip = weft_ipv4(v4);

    fmt_str(f, before);
    fmt_ip(f, &ip);
}

/* ARP of another kind than ours, in numbers. */
static void arp_other_print(struct fmt *f, struct reader r)
{
    num_print(f, "ARP, hardware ", read_u16(&r));
    fmt_str(f, ", protocol 0x");
    fmt_hex(f, read_u16(&r), 4);
    num_print(f, ", lengths ", read_u8(&r));
    num_print(f, " and ", read_u8(&r));
    num_print(f, ", operation ", read_u16(&r));
}

static void arp_request_print(struct fmt *f, const struct arp_packet *a)
{
    static const uint8_t unknown[6];

    v4_print(f, "ARP, Request who-has ", a->target_ip);
    if (memcmp(a->target_mac, unknown, sizeof unknown) != 0) {
        fmt_str(f, " (");
        fmt_mac(f, a->target_mac);
        fmt_char(f, ')');
    }
    v4_print(f, " tell ", a->sender_ip);
}

static void arp_print(struct fmt *f, struct reader r, size_t len)
{
    struct reader all = r;
    struct arp_packet a;

    if (reader_left(&r) < ARP_LEN) {
        cut_print(f, "arp");
        return;
    }
    if (!arp_parse(&r, &a)) {
        arp_other_print(f, all);
    } else if (a.op == ARP_REQUEST) {
        arp_request_print(f, &a);
    } else {
        v4_print(f, "ARP, Reply ", a.sender_ip);
        fmt_str(f, " is-at ");
        fmt_mac(f, a.sender_mac);
    }
    num_print(f, ", length ", len);
}

/* "10.9.0.2 > 10.9.0.1: " */
static void hosts_print(struct fmt *f, const struct ipv4_header *ip)
{
    v4_print(f, "", ip->src);
    v4_print(f, " > ", ip->dst);
    fmt_str(f, ": ");
}

/* "10.9.0.2.7 > 10.9.0.1.34012: ", with the ports that r sees; without them when it does not. */
static void ports_print(struct fmt *f, const struct ipv4_header *ip, struct reader r)
{
    uint16_t src = read_u16(&r);
    uint16_t dst = read_u16(&r);

    if (r.bad) {
        hosts_print(f, ip);
        return;
    }
    v4_print(f, "", ip->src);
    num_print(f, ".", src);
    v4_print(f, " > ", ip->dst);
    num_print(f, ".", dst);
    fmt_str(f, ": ");
}

static void udp_print(struct fmt *f, const struct ipv4_header *ip, struct reader r, size_t len)
{
    struct udp_header h;

    ports_print(f, ip, r);
    if (len < UDP_HEADER && reader_left(&r) >= 4) {
        num_print(f, "truncated-udp ", len);
    } else if (!udp_parse(&r, &h)) {
        cut_print(f, "udp");
    } else if (h.len < UDP_HEADER) {
        num_print(f, "truncated-udplength ", h.len);
    } else if (h.len > len && !ip->mf) {
        num_print(f, "UDP, bad length ", h.len - UDP_HEADER);
        num_print(f, " > ", len - UDP_HEADER);
    } else {
        num_print(f, "UDP, length ", h.len - UDP_HEADER);
    }
}

static void tcp_flags_print(struct fmt *f, uint16_t flags)
{
    static const char letters[] = "FSRP.UEWe";

    fmt_str(f, "Flags [");
    if (flags == 0)
        fmt_str(f, "none");
    for (unsigned i = 0; i < sizeof letters - 1; i++) {
        if (flags >> i & 1)
            fmt_char(f, letters[i]);
    }
    fmt_char(f, ']');
}

static void sack_print(struct fmt *f, const struct option *o)
{
    struct reader r = reader(o->body, o->len - 2u);

    if (reader_left(&r) % 8 != 0) {
        fmt_str(f, "sack invalid sack");
        return;
    }
    num_print(f, "sack ", reader_left(&r) / 8);
    fmt_char(f, ' ');
    while (reader_left(&r) > 0) {
        num_print(f, "{", read_u32(&r));
        num_print(f, ":", read_u32(&r));
        fmt_char(f, '}');
    }
}

static void unknown_option_print(struct fmt *f, const struct option *o)
{
    num_print(f, "unknown-", o->kind);
    if (o->len > 2)
        fmt_str(f, " 0x");
    for (unsigned i = 0; i + 2 < o->len; i++)
        fmt_hex(f, o->body[i], 2);
}

/* The kinds that we speak; one of a wrong length counts as unknown, as it does for tcp_parse. */
static void tcp_option_print(struct fmt *f, const struct option *o)
{
    if (o->kind == OPTION_EOL) {
        fmt_str(f, "eol");
    } else if (o->kind == OPTION_NOP) {
        fmt_str(f, "nop");
    } else if (o->kind == TCP_KIND_MSS && o->len == TCP_LEN_MSS) {
        num_print(f, "mss ", peek_u16(o->body));
    } else if (o->kind == TCP_KIND_WSCALE && o->len == TCP_LEN_WSCALE) {
        num_print(f, "wscale ", o->body[0]);
    } else if (o->kind == TCP_KIND_SACK_PERMITTED && o->len == TCP_LEN_SACK_PERMITTED) {
        fmt_str(f, "sackOK");
    } else if (o->kind == TCP_KIND_SACK) {
        sack_print(f, o);
    } else if (o->kind == TCP_KIND_TS && o->len == TCP_LEN_TS) {
        num_print(f, "TS val ", peek_u32(o->body));
        num_print(f, " ecr ", peek_u32(o->body + 4));
    } else {
        unknown_option_print(f, o);
    }
}

/* r sees what was captured of the option area. False when the line ends here: the rest is missing, or nonsense. */
static bool tcp_options_print(struct fmt *f, struct reader r, bool cut)
{
    const char *separator = "";
    struct option o;

    fmt_str(f, ", options [");
    while (option_next(&r, &o)) {
        fmt_str(f, separator);
        tcp_option_print(f, &o);
        separator = ",";
    }
    if (!cut && !r.bad) {
        fmt_char(f, ']');
        return true;
    }
    fmt_str(f, separator);
    if (cut) {
        cut_print(f, "tcp");
    } else {
        fmt_str(f, "[bad opt]");
        fmt_str(f, *separator ? "]" : "");
    }
    return false;
}

/* ", seq 1:11, ack 2, win 65535, urg 5" */
static void tcp_numbers_print(struct fmt *f, const struct tcp_header *h, size_t len)
{
    if (len > 0 || h->flags & (TCP_SYN | TCP_FIN | TCP_RST))
        num_print(f, ", seq ", h->seq.v);
    if (len > 0)
        num_print(f, ":", seq_add(h->seq, (uint32_t)len).v);
    if (h->flags & TCP_ACK)
        num_print(f, ", ack ", h->ack.v);
    num_print(f, ", win ", h->window);
    if (h->flags & TCP_URG)
        num_print(f, ", urg ", h->urgent);
}

static void tcp_bad_offset_print(struct fmt *f, const struct tcp_header *h, size_t len)
{
    if (h->header_len < TCP_HEADER) {
        num_print(f, " tcp ", len - h->header_len);
        num_print(f, " [bad hdr length ", h->header_len);
        num_print(f, " - too short, < ", TCP_HEADER);
    } else {
        tcp_flags_print(f, h->flags);
        num_print(f, " [bad hdr length ", h->header_len);
        num_print(f, " - too long, > ", len);
    }
    fmt_char(f, ']');
}

static void tcp_print(struct fmt *f, const struct ipv4_header *ip, struct reader r, size_t len)
{
    struct reader options = r;
    struct tcp_options unused;
    struct tcp_header h;
    enum tcp_verdict verdict = tcp_parse(&r, len, &h, &unused);
    size_t seen;

    ports_print(f, ip, options);
    if (!read_bytes(&options, TCP_HEADER)) {
        cut_print(f, "tcp");
        return;
    }
    if (verdict == TCP_BAD_OFFSET) {
        tcp_bad_offset_print(f, &h, len);
        return;
    }
    len -= h.header_len;
    tcp_flags_print(f, h.flags);
    tcp_numbers_print(f, &h, len);
    seen = min_size(reader_left(&options), h.header_len - TCP_HEADER);
    if (h.header_len > TCP_HEADER && !tcp_options_print(f, reader(options.p, seen), verdict == TCP_SHORT))
        return;
    num_print(f, ", length ", len);
}

/* What stands before and after the address, by code. */
static const struct {
    const char *before, *after;
} unreachable_text[] = {
    {"net ", " unreachable"},
    {"host ", " unreachable"},
    {"", " protocol "},
    {"", ""}, /* it depends on the quoted protocol */
    {"", " unreachable - need to frag"},
    {"", " unreachable - source route failed"},
    {"net ", " unreachable - unknown"},
    {"host ", " unreachable - unknown"},
    {"", " unreachable - source host isolated"},
    {"net ", " unreachable - admin prohibited"},
    {"host ", " unreachable - admin prohibited"},
    {"net ", " unreachable - tos prohibited"},
    {"host ", " unreachable - tos prohibited"},
    {"host ", " unreachable - admin prohibited filter"},
    {"host ", " unreachable - host precedence violation"},
    {"host ", " unreachable - precedence cutoff"},
};

static void port_unreachable_print(struct fmt *f, const struct ipv4_header *quoted, uint16_t port)
{
    if (quoted->proto == IP_PROTO_TCP)
        fmt_str(f, " tcp");
    else if (quoted->proto == IP_PROTO_UDP)
        fmt_str(f, " udp");
    else
        num_print(f, " protocol ", quoted->proto);
    num_print(f, " port ", port);
    fmt_str(f, " unreachable");
}

static void unreachable_print(struct fmt *f, const struct icmpv4_header *h, const struct ipv4_header *quoted,
                              uint16_t port)
{
    if (h->code >= ARRAY_LEN(unreachable_text)) {
        v4_print(f, "", quoted->dst);
        num_print(f, " unreachable - #", h->code);
        return;
    }
    v4_print(f, unreachable_text[h->code].before, quoted->dst);
    fmt_str(f, unreachable_text[h->code].after);
    if (h->code == ICMPV4_PROTOCOL_UNREACHABLE) {
        fmt_u64(f, quoted->proto);
        fmt_str(f, " unreachable");
    } else if (h->code == ICMPV4_PORT_UNREACHABLE) {
        port_unreachable_print(f, quoted, port);
    } else if (h->code == ICMPV4_FRAGMENTATION_NEEDED && h->rest.unreachable.next_hop_mtu) {
        num_print(f, " (mtu ", h->rest.unreachable.next_hop_mtu);
        fmt_char(f, ')');
    }
}

static void redirect_print(struct fmt *f, const struct icmpv4_header *h, const struct ipv4_header *quoted)
{
    static const char *const before[] = {"redirect ", "redirect ", "redirect-tos ", "redirect-tos "};
    static const char *const between[] = {" to net ", " to host ", " to net ", " to host "};

    if (h->code < ARRAY_LEN(before)) {
        v4_print(f, before[h->code], quoted->dst);
        v4_print(f, between[h->code], h->rest.word);
    } else {
        num_print(f, "redirect-#", h->code);
        v4_print(f, " ", quoted->dst);
        v4_print(f, " to ", h->rest.word);
    }
}

static void query_print(struct fmt *f, const char *text, const char *id, const char *seq_text,
                        const struct icmpv4_header *h)
{
    fmt_str(f, text);
    num_print(f, id, h->rest.echo.id);
    num_print(f, seq_text, h->rest.echo.seq);
}

static void time_exceeded_print(struct fmt *f, uint8_t code)
{
    if (code == 0)
        fmt_str(f, "time exceeded in-transit");
    else if (code == 1)
        fmt_str(f, "ip reassembly time exceeded");
    else
        num_print(f, "time exceeded-#", code);
}

static void parameter_problem_print(struct fmt *f, const struct icmpv4_header *h)
{
    if (h->code == 0)
        num_print(f, "parameter problem - octet ", h->rest.word >> 24);
    else
        num_print(f, "parameter problem - code ", h->code);
}

/* Everything that needs no look into a quote. */
static void icmp_plain_print(struct fmt *f, const struct icmpv4_header *h)
{
    switch (h->type) {
    case ICMPV4_ECHO:
        query_print(f, "echo request", ", id ", ", seq ", h);
        break;
    case ICMPV4_ECHO_REPLY:
        query_print(f, "echo reply", ", id ", ", seq ", h);
        break;
    case ICMPV4_TIMESTAMP:
        query_print(f, "time stamp query", " id ", " seq ", h);
        break;
    case ICMPV4_TIMESTAMP_REPLY:
        query_print(f, "time stamp reply", " id ", " seq ", h);
        break;
    case ICMPV4_SOURCE_QUENCH:
        fmt_str(f, "source quench");
        break;
    case ICMPV4_TIME_EXCEEDED:
        time_exceeded_print(f, h->code);
        break;
    case ICMPV4_PARAMETER_PROBLEM:
        parameter_problem_print(f, h);
        break;
    default:
        num_print(f, "type-#", h->type);
    }
}

static void icmp_print(struct fmt *f, struct reader r, size_t len)
{
    struct icmpv4_header h;
    struct ipv4_header quoted;
    bool parsed = icmpv4_parse(&r, &h);
    bool quotes = parsed && (h.type == ICMPV4_UNREACHABLE || h.type == ICMPV4_REDIRECT);
    uint16_t port = 0;

    if (!parsed || (quotes && !ipv4_read(&r, &quoted))) {
        cut_print(f, "icmp");
        return;
    }
    if (quotes && h.type == ICMPV4_UNREACHABLE && h.code == ICMPV4_PORT_UNREACHABLE) {
        read_u16(&r);
        port = read_u16(&r);
        if (r.bad) {
            cut_print(f, "icmp");
            return;
        }
    }
    fmt_str(f, "ICMP ");
    if (!quotes)
        icmp_plain_print(f, &h);
    else if (h.type == ICMPV4_UNREACHABLE)
        unreachable_print(f, &h, &quoted, port);
    else
        redirect_print(f, &h, &quoted);
    num_print(f, ", length ", len);
}

/* What IP carries; r and len say where. Only a first fragment has the header of the protocol. */
static void ipv4_payload_print(struct fmt *f, const struct ipv4_header *ip, struct reader r, size_t len)
{
    if (ip->frag_offset != 0) {
        hosts_print(f, ip);
        num_print(f, "ip-proto-", ip->proto);
    } else if (ip->proto == IP_PROTO_TCP) {
        tcp_print(f, ip, r, len);
    } else if (ip->proto == IP_PROTO_UDP) {
        udp_print(f, ip, r, len);
    } else if (ip->proto == IP_PROTO_ICMP) {
        hosts_print(f, ip);
        icmp_print(f, r, len);
    } else {
        hosts_print(f, ip);
        num_print(f, " ip-proto-", ip->proto);
        num_print(f, " ", len);
    }
}

static void ipv4_print(struct fmt *f, struct reader r, size_t len)
{
    struct reader whole = r;
    struct ipv4_header h;
    bool read = ipv4_read(&r, &h);
    size_t payload;

    fmt_str(f, "IP ");
    if (reader_left(&whole) < IPV4_HEADER) {
        cut_print(f, "ip");
    } else if (h.header_len < IPV4_HEADER) {
        num_print(f, "bad-hlen ", h.header_len);
    } else if (h.total_len < h.header_len) {
        num_print(f, "bad-len ", h.total_len);
    } else if (!read) {
        cut_print(f, "ip");
    } else {
        if (h.total_len > len) {
            num_print(f, "truncated-ip - ", h.total_len - len);
            fmt_str(f, " bytes missing! ");
        }
        payload = h.total_len - h.header_len; /* what follows is padding of the link */
        ipv4_payload_print(f, &h, reader(r.p, min_size(reader_left(&r), payload)), payload);
    }
}

static void ip_print(struct fmt *f, struct reader r, size_t len)
{
    unsigned version = reader_left(&r) ? r.p[0] >> 4 : 0;

    if (reader_left(&r) == 0) {
        cut_print(f, "ip");
    } else if (version == 4) {
        ipv4_print(f, r, len);
    } else if (version == 6) {
        num_print(f, "IP6, length ", len);
    } else {
        num_print(f, "unknown ip ", version);
    }
}

static void ethernet_print(struct fmt *f, struct reader r, size_t len)
{
    struct eth_header h;

    if (!eth_parse(&r, &h)) {
        cut_print(f, "ether");
    } else if (h.type == ETH_TYPE_ARP) {
        arp_print(f, r, len - ETH_HEADER);
    } else if (h.type == ETH_TYPE_IPV4) {
        ip_print(f, r, len - ETH_HEADER);
    } else if (h.type == ETH_TYPE_IPV6) {
        num_print(f, "IP6, length ", len - ETH_HEADER);
    } else {
        fmt_mac(f, h.src);
        fmt_str(f, " > ");
        fmt_mac(f, h.dst);
        fmt_str(f, h.type < ETH_TYPE_MIN ? ", 802.3 (0x" : ", ethertype Unknown (0x");
        fmt_hex(f, h.type, 4);
        num_print(f, "), length ", len);
    }
}

void print_packet(struct fmt *f, enum print_link link, const uint8_t *p, size_t n, size_t wire_len)
{
    size_t len = max_size(n, wire_len);

    if (link == PRINT_ETHERNET)
        ethernet_print(f, reader(p, n), len);
    else
        ip_print(f, reader(p, n), len);
}
