/* SPDX-License-Identifier: MIT */
/* CE in an IP header (RFC 3168 §5, §23): bits 14 and 15 of IPv4's, 10 and 11 of IPv6's. */
#include "wire/mark.h"

#include "base/checksum.h"
#include "wire/buf.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define TYPE_AT  12 /* where Ethernet's type stands */
#define CHECK_AT 10 /* where IPv4's checksum stands */

#define NOT_ECT 0u
#define CE      3u

/* Where the datagram begins; n when there is none. */
static size_t datagram_at(const uint8_t *frame, size_t n, bool ethernet)
{
    size_t at = TYPE_AT;

    if (!ethernet)
        return 0;
    if (n >= at + ETH_TAG + 2 && peek_u16(frame + at) == ETH_TYPE_VLAN)
        at += ETH_TAG;
    if (n < at + 2 || (peek_u16(frame + at) != ETH_TYPE_IPV4 && peek_u16(frame + at) != ETH_TYPE_IPV6))
        return n;
    return at + 2;
}

static bool can_be_told(unsigned ecn) { return ecn != NOT_ECT && ecn != CE; }

static bool mark_ipv4(uint8_t *ip, size_t n)
{
    uint16_t word = peek_u16(ip), marked = word | CE;

    if (n < IPV4_HEADER || !can_be_told(word & CE))
        return false;
    poke_u16(ip + CHECK_AT, csum_update(peek_u16(ip + CHECK_AT), word, marked));
    poke_u16(ip, marked);
    return true;
}

static bool mark_ipv6(uint8_t *ip, size_t n)
{
    uint16_t word = peek_u16(ip);

    if (n < IPV6_HEADER || !can_be_told(word >> 4 & CE))
        return false;
    poke_u16(ip, (uint16_t)(word | CE << 4));
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
