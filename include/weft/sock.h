/* SPDX-License-Identifier: MIT */
/*
 * Sockets on the engine: BSD meaning, never blocking, no system call. Each call returns at once with a count, 0, or a
 * negative WEFT_E error whose number is the errno a BSD socket would give. Tell the stack the time first (weft_clock).
 *
 * Readiness comes through weft_events; weft_ready gives the level.
 */
#ifndef WEFT_SOCK_H
#define WEFT_SOCK_H

#include "weft/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weft_proto {
    WEFT_TCP = 6,
    WEFT_UDP = 17,
    WEFT_ICMP = 1, /* echo requests only, as Linux's ping sockets: send an ICMP echo request, receive its replies */
    WEFT_ICMPV6 = 58, /* the same for IPv6 */
    WEFT_RAW = 255, /* whatever protocol weft_socket_raw was asked for */
};

/*
 * A new socket of this family, owned by the caller until weft_close. One of WEFT_INET6 speaks IPv4 too, with addresses
 * in their mapped form, unless WEFT_IPV6_V6ONLY is set (RFC 3493 §3.7, §5.3).
 * NULL and *err: WEFT_ENOMEM, WEFT_EAFNOSUPPORT, WEFT_EPROTONOSUPPORT.
 */
weft_sock *weft_socket_in(weft_stack *stack, enum weft_family family, enum weft_proto proto, int *err);

/* The same in the family that the protocol is at home in: WEFT_INET6 for WEFT_ICMPV6, else WEFT_INET. */
weft_sock *weft_socket(weft_stack *stack, enum weft_proto proto, int *err);

/*
 * A raw socket: it sends datagrams of any protocol, 1 to 255, and hears a copy of each that comes in for us, before the
 * protocol itself (if the stack has it): of IPv4 with its header, of IPv6 what stands behind all headers. Ports mean
 * nothing; bind and connect choose by address. 255 only sends, with a header of the caller's
 * (WEFT_IP_HDRINCL, WEFT_IPV6_HDRINCL), whose protocol is any.
 * NULL and *err: WEFT_ENOMEM, WEFT_EAFNOSUPPORT, WEFT_EPROTONOSUPPORT (0, above 255, or a stack without raw sockets).
 */
weft_sock *weft_socket_raw(weft_stack *stack, enum weft_family family, unsigned protocol, int *err);

/*
 * Gives up the socket; the pointer is dead afterwards. A TCP connection with everything read goes on to close in order
 * (RFC 9293 §3.6), one with unread data is reset. Obeys WEFT_SO_LINGER of zero time; never blocks.
 */
void weft_close(weft_sock *sock);

/* Gives up the socket and resets the connection (RFC 9293 §3.10.5). */
void weft_abort(weft_sock *sock);

/*
 * Port 0 picks one. A link-local address needs its zone, here and in all calls, unless only one interface can be meant.
 * WEFT_EADDRINUSE, WEFT_EADDRNOTAVAIL, WEFT_EAFNOSUPPORT (of the other family), WEFT_EINVAL (bound already, or IPv4 on
 * a socket for IPv6 only, or no zone).
 */
int weft_bind(weft_sock *sock, const struct weft_addr *local);

/*
 * Binds to any port first where needed. backlog: so many connections may wait for accept, and one more, and as many be
 * half open, as on Linux; 0 to 65,535, and no more than weft_tcp_config.max_backlog.
 */
int weft_listen(weft_sock *sock, unsigned backlog);

/* The next established connection, owned by the caller. NULL and *err: WEFT_EAGAIN, WEFT_EINVAL (not listening). */
weft_sock *weft_accept(weft_sock *sock, struct weft_addr *peer, int *err);

/*
 * TCP: starts to connect and returns WEFT_EINPROGRESS; WEFT_WRITABLE and no weft_error means established.
 * UDP, ICMP: fixes the peer and returns 0. An any-address for a UDP socket dissolves that, and gives a port back that
 * nobody asked for.
 * Errors: WEFT_EISCONN, WEFT_EALREADY, WEFT_ENETUNREACH, WEFT_EADDRNOTAVAIL, WEFT_EADDRINUSE, WEFT_EACCES, WEFT_EINVAL.
 */
int weft_connect(weft_sock *sock, const struct weft_addr *peer);

enum weft_msg {
    WEFT_MSG_OOB = 0x01,
    WEFT_MSG_PEEK = 0x02,
    WEFT_MSG_TRUNC = 0x20, /* recv: return the datagram's real length; as a result: it was cut */
    WEFT_MSG_EOR = 0x80,    /* send: nothing written later shares a segment with this */
    WEFT_MSG_FASTOPEN = 0x20000000, /* send on a TCP socket that is not connected: connects to `to`, data in the SYN */
    WEFT_MSG_MORE = 0x8000, /* more follows: do not send a short segment yet */
};

