/* SPDX-License-Identifier: MIT */
/*
 * Options that are a number which is kept: what it does, if anything, is the business of whoever asks px_kept. One row
 * each, with what Linux takes for it.
 */
#include <limits.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>

#include "posix/posix.h"

#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

/* Stamps of what comes in. Devices make none, as most of Linux's do not; those flags ask in vain. */
#define STAMPS (SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE | \
                SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_SYS_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE)
/* Of datagrams that go out: without their bytes (OPT_TSONLY), for the packet is gone. */
#define STAMPS_OUT (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID)

static bool is_any(const struct px_sock *s)
{
    (void)s;
    return true;
}

static bool is_not_raw(const struct px_sock *s) { return s->type != SOCK_RAW; }
static bool is_udp(const struct px_sock *s) { return s->protocol == IPPROTO_UDP; }
static bool is_v6(const struct px_sock *s) { return s->domain == AF_INET6; }

struct kept {
    int level, option;
    enum px_kept slot;
    int least, most;
    bool is_switch; /* whatever is not 0 is 1 */
    bool (*is_of)(const struct px_sock *s);
};

static const struct kept kepts[] = {
    {SOL_SOCKET, SO_INCOMING_CPU, PX_INCOMING_CPU, INT_MIN, INT_MAX, false, is_any},
    {SOL_SOCKET, SO_BUSY_POLL, PX_BUSY_POLL, 0, INT_MAX, false, is_any},
    {SOL_SOCKET, SO_SELECT_ERR_QUEUE, PX_SELECT_ERR_QUEUE, INT_MIN, INT_MAX, true, is_any},
    {SOL_SOCKET, SO_PEEK_OFF, PX_PEEK_OFF, INT_MIN, INT_MAX, false, px_is_stream},
    {SOL_SOCKET, SO_ZEROCOPY, PX_ZEROCOPY, 0, 1, false, is_not_raw},
    {SOL_SOCKET, SO_TIMESTAMPING, PX_STAMPING, 0, INT_MAX, false, is_any},
    {SOL_SOCKET, SO_BUF_LOCK, PX_BUFFER_LOCK, 0, PX_LOCK_SEND | PX_LOCK_RECEIVE, false, is_any},
    {IPPROTO_UDP, UDP_CORK, PX_CORK, INT_MIN, INT_MAX, true, is_udp},
    {IPPROTO_IPV6, IPV6_FLOWINFO_SEND, PX_FLOW_SEND, INT_MIN, INT_MAX, true, is_v6},
    {IPPROTO_IPV6, IPV6_RECVPATHMTU, PX_PATH_MTU, INT_MIN, INT_MAX, true, is_v6},
};

static const struct kept *find(const struct px_sock *s, int level, int option)
{
    for (size_t i = 0; i < sizeof kepts / sizeof *kepts; i++)
        if (kepts[i].level == level && kepts[i].option == option)
            return kepts[i].is_of(s) ? &kepts[i] : NULL;
    return NULL;
}

bool px_is_kept(const struct px_sock *s, int level, int option) { return find(s, level, option); }

static bool are_stamps(const struct px_sock *s, int v)
{
    if (v & SOF_TIMESTAMPING_TX_SOFTWARE && !(v & SOF_TIMESTAMPING_OPT_TSONLY))
        return false;
    return !(v & ~(px_is_stream(s) ? STAMPS : STAMPS | STAMPS_OUT));
}

int px_kept_set(struct px_sock *s, int level, int option, int value)
{
    const struct kept *k = find(s, level, option);

    if (value < k->least || value > k->most || (k->slot == PX_STAMPING && !are_stamps(s, value)))
        return -EINVAL;
    if (k->slot == PX_STAMPING && value & ~s->kept[PX_STAMPING] & SOF_TIMESTAMPING_OPT_ID)
        s->stamp_number = 0;
    s->kept[k->slot] = k->is_switch ? value != 0 : value;
    return 0;
}

size_t px_kept_get(const struct px_sock *s, int level, int option, void *value, size_t n)
{
    const struct kept *k = find(s, level, option);
    int v[2] = {s->kept[k->slot], 0}; /* a clock that there is none of goes with SO_TIMESTAMPING */
    size_t size = k->slot == PX_STAMPING ? sizeof v : sizeof *v;

    size = n < size ? n : size;
    memcpy(value, v, size);
    return size;
}
