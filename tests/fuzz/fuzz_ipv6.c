/* SPDX-License-Identifier: MIT */
/*
 * The parsers of IPv6's headers on any bytes: the fixed one, chains of extension headers, fragment headers, ICMPv6 and
 * what its errors quote. The first byte selects one, and whether a chain's headers are made to follow each other; what
 * a parser accepts must come back the same through emit.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/icmpv6.h"

static void check(bool truth)
{
    if (!truth)
        abort();
}

static void header_feed(const uint8_t *p, size_t n)
{
    uint8_t out[IPV6_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n), again = reader(p, n);
    struct ipv6_header h, read;
    enum ipv6_verdict verdict = ipv6_parse(&r, n, &h);

    check((verdict == IPV6_SHORT) == (n < IPV6_HEADER));
    check(ipv6_read(&again, &read) == (verdict == IPV6_OK || verdict == IPV6_BAD_PAYLOAD_LEN));
    if (verdict != IPV6_OK)
        return;
    check(r.p == p + IPV6_HEADER && h.payload_len <= n - IPV6_HEADER && h.flow_label <= IPV6_FLOW_LABEL);
    ipv6_emit(&w, &h);
    check(!w.bad);
    /* What stands where a zone has its place in our own form never leaves (RFC 4007 §11.2). */
    check(ip_is_zoned(&h.src) || ip_is_zoned(&h.dst) || memcmp(out, p, sizeof out) == 0);
}

/* ---- chains ---- */

static const uint8_t kinds[] = {IP_PROTO_HOPOPTS, IP_PROTO_DSTOPTS, IP_PROTO_ROUTING, IP_PROTO_FRAGMENT, IP_PROTO_UDP};

/* Headers of known kinds and of up to four units, one behind the other: random bytes lead nowhere. */
static void link_headers(uint8_t *p, size_t n)
{
    for (size_t at = 0; n - at >= 8; at += min_size(8 + 8u * p[at + 1], n - at)) {
        p[at] = kinds[p[at] % sizeof kinds];
        p[at + 1] &= 3;
    }
}

/* Does the verdict tell the sender where the fault is? */
static bool tells(enum ipv6_chain_verdict v)
{
    return v == IPV6_CHAIN_OPTION || v == IPV6_CHAIN_OPTION_UNLESS_GROUP || v == IPV6_CHAIN_ROUTING ||
           v == IPV6_CHAIN_MISPLACED;
}

/* The walk goes no further than there are bytes, and as far as one by lengths alone. */
static void chain_feed(const uint8_t *p, size_t n, uint8_t first)
{
    struct ipv6_chain c = ipv6_chain_start(kinds[first % sizeof kinds]);
    struct reader r = reader(p, n), by_length = reader(p, n);
    enum ipv6_chain_verdict v = ipv6_chain_walk(&r, &c);
    struct ipv6_fragment f;
    uint8_t next = kinds[first % sizeof kinds];

    check((unsigned)v <= IPV6_CHAIN_MISPLACED);
    check(c.headers <= IPV6_MAX_EXTENSIONS && c.offset <= IPV6_HEADER + min_size(n, IPV6_MAX_CHAIN));
    check(c.next_at == 6 ? c.headers == 0 : c.next_at >= IPV6_HEADER && c.next_at < c.offset);
    check(tells(v) ? c.problem >= IPV6_HEADER && c.problem < IPV6_HEADER + n : c.problem == 0);
    if (v == IPV6_CHAIN_FRAGMENT)
        check(c.next == IP_PROTO_FRAGMENT);
    if (v != IPV6_CHAIN_UPPER)
        return;
    check(r.p == p + (c.offset - IPV6_HEADER) && !ipv6_is_extension(c.next));
    check(ipv6_chain_skip(&by_length, &next, &f) && next == c.next && by_length.p == r.p && f.offset == 0);
}

static void mended_chain_feed(const uint8_t *p, size_t n, uint8_t first)
{
    uint8_t *copy = malloc(n + 1);

    check(copy != NULL);
    memcpy(copy, p, n);
    link_headers(copy, n);
    chain_feed(copy, n, first);
    free(copy);
}

static void fragment_feed(const uint8_t *p, size_t n)
{
    uint8_t out[IPV6_FRAGMENT_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct ipv6_fragment f;

    check(ipv6_fragment_parse(&r, &f) == (n >= IPV6_FRAGMENT_HEADER));
    if (n < IPV6_FRAGMENT_HEADER)
        return;
    check(f.offset % 8 == 0);
    ipv6_fragment_emit(&w, &f);
    out[1] = p[1]; /* reserved bits are not kept */
    out[3] |= p[3] & 6;
    check(!w.bad && memcmp(out, p, sizeof out) == 0);
}

/* ---- ICMPv6 ---- */

static void icmpv6_feed(const uint8_t *p, size_t n)
{
    uint8_t out[ICMPV6_HEADER];
    struct writer w = writer(out, sizeof out);
    struct reader r = reader(p, n);
    struct icmpv6_header h;

    check(icmpv6_parse(&r, &h) == (n >= ICMPV6_HEADER));
    if (n < ICMPV6_HEADER)
        return;
    icmpv6_emit(&w, &h);
    check(!w.bad && memcmp(out, p, sizeof out) == 0);
}

/* A quote whose header and chain are made to look like those of a datagram. */
static void quote_feed(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n + 1);
    struct reader r = reader(copy, n);
    struct icmpv6_quote q;

    check(copy != NULL);
    memcpy(copy, p, n);
    if (n > IPV6_HEADER) {
        copy[0] = 0x60 | (copy[0] & 15);
        copy[6] = kinds[copy[6] % sizeof kinds];
        link_headers(copy + IPV6_HEADER, n - IPV6_HEADER);
    }
    if (icmpv6_quote_parse(&r, &q)) {
        check(n >= IPV6_HEADER + sizeof q.head && !ipv6_is_extension(q.proto) && q.proto != IP_PROTO_FRAGMENT);
        check(r.p >= copy + IPV6_HEADER + sizeof q.head && r.p <= copy + n);
        check(memcmp(q.head, r.p - sizeof q.head, sizeof q.head) == 0);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    switch (data[0] % 8) {
    case 0: header_feed(data + 2, size - 2); break;
    case 1: fragment_feed(data + 2, size - 2); break;
    case 2: icmpv6_feed(data + 2, size - 2); break;
    case 3: chain_feed(data + 2, size - 2, data[1]); break;
    case 4:
    case 5: quote_feed(data + 2, size - 2); break;
    default: mended_chain_feed(data + 2, size - 2, data[1]); break;
    }
    return 0;
}
