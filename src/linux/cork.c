/* SPDX-License-Identifier: MIT */
/*
 * A datagram that grows: with UDP_CORK or MSG_MORE what is sent waits for more, and goes as one; of raw sockets with
 * MSG_MORE. Where it goes and with what is settled by the first piece, as on Linux; a piece too many loses them all.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "linux/linux.h"
#include "weft/route.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define HEADER_MAX 2048 /* bytes of an extension header */

struct linux_cork {
    struct weft_addr to;
    struct weft_control control;
    bool has_to, has_control;
    size_t n, room;
    uint8_t *bytes;
    uint8_t headers[2][HEADER_MAX]; /* what control points to */
};

/* Who makes the headers himself sends each datagram by itself. */
static bool makes_headers(const struct linux_sock *s)
{
    bool v4 = s->domain == AF_INET;
    int on = 0;

    weft_getsockopt(s->sock, v4 ? WEFT_SOL_IP : WEFT_SOL_IPV6, v4 ? WEFT_IP_HDRINCL : WEFT_IPV6_HDRINCL, &on,
                    &(size_t){sizeof on});
    return on;
}

bool linux_is_corked(const struct linux_sock *s, const struct linux_own *own, int flags)
{
    if (s->type == SOCK_STREAM || !(own->cork || flags & MSG_MORE || own->kept[LINUX_CORK]))
        return false;
    return s->type == SOCK_RAW ? !makes_headers(s) : s->protocol == IPPROTO_UDP;
}

void linux_cork_free(struct linux_cork *cork)
{
    if (cork)
        free(cork->bytes);
    free(cork);
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
static int begin(const struct linux_sock *s, struct linux_cork **cork, const struct weft_addr *to,
                 const struct weft_control *control)
{
    struct weft_ip source;
    struct weft_addr peer;
    int err = to ? 0 : weft_getpeername(s->sock, &peer);

    if (err)
        return -EDESTADDRREQ;
    if (s->type != SOCK_RAW && (to ? to : &peer)->port == 0)
        return -EINVAL;
    err = weft_route_source(weft_sock_stack(s->sock), &(to ? to : &peer)->ip, &source);
    if (err)
        return err;
    *cork = calloc(1, sizeof **cork);
    if (!*cork)
        return -ENOMEM;
    if (to)
        (*cork)->to = *to;
    if (control)
        (*cork)->control = *control;
    (*cork)->has_to = to;
    (*cork)->has_control = control;
    keep_header(&(*cork)->control.hop_options, (*cork)->headers[0]);
    keep_header(&(*cork)->control.destination_options, (*cork)->headers[1]);
    return 0;
}

static bool make_room(struct linux_cork *cork, size_t more)
{
    uint8_t *bytes;

    if (cork->n + more <= cork->room)
        return true;
    bytes = realloc(cork->bytes, 2 * (cork->n + more));
    if (!bytes)
        return false;
    cork->bytes = bytes;
    cork->room = 2 * (cork->n + more);
    return true;
}

static int append(struct linux_cork *cork, const struct linux_sock *s, const struct weft_iov *iov, size_t n)
{
    size_t most = UINT16_MAX - (s->type == SOCK_RAW ? 0 : UDP_HEADER) - (s->domain == AF_INET ? IPV4_HEADER : 0);

    for (size_t i = 0; i < n; i++) {
        if (iov[i].len > most || cork->n + iov[i].len > most)
            return -EMSGSIZE;
        if (!make_room(cork, iov[i].len))
            return -ENOBUFS;
        if (iov[i].len)
            memcpy(cork->bytes + cork->n, iov[i].base, iov[i].len);
        cork->n += iov[i].len;
    }
    return 0;
}

int linux_cork_add(const struct linux_sock *s, struct linux_cork **cork, const struct weft_iov *iov, size_t n,
                   const struct weft_addr *to, const struct weft_control *control)
{
    int err = *cork ? 0 : begin(s, cork, to, control);

    if (err)
        return err;
    err = append(*cork, s, iov, n);
    if (err) {
        linux_cork_free(*cork);
        *cork = NULL;
    }
    return err;
}

struct weft_iov linux_cork_whole(const struct linux_cork *cork, const struct weft_addr **to,
                                 const struct weft_control **control)
{
    *to = cork->has_to ? &cork->to : NULL;
    *control = cork->has_control ? &cork->control : NULL;
    return (struct weft_iov){cork->bytes, cork->n};
}
