/* SPDX-License-Identifier: MIT */
/*
 * What sockets that move datagrams have in common, UDP and ping alike: a bounded queue of received packets, a message
 * gathered from the caller's pieces and one scattered into them, packets that share their bytes.
 */
#ifndef IP_DGRAM_H
#define IP_DGRAM_H

#include "core/filter.h"
#include "core/stack.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"


struct ip_extras;
struct ip_send;

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
    struct weft_pkt *taken; /* the last one, if it had extension headers: who took it was told of them */
    uint32_t lost; /* how many found no room */
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

/* Is there more to its IP header, which stands at l3, than the usual: options, extension headers? */
static inline bool dgram_has_headers(const struct weft_pkt *pkt)
{
    return pkt->l4 - pkt->l3 > (ip_is_v4(&pkt->dst) ? IPV4_HEADER : IPV6_HEADER);
}

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

/*
 * Of a train of datagrams (data at l4) the one whose payload is [at, at + len): a packet of its own behind the train's
 * first `header` bytes, which tell of the whole. Borrows the train. NULL: out of memory.
 */
struct weft_pkt *dgram_piece(weft_stack *s, const struct weft_pkt *train, uint32_t header, uint32_t at, uint32_t len);

/* What a socket has to do with groups: those it hears, and how it sends to them. */
struct dgram_groups {
    struct list members;        /* struct member; see membership.c */
    unsigned out_v4, out_v6;    /* the interface that it sends to them on, by its number; 0: as the stack chooses */
    struct weft_ip out_address; /* with out_v4: from this address; any-address: as the stack chooses */
    uint8_t ttl, hops;          /* of what it sends to them: how far it goes */
    bool loop_v4, loop_v6;      /* our own sockets hear it too */
    bool all_v4, all_v6;        /* it hears what others here have joined */
};

/*
 * Extension headers for all that is sent by IPv6, as options say; those before a routing header are kept and told only.
 */
enum dgram_sticky { DGRAM_HOP, DGRAM_DESTINATION, DGRAM_BEFORE_ROUTE, DGRAM_STICKY };

/* The first member of all kinds of datagram endpoints. */
struct dgram_ep {
    struct weft_sock sock;    /* first: a weft_sock pointer is a dgram_ep pointer */
    struct list link;         /* in its protocol's list of all */
    struct weft_addr local;   /* port 0: not bound */
    struct weft_addr remote;  /* any-address: not connected */
    struct ip_path path;      /* to remote */
    struct dgram_queue queue;
    struct dgram_queue reports; /* what went wrong with what it sent: each a struct weft_report, then bytes */
    struct sock_rare rare;
    struct dgram_groups groups;
    struct filter filter;     /* WEFT_SO_ATTACH_FILTER */
    size_t send_limit;        /* WEFT_SO_SNDBUF: the longest message */
    uint64_t unpaced;         /* WEFT_SO_MAX_PACING_RATE, with each bit turned over */
    uint8_t discovery;        /* enum weft_pmtudisc: DONT unless asked for */
    uint8_t discovery6;       /* the same for IPv6: WANT unless asked otherwise */
    bool no_receive, no_send; /* shut down */
    uint16_t out_v4, out_v6;  /* WEFT_IP_UNICAST_IF, WEFT_IPV6_UNICAST_IF: an interface's number; 0: as routes say */
    uint8_t n_options;        /* WEFT_IP_OPTIONS: bytes of options, as the user gave them */
    uint8_t options[40];
    uint8_t *sticky[DGRAM_STICKY]; /* each as long as it says; NULL: none */
    uint32_t sticky_interface; /* WEFT_IPV6_PKTINFO: by this interface; 0: any */
    uint32_t mtu6;            /* WEFT_IPV6_MTU: no fragment of IPv6 is longer; 0: as the path has it */
};

/* Neither bound nor connected, with the default buffers; joins `all`. */
void dgram_init(struct dgram_ep *d, weft_stack *s, const struct sock_ops *ops, enum weft_family family,
                struct list *all);

/* The end of it: leaves its groups, its list and the timers, releases what it received. The memory is the caller's. */
void dgram_fini(struct dgram_ep *d);

/*
 * struct sock_ops for all. Options are WEFT_IP_OPTIONS, WEFT_IP_MULTICAST_IF, those from WEFT_MCAST_JOIN_GROUP on, and
 * the rows of tuning.c; the others are WEFT_ENOPROTOOPT.
 */
int dgram_shutdown(weft_sock *sock, enum weft_shut how);
int dgram_setopt(weft_sock *sock, int level, int option, const void *value, size_t n);
int dgram_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n);
unsigned dgram_ready(const weft_sock *sock);
void dgram_names(const weft_sock *sock, struct weft_addr *local, struct weft_addr *peer);
size_t dgram_unread(const weft_sock *sock);
/* For those without ports: the first datagram, from the station that sent it. */
int64_t dgram_recv_whole(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                         unsigned *out_flags);

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

/* The path to a group, or to everybody, from a socket bound to local (any-address: anywhere). 0 or WEFT_ENETUNREACH. */
int dgram_group_path(weft_stack *s, const struct weft_ip *local, const struct weft_ip *dst, struct ip_path *path);

