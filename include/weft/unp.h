/* SPDX-License-Identifier: MIT */
/*
 * The helpers of *UNIX Network Programming* over weft/posix.h. -1 and errno where POSIX would say so; names that do not
 * resolve give ENOENT.
 */
#ifndef WEFT_UNP_H
#define WEFT_UNP_H

#include "weft/posix.h"

#if defined(__GNUC__)
#define WEFT_UNP_PRINTF   __attribute__((format(printf, 1, 2)))
#define WEFT_UNP_NORETURN __attribute__((noreturn))
#else
#define WEFT_UNP_PRINTF
#define WEFT_UNP_NORETURN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a program says when something fails: one line on stderr, or to syslog when that is on. err_ret and err_sys add
 * what errno says; err_quit and err_sys end the program with status 1.
 */
void weft_unp_err_msg(const char *format, ...) WEFT_UNP_PRINTF;
void weft_unp_err_ret(const char *format, ...) WEFT_UNP_PRINTF;
void weft_unp_err_quit(const char *format, ...) WEFT_UNP_PRINTF WEFT_UNP_NORETURN;
void weft_unp_err_sys(const char *format, ...) WEFT_UNP_PRINTF WEFT_UNP_NORETURN;
void weft_unp_err_to_syslog(bool on);

/*
 * The book's wrappers, which end the program where a call fails, are one function here, around any call:
 *
 *     fd = weft_unp_must("socket", weft_posix_socket(AF_INET, SOCK_STREAM, 0));
 *
 * Gives back the result that is not negative; else tells what failed, as err_sys. must_have: the same for pointers.
 */
ssize_t weft_unp_must(const char *what, ssize_t result);
void *weft_unp_must_have(const char *what, void *result);

/*
 * Makes a daemon of the process (UNP 13.4): a child's child without a terminal, in a session of its own, in "/", with
 * descriptors 0 to 2 on /dev/null and all others closed; messages go to syslog under this name and facility
 * (LOG_DAEMON). The caller goes on as that process. -1: EBUSY, or what a call there gave, and the process may be half a
 * daemon.
 *
 * Call it first. A host does not survive a fork, for its thread does not: with one in use (weft_posix_use) this
 * refuses.
 */
int weft_unp_daemon_init(const char *name, int facility);
/* The same where inetd has begun the process (UNP 13.6): only the messages are left to do. 0, 1 and 2 are the
 * connection. */
void weft_unp_daemon_inetd(const char *name, int facility);

/* All n bytes, over interruptions and short counts; readn: fewer at the end of the stream. Bytes, or -1. */
ssize_t weft_unp_readn(int fd, void *buf, size_t n);
ssize_t weft_unp_writen(int fd, const void *buf, size_t n);

/* A buffered reader of lines. Zero it, set fd. */
struct weft_unp_reader {
    int fd;
    size_t begin, end;
    char buf[4096];
};
/* A line with its newline, terminated, at most n - 1 bytes of it. Its length; 0 at the end of the stream, or -1. */
ssize_t weft_unp_readline(struct weft_unp_reader *r, char *line, size_t n);

/* "10.1.2.3:80", "[::1]:80"; the bare address for port 0. Returns buf, or NULL: another family, or too little room. */
char *weft_unp_sock_ntop(const struct sockaddr *addr, socklen_t len, char *buf, size_t n);
/* The same without the port: "10.1.2.3", "::1". */
char *weft_unp_sock_ntop_host(const struct sockaddr *addr, socklen_t len, char *buf, size_t n);

/*
 * Of an address of IPv4 or IPv6, whichever it is: its port, 0 to 65535; another port; another address (a struct
 * in_addr or in6_addr, as its family says); no address but any; is it the same address, or port, as another's (1 or
 * 0)? bind_wild binds to any address and a port that is free, and gives that port. -1: EAFNOSUPPORT (another family),
 * EINVAL (too short), and what bind gives.
 */
int weft_unp_sock_get_port(const struct sockaddr *addr, socklen_t len);
int weft_unp_sock_set_port(struct sockaddr *addr, socklen_t len, unsigned port);
int weft_unp_sock_set_addr(struct sockaddr *addr, socklen_t len, const void *ip);
int weft_unp_sock_set_wild(struct sockaddr *addr, socklen_t len);
int weft_unp_sock_same_addr(const struct sockaddr *a, const struct sockaddr *b, socklen_t len);
int weft_unp_sock_same_port(const struct sockaddr *a, const struct sockaddr *b, socklen_t len);
int weft_unp_sock_bind_wild(int fd, int family);

/* An interface that is up, with one of its addresses (UNP 17.6). Of addresses that there are none of ss_family is 0. */
struct weft_unp_ifi {
    char name[IF_NAMESIZE];
    unsigned index, mtu, flags; /* IFF_UP and the like */
    bool alias;                 /* another address of an interface that stands before */
    uint8_t haddr[8];           /* of its station */
    size_t n_haddr;             /* 0: it has none */
    struct sockaddr_storage addr, broadcast, destination; /* the last: the other end of a point-to-point link */
    struct weft_unp_ifi *next;
};
/*
 * All of them with addresses of this family, or of each the first address. *list is the caller's, for free_ifi_info;
 * NULL where there are none. 0, -1: EAFNOSUPPORT, ENETDOWN, ENOMEM, EMFILE.
 */
