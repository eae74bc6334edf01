/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt. Levels and numbers are Linux's on both sides, so most pass straight through. What stands
 * in the tables is about waiting, which the engine never does, or has another form there. One row for each option:
 * here, in kept.c, in told.c and in linux/group.c.
 */
#include <linux/filter.h>

#include "posix/posix.h"

#define VALUE_MAX 2048 /* bytes of the longest value there is: an extension header */

struct own {
    int level, option;
    size_t size;
    int (*set)(struct px_sock *s, const void *value);
    void (*get)(const struct px_sock *s, void *value);
};

static int set_read_timeout(struct px_sock *s, const void *v) { return linux_take_timeout(v, &s->read_timeout); }
static void get_read_timeout(const struct px_sock *s, void *v) { linux_give_timeout(v, s->read_timeout); }
static int set_write_timeout(struct px_sock *s, const void *v) { return linux_take_timeout(v, &s->write_timeout); }
static void get_write_timeout(const struct px_sock *s, void *v) { linux_give_timeout(v, s->write_timeout); }
static void get_linger(const struct px_sock *s, void *v) { memcpy(v, &s->linger, sizeof s->linger); }
static void get_low_water(const struct px_sock *s, void *v) { memcpy(v, &s->low_water, sizeof s->low_water); }

static int set_low_water(struct px_sock *s, const void *v)
{
    s->low_water = linux_take_low_water(v);
    return 0;
}

static int set_stamp(struct px_sock *s, const void *v, enum linux_stamp stamp)
{
    linux_take_stamp(v, stamp, &s->stamp);
    return 0;
}

static void get_stamp(const struct px_sock *s, void *v, enum linux_stamp stamp)
{
    linux_give_stamp(v, stamp, s->stamp);
}

static int set_micro(struct px_sock *s, const void *v) { return set_stamp(s, v, LINUX_STAMP_MICROSECONDS); }
static void get_micro(const struct px_sock *s, void *v) { get_stamp(s, v, LINUX_STAMP_MICROSECONDS); }
static int set_nano(struct px_sock *s, const void *v) { return set_stamp(s, v, LINUX_STAMP_NANOSECONDS); }
static void get_nano(const struct px_sock *s, void *v) { get_stamp(s, v, LINUX_STAMP_NANOSECONDS); }

/* The engine knows of no lingering but that of no time, which is a reset. */
static int set_linger(struct px_sock *s, const void *v)
{
    memcpy(&s->linger, v, sizeof s->linger);
    s->linger.onoff = s->linger.onoff != 0;
    return px_is_stream(s) ? weft_setsockopt(px_engine(s), WEFT_SOL_SOCKET, WEFT_SO_LINGER, v, sizeof s->linger) : 0;
}

static int set_inquire(struct px_sock *s, const void *v)
{
    int on;

    memcpy(&on, v, sizeof on);
    if (on < 0 || on > 1)
        return -EINVAL;
    s->inquire = on;
    return 0;
}

static void get_inquire(const struct px_sock *s, void *v)
{
    int on = s->inquire;

    memcpy(v, &on, sizeof on);
}

static const struct own owns[] = {
    {SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_read_timeout},
    {SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_RCVTIMEO_NEW, sizeof(struct timeval), set_read_timeout, get_read_timeout}, /* 64 bits, as it is */
    {SOL_SOCKET, SO_SNDTIMEO_NEW, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_LINGER, sizeof(struct linger), set_linger, get_linger},
    {SOL_SOCKET, SO_RCVLOWAT, sizeof(int), set_low_water, get_low_water},
    {SOL_SOCKET, SO_TIMESTAMP, sizeof(int), set_micro, get_micro},
    {SOL_SOCKET, SO_TIMESTAMPNS, sizeof(int), set_nano, get_nano},
    {IPPROTO_TCP, LINUX_TCP_INQ, sizeof(int), set_inquire, get_inquire},
};

static const struct own *find_own(const struct px_sock *s, int level, int option)
{
    if (level == IPPROTO_TCP && !px_is_stream(s))
        return NULL;
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++)
        if (owns[i].level == level && owns[i].option == option)
            return &owns[i];
    return NULL;
}

static int set_device(struct px_sock *s, const void *value, socklen_t n)
{
    return linux_set_device(px_engine(s), value, n);
}

static int get_device(const struct px_sock *s, void *value, socklen_t *n)
{
    return linux_get_device(px_engine(s), value, n);
}

/* A program stands elsewhere in the caller's memory; its instructions are laid out as the engine's. */
static int attach_filter(struct px_sock *s, const void *value, socklen_t n)
{
    struct sock_fprog program;

    if (n != sizeof program)
        return -EINVAL;
    memcpy(&program, value, sizeof program);
    if (!program.filter || !program.len)
        return -EINVAL;
    return weft_setsockopt(px_engine(s), SOL_SOCKET, WEFT_SO_ATTACH_FILTER, program.filter,
                           program.len * sizeof *program.filter);
}

/* Lengths are in instructions here, and 0 asks how many there are (Linux's sk_get_filter). */
static int get_filter(const struct px_sock *s, void *value, socklen_t *n)
{
    uint8_t program[BPF_MAXINSNS * sizeof(struct sock_filter)];
    size_t size = sizeof program;
    int err = weft_getsockopt(px_engine(s), SOL_SOCKET, WEFT_SO_ATTACH_FILTER, program, &size);
    socklen_t have = (socklen_t)(size / sizeof(struct sock_filter));

    if (!err && *n && *n < have)
        return -EINVAL;
    if (!err && *n)
        memcpy(value, program, size);
    *n = err ? *n : have;
    return err;
}

