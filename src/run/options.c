/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt. Levels and numbers are Linux's on both sides, so most pass straight to the engine. What
 * stands in the table concerns the pair as well: waiting and buffers.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "run/private.h"

#define VALUE_MAX 1024 /* bytes of the longest value there is, filters of sources excepted */

struct linux_sock file_linux(const struct call *c)
{
    const struct file *f = c->file;

    return (struct linux_sock){f->sock, f->domain, f->type, f->protocol, weft_host_now(c->run->host), NULL,
                               f->own.stamp, f->own.kept[LINUX_STAMPING], f->own.inquire,
                               (unsigned)f->own.kept[LINUX_RFC2292]};
}

/* ---- what cannot be done between a program and its pair ---- */

/*
 * Options that ask for something of bytes that the kernel takes in: streams are written without us, and a datagram is
 * one call's. They may be switched off.
 */
static const struct impossible {
    int level, option;
} impossibles[] = {
    {SOL_SOCKET, SO_ZEROCOPY},
    {IPPROTO_UDP, UDP_CORK},
    {IPPROTO_IPV6, IPV6_RECVPATHMTU},
    {IPPROTO_IPV6, IPV6_FLOWINFO_SEND},
};

static bool is_impossible(int level, int option, const void *value, size_t n)
{
    unsigned number = 0;

    if (n < sizeof number)
        return false;
    memcpy(&number, value, sizeof number);
    for (size_t i = 0; i < sizeof impossibles / sizeof *impossibles; i++) {
        if (impossibles[i].level == level && impossibles[i].option == option)
            return number;
    }
    return level == SOL_SOCKET && (option == SO_TIMESTAMPING || option == SO_TIMESTAMPING_NEW) &&
           number & LINUX_STAMPS_OUT;
}

/* ---- what the pair has too ---- */

/* The program's end has them, for read and write; we have them, for accept, connect and recvfrom. */
static int64_t set_on_pair(struct call *c, int option, const void *value, size_t n)
{
    return setsockopt(c->fd, SOL_SOCKET, option, value, (socklen_t)n) < 0 ? -errno : 0;
}

static int64_t set_read_timeout(struct call *c, const void *value, size_t n)
{
    int64_t r = set_on_pair(c, SO_RCVTIMEO, value, n);

    return r ? r : linux_take_timeout(value, &c->file->own.read_timeout);
}

static int64_t set_write_timeout(struct call *c, const void *value, size_t n)
{
    int64_t r = set_on_pair(c, SO_SNDTIMEO, value, n);

    return r ? r : linux_take_timeout(value, &c->file->own.write_timeout);
}

/* The pair's urgent bytes are read as the engine's would be. */
static int64_t set_in_line(struct call *c, const void *value, size_t n)
{
    int64_t r = file_is_stream(c->file) ? set_on_pair(c, SO_OOBINLINE, value, n) : 0;

    return r ? r : weft_setsockopt(c->file->sock, SOL_SOCKET, SO_OOBINLINE, value, n);
}

static int64_t set_low_water(struct call *c, const void *value, size_t n)
{
    return set_on_pair(c, SO_RCVLOWAT, value, n);
}

static int64_t set_peek_offset(struct call *c, const void *value, size_t n)
{
    return file_is_stream(c->file) ? set_on_pair(c, SO_PEEK_OFF, value, n) : -EOPNOTSUPP;
}

static int64_t set_receive_buffer(struct call *c, const void *value, size_t n)
{
    int64_t r = weft_setsockopt(c->file->sock, SOL_SOCKET, (int)c->arg[2], value, n);

    if (r == 0) {
        memcpy(&c->file->receive_buffer, value, sizeof c->file->receive_buffer);
        if (!c->file->receive_buffer)
            c->file->receive_buffer = 1; /* as little as there is */
        file_size(c->file);
    }
    return r;
}

/* The program stands elsewhere in the caller's memory; its instructions are laid out as the engine's. */
static int64_t attach_filter(struct call *c, const void *value, size_t n)
{
    struct sock_filter code[BPF_MAXINSNS];
    struct sock_fprog program;

    (void)n;
    memcpy(&program, value, sizeof program);
    if (program.len == 0 || program.len > BPF_MAXINSNS || !program.filter)
        return -EINVAL;
    if (call_read(c, (uintptr_t)program.filter, code, program.len * sizeof *code) < 0)
        return -EFAULT;
    return weft_setsockopt(c->file->sock, SOL_SOCKET, (int)c->arg[2], code, program.len * sizeof *code);
}

static int64_t give_int(void *value, size_t *n, int v)
{
    *n = *n < sizeof v ? *n : sizeof v;
    memcpy(value, &v, *n);
    return 0;
}

/* The pending error: ours first, it is the older one. */
static int64_t get_error(struct call *c, void *value, size_t *n)
{
    struct file *f = c->file;
    int err;

    if ((f->error || (f->sock && weft_ready(f->sock) & WEFT_ERROR)) && !call_hold(c))
        return ANSWER_GIVEN; /* it is told once */
    err = file_take_error(c);
    if (!err && f->sock)
        err = weft_error(f->sock);
    return give_int(value, n, -err);
}

static int64_t get_from_pair(struct call *c, void *value, size_t *n)
{
    socklen_t has = (socklen_t)*n;

    if (getsockopt(c->fd, SOL_SOCKET, (int)c->arg[2], value, &has) < 0)
        return -errno;
    *n = has;
    return 0;
}

