/* SPDX-License-Identifier: MIT */
/*
 * Extension headers that a program wants in front of all that a socket sends by IPv6 (RFC 3542 §4.1, Linux's ipv6(7)).
 * What is in the options is the program's affair. Routing headers are refused: type 0 is dead (RFC 5095), and no other
 * is known here.
 */
#include "ip/private.h"

#define LONGEST (255 * 8)

static const int kinds[DGRAM_STICKY + 1] = {
    [DGRAM_HOP] = WEFT_IPV6_HOPOPTS,
    [DGRAM_DESTINATION] = WEFT_IPV6_DSTOPTS,
    [DGRAM_BEFORE_ROUTE] = WEFT_IPV6_RTHDRDSTOPTS,
    [DGRAM_STICKY] = WEFT_IPV6_RTHDR,
};

/* DGRAM_STICKY is that of which none is kept; beyond, it is no such option. */
static unsigned kind_of(int option)
{
    unsigned i = 0;

    while (i < ARRAY_LEN(kinds) && kinds[i] != option)
        i++;
    return i;
}

bool sticky_is_option(const struct dgram_ep *d, int level, int option)
{
    return level == WEFT_SOL_IPV6 && d->sock.v6 && (kind_of(option) <= DGRAM_STICKY || option == WEFT_IPV6_PKTINFO);
}

/* Of the two it names Linux heeds the interface, and of the address, that it is there. It cannot be asked for. */
static int set_pktinfo(struct dgram_ep *d, const void *value, size_t n)
{
    uint32_t interface;

    if (n < sizeof(struct weft_ip) + sizeof interface)
        return WEFT_EINVAL;
    memcpy(&interface, (const uint8_t *)value + sizeof(struct weft_ip), sizeof interface);
    if (d->rare.interface && interface != (uint32_t)d->rare.interface)
        return WEFT_EINVAL;
    d->sticky_interface = interface;
    return 0;
}

static void forget(struct dgram_ep *d, unsigned kind)
{
    mem_free(&d->sock.stack->mem, MEM_udp, d->sticky[kind], ip_extension_len(d->sticky[kind]));
    d->sticky[kind] = NULL;
}

void sticky_forget(struct dgram_ep *d)
{
    for (unsigned kind = 0; kind < DGRAM_STICKY; kind++)
        forget(d, kind);
}

int sticky_set(struct dgram_ep *d, int option, const void *value, size_t n)
{
    unsigned kind = kind_of(option);
    const uint8_t *header = value;
    uint8_t *copy;

    if (option == WEFT_IPV6_PKTINFO)
        return set_pktinfo(d, value, n);
    if (n && (n % 8 || n > LONGEST || ip_extension_len(header) > n || kind == DGRAM_STICKY))
        return WEFT_EINVAL;
    if (kind == DGRAM_STICKY)
        return 0;
    copy = n ? mem_alloc(&d->sock.stack->mem, MEM_udp, ip_extension_len(header)) : NULL;
    if (n && !copy)
        return WEFT_ENOMEM;
    if (copy)
        memcpy(copy, header, ip_extension_len(header));
    forget(d, kind);
    d->sticky[kind] = copy;
    return 0;
}

int sticky_get(const struct dgram_ep *d, int option, void *value, size_t *n)
{
    unsigned kind = kind_of(option);
    const uint8_t *header = kind < DGRAM_STICKY ? d->sticky[kind] : NULL;

    if (option == WEFT_IPV6_PKTINFO)
        return WEFT_ENOPROTOOPT;
    *n = min_size(*n, ip_extension_len(header));
    if (*n)
        memcpy(value, header, *n);
    return 0;
}
