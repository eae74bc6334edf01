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
#include "wire/ipv4.h"
#include "wire/print_private.h"

void cut_print(struct fmt *f, const char *layer)
{
    fmt_str(f, " [|");
    fmt_str(f, layer);
    fmt_char(f, ']');
}

void num_print(struct fmt *f, const char *before, uint64_t v)
{
    fmt_str(f, before);
    fmt_u64(f, v);
}

void text_ip_print(struct fmt *f, const char *before, const struct weft_ip *ip)
{
    fmt_str(f, before);
    fmt_ip(f, ip);
}

static void v4_print(struct fmt *f, const char *before, uint32_t v4)
{
    struct weft_ip ip = weft_ipv4(v4);

    text_ip_print(f, before, &ip);
}

void hosts_print(struct fmt *f, const struct print_ends *ends)
{
    text_ip_print(f, "", &ends->src);
    text_ip_print(f, " > ", &ends->dst);
    fmt_str(f, ": ");
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

static void rarp_print(struct fmt *f, struct reader r, size_t len)
{
    struct reader all = r;
    struct arp_packet a;

    if (reader_left(&r) < ARP_LEN) {
        cut_print(f, "arp"); /* as tcpdump has it */
        return;
    }
    if (!rarp_parse(&r, &a)) {
        arp_other_print(f, all);
    } else {
        fmt_str(f, a.op == RARP_REQUEST ? "ARP, Reverse Request who-is " : "ARP, Reverse Reply ");
        fmt_mac(f, a.target_mac);
        if (a.op == RARP_REQUEST) {
            fmt_str(f, " tell ");
            fmt_mac(f, a.sender_mac);
        } else {
            v4_print(f, " at ", a.target_ip);
        }
    }
    num_print(f, ", length ", len);
}

/* What IP carries; r and len say where. Only a first fragment has the header of the protocol. */
static void ipv4_payload_print(struct fmt *f, const struct ipv4_header *ip, struct reader r, size_t len)
{
    const struct print_ends ends = {weft_ipv4(ip->src), weft_ipv4(ip->dst), ip->mf, false};

    if (ip->frag_offset != 0) {
        hosts_print(f, &ends);
        num_print(f, "ip-proto-", ip->proto);
    } else if (ip->proto == IP_PROTO_TCP) {
        tcp_print(f, &ends, r, len);
    } else if (ip->proto == IP_PROTO_UDP) {
        udp_print(f, &ends, r, len);
    } else if (ip->proto == IP_PROTO_ICMP) {
        hosts_print(f, &ends);
        icmp_print(f, r, len);
    } else if (ip->proto == IP_PROTO_IGMP) {
        hosts_print(f, &ends);
        igmp_print(f, r, len);
    } else {
        hosts_print(f, &ends);
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
        ipv6_print(f, r, len);
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
    } else if (h.type == ETH_TYPE_RARP) {
        rarp_print(f, r, len - ETH_HEADER);
    } else if (h.type == ETH_TYPE_IPV4) {
        ip_print(f, r, len - ETH_HEADER);
    } else if (h.type == ETH_TYPE_IPV6) {
        ipv6_print(f, r, len - ETH_HEADER);
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
