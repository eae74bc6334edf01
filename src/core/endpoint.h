/* SPDX-License-Identifier: MIT */
/*
 * The protocol-neutral head of every endpoint: what the sockets layer and the event list need. It stands first in
 * struct tcp_conn, struct udp_ep and so on, which a weft_sock pointer really points to.
 */
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include "base/list.h"
#include "core/pkt.h"
#include "weft/sock.h"

/* An ICMP error about something an endpoint sent. */
struct ip_error {
    struct weft_ip src, dst;  /* of the quoted datagram: src is ours */
    struct weft_ip reporter;
    uint16_t src_port, dst_port; /* quoted; ICMP echo: identifier and 0 */
    uint32_t seq;             /* quoted TCP sequence number */
    uint8_t type, code;       /* of the ICMP message, as received */
    int err;                  /* the WEFT_E it maps to */
    bool hard;                /* protocol or port unreachable (RFC 1122 §4.2.3.9, RFC 4443 §3.1 and §3.4) */
    bool lasting;             /* a datagram socket that has a peer hears of it unasked, as on Linux; each hard one is */
    bool too_big;             /* fragmentation needed, packet too big */
    uint32_t mtu;             /* then: next-hop MTU, 0: not said. A parameter problem: where it is. Else 0 */
    uint32_t datagram;        /* length of the quoted datagram */
    const struct weft_pkt *quote; /* what holds the quote */
    bool came;                /* and that is the ICMP message that came; else nobody sent one */
    uint32_t quoted_at;       /* offset from its data of the quoted transport message */
    uint32_t original;        /* bytes of the quote, with its headers, as the message says (RFC 4884); 0: it does not */
};

/* Options of which hardly anybody sets one. What a protocol cannot do with is kept and told. */
struct sock_rare {
    uint32_t tell;           /* enum sock_tell */
    uint32_t kept;           /* switches that ask for nothing here (src/sock/kept.c) */
    int32_t priority, mark;
    int32_t interface;       /* SO_BINDTOIFINDEX; 0: any */
    int32_t min_ttl, min_hops;
    int32_t segment;         /* UDP_SEGMENT, bytes; 0: off */
    uint32_t ports;          /* IP_LOCAL_PORT_RANGE: the least, in the upper half the greatest; each 0: as configured */
    int32_t prefer;          /* enum weft_prefer_source of IPV6_ADDR_PREFERENCES */
};

/* What a program asked to be told of, and other switches; one bit for each option. */
enum sock_tell {
    TELL_PKTINFO = 0x01,
    TELL_TTL = 0x02,
    TELL_TOS = 0x04,
    TELL_ERRORS = 0x08,
    TELL_ORIGDST = 0x10,
    TELL_PKTINFO6 = 0x20,
    TELL_HOPLIMIT = 0x40,
    TELL_TCLASS = 0x80,
    TELL_ERRORS6 = 0x100,
    TELL_ORIGDST6 = 0x200,
    RARE_DEBUG = 0x400,
    RARE_DONTROUTE = 0x800,
    RARE_NO_CHECKSUM = 0x1000,
    RARE_FREEBIND = 0x2000,
    RARE_DONTFRAG = 0x4000,
    RARE_GRO = 0x8000,
    RARE_KEEPALIVE = 0x10000, /* of datagram sockets, where it means nothing */
    RARE_OOBINLINE = 0x20000,
    RARE_CHECKSUM = 0x40000,
    TELL_LOST = 0x80000,
    TELL_OPTIONS = 0x100000,
    TELL_REPLY = 0x200000,
    TELL_HOP_OPTIONS = 0x400000,
    TELL_DESTINATION_OPTIONS = 0x800000,
    TELL_ROUTING = 0x1000000,
    TELL_FLOW = 0x2000000,
    RARE_NO_PORT = 0x4000000,
    TELL_PIECE = 0x8000000, /* IP_RECVFRAGSIZE */
    TELL_PIECE6 = 0x10000000,
    TELL_EXTENSIONS = 0x20000000, /* IP_RECVERR_RFC4884 */
    TELL_EXTENSIONS6 = 0x40000000,
};

#define SOCK_KINDS 8 /* tables of operations that a stack can have */

