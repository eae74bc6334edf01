/* SPDX-License-Identifier: MIT */
/* Each call of the table, and each way in which it fails: results and errnos are Linux's. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "bench.h"

static int setup(void **state)
{
    static struct bench b;

    bench_open(&b, NULL);
    *state = &b;
    return 0;
}

static int setup_both(void **state)
{
    static struct bench b;

    bench_open(&b, "local=192.168.0.1,local=fd3d:fa7b:d17d::1,sysctls=none");
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

static int stream(struct bench *b)
{
    return b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM, 0);
}

static int dgram(struct bench *b)
{
    return b->t.socket(b->t.userdata, AF_INET, SOCK_DGRAM, 0);
}

static int nonblocking(struct bench *b, int fd)
{
    return b->t.fcntl(b->t.userdata, fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* ---- descriptors ---- */

static void descriptors_begin_at_1000_and_the_lowest_is_next(void **state)
{
    struct bench *b = *state;

    assert_int_equal(stream(b), 1000);
    assert_int_equal(dgram(b), 1001);
    assert_int_equal(b->t.epoll_create(b->t.userdata, 1), 1002);
    assert_int_equal(b->t.close(b->t.userdata, 1001), 0);
    assert_int_equal(stream(b), 1001);
}

static void number_that_is_no_descriptor_is_ebadf_everywhere(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in a = bench_addr("192.0.2.1", 80);
    struct iovec iov = {&a, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct epoll_event event = {.events = EPOLLIN};
    socklen_t n = sizeof a;
    int value = 0, ep = t->epoll_create(t->userdata, 1);
    char c = 0;

    for (int i = 0; i < 3; i++) {
        int fd = (int[]){-1, 900, 1500}[i];

        assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&a, sizeof a), EBADF);
        assert_errno(t->listen(t->userdata, fd, 1), EBADF);
        assert_errno(t->accept(t->userdata, fd, (struct sockaddr *)&a, &n), EBADF);
        assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&a, sizeof a), EBADF);
        assert_errno(t->read(t->userdata, fd, &c, 1), EBADF);
        assert_errno(t->readv(t->userdata, fd, &iov, 1), EBADF);
        assert_errno(t->recv(t->userdata, fd, &c, 1, 0), EBADF);
        assert_errno(t->recvfrom(t->userdata, fd, &c, 1, 0, (struct sockaddr *)&a, &n), EBADF);
        assert_errno(t->recvmsg(t->userdata, fd, &msg, 0), EBADF);
        assert_errno(t->write(t->userdata, fd, &c, 1), EBADF);
        assert_errno(t->writev(t->userdata, fd, &iov, 1), EBADF);
        assert_errno(t->send(t->userdata, fd, &c, 1, 0), EBADF);
        assert_errno(t->sendto(t->userdata, fd, &c, 1, 0, (struct sockaddr *)&a, sizeof a), EBADF);
        assert_errno(t->sendmsg(t->userdata, fd, &msg, 0), EBADF);
        assert_errno(t->fcntl(t->userdata, fd, F_GETFL, 0), EBADF);
        assert_errno(t->ioctl(t->userdata, fd, SIOCINQ, &value), EBADF);
        assert_errno(t->close(t->userdata, fd), EBADF);
        assert_errno(t->shutdown(t->userdata, fd, SHUT_WR), EBADF);
        assert_errno(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_ERROR, &value, &n), EBADF);
        assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value), EBADF);
        assert_errno(t->epoll_ctl(t->userdata, fd, EPOLL_CTL_ADD, ep, &event), EBADF);
        assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_ADD, fd, &event), EBADF);
        assert_errno(t->epoll_wait(t->userdata, fd, &event, 1, 0), EBADF);
        assert_errno(t->splice(t->userdata, fd, NULL, ep, NULL, 1, 0), EBADF);
    }
}

static void descriptor_that_is_no_socket_is_enotsock(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in a = bench_addr("192.0.2.1", 80);
    struct iovec iov = {&a, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    int fds[2], value = 0;
    socklen_t n = sizeof value;
    char c = 0;

    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_errno(t->bind(t->userdata, fds[0], (struct sockaddr *)&a, sizeof a), ENOTSOCK);
    assert_errno(t->listen(t->userdata, fds[0], 1), ENOTSOCK);
    assert_errno(t->accept(t->userdata, fds[0], NULL, NULL), ENOTSOCK);
    assert_errno(t->connect(t->userdata, fds[0], (struct sockaddr *)&a, sizeof a), ENOTSOCK);
    assert_errno(t->recv(t->userdata, fds[0], &c, 1, 0), ENOTSOCK);
    assert_errno(t->recvmsg(t->userdata, fds[0], &msg, 0), ENOTSOCK);
    assert_errno(t->send(t->userdata, fds[1], &c, 1, 0), ENOTSOCK);
    assert_errno(t->sendmsg(t->userdata, fds[1], &msg, 0), ENOTSOCK);
    assert_errno(t->shutdown(t->userdata, fds[0], SHUT_RD), ENOTSOCK);
    assert_errno(t->getsockopt(t->userdata, fds[0], SOL_SOCKET, SO_ERROR, &value, &n), ENOTSOCK);
    assert_errno(t->setsockopt(t->userdata, fds[0], SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value), ENOTSOCK);
}

static void second_number_leads_to_the_same(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    int again;

    peer_open(b, &p);
    again = t->fcntl(t->userdata, p.fd, F_DUPFD, 1010);
    assert_int_equal(again, 1010);
    assert_int_equal(t->close(t->userdata, p.fd), 0);
    assert_int_equal(t->write(t->userdata, again, "x", 1), 1);
    peer_expect(&p, P | A, 1, NULL);
    peer_ack(&p);
    assert_int_equal(t->close(t->userdata, again), 0);
    peer_expect(&p, F | A, 0, NULL);
    assert_errno(t->fcntl(t->userdata, stream(b), F_DUPFD, -1), EINVAL);
}

/* A script's open() goes to libc, what follows comes to the table. */
static void files_of_the_kernels_may_be_used(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    FILE *file = tmpfile();
    int fd = dup(fileno(file)), fds[2];
    char buf[10] = {0};

    assert_int_equal(t->write(t->userdata, fd, "hello", 5), 5);
    assert_errno(t->write(t->userdata, fd, NOWHERE, 5), EFAULT);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(t->read(t->userdata, fd, buf, 2), 2);
    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_int_equal(t->splice(t->userdata, fd, NULL, fds[1], NULL, 100, 0), 3);
    assert_int_equal(t->read(t->userdata, fds[0], buf + 2, 8), 3);
    assert_string_equal(buf, "hello");
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETFD, 0), 0);
    assert_int_equal(t->close(t->userdata, fd), 0);
    assert_errno(t->close(t->userdata, fd), EBADF);
    fclose(file);
}

