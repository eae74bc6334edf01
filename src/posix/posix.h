/* SPDX-License-Identifier: MIT */
/*
 * What the files of the POSIX layer share.
 *
 * Theory of operation. A number leads through the process's table to an open description (struct px), which several
 * numbers and the calls under way share; the last one to leave releases it. A socket's description is covered by its
 * host's lock, but for what never changes. A call finds the description, takes the lock (px_begin), asks the engine,
 * and where that says WEFT_EAGAIN and waiting is allowed sleeps as a system call does (px_wait) and asks again.
 *
 * Internal results are a count or a negative errno; px_result turns them into what POSIX gives.
 *
 *      file         owns
 *      table.c      numbers, descriptions, dup and close      call.c      the frame of a call, waiting
 *      address.c    struct sockaddr and weft_addr             socket.c    socket, bind, listen, accept, names, shutdown
 *      connect.c    connect                                   receive.c, send.c  bytes; message.c  msghdr in plural
 *      async.c      owners, SIGIO and SIGURG
 *      told.c       what is told of what was sent             stdio.c     fdopen
 *      splice.c     sendfile, splice                          status.c    fstat
 *      options.c    the calls for linux/own.c                 control.c   fcntl, ioctl; interface.c, ifaddrs.c  names;
 *                                                           configure.c, configure6.c  SIOCSIF*, SIOCADDRT, SIOCSARP
 *      ready.c      readiness as poll spells it               poll.c, select.c, epoll.c
 *      netdb.c      getaddrinfo, getnameinfo                  unp*.c, request.c, daemon.c, error.c  weft/unp.h, over
 *                                                                         the public calls
 *
 * Lock order: epoll_lock (epoll.c), a host's lock, an epoll instance's own; the table's is innermost.
 */
#ifndef POSIX_POSIX_H
#define POSIX_POSIX_H

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "host/host.h"
#include "weft/posix.h"

struct px;

struct px_kind {
    void (*release)(struct px *p); /* nobody has it any more; no lock is held */
};

/* An open description. */
struct px {
    const struct px_kind *kind;
    unsigned users; /* numbers, and calls under way; under the table's lock */
};

/* What connect(2) knows of a stream besides its state (Linux's socket_state). */
enum px_progress { PX_UNCONNECTED, PX_CONNECTING, PX_CONNECTED };

struct px_item;

struct px_sock {
    struct px px; /* first */
    weft_host *host;
    struct host_sock *hs; /* one of its users; its sock is NULL once the host is gone */
    int domain, type, protocol;
    bool nonblocking;
    enum px_progress progress;
    bool shut_read, shut_write; /* by us */
    struct linux_own own; /* options, and what is told */
    struct host_look look; /* while it has wishes for its sends (linux_reports) */
    struct px_async *async; /* NULL: no owner, and no O_ASYNC */
    struct px_item *items; /* in epoll instances; under epoll_lock */
};

extern const struct px_kind px_sock_kind, px_epoll_kind;

static inline bool px_is_stream(const struct px_sock *s) { return s->type == SOCK_STREAM; }
static inline weft_sock *px_engine(const struct px_sock *s) { return s->hs->sock; }

static inline int64_t px_result(int64_t r)
{
    if (r >= 0)
        return r;
    errno = (int)-r;
    return -1;
}

/* ---- table.c ---- */

/* A number of the kernel's, without use. Negative errno. */
int px_reserve(bool cloexec);
/* Puts the description behind a reserved number; one user. -ENOMEM: nothing happened. */
int px_put(int fd, struct px *p);
/* The description, held; NULL: not ours. */
struct px *px_get(int fd);
struct px_sock *px_get_sock(int fd); /* NULL: not ours, or no socket */
void px_drop(struct px *p);
bool px_is_last(struct px *p); /* held by the caller and one number at most */
bool px_is_ours(int fd);
/* Another number, reserved already, for the description behind fd. */
int px_again(int fd, int to);

/* ---- call.c ---- */

struct px_call {
    struct px_sock *s;
    weft_host *host;
};

/* Finds and locks. 0; -EBADF: not ours; -ENOTSOCK, -ENETDOWN. px_end in all cases. */
int px_begin(struct px_call *c, int fd);
int64_t px_end(struct px_call *c, int64_t r);
/* Sleeps till the socket may be ready: 0; -EAGAIN: the time is over; -EINTR, -ENETDOWN. */
int px_wait(struct px_call *c, unsigned want, weft_time until);
/* The same, but of several that sleep so one is woken: it sees to it that the next has its turn (sock_wake_next). */
int px_wait_turn(struct px_call *c, unsigned want, weft_time until);
/* The end of a time-out that starts now; 0 where the socket, or the call, must not wait. */
weft_time px_until(const struct px_call *c, weft_time timeout, int flags);

