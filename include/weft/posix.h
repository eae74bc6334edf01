/* SPDX-License-Identifier: MIT */
/*
 * The sockets API as POSIX has it, on hosts: the same names behind weft_posix_, the same arguments, -1 and errno. With
 * WEFT_POSIX_NAMES defined, the plain names mean these, so that a program for the kernel's sockets compiles for weft's.
 *
 * Numbers are descriptors of the process: a socket of weft's holds one of the kernel's (which reads and writes
 * nothing), so the two kinds never clash, and every call here hands a number that is not weft's to the kernel. poll,
 * select and epoll take both kinds at once; an epoll instance's number may be watched by the kernel's own epoll and
 * poll.
 *
 * Any thread may call, no signal handler may. A blocking call ends with EINTR after one, where Linux ends it. In a
 * child of fork the hosts are the parent's: calls fail with ENETDOWN, close gives the number back and touches no
 * connection; a new host may be made. After weft_host_free the sockets of that host fail with ENETDOWN until they are
 * closed.
 */
#ifndef WEFT_POSIX_H
#define WEFT_POSIX_H

#include <netdb.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "weft/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the headers above were asked for less than POSIX. */
struct mmsghdr;
struct addrinfo;
struct if_nameindex;
struct ifaddrs;
struct stat;

/* The host on which weft_posix_socket opens sockets, and whose interfaces are named; NULL: none (then ENETDOWN). */
void weft_posix_use(weft_host *h);
/* A socket on this very host. */
int weft_posix_socket_on(weft_host *h, int domain, int type, int protocol);

/* AF_INET and AF_INET6 are weft's; other families go to the kernel. */
int weft_posix_socket(int domain, int type, int protocol);
int weft_posix_bind(int fd, const struct sockaddr *addr, socklen_t n);
int weft_posix_listen(int fd, int backlog);
int weft_posix_accept(int fd, struct sockaddr *addr, socklen_t *n);
int weft_posix_accept4(int fd, struct sockaddr *addr, socklen_t *n, int flags);
int weft_posix_connect(int fd, const struct sockaddr *addr, socklen_t n);
int weft_posix_shutdown(int fd, int how);
/* Waits where SO_LINGER says so. */
int weft_posix_close(int fd);
int weft_posix_dup(int fd);
int weft_posix_dup2(int fd, int to);
int weft_posix_dup3(int fd, int to, int flags); /* O_CLOEXEC */
/* Closes all numbers from first to last, the kernel's too; CLOSE_RANGE_CLOEXEC: marks them. Others: EINVAL. */
int weft_posix_close_range(unsigned first, unsigned last, int flags);
/* Of a socket of weft's: S_IFSOCK, one link, its owner is the process; st_ino is the same for each of its numbers. */
int weft_posix_fstat(int fd, struct stat *st);
int weft_posix_isfdtype(int fd, int type); /* S_IFSOCK and the like: 1, 0; -1, and errno as it was: there is none */
int weft_posix_getsockname(int fd, struct sockaddr *addr, socklen_t *n);
int weft_posix_getpeername(int fd, struct sockaddr *addr, socklen_t *n);
int weft_posix_getsockopt(int fd, int level, int option, void *value, socklen_t *n);
int weft_posix_setsockopt(int fd, int level, int option, const void *value, socklen_t n);
int weft_posix_sockatmark(int fd);
/*
 * A stream of stdio over a socket (UNP 14.8): "r", "w", "a", or "r+" and the like, which are one way each to read and
 * to write and cannot be positioned. Buffered as stdio has it; fclose closes the number. NULL: EBADF, EINVAL, ENOMEM.
 */
FILE *weft_posix_fdopen(int fd, const char *mode);

ssize_t weft_posix_read(int fd, void *buf, size_t n);
ssize_t weft_posix_readv(int fd, const struct iovec *iov, int n);
ssize_t weft_posix_recv(int fd, void *buf, size_t n, int flags);
ssize_t weft_posix_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *n_from);
ssize_t weft_posix_recvmsg(int fd, struct msghdr *msg, int flags);
int weft_posix_recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout);
ssize_t weft_posix_write(int fd, const void *buf, size_t n);
ssize_t weft_posix_writev(int fd, const struct iovec *iov, int n);
ssize_t weft_posix_send(int fd, const void *buf, size_t n, int flags);
ssize_t weft_posix_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t n_to);
ssize_t weft_posix_sendmsg(int fd, const struct msghdr *msg, int flags);
int weft_posix_sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags);