/* ---- socket ---- */

static void socket_refuses_what_linux_refuses(void **state)
{
    struct bench *b = *state;
    static const struct {
        int domain, type, protocol, error;
    } cases[] = {
        {AF_UNIX + 100, SOCK_STREAM, 0, EAFNOSUPPORT},
        {AF_INET, 12, 0, EINVAL},
        {AF_INET, SOCK_STREAM | 0x100, 0, EINVAL},
        {AF_INET, SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT},
        {AF_INET, SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT},
        {AF_INET, SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT},
        {AF_INET, SOCK_STREAM, -1, EINVAL},
        {AF_INET, SOCK_STREAM, 100000, EINVAL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_errno(b->t.socket(b->t.userdata, cases[i].domain, cases[i].type, cases[i].protocol), cases[i].error);
}

static void socket_flags_are_seen_by_fcntl(void **state)
{
    struct bench *b = *state;
    int plain = stream(b), both = b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_int_equal(b->t.fcntl(b->t.userdata, plain, F_GETFL, 0), O_RDWR);
    assert_int_equal(b->t.fcntl(b->t.userdata, plain, F_GETFD, 0), 0);
    assert_int_equal(b->t.fcntl(b->t.userdata, both, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    assert_int_equal(b->t.fcntl(b->t.userdata, both, F_GETFD, 0), FD_CLOEXEC);
    assert_int_equal(b->t.fcntl(b->t.userdata, both, F_SETFL, O_RDWR), 0);
    assert_int_equal(b->t.fcntl(b->t.userdata, both, F_GETFL, 0), O_RDWR);
    assert_int_equal(b->t.fcntl(b->t.userdata, plain, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(b->t.fcntl(b->t.userdata, plain, F_GETFD, 0), FD_CLOEXEC);
    assert_errno(b->t.fcntl(b->t.userdata, plain, 9999, 0), EINVAL);
}

/* ---- bind, listen, accept, connect, shutdown ---- */

static void bind_refuses_what_linux_refuses(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in good = bench_addr("192.168.0.1", 8080), bad = bench_addr("192.168.0.9", 8080),
                       odd = good, none = bench_addr("0.0.0.0", 8081);
    int fd = stream(b);

    odd.sin_family = AF_UNIX;
    assert_errno(t->bind(t->userdata, fd, NOWHERE, sizeof good), EFAULT);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&good, sizeof good - 1), EINVAL);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&good, 1000), EINVAL);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&odd, sizeof odd), EAFNOSUPPORT);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&bad, sizeof bad), EADDRNOTAVAIL);
    assert_int_equal(t->bind(t->userdata, fd, (struct sockaddr *)&good, sizeof good), 0);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&good, sizeof good), EINVAL);
    assert_errno(t->bind(t->userdata, stream(b), (struct sockaddr *)&good, sizeof good), EADDRINUSE);
    none.sin_family = AF_UNSPEC;
    assert_int_equal(t->bind(t->userdata, stream(b), (struct sockaddr *)&none, sizeof none), 0);
    good.sin_family = AF_UNSPEC;
    assert_errno(t->bind(t->userdata, stream(b), (struct sockaddr *)&good, sizeof good), EAFNOSUPPORT);
}

static void listen_is_for_streams_that_are_not_connected(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;

    assert_errno(t->listen(t->userdata, dgram(b), 1), EOPNOTSUPP);
    peer_open(b, &p);
    assert_errno(t->listen(t->userdata, p.fd, 1), EINVAL);
    assert_int_equal(t->listen(t->userdata, stream(b), -1), 0);
}

static void accept_is_for_listeners(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int listener = bench_listener(b, 1);
    struct peer p;

    assert_errno(t->accept(t->userdata, dgram(b), NULL, NULL), EOPNOTSUPP);
    assert_errno(t->accept(t->userdata, stream(b), NULL, NULL), EINVAL);
    assert_int_equal(nonblocking(b, listener), 0);
    assert_errno(t->accept(t->userdata, listener, NULL, NULL), EAGAIN);
    peer_handshake(b, &p, PEER_PORT);
    assert_int_equal(t->accept(t->userdata, listener, NULL, NULL), 1003);
    /* O_NONBLOCK is not inherited. */
    assert_int_equal(t->fcntl(t->userdata, 1003, F_GETFL, 0), O_RDWR);
}

