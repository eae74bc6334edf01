/* SPDX-License-Identifier: MIT */
/* The constants that scripts write by name, with Linux's numbers, which are weft's too. */
#include <string.h>

#include "script.h"
#include "weft/sock.h"

struct constant {
    const char *name;
    int64_t number;
};

static const struct constant constants[] = {
    {"AF_INET", 2},
    {"PF_INET", 2},
    {"SOCK_STREAM", 1},
    {"SOCK_DGRAM", 2},
    {"SOCK_NONBLOCK", 04000},
    {"SOCK_CLOEXEC", 02000000},
    {"IPPROTO_ICMP", 1},
    {"IPPROTO_TCP", 6},
    {"IPPROTO_UDP", 17},
    {"IPPROTO_IP", 0},
    {"SOL_SOCKET", WEFT_SOL_SOCKET},
    {"SOL_IP", WEFT_SOL_IP},
    {"SOL_TCP", WEFT_SOL_TCP},
    {"SO_REUSEADDR", WEFT_SO_REUSEADDR},
    {"SO_TYPE", WEFT_SO_TYPE},
    {"SO_ERROR", WEFT_SO_ERROR},
    {"SO_BROADCAST", WEFT_SO_BROADCAST},
    {"SO_SNDBUF", WEFT_SO_SNDBUF},
    {"SO_RCVBUF", WEFT_SO_RCVBUF},
    {"SO_KEEPALIVE", WEFT_SO_KEEPALIVE},
    {"SO_OOBINLINE", WEFT_SO_OOBINLINE},
    {"SO_MAX_PACING_RATE", WEFT_SO_MAX_PACING_RATE},
    {"SO_PRIORITY", WEFT_SO_PRIORITY},
    {"SO_LINGER", WEFT_SO_LINGER},
    {"SO_REUSEPORT", WEFT_SO_REUSEPORT},
    {"SO_ACCEPTCONN", WEFT_SO_ACCEPTCONN},
    {"SO_SNDLOWAT", WEFT_SO_SNDLOWAT},
    {"SO_PROTOCOL", WEFT_SO_PROTOCOL},
    {"SO_DOMAIN", WEFT_SO_DOMAIN},
    {"IP_TOS", WEFT_IP_TOS},
    {"IP_TTL", WEFT_IP_TTL},
    {"IP_MTU", WEFT_IP_MTU},
    {"IP_BIND_ADDRESS_NO_PORT", WEFT_IP_BIND_ADDRESS_NO_PORT},
    {"TCP_NODELAY", WEFT_TCP_NODELAY},
    {"TCP_MAXSEG", WEFT_TCP_MAXSEG},
    {"TCP_CORK", WEFT_TCP_CORK},
    {"TCP_KEEPIDLE", WEFT_TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", WEFT_TCP_KEEPINTVL},
    {"TCP_KEEPCNT", WEFT_TCP_KEEPCNT},
    {"TCP_SYNCNT", WEFT_TCP_SYNCNT},
    {"TCP_LINGER2", WEFT_TCP_LINGER2},
    {"TCP_DEFER_ACCEPT", WEFT_TCP_DEFER_ACCEPT},
    {"TCP_INFO", WEFT_TCP_INFO},
    {"TCP_TIMESTAMP", WEFT_TCP_TIMESTAMP},
    {"TCP_QUICKACK", WEFT_TCP_QUICKACK},
    {"TCP_TIMESTAMP", 24},
    {"TCP_USER_TIMEOUT", WEFT_TCP_USER_TIMEOUT},
    {"TCP_INFO", WEFT_TCP_INFO},
    {"MSG_OOB", WEFT_MSG_OOB},
    {"MSG_PEEK", WEFT_MSG_PEEK},
    {"MSG_TRUNC", WEFT_MSG_TRUNC},
    {"MSG_DONTWAIT", 0x40},
    {"MSG_NOSIGNAL", 0x4000},
    {"MSG_MORE", WEFT_MSG_MORE},
    {"SHUT_RD", WEFT_SHUT_RD},
    {"SHUT_WR", WEFT_SHUT_WR},
    {"SHUT_RDWR", WEFT_SHUT_RDWR},
    {"F_GETFL", 3},
    {"F_SETFL", 4},
    {"O_RDONLY", 0},
    {"O_WRONLY", 1},
    {"O_RDWR", 2},
    {"O_NONBLOCK", 04000},
    {"POLLIN", 0x1},
    {"POLLPRI", 0x2},
    {"POLLOUT", 0x4},
    {"POLLERR", 0x8},
    {"POLLHUP", 0x10},
    {"POLLRDHUP", 0x2000},
    {"SIOCINQ", 0x541b},
    {"FIONREAD", 0x541b},
    {"SIOCOUTQ", 0x5411},
    {"SIOCOUTQNSD", 0x894b},
    {"SIOCATMARK", 0x8905},
    {"INADDR_ANY", 0},
    {"NULL", 0},
};

/* What scripts name besides: for setting it, weft has no option, or the runner itself knows what it means. */
static const struct constant others[] = {
    {"AF_INET6", 10},
    {"PF_INET6", 10},
    {"IPPROTO_IPV6", 41},
    {"IPPROTO_ICMPV6", 58},
    {"SOL_UDP", 17},
    {"SOL_IPV6", 41},
    {"SO_RCVTIMEO", 20},
    {"SO_SNDTIMEO", 21},
    {"SO_TIMESTAMP", 29},
    {"SO_TIMESTAMPNS", 35},
    {"SO_TIMESTAMPING", 37},
    {"SO_PEEK_OFF", 42},
    {"SO_COOKIE", 57},
    {"SO_TXTIME", 61},
    {"SO_RXQ_OVFL", 40},
    {"SO_BUSY_POLL", 46},
    {"SO_INCOMING_CPU", 49},
    {"SO_MAX_PACING_RATE", 47},
    {"SO_ZEROCOPY", 60},
    {"SO_DONTROUTE", 5},
    {"SO_RCVLOWAT", 18},
    {"SO_BINDTODEVICE", 25},
    {"SO_SNDBUFFORCE", 32},
    {"SO_RCVBUFFORCE", 33},
    {"SO_MARK", 36},
    {"IP_OPTIONS", 4},
    {"IP_MTU_DISCOVER", 10},
    {"IP_RECVERR", 11},
    {"IP_RECVTTL", 12},
    {"IP_RECVTOS", 13},
    {"IP_FREEBIND", 15},
    {"IP_TRANSPARENT", 19},
    {"IP_MINTTL", 21},
    {"IP_BIND_ADDRESS_NO_PORT", 24},
    {"IP_PMTUDISC_DONT", 0},
    {"IP_PMTUDISC_WANT", 1},
    {"IP_PMTUDISC_DO", 2},
    {"IP_PMTUDISC_PROBE", 3},
    {"IPV6_UNICAST_HOPS", 16},
    {"IPV6_MTU_DISCOVER", 23},
    {"IPV6_MTU", 24},
    {"IPV6_RECVERR", 25},
    {"IPV6_V6ONLY", 26},
    {"IPV6_TCLASS", 67},
    {"TCP_DEFER_ACCEPT", 9},
    {"TCP_WINDOW_CLAMP", 10},
    {"TCP_CONGESTION", 13},
    {"TCP_MD5SIG", 14},
    {"TCP_THIN_LINEAR_TIMEOUTS", 16},
    {"TCP_REPAIR", 19},
    {"TCP_REPAIR_QUEUE", 20},
    {"TCP_QUEUE_SEQ", 21},
    {"TCP_REPAIR_OPTIONS", 22},
    {"TCP_ULP", 31},
    {"TCP_MD5SIG_EXT", 32},
    {"TCP_THIN_DUPACK", 17},
    {"TCP_FASTOPEN", 23},
    {"TCP_NOTSENT_LOWAT", 25},
    {"TCP_CC_INFO", 26},
    {"TCP_SAVE_SYN", 27},
    {"TCP_SAVED_SYN", 28},
    {"TCP_FASTOPEN_CONNECT", 30},
    {"TCP_FASTOPEN_KEY", 33},
    {"TCP_FASTOPEN_NO_COOKIE", 34},
    {"TCP_RTO_MAX_MS", 44},
    {"TCP_RTO_MIN_US", 45},
    {"TCP_DELACK_MAX_US", 46},
    {"TCP_ZEROCOPY_RECEIVE", 35},
    {"TCP_INQ", 36},
    {"TCP_CM_INQ", 36},
    {"TCP_TX_DELAY", 37},
    {"IP_RECVTTL", 12},
    {"IPV6_HOPLIMIT", 52},
    {"IPV6_RECVHOPLIMIT", 51},
    {"IPV6_RECVTCLASS", 66},
    {"SCM_TIMESTAMP", 29},
    {"SCM_TIMESTAMPNS", 35},
    {"SCM_TIMESTAMPING", 37},
    {"SCM_TSTAMP_SND", 0},
    {"SCM_TSTAMP_SCHED", 1},
    {"SCM_TSTAMP_ACK", 2},
    {"SOF_TIMESTAMPING_TX_HARDWARE", 1 << 0},
    {"SOF_TIMESTAMPING_TX_SOFTWARE", 1 << 1},
    {"SOF_TIMESTAMPING_RX_HARDWARE", 1 << 2},
    {"SOF_TIMESTAMPING_RX_SOFTWARE", 1 << 3},
    {"SOF_TIMESTAMPING_SOFTWARE", 1 << 4},
    {"SOF_TIMESTAMPING_SYS_HARDWARE", 1 << 5},
    {"SOF_TIMESTAMPING_RAW_HARDWARE", 1 << 6},
    {"SOF_TIMESTAMPING_OPT_ID", 1 << 7},
    {"SOF_TIMESTAMPING_TX_SCHED", 1 << 8},
    {"SOF_TIMESTAMPING_TX_ACK", 1 << 9},
    {"SOF_TIMESTAMPING_OPT_CMSG", 1 << 10},
    {"SOF_TIMESTAMPING_OPT_TSONLY", 1 << 11},
    {"SOF_TIMESTAMPING_OPT_STATS", 1 << 12},
    {"SOF_TIMESTAMPING_OPT_PKTINFO", 1 << 13},
    {"SOF_TIMESTAMPING_OPT_TX_SWHW", 1 << 14},
    {"SOF_TIMESTAMPING_OPT_ID_TCP", 1 << 16},
    {"SO_EE_ORIGIN_NONE", 0},
    {"SO_EE_ORIGIN_LOCAL", 1},
    {"SO_EE_ORIGIN_ICMP", 2},
    {"SO_EE_ORIGIN_ICMP6", 3},
    {"SO_EE_ORIGIN_TXSTATUS", 4},
    {"SO_EE_ORIGIN_TIMESTAMPING", 4},
    {"SO_EE_ORIGIN_ZEROCOPY", 5},
    {"SO_EE_CODE_ZEROCOPY_COPIED", 1},
    {"ENOMSG", 42},
    {"MSG_CTRUNC", 0x8},
    {"MSG_EOR", 0x80},
    {"MSG_WAITALL", 0x100},
    {"MSG_ERRQUEUE", 0x2000},
    {"MSG_ZEROCOPY", 0x4000000},
    {"MSG_FASTOPEN", 0x20000000},
    {"F_GETFD", 1},
    {"F_SETFD", 2},
    {"POLLNVAL", 0x20},
    {"POLLRDNORM", 0x40},
    {"POLLWRNORM", 0x100},
    {"EPOLLIN", 0x1},
    {"EPOLLPRI", 0x2},
    {"EPOLLOUT", 0x4},
    {"EPOLLERR", 0x8},
    {"EPOLLHUP", 0x10},
    {"EPOLLRDNORM", 0x40},
    {"EPOLLWRNORM", 0x100},
    {"EPOLLRDHUP", 0x2000},
    {"EPOLLONESHOT", 1 << 30},
    {"EPOLLET", 1LL << 31},
    {"EPOLL_CLOEXEC", 02000000},
    {"EPOLL_CTL_ADD", 1},
    {"EPOLL_CTL_DEL", 2},
    {"EPOLL_CTL_MOD", 3},
    {"SPLICE_F_MOVE", 1},
    {"SPLICE_F_NONBLOCK", 2},
    {"SPLICE_F_MORE", 4},
    {"INADDR_LOOPBACK", 0x7f000001},
};

static bool find_in(const struct constant *table, size_t n, const char *name, int64_t *number)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].name, name) == 0) {
            *number = table[i].number;
            return true;
        }
    return false;
}

bool constant_find(const char *name, int64_t *number)
{
    int error = 0;

    if (find_in(constants, sizeof(constants) / sizeof(constants[0]), name, number) ||
        find_in(others, sizeof(others) / sizeof(others[0]), name, number))
        return true;
    if (!errno_find(name, &error)) /* a report says which it is about */
        return false;
    *number = error;
    return true;
}

static const struct {
    const char *name;
    int number;
} errors[] = {
#define X(name, number, sentence) {#name, number},
    WEFT_ERRORS(X)
#undef X
    {"EWOULDBLOCK", 11},
    {"ENOTSOCK", 88},
};

bool errno_find(const char *name, int *number)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].name, name) == 0) {
            *number = errors[i].number;
            return true;
        }
    return false;
}

const char *errno_name(int number)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].number == number)
            return errors[i].name;
    return "an unknown error";
}
