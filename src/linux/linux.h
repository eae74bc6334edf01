/* SPDX-License-Identifier: MIT */
/*
 * Linux's words for sockets (structures, numbers, errno), as they are read and written by whoever offers sockets under
 * them: weft/posix.h to this process, `weft run` to another one, the packetdrill adapter to scripts. Stands on the
 * engine's public calls, and on wire/ where headers are walked. Negative results are Linux's errno.
 */
#ifndef LINUX_LINUX_H
#define LINUX_LINUX_H

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */

#include "weft/sock.h"

#ifndef IPV6_FLOWINFO_SEND /* which libc's headers leave to the kernel's */
#define IPV6_FLOWINFO_SEND 33
#endif

/* ---- sockets.c: addresses, and kinds of sockets ---- */

/*
 * struct sockaddr_in or sockaddr_in6 of n bytes, as a socket of this family takes it. -EINVAL: too short or too long;
 * -EFAULT: NULL; -EAFNOSUPPORT: another family.
 */
int linux_read_addr(const struct sockaddr *addr, socklen_t n, int domain, struct weft_addr *out);

/* The other way; returns its length. */
socklen_t linux_make_addr(const struct weft_addr *addr, int domain, struct sockaddr_storage *out);

#define LINUX_TYPES_END 11 /* SOCK_MAX */

/* The protocol behind what socket(2) is asked for, type without its flags; -EINVAL, -EPROTONOSUPPORT,
 * -ESOCKTNOSUPPORT. */
int linux_protocol(int domain, int type, int flags, int protocol);

struct linux_sock;

/*
 * Whom a datagram socket is to be connected to: of IPv6 somebody of IPv4, too; with AF_UNSPEC it is nobody. As
 * linux_read_addr; -EAFNOSUPPORT also where it speaks IPv6 alone.
 */
int linux_read_peer(const struct linux_sock *s, const struct sockaddr *addr, socklen_t n, struct weft_addr *out);

/* Is it nobody's: any address, of either family? */
bool linux_is_nobody(const struct weft_addr *addr);

/* Then it becomes this host's loopback: where datagrams to nobody in particular go on Linux. */
void linux_here(struct weft_addr *addr);

/* readv and writev of no bytes are none: no socket hears of them. */
bool linux_is_nothing(const struct iovec *iov, size_t n);

/* An address of IPv4 alone. */
struct weft_ip linux_v4(const struct in_addr *in);
struct in_addr linux_in_addr(const struct weft_ip *ip);

/* The engine's socket for a protocol that linux_protocol gave. NULL and *err: as weft_socket_in, weft_socket_raw. */
weft_sock *linux_socket(weft_stack *s, int domain, int type, int protocol, int *err);

/* ---- control_out.c, control_in.c: control messages ---- */

#define LINUX_IPV6_FLOWINFO 11
#define LINUX_TCP_INQ 36 /* TCP_INQ and TCP_CM_INQ, which not every libc names */

/* Bits for what may be told by the names that RFC 2292 had for it, beside those of RFC 3542. */
enum linux_2292 {
    LINUX_2292_PKTINFO = 1, LINUX_2292_HOPLIMIT = 2, LINUX_2292_HOPOPTS = 4, LINUX_2292_DSTOPTS = 8, LINUX_2292_RTHDR = 16
};

/* SO_TIMESTAMP and SO_TIMESTAMPNS; beside either of them, and beside SO_TIMESTAMPING, whether by the names in _NEW. */
enum linux_stamp {
    LINUX_STAMP_NONE = 0, LINUX_STAMP_MICROSECONDS = 1, LINUX_STAMP_NANOSECONDS = 2, LINUX_STAMP_NEW = 4
};

struct linux_own;

/* A socket, as far as control messages are about it, and what it has asked for beside what the engine keeps. */
struct linux_sock {
    weft_sock *sock;
    int domain, type, protocol;
    weft_time now;          /* of its stack */
    const struct timespec *day; /* at that moment; NULL: the kernel's clock knows */
    enum linux_stamp stamp; /* SO_TIMESTAMP(NS) */
    int stamping;           /* SO_TIMESTAMPING */
    bool inquire;           /* TCP_INQ */
    unsigned rfc2292;       /* enum linux_2292: what is told by the names of RFC 2292 */
};

/*
 * The control messages of what is sent to `to` (NULL: the peer). 0, -EINVAL: there is one that makes no sense.
 * Extension headers are pointed to where they stand. *stamps becomes what SO_TIMESTAMPING says for this send, if it is
 * there; NULL: that is refused.
 */