static void accept_writes_as_much_of_the_address_as_fits(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int listener = bench_listener(b, 5);
    struct sockaddr_in from;
    socklen_t n = 4;
    struct peer p;

    memset(&from, 0xaa, sizeof from);
    peer_handshake(b, &p, PEER_PORT);
    assert_true(t->accept(t->userdata, listener, (struct sockaddr *)&from, &n) > listener);
    assert_int_equal(n, sizeof from);
    assert_int_equal(ntohs(from.sin_port), PEER_PORT);
    assert_int_equal(from.sin_addr.s_addr, 0xaaaaaaaa);
    /* Too late for the connection: it is closed again. */
    peer_handshake(b, &p, PEER_PORT + 1);
    assert_errno(t->accept(t->userdata, listener, NOWHERE, &n), EFAULT);
    peer_expect(&p, F | A, 0, NULL);
    peer_handshake(b, &p, PEER_PORT + 2);
    assert_errno(t->accept(t->userdata, listener, (struct sockaddr *)&from, NULL), EFAULT);
    peer_expect(&p, F | A, 0, NULL);
    n = (socklen_t)-1;
    peer_handshake(b, &p, PEER_PORT + 3);
    assert_errno(t->accept(t->userdata, listener, (struct sockaddr *)&from, &n), EINVAL);
    peer_expect(&p, F | A, 0, NULL);
}

static void connect_refuses_what_linux_refuses(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in to = bench_addr("192.0.2.1", 80), group = bench_addr("224.0.0.1", 80), odd = to;
    int fd = stream(b);

    odd.sin_family = AF_INET6;
    assert_errno(t->connect(t->userdata, fd, NOWHERE, sizeof to), EFAULT);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, 1), EINVAL);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, 8), EINVAL);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&odd, sizeof odd), EAFNOSUPPORT);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&group, sizeof group), ENETUNREACH);
    assert_errno(t->connect(t->userdata, bench_listener(b, 1), (struct sockaddr *)&to, sizeof to), EISCONN);
    assert_int_equal(t->connect(t->userdata, dgram(b), (struct sockaddr *)&to, sizeof to), 0);
}

static void shutdown_is_for_connections(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    int fd = stream(b);
    char c;

    assert_errno(t->shutdown(t->userdata, fd, SHUT_WR), ENOTCONN);
    assert_errno(t->read(t->userdata, fd, &c, 1), ENOTCONN);
    assert_errno(t->shutdown(t->userdata, fd, SHUT_RD), ENOTCONN);
    assert_int_equal(t->read(t->userdata, fd, &c, 1), 0);
    assert_errno(t->shutdown(t->userdata, stream(b), 3), EINVAL);
    assert_errno(t->shutdown(t->userdata, stream(b), -1), EINVAL);
    peer_open(b, &p);
    assert_int_equal(t->shutdown(t->userdata, p.fd, SHUT_WR), 0);
    peer_expect(&p, F | A, 0, NULL);
    assert_errno(t->write(t->userdata, p.fd, "x", 1), EPIPE);
    assert_int_equal(t->shutdown(t->userdata, p.fd, SHUT_RD), 0);
    assert_int_equal(t->read(t->userdata, p.fd, &c, 1), 0);
}

/* ---- data ---- */

static void stream_that_was_never_connected_neither_reads_nor_writes(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = stream(b), listener = bench_listener(b, 1);
    char c = 0;

    assert_errno(t->read(t->userdata, fd, &c, 1), ENOTCONN);
    assert_errno(t->recv(t->userdata, fd, &c, 1, 0), ENOTCONN);
    assert_errno(t->write(t->userdata, fd, &c, 1), EPIPE);
    assert_errno(t->send(t->userdata, fd, &c, 1, MSG_NOSIGNAL), EPIPE);
    assert_errno(t->read(t->userdata, listener, &c, 1), ENOTCONN);
    assert_errno(t->write(t->userdata, listener, &c, 1), EPIPE);
}

static void reading_nothing_is_eagain_or_zero(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    char c;

    peer_open(b, &p);
    assert_errno(t->recv(t->userdata, p.fd, &c, 1, MSG_DONTWAIT), EAGAIN);
    assert_errno(t->recv(t->userdata, p.fd, &c, 1, MSG_ERRQUEUE), EAGAIN);
    assert_int_equal(t->read(t->userdata, p.fd, &c, 0), 0); /* read(2) does not ask the socket then */
    assert_int_equal(nonblocking(b, p.fd), 0);
    assert_errno(t->read(t->userdata, p.fd, &c, 1), EAGAIN);
    assert_errno(t->recv(t->userdata, p.fd, &c, 0, 0), EAGAIN);
}

static void peek_leaves_and_trunc_throws_away(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    char buf[3000];
    int left = -1;

    peer_open(b, &p);
    peer_send(&p, P | A, 1000);
    peer_send(&p, P | A, 1000);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, 10, MSG_PEEK), 10);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_PEEK), 2000);
    assert_int_equal(t->recv(t->userdata, p.fd, NULL, 500, MSG_TRUNC), 500);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCINQ, &left), 0);
    assert_int_equal(left, 1500);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_WAITALL | MSG_DONTWAIT), 1500);
}

