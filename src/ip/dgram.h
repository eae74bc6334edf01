/* SPDX-License-Identifier: MIT */
/*
 * What sockets that move datagrams have in common, UDP and ping alike: a bounded queue of received packets, a message
 * gathered from the caller's pieces and one scattered into them, packets that share their bytes.
 */
#ifndef IP_DGRAM_H
#define IP_DGRAM_H

#include "core/stack.h"

#define DGRAM_BUFFER     212992 /* default of WEFT_SO_RCVBUF and WEFT_SO_SNDBUF, as Linux has it */
#define DGRAM_BUFFER_MIN 2304

/*
 * Received datagrams that nobody has read yet. Invariants: data of each stands at what the reader will get; held is
 * the sum of their true sizes, bytes that of their lengths. A single datagram is taken whatever its size.
 */
struct dgram_queue {
    struct pkt_queue packets;
    size_t held, bytes;
    size_t limit; /* of held */
};

/* Takes pkt and returns true; or returns false when it is full, and pkt stays the caller's. */
bool dgram_push(struct dgram_queue *q, struct weft_pkt *pkt);

/* Releases all. */
void dgram_clear(struct dgram_queue *q);

/*
 * Copies the first datagram out and, unless flags say WEFT_MSG_PEEK, releases it. Returns how many bytes were copied;
 * with WEFT_MSG_TRUNC how many it has. *out_flags becomes WEFT_MSG_TRUNC when it was cut, else 0. Must not be empty.
 */
int64_t dgram_take(struct dgram_queue *q, const struct weft_iov *iov, size_t n, unsigned flags, unsigned *out_flags);

/* Bytes in all pieces together. */
size_t dgram_iov_len(const struct weft_iov *iov, size_t n);

/*
 * A packet for ip_output with `header` bytes for the caller to fill, then the pieces' bytes, len in all. They are
 * copied and added to sum on the way. NULL: out of memory.
 */
struct weft_pkt *dgram_gather(weft_stack *s, size_t header, const struct weft_iov *iov, size_t n, size_t len,
                              struct csum *sum);

/*
 * Appends the bytes [offset, offset + len) of `from` to `to` by reference; those in the other's own room are copied.
 * False, and `to` in an unknown state, when they do not fit.
 */
bool dgram_share(struct weft_pkt *to, const struct weft_pkt *from, uint32_t offset, uint32_t len);

/*
 * A second packet with the bytes of pkt (data at l4) and PKT_HEADROOM in front: the first `header` bytes copied and
 * its own to change, the rest shared. NULL: out of memory.
 */
struct weft_pkt *dgram_clone(weft_stack *s, const struct weft_pkt *pkt, uint32_t header);

/* The first member of both kinds of endpoint. */
struct dgram_ep {
    struct weft_sock sock;    /* first: a weft_sock pointer is a dgram_ep pointer */
    struct list link;         /* in its protocol's list of all */
    struct weft_addr local;   /* port 0: not bound */
    struct weft_addr remote;  /* any-address: not connected */
    struct ip_path path;      /* to remote */
    struct dgram_queue queue;
    size_t send_limit;        /* WEFT_SO_SNDBUF: the longest message */
    uint8_t discovery;        /* enum weft_pmtudisc: DONT unless asked for */
    bool no_receive, no_send; /* shut down */
    uint8_t n_options;        /* WEFT_IP_OPTIONS: bytes of options, as the user gave them */
    uint8_t options[40];
};

/* Neither bound nor connected, with the default buffers; joins `all`. */
void dgram_init(struct dgram_ep *d, weft_stack *s, const struct sock_ops *ops, enum weft_family family,
                struct list *all);

/* struct sock_ops for both. Of the options WEFT_SO_RCVBUF, WEFT_SO_SNDBUF, WEFT_IP_MTU_DISCOVER and WEFT_IP_OPTIONS;
 * the others are WEFT_ENOPROTOOPT. */
int dgram_shutdown(weft_sock *sock, enum weft_shut how);
int dgram_setopt(weft_sock *sock, int level, int option, const void *value, size_t n);
int dgram_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n);
unsigned dgram_ready(const weft_sock *sock);
void dgram_names(const weft_sock *sock, struct weft_addr *local, struct weft_addr *peer);
size_t dgram_unread(const weft_sock *sock);

/* netstat: visits the endpoints of a list; false when visit asked to stop. */
bool dgram_list(struct list *all, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);

/*
 * Can a datagram socket have this local address: ours, any, or one at which groups are received (RFC 1122 §4.1.3.5)?
 * 0 or WEFT_EADDRNOTAVAIL.
 */
int dgram_check_local(weft_stack *s, const struct weft_ip *ip);

/*
 * The path and the source for a datagram from a socket bound to `local` (any-address: choose) to dst.
 * Errors: WEFT_ENETUNREACH, WEFT_EADDRNOTAVAIL, WEFT_EACCES (a broadcast address, and not allowed), WEFT_EINVAL.
 */
int dgram_route(const weft_sock *sock, const struct weft_ip *local, const struct weft_ip *dst, struct ip_path *path,
                struct weft_ip *src);

/*
 * Must a message of so many bytes to dst, transport header included, go unfragmented (WEFT_IP_MTU_DISCOVER)? 0, or
 * WEFT_EMSGSIZE when the path is known to carry less. For IPv6, where only the sender fragments, *df is false.
 */
int dgram_decide_df(const struct dgram_ep *d, const struct weft_ip *dst, size_t message, const struct ip_path *path,
                    bool *df);

/*
 * Was it that a router carries less than we sent? Then that is known from now on, and what is sent next goes in fragments
 * (RFC 8201 §4) or is refused; the datagram is lost. Routers of IPv4 may cut what has no DF, so there only sockets that
 * discover learn.
 */
bool dgram_path_shrank(const struct dgram_ep *d, const struct ip_error *err);

#endif
