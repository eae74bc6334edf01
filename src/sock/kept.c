/* SPDX-License-Identifier: MIT */
/*
 * Options of Linux's that ask for nothing here, or for what a socket of this kind never does: one row each, with what
 * Linux tells of it and what it says to one who sets it. A program that looks at them, or sets them as it always does,
 * is answered as it is used to.
 */
#include "core/stack.h"
#include "ip/ip.h"
#include "sock/options.h"

enum { STREAM = 1, DATAGRAM = 2, RAW = 4, NOT_RAW = STREAM | DATAGRAM, NOT_STREAM = DATAGRAM | RAW, ALL = 7 };

/* Numbers that nothing else here knows. */
enum {
    SO_BSDCOMPAT = 14, SO_PASSCRED = 16, SO_PASSSEC = 34, SO_WIFI_STATUS = 41, SO_NOFCS = 43, SO_BPF_EXTENSIONS = 48,
    SO_ATTACH_BPF = 50, SO_ATTACH_REUSEPORT_EBPF = 52, SO_CNX_ADVICE = 53, SO_INCOMING_NAPI_ID = 56,
    SO_ZEROCOPY = 60, SO_PREFER_BUSY_POLL = 69, SO_BUSY_POLL_BUDGET = 70,
    SO_RESERVE_MEM = 73, SO_TXREHASH = 74, SO_RCVMARK = 75, SO_PASSPIDFD = 76, SO_RCVPRIORITY = 82,
    IP_PASSSEC = 18, IP_NODEFRAG = 22,
    IPV6_ROUTER_ALERT_ISOLATE = 30, IPV6_AUTOFLOWLABEL = 70,
    UDPLITE_SEND_CSCOV = 10, UDPLITE_RECV_CSCOV = 11,
};

/* Bits of sock_rare.kept. Each is told as what it is at first, or as the other, once it is set. */
enum {
    KEPT_NONE, KEPT_WIFI = 0x1, KEPT_NOFCS = 0x2, KEPT_PREFER = 0x4, KEPT_REHASH = 0x8, KEPT_RCVMARK = 0x10,
    KEPT_RCVPRIORITY = 0x20, KEPT_PASSSEC = 0x40, KEPT_NODEFRAG = 0x80, KEPT_LOOP = 0x100, KEPT_ALL = 0x200,
    KEPT_LOOP6 = 0x400, KEPT_ALL6 = 0x800, KEPT_ISOLATE = 0x1000, KEPT_LABEL = 0x2000,
};

struct sock_kept {
    int level, number;
    uint8_t kinds;
    bool any_length; /* of IPv6: what is too short for an int is 0 */
    uint16_t bit;    /* KEPT_NONE: it stays as it is */
    int first;       /* what it is, or why it cannot be told */
    int set;         /* 0, or why it cannot be set */
    int min, max;    /* of what may be set */
};

#define SWITCH_OF(bit, first) false, bit, first, 0, INT_MIN, INT_MAX
#define BOOLEAN_OF(bit, first) false, bit, first, 0, 0, 1
#define TELLS(first, set)     false, KEPT_NONE, first, set, INT_MIN, INT_MAX
#define REFUSES(first, set)   true, KEPT_NONE, first, set, INT_MIN, INT_MAX /* whatever the length */
#define NEITHER(err)          false, KEPT_NONE, err, err, INT_MIN, INT_MAX

