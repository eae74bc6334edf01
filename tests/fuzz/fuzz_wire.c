/* SPDX-License-Identifier: MIT */
/*
 * The parsers of src/wire on any bytes. The first byte selects one (and whether checksum and version are made right
 * first, to get past the front door); what a parser accepts must come back the same through emit and parse.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"
#include "wire/option.h"
#include "wire/tcp.h"
#include "wire/udp.h"

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* What came in a frame of its own form (a priority without a VLAN, a type behind a length) goes out as Ethernet II. */
static void ethernet_feed(const uint8_t *p, size_t n)
{
    uint8_t out[ETH_HEADER + ETH_TAG];
    bool tagged = n >= ETH_HEADER && peek_u16(p + 12) == ETH_TYPE_VLAN;
    size_t head = ETH_HEADER + (tagged ? ETH_TAG : 0), written;
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct eth_header h, again;

    check(eth_parse(&r, &h) == (n >= head));
    if (n < head)
        return;
    check(h.payload <= reader_left(&r) && (r.p == p + head || h.type >= ETH_TYPE_MIN));
    if (h.type == ETH_TYPE_VLAN)
        return; /* a tag behind a tag: its type would be read as ours */
    eth_emit(&w, &h);
    written = sizeof out - writer_left(&w);
    check(!w.bad && (tagged || r.p != p + head || memcmp(out, p, written) == 0));
    r = reader(out, written);
    check(eth_parse(&r, &again) && reader_left(&r) == 0 && again.type == h.type && again.payload == 0);
    check(again.vlan == (h.vlan ? h.vlan : ETH_NO_VLAN) && memcmp(out, p, 2 * sizeof h.dst) == 0);
}

static void arp_feed(const uint8_t *p, size_t n)
{
    uint8_t out[ARP_LEN];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct arp_packet a;

    if (!arp_parse(&r, &a)) {
        r = reader(p, n); /* RARP has the same form, and operations of its own */
        if (!rarp_parse(&r, &a))
            return;
    }
    arp_emit(&w, &a);
    check(n >= ARP_LEN && !w.bad && memcmp(out, p, sizeof out) == 0);
}

