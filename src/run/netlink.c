/* SPDX-License-Identifier: MIT */
/*
 * Sockets of NETLINK_ROUTE (rtnetlink(7)), which ask for the host's interfaces, addresses and routes: that is what
 * libc's getifaddrs and getaddrinfo (AI_ADDRCONFIG), Go's net package and ip(8) do. Ours answer for the host; other
 * netlink protocols stay with the kernel.
 *
 * A socket is a pair here too, without a socket of the engine's behind it. A request is answered at once and as a
 * whole: all the datagrams of its answer lie in the pair before the call that sent it returns, if it was notified to
 * us. Who asks gets an answer; nothing is changed, and nobody is told of changes.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "run/private.h"
#include "weft/route.h"

#define DATAGRAM 4096 /* bytes of one of an answer; libc's buffers are no smaller */
#define ROUTES   4096 /* are told of, no more */

/* An answer that is being written. */
struct answer {
    struct file *f;
    const struct nlmsghdr *asked;
    uint32_t flags; /* of each message */
    size_t n;       /* bytes of the datagram so far */
    size_t message; /* where the last message begins */
    union {
        struct nlmsghdr first;
        uint8_t bytes[DATAGRAM];
    } out;
};

/* ---- writing ---- */

static void answer_flush(struct answer *a)
{
    if (a->n && send(a->f->end, a->out.bytes, a->n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        a->n = 0; /* the program reads no more, or not enough: it is lost, as with the kernel's (ENOBUFS) */
    a->n = 0;
}

/* A message's header and body. What attributes may add to it fits a datagram with it. */
static void begin(struct answer *a, uint16_t type, const void *body, size_t n)
{
    const size_t most = 512;
    struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)a->flags, .nlmsg_seq = a->asked->nlmsg_seq,
                         .nlmsg_pid = a->f->port};

    if (a->n + most > sizeof a->out.bytes)
        answer_flush(a);
    a->message = a->n;
    memset(a->out.bytes + a->n, 0, NLMSG_SPACE(n));
    h.nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
    memcpy(a->out.bytes + a->n, &h, sizeof h);
    memcpy(a->out.bytes + a->n + NLMSG_HDRLEN, body, n);
    a->n += NLMSG_SPACE(n);
}

static void attribute(struct answer *a, uint16_t type, const void *value, size_t n)
{
    const struct rtattr h = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};
    uint32_t len;

    memset(a->out.bytes + a->n, 0, RTA_SPACE(n));
    memcpy(a->out.bytes + a->n, &h, sizeof h);
    memcpy(a->out.bytes + a->n + RTA_LENGTH(0), value, n);
    a->n += RTA_SPACE(n);
    len = (uint32_t)(a->n - a->message);
    memcpy(a->out.bytes + a->message, &len, sizeof len); /* nlmsg_len, the first field */
}

static void attribute_number(struct answer *a, uint16_t type, uint32_t v) { attribute(a, type, &v, sizeof v); }

/* An address in its family's form. */
static void attribute_ip(struct answer *a, uint16_t type, const struct weft_ip *ip)
{
    struct weft_ip plain = *ip;

    if (weft_ip_is_v4(ip)) {
        attribute(a, type, ip->b + 12, 4);
        return;
    }
    weft_ip_set_zone(&plain, 0);
    attribute(a, type, plain.b, sizeof plain.b);
}

static void answer_error(struct answer *a, int error)
{
    struct nlmsgerr e = {.error = error, .msg = *a->asked};

    a->flags = 0;
    begin(a, NLMSG_ERROR, &e, sizeof e);
}

/* ---- what may be asked ---- */

static unsigned char family_of(const struct weft_ip *ip) { return weft_ip_is_v4(ip) ? AF_INET : AF_INET6; }

