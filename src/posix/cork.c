/* SPDX-License-Identifier: MIT */
/*
 * A datagram of UDP that grows: with UDP_CORK or MSG_MORE what is sent waits for more, and goes as one. Where it goes
 * and with what is settled by the first piece, as on Linux; a piece too many loses them all.
 */
#include <stdlib.h>

#include "posix/posix.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define PX_HEADER_MAX 2048 /* bytes of an extension header */

struct px_cork {
    struct weft_addr to;
    struct weft_control control;
    bool has_to, has_control;
    size_t n, room;
    uint8_t *bytes;
    uint8_t headers[2][PX_HEADER_MAX]; /* what control points to */
};

bool px_is_corked(const struct px_sock *s, int flags)
{
    return s->protocol == IPPROTO_UDP && (s->cork || flags & MSG_MORE || s->kept[PX_CORK]);
}

void px_cork_forget(struct px_sock *s)
{
    if (s->cork)
        free(s->cork->bytes);
    free(s->cork);
    s->cork = NULL;
}

/* The caller's memory is his own again before the datagram goes. */
static void keep_header(const uint8_t **header, uint8_t *room)
{
    if (!*header)
        return;
    memcpy(room, *header, ((*header)[1] + 1u) * 8);
    *header = room;
}

/* The first piece: is there somebody to send it to? */
static int begin(struct px_sock *s, const struct weft_addr *to, const struct weft_control *control)
{
    struct weft_ip source;
    struct weft_addr peer;
    int err = to ? 0 : weft_getpeername(px_engine(s), &peer);

    if (err)
        return -EDESTADDRREQ;
    if ((to ? to : &peer)->port == 0)
        return -EINVAL;
    err = weft_route_source(weft_sock_stack(px_engine(s)), &(to ? to : &peer)->ip, &source);
    if (err)
        return err;
    s->cork = calloc(1, sizeof *s->cork);
    if (!s->cork)
        return -ENOMEM;
    if (to)
        s->cork->to = *to;
    if (control)
        s->cork->control = *control;
    s->cork->has_to = to;
    s->cork->has_control = control;
    keep_header(&s->cork->control.hop_options, s->cork->headers[0]);
    keep_header(&s->cork->control.destination_options, s->cork->headers[1]);
    return 0;
}

/* Appends the pieces; -EMSGSIZE, -ENOBUFS. */
static int append(struct px_sock *s, const struct weft_iov *iov, size_t n, size_t len)
{
    struct px_cork *cork = s->cork;
    size_t most = UINT16_MAX - UDP_HEADER - (s->domain == AF_INET ? IPV4_HEADER : 0);
    uint8_t *bytes = cork->bytes;

    if (cork->n + len > most)
        return -EMSGSIZE;
    if (cork->n + len > cork->room)
        bytes = realloc(bytes, 2 * (cork->n + len));
    if (!bytes && len)
        return -ENOBUFS;
    cork->room = bytes == cork->bytes && cork->room >= cork->n + len ? cork->room : 2 * (cork->n + len);
    cork->bytes = bytes;
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len)
            memcpy(cork->bytes + cork->n, iov[i].base, iov[i].len);
        cork->n += iov[i].len;
    }
    return 0;
}

int64_t px_cork_push(struct px_call *c, int flags)
{
    struct px_cork *cork = c->s->cork;
    struct weft_iov iov;
    int64_t r;

    if (!cork)
        return 0;
    c->s->cork = NULL; /* whoever sends while this one waits begins another */
    iov = (struct weft_iov){cork->bytes, cork->n};
    r = px_send_dgram(c, &iov, 1, flags & ~MSG_MORE, cork->has_to ? &cork->to : NULL,
                      cork->has_control ? &cork->control : NULL);
    free(cork->bytes);
    free(cork);
    return r;
}

int64_t px_cork_send(struct px_call *c, const struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to,
                     const struct weft_control *control)
{
    size_t len = px_iov_len(iov, n);
    int64_t r;
    int err = c->s->cork ? 0 : begin(c->s, to, control);

    if (err)
        return err;
    err = append(c->s, iov, n, len);
    if (err) {
        px_cork_forget(c->s);
        return err;
    }
    if (flags & MSG_MORE || c->s->kept[PX_CORK])
        return (int64_t)len;
    r = px_cork_push(c, flags);
    return r < 0 ? r : (int64_t)len;
}
