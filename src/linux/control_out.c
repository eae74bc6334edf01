/* SPDX-License-Identifier: MIT */
/*
 * Ancillary data of what is sent (UNP 14.6, 22.3, RFC 3542 §6): the control messages of sendmsg as weft_control. One
 * row for each kind, which takes one message's data, of n bytes: 0 or -EINVAL.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "linux/linux.h"
#include "wire/ipv6.h"

static int take_int(const void *data, size_t n, int *v)
{
    if (n != sizeof *v)
        return -EINVAL;
    memcpy(v, data, sizeof *v);
    return 0;
}

static int take_pktinfo(const void *data, size_t n, struct weft_control *c)
{
    struct in_pktinfo info;

    if (n != sizeof info)
        return -EINVAL;
    memcpy(&info, data, sizeof info);
    c->interface = (unsigned)info.ipi_ifindex;
    c->address = linux_v4(&info.ipi_spec_dst);
    c->has |= WEFT_CONTROL_PKTINFO;
    return 0;
}

static int take_pktinfo6(const void *data, size_t n, struct weft_control *c)
{
    struct in6_pktinfo info;

    if (n < sizeof info)
        return -EINVAL;
    memcpy(&info, data, sizeof info);
    c->interface = info.ipi6_ifindex;
    memcpy(c->address.b, &info.ipi6_addr, sizeof c->address.b);
    c->has |= WEFT_CONTROL_PKTINFO6;
    return 0;
}

static int take_ttl(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_TTL;
    return take_int(data, n, &c->ttl);
}

/* A byte is as good as an int at the level of IP. */
static int take_tos(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_TOS;
    if (n != 1)
        return take_int(data, n, &c->tos);
    c->tos = *(const uint8_t *)data;
    return 0;
}

static int take_tclass(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_TOS;
    return take_int(data, n, &c->tos);
}

static int take_dontfrag(const void *data, size_t n, struct weft_control *c)
{
    int v = 0, err = take_int(data, n, &v);

    c->has |= WEFT_CONTROL_DF;
    c->df = v != 0;
    return err || v < 0 || v > 1 ? -EINVAL : 0;
}

static int take_segment(const void *data, size_t n, struct weft_control *c)
{
    if (n != sizeof c->segment)
        return -EINVAL;
    memcpy(&c->segment, data, sizeof c->segment);
    c->has |= WEFT_CONTROL_SEGMENT;
    return 0;
}

/* Linux looks at what an area has room for, whatever comes after. */
static int take_options(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_OPTIONS;
    c->n_options = (uint8_t)(n < sizeof c->options ? n : sizeof c->options);
    memcpy(c->options, data, c->n_options);
    return 0;
}

/* An extension header is as long as it says. */
static int take_header(const void *data, size_t n, const uint8_t **header)
{
    const uint8_t *p = data;

    if (n < 2 || n < (p[1] + 1u) * 8)
        return -EINVAL;
    *header = p;
    return 0;
}

static int take_hop_options(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_HOPOPTS;
    return c->hop_options ? -EINVAL : take_header(data, n, &c->hop_options);
}

static int take_destination_options(const void *data, size_t n, struct weft_control *c)
{
    c->has |= WEFT_CONTROL_DSTOPTS;
    return take_header(data, n, &c->destination_options);
}

/* By the older name they may come once. */
static int take_2292_options(const void *data, size_t n, struct weft_control *c)
{
    return c->destination_options ? -EINVAL : take_destination_options(data, n, c);
}

/* Without a routing header, which there is none of, they go nowhere. */
static int take_options_before_route(const void *data, size_t n, struct weft_control *c)
{
    const uint8_t *unused;

    c->has |= WEFT_CONTROL_DSTOPTS;
    return take_header(data, n, &unused);
}

/* The traffic class that stands beside it counts for nothing, as on Linux. */
static int take_flow(const void *data, size_t n, struct weft_control *c)
{
    if (n < 4)
        return -EINVAL;
    c->flow_label = peek_u32(data) & IPV6_FLOW_LABEL;
    c->has |= WEFT_CONTROL_FLOW;
    return 0;
}

/* Means something to other kinds of sockets, or to queues that there are none of here. */
static int ignore(const void *data, size_t n, struct weft_control *c)
{
    (void)data, (void)n, (void)c;
    return 0;
}

/* A number that asks for nothing here, as the option of its name. */
static int ignore_int(const void *data, size_t n, struct weft_control *c)
{
    (void)data, (void)c;
    return n == sizeof(int) ? 0 : -EINVAL;
}

