/* SPDX-License-Identifier: MIT */
/*
 * Two drivers joined by a pair of sockets that keep the frames apart (AF_UNIX, SOCK_SEQPACKET): a link inside one
 * process that needs no privileges. When one end is closed the other one's receive says that the link died.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "weft/driver.h"

#define PAIR_MTU    1500
#define PAIR_BUFFER (1 << 20) /* bytes a socket may hold; the system may grant less */

struct pair_end {
    struct weft_driver driver; /* first: what the others see */
    uint8_t scratch[PAIR_MTU + 14];
};

static weft_pkt *pair_packet(struct pair_end *e, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(e->driver.stack, n);

    if (!pkt) {
        weft_count_drop(e->driver.stack, WEFT_DROP_no_memory);
        return NULL;
    }
    memcpy(weft_pkt_data(pkt), e->scratch, n);
    weft_pkt_set_len(pkt, n);
    return pkt;
}

static int pair_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct pair_end *e = (struct pair_end *)d;
    size_t reads;
    ssize_t r;
    int n = 0;

    for (reads = 0; reads < max; reads++) {
        r = recv(d->fd, e->scratch, sizeof(e->scratch), 0);
        if (r < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (r <= 0)
            return n ? n : -1;
        out[n] = pair_packet(e, (size_t)r);
        n += out[n] != NULL;
    }
    return n;
}

static ssize_t pair_send(const weft_driver *d, const weft_pkt *pkt)
{
    struct weft_iov piece[WEFT_PKT_PIECES];
    struct iovec iov[WEFT_PKT_PIECES];
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = weft_pkt_pieces(pkt, piece)};
    size_t i;

    for (i = 0; i < msg.msg_iovlen; i++)
        iov[i] = (struct iovec){piece[i].base, piece[i].len};
    return sendmsg(d->fd, &msg, MSG_NOSIGNAL);
}

static size_t pair_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    ssize_t r;
    size_t i;

    for (i = 0; i < n; i++) {
        do
            r = pair_send(d, pkts[i]);
        while (r < 0 && errno == EINTR);
        if (r < 0 && errno == EAGAIN)
            return i;
        if (r < 0)
            weft_count_drop(d->stack, errno == EMSGSIZE ? WEFT_DROP_if_oversize : WEFT_DROP_if_down);
        weft_pkt_release(pkts[i]);
    }
    return n;
}

static void pair_close(weft_driver *d)
{
    close(d->fd);
    free(d);
}

static const struct weft_driver_ops pair_ops = {"pair", pair_receive, pair_transmit, pair_close, NULL};

static struct pair_end *pair_end_new(const char *name, uint8_t number)
{
    struct pair_end *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->driver.ops = &pair_ops;
    e->driver.fd = -1;
    e->driver.ifc.name = name;
    e->driver.ifc.link = WEFT_LINK_ETHERNET;
    e->driver.ifc.mtu = PAIR_MTU;
    if (getrandom(e->driver.ifc.mac, 6, 0) != 6)
        memcpy(e->driver.ifc.mac, "\x02pair", 6);
    e->driver.ifc.mac[0] = 0x02;
    e->driver.ifc.mac[5] = number; /* so that the two surely differ */
    return e;
}

bool weft_pair_open(weft_driver *out[2])
{
    struct pair_end *a = pair_end_new("pair0", 0), *b = pair_end_new("pair1", 1);
    int size = PAIR_BUFFER, fd[2];

    if (!a || !b || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0) {
        free(a);
        free(b);
        return false;
    }
    setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    a->driver.fd = fd[0];
    b->driver.fd = fd[1];
    out[0] = &a->driver;
    out[1] = &b->driver;
    return true;
}
