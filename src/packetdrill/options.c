/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt. Levels and numbers are Linux's on both sides, so most pass straight through. What a
 * socket of ours must know itself stands in the table: it is about waiting, which the engine never does, or about the
 * descriptor.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/desc.h"
#include "packetdrill/user.h"

#define VALUE_MAX 1024 /* bytes of the longest value there is */

#ifndef TCP_INQ
#define TCP_INQ 36
#endif

/* ---- our own ---- */

struct own {
    int level, option;
    size_t size;
    int (*set)(struct socket *s, const void *value); /* NULL: read only */
    void (*get)(const struct socket *s, void *value);
};

static int64_t as_int(const void *value)
{
    int v;

    memcpy(&v, value, sizeof v);
    return v;
}

static void give_int(void *value, int v)
{
    memcpy(value, &v, sizeof v);
}

static int set_read_timeout(struct socket *s, const void *v) { return linux_take_timeout(v, &s->read_timeout); }
static void get_read_timeout(const struct socket *s, void *v) { linux_give_timeout(v, s->read_timeout); }
static int set_write_timeout(struct socket *s, const void *v) { return linux_take_timeout(v, &s->write_timeout); }
static void get_write_timeout(const struct socket *s, void *v) { linux_give_timeout(v, s->write_timeout); }
static void get_domain(const struct socket *s, void *v) { give_int(v, s->domain); }
static void get_low_water(const struct socket *s, void *v) { give_int(v, s->low_water); }
static void get_inquire(const struct socket *s, void *v) { give_int(v, s->inquire); }
static void get_linger(const struct socket *s, void *v) { memcpy(v, &s->linger, sizeof s->linger); }

static int set_low_water(struct socket *s, const void *v)
{
    s->low_water = linux_take_low_water(v);
    return 0;
}

static int set_stamp(struct socket *s, const void *v, enum linux_stamp stamp)
{
    linux_take_stamp(v, stamp, &s->stamp);
    return 0;
}

static int set_micro(struct socket *s, const void *v) { return set_stamp(s, v, LINUX_STAMP_MICROSECONDS); }
static void get_micro(const struct socket *s, void *v) { linux_give_stamp(v, LINUX_STAMP_MICROSECONDS, s->stamp); }
static int set_nano(struct socket *s, const void *v) { return set_stamp(s, v, LINUX_STAMP_NANOSECONDS); }
static void get_nano(const struct socket *s, void *v) { linux_give_stamp(v, LINUX_STAMP_NANOSECONDS, s->stamp); }

static int set_inquire(struct socket *s, const void *v)
{
    if (as_int(v) < 0 || as_int(v) > 1)
        return -EINVAL;
    s->inquire = as_int(v);
    return 0;
}

static int set_zerocopy(struct socket *s, const void *v)
{
    if (s->protocol != IPPROTO_TCP && s->protocol != IPPROTO_UDP)
        return -EOPNOTSUPP;
    if (as_int(v) < 0 || as_int(v) > 1)
        return -EINVAL;
    s->reports.zerocopy = as_int(v);
    return 0;
}
static void get_zerocopy(const struct socket *s, void *v) { give_int(v, s->reports.zerocopy); }

/* What is sent is stamped on streams only; of datagrams, what came in. */
static int set_stamping(struct socket *s, const void *v)
{
    const unsigned in = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE |
                        SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE;
    unsigned stamps = (unsigned)as_int(v);

    if (socket_is_stream(s))
        return reports_set_stamping(s, stamps);
    if (stamps & ~in)
        return -EINVAL;
    s->reports.stamping = stamps;
    return 0;
}
static void get_stamping(const struct socket *s, void *v) { give_int(v, (int)s->reports.stamping); }

/* The engine knows of no lingering but that of no time, which is a reset. */
static int set_linger(struct socket *s, const void *v)
{
    memcpy(&s->linger, v, sizeof s->linger);
    s->linger.onoff = s->linger.onoff != 0;
    if (!socket_is_stream(s))
        return 0;
    return weft_setsockopt(s->sock, WEFT_SOL_SOCKET, WEFT_SO_LINGER, v, sizeof s->linger);
}

/* These ask for nothing here. */
static int set_cpu(struct socket *s, const void *v)
{
    s->cpu = (int)as_int(v);
    return 0;
}
static void get_cpu(const struct socket *s, void *v) { give_int(v, s->cpu); }

static int set_busy_poll(struct socket *s, const void *v)
{
    if (as_int(v) < 0)
        return -EINVAL;
    s->busy_poll = (int)as_int(v);
    return 0;
}
static void get_busy_poll(const struct socket *s, void *v) { give_int(v, s->busy_poll); }

static int set_urgent_errors(struct socket *s, const void *v)
{
    s->urgent_errors = as_int(v) != 0;
    return 0;
}
static void get_urgent_errors(const struct socket *s, void *v) { give_int(v, s->urgent_errors); }