static const struct taker {
    int level, type;
    int (*take)(const void *data, size_t n, struct weft_control *c);
} takers[] = {
    {IPPROTO_IP, IP_PKTINFO, take_pktinfo},
    {IPPROTO_IP, IP_TTL, take_ttl},
    {IPPROTO_IP, IP_TOS, take_tos},
    {IPPROTO_IP, IP_RETOPTS, take_options},
    {IPPROTO_IPV6, IPV6_PKTINFO, take_pktinfo6},
    {IPPROTO_IPV6, IPV6_HOPLIMIT, take_ttl},
    {IPPROTO_IPV6, IPV6_2292PKTINFO, take_pktinfo6},
    {IPPROTO_IPV6, IPV6_2292HOPLIMIT, take_ttl},
    {IPPROTO_IPV6, IPV6_2292HOPOPTS, take_hop_options},
    {IPPROTO_IPV6, IPV6_2292DSTOPTS, take_2292_options},
    {IPPROTO_IPV6, IPV6_TCLASS, take_tclass},
    {IPPROTO_IPV6, IPV6_DONTFRAG, take_dontfrag},
    {IPPROTO_IPV6, IPV6_HOPOPTS, take_hop_options},
    {IPPROTO_IPV6, IPV6_DSTOPTS, take_destination_options},
    {IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, take_options_before_route},
    {IPPROTO_IPV6, LINUX_IPV6_FLOWINFO, take_flow},
    {IPPROTO_UDP, UDP_SEGMENT, take_segment},
    {SOL_SOCKET, SCM_RIGHTS, ignore},
    {SOL_SOCKET, SCM_CREDENTIALS, ignore},
    {SOL_SOCKET, SO_MARK, ignore_int},
    {SOL_SOCKET, SO_PRIORITY, ignore_int},
};

/* Messages of other levels are for others, and looked over. */
static bool concerns(const struct linux_sock *s, const struct cmsghdr *h, bool v4)
{
    if (h->cmsg_level == SOL_SOCKET)
        return true;
    if (s->type == SOCK_STREAM)
        return false;
    if (h->cmsg_level == IPPROTO_UDP)
        return s->protocol == IPPROTO_UDP;
    if (v4 && s->domain == AF_INET6 && h->cmsg_level == IPPROTO_IPV6)
        return h->cmsg_type == IPV6_PKTINFO;
    return h->cmsg_level == (v4 ? IPPROTO_IP : IPPROTO_IPV6);
}

/* What is stamped of this send, instead of what the socket has. */
static int take_stamps(const struct cmsghdr *h, unsigned *stamps)
{
    unsigned v;

    if (!stamps || h->cmsg_len != CMSG_LEN(sizeof v))
        return -EINVAL;
    memcpy(&v, CMSG_DATA(h), sizeof v);
    *stamps = v;
    return v & ~(unsigned)LINUX_STAMPS_OUT ? -EINVAL : 0;
}

static int take_one(const struct cmsghdr *h, struct weft_control *c, unsigned *stamps)
{
    if (h->cmsg_level == SOL_SOCKET && (h->cmsg_type == SO_TIMESTAMPING || h->cmsg_type == SO_TIMESTAMPING_NEW))
        return take_stamps(h, stamps);
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (takers[i].level == h->cmsg_level && takers[i].type == h->cmsg_type)
            return takers[i].take(CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0), c);
    return -EINVAL;
}

/* Is what goes there a datagram of IPv4? */
static bool goes_by_v4(const struct linux_sock *s, const struct weft_addr *to)
{
    struct weft_addr peer;

    if (s->domain == AF_INET || (to && weft_ip_is_v4(&to->ip)))
        return true;
    return !to && weft_getpeername(s->sock, &peer) == 0 && weft_ip_is_v4(&peer.ip);
}

int linux_take_control(const struct linux_sock *s, const struct msghdr *msg, const struct weft_addr *to,
                       struct weft_control *out, unsigned *stamps)
{
    bool v4 = goes_by_v4(s, to);
    size_t left;
    int err = 0;

    *out = (struct weft_control){0};
    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h && !err; h = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, h)) {
        left = (size_t)((char *)msg->msg_control + msg->msg_controllen - (char *)h);
        if (h->cmsg_len < sizeof *h || h->cmsg_len > left)
            return -EINVAL;
        if (concerns(s, h, v4))
            err = take_one(h, out, stamps);
    }
    return err;
}
