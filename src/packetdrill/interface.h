/* SPDX-License-Identifier: MIT */
/*
 * What packetdrill asks of a stack that is not the kernel's: the table that the library given by --so_filename fills
 * in. Order and prototypes are the whole contract; each function takes userdata first and is otherwise libc's, result
 * and errno included. Declared here in our own words.
 */
#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
    void *userdata;
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t n);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *n);
    int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t n);
    ssize_t (*read)(void *userdata, int fd, void *buf, size_t n);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int n);
    ssize_t (*recv)(void *userdata, int fd, void *buf, size_t n, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *buf, size_t n, int flags, struct sockaddr *from,
                        socklen_t *n_from);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *buf, size_t n);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int n);
    ssize_t (*send)(void *userdata, int fd, const void *buf, size_t n, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
                      socklen_t n_to);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);            /* int */
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);  /* int * */
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int option, void *value, socklen_t *n);
    int (*setsockopt)(void *userdata, int fd, int level, int option, const void *value, socklen_t n);
    int (*poll)(void *userdata, struct pollfd *fds, nfds_t n, int timeout);

    /* The link: bare IP datagrams. Receiving blocks; usecs is when the datagram was sent, on gettimeofday's clock. */
    int (*netdev_send)(void *userdata, const void *buf, size_t n);
    int (*netdev_receive)(void *userdata, void *buf, size_t *n, long long *usecs);

    /* The only clock of the program. */
    int (*usleep)(void *userdata, useconds_t usecs);
    int (*gettimeofday)(void *userdata, struct timeval *tv, struct timezone *tz);

    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *userdata, int epfd, struct epoll_event *events, int max, int timeout);
    int (*pipe)(void *userdata, int fds[2]);
    ssize_t (*splice)(void *userdata, int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags);
};

/* The one name that the library exports. An impossible flag is one line on stderr and exit status 2. */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *out);

#endif
