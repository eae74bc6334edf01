/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: sockets, epoll instances, ends of pipes. The number goes when it is closed; what is behind it lives
 * until the last call that uses it is over.
 */
#ifndef PACKETDRILL_DESC_H
#define PACKETDRILL_DESC_H

#include "linux/linux.h"
#include "packetdrill/drill.h"

struct desc_ops {
    void (*release)(struct drill *d, struct desc *desc); /* the last user has gone */
    /* What poll(2) would say of it now, asked for or not. */
    unsigned (*ready)(struct drill *d, struct desc *desc);
};

struct desc {
    const struct desc_ops *ops;
    unsigned users;
    bool nonblocking, cloexec;
    bool readable, writable; /* may it be read from, written to at all: ends of pipes */
    int owner;               /* who is to be signalled, as F_SETOWN takes it: kept and told, nobody is signalled */
    bool async;              /* and whether: O_ASYNC, FIOASYNC */
};

/* What connect(2) knows of a stream besides its state (Linux's socket_state). */
enum progress { UNCONNECTED, CONNECTING, CONNECTED };

struct socket {
    struct desc desc; /* first */
    weft_sock *sock;  /* its cookie is this */
    int domain, type, protocol;
    enum progress progress;
    bool deferred;                    /* connected, and the SYN waits for the first write (TCP_FASTOPEN_CONNECT) */
    bool shut_read, shut_write;       /* by us */
    struct linux_own own;             /* options, and what is told */
};

extern const struct desc_ops socket_ops, epoll_ops, pipe_ops;

/* Gives it the lowest free number and returns that; or -EMFILE, and it stays the caller's. */
int desc_add(struct drill *d, struct desc *desc, const struct desc_ops *ops);
/* A second number for it, the lowest free one from `least` on. -EINVAL, -EMFILE. */
int desc_again(struct drill *d, struct desc *desc, int least);
/* NULL: no such descriptor. Borrowed, until the lock is given up. */
struct desc *desc_find(const struct drill *d, int fd);
/* The socket behind fd, or NULL and *err: -EBADF, -ENOTSOCK. */
struct socket *desc_socket(const struct drill *d, int fd, int *err);
/* Takes the number back. -EBADF. */
int desc_remove(struct drill *d, int fd);
void desc_hold(struct desc *desc);
void desc_drop(struct drill *d, struct desc *desc);
/* Holds what was wished for against what has happened (linux/reports.c). */
void desc_collect_reports(struct drill *d);
/* The end. */
void desc_close_all(struct drill *d);

/* ---- sockets (socket.c) ---- */

/* A socket for linux/linux.h; `day` is filled in: the day is the clock's of all scripts. */
struct linux_sock socket_linux(const struct drill *d, const struct socket *s, struct timespec *day);
/* Takes sock. -EMFILE, -ENOMEM: it is closed then. */
int socket_add(struct drill *d, weft_sock *sock, const struct socket *like);
bool socket_is_stream(const struct socket *s);
/* A stream that has ended, or that has never begun. */
bool socket_is_closed(const struct socket *s);
/*
 * Is the handshake still under way? Else learns how it ended: *err is 0, or what connect gives then.
 */
bool socket_is_opening(struct socket *s, int *err);
/* A stream's next connection begins from nothing: connect to AF_UNSPEC, shutdown of what is not connected yet. */
int socket_disconnect(struct socket *s);

#endif
