/* SPDX-License-Identifier: MIT */
/* close, which waits for a stream's last bytes where SO_LINGER says so. */
#include <errno.h>

#include "packetdrill/calls.h"
#include "packetdrill/desc.h"
#include "packetdrill/file.h"

struct close {
    struct call call;
    struct socket *s;
};

/* Linux's sk_stream_closing: what we said is not all acknowledged. */
static int64_t try_close(struct drill *d, struct call *call)
{
    enum weft_tcp_state state = weft_tcp_state(((struct close *)call)->s->sock);
    bool closing = state == WEFT_TCP_FIN_WAIT_1 || state == WEFT_TCP_CLOSING || state == WEFT_TCP_LAST_ACK;

    (void)d;
    return closing && !call->late ? CALL_SLEEPS : 0;
}

/* O_NONBLOCK does not matter to Linux here. */
static void linger(struct drill *d, struct socket *s)
{
    struct close c = {.call = {.name = "close", .attempt = try_close}, .s = s};

    if (!s->own.linger.onoff || s->own.linger.linger == 0 || weft_unread(s->sock) > 0)
        return;
    if (weft_shutdown(s->sock, WEFT_SHUT_WR) == 0)
        call_run(d, &c.call, (weft_time)s->own.linger.linger * WEFT_S);
}

static int64_t close_desc(struct drill *d, int fd)
{
    int err;
    struct desc *desc = desc_find(d, fd);
    struct socket *s = desc_socket(d, fd, &err);
    bool lingers = s && socket_is_stream(s) && weft_tcp_state(s->sock) != WEFT_TCP_LISTEN && desc->users == 1;

    if (!desc)
        return file_is_open(fd) ? file_close(fd) : -EBADF;
    desc_hold(desc);
    desc_remove(d, fd);
    if (lingers)
        linger(d, s);
    desc_drop(d, desc);
    return 0;
}

int drill_close(void *userdata, int fd)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, close_desc(d, fd));
}