static void udp_feed(const uint8_t *p, size_t n)
{
    uint8_t out[UDP_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct udp_header h;

    check(udp_parse(&r, &h) == (n >= UDP_HEADER));
    if (n < UDP_HEADER)
        return;
    udp_emit(&w, &h);
    check(!w.bad && memcmp(out, p, sizeof out) == 0);
}

static void icmpv4_feed(const uint8_t *p, size_t n)
{
    uint8_t out[ICMPV4_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct icmpv4_header h;
    struct icmpv4_quote q;

    check(icmpv4_parse(&r, &h) == (n >= ICMPV4_HEADER));
    if (n < ICMPV4_HEADER)
        return;
    icmpv4_emit(&w, &h);
    check(!w.bad && memcmp(out, p, sizeof out) == 0);
    if (icmpv4_quote_parse(&r, &q))
        check(q.ip.header_len >= IPV4_HEADER && q.ip.frag_offset == 0 &&
              memcmp(p + ICMPV4_HEADER + q.ip.header_len, q.head, sizeof q.head) == 0);
}

static void ipv4_emit_check(const uint8_t *p, const struct ipv4_header *h)
{
    uint8_t out[IPV4_MAX_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(out, sizeof out);
    struct ipv4_header again;

    ipv4_emit(&w, h);
    check(!w.bad && writer_left(&w) == sizeof out - h->header_len);
    check(ipv4_parse(&r, h->total_len, &again) <= IPV4_SOURCE_ROUTE && r.p == out + h->header_len);
    out[6] |= p[6] & 0x80;               /* the reserved flag is not kept, */
    memcpy(out + 10, p + 10, 2);         /* and zero may be written in two ways */
    check(memcmp(out, p, h->header_len) == 0);
}

/* Is there room for whole entries only, or none? Else who is next to record something finds a fault, as on Linux. */
static bool is_whole(const uint8_t *option, int entry)
{
    return option[2] > option[1] || (option[1] - option[2] + 1) % entry == 0;
}

static bool room_is_whole(const uint8_t *options, const struct ipv4_places *p)
{
    const uint8_t *stamp = options + p->stamp;
    bool whole = p->record == IPV4_NOWHERE || is_whole(options + p->record, 4);

    whole = whole && (p->route == IPV4_NOWHERE || is_whole(options + p->route, 4));
    return whole && (p->stamp == IPV4_NOWHERE || is_whole(stamp, stamp[3] & 15 ? 8 : 4));
}

/* Options are acted on where they lie: nothing outside is touched, and what was sound stays so. */
static void ipv4_options_feed(const uint8_t *options, size_t n)
{
    uint8_t bytes[IPV4_MAX_OPTIONS + 1], reversed[IPV4_MAX_OPTIONS], copied[IPV4_MAX_OPTIONS], bad;
    struct ipv4_places p, again;
    uint32_t address;

    memcpy(bytes, options, n);
    bytes[n] = 0xa5;
    if (!ipv4_options_find(bytes, n, &p, &bad)) {
        check(bad < n);
        return;
    }
    ipv4_stamp_awaits(bytes, &p, &address);
    ipv4_options_record(bytes, &p, 0x0a090002, 7, true);
    if (ipv4_route_next(bytes, &p, &address))
        ipv4_route_advance(bytes, &p, 0x0a090002);
    check(bytes[n] == 0xa5);
    check(!room_is_whole(bytes, &p) ||
          (ipv4_options_find(bytes, n, &again, &bad) && memcmp(&p, &again, sizeof p) == 0));
    check(ipv4_route_reverse(bytes, &p, 0x0a090001, reversed, &address) <= n);
    check(ipv4_options_copied(bytes, n, copied) <= (n + 3) / 4 * 4);
}

static void ipv4_feed(const uint8_t *p, size_t n, size_t seen)
{
    struct reader r = reader(p, seen);
    struct ipv4_header h;
    enum ipv4_verdict verdict = ipv4_parse(&r, n, &h);

    check((unsigned)verdict <= IPV4_SOURCE_ROUTE);
    if (verdict != IPV4_OK && verdict != IPV4_SOURCE_ROUTE)
        return;
    check(h.header_len >= IPV4_HEADER && h.header_len <= h.total_len && h.total_len <= n && h.header_len <= seen);
    check(r.p == p + h.header_len && !h.options == (h.header_len == IPV4_HEADER));
    ipv4_emit_check(p, &h);
    if (h.options)
        ipv4_options_feed(h.options, h.header_len - (size_t)IPV4_HEADER);
}

/* Version and checksum made right. */
static void ipv4_mend(uint8_t *p, size_t n)
{
    size_t header_len;

    if (n < IPV4_HEADER)
        return;
    p[0] = (uint8_t)(0x40 | (p[0] & 15));
    header_len = (size_t)(p[0] & 15) * 4;
    if (header_len < IPV4_HEADER || header_len > n)
        return;
    if (p[2] & 1)
        poke_u16(p + 2, (uint16_t)n);
    poke_u16(p + 10, 0);
    poke_u16(p + 10, csum(p, header_len));
}

static bool tcp_options_same(const struct tcp_options *a, const struct tcp_options *b)
{
    return a->mss == b->mss && a->wscale == b->wscale && a->sack_permitted == b->sack_permitted &&
           a->has_ts == b->has_ts && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr && a->n_sack == b->n_sack &&
           memcmp(a->sack, b->sack, a->n_sack * sizeof a->sack[0]) == 0;
}

/* What a segment of this kind can carry of o. */
static struct tcp_options tcp_options_kept(struct tcp_options o, bool syn)
{
    if (syn) {
        o.n_sack = 0;
    } else {
        o.mss = 0;
        o.wscale = -1;
        o.sack_permitted = false;
        o.n_sack = (uint8_t)min_u32(o.n_sack, o.has_ts ? 3 : 4);
    }
    return o;
}

static void tcp_emit_check(struct tcp_header h, const struct tcp_options *o, bool syn, enum tcp_option_layout layout)
{
    uint8_t out[TCP_MAX_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(out, sizeof out);
    struct tcp_options want = tcp_options_kept(*o, syn);
    struct tcp_options again;

    h.header_len = (uint8_t)(TCP_HEADER + tcp_options_len(o, syn, layout));
    tcp_emit(&w, &h);
    tcp_options_emit(&w, o, syn, layout);
    check(!w.bad && sizeof out - writer_left(&w) == h.header_len);
    check(tcp_parse(&r, sizeof out, &h, &again) == TCP_OK && tcp_options_same(&again, &want));
}

static void tcp_feed(const uint8_t *p, size_t n, size_t seen)
{
    uint8_t out[TCP_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, seen);
    struct tcp_header h;
    struct tcp_options o;
    enum tcp_verdict verdict = tcp_parse(&r, n, &h, &o);

    check((unsigned)verdict <= TCP_BAD_OPTION && o.n_sack <= TCP_MAX_SACK && o.wscale >= -1);
    if (verdict != TCP_OK)
        return;
    check(h.header_len >= TCP_HEADER && h.header_len <= seen && r.p == p + h.header_len);
    tcp_emit(&w, &h);
    out[12] |= p[12] & 0x0e; /* reserved bits are not kept */
    check(!w.bad && memcmp(out, p, sizeof out) == 0);
    for (unsigned i = 0; i < 4; i++)
        tcp_emit_check(h, &o, i & 1, i & 2 ? TCP_LAYOUT_BSD : TCP_LAYOUT_LINUX);
}

/* Every option lies inside, they cover the area up to its end or to the bad one, and the walk ends. */
static void options_feed(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct option o;
    size_t at = 0;
    bool source_route;

    while (option_next(&r, &o)) {
        check(o.kind == p[at] && o.len >= 1 && at + o.len <= n);
        check(o.kind <= OPTION_NOP ? o.len == 1 && !o.body : o.body == p + at + 2);
        at += o.len;
        if (o.kind == OPTION_EOL)
            break;
    }
    check(r.p == r.end);
    check(ipv4_options_check(p, n, &source_route) == !r.bad);
}

static void mended_feed(const uint8_t *p, size_t n, size_t seen)
{
    uint8_t *copy = malloc(n);

    check(copy != NULL);
    memcpy(copy, p, n);
    ipv4_mend(copy, n);
    ipv4_feed(copy, n, seen);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t seen;

    if (size < 3)
        return 0;
    seen = min_size(size - 2, data[1] & 1 ? data[1] : SIZE_MAX); /* a linear part that ends before the packet */
    switch (data[0] % 8) {
    case 0: ethernet_feed(data + 2, size - 2); break;
    case 1: arp_feed(data + 2, size - 2); break;
    case 2: udp_feed(data + 2, size - 2); break;
    case 3: icmpv4_feed(data + 2, size - 2); break;
    case 4: ipv4_feed(data + 2, size - 2, seen); break;
    case 5: mended_feed(data + 2, size - 2, seen); break;
    case 6: tcp_feed(data + 2, size - 2, seen); break;
    default: options_feed(data + 2, size - 2); break;
    }
    return 0;
}