static void pieces_are_gathered_and_scattered(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    char a[3] = "ab", c[10];
    struct iovec iov[] = {{a, 2}, {NULL, 0}, {c, 5}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
    struct segment s;

    peer_open(b, &p);
    memcpy(c, "cdefg", 5);
    assert_int_equal(t->writev(t->userdata, p.fd, iov, 3), 7);
    peer_expect(&p, P | A, 7, &s);
    assert_memory_equal(s.payload, "abcdefg", 7);
    peer_ack(&p);
    assert_int_equal(t->sendmsg(t->userdata, p.fd, &msg, MSG_MORE), 7);
    assert_int_equal(t->send(t->userdata, p.fd, "hij", 3, 0), 3);
    peer_expect(&p, P | A, 10, &s);
    assert_memory_equal(s.payload, "abcdefghij", 10);
    peer_ack(&p);
    peer_send(&p, P | A, 6);
    memset(a, 0, sizeof a);
    memset(c, 0, sizeof c);
    assert_int_equal(t->readv(t->userdata, p.fd, iov, 3), 6);
    assert_string_equal(a, "xx");
    assert_string_equal(c, "xxxx");
    peer_send(&p, P | A, 7);
    msg.msg_flags = -1;
    assert_int_equal(t->recvmsg(t->userdata, p.fd, &msg, 0), 7);
    assert_int_equal(msg.msg_flags, 0);
    assert_int_equal(msg.msg_controllen, 0);
}

static void impossible_pieces_are_refused(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    static struct iovec many[1025];
    char c;
    struct iovec negative = {&c, (size_t)-1};
    struct msghdr msg = {.msg_iov = many, .msg_iovlen = 1025};
    struct peer p;

    peer_open(b, &p);
    assert_errno(t->writev(t->userdata, p.fd, many, 1025), EINVAL);
    assert_errno(t->writev(t->userdata, p.fd, many, -1), EINVAL);
    assert_errno(t->writev(t->userdata, p.fd, &negative, 1), EINVAL);
    assert_errno(t->readv(t->userdata, p.fd, many, 1025), EINVAL);
    assert_errno(t->sendmsg(t->userdata, p.fd, &msg, 0), EMSGSIZE);
    assert_errno(t->recvmsg(t->userdata, p.fd, &msg, 0), EMSGSIZE);
    assert_int_equal(t->writev(t->userdata, p.fd, many, 0), 0);
    assert_int_equal(t->readv(t->userdata, p.fd, many, 0), 0);
}

static void bad_pointers_are_efault(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct iovec bad = {NOWHERE, 10};
    struct msghdr msg = {.msg_iov = &bad, .msg_iovlen = 1}, worse = {.msg_iov = NOWHERE, .msg_iovlen = 1};
    struct epoll_event event = {.events = EPOLLIN};
    struct peer p;
    int value = 1, ep;
    socklen_t n = sizeof value;

    peer_open(b, &p);
    assert_errno(t->write(t->userdata, p.fd, NOWHERE, 10), EFAULT);
    assert_errno(t->write(t->userdata, p.fd, (void *)(uintptr_t)-4096, 10), EFAULT);
    assert_errno(t->writev(t->userdata, p.fd, &bad, 1), EFAULT);
    assert_errno(t->writev(t->userdata, p.fd, NOWHERE, 1), EFAULT);
    assert_errno(t->send(t->userdata, p.fd, NULL, 10, 0), EFAULT);
    assert_errno(t->sendmsg(t->userdata, p.fd, &msg, 0), EFAULT);
    assert_errno(t->sendmsg(t->userdata, p.fd, &worse, 0), EFAULT);
    assert_errno(t->sendmsg(t->userdata, p.fd, NOWHERE, 0), EFAULT);
    peer_send(&p, P | A, 10);
    assert_errno(t->read(t->userdata, p.fd, NOWHERE, 10), EFAULT);
    assert_errno(t->read(t->userdata, p.fd, (void *)"constant", 8), EFAULT);
    assert_errno(t->readv(t->userdata, p.fd, &bad, 1), EFAULT);
    assert_errno(t->recv(t->userdata, p.fd, NULL, 10, 0), EFAULT);
    assert_errno(t->recvmsg(t->userdata, p.fd, &msg, 0), EFAULT);
    assert_errno(t->recvmsg(t->userdata, p.fd, NOWHERE, 0), EFAULT);
    assert_errno(t->getsockopt(t->userdata, p.fd, SOL_SOCKET, SO_TYPE, NOWHERE, &n), EFAULT);
    assert_errno(t->getsockopt(t->userdata, p.fd, SOL_SOCKET, SO_TYPE, &value, NULL), EFAULT);
    assert_errno(t->setsockopt(t->userdata, p.fd, SOL_SOCKET, SO_KEEPALIVE, NOWHERE, 4), EFAULT);
    assert_errno(t->ioctl(t->userdata, p.fd, SIOCINQ, NOWHERE), EFAULT);
    assert_errno(t->ioctl(t->userdata, p.fd, FIONBIO, NOWHERE), EFAULT);
    assert_errno(t->pipe(t->userdata, NOWHERE), EFAULT);
    assert_errno(t->poll(t->userdata, NOWHERE, 1, 0), EFAULT);
    ep = t->epoll_create(t->userdata, 1);
    assert_int_equal(t->epoll_wait(t->userdata, ep, NOWHERE, 1, 0), 0); /* there is nothing to write down */
    assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_ADD, p.fd, NOWHERE), EFAULT);
    assert_int_equal(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_ADD, p.fd, &event), 0);
    assert_errno(t->epoll_wait(t->userdata, ep, NOWHERE, 1, 0), EFAULT);
    assert_int_equal(t->epoll_wait(t->userdata, ep, &event, 1, 0), 1); /* it was not lost */
}

/* A stream has nobody to name: the length becomes zero. */
static void recvfrom_names_no_sender_of_a_stream(void **state)
{
    struct bench *b = *state;
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    struct peer p;
    char c;

    peer_open(b, &p);
    peer_send(&p, P | A, 1);
    assert_int_equal(b->t.recvfrom(b->t.userdata, p.fd, &c, 1, 0, (struct sockaddr *)&from, &n), 1);
    assert_int_equal(n, 0);
}

