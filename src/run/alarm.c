/* SPDX-License-Identifier: MIT */
/*
 * The alarm: an error at the program's end of a datagram socket's pair, so that poll and epoll tell of it (POLLERR) and
 * a read or write that goes to the pair fails with it, once.
 *
 * AF_UNIX knows one such error: when one end of a pair of SOCK_DGRAM leaves the other, and had something unread, the
 * other gets ECONNRESET, and loses nothing but what was unread there. So our end takes itself for its peer, says
 * nothing to itself, returns, leaves again and returns. For this both ends have names, of the kind that the kernel
 * makes up. What the program writes in these microseconds may be lost.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "run/private.h"

int alarm_prepare(int end)
{
    static const struct sockaddr_un any = {.sun_family = AF_UNIX};

    return bind(end, (const struct sockaddr *)&any, sizeof any.sun_family);
}

void alarm_raise(struct file *f)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct sockaddr_un program, own;
    socklen_t n_program = sizeof program, n_own = sizeof own;

    if (alarm_prepare(f->end) < 0 || getsockname(f->end, (struct sockaddr *)&own, &n_own) < 0 ||
        getpeername(f->end, (struct sockaddr *)&program, &n_program) < 0)
        return;
    connect(f->end, &nobody, sizeof nobody);
    sendto(f->end, "", 0, MSG_DONTWAIT, (struct sockaddr *)&own, n_own);
    connect(f->end, (struct sockaddr *)&program, n_program);
    connect(f->end, &nobody, sizeof nobody);
    f->alarmed = connect(f->end, (struct sockaddr *)&program, n_program) == 0;
}

bool alarm_end(struct file *f, int program)
{
    int error = 0;
    socklen_t n = sizeof error;

    if (!f->alarmed)
        return true;
    f->alarmed = false;
    return getsockopt(program, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error;
}
