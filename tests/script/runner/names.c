/* SPDX-License-Identifier: MIT */
/* The constants that scripts write by name, with Linux's numbers, which are weft's too. */
#include <string.h>

#include "script.h"
#include "weft/sock.h"

static const struct {
    const char *name;
    int64_t number;
} constants[] = {
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
    {"TCP_NODELAY", WEFT_TCP_NODELAY},
    {"TCP_MAXSEG", WEFT_TCP_MAXSEG},
    {"TCP_CORK", WEFT_TCP_CORK},
    {"TCP_KEEPIDLE", WEFT_TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", WEFT_TCP_KEEPINTVL},
    {"TCP_KEEPCNT", WEFT_TCP_KEEPCNT},
    {"TCP_SYNCNT", WEFT_TCP_SYNCNT},
    {"TCP_LINGER2", WEFT_TCP_LINGER2},
    {"TCP_INFO", WEFT_TCP_INFO},
    {"TCP_TIMESTAMP", WEFT_TCP_TIMESTAMP},
    {"TCP_QUICKACK", WEFT_TCP_QUICKACK},
    {"TCP_USER_TIMEOUT", WEFT_TCP_USER_TIMEOUT},
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
    {"INADDR_ANY", 0},
    {"NULL", 0},
};

bool constant_find(const char *name, int64_t *number)
{
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
        if (strcmp(constants[i].name, name) == 0) {
            *number = constants[i].number;
            return true;
        }
    return false;
}

static const struct {
    const char *name;
    int number;
} errors[] = {
#define X(name, number, sentence) {#name, number},
    WEFT_ERRORS(X)
#undef X
    {"EBADF", 9},
    {"EWOULDBLOCK", 11},
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
