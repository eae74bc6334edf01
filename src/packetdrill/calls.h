/* SPDX-License-Identifier: MIT */
/* The table's functions; interface.h says what each is. userdata is a struct drill. */
#ifndef PACKETDRILL_CALLS_H
#define PACKETDRILL_CALLS_H

#include "packetdrill/drill.h"

/* socket.c */
int drill_socket(void *userdata, int domain, int type, int protocol);
int drill_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t n);
int drill_listen(void *userdata, int fd, int backlog);
int drill_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *n);
int drill_shutdown(void *userdata, int fd, int how);

/* connect.c */
int drill_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t n);

/* close.c */
int drill_close(void *userdata, int fd);

/* receive.c */
ssize_t drill_read(void *userdata, int fd, void *buf, size_t n);
ssize_t drill_readv(void *userdata, int fd, const struct iovec *iov, int n);
ssize_t drill_recv(void *userdata, int fd, void *buf, size_t n, int flags);
ssize_t drill_recvfrom(void *userdata, int fd, void *buf, size_t n, int flags, struct sockaddr *from,
                       socklen_t *n_from);
ssize_t drill_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags);

/* send.c */
ssize_t drill_write(void *userdata, int fd, const void *buf, size_t n);
ssize_t drill_writev(void *userdata, int fd, const struct iovec *iov, int n);
ssize_t drill_send(void *userdata, int fd, const void *buf, size_t n, int flags);
ssize_t drill_sendto(void *userdata, int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
                     socklen_t n_to);
ssize_t drill_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags);

/* ioctl.c */
int drill_fcntl(void *userdata, int fd, int command, ...);
int drill_ioctl(void *userdata, int fd, unsigned long request, ...);

/* options.c */
int drill_getsockopt(void *userdata, int fd, int level, int option, void *value, socklen_t *n);
int drill_setsockopt(void *userdata, int fd, int level, int option, const void *value, socklen_t n);

/* poll.c, epoll.c */
int drill_poll(void *userdata, struct pollfd *fds, nfds_t n, int timeout);
int drill_epoll_create(void *userdata, int size);
int drill_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
int drill_epoll_wait(void *userdata, int epfd, struct epoll_event *events, int max, int timeout);

/* netdev.c */
int drill_netdev_send(void *userdata, const void *buf, size_t n);
int drill_netdev_receive(void *userdata, void *buf, size_t *n, long long *usecs);

/* clock.c */
int drill_usleep(void *userdata, useconds_t usecs);
int drill_gettimeofday(void *userdata, struct timeval *tv, struct timezone *tz);

/* pipe.c, splice.c */
int drill_pipe(void *userdata, int fds[2]);
ssize_t drill_splice(void *userdata, int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags);
ssize_t drill_sendfile(void *userdata, int to, int from, off_t *at, size_t n);

#endif
