/* SPDX-License-Identifier: MIT */
/*
 * Sockets of NETLINK_ROUTE (rtnetlink(7)), which ask for the host's interfaces, addresses and routes: that is what
 * libc's getifaddrs and getaddrinfo (AI_ADDRCONFIG), Go's net package and ip(8) do. Ours answer for the host; other
 * netlink protocols stay with the kernel.
 *
 * A socket is a pair here too, without a socket of the engine's behind it. A request is answered at once and as a
 * whole: all the datagrams of its answer lie in the pair before the call that sent it returns, if it was notified to
 * us. Who asks gets an answer, and who joined a group is told of changes (netlink_watch.c); nothing is changed.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "run/netlink.h"

/* An answer that is being written. */
struct answer {
    struct netlink_writer w; /* first */
    struct file *f;
    const struct nlmsghdr *asked;
};

static void answer_take(struct netlink_writer *w)
{
    struct answer *a = (struct answer *)w;

    if (send(a->f->end, w->out.bytes, w->n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return; /* the program reads no more, or not enough: it is lost, as with the kernel's (ENOBUFS) */
}

static void answer_error(struct answer *a, int error)
{
    struct nlmsgerr e = {.error = error, .msg = *a->asked};

    a->w.flags = 0;
    netlink_begin(&a->w, NLMSG_ERROR, &e, sizeof e);
}

/* ---- what may be asked ---- */

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
        netlink_tell_link(&a->w, &info);
    else
        answer_error(a, -ENODEV);
}

/* A dump, or one interface by its number or name. */
static void ask_links(struct run *run, struct answer *a, const void *body, size_t n)
{
    if (a->w.flags & NLM_F_MULTI)
        netlink_tell_links(run, &a->w);
    else
        ask_link(run, a, body, n);
}

static unsigned char family_asked(const void *body, size_t n)
{
    return n ? *(const unsigned char *)body : AF_UNSPEC;
}

static void ask_addresses(struct run *run, struct answer *a, const void *body, size_t n)
{
    netlink_tell_addresses(run, &a->w, family_asked(body, n));
}

/* The destination in a request for one route. n: bytes from the body on. */
static bool destination_asked(const void *body, size_t n, struct weft_ip *dst)
{
    const struct rtmsg *wanted = body;
    const struct rtattr *attribute = (const struct rtattr *)((const uint8_t *)body + NLMSG_ALIGN(sizeof *wanted));
    size_t left = n < NLMSG_ALIGN(sizeof *wanted) ? 0 : n - NLMSG_ALIGN(sizeof *wanted);
    struct in_addr v4;

    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type != RTA_DST)
            continue;
        if (wanted->rtm_family == AF_INET && RTA_PAYLOAD(attribute) == sizeof v4) {
            memcpy(&v4, RTA_DATA(attribute), sizeof v4);
            *dst = linux_v4(&v4);
            return true;
        }
        if (wanted->rtm_family == AF_INET6 && RTA_PAYLOAD(attribute) == sizeof dst->b) {
            memcpy(dst->b, RTA_DATA(attribute), sizeof dst->b);
            return true;
        }
    }
    return false;
}

static void ask_route(struct run *run, struct answer *a, const void *body, size_t n)
{
    struct weft_ip dst = {0};

    if (!destination_asked(body, n, &dst))
        answer_error(a, -EINVAL);
    else if (netlink_tell_way(run, &a->w, &dst) < 0)
        answer_error(a, -ENETUNREACH);
}

/* A dump, or the way to one address. */
static void ask_routes(struct run *run, struct answer *a, const void *body, size_t n)
{
    if (a->w.flags & NLM_F_MULTI)
        netlink_tell_routes(run, &a->w, family_asked(body, n));
    else
        ask_route(run, a, body, n);
}

static const struct {
    uint16_t type;
    bool single; /* also without NLM_F_DUMP */
    void (*ask)(struct run *run, struct answer *a, const void *body, size_t n);
} questions[] = {
    {RTM_GETLINK, true, ask_links},
    {RTM_GETADDR, false, ask_addresses},
    {RTM_GETROUTE, true, ask_routes},
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
        a->w.flags = dump ? NLM_F_MULTI : 0;
        questions[i].ask(run, a, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
        if (dump)
            netlink_begin(&a->w, NLMSG_DONE, &done, sizeof done);
        return;
    }
    complain(run, "netlink", "request %u is not known here", h->nlmsg_type);
    answer_error(a, -EOPNOTSUPP);
}

void netlink_answer(struct run *run, struct file *f, size_t n)
{
    struct answer a = {.w = {.port = f->port, .take = answer_take}, .f = f};
    const uint8_t *at = run->payload;

    while (n >= NLMSG_HDRLEN) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)at;
        size_t step;

        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > n)
            return;
        a.asked = h;
        a.w.sequence = h->nlmsg_seq;
        if (h->nlmsg_type >= NLMSG_MIN_TYPE && h->nlmsg_flags & NLM_F_REQUEST)
            answer_one(run, &a);
        netlink_flush(&a.w);
        step = NLMSG_ALIGN(h->nlmsg_len) < n ? NLMSG_ALIGN(h->nlmsg_len) : n;
        at += step;
        n -= step;
    }
}