static const struct own {
    int option; /* of SOL_SOCKET */
    size_t size;
    int64_t (*set)(struct call *c, const void *value, size_t n); /* NULL: as the engine says */
    int64_t (*get)(struct call *c, void *value, size_t *n);
} owns[] = {
    {SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_from_pair},
    {SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_from_pair},
    {SO_RCVTIMEO_NEW, sizeof(struct timeval), set_read_timeout, get_from_pair}, /* 64 bits, as it is */
    {SO_SNDTIMEO_NEW, sizeof(struct timeval), set_write_timeout, get_from_pair},
    {SO_RCVLOWAT, sizeof(int), set_low_water, get_from_pair},
    {SO_PEEK_OFF, sizeof(int), set_peek_offset, get_from_pair},
    {SO_RCVBUF, sizeof(int), set_receive_buffer, NULL},
    {SO_RCVBUFFORCE, sizeof(int), set_receive_buffer, NULL},
    {SO_OOBINLINE, sizeof(int), set_in_line, NULL},
    {SO_ERROR, sizeof(int), NULL, get_error},
    {SO_ATTACH_FILTER, sizeof(struct sock_fprog), attach_filter, NULL},
    {SO_ATTACH_REUSEPORT_CBPF, sizeof(struct sock_fprog), attach_filter, NULL},
};

static const struct own *find_own(int level, int option)
{
    for (size_t i = 0; level == SOL_SOCKET && i < sizeof owns / sizeof *owns; i++)
        if (owns[i].option == option)
            return &owns[i];
    return NULL;
}

/* Nobody has options of IPv6 on a socket of IPv4, and programs that ask for them all the same expect no other
 * answer. */
static int64_t told(struct call *c, int64_t r)
{
    if (r == -ENOPROTOOPT && !(c->file->domain == AF_INET && c->arg[1] == IPPROTO_IPV6))
        complain(c->run, call_name(c->nr), "there is no option %d of level %d here", (int)c->arg[2], (int)c->arg[1]);
    return r;
}

/* ---- groups: values that are long, or say what is asked for ---- */

static int64_t set_group(struct call *c)
{
    size_t n = c->arg[4];

    if ((int)n < 0)
        return -EINVAL;
    if (n > PAYLOAD)
        return -ENOBUFS;
    if (call_read(c, c->arg[3], c->run->payload, n) < 0)
        return -EFAULT;
    return linux_group_set(c->file->sock, file_is_stream(c->file), (int)c->arg[1], (int)c->arg[2], c->run->payload, n);
}

static int64_t get_group(struct call *c)
{
    socklen_t room;
    size_t n;
    int err;

    if (call_read(c, c->arg[4], &room, sizeof room) < 0)
        return -EFAULT;
    n = room < PAYLOAD ? room : PAYLOAD;
    if ((int)room < 0 || !c->file->sock)
        return -EINVAL;
    if (call_read(c, c->arg[3], c->run->payload, n) < 0)
        return -EFAULT;
    err = linux_group_get(c->file->sock, (int)c->arg[1], (int)c->arg[2], c->run->payload, &n);
    room = (socklen_t)n;
    if (!err && (call_write(c, c->arg[3], c->run->payload, n) < 0 || call_write(c, c->arg[4], &room, sizeof room) < 0))
        err = -EFAULT;
    return err;
}

/* ---- the calls ---- */

int64_t answer_setsockopt(struct call *c)
{
    int level = (int)c->arg[1], option = (int)c->arg[2];
    uint8_t value[VALUE_MAX] = {0};
    size_t n = c->arg[4] < sizeof value ? c->arg[4] : sizeof value;
    const struct own *own = find_own(level, option);
    const struct linux_sock s = file_linux(c);

    if (linux_is_group_option(level, option))
        return told(c, set_group(c));
    if ((int)c->arg[4] < 0)
        return -EINVAL;
    if (n && call_read(c, c->arg[3], value, n) < 0)
        return -EFAULT;
    if (level == IPPROTO_TCP && file_is_stream(c->file) && c->file->progress == CONNECTED)
        stream_flush(c->file); /* what was written before TCP_CORK is set is not held by it */
    if (is_impossible(level, option, value, n))
        return told(c, -ENOPROTOOPT);
    if (!own || !own->set)
        return told(c, linux_set_option(&s, &c->file->own, level, option, value, (socklen_t)n));
    return n < own->size ? -EINVAL : told(c, own->set(c, value, n));
}

int64_t answer_getsockopt(struct call *c)
{
    int level = (int)c->arg[1], option = (int)c->arg[2];
    uint8_t value[VALUE_MAX] = {0};
    const struct own *own = find_own(level, option);
    const struct linux_sock s = file_linux(c);
    socklen_t room;
    int64_t r;
    size_t n;

    if (linux_is_group_option(level, option))
        return told(c, get_group(c));
    if (call_read(c, c->arg[4], &room, sizeof room) < 0)
        return -EFAULT;
    if ((int)room < 0)
        return -EINVAL;
    n = room = room < sizeof value ? room : sizeof value;
    if (own && own->get)
        r = own->get(c, value, &n);
    else
        r = c->file->sock ? linux_get_option(&s, &c->file->own, level, option, value, &room) : -EINVAL;
    if (r)
        return told(c, r);
    if (own && own->get)
        room = (socklen_t)n;
    else
        n = room;
    if (call_write(c, c->arg[3], value, n) < 0 || call_write(c, c->arg[4], &room, sizeof room) < 0)
        return -EFAULT;
    return 0;
}