static void tell_link(struct answer *a, const struct weft_if_info *info)
{
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nobody[6];
    const struct ifinfomsg body = {.ifi_type = (unsigned short)linux_if_type(info), .ifi_index = (int)info->index,
                                   .ifi_flags = linux_if_flags(info)};
    const uint8_t state = info->up ? 6 : 2; /* IF_OPER_UP, IF_OPER_DOWN */

    begin(a, RTM_NEWLINK, &body, sizeof body);
    attribute(a, IFLA_IFNAME, info->name, strlen(info->name) + 1);
    attribute_number(a, IFLA_MTU, info->mtu);
    attribute_number(a, IFLA_TXQLEN, 0); /* what the engine has is no queue of so many */
    attribute(a, IFLA_OPERSTATE, &state, sizeof state);
    if (info->link == WEFT_LINK_IP)
        return;
    attribute(a, IFLA_ADDRESS, info->mac, sizeof info->mac);
    attribute(a, IFLA_BROADCAST, info->link == WEFT_LINK_ETHERNET ? everyone : nobody, sizeof everyone);
}

/* The name in a request for one interface; NULL: there is none. n: bytes from the body on. */
static const char *name_asked(const void *body, size_t n)
{
    const size_t before = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    const struct rtattr *name = (const struct rtattr *)((const uint8_t *)body + before);

    if (n < before + sizeof *name || name->rta_type != IFLA_IFNAME || name->rta_len > n - before ||
        name->rta_len <= RTA_LENGTH(0))
        return NULL;
    return memchr(RTA_DATA(name), 0, name->rta_len - RTA_LENGTH(0)) ? RTA_DATA(name) : NULL;
}

static void ask_link(struct run *run, struct answer *a, const void *body, size_t n)
{
    struct ifinfomsg wanted = {0};
    struct weft_if_info info;
    const char *name;

    memcpy(&wanted, body, n < sizeof wanted ? n : sizeof wanted);
    name = wanted.ifi_index > 0 ? NULL : name_asked(body, n);
    if (wanted.ifi_index <= 0 && !name)
        answer_error(a, -EINVAL);
    else if (linux_find_interface(run->stack, name, (unsigned)wanted.ifi_index, &info))
        tell_link(a, &info);
    else
        answer_error(a, -ENODEV);
}

/* A dump, or one interface by its number or name. */
static void ask_links(struct run *run, struct answer *a, const void *body, size_t n)
{
    struct weft_if_info info;

    if (!(a->flags & NLM_F_MULTI)) {
        ask_link(run, a, body, n);
        return;
    }
    for (size_t i = 0; weft_if_info(run->stack, i, &info); i++)
        tell_link(a, &info);
}

static void tell_address(struct answer *a, const struct weft_if_info *info, size_t i)
{
    const struct weft_ip *ip = &info->address[i].ip, *peer = &info->address[i].peer;
    struct ifaddrmsg body = {.ifa_family = family_of(ip), .ifa_prefixlen = (unsigned char)info->address[i].prefix,
                             .ifa_index = info->index};
    bool v4 = body.ifa_family == AF_INET, alone = !v4 || linux_host_order(peer) == 0;

    body.ifa_flags = info->address[i].automatic ? 0 : IFA_F_PERMANENT;
    if (strcmp(info->address[i].state, "tentative") == 0)
        body.ifa_flags |= IFA_F_TENTATIVE;
    if (strcmp(info->address[i].state, "deprecated") == 0)
        body.ifa_flags |= IFA_F_DEPRECATED;
    if (info->link == WEFT_LINK_LOOPBACK)
        body.ifa_scope = RT_SCOPE_HOST;
    else if (!v4 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80)
        body.ifa_scope = RT_SCOPE_LINK;
    begin(a, RTM_NEWADDR, &body, sizeof body);
    attribute_ip(a, IFA_ADDRESS, alone ? ip : peer);
    if (!v4)
        return;
    attribute_ip(a, IFA_LOCAL, ip);
    if (linux_host_order(&info->address[i].broadcast))
        attribute_ip(a, IFA_BROADCAST, &info->address[i].broadcast);
    attribute(a, IFA_LABEL, info->name, strlen(info->name) + 1);
}

