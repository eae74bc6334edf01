/* SPDX-License-Identifier: MIT */
/* The options of raw sockets (raw(7), ipv6(7), RFC 3542 §3); the others are those of all datagram sockets. */
#include "raw/private.h"

static int set_filter_v4(struct raw_ep *e, const void *value, size_t n)
{
    if (e->d.sock.v6)
        return WEFT_ENOPROTOOPT;
    if (e->protocol != IP_PROTO_ICMP)
        return WEFT_EOPNOTSUPP;
    memcpy(&e->icmp_refused, value, min_size(n, sizeof e->icmp_refused));
    return 0;
}

static int set_filter_v6(struct raw_ep *e, const void *value, size_t n)
{
    if (!e->d.sock.v6)
        return WEFT_ENOPROTOOPT;
    if (e->protocol != IP_PROTO_ICMPV6)
        return WEFT_EOPNOTSUPP;
    memcpy(e->icmp6_refused, value, min_size(n, sizeof e->icmp6_refused));
    return 0;
}

static int set_header_included(struct raw_ep *e, int v)
{
    e->header_included = v != 0;
    return 0;
}

/* Where ICMPv6 has its checksum is no matter of choice; an odd place is none for two bytes. */
static int set_checksum(struct raw_ep *e, int v)
{
    if (!e->d.sock.v6)
        return WEFT_ENOPROTOOPT;
    if (e->protocol == IP_PROTO_ICMPV6 || (v > 0 && v & 1))
        return WEFT_EINVAL;
    e->checksum_at = v < 0 ? -1 : v;
    return 0;
}

void raw_set_alert(struct raw_ep *e, int32_t alert)
{
    weft_stack *s = e->d.sock.stack;

    s->raw_alerts -= e->alert >= 0;
    e->alert = alert;
    s->raw_alerts += e->alert >= 0;
}

static bool is_alert(int level, int option)
{
    return (level == WEFT_SOL_IP && option == WEFT_IP_ROUTER_ALERT) ||
           (level == WEFT_SOL_IPV6 && option == WEFT_IPV6_ROUTER_ALERT);
}

/* As Linux has it: of IPv4 for one protocol, of IPv6 for all, and for one value, where a negative one ends it. */
static int set_alert(struct raw_ep *e, int v)
{
    bool all = e->protocol == WEFT_RAW, v6 = e->d.sock.v6, on = v6 ? v >= 0 : v != 0;

    if (v6 != all)
        return v6 ? WEFT_ENOPROTOOPT : WEFT_EINVAL;
    if (on == (e->alert >= 0))
        return on ? WEFT_EADDRINUSE : WEFT_ENOBUFS;
    raw_set_alert(e, !on ? -1 : v6 ? v : 0); /* one that no datagram can have is heard of none */
    return 0;
}

/* Each family has its own. */
static bool is_header_included(const struct raw_ep *e, int level, int option)
{
    return e->d.sock.v6 ? level == WEFT_SOL_IPV6 && option == WEFT_IPV6_HDRINCL
                        : level == WEFT_SOL_IP && option == WEFT_IP_HDRINCL;
}

static bool is_checksum(int level, int option)
{
    return (level == WEFT_SOL_IPV6 || level == WEFT_SOL_RAW) && option == WEFT_IPV6_CHECKSUM;
}

static bool is_of_icmpv6_only(const struct raw_ep *e, int level)
{
    return level == WEFT_SOL_ICMPV6 && e->d.sock.v6 && e->protocol != IP_PROTO_ICMPV6;
}

int raw_setopt(weft_sock *sock, int level, int option, const void *value, size_t n)
{
    struct raw_ep *e = raw_ep(sock);
    int v;

    if (is_of_icmpv6_only(e, level))
        return WEFT_EOPNOTSUPP;
    if (level == WEFT_SOL_RAW && e->d.sock.v6 && n < sizeof v) /* whatever it is */
        return WEFT_EINVAL;
    if (level == WEFT_SOL_RAW && option == WEFT_ICMP_FILTER)
        return set_filter_v4(e, value, n);
    if (level == WEFT_SOL_ICMPV6 && option == WEFT_ICMP6_FILTER)
        return set_filter_v6(e, value, n);
    if (!is_header_included(e, level, option) && !is_checksum(level, option) && !is_alert(level, option))
        return dgram_setopt(sock, level, option, value, n);
    if (n < sizeof v)
        return is_checksum(level, option) && !e->d.sock.v6 ? WEFT_ENOPROTOOPT : WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    if (is_alert(level, option))
        return set_alert(e, v);
    return is_checksum(level, option) ? set_checksum(e, v) : set_header_included(e, v);
}

/* At most what there is room for. */
static int give(void *value, size_t *n, const void *from, size_t size)
{
    *n = min_size(*n, size);
    memcpy(value, from, *n);
    return 0;
}

int raw_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n)
{
    const struct raw_ep *e = const_raw_ep(sock);

    if (is_of_icmpv6_only(e, level))
        return WEFT_EOPNOTSUPP;
    if (level == WEFT_SOL_RAW && option == WEFT_ICMP_FILTER && e->d.sock.v6)
        return WEFT_ENOPROTOOPT;
    if (level == WEFT_SOL_RAW && option == WEFT_ICMP_FILTER)
        return e->protocol == IP_PROTO_ICMP ? give(value, n, &e->icmp_refused, sizeof e->icmp_refused)
                                            : WEFT_EOPNOTSUPP;
    if (level == WEFT_SOL_ICMPV6 && option == WEFT_ICMP6_FILTER)
        return e->d.sock.v6 ? give(value, n, e->icmp6_refused, sizeof e->icmp6_refused) : WEFT_EOPNOTSUPP;
    if (is_alert(level, option)) {
        ip_give_option(level, e->alert >= 0, value, n); /* of IPv6, whether it has one at all */
        return 0;
    }
    if (!is_header_included(e, level, option) && !is_checksum(level, option))
        return dgram_getopt(sock, level, option, value, n);
    if (is_checksum(level, option) && !e->d.sock.v6)
        return WEFT_ENOPROTOOPT;
    ip_give_option(level, is_checksum(level, option) ? e->checksum_at : e->header_included, value, n);
    return 0;
}