int linux_take_control(const struct linux_sock *s, const struct msghdr *msg, const struct weft_addr *to,
                       struct weft_control *out, unsigned *stamps);
/* Fills in msg_control, msg_controllen and MSG_CTRUNC; msg_flags are set already. any: there are bytes. */
void linux_give_control(const struct linux_sock *s, const struct weft_control *control, struct msghdr *msg, bool any);
/* The same of what went wrong with something that it sent (IP_RECVERR, IPV6_RECVERR), and how that was learnt. */
void linux_give_report(const struct linux_sock *s, const struct weft_report *report, struct msghdr *msg);
/* Puts a message behind `used` bytes of them; how many are used then. What does not fit is cut: MSG_CTRUNC. */
size_t linux_put_control(struct msghdr *msg, size_t used, int level, int type, const void *data, size_t n);

/* ---- group.c: the options whose values name groups, or interfaces for them ---- */

bool linux_is_group_option(int level, int option);
/* 0 or a negative errno. stream: the socket is one, which has none of them. */
int linux_group_set(weft_sock *sock, bool stream, int level, int option, const void *value, size_t n);
/* *n: bytes there is room for, and then how many there are. A filter's value begins with what names the group. */
int linux_group_get(weft_sock *sock, int level, int option, void *value, size_t *n);

/* ---- interface.c: the ioctls that ask for a host's interfaces ---- */

/* By its name; without one (NULL) by its number. */
bool linux_find_interface(weft_stack *s, const char *name, unsigned index, struct weft_if_info *info);
int linux_first_v4(const struct weft_if_info *info); /* its first address of IPv4; -1: none */
uint32_t linux_host_order(const struct weft_ip *ip); /* an address of IPv4 as a number */
/* IFF_UP and the like. */
unsigned linux_if_flags(const struct weft_if_info *info);
/* Of IPv4, in host order: 32 bits of prefix at most. */
uint32_t linux_netmask(unsigned prefix);
unsigned linux_if_type(const struct weft_if_info *info); /* ARPHRD_ETHER and the like */
/* SIOCGIFCONF: a row for each interface with an address of IPv4, as far as there is room; rows NULL: how many. */
size_t linux_interface_list(weft_stack *s, struct ifreq *rows, size_t room);
/* Is the argument a struct ifreq, or SIOCGARP's struct arpreq? How many bytes it takes; 0: it is another request. */
size_t linux_interface_size(unsigned long request);
/* Those: asked by a socket of this family. 0 or a negative errno. */
int linux_interface_ioctl(weft_stack *s, int domain, unsigned long request, void *argument);
/* SO_BINDTODEVICE. 0 or a negative errno. */
int linux_set_device(weft_sock *sock, const void *value, socklen_t n);
int linux_get_device(weft_sock *sock, void *value, socklen_t *n);

/* ---- ready.c: poll, and the ioctls about a socket's queues ---- */

/* What of a stream the engine does not know; of other sockets nothing of it counts. */
struct linux_stream {
    bool was_open;              /* there was a connection, or there is to be one */
    bool deferred;              /* connected, and the SYN waits for the first write */
    bool shut_read, shut_write; /* by its user */
    int low_water;              /* SO_RCVLOWAT */
};

/* Bits of poll(2), asked for or not. */
unsigned linux_ready(const weft_sock *sock, const struct linux_stream *st);
/* May these events of an epoll be, as far as EPOLLEXCLUSIVE goes? op: EPOLL_CTL_ADD, EPOLL_CTL_MOD. */
bool linux_may_exclude(int op, uint32_t events);
/* Which of enum weft_ready may bring these bits about. */
unsigned linux_wants(unsigned poll_bits);
/* SIOCINQ, SIOCOUTQ, SIOCATMARK, SIOCOUTQNSD: the number; -EINVAL; -ENOTTY: it is another request. */
int64_t linux_queue_ioctl(const weft_sock *sock, unsigned long request);

/* ---- reports.c: what a sender is told of his bytes through the error queue of his socket ---- */

/*
 * They may be reused (MSG_ZEROCOPY), they went to the link and when, they are acknowledged (SO_TIMESTAMPING).
 *
 * A send that wants to hear leaves *wishes*, each for an end in the stream. They are held against how far the stream has
 * gone to the link, and how far it is acknowledged; what is reached becomes a *report* in the queue. A datagram has gone
 * when it was sent.
 *
 * We copy, as Linux does where a device cannot do otherwise, and say so (SO_EE_CODE_ZEROCOPY_COPIED).
 */
struct linux_report {
    struct sock_extended_err err;
    weft_time at;     /* when it happened, on the stack's clock */
    bool has_payload; /* Linux would give the packet with it, which is gone here: MSG_TRUNC */
};

