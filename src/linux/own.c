/* SPDX-License-Identifier: MIT */
/*
 * setsockopt and getsockopt for whoever offers sockets. Levels and numbers are Linux's on both sides, so most pass
 * straight through to the engine. What stands in the tables is about waiting, which the engine never does, or has
 * another form there. One row for each option: here, in told.c and in group.c.
 */
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#include "linux/linux.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define VALUE_MAX 2048 /* bytes of the longest value there is: an extension header */

/* What there is of SO_TIMESTAMPING. Devices make no stamps, as most of Linux's do not; those flags ask in vain. */
#define STAMPS                                                                                                         \
    (SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE |                         \
     SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_SYS_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE | LINUX_STAMPS_OUT | \
     SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID | OPT_ID_TCP | SOF_TIMESTAMPING_OPT_CMSG |                  \
     SOF_TIMESTAMPING_OPT_TX_SWHW | SOF_TIMESTAMPING_OPT_PKTINFO | OPT_RX_FILTER)
/* SOF_TIMESTAMPING_OPT_ID_TCP, SOF_TIMESTAMPING_OPT_RX_FILTER, which not every libc has. */
#define OPT_ID_TCP    0x10000
#define OPT_RX_FILTER 0x20000

void linux_own_init(struct linux_own *own, uint64_t host)
{
    *own = (struct linux_own){.read_timeout = WEFT_NEVER, .write_timeout = WEFT_NEVER, .low_water = 1, .host = host,
                              .kept = {[LINUX_PEEK_OFF] = -1, [LINUX_INCOMING_CPU] = -1}};
}

void linux_own_inherit(struct linux_own *own)
{
    memset((uint8_t *)own + offsetof(struct linux_own, cookie), 0, sizeof *own - offsetof(struct linux_own, cookie));
}

void linux_own_free(struct linux_own *own)
{
    linux_reports_reset(&own->reports);
    linux_cork_free(own->cork);
    own->cork = NULL;
}

/* ---- those that are a number ---- */

static bool is_any(const struct linux_sock *s)
{
    (void)s;
    return true;
}

static bool is_stream(const struct linux_sock *s) { return s->type == SOCK_STREAM; }
static bool is_not_raw(const struct linux_sock *s) { return s->type != SOCK_RAW; }
static bool is_udp(const struct linux_sock *s) { return s->protocol == IPPROTO_UDP; }
static bool is_v6(const struct linux_sock *s) { return s->domain == AF_INET6; }