static void full_send_buffer_is_eagain(void **state)
{
    struct bench *b = *state;
    static char buf[8000000];
    struct peer p;
    ssize_t n;

    peer_open(b, &p);
    assert_int_equal(nonblocking(b, p.fd), 0);
    n = b->t.write(b->t.userdata, p.fd, buf, sizeof buf);
    assert_in_range(n, 1, sizeof buf - 1);
    assert_errno(b->t.write(b->t.userdata, p.fd, buf, sizeof buf), EAGAIN);
}

static void reset_is_told_once_and_then_the_end(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    int error = 0;
    socklen_t n = sizeof error;
    char c;

    peer_open(b, &p);
    peer_send(&p, R | A, 0);
    assert_errno(t->read(t->userdata, p.fd, &c, 1), ECONNRESET);
    assert_int_equal(t->read(t->userdata, p.fd, &c, 1), 0);
    assert_errno(t->write(t->userdata, p.fd, &c, 1), EPIPE);
    assert_int_equal(t->getsockopt(t->userdata, p.fd, SOL_SOCKET, SO_ERROR, &error, &n), 0);
    assert_int_equal(error, 0);
    assert_errno(t->shutdown(t->userdata, p.fd, SHUT_WR), ENOTCONN);
}

/* ---- datagrams ---- */

static void datagrams_come_and_go_with_their_names(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in local = bench_addr("0.0.0.0", 5000), to = bench_addr("192.0.2.1", 6000), from;
    socklen_t n = sizeof from;
    int fd = dgram(b);
    char buf[4];
    uint8_t raw[100];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof from};

    assert_int_equal(t->bind(t->userdata, fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_errno(t->send(t->userdata, fd, "x", 1, 0), EDESTADDRREQ);
    bench_in_udp(b, 6000, 5000, "hello", 5);
    bench_in_udp(b, 6001, 5000, "again", 5);
    assert_int_equal(t->recvfrom(t->userdata, fd, buf, sizeof buf, MSG_TRUNC, (struct sockaddr *)&from, &n), 5);
    assert_int_equal(ntohs(from.sin_port), 6000);
    assert_int_equal(n, sizeof from);
    assert_int_equal(t->recvmsg(t->userdata, fd, &msg, 0), 4);
    assert_int_equal(msg.msg_flags, MSG_TRUNC);
    assert_int_equal(ntohs(from.sin_port), 6001);
    assert_errno(t->recv(t->userdata, fd, buf, sizeof buf, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(t->sendto(t->userdata, fd, "reply", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    assert_int_equal(bench_out_raw(b, raw, sizeof raw), 20 + 8 + 5);
    assert_memory_equal(raw + 28, "reply", 5);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, 0, (struct sockaddr *)&to, 3), EINVAL);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, 0, NOWHERE, sizeof to), EFAULT);
}

/* What a datagram came with, in Linux's order: when, where, how far, with what class. */
static void datagrams_tell_what_they_came_with(void **state)
{
    static const struct {
        int level, option, type, bytes;
    } asked[] = {{SOL_SOCKET, SO_TIMESTAMPNS, SCM_TIMESTAMPNS, sizeof(struct timespec)},
                 {IPPROTO_IP, IP_PKTINFO, IP_PKTINFO, sizeof(struct in_pktinfo)},
                 {IPPROTO_IP, IP_RECVTTL, IP_TTL, sizeof(int)},
                 {IPPROTO_IP, IP_RECVTOS, IP_TOS, 1}};
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in local = bench_addr("0.0.0.0", 5000), to = bench_addr("192.0.2.1", 6000);
    char buf[8], control[256], where[256] = "";
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct msghdr out = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = where, .msg_name = &to,
                         .msg_namelen = sizeof to};
    int fd = dgram(b), on = 1;
    struct cmsghdr *c = (struct cmsghdr *)where;
    struct in_pktinfo info;

    assert_int_equal(t->bind(t->userdata, fd, (struct sockaddr *)&local, sizeof local), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t->setsockopt(t->userdata, fd, asked[i].level, asked[i].option, &on, sizeof on), 0);
    bench_in_udp(b, 6000, 5000, "hello", 5);
    assert_int_equal(t->recvmsg(t->userdata, fd, &msg, 0), 5);
    assert_int_equal(msg.msg_flags, 0);
    c = CMSG_FIRSTHDR(&msg);
    for (size_t i = 0; i < 4; i++, c = CMSG_NXTHDR(&msg, c)) {
        assert_non_null(c);
        assert_int_equal(c->cmsg_level, asked[i].level);
        assert_int_equal(c->cmsg_type, asked[i].type);
        assert_int_equal(c->cmsg_len, CMSG_LEN(asked[i].bytes));
        if (c->cmsg_type == IP_PKTINFO && c->cmsg_level == IPPROTO_IP)
            memcpy(&info, CMSG_DATA(c), sizeof info);
    }
    assert_null(c);
    assert_int_equal(ntohl(info.ipi_addr.s_addr), 0xc0a80001);
    msg.msg_controllen = 20; /* too little for any of them */
    bench_in_udp(b, 6000, 5000, "again", 5);
    assert_int_equal(t->recvmsg(t->userdata, fd, &msg, 0), 5);
    assert_int_equal(msg.msg_flags, MSG_CTRUNC);
    c = (struct cmsghdr *)where; /* and one goes from a source of its own; strangers' are refused */
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(c), &(struct in_pktinfo){.ipi_spec_dst.s_addr = htonl(0xc0a80001)}, sizeof info);
    out.msg_controllen = CMSG_SPACE(sizeof info);
    assert_int_equal(t->sendmsg(t->userdata, fd, &out, 0), 8);
    memcpy(CMSG_DATA(c), &(struct in_pktinfo){.ipi_ifindex = 99}, sizeof info);
    assert_errno(t->sendmsg(t->userdata, fd, &out, 0), ENODEV);
    c->cmsg_len = CMSG_LEN(4);
    assert_errno(t->sendmsg(t->userdata, fd, &out, 0), EINVAL);
}