static const struct sock_kept rows[] = {
    {WEFT_SOL_SOCKET, SO_BSDCOMPAT, ALL, TELLS(0, 0)},
    {WEFT_SOL_SOCKET, SO_PASSCRED, ALL, NEITHER(WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_PASSSEC, ALL, NEITHER(WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_PASSPIDFD, ALL, NEITHER(WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_WIFI_STATUS, ALL, SWITCH_OF(KEPT_WIFI, 0)},
    {WEFT_SOL_SOCKET, WEFT_SO_PEEK_OFF, RAW, NEITHER(WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_NOFCS, ALL, SWITCH_OF(KEPT_NOFCS, 0)},
    {WEFT_SOL_SOCKET, SO_BPF_EXTENSIONS, ALL, TELLS(64, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_SOCKET, SO_ATTACH_BPF, ALL, TELLS(WEFT_ENOPROTOOPT, WEFT_EINVAL)},
    {WEFT_SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, ALL, TELLS(WEFT_ENOPROTOOPT, WEFT_EINVAL)},
    {WEFT_SOL_SOCKET, WEFT_SO_DETACH_REUSEPORT_BPF, RAW, TELLS(WEFT_ENOPROTOOPT, WEFT_EINVAL)},
    {WEFT_SOL_SOCKET, SO_CNX_ADVICE, ALL, TELLS(WEFT_ENOPROTOOPT, 0)},
    {WEFT_SOL_SOCKET, SO_INCOMING_NAPI_ID, ALL, TELLS(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_SOCKET, SO_ZEROCOPY, RAW, TELLS(0, WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_PREFER_BUSY_POLL, ALL, SWITCH_OF(KEPT_PREFER, 0)},
    {WEFT_SOL_SOCKET, SO_BUSY_POLL_BUDGET, ALL, false, KEPT_NONE, WEFT_ENOPROTOOPT, 0, 0, UINT16_MAX},
    {WEFT_SOL_SOCKET, SO_RESERVE_MEM, ALL, false, KEPT_NONE, 0, WEFT_EOPNOTSUPP, 0, INT_MAX},
    {WEFT_SOL_SOCKET, SO_TXREHASH, STREAM, false, KEPT_REHASH, 1, 0, -1, 1}, /* -1: as it was at first */
    {WEFT_SOL_SOCKET, SO_TXREHASH, NOT_STREAM, NEITHER(WEFT_EOPNOTSUPP)},
    {WEFT_SOL_SOCKET, SO_RCVMARK, ALL, SWITCH_OF(KEPT_RCVMARK, 0)},
    {WEFT_SOL_SOCKET, SO_RCVPRIORITY, ALL, SWITCH_OF(KEPT_RCVPRIORITY, 0)},
    {WEFT_SOL_IP, WEFT_IP_HDRINCL, NOT_RAW, TELLS(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, NOT_RAW, TELLS(0, WEFT_EINVAL)},
    {WEFT_SOL_IP, IP_PASSSEC, ALL, SWITCH_OF(KEPT_PASSSEC, 0)},
    {WEFT_SOL_IP, IP_NODEFRAG, RAW, SWITCH_OF(KEPT_NODEFRAG, 0)},
    {WEFT_SOL_IP, IP_NODEFRAG, NOT_RAW, TELLS(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_IP, WEFT_IP_RECVFRAGSIZE, STREAM, TELLS(0, WEFT_EINVAL)},
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_TTL, STREAM, TELLS(1, WEFT_EINVAL)},
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_LOOP, STREAM, SWITCH_OF(KEPT_LOOP, 1)},
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_ALL, STREAM, BOOLEAN_OF(KEPT_ALL, 1)},
    {WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, RAW, TELLS(0, WEFT_EINVAL)}, /* it speaks nothing else */
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_IF, STREAM, REFUSES(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_HOPS, STREAM, REFUSES(1, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_LOOP, STREAM, BOOLEAN_OF(KEPT_LOOP6, 1)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_ALL, STREAM, SWITCH_OF(KEPT_ALL6, 1)},
    {WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, NOT_RAW, TELLS(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_IPV6, IPV6_ROUTER_ALERT_ISOLATE, ALL, SWITCH_OF(KEPT_ISOLATE, 0)},
    {WEFT_SOL_IPV6, IPV6_AUTOFLOWLABEL, ALL, true, KEPT_LABEL, 1, 0, INT_MIN, INT_MAX},
    {WEFT_SOL_UDP, UDPLITE_SEND_CSCOV, DATAGRAM, TELLS(0, WEFT_ENOPROTOOPT)},
    {WEFT_SOL_UDP, UDPLITE_RECV_CSCOV, DATAGRAM, TELLS(0, WEFT_ENOPROTOOPT)},
};

static unsigned kind_of(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->proto == WEFT_TCP ? STREAM : ops->proto == WEFT_RAW ? RAW : DATAGRAM;
}

const struct sock_kept *sock_kept_find(const weft_sock *sock, int level, int number)
{
    unsigned kind = kind_of(sock);

    if (level == WEFT_SOL_UDP && endpoint_ops(sock)->proto != WEFT_UDP)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].level == level && rows[i].number == number && rows[i].kinds & kind)
            return &rows[i];
    return NULL;
}

int sock_kept_set(weft_sock *sock, const struct sock_kept *k, const void *value, size_t n)
{
    struct sock_rare *rare;
    int v;

    if (!sock_option_take(k->level, value, n, &v)) {
        if (!k->any_length)
            return WEFT_EINVAL;
        v = 0;
    }
    if (v < k->min || v > k->max)
        return WEFT_EINVAL;
    if (k->set)
        return k->set;
    if (!k->bit)
        return 0;
    rare = endpoint_ops(sock)->own_rare(sock);
    if (!rare)
        return WEFT_ENOMEM;
    rare->kept = (v != 0) == (k->first != 0) ? rare->kept & ~(uint32_t)k->bit : rare->kept | k->bit;
    return 0;
}

int sock_kept_get(const weft_sock *sock, const struct sock_kept *k, void *value, size_t *n)
{
    int v = k->first;

    if (v < 0)
        return v;
    if (k->bit && endpoint_ops(sock)->rare(sock)->kept & k->bit)
        v = !v;
    ip_give_option(k->level, v, value, n);
    return 0;
}