/* What a protocol does for the sockets layer. The prose of weft/sock.h holds for each; NULL means WEFT_EOPNOTSUPP. */
struct sock_ops {
    enum weft_proto proto;
    int (*bind)(weft_sock *, const struct weft_addr *);
    int (*listen)(weft_sock *, unsigned backlog);
    weft_sock *(*accept)(weft_sock *, struct weft_addr *, int *err);
    int (*connect)(weft_sock *, const struct weft_addr *);
    /* control: NULL, or checked. */
    int64_t (*send)(weft_sock *, const struct weft_iov *, size_t n, unsigned flags, const struct weft_addr *,
                    const struct weft_control *control);
    int64_t (*recv)(weft_sock *, const struct weft_iov *, size_t n, unsigned flags, struct weft_addr *, unsigned *);
    /* weft_send_from, weft_recv_to. NULL: only streams have them. */
    int64_t (*send_from)(weft_sock *, size_t n, weft_carry *carry, void *ctx);
    int64_t (*recv_to)(weft_sock *, weft_carry *carry, void *ctx);
    void (*recv_waits)(weft_sock *, size_t bytes); /* NULL: only streams have it */
    /* weft_send_lent, weft_recv_borrowed: n, and *n, are not 0. NULL: only streams have them. */
    int64_t (*send_lent)(weft_sock *, const void *bytes, size_t n, unsigned flags, weft_release *release, void *ctx);
    int64_t (*recv_borrowed)(weft_sock *, struct weft_loan *piece, size_t *n);
    /* Fills in what goes with the datagram that recv with these flags would give, when there is one. NULL: streams. */
    void (*describe)(const weft_sock *, unsigned flags, struct weft_control *);
    int64_t (*recv_report)(weft_sock *, const struct weft_iov *, size_t n, unsigned *, struct weft_report *);
    bool (*report_waits)(const weft_sock *); /* NULL: WEFT_ERROR tells */
    const struct sock_rare *(*rare)(const weft_sock *);
    struct sock_rare *(*own_rare)(weft_sock *); /* to be written to; NULL: out of memory */
    int (*shutdown)(weft_sock *, enum weft_shut);
    int (*disconnect)(weft_sock *);
    void (*close)(weft_sock *);
    void (*abort)(weft_sock *);
    int (*setopt)(weft_sock *, int level, int option, const void *value, size_t n);
    int (*getopt)(const weft_sock *, int level, int option, void *value, size_t *n);
    unsigned (*ready)(const weft_sock *);
    void (*names)(const weft_sock *, struct weft_addr *local, struct weft_addr *peer);
    int (*atmark)(const weft_sock *);
    size_t (*unread)(const weft_sock *);
    size_t (*unsent)(const weft_sock *);
    unsigned (*protocol)(const weft_sock *); /* its protocol number; NULL: proto */
    enum weft_tcp_state (*state)(const weft_sock *); /* NULL: not TCP */
    int (*take_hint)(weft_sock *); /* an error that ended nothing (WEFT_SO_ERROR); 0: none. NULL: there are none */
    /* Of endpoints that leave it for later to set their timer and to ask for a turn; see stack_unsettle. */
    void (*settle)(weft_sock *);
    /* The turn of a link, which it has not asked for yet, and settled behind that. False: it wants none there. */
    bool (*pull)(weft_sock *, const weft_if *, unsigned budget);
};

struct weft_sock {
    weft_stack *stack;
    void *cookie;
    struct list event;  /* in weft_stack.events while `became` is not zero */
    uint8_t became;     /* readiness that grew since the last event */
    bool reuse_addr : 1, reuse_port : 1, broadcast : 1;
    bool v6 : 1;        /* its family: WEFT_INET6. Unless v6only it speaks IPv4 too */
    bool v6only : 1;
    uint8_t kind : 3;   /* whose operations it has: endpoint_ops (core/stack.h) */
    uint8_t ttl, tos;   /* of what it sends by IPv4; ttl 0: the stack's (weft_config.ip_default_ttl) */
    uint8_t hops, tclass; /* by IPv6: hop limit, 0: what is usual on the interface; traffic class */
    int16_t error;      /* pending, negative; 0: none */
};

/* Fills the head. ops outlive the stack, and there are at most SOCK_KINDS of them in one. */
void endpoint_init(weft_sock *e, weft_stack *s, const struct sock_ops *ops, enum weft_family family);

/* What its datagrams of either family carry. */
static inline uint8_t endpoint_ttl(const weft_sock *e, bool v6) { return v6 ? e->hops : e->ttl; }
static inline uint8_t endpoint_tos(const weft_sock *e, bool v6) { return v6 ? e->tclass : e->tos; }

/* "No address yet", in the socket's own family. */
static inline struct weft_ip endpoint_any(const weft_sock *e)
{
    static const struct weft_ip any6 = {{0}};

    return e->v6 ? any6 : weft_ipv4(0);
}

/* A value of WEFT_SO_MAX_PACING_RATE: 64 bits, or 32 of which all ones mean none as well. False: it is shorter. */
bool endpoint_take_rate(const void *value, size_t n, uint64_t *rate);

/* Unlinks from events. Call before the memory goes. */
void endpoint_fini(weft_sock *e);

/* Readiness grew by these bits: the owner will hear of it. */
void endpoint_notify(weft_sock *e, unsigned ready);

/* Sets the pending error and notifies WEFT_ERROR. */
void endpoint_fail(weft_sock *e, int err);

/* Takes the pending error. */
static inline int endpoint_take_error(weft_sock *e)
{
    int err = e->error;

    e->error = 0;
    return err;
}

#endif