/* What is not meant, and what is cut or looked over. */
static void oddities_of_datagrams_are_linuxs(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_storage to[2] = {{0}};
    struct sockaddr_in there = bench_addr("192.0.2.1", 6000), nobody = bench_addr("0.0.0.0", 6000);
    char text[] = "abc";
    struct iovec iov = {text, 3}, none = {text, 0};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = to, .msg_namelen = sizeof *to + 1};
    int fd = dgram(b);
    uint8_t raw[100];

    memcpy(to, &there, sizeof there);
    assert_int_equal(t->sendmsg(t->userdata, fd, &msg, 0), 3); /* a name that is too long is cut */
    assert_int_equal(bench_out_raw(b, raw, sizeof raw), 20 + 8 + 3);
    msg.msg_namelen = 0; /* and one of no bytes is none */
    assert_errno(t->sendmsg(t->userdata, fd, &msg, 0), EDESTADDRREQ);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, MSG_OOB, (struct sockaddr *)&there, 3), EOPNOTSUPP);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, MSG_OOB, (struct sockaddr *)&there, sizeof there), EOPNOTSUPP);
    assert_int_equal(t->writev(t->userdata, fd, &none, 1), 0); /* nothing is written: nobody hears of it */
    assert_int_equal(t->readv(t->userdata, fd, &none, 1), 0);
    assert_errno(t->shutdown(t->userdata, fd, SHUT_RD), ENOTCONN); /* and shuts it down all the same */
    assert_errno(t->recv(t->userdata, fd, raw, sizeof raw, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(t->recv(t->userdata, fd, raw, sizeof raw, 0), 0);
    assert_int_equal(t->connect(t->userdata, dgram(b), (struct sockaddr *)&nobody, sizeof nobody), 0);
}

/* ---- Fast Open ---- */

static const uint8_t cookie[12] = {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};

/* The peer answers our SYN with a cookie, and resets the connection afterwards. */
static void give_cookie(struct bench *b, const struct segment *syn)
{
    static struct segment s;

    s = (struct segment){.from = syn->to, .to = syn->from, .seq = PEER_ISN, .ack = syn->seq + 1, .flags = S | A,
                         .window = 65535, .n_options = sizeof cookie};
    memcpy(s.options, cookie, sizeof cookie);
    bench_in(b, &s);
    bench_out(b, &s);
    assert_int_equal(s.flags, A);
    s = (struct segment){.from = syn->to, .to = syn->from, .seq = PEER_ISN + 1, .ack = s.seq, .flags = R | A};
    bench_in(b, &s);
}

static void first_bytes_may_go_with_the_syn(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    int fd = stream(b), one = 1;
    static struct segment s;

    nonblocking(b, fd);
    assert_errno(t->sendto(t->userdata, fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    assert_errno(t->sendto(t->userdata, fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to), EALREADY);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
    assert_int_equal(s.n, 0); /* the server's cookie is not known yet: it is asked for */
    give_cookie(b, &s);
    fd = stream(b);
    nonblocking(b, fd);
    assert_int_equal(t->sendto(t->userdata, fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to), 5);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
    assert_int_equal(s.n, 5);
    /* connect() puts off its SYN until there is something to say. */
    fd = stream(b);
    nonblocking(b, fd);
    assert_int_equal(t->setsockopt(t->userdata, fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one), 0);
    assert_int_equal(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), EISCONN);
    assert_int_equal(t->poll(t->userdata, &(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 0), 1);
    assert_int_equal(t->write(t->userdata, fd, "there", 5), 5);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
    assert_memory_equal(s.payload, "there", 5);
}

/* It gives what became of the first, whatever the address; the bytes go once that went well. */
static void first_bytes_of_an_open_connection_are_a_second_connect(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000), odd = {.sin_family = AF_UNIX}, none = {.sin_family = AF_UNSPEC};
    int fd = stream(b);
    static struct segment s;

    assert_errno(t->send(t->userdata, fd, "x", 1, MSG_FASTOPEN), EINVAL);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&none, 1), EINVAL);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&none, sizeof none), EOPNOTSUPP);
    assert_errno(t->sendto(t->userdata, bench_listener(b, 1), "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to),
                 EISCONN);
    nonblocking(b, fd);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    assert_errno(t->sendto(t->userdata, fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&odd, sizeof odd), EALREADY);
    bench_out(b, &s);
    s = (struct segment){.from = s.to, .to = s.from, .seq = PEER_ISN, .ack = s.seq + 1, .flags = S | A, .window = 65535};
    bench_in(b, &s);
    bench_out(b, &s);
    assert_int_equal(s.flags, A);
    assert_int_equal(t->sendto(t->userdata, fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&odd, sizeof odd), 5);
    bench_out(b, &s);
    assert_int_equal(s.n, 5);
    assert_errno(t->send(t->userdata, fd, "x", 1, MSG_FASTOPEN), EISCONN);
}

/* ---- IPv6 ---- */

static void first_bytes_from_a_listener_are_a_second_connect(void **state)
{
    struct bench *b = *state;
    int fd = bench_listener(b, 1);

    assert_errno(b->t.send(b->t.userdata, fd, "abc", 3, MSG_FASTOPEN), EISCONN);
    assert_errno(b->t.send(b->t.userdata, fd, "abc", 3, 0), EPIPE);
}

