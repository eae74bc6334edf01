/* SPDX-License-Identifier: MIT */
/* Which function answers which call; what all of them have in common. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/private.h"

static const struct {
    int nr;
    answerer *answer;
    const char *name;
    bool makes;   /* a socket: there is none yet */
    int64_t gone; /* the answer for a file whose connection is gone; 0: the function knows */
} table[] = {
    {SYS_socket, answer_socket, "socket", true, 0},
    {SYS_connect, answer_connect, "connect", false, -EISCONN},
    {SYS_bind, answer_bind, "bind", false, -EINVAL},
    {SYS_listen, answer_listen, "listen", false, -EINVAL},
    {SYS_accept, answer_accept, "accept", false, -EINVAL},
    {SYS_accept4, answer_accept4, "accept4", false, -EINVAL},
    {SYS_getsockname, answer_getsockname, "getsockname", false, -EINVAL},
    {SYS_getpeername, answer_getpeername, "getpeername", false, -ENOTCONN},
    {SYS_setsockopt, answer_setsockopt, "setsockopt", false, -EINVAL},
    {SYS_getsockopt, answer_getsockopt, "getsockopt", false, 0},
    {SYS_shutdown, answer_shutdown, "shutdown", false, -ENOTCONN},
    {SYS_sendto, answer_sendto, "sendto", false, ANSWER_CONTINUE},
    {SYS_recvfrom, answer_recvfrom, "recvfrom", false, ANSWER_CONTINUE},
    {SYS_sendmsg, answer_sendmsg, "sendmsg", false, ANSWER_CONTINUE},
    {SYS_recvmsg, answer_recvmsg, "recvmsg", false, ANSWER_CONTINUE},
    {SYS_sendmmsg, answer_sendmmsg, "sendmmsg", false, ANSWER_CONTINUE},
    {SYS_recvmmsg, answer_recvmmsg, "recvmmsg", false, ANSWER_CONTINUE},
    {SYS_ioctl, answer_ioctl, "ioctl", false, -EINVAL},
};

#define CALLS (sizeof table / sizeof *table)

static size_t find(int nr)
{
    size_t i = 0;

    while (i < CALLS && table[i].nr != nr)
        i++;
    return i;
}

const char *call_name(int nr)
{
    size_t i = find(nr);

    return i < CALLS ? table[i].name : "a call";
}

static bool moves_bytes(int nr)
{
    return nr == SYS_sendto || nr == SYS_recvfrom || nr == SYS_sendmsg || nr == SYS_recvmsg || nr == SYS_sendmmsg ||
           nr == SYS_recvmmsg;
}

/*
 * A socket that another run on this host has passed on: it is that one's, and ends with it. A stream's bytes go through
 * its pair all the same. The kernel would answer the rest for a socket of AF_UNIX.
 */
static int64_t answer_for_another(struct call *c)
{
    int type = 0;
    socklen_t n = sizeof type;

    if (moves_bytes(c->nr) && getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM)
        return ANSWER_CONTINUE;
    complain(c->run, call_name(c->nr), "the socket is of another weft run: here a stream can be read and written, no more");
    return -EOPNOTSUPP;
}

/* What concerns no socket of ours is the kernel's. */
static int64_t answer_of(struct call *c)
{
    size_t i = find(c->nr);

    if (i == CALLS)
        return ANSWER_CONTINUE;
    if (!table[i].makes) {
        file_identify(c);
        if (!c->file && c->nr == SYS_ioctl)
            return answer_foreign_ioctl(c);
        if (!c->file)
            return c->anothers ? answer_for_another(c) : ANSWER_CONTINUE;
        if (file_is_netlink(c->file))
            return netlink_call(c);
        if (!c->file->sock && table[i].gone)
            return table[i].gone;
    }
    return table[i].answer(c);
}

void call_serve(struct call *c)
{
    int64_t answer = answer_of(c);

    if (answer != ANSWER_GIVEN && answer != ANSWER_LATER)
        call_answer(c, answer);
    if (c->held)
        hold_end(c);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}
