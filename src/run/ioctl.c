/* SPDX-License-Identifier: MIT */
/*
 * ioctl and shutdown: what the pair cannot know, and what asks for interfaces. FIONREAD, FIONBIO and their like are the
 * kernel's.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "run/private.h"

static int64_t give_int(struct call *c, int64_t value)
{
    int v = (int)value;

    if (value < 0)
        return value;
    return call_write(c, c->arg[2], &v, sizeof v);
}

/* Bytes on their way: the engine's, and those that have not come to it yet. */
static int64_t ask_unsent(struct call *c)
{
    const struct file *f = c->file;
    int there = 0;

    if (f->end >= 0 && ioctl(f->end, FIONREAD, &there) == 0 && file_is_stream(f) && there)
        there--; /* the byte that stays */
    return give_int(c, (int64_t)weft_unsent(f->sock) + there - (int64_t)f->fill);
}

/* The mark went into the pair with its byte. */
static int64_t ask_mark(struct call *c)
{
    int64_t r = weft_atmark(c->file->sock);

    return r < 0 ? r : ANSWER_CONTINUE;
}

/* ---- interfaces: the host's ---- */

/* A structure of the program's, which is read, filled in and written back. */
static int64_t ask_interface(struct call *c, int domain)
{
    union {
        struct ifreq interface;
        struct arpreq neighbour;
    } it;
    unsigned request = (unsigned)c->arg[1];
    size_t n = linux_interface_size(request);
    int err;

    if (call_read(c, c->arg[2], &it, n) < 0)
        return -EFAULT;
    err = linux_interface_ioctl(c->run->stack, domain, request, &it);
    return err ? err : call_write(c, c->arg[2], &it, n);
}

/* SIOCGIFCONF: without a buffer, how many bytes it takes. */
static int64_t ask_list(struct call *c)
{
    struct ifreq rows[HOST_INTERFACES];
    struct ifconf conf;
    size_t room, n;

    if (call_read(c, c->arg[2], &conf, sizeof conf) < 0)
        return -EFAULT;
    room = conf.ifc_len < 0 ? 0 : (size_t)conf.ifc_len / sizeof *rows;
    room = room < HOST_INTERFACES ? room : HOST_INTERFACES;
    n = linux_interface_list(c->run->stack, conf.ifc_buf ? rows : NULL, room);
    if (conf.ifc_buf && n && call_write(c, (uintptr_t)conf.ifc_buf, rows, n * sizeof *rows) < 0)
        return -EFAULT;
    conf.ifc_len = (int)(n * sizeof *rows);
    return call_write(c, c->arg[2], &conf, sizeof conf);
}

/* Does it change interfaces, routes or neighbours? They are not the program's, who has no privilege here. */
static bool changes_host(unsigned request)
{
    static const unsigned all[] = {SIOCSIFADDR,   SIOCSIFNETMASK, SIOCSIFBRDADDR, SIOCSIFDSTADDR, SIOCSIFFLAGS,
                                   SIOCSIFMTU,    SIOCSIFMETRIC,  SIOCSIFHWADDR,  SIOCSIFNAME,    SIOCADDRT,
                                   SIOCDELRT,     SIOCSARP,       SIOCDARP,       SIOCDIFADDR};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] == request)
            return true;
    }
    return false;
}

static int64_t refuse_change(struct call *c)
{
    complain(c->run, "ioctl", "request %#x would change the host, which is not the program's", (unsigned)c->arg[1]);
    return -EPERM;
}

/* What a driver tells of itself. */
static int64_t give_driver(struct call *c, uint64_t at)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO, .driver = "weft"};

    return call_write(c, at, &info, sizeof info);
}

/*
 * SIOCETHTOOL: a device that tells its driver and whether it is up, and knows no speed, no features and no clock: the
 * errno of such a one keeps programs going that fall back on something, as they would not from an unknown ioctl.
 */
static int64_t ask_driver(struct call *c)
{
    struct ethtool_value value;
    struct weft_if_info info;
    struct ifreq r;
    uint64_t at;

    if (call_read(c, c->arg[2], &r, sizeof r) < 0)
        return -EFAULT;
    r.ifr_name[IFNAMSIZ - 1] = 0;
    at = (uintptr_t)r.ifr_data;
    if (!linux_find_interface(c->run->stack, r.ifr_name, 0, &info))
        return -ENODEV;
    if (call_read(c, at, &value.cmd, sizeof value.cmd) < 0)
        return -EFAULT;
    value.data = info.up;
    if (value.cmd == ETHTOOL_GLINK)
        return call_write(c, at, &value, sizeof value);
    return value.cmd == ETHTOOL_GDRVINFO ? give_driver(c, at) : -EOPNOTSUPP;
}

static bool is_of_interfaces(unsigned request)
{
    return request == SIOCGIFCONF || linux_interface_size(request) || changes_host(request);
}

static int64_t answer_of_interfaces(struct call *c, int domain)
{
    if (changes_host((unsigned)c->arg[1]))
        return refuse_change(c);
    return (unsigned)c->arg[1] == SIOCGIFCONF ? ask_list(c) : ask_interface(c, domain);
}

/* libc asks on whatever socket it can get, mostly one of AF_UNIX. Those of AF_PACKET are of the kernel's interfaces. */
int64_t answer_foreign_ioctl(struct call *c)
{
    int domain = AF_UNSPEC;
    socklen_t n = sizeof domain;

    if (c->fd < 0 || !is_of_interfaces((unsigned)c->arg[1]) ||
        getsockopt(c->fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0 || (domain != AF_UNIX && domain != AF_NETLINK))
        return ANSWER_CONTINUE;
    return answer_of_interfaces(c, domain);
}

/* ---- all of them ---- */

static const struct {
    unsigned request;
    answerer *answer;
} requests[] = {
    {SIOCOUTQ, ask_unsent},
    {SIOCATMARK, ask_mark},
    {SIOCETHTOOL, ask_driver},
};

int64_t answer_ioctl(struct call *c)
{
    size_t i;

    for (i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (requests[i].request == (unsigned)c->arg[1])
            return requests[i].answer(c);
    }
    if (is_of_interfaces((unsigned)c->arg[1]))
        return answer_of_interfaces(c, c->file->domain);
    complain(c->run, "ioctl", "request %#x is not known here", (unsigned)c->arg[1]);
    return -ENOTTY;
}

/* The kernel shuts the pair down, and we hear of that (stream.c). Here is what it would not refuse. */
int64_t answer_shutdown(struct call *c)
{
    struct file *f = c->file;
    int how = (int)c->arg[1], err;
    enum weft_tcp_state state = weft_tcp_state(f->sock);

    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    if (!file_is_stream(f)) {
        err = weft_shutdown(f->sock, (enum weft_shut)how);
        return err ? err : ANSWER_CONTINUE;
    }
    if (state == WEFT_TCP_LISTEN && how == SHUT_WR)
        return 0;
    if (state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT) {
        err = weft_disconnect(f->sock);
        file_unpark_all(f, state == WEFT_TCP_LISTEN ? -EINVAL : -ECONNRESET);
        return err ? err : ANSWER_CONTINUE;
    }
    return state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT ? -ENOTCONN : ANSWER_CONTINUE;
}