/* ---- address.c ---- */

/* The family it names, -1: it is too short for one. */
int px_family(const struct sockaddr *addr, socklen_t n);
/* 0, -EFAULT, -EINVAL. addr NULL: nothing is wanted. */
int px_give_addr(const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n);

/* A socket for linux/linux.h. */
static inline struct linux_sock px_linux(const struct px_sock *s)
{
    return (struct linux_sock){px_engine(s), s->domain, s->type, s->protocol, s->host->now, NULL, s->own.stamp,
                               s->own.kept[LINUX_STAMPING], s->own.inquire,
                               (unsigned)s->own.kept[LINUX_RFC2292]};
}

/* ---- told.c: what is told of what was sent ---- */

/* n bytes were, or a datagram, with these flags; stamps: what of it is stamped. */
void px_sent(struct px_sock *s, size_t n, int flags, unsigned stamps);
/* What the error queue tells of it now. */
bool px_told_waits(struct px_sock *s);
/* Nothing is to be told any more; a new connection has no past. */
void px_told_forget(struct px_sock *s);

/* ---- async.c: owners of sockets, and O_ASYNC. All need the lock ---- */

void px_async_end(struct px_sock *s);
bool px_async_is_on(const struct px_sock *s);
int px_async_set(struct px_sock *s, bool on);
int px_async_owner(const struct px_sock *s);
int px_async_set_owner(struct px_sock *s, int owner);
/* F_SETOWN_EX, F_GETOWN_EX, F_SETSIG, F_GETSIG by this number; -EINVAL: none of these. */
int px_async_fcntl(struct px_sock *s, int fd, int command, void *argument);
int px_async_ioctl(struct px_sock *s, unsigned long request, void *argument); /* -ENOTTY: none of these */

/* ---- the rest ---- */

weft_host *px_host(void); /* weft_posix_use */
/* Makes the description and its number. Takes sock: -ENOMEM, -EMFILE close it. Needs the lock. */
int px_sock_add(weft_host *h, weft_sock *sock, const struct px_sock *like, int flags);
bool px_is_closed(const struct px_sock *s);
int px_disconnect(struct px_sock *s);
/* Waits for the handshake: 0, -EINPROGRESS, or what connect gives. */
int px_await_opening(struct px_call *c, weft_time until, bool first);
unsigned px_ready(struct px_sock *s); /* bits of poll(2) */
/* What recvmsg gives besides bytes. */
struct px_received {
    struct weft_addr from;
    unsigned flags; /* of enum weft_msg */
    struct weft_control control;
    struct weft_report report; /* with MSG_ERRQUEUE */
    enum { PX_NOTICE_NONE, PX_NOTICE_SENT, PX_NOTICE_PATH } notice; /* nothing but this is given */
};
int64_t px_receive(struct px_call *c, struct weft_iov *iov, size_t n, int flags, struct px_received *out);
/* control: NULL, none. stamps: what of it is stamped (LINUX_STAMPS_OUT). */
int64_t px_send(struct px_call *c, struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to,
                const struct weft_control *control, unsigned stamps);
int64_t px_cork_push(struct px_call *c, int flags); /* a datagram that has grown goes */
void px_iov_skip(struct weft_iov **iov, size_t *n, size_t bytes);
#define PX_COMPAT INT_MIN /* Linux's MSG_CMSG_COMPAT: messages of programs of 32 bits, which is no business of others */
size_t px_iov_len(const struct weft_iov *iov, size_t n);
/* Pieces of the caller's: copied into own, or into memory to be freed. NULL and *err: -EINVAL, -EMSGSIZE, -ENOMEM. */
#define PX_IOV 16
struct weft_iov *px_iov_take(const struct iovec *iov, size_t n, struct weft_iov own[PX_IOV], int *err);
int px_configure_ioctl(struct px_call *c, unsigned long request, void *argument); /* -ENOTTY: changes nothing */
/* Of these, what IPv6 has its own of. */
int px_configure6_ioctl(weft_stack *s, unsigned long request, const void *argument);
void px_epoll_forget(struct px_sock *s);

#endif