/*
 * Queues bytes (TCP) or sends one datagram (UDP, ICMP). Copies. Returns how many bytes were taken, which for TCP may
 * be less than asked. to: NULL, or the destination of a datagram.
 * Errors: WEFT_EAGAIN, WEFT_ENOTCONN, WEFT_EDESTADDRREQ, WEFT_EPIPE, WEFT_EMSGSIZE, WEFT_ENOMEM, the pending error.
 */
int64_t weft_sendmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                     const struct weft_addr *to);
int64_t weft_send(weft_sock *sock, const void *buf, size_t n, unsigned flags);
int64_t weft_sendto(weft_sock *sock, const void *buf, size_t n, unsigned flags, const struct weft_addr *to);

/*
 * Takes bytes (TCP; 0 is the end of the peer's data) or one datagram (excess bytes of which are lost: see
 * *out_flags WEFT_MSG_TRUNC). from and out_flags may be NULL. Errors: WEFT_EAGAIN, WEFT_ENOTCONN, the pending error.
 */
int64_t weft_recvmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags, struct weft_addr *from,
                     unsigned *out_flags);
int64_t weft_recv(weft_sock *sock, void *buf, size_t n, unsigned flags);
int64_t weft_recvfrom(weft_sock *sock, void *buf, size_t n, unsigned flags, struct weft_addr *from);

/*
 * The same for streams whose bytes come from, or go to, something that can be told where (readv, writev): without a
 * copy on the way. Both return what `carry` returned; or an error without having called it, of those above or
 * WEFT_EOPNOTSUPP. weft_send_from offers room for n bytes at most, and for no more than are taken; what carry puts
 * there is sent. weft_recv_to shows what there is to read, or the beginning of it; what carry takes of it has been
 * read. 0 is the end of the peer's data: a carry that finds no room says WEFT_EAGAIN.
 */
int64_t weft_send_from(weft_sock *sock, size_t n, weft_carry *carry, void *ctx);
int64_t weft_recv_to(weft_sock *sock, weft_carry *carry, void *ctx);

/*
 * So many bytes (true size) that were read from a stream wait elsewhere for whoever reads in the end, in a pipe say.
 * They take their room of the receive buffer (WEFT_SO_RCVBUF), and the window is smaller by them, until another number
 * is told.
 */
void weft_recv_waits(weft_sock *sock, size_t bytes);

/*
 * Streams without any copy: bytes are lent to a socket that sends them, and borrowed from one that received them. What
 * is lent goes into packets by reference, as what is borrowed came out of them, so that between stacks of one program
 * whose wire shares bytes, or with a link that takes super-segments, nobody moves a byte.
 *
 * weft_send_lent queues up to n of the bytes at `bytes` and returns how many, as weft_send would. Those may neither
 * change nor go until release(ctx) is called, once: when the peer has acknowledged the last of them, or the connection
 * or the stack has come to its end, and no packet shows them any more; another stack that they were handed to by
 * reference may keep them until its user has read. release is called from within a call of some stack and calls none.
 * Where less than 1 is returned nothing is lent, and release is not called. flags: WEFT_MSG_MORE, WEFT_MSG_EOR. Of some
 * ten bytes a copy is cheaper: the socket allocates a small object for each loan.
 * Errors: those of weft_send; WEFT_EINVAL (another flag), WEFT_EOPNOTSUPP (not a stream).
 */
typedef void weft_release(void *ctx);
int64_t weft_send_lent(weft_sock *sock, const void *bytes, size_t n, unsigned flags, weft_release *release, void *ctx);

/* A piece of what was received: len bytes at base, to be read only. `of` is the stack's own. */
struct weft_loan {
    const void *base;
    size_t len;
    void *of;
};

/*
 * Takes what there is to read, or the beginning of it, as pieces, *n at most, and sets *n to how many they are. Returns
 * how many bytes: they have been read, as by weft_recv, and stay where they are until weft_return gives the pieces
 * back, one by one or together, in any order, before the stack is freed. Their memory counts among the stack's; it may
 * be more than their bytes (a piece keeps up to four times its length), so who keeps much for long had better copy it.
 * 0 is the end of the peer's data, and *n 0 then. Errors, which leave *n at 0: those of weft_recv; WEFT_EINVAL (*n is
 * 0), WEFT_EOPNOTSUPP (not a stream).
 */
int64_t weft_recv_borrowed(weft_sock *sock, struct weft_loan *piece, size_t *n);
void weft_return(const struct weft_loan *piece, size_t n);

/* ---- what goes with a datagram besides its bytes (RFC 3542 §6) ---- */

