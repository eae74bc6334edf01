/* SPDX-License-Identifier: MIT */
/*
 * Ancillary data of what comes (UNP 14.6, 22.3, RFC 3542 §6): struct weft_control as the control messages that recvmsg
 * gives, in Linux's order. One row for each kind. And of what went wrong, struct weft_report (IP_RECVERR).
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <time.h>

#include <linux/net_tstamp.h>

#include "linux/linux.h"
#include "wire/buf.h"
#include "weft/tcp_info.h"

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

size_t linux_put_control(struct msghdr *msg, size_t used, int level, int type, const void *data, size_t n)
{
    struct room r = {msg, used};

    put(&r, level, type, data, n);
    return r.used;
}

/* How long ago it came in. Of a stream it is its last bytes, to a millisecond. */
static weft_time ago(const struct linux_sock *s, weft_time arrived)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;

    if (s->type != SOCK_STREAM)
        return s->now - arrived;
    weft_getsockopt(s->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n);
    return info.tcpi_last_data_recv * WEFT_MS;
}

static bool is_stamping(const struct linux_sock *s)
{
    const int both = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

    return (s->stamping & both) == both;
}

/* By the names that end in _NEW. */
static void put_new_time(struct room *r, const struct linux_sock *s, struct timespec when)
{
    struct linux_stamp_new at[3] = {{when.tv_sec, when.tv_nsec}}, v = {when.tv_sec, when.tv_nsec / 1000};

    if (s->stamp & LINUX_STAMP_NANOSECONDS)
        put(r, SOL_SOCKET, SO_TIMESTAMPNS_NEW, &at[0], sizeof at[0]);
    else if (s->stamp & LINUX_STAMP_MICROSECONDS)
        put(r, SOL_SOCKET, SO_TIMESTAMP_NEW, &v, sizeof v);
    if (is_stamping(s))
        put(r, SOL_SOCKET, SO_TIMESTAMPING_NEW, at, sizeof at);
}

/* When it came in, by the clock of the day. */
static void put_time(struct room *r, const struct linux_sock *s, weft_time arrived)
{
    struct timespec at[3] = {{0}}; /* by software; by hardware, which there is none of */
    struct timeval v;

    if (!(s->stamp & ~LINUX_STAMP_NEW) && !is_stamping(s))
        return;
    at[0] = linux_day(s, s->now - ago(s, arrived));
    if (s->stamp & LINUX_STAMP_NEW) {
        put_new_time(r, s, at[0]);
        return;
    }
    v = (struct timeval){at[0].tv_sec, at[0].tv_nsec / 1000};
    if (s->stamp == LINUX_STAMP_NANOSECONDS)
        put(r, SOL_SOCKET, SCM_TIMESTAMPNS, &at[0], sizeof at[0]);
    else if (s->stamp == LINUX_STAMP_MICROSECONDS)
        put(r, SOL_SOCKET, SCM_TIMESTAMP, &v, sizeof v);
    if (is_stamping(s))
        put(r, SOL_SOCKET, SCM_TIMESTAMPING, at, sizeof at);
}

static void put_lost(struct room *r, const struct weft_control *c)
{
    put(r, SOL_SOCKET, SO_RXQ_OVFL, &c->lost, sizeof c->lost);
}

static void put_pktinfo6_as(struct room *r, const struct weft_control *c, int type)
{
    struct in6_pktinfo info = {.ipi6_ifindex = c->interface};
    struct weft_ip ip = c->address;

    weft_ip_set_zone(&ip, 0);
    memcpy(&info.ipi6_addr, ip.b, sizeof ip.b);
    put(r, IPPROTO_IPV6, type, &info, sizeof info);
}

static void put_pktinfo6(struct room *r, const struct weft_control *c) { put_pktinfo6_as(r, c, IPV6_PKTINFO); }

static void put_pktinfo(struct room *r, const struct weft_control *c)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)c->interface};

    info.ipi_addr = linux_in_addr(&c->address);
    info.ipi_spec_dst = linux_in_addr(&c->local);
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

