/* SPDX-License-Identifier: MIT */
/* ioctl and shutdown: what the pair cannot know. FIONREAD, FIONBIO and their like are the kernel's. */
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "run/private.h"

static int64_t give_int(struct call *c, int64_t value)
{
    int v = (int)value;

    if (value < 0)
        return value;
    return call_write(c, c->arg[2], &v, sizeof v);
}

/* Bytes on their way: the engine's, and those that have not come to it yet. */
static int64_t ask_unsent(struct call *c)
{
    const struct file *f = c->file;
    int there = 0;

    if (f->end >= 0 && ioctl(f->end, FIONREAD, &there) == 0 && file_is_stream(f) && there)
        there--; /* the byte that stays */
    return give_int(c, (int64_t)weft_unsent(f->sock) + there - (int64_t)f->fill);
}

static int64_t ask_mark(struct call *c) { return give_int(c, weft_atmark(c->file->sock)); }

static const struct {
    unsigned request;
    answerer *answer;
} requests[] = {
    {SIOCOUTQ, ask_unsent},
    {SIOCATMARK, ask_mark},
};

int64_t answer_ioctl(struct call *c)
{
    size_t i;

    for (i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (requests[i].request == (unsigned)c->arg[1])
            return requests[i].answer(c);
    }
    complain(c->run, "ioctl", "request %#x is not known here", (unsigned)c->arg[1]);
    return -ENOTTY;
}

/* The kernel shuts the pair down, and we hear of that (stream.c). Here is what it would not refuse. */
int64_t answer_shutdown(struct call *c)
{
    struct file *f = c->file;
    int how = (int)c->arg[1], err;
    enum weft_tcp_state state = weft_tcp_state(f->sock);

    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    if (!file_is_stream(f)) {
        err = weft_shutdown(f->sock, (enum weft_shut)how);
        return err ? err : ANSWER_CONTINUE;
    }
    if (state == WEFT_TCP_LISTEN && how == SHUT_WR)
        return 0;
    if (state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT) {
        err = weft_disconnect(f->sock);
        file_unpark_all(f, state == WEFT_TCP_LISTEN ? -EINVAL : -ECONNRESET);
        return err ? err : ANSWER_CONTINUE;
    }
    return state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT ? -ENOTCONN : ANSWER_CONTINUE;
}