enum weft_control_item {
    WEFT_CONTROL_PKTINFO = 0x01,  /* interface, address, local */
    WEFT_CONTROL_PKTINFO6 = 0x02, /* interface, address; asked for by the option of IPv6, whatever the datagram is of */
    WEFT_CONTROL_TTL = 0x04,
    WEFT_CONTROL_TOS = 0x08,
    WEFT_CONTROL_ORIGDST = 0x10,  /* address, port */
    WEFT_CONTROL_DF = 0x20,       /* to send: do not fragment as `df` says */
    WEFT_CONTROL_SEGMENT = 0x40,  /* segment: to send as WEFT_UDP_SEGMENT; received by WEFT_UDP_GRO */
    WEFT_CONTROL_LOST = 0x80,     /* received: lost */
    WEFT_CONTROL_OPTIONS = 0x100, /* options, n_options; of IPv4 */
    WEFT_CONTROL_REPLY = 0x200,   /* received: reply, n_reply; of IPv4 */
    WEFT_CONTROL_HOPOPTS = 0x400, /* extension headers of IPv6. To send: hop_options, destination_options. Received:
                                   * those */
    WEFT_CONTROL_DSTOPTS = 0x800, /* of this kind among `headers` are asked for */
    WEFT_CONTROL_RTHDR = 0x1000,  /* received: the same of routing headers */
    WEFT_CONTROL_DONTROUTE = 0x2000, /* to send: as WEFT_SO_DONTROUTE */
    WEFT_CONTROL_FLOW = 0x4000,   /* flow_label; of IPv6 */
    WEFT_CONTROL_PIECE = 0x8000,  /* received: piece */
    WEFT_CONTROL_CONFIRM = 0x10000, /* to send: the peer was heard, so its neighbour is where it was (MSG_CONFIRM) */
    WEFT_CONTROL_PROBE = 0x20000, /* to send: the way is looked for, and nothing goes (MSG_PROBE) */
};

/*
 * To send, `has` says what the caller has filled in, either form of PKTINFO. Received, it says what there is of what
 * the socket asked for (WEFT_IP_PKTINFO and its kin).
 */
struct weft_control {
    unsigned has;           /* enum weft_control_item */
    unsigned interface;     /* to send: by this one; 0: as routes have it. Received: by which */
    struct weft_ip address; /* to send: the source, any: chosen. Received: where the datagram was sent to */
    struct weft_ip local;   /* received: an address of ours that replies may come from */
    uint16_t port;          /* received: where it was sent to */
    int ttl;                /* TTL, 1 to 255; hop limit, 0 to 255 (0: what is usual), -1: the socket's */
    int tos;                /* TOS or traffic class, 0 to 255; of IPv6, -1: the socket's */
    bool df;
    uint16_t segment;       /* bytes of each datagram but the last */
    uint32_t flow_label;    /* of 20 bits. To send, 0: as for all (RFC 6437 §3) */
    bool v4;                /* received: it is a datagram of IPv4 */
    weft_time arrived;      /* received: when; always there */
    uint32_t lost;          /* received: so many found no room in the socket's buffer before it */
    uint16_t piece;         /* received: bytes of the largest fragment that it was put together from, with its header */
    uint8_t options[40];    /* to send: as WEFT_IP_OPTIONS, instead of the socket's. Received: as they came, and with us
                             * recorded in what records */
    uint8_t reply[40];      /* what an answer is to carry (RFC 1122 §4.1.3.2): what was recorded, the route turned
                             * around */
    uint8_t n_options, n_reply;
    uint8_t first_header;     /* received: the kind (next header) of the first of them */
    uint16_t n_headers;
    const uint8_t *headers;   /* received: the extension headers of IPv6, n_headers bytes, until the socket receives
                               * again */
    /* To send: of IPv6, each as long as it says itself, its first byte whatever; NULL: none. With either of the bits
     * both take the place of all that the socket has. */
    const uint8_t *hop_options, *destination_options;
};

/*
 * weft_sendmsg with control, which streams do not look at. Further errors: WEFT_EINVAL (out of range), WEFT_ENODEV (no
 * such interface), and for a source that is no address of ours WEFT_ENETUNREACH in IPv4, WEFT_EINVAL in IPv6.
 */
int64_t weft_sendmsg_control(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                             const struct weft_addr *to, const struct weft_control *control);
/* weft_recvmsg, and *control; streams have none of it. */
int64_t weft_recvmsg_control(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                             struct weft_addr *from, unsigned *out_flags, struct weft_control *control);

/* Who found fault with a datagram; Linux's numbers. */
enum weft_origin { WEFT_ORIGIN_LOCAL = 1, WEFT_ORIGIN_ICMP = 2, WEFT_ORIGIN_ICMPV6 = 3 };