static void put_options(struct room *r, const struct weft_control *c)
{
    put(r, IPPROTO_IP, IP_RECVOPTS, c->options, c->n_options);
}

static void put_reply(struct room *r, const struct weft_control *c)
{
    put(r, IPPROTO_IP, IP_RETOPTS, c->reply, c->n_reply);
}

/* By what type each kind of extension header is told; 0: it is not asked for. */
struct header_types {
    int hop_options, destination_options, routing;
};

static int type_of_header(const struct header_types *t, uint8_t kind)
{
    switch (kind) {
    case IPPROTO_HOPOPTS:
        return t->hop_options;
    case IPPROTO_DSTOPTS:
        return t->destination_options;
    case IPPROTO_ROUTING:
        return t->routing;
    default:
        return 0;
    }
}

/* In the order in which they came; a fragment header on the way has no length of its own, which reads as 8 bytes. */
static void put_headers_as(struct room *r, const struct weft_control *c, const struct header_types *types)
{
    uint8_t kind = c->first_header;
    size_t len;

    for (size_t at = 0; at + 8 <= c->n_headers; at += len) {
        const uint8_t *p = c->headers + at;
        int type = type_of_header(types, kind);

        len = (p[1] + 1u) * 8;
        if (at + len > c->n_headers)
            return;
        if (type)
            put(r, IPPROTO_IPV6, type, p, len);
        kind = p[0];
    }
}

static void put_headers(struct room *r, const struct weft_control *c)
{
    put_headers_as(r, c, &(struct header_types){c->has & WEFT_CONTROL_HOPOPTS ? IPV6_HOPOPTS : 0,
                                                c->has & WEFT_CONTROL_DSTOPTS ? IPV6_DSTOPTS : 0,
                                                c->has & WEFT_CONTROL_RTHDR ? IPV6_RTHDR : 0});
}

/* The same things by their older names. */
static void put_2292(struct room *r, const struct weft_control *c, unsigned asked)
{
    if (asked & LINUX_2292_PKTINFO)
        put_pktinfo6_as(r, c, IPV6_2292PKTINFO);
    if (asked & LINUX_2292_HOPLIMIT)
        put(r, IPPROTO_IPV6, IPV6_2292HOPLIMIT, &c->ttl, sizeof c->ttl);
    put_headers_as(r, c, &(struct header_types){asked & LINUX_2292_HOPOPTS ? IPV6_2292HOPOPTS : 0,
                                                asked & LINUX_2292_DSTOPTS ? IPV6_2292DSTOPTS : 0,
                                                asked & LINUX_2292_RTHDR ? IPV6_2292RTHDR : 0});
}

static void put_flow(struct room *r, const struct weft_control *c)
{
    uint8_t flow[4];

    poke_u32(flow, (uint32_t)c->tos << 20 | c->flow_label);
    put(r, IPPROTO_IPV6, LINUX_IPV6_FLOWINFO, flow, sizeof flow);
}

static void put_origdst(struct room *r, const struct weft_control *c)
{
    struct weft_addr to = {c->address, c->port};
    struct sockaddr_storage a;
    socklen_t n = linux_make_addr(&to, c->v4 ? AF_INET : AF_INET6, &a);

    put(r, c->v4 ? IPPROTO_IP : IPPROTO_IPV6, c->v4 ? IP_ORIGDSTADDR : IPV6_ORIGDSTADDR, &a, n);
}

static void put_piece(struct room *r, const struct weft_control *c)
{
    int bytes = c->piece;

    put(r, c->v4 ? IPPROTO_IP : IPPROTO_IPV6, c->v4 ? WEFT_IP_RECVFRAGSIZE : WEFT_IPV6_RECVFRAGSIZE, &bytes,
        sizeof bytes);
}

static void put_segment(struct room *r, const struct weft_control *c)
{
    int bytes = c->segment;

    put(r, IPPROTO_UDP, UDP_GRO, &bytes, sizeof bytes);
}

