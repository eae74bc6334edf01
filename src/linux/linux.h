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

#include "weft/sock.h"

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

enum linux_stamp { LINUX_STAMP_NONE, LINUX_STAMP_MICROSECONDS, LINUX_STAMP_NANOSECONDS };

/* A socket, as far as control messages are about it, and what it has asked for beside what the engine keeps. */
struct linux_sock {
    weft_sock *sock;
    int domain, type, protocol;
    weft_time now;          /* of its stack */
    const struct timespec *day; /* at that moment; NULL: the kernel's clock knows */
    enum linux_stamp stamp; /* SO_TIMESTAMP(NS) */
    int stamping;           /* SO_TIMESTAMPING */
    bool inquire;           /* TCP_INQ */
};

/*
 * The control messages of what is sent to `to` (NULL: the peer). 0, -EINVAL: there is one that makes no sense.
 * Extension headers are pointed to where they stand.
 */
int linux_take_control(const struct linux_sock *s, const struct msghdr *msg, const struct weft_addr *to,
                       struct weft_control *out);
/* Fills in msg_control, msg_controllen and MSG_CTRUNC; msg_flags are set already. any: there are bytes. */
void linux_give_control(const struct linux_sock *s, const struct weft_control *control, struct msghdr *msg, bool any);
/* The same of what went wrong with a datagram that a socket of this family sent (IP_RECVERR, IPV6_RECVERR). */
void linux_give_report(int domain, const struct weft_report *report, struct msghdr *msg);
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

/* ---- options.c: values of options that whoever waits keeps himself ---- */

/* SO_RCVTIMEO, SO_SNDTIMEO: WEFT_NEVER for none. 0, -EDOM. */
int linux_take_timeout(const void *value, weft_time *out);
void linux_give_timeout(void *value, weft_time timeout);
/* SO_TIMESTAMP, SO_TIMESTAMPNS: either of both takes the other's place; only the one that was set is told. */
void linux_take_stamp(const void *value, enum linux_stamp stamp, enum linux_stamp *out);
void linux_give_stamp(void *value, enum linux_stamp stamp, enum linux_stamp set);
/* SO_RCVLOWAT: how many bytes. */
int linux_take_low_water(const void *value);

#endif