/* What went wrong with a datagram that was sent. */
struct weft_report {
    int error;              /* negative */
    enum weft_origin origin;
    uint8_t type, code;     /* of the ICMP message */
    uint16_t original;      /* bytes of the payload before what the message says besides (RFC 4884), which is there too,
                             * if that was asked for; 0: it says nothing */
    bool unsound;           /* and what it says besides is no extension structure, or its sum is wrong */
    uint32_t info;          /* with WEFT_EMSGSIZE: bytes that the path carries; a parameter problem: where it is */
    struct weft_addr to;    /* where it was to go; WEFT_ORIGIN_LOCAL, by IPv4: with the port of the socket's peer, or
                             * 0 */
    struct weft_ip offender; /* who sent the ICMP message; any: nobody */
    /* How that message came; of streams nothing is said. */
    unsigned has;           /* enum weft_control_item: what of it the socket asks for; PKTINFO, PKTINFO6, TTL, TOS */
    unsigned interface;     /* by which; 0: none */
    struct weft_ip came_to; /* our address */
    uint8_t ttl, tos;
    weft_time arrived;      /* or when the datagram was refused here */
};

/*
 * Takes the oldest report of a datagram socket with WEFT_IP_RECVERR or WEFT_IPV6_RECVERR, and of the datagram's payload
 * as much as came back; or of a TCP socket what ended a connect, and of its segment as much as came back. *out_flags:
 * WEFT_MSG_TRUNC. The pending error becomes that of the next report, or none. WEFT_EAGAIN: there is none.
 */
int64_t weft_recv_report(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned *out_flags,
                         struct weft_report *report);

/* Does one wait for a TCP socket? Of others WEFT_ERROR tells. */
bool weft_report_waits(const weft_sock *sock);

enum weft_shut { WEFT_SHUT_RD = 0, WEFT_SHUT_WR = 1, WEFT_SHUT_RDWR = 2 };

/* WEFT_ENOTCONN, WEFT_EINVAL. WEFT_SHUT_WR sends a FIN after what is queued; receiving goes on. */
int weft_shutdown(weft_sock *sock, enum weft_shut how);

/*
 * TCP: ends whatever the socket is at, a listener too, and leaves it as a new one that keeps its options and the
 * address it was bound to. A peer that knows of the connection is told by a reset, and the user by the pending error
 * WEFT_ECONNRESET. What connect() to AF_UNSPEC does on Linux.
 */
int weft_disconnect(weft_sock *sock);

int weft_getsockname(const weft_sock *sock, struct weft_addr *local);
int weft_getpeername(const weft_sock *sock, struct weft_addr *peer);

/* Option levels and numbers are Linux's. Values are int unless said. */
/* WEFT_IP_MTU_DISCOVER, as Linux has it: DF never; DF, but for paths below config.min_path_mtu; DF always; DF always,
 * and what routers say of the path is ignored; DF never, nor what routers say, and nothing longer than the interface
 * carries (WEFT_EMSGSIZE); the same, but what is longer is cut. */
enum weft_pmtudisc {
    WEFT_PMTUDISC_DONT = 0, WEFT_PMTUDISC_WANT = 1, WEFT_PMTUDISC_DO = 2, WEFT_PMTUDISC_PROBE = 3,
    WEFT_PMTUDISC_INTERFACE = 4, WEFT_PMTUDISC_OMIT = 5,
};
/* Which of our addresses a socket speaks from (RFC 5014, Linux's numbers): temporary ones (RFC 8981) or those that
 * last. */
