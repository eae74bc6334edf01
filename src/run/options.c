/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt. Levels and numbers are Linux's on both sides, so most pass straight to the engine. What
 * stands in the table concerns the pair as well: waiting and buffers.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "run/private.h"

#define VALUE_MAX 1024 /* bytes of the longest value there is, filters of sources excepted */

/* Zero is no time-out at all, and less than zero is none to wait (Linux's sock_set_timeout). */
static weft_time timeout_of(const void *value)
{
    struct timeval t;

    memcpy(&t, value, sizeof t);
    if (t.tv_sec < 0)
        return 0;
    if ((t.tv_sec == 0 && t.tv_usec == 0) || (uint64_t)t.tv_sec >= WEFT_NEVER / WEFT_S - 1)
        return WEFT_NEVER;
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_usec * WEFT_US;
}

/* The program's end has them, for read and write; we have them, for accept, connect and recvfrom. */
static int64_t set_on_pair(struct call *c, int option, const void *value, size_t n)
{
    return setsockopt(c->fd, SOL_SOCKET, option, value, (socklen_t)n) < 0 ? -errno : 0;
}

static int64_t set_read_timeout(struct call *c, const void *value, size_t n)
{
    int64_t r = set_on_pair(c, SO_RCVTIMEO, value, n);

    if (r == 0)
        c->file->read_timeout = timeout_of(value);
    return r;
}

static int64_t set_write_timeout(struct call *c, const void *value, size_t n)
{
    int64_t r = set_on_pair(c, SO_SNDTIMEO, value, n);

    if (r == 0)
        c->file->write_timeout = timeout_of(value);
    return r;
}

static int64_t set_low_water(struct call *c, const void *value, size_t n)
{
    return set_on_pair(c, SO_RCVLOWAT, value, n);
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
    return weft_setsockopt(c->file->sock, SOL_SOCKET, SO_ATTACH_FILTER, code, program.len * sizeof *code);
}

static int64_t set_device(struct call *c, const void *value, size_t n)
{
    return linux_set_device(c->file->sock, value, (socklen_t)n);
}

static int64_t get_device(struct call *c, void *value, size_t *n)
{
    socklen_t has = (socklen_t)*n;
    int err = c->file->sock ? linux_get_device(c->file->sock, value, &has) : -EINVAL;

    *n = has;
    return err;
}

/* When a datagram, or the last text, came in: recvmsg tells. */
static int64_t set_stamp(struct call *c, const void *value, enum linux_stamp stamp)
{
    int on;

    memcpy(&on, value, sizeof on);
    c->file->stamp = on ? stamp : LINUX_STAMP_NONE;
    return 0;
}

static int64_t set_micro(struct call *c, const void *value, size_t n)
{
    (void)n;
    return set_stamp(c, value, LINUX_STAMP_MICROSECONDS);
}

static int64_t set_nano(struct call *c, const void *value, size_t n)
{
    (void)n;
    return set_stamp(c, value, LINUX_STAMP_NANOSECONDS);
}

static int64_t set_stamping(struct call *c, const void *value, size_t n)
{
    (void)n;
    memcpy(&c->file->stamping, value, sizeof c->file->stamping);
    return 0;
}

static int64_t give_int(void *value, size_t *n, int v)
{
    *n = *n < sizeof v ? *n : sizeof v;
    memcpy(value, &v, *n);
    return 0;
}

static int64_t set_inquire(struct call *c, const void *value, size_t n)
{
    int on;

    (void)n;
    memcpy(&on, value, sizeof on);
    if (on < 0 || on > 1)
        return -EINVAL;
    c->file->inquire = on;
    return 0;
}

static int64_t get_inquire(struct call *c, void *value, size_t *n) { return give_int(value, n, c->file->inquire); }

static int64_t get_micro(struct call *c, void *value, size_t *n)
{
    return give_int(value, n, c->file->stamp == LINUX_STAMP_MICROSECONDS);
}

