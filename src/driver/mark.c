/* SPDX-License-Identifier: MIT */
/* CE in an IP header (RFC 3168 §5, §23): bits 14 and 15 of IPv4's, 10 and 11 of IPv6's. */
#include "base/checksum.h"
#include "driver/mark.h"

#define MAC_PAIR    12 /* where Ethernet's type stands */
#define TYPE_IPV4   0x0800
#define TYPE_IPV6   0x86dd
#define TYPE_VLAN   0x8100
#define IPV4_HEADER 20
#define IPV4_CHECK  10 /* where its checksum stands */
#define IPV6_HEADER 40

#define NOT_ECT 0u
#define CE      3u

static uint16_t load(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void store(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Where the datagram begins; n when there is none. */
static size_t datagram_at(const uint8_t *frame, size_t n, bool ethernet)
{
    size_t at = MAC_PAIR;

    if (!ethernet)
        return 0;
    if (n >= at + 6 && load(frame + at) == TYPE_VLAN)
        at += 4;
    if (n < at + 2 || (load(frame + at) != TYPE_IPV4 && load(frame + at) != TYPE_IPV6))
        return n;
    return at + 2;
}

static bool can_be_told(unsigned ecn)
{
    return ecn != NOT_ECT && ecn != CE;
}

/* The first 16 bits with CE in them, `shift` bits from their end. */
static uint16_t with_ce(uint16_t word, unsigned shift)
{
    return (uint16_t)(word | CE << shift);
}

static bool mark_ipv4(uint8_t *ip, size_t n)
{
    uint16_t word = load(ip), check;

    if (n < IPV4_HEADER || !can_be_told(word & CE))
        return false;
    check = csum_update(load(ip + IPV4_CHECK), word, with_ce(word, 0));
    store(ip, with_ce(word, 0));
    store(ip + IPV4_CHECK, check);
    return true;
}

static bool mark_ipv6(uint8_t *ip, size_t n)
{
    uint16_t word = load(ip);

    if (n < IPV6_HEADER || !can_be_told(word >> 4 & CE))
        return false;
    store(ip, with_ce(word, 4));
    return true;
}

bool mark_congestion(uint8_t *frame, size_t n, bool ethernet)
{
    size_t at = datagram_at(frame, n, ethernet);

    if (n - at < 2)
        return false;
    switch (frame[at] >> 4) {
    case 4: return mark_ipv4(frame + at, n - at);
    case 6: return mark_ipv6(frame + at, n - at);
    }
    return false;
}