enum weft_prefer_source {
    WEFT_PREFER_TEMPORARY = 0x1, WEFT_PREFER_PUBLIC = 0x2, WEFT_PREFER_USUAL = 0x100, /* temporary ones, if there are
                                                                                       * any */
    WEFT_PREFER_CARE_OF = 0x4, WEFT_PREFER_HOME = 0x400, WEFT_PREFER_CGA = 0x8, WEFT_PREFER_NONCGA = 0x800, /* none
                                                                                                             * here */
};
enum weft_option_level {
    WEFT_SOL_SOCKET = 1,
    WEFT_SOL_IP = 0,
    WEFT_SOL_TCP = 6,
    WEFT_SOL_UDP = 17,
    WEFT_SOL_IPV6 = 41,
    WEFT_SOL_ICMPV6 = 58,
    WEFT_SOL_RAW = 255,
};
enum weft_option {
    WEFT_SO_REUSEADDR = 2,
    WEFT_SO_TYPE = 3,
    WEFT_SO_ERROR = 4,
    WEFT_SO_DEBUG = 1,     /* kept and told */
    WEFT_SO_DONTROUTE = 5, /* datagrams go to stations of the link only, not through gateways */
    WEFT_SO_BROADCAST = 6,
    WEFT_SO_SNDBUF = 7, /* bytes; at most net.core.wmem_max, and counted double: payload and what keeping it costs */
    WEFT_SO_RCVBUF = 8, /* the same of what was received, by net.core.rmem_max */
    WEFT_SO_KEEPALIVE = 9,
    WEFT_SO_OOBINLINE = 10, /* urgent bytes stay in the stream */
    WEFT_SO_MAX_PACING_RATE = 47, /* bytes per second, as an int or 64 bits; all ones: no limit. Turns pacing of
                                   * TCP on; of datagrams it is kept and told */
    WEFT_SO_NO_CHECK = 11, /* UDP over IPv4: sends no checksum */
    WEFT_SO_PRIORITY = 12, /* kept and told; there are no queues by priority here */
    WEFT_SO_LINGER = 13, /* struct weft_linger */
    WEFT_SO_REUSEPORT = 15,
    WEFT_SO_RCVLOWAT = 18, /* bytes that must be there before a socket is readable */
    WEFT_SO_SNDLOWAT = 19, /* get only: 1 */
    WEFT_SO_ATTACH_FILTER = 26, /* an array of struct weft_filter, a program that chooses what is heard (classic BPF),
                                 * of a stream which segments, from the TCP header on; the same again when asked for.
                                 * Then both are WEFT_EPERM once locked */
    WEFT_SO_DETACH_FILTER = 27, /* WEFT_ENOENT: there is none */
    WEFT_SO_LOCK_FILTER = 44,   /* 1: the filter stays as it is; there is no way back */
    /* Sockets that share their port (WEFT_SO_REUSEPORT; else WEFT_EINVAL): a program as above, over what stands behind
     * the transport's header, whose result is the number of the one that gets it, in the order in which they joined;
     * where there is none of that number, the choice is the stack's. Of several programs the latest counts for all. */
    WEFT_SO_ATTACH_REUSEPORT_CBPF = 51,
    WEFT_SO_DETACH_REUSEPORT_BPF = 68, /* WEFT_ENOENT: this socket has none */
    WEFT_SO_ACCEPTCONN = 30,
    WEFT_SO_SNDBUFFORCE = 32, /* TCP: beyond the limit */
    WEFT_SO_RCVBUFFORCE = 33,
    WEFT_SO_MARK = 36, /* kept and told; there is no routing by marks here */
    WEFT_SO_PROTOCOL = 38,
    WEFT_SO_RXQ_OVFL = 40, /* tell with a datagram how many were lost before it (WEFT_CONTROL_LOST), if any were */
    WEFT_SO_PEEK_OFF = 42, /* UDP: where the next peek begins, counted from the first byte that waits; -1: at the first
                            * datagram. weft/posix.h has it of streams, too */
    WEFT_SO_DOMAIN = 39,   /* get only: enum weft_family */
    WEFT_SO_BINDTOIFINDEX = 62, /* by this interface alone, both ways; 0: any */
    WEFT_SO_MEMINFO = 55,  /* get only: uint32_t[WEFT_MEMINFO_COUNT], see enum weft_meminfo */

    /* Raw sockets. */
    WEFT_IP_UNICAST_IF = 50,   /* datagrams to one station go by this interface: its number, larger byte first; 0:
                                * any */
    WEFT_IPV6_UNICAST_IF = 76, /* the same for IPv6. Both yield to WEFT_SO_BINDTOIFINDEX */
    WEFT_IP_HDRINCL = 3,   /* of IPv4: what is sent begins with its header */
    WEFT_IPV6_HDRINCL = 36, /* the same of IPv6 */
    WEFT_IP_ROUTER_ALERT = 5, /* of a raw socket: a router hands it the datagrams of its protocol that it would pass on
                                 and that are marked for routers (RFC 2113), whole, and does not pass them on */
    WEFT_IPV6_ROUTER_ALERT = 22, /* the same of IPv6, for a socket of protocol 255: those with this value (RFC 2711),
                                    whatever protocol they are of; -1: none */
    WEFT_IPV6_CHECKSUM = 7, /* offset of a checksum that is written and checked; -1: none. Of ICMPv6 always 2 */
    WEFT_ICMP_FILTER = 1,  /* at WEFT_SOL_RAW: uint32_t, whose bit n says that ICMP's type n is not wanted */
    WEFT_ICMP6_FILTER = 1, /* at WEFT_SOL_ICMPV6: uint32_t[8], the same of ICMPv6 */