/* That its connection was given up is an error which nobody has asked for. */
static void listener_has_nothing_to_read_whatever_it_was_before(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in to = bench_addr("192.0.2.1", PEER_PORT);
    int fd = stream(b);
    char c;

    assert_int_equal(t->fcntl(t->userdata, fd, F_SETFL, O_NONBLOCK), 0);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    assert_int_equal(t->shutdown(t->userdata, fd, SHUT_WR), 0);
    assert_int_equal(t->listen(t->userdata, fd, 1), 0);
    assert_errno(t->read(t->userdata, fd, &c, 1), ENOTCONN);
}

static void ipv6_sockets_take_ipv6_addresses(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in v4 = bench_addr("192.0.2.1", 80);
    struct sockaddr_in6 v6 = bench_addr6("fd3d:fa7b:d17d::1", 8080), mapped = bench_addr6("::ffff:192.168.0.1", 8081),
                        odd = v6;
    int fd = t->socket(t->userdata, AF_INET6, SOCK_STREAM, 0), only = t->socket(t->userdata, AF_INET6, SOCK_STREAM, 0);
    int udp = t->socket(t->userdata, AF_INET6, SOCK_DGRAM, 0), got = 0, one = 1;
    socklen_t n = sizeof got;

    odd.sin6_family = AF_UNIX;
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&v4, sizeof v4), EINVAL);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&v6, 23), EINVAL);
    assert_errno(t->bind(t->userdata, fd, (struct sockaddr *)&odd, sizeof odd), EAFNOSUPPORT);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&v4, sizeof v4), EINVAL);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&odd, sizeof odd), EAFNOSUPPORT);
    assert_int_equal(t->bind(t->userdata, fd, (struct sockaddr *)&v6, 24), 0);
    assert_int_equal(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_DOMAIN, &got, &n), 0);
    assert_int_equal(got, AF_INET6);
    assert_int_equal(t->setsockopt(t->userdata, only, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one), 0);
    assert_errno(t->bind(t->userdata, only, (struct sockaddr *)&mapped, sizeof mapped), EINVAL);
    assert_int_equal(t->connect(t->userdata, udp, (struct sockaddr *)&v4, sizeof v4), 0);
    assert_errno(t->socket(t->userdata, AF_INET6, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT);
    assert_errno(t->socket(t->userdata, AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT);
}

/* ---- options ---- */

static void options_pass_through(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = stream(b), value = 1, got = 0;
    socklen_t n = sizeof got;

    assert_int_equal(t->setsockopt(t->userdata, fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value), 0);
    assert_int_equal(t->getsockopt(t->userdata, fd, IPPROTO_TCP, TCP_NODELAY, &got, &n), 0);
    assert_int_equal(got, 1);
    assert_int_equal(n, sizeof got);
    assert_int_equal(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_DOMAIN, &got, &n), 0);
    assert_int_equal(got, AF_INET);
    assert_int_equal(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_TYPE, &got, &n), 0);
    assert_int_equal(got, SOCK_STREAM);
    n = 1;
    assert_int_equal(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_TYPE, &got, &n), 0);
    assert_int_equal(n, 1);
}

static void impossible_options_are_refused(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = stream(b), value = 1, udp = dgram(b);
    struct timeval odd = {1, 1000000};
    socklen_t n = (socklen_t)-1;

    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, 9999, &value, sizeof value), ENOPROTOOPT);
    assert_errno(t->setsockopt(t->userdata, fd, IPPROTO_TCP, 9999, &value, sizeof value), ENOPROTOOPT);
    assert_errno(t->setsockopt(t->userdata, fd, 9999, 1, &value, sizeof value), ENOPROTOOPT);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_KEEPALIVE, &value, 3), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, IPPROTO_TCP, TCP_NODELAY, &value, 3), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_KEEPALIVE, &value, (socklen_t)-1), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_RCVTIMEO, &odd, sizeof odd), EDOM);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_RCVTIMEO, &odd, 8), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_DOMAIN, &value, sizeof value), ENOPROTOOPT);
    assert_errno(t->getsockopt(t->userdata, fd, SOL_SOCKET, SO_TYPE, &value, &n), EINVAL);
    assert_errno(t->setsockopt(t->userdata, udp, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value), ENOPROTOOPT);
}

