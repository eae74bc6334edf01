/* SPDX-License-Identifier: MIT */
/* Bytes in and out of sockets and pipes: what read, recv, splice and sendfile have in common, and write, send too. */
#ifndef PACKETDRILL_DATA_H
#define PACKETDRILL_DATA_H

#include "packetdrill/desc.h"
#include "packetdrill/user.h"

/* What a call learns besides the bytes. */
struct received {
    struct weft_addr from; /* of a datagram */
    bool has_from;
    struct weft_control control; /* what a datagram came with */
    unsigned flags; /* MSG_TRUNC, MSG_OOB, MSG_ERRQUEUE */
    struct weft_report report; /* with MSG_ERRQUEUE */
    enum { NOTICE_NONE, NOTICE_SENT, NOTICE_PATH } notice; /* nothing but this is given */
};

/*
 * Bytes, 0 at the end, or a negative errno. Waits where the socket, its time-out and MSG_DONTWAIT let it. u is used up.
 */
int64_t socket_receive(struct drill *d, struct socket *s, struct user_iov *u, int flags, struct received *out);

#define CONTROL_MAX 4096 /* bytes of control messages */

/* What a send asks for besides, by control messages or by its socket's options. */
struct beside {
    unsigned stamps;             /* what of it is stamped (LINUX_STAMPS_OUT) */
    struct weft_control control; /* of a datagram; may point into: */
    _Alignas(max_align_t) uint8_t bytes[CONTROL_MAX];
};

/* The same for sending; to: NULL, or where a datagram goes. */
int64_t socket_send(struct drill *d, struct socket *s, struct user_iov *u, int flags, const struct weft_addr *to,
                    const struct beside *beside);

/* A datagram that has grown goes. */
int64_t socket_push(struct drill *d, struct socket *s, int flags);

/* ---- pipes (pipe.c) ---- */

int64_t pipe_read(struct drill *d, struct desc *desc, struct user_iov *u);
int64_t pipe_write(struct drill *d, struct desc *desc, struct user_iov *u);

#endif
