/* SPDX-License-Identifier: MIT */
/*
 * Ancillary data (UNP 14.6, 22.3, RFC 3542 §6): the control messages of sendmsg as struct weft_control, and what recvmsg
 * gives, in Linux's order. One row for each kind.
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */

#include "posix/posix.h"

/* ---- out: each row takes one message's data, of n bytes; 0 or -EINVAL ---- */

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
    c->address = px_v4(&info.ipi_spec_dst);
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

/* Means something to other kinds of sockets, or to queues that there are none of here. */
static int ignore(const void *data, size_t n, struct weft_control *c)
{
    (void)data, (void)n, (void)c;
    return 0;
}

static const struct taker {
    int level, type;
    int (*take)(const void *data, size_t n, struct weft_control *c);
} takers[] = {
    {IPPROTO_IP, IP_PKTINFO, take_pktinfo},
    {IPPROTO_IP, IP_TTL, take_ttl},
    {IPPROTO_IP, IP_TOS, take_tos},
    {IPPROTO_IPV6, IPV6_PKTINFO, take_pktinfo6},
    {IPPROTO_IPV6, IPV6_HOPLIMIT, take_ttl},
    {IPPROTO_IPV6, IPV6_TCLASS, take_tclass},
    {IPPROTO_IPV6, IPV6_DONTFRAG, take_dontfrag},
    {IPPROTO_UDP, UDP_SEGMENT, take_segment},
    {SOL_SOCKET, SCM_RIGHTS, ignore},
    {SOL_SOCKET, SCM_CREDENTIALS, ignore},
    {SOL_SOCKET, SO_MARK, ignore},
};

/* Messages of other levels are for others, and looked over. */
static bool concerns(const struct px_sock *s, const struct cmsghdr *h, bool v4)
{
    if (h->cmsg_level == SOL_SOCKET)
        return true;
    if (px_is_stream(s))
        return false;
    if (h->cmsg_level == IPPROTO_UDP)
        return s->protocol == IPPROTO_UDP;
    if (v4 && s->domain == AF_INET6 && h->cmsg_level == IPPROTO_IPV6)
        return h->cmsg_type == IPV6_PKTINFO;
    return h->cmsg_level == (v4 ? IPPROTO_IP : IPPROTO_IPV6);
}

static int take_one(const struct cmsghdr *h, struct weft_control *c)
{
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (takers[i].level == h->cmsg_level && takers[i].type == h->cmsg_type)
            return takers[i].take(CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0), c);
    return -EINVAL;
}

/* Is what goes there a datagram of IPv4? */
static bool goes_by_v4(const struct px_sock *s, const struct weft_addr *to)
{
    struct weft_addr peer;

    if (s->domain == AF_INET || (to && weft_ip_is_v4(&to->ip)))
        return true;
    return !to && weft_getpeername(px_engine(s), &peer) == 0 && weft_ip_is_v4(&peer.ip);
}

int px_take_control(const struct px_sock *s, const struct msghdr *msg, const struct weft_addr *to,
                    struct weft_control *out)
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
            err = take_one(h, out);
    }
    return err;
}

/* ---- in ---- */

/* Room for messages, and how much of it is used. */
struct room {
    struct msghdr *msg;
    size_t used;
};

/* As Linux's put_cmsg: what does not fit is cut, and that is said. */
static void put(struct room *r, int level, int type, const void *data, size_t n)
{
    struct cmsghdr h = {.cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};
    size_t left = r->msg->msg_control ? r->msg->msg_controllen - r->used : 0;
    char *at = (char *)r->msg->msg_control + r->used;

    if (left < h.cmsg_len)
        r->msg->msg_flags |= MSG_CTRUNC;
    if (left < sizeof h)
        return;
    h.cmsg_len = left < h.cmsg_len ? left : h.cmsg_len;
    memcpy(at, &h, sizeof h);
    memcpy(at + CMSG_LEN(0), data, h.cmsg_len - CMSG_LEN(0));
    r->used += left < CMSG_SPACE(n) ? left : CMSG_SPACE(n);
}