/* Those whose values are of no one length. */
static const struct whole {
    int level, option;
    int (*set)(struct px_sock *s, const void *value, socklen_t n); /* NULL: only told */
    int (*get)(const struct px_sock *s, void *value, socklen_t *n);
} wholes[] = {
    {SOL_SOCKET, SO_BINDTODEVICE, set_device, get_device},
    {SOL_SOCKET, SO_ATTACH_FILTER, attach_filter, get_filter}, /* and SO_GET_FILTER, which is the same number */
    {IPPROTO_IPV6, IPV6_PATHMTU, NULL, px_path_get},
};

static const struct whole *find_whole(const struct px_sock *s, int level, int option)
{
    if (level == IPPROTO_IPV6 && s->domain != AF_INET6)
        return NULL;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (wholes[i].level == level && wholes[i].option == option)
            return &wholes[i];
    return NULL;
}

/* SO_BUF_LOCK: a buffer that is locked anew stays as long as it is. One that was set was locked by that, for good. */
static void lock_buffers(struct px_sock *s, int anew)
{
    static const struct {
        int bit, option;
    } buffers[] = {{PX_LOCK_SEND, SO_SNDBUF}, {PX_LOCK_RECEIVE, SO_RCVBUF}};

    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        int bytes = 0;
        size_t n = sizeof bytes;

        if (!(anew & buffers[i].bit) || weft_getsockopt(px_engine(s), SOL_SOCKET, buffers[i].option, &bytes, &n))
            continue;
        bytes /= 2; /* which setting it doubles */
        weft_setsockopt(px_engine(s), SOL_SOCKET, buffers[i].option, &bytes, sizeof bytes);
    }
}

static void note_buffer(struct px_sock *s, int option)
{
    if (option == SO_SNDBUF || option == SO_SNDBUFFORCE)
        s->kept[PX_BUFFER_LOCK] |= PX_LOCK_SEND;
    else if (option == SO_RCVBUF || option == SO_RCVBUFFORCE)
        s->kept[PX_BUFFER_LOCK] |= PX_LOCK_RECEIVE;
}

static int set_engine(struct px_sock *s, int level, int option, const void *value, size_t n)
{
    int err = weft_setsockopt(px_engine(s), level, option, value, n);

    if (!err && level == SOL_SOCKET)
        note_buffer(s, option);
    return err;
}

/* Those of 4 bytes that are kept. What was corked goes when it is corked no more. */
static int set_kept(struct px_call *c, int level, int option, const void *value, size_t n)
{
    int v, err, locked = c->s->kept[PX_BUFFER_LOCK];

    if (n < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    err = px_kept_set(c->s, level, option, v);
    lock_buffers(c->s, c->s->kept[PX_BUFFER_LOCK] & ~locked);
    if (!err && !c->s->kept[PX_CORK])
        px_cork_push(c, 0);
    return err;
}

static int set_option(struct px_call *c, int level, int option, const void *value, socklen_t n)
{
    struct px_sock *s = c->s;
    uint8_t copy[VALUE_MAX] = {0};
    size_t size = n < sizeof copy ? n : sizeof copy;
    const struct own *own = find_own(s, level, option);
    const struct whole *whole = find_whole(s, level, option);

    if ((int)n < 0 || (level == SOL_SOCKET && n < sizeof(int) && !whole))
        return -EINVAL;
    if (size && !value)
        return -EFAULT;
    if (linux_is_group_option(level, option))
        return linux_group_set(px_engine(s), px_is_stream(s), level, option, value, n);
    if (size)
        memcpy(copy, value, size);
    if (whole && whole->set)
        return whole->set(s, copy, n);
    if (px_is_kept(s, level, option))
        return set_kept(c, level, option, copy, size);
    if (!own)
        return set_engine(s, level, option, copy, size);
    return size < own->size ? -EINVAL : own->set(s, copy);
}

int weft_posix_setsockopt(int fd, int level, int option, const void *value, socklen_t n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return setsockopt(fd, level, option, value, n);
    return (int)px_result(px_end(&c, r ? r : set_option(&c, level, option, value, n)));
}

/* Those of the engine, and the small ones of ours: as many bytes as there is room for. */
static int get_cut(const struct px_sock *s, int level, int option, void *value, size_t *n)
{
    const struct own *own = find_own(s, level, option);
    uint8_t copy[VALUE_MAX] = {0};
    size_t room = *n;
    int err = 0;

    *n = room < sizeof copy ? room : sizeof copy;
    if (px_is_kept(s, level, option)) {
        *n = px_kept_get(s, level, option, copy, *n);
    } else if (own) {
        own->get(s, copy);
        *n = *n < own->size ? *n : own->size;
    } else {
        err = weft_getsockopt(px_engine(s), level, option, copy, n);
    }
    if (!err)
        memcpy(value, copy, *n);
    else if (err != WEFT_EINVAL || level != IPPROTO_TCP || option != WEFT_TCP_SAVED_SYN) /* which says how long it is */
        *n = room;
    return err;
}

static int get_option(struct px_sock *s, int level, int option, void *value, socklen_t *n)
{
    const struct whole *whole = find_whole(s, level, option);
    size_t size;
    int err;

    if (!n || !value)
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    if (whole)
        return whole->get(s, value, n);
    if (px_is_told(level, option))
        return px_told_get(s, option, value, n);
    size = *n;
    if (!linux_is_group_option(level, option))
        err = get_cut(s, level, option, value, &size);
    else if ((err = linux_group_get(px_engine(s), level, option, value, &size)))
        size = *n;
    *n = (socklen_t)size;
    return err;
}

int weft_posix_getsockopt(int fd, int level, int option, void *value, socklen_t *n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return getsockopt(fd, level, option, value, n);
    return (int)px_result(px_end(&c, r ? r : get_option(c.s, level, option, value, n)));
}
