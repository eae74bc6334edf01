/* SPDX-License-Identifier: MIT */
/* What both versions of IP share; see ip.h. */
#include "wire/ip.h"

/* A zone is not on the wire. */
void ip_pseudo_header_v6(struct csum *c, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto,
                         uint32_t len)
{
    uint32_t sum = (uint32_t)proto + (len >> 16) + (len & 0xffff);

    for (size_t i = 0; i < sizeof src->b; i += 2)
        sum += (uint32_t)peek_u16(src->b + i) + peek_u16(dst->b + i);
    sum -= ip_zone(src) + ip_zone(dst);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    csum_add_u16(c, (uint16_t)sum);
}

bool ip_is_any(const struct weft_ip *ip)
{
    static const struct weft_ip any;

    return ip_is_v4(ip) ? ip_to_v4(ip) == 0 : ip_eq(ip, &any);
}

bool ip_is_multicast(const struct weft_ip *ip)
{
    return ip_is_v4(ip) ? ip->b[12] >> 4 == 14 : ip->b[0] == 0xff;
}

bool ip_is_loopback(const struct weft_ip *ip)
{
    static const struct weft_ip loopback = {.b = {[15] = 1}};

    return ip_is_v4(ip) ? ip->b[12] == 127 : ip_eq(ip, &loopback);
}

bool ip_is_limited_broadcast(const struct weft_ip *ip)
{
    return ip_is_v4(ip) && ip_to_v4(ip) == 0xffffffff;
}

bool ip_prefix_match(const struct weft_ip *a, const struct weft_ip *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    weft_assert(bits <= 128, "prefix lengths are checked where they are configured");
    if (memcmp(a->b, b->b, whole) != 0)
        return false;
    return rest == 0 || (a->b[whole] ^ b->b[whole]) >> (8 - rest) == 0;
}

struct weft_ip ip_network(const struct weft_ip *ip, unsigned bits)
{
    struct weft_ip net = *ip;

    weft_assert(bits <= 128, "prefix lengths are checked where they are configured");
    for (unsigned i = bits / 8; i < sizeof net.b; i++)
        net.b[i] = i == bits / 8 ? (uint8_t)(net.b[i] & ~(0xff >> bits % 8)) : 0;
    return net;
}

unsigned ip_scope(const struct weft_ip *ip)
{
    if (ip->b[0] == 0xff)
        return ip->b[1] & 15;
    if (ip_is_link_local(ip) || ip_is_loopback(ip))
        return 2;
    return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0xc0 ? 5 : 14;
}