/*
 * Linux's, between a file or a pipe and a socket: bytes are copied. What the socket did not take stays where it was, in
 * the file or the pipe.
 */
ssize_t weft_posix_sendfile(int out, int in, off_t *offset, size_t n);
ssize_t weft_posix_splice(int in, off_t *off_in, int out, off_t *off_out, size_t n, unsigned flags);

int weft_posix_poll(struct pollfd *fds, nfds_t n, int timeout);
int weft_posix_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);
int weft_posix_select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout);
int weft_posix_pselect(int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask);
int weft_posix_epoll_create(int size);
int weft_posix_epoll_create1(int flags);
int weft_posix_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int weft_posix_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout);
int weft_posix_epoll_pwait(int epfd, struct epoll_event *events, int n, int timeout, const sigset_t *mask);

/*
 * F_DUPFD(_CLOEXEC), F_GETFD, F_SETFD, F_GETFL, F_SETFL (O_NONBLOCK, O_ASYNC), F_GETOWN(_EX), F_SETOWN(_EX), F_GETSIG,
 * F_SETSIG: the owner gets SIGIO and SIGURG, or the signal of F_SETSIG with si_fd and si_band and SI_SIGIO as its code.
 * Others: EINVAL.
 */
int weft_posix_fcntl(int fd, int command, ...);
/*
 * FIONBIO, FIOASYNC, FIOSETOWN, FIOGETOWN (SIOCSPGRP, SIOCGPGRP), FIONREAD, TIOCOUTQ, SIOCOUTQNSD, SIOCATMARK; of its
 * host's interfaces SIOCGIF*, SIOCSIF* and SIOCDIFADDR, its routes SIOCADDRT and SIOCDELRT, its neighbours SIOCGARP,
 * SIOCSARP and SIOCDARP. SIOCSIFADDR, SIOCDIFADDR and routes take Linux's other structures on a socket of AF_INET6.
 * Whoever has the host may change it. Others: ENOTTY.
 */
int weft_posix_ioctl(int fd, unsigned long request, ...);

unsigned weft_posix_if_nametoindex(const char *name);
char *weft_posix_if_indextoname(unsigned index, char *name);
struct if_nameindex *weft_posix_if_nameindex(void);
void weft_posix_if_freenameindex(struct if_nameindex *list);
/*
 * Each interface of the host by itself (AF_PACKET, its ifa_data a struct rtnl_link_stats), then each of its addresses,
 * as Linux's libc tells them. The list is the caller's, for freeifaddrs. -1: ENETDOWN (no host), ENOMEM.
 */
int weft_posix_getifaddrs(struct ifaddrs **list);
void weft_posix_freeifaddrs(struct ifaddrs *list);

/*
 * Turns a name that is no literal and stands in no hosts file into at most max addresses: how many, or an EAI_ error.
 * family: AF_INET, AF_INET6, AF_UNSPEC. NULL (as at the start): such names are EAI_NONAME.
 */
typedef int weft_posix_resolver(void *ctx, const char *name, int family, struct weft_ip *out, size_t max);
void weft_posix_set_resolver(weft_posix_resolver *resolve, void *ctx);
/* NULL: /etc/hosts. Borrowed. */
void weft_posix_set_hosts(const char *path);
int weft_posix_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);
void weft_posix_freeaddrinfo(struct addrinfo *list);
int weft_posix_getnameinfo(const struct sockaddr *addr, socklen_t n, char *host, socklen_t n_host, char *service,
                           socklen_t n_service, int flags);

#ifdef __cplusplus
}
#endif