/* Always a dump: of a family, or of all (AF_UNSPEC). */
static void ask_addresses(struct run *run, struct answer *a, const void *body, size_t n)
{
    unsigned char family = n ? *(const unsigned char *)body : AF_UNSPEC;
    struct weft_if_info info;
    size_t i, j;

    for (i = 0; weft_if_info(run->stack, i, &info); i++) {
        for (j = 0; j < info.n_addresses; j++) {
            if (family == AF_UNSPEC || family == family_of(&info.address[j].ip))
                tell_address(a, &info, j);
        }
    }
}

static void tell_route(struct run *run, struct answer *a, const struct weft_route *route)
{
    static const struct weft_ip none;
    bool v4 = weft_ip_is_v4(&route->dst);
    bool direct = v4 ? linux_host_order(&route->gateway) == 0 : memcmp(&route->gateway, &none, sizeof none) == 0;
    const struct rtmsg body = {.rtm_family = family_of(&route->dst), .rtm_dst_len = (unsigned char)route->prefix,
                               .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST,
                               .rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE};
    struct weft_if_info info;

    begin(a, RTM_NEWROUTE, &body, sizeof body);
    attribute_number(a, RTA_TABLE, RT_TABLE_MAIN);
    if (route->prefix)
        attribute_ip(a, RTA_DST, &route->dst);
    if (!direct)
        attribute_ip(a, RTA_GATEWAY, &route->gateway);
    if (route->metric)
        attribute_number(a, RTA_PRIORITY, route->metric);
    if (linux_find_interface(run->stack, route->if_name, 0, &info))
        attribute_number(a, RTA_OIF, info.index);
}

static void ask_routes(struct run *run, struct answer *a, const void *body, size_t n)
{
    unsigned char family = n ? *(const unsigned char *)body : AF_UNSPEC;
    struct weft_route route;
    size_t i;

    for (i = 0; i < ROUTES && weft_route_info(run->stack, i, &route); i++) {
        if (family == AF_UNSPEC || family == family_of(&route.dst))
            tell_route(run, a, &route);
    }
}

static const struct {
    uint16_t type;
    bool single; /* also without NLM_F_DUMP */
    void (*ask)(struct run *run, struct answer *a, const void *body, size_t n);
} questions[] = {
    {RTM_GETLINK, true, ask_links},
    {RTM_GETADDR, false, ask_addresses},
    {RTM_GETROUTE, false, ask_routes},
};

/* ---- requests ---- */

static void answer_one(struct run *run, struct answer *a)
{
    const struct nlmsghdr *h = a->asked;
    bool dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    const int done = 0;

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (questions[i].type != h->nlmsg_type || !(dump || questions[i].single))
            continue;
        a->flags = dump ? NLM_F_MULTI : 0;
        questions[i].ask(run, a, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
        if (dump)
            begin(a, NLMSG_DONE, &done, sizeof done);
        return;
    }
    complain(run, "netlink", "request %u is not known here", h->nlmsg_type);
    answer_error(a, -EOPNOTSUPP);
}

void netlink_answer(struct run *run, struct file *f, size_t n)
{
    struct answer a = {.f = f};
    const uint8_t *at = run->payload;

    while (n >= NLMSG_HDRLEN) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)at;
        size_t step;

        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > n)
            return;
        a.asked = h;
        if (h->nlmsg_type >= NLMSG_MIN_TYPE && h->nlmsg_flags & NLM_F_REQUEST)
            answer_one(run, &a);
        answer_flush(&a);
        step = NLMSG_ALIGN(h->nlmsg_len) < n ? NLMSG_ALIGN(h->nlmsg_len) : n;
        at += step;
        n -= step;
    }
}