/* Options whose values are names and structures of Linux's. */
static void groups_and_devices_can_be_named(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct ip_mreqn group = {.imr_multiaddr.s_addr = htonl(0xef010203), .imr_address.s_addr = htonl(0xc0a80001)};
    int tcp = stream(b), udp = dgram(b);
    char name[16] = "nowhere0";
    socklen_t n = sizeof name;

    assert_errno(t->setsockopt(t->userdata, udp, SOL_SOCKET, SO_BINDTODEVICE, name, 8), ENODEV);
    assert_int_equal(t->getsockopt(t->userdata, udp, SOL_SOCKET, SO_BINDTODEVICE, name, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(t->setsockopt(t->userdata, udp, SOL_SOCKET, SO_BINDTODEVICE, "", 0), 0);
    assert_errno(t->setsockopt(t->userdata, tcp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EPROTO);
    assert_errno(t->setsockopt(t->userdata, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, 4), EINVAL);
    assert_int_equal(t->setsockopt(t->userdata, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
    assert_errno(t->setsockopt(t->userdata, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EADDRINUSE);
    assert_int_equal(t->setsockopt(t->userdata, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), 0);
    assert_errno(t->setsockopt(t->userdata, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), EADDRNOTAVAIL);
}

/* TCP_INQ: what is left comes beside what was read; and one more when there is an end to read. */
static void what_is_left_comes_beside_what_was_read(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    char buf[10], control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *c;
    struct peer p;
    int on = 1, left;

    peer_open(b, &p);
    assert_int_equal(t->setsockopt(t->userdata, p.fd, IPPROTO_TCP, 36, &on, sizeof on), 0);
    peer_send(&p, P | F | A, 17);
    for (int i = 0; i < 2; i++) {
        msg.msg_control = control;
        msg.msg_controllen = sizeof control;
        assert_int_equal(t->recvmsg(t->userdata, p.fd, &msg, 0), i == 0 ? 10 : 7);
        c = CMSG_FIRSTHDR(&msg);
        assert_non_null(c);
        assert_int_equal(c->cmsg_level, IPPROTO_TCP);
        assert_int_equal(c->cmsg_type, 36);
        memcpy(&left, CMSG_DATA(c), sizeof left);
        assert_int_equal(left, i == 0 ? 8 : 1);
    }
    msg.msg_controllen = 4;
    assert_int_equal(t->recvmsg(t->userdata, p.fd, &msg, 0), 0);
    assert_int_equal(msg.msg_flags, MSG_CTRUNC);
}

/* ---- ioctl ---- */

static void queues_can_be_asked_for(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int listener = bench_listener(b, 1), value = -1, fds[2], on = 1;
    struct peer p;

    assert_errno(t->ioctl(t->userdata, listener, SIOCINQ, &value), EINVAL);
    assert_errno(t->ioctl(t->userdata, listener, SIOCOUTQ, &value), EINVAL);
    peer_accept(b, listener, &p);
    peer_send(&p, P | A, 300);
    assert_int_equal(t->ioctl(t->userdata, p.fd, FIONREAD, &value), 0);
    assert_int_equal(value, 300);
    assert_int_equal(t->write(t->userdata, p.fd, "hello", 5), 5);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCOUTQ, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCOUTQNSD, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(t->write(t->userdata, p.fd, "again", 5), 5); /* which waits for the first: Nagle */
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCOUTQNSD, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(t->shutdown(t->userdata, p.fd, SHUT_WR), 0); /* a FIN waits like a byte */
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCOUTQ, &value), 0);
    assert_int_equal(value, 11);
    peer_expect(&p, A, 0, NULL);
    peer_expect(&p, P | A, 5, NULL);
    peer_expect(&p, F | P | A, 5, NULL);
    peer_ack(&p);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCOUTQ, &value), 0);
    assert_int_equal(value, 0);
    assert_errno(t->ioctl(t->userdata, p.fd, 0x1234, &value), ENOTTY);
    assert_int_equal(t->ioctl(t->userdata, p.fd, FIONBIO, &on), 0);
    assert_int_equal(t->fcntl(t->userdata, p.fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_int_equal(t->write(t->userdata, fds[1], "hello", 5), 5);
    assert_int_equal(t->ioctl(t->userdata, fds[0], FIONREAD, &value), 0);
    assert_int_equal(value, 5);
}

/* The urgent byte stands beside the stream; a read stops in front of it. */
static void urgent_mark_can_be_asked_for(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    static struct segment s;
    struct pollfd poll = {.events = POLLPRI};
    struct peer p;
    char buf[20];
    int value = -1;

    peer_open(b, &p);
    s = (struct segment){.from = p.remote, .to = p.local, .seq = p.seq, .ack = p.ack, .flags = P | A | U, .window = 257,
                         .urgent = 6, .n = 10, .payload = "0123456789"};
    bench_in(b, &s);
    poll.fd = p.fd;
    assert_int_equal(t->poll(t->userdata, &poll, 1, 0), 1);
    assert_int_equal(poll.revents, POLLPRI);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCATMARK, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, 0), 5);
    assert_int_equal(t->ioctl(t->userdata, p.fd, SIOCATMARK, &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_OOB), 1);
    assert_int_equal(buf[0], '5');
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, 0), 4);
    assert_int_equal(buf[0], '6');
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(descriptors_begin_at_1000_and_the_lowest_is_next),
        T(number_that_is_no_descriptor_is_ebadf_everywhere),
        T(descriptor_that_is_no_socket_is_enotsock),
        T(second_number_leads_to_the_same),
        T(files_of_the_kernels_may_be_used),
        T(socket_refuses_what_linux_refuses),
        T(socket_flags_are_seen_by_fcntl),
        T(bind_refuses_what_linux_refuses),
        T(listen_is_for_streams_that_are_not_connected),
        T(accept_is_for_listeners),
        T(accept_writes_as_much_of_the_address_as_fits),
        T(connect_refuses_what_linux_refuses),
        T(shutdown_is_for_connections),
        T(stream_that_was_never_connected_neither_reads_nor_writes),
        T(reading_nothing_is_eagain_or_zero),
        T(peek_leaves_and_trunc_throws_away),
        T(pieces_are_gathered_and_scattered),
        T(impossible_pieces_are_refused),
        T(bad_pointers_are_efault),
        T(recvfrom_names_no_sender_of_a_stream),
        T(full_send_buffer_is_eagain),
        T(reset_is_told_once_and_then_the_end),
        T(datagrams_come_and_go_with_their_names),
        T(datagrams_tell_what_they_came_with),
        T(oddities_of_datagrams_are_linuxs),
        T(first_bytes_may_go_with_the_syn),
        T(first_bytes_of_an_open_connection_are_a_second_connect),
        T(first_bytes_from_a_listener_are_a_second_connect),
        T(listener_has_nothing_to_read_whatever_it_was_before),
        cmocka_unit_test_setup_teardown(ipv6_sockets_take_ipv6_addresses, setup_both, teardown),
        T(options_pass_through),
        T(impossible_options_are_refused),
        T(groups_and_devices_can_be_named),
        T(what_is_left_comes_beside_what_was_read),
        T(queues_can_be_asked_for),
        T(urgent_mark_can_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