#ifdef WEFT_POSIX_NAMES
#include <fcntl.h>
#include <ifaddrs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
/* Like functions, so that struct members keep their names. */
#define socket(...)      weft_posix_socket(__VA_ARGS__)
#define bind(...)        weft_posix_bind(__VA_ARGS__)
#define listen(...)      weft_posix_listen(__VA_ARGS__)
#define accept(...)      weft_posix_accept(__VA_ARGS__)
#define accept4(...)     weft_posix_accept4(__VA_ARGS__)
#define connect(...)     weft_posix_connect(__VA_ARGS__)
#define shutdown(...)    weft_posix_shutdown(__VA_ARGS__)
#define close(...)       weft_posix_close(__VA_ARGS__)
#define dup(...)         weft_posix_dup(__VA_ARGS__)
#define dup2(...)        weft_posix_dup2(__VA_ARGS__)
#define dup3(...)        weft_posix_dup3(__VA_ARGS__)
#define close_range(...) weft_posix_close_range(__VA_ARGS__)
#define fstat(...)       weft_posix_fstat(__VA_ARGS__)
#define isfdtype(...)    weft_posix_isfdtype(__VA_ARGS__)
#define getsockname(...) weft_posix_getsockname(__VA_ARGS__)
#define getpeername(...) weft_posix_getpeername(__VA_ARGS__)
#define getsockopt(...)  weft_posix_getsockopt(__VA_ARGS__)
#define setsockopt(...)  weft_posix_setsockopt(__VA_ARGS__)
#define sockatmark(...)  weft_posix_sockatmark(__VA_ARGS__)
#define read(...)        weft_posix_read(__VA_ARGS__)
#define readv(...)       weft_posix_readv(__VA_ARGS__)
#define recv(...)        weft_posix_recv(__VA_ARGS__)
#define recvfrom(...)    weft_posix_recvfrom(__VA_ARGS__)
#define recvmsg(...)     weft_posix_recvmsg(__VA_ARGS__)
#define recvmmsg(...)    weft_posix_recvmmsg(__VA_ARGS__)
#define write(...)       weft_posix_write(__VA_ARGS__)
#define writev(...)      weft_posix_writev(__VA_ARGS__)
#define send(...)        weft_posix_send(__VA_ARGS__)
#define sendto(...)      weft_posix_sendto(__VA_ARGS__)
#define sendmsg(...)     weft_posix_sendmsg(__VA_ARGS__)
#define sendmmsg(...)    weft_posix_sendmmsg(__VA_ARGS__)
#define sendfile(...)    weft_posix_sendfile(__VA_ARGS__)
#define splice(...)      weft_posix_splice(__VA_ARGS__)
#define poll(...)        weft_posix_poll(__VA_ARGS__)
#define ppoll(...)       weft_posix_ppoll(__VA_ARGS__)
#define select(...)      weft_posix_select(__VA_ARGS__)
#define pselect(...)     weft_posix_pselect(__VA_ARGS__)
#define epoll_create(...)  weft_posix_epoll_create(__VA_ARGS__)
#define epoll_create1(...) weft_posix_epoll_create1(__VA_ARGS__)
#define epoll_ctl(...)   weft_posix_epoll_ctl(__VA_ARGS__)
#define epoll_wait(...)  weft_posix_epoll_wait(__VA_ARGS__)
#define epoll_pwait(...) weft_posix_epoll_pwait(__VA_ARGS__)
#define fcntl(...)       weft_posix_fcntl(__VA_ARGS__)
#define fdopen(...)      weft_posix_fdopen(__VA_ARGS__)
#define ioctl(...)       weft_posix_ioctl(__VA_ARGS__)
#define if_nametoindex(...)     weft_posix_if_nametoindex(__VA_ARGS__)
#define if_indextoname(...)     weft_posix_if_indextoname(__VA_ARGS__)
#define if_nameindex()          weft_posix_if_nameindex()
#define if_freenameindex(...)   weft_posix_if_freenameindex(__VA_ARGS__)
#define getifaddrs(...)         weft_posix_getifaddrs(__VA_ARGS__)
#define freeifaddrs(...)        weft_posix_freeifaddrs(__VA_ARGS__)
#define getaddrinfo(...)  weft_posix_getaddrinfo(__VA_ARGS__)
#define freeaddrinfo(...) weft_posix_freeaddrinfo(__VA_ARGS__)
#define getnameinfo(...)  weft_posix_getnameinfo(__VA_ARGS__)
#endif
#endif
