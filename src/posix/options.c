/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt. Levels and numbers are Linux's on both sides, so most pass straight through. What stands in
 * the table is about waiting, which the engine never does.
 */
#include "posix/posix.h"

#define VALUE_MAX 1024 /* bytes of the longest value there is */

struct own {
    int option;
    size_t size;
    int (*set)(struct px_sock *s, const void *value);
    void (*get)(const struct px_sock *s, void *value);
};

/* Zero is no time-out at all, and less than zero is none to wait (Linux's sock_set_timeout). */
static int take_timeout(const void *value, weft_time *out)
{
    struct timeval t;

    memcpy(&t, value, sizeof t);
    if (t.tv_usec < 0 || t.tv_usec >= 1000000)
        return -EDOM;
    if (t.tv_sec < 0)
        *out = 0;
    else if ((t.tv_sec == 0 && t.tv_usec == 0) || (uint64_t)t.tv_sec >= WEFT_NEVER / WEFT_S - 1)
        *out = WEFT_NEVER;
    else
        *out = (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_usec * WEFT_US;
    return 0;
}

static void give_timeout(void *value, weft_time timeout)
{
    struct timeval t = {0};

    if (timeout != WEFT_NEVER)
        t = (struct timeval){(time_t)(timeout / WEFT_S), (suseconds_t)(timeout % WEFT_S / WEFT_US)};
    memcpy(value, &t, sizeof t);
}

static int set_read_timeout(struct px_sock *s, const void *v) { return take_timeout(v, &s->read_timeout); }
static void get_read_timeout(const struct px_sock *s, void *v) { give_timeout(v, s->read_timeout); }
static int set_write_timeout(struct px_sock *s, const void *v) { return take_timeout(v, &s->write_timeout); }
static void get_write_timeout(const struct px_sock *s, void *v) { give_timeout(v, s->write_timeout); }
static void get_linger(const struct px_sock *s, void *v) { memcpy(v, &s->linger, sizeof s->linger); }
static void get_low_water(const struct px_sock *s, void *v) { memcpy(v, &s->low_water, sizeof s->low_water); }

static int set_low_water(struct px_sock *s, const void *v)
{
    int bytes;

    memcpy(&bytes, v, sizeof bytes);
    s->low_water = bytes < 0 ? INT32_MAX : bytes ? bytes : 1;
    return 0;
}

/* Either of both takes the other's place; only the one that was set is told. */
static int set_stamp(struct px_sock *s, const void *v, enum px_stamp stamp)
{
    int on;

    memcpy(&on, v, sizeof on);
    s->stamp = on ? stamp : PX_STAMP_NONE;
    return 0;
}

static void get_stamp(const struct px_sock *s, void *v, enum px_stamp stamp)
{
    int on = s->stamp == stamp;

    memcpy(v, &on, sizeof on);
}

static int set_micro(struct px_sock *s, const void *v) { return set_stamp(s, v, PX_STAMP_MICROSECONDS); }
static void get_micro(const struct px_sock *s, void *v) { get_stamp(s, v, PX_STAMP_MICROSECONDS); }
static int set_nano(struct px_sock *s, const void *v) { return set_stamp(s, v, PX_STAMP_NANOSECONDS); }
static void get_nano(const struct px_sock *s, void *v) { get_stamp(s, v, PX_STAMP_NANOSECONDS); }

/* The engine knows of no lingering but that of no time, which is a reset. */
static int set_linger(struct px_sock *s, const void *v)
{
    memcpy(&s->linger, v, sizeof s->linger);
    s->linger.onoff = s->linger.onoff != 0;
    return px_is_stream(s) ? weft_setsockopt(px_engine(s), WEFT_SOL_SOCKET, WEFT_SO_LINGER, v, sizeof s->linger) : 0;
}

static const struct own owns[] = {
    {SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_read_timeout},
    {SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SO_LINGER, sizeof(struct linger), set_linger, get_linger},
    {SO_RCVLOWAT, sizeof(int), set_low_water, get_low_water},
    {SO_TIMESTAMP, sizeof(int), set_micro, get_micro},
    {SO_TIMESTAMPNS, sizeof(int), set_nano, get_nano},
};

static const struct own *find_own(int level, int option)
{
    for (size_t i = 0; level == SOL_SOCKET && i < sizeof owns / sizeof *owns; i++)
        if (owns[i].option == option)
            return &owns[i];
    return NULL;
}

/* SO_BINDTODEVICE is a name, ended or not, of any length; none: any interface again. */
static int set_device(struct px_sock *s, const char *value, size_t n)
{
    char name[IFNAMSIZ] = "";
    struct weft_if_info info = {0};
    int index;

    memcpy(name, value, n < sizeof name ? n : sizeof name - 1);
    if (name[0] && !px_find_interface(weft_sock_stack(px_engine(s)), name, 0, &info))
        return -ENODEV;
    index = name[0] ? (int)info.index : 0;
    return weft_setsockopt(px_engine(s), SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, sizeof index);
}

static int get_device(const struct px_sock *s, void *value, socklen_t *n)
{
    struct weft_if_info info;
    size_t size = sizeof(int);
    int index = 0;

    if (weft_getsockopt(px_engine(s), SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, &size) || index == 0) {
        *n = 0;
        return 0;
    }
    if (*n < IFNAMSIZ)
        return -EINVAL;
    if (!px_find_interface(weft_sock_stack(px_engine(s)), NULL, (unsigned)index, &info))
        return -ENODEV;
    *n = (socklen_t)strlen(info.name) + 1;
    memcpy(value, info.name, *n);
    return 0;
}

static bool is_device(int level, int option) { return level == SOL_SOCKET && option == SO_BINDTODEVICE; }

static int set_option(struct px_sock *s, int level, int option, const void *value, socklen_t n)
{
    uint8_t copy[VALUE_MAX] = {0};
    size_t size = n < sizeof copy ? n : sizeof copy;
    const struct own *own = find_own(level, option);

    if ((int)n < 0 || (level == SOL_SOCKET && n < sizeof(int) && !is_device(level, option)))
        return -EINVAL;
    if (size && !value)
        return -EFAULT;
    if (px_is_group_option(level, option))
        return px_group_set(s, level, option, value, n);
    if (size)
        memcpy(copy, value, size);
    if (is_device(level, option))
        return set_device(s, (const char *)copy, size);
    if (!own)
        return weft_setsockopt(px_engine(s), level, option, copy, size);
    return size < own->size ? -EINVAL : own->set(s, copy);
}

int weft_posix_setsockopt(int fd, int level, int option, const void *value, socklen_t n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return setsockopt(fd, level, option, value, n);
    return (int)px_result(px_end(&c, r ? r : set_option(c.s, level, option, value, n)));
}

static int get_option(struct px_sock *s, int level, int option, void *value, socklen_t *n)
{
    uint8_t copy[VALUE_MAX] = {0};
    const struct own *own = find_own(level, option);
    size_t size;
    int err = 0;

    if (!n || !value)
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    if (is_device(level, option))
        return get_device(s, value, n);
    if (px_is_group_option(level, option)) {
        size = *n;
        err = px_group_get(s, level, option, value, &size);
        *n = err ? *n : (socklen_t)size;
        return err;
    }
    size = *n < sizeof copy ? *n : sizeof copy;
    if (own) {
        own->get(s, copy);
        size = size < own->size ? size : own->size;
    } else {
        err = weft_getsockopt(px_engine(s), level, option, copy, &size);
    }
    if (err)
        return err;
    memcpy(value, copy, size);
    *n = (socklen_t)size;
    return 0;
}

int weft_posix_getsockopt(int fd, int level, int option, void *value, socklen_t *n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return getsockopt(fd, level, option, value, n);
    return (int)px_result(px_end(&c, r ? r : get_option(c.s, level, option, value, n)));
}