/* In whose interest it is; each is reached by the bytes that went out, or by those acknowledged. */
enum linux_wish_kind { LINUX_WISH_SCHEDULED, LINUX_WISH_SENT, LINUX_WISH_ACKNOWLEDGED, LINUX_WISH_REUSE };

struct linux_wish {
    enum linux_wish_kind kind;
    uint64_t end; /* offset in the stream behind the last byte it is about */
    uint32_t id;
};

struct linux_reports {
    uint64_t sent;      /* bytes that the stream has taken from its user */
    uint64_t id_base;   /* of a stream SOF_TIMESTAMPING_OPT_ID counts from here; of datagrams it is the next number */
    uint32_t reuse_id;  /* of the next send with MSG_ZEROCOPY */
    size_t n_wishes, n;
    struct linux_wish *wishes;
    struct linux_report *report; /* first in, first out */
};

#define LINUX_REPORTS 256 /* wishes and reports of a socket, each: Linux has its optmem_max for them */
/* What SO_TIMESTAMPING can ask about one send. */
#define LINUX_STAMPS_OUT (SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK)

/* A new connection has no past. */
void linux_reports_reset(struct linux_reports *r);
/* A send with these flags wants to hear of its bytes: is there room for that? False: -ENOBUFS. */
bool linux_reports_have_room(const struct linux_own *own, int flags);
/* n bytes of a send with these flags were taken, or a datagram of so many; stamps: LINUX_STAMPS_OUT. */
void linux_reports_sent(const struct linux_sock *s, struct linux_own *own, size_t n, int flags, unsigned stamps);
/* How far has it come? True when the queue grew. */
bool linux_reports_collect(const struct linux_sock *s, struct linux_own *own);
/* The oldest report; false when there is none. Fills in what linux_give_control does, and MSG_TRUNC. */
bool linux_reports_give(const struct linux_sock *s, struct linux_own *own, struct msghdr *msg);

/* ---- cork.c: a datagram that grows (UDP_CORK, MSG_MORE) ---- */

struct linux_cork;

/* Does what is sent with these flags wait for more, or go with what waits? */
bool linux_is_corked(const struct linux_sock *s, const struct linux_own *own, int flags);

/*
 * Adds the pieces to it; the first one settles where it goes and with what. 0, or it is lost: -EDESTADDRREQ, -EINVAL,
 * -EMSGSIZE, -ENOBUFS, what routes say.
 */
int linux_cork_add(const struct linux_sock *s, struct linux_cork **cork, const struct weft_iov *iov, size_t n,
                   const struct weft_addr *to, const struct weft_control *control);
/* The whole of it; to and control: NULL, or within it. */
struct weft_iov linux_cork_whole(const struct linux_cork *cork, const struct weft_addr **to,
                                 const struct weft_control **control);
void linux_cork_free(struct linux_cork *cork);

/* ---- own.c, told.c: options that whoever offers a socket keeps for it ---- */

/* Those that are a number, and ask for nothing or are looked at by whoever offers the socket. */
enum linux_kept {
    LINUX_INCOMING_CPU, LINUX_BUSY_POLL, LINUX_SELECT_ERR_QUEUE,
    LINUX_PEEK_OFF, /* of a stream; -1: a peek begins at the front */
    LINUX_ZEROCOPY, LINUX_STAMPING, LINUX_CORK, LINUX_PATH_MTU,
    LINUX_FLOW_SEND,   /* IPV6_FLOWINFO_SEND: the flow label of an address counts */
    LINUX_BUFFER_LOCK, /* SO_BUF_LOCK */
    LINUX_RFC2292, /* enum linux_2292 */
    LINUX_KEPT_COUNT
};

enum linux_lock { LINUX_LOCK_SEND = 1, LINUX_LOCK_RECEIVE = 2 }; /* bits of SO_BUF_LOCK, Linux's */

struct linux_own {
    weft_time read_timeout, write_timeout; /* WEFT_NEVER: none */
    struct weft_linger linger;
    int low_water;          /* SO_RCVLOWAT */
    bool inquire;           /* TCP_INQ: what is left to read is told with what was read */
    enum linux_stamp stamp; /* SO_TIMESTAMP(NS) */
    int kept[LINUX_KEPT_COUNT];
    uint64_t host; /* SO_NETNS_COOKIE */
    /* From here on, of one socket alone: not of those that it accepts. */
    uint64_t cookie; /* SO_COOKIE; 0: nobody has asked */
    uint32_t flow;   /* label that the peer was given by connect; 0: none */
    struct linux_reports reports;
    struct linux_cork *cork; /* NULL: no datagram grows */
    struct {
        bool waits; /* to be told that the path to there carries so much only (IPV6_RECVPATHMTU) */
        struct weft_addr to;
        int mtu;
    } path;
    struct {
        bool any, told; /* one was received; its time has been told, as `day` */
        weft_time arrived;
        struct timespec day;
    } last; /* datagram that was received (SIOCGSTAMP) */
};