static const struct own owns[] = {
    {SOL_SOCKET, SO_RCVTIMEO_NEW, sizeof(struct timeval), set_read_timeout, get_read_timeout}, /* 64 bits, as it is */
    {SOL_SOCKET, SO_SNDTIMEO_NEW, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_INCOMING_CPU, sizeof(int), set_cpu, get_cpu},
    {SOL_SOCKET, SO_BUSY_POLL, sizeof(int), set_busy_poll, get_busy_poll},
    {SOL_SOCKET, SO_SELECT_ERR_QUEUE, sizeof(int), set_urgent_errors, get_urgent_errors},
    {SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_read_timeout},
    {SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_LINGER, sizeof(struct linger), set_linger, get_linger},
    {SOL_SOCKET, SO_RCVLOWAT, sizeof(int), set_low_water, get_low_water},
    {SOL_SOCKET, SO_TIMESTAMP, sizeof(int), set_micro, get_micro},
    {SOL_SOCKET, SO_TIMESTAMPNS, sizeof(int), set_nano, get_nano},
    {SOL_SOCKET, SO_ZEROCOPY, sizeof(int), set_zerocopy, get_zerocopy},
    {SOL_SOCKET, SO_TIMESTAMPING, sizeof(int), set_stamping, get_stamping},
    {SOL_SOCKET, SO_DOMAIN, sizeof(int), NULL, get_domain},
    {IPPROTO_TCP, TCP_INQ, sizeof(int), set_inquire, get_inquire},
};

static const struct own *find_own(const struct socket *s, int level, int option)
{
    if (level == IPPROTO_TCP && !socket_is_stream(s))
        return NULL;
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++)
        if (owns[i].level == level && owns[i].option == option)
            return &owns[i];
    return NULL;
}

/* ---- set ---- */

/* A script that needs it shall not look for a fault elsewhere. What has a name here is not there, whatever the
 * error. */
static void say_unknown(int level, int option, int err)
{
    static const struct {
        int level, option;
        const char *name;
    } names[] = {
        {IPPROTO_TCP, TCP_MD5SIG, " (TCP_MD5SIG)"},     {IPPROTO_TCP, TCP_MD5SIG_EXT, " (TCP_MD5SIG_EXT)"},
        {IPPROTO_TCP, TCP_REPAIR, " (TCP_REPAIR)"},     {IPPROTO_TCP, TCP_REPAIR_QUEUE, " (TCP_REPAIR_QUEUE)"},
        {IPPROTO_TCP, TCP_QUEUE_SEQ, " (TCP_QUEUE_SEQ)"}, {IPPROTO_TCP, TCP_REPAIR_OPTIONS, " (TCP_REPAIR_OPTIONS)"},
        {IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, " (TCP_ZEROCOPY_RECEIVE)"},
    };
    const char *name = "";

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].level == level && names[i].option == option)
            name = names[i].name;
    if (*name || err == WEFT_ENOPROTOOPT)
        fprintf(stderr, "libweft-packetdrill: weft has no socket option %d of level %d%s\n", option, level, name);
}

static int64_t set_option(struct drill *d, int fd, int level, int option, const void *value, socklen_t n)
{
    uint8_t copy[VALUE_MAX] = {0};
    size_t size = n < sizeof copy ? n : sizeof copy;
    const struct own *own;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if ((int)n < 0 || (level == SOL_SOCKET && n < sizeof(int) && option != SO_BINDTODEVICE))
        return -EINVAL;
    if (!user_reads(d, value, size))
        return -EFAULT;
    if (size)
        memcpy(copy, value, size);
    if (linux_is_group_option(level, option))
        return linux_group_set(s->sock, socket_is_stream(s), level, option, copy, size);
    if (level == SOL_SOCKET && option == SO_BINDTODEVICE)
        return linux_set_device(s->sock, copy, (socklen_t)size);
    own = find_own(s, level, option);
    if (!own) {
        err = weft_setsockopt(s->sock, level, option, copy, size);
        if (err)
            say_unknown(level, option, err);
        return err;
    }
    if (!own->set)
        return -ENOPROTOOPT;
    return size < own->size ? -EINVAL : own->set(s, copy);
}

int drill_setsockopt(void *userdata, int fd, int level, int option, const void *value, socklen_t n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, set_option(d, fd, level, option, value, n));
}

/* ---- get ---- */

static int get_device(weft_sock *sock, void *value, size_t *n)
{
    socklen_t room = (socklen_t)*n;
    int err = linux_get_device(sock, value, &room);

    *n = room;
    return err;
}

static int64_t get_option(struct drill *d, int fd, int level, int option, void *value, socklen_t *n)
{
    uint8_t copy[VALUE_MAX] = {0};
    size_t size;
    const struct own *own;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if (!user_writes(d, n, sizeof *n))
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    size = *n < sizeof copy ? *n : sizeof copy;
    own = find_own(s, level, option);
    if (own) {
        own->get(s, copy);
        size = size < own->size ? size : own->size;
    } else if (linux_is_group_option(level, option)) {
        if (!user_reads(d, value, size))
            return -EFAULT;
        memcpy(copy, value, size); /* which names the group */
        err = linux_group_get(s->sock, level, option, copy, &size);
    } else if (level == SOL_SOCKET && option == SO_BINDTODEVICE) {
        err = get_device(s->sock, copy, &size);
    } else {
        err = weft_getsockopt(s->sock, level, option, copy, &size);
    }
    if (err == WEFT_EINVAL && level == IPPROTO_TCP && option == WEFT_TCP_SAVED_SYN)
        *n = (socklen_t)size; /* so long it is */
    if (err)
        return err;
    if (!user_writes(d, value, size))
        return -EFAULT;
    if (size)
        memcpy(value, copy, size);
    *n = (socklen_t)size;
    return 0;
}

int drill_getsockopt(void *userdata, int fd, int level, int option, void *value, socklen_t *n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, get_option(d, fd, level, option, value, n));
}