    WEFT_IP_TOS = 1,
    WEFT_IP_TTL = 2,
    WEFT_IP_OPTIONS = 4, /* up to 40 bytes of options for what is sent, as RFC 791 has them; a source route
                            as a program gives it, first hop first and without the destination. 0 bytes: none */
    WEFT_IP_RECVOPTS = 6,    /* tell of options that came (WEFT_CONTROL_OPTIONS) ... */
    WEFT_IP_RETOPTS = 7,     /* ... and which an answer is to carry (WEFT_CONTROL_REPLY) */
    WEFT_IP_PKTINFO = 8,     /* tell with each datagram where it came in (WEFT_CONTROL_PKTINFO), and so on */
    WEFT_IP_PKTOPTIONS = 9,  /* get only, TCP: struct weft_control, what of the segment that opened the connection the
                              * socket wants to be told (WEFT_IP_PKTINFO and so on, set before) */
    WEFT_IP_MTU_DISCOVER = 10, /* enum weft_pmtudisc */
    WEFT_IP_RECVERR = 11,    /* keep reports of what went wrong (weft_recv_report) */
    WEFT_IP_RECVTTL = 12,
    WEFT_IP_RECVTOS = 13,
    WEFT_IP_MTU = 14,      /* get only, of a connection: bytes its path carries */
    WEFT_IP_FREEBIND = 15,   /* bind to addresses that are not ours; a stream may listen there, and not connect
                              * (WEFT_ENETUNREACH) */
    WEFT_IP_TRANSPARENT = 19, /* setting it is WEFT_EPERM */
    WEFT_IP_RECVORIGDSTADDR = 20,
    WEFT_IP_RECVFRAGSIZE = 25, /* tell of what a datagram was put together from (WEFT_CONTROL_PIECE) */
    WEFT_IP_RECVERR_RFC4884 = 26, /* tell in reports where extensions of ICMP begin. 0 or 1 */
    WEFT_IP_MINTTL = 21,     /* TCP: segments with less are dropped (RFC 5082); 0: none are */
    WEFT_IP_MULTICAST_IF = 32, /* struct weft_group: its interface, or its address; get: the same */
    WEFT_IP_MULTICAST_TTL = 33, /* of what goes to groups: 1. 0: it stays on this host */
    WEFT_IP_MULTICAST_LOOP = 34, /* sockets here that listen to the group hear it too. 1 */
    WEFT_IP_MULTICAST_ALL = 49,  /* hears groups that other sockets here have joined. 1 */
    WEFT_IP_CHECKSUM = 23,   /* kept and told; no link here tells the sum of what comes in */
    WEFT_IP_BIND_ADDRESS_NO_PORT = 24, /* bind with port 0 leaves the choice of a port to connect, or to what is sent */
    WEFT_IP_PROTOCOL = 52,  /* get only: of a raw socket its protocol, of others the local port, as on Linux */
    WEFT_IP_LOCAL_PORT_RANGE = 51, /* ports to choose from: the least, and 65536 times the greatest; each 0: as
                                    * configured, and of no effect where it is not within what is configured */

    /* Of WEFT_SOL_IPV6, on sockets of WEFT_INET6 only. */
    WEFT_IPV6_2292PKTOPTIONS = 6, /* TCP: the same of IPv6. Set, an int: what would be told is kept in any case */
    WEFT_IPV6_UNICAST_HOPS = 16, /* -1: what is usual on the interface */
    WEFT_IPV6_MULTICAST_IF = 17,   /* weft_if_index; 0: as the stack chooses */
    WEFT_IPV6_MULTICAST_HOPS = 18, /* as WEFT_IP_MULTICAST_TTL and so on; -1: 1 */
    WEFT_IPV6_MULTICAST_LOOP = 19,
    WEFT_IPV6_V6ONLY = 26,       /* before bind and connect */
    WEFT_IPV6_MTU_DISCOVER = 23,
    WEFT_IPV6_MTU = 24,          /* get, of a socket with a peer: bytes its path carries. Set: datagrams that it sends
                                  * by IPv6 are cut to so many bytes, 1280 or more; 0: as the path has it */
    WEFT_IPV6_RECVERR = 25,
    WEFT_IPV6_RECVPKTINFO = 49,
    WEFT_IPV6_PKTINFO = 50, /* set only, an address of 16 bytes and the number of an interface, as RFC 3542 has them:
                             * datagrams of IPv6 go by that interface. Of a stream it means nothing */
    WEFT_IPV6_RECVHOPLIMIT = 51,
    WEFT_IPV6_RECVHOPOPTS = 53,  /* tell of extension headers that came (WEFT_CONTROL_HOPOPTS and so on) */
    WEFT_IPV6_RECVRTHDR = 56,
    WEFT_IPV6_RECVDSTOPTS = 58,
    /* An extension header for all that is sent (RFC 3542), of 8 to 2040 bytes; 0 bytes: none. */
    WEFT_IPV6_HOPOPTS = 54,
    WEFT_IPV6_RTHDRDSTOPTS = 55, /* kept and told: there is no routing header to go before */
    WEFT_IPV6_RTHDR = 57,        /* always WEFT_EINVAL (RFC 5095) */
    WEFT_IPV6_DSTOPTS = 59,
    WEFT_IPV6_DONTFRAG = 62,     /* datagrams: WEFT_EMSGSIZE for what the path does not carry */
    WEFT_IPV6_RECVTCLASS = 66,
    WEFT_IPV6_MULTICAST_ALL = 29,
    WEFT_IPV6_TCLASS = 67,       /* -1: 0 */
    WEFT_IPV6_MINHOPCOUNT = 73,
    WEFT_IPV6_RECVORIGDSTADDR = 74,
    WEFT_IPV6_TRANSPARENT = 75,
    WEFT_IPV6_FREEBIND = 78,
    WEFT_IPV6_RECVERR_RFC4884 = 31,
    WEFT_IPV6_RECVFRAGSIZE = 77,
    WEFT_IPV6_ADDR_PREFERENCES = 72, /* bits of enum weft_prefer_source */
    WEFT_IPV6_FLOWINFO = 11,      /* datagrams: tell of flow labels that came (WEFT_CONTROL_FLOW) */