int weft_unp_get_ifi_info(int family, bool aliases, struct weft_unp_ifi **list);
void weft_unp_free_ifi_info(struct weft_unp_ifi *list);

/*
 * Groups of either family, on an interface by its name (NULL: by its number; 0: as the host chooses). mcast_source is
 * for one source of a group: MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, MCAST_JOIN_SOURCE_GROUP,
 * MCAST_LEAVE_SOURCE_GROUP. Of what is sent to groups: how far it goes, whether it is heard here, by which interface
 * it goes. -1: as sock_get_port, ENXIO (no such interface), and what setsockopt gives.
 */
int weft_unp_mcast_join(int fd, const struct sockaddr *group, socklen_t len, const char *name, unsigned index);
int weft_unp_mcast_leave(int fd, const struct sockaddr *group, socklen_t len, const char *name, unsigned index);
int weft_unp_mcast_source(int fd, int option, const struct sockaddr *source, const struct sockaddr *group,
                          socklen_t len, const char *name, unsigned index);
int weft_unp_mcast_get_ttl(int fd);
int weft_unp_mcast_set_ttl(int fd, int ttl);
int weft_unp_mcast_get_loop(int fd);
int weft_unp_mcast_set_loop(int fd, int on);
int weft_unp_mcast_set_if(int fd, const char *name, unsigned index);
int weft_unp_mcast_get_if(int fd); /* its number; 0: as the host chooses */

/*
 * recvfrom that tells besides what flags came with a datagram (MSG_TRUNC and the like, instead of those that were asked
 * with), and where it came in (UNP 22.2): by which interface, and to what address, which the socket must have asked for
 * (IP_PKTINFO, IPV6_RECVPKTINFO); else index is 0 and ss_family too. flags, from and where may be NULL.
 */
struct weft_unp_received {
    unsigned index;
    struct sockaddr_storage to; /* without a port */
};
ssize_t weft_unp_recvfrom_flags(int fd, void *buf, size_t n, int *flags, struct sockaddr *from, socklen_t *n_from,
                                struct weft_unp_received *where);

/* Waits for so many seconds at most: 1, 0 when they are over, -1. connect_timeo: 0, or -1, ETIMEDOUT among others. */
int weft_unp_readable_timeo(int fd, int seconds);
int weft_unp_writable_timeo(int fd, int seconds);
int weft_unp_connect_timeo(int fd, const struct sockaddr *addr, socklen_t len, int seconds);

/* What there is for a name and a service (UNP 11.8), with the canonical name, for freeaddrinfo. NULL and ENOENT. */
struct addrinfo *weft_unp_host_serv(const char *host, const char *service, int family, int type);
/* AF_INET, AF_INET6; of what is no socket of these -1, ENOTSOCK among others (UNP 7.3, 21.7). */
int weft_unp_sockfd_to_family(int fd);

/* The level of a family's options: IPPROTO_IP, IPPROTO_IPV6; -1: EAFNOSUPPORT. */
int weft_unp_family_to_level(int family);

/* How long it was from `in` to `*out`, which is not before it: *out becomes that (UNP 28.5). */
void weft_unp_tv_sub(struct timeval *out, const struct timeval *in);
/* The time of day as "12:34:56.123456" (UNP 16.2). Returns buf, or NULL: too little room. */
char *weft_unp_gf_time(char *buf, size_t n);

/*
 * signal, with the meaning that the book gives it (UNP 5.8): a call that it interrupts goes on, but for SIGALRM, which
 * is there to end one. The handler that was, or SIG_ERR.
 */
typedef void weft_unp_handler(int number);
weft_unp_handler *weft_unp_signal(int number, weft_unp_handler *handler);

/* A connected socket to the first address that answers; one that listens; one that is bound. host may be NULL for both
 * servers. len: NULL, or where the length of an address of that family goes. */
int weft_unp_tcp_connect(const char *host, const char *service);
int weft_unp_tcp_listen(const char *host, const char *service, socklen_t *len);
int weft_unp_udp_server(const char *host, const char *service, socklen_t *len);
int weft_unp_udp_connect(const char *host, const char *service);
/* Not connected: addr gets where to send, *len its length. */
int weft_unp_udp_client(const char *host, const char *service, struct sockaddr_storage *addr, socklen_t *len);

/*
 * A request and its reply over UDP, reliably (UNP 22.5): eight bytes of sequence number and time stamp go in front, the
 * server sends them back, and the time-out follows the round trips (Jacobson's estimator, 2 to 60 s, doubled at each of
 * three repetitions). Zero it before first use.
 */
struct weft_unp_rtt {
    int64_t srtt, rttvar; /* ms; 0, 0: nothing measured yet */
    uint32_t seq;
    unsigned repeated;    /* of the last request */
    unsigned floor, ceiling; /* ms, of the time-out; 0: 2,000 and 60,000 */
};
/* On a connected socket. Bytes of the reply, or -1: ETIMEDOUT, EMSGSIZE (more than 65,499 bytes out), others of
 * send. */
ssize_t weft_unp_request(struct weft_unp_rtt *rtt, int fd, const void *out, size_t n_out, void *in, size_t n_in);

#ifdef __cplusplus
}
#endif
#endif