/* When it came in, by the clock of the day. */
static void put_time(struct room *r, const struct px_call *c, weft_time arrived)
{
    struct timespec now;
    struct timeval v;
    int64_t at;

    if (c->s->stamp == PX_STAMP_NONE || px_is_stream(c->s))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    at = (int64_t)now.tv_sec * (int64_t)WEFT_S + now.tv_nsec - (int64_t)(c->host->now - arrived);
    now = (struct timespec){at / (int64_t)WEFT_S, at % (int64_t)WEFT_S};
    v = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    if (c->s->stamp == PX_STAMP_NANOSECONDS)
        put(r, SOL_SOCKET, SCM_TIMESTAMPNS, &now, sizeof now);
    else
        put(r, SOL_SOCKET, SCM_TIMESTAMP, &v, sizeof v);
}

static void put_pktinfo6(struct room *r, const struct weft_control *c)
{
    struct in6_pktinfo info = {.ipi6_ifindex = c->interface};
    struct weft_ip ip = c->address;

    weft_ip_set_zone(&ip, 0);
    memcpy(&info.ipi6_addr, ip.b, sizeof ip.b);
    put(r, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static void put_pktinfo(struct room *r, const struct weft_control *c)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)c->interface};

    info.ipi_addr = px_in_addr(&c->address);
    info.ipi_spec_dst = px_in_addr(&c->local);
    put(r, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void put_ttl(struct room *r, const struct weft_control *c)
{
    put(r, c->v4 ? IPPROTO_IP : IPPROTO_IPV6, c->v4 ? IP_TTL : IPV6_HOPLIMIT, &c->ttl, sizeof c->ttl);
}

static void put_tos(struct room *r, const struct weft_control *c)
{
    uint8_t tos = (uint8_t)c->tos;

    if (c->v4)
        put(r, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    else
        put(r, IPPROTO_IPV6, IPV6_TCLASS, &c->tos, sizeof c->tos);
}

static void put_origdst(struct room *r, const struct weft_control *c)
{
    struct weft_addr to = {c->address, c->port};
    struct sockaddr_storage a;
    socklen_t n = linux_make_addr(&to, c->v4 ? AF_INET : AF_INET6, &a);

    put(r, c->v4 ? IPPROTO_IP : IPPROTO_IPV6, c->v4 ? IP_ORIGDSTADDR : IPV6_ORIGDSTADDR, &a, n);
}

static void put_segment(struct room *r, const struct weft_control *c)
{
    int bytes = c->segment;

    put(r, IPPROTO_UDP, UDP_GRO, &bytes, sizeof bytes);
}

static const struct giver {
    unsigned item; /* enum weft_control_item */
    void (*put)(struct room *r, const struct weft_control *c);
} givers[] = {
    {WEFT_CONTROL_SEGMENT, put_segment},
    {WEFT_CONTROL_PKTINFO6, put_pktinfo6}, {WEFT_CONTROL_PKTINFO, put_pktinfo}, {WEFT_CONTROL_TTL, put_ttl},
    {WEFT_CONTROL_TOS, put_tos},           {WEFT_CONTROL_ORIGDST, put_origdst},
};

void px_give_control(const struct px_call *c, const struct weft_control *control, struct msghdr *msg)
{
    struct room r = {.msg = msg};

    put_time(&r, c, control->arrived);
    for (size_t i = 0; control->has && i < sizeof givers / sizeof *givers; i++)
        if (control->has & givers[i].item)
            givers[i].put(&r, control);
    msg->msg_controllen = r.used;
}

void px_give_report(const struct px_call *c, const struct weft_report *report, struct msghdr *msg)
{
    int domain = c->s->domain;
    struct weft_addr from = {report->offender, 0};
    struct sockaddr_storage offender = {0};
    socklen_t n = linux_make_addr(&from, domain, &offender);
    struct room r = {.msg = msg};
    struct {
        struct sock_extended_err ee;
        struct sockaddr_in6 offender;
    } message = {.ee = {
                     .ee_errno = (uint32_t)-report->error,
                     .ee_origin = (uint8_t)report->origin,
                     .ee_type = report->type,
                     .ee_code = report->code,
                     .ee_info = report->info,
                 }};

    if (report->origin != WEFT_ORIGIN_LOCAL)
        memcpy(&message.offender, &offender, n);
    put(&r, domain == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, domain == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, &message,
        sizeof message.ee + n);
    msg->msg_controllen = r.used;
}