    /*
     * Groups that a datagram socket listens to (RFC 3678 §5), at WEFT_SOL_IP or WEFT_SOL_IPV6 by the group's family.
     * Set only, a struct weft_group; WEFT_MCAST_MSFILTER a struct weft_group_filter, to get too. WEFT_EADDRINUSE
     * (joined already), WEFT_EADDRNOTAVAIL (not joined; a source that is there already, or is not), WEFT_ENODEV (no
     * such interface), WEFT_ENOBUFS (net.ipv4.igmp_max_memberships, igmp_max_msf), WEFT_EINVAL, WEFT_ENOMEM.
     */
    WEFT_MCAST_JOIN_GROUP = 42,
    WEFT_MCAST_BLOCK_SOURCE = 43,        /* of a group joined without sources: all but this one */
    WEFT_MCAST_UNBLOCK_SOURCE = 44,
    WEFT_MCAST_LEAVE_GROUP = 45,
    WEFT_MCAST_JOIN_SOURCE_GROUP = 46,   /* this source only, and those named before (RFC 4607) */
    WEFT_MCAST_LEAVE_SOURCE_GROUP = 47,
    WEFT_MCAST_MSFILTER = 48,

    WEFT_TCP_NODELAY = 1,
    WEFT_TCP_MAXSEG = 2,
    WEFT_TCP_CORK = 3,
    WEFT_TCP_KEEPIDLE = 4,   /* seconds */
    WEFT_TCP_KEEPINTVL = 5,  /* seconds */
    WEFT_TCP_KEEPCNT = 6,
    WEFT_TCP_SYNCNT = 7,     /* repetitions of our SYN */
    WEFT_TCP_LINGER2 = 8,    /* seconds in FIN-WAIT-2 without a user; negative: none */
    WEFT_TCP_DEFER_ACCEPT = 9, /* seconds: a listener accepts nobody before his text has come, for so long */
    WEFT_TCP_WINDOW_CLAMP = 10, /* bytes: the largest window to promise */
    WEFT_TCP_INFO = 11,      /* get only: struct weft_tcp_info of weft/tcp_info.h */
    WEFT_TCP_QUICKACK = 12,
    WEFT_TCP_CONGESTION = 13, /* the congestion control's name, as text of up to 16 bytes */
    WEFT_TCP_THIN_LINEAR_TIMEOUTS = 16, /* fewer than four segments in flight: six time-outs without back-off */
    WEFT_TCP_THIN_DUPACK = 17, /* nothing to switch: RACK does it better. 0 and 1 may be set, 0 is told */
    WEFT_TCP_USER_TIMEOUT = 18, /* milliseconds */
    WEFT_TCP_REPAIR = 19,        /* nobody may: set, WEFT_EPERM; get, 0 */
    WEFT_TCP_REPAIR_QUEUE = 20,  /* this and the next three as on Linux without TCP_REPAIR: refused */
    WEFT_TCP_QUEUE_SEQ = 21,
    WEFT_TCP_REPAIR_OPTIONS = 22,
    WEFT_TCP_REPAIR_WINDOW = 29,
    WEFT_TCP_FASTOPEN = 23,      /* a listener: connections with data in their SYN that may wait for the third
                                  * segment */
    WEFT_TCP_TIMESTAMP = 24, /* our timestamp clock of this connection; setting it is WEFT_EPERM */
    WEFT_TCP_NOTSENT_LOWAT = 25, /* bytes: not writable with so many unsent */
    WEFT_TCP_CC_INFO = 26, /* get only: nothing, for neither of the congestion controls has anything to tell */
    WEFT_TCP_SAVE_SYN = 27,  /* a listener keeps the headers of SYNs: 1, from IP on; 2, from the link on */
    WEFT_TCP_SAVED_SYN = 28, /* get only, once: those of an accepted connection's SYN; WEFT_EINVAL and the length when
                                there is too little room; 0 bytes: none */
    WEFT_TCP_FASTOPEN_CONNECT = 30, /* connect returns at once when it knows a cookie; the SYN goes with the first
                                     * write */
    WEFT_TCP_ULP = 31,           /* there are none: get, 0 bytes; set, WEFT_ENOENT */
    WEFT_TCP_FASTOPEN_KEY = 33,  /* 16 or 32 bytes: what makes a listener's cookies, and what made them before */
    WEFT_TCP_FASTOPEN_NO_COOKIE = 34,
    WEFT_TCP_ZEROCOPY_RECEIVE = 35, /* no text can be mapped: get, WEFT_EINVAL */
    WEFT_TCP_IS_MPTCP = 43,      /* get only: 0 */
    WEFT_TCP_RTO_MAX_MS = 44,    /* 1000 to 120000 */
    WEFT_TCP_RTO_MIN_US = 45,    /* 1 ms to 200 ms, as Linux has it with 1000 ticks a second */
    WEFT_TCP_DELACK_MAX_US = 46, /* the same */