static int64_t get_nano(struct call *c, void *value, size_t *n)
{
    return give_int(value, n, c->file->stamp == LINUX_STAMP_NANOSECONDS);
}

static int64_t get_stamping(struct call *c, void *value, size_t *n) { return give_int(value, n, c->file->stamping); }

/* The pending error: ours first, it is the older one. */
static int64_t get_error(struct call *c, void *value, size_t *n)
{
    struct file *f = c->file;
    int err = file_take_error(c);

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
    int level, option;
    size_t size;
    int64_t (*set)(struct call *c, const void *value, size_t n); /* NULL: as the engine says */
    int64_t (*get)(struct call *c, void *value, size_t *n);
} owns[] = {
    {SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_from_pair},
    {SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_from_pair},
    {SOL_SOCKET, SO_RCVLOWAT, sizeof(int), set_low_water, get_from_pair},
    {SOL_SOCKET, SO_RCVBUF, sizeof(int), set_receive_buffer, NULL},
    {SOL_SOCKET, SO_RCVBUFFORCE, sizeof(int), set_receive_buffer, NULL},
    {SOL_SOCKET, SO_ERROR, sizeof(int), NULL, get_error},
    {SOL_SOCKET, SO_TIMESTAMP, sizeof(int), set_micro, get_micro},
    {SOL_SOCKET, SO_TIMESTAMPNS, sizeof(int), set_nano, get_nano},
    {SOL_SOCKET, SO_TIMESTAMPING, sizeof(int), set_stamping, get_stamping},
    {SOL_SOCKET, SO_ATTACH_FILTER, sizeof(struct sock_fprog), attach_filter, NULL},
    {SOL_SOCKET, SO_BINDTODEVICE, 0, set_device, get_device},
    {IPPROTO_TCP, LINUX_TCP_INQ, sizeof(int), set_inquire, get_inquire},
};

static const struct own *find_own(const struct file *f, int level, int option)
{
    if (level == IPPROTO_TCP && !file_is_stream(f))
        return NULL;
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++)
        if (owns[i].level == level && owns[i].option == option)
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
    const struct own *own = find_own(c->file, level, option);

    if (linux_is_group_option(level, option))
        return told(c, set_group(c));
    if ((int)c->arg[4] < 0 || (level == SOL_SOCKET && n < sizeof(int) && option != SO_BINDTODEVICE))
        return -EINVAL;
    if (n && call_read(c, c->arg[3], value, n) < 0)
        return -EFAULT;
    if (level == IPPROTO_TCP && file_is_stream(c->file) && c->file->progress == CONNECTED)
        stream_flush(c->file); /* what was written before TCP_CORK is set is not held by it */
    if (!own || !own->set)
        return told(c, weft_setsockopt(c->file->sock, level, option, value, n));
    return n < own->size ? -EINVAL : told(c, own->set(c, value, n));
}

int64_t answer_getsockopt(struct call *c)
{
    int level = (int)c->arg[1], option = (int)c->arg[2];
    uint8_t value[VALUE_MAX] = {0};
    const struct own *own = find_own(c->file, level, option);
    socklen_t room;
    int64_t r;
    size_t n;

    if (linux_is_group_option(level, option))
        return told(c, get_group(c));
    if (call_read(c, c->arg[4], &room, sizeof room) < 0)
        return -EFAULT;
    if ((int)room < 0)
        return -EINVAL;
    n = room < sizeof value ? room : sizeof value;
    if (own && own->get)
        r = own->get(c, value, &n);
    else
        r = c->file->sock ? weft_getsockopt(c->file->sock, level, option, value, &n) : -EINVAL;
    if (r)
        return told(c, r);
    room = (socklen_t)n;
    if (call_write(c, c->arg[3], value, n) < 0 || call_write(c, c->arg[4], &room, sizeof room) < 0)
        return -EFAULT;
    return 0;
}
