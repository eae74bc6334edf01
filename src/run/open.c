/* SPDX-License-Identifier: MIT */
/* socket: a socket of the engine behind a pair, whose other end becomes the program's descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "run/private.h"

int64_t answer_socket(struct call *c)
{
    int domain = (int)c->arg[0], type = (int)c->arg[1], protocol = (int)c->arg[2], flags = type & ~0xf;
    struct file like = {.domain = domain, .type = type & 0xf, .tid = c->tid};
    struct file *f;
    weft_sock *sock;
    int program, err = 0;

    if (domain == AF_NETLINK)
        return netlink_socket(c);
    like.protocol = linux_protocol(domain, like.type, flags, protocol);
    if (like.protocol < 0) {
        /* Go asks for MPTCP first, and is content with TCP. */
        if (protocol != IPPROTO_MPTCP)
            complain(c->run, "socket", "there is no type %d with protocol %d here", like.type, protocol);
        return like.protocol;
    }
    linux_own_init(&like.own, (uintptr_t)c->run->host);
    sock = linux_socket(c->run->stack, domain, like.type, like.protocol, &err);
    if (!sock)
        return err;
    err = file_new(c->run, sock, &like, task_label(c->run, c->tid), &program, &f);
    if (err)
        return err;
    err = file_give(c, f, program, flags);
    if (err)
        file_close(c->run, f);
    return err && err != -ENOENT ? err : ANSWER_GIVEN;
}