/* How far what goes to a group goes, and whether it is heard here; other destinations leave `how` as it is. */
void dgram_scope(const struct dgram_ep *d, struct ip_send *how);

/* Is what came in for a group to be heard by this endpoint (RFC 3376 §3.1)? Broadcasts are heard by all. */
bool dgram_hears(const struct dgram_ep *d, const struct weft_pkt *pkt);

/* Leaves all groups. */
void dgram_leave_groups(struct dgram_ep *d);

/*
 * The same by an interface (NULL: as routes have it) and by way of a first hop (NULL: none is prescribed).
 * Besides: WEFT_EINVAL, `local` is no address that may be a source.
 */
int dgram_route_by(const weft_sock *sock, weft_if *by, const struct weft_ip *local, const struct weft_ip *dst,
                   const struct weft_ip *hop, struct ip_path *path, struct weft_ip *src);

/* The interface that it keeps to; NULL: to none, or it is gone. */
static inline weft_if *dgram_interface(const struct dgram_ep *d)
{
    return d->rare.interface ? if_by_index(d->sock.stack, (unsigned)d->rare.interface) : NULL;
}

/* By which interface it insists on sending to dst; NULL: as routes have it. */
static inline weft_if *dgram_out_interface(const struct dgram_ep *d, const struct weft_ip *dst)
{
    unsigned out = ip_is_v4(dst) ? d->out_v4 : d->out_v6;
    weft_if *by = dgram_interface(d);

    if (unlikely(d->sticky_interface && !by && !ip_is_v4(dst)))
        return if_by_index(d->sock.stack, d->sticky_interface);
    return by || !out || ip_is_multicast(dst) || ip_is_limited_broadcast(dst) ? by : if_by_index(d->sock.stack, out);
}

/* tuning.c: options that are for datagram sockets alone. WEFT_ENOPROTOOPT: it is none of these. */
int dgram_tune(struct dgram_ep *d, int level, int option, const void *value, size_t n);
int dgram_tuned(const struct dgram_ep *d, int level, int option, void *value, size_t *n);

/* ---- ancillary.c: what goes with a datagram ---- */

/*
 * How a datagram to dst goes out: the socket's options, and what control (NULL: none) says otherwise. Fills in how, but
 * for the protocol and the flow label, and path, which may be the kept one only without control.
 * Errors: dgram_route's, WEFT_EINVAL (out of range; the source is not ours), WEFT_ENODEV. A source of IPv4 that is not
 * ours is WEFT_ENETUNREACH.
 */
int dgram_prepare(const struct dgram_ep *d, const struct weft_ip *dst, const struct weft_control *control,
                  struct ip_path *path, struct ip_send *how);

/*
 * Gives a datagram that dgram_prepare prepared the options of IPv4 or the extension headers of IPv6 that it is to have,
 * in `room`, which lives as long.
 */
void dgram_add_extras(const struct dgram_ep *d, const struct weft_control *control, struct ip_send *how,
                      struct ip_extras *room);

/* Fills in what goes with this datagram that the endpoint received. */
void dgram_describe_one(const struct dgram_ep *d, const struct weft_pkt *pkt, struct weft_control *control);

/* struct sock_ops for both. */
void dgram_describe(const weft_sock *sock, unsigned flags, struct weft_control *control);
const struct sock_rare *dgram_rare(const weft_sock *sock);
struct sock_rare *dgram_own_rare(weft_sock *sock);

/* ---- errqueue.c: what went wrong with what was sent ---- */

/*
 * Something the endpoint sent ran into trouble, whose quote begins with `header` bytes of transport header. Who asked
 * for reports gets one and the error; others get the error when it is `certain`.
 */
void dgram_hear(struct dgram_ep *d, const struct ip_error *err, uint32_t header, bool certain);

/* It could not even be sent: too long by `info` bytes of path. Returns WEFT_EMSGSIZE. */
int dgram_too_long(struct dgram_ep *d, const struct weft_addr *to, uint32_t info);

/* What it asks for with a datagram of IPv4, or of IPv6: enum weft_control_item. */
unsigned dgram_asks(const struct dgram_ep *d, bool v4);
int64_t dgram_recv_report(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned *out_flags,
                          struct weft_report *report);

/*
 * Must a message of so many bytes, transport header included, go unfragmented (WEFT_IP_MTU_DISCOVER)? 0, or
 * WEFT_EMSGSIZE when the path is known to carry less, of which the path forgets what a socket does not want to know
 * (WEFT_PMTUDISC_INTERFACE, WEFT_PMTUDISC_OMIT). For IPv6 that is what WEFT_IPV6_DONTFRAG and control ask for (how->df
 * is set already).
 */
int dgram_decide_df(const struct dgram_ep *d, size_t message, struct ip_path *path, struct ip_send *how);

/*
 * If a router carries less than we sent, that is known from now on, and what is sent next goes in fragments
 * (RFC 8201 §4) or is refused; the datagram is lost. Routers of IPv4 may cut what has no DF, so there only
 * sockets that discover learn.
 */
void dgram_path_shrank(const struct dgram_ep *d, const struct ip_error *err);

#endif