static const struct kept {
    int level, option;
    enum linux_kept slot;
    int least, most;
    bool is_switch; /* whatever is not 0 is 1, or `bit` */
    bool (*is_of)(const struct linux_sock *s);
    int bit; /* of those that share the slot; 0: it is this one's alone */
} kepts[] = {
    {SOL_SOCKET, SO_INCOMING_CPU, LINUX_INCOMING_CPU, INT_MIN, INT_MAX, false, is_any, 0},
    {SOL_SOCKET, SO_BUSY_POLL, LINUX_BUSY_POLL, 0, INT_MAX, false, is_any, 0},
    {SOL_SOCKET, SO_SELECT_ERR_QUEUE, LINUX_SELECT_ERR_QUEUE, INT_MIN, INT_MAX, true, is_any, 0},
    {SOL_SOCKET, SO_PEEK_OFF, LINUX_PEEK_OFF, INT_MIN, INT_MAX, false, is_stream, 0},
    {SOL_SOCKET, SO_ZEROCOPY, LINUX_ZEROCOPY, 0, 1, false, is_not_raw, 0},
    {SOL_SOCKET, SO_TIMESTAMPING, LINUX_STAMPING, 0, INT_MAX, false, is_any, 0},
    {SOL_SOCKET, SO_TIMESTAMPING_NEW, LINUX_STAMPING, 0, INT_MAX, false, is_any, 0},
    {SOL_SOCKET, SO_BUF_LOCK, LINUX_BUFFER_LOCK, 0, LINUX_LOCK_SEND | LINUX_LOCK_RECEIVE, false, is_any, 0},
    {IPPROTO_UDP, UDP_CORK, LINUX_CORK, INT_MIN, INT_MAX, true, is_udp, 0},
    {IPPROTO_IPV6, IPV6_FLOWINFO_SEND, LINUX_FLOW_SEND, INT_MIN, INT_MAX, true, is_v6, 0},
    {IPPROTO_IPV6, IPV6_RECVPATHMTU, LINUX_PATH_MTU, INT_MIN, INT_MAX, true, is_v6, 0},
    {IPPROTO_IPV6, IPV6_2292PKTINFO, LINUX_RFC2292, INT_MIN, INT_MAX, true, is_v6, LINUX_2292_PKTINFO},
    {IPPROTO_IPV6, IPV6_2292HOPLIMIT, LINUX_RFC2292, INT_MIN, INT_MAX, true, is_v6, LINUX_2292_HOPLIMIT},
    {IPPROTO_IPV6, IPV6_2292HOPOPTS, LINUX_RFC2292, INT_MIN, INT_MAX, true, is_v6, LINUX_2292_HOPOPTS},
    {IPPROTO_IPV6, IPV6_2292DSTOPTS, LINUX_RFC2292, INT_MIN, INT_MAX, true, is_v6, LINUX_2292_DSTOPTS},
    {IPPROTO_IPV6, IPV6_2292RTHDR, LINUX_RFC2292, INT_MIN, INT_MAX, true, is_v6, LINUX_2292_RTHDR},
};

static const struct kept *find_kept(const struct linux_sock *s, int level, int option)
{
    for (size_t i = 0; i < sizeof kepts / sizeof *kepts; i++)
        if (kepts[i].level == level && kepts[i].option == option)
            return kepts[i].is_of(s) ? &kepts[i] : NULL;
    return NULL;
}

/* Bytes are counted from where the stream is now: from the next one that is written, or the first unacknowledged. */
static int number_from(const struct linux_sock *s, struct linux_own *own, int flags)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);

    own->reports.id_base = 0;
    if (!is_stream(s))
        return 0;
    if (state == WEFT_TCP_CLOSED || state == WEFT_TCP_LISTEN)
        return -EINVAL;
    own->reports.id_base = own->reports.sent - (flags & OPT_ID_TCP ? 0 : weft_unsent(s->sock));
    return 0;
}

/* As Linux's sock_set_timestamping. */
static int take_stamping(const struct linux_sock *s, struct linux_own *own, int flags)
{
    int err = 0, may = STAMPS | SOF_TIMESTAMPING_BIND_PHC;

    if (flags & SOF_TIMESTAMPING_OPT_STATS && flags & SOF_TIMESTAMPING_OPT_TSONLY && !is_stream(s))
        may |= SOF_TIMESTAMPING_OPT_STATS; /* of which datagrams have none */
    if (flags & ~may || (flags & OPT_ID_TCP && !(flags & SOF_TIMESTAMPING_OPT_ID)))
        return -EINVAL;
    if (flags & SOF_TIMESTAMPING_BIND_PHC) /* no interface has a clock */
        return -EOPNOTSUPP;
    if (flags & ~own->kept[LINUX_STAMPING] & SOF_TIMESTAMPING_OPT_ID)
        err = number_from(s, own, flags);
    return err;
}

/* SO_BUF_LOCK: a buffer that is locked anew stays as long as it is. One that was set was locked by that, for good. */
static void lock_buffers(const struct linux_sock *s, int anew)
{
    static const struct {
        int bit, option;
    } buffers[] = {{LINUX_LOCK_SEND, SO_SNDBUF}, {LINUX_LOCK_RECEIVE, SO_RCVBUF}};

    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        int bytes = 0;
        size_t n = sizeof bytes;

        if (!(anew & buffers[i].bit) || weft_getsockopt(s->sock, SOL_SOCKET, buffers[i].option, &bytes, &n))
            continue;
        bytes /= 2; /* which setting it doubles */
        weft_setsockopt(s->sock, SOL_SOCKET, buffers[i].option, &bytes, sizeof bytes);
    }
}