/* Behind the last byte there is one more thing to read: the end. */
static void put_inquiry(struct room *r, const struct linux_sock *s)
{
    int left = (int)weft_unread(s->sock) + (weft_ready(s->sock) & WEFT_PEER_CLOSED ? 1 : 0);

    put(r, IPPROTO_TCP, LINUX_TCP_INQ, &left, sizeof left);
}

struct giver {
    unsigned item; /* enum weft_control_item */
    void (*put)(struct room *r, const struct weft_control *c);
};

/* In Linux's order; between them stand the names of RFC 2292. */
static const struct giver first_givers[] = {
    {WEFT_CONTROL_LOST, put_lost}, {WEFT_CONTROL_SEGMENT, put_segment},
    {WEFT_CONTROL_PKTINFO6, put_pktinfo6}, {WEFT_CONTROL_PKTINFO, put_pktinfo}, {WEFT_CONTROL_TTL, put_ttl},
    {WEFT_CONTROL_TOS, put_tos}, {WEFT_CONTROL_FLOW, put_flow}, {WEFT_CONTROL_OPTIONS, put_options},
    {WEFT_CONTROL_REPLY, put_reply},
    {WEFT_CONTROL_HOPOPTS | WEFT_CONTROL_DSTOPTS | WEFT_CONTROL_RTHDR, put_headers},
};
static const struct giver last_givers[] = {
    {WEFT_CONTROL_ORIGDST, put_origdst}, {WEFT_CONTROL_PIECE, put_piece},
};

static void put_each(struct room *r, const struct weft_control *c, const struct giver *g, size_t n)
{
    for (size_t i = 0; c->has && i < n; i++)
        if (c->has & g[i].item)
            g[i].put(r, c);
}

void linux_give_control(const struct linux_sock *s, const struct weft_control *control, struct msghdr *msg, bool any)
{
    struct room r = {.msg = msg};

    if (any || s->type != SOCK_STREAM) /* the end of a stream has no time */
        put_time(&r, s, control->arrived);
    put_each(&r, control, first_givers, sizeof first_givers / sizeof *first_givers);
    if (s->rfc2292 && !control->v4 && s->type != SOCK_STREAM)
        put_2292(&r, control, s->rfc2292);
    put_each(&r, control, last_givers, sizeof last_givers / sizeof *last_givers);
    if (s->inquire)
        put_inquiry(&r, s);
    msg->msg_controllen = r.used;
}

/* ---- IP_RECVERR ---- */

/* How the message came: in Linux's order, too, and without an address to answer from. */
static void put_arrival(struct room *r, const struct linux_sock *s, const struct weft_report *report)
{
    const struct weft_control came = {.has = report->has, .interface = report->interface,
                                      .address = report->came_to, .ttl = report->ttl, .tos = report->tos,
                                      .v4 = report->origin == WEFT_ORIGIN_ICMP};

    if (s->type != SOCK_STREAM)
        put_time(r, s, report->arrived);
    put_each(r, &came, first_givers, sizeof first_givers / sizeof *first_givers);
}

void linux_give_report(const struct linux_sock *s, const struct weft_report *report, struct msghdr *msg)
{
    struct room r = {.msg = msg};
    int domain = s->domain;
    struct weft_addr from = {report->offender, 0};
    struct sockaddr_storage offender = {0};
    socklen_t n = linux_make_addr(&from, domain, &offender);
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
    struct sock_ee_data_rfc4884 extensions = {.len = report->original,
                                              .flags = report->unsound ? SO_EE_RFC4884_FLAG_INVALID : 0};

    if (report->original)
        memcpy(&message.ee.ee_data, &extensions, sizeof message.ee.ee_data);
    if (report->origin != WEFT_ORIGIN_LOCAL)
        memcpy(&message.offender, &offender, n);
    put_arrival(&r, s, report);
    put(&r, domain == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, domain == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, &message,
        sizeof message.ee + n);
    msg->msg_controllen = r.used;
}