/* Of a new socket. */
void linux_own_init(struct linux_own *own, uint64_t host);
/* Copied from a listener's: options stay, the rest begins anew. */
void linux_own_inherit(struct linux_own *own);
void linux_own_free(struct linux_own *own);

/*
 * setsockopt and getsockopt, of whatever option; the value may be touched. *n as in the call, untouched by an error
 * but where Linux tells a length with it. 0 or a negative errno.
 */
int linux_set_option(const struct linux_sock *s, struct linux_own *own, int level, int option, const void *value,
                     socklen_t n);
int linux_get_option(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value,
                     socklen_t *n);

/* Who is at the other end: 0, -ENOTCONN. */
int linux_peer(const struct linux_sock *s, struct weft_addr *name);
/* told.c: options of SOL_SOCKET that can only be asked for; -ENOTTY: it is another one. */
int linux_told_get(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value,
                   socklen_t *n);

/* ---- pktoptions.c: control messages as the value of an option ---- */

/* IP_PKTOPTIONS and IPV6_2292PKTOPTIONS, as linux_get_option. */
int linux_pktoptions_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n);
int linux_pktoptions6_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n);
/* Of a socket of IPv6. 0, -EINVAL, -ENODEV, -ENOMEM. */
int linux_pktoptions6_set(const struct linux_sock *s, const void *value, size_t n);

/* ---- notices.c: what is told besides text and datagrams ---- */

/* The flow label that an address names, if the socket wants that; 0: none. */
uint32_t linux_flow_label(const struct linux_own *own, const struct sockaddr *addr, socklen_t n);
/* What else the address of a datagram (NULL: the peer's) and the flags of its send say, besides control messages:
 * MSG_DONTROUTE, MSG_CONFIRM, MSG_PROBE, a flow label. What `out` has already, stays. */
void linux_add_control(const struct linux_own *own, const struct sockaddr *addr, socklen_t n, int flags,
                       struct weft_control *out);
/* A datagram to there (NULL: the peer) was too long for the path. */
void linux_path_too_small(const struct linux_sock *s, struct linux_own *own, const struct weft_addr *to);
/* As linux_give_control, where own.path waits. */
void linux_give_path(struct linux_own *own, struct msghdr *msg);
int linux_path_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n); /* IPV6_PATHMTU */
/* A datagram was received that came then; and SIOCGSTAMP, SIOCGSTAMPNS: -ENOTTY: it is another request. */
void linux_stamp_came(struct linux_own *own, weft_time arrived);
int linux_stamp_ioctl(const struct linux_sock *s, struct linux_own *own, unsigned long request, void *argument);
/* A moment of the stack's clock by the clock of the day. */
struct timespec linux_day(const struct linux_sock *s, weft_time at);

/* ---- peek.c: SO_PEEK_OFF of streams ---- */

/* Peeks at what stands behind `offset`: bytes, 0 at the end, or a negative errno; -EAGAIN: nothing is there yet. */
int64_t linux_peek_at(weft_sock *sock, const struct weft_iov *iov, size_t n, size_t offset, bool finished);
/* So many bytes were read: the offset counts from the front. */
void linux_peek_back(struct linux_own *own, int64_t bytes);

/* ---- options.c: values of options ---- */

/* SO_RCVTIMEO, SO_SNDTIMEO: WEFT_NEVER for none. 0, -EDOM. */
int linux_take_timeout(const void *value, weft_time *out);
void linux_give_timeout(void *value, weft_time timeout);
/*
 * SO_TIMESTAMP, SO_TIMESTAMPNS: either of both takes the other's place; only the one that was set is told, and by the name
 * that it was set by. As on Linux SO_TIMESTAMP_NEW tells of SO_TIMESTAMPNS_NEW too, and who wants none keeps the names.
 */
void linux_take_stamp(const void *value, unsigned stamp, enum linux_stamp *out);
void linux_give_stamp(void *value, unsigned stamp, enum linux_stamp set);
/* Seconds and what is below them, as the names in _NEW have them: 64 bits each, on every machine. */
struct linux_stamp_new {
    int64_t seconds, rest;
};
/* SO_RCVLOWAT: how many bytes. */
int linux_take_low_water(const void *value);

#endif