static int set_kept(const struct linux_sock *s, struct linux_own *own, const struct kept *k, const void *value,
                    size_t n)
{
    int v, err = 0, locked = own->kept[LINUX_BUFFER_LOCK];

    if (n < sizeof v)
        return -EINVAL;
    memcpy(&v, value, sizeof v);
    if (v < k->least || v > k->most)
        return -EINVAL;
    if (k->slot == LINUX_STAMPING)
        err = take_stamping(s, own, v);
    if (err)
        return err;
    if (k->slot == LINUX_STAMPING)
        own->stamp = (own->stamp & ~LINUX_STAMP_NEW) | (k->option == SO_TIMESTAMPING_NEW ? LINUX_STAMP_NEW : 0);
    if (k->bit)
        own->kept[k->slot] = v ? own->kept[k->slot] | k->bit : own->kept[k->slot] & ~k->bit;
    else
        own->kept[k->slot] = k->is_switch ? v != 0 : v;
    if (k->slot == LINUX_RFC2292 && is_stream(s)) /* who accepts may ask by what they came */
        err = weft_setsockopt(s->sock, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, &own->kept[k->slot], sizeof v);
    lock_buffers(s, own->kept[LINUX_BUFFER_LOCK] & ~locked);
    return err;
}

static size_t get_kept(const struct linux_own *own, const struct kept *k, void *value, size_t n)
{
    int v[2] = {k->bit ? (own->kept[k->slot] & k->bit) != 0 : own->kept[k->slot], 0}; /* a clock that there is none of goes with SO_TIMESTAMPING */
    size_t size = k->slot == LINUX_STAMPING ? sizeof v : sizeof *v;

    if (k->option == SO_TIMESTAMPING_NEW && !(own->stamp & LINUX_STAMP_NEW))
        v[0] = 0; /* by the other name it is told, as on Linux */
    size = n < size ? n : size;
    memcpy(value, v, size);
    return size;
}

/* ---- those of one length ---- */

static int set_read_timeout(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    return linux_take_timeout(v, &o->read_timeout);
}

static int set_write_timeout(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    return linux_take_timeout(v, &o->write_timeout);
}

/*
 * A stream's is at most what its buffer can hold; else who reads would wait for ever. The engine knows how much that is,
 * and makes the buffer as large as is asked for. Waiting for it is ours.
 */
