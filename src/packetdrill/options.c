/* SPDX-License-Identifier: MIT */
/* getsockopt and setsockopt: linux/own.c knows what there is. What a script points to is looked at here first. */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/data.h"

#define VALUE_MAX 32768 /* bytes of the longest value there is: a filter of 4096 instructions */

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

/* A filter's program stands elsewhere in the script's memory. */
static bool reads_program(struct drill *d, int level, int option, const void *value, socklen_t n)
{
    struct sock_fprog program;

    if (level != SOL_SOCKET || (option != SO_ATTACH_FILTER && option != SO_ATTACH_REUSEPORT_CBPF) ||
        n != sizeof program)
        return true;
    memcpy(&program, value, sizeof program);
    return user_reads(d, program.filter, program.len * sizeof *program.filter);
}

static int64_t set_option(struct drill *d, int fd, int level, int option, const void *value, socklen_t n)
{
    struct timespec day;
    struct linux_sock of;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if ((int)n < 0)
        return -EINVAL;
    if (!user_reads(d, value, n < VALUE_MAX ? n : VALUE_MAX) || !reads_program(d, level, option, value, n))
        return -EFAULT;
    of = socket_linux(d, s, &day);
    err = linux_set_option(&of, &s->own, level, option, value, n);
    if (err)
        say_unknown(level, option, err);
    else if (level == IPPROTO_UDP && option == UDP_CORK && !s->own.kept[LINUX_CORK])
        socket_push(d, s, 0); /* what was corked goes when it is corked no more */
    return err;
}

int drill_setsockopt(void *userdata, int fd, int level, int option, const void *value, socklen_t n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, set_option(d, fd, level, option, value, n));
}

/* ---- get ---- */

/* How many the value has; a filter is counted in instructions, and only counted where there is no room at all. */
static size_t bytes_of(int level, int option, socklen_t room, socklen_t n)
{
    if (level == SOL_SOCKET && option == SO_GET_FILTER)
        return room ? n * sizeof(struct sock_filter) : 0;
    return n < room ? n : room;
}

static int64_t get_option(struct drill *d, int fd, int level, int option, void *value, socklen_t *n)
{
    uint8_t copy[VALUE_MAX] = {0};
    socklen_t size, whole;
    struct timespec day;
    struct linux_sock of;
    size_t bytes;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if (!user_writes(d, n, sizeof *n))
        return -EFAULT;
    size = whole = *n;
    if ((int)size > VALUE_MAX)
        size = whole = VALUE_MAX;
    if ((int)size > 0 && linux_is_group_option(level, option)) {
        if (!user_reads(d, value, size))
            return -EFAULT;
        memcpy(copy, value, size); /* which names the group */
    }
    of = socket_linux(d, s, &day);
    err = linux_get_option(&of, &s->own, level, option, copy, &size);
    if (err == WEFT_EINVAL && level == IPPROTO_TCP && option == WEFT_TCP_SAVED_SYN)
        *n = size; /* so long it is */
    if (err)
        return err;
    bytes = bytes_of(level, option, whole, size);
    if (!user_writes(d, value, bytes))
        return -EFAULT;
    if (bytes)
        memcpy(value, copy, bytes);
    *n = size;
    return 0;
}

int drill_getsockopt(void *userdata, int fd, int level, int option, void *value, socklen_t *n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, get_option(d, fd, level, option, value, n));
}
