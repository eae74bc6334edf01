/* SPDX-License-Identifier: MIT */
/*
 * What the files of the POSIX layer share.
 *
 * Theory of operation. A number leads through the process's table to an open description (struct px), which several
 * numbers and the calls under way share; the last one to leave releases it. A socket's description is covered by its
 * host's lock, but for what never changes. A call finds the description, takes the lock (px_begin), asks the engine, and
 * where that says WEFT_EAGAIN and waiting is allowed sleeps as a system call does (px_wait) and asks again.
 *
 * Internal results are a count or a negative errno; px_result turns them into what POSIX gives.
 *
 *      file         owns
 *      table.c      numbers, descriptions, dup and close      call.c      the frame of a call, waiting
 *      address.c    struct sockaddr and weft_addr             socket.c    socket, bind, listen, accept, names, shutdown
 *      connect.c    connect                                   receive.c, send.c  bytes; message.c  msghdr in plural
 *      ancillary.c  control messages
 *      options.c    waiting; group.c groups                   control.c   fcntl, ioctl; interface.c  SIOCGIF*, names
 *      ready.c      readiness as poll spells it               poll.c, select.c, epoll.c
 *      netdb.c      getaddrinfo, getnameinfo                  unp.c, request.c  weft/unp.h, over the public calls
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
    weft_time read_timeout, write_timeout; /* WEFT_NEVER: none */
    struct weft_linger linger;
    int low_water; /* SO_RCVLOWAT */
    enum px_stamp { PX_STAMP_NONE, PX_STAMP_MICROSECONDS, PX_STAMP_NANOSECONDS } stamp; /* SO_TIMESTAMP(NS) */
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
/* The end of a time-out that starts now; 0 where the socket, or the call, must not wait. */
weft_time px_until(const struct px_call *c, weft_time timeout, int flags);

/* ---- address.c ---- */

/* The family it names, -1: it is too short for one. */
int px_family(const struct sockaddr *addr, socklen_t n);
/* 0, -EFAULT, -EINVAL. addr NULL: nothing is wanted. */
int px_give_addr(const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n);

/* ---- group.c: the options whose values name groups or interfaces for them ---- */

bool px_is_group_option(int level, int option);
int px_group_set(struct px_sock *s, int level, int option, const void *value, size_t n);
int px_group_get(struct px_sock *s, int level, int option, void *value, size_t *n);
/* Datagrams to nobody in particular go to this host, as on Linux. */
void px_here(struct weft_addr *addr);

/* An address of IPv4 alone. */
struct weft_ip px_v4(const struct in_addr *in);
struct in_addr px_in_addr(const struct weft_ip *ip);

/* ---- ancillary.c ---- */

/* The control messages of what is sent to `to` (NULL: the peer). 0, -EINVAL: there is one that makes no sense. */
int px_take_control(const struct px_sock *s, const struct msghdr *msg, const struct weft_addr *to,
                    struct weft_control *out);
/* Fill in msg_control, msg_controllen and MSG_CTRUNC; msg_flags are set already. */
void px_give_control(const struct px_call *c, const struct weft_control *control, struct msghdr *msg);
void px_give_report(const struct px_call *c, const struct weft_report *report, struct msghdr *msg);

/* ---- the rest ---- */

weft_host *px_host(void); /* weft_posix_use */
/* Makes the description and its number. Takes sock: -ENOMEM, -EMFILE close it. Needs the lock. */
int px_sock_add(weft_host *h, weft_sock *sock, const struct px_sock *like, int flags);
bool px_is_closed(const struct px_sock *s);
int px_disconnect(struct px_sock *s);
/* Waits for the handshake: 0, -EINPROGRESS, or what connect gives. */
int px_await_opening(struct px_call *c, weft_time until, bool first);
unsigned px_ready(const struct px_sock *s); /* bits of poll(2) */
unsigned px_wants(unsigned poll_bits);      /* which of enum weft_ready may bring these about */
/* What recvmsg gives besides bytes. */
struct px_received {
    struct weft_addr from;
    unsigned flags; /* of enum weft_msg */
    struct weft_control control;
    struct weft_report report; /* with MSG_ERRQUEUE */
};
int64_t px_receive(struct px_call *c, struct weft_iov *iov, size_t n, int flags, struct px_received *out);
/* control: NULL, none. */
int64_t px_send(struct px_call *c, struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to,
                const struct weft_control *control);
void px_iov_skip(struct weft_iov **iov, size_t *n, size_t bytes);
size_t px_iov_len(const struct weft_iov *iov, size_t n);
/* Pieces of the caller's: copied into own, or into memory to be freed. NULL and *err: -EINVAL, -EMSGSIZE, -ENOMEM. */
#define PX_IOV 16
struct weft_iov *px_iov_take(const struct iovec *iov, size_t n, struct weft_iov own[PX_IOV], int *err);
/* By its name; without one (NULL) by its number. */
bool px_find_interface(weft_stack *s, const char *name, unsigned index, struct weft_if_info *info);
int px_interface_ioctl(struct px_call *c, unsigned long request, void *argument); /* -ENOTTY: none of these */
void px_epoll_forget(struct px_sock *s);

#endif