static int set_low_water(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    const int none = 1;
    int bytes = linux_take_low_water(v), err = 0;
    size_t n = sizeof bytes;

    if (is_stream(s)) {
        err = weft_setsockopt(s->sock, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
        if (!err)
            err = weft_getsockopt(s->sock, SOL_SOCKET, SO_RCVLOWAT, &bytes, &n);
        if (!err)
            err = weft_setsockopt(s->sock, SOL_SOCKET, SO_RCVLOWAT, &none, sizeof none);
    }
    if (!err)
        o->low_water = bytes > 0 ? bytes : 1;
    return err;
}

static int set_micro(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    linux_take_stamp(v, LINUX_STAMP_MICROSECONDS, &o->stamp);
    return 0;
}

static int set_nano(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    linux_take_stamp(v, LINUX_STAMP_NANOSECONDS, &o->stamp);
    return 0;
}

static int set_new_micro(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    linux_take_stamp(v, LINUX_STAMP_MICROSECONDS | LINUX_STAMP_NEW, &o->stamp);
    return 0;
}

static int set_new_nano(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    (void)s;
    linux_take_stamp(v, LINUX_STAMP_NANOSECONDS | LINUX_STAMP_NEW, &o->stamp);
    return 0;
}

/* The engine knows of no lingering but that of no time, which is a reset. */
static int set_linger(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    struct weft_linger wanted;

    memcpy(&wanted, v, sizeof wanted);
    o->linger.onoff = wanted.onoff != 0;
    if (wanted.onoff) /* else the time of before stays, as on Linux */
        o->linger.linger = wanted.linger;
    return is_stream(s) ? weft_setsockopt(s->sock, WEFT_SOL_SOCKET, WEFT_SO_LINGER, v, sizeof o->linger) : 0;
}

static int set_inquire(const struct linux_sock *s, struct linux_own *o, const void *v)
{
    int on;

    (void)s;
    memcpy(&on, v, sizeof on);
    if (on < 0 || on > 1)
        return -EINVAL;
    o->inquire = on;
    return 0;
}

static void get_read_timeout(const struct linux_own *o, void *v) { linux_give_timeout(v, o->read_timeout); }
static void get_write_timeout(const struct linux_own *o, void *v) { linux_give_timeout(v, o->write_timeout); }
static void get_linger(const struct linux_own *o, void *v) { memcpy(v, &o->linger, sizeof o->linger); }
static void get_low_water(const struct linux_own *o, void *v) { memcpy(v, &o->low_water, sizeof o->low_water); }
static void get_micro(const struct linux_own *o, void *v) { linux_give_stamp(v, LINUX_STAMP_MICROSECONDS, o->stamp); }
static void get_nano(const struct linux_own *o, void *v) { linux_give_stamp(v, LINUX_STAMP_NANOSECONDS, o->stamp); }

static void get_new_micro(const struct linux_own *o, void *v)
{
    linux_give_stamp(v, LINUX_STAMP_MICROSECONDS | LINUX_STAMP_NEW, o->stamp);
}

static void get_new_nano(const struct linux_own *o, void *v)
{
    linux_give_stamp(v, LINUX_STAMP_NANOSECONDS | LINUX_STAMP_NEW, o->stamp);
}

static void get_inquire(const struct linux_own *o, void *v)
{
    int on = o->inquire;

    memcpy(v, &on, sizeof on);
}

static const struct fixed {
    int level, option;
    size_t size;
    int (*set)(const struct linux_sock *s, struct linux_own *own, const void *value);
    void (*get)(const struct linux_own *own, void *value);
} fixeds[] = {
    {SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval), set_read_timeout, get_read_timeout},
    {SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_RCVTIMEO_NEW, sizeof(struct timeval), set_read_timeout, get_read_timeout}, /* 64 bits, as it is */
    {SOL_SOCKET, SO_SNDTIMEO_NEW, sizeof(struct timeval), set_write_timeout, get_write_timeout},
    {SOL_SOCKET, SO_LINGER, sizeof(struct linger), set_linger, get_linger},
    {SOL_SOCKET, SO_RCVLOWAT, sizeof(int), set_low_water, get_low_water},
    {SOL_SOCKET, SO_TIMESTAMP, sizeof(int), set_micro, get_micro},
    {SOL_SOCKET, SO_TIMESTAMPNS, sizeof(int), set_nano, get_nano},
    {SOL_SOCKET, SO_TIMESTAMP_NEW, sizeof(int), set_new_micro, get_new_micro},
    {SOL_SOCKET, SO_TIMESTAMPNS_NEW, sizeof(int), set_new_nano, get_new_nano},
    {IPPROTO_TCP, LINUX_TCP_INQ, sizeof(int), set_inquire, get_inquire},
};

static const struct fixed *find_fixed(const struct linux_sock *s, int level, int option)
{
    if (level == IPPROTO_TCP && !is_stream(s))
        return NULL;
    for (size_t i = 0; i < sizeof fixeds / sizeof *fixeds; i++)
        if (fixeds[i].level == level && fixeds[i].option == option)
            return &fixeds[i];
    return NULL;
}

/* ---- those of no one length ---- */