    /* Of WEFT_SOL_UDP. */
    WEFT_UDP_SEGMENT = 103, /* bytes: what is sent is cut into datagrams of so many; 0: it is one */
    WEFT_UDP_GRO = 104,     /* datagrams of one sender and one length are received together (WEFT_CONTROL_SEGMENT) */
};
/* What a socket holds and may hold, in bytes; in Linux's order, as ss -m prints it. */
enum weft_meminfo {
    WEFT_MEMINFO_RMEM,  /* received and unread, with what keeping it costs */
    WEFT_MEMINFO_RCVBUF,
    WEFT_MEMINFO_WMEM,  /* always 0: no packet waits outside of the send queue */
    WEFT_MEMINFO_SNDBUF,
    WEFT_MEMINFO_FORWARD, /* always 0 */
    WEFT_MEMINFO_QUEUED, /* given by the user and not acknowledged, with what keeping it costs */
    WEFT_MEMINFO_OPTIONS, /* always 0 */
    WEFT_MEMINFO_BACKLOG, /* always 0 */
    WEFT_MEMINFO_DROPS, /* datagrams that found no room; of TCP always 0: netstat -s counts them by reason */
    WEFT_MEMINFO_COUNT
};
/* A group on an interface: the one of this number; 0: that has this address of IPv4; any-address: as the stack
 * chooses. */
struct weft_group {
    unsigned interface;
    struct weft_ip address, group;
    struct weft_ip source; /* of the options that name one */
};
/* Numbered as on Linux. */
enum weft_mcast_mode { WEFT_MCAST_EXCLUDE = 0, WEFT_MCAST_INCLUDE = 1 };
struct weft_group_filter {
    struct weft_group group;
    unsigned mode; /* enum weft_mcast_mode */
    unsigned n;    /* sources: n times struct weft_ip follow. Getting, it tells all there are, however many had room */
};
/* An instruction of a filter program (BPF), as the system's struct sock_filter and libpcap's struct bpf_insn have
 * it. */
struct weft_filter {
    uint16_t code;
    uint8_t jt, jf;
    uint32_t k;
};
struct weft_linger {
    int onoff, linger; /* linger in seconds; close never blocks here: 0 makes it an abort, others have no effect */
};
/* WEFT_ENOPROTOOPT, WEFT_EINVAL (length or value), WEFT_EPERM. To get what is of another protocol: WEFT_EOPNOTSUPP. */
int weft_setsockopt(weft_sock *sock, int level, int option, const void *value, size_t n);
int weft_getsockopt(const weft_sock *sock, int level, int option, void *value, size_t *n);

/* The pending error, negative, taken (as SO_ERROR); 0 when none. */
int weft_error(weft_sock *sock);

/* Level bits of enum weft_ready, now. */
unsigned weft_ready(const weft_sock *sock);

/* Would the next recv begin at the urgent mark (SIOCATMARK)? 1 or 0; WEFT_EOPNOTSUPP where there is none. */
int weft_atmark(const weft_sock *sock);

/* Bytes that recv would give now; bytes sent and not yet acknowledged, queued ones included. */
size_t weft_unread(const weft_sock *sock);
size_t weft_unsent(const weft_sock *sock);

void weft_set_cookie(weft_sock *sock, void *cookie);
void *weft_cookie(const weft_sock *sock);
enum weft_proto weft_sock_proto(const weft_sock *sock);
enum weft_family weft_sock_family(const weft_sock *sock);
weft_stack *weft_sock_stack(const weft_sock *sock);

/* For TCP; WEFT_TCP_CLOSED for others. */
enum weft_tcp_state weft_tcp_state(const weft_sock *sock);

/* What a TCP connection waits for, as ss -o tells it; numbered as on Linux. */
enum weft_timer { WEFT_TIMER_OFF, WEFT_TIMER_ON, WEFT_TIMER_KEEPALIVE, WEFT_TIMER_TIMEWAIT, WEFT_TIMER_PERSIST };

/* One line of netstat: sockets, half-open and TIME-WAIT records. */
struct weft_listing {
    enum weft_proto proto;
    enum weft_tcp_state state; /* TCP only */
    struct weft_addr local, remote;
    size_t recv_q, send_q;     /* a listener: connections waiting for accept, and its backlog */
    void *cookie;              /* NULL for records and orphans */
    weft_sock *sock;           /* NULL for records */
    enum weft_timer timer;     /* TCP only: what runs, until when, and how often it has fired already */
    weft_time timer_at;
    unsigned timer_tries;
};

/* Calls visit once for each; stops when it returns false. visit must not call the stack. */
void weft_list(weft_stack *stack, bool (*visit)(void *ctx, const struct weft_listing *item), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