static int set_device(const struct linux_sock *s, const void *value, socklen_t n)
{
    return linux_set_device(s->sock, value, n);
}

static int get_device(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    (void)own;
    return linux_get_device(s->sock, value, n);
}

/* A program stands elsewhere in the caller's memory; its instructions are laid out as the engine's. */
static int attach(const struct linux_sock *s, int option, const void *value, socklen_t n)
{
    struct sock_fprog program;

    if (n != sizeof program)
        return -EINVAL;
    memcpy(&program, value, sizeof program);
    if (!program.filter || !program.len)
        return -EINVAL;
    return weft_setsockopt(s->sock, SOL_SOCKET, option, program.filter, program.len * sizeof *program.filter);
}

static int attach_filter(const struct linux_sock *s, const void *value, socklen_t n)
{
    return attach(s, WEFT_SO_ATTACH_FILTER, value, n);
}

/* Linux reads the program first. */
static int attach_choice(const struct linux_sock *s, const void *value, socklen_t n)
{
    return attach(s, WEFT_SO_ATTACH_REUSEPORT_CBPF, value, n);
}

/* Whether descriptors may come by it is asked of sockets of a file name, as on Linux. */
static int set_rights(const struct linux_sock *s, const void *value, socklen_t n)
{
    (void)s, (void)value;
    return n < sizeof(int) ? -EINVAL : -EOPNOTSUPP;
}

static int get_rights(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    (void)s, (void)own, (void)value, (void)n;
    return -EOPNOTSUPP;
}

static int get_nothing(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    (void)s, (void)own, (void)value, (void)n;
    return -ENOPROTOOPT;
}

/* Lengths are in instructions here, and 0 asks how many there are (Linux's sk_get_filter). */
static int get_filter(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    uint8_t program[BPF_MAXINSNS * sizeof(struct sock_filter)];
    size_t size = sizeof program;
    int err = weft_getsockopt(s->sock, SOL_SOCKET, WEFT_SO_ATTACH_FILTER, program, &size);
    socklen_t have = (socklen_t)(size / sizeof(struct sock_filter));

    (void)own;
    if (!err && *n && *n < have)
        return -EINVAL;
    if (!err && *n)
        memcpy(value, program, size);
    *n = err ? *n : have;
    return err;
}

static const struct whole {
    int level, option;
    int (*set)(const struct linux_sock *s, const void *value, socklen_t n); /* NULL: only told */
    int (*get)(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n);
} wholes[] = {
    {SOL_SOCKET, SO_BINDTODEVICE, set_device, get_device},
    {SOL_SOCKET, SO_ATTACH_FILTER, attach_filter, get_filter}, /* and SO_GET_FILTER, which is the same number */
    {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, attach_choice, get_nothing},
    {SOL_SOCKET, SO_PASSRIGHTS, set_rights, get_rights},
    {IPPROTO_IPV6, IPV6_PATHMTU, NULL, linux_path_get},
    {IPPROTO_IP, IP_PKTOPTIONS, NULL, linux_pktoptions_get},
    {IPPROTO_IPV6, IPV6_2292PKTOPTIONS, NULL, linux_pktoptions6_get},
};

static const struct whole *find_whole(const struct linux_sock *s, int level, int option)
{
    if (level == IPPROTO_IPV6 && !is_v6(s))
        return NULL;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (wholes[i].level == level && wholes[i].option == option)
            return &wholes[i];
    return NULL;
}

/* ---- all of them ---- */

static int set_engine(const struct linux_sock *s, struct linux_own *own, int level, int option, const void *value,
                      size_t n)
{
    int err = weft_setsockopt(s->sock, level, option, value, n);

    if (!err && level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_SNDBUFFORCE))
        own->kept[LINUX_BUFFER_LOCK] |= LINUX_LOCK_SEND;
    else if (!err && level == SOL_SOCKET && (option == SO_RCVBUF || option == SO_RCVBUFFORCE))
        own->kept[LINUX_BUFFER_LOCK] |= LINUX_LOCK_RECEIVE;
    return err;
}

int linux_set_option(const struct linux_sock *s, struct linux_own *own, int level, int option, const void *value,
                     socklen_t n)
{
    uint8_t copy[VALUE_MAX] = {0};
    size_t size = n < sizeof copy ? n : sizeof copy;
    const struct fixed *fixed = find_fixed(s, level, option);
    const struct whole *whole = find_whole(s, level, option);
    const struct kept *kept = find_kept(s, level, option);

    if ((int)n < 0 || (level == SOL_SOCKET && n < sizeof(int) && !whole))
        return -EINVAL;
    if (size && !value)
        return -EFAULT;
    if (linux_is_group_option(level, option))
        return linux_group_set(s->sock, is_stream(s), level, option, value, n);
    if (level == IPPROTO_IPV6 && option == IPV6_2292PKTOPTIONS && is_v6(s))
        return linux_pktoptions6_set(s, value, n);
    if (size)
        memcpy(copy, value, size);
    if (whole && whole->set)
        return whole->set(s, copy, n);
    if (kept)
        return set_kept(s, own, kept, copy, size);
    if (!fixed)
        return set_engine(s, own, level, option, copy, size);
    return size < fixed->size ? -EINVAL : fixed->set(s, own, copy);
}

/* Those of the engine, and the small ones of ours: as many bytes as there is room for. */
static int get_cut(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value, size_t *n)
{
    const struct fixed *fixed = find_fixed(s, level, option);
    const struct kept *kept = find_kept(s, level, option);
    uint8_t copy[VALUE_MAX] = {0};
    size_t room = *n;
    int err = 0;

    *n = room < sizeof copy ? room : sizeof copy;
    if (kept) {
        *n = get_kept(own, kept, copy, *n);
    } else if (fixed) {
        fixed->get(own, copy);
        *n = *n < fixed->size ? *n : fixed->size;
    } else {
        err = weft_getsockopt(s->sock, level, option, copy, n);
    }
    if (!err)
        memcpy(value, copy, *n);
    else if (err != WEFT_EINVAL || level != IPPROTO_TCP || option != WEFT_TCP_SAVED_SYN) /* which says how long it is */
        *n = room;
    return err;
}

/* Is it a level of this socket's own, which looks at the length before it knows the option? */
static bool minds_length(const struct linux_sock *s, int level)
{
    return level == SOL_SOCKET || (level == IPPROTO_IP && (!is_v6(s) || is_not_raw(s))) ||
           (level == IPPROTO_TCP && is_stream(s)) || (level == IPPROTO_UDP && is_udp(s));
}

/* A negative length: as Linux puts it. At the level of IPv6 it is taken for a large one. */
static int get_by_no_length(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value,
                            socklen_t *n)
{
    bool large = level == IPPROTO_IPV6 && is_v6(s) && !linux_is_group_option(level, option);
    socklen_t told = large ? VALUE_MAX : 0;
    int err = minds_length(s, level) ? -EINVAL : linux_get_option(s, own, level, option, value, &told);

    if (!err && !large)
        return -EINVAL;
    *n = err ? *n : told;
    return err;
}

int linux_get_option(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value,
                     socklen_t *n)
{
    const struct whole *whole = find_whole(s, level, option);
    size_t size;
    int err;

    if (!n || !value)
        return -EFAULT;
    if ((int)*n < 0)
        return get_by_no_length(s, own, level, option, value, n);
    if (whole)
        return whole->get(s, own, value, n);
    err = linux_told_get(s, own, level, option, value, n);
    if (err != -ENOTTY)
        return err;
    size = *n;
    if (!linux_is_group_option(level, option))
        err = get_cut(s, own, level, option, value, &size);
    else if ((err = linux_group_get(s->sock, level, option, value, &size)))
        size = *n;
    *n = (socklen_t)size;
    return err;
}
